"""What cannot come out right is refused before anybody splits a value."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpc_program_kit import ALIGNED, DATASET, OTHER, asked, category, number

from privshare.errors import (
    EncodingError,
    EvidenceInvalid,
    NotFound,
    OutOfRange,
    PrivShareError,
)
from privshare.jobs.mpc import catalogue
from privshare.jobs.mpc.programs import groups, moments
from privshare.jobs.mpc.programs.column import check_schema
from privshare.jobs.mpc.programs.inputs import encode
from privshare.jobs.tee_spec import TeeInput
from privshare.rights import schema

INCOME = number("income", 0, 10**9, 2)
AGE = number("age", 0, 120)
DISTRICT = category("district", ["east", "west"])
FEATURE = {"column": "age", "center": 40, "unit": 10}
#: Parameters of every program.
ASKED: dict[str, dict[str, Any]] = {
    "count": asked([INCOME], value="income", at_least=1),
    "covariance": asked([INCOME, AGE], values=["income", "age"]),
    "group_mean": asked([INCOME, DISTRICT], value="income", key="district"),
    "group_sum": asked([INCOME, DISTRICT], value="income", key="district"),
    "histogram": asked([AGE], value="age", edges=[0, 18, 65, 121]),
    "linear_regression": asked([INCOME, AGE], y="income", X=["age"]),
    "logistic_regression": asked(
        [number("owns", 0, 1), AGE],
        y="owns",
        X=[FEATURE],
        steps=10,
        rate=1_000_000,
        limit=4,
    ),
    "mean": asked([INCOME], value="income"),
    "sum": asked([INCOME], value="income"),
    "threshold": asked([INCOME], value="income", at_least=10**6),
    "variance": asked([INCOME], value="income"),
}


def planned(name: str, rows: int = 100, k: int = 5, **changed: Any) -> Any:
    """A plan, of the program's parameters with some changed."""
    return catalogue.find(name).plan({**ASKED[name], **changed}, {DATASET: rows}, k)


def test_every_program_has_a_plan_here() -> None:
    """The list above is the catalogue."""
    ours = {one.name for one in (*moments.PROGRAMS, *groups.PROGRAMS)}
    assert set(ASKED) == {*ours, "linear_regression", "logistic_regression"}
    for name in ASKED:
        plan = planned(name)
        assert plan.ring in (64, 128)
        assert plan.cost.seconds > 0
        assert plan.elements == {
            DATASET: 100 * sum(block.width for block in plan.blocks)
        }


@pytest.mark.parametrize("name", sorted(ASKED))
def test_fewer_rows_than_k_are_refused(name: str) -> None:
    """Whatever is computed of them would tell of fewer than k."""
    with pytest.raises(OutOfRange, match="found 6"):
        planned(name, rows=6, k=7)


@pytest.mark.parametrize("name", sorted(ASKED))
def test_unknown_and_missing_parameters_are_refused(name: str) -> None:
    """A program's parameters are a closed document."""
    with pytest.raises(EncodingError):
        planned(name, surprise=1)
    for field in ASKED[name]:
        if field != "at_least" or name != "count":
            rest = {key: value for key, value in ASKED[name].items() if key != field}
            with pytest.raises(EncodingError):
                catalogue.find(name).plan(rest, {DATASET: 100}, 5)


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_column_that_is_not_used_is_refused(name: str) -> None:
    """No owner deals what nothing is computed of."""
    spare = number("spare", 0, 1)
    with pytest.raises(EncodingError, match="column spare"):
        planned(name, columns=[*ASKED[name]["columns"], spare])


OVERFLOWS = {
    "count": None,
    "covariance": "income",
    "group_mean": None,
    "group_sum": None,
    "histogram": None,
    "linear_regression": "income",
    "logistic_regression": "age",
    "mean": None,
    "sum": None,
    "threshold": None,
    "variance": "income",
}


@pytest.mark.parametrize("name", sorted(n for n, c in OVERFLOWS.items() if c))
def test_overflow_names_column_and_rows(name: str) -> None:
    """From declared bounds, before the run; the message says what to mend."""
    rows = 1 << 20
    wide = [
        number(one["name"], -(2**53) + 1, 2**53 - 1)
        if one["name"] == OVERFLOWS[name]
        else one
        for one in ASKED[name]["columns"]
    ]
    with pytest.raises(OutOfRange, match=f"column {OVERFLOWS[name]}") as refused:
        planned(name, rows, columns=wide)
    assert refused.value.detail["rule"] == "mpc.overflow"
    if name != "logistic_regression":
        assert refused.value.detail["rows"] == rows
        assert refused.value.fix


def test_the_ring_follows_from_bounds_and_rows() -> None:
    """The same column needs the larger ring where there are more rows."""
    assert planned("sum", 2**26).ring == 64
    wide = [number("income", 0, 2**40)]
    assert [planned("sum", rows, columns=wide).ring for rows in (100, 2**20)] == [
        64,
        128,
    ]


def test_edges_must_enclose_the_declared_interval() -> None:
    """A value outside all intervals would be counted in one."""
    for edges in ([1, 200], [0, 119], [0, 50, 50, 121], [0, True, 121], [0], "0"):
        with pytest.raises(EncodingError, match="edges"):
            planned("histogram", edges=edges)


def test_labels_are_zero_or_one() -> None:
    """Another interval of y has no meaning in logistic regression."""
    with pytest.raises(EncodingError, match="column owns: expected 0 or 1"):
        planned("logistic_regression", columns=[number("owns", 0, 2), AGE])


def test_aligned_rows_must_be_as_many() -> None:
    """The message names both datasets and their rows."""
    columns = [number("a", 0, 9), number("b", 0, 9, of={OTHER: "b"})]
    parameters = asked(columns, values=["a", "b"], rows=ALIGNED)
    find = catalogue.find("covariance")
    assert find.plan(parameters, {DATASET: 7, OTHER: 7}, 5).n_rows == 7
    with pytest.raises(EncodingError, match=f"{DATASET} 7, {OTHER} 8") as refused:
        find.plan(parameters, {DATASET: 7, OTHER: 8}, 5)
    assert refused.value.detail["rule"] == "mpc.rows"


def test_alignment_and_columns_must_fit() -> None:
    """Aligned columns have one owner; appended ones stand in every dataset."""
    find, rows = catalogue.find("sum"), {DATASET: 9, OTHER: 9}
    both = number("v", 0, 9, of={DATASET: "v", OTHER: "v"})
    one = number("v", 0, 9)
    assert find.plan(asked([both], value="v"), rows, 5).n_rows == 18
    with pytest.raises(EncodingError, match="expected one dataset"):
        find.plan(asked([both], value="v", rows=ALIGNED), rows, 5)
    with pytest.raises(EncodingError, match="datasets"):
        find.plan(asked([one], value="v"), rows, 5)
    two = number("w", 0, 9, of={OTHER: "w"})
    with pytest.raises(EncodingError, match="every dataset"):
        find.plan(asked([one, two], value="v"), rows, 5)


def plan_of_two() -> Any:
    """A group sum over two owners' appended rows."""
    of = {DATASET: "income", OTHER: "revenue"}
    keys = {DATASET: "district", OTHER: "region"}
    columns = [
        number("income", -5, 100, of=of),
        category("district", ["east", "west"], of=keys),
    ]
    parameters = asked(columns, value="income", key="district")
    return catalogue.find("group_sum").plan(parameters, {DATASET: 3, OTHER: 2}, 2)


@pytest.mark.parametrize(
    ("error", "said", "columns"),
    [
        (OutOfRange, "-5 to 100, found others among 2 rows", {"revenue": [101, 5]}),
        (OutOfRange, "found others among 2 rows", {"revenue": [-6, 1000]}),
        (OutOfRange, "64 bits", {"revenue": [2**64, 1]}),
        (EncodingError, "no empty cell, found 1 of 2", {"revenue": [None, 1]}),
        (EncodingError, "expected 2 rows, found 3", {"revenue": [1, 2, 3]}),
        (EncodingError, "integers", {"revenue": ["1", 2]}),
        (EncodingError, "integers", {"revenue": [1.0, 2]}),
        (EncodingError, "integers", {"revenue": np.array([1.0, 2.0])}),
        (EncodingError, "words", {"region": [0, 1]}),
        (OutOfRange, "found others among 2 rows", {"region": ["north", "east"]}),
    ],
)
def test_a_client_refuses_what_was_not_declared(
    error: type[PrivShareError], said: str, columns: dict[str, Any]
) -> None:
    """Named by column and rows, and never a value."""
    plain = {"revenue": [1, 2], "region": ["east", "west"], **columns}
    with pytest.raises(error, match=said) as refused:
        encode(plan_of_two(), OTHER, plain)
    assert refused.value.detail["column"] in columns
    assert "1000" not in refused.value.message
    assert "north" not in refused.value.message


def test_a_client_refuses_a_column_that_is_missing() -> None:
    """And a dataset that is no input."""
    with pytest.raises(EncodingError, match="column region"):
        encode(plan_of_two(), OTHER, {"revenue": [1, 2]})
    with pytest.raises(EncodingError, match="dataset"):
        encode(plan_of_two(), "labour/other", {})


def test_encoding_is_laid_out_as_the_plan_says() -> None:
    """Blocks one after another, one row of elements for each category."""
    plain = {"revenue": [-1, 2], "region": ["west", "east"]}
    assert encode(plan_of_two(), OTHER, plain).tolist() == [1, 0, 2**64 - 1, 2]
    plan = planned("group_sum", 2, 2, keys="owner")
    flat = encode(plan, DATASET, {"income": [5, 6], "district": ["west", "east"]})
    assert flat.tolist() == [0, 1, 1, 0, 5, 6]


@given(st.integers(0, 120), st.integers(-50, 200), st.integers(1, 300))
@settings(max_examples=100)
def test_fixed_point_is_rounded_to_the_nearest(x: int, center: int, unit: int) -> None:
    """(x - center) / unit with 16 bits after the point."""
    feature = {"column": "age", "center": center, "unit": unit}
    plan = planned("logistic_regression", 1, 1, X=[feature])
    flat = encode(plan, DATASET, {"age": [x], "owns": [1]})
    found = int(flat[0, 0]) - (int(flat[0, 0]) >> 63 << 64)
    assert abs(found * unit - (x - center) * 2**16) * 2 <= unit
    assert int(flat[0, 1]) == (2**64 - 1 if found < 0 else 0)


SCHEMA = schema.Schema(
    (
        schema.Column("id", "int"),
        schema.Column("income", "decimal", scale=2, minimum=0, maximum=10**9),
        schema.Column("age", "int", minimum=0, maximum=120, nullable=True),
        schema.Column("district", "category", categories=("east", "west")),
    ),
    key="id",
)


def test_a_schema_must_fit_what_is_declared() -> None:
    """Another scale, kind, list of words, or empty cells: the column is named."""
    fits = planned("group_sum").columns
    check_schema(fits, DATASET, SCHEMA)
    check_schema(fits, OTHER, SCHEMA)
    for columns, said in (
        ([number("income", 0, 9, 3)], "income, scale: expected 3"),
        ([number("age", 0, 9)], "age, cells"),
        ([number("income", 0, 9, of={DATASET: "district"})], "district, kind"),
    ):
        plan = planned("sum", columns=columns, value=columns[0]["name"])
        with pytest.raises(EncodingError, match=said):
            check_schema(plan.columns, DATASET, SCHEMA)
    plan = planned("group_sum", columns=[INCOME, category("district", ["a", "b"])])
    with pytest.raises(EncodingError, match="district, categories"):
        check_schema(plan.columns, DATASET, SCHEMA)


def test_an_interval_holds_the_one_that_its_owner_declared() -> None:
    """A narrower one would ask whether somebody's value lies outside."""
    bounded = schema.Schema((schema.Column("paid", "int", minimum=5, maximum=90),))
    for low, high, fits in (
        (5, 90, True),
        (0, 99, True),
        (6, 90, False),
        (5, 89, False),
    ):
        columns = planned(
            "sum", columns=[number("paid", low, high)], value="paid"
        ).columns
        if fits:
            check_schema(columns, DATASET, bounded)
            continue
        with pytest.raises(EncodingError, match="paid, interval") as refused:
            check_schema(columns, DATASET, bounded)
        assert refused.value.detail["rule"] == "mpc.schema"


def test_a_plan_takes_no_column_beyond_the_inputs() -> None:
    """Parameters cannot reach what no grant covers."""
    plan = planned("group_sum")
    granted = TeeInput(DATASET, "A" * 43, 1, ("income",), ("district",))
    catalogue.check_inputs(plan, [granted])
    for columns, split in ((("income",), ()), (("age", "income"), ("district",))):
        changed = TeeInput(DATASET, "A" * 43, 1, columns, split)
        with pytest.raises(EncodingError) as refused:
            catalogue.check_inputs(plan, [changed])
        assert refused.value.detail["rule"] == "mpc.columns"


@pytest.mark.parametrize("name", sorted(ASKED))
@given(data=st.data())
@settings(max_examples=40)
def test_any_elements_decode_or_are_refused(name: str, data: Any) -> None:
    """Three nodes that lie together get no other answer than an error."""
    plan = planned(name)
    element = st.one_of(st.sampled_from([0, 1, 5]), st.integers(0, 2**plan.ring - 1))
    size = plan.outputs + data.draw(st.sampled_from([0, 0, 0, 1, -1]))
    elements = data.draw(st.lists(element, min_size=size, max_size=size))
    try:
        assert isinstance(catalogue.find(name).decode(plan, elements), dict)
    except PrivShareError as error:
        assert isinstance(error, EvidenceInvalid | OutOfRange)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.parametrize("name", sorted(ASKED))
@given(data=st.data())
@settings(max_examples=40)
def test_any_parameters_are_planned_or_refused(name: str, data: Any) -> None:
    """A value of another kind anywhere ends in a named error."""
    changed = {**ASKED[name]}
    field = data.draw(st.sampled_from(sorted(changed)))
    if field == "columns" and data.draw(st.booleans()):
        one = dict(changed["columns"][0])
        one[data.draw(st.sampled_from(sorted(one)))] = data.draw(JSON)
        changed["columns"] = [one, *changed["columns"][1:]]
    else:
        changed[field] = data.draw(JSON)
    try:
        catalogue.find(name).plan(changed, {DATASET: 100}, 5)
    except PrivShareError:
        return


def test_an_unknown_program_is_not_found() -> None:
    """The message lists those that are."""
    with pytest.raises(NotFound, match="covariance"):
        catalogue.find("mode")


def test_a_closure_names_engine_and_version() -> None:
    """Each program has its own; all share the engine's digest."""
    found = [catalogue.closure(name) for name in catalogue.names()]
    assert len({str(one) for one in found}) == len(found)
    assert len({one["engine"] for one in found}) == 1  # type: ignore[index, call-overload]
    assert [one["program"] for one in catalogue.table()] == [
        f"{program.name}/v{program.version}" for program in catalogue.PROGRAMS
    ]


def test_the_catalogue_plans_without_arrays() -> None:
    """An auditor reads results where numpy is not installed."""
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "from privshare.jobs.mpc import catalogue as c\n"
        "p = c.find('sum').plan({'columns': [{'name': 'v', 'from': {'labour/wages': 'v'"
        "}, 'minimum': 0, 'maximum': 9, 'scale': 0}], 'rows': {'kind': 'appended'}, "
        "'value': 'v'}, {'labour/wages': 5}, 5)\n"
        "print(c.find('sum').decode(p, [42]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "{'rows': 5, 'sum': '42'}", done.stderr


def test_everything_that_computes_can_be_loaded_at_once() -> None:
    """A worker does so before it may open no file any more."""
    catalogue.load()


def test_every_runner_exists() -> None:
    """The module that a program names has the function that it names."""
    home = Path(catalogue.__file__).parents[3]
    for program in catalogue.PROGRAMS:
        module, function = program.runner.split(":")
        tree = ast.parse((home / (module.replace(".", "/") + ".py")).read_text())
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert function in names
