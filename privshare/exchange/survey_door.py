"""What an aggregator remembers of a survey's reports while its node runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

__all__ = ["Door"]


@dataclass(slots=True)
class Door:
    """What an aggregator remembers of reports while the node runs.

    Built again from the storage after a restart, but for `refused`: what was
    refused at the door since the last job is forgotten by a crash.

    Attributes:
        lock: Held while a report is taken in, and never during a call.
        moving: Held while jobs move; taken before `lock`.
        seen: Ids of all reports that were taken in.
        next: The number of the next upload.
        refused: Reports refused at the door since the last job, by reason.
    """

    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    moving: threading.RLock = field(default_factory=threading.RLock, repr=False)
    seen: set[bytes] = field(default_factory=set, repr=False)
    next: int = 0
    refused: tuple[int, ...] = ()
    ready: bool = False
