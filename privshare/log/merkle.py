"""The tree over the log's entries: hashes, proofs, and proofs out of tiles.

The hashing and the verifying are the core's (`bindings.merkle`) and stand
here under their names. Proving for a tree that is too large to hold works on
tiles: any historical size, O(log n) tile reads, each tile read once.

    node      tiles ─► prove_inclusion ─► proof.TlogProof ─► receipt
    auditor   receipt ─► verify_inclusion(leaf_hash, index, size, proof, root)

Implements RFC 9162, section 2.1, over the tiles of C2SP tlog-tiles. What a
reader returns is not believed: whoever does not own the tiles verifies the
proof that comes out against a checkpoint.

>>> from privshare.log.tile import plan_tiles
>>> leaves = leaf_hashes([b"a", b"b", b"c"])
>>> class Reader:
...     def read_tile(self, level, index, width):
...         return leaves[: 32 * width]
>>> verify_inclusion(
...     leaf_hash(b"c"), 2, 3, prove_inclusion(Reader(), 2, 3), root_at(Reader(), 3)
... )
"""

from __future__ import annotations

from privshare.bindings.merkle import (
    EMPTY_ROOT,
    CompactRange,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    node_hash,
    root,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
)
from privshare.errors import OutOfRange
from privshare.log.text import HASH_BYTES, MAX_SIZE
from privshare.log.tile import HEIGHT, WIDTH, Tile, TileReader, read_checked

__all__ = [
    "EMPTY_ROOT",
    "CompactRange",
    "TileReader",
    "inclusion_proof",
    "inclusion_proofs",
    "leaf_hash",
    "leaf_hashes",
    "node_hash",
    "prove_consistency",
    "prove_inclusion",
    "range_at",
    "root",
    "root_at",
    "root_from_inclusion",
    "verify_consistency",
    "verify_inclusion",
]


def root_at(reader: TileReader, size: int) -> bytes:
    """The root of the first `size` leaves; `EMPTY_ROOT` for none.

    Raises:
        OutOfRange: A negative size, or 2^63 and more.
        EncodingError: The reader gave a tile of another length.
    """
    return range_at(reader, size).root()


def range_at(reader: TileReader, size: int) -> CompactRange:
    """The right edge of the first `size` leaves, to go on appending from.

    Raises:
        OutOfRange: A negative size, or 2^63 and more.
        EncodingError: The reader gave a tile of another length.
    """
    if not 0 <= size <= MAX_SIZE:
        raise OutOfRange(f"expected a size below 2^63, found {size}")
    return _Subtrees(reader, size).range(0, size)


def prove_inclusion(reader: TileReader, index: int, size: int) -> list[bytes]:
    """The audit path of a leaf in the tree of the first `size` leaves.

    Returns:
        The leaf's sibling first, as `verify_inclusion` takes it.

    Raises:
        OutOfRange: No leaf `index` in a tree of this size.
        EncodingError: The reader gave a tile of another length.

    Source:
        RFC 9162, section 2.1.3.1, PATH(m, D_n).
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise OutOfRange(f"expected an index below {size}, found {index}")
    subtrees = _Subtrees(reader, size)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtrees.root(middle, end))
            end = middle
        else:
            path.append(subtrees.root(start, middle))
            start = middle
    return path[::-1]


def inclusion_proofs(leaf_hashes: bytes) -> list[tuple[bytes, ...]]:
    """The inclusion proofs of all leaves of a small tree, each subtree hashed once.

    Args:
        leaf_hashes: 32 bytes each, one after the other; at least one.

    Returns:
        For each leaf what `inclusion_proof` returns.

    Raises:
        OutOfRange: No leaf.
    """
    count = len(leaf_hashes) // HASH_BYTES
    if count == 0:
        raise OutOfRange("expected at least one leaf, found none")
    if count == 1:
        return [()]
    middle = HASH_BYTES * _split(count)
    left, right = leaf_hashes[:middle], leaf_hashes[middle:]
    beside_left, beside_right = root(right), root(left)
    return [
        *((*path, beside_left) for path in inclusion_proofs(left)),
        *((*path, beside_right) for path in inclusion_proofs(right)),
    ]


def prove_consistency(reader: TileReader, old: int, new: int) -> list[bytes]:
    """Proof that the tree of `new` leaves extends the tree of `old`.

    Returns:
        Nodes as `verify_consistency` takes them; none when the sizes are
        equal.

    Raises:
        OutOfRange: `old` is 0, of which every tree is an extension, or above
            `new`.
        EncodingError: The reader gave a tile of another length.

    Source:
        RFC 9162, section 2.1.4.1, PROOF(m, D_n).
    """
    if not 0 < old <= new <= MAX_SIZE:
        raise OutOfRange(f"expected an old size in [1, {new}], found {old}")
    subtrees = _Subtrees(reader, new)
    proof: list[bytes] = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(subtrees.root(middle, end))
            end = middle
        else:
            proof.append(subtrees.root(start, middle))
            start = middle
    if start > 0:  # what is left is no whole old tree: its root must be told
        proof.append(subtrees.root(start, end))
    return proof[::-1]


def _split(count: int) -> int:
    """The largest power of two below `count`, for count > 1."""
    return 1 << ((count - 1).bit_length() - 1)


class _Subtrees:
    """Roots of parts of one tree, each of its tiles read at most once."""

    def __init__(self, reader: TileReader, size: int) -> None:
        self._reader = reader
        self._size = size
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, end: int) -> bytes:
        """MTH(D[start:end]), where RFC 9162 cuts the tree at `start`."""
        return self.range(start, end).root()

    def range(self, start: int, end: int) -> CompactRange:
        """The perfect subtrees of [start, end), the largest first."""
        hashes = []
        position = start
        for height in reversed(range((end - start).bit_length())):
            if (end - start) >> height & 1:
                hashes.append(self._perfect(height, position >> height))
                position += 1 << height
        return CompactRange(end - start, hashes)

    def _perfect(self, height: int, index: int) -> bytes:
        """The root of the index-th subtree of 2^height leaves."""
        level, inner = divmod(height, HEIGHT)
        tile_index, offset = divmod(index << inner, WIDTH)
        hashes = self._tile(level, tile_index)
        part = hashes[offset * HASH_BYTES : (offset + (1 << inner)) * HASH_BYTES]
        return part if inner == 0 else root(part)

    def _tile(self, level: int, index: int) -> bytes:
        if (level, index) not in self._tiles:
            on_level = self._size >> (HEIGHT * level)
            width = min(WIDTH, on_level - index * WIDTH)
            self._tiles[level, index] = read_checked(
                self._reader, Tile(level, index, width)
            )
        return self._tiles[level, index]
