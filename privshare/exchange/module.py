"""A table as a measured program is handed it.

    owner    rows of the dataset ─► granted columns ─► lay_table ─► sealed

Implements docs/protocols/attested-job.md, section 5.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from privshare.exchange.storage import Row
from privshare.rights.schema import Cell, Schema

__all__ = ["lay_table"]


def lay_table(
    schema: Schema, names: Sequence[str], batches: Iterable[Iterable[Row]]
) -> tuple[bytes, int]:
    """Lay out some columns of a dataset, and say how many rows they have.

    Args:
        schema: The dataset's.
        names: Of its columns, in the order in which the program sees them.
        batches: Its rows, as this node keeps them.

    Raises:
        NotFound: No such column.
        OutOfRange: A table that is too large.
    """
    from privshare.jobs.wasm import frame  # noqa: PLC0415 - owners of data alone

    places = [schema.index(name) for name in names]
    rows = list(_cells(batches, places))
    return frame.from_rows([schema.column(name) for name in names], rows), len(rows)


def _cells(
    batches: Iterable[Iterable[Row]], places: Sequence[int]
) -> Iterator[list[Cell]]:
    """The cells at some places of rows that this node wrote."""
    for batch in batches:
        written = [data for _, data, _ in batch]
        for row in json.loads(f"[{b','.join(written).decode()}]"):
            yield [row[place] for place in places]
