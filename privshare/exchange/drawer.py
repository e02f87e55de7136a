"""A node's drawer of receipts: every operation's receipt ends up in it.

A receipt needs witnesses, and witnesses may be late. So what a receipt is made
of is written down first, and the receipt is made from that: at once when the
witnesses are quick, else by `tidy`, which the node runs now and then and after
a restart. The operation itself is committed either way.

    verb ─► file ─► notes in storage ─► receipts.assemble ─► drawer
                        └──────────────── tidy ─────────────────┘

A receipt's id is the id of the transaction that it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from privshare.errors import PrivShareError, Unavailable
from privshare.exchange import receipts
from privshare.exchange.node import Node
from privshare.ledger.api import Committed
from privshare.wire.canonical import Json, b64u, decode, encode, unb64u

__all__ = ["file", "file_at", "tidy"]

_PENDING = "receipt:"
_NOTES = "notes"
_MAX_NOTES = 128 << 20


@dataclass(frozen=True, slots=True)
class _Notes:
    """What a receipt is made of."""

    operation: str
    index: int
    subject: str
    evidence: Mapping[str, Json] | None
    result: Mapping[str, Json] | None
    attachments: Mapping[str, bytes]

    def to_bytes(self) -> bytes:
        files = {name: b64u(data) for name, data in self.attachments.items()}
        return encode(
            {
                "attachments": files,
                "evidence": self.evidence,
                "index": self.index,
                "operation": self.operation,
                "result": self.result,
                "subject": self.subject,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> _Notes:
        value = cast(dict[str, Any], decode(data, max_bytes=_MAX_NOTES))
        files = {name: unb64u(text) for name, text in value["attachments"].items()}
        return cls(**{**value, "attachments": files})


def file(
    node: Node,
    operation: str,
    committed: Committed,
    subject: str,
    *,
    evidence: Mapping[str, Json] | None = None,
    result: Mapping[str, Json] | None = None,
    attachments: Mapping[str, bytes] | None = None,
) -> str:
    """File the receipt of an operation that was committed.

    Args:
        node: This node.
        operation: As receipts name it, e.g. `grant.issue`.
        committed: The transaction it is about.
        subject: The dataset, grant or job, for people who look for it.
        evidence: The technique's own, if the operation has any.
        result: The result document, if it has any.
        attachments: Files beside the receipt, by name.

    Returns:
        The receipt's id. It may appear in the drawer a little later, when
        witnesses are away; nothing is raised then.
    """
    return file_at(
        node,
        operation,
        committed.id,
        committed.index,
        subject,
        evidence=evidence,
        result=result,
        attachments=attachments,
    )


def file_at(
    node: Node,
    operation: str,
    tx_id: str,
    index: int,
    subject: str,
    *,
    evidence: Mapping[str, Json] | None = None,
    result: Mapping[str, Json] | None = None,
    attachments: Mapping[str, bytes] | None = None,
) -> str:
    """`file`, for a transaction that is known by its id and log index."""
    notes = _Notes(operation, index, subject, evidence, result, attachments or {})
    node.store.put_blob(_PENDING + tx_id, _NOTES, notes.to_bytes())
    try:
        _make(node, tx_id, notes, node.receipt_timeout_s)
    except Unavailable:
        return tx_id  # tidy will find the notes
    return tx_id


def tidy(node: Node, timeout_s: float = 1.0) -> int:
    """Make receipts whose witnesses were late.

    Returns:
        How many are still missing.
    """
    missing = 0
    for name in node.store.blob_jobs(_PENDING):
        data = node.store.blob(name, _NOTES)
        if data is None:
            continue
        try:
            notes = _Notes.from_bytes(data)
            _make(node, name.removeprefix(_PENDING), notes, timeout_s)
        except PrivShareError:
            missing += 1
    return missing


def _make(node: Node, tx_id: str, notes: _Notes, timeout_s: float) -> None:
    receipt = receipts.assemble(
        node.ledger,
        notes.operation,
        notes.index,
        evidence=notes.evidence,
        result=notes.result,
        attachments=notes.attachments,
        need=node.need(),
        timeout_s=timeout_s,
    )
    node.store.put_receipt(
        tx_id,
        operation=notes.operation,
        subject=notes.subject,
        index=notes.index,
        body=receipt.to_bytes(),
        attachments=notes.attachments,
        now=node.clock(),
    )
    node.store.drop_blobs(_PENDING + tx_id)
