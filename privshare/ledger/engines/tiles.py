"""The log's tiles: at the right edge in memory, to the left as files.

Anything here can be thrown away; it is made again from the database's entries.

    LogDb (durable) ─► TileStore.grow ─► TileFiles ─► log/tile/... ─► auditors
                                     └─► read_tile ─► log.merkle proofs

A restart trusts full tiles below the mark of `TileFiles`, and makes everything
above it again.

Implements the paths and contents of C2SP tlog-tiles (`log.tile`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from privshare.bindings import merkle
from privshare.errors import EncodingError, NotFound
from privshare.ledger.engines.tile_files import TileFiles
from privshare.log.tile import (
    HEIGHT,
    MAX_LEVEL,
    WIDTH,
    Tile,
    encode_bundle,
    parse_path,
    plan_bundles,
    plan_tiles,
)

Entries = Callable[[int, int], list[bytes]]

_HASH = 32
_CHUNK = 1 << 16


class TileStore:
    """The tiles of one log. One thread grows it; any thread reads.

    Args:
        root: The folder that becomes the log's prefix.
        entries: Gives the log's entries from one index up to another.
    """

    def __init__(self, root: Path, entries: Entries) -> None:
        self._files = TileFiles(root)
        self._entries = entries
        self._lock = threading.Lock()
        self._size = 0
        self._edges: list[bytes] = [b""] * (MAX_LEVEL + 1)
        self._tail: list[bytes] = []
        self._full = lru_cache(maxsize=4096)(self._read_full)

    @property
    def size(self) -> int:
        """How many entries the tiles cover."""
        return self._size

    @property
    def flushed(self) -> int:
        """Full tiles below this size are on disk for good."""
        return self._files.flushed

    def restore(self, size: int, flushed: int) -> None:
        """Come up to `size`, making again what was not flushed.

        Args:
            size: The size of the log in the database.
            flushed: What `flushed` was when it was last kept.

        Raises:
            NotFound: A tile below the mark is missing: start again from 0.
        """
        base = min(size, flushed) // WIDTH * WIDTH
        self._full.cache_clear()
        self._load_edges(base)
        self._tail = []
        self._files.flushed = base
        self.catch_up(size)

    def catch_up(self, size: int) -> None:
        """Make the tiles of what the database holds already."""
        for start in range(self._size, size, _CHUNK):
            entries = self._entries(start, min(start + _CHUNK, size))
            self.grow(merkle.leaf_hashes(entries), entries)

    def grow(self, leaf_hashes: bytes, entries: list[bytes]) -> None:
        """Add entries that are durable already.

        Args:
            leaf_hashes: Their leaf hashes, concatenated.
            entries: The entries.

        Raises:
            OSError: Files cannot be written any more.
        """
        old, new = self._size, self._size + len(entries)
        tiles = dict(plan_tiles(old, new, self, leaf_hashes))
        bundles = dict(plan_bundles(old, self._tail, entries))
        planned = tiles | bundles
        self._files.add({p: data for p, data in planned.items() if ".p/" not in p})
        edges = self._edges_after(new, tiles)
        tail = (self._tail + entries)[-(new % WIDTH) :] if new % WIDTH else []
        with self._lock:
            self._edges, self._tail, self._size = edges, tail, new

    def publish(self, checkpoint: bytes, size: int) -> None:
        """Show a checkpoint of this size in the folder, with the tiles it needs.

        A size that is not the tiles' own is passed over: its successor is on
        the way.
        """
        with self._lock:
            if size != self._size:
                return
            newest = {
                Tile(level, size >> HEIGHT * (level + 1), len(edge) // _HASH).path: edge
                for level, edge in enumerate(self._edges)
                if edge
            }
            if self._tail:
                bundle = Tile(None, size // WIDTH, len(self._tail)).path
                newest[bundle] = encode_bundle(self._tail)
        self._files.publish(newest | {"checkpoint": checkpoint}, size)

    def settle(self) -> None:
        """Return when the folder shows what was published."""
        self._files.settle()

    def close(self) -> None:
        """Write what is left."""
        self._files.close()

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """The first `width` hashes of a tile (`log.tile.TileReader`).

        Raises:
            NotFound: The log has no such tile yet.
        """
        with self._lock:
            count = self._size >> (HEIGHT * level)
            edge = self._edges[level]
        if index * WIDTH + width > count:
            raise NotFound(f"expected {Tile(level, index, width).path}, found none yet")
        if index == count // WIDTH:
            return edge[: width * _HASH]
        return self._full(level, index)[: width * _HASH]

    def read(self, path: str) -> bytes:
        """A tile or an entry bundle by its path.

        Raises:
            NotFound: The log has no such tile, or none of that width yet.
        """
        try:
            tile = parse_path(path)
        except EncodingError as error:
            raise NotFound(error.message) from None
        if tile.level is not None:
            return self.read_tile(tile.level, tile.index, tile.width)
        first = tile.index * WIDTH
        if first + tile.width > self._size:
            raise NotFound(f"expected {path}, found none yet")
        return encode_bundle(self._entries(first, first + tile.width))

    def _read_full(self, level: int, index: int) -> bytes:
        path = Tile(level, index).path
        data = self._files.read(path)
        if len(data) != WIDTH * _HASH:
            raise NotFound(f"expected a full tile in {path}, found {len(data)} bytes")
        return data

    def _load_edges(self, size: int) -> None:
        """Make the partial tiles at `size`, a multiple of 256, from full ones."""
        edges = [b""] * (MAX_LEVEL + 1)
        for level in range(1, MAX_LEVEL + 1):
            count = size >> (HEIGHT * level)
            first = count // WIDTH * WIDTH
            edges[level] = b"".join(
                merkle.root(self._full(level - 1, index))
                for index in range(first, count)
            )
        self._edges, self._size = edges, size

    def _edges_after(self, size: int, tiles: dict[str, bytes]) -> list[bytes]:
        """The partial tiles at `size`; `tiles` holds those that changed."""
        edges = []
        for level, edge in enumerate(self._edges):
            index, width = divmod(size >> (HEIGHT * level), WIDTH)
            path = Tile(level, index, width).path if width else ""
            edges.append(tiles.get(path, edge) if width else b"")
        return edges
