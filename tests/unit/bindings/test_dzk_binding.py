"""The kernels of the proofs about bits, beside slow Python."""

import random

import numpy as np
import pytest

from privshare.bindings import dzk
from privshare.errors import OutOfRange

MODULUS = (1 << 64) | 0x1B


def slow(a: int, b: int) -> int:
    """A product of polynomials over two elements, divided with remainder."""
    product = 0
    for place in range(64):
        if b >> place & 1:
            product ^= a << place
    for place in range(127, 63, -1):
        if product >> place & 1:
            product ^= MODULUS << (place - 64)
    return product


def words(draw: random.Random, n: int) -> np.ndarray:
    """Random words, some of them at the edges."""
    edges = [0, 1, 2**63, 2**64 - 1]
    return np.array(
        [draw.choice(edges) if draw.random() < 0.2 else draw.getrandbits(64)
         for _ in range(n)],
        np.uint64,
    )  # fmt: skip


def test_a_product_is_that_of_polynomials() -> None:
    """Products equal those of a division by hand, bit by bit."""
    draw = random.Random(1)
    a, b = words(draw, 300), words(draw, 300)
    expected = [slow(int(x), int(y)) for x, y in zip(a, b, strict=True)]
    assert [int(one) for one in dzk.mul(a, b)] == expected
    total = 0
    for one in expected:
        total ^= one
    assert dzk.dot(a, b) == total


def test_the_field_has_its_vectors() -> None:
    """A few products that were worked out by hand."""
    for a, b, expected in (
        (1 << 63, 2, 0x1B),
        (1 << 63, 4, 0x36),
        (3, 7, 9),
        (1 << 32, 1 << 32, 0x1B),
    ):
        made = dzk.mul(np.array([a], np.uint64), np.array([b], np.uint64))
        assert expected == int(made[0]) == slow(a, b)


def test_corners_of_the_first_message_are_the_gates() -> None:
    """Where a point is a corner, G is the sum of the gates' words."""
    draw = random.Random(2)
    x0, x1, y0, y1 = (words(draw, 128) for _ in range(4))
    beta = words(draw, 2)
    found = dzk.bits(x0, x1, y0, y1, beta)
    gates = (x0 & y1) ^ (y0 & x1)
    for corner in range(64):
        point = sum(3**j for j in range(6) if corner >> j & 1)
        expected = slow(int(gates[corner]), int(beta[0]))
        expected ^= slow(int(gates[64 + corner]), int(beta[1]))
        assert int(found[point]) == expected


def test_an_array_of_another_length_is_refused() -> None:
    """Lengths and types are checked before C sees them."""
    one, two = np.zeros(64, np.uint64), np.zeros(2, np.uint64)
    with pytest.raises(OutOfRange, match="expected 128 words, found 64"):
        dzk.bits(one, one, one, one, two)
    with pytest.raises(OutOfRange, match="float64"):
        dzk.dot(two.astype(float), two)
