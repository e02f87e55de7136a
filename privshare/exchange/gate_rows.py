"""Rows as submitted code reads them: CSV, the granted columns, nothing else.

    owner   rows of the dataset ─► granted columns, in the schema's order ─► CSV

Written as a table is read (`rights.table`), and as mocks are: UTF-8, commas, lines
that end in LF, a decimal with all its digits, an empty field for null.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence

from privshare.exchange.storage import Row
from privshare.rights.schema import Cell, Column, Schema
from privshare.schemes.fixed_point import FixedPoint

__all__ = ["lay_csv"]


def lay_csv(
    schema: Schema, names: Sequence[str], batches: Iterable[Iterable[Row]]
) -> tuple[bytes, int]:
    """Lay out some columns of a dataset, and say how many rows they have.

    Args:
        schema: The dataset's.
        names: Of its columns; they come in the schema's order.
        batches: Its rows, as this node keeps them.

    Raises:
        NotFound: No such column.
    """
    places = sorted(schema.index(name) for name in names)
    columns = [schema.column(schema.names[place]) for place in places]
    writers = [_text(column) for column in columns]
    out, rows = io.StringIO(newline=""), 0
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for batch in batches:
        written = [data for _, data, _ in batch]
        for row in json.loads(f"[{b','.join(written).decode()}]"):
            rows += 1
            writer.writerow(
                [text(row[place]) for text, place in zip(writers, places, strict=True)]
            )
    return out.getvalue().encode(), rows


def _text(column: Column) -> Callable[[Cell], str]:
    """How a cell of a column is written."""
    if column.type == "decimal":
        text = FixedPoint(column.scale or 0).text
        return lambda cell: "" if cell is None else text(int(cell))
    if column.type == "bool":
        return lambda cell: "" if cell is None else str(cell).lower()
    return lambda cell: "" if cell is None else str(cell)
