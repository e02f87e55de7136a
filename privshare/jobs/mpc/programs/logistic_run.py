"""Logistic regression on shares: see `logistic`."""

from __future__ import annotations

from collections.abc import Mapping

from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.programs.inputs import gather
from privshare.jobs.mpc.programs.logistic import (
    CUBIC,
    HALF,
    LINEAR,
    THOUSAND,
    WEIGHT_BITS,
    Logistic,
)
from privshare.jobs.mpc.programs.program import Plan
from privshare.jobs.mpc.programs.sharing import column_of, negative, repeat, stack
from privshare.jobs.mpc.ring import Shared, concat

__all__ = ["logistic_regression"]

_RING = 128


def logistic_regression(
    party: Party, plan: Plan, inputs: Mapping[str, Shared]
) -> Shared:
    """Whether the limit held, then the coefficients, step by step as `recipe`."""
    detail: Logistic = plan.detail
    columns = gather(plan, inputs)
    down = stack([columns[name, "fixed"] for name in detail.x])
    rough = stack([columns[name, "coarse"] for name in detail.x]).transpose()
    halves = party.add_public(-columns[detail.y, "number"].scale(THOUSAND), HALF)
    d = len(detail.x)
    # XᵀX and Xᵀ(500 - 1000·y), side by side.
    beside = concat([down, halves.reshape(1, plan.n_rows)]).transpose()
    fixed = party.matmul(down, beside)
    gram, constant = fixed[:, :d], fixed[:, d].scale(1 << detail.cube_bits)
    none = party.public([0] * d, _RING)
    w, coarse, all_w = none, none, list[Shared]()
    for _ in range(detail.steps):
        slope = constant
        if all_w:
            cubes = _cubes(party, party.matmul(rough, column_of(coarse)))
            linear = party.matmul(gram, column_of(w)).scale(
                LINEAR << detail.linear_shift
            )
            cubic = party.matmul(down, cubes).scale(CUBIC)
            slope = slope + (linear - cubic).reshape(d)
        w, coarse = _step(party, slope, w, detail)
        all_w.append(w)
    held = _held(party, concat(all_w), detail.limit << WEIGHT_BITS)
    return concat([held, party.multiply(w, repeat(held, d).reshape(d))])


def _step(
    party: Party, slope: Shared, w: Shared, detail: Logistic
) -> tuple[Shared, Shared]:
    """w after a step, and rounded for the cubic part: both from the same number."""
    gradient, step = detail.bounds
    kept = party.truncate(slope, detail.gradient_cut, gradient)
    exact = w.scale(1 << detail.step_cut) - kept.scale(detail.factor)
    cut = detail.step_cut + detail.coarse_cut
    near = party.add_public(exact, 1 << cut - 1)
    w, coarse = party.truncate_each((exact, detail.step_cut, step), (near, cut, step))
    return w, coarse


def _cubes(party: Party, z: Shared) -> Shared:
    return party.multiply(party.multiply(z, z), z)


def _held(party: Party, w: Shared, limit: int) -> Shared:
    """A vector of one: 1 if no entry is larger than the limit in size."""
    tests = concat([party.add_public(w, limit), party.add_public(-w, limit)])
    outside = negative(party, tests).sum().reshape(1)
    return negative(party, party.add_public(outside, -1))
