"""What every party checks before it does anything for a job.

    body ─► admitted ─► the job on our own copy of the ledger, its specification,
                        the key that values are encrypted under; or the rule
                        that says no

Implements docs/protocols/paillier-sum.md, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from privshare.errors import (
    EvidenceInvalid,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import dataset as datasets
from privshare.exchange import privacy
from privshare.exchange.grant import check_passed_on
from privshare.exchange.node import Node, job_key, open_statement
from privshare.exchange.plan import check_grant
from privshare.jobs.join_spec import JoinInput
from privshare.jobs.spec import PROGRAM, Input, Spec
from privshare.jobs.statement import CONTRIBUTION, Contribution
from privshare.jobs.tee_spec import TeeInput
from privshare.ledger import query
from privshare.ledger.api import View
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.schemes.paillier import PaillierPublicKey
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Fields, Json, b64u

__all__ = [
    "Admitted",
    "admitted",
    "check_inputs",
    "check_meant",
    "check_own_input",
    "datasets_of",
    "find_job",
    "open_contributions",
    "seen",
]

Meant = TypeVar("Meant", Input, JoinInput, TeeInput)

_SYNC_S = 5.0
_BLOCKS = 8
_BLOCK_S = 2.0


@dataclass(frozen=True, slots=True)
class Admitted:
    """A job that may go on, as this node's own copy of the ledger has it."""

    id: str
    job: Job
    spec: Spec
    view: View
    key: PaillierPublicKey


def admitted(node: Node, caller: str, job: str, fields: Fields) -> Admitted:
    """Everything that must hold before a party does anything for a job."""
    identifier.ID.check(job, "job")
    spec = Spec.from_json(fields.json("spec"))
    node.ledger.sync(fields.int("index", 0), timeout_s=_SYNC_S)
    view = node.view()
    held = find_job(node, job, view)
    if caller != held.coordinator:
        raise NotPermitted(
            f"expected {held.coordinator}, which coordinates the job, found {caller}",
            detail={"rule": "job.coordinator"},
        )
    if b64u(spec.digest()) != held.spec or held.program != PROGRAM:
        raise EvidenceInvalid(
            "expected the specification that was admitted, found another",
            detail={"party": caller, "rule": "job.spec"},
        )
    if (spec.coordinator, spec.parties) != (held.coordinator, held.parties.asked):
        raise EvidenceInvalid(
            "expected the parties that were admitted, found others",
            detail={"party": caller, "rule": "job.parties"},
        )
    check_inputs(node, view, held, spec)
    key = job_key(view, spec.parties, held.at)
    return Admitted(job, held, spec, view, key)


def find_job(node: Node, job: str, view: View) -> Job:
    held = query.job(view, job)
    if held.status != "admitted":
        raise StepNotAllowed(
            f"expected a job that is admitted, found one that is {held.status}",
            detail={"rule": "job.status"},
        )
    if node.clock() > held.deadline:
        raise StepNotAllowed(
            f"expected a time up to {held.deadline}, the deadline, "
            f"found {node.clock()}",
            detail={"rule": "job.deadline"},
        )
    return held


def seen(node: Node, job: str) -> View:
    """Our copy of the ledger, once it has a job that others have seen.

    Raises:
        Unavailable: It does not come; the caller may ask again.
    """
    for _ in range(_BLOCKS):
        view = node.view()
        if view.get(f"job/{job}") is not None:
            return view
        try:
            node.ledger.sync(view.size, timeout_s=_BLOCK_S)
        except (OutOfRange, Unavailable):  # no further block, at the host or here
            break
    raise Unavailable(
        "expected the job in our copy of the ledger, found none yet",
        detail={"party": node.agency},
    )


def check_inputs(node: Node, view: View, held: Job, spec: Spec) -> None:
    """Each input has its reserved use, and its grant is in force now."""
    if len(held.inputs) != len(spec.inputs):
        raise EvidenceInvalid(
            f"expected {len(held.inputs)} inputs, found {len(spec.inputs)}",
            detail={"party": held.coordinator, "rule": "job.spec"},
        )
    for use_id, item in zip(held.inputs, spec.inputs, strict=True):
        use = query.use(view, use_id)
        grant = query.grant(view, use.grant)
        reserved = (use.grant, grant.terms.dataset, use.operation, use.purpose)
        asked = (item.grant, item.dataset, spec.operation, spec.purpose)
        columns = (use.columns, use.group_by)
        if reserved != asked or columns != ((spec.column,), spec.groups):
            raise EvidenceInvalid(
                "expected the use that was reserved, found another",
                detail={"party": held.coordinator, "rule": "job.spec"},
            )
        check_grant(node, grant, spec)
        if spec.k < grant.terms.k:
            raise NotPermitted(
                f"expected k of at least {grant.terms.k}, found {spec.k}",
                detail={"rule": "grant.k"},
            )
    privacy.check_charges(node, view, held, spec)


def check_own_input(node: Node, known: Admitted, dataset: str) -> None:
    check_meant(node, known.view, known.spec.input(dataset), dataset)


def check_meant(node: Node, view: View, item: Meant | None, dataset: str) -> Meant:
    """The input of ours that a job means, if it still is what was meant.

    Raises:
        NotFound: Not a dataset of ours that goes in.
        NotPermitted: Another version: rule `job.version`.
    """
    if item is None or identifier.owner_of(dataset) != node.agency:
        raise NotFound(
            f"expected a dataset of {node.agency} that goes in, found {dataset}"
        )
    check_passed_on(node, query.grant(view, item.grant))
    state = query.dataset(view, dataset)
    datasets.need_registered(state, dataset)
    if state.version != item.version:
        raise NotPermitted(
            f"expected version {item.version} of {dataset}, found {state.version}",
            fix="Ask again: the dataset was amended since.",
            detail={"rule": "job.version"},
        )
    return item


def datasets_of(view: View, held: Job) -> set[str]:
    grants = [query.use(view, use).grant for use in held.inputs]
    return {query.grant(view, grant).terms.dataset for grant in grants}


def open_contributions(
    view: View, spec: Spec, sent: Sequence[Json]
) -> tuple[Contribution, ...]:
    """Verify and read contributions, in the order of the inputs.

    Raises:
        SignatureInvalid: One that the input's owner did not sign.
        EvidenceInvalid: Too few or too many.
        EncodingError: Another form.
    """
    if len(sent) != len(spec.inputs):
        raise EvidenceInvalid(
            f"expected {len(spec.inputs)} contributions, found {len(sent)}"
        )
    found = []
    for item, given in zip(spec.inputs, sent, strict=True):
        owner = identifier.owner_of(item.dataset)
        try:
            envelope = envelopes.from_json(given)
            payload = open_statement(view, owner, CONTRIBUTION, envelope)
            found.append(Contribution.from_bytes(payload))
        except PrivShareError as error:
            error.detail.setdefault("party", owner)
            raise
    return tuple(found)
