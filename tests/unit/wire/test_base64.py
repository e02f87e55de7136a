"""Bytes as text: one spelling each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from privshare.errors import EncodingError
from privshare.wire.base64 import b64, b64u, unb64, unb64u


@pytest.mark.parametrize(
    ("data", "standard", "url"),
    [
        (b"", "", ""),
        (b"f", "Zg==", "Zg"),
        (b"fo", "Zm8=", "Zm8"),
        (b"foo", "Zm9v", "Zm9v"),
        (b"foobar", "Zm9vYmFy", "Zm9vYmFy"),
        (b"\xfb\xff\xfe", "+//+", "-__-"),
        (b"\xff", "/w==", "_w"),
    ],
)
def test_rfc_4648_examples(data: bytes, standard: str, url: str) -> None:
    """The test vectors of RFC 4648 section 10, and the letters that differ."""
    assert (standard, url) == (b64(data), b64u(data))
    assert data == unb64(standard) == unb64u(url)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (unb64, "Zg"),
        (unb64, "Zg="),
        (unb64, "Zg==="),
        (unb64, "Zh=="),
        (unb64, "Zm9="),
        (unb64, " Zg=="),
        (unb64, "Zg==\n"),
        (unb64, "Z g=="),
        (unb64, "-_8="),
        (unb64, "Zg==Zg=="),
        (unb64, "é"),
        (unb64, "="),
        (unb64u, "Zg=="),
        (unb64u, "Zh"),
        (unb64u, "Zm9"),
        (unb64u, "Z"),
        (unb64u, "Zm9vY"),
        (unb64u, "+/8"),
        (unb64u, "Zg\n"),
        (unb64u, "Zg\x00"),
        (unb64u, "é"),
        (unb64u, "\ud800"),
    ],
)
def test_other_spellings_are_refused(read: Callable[[str], bytes], text: str) -> None:
    """Padding, whitespace, alphabets and stray bits are all fixed."""
    with pytest.raises(EncodingError):
        read(text)


@pytest.mark.parametrize("read", [unb64, unb64u])
def test_a_length_may_be_asked_for(read: Callable[[str, int], bytes]) -> None:
    """Bytes of another length than expected are refused."""
    assert read("Zm9v", 3) == b"foo"
    with pytest.raises(EncodingError, match="expected 4 bytes in base64, found 3"):
        read("Zm9v", 4)
