"""The route that anchors: digests of files, on the ledger."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from privshare.exchange.anchor import MAX_DIGESTS, anchor
from privshare.service.route import Body, Call, Model, Route, people
from privshare.wire.canonical import Json, b64u, unb64u

Digest = Annotated[
    str, Field(min_length=43, max_length=43, pattern="^[A-Za-z0-9_-]{43}$")
]


class Digests(Model):
    """Salted digests to anchor."""

    digests: list[Digest] = Field(
        min_length=1, max_length=MAX_DIGESTS, description="32 bytes each, base64url"
    )


class Anchored(Model):
    """Where the digests stand in the log."""

    id: str = Field(description="the transaction, and the receipt's id")
    index: int = Field(description="log index; the digests' entries follow")
    paths: list[list[str]] = Field(
        description="for each digest its path to the batch's root"
    )
    root: str = Field(description="the batch's root")
    size: int = Field(description="size of the log right after the block")


def post(call: Call) -> Json:
    """Anchor up to 1,024 salted digests in one transaction."""
    wanted: Digests = call.body
    done = anchor(
        call.context.node,
        [unb64u(text, 32) for text in wanted.digests],
        person=call.person.kid,
    )
    return {
        "id": done.id,
        "index": done.index,
        "paths": [[b64u(node) for node in path] for path in done.paths],
        "root": b64u(done.root),
        "size": done.size,
    }


ROUTES = (
    Route(
        "POST",
        "/v1/anchors",
        post,
        people("steward", "analyst"),
        "Anchor up to 1,024 salted digests.",
        body=Body(model=Digests),
        answer=Anchored,
        status=201,
        idempotent=True,
    ),
)
