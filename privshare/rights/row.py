"""Commitments to rows: each cell under its own salt, each row a tree leaf.

The ledger holds one root for a dataset. Whoever is shown some cells of a row
can check them against that root and learns nothing of the others, because
every cell is hidden by a salt that follows from the row's own.

    salt(j) = HMAC-SHA256(row salt, "privshare/v1/cell-salt" || u32 j)
    cell(j) = tagged(CELL, salt(j), canonical([value])), or in a provable column
              v·G + r·H, both from value and salt(j) (rights.provable)
    row     = tagged(ROW, u32 n, cell(0) || ... || cell(n-1))
    root    = RFC 9162 tree over the rows, leaf data = row

    owner     rows + salts ─► commit_rows ─► root ─► dataset.register
    owner     row + salt ─► disclosure.disclose ─► reader

Erasing a row's values and its salt leaves 32 bytes that say nothing, while
every other row can still be proven. Two rows never share a salt.

Implements docs/formats/dataset.md, "Rows and cells"; HMAC is RFC 2104, the
tree RFC 9162 section 2.1.

>>> from privshare.rights.schema import Column, Schema
>>> schema = Schema((Column("parcel", "string"), Column("rooms", "int")))
>>> rows = [["a-1", 3], ["a-2", 4]]
>>> committed = commit_rows(schema, rows, [b"\\1" * 32, b"\\2" * 32])
>>> committed.rows, len(committed.leaf_hashes)
(2, 64)
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias, TypeVar

from privshare.bindings import merkle
from privshare.errors import EncodingError, PrivShareError
from privshare.rights.provable import blinding_wide, commit_cells, holder, opening
from privshare.rights.schema import Column, Schema, encoder, wrong_width
from privshare.schemes.commitment import Value
from privshare.wire.canonical import Json
from privshare.wire.digest import tagged
from privshare.wire.domain import CELL, CELL_SALT, ROW

SALT_BYTES = 32
_BATCH = 4096

_U32 = struct.Struct(">I").pack
_U64 = struct.Struct(">Q").pack

Row = TypeVar("Row", bound=Sequence[Json])


class Committed(NamedTuple):
    """A dataset's rows as the ledger and the owner's proofs need them.

    Attributes:
        leaf_hashes: 32 bytes a row, one after the other; the owner keeps them
            to make inclusion paths.
        root: Root of the tree.
        rows: How many.
    """

    leaf_hashes: bytes
    root: bytes
    rows: int


def draw_salts(count: int) -> list[bytes]:
    """Draw a fresh salt for each of `count` rows; the owner keeps them secret."""
    drawn = os.urandom(SALT_BYTES * count)
    return [drawn[i : i + SALT_BYTES] for i in range(0, len(drawn), SALT_BYTES)]


def cell_salt(row_salt: bytes, j: int) -> bytes:
    """The salt of the cell in column `j`, counted from 0.

    HMAC-SHA256(row_salt, CELL_SALT || u32 j)

    Leaks:
        Shown to a reader, it opens that one cell; the row's salt and the
        other cells stay hidden.
    """
    _check_salt(row_salt)
    return hmac.digest(row_salt, CELL_SALT + _U32(j), "sha256")


def commit_cell(column: Column, value: Json, salt: bytes) -> bytes:
    """Commit to one cell under its own salt.

    tagged(CELL, salt, canonical([value])), or in a provable column v·G + r·H

    Raises:
        EncodingError: Not a value of the column's type, or not a salt.
        OutOfRange: A number outside the column's interval.
    """
    _check_salt(salt)
    if column.provable:
        return opening(column, value, salt).commitment()
    return tagged(CELL, salt, column.encode(value))


def join_cells(cells: Sequence[bytes]) -> bytes:
    """The commitment of a row, from those of its cells.

    tagged(ROW, u32 n, cells one after the other)
    """
    return tagged(ROW, _U32(len(cells)), b"".join(cells))


def commit_row(schema: Schema, row: Sequence[Json], row_salt: bytes) -> bytes:
    """Commit to one row: the leaf data of its dataset's tree.

    Raises:
        EncodingError: Too few or too many cells, one of another type, or not
            a salt.
        OutOfRange: A number outside its column's interval.
    """
    provable = _Provable()
    cells = _layer(schema)(row, row_salt, provable)
    provable.fill([cells], schema.provable)
    return join_cells(cells)


def commit_rows(
    schema: Schema, rows: Iterable[Sequence[Json]], salts: Iterable[bytes]
) -> Committed:
    """Commit to a dataset, row by row, without holding its values.

    Does not look for keys that repeat; `unique_keys` does, and
    `table.read_csv` has done so.

    Args:
        schema: The columns; every cell is checked against them.
        rows: Cells in the order of the columns.
        salts: 32 bytes a row, never used for another row; what is left over
            is not drawn.

    Raises:
        EncodingError: A row that is not of the schema; `detail` names the
            `index` (from 0), the column, expected and found. Or a salt of
            another length, or too few of them.
        OutOfRange: A number outside its column's interval.
    """
    commit = _committer(schema)
    hashes: list[bytes] = []
    count = 0
    left, drawn = iter(rows), iter(salts)
    while batch := list(islice(left, _BATCH)):
        hashes.append(merkle.leaf_hashes(commit(batch, drawn, count)))
        count += len(batch)
    leaf_hashes = b"".join(hashes)
    return Committed(leaf_hashes, merkle.root(leaf_hashes), count)


def row_cells(
    schema: Schema, rows: Sequence[Sequence[Json]], salts: Iterable[bytes]
) -> list[tuple[bytes, ...]]:
    """The commitments of all cells of a few rows, row by row.

    Raises:
        EncodingError: As for `commit_rows`.
        OutOfRange: A number outside its column's interval.
    """
    lay, provable = _layer(schema), _Provable()
    laid = [lay(row, salt, provable) for row, salt in zip(rows, salts, strict=True)]
    provable.fill(laid, schema.provable)
    return [tuple(cells) for cells in laid]


def unique_keys(schema: Schema, rows: Iterable[Row]) -> Iterator[Row]:
    """Pass rows on, and refuse a key value that was seen before.

    Holds every key value: some 150 bytes a row. Passes all rows on where the
    schema names no key.

    Raises:
        EncodingError: A row of another width, a key of another type, or a key
            twice; `detail` has the `index` of the row, and for a key twice
            the index `first` of the row that had it before.
        OutOfRange: A key outside its column's interval.
    """
    if schema.key is None:
        yield from rows
        return
    place, width = schema.index(schema.key), len(schema.columns)
    encode = encoder(schema.columns[place])
    seen: dict[bytes, int] = {}
    for index, row in enumerate(rows):
        try:
            if len(row) != width:
                raise wrong_width(width, len(row))
            laid = encode(row[place])
        except PrivShareError as error:
            raise _at(index, error) from None
        first = seen.setdefault(laid, index)
        if first != index:
            raise EncodingError(
                f"rows[{index}], column {schema.key}: expected a key that no other "
                f"row has, found the key of rows[{first}]",
                detail={
                    "index": index,
                    "first": first,
                    "column": schema.key,
                    "expected": "a key that no other row has",
                    "found": f"the key of rows[{first}]",
                },
            )
        yield row


#: Rows, the salts of all rows to come, the index of the first: commitments.
_Commit: TypeAlias = Callable[
    [Sequence[Sequence[Json]], Iterator[bytes], int], list[bytes]
]


def _at(index: int, error: PrivShareError) -> PrivShareError:
    """The same error, with the row it is about."""
    return type(error)(
        f"rows[{index}], {error.message}",
        fix=error.fix,
        detail={**error.detail, "index": index},
    )


_INNER = bytes(byte ^ 0x36 for byte in range(256))  # RFC 2104, ipad
_OUTER = bytes(byte ^ 0x5C for byte in range(256))  # RFC 2104, opad
_INNER_TAIL = b"\x36" * 32
_OUTER_TAIL = b"\x5c" * 32


def _committer(schema: Schema) -> _Commit:
    """Make the function behind `commit_rows`, with all that is constant laid out.

    The equations at the head of this module, spelled for speed: a call of
    `tagged` and `hmac` a cell would take four times as long. Both key blocks
    of HMAC are absorbed once a row and copied for each cell; provable cells of
    a batch of rows are committed to together. A test holds it to `cell_salt`,
    `commit_cell` and `join_cells`.
    """
    lay = _layer(schema)
    width = len(schema.columns)
    head = bytes((len(ROW),)) + ROW + _U64(4) + _U32(width) + _U64(32 * width)

    def commit(
        rows: Sequence[Sequence[Json]], salts: Iterator[bytes], first: int
    ) -> list[bytes]:
        laid: list[list[bytes]] = []
        provable = _Provable()
        for index, row in enumerate(rows, first):
            salt = next(salts, None)
            if salt is None:
                raise EncodingError(
                    f"expected a salt for each row, found {index} salts"
                )
            try:
                laid.append(lay(row, salt, provable))
            except PrivShareError as error:
                raise _at(index, error) from None
        provable.fill(laid, schema.provable)
        return [hashlib.sha256(head + b"".join(cells)).digest() for cells in laid]

    return commit


class _Provable:
    """Provable cells of a batch of rows, row by row, until `fill`."""

    __slots__ = ("blindings", "values")

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.blindings: list[bytes] = []

    def fill(self, laid: Sequence[list[bytes]], places: Sequence[int]) -> None:
        """Commit to them, and put them where they belong."""
        if not self.values:
            return
        commitments = iter(commit_cells(self.values, self.blindings))
        for cells in laid:
            for place in places:
                cells[place] = next(commitments)


def _layer(schema: Schema) -> Callable[[Sequence[Json], bytes, _Provable], list[bytes]]:
    """Make the function that commits to one row's cells, provable ones excepted."""
    sha256 = hashlib.sha256
    width = len(schema.columns)
    columns = [
        (
            encoder(column),
            CELL_SALT + _U32(j),
            holder(column) if column.provable else None,
        )
        for j, column in enumerate(schema.columns)
    ]
    cell_head = bytes((len(CELL),)) + CELL + _U64(SALT_BYTES)
    lengths = [_U64(length) for length in range(64)]

    def lay(row: Sequence[Json], row_salt: bytes, provable: _Provable) -> list[bytes]:
        if len(row) != width:
            raise wrong_width(width, len(row))
        _check_salt(row_salt)
        fork_inner = sha256(row_salt.translate(_INNER) + _INNER_TAIL).copy
        fork_outer = sha256(row_salt.translate(_OUTER) + _OUTER_TAIL).copy
        cells = []
        for (encode, message, hold), value in zip(columns, row, strict=True):
            inner = fork_inner()
            inner.update(message)
            outer = fork_outer()
            outer.update(inner.digest())
            if hold is not None:
                provable.values.append(hold(value))
                provable.blindings.append(blinding_wide(outer.digest()))
                cells.append(b"")
                continue
            laid = encode(value)
            size = len(laid)
            length = lengths[size] if size < 64 else _U64(size)
            cells.append(sha256(cell_head + outer.digest() + length + laid).digest())
        return cells

    return lay


def _check_salt(salt: bytes) -> None:
    if len(salt) != SALT_BYTES:
        raise EncodingError(
            f"expected a salt of {SALT_BYTES} bytes, found {len(salt)} bytes"
        )
