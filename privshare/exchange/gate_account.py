"""Accounts of another system that an agency vouches for.

    steward   account, key ─► Enrolment, salted ─► account.enrol ─► receipt
    author    carries the document; a gate compares its id with the ledger
    steward   end ─► account.end: from then on no gate takes anything of it

The ledger has the digest of the document and the agency: neither a name nor a
key. The document stays with the agency and with those whom its author shows it.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from privshare.errors import EncodingError, NotFound
from privshare.exchange import drawer
from privshare.exchange.node import Node, one_line
from privshare.jobs.submission.account import Enrolment
from privshare.ledger import query_submission
from privshare.rights import identifier
from privshare.wire.canonical import Json, b64u, decode, encode

__all__ = ["end", "enrol", "held", "listing"]

ROOM: Final = "account:"


def enrol(
    node: Node, account: str, key: bytes, *, system: str = "syft", person: str = ""
) -> dict[str, Json]:
    """Vouch for an account: what it submits is this agency's.

    Args:
        node: This node.
        account: What the other system calls it, such as an e-mail address.
        key: The 32 bytes that the other system knows it by.
        system: Which system.
        person: Who asked.

    Returns:
        `{"enrolment", "id", "receipt"}`.

    Raises:
        EncodingError: An account of another form.
    """
    made = Enrolment(
        account=account,
        agency=node.agency,
        key=key,
        network=node.network,
        salt=secrets.token_bytes(32),
        system=system,
    )
    id_ = b64u(made.id())
    node.store.put_blob(ROOM + id_, "enrolment", encode(made.to_json()))
    committed = node.submit("account.enrol", {"account": id_})
    node.store.log_use(
        node.clock(), node.agency, "account.enrol", person=person, subject=id_
    )
    receipt = drawer.file_kind(node, committed, id_)
    return {"enrolment": made.to_json(), "id": id_, "receipt": receipt}


def end(node: Node, account: str, reason: str, *, person: str = "") -> dict[str, Json]:
    """Vouch for an account no more.

    Raises:
        NotFound: Nobody enrolled it.
        NotPermitted: Another agency did.
        StepNotAllowed: It has ended before.
        EncodingError: No reason.
    """
    identifier.ID.check(account, "account")
    line = one_line(reason)
    if not line:
        raise EncodingError("reason: expected one line, found none")
    committed = node.submit("account.end", {"account": account, "reason": line})
    node.store.log_use(
        node.clock(), node.agency, "account.end", person=person, subject=account
    )
    return {"id": account, "receipt": drawer.file_kind(node, committed, account)}


def held(node: Node, account: str) -> dict[str, Json]:
    """What the ledger has of an enrolment, of any agency.

    Raises:
        NotFound: Nobody enrolled it.
    """
    found = query_submission.account(
        node.view(), identifier.ID.check(account, "account")
    )
    return {
        "agency": found.agency,
        "at": found.at,
        "ended": found.ended,
        "id": account,
    }


def listing(node: Node) -> list[dict[str, Any]]:
    """The accounts that this agency enrolled, with their documents."""
    view = node.view()
    found = []
    for room in node.store.blob_jobs(ROOM):
        data = node.store.blob(room, "enrolment")
        id_ = room.removeprefix(ROOM)
        try:
            held = query_submission.account(view, id_)
        except NotFound:
            continue  # it never came to the ledger
        found.append(
            {
                "at": held.at,
                "ended": held.ended,
                "enrolment": None if data is None else decode(data),
                "id": id_,
            }
        )
    return sorted(found, key=lambda one: int(one["at"]))
