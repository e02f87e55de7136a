"""Tiles: the tree as immutable files that anybody can serve.

The log publishes its tree as tiles of 256 hashes and its entries as bundles
of 256 entries. Nothing here touches a file: names and contents come out, and
an engine writes them before it publishes the checkpoint that needs them.

    entries ─► merkle.leaf_hashes ─► plan_tiles, plan_bundles ─► engine ─► files

Implements C2SP tlog-tiles.

>>> Tile(0, 1234067, 112).path
'tile/0/x001/x234/067.p/112'
>>> parse_path("tile/entries/003")
Tile(level=None, index=3, width=256)
>>> decode_bundle(encode_bundle([b"one", b"two"]))
[b'one', b'two']
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from privshare.bindings import merkle
from privshare.errors import EncodingError, OutOfRange
from privshare.log.text import HASH_BYTES, MAX_SIZE

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_LEVEL = 7  # a tile above would stand for 2^64 leaves
MAX_ENTRY = 65535

_U16 = struct.Struct(">H")
_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9])/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class TileReader(Protocol):
    """Where tiles come from: files, a database, another node."""

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """The first `width` hashes of a tile, 32 * width bytes.

        A reader that has only a wider form of the tile cuts it. What it
        raises when the tile is missing is passed on.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tile:
    """The name of a tile or of an entry bundle.

    Args:
        level: 0 to `MAX_LEVEL` for tiles; None for a bundle of entries.
        index: Which one on its level, from 0, below 2^55.
        width: How many hashes or entries it holds, 1 to `WIDTH`.

    Raises:
        OutOfRange: A number outside these bounds.
    """

    level: int | None
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= MAX_LEVEL:
            raise OutOfRange(f"expected level 0 to {MAX_LEVEL}, found {self.level}")
        if not 0 <= self.index <= MAX_SIZE >> HEIGHT:
            raise OutOfRange(f"expected an index below 2^55, found {self.index}")
        if not 1 <= self.width <= WIDTH:
            raise OutOfRange(f"expected width 1 to {WIDTH}, found {self.width}")

    @property
    def path(self) -> str:
        """The path under the log's prefix."""
        level = "entries" if self.level is None else str(self.level)
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(groups)}{partial}"


def parse_path(path: str) -> Tile:
    """Read a path, so that nothing but tiles can be asked for.

    Raises:
        EncodingError: Not the path of any tile or bundle.
    """
    match = _PATH.fullmatch(path)
    if match is not None:
        level = None if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        width = int(match["width"] or WIDTH)
        if width <= WIDTH and (level or 0) <= MAX_LEVEL and index <= MAX_SIZE >> HEIGHT:
            tile = Tile(level, index, width)
            if tile.path == path:
                return tile
    raise EncodingError(f"expected the path of a tile, found {path[:64]!r}")


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Lay out 1 to 256 entries, each after its length as a big-endian u16.

    Raises:
        OutOfRange: Another number of entries, or one beyond `MAX_ENTRY` bytes.
    """
    if not 1 <= len(entries) <= WIDTH:
        raise OutOfRange(f"expected 1 to {WIDTH} entries, found {len(entries)}")
    pieces = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise OutOfRange(
                f"expected an entry of at most {MAX_ENTRY} bytes, found {len(entry)}"
            )
        pieces += [_U16.pack(len(entry)), entry]
    return b"".join(pieces)


def decode_bundle(data: bytes) -> list[bytes]:
    """Read a bundle.

    Raises:
        EncodingError: No entry, more than 256, or bytes that end within one.
    """
    entries = []
    position = 0
    while position < len(data):
        start = position + _U16.size
        length = int.from_bytes(data[position:start], "big")
        position = start + length
        entries.append(data[start:position])
    if position != len(data) or not 1 <= len(entries) <= WIDTH:
        raise EncodingError(
            f"expected 1 to {WIDTH} whole entries, found {len(entries)} in "
            f"{len(data)} of {position} bytes"
        )
    return entries


def tiles_at(size: int) -> Iterator[Tile]:
    """The rightmost tile of every level of a tree of `size` leaves.

    These are the ones that a checkpoint of this size needs beside full tiles
    to their left; a level that has no hash yet has none.
    """
    for level in range(MAX_LEVEL + 1):
        count = size >> (HEIGHT * level)
        if count == 0:
            return
        yield Tile(level, (count - 1) // WIDTH, (count - 1) % WIDTH + 1)


def plan_tiles(
    old_size: int, new_size: int, reader: TileReader, leaf_hashes: bytes
) -> list[tuple[str, bytes]]:
    """What to write when a tree grows.

    Args:
        old_size: Leaves whose tiles exist already.
        new_size: Leaves after the new ones.
        reader: Gives the rightmost tile of each level at `old_size`.
        leaf_hashes: The new leaf hashes, concatenated, old_size to new_size.

    Returns:
        Paths and contents: every tile that became full and, where a level
        ends within a tile, the partial tile of `new_size`; lower levels
        first. Partial tiles of sizes between are left out: no checkpoint
        names them.

    Raises:
        OutOfRange: The tree shrinks or reaches 2^63 leaves.
        EncodingError: `leaf_hashes` or a tile of another length.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise OutOfRange(f"expected a tree that grows, found {old_size} to {new_size}")
    if len(leaf_hashes) != (new_size - old_size) * HASH_BYTES:
        raise EncodingError(
            f"expected {new_size - old_size} leaf hashes, found {len(leaf_hashes)} "
            "bytes"
        )
    plan: list[tuple[str, bytes]] = []
    fresh = leaf_hashes
    for level in range(MAX_LEVEL + 1):
        if not fresh:
            break
        index, width = divmod(old_size >> (HEIGHT * level), WIDTH)
        if width:
            fresh = read_checked(reader, Tile(level, index, width)) + fresh
        full: list[bytes] = []
        for start in range(0, len(fresh), WIDTH * HASH_BYTES):
            hashes = fresh[start : start + WIDTH * HASH_BYTES]
            tile = Tile(level, index, len(hashes) // HASH_BYTES)
            plan.append((tile.path, hashes))
            if tile.width == WIDTH:
                full.append(merkle.root(hashes))
            index += 1
        fresh = b"".join(full)
    return plan


def plan_bundles(
    old_size: int, partial: Sequence[bytes], entries: Sequence[bytes]
) -> list[tuple[str, bytes]]:
    """What to write for new entries.

    Args:
        old_size: Entries whose bundles exist already.
        partial: The old_size % 256 entries of the unfinished bundle.
        entries: The new entries.

    Returns:
        Paths and contents: every bundle that became full, and the partial
        one at the end.

    Raises:
        OutOfRange: `partial` does not fit `old_size`, or an entry beyond
            `MAX_ENTRY` bytes.
    """
    index, width = divmod(old_size, WIDTH)
    if len(partial) != width:
        raise OutOfRange(f"expected {width} entries to go on from, not {len(partial)}")
    if not entries:
        return []
    together = [*partial, *entries]
    plan = []
    for start in range(0, len(together), WIDTH):
        bundle = together[start : start + WIDTH]
        plan.append((Tile(None, index, len(bundle)).path, encode_bundle(bundle)))
        index += 1
    return plan


def read_checked(reader: TileReader, tile: Tile) -> bytes:
    """Read a tile of hashes and insist on its length.

    Raises:
        EncodingError: The reader gave another number of bytes.
    """
    assert tile.level is not None, "a bundle has no hashes"
    data = reader.read_tile(tile.level, tile.index, tile.width)
    if len(data) != tile.width * HASH_BYTES:
        raise EncodingError(
            f"expected {tile.width * HASH_BYTES} bytes of {tile.path}, found "
            f"{len(data)}"
        )
    return data
