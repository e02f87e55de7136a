"""Provable cells: what they hold, and that nothing else about rows changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from privshare.bindings import merkle, scalar
from privshare.errors import EncodingError, InclusionInvalid, OutOfRange
from privshare.rights.disclosure import Disclosure, Opened, disclose
from privshare.rights.provable import opening, text_scalar
from privshare.rights.row import cell_salt, commit_cell, commit_row, commit_rows
from privshare.rights.schema import Column, Schema
from privshare.schemes.commitment import combine, commit, scalar_of
from privshare.wire.canonical import decode, encode

SCHEMA = Schema(
    (
        Column("parcel", "string"),
        Column("price", "int", provable=True),
        Column("paid", "decimal", scale=2, provable=True),
        Column("sold", "date", provable=True),
        Column("use", "category", categories=("home", "office"), provable=True),
        Column("owner", "string", provable=True),
        Column("heated", "bool", provable=True),
    ),
    key="parcel",
)
ROWS: list[list[Any]] = [
    [f"a-{i}", 100 * i - 150, -7 * i, f"2026-03-0{i + 1}", "home", f"o{i}", i % 2 == 0]
    for i in range(4)
]
SALTS = [bytes([i]) * 32 for i in range(4)]

HELD = [
    ("price", -150, -150),
    ("price", 2**53 - 1, 2**53 - 1),
    ("paid", 1250, 1250),
    ("sold", "0001-01-01", 1),
    ("sold", "9999-12-31", 3652059),
    ("use", "home", text_scalar(b'["home"]')),
    ("owner", "", text_scalar(b'[""]')),
    ("heated", True, 1),
    ("heated", False, 0),
]


@pytest.mark.parametrize(("name", "cell", "value"), HELD)
def test_what_a_cell_holds(name: str, cell: Any, value: Any) -> None:
    """Each type has its scalar, and the commitment is v·G + r·H."""
    opened = opening(SCHEMA.column(name), cell, SALTS[1])
    assert opened.value == value
    assert opened.commitment() == commit_cell(SCHEMA.column(name), cell, SALTS[1])
    assert opened.scalar == scalar_of(value)


def test_cells_hide_and_bind() -> None:
    """Another salt or another value is another commitment."""
    column = SCHEMA.column("price")
    found = {commit_cell(column, value, salt) for value in (1, 2, -1) for salt in SALTS}
    assert len(found) == 12


def test_commitments_add_up() -> None:
    """The sum of two cells is a commitment to the sum of their values."""
    one = opening(SCHEMA.column("price"), 5, SALTS[0])
    two = opening(SCHEMA.column("paid"), -7, SALTS[1])
    total = combine([one.commitment(), two.commitment()], [1, 1])
    assert total == commit(-2, scalar.add(one.blinding, two.blinding))


@pytest.mark.parametrize("opened", [(), ("price",), ("use", "owner", "parcel")])
def test_disclosures_go_on_as_before(opened: tuple[str, ...]) -> None:
    """A provable cell is hidden by 32 bytes and opened by its salt."""
    committed = commit_rows(SCHEMA, ROWS, SALTS)
    path = merkle.inclusion_proof(committed.leaf_hashes, 2)
    shown = disclose(SCHEMA, ROWS[2], SALTS[2], opened, index=2, path=path)
    shown = Disclosure.from_json(decode(encode(shown.to_json())))
    found = shown.verify(committed.root, 4, SCHEMA)
    assert found == {n: ROWS[2][SCHEMA.index(n)] for n in SCHEMA.names if n in opened}


def test_another_value_is_not_what_was_committed_to() -> None:
    """An opened provable cell with a changed value or salt is refused."""
    committed = commit_rows(SCHEMA, ROWS, SALTS)
    path = merkle.inclusion_proof(committed.leaf_hashes, 2)
    shown = disclose(SCHEMA, ROWS[2], SALTS[2], ["price"], index=2, path=path)
    assert isinstance(shown.cells[1], Opened)
    for changed in (Opened(shown.cells[1].salt, 51), Opened(SALTS[2], 50)):
        cells = (shown.cells[0], changed, *shown.cells[2:])
        with pytest.raises(InclusionInvalid):
            replace(shown, cells=cells).verify(committed.root, 4, SCHEMA)


def test_a_provable_schema_has_its_own_version() -> None:
    """One provable column makes it version 2; without, it is what it always was."""
    plain = Schema(tuple(replace(one, provable=False) for one in SCHEMA.columns))
    assert (plain.to_json()["v"], SCHEMA.to_json()["v"]) == (1, 2)
    assert "provable" not in encode(plain.to_json()).decode()
    assert Schema.from_json(decode(encode(SCHEMA.to_json()))) == SCHEMA
    assert SCHEMA.provable == (1, 2, 3, 4, 5, 6)
    assert SCHEMA.digest() != plain.digest()


PLAIN = Column("a", "int")


@pytest.mark.parametrize(
    ("version", "column"),
    [
        (0, PLAIN.to_json(1)),
        (2, PLAIN.to_json()),
        (3, replace(PLAIN, provable=True).to_json()),
    ],
)
def test_a_schema_of_another_version_is_refused(version: int, column: Any) -> None:
    """A schema has one form: the version follows from its columns."""
    with pytest.raises(EncodingError, match=r"schema\.v: expected 1"):
        Schema.from_json({"columns": [column], "key": None, "v": version})


@pytest.mark.parametrize(
    ("version", "column"), [(1, PLAIN.to_json()), (2, PLAIN.to_json(1))]
)
def test_a_column_of_another_version_is_refused(version: int, column: Any) -> None:
    """Version 1 has no field `provable`, version 2 always has."""
    with pytest.raises(EncodingError, match="provable"):
        Schema.from_json({"columns": [column], "key": None, "v": version})


def test_a_provable_column_has_no_empty_cells() -> None:
    """Null has no number: such a column is refused, with a fix."""
    with pytest.raises(EncodingError, match="without empty cells") as caught:
        Column("price", "int", nullable=True, provable=True)
    assert caught.value.fix


def test_only_provable_cells_have_openings() -> None:
    """Nothing is proven of a cell that is a hash."""
    with pytest.raises(OutOfRange, match="column parcel: expected a provable column"):
        opening(SCHEMA.column("parcel"), "a-1", SALTS[0])


def test_a_wrong_cell_is_named() -> None:
    """A value of another type is refused as in any other column."""
    rows = [list(row) for row in ROWS]
    rows[2][3] = "2026-02-30"
    with pytest.raises(EncodingError, match=r"rows\[2\], column sold") as caught:
        commit_rows(SCHEMA, rows, SALTS)
    assert caught.value.detail["index"] == 2
    with pytest.raises(EncodingError, match=r"^column sold"):
        commit_row(SCHEMA, rows[2], SALTS[2])


def test_batches_have_no_seam() -> None:
    """More rows than a batch give the same leaves as one by one."""
    schema = Schema((Column("n", "int", provable=True), Column("m", "int")))
    salts = [i.to_bytes(32, "big") for i in range(4_100)]
    rows = [[i, -i] for i in range(4_100)]
    committed = commit_rows(schema, rows, salts)
    for index in (0, 1, 4_095, 4_096, 4_099):
        leaf = merkle.leaf_hash(commit_row(schema, rows[index], salts[index]))
        assert leaf == committed.leaf_hashes[32 * index :][:32]
    assert cell_salt(salts[0], 0) != cell_salt(salts[0], 1)
