"""Routes of surveys: asked by a collector, aggregated by two, answered by anybody.

A submitter needs no account: it reads the document and posts reports, which no
agency can read alone.
"""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import Field

from privshare.exchange import survey_close, survey_open, survey_room, survey_run
from privshare.exchange.survey_open import Draft
from privshare.rights import identifier
from privshare.service.route import (
    EVERYBODY,
    JSON,
    PUBLIC,
    Answer,
    Body,
    Call,
    Model,
    Route,
    people,
)
from privshare.wire.canonical import INTEGER_LIMIT, Json

BYTES = "application/octet-stream"
#: As how many requests the rate limit counts an upload.
UPLOAD_COST = 50
Agency = Annotated[str, Field(pattern=f"^{identifier.AGENCY.pattern.pattern}$")]
Seconds = Annotated[int, Field(ge=0, le=INTEGER_LIMIT - 1)]


class SurveyDraft(Model):
    """What is asked, of whom it is aggregated, and how long."""

    name: str = Field(min_length=1, max_length=63, description="one word for it")
    title: str = Field(min_length=1, max_length=500, description="the question")
    vdaf: dict[str, Any] = Field(
        description="kind of report: circuit and its numbers; docs/protocols/vdaf.md"
    )
    leader: Agency = Field(description="takes reports")
    helper: Agency = Field(description="the other aggregator")
    opens: Seconds = Field(description="first second of reports")
    closes: Seconds = Field(description="the second after the last")
    precision: int = Field(
        default=60, ge=1, le=86_400, description="reports' times are rounded so far"
    )
    min_batch: int = Field(ge=2, le=1 << 32, description="fewer are never added up")
    max_batch: int = Field(ge=2, le=1 << 32, description="more are not taken")
    until: Seconds | None = Field(
        default=None, description="nothing is released later; null: 30 days after"
    )


class SurveyEnding(Model):
    """Why a survey ends without a result."""

    reason: str = Field(min_length=1, max_length=300, description="for the ledger")


def opened(call: Call) -> Answer:
    """Open a survey, of which this agency gets the sums."""
    draft: SurveyDraft = call.body
    found = survey_open.open_survey(
        call.context.node, Draft(**draft.model_dump()), person=call.person.kid
    )
    return Answer({"survey": found}, headers={"Location": f"/v1/surveys/{found}"})


def listing(call: Call) -> Json:
    """List the surveys that this node takes part in."""
    node = call.context.node
    return {
        "items": [
            cast(Json, _short(survey_close.show(node, one)))
            for one in survey_room.rooms(node)
        ]
    }


def show(call: Call) -> Json:
    """Show a survey: its document, how far it is, and its result."""
    found = survey_close.show(call.context.node, call.params["survey"])
    return cast(Json, found)


def document(call: Call) -> Json:
    """The document that every submitter reads; its digest is the survey's id."""
    found = survey_room.find(call.context.node, call.params["survey"])
    return found.to_json()


def accept(call: Call) -> Json:
    """Take part in a survey as an aggregator."""
    survey_open.accept(call.context.node, call.params["survey"], person=call.person.kid)
    return {"survey": call.params["survey"]}


def upload(call: Call) -> Json:
    """Take reports in; kept before this answers."""
    answer = survey_run.upload(call.context.node, call.params["survey"], call.body)
    return cast(Json, answer)


def close(call: Call) -> Json:
    """Close a survey, as its leader."""
    survey_close.close(call.context.node, call.params["survey"], person=call.person.kid)
    return {"survey": call.params["survey"]}


def abort(call: Call) -> Json:
    """End a survey without a result."""
    ending: SurveyEnding = call.body
    survey_close.abort(
        call.context.node,
        call.params["survey"],
        ending.reason,
        person=call.person.kid,
    )
    return {"survey": call.params["survey"]}


def _short(found: dict[str, Any]) -> dict[str, Any]:
    """A survey's line in the list."""
    kept = ("batch", "collector", "status", "survey", "until")
    title = found["document"]["title"]
    return {**{name: found[name] for name in kept}, "title": title}


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/surveys",
        opened,
        people("analyst", "steward"),
        "Open a survey: this agency gets the sums, and no answer.",
        body=Body(JSON, SurveyDraft, survey_open.MAX_DOCUMENT),
        status=201,
        refusals=(409,),
    ),
    Route(
        "GET",
        "/v1/surveys",
        listing,
        EVERYBODY,
        "The surveys that this node takes part in.",
    ),
    Route(
        "GET",
        "/v1/surveys/{survey}",
        show,
        EVERYBODY,
        "A survey: its document, how far it is, its result.",
    ),
    Route(
        "GET",
        "/v1/surveys/{survey}/document",
        document,
        PUBLIC,
        "What every submitter reads; its digest is the survey's id.",
    ),
    Route(
        "POST",
        "/v1/surveys/{survey}/reports",
        upload,
        PUBLIC,
        "Reports of submitters, sealed to both aggregators; at the leader's node.",
        body=Body(BYTES, None, survey_run.MAX_UPLOAD),
        refusals=(409,),
        cost=UPLOAD_COST,
    ),
    Route(
        "POST",
        "/v1/surveys/{survey}/accept",
        accept,
        people("steward"),
        "Take part in a survey as an aggregator.",
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/surveys/{survey}/close",
        close,
        people("steward"),
        "Close a survey, as its leader; both aggregators release.",
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/surveys/{survey}/abort",
        abort,
        people("analyst", "steward"),
        "End a survey without a result.",
        body=Body(JSON, SurveyEnding),
        refusals=(409,),
    ),
)
