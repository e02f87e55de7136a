"""Routes of the drawer: receipts, what is attached to them, and bundles.

A receipt is given as it is, byte for byte. Its id is the id of the transaction
it is about; while witnesses are late there is none yet.
"""

from __future__ import annotations

from privshare.audit.bundle import write_bundle
from privshare.errors import NotFound, NotPermitted, Unavailable
from privshare.ledger.trust import trust_policy
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

#: Whose attachment is the text of an unnamed member, read at
#: `/v1/statements/{id}/message` by fewer people.
STATEMENT = "statement.ring"


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
    """Give a file that belongs to a receipt, if it is not a statement's text."""
    found = call.context.store.receipt(call.params["id"])
    if found is not None and found.operation == STATEMENT:
        raise NotPermitted(
            "expected the attachment of another receipt, found a statement's text",
            fix="Stewards and regulators read it: GET /v1/statements/{id}/message.",
            detail={"rule": "statement.reader"},
        )
    data = call.context.store.attachment(call.params["id"], call.params["file"])
    if data is None:
        raise NotFound("expected an attachment of that name, found none")
    name = f'attachment; filename="{call.params["file"]}"'
    return Answer(data, headers={"Content-Disposition": name}, media=BYTES)


def bundle(call: Call) -> Answer:
    """Give a page of receipts as one zip file, for an auditor or a court.

    Attachments are in it for analysts only: they hold plaintext. Texts of
    statements are in it for nobody.
    """
    store, node = call.context.store, call.context.node
    found = store.receipts(call.query.limit, index_before(call))
    analyst = "analyst" in call.person.roles
    enclosed = {}
    for one in found:
        given = one.attachments if analyst and one.operation != STATEMENT else ()
        files = {name: store.attachment(one.id, name) or b"" for name in given}
        enclosed[f"{one.index}-{one.operation.replace('.', '-')}"] = (one.body, files)
    trust = trust_policy(node.ledger.genesis, node.view(), None).encode("utf-8")
    headers = {"Content-Disposition": f'attachment; filename="{node.agency}.zip"'}
    return Answer(write_bundle(enclosed, trust), headers=headers, media=ZIP)


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
    Route(
        "GET",
        "/v1/bundle",
        bundle,
        people("analyst", "auditor", "regulator", "steward"),
        "Receipts as one zip file; attachments for analysts only.",
        query=Page,
        media=ZIP,
    ),
)
