"""Programs on shares say what their references say, whatever the columns hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpc_program_kit import (
    ALIGNED,
    DATASET,
    OTHER,
    asked,
    category,
    number,
    same,
)

from privshare.jobs.mpc.programs import groups, linear, logistic, moments
from privshare.jobs.mpc.programs.program import Noised

WORDS = ["east", "north", "south", "west", "wide"]
BOTH = {DATASET: "v", OTHER: "w"}


def edged(low: int, high: int) -> st.SearchStrategy[int]:
    """Integers that lean to the ends of their interval, zero and one."""
    ends = [x for x in (low, high, 0, 1, -1) if low <= x <= high]
    return st.one_of(st.sampled_from(ends), st.integers(low, high))


@st.composite
def bounded(draw: Any, **sizes: int) -> tuple[int, int, list[int]]:
    """An interval and values in it."""
    low, high = sorted(draw(st.tuples(edged(-(2**45), 2**45), edged(-(2**45), 2**45))))
    values = draw(st.lists(edged(low, high), **sizes))
    return low, high, values


@given(bounded(min_size=1, max_size=40), st.integers(0, 15))
@settings(max_examples=40, deadline=None)
def test_sum_and_mean(column: tuple[int, int, list[int]], scale: int) -> None:
    """Totals and means are exact, at every scale."""
    low, high, values = column
    declared = [number("v", low, high, scale)]
    for program in (moments.SUM, moments.MEAN):
        same(program, asked(declared, value="v"), {DATASET: {"v": values}})


@given(bounded(min_size=1, max_size=20), bounded(min_size=0, max_size=20))
@settings(max_examples=20, deadline=None)
def test_appended_rows(
    first: tuple[int, int, list[int]], second: tuple[int, int, list[int]]
) -> None:
    """Rows of two owners, one of whom may have none, count as one column."""
    low, high = min(first[0], second[0]), max(first[1], second[1])
    declared = [number("v", low, high, of=BOTH)]
    plain = {DATASET: {"v": first[2]}, OTHER: {"w": second[2]}}
    same(moments.SUM, asked(declared, value="v"), plain)


@given(bounded(min_size=2, max_size=30))
@settings(max_examples=40, deadline=None)
def test_variance(column: tuple[int, int, list[int]]) -> None:
    """Sums of squares are exact in whichever ring holds them."""
    low, high, values = column
    declared = [number("v", low, high, 3)]
    same(moments.VARIANCE, asked(declared, value="v"), {DATASET: {"v": values}})


@given(st.data(), st.integers(1, 4), st.integers(2, 12))
@settings(max_examples=25, deadline=None)
def test_covariance_of_aligned_columns(data: Any, d: int, rows: int) -> None:
    """Every pair of columns, of one owner or of two."""
    declared, plain = [], {DATASET: {}, OTHER: {}}
    for i in range(d + 1):
        owner = OTHER if i == d else DATASET
        low, high, values = data.draw(bounded(min_size=rows, max_size=rows))
        declared.append(number(f"v{i}", low, high, i, of={owner: f"v{i}"}))
        plain[owner][f"v{i}"] = values
    wanted = asked(declared, values=[f"v{i}" for i in range(d + 1)], rows=ALIGNED)
    same(moments.COVARIANCE, wanted, plain)


@given(bounded(min_size=1, max_size=20), st.integers(-1, 1))
@settings(max_examples=40, deadline=None)
def test_threshold(column: tuple[int, int, list[int]], beside: int) -> None:
    """At, just below and just above the total."""
    low, high, values = column
    declared = asked([number("v", low, high)], value="v", at_least=sum(values) + beside)
    ran = same(moments.THRESHOLD, declared, {DATASET: {"v": values}})
    assert ran.document == {"reached": beside <= 0}
    assert ran.outputs == [int(beside <= 0)]


@given(st.data(), bounded(min_size=3, max_size=30), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_count_in_an_interval(
    data: Any, column: tuple[int, int, list[int]], k: int
) -> None:
    """Ends count; so few rows that they are fewer than k are not told."""
    low, high, values = column
    ends = {
        name: data.draw(st.one_of(st.sampled_from(values), edged(low, high)))
        for name in data.draw(
            st.sampled_from([("at_least",), ("at_most",), ("at_least", "at_most")])
        )
    }
    if ends.get("at_least", low) > ends.get("at_most", high):
        ends = {"at_least": low}
    declared = asked([number("v", low, high)], value="v", **ends)
    same(groups.COUNT, declared, {DATASET: {"v": values}}, k)


@given(st.lists(st.sampled_from(WORDS), min_size=3, max_size=30), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_count_of_a_category(words: list[str], k: int) -> None:
    """Owners say of each row whether it has the category."""
    declared = asked([category("key", WORDS)], value="key", equals="south")
    same(groups.COUNT, declared, {DATASET: {"key": words}}, k)


@given(
    st.data(),
    bounded(min_size=3, max_size=30),
    st.integers(1, 4),
    st.sampled_from(["owner", "secret"]),
    st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_histogram(
    data: Any, column: tuple[int, int, list[int]], k: int, keys: str, beside: bool
) -> None:
    """Values on an edge belong to the interval above; the last edge to its own."""
    low, high, values = column
    inner = data.draw(st.sets(st.sampled_from([*values, low, high]), max_size=5))
    edges = sorted({low - 1, *inner, high + 1})
    declared = asked(
        [number("v", low, high)],
        value="v",
        edges=edges,
        keys=keys,
        complementary=beside,
    )
    same(groups.HISTOGRAM, declared, {DATASET: {"v": values}}, min(k, len(values)))


@given(
    st.integers(2, 20),
    st.lists(st.tuples(st.integers(0, 19), edged(-500, 1000)), min_size=4, max_size=50),
    st.integers(1, 4),
    st.sampled_from(["owner", "secret"]),
    st.booleans(),
    st.sampled_from([groups.GROUP_SUM, groups.GROUP_MEAN]),
)
@settings(max_examples=60, deadline=None)
def test_group_by(
    size: int, rows: list[Any], k: int, keys: str, beside: bool, program: Any
) -> None:
    """Every number of groups, empty ones among them, of two aligned owners."""
    words = [f"group {i}" for i in range(size)]
    declared = asked(
        [
            number("v", -500, 1000, 2, of={OTHER: "v"}),
            category("key", words, of={DATASET: "key"}),
        ],
        value="v",
        key="key",
        keys=keys,
        complementary=beside,
        rows=ALIGNED,
    )
    plain = {
        DATASET: {"key": [words[key % size] for key, _ in rows]},
        OTHER: {"v": [value for _, value in rows]},
    }
    same(program, declared, plain, k)


@pytest.mark.parametrize("size", [2, 3, 8, 33, 64])
def test_group_by_in_both_rings(size: int) -> None:
    """Wide values need the larger ring; each group has its own total."""
    words = [f"group {i}" for i in range(size)]
    keys = [words[i % size] for i in range(3 * size)]
    wide = 2**53 - 1
    values = [wide if i % 2 else -wide for i in range(3 * size)]
    declared = asked(
        [number("v", -wide, wide), category("key", words)], value="v", key="key"
    )
    for scaled in (values, [v // 2**20 for v in values]):
        same(groups.GROUP_SUM, declared, {DATASET: {"v": scaled, "key": keys}}, 3)


def test_a_suppressed_group_leaves_as_zeros() -> None:
    """Whoever opens the outputs finds nothing of a group of fewer than k rows."""
    declared = asked(
        [number("v", 0, 99), category("key", WORDS)],
        value="v",
        key="key",
        complementary=False,
    )
    words = ["east"] * 5 + ["north"] * 4 + ["south"] * 6
    ran = same(groups.GROUP_SUM, declared, {DATASET: {"v": [7] * 15, "key": words}}, 5)
    assert ran.outputs == [1, 0, 1, 0, 0, 5, 0, 6, 0, 0, 35, 0, 42, 0, 0]


def test_a_group_alone_in_being_suppressed_takes_the_smallest_with_it() -> None:
    """Rows less those told would be its rows; so a second is hidden."""
    words = ["east"] * 5 + ["north"] * 2 + ["south"] * 6 + ["west"] * 5 + ["wide"] * 9
    columns = {"v": [1] * len(words), "key": words}
    declared = asked([number("v", 0, 99), category("key", WORDS)], value="v", key="key")
    ran = same(groups.GROUP_SUM, declared, {DATASET: columns}, 3)
    assert ran.outputs[:5] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([5, 1, 6, 0, 0], [0, 0, 1, 0, 0]),
        ([5, 1, 6, 1, 0], [0, 0, 1, 0, 0]),
        ([5, 1, 6, 2, 0], [1, 0, 1, 0, 0]),
        ([5, 0, 6, 0, 0], [1, 0, 1, 0, 0]),
        ([2, 2, 0, 0, 0], [0, 0, 0, 0, 0]),
    ],
)
def test_hidden_groups_have_k_rows_together(counts: list[int], told: list[int]) -> None:
    """One person beside empty groups is not had by subtraction; empty ones may be."""
    words = [w for w, n in zip(WORDS, counts, strict=True) for _ in range(n)]
    columns = {"v": [1] * len(words), "key": words}
    declared = asked([number("v", 0, 99), category("key", WORDS)], value="v", key="key")
    ran = same(groups.GROUP_SUM, declared, {DATASET: columns}, 3)
    assert ran.outputs[:5] == told


@pytest.mark.parametrize("program", ["sum", "count", "histogram", "group_sum"])
def test_outputs_for_noise_are_every_cell_and_nothing_else(program: str) -> None:
    """Nothing is suppressed by an exact count; the plan says what noise is for."""
    v = number("v", -3, 90, 1)
    words = ["east"] * 4 + ["south"]
    plain: dict[str, Any] = {"v": [5, -3, 90, 0, 7]}
    more: dict[str, Any] = {}
    columns, expected = [v], Noised("sum", 1, -3, 90)
    if program == "count":
        more, expected = {"at_least": 5}, Noised("count", 1, 0, 1)
    elif program == "histogram":
        more, expected = {"edges": [-3, 0, 91]}, Noised("histogram", 2, 0, 1)
    elif program == "group_sum":
        columns, plain["key"] = [v, category("key", WORDS)], words
        more, expected = {"key": "key"}, Noised("group-sum", 5, -3, 90)
    find = next(p for p in (*moments.PROGRAMS, *groups.PROGRAMS) if p.name == program)
    declared = asked(columns, value="v", noisy=True, **more)
    ran = same(find, declared, {DATASET: plain}, 3)
    assert find.plan(declared, {DATASET: 5}, 3).noised == expected
    assert len(ran.outputs) == expected.cells
    assert ran.document["noisy"] is True


@given(st.data(), st.integers(1, 3), st.integers(8, 25))
@settings(max_examples=4, deadline=None)
def test_linear_regression(data: Any, d: int, rows: int) -> None:
    """The recipe's integers come out, dependent columns and all."""
    names = [f"x{i}" for i in range(d)]
    columns: dict[str, list[int]] = {
        name: data.draw(st.lists(edged(-50, 90), min_size=rows, max_size=rows))
        for name in [*names, "y"]
    }
    declared = asked([number(name, -50, 90, 1) for name in columns], y="y", X=names)
    same(linear.LINEAR, declared, {DATASET: columns}, 5)


def test_linear_regression_of_dependent_columns_says_so_alone() -> None:
    """A column that is twice another: no coefficient leaves."""
    one = [3, 1, 4, 1, 5, 9, 2, 6]
    columns = {"a": one, "b": [2 * x for x in one], "y": list(range(8))}
    declared = asked([number(name, 0, 99) for name in columns], y="y", X=["a", "b"])
    ran = same(linear.LINEAR, declared, {DATASET: columns}, 5)
    assert ran.document["status"] == "columns determine one another"
    assert ran.outputs[:-3] == [0] * 9


@given(st.data(), st.integers(1, 3), st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_logistic_regression(data: Any, d: int, steps: int) -> None:
    """The recipe's integers come out, and no coefficient beyond the limit."""
    rows = data.draw(st.integers(4, 12))
    names = [f"x{i}" for i in range(d)]
    columns: dict[str, list[int]] = {
        name: data.draw(st.lists(edged(-300, 500), min_size=rows, max_size=rows))
        for name in names
    }
    columns["y"] = data.draw(st.lists(edged(0, 1), min_size=rows, max_size=rows))
    features = [{"column": name, "center": 100, "unit": 100} for name in names]
    declared = asked(
        [*(number(name, -300, 500, 2) for name in names), number("y", 0, 1)],
        y="y",
        X=features,
        steps=steps,
        rate=2_000_000,
        limit=1,
    )
    same(logistic.LOGISTIC, declared, {DATASET: columns}, 2)


def test_a_run_beyond_the_limit_returns_nothing_else() -> None:
    """The bit is all that leaves."""
    columns = {"x": [400] * 6, "y": [1] * 6}
    declared = asked(
        [number("x", 0, 400), number("y", 0, 1)],
        y="y",
        X=[{"column": "x", "center": 0, "unit": 100}],
        steps=5,
        rate=90_000_000,
        limit=1,
    )
    ran = same(logistic.LOGISTIC, declared, {DATASET: columns}, 2)
    assert ran.document["status"] == "beyond the limit"
    assert ran.outputs == [0, 0]
