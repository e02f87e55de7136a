"""Routes that other agencies' nodes call. People have no business here.

The caller is an agency whose key the ledger holds; what it may have is decided
by the verbs against this node's own copy of the ledger.
"""

from __future__ import annotations

from typing import cast

from privshare.exchange import dataset as datasets
from privshare.exchange import record as records
from privshare.service.route import AGENCIES, JSON, Body, Call, Route
from privshare.wire.canonical import Json

BYTES = "application/octet-stream"
MAX_REQUEST = 64 * 1024


def documents(call: Call) -> Json:
    """Give the documents of a dataset of ours."""
    dataset = f"{call.params['agency']}/{call.params['name']}"
    return cast(Json, datasets.served(call.context.node, dataset))


def record(call: Call) -> Json:
    """Give a record for which the caller holds a reserved use, sealed to it."""
    return cast(Json, records.serve(call.context.node, call.agency.id, call.body))


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/v1/peer/datasets/{agency}/{name}",
        documents,
        AGENCIES,
        "The documents of a dataset of this agency.",
    ),
    Route(
        "POST",
        "/v1/peer/records",
        record,
        AGENCIES,
        "A record for a reserved use, sealed to the caller.",
        body=Body(JSON, None, MAX_REQUEST),
        refusals=(409,),
    ),
)
