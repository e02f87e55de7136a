"""Planning a private join: from a question to a specification.

    analyst  two datasets, columns that name a person ─► plan ─► JoinSpec ─► job.admit
                                        └► explain: who learns what, how it fails

As in `plan`, the rights are checked on this node's own copy of the ledger, so
that what will be refused is refused at once and names the rule.

Implements docs/protocols/psi.md, section "Through the nodes".
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from privshare.errors import (
    EncodingError,
    GrantMissing,
    NotPermitted,
    OutOfRange,
    PrivShareError,
)
from privshare.exchange import dataset as datasets
from privshare.exchange.join_question import JoinQuestion
from privshare.exchange.node import Node
from privshare.jobs.join.normalise import PLAIN
from privshare.jobs.join.terms import Operation
from privshare.jobs.join_spec import JoinInput, JoinSpec
from privshare.ledger import query
from privshare.rights import identifier
from privshare.rights.grant import Grant
from privshare.rights.schema import Column, Schema
from privshare.schemes.elgamal import MAX_BOUND, search_steps

__all__ = ["JoinPlan", "check_grant", "estimate", "explain", "plan", "work_s"]

_NUMBERS = ("nfkc", "trim", "digits", "unpadded")
_DATES = ("date-ymd",)
#: Microseconds of both sides for a row, by question; and bytes that both send.
#: Measured: docs/protocols/psi.md, section 9.
_ROW_US = {Operation.COUNT: 14.0, Operation.SUM: 20.5, Operation.IDS: 23.0}
_ROW_BYTES = {Operation.COUNT: 48, Operation.SUM: 80, Operation.IDS: 48}
_START_S = 0.2
#: Microseconds of the search for a sum: to keep a step, to take one.
_BABY_US, _GIANT_US = 5.5, 4.2


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """A specification and what it was made from.

    Attributes:
        spec: What will be admitted.
        rows: Rows of each dataset, from the ledger.
        deadline_s: Seconds until the job is given up.
    """

    spec: JoinSpec
    rows: Mapping[str, int]
    deadline_s: int


def plan(node: Node, question: JoinQuestion) -> JoinPlan:
    """Turn a question into a specification, if the rights allow it.

    Raises:
        GrantMissing, GrantExpired, GrantRevoked, PurposeMismatch, NotPermitted:
            The rights say no; `detail["rule"]` names the rule.
        NotFound: No such dataset or column.
        OutOfRange: More rows than a join takes; or a sum without a bound.
        EncodingError: A field of another form, or columns that do not fit.
    """
    view = node.view()
    receiver = question.receiver or _receiver(node, question)
    inputs: list[JoinInput] = []
    rows: dict[str, int] = {}
    schemas: dict[str, Schema] = {}
    least = [question.k or 1]
    for asked in question.inputs:
        state = datasets.need_registered(
            query.dataset(view, asked.dataset), asked.dataset
        )
        schema = datasets.documents(node, asked.dataset).schema
        meant = JoinInput(asked.dataset, "A" * 43, state.version, asked.on, asked.value)
        for column in meant.columns:
            schema.column(column)
        grant_id, grant = _grant_for(node, meant, question, asked.grant)
        inputs.append(
            JoinInput(asked.dataset, grant_id, state.version, asked.on, asked.value)
        )
        rows[asked.dataset], schemas[asked.dataset] = state.rows, schema
        least.append(grant.terms.k)
    spec = JoinSpec(
        program=question.program,
        inputs=tuple(inputs),
        recipe=question.recipe or _recipe(inputs, schemas),
        receiver=receiver,
        minimum=max(least),
        bound=_bound(question, rows, schemas),
        purpose=question.purpose,
        coordinator=node.agency,
        nonce=secrets.token_bytes(16),
    )
    spec.terms("A" * 43, rows)  # refuses what no join takes
    return JoinPlan(spec, rows, question.deadline_s)


def check_grant(
    node: Node, grant: Grant, item: JoinInput, purpose: str, program: str
) -> None:
    """Check that a grant allows this side of a join now.

    Raises:
        GrantMissing, GrantExpired, GrantRevoked, PurposeMismatch, NotPermitted:
            It does not; `detail["rule"]`.
    """
    terms = grant.in_force()
    terms.covers(
        operation=identifier.JOINS[program],
        columns=item.columns,
        group_by=(),
        purpose=purpose,
        program=program,
        time=max(node.clock(), terms.not_before),
    )


def _grant_for(
    node: Node, item: JoinInput, question: JoinQuestion, wanted: str | None
) -> tuple[str, Grant]:
    """The newest grant to this agency on a dataset that allows the question."""
    refusal: PrivShareError = GrantMissing(
        f"expected a grant to {node.agency} to {question.operation} {item.dataset} by "
        f"{question.program}, found none",
        fix="Ask for one: grant request.",
        detail={"dataset": item.dataset, "rule": "grant.missing"},
    )
    for grant_id, grant in query.grants(node.view()).items():
        held = (grant.terms.dataset, grant.terms.grantee)
        if held != (item.dataset, node.agency) or wanted not in (None, grant_id):
            continue
        if wanted is None and question.operation not in grant.terms.operations:
            continue  # for something else: its refusal would tell nobody anything
        try:
            check_grant(node, grant, item, question.purpose, question.program)
            if grant.used + grant.reserved >= grant.terms.uses:
                raise NotPermitted(
                    f"expected a use left of {grant.terms.uses}, found none",
                    detail={"rule": "grant.uses"},
                )
        except PrivShareError as error:
            refusal = error
        else:
            return grant_id, grant
    raise refusal


def _receiver(node: Node, question: JoinQuestion) -> str:
    """Who counts: the coordinator's own side for identifiers, in a sum the side
    without values, else the first."""
    first, second = question.inputs
    if question.program == _program(Operation.IDS):
        for one in question.inputs:
            if identifier.owner_of(one.dataset) == node.agency:
                return one.dataset
    if question.program == _program(Operation.SUM):
        return second.dataset if first.value is not None else first.dataset
    return first.dataset


def _program(operation: Operation) -> str:
    """A question's program."""
    return f"{operation.value}/v1"


def _recipe(
    inputs: list[JoinInput], schemas: Mapping[str, Schema]
) -> tuple[tuple[str, ...], ...]:
    """Steps for each field, by the types of its columns on both sides."""
    first, second = inputs
    if len(first.on) != len(second.on):
        raise EncodingError(
            f"question.inputs.on: expected as many columns on both sides, found "
            f"{len(first.on)} and {len(second.on)}",
            detail={"rule": "join.recipe"},
        )
    found = []
    for left, right in zip(first.on, second.on, strict=True):
        kinds = {
            _kind(schemas[first.dataset].column(left), first.dataset),
            _kind(schemas[second.dataset].column(right), second.dataset),
        }
        found.append(
            _NUMBERS if "int" in kinds else _DATES if "date" in kinds else PLAIN
        )
    return tuple(found)


def _kind(column: Column, dataset: str) -> str:
    if column.type not in ("category", "date", "int", "string"):
        raise EncodingError(
            f"column {column.name} of {dataset}: expected texts, dates, categories or "
            f"whole numbers that name a person, found {column.type}",
            detail={"column": column.name, "rule": "join.column"},
        )
    return column.type


def _bound(
    question: JoinQuestion, rows: Mapping[str, int], schemas: Mapping[str, Schema]
) -> int:
    """What a sum is at most in size: as asked, or from the declared interval."""
    valued = [one for one in question.inputs if one.value is not None]
    if question.program != _program(Operation.SUM):
        return 0
    if len(valued) != 1:
        raise EncodingError(
            "question.inputs.value: expected a column from one of both sides, found "
            f"{len(valued)}",
            detail={"rule": "join.values"},
        )
    (asked,) = valued
    column = schemas[asked.dataset].column(str(asked.value))
    if column.type not in ("decimal", "int"):
        raise EncodingError(
            f"column {column.name} of {asked.dataset}: expected numbers, found "
            f"{column.type}",
            detail={"column": column.name, "rule": "join.column"},
        )
    if question.bound is not None:
        return question.bound
    if column.minimum is None or column.maximum is None:
        raise OutOfRange(
            f"column {column.name} of {asked.dataset}: expected a declared interval, "
            "or a bound of the sum, found neither",
            fix="Give bound: no sum of some of its values is larger in size.",
            detail={"column": column.name, "rule": "join.values"},
        )
    largest = max(abs(column.minimum), abs(column.maximum), 1)
    return min(rows[asked.dataset] * largest, MAX_BOUND)


# -- answers before anything runs ---------------------------------------------


def estimate(node: Node, question: JoinQuestion) -> dict[str, Any]:
    """How long and how much, within a factor of two.

    `seconds` are those of one core for both owners together, and what they wait
    for the ledger; `bytes` are what both send each other.

    Raises:
        PrivShareError: As for `plan`.
    """
    return _estimate(plan(node, question))


def work_s(operation: Operation, rows: int, bound: int) -> float:
    """Seconds of one core that both owners together need for so many rows.

    >>> work_s(Operation.COUNT, 200_000, 0)
    2.8
    """
    work_us = rows * _ROW_US[operation]
    if operation is Operation.SUM:
        baby, giant = search_steps(bound)
        work_us += baby * _BABY_US + giant / 2 * _GIANT_US
    return work_us / 1e6


def _estimate(planned: JoinPlan) -> dict[str, Any]:
    rows = sum(planned.rows.values())
    asked = planned.spec.question
    seconds = _START_S + work_s(asked, rows, planned.spec.bound)
    return {
        "bytes": rows * _ROW_BYTES[asked],
        "method": "psi",
        "rows": rows,
        "seconds": f"{seconds:.1f}",
    }


def explain(node: Node, question: JoinQuestion) -> dict[str, Any]:
    """What would happen: technique, who learns what, and what it rests on.

    Raises:
        PrivShareError: As for `plan`.
    """
    planned = plan(node, question)
    spec = planned.spec
    receiver = identifier.owner_of(spec.receiver)
    (helper,) = set(spec.owners) - {receiver}
    told = _TOLD[spec.question].format(minimum=spec.minimum)
    size = "how many rows the other registered"
    learns = {
        receiver: f"{_RECEIVED[spec.question].format(minimum=spec.minimum)}; {size}",
        helper: f"{told}; {size}"
        if spec.question is not Operation.IDS
        else f"{size}; not who matched, nor how many",
    }
    learns.setdefault(spec.coordinator, told)
    return {
        **_estimate(planned),
        "adversary": f"is for owners that follow the protocol (semi-honest): of "
        f"{receiver} and {helper}, one that lies about its own set changes the answer "
        "and is not found out, and may ask for people who are not in its data",
        "grants": [item.grant for item in spec.inputs],
        "inputs": [item.dataset for item in spec.inputs],
        "k": spec.minimum,
        "learns": learns,
        "notes": [
            f"If fewer than {spec.minimum} are in both, the result says only that.",
            f"Both owners write identifiers alike first: {spec.written()}.",
        ],
        "not_proven": "that the owners' sets are those of their datasets; that "
        "results of several joins do not differ by one person",
        "parties": spec.parties.roles(),
        "program": spec.program,
        "recipe": [list(steps) for steps in spec.recipe],
        "rights": "every grant covers this question now",
        "technique": f"{receiver} and {helper} each blind the hashes of their "
        "identifiers with a secret of their own and count those that are equal once "
        "both have; no identifier leaves in the clear",
    }


_TOLD: Mapping[Operation, str] = {
    Operation.COUNT: "how many are in both sets, if {minimum} or more",
    Operation.SUM: "how many are in both sets and what their values add up to, if "
    "{minimum} or more",
    Operation.IDS: "which of its own identifiers are in the other set, if {minimum} or "
    "more",
}
#: The receiver computes before anything is withheld: docs/protocols/psi.md, section 6.
_RECEIVED: Mapping[Operation, str] = {
    Operation.COUNT: "how many are in both sets, even fewer than {minimum}",
    Operation.SUM: "how many are in both sets, even fewer than {minimum}; what their "
    "values add up to, if {minimum} or more",
    Operation.IDS: "which of its own identifiers are in the other set, even fewer than "
    "{minimum}",
}
