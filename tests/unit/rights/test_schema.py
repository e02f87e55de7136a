"""Schemas: columns, and which values may stand in them."""

from __future__ import annotations

from typing import Any

import pytest

from privshare.errors import EncodingError, NotFound, OutOfRange, PrivShareError
from privshare.rights.schema import Column, Schema, is_date
from privshare.wire.canonical import decode, encode

MOST = 2**53 - 1

GOOD_CELLS = [
    ("parcel", "", b'[""]'),
    ("parcel", 'a"\\\n\x1f\x7f', b'["a\\"\\\\\\n\\u001f\x7f"]'),
    ("parcel", "é\U0001f600", b'["\xc3\xa9\xf0\x9f\x98\x80"]'),
    ("parcel", "x" * 4096, b'["' + b"x" * 4096 + b'"]'),
    ("rooms", 0, b"[0]"),
    ("rooms", 99, b"[99]"),
    ("tax_paid", -MOST, b"[-9007199254740991]"),
    ("sold", "2024-02-29", b'["2024-02-29"]'),
    ("sold", None, b"[null]"),
    ("district", "east", b'["east"]'),
    ("heated", True, b"[true]"),
    ("heated", False, b"[false]"),
]  # fmt: skip

BAD_CELLS = [
    ("parcel", None, "expected a string of at most 4096, found null"),
    ("parcel", 7, "found an integer"),
    ("parcel", "x" * 4097, "found a string of 4097 characters"),
    ("parcel", "\ud800", "expected Unicode text, found a lone surrogate"),
    ("rooms", -1, "expected 0 to 99, found an integer outside"),
    ("rooms", 100, "expected 0 to 99, found an integer outside"),
    ("rooms", True, "expected an integer, found a boolean"),
    ("rooms", "3", "expected an integer, found a string"),
    ("rooms", 3.0, "expected an integer, found a float"),
    ("tax_paid", 2**53, "found an integer outside"),
    ("tax_paid", "1.50", "expected a scaled integer"),
    ("sold", "2023-02-29", "found a day that does not exist"),
    ("sold", "0000-01-01", "found a day that does not exist"),
    ("sold", "2024-2-29", "expected a date YYYY-MM-DD, found a string of 9"),
    ("sold", "20240229", "expected a date"),
    ("sold", "2024-02-2９", "expected a date"),  # a full-width nine
    ("sold", 20240229, "expected a date"),
    ("district", "north", "expected one of 2 categories"),
    ("district", 1, "expected one of 2 categories, found an integer"),
    ("heated", 1, "expected true or false, found an integer"),
    ("heated", "true", "expected true or false"),
    ("parcel", ["a"], "found a list of 1"),
    ("rooms", {"a": 1}, "found an object"),
]


@pytest.mark.parametrize(("name", "value", "laid"), GOOD_CELLS)
def test_a_good_cell_is_laid_out(
    schema: Schema, name: str, value: Any, laid: bytes
) -> None:
    """A cell's bytes are the canonical bytes of the list that holds it."""
    assert laid == schema.column(name).encode(value)
    assert laid == encode([value])


@pytest.mark.parametrize(("name", "value", "message"), BAD_CELLS)
def test_a_bad_cell_is_refused(
    schema: Schema, name: str, value: Any, message: str
) -> None:
    """Another value is refused; the message has the column, not the value."""
    with pytest.raises((EncodingError, OutOfRange), match=message) as caught:
        schema.column(name).encode(value)
    assert caught.value.message.startswith(f"column {name}: expected ")
    assert name == caught.value.detail["column"]
    assert {"column", "expected", "found"} == set(caught.value.detail)


def test_a_row_has_a_cell_for_each_column(schema: Schema) -> None:
    """Rows are as wide as the schema."""
    row = ["a-1", 3, 1250, None, "east", True]
    assert tuple(row) == schema.check(row)
    for wrong in (row[:-1], [*row, 1], []):
        with pytest.raises(EncodingError, match="expected 6 cells in a row"):
            schema.check(wrong)


def test_a_schema_comes_back_from_its_json(schema: Schema) -> None:
    """What is laid out is read back, and is named by its digest."""
    laid = encode(schema.to_json())
    assert schema == Schema.from_json(decode(laid))
    assert schema.digest() != Schema(schema.columns).digest()
    assert schema.digest() != Schema(schema.columns[::-1], key="parcel").digest()


BAD_COLUMNS: list[dict[str, Any]] = [
    {"name": "Parcel"},
    {"type": "text"},
    {"type": "decimal"},
    {"type": "decimal", "scale": 0},
    {"type": "decimal", "scale": 16},
    {"type": "int", "scale": 2},
    {"type": "category"},
    {"type": "category", "categories": ["b", "a"]},
    {"type": "category", "categories": ["a", "a"]},
    {"type": "category", "categories": [""]},
    {"type": "category", "categories": ["x" * 257]},
    {"type": "category", "categories": [f"{i:04}" for i in range(1025)]},
    {"type": "string", "categories": ["a"]},
    {"type": "string", "minimum": 1},
    {"type": "bool", "maximum": 1},
    {"type": "int", "minimum": 2, "maximum": 1},
    {"nullable": 1},
    {"scale": "2"},
    {"comment": "no such field"},
]


@pytest.mark.parametrize("change", BAD_COLUMNS)
def test_a_bad_column_is_refused(change: dict[str, Any]) -> None:
    """A column says what its type asks for, and nothing else."""
    column = Column("parcel", "string").to_json()
    obj = {"columns": [{**column, **change}], "key": None, "v": 1}
    with pytest.raises((EncodingError, OutOfRange)):
        Schema.from_json(obj)


def test_a_category_is_text(schema: Schema) -> None:
    """A lone surrogate has no bytes, so it is no word."""
    with pytest.raises(EncodingError, match="expected words"):
        Column("c", "category", categories=("\ud800",))


@pytest.mark.parametrize(
    "change",
    [
        {"columns": []},
        {"columns": [Column("a", "int").to_json()] * 2},
        {"columns": [Column(f"c{i}", "int").to_json() for i in range(257)]},
        {"key": "b"},
        {"key": "n"},
        {"key": "d"},
        {"v": 2},
        {"more": 1},
    ],
)
def test_a_bad_schema_is_refused(change: dict[str, Any]) -> None:
    """Columns are named once, and a key is a plain column that is never null."""
    columns = (
        Column("a", "int"),
        Column("n", "int", nullable=True),
        Column("d", "date"),
    )
    good = Schema(columns, key="a").to_json()
    with pytest.raises(EncodingError):
        Schema.from_json({**good, **change})


def test_a_column_that_is_not_there_is_not_found(schema: Schema) -> None:
    """Looking for a column by another name says which there are."""
    assert schema.index("tax_paid") == 2
    with pytest.raises(NotFound, match="expected a column among parcel, rooms"):
        schema.column("name")


def test_dates_are_days_that_exist() -> None:
    """The calendar decides, not the shape."""
    assert is_date("2000-02-29") and is_date("0001-01-01") and is_date("9999-12-31")
    for text in ("1900-02-29", "2024-13-01", "2024-00-10", "10000-01-01", "2024-W01-1"):
        assert not is_date(text)


def test_many_dates_are_laid_out_like_few() -> None:
    """What a column remembers of dates is bounded, and changes nothing."""
    column = Column("day", "date")
    for year in (1, 9999):
        assert b'["%04d-01-01"]' % year == column.encode(f"{year:04}-01-01")


def test_errors_belong_to_the_tree(schema: Schema) -> None:
    """A caller that catches the root catches every refusal."""
    with pytest.raises(PrivShareError):
        schema.check(["only"])
