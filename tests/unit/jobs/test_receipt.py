"""The receipt's form: one spelling, bounds, and the parts each operation has."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from privshare.errors import EncodingError, NotFound, PrivShareError
from privshare.jobs.anchor import leaf_of
from privshare.jobs.receipt import MAX_BYTES, Receipt, tlog_proof
from privshare.jobs.requirement import OPERATIONS, operation_of, requirements
from privshare.jobs.trail import Trail
from privshare.ledger.rules import RULES
from privshare.log.proof import decode as decode_proof
from privshare.wire.canonical import encode

RECEIPTS = Path(__file__).parents[2] / "journeys" / "receipts"
FILES = sorted(RECEIPTS.glob("*.psr"))


def trail(receipt: Receipt) -> Trail:
    """A walk over the receipt's own parts."""
    values = {item.key: item.value for item in receipt.state}
    entries = {entry.index: entry.data for entry in receipt.entries}
    return Trail(values, entries.__getitem__)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_bytes_and_value_are_one(file: Path) -> None:
    """What is read is written back, byte for byte."""
    data = file.read_bytes()
    assert Receipt.from_bytes(data).to_bytes() == data


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_walk_touches_all_parts_and_no_other(file: Path) -> None:
    """The requirement is the receipt, but for its block entries."""
    receipt = Receipt.from_bytes(file.read_bytes())
    parts = requirements(
        receipt.operation, receipt.subject, receipt.evidence, trail(receipt)
    )
    assert {item.key for item in receipt.state} == parts.keys
    blocks = {entry.index for entry in receipt.entries if "state_root" in entry.body}
    assert {entry.index for entry in receipt.entries} - blocks == parts.indices


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"type": "privshare.bundle"},
        {"extra": 1},
        {"subject": -1},
        {"subject": "6"},
        {"network": "No"},
        {"operation": "../x"},
        {"evidence": []},
        {"result": 1},
        {"checkpoint": "x" * 65_537},
        {"entries": [{}] * 513},
        {"state": {}},
        {"attachments": None},
    ],
)
def test_other_fields_are_refused(change: dict[str, object]) -> None:
    """Every field has one type and its bounds, and there is no further one."""
    value = json.loads(FILES[0].read_bytes())
    with pytest.raises(PrivShareError):
        Receipt.from_bytes(encode(value | change))


def test_layout_and_size_are_fixed() -> None:
    """Whitespace, another order, or too many bytes are another file."""
    value = json.loads(FILES[0].read_bytes())
    with pytest.raises(EncodingError):
        Receipt.from_bytes(json.dumps(value).encode())
    with pytest.raises(EncodingError, match="at most"):
        Receipt.from_bytes(b" " * (MAX_BYTES + 1))
    receipt = Receipt.from_bytes(FILES[0].read_bytes())
    with pytest.raises(EncodingError, match="at most"):
        replace(receipt, result={"x": "y" * MAX_BYTES}).to_bytes()


@pytest.mark.parametrize("name", ["entries", "state"])
def test_elements_stand_in_order_each_once(name: str) -> None:
    """Two orders would be two files for one receipt."""
    value = json.loads((RECEIPTS / "record.share.psr").read_bytes())
    for changed in (value[name][::-1], [value[name][0], *value[name]]):
        with pytest.raises(EncodingError, match="in order"):
            Receipt.from_bytes(encode(value | {name: changed}))


def test_one_entry_can_be_exported_for_others() -> None:
    """A C2SP proof file holds the same path and checkpoint."""
    receipt = Receipt.from_bytes((RECEIPTS / "anchor.psr").read_bytes())
    proof = decode_proof(tlog_proof(receipt, receipt.subject))
    assert proof.index == receipt.subject
    assert proof.checkpoint == receipt.checkpoint.encode()
    with pytest.raises(NotFound):
        tlog_proof(receipt, 10**6)


def test_every_kind_of_transaction_has_an_operation() -> None:
    """No transaction is without a receipt, and each row names kinds that exist."""
    assert {operation_of(kind) for kind in RULES} | {"ledger.entry"} == set(OPERATIONS)
    for row in OPERATIONS.values():
        assert set(row.kinds) <= set(RULES)
    with pytest.raises(EncodingError):
        operation_of("moon.landing")


def test_a_subject_of_another_kind_is_refused() -> None:
    """An operation is about its own transactions."""
    receipt = Receipt.from_bytes((RECEIPTS / "record.erase.psr").read_bytes())
    with pytest.raises(EncodingError, match="expected a subject of kind"):
        requirements("dataset.retire", receipt.subject, None, trail(receipt))
    with pytest.raises(EncodingError, match=r"receipt\.operation"):
        requirements("moon.landing", receipt.subject, None, trail(receipt))
    with pytest.raises(EncodingError, match=r"receipt\.evidence"):
        requirements("record.erase", receipt.subject, {"x": 1}, trail(receipt))


def test_a_leaf_needs_a_whole_salt_and_digest() -> None:
    """Two files or two salts never give one leaf."""
    leaf = leaf_of(bytes(32), bytes(32))
    assert leaf != leaf_of(bytes(31) + b"\1", bytes(32))
    assert leaf != leaf_of(bytes(32), bytes(31) + b"\1")
    for salt, digest in ((b"", bytes(32)), (bytes(32), bytes(31))):
        with pytest.raises(EncodingError):
            leaf_of(salt, digest)
