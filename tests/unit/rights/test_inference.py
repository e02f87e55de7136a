"""Proposed schemas: the narrowest types, and no values of cells."""

from __future__ import annotations

import io

import pytest

from privshare.errors import EncodingError, OutOfRange
from privshare.rights.inference import MIN_COUNT, infer_schema
from privshare.rights.schema import Column, Schema
from privshare.rights.table import read_csv


def column(*cells: str) -> Column:
    data = "c,other\n" + "".join(f"{cell},\n" for cell in cells)
    return infer_schema(io.BytesIO(data.encode())).columns[0]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("1", "-2", "0"), Column("c", "int")),
        (("1", "", "0"), Column("c", "int", nullable=True)),
        (("1", "2.5", "2.125"), Column("c", "decimal", scale=3)),
        (("true", "false"), Column("c", "bool")),
        (("2024-02-29", ""), Column("c", "date", nullable=True)),
        (("2023-02-29",), Column("c", "string")),
        (("007", "1"), Column("c", "string")),
        (("1e3",), Column("c", "string")),
        (("1", "true"), Column("c", "string")),
        (("", ""), Column("c", "string", nullable=True)),
        (("9" * 15,), Column("c", "int")),
        (("9" * 16,), Column("c", "string")),
        (("9" * 14 + ".99",), Column("c", "string")),
        (("east",) * MIN_COUNT, Column("c", "category", categories=("east",))),
        (("east",) * MIN_COUNT + ("west",), Column("c", "string")),
    ],
)
def test_the_narrowest_type_is_proposed(
    cells: tuple[str, ...], expected: Column
) -> None:
    """A type is proposed when every cell of the column has it."""
    assert column(*cells) == expected


def test_what_was_proposed_reads_the_file() -> None:
    """A file passes under the schema that was proposed for it."""
    data = b"parcel,rooms,tax\n1,3,1.5\n2,,2.25\n"
    schema = infer_schema(io.BytesIO(data), key="parcel")
    assert schema == Schema(
        (
            Column("parcel", "int"),
            Column("rooms", "int", nullable=True),
            Column("tax", "decimal", scale=2),
        ),
        key="parcel",
    )
    rows = list(read_csv(io.BytesIO(data), schema))
    assert rows == [[1, 3, 150], [2, None, 225]]


def test_a_key_is_a_string_or_an_integer() -> None:
    """Dates and words may identify a row, but then as strings."""
    data = b"day\n2024-02-29\n2024-03-01\n"
    schema = infer_schema(io.BytesIO(data), key="day")
    assert schema.columns == (Column("day", "string"),)


def test_no_rare_word_gets_into_a_schema() -> None:
    """A schema is public; a word that few rows have would tell of those rows."""
    rare = ["east"] * 50 + ["witness protection"] * (MIN_COUNT - 1)
    schema = infer_schema(io.BytesIO(("c\n" + "\n".join(rare)).encode()))
    assert "witness" not in str(schema.to_json())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "found an empty file"),
        (b"a,b\n", "found only the header"),
        (b"Lot Area\n1\n", "expected a column such as tax_paid"),
        (b"a,a\n1,2\n", "once"),
        (b"a\n1\n2,3\n", "row 3: expected 1 field, found 2"),
        (b"a\n\xff\n", "row 2: expected UTF-8"),
    ],
)
def test_a_bad_file_is_refused(data: bytes, message: str) -> None:
    """What cannot be read as a table has no schema."""
    with pytest.raises(EncodingError, match=message) as caught:
        infer_schema(io.BytesIO(data))
    assert caught.value.detail["row"] >= 1


def test_a_key_that_is_no_column_is_refused() -> None:
    """The caller names the key; it is not guessed."""
    with pytest.raises(EncodingError, match=r"schema\.key"):
        infer_schema(io.BytesIO(b"a\n1\n"), key="b")


def test_bounds_are_kept() -> None:
    """A file larger than it may be is not read to its end."""
    with pytest.raises(OutOfRange):
        infer_schema(io.BytesIO(b"a\n1\n2\n"), max_rows=1)
    with pytest.raises(OutOfRange):
        infer_schema(io.BytesIO(b"a\n1\n2\n"), max_bytes=5)
