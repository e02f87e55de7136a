"""Merkle trees: the RFC's definition, vectors, laws, and all that is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privshare.bindings import merkle
from privshare.errors import (
    ConsistencyInvalid,
    EncodingError,
    InclusionInvalid,
    OutOfRange,
    PrivShareError,
)

HASH = bytes(range(32))
SIZES = st.integers(1, 70)


def hashes(count: int) -> bytes:
    return hashlib.shake_128(b"leaves").digest(32 * count)


def reference_root(leaves: list[bytes]) -> bytes:
    """MTH as RFC 9162, section 2.1.1, writes it, from leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    left, right = reference_root(leaves[:k]), reference_root(leaves[k:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def cut(leaves: bytes) -> list[bytes]:
    return [leaves[i : i + 32] for i in range(0, len(leaves), 32)]


def test_own_vectors(vector_json: Callable[[str], Any]) -> None:
    """Roots, audit paths and consistency proofs are the ones on file."""
    for tree in vector_json("own-merkle/trees.json"):
        leaves = merkle.leaf_hashes([bytes.fromhex(leaf) for leaf in tree["leaves"]])
        root = bytes.fromhex(tree["root"])
        assert root == merkle.root(leaves)
        for case in tree["inclusion"]:
            proof = [bytes.fromhex(item) for item in case["proof"]]
            assert proof == merkle.inclusion_proof(leaves, case["i"])
            leaf = cut(leaves)[case["i"]]
            merkle.verify_inclusion(leaf, case["i"], tree["size"], proof, root)
        for case in tree["consistency"]:
            proof = [bytes.fromhex(item) for item in case["proof"]]
            old = bytes.fromhex(case["root"])
            assert proof == merkle.consistency_proof(leaves, case["from"])
            merkle.verify_consistency(case["from"], old, tree["size"], root, proof)


def test_node_is_no_leaf(vector_json: Callable[[str], Any]) -> None:
    """The two children of a node, offered as a leaf, do not verify."""
    for tree in vector_json("own-merkle/trees.json"):
        if "node_as_leaf" in tree:
            forged = merkle.leaf_hash(bytes.fromhex(tree["node_as_leaf"]["leaf"]))
            for case in tree["inclusion"]:
                proof = [bytes.fromhex(item) for item in case["proof"]]
                for path in (proof, proof[1:]):
                    with pytest.raises(InclusionInvalid):
                        merkle.verify_inclusion(
                            forged,
                            case["i"],
                            tree["size"],
                            path,
                            bytes.fromhex(tree["root"]),
                        )


def third_party(vectors: Path, kind: str) -> list[dict[str, Any]]:
    files = sorted((vectors / "merkle" / kind).rglob("*.json"))
    if not files:
        pytest.skip(f"no test vectors merkle/{kind}")
    return [json.loads(file.read_bytes()) for file in files]


def unbase64(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def refuses(check: Callable[..., None], *arguments: object) -> bool:
    """Whether a check raises one of our errors, and nothing else."""
    try:
        check(*arguments)
    except PrivShareError:
        return True
    return False


def test_inclusion_of_third_parties(vectors: Path) -> None:
    """transparency-dev's inclusion cases come out as their file says."""
    for case in third_party(vectors, "inclusion"):
        refused = refuses(
            merkle.verify_inclusion,
            unbase64(case["leafHash"]),
            case["leafIdx"],
            case["treeSize"],
            [unbase64(item) for item in case["proof"] or []],
            unbase64(case["root"]),
        )
        assert case["wantErr"] == refused, case["desc"]


def test_consistency_of_third_parties(vectors: Path) -> None:
    """transparency-dev's consistency cases come out as their file says."""
    for case in third_party(vectors, "consistency"):
        refused = refuses(
            merkle.verify_consistency,
            case["size1"],
            unbase64(case["root1"]),
            case["size2"],
            unbase64(case["root2"]),
            [unbase64(item) for item in case["proof"] or []],
        )
        assert (case["wantErr"] or case["size1"] == 0) == refused, case["desc"]


def test_prefixes() -> None:
    """Leaves and nodes carry the RFC's prefixes; the empty tree has its root."""
    assert hashlib.sha256(b"").digest() == merkle.EMPTY_ROOT == merkle.root(b"")
    assert hashlib.sha256(b"\x00leaf").digest() == merkle.leaf_hash(b"leaf")
    assert hashlib.sha256(b"\x01" + HASH + HASH).digest() == merkle.node_hash(
        HASH, HASH
    )


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_leaf_hashes_are_leaf_hash(items: list[bytes]) -> None:
    """Hashing many leaves at once is hashing each."""
    assert b"".join(map(merkle.leaf_hash, items)) == merkle.leaf_hashes(items)


@given(SIZES)
def test_root_is_the_definition(count: int) -> None:
    """The root is MTH, whether leaves come joined or listed."""
    leaves = hashes(count)
    assert reference_root(cut(leaves)) == merkle.root(leaves)
    assert merkle.root(leaves) == merkle.root(cut(leaves))


@given(st.lists(st.integers(0, 20), max_size=6))
def test_compact_range_grows_in_any_steps(steps: list[int]) -> None:
    """A range that grows in any steps has the root of the whole tree."""
    leaves = hashes(sum(steps))
    tree, at = merkle.CompactRange(), 0
    for step in steps:
        tree = tree.append_leaf_hashes(leaves[32 * at : 32 * (at + step)])
        at += step
        assert at == tree.size
        assert merkle.root(leaves[: 32 * at]) == tree.root()
    again = merkle.CompactRange(tree.size, list(tree.hashes))
    assert tree == again


def test_compact_range_is_frozen() -> None:
    """Appending gives a new range and leaves the old one as it was."""
    tree = merkle.CompactRange()
    larger = tree.append_leaf_hashes([HASH])
    assert (tree.size, larger.size) == (0, 1)
    assert tree.root() == merkle.EMPTY_ROOT
    with pytest.raises(AttributeError):
        tree.size = 5  # type: ignore[misc]


def test_compact_range_refuses_what_cannot_be() -> None:
    """The number and the length of the hashes must fit the size."""
    with pytest.raises(EncodingError):
        merkle.CompactRange(3, [HASH])
    with pytest.raises(EncodingError):
        merkle.CompactRange(1, [HASH[:31]])
    with pytest.raises(OutOfRange):
        merkle.CompactRange(-1, [])
    with pytest.raises(OutOfRange):
        merkle.CompactRange(2**63, [HASH])
    full = merkle.CompactRange(2**63 - 1, [HASH] * 63)
    with pytest.raises(OutOfRange):
        full.append_leaf_hashes([HASH])


@given(SIZES, st.data())
def test_inclusion_proofs_verify(count: int, data: st.DataObject) -> None:
    """A generated path verifies; moved, cut, lengthened or flipped it does not."""
    leaves = hashes(count)
    index = data.draw(st.integers(0, count - 1))
    root, leaf = merkle.root(leaves), cut(leaves)[index]
    proof = merkle.inclusion_proof(leaves, index)
    merkle.verify_inclusion(leaf, index, count, proof, root)
    assert root == merkle.root_from_inclusion(leaf, index, count, proof)

    other = data.draw(st.integers(0, count + 3).filter(lambda i: i != index))
    spoiled = [
        (leaf, other, count, proof),
        (merkle.leaf_hash(leaf), index, count, proof),
        (leaf, index, count, [*proof, HASH]),
    ]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        spoiled.append((leaf, index, count, proof[:-1]))
        spoiled.append((leaf, index, count, [*proof[:at], flipped, *proof[at + 1 :]]))
    for arguments in spoiled:
        with pytest.raises(InclusionInvalid):
            merkle.verify_inclusion(*arguments, root)


@given(SIZES, st.data())
def test_consistency_proofs_verify(count: int, data: st.DataObject) -> None:
    """A generated proof verifies for its two sizes and no other pair."""
    leaves = hashes(count)
    old = data.draw(st.integers(1, count))
    proof = merkle.consistency_proof(leaves, old)
    old_root, root = merkle.root(leaves[: 32 * old]), merkle.root(leaves)
    merkle.verify_consistency(old, old_root, count, root, proof)

    with pytest.raises(ConsistencyInvalid):
        merkle.verify_consistency(old, old_root, count, root, [*proof, HASH])
    with pytest.raises(ConsistencyInvalid):
        merkle.verify_consistency(old, HASH, count, root, proof)
    with pytest.raises(ConsistencyInvalid):
        merkle.verify_consistency(old, old_root, count, HASH, proof)
    with pytest.raises(ConsistencyInvalid):
        merkle.verify_consistency(count + 1, old_root, count, root, proof)


def test_consistency_from_nothing_is_out_of_range() -> None:
    """Every tree extends the empty one, so that question is refused."""
    with pytest.raises(OutOfRange):
        merkle.verify_consistency(0, merkle.EMPTY_ROOT, 5, HASH, [])
    for sizes in ((-1, 5), (1, 2**63), (2**64, 2**64)):
        with pytest.raises(OutOfRange):
            merkle.verify_consistency(sizes[0], HASH, sizes[1], HASH, [])


@pytest.mark.parametrize(
    ("index", "size"), [(0, 0), (5, 5), (-1, 5), (0, -1), (0, 2**63), (2**64, 2**65)]
)
def test_inclusion_outside_the_tree(index: int, size: int) -> None:
    """A leaf outside the tree is not in it, whatever the numbers."""
    with pytest.raises(InclusionInvalid):
        merkle.verify_inclusion(HASH, index, size, [], HASH)


def test_lengths_are_checked() -> None:
    """A hash that is not 32 bytes long is malformed, not untrue."""
    short = HASH[:31]
    for call in (
        lambda: merkle.node_hash(short, HASH),
        lambda: merkle.node_hash(HASH, short),
        lambda: merkle.root(short),
        lambda: merkle.root([HASH, short]),
        lambda: merkle.verify_inclusion(short, 0, 1, [], HASH),
        lambda: merkle.verify_inclusion(HASH, 0, 1, [], short),
        lambda: merkle.verify_inclusion(HASH, 0, 2, [short], HASH),
        lambda: merkle.verify_consistency(1, short, 2, HASH, [HASH]),
        lambda: merkle.verify_consistency(1, HASH, 2, short, [HASH]),
        lambda: merkle.verify_consistency(1, HASH, 2, HASH, [short]),
    ):
        with pytest.raises(EncodingError):
            call()


def test_proofs_of_nothing() -> None:
    """There is no proof for a leaf or an older tree that does not exist."""
    leaves = hashes(4)
    for index in (-1, 4):
        with pytest.raises(OutOfRange):
            merkle.inclusion_proof(leaves, index)
    for old in (0, 5, -1):
        with pytest.raises(OutOfRange):
            merkle.consistency_proof(leaves, old)
