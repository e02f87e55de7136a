"""Numbers of collateral that must not fall.

Intel counts its evaluations of a platform's firmware, AMD its revocation
lists. Who replays collateral of last year shows a smaller number than the log
has seen since; this table remembers the greatest, per platform or product.

    Claims.floors ─► check (not below) ─► raised (the new table)

>>> floors = Floors({"intel-tcb-eval/00806F050000": 17})
>>> floors.numbers["intel-tcb-eval/00806F050000"]
17
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from privshare.errors import EncodingError, EvidenceInvalid, OutOfRange
from privshare.jobs.attestation.evidence import Claims
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json

__all__ = ["Floors"]

MAX_FLOORS = 4096

_NAME = re.compile(r"[a-z][a-z0-9\-]{0,31}/[A-Za-z0-9_.\-]{1,64}")


@dataclass(frozen=True, slots=True)
class Floors:
    """The greatest number seen under each name.

    Attributes:
        numbers: Such as {"intel-tcb-eval/B0C06F000000": 17}.

    Raises:
        EncodingError: A name of another form.
        OutOfRange: Too many names, or a number that no document can hold.
    """

    numbers: Mapping[str, int]

    def __post_init__(self) -> None:
        if len(self.numbers) > MAX_FLOORS:
            raise OutOfRange(f"floors: expected up to {MAX_FLOORS}, found more")
        for name, number in self.numbers.items():
            if not _NAME.fullmatch(name):
                raise EncodingError(
                    f"floors: expected a name such as intel-tcb-eval/B0C06F000000, "
                    f"found {name[:64]!a}"
                )
            if not 0 <= number < INTEGER_LIMIT:
                raise OutOfRange(
                    f"floors.{name}: expected 0 to 2^53 - 1, found {number}"
                )
        object.__setattr__(
            self, "numbers", MappingProxyType(dict(sorted(self.numbers.items())))
        )

    def check(self, claims: Claims) -> None:
        """Check that no number fell.

        Raises:
            EvidenceInvalid: One did (`floor.lowered`).
        """
        for name, number in claims.floors.items():
            least = self.numbers.get(name, 0)
            if number < least:
                raise EvidenceInvalid(
                    f"expected {name} at {least} or above, found {number}: "
                    "collateral older than what the log has seen",
                    fix="Fetch the maker's collateral again.",
                    detail={"rule": "floor.lowered", "floor": name},
                )

    def raised(self, claims: Claims) -> Floors:
        """The table once these claims were seen."""
        known = dict(self.numbers)
        for name, number in claims.floors.items():
            known[name] = max(number, known.get(name, 0))
        return Floors(known)

    def to_json(self) -> dict[str, Json]:
        """Lay the table out."""
        return {
            "numbers": dict(self.numbers),
            "type": "privshare.floors",
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> Floors:
        """Read what `to_json` wrote.

        Raises:
            EncodingError: Another form.
            OutOfRange: Too many, or a number outside its interval.
        """
        fields = Fields(obj, "floors")
        fields.constant("v", 1)
        fields.constant("type", "privshare.floors")
        numbers = fields.json("numbers")
        fields.end()
        if not isinstance(numbers, dict):
            raise EncodingError("floors.numbers: expected an object")
        found: dict[str, int] = {}
        for name, number in numbers.items():
            if type(number) is not int:
                raise EncodingError(f"floors.{name[:64]}: expected an integer")
            found[name] = number
        return cls(found)
