"""Order statistics: quantiles and the largest values above a threshold.

    quantile   the values at declared ranks, in thousandths: [500] is the median
    top_k      the k largest values that are at least a threshold

Quantile q of n sorted values x(0) <= ... <= x(n-1) is x(floor(q·(n-1)/1000)): a
value that occurs, never a mean of two. Nodes turn values into bits and walk down
from the top bit: among the rows that are still candidates they count those whose
bit is 0, compare the count with the rank on shares, and go on with one side; all
ranks in one walk. Counts, comparisons and the side taken stay shared, so nodes
learn nothing; what leaves is somebody's value, which `outputs` says.

Source:
    Aggarwal, Mishra and Pinkas, EUROCRYPT 2004 (k-th ranked element by search over
    the range); here by bits, with nothing opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.mpc.programs.column import Declared, read_declared
from privshare.jobs.mpc.programs.cost import Cost, Tally
from privshare.jobs.mpc.programs.decimal_text import scaled
from privshare.jobs.mpc.programs.program import (
    HEADROOM,
    Block,
    Plain,
    Plan,
    Program,
    assemble,
    not_an_output,
    refuse_overflow,
)
from privshare.wire.canonical import Fields, Json

__all__ = ["PROGRAMS", "QUANTILE", "TOP_K", "Ranked"]

_RING = 64
_MAX_QUANTILES = 16
_MAX_LARGEST = 64
_PARTS = 1000


@dataclass(frozen=True, slots=True)
class Ranked:
    """What these programs are told beside the columns.

    Attributes:
        value: The column.
        ranks: Which of the sorted values, from 0.
        quantiles: In thousandths; empty of `top_k`.
        threshold: Of `top_k`: values below it are not told, scaled as the column.
        n_bits: Bits of a value, the least one taken away.
    """

    value: str
    ranks: tuple[int, ...]
    quantiles: tuple[int, ...]
    threshold: int
    n_bits: int


def _plan_quantile(
    parameters: Mapping[str, Any], rows: Mapping[str, int], k: int
) -> Plan:
    fields = Fields(dict(parameters), "parameters")
    declared = read_declared(fields, rows, k)
    value = fields.str("value", max=63)
    listed = fields.json("quantiles")
    fields.end()
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MAX_QUANTILES:
        raise EncodingError(
            f"quantiles: expected a list of 1 to {_MAX_QUANTILES}, found otherwise"
        )
    quantiles: list[int] = []
    for one in listed:
        if isinstance(one, bool) or not isinstance(one, int):
            raise EncodingError("quantiles: expected integers, found others")
        if not 0 < one < _PARTS:
            raise OutOfRange(f"quantiles: expected 1 to {_PARTS - 1}, found {one}")
        quantiles.append(one)
    if quantiles != sorted(set(quantiles)):
        raise EncodingError("quantiles: expected them ascending, found otherwise")
    ranks = tuple(one * (declared.n_rows - 1) // _PARTS for one in quantiles)
    return _made("quantile", declared, value, ranks, tuple(quantiles), None)


def _plan_top_k(parameters: Mapping[str, Any], rows: Mapping[str, int], k: int) -> Plan:
    fields = Fields(dict(parameters), "parameters")
    declared = read_declared(fields, rows, k)
    value = fields.str("value", max=63)
    column = declared.number(value)
    largest = fields.int("largest", 1, _MAX_LARGEST)
    at_least = fields.int("at_least", column.minimum, column.maximum)
    fields.end()
    n = declared.n_rows
    if largest > n:
        raise OutOfRange(
            f"largest: expected at most the {n} rows of column {value}, found "
            f"{largest}",
            detail={"rule": "mpc.rows", "rows": n, "column": value},
        )
    ranks = tuple(n - 1 - place for place in range(largest))
    return _made("top_k", declared, value, ranks, (), at_least)


def _made(
    name: str,
    declared: Declared,
    value: str,
    ranks: tuple[int, ...],
    quantiles: tuple[int, ...],
    threshold: int | None,
) -> Plan:
    column = declared.number(value)
    declared.used(value)
    largest = max(column.size, column.spread, 2 * declared.n_rows)
    if largest >= 1 << _RING - HEADROOM:
        raise refuse_overflow(largest, declared, [value])
    n_bits = max(column.spread.bit_length(), 1)
    least = column.minimum if threshold is None else threshold
    detail = Ranked(value, ranks, quantiles, least, n_bits)
    return Plan(
        program=name,
        ring=_RING,
        columns=declared.columns,
        alignment=declared.alignment,
        rows=declared.rows,
        k=declared.k,
        blocks=(Block(value, "number"),),
        outputs=len(ranks) * (1 if quantiles else 2),
        cost=_cost(declared.n_rows, detail),
        detail=detail,
    )


def _cost(n: int, detail: Ranked) -> Cost:
    tally, m = Tally(_RING), len(detail.ranks)
    tally.take(n)
    tally.slice_bits(n, detail.n_bits)
    for _ in range(detail.n_bits):
        tally.walk(n, m)
        tally.compare(m)
        tally.multiply(m)
    if not detail.quantiles:
        tally.compare(m)
        tally.multiply(m)
    return tally.cost()


def _document(plan: Plan, numbers: Sequence[int]) -> dict[str, Json]:
    detail, column = plan.detail, plan.column(plan.detail.value)
    m = len(detail.ranks)
    if detail.quantiles:
        told, values = [1] * m, numbers
    else:
        told, values = list(numbers[:m]), numbers[m:]
    low = max(column.minimum, detail.threshold)
    for bit, value in zip(told, values, strict=True):
        inside = low <= value <= column.maximum
        if bit not in (0, 1) or not (inside if bit else value == 0):
            raise not_an_output(plan)
    texts = [scaled(value, column.scale) for value in values]
    if not detail.quantiles:
        if told != sorted(told, reverse=True):
            raise not_an_output(plan)
        largest: list[Json] = [*texts[: sum(told)]]
        return {
            "rows": plan.n_rows,
            "at_least": scaled(detail.threshold, column.scale),
            "largest": largest,
        }
    cells: list[Json] = [
        {"thousandths": one, "value": said}
        for one, said in zip(detail.quantiles, texts, strict=True)
    ]
    return {"rows": plan.n_rows, "quantiles": cells}


def _reference(plan: Plan, plain: Plain) -> dict[str, Json]:
    detail = plan.detail
    ordered = sorted(assemble(plan, plain)[detail.value])
    values = [ordered[rank] for rank in detail.ranks]
    if detail.quantiles:
        return _document(plan, values)
    told = [int(value >= detail.threshold) for value in values]
    kept = [bit * value for bit, value in zip(told, values, strict=True)]
    return _document(plan, [*told, *kept])


QUANTILE = Program(
    name="quantile",
    version=1,
    inputs="a column of numbers and up to 16 ranks in thousandths",
    outputs="the value at each rank: one that occurs, so somebody's own",
    leaks="nothing else",
    error="none: exact",
    plan=_plan_quantile,
    document=_document,
    reference=_reference,
    runner="privshare.jobs.mpc.programs.order_run:quantile",
    checked=True,
)
TOP_K = Program(
    name="top_k",
    version=1,
    inputs="a column of numbers, a threshold and how many, up to 64",
    outputs="the largest values of at least the threshold, so somebody's own; if "
    "fewer are as large, how many",
    leaks="nothing else",
    error="none: exact",
    plan=_plan_top_k,
    document=_document,
    reference=_reference,
    runner="privshare.jobs.mpc.programs.order_run:top_k",
    checked=True,
)
PROGRAMS = (QUANTILE, TOP_K)
