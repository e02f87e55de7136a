"""What a member is shown before she signs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from privshare.cli.ring import app
from privshare.errors import EncodingError, VerificationError
from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_key import RingKey
from privshare.sdk import ring
from privshare.sdk.document import Document
from privshare.sdk.ring import Members
from privshare.wire.canonical import Json, b64u

KEYS = [RingKey.from_bytes(bytes([n]) + bytes(31)).public for n in range(2, 10)]


def shown(monkeypatch: pytest.MonkeyPatch, regulators: Regulators | None) -> str:
    """What `ring show` says of a ring with these regulators."""
    members = Members("test", "housing/officials", 1, Ring.of(KEYS[:4]), regulators)
    monkeypatch.setattr(ring, "find", lambda *_: members)
    monkeypatch.setattr("privshare.cli.ring.profile_of", lambda _: None)
    found = CliRunner().invoke(app, ["show", "housing/officials", "--json"])
    assert found.exit_code == 0, found.output
    return str(json.loads(found.output).get("regulators"))


def test_other_regulators_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that shows keys of its own as the regulators' would learn who signs:
    the members' digest says nothing of them."""
    true, false = Regulators(2, KEYS[4:6]), Regulators(2, KEYS[6:8])
    digests = {shown(monkeypatch, one) for one in (true, false, None)}
    assert len(digests) == 3


@pytest.mark.parametrize("scope", ["", " misuse", "misuse\n", "é", "x" * 129])
def test_nothing_is_signed_that_no_node_takes(scope: str) -> None:
    """A scope of another form is refused before it is signed."""
    members = Members("test", "housing/officials", 1, Ring.of(KEYS[:4]), None)
    key = RingKey.from_bytes(bytes([2]) + bytes(31))
    assert ring.sign(b"said", "misuse", ring=members, key=key)
    with pytest.raises(EncodingError, match="scope"):
        ring.sign(b"said", scope, ring=members, key=key)


def test_another_ring_is_not_taken_for_the_one_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A smaller one, say, in which its owner knows everybody but her."""
    other = Ring.of(KEYS[:2])
    shown: dict[str, Json] = {
        "digest": b64u(other.digest),
        "epoch": 1,
        "keys": [b64u(key) for key in other.keys],
        "network": "test",
        "regulators": None,
        "ring": "tax/trap",
    }
    monkeypatch.setattr(ring, "nameless", lambda *_: Document(shown, "ring"))
    assert ring.find("tax/trap", "http://127.0.0.1:1").name == "tax/trap"
    with pytest.raises(VerificationError, match="found tax/trap"):
        ring.find("housing/officials", "http://127.0.0.1:1")

    saved = tmp_path / "trap.ring"
    saved.write_bytes(
        ring.save_members(Members("test", "tax/trap", 1, Ring.of(KEYS[:2]), None))
    )
    key = tmp_path / "me.key"
    ring.new_key(key, "a passphrase")
    text = tmp_path / "text"
    text.write_text("a passphrase")
    found = CliRunner().invoke(
        app,
        f"sign {text} --ring housing/officials --scope x --key {key} "
        f"--members {saved} --passphrase-file {text}",
    )
    assert isinstance(found.exception, VerificationError), found.exception
