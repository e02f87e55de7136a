"""Programs whose products are checked say what the same without checks say."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import mpc_program_kit as engine

from privshare.errors import NotPermitted
from privshare.jobs.mpc import catalogue
from privshare.jobs.mpc.checked_party import CheckedParty

WORDS = ["east", "north", "west"]
ROWS = 70

CASES: dict[str, dict[str, Any]] = {
    "count": {"value": "wage", "at_least": 100, "at_most": 600},
    "covariance": {"values": ["wage", "age"]},
    "group_mean": {"value": "wage", "key": "place"},
    "group_sum": {"value": "wage", "key": "place"},
    "histogram": {"value": "wage", "edges": [-1_000, 0, 500, 1_000]},
    "linear_regression": {"y": "wage", "X": ["age", "flag"]},
    "logistic_regression": {
        "y": "flag",
        "X": [{"column": "age", "center": 60, "unit": 30}],
        "steps": 2,
        "rate": 10**6,
        "limit": 4,
    },
    "mean": {"value": "wage"},
    "quantile": {"value": "wage", "quantiles": [250, 500]},
    "sum": {"value": "wage"},
    "top_k": {"value": "wage", "at_least": 100, "largest": 3},
    "threshold": {"value": "wage", "at_least": 3},
    "variance": {"value": "wage"},
}


def columns_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns that a case declares."""
    named = {case.get(one) for one in ("value", "key", "y")}
    named |= set(case.get("values", ()))
    named |= {
        one["column"] if isinstance(one, dict) else one for one in case.get("X", ())
    }
    every = [
        engine.number("wage", -1_000, 1_000),
        engine.number("age", 0, 120),
        engine.number("flag", 0, 1),
        engine.category("place", WORDS),
    ]
    return [one for one in every if one["name"] in named]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("k", [1, 30])
def test_checked_programs_equal_their_references(name: str, k: int) -> None:
    """Every program that says it can be checked, in the model malicious-abort."""
    draw = random.Random(name)
    plain: dict[str, Any] = {
        "wage": [draw.randint(-1_000, 1_000) for _ in range(ROWS)],
        "age": [draw.randint(0, 120) for _ in range(ROWS)],
        "flag": [draw.randint(0, 1) for _ in range(ROWS)],
        "place": [draw.choice(WORDS) for _ in range(ROWS)],
    }
    declared = columns_of(CASES[name])
    plain = {one["name"]: plain[one["name"]] for one in declared}
    parameters = engine.asked(declared, **CASES[name])
    engine.same(
        catalogue.find(name), parameters, {engine.DATASET: plain}, k, CheckedParty
    )


def test_every_program_says_whether_it_can_be_checked() -> None:
    """Those that can are those tested here."""
    can = {one for one in catalogue.names() if catalogue.find(one).checked}
    assert can == set(CASES)


@pytest.mark.parametrize("name", ["sum", "variance", "threshold", "group_sum"])
def test_large_numbers_are_checked_too(name: str) -> None:
    """In a ring of 128 bits, with tags in one of 192."""
    large = 1 << 45
    draw = random.Random(name)
    columns = [engine.number("wage", -large, large), engine.category("place", WORDS)]
    taken = columns if name == "group_sum" else columns[:1]
    plain: dict[str, Any] = {
        "wage": [draw.choice([-large, large, 0, 1, -1]) for _ in range(ROWS)],
        "place": [draw.choice(WORDS) for _ in range(ROWS)],
    }
    plain = {one["name"]: plain[one["name"]] for one in taken}
    parameters = engine.asked(taken, **CASES[name])
    program, data = catalogue.find(name), {engine.DATASET: plain}
    plan = program.plan(parameters, {engine.DATASET: ROWS}, 2)
    catalogue.check_model(plan, "malicious-abort")
    engine.same(program, parameters, data, 2, CheckedParty)
    if name == "variance":
        assert plan.ring == 128


def test_what_shuffles_is_not_checked() -> None:
    """Nothing shows that rows were only exchanged."""
    plan = SimpleNamespace(program="join_group_sum")
    with pytest.raises(NotPermitted) as refused:
        catalogue.check_model(plan, "malicious-abort")  # type: ignore[arg-type]
    assert refused.value.detail["rule"] == "job.model"
