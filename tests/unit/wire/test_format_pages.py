"""The examples in docs/formats/envelope.md hold."""

from __future__ import annotations

import re
from pathlib import Path

from privshare.schemes.keys import SigningKey, unprotect, verify_envelope
from privshare.wire import domain, envelope
from privshare.wire.envelope import media_type

PAGE = Path(__file__).parents[3] / "docs/formats/envelope.md"
SEED = bytes(range(32))


def examples() -> list[bytes]:
    page = PAGE.read_text(encoding="utf-8")
    return [block.encode() for block in re.findall(r"```json\n(.*)\n```", page)]


def test_the_envelope_verifies() -> None:
    """Under the key of the seed that the page gives."""
    found = envelope.decode(examples()[0])
    key = SigningKey.from_seed(SEED).verify_key
    payload = verify_envelope(found, {key.kid: key}.__getitem__)
    assert payload == b'{"greeting":"hello","v":1}'
    assert found.payload_type == media_type("example")


def test_the_key_file_opens() -> None:
    """With the passphrase that the page gives."""
    assert unprotect(examples()[1], "correct horse battery staple") == SEED


def test_the_page_s_tags_are_in_the_table() -> None:
    """Each tag that the page spells out exists."""
    named = set(re.findall(r"`(privshare/v1/[a-z-]+)`", PAGE.read_text("utf-8")))
    assert named <= {tag.decode() for tag in domain.TAGS.values()}
    assert len(named) == 3
