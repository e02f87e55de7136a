"""Counts and sums by group on shares: see `groups`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.programs.groups import Groups
from privshare.jobs.mpc.programs.inputs import gather
from privshare.jobs.mpc.programs.program import Plan
from privshare.jobs.mpc.programs.sharing import (
    column_of,
    negative,
    repeat,
    stack,
)
from privshare.jobs.mpc.ring import Shared, concat

__all__ = ["cells", "count", "group_sum", "histogram", "one_hot", "suppress"]

#: Values compared at once: bounds what comparisons take of a node's memory.
_BATCH = 1 << 18


def count(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """How many rows lie in an interval, or have a category."""
    columns, detail = gather(plan, inputs), plan.detail
    if detail.equals is not None:
        found = columns[detail.value, "is"].sum().reshape(1)
        return suppress(party, plan, found, None)
    x = columns[detail.value, "number"]
    # No row is both below and above: who is neither is counted.
    found = party.public([plan.n_rows], plan.ring)
    if detail.at_least is not None:
        below = party.add_public(x, -detail.at_least)
        found = found - _negatives(party, below)
    if detail.at_most is not None:
        above = party.add_public(-x, detail.at_most)
        found = found - _negatives(party, above)
    return suppress(party, plan, found, None)


def _negatives(party: Party, x: Shared) -> Shared:
    """How many values are negative, as a vector of one."""
    parts = [
        party.count_bits(party.sign(x[start : start + _BATCH]), x.ring)
        for start in range(0, len(x), _BATCH)
    ]
    return concat(parts).sum().reshape(1)


def histogram(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """How many rows lie in each interval."""
    columns, detail = gather(plan, inputs), plan.detail
    if not detail.secret:
        found = columns[detail.value, "bucket"]
        found = found.sum(1) if detail.groups > 1 else found.sum().reshape(1)
        return suppress(party, plan, found, None)
    x = columns[detail.value, "number"]
    below = [
        _negatives(party, party.add_public(x, -edge)) for edge in detail.edges[1:-1]
    ]
    below.append(party.public([plan.n_rows], plan.ring))
    steps = [below[0]]
    steps += [high - low for low, high in pairwise(below)]
    return suppress(party, plan, concat(steps), None)


def group_sum(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """Rows and total of each group."""
    columns, detail = gather(plan, inputs), plan.detail
    value = columns[detail.value, "number"]
    if detail.secret:
        keys = columns[detail.key, "code"]
        counts, sums = cells(party, keys, value, detail)
    else:
        keys = columns[detail.key, "one-hot"]
        counts = keys.sum(1)
        sums = party.matmul(keys, column_of(value)).reshape(detail.groups)
    return suppress(party, plan, counts, sums)


def cells(
    party: Party, keys: Shared, value: Shared, detail: Groups
) -> tuple[Shared, Shared]:
    """Rows and total of each secret key.

    The key's bits are cut in two halves. A row's cell in the first half times its
    value, and its cell in the second half, meet in one product of matrices, which
    sends an element for each group and none for a row.

    Returns:
        Both of `detail.groups` elements.
    """
    n_bits, ring = detail.n_bits, keys.ring
    first = (n_bits + 1) // 2
    bits = party.from_bits(party.low_bits(keys, n_bits), ring)
    low = one_hot(party, [bits[i] for i in range(first)])
    # All cells but the last times the value; the last is what remains of it.
    told = len(low) - 1
    weighted = party.multiply(low[:told], repeat(value, told))
    weighted = concat([weighted, (value - weighted.sum(0)).reshape(1, len(value))])
    if n_bits == first:
        counts, sums = low.sum(1), weighted.sum(1)
        return counts[: detail.groups], sums[: detail.groups]
    high = one_hot(party, [bits[i] for i in range(first, n_bits)])
    both = party.matmul(high, concat([low, weighted]).transpose())
    counts = both[:, : told + 1].reshape(1 << n_bits)
    sums = both[:, told + 1 :].reshape(1 << n_bits)
    return counts[: detail.groups], sums[: detail.groups]


def one_hot(party: Party, bits: list[Shared]) -> Shared:
    """A 0 or 1 for each number that the bits may stand for, lowest bit first."""
    top = bits[0]
    ones = party.add_public(-top, 1)
    made = stack([ones, top])
    for bit in bits[1:]:
        known = len(made) - 1
        with_bit = party.multiply(made[:known], repeat(bit, known))
        last = (bit - with_bit.sum(0)).reshape(1, len(bit))
        with_bit = concat([with_bit, last])
        made = concat([made - with_bit, with_bit])
    return made


def suppress(party: Party, plan: Plan, counts: Shared, sums: Shared | None) -> Shared:
    """Hide groups of fewer than k rows: which, then counts and sums or zeros.

    If noise is to hide all of them, the counts or sums as they are.
    """
    if plan.detail.noisy:
        return counts if sums is None else sums
    small = negative(party, party.add_public(counts, -plan.k))
    told = party.add_public(-small, 1)
    if plan.detail.complementary and plan.detail.groups > 1:
        told = told - _beside(party, plan, counts, small, told)
    values = [counts] if sums is None else [counts, sums]
    kept = party.multiply(repeat(told, len(values)), stack(values))
    return concat([told, kept.reshape(kept.size)])


def _beside(
    party: Party, plan: Plan, counts: Shared, small: Shared, told: Shared
) -> Shared:
    """1 at the smallest group that is told, if what is not could be had; else zeros.

    That is so if exactly one group is hidden, or all hidden ones together have
    fewer than k rows, but some. A tournament: of two neighbours the one with
    fewer rows goes on, the earlier one if equal; groups that are not told count
    as more than all rows.
    """
    n, g, ring = plan.n_rows, len(counts), plan.ring
    raised = party.multiply(small, party.add_public(-counts, 2 * n))
    keys, total = counts + raised, small.sum().reshape(1)
    hidden = total.scale(2 * n) - raised.sum().reshape(1)
    marks = party.public([1] * g, ring).reshape(g, 1)
    winners = [[i] for i in range(g)]
    while len(keys) > 1:
        even = len(keys) - len(keys) % 2
        left, right = keys[0:even:2], keys[1:even:2]
        later = negative(party, right - left)
        lost = party.add_public(-later, 1)
        chosen = left + party.multiply(later, right - left)
        marks, winners = _advance(party, marks, winners, later, lost)
        keys = concat([chosen, keys[even:]]) if even < len(keys) else chosen
    tests = concat(
        [
            party.add_public(total, -1),
            party.add_public(hidden, -1),
            party.add_public(-total, 1),
            party.add_public(-hidden, plan.k - 1),
            party.add_public(told.sum().reshape(1), -1),
        ]
    )
    yes = party.add_public(-negative(party, tests), 1)
    both = party.multiply(yes[0:2], yes[2:4])
    alone, few = both[0:1], both[1:2]
    either = alone + few - party.multiply(alone, few)
    one = party.multiply(either, yes[4:5])
    return party.multiply(marks.reshape(g), repeat(one, g).reshape(g))


def _advance(
    party: Party,
    marks: Shared,
    winners: list[list[int]],
    later: Shared,
    lost: Shared,
) -> tuple[Shared, list[list[int]]]:
    """Multiply each group's mark by whether its side won."""
    g = len(marks)
    factors: list[Shared] = [party.public([1], marks.ring)] * g
    merged = []
    for pair in range(len(winners) // 2):
        left, right = winners[2 * pair], winners[2 * pair + 1]
        for i in left:
            factors[i] = lost[pair : pair + 1]
        for i in right:
            factors[i] = later[pair : pair + 1]
        merged.append(left + right)
    if len(winners) % 2:
        merged.append(winners[-1])
    made = party.multiply(marks.reshape(g), concat(factors))
    return made.reshape(g, 1), merged
