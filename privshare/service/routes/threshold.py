"""Routes of the consortium's threshold key: what it is, dealing, shares.

The operator's people deal, stewards of the holders import and re-share. No
secret comes in or goes out but sealed to an agency's key.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from privshare.exchange import threshold
from privshare.ledger import query
from privshare.ledger.sealed_share import MAX_FILE
from privshare.ledger.shared_key import SharedKey
from privshare.rights import identifier
from privshare.schemes.key_id import paillier_kid
from privshare.schemes.threshold import MAX_HOLDERS
from privshare.service.route import (
    EVERYBODY,
    JSON,
    Body,
    Call,
    Model,
    Route,
    people,
)
from privshare.wire.canonical import INTEGER_LIMIT, Json, decode

MAX_FILES = MAX_HOLDERS * (MAX_FILE + 1024)

Digest = Annotated[
    str, Field(min_length=43, max_length=43, pattern="^[A-Za-z0-9_-]{43}$")
]
AgencyName = Annotated[str, Field(pattern=f"^{identifier.AGENCY.pattern.pattern}$")]
Epoch = Annotated[int, Field(ge=1, le=INTEGER_LIMIT - 1)]
Holders = Annotated[list[AgencyName], Field(min_length=2, max_length=MAX_HOLDERS)]


class Deal(Model):
    """A key whose shares were sealed to their holders."""

    epoch: Epoch = Field(description="the newest and one more")
    evidence: Digest | None = Field(
        default=None, description="digest of a re-sharing's public parts, base64url"
    )
    holders: Holders = Field(description="agencies in the order of their shares")
    key: dict[str, Any] = Field(
        description="the public key, docs/formats/threshold.md, section 1"
    )
    previous: Epoch | None = Field(
        default=None, description="the epoch that was re-shared"
    )


class Dealt(Model):
    """Where a key stands in the log."""

    epoch: int = Field(description="of the key")
    id: str = Field(description="the transaction, and the receipt's id")
    index: int = Field(description="log index")


class Files(Model):
    """Sealed files, as their maker wrote them."""

    files: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MAX_HOLDERS,
        description="one share, or the parts of one re-sharing; "
        "docs/formats/threshold.md, sections 3 and 4",
    )


class Imported(Model):
    """A share that this node has now."""

    accepted: int = Field(description="log index of this agency's acceptance")
    epoch: int = Field(description="of the key")
    index: int = Field(description="the share's number, from 1")
    status: str = Field(description="of the key: `dealt` or `active`")


class NewHolders(Model):
    """To whom a key is re-shared, and by whom."""

    by: list[AgencyName] = Field(
        default=[],
        max_length=MAX_HOLDERS,
        description="the old holders who do it; the first that can unless given",
    )
    threshold: int = Field(
        ge=2, le=MAX_HOLDERS, description="how many of the new holders it takes"
    )
    to: Holders = Field(description="new holders in the order of their shares")


class Written(Model):
    """Files to hand on."""

    files: dict[str, dict[str, Any]] = Field(description="by name, each to be saved")


def epochs(call: Call) -> Json:
    """List the threshold keys, the newest first."""
    view = call.context.node.view()
    found = query.threshold_epochs(view)
    items: list[Json] = [_shown(call, found[epoch]) for epoch in sorted(found)[::-1]]
    return {"active": query.epochs(view).active, "items": items, "next": None}


def epoch(call: Call) -> Json:
    """Give a threshold key with its commitments."""
    held = query.threshold_epoch(call.context.node.view(), int(call.params["epoch"]))
    return _shown(call, held) | {"key": held.key}


def deal(call: Call) -> Json:
    """Put a key on the ledger."""
    wanted: Deal = call.body
    body: dict[str, Json] = {
        "epoch": wanted.epoch,
        "evidence": wanted.evidence,
        "holders": list(wanted.holders),
        "key": wanted.key,
        "previous": wanted.previous,
    }
    done = threshold.deal(call.context.node, body, person=call.person.kid)
    return {"epoch": wanted.epoch, "id": done.id, "index": done.index}


def import_shares(call: Call) -> Json:
    """Open a share, check it, keep it and accept it."""
    wanted: Files = call.body
    files: list[bytes | Json] = list(wanted.files)
    done = threshold.import_shares(call.context.node, files, person=call.person.kid)
    return {
        "accepted": done.accepted,
        "epoch": done.epoch,
        "index": done.index,
        "status": done.status,
    }


def reshare(call: Call) -> Json:
    """Share this node's share among new holders."""
    wanted: NewHolders = call.body
    files = threshold.reshare(
        call.context.node,
        wanted.to,
        wanted.threshold,
        by=wanted.by,
        person=call.person.kid,
    )
    return {"files": {name: decode(data) for name, data in files.items()}}


def _shown(call: Call, held: SharedKey) -> dict[str, Json]:
    """A key for people: all that the ledger says but the commitments."""
    holders: list[Json] = [
        {"accepted": one.accepted, "agency": one.agency, "index": index}
        for index, one in enumerate(held.holders, start=1)
    ]
    return {
        "at": held.at,
        "bits": held.n.bit_length(),
        "dealer": held.dealer,
        "epoch": held.epoch,
        "evidence": held.evidence,
        "held": call.context.node.share(held.epoch) is not None,
        "holders": holders,
        "kid": paillier_kid(held.n),
        "previous": held.previous,
        "since": held.since,
        "status": held.status,
        "threshold": held.threshold,
        "until": held.until,
    }


ROUTES = (
    Route(
        "GET",
        "/v1/threshold",
        epochs,
        EVERYBODY,
        "The consortium's threshold keys, newest first.",
    ),
    Route(
        "GET",
        "/v1/threshold/{epoch}",
        epoch,
        EVERYBODY,
        "A threshold key with its commitments.",
    ),
    Route(
        "POST",
        "/v1/threshold/deals",
        deal,
        people("operator"),
        "Put a threshold key on the ledger whose shares are sealed.",
        body=Body(model=Deal),
        answer=Dealt,
        status=201,
        idempotent=True,
    ),
    Route(
        "POST",
        "/v1/threshold/shares",
        import_shares,
        people("steward"),
        "Take over this agency's share of a threshold key.",
        body=Body(JSON, Files, MAX_FILES),
        answer=Imported,
        status=201,
        idempotent=True,
    ),
    Route(
        "POST",
        "/v1/threshold/resharings",
        reshare,
        people("steward"),
        "Share this agency's share among new holders.",
        body=Body(model=NewHolders),
        answer=Written,
        status=201,
        idempotent=True,
    ),
)
