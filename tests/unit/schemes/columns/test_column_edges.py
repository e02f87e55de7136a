"""Edges of number types: exact, or refused, and never something else."""

from __future__ import annotations

import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest

from privshare.errors import EncodingError, OutOfRange
from privshare.schemes.columns import EncryptedColumn, EncryptedGroups
from privshare.schemes.columns.encoding import plan
from privshare.schemes.columns.operand import factor, factors
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey

LOWEST = -(2**63)
BOTH = pytest.mark.parametrize("packed", [True, False])


def column(public: PaillierPublicKey, values: Any, **options: Any) -> EncryptedColumn:
    encrypted = public.encrypt(values, **options)
    assert isinstance(encrypted, EncryptedColumn)
    return encrypted


@BOTH
@pytest.mark.parametrize(
    "values",
    [
        [Fraction(LOWEST), 1],
        [Decimal(LOWEST), 1],
        np.array([LOWEST, 1]),
        np.array([LOWEST, 1], dtype=object),
    ],
)
def test_lowest_integer_subtracted(
    private: PaillierPrivateKey, values: Any, packed: bool
) -> None:
    """-2^63 has a negative of 64 bits without a sign."""
    some = column(private.public, [0, 1], bound=2**70, packed=packed)
    assert list(private.decrypt(some - values)) == [2**63, 0]


@pytest.mark.parametrize("scale", [2**63, 10**20, 2**1000])
@pytest.mark.parametrize("values", [[0, 0], [0.0, -0.0], np.zeros(2, np.int64)])
def test_zeros_at_any_scale(values: Any, scale: int) -> None:
    """Nothing of a scale is multiplied into 64 bits."""
    assert plan(values, scale=scale, bound=1).all().tolist() == [0, 0]


def test_longest_floats_are_exact(private: PaillierPrivateKey) -> None:
    """What a double would round is not rounded."""
    longs = np.array([2**60 + 1, -1, 0], np.longdouble)
    assert factors(longs).units.tolist() == [2**60 + 1, -1, 0]
    some = column(private.public, [1, 2, 3], packed=False)
    assert private.decrypt(some.dot(longs)) == 2**60 - 1
    assert factor(np.longdouble("0.1")) == (1, 10)
    assert factor(np.float16(0.5)) == factor(np.float32(0.5)) == (1, 2)


@pytest.mark.parametrize("text", ["1E+99999999", "-1E-99999999"])
def test_decimals_that_are_not_written_out(
    public: PaillierPublicKey, text: str
) -> None:
    """A few characters do not cost minutes."""
    began = time.monotonic()
    for work in (public.encrypt, factor, lambda value: factors([value])):
        with pytest.raises(OutOfRange, match="4096 digits"):
            work(Decimal(text))
    assert time.monotonic() - began < 5
    assert plan([Decimal("0E-99999999")]).all().tolist() == [0]


def test_integers_of_128_bits() -> None:
    """numpy has no type for them."""
    series = pl.Series([2**100 + 1, -1], dtype=pl.Int128)
    reading = plan(series, bound=2**101)
    assert reading.scale == 1 and reading.all().tolist() == [2**100 + 1, -1]


def test_position_of_a_large_unsigned() -> None:
    """The position is the right one past 2^63, too."""
    with pytest.raises(OutOfRange, match="position 1"):
        plan(np.array([1, 2**64 - 1], np.uint64), bound=2**63).all()


@BOTH
def test_nothing(private: PaillierPrivateKey, packed: bool) -> None:
    """Empty columns can be grouped and chosen from."""
    none = column(private.public, [], by=[], packed=packed)
    assert len(none) == 0
    if not packed:
        indices: list[Any] = [slice(None, None, 2), [], np.zeros(0, bool)]
        for index in indices:
            assert len(none[index]) == 0


def test_positions_do_not_wrap(public: PaillierPublicKey) -> None:
    """2^64 - 1 is not -1."""
    some = column(public, [1, 2], packed=False)
    with pytest.raises(IndexError):
        some[np.array([2**64 - 1], np.uint64)]


def test_keys_of_half_characters(public: PaillierPublicKey) -> None:
    """What could not be written as UTF-8 is refused at once."""
    with pytest.raises(EncodingError, match="Unicode"):
        public.encrypt([1], by=["\ud800"])


def test_mean_of_a_difference(private: PaillierPrivateKey) -> None:
    """A difference of sums is the sum of no number of values."""
    public = private.public
    a = column(public, [3, 5, 7], by=["x", "x", "y"]).groupby().sum()
    b = column(public, [1, 1, 1], by=["x", "x", "z"]).groupby().sum()
    gap = a - b
    assert private.decrypt(gap) == {"x": 6, "y": 7, "z": -1}
    assert gap.counts == (0, 1, 1)
    read = EncryptedGroups.from_bytes(gap.to_bytes(), public)
    for groups in (gap, read, read + a, a + read):
        with pytest.raises(OutOfRange, match="difference"):
            groups.mean()
    assert private.decrypt((a + b).mean())["x"] == Fraction(10, 4)
