"""A table as a measured program is handed it.

    owner    rows of the dataset ─► granted columns ─► lay_table ─► sealed

Implements docs/protocols/attested-job.md, section 5.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from privshare.exchange.storage import Row
from privshare.rights.schema import Schema
from privshare.wire.canonical import Json, encode

__all__ = ["lay_table"]


def lay_table(
    schema: Schema, names: Sequence[str], batches: Iterable[Iterable[Row]]
) -> tuple[bytes, int]:
    """Lay out some columns of a dataset, and say how many rows they have."""
    places = [schema.index(name) for name in names]
    rows: list[Json] = []
    for batch in batches:
        written = [data for _, data, _ in batch]
        for row in json.loads(f"[{b','.join(written).decode()}]"):
            rows.append([row[place] for place in places])
    columns: list[Json] = [schema.column(name).to_json() for name in names]
    return encode({"columns": columns, "rows": rows}), len(rows)
