"""The process that computes for a job: what it can still do, and what not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

#: Puts up the walls, then tries each thing; prints a letter for what went well.
PROGRAM = """
import os, select, socket, sys, threading, time
from privshare.jobs.wasm import confine
pair = socket.socketpair()
near = socket.socket()
far = socket.create_server(("127.0.0.1", 0))
walls = confine.confine(1 << 30, 20, talking=True)

def tried(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    except RuntimeError:
        return "RuntimeError"
    return "done"

def thread():
    one = threading.Thread(target=lambda: pair[0].send(b"x"))
    one.start()
    one.join()
    assert pair[1].recv(1) == b"x"

def poll():
    made = select.poll()
    made.register(pair[0], select.POLLIN)
    made.poll(1)

print("+".join(walls))
for action in (
    thread,
    poll,
    lambda: time.sleep(0.001),
    lambda: os.urandom(8),
    lambda: open("/etc/passwd"),
    lambda: open("/tmp/privshare-walls", "w"),
    lambda: socket.socket(),
    lambda: near.connect(far.getsockname()),
    lambda: near.bind(("127.0.0.1", 0)),
    lambda: os.fork(),
    lambda: os.kill(os.getppid(), 0),
    lambda: os.execv("/bin/true", ["true"]),
):
    print(tried(action), flush=True)
"""


def test_walls_of_a_process_that_talks() -> None:
    """It computes, waits and talks; it opens, connects and starts nothing."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ.get("PATH", "")},
        timeout=60,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    assert lines[1:5] == ["done"] * 4, done.stdout + done.stderr
    if "seccomp" not in lines[0]:
        pytest.skip("no seccomp on this machine")
    refused = lines[5:]
    assert len(refused) == 8, done.stdout
    assert set(refused) == {"PermissionError"}
