"""Row commitments: the equations, and the quick way to the same bytes."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from privshare.bindings import merkle
from privshare.errors import EncodingError, OutOfRange
from privshare.rights.row import (
    cell_salt,
    commit_cell,
    commit_row,
    commit_rows,
    draw_salts,
    join_cells,
    unique_keys,
)
from privshare.rights.schema import Column, Schema

ROWS: list[list[Any]] = [
    ["a-1", 3, 1250, "2024-02-29", "east", True],
    ["a-2", 0, -1, None, "west", False],
    ["é" * 4096, 99, 0, None, "west", False],
]
SALTS = [bytes([i]) * 32 for i in range(3)]


def by_hand(row: list[bytes], salt: bytes) -> bytes:
    """The equations of the format, written out with the standard library."""
    cells = b""
    for j, laid in enumerate(row):
        message = b"privshare/v1/cell-salt" + j.to_bytes(4, "big")
        own = hmac.new(salt, message, hashlib.sha256).digest()
        tag = b"privshare/v1/cell"
        cells += hashlib.sha256(
            bytes([len(tag)]) + tag
            + (32).to_bytes(8, "big") + own
            + len(laid).to_bytes(8, "big") + laid
        ).digest()  # fmt: skip
    tag = b"privshare/v1/row"
    return hashlib.sha256(
        bytes([len(tag)]) + tag
        + (4).to_bytes(8, "big") + len(row).to_bytes(4, "big")
        + len(cells).to_bytes(8, "big") + cells
    ).digest()  # fmt: skip


def test_a_row_commitment_is_what_the_format_says(schema: Schema) -> None:
    """The bytes equal those of the equations in docs/formats/dataset.md."""
    laid = [b'["a-1"]', b"[3]", b"[1250]", b'["2024-02-29"]', b'["east"]', b"[true]"]
    assert by_hand(laid, SALTS[0]) == commit_row(schema, ROWS[0], SALTS[0])


def test_the_vector_of_the_format() -> None:
    """The example in docs/formats/dataset.md."""
    schema = Schema((Column("parcel", "string"), Column("rooms", "int")))
    committed = commit_rows(schema, [["a-1", 3], ["a-2", 4]], [b"\1" * 32, b"\2" * 32])
    leaves = [
        hashlib.sha256(b"\0" + by_hand([b'["a-1"]', b"[3]"], b"\1" * 32)).digest(),
        hashlib.sha256(b"\0" + by_hand([b'["a-2"]', b"[4]"], b"\2" * 32)).digest(),
    ]
    assert hashlib.sha256(b"\1" + b"".join(leaves)).digest() == committed.root
    assert (
        committed.root.hex()
        == "2995da826f2001a1f98f00ff3c1ffd984059bda39a2b21ef27e99a80752cd42f"
    )


def test_the_quick_way_equals_the_plain_one(schema: Schema) -> None:
    """Whole rows are hashed as their cells are, one by one."""
    for row, salt in zip(ROWS, SALTS, strict=True):
        cells = [
            commit_cell(column, value, cell_salt(salt, j))
            for j, (column, value) in enumerate(zip(schema.columns, row, strict=True))
        ]
        assert join_cells(cells) == commit_row(schema, row, salt)


def test_rows_become_the_leaves_of_a_tree(schema: Schema) -> None:
    """The root is that of RFC 9162 over the row commitments."""
    committed = commit_rows(schema, iter(ROWS), iter(SALTS))
    leaves = [commit_row(schema, *pair) for pair in zip(ROWS, SALTS, strict=True)]
    assert merkle.leaf_hashes(leaves) == committed.leaf_hashes
    assert merkle.root(committed.leaf_hashes) == committed.root
    assert committed.rows == 3


def test_more_rows_than_a_batch_are_one_tree() -> None:
    """Nothing happens at the seam between two batches."""
    schema = Schema((Column("n", "int"),))
    salts = draw_salts(5_000)
    committed = commit_rows(schema, ([n] for n in range(5_000)), salts)
    leaves = [commit_row(schema, [n], salts[n]) for n in range(5_000)]
    assert merkle.root(merkle.leaf_hashes(leaves)) == committed.root


def test_no_rows_have_the_empty_root(schema: Schema) -> None:
    """The tree of nothing is defined; a dataset of nothing is not."""
    assert commit_rows(schema, [], []) == (b"", merkle.EMPTY_ROOT, 0)


def test_salts_are_drawn_afresh() -> None:
    """Each row has 32 random bytes of its own."""
    salts = draw_salts(100)
    assert {32} == {len(salt) for salt in salts}
    assert len({*salts, *draw_salts(100)}) == 200


def test_left_over_salts_are_not_drawn(schema: Schema) -> None:
    """An endless source of salts serves."""
    source = iter(draw_salts(5))
    commit_rows(schema, ROWS, source)
    assert len(list(source)) == 2


def test_a_missing_or_short_salt_is_refused(schema: Schema) -> None:
    """No row goes without its salt."""
    with pytest.raises(EncodingError, match="expected a salt for each row, found 2"):
        commit_rows(schema, ROWS, SALTS[:2])
    with pytest.raises(EncodingError, match="expected a salt of 32 bytes, found 31"):
        commit_rows(schema, ROWS, [SALTS[0], b"x" * 31, SALTS[1]])
    for call in (lambda: cell_salt(b"", 0), lambda: commit_row(schema, ROWS[0], b"")):
        with pytest.raises(EncodingError, match="expected a salt of 32 bytes"):
            call()


def test_a_bad_row_is_named(schema: Schema) -> None:
    """The error has the row's index, its column, expected and found."""
    bad = [ROWS[0], ["a-2", 100, 0, None, "west", False]]
    with pytest.raises(OutOfRange, match=r"^rows\[1\], column rooms: exp") as caught:
        commit_rows(schema, bad, SALTS)
    assert caught.value.detail == {
        "index": 1,
        "column": "rooms",
        "expected": "0 to 99",
        "found": "an integer outside",
    }
    with pytest.raises(EncodingError, match=r"^rows\[1\], expected 6 cells") as short:
        commit_rows(schema, [ROWS[0], ["a-2"]], SALTS)
    assert short.value.detail["index"] == 1


def test_a_repeated_key_is_named(schema: Schema) -> None:
    """The error has both rows; where there is no key, rows may be equal."""
    rows = [ROWS[0], ROWS[1], ROWS[0]]
    assert list(unique_keys(schema, ROWS)) == ROWS
    with pytest.raises(EncodingError, match=r"rows\[2\], column parcel") as caught:
        list(unique_keys(schema, rows))
    assert (caught.value.detail["index"], caught.value.detail["first"]) == (2, 0)
    assert rows == list(unique_keys(Schema(schema.columns), rows))


@pytest.mark.parametrize("row", [[], ["a-1"], [None, 1, 1, None, "east", True]])
def test_a_row_without_a_proper_key_is_refused(schema: Schema, row: list[Any]) -> None:
    """A key is looked for in proper rows only."""
    with pytest.raises(EncodingError, match=r"^rows\[0\], "):
        list(unique_keys(schema, [row]))
