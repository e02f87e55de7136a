"""Statements about size: each is a list of commitments to numbers in [0, 2^bits).

A bound is shown by shifting: if C holds v, then C - low·G holds v - low, and
high·G - C holds high - v, and both being in [0, 2^bits) says that v lies between.
The range proof (schemes.range_proof) is over the shifted commitments, which
everybody computes.

    range/v1      Cᵢ - lowᵢ·G  and  highᵢ·G - Cᵢ            for every interval
    at-least/v1   X - low·G,  Y - low·G  and  X - Y

No sum wraps round the group's order: all are below 2^66.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.range_proof import MAX_COUNT
from privshare.bindings.ristretto255 import ELEMENT_BYTES, Elements
from privshare.bindings.scalar import from_int
from privshare.errors import EncodingError, OutOfRange
from privshare.schemes import range_proof
from privshare.schemes.commitment import Opening
from privshare.schemes.proof.statement import check_count, check_elements
from privshare.schemes.proof.witness import Witness
from privshare.schemes.transcript import Transcript
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u

#: Each takes two of the 32 numbers that one range proof is for.
MAX_INTERVALS = MAX_COUNT // 2


@dataclass(frozen=True, slots=True)
class Interval:
    """low <= v <= high for the value v of a commitment.

    Attributes:
        commitment: C.
        low: Below 2^53 in size.
        high: The same, and not below low.

    Raises:
        EncodingError: The commitment has another length or is the identity.
        OutOfRange: No such interval.
    """

    commitment: bytes
    low: int
    high: int

    def __post_init__(self) -> None:
        check_elements((self.commitment,), "commitment")
        if not -INTEGER_LIMIT < self.low <= self.high < INTEGER_LIMIT:
            raise OutOfRange(
                f"interval: expected low <= high, both below 2^53 in size, found "
                f"{self.low} and {self.high}"
            )

    @classmethod
    def from_fields(cls, fields: Fields) -> Interval:
        """Read one."""
        found = cls(fields.digest("commitment"), fields.int("low"), fields.int("high"))
        fields.end()
        return found

    def to_json(self) -> dict[str, Json]:
        """Lay it out."""
        return {
            "commitment": b64u(self.commitment),
            "high": self.high,
            "low": self.low,
        }


@dataclass(frozen=True, slots=True)
class InRange:
    """Committed values lie within public intervals.

    Attributes:
        intervals: 1 to 16, of any commitments.
    """

    kind: ClassVar[str] = "range/v1"
    intervals: tuple[Interval, ...]
    _shifted: tuple[bytes, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_count(len(self.intervals), 1, MAX_INTERVALS, "intervals")
        row = group.decode(b"".join(self.commitments), "commitments")
        lows = _times_base([one.low for one in self.intervals])
        highs = _times_base([one.high for one in self.intervals])
        both = _split(group.sub(row, lows)), _split(group.sub(highs, row))
        pairs = zip(*both, strict=True)
        object.__setattr__(self, "_shifted", tuple(one for two in pairs for one in two))

    @property
    def bits(self) -> int:
        """The least of 8, 16, 32 and 64 bits that hold every high - low."""
        widest = max(one.high - one.low for one in self.intervals)
        return next(bits for bits in range_proof.BITS if widest < 1 << bits)

    @property
    def commitments(self) -> tuple[bytes, ...]:
        """Cᵢ."""
        return tuple(one.commitment for one in self.intervals)

    def prove(
        self, witness: Witness, transcript: Transcript, rand: bytes | None
    ) -> bytes:
        """Check the witness, then prove."""
        witness.need(self.kind, openings=len(self.intervals))
        values: list[int] = []
        blindings: list[bytes] = []
        for i, (one, opening) in enumerate(
            zip(self.intervals, witness.openings, strict=True)
        ):
            value = _number(opening, one.commitment, f"intervals[{i}]")
            if not one.low <= value <= one.high:
                raise OutOfRange(
                    f"intervals[{i}]: expected a value from {one.low} to {one.high}, "
                    "found one outside",
                    fix="The statement is not true: name an interval that holds it.",
                    detail={"index": i},
                )
            values += [value - one.low, one.high - value]
            blindings += [opening.blinding, scalar.neg(opening.blinding)]
        return range_proof.prove(values, blindings, self.bits, transcript, rand)

    def claim(self, proof: bytes, transcript: Transcript) -> range_proof.Claim:
        """What the range engine has to verify."""
        return range_proof.Claim(self._shifted, self.bits, proof, transcript)

    @classmethod
    def from_fields(cls, fields: Fields) -> InRange:
        """Read the public values."""
        found = fields.objs("intervals", MAX_INTERVALS)
        return cls(tuple(map(Interval.from_fields, found)))

    def to_json(self) -> dict[str, Json]:
        """The public values."""
        return {"intervals": [one.to_json() for one in self.intervals]}


@dataclass(frozen=True, slots=True)
class AtLeast:
    """One committed value is at least another: x >= y.

    Attributes:
        x: The commitment to x.
        y: The commitment to y.
        low: Both are at least this; below 2^53 in size.
        bits: Both are below low + 2^bits; 8, 16, 32 or 64.
    """

    kind: ClassVar[str] = "at-least/v1"
    x: bytes
    y: bytes
    low: int = 0
    bits: int = 64
    _shifted: tuple[bytes, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_elements(self.commitments, "commitments")
        if self.x == self.y:
            raise EncodingError("at-least/v1: expected two commitments, found one")
        if not -INTEGER_LIMIT < self.low < INTEGER_LIMIT:
            raise OutOfRange("at-least/v1: expected low below 2^53 in size, found more")
        if self.bits not in range_proof.BITS:
            raise OutOfRange(
                f"at-least/v1: expected bits of {range_proof.BITS}, found {self.bits}"
            )
        row = group.decode(self.x + self.y, "commitments")
        shifted = group.sub(row, _times_base([self.low] * 2))
        found = _split(Elements.join((shifted, group.sub(row[0], row[1]))))
        object.__setattr__(self, "_shifted", found)

    @property
    def commitments(self) -> tuple[bytes, ...]:
        """Those to x and y."""
        return self.x, self.y

    def prove(
        self, witness: Witness, transcript: Transcript, rand: bytes | None
    ) -> bytes:
        """Check the witness, then prove."""
        witness.need(self.kind, openings=2)
        values = [
            _number(opening, commitment, f"commitments[{i}]")
            for i, (opening, commitment) in enumerate(
                zip(witness.openings, self.commitments, strict=True)
            )
        ]
        if not all(0 <= value - self.low < 1 << self.bits for value in values):
            raise OutOfRange(
                f"at-least/v1: expected values from {self.low} on, below 2^{self.bits} "
                "above it, found one outside"
            )
        x, y = values
        if x < y:
            raise OutOfRange(
                "at-least/v1: expected the first value to be at least the second, "
                "found that it is less"
            )
        r, s = (one.blinding for one in witness.openings)
        return range_proof.prove(
            [x - self.low, y - self.low, x - y],
            [r, s, scalar.sub(r, s)],
            self.bits,
            transcript,
            rand,
        )

    def claim(self, proof: bytes, transcript: Transcript) -> range_proof.Claim:
        """What the range engine has to verify."""
        return range_proof.Claim(self._shifted, self.bits, proof, transcript)

    @classmethod
    def from_fields(cls, fields: Fields) -> AtLeast:
        """Read the public values."""
        return cls(
            fields.digest("x"),
            fields.digest("y"),
            fields.int("low"),
            fields.int("bits", 1, 64),
        )

    def to_json(self) -> dict[str, Json]:
        """The public values."""
        return {
            "bits": self.bits,
            "low": self.low,
            "x": b64u(self.x),
            "y": b64u(self.y),
        }


def _number(opening: Opening, commitment: bytes, where: str) -> int:
    """The value that a commitment holds, once it is known to be an integer."""
    if not isinstance(opening.value, int):
        raise OutOfRange(f"{where}: expected an integer, found the hash of a text")
    opening.check(commitment, where)
    return opening.value


def _times_base(values: Sequence[int]) -> Elements:
    return group.base_table().mul(b"".join(map(from_int, values)))


def _split(row: Elements) -> tuple[bytes, ...]:
    data = row.encode()
    return tuple(
        data[i : i + ELEMENT_BYTES] for i in range(0, len(data), ELEMENT_BYTES)
    )
