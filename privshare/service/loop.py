"""Work that a node does again and again beside its requests.

    Loop("sync", 0.5, mirror.sync)     a member follows the log
    Loop("tick", 1.0, tick)            policies answer requests, receipts are made

A round that fails is logged by the error's name and tried again later; a loop
ends only when it is closed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from privshare.errors import PrivShareError
from privshare.service import log

_MAX_PAUSE_S = 30.0


class Loop:
    """One thread that repeats one piece of work.

    Args:
        name: For logs and `ready`.
        interval_s: From the end of a round to the next.
        work: The round.
    """

    def __init__(
        self, name: str, interval_s: float, work: Callable[[], object]
    ) -> None:
        self.name = name
        self.error = "it has not run yet"
        self.succeeded = 0.0
        self._interval_s = interval_s
        self._work = work
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Run a round now."""
        self._wake.set()

    def close(self, timeout_s: float = 10.0) -> None:
        """End after the present round."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        pause_s = self._interval_s
        while not self._closing:
            if self._round():
                pause_s = self._interval_s
            else:
                pause_s = min(_MAX_PAUSE_S, 2 * pause_s)
            self._wake.wait(pause_s)
            self._wake.clear()

    def _round(self) -> bool:
        try:
            self._work()
        except PrivShareError as error:
            self._failed(error.name, error)
        except Exception as error:
            self._failed(type(error).__name__, error)
        else:
            self.error = ""
            self.succeeded = monotonic()
            return True
        return False

    def _failed(self, name: str, error: Exception) -> None:
        if name != self.error:
            log.logger().warning(
                "round failed", loop=self.name, error=name, places=log.places(error)
            )
        self.error = name
