"""Tagged digests against the formula, computed with another SHA-256."""

from __future__ import annotations

import hashlib

import pytest

from privshare.errors import EncodingError
from privshare.wire import domain
from privshare.wire.canonical import encode
from privshare.wire.digest import (
    digest_json,
    digest_text,
    parse_digest,
    sha256,
    tagged,
)


def test_a_tagged_digest_is_its_formula() -> None:
    """Tag length, tag, then each part after its length, big-endian."""
    message = (
        bytes([len(domain.CELL)])
        + domain.CELL
        + (3).to_bytes(8, "big")
        + b"abc"
        + bytes(8)
    )
    expected = hashlib.sha256(message).digest()
    assert expected == tagged(domain.CELL, b"abc", b"")
    assert hashlib.sha256(b"abc").digest() == sha256(b"abc")


def test_parts_and_tags_do_not_run_together() -> None:
    """Moving a byte over any border gives another digest."""
    digests = {
        tagged(b"t"),
        tagged(b"t", b""),
        tagged(b"t", b"", b""),
        tagged(b"t", b"ab"),
        tagged(b"t", b"a", b"b"),
        tagged(b"ta", b"b"),
        tagged(b"", b"t"),
    }
    assert len(digests) == 7


def test_json_is_hashed_in_its_canonical_form() -> None:
    """The order in which a dict was filled does not matter."""
    assert tagged(domain.TERMS, b'{"a":2,"b":1}') == digest_json(
        domain.TERMS, {"b": 1, "a": 2}
    )


def test_the_text_form_has_43_characters() -> None:
    """Digest and text are one to one."""
    digest = tagged(domain.ROW)
    assert len(digest_text(digest)) == 43
    assert parse_digest(digest_text(digest)) == digest
    with pytest.raises(EncodingError):
        parse_digest(digest_text(digest)[:-1])
    with pytest.raises(EncodingError):
        parse_digest(digest_text(digest) + "A")


def test_tags_are_distinct_printable_and_short() -> None:
    """The table holds each tag once, under one prefix."""
    assert len(set(domain.TAGS.values())) == len(domain.TAGS) > 20
    for tag in domain.TAGS.values():
        assert tag.startswith(b"privshare/v1/")
        assert len(tag) < 64
        assert tag.decode("ascii").isprintable()
    assert encode(sorted(domain.TAGS))[:2] == b'["'
