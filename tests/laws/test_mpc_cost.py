"""What an estimate says a program sends is what it sends."""

from __future__ import annotations

import random
from typing import Any

import pytest
from mpc_program_kit import DATASET, asked, category, number, ran

from privshare.jobs.mpc import catalogue
from privshare.jobs.mpc.programs import estimate
from privshare.jobs.mpc.programs.calibration import calibrate, speed
from privshare.jobs.mpc.programs.cost import SECONDS, Tally

VALUE, OTHER, BIT = number("v", 0, 50_000, 2), number("w", 0, 100), number("b", 0, 1)
KEY = category("key", list("abcdefgh"))
X = [{"column": "w", "center": 50, "unit": 30}]
ASKED: dict[str, dict[str, Any]] = {
    "sum": asked([VALUE], value="v"),
    "mean": asked([VALUE], value="v"),
    "variance": asked([VALUE], value="v"),
    "covariance": asked([VALUE, OTHER], values=["v", "w"]),
    "threshold": asked([VALUE], value="v", at_least=5),
    "count": asked([VALUE], value="v", at_least=5, at_most=40_000),
    "histogram": asked([VALUE], value="v", edges=[0, 10, 1000, 50_001]),
    "group_sum": asked([VALUE, KEY], value="v", key="key"),
    "group_mean": asked([VALUE, KEY], value="v", key="key", keys="owner"),
    "linear_regression": asked([VALUE, OTHER, BIT], y="v", X=["w", "b"]),
    "logistic_regression": asked(
        [OTHER, BIT], y="b", X=X, steps=3, rate=10**6, limit=4
    ),
}


@pytest.mark.parametrize("rows", [40, 1000])
@pytest.mark.parametrize("name", sorted(ASKED))
def test_rounds_and_bytes_are_as_estimated(name: str, rows: int) -> None:
    """Within a fifth, for few rows and for many."""
    drawn = random.Random(rows)
    plain: dict[str, list[Any]] = {
        "v": [drawn.randint(0, 50_000) for _ in range(rows)],
        "w": [drawn.randint(0, 100) for _ in range(rows)],
        "b": [drawn.randint(0, 1) for _ in range(rows)],
        "key": [drawn.choice("abcdefgh") for _ in range(rows)],
    }
    program = catalogue.find(name)
    plan = program.plan(ASKED[name], {DATASET: rows}, 5)
    taken = {column.of[DATASET] for column in plan.columns}
    found = ran(program, plan, {DATASET: {key: plain[key] for key in taken}})
    assert plan.cost.rounds == pytest.approx(found.rounds, rel=0.2)
    assert plan.cost.bytes == pytest.approx(found.bytes, rel=0.2)
    assert plan.cost.seconds > 0


def test_an_estimate_grows_with_what_it_counts() -> None:
    """The checked model takes more, a slow machine longer; the exchange its time."""
    tally = Tally(64)
    tally.multiply(10_000)
    tally.matmul(1, 1_000, 1)
    cost = tally.cost()
    plain = estimate.cpu_seconds(cost, "semi-honest")
    checked = estimate.cpu_seconds(cost, "malicious-abort")
    assert 0.01 < plain < checked
    assert estimate.cpu_seconds(cost, "semi-honest", 2.0) == pytest.approx(2 * plain)
    assert estimate.wall_seconds(cost, "semi-honest") > 2
    assert 0.05 < speed() < 50
    assert speed() == speed()


def test_a_machine_can_be_calibrated() -> None:
    """Every operation in both rings, and an estimate that follows from it."""
    measured = calibrate(repeats=1)
    assert {name: set(rings) for name, rings in measured.items()} == {
        name: {64, 128} for name in SECONDS
    }
    assert all(one >= 0 for rings in measured.values() for one in rings.values())
    plan = catalogue.find("count").plan(ASKED["count"], {DATASET: 1000}, 5)
    assert plan.cost.seconds_by(measured) > 0
    assert plan.cost.seconds_by(SECONDS) == plan.cost.seconds
