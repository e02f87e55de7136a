"""Whose boxes they are: accounts, as a node knows them.

    account ─► introduce(document) ─► enrolled on the ledger, by this agency?
            ─► covered             ─► still so, and by the same person?

The ledger has the digest of an enrolment alone; the document comes with the
first file that an account puts, `opened`, and is kept here. Until then, and
when its agency has ended the enrolment, the account may put nothing else and
see nothing. One account is one agency's: the first that shows an enrolment of
it, as long as that enrolment stands.

Within its own agency an account is used by one person, the first who brings
its enrolment, as long as that person's key is known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    PrivShareError,
)
from privshare.exchange.node import Node
from privshare.jobs.submission.account import Enrolment
from privshare.jobs.submission.box import check_account
from privshare.ledger import query_submission
from privshare.wire.canonical import b64u, decode, encode

__all__ = [
    "Caller",
    "Known",
    "covered",
    "find",
    "forget",
    "introduce",
    "owner",
    "remember",
]

ROOM: Final = "box:accounts"
MAX_DOCUMENT: Final = 4096


@dataclass(frozen=True, slots=True)
class Caller:
    """Who reaches into a box.

    Attributes:
        account: For which account.
        agency: Whose node, or whose person, calls.
        person: Key id of a person of this node's agency; "" for a node.
    """

    account: str
    agency: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """An account that was introduced.

    Attributes:
        agency: Whose it is.
        enrolment: Its document.
        person: Who uses it, of this node's agency; "" for anybody of it.
    """

    agency: str
    enrolment: Enrolment
    person: str

    def to_bytes(self) -> bytes:
        """For one's own storage."""
        return encode({"enrolment": self.enrolment.to_json(), "person": self.person})

    @classmethod
    def from_bytes(cls, data: bytes) -> Known:
        """Read what `to_bytes` wrote."""
        kept = cast("dict[str, Any]", decode(data))
        enrolment = Enrolment.from_json(kept["enrolment"])
        return cls(enrolment.agency, enrolment, kept["person"])


def find(node: Node, account: str) -> Known | None:
    """What this node knows of an account, or None."""
    data = node.store.blob(ROOM, check_account(account))
    return None if data is None else Known.from_bytes(data)


def remember(node: Node, enrolment: Enrolment, person: str = "") -> Known:
    """Keep an enrolment that the ledger holds.

    Args:
        node: This node.
        enrolment: Of any agency.
        person: Who uses the account here.

    Raises:
        NotPermitted: The ledger holds no such enrolment, or it was ended.
        Conflict: Another agency, or another person, has this account.
    """
    _expect_standing(node, enrolment)
    with node.boxes.lock:
        before = find(node, enrolment.account)
        if before is not None and before.agency != enrolment.agency:
            if _stands(node, before.enrolment):
                raise Conflict(
                    "expected an account that no other agency has, found one that "
                    "another has shown here",
                    fix="Enrol it by another name, or have the other one ended.",
                    detail={"rule": "account.taken"},
                )
            before = None
        if before is not None and before.person:
            _expect_person(node, before, person)
            person = person or before.person
        known = Known(enrolment.agency, enrolment, person)
        node.store.put_blob(ROOM, enrolment.account, known.to_bytes())
    return known


def introduce(node: Node, caller: Caller, document: bytes) -> Known:
    """Take an account's enrolment, as `opened` carries it.

    Raises:
        EncodingError: No enrolment: rule account.document.
        NotPermitted: Not this account's, or not the caller's agency's, or not
            one that stands on the ledger.
        Conflict: Another agency, or another person, has this account.
    """
    enrolment = _read(document)
    if (enrolment.account, enrolment.network) != (caller.account, node.network):
        raise NotPermitted(
            f"expected the enrolment of {caller.account} in {node.network}, found "
            "another",
            detail={"rule": "account.document"},
        )
    if enrolment.agency != caller.agency:
        raise NotPermitted(
            f"expected an enrolment by {caller.agency}, which calls, found one by "
            "another agency",
            detail={"rule": "account.agency"},
        )
    return remember(node, enrolment, caller.person)


def covered(node: Node, caller: Caller) -> Known:
    """Return an account that an enrolment covers, and that the caller may use.

    Raises:
        NotPermitted: There is none, or it was ended, or it is another's.
    """
    known = find(node, caller.account)
    if known is None:
        raise NotPermitted(
            "expected an account whose enrolment was shown here, found another",
            fix="Begin with the file `opened`, which carries the enrolment.",
            detail={"rule": "account.unknown"},
        )
    if known.agency != caller.agency:
        raise NotPermitted(
            f"expected an account of {caller.agency}, which calls, found another's",
            detail={"rule": "account.agency"},
        )
    _expect_standing(node, known.enrolment)
    if caller.person and known.person:
        _expect_person(node, known, caller.person)
    return known


def owner(node: Node, account: str) -> Known:
    """Return an account of this node's own agency, whose boxes are kept here.

    Raises:
        NotFound: It is none: rule account.owner.
    """
    known = find(node, account)
    if (
        known is None
        or known.agency != node.agency
        or not _stands(node, known.enrolment)
    ):
        raise NotFound(
            f"expected an account of {node.agency} that is enrolled, found another",
            fix="Ask its agency: it enrols the account and signs in with it once.",
            detail={"rule": "account.owner"},
        )
    return known


def forget(node: Node, account: str) -> None:
    """Let another agency's account go: who shows an enrolment next, has it."""
    known = find(node, account)
    if known is not None and known.agency != node.agency:
        node.store.drop_blob(ROOM, account)


def _read(document: bytes) -> Enrolment:
    try:
        return Enrolment.from_json(decode(document, max_bytes=MAX_DOCUMENT))
    except PrivShareError as error:
        raise EncodingError(
            f"expected the document of an enrolment, found another: {error.message}",
            fix="Sign in with the enrolment that your steward gave you.",
            detail={"rule": "account.document"},
        ) from None


def _stands(node: Node, enrolment: Enrolment) -> bool:
    try:
        _expect_standing(node, enrolment)
    except NotPermitted:
        return False
    return True


def _expect_standing(node: Node, enrolment: Enrolment) -> None:
    held = query_submission.find_account(node.view(), b64u(enrolment.id()))
    if held is None or held.agency != enrolment.agency:
        raise NotPermitted(
            "expected an enrolment that the ledger holds, found another",
            fix="The account's steward enrols it first.",
            detail={"rule": "account.unknown"},
        )
    if held.ended is not None:
        raise NotPermitted(
            "expected an enrolment that stands, found one that was ended",
            fix="Ask the account's steward for a new one.",
            detail={"rule": "account.ended"},
        )


def _expect_person(node: Node, known: Known, person: str) -> None:
    if known.person != person and node.store.person(known.person) is not None:
        raise NotPermitted(
            "expected the person who signed in with this account first, found another",
            fix="Enrol an account of your own.",
            detail={"rule": "account.person"},
        )
