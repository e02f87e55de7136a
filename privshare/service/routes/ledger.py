"""Routes of the ledger: the log for everybody, submission for its agencies.

The log is public by design: it holds commitments and statements, no data. A
transaction carries its own signatures, so its route asks for no other. This
is the path whose speed matters; it does nothing twice.

Implements C2SP tlog-tiles and tlog-witness; docs/formats/entry.md.
"""

from __future__ import annotations

from typing import cast

from pydantic import Field

from privshare.errors import Conflict, NotFound, SignatureInvalid, SplitView
from privshare.log.witness import SIZE_TYPE, encode_size
from privshare.service.paging import Number
from privshare.service.problems import Refusal
from privshare.service.route import JSON, PUBLIC, Answer, Body, Call, Model, Route
from privshare.wire import envelope
from privshare.wire.canonical import Fields, Json

MAX_SUBMISSION = 160 * 1024
MAX_CHECKPOINT = 64 * 1024
MAX_LEAVES = 1024
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_NEVER = {"Cache-Control": "no-store"}


class Committed(Model):
    """Where a transaction stands in the log, for good."""

    height: int = Field(description="its block")
    id: str = Field(description="the transaction's id")
    index: int = Field(description="log index of its entry")
    size: int = Field(description="size of the log right after its block")


class Since(Model):
    """From which size of the log on."""

    size: Number | None = Field(
        default=None, ge=0, description="the best cosigned one of at least this size"
    )


def checkpoint(call: Call) -> Answer:
    """Give the newest checkpoint with the cosignatures so far."""
    note = call.context.node.ledger.checkpoint(call.query.size)
    return Answer(note, headers=_NEVER, media=TEXT)


def tile(call: Call) -> Answer:
    """Give a tile or an entry bundle."""
    path = call.params["path"]
    data = call.context.node.ledger.tile(f"tile/{path}")
    kept = _NEVER if ".p/" in path else _FOREVER
    return Answer(data, headers=kept, media=BYTES)


def genesis(call: Call) -> Answer:
    """Give entry 0, which says what network this is."""
    return Answer(call.context.node.ledger.genesis.encode(), headers=_FOREVER)


def entry(call: Call) -> Answer:
    """Give one entry's bytes."""
    text = call.params["index"]
    data = call.context.node.ledger.entry(int(text))
    return Answer(data, headers=_FOREVER, media=BYTES)


def submit(call: Call) -> Json:
    """Append a transaction; the answer comes when it is durable."""
    fields = Fields(call.body, where="submission")
    leaves = fields.bytes("leaves", max=32 * MAX_LEAVES)
    tx = envelope.encode(envelope.from_json(cast(dict[str, Json], fields.json("tx"))))
    fields.end()
    done = call.context.node.ledger.submit(tx, leaves)
    return {
        "height": done.height,
        "id": done.id,
        "index": done.index,
        "size": done.size,
    }


def add_checkpoint(call: Call) -> Answer:
    """Verify and cosign a checkpoint, as the witness of this agency."""
    witness = call.context.witness
    if witness is None:
        raise NotFound(
            "expected a node that mirrors the log, found the one that hosts it",
            fix="Ask the other agencies' nodes.",
        )
    try:
        return Answer(witness(call.body), headers=_NEVER, media=TEXT)
    except Conflict as error:
        if "size" not in error.detail:
            raise
        return Answer(encode_size(error.detail["size"]), 409, _NEVER, SIZE_TYPE)
    except SignatureInvalid as error:
        raise Refusal(error, 403) from None
    except SplitView as error:
        raise Refusal(error, 422) from None


ROUTES = (
    Route(
        "GET",
        "/log/checkpoint",
        checkpoint,
        PUBLIC,
        "The newest checkpoint, a C2SP signed note.",
        query=Since,
        media=TEXT,
    ),
    Route(
        "GET",
        "/log/tile/{path}",
        tile,
        PUBLIC,
        "A tile or entry bundle, C2SP tlog-tiles.",
        media=BYTES,
    ),
    Route(
        "GET",
        "/v1/ledger/genesis",
        genesis,
        PUBLIC,
        "Entry 0 of the log.",
    ),
    Route(
        "GET",
        "/v1/ledger/entries/{index}",
        entry,
        PUBLIC,
        "One entry of the log, its bytes.",
        media=BYTES,
    ),
    Route(
        "POST",
        "/v1/ledger/transactions",
        submit,
        PUBLIC,
        "Append a signed transaction; answered when it is durable.",
        body=Body(JSON, None, MAX_SUBMISSION),
        answer=Committed,
        status=201,
        refusals=(401, 403, 409, 422),
    ),
    Route(
        "POST",
        "/v1/witness/add-checkpoint",
        add_checkpoint,
        PUBLIC,
        "Cosign a checkpoint, C2SP tlog-witness.",
        body=Body("*/*", None, MAX_CHECKPOINT),
        media=TEXT,
        refusals=(403, 409, 422),
    ),
)
