"""What a cheat would do: change a byte where nobody looks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from privshare.wire.canonical import decode, encode


def flipped(receipt: bytes) -> bytes:
    """The same receipt with one bit of its middle byte changed."""
    middle = len(receipt) // 2
    return receipt[:middle] + bytes([receipt[middle] ^ 1]) + receipt[middle + 1 :]


def total_raised(receipt: bytes) -> bytes:
    """The receipt of a sum with its first total one unit higher.

    Canonical like the true one: only its meaning is changed.

    Raises:
        LookupError: It has no totals.
    """
    document: Any = decode(receipt, max_bytes=len(receipt))
    try:
        first = document["result"]["rows"][0]
        first["value"] = str(int(first["value"]) + 1)
    except (KeyError, IndexError, TypeError):
        raise LookupError("the receipt has no totals to raise") from None
    return encode(document)


@contextmanager
def one_letter_changed(database: Path, dataset: str, key: str) -> Iterator[None]:
    """Change one byte of a stored row behind the node's back; put it back after.

    Args:
        database: The owner's `node.db`.
        dataset: The dataset's name.
        key: Value of the row's key column.

    Raises:
        LookupError: There is no such row.
    """
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        found = connection.execute(
            "SELECT row.sheet, row.idx, row.values_json FROM row"
            " JOIN dataset ON dataset.sheet = row.sheet"
            " WHERE dataset.dataset = ? AND row.key = ?",
            (dataset, key),
        ).fetchone()
        if found is None:
            raise LookupError(f"no row {key} of {dataset} in {database.name}")
        *row, data = found
        _write(connection, row, _changed(data, key))
        try:
            yield
        finally:
            _write(connection, row, data)


def _changed(data: bytes, key: str) -> bytes:
    """Change the last digit or letter that is not part of the key."""
    spared = data.find(key.encode())
    for place in range(len(data) - 1, 0, -1):
        letter = data[place : place + 1]
        inside = spared <= place < spared + len(key.encode())
        if letter.isalnum() and letter.isascii() and not inside:
            return data[:place] + _next(letter) + data[place + 1 :]
    raise LookupError("the row has nothing to change")


def _next(letter: bytes) -> bytes:
    """Another digit for a digit, another letter for a letter."""
    if letter.isdigit():
        return b"%d" % ((int(letter) + 1) % 10)
    return b"a" if letter != b"a" else b"b"


def _write(connection: sqlite3.Connection, row: list[int], data: bytes) -> None:
    with connection:
        connection.execute(
            "UPDATE row SET values_json = ? WHERE sheet = ? AND idx = ?", (data, *row)
        )
