"""Routes of submitted code: taken in, looked at, decided on, run.

The two that take code are for the bridge, which has the role of an operator
and so can approve nothing.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import Field

from privshare.exchange import gate_decide, gate_room, gate_run, gate_take
from privshare.jobs.submission.tree import MAX_PATH
from privshare.service.route import JSON, Body, Call, Model, Route, people
from privshare.wire.canonical import Json, unb64u

#: As how many requests the rate limit counts one that carries files.
FILES_COST = 20
_MAX_LISTED = 4_000


class SubmittedFile(Model):
    """One file of a submission."""

    path: str = Field(min_length=1, max_length=4 * MAX_PATH, description="with slashes")
    bytes: str = Field(max_length=gate_room.MAX_BODY, description="base64url")
    executable: bool = Field(default=False, description="for its owner")


class SubmissionDraft(Model):
    """What an author hands in, all of its files, and who that is."""

    enrolment: dict[str, Any] | None = Field(
        description="the document that the author's agency made; null: none"
    )
    entry: str = Field(max_length=4 * MAX_PATH, description="the file that runs")
    files: list[SubmittedFile] = Field(max_length=_MAX_LISTED, description="all")
    key: str = Field(
        pattern=r"^[A-Za-z0-9_-]{43}$",
        description="by which the other system knows the author; 32 bytes, base64url",
    )
    name: str = Field(max_length=500, description="what the author calls it")


class RunDraft(Model):
    """All files of a submission, as they are now."""

    files: list[SubmittedFile] = Field(max_length=_MAX_LISTED, description="all")


class Approval(Model):
    """What was read before saying yes."""

    gate: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{43}$",
        description="digest of the gate's rule as it was shown; null: as it is now",
    )


class Refusal(Model):
    """Why a submission is refused."""

    reason: str = Field(min_length=1, max_length=300, description="for the ledger")


def _files(listed: list[SubmittedFile]) -> list[Json]:
    return [cast(Json, one.model_dump()) for one in listed]


def take(call: Call) -> Json:
    """Take a submission in: it waits for approval, or is refused at once."""
    draft: SubmissionDraft = call.body
    return gate_take.take(
        call.context.node,
        enrolment=cast(Json, draft.enrolment),
        entry=draft.entry,
        files=_files(draft.files),
        key=unb64u(draft.key, 32),
        name=draft.name,
        person=call.person.kid,
    )


def listing(call: Call) -> Json:
    """List the submissions that this node keeps."""
    return {"items": cast("list[Json]", gate_decide.listing(call.context.node))}


def show(call: Call) -> Json:
    """Show a submission with its files, and who has decided on it."""
    found = gate_decide.show(call.context.node, call.params["submission"], files=True)
    return cast(Json, found)


def approve(call: Call) -> Json:
    """Approve a submission, as one person of this agency."""
    said: Approval | None = call.body
    found = gate_decide.approve(
        call.context.node,
        call.params["submission"],
        person=call.person.kid,
        gate=None if said is None else said.gate,
    )
    return cast(Json, found)


def refuse(call: Call) -> Json:
    """Refuse a submission, also after it was approved."""
    said: Refusal = call.body
    found = gate_decide.refuse(
        call.context.node,
        call.params["submission"],
        said.reason,
        person=call.person.kid,
    )
    return cast(Json, found)


def run(call: Call) -> Json:
    """Run an approved submission, once; asked again, the same answer."""
    draft: RunDraft = call.body
    return gate_run.run(
        call.context.node,
        call.params["submission"],
        _files(draft.files),
        person=call.person.kid,
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/submissions",
        take,
        people("operator", "steward"),
        "Take submitted code in: it waits for people, or is refused with a receipt.",
        body=Body(JSON, SubmissionDraft, gate_room.MAX_BODY),
        refusals=(409,),
        cost=FILES_COST,
    ),
    Route(
        "GET",
        "/v1/submissions",
        listing,
        people("auditor", "operator", "steward"),
        "Submitted code at this node, newest first.",
    ),
    Route(
        "GET",
        "/v1/submissions/{submission}",
        show,
        people("auditor", "operator", "steward"),
        "A submission with all its files, and who has decided on it.",
    ),
    Route(
        "POST",
        "/v1/submissions/{submission}/approve",
        approve,
        people("steward"),
        "Approve these bytes, as one person of this agency.",
        body=Body(JSON, Approval, optional=True),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/submissions/{submission}/refuse",
        refuse,
        people("steward"),
        "Refuse a submission, also after its approval.",
        body=Body(JSON, Refusal),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/submissions/{submission}/run",
        run,
        people("operator", "steward"),
        "Run an approved submission, once; or how far it is, or what came of it.",
        body=Body(JSON, RunDraft, gate_room.MAX_BODY),
        refusals=(409,),
        cost=FILES_COST,
    ),
)
