"""What receipts about submitted code must hold: the ways that `requirement` walks.

    submission.decide   what was decided about it; of an approval, account and mock
    job.result          what every job has, every decision with its transaction, the
                        account, the mock, and the transaction that began the run

Implements docs/formats/receipt.md, section 3.
"""

from __future__ import annotations

from typing import cast

from privshare.errors import EncodingError
from privshare.jobs.receipt import Document
from privshare.jobs.trail import Trail
from privshare.ledger import query, query_submission
from privshare.ledger.rules import parse_body
from privshare.ledger.rules_submission import SubmissionDecide
from privshare.ledger.transaction import Transaction
from privshare.ledger.values import Job
from privshare.rights import identifier

__all__ = ["CODE", "DECISION", "follow_decision", "follow_submission"]

#: The evidence of a run's result, and of a decision.
CODE = frozenset(("enrolment", "gate", "run", "spec", "tree"))
DECISION = frozenset(("enrolment", "tree"))


def follow_decision(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    """Walk from an approval or a refusal."""
    body = cast(SubmissionDecide, parse_body(subject))
    query_submission.submission(trail, body.submission)
    if body.decision == "approve":
        account = query_submission.account(trail, body.account or "")
        trail.transaction(account.at)
        query_submission.mock(trail, body.dataset or "")


def follow_submission(trail: Trail, job: Job, evidence: Document) -> None:
    """Walk from a run to who approved it, whose account it was, and what was shown.

    Raises:
        EncodingError: Evidence without a specification that names an account.
        NotFound: A part that the trail's source does not have.
    """
    digest = identifier.submission_of(job.program) or ""
    for one in query_submission.submission(trail, digest).decisions:
        trail.transaction(one.at)
    spec = evidence.get("spec")
    named = spec.get("enrolment") if isinstance(spec, dict) else None
    if not isinstance(named, str):
        raise EncodingError("evidence.spec.enrolment: expected an id, found another")
    identifier.ID.check(named, "evidence.spec.enrolment")
    trail.transaction(query_submission.account(trail, named).at)
    use = query.use(trail, job.inputs[0])
    mock = query_submission.mock(trail, query.grant(trail, use.grant).terms.dataset)
    if mock is not None:
        trail.transaction(mock.at)
    if job.opened is not None:
        trail.transaction(job.opened)
