"""A schema proposed from a table, for its owner to read and correct.

Publishing starts with a file and no schema. This proposes the narrowest types
that every cell of the file has; what comes out is a draft, because a file
shows what is there and not what may be there.

    owner     file ─► inference.infer_schema ─► schema (read, corrected)
              file ─► table.read_csv(stream, schema) ─► rows

A schema is a public document. So a proposal holds no value of a cell, with
one exception: words that become categories, of which each must stand in at
least `MIN_COUNT` rows. Intervals are not proposed, they would publish the
extreme rows.

Implements docs/formats/dataset.md, "Tables".

>>> import io
>>> schema = infer_schema(io.BytesIO(b"parcel,tax_paid\\na-1,12.5\\na-2,\\n"))
>>> [(column.name, column.type, column.nullable) for column in schema.columns]
[('parcel', 'string', False), ('tax_paid', 'decimal', True)]
"""

from __future__ import annotations

from collections import Counter
from typing import BinaryIO

from privshare.rights import identifier
from privshare.rights.schema import (
    MAX_CATEGORY,
    MAX_SCALE,
    Column,
    ColumnType,
    Schema,
    is_date,
)
from privshare.rights.table import DECIMAL, MAX_BYTES, MAX_ROWS, Table

#: Rows in which a word must stand before it may become a category.
MIN_COUNT = 20
#: Words that a column of categories may have, in a proposal.
MAX_WORDS = 64


def infer_schema(
    stream: BinaryIO,
    *,
    key: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_rows: int = MAX_ROWS,
) -> Schema:
    """Propose a schema for a table; reads it to its end.

    Args:
        stream: A binary file, at its start. `table.read_csv` reads it again.
        key: The column that identifies a row. It becomes a string or an int;
            `table.read_csv` finds out whether its values repeat.
        max_bytes: More is refused.
        max_rows: More is refused, the header not counted.

    Raises:
        EncodingError: Not CSV in UTF-8, header names that are no columns or
            repeat, no rows, or no such key.
        OutOfRange: Too large.
    """
    table = Table(stream, max_bytes, max_rows)
    for name in table.header:
        _check_name(table, name)
    columns = [_Observed() for _ in table.header]
    for record in table.records():
        for column, text in zip(columns, record, strict=True):
            column.see(text)
    return Schema(
        columns=tuple(
            column.propose(name, name == key)
            for name, column in zip(table.header, columns, strict=True)
        ),
        key=key,
    )


class _Observed:
    """What the cells seen so far have in common."""

    def __init__(self) -> None:
        self._empty = False
        self._any = False
        self._bool = True
        self._date = True
        self._number = True
        self._scale = 0
        self._whole = 0  # most digits before the point
        self._words: Counter[str] | None = Counter()

    def see(self, text: str) -> None:
        if not text:
            self._empty = True
            return
        self._any = True
        self._bool = self._bool and text in ("true", "false")
        self._date = self._date and is_date(text)
        if self._number:
            self._see_number(text)
        if self._words is not None:
            self._words[text] += 1
            if len(self._words) > MAX_WORDS or len(text) > MAX_CATEGORY:
                self._words = None

    def _see_number(self, text: str) -> None:
        match = DECIMAL.fullmatch(text)
        if match is None:
            self._number = False
            return
        _, whole, fraction = match.groups("")
        self._scale = max(self._scale, len(fraction))
        self._whole = max(self._whole, len(whole))

    def propose(self, name: str, is_key: bool) -> Column:
        kind = self._type(is_key)
        return Column(
            name,
            kind,
            nullable=self._empty and not is_key,
            scale=self._scale if kind == "decimal" else None,
            categories=tuple(sorted(self._words or ())) if kind == "category" else (),
        )

    def _type(self, is_key: bool) -> ColumnType:
        """The first type of the list that every cell has."""
        # 15 digits are below 2^53 whatever they are.
        number = self._number and self._whole + self._scale <= MAX_SCALE
        words = self._words or {"": 0}
        candidates: tuple[tuple[ColumnType, bool], ...] = (
            ("int", number and not self._scale),
            ("decimal", number and not is_key),
            ("bool", self._bool and not is_key),
            ("date", self._date and not is_key),
            ("category", min(words.values()) >= MIN_COUNT and not is_key),
        )
        fitting = (kind for kind, fits in candidates if fits and self._any)
        return next(fitting, "string")


def _check_name(table: Table, name: str) -> None:
    if identifier.COLUMN.pattern.fullmatch(name) is None:
        raise table.error(
            f"expected {identifier.COLUMN.noun} such as {identifier.COLUMN.example}, "
            f"found {identifier.shown(name)}",
            fix="Name columns by lower-case letters, digits and underscores.",
            column=name[:64],
        )
    if table.header.count(name) > 1:
        raise table.error(
            f"expected each column once, found {identifier.shown(name)} twice",
            column=name,
        )
