"""Boxes of a node: files under names, counted and bounded.

    room "box:<kind>/<owner>/<other>"   a blob for each file

A file is durable when `put` returns, and is the old one or the new one at any
moment. Bounds are held under one lock; what is kept is counted once, at the
first use after a start. What an owner writes counts towards its account; what
others put into its inboxes counts towards each box and is bounded for each
agency, so that none of them can fill the place of another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from privshare.errors import OutOfRange
from privshare.jobs.submission.box import Box, Kind

if TYPE_CHECKING:
    from privshare.exchange.storage import Storage

__all__ = ["MAX_PAGE", "Bounds", "Boxes"]

PREFIX: Final = "box:"
#: Names in one answer, at most.
MAX_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much boxes may hold.

    Attributes:
        files: Files of a box that its owner writes.
        total: Bytes of all boxes that one account writes as their owner.
        boxes: Boxes that one account writes as their owner.
        inbox_files: Files of an inbox.
        inbox_bytes: Bytes of an inbox.
        senders: Inboxes of one account that accounts of one agency write to.
    """

    files: int = 10_000
    total: int = 4 << 30
    boxes: int = 1_000
    inbox_files: int = 256
    inbox_bytes: int = 64 << 20
    senders: int = 32


@dataclass(slots=True)
class _Used:
    files: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Boxes:
    """The boxes of one node, and what they hold.

    Attributes:
        bounds: How much that may be.
        lock: Held while something changes.
    """

    bounds: Bounds = field(default_factory=Bounds)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _used: dict[str, dict[Box, _Used]] | None = field(default=None, repr=False)

    def put(
        self,
        store: Storage,
        box: Box,
        name: str,
        data: bytes,
        agency_of: Callable[[str], str],
    ) -> None:
        """Write a file.

        Args:
            store: Of the node.
            box: Where to; who may was checked.
            name: Any text; its form was checked.
            data: Its bytes; their number was checked.
            agency_of: Tells the agency of an account that writes to an inbox.

        Raises:
            OutOfRange: A bound; rule box.files, box.bytes or box.boxes.
        """
        with self.lock:
            boxes = self._of(store, box.owner)
            before = store.blob_size(_room(box), name)
            self._expect_place(boxes, box, before, len(data), agency_of)
            store.put_blob(_room(box), name, data)
            used = boxes.setdefault(box, _Used())
            used.files += before is None
            used.bytes += len(data) - (before or 0)

    def get(self, store: Storage, box: Box, name: str) -> bytes | None:
        """A file's bytes, or None."""
        return store.blob(_room(box), name)

    def names(
        self, store: Storage, box: Box, after: str = "", limit: int = MAX_PAGE
    ) -> Sequence[str]:
        """Names of files behind another, in order."""
        return store.blob_names(_room(box), after, limit)

    def drop(self, store: Storage, box: Box, name: str) -> bool:
        """Take a file out; tells whether it was there."""
        with self.lock:
            boxes = self._of(store, box.owner)
            size = store.blob_size(_room(box), name)
            if size is None:
                return False
            store.drop_blob(_room(box), name)
            used = boxes[box]
            used.files -= 1
            used.bytes -= size
            if not used.files:
                del boxes[box]
            return True

    def owned(self, store: Storage, kind: Kind, owner: str) -> list[str]:
        """The other ends of an owner's boxes of a kind, in order."""
        with self.lock:
            boxes = list(self._of(store, owner))
        return sorted(one.other for one in boxes if one.kind == kind)

    def owners(self, store: Storage, kind: Kind, other: str) -> list[str]:
        """The owners of boxes of a kind with this account at the other end."""
        with self.lock:
            everything = self._all(store)
            return sorted(
                owner
                for owner, boxes in everything.items()
                if Box(kind, owner, other) in boxes
            )

    def _all(self, store: Storage) -> dict[str, dict[Box, _Used]]:
        if self._used is None:
            found: dict[str, dict[Box, _Used]] = {}
            for room, files, size in store.blob_totals(PREFIX):
                box = _box(room)
                if box is not None:
                    found.setdefault(box.owner, {})[box] = _Used(files, size)
            self._used = found
        return self._used

    def _of(self, store: Storage, owner: str) -> dict[Box, _Used]:
        return self._all(store).setdefault(owner, {})

    def _expect_place(
        self,
        boxes: dict[Box, _Used],
        box: Box,
        before: int | None,
        size: int,
        agency_of: Callable[[str], str],
    ) -> None:
        bounds, used = self.bounds, boxes.get(box, _Used())
        inbox, more = box.kind == "inbox", size - (before or 0)
        most = bounds.inbox_files if inbox else bounds.files
        if before is None and used.files >= most:
            raise _full("box.files", f"at most {most} files in a box", box)
        if inbox:
            kept, most = used.bytes, bounds.inbox_bytes
        else:
            own = [one for one in boxes if one.kind != "inbox"]
            kept, most = sum(boxes[one].bytes for one in own), bounds.total
        if more > 0 and kept + more > most:
            raise _full("box.bytes", f"at most {most} bytes", box)
        if box in boxes:
            return
        if inbox:
            sender, most = agency_of(box.other), bounds.senders
            count = sum(
                one.kind == "inbox" and agency_of(one.other) == sender for one in boxes
            )
        else:
            count, most = len(own), bounds.boxes
        if count >= most:
            raise _full("box.boxes", f"at most {most} boxes", box)


def _full(rule: str, expected: str, box: Box) -> OutOfRange:
    return OutOfRange(
        f"expected {expected}, found that one more would be too many",
        fix=f"{box.owner} takes out what is done with, by signing in and syncing.",
        detail={"rule": rule},
    )


def _room(box: Box) -> str:
    return f"{PREFIX}{box.kind}/{box.owner}/{box.other}"


def _box(room: str) -> Box | None:
    parts = room.removeprefix(PREFIX).split("/")
    return Box.of(*parts) if len(parts) == 3 else None
