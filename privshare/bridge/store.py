"""Where messages between accounts wait, as one account sees it.

    BoxConnection ─► Store ─┬─ FolderStore   a folder that both sides see
                            └─ NodeStore     the agencies' nodes (`node_store`)

A file is written whole or not at all. The rules of boxes are in
`jobs.submission.box`. With `FolderStore`, a plain folder for a first try, they
are a matter of the folder's permissions: nothing there holds others to them.

>>> import tempfile; from pathlib import Path
>>> place = Path(tempfile.mkdtemp())
>>> ours, theirs = FolderStore(place, "ada@labour"), FolderStore(place, "bo@tax")
>>> ours.put(Box("inbox", "bo@tax", "ada@labour"), "question.1", b"how many?")
>>> theirs.names(Box("inbox", "bo@tax", "ada@labour")), theirs.others("inbox")
(['question.1'], ['ada@labour'])
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, unquote

from privshare.errors import OutOfRange
from privshare.jobs.submission.box import (
    KINDS,
    MAX_FILE,
    MAX_NAME,
    OPENED,
    Box,
    Kind,
    check_account,
    check_name,
    check_size,
)

__all__ = [
    "KINDS",
    "MAX_FILE",
    "MAX_NAME",
    "OPENED",
    "Box",
    "FolderStore",
    "Kind",
    "Store",
]

#: Letters of a name that one part of a path holds.
_PART: Final = 200


class Store(Protocol):
    """Boxes as one account sees them. Safe to call from several threads."""

    @property
    def account(self) -> str:
        """Whose store this is."""
        ...

    def put(self, box: Box, name: str, data: bytes) -> None:
        """Write a file, in place of an older one of that name."""
        ...

    def get(self, box: Box, name: str) -> bytes | None:
        """Its bytes, or None."""
        ...

    def names(self, box: Box) -> list[str]:
        """Names of the files in it, in order."""
        ...

    def drop(self, box: Box, name: str) -> None:
        """Take a file out, if it is there; the owner does."""
        ...

    def others(self, kind: Kind) -> list[str]:
        """Accounts at the other end of this account's boxes of a kind, in order.

        For `shown` and `outbox`: the owners of boxes that this account reads.
        A box is there once a file was put into it.
        """
        ...


class FolderStore:
    """Boxes in a folder that both sides see.

    Args:
        folder: Where they stand.
        account: Whose store this is.
    """

    def __init__(self, folder: Path, account: str) -> None:
        self._folder = folder
        self._account = check_account(account)

    @property
    def account(self) -> str:
        """Whose store this is."""
        return self._account

    def put(self, box: Box, name: str, data: bytes) -> None:
        """Write a file, whole or not at all."""
        box.check(self._account, write=True)
        place = self._place(box) / _file_name(name)
        check_size(data)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = place.with_name(f".{os.urandom(8).hex()}")
        try:
            with new.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(place)
        finally:
            with contextlib.suppress(FileNotFoundError):
                new.unlink()

    def get(self, box: Box, name: str) -> bytes | None:
        """Its bytes, or None."""
        box.check(self._account, write=False)
        place = self._place(box) / _file_name(name)
        try:
            with place.open("rb") as file:
                data = file.read(MAX_FILE + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if len(data) > MAX_FILE:
            raise OutOfRange(f"expected a file of at most {MAX_FILE} bytes, found more")
        return data

    def names(self, box: Box) -> list[str]:
        """Names of the files in it, in order."""
        box.check(self._account, write=False)
        return sorted(unquote(one) for one in _files(self._place(box)))

    def drop(self, box: Box, name: str) -> None:
        """Take a file out, if it is there."""
        box.check_drop(self._account)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            (self._place(box) / _file_name(name)).unlink()

    def others(self, kind: Kind) -> list[str]:
        """Accounts at the other end of this account's boxes of a kind."""
        mine, places = self._account, self._folder / kind
        if kind in ("shown", "outbox"):  # of others, for us
            found = [(one.name, one / mine) for one in places.glob("*")]
        else:
            found = [(one.name, one) for one in (places / mine).glob("*")]
        return sorted(name for name, place in found if any(_files(place)))

    def _place(self, box: Box) -> Path:
        return self._folder / box.kind / box.owner / box.other


def _file_name(name: str) -> Path:
    """A name as a path has it: nothing hidden, no part longer than a disk's."""
    made = quote(check_name(name), safe=" _-@+,~")
    parts = [made[i : i + _PART] for i in range(0, len(made), _PART)]
    return Path(*(f"{_part(one)}=" for one in parts[:-1]), _part(parts[-1]))


def _files(place: Path, before: str = "") -> Iterator[str]:
    """Names, still quoted, of what stands under a path that `_file_name` made."""
    try:
        found = list(os.scandir(place))
    except FileNotFoundError:
        return
    for one in found:
        if one.is_dir():
            yield from _files(Path(one.path), before + one.name.removesuffix("="))
        elif not one.name.startswith("."):
            yield before + one.name


def _part(part: str) -> str:
    """A part of a path that is not hidden, nor one of those that lead elsewhere."""
    return f"%2E{part[1:]}" if part.startswith(".") else part
