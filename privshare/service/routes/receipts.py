"""Routes of the drawer: receipts, what is attached to them, and bundles.

A receipt is given as it is, byte for byte. Its id is the id of the transaction
it is about; while witnesses are late there is none yet.
"""

from __future__ import annotations

from privshare.errors import NotFound, Unavailable
from privshare.service.paging import Page, index_before, page
from privshare.service.route import (
    EVERYBODY,
    Answer,
    Call,
    Route,
    people,
)
from privshare.store.row import ReceiptRecord
from privshare.wire.canonical import Json

RECEIPT = "application/vnd.privshare.receipt+json"
ZIP = "application/zip"
BYTES = "application/octet-stream"


def listing(call: Call) -> Answer:
    """List receipts, the newest first."""
    found = call.context.store.receipts(call.query.limit + 1, index_before(call))
    return page(call, found, _shown, lambda receipt: receipt.index)


def receipt(call: Call) -> Answer:
    """Give a receipt, the bytes of a `.psr` file."""
    found = call.context.store.receipt(call.params["id"])
    if found is not None:
        name = f'attachment; filename="{found.operation}.psr"'
        return Answer(found.body, headers={"Content-Disposition": name}, media=RECEIPT)
    if call.context.node.ledger.find(call.params["id"]) is not None:
        raise Unavailable(
            "expected a receipt with a quorum of cosignatures, found one that waits "
            "for witnesses",
            fix="Ask again in a moment.",
        )
    raise NotFound("expected a receipt of this node, found none of that id")


def attachment(call: Call) -> Answer:
    """Give a file that belongs to a receipt."""
    data = call.context.store.attachment(call.params["id"], call.params["file"])
    if data is None:
        raise NotFound("expected an attachment of that name, found none")
    name = f'attachment; filename="{call.params["file"]}"'
    return Answer(data, headers={"Content-Disposition": name}, media=BYTES)


def _shown(found: ReceiptRecord) -> Json:
    names: list[Json] = list(found.attachments)
    return {
        "attachments": names,
        "id": found.id,
        "index": found.index,
        "made": found.made,
        "operation": found.operation,
        "subject": found.subject,
    }


ROUTES = (
    Route(
        "GET", "/v1/receipts", listing, EVERYBODY, "Receipts, newest first.", query=Page
    ),
    Route(
        "GET",
        "/v1/receipts/{id}",
        receipt,
        EVERYBODY,
        "A receipt, the bytes of a .psr file.",
        media=RECEIPT,
    ),
    Route(
        "GET",
        "/v1/receipts/{id}/attachments/{file}",
        attachment,
        people("analyst"),
        "A file that belongs to a receipt, such as the record that was shared.",
        media=BYTES,
    ),
)
