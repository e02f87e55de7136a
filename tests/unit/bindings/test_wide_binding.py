"""Products of shares modulo 2^128 and 2^192, beside Python's integers."""

import random
from typing import Any

import numpy as np
import pytest

from privshare.bindings import wide
from privshare.errors import OutOfRange


def elements(draw: random.Random, n: int, bits: int) -> list[int]:
    """Random elements, some at the edges."""
    edges = [0, 1, 2**64 - 1, 2**64, 2 ** (bits - 1), 2**bits - 1]
    return [
        draw.choice(edges) if draw.random() < 0.4 else draw.getrandbits(bits)
        for _ in range(n)
    ]


def limbs(values: list[int], bits: int) -> Any:
    """As limbs, the low one first."""
    return np.array(
        [[one >> low & 2**64 - 1 for low in range(0, bits, 64)] for one in values],
        np.uint64,
    )


@pytest.mark.parametrize("bits", [128, 192])
def test_products_and_sums_are_those_of_integers(bits: int) -> None:
    """Every product and sum, modulo 2^bits."""
    draw, modulus = random.Random(bits), 2**bits
    x0, x1, y0, y1 = (elements(draw, 60, bits) for _ in range(4))
    expected = [
        (a * (c + d) + b * c) % modulus
        for a, b, c, d in zip(x0, x1, y0, y1, strict=True)
    ]
    x = limbs(x0, bits), limbs(x1, bits)
    y = limbs(y0, bits), limbs(y1, bits)
    assert wide.cross(x, y).tolist() == limbs(expected, bits).tolist()
    shape = (3, 20, bits // 64)
    rows = [tuple(one.reshape(shape) for one in pair) for pair in (x, y)]
    sums = [sum(expected[20 * k : 20 * k + 20]) % modulus for k in range(3)]
    assert wide.dot(*rows).tolist() == limbs(sums, bits).tolist()  # type: ignore[arg-type]


@pytest.mark.parametrize("bits", [128, 192])
def test_element_by_element(bits: int) -> None:
    """Sums, differences, products; and sums along any axis."""
    draw, modulus = random.Random(bits), 2**bits
    a, b = elements(draw, 60, bits), elements(draw, 60, bits)
    pairs = list(zip(a, b, strict=True))
    for work, expected in (
        (wide.add, [(x + y) % modulus for x, y in pairs]),
        (wide.sub, [(x - y) % modulus for x, y in pairs]),
        (wide.mul, [x * y % modulus for x, y in pairs]),
    ):
        found = work(limbs(a, bits), limbs(b, bits))
        assert found.tolist() == limbs(expected, bits).tolist()
    cube = limbs(a, bits).reshape(3, 4, 5, bits // 64)
    plain = np.array(a, dtype=object).reshape(3, 4, 5)
    for axis in (0, 1, 2, -1):
        sums = [one % modulus for one in plain.sum(axis=axis).reshape(-1).tolist()]
        found = wide.total(cube, axis).reshape(-1, bits // 64)
        assert found.tolist() == limbs(sums, bits).tolist()


def test_one_factor_may_be_repeated() -> None:
    """A single element multiplies all others."""
    many, one = limbs([3, 5, 7], 128), limbs([2], 128)[0]
    zero = np.zeros_like(many)
    products = wide.cross((many, zero), (one, np.zeros_like(one)))
    assert products[:, 0].tolist() == [6, 10, 14]


def test_other_arrays_are_refused() -> None:
    """Four limbs, different numbers of limbs, floats, no axis to sum along."""
    four, three, two = (np.zeros(n, np.uint64) for n in (4, 3, 2))
    with pytest.raises(OutOfRange, match="64-bit limbs"):
        wide.cross((four, four), (four, four))
    with pytest.raises(OutOfRange, match="64-bit limbs"):
        wide.add(three, two)
    with pytest.raises(OutOfRange, match="64-bit limbs"):
        wide.add(np.zeros(2), np.zeros(2))  # type: ignore[arg-type]
    with pytest.raises(OutOfRange, match="axis"):
        wide.dot((two, two), (two, two))
