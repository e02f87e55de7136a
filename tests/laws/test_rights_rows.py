"""Laws of rows: any subset can be shown, and nothing shown can be changed."""

from __future__ import annotations

import copy
import csv
import io
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from privshare.bindings import merkle
from privshare.errors import EncodingError, PrivShareError
from privshare.rights.disclosure import Disclosure, Opened, disclose
from privshare.rights.row import (
    cell_salt,
    commit_cell,
    commit_row,
    commit_rows,
    join_cells,
)
from privshare.rights.schema import Column, Schema
from privshare.rights.table import read_csv
from privshare.wire.canonical import b64u, decode, encode, unb64u

MOST = 2**53 - 1
NUMBERS = st.one_of(st.sampled_from((0, 1, -1, MOST, -MOST)), st.integers(-MOST, MOST))
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
WORDS = ("", '"', "east", "西")

CELLS: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "int": NUMBERS,
    "decimal": NUMBERS,
    "date": st.dates().map(date.isoformat),
    "category": st.sampled_from(WORDS[1:]),
    "bool": st.booleans(),
}


@st.composite
def columns(draw: st.DrawFn, index: int) -> Column:
    type_ = draw(st.sampled_from(sorted(CELLS)))
    nullable = draw(st.booleans())
    return Column(
        f"c{index}",
        type_,  # type: ignore[arg-type]
        nullable=nullable,
        provable=not nullable and draw(st.booleans()),
        scale=draw(st.integers(1, 15)) if type_ == "decimal" else None,
        categories=tuple(sorted(WORDS[1:])) if type_ == "category" else (),
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[Schema, list[list[Any]]]:
    """A schema and a few rows of it."""
    schema = Schema(tuple(draw(columns(j)) for j in range(draw(st.integers(1, 5)))))
    row = st.tuples(
        *(
            st.none() | CELLS[column.type] if column.nullable else CELLS[column.type]
            for column in schema.columns
        )
    ).map(list)
    return schema, draw(st.lists(row, min_size=1, max_size=9))


def salts(count: int) -> list[bytes]:
    return [bytes([index]) * 32 for index in range(count)]


@given(tables())
def test_a_cell_is_laid_out_canonically(table: tuple[Schema, list[list[Any]]]) -> None:
    """The quick encoders write what the canonical encoder writes."""
    schema, rows = table
    for row in rows:
        for column, value in zip(schema.columns, row, strict=True):
            assert column.encode(value) == encode([value])


@given(tables())
def test_the_quick_way_equals_the_plain_one(
    table: tuple[Schema, list[list[Any]]],
) -> None:
    """Rows are hashed as the equations say, for any types and values."""
    schema, rows = table
    own = salts(len(rows))
    leaves = []
    for row, salt in zip(rows, own, strict=True):
        cells = [
            commit_cell(column, row[j], cell_salt(salt, j))
            for j, column in enumerate(schema.columns)
        ]
        leaves.append(join_cells(cells))
        assert leaves[-1] == commit_row(schema, row, salt)
    committed = commit_rows(schema, rows, own)
    assert committed.root == merkle.root(merkle.leaf_hashes(leaves))


@given(tables())
def test_schemas_come_back_from_their_json(
    table: tuple[Schema, list[list[Any]]],
) -> None:
    """A schema is what its document says."""
    schema, _ = table
    assert Schema.from_json(decode(encode(schema.to_json()))) == schema


@st.composite
def disclosures(
    draw: st.DrawFn,
) -> tuple[Schema, list[Any], bytes, int, set[str], Disclosure]:
    """A disclosure of any columns of any row, and what it is about."""
    schema, rows = draw(tables())
    own = salts(len(rows))
    committed = commit_rows(schema, rows, own)
    index = draw(st.integers(0, len(rows) - 1))
    opened = draw(st.sets(st.sampled_from(schema.names)))
    path = merkle.inclusion_proof(committed.leaf_hashes, index)
    shown = disclose(schema, rows[index], own[index], opened, index=index, path=path)
    return schema, rows[index], committed.root, committed.rows, opened, shown


@given(disclosures())
def test_any_subset_of_columns_can_be_shown(given_: Any) -> None:
    """The reader gets exactly the opened cells, after a trip through JSON too."""
    schema, row, root, rows, opened, shown = given_
    expected = {
        name: value
        for name, value in zip(schema.names, row, strict=True)
        if name in opened
    }
    assert shown.verify(root, rows, schema) == expected
    again = Disclosure.from_json(decode(encode(shown.to_json())))
    assert again == shown
    assert {type(cell) for cell in shown.cells if isinstance(cell, Opened)} <= {Opened}


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


@settings(max_examples=200)
@given(disclosures(), st.data())
def test_any_flipped_element_is_refused(given_: Any, data: st.DataObject) -> None:
    """Change one salt, commitment, value, path hash, row or the root: refused."""
    schema, _, root, rows, _, shown = given_
    laid: Any = copy.deepcopy(shown.to_json())
    bit = data.draw(st.integers(0, 255))
    places = ["root", "row", *range(len(shown.cells)), *("path" for _ in shown.path)]
    place = data.draw(st.sampled_from(places))
    if place == "root":
        root = flipped(root, bit)
    elif place == "row":
        assume(rows > 1)
        laid["row"] = data.draw(st.integers(0, rows).filter(lambda n: n != shown.row))
    elif place == "path":
        step = data.draw(st.integers(0, len(shown.path) - 1))
        laid["path"][step] = b64u(flipped(unb64u(laid["path"][step]), bit))
    elif isinstance(laid["cells"][place], str):
        laid["cells"][place] = b64u(flipped(unb64u(laid["cells"][place]), bit))
    elif data.draw(st.booleans()):
        cell = laid["cells"][place]
        cell["salt"] = b64u(flipped(unb64u(cell["salt"]), bit))
    else:
        cell, column = laid["cells"][place], schema.columns[place]
        other = CELLS[column.type].filter(lambda value: value != cell["value"])
        cell["value"] = data.draw(other)
    with pytest.raises(PrivShareError):
        Disclosure.from_json(laid).verify(root, rows, schema)


@given(disclosures(), st.data())
def test_a_path_of_another_length_is_refused(given_: Any, data: st.DataObject) -> None:
    """A path has exactly the hashes that its place in the tree needs."""
    schema, _, root, rows, _, shown = given_
    longer = Disclosure(shown.row, shown.cells, (*shown.path, bytes(32)))
    with pytest.raises(PrivShareError):
        longer.verify(root, rows, schema)
    if shown.path:
        cut = Disclosure(shown.row, shown.cells, shown.path[:-1])
        with pytest.raises(PrivShareError):
            cut.verify(root, rows, schema)


def spelled(column: Column, value: Any) -> str:
    """A cell as a table writes it, by other means than the reader's."""
    if value is None:
        return ""
    if column.type == "bool":
        return "true" if value else "false"
    if column.scale is not None:
        digits = str(abs(value)).rjust(column.scale + 1, "0")
        sign = "-" if value < 0 else ""
        return f"{sign}{digits[: -column.scale]}.{digits[-column.scale :]}"
    return str(value)


@given(tables(), st.randoms(use_true_random=False), st.booleans())
def test_tables_are_read_as_they_were_written(
    table: tuple[Schema, list[list[Any]]], random: Any, mark: bool
) -> None:
    """What the standard library writes comes back, in any order of columns."""
    schema, rows = table
    for column, values in zip(schema.columns, zip(*rows, strict=True), strict=True):
        # An empty field cannot say which it is; NUL and bare CR are refused.
        text = [value for value in values if isinstance(value, str)]
        assume(not (column.nullable and "" in text))
        assume(not any("\0" in value for value in text))
    order = list(range(len(schema.columns)))
    random.shuffle(order)
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow([schema.names[j] for j in order])
    for row in rows:
        writer.writerow([spelled(schema.columns[j], row[j]) for j in order])
    data = (b"\xef\xbb\xbf" if mark else b"") + file.getvalue().encode()
    assert list(read_csv(io.BytesIO(data), schema)) == rows


SCHEMA = Schema(
    (
        Column("a", "string", nullable=True),
        Column("b", "int"),
        Column("c", "decimal", scale=2),
        Column("d", "date"),
    ),
    key="b",
)
FILE = b"a,b,c,d\nx,1,1.50,2024-02-29\n,2,0.5,2024-03-01\n"


@settings(max_examples=400)
@given(st.binary(max_size=60))
def test_no_file_raises_anything_unnamed(data: bytes) -> None:
    """Whatever the bytes, the answer is rows or an error of the tree."""
    for file in (data, FILE + data, b"a,b,c,d\n" + data):
        try:
            rows = list(read_csv(io.BytesIO(file), SCHEMA))
        except PrivShareError as error:
            assert error.detail["row"] >= 1
        else:
            for row in rows:
                SCHEMA.check(row)


@settings(max_examples=400)
@given(st.integers(0, len(FILE) - 1), st.integers(0, 255))
def test_a_changed_byte_never_changes_a_value_unseen(place: int, byte: int) -> None:
    """One byte changed: another row, or a refusal, never the same rows.

    Except where it only changes the spelling: a quotation mark or a CR.
    """
    assume(FILE[place] != byte and byte not in b'"\r')
    changed = FILE[:place] + bytes([byte]) + FILE[place + 1 :]
    before = list(read_csv(io.BytesIO(FILE), SCHEMA))
    try:
        after = list(read_csv(io.BytesIO(changed), SCHEMA))
    except (EncodingError, PrivShareError):
        return
    assert after != before
