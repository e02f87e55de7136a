"""Merkle trees of RFC 9162, section 2.1, over SHA-256 (`ps_merkle.h`).

Knows hashes and nothing of entries. Arrays of hashes are concatenated bytes,
32 each; whole arrays cross to C in one call.

>>> leaves = leaf_hashes([b"a", b"b", b"c"])
>>> proof = inclusion_proof(leaves, 2)
>>> verify_inclusion(leaf_hash(b"c"), 2, 3, proof, root(leaves))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from privshare.bindings._convert import (
    BACKEND,
    concat,
    expect_len,
    ffi,
    lib,
    out,
    raise_for,
    take,
)
from privshare.bindings.hash import sha256
from privshare.errors import (
    ConsistencyInvalid,
    EncodingError,
    InclusionInvalid,
    OutOfRange,
)

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1
MAX_HASHES: int = lib.PS_MERKLE_MAX_HASHES
EMPTY_ROOT = sha256(b"")


def _array(hashes: bytes | Sequence[bytes]) -> tuple[bytes, int]:
    """Concatenated hashes, and how many."""
    if not isinstance(hashes, bytes | bytearray | memoryview):
        hashes = concat(hashes, HASH_BYTES, "a hash")
    if len(hashes) % HASH_BYTES:
        raise EncodingError(
            f"expected a multiple of {HASH_BYTES} bytes, found {len(hashes)}"
        )
    return bytes(hashes), len(hashes) // HASH_BYTES


def _split(hashes: bytes) -> list[bytes]:
    """Concatenated hashes as a list."""
    return [hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES)]


def _is_size(value: int) -> bool:
    return 0 <= value <= MAX_SIZE


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    digest = out(HASH_BYTES)
    lib.ps_merkle_leaf_hash(digest, ffi.from_buffer(data), len(data), BACKEND)
    return take(digest)


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    expect_len(left, HASH_BYTES, "a left hash")
    expect_len(right, HASH_BYTES, "a right hash")
    digest = out(HASH_BYTES)
    lib.ps_merkle_node_hash(digest, left, right, BACKEND)
    return take(digest)


def leaf_hashes(items: Sequence[bytes]) -> bytes:
    """The leaf hash of every item, concatenated."""
    hashes = out(HASH_BYTES * len(items))
    data = b"".join(items)
    lengths = ffi.new("uint64_t[]", [len(item) for item in items])
    status = lib.ps_merkle_leaf_hashes(
        hashes, ffi.from_buffer(data), len(data), lengths, len(items), BACKEND
    )
    raise_for(status, "expected lengths that add up to the data")
    return take(hashes)


def root(leaf_hashes: bytes | Sequence[bytes]) -> bytes:
    """Root of the tree over these leaf hashes; `EMPTY_ROOT` for none."""
    leaves, count = _array(leaf_hashes)
    digest = out(HASH_BYTES)
    status = lib.ps_merkle_root(digest, ffi.from_buffer(leaves), count, BACKEND)
    raise_for(status, f"expected at most {MAX_SIZE} leaves, found {count}")
    return take(digest)


@dataclass(frozen=True, slots=True)
class CompactRange:
    """The right edge of a tree: all that is needed to go on appending.

    Attributes:
        size: How many leaves the tree has.
        hashes: Roots of the perfect subtrees that the binary digits of `size`
            name, left to right, so the largest first. Kept as a tuple.
    """

    size: int = 0
    hashes: Sequence[bytes] = ()

    def __post_init__(self) -> None:
        if not _is_size(self.size):
            raise OutOfRange(f"expected a size below 2^63, found {self.size}")
        if len(self.hashes) != self.size.bit_count():
            raise EncodingError(
                f"expected {self.size.bit_count()} hashes for a tree of"
                f" {self.size} leaves, found {len(self.hashes)}"
            )
        for item in self.hashes:
            expect_len(item, HASH_BYTES, "a hash")
        object.__setattr__(self, "hashes", tuple(self.hashes))

    def _native(self) -> Any:
        """The same range as C sees it."""
        native = ffi.new("ps_merkle_range *")
        native.size = self.size
        ffi.memmove(native.hashes, b"".join(self.hashes), HASH_BYTES * len(self.hashes))
        return native

    def append_leaf_hashes(self, leaf_hashes: bytes | Sequence[bytes]) -> CompactRange:
        """The range of the tree with these leaves added at the right.

        Args:
            leaf_hashes: Concatenated leaf hashes, or a sequence of them.

        Returns:
            A new range; this one stays as it is.

        Raises:
            OutOfRange: The tree would grow to 2^63 leaves.
        """
        leaves, count = _array(leaf_hashes)
        native = self._native()
        status = lib.ps_merkle_range_append(
            native, ffi.from_buffer(leaves), count, BACKEND
        )
        raise_for(
            status, f"expected a tree below 2^63 leaves, found {self.size} + {count}"
        )
        size = int(native.size)
        hashes = take(native.hashes, HASH_BYTES * size.bit_count())
        return CompactRange(size, _split(hashes))

    def root(self) -> bytes:
        """Root of the tree; `EMPTY_ROOT` when it has no leaves."""
        digest = out(HASH_BYTES)
        status = lib.ps_merkle_range_root(digest, self._native(), BACKEND)
        raise_for(status, f"expected a tree below 2^63 leaves, found {self.size}")
        return take(digest)


def inclusion_proof(leaf_hashes: bytes | Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of one leaf, its sibling first.

    Raises:
        OutOfRange: There is no leaf of this index.
    """
    leaves, count = _array(leaf_hashes)
    if not 0 <= index < count:
        raise OutOfRange(f"expected an index below {count}, found {index}")
    proof = out(HASH_BYTES * MAX_HASHES)
    steps = ffi.new("size_t *")
    status = lib.ps_merkle_inclusion_proof(
        proof, steps, ffi.from_buffer(leaves), count, index, BACKEND
    )
    raise_for(status, f"expected an index below {count}, found {index}")
    return _split(take(proof, HASH_BYTES * steps[0]))


def consistency_proof(
    leaf_hashes: bytes | Sequence[bytes], old_size: int
) -> list[bytes]:
    """Proof that the first `old_size` leaves are a prefix of all.

    Raises:
        OutOfRange: `old_size` is 0 or above the number of leaves.
    """
    leaves, count = _array(leaf_hashes)
    if not 0 < old_size <= count:
        raise OutOfRange(f"expected an old size in [1, {count}], found {old_size}")
    proof = out(HASH_BYTES * MAX_HASHES)
    steps = ffi.new("size_t *")
    status = lib.ps_merkle_consistency_proof(
        proof, steps, ffi.from_buffer(leaves), count, old_size, BACKEND
    )
    raise_for(status, f"expected an old size in [1, {count}], found {old_size}")
    return _split(take(proof, HASH_BYTES * steps[0]))


def root_from_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes]
) -> bytes:
    """The root that a leaf hash and its audit path lead to.

    Args:
        leaf_hash: The leaf's hash, not its data.
        index: Where the leaf stands, from 0.
        size: How many leaves the tree has.
        proof: The audit path, the leaf's sibling first.

    Raises:
        EncodingError: A hash is not 32 bytes long.
        InclusionInvalid: No tree of this size has such a path.
    """
    expect_len(leaf_hash, HASH_BYTES, "a leaf hash")
    path = concat(proof, HASH_BYTES, "a proof hash")
    if not _is_size(size) or not 0 <= index < size:
        raise InclusionInvalid(
            f"expected a leaf index below the tree size {size}, found {index}"
        )
    digest = out(HASH_BYTES)
    status = lib.ps_merkle_inclusion_root(
        digest, leaf_hash, index, size, path, len(proof), BACKEND
    )
    raise_for(
        status,
        f"expected the audit path of leaf {index} of {size},"
        f" found {len(proof)} hashes that do not fit",
        verify=InclusionInvalid,
    )
    return take(digest)


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf is in the tree with this root.

    Raises:
        EncodingError: A hash is not 32 bytes long.
        InclusionInvalid: It is not, or the proof does not show it.
    """
    expect_len(root, HASH_BYTES, "a root")
    found = root_from_inclusion(leaf_hash, index, size, proof)
    if found != root:
        raise InclusionInvalid(f"expected root {root.hex()}, found {found.hex()}")


def verify_consistency(
    size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `size2` leaves extends the tree of `size1`.

    Raises:
        EncodingError: A hash is not 32 bytes long.
        OutOfRange: `size1` is 0, of which every tree is an extension: whoever
            starts from nothing handles that before asking; or a size is
            negative or reaches 2^63.
        ConsistencyInvalid: It does not, or the proof does not show it.
    """
    expect_len(root1, HASH_BYTES, "the older root")
    expect_len(root2, HASH_BYTES, "the newer root")
    path = concat(proof, HASH_BYTES, "a proof hash")
    if size1 == 0 or not _is_size(size1) or not _is_size(size2):
        raise OutOfRange(f"expected sizes in [1, 2^63), found {size1} and {size2}")
    status = lib.ps_merkle_consistency_verify(
        size1, root1, size2, root2, path, len(proof), BACKEND
    )
    raise_for(
        status,
        f"expected a proof that {size2} leaves extend {size1}, found one that does not",
        verify=ConsistencyInvalid,
    )
