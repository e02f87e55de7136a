"""Where messages between accounts wait: boxes of small named files.

    kind      who writes      who reads
    private   the owner       the owner
    inbox     `other`         the owner, who also takes out
    outbox    the owner       `other`
    shown     the owner       `other`

A name is any text of up to `MAX_NAME` bytes; a file is written whole or not at
all. `FolderStore` is a plain folder that both sides see, for a first try: the
rules of the table are then a matter of the folder's permissions, and nothing
here enforces them.

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
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol
from urllib.parse import quote, unquote

from privshare.errors import EncodingError, NotPermitted, OutOfRange

__all__ = ["KINDS", "MAX_FILE", "MAX_NAME", "Box", "FolderStore", "Kind", "Store"]

Kind = Literal["private", "inbox", "outbox", "shown"]
KINDS: Final = ("private", "inbox", "outbox", "shown")
MAX_NAME: Final = 200
MAX_FILE: Final = 64 << 20
_MAX_ACCOUNT: Final = 120


@dataclass(frozen=True, slots=True)
class Box:
    """A box.

    Attributes:
        kind: Of `KINDS`.
        owner: The account it belongs to.
        other: The account at the other end; for `private` what it is for.

    Raises:
        EncodingError: Another kind, or an account that is none.
    """

    kind: Kind
    owner: str
    other: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise EncodingError(f"box: expected a kind of {', '.join(KINDS)}")
        for account in (self.owner, self.other):
            if not 0 < len(account) <= _MAX_ACCOUNT or not account.isprintable():
                raise EncodingError(
                    f"box: expected an account of up to {_MAX_ACCOUNT} visible "
                    "characters, found another"
                )

    def may(self, account: str, write: bool) -> bool:
        """Whether an account may put into this box, or look into it."""
        if self.kind == "private":
            return account == self.owner
        if self.kind == "inbox":
            return account == (self.other if write else self.owner)
        return account in (self.owner if write else self.other, self.owner)


class Store(Protocol):
    """Boxes as one account sees them."""

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
        """Take a file out, if it is there."""
        ...

    def others(self, kind: Kind) -> list[str]:
        """Accounts at the other end of this account's boxes of a kind.

        For `shown`: of boxes that others show to this account.
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
        self._account = account

    @property
    def account(self) -> str:
        """Whose store this is."""
        return self._account

    def put(self, box: Box, name: str, data: bytes) -> None:
        """Write a file, whole or not at all."""
        self._check(box, write=True)
        if len(data) > MAX_FILE:
            raise OutOfRange(
                f"expected a file of at most {MAX_FILE} bytes, found {len(data)}"
            )
        place = self._place(box) / _file_name(name)
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
        self._check(box, write=False)
        place = self._place(box) / _file_name(name)
        try:
            with place.open("rb") as file:
                data = file.read(MAX_FILE + 1)
        except FileNotFoundError:
            return None
        if len(data) > MAX_FILE:
            raise OutOfRange(f"expected a file of at most {MAX_FILE} bytes, found more")
        return data

    def names(self, box: Box) -> list[str]:
        """Names of the files in it, in order."""
        self._check(box, write=False)
        try:
            found = os.listdir(self._place(box))
        except FileNotFoundError:
            return []
        return sorted(unquote(one) for one in found if not one.startswith("."))

    def drop(self, box: Box, name: str) -> None:
        """Take a file out, if it is there."""
        self._check(box, write=box.kind != "inbox")
        with contextlib.suppress(FileNotFoundError):
            (self._place(box) / _file_name(name)).unlink()

    def others(self, kind: Kind) -> list[str]:
        """Accounts at the other end of this account's boxes of a kind."""
        mine, found = quote(self._account, safe=""), []
        if kind in ("shown", "outbox"):  # of others, for us
            for place in sorted(self._folder.glob(f"{kind}/*/{mine}")):
                found.append(unquote(place.parent.name))
            return found
        own = self._folder / kind / mine
        return sorted(unquote(one.name) for one in own.glob("*") if one.is_dir())

    def _place(self, box: Box) -> Path:
        owner, other = quote(box.owner, safe=""), quote(box.other, safe="")
        if {owner, other} & {".", ".."}:
            raise EncodingError("box: expected an account, found a path")
        return self._folder / box.kind / owner / other

    def _check(self, box: Box, *, write: bool) -> None:
        if not box.may(self._account, write):
            raise NotPermitted(
                f"expected a box that {self._account} may "
                f"{'write to' if write else 'read'}, found another's"
            )


def _file_name(name: str) -> str:
    """A name as a file has it: one part, nothing hidden."""
    made = quote(name, safe=" _-@+=,~")
    if not name or len(made) > MAX_NAME:
        raise EncodingError(f"expected a name of 1 to {MAX_NAME} bytes, found another")
    return f"%2E{made[1:]}" if made.startswith(".") else made
