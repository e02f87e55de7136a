"""Linear regression on shares: see `linear`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.programs.inputs import gather
from privshare.jobs.mpc.programs.linear import (
    RESIDUAL_BITS,
    Linear,
    Scaling,
    scaling,
)
from privshare.jobs.mpc.programs.program import Plan
from privshare.jobs.mpc.programs.sharing import column_of, negative, repeat, stack
from privshare.jobs.mpc.ring import Bits, Shared, concat, limbs_of

__all__ = ["linear_regression"]

_RING, _BOUND = 128, 124


def linear_regression(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """Coefficients and what their errors follow from, step by step as `recipe`."""
    detail: Linear = plan.detail
    d, f = len(detail.x), detail.fraction_bits
    sums, products = _products(party, plan, inputs)
    scales = scaling(detail, _lengths(party, products))
    g = scales.halves
    a = _scaled(party, products, scales, f)
    inner = a[:d, :d]
    inverse, fits = _inverse(party, detail, inner)
    beside, corner = a[:d, d], a[d : d + 1, d]
    b = _cut(party, party.matmul(inverse, column_of(beside)), f).reshape(d)
    rest = corner - _cut(party, party.dot(beside, b).reshape(1), f)
    u = _means(party, sums, scales)
    far = _cut(party, party.matmul(inverse, column_of(u[:d])), f).reshape(d)
    spread = party.dot(u[:d], far).reshape(1)
    start = u[d : d + 1] - _cut(party, party.dot(b, u[:d]).reshape(1), f)
    diagonal = concat([inverse[i, i : i + 1] for i in range(d)])
    found = concat([b, diagonal, rest, corner, start, spread])
    kept = party.multiply(found, repeat(fits, found.size).reshape(found.size))
    return concat([fits, kept, party.public(list(g), _RING)])


def _products(
    party: Party, plan: Plan, inputs: Mapping[str, Shared]
) -> tuple[Shared, Shared]:
    """Totals, and n times the products about the means."""
    detail: Linear = plan.detail
    columns = gather(plan, inputs)
    x = stack([columns[name, "number"] for name in (*detail.x, detail.y)])
    sums = x.sum(1)
    raw = party.matmul(x, x.transpose()).scale(plan.n_rows)
    row = sums.reshape(1, len(sums))
    return sums, raw - party.matmul(column_of(sums), row)


def _lengths(party: Party, products: Shared) -> list[int]:
    """Open the bit lengths of the diagonal, and nothing else of it."""
    size = len(products)
    diagonal = concat([products[i, i : i + 1] for i in range(size)])
    seen = party.to_bits(diagonal)
    span = 1
    while span < _RING:
        # Each bit becomes 1 where one of those above it is: a | b = a ^ b ^ ab.
        above, below = seen[span:], seen[: _RING - span]
        joined = (above ^ below) ^ party.and_(above, below)
        seen = joined.stack(seen[_RING - span :])
        span *= 2
    rows = party.open_bits(Bits(seen.own, seen.next, size), "spreads")
    bits = np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little")
    return [int(bits[:, i].sum()) for i in range(size)]


def _scaled(party: Party, products: Shared, scales: Scaling, f: int) -> Shared:
    size, g = len(products), scales.halves
    powers = [1 << scales.shift - p - q for p in g for q in g]
    raised = products.reshape(size * size).scale(limbs_of(powers, _RING))
    return _cut(party, raised, scales.shift - f).reshape(size, size)


def _means(party: Party, sums: Shared, scales: Scaling) -> Shared:
    raised = sums.scale(
        limbs_of([1 << scales.mean_shift - h for h in scales.halves], _RING)
    )
    return _cut(party, raised, scales.mean_shift - scales.mean_bits)


def _inverse(party: Party, detail: Linear, a: Shared) -> tuple[Shared, Shared]:
    """Newton's iteration, and a vector of one: 1 if it arrived."""
    d, f = len(a), detail.fraction_bits
    m = _identity(party, d, 1 << f - detail.d_bits)
    twice, once = _identity(party, d, 2 << f), _identity(party, d, 1 << f)
    for _ in range(detail.iterations):
        left = twice - _cut(party, party.matmul(a, m), f)
        m = _cut(party, party.matmul(m, left), f)
    rest = (once - _cut(party, party.matmul(a, m), f)).reshape(d * d)
    bound = 1 << f - RESIDUAL_BITS
    tests = concat([party.add_public(rest, bound), party.add_public(-rest, bound - 1)])
    outside = negative(party, tests).sum().reshape(1)
    # None is outside: their number less one is negative.
    return m, negative(party, party.add_public(outside, -1))


def _identity(party: Party, d: int, one: int) -> Shared:
    flat = [one if i % (d + 1) == 0 else 0 for i in range(d * d)]
    return party.public(flat, _RING).reshape(d, d)


def _cut(party: Party, x: Shared, n_bits: int) -> Shared:
    return party.truncate(x, n_bits, _BOUND) if n_bits else x
