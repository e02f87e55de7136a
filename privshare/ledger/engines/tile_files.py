"""The log's folder: full tiles, the newest partial ones, and the checkpoint.

Creating files is slow, and nobody who waits for an answer needs them. So a
thread writes them behind the committer's back: full tiles all, partial tiles
and the checkpoint only in their newest form. The checkpoint comes last, when
every tile that it needs is there.

    TileStore ─► add, publish ─► this thread ─► log/tile/..., log/checkpoint

What is not written yet is answered from memory. A mark (`flushed`) tells a
restart how far full tiles were forced to disk.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

from privshare.errors import NotFound

#: Full tiles that may wait in memory before the committer has to.
MAX_WAITING = 4096

#: Entries between two forced writes. What lies above the mark is made again at
#: the next start, in about a second, so that closing need not wait for it.
FLUSH_EVERY = 1 << 18

#: Between two rounds, so that what comes in a burst is written once.
_PAUSE_S = 0.02


class TileFiles:
    """A folder and the thread that fills it.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)
        self._full: dict[str, bytes] = {}
        self._newest: Mapping[str, bytes] = {}
        self._size = 0
        self._unforced: list[Path] = []
        self._error: Exception | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._busy = False
        self.flushed = 0
        self._thread = threading.Thread(
            target=self._run, name="ledger-tiles", daemon=True
        )
        self._thread.start()

    def add(self, full: Mapping[str, bytes]) -> None:
        """Take full tiles and bundles; waits when too many are not written yet.

        Raises:
            OSError: What stopped the thread earlier.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._error or len(self._full) < MAX_WAITING)
            if self._error is not None:
                raise self._error
            self._full.update(full)
            if full:
                self._changed.notify_all()

    def publish(self, newest: Mapping[str, bytes], size: int) -> None:
        """Take the partial tiles and the checkpoint of one size of the log."""
        with self._changed:
            self._newest, self._size = newest, size
            self._changed.notify_all()

    def read(self, path: str) -> bytes:
        """A full tile, from memory or from its file.

        Raises:
            NotFound: There is none.
        """
        with self._changed:
            waiting = self._full.get(path)
        if waiting is not None:
            return waiting
        try:
            return (self._root / path).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"expected the file {path}, found none") from None

    def settle(self) -> None:
        """Return when everything that was handed over is written.

        Raises:
            OSError: What stopped the thread.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._error or self._is_idle())
            if self._error is not None:
                raise self._error

    def close(self) -> None:
        """Write what is left, and stop the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _is_idle(self) -> bool:
        return not (self._full or self._newest or self._busy)

    def _run(self) -> None:
        try:
            while self._wait():
                self._round()
                if self._size - self.flushed >= FLUSH_EVERY:
                    self._force()
                with self._changed:  # a pause that closing ends
                    self._changed.wait_for(lambda: self._closing, _PAUSE_S)
        except Exception as error:  # told to whoever comes next
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _wait(self) -> bool:
        """Wait for work; False when there is none left and none will come."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._full or self._newest or self._closing)
            self._busy = bool(self._full or self._newest)
            return self._busy

    def _round(self) -> None:
        with self._changed:
            full = dict(self._full)
            newest, self._newest = dict(self._newest), {}
        checkpoint = newest.pop("checkpoint", None)
        for path, data in (full | newest).items():
            self._write(path, data)
        if checkpoint is not None:
            self._write("checkpoint", checkpoint)
        for path in full:
            self._unforced.append(self._root / path)
            target = self._root / path
            shutil.rmtree(target.with_name(target.name + ".p"), ignore_errors=True)
        with self._changed:
            for path in full:
                del self._full[path]
            self._changed.notify_all()

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

    def _force(self) -> None:
        """Force full tiles to disk, then move the mark."""
        size = self._size
        for path in self._unforced:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._unforced.clear()
        self.flushed = max(self.flushed, size)
