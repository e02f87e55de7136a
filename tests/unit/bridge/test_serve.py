"""A bridge as a process: alone in its folder, patient, ended by a signal."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from privshare.bridge.serve import MAX_PAUSE_S, alone, serve, stopped_by_signals
from privshare.errors import Conflict, Unavailable


class Stop(threading.Event):
    """Counts pauses instead of waiting; ends after some."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self.most = most

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        if len(self.pauses) == self.most:
            self.set()
        return self.is_set()


def failing(times: int, error: Exception) -> Callable[[], None]:
    """Work that fails at first."""
    left = times

    def work() -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise error

    return work


@pytest.mark.parametrize("error", [Unavailable("away"), ValueError("PySyft's")])
def test_a_round_that_fails_is_done_again_later(error: Exception) -> None:
    """Each time after twice as long, up to a minute; then as before."""
    stop = Stop(12)
    serve(failing(8, error), stop, interval_s=1.0)
    assert stop.pauses[0] >= 1.6
    assert MAX_PAUSE_S * 0.8 <= max(stop.pauses) <= MAX_PAUSE_S * 1.2
    assert stop.pauses[-1] <= 1.2


def test_one_round_raises_what_is_wrong() -> None:
    """For a clock that starts it, and for a first try."""
    with pytest.raises(Unavailable):
        serve(failing(1, Unavailable("away")), Stop(1), once=True)
    done = Stop(1)
    serve(failing(0, Unavailable("")), done, once=True)
    assert not done.pauses


def test_two_bridges_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second says what is wrong; when the first has ended it may."""
    with alone(tmp_path / "bridge"):
        second = alone(tmp_path / "bridge")
        with pytest.raises(Conflict, match="another bridge"):
            second.__enter__()
    with alone(tmp_path / "bridge"):
        pass


def test_a_signal_ends_it_after_the_round() -> None:
    """The first one asks, the second one insists; afterwards all is as before."""
    before = signal.getsignal(signal.SIGTERM)
    with stopped_by_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
    assert signal.getsignal(signal.SIGTERM) is before
