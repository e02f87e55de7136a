"""What the coordinator makes of the statements that it was given.

    aggregation ─► check_room ─► openers are asked
    opener's answer ─► check_answer ─► kept, or the opener is named
    everything kept ─► conclude ─► result and evidence ─► job.result

Nothing of it is anybody's word: the contributions are added again, every
opening and every part of one is checked, and the totals follow.

Implements docs/protocols/paillier-sum.md, section 7.
"""

from __future__ import annotations

from collections.abc import Callable

from privshare.errors import OutOfRange, PrivShareError
from privshare.exchange.admission import open_contributions
from privshare.exchange.node import job_key, open_statement
from privshare.jobs import aggregate as steps
from privshare.jobs import threshold
from privshare.jobs.receipt import MAX_BYTES
from privshare.jobs.spec import Spec
from privshare.jobs.statement import (
    AGGREGATION,
    OPENING,
    Aggregation,
    Contribution,
    Opening,
)
from privshare.jobs.threshold_statement import PARTIAL_OPENING, PartialOpening
from privshare.ledger import query
from privshare.ledger.api import View
from privshare.schemes.paillier import PaillierPublicKey
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Json
from privshare.wire.envelope import Envelope

__all__ = ["check_answer", "check_room", "conclude", "kind_of"]

#: What evidence may take of a receipt; the rest is for entries, state and result.
MAX_EVIDENCE = MAX_BYTES - (1 << 20)
#: An opening holds no more than the aggregation, and proofs of at most this.
_MAX_PROOFS = 8 << 10

#: Finds a statement that this node keeps, by its name.
Kept = Callable[[str], Envelope]


def kind_of(spec: Spec) -> str:
    """The payload type with which whoever opens answers."""
    return OPENING if spec.custodian is not None else PARTIAL_OPENING


def check_room(spec: Spec, kept: Kept) -> None:
    """Refuse before anything is opened, and spent, what no receipt could hold.

    Args:
        spec: The job.
        kept: As for `conclude`; the openings are not there yet.

    Raises:
        OutOfRange: The evidence would be too large: rule `job.groups`.
    """
    aggregation = len(envelopes.encode(kept("aggregation")))
    found = aggregation + sum(
        len(envelopes.encode(kept(f"contribution:{item.dataset}")))
        for item in spec.inputs
    )
    found += len(spec.opened_by) * (aggregation + _MAX_PROOFS)
    if found > MAX_EVIDENCE:
        raise OutOfRange(
            f"expected evidence of at most {MAX_EVIDENCE} bytes, found about {found}",
            fix="Ask for fewer groups or over fewer datasets, or name a custodian.",
            detail={"rule": "job.groups"},
        )


def check_answer(
    view: View, spec: Spec, opener: str, aggregation: Envelope, answer: Envelope
) -> None:
    """Check an opener's part as soon as it is there.

    Args:
        view: The ledger.
        spec: Of a job with openers.
        opener: Who answered.
        aggregation: The compute node's statement.
        answer: The opener's; its signature was verified.

    Raises:
        EvidenceInvalid, ProofInvalid, EncodingError, OutOfRange: It is of
            something else, or wrong; `detail["party"]` is the opener.
    """
    try:
        threshold.check_part(
            PartialOpening.from_bytes(answer.payload),
            opener,
            _aggregation(view, spec, aggregation),
            query.threshold_epoch(view, spec.epoch or 0),
        )
    except PrivShareError as error:
        error.detail.setdefault("party", opener)
        raise


def conclude(
    view: View, job: str, spec: Spec, kept: Kept
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Check all statements, and draw the result from them.

    Args:
        view: The ledger.
        job: The job's id on it.
        spec: The job.
        kept: Finds `contribution:<dataset>`, `aggregation` and
            `opening:<agency>`.

    Returns:
        The result and the evidence.

    Raises:
        EvidenceInvalid, ProofInvalid, SignatureInvalid, OutOfRange: A
            statement that is not true; `detail["party"]`.
    """
    key = job_key(view, spec.parties, query.job(view, job).at)
    sent = [
        envelopes.to_json(kept(f"contribution:{item.dataset}")) for item in spec.inputs
    ]
    contributions = open_contributions(view, spec, sent)
    aggregation = _aggregation(view, spec, kept("aggregation"))
    steps.check_aggregation(aggregation, spec, job, contributions, key)
    openings = {opener: kept(f"opening:{opener}") for opener in spec.opened_by}
    totals = _totals(view, spec, contributions, aggregation, openings, key)
    evidence = steps.evidence(
        spec,
        sent,
        envelopes.to_json(kept("aggregation")),
        [envelopes.to_json(one) for one in openings.values()],
    )
    return steps.result(spec, contributions, aggregation, totals), evidence


def _totals(
    view: View,
    spec: Spec,
    contributions: tuple[Contribution, ...],
    aggregation: Aggregation,
    openings: dict[str, Envelope],
    key: PaillierPublicKey,
) -> list[int]:
    bound = steps.check_bounds(contributions)
    payloads = {
        opener: open_statement(view, opener, kind_of(spec), envelope)
        for opener, envelope in openings.items()
    }
    if spec.epoch is None:
        (payload,) = payloads.values()
        opening = Opening.from_bytes(payload)
        steps.check_opening(opening, aggregation, spec, bound, key)
        return [one.total for one in opening.groups]
    shared = query.threshold_epoch(view, spec.epoch)
    parts = {
        opener: PartialOpening.from_bytes(data) for opener, data in payloads.items()
    }
    for opener, part in parts.items():
        threshold.check_part(part, opener, aggregation, shared)
    totals = threshold.combine(aggregation, shared, list(parts.values()))
    steps.check_totals(totals, aggregation, spec, bound)
    return totals


def _aggregation(view: View, spec: Spec, envelope: Envelope) -> Aggregation:
    payload = open_statement(view, spec.compute, AGGREGATION, envelope)
    return Aggregation.from_bytes(payload)
