"""A row with its place in the dataset, as its owner proves things of it.

What the proofs about cells (`cell_proof`) and about hidden rows (`hidden_row`)
start from, and how bounds are read and shown in the words of a column.

>>> price = Column("price", "decimal", scale=2, provable=True)
>>> bound(price, "412000.5"), bound(price, 41200050)
(41200050, 41200050)
>>> bound_text(price, 41200050)
'412000.50'
>>> sold = Column("sold", "date", provable=True)
>>> bound_text(sold, bound(sold, "2026-03-01"))
'2026-03-01'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from privshare.errors import OutOfRange
from privshare.rights.provable import check_provable, number, opening
from privshare.rights.row import cell_salt
from privshare.rights.schema import Column, Schema
from privshare.rights.table import convert
from privshare.schemes.commitment import Opening
from privshare.schemes.range_proof import BITS
from privshare.wire.canonical import Json

#: Types whose cells are numbers in order: of them there are bounds and sums.
NUMBERS = ("bool", "date", "decimal", "int")


@dataclass(frozen=True, slots=True)
class AnchoredRow:
    """A row as its owner has it, with its place in the dataset.

    Attributes:
        schema: The dataset's columns.
        cells: All cells, in their order.
        salt: The row's salt; it does not leave.
        index: The row's place, from 0.
        path: Its inclusion path.
        shown: Columns to open beside what is proven; none unless told.
    """

    schema: Schema
    cells: Sequence[Json] = field(repr=False)
    salt: bytes = field(repr=False)
    index: int
    path: Sequence[bytes]
    shown: Sequence[str] = ()

    def opening(self, column: str) -> Opening:
        """What opens the commitment to one cell.

        Raises:
            NotFound: There is no such column.
            OutOfRange: It is not provable.
            EncodingError: The cell is not a value of its column.
        """
        j = self.schema.index(column)
        salt = cell_salt(self.salt, j)
        return opening(self.schema.columns[j], self.cells[j], salt)


def bound(column: Column, value: int | str) -> int:
    """A bound for the cells of a column, as their commitments hold it.

    Args:
        column: Of numbers, dates or booleans.
        value: An integer, of a decimal already scaled; or text as a table has
            it: "412000.00", "2026-03-01", "true". It may lie outside the
            column's interval.

    Raises:
        EncodingError: Text of another form.
        OutOfRange: A column of texts.
    """
    check_numbers(column)
    if isinstance(value, int):
        return value
    return number(column, convert(column, value))


def bound_text(column: Column, value: int) -> str:
    """A bound in the words of its column: the other way of `bound`.

    An integer that is no day, or no boolean, is shown as it is.
    """
    if column.type == "date" and 1 <= value <= date.max.toordinal():
        return date.fromordinal(value).isoformat()
    if column.type == "bool" and value in (0, 1):
        return "true" if value else "false"
    if column.scale is None:
        return str(value)
    digits = str(abs(value)).rjust(column.scale + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[: -column.scale]}.{digits[-column.scale :]}"


def check_numbers(column: Column) -> None:
    """Refuse a column that has no bounds and no sums.

    Raises:
        OutOfRange: It is not provable, or of texts.
    """
    check_provable(column)
    if column.type not in NUMBERS:
        raise OutOfRange(
            f"column {column.name}: expected numbers, dates or booleans, of which "
            f"there are bounds and sums, found {column.type}",
            detail={"column": column.name},
        )


def check_alike(columns: Sequence[Column]) -> None:
    """Refuse columns whose cells are not compared.

    Raises:
        OutOfRange: They differ in type or scale, or have no bounds.
    """
    for column in columns:
        check_numbers(column)
    kinds = {(column.type, column.scale) for column in columns}
    if len(kinds) > 1:
        raise OutOfRange(
            "expected columns of one type and one scale, found "
            + " and ".join(f"{column.name}, {column.type}" for column in columns)
        )


def span(columns: Sequence[Column]) -> tuple[int, int]:
    """Where the values of columns lie: the least, and bits for what is above it."""
    intervals = [
        one.interval if one.type in ("int", "decimal") else (0, date.max.toordinal())
        for one in columns
    ]
    low = min(least for least, _ in intervals)
    width = max(greatest for _, greatest in intervals) - low
    return low, next(bits for bits in BITS if width < 1 << bits)
