"""Logistic regression by a fixed recipe: gradient steps and a cubic sigmoid.

    x_ij = (column - center) / unit                16 bits after the point
    z    = X·w                                     w has 24
    h    = 1/2 + 0.197·z - 0.004·z³                least squares on [-8, 8], as in
                                                   Kim, Song, Wang, Xia, Jiang,
                                                   JMIR Med. Inform. 2018
    w    ← w - (rate / n)·Xᵀ(h - y)                from w = 0, so many steps

The sigmoid is computed a thousand times as large, where its coefficients are
integers, and the gradient in three parts, so that no row has a cut of its own:

    Xᵀ(500 - 1000·y) + 197·(XᵀX)·w - 4·Xᵀz³

The first and XᵀX are the same in all steps. In the last, whose weight is small, z is
that of x rounded to f_c bits after the point, and of w rounded to f_c + 4. Only
entries of gradient and w are cut. All cuts are exact floors, and `recipe` gives the
very same integers.

No value can leave the ring while |w_j| <= limit: the plan chooses f_c for that,
or refuses. Whether it held after every step is found on shares at the end, all
at once; if not, that is all that leaves. A step that leaves the limit is itself
still computed rightly, so a run cannot return by luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.mpc.programs.column import Declared, read_declared
from privshare.jobs.mpc.programs.cost import Tally
from privshare.jobs.mpc.programs.decimal_text import text
from privshare.jobs.mpc.programs.program import (
    Block,
    Plain,
    Plan,
    Program,
    assemble,
    not_an_output,
)
from privshare.wire.canonical import Fields, Json

__all__ = [
    "CUBIC",
    "FEATURE_BITS",
    "HALF",
    "LINEAR",
    "LOGISTIC",
    "PROGRAMS",
    "THOUSAND",
    "WEIGHT_BITS",
    "Logistic",
]

FEATURE_BITS, WEIGHT_BITS = 16, 24
#: The gradient keeps so many bits before it is multiplied with rate / n.
GRADIENT_BITS = 32
#: Bits after the point of rate / n and of a thousandth.
RATE_BITS = 56
#: The sigmoid's coefficients, in thousandths.
HALF, LINEAR, CUBIC, THOUSAND = 500, 197, 4, 1000
_MOST_BITS = 123
#: f_c of x; w keeps four more: its rounding is the same in every row.
_COARSE_BITS = range(13, 4, -1)
_MORE_BITS = 4
MAX_FEATURES, MAX_STEPS, _MAX_LIMIT = 32, 100, 64
_MILLION = 1_000_000
_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Logistic:
    """What the program is told beside the columns, and what follows from it.

    Attributes:
        y: The column explained, 0 or 1.
        x: The columns that explain it.
        steps: How many.
        rate: Of a step, in millionths.
        limit: No coefficient may be larger in size, after any step.
        n_rows: How many rows.
        coarse_bits: f_c.
        bounds: Bits of the gradient, and of w after a step before its cut.
    """

    y: str
    x: tuple[str, ...]
    steps: int
    rate: int
    limit: int
    n_rows: int
    coarse_bits: int
    bounds: tuple[int, int]

    @property
    def coarse_cut(self) -> int:
        """Bits cut from w for the cubic part."""
        return WEIGHT_BITS - self.coarse_bits - _MORE_BITS

    @property
    def cube_bits(self) -> int:
        """Bits after the point of z³."""
        return 3 * (2 * self.coarse_bits + _MORE_BITS)

    @property
    def linear_shift(self) -> int:
        """How far (XᵀX)·w is raised to stand as the gradient does."""
        return self.cube_bits - FEATURE_BITS - WEIGHT_BITS

    @property
    def gradient_cut(self) -> int:
        """Bits cut from the gradient."""
        return self.cube_bits + FEATURE_BITS - GRADIENT_BITS

    @property
    def factor(self) -> int:
        """rate / 1000·n with `RATE_BITS` bits after the point, to the nearest."""
        whole = _MILLION * THOUSAND * self.n_rows
        return round(Fraction(self.rate << RATE_BITS, whole))

    @property
    def step_cut(self) -> int:
        """Bits cut from the gradient times the factor."""
        return GRADIENT_BITS + RATE_BITS - WEIGHT_BITS


def _plan(parameters: Mapping[str, Any], rows: Mapping[str, int], k: int) -> Plan:
    fields = Fields(parameters, "parameters")
    declared = read_declared(fields, rows, k)
    y = declared.number(fields.str("y"))
    blocks = tuple(_feature(one, declared) for one in fields.objs("X", MAX_FEATURES))
    steps = fields.int("steps", 1, MAX_STEPS)
    rate = fields.int("rate", 1, 100 * _MILLION)
    limit = fields.int("limit", 1, _MAX_LIMIT)
    fields.end()
    names = [block.column for block in blocks]
    if not names or len({*names, y.name}) != len(names) + 1:
        raise EncodingError("y, X: expected different columns, found one twice or none")
    if (y.minimum, y.maximum, y.scale) != (0, 1, 0):
        raise EncodingError(
            f"column {y.name}: expected 0 or 1, found {y.minimum} to {y.maximum}"
            f" with scale {y.scale}",
            detail={"column": y.name},
        )
    declared.used(*names, y.name)
    n, d = declared.n_rows, len(names)
    sizes = [_size(block, declared) for block in blocks]
    coarse_bits, bounds = _fit(sizes, n, rate, limit, names)
    detail = Logistic(y.name, tuple(names), steps, rate, limit, n, coarse_bits, bounds)
    rough = tuple(
        replace(block, kind="coarse", fraction_bits=coarse_bits) for block in blocks
    )
    tally = Tally(128)
    tally.take(n * (2 * d + 1))
    tally.matmul(d, n, d + 1)
    again = steps - 1  # in the first step w is 0
    tally.matmul(d, d, 1, again)
    tally.matmul(n, d, 1, again)
    tally.multiply(n, 2 * again)
    tally.matmul(d, n, 1, again)
    tally.truncate_each(d, [detail.gradient_cut], steps)
    whole = detail.step_cut
    tally.truncate_each(d, [whole, whole + detail.coarse_cut], steps)
    tally.compare(2 * d * steps, 2)
    tally.multiply(d)
    return Plan(
        program="logistic_regression",
        ring=128,
        columns=declared.columns,
        alignment=declared.alignment,
        rows=declared.rows,
        k=k,
        blocks=(*blocks, *rough, Block(y.name, "number")),
        outputs=1 + d,
        cost=tally.cost(),
        detail=detail,
    )


def _feature(fields: Fields, declared: Declared) -> Block:
    column = declared.number(fields.str("column"))
    center, unit = fields.int("center"), fields.int("unit", 1)
    fields.end()
    block = Block(column.name, "fixed", 1, FEATURE_BITS, center, unit)
    if _size(block, declared) > 1 << 40:
        raise OutOfRange(
            f"column {column.name}: expected values within 2^24 units of the center, "
            "found others possible by its declared interval",
            detail={"rule": "mpc.overflow", "column": column.name},
        )
    return block


def _size(block: Block, declared: Declared) -> int:
    column = declared.number(block.column)
    ends = (column.minimum - block.center, column.maximum - block.center)
    return -(-(max(abs(end) for end in ends) << FEATURE_BITS) // block.unit) + 1


def _fit(
    sizes: Sequence[int], n: int, rate: int, limit: int, names: Sequence[str]
) -> tuple[int, tuple[int, int]]:
    """The most bits of rounded x and w that fit, and the bounds that follow."""
    for bits in _COARSE_BITS:
        bounds = _bounds(sizes, n, rate, limit, bits)
        if max(bounds) <= _MOST_BITS:
            return bits, bounds
    raise OutOfRange(
        f"column {', '.join(names)} of {n} rows: expected values of at most "
        f"{_MOST_BITS} bits in the computation, found up to {max(bounds)}",
        fix="Declare narrower intervals, larger units, or a smaller limit.",
        detail={"rule": "mpc.overflow", "rows": n, "bits": max(bounds)},
    )


def _bounds(
    sizes: Sequence[int], n: int, rate: int, limit: int, bits: int
) -> tuple[int, int]:
    most = limit << WEIGHT_BITS
    coarse = [(size >> FEATURE_BITS - bits) + 1 for size in sizes]
    z = sum(coarse) * ((limit << bits + _MORE_BITS) + 1)
    cube = 3 * (2 * bits + _MORE_BITS)
    linear = n * sum(sizes) * most << cube - FEATURE_BITS - WEIGHT_BITS
    constant = THOUSAND * n << cube
    gradient = max(sizes) * (constant + LINEAR * linear + CUBIC * n * z**3)
    kept = (gradient >> cube + FEATURE_BITS - GRADIENT_BITS) + 1
    step = kept * ((rate << RATE_BITS) // (_MILLION * THOUSAND * n) + 1)
    step += most + 1 << GRADIENT_BITS + RATE_BITS - WEIGHT_BITS
    step += 1 << GRADIENT_BITS + RATE_BITS - bits - _MORE_BITS
    return gradient.bit_length(), step.bit_length()


# -- the recipe, in plain integers --------------------------------------------


def recipe(plan: Plan, columns: Mapping[str, Sequence[int]]) -> list[int]:
    """What the nodes compute, without shares: the same integers.

    Returns:
        Whether the limit held, then w.
    """
    detail: Logistic = plan.detail
    d = len(detail.x)
    x = [_encoded(block, columns[block.column]) for block in plan.blocks[:d]]
    rough = [_encoded(block, columns[block.column]) for block in plan.blocks[d:-1]]
    halves = [HALF - THOUSAND * value for value in columns[detail.y]]
    constant = [_dot(column, halves) << detail.cube_bits for column in x]
    gram = [[_dot(one, other) for other in x] for one in x]
    rows = list(zip(*rough, strict=True))
    w, held = [0] * d, True
    for _ in range(detail.steps):
        coarse = [_rounded(one, detail.coarse_cut) for one in w]
        cubes = [_dot(row, coarse) ** 3 for row in rows]
        slopes = [
            first + (LINEAR * _dot(line, w) << detail.linear_shift)
            for first, line in zip(constant, gram, strict=True)
        ]
        for j, column in enumerate(x):
            gradient = slopes[j] - CUBIC * _dot(column, cubes)
            change = (gradient >> detail.gradient_cut) * detail.factor
            w[j] = (w[j] << detail.step_cut) - change >> detail.step_cut
        held = held and all(abs(one) <= detail.limit << WEIGHT_BITS for one in w)
        if not held:
            return [0] * (1 + d)
    return [1, *w]


def _dot(x: Sequence[int], y: Sequence[int]) -> int:
    return sum(p * q for p, q in zip(x, y, strict=True))


def _rounded(value: int, cut: int) -> int:
    return value + (1 << cut - 1) >> cut


def _encoded(block: Block, values: Sequence[int]) -> list[int]:
    f, c, unit = block.fraction_bits, block.center, block.unit
    return [(((x - c) << f + 1) + unit) // (2 * unit) for x in values]


# -- the result -----------------------------------------------------------------


def _document(plan: Plan, out: Sequence[int]) -> dict[str, Json]:
    detail: Logistic = plan.detail
    made: dict[str, Json] = {
        "rows": plan.n_rows,
        "steps": detail.steps,
        "y": detail.y,
    }
    if not out[0]:
        return {**made, "status": "beyond the limit"}
    most = detail.limit << WEIGHT_BITS
    if out[0] != 1 or not all(-most <= w <= most for w in out[1:]):
        raise not_an_output(plan)
    terms: list[Json] = [
        {"name": name, "coefficient": text(Fraction(w, 1 << WEIGHT_BITS), _DIGITS)}
        for name, w in zip(detail.x, out[1:], strict=True)
    ]
    return {**made, "status": "done", "terms": terms}


def _reference(plan: Plan, plain: Plain) -> dict[str, Json]:
    return _document(plan, recipe(plan, assemble(plan, plain)))


LOGISTIC = Program(
    name="logistic_regression",
    version=2,
    inputs=f"a column y of 0 and 1 and up to {MAX_FEATURES} columns X of numbers, each "
    "with a public center and unit",
    outputs="coefficients after the given steps, for columns in their units; or that "
    "one was beyond the limit",
    leaks="nothing else",
    error="1e-4 of the same recipe in real numbers, where columns lie within 3 units "
    "of their centers and scores within 8",
    plan=_plan,
    document=_document,
    reference=_reference,
    runner="privshare.jobs.mpc.programs.logistic_run:logistic_regression",
    checked=True,
)
PROGRAMS = (LOGISTIC,)
