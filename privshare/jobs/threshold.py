"""What openers of a threshold key do with an aggregation, and what follows.

    opener      check_aggregation ─► open_part ─► PartialOpening
    coordinator check_part, as each arrives ─► combine ─► totals ─► check_totals
    auditor     check_part, combine, check_totals: the same functions

The steps before and after are those of every encrypted sum (`aggregate`). No
opener learns a total; k parts make them, and the same ones for everybody, so
no statement says them.

Implements docs/protocols/paillier-sum.md, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from privshare.errors import (
    EncodingError,
    OutOfRange,
    ProofInvalid,
    VerificationError,
)
from privshare.jobs import packing
from privshare.jobs.aggregate import Expect
from privshare.jobs.statement import Aggregation
from privshare.jobs.threshold_statement import PartialOpening
from privshare.ledger.shared_key import SharedKey
from privshare.schemes import threshold
from privshare.schemes.threshold import KeyShare, Partial

__all__ = ["check_part", "combine", "open_part"]


def open_part(
    aggregation: Aggregation, shared: SharedKey, share: KeyShare
) -> PartialOpening:
    """Make one opener's part of all totals of an aggregation that was checked.

    Args:
        aggregation: From `check_aggregation`.
        shared: The threshold key, as the ledger holds it.
        share: The opener's.
    """
    key = shared.opened
    bare = PartialOpening(
        job=aggregation.job,
        epoch=shared.epoch,
        key=key.kid,
        aggregation=aggregation.digest(),
        index=share.index,
    )
    made = share.partial(key, _ciphertexts(aggregation), bare.context())
    return replace(bare, values=made.values, proof=made.proof)


def check_part(
    part: PartialOpening,
    agency: str,
    aggregation: Aggregation,
    shared: SharedKey,
) -> None:
    """Check that a part is of this aggregation, and made with the opener's share.

    Args:
        part: Its signature was verified.
        agency: Who signed it.
        aggregation: From `check_aggregation`.
        shared: The threshold key, as the ledger holds it.

    Raises:
        EvidenceInvalid: Of something else, or with another's share.
        ProofInvalid: Not made with that share.
    """
    expect = Expect("the partial opening", agency)
    expect.equal("job", aggregation.job, part.job)
    expect.equal("epoch", shared.epoch, part.epoch)
    expect.equal("key", aggregation.key, part.key)
    expect.equal("index", shared.index(agency), part.index)
    if part.aggregation != aggregation.digest():
        raise expect.error("a part of this aggregation", "one of another")
    expect.equal("totals", len(aggregation.groups), len(part.values))
    try:
        threshold.verify_partial(
            shared.opened, _ciphertexts(aggregation), _partial(part), part.context()
        )
    except (EncodingError, OutOfRange, VerificationError):
        raise ProofInvalid(
            f"the partial opening, signed by {agency}: expected partial decryptions "
            "by its share, found others",
            detail={"party": agency, "rule": "job.partial"},
        ) from None


def combine(
    aggregation: Aggregation,
    shared: SharedKey,
    parts: Sequence[PartialOpening],
) -> list[int]:
    """Make the totals of as many parts as it takes, each of them checked.

    Args:
        aggregation: From `check_aggregation`.
        shared: The threshold key, as the ledger holds it.
        parts: From `check_part`, of exactly k openers.

    Returns:
        The totals, in the aggregation's order; `check_totals` is next.

    Raises:
        OutOfRange: Not k parts.
        VerificationError: The parts do not open the totals together.
        EvidenceInvalid: A plaintext that no owners' add up to.
    """
    partials = [_partial(part) for part in parts]
    opened = threshold.combine(shared.opened, _ciphertexts(aggregation), partials)
    for m in opened:
        packing.check(m, shared.opened.public.bits)
    return [packing.total(m) for m in opened]


def _ciphertexts(aggregation: Aggregation) -> list[bytes]:
    return [cell.ciphertext for cell in aggregation.groups]


def _partial(part: PartialOpening) -> Partial:
    return Partial(part.index, part.values, part.proof)
