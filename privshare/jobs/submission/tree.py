"""A submission, named by all of its bytes.

What is approved is not a name or a script but every file that was handed in:
code, start script, configuration, whatever else lies there. What runs is bytes
in our memory, hashed when they had been read: who changes a file after the
approval, or while it is read, changes the digest.

    folder ─► load ─► tree.digest ─► approved by people, entered in the log
    folder ─► load ─► the same digest, or it does not run ─► sandbox

>>> import tempfile; from pathlib import Path
>>> folder = Path(tempfile.mkdtemp())
>>> _ = (folder / "main.py").write_text("print(1)")
>>> approved = load(folder).tree.digest
>>> load(folder).tree.digest == approved
True
>>> _ = (folder / "main.py").write_text("print(2)")
>>> load(folder).tree.digest == approved
False
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

from privshare.errors import EvidenceInvalid, OutOfRange
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u
from privshare.wire.digest import digest_json

__all__ = ["MAX_BYTES", "MAX_FILES", "File", "Submission", "Tree", "check_same", "load"]

MAX_FILES: Final = 1_000
MAX_BYTES: Final = 16 << 20
MAX_PATH: Final = 240
_MAX_DEPTH: Final = 16
_PART: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """One file of a submission.

    Attributes:
        path: From the folder, with slashes.
        size: In bytes.
        digest: SHA-256.
        executable: Whether its owner may execute it.
    """

    path: str
    size: int
    digest: bytes
    executable: bool

    def to_json(self) -> dict[str, Json]:
        """Lay it out."""
        return {
            "executable": self.executable,
            "path": self.path,
            "sha256": b64u(self.digest),
            "size": self.size,
        }


@dataclass(frozen=True, slots=True)
class Tree:
    """All files of a submission, by path.

    Raises:
        OutOfRange: More files or bytes than `MAX_FILES`, `MAX_BYTES`; or a path
            twice, or not in order. Rules submission.count, submission.size.
    """

    files: tuple[File, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.files) <= MAX_FILES:
            _refuse("count", f"1 to {MAX_FILES} files", str(len(self.files)))
        total = sum(one.size for one in self.files)
        if total > MAX_BYTES:
            _refuse("size", f"at most {MAX_BYTES} bytes", str(total))
        paths = [one.path for one in self.files]
        if paths != sorted(set(paths)):
            _refuse("path", "each path once, in order", "others")

    @property
    def digest(self) -> bytes:
        """What approvals and the log name: 32 bytes."""
        return digest_json(domain.SUBMISSION, self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Lay it out."""
        return {"files": [one.to_json() for one in self.files], "v": 1}

    @classmethod
    def from_json(cls, obj: object) -> Tree:
        """Read what `to_json` gave.

        Raises:
            EncodingError: Another form.
            OutOfRange: As above.
        """
        fields = Fields(obj, "submission")
        fields.int("v", 1, 1)
        files = []
        for item in fields.objs("files", MAX_FILES):
            path = item.str("path", max=MAX_PATH)
            _check_path(path)
            files.append(
                File(
                    path,
                    item.int("size", 0, MAX_BYTES),
                    item.digest("sha256"),
                    item.bool("executable"),
                )
            )
            item.end()
        fields.end()
        return cls(tuple(files))


@dataclass(frozen=True, slots=True)
class Submission:
    """Files as they were read.

    Attributes:
        tree: Their names, sizes and digests.
        contents: Path to bytes.
    """

    tree: Tree
    contents: Mapping[str, bytes] = field(repr=False)


def load(folder: Path) -> Submission:
    """Read all files below a folder.

    Raises:
        OutOfRange: A link, a device, a name that hides what it is, or too much.
            Rules submission.path, submission.kind, submission.size,
            submission.count.
    """
    files: list[File] = []
    contents: dict[str, bytes] = {}
    left = MAX_BYTES
    for path in sorted(_paths(folder, "", 0)):
        if len(files) == MAX_FILES:
            _refuse("count", f"at most {MAX_FILES} files", "more")
        data, executable = _content(folder, path, left)
        left -= len(data)
        contents[path] = data
        digest = hashlib.sha256(data).digest()
        files.append(File(path, len(data), digest, executable))
    return Submission(Tree(tuple(files)), contents)


def check_same(approved: bytes, found: Tree) -> None:
    """Check that this is what was approved.

    Raises:
        EvidenceInvalid: Rule submission.changed.
    """
    if found.digest != approved:
        raise EvidenceInvalid(
            f"expected the submission {b64u(approved)} that was approved, found "
            f"{b64u(found.digest)}",
            fix="Submit it again: an approval holds for the bytes that were read.",
            detail={"rule": "submission.changed"},
        )


def _paths(folder: Path, below: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        _refuse("path", f"folders {_MAX_DEPTH} deep at most", "deeper ones")
    try:
        entries = sorted(os.scandir(folder / below), key=lambda one: one.name)
    except (OSError, ValueError):
        _refuse("kind", "a folder", "none")
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        _check_path(path)
        if entry.is_symlink():
            _refuse("kind", "files and folders", f"a link at {_shown(path)}")
        if entry.is_dir(follow_symlinks=False):
            yield from _paths(folder, path, depth + 1)
        else:
            yield path


def _content(folder: Path, path: str, most: int) -> tuple[bytes, bool]:
    """One file's bytes, and whether its owner may execute it."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        source = os.open(folder / path, flags)
    except OSError:
        _refuse("kind", "a file", f"something else at {_shown(path)}")
    try:
        status = os.fstat(source)
        if not stat.S_ISREG(status.st_mode):
            _refuse("kind", "a file", f"something else at {_shown(path)}")
        data = bytearray()
        while part := os.read(source, _PART):
            data += part
            if len(data) > most:
                _refuse("size", f"at most {MAX_BYTES} bytes", "more")
    finally:
        os.close(source)
    return bytes(data), bool(status.st_mode & stat.S_IXUSR)


def _check_path(path: str) -> None:
    """Names that look like what they are."""
    try:
        path.encode()
    except UnicodeEncodeError:
        _refuse("path", "names in UTF-8", "other bytes")
    parts = path.split("/")
    plain = all(part not in ("", ".", "..") for part in parts)
    seen = all(unicodedata.category(one)[0] not in "CZ" or one == " " for one in path)
    normal = unicodedata.normalize("NFC", path) == path
    if not (plain and seen and normal and len(path) <= MAX_PATH):
        _refuse(
            "path",
            f"a path of at most {MAX_PATH} visible characters without '..'",
            _shown(path),
        )


def _shown(path: str) -> str:
    return ascii(path[:80])


def _refuse(rule: str, expected: str, found: str) -> NoReturn:
    raise OutOfRange(
        f"submission: expected {expected}, found {found}",
        fix="Hand in plain files alone, few and small.",
        detail={"rule": f"submission.{rule}"},
    )
