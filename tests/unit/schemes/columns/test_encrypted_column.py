"""Columns: what they compute, what they refuse, what they show."""

# ruff: noqa: PLW0108, RUF005

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from privshare.errors import (
    EncodingError,
    NotFound,
    OutOfRange,
    VerificationError,
)
from privshare.schemes.columns import (
    EncryptedColumn,
    EncryptedNumber,
    ScaledValues,
    concat,
)
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey

BOTH = pytest.mark.parametrize("packed", [True, False])


def column(public: PaillierPublicKey, values: Any, **options: Any) -> EncryptedColumn:
    encrypted = public.encrypt(values, **options)
    assert isinstance(encrypted, EncryptedColumn)
    return encrypted


def number(public: PaillierPublicKey, value: Any, **options: Any) -> EncryptedNumber:
    encrypted = public.encrypt(value, **options)
    assert isinstance(encrypted, EncryptedNumber)
    return encrypted


@BOTH
@pytest.mark.parametrize("randomness", ["djn", "textbook"])
def test_decryption_undoes_encryption(
    private: PaillierPrivateKey, packed: bool, randomness: str
) -> None:
    """Exact values come back, in the type that the scale says."""
    public = private.public
    for values, scale in (([3, -4, 0], None), ([0.5, -1.25], 100), ([], None)):
        found = private.decrypt(
            column(public, values, scale=scale, packed=packed, randomness=randomness)
        )
        assert list(found) == [Fraction(v) for v in values]
    whole = private.decrypt(public.encrypt([1, 2], packed=packed))
    assert isinstance(whole, np.ndarray) and whole.dtype == np.int64
    money = private.decrypt(public.encrypt([1.5], scale=100, packed=packed))
    assert isinstance(money, ScaledValues) and repr(money[0]) == "Decimal('1.50')"
    assert money.to_numpy(float).tolist() == [1.5]
    third = private.decrypt(public.encrypt([Fraction(1, 3)], scale=3, packed=packed))
    assert third[0] == Fraction(1, 3) and isinstance(third[0], Fraction)
    big = private.decrypt(public.encrypt([2**90], bound=2**90, packed=packed))
    assert big.dtype == object and big.tolist() == [2**90]


def test_the_holder_of_the_key_encrypts(private: PaillierPrivateKey) -> None:
    """The private key takes the same columns; everybody can add to them."""
    mine = private.encrypt([1.5, 2], scale=2)
    theirs = private.public.encrypt([1, 1.5], scale=2)
    assert private.decrypt(mine + theirs).tolist() == [Decimal("2.5"), Decimal("3.5")]


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.Series([1, 2, 3]),
        lambda: pl.Series([1, 2, 3]),
        lambda: np.array([1, 2, 3], np.int16),
        lambda: (x for x in (1, 2, 3)),
        lambda: [Decimal(1), Fraction(2), 3.0],
    ],
)
def test_any_column_can_be_summed(
    private: PaillierPrivateKey, make: Callable[[], Any]
) -> None:
    """Whatever the container, the sum is the sum."""
    assert private.decrypt(column(private.public, make()).sum()) == 6


@BOTH
def test_arithmetic(private: PaillierPrivateKey, packed: bool) -> None:
    """`+`, `-`, unary `-`, `* plain` and `/ plain` with everything they take."""
    public = private.public
    x, y = [1.5, -2, 7], [10, 0.25, -3]
    a = column(public, x, scale=100, packed=packed)
    b = column(public, y, scale=100, packed=packed)
    plain = np.array(y)
    cases: list[tuple[Any, list[Any]]] = [
        (a + b, [11.5, -1.75, 4]),
        (a - b, [-8.5, -2.25, 10]),
        (-a, [-1.5, 2, -7]),
        (a * 3, [4.5, -6, 21]),
        (3 * a, [4.5, -6, 21]),
        (a * -1, [-1.5, 2, -7]),
        (a * 0, [0, 0, 0]),
        (a * Decimal("0.5"), [0.75, -1, 3.5]),
        (a * 0.5, [0.75, -1, 3.5]),
        (a * np.float64(0.25), [0.375, -0.5, 1.75]),
        (a / 4, [0.375, -0.5, 1.75]),
        (a + 1, [2.5, -1, 8]),
        (1 + a, [2.5, -1, 8]),
        (a - Decimal("0.5"), [1, -2.5, 6.5]),
        (1 - a, [-0.5, 3, -6]),
        (a - np.uint8(1), [0.5, -3, 6]),
        (a + plain, [11.5, -1.75, 4]),
        (plain + a, [11.5, -1.75, 4]),
        (a - plain, [-8.5, -2.25, 10]),
        (plain - a, [8.5, 2.25, -10]),
        (pd.Series(y) - a, [8.5, 2.25, -10]),
        (a + y, [11.5, -1.75, 4]),
        (a.rescale(1000) + 0.001, [1.501, -1.999, 7.001]),
    ]
    for i, (result, expected) in enumerate(cases):
        found = private.decrypt(result).tolist()
        assert [float(v) for v in found] == [float(v) for v in expected], i


@BOTH
def test_sums_and_means(private: PaillierPrivateKey, packed: bool) -> None:
    """Sums are exact, means are Fractions, and both go on computing."""
    public = private.public
    a = column(public, range(-30, 71), packed=packed)
    assert private.decrypt(a.sum()) == 2020
    assert private.decrypt(a.mean()) == 20
    assert isinstance(private.decrypt(a.mean()), Fraction)
    assert private.decrypt(a[:3].mean() * 2 + 1) == Fraction(-29 * 2 + 1)
    total = a.sum() + a.sum() - 20
    assert private.decrypt(total) == 4020
    assert private.decrypt(-a.sum() * 3 + 1) == -6059
    assert private.decrypt(10 - a.sum()) == -2010
    assert private.decrypt(a.sum() * Decimal("0.1")) == 202
    assert private.decrypt(a.sum() / -3) == Fraction(-2020, 3)
    assert private.decrypt(a.sum().blind()) == 2020


def test_packed_sums_past_a_slot(private: PaillierPrivateKey) -> None:
    """More ciphertexts than a slot has room for become several terms."""
    public = private.public
    a = column(public, [1000] * 400, bound=1000, headroom=0, packed=True)
    b = column(public, [-999] * 400, bound=1000, headroom=1, packed=True)
    for each, expected in ((a, 400_000), (b, -399_600)):
        assert each.slots < 200
        assert private.decrypt(each.sum()) == expected
        assert each.sum().terms >= 1
        with pytest.raises(OutOfRange, match="within a slot"):
            each.sum().blind()


def test_a_blinded_total_shows_the_total_alone(private: PaillierPrivateKey) -> None:
    """What the key's holder decrypts is another plaintext each time."""
    a = column(private.public, range(100))
    seen = set()
    for _ in range(4):
        blind = a.sum().blind()
        assert private.decrypt(blind) == 4950
        seen.add(private.decrypt(blind._rows[0][0].ciphertext))
    assert len(seen) == 4
    assert min(m.bit_length() for m in seen) > 2048 - 3 - 20
    for call in (lambda: blind + 1, lambda: blind * 2, lambda: blind + blind):
        with pytest.raises(OutOfRange, match="blinded"):
            call()
    with pytest.raises(OutOfRange, match="slice"):
        a[3:50].sum().blind()


@BOTH
def test_slices_and_concatenation(private: PaillierPrivateKey, packed: bool) -> None:
    """Every slice of step 1 is that slice, and the parts make the whole."""
    values = list(range(100, 200))
    a = column(private.public, values, packed=packed)
    cuts = [(0, 100), (0, 29), (29, 58), (1, 30), (5, 6), (28, 30), (13, 99), (99, 100)]
    for start, stop in [*cuts, (-3, 100), (50, 50), (70, 20)]:
        part = a[start:stop]
        assert private.decrypt(part).tolist() == values[start:stop]
        assert len(part) == len(values[start:stop])
        if len(part):
            assert private.decrypt(part.sum()) == sum(values[start:stop])
            assert private.decrypt((part * 2 + 1).sum()) == 2 * sum(
                values[start:stop]
            ) + len(part)
    whole = concat([a[:29], a[29:77], a[77:]])
    assert private.decrypt(whole).tolist() == values
    assert private.decrypt(whole.sum()) == sum(values)
    assert private.decrypt(a[10:70][5:20]).tolist() == values[15:30]
    assert private.decrypt((a[10:70] + a[10:70]).sum()) == 2 * sum(values[10:70])
    assert private.decrypt(concat([a[:29], a[29:]]) + a).tolist() == [
        2 * v for v in values
    ]


def test_neighbours_of_a_slice_stay_out_of_sums(private: PaillierPrivateKey) -> None:
    """A cut column plus an uncut one of equal place counts its own slots only."""
    public = private.public
    a, b = column(public, [1] * 20), column(public, [10] * 5)
    total = b + a[:5]
    assert private.decrypt(total.sum()) == 55
    assert private.decrypt((a[:5] + b).sum()) == 55
    again = EncryptedColumn.from_bytes(total.to_bytes(), public)
    assert private.decrypt(again.sum()) == 55


def test_single_values(private: PaillierPrivateKey) -> None:
    """dot, `* array`, elements, masks and new groups, on unpacked columns."""
    values = [3, -1, 4, 1, -5]
    a = column(private.public, values, packed=False)
    weights = [2, 0, -1, 7, 1]
    expected = sum(v * w for v, w in zip(values, weights, strict=True))
    for w in (weights, np.array(weights), pd.Series(weights), np.array(weights, float)):
        assert private.decrypt(a.dot(w)) == expected
        assert private.decrypt(a @ w) == expected
        assert private.decrypt(a * w).tolist() == [
            v * x for v, x in zip(values, weights, strict=True)
        ]
    assert private.decrypt(a.dot([0.1] * 5)) == Decimal("0.2")
    assert private.decrypt(a.dot([Fraction(1, 3)] * 5)) == Fraction(2, 3)
    assert private.decrypt(a.dot([0.5] * 5, scale=10)) == 1
    assert private.decrypt(a.dot([2**70] * 5)) == 2 << 70
    thirds = a.dot([1 / 3] * 5, scale=100, rounding="nearest")
    assert private.decrypt(thirds) == Decimal("0.66")
    with pytest.raises(OutOfRange, match="multiples of 1/100"):
        a.dot([1 / 3] * 5, scale=100)
    floats = np.random.default_rng(1).normal(size=5)
    exact = sum(Fraction(f) * v for f, v in zip(floats.tolist(), values, strict=True))
    assert private.decrypt(a.dot(floats)) == exact
    assert private.decrypt(a[2]) == 4 and private.decrypt(a[-1]) == -5
    assert private.decrypt(a[::-2]).tolist() == values[::-2]
    assert private.decrypt(a[[0, 3, 3]]).tolist() == [3, 1, 1]
    assert private.decrypt(a[np.array(values) > 0]).tolist() == [3, 4, 1]
    assert private.decrypt(sum(a)) == 2


def test_groups_by_public_keys(private: PaillierPrivateKey) -> None:
    """Any keys that come later group an unpacked column."""
    a = column(private.public, [1, 2, 3, 4, 5], packed=False)
    for keys in (list("babab"), np.array(list("babab")), pd.Series(list("babab"))):
        by = a.groupby(keys)
        assert private.decrypt(by.sum()) == {"a": 6, "b": 9}
        assert private.decrypt(by.mean()) == {"a": 3, "b": 3}
        assert by.count() == {"a": 2, "b": 3}
    mixed = a.groupby([True, 1, "1", True, 1]).sum()
    assert [private.decrypt(mixed[k]) for k in (True, 1, "1")] == [5, 7, 3]
    assert private.decrypt(a.groupby([9, -9, 9, -9, 9]).sum()[9]) == 9


@BOTH
def test_groups_by_the_owners_keys(private: PaillierPrivateKey, packed: bool) -> None:
    """`by=` sorts, and then sums by group work on packed columns too."""
    public = private.public
    keys = [f"district {i % 7}" for i in range(300)]
    values = [i * i for i in range(300)]
    frame = pd.DataFrame({"k": keys, "v": values})
    expected = frame.groupby("k")["v"].sum().to_dict()
    a = column(public, values, by=keys, packed=packed)
    assert a.grouped and a.groups == tuple(sorted(keys))
    sums = a.groupby().sum()
    assert private.decrypt(sums) == expected
    assert a.groupby().count() == frame.groupby("k")["v"].count().to_dict()
    assert private.decrypt(a.groupby().mean()) == {
        key: Fraction(total, a.groupby().count()[key])
        for key, total in expected.items()
    }
    assert private.decrypt(sums["district 3"]) == expected["district 3"]
    with pytest.raises(NotFound):
        sums["district 9"]
    part = a[20:250]
    rest = pd.Series(private.decrypt(part)).groupby(list(part.groups or ())).sum()
    assert private.decrypt(part.groupby().sum()) == rest.to_dict()
    twice = concat([a, a]).groupby().sum()
    assert private.decrypt(twice) == {k: 2 * v for k, v in expected.items()}
    half = column(public, [5, 6], by=["district 1", "elsewhere"], packed=packed)
    joint = sums + half.groupby().sum()
    assert private.decrypt(joint) == {
        **expected,
        "district 1": expected["district 1"] + 5,
        "elsewhere": 6,
    }
    assert private.decrypt(a.sum()) == sum(values)
    if packed:
        blind = sums.blind()
        assert private.decrypt(blind) == expected


def needs_single(public: PaillierPublicKey) -> list[Callable[[], Any]]:
    a = column(public, [1, 2, 3])
    return [
        lambda: a.dot([1, 2, 3]),
        lambda: a * [1, 2, 3],
        lambda: a * np.array([1, 2, 3]),
        lambda: a.groupby(["a", "b", "a"]),
        lambda: a[0],
        lambda: a[::2],
        lambda: a[[0, 1]],
        lambda: a[np.array([True, False, True])],
    ]


@pytest.mark.parametrize("which", range(8))
def test_packed_columns_say_what_to_do(public: PaillierPublicKey, which: int) -> None:
    """What needs single values names `packed=False` (and `by=` for groups)."""
    with pytest.raises(OutOfRange, match="packed column") as caught:
        needs_single(public)[which]()
    assert "packed=False" in caught.value.fix
    assert ("by=" in caught.value.fix) == (which == 3)


def test_what_does_not_fit_together(
    public: PaillierPublicKey, other: PaillierPrivateKey
) -> None:
    """Other keys, scales, lengths, layouts and places are refused with advice."""
    a = column(public, range(40))
    for wrong, advice in (
        (column(other.public, range(40)), "key"),
        (column(public, range(40), scale=100), "rescale(100)"),
        (column(public, range(39)), "equal lengths"),
        (column(public, range(40), bound=100), "bound="),
        (column(public, range(40), packed=False), "packed="),
        (column(public, range(41))[1:], "packed=False"),
        (column(public, range(40), by=[1] * 40), "group"),
    ):
        for call in (lambda w=wrong: a + w, lambda w=wrong: a - w):
            with pytest.raises(OutOfRange) as caught:
                call()
            assert advice in caught.value.fix, caught.value
    for call in (
        lambda: a + [1, 2],
        lambda: a.add([1] * 41),
        lambda: a + 0.5,
        lambda: a * a,
        lambda: a * a.sum(),
        lambda: a.sum() * a,
        lambda: a.sum() * a.sum(),
        lambda: a / 0,
        lambda: concat([a, column(public, [1], scale=10)]),
        lambda: concat([a, column(public, [1], packed=False)]),
        lambda: concat([a, column(public, [1], by=["x"])]),
        lambda: concat([]),
        lambda: a[:0].sum(),
        lambda: a.groupby(),
        lambda: a.rescale(1).rescale(3).rescale(2),
        lambda: public.encrypt([1, 2], by=["a"]),
        lambda: public.encrypt([1], randomness="none"),
        lambda: a.sum() + column(public, [1], scale=10).sum(),
        lambda: a.sum() + column(public, [1], packed=False).sum(),
        lambda: a.sum() + a.mean(),
        lambda: a.sum() / 0,
        lambda: a.sum() / 1.5,
        lambda: a.sum() + column(other.public, range(40)).sum(),
    ):
        with pytest.raises(OutOfRange) as caught:
            call()
        assert caught.value.message.startswith("expected")
    for call in (
        lambda: public.encrypt([1], by=[None]),
        lambda: public.encrypt([1], by="a"),
        lambda: public.encrypt([1], by=[1.5]),
        lambda: a + ["x"] * 40,
    ):
        with pytest.raises(EncodingError):
            call()
    with pytest.raises(IndexError):
        column(public, [1], packed=False)[1]
    with pytest.raises(TypeError):
        a.sum() + a


@BOTH
def test_overflow_is_refused_before_it_happens(
    public: PaillierPublicKey, packed: bool
) -> None:
    """No operation whose result could pass its room is computed."""
    limit = 2**2046 - 1
    bound = 2**53 - 1 if packed else limit
    a = column(public, [1, 2], bound=bound, packed=packed)
    room = (1 << 14) if packed else 1
    grown = a * room
    for call in (
        lambda: grown + grown,
        lambda: grown - a - a,
        lambda: grown * 2,
        lambda: grown * -2,
        lambda: grown + 2**2046,
        lambda: grown.add([1, 2]),
        lambda: grown * Decimal("2.5"),
        lambda: grown.rescale(2),
    ):
        with pytest.raises(OutOfRange, match="stay within") as caught:
            call()
        assert "encrypt with" in caught.value.fix
    if not packed:
        for call in (
            lambda: a.sum(),
            lambda: a.dot([1, 1]),
            lambda: a * [1, 2],
            lambda: a.groupby(["x", "x"]).sum(),
        ):
            with pytest.raises(OutOfRange, match="stay within"):
                call()
        with pytest.raises(OutOfRange):
            public.encrypt([1], bound=limit + 1, packed=False)


def test_a_broken_promise_gives_no_number(private: PaillierPrivateKey) -> None:
    """Values past the stated bound are noticed when they are opened."""
    public = private.public
    honest = column(public, [100, 100], bound=100)
    liar = EncryptedColumn(public, honest._layout, 1, 50, honest._runs, honest._data)
    for thing in (liar, liar.sum()):
        with pytest.raises(VerificationError):
            private.decrypt(thing)


def test_other_keys_do_not_decrypt(
    public: PaillierPublicKey, other: PaillierPrivateKey
) -> None:
    """Decryption under another key is refused by name."""
    a = column(public, [1])
    for thing in (a, a.sum()):
        with pytest.raises(OutOfRange, match="one key"):
            other.decrypt(thing)


def test_nothing_is_pickled_or_dumped(public: PaillierPublicKey) -> None:
    """No pickle; `repr` shows public facts and no ciphertext."""
    a = column(public, [1.5] * 100, scale=100)
    groups = column(public, [1], by=["x"]).groupby().sum()
    for thing in (a, a.sum(), groups):
        with pytest.raises(TypeError, match="to_bytes"):
            pickle.dumps(thing)
        assert copy.copy(thing) is thing and copy.deepcopy(thing) is thing
        assert len(repr(thing)) < 250
    assert a.headroom == 14 and (a + a).headroom == 13
    for fact in (
        "length=100",
        "headroom=14 bits",
        "scale=100",
        "bound=",
        "29 values",
        "bytes a value",
    ):
        assert fact in repr(a)
    assert a.bound == Decimal(2**53 - 1) / 100 and a.nbytes == 4 * 512


def test_progress_and_chunks(private: PaillierPrivateKey) -> None:
    """Iterators are read as they come; progress tells how far it is."""
    public = private.public
    told: list[tuple[int, int | None]] = []
    values = list(range(3000))
    a = column(public, values, progress=lambda *p: told.append(p))
    assert told[-1] == (3000, 3000) and len(told) >= 2
    assert told == sorted(told)
    told.clear()
    b = column(public, iter(values), progress=lambda *p: told.append(p))
    assert told[-1] == (3000, None)
    assert private.decrypt(a + b).tolist() == [2 * v for v in values]
    told.clear()
    private.decrypt(a, progress=lambda *p: told.append(p))
    assert told[-1] == (3000, 3000)
    told.clear()
    column(
        public, values, by=[v % 3 for v in values], progress=lambda *p: told.append(p)
    )
    assert told[-1] == (3000, 3000)


@BOTH
def test_fresh_randomness(private: PaillierPrivateKey, packed: bool) -> None:
    """Two encryptions differ, and so does a column made fresh."""
    a = column(private.public, [1, 2], packed=packed)
    b = a.rerandomise()
    assert (
        len({a._data, b._data, column(private.public, [1, 2], packed=packed)._data})
        == 3
    )
    assert private.decrypt(b).tolist() == [1, 2]


def test_single_numbers(private: PaillierPrivateKey) -> None:
    """A number alone is encrypted as a number."""
    public = private.public
    assert private.decrypt(number(public, 7) + number(public, -9)) == -2
    assert private.decrypt(number(public, 3.25) * 2) == Decimal("6.5")
    assert private.decrypt(number(public, np.int32(-5))) == -5
    assert private.decrypt(number(public, Decimal("0.01"), scale=100)) == Decimal(
        "0.01"
    )
    with pytest.raises(OutOfRange):
        public.encrypt(float("nan"))
    for thing in (None, "1", 5, [public.encrypt(1)]):
        with pytest.raises(EncodingError, match="expected an encrypted"):
            private.decrypt(thing)
    with pytest.raises(EncodingError):
        public.encrypt(public.encrypt([1]))
    with pytest.raises(EncodingError):
        public.encrypt(None)
    with pytest.raises(EncodingError):
        public.encrypt("1")


def test_scaled_values_are_a_sequence() -> None:
    """Exact values, floats on demand, slices, and comparison."""
    values = ScaledValues(np.array([150, -25, 2**53 - 1]), 100)
    assert values[:2].tolist() == [Decimal("1.50"), Decimal("-0.25")]
    assert values == [Decimal("1.5"), Decimal("-0.25"), Decimal("90071992547409.91")]
    assert values != ScaledValues(np.array([1]), 100) and values == values[:]
    assert np.asarray(values)[1] == -0.25 and np.asarray(values).dtype == float
    assert values.to_numpy().dtype == object
    wide = ScaledValues(np.array([2**80 + 1, 3], dtype=object), 7)
    assert wide.to_numpy(float).tolist() == [(2**80 + 1) / 7, 3 / 7]
    assert "length=3" in repr(values)


@BOTH
def test_keys_of_3072_bits(packed: bool) -> None:
    """The larger profile does the same with more values a ciphertext."""
    private = PaillierPrivateKey.generate(3072)
    values = list(range(-60, 60))
    a = column(private.public, values, packed=packed)
    assert a.slots == (44 if packed else 1)
    assert private.decrypt(a * 3 - 1).tolist() == [3 * v - 1 for v in values]
    assert private.decrypt(a[7:101].sum()) == sum(values[7:101])
    assert private.decrypt(a.sum().blind()) == sum(values)
    again = EncryptedColumn.from_bytes(a.to_bytes(), private.public)
    assert private.decrypt(private.encrypt(values, packed=packed) - again).tolist() == (
        [0] * 120
    )


def test_units_do_not_get_ever_finer(public: PaillierPublicKey) -> None:
    """Multiplying by fractions without end is refused, and says why."""
    for thing in (column(public, [1]), number(public, 1)):
        with pytest.raises(OutOfRange, match="1024 bits") as caught:
            for _ in range(400):
                thing = thing * 0.1  # noqa: PLW2901
        assert "finer" in caught.value.fix
