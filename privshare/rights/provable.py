"""Provable cells: what a commitment to one holds, and how it is blinded.

A cell of a provable column is committed to as a Pedersen commitment and not as
a hash. It hides as well and is opened by the same salt; besides, whoever has
the salt can prove things about the value without showing it.

    cell(j) = v·G + r·H
    r       = wide(CELL_BLINDING, salt(j))
    v       = the value itself for int and decimal (scaled); 0 or 1 for bool;
              for dates the day, 0001-01-01 being day 1;
              wide(CELL_VALUE, canonical([value])) for string and category
    wide(TAG, part) = SHA-512(u8 len(TAG) || TAG || u64 len(part) || part),
                      little-endian, modulo the group's order

So numbers, days and booleans have bounds and sums; of a text there is equality
and membership in a set. Equal values of any two columns of the same type have
equal v, whoever committed.

What is proven is what the owner committed to: that the values are true is its
word, as for any other cell. A text is hidden as well as the salt is: v is a
hash of the text, and who learns r can try texts.

Implements docs/formats/dataset.md, "Provable cells".

>>> from privshare.rights.schema import Column
>>> column = Column("price", "int", provable=True)
>>> opening(column, 250_000, bytes(32)).value
250000
>>> opening(Column("sold", "date", provable=True), "0001-01-02", bytes(32)).value
2
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from datetime import date
from typing import TypeAlias, cast

from privshare.bindings.scalar import from_int, reduce_wide
from privshare.errors import OutOfRange
from privshare.rights.schema import Column, encoder
from privshare.schemes.commitment import (
    COMMITMENT_BYTES,
    Opening,
    Value,
    commit_many,
)
from privshare.wire.canonical import Json
from privshare.wire.domain import CELL_BLINDING, CELL_VALUE

_U64 = struct.Struct(">Q").pack

#: From a value of a column to what its commitment holds; checks it.
Holder: TypeAlias = Callable[[Json], Value]


def wide(tag: bytes, part: bytes) -> bytes:
    """64 bytes under a domain tag, to be reduced modulo the group's order.

    SHA-512(u8 len(tag) || tag || u64 len(part) || part)
    """
    head = bytes((len(tag),)) + tag + _U64(len(part))
    return hashlib.sha512(head + part).digest()


def blinding_wide(salt: bytes) -> bytes:
    """The blinding of a cell, before it is reduced: 64 bytes."""
    return wide(CELL_BLINDING, salt)


def holder(column: Column) -> Holder:
    """Make the function that tells what a cell's commitment holds.

    It raises what `Column.encode` raises. Integers come out as integers,
    hashes of texts as scalars.
    """
    encode = encoder(column)
    convert = _CONVERTERS[column.type]

    def hold(value: Json) -> Value:
        return convert(value, encode(value))

    return hold


def number(column: Column, value: Json) -> int:
    """What the commitment to a number, a date or a boolean holds, unchecked.

    The column's interval is not looked at: a bound may lie outside it.

    Raises:
        EncodingError: A day that does not exist.
    """
    if column.type not in ("int", "decimal"):
        encoder(column)(value)
    return cast(int, _CONVERTERS[column.type](value, b""))


def text_scalar(laid: bytes) -> bytes:
    """The scalar that stands for a text: wide(CELL_VALUE, laid) mod l.

    Args:
        laid: The canonical bytes of the list that holds the text.
    """
    return reduce_wide(wide(CELL_VALUE, laid))


def opening(column: Column, value: Json, salt: bytes) -> Opening:
    """What opens the commitment to one cell, for a proof about it.

    Args:
        column: Provable.
        value: The cell.
        salt: The cell's own salt.

    Raises:
        EncodingError: Not a value of the column's type.
        OutOfRange: A number outside the column's interval, or a column that
            is not provable.
    """
    check_provable(column)
    return Opening(holder(column)(value), reduce_wide(blinding_wide(salt)))


def check_provable(column: Column) -> None:
    """Refuse a column of which nothing can be proven.

    Raises:
        OutOfRange: It is not provable.
    """
    if not column.provable:
        raise OutOfRange(
            f"column {column.name}: expected a provable column, found one whose "
            "cells are hashes",
            fix="Publish the table anew with this column named provable.",
            detail={"column": column.name},
        )


def commit_cells(values: list[Value], blindings_wide: list[bytes]) -> list[bytes]:
    """Commit to many cells at once.

    Args:
        values: From `holder`.
        blindings_wide: From `blinding_wide`.

    Returns:
        32 bytes for each.
    """
    scalars = b"".join(map(scalar_of_cell, values))
    data = commit_many(scalars, reduce_wide(b"".join(blindings_wide)))
    return [
        data[i : i + COMMITMENT_BYTES] for i in range(0, len(data), COMMITMENT_BYTES)
    ]


def scalar_of_cell(value: Value) -> bytes:
    """The scalar of what `holder` told, without checking it again."""
    if isinstance(value, int):
        return value.to_bytes(32, "little") if value >= 0 else from_int(value)
    return value


def _number(value: Json, _laid: bytes) -> Value:
    return cast(int, value)


def _day(value: Json, _laid: bytes) -> Value:
    return date.fromisoformat(cast(str, value)).toordinal()


def _text(_value: Json, laid: bytes) -> Value:
    return text_scalar(laid)


def _bit(value: Json, _laid: bytes) -> Value:
    return int(cast(bool, value))


_CONVERTERS: dict[str, Callable[[Json, bytes], Value]] = {
    "bool": _bit,
    "category": _text,
    "date": _day,
    "decimal": _number,
    "int": _number,
    "string": _text,
}
