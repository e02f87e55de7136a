"""Outputs of foreign code as tables: read strictly, printed in one way.

Between what a program wrote and what leaves stands a value of this module. A
file is read as a small table of numbers, texts, truth values and empty cells;
what the program chose beside them (spaces, quotes, line ends, the order of
lines and columns, digits behind those that count) is gone when it is printed.

    bytes ─► read ─► Table ─► settle (round, put in order) ─► lay_out ─► bytes

A file is CSV as in RFC 4180 with a header, or JSON: one object with flat
values, or a list of such objects with the same keys. UTF-8, a byte order mark
is dropped. Numbers are decimals and stay exact until they are rounded; texts
are of 1 to 64 visible characters of Unicode 3.2, which every Python knows, and
do not begin like a formula.

Refusals say what was expected and never what stood there: they go to the
program's author, and would be a way out.

>>> table = read("mean.csv", b'n,district\\r\\n12,"west"\\n7,east\\n', rows=9)
>>> lay_out(settle(table, digits=9))
b'district,n\\neast,7\\nwest,12\\n'
>>> lay_out(settle(read("a.json", b'{"b": 1.50e1, "a": null}', rows=1), digits=9))
b'{"a":null,"b":15}'
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from json.encoder import encode_basestring
from typing import Any, Final, Literal, NoReturn, TypeAlias

from privshare.jobs.wasm.closure import refuse

__all__ = [
    "MAX_COLUMNS",
    "MAX_TEXT",
    "PLACES",
    "Cell",
    "Table",
    "is_text",
    "lay_out",
    "read",
    "rounded",
    "settle",
]

#: What one cell holds. A truth value only in JSON: in CSV it is a text.
Cell: TypeAlias = Decimal | str | bool | None

MAX_COLUMNS: Final = 256
MAX_TEXT: Final = 64
#: Most digits after the point; numbers are smaller than `_LIMIT` in size.
PLACES: Final = 15
_LIMIT: Final = Decimal(10) ** 18

_NUMBER: Final = re.compile(
    r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,60})?(?:[eE][+-]?[0-9]{1,3})?"
)
_NO_NUMBERS: Final = ("inf", "infinity", "nan")
_FORMULA: Final = ("=", "+", "-", "@")
_LONE_RETURN: Final = re.compile("\r(?!\n)")
_UNICODE: Final = unicodedata.ucd_3_2_0
WIDE: Final = Context(prec=200)


@dataclass(frozen=True, slots=True)
class Table:
    """One output, read.

    Attributes:
        form: How it is printed: csv, one JSON object, or a list of them.
        names: Of its columns, or of its keys; each once.
        lines: Each as long as `names`; one where it is an object.
    """

    form: Literal["csv", "list", "object"]
    names: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]


def read(name: str, data: bytes, *, rows: int) -> Table:
    """Read one output.

    Args:
        name: Of the file; ends in .csv or .json.
        data: Its bytes; the caller has bounded them.
        rows: Most lines, the header not counted.

    Returns:
        Exact values, in the order in which they stood.

    Raises:
        RunRefused: Rules output.format, output.rows, output.numbers,
            output.text.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _format("text in UTF-8")
    table = _csv(text, rows) if name.endswith(".csv") else _json(text, rows)
    if len(table.names) > MAX_COLUMNS:
        _format(f"at most {MAX_COLUMNS} columns")
    if len(set(table.names)) != len(table.names):
        _format("each column once")
    for one in table.names:
        _check_text(one)
    for line in table.lines:
        for cell in line:
            if isinstance(cell, str):
                _check_text(cell)
    return table


def settle(table: Table, *, digits: int) -> Table:
    """Round every number, and put columns and lines in order.

    Args:
        table: As it was read.
        digits: Of a number that count, 1 to 15.

    Returns:
        A table that settles to itself.

    Raises:
        RunRefused: A number of 10^18 or more in size (output.numbers).
    """
    places = sorted(range(len(table.names)), key=lambda place: table.names[place])
    lines = (
        tuple(_settled(line[place], digits) for place in places) for line in table.lines
    )
    names = tuple(table.names[place] for place in places)
    return replace(table, names=names, lines=tuple(sorted(lines, key=_order)))


def lay_out(table: Table) -> bytes:
    """Print a settled table, in the one way."""
    if table.form == "csv":
        records = (table.names, *table.lines)
        return "".join(f"{_record(record)}\n" for record in records).encode()
    objects = ",".join(_object(table.names, line) for line in table.lines)
    return (objects if table.form == "object" else f"[{objects}]").encode()


def rounded(number: Decimal, digits: int) -> Decimal:
    """The nearest number of so many digits, half to even.

    At most 15 of them after the point. There is no negative zero.

    Raises:
        RunRefused: 10^18 or more in size (output.numbers).
    """
    short = Context(prec=digits, rounding=ROUND_HALF_EVEN).plus(number)
    if _exponent(short) < -PLACES:
        short = short.quantize(
            Decimal(1).scaleb(-PLACES), rounding=ROUND_HALF_EVEN, context=WIDE
        )
    if not abs(short) < _LIMIT:
        _numbers("numbers below 10^18 in size")
    return short.normalize(WIDE) if short else Decimal(0)


def is_text(text: str) -> bool:
    """Whether this may stand in a cell, or name a column."""
    visible = all(_UNICODE.category(one)[0] not in "CZ" or one == " " for one in text)
    return (
        1 <= len(text) <= MAX_TEXT
        and visible
        and text == text.strip(" ")
        and not text.startswith(_FORMULA)
        and _UNICODE.normalize("NFC", text) == text
    )


def _settled(cell: Cell, digits: int) -> Cell:
    return rounded(cell, digits) if isinstance(cell, Decimal) else cell


def _order(line: tuple[Cell, ...]) -> list[tuple[int, Any]]:
    """Empty cells, truth values, numbers, texts: each kind by itself."""
    kinds: list[tuple[int, Any]] = []
    for cell in line:
        match cell:
            case None:
                kinds.append((0, 0))
            case bool():
                kinds.append((1, cell))
            case Decimal():
                kinds.append((2, cell))
            case str():
                kinds.append((3, cell))
    return kinds


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


# -- CSV -----------------------------------------------------------------------


def _csv(text: str, rows: int) -> Table:
    if text.count("\n") > rows + 1:
        _rows(rows)
    if _LONE_RETURN.search(text):
        _format("lines that end in LF or CRLF")
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        _format("CSV as in RFC 4180")
    if not records or not records[0]:
        _format("a header in the first line")
    names, *lines = records
    if len(lines) > rows:
        _rows(rows)
    if any(len(line) != len(names) for line in lines):
        _format("as many cells in each line as the header has")
    cells = tuple(tuple(_from_csv(cell) for cell in line) for line in lines)
    return Table("csv", tuple(names), cells)


def _from_csv(text: str) -> Cell:
    if not text:
        return None
    return _number(text) if _NUMBER.fullmatch(text) else text


def _record(cells: Iterable[Cell]) -> str:
    laid = [_to_csv(cell) for cell in cells]
    return ",".join(laid) if laid != [""] else '""'


def _to_csv(cell: Cell) -> str:
    if isinstance(cell, str):
        plain = "," not in cell and '"' not in cell
        return cell if plain else '"' + cell.replace('"', '""') + '"'
    return "" if cell is None else _digits(cell)


# -- JSON ----------------------------------------------------------------------


def _json(text: str, rows: int) -> Table:
    try:
        found = json.loads(
            text,
            parse_int=_json_number,
            parse_float=_json_number,
            parse_constant=_no_number,
            object_pairs_hook=_once,
        )
    except (ValueError, RecursionError):
        _format("JSON")
    objects = found if isinstance(found, list) else [found]
    if len(objects) > rows:
        _rows(rows)
    if not all(isinstance(one, dict) for one in objects):
        _shape()
    names = tuple(objects[0]) if objects else ()
    if any(one.keys() != set(names) for one in objects):
        _format("objects with the same keys")
    lines = tuple(tuple(one[name] for name in names) for one in objects)
    if any(isinstance(cell, list | dict) for line in lines for cell in line):
        _shape()
    return Table("list" if isinstance(found, list) else "object", names, lines)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _format("each key once")
    return found


def _json_number(token: str) -> Decimal:
    if not _NUMBER.fullmatch(token):
        _numbers("numbers of at most 40 digits before the point and 60 after it")
    return _number(token)


def _no_number(_: str) -> NoReturn:
    _numbers("numbers, and null where there is none")


def _object(names: tuple[str, ...], line: tuple[Cell, ...]) -> str:
    fields = zip(names, line, strict=True)
    laid = (f"{encode_basestring(name)}:{_to_json(cell)}" for name, cell in fields)
    return "{" + ",".join(laid) + "}"


def _to_json(cell: Cell) -> str:
    match cell:
        case None:
            laid = "null"
        case bool():
            laid = "true" if cell else "false"
        case Decimal():
            laid = _digits(cell)
        case str():
            laid = encode_basestring(cell)
    return laid


# -- both ----------------------------------------------------------------------


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not abs(number) < _LIMIT:
        _numbers("numbers below 10^18 in size")
    return number


def _digits(number: Decimal | bool) -> str:
    return f"{number:f}"


def _check_text(text: str) -> None:
    if text.lower() in _NO_NUMBERS:
        _numbers("numbers, and empty cells where there is none")
    if not is_text(text):
        refuse(
            "output.text",
            f"expected texts and names of 1 to {MAX_TEXT} visible characters that do "
            "not begin like a formula, found others",
            fix="Name each column, the index of a data frame too; no text may begin "
            "with =, +, - or @.",
        )


def _rows(most: int) -> NoReturn:
    refuse(
        "output.rows",
        f"expected at most {most} lines in a file, found more",
        fix="Aggregate further, or ask its owner for a rule with more.",
    )


def _numbers(expected: str) -> NoReturn:
    refuse(
        "output.numbers",
        f"expected {expected}, found others",
        fix="Leave the cell empty where there is no number, and round what is long.",
    )


def _shape() -> NoReturn:
    refuse(
        "output.format",
        "expected one JSON object with flat values, or a list of such objects, found "
        "another shape",
        fix='Of a data frame: to_json(orient="records").',
    )


def _format(expected: str) -> NoReturn:
    refuse("output.format", f"expected {expected}, found something else")
