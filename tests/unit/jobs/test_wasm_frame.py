"""Frames: one table, one byte string; nothing malformed gets through."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.wasm import frame
from privshare.jobs.wasm.frame import Series
from privshare.rights.schema import Column

MALFORMED = (EncodingError, OutOfRange)

CELLS: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "category": st.text(max_size=5),
    "date": st.dates().map(lambda day: day.isoformat()),
    "decimal": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0),
    "int": st.integers(-(2**63), 2**63 - 1),
    "string": st.text(max_size=5),
}


@st.composite
def tables(draw: st.DrawFn) -> list[Series]:
    rows = draw(st.integers(0, 20))
    types = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    columns = []
    for place, kind in enumerate(types):
        cell = CELLS[kind]
        if draw(st.booleans()):
            cell = st.none() | cell
        cells = tuple(draw(st.lists(cell, min_size=rows, max_size=rows)))
        scale = draw(st.integers(1, 18)) if kind == "decimal" else None
        columns.append(Series(f"c{place}", kind, cells, scale))  # type: ignore[arg-type]
    return columns


@given(tables())
@settings(max_examples=60)
def test_a_table_survives_its_frame(columns: list[Series]) -> None:
    """Reading gives back what was written, cell by cell."""
    assert list(frame.decode(frame.encode(columns))) == columns


@given(tables(), st.data())
@settings(max_examples=100)
def test_no_two_frames_are_one_table(
    columns: list[Series], data: st.DataObject
) -> None:
    """A changed byte is another table, or no frame; never the same table."""
    laid = bytearray(frame.encode(columns))
    place = data.draw(st.integers(0, len(laid) - 1))
    laid[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = frame.decode(bytes(laid))
    except MALFORMED:
        return
    assert frame.encode(read) == bytes(laid)


def test_every_truncation_is_refused() -> None:
    """A frame that ends early, or late, is no frame."""
    laid = frame.encode(
        [
            Series("age", "int", (1, None, 3)),
            Series("word", "string", ("a", "b", None)),
            Series("share", "float", (0.5, None, -1.0)),
        ]
    )
    for end in range(len(laid)):
        with pytest.raises(MALFORMED):
            frame.decode(laid[:end])
    with pytest.raises(MALFORMED):
        frame.decode(laid + bytes(8))


def test_random_bytes_are_refused() -> None:
    """Bytes from anywhere raise an error of ours and nothing else."""
    chance = random.Random(5)
    laid = frame.encode(
        [
            Series("a", "category", ("x", None)),
            Series("b", "date", ("2026-02-28", "0001-01-01")),
        ]
    )
    for _ in range(500):
        broken = bytearray(laid)
        for _ in range(chance.randrange(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            frame.decode(bytes(broken))
        except MALFORMED:
            continue


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([Series("a", "int", (2**63,))], OutOfRange),
        ([Series("a", "int", (True,))], EncodingError),
        ([Series("a", "int", (1.0,))], EncodingError),
        ([Series("a", "bool", (1,))], EncodingError),
        ([Series("a", "float", (float("nan"),))], EncodingError),
        ([Series("a", "float", (float("inf"),))], EncodingError),
        ([Series("a", "float", (1,))], EncodingError),
        ([Series("a", "date", ("2026-02-30",))], EncodingError),
        ([Series("a", "date", ("20260228",))], EncodingError),
        ([Series("a", "string", ("\ud800",))], EncodingError),
        ([Series("a", "string", (3,))], EncodingError),
        ([Series("a", "decimal", (1,))], EncodingError),
        ([Series("a", "int", (1,), 2)], EncodingError),
        ([Series("A", "int", (1,))], EncodingError),
        ([Series("a", "int", (1,)), Series("a", "int", (1,))], EncodingError),
        ([Series("a", "int", (1,)), Series("b", "int", ())], EncodingError),
        ([], OutOfRange),
    ],
)
def test_what_is_no_table(columns: Sequence[Series], expected: type[Exception]) -> None:
    """A cell of another type, a value too large, a name twice."""
    with pytest.raises(expected):
        frame.encode(columns)


def test_a_negative_zero_is_zero() -> None:
    """One number has one form."""
    assert frame.encode([Series("a", "float", (-0.0,))]) == frame.encode(
        [Series("a", "float", (0.0,))]
    )


def test_a_word_without_a_null_is_named() -> None:
    """An index into no words at all is not read as a null."""
    laid = frame.encode([Series("a", "string", ("x",))])
    broken = laid.replace(b'["x"]', b"[]   ")
    with pytest.raises(MALFORMED):
        frame.decode(broken)


def test_rows_of_a_schema() -> None:
    """A dataset's rows become a frame by the schema's own types."""
    columns = (
        Column("parcel", "string"),
        Column("tax", "decimal", scale=2),
        Column("paid", "bool", nullable=True),
    )
    laid = frame.from_rows(columns, [("a-1", 1250, True), ("b-2", -5, None)])
    read = frame.decode(laid)
    assert [one.cells for one in read] == [("a-1", "b-2"), (1250, -5), (True, None)]
    assert read[1].scale == 2
    assert frame.decode(frame.from_rows(columns, []))[0].cells == ()
    with pytest.raises(EncodingError):
        frame.from_rows(columns, [("a-1", 1250)])


def test_tables_stack_in_order() -> None:
    """Words of different tables get one list; other columns are refused."""
    first = frame.encode(
        [Series("a", "category", ("z", "b")), Series("n", "int", (1, 2))]
    )
    second = frame.encode(
        [Series("a", "category", ("a", None)), Series("n", "int", (3, 4))]
    )
    read = frame.decode(frame.stack([first, second]))
    assert [one.cells for one in read] == [("z", "b", "a", None), (1, 2, 3, 4)]
    other = frame.encode([Series("a", "string", ("a",)), Series("n", "int", (3,))])
    with pytest.raises(EncodingError):
        frame.stack([first, other])
    with pytest.raises(OutOfRange):
        frame.stack([])
