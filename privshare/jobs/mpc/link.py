"""The way between three nodes, as the engine sees it.

    engine ─► round(label, what to send, how much to receive) ─► what came

`stream_link.StreamLink` is the real one, over TLS. `MemoryLink` joins three
threads of one process, for tests, benches and calibration.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from privshare.jobs.mpc.abort import abort

__all__ = ["Link", "MemoryLink", "memory_links", "run3"]

T = TypeVar("T")


class Link(Protocol):
    """One node's way to both others."""

    index: int

    def round(
        self,
        label: str,
        to_previous: Any,
        to_next: Any,
        from_previous: int,
        from_next: int,
    ) -> tuple[memoryview, memoryview]:
        """Send to both, and receive exactly what was announced from both."""
        ...

    def agree(self, label: str, digest: bytes) -> None:
        """All three hold the same 32 bytes, or it raises `mpc.transcript`."""
        ...

    def settle(self) -> bytes:
        """The digest of everything that was sent, equal at all three."""
        ...


class MemoryLink:
    """A link between threads.

    Args:
        index: This node.
        boxes: A queue for each (sender, receiver).
        timeout_s: After which a neighbour is silent.
    """

    def __init__(
        self,
        index: int,
        boxes: dict[tuple[int, int], queue.SimpleQueue[tuple[str, bytes]]],
        timeout_s: float,
    ) -> None:
        self.index = index
        self.rounds = 0
        self.sent_bytes = 0
        self._boxes = boxes
        self._timeout_s = timeout_s
        self._before, self._after = (index + 2) % 3, (index + 1) % 3
        self._views = {
            (one, other): hashlib.sha256()
            for one, other in boxes
            if index in (one, other)
        }

    def round(
        self,
        label: str,
        to_previous: Any,
        to_next: Any,
        from_previous: int,
        from_next: int,
    ) -> tuple[memoryview, memoryview]:
        """See `Link`."""
        self.rounds += 1
        for data, other in ((to_previous, self._before), (to_next, self._after)):
            raw = bytes(memoryview(data).cast("B")) if len(data) else b""
            if raw:
                self.sent_bytes += len(raw)
                self._views[self.index, other].update(raw)
                self._boxes[self.index, other].put((label, raw))
        came = [
            self._receive(label, other, size)
            for other, size in ((self._before, from_previous), (self._after, from_next))
        ]
        return came[0], came[1]

    def _receive(self, label: str, other: int, size: int) -> memoryview:
        if not size:
            return memoryview(b"")
        try:
            said, raw = self._boxes[other, self.index].get(timeout=self._timeout_s)
        except queue.Empty:
            abort("mpc.silent", "expected a message, found none")
        if said != label or len(raw) != size:
            abort(
                "mpc.order",
                f"expected {size} bytes of {label}, found {len(raw)} of {said}",
                party=other,
            )
        self._views[other, self.index].update(raw)
        return memoryview(raw)

    def agree(self, label: str, digest: bytes) -> None:
        """See `Link`."""
        before, after = self.round(label, digest, digest, len(digest), len(digest))
        for party, said in ((self._before, before), (self._after, after)):
            if bytes(said) != digest:
                abort(
                    "mpc.transcript",
                    f"expected the same {label} at all nodes, found another",
                    party=party,
                )

    def settle(self) -> bytes:
        """See `Link`."""
        mine = b"".join(self._views[pair].digest() for pair in sorted(self._views))
        before, after = self.round("settle", mine, mine, len(mine), len(mine))
        found: dict[tuple[int, int], bytes] = {}
        for holder, data in (
            (self.index, mine),
            (self._before, bytes(before)),
            (self._after, bytes(after)),
        ):
            pairs = sorted(pair for pair in self._boxes if holder in pair)
            for place, pair in enumerate(pairs):
                said = data[32 * place : 32 * place + 32]
                if found.setdefault(pair, said) != said:
                    abort(
                        "mpc.transcript",
                        f"expected {pair[0]} and {pair[1]} to have seen the same "
                        "messages, found otherwise",
                    )
        joined = b"".join(found[pair] for pair in sorted(found))
        return hashlib.sha256(joined).digest()


def memory_links(timeout_s: float = 30.0) -> tuple[MemoryLink, MemoryLink, MemoryLink]:
    """Three links, each joined to the two others."""
    boxes: dict[tuple[int, int], queue.SimpleQueue[tuple[str, bytes]]] = {
        (one, other): queue.SimpleQueue()
        for one in range(3)
        for other in range(3)
        if one != other
    }
    made = [MemoryLink(index, boxes, timeout_s) for index in range(3)]
    return made[0], made[1], made[2]


def run3(work: Callable[[MemoryLink], T], timeout_s: float = 30.0) -> list[T]:
    """Run the same work at three nodes in threads, and give what each returns.

    Raises:
        BaseException: The first that any of them raised, by order of nodes.
    """
    links: Sequence[MemoryLink] = memory_links(timeout_s)
    results: list[Any] = [None] * 3
    faults: list[BaseException | None] = [None] * 3

    def one(link: MemoryLink) -> None:
        try:
            results[link.index] = work(link)
        except BaseException as error:
            faults[link.index] = error

    threads = [threading.Thread(target=one, args=(link,)) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for fault in faults:
        if fault is not None:
            raise fault
    return results
