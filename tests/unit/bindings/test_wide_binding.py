"""Products of shares modulo 2^128, beside Python's integers."""

import random
from typing import Any

import numpy as np
import pytest

from privshare.bindings import wide
from privshare.errors import OutOfRange

EDGES = [0, 1, 2**64 - 1, 2**64, 2**127, 2**128 - 1]


def elements(draw: random.Random, n: int) -> list[int]:
    """Random elements, some at the edges."""
    return [
        draw.choice(EDGES) if draw.random() < 0.4 else draw.getrandbits(128)
        for _ in range(n)
    ]


def limbs(values: list[int]) -> Any:
    """As two limbs each."""
    return np.array([[one % 2**64, one >> 64] for one in values], np.uint64)


def test_products_and_sums_are_those_of_integers() -> None:
    """Every product and sum modulo 2^128."""
    draw = random.Random(1)
    x0, x1, y0, y1 = (elements(draw, 60) for _ in range(4))
    expected = [
        (a * (c + d) + b * c) % 2**128
        for a, b, c, d in zip(x0, x1, y0, y1, strict=True)
    ]
    x, y = (limbs(x0), limbs(x1)), (limbs(y0), limbs(y1))
    assert wide.cross(x, y).tolist() == limbs(expected).tolist()
    rows = (
        tuple(one.reshape(3, 20, 2) for one in x),
        tuple(one.reshape(3, 20, 2) for one in y),
    )
    sums = [sum(expected[20 * k : 20 * k + 20]) % 2**128 for k in range(3)]
    assert wide.dot(*rows).tolist() == limbs(sums).tolist()  # type: ignore[arg-type]


def test_one_factor_may_be_repeated() -> None:
    """A single element multiplies all others."""
    many, one = limbs([3, 5, 7]), limbs([2])[0]
    zero = np.zeros_like(many)
    assert wide.cross((many, zero), (one, np.zeros_like(one)))[:, 0].tolist() == [
        6,
        10,
        14,
    ]


def test_other_arrays_are_refused() -> None:
    """One limb, or floats."""
    flat = np.zeros(3, np.uint64)
    with pytest.raises(OutOfRange, match="two 64-bit limbs"):
        wide.cross((flat, flat), (flat, flat))
    with pytest.raises(OutOfRange, match="axis"):
        wide.dot((flat[:2], flat[:2]), (flat[:2], flat[:2]))
