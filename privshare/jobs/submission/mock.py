"""Rows to try code on, made from a schema and from nothing else.

What a scientist sees of a dataset. The function takes no rows, so that no mock
can hold any: types, intervals and categories stand in the schema, which is
public, and everything else is drawn from its digest. Anybody can make the same
bytes again and see that they say nothing more.

    Schema ─► mock ─► CSV ─► digest ─► mock.publish
                         └──► the dataset that a scientist's client shows

The first rows hold the edges: least and greatest number, first and last day,
each category, both truth values, an empty cell where there may be one. Numbers
without a declared interval are small ones of our choice.

>>> from privshare.rights.schema import Column, Schema
>>> schema = Schema((Column("wage", "int", minimum=0, maximum=9000),
...     Column("district", "category", categories=("east", "west"))))
>>> print(mock(schema, rows=3).decode(), end="")
wage,district
0,east
9000,west
4150,east
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

from privshare.errors import OutOfRange
from privshare.rights.schema import Column, Schema
from privshare.schemes.fixed_point import FixedPoint

__all__ = ["MAX_ROWS", "mock"]

MAX_ROWS: Final = 10_000

_FIRST_DAY: Final = date(2000, 1, 1)
_DAYS: Final = 9_131  # to the end of 2024
_WORDS: Final = 20
#: Of a number without bounds, on the side where there is none.
_REACH: Final = 1_000


def mock(schema: Schema, rows: int = 100, seed: bytes = b"") -> bytes:
    """Make rows of this schema.

    Args:
        schema: The columns.
        rows: How many, 1 to `MAX_ROWS`. More where a column has more
            categories, so that each stands somewhere; fewer where a key has
            fewer values.
        seed: Another one gives other rows. Never something private.

    Returns:
        A table in CSV that `rights.table.read_csv` reads: the schema's columns
        in their order, lines that end in LF. The same bytes every time.

    Raises:
        OutOfRange: A number of rows outside its interval.

    Leaks:
        Nothing but the schema, the seed and the number of rows.
    """
    if isinstance(rows, bool) or not 1 <= rows <= MAX_ROWS:
        raise OutOfRange(f"expected 1 to {MAX_ROWS} rows, found {rows}")
    count = max(rows, *(len(column.categories) for column in schema.columns))
    key = None if schema.key is None else schema.column(schema.key)
    if key is not None and key.type == "int":
        low, high = _interval(key)
        count = min(count, high - low + 1)
    columns = [
        _keys(column, count) if column is key else _cells(column, count, schema, seed)
        for column in schema.columns
    ]
    lines = (_line(cells) for cells in zip(*columns, strict=True))
    return "".join((_line(schema.names), *lines)).encode()


def _keys(column: Column, count: int) -> Iterator[str]:
    """Each value once."""
    if column.type == "int":
        low, high = _interval(column)
        return (
            str(low + place * (high - low) // max(1, count - 1))
            for place in range(count)
        )
    return (f"{column.name}-{place + 1}" for place in range(count))


def _cells(column: Column, count: int, schema: Schema, seed: bytes) -> Iterator[str]:
    below = _stream(schema, column.name, seed)
    edges, drawn = _values(column)
    edges = [*edges, ""] if column.nullable else edges
    for place in range(count):
        if place < len(edges):
            yield edges[place]
        else:
            yield "" if column.nullable and below(8) == 0 else drawn(below)


Below = Callable[[int], int]


def _values(column: Column) -> tuple[list[str], Callable[[Below], str]]:
    """Its edges, and how another of its values is drawn."""
    match column.type:
        case "bool":
            words = ["false", "true"]
        case "category":
            words = [_quoted(word) for word in column.categories]
        case "string":
            words = [f"{column.name}-{place + 1}" for place in range(_WORDS)]
        case "date":
            last = _FIRST_DAY + timedelta(_DAYS)
            return [_FIRST_DAY.isoformat(), last.isoformat()], lambda below: (
                _FIRST_DAY + timedelta(below(_DAYS + 1))
            ).isoformat()
        case _:
            low, high = _interval(column)
            text = FixedPoint(column.scale or 0).text
            return [text(low), text(high)], lambda below: text(
                low + below(high - low + 1)
            )
    return words, lambda below: words[below(len(words))]


def _interval(column: Column) -> tuple[int, int]:
    """What was declared; on an open side so far that it looks like something."""
    low, high = column.interval
    reach = _REACH * 10 ** (column.scale or 0)
    if column.minimum is None and column.maximum is None:
        low, high = 0, min(reach, high)
    elif column.minimum is None:
        low = max(low, high - reach)
    elif column.maximum is None:
        high = min(high, low + reach)
    return low, high


def _stream(schema: Schema, name: str, seed: bytes) -> Below:
    """Numbers drawn from the schema's digest, for one column."""
    state = hashlib.sha256(schema.digest() + name.encode() + b"\0" + seed).digest()
    place = 0

    def below(bound: int) -> int:
        """A number of 0 to bound - 1; the bias is below 2^-192."""
        nonlocal place
        place += 1
        block = hashlib.sha256(state + place.to_bytes(8, "big")).digest()
        return int.from_bytes(block, "big") % bound

    return below


def _line(cells: tuple[str, ...]) -> str:
    return (",".join(cells) if cells != ("",) else '""') + "\n"


def _quoted(word: str) -> str:
    plain = not any(one in word for one in ',"\r\n')
    return word if plain else '"' + word.replace('"', '""') + '"'
