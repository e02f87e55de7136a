"""The log's tiles as files: written behind the database, never ahead of it.

Anything here can be thrown away; it is made again from the database's entries.
Files are for static servers and for proofs in old parts of the tree; what a
node answers at the right edge comes from memory.

    LogDb (durable) ─► TileStore.grow ─► log/tile/... ─► auditors, mirrors
                                     └─► read_tile ─► log.merkle proofs

A restart trusts full tiles below a mark, which moves only after they were
flushed, and writes everything above it again.

Implements the paths and contents of C2SP tlog-tiles (`log.tile`).
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from privshare.bindings import merkle
from privshare.errors import EncodingError, NotFound
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
        self._root = root
        self._entries = entries
        self._lock = threading.Lock()
        self._size = 0
        self._edges: list[bytes] = [b""] * (MAX_LEVEL + 1)
        self._full = lru_cache(maxsize=4096)(self._read_full)
        self._unflushed: list[Path] = []
        self._flusher: threading.Thread | None = None
        self.flushed = 0
        root.mkdir(parents=True, exist_ok=True)

    @property
    def size(self) -> int:
        """How many entries the tiles cover."""
        return self._size

    def restore(self, size: int, flushed: int) -> None:
        """Come up to `size`, writing again what was not flushed.

        Args:
            size: The size of the log in the database.
            flushed: What `flushed` was when it was last kept.

        Raises:
            NotFound: A tile below the mark is missing: start again from 0.
        """
        base = min(size, flushed) // WIDTH * WIDTH
        self._full.cache_clear()
        self._load_edges(base)
        self.flushed = base
        self.catch_up(size)

    def catch_up(self, size: int) -> None:
        """Write the tiles of what the database holds already."""
        for start in range(self._size, size, _CHUNK):
            entries = self._entries(start, min(start + _CHUNK, size))
            self.grow(merkle.leaf_hashes(entries), entries)

    def grow(self, leaf_hashes: bytes, entries: list[bytes]) -> None:
        """Add entries that are durable already.

        Args:
            leaf_hashes: Their leaf hashes, concatenated.
            entries: The entries.
        """
        old, new = self._size, self._size + len(entries)
        first = old // WIDTH * WIDTH
        planned = plan_tiles(old, new, self, leaf_hashes)
        for path, data in [
            *planned,
            *plan_bundles(old, self._entries(first, old), entries),
        ]:
            self._write(path, data)
        with self._lock:
            self._edges = self._edges_after(new, planned)
            self._size = new
        self._drop_partials(old, new)
        if new - self.flushed >= _CHUNK and not self._is_flushing():
            self._flusher = threading.Thread(target=self.flush, daemon=True)
            self._flusher.start()

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

    def publish(self, checkpoint: bytes) -> None:
        """Replace the file `checkpoint`, after the tiles it needs."""
        self._write("checkpoint", checkpoint)

    def flush(self) -> None:
        """Force the full tiles written so far to disk, then move the mark."""
        with self._lock:
            paths, self._unflushed = self._unflushed, []
            size = self._size
        for path in paths:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self.flushed = size

    def close(self) -> None:
        """Wait for a flush that is under way, and flush the rest."""
        if self._flusher is not None:
            self._flusher.join()
        self.flush()

    def _is_flushing(self) -> bool:
        return self._flusher is not None and self._flusher.is_alive()

    def _read_full(self, level: int, index: int) -> bytes:
        path = Tile(level, index).path
        try:
            data = (self._root / path).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"expected the file {path}, found none") from None
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

    def _edges_after(self, size: int, planned: list[tuple[str, bytes]]) -> list[bytes]:
        """The partial tiles at `size`, of which the plan holds those that changed."""
        edges = []
        contents = dict(planned)
        for level, edge in enumerate(self._edges):
            index, width = divmod(size >> (HEIGHT * level), WIDTH)
            path = Tile(level, index, width).path if width else ""
            edges.append(contents.get(path, edge) if width else b"")
        return edges

    def _write(self, path: str, data: bytes) -> None:
        """Write a file so that a reader sees all of it or none."""
        target = self._root / path
        temporary = target.with_name(target.name + ".new")
        try:
            temporary.write_bytes(data)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(data)
        temporary.replace(target)
        if path != "checkpoint" and ".p/" not in path:
            with self._lock:
                self._unflushed.append(target)

    def _drop_partials(self, old: int, new: int) -> None:
        """Remove the partial forms of tiles that became full."""
        for level in range(MAX_LEVEL + 1):
            shift = HEIGHT * (level + 1)
            if old >> shift == new >> shift:
                break
            names = [str(level), "entries"] if level == 0 else [str(level)]
            for name in names:
                at = None if name == "entries" else level
                full = self._root / Tile(at, old >> shift).path
                shutil.rmtree(full.with_name(full.name + ".p"), ignore_errors=True)
