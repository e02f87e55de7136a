"""The process that computes: started by `session` for one job, gone with it.

It gets a Unix socket and nothing else: no environment, no arguments that tell
anything. Through it come the job's place, the secret request in a memory file, and
sockets whose other ends are strangers. Everything that it needs is imported, and
its walls are up (`wasm.confine`), before the first byte of a stranger is read.

    setup ─► import ─► walls ─► meet ─► work(link, keys, request) ─► settle ─► result

A result leaves after all three nodes agreed on the transcript, and not before.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any, Final

from privshare.errors import PrivShareError
from privshare.jobs.mpc.control import Control, read_file, report_of
from privshare.jobs.mpc.meeting import Seat, Tls, meet
from privshare.jobs.mpc.session_key import SessionKeys
from privshare.jobs.mpc.stream_link import StreamLink, Times
from privshare.jobs.mpc.tls import Identity
from privshare.jobs.wasm import confine
from privshare.wire.canonical import b64u, unb64u

__all__ = ["Work", "attend", "main"]

#: A program between nodes: what it gets, and the bytes that come of it.
Work = Callable[[StreamLink, SessionKeys, memoryview], bytes]

_PR_SET_PDEATHSIG: Final = 1
_SEED_BYTES: Final = 32
_HOME: Final = "privshare."


def main(descriptor: int, parent: int) -> None:
    """Compute one job, told over a descriptor; never returns."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before this was asked
        os._exit(3)
    control = Control(socket.socket(fileno=descriptor))
    attend(control, walls=True)
    os._exit(0)


def attend(control: Control, *, walls: bool, work: Work | None = None) -> None:
    """Take a seat, compute, and say what came of it.

    Args:
        control: The process's end.
        walls: Put up the walls: this process is for one job.
        work: What to compute; None: what the setup names.
    """
    try:
        data, request = control.setup()
        setup = json.loads(data)
        result, report = _attend(control, setup, request, walls, work)
    except BaseException as error:
        with contextlib.suppress(OSError):  # the node is gone
            control.say(b"e" + json.dumps(report_of(error)).encode()[:60_000])
        if not isinstance(error, Exception):
            raise
        return
    with contextlib.suppress(OSError):  # it wanted no more of it
        control.result(result, json.dumps(report).encode())


def _attend(
    control: Control,
    setup: dict[str, Any],
    descriptor: int,
    walls: bool,
    given: Work | None,
) -> tuple[bytes, dict[str, object]]:
    work = given or _find(setup["program"])
    seat = Seat(
        unb64u(setup["job"], 32),
        setup["index"],
        tuple(unb64u(pin, 32) for pin in setup["pins"]),
    )
    secret = read_file(descriptor)
    tls = Tls(Identity.from_seed(seat.job, bytes(secret[:_SEED_BYTES])))
    request = memoryview(secret)[_SEED_BYTES:]
    standing = []
    if walls:
        seconds = max(1, int(setup["cpu_s"]))
        standing = confine.confine(setup["memory"], seconds, talking=True)
    times = Times(setup["silence_s"], time.monotonic() + setup["left_s"])
    notary = control if setup["notary"] else None
    link, keys = meet(seat, tls, control, times, setup["meet_s"], os.urandom, notary)
    began = time.process_time()
    try:
        result, root = _compute(link, keys, request, work)
    finally:
        link.close()
    report: dict[str, object] = {
        "received": link.received_bytes,
        "root": b64u(root),
        "rounds": link.rounds,
        "sent": link.sent_bytes,
        "walls": standing,
        "cpu_s": time.process_time() - began,
    }
    return result, report


def _compute(
    link: StreamLink, keys: SessionKeys, request: memoryview, work: Work
) -> tuple[bytes, bytes]:
    try:
        result = work(link, keys, request)
        return result, link.settle()
    except PrivShareError as error:
        link.tell(error)
        raise
    except BaseException:
        link.tell(PrivShareError("stopped", detail={"rule": "mpc.stopped"}))
        raise


def _find(name: str) -> Work:
    """A function of this package, by "module:function"."""
    module, _, function = name.partition(":")
    if not module.startswith(_HOME):
        raise ImportError(f"expected a program of this package, found {module}")
    work: Work = getattr(importlib.import_module(module), function)
    return work
