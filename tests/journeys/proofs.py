"""Proofs on the network of the journeys: a dataset with provable cells, and one proof.

`network.Network` calls these; they are here because it is long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privshare.bindings import merkle
from privshare.ledger.api import Committed
from privshare.rights.anchored_row import AnchoredRow
from privshare.rights.cell_proof import CellProof, prove_cell_in_range
from privshare.rights.row import commit_rows
from privshare.rights.schema import Column, Schema
from privshare.schemes.proof import Context, ProofDocument
from privshare.wire.canonical import b64u

if TYPE_CHECKING:
    from network import Network

DATASET = "title/deeds-2026"
SCHEMA = Schema(
    (
        Column("deed", "string"),
        Column("price", "decimal", scale=2, provable=True),
        Column("sold", "date", provable=True),
    ),
    key="deed",
)
ROWS = [[f"d-{i}", 30_000_000 + 1_000_000 * i, "2026-03-01"] for i in range(6)]
ROW = 4
SALTS = [bytes([i + 1]) * 32 for i in range(len(ROWS))]
COMMITTED = commit_rows(SCHEMA, ROWS, SALTS)


def register(network: Network) -> Committed:
    """Title registers its deeds, once."""
    held = network.ledger.view().get(f"dataset/{DATASET}")
    if held is not None:
        return Committed("", held["at"], 0, 0)
    return network.submit("dataset.register", "title", commitments(network))


def commitments(network: Network, **changes: Any) -> dict[str, Any]:
    """The body of `dataset.register`."""
    return {
        **network.commitments(),
        "dataset": DATASET,
        "root": b64u(COMMITTED.root),
        "rows": COMMITTED.rows,
        "schema": b64u(SCHEMA.digest()),
    } | changes


def price_band(
    network: str, low: str = "300000.00", high: str = "400000.00"
) -> CellProof:
    """That the price in row 4 is from 300,000 to 400,000; its deed is shown."""
    row = AnchoredRow(
        SCHEMA,
        ROWS[ROW],
        SALTS[ROW],
        ROW,
        merkle.inclusion_proof(COMMITTED.leaf_hashes, ROW),
        shown=("deed",),
    )
    context = Context.fresh("loan application", account="title", network=network)
    return prove_cell_in_range(row, "price", low, high, context=context)


def body(document: ProofDocument, subject: str | None) -> dict[str, Any]:
    """The body of `statement.zk`."""
    return {
        "kind": document.kind,
        "proof": b64u(document.digest()),
        "subject": subject,
    }


def evidence(proof: CellProof, anchored: int, replaced: int | None) -> dict[str, Any]:
    """What its receipt holds."""
    return {
        "anchored": anchored,
        "disclosure": proof.disclosure.to_json(),
        "document": proof.document.to_json(),
        "replaced": replaced,
        "schema": SCHEMA.to_json(),
    }
