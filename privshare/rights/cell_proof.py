"""Proofs about the cells of one anchored row, none of which is shown.

    owner     row, salt ─► prove_cell_in_range … ─► CellProof ─► reader
    reader    CellProof.verify(root, rows, schema) ─► CellStatement

A cell proof is a disclosure of the row, in which these cells are hidden, and a
proof document about their commitments. The disclosure says that these are cells
of a row of the dataset that the ledger names; the document says something of
their values: that one lies between two bounds, is at least another, is one of a
few, or that they add up.

The row's place is shown, and the cells that the owner chooses to open beside:
such as the key, so that the reader knows of which record it is told. Who must
not see the place proves that the row is one of many: `rights.hidden_row`.

Implements docs/formats/proof.md, "Proofs about cells".

>>> from privshare.bindings import merkle
>>> from privshare.rights.row import commit_rows
>>> from privshare.rights.schema import Column, Schema
>>> schema = Schema((Column("deed", "string"), Column("price", "int", provable=True)))
>>> rows, salts = [["d-1", 410_000], ["d-2", 95_000]], [b"\\1" * 32, b"\\2" * 32]
>>> committed = commit_rows(schema, rows, salts)
>>> anchored = AnchoredRow(schema, rows[0], salts[0], 0,
...     merkle.inclusion_proof(committed.leaf_hashes, 0))
>>> shown = prove_cell_in_range(anchored, "price", 400_000, 450_000,
...     context=Context.fresh("price band"))
>>> found = shown.verify(committed.root, committed.rows, schema)
>>> found.row, found.kind, found.columns
(0, 'range/v1', ('price',))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from privshare.errors import OutOfRange, ProofInvalid
from privshare.rights.anchored_row import (
    NUMBERS,
    AnchoredRow,
    bound,
    bound_text,
    check_alike,
    check_numbers,
    span,
)
from privshare.rights.disclosure import Disclosure, Hidden, disclose
from privshare.rights.provable import holder
from privshare.rights.schema import Cell, Column, Schema
from privshare.schemes.commitment import Opening
from privshare.schemes.proof import (
    AtLeast,
    Context,
    EqualValues,
    InRange,
    Interval,
    LinearSum,
    OneOfSet,
    ProofDocument,
    Statement,
    Witness,
    make,
    verify,
)
from privshare.wire.canonical import Fields, Json


@dataclass(frozen=True, slots=True)
class CellStatement:
    """What a verified cell proof says.

    Attributes:
        row: The row's place in the dataset, from 0.
        columns: The columns that the statement's commitments are cells of, in
            the statement's order.
        statement: What is proven of them.
        context: What for.
        opened: The cells that are shown beside, by column.
    """

    row: int
    columns: tuple[str, ...]
    statement: Statement
    context: Context
    opened: Mapping[str, Cell]

    @property
    def kind(self) -> str:
        """Name and version of what is proven."""
        return self.statement.kind


@dataclass(frozen=True, slots=True)
class CellProof:
    """A proof about cells of one row, and that the row is there.

    Attributes:
        disclosure: Of the row.
        document: About commitments that stand in it as hidden cells.
    """

    disclosure: Disclosure
    document: ProofDocument

    def verify(self, root: bytes, rows: int, schema: Schema) -> CellStatement:
        """Check the proof against what the ledger holds.

        Args:
            root: The dataset's root.
            rows: The dataset's number of rows.
            schema: The schema whose digest the dataset names.

        Returns:
            What was proven, and of which columns.

        Raises:
            EncodingError: Another number of cells than columns.
            InclusionInvalid: No such row, or these are not its cells.
            ProofInvalid: The proof does not hold, or speaks of something that
                is no provable cell of the row; or it bounds a text.
        """
        opened = self.disclosure.verify(root, rows, schema)
        columns = tuple(
            _column_of(schema, self.disclosure, commitment)
            for commitment in self.document.statement.commitments
        )
        if not columns:
            raise ProofInvalid(
                "expected a statement about cells of the row, found one about none"
            )
        _check_meaning(self.document.statement, [schema.column(one) for one in columns])
        verify(self.document)
        return CellStatement(
            self.disclosure.row,
            columns,
            self.document.statement,
            self.document.context,
            opened,
        )

    @classmethod
    def from_json(cls, obj: object, where: str = "cell proof") -> CellProof:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: A number or a count outside its bounds.
        """
        fields = Fields(obj, where)
        proof = cls(
            Disclosure.from_json(fields.json("disclosure"), f"{where}.disclosure"),
            ProofDocument.from_json(fields.json("document"), f"{where}.document"),
        )
        fields.end()
        return proof

    def to_json(self) -> dict[str, Json]:
        """Lay it out as it travels."""
        return {
            "disclosure": self.disclosure.to_json(),
            "document": self.document.to_json(),
        }


def prove_cell_in_range(
    row: AnchoredRow,
    column: str,
    low: int | str,
    high: int | str,
    *,
    context: Context,
    rand: bytes | None = None,
) -> CellProof:
    """Prove that low <= cell <= high.

    Args:
        row: The row.
        column: Provable, and of numbers, dates or booleans.
        low: As `bound` takes it.
        high: The same.
        context: What for.
        rand: 32 random bytes; drawn unless given.

    Raises:
        NotFound: No such column.
        OutOfRange: The cell is outside; the statement would be false. Or the
            column is not provable, or of texts.
    """
    found = row.schema.column(column)
    check_numbers(found)
    opened = row.opening(column)
    interval = Interval(opened.commitment(), bound(found, low), bound(found, high))
    value = opened.value
    if not isinstance(value, int) or not interval.low <= value <= interval.high:
        raise OutOfRange(
            f"{column}: expected a cell from {bound_text(found, interval.low)} to "
            f"{bound_text(found, interval.high)}, found one outside",
            fix="The statement is not true: name an interval that holds it.",
            detail={"column": column},
        )
    return _proven(row, InRange((interval,)), [opened], context, rand)


def prove_cell_at_least(
    row: AnchoredRow,
    column: str,
    other: str,
    *,
    context: Context,
    rand: bytes | None = None,
) -> CellProof:
    """Prove that one cell is at least another one of the same row.

    Args:
        row: The row.
        column: The one, a provable column of numbers, dates or booleans.
        other: The other, of the same type and scale.
        context: What for.
        rand: 32 random bytes; drawn unless given.

    Raises:
        NotFound: No such column.
        OutOfRange: The cell is less; or the columns do not compare.
    """
    columns = [row.schema.column(name) for name in (column, other)]
    check_alike(columns)
    opened = [row.opening(name) for name in (column, other)]
    x, y = (one.commitment() for one in opened)
    statement = AtLeast(x, y, *span(columns))
    return _proven(row, statement, opened, context, rand)


def prove_cell_one_of(
    row: AnchoredRow,
    column: str,
    cells: Sequence[Json],
    *,
    context: Context,
    rand: bytes | None = None,
) -> CellProof:
    """Prove that a cell is one of a few, without saying which.

    Args:
        row: The row.
        column: Provable, of any type.
        cells: 2 to 64 values of the column.
        context: What for.
        rand: 32 random bytes; drawn unless given.

    Raises:
        NotFound: No such column.
        EncodingError: Not a value of the column, or one twice.
        OutOfRange: The cell is another; or the column is not provable.
    """
    opened = row.opening(column)
    hold = holder(row.schema.column(column))
    statement = OneOfSet(opened.commitment(), tuple(map(hold, cells)))
    return _proven(row, statement, [opened], context, rand)


def prove_cells_add_up(
    row: AnchoredRow,
    columns: Sequence[str],
    coefficients: Sequence[int],
    constant: int,
    *,
    context: Context,
    rand: bytes | None = None,
) -> CellProof:
    """Prove that Σ coefficient · cell = constant over cells of one row.

    Args:
        row: The row.
        columns: Provable ones of numbers, dates or booleans.
        coefficients: As many integers, none 0.
        constant: The sum.
        context: What for.
        rand: 32 random bytes; drawn unless given.

    Raises:
        NotFound: No such column.
        ProofInvalid: They do not add up.
        OutOfRange: A column is not provable, or of texts.
    """
    for name in columns:
        check_numbers(row.schema.column(name))
    opened = [row.opening(name) for name in columns]
    statement = LinearSum(
        tuple(one.commitment() for one in opened), tuple(coefficients), constant
    )
    return _proven(row, statement, opened, context, rand)


def prove_cell_equals(
    row: AnchoredRow,
    column: str,
    other: Opening,
    *,
    context: Context,
    rand: bytes | None = None,
) -> ProofDocument:
    """Prove that a cell holds the value of a commitment from elsewhere.

    That one may be a cell of another dataset, of another agency, or a fresh
    commitment that further proofs speak of. The document alone says nothing of
    datasets: who has it checks where each commitment comes from.

    Args:
        row: The row.
        column: Provable, of any type.
        other: What opens the other commitment.
        context: What for.
        rand: 32 random bytes; drawn unless given.

    Raises:
        NotFound: No such column.
        ProofInvalid: The values differ.
    """
    opened = row.opening(column)
    statement = EqualValues((opened.commitment(), other.commitment()))
    return make(statement, Witness([opened, other]), context, rand)


def _proven(
    row: AnchoredRow,
    statement: Statement,
    openings: Sequence[Opening],
    context: Context,
    rand: bytes | None,
) -> CellProof:
    hidden = disclose(
        row.schema, row.cells, row.salt, row.shown, index=row.index, path=row.path
    )
    return CellProof(hidden, make(statement, Witness(openings), context, rand))


def _column_of(schema: Schema, disclosure: Disclosure, commitment: bytes) -> str:
    """The provable column whose hidden cell is this commitment."""
    for j in schema.provable:
        if disclosure.cells[j] == Hidden(commitment):
            return schema.columns[j].name
    raise ProofInvalid(
        "expected a statement about provable cells of the row, hidden as they are, "
        "found another commitment"
    )


def _check_meaning(statement: Statement, columns: Sequence[Column]) -> None:
    """Refuse bounds and sums of texts, comparison and equality of unlike numbers."""
    try:
        match statement:
            case InRange() | LinearSum():
                for column in columns:
                    check_numbers(column)
            case AtLeast():
                check_alike(columns)
            case EqualValues() if any(one.type in NUMBERS for one in columns):
                check_alike(columns)
    except OutOfRange as error:
        raise ProofInvalid(error.message) from None
