"""Levels, charges, sensitivities and expected errors."""

from __future__ import annotations

import itertools
import math
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2]))

import noise_kit as kit

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.rights import privacy
from privshare.rights.mechanism import Mechanism
from privshare.schemes.noise import DiscreteGaussian, DiscreteLaplace, closeness


def mechanism(**changes: Any) -> Mechanism:
    """A sum of amounts up to 100.00, in shares."""
    fields: dict[str, Any] = {
        "statistic": "sum",
        "mech": "dgauss",
        "level": 50_000,
        "delta": 40,
        "low": 0,
        "high": 10_000,
        "cells": 1,
        "rows": 1,
        "honest": 2,
    }
    return Mechanism(**(fields | changes))


def laplace(**changes: Any) -> Mechanism:
    """A count with ε = 1, in shares."""
    fields: dict[str, Any] = {
        "statistic": "count",
        "mech": "dlaplace",
        "level": 1_000_000,
        "delta": None,
        "high": 1,
    }
    return mechanism(**(fields | changes))


@given(rho=st.integers(0, 1 << 40), bits=st.integers(20, 64))
def test_epsilon_of_rho_rounds_up_by_less_than_three_millionths(
    rho: int, bits: int
) -> None:
    """The charge is never below the formula, and hardly above."""
    ratio, micro = rho / 1e6, privacy.epsilon_of_rho(rho, bits)
    exact = 1e6 * (ratio + 2 * math.sqrt(ratio * bits * math.log(2)))
    assert exact * (1 - 1e-12) <= micro <= exact * (1 + 1e-8) + 2


@given(epsilon=st.integers(0, 1 << 30))
def test_rho_of_epsilon_rounds_up(epsilon: int) -> None:
    """ε²/2, rounded up to a millionth."""
    exact = Fraction(epsilon**2, 2 * 10**6)
    assert 0 <= privacy.rho_of_epsilon(epsilon) - exact < 1


def test_conversions_refuse_what_is_outside() -> None:
    """Negative levels, a δ nobody offers, numbers of 2^53."""
    for call in (
        lambda: privacy.rho_of_epsilon(-1),
        lambda: privacy.rho_of_epsilon((1 << 53) - 1),
        lambda: privacy.epsilon_of_rho(1, 19),
        lambda: privacy.epsilon_of_rho(1, 65),
        lambda: privacy.epsilon_of_rho(1 << 53, 40),
    ):
        with pytest.raises(OutOfRange):
            call()


def divergence(law: kit.Law, shift: int, order: float) -> float:
    """Rényi divergence of a law from itself, shifted."""
    total = 0.0
    for x, p in law.items():
        q = law.get(x + shift, 0.0)
        if p > 1e-280 and q > 1e-280:
            total += p * (p / q) ** (order - 1)
    return math.log(total) / (order - 1)


@pytest.mark.parametrize("level", [500_000, 250_000, 124_000, 50_000])
def test_two_gaussian_shares_reach_the_declared_rho(level: int) -> None:
    """Computed from the exact law of two shares: D_α <= α·ρ for many α."""
    asked = mechanism(statistic="count", high=1, level=level)
    noise = asked.noise
    assert isinstance(noise, DiscreteGaussian)
    one = kit.gaussian(
        noise.half_variance, 1, 20 * math.isqrt(noise.half_variance) + 20
    )
    two = kit.added(one, one)
    assert asked.loss <= Fraction(level, 10**6)
    for order in (1.01, 1.5, 2, 4, 8):
        found = divergence(two, 1, order)
        assert found <= order * float(asked.loss) * (1 + 1e-9)
        assert found >= 0.7 * order * float(asked.loss)


@pytest.mark.parametrize("variance", [1, 2, 3])
@pytest.mark.parametrize("shares", [2, 3])
def test_closeness_bounds_the_distance_to_one_gaussian(
    variance: int, shares: int
) -> None:
    """log of the ratio of probabilities, computed, is at most τ."""
    one = kit.gaussian(variance, 1, 30)
    law = one
    for _ in range(shares - 1):
        law = kit.added(law, one)
    whole = kit.gaussian(shares * variance, 1, 90)
    worst = max(abs(math.log(law[x] / whole[x])) for x in range(-12, 13))
    assert worst <= float(closeness(variance, shares)) + 1e-12
    if variance == 1:
        assert worst > 1e-9  # they do differ


def test_two_laplace_shares_are_exactly_the_whole() -> None:
    """The convolution of two shares is the discrete Laplace, to 10^-12."""
    half = kit.polya(3, 1, 150)
    both, whole = kit.added(half, half), kit.laplace(3, 1, 60)
    assert all(abs(both[x] - whole[x]) < 1e-12 for x in range(-60, 61))


@pytest.mark.parametrize("shares", [1, 2, 3])
@pytest.mark.parametrize("scale", [1, 3, 10])
def test_laplace_interval_covers_95_of_100(scale: int, shares: int) -> None:
    """From the exact law of so many shares."""
    law = kit.laplace(scale, 1, 20 * scale + 20)
    if shares == 3:
        law = kit.added(law, kit.polya(scale, 1, 20 * scale + 20))
    within = DiscreteLaplace(scale, 1).interval95(shares)
    covered = sum(p for x, p in law.items() if abs(x) <= within)
    assert 0.95 <= covered < 0.985


@pytest.mark.parametrize("shares", [1, 2, 3])
@pytest.mark.parametrize("variance", [2, 50, 400])
def test_gaussian_interval_covers_95_of_100(variance: int, shares: int) -> None:
    """From the exact law of so many shares."""
    noise = DiscreteGaussian(variance)
    if shares == 1:
        law = kit.gaussian(variance, 1, 200)
    else:
        one = kit.gaussian(noise.half_variance, 1, 120)
        law = one
        for _ in range(shares - 1):
            law = kit.added(law, one)
    covered = sum(p for x, p in law.items() if abs(x) <= noise.interval95(shares))
    assert 0.95 <= covered < 0.996


def moves(asked: Mechanism, groups: int) -> tuple[int, int]:
    """Largest Δ1 and Δ2² over all replacements of one small person."""
    counts = asked.statistic in ("count", "histogram")
    values = (1,) if counts else range(asked.low, asked.high + 1)
    row = [(None, 0), *((g, v) for g in range(groups) for v in values)]
    answers = []
    for rows in itertools.combinations_with_replacement(row, asked.rows):
        cells = [0] * groups
        for group, value in rows:
            if group is not None:
                cells[group] += value
        answers.append(cells)
    pairs = [
        [abs(x - y) for x, y in zip(a, b, strict=True)]
        for a, b in itertools.product(answers, answers)
    ]
    return max(map(sum, pairs)), max(sum(x * x for x in p) for p in pairs)


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize(
    ("statistic", "low", "high", "cells"),
    [
        ("count", 0, 1, 1),
        ("histogram", 0, 1, 3),
        ("sum", 0, 4, 1),
        ("sum", -3, 2, 1),
        ("sum", 2, 4, 1),
        ("group-sum", 0, 3, 3),
        ("group-sum", -2, 2, 2),
        ("group-sum", -3, 1, 2),
    ],
)
def test_sensitivity_is_that_of_the_worst_person(
    statistic: str, low: int, high: int, cells: int, rows: int
) -> None:
    """Every replacement of a person, tried: Δ1 is reached, Δ2² never passed."""
    asked = mechanism(
        statistic=statistic, low=low, high=high, cells=cells, rows=rows, level=500_000
    )
    l1, l2_squared = moves(asked, cells)
    assert l1 == asked.l1
    assert l2_squared <= asked.l2_squared <= 2 * l2_squared


def test_document_round_trip_and_its_price() -> None:
    """What is read equals what was written, and charges follow from it."""
    for asked in (mechanism(), laplace(), laplace(honest=1)):
        assert Mechanism.from_json(asked.to_json()) == asked
    assert (mechanism().charge_rho, mechanism().charge_epsilon) == (50_000, 2_404_821)
    assert (laplace().charge_rho, laplace().charge_epsilon) == (500_000, 1_000_000)
    assert mechanism().tau_bits == (1 << 14) - 4
    assert laplace().tau_bits is None
    assert mechanism().report() == {
        "closeness": (1 << 14) - 4,
        "epsilon": 2_404_821,
        "rho": 50_000,
        "within": 75_910,
    }
    assert mechanism().digest() != laplace().digest()


@settings(max_examples=300)
@given(
    field=st.sampled_from(sorted(mechanism().to_json())),
    value=st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(1 << 60), 1 << 60),
        st.text(max_size=5),
        st.lists(st.integers(), max_size=2),
    ),
)
def test_documents_from_outside_are_read_or_refused(field: str, value: Any) -> None:
    """Another value in any field: a mechanism, or one of our errors."""
    document = mechanism().to_json() | {field: value}
    try:
        assert Mechanism.from_json(document).to_json() == document
    except PrivShareError:
        return


def test_a_sensitivity_cannot_be_claimed() -> None:
    """It follows from the bounds; another one is refused, and unknown fields."""
    document = mechanism().to_json()
    with pytest.raises(EncodingError, match=r"noise.sensitivity: expected 100000000"):
        Mechanism.from_json(document | {"sensitivity": "1"})
    with pytest.raises(EncodingError, match="no further field"):
        Mechanism.from_json(document | {"extra": 1})


def test_what_does_not_fit_is_refused() -> None:
    """Counts with bounds, Laplace with δ, Gaussian without, empty bounds."""
    for changes in (
        {"statistic": "count"},
        {"delta": None},
        {"low": 5, "high": 5},
        {"cells": 2},
        {"level": 0},
        {"rows": 0},
        {"honest": 3},
        {"mech": "dlaplace"},
    ):
        with pytest.raises(PrivShareError):
            mechanism(**changes)


def test_laplace_shares_of_wide_sums_are_refused_with_a_way_out() -> None:
    """The walk would be long; alone, or with a Gaussian, it works."""
    wide = {"statistic": "sum", "high": 1 << 37, "level": 100_000}
    with pytest.raises(OutOfRange) as caught:
        laplace(**wide)
    assert "dgauss" in str(caught.value.fix)
    assert laplace(**wide, honest=1).noise
    assert mechanism(high=1 << 37, level=10_000).noise


def test_noise_is_the_least_that_reaches_the_level() -> None:
    """σ² less by one share would not be enough."""
    for level in (1, 999, 50_000, 500_000):
        asked = mechanism(level=level)
        share = asked.noise.variance_parameter // 2  # type: ignore[union-attr]
        assert asked.loss <= Fraction(level, 10**6)
        assert Fraction(asked.l2_squared, 4 * (share - 1)) >= Fraction(level, 10**6)


def test_expected_error_speaks_in_the_units_of_the_user() -> None:
    """Grouped digits, the column's scale, one cell or every cell."""
    assert mechanism().expected_error(scale=2, unit="euro") == (
        "within ±759.10 euro of the exact answer, 95 times of 100"
    )
    many = laplace(statistic="histogram", cells=16, level=1_000)
    assert many.expected_error(unit="persons") == (
        "within ±7,220 persons of every cell, 95 times of 100"
    )
    assert replace(laplace(), honest=1).error95() == 3


def test_tags_of_filters_need_the_key() -> None:
    """Equal filters have equal tags under one key, and no others."""
    key, other = bytes(32), bytes(31) + b"\1"
    harbour = {"column": "district", "equals": "harbour"}
    assert privacy.filter_tag(key, harbour) == privacy.filter_tag(key, dict(harbour))
    tags = {privacy.filter_tag(k, f) for k in (key, other) for f in (harbour, None)}
    assert len(tags) == 4
    with pytest.raises(OutOfRange):
        privacy.filter_tag(b"short", None)
