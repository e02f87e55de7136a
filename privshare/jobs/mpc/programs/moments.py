"""Sum, mean, variance, covariance, and the decision on a threshold.

Exact: columns are scaled integers, and so are the sums that leave. What is
divided is divided by the receiver, who knows the number of rows anyway.

    sum         Σx
    mean        Σx                    and n, which is public
    variance    Σx, Σx²               of a sample: (Σx² - (Σx)²/n) / (n - 1)
    covariance  Σx_i, Σx_i·x_j        of a sample, i <= j
    threshold   whether Σx >= t       and nothing else of the sum

A sum of products is local at every node but for one element (Araki, Furukawa,
Lindell, Nof, Ohara, CCS 2016), so the cost does not grow with the rows but for
arithmetic. The threshold is the sign of Σx - t.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.mpc.programs.column import (
    MAX_DECLARED,
    Declared,
    read_declared,
    read_noisy,
)
from privshare.jobs.mpc.programs.cost import Tally
from privshare.jobs.mpc.programs.decimal_text import root, scaled, significant, text
from privshare.jobs.mpc.programs.program import (
    Block,
    Noised,
    Plain,
    Plan,
    Program,
    assemble,
    choose_ring,
    not_an_output,
)
from privshare.wire.canonical import Fields, Json

__all__ = ["COVARIANCE", "MEAN", "PROGRAMS", "SUM", "THRESHOLD", "VARIANCE", "Moments"]

#: Digits of a mean after those of its column; significant digits of a variance.
_MORE_DIGITS, _SIGNIFICANT = 6, 15
_RUN = "privshare.jobs.mpc.programs.moments_run:"


@dataclass(frozen=True, slots=True)
class Moments:
    """What these programs are told beside the columns.

    Attributes:
        values: Names of the columns.
        at_least: Of the threshold: t, scaled as the column is.
    """

    values: tuple[str, ...]
    at_least: int = 0


def _plan_first(name: str) -> Any:
    """The plan of what needs a sum alone."""

    def plan(parameters: Mapping[str, Any], rows: Mapping[str, int], k: int) -> Plan:
        fields = Fields(parameters, "parameters")
        declared = read_declared(fields, rows, k)
        value = declared.number(fields.str("value"))
        decides = name == "threshold"
        at_least = fields.int("at_least") if decides else 0
        noisy = name == "sum" and read_noisy(fields)
        fields.end()
        largest = declared.n_rows * value.size + abs(at_least)
        ring = choose_ring(largest, declared, [value.name])
        detail, tally = Moments((value.name,), at_least), Tally(ring)
        if decides:
            tally.compare(1)
        made = _made(name, declared, ring, detail, 1, tally)
        noised = Noised("sum", 1, value.minimum, value.maximum) if noisy else None
        return replace(made, noised=noised)

    return plan


def _plan_variance(
    parameters: Mapping[str, Any], rows: Mapping[str, int], k: int
) -> Plan:
    fields = Fields(parameters, "parameters")
    declared = read_declared(fields, rows, k)
    value = declared.number(fields.str("value"))
    fields.end()
    _need_two(declared)
    n = declared.n_rows
    ring = choose_ring(n * value.size**2, declared, [value.name])
    detail, tally = Moments((value.name,)), Tally(ring)
    tally.matmul(1, n, 1)
    return _made("variance", declared, ring, detail, 2, tally)


def _plan_covariance(
    parameters: Mapping[str, Any], rows: Mapping[str, int], k: int
) -> Plan:
    fields = Fields(parameters, "parameters")
    declared = read_declared(fields, rows, k)
    names = fields.str_list("values", MAX_DECLARED)
    fields.end()
    if len(set(names)) != len(names) or not names:
        raise EncodingError("values: expected some columns, each once, found otherwise")
    _need_two(declared)
    columns = [declared.number(name) for name in names]
    n, d = declared.n_rows, len(columns)
    largest = max(columns, key=lambda column: column.size)
    ring = choose_ring(n * largest.size**2, declared, [largest.name])
    detail, tally = Moments(tuple(names)), Tally(ring)
    tally.matmul(d, n, d)
    return _made("covariance", declared, ring, detail, d + d * (d + 1) // 2, tally)


def _need_two(declared: Declared) -> None:
    if declared.n_rows < 2:
        raise OutOfRange(f"rows: expected at least 2, found {declared.n_rows}")


def _made(
    name: str,
    declared: Declared,
    ring: int,
    detail: Moments,
    outputs: int,
    tally: Tally,
) -> Plan:
    declared.used(*detail.values)
    tally.take(declared.n_rows * len(detail.values))
    return Plan(
        program=name,
        ring=ring,
        columns=declared.columns,
        alignment=declared.alignment,
        rows=declared.rows,
        k=declared.k,
        blocks=tuple(Block(value, "number") for value in detail.values),
        outputs=outputs,
        cost=tally.cost(),
        detail=detail,
    )


def _document(plan: Plan, sums: Sequence[int]) -> dict[str, Json]:
    n, values = plan.n_rows, plan.detail.values
    if plan.program == "threshold":
        if sums[0] not in (0, 1):
            raise not_an_output(plan)
        return {"reached": bool(sums[0])}
    if plan.program == "covariance":
        return _covariances(plan, sums)
    column = plan.column(values[0])
    scale = column.scale
    if plan.noised is None and not column.minimum <= Fraction(sums[0], n) <= (
        column.maximum
    ):
        raise not_an_output(plan)
    made: dict[str, Json] = {"rows": n, "sum": scaled(sums[0], scale)}
    if plan.program == "sum":
        return {**made, "noisy": True} if plan.noised else made
    mean = Fraction(sums[0], n * 10**scale)
    made["mean"] = text(mean, scale + _MORE_DIGITS)
    if plan.program == "variance":
        variance = _sample(n, sums[0], sums[0], sums[1], 2 * scale)
        if variance < 0:
            raise not_an_output(plan)
        made["variance"] = significant(variance, _SIGNIFICANT)
        made["standard_deviation"] = significant(root(variance, 40), _SIGNIFICANT)
    return made


def _sample(n: int, left: int, right: int, product: int, scale: int) -> Fraction:
    return Fraction(n * product - left * right, n * (n - 1) * 10**scale)


def _covariances(plan: Plan, sums: Sequence[int]) -> dict[str, Json]:
    n, names = plan.n_rows, plan.detail.values
    d = len(names)
    scales = [plan.column(name).scale for name in names]
    products = iter(sums[d:])
    matrix: list[list[str]] = [[""] * d for _ in names]
    for i in range(d):
        for j in range(i, d):
            value = _sample(n, sums[i], sums[j], next(products), scales[i] + scales[j])
            matrix[i][j] = matrix[j][i] = significant(value, _SIGNIFICANT)
    means: dict[str, Json] = {
        name: text(Fraction(total, n * 10**scale), scale + _MORE_DIGITS)
        for name, total, scale in zip(names, sums[:d], scales, strict=True)
    }
    rows: list[Json] = [list[Json](row) for row in matrix]
    return {"columns": list(names), "covariance": rows, "means": means, "rows": n}


def _reference(plan: Plan, plain: Plain) -> dict[str, Json]:
    columns = assemble(plan, plain)
    values = [columns[name] for name in plan.detail.values]
    sums = [sum(column) for column in values]
    if plan.program == "threshold":
        sums = [int(sums[0] >= plan.detail.at_least)]
    elif plan.program in ("variance", "covariance"):
        for i, left in enumerate(values):
            sums += [
                sum(x * y for x, y in zip(left, right, strict=True))
                for right in values[i:]
            ]
    return _document(plan, sums)


def _program(name: str, plan: Any, inputs: str, outputs: str) -> Program:
    return Program(
        name=name,
        version=1,
        inputs=inputs,
        outputs=outputs,
        leaks="nothing else",
        error="none: exact",
        plan=plan,
        document=_document,
        reference=_reference,
        checked=True,
        # A total is made of no product, so checking costs next to nothing.
        model="malicious-abort" if name in ("sum", "mean") else "semi-honest",
        runner=_RUN + ("total" if name in ("sum", "mean") else name),
    )


_COLUMN = "a column of numbers, as scaled integers"

SUM = _program(
    "sum", _plan_first("sum"), _COLUMN, "its total, and how many rows there are"
)
MEAN = _program(
    "mean",
    _plan_first("mean"),
    _COLUMN,
    "its mean and its total, each of which gives the other",
)
VARIANCE = _program(
    "variance",
    _plan_variance,
    _COLUMN,
    "its mean, sample variance and standard deviation",
)
COVARIANCE = _program(
    "covariance",
    _plan_covariance,
    f"up to {MAX_DECLARED} columns of numbers, as scaled integers",
    "their means and the matrix of sample covariances",
)
THRESHOLD = _program(
    "threshold",
    _plan_first("threshold"),
    f"{_COLUMN}, and a public number",
    "one bit: whether the total is at least that number",
)
PROGRAMS = (SUM, MEAN, VARIANCE, COVARIANCE, THRESHOLD)
