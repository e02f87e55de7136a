"""Proofs about rows of our own datasets, on the ledger by their digest.

    steward   dataset, key, column, bounds ─► prove_range
                  row, salt ─► CellProof ─► statement.zk ─► receipt

The row is read and proven here, where its salt is; what leaves is the proof
and a disclosure in which every cell is hidden. The ledger gets a digest, the
receipt all that a verifier needs.

Implements docs/formats/proof.md, "Proofs about cells", and
docs/formats/receipt.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from privshare.bindings import merkle
from privshare.errors import NotFound, NotPermitted
from privshare.exchange import dataset as datasets
from privshare.exchange import drawer
from privshare.exchange.node import Node
from privshare.ledger import query
from privshare.ledger.values import Dataset
from privshare.rights import identifier
from privshare.rights.anchored_row import AnchoredRow
from privshare.rights.cell_proof import CellProof, prove_cell_in_range
from privshare.rights.schema import Schema
from privshare.schemes.proof import Context, ProofDocument
from privshare.schemes.proof import verify as verify_proof
from privshare.wire.canonical import Json, b64u, decode
from privshare.wire.digest import parse_digest

__all__ = ["Proven", "prove_range", "state"]

KIND = "statement.zk"


@dataclass(frozen=True, slots=True)
class Proven:
    """A proof that is on the ledger.

    Attributes:
        tx: The transaction's id, and the receipt's.
        index: Log index.
        document: What is proven.
    """

    tx: str
    index: int
    document: ProofDocument


def prove_range(
    node: Node,
    dataset: str,
    key: str,
    column: str,
    low: int | str,
    high: int | str,
    *,
    purpose: str,
    person: str = "",
) -> Proven:
    """Prove that a cell of an anchored row lies between two bounds.

    Args:
        node: The owner's.
        dataset: Which dataset of ours.
        key: Value of its key column, as text; it is not shown.
        column: A provable one.
        low: The least value: an integer (of a decimal scaled), or as text.
        high: The greatest.
        purpose: What for; bound into the proof.
        person: Who asked.

    Raises:
        NotPermitted: The dataset is another agency's.
        NotFound: No such dataset, record or column.
        StepNotAllowed: The dataset is retired.
        OutOfRange: The cell is not between the bounds, or not provable.
        EncodingError: A bound is no value of the column.
    """
    state_of, schema, row = _row(node, dataset, key)
    context = Context.fresh(purpose, account=node.agency, network=node.network)
    proof = prove_cell_in_range(row, column, low, high, context=context)
    proof.verify(parse_digest(state_of.root), state_of.rows, schema)
    return _submit(node, dataset, proof, state_of, schema, person)


def state(node: Node, document: ProofDocument, *, person: str = "") -> Proven:
    """Put any proof of ours on the ledger, about no dataset.

    Args:
        node: Of whoever the proof's context names.
        document: A proof.
        person: Who asked.

    Raises:
        NotPermitted: It is for another account or network.
        ProofInvalid: It does not hold.
    """
    named = (document.context.account, document.context.network)
    if named != (node.agency, node.network):
        raise NotPermitted(
            f"expected a proof by {node.agency} in {node.network}, found one by "
            f"{named[0] or 'nobody'} in {named[1] or 'no network'}",
            fix="make the proof for this account and network",
            detail={"rule": "proof.account"},
        )
    verify_proof(document)
    committed = node.submit(KIND, _body(document, None))
    _note(node, committed.id, "", person)
    drawer.file(
        node,
        KIND,
        committed,
        committed.id,
        evidence={"document": cast(Json, document.to_json())},
    )
    return Proven(committed.id, committed.index, document)


def _row(node: Node, dataset: str, key: str) -> tuple[Dataset, Schema, AnchoredRow]:
    """The row of a key, with its place under the root that the ledger holds."""
    if identifier.owner_of(dataset) != node.agency:
        raise NotPermitted(
            f"expected a dataset of {node.agency}, found {dataset}",
            fix="ask its owner's steward for the proof",
            detail={"rule": "dataset.owner"},
        )
    known = datasets.documents(node, dataset)
    datasets.need_registered(known.state, dataset)
    own, found = node.store.dataset(dataset), node.store.row_by_key(dataset, key)
    if own is None or known.schema.key is None or found is None:
        raise NotFound(
            "expected a record with this key, found none", detail={"rule": "record.key"}
        )
    index, data, salt = found
    row = AnchoredRow(
        known.schema,
        cast(list[Json], decode(data)),
        salt,
        index,
        merkle.inclusion_proof(own.leaves, index),
    )
    return known.state, known.schema, row


def _submit(
    node: Node,
    dataset: str,
    proof: CellProof,
    before: Dataset,
    schema: Schema,
    person: str,
) -> Proven:
    committed = node.submit(KIND, _body(proof.document, dataset))
    _note(node, committed.id, dataset, person)
    now = query.dataset(node.view(), dataset)
    drawer.file(
        node,
        KIND,
        committed,
        dataset,
        evidence={
            "anchored": before.changed,
            "disclosure": cast(Json, proof.disclosure.to_json()),
            "document": cast(Json, proof.document.to_json()),
            "replaced": now.changed if now.changed != before.changed else None,
            "schema": schema.to_json(),
        },
    )
    return Proven(committed.id, committed.index, proof.document)


def _body(document: ProofDocument, subject: str | None) -> dict[str, Json]:
    return {
        "kind": document.kind,
        "proof": b64u(document.digest()),
        "subject": subject,
    }


def _note(node: Node, tx: str, dataset: str, person: str) -> None:
    node.store.log_use(
        node.clock(), node.agency, KIND, person=person, dataset=dataset, subject=tx
    )
