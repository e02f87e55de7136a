"""Routes of submitted code that other agencies' nodes call.

As in `peers`: who may have what is decided by the verbs, against this node's
own copy of the ledger.
"""

from __future__ import annotations

from typing import cast

from privshare.exchange import gate_admit, gate_hand, gate_room
from privshare.service.route import AGENCIES, JSON, Body, Call, Route
from privshare.wire.canonical import Json

MAX_REQUEST = 256 * 1024
FILES_COST = 20


def take(call: Call) -> Json:
    """Keep a submission that an owner asks this agency to approve."""
    node = call.context.node
    return cast(Json, gate_hand.take_handed(node, call.agency.id, call.body))


def admit(call: Call) -> Json:
    """Exercise a right of this agency for a submission of one of its accounts."""
    answer = gate_admit.admit(
        call.context.node, call.agency.id, call.params["submission"], call.body
    )
    return cast(Json, answer)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/peer/submissions",
        take,
        AGENCIES,
        "A submission whose gate asks for this agency's approval.",
        body=Body(JSON, None, gate_room.MAX_BODY),
        refusals=(409,),
        cost=FILES_COST,
    ),
    Route(
        "POST",
        "/v1/peer/submissions/{submission}/admit",
        admit,
        AGENCIES,
        "Admit the job of an approved submission, under a right of this agency.",
        body=Body(JSON, None, MAX_REQUEST),
        refusals=(409,),
    ),
)
