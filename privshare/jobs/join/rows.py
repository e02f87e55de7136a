"""Rows of fixed size, more than memory holds: sorted, compared, read by parts.

Rows begin with 32 bytes that are as good as random, so the first byte deals
them into folders of equal size: each is sorted and compared on its own, and
one after the other they are the whole in order. Nothing is merged.

    add ─► buckets ─► ordered: sorted parts
                   └─► common: pairs of rows with one key

In memory without a folder; with one, a file for each bucket. A bucket holds
about 2^18 rows. Rows that came from outside need not be random: whoever sends
a bucket that is larger than its share costs this side memory, never more than
the rows that the terms allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

KEY_BYTES = 32
BUCKET_ROWS = 1 << 18
MAX_BUCKETS = 128

Rows = npt.NDArray[np.uint8]


class RowStore:
    """Rows of `width` bytes, in buckets by their first byte.

    Args:
        width: Bytes of a row, 32 or more; the first 32 are the key.
        expected: About how many rows will come.
        folder: Where files go; in memory when it is None.
    """

    def __init__(self, width: int, expected: int, folder: Path | None = None) -> None:
        self.width = width
        self.count = 0
        self.buckets = 1
        while self.buckets < MAX_BUCKETS and self.buckets * BUCKET_ROWS < expected:
            self.buckets *= 2
        self._folder = folder
        self._held: list[list[bytes]] = [[] for _ in range(self.buckets)]
        self._sizes = [0] * self.buckets
        self._sorted = [False] * self.buckets
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for path in map(self._path, range(self.buckets)):
                path.unlink(missing_ok=True)

    def add(self, data: bytes) -> None:
        """Take whole rows, in any order."""
        rows = as_rows(data, self.width)
        self.count += len(rows)
        if self.buckets == 1:
            self._append(0, data)
            return
        place = rows[:, 0].astype(np.uint16) * self.buckets >> 8
        order = np.argsort(place, kind="stable")
        edges = np.searchsorted(place[order], np.arange(self.buckets + 1))
        rows = rows[order]
        for bucket in range(self.buckets):
            low, high = edges[bucket], edges[bucket + 1]
            if low < high:
                self._append(bucket, rows[low:high].tobytes())

    def bucket(self, bucket: int) -> Rows:
        """The rows of one bucket, sorted by their keys."""
        rows = as_rows(self._read(bucket, 0, self._sizes[bucket]), self.width)
        if not self._sorted[bucket]:
            rows = sort(rows)
            self._replace(bucket, rows.tobytes())
            self._sorted[bucket] = True
        return rows

    def part(self, index: int, part_rows: int) -> bytes:
        """Rows number index · part_rows and on, in order."""
        low, found = index * part_rows, b""
        high = min(low + part_rows, self.count)
        at = 0
        for bucket, size in enumerate(self._sizes):
            first, last = max(low - at, 0), min(high - at, size)
            if first < last:
                if not self._sorted[bucket]:
                    self.bucket(bucket)
                found += self._read(bucket, first, last)
            at += size
        return found

    def ordered(self, part_rows: int) -> Iterator[bytes]:
        """All rows in order, `part_rows` at a time; the last part may have less."""
        for index in range(-(-self.count // part_rows)):
            yield self.part(index, part_rows)

    def common(self, other: RowStore) -> Iterator[tuple[Rows, Rows]]:
        """Rows of this and of the other store with the same key, side by side.

        Both were made for the same number of buckets; keys are unique in each.
        """
        for number in range(self.buckets):
            mine, theirs = self.bucket(number), other.bucket(number)
            at_mine, at_theirs = matches(mine, theirs)
            yield mine[at_mine], theirs[at_theirs]

    def close(self) -> None:
        """Forget the rows."""
        for bucket in range(self.buckets):
            self._replace(bucket, b"")
        self._sizes = [0] * self.buckets
        self.count = 0

    def _append(self, bucket: int, data: bytes) -> None:
        self._sorted[bucket] = False
        self._sizes[bucket] += len(data) // self.width
        if self._folder is None:
            self._held[bucket].append(data)
        else:
            with self._path(bucket).open("ab") as file:
                file.write(data)

    def _read(self, bucket: int, first: int, last: int) -> bytes:
        low, high = first * self.width, last * self.width
        if self._folder is None:
            held = self._held[bucket]
            if len(held) > 1:
                held[:] = [b"".join(held)]
            return held[0][low:high] if held else b""
        if low == high:
            return b""
        with self._path(bucket).open("rb") as file:
            file.seek(low)
            return file.read(high - low)

    def _replace(self, bucket: int, data: bytes) -> None:
        if self._folder is None:
            self._held[bucket] = [data] if data else []
        elif data:
            self._path(bucket).write_bytes(data)
        else:
            self._path(bucket).unlink(missing_ok=True)

    def _path(self, bucket: int) -> Path:
        assert self._folder is not None
        return self._folder / f"rows-{bucket:03d}"


def as_rows(data: bytes, width: int) -> Rows:
    """Bytes as an array of rows."""
    return np.frombuffer(data, np.uint8).reshape(-1, width)


def keys(rows: Rows) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each, as numbers that sort as they do."""
    head = np.ascontiguousarray(rows[:, :8])
    return head.view(">u8").reshape(-1).astype(np.uint64)


def sort(rows: Rows) -> Rows:
    """By all 32 bytes of the key; eight nearly always decide."""
    head = keys(rows)
    order = np.argsort(head, kind="stable")
    head = head[order]
    if not np.any(head[1:] == head[:-1]):
        return rows[order]
    listed = [row.tobytes() for row in rows]
    listed.sort(key=lambda row: row[:KEY_BYTES])
    return as_rows(b"".join(listed), rows.shape[1])


def is_ascending(rows: Rows, before: bytes) -> bool:
    """Whether keys rise strictly, from above `before`."""
    if len(rows) == 0:
        return True
    if before and rows[0, :KEY_BYTES].tobytes() <= before:
        return False
    head = keys(rows)
    if np.any(head[1:] < head[:-1]):
        return False
    for place in np.flatnonzero(head[1:] == head[:-1]):
        low, high = (rows[place + i, :KEY_BYTES].tobytes() for i in (0, 1))
        if low >= high:
            return False
    return True


def matches(
    mine: Rows, theirs: Rows
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Places of rows with the same key; both sorted, keys unique in each."""
    a, b = keys(mine), keys(theirs)
    if np.any(a[1:] == a[:-1]) or np.any(b[1:] == b[:-1]):
        return _slow_matches(mine, theirs)
    place = np.searchsorted(b, a)
    inside = np.flatnonzero(place < len(b))
    inside = inside[b[place[inside]] == a[inside]]
    other = place[inside]
    same = np.all(mine[inside, :KEY_BYTES] == theirs[other, :KEY_BYTES], axis=1)
    return inside[same], other[same]


def _slow_matches(
    mine: Rows, theirs: Rows
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    places = {row[:KEY_BYTES].tobytes(): i for i, row in enumerate(theirs)}
    pairs = [
        (i, places[key])
        for i, row in enumerate(mine)
        if (key := row[:KEY_BYTES].tobytes()) in places
    ]
    table = np.array(pairs, np.intp).reshape(-1, 2)
    return table[:, 0], table[:, 1]
