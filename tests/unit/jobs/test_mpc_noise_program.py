"""Programs of the catalogue with noise: through the engine, at three nodes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import mpc_program_kit as engine
import noise_kit as kit

from privshare.errors import NotPermitted, OutOfRange
from privshare.jobs.mpc import catalogue, joint, noise
from privshare.jobs.mpc.dealt import Dealt
from privshare.jobs.mpc.link import run3
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.pieces import expand, split
from privshare.jobs.mpc.programs.inputs import encode
from privshare.jobs.mpc.programs.program import Plan
from privshare.jobs.mpc.ring import Shared
from privshare.jobs.mpc.session_key import SessionKeys
from privshare.rights.mechanism import Mechanism

WAGES = [100, 0, 250, 999, 1_000, 3]
WORDS = ["north", "south"]
PLACES = ["north", "south", "south", "north", "south", "south"]


def mechanism(plan: Plan, **changes: Any) -> Mechanism:
    """The noise that a plan asks for."""
    assert plan.noised is not None
    fields: dict[str, Any] = {
        "statistic": plan.noised.statistic,
        "mech": "dgauss",
        "level": 20_000,
        "delta": 40,
        "low": plan.noised.low,
        "high": plan.noised.high,
        "cells": plan.noised.cells,
        "rows": 1,
        "honest": 2,
    }
    return Mechanism(**(fields | changes))


def plan_of(name: str) -> tuple[Any, Plan]:
    """A noisy sum of wages, or noisy sums by place."""
    columns = [engine.number("wage", 0, 1_000)]
    if name == "sum":
        parameters = engine.asked(columns, value="wage", noisy=True)
    else:
        columns.append(engine.category("place", WORDS))
        parameters = engine.asked(columns, value="wage", key="place", noisy=True)
    program = catalogue.find(name)
    return program, program.plan(parameters, {engine.DATASET: len(WAGES)}, 1)


def run_noisy(program: Any, plan: Plan, drawn: list[list[int]]) -> list[int]:
    """Deal, run, add noise, put together, as signed numbers."""
    plain: dict[str, Any] = {"wage": WAGES, "place": PLACES}
    plain = {column.name: plain[column.name] for column in plan.columns}
    flat = encode(plan, engine.DATASET, plain)
    pieces = split(flat, b"\1" * 32, b"\2" * 32)
    three = [expand(i, piece, len(flat), plan.ring) for i, piece in enumerate(pieces)]

    def work(link: Any) -> Shared:
        i = link.index
        party = Party(link, engine.KEYS[i], engine.KEYS[(i + 1) % 3])
        dealt = Shared(three[i], three[(i + 1) % 3], plan.ring)
        outputs = program.run(party, plan, {engine.DATASET: dealt})
        return noise.add(link, outputs, drawn[i], kit.Stream(f"pieces {i}"))

    half = 1 << (plan.ring - 1)
    return [(one + half) % (2 * half) - half for one in engine.elements(run3(work))]


def test_a_noisy_sum_is_the_sum_and_three_shares_of_noise() -> None:
    """What is opened less what is true is what the nodes drew, also below zero."""
    program, plan = plan_of("sum")
    asked = mechanism(plan)
    noise.check(plan, asked)
    for seed in range(4):
        drawn = [noise.prepare(asked, kit.Stream(f"{seed}/{i}")) for i in range(3)]
        (found,) = run_noisy(program, plan, drawn)
        assert found - sum(WAGES) == sum(numbers[0] for numbers in drawn)
    for numbers in ([[-10_000], [0], [0]], [[1], [2], [3]]):
        (found,) = run_noisy(program, plan, numbers)
        document = program.decode(plan, [found % (1 << plan.ring)])
        assert document["noisy"] is True


def test_noisy_sums_of_groups_get_noise_in_every_cell() -> None:
    """Two places, two totals, two numbers of each node."""
    program, plan = plan_of("group_sum")
    asked = mechanism(plan, mech="dlaplace", level=500_000, delta=None)
    noise.check(plan, asked)
    drawn = [noise.prepare(asked, kit.Stream(f"groups {i}")) for i in range(3)]
    found = run_noisy(program, plan, drawn)
    exact = [1_099, 1_253]
    assert [f - x for f, x in zip(found, exact, strict=True)] == [
        sum(cells) for cells in zip(*drawn, strict=True)
    ]


def test_a_node_adds_noise_as_its_task_says() -> None:
    """From the request to the answer: pieces of a noisy sum, and what was added."""
    _, plan = plan_of("sum")
    asked = mechanism(plan)
    flat = encode(plan, engine.DATASET, {"wage": WAGES})
    pieces = split(flat, b"\1" * 32, b"\2" * 32)
    columns = [engine.number("wage", 0, 1_000)]

    def task(i: int, made: Mechanism | None) -> joint.Task:
        return joint.Task(
            program="sum",
            parameters=engine.asked(columns, value="wage", noisy=True),
            k=1,
            model="semi-honest",
            inputs=[
                Dealt(
                    dataset=engine.DATASET,
                    rows=len(WAGES),
                    own=pieces[i],
                    next=pieces[(i + 1) % 3],
                )
            ],
            noise=made,
        )

    def work(link: Any, made: Mechanism | None = asked) -> joint.Finished:
        i = link.index
        keys = SessionKeys(previous=engine.KEYS[i], next=engine.KEYS[(i + 1) % 3])
        request = memoryview(joint.request_of(task(i, made)))
        return joint.read_answer(joint.work(link, keys, request))

    done = run3(work)
    limbs = [int.from_bytes(one.own[32:], "little") for one in done]
    half = 1 << (plan.ring - 1)
    found = (sum(limbs) + half) % (2 * half) - half
    assert found != sum(WAGES)
    assert abs(found - sum(WAGES)) < noise.headroom(asked)
    assert [one.pieces for one in done] == [done[0].pieces] * 3
    for one in done:
        assert one.noise == {"mechanism": asked.to_json(), **asked.report()}
        assert one.charge == asked.charge_epsilon
        assert one.bounds["noise"] == 64
    with pytest.raises(NotPermitted):
        run3(lambda link: work(link, None))


def test_a_plan_that_needs_noise_does_not_run_without() -> None:
    """None, for something else, for one party, or with no room in the ring."""
    _, plan = plan_of("sum")
    good = mechanism(plan)
    noise.check(plan, good)
    for bad in (None, replace(good, high=999), replace(good, low=-1)):
        with pytest.raises(NotPermitted) as caught:
            noise.check(plan, bad)
        assert caught.value.detail["rule"] == "privacy.noise"
    with pytest.raises(NotPermitted):
        noise.check(plan, replace(good, honest=1))
    with pytest.raises(NotPermitted):
        noise.check(replace(plan, noised=None), good)
    noise.check(replace(plan, noised=None), None)
    with pytest.raises(OutOfRange):
        noise.check(replace(plan, rows={engine.DATASET: 1 << 60}), good)


def test_noise_of_another_number_of_outputs_is_refused() -> None:
    """Each output gets noise, and no noise is left over."""
    program, plan = plan_of("sum")
    with pytest.raises(OutOfRange, match="2 outputs"):
        run_noisy(program, plan, [[1, 2]] * 3)
