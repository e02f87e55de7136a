"""What receipts about measured jobs must hold: the ways that `requirement` walks.

    code.*         the program, with everybody's approval
    appraisal.set  which policy of the agency is in force
    job.attest     the job, its nonces with their transactions, the program
    job.refuse     the job; with evidence enclosed, what `job.attest` has
    job.result     what every job has, and what `job.attest` has, with the
                   transactions of the evidence and of the conclusion

Implements docs/formats/receipt.md, section 3.
"""

from __future__ import annotations

from typing import cast

from privshare.errors import EncodingError
from privshare.jobs.receipt import Document
from privshare.jobs.trail import Trail
from privshare.ledger import query, query_attested
from privshare.ledger.attested import Attestation
from privshare.ledger.rules import parse_body
from privshare.ledger.rules_attest import JobAttest, JobRefuse
from privshare.ledger.rules_code import CodeApprove, CodeList, CodeWithdraw
from privshare.ledger.transaction import Transaction
from privshare.rights import identifier

__all__ = [
    "BUNDLE",
    "EVIDENCE",
    "JOINT",
    "MEASURED",
    "follow_appraisal",
    "follow_attestation",
    "follow_code",
    "follow_evidence",
    "follow_refusal",
]

#: The evidence of a measured job's result, of one on shares, of its evidence, and
#: of a refusal.
MEASURED = frozenset(("bundle", "releases", "spec"))
JOINT = frozenset(("bundles", "outcome", "pieces", "releases", "spec"))
EVIDENCE = frozenset(("bundle", "spec"))
BUNDLE = frozenset(("bundle",))


def follow_code(trail: Trail, subject: Transaction, evidence: Document | None) -> None:
    """Walk from what somebody said about a program."""
    body = cast(CodeList | CodeApprove | CodeWithdraw, parse_body(subject))
    for one in query_attested.code(trail, body.code).approvals:
        trail.transaction(one.at)


def follow_appraisal(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    """Walk from an appraisal policy that was anchored."""
    query_attested.appraisal(trail, subject.account)


def follow_evidence(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    """Walk from a runner's evidence."""
    body = cast(JobAttest, parse_body(subject))
    follow_attestation(trail, body.job)


def follow_refusal(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    """Walk from a refusal, and from the evidence that was refused."""
    body = cast(JobRefuse, parse_body(subject))
    if evidence is not None:
        follow_attestation(trail, body.job)
        return
    trail.transaction(query.job(trail, body.job).at)
    query_attested.attestation(trail, body.job)


def follow_attestation(trail: Trail, job_id: str) -> Attestation:
    """Walk to everything that evidence is held against.

    Raises:
        EncodingError: There is no evidence in the log.
        NotFound: A part that the trail's source does not have.
    """
    job = query.job(trail, job_id)
    held = query_attested.attestation(trail, job_id)
    if not held.shown:
        raise EncodingError("receipt.evidence: expected a job with evidence, found one")
    trail.transaction(job.at)
    for index in (
        *(one.at for one in held.nonces),
        *(one.at for one in held.shown),
        job.opened,
    ):
        if index is not None:
            trail.transaction(index)
    query_attested.code(trail, identifier.code_of(job.program) or "")
    return held
