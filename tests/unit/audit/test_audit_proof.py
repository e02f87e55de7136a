"""What a verifier says that a cell proof proves: all of it, in the columns' words."""

from __future__ import annotations

from privshare.audit.proof import _of_cells
from privshare.bindings import merkle
from privshare.rights.anchored_row import AnchoredRow
from privshare.rights.cell_proof import CellProof, prove_cell_one_of, prove_cells_add_up
from privshare.rights.row import commit_rows
from privshare.rights.schema import Column, Schema
from privshare.schemes.proof import Context

SCHEMA = Schema(
    (
        Column("price", "int", provable=True),
        Column("paid", "decimal", scale=2, provable=True),
        Column("use", "category", categories=("home", "office", "shop"), provable=True),
        Column("street", "string", provable=True),
    )
)
ROWS = [[500, 500, "home", "Elm"], [1, 2, "shop", "Oak"]]
SALTS = [bytes([n]) * 32 for n in (1, 2)]
COMMITTED = commit_rows(SCHEMA, ROWS, SALTS)
ROW = AnchoredRow(
    SCHEMA, ROWS[0], SALTS[0], 0, merkle.inclusion_proof(COMMITTED.leaf_hashes, 0)
)
CONTEXT = Context.fresh("a test")


def said(proof: CellProof) -> str:
    """The sentence about a proof."""
    return _of_cells(proof.verify(COMMITTED.root, COMMITTED.rows, SCHEMA), SCHEMA)


def test_the_values_of_a_set_are_said() -> None:
    """One of home and office is not one of home and shop."""
    for column, cells, shown in (
        ("use", ["home", "office"], "is one of 2 values: home and office"),
        ("paid", [500, 501], "is one of 2 values: 5.00 and 5.01"),
        ("price", [500, -1], "is one of 2 values: 500 and -1"),
        ("street", ["Elm", "Oak"], "is one of 2 values: the text "),
    ):
        proof = prove_cell_one_of(ROW, column, cells, context=CONTEXT)
        assert f"in row 0 {column} {shown}" in said(proof)


def test_a_sum_is_said_in_its_units() -> None:
    """500 and 5.00 cancel: what is counted are the last digits."""
    proof = prove_cells_add_up(ROW, ["price", "paid"], [1, -1], 0, context=CONTEXT)
    assert said(proof) == (
        "Proven is that in row 0 price and -1 times paid (in hundredths) add up to 0"
    )
