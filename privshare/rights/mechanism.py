"""The mechanism of a noisy answer: a document that fixes noise and price.

It says what is asked, between which bounds values are clipped, how many rows a
person may have, and which level the answer reaches. Sensitivity, noise, charges
and expected error follow from that, so none of them can be claimed differently
by a coordinator, a node and an auditor.

    coordinator   Mechanism ─► spec, ledger (`answer`) ─► charges
    node          mechanism.noise ─► a share of it
    explain()     mechanism.expected_error ─► "within ±1,234.56, 95 times of 100"
    auditor       from_json ─► the same charges again

Neighbours are two tables of the same number of rows in which the rows of one
person are replaced; how many rows a dataset has is public (`dataset.rows`).
Values outside the declared bounds are moved to the nearer bound before anything
is added, by their owner; rows outside the filter count as nothing.

    statistic    cells   one row replaced changes          Δ1    Δ2²
    count        1       one number by 1                   1     1
    sum          1       one by max(high,0) - min(low,0)   w     w²
    histogram    n       two numbers by 1                  2     2
    group-sum    n       one by w, or two by v             max(w, 2v), max(w², 2v²)

with v the largest size of a value. A person with m rows: Δ1·m and Δ2²·m².

Implements the mechanism of docs/protocols/privacy.md.

>>> asked = Mechanism(statistic="sum", mech="dgauss", level=50_000, delta=40,
...     low=0, high=10_000, cells=1, rows=1, honest=2)
>>> asked.noise.variance_parameter, asked.charge_rho, asked.charge_epsilon
(1000000002, 50000, 2404821)
>>> print(asked.expected_error(scale=2, unit="euro"))
within ±759.10 euro of the exact answer, 95 times of 100
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast, get_args

from privshare.errors import EncodingError, OutOfRange
from privshare.rights import privacy
from privshare.rights.terms import one_of
from privshare.schemes.fixed_point import FixedPoint
from privshare.schemes.noise import (
    DiscreteGaussian,
    DiscreteLaplace,
    Noise,
    closeness,
)
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json
from privshare.wire.digest import digest_json

__all__ = ["MAX_BOUND", "MAX_CELLS", "MAX_ROWS", "Mech", "Mechanism", "Statistic"]

Mech = Literal["dgauss", "dlaplace"]
Statistic = Literal["count", "group-sum", "histogram", "sum"]

#: Bounds of values are smaller than this in size.
MAX_BOUND = 1 << 38
MAX_CELLS = 1 << 16
#: Most rows of one person.
MAX_ROWS = 1_000

_COUNTS = ("count", "histogram")
_SINGLE = ("count", "sum")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """How one answer is made noisy. Well formed from the moment it exists.

    Attributes:
        statistic: What is asked.
        mech: Discrete Gaussian or discrete Laplace.
        level: What the answer costs: micro-ρ for `dgauss`, micro-ε for
            `dlaplace`.
        delta: δ = 2^-delta at which a Gaussian's ε is charged; None for
            `dlaplace`, whose ε holds without exception.
        low: Least value after clipping; 0 for counts.
        high: Greatest value after clipping; 1 for counts.
        cells: How many numbers the answer has.
        rows: Most rows of one person.
        honest: How many of the parties that add noise reach the level: 1 where
            one party adds it alone, 2 where three nodes each add a share.

    Raises:
        EncodingError: Another word, or numbers that do not fit the statistic.
        OutOfRange: A number outside its interval, or noise out of reach.
    """

    statistic: Statistic
    mech: Mech
    level: int
    delta: int | None
    low: int
    high: int
    cells: int
    rows: int
    honest: int

    def __post_init__(self) -> None:
        one_of(self.statistic, get_args(Statistic), "noise.statistic")
        one_of(self.mech, get_args(Mech), "noise.mech")
        _within("level", self.level, 1, privacy.MAX_RHO)
        _within("cells", self.cells, 1, MAX_CELLS)
        _within("rows", self.rows, 1, MAX_ROWS)
        _within("honest", self.honest, 1, 2)
        _within("low", self.low, -MAX_BOUND, MAX_BOUND)
        _within("high", self.high, -MAX_BOUND, MAX_BOUND)
        if self.mech == "dgauss":
            delta = -1 if self.delta is None else self.delta
            _within("delta", delta, privacy.MIN_DELTA_BITS, privacy.MAX_DELTA_BITS)
        elif self.delta is not None:
            raise EncodingError(f"noise.delta: expected null, found {self.delta}")
        self._check_shape()
        if self.honest == 2:
            self._check_shares()

    def _check_shape(self) -> None:
        bounds = (self.low, self.high)
        if self.statistic in _COUNTS and bounds != (0, 1):
            raise EncodingError(
                f"noise.low, noise.high: expected 0 and 1 for a {self.statistic}, "
                f"found {self.low} and {self.high}"
            )
        if self.low >= self.high:
            raise OutOfRange(
                f"noise.high: expected more than noise.low, {self.low}, "
                f"found {self.high}"
            )
        if self.statistic in _SINGLE and self.cells != 1:
            raise EncodingError(
                f"noise.cells: expected 1 for a {self.statistic}, found {self.cells}"
            )

    def _check_shares(self) -> None:
        noise = self.noise
        if isinstance(noise, DiscreteLaplace) and not noise.divisible:
            raise OutOfRange(
                "noise.mech: expected discrete Gaussian noise for these bounds and "
                "this level, found discrete Laplace, whose shares would take too long",
                fix="Ask for dgauss, or sum larger units.",
            )

    @property
    def _widest(self) -> int:
        """What replacing a row changes in one cell at most."""
        return max(self.high, 0) - min(self.low, 0)

    @property
    def _largest(self) -> int:
        """The largest size of a value."""
        return max(abs(self.high), abs(self.low))

    @property
    def l1(self) -> int:
        """Δ1: how far one person moves the answer, summed over its cells."""
        pair = 0 if self.statistic in _SINGLE else 2 * self._largest
        return self.rows * max(self._widest, pair)

    @property
    def l2_squared(self) -> int:
        """Δ2²: the same, squares summed."""
        pair = 0 if self.statistic in _SINGLE else 2 * self._largest**2
        return self.rows**2 * max(self._widest**2, pair)

    @property
    def noise(self) -> Noise:
        """The noise of one cell as a whole; nodes add `noise.share`.

        Laplace: scale Δ1/ε. Gaussian: the least whole σ² of a whole or of two
        shares that stays below ρ (see `loss`).

        Raises:
            OutOfRange: More noise than can be sampled.
        """
        if self.mech == "dlaplace":
            scale = Fraction(self.l1 * privacy.MICRO, self.level)
            return DiscreteLaplace(scale.numerator, scale.denominator)
        rho = Fraction(self.level, privacy.MICRO)
        least = Fraction(self.l2_squared) / (2 * rho * self.honest)
        share = max(1, -(-least.numerator // least.denominator))
        step = 1
        while self._loss(share) > rho:
            share, step = share + step, 2 * step
        return DiscreteGaussian(share * self.honest)

    def _loss(self, share: int) -> Fraction:
        """ρ of `honest` Gaussian shares of this variance together.

        Δ2²/(2·n·σ²) + τ·d/4 for n shares and d cells: half the square of the
        first ε in theorem 1 of Kairouz, Liu and Steinke, ICML 2021.
        """
        tau = closeness(share, self.honest)
        whole = Fraction(self.l2_squared, 2 * self.honest * share)
        return whole + tau * self.cells / 4

    @property
    def loss(self) -> Fraction:
        """What the answer really costs: ρ of a Gaussian, ε of a Laplace, at most.

        Never more than `level`. Of a Gaussian in shares it contains how far two
        shares are from one discrete Gaussian (`tau`).
        """
        noise = self.noise
        if isinstance(noise, DiscreteGaussian):
            return self._loss(noise.variance_parameter // self.honest)
        return Fraction(self.l1 * noise.s, noise.t)

    @property
    def tau(self) -> Fraction:
        """Closeness of two Gaussian shares to the whole; 0 where it is exact."""
        noise = self.noise
        if isinstance(noise, DiscreteGaussian):
            return closeness(noise.variance_parameter // self.honest, self.honest)
        return Fraction(0)

    @property
    def tau_bits(self) -> int | None:
        """τ is at most 2 to minus this; None where it is 0."""
        tau = self.tau
        return (tau.denominator // tau.numerator).bit_length() - 1 if tau else None

    @property
    def charge_rho(self) -> int:
        """What the dataset's account is charged, micro-ρ."""
        if self.mech == "dgauss":
            return self.level
        return privacy.rho_of_epsilon(self.level)

    @property
    def charge_epsilon(self) -> int:
        """What the grant is charged, micro-ε; of a Gaussian at δ."""
        if self.mech == "dlaplace":
            return self.level
        return privacy.epsilon_of_rho(self.level, cast(int, self.delta))

    @property
    def parties(self) -> int:
        """How many add noise when all do."""
        return 3 if self.honest == 2 else 1

    def error95(self) -> int:
        """±r around the exact answer of a cell, 95 times of 100, in whole steps."""
        return self.noise.interval95(self.parties)

    def expected_error(self, *, scale: int = 0, unit: str = "") -> str:
        """The same in the units of the user.

        Args:
            scale: Digits after the point of the column.
            unit: What is counted, such as "euro" or "persons".
        """
        whole, point, digits = FixedPoint(scale).text(self.error95()).partition(".")
        of = "every cell" if self.cells > 1 else "the exact answer"
        space = " " if unit else ""
        return (
            f"within ±{int(whole):,}{point}{digits}{space}{unit} of {of}, "
            "95 times of 100"
        )

    def report(self) -> dict[str, Json]:
        """What a receipt says of the noise beside the mechanism itself.

        `closeness` k stands for τ <= 2^-k, null where two shares are exactly
        the whole; `within` for ±, 95 times of 100, in whole steps.
        """
        return {
            "closeness": self.tau_bits,
            "epsilon": self.charge_epsilon,
            "rho": self.charge_rho,
            "within": self.error95(),
        }

    def digest(self) -> bytes:
        """The 32 bytes that name these terms."""
        return digest_json(domain.MECHANISM, self.to_json())

    @classmethod
    def from_json(cls, obj: object, where: str = "noise") -> Mechanism:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, not of its form, or a
                sensitivity that is not the one of the rest.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(obj, where)
        made = cls(
            statistic=cast(Statistic, fields.str("statistic")),
            mech=cast(Mech, fields.str("mech")),
            level=fields.int("level"),
            delta=fields.nullable("delta", fields.int),
            low=fields.int("low"),
            high=fields.int("high"),
            cells=fields.int("cells"),
            rows=fields.int("rows"),
            honest=fields.int("honest"),
        )
        found = fields.str("sensitivity", max=64)
        fields.end()
        if found != made.sensitivity:
            raise EncodingError(
                f"{where}.sensitivity: expected {made.sensitivity}, as follows from "
                "the bounds, found another"
            )
        return made

    @property
    def sensitivity(self) -> str:
        """Δ2² of a Gaussian, Δ1 of a Laplace, in decimal digits."""
        return str(self.l2_squared if self.mech == "dgauss" else self.l1)

    def to_json(self) -> dict[str, Json]:
        """Lay the document out as specifications, ledger and receipts hold it."""
        return {
            "cells": self.cells,
            "delta": self.delta,
            "high": self.high,
            "honest": self.honest,
            "level": self.level,
            "low": self.low,
            "mech": self.mech,
            "rows": self.rows,
            "sensitivity": self.sensitivity,
            "statistic": self.statistic,
        }


def _within(name: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not low <= value <= high:
        raise OutOfRange(
            f"noise.{name}: expected {low} to {high}, found {value}",
            detail={"field": f"noise.{name}"},
        )
