"""Step 8, the part that is the same for every job: nobody swapped a document.

    job.result ─► digests of result and evidence ─► those enclosed
    job, uses  ─► the same digests in the ledger's state

What follows from the evidence is for each technique to say; it begins here.

Implements docs/formats/receipt.md, section 5, step 8.
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.audit.case import Case, expect
from privshare.ledger import query
from privshare.ledger.values import Job
from privshare.wire import domain
from privshare.wire.canonical import b64u
from privshare.wire.digest import digest_json

__all__ = ["Committed", "check_committed"]


@dataclass(frozen=True, slots=True)
class Committed:
    """A job whose result and evidence are the ones committed to.

    Attributes:
        job: As the state holds it.
        charge: Of all its uses together.
        detail: Both digests, for the report.
    """

    job: Job
    charge: int
    detail: str


def check_committed(case: Case) -> Committed:
    """Hold what is enclosed against the transaction, the job and its uses.

    Raises:
        EvidenceInvalid: Result or evidence are not those committed to.
    """
    job = query.job(case.state, case.statement.job)
    result = b64u(digest_json(domain.RESULT, case.receipt.result))
    evidence = b64u(digest_json(domain.EVIDENCE, case.receipt.evidence))
    signed = (case.statement.result, case.statement.evidence)
    expect(result == signed[0], "the result committed to", result)
    expect(evidence == signed[1], "the evidence committed to", evidence)
    expect((job.result, job.evidence) == signed, "the job's result", "another")
    uses = [query.use(case.state, one) for one in job.inputs]
    for use in uses:
        expect(use.result == signed[0], "the use's result", use.result)
    charge = sum(use.charge for use in uses)
    return Committed(job, charge, f"result {result}, evidence {evidence}")
