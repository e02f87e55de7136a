"""Linear regression with standard errors, solved on shares.

Least squares of y on columns x_1..x_d and a constant. Sums of products are exact
integers; what follows is fixed point with f bits after the point, every
truncation an exact floor, so this module's `recipe` gives the very same integers.

    C_ij = n·Σx_i·x_j - Σx_i·Σx_j             exact, y counted as the last column
    g_i  = half the bit length of C_ii          opened: a column's spread, as a
                                                power of two of its deviation
    A_ij = C_ij / 2^(g_i + g_j)                 |A_ij| < 1, 1/4 <= A_ii
    M    ← M·(2I - A·M), from M = I / 2^e       Newton's iteration to A^-1; 2^e >= d
    b    = M·a                                  coefficients, with a_i = A_iy
    r    = A_yy - a·b                           what is left, of A_yy

Newton's iteration for an inverse (Schulz 1933; Ben-Israel, Math. Comp. 1965)
takes a fixed number of rounds and no division. It reaches f bits where the least
eigenvalue of A is at least 2^-18. Where columns nearly determine one another it
does not: then some entry of I - A·M stays large, which is found on shares, and
nothing leaves but that. The coefficients follow from b by powers of two, and
their standard errors from r and the diagonal of M:

    beta_i = b_i·2^(g_y - g_i)      var(beta_i) = r·M_ii·4^(g_y - g_i) / (n - d - 1)
    u_i = Σx_i / 2^g_i              beta_0 = (u_y - b·u)·2^g_y / n
                                    var(beta_0) = r·(1 + u'Mu)·4^g_y / (n²·(n-d-1))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.mpc.programs.column import read_declared
from privshare.jobs.mpc.programs.cost import Tally
from privshare.jobs.mpc.programs.decimal_text import root, significant
from privshare.jobs.mpc.programs.program import (
    Block,
    Plain,
    Plan,
    Program,
    assemble,
    not_an_output,
    refuse_overflow,
)
from privshare.wire.canonical import Fields, Json

__all__ = ["LINEAR", "MAX_COLUMNS", "PROGRAMS", "Linear", "Scaling", "scaling"]

MAX_COLUMNS = 16
#: The least eigenvalue of A that the iteration reaches: 2^-18.
CONDITION_BITS = 18
#: Entries of I - A·M must be smaller than 2^-20.
RESIDUAL_BITS = 20
#: Bits that C may have: a shift to f bits and a sign fit beside them.
_MOST_BITS = 121
#: Bits that a product of fixed-point numbers may have.
_PRODUCT_BITS = 123
_LEAST_MEAN_BITS, _MOST_MEAN_BITS = 12, 40
_DIGITS = 10

Matrix: TypeAlias = list[list[int]]


@dataclass(frozen=True, slots=True)
class Linear:
    """What the program is told beside the columns, and what follows from it.

    Attributes:
        y: The column explained.
        x: The columns that explain it.
        sizes: For these and y, bits of the largest sum of a column.
    """

    y: str
    x: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def d_bits(self) -> int:
        """e, with 2^e >= d."""
        return (len(self.x) - 1).bit_length()

    @property
    def fraction_bits(self) -> int:
        """f: so many that a product of A and M fits the ring."""
        return (_PRODUCT_BITS - self.growth - self.d_bits) // 2

    @property
    def growth(self) -> int:
        """M stays below 2^growth, whatever A is."""
        return CONDITION_BITS + 6

    @property
    def iterations(self) -> int:
        """After so many, an eigenvalue 2^-18 of A is inverted to f bits."""
        return self.growth + self.d_bits


@dataclass(frozen=True, slots=True)
class Scaling:
    """Public shifts that follow from the opened spreads.

    Attributes:
        halves: g, for the columns and y.
        shift: Bits that A's entries are shifted up, together, before f are kept.
        mean_bits: Bits after the point of u.
        mean_shift: Bits that u's entries are shifted up before these are kept.
    """

    halves: tuple[int, ...]
    shift: int
    mean_bits: int
    mean_shift: int


def scaling(detail: Linear, lengths: Sequence[int]) -> Scaling:
    """What follows from the bit lengths of C_ii.

    Args:
        detail: Of the plan.
        lengths: Bit length of C_ii for the columns and y.

    Raises:
        OutOfRange: A column's values are so close to each other and so far from
            zero that its mean, in units of its spread, does not fit.
    """
    halves = tuple((length + 1) // 2 for length in lengths)
    top = max(*halves, detail.fraction_bits)
    far = max(0, *(s - g for s, g in zip(detail.sizes, halves, strict=True)))
    wide = detail.growth + 2 * detail.d_bits + 2 * far + 1
    mean_bits = min(
        _MOST_MEAN_BITS,
        (_PRODUCT_BITS - wide) // 2,
        _PRODUCT_BITS - wide + far - detail.fraction_bits,
    )
    mean_shift = max(*halves, mean_bits)
    if mean_bits < _LEAST_MEAN_BITS or far + mean_shift > _PRODUCT_BITS:
        worst = max(range(len(halves)), key=lambda i: detail.sizes[i] - halves[i])
        name = (*detail.x, detail.y)[worst]
        raise OutOfRange(
            f"column {name}: expected a mean of at most 2^{far - 1} times its "
            "spread, found a larger one possible by its declared interval",
            fix="Subtract a constant from the column, or declare a narrower interval.",
            detail={"rule": "mpc.spread", "column": name},
        )
    return Scaling(halves, 2 * top, mean_bits, mean_shift)


def _plan(parameters: Mapping[str, Any], rows: Mapping[str, int], k: int) -> Plan:
    fields = Fields(parameters, "parameters")
    declared = read_declared(fields, rows, k)
    y, x = fields.str("y"), tuple(fields.str_list("X", MAX_COLUMNS))
    fields.end()
    names = (*x, y)
    if not x or len(set(names)) != len(names):
        raise EncodingError("y, X: expected different columns, found one twice or none")
    columns = [declared.number(name) for name in names]
    declared.used(*names)
    n, d = declared.n_rows, len(x)
    if n < d + 2:
        raise OutOfRange(f"rows: expected at least {d + 2} for {d} columns, found {n}")
    for column in columns:
        largest = max((n * column.spread) ** 2 // 4, n * column.size)
        if largest.bit_length() > _MOST_BITS:
            raise refuse_overflow(largest, declared, [column.name])
    sizes = tuple((n * column.size).bit_length() for column in columns)
    detail = Linear(y, x, sizes)
    tally, steps = Tally(128), detail.iterations
    tally.take(n * (d + 1))
    tally.matmul(d + 1, n, d + 1)
    tally.compare(128, 3)  # bit lengths of the spreads
    tally.truncate((d + 1) ** 2)
    tally.matmul(d, d, d, 2 * steps + 1)
    tally.truncate(d * d, 2 * steps + 1)
    tally.compare(2 * d * d, 2)
    tally.multiply(d, 8)
    tally.truncate(d + 1, 6)
    return Plan(
        program="linear_regression",
        ring=128,
        columns=declared.columns,
        alignment=declared.alignment,
        rows=declared.rows,
        k=k,
        blocks=tuple(Block(name, "number") for name in names),
        outputs=6 + 3 * d,
        cost=tally.cost(),
        detail=detail,
    )


# -- the recipe, in plain integers --------------------------------------------


def recipe(plan: Plan, columns: Mapping[str, Sequence[int]]) -> list[int]:
    """What the nodes compute, without shares: the same integers.

    Returns:
        The outputs, as `_decode` takes them.
    """
    detail: Linear = plan.detail
    names, n = (*detail.x, detail.y), plan.n_rows
    d, f = len(detail.x), detail.fraction_bits
    sums = [sum(columns[name]) for name in names]
    c = [
        [
            n * sum(p * q for p, q in zip(columns[i], columns[j], strict=True)) - s * t
            for j, t in zip(names, sums, strict=True)
        ]
        for i, s in zip(names, sums, strict=True)
    ]
    scales = scaling(detail, [c[i][i].bit_length() for i in range(d + 1)])
    g = scales.halves
    a = [
        [
            (c[i][j] << scales.shift - g[i] - g[j]) >> scales.shift - f
            for j in range(d + 1)
        ]
        for i in range(d + 1)
    ]
    inner = [row[:d] for row in a[:d]]
    inverse, fits = _inverse(detail, inner)
    if not fits:
        return [0] * (5 + 2 * d) + list(g)
    b = _product(inverse, [[a[i][d]] for i in range(d)], f)
    rest = a[d][d] - _product([a[d][:d]], b, f)[0][0]
    m = scales.mean_bits
    u = [
        (s << scales.mean_shift - h) >> scales.mean_shift - m
        for s, h in zip(sums, g, strict=True)
    ]
    far = _product(inverse, [[one] for one in u[:d]], f)
    spread = sum(p * q[0] for p, q in zip(u[:d], far, strict=True))
    shifted = sum(p[0] * q for p, q in zip(b, u[:d], strict=True))
    start = u[d] - (shifted >> f)
    diagonal = [inverse[i][i] for i in range(d)]
    betas = [row[0] for row in b]
    return [1, *betas, *diagonal, rest, a[d][d], start, spread, *g]


def _inverse(detail: Linear, a: Matrix) -> tuple[Matrix, bool]:
    d, f = len(a), detail.fraction_bits
    m = [[(i == j) << f - detail.d_bits for j in range(d)] for i in range(d)]
    for _ in range(detail.iterations):
        m = _product(m, _less(_product(a, m, f), 2 << f), f)
    left = _less(_product(a, m, f), 1 << f)
    bound = 1 << f - RESIDUAL_BITS
    return m, all(-bound <= one < bound for row in left for one in row)


def _less(m: Matrix, identity: int) -> Matrix:
    """identity · I - m."""
    return [
        [identity * (i == j) - one for j, one in enumerate(row)]
        for i, row in enumerate(m)
    ]


def _product(p: Matrix, q: Matrix, f: int) -> Matrix:
    columns = list(zip(*q, strict=True))
    return [
        [sum(x * y for x, y in zip(row, col, strict=True)) >> f for col in columns]
        for row in p
    ]


# -- the result -----------------------------------------------------------------


def _document(plan: Plan, out: Sequence[int]) -> dict[str, Json]:
    detail: Linear = plan.detail
    d, n = len(detail.x), plan.n_rows
    made: dict[str, Json] = {"rows": n, "degrees_of_freedom": n - d - 1}
    if not out[0]:
        return {**made, "status": "columns determine one another"}
    betas, diagonal = out[1 : 1 + d], out[1 + d : 1 + 2 * d]
    rest, whole, start, spread = out[1 + 2 * d : 5 + 2 * d]
    g = out[5 + 2 * d :]
    fine = out[0] == 1 and all(0 <= one <= _MOST_BITS for one in g)
    if not fine or min(*diagonal, whole, 0) < 0:
        raise not_an_output(plan)
    f, free = detail.fraction_bits, n - d - 1
    lengths = [2 * one for one in g]
    m = scaling(detail, lengths).mean_bits
    units = [
        Fraction(1, 10 ** plan.column(name).scale) for name in (*detail.x, detail.y)
    ]
    left = Fraction(max(rest, 0), 1 << f)
    y_unit = units[d] * 2 ** g[d]
    intercept = Fraction(start, n << m) * y_unit
    variance = (
        left * (1 + Fraction(max(spread, 0), 1 << 2 * m)) / free * (y_unit / n) ** 2
    )
    terms: list[Json] = [_term("intercept", intercept, variance)]
    for i, name in enumerate(detail.x):
        ratio = y_unit / (units[i] * 2 ** g[i])
        value = Fraction(betas[i], 1 << f) * ratio
        variance = left * Fraction(diagonal[i], 1 << f) / free * ratio**2
        terms.append(_term(name, value, variance))
    error = root(left / (n * free) * y_unit**2, 40)
    made["residual_standard_error"] = significant(error, _DIGITS)
    fitted = 1 - left / Fraction(whole, 1 << f) if whole else None
    made["r_squared"] = None if fitted is None else significant(fitted, _DIGITS)
    return {**made, "status": "solved", "terms": terms, "y": detail.y}


def _term(name: str, value: Fraction, variance: Fraction) -> dict[str, Json]:
    error = root(variance, 40)
    return {
        "name": name,
        "coefficient": significant(value, _DIGITS),
        "standard_error": significant(error, _DIGITS),
        "t": significant(value / error, 6) if error else None,
    }


def _reference(plan: Plan, plain: Plain) -> dict[str, Json]:
    return _document(plan, recipe(plan, assemble(plan, plain)))


LINEAR = Program(
    name="linear_regression",
    version=1,
    inputs=f"a column y and up to {MAX_COLUMNS} columns X of numbers, as scaled "
    "integers",
    outputs="coefficients, standard errors, R squared and residual standard error; "
    "or that columns determine one another",
    leaks="of each column the power of two next to its standard deviation",
    error="2^-22 of a coefficient where the least eigenvalue of the scaled products "
    "is 2^-18, and less in proportion where it is larger; 2^-20 at an intercept in "
    "units of y's deviation",
    plan=_plan,
    document=_document,
    reference=_reference,
    runner="privshare.jobs.mpc.programs.linear_run:linear_regression",
    checked=True,
)
PROGRAMS = (LINEAR,)
