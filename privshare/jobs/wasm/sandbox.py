"""The outer walls: the runtime in a process of its own, as alone as possible.

With bubblewrap the child has namespaces of its own: no network, no processes,
no files but the interpreter, the runtime and this package, all read-only. In
it, or without it, the child puts up Landlock and seccomp (`confine`). Each is
used where the machine has it, and the answer says which, because a result is
worth what its walls were.

The job goes in through a sealed memory file, so what was checked is what is
read; the answer comes out of a pipe, bounded in bytes and in time.

    run     job ─► memfd, sealed ─► child ─► pipe ─► Answer
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from privshare.jobs.wasm.closure import refuse
from privshare.wire.canonical import Encodable

_SEALS: Final = (
    fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
)
_INNER: Final = ("landlock", "seccomp")
_MAX_REPORT: Final = 1 << 16
_PIPE: Final = 1 << 20
_PACKAGE: Final = Path(__file__).resolve().parents[2]
_START: Final = (
    "import sys; sys.path += sys.argv[3:]; "
    "from privshare.jobs.wasm import child; "
    "child.main(int(sys.argv[1]), int(sys.argv[2]))"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the child reported.

    Attributes:
        report: Its header: `walls`, and `rule` when it stopped.
        output: The bytes after it.
        walls: Everything that stood around it, as "bubblewrap+seccomp", or
            "none".
    """

    report: Mapping[str, Any]
    output: bytes
    walls: str


def ask(
    header: Mapping[str, Encodable],
    parts: Sequence[bytes],
    *,
    most: int,
    seconds: float,
) -> Answer:
    """Have the child do one job.

    Args:
        header: What to do; see `child`.
        parts: The module or its compiled form, then its input.
        most: Bytes of output beyond which the child is killed.
        seconds: After which it is killed.

    Raises:
        RunRefused: Rule run.time, run.output, or run.sandbox: a child that
            died without an answer, such as one that the kernel stopped.
    """
    head = json.dumps({**header, "parts": [len(part) for part in parts]}).encode()
    job = _sealed((len(head).to_bytes(8, "little"), head, *parts))
    answer, inlet = os.pipe()
    try:
        wrapper = _wrapper()
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [*wrapper, *_interpreter(), str(job), str(inlet), *_paths()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            pass_fds=(job, inlet),
            start_new_session=True,
        )
        os.close(inlet)
        inlet = -1
        try:
            data = _collect(answer, most + _MAX_REPORT + 8, seconds)
        finally:
            _end(process)
    finally:
        for descriptor in (job, answer, inlet):
            if descriptor >= 0:
                os.close(descriptor)
    return _read_answer(data, most, bool(wrapper))


def _sealed(parts: Sequence[bytes]) -> int:
    """A memory file of these parts that nobody can change any more."""
    descriptor = os.memfd_create("job", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        for part in parts:
            view = memoryview(part)
            while view:
                view = view[os.write(descriptor, view) :]
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _collect(descriptor: int, most: int, seconds: float) -> bytes:
    deadline = time.monotonic() + seconds
    data = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                refuse(
                    "run.time",
                    f"expected an answer within {seconds} s, found none",
                    fix="Allow less fuel or more time.",
                )
            part = os.read(descriptor, _PIPE)
            if not part:
                return bytes(data)
            data += part
            if len(data) > most:
                refuse("run.output", f"expected at most {most} bytes, found more")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what may be left of it: the wrapper takes its child along."""
    try:
        process.wait(timeout=0.05)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read_answer(data: bytes, most: int, wrapped: bool) -> Answer:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > _MAX_REPORT or 8 + length > len(data):
        refuse(
            "run.sandbox",
            "expected a report from the process that runs the program, found that it "
            "died before",
        )
    try:
        report = json.loads(data[8 : 8 + length])
        walls = [wall for wall in _INNER if wall in report["walls"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        refuse("run.sandbox", "expected a report in JSON, found something else")
    output = data[8 + length :]
    if len(output) > most:
        refuse("run.output", f"expected at most {most} bytes, found {len(output)}")
    standing = (["bubblewrap"] if wrapped else []) + walls
    return Answer(report, output, "+".join(standing) or "none")


def _interpreter() -> tuple[str, ...]:
    """Isolated: no environment, no site, no directory of the user's."""
    return (_executable(), "-I", "-S", "-B", "-c", _START)


@functools.cache
def _executable() -> str:
    return os.path.realpath(sys.executable)


@functools.cache
def _paths() -> tuple[str, ...]:
    """Where the package and the runtime stand."""
    spec = find_spec("wasmtime")
    if spec is None or not spec.origin:
        refuse("run.sandbox", "expected wasmtime beside this package, found none")
    return (str(_PACKAGE.parent), str(Path(spec.origin).parents[1]))


@functools.cache
def _wrapper() -> tuple[str, ...]:
    """bubblewrap with its arguments, or nothing where it does not work.

    Tried once: in some containers it is installed and may not make
    namespaces. Then the child's own walls are all there is, and it says so.

    Raises:
        RunRefused: It gave no answer this time (`run.sandbox`).
    """
    program = shutil.which("bwrap")
    if program is None:
        return ()
    arguments = (program, *_arguments())
    try:
        done = subprocess.run(  # noqa: S603
            [*arguments, _executable(), "-I", "-S", "-c", "pass"],
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
            check=False,
        )
    except subprocess.TimeoutExpired:  # a busy machine: no reason to do without
        refuse("run.sandbox", "expected an answer of bubblewrap in 10 s, found none")
    except OSError:
        return ()
    return arguments if done.returncode == 0 else ()


def _arguments() -> tuple[str, ...]:
    package, runtime = _paths()
    shown = [
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        sys.base_prefix,
        os.path.join(runtime, "wasmtime"),
        os.path.join(package, "privshare"),
    ]
    binds: list[str] = []
    for path in shown:
        if os.path.islink(path):
            binds += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            binds += ["--ro-bind", path, path]
    return (
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--cap-drop",
        "ALL",
        *binds,
        "--chdir",
        "/",
        "--",
    )
