"""Why a report is refused, and how a batch is named: what claims speak of."""

from __future__ import annotations

from typing import Final

__all__ = ["BATCH_BYTES", "REASONS", "code"]

BATCH_BYTES = 16

REASONS: Final = (
    "malformed",  # not the bytes of a report
    "other",  # for another survey
    "time",  # not rounded, or from the future
    "early",  # before the survey opened
    "late",  # after it closed
    "replayed",  # a report with this id was taken before
    "sealed",  # the share does not open
    "encoding",  # an element is not canonical
    "proof",  # the proof does not hold: no valid answer
    "point",  # the test point is a root of unity; nobody's fault
    "randomness",  # the joint randomness is not what the submitter hashed
)


def code(reason: str) -> int:
    """The byte that stands for a reason; 0 stands for none."""
    return REASONS.index(reason) + 1
