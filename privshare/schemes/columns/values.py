"""What decryption gives back: exact numbers.

At scale 1 that is a plain numpy array of integers. At any other scale it is
`ScaledValues`: a sequence of exact Decimals (Fractions where the scale has
other factors than 2 and 5), which turns into floats on demand.

>>> import numpy as np
>>> paid = ScaledValues(np.array([1250, -5]), 100)
>>> paid[0], paid.tolist(), paid.to_numpy(float)
(Decimal('12.50'), [Decimal('12.50'), Decimal('-0.05')], array([12.5 , -0.05]))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from privshare.schemes.columns.encoding import Ints

__all__ = ["Exact", "ScaledValues", "exact_value"]

Exact: TypeAlias = int | Decimal | Fraction
_DOUBLE = 2**53
_SHOWN = 6


def _digits(scale: int) -> int | None:
    """Digits after the point of 1/scale, or None where it has no end."""
    twos = fives = 0
    while scale % 2 == 0:
        scale, twos = scale // 2, twos + 1
    while scale % 5 == 0:
        scale, fives = scale // 5, fives + 1
    return max(twos, fives) if scale == 1 else None


def exact_value(units: int, scale: int) -> Exact:
    """units / scale: an int at scale 1, a Decimal where it has an end."""
    if scale == 1:
        return units
    digits = _digits(scale)
    if digits is None:
        return Fraction(units, scale)
    return _decimal(units * (10**digits // scale), digits)


def _decimal(units: int, digits: int) -> Decimal:
    """units / 10^digits, whatever the precision of the caller's context."""
    sign, text = int(units < 0), str(abs(units))
    return Decimal((sign, tuple(map(int, text)), -digits))


class ScaledValues(Sequence[Exact]):
    """Exact values of a scaled column.

    Attributes:
        units: The scaled integers.
        scale: Units that make 1.
    """

    __slots__ = ("scale", "units")

    def __init__(self, units: Ints, scale: int) -> None:
        self.units = units
        self.scale = scale

    def __len__(self) -> int:
        return len(self.units)

    @overload
    def __getitem__(self, index: int) -> Exact: ...
    @overload
    def __getitem__(self, index: slice) -> ScaledValues: ...
    def __getitem__(self, index: int | slice) -> Exact | ScaledValues:
        if isinstance(index, slice):
            return ScaledValues(self.units[index], self.scale)
        return exact_value(int(self.units[index]), self.scale)

    def __iter__(self) -> Iterator[Exact]:
        for units in self.units.tolist():
            yield exact_value(units, self.scale)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ScaledValues):
            return self.scale == other.scale and bool(
                np.array_equal(self.units, other.units)
            )
        if isinstance(other, Sequence):
            return len(self) == len(other) and all(
                a == b for a, b in zip(self, other, strict=True)
            )
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(str(value) for value in self[:_SHOWN])
        more = ", ..." if len(self) > _SHOWN else ""
        return f"ScaledValues([{shown}{more}], length={len(self)}, scale={self.scale})"

    def tolist(self) -> list[Exact]:
        """Exact values in a list."""
        return list(self)

    def to_numpy(self, dtype: Any = object) -> npt.NDArray[Any]:
        """An array: of exact values, or of the nearest floats.

        Args:
            dtype: object for exact values; float for floats.
        """
        if np.dtype(dtype) == object:
            out = np.empty(len(self), dtype=object)
            out[:] = self.tolist()
            return out
        if (
            self.units.dtype != object
            and self.scale <= _DOUBLE
            and (not len(self) or int(np.abs(self.units).max()) <= _DOUBLE)
        ):
            floats = self.units / self.scale
        else:
            floats = np.array([u / self.scale for u in self.units.tolist()], float)
        return floats.astype(dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.to_numpy(float if dtype is None else dtype)
