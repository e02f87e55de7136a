"""Who opened the totals of a receipt, and what one of them has alone.

receipt ─► opened_together ─► openers, holders
        └► open_alone ─► refused: one part of k opens nothing
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from privshare.jobs import threshold
from privshare.jobs.statement import Aggregation
from privshare.jobs.threshold_statement import PartialOpening
from privshare.ledger.shared_key import SharedKey
from privshare.wire import envelope
from privshare.wire.canonical import decode


@dataclass(frozen=True, slots=True)
class Together:
    """What a receipt says of the opening.

    Attributes:
        openers: Who opened.
        aggregation: The encrypted totals.
        parts: What each of them signed, in the same order.
        shared: The key that they hold shares of.
    """

    openers: tuple[str, ...]
    aggregation: Aggregation
    parts: tuple[PartialOpening, ...]
    shared: SharedKey


def opened_together(receipt: bytes) -> Together:
    """Read the opening out of a receipt that was verified.

    Raises:
        LookupError: Its totals were opened by a custodian.
    """
    document: Any = decode(receipt, max_bytes=len(receipt))
    evidence = document["evidence"]
    parties = evidence["spec"]["parties"]
    if parties["key"] is None:
        raise LookupError("the totals were opened by a custodian")
    epoch = parties["key"]["epoch"]
    values = {item["key"]: item["value"] for item in document["state"]}
    parts = [envelope.from_json(one).payload for one in evidence["partials"]]
    return Together(
        openers=tuple(parties["openers"]),
        aggregation=Aggregation.from_bytes(
            envelope.from_json(evidence["aggregation"]).payload
        ),
        parts=tuple(map(PartialOpening.from_bytes, parts)),
        shared=SharedKey.from_json(epoch, values[f"threshold/{epoch}"]),
    )


def open_alone(found: Together) -> list[int]:
    """Try to open the totals with the first opener's part, and no other.

    Raises:
        OutOfRange: As it must: one part is not enough.
    """
    return threshold.combine(found.aggregation, found.shared, found.parts[:1])
