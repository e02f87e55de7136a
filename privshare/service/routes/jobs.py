"""Routes of jobs: ask, estimate, watch, cancel, and take the result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from privshare.errors import (
    EncodingError,
    OutOfRange,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import job as jobs
from privshare.exchange import tee_plan
from privshare.exchange.mpc_question import MpcQuestion
from privshare.exchange.plan import MAX_DEADLINE_S, Question, plan
from privshare.exchange.tee_plan import TeeQuestion
from privshare.jobs.lifecycle import Job
from privshare.jobs.tee_spec import OPERATION
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
from privshare.wire.canonical import Json, encode

EVENTS = "text/event-stream"

_POLL_S = 0.25
_QUIET_S = 15.0
#: A stream ends after this long; the client takes it up again where it was.
_MAX_STREAM_S = 600.0

Identifier = Annotated[str, Field(max_length=96)]


Agency = Annotated[str, Field(max_length=31)]
Column = Annotated[str, Field(max_length=63)]


class JobInput(Model):
    """One dataset that goes in, and by which right."""

    dataset: str = Field(max_length=96, description="its id")
    grant: str | None = Field(default=None, max_length=43, description="else found")
    columns: list[Column] = Field(
        default_factory=list, max_length=64, description="for `mpc`: computed on"
    )
    group_by: list[Column] = Field(
        default_factory=list, max_length=64, description="for `mpc`: splits or matches"
    )


class JobParties(Model):
    """Who does what; chosen by the node where null."""

    compute: str | None = Field(default=None, max_length=31, description="adds up")
    custodian: str | None = Field(
        default=None, max_length=31, description="opens alone"
    )
    openers: list[Agency] = Field(
        default_factory=list, max_length=16, description="open together"
    )
    nodes: list[Agency] = Field(
        default_factory=list, max_length=3, description="for `mpc`: compute on shares"
    )


class JobLimits(Model):
    """What a measured program may take before it is stopped."""

    fuel: int = Field(ge=1, le=(1 << 53) - 1, description="units of work")
    memory: int = Field(ge=1 << 16, le=1 << 32, description="bytes of memory")
    output: int = Field(ge=1, le=1 << 20, description="bytes of output")


class JobRequest(Model):
    """A question on records that nobody may see."""

    operation: Literal["count", "mean", "run", "sum"] = Field(
        description="what to compute; `run` runs a measured program"
    )
    column: str | None = Field(
        default=None, max_length=63, description="on which column; not for `run`"
    )
    columns: list[Column] = Field(
        default_factory=list, max_length=64, description="for `run`: computed on"
    )
    module: str | None = Field(
        default=None, max_length=63, description="for `run`: a listed program"
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="for `run`: what the program is told"
    )
    limits: JobLimits | None = Field(default=None, description="for `run`")
    group_by: Column | list[Column] | None = Field(
        default=None, description="the column that splits the result; `run`: columns"
    )
    purpose: str = Field(max_length=64, description="that of the grants")
    inputs: list[JobInput] = Field(min_length=1, max_length=8, description="datasets")
    method: Literal["auto", "he", "mpc", "tee"] = Field(
        default="auto", description="technique; `tee` or `mpc` for `run`"
    )
    model: Literal["malicious-abort", "semi-honest"] | None = Field(
        default=None, description="for `mpc`: what a node may do without being a danger"
    )
    noise: dict[str, Any] | None = Field(
        default=None, description="for `mpc`: the mechanism that is added"
    )
    parties: JobParties | None = Field(default=None, description="who does what")
    deadline_s: int = Field(
        default=3600, ge=1, le=MAX_DEADLINE_S, description="seconds until it fails"
    )
    k: int | None = Field(
        default=None, ge=1, le=1_000_000, description="least records a group"
    )


class JobEnding(Model):
    """Why a job is cancelled."""

    reason: str = Field(default="", max_length=300, description="for the ledger")


def submit(call: Call) -> Answer:
    """Start a job; it goes on when the caller has gone."""
    question = _asked(call)
    job = jobs.submit(call.context.node, question, person=call.person.kid)
    call.context.wake()
    return Answer(
        _shown(job), headers={"Location": f"/v1/jobs/{job.id}", "Retry-After": "1"}
    )


def estimate(call: Call) -> Json:
    """Say what a job would cost, and who would learn what; nothing runs."""
    question = _asked(call)
    node = call.context.node
    if isinstance(question, TeeQuestion):
        found = tee_plan.explain(node, question)
    elif isinstance(question, MpcQuestion):
        from privshare.exchange import mpc_plan  # noqa: PLC0415 - joint jobs alone

        found = mpc_plan.explain(node, question)
    else:
        found = jobs.explain(node, question)
    does = _does(found["parties"])
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
                f"No group rests on fewer than {found['k']} records.",
                f"It {found['adversary']}.",
                f"Not proven: {found['not_proven']}.",
            ],
            "parties": parties,
            "uses": len(found["inputs"]),
        },
    )


def _does(parties: dict[str, Any]) -> dict[str, str]:
    """What each agency does, besides asking and owning."""
    found = {str(opener): "opens with others" for opener in parties["openers"]}
    for role in ("compute", "custodian"):
        if parties[role] is not None:
            found[str(parties[role])] = role
    found |= {str(node): "computes on shares" for node in parties.get("nodes", ())}
    return found


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


def _asked(call: Call) -> jobs.AnyQuestion:
    """The question in a body: on encrypted columns, for a machine, or on shares."""
    asked: JobRequest = call.body
    measured = asked.operation == OPERATION
    if measured != (asked.method in ("mpc", "tee")):
        raise EncodingError(
            f"method: expected tee or mpc exactly for {OPERATION}, found "
            f"{asked.method} for {asked.operation}"
        )
    if asked.method != "mpc" and (
        asked.model is not None
        or asked.noise is not None
        or any(one.columns or one.group_by for one in asked.inputs)
        or (asked.parties is not None and asked.parties.nodes)
    ):
        raise EncodingError(
            "method: expected mpc with a model, nodes or columns of each input, found "
            f"{asked.method}"
        )
    if asked.method == "mpc":
        return _joint(call)
    return _measured(call) if measured else _question(call)


def _joint(call: Call) -> MpcQuestion:
    asked: JobRequest = call.body
    if asked.module is None or asked.column is not None or asked.columns:
        raise EncodingError("module: expected a program, and columns of each input")
    parties = asked.parties or JobParties()
    document: dict[str, Json] = {
        "deadline_s": max(10, asked.deadline_s),
        "grants": _grants(asked),
        "inputs": [
            {
                "columns": list(one.columns),
                "dataset": one.dataset,
                "group_by": list(one.group_by),
            }
            for one in asked.inputs
        ],
        "k": asked.k,
        "model": asked.model,
        "nodes": list(parties.nodes),
        "noise": asked.noise,
        "parameters": asked.parameters,
        "program": asked.module,
        "purpose": asked.purpose,
    }
    return MpcQuestion.from_json(document)


def _measured(call: Call) -> TeeQuestion:
    asked: JobRequest = call.body
    if asked.module is None or asked.column is not None:
        raise EncodingError("module: expected a program, and columns in a list")
    by = asked.group_by or []
    parties = asked.parties or JobParties()
    document: dict[str, Json] = {
        "columns": list(asked.columns),
        "datasets": [item.dataset for item in asked.inputs],
        "deadline_s": max(10, asked.deadline_s),
        "grants": _grants(asked),
        "group_by": [by] if isinstance(by, str) else list(by),
        "k": asked.k,
        "limits": None if asked.limits is None else asked.limits.model_dump(),
        "module": asked.module,
        "parameters": asked.parameters,
        "purpose": asked.purpose,
        "runner": parties.compute,
    }
    return TeeQuestion.from_json(document)


def _grants(asked: JobRequest) -> list[Json]:
    named = [item.grant for item in asked.inputs]
    if None in named and any(named):
        raise EncodingError("inputs: expected a grant for each dataset or for none")
    return [grant for grant in named if grant is not None]


def _question(call: Call) -> Question:
    asked: JobRequest = call.body
    if asked.operation == "run" or asked.column is None or asked.module is not None:
        raise EncodingError("column: expected one, and no module")
    if isinstance(asked.group_by, list):
        raise EncodingError("group_by: expected one column, found a list")
    named = [item.grant for item in asked.inputs]
    if None in named and any(named):
        raise EncodingError("inputs: expected a grant for each dataset or for none")
    parties = asked.parties or JobParties()
    question = Question(
        operation=asked.operation,
        column=asked.column,
        datasets=tuple(item.dataset for item in asked.inputs),
        purpose=asked.purpose,
        group_by=asked.group_by,
        grants=tuple(grant for grant in named if grant is not None),
        compute=parties.compute,
        custodian=parties.custodian,
        openers=tuple(parties.openers),
        deadline_s=max(10, asked.deadline_s),
    )
    if asked.k is not None:
        least = plan(call.context.node, question).spec.k
        if asked.k > least:
            raise OutOfRange(
                f"k: expected at most {least}, which the grants ask for, "
                f"found {asked.k}",
                fix="Ask for grants with a larger k.",
            )
    return question


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
