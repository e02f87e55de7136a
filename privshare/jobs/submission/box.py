"""Boxes: where messages between two accounts wait, and who may reach in.

    kind      who writes      who reads
    private   the owner       the owner
    inbox     `other`         the owner, who also takes out
    outbox    the owner       `other`
    shown     the owner       `other`

An account is a name that people chose, such as an e-mail address. A box holds
files of small size, by name; names are opaque. The folder's store, the node's
and the client of the node's hold to the same table, which stands here once.

>>> box = Box("inbox", "bo@tax", "ada@labour")
>>> box.may("ada@labour", write=True), box.may("ada@labour", write=False)
(True, False)
>>> box.may_drop("ada@labour"), box.may_drop("bo@tax")
(False, True)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from privshare.errors import EncodingError, NotPermitted, OutOfRange
from privshare.jobs.submission import account as form

__all__ = [
    "KINDS",
    "MAX_FILE",
    "MAX_NAME",
    "OPENED",
    "Box",
    "Kind",
    "check_account",
    "check_name",
    "check_size",
]

Kind = Literal["private", "inbox", "outbox", "shown"]
KINDS: Final = ("private", "inbox", "outbox", "shown")
#: Bytes of a file.
MAX_FILE: Final = 16 << 20
#: Bytes of a name, in UTF-8.
MAX_NAME: Final = 200
#: The file with which an account begins: it carries its enrolment.
OPENED: Final = "opened"


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
            raise EncodingError(
                f"box: expected a kind of {', '.join(KINDS)}, found another",
                detail={"rule": "box.kind"},
            )
        check_account(self.owner)
        check_account(self.other)

    @classmethod
    def of(cls, kind: str, owner: str, other: str) -> Box:
        """A box of a kind that somebody else wrote.

        Raises:
            EncodingError: As for a box.
        """
        return cls(cast(Any, kind), owner, other)

    def may(self, account: str, write: bool) -> bool:
        """Whether an account may put into this box, or look into it."""
        if self.kind == "private":
            return account == self.owner
        if self.kind == "inbox":
            return account == (self.other if write else self.owner)
        return account in (self.owner if write else self.other, self.owner)

    def may_drop(self, account: str) -> bool:
        """Whether an account may take a file out: always the owner, alone."""
        return account == self.owner

    def check(self, account: str, *, write: bool) -> None:
        """Hold an account to `may`.

        Raises:
            NotPermitted: It may not; rule box.account.
        """
        if not self.may(account, write):
            raise NotPermitted(
                f"expected a box that {account} may "
                f"{'write to' if write else 'read'}, found another's",
                detail={"rule": "box.account"},
            )

    def check_drop(self, account: str) -> None:
        """Hold an account to `may_drop`.

        Raises:
            NotPermitted: It may not; rule box.account.
        """
        if not self.may_drop(account):
            raise NotPermitted(
                f"expected a box of {account}, found another's",
                detail={"rule": "box.account"},
            )


def check_account(account: str) -> str:
    """Return what has the form of an account.

    Raises:
        EncodingError: It has not; rule box.account.
    """
    try:
        return form.check_account(account, "box")
    except EncodingError as error:
        raise EncodingError(error.message, detail={"rule": "box.account"}) from None


def check_name(name: str) -> str:
    """Return what has the form of a file's name: any text that is not too long.

    Raises:
        EncodingError: It has not; rule box.name.
    """
    if name and _bytes(name) <= MAX_NAME:
        return name
    raise EncodingError(
        f"expected a name of 1 to {MAX_NAME} bytes, found another",
        detail={"rule": "box.name"},
    )


def check_size(data: bytes) -> bytes:
    """Return what a box may hold.

    Raises:
        OutOfRange: It is too long; rule box.size.
    """
    if len(data) <= MAX_FILE:
        return data
    raise OutOfRange(
        f"expected a file of at most {MAX_FILE} bytes, found {len(data)}",
        detail={"rule": "box.size"},
    )


def _bytes(text: str) -> int:
    """Bytes in UTF-8; too many for what has none."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return 1 << 30
