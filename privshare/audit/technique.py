"""Step 7: the technique's own proof, checked anew.

For an encrypted sum: each contribution is for this job and by an input's
owner, the totals are the products of the subtotals, and every opened total is
what its ciphertext hides. These are the functions the parties called, so an
auditor sees what they saw; `second_opinion` shares nothing with them.

    evidence ─► open_evidence ─► Statements ─► check_technique

Implements docs/formats/receipt.md, section 5, step 7, and
docs/protocols/paillier-sum.md, sections 4 to 7.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from privshare.errors import ProofInvalid
from privshare.jobs.aggregate import check_aggregation, check_bounds, check_opening
from privshare.jobs.requirement import signed_parts
from privshare.jobs.spec import PROGRAM, Spec
from privshare.jobs.statement import (
    AGGREGATION,
    CONTRIBUTION,
    OPENING,
    Aggregation,
    Contribution,
    Opening,
)
from privshare.ledger import query
from privshare.schemes.paillier import PaillierPublicKey
from privshare.schemes.paillier_opening import Opening as Claim
from privshare.schemes.paillier_opening import verify_openings
from privshare.wire.canonical import b64u, unb64u

from .case import Case, Found, NotApplicable, expect
from .sentence import counted, listed, plain

_TYPES = {
    "aggregation": AGGREGATION,
    "contribution": CONTRIBUTION,
    "opening": OPENING,
}


@dataclass(frozen=True, slots=True)
class Statements:
    """The evidence of an encrypted sum, read; signatures are step 2's."""

    spec: Spec
    contributions: tuple[Contribution, ...]
    aggregation: Aggregation
    opening: Opening
    key: PaillierPublicKey = field(repr=False)


def open_evidence(case: Case) -> Statements:
    """Read the evidence of a job.

    Raises:
        EncodingError, OutOfRange: Another form.
        EvidenceInvalid: A statement of another type, or a key that was not
            the custodian's for encryption then.
    """
    job_id = case.statement.job
    job = query.job(case.state, job_id)
    expect(job.program == PROGRAM, f"program {PROGRAM}", job.program)
    spec = Spec.from_json(case.evidence()["spec"])
    contributions = []
    for part in signed_parts(case.evidence(), case.trail, job_id):
        expect(
            part.envelope.payload_type == _TYPES[part.name],
            f"an envelope with a {part.name}",
            "another type",
        )
        payload = part.envelope.payload
        if part.name == "contribution":
            contributions.append(Contribution.from_bytes(payload))
        elif part.name == "aggregation":
            aggregation = Aggregation.from_bytes(payload)
        else:
            opening = Opening.from_bytes(payload)
    key = _key(case, job.parties.custodian, opening.key, job.at)
    return Statements(spec, tuple(contributions), aggregation, opening, key)


def _key(case: Case, custodian: str, kid: str, index: int) -> PaillierPublicKey:
    held = query.key(case.state, custodian, kid)
    expect((held.alg, held.use) == ("paillier", "he"), "a Paillier key", held.alg)
    expect(held.since <= index, f"a key known at index {index}", held.since)
    key = PaillierPublicKey.from_bytes(unb64u(held.pub))
    expect(key.kid == kid, f"key {kid}", key.kid)
    return key


def check_technique(case: Case) -> Found:
    """Check the proof that came with a result.

    Returns:
        Sentences and details.

    Raises:
        NotApplicable: The operation computes nothing.
        EvidenceInvalid, ProofInvalid, OutOfRange, NotPermitted: The evidence
            does not support the result.
    """
    if case.operation != "job.result":
        raise NotApplicable("Nothing was computed.")
    found = open_evidence(case)
    job_id, spec, key = case.statement.job, found.spec, found.key
    check_aggregation(found.aggregation, spec, job_id, found.contributions, key)
    bound = check_bounds(found.contributions, key)
    later = _Later(key)
    check_opening(
        found.opening,
        found.aggregation,
        spec,
        bound,
        # It asks the key for nothing but `verify_opening`.
        cast(PaillierPublicKey, later),
    )
    later.verify(found.opening, spec.custodian)
    details = [
        f"{one.dataset}: {one.rows} ciphertexts with digest {b64u(one.ciphertexts)}"
        for one in found.contributions
    ]
    return _told(found), [*details, f"Paillier key {key.kid}, {key.bits} bits"]


class _Later:
    """Stands in for the custodian's key: collects openings, to verify them at once.

    One by one they cost a full power each (`schemes.paillier_opening`).
    """

    def __init__(self, key: PaillierPublicKey) -> None:
        self._key = key
        self._claims: list[Claim] = []

    def verify_opening(self, ciphertext: bytes, m: int, r: bytes) -> None:
        if len(r) != self._key.size:
            raise ProofInvalid(
                f"expected an r of {self._key.size} bytes, found {len(r)}"
            )
        self._claims.append(Claim(ciphertext, m, int.from_bytes(r, "big")))

    def verify(self, opening: Opening, custodian: str) -> None:
        expect(
            len(self._claims) == len(opening.groups),
            f"{len(opening.groups)} openings",
            len(self._claims),
        )
        try:
            verify_openings(self._key.n, self._claims)
        except ProofInvalid as error:
            wrong = [opening.groups[i].group for i in error.detail["positions"]]
            raise ProofInvalid(
                f"expected totals that open to what {custodian} says, found others in "
                f"the groups {listed(wrong)}"
            ) from None


def _told(found: Statements) -> list[str]:
    spec = found.spec
    rows = sum(one.rows for one in found.contributions)
    owners = listed(dict.fromkeys(one.owner for one in found.contributions))
    groups = len(found.opening.groups)
    return [
        f"{owners} encrypted {counted(rows, 'value', 'values')} of "
        f"{plain(spec.column)} under the key of {spec.custodian}; {spec.compute} "
        f"multiplied the ciphertexts group by group, and the products are right; "
        f"{counted(groups, 'total', 'totals')} opened by {spec.custodian} "
        f"{'is' if groups == 1 else 'are'} what the ciphertexts hide, and no group "
        f"has fewer than {spec.k} values of any owner."
    ]
