"""Counts and sums by group, each of at least k rows or not told.

    count       how many rows lie in an interval, or have a category
    histogram   how many rows lie in each interval between public edges
    group_sum   Σ value by category
    group_mean  Σ value / rows by category

Keys are one of a declared list of categories, and say so in one of two ways:

    "owner"     their owner encodes each as a 0 or 1 for every category. A group's
                sum is then one product of columns, nearly free. An owner who lies
                about its encoding (a 5 instead of a 1) falsifies the result and,
                together with whoever gets it, can single out a row.
    "secret"    their owner gives the index of the category; the nodes turn it
                into bits and these into a 0 or 1 for every category, so that the
                keys are categories whatever their owner gave.

Suppression: a group's count is compared with k on shares; count and sum are
multiplied by the bit that comes out, so a group that is too small leaves as
three zeros, an empty one like any other. Who knows the total of all groups could
subtract, and the number of rows is public: so where exactly one is hidden, or all
that are hidden have fewer than k rows together, but some, the smallest of the
others is hidden too, unless the parameters say `"complementary": false`. A count
of one interval or category is told up to the number of rows: that few rows are not
counted is not hidden. Not covered: what several jobs say together (the ledger's
query log and budgets are for that), totals over some of the groups that are known
from elsewhere, and that hidden groups together are known to have so many rows.

With noise instead ("noisy": true) every count, or every sum, is put out and none
is suppressed, as a bit that depends on a count exactly would be no private answer;
such a plan says in `noised` what noise must be added before anything leaves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from privshare.errors import EncodingError
from privshare.jobs.mpc.programs.column import (
    Column,
    Declared,
    read_declared,
    read_noisy,
)
from privshare.jobs.mpc.programs.cost import Cost, Tally
from privshare.jobs.mpc.programs.decimal_text import scaled, text
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

__all__ = ["COUNT", "GROUP_MEAN", "GROUP_SUM", "HISTOGRAM", "PROGRAMS", "Groups"]

_MAX_EDGES = 65
_MORE_DIGITS = 6
_RUN = "privshare.jobs.mpc.programs.groups_run:"


@dataclass(frozen=True, slots=True)
class Groups:
    """What these programs are told beside the columns.

    Attributes:
        value: The column that is summed or counted, or "".
        key: The column of categories, or "".
        secret: Whether nodes turn keys or values into groups, not their owner.
        edges: Of a histogram: ascending, scaled as the column is.
        at_least: Of a count: the least value counted, or None.
        at_most: The greatest value counted, or None.
        equals: The index of the category counted, or None.
        groups: How many groups there are.
        complementary: Whether groups that subtraction would show take the
            smallest other one with them.
        noisy: Whether all counts, or of sums all sums, leave with noise instead.
    """

    value: str
    key: str = ""
    secret: bool = False
    edges: tuple[int, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    equals: int | None = None
    groups: int = 1
    complementary: bool = False
    noisy: bool = False

    @property
    def n_bits(self) -> int:
        """Bits of a category's index."""
        return (self.groups - 1).bit_length()


def _plan_count(parameters: Mapping[str, Any], rows: Mapping[str, int], k: int) -> Plan:
    fields = Fields(parameters, "parameters")
    declared = read_declared(fields, rows, k)
    name = fields.str("value")
    n = declared.n_rows
    if "equals" in fields.names():
        column = declared.category(name)
        word = fields.str("equals")
        if word not in column.categories:
            raise EncodingError("equals: expected a declared category, found none")
        detail = Groups(name, equals=column.categories.index(word))
        block, compares = Block(name, "is", center=detail.equals or 0), 0
    else:
        column = declared.number(name)
        low, high = (
            fields.int(end) if end in fields.names() else None
            for end in ("at_least", "at_most")
        )
        detail = Groups(name, secret=True, at_least=low, at_most=high)
        block = Block(name, "number")
        compares = n * ((low is not None) + (high is not None))
        if not compares:
            raise EncodingError("at_least, at_most: expected one of them, found none")
    detail = replace(detail, noisy=read_noisy(fields))
    fields.end()
    size = column.size + max(abs(detail.at_least or 0), abs(detail.at_most or 0))
    return _made("count", declared, detail, (block,), n + size, compares)


def _plan_histogram(
    parameters: Mapping[str, Any], rows: Mapping[str, int], k: int
) -> Plan:
    fields = Fields(parameters, "parameters")
    declared = read_declared(fields, rows, k)
    column = declared.number(fields.str("value"))
    edges = _edges(fields, column)
    secret = _secret(fields)
    complementary, noisy = _complementary(fields), read_noisy(fields)
    fields.end()
    detail = Groups(
        column.name,
        secret=secret,
        edges=edges,
        groups=len(edges) - 1,
        complementary=complementary,
        noisy=noisy,
    )
    if secret:
        block = Block(column.name, "number")
    else:
        block = Block(column.name, "bucket", len(edges) - 1, edges=edges)
    compares = declared.n_rows * (len(edges) - 2) if secret else 0
    largest = declared.n_rows + 2 * max(column.size, *(abs(edge) for edge in edges))
    return _made("histogram", declared, detail, (block,), largest, compares)


def _edges(fields: Fields, column: Column) -> tuple[int, ...]:
    listed = fields.json("edges")
    if not isinstance(listed, list) or not 2 <= len(listed) <= _MAX_EDGES:
        raise EncodingError(f"edges: expected a list of 2 to {_MAX_EDGES} numbers")
    edges = tuple(x for x in listed if isinstance(x, int) and not isinstance(x, bool))
    ascending = all(a < b for a, b in pairwise(edges))
    if len(edges) != len(listed) or not ascending:
        raise EncodingError("edges: expected ascending integers, found otherwise")
    if not edges[0] <= column.minimum <= column.maximum <= edges[-1]:
        raise EncodingError(
            f"edges: expected them to enclose column {column.name} "
            f"({column.minimum} to {column.maximum}), found {edges[0]} to {edges[-1]}",
            detail={"column": column.name},
        )
    return edges


def _complementary(fields: Fields) -> bool:
    return fields.bool("complementary") if "complementary" in fields.names() else True


def _secret(fields: Fields) -> bool:
    if "keys" not in fields.names():
        return True
    word = fields.str("keys", max=16)
    if word not in ("owner", "secret"):
        raise EncodingError("keys: expected owner or secret, found another word")
    return word == "secret"


def _plan_groups(name: str) -> Any:
    """The plan of sums or means by group."""

    def plan(parameters: Mapping[str, Any], rows: Mapping[str, int], k: int) -> Plan:
        fields = Fields(parameters, "parameters")
        declared = read_declared(fields, rows, k)
        value = declared.number(fields.str("value"))
        key = declared.category(fields.str("key"))
        secret = _secret(fields)
        complementary = _complementary(fields)
        noisy = name == "group_sum" and read_noisy(fields)
        fields.end()
        groups = len(key.categories)
        detail = Groups(
            value.name,
            key.name,
            secret,
            groups=groups,
            complementary=complementary,
            noisy=noisy,
        )
        if secret:
            block = Block(key.name, "code")
        else:
            block = Block(key.name, "one-hot", groups)
        largest = declared.n_rows * max(value.size, 1)
        blocks = (block, Block(value.name, "number"))
        return _made(name, declared, detail, blocks, largest, 0)

    return plan


def _made(
    name: str,
    declared: Declared,
    detail: Groups,
    blocks: tuple[Block, ...],
    largest: int,
    compares: int,
) -> Plan:
    declared.used(*(block.column for block in blocks))
    ring = choose_ring(largest, declared, [detail.value])
    groups = detail.groups
    outputs = groups if detail.noisy else (3 if detail.key else 2) * groups
    return Plan(
        program=name,
        ring=ring,
        columns=declared.columns,
        alignment=declared.alignment,
        rows=declared.rows,
        k=declared.k,
        blocks=blocks,
        outputs=outputs,
        cost=_cost(ring, declared.n_rows, detail, blocks, compares),
        detail=detail,
        noised=_noised(declared, detail) if detail.noisy else None,
    )


def _cost(
    ring: int, n: int, detail: Groups, blocks: tuple[Block, ...], compares: int
) -> Cost:
    tally, groups = Tally(ring), detail.groups
    tally.take(n * sum(block.width for block in blocks))
    for _ in range(compares // n):
        tally.count_negative(n)
    if detail.key and detail.secret:
        first = (detail.n_bits + 1) // 2
        second = detail.n_bits - first
        tally.low_bits(n, detail.n_bits)
        for half in (first, second):
            # A half of h bits has 2^h cells, which take 2^h - h - 1 products.
            tally.multiply(n * max((1 << half) - half - 1, 0), max(half - 1, 0) and 1)
        tally.multiply(n * ((1 << first) - 1))
        if second:
            tally.matmul(1 << second, n, 2 << first)
    elif detail.key:
        tally.matmul(groups, n, 1)
    if not detail.noisy:
        tally.compare(groups)
        tally.multiply((2 if detail.key else 1) * groups)
        if detail.complementary and groups > 1:
            levels = (groups - 1).bit_length()
            tally.compare(groups, levels + 1)
            tally.multiply(groups, 2 * levels + 5)
    return tally.cost()


def _noised(declared: Declared, detail: Groups) -> Noised:
    if detail.key:
        value = declared.number(detail.value)
        return Noised("group-sum", detail.groups, value.minimum, value.maximum)
    return Noised("histogram" if detail.edges else "count", detail.groups, 0, 1)


def _document(plan: Plan, numbers: Sequence[int]) -> dict[str, Json]:
    g, n = plan.detail.groups, plan.n_rows
    if plan.detail.noisy:
        return _noisy_document(plan, numbers)
    told, counts = numbers[:g], numbers[g : 2 * g]
    sums = numbers[2 * g :] if plan.detail.key else [0] * g
    for bit, count in zip(told, counts, strict=True):
        if bit not in (0, 1) or not max(plan.k, 1) * bit <= count <= n * bit:
            raise not_an_output(plan)
    cells: list[Json] = []
    for name, bit, count, total in zip(_names(plan), told, counts, sums, strict=True):
        if bit:
            cells.append({**name, "count": count, **_sum(plan, count, total)})
        else:
            cells.append({**name, "suppressed": True})
    made: dict[str, Json] = {"k": plan.k, "rows": plan.n_rows}
    if plan.program == "count":
        return {**made, "counted": cells[0]}
    return {**made, "groups": cells}


def _noisy_document(plan: Plan, numbers: Sequence[int]) -> dict[str, Json]:
    detail = plan.detail
    what = "sum" if detail.key else "count"
    scale = plan.column(detail.value).scale if detail.key else 0
    cells: list[Json] = [
        {**name, what: scaled(number, scale)}
        for name, number in zip(_names(plan), numbers, strict=True)
    ]
    made: dict[str, Json] = {"noisy": True, "rows": plan.n_rows}
    if plan.program == "count":
        return {**made, "counted": cells[0]}
    return {**made, "groups": cells}


def _names(plan: Plan) -> list[dict[str, Json]]:
    detail = plan.detail
    if detail.key:
        return [{"group": word} for word in plan.column(detail.key).categories]
    if detail.edges:
        scale = plan.column(detail.value).scale
        texts = [scaled(edge, scale) for edge in detail.edges]
        return [{"from": low, "to": high} for low, high in pairwise(texts)]
    return [{}]


def _sum(plan: Plan, count: int, total: int) -> dict[str, Json]:
    if not plan.detail.key:
        return {}
    scale = plan.column(plan.detail.value).scale
    made: dict[str, Json] = {"sum": scaled(total, scale)}
    if plan.program == "group_mean":
        mean = Fraction(total, count * 10**scale)
        made["mean"] = text(mean, scale + _MORE_DIGITS)
    return made


def _reference(plan: Plan, plain: Plain) -> dict[str, Json]:
    columns, detail = assemble(plan, plain), plan.detail
    values = columns[detail.value]
    counts, sums = [0] * detail.groups, [0] * detail.groups
    if detail.key:
        for key, value in zip(columns[detail.key], values, strict=True):
            counts[key] += 1
            sums[key] += value
    elif detail.edges:
        for value in values:
            counts[bisect_right(detail.edges[1:-1], value)] += 1
    elif detail.equals is not None:
        counts = [values.count(detail.equals)]
    else:
        low, high = detail.at_least, detail.at_most
        counts = [
            sum(
                (low is None or x >= low) and (high is None or x <= high)
                for x in values
            )
        ]
    if detail.noisy:
        return _document(plan, sums if detail.key else counts)
    told = _told(plan, counts)
    kept = [bit * count for bit, count in zip(told, counts, strict=True)]
    kept += [bit * total for bit, total in zip(told, sums, strict=True) if detail.key]
    return _document(plan, [*told, *kept])


def _told(plan: Plan, counts: Sequence[int]) -> list[int]:
    told = [int(count >= plan.k) for count in counts]
    hidden = sum(count for bit, count in zip(told, counts, strict=True) if not bit)
    shown = told.count(0) == 1 or 0 < hidden < plan.k
    if plan.detail.complementary and shown and 1 in told:
        rest = [i for i, bit in enumerate(told) if bit]
        told[min(rest, key=lambda i: (counts[i], i))] = 0
    return told


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
        runner=_RUN + name.replace("group_mean", "group_sum"),
    )


_CELL = "of at least k rows; of others that they are suppressed, not how small"
_KEYED = (
    "a column of numbers and one of up to 64 categories, encoded by their owner or "
    "on shares"
)

COUNT = _program(
    "count",
    _plan_count,
    "a column of numbers and an interval, or of categories and one of them",
    f"the number of rows, if {_CELL}",
)
HISTOGRAM = _program(
    "histogram",
    _plan_histogram,
    "a column of numbers and public edges; intervals encoded by their owner or found "
    "on shares",
    f"the rows of each interval {_CELL}",
)
GROUP_SUM = _program(
    "group_sum",
    _plan_groups("group_sum"),
    _KEYED,
    f"rows and total of each group {_CELL}",
)
GROUP_MEAN = _program(
    "group_mean",
    _plan_groups("group_mean"),
    _KEYED,
    f"rows, total and mean of each group {_CELL}",
)
PROGRAMS = (COUNT, HISTOGRAM, GROUP_SUM, GROUP_MEAN)
