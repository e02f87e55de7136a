"""Planning a job on shares: from a question to a specification.

    analyst  program, columns of several datasets ─► plan ─► MpcSpec ─► job.admit
                                        └► explain: who learns what, how it fails

What the program must know of the columns (bounds, scales, words) is taken from
their published schemas and written into the specification, so that owners,
nodes and auditors all compute the same plan, and an overflow is found before
anything runs.

Implements docs/protocols/mpc.md, section 2.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from privshare.errors import EncodingError, NotFound, NotPermitted
from privshare.exchange import dataset as datasets
from privshare.exchange.appraisal import own_policy
from privshare.exchange.code import find_code
from privshare.exchange.mpc_question import MpcQuestion
from privshare.exchange.node import Node
from privshare.exchange.tee_plan import MEANINGS, grant_for
from privshare.jobs.mpc import catalogue, noise
from privshare.jobs.mpc.programs.cost import Cost
from privshare.jobs.mpc_spec import PREFIX, MpcSpec
from privshare.jobs.tee_spec import TeeInput
from privshare.ledger import query
from privshare.ledger.parties import NODES
from privshare.rights import identifier
from privshare.rights.schema import Column, Schema
from privshare.wire.canonical import Json, b64u

__all__ = ["MpcPlan", "MpcQuestion", "estimate", "explain", "plan"]

#: A label on the ledger: this agency's node computes on shares.
COMPUTES = "compute"
#: Rows of two datasets that are matched by an identifier inside the computation.
JOINED = "joined"


@dataclass(frozen=True, slots=True)
class MpcPlan:
    """A specification and what it was made from.

    Attributes:
        spec: What will be admitted.
        rows: Rows of each dataset, from the ledger.
        cost: What it takes.
        deadline_s: Seconds until the job is given up.
    """

    spec: MpcSpec
    rows: Mapping[str, int]
    cost: Cost
    deadline_s: int


def plan(node: Node, question: MpcQuestion) -> MpcPlan:
    """Turn a question into a specification, if the rights allow it.

    Raises:
        GrantMissing, GrantExpired, GrantRevoked, PurposeMismatch, NotPermitted:
            The rights say no; `detail["rule"]` names the rule. A program that
            is not listed is `run.unlisted`, too few nodes `job.nodes`.
        NotFound: No such dataset, column, program or agency.
        OutOfRange: The result might not fit the ring, from what the schemas
            say; the message names the column and the number of rows.
        EncodingError: A field of another form, or columns that do not fit.
    """
    view, asked = node.view(), question.inputs
    if question.grants and len(question.grants) != len(asked):
        raise EncodingError(
            f"question.grants: expected one a dataset, {len(asked)}, found "
            f"{len(question.grants)}"
        )
    code, module = find_code(node, question.program, identifier.JOINT)
    program = identifier.measured(code, identifier.JOINT)
    found = catalogue.find(module.removeprefix(PREFIX))
    inputs, ks = [], [question.k or 1]
    rows: dict[str, int] = {}
    schemas: dict[str, Schema] = {}
    for i, one in enumerate(asked):
        state = datasets.need_registered(query.dataset(view, one.dataset), one.dataset)
        columns, group_by = tuple(sorted(one.columns)), tuple(sorted(one.group_by))
        meant = TeeInput(one.dataset, "A" * 43, state.version, columns, group_by)
        wanted = question.grants[i] if question.grants else None
        grant_id, grant = grant_for(node, meant, question.purpose, program, wanted)
        schema = datasets.documents(node, one.dataset).schema
        for column in meant.all_columns:
            schema.column(column)
        inputs.append(TeeInput(one.dataset, grant_id, state.version, columns, group_by))
        rows[one.dataset], schemas[one.dataset] = state.rows, schema
        ks.append(grant.terms.k)
    parameters = _declared(question.parameters, schemas)
    k = max(ks)
    planned = found.plan(parameters, rows, k)
    catalogue.check_inputs(planned, inputs)
    noise.check(planned, question.noise)
    model = question.model or catalogue.default_model(planned)
    catalogue.check_model(planned, model)
    spec = MpcSpec(
        module=module,
        code=code,
        parameters=parameters,
        inputs=tuple(inputs),
        k=k,
        purpose=question.purpose,
        coordinator=node.agency,
        nodes=_nodes(node, question),
        model=model,
        noise=question.noise,
        nonce=secrets.token_bytes(16),
    )
    return MpcPlan(spec, rows, planned.cost, question.deadline_s)


def _declared(
    asked: Mapping[str, Any], schemas: Mapping[str, Schema]
) -> dict[str, Json]:
    """Write into the parameters what the schemas declare of each column.

    Raises:
        EncodingError: A column of a type that no program takes, without a
            declared interval, or declared otherwise by two owners.
        NotFound: No such column.
    """
    listed = asked.get("columns")
    if not isinstance(listed, list):
        raise EncodingError("question.parameters.columns: expected a list")
    rows = asked.get("rows")
    joined = isinstance(rows, dict) and rows.get("kind") == JOINED
    return {**asked, "columns": [_column(one, schemas, joined) for one in listed]}


def _column(asked: Any, schemas: Mapping[str, Schema], joined: bool) -> Json:
    where = "question.parameters.columns"
    if not isinstance(asked, dict) or not isinstance(asked.get("from"), dict):
        raise EncodingError(f"{where}: expected objects with name and from")
    bounds = {"maximum", "minimum"} & set(asked)
    if set(asked) - bounds != {"from", "name"} or len(bounds) == 1:
        return cast(Json, asked)  # declared by the asker: the plan checks it
    found: dict[str, Json] | None = None
    for dataset, name in asked["from"].items():
        if dataset not in schemas:
            raise EncodingError(f"{where}: expected datasets of the question")
        said = _said(schemas[dataset].column(str(name)), dataset, bool(bounds), joined)
        said |= {one: asked[one] for one in bounds}
        if found is not None and said != found:
            raise EncodingError(
                f"column {name}: expected the same interval, scale or words in all "
                f"datasets, found others in {dataset}",
                fix="Declare one interval for all in the parameters.",
                detail={"column": name, "dataset": dataset},
            )
        found = said
    return {**asked, **(found or {})}


def _said(column: Column, dataset: str, bounded: bool, joined: bool) -> dict[str, Json]:
    """What a schema declares of a column, as programs are told it."""
    if joined and column.type == "string":
        return {"text": True}  # an identifier: compared, and no more
    if column.type == "category":
        return {"categories": list(column.categories)}
    if column.type == "bool":
        return {"maximum": 1, "minimum": 0, "scale": 0}
    bounds = (column.minimum, column.maximum)
    missing = None in bounds and not bounded
    if column.type not in ("decimal", "int") or missing:
        raise EncodingError(
            f"column {column.name} of {dataset}: expected numbers with a declared "
            f"interval, or categories, found {column.type}"
            + (" without one" if missing else ""),
            fix="Give its bounds, least and greatest: its owner's node refuses values "
            "outside.",
            detail={"column": column.name, "dataset": dataset},
        )
    return {
        "maximum": column.maximum,
        "minimum": column.minimum,
        "scale": column.scale or 0,
    }


def _nodes(node: Node, question: MpcQuestion) -> tuple[str, ...]:
    """Whose nodes compute: whom the question names, else who says they do."""
    agencies = {
        name: held
        for name, held in query.agencies(node.view()).items()
        if held.status == "active"
    }
    for name in question.nodes:
        if name not in agencies:
            raise NotFound(
                f"expected an active agency to compute, found {identifier.shown(name)}"
            )
    chosen = sorted(set(question.nodes)) or sorted(
        name for name, held in agencies.items() if COMPUTES in held.roles
    )
    if len(chosen) < NODES or (question.nodes and len(chosen) != NODES):
        raise NotPermitted(
            f"expected {NODES} different agencies to compute, found {len(chosen)}"
            + ("" if question.nodes else " that say so on the ledger"),
            fix="Name three agencies whose nodes compute: nodes.",
            detail={"rule": "job.nodes"},
        )
    return tuple(chosen[:NODES])


# -- answers before anything runs ---------------------------------------------


def estimate(node: Node, question: MpcQuestion) -> dict[str, Any]:
    """How long and how much, roughly.

    Raises:
        PrivShareError: As for `plan`.
    """
    return _estimate(plan(node, question))


def _estimate(planned: MpcPlan) -> dict[str, Any]:
    from privshare.jobs.mpc.programs import calibration, estimate  # noqa: PLC0415 - brings numpy

    cost, model, speed = planned.cost, planned.spec.model, calibration.speed()
    return {
        "bytes": cost.bytes,
        "cpu_seconds": f"{estimate.cpu_seconds(cost, model, speed):.3f}",
        "method": "mpc",
        "rounds": cost.rounds,
        "rows": sum(planned.rows.values()),
        "seconds": f"{estimate.wall_seconds(cost, model, speed):.1f}",
    }


def explain(node: Node, question: MpcQuestion) -> dict[str, Any]:
    """What would happen: technique, who learns what, and what it rests on.

    Raises:
        PrivShareError: As for `plan`.
    """
    planned = plan(node, question)
    spec, program = planned.spec, catalogue.find(planned.spec.name)
    learns = {spec.coordinator: program.outputs}
    for agency in spec.nodes:
        learns.setdefault(
            agency,
            "two of three pieces of everything, which are random numbers; how many "
            f"rows each owner has; {program.leaks}",
        )
    for owner in spec.owners:
        learns.setdefault(owner, "nothing new; that the job ran")
    policy = own_policy(node)
    classes = tuple(policy.accept_classes) if policy is not None else ()
    faults = (
        "a node that falsifies a message is caught, and the job ends without a result"
        if spec.model == "malicious-abort"
        else "a node that falsifies an opened value is caught; one that falsifies a "
        "product is not, so the result is right if all three follow the protocol"
    )
    return {
        **_estimate(planned),
        "adversary": f"is computed in the model {spec.model}: it holds while no two of "
        f"{', '.join(spec.nodes)} put their pieces together; {faults}",
        "code": b64u(spec.code),
        "grants": [item.grant for item in spec.inputs],
        "inputs": [item.dataset for item in spec.inputs],
        "k": spec.k,
        "learns": learns,
        "noise": None if spec.noise is None else spec.noise.expected_error(),
        "not_proven": "that no two nodes put their pieces together; that the owners' "
        "data are true; that results of several jobs do not differ by one person",
        "parties": spec.parties.roles(),
        "program": spec.program,
        "rights": "every grant covers this question now",
        "technique": f"every owner splits its columns into three pieces; "
        f"{', '.join(spec.nodes)} compute {spec.module} on two of them each, and the "
        "pieces of the result meet at the coordinator",
        "trust": {
            "accepted": list(classes),
            "words": [MEANINGS[one] for one in classes]
            or ["this agency has no appraisal policy: the owners' policies decide"],
        },
    }
