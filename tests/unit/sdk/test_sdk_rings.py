"""A node that answers with a true receipt of something else is caught."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from sdk_kit import Clock, Node, problem, signer

from privshare.errors import EvidenceInvalid
from privshare.jobs.receipt import Receipt
from privshare.jobs.requirement_statement import subject_of
from privshare.ledger.transaction import Transaction, parse
from privshare.sdk import client, transport
from privshare.sdk.session import Session

RECEIPTS = Path(__file__).parents[2] / "journeys" / "receipts"


def subject(operation: str) -> tuple[bytes, Transaction]:
    """A receipt, and the transaction that it is about."""
    data = (RECEIPTS / f"{operation}.psr").read_bytes()
    receipt = Receipt.from_bytes(data)
    (found,) = (one for one in receipt.entries if one.index == receipt.subject)
    return data, parse(found.data)


def connected(answers: dict[str, Any]) -> Any:
    """A client of a node that answers so, with the trust policy of the receipts."""
    clock = Clock(2_000_000_000.0)
    transported = httpx.MockTransport(Node(answers).handle)
    driver = transport.blocking(signer(clock), transported)
    session = Session((RECEIPTS / "trust.policy").read_text(), clock, clock)
    return client.Client(driver, session, "http://127.0.0.1:7101")


def test_the_receipt_of_another_statement() -> None:
    """Its transaction is what the node says; the statement is what was asked for."""
    data, tx = subject("statement.ring")
    name, _ = subject_of(tx)
    answers = {
        f"GET /v1/statements/{asked}": (200, {"tx": tx.id}) for asked in (name, "other")
    }
    net = connected({**answers, f"GET /v1/receipts/{tx.id}": (200, data)})
    message = (RECEIPTS / "statement.ring.message").read_bytes()
    assert net.rings.receipt(name, message).operation == "statement.ring"
    with pytest.raises(EvidenceInvalid, match="about something else"):
        net.rings.receipt("other", message)


def test_the_proof_of_another_datasets_cell() -> None:
    """A proof that holds, of a dataset that nobody asked about."""
    data, tx = subject("statement.zk")
    schema: dict[str, Any] = {
        "columns": [{"name": "price", "type": "int", "scale": None}]
    }
    answers: dict[str, Any] = {
        "POST /v1/proofs": (201, {"receipt": tx.id, "index": 1}),
        f"GET /v1/receipts/{tx.id}": (200, data),
    }
    for dataset in (tx.body["subject"], "tax/other"):
        shown = {"dataset": dataset, "schema": schema}
        answers[f"GET /v1/datasets/{dataset}"] = (200, shown)
    net = connected(answers)
    mine = net.dataset(tx.body["subject"])
    proof = mine.prove_range("k", "price", "1", "2", purpose="x")
    assert proof.operation == "statement.zk"
    with pytest.raises(EvidenceInvalid, match="about something else"):
        net.dataset("tax/other").prove_range("k", "price", "1", "2", purpose="x")


def test_a_bundle_leaves_out_what_its_maker_may_not_read() -> None:
    """The node keeps a statement's text from analysts; their bundles go on."""
    items = []
    answers: dict[str, Any] = {}
    for operation in ("statement.ring", "statement.zk"):
        data, tx = subject(operation)
        items.append({"id": tx.id, "operation": operation})
        answers[f"GET /v1/receipts/{tx.id}"] = (200, data)
        where = f"GET /v1/receipts/{tx.id}/attachments/message"
        answers[where] = problem(403, "NotPermitted", "not you")
    answers["GET /v1/receipts"] = (200, {"items": items, "next": None})
    with zipfile.ZipFile(io.BytesIO(connected(answers).bundle())) as made:
        names = "\n".join(made.namelist())
    assert "statement-zk" in names and "statement-ring" not in names
