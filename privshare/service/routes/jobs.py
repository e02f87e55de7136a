"""Routes of jobs: ask, estimate, watch, cancel, and take the result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, cast

from pydantic import Field

from privshare.errors import (
    EncodingError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import job as jobs
from privshare.exchange import join_plan, tee_plan
from privshare.exchange.join_question import JoinQuestion
from privshare.exchange.mpc_question import MpcQuestion
from privshare.exchange.tee_plan import TeeQuestion
from privshare.jobs.lifecycle import Job
from privshare.ledger.parties import PAIR
from privshare.service import problems
from privshare.service.paging import Page, page, position
from privshare.service.route import (
    EVERYBODY,
    Answer,
    Body,
    Call,
    Model,
    Route,
    people,
)
from privshare.service.routes.job_request import JobRequest, asked
from privshare.wire.canonical import Json, encode

EVENTS = "text/event-stream"

_POLL_S = 0.25
_QUIET_S = 15.0
#: A stream ends after this long; the client takes it up again where it was.
_MAX_STREAM_S = 600.0


class JobEnding(Model):
    """Why a job is cancelled."""

    reason: str = Field(default="", max_length=300, description="for the ledger")


def submit(call: Call) -> Answer:
    """Start a job; it goes on when the caller has gone."""
    question = asked(call)
    job = jobs.submit(call.context.node, question, person=call.person.kid)
    call.context.wake()
    return Answer(
        _shown(job), headers={"Location": f"/v1/jobs/{job.id}", "Retry-After": "1"}
    )


def estimate(call: Call) -> Json:
    """Say what a job would cost, and who would learn what; nothing runs."""
    question = asked(call)
    node = call.context.node
    if isinstance(question, TeeQuestion):
        found = tee_plan.explain(node, question)
    elif isinstance(question, JoinQuestion):
        found = join_plan.explain(node, question)
    elif isinstance(question, MpcQuestion):
        from privshare.exchange import mpc_plan  # noqa: PLC0415 - joint jobs alone

        found = mpc_plan.explain(node, question)
    else:
        found = jobs.explain(node, question)
    does = {node.agency: "asks", **_does(found["parties"])}
    parties = [
        {"agency": agency, "does": does.get(agency, "takes part"), "learns": learns}
        for agency, learns in found["learns"].items()
    ]
    return cast(
        Json,
        {
            **found,
            "milliseconds": _milliseconds(found["seconds"]),
            "notes": [
                *found.get("notes", [_least(found["k"])]),
                f"It {found['adversary']}.",
                f"Not proven: {found['not_proven']}.",
            ],
            "parties": parties,
            "uses": len(found["inputs"]),
        },
    )


def _least(k: int) -> str:
    """What k means in a result with groups."""
    return f"No group rests on fewer than {k} records."


def _does(parties: dict[str, Any]) -> dict[str, str]:
    """What each agency does, besides asking and owning."""
    found = {str(opener): "opens with others" for opener in parties["openers"]}
    for role in ("compute", "custodian"):
        if parties[role] is not None:
            found[str(parties[role])] = role
    nodes = parties.get("nodes", ())
    does = "computes on shares" if len(nodes) > PAIR else "matches its set"
    return found | {str(node): does for node in nodes}


def listing(call: Call) -> Answer:
    """List the jobs of this node, the newest first."""
    before = position(call)
    if before is not None and not _is_position(before):
        raise EncodingError("expected a cursor of this list, found another")
    after = cast("tuple[int, str] | None", tuple(cast(Any, before)) if before else None)
    found = call.context.store.jobs(call.query.limit + 1, after)
    return page(call, found, _shown, lambda job: [job.created, job.id])


def show(call: Call) -> Answer:
    """Show where a job stands."""
    job = _find(call)
    return Answer(_shown(job), headers={} if job.ended else {"Retry-After": "1"})


def cancel(call: Call) -> Answer:
    """Ask for the end of a job."""
    ending: JobEnding | None = call.body
    job = jobs.cancel(
        call.context.node,
        call.params["id"],
        reason=ending.reason if ending else "",
        person=call.person.kid,
    )
    call.context.wake()
    return Answer(_shown(job), headers={"Location": f"/v1/jobs/{job.id}"})


def result(call: Call) -> Json:
    """Give the result of a job that is done."""
    job = _find(call)
    if job.phase != "done":
        raise StepNotAllowed(
            f"expected a job that is done, found one that is {job.phase}",
            fix="Wait for it: GET /v1/jobs/{id}." if not job.ended else "",
        )
    return cast(Json, jobs.describe(job)["result"])


def events(call: Call) -> Answer:
    """Stream a job's progress as server-sent events until it ends."""
    job = _find(call)
    streams = call.context.streams
    if not streams.take():
        raise problems.retry_after(
            Unavailable(
                f"expected at most {streams.most} event streams, found more",
                fix="Ask GET /v1/jobs/{id} now and then instead.",
            ),
            5,
            503,
        )
    seen = call.headers["last-event-id"]
    return Answer(
        _Stream(call, job.id, seen), headers={"Cache-Control": "no-store"}, media=EVENTS
    )


class _Stream:
    """A job's events; gives its place back when the client is gone."""

    def __init__(self, call: Call, job: str, seen: str) -> None:
        self._context = call.context
        self._job = job
        self._seen = seen
        self._open = True
        self._events = self._run()
        self._context.metrics.streams.inc()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._events)

    def close(self) -> None:
        """Called by the server at the end, however it came."""
        if self._open:
            self._open = False
            self._context.streams.give_back()
            self._context.metrics.streams.dec()

    def _run(self) -> Iterator[bytes]:
        began = quiet = self._context.monotonic()
        yield b"retry: 1000\n\n"
        while not self._context.stopping():
            job = jobs.find(self._context.node, self._job)
            name = f"{job.phase}-{job.done}-{job.heartbeat}"
            now = self._context.monotonic()
            if name != self._seen:
                self._seen, quiet = name, now
                data = encode(_shown(job))
                yield b"id: %s\nevent: job\ndata: %s\n\n" % (name.encode(), data)
            elif now - quiet > _QUIET_S:
                quiet = now
                yield b": still here\n\n"
            if job.ended or now - began > _MAX_STREAM_S:
                return
            time.sleep(_POLL_S)


def _find(call: Call) -> Job:
    return jobs.find(call.context.node, call.params["id"])


def _shown(job: Job) -> Json:
    shown = jobs.describe(job)
    shown.pop("result")
    return cast(Json, shown)


def _is_position(value: Json) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and type(value[0]) is int
        and isinstance(value[1], str)
    )


def _milliseconds(seconds: str) -> int:
    """Turn the tenths of a second of an estimate into milliseconds."""
    whole, _, tenths = seconds.partition(".")
    return int(whole) * 1000 + int((tenths or "0")[:1]) * 100


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/jobs",
        submit,
        people("analyst"),
        "Start a job.",
        body=Body(model=JobRequest),
        status=202,
        idempotent=True,
    ),
    Route(
        "POST",
        "/v1/jobs/estimate",
        estimate,
        people("analyst"),
        "What a job would cost, and who would learn what.",
        body=Body(model=JobRequest),
    ),
    Route("GET", "/v1/jobs", listing, EVERYBODY, "Jobs, newest first.", query=Page),
    Route("GET", "/v1/jobs/{id}", show, EVERYBODY, "Where a job stands."),
    Route(
        "DELETE",
        "/v1/jobs/{id}",
        cancel,
        people("analyst"),
        "Cancel a job.",
        body=Body(model=JobEnding, optional=True),
        status=202,
        idempotent=True,
    ),
    Route(
        "GET",
        "/v1/jobs/{id}/events",
        events,
        EVERYBODY,
        "A job's progress, as server-sent events.",
        media=EVENTS,
    ),
    Route(
        "GET",
        "/v1/jobs/{id}/result",
        result,
        people("analyst"),
        "The result of a job that is done.",
        refusals=(409,),
    ),
)
