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
    across = down.transpose()
    labels = columns[detail.y, "number"].scale(THOUSAND << detail.label_bits)
    d = len(detail.x)
    w, all_w = party.public([0] * d, _RING), []
    score, gradient, step = detail.bounds
    for _ in range(detail.steps):
        raw = party.matmul(across, column_of(w)).reshape(plan.n_rows)
        z = party.truncate(raw, detail.cut, score)
        errors = _cubic(party, z, detail) - labels
        slope = party.matmul(down, column_of(errors)).reshape(d)
        kept = party.truncate(slope, detail.gradient_cut, gradient)
        w = w - party.truncate(kept.scale(detail.factor), detail.step_cut, step)
        all_w.append(w)
    held = _held(party, concat(all_w), detail.limit << WEIGHT_BITS)
    return concat([held, party.multiply(w, repeat(held, d).reshape(d))])


def _cubic(party: Party, z: Shared, detail: Logistic) -> Shared:
    """1000 times the sigmoid: z·(197·2^2f - 4·z²) + 500·2^3f."""
    bits = detail.score_bits
    square = party.multiply(z, z).scale(-CUBIC)
    slope = party.add_public(square, LINEAR << 2 * bits)
    return party.add_public(party.multiply(z, slope), HALF << 3 * bits)


def _held(party: Party, w: Shared, limit: int) -> Shared:
    """A vector of one: 1 if no entry is larger than the limit in size."""
    tests = concat([party.add_public(w, limit), party.add_public(-w, limit)])
    outside = negative(party, tests).sum().reshape(1)
    return negative(party, party.add_public(outside, -1))
