"""Numbers as scaled integers: one public scale and one public bound a column.

A column's scale is how many units make 1: 100 for cents. Every value becomes
the integer value · scale, exactly or by a rounding that the caller asked for;
there is no exponent a value, which would tell its size. The bound is the
largest size that a value may have. Scale and bound come from the caller or
from the column's types, never from its values, because both are public.

    list, iterator, numpy, pandas, polars ─► Source ─► Plan ─► scaled integers

Whole blocks are encoded by numpy. Scaled integers travel as int64 arrays, and
as object arrays of Python integers where 64 bits do not suffice.

>>> from decimal import Decimal
>>> list(plan([Decimal("12.50"), -3], scale=100).blocks(10))
[array([1250, -300])]
>>> plan([0.125], scale=100).all()
Traceback (most recent call last):
privshare.errors.OutOfRange: expected multiples of 1/100, found at position 0 \
a value between two of them
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from privshare.errors import EncodingError, OutOfRange
from privshare.schemes.columns.source import Block, Source, open_source

__all__ = [
    "DEFAULT_BOUND",
    "DEFAULT_SCALE",
    "EXACT",
    "NEAREST",
    "Ints",
    "Plan",
    "exact",
    "negated",
    "plan",
    "scaled_bound",
    "scaled_number",
]

Ints: TypeAlias = npt.NDArray[Any]
"""Scaled integers: int64, or objects that are Python integers."""

EXACT = "exact"
NEAREST = "nearest"

DEFAULT_SCALE = 10**6
"""Units of a column of other than integers, where the caller names no scale."""

DEFAULT_BOUND = 2**53 - 1
"""In units: what doubles count exactly."""

INT64 = 2**63
_DOUBLE = 2**53
_MAX_SCALE_BITS = 1024
_MAX_DIGITS = 4096


@dataclass(frozen=True, slots=True)
class Plan:
    """A column that is ready to be read: the public facts are settled.

    Attributes:
        source: Where the values come from.
        scale: Units that make 1.
        bound: Largest size of a value, in units.
        rounding: `EXACT` or `NEAREST`.
    """

    source: Source
    scale: int
    bound: int
    rounding: str

    def blocks(self, size: int) -> Iterator[Ints]:
        """The scaled integers, `size` at a time; the last block may be shorter.

        Raises:
            EncodingError: A value that is no number; the position is told.
            OutOfRange: One that is not finite, past the bound, or no multiple
                of 1/scale. The position is told, never the value.
        """
        position = 0
        for block in self.source.blocks(size):
            yield self._scaled(block, position)
            position += len(block)

    def all(self) -> Ints:
        """All of them at once."""
        parts = list(self.blocks(1 << 20))
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def _scaled(self, block: Block, position: int) -> Ints:
        array = block if isinstance(block, np.ndarray) else _typed(block)
        if array is None or array.dtype.kind == "O":
            return self._one_by_one(block, position)
        if array.dtype.kind == "f":
            return self._floats(array, position)
        return self._integers(array, position)

    def _integers(self, array: npt.NDArray[Any], position: int) -> Ints:
        """Booleans and integers of any width."""
        largest = max(int(array.max()), -int(array.min())) if array.size else 0
        if largest == 0:  # whatever the scale: it need not fit 64 bits
            return np.zeros(len(array), np.int64)
        if largest * self.scale > self.bound:
            limit = self.bound // self.scale
            outside = array > limit
            if array.dtype.kind == "i":
                outside = outside | (array < -limit)
            raise self._too_large(position + int(np.argmax(outside)))
        if largest * self.scale < INT64:
            return array.astype(np.int64) * self.scale
        return array.astype(object) * self.scale

    def _floats(self, array: npt.NDArray[Any], position: int) -> Ints:
        finite = np.isfinite(array)
        if not finite.all():
            first = int(np.argmin(finite))
            raise _not_finite(bool(np.isnan(array[first])), position + first)
        if array.dtype.itemsize > 8 or self.scale > _DOUBLE:
            return self._one_by_one(array, position)
        x = array.astype(np.float64)
        with np.errstate(over="ignore"):
            p = x * self.scale
        past = np.abs(p) > _above(self.bound)
        if past.any():
            raise self._too_large(position + int(np.argmax(past)))
        if x.size and float(np.abs(p).max()) >= _DOUBLE:
            return self._one_by_one(array, position)
        k = _nearest(x, p, self.scale)
        if self.rounding == EXACT:
            same = (k / self.scale).astype(array.dtype) == array
            if not same.all():
                raise self._between(position + int(np.argmin(same)))
        outside = np.abs(k) > self.bound
        if outside.any():
            raise self._too_large(position + int(np.argmax(outside)))
        return k

    def _one_by_one(self, block: Block, position: int) -> Ints:
        """What numpy has no type for."""
        scaled = [
            self.one(value, i) for i, value in enumerate(_python(block), position)
        ]
        return _compact(scaled)

    def one(self, value: Any, position: int) -> int:
        """One value in units."""
        k = exact(value, self.scale, self.rounding, position)
        if abs(k) > self.bound:
            raise self._too_large(position)
        return k

    def _too_large(self, position: int) -> OutOfRange:
        return OutOfRange(
            f"expected values of at most {spoken(self.bound, self.scale)} in size, "
            f"found a larger one at position {position}",
            fix="give the largest size that the column may have as bound=",
            detail={"position": position},
        )

    def _between(self, position: int) -> OutOfRange:
        return between(self.scale, position)


def plan(
    column: Any,
    scale: int | None = None,
    bound: Any = None,
    rounding: str = EXACT,
) -> Plan:
    """Settle scale and bound of a column.

    Args:
        column: An iterable of numbers, a numpy array, a pandas or polars
            Series.
        scale: Units that make 1. By default 1 for booleans and integers, and
            10**6 for everything else.
        bound: Largest size of a value, in the caller's terms (not in units).
            By default the range of the column's type for integers of up to 32
            bits, and otherwise 2**53 - 1 units.
        rounding: "exact": a value that is no multiple of 1/scale is refused; a
            float is one if it is the nearest float to a multiple. "nearest":
            round, halves to even.

    Raises:
        EncodingError: Not a column of numbers.
        OutOfRange: A scale, bound or rounding that is none; nulls.
    """
    if rounding not in (EXACT, NEAREST):
        raise OutOfRange(f'expected rounding "exact" or "nearest", found {rounding!r}')
    source = open_source(column)
    if scale is None:
        units = 1 if source.integral else DEFAULT_SCALE
    else:
        units = checked_scale(scale)
    if bound is not None:
        limit = scaled_bound(bound, units)
    elif source.limit is not None:
        limit = source.limit * units
    else:
        limit = DEFAULT_BOUND
    return Plan(source, units, limit, rounding)


def checked_scale(scale: SupportsIndex) -> int:
    """Return a scale as an integer.

    Raises:
        OutOfRange: Not an integer of at least 1 and at most 1024 bits.
    """
    try:
        units = operator.index(scale)
    except TypeError:
        units = 0
    if units >= 1 << _MAX_SCALE_BITS:
        raise OutOfRange(
            f"expected a scale of at most {_MAX_SCALE_BITS} bits, found one of "
            f"{units.bit_length()}",
            fix="each multiplication by a fraction makes units finer: multiply by "
            "fewer digits, or after decryption",
        )
    if isinstance(scale, bool) or units < 1:
        raise OutOfRange(
            "expected a scale that is a positive integer, found "
            f"{type(scale).__name__} that is none",
            fix="scale= is how many units make 1: 100 for cents",
        )
    return units


def scaled_bound(bound: Any, scale: int) -> int:
    """A bound in units, rounded down.

    Raises:
        OutOfRange: Less than one unit.
        EncodingError: Not a number.
    """
    units = math.floor(rational(bound, "the bound") * scale)
    if units < 1:
        raise OutOfRange(
            f"expected a bound of at least one unit, 1/{scale}, found a smaller one",
            fix="bound= is the largest size that a value may have",
        )
    return units


def spoken(units: int, scale: int) -> str:
    """A number of units as people write it: for messages and `repr`."""
    if scale == 1:
        return str(units) if units.bit_length() <= 128 else f"2^{_log2(units)}"
    if units.bit_length() <= 128 and scale.bit_length() <= 128:
        value = Fraction(units, scale)
        if value.denominator == 1:
            return str(value.numerator)
        return f"{float(value):.12g}"
    return f"2^{units.bit_length() - scale.bit_length()}"


def _log2(units: int) -> int:
    return units.bit_length() - 1


# One number


def exact(value: Any, scale: int, rounding: str, position: int | None) -> int:
    """value · scale as an integer; the slow way, for one number.

    Raises:
        EncodingError: Not a number.
        OutOfRange: Not finite, or between two multiples.
    """
    number = rational(value, _place(position))
    units = number * scale
    if units.denominator == 1:
        return units.numerator
    nearest = round(units)  # halves to even
    if rounding == EXACT and not _is_float_of(value, nearest, scale):
        raise between(scale, position)
    return nearest


def scaled_number(value: Any, scale: int) -> int:
    """A plain number that meets encrypted ones, in their units."""
    return exact(value, scale, EXACT, None)


def rational(value: Any, place: str) -> Fraction:
    """A finite number without loss."""
    try:
        if isinstance(value, (Integral, np.bool_)):
            return Fraction(int(value))
        if isinstance(value, (Rational, float, Decimal, np.floating)):
            return Fraction(*_ratio(value))
    except (ValueError, OverflowError):
        raise OutOfRange(
            f"expected finite numbers, found NaN or infinity at {place}",
            fix="drop or fill it first: dropna(), fillna()",
        ) from None
    raise EncodingError(
        f"expected numbers, found {_kind(value)} at {place}",
        fix=_advice(value),
    )


def _ratio(value: Any) -> tuple[int, int]:
    if isinstance(value, Rational):
        return int(value.numerator), int(value.denominator)
    if isinstance(value, Decimal) and value.is_finite():
        _sensible(value)
    numerator, denominator = value.as_integer_ratio()
    return int(numerator), int(denominator)


def _sensible(value: Decimal) -> None:
    """Refuse 1E+999999999 before its billion digits are written out."""
    if value and max(value.adjusted(), -int(value.as_tuple().exponent)) > _MAX_DIGITS:
        raise OutOfRange(
            f"expected Decimals of at most {_MAX_DIGITS} digits before and after "
            "the point, found a longer one",
            fix="drop it, or round it: value.quantize(Decimal('0.01'))",
        )


def _is_float_of(value: Any, units: int, scale: int) -> bool:
    """Whether a float is the nearest one to units/scale."""
    if isinstance(value, np.floating):
        kind = type(value)
        if kind is np.longdouble:
            return bool(kind(str(units)) / kind(str(scale)) == value)
        return bool(kind(units / scale) == value)
    return isinstance(value, float) and units / scale == value


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _advice(value: Any) -> str:
    name = type(value).__name__
    if value is None or name in ("NAType", "NaTType"):
        return "drop or fill missing values first: dropna(), fillna()"
    if isinstance(value, str):
        return "convert text first: Decimal(text)"
    if isinstance(value, (list, tuple)) or hasattr(value, "__len__"):
        return "a column has one dimension: encrypt each column by itself"
    return "encode it as a number first"


def _place(position: int | None) -> str:
    return "this operand" if position is None else f"position {position}"


def between(scale: int, position: int | None) -> OutOfRange:
    """The error for a value that is no multiple of 1/scale."""
    return OutOfRange(
        f"expected multiples of 1/{scale}, found at {_place(position)} "
        "a value between two of them",
        fix='give a finer scale=, or rounding="nearest"',
        detail={} if position is None else {"position": position},
    )


def _not_finite(nan: bool, position: int) -> OutOfRange:
    return OutOfRange(
        f"expected finite numbers, found {'NaN' if nan else 'infinity'} at "
        f"position {position}",
        fix="drop or fill it first: dropna(), fillna()",
        detail={"position": position},
    )


# Blocks


def _typed(block: list[Any]) -> npt.NDArray[Any] | None:
    """A list whose elements have all one plain type, as an array."""
    kinds = set(map(type, block))
    if kinds and kinds <= {int, bool}:
        try:
            return np.array(block, dtype=np.int64)
        except OverflowError:
            return None
    if kinds == {float}:
        return np.array(block, dtype=np.float64)
    return None


def _python(block: Block) -> Iterator[Any]:
    """The elements of a block, each with its own type."""
    return iter(block)


def _compact(values: list[int]) -> Ints:
    """Integers as int64 where they fit."""
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return np.array([*values, None], dtype=object)[:-1]


def negated(values: Ints) -> Ints:
    """-values, also of -2^63, whose negative has more than 64 bits."""
    if values.dtype != object and len(values) and int(values.min()) == -INT64:
        values = values.astype(object)
    return -values


def _above(bound: int) -> float:
    """A float that is certainly not below the bound."""
    if bound.bit_length() > 1020:
        return math.inf
    return math.nextafter(math.nextafter(float(bound), math.inf), math.inf)


def _nearest(
    x: npt.NDArray[np.float64], p: npt.NDArray[np.float64], scale: int
) -> npt.NDArray[np.int64]:
    """The integers nearest to the true x · scale, halves to even.

    p is the rounded product, |p| < 2^53. Veltkamp and Dekker's splitting gives
    the error e, so that p + e is the product itself.
    """
    s = float(scale)
    e = _product_error(x, s, p)
    k = np.rint(p)
    r = p - k  # exact: both are multiples of p's last place
    whole = k.astype(np.int64)
    odd = (whole & 1).astype(bool)
    # r + e against one half, without rounding the sum near it.
    up = (e > 0.5 - r) | ((e == 0.5 - r) & odd)
    down = (e < -0.5 - r) | ((e == -0.5 - r) & odd)
    # rint has already sent an exact tie of p to even; e decides which side.
    found: npt.NDArray[np.int64] = whole + up.astype(np.int64) - down.astype(np.int64)
    return found


def _product_error(
    x: npt.NDArray[np.float64], s: float, p: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """x · s - p, exactly, for |p| < 2^53 (Dekker 1971)."""
    x1, x2 = _split(x)
    s1, s2 = _split(np.float64(s))
    error: npt.NDArray[np.float64] = ((x1 * s1 - p) + x1 * s2 + x2 * s1) + x2 * s2
    return error


def _split(a: Any) -> tuple[Any, Any]:
    """Two halves of 26 bits."""
    c = 134217729.0 * a  # 2^27 + 1
    high = c - (c - a)
    return high, a - high
