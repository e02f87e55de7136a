"""Routes of surveys that other agencies' nodes call.

As in `peers`: who may have what is decided by the verbs, against this node's
own copy of the ledger.
"""

from __future__ import annotations

from typing import cast

from privshare.exchange import survey_close, survey_open, survey_run
from privshare.service.route import AGENCIES, JSON, Body, Call, Route
from privshare.wire.canonical import Json

BYTES = "application/octet-stream"
MAX_REQUEST = 64 * 1024


def offer(call: Call) -> Json:
    """Keys of this agency for a survey that is being drawn up."""
    return cast(Json, survey_open.offer(call.context.node, call.agency.id, call.body))


def document(call: Call) -> Json:
    """Keep the document of a survey that this agency shall aggregate."""
    node = call.context.node
    return cast(Json, survey_open.take_document(node, call.agency.id, call.body))


def key(call: Call) -> Json:
    """Take the aggregators' common key, sealed to us."""
    answer = survey_open.take_key(
        call.context.node, call.agency.id, call.params["survey"], call.body
    )
    return cast(Json, answer)


def begin(call: Call) -> Json:
    """Verify the reports of a job."""
    answer = survey_run.answer_begin(
        call.context.node, call.agency.id, call.params["survey"], call.body
    )
    return cast(Json, answer)


def commit(call: Call) -> Json:
    """Add up what both aggregators accept."""
    answer = survey_run.answer_commit(
        call.context.node, call.agency.id, call.params["survey"], call.body
    )
    return cast(Json, answer)


def close(call: Call) -> Json:
    """Close, as the leader asks: our claim goes to the ledger."""
    answer = survey_close.claim(
        call.context.node, call.agency.id, call.params["survey"]
    )
    return cast(Json, answer)


def release(call: Call) -> Json:
    """Our share of the sums, sealed to the collector, who asks."""
    answer = survey_close.released(
        call.context.node, call.agency.id, call.params["survey"]
    )
    return cast(Json, answer)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/peer/surveys/offer",
        offer,
        AGENCIES,
        "This agency's keys for a survey that another one draws up.",
        body=Body(JSON, None, MAX_REQUEST),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/peer/surveys",
        document,
        AGENCIES,
        "A survey's document, for its aggregators.",
        body=Body(JSON, None, survey_open.MAX_DOCUMENT),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/peer/surveys/{survey}/key",
        key,
        AGENCIES,
        "The aggregators' common key, from leader to helper.",
        body=Body(JSON, None, MAX_REQUEST),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/peer/surveys/{survey}/begin",
        begin,
        AGENCIES,
        "Reports to verify, from leader to helper; what the helper finds.",
        body=Body(BYTES, None, survey_run.MAX_MESSAGE),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/peer/surveys/{survey}/commit",
        commit,
        AGENCIES,
        "What both aggregators add up, from leader to helper.",
        body=Body(BYTES, None, survey_run.MAX_MESSAGE),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/peer/surveys/{survey}/close",
        close,
        AGENCIES,
        "All jobs are done: the helper enters its claim.",
        body=Body(JSON, None, MAX_REQUEST),
        refusals=(409,),
    ),
    Route(
        "GET",
        "/v1/peer/surveys/{survey}/release",
        release,
        AGENCIES,
        "An aggregator's share of the sums, sealed to the collector.",
        refusals=(409,),
    ),
)
