"""Keys of either kind under one name: by length, by suite, refused otherwise."""

from __future__ import annotations

import pytest

from privshare.errors import EncodingError, VerificationError
from privshare.schemes import recipient
from privshare.schemes.hybrid_sealing import HybridKey
from privshare.schemes.recipient import (
    LENGTHS,
    MAX_OVERHEAD,
    Opener,
    Recipient,
    new_key,
    recipient_of,
    suite_of,
)
from privshare.schemes.sealing import SealKey

KEYS: list[Opener] = [SealKey(bytes(31) + b"k"), HybridKey(bytes(31) + b"k")]


@pytest.mark.parametrize("key", KEYS, ids=["x25519", "hybrid"])
def test_the_bytes_of_a_key_tell_its_suite(key: Opener) -> None:
    """What is sealed to the bytes alone opens with the key, and with no other."""
    known = recipient_of(key)
    found = Recipient.of_bytes(known.raw)
    assert found == known
    assert suite_of(known.raw) == known.suite
    sealed = found.seal(b"share", b"info", b"aad")
    assert len(sealed) == len(b"share") + found.overhead <= 5 + MAX_OVERHEAD
    assert key.open(sealed, b"info", b"aad") == b"share"
    for other in KEYS:
        if other is not key:
            with pytest.raises(VerificationError):
                other.open(sealed, b"info", b"aad")


@pytest.mark.parametrize("length", [0, 31, 33, 64, 1184, 1215, 1217])
def test_bytes_of_another_length_are_no_key(length: int) -> None:
    """The error says which lengths there are."""
    with pytest.raises(EncodingError, match="1216 or 32 bytes"):
        Recipient.of_bytes(bytes(length))


def test_no_two_suites_share_a_length() -> None:
    """Else a length would not tell the suite."""
    assert len(set(LENGTHS.values())) == len(LENGTHS)


def test_a_new_key_is_hybrid_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """And an X25519 key where the installed package has no ML-KEM."""
    assert recipient_of(new_key()).suite == "mlkem768-x25519"
    monkeypatch.setattr(recipient.hybrid_sealing, "available", lambda: False)
    assert recipient_of(new_key()).suite == "x25519"
