"""The joins that a node holds while they run, by the job's id. In memory alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, NoReturn

from privshare.errors import Conflict, StepNotAllowed

if TYPE_CHECKING:
    from privshare.exchange.join_match import Match

__all__ = ["MAX_JOINS", "MAX_MESSAGE", "MAX_MESSAGES", "Matches", "gone"]

#: Bytes of a message as it is pushed.
MAX_MESSAGE = 2 << 20
#: Messages that one owner may send in a join.
MAX_MESSAGES = 1 << 16

#: Joins that a node holds at a time; each holds two sets.
MAX_JOINS = 8


@dataclass(slots=True, repr=False)
class Matches:
    """The joins that a node holds, by the job's id."""

    _held: dict[str, Match] = field(default_factory=dict)
    _making: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def add(self, job: str, make: Callable[[], Match]) -> Match:
        """Hold a join; the one held already, if there is one.

        Making one takes minutes for large sets, and holds no other join up.

        Raises:
            Conflict: The node holds as many as it can.
            StepNotAllowed: It was dropped while it was made, rule join.gone.
        """
        with self._lock:
            held = self._held.get(job)
            if held is not None:
                return held
            busy = len(self._held) + len(self._making) >= MAX_JOINS
            if busy or job in self._making:
                raise Conflict(
                    f"expected at most {MAX_JOINS} joins at a time, found more",
                    fix="Ask again once another join has ended.",
                    detail={"rule": "join.busy"},
                )
            self._making.add(job)
        made = None
        try:
            made = make()
        finally:
            with self._lock:
                wanted = job in self._making
                self._making.discard(job)
                if made is not None and wanted:
                    self._held[job] = made
        if not wanted:
            made.close()
            gone()
        return made

    def find(self, job: str) -> Match:
        """The join of this job.

        Raises:
            StepNotAllowed: The node holds none, as after a restart; rule
                join.gone.
        """
        with self._lock:
            held = self._held.get(job)
        if held is None:
            gone()
        return held

    def drop(self, job: str) -> None:
        """Forget a join and its secrets."""
        with self._lock:
            self._making.discard(job)
            held = self._held.pop(job, None)
        if held is not None:
            held.close()

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs that have one."""
        with self._lock:
            return (*self._held, *self._making)


def gone() -> NoReturn:
    """Say that this node takes part in no such join, or not any more.

    Raises:
        StepNotAllowed: Always, rule join.gone.
    """
    raise StepNotAllowed(
        "join: expected one that this node takes part in, found none, or one that "
        "ended",
        fix="Ask again with a new job: what a join needs outlives no restart.",
        detail={"rule": "join.gone"},
    )
