"""What a node holds of an owner's columns: two of three pieces.

>>> Dealt(dataset="taxes/returns", rows=2, own=bytes(32), next=bytes(32)).rows
2
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Dealt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """One owner's columns as a node holds them.

    Attributes:
        dataset: Which input.
        rows: How many rows.
        own: The node's own piece: a seed, or bytes of ring elements. Secret.
        next: The next node's piece. Secret.
    """

    dataset: str
    rows: int
    own: bytes = field(repr=False)
    next: bytes = field(repr=False)
