"""What the kernel does not count for a run, counted from outside.

Limits of a process bound its memory and its time. How many threads it has is
bounded by the kernel for an ordinary user and not for root; how many files it
makes in its small file system, each of which costs memory, is bounded by
nobody. So the process that waits for a run looks, a few times a second.

    sandbox ─► breach(pid of the wrapper) ─► None, or the rule that was broken

A bomb grows between two looks; the kernel's limits hold what it can do then.
Where the kernel does not let it look, time alone bounds the files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from privshare.jobs.submission.walls import MAX_TASKS

__all__ = ["INTERVAL_S", "MAX_MADE", "breach"]

#: Seconds between two looks.
INTERVAL_S: Final = 0.05
#: Files and folders that a run may make.
MAX_MADE: Final = 20_000

_MAX_TREE: Final = 64


def breach(wrapper: int, home: str) -> str | None:
    """The rule that a run breaks now: run.threads or run.disk.

    Args:
        wrapper: The process that was started; the run is below it.
        home: The folder inside that it may write to.
    """
    for pid in _below(wrapper):
        if _threads(pid) > MAX_TASKS:
            return "run.threads"
        if _made(pid, home) > MAX_MADE:
            return "run.disk"
    return None


def _below(pid: int) -> Iterator[int]:
    """All processes below this one."""
    waiting, seen = [pid], 0
    while waiting and seen < _MAX_TREE:
        parent = waiting.pop()
        seen += 1
        try:
            with open(f"/proc/{parent}/task/{parent}/children", "rb") as file:
                children = [int(one) for one in file.read(4096).split()]
        except (OSError, ValueError):  # it ended while we looked
            continue
        yield from children
        waiting += children


def _threads(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}/task").st_nlink - 2
    except OSError:
        return 0


def _made(pid: int, home: str) -> int:
    """Files in its small file system, where it has it mounted by now."""
    root = f"/proc/{pid}/root"
    try:
        if os.stat(f"{root}{home}").st_dev == os.stat(f"{root}/").st_dev:
            return 0
        found = os.statvfs(f"{root}{home}")
    except OSError:
        return 0
    return found.f_files - found.f_ffree
