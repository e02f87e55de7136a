"""Sum, mean, variance, covariance and threshold on shares: see `moments`."""

from __future__ import annotations

from collections.abc import Mapping

from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.programs.inputs import gather
from privshare.jobs.mpc.programs.program import Plan
from privshare.jobs.mpc.programs.sharing import stack, upper
from privshare.jobs.mpc.ring import Shared, concat

__all__ = ["covariance", "threshold", "total", "variance"]


def total(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """The total of a column: no message."""
    values = gather(plan, inputs)
    return values[plan.detail.values[0], "number"].sum().reshape(1)


def threshold(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """Whether the total is at least t: the sign of their difference."""
    above = party.add_public(total(party, plan, inputs), -plan.detail.at_least)
    return party.from_bits(party.not_(party.sign(above)), plan.ring).reshape(1)


def variance(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """The total of a column and of its squares: one element sent."""
    x = gather(plan, inputs)[plan.detail.values[0], "number"]
    return concat([x.sum().reshape(1), party.dot(x, x).reshape(1)])


def covariance(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """Totals and the upper half of the products of columns."""
    columns = gather(plan, inputs)
    x = stack([columns[name, "number"] for name in plan.detail.values])
    products = party.matmul(x, x.transpose())
    return concat([x.sum(1), upper(products)])
