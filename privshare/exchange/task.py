"""Work that goes on between two calls of a peer.

Encrypting a column takes minutes, an HTTP call should not. A peer that asks
for such work starts it and asks again; the same question never starts it
twice. Tasks live in memory: after a restart the next question starts afresh,
and what a task finished is in the storage.

>>> tasks = Tasks()
>>> task = tasks.start("column", lambda task: task.tell(3, 3))
>>> task.wait(5.0)
True
>>> task.done, task.total
(3, 3)
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from privshare.errors import PrivShareError, Unavailable

__all__ = ["Task", "Tasks"]


class Task:
    """One piece of work, with its progress and how it ended."""

    def __init__(self) -> None:
        self.done = 0
        self.total = 0
        self.error: PrivShareError | None = None
        self._ended = threading.Event()
        self._stop = threading.Event()

    def tell(self, done: int, total: int) -> None:
        """Say how far the work is.

        Raises:
            Unavailable: Somebody asked it to stop.
        """
        self.done, self.total = done, total
        if self._stop.is_set():
            raise Unavailable("expected to go on, found a request to stop")

    def stop(self) -> None:
        """Ask the work to end at its next `tell`."""
        self._stop.set()

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within this time."""
        return self._ended.wait(timeout_s)

    def run(self, work: Callable[[Task], None]) -> None:
        """Do the work and remember how it ended; never raises."""
        try:
            work(self)
        except PrivShareError as error:
            self.error = error
        except Exception as error:  # the thread's end: whoever waits is told
            self.error = Unavailable(
                f"expected the work to end well, found {type(error).__name__}"
            )
        finally:
            self._ended.set()


class _Turns:
    """A lock, and how many threads have it or wait for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.threads = 0


class Tasks:
    """The work under way at one node."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: dict[str, Task] = {}
        self._locks: dict[str, _Turns] = {}

    def start(self, name: str, work: Callable[[Task], None]) -> Task:
        """Start work under a name, or return the task that has it already."""
        with self._lock:
            task = self._tasks.get(name)
            if task is None:
                task = self._tasks[name] = Task()
                threading.Thread(
                    target=task.run, args=(work,), name=name[:40], daemon=True
                ).start()
            return task

    def find(self, name: str) -> Task | None:
        """The task of this name, or None."""
        with self._lock:
            return self._tasks.get(name)

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """Let one thread at a time in under a name; the others wait."""
        with self._lock:
            turns = self._locks.setdefault(name, _Turns())
            turns.threads += 1
        try:
            with turns.lock:
                yield
        finally:
            with self._lock:
                turns.threads -= 1
                if not turns.threads:
                    del self._locks[name]

    def forget(self, name: str) -> None:
        """Drop a task; the next `start` begins again."""
        with self._lock:
            task = self._tasks.pop(name, None)
        if task is not None:
            task.stop()

    @property
    def subjects(self) -> frozenset[str]:
        """What the work is for: names up to their first slash."""
        with self._lock:
            return frozenset(name.partition("/")[0] for name in self._tasks)

    def end(self, subject: str) -> None:
        """Drop all tasks for something that is over."""
        with self._lock:
            names = [one for one in self._tasks if one.partition("/")[0] == subject]
        for name in names:
            self.forget(name)
