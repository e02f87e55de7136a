"""The algebra of encrypted columns, and its independent second implementation.

Values lean to the edges: 0, ±1, ±bound and ±(bound - 1). One law a test:
what is computed on ciphertexts is what is computed on the numbers.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import phe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.errors import OutOfRange
from privshare.schemes.columns import EncryptedColumn, concat
from privshare.schemes.columns.encoding import plan
from privshare.schemes.columns.packing import pack, packed_layout, single_layout
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey

LONG = os.environ.get("PRIVSHARE_LONG") == "1"


@lru_cache
def private() -> PaillierPrivateKey:
    return PaillierPrivateKey.generate(2048)


def column(values: Any, **options: Any) -> EncryptedColumn:
    encrypted = private().public.encrypt(values, **options)
    assert isinstance(encrypted, EncryptedColumn)
    return encrypted


def opened(encrypted: EncryptedColumn) -> list[int]:
    found: list[int] = private().decrypt(encrypted).tolist()
    return found


@st.composite
def columns(draw: Any, count: int = 1, most: int = 80) -> tuple[int, list[list[int]]]:
    """A bound, and columns of one length within it."""
    bound = draw(st.sampled_from([1, 2, 1000, 2**31, 2**53 - 1, 2**63, 2**100]))
    edges = [0, 1, -1, bound, -bound, bound - 1, 1 - bound]
    value = st.one_of(st.sampled_from(edges), st.integers(-bound, bound))
    length = draw(st.integers(1, most))
    made = [
        draw(st.lists(value, min_size=length, max_size=length)) for _ in range(count)
    ]
    return bound, made


@settings(max_examples=20)
@given(columns(2), st.booleans(), st.integers(-(2**13) + 1, 2**13 - 1))
def test_columns_are_homomorphic(
    drawn: tuple[int, list[list[int]]], packed: bool, k: int
) -> None:
    """+, -, unary - and * k act value by value, at the edges too."""
    bound, (x, y) = drawn
    a, b = column(x, bound=bound, packed=packed), column(y, bound=bound, packed=packed)
    pairs = list(zip(x, y, strict=True))
    assert opened(a + b) == [v + w for v, w in pairs]
    assert opened(a - b) == [v - w for v, w in pairs]
    assert opened(-a) == [-v for v in x]
    assert opened(a * k) == [k * v for v in x]
    assert opened(a * k + b) == [k * v + w for v, w in pairs]
    assert opened(a.add(y, bound=bound)) == [v + w for v, w in pairs]
    assert private().decrypt((a + b).sum()) == sum(x) + sum(y)


@settings(max_examples=20)
@given(columns(), st.data())
def test_packing_equals_not_packing(
    drawn: tuple[int, list[list[int]]], data: st.DataObject
) -> None:
    """Whatever is done to both, both open to the same."""
    bound, (x,) = drawn
    start = data.draw(st.integers(0, len(x) - 1))
    stop = data.draw(st.integers(start + 1, len(x)))
    k = data.draw(st.integers(-99, 99))
    keys = data.draw(st.lists(st.sampled_from("abc"), min_size=len(x), max_size=len(x)))
    results = []
    for packed in (True, False):
        a = column(x, bound=bound, packed=packed)
        part = a[start:stop] * k + k
        by = column(x, bound=bound, packed=packed, by=keys)
        results.append(
            (
                opened(part),
                private().decrypt(part.sum()),
                private().decrypt(part.mean()),
                private().decrypt(by.groupby().sum()),
                private().decrypt(by.groupby().mean()),
            )
        )
    assert results[0] == results[1]
    assert results[0][1] == sum(k * v + k for v in x[start:stop])


@settings(max_examples=15)
@given(columns(most=120), st.data())
def test_sums_do_not_depend_on_chunks(
    drawn: tuple[int, list[list[int]]], data: st.DataObject
) -> None:
    """However a column is cut and put together, sum and values are the same."""
    bound, (x,) = drawn
    cuts = data.draw(st.lists(st.integers(0, len(x)), max_size=4))
    places = [0, *sorted(cuts), len(x)]
    a = column(x, bound=bound)
    parts = [a[i:j] for i, j in pairwise(places)]
    assert opened(concat(parts)) == x
    assert private().decrypt(concat(parts).sum()) == sum(x)
    sums = [part.sum() for part in parts if len(part)]
    assert private().decrypt(sum(sums[1:], sums[0])) == sum(x)
    assert private().decrypt(sum(reversed(sums[:-1]), sums[-1])) == sum(x)
    assert opened(EncryptedColumn.from_bytes(a.to_bytes(), a.public)) == x


@settings(max_examples=15)
@given(columns(2, most=12))
def test_dot_products(drawn: tuple[int, list[list[int]]]) -> None:
    """dot = Σ w·v = sum of `* w`, for weights at the edges."""
    bound, (x, w) = drawn
    a = column(x, bound=bound, packed=False)
    expected = sum(v * k for v, k in zip(x, w, strict=True))
    assert private().decrypt(a.dot(w)) == expected
    assert private().decrypt((a * w).sum()) == expected


numbers = st.one_of(
    st.integers(-(2**52), 2**52),
    st.decimals(-(10**9), 10**9, places=4, allow_nan=False),
    st.fractions(-(10**6), 10**6, max_denominator=10),
    st.floats(-(10**6), 10**6, allow_nan=False),
    st.booleans(),
)


@settings(max_examples=25)
@given(st.lists(numbers, min_size=1, max_size=30), st.booleans())
def test_every_number_comes_back(values: list[Any], packed: bool) -> None:
    """decrypt(encrypt(x)) is x where the scale can say it, else the nearest."""
    scale = 10**4 * 2520
    a = column(values, scale=scale, bound=2**53, rounding="nearest", packed=packed)
    for value, found in zip(values, private().decrypt(a), strict=True):
        units = Fraction(value) * scale
        assert Fraction(found) * scale == round(units)
        if units.denominator == 1:
            assert found == Fraction(value)


@settings(max_examples=30)
@given(st.integers(1, 2**70), st.integers(0, 20), st.integers(2, 9), st.booleans())
def test_what_is_computed_fits(
    bound: int, headroom: int, steps: int, packed: bool
) -> None:
    """Doubling at the bound is right until it is refused; it is never wrong."""
    a = column(
        [bound, -bound, bound - 1], bound=bound, headroom=headroom, packed=packed
    )
    x = [bound, -bound, bound - 1]
    for _ in range(steps):
        try:
            a, x = a + a, [2 * v for v in x]
        except OutOfRange:
            assert packed and max(map(abs, x)) >= bound << headroom
            break
        assert opened(a) == x


# 10^5 operations, given the same randomness, as phe does them


def operate(rounds: int, size: int, seed: int) -> int:
    """Random operations on a column, each held against phe's arithmetic.

    Returns:
        How many single operations were compared.
    """
    rng, key = random.Random(seed), private().public
    theirs, n2, width = phe.PaillierPublicKey(key.n), key.n**2, key.ciphertext_size
    done = 0

    def same(ours: bytes, expected: list[int]) -> None:
        nonlocal done
        assert ours == b"".join(c.to_bytes(width, "big") for c in expected)
        done += len(expected)

    rs = [rng.randrange(1, key.n) for _ in range(size)]
    x = [rng.choice([0, 1, -1, rng.randint(-(2**53), 2**53)]) for _ in range(size)]
    a = EncryptedColumn(
        key,
        single_layout(2048, 2**53),
        1,
        2**53,
        column(x, bound=2**53, packed=False)._runs,
        key.encrypt_batch_with(x, rs),
    )
    cs = [theirs.raw_encrypt(v % key.n, r_value=r) for v, r in zip(x, rs, strict=True)]
    same(a._data, cs)
    for _ in range(rounds):
        order = list(range(size))
        rng.shuffle(order)
        b, ds = a[order], [cs[i] for i in order]
        same((a + b)._data, [c * d % n2 for c, d in zip(cs, ds, strict=True)])
        ks = [
            rng.choice([rng.randint(-(2**32), 2**32), rng.getrandbits(53), 0, -1])
            for _ in x
        ]
        powers = [phe.util.powmod(c, abs(k), n2) for c, k in zip(cs, ks, strict=True)]
        powers = [
            phe.util.invert(c, n2) if k < 0 else c
            for c, k in zip(powers, ks, strict=True)
        ]
        same((a * ks)._data, powers)
        product = 1
        for c in powers:
            product = product * c % n2
        same(a.dot(ks)._rows[0][0].ciphertext, [product])
        done += size - 1  # a dot product is as many
        same((-b)._data, [phe.util.invert(d, n2) for d in ds])
        same(
            (a - b)._data,
            [c * phe.util.invert(d, n2) % n2 for c, d in zip(cs, ds, strict=True)],
        )
        plain = [rng.randint(-(2**53), 2**53) for _ in x]
        same(
            a.add(plain)._data,
            [
                c * (1 + (m % key.n) * key.n) % n2
                for c, m in zip(cs, plain, strict=True)
            ],
        )
        codes = [rng.randrange(3) for _ in x]
        codes[:3] = [0, 1, 2]
        sums = [1, 1, 1]
        for c, g in zip(cs, codes, strict=True):
            sums[g] = sums[g] * c % n2
        groups = a.groupby(codes).sum()
        same(b"".join(row[0].ciphertext for row in groups._rows), sums)
        done += size - 3
        a, cs = (
            EncryptedColumn(key, a._layout, 1, 2**53, a._runs, (a + b)._data),
            [c * d % n2 for c, d in zip(cs, ds, strict=True)],
        )
    return done


def test_operations_equal_those_of_phe() -> None:
    """The same bytes as phe's integers; 10^5 of them in the long form."""
    if LONG:
        assert operate(rounds=36, size=400, seed=1) >= 100_000
    else:
        assert operate(rounds=2, size=60, seed=1) >= 840


def test_the_portable_path_gives_the_same_operations() -> None:
    """The code that every processor runs agrees with phe as well."""
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), str(Path(__file__).parent)])
    call = "operate(36, 400, 2) >= 100_000" if LONG else "operate(1, 24, 2) > 100"
    program = f"import test_columns as t; assert t.{call}"
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env={**os.environ, "PRIVSHARE_PORTABLE": "1", "PYTHONPATH": path},
    )


@pytest.mark.parametrize("packed", [True, False])
def test_plaintexts_are_those_of_the_equations(packed: bool) -> None:
    """A column is the encryption of the plaintexts that the page writes down."""
    key = private().public
    x = [5, -7, 2**52, -(2**53) + 1, 0] * 10
    layout = packed_layout(2048, 2**53 - 1) if packed else single_layout(2048, 1)
    data = column(x, packed=packed)._data
    w, slots = layout.slot_bits, layout.slots
    expected = [
        sum(v << (w * i) for i, v in enumerate(x[j : j + slots]))
        for j in range(0, len(x), slots)
    ]
    size = key.ciphertext_size
    found = [private().decrypt(data[i : i + size]) for i in range(0, len(data), size)]
    assert found == expected
    plain = pack(plan(np.array(x)).all(), layout, key.n)
    assert [
        int.from_bytes(plain[i : i + 256], "big") for i in range(0, len(plain), 256)
    ] == [m % key.n for m in expected]


def test_the_key_is_public() -> None:
    """Laws hold for whoever has the modulus alone."""
    again = PaillierPublicKey(private().public.n)
    mine, theirs = column([1, 2]), again.encrypt([3, 4])
    assert isinstance(theirs, EncryptedColumn)
    assert opened(mine + theirs) == [4, 6]
