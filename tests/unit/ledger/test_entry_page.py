"""The page docs/formats/entry.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from ledger_kit import Bench, genesis

from privshare.ledger import transaction
from privshare.ledger.block import BlockEntry
from privshare.ledger.enrolment import ALGORITHMS
from privshare.ledger.genesis import Genesis
from privshare.ledger.rules import RULES
from privshare.ledger.state_map import StateMap
from privshare.wire.canonical import b64u

PAGE = (Path(__file__).parents[3] / "docs/formats/entry.md").read_text()


def test_the_example_is_of_the_format() -> None:
    """Genesis, block entry and transaction of the page are read by our readers."""
    lines = re.findall(r"^\{.*\}$", PAGE, re.MULTILINE)
    first, block, tx, payload = (line.encode() for line in lines)
    assert Genesis.decode(first) == genesis()
    assert Bench().blocks[0] == [first, block]
    assert BlockEntry.decode(block).params == genesis().params.digest
    parsed = transaction.parse(tx)
    assert parsed.envelope.payload == payload
    assert f"`{parsed.id}`" in PAGE


def test_the_vector_of_the_map_holds() -> None:
    """The root that the page gives is the root of the map it describes."""
    state = StateMap()
    state.put("a", {})
    state.put("b", {"n": 1})
    assert f"`{b64u(state.root())}`" in PAGE


def test_every_kind_and_key_is_described() -> None:
    """Each kind has a row, and so has each family of state keys."""
    for kind in RULES:
        assert f"| `{kind}` |" in PAGE
    for use in ALGORITHMS:
        assert f"`{use}`" in PAGE
    for family in (
        *("agency", "key", "dataset", "grant", "use", "job", "erased"),
        *("ring", "ring-page", "statement", "tag", "opening"),
        *("attested", "code", "appraisal", "survey"),
        *("account", "mock", "submission"),
    ):
        assert f"| `{family}/" in PAGE
    assert "| `threshold` |" in PAGE and "| `threshold/<epoch>` |" in PAGE
