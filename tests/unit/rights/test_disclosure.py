"""Disclosures: some cells opened, nothing else shown, nothing else believed."""

from __future__ import annotations

from typing import Any

import pytest

from privshare.bindings import merkle
from privshare.errors import (
    EncodingError,
    InclusionInvalid,
    NotFound,
    OutOfRange,
    PrivShareError,
)
from privshare.rights.disclosure import Disclosure, Hidden, Opened, disclose
from privshare.rights.row import Committed, commit_rows
from privshare.rights.schema import Schema
from privshare.wire.canonical import b64u, decode, encode

ROWS: list[list[Any]] = [
    [f"a-{i}", i, 100 * i, None, "east", i % 2 == 0] for i in range(5)
]
SALTS = [bytes([i]) * 32 for i in range(5)]


@pytest.fixture
def committed(schema: Schema) -> Committed:
    return commit_rows(schema, ROWS, SALTS)


def shown(schema: Schema, committed: Committed, *columns: str) -> Disclosure:
    path = merkle.inclusion_proof(committed.leaf_hashes, 3)
    return disclose(schema, ROWS[3], SALTS[3], columns, index=3, path=path)


def test_opened_cells_are_verified(schema: Schema, committed: Committed) -> None:
    """The reader gets the opened cells, in the schema's order."""
    disclosure = shown(schema, committed, "tax_paid", "parcel")
    opened = disclosure.verify(committed.root, 5, schema)
    assert list(opened.items()) == [("parcel", "a-3"), ("tax_paid", 300)]


def test_a_disclosure_comes_back_from_its_json(
    schema: Schema, committed: Committed
) -> None:
    """What is laid out is read back; a hidden cell is a string."""
    disclosure = shown(schema, committed, "sold")
    laid = disclosure.to_json()
    assert disclosure == Disclosure.from_json(decode(encode(laid)))
    assert [str, str, str, dict, str, str] == [type(cell) for cell in laid["cells"]]


def test_hidden_cells_are_not_in_it(schema: Schema, committed: Committed) -> None:
    """Neither the values nor the row's salt leave."""
    laid = encode(shown(schema, committed, "rooms").to_json())
    assert b"a-3" not in laid and b"300" not in laid
    assert b64u(SALTS[3]).encode() not in laid


def test_none_and_all_can_be_opened(schema: Schema, committed: Committed) -> None:
    """Nothing opened proves that the row is there; everything opened is the row."""
    assert shown(schema, committed).verify(committed.root, 5, schema) == {}
    opened = shown(schema, committed, *schema.names).verify(committed.root, 5, schema)
    assert ROWS[3] == list(opened.values())


def test_other_roots_and_sizes_are_refused(
    schema: Schema, committed: Committed
) -> None:
    """It holds for one dataset, at one place."""
    disclosure = shown(schema, committed, "rooms")
    for root, rows in ((bytes(32), 5), (committed.root, 4), (committed.root, 3)):
        with pytest.raises(InclusionInvalid):
            disclosure.verify(root, rows, schema)


def test_a_schema_of_another_width_is_refused(
    schema: Schema, committed: Committed
) -> None:
    """There is one cell for each column."""
    disclosure = shown(schema, committed, "rooms")
    with pytest.raises(EncodingError, match=r"disclosure\.cells: expected 5, found 6"):
        disclosure.verify(committed.root, 5, Schema(schema.columns[:5]))


def test_an_unknown_column_is_not_found(schema: Schema, committed: Committed) -> None:
    """What is not in the schema cannot be opened."""
    with pytest.raises(NotFound):
        shown(schema, committed, "name")


def test_values_of_another_type_are_refused(
    schema: Schema, committed: Committed
) -> None:
    """A verified value is of its column's type, whatever was committed."""
    laid = shown(schema, committed, "rooms").to_json()
    salt = laid["cells"][1]["salt"]
    for value, error in (
        ("3", EncodingError),
        ([3], EncodingError),
        ({"a": 3}, EncodingError),
        (None, EncodingError),
        (True, EncodingError),
        (100, OutOfRange),
        (4, InclusionInvalid),
    ):
        laid["cells"][1] = {"salt": salt, "value": value}
        with pytest.raises(error):
            Disclosure.from_json(laid).verify(committed.root, 5, schema)


BAD_JSON: list[dict[str, Any]] = [
    {"v": 2},
    {"row": -1},
    {"row": 2**53},
    {"row": "3"},
    {"cells": []},
    {"cells": [1]},
    {"cells": [None]},
    {"cells": ["AA"]},
    {"cells": [b64u(bytes(32)) + "="]},
    {"cells": [{"salt": b64u(bytes(32))}]},
    {"cells": [{"salt": b64u(bytes(31)), "value": 1}]},
    {"cells": [{"salt": b64u(bytes(32)), "value": 1, "more": 1}]},
    {"cells": [b64u(bytes(32))] * 257},
    {"path": ["AA"]},
    {"path": [b64u(bytes(32))] * 65},
    {"path": [1]},
    {"more": 1},
]


@pytest.mark.parametrize("change", BAD_JSON)
def test_bad_json_is_refused(
    schema: Schema, committed: Committed, change: dict[str, Any]
) -> None:
    """Only the bytes that `to_json` writes are read."""
    laid = {**shown(schema, committed, "rooms").to_json(), **change}
    with pytest.raises((EncodingError, OutOfRange)):
        Disclosure.from_json(laid)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_bytes_of_another_length_are_refused(length: int) -> None:
    """Salts, commitments and path hashes are 32 bytes."""
    data = b"x" * length
    for cells, path in (
        ((Opened(data, 1),), ()),
        ((Hidden(data),), ()),
        ((Hidden(bytes(32)),), (data,)),
    ):
        with pytest.raises(PrivShareError, match="expected 32 bytes"):
            Disclosure(0, cells, path)
