"""Messages between accounts of two agencies, kept by the owner's node.

    ada's client ─► her agency's node ─► signed ─► the owner's node ─► box
                    her key, her account           enrolled by that agency?

A box is kept by the node of its owner's agency. People reach it through their
own node, which signs for them; the owner's node believes another agency about
accounts that this agency enrolled on the ledger, and about no others. Nothing
that passes is read: PySyft's clients encrypt from end to end. What an operator
sees all the same is in docs/limits.md.

Implements docs/formats/box.md.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

from privshare.errors import EncodingError, NotFound, NotPermitted, Unavailable
from privshare.exchange import box_account
from privshare.exchange.box_account import Caller
from privshare.exchange.box_room import MAX_PAGE
from privshare.exchange.node import Node
from privshare.jobs.submission.box import (
    KINDS,
    OPENED,
    Box,
    Kind,
    check_account,
    check_name,
    check_size,
)
from privshare.wire.canonical import Json, b64u, unb64u

__all__ = ["drop", "get", "names", "others", "packed", "put", "show"]

PATH: Final = "/v1/peer/boxes"
#: An enrolment reaches the other node's copy of the ledger a moment later.
_ATTEMPTS: Final = 5
_PAUSE_S: Final = 0.5


def put(
    node: Node, caller: Caller, box: Box, name: str, data: bytes, agency: str = ""
) -> None:
    """Write a file, in place of an older one of that name.

    Args:
        node: This node.
        caller: Who writes, for which account.
        box: Where to.
        name: Of `OPENED`, or any other once the account is enrolled.
        data: Its bytes; of `OPENED` the enrolment's document.
        agency: Whose node keeps the box; "" for this one.

    Raises:
        EncodingError: No name, or no enrolment.
        OutOfRange: Too long, or the box is full.
        NotPermitted: Another's box, or an account that no enrolment covers.
        NotFound: The owner is no account of that agency.
        Unavailable: The other node does not answer.
    """
    check_name(name)
    check_size(data)
    box.check(caller.account, write=True)
    if name == OPENED:
        box_account.introduce(node, caller, data)
    else:
        box_account.covered(node, caller)
    if agency not in ("", node.agency):
        query = _query(caller, box, name=name)
        _patiently(node, agency, f"{PATH}/file?{query}", data, name)
        return
    box_account.owner(node, box.owner)
    node.boxes.put(node.store, box, name, data, lambda one: _agency_of(node, one))


def get(node: Node, caller: Caller, box: Box, name: str, agency: str = "") -> bytes:
    """A file's bytes; arguments as `put`.

    Raises:
        NotFound: No such file: rule box.file; or no such owner.
        PrivShareError: As `put`.
    """
    check_name(name)
    box.check(caller.account, write=False)
    box_account.covered(node, caller)
    if agency not in ("", node.agency):
        query = _query(caller, box, name=name)
        answer = node.peers.call(agency, "GET", f"{PATH}/file?{query}")
        return _bytes_of(agency, answer)
    box_account.owner(node, box.owner)
    data = node.boxes.get(node.store, box, name)
    if data is None:
        raise NotFound(
            "expected a file that is there, found none by that name",
            detail={"rule": "box.file"},
        )
    return data


def drop(node: Node, caller: Caller, box: Box, name: str, agency: str = "") -> None:
    """Take a file out, if it is there; its owner does, at the owner's own node.

    Once an inbox has lost its `opened`, another agency may show an enrolment
    of that account.

    Raises:
        PrivShareError: As `put`.
    """
    check_name(name)
    box.check_drop(caller.account)
    box_account.covered(node, caller)
    if agency not in ("", node.agency):
        raise NotPermitted(
            "expected a box of this agency's own account, found another's",
            detail={"rule": "box.account"},
        )
    box_account.owner(node, box.owner)
    found = node.boxes.drop(node.store, box, name)
    if found and name == OPENED and box.kind == "inbox":
        box_account.forget(node, box.other)


def names(
    node: Node,
    caller: Caller,
    box: Box,
    after: str = "",
    limit: int = MAX_PAGE,
    agency: str = "",
) -> dict[str, Json]:
    """Names of a box's files behind another name, in order of code points.

    Returns:
        `items`: {name}; `next`: what to ask behind, or null.

    Raises:
        PrivShareError: As `put`.
    """
    box.check(caller.account, write=False)
    box_account.covered(node, caller)
    if agency not in ("", node.agency):
        query = _query(caller, box, after=after, limit=str(limit))
        answer = node.peers.call(agency, "GET", f"{PATH}?{query}")
        return _listed(agency, answer, limit)
    box_account.owner(node, box.owner)
    found = node.boxes.names(node.store, box, after, limit + 1)
    return _page([{"name": one} for one in found], limit, "name")


def others(
    node: Node,
    caller: Caller,
    kind: str,
    after: str = "",
    limit: int = MAX_PAGE,
    agency: str = "",
) -> dict[str, Json]:
    """Accounts at the other end of an account's boxes of a kind.

    Args:
        node: This node.
        caller: Who asks, for which account.
        kind: Of the boxes; of `shown` and `outbox` those are told whose owners
            are accounts of `agency` and show them to this account.
        after: Accounts behind this one.
        limit: So many.
        agency: Whose node keeps the boxes; "" for this one.

    Returns:
        `items`: {account, agency}, the agency null where it is not known;
        `next`: what to ask behind, or null.

    Raises:
        PrivShareError: As `put`.
    """
    if kind not in KINDS:
        raise EncodingError(
            f"expected a kind of {', '.join(KINDS)}, found another",
            detail={"rule": "box.kind"},
        )
    box_account.covered(node, caller)
    reads = kind in ("shown", "outbox")
    if agency not in ("", node.agency):
        if not reads:
            return {"items": [], "next": None}
        fields = {"account": caller.account, "kind": kind, "after": after}
        query = urlencode({**fields, "limit": str(limit)}, quote_via=quote)
        answer = node.peers.call(agency, "GET", f"{PATH}/others?{query}")
        return _listed(agency, answer, limit)
    seek = node.boxes.owners if reads else node.boxes.owned
    found = seek(node.store, cast(Kind, kind), caller.account)
    behind = [one for one in found if one > after][: limit + 1]
    items: list[dict[str, Json]] = [
        {"account": one, "agency": _agency_of(node, one) or None} for one in behind
    ]
    return _page(items, limit, "account")


def show(node: Node, caller: Caller, account: str) -> dict[str, Json]:
    """What this node knows of an account: its agency and its enrolment.

    Raises:
        NotFound: It has not shown its enrolment here.
        NotPermitted: The caller's own account is not covered.
    """
    box_account.covered(node, caller)
    known = box_account.find(node, account)
    if known is None:
        raise NotFound(
            "expected an account whose enrolment was shown here, found another",
            detail={"rule": "account.unknown"},
        )
    return {"agency": known.agency, "enrolment": known.enrolment.to_json()}


def _agency_of(node: Node, account: str) -> str:
    known = box_account.find(node, account)
    return "" if known is None else known.agency


def _query(caller: Caller, box: Box, **fields: str) -> str:
    every = {
        "account": caller.account,
        "kind": box.kind,
        "owner": box.owner,
        "other": box.other,
        **fields,
    }
    return urlencode(every, quote_via=quote)


def _patiently(node: Node, agency: str, path: str, data: bytes, name: str) -> None:
    """Put at another node; it may see the ledger a moment after ours."""
    for attempt in range(_ATTEMPTS):
        try:
            node.peers.call(agency, "PUT", path, data)
            return
        except NotPermitted as error:
            late = name == OPENED and error.detail.get("rule") == "account.unknown"
            if not late or attempt == _ATTEMPTS - 1:
                raise
        time.sleep(_PAUSE_S)


def _page(found: list[dict[str, Json]], limit: int, by: str) -> dict[str, Json]:
    shown: list[Json] = [*found[:limit]]
    more = len(found) > limit
    return {"items": shown, "next": found[limit - 1][by] if more else None}


# -- what another node answers, which may be anything -------------------------


def _bytes_of(agency: str, answer: Json) -> bytes:
    match answer:
        case {"bytes": str(text)}:
            try:
                return check_size(unb64u(text))
            except EncodingError:
                pass
    raise _odd(agency, "a file")


def _listed(agency: str, answer: Json, limit: int) -> dict[str, Json]:
    """A page as another node gave it, held to its form."""
    try:
        match answer:
            case {"items": list(items), "next": str() | None as following}:
                if len(items) <= limit:
                    return {
                        "items": [_item(agency, cast(Any, one)) for one in items],
                        "next": None if following is None else check_name(following),
                    }
    except EncodingError:
        pass
    raise _odd(agency, "a list")


def _item(agency: str, item: Mapping[str, Any]) -> Json:
    match item:
        case {"name": str(name)}:
            return {"name": check_name(name)}
        case {"account": str(account)}:
            return {"account": check_account(account), "agency": agency}
    raise EncodingError("expected a name or an account, found neither")


def _odd(agency: str, noun: str) -> Unavailable:
    return Unavailable(
        f"expected {noun} from the node of {agency}, found something else",
        detail={"party": agency},
    )


def packed(data: bytes) -> dict[str, Json]:
    """A file as one node answers another."""
    return {"bytes": b64u(data)}
