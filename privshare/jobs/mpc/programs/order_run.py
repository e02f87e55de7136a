"""Order statistics on shares: see `order`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from privshare.jobs.mpc.circuits import broadcast, popcount, public_row
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.programs.inputs import gather
from privshare.jobs.mpc.programs.order import Ranked
from privshare.jobs.mpc.programs.program import Plan
from privshare.jobs.mpc.programs.sharing import negative
from privshare.jobs.mpc.ring import Bits, Shared, concat

__all__ = ["quantile", "select", "top_k"]

#: Values turned into bits at once.
_BATCH = 1 << 18


def quantile(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """The values at the plan's ranks."""
    return _ranked(party, plan, inputs)


def top_k(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """Which of the largest reach the threshold, and those that do, or zeros."""
    values = _ranked(party, plan, inputs)
    below = negative(party, party.add_public(values, -plan.detail.threshold))
    told = party.add_public(-below, 1)
    return concat([told, party.multiply(told, values)])


def _ranked(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    detail: Ranked = plan.detail
    least = plan.column(detail.value).minimum
    x = gather(plan, inputs)[detail.value, "number"]
    x = party.add_public(x, -least)
    parts = [
        party.low_bits(x[start : start + _BATCH], detail.n_bits)
        for start in range(0, len(x), _BATCH)
    ]
    bits = Bits(
        np.concatenate([part.own for part in parts], 1),
        np.concatenate([part.next for part in parts], 1),
        len(x),
    )
    return party.add_public(select(party, bits, detail.ranks), least)


def select(party: Party, bits: Bits, ranks: Sequence[int]) -> Shared:
    """The numbers at these ranks, from 0, of numbers given as bits.

    For each rank a row of candidates; the next lower bit of the answer is 0 if the
    rank is below the number of candidates that have a 0 there.
    """
    n, m = bits.n, len(ranks)
    row = public_row(party, n)
    candidates = row.stack(*[row] * (m - 1))
    rank = party.public(list(ranks))
    answer = party.public([0] * m)
    for place in reversed(range(bits.n_bits)):
        other = party.not_(bits[place])
        zeros = party.and_(candidates, other.stack(*[other] * (m - 1)))
        count = popcount(party, zeros)
        # 0 where the rank is below the count, so the difference negative.
        one = party.not_(party.sign(rank - count))
        taken = party.from_bits(one).reshape(m)
        answer = answer + taken.scale(1 << place)
        rank = rank - party.multiply(taken, count)
        if place:
            side = broadcast(one, n)
            candidates = zeros ^ party.and_(side, candidates)
    return answer
