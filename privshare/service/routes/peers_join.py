"""Routes of private joins that other agencies' nodes call.

As in `peers`: who may have what is decided by the verbs, against this node's
own copy of the ledger.
"""

from __future__ import annotations

from typing import cast

from pydantic import Field

from privshare.exchange import join_party
from privshare.exchange.join_held import MAX_MESSAGE, MAX_MESSAGES
from privshare.service.paging import Number
from privshare.service.route import AGENCIES, JSON, Body, Call, Model, Route
from privshare.wire.canonical import Json

BYTES = "application/octet-stream"


class MessageNumber(Model):
    """Which message of a join."""

    number: Number = Field(ge=0, lt=MAX_MESSAGES, description="from 0, in turn")


def own_set(call: Call) -> Json:
    """Make our set ready, and commit to it on the ledger."""
    answer = join_party.commit_set(
        call.context.node,
        call.agency.id,
        call.params["job"],
        f"{call.params['agency']}/{call.params['name']}",
        call.body,
    )
    return cast(Json, answer)


def match(call: Call) -> Json:
    """Run our side of a join, or say that it is under way."""
    answer = join_party.match(
        call.context.node, call.agency.id, call.params["job"], call.body
    )
    return cast(Json, answer)


def message(call: Call) -> Json:
    """Take one message of the other owner."""
    answer = join_party.message(
        call.context.node,
        call.agency.id,
        call.params["job"],
        call.query.number,
        call.body,
    )
    return cast(Json, answer)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/peer/jobs/{job}/set/{agency}/{name}",
        own_set,
        AGENCIES,
        "This agency's set of a private join, committed to on the ledger.",
        body=Body(JSON, None, join_party.MAX_BODY),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/peer/jobs/{job}/match",
        match,
        AGENCIES,
        "What came of a private join, signed; or that it goes on.",
        body=Body(JSON, None, join_party.MAX_BODY),
        refusals=(409,),
    ),
    Route(
        "PUT",
        "/v1/peer/jobs/{job}/message",
        message,
        AGENCIES,
        "One message of the other owner of a private join.",
        body=Body(BYTES, None, MAX_MESSAGE),
        query=MessageNumber,
        refusals=(409,),
    ),
)
