"""What an old holder says and gives when a key is shared anew.

    old holder   Resharing ─► to_json ─► everybody
                 SubShare j ─► to_bytes, sealed ─► new holder j
    new holder   Resharing.from_json(statement, [SubShare.from_bytes(part)])

The protocol is `threshold_reshare`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from privshare.bindings.paillier_power import MAX_EXPONENT_BYTES
from privshare.errors import OutOfRange
from privshare.schemes.secret import Secret
from privshare.schemes.threshold_key import MAX_HOLDERS
from privshare.wire import domain
from privshare.wire.canonical import Encodable, Fields, b64u, decode, encode
from privshare.wire.digest import tagged

_RESHARING = "privshare.paillier-resharing"
_PART = "privshare.paillier-subshare"


@final
class SubShare(Secret):
    """What one old holder gives one new holder, sealed to it.

    Args:
        index: The new holder, from 1 to L'.
        value: g_i(j), a Python integer.
        resharing: Digest of the statement that it belongs to.

    Secret: `value`; `repr` is redacted and it cannot be pickled.
    """

    __slots__ = ("index", "resharing", "value")

    def __init__(self, index: int, value: int, resharing: bytes) -> None:
        self.index, self.value, self.resharing = index, value, resharing

    def to_bytes(self) -> bytes:
        """The secret, for a message sealed to the new holder and nothing else."""
        return encode(
            {
                "index": self.index,
                "resharing": b64u(self.resharing),
                "type": _PART,
                "v": 1,
                "value": b64u(self.value.to_bytes(MAX_EXPONENT_BYTES, "big")),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> SubShare:
        """Read what `to_bytes` wrote.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number of no holder.
        """
        fields = Fields(decode(data), "sub-share")
        fields.constant("v", 1)
        fields.constant("type", _PART)
        index = fields.int("index", 1, MAX_HOLDERS)
        resharing = fields.digest("resharing")
        value = int.from_bytes(fields.bytes("value", MAX_EXPONENT_BYTES), "big")
        fields.end()
        return cls(index, value, resharing)


@dataclass(frozen=True, slots=True)
class Resharing:
    """One old holder's statement, with the parts that its reader may have.

    Attributes:
        key: Digest of the key that is shared anew.
        index: The old holder, one of `participants`.
        participants: The k old holders that take part, in order.
        threshold: k'.
        holders: L'.
        commitments: W_i1 … W_i(k'-1).
        parts: The sub-shares at hand: all L' with their maker, one with a new
            holder, none elsewhere. Not part of the statement.
    """

    key: bytes
    index: int
    participants: tuple[int, ...]
    threshold: int
    holders: int
    commitments: tuple[bytes, ...]
    parts: tuple[SubShare, ...] = ()

    @property
    def digest(self) -> bytes:
        """Names the statement."""
        return tagged(domain.PROOF, b"paillier-resharing", encode(self.to_json()))

    def part(self, index: int) -> SubShare:
        """The sub-share of a new holder.

        Raises:
            OutOfRange: It is not at hand.
        """
        for part in self.parts:
            if part.index == index:
                return part
        raise OutOfRange(
            f"expected holder {self.index}'s sub-share for new holder {index}, "
            "found none"
        )

    def to_json(self) -> dict[str, Encodable]:
        """The statement, for everybody: without the parts."""
        return {
            "commitments": [b64u(one) for one in self.commitments],
            "holders": self.holders,
            "index": self.index,
            "key": b64u(self.key),
            "participants": list(self.participants),
            "threshold": self.threshold,
            "type": _RESHARING,
            "v": 1,
        }

    @classmethod
    def from_json(cls, value: object, parts: Sequence[SubShare] = ()) -> Resharing:
        """Read what `to_json` wrote, and put the parts received with it.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(value, "resharing")
        fields.constant("v", 1)
        fields.constant("type", _RESHARING)
        made = cls(
            key=fields.digest("key"),
            index=fields.int("index", 1, MAX_HOLDERS),
            participants=tuple(
                Fields({"holder": one}, f"resharing.participants[{i}]").int(
                    "holder", 1, MAX_HOLDERS
                )
                for i, one in enumerate(fields.list("participants", MAX_HOLDERS))
            ),
            threshold=fields.int("threshold", 2, MAX_HOLDERS),
            holders=fields.int("holders", 2, MAX_HOLDERS),
            commitments=tuple(
                Fields({"value": one}, f"resharing.commitments[{i}]").bytes(
                    "value", max=768
                )
                for i, one in enumerate(fields.list("commitments", MAX_HOLDERS - 1))
            ),
            parts=tuple(parts),
        )
        fields.end()
        return made
