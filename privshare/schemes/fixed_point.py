"""Fixed-point numbers: decimals as scaled integers, exactly or not at all.

Paillier adds integers. A decimal column carries a public scale, its number of
digits after the point, and every value is multiplied by 10^scale before it is
encrypted. What has more digits than that is refused: rounding is the caller's
decision, never ours.

    CSV "12.50" ─► FixedPoint(2).scale_up ─► 1250 ─► Paillier ─► 1250 ─► "12.50"

>>> money = FixedPoint(2)
>>> money.scale_up("-3.5"), money.text(-350)
(-350, '-3.50')
>>> money.scale_up("0.005")
Traceback (most recent call last):
privshare.errors.OutOfRange: expected at most 2 digits after the point, found 3
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from privshare.errors import EncodingError, OutOfRange

__all__ = ["LIMIT", "MAX_SCALE", "FixedPoint"]

MAX_SCALE = 15

#: Scaled values are smaller than this in size, as all integers of statements.
LIMIT = 1 << 53

_DECIMAL = re.compile(r"([+-]?)([0-9]{1,40})(?:\.([0-9]{1,40}))?")


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """Decimals with `scale` digits after the point.

    Attributes:
        scale: 0 to `MAX_SCALE`; 0 means integers.

    Raises:
        OutOfRange: A scale outside its interval.
    """

    scale: int

    def __post_init__(self) -> None:
        if not 0 <= self.scale <= MAX_SCALE:
            raise OutOfRange(
                f"expected a scale of 0 to {MAX_SCALE}, found {self.scale}"
            )

    def scale_up(self, value: str | int | Decimal) -> int:
        """The integer value · 10^scale.

        Args:
            value: Decimal text (no exponent, no grouping), an integer, or a
                finite `Decimal`.

        Raises:
            EncodingError: Text that is no decimal number.
            OutOfRange: More digits after the point than the scale has and
                not all zero, or |result| >= 2^53.
        """
        text = f"{value:f}" if isinstance(value, Decimal) else str(value)
        match = _DECIMAL.fullmatch(text)
        if match is None:
            raise EncodingError(
                f"expected a decimal number, found text of {len(text)} characters"
            )
        sign, whole, part = match[1], match[2], (match[3] or "").rstrip("0")
        if len(part) > self.scale:
            raise OutOfRange(
                f"expected at most {self.scale} digits after the point, "
                f"found {len(part)}"
            )
        scaled = int(whole + part.ljust(self.scale, "0"))
        if scaled >= LIMIT:
            raise OutOfRange(
                f"expected a scaled value below 2^53, found one of "
                f"{scaled.bit_length()} bits"
            )
        return -scaled if sign == "-" else scaled

    def text(self, scaled: int) -> str:
        """Decimal text of a scaled integer, with all digits of the scale."""
        sign = "-" if scaled < 0 else ""
        digits = str(abs(scaled)).rjust(self.scale + 1, "0")
        if self.scale == 0:
            return sign + digits
        return f"{sign}{digits[: -self.scale]}.{digits[-self.scale :]}"
