"""The algebra of the log: proofs from tiles, growth, and policies."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.errors import ConsistencyInvalid, InclusionInvalid
from privshare.log import merkle
from privshare.log.proof import TlogProof, decode, encode
from privshare.log.tile import (
    Tile,
    decode_bundle,
    encode_bundle,
    parse_path,
    plan_bundles,
    plan_tiles,
)
from privshare.log.witness import AddCheckpoint, decode_request, encode_request

# Sizes around the borders of tiles and of powers of two, and any other.
EDGES = [1, 2, 3, 127, 128, 129, 255, 256, 257, 511, 512, 513, 768, 1023, 1025]
SIZES = st.sampled_from(EDGES) | st.integers(1, 1100)
ENTRIES = [b"%d" % i for i in range(1100)]
LEAVES = [hashlib.sha256(b"\0" + entry).digest() for entry in ENTRIES]


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = largest_power_below(len(leaves))
    return hashlib.sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162, section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162, section 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


class Shelf:
    """Tiles of a whole log; narrower forms are cut, and reads are counted."""

    def __init__(self, size: int) -> None:
        plan = plan_tiles(0, size, self, b"".join(LEAVES[:size]))
        self.tiles = {
            (tile.level, tile.index): data
            for tile, data in ((parse_path(path), data) for path, data in plan)
        }
        self.reads: list[tuple[int, int]] = []

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        self.reads.append((level, index))
        return self.tiles[level, index][: 32 * width]


LARGEST = Shelf(1100)


@given(SIZES, st.data())
def test_tiles_prove_inclusion_like_the_rfc(size: int, data: st.DataObject) -> None:
    """At any historical size, with each tile read once."""
    index = data.draw(st.integers(0, size - 1))
    LARGEST.reads.clear()
    proof = merkle.prove_inclusion(LARGEST, index, size)
    assert path(index, LEAVES[:size]) == proof
    assert len(set(LARGEST.reads)) == len(LARGEST.reads) <= 4
    root = merkle.root_at(LARGEST, size)
    assert mth(LEAVES[:size]) == root
    merkle.verify_inclusion(LEAVES[index], index, size, proof, root)


@given(SIZES, st.data())
def test_tiles_prove_consistency_like_the_rfc(size: int, data: st.DataObject) -> None:
    """Between any two sizes, the same included."""
    old = data.draw(st.integers(1, size))
    LARGEST.reads.clear()
    proof = merkle.prove_consistency(LARGEST, old, size)
    assert subproof(old, LEAVES[:size], True) == proof
    assert len(set(LARGEST.reads)) == len(LARGEST.reads)
    merkle.verify_consistency(old, mth(LEAVES[:old]), size, mth(LEAVES[:size]), proof)


@settings(max_examples=30)
@given(SIZES, st.data())
def test_no_other_place_verifies(size: int, data: st.DataObject) -> None:
    """A proof is for one leaf, one index, one size, one root, all its hashes."""
    index = data.draw(st.integers(0, size - 1))
    other = (
        data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
        if (size > 1)
        else None
    )
    proof = merkle.prove_inclusion(LARGEST, index, size)
    root = mth(LEAVES[:size])
    attempts = [
        (LEAVES[index], index, size, [*proof, bytes(32)]),
        (LEAVES[index], size, size, proof),
        (bytes(32), index, size, proof),
    ]
    if other is not None:
        attempts += [
            (LEAVES[other], index, size, proof),
            (LEAVES[index], other, size, proof),
            (LEAVES[index], index, size, proof[:-1]),
        ]
    for leaf, i, n, hashes in attempts:
        with pytest.raises(InclusionInvalid):
            merkle.verify_inclusion(leaf, i, n, hashes, root)
    if size > 1:
        old = data.draw(st.integers(1, size - 1))
        grown = merkle.prove_consistency(LARGEST, old, size)
        with pytest.raises(ConsistencyInvalid):
            merkle.verify_consistency(old, bytes(32), size, root, grown)
        with pytest.raises(ConsistencyInvalid):
            merkle.verify_consistency(
                old, mth(LEAVES[:old]), size, root, [*grown, bytes(32)]
            )


@given(st.lists(st.integers(0, 400), max_size=6))
def test_growth_in_steps_ends_in_the_same_files(steps: list[int]) -> None:
    """However entries arrive, full tiles and bundles are the same, never rewritten."""
    files: dict[str, bytes] = {}

    class Reader:
        def read_tile(self, level: int, index: int, width: int) -> bytes:
            return files[Tile(level, index, width).path]

    size = 0
    for step in steps:
        new = min(size + step, len(LEAVES))
        plan = plan_tiles(size, new, Reader(), b"".join(LEAVES[size:new]))
        unfinished = size - size % 256
        plan += plan_bundles(size, ENTRIES[unfinished:size], ENTRIES[size:new])
        for name, data in plan:
            assert files.setdefault(name, data) == data
        size = new
        assert merkle.root_at(Reader(), size) == mth(LEAVES[:size])
    at_once = plan_tiles(0, size, Reader(), b"".join(LEAVES[:size]))
    at_once += plan_bundles(0, [], ENTRIES[:size])
    for name, data in at_once:
        assert files[name] == data


@given(SIZES, st.integers(0, 1000))
def test_the_right_edge_goes_on(size: int, more: int) -> None:
    """A range read from tiles appends like the tree it came from."""
    new = min(size + more, 1100)
    grown = merkle.range_at(LARGEST, size).append_leaf_hashes(
        b"".join(LEAVES[size:new])
    )
    assert grown.root() == mth(LEAVES[:new])
    assert grown == merkle.range_at(LARGEST, new)


@given(
    st.none() | st.integers(0, 7),
    st.integers(0, 2**55 - 1) | st.integers(0, 2000),
    st.integers(1, 256),
)
def test_paths_come_back(level: int | None, index: int, width: int) -> None:
    """Each tile has its path, and the path its tile."""
    tile = Tile(level, index, width)
    assert parse_path(tile.path) == tile


@given(st.lists(st.binary(max_size=70), min_size=1, max_size=256))
def test_bundles_come_back(entries: list[bytes]) -> None:
    """Layout and reading are inverse; a bundle cut anywhere is not the same."""
    data = encode_bundle(entries)
    assert decode_bundle(data) == entries


HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple)
NOTES = st.binary(min_size=1, max_size=200)
NUMBERS = st.integers(0, 2**63 - 1)


@given(NUMBERS, HASHES, NOTES, st.none() | st.binary(min_size=1, max_size=80))
def test_proof_files_come_back(
    index: int, hashes: tuple[bytes, ...], checkpoint: bytes, extra: bytes | None
) -> None:
    """Layout and reading are inverse, whatever the checkpoint holds."""
    proof = TlogProof(index, hashes, checkpoint, extra)
    assert decode(encode(proof)) == proof


@given(NUMBERS, HASHES, NOTES)
def test_witness_requests_come_back(
    old_size: int, proof: tuple[bytes, ...], checkpoint: bytes
) -> None:
    """Layout and reading are inverse, whatever the checkpoint holds."""
    request = AddCheckpoint(old_size, proof, checkpoint)
    assert decode_request(encode_request(request)) == request
