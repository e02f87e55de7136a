"""Noise that hides one person in a sum: whole, or in shares of several nodes.

A `Noise` is a distribution over the integers, given by whole numbers alone. One
who adds it alone takes `sample`. Where three nodes each add a share, `share`
gives what one of them adds: any two shares together are at least as good as the
whole, so that one node may know its own, or have added none.

    rights.mechanism  ─► Noise ─► share ─► jobs.mpc.noise adds it under shares

    discrete Laplace    a share is half of it exactly: the difference of two
                        negative binomials of shape 1/2, since a geometric
                        number is the sum of two
    discrete Gaussian   a share has half of the variance; the sum of two is not
                        quite a discrete Gaussian, and `closeness` bounds how
                        far from one it is

The third share only adds noise to what the two others hide, so that it costs
accuracy and never privacy.

Sampling takes time that depends on the samples (`bindings.noise`).

Sources: Canonne, Kamath and Steinke, "The discrete Gaussian for differential
privacy", NeurIPS 2020. Kairouz, Liu and Steinke, "The distributed discrete
Gaussian mechanism for federated learning with secure aggregation", ICML 2021,
theorem 1. Goryczka and Xiong, IEEE TDSC 14 (2017), for Laplace noise in shares.

>>> noise = DiscreteGaussian(200)
>>> noise.half_variance, noise.interval95(), noise.interval95(shares=3)
(100, 28, 34)
>>> closeness(100, 2) < Fraction(1, 10**400)
True
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from privshare.bindings import noise as native
from privshare.bindings.noise import RandomSource
from privshare.errors import OutOfRange

__all__ = [
    "DiscreteGaussian",
    "DiscreteLaplace",
    "Noise",
    "RandomSource",
    "closeness",
]

#: 2π²/ln 2 · k/(k+1) rounded down, for k = 1 and 2: exp(-2π²σ²k/(k+1)) is at
#: most 2 to minus this times σ².
_EXPONENTS = (14, 18)

#: Two-sided 95 % point of a standard normal, squared, rounded up.
_NORMAL95_SQUARED = Fraction(38415, 10_000)

#: P(|X| > c) = 0.05 for the difference of two gamma variables of scale 1 and
#: shape 1, ln 20; and of shape 3/2, whose density is |x| K_1(|x|) / π. Rounded
#: up.
_LAPLACE95 = {
    1: Fraction(2_996, 1_000),
    2: Fraction(2_996, 1_000),
    3: Fraction(361, 100),
}

#: P(|X| > λ) <= 2 exp(-λ²/(2·3v)) for three Gaussian shares of variance v,
#: which are subgaussian: 6·65·ln 2 rounded up gives 2^-64.
_GAUSSIAN_TAIL = 271

#: By Markov for exp(0.9·X/b): 2·0.19^-1.5·exp(-0.9·λ/b) <= 2^-64.
_LAPLACE_TAIL = 53


def closeness(variance: int, shares: int) -> Fraction:
    """How far a sum of discrete Gaussians is from one discrete Gaussian.

    τ = 10·Σ exp(-2π²σ²·k/(k+1)) for k = 1 ... shares - 1 bounds the logarithm
    of the ratio of their probabilities, at every integer.

    Args:
        variance: σ² of each share, 1 or more.
        shares: How many are added, 1 to 3.

    Returns:
        An upper bound of τ; 0 for one share.

    Raises:
        OutOfRange: A number outside its interval.

    Source:
        Kairouz, Liu and Steinke, ICML 2021, theorem 1, which asks for σ >= 1/2.
    """
    if variance < 1 or not 1 <= shares <= len(_EXPONENTS) + 1:
        raise OutOfRange(
            f"expected 1 to 3 shares of a variance of 1 or more, found {shares} of "
            f"{variance}"
        )
    terms = (Fraction(1, 1 << min(e * variance, 1 << 14)) for e in _EXPONENTS)
    return 10 * sum(list(terms)[: shares - 1], Fraction(0))


@dataclass(frozen=True, slots=True)
class DiscreteLaplace:
    """P(x) ∝ exp(-|x|·s/t).

    Attributes:
        t: Numerator of the scale.
        s: Its denominator.

    Raises:
        OutOfRange: A number outside its interval.
    """

    t: int
    s: int

    def __post_init__(self) -> None:
        limits = native.MAX_T, native.MAX_S
        if not (0 < self.t < limits[0] and 0 < self.s < limits[1]):
            raise OutOfRange(
                f"expected 0 < t < {limits[0]} and 0 < s < {limits[1]}, found "
                f"t = {self.t} and s = {self.s}"
            )
        if self.t > native.MAX_SCALE * self.s:
            raise OutOfRange(
                f"expected a scale of at most {native.MAX_SCALE}, found "
                f"{self.t // self.s}",
                fix="Use larger units: thousands instead of ones.",
            )

    @property
    def divisible(self) -> bool:
        """Whether shares of it can be sampled: their time grows with the scale."""
        return bool(self.t <= native.MAX_POLYA_SCALE * self.s)

    def sample(self, count: int, rand: RandomSource = secrets.token_bytes) -> list[int]:
        """Draw whole noise, for one who adds it alone."""
        return native.laplace(self.t, self.s, count, rand)

    def share(self, count: int, rand: RandomSource = secrets.token_bytes) -> list[int]:
        """Draw what one of three nodes adds; any two reach this distribution.

        Raises:
            OutOfRange: The scale is too large for shares.
        """
        if not self.divisible:
            raise OutOfRange(
                f"expected a scale of at most {native.MAX_POLYA_SCALE} for noise in "
                f"shares, found {self.t // self.s}",
                fix="Use discrete Gaussian noise, or larger units.",
            )
        return native.polya(self.t, self.s, count, rand)

    def variance(self, shares: int = 1) -> Fraction:
        """A bound of the variance: 2·(t/s)², half as much again for three shares."""
        whole = 2 * Fraction(self.t, self.s) ** 2
        return whole * max(2, shares) / 2

    def interval95(self, shares: int = 1) -> int:
        """The least known r such that 95 of 100 samples lie within ±r.

        Args:
            shares: How many are added: 1 for the whole, 2 or 3 shares.
        """
        return _ceil(_LAPLACE95[shares] * Fraction(self.t, self.s))

    def bound(self) -> int:
        """What three shares pass with a probability of at most 2^-64."""
        return _ceil(_LAPLACE_TAIL * Fraction(self.t, self.s)) + 1


@dataclass(frozen=True, slots=True)
class DiscreteGaussian:
    """P(x) ∝ exp(-x²/(2σ²)).

    Attributes:
        variance_parameter: σ², a whole number.

    Raises:
        OutOfRange: A number outside its interval.
    """

    variance_parameter: int

    def __post_init__(self) -> None:
        if not 1 <= self.variance_parameter < native.MAX_VARIANCE:
            raise OutOfRange(
                f"expected a variance of 1 to {native.MAX_VARIANCE - 1}, found "
                f"{self.variance_parameter}",
                fix="Use larger units, or a smaller privacy level.",
            )

    @property
    def half_variance(self) -> int:
        """σ² of a share: half, rounded up."""
        return -(-self.variance_parameter // 2)

    def sample(self, count: int, rand: RandomSource = secrets.token_bytes) -> list[int]:
        """Draw whole noise, for one who adds it alone."""
        return native.gaussian(self.variance_parameter, 1, count, rand)

    def share(self, count: int, rand: RandomSource = secrets.token_bytes) -> list[int]:
        """Draw what one of three nodes adds; any two are close to the whole."""
        return native.gaussian(self.half_variance, 1, count, rand)

    def variance(self, shares: int = 1) -> Fraction:
        """A bound of the variance of the whole, or of so many shares."""
        if shares == 1:
            return Fraction(self.variance_parameter)
        return Fraction(shares * self.half_variance)

    def interval95(self, shares: int = 1) -> int:
        """The least known r such that 95 of 100 samples lie within ±r.

        Args:
            shares: How many are added: 1 for the whole, 2 or 3 shares.
        """
        return isqrt(_ceil(_NORMAL95_SQUARED * self.variance(shares))) + 1

    def bound(self) -> int:
        """What three shares pass with a probability of at most 2^-64."""
        return isqrt(_GAUSSIAN_TAIL * self.half_variance) + 1


Noise = DiscreteGaussian | DiscreteLaplace


def _ceil(x: Fraction) -> int:
    return -(-x.numerator // x.denominator)
