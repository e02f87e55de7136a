"""Routes that other agencies' nodes call. People have no business here.

The caller is an agency whose key the ledger holds; what it may have is decided
by the verbs against this node's own copy of the ledger.
"""

from __future__ import annotations

from typing import cast

from pydantic import Field

from privshare.exchange import dataset as datasets
from privshare.exchange import party, privacy
from privshare.exchange import record as records
from privshare.exchange.opening import open_totals
from privshare.exchange.party import MAX_PART
from privshare.service.paging import Number
from privshare.service.route import AGENCIES, JSON, Body, Call, Model, Route
from privshare.wire.canonical import Json

BYTES = "application/octet-stream"
MAX_REQUEST = 64 * 1024
#: Up to eight contributions and an aggregation, each with 512 groups.
MAX_STATEMENTS = 32 << 20


class Part(Model):
    """Which part of a column."""

    part: Number = Field(ge=0, lt=1 << 20, description="from 0")


def documents(call: Call) -> Json:
    """Give the documents of a dataset of ours."""
    return cast(Json, datasets.served(call.context.node, _dataset(call)))


def query_key(call: Call) -> Json:
    """Give the query key of a dataset of ours, sealed, to who has a right to it."""
    answer = privacy.serve_key(call.context.node, call.agency.id, _dataset(call))
    return cast(Json, answer)


def record(call: Call) -> Json:
    """Give a record for which the caller holds a reserved use, sealed to it."""
    return cast(Json, records.serve(call.context.node, call.agency.id, call.body))


def contribution(call: Call) -> Json:
    """Encrypt a column of ours for a job, or say how far we are."""
    answer = party.contribute(
        call.context.node, call.agency.id, call.params["job"], _dataset(call), call.body
    )
    return cast(Json, answer)


def part(call: Call) -> Json:
    """Keep one part of an owner's encrypted column."""
    answer = party.receive(
        call.context.node,
        call.agency.id,
        call.params["job"],
        _dataset(call),
        part=call.query.part,
        data=call.body,
    )
    return cast(Json, answer)


def aggregation(call: Call) -> Json:
    """Check contributions against the ciphertexts, and add them up."""
    answer = party.aggregate(
        call.context.node, call.agency.id, call.params["job"], call.body
    )
    return cast(Json, answer)


def opening(call: Call) -> Json:
    """Open the totals of a job, or a part of them, once and nothing else."""
    answer = open_totals(
        call.context.node, call.agency.id, call.params["job"], call.body
    )
    return cast(Json, answer)


def _dataset(call: Call) -> str:
    return f"{call.params['agency']}/{call.params['name']}"


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/v1/peer/datasets/{agency}/{name}",
        documents,
        AGENCIES,
        "The documents of a dataset of this agency.",
    ),
    Route(
        "GET",
        "/v1/peer/datasets/{agency}/{name}/query-key",
        query_key,
        AGENCIES,
        "The key for naming rows of a dataset of this agency, sealed to the caller.",
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
    Route(
        "POST",
        "/v1/peer/jobs/{job}/contributions/{agency}/{name}",
        contribution,
        AGENCIES,
        "This agency's encrypted column for a job, or how far it is.",
        body=Body(JSON, None, MAX_REQUEST),
    ),
    Route(
        "PUT",
        "/v1/peer/jobs/{job}/inputs/{agency}/{name}",
        part,
        AGENCIES,
        "One part of an owner's encrypted column, for the one who adds up.",
        body=Body(BYTES, None, MAX_PART),
        query=Part,
    ),
    Route(
        "POST",
        "/v1/peer/jobs/{job}/aggregation",
        aggregation,
        AGENCIES,
        "The sum of the encrypted columns, for the coordinator.",
        body=Body(JSON, None, MAX_STATEMENTS),
    ),
    Route(
        "POST",
        "/v1/peer/jobs/{job}/opening",
        opening,
        AGENCIES,
        "The totals or this agency's part of them, proven, for the coordinator.",
        body=Body(JSON, None, MAX_STATEMENTS),
    ),
)
