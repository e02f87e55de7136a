"""The compact sparse Merkle map: roots, proofs of presence and of absence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from privshare.errors import EncodingError, InclusionInvalid
from privshare.ledger.state_map import EMPTY, MapProof, StateMap, verify_map
from privshare.wire import domain
from privshare.wire.canonical import encode
from privshare.wire.digest import sha256, tagged


def filled(count: int) -> StateMap:
    """A map of `count` keys."""
    state = StateMap()
    for i in range(count):
        state.put(f"k/{i}", {"i": i})
    return state


def test_an_empty_map_has_the_empty_root() -> None:
    """Nothing held is 32 zero bytes."""
    assert StateMap().root() == EMPTY


def test_one_key_is_its_leaf() -> None:
    """A map of one key has that leaf as its root, as the module's equations say."""
    path = tagged(domain.STATE_KEY, b"k/0")
    leaf = tagged(domain.STATE_LEAF, path, sha256(encode({"i": 0})))
    assert filled(1).root() == leaf


def test_a_value_read_is_a_copy() -> None:
    """Changing what `get` returned does not change the map."""
    state = filled(1)
    value = state.get("k/0")
    assert value is not None
    value["i"] = 9
    assert state.get("k/0") == {"i": 0}


def test_a_snapshot_stays_as_it_was() -> None:
    """Writes after a snapshot show neither in its values, its keys nor its root."""
    state = filled(20)
    snapshot, root = state.snapshot(), state.root()
    state.put("k/3", {"i": 33})
    state.put("k/new", {"i": 1})
    assert snapshot.get("k/3") == {"i": 3}
    assert snapshot.get("k/new") is None
    assert len(list(snapshot.items("k/"))) == 20
    assert snapshot.root() == root != state.root()


def test_items_come_in_the_order_of_first_writing() -> None:
    """Writing a key again does not move it, and only its prefix is listed."""
    state = StateMap()
    for key in ("b/2", "b/1", "a/1", "b/2"):
        state.put(key, {"key": key})
    assert [key for key, _ in state.items("b/")] == ["b/2", "b/1"]
    assert [key for key, _ in state.items("b/1")] == ["b/1"]
    snapshot = state.snapshot()
    assert [key for key, _ in snapshot.items("b/", newest_first=True)] == ["b/1", "b/2"]
    behind = snapshot.items("b/", newest_first=True, after="b/1")
    assert [key for key, _ in behind] == ["b/2"]
    assert not list(snapshot.items("b/", after="b/1"))
    assert not list(snapshot.items("b/", after="b/3"))


def test_loading_gives_the_same_map() -> None:
    """A map built from its rows has the same root, order and proofs."""
    state = filled(50)
    rows = [(key, encode(value)) for key, value in state.items("k/")]
    again = StateMap.load(rows)
    assert again.root() == state.root()
    assert list(again.items("k/")) == list(state.items("k/"))
    assert again.prove("k/7") == state.prove("k/7")


def test_changes_are_handed_over_once() -> None:
    """`take_changes` gives what was written since the last call, newest value."""
    state = filled(2)
    state.take_changes()
    state.put("k/1", {"i": 5})
    state.put("k/1", {"i": 6})
    assert state.take_changes() == {"k/1": b'{"i":6}'}
    assert state.take_changes() == {}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 40])
def test_presence_and_absence_are_provable(count: int) -> None:
    """Every key held is proven with its value, and others with none."""
    state = filled(count)
    for i in range(count):
        verify_map(state.root(), f"k/{i}", {"i": i}, state.prove(f"k/{i}"))
    for i in range(20):
        verify_map(state.root(), f"absent/{i}", None, state.prove(f"absent/{i}"))


def test_a_proof_holds_for_its_own_claim_only() -> None:
    """Another value, another key, absence instead of presence: all refused."""
    state = filled(30)
    root, proof = state.root(), state.prove("k/4")
    absent = state.prove("absent")
    for key, value, shown in (
        ("k/4", {"i": 5}, proof),
        ("k/5", {"i": 5}, proof),
        ("k/4", None, proof),
        ("k/4", None, absent),
        ("absent", {"i": 4}, absent),
        ("absent", {"i": 4}, replace(absent, other_leaf=None)),
    ):
        with pytest.raises(InclusionInvalid):
            verify_map(root, key, value, shown)


def test_every_element_of_a_proof_counts() -> None:
    """A flipped bit, a sibling more or less, another leaf: all refused."""
    state = filled(30)
    root = state.root()
    for key, value in (("k/4", {"i": 4}), ("absent", None), ("other", None)):
        proof = state.prove(key)
        changed = [
            replace(proof, siblings=(*proof.siblings, EMPTY)),
            replace(proof, siblings=(*proof.siblings, sha256(b"x"))),
            replace(proof, siblings=proof.siblings[:-1]),
            replace(proof, siblings=proof.siblings[::-1]),
            replace(proof, siblings=(*proof.siblings[:-1], b"short")),
        ]
        for i, sibling in enumerate(proof.siblings):
            flipped = bytes([sibling[0] ^ 1]) + sibling[1:]
            siblings = (*proof.siblings[:i], flipped, *proof.siblings[i + 1 :])
            changed.append(replace(proof, siblings=siblings))
        if proof.other_leaf is not None:
            path, digest = proof.other_leaf
            changed += [
                replace(proof, other_leaf=None),
                replace(proof, other_leaf=(digest, path)),
                replace(proof, other_leaf=(path, bytes(32))),
                replace(proof, other_leaf=(path[:-1], digest)),
            ]
        for bad in changed:
            with pytest.raises(InclusionInvalid):
                verify_map(root, key, value, bad)


def test_absence_cannot_be_shown_by_the_key_itself() -> None:
    """The leaf of the key is no other leaf, even with an honest path."""
    state = filled(2)
    proof = state.prove("k/1")
    path = tagged(domain.STATE_KEY, b"k/1")
    forged = replace(proof, other_leaf=(path, sha256(encode({"i": 1}))))
    with pytest.raises(InclusionInvalid):
        verify_map(state.root(), "k/1", None, forged)


def test_a_leaf_under_a_branch_of_its_own_is_refused() -> None:
    """A padded tree (a lone leaf below a branch) is not of the compact form."""
    path = tagged(domain.STATE_KEY, b"k")
    leaf = tagged(domain.STATE_LEAF, path, sha256(encode({})))
    pair = (EMPTY, leaf) if path[0] >> 7 else (leaf, EMPTY)
    padded = tagged(domain.STATE_NODE, *pair)
    with pytest.raises(InclusionInvalid, match="compact"):
        verify_map(padded, "k", {}, MapProof((EMPTY,)))


def test_a_proof_survives_its_json() -> None:
    """Both kinds of proof come back from their JSON as they were."""
    state = filled(30)
    kinds = {state.prove(f"absent/{i}").other_leaf is None for i in range(40)}
    assert kinds == {True, False}
    for key in ("k/1", *(f"absent/{i}" for i in range(40))):
        proof = state.prove(key)
        assert MapProof.from_json(proof.to_json()) == proof


@pytest.mark.parametrize(
    "obj",
    [
        {},
        {"other": None, "siblings": ["AA"]},
        {"other": None, "siblings": [1]},
        {"other": {}, "siblings": []},
        {"other": None, "siblings": [], "more": 1},
        {"other": None, "siblings": ["A" * 43] * 257},
    ],
)
def test_a_malformed_proof_is_refused(obj: object) -> None:
    """Missing, foreign or surplus fields are encoding errors."""
    with pytest.raises(EncodingError):
        MapProof.from_json(obj)  # type: ignore[arg-type]
