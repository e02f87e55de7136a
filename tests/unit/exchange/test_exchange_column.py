"""An owner's column: grouped, packed, encrypted in parts, and checked again."""

from __future__ import annotations

from array import array
from dataclasses import replace
from functools import lru_cache

import pytest
from exchange_kit import he_private

from privshare.errors import (
    EncodingError,
    EvidenceInvalid,
    NotPermitted,
    OutOfRange,
)
from privshare.exchange import column
from privshare.exchange.storage import Row
from privshare.jobs import packing
from privshare.jobs.spec import Input, Operation, Spec
from privshare.jobs.statement import MAX_GROUPS, Contribution, ciphertexts_digest
from privshare.rights.schema import Column, Schema
from privshare.schemes.paillier import SIZES, PaillierPublicKey
from privshare.schemes.paillier_knowledge import prove_short, verify
from privshare.schemes.paillier_short import randomness
from privshare.wire.canonical import Json, encode

SCHEMA = Schema(
    (
        Column("parcel", "string"),
        Column("district", "string", nullable=True),
        Column("owned", "bool"),
        Column("tax_paid", "decimal", nullable=True, scale=2, minimum=-500, maximum=9),
    ),
    key="parcel",
)


def spec(
    group_by: str | None = "district", operation: Operation = "sum", k: int = 2
) -> Spec:
    return Spec(
        operation=operation,
        column="tax_paid",
        group_by=group_by,
        inputs=(Input("tax/returns", "A" * 43, 1),),
        k=k,
        purpose="housing-policy",
        coordinator="housing",
        compute="title",
        custodian="tax",
        nonce=bytes(16),
    )


def rows(*cells: list[Json]) -> list[list[Row]]:
    """Batches of two rows each."""
    made = [(i, encode([f"p-{i}", *row]), bytes(32)) for i, row in enumerate(cells)]
    return [made[begin : begin + 2] for begin in range(0, len(made), 2)]


TABLE = rows(
    ["east", True, 5],
    ["west", False, -500],
    [None, True, 7],
    ["east", True, None],
    ["lone", True, 9],
    ["east", False, -3],
    [None, True, 1],
    ["west", True, 9],
    ["north", True, None],
)


def test_values_by_group() -> None:
    """Null values are not counted, null groups are one, lonely values go."""
    found = column.group(SCHEMA, spec(), TABLE)
    assert {name: list(values) for name, values in found.values.items()} == {
        "": [7, 1],
        "east": [5, -3],
        "west": [-500, 9],
    }
    assert found.suppressed == ("lone",)
    assert (found.rows, found.bound, found.scale) == (6, 6 * 500, 2)


def test_groups_are_spelled_as_text() -> None:
    """Booleans are true and false; without a grouping there is one group."""
    found = column.group(SCHEMA, spec("owned", k=1), TABLE)
    assert {name: sum(values) for name, values in found.values.items()} == {
        "false": -503,
        "true": 31,
    }
    (only,) = column.group(SCHEMA, spec(None), TABLE).values.items()
    assert only == ("", array("q", [5, -500, 7, 9, -3, 1, 9]))


def test_a_count_counts() -> None:
    """Every value that is not null is 1, whatever it is."""
    found = column.group(SCHEMA, spec(operation="count"), TABLE)
    assert found.values["west"] == array("q", [1, 1])
    assert (found.bound, found.scale) == (6, 0)


def test_small_groups_alone() -> None:
    """When no group has k values there is nothing to encrypt."""
    with pytest.raises(NotPermitted) as refused:
        column.group(SCHEMA, spec(k=4), TABLE)
    assert refused.value.detail["rule"] == "job.k"


def test_groups_that_no_contribution_holds() -> None:
    """Too many groups are refused, and names that are too long."""
    many = rows(*([f"d-{i}", True, 1] for i in range(MAX_GROUPS + 1)))
    with pytest.raises(OutOfRange):
        column.group(SCHEMA, spec(k=1), many)
    with pytest.raises(OutOfRange):
        column.group(SCHEMA, spec(k=1), rows(["x" * 129, True, 1]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'["p-1","east",true,1.5]',
        b'["p-1","east",true,"7"]',
        b'["p-1","east",true,9223372036854775808]',
        b'["p-1",["east"],true,1]',
        b'["p-1","east"]',
        b'["p-1","east",true,1],["p-2","east",true,1]',
        b"\xff",
    ],
)
def test_rows_that_were_never_published(data: bytes) -> None:
    """Whatever somebody wrote into the database, nothing of it is encrypted."""
    with pytest.raises(EncodingError):
        column.group(SCHEMA, spec(k=1), [[(0, data, bytes(32))]])


# -- encryption ---------------------------------------------------------------

VALUES = {
    "a": list(range(-20, 21)),
    "b": [7] * 20,
    "c": [(1 << 53) - 1, 1 - (1 << 53)],
    "d": [1] * 130,
}


def groups() -> column.Groups:
    return column.Groups(
        {name: array("q", values) for name, values in VALUES.items()}, (), 1 << 70, 2
    )


def public() -> PaillierPublicKey:
    return he_private("tax").public


def encrypted(part: int) -> tuple[column.Encrypted, list[bytes]]:
    sent: list[bytes] = []

    def keep(number: int, data: bytes) -> None:
        assert number == len(sent)
        sent.append(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column, "PART", part)
        made = column.encrypt(groups(), public(), keep)
    return made, sent


@lru_cache
def contribution() -> tuple[Contribution, tuple[bytes, ...]]:
    made, sent = encrypted(4)
    bare = Contribution(
        job="A" * 43,
        dataset="tax/returns",
        version=1,
        column="tax_paid",
        group_by="district",
        key=public().kid,
        ciphertexts=made.digest,
        rows=groups().rows,
        bound=1 << 70,
        scale=2,
        groups=made.cells,
        suppressed=(),
    )
    return bare, tuple(sent)


@pytest.mark.parametrize("part", [1, 2, 3, 2_048])
def test_subtotals_hold_their_groups(part: int) -> None:
    """Wherever parts end, each group has its own ciphertexts and its own total."""
    made, sent = encrypted(part)
    size = public().ciphertext_size
    counts = [packing.ciphertexts(len(values), 2048) for values in VALUES.values()]
    assert counts == [3, 2, 1, 9]
    assert [len(data) // size for data in sent[:-1]] == [part] * (len(sent) - 1)
    column_bytes = b"".join(sent)
    assert len(column_bytes) == 15 * size
    assert len(column_bytes) == column.column_bytes(map(len, VALUES.values()), public())
    assert made.digest == ciphertexts_digest(column_bytes)
    begin = 0
    for (name, values), cell, count in zip(
        VALUES.items(), made.cells, counts, strict=True
    ):
        own = column_bytes[begin : begin + count * size]
        assert cell == (type(cell))(name, len(values), public().sum(own))
        assert packing.total(he_private("tax").decrypt(cell.ciphertext)) == sum(values)
        begin += count * size


def test_the_owner_knows_its_subtotals() -> None:
    """What is known of the subtotals opens them, and proves it."""
    made, _ = encrypted(2)
    for one, cell in zip(made.known, made.cells, strict=True):
        r = randomness(public().n, one.x).to_bytes(256, "big")
        public().verify_opening(cell.ciphertext, one.m, r)
    proof = prove_short(public().n, made.known, b"for the test")
    ciphertexts = [cell.ciphertext for cell in made.cells]
    verify(public().n, ciphertexts, b"for the test", proof)


def test_every_group_is_masked_and_only_once() -> None:
    """The first plaintext of a group carries the mask; the others are the values."""
    _, sent = encrypted(2_048)
    opened = [he_private("tax").decrypt(c) for c in _split(sent[0])]
    masked = [m.bit_length() > 1_550 for m in opened]
    assert masked == [
        *([True] + [False] * 2),
        *(True, False),
        True,
        *([True] + [False] * 8),
    ]
    assert opened[1] == sum(v << (96 * j) for j, v in enumerate(VALUES["a"][16:32]))
    assert opened[2] == sum(v << (96 * j) for j, v in enumerate(VALUES["a"][32:]))


def test_a_bound_that_plaintexts_cannot_show() -> None:
    """Refused before the first ciphertext leaves."""
    sent: list[bytes] = []
    large = replace(groups(), bound=packing.LIMIT + 1)
    with pytest.raises(OutOfRange) as refused:
        column.encrypt(large, public(), lambda _, data: sent.append(data))
    assert refused.value.detail["rule"] == "job.bound" and not sent


# -- what the compute node checks ---------------------------------------------


def _split(data: bytes) -> list[bytes]:
    size = public().ciphertext_size
    return [data[begin : begin + size] for begin in range(0, len(data), size)]


def test_a_column_as_it_was_signed() -> None:
    """Parts of any lengths that are the column."""
    made, sent = contribution()
    column.verify_column(made, public(), sent)
    column.verify_column(made, public(), [b"".join(sent)])
    column.verify_column(made, public(), _split(b"".join(sent)))


def _recounted(made: Contribution, change: int) -> Contribution:
    first, *rest = made.groups
    return replace(
        made, groups=(replace(first, count=first.count + change), *rest), rows=1
    )


def test_columns_that_are_others() -> None:
    """One ciphertext more, less, exchanged, moved or counted to another group."""
    made, sent = contribution()
    whole = b"".join(sent)
    one, two, *rest = _split(whole)
    wrong: dict[str, tuple[Contribution, bytes]] = {
        "one less": (made, whole[: -len(one)]),
        "one more": (made, whole + one),
        "none": (made, b""),
        "a byte less": (made, whole[:-1]),
        "two exchanged": (made, b"".join([two, one, *rest])),
        "another": (made, b"".join([public().encrypt_batch([0]), two, *rest])),
        "a digest": (replace(made, ciphertexts=bytes(32)), whole),
        "a group of fewer ciphertexts": (_recounted(made, -9), whole),
        "a group of more ciphertexts": (_recounted(made, 16), whole),
    }
    for name, (told, data) in wrong.items():
        with pytest.raises(EvidenceInvalid) as refused:
            column.verify_column(told, public(), [data])
        assert refused.value.detail == {"party": "tax", "rule": "job.column"}, name


@pytest.mark.parametrize("rows_", [1, 20, 511, 512, 513, 10_000, 5_000_000])
def test_parts_that_a_column_may_have(rows_: int) -> None:
    """No splitting of rows into groups needs more parts than are taken."""
    most = column.most_parts(rows_)
    few = min(rows_, MAX_GROUPS)
    splits = [[rows_], [1] * (few - 1) + [rows_ - few + 1], [-(-rows_ // few)] * few]
    for bits in SIZES:
        for split in splits:
            if sum(split) <= rows_:
                needed = sum(packing.ciphertexts(count, bits) for count in split)
                assert -(-needed // column.PART) <= most
