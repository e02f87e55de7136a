"""Plain numbers that multiply encrypted ones: exact fixed-point factors.

A factor is k / scale with integers, and the product's scale grows by the
factor's. Factors are public, so their scale may be chosen by looking at them:
integers have 1, Decimals and Fractions what they need, floats the fewest
decimal places of which they are the nearest floats (0.1 is one tenth, not
0.1000000000000000055), or, past 15 places, their exact binary fraction.

>>> factors([1, 0.5, 0.25])
Factors(units=array([4, 2, 1]), scale=4)
>>> factor(0.1)
(1, 10)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from privshare.errors import OutOfRange
from privshare.schemes.columns.encoding import (
    EXACT,
    INT64,
    Ints,
    checked_scale,
    exact,
    plan,
    rational,
)
from privshare.schemes.columns.source import open_source

__all__ = ["Factors", "factor", "factors", "largest", "repeated", "weight"]

_PLACES = 16
_INT64_BITS = 63
_SAMPLE = 64
_UNBOUNDED = 1 << 4096


@dataclass(frozen=True, slots=True)
class Factors:
    """Public multipliers at one scale.

    Attributes:
        units: Integers, signed.
        scale: Units that make 1.
    """

    units: Ints
    scale: int


def factor(value: Any, scale: int | None = None) -> tuple[int, int]:
    """One number as (k, scale).

    Raises:
        EncodingError: Not a number.
        OutOfRange: Not finite.
    """
    if scale is not None:
        units = checked_scale(scale)
        return exact(value, units, "exact", None), units
    number = _fraction(value)
    return number.numerator, number.denominator


def _fraction(value: Any) -> Fraction:
    """A number as people wrote it: a float as its shortest decimal."""
    number = rational(value, "this operand")
    if isinstance(value, np.longdouble) and number.denominator != 1:
        return Fraction(Decimal(str(value)))
    if isinstance(value, (float, np.floating)) and number.denominator != 1:
        return Fraction(Decimal(repr(float(value))))
    return number


def factors(values: Any, scale: int | None = None, rounding: str = EXACT) -> Factors:
    """A whole array of multipliers.

    Args:
        values: A column of plain numbers.
        scale: Units that make 1; by default what the values need.
        rounding: "exact" or "nearest", where a scale is given.

    Raises:
        EncodingError: Not a column of numbers.
        OutOfRange: One that is not finite, or no multiple of 1/scale where a
            scale was given.
    """
    if scale is not None:
        reading = plan(values, scale, _UNBOUNDED, rounding)
        return Factors(reading.all(), reading.scale)
    blocks = list(open_source(values).blocks(1 << 20))
    arrays = [block for block in blocks if isinstance(block, np.ndarray)]
    if len(arrays) == len(blocks) and all(map(_are_doubles, arrays)):
        return _floats(np.concatenate(arrays) if arrays else np.zeros(0))
    listed = [value for block in blocks for value in block]
    if set(map(type, listed)) == {float}:
        return _floats(np.array(listed, np.float64))
    if arrays and all(a.dtype.kind != "f" for a in arrays):
        return Factors(plan(values, 1, _UNBOUNDED).all(), 1)
    return _listed(listed)


def _are_doubles(array: npt.NDArray[Any]) -> bool:
    """Whether doubles hold them without loss."""
    return array.dtype.kind == "f" and array.dtype.itemsize <= 8


def _listed(values: Iterable[Any]) -> Factors:
    """Numbers of any kinds: the least common denominator."""
    numbers = [_checked(value, i) for i, value in enumerate(values)]
    scale = math.lcm(*(number.denominator for number in numbers))
    units = [number.numerator * (scale // number.denominator) for number in numbers]
    return Factors(plan(units, 1, _UNBOUNDED).all(), scale)


def _checked(value: Any, position: int) -> Fraction:
    rational(value, f"position {position}")
    return _fraction(value)


def _floats(values: npt.NDArray[Any]) -> Factors:
    """The fewest decimal places, or the exact binary fractions."""
    finite = np.isfinite(values)
    if not finite.all():
        raise OutOfRange(
            "expected finite numbers, found NaN or infinity at position "
            f"{int(np.argmin(finite))}",
            fix="drop or fill it first: dropna(), fillna()",
        )
    x = values.astype(np.float64)
    for places in range(_PLACES):
        scale = 10**places
        if x.size and float(np.abs(x).max()) * scale >= 2**53:
            break
        if _are(x[:_SAMPLE], scale) and _are(x, scale):
            return Factors(np.rint(x * scale).astype(np.int64), scale)
    return _binary(x)


def _binary(x: npt.NDArray[np.float64]) -> Factors:
    """Floats as they are: mantissas of 53 bits, shifted to one exponent."""
    mantissas, exponents = np.frexp(x)
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    # Without the zeros at the end, so that the scale is no larger than needed.
    last = np.where(whole == 0, 1, whole & -whole)
    zeros = np.frexp(last.astype(np.float64))[1] - 1
    places = np.where(whole == 0, 0, 53 - exponents - zeros)
    shift = max(0, int(places.max(initial=0)))
    ups = shift - (53 - exponents)
    lengths = np.where(whole == 0, 0, exponents + shift)
    if int(lengths.max(initial=0)) < _INT64_BITS:
        return Factors(_shifted(whole, ups), 1 << shift)
    return Factors(_shifted(whole.astype(object), ups.astype(object)), 1 << shift)


def _shifted(whole: Any, ups: Any) -> Ints:
    """whole · 2^ups, where that is a whole number."""
    left = whole << np.maximum(ups, 0)
    found: Ints = left >> np.maximum(-ups, 0)
    return found


def _are(x: npt.NDArray[np.float64], scale: int) -> bool:
    """Whether all are the nearest floats to multiples of 1/scale."""
    return bool((np.rint(x * scale) / scale == x).all())


def weight(units: Ints) -> int:
    """Σ |k|: how much a dot product can magnify."""
    if not len(units):
        return 0
    if units.dtype == object or len(units) * largest(units) >= INT64:
        return sum(abs(int(k)) for k in units)
    return int(np.abs(units).sum())


def largest(units: Ints) -> int:
    """The largest |k|: how much an element-wise product can magnify."""
    return max(int(units.max()), -int(units.min())) if len(units) else 0


def repeated(k: int, count: int) -> Ints:
    """One integer, so many times."""
    if -INT64 <= k < INT64:
        return np.full(count, k, np.int64)
    values = np.empty(count, dtype=object)
    values[:] = k
    return values
