"""Frames: a table as the bytes that a measured program reads.

A frame is made by the data owner, sealed to the attested key, opened by the
runner and read by the module without a copy: columns of equal length,
little-endian, each at a multiple of eight bytes. One table has exactly one
frame, so its commitment names the table and not a way to write it.

    owner     rows ─► from_rows ─► frame ─► commitment, sealed box
    runner    box ─► decode: check once ─► stack ─► the module's memory

    frame   = "PSFRAME1" || u32 header bytes || u32 0 || header || columns
    header  = canonical JSON {"columns": [{"name", "nulls", "scale", "type",
              "words"}, ...], "rows": n}
    column  = nulls as bits, when it has any || values

A value is a signed 64-bit integer (int; decimal, scaled; bool, 0 or 1; date,
days since 1970-01-01), an IEEE 754 double (float, never NaN or infinite) or a
32-bit index into the sorted words that occur (category, string). Under a null
stands zero. Every part is filled with zeros up to eight bytes.

Implements docs/modules.md, "Frames". Needs nothing but the standard library.

>>> frame = encode([Series("age", "int", (41, None)), Series("sex", "category",
...     ("f", "m"))])
>>> [series.cells for series in decode(frame)]
[(41, None), ('f', 'm')]
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias, cast, get_args

from privshare.errors import EncodingError, OutOfRange
from privshare.rights import identifier
from privshare.rights.schema import Cell, Column
from privshare.wire import canonical
from privshare.wire.canonical import Fields, Json

SeriesType = Literal["bool", "category", "date", "decimal", "float", "int", "string"]
Value: TypeAlias = bool | int | float | str | None

MAGIC: Final = b"PSFRAME1"
MAX_ROWS: Final = 5_000_000
MAX_COLUMNS: Final = 256
MAX_HEADER: Final = 64 << 20
MAX_FRAME: Final = 1 << 30
MAX_SCALE: Final = 18
MAX_WORD: Final = 4096

_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAYS: Final = (date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH)
_INT64: Final = (-(1 << 63), (1 << 63) - 1)
_TEXT: Final = ("category", "string")
_PREAMBLE: Final = len(MAGIC) + 8
_BITS: Final = bytes.maketrans(b"\0\1", b"01")


@dataclass(frozen=True, slots=True)
class Series:
    """One column of a frame.

    Attributes:
        name: Of the form `identifier.COLUMN`.
        type: As in a schema, or float.
        cells: Its values from the first row on; None is null. A decimal is
            its scaled integer, a date its text YYYY-MM-DD.
        scale: For decimals, digits after the point, 1 to 18; else None.
    """

    name: str
    type: SeriesType
    cells: Sequence[Value]
    scale: int | None = None


def from_rows(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Make the frame of a dataset's rows.

    Args:
        columns: Of the schema, in the order of the cells in a row.
        rows: Cells that the schema has checked.

    Raises:
        EncodingError: A row of another width, or a cell of another type.
        OutOfRange: Too many rows or columns.
    """
    try:
        cells = tuple(zip(*rows, strict=True)) or ((),) * len(columns)
    except ValueError:
        cells = ()
    if len(cells) != len(columns):
        raise EncodingError(
            f"expected rows of {len(columns)} cells, found rows of other widths"
        )
    return encode(
        [
            Series(column.name, column.type, values, column.scale)
            for column, values in zip(columns, cells, strict=True)
        ]
    )


def encode(columns: Sequence[Series]) -> bytes:
    """Lay a table out in its frame.

    Raises:
        EncodingError: A cell of another type than its column's, columns of
            different length, a name twice, NaN or an infinity.
        OutOfRange: An integer beyond 64 bits, or a table beyond the bounds.
    """
    rows = len(columns[0].cells) if columns else 0
    _check_size(len(columns), rows)
    header: list[Json] = []
    parts: list[bytes] = []
    for series in columns:
        if len(series.cells) != rows:
            raise EncodingError(
                f"column {series.name}: expected {rows} cells, found "
                f"{len(series.cells)}"
            )
        words = _words(series)
        nulls = None in series.cells
        header.append(_describe(series, nulls, words))
        if nulls:
            parts.append(_padded(_lay_nulls(series.cells)))
        parts.append(_padded(_lay_values(series, words)))
    _check_names([series.name for series in columns])
    head = canonical.encode({"columns": header, "rows": rows})
    if len(head) > MAX_HEADER:
        raise OutOfRange(f"expected a header of at most {MAX_HEADER} bytes")
    preamble = MAGIC + len(head).to_bytes(4, "little") + bytes(4)
    frame = b"".join((preamble, _padded(head), *parts))
    if len(frame) > MAX_FRAME:
        raise OutOfRange(f"expected a frame of at most {MAX_FRAME} bytes")
    return frame


def decode(frame: bytes) -> tuple[Series, ...]:
    """Read a frame, and only what `encode` writes.

    Raises:
        EncodingError: Anything else: bytes missing or left over, a header
            that is not canonical, filling that is not zero, a value below a
            null, a word that does not occur, a day that does not exist.
        OutOfRange: A table beyond the bounds.
    """
    fields, offset = _read_header(frame)
    rows = fields.int("rows", 0, MAX_ROWS)
    heads = fields.objs("columns", MAX_COLUMNS)
    fields.end()
    _check_size(len(heads), rows)
    columns = []
    for head in heads:
        series, offset = _read_series(head, rows, frame, offset)
        columns.append(series)
    if offset != len(frame):
        raise EncodingError(
            f"frame: expected {offset} bytes, found {len(frame)} of them"
        )
    _check_names([series.name for series in columns])
    return tuple(columns)


def stack(frames: Sequence[bytes]) -> bytes:
    """Put tables of equal columns on top of one another, in their order.

    Raises:
        EncodingError: A malformed frame, or columns that differ in name,
            type, scale or order.
        OutOfRange: No frame at all, or a table beyond the bounds.
    """
    if not frames:
        raise OutOfRange("expected at least one frame to stack, found none")
    tables = [decode(frame) for frame in frames]
    if len(tables) == 1:
        return frames[0]
    shape = _shape(tables[0])
    for place, table in enumerate(tables):
        if _shape(table) != shape:
            raise EncodingError(
                f"table {place + 1}: expected the columns of the first table, found "
                "others",
                fix="Grant the same columns, of the same types, in every table.",
            )
    columns = zip(*tables, strict=True)
    return encode(
        [
            Series(
                parts[0].name,
                parts[0].type,
                [cell for part in parts for cell in part.cells],
                parts[0].scale,
            )
            for parts in columns
        ]
    )


def _shape(table: tuple[Series, ...]) -> list[tuple[str, str, int | None]]:
    return [(series.name, series.type, series.scale) for series in table]


def _check_size(columns: int, rows: int) -> None:
    if not 1 <= columns <= MAX_COLUMNS or rows > MAX_ROWS:
        raise OutOfRange(
            f"expected 1 to {MAX_COLUMNS} columns and at most {MAX_ROWS} rows, found "
            f"{columns} and {rows}"
        )


def _check_names(names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise EncodingError("frame: expected each column once, found a name twice")


def _check_column(name: str, type_: str, scale: int | None) -> None:
    identifier.COLUMN.check(name, "frame.column")
    if type_ not in get_args(SeriesType):
        raise EncodingError(f"column {name}: expected a type of frames, found another")
    wanted = type_ == "decimal"
    if wanted != (scale is not None) or not 1 <= (scale or 1) <= MAX_SCALE:
        raise EncodingError(
            f"column {name}: expected a scale of 1 to {MAX_SCALE} for decimals and "
            "none for others, found another"
        )


def _words(series: Series) -> list[str] | None:
    _check_column(series.name, series.type, series.scale)
    if series.type not in _TEXT:
        return None
    found = set(series.cells) - {None}
    for word in found:
        if not isinstance(word, str) or len(word) > MAX_WORD:
            raise _wrong(series.name, f"text of at most {MAX_WORD} characters")
    return sorted(cast("set[str]", found), key=lambda word: _utf8(series.name, word))


def _utf8(name: str, word: str) -> bytes:
    try:
        return word.encode()
    except UnicodeEncodeError:
        raise _wrong(name, "Unicode text") from None


def _describe(series: Series, nulls: bool, words: list[str] | None) -> Json:
    return {
        "name": series.name,
        "nulls": nulls,
        "scale": series.scale,
        "type": series.type,
        "words": list(words) if words is not None else None,
    }


def _lay_nulls(cells: Sequence[Value]) -> bytes:
    text = bytes([cell is None for cell in cells])[::-1].translate(_BITS)
    return int(text, 2).to_bytes((len(cells) + 7) // 8, "little")


def _lay_values(series: Series, words: list[str] | None) -> bytes:
    cells = series.cells
    if words is not None:
        places: dict[Value, int] = {word: place for place, word in enumerate(words)}
        places[None] = 0
        return _little("I", [places[cell] for cell in cells])
    if series.type == "float":
        return _little("d", [_double(series.name, cell) for cell in cells])
    return _little("q", _integers(series))


def _double(name: str, cell: Value) -> float:
    if cell is None:
        return 0.0
    if type(cell) is not float or not math.isfinite(cell):
        raise _wrong(name, "a finite float")
    return cell + 0.0  # a negative zero has the bytes of zero


def _integers(series: Series) -> Sequence[int]:
    if series.type == "date":
        known: dict[Value, int] = {None: 0}
        for cell in set(series.cells) - {None}:
            known[cell] = _day(series.name, cell)
        return [known[cell] for cell in series.cells]
    wanted = bool if series.type == "bool" else int
    values = []
    for cell in series.cells:
        if cell is not None and type(cell) is not wanted:
            raise _wrong(series.name, f"cells of type {series.type}")
        values.append(int(cell or 0))
    if values and not _INT64[0] <= min(values) <= max(values) <= _INT64[1]:
        raise OutOfRange(
            f"column {series.name}: expected integers of 64 bits, found a longer one"
        )
    return values


def _day(name: str, cell: Value) -> int:
    try:
        day = date.fromisoformat(cast(str, cell))
    except (TypeError, ValueError):
        raise _wrong(name, "a date YYYY-MM-DD") from None
    if day.isoformat() != cell:
        raise _wrong(name, "a date YYYY-MM-DD")
    return day.toordinal() - _EPOCH


def _wrong(name: str, expected: str) -> EncodingError:
    """A cell's value is private; its column is all that a message says."""
    return EncodingError(
        f"column {name[:64]}: expected {expected}, found another cell",
        detail={"column": name[:64]},
    )


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def _little(code: str, values: Sequence[int] | Sequence[float]) -> bytes:
    laid = array(code, values)
    if sys.byteorder == "big":
        laid.byteswap()
    return laid.tobytes()


def _read_header(frame: bytes) -> tuple[Fields, int]:
    if len(frame) > MAX_FRAME:
        raise OutOfRange(
            f"expected a frame of at most {MAX_FRAME} bytes, found {len(frame)}"
        )
    length = int.from_bytes(frame[8:12], "little")
    if len(frame) < _PREAMBLE or frame[:8] != MAGIC or frame[12:16] != bytes(4):
        raise EncodingError("frame: expected the preamble of a frame, found another")
    head, end = _take(frame, _PREAMBLE, length)
    value = canonical.decode(head, max_bytes=MAX_HEADER)
    return Fields(value, "frame"), end


def _take(frame: bytes, offset: int, length: int) -> tuple[bytes, int]:
    """The bytes of one part, and where the next begins."""
    end = offset + length + (-length % 8)
    if end > len(frame):
        raise EncodingError(f"frame: expected {end} bytes, found {len(frame)}")
    if frame.count(0, offset + length, end) != end - offset - length:
        raise EncodingError("frame: expected zeros as filling, found another byte")
    return frame[offset : offset + length], end


def _read_series(
    fields: Fields, rows: int, frame: bytes, offset: int
) -> tuple[Series, int]:
    name, type_ = fields.str("name"), fields.str("type")
    nulls, scale = fields.bool("nulls"), fields.nullable("scale", fields.int)
    words = fields.nullable("words", fields.str_list, MAX_ROWS)
    fields.end()
    _check_column(name, type_, scale)
    if (words is not None) != (type_ in _TEXT):
        raise EncodingError(f"column {name}: expected words for text alone")
    empty: list[bool] = []
    if nulls:
        bits, offset = _take(frame, offset, (rows + 7) // 8)
        empty = _read_nulls(name, bits, rows)
    width = 4 if words is not None else 8
    data, offset = _take(frame, offset, width * rows)
    values = array("I" if words is not None else "d" if type_ == "float" else "q")
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    series = Series(
        name,
        cast(SeriesType, type_),
        _read_cells(name, type_, list(values), empty, words),
        scale,
    )
    found = _words(series)
    if words is not None and found != list(words):
        raise EncodingError(
            f"column {name}: expected the words that occur, ascending, found others"
        )
    if _lay_values(series, found) != data:
        raise EncodingError(
            f"column {name}: expected zero under a null and one form of zero, found "
            "another"
        )
    return series, offset


def _read_nulls(name: str, bits: bytes, rows: int) -> list[bool]:
    number = int.from_bytes(bits, "little")
    if number == 0 or number >> rows:
        raise EncodingError(
            f"column {name}: expected a bit for each null and at least one, found "
            "another map"
        )
    return [bit == "1" for bit in reversed(format(number, f"0{rows}b"))]


def _read_cells(
    name: str,
    type_: str,
    values: list[int] | list[float],
    empty: list[bool],
    words: Sequence[str] | None,
) -> tuple[Value, ...]:
    cells: Iterable[Value]
    if words is not None:
        # A column of nulls alone has no words, and index 0 under each null.
        bound = len(words) or int(bool(empty) and all(empty))
        if values and max(values) >= bound:
            raise EncodingError(f"column {name}: expected an index of a word")
        cells = [words[int(value)] if words else None for value in values]
    elif type_ == "date":
        if values and not _DAYS[0] <= min(values) <= max(values) <= _DAYS[1]:
            raise EncodingError(f"column {name}: expected days of years 1 to 9999")
        known = {v: date.fromordinal(int(v) + _EPOCH).isoformat() for v in set(values)}
        cells = [known[value] for value in values]
    elif type_ == "bool":
        if not set(values) <= {0, 1}:
            raise EncodingError(f"column {name}: expected 0 or 1, found another")
        cells = [value == 1 for value in values]
    else:
        cells = values
    if not empty:
        return tuple(cells)
    return tuple(
        None if null else cell for null, cell in zip(empty, cells, strict=True)
    )
