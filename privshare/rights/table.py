"""Tables in CSV, read strictly and in one pass.

Where an owner's file becomes rows. A table is refused at the first thing that
could be read in two ways, with the row, the column, what was expected and
what was found; nothing is guessed, trimmed, skipped or rounded.

    owner     file ─► table.read_csv(stream, schema) ─► row.commit_rows ─► root

The format is RFC 4180 in UTF-8: commas, lines that end in LF or CRLF, a header
that names each column of the schema once, in any order. A byte order mark is
stripped. An empty field is null in a nullable column; elsewhere it is the
empty string in a string column and an error in any other.

Rows are numbered as a spreadsheet shows them: the header is row 1. What a cell
held is private and errors travel, so a message tells its shape and at most
one character of it. Implements docs/formats/dataset.md, "Tables".

>>> import io
>>> from privshare.rights.schema import Column, Schema
>>> schema = Schema((Column("parcel", "string"),
...     Column("tax_paid", "decimal", scale=2)), key="parcel")
>>> list(read_csv(io.BytesIO(b"tax_paid,parcel\\n12.5,a-1\\n"), schema))
[['a-1', 1250]]
>>> list(read_csv(io.BytesIO(b"tax_paid,parcel\\n1O.5,a-1\\n"), schema))
Traceback (most recent call last):
privshare.errors.EncodingError: row 2, column tax_paid: expected a decimal with \
at most 2 digits after the point, found text of 4 characters, the 2nd of which is "O"
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeAlias

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.rights import identifier
from privshare.rights.row import unique_keys
from privshare.rights.schema import Cell, Column, Schema, encoder

MAX_BYTES = 256 << 20
MAX_ROWS = 5_000_000
MAX_LINE = 1 << 20
_BOM = b"\xef\xbb\xbf"
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})")
#: Sign, whole part and fraction of a number as a table may write it.
DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,15}))?")
_DIGITS = re.compile(r"-?[0-9]+(?:\.[0-9]*)?")


def read_csv(
    stream: BinaryIO,
    schema: Schema,
    *,
    max_bytes: int = MAX_BYTES,
    max_rows: int = MAX_ROWS,
) -> Iterator[list[Cell]]:
    """Read a table, row by row.

    The header is read at once, the rows as they are asked for; only the
    values of the key are held, some 150 bytes a row.

    Args:
        stream: A binary file, at its start.
        schema: The columns; the header names each of them once.
        max_bytes: More is refused.
        max_rows: More is refused, the header not counted.

    Returns:
        Rows of checked values, in the order of the schema's columns.

    Raises:
        EncodingError: Not such a table. `detail` has `row`, `column` (where
            it is about one), `expected` and `found`; for bytes that are not
            UTF-8 also their `offset` in the file.
        OutOfRange: Too large, or a number outside its column's interval.
    """
    table = Table(stream, max_bytes, max_rows)
    places = _places(schema, table.header)
    return _rows(table, schema, places)


class Table:
    """A file as records of text: what RFC 4180 and UTF-8 say, no more.

    Args:
        stream: A binary file, at its start.
        max_bytes: More is refused.
        max_rows: More is refused, the header not counted.

    Attributes:
        row: Number of the newest record, the header being 1.
        header: The first record.

    Raises:
        EncodingError: An empty file, or a first line that is not CSV in UTF-8.
        OutOfRange: A first line longer than the file may be.
    """

    def __init__(self, stream: BinaryIO, max_bytes: int, max_rows: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._max_rows = max_rows
        self._offset = 0
        self.row = 0
        self._reader = csv.reader(self._lines(), strict=True)
        header = next(self._records(), None)
        if header is None:
            raise self.error("expected a header, found an empty file")
        self.header = header

    def records(self) -> Iterator[list[str]]:
        """The records after the header, at least one.

        Raises:
            EncodingError: None, or not CSV in UTF-8.
            OutOfRange: Too many rows or bytes.
        """
        for record in self._records():
            if self.row > self._max_rows + 1:
                raise OutOfRange(
                    f"expected at most {self._max_rows} rows, found more",
                    detail=_detail(self.row, f"{self._max_rows} rows", "more"),
                )
            width, found = len(self.header), len(record)
            if found != width:
                fields = _count(found, "field") if found else "an empty line"
                raise self.error(f"expected {_count(width, 'field')}, found {fields}")
            yield record
        if self.row < 2:
            raise self.error("expected at least one row, found only the header")

    def error(self, message: str, fix: str = "", **detail: object) -> EncodingError:
        """An error about the newest row, whose message says expected, found."""
        expected, _, found = message.removeprefix("expected ").partition(", found ")
        return EncodingError(
            f"row {max(self.row, 1)}: {message}",
            fix=fix,
            detail={**_detail(max(self.row, 1), expected, found), **detail},
        )

    def _records(self) -> Iterator[list[str]]:
        while True:
            self.row += 1
            try:
                record = next(self._reader, None)
            except csv.Error as error:
                raise self.error(
                    f"expected CSV as in RFC 4180, found a fault: {error}"
                ) from None
            if record is None:
                self.row -= 1
                return
            yield record

    def _lines(self) -> Iterator[str]:
        while line := self._stream.readline(MAX_LINE + 1):
            if self._offset + len(line) > self._max_bytes:
                raise OutOfRange(
                    f"expected at most {self._max_bytes} bytes, found more",
                    detail=_detail(self.row, f"{self._max_bytes} bytes", "more"),
                )
            if len(line) > MAX_LINE:
                raise self.error(
                    f"expected lines of at most {MAX_LINE} bytes, found a longer one"
                )
            yield self._text(line)
            self._offset += len(line)

    def _text(self, line: bytes) -> str:
        skipped = 0
        if self._offset == 0 and line.startswith(_BOM):
            skipped = len(_BOM)
        try:
            text = line[skipped:].decode("utf-8")
        except UnicodeDecodeError as error:
            at = error.start + skipped
            raise self.error(
                f"expected UTF-8, found byte 0x{line[at]:02x} at offset "
                f"{self._offset + at}",
                fix="Save the whole file as UTF-8; parts of it are in another "
                "encoding.",
                offset=self._offset + at,
            ) from None
        if "\0" in text:
            at = line.index(b"\0")
            raise self.error(
                f"expected text, found a NUL byte at offset {self._offset + at}",
                fix="Save the whole file as UTF-8; UTF-16 is full of NUL bytes.",
                offset=self._offset + at,
            )
        return text


def _places(schema: Schema, header: list[str]) -> list[int]:
    """Where in a record each column of the schema stands."""
    seen: set[str] = set()
    for name in header:
        if name in seen:
            raise _header_error(
                f"expected each column once, found {identifier.shown(name)} twice", name
            )
        seen.add(name)
    for name in schema.names:
        if name not in seen:
            raise _header_error(
                f"expected a column {name}, found none of this name",
                name,
                fix=_separator_hint(header),
            )
    for name in header:
        if name not in schema.names:
            raise _header_error(
                f"expected the {len(schema.names)} columns of the schema, found "
                f"also {identifier.shown(name)}",
                name,
                fix="Remove the column, or add it to the schema.",
            )
    return [header.index(name) for name in schema.names]


def _separator_hint(header: list[str]) -> str:
    for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and separator in header[0]:
            return f"Separate fields by commas; this file seems to use {name}."
    return "Name the columns in the first line as the schema does."


def _header_error(message: str, column: str, fix: str = "") -> EncodingError:
    expected, _, found = message.removeprefix("expected ").partition(", found ")
    return EncodingError(
        f"row 1: {message}",
        fix=fix,
        detail={**_detail(1, expected, found), "column": column[:64]},
    )


_Parser: TypeAlias = Callable[[str], Cell]


def _rows(table: Table, schema: Schema, places: list[int]) -> Iterator[list[Cell]]:
    parsed = unique_keys(schema, _parsed(table, schema, places))
    while True:
        try:
            row = next(parsed, None)
        except PrivShareError as error:
            if "first" not in error.detail:
                raise
            raise _repeated_key(error) from None
        if row is None:
            return
        yield row


def _parsed(table: Table, schema: Schema, places: list[int]) -> Iterator[list[Cell]]:
    parsers = [
        (_parser(column), place)
        for column, place in zip(schema.columns, places, strict=True)
    ]
    for record in table.records():
        try:
            row = [parse(record[place]) for parse, place in parsers]
        except PrivShareError as error:
            raise type(error)(
                f"row {table.row}, {error.message}",
                fix=error.fix,
                detail={**error.detail, "row": table.row},
            ) from None
        yield row


def _repeated_key(error: PrivShareError) -> EncodingError:
    """The error of `unique_keys`, in the numbers of a spreadsheet."""
    row, first = error.detail["index"] + 2, error.detail["first"] + 2
    column = error.detail["column"]
    expected, found = "a key that no other row has", f"the key of row {first}"
    return EncodingError(
        f"row {row}, column {column}: expected {expected}, found {found}",
        detail={**_detail(row, expected, found), "column": column, "first": first},
    )


def convert(column: Column, text: str) -> Cell:
    """Read the text of a field; the column's interval is not looked at.

    Raises:
        EncodingError: Text of another form.
    """
    return _CONVERTERS.get(column.type, _as_text)(column)(text)


def _parser(column: Column) -> _Parser:
    """From the text of a field to a checked value."""
    read = _CONVERTERS.get(column.type, _as_text)(column)
    check = encoder(column)  # the schema alone says what a cell may hold

    def parse(text: str) -> Cell:
        value = read(text)
        check(value)
        return value

    if not column.nullable:
        return parse
    return lambda text: parse(text) if text else None


def _as_text(column: Column) -> _Parser:
    def convert(text: str) -> Cell:
        if not text and column.type != "string":
            raise _refused(column, f"a {column.type}", text)
        return text

    return convert


def _as_bool(column: Column) -> _Parser:
    def convert(text: str) -> Cell:
        if text not in ("true", "false"):
            raise _refused(column, "true or false", text)
        return text == "true"

    return convert


def _as_int(column: Column) -> _Parser:
    def convert(text: str) -> Cell:
        if _INTEGER.fullmatch(text) is None:
            raise _refused(column, "an integer", text)
        return int(text)

    return convert


def _as_decimal(column: Column) -> _Parser:
    scale = column.scale or 0
    expected = f"a decimal with at most {scale} digits after the point"

    def convert(text: str) -> Cell:
        match = DECIMAL.fullmatch(text)
        if match is None:
            raise _refused(column, expected, text)
        sign, whole, fraction = match.groups("")
        if len(fraction) > scale:
            raise _refused(column, expected, text, f"{len(fraction)} digits after it")
        return int(f"{sign}{whole}{fraction}{'0' * (scale - len(fraction))}")

    return convert


_CONVERTERS: dict[str, Callable[[Column], _Parser]] = {
    "bool": _as_bool,
    "decimal": _as_decimal,
    "int": _as_int,
}


def _refused(
    column: Column, expected: str, text: str, found: str = ""
) -> EncodingError:
    found = found or _shape(text)
    return EncodingError(
        f"column {column.name}: expected {expected}, found {found}",
        detail={"column": column.name, "expected": expected, "found": found},
    )


def _shape(text: str) -> str:
    """What a message may tell of a field: its length, and the first character
    that no number has."""
    if not text:
        return "an empty field"
    if _DIGITS.fullmatch(text) is not None:
        leading = text.lstrip("-")[:2]
        if leading[0] == "0" and leading[1:].isdigit():
            return "a number with a leading zero"
        return f"a number of {_count(sum(map(str.isdigit, text)), 'digit')}"
    shape = f"text of {_count(len(text), 'character')}"
    for place, character in enumerate(text, 1):
        if character not in "0123456789.-":
            shown = identifier.shown(character)
            return f"{shape}, the {_ordinal(place)} of which is {shown}"
    return shape


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def _detail(row: int, expected: str, found: str) -> dict[str, object]:
    return {"row": row, "expected": expected, "found": found}
