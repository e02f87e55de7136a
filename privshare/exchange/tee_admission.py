"""What every party of an attested job checks before it does anything for it.

    body ─► admitted ─► the job on our own copy of the ledger, its specification;
                        or the rule that says no

Implements docs/protocols/attested-job.md, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.errors import EvidenceInvalid, NotPermitted
from privshare.exchange import privacy
from privshare.exchange.admission import check_meant, find_job
from privshare.exchange.node import Node
from privshare.jobs import attested_spec
from privshare.jobs.attested_spec import AttestedSpec
from privshare.jobs.lifecycle import Job as Kept
from privshare.jobs.tee_spec import OPERATION, TeeInput
from privshare.ledger import query, query_attested
from privshare.ledger.api import View
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.rights.grant import Grant
from privshare.wire import domain
from privshare.wire.canonical import Fields, b64u, decode
from privshare.wire.digest import tagged

__all__ = [
    "TeeAdmitted",
    "admitted",
    "check_grant",
    "check_inputs",
    "check_listed",
    "check_own_input",
    "check_role",
    "log_job",
    "release_info",
    "spec_of",
]

_SYNC_S = 5.0


@dataclass(frozen=True, slots=True)
class TeeAdmitted:
    """An attested job that may go on, as our own copy of the ledger has it."""

    id: str
    job: Job
    spec: AttestedSpec
    view: View


def spec_of(job: Kept) -> AttestedSpec:
    """The specification an attested job was submitted with."""
    return attested_spec.read(decode(job.spec))


def admitted(node: Node, caller: str, job: str, fields: Fields) -> TeeAdmitted:
    """Everything that must hold before a party does anything for a job.

    Raises:
        NotFound, StepNotAllowed: No such job, or one that has ended.
        NotPermitted: The caller does not coordinate it, a grant is not in
            force any more, or the code is not listed; `detail["rule"]`.
        EvidenceInvalid: Another specification than the one admitted.
    """
    identifier.ID.check(job, "job")
    spec = attested_spec.read(fields.json("spec"))
    node.ledger.sync(fields.int("index", 0), timeout_s=_SYNC_S)
    view = node.view()
    held = find_job(node, job, view)
    if caller != held.coordinator:
        raise NotPermitted(
            f"expected {held.coordinator}, which coordinates the job, found {caller}",
            detail={"rule": "job.coordinator"},
        )
    if b64u(spec.digest()) != held.spec or held.program != spec.program:
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
    check_listed(view, spec)
    return TeeAdmitted(job, held, spec, view)


def check_listed(view: View, spec: AttestedSpec) -> None:
    """Code runs while the agencies list it, and not a moment longer.

    Raises:
        NotPermitted: It is not listed: rule `run.unlisted`.
    """
    if not query_attested.is_listed(view, b64u(spec.code)):
        raise NotPermitted(
            f"expected code that the agencies have listed, found {b64u(spec.code)}, "
            "which they have not",
            fix="Propose it: privshare code propose.",
            detail={"rule": "run.unlisted"},
        )


def check_inputs(node: Node, view: View, held: Job, spec: AttestedSpec) -> None:
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
        asked = (item.grant, item.dataset, OPERATION, spec.purpose)
        if reserved != asked or (use.columns, use.group_by) != (
            item.columns,
            item.group_by,
        ):
            raise EvidenceInvalid(
                "expected the use that was reserved, found another",
                detail={"party": held.coordinator, "rule": "job.spec"},
            )
        check_grant(node, grant, item, spec.purpose, spec.program)
        if spec.k < grant.terms.k:
            raise NotPermitted(
                f"expected k of at least {grant.terms.k}, found {spec.k}",
                detail={"rule": "grant.k"},
            )
    privacy.check_charges(node, view, held, spec)


def check_grant(
    node: Node, grant: Grant, item: TeeInput, purpose: str, program: str
) -> None:
    """Check that a grant allows this input now.

    Raises:
        GrantMissing, GrantExpired, GrantRevoked, PurposeMismatch, NotPermitted:
            It does not; `detail["rule"]`.
    """
    terms = grant.in_force()
    terms.covers(
        operation=OPERATION,
        columns=item.columns,
        group_by=item.group_by,
        purpose=purpose,
        program=program,
        time=max(node.clock(), terms.not_before),
    )


def check_own_input(node: Node, known: TeeAdmitted, dataset: str) -> TeeInput:
    """The input of ours with this dataset, if it still is what was meant.

    Raises:
        NotFound: Not a dataset of ours that goes in.
        NotPermitted: Another version: rule `job.version`.
    """
    return check_meant(node, known.view, known.spec.input(dataset), dataset)


def check_role(node: Node, agencies: tuple[str, ...], does: str) -> None:
    """Check that this node is among those who do something.

    Raises:
        NotPermitted: It is not: rule `job.party`.
    """
    if node.agency not in agencies:
        raise NotPermitted(
            f"expected {' or '.join(agencies)}, who {does}, found {node.agency}",
            detail={"rule": "job.party"},
        )


def release_info(job: str, dataset: str) -> bytes:
    """What a table is sealed for; the admission's digest goes beside it."""
    return tagged(domain.RELEASE, job.encode(), dataset.encode())


def log_job(
    node: Node, known: TeeAdmitted, action: str, dataset: str, outcome: str = "done"
) -> None:
    """Note what this node did for a job, and for whom."""
    item = known.spec.input(dataset) if dataset else None
    node.store.log_use(
        node.clock(),
        known.spec.coordinator,
        action,
        dataset=dataset,
        grant=item.grant if item else "",
        subject=known.id,
        outcome=outcome,
    )
