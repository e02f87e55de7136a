"""Where approved code runs at this node, and how much of it at a time.

    services/node  settings ─► Gate ─► Node.gate ─► gate_run

A node without one takes no submissions; it may still enrol accounts, approve
what others are asked to run, and have rights exercised elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from privshare.jobs.submission.execute import Ran
    from privshare.jobs.submission.rule import GateRule
    from privshare.jobs.submission.tree import Submission

__all__ = ["Gate", "Sandbox"]


class Sandbox(Protocol):
    """Runs a submission over rows; `jobs.submission.execute.execute` is one."""

    def __call__(
        self,
        submission: Submission,
        entry: str,
        rows: bytes,
        name: str,
        rule: GateRule,
        site: tuple[Path, ...],
    ) -> Ran: ...


def _execute(
    submission: Submission,
    entry: str,
    rows: bytes,
    name: str,
    rule: GateRule,
    site: tuple[Path, ...],
) -> Ran:
    from privshare.jobs.submission.execute import execute  # noqa: PLC0415 - gates alone

    return execute(submission, entry, rows, name, rule, site)


def _walls() -> bool:
    from privshare.jobs.submission.sandbox import available  # noqa: PLC0415

    return available()


@dataclass(frozen=True, slots=True)
class Gate:
    """What a node that runs approved code has for it.

    Attributes:
        site: Folders of packages that code may import.
        most: How many run at a time.
        sandbox: Runs one.
        ready: Whether the sandbox can stand on this machine.
    """

    site: tuple[Path, ...] = ()
    most: int = 1
    sandbox: Sandbox = field(default=_execute, repr=False)
    ready: Callable[[], bool] = field(default=_walls, repr=False)
    _places: threading.Semaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", threading.Semaphore(self.most))

    def take(self) -> bool:
        """Take a place, if one is free."""
        return self._places.acquire(blocking=False)

    def give_back(self) -> None:
        """Give a place back."""
        self._places.release()
