"""The steps of an encrypted sum, and the checks that come with each.

    owner       rows ─► groups ─► Contribution
    compute     aggregate(Contributions) ─► Aggregation
    custodian   check_aggregation ─► open_totals ─► Opening
    coordinator check_opening ─► result ─► ledger
    auditor     check_aggregation, check_opening, result: the same functions

What openers of a threshold key do instead of a custodian is `jobs.threshold`.

Everything here is pure: no key is looked up, no row is read. A check returns
what it found out or nothing, and raises; `detail["party"]` names the agency
whose statement is wrong.

Implements docs/protocols/paillier-sum.md, sections 4 to 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from privshare.errors import (
    EvidenceInvalid,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    ProofInvalid,
)
from privshare.jobs import packing
from privshare.jobs.spec import Spec
from privshare.jobs.statement import (
    MAX_GROUPS,
    Aggregation,
    Cell,
    Contribution,
    Opened,
    Opening,
)
from privshare.schemes import paillier_knowledge, paillier_modulus
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey
from privshare.wire.canonical import Json

__all__ = [
    "Expect",
    "aggregate",
    "check_aggregation",
    "check_bounds",
    "check_contribution",
    "check_knowledge",
    "check_opening",
    "check_totals",
    "evidence",
    "nothing_left",
    "open_totals",
    "result",
    "suppressed",
]


def check_contribution(
    contribution: Contribution, spec: Spec, job: str, key: PaillierPublicKey
) -> None:
    """Check one contribution against the job it claims to be for.

    Raises:
        EvidenceInvalid: Another job, dataset, version, column or key; counts
            below k, too large or that do not add up; a ciphertext of another
            key.
    """
    found = spec.input(contribution.dataset)
    expect = Expect(f"the contribution of {contribution.dataset}", contribution.owner)
    expect.equal("job", job, contribution.job)
    if found is None:
        raise expect.error("an input of the job", "a dataset that is none")
    expect.equal("version", found.version, contribution.version)
    expect.equal("column", spec.column, contribution.column)
    expect.equal("group_by", spec.group_by, contribution.group_by)
    expect.equal("key", key.kid, contribution.key)
    counts = [cell.count for cell in contribution.groups]
    expect.equal("rows", sum(counts), contribution.rows)
    if min(counts) < spec.k:
        raise expect.error(
            f"groups of at least {spec.k} values", f"one of {min(counts)}", "job.k"
        )
    if max(counts) > packing.MAX_VALUES:
        raise expect.error(
            f"groups of at most {packing.MAX_VALUES} values", f"one of {max(counts)}"
        )
    most = contribution.rows * packing.LARGEST
    if not 0 <= contribution.bound <= most:
        raise expect.error(f"a bound of at most {most}", "another")
    names = {cell.group for cell in contribution.groups}
    if names & set(contribution.suppressed):
        raise expect.error("groups shown or suppressed", "one that is both")
    if spec.group_by is None and (names != {""} or contribution.suppressed):
        raise expect.error("one group without a name", "others")
    for cell in contribution.groups:
        try:
            key.check(cell.ciphertext)
        except PrivShareError as error:
            raise expect.error("ciphertexts of the job's key", str(error)) from None


def check_knowledge(contribution: Contribution, key: PaillierPublicKey) -> None:
    """Check that the owner knows its subtotals, and has them from nobody else.

    Raises:
        EvidenceInvalid: The proof is of something else, or of nothing.
    """
    ciphertexts = [cell.ciphertext for cell in contribution.groups]
    try:
        paillier_knowledge.verify(
            key.n, ciphertexts, contribution.context(), contribution.proof
        )
    except ProofInvalid:
        what = f"the contribution of {contribution.dataset}"
        raise Expect(what, contribution.owner).error(
            "a proof that its owner knows the subtotals", "none", "job.knowledge"
        ) from None


def check_bounds(contributions: Sequence[Contribution]) -> int:
    """Refuse a sum of which the plaintexts would not show the total.

    Returns:
        The bound of the whole sum.

    Raises:
        OutOfRange: The bounds add up to more than `packing.LIMIT`.
    """
    bound = sum(one.bound for one in contributions)
    if bound > packing.LIMIT:
        raise OutOfRange(
            f"expected sums of at most {packing.LIMIT.bit_length()} bits, found a "
            f"bound of {bound.bit_length()} bits",
            detail={"rule": "job.bound"},
        )
    return bound


def aggregate(
    spec: Spec,
    job: str,
    contributions: Sequence[Contribution],
    key: PaillierPublicKey,
) -> Aggregation:
    """Multiply the owners' subtotals, group by group.

    A group that one owner suppressed is left out: its total would hold only
    the others' part and pass for the whole.

    Args:
        spec: The job.
        job: Its id.
        contributions: One an input, in the order of the inputs.
        key: The job's public key.

    Raises:
        EvidenceInvalid: What `check_contribution` and `check_knowledge`
            refuse; a contribution too few or too many; scales that differ;
            more groups than 512.
        OutOfRange: The sum could be too large.
        NotPermitted: No group is left: rule `job.k`.
    """
    _check_set(spec, contributions)
    for contribution in contributions:
        check_contribution(contribution, spec, job, key)
    check_bounds(contributions)
    cells = [cell for one in contributions for cell in one.groups]
    hidden = suppressed(contributions)
    names = sorted({cell.group for cell in cells} - set(hidden))
    if not names:
        raise nothing_left(spec.k)
    if len(names) > MAX_GROUPS:
        raise EvidenceInvalid(
            f"expected at most {MAX_GROUPS} groups, found {len(names)}"
        )
    for contribution in contributions:
        check_knowledge(contribution, key)
    return Aggregation(
        job=job,
        key=key.kid,
        contributions=tuple(one.digest() for one in contributions),
        groups=tuple(_total(name, cells, key) for name in names),
    )


def check_aggregation(
    aggregation: Aggregation,
    spec: Spec,
    job: str,
    contributions: Sequence[Contribution],
    key: PaillierPublicKey,
) -> None:
    """Compute the aggregation again and compare.

    Multiplying is deterministic, so there is exactly one right answer; this
    checks the contributions, too.

    Raises:
        EvidenceInvalid: The compute node's statement differs.
        EvidenceInvalid, OutOfRange, NotPermitted: As for `aggregate`.
    """
    right = aggregate(spec, job, contributions, key)
    expect = Expect("the aggregation", spec.compute)
    expect.equal("job", right.job, aggregation.job)
    expect.equal("key", right.key, aggregation.key)
    if right.contributions != aggregation.contributions:
        raise expect.error("the job's contributions", "others")
    if right.groups != aggregation.groups:
        raise expect.error("totals that are the products of the subtotals", "others")


def open_totals(
    aggregation: Aggregation, private: PaillierPrivateKey, bound: int
) -> Opening:
    """Open every total of an aggregation that was checked.

    Args:
        aggregation: From `check_aggregation`.
        private: The custodian's key.
        bound: From `check_bounds`; no total may be larger in size.

    Raises:
        EvidenceInvalid: A total past the bound: some owner encrypted values
            that no column holds. Nothing is opened then.
    """
    opened = []
    for cell in aggregation.groups:
        m, r = private.open(cell.ciphertext)
        packing.check(m, private.public.bits)
        if abs(packing.total(m)) > bound:
            raise EvidenceInvalid(
                "expected totals within the bounds that the owners signed, found "
                "one outside",
                detail={"rule": "job.bound"},
            )
        opened.append(Opened(cell.group, m, r))
    return Opening(
        job=aggregation.job,
        key=aggregation.key,
        aggregation=aggregation.digest(),
        groups=tuple(opened),
        roots=paillier_modulus.prove(private),
    )


def check_opening(
    opening: Opening,
    aggregation: Aggregation,
    spec: Spec,
    bound: int,
    key: PaillierPublicKey,
) -> None:
    """Check that the opening is of this aggregation, and true.

    Raises:
        EvidenceInvalid: Of something else, or past the bound, or a count that
            is not the count.
        ProofInvalid: A total that does not open to what is said.
    """
    (custodian,) = spec.opened_by
    expect = Expect("the opening", custodian)
    expect.equal("job", aggregation.job, opening.job)
    expect.equal("key", aggregation.key, opening.key)
    if opening.aggregation != aggregation.digest():
        raise expect.error("an opening of this aggregation", "one of another")
    if [one.group for one in opening.groups] != [c.group for c in aggregation.groups]:
        raise expect.error("the aggregation's groups", "others")
    try:
        paillier_modulus.verify(key.n, opening.roots)
    except ProofInvalid:
        raise expect.error(
            "a key that opens to one value only", "no proof of it", "job.modulus"
        ) from None
    check_totals([one.total for one in opening.groups], aggregation, spec, bound)
    for one, cell in zip(opening.groups, aggregation.groups, strict=True):
        try:
            packing.check(one.m, key.n.bit_length())
            key.verify_opening(cell.ciphertext, one.m, one.r)
        except EvidenceInvalid as error:  # a custodian must not open such
            error.detail.setdefault("party", custodian)
            raise
        except ProofInvalid as error:
            raise ProofInvalid(
                f"the opening by {custodian}: {error.message}",
                detail={"party": custodian, "group": one.group},
            ) from None


def check_totals(
    totals: Sequence[int], aggregation: Aggregation, spec: Spec, bound: int
) -> None:
    """Check that opened totals can be what the owners signed.

    Args:
        totals: Of the opened plaintexts, in the aggregation's order.
        aggregation: From `check_aggregation`.
        spec: The job.
        bound: From `check_bounds`.

    Raises:
        EvidenceInvalid: One past the bound, so that some owner encrypted values
            that no column holds; a count that is not the count. If there is a
            custodian, it is named, for it must not open such totals.
    """
    expect = Expect("the opened totals", spec.custodian or "")
    for total, cell in zip(totals, aggregation.groups, strict=True):
        if abs(total) > bound:
            raise expect.error(
                "totals within the bounds that the owners signed",
                "one outside",
                "job.bound",
            )
        if spec.operation == "count" and total != cell.count:
            raise expect.error("counts that are the counts", "one that is not")


def result(
    spec: Spec,
    contributions: Sequence[Contribution],
    aggregation: Aggregation,
    totals: Sequence[int],
) -> dict[str, Json]:
    """The result document of a job whose statements were all checked.

    `totals` are what was opened, in the aggregation's order. `value` is such a
    total: the sum as a scaled integer in decimal. A mean's row carries sum and
    count; whoever reads it divides, so that no digit is lost on the way.
    """
    return {
        "column": spec.column,
        "group_by": spec.group_by,
        "k": spec.k,
        "operation": spec.operation,
        "rows": [
            {"count": cell.count, "group": cell.group, "value": str(total)}
            for cell, total in zip(aggregation.groups, totals, strict=True)
        ],
        "scale": contributions[0].scale,
        "suppressed": list(suppressed(contributions)),
        "v": 1,
    }


def evidence(
    spec: Spec,
    contributions: Sequence[Mapping[str, Json]],
    aggregation: Mapping[str, Json],
    openings: Sequence[Mapping[str, Json]],
) -> dict[str, Json]:
    """The evidence document: the specification and all envelopes as JSON.

    `openings` is the custodian's opening, or every opener's part in their order.
    """
    opened: dict[str, Json] = {"partials": [dict(one) for one in openings]}
    if spec.custodian is not None:
        opened = {"opening": dict(openings[0])}
    return {
        "aggregation": dict(aggregation),
        "contributions": [dict(one) for one in contributions],
        **opened,
        "spec": spec.to_json(),
    }


def suppressed(contributions: Iterable[Contribution]) -> tuple[str, ...]:
    """Groups that at least one owner suppressed, sorted."""
    return tuple(sorted({name for one in contributions for name in one.suppressed}))


def nothing_left(k: int) -> NotPermitted:
    """The refusal of a result in which every group is too small."""
    return NotPermitted(
        f"expected a group of at least {k} values, found none",
        fix="Ask for a coarser grouping, or for none.",
        detail={"rule": "job.k", "k": k},
    )


@dataclass(frozen=True, slots=True)
class Expect:
    """Says whose statement is wrong, and where; "" is nobody's."""

    what: str
    party: str

    def equal(self, field: str, expected: object, found: object) -> None:
        if expected != found:
            raise self.error(f"{field} {expected}", f"{found}")

    def error(self, expected: str, found: str, rule: str = "") -> EvidenceInvalid:
        detail = {"party": self.party} if self.party else {}
        signed = f", signed by {self.party}" if self.party else ""
        return EvidenceInvalid(
            f"{self.what}{signed}: expected {expected}, found {found}",
            detail=detail | ({"rule": rule} if rule else {}),
        )


def _check_set(spec: Spec, contributions: Sequence[Contribution]) -> None:
    wanted = [item.dataset for item in spec.inputs]
    found = [one.dataset for one in contributions]
    if wanted != found:
        raise EvidenceInvalid(
            f"expected one contribution an input, {', '.join(wanted)}, "
            f"found {', '.join(found) or 'none'}"
        )
    scales = {one.scale for one in contributions}
    if len(scales) > 1:
        raise EvidenceInvalid(
            f"expected columns of one scale, found {sorted(scales)}",
            fix="Publish the columns with the same number of digits.",
            detail={"rule": "job.scale"},
        )


def _total(name: str, cells: Iterable[Cell], key: PaillierPublicKey) -> Cell:
    parts = [cell for cell in cells if cell.group == name]
    product = key.sum(b"".join(part.ciphertext for part in parts))
    return Cell(name, sum(part.count for part in parts), product)
