"""Nodes from a process that has imported their program already.

Importing it takes a second of a processor, and a demonstration starts four.
One process imports it while keys are being made; each node is forked from it
and from there on runs `privshare node serve FOLDER` as any other: its own
process, session, folder, keys and port.

    Nursery ── {"serve": folder, …} ─► nursery process ── fork ─► node
            ◄─────── {"pid": …} ──────

When the demonstration is killed, the kernel ends the nursery, and with it the
nodes (Linux).
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from privshare.errors import Unavailable

#: What `privshare node serve` imports.
PROGRAM = (
    "privshare.cli.application",
    "privshare.cli.node",
    "privshare.service.app",
    "privshare.exchange.mpc_deal",
    "privshare.exchange.mpc_node",
    "privshare.jobs.mpc.joint",
)

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02


class Child:
    """A node's process, a grandchild of this one."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self._nursery = nursery
        self._status: int | None = None

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        if self._status is None:
            self._status = self._nursery.ask({"poll": self.pid})["status"]
        return self._status

    def wait(self, timeout_s: float | None = None) -> int:
        """Its exit code, once there is one.

        Raises:
            subprocess.TimeoutExpired: It still runs.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout_s or 0)
            time.sleep(_POLL_S)
        return status

    def send_signal(self, number: int) -> None:
        """Signal it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


class Nursery:
    """The process that forks nodes.

    Args:
        folder: Of the demonstration, named on its command line.
    """

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", __name__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - calls prctl alone
        )

    def serve(self, folder: Path, log: Path, passphrase: str) -> Child:
        """Start a node.

        Raises:
            Unavailable: The nursery is gone.
        """
        wish = {"serve": str(folder), "log": str(log), "passphrase": passphrase}
        return Child(self, self.ask(wish)["pid"])

    def ask(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Send one line and read one."""
        into, out = self._process.stdin, self._process.stdout
        assert into is not None and out is not None  # both are pipes
        try:
            into.write(json.dumps(wish).encode() + b"\n")
            into.flush()
            line = out.readline()
        except OSError:
            line = b""
        if not line:
            raise Unavailable("expected the process that starts nodes, found it gone")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the nursery; call it when its nodes have ended."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def die_with_parent() -> None:
    """Let the kernel stop this process when its parent is killed (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def main() -> None:
    """Read wishes until there are no more. Then whoever still runs is stopped."""
    for name in PROGRAM:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    nodes: dict[int, int | None] = {}
    while line := _read_line():
        wish = json.loads(line)
        if "poll" in wish:
            answer = {"status": _poll(nodes, wish["poll"])}
        else:
            nursery = os.getpid()
            pid = os.fork()
            if pid == 0:
                _become_a_node(nursery, **wish)
            nodes[pid] = None
            answer = {"pid": pid}
        os.write(1, json.dumps(answer).encode() + b"\n")
    for pid in nodes:
        if _poll(nodes, pid) is None:
            os.kill(pid, signal.SIGTERM)


def _read_line() -> bytes:
    """One line of standard input, without buffers that a child would inherit."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return b""
        line += byte
    return line


def _poll(nodes: dict[int, int | None], pid: int) -> int | None:
    if nodes.get(pid) is None:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            nodes[pid] = os.waitstatus_to_exitcode(status)
    return nodes.get(pid)


def _become_a_node(nursery: int, serve: str, log: str, passphrase: str) -> None:
    """Do as `privshare node serve` in a process of its own. Does not return."""
    code = 70
    try:
        os.setsid()
        die_with_parent()
        if os.getppid() != nursery:  # it died before we asked to die with it
            os._exit(code)
        said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (said, 1), (said, 2)):
            os.dup2(source, target)
        os.environ["PRIVSHARE_PASSPHRASE"] = passphrase
        sys.argv = ["privshare", "node", "serve", serve]
        runpy.run_module("privshare", run_name="__main__")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
