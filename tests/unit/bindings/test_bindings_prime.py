"""Primality against a sieve, known hard cases, and the range of the call."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.bindings.prime import MAX_BITS, is_prime
from privshare.errors import OutOfRange

# OEIS A002997 (Carmichael) and A014233 (strong pseudoprimes to the first
# primes), up to the one that fools the bases 2 to 37.
HARD = [561, 41041, 825265, 3215031751, 341550071728321, 318665857834031151167461]


def test_below_two_thousand() -> None:
    """Every small number comes out as trial division says."""
    for value in range(2000):
        expected = value > 1 and all(value % d for d in range(2, int(value**0.5) + 1))
        assert expected == is_prime(value, 20), value


@pytest.mark.parametrize("value", HARD)
def test_pseudoprimes_are_found_out(value: int) -> None:
    """Numbers that fool fixed bases do not fool bases drawn from the number."""
    assert not is_prime(value)


@pytest.mark.parametrize("exponent", [61, 89, 127, 521, 607, 1279])
def test_mersenne_primes(exponent: int) -> None:
    """Known Mersenne primes are prime, and their neighbours are not."""
    assert is_prime(2**exponent - 1, 5)
    assert not is_prime(2**exponent + 1, 5)


@settings(max_examples=20)
@given(st.integers(2**63, 2**100), st.integers(2**63, 2**100))
def test_products_are_composite(a: int, b: int) -> None:
    """A product is composite, whatever its factors."""
    assert not is_prime(a * b)


def test_range() -> None:
    """Negative and over-long numbers are refused."""
    for value in (-3, 2**MAX_BITS):
        with pytest.raises(OutOfRange):
            is_prime(value)
