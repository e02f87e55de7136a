"""What a request for a job says, and which question that is.

POST /v1/jobs, /v1/jobs/estimate ─► JobRequest ─► asked ─► a question:
on encrypted columns, for a measured program, on shares, or of two sets
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from privshare.errors import EncodingError, OutOfRange
from privshare.exchange import job as jobs
from privshare.exchange.join_question import ASKED, JoinQuestion
from privshare.exchange.mpc_question import MpcQuestion
from privshare.exchange.plan import MAX_DEADLINE_S, Question, plan
from privshare.exchange.tee_plan import TeeQuestion
from privshare.jobs.tee_spec import OPERATION
from privshare.rights import identifier
from privshare.service.route import Call, Model
from privshare.wire.canonical import Json

__all__ = ["Identifier", "JobRequest", "asked"]

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
    on: list[Column] = Field(
        default_factory=list, max_length=16, description="for `psi`: name a person"
    )
    value: Column | None = Field(default=None, description="for `psi`: summed up")


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

    operation: Literal["count", "link", "match", "mean", "run", "sum"] = Field(
        description="what to compute; `run` runs a measured program, `match` and "
        "`link` join two owners' sets"
    )
    column: str | None = Field(
        default=None, max_length=63, description="on which column; not for `run`"
    )
    columns: list[Column] = Field(
        default_factory=list, max_length=64, description="for `run`: computed on"
    )
    module: str | None = Field(
        default=None,
        max_length=63,
        description="for `run`: a listed program; for `match`: count or sum",
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
    method: Literal["auto", "he", "mpc", "psi", "tee"] = Field(
        default="auto",
        description="technique; `tee` or `mpc` for `run`, `psi` for `match` and `link`",
    )
    model: Literal["malicious-abort", "semi-honest"] | None = Field(
        default=None, description="for `mpc`: what a node may do without being a danger"
    )
    noise: dict[str, Any] | None = Field(
        default=None, description="for `mpc`: the mechanism that is added"
    )
    recipe: list[list[Annotated[str, Field(max_length=32)]]] | None = Field(
        default=None,
        max_length=16,
        description="for `psi`: steps by which identifiers are written alike",
    )
    receiver: Identifier | None = Field(
        default=None, description="for `psi`: the dataset whose owner counts"
    )
    bound: int | None = Field(
        default=None, ge=1, le=1 << 40, description="for `psi`: of the sum, in size"
    )
    parties: JobParties | None = Field(default=None, description="who does what")
    deadline_s: int = Field(
        default=3600, ge=1, le=MAX_DEADLINE_S, description="seconds until it fails"
    )
    k: int | None = Field(
        default=None, ge=1, le=1_000_000, description="least records a group"
    )


def asked(call: Call) -> jobs.AnyQuestion:
    """The question in a body: on encrypted columns, for a machine, or on shares."""
    asked: JobRequest = call.body
    matched = asked.operation in identifier.JOINS.values()
    if matched or asked.method == "psi":
        return _joined(asked)
    if (
        asked.recipe
        or asked.receiver
        or asked.bound is not None
        or any(one.on or one.value for one in asked.inputs)
    ):
        raise EncodingError(
            "method: expected psi with a recipe, a receiver, a bound or on, found "
            f"{asked.method}"
        )
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


def _joined(asked: JobRequest) -> JoinQuestion:
    """A private join: `match` with module count or sum, or `link`."""
    module = asked.module or ("ids" if asked.operation == "link" else "count")
    fits = ASKED.get(module) is not None and (
        identifier.JOINS[ASKED[module]] == asked.operation
    )
    if not fits or asked.method not in ("auto", "psi"):
        raise EncodingError(
            "method: expected psi, and module count or sum for match, ids for link, "
            f"found {asked.method} and {identifier.shown(module)} for {asked.operation}"
        )
    others = (asked.column, asked.columns, asked.group_by, asked.parameters)
    used = (asked.limits, asked.model, asked.noise, asked.parties)
    columns = any(one.columns or one.group_by for one in asked.inputs)
    if any(others) or columns or any(one is not None for one in used):
        raise EncodingError(
            "match, link: expected inputs with on and value, recipe, receiver and "
            "bound, found fields of other operations"
        )
    document: dict[str, Json] = {
        "bound": asked.bound,
        "deadline_s": asked.deadline_s,
        "inputs": [
            {
                "dataset": one.dataset,
                "grant": one.grant,
                "on": list(one.on),
                "value": one.value,
            }
            for one in asked.inputs
        ],
        "k": asked.k,
        "program": module,
        "purpose": asked.purpose,
        "receiver": asked.receiver,
        "recipe": cast(Json, asked.recipe),
    }
    return JoinQuestion.from_json(document)


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
    operation = asked.operation
    plain = operation not in ("link", "match", "run")
    if not plain or asked.column is None or asked.module is not None:
        raise EncodingError("column: expected one, and no module")
    if isinstance(asked.group_by, list):
        raise EncodingError("group_by: expected one column, found a list")
    named = [item.grant for item in asked.inputs]
    if None in named and any(named):
        raise EncodingError("inputs: expected a grant for each dataset or for none")
    parties = asked.parties or JobParties()
    question = Question(
        operation=cast(Any, operation),
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
