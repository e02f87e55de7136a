"""Goodness of fit: samples of noise against the exact distributions.

Seeds are fixed, so a test that passes passes always. `misfit` is about standard
normal for samples of the law, and beyond 8 for a law that is a little off.
"""

from __future__ import annotations

import doctest
import math
import os
import sys
from fractions import Fraction
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import noise_kit as kit

from privshare.bindings import noise as native
from privshare.schemes import noise as schemes
from privshare.schemes.noise import DiscreteGaussian, DiscreteLaplace

LONG = os.environ.get("PRIVSHARE_LONG") == "1"
COUNT = 1_000_000 if LONG else 200_000


def sums(
    noise: DiscreteGaussian | DiscreteLaplace, shares: int, seed: str
) -> list[int]:
    """Samples of so many shares added, each node with bytes of its own."""
    nodes = [noise.share(COUNT, kit.Stream(f"{seed}/{i}")) for i in range(shares)]
    return [sum(parts) for parts in zip(*nodes, strict=True)]


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 3), (1, 1), (7, 5), (13, 2)])
def test_bits_of_probability_exp(a: int, b: int) -> None:
    """Bits are 1 with probability exp(-a/b), above and below one."""
    bits = native.bernoulli_exp(a, b, COUNT, kit.Stream(f"bits {a}/{b}"))
    expected = float(kit.exp_minus(Fraction(a, b)))
    spread = math.sqrt(COUNT * expected * (1 - expected))
    assert abs(sum(bits) - COUNT * expected) <= 4 * spread


@pytest.mark.parametrize(("t", "s"), [(1, 3), (1, 1), (7, 3), (50, 1), (1000, 7)])
def test_laplace_fits(t: int, s: int) -> None:
    """Whole discrete Laplace noise has its exact probabilities."""
    samples = native.laplace(t, s, COUNT, kit.Stream("laplace"))
    assert abs(kit.misfit(samples, kit.laplace(t, s, 12 * t // s + 20))) < 4


@pytest.mark.parametrize(
    ("n", "d"), [(1, 7), (1, 1), (17, 4), (100, 1), (10**9, 10**5)]
)
def test_gaussian_fits(n: int, d: int) -> None:
    """Whole discrete Gaussian noise has its exact probabilities."""
    samples = native.gaussian(n, d, COUNT, kit.Stream("gaussian"))
    reach = 8 * math.isqrt(n // d) + 12
    assert abs(kit.misfit(samples, kit.gaussian(n, d, reach))) < 4


@pytest.mark.parametrize(("t", "s"), [(1, 3), (2, 1), (7, 3), (30, 1)])
def test_polya_fits(t: int, s: int) -> None:
    """One share of Laplace noise has the law of two negative binomials."""
    samples = native.polya(t, s, COUNT, kit.Stream("polya"))
    assert abs(kit.misfit(samples, kit.polya(t, s, 12 * t // s + 20))) < 4


@pytest.mark.parametrize(("t", "s"), [(2, 1), (7, 3), (30, 1)])
def test_two_laplace_shares_are_the_whole(t: int, s: int) -> None:
    """Any two shares together are discrete Laplace, not only close to it."""
    law = kit.laplace(t, s, 12 * t // s + 20)
    assert abs(kit.misfit(sums(DiscreteLaplace(t, s), 2, "two"), law)) < 4


def test_three_laplace_shares_fit() -> None:
    """All three shares have the law of two and one."""
    reach = 200
    law = kit.added(kit.laplace(8, 1, reach), kit.polya(8, 1, reach))
    assert abs(kit.misfit(sums(DiscreteLaplace(8, 1), 3, "three"), law)) < 4


@pytest.mark.parametrize("shares", [2, 3])
@pytest.mark.parametrize("variance", [2, 50, 400])
def test_sums_of_gaussian_shares_fit(shares: int, variance: int) -> None:
    """Two and three shares have the law of the convolution."""
    one = kit.gaussian(variance // 2, 1, 6 * math.isqrt(variance) + 10)
    law = one
    for _ in range(shares - 1):
        law = kit.added(law, one)
    found = sums(DiscreteGaussian(variance), shares, f"{variance}")
    assert abs(kit.misfit(found, law)) < 4


def test_a_law_that_is_a_little_off_does_not_fit() -> None:
    """The test has teeth: 6 % more variance, or a shift by a half, is seen."""
    samples = native.gaussian(100, 1, COUNT, kit.Stream("teeth"))
    assert abs(kit.misfit(samples, kit.gaussian(100, 1, 100))) < 4
    assert kit.misfit(samples, kit.gaussian(106, 1, 100)) > 6
    mixed = kit.gaussian(100, 1, 100)
    shifted = {x: 0.5 * p + 0.5 * mixed.get(x - 1, 0) for x, p in mixed.items()}
    assert kit.misfit(samples, shifted) > 6
    short = native.laplace(10, 1, COUNT, kit.Stream("teeth"))
    assert kit.misfit([x for x in short if x], kit.laplace(10, 1, 200)) > 6


def test_the_length_of_a_feed_chooses_nothing() -> None:
    """Bytes one by one give the same samples as many at once."""
    whole = kit.Stream("drops")(1 << 16)

    class Drops:
        def __init__(self, most: int) -> None:
            self.at, self.most = 0, most

        def __call__(self, count: int) -> bytes:
            count = min(count, self.most)
            self.at += count
            return whole[self.at - count : self.at]

    for call in (
        lambda rand: native.polya(9, 1, 30, rand),
        lambda rand: native.gaussian(1000, 3, 30, rand),
        lambda rand: native.laplace(10**9, 7, 30, rand),
    ):
        assert call(Drops(1 << 20)) == call(Drops(41))


@pytest.mark.skipif(not LONG, reason="long form: PRIVSHARE_LONG=1")
def test_wide_noise_fits_in_classes() -> None:
    """Large parameters, where only classes of values can be counted."""
    wide = native.gaussian(10**12, 1, COUNT, kit.Stream("wide"))
    classes = [math.floor((x + 0.5) / 10**5) for x in wide]
    normal = [0.5 * math.erfc(-k / 10 / math.sqrt(2)) for k in range(-60, 61)]
    law = {k - 60: normal[k + 1] - normal[k] for k in range(120)}
    assert abs(kit.misfit(classes, law)) < 4


def test_the_examples_of_the_module_run() -> None:
    """What its head shows is so."""
    result = doctest.testmod(schemes)
    assert result.attempted > 0 and result.failed == 0
