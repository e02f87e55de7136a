"""Steps 6 to 8 of a job: the technique's own proof, checked anew.

For an encrypted sum: each contribution is for this job and by an input's
owner, the totals are the products of the subtotals, and every opened total is
what its ciphertext hides. These are the functions the parties called, so an
auditor sees what they saw; `second_opinion` shares nothing with them.

    evidence ─► open_evidence ─► Statements ─► check_technique
                                          └─► opened_totals ─► the result

What openers of a threshold key showed is checked in `together`.

A module of its own, loaded for jobs alone: other receipts need no arithmetic.
Implements docs/formats/receipt.md, section 5, steps 6 to 8, and
docs/protocols/paillier-sum.md, sections 4 to 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from privshare.audit.case import Case, Found, expect
from privshare.audit.committed import check_committed
from privshare.audit.inputs import check_version
from privshare.audit.sentence import counted, listed, plain
from privshare.errors import ProofInvalid
from privshare.jobs.aggregate import (
    check_aggregation,
    check_bounds,
    check_opening,
    result,
)
from privshare.jobs.requirement import SignedPart, signed_parts
from privshare.jobs.spec import PROGRAM, Spec
from privshare.jobs.statement import (
    AGGREGATION,
    CONTRIBUTION,
    OPENING,
    Aggregation,
    Contribution,
    Opening,
)
from privshare.jobs.threshold_statement import PARTIAL_OPENING, PartialOpening
from privshare.ledger import query
from privshare.schemes.paillier import PaillierPublicKey
from privshare.schemes.paillier_opening import Opening as Claim
from privshare.schemes.paillier_opening import verify_openings
from privshare.wire.canonical import b64u, unb64u

_TYPES = {
    "aggregation": AGGREGATION,
    "contribution": CONTRIBUTION,
    "opening": OPENING,
    "partial": PARTIAL_OPENING,
}


@dataclass(frozen=True, slots=True)
class Statements:
    """The evidence of an encrypted sum, read; signatures are step 2's.

    `opening` is a custodian's; with openers it is None, and `parts` has what
    each of them signed, by agency.
    """

    spec: Spec
    contributions: tuple[Contribution, ...]
    aggregation: Aggregation
    opening: Opening | None
    parts: Mapping[str, PartialOpening]


def open_evidence(case: Case) -> Statements:
    """Read the evidence of a job.

    Raises:
        EncodingError, OutOfRange: Another form.
        EvidenceInvalid: A statement of another type.
    """
    job_id = case.statement.job
    job = query.job(case.state, job_id)
    expect(job.program == PROGRAM, f"program {PROGRAM}", job.program)
    named: dict[str, list[SignedPart]] = {name: [] for name in _TYPES}
    for part in signed_parts(case.evidence(), case.trail, job_id):
        expect(
            part.envelope.payload_type == _TYPES[part.name],
            f"an envelope with a {part.name}",
            "another type",
        )
        named[part.name].append(part)
    (aggregation,) = named["aggregation"]
    openings = [Opening.from_bytes(one.envelope.payload) for one in named["opening"]]
    return Statements(
        spec=Spec.from_json(case.evidence()["spec"]),
        contributions=tuple(
            Contribution.from_bytes(one.envelope.payload)
            for one in named["contribution"]
        ),
        aggregation=Aggregation.from_bytes(aggregation.envelope.payload),
        opening=openings[0] if openings else None,
        parts={
            one.agency: PartialOpening.from_bytes(one.envelope.payload)
            for one in named["partial"]
        },
    )


def custodian_key(case: Case, custodian: str, kid: str) -> PaillierPublicKey:
    """The key of the job's custodian with this id.

    Raises:
        EvidenceInvalid: Not a key for encryption that the ledger listed before
            the job was admitted.
        NotFound: The custodian never had it.
        OutOfRange: No modulus that may be used.
    """
    job = query.job(case.state, case.statement.job)
    held = query.key(case.state, custodian, kid)
    expect((held.alg, held.use) == ("paillier", "he"), "a Paillier key", held.alg)
    expect(held.since <= job.at, f"a key known at index {job.at}", held.since)
    key = PaillierPublicKey.from_bytes(unb64u(held.pub))
    expect(key.kid == kid, f"key {kid}", key.kid)
    return key


def check_job_inputs(case: Case) -> Found:
    """Step 6 for a job: the specification is the one admitted.

    Returns:
        Sentences and details.

    Raises:
        EvidenceInvalid: It is for other data, another question or other
            parties than the job on the ledger.
        EncodingError, OutOfRange: A specification of another form.
    """
    job = query.job(case.state, case.statement.job)
    spec = Spec.from_json(case.evidence()["spec"])
    expect(b64u(spec.digest()) == job.spec, "the specification admitted", "another")
    expect(
        (spec.coordinator, spec.parties) == (job.coordinator, job.parties.asked),
        "the job's parties",
        "others",
    )
    expect(len(spec.inputs) == len(job.inputs), "the job's inputs", "others")
    details = [f"specification {job.spec}"]
    for use_id, item in zip(job.inputs, spec.inputs, strict=True):
        use = query.use(case.state, use_id)
        expect(use.grant == item.grant, "the grant specified", "another")
        grant = query.grant(case.state, use.grant)
        expect(grant.terms.dataset == item.dataset, item.dataset, grant.terms.dataset)
        expect(
            (use.columns, use.group_by) == ((spec.column,), spec.groups),
            "the columns specified",
            "others",
        )
        expect(
            (use.operation, use.purpose) == (spec.operation, spec.purpose),
            "the operation and purpose specified",
            "others",
        )
        expect(spec.k >= grant.terms.k, f"k of at least {grant.terms.k}", spec.k)
        details.append(check_version(case, item.dataset, item.version, job.at))
    names = listed(item.dataset for item in spec.inputs)
    return [
        f"The job was specified and admitted for {names}, of which the ledger holds "
        "commitments; each owner signed that it encrypted that version."
    ], details


def check_technique(case: Case) -> Found:
    """Check the proof that came with a result.

    Returns:
        Sentences and details.

    Raises:
        EvidenceInvalid, ProofInvalid, OutOfRange, NotPermitted: The evidence
            does not support the result.
    """
    found = open_evidence(case)
    job = query.job(case.state, case.statement.job)
    digest = b64u(found.aggregation.digest())
    expect(job.aggregation == digest, "the aggregation that was announced", "another")
    if found.opening is None:
        from privshare.audit.together import check_together  # noqa: PLC0415 - for these alone

        key, whose = check_together(case, found)
    else:
        key, whose = _check_alone(case, found, found.opening)
    details = [
        f"{one.dataset}: {one.rows} values in ciphertexts with digest "
        f"{b64u(one.ciphertexts)}"
        for one in found.contributions
    ]
    return [_told(found, whose)], [
        *details,
        f"aggregation {digest}, announced at index {job.opened}",
        f"Paillier key {key.kid}, {key.bits} bits",
    ]


def opened_totals(case: Case, found: Statements) -> list[int]:
    """The totals that the openings show; `check_technique` says that they are true."""
    if found.opening is not None:
        return [one.total for one in found.opening.groups]
    from privshare.audit.together import combined  # noqa: PLC0415 - for these alone

    return combined(case, found)


def check_sums(case: Case, found: Statements, key: PaillierPublicKey) -> int:
    """Check what comes before an opening: contributions and products.

    Returns:
        The bound of the totals.

    Raises:
        EvidenceInvalid, OutOfRange, NotPermitted: As `check_aggregation`.
    """
    job_id = case.statement.job
    check_aggregation(found.aggregation, found.spec, job_id, found.contributions, key)
    return check_bounds(found.contributions)


def _check_alone(
    case: Case, found: Statements, opening: Opening
) -> tuple[PaillierPublicKey, str]:
    """A custodian's opening: the key, and whose it is, in words."""
    (custodian,) = found.spec.opened_by
    key = custodian_key(case, custodian, opening.key)
    bound = check_sums(case, found, key)
    later = _Later(key)
    check_opening(
        opening,
        found.aggregation,
        found.spec,
        bound,
        # It asks the key for nothing but `verify_opening` and n.
        cast(PaillierPublicKey, later),
    )
    later.verify(opening, custodian)
    return key, f"the key of {custodian}"


class _Later:
    """Stands in for the custodian's key: collects openings, to verify them at once.

    One by one they cost a full power each (`schemes.paillier_opening`).
    """

    def __init__(self, key: PaillierPublicKey) -> None:
        self._key = key
        self.n = key.n
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


def _told(found: Statements, whose: str) -> str:
    spec = found.spec
    by = listed(spec.opened_by)
    if found.opening is None:
        by += " together, none of whom can alone,"
    rows = sum(one.rows for one in found.contributions)
    owners = listed(dict.fromkeys(one.owner for one in found.contributions))
    groups = len(found.aggregation.groups)
    return (
        f"{owners} encrypted {counted(rows, 'value', 'values')} of "
        f"{plain(spec.column)} under {whose}; {spec.compute} multiplied the "
        "ciphertexts group by group, and the products are right; "
        f"{counted(groups, 'total', 'totals')} opened by {by} "
        f"{'is' if groups == 1 else 'are'} what the ciphertexts hide, and no group "
        f"has fewer than {spec.k} values of any owner."
    )


def check_job_result(case: Case) -> Found:
    """Step 8 for a job: the result follows from the openings.

    Returns:
        Sentences and details.

    Raises:
        EvidenceInvalid: Result or evidence are not those committed to, or the
            rows are not the opened totals.
    """
    committed = check_committed(case)
    found = open_evidence(case)
    totals = opened_totals(case, found)
    right = result(found.spec, found.contributions, found.aggregation, totals)
    expect(
        right == case.receipt.result,
        "the result that follows from the openings",
        "another",
    )
    return [
        "The rows of the result enclosed are the opened totals, and result and "
        "evidence are the ones committed to."
    ], [committed.detail]
