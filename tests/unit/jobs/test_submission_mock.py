"""A mock is made from a schema and from nothing else, and fits it."""

from __future__ import annotations

import inspect
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.errors import OutOfRange
from privshare.jobs.submission.mock import MAX_ROWS, mock
from privshare.rights.schema import Column, Schema
from privshare.rights.table import read_csv

WORDS = ("a,b", 'a"b', "east", "line\nbreak", "west")
SCHEMA = Schema(
    (
        Column("id", "string"),
        Column("age", "int", minimum=-5, maximum=3),
        Column("wage", "decimal", scale=2, minimum=0, maximum=1_000_000),
        Column("born", "date", nullable=True),
        Column("district", "category", categories=tuple(sorted(WORDS))),
        Column("known", "bool", nullable=True),
        Column("note", "string"),
        Column("rate", "decimal", scale=15),
        Column("free", "int", nullable=True),
    ),
    key="id",
)


def rows(data: bytes, schema: Schema) -> list[list[object]]:
    """As a node reads them."""
    return [list(row) for row in read_csv(io.BytesIO(data), schema)]


def test_every_type_range_and_category_is_there() -> None:
    """Both ends of each interval, each category, both truths, empty cells."""
    found = rows(mock(SCHEMA), SCHEMA)
    assert len(found) == 100
    by_name = dict(zip(SCHEMA.names, zip(*found, strict=True), strict=True))
    assert {min(by_name["age"]), max(by_name["age"])} == {-5, 3}
    assert {0, 1_000_000} <= set(by_name["wage"])
    assert set(by_name["district"]) == set(WORDS)
    assert set(by_name["known"]) == {True, False, None}
    assert None in by_name["born"] and None in by_name["free"]
    assert len(set(by_name["id"])) == 100


def test_it_takes_no_rows() -> None:
    """There is no way to give it any, and the same schema gives the same bytes."""
    assert list(inspect.signature(mock).parameters) == ["schema", "rows", "seed"]
    assert mock(SCHEMA) == mock(Schema.from_json(SCHEMA.to_json()))
    assert mock(SCHEMA) != mock(SCHEMA, seed=b"2")


def test_the_bytes_are_these() -> None:
    """On every machine and with every Python: what a ledger names, lasts."""
    schema = Schema((Column("n", "int"), Column("on", "date")))
    assert mock(schema, rows=4) == (
        b"n,on\n0,2000-01-01\n1000,2024-12-31\n215,2004-10-05\n99,2021-03-10\n"
    )


def test_a_key_has_each_value_once() -> None:
    """Where there are few, there are few rows."""
    column = Column("year", "int", minimum=2020, maximum=2024)
    schema = Schema((column, Column("n", "int")), key="year")
    assert [row[0] for row in rows(mock(schema), schema)] == [*range(2020, 2025)]


def test_many_categories_make_more_rows() -> None:
    """So that each stands somewhere."""
    words = tuple(sorted(f"w{place}" for place in range(300)))
    schema = Schema((Column("word", "category", categories=words),))
    assert {row[0] for row in rows(mock(schema, rows=1), schema)} == set(words)


@pytest.mark.parametrize("wrong", [0, -1, MAX_ROWS + 1, True])
def test_rows_are_bounded(wrong: int) -> None:
    """1 to 10,000."""
    with pytest.raises(OutOfRange):
        mock(SCHEMA, rows=wrong)


@st.composite
def columns(draw: st.DrawFn) -> Column:
    """Any column, with names apart."""
    name = "c" + str(draw(st.integers(0, 10**6)))
    kind = draw(st.sampled_from(("bool", "category", "date", "decimal", "int")))
    bounds: dict[str, int] = {}
    if kind in ("decimal", "int"):
        size = st.integers(1 - 2**53, 2**53 - 1)
        low, high = sorted((draw(size), draw(size)))
        both = {"minimum": low, "maximum": high}
        bounds = {end: both[end] for end in draw(st.sets(st.sampled_from([*both])))}
    text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=9)
    # a table cannot tell an empty line, nor text with NUL
    words = st.sets(text.filter(lambda word: "\0" not in word), min_size=1, max_size=5)
    return Column(
        name,
        kind,
        nullable=draw(st.booleans()),
        scale=draw(st.integers(1, 15)) if kind == "decimal" else None,
        categories=tuple(sorted(draw(words))) if kind == "category" else (),
        **bounds,
    )


@settings(deadline=None, max_examples=150)
@given(st.lists(columns(), min_size=1, max_size=5, unique_by=lambda one: one.name))
def test_any_schema_has_a_mock_that_fits_it(made: list[Column]) -> None:
    """Read back as a node reads tables."""
    schema = Schema(tuple(made))
    assert len(rows(mock(schema, rows=12), schema)) == 12
