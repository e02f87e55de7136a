"""`threshold/<epoch>`: a threshold key of the consortium, as the state holds it.

The operator deals a key, its holders say that their shares fit, and from the
acceptance that makes it enough on it is the key:

    dealt ── accepted by k ─► active ── the next one is active ─► superseded
      └───── another one is dealt before that ─► withdrawn

Each key has an epoch, counted from 1. The value under `threshold` says which
epoch is the newest, and which the active one.

Implements docs/formats/threshold.md, section 2.

>>> holders = (Holder("tax", 7), Holder("title", None))
>>> [holder.agency for holder in holders if holder.accepted is not None]
['tax']
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from privshare.ledger.state_map import Value
from privshare.schemes.threshold_key import ThresholdKey
from privshare.wire.canonical import decode, encode, unb64u

__all__ = ["EPOCHS", "Epochs", "Holder", "SharedKey", "Status"]

#: Where the state says which epoch is in force.
EPOCHS = "threshold"

Status = Literal["dealt", "active", "superseded", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Epochs:
    """`threshold`: the newest epoch, and the one whose key is in use.

    Attributes:
        newest: Of the key dealt last; 0 before the first.
        active: Of the newest key that enough holders accepted, or None.
    """

    newest: int = 0
    active: int | None = None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"active": self.active, "newest": self.newest}

    @classmethod
    def from_json(cls, obj: Value | None) -> Epochs:
        """Read the object back; None before the first key."""
        return cls() if obj is None else cls(obj["newest"], obj["active"])


@dataclass(frozen=True, slots=True)
class Holder:
    """An agency that a share was dealt to.

    Attributes:
        agency: Whose share it is.
        accepted: Log index at which it said that its share fits, or None.
    """

    agency: str
    accepted: int | None = None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"accepted": self.accepted, "agency": self.agency}


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedKey:
    """A key that the holders open with together.

    Attributes:
        epoch: Which one, counted from 1.
        key: The public key, as `ThresholdKey.to_json` lays it out.
        holders: In the order of their shares: the first has share 1.
        dealer: The agency that dealt it, or put the re-sharing on the ledger.
        status: Whether it is in use.
        at: Log index of the deal.
        since: Log index of the acceptance that made it active, or None.
        until: Log index at which another took its place, or None.
        previous: The epoch it was re-shared from; None for a fresh key.
        evidence: Digest of the re-sharing's public parts, base64url, or None.
    """

    epoch: int
    key: Value
    holders: tuple[Holder, ...]
    dealer: str
    status: Status
    at: int
    since: int | None = None
    until: int | None = None
    previous: int | None = None
    evidence: str | None = None

    @property
    def threshold(self) -> int:
        """How many shares it takes."""
        return int(self.key["threshold"])

    @property
    def agencies(self) -> tuple[str, ...]:
        """All holders, in the order of their shares."""
        return tuple(holder.agency for holder in self.holders)

    @property
    def accepted(self) -> tuple[str, ...]:
        """The holders who accepted their share, in the order of the shares."""
        return tuple(h.agency for h in self.holders if h.accepted is not None)

    @property
    def n(self) -> int:
        """The modulus that values are encrypted under."""
        return int.from_bytes(unb64u(str(self.key["n"])), "big")

    @property
    def opened(self) -> ThresholdKey:
        """The key itself, checked: the ledger has done so, and so do we.

        Raises:
            PrivShareError: It is none; then it is not on the ledger.
        """
        return _opened(encode(self.key))

    def index(self, agency: str) -> int | None:
        """The number of an agency's share, from 1; None without one."""
        names = self.agencies
        return names.index(agency) + 1 if agency in names else None

    def in_use(self, at: int) -> bool:
        """Whether it was the active key for a transaction of this log index."""
        begun = self.since is not None and self.since < at
        return begun and (self.until is None or at < self.until)

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "at": self.at,
            "dealer": self.dealer,
            "evidence": self.evidence,
            "holders": [holder.to_json() for holder in self.holders],
            "key": self.key,
            "previous": self.previous,
            "since": self.since,
            "status": self.status,
            "until": self.until,
        }

    @classmethod
    def from_json(cls, epoch: int, obj: Value) -> SharedKey:
        """Read the object back; the epoch is in its place in the map."""
        holders = tuple(
            Holder(one["agency"], one["accepted"]) for one in obj["holders"]
        )
        return cls(epoch=epoch, **{**obj, "holders": holders})


@functools.lru_cache(maxsize=16)
def _opened(data: bytes) -> ThresholdKey:
    return ThresholdKey.from_json(decode(data))
