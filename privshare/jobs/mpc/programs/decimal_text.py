"""Exact numbers as decimal text, as result documents hold them.

>>> text(Fraction(2, 3), 4), text(Fraction(-1, 8), 2), scaled(1250, 2)
('0.6667', '-0.12', '12.50')
>>> root(Fraction(2), 5)
Fraction(141421, 100000)
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

__all__ = ["root", "scaled", "significant", "text"]


def text(value: Fraction, digits: int) -> str:
    """The number with this many digits after the point, ties to even."""
    return scaled(round(value * 10**digits), digits)


def scaled(value: int, scale: int) -> str:
    """The integer value · 10^-scale, with all its digits."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), 10**scale)
    return f"{sign}{whole}.{rest:0{scale}d}" if scale else f"{sign}{whole}"


def significant(value: Fraction, digits: int) -> str:
    """The number with about this many digits that say something."""
    if not value:
        return "0"
    size = abs(value)
    magnitude = len(str(size.numerator)) - len(str(size.denominator))
    return text(value, max(0, digits - magnitude))


def root(value: Fraction, digits: int) -> Fraction:
    """The square root, rounded down to so many digits after the point."""
    power = 10**digits
    return Fraction(isqrt(value.numerator * power**2 // value.denominator), power)
