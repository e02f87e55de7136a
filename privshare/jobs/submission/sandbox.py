"""Run submitted Python once, over rows that its author may not see.

In namespaces of its own (bubblewrap): no network, no other process, no file but
the interpreter's, those of named packages, and what was laid out for it in a
small file system in memory. Inside, a filter of system calls (`walls`): no
socket, no second process. Without both it does not run.

This keeps a submission from everything but its rows and its outputs. It does
not prove to anybody else what ran: the class of such a run is `software`, and
what leaves is for the output rule to judge, not for this.

    Script, contents by path ─► run ─► Ran: outputs, exit, what stood around it
"""

from __future__ import annotations

import builtins
import fcntl
import functools
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from privshare.errors import ConfigError, RunRefused
from privshare.jobs.submission import walls, watch
from privshare.jobs.submission.limits import Limits
from privshare.jobs.wasm.closure import refuse

__all__ = ["Limits", "Ran", "Script", "available", "run"]

HOME: Final = "/submitted"
_MAX_REPORT: Final = 1 << 20
_PIPE: Final = 1 << 20
_SEALS: Final = (
    fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,119}")
_PACKAGE: Final = Path(__file__).resolve().parents[2]
_START: Final = (
    "import sys; sys.path += sys.argv[3:]; "
    "from privshare.jobs.submission import child; "
    "child.main(int(sys.argv[1]), int(sys.argv[2]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What to run.

    Attributes:
        entry: The file that is run, from `home`.
        home: The folder it runs in, below /submitted.
        contents: Path below /submitted to bytes: code, and rows. Secret.
        outputs: The folder below `home` that it leaves its outputs in.
        environment: All of its environment variables.
        site: Folders of packages that it may import.
    """

    entry: str
    home: str
    contents: Mapping[str, bytes] = field(repr=False)
    outputs: str = "outputs"
    environment: Mapping[str, str] = field(default_factory=dict)
    site: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended well.

    Attributes:
        outputs: Name to bytes. What it wrote; nothing has judged it yet.
        log: The end of what it printed, for the owner alone.
        walls: What stood around it: "bubblewrap+seccomp".
        seconds: Of wall-clock time.
        python: Version of the interpreter; empty where nobody asked for it.
        packages: Name and version of packages that it could import, in order.
    """

    outputs: Mapping[str, bytes] = field(repr=False)
    log: bytes = field(repr=False)
    walls: str
    seconds: float
    python: str = ""
    packages: tuple[tuple[str, str], ...] = ()


def available() -> bool:
    """Whether this machine can run submissions; false if it is too busy to tell."""
    try:
        return bool(_wrapper())
    except RunRefused:
        return False


def run(script: Script, limits: Limits | None = None) -> Ran:
    """Run a submission.

    Args:
        script: What to run.
        limits: What it may take.

    Raises:
        RunRefused: `detail["rule"]` is run.time, run.memory, run.threads,
            run.disk (more files than `watch` allows), run.exit (with the name
            of the exception where it is one of Python's, never its text),
            run.output, or run.sandbox: it died, or a wall is missing on this
            machine.
        ConfigError: bubblewrap is missing or may not make namespaces.
    """
    bounds, began = limits or Limits(), time.monotonic()
    if not _wrapper():
        raise ConfigError(
            "expected bubblewrap that may make namespaces, found none",
            fix="apt install bubblewrap, on a kernel that allows user namespaces.",
        )
    job = _sealed(_laid_out(script, bounds))
    answer, inlet = os.pipe()
    process = None
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [
                *_wrapper(),
                *_places(script.site, bounds),
                *_interpreter(),
                *(str(job), str(inlet), str(_PACKAGE.parent)),
            ],
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
        most = bounds.output + 2 * _MAX_REPORT
        data = _collect(answer, most, began + bounds.seconds, process.pid)
    finally:
        status = 0 if process is None else _end(process)
        for descriptor in (job, answer, inlet):
            if descriptor >= 0:
                os.close(descriptor)
    return _read(data, bounds, status, time.monotonic() - began)


def _laid_out(script: Script, limits: Limits) -> Sequence[bytes]:
    head = {
        "entry": script.entry,
        "environment": {
            "HOME": HOME,
            "TMPDIR": os.path.join(HOME, "scratch"),
            **script.environment,
        },
        "file_bytes": limits.disk,
        "files": limits.files,
        "home": os.path.join(HOME, script.home),
        "laid": [
            [os.path.join(HOME, path), len(data)]
            for path, data in script.contents.items()
        ],
        "memory": limits.memory,
        "output": limits.output,
        "outputs": script.outputs,
        "seconds": limits.seconds,
        "site": [str(one) for one in script.site],
    }
    data = json.dumps(head).encode()
    return (len(data).to_bytes(8, "little"), data, *script.contents.values())


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


def _collect(descriptor: int, most: int, deadline: float, wrapper: int) -> bytes:
    data = bytearray()
    look = 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if now >= deadline:
                refuse("run.time", "expected an end in time, found none")
            if now >= look:
                _check(watch.breach(wrapper, HOME))
                look = time.monotonic() + watch.INTERVAL_S
            if not selector.select(min(watch.INTERVAL_S, deadline - now)):
                continue
            part = os.read(descriptor, _PIPE)
            if not part:
                return bytes(data)
            data += part
            if len(data) > most:
                refuse("run.output", "expected outputs within the limit, found more")


def _check(broken: str | None) -> None:
    if broken == "run.threads":
        refuse(broken, f"expected at most {walls.MAX_TASKS} threads, found more")
    if broken is not None:
        refuse(broken, f"expected at most {watch.MAX_MADE} files, found more")


def _end(process: subprocess.Popen[bytes]) -> int:
    """Kill what may be left of it: the wrapper takes its child along."""
    try:
        return process.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def _read(data: bytes, limits: Limits, status: int, seconds: float) -> Ran:
    first, rest = _report(data)
    standing = first.get("walls")
    if standing != ["seccomp"]:
        refuse("run.sandbox", "expected a filter of system calls, found none")
    if status == 128 + signal.SIGXCPU:
        refuse("run.time", "expected an end in time, found none")
    report, rest = _report(rest)
    exit_code, fault = report.get("exit"), report.get("fault")
    if fault == "MemoryError":
        refuse("run.memory", f"expected less than {limits.memory} bytes, found more")
    if exit_code != 0:
        refuse(
            "run.exit",
            f"expected the program to end well, found {_fault(fault)}",
            fix="Try it on the mock rows; its owner can read what it printed.",
        )
    sizes = _sizes(report, limits)
    log = report.get("log")
    if type(log) is not int or not 0 <= log <= len(rest):
        refuse("run.sandbox", "expected a report, found another form")
    outputs, at = {}, log
    for name, size in sizes:
        outputs[name] = rest[at : at + size]
        at += size
    if at != len(rest):
        refuse("run.sandbox", "expected a report, found another form")
    return Ran(outputs, rest[:log], "bubblewrap+seccomp", seconds)


def _fault(name: object) -> str:
    """The name of one of Python's errors: one that it chose could tell rows."""
    known = getattr(builtins, name, None) if isinstance(name, str) else None
    if isinstance(known, type) and issubclass(known, BaseException):
        return known.__name__
    return "an error of its own" if name else "another exit code"


def _report(data: bytes) -> tuple[dict[str, Any], bytes]:
    end = 8 + int.from_bytes(data[:8], "little")
    if not 8 < end <= min(len(data), 8 + _MAX_REPORT):
        refuse("run.sandbox", "expected a report, found that it died before")
    try:
        found = json.loads(data[8:end])
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        refuse("run.sandbox", "expected a report in JSON, found something else")
    return found, data[end:]


def _sizes(report: Mapping[str, Any], limits: Limits) -> list[tuple[str, int]]:
    """Names and sizes of the outputs, within the limits."""
    listed, found = report.get("outputs"), []
    if not isinstance(listed, list) or len(listed) > limits.files:
        refuse("run.output", f"expected at most {limits.files} outputs, found more")
    for one in listed:
        match one:
            case [str(name), int(size)] if _NAME.fullmatch(name) and size > 0:
                found.append((name, size))
            case _:
                refuse(
                    "run.output",
                    "expected plain files with plain names that are not empty, found "
                    "others",
                )
    if sum(size for _, size in found) > limits.output:
        refuse("run.output", f"expected at most {limits.output} bytes, found more")
    if len({name for name, _ in found}) != len(found):
        refuse("run.output", "expected each output once, found one twice")
    return found


# -- the outer walls -----------------------------------------------------------


def _interpreter() -> tuple[str, ...]:
    return (os.path.realpath(sys.executable), "-I", "-S", "-B", "-c", _START)


@functools.cache
def _wrapper() -> tuple[str, ...]:
    """bubblewrap and its arguments, or nothing where it does not work.

    Raises:
        RunRefused: It gave no answer this time (`run.sandbox`).
    """
    program = shutil.which("bwrap")
    if program is None:
        return ()
    arguments = (program, *_base())
    try:
        done = subprocess.run(  # noqa: S603
            [*arguments, "--", os.path.realpath(sys.executable), "-I", "-S", "-c", ""],
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
            check=False,
        )
    except subprocess.TimeoutExpired:  # a busy machine; it is asked again
        refuse("run.sandbox", "expected an answer of bubblewrap in 10 s, found none")
    except OSError:
        return ()
    return arguments if done.returncode == 0 else ()


def _base() -> tuple[str, ...]:
    binds: list[str] = []
    for path in ("/lib", "/lib64", "/usr/lib", "/usr/lib64", sys.base_prefix):
        if os.path.islink(path):
            binds += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            binds += ["--ro-bind", path, path]
    return (
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        *("--cap-drop", "ALL"),
        *("--uid", "65534", "--gid", "65534"),
        *("--hostname", "sandbox"),
        *binds,
        *("--dev-bind", "/dev/null", "/dev/null"),
        *("--dev-bind", "/dev/urandom", "/dev/urandom"),
        *("--chdir", "/"),
    )


def _places(site: Sequence[Path], limits: Limits) -> list[str]:
    """Packages, this one among them, and the small file system."""
    parts: list[str] = []
    own = str(_PACKAGE)
    for path in (own, *(str(one) for one in site)):
        parts += ["--ro-bind", path, path]
    parts += ["--size", str(limits.disk), "--tmpfs", HOME]
    return [*parts, "--remount-ro", "/", "--"]
