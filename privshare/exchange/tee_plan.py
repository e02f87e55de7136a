"""Planning an attested job: from a question to a specification.

    analyst  module, parameters, datasets, columns ─► plan ─► TeeSpec ─► job.admit
                                                        └► explain: who learns what,
                                                           on whose word it rests

As in `plan`, the rights are checked on this node's own copy of the ledger, so
that what will be refused is refused at once and names the rule.

Implements docs/protocols/attested-job.md, section 1.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from privshare.errors import (
    EncodingError,
    GrantMissing,
    NotFound,
    NotPermitted,
    PrivShareError,
)
from privshare.exchange import dataset as datasets
from privshare.exchange.appraisal import own_policy
from privshare.exchange.code import find_code
from privshare.exchange.engine import library_name
from privshare.exchange.node import Node
from privshare.exchange.tee_admission import check_grant
from privshare.jobs.spec import MAX_INPUTS, MAX_K
from privshare.jobs.tee_spec import OPERATION, PROGRAM, Limits, TeeInput, TeeSpec
from privshare.ledger import query
from privshare.rights import identifier
from privshare.rights.grant import Grant
from privshare.rights.terms import MAX_COLUMNS
from privshare.wire.canonical import Fields, Json, b64u

__all__ = [
    "MEANINGS",
    "TeePlan",
    "TeeQuestion",
    "estimate",
    "explain",
    "plan",
]

DEADLINE_S = 600
MAX_DEADLINE_S = 7 * 86_400
#: A label on the ledger: this agency's node runs attested jobs.
RUNNER = "runner"

#: What a trust class is worth, in words that no one can take for more.
MEANINGS: Mapping[str, str] = {
    "hardware-tee": "hardware-tee: a processor keeps its operator out of the memory of "
    "the runner and signs what runs there; its maker's key vouches for it",
    "hardware-tpm": "hardware-tpm: a chip signs what was started on the machine; its "
    "operator can still read the memory",
    "software": "software: a program vouches for itself with a test key; this shows "
    "that the protocol works and protects nothing from the runner's operator",
    "simulated": "SIMULATED: nothing is measured and nobody vouches for anything; for "
    "development alone, no protection at all",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TeeQuestion:
    """What an analyst wants run.

    Attributes:
        module: A listed program's name, or the digest of its closure.
        datasets: One or several, each handed to the program as a table.
        columns: The columns computed on.
        group_by: The columns by which the result is split.
        parameters: What the program is told.
        purpose: What for.
        grants: One a dataset, or none: then fitting ones are found.
        runner: The agency whose machine runs it, or None: chosen.
        k: No group with fewer rows; at least what the grants say.
        limits: What the run may take.
        deadline_s: Seconds until the job is given up.
    """

    module: str
    datasets: tuple[str, ...]
    columns: tuple[str, ...]
    purpose: str
    group_by: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    grants: tuple[str, ...] = ()
    runner: str | None = None
    k: int | None = None
    limits: Limits = field(default_factory=Limits)
    deadline_s: int = DEADLINE_S

    @classmethod
    def from_json(cls, obj: object) -> TeeQuestion:
        """Read a request body.

        `module`, `columns`, `datasets` and `purpose` are needed.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        if not isinstance(obj, dict):
            raise EncodingError("question: expected an object")
        defaults: dict[str, Json] = {
            "deadline_s": DEADLINE_S,
            "grants": [],
            "group_by": [],
            "k": None,
            "limits": None,
            "parameters": {},
            "runner": None,
        }
        fields = Fields({**defaults, **cast(dict[str, Json], obj)}, "question")
        parameters = fields.json("parameters")
        if not isinstance(parameters, dict):
            raise EncodingError("question.parameters: expected an object")
        limits = fields.nullable("limits", fields.obj)
        made = cls(
            module=fields.str("module", max=63),
            datasets=fields.str_list("datasets", MAX_INPUTS),
            columns=fields.str_list("columns", MAX_COLUMNS),
            purpose=fields.str("purpose"),
            group_by=fields.str_list("group_by", MAX_COLUMNS),
            parameters=parameters,
            grants=fields.str_list("grants", MAX_INPUTS),
            runner=fields.nullable("runner", fields.str),
            k=fields.nullable("k", fields.int, 1, MAX_K),
            limits=Limits() if limits is None else Limits.read(limits),
            deadline_s=fields.int("deadline_s", 10, MAX_DEADLINE_S),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True)
class TeePlan:
    """A specification and what it was made from.

    Attributes:
        spec: What will be admitted.
        rows: Rows of each input, from the ledger.
        deadline_s: Seconds until the job is given up.
    """

    spec: TeeSpec
    rows: tuple[int, ...]
    deadline_s: int


def plan(node: Node, question: TeeQuestion) -> TeePlan:
    """Turn a question into a specification, if the rights allow it.

    Raises:
        GrantMissing, GrantExpired, GrantRevoked, PurposeMismatch, NotPermitted:
            The rights say no; `detail["rule"]` names the rule. Code that is not
            listed is `run.unlisted`, nobody to run it `job.runner`.
        NotFound: No such dataset, column, program or agency.
        EncodingError: A field of another form.
    """
    view, names = node.view(), question.datasets
    if question.grants and len(question.grants) != len(names):
        raise EncodingError(
            f"question.grants: expected one a dataset, {len(names)}, "
            f"found {len(question.grants)}"
        )
    code, module = find_code(node, question.module, PROGRAM)
    program = identifier.measured(code)
    columns = tuple(sorted(set(question.columns)))
    group_by = tuple(sorted(set(question.group_by)))
    inputs, rows, ks = [], [], [question.k or 1]
    for i, name in enumerate(names):
        identifier.DATASET.check(name, "question.datasets")
        state = datasets.need_registered(query.dataset(view, name), name)
        asked = TeeInput(name, "A" * 43, state.version, columns, group_by)
        wanted = question.grants[i] if question.grants else None
        grant_id, grant = grant_for(node, asked, question.purpose, program, wanted)
        schema = datasets.documents(node, name).schema
        for column in asked.all_columns:
            schema.column(column)
        inputs.append(TeeInput(name, grant_id, state.version, columns, group_by))
        rows.append(state.rows)
        ks.append(grant.terms.k)
    spec = TeeSpec(
        module=module,
        code=code,
        parameters=dict(question.parameters),
        inputs=tuple(inputs),
        k=max(ks),
        purpose=question.purpose,
        coordinator=node.agency,
        runner=_runner(node, question),
        limits=question.limits,
        nonce=secrets.token_bytes(16),
    )
    ready = library_name(spec)
    if ready:  # its parameters can be checked before anything is admitted
        from privshare.jobs.wasm import library  # noqa: PLC0415 - heavy

        library.check_parameters(ready, dict(spec.parameters))
    return TeePlan(spec, tuple(rows), question.deadline_s)


def grant_for(
    node: Node, asked: TeeInput, purpose: str, program: str, wanted: str | None
) -> tuple[str, Grant]:
    """The newest grant to this agency on a dataset that allows the question."""
    refusal: PrivShareError = GrantMissing(
        f"expected a grant to {node.agency} to run {program[:24]}... on "
        f"{asked.dataset}, found none",
        fix="Ask for one: grant request.",
        detail={"rule": "grant.missing", "dataset": asked.dataset},
    )
    for grant_id, grant in query.grants(node.view()).items():
        mine = (grant.terms.dataset, grant.terms.grantee) == (
            asked.dataset,
            node.agency,
        )
        if not mine or grant.terms.output != "aggregate":
            continue
        if wanted not in (None, grant_id):
            continue
        if wanted is None and OPERATION not in grant.terms.operations:
            continue  # for sums, say: its refusal would tell nobody anything
        try:
            check_grant(node, grant, asked, purpose, program)
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


def _runner(node: Node, question: TeeQuestion) -> str:
    """Whose machine runs it: whom the question names, else who says it does."""
    agencies = {
        name: held
        for name, held in query.agencies(node.view()).items()
        if held.status == "active"
    }
    if question.runner is not None:
        if question.runner not in agencies:
            raise NotFound(
                f"expected an active agency to run the job, found "
                f"{identifier.shown(question.runner)}"
            )
        return question.runner
    for name, held in agencies.items():
        if RUNNER in held.roles:
            return name
    here = node.attester
    if here is not None and here.machine is not None and here.engine is not None:
        return node.agency
    raise NotPermitted(
        "expected an agency that runs attested jobs, found none that says so on the "
        "ledger",
        fix="Name one: runner.",
        detail={"rule": "job.runner"},
    )


# -- answers before anything runs ---------------------------------------------


def estimate(node: Node, question: TeeQuestion) -> dict[str, Any]:
    """How long and how much, roughly.

    Raises:
        PrivShareError: As for `plan`.
    """
    return _estimate(plan(node, question))


def _estimate(planned: TeePlan) -> dict[str, Any]:
    cells = sum(
        rows * len(item.all_columns)
        for rows, item in zip(planned.rows, planned.spec.inputs, strict=True)
    )
    tenths = 15 + cells // 200_000
    return {
        "bytes": 12 * cells + 65_536,
        "method": "tee",
        "rows": sum(planned.rows),
        "seconds": f"{tenths // 10}.{tenths % 10}",
    }


def explain(node: Node, question: TeeQuestion) -> dict[str, Any]:
    """What would happen: technique, who learns what, and what it rests on.

    The trust class is that of whatever machine answers. What is said here is
    which ones this agency's own appraisal policy would take.

    Raises:
        PrivShareError: As for `plan`.
    """
    planned = plan(node, question)
    spec = planned.spec
    learns = {
        spec.coordinator: f"what {spec.module} gives out: no group of fewer than "
        f"{spec.k} rows",
        spec.runner: "sealed tables and counts of rows; the rows themselves, if the "
        "machine does not keep its operator out (see the trust class)",
    }
    for owner in spec.owners:
        learns.setdefault(owner, "nothing new; that the job ran")
    policy = own_policy(node)
    classes = tuple(policy.accept_classes) if policy is not None else ()
    return {
        **_estimate(planned),
        "adversary": "holds as long as the makers' keys and the runner's machine do: "
        "each owner verifies the evidence by its own policy before its data leaves",
        "code": b64u(spec.code),
        "grants": [item.grant for item in spec.inputs],
        "inputs": [item.dataset for item in spec.inputs],
        "k": spec.k,
        "learns": learns,
        "not_proven": "that nobody watched the machine's memory bus or its timing; "
        f"that {spec.module} has no fault; that results of several jobs do not differ "
        "by one person",
        "parties": {"compute": spec.runner, "custodian": None, "openers": []},
        "program": spec.program,
        "rights": "every grant covers this question now",
        "technique": f"the listed module {spec.module} runs on the machine of "
        f"{spec.runner}, which proves what it is before any owner seals a table to it",
        "trust": {
            "accepted": list(classes),
            "words": [MEANINGS[one] for one in classes]
            or ["this agency has no appraisal policy: the owners' policies decide"],
        },
    }
