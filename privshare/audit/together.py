"""Step 7 of a job whose totals were opened by several, each with its share.

    parts ─► shared_key ─► check_together ─► combined ─► totals

That the openers were holders of the key then in use, and as many as it takes;
that each part was made with its opener's share, of this aggregation and no
other; and that together they make totals within the bounds that were signed.
Nobody says a total: the auditor computes it from the parts.

Implements docs/formats/receipt.md, section 5, step 7, and sections 6 and 7 of
docs/protocols/paillier-sum.md.
"""

from __future__ import annotations

from privshare.audit.case import Case, expect
from privshare.audit.sentence import listed
from privshare.audit.technique import Statements, check_sums
from privshare.jobs import threshold
from privshare.jobs.aggregate import check_totals
from privshare.ledger import query
from privshare.ledger.shared_key import SharedKey
from privshare.schemes.paillier import PaillierPublicKey


def shared_key(case: Case) -> SharedKey:
    """The threshold key of the job, whose holders its openers are.

    Raises:
        EvidenceInvalid: It was not in use when the job was admitted; an
            opener had not accepted a share by then; too few or too many openers.
        EncodingError, OutOfRange, VerificationError, ProofInvalid: No key under
            which any k shares open, to one value only.
    """
    job = query.job(case.state, case.statement.job)
    parties = job.parties
    shared = query.threshold_epoch(case.state, parties.epoch or 0)
    expect(shared.in_use(job.at), f"a key in use at index {job.at}", "another")
    holders = {
        one.agency
        for one in shared.holders
        if one.accepted is not None and one.accepted < job.at
    }
    expect(
        set(parties.openers) <= holders,
        "openers who had accepted a share",
        listed(sorted(set(parties.openers) - holders)),
    )
    needed = shared.opened.threshold
    expect(len(parties.openers) == needed, f"{needed} openers", len(parties.openers))
    return shared


def check_together(case: Case, found: Statements) -> tuple[PaillierPublicKey, str]:
    """Check the parts of all openers, and that they make totals.

    Returns:
        The key, and whose it is, in words.

    Raises:
        EvidenceInvalid, ProofInvalid, OutOfRange, VerificationError: The
            evidence does not show it.
    """
    shared = shared_key(case)
    key = shared.opened.public
    bound = check_sums(case, found, key)
    for opener, part in found.parts.items():
        threshold.check_part(part, opener, found.aggregation, shared)
    totals = combined(case, found)
    check_totals(totals, found.aggregation, found.spec, bound)
    return key, f"the consortium's threshold key of epoch {shared.epoch}"


def combined(case: Case, found: Statements) -> list[int]:
    """The totals that the parts make."""
    shared = query.threshold_epoch(case.state, found.spec.epoch or 0)
    return threshold.combine(found.aggregation, shared, list(found.parts.values()))
