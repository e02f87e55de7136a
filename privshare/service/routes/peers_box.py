"""Routes of boxes that other agencies' nodes call, for accounts of theirs.

As in `peers`: who may have what is decided by the verbs. The calling agency is
believed about accounts that it has enrolled on the ledger, and no others.
"""

from __future__ import annotations

from typing import cast

from privshare.exchange import box as boxes
from privshare.exchange.box_account import Caller
from privshare.jobs.submission.box import MAX_FILE
from privshare.service.route import AGENCIES, Answer, Body, Call, Route
from privshare.service.routes.boxes import (
    BYTES,
    FILE_COST,
    Ends,
    FilePlace,
    Listing,
)
from privshare.wire.canonical import Json


def put(call: Call) -> Answer:
    """Take a message in from an account of the calling agency."""
    query: FilePlace = call.query
    boxes.put(call.context.node, _caller(call), query.box, query.name, call.body)
    return Answer()


def get(call: Call) -> Json:
    """Give a message to an account of the calling agency."""
    query: FilePlace = call.query
    found = boxes.get(call.context.node, _caller(call), query.box, query.name)
    return cast(Json, boxes.packed(found))


def listing(call: Call) -> Json:
    """Names of messages that an account of the calling agency may read."""
    query: Listing = call.query
    return cast(
        Json,
        boxes.names(
            call.context.node, _caller(call), query.box, query.after, query.limit
        ),
    )


def others(call: Call) -> Json:
    """Our accounts that show something to an account of the calling agency."""
    query: Ends = call.query
    return cast(
        Json,
        boxes.others(
            call.context.node, _caller(call), query.kind, query.after, query.limit
        ),
    )


def _caller(call: Call) -> Caller:
    return Caller(call.query.account, call.agency.id)


ROUTES: tuple[Route, ...] = (
    Route(
        "PUT",
        "/v1/peer/boxes/file",
        put,
        AGENCIES,
        "A message for an account of ours, from one of the caller's.",
        body=Body(BYTES, None, MAX_FILE),
        query=FilePlace,
        status=204,
        refusals=(409,),
        cost=FILE_COST,
    ),
    Route(
        "GET",
        "/v1/peer/boxes/file",
        get,
        AGENCIES,
        "A message that an account of ours shows to one of the caller's.",
        query=FilePlace,
        cost=FILE_COST,
    ),
    Route(
        "GET",
        "/v1/peer/boxes",
        listing,
        AGENCIES,
        "Names of the messages that an account of ours shows to one of the caller's.",
        query=Listing,
    ),
    Route(
        "GET",
        "/v1/peer/boxes/others",
        others,
        AGENCIES,
        "Accounts of ours that show something to one of the caller's.",
        query=Ends,
    ),
)
