"""A row that is one of many: proofs about cells whose place stays hidden.

    owner     block of rows, one row ─► hide_row ─► HiddenRow, openings
              openings ─► make(InRange(...), ...) ─► further documents
    reader    HiddenRow.verify(root, rows, schema) ─► HiddenStatement

A cell proof shows the place of its row, and two of them about one row show that
they are. Here the prover shows the commitments of a whole block of rows, of
which the ledger's root says that they are rows of the dataset, and new
commitments to the values of some columns of one of them. A proof of kind
"member/v1" says that there is such a row; nobody learns which. Further proofs
then speak of the new commitments.

A block is what a node of the dataset's tree stands over: it starts at a
multiple of a power of two, has that many rows or ends with the dataset, and at
least two; so one path leads from it to the root. The larger the block, the more
rows one may be; what a reader knows of the rows from elsewhere makes them fewer.

Implements docs/formats/proof.md, "Hidden rows".

>>> from privshare.rights.row import commit_rows, row_cells
>>> from privshare.rights.schema import Column
>>> schema = Schema((Column("deed", "string"), Column("price", "int", provable=True)))
>>> rows = [[f"d-{i}", 100_000 + i] for i in range(5)]
>>> salts = [bytes([i]) * 32 for i in range(5)]
>>> committed = commit_rows(schema, rows, salts)
>>> block = Block.of(committed.leaf_hashes, 0, row_cells(schema, rows, salts))
>>> context = Context.fresh("price band")
>>> hidden, openings = hide_row(schema, block, 3, rows[3], salts[3], ["price"],
...     context=context)
>>> hidden.verify(committed.root, committed.rows, schema).columns
('price',)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from privshare.bindings import merkle
from privshare.errors import EncodingError, OutOfRange, ProofInvalid
from privshare.rights.disclosure import HASH_BYTES
from privshare.rights.provable import check_provable, opening
from privshare.rights.row import cell_salt, join_cells
from privshare.rights.schema import Schema
from privshare.rights.terms import MAX_COLUMNS
from privshare.schemes.commitment import Opening, draw_blinding
from privshare.schemes.one_of_many import MAX_COUNT, MIN_COUNT
from privshare.schemes.proof import (
    Context,
    MemberColumn,
    MemberOf,
    ProofDocument,
    Witness,
    make,
    verify,
)
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u, unb64u


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring rows of a dataset, by the commitments of their cells.

    Attributes:
        first: Index of its first row: a multiple of the least power of two
            that is not below the number of its rows.
        cells: For each row one commitment a column; 2 to 4,096 rows.
        path: From the block's own root to the dataset's, the sibling first.

    Raises:
        EncodingError: Another number of cells in one row than in another, or
            bytes of another length.
        OutOfRange: Too few rows or too many; or a first row where no block of
            this size begins.
    """

    first: int
    cells: tuple[tuple[bytes, ...], ...]
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        count = len(self.cells)
        if not MIN_COUNT <= count <= MAX_COUNT:
            raise OutOfRange(
                f"block.cells: expected {MIN_COUNT} to {MAX_COUNT} rows, found {count}"
            )
        if not 0 <= self.first < INTEGER_LIMIT or self.first % _size(count):
            raise OutOfRange(
                f"block.first: expected a multiple of {_size(count)} from 0 on, found "
                f"{self.first}"
            )
        widths = {len(row) for row in self.cells}
        if len(widths) != 1 or not 1 <= max(widths) <= MAX_COLUMNS:
            raise EncodingError(
                f"block.cells: expected rows of 1 to {MAX_COLUMNS} cells each, all of "
                "one length, found others"
            )
        hashes = [cell for row in self.cells for cell in row]
        if any(len(one) != HASH_BYTES for one in (*hashes, *self.path)):
            raise EncodingError(
                f"block: expected commitments of {HASH_BYTES} bytes, found another"
            )
        if len(self.path) > merkle.MAX_HASHES:
            raise EncodingError(
                f"block.path: expected at most {merkle.MAX_HASHES}, found "
                f"{len(self.path)}"
            )

    @classmethod
    def of(
        cls, leaf_hashes: bytes, first: int, cells: Sequence[Sequence[bytes]]
    ) -> Block:
        """A block of a dataset whose leaf hashes are at hand.

        Args:
            leaf_hashes: Of the whole dataset, as its owner keeps them.
            first: Index of the first row.
            cells: Commitments of the rows from there on (`row.row_cells`).

        Raises:
            OutOfRange: No block begins or ends there.
        """
        count, rows = len(cells), len(leaf_hashes) // HASH_BYTES
        if first + count > rows or (count != _size(count) and first + count < rows):
            raise OutOfRange(
                "expected a block of as many rows as a power of two, or one that ends "
                f"with the dataset, found rows {first} to {first + count - 1} of {rows}"
            )
        whole = merkle.inclusion_proof(leaf_hashes, first)
        own = leaf_hashes[HASH_BYTES * first : HASH_BYTES * (first + count)]
        inside = len(merkle.inclusion_proof(own, 0))
        return cls(first, tuple(map(tuple, cells)), tuple(whole[inside:]))

    def verify(self, root: bytes, rows: int) -> None:
        """Check that these are rows of a dataset.

        Args:
            root: The dataset's root.
            rows: The dataset's number of rows.

        Raises:
            InclusionInvalid: They are not.
        """
        leaves = merkle.leaf_hashes([join_cells(row) for row in self.cells])
        path = (*merkle.inclusion_proof(leaves, 0), *self.path)
        merkle.verify_inclusion(leaves[:HASH_BYTES], self.first, rows, path, root)

    @classmethod
    def from_json(cls, obj: object, where: str = "block") -> Block:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: As for the class.
        """
        fields = Fields(obj, where)
        first = fields.int("first", 0)
        cells = []
        for i, row in enumerate(fields.list("cells", MAX_COUNT)):
            if not isinstance(row, list) or len(row) > MAX_COLUMNS:
                raise EncodingError(
                    f"{where}.cells[{i}]: expected a list of at most {MAX_COLUMNS}, "
                    "found another"
                )
            cells.append(tuple(_hash(cell, f"{where}.cells[{i}]") for cell in row))
        path = fields.str_list("path", merkle.MAX_HASHES)
        fields.end()
        hashes = tuple(_hash(one, f"{where}.path") for one in path)
        return cls(first, tuple(cells), hashes)

    def to_json(self) -> dict[str, Json]:
        """Lay it out as it travels."""
        return {
            "cells": [[b64u(cell) for cell in row] for row in self.cells],
            "first": self.first,
            "path": [b64u(one) for one in self.path],
        }


@dataclass(frozen=True, slots=True)
class HiddenStatement:
    """What a verified proof about a hidden row says.

    Attributes:
        first: The first row that it may be.
        count: How many rows it may be.
        columns: The columns whose values are committed to anew.
        commitments: The new commitments, in the order of the columns.
        context: What for.
    """

    first: int
    count: int
    columns: tuple[str, ...]
    commitments: tuple[bytes, ...]
    context: Context


@dataclass(frozen=True, slots=True)
class HiddenRow:
    """New commitments to the values of one row of a block.

    Attributes:
        block: The rows that it may be.
        document: Of kind "member/v1".
    """

    block: Block
    document: ProofDocument

    def verify(self, root: bytes, rows: int, schema: Schema) -> HiddenStatement:
        """Check the proof against what the ledger holds.

        Args:
            root: The dataset's root.
            rows: The dataset's number of rows.
            schema: The schema whose digest the dataset names.

        Returns:
            What was proven; further proofs may speak of its commitments.

        Raises:
            EncodingError: Another number of cells than columns.
            InclusionInvalid: The block is not of the dataset.
            ProofInvalid: The proof does not hold, or its candidates are not
                provable columns of the block.
        """
        width = len(self.block.cells[0])
        if width != len(schema.columns):
            raise EncodingError(
                f"block.cells: expected {len(schema.columns)} cells a row, found "
                f"{width}"
            )
        self.block.verify(root, rows)
        statement = self.document.statement
        if not isinstance(statement, MemberOf):
            raise ProofInvalid(
                f"expected a proof of kind member/v1, found {statement.kind}"
            )
        columns = {
            tuple(row[j] for row in self.block.cells): schema.columns[j].name
            for j in schema.provable
        }
        named = tuple(columns.get(one.candidates, "") for one in statement.columns)
        if not all(named) or len(set(named)) != len(named):
            raise ProofInvalid(
                "expected candidates that are provable columns of the block, each "
                "once, found others"
            )
        verify(self.document)
        return HiddenStatement(
            self.block.first,
            len(self.block.cells),
            named,
            statement.commitments,
            self.document.context,
        )

    @classmethod
    def from_json(cls, obj: object, where: str = "hidden row") -> HiddenRow:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: A number or a count outside its bounds.
        """
        fields = Fields(obj, where)
        hidden = cls(
            Block.from_json(fields.json("block"), f"{where}.block"),
            ProofDocument.from_json(fields.json("document"), f"{where}.document"),
        )
        fields.end()
        return hidden

    def to_json(self) -> dict[str, Json]:
        """Lay it out as it travels."""
        return {"block": self.block.to_json(), "document": self.document.to_json()}


def hide_row(
    schema: Schema,
    block: Block,
    index: int,
    cells: Sequence[Json],
    salt: bytes,
    columns: Sequence[str],
    *,
    context: Context,
    rand: bytes | None = None,
) -> tuple[HiddenRow, tuple[Opening, ...]]:
    """Commit anew to cells of one row, and prove that they are of a block's row.

    Args:
        schema: The dataset's columns.
        block: Rows among which the row is.
        index: The row's place in the dataset, from 0. It does not leave.
        cells: All cells of the row.
        salt: The row's salt. It does not leave.
        columns: Provable ones, 1 to 16.
        context: What for.
        rand: 32 random bytes for the proof; drawn unless given.

    Returns:
        The proof, and what opens its new commitments, in the columns' order.

    Raises:
        NotFound: No such column.
        OutOfRange: A column is not provable, or the row is not in the block.
        ProofInvalid: The cells are not those of the row.

    Leaks:
        The block, the columns, and of the values nothing.
    """
    places = [schema.index(name) for name in columns]
    old, new = [], []
    for j in places:
        check_provable(schema.columns[j])
        old.append(opening(schema.columns[j], cells[j], cell_salt(salt, j)))
        new.append(Opening(old[-1].value, draw_blinding()))
    statement = MemberOf(
        tuple(
            MemberColumn(tuple(row[j] for row in block.cells), fresh.commitment())
            for j, fresh in zip(places, new, strict=True)
        )
    )
    witness = Witness([*old, *new], index=_place(block, index))
    return HiddenRow(block, make(statement, witness, context, rand)), tuple(new)


def _place(block: Block, index: int) -> int:
    place = index - block.first
    if not 0 <= place < len(block.cells):
        raise OutOfRange("expected a row of the block, found another")
    return place


def _size(count: int) -> int:
    """The least power of two that is not below count."""
    return 1 << (count - 1).bit_length()


def _hash(text: Json, where: str) -> bytes:
    if not isinstance(text, str):
        raise EncodingError(f"{where}: expected a string, found another")
    try:
        return unb64u(text, HASH_BYTES)
    except EncodingError as error:
        raise EncodingError(f"{where}: {error.message}") from None
