"""Proofs about cells of an anchored row, and about a row that is one of many."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from privshare.bindings import merkle
from privshare.bindings.scalar import from_int
from privshare.errors import (
    EncodingError,
    InclusionInvalid,
    NotFound,
    OutOfRange,
    PrivShareError,
    ProofInvalid,
)
from privshare.rights.anchored_row import AnchoredRow, bound, bound_text
from privshare.rights.cell_proof import (
    CellProof,
    prove_cell_at_least,
    prove_cell_equals,
    prove_cell_in_range,
    prove_cell_one_of,
    prove_cells_add_up,
)
from privshare.rights.disclosure import Hidden, Opened
from privshare.rights.hidden_row import Block, HiddenRow, hide_row
from privshare.rights.row import commit_rows, row_cells
from privshare.rights.schema import Column, Schema
from privshare.schemes.commitment import Opening, draw_blinding
from privshare.schemes.elgamal import Ciphertext, SecretKey, encrypt
from privshare.schemes.proof import (
    AtLeast,
    Context,
    Encrypted,
    EqualLogarithms,
    EqualValues,
    InRange,
    Interval,
    KnowsOpening,
    MemberOf,
    ProofDocument,
    Witness,
    make,
    verify,
)
from privshare.wire.canonical import b64u, decode, encode, unb64u

SCHEMA = Schema(
    (
        Column("deed", "string"),
        Column("price", "int", minimum=0, maximum=10**9, provable=True),
        Column("paid", "decimal", scale=2, provable=True),
        Column("owed", "decimal", scale=2, provable=True),
        Column("sold", "date", provable=True),
        Column("use", "category", categories=("home", "office", "shop"), provable=True),
        Column("heated", "bool", provable=True),
        Column("rooms", "int"),
    ),
    key="deed",
)
ROWS: list[list[Any]] = [
    [f"d-{i}", 100_000 * i, 500 + i, 500, f"2026-03-0{i + 1}", "home", i > 2, i]
    for i in range(7)
]
SALTS = [bytes([i + 1]) * 32 for i in range(7)]
COMMITTED = commit_rows(SCHEMA, ROWS, SALTS)
CONTEXT = Context("title", "demo.privshare", "price band", bytes(16))


def row(index: int = 4, *shown: str) -> AnchoredRow:
    path = merkle.inclusion_proof(COMMITTED.leaf_hashes, index)
    return AnchoredRow(SCHEMA, ROWS[index], SALTS[index], index, path, shown)


def checked(proof: CellProof) -> Any:
    """What a reader finds, after a trip through JSON."""
    again = CellProof.from_json(decode(encode(proof.to_json())))
    assert again == proof
    return again.verify(COMMITTED.root, COMMITTED.rows, SCHEMA)


PROOFS: dict[str, Callable[[], CellProof]] = {
    "range": lambda: prove_cell_in_range(
        row(), "price", 400_000, 450_000, context=CONTEXT
    ),
    "dates": lambda: prove_cell_in_range(
        row(), "sold", "2026-03-01", "2026-03-31", context=CONTEXT
    ),
    "decimals": lambda: prove_cell_in_range(
        row(), "paid", "-1.5", "5.04", context=CONTEXT
    ),
    "at least": lambda: prove_cell_at_least(row(), "paid", "owed", context=CONTEXT),
    "one of": lambda: prove_cell_one_of(row(), "use", ["shop", "home"],
                                        context=CONTEXT),
    "sum": lambda: prove_cells_add_up(
        row(), ["paid", "owed"], [1, -1], 4, context=CONTEXT
    ),
}  # fmt: skip

SAID = {
    "range": ("range/v1", ("price",)),
    "dates": ("range/v1", ("sold",)),
    "decimals": ("range/v1", ("paid",)),
    "at least": ("at-least/v1", ("paid", "owed")),
    "one of": ("one-of-set/v1", ("use",)),
    "sum": ("linear/v1", ("paid", "owed")),
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_cell_proof_holds(name: str) -> None:
    """The reader learns what was proven of which columns of which row."""
    found = checked(PROOFS[name]())
    assert (found.kind, found.columns) == SAID[name]
    assert (found.row, found.opened, found.context) == (4, {}, CONTEXT)


@pytest.mark.parametrize("name", PROOFS)
def test_nothing_else_leaves(name: str) -> None:
    """No value and no salt is in the proof."""
    data = encode(PROOFS[name]().to_json())
    assert b"d-4" not in data
    assert b"504" not in data or name == "decimals"  # its public bound
    assert b64u(SALTS[4]).encode() not in data


def test_cells_may_be_shown_beside() -> None:
    """The key, so that the reader knows which record it is told of."""
    shown = row(4, "deed", "rooms")
    proof = prove_cell_in_range(shown, "price", 0, 10**6, context=CONTEXT)
    assert checked(proof).opened == {"deed": "d-4", "rooms": 4}


def test_a_cell_that_is_opened_is_not_proven_of() -> None:
    """A statement speaks of hidden cells; an opened one needs no proof."""
    shown = row(4, "price")
    proof = prove_cell_in_range(shown, "price", 0, 10**6, context=CONTEXT)
    with pytest.raises(ProofInvalid, match="about provable cells of the row, hidden"):
        checked(proof)


def test_false_statements_are_not_proven() -> None:
    """The owner is told so, and nothing leaves."""
    for low, high in ((0, 399_999), (400_001, 10**9)):
        with pytest.raises(OutOfRange, match="found one outside"):
            prove_cell_in_range(row(), "price", low, high, context=CONTEXT)
    with pytest.raises(OutOfRange, match=r"paid: expected a cell from 0\.00 to 0\.01"):
        prove_cell_in_range(row(), "paid", 0, 1, context=CONTEXT)
    with pytest.raises(OutOfRange, match="found that it is less"):
        prove_cell_at_least(row(), "owed", "paid", context=CONTEXT)
    with pytest.raises(OutOfRange, match="found another"):
        prove_cell_one_of(row(), "use", ["shop", "office"], context=CONTEXT)
    with pytest.raises(ProofInvalid, match="that satisfy the equation"):
        prove_cells_add_up(row(), ["paid", "owed"], [1, -1], 5, context=CONTEXT)


@pytest.mark.parametrize(
    ("column", "error"),
    [("deed", OutOfRange), ("rooms", OutOfRange), ("use", OutOfRange), ("x", NotFound)],
)
def test_columns_without_bounds(column: str, error: type[PrivShareError]) -> None:
    """Cells that are hashes, texts, and columns that there are not."""
    with pytest.raises(error):
        prove_cell_in_range(row(), column, 0, 10, context=CONTEXT)


def test_unlike_columns_do_not_compare() -> None:
    """Another type or another scale is another unit."""
    with pytest.raises(OutOfRange, match="of one type and one scale"):
        prove_cell_at_least(row(), "price", "paid", context=CONTEXT)
    cells = ["d", 500, *ROWS[0][2:]]  # a price of 500, and 5.00 paid
    committed = commit_rows(SCHEMA, [cells, ROWS[1]], SALTS[:2])
    path = merkle.inclusion_proof(committed.leaf_hashes, 0)
    anchored = AnchoredRow(SCHEMA, cells, SALTS[0], 0, path)
    openings = [anchored.opening(name) for name in ("price", "paid")]
    both = openings[0].commitment(), openings[1].commitment()
    honest = prove_cell_in_range(anchored, "price", 0, 500, context=CONTEXT)
    for statement in (AtLeast(*both), EqualValues(both)):
        forged = replace(honest, document=make(statement, Witness(openings), CONTEXT))
        with pytest.raises(ProofInvalid, match="of one type and one scale"):
            forged.verify(committed.root, committed.rows, SCHEMA)


def test_texts_are_not_bounded() -> None:
    """A verifier refuses an interval of hashes, even if there were one."""
    opened = row().opening("use")
    statement = InRange((Interval(opened.commitment(), 0, 1),))
    document = ProofDocument(CONTEXT, statement, bytes(608))
    with pytest.raises(ProofInvalid, match="found category"):
        checked(replace(PROOFS["range"](), document=document))


def test_a_statement_about_something_else_is_refused() -> None:
    """A commitment of nobody's, a cell that is a hash, or no commitment at all."""
    disclosure = PROOFS["range"]().disclosure
    one = Opening(420_000, draw_blinding())
    stranger = make(
        InRange((Interval(one.commitment(), 400_000, 450_000),)),
        Witness([one]),
        CONTEXT,
    )
    verify(stranger)
    with pytest.raises(ProofInvalid, match="found another commitment"):
        checked(CellProof(disclosure, stranger))
    base = make(
        EqualLogarithms((one.commitment(),), (one.commitment(),)),
        Witness(secret=from_int(1)),
        CONTEXT,
    )
    with pytest.raises(ProofInvalid, match="found one about none"):
        checked(CellProof(disclosure, base))


def test_another_row_of_the_same_dataset() -> None:
    """A proof about one row does not go with the disclosure of another."""
    other = prove_cell_in_range(row(3), "price", 0, 10**6, context=CONTEXT)
    mixed = CellProof(other.disclosure, PROOFS["range"]().document)
    with pytest.raises(ProofInvalid):
        checked(mixed)


def test_another_dataset_or_place() -> None:
    """Root, size, place and schema are those of the ledger."""
    proof = PROOFS["range"]()
    for root, rows in ((bytes(32), 7), (COMMITTED.root, 4), (COMMITTED.root, 16)):
        with pytest.raises(InclusionInvalid):
            proof.verify(root, rows, SCHEMA)
    moved = replace(proof.disclosure, row=3)
    with pytest.raises(InclusionInvalid):
        checked(replace(proof, disclosure=moved))
    with pytest.raises(EncodingError):
        proof.verify(COMMITTED.root, 7, Schema(SCHEMA.columns[:-1]))


@pytest.mark.parametrize("name", PROOFS)
def test_any_changed_cell_is_refused(name: str) -> None:
    """Commitments in the disclosure are those of the row, and of the statement."""
    proof = PROOFS[name]()
    for j, cell in enumerate(proof.disclosure.cells):
        assert isinstance(cell, Hidden)
        other = proof.disclosure.cells[j - 1]
        cells = list(proof.disclosure.cells)
        cells[j] = other
        with pytest.raises((InclusionInvalid, ProofInvalid)):
            checked(replace(proof, disclosure=replace(proof.disclosure,
                                                      cells=tuple(cells))))  # fmt: skip


def test_any_flipped_leaf_of_the_json_is_refused() -> None:
    """Whatever is changed in the document as it travels."""
    laid: Any = PROOFS["range"]().to_json()
    tried = 0

    def bend(value: Any, put: Callable[[Any], None]) -> None:
        nonlocal tried
        if isinstance(value, dict):
            for name in list(value):
                bend(value[name], lambda new, name=name: value.__setitem__(name, new))
        elif isinstance(value, list):
            for i in range(len(value)):
                bend(value[i], lambda new, i=i: value.__setitem__(i, new))
        else:
            put(value + 1 if isinstance(value, int) else f"{value[:-1]}~")
            tried += 1
            with pytest.raises(PrivShareError):
                CellProof.from_json(copy.deepcopy(laid)).verify(
                    COMMITTED.root, COMMITTED.rows, SCHEMA
                )
            put(value)

    bend(laid, lambda _: None)
    assert tried > 20
    checked(CellProof.from_json(laid))


@pytest.mark.parametrize(
    ("column", "text", "value", "again"),
    [
        ("price", "12", 12, "12"),
        ("price", "-5", -5, "-5"),
        ("paid", "1.5", 150, "1.50"),
        ("paid", "-0.05", -5, "-0.05"),
        ("sold", "0001-01-01", 1, "0001-01-01"),
        ("heated", "true", 1, "true"),
    ],
)
def test_bounds_are_read_and_shown(
    column: str, text: str, value: int, again: str
) -> None:
    """In the words of the column, also outside its interval."""
    found = SCHEMA.column(column)
    assert bound(found, text) == bound(found, value) == value
    assert bound_text(found, value) == again


def test_odd_bounds_are_shown_as_numbers() -> None:
    """A number that is no day of the calendar, or no boolean."""
    assert bound_text(SCHEMA.column("sold"), 0) == "0"
    assert bound_text(SCHEMA.column("sold"), 10**9) == "1000000000"
    assert bound_text(SCHEMA.column("heated"), 2) == "2"


@pytest.mark.parametrize(
    ("column", "text"),
    [("price", "1.5"), ("price", ""), ("sold", "2026-02-30"), ("heated", "yes")],
)
def test_bounds_of_another_form_are_refused(column: str, text: str) -> None:
    """As a table would refuse them."""
    with pytest.raises(EncodingError):
        bound(SCHEMA.column(column), text)


def test_equality_across_datasets() -> None:
    """Two agencies hold the same value: each opens its own cell to itself."""
    one, two = row(4).opening("use"), row(5).opening("use")
    verify(prove_cell_equals(row(4), "use", two, context=CONTEXT))
    assert one.commitment() != two.commitment()
    with pytest.raises(ProofInvalid, match="expected one value"):
        other = row(5).opening("price")
        prove_cell_equals(row(4), "price", other, context=CONTEXT)


def test_a_cell_is_encrypted_to_a_regulator() -> None:
    """The ciphertext's first half is the cell itself; its second half is proven."""
    key = SecretKey.generate()
    opened = row().opening("price")
    ciphertext, _ = encrypt(key.public, 400_000, blinding=opened.blinding)
    statement = Encrypted(key.public, Ciphertext(opened.commitment(), ciphertext.d))
    document = make(statement, Witness([opened]), CONTEXT)
    found = checked(CellProof(PROOFS["range"]().disclosure, document))
    assert (found.kind, found.columns) == ("elgamal-encryption/v1", ("price",))


def test_a_row_that_is_not_the_owners_is_refused() -> None:
    """A wrong salt gives another commitment, of which the proof is then none."""
    wrong = replace(row(), salt=bytes(32))
    proof = prove_cell_in_range(wrong, "price", 0, 10**6, context=CONTEXT)
    with pytest.raises(InclusionInvalid):
        checked(proof)


# -- rows that are one of many ------------------------------------------------

BLOCKS = [(0, 7), (0, 4), (0, 2), (2, 2), (4, 2), (4, 3)]


def block(first: int, count: int) -> Block:
    span = slice(first, first + count)
    cells = row_cells(SCHEMA, ROWS[span], SALTS[span])
    return Block.of(COMMITTED.leaf_hashes, first, cells)


def hidden(
    index: int = 5, first: int = 4, count: int = 3, *columns: str
) -> tuple[HiddenRow, tuple[Opening, ...]]:
    return hide_row(
        SCHEMA,
        block(first, count),
        index,
        ROWS[index],
        SALTS[index],
        columns or ("price", "use"),
        context=CONTEXT,
    )


@pytest.mark.parametrize(("first", "count"), BLOCKS)
def test_a_row_of_any_block(first: int, count: int) -> None:
    """Whole datasets, aligned blocks, and a block that ends with the dataset."""
    for index in (first, first + count - 1):
        proof, openings = hidden(index, first, count)
        again = HiddenRow.from_json(decode(encode(proof.to_json())))
        found = again.verify(COMMITTED.root, COMMITTED.rows, SCHEMA)
        assert (found.first, found.count) == (first, count)
        assert found.columns == ("price", "use")
        assert [o.value for o in openings] == [
            row(index).opening(name).value for name in found.columns
        ]


def test_further_proofs_speak_of_the_hidden_row() -> None:
    """Some deed of the block has a price in the band: which one, nobody sees."""
    proof, (price, _) = hidden(5)
    found = proof.verify(COMMITTED.root, COMMITTED.rows, SCHEMA)
    band = InRange((Interval(found.commitments[0], 400_000, 600_000),))
    verify(make(band, Witness([price]), CONTEXT))
    data = encode(proof.to_json())
    assert price.commitment() not in {c for r in proof.block.cells for c in r}
    assert b"d-5" not in data


@pytest.mark.parametrize(
    ("first", "count", "error"),
    [(0, 3, OutOfRange), (1, 2, OutOfRange), (6, 1, OutOfRange)],
)
def test_other_blocks_are_none(first: int, count: int, error: type[Exception]) -> None:
    """Not aligned, too short, or beyond the end."""
    with pytest.raises(error):
        block(first, count)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda b: replace(b, first=0),
        lambda b: replace(b, cells=b.cells[::-1]),
        lambda b: replace(b, cells=b.cells[:2]),
        lambda b: replace(b, cells=(*b.cells, b.cells[0])),
        lambda b: replace(b, path=b.path[:-1]),
        lambda b: replace(b, path=(*b.path, bytes(32))),
        lambda b: replace(b, path=(bytes(32),)),
    ],
)
def test_rows_that_are_not_the_datasets(spoil: Callable[[Block], Block]) -> None:
    """The block is what the ledger's root stands over, or it is refused."""
    proof, _ = hidden()
    with pytest.raises((InclusionInvalid, ProofInvalid)):
        replace(proof, block=spoil(proof.block)).verify(COMMITTED.root, 7, SCHEMA)


def test_candidates_are_columns_of_the_block() -> None:
    """Provable ones, each once, and all rows of them."""
    proof, _ = hidden()
    statement = proof.document.statement
    assert isinstance(statement, MemberOf)
    for columns in (
        (statement.columns[0], statement.columns[0]),
        (
            replace(
                statement.columns[0], candidates=statement.columns[0].candidates[:2]
            ),
        ),
    ):
        document = replace(proof.document, statement=MemberOf(columns))
        with pytest.raises(ProofInvalid, match="expected candidates that are provable"):
            replace(proof, document=document).verify(COMMITTED.root, 7, SCHEMA)
    swapped = MemberOf(statement.columns[::-1])
    document = replace(proof.document, statement=swapped)
    with pytest.raises(ProofInvalid):
        replace(proof, document=document).verify(COMMITTED.root, 7, SCHEMA)
    one = row().opening("price")
    other = make(KnowsOpening(one.commitment()), Witness([one]), CONTEXT)
    with pytest.raises(ProofInvalid, match="expected a proof of kind member/v1"):
        replace(proof, document=other).verify(COMMITTED.root, 7, SCHEMA)


def test_a_hidden_row_of_another_dataset() -> None:
    """Root, size and schema are those of the ledger."""
    proof, _ = hidden()
    for root, rows in ((bytes(32), 7), (COMMITTED.root, 16)):
        with pytest.raises(InclusionInvalid):
            proof.verify(root, rows, SCHEMA)
    with pytest.raises(EncodingError):
        proof.verify(COMMITTED.root, 7, Schema(SCHEMA.columns[:-1]))


def test_hiding_needs_the_row() -> None:
    """Another row's cells or salt, a row outside, a column of hashes."""
    whole = block(0, 4)
    for index, cells, salt in (
        (2, ROWS[3], SALTS[2]),
        (2, ROWS[2], SALTS[3]),
        (3, ROWS[2], SALTS[2]),
    ):
        with pytest.raises(ProofInvalid):
            hide_row(SCHEMA, whole, index, cells, salt, ["price"], context=CONTEXT)
    for index, column in ((4, "price"), (-1, "price"), (2, "rooms")):
        with pytest.raises(OutOfRange):
            hide_row(SCHEMA, whole, index, ROWS[2], SALTS[2], [column], context=CONTEXT)


@pytest.mark.parametrize(
    "change",
    [
        {"first": 1},
        {"first": -4},
        {"first": "4"},
        {"cells": []},
        {"cells": [[]]},
        {"cells": [["AA"], ["AA"]]},
        {"cells": ["A", "B"]},
        {"cells": None},
        {"path": None},
        {"path": ["AA"]},
        {"more": 1},
    ],
)
def test_a_malformed_block_is_refused(change: dict[str, Any]) -> None:
    """Each field has one form."""
    proof, _ = hidden()
    laid: Any = proof.to_json()
    with pytest.raises((EncodingError, OutOfRange)):
        HiddenRow.from_json({**laid, "block": {**laid["block"], **change}})


def test_blocks_have_one_width() -> None:
    """Every row has as many cells as the first, all of 32 bytes."""
    cells = block(0, 2).cells
    for rows in ((cells[0], cells[1][:-1]), ((), ()), ((b"x",), (b"y",))):
        with pytest.raises(EncodingError):
            Block(0, rows, ())
    with pytest.raises(EncodingError):
        Block(0, cells, (bytes(31),))
    with pytest.raises(EncodingError):
        Block(0, cells, (bytes(32),) * 65)
    with pytest.raises(OutOfRange):
        Block(0, cells[:1], ())


def test_opened_cells_are_verified_beside() -> None:
    """What is shown beside a proof is checked as any disclosure."""
    proof = prove_cell_in_range(row(4, "deed"), "price", 0, 10**6, context=CONTEXT)
    deed = proof.disclosure.cells[0]
    assert isinstance(deed, Opened)
    lie = (Opened(deed.salt, "d-3"), *proof.disclosure.cells[1:])
    with pytest.raises(InclusionInvalid):
        checked(replace(proof, disclosure=replace(proof.disclosure, cells=lie)))
    assert unb64u(b64u(deed.salt)) == deed.salt
