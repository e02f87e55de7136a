"""Planning a job: from a question to a specification, before anything runs.

    analyst  question ─► plan ─► Spec ─► job.submit
                              └► estimate, explain: who learns what, how long

The rights are checked here, on this node's own copy of the ledger, so that a
question that will be refused is refused at once and names the rule. Every
party checks again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from privshare.errors import (
    EncodingError,
    GrantMissing,
    NotPermitted,
    OutOfRange,
    PrivShareError,
)
from privshare.exchange import dataset as datasets
from privshare.exchange.node import Node, job_key
from privshare.exchange.role import choose_parties
from privshare.jobs import packing
from privshare.jobs.spec import MAX_INPUTS, PROGRAM, Input, Operation, Spec
from privshare.ledger import query
from privshare.ledger.parties import MAX_OPENERS
from privshare.rights import identifier
from privshare.rights.grant import Grant
from privshare.rights.schema import Column, Schema
from privshare.schemes.paillier import PaillierPublicKey
from privshare.schemes.paillier_short import encrypt_known
from privshare.wire.canonical import Fields, Json

__all__ = ["Question", "check_grant", "estimate", "explain", "plan", "summed_column"]

DEADLINE_S = 3_600
MAX_DEADLINE_S = 7 * 86_400
_SAMPLE = 32
_ROW_S = 3e-6  # to read a row and sort it into its group
_GROUPABLE = ("bool", "category", "date", "int", "string")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an analyst asks.

    Attributes:
        operation: `sum`, `mean` or `count`.
        column: Which column.
        datasets: One or several, whose columns are summed together.
        purpose: What for.
        group_by: A column that splits the result, or None.
        grants: One a dataset, or none: then fitting ones are found.
        compute: The agency that computes, or None: chosen.
        custodian: The agency whose own key is used, or None: the consortium's
            threshold key, if it has one, else chosen.
        openers: Holders of that key who open together, or none: chosen.
        deadline_s: Seconds until the job is given up.
    """

    operation: Operation
    column: str
    datasets: tuple[str, ...]
    purpose: str
    group_by: str | None = None
    grants: tuple[str, ...] = ()
    compute: str | None = None
    custodian: str | None = None
    openers: tuple[str, ...] = ()
    deadline_s: int = DEADLINE_S

    @classmethod
    def from_json(cls, obj: object) -> Question:
        """Read a request body.

        `operation`, `column`, `datasets` and `purpose` are needed; `group_by`,
        `grants`, `parties` ({"compute", "custodian", "openers"}), `deadline_s`
        and `method` ("he" or "auto") may be there.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        if not isinstance(obj, dict):
            raise EncodingError("question: expected an object")
        defaults: dict[str, Json] = {
            "deadline_s": DEADLINE_S,
            "grants": [],
            "group_by": None,
            "method": "auto",
            "parties": {},
        }
        fields = Fields({**defaults, **cast(dict[str, Json], obj)}, "question")
        method = fields.str("method", max=8)
        if method not in ("he", "auto"):
            raise EncodingError(f"question.method: expected he or auto, found {method}")
        parties = fields.json("parties") or {}
        party = Fields(
            {
                "compute": None,
                "custodian": None,
                "openers": [],
                **cast(dict[str, Json], parties),
            },
            "question.parties",
        )
        made = cls(
            operation=cast(Operation, fields.str("operation", max=16)),
            column=fields.str("column"),
            datasets=fields.str_list("datasets", MAX_INPUTS),
            purpose=fields.str("purpose"),
            group_by=fields.nullable("group_by", fields.str),
            grants=fields.str_list("grants", MAX_INPUTS),
            compute=party.nullable("compute", party.str),
            custodian=party.nullable("custodian", party.str),
            openers=party.str_list("openers", MAX_OPENERS),
            deadline_s=fields.int("deadline_s", 10, MAX_DEADLINE_S),
        )
        party.end()
        fields.end()
        return made


@dataclass(frozen=True, slots=True)
class Plan:
    """A specification and what it was made from.

    Attributes:
        spec: What will be admitted.
        rows: Rows of each input, from the ledger.
        scale: Digits after the point in the result.
        deadline_s: Seconds until the job is given up.
    """

    spec: Spec
    rows: tuple[int, ...]
    scale: int
    deadline_s: int


def plan(node: Node, question: Question) -> Plan:
    """Turn a question into a specification, if the rights allow it.

    Raises:
        GrantMissing, GrantExpired, GrantRevoked, PurposeMismatch, NotPermitted:
            The rights say no; `detail["rule"]` names the rule.
        NotFound: No such dataset, column, agency or key.
        OutOfRange: A column that cannot be summed, or scales that differ.
        EncodingError: A field of another form.
    """
    view = node.view()
    names = question.datasets
    if question.grants and len(question.grants) != len(names):
        raise EncodingError(
            f"question.grants: expected one a dataset, {len(names)}, "
            f"found {len(question.grants)}"
        )
    inputs, rows, ks, scales = [], [], [], set()
    for i, name in enumerate(names):
        identifier.DATASET.check(name, "question.datasets")
        state = datasets.need_registered(query.dataset(view, name), name)
        grant_id, grant = _grant_for(
            node, question, name, question.grants[i] if question.grants else None
        )
        known = datasets.documents(node, name)
        column = summed_column(
            known.schema, question.operation, question.column, question.group_by
        )
        scales.add(0 if question.operation == "count" else column.scale or 0)
        inputs.append(Input(name, grant_id, state.version))
        rows.append(state.rows)
        ks.append(grant.terms.k)
    if len(scales) > 1:
        raise OutOfRange(
            f"expected columns of one scale, found {sorted(scales)}",
            detail={"rule": "job.scale"},
        )
    owners = tuple(dict.fromkeys(map(identifier.owner_of, names)))
    parties = choose_parties(node, question, owners)
    spec = Spec(
        operation=question.operation,
        column=question.column,
        group_by=question.group_by,
        inputs=tuple(inputs),
        k=max(ks, default=1),
        purpose=question.purpose,
        coordinator=node.agency,
        compute=parties.compute,
        custodian=parties.custodian,
        epoch=parties.epoch,
        openers=parties.openers,
        nonce=secrets.token_bytes(16),
    )
    job_key(view, parties)
    return Plan(spec, tuple(rows), scales.pop(), question.deadline_s)


def summed_column(
    schema: Schema, operation: str, name: str, group_by: str | None
) -> Column:
    """The column a job is about, if it can be computed on.

    Raises:
        NotFound: No such column.
        OutOfRange: A sum of what is no number, or groups by a decimal.
    """
    column = schema.column(name)
    if operation != "count" and column.type not in ("int", "decimal"):
        raise OutOfRange(
            f"expected a column of numbers to {operation}, found {name}, which is "
            f"{column.type}",
            detail={"column": name, "rule": "job.column"},
        )
    if group_by is not None and schema.column(group_by).type not in _GROUPABLE:
        raise OutOfRange(
            f"expected a column of {', '.join(_GROUPABLE)} to group by, found "
            f"{group_by}, which is {schema.column(group_by).type}",
            detail={"column": group_by, "rule": "job.group-by"},
        )
    return column


def check_grant(node: Node, grant: Grant, spec: Question | Spec) -> None:
    """Check that a grant allows a computation now.

    Raises:
        GrantMissing, GrantExpired, GrantRevoked, PurposeMismatch, NotPermitted:
            It does not; `detail["rule"]`.
    """
    terms = grant.in_force()
    terms.covers(
        operation=spec.operation,
        columns=(spec.column,),
        group_by=() if spec.group_by is None else (spec.group_by,),
        purpose=spec.purpose,
        program=PROGRAM,
        time=max(node.clock(), terms.not_before),
    )


def _grant_for(
    node: Node, question: Question, dataset: str, wanted: str | None
) -> tuple[str, Grant]:
    """The newest grant to this agency on a dataset that allows the question."""
    refusal: PrivShareError = GrantMissing(
        f"expected a grant to {node.agency} to compute on {dataset}, found none",
        fix="Ask for one: grant request.",
        detail={"rule": "grant.missing", "dataset": dataset},
    )
    for grant_id, grant in query.grants(node.view()).items():
        mine = (grant.terms.dataset, grant.terms.grantee) == (dataset, node.agency)
        if not mine or grant.terms.output != "aggregate":
            continue
        if wanted not in (None, grant_id):
            continue
        try:
            check_grant(node, grant, question)
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


# -- answers before anything runs ---------------------------------------------


def estimate(node: Node, question: Question) -> dict[str, Any]:
    """How long and how much, from the rows on the ledger and this machine.

    Raises:
        PrivShareError: As for `plan`.
    """
    planned = plan(node, question)
    key = job_key(node.view(), planned.spec.parties)
    encrypt_s, add_s, open_s = calibrate(key)
    rows = sum(planned.rows)
    column = [packing.ciphertexts(count, key.bits) for count in planned.rows]
    slowest = max(planned.rows) * _ROW_S + max(column) * encrypt_s
    return {
        "bytes": sum(column) * key.ciphertext_size,
        "key_bits": key.bits,
        "method": "he",
        "rows": rows,
        "seconds": _tenths(slowest + sum(column) * add_s * 2 + open_s * 2 + 1),
    }


def explain(node: Node, question: Question) -> dict[str, Any]:
    """What would happen: technique, who learns what, what it rests on.

    Raises:
        PrivShareError: As for `plan`.
    """
    planned = plan(node, question)
    spec = planned.spec
    learns = {
        spec.coordinator: f"the {spec.operation} of each group with at least {spec.k} "
        "values of every owner, the counts, and names of smaller groups",
    }
    learns.setdefault(spec.compute, "ciphertexts, counts and group names; no value")
    for opener in spec.openers:
        learns.setdefault(
            opener, "counts and group names; with its share alone it opens nothing"
        )
    if spec.custodian is not None:
        learns[spec.custodian] = (
            "the totals; it could also open each owner's subtotals, and single "
            "values if the compute node handed it ciphertexts"
        )
    for owner in spec.owners:
        learns.setdefault(owner, "nothing new; that the job ran")
    return {
        **estimate(node, question),
        "adversary": f"holds as long as {_alliance(node, spec)} do not "
        f"work together; every sum is checked, so {_nobody(node, spec)} can present a "
        "wrong one",
        "grants": [item.grant for item in spec.inputs],
        "inputs": [item.dataset for item in spec.inputs],
        "k": spec.k,
        "learns": learns,
        "not_proven": "that owners encrypted the values they committed to; that "
        "results of several jobs do not differ by one person"
        + (
            ""
            if spec.epoch is None
            else "; that the dealer of the threshold key made it as it should be, and "
            "forgot it"
        ),
        "parties": {
            "compute": spec.compute,
            "custodian": spec.custodian,
            "openers": list(spec.openers),
        },
        "program": PROGRAM,
        "rights": "every grant covers this question now",
        "technique": "Paillier encryption: owners encrypt, the compute node adds, "
        + (
            "the custodian opens totals alone and proves each opening"
            if spec.epoch is None
            else f"{_together(spec.openers)} open the totals together, each with its "
            "share of the consortium's key, and prove it; none of them can alone"
        ),
    }


def _alliance(node: Node, spec: Spec) -> str:
    """Who would have to work together to read single values."""
    if spec.epoch is None:
        return f"{spec.compute} and {spec.custodian}"
    shared = query.threshold_epoch(node.view(), spec.epoch)
    others = [one for one in shared.agencies if one != spec.compute]
    needed = shared.threshold - (spec.compute in shared.agencies)
    return f"{spec.compute} and {needed} of the key's holders {_together(others)}"


def _nobody(node: Node, spec: Spec) -> str:
    """Who could show a wrong total: nobody, while plaintexts are small enough."""
    if spec.epoch is None:
        return "nobody"
    shared = query.threshold_epoch(node.view(), spec.epoch)
    if packing.limit(shared.opened.public.bits) <= shared.opened.sound_below:
        return "nobody"
    return "nobody but the key's dealer, with a holder,"


def _together(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


@lru_cache(maxsize=16)
def calibrate(key: PaillierPublicKey) -> tuple[float, float, float]:
    """Seconds to encrypt one plaintext, to add one, and to check one opening."""
    encrypt_known(key.n, [1])  # the table is built now
    begin = time.perf_counter()
    column, _ = encrypt_known(key.n, [1] * _SAMPLE)
    encrypted = time.perf_counter()
    key.sum(column)
    added = time.perf_counter()
    key.encrypt_batch([1])
    opened = time.perf_counter()
    return (
        (encrypted - begin) / _SAMPLE,
        (added - encrypted) / _SAMPLE,
        opened - added,
    )


def _tenths(seconds: float) -> str:
    """Seconds as text: statements and answers carry no floats."""
    return f"{seconds:.1f}"
