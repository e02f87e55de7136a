"""The ready modules compute what plain Python and numpy compute."""

from __future__ import annotations

import math
import os
import statistics
from collections import defaultdict
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from wasm_kit import ask_module

from privshare.errors import RunRefused
from privshare.jobs.wasm import frame, library
from privshare.jobs.wasm.frame import Series, Value

LONG = os.environ.get("PRIVSHARE_LONG") == "1"
MANY = settings(max_examples=1000 if LONG else 60)

INT64 = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(
    [-(2**63), 2**63 - 1, 0, 1, -1]
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.sampled_from(["north", "süd", 'a "quoted\\', "", "\n", "🜁", "東"])


def table(*columns: Series) -> bytes:
    """The frame of these columns."""
    return frame.encode(columns)


def scaled(value: int, scale: int) -> str:
    """v / 10^scale as the modules write it."""
    sign, digits = "-" if value < 0 else "", str(abs(value)).rjust(scale + 1, "0")
    return sign + (f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits)


def close(text: str, expected: float, relative: float = 1e-9) -> bool:
    """Whether a number as text is near another."""
    return math.isclose(float(text), expected, rel_tol=relative, abs_tol=1e-300)


@given(st.lists(st.none() | INT64, max_size=40), st.integers(0, 18), st.integers(1, 4))
@MANY
def test_describe_integers(cells: list[int | None], scale: int, k: int) -> None:
    """Sums, extremes and counts are exact to the last digit, at any size."""
    kind: Any = "decimal" if scale else "int"
    laid = table(Series("v", kind, cells, scale or None))
    answer = ask_module("describe", laid, {"columns": ["v"], "extremes": True}, k=k)
    if len(cells) < k:
        assert answer == ("run.exit", 5)
        return
    values = [cell for cell in cells if cell is not None]
    assert answer["rows"] == len(cells)
    found = answer["columns"]["v"]
    if len(values) < k:
        assert found is None
        return
    assert {
        "count": len(values),
        "max": scaled(max(values), scale),
        "min": scaled(min(values), scale),
        "sum": scaled(sum(values), scale),
    } == {name: found[name] for name in ("count", "max", "min", "sum")}
    mean = Fraction(sum(values), len(values) * 10**scale)
    largest = max(abs(v) for v in values) / 10**scale
    assert abs(float(found["mean"]) - float(mean)) <= 1e-15 * largest
    if len(values) > 1:
        assert close(found["sd"], statistics.stdev(values) / 10**scale, 1e-6) or (
            statistics.stdev(values) <= 1e-6 * max(abs(v) for v in values)
        )
    else:
        assert found["sd"] is None


@given(FLOATS)
@settings(max_examples=3000 if LONG else 400)
def test_a_double_is_told_in_its_shortest_digits(value: float) -> None:
    """The text has the digits of Python's repr, and reads back as the same."""
    answer = ask_module(
        "describe",
        table(Series("v", "float", (value,))),
        {"columns": ["v"], "extremes": True},
    )
    text = answer["columns"]["v"]["max"]
    assert float(text) == value
    assert _digits(text) == _digits(repr(value))


def _digits(text: str) -> str:
    return text.lower().split("e")[0].replace(".", "").replace("-", "").strip("0")


@given(st.lists(st.none() | FLOATS, min_size=1, max_size=30))
@MANY
def test_describe_floats(cells: list[float | None]) -> None:
    """Doubles are added in the order of the rows; an infinite sum is an error."""
    values = [cell + 0.0 for cell in cells if cell is not None]
    answer = ask_module(
        "describe",
        table(Series("v", "float", cells)),
        {"columns": ["v"], "extremes": True},
    )
    if not values:
        assert answer["columns"]["v"] is None
        return
    total = 0.0
    for value in values:
        total += value
    mean = total / len(values)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.float64(0)
        for value in values:
            squares += (np.float64(value) - mean) ** 2
    if not math.isfinite(total) or (len(values) > 1 and not math.isfinite(squares)):
        assert answer == ("run.exit", 4)
        return
    found = answer["columns"]["v"]
    assert (total, mean) == (float(found["sum"]), float(found["mean"]))
    assert (max(values), min(values)) == (float(found["max"]), float(found["min"]))
    if len(values) > 1:
        assert float(found["sd"]) == math.sqrt(squares / (len(values) - 1))


@st.composite
def grouped(draw: st.DrawFn) -> dict[str, tuple[Value, ...]]:
    rows = draw(st.integers(0, 40))

    def column(cell: st.SearchStrategy[Any]) -> tuple[Value, ...]:
        return tuple(draw(st.lists(cell, min_size=rows, max_size=rows)))

    return {
        "day": column(st.none() | st.dates().map(str) | st.just("2026-02-28")),
        "n": column(st.none() | INT64),
        "rate": column(st.none() | st.integers(-1000, 1000)),
        "word": column(st.none() | WORDS),
        "yes": column(st.none() | st.booleans()),
    }


TYPES: dict[str, tuple[Any, int | None]] = {
    "day": ("date", None),
    "n": ("int", None),
    "rate": ("decimal", 2),
    "word": ("category", None),
    "yes": ("bool", None),
}


@given(
    grouped(),
    st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=3, unique=True),
    st.integers(1, 4),
)
@MANY
def test_group(cells: dict[str, tuple[Value, ...]], by: list[str], k: int) -> None:
    """Groups, their counts and exact sums; those of fewer than k are withheld."""
    laid = table(*(Series(name, *_typed(name, cells)) for name in sorted(cells)))
    answer = ask_module(
        "group", laid, {"by": by, "columns": ["n", "rate"], "extremes": False}, k=k
    )
    groups: dict[tuple[Value, ...], list[int]] = defaultdict(list)
    for row, key in enumerate(zip(*(cells[name] for name in by), strict=True)):
        groups[key].append(row)
    shown = {key: rows for key, rows in groups.items() if len(rows) >= k}
    assert answer["suppressed"] == len(groups) - len(shown)
    assert [group["key"] for group in answer["groups"]] == [
        [_told(name, value) for name, value in zip(by, key, strict=True)]
        for key in sorted(shown, key=lambda key: _order(by, key))
    ]
    for group, key in zip(
        answer["groups"], sorted(shown, key=lambda key: _order(by, key)), strict=True
    ):
        assert group["count"] == len(shown[key])
        for name, scale in (("n", 0), ("rate", 2)):
            values = [cells[name][row] for row in shown[key]]
            present = [value for value in values if value is not None]
            found = group["columns"][name]
            if len(present) < k:
                assert found is None
                continue
            assert (len(present), scaled(sum(present), scale)) == (
                found["count"],
                found["sum"],
            )
            assert found["min"] is None is found["max"]


def _typed(name: str, cells: dict[str, tuple[Value, ...]]) -> tuple[Any, ...]:
    kind, scale = TYPES[name]
    return kind, cells[name], scale


def _told(name: str, value: Value) -> Any:
    if value is None or name in ("day", "word", "yes"):
        return value
    return scaled(int(value), 2 if name == "rate" else 0)


def _order(by: list[str], key: tuple[Value, ...]) -> list[tuple[bool, Any]]:
    return [
        (v is not None, v.encode() if isinstance(v, str) else 0 if v is None else v)
        for v in key
    ]


@given(
    st.lists(st.none() | st.integers(-2000, 2000), max_size=60),
    st.lists(st.integers(-20, 20), min_size=1, max_size=6, unique=True),
    st.integers(1, 4),
)
@MANY
def test_histogram_of_numbers(
    cells: list[int | None], edges: list[int], k: int
) -> None:
    """Half-open bins, exact at the edges, for decimals and doubles alike."""
    edges.sort()
    texts = [str(edge) for edge in edges]
    doubles = [None if cell is None else cell / 100 for cell in cells]
    counts = [0] * (len(edges) + 1)
    for cell in cells:
        if cell is not None:
            counts[sum(cell >= 100 * edge for edge in edges)] += 1
    expected = [count if count >= k else None for count in counts]
    for laid in (
        table(Series("v", "decimal", cells, 2)),
        table(Series("v", "float", doubles)),
    ):
        answer = ask_module("histogram", laid, {"column": "v", "edges": texts}, k=k)
        assert expected == [one["count"] for one in answer["bins"]]
        assert [None, *texts] == [one["from"] for one in answer["bins"]]


@given(st.lists(st.none() | WORDS, max_size=60), st.integers(1, 4))
@MANY
def test_histogram_of_words(cells: list[str | None], k: int) -> None:
    """Words and how often each occurs, except rare ones."""
    laid = table(Series("w", "string", cells))
    answer = ask_module("histogram", laid, {"column": "w", "edges": []}, k=k)
    words = sorted({cell for cell in cells if cell is not None}, key=str.encode)
    counted = [(word, cells.count(word)) for word in words]
    assert [
        {"count": count, "word": word} for word, count in counted if count >= k
    ] == answer["words"]
    assert answer["suppressed"] == sum(count < k for _, count in counted)


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 4))
@MANY
def test_regression(seed: int, width: int, digits: int) -> None:
    """Coefficients, their errors and r² agree with numpy's least squares."""
    chance = np.random.default_rng(seed)
    rows = int(chance.integers(width + 3, 80))
    x = chance.normal(100, 10.0 ** (digits - 2), (rows, width))
    y = 3 + x @ chance.normal(0, 2, width) + chance.normal(0, 1, rows)
    design = np.column_stack([np.ones(rows), x - x.mean(axis=0)])
    fit, _, rank, singular = np.linalg.lstsq(design, y, rcond=None)
    assume(rank == width + 1 and singular[0] / singular[-1] < 1e5)
    missing = [True, *([False] * (rows - 1))]
    laid = table(
        *(
            Series(f"x{i}", "float", tuple(float(v) for v in (*x[:, i], 5.0)))
            for i in range(width)
        ),
        Series("y", "float", (*(float(v) for v in y), None)),
    )
    assert missing
    names = [f"x{i}" for i in range(width)]
    leverage = np.linalg.norm(np.linalg.qr(design)[0], axis=1).max() ** 2
    assume(abs(2 * leverage - 1) > 1e-4)
    answer = ask_module("regression", laid, {"x": names, "y": "y"}, k=2)
    if 2 * leverage > 1:  # the fit follows one row
        assert answer == ("run.exit", 8)
        return
    rest = y - design @ fit
    variance = rest @ rest / (rows - width - 1)
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    assert answer["rows"] == rows
    for i in range(width):
        found = answer["coefficients"][i]
        assert found["column"] == names[i]
        assert math.isclose(
            float(found["value"]), fit[i + 1], rel_tol=1e-6, abs_tol=1e-6
        )
        assert close(found["error"], errors[i + 1], 1e-6)
    r2 = 1 - rest @ rest / ((y - y.mean()) @ (y - y.mean()))
    assert math.isclose(float(answer["r2"]), r2, abs_tol=1e-9)
    assert close(answer["residual_sd"], math.sqrt(variance), 1e-6)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ((1, 1, 1, 1), (1, 2, 3, 4), ("run.exit", 6)),
        ((1, 2), (1, 2), ("run.exit", 5)),
        ((), (), ("run.exit", 5)),
        ((1, None, 3, None), (1, 2, None, 4), ("run.exit", 5)),
    ],
)
def test_what_has_no_regression(
    x: tuple[Value, ...], y: tuple[Value, ...], expected: tuple[str, int]
) -> None:
    """Constant columns and too few rows end the run with their code."""
    laid = table(Series("x", "int", x), Series("y", "int", y))
    assert expected == ask_module("regression", laid, {"x": ["x"], "y": "y"})


@pytest.mark.parametrize(("true", "told"), [(9, False), (10, True), (30, True)])
def test_a_column_true_for_few_rows_has_no_regression(true: int, told: bool) -> None:
    """Its coefficient would be the mean of those rows' y: of one row, y itself."""
    flags = [i < true for i in range(40)]
    laid = table(
        Series("flag", "bool", tuple(flags)),
        Series("y", "int", tuple(1_000 * i * i for i in range(40))),
    )
    for cells in (laid, table(*_negated(laid))):
        answer = ask_module("regression", cells, {"x": ["flag"], "y": "y"}, k=10)
        assert (answer != ("run.exit", 8)) is told


def _negated(laid: bytes) -> list[Series]:
    flag, y = frame.decode(laid)
    return [Series("flag", "bool", tuple(not one for one in flag.cells)), y]


def test_an_outlier_is_not_told() -> None:
    """One far value carries the line; its y could be read from the answer."""
    x = [*range(200), 1_000_000]
    laid = table(
        Series("x", "int", tuple(x)), Series("y", "int", tuple(3 * v for v in x))
    )
    assert ask_module("regression", laid, {"x": ["x"], "y": "y"}, k=3) == (
        "run.exit",
        8,
    )


def test_cells_whose_squares_vanish_are_rotated() -> None:
    """A first cell of 10^-161 deviations changes nothing that can be seen."""
    y = [float((7 * i * i) % 41) for i in range(41)]
    answers = [
        ask_module(
            "regression",
            table(
                Series("x", "float", (first, *(float(i - 20) for i in range(1, 41)))),
                Series("y", "float", tuple(y)),
            ),
            {"x": ["x"], "y": "y"},
            k=3,
        )
        for first in (0.0, 2.2e-161, 1.1e-169)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["rows"] == 41


def test_columns_that_depend_on_each_other() -> None:
    """x and 2x have no regression."""
    x = tuple(range(10))
    laid = table(
        Series("a", "int", x),
        Series("b", "int", tuple(2 * v for v in x)),
        Series("y", "int", tuple(v * v for v in x)),
    )
    answer = ask_module("regression", laid, {"x": ["a", "b"], "y": "y"})
    assert answer == ("run.exit", 6)


def test_a_sum_of_doubles_that_overflows_is_an_error() -> None:
    """Never an infinity, never a number that wrapped."""
    laid = table(
        Series("v", "float", (1.7e308, 1.7e308)), Series("g", "bool", (True, True))
    )
    parameters = {"by": ["g"], "columns": ["v"], "extremes": False}
    assert ask_module("group", laid, parameters) == ("run.exit", 4)


BAD = {
    "describe": [
        {"columns": ["nope"], "extremes": False},
        {"columns": ["v", "v"], "extremes": False},
        {"columns": ["v", "g"], "extremes": False},
        {"columns": [], "extremes": False},
        {"columns": ["v"], "extremes": 1},
        {"columns": ["v"]},
        {"columns": ["v"], "extremes": False, "more": 1},
    ],
    "group": [
        {"by": ["f"], "columns": [], "extremes": False},
        {"by": [], "columns": [], "extremes": False},
        {"by": ["g"] * 4, "columns": [], "extremes": False},
        {"by": ["g"], "columns": ["w"], "extremes": False},
        {"by": ["g"], "columns": ["d"], "extremes": False},
    ],
    "histogram": [
        {"column": "v", "edges": []},
        {"column": "w", "edges": ["1"]},
        {"column": "v", "edges": ["2", "1"]},
        {"column": "v", "edges": ["1", "1.0"]},
        {"column": "v", "edges": ["0.5"]},
        {"column": "v", "edges": ["1e3"]},
        {"column": "v", "edges": ["1" * 19]},
        {"column": "v", "edges": [1]},
        {"column": "g", "edges": ["1"]},
    ],
    "regression": [
        {"x": ["v"], "y": "v"},
        {"x": ["w"], "y": "v"},
        {"x": ["f", "f"], "y": "v"},
        {"x": [], "y": "v"},
        {"x": ["f"], "y": 3},
    ],
}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [(name, one) for name, several in BAD.items() for one in several],
)
def test_parameters_that_do_not_fit(name: str, parameters: dict[str, Any]) -> None:
    """The module itself refuses, whatever was checked before."""
    laid = table(
        Series("d", "date", ("2026-01-01", "2026-01-02")),
        Series("f", "float", (1.0, 2.0)),
        Series("g", "bool", (True, False)),
        Series("v", "int", (1, 2)),
        Series("w", "string", ("a", "b")),
    )
    assert ask_module(name, laid, parameters) == ("run.parameters", 1)


@pytest.mark.parametrize("name", library.names())
def test_output_is_held_against_the_threshold(name: str) -> None:
    """A count below k is refused outside the module, too."""
    outputs = {
        "describe": b'{"columns":{"v":{"count":4}},"rows":9}',
        "group": b'{"groups":[{"columns":{"v":{"count":4}},"count":9}],"suppressed":0}',
        "histogram": b'{"bins":[{"count":null},{"count":4}]}',
        "regression": b'{"rows":4}',
    }
    library.check_output(name, outputs[name], 4)
    for output in (outputs[name], b"{}", b"[]", b"", b"{", b"null"):
        with pytest.raises(RunRefused) as caught:
            library.check_output(name, output, 5)
        assert caught.value.detail["rule"] == "run.output"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("describe", {"columns": ["b", "a"], "extremes": False}),
        ("describe", {"columns": ["a"]}),
        ("group", {"by": ["a", "a"], "columns": [], "extremes": False}),
        ("histogram", {"column": "a", "edges": ["x"]}),
        ("histogram", {"column": "A", "edges": []}),
        ("regression", {"x": ["a"], "y": "b", "z": 1}),
    ],
)
def test_parameters_are_checked_early(name: str, parameters: dict[str, Any]) -> None:
    """Before a job is planned; the error says what the module takes."""
    with pytest.raises(RunRefused) as caught:
        library.check_parameters(name, parameters)
    assert caught.value.detail["rule"] == "run.parameters"


@given(st.binary(max_size=200), st.integers(0, 3))
@MANY
def test_modules_survive_broken_frames(noise: bytes, where: int) -> None:
    """A module that is handed bytes past the runner's check still only refuses."""
    laid = bytearray(
        table(Series("v", "int", (1, None)), Series("w", "string", ("a", "b")))
    )
    start = (0, 8, 16, len(laid) // 2)[where]
    laid[start : start + len(noise)] = noise[: len(laid) - start]
    for name, parameters in (
        ("describe", {"columns": ["v", "w"], "extremes": True}),
        ("histogram", {"column": "w", "edges": []}),
    ):
        answer = ask_module(name, bytes(laid), parameters)
        assert isinstance(answer, dict) or answer[0] in (
            "run.exit",
            "run.input",
            "run.memory",
            "run.parameters",
            "run.trap",
        )
