"""What a member is shown before she signs."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from privshare.cli.ring import app
from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_key import RingKey
from privshare.sdk import ring
from privshare.sdk.ring import Members

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
