"""What a bridge remembers of the jobs it has carried, through any crash.

    nothing ─► sent, with the digest that was handed to the node
                 └─► answering ─► delivered

The node and the ledger decide and remember what was decided. Here stands only
which digest a job was handed in under, so that a job whose files have changed
since is still held to it, and whether its answer has reached PySyft's outbox.
A line is written whole, and before what it announces is done.

>>> import tempfile
>>> journal = Journal(Path(tempfile.mkdtemp()))
>>> journal.keep(Line("ada@labour/v1/total", "c3Vt", "sent"))
>>> journal.line("ada@labour/v1/total").state, journal.line("other")
('sent', None)
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from privshare.errors import EncodingError, PrivShareError
from privshare.wire.canonical import Fields, decode, encode

__all__ = ["Journal", "Line", "State", "write_whole"]

State = Literal["sent", "answering", "delivered"]
_STATES: Final = ("sent", "answering", "delivered")
_MAX_LINE: Final = 1 << 13
_MAX_JOB: Final = 1_000
_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class Line:
    """What is remembered of one job.

    Attributes:
        job: Where PySyft keeps it, below its inbox: account, version, name.
        submission: Digest of its files as they were handed in; a text.
        state: How far it is.
    """

    job: str
    submission: str
    state: State


class Journal:
    """Lines, one file a job.

    Args:
        folder: Where they are; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._lines = {line.job: line for line in self._read()}

    def line(self, job: str) -> Line | None:
        """What is known of a job, or None."""
        return self._lines.get(job)

    def open_jobs(self) -> list[str]:
        """Jobs whose answer has not been delivered, in order."""
        return sorted(
            job for job, line in self._lines.items() if line.state != "delivered"
        )

    def keep(self, line: Line) -> None:
        """Write a line in place of the job's last one."""
        name = hashlib.sha256(line.job.encode()).hexdigest()[:40]
        document = {"job": line.job, "state": line.state, "submission": line.submission}
        write_whole(self._folder / f"{name}{_SUFFIX}", encode(document))
        self._lines[line.job] = line

    def _read(self) -> Iterator[Line]:
        for file in sorted(self._folder.glob(f"*{_SUFFIX}")):
            try:
                fields = Fields(decode(file.read_bytes(), max_bytes=_MAX_LINE), "line")
                line = Line(
                    fields.str("job", max=_MAX_JOB),
                    fields.str("submission", max=64),
                    cast(State, fields.str("state", pattern="|".join(_STATES))),
                )
                fields.end()
            except PrivShareError as error:
                raise EncodingError(
                    f"expected a line of the bridge's journal in {file}, found "
                    f"{error.message}",
                    fix="Restore it; without it a job that changed would be handed "
                    "in as a new one.",
                ) from None
            yield line


def write_whole(file: Path, data: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one."""
    new = file.with_name(f".{file.name}.new")
    with new.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
