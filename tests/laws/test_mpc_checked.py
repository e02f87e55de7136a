"""Programs whose products are checked say what the same without checks say."""

from __future__ import annotations

import random
import sys
from pathlib import Path
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
    "mean": {"value": "wage"},
    "sum": {"value": "wage"},
    "threshold": {"value": "wage", "at_least": 3},
    "variance": {"value": "wage"},
}


def columns_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns that a case declares."""
    named = {case.get("value"), case.get("key"), *case.get("values", ())}
    every = [
        engine.number("wage", -1_000, 1_000),
        engine.number("age", 0, 120),
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


def test_what_does_not_fit_64_bits_is_not_checked() -> None:
    """The check covers the low bits of the larger ring alone."""
    large = 1 << 40
    columns = [engine.number("wage", -large, large)]
    parameters = engine.asked(columns, value="wage")
    plan = catalogue.find("variance").plan(parameters, {engine.DATASET: 10}, 1)
    assert plan.ring == 128
    catalogue.check_model(plan, "semi-honest")
    with pytest.raises(NotPermitted) as refused:
        catalogue.check_model(plan, "malicious-abort")
    assert refused.value.detail["rule"] == "job.model"
