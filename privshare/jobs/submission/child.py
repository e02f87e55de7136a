"""The process that runs submitted Python: lays files out, walls itself in, runs.

Started by `sandbox` inside namespaces of its own, with two descriptors: the
sealed job, and a pipe for what comes of it. It writes two reports. The first,
before a line of the submission runs, says which walls stand: nothing that runs
later can take that back. The second, with the outputs, is as trustworthy as the
submission itself, and is read as such.

    job     = u64 header bytes || header (JSON) || files
    answer  = report || report || outputs,  report = u64 bytes || JSON

Imports the standard library, `walls`, and nothing else of the package.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import runpy
import stat
import sys
import traceback
from typing import Any

from privshare.jobs.submission import walls

_LOG = "/submitted/log"
_MAX_LOG = 64 << 10
_PART = 1 << 20


def main(job: int, answer: int) -> None:
    """Run the job on one descriptor, write what came of it to the other."""
    header = _lay_out_job(job)
    os.close(job)
    home = header["home"]
    os.makedirs(os.path.join(home, header["outputs"]), exist_ok=True)
    os.makedirs("/submitted/scratch", exist_ok=True)
    os.chdir(home)
    os.environ.clear()
    os.environ.update(header["environment"])
    log = os.open(_LOG, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    standing = walls.raise_walls(
        header["memory"], header["seconds"], header["file_bytes"]
    )
    _report(answer, {"walls": standing})
    exit_code, fault = _run(header["entry"], header["site"])
    outputs = _outputs(header["outputs"], header["files"], header["output"])
    size = os.fstat(log).st_size
    tail = os.pread(log, _MAX_LOG, max(0, size - _MAX_LOG))
    _report(
        answer,
        {
            "exit": exit_code,
            "fault": fault,
            "log": len(tail),
            "outputs": [[name, len(data)] for name, data in outputs],
        },
    )
    for data in (tail, *(data for _, data in outputs)):
        _write(answer, data)
    os._exit(0)


def _run(entry: str, site: list[str]) -> tuple[int, str]:
    """Run it as a script; its exit code, and the name of what stopped it."""
    sys.argv = [entry]
    beside = os.path.dirname(os.path.abspath(entry))
    ours = [one for one in sys.path if one.startswith("/")]
    sys.path[:] = [*dict.fromkeys((beside, os.getcwd(), *site, *ours))]
    for name in ("exit", "quit"):  # as scripts know them
        setattr(builtins, name, sys.exit)
    try:
        runpy.run_path(entry, run_name="__main__")
    except SystemExit as ended:
        code = ended.code
        return (code if isinstance(code, int) else int(code is not None)), ""
    except BaseException as fault:
        with contextlib.suppress(OSError):  # its file system may be full
            traceback.print_exc()
        return 1, type(fault).__name__[:64]
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    return 0, ""


def _outputs(folder: str, most: int, most_bytes: int) -> list[tuple[str, bytes]]:
    """Plain files directly in a folder; what is over the bounds is told as such."""
    found, left = [], most_bytes + 1
    for name in sorted(os.listdir(folder))[: most + 1]:
        path = os.path.join(folder, name)
        if not stat.S_ISREG(os.lstat(path).st_mode):
            found.append((name, b""))
            continue
        with open(path, "rb") as file:
            data = file.read(left)
        left -= len(data)
        found.append((name, data))
    return found


def _lay_out(path: str, source: int, at: int, length: int) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    for start in range(0, length, _PART):
        part = min(_PART, length - start)
        _write(target, _read(source, part, at + start))
    os.close(target)


def _lay_out_job(descriptor: int) -> dict[str, Any]:
    """Write the files of a job to their places; its header.

    One part at a time, so that memory is free when the limit is set.
    """
    size = int.from_bytes(_read(descriptor, 8, 0), "little")
    header: dict[str, Any] = json.loads(_read(descriptor, size, 8))
    at = 8 + size
    for path, length in header["laid"]:
        _lay_out(path, descriptor, at, length)
        at += length
    return header


def _read(descriptor: int, size: int, at: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        data += os.pread(descriptor, size - len(data), at + len(data))
    return bytes(data)


def _report(descriptor: int, report: dict[str, Any]) -> None:
    head = json.dumps(report).encode()
    _write(descriptor, len(head).to_bytes(8, "little") + head)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
