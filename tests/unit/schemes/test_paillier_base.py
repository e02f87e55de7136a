"""The base of public encryption follows from n alone."""

from __future__ import annotations

from math import gcd

import pytest

from privshare.errors import OutOfRange
from privshare.schemes.paillier_base import djn_base

P, Q = 2**127 - 1, 2**89 - 1  # both 3 modulo 4


def jacobi(a: int, n: int) -> int:
    a, sign = a % n, 1
    while a:
        while a % 2 == 0:
            a //= 2
            if n % 8 in (3, 5):
                sign = -sign
        a, n = n, a
        if a % 4 == 3 and n % 4 == 3:
            sign = -sign
        a %= n
    return sign if n == 1 else 0


def test_the_negative_of_a_square() -> None:
    """No square modulo either prime, so the Jacobi symbol is 1."""
    h = djn_base(P * Q)
    assert jacobi(-h, P) == jacobi(-h, Q) == 1
    assert jacobi(h, P) == jacobi(h, Q) == -1


def test_the_same_for_everybody() -> None:
    """A fixed answer: other programs must find it too."""
    assert djn_base(126869) == 19920
    assert djn_base(P * Q) == djn_base(P * Q)
    assert djn_base(P * Q) != djn_base(P * Q + 2)


@pytest.mark.parametrize("n", [126869, P * Q, 2**2047 + 2**1000 + 1])
def test_a_unit(n: int) -> None:
    """In [2, n), without a factor in common."""
    assert 2 <= djn_base(n) < n
    assert gcd(djn_base(n), n) == 1


@pytest.mark.parametrize("n", [-7, 0, 1, 3, 126870])
def test_moduli_that_have_none(n: int) -> None:
    """Even or too small."""
    with pytest.raises(OutOfRange, match="odd modulus"):
        djn_base(n)
