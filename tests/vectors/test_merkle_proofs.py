"""RFC 9162 proofs, good and bad, through the names of `log.merkle`.

Source: transparency-dev's inclusion and consistency cases, and small trees
made for this project; provenance is beside the data.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from privshare.errors import PrivShareError
from privshare.log import merkle


def cases(vectors: Path, kind: str) -> list[tuple[str, dict[str, Any]]]:
    files = sorted((vectors / "merkle" / kind).rglob("*.json"))
    if not files:
        pytest.skip(f"no test vectors merkle/{kind}")
    return [(str(file), json.loads(file.read_bytes())) for file in files]


def unbase64(values: list[str] | None) -> list[bytes]:
    return [base64.b64decode(value) for value in values or []]


def accepted(verify: Callable[..., None], *arguments: object) -> bool:
    """Whether a check passes; only PrivShare's own errors count as refusal."""
    try:
        verify(*arguments)
    except PrivShareError:
        return False
    return True


def test_inclusion(vectors: Path) -> None:
    """Happy paths verify; every altered index, size, root, leaf or path is refused."""
    for name, case in cases(vectors, "inclusion"):
        root, leaf = unbase64([case["root"], case["leafHash"]])
        proof = unbase64(case["proof"])
        arguments = (leaf, case["leafIdx"], case["treeSize"], proof, root)
        assert accepted(merkle.verify_inclusion, *arguments) != case["wantErr"], name


def test_consistency(vectors: Path) -> None:
    """Happy paths verify; every altered size, root or node is refused.

    An old size of 0 is refused too: the witness handles it before it asks.
    """
    for name, case in cases(vectors, "consistency"):
        root1, root2 = unbase64([case["root1"], case["root2"]])
        proof = unbase64(case["proof"])
        arguments = (case["size1"], root1, case["size2"], root2, proof)
        expected = not case["wantErr"] and case["size1"] > 0
        assert accepted(merkle.verify_consistency, *arguments) == expected, name


def unhex(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


class OneTile:
    """A tree that fits in the first tile."""

    def __init__(self, leaf_hashes: bytes) -> None:
        self.leaf_hashes = leaf_hashes

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        assert (level, index) == (0, 0)
        return self.leaf_hashes[: 32 * width]


def test_own_trees(vector_json: Callable[[str], Any]) -> None:
    """Roots and proofs are made, out of tiles and in memory, and verified."""
    for tree in vector_json("own-merkle/trees.json"):
        leaves = unhex(tree["leaves"])
        count, root = tree["size"], bytes.fromhex(tree["root"])
        hashes = merkle.leaf_hashes(leaves)
        reader = OneTile(hashes)
        assert merkle.root(hashes) == root
        if count < 256:
            assert merkle.root_at(reader, count) == root
        for case in tree["inclusion"]:
            proof = unhex(case["proof"])
            assert merkle.inclusion_proof(hashes, case["i"]) == proof
            if count < 256:
                assert merkle.prove_inclusion(reader, case["i"], count) == proof
            leaf = merkle.leaf_hash(leaves[case["i"]])
            merkle.verify_inclusion(leaf, case["i"], count, proof, root)
        for case in tree["consistency"]:
            proof = unhex(case["proof"])
            old_root = bytes.fromhex(case["root"])
            if count < 256 and case["from"]:
                assert merkle.prove_consistency(reader, case["from"], count) == proof
            merkle.verify_consistency(case["from"], old_root, count, root, proof)
        if "node_as_leaf" in tree:
            leaf = merkle.leaf_hash(bytes.fromhex(tree["node_as_leaf"]["leaf"]))
            for index in range(count):
                for case in tree["inclusion"]:
                    arguments = (leaf, index, count, unhex(case["proof"]), root)
                    assert not accepted(merkle.verify_inclusion, *arguments)
