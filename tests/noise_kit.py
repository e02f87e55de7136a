"""Exact distributions of the noise, and how well samples fit them.

Probabilities come from rational numbers: exp(-a/b) as a series with an error
below 2^-150, products and sums exactly. Only the last step, a chi-square
statistic, is a float.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from fractions import Fraction
from functools import cache

Law = dict[int, float]


class Stream:
    """Random bytes that are the same in every run."""

    def __init__(self, seed: str) -> None:
        self._seed, self._asked = seed, 0

    def __call__(self, count: int) -> bytes:
        self._asked += 1
        text = f"{self._seed}/{self._asked}".encode()
        return hashlib.shake_128(text).digest(count)


@cache
def exp_minus(x: Fraction) -> Fraction:
    """exp(-x), rounded to 2^-200."""
    if x > 1:
        return _round(exp_minus(x / 2) ** 2)
    term = total = Fraction(1)
    for k in range(1, 60):
        term *= -x / k
        total += term
    return _round(total)


def _round(x: Fraction) -> Fraction:
    return Fraction(math.floor(x * (1 << 200)), 1 << 200)


def _law(weights: dict[int, Fraction]) -> Law:
    total = sum(weights.values())
    return {x: float(w / total) for x, w in weights.items()}


def laplace(t: int, s: int, reach: int) -> Law:
    """Discrete Laplace of scale t/s, cut at ±reach."""
    q = exp_minus(Fraction(s, t))
    powers = [Fraction(1)]
    for _ in range(reach):
        powers.append(_round(powers[-1] * q))
    return {
        x: float((1 - q) / (1 + q) * powers[abs(x)]) for x in range(-reach, reach + 1)
    }


def gaussian(n: int, d: int, reach: int) -> Law:
    """Discrete Gaussian of σ² = n/d, cut at ±reach."""
    size = [exp_minus(Fraction(x * x * d, 2 * n)) for x in range(reach + 1)]
    return _law({x: size[abs(x)] for x in range(-reach, reach + 1)})


def polya(t: int, s: int, reach: int) -> Law:
    """Difference of two negative binomials of shape 1/2."""
    q = exp_minus(Fraction(s, t))
    one, binomial = {}, Fraction(1)
    for a in range(2 * reach):
        one[a] = binomial
        binomial = _round(binomial * q * Fraction(2 * a + 1, 2 * a + 2))
    half = _law(one)
    return cut(added(half, {-x: p for x, p in half.items()}), reach)


def cut(law: Law, reach: int) -> Law:
    """Without what lies farther out."""
    return {x: p for x, p in law.items() if abs(x) <= reach}


def added(first: Law, second: Law) -> Law:
    """The law of the sum of two independent numbers."""
    total: Law = {}
    for x, p in first.items():
        for y, q in second.items():
            total[x + y] = total.get(x + y, 0.0) + p * q
    return total


def misfit(samples: list[int], law: Law, least: float = 20.0) -> float:
    """How badly samples fit, in standard deviations of a normal.

    A chi-square statistic over values, neighbours joined until `least` samples
    are expected in each class, and everything outside the law in the last one;
    turned into a normal number by Wilson and Hilferty, PNAS 17 (1931).
    """
    found, count = Counter(samples), len(samples)
    classes: list[tuple[float, int]] = []
    expected, seen = 0.0, 0
    for x in sorted(law):
        expected += law[x] * count
        seen += found.pop(x, 0)
        if expected >= least:
            classes.append((expected, seen))
            expected, seen = 0.0, 0
    rest = count - sum(e for e, _ in classes)
    unseen = count - sum(s for _, s in classes)
    if rest < least:
        last, more = classes.pop()
        rest, unseen = rest + last, unseen + more
    classes.append((rest, unseen))
    square = sum((s - e) ** 2 / e for e, s in classes)
    degrees = len(classes) - 1
    spread = 2 / (9 * degrees)
    return float(((square / degrees) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))
