"""A bridge as a process: one for a folder, patient, ended by a signal.

lock ─► round ─► pause ─► round ...    SIGTERM, SIGINT: end after this round
          └─ away: a longer pause, up to a minute
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from privshare.errors import Conflict, PrivShareError

__all__ = ["alone", "log_to_stderr", "serve", "stopped_by_signals"]

MAX_PAUSE_S: Final = 60.0
_LOCK: Final = "bridge.lock"

_LOG = logging.getLogger(__name__)


def serve(
    work: Callable[[], object],
    stop: threading.Event,
    *,
    interval_s: float = 2.0,
    once: bool = False,
) -> None:
    """Do rounds until told to stop.

    Args:
        work: One round.
        stop: Set when it is time to end.
        interval_s: From the end of a round to the next.
        once: One round, whose failure is raised.

    Raises:
        PrivShareError: With `once`, what the round raises.
    """
    pause_s = interval_s
    while not stop.is_set():
        try:
            work()
        except PrivShareError as error:
            if once:
                raise
            pause_s = _longer(pause_s, interval_s)
            _LOG.warning("%s: %s; again soon", error.name, ascii(error.message))
        except Exception as error:
            if once:
                raise
            # PySyft raises what it likes; a round that failed is done again.
            pause_s = _longer(pause_s, interval_s)
            _LOG.warning("%s in a round; again soon", type(error).__name__)
        else:
            pause_s = interval_s
        if once:
            return
        # Not in step with other bridges that found the same node away.
        stop.wait(pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - no secret


def _longer(pause_s: float, interval_s: float) -> float:
    return min(MAX_PAUSE_S, max(2 * pause_s, interval_s))


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder, so that no other bridge uses it meanwhile.

    Raises:
        Conflict: Another one does.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"expected {folder} to be free, found another bridge in it",
                fix="One bridge serves a folder; end the other, or give this one its "
                "own.",
            ) from None
        yield


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; a second one ends at once."""
    stop = threading.Event()

    def heed(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {one: signal.signal(one, heed) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def log_to_stderr(level: int = logging.INFO) -> None:
    """Write what the bridge does, a line each, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    ours = logging.getLogger("privshare.bridge")
    ours.addHandler(handler)
    ours.setLevel(level)
    ours.propagate = False
