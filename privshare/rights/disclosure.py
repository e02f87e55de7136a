"""A disclosure: some cells of one row, opened; the others stay hidden.

The owner opens what a grant allows. The reader needs the root, the number of
rows and the schema, which are on the ledger or travel beside it, and nothing
from the owner but this.

    owner     disclose(schema, row, salt, columns, index, path) ─► Disclosure
    reader    Disclosure.verify(root, rows, schema) ─► {column: value}

Implements docs/formats/dataset.md, "Disclosure".

>>> from privshare.bindings import merkle
>>> from privshare.rights.row import commit_rows
>>> from privshare.rights.schema import Column, Schema
>>> schema = Schema((Column("parcel", "string"), Column("rooms", "int")))
>>> rows, salts = [["a-1", 3], ["a-2", 4]], [b"\\1" * 32, b"\\2" * 32]
>>> committed = commit_rows(schema, rows, salts)
>>> path = merkle.inclusion_proof(committed.leaf_hashes, 1)
>>> shown = disclose(schema, rows[1], salts[1], ["rooms"], index=1, path=path)
>>> shown.verify(committed.root, committed.rows, schema)
{'rooms': 4}
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from privshare.bindings import merkle
from privshare.errors import EncodingError, OutOfRange
from privshare.rights.row import cell_salt, commit_cell, join_cells
from privshare.rights.schema import Cell, Schema
from privshare.rights.terms import MAX_COLUMNS
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u, unb64u

HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opened:
    """A cell that is shown.

    Attributes:
        salt: The cell's own salt, 32 bytes.
        value: Of the column's type; checked by `Disclosure.verify`.
    """

    salt: bytes
    value: Cell


@dataclass(frozen=True, slots=True)
class Hidden:
    """A cell that is not shown.

    Attributes:
        commitment: 32 bytes.
    """

    commitment: bytes


CellProof: TypeAlias = Opened | Hidden


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Some cells of one row, and the row's place in its dataset.

    Attributes:
        row: Index of the row, from 0.
        cells: One a column, in the schema's order.
        path: Inclusion path of the row, its sibling first.

    Raises:
        EncodingError: Too many cells, or bytes of another length.
        OutOfRange: A row below 0 or of 2^53 and more.
    """

    row: int
    cells: tuple[CellProof, ...]
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.row < INTEGER_LIMIT:
            raise OutOfRange(
                f"disclosure.row: expected 0 to {INTEGER_LIMIT - 1}, found {self.row}"
            )
        if not 1 <= len(self.cells) <= MAX_COLUMNS:
            raise EncodingError(
                f"disclosure.cells: expected 1 to {MAX_COLUMNS}, found "
                f"{len(self.cells)}"
            )
        for cell in self.cells:
            known = cell.salt if isinstance(cell, Opened) else cell.commitment
            _check_length("cells", known)
        if len(self.path) > merkle.MAX_HASHES:
            raise EncodingError(
                f"disclosure.path: expected at most {merkle.MAX_HASHES}, found "
                f"{len(self.path)}"
            )
        for step in self.path:
            _check_length("path", step)

    def verify(self, root: bytes, rows: int, schema: Schema) -> dict[str, Cell]:
        """Check the disclosure against what the ledger holds.

        Args:
            root: The dataset's root.
            rows: The dataset's number of rows.
            schema: The schema whose digest the dataset names.

        Returns:
            The opened cells by column, in the schema's order.

        Raises:
            EncodingError: Another number of cells than columns, or a value
                that is not of its column's type.
            OutOfRange: A number outside its column's interval.
            InclusionInvalid: No such row, or these are not its cells.
        """
        if len(self.cells) != len(schema.columns):
            raise EncodingError(
                f"disclosure.cells: expected {len(schema.columns)}, found "
                f"{len(self.cells)}"
            )
        commitments: list[bytes] = []
        opened: dict[str, Cell] = {}
        for column, cell in zip(schema.columns, self.cells, strict=True):
            if isinstance(cell, Opened):
                commitments.append(commit_cell(column, cell.value, cell.salt))
                opened[column.name] = cell.value
            else:
                commitments.append(cell.commitment)
        leaf = merkle.leaf_hash(join_cells(commitments))
        merkle.verify_inclusion(leaf, self.row, rows, self.path, root)
        return opened

    @classmethod
    def from_json(cls, obj: object, where: str = "disclosure") -> Disclosure:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: A row outside its interval.
        """
        fields = Fields(obj, where)
        fields.constant("v", 1)
        disclosure = cls(
            row=fields.int("row"),
            cells=tuple(
                _read_cell(cell, f"{where}.cells[{j}]")
                for j, cell in enumerate(fields.list("cells", MAX_COLUMNS))
            ),
            path=tuple(
                _hash(step, f"{where}.path")
                for step in fields.str_list("path", merkle.MAX_HASHES)
            ),
        )
        fields.end()
        return disclosure

    def to_json(self) -> dict[str, Json]:
        """Lay the disclosure out as it travels."""
        return {
            "cells": [_cell_json(cell) for cell in self.cells],
            "path": [b64u(step) for step in self.path],
            "row": self.row,
            "v": 1,
        }


def disclose(
    schema: Schema,
    row: Sequence[Json],
    row_salt: bytes,
    columns: Iterable[str],
    *,
    index: int,
    path: Sequence[bytes],
) -> Disclosure:
    """Open some cells of a row.

    Args:
        schema: The dataset's columns.
        row: All cells, in their order.
        row_salt: The row's salt; it does not leave.
        columns: The names of those to open; none proves only that the row is
            there.
        index: The row's place in the dataset, from 0.
        path: Its inclusion path.

    Raises:
        EncodingError: A row that is not of the schema.
        OutOfRange: A number outside its column's interval.
        NotFound: No column of a name in `columns`.

    Leaks:
        The opened values, the place of the row, and of the others nothing.
    """
    wanted = {schema.index(name) for name in columns}
    cells: list[CellProof] = []
    for j, value in enumerate(schema.check(row)):
        salt = cell_salt(row_salt, j)
        if j in wanted:
            cells.append(Opened(salt, value))
        else:
            cells.append(Hidden(commit_cell(schema.columns[j], value, salt)))
    return Disclosure(index, tuple(cells), tuple(path))


def _read_cell(value: Json, where: str) -> CellProof:
    """A hidden cell is a string, an opened one an object."""
    if isinstance(value, str):
        return Hidden(_hash(value, where))
    fields = Fields(value, where)
    # The column's type, which only `verify` knows, refuses lists and objects.
    cell = Opened(fields.digest("salt"), cast(Cell, fields.json("value")))
    fields.end()
    return cell


def _cell_json(cell: CellProof) -> Json:
    if isinstance(cell, Hidden):
        return b64u(cell.commitment)
    return {"salt": b64u(cell.salt), "value": cell.value}


def _hash(text: str, where: str) -> bytes:
    try:
        return unb64u(text, HASH_BYTES)
    except EncodingError as error:
        raise EncodingError(f"{where}: {error.message}") from None


def _check_length(field: str, data: bytes) -> None:
    if len(data) != HASH_BYTES:
        raise EncodingError(
            f"disclosure.{field}: expected {HASH_BYTES} bytes, found {len(data)}"
        )
