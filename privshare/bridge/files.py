"""Everything that was handed in with a job, as bytes, judged by nobody yet.

    folder ─► Files.read ─► digest ─► the node, which judges

The node refuses what no submission may hold, with a receipt. To be refused there
it must get there: so more is read here than is allowed, and what could not even
be sent is refused by the bridge, without a receipt.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from privshare.errors import OutOfRange
from privshare.wire import domain
from privshare.wire.canonical import Json, b64u
from privshare.wire.digest import digest_json

__all__ = ["MAX_READ", "File", "Files"]

#: What is read of one job: as much as the node lets a body hold.
MAX_READ: Final = 17 << 20
_MAX_FILES: Final = 4_000
_MAX_DEPTH: Final = 32
_PART: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """One file.

    Attributes:
        path: From the job's folder, with slashes.
        data: Its bytes.
        executable: Whether its owner may execute it.
    """

    path: str
    data: bytes = field(repr=False)
    executable: bool


@dataclass(frozen=True, slots=True)
class Files:
    """Files in order of their paths."""

    files: tuple[File, ...]

    @classmethod
    def read(cls, folder: Path) -> Files:
        """Read every file below a folder.

        Raises:
            OutOfRange: A link, a device, or more than could be sent; rules
                submission.kind, submission.count, submission.size.
        """
        found: list[File] = []
        left = MAX_READ
        for path in _paths(folder, "", 0):
            if len(found) == _MAX_FILES:
                raise _refused("count", f"at most {_MAX_FILES} files", "more")
            data, executable = _content(folder / path, left)
            left -= len(data)
            found.append(File(path, data, executable))
        if not found:
            raise _refused("count", "the files of a job", "none")
        return cls(tuple(sorted(found, key=lambda one: one.path)))

    @classmethod
    def unreadable(cls, reason: str) -> Files:
        """Files that stand for such as cannot be read: nobody approved them."""
        return cls((File("unreadable", reason.encode(), False),))

    @property
    def digest(self) -> str:
        """What approvals and the log name, as text."""
        listed: list[Json] = [
            {
                "executable": one.executable,
                "path": one.path,
                "sha256": b64u(hashlib.sha256(one.data).digest()),
                "size": len(one.data),
            }
            for one in self.files
        ]
        return b64u(digest_json(domain.SUBMISSION, {"files": listed, "v": 1}))

    def to_json(self) -> list[Json]:
        """Lay them out for the node."""
        return [
            {"bytes": b64u(one.data), "executable": one.executable, "path": one.path}
            for one in self.files
        ]


def _paths(folder: Path, below: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        raise _refused("path", f"at most {_MAX_DEPTH} folders deep", "more")
    with os.scandir(folder / below) as entries:
        for entry in entries:
            path = f"{below}{entry.name}"
            try:
                path.encode()
            except UnicodeEncodeError:
                raise _refused("path", "names in UTF-8", "other bytes") from None
            if entry.is_dir(follow_symlinks=False):
                yield from _paths(folder, f"{path}/", depth + 1)
            elif entry.is_file(follow_symlinks=False):
                yield path
            else:
                raise _refused("kind", "plain files", f"something else: {path!a}")


def _content(file: Path, most: int) -> tuple[bytes, bool]:
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise _refused("kind", "plain files", "something else")
        data = bytearray()
        while part := os.read(descriptor, _PART):
            data += part
            if len(data) > most:
                raise _refused("size", f"at most {MAX_READ} bytes", "more")
    finally:
        os.close(descriptor)
    return bytes(data), bool(mode & stat.S_IXUSR)


def _refused(rule: str, expected: str, found: str) -> OutOfRange:
    return OutOfRange(
        f"submission: expected {expected}, found {found}",
        fix="Hand in plain files alone, few and small.",
        detail={"rule": f"submission.{rule}"},
    )
