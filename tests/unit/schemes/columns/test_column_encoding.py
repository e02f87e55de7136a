"""Numbers become scaled integers exactly, or not at all."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from privshare.errors import EncodingError, OutOfRange
from privshare.schemes.columns.encoding import DEFAULT_BOUND, plan
from privshare.schemes.columns.label import factorise
from privshare.schemes.columns.operand import factor, factors

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


@pytest.mark.parametrize("kind", INTEGERS)
def test_integer_arrays(kind: str) -> None:
    """Every width comes back; narrow ones bring their range as the bound."""
    limits = np.iinfo(kind)
    column = np.array([0, 1, int(limits.max) // 3, int(limits.min) // 3], kind)
    bound = None if limits.bits <= 32 else 2**64
    reading = plan(column, bound=bound)
    assert reading.all().tolist() == column.tolist()
    if limits.bits <= 32:
        assert reading.bound == max(int(limits.max), -int(limits.min))
        assert plan(np.array([limits.max, limits.min], kind)).all().tolist() == [
            limits.max,
            limits.min,
        ]
    else:
        edge = np.array([limits.max, limits.min], kind)
        assert plan(edge, bound=2**64).all().tolist() == edge.tolist()
        assert plan(column[:2]).bound == DEFAULT_BOUND


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "longdouble"])
def test_float_arrays(kind: str) -> None:
    """Floats of every width are the nearest to decimals, so they count as those."""
    column = np.array(["0.1", "-2.5", "3", "0"], kind)
    assert plan(column, scale=10).all().tolist() == [1, -25, 30, 0]
    assert plan(column).scale == 10**6


COLUMNS: list[tuple[str, Callable[[], Any], list[Any]]] = [
    ("list", lambda: [1, True, -3], [1, 1, -3]),
    ("tuple", lambda: (1, 2), [1, 2]),
    ("range", lambda: range(5), list(range(5))),
    ("generator", lambda: (i * i for i in range(4)), [0, 1, 4, 9]),
    ("bools", lambda: np.array([True, False]), [1, 0]),
    ("numpy scalars", lambda: [np.int8(3), np.uint64(4)], [3, 4]),
    ("object array", lambda: np.array([1, 2**60], object), [1, 2**60]),
    ("Decimal", lambda: [Decimal("1.5"), Decimal(-2)], [1.5, -2]),
    ("Fraction", lambda: [Fraction(1, 8), 3], [0.125, 3]),
    ("float and int", lambda: [1, 0.5], [1, 0.5]),
    ("numpy float scalars", lambda: [np.float32(0.5), np.float64(1)], [0.5, 1]),
    ("pandas", lambda: pd.Series([1, 2]), [1, 2]),
    ("pandas Int64", lambda: pd.Series([1, 2], dtype="Int64"), [1, 2]),
    ("pandas Float64", lambda: pd.Series([1.5, 2], dtype="Float64"), [1.5, 2]),
    ("pandas boolean", lambda: pd.Series([True, False], dtype="boolean"), [1, 0]),
    ("pandas object", lambda: pd.Series([Decimal("0.5")], dtype=object), [0.5]),
    ("pandas Index", lambda: pd.Index([4, 5]), [4, 5]),
    ("pandas filtered", lambda: pd.Series([1, 2, 3])[[True, False, True]], [1, 3]),
    ("polars", lambda: pl.Series([1, 2]), [1, 2]),
    ("polars floats", lambda: pl.Series([1.5, 2.0]), [1.5, 2]),
    ("polars Boolean", lambda: pl.Series([True]), [1]),
    ("polars Decimal", lambda: pl.Series([Decimal("1.25")]), [1.25]),
    ("masked", lambda: np.ma.array([1, 2], mask=[False, False]), [1, 2]),
    ("strided", lambda: np.arange(10)[::3], [0, 3, 6, 9]),
    ("big-endian", lambda: np.array([1, -2], ">i4"), [1, -2]),
    ("empty", lambda: [], []),
]


@pytest.mark.parametrize(
    ("make", "expected"), [c[1:] for c in COLUMNS], ids=[c[0] for c in COLUMNS]
)
def test_every_kind_of_column(make: Callable[[], Any], expected: list[Any]) -> None:
    """Each container and each kind of number gives the same exact values."""
    reading = plan(make(), bound=2**61)
    units = [Fraction(u, reading.scale) for u in reading.all().tolist()]
    assert units == [Fraction(x) for x in expected]


def test_any_size_of_integer() -> None:
    """Integers past 64 bits need a bound and lose nothing."""
    column = [2**200, -(2**200), 5]
    assert plan(column, bound=2**200).all().tolist() == column
    with pytest.raises(OutOfRange, match=r"position 0") as caught:
        plan(column).all()
    assert "bound=" in caught.value.fix


def test_scale_and_bound_come_from_types_not_values() -> None:
    """What is public does not depend on what is secret."""
    for a, b in (([1, 2], [-(2**50), 7]), ([0.5], [1e9]), ([Decimal(1)], [0.25])):
        first, second = plan(a), plan(b)
        assert (first.scale, first.bound) == (second.scale, second.bound)


BAD: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("NaN", lambda: [1.0, math.nan], OutOfRange, "position 1"),
    ("NaN array", lambda: np.array([1, 2, np.nan]), OutOfRange, "NaN at position 2"),
    ("infinity", lambda: np.array([np.inf]), OutOfRange, "infinity at position 0"),
    ("Decimal NaN", lambda: [Decimal("NaN")], OutOfRange, "position 0"),
    ("text", lambda: [1, "2"], EncodingError, "str at position 1"),
    ("None", lambda: [1, 2, None], EncodingError, "None at position 2"),
    ("complex", lambda: [1j], EncodingError, "complex at position 0"),
    ("nested", lambda: [[1], [2]], EncodingError, "list at position 0"),
    ("bytes", lambda: b"123", EncodingError, "found a bytes"),
    ("string", lambda: "123", EncodingError, "found a str"),
    ("dict", lambda: {1: 2}, EncodingError, "found a dict"),
    ("text array", lambda: np.array(["1"]), EncodingError, "array of <U1"),
    ("complex array", lambda: np.array([1j]), EncodingError, "complex"),
    ("dates", lambda: np.array(["2020-01-01"], "M8[D]"), EncodingError, "datetime"),
    ("matrix", lambda: np.zeros((2, 2)), EncodingError, "one dimension"),
    ("table", lambda: pd.DataFrame({"a": [1]}), EncodingError, "table"),
    ("no column", object, EncodingError, "object"),
    ("pandas null", lambda: pd.Series([1, None]), OutOfRange, "position 1"),
    (
        "pandas NA",
        lambda: pd.Series([1, None], dtype="Int64"),
        OutOfRange,
        "position 1",
    ),
    ("polars null", lambda: pl.Series([None, 1]), OutOfRange, "position 0"),
    ("NA in a list", lambda: [pd.NA], EncodingError, "position 0"),
    ("mask", lambda: np.ma.array([1, 2], mask=[0, 1]), OutOfRange, "position 1"),
    ("pandas text", lambda: pd.Series(["a"]), EncodingError, "str"),
    ("polars text", lambda: pl.Series(["a"]), EncodingError, "str"),
]


@pytest.mark.parametrize(
    ("make", "error", "text"), [c[1:] for c in BAD], ids=[c[0] for c in BAD]
)
def test_what_is_refused(
    make: Callable[[], Any], error: type[Exception], text: str
) -> None:
    """What is no number is refused with its position and a way out."""
    with pytest.raises(error) as caught:
        plan(make(), scale=1).all()
    assert text in str(caught.value), caught.value
    assert caught.value.fix  # type: ignore[attr-defined]


def test_missing_values_say_how_to_go_on() -> None:
    """The message names dropna and fillna."""
    for column in (pd.Series([1.5, None]), pl.Series([1, None]), [None]):
        with pytest.raises((OutOfRange, EncodingError)) as caught:
            plan(column).all()
        assert "fill" in caught.value.fix and "drop" in caught.value.fix


def test_messages_do_not_show_values() -> None:
    """The position is told, never the value."""
    for column in ([1.2345], [Decimal("1.2345")], np.array([1.2345]), [12345], [1e300]):
        with pytest.raises(OutOfRange) as caught:
            plan(column, scale=10, bound=99).all()
        assert "2345" not in str(caught.value) and "300" not in str(caught.value)
        assert "position 0" in str(caught.value)


@pytest.mark.parametrize("scale", [1, 3, 100, 10**6, 2**40, 3**30])
def test_nearest_is_the_exact_rounding(scale: int) -> None:
    """numpy's path rounds the true product, halves to even, as Fractions do."""
    rng = np.random.default_rng(scale)
    top = DEFAULT_BOUND / scale
    columns = (
        np.clip(rng.normal(size=500) * top / 4, -top, top),
        (rng.integers(-(2**11), 2**11, 500) / 2).clip(-top, top),
        (rng.integers(-(2**52), 2**52, 500) + 0.5) / scale,
        rng.normal(size=500),
        np.array([0.0, -0.0, 5e-324, -5e-324, 0.5, 1.5, 2.5, -0.5]) / scale,
    )
    for column in columns:
        got = plan(column, scale=scale, rounding="nearest", bound=2**60).all()
        assert got.tolist() == [round(Fraction(x) * scale) for x in column.tolist()]


@pytest.mark.parametrize("scale", [1, 7, 100, 10**6])
def test_nearest_floats_of_multiples_are_exact(scale: int) -> None:
    """k/scale, correctly rounded, is taken for k; its neighbours are not."""
    rng = np.random.default_rng(scale)
    k = rng.integers(-(2**40), 2**40, 1000)
    assert plan(k / scale, scale=scale).all().tolist() == k.tolist()
    k[0] = 12345
    between = np.nextafter(k / scale, np.inf)
    with pytest.raises(OutOfRange, match="position 0"):
        plan(between, scale=scale).all()
    with pytest.raises(OutOfRange, match="position 3"):
        plan([1, 2, 3, Fraction(1, 10**7)], scale=scale).all()


def test_paths_agree() -> None:
    """Arrays, lists and one-by-one encoding give the same integers."""
    column = [random.randrange(-(10**9), 10**9) / 100 for _ in range(500)]
    expected = plan(np.array(column), scale=100).all().tolist()
    assert plan(column, scale=100).all().tolist() == expected
    assert plan((x for x in column), scale=100).all().tolist() == expected
    assert plan([*column, Decimal(1)], scale=100).all().tolist()[:-1] == expected
    blocks = list(plan(iter(column), scale=100).blocks(7))
    assert [len(b) for b in blocks[:-1]] == [7] * 71
    assert [x for b in blocks for x in b.tolist()] == expected


def test_positions_count_through_blocks() -> None:
    """The position is the column's, whichever block it is in."""
    with pytest.raises(OutOfRange, match="position 25"):
        list(plan((i if i != 25 else 2**60 for i in range(30)), scale=1).blocks(4))


@pytest.mark.parametrize("scale", [0, -1, 1.5, "2", None, True, 1 << 1024])
def test_scales_that_are_none(scale: Any) -> None:
    """A scale is a positive integer."""
    if scale is None:
        return
    with pytest.raises(OutOfRange, match="scale"):
        plan([1], scale=scale)


def test_bounds() -> None:
    """A bound is in the caller's terms and rounds down to a unit."""
    assert plan([1], scale=100, bound=Decimal("9.999")).bound == 999
    assert plan([-9], bound=9).all().tolist() == [-9]
    for bound in (0, -1, 0.001):
        with pytest.raises(OutOfRange, match="bound"):
            plan([1], scale=100, bound=bound)
    with pytest.raises(EncodingError):
        plan([1], bound="9")
    with pytest.raises(OutOfRange, match="rounding"):
        plan([1], rounding="up")


def test_factors_are_exact() -> None:
    """A multiplier's scale is the least that loses nothing."""
    assert factor(0.1) == (1, 10)
    assert factor(np.float64(-2.5)) == (-5, 2)
    assert factor(Decimal("1.10")) == (11, 10)
    assert factor(Fraction(2, 3)) == (2, 3)
    assert factor(np.int8(-7)) == (-7, 1)
    for column, scale, units in (
        ([1, 2], 1, [1, 2]),
        ([0.1, 0.25], 100, [10, 25]),
        ([Fraction(1, 3), 2], 3, [1, 6]),
        ([2.0**-40, 1.5], 2**40, [1, 3 << 39]),
        (np.array([], float), 1, []),
    ):
        found = factors(column)
        assert (found.scale, found.units.tolist()) == (scale, units)
    wide = factors([2.0**-300, 1.0])
    assert wide.scale == 2**300 and wide.units.tolist() == [1, 2**300]
    random_floats = np.random.default_rng(5).normal(size=200)
    found = factors(random_floats)
    assert [Fraction(u, found.scale) for u in found.units.tolist()] == [
        Fraction(x) for x in random_floats.tolist()
    ]
    for column in ([1e-300, -3e300, 0.0], [2.0**60, 2.0**70], [-0.0, 2.0**-1074]):
        found = factors(column)
        assert [Fraction(u, found.scale) for u in found.units.tolist()] == [
            Fraction(x) for x in column
        ]
    with pytest.raises(OutOfRange):
        factors([1.0, math.nan])
    with pytest.raises(EncodingError):
        factors(["1"])


@pytest.mark.parametrize(
    ("keys", "labels", "codes"),
    [
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        (np.array([3, -1, 3], np.int8), (-1, 3), [1, 0, 1]),
        (pd.Series(["x", "y", "x"], dtype="category"), ("x", "y"), [0, 1, 0]),
        (pl.Series(["x", "y", "x"]), ("x", "y"), [0, 1, 0]),
        (np.array([True, False]), (False, True), [1, 0]),
        ([2, "a", 1], (1, 2, "a"), [1, 2, 0]),
        ((c for c in "ba"), ("a", "b"), [1, 0]),
        ([np.int64(5), 5], (5,), [0, 0]),
        ([], (), []),
    ],
)
def test_keys_of_groups(keys: Any, labels: tuple[Any, ...], codes: list[int]) -> None:
    """Keys are sorted names; each row has the number of its key."""
    found, numbers = factorise(keys)
    assert (found, numbers.tolist()) == (labels, codes)


@pytest.mark.parametrize(
    "keys",
    ["abc", 5, [1.5], [None], ["a", None], [b"a"], np.array([1.5]), pd.Series([None])],
)
def test_keys_that_are_none(keys: Any) -> None:
    """Missing keys, floats and bytes name no group; the message says what would."""
    with pytest.raises(EncodingError) as caught:
        factorise(keys)
    assert caught.value.fix
    for long in (["x" * 1025], [1 << 63], ["a", 1 << 63]):
        with pytest.raises(OutOfRange):
            factorise(long)
