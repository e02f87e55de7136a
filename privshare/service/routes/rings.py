"""Routes of rings and of what their members say: register, post, read, open.

Whoever posts a statement signs no request: the ring signature inside it is its
own authority, and a node that knew who called would know who spoke. Such a
request counts against its address's rate and leaves no other trace here.
"""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import Field

from privshare.errors import EncodingError
from privshare.exchange import ring as rings
from privshare.exchange import ring_view as views
from privshare.ledger.ring_statement import MAX_MESSAGE, MAX_SIGNATURE, SignedStatement
from privshare.rights import identifier
from privshare.service.paging import Page, page, position
from privshare.service.route import (
    AGENCIES,
    JSON,
    PUBLIC,
    Answer,
    Body,
    Call,
    Model,
    Route,
    people,
)
from privshare.wire.canonical import Json, b64u, unb64u

MAX_MEMBERS = 4096
MAX_REGISTRATION = 1 << 18
#: A message and a signature in base64url, and the names around them.
MAX_STATEMENT = 2 * (MAX_MESSAGE + MAX_SIGNATURE) + 4096
#: A signature costs milliseconds to verify, and what verifies stays on the ledger.
STATEMENT_COST = 100
#: Thousands of keys, or statements that are looked through.
LIST_COST = 10

Key = Annotated[str, Field(min_length=43, max_length=43, pattern="^[A-Za-z0-9_-]{43}$")]
AgencyName = Annotated[str, Field(pattern=f"^{identifier.AGENCY.pattern.pattern}$")]


class Registration(Model):
    """A ring to register, or the next epoch of one."""

    name: str = Field(
        pattern="^[a-z0-9][a-z0-9-]{0,62}$", description="the part behind the slash"
    )
    keys: list[Key] = Field(
        min_length=2, max_length=MAX_MEMBERS, description="members' public keys"
    )
    regulators: list[AgencyName] = Field(
        default=[],
        max_length=16,
        description="agencies that can open statements together; none for nobody",
    )
    threshold: int = Field(
        default=0, ge=0, le=16, description="how many of them it takes"
    )
    repeat: str = Field(
        default="link",
        pattern="^(link|refuse)$",
        description="what becomes of a member's second statement in a scope",
    )


class Registered(Model):
    """A ring as the ledger has it now."""

    digest: str = Field(description="of the members' keys")
    epoch: int = Field(description="of this list of members")
    ring: str = Field(description="its name")
    size: int = Field(description="how many members")


class Wanted(Page):
    """Which statements."""

    ring: str = Field(default="", max_length=96, description="of this ring")
    scope: str = Field(default="", max_length=128, description="in this scope")


class Posted(Model):
    """A statement that is on the ledger."""

    id: str = Field(description="the statement")
    index: int = Field(description="log index")
    number: int = Field(
        description="1 for the first of this signer in this scope, 2 for the next"
    )
    tag: str = Field(description="links statements of one signer in one scope")
    tx: str = Field(description="the transaction, and the receipt's id")


class Reason(Model):
    """Why a statement's author is to be named."""

    reason: str = Field(min_length=1, max_length=500, description="on the ledger")


class Opening(Model):
    """How far the opening of a statement has come."""

    id: str = Field(description="the statement")
    member: str | None = Field(description="the author's public key, once it is open")
    missing: int = Field(description="how many more regulators it takes")


def listing(call: Call) -> Json:
    """List the rings of the network."""
    items: list[Json] = list(cast(list[Json], views.rings(call.context.node)))
    return {"items": items, "next": None}


def show(call: Call) -> Json:
    """Give a ring with its members' keys."""
    return cast(Json, views.ring(call.context.node, _ring(call)))


def register(call: Call) -> Json:
    """Register a ring of this agency, or its next epoch."""
    wanted: Registration = call.body
    done = rings.register(
        call.context.node,
        wanted.name,
        [unb64u(key, 32) for key in wanted.keys],
        regulators=wanted.regulators,
        threshold=wanted.threshold,
        repeat=wanted.repeat,
        person=call.person.kid,
    )
    return {
        "digest": done.digest,
        "epoch": done.epoch,
        "ring": done.ring,
        "size": done.size,
    }


def post(call: Call) -> Json:
    """Check an anonymous statement and put it on the ledger."""
    done = rings.relay(call.context.node, SignedStatement.from_json(call.body))
    return {
        "id": done.id,
        "index": done.index,
        "number": done.number,
        "tag": done.tag,
        "tx": done.tx,
    }


def statements(call: Call) -> Answer:
    """List anonymous statements, the newest first.

    A page may have fewer than were asked for, or none, and another behind it.
    """
    wanted: Wanted = call.query
    node = call.context.node
    view = node.view()
    after = position(call)
    if not isinstance(after, str | None):
        raise EncodingError("expected a cursor of this list, found another")
    looked = views.statements(
        view, wanted.limit, ring=wanted.ring, scope=wanted.scope, after=after or ""
    )
    return page(
        call,
        looked.found,
        lambda one: cast(Json, views.shown(node, view, *one)),
        lambda one: one[0],
        looked.last,
    )


def statement(call: Call) -> Json:
    """Give what the ledger says about a statement."""
    return cast(Json, views.statement(call.context.node, call.params["id"]))


def message(call: Call) -> Json:
    """Give the text of a statement, held against the ledger."""
    found = rings.message(call.context.node, call.params["id"])
    return {"message": b64u(found.message), "salt": b64u(found.salt)}


def served_message(call: Call) -> Json:
    """Give the text of a statement to a regulator of its ring, or its owner."""
    answer = rings.serve_message(call.context.node, call.agency.id, call.params["id"])
    return cast(Json, answer)


def open_(call: Call) -> Json:
    """Give this agency's part of an opening, with its reason."""
    wanted: Reason = call.body
    done = rings.open_statement(
        call.context.node, call.params["id"], wanted.reason, person=call.person.kid
    )
    return {"id": done.id, "member": done.member, "missing": done.missing}


def _ring(call: Call) -> str:
    return f"{call.params['agency']}/{call.params['name']}"


ROUTES = (
    Route("GET", "/v1/rings", listing, PUBLIC, "The rings of the network."),
    Route(
        "GET",
        "/v1/rings/{agency}/{name}",
        show,
        PUBLIC,
        "A ring with its members' keys.",
        cost=LIST_COST,
    ),
    Route(
        "POST",
        "/v1/rings",
        register,
        people("steward"),
        "Register a ring of this agency, or its next epoch.",
        body=Body(JSON, Registration, MAX_REGISTRATION),
        answer=Registered,
        status=201,
        idempotent=True,
    ),
    Route(
        "POST",
        "/v1/statements/ring",
        post,
        PUBLIC,
        "Post a statement of some member of a ring; nobody signs the request.",
        body=Body(JSON, None, MAX_STATEMENT),
        answer=Posted,
        status=201,
        cost=STATEMENT_COST,
    ),
    Route(
        "GET",
        "/v1/statements",
        statements,
        PUBLIC,
        "Anonymous statements, newest first.",
        query=Wanted,
        cost=LIST_COST,
    ),
    Route(
        "GET",
        "/v1/statements/{id}",
        statement,
        PUBLIC,
        "What the ledger says about a statement.",
    ),
    Route(
        "GET",
        "/v1/statements/{id}/message",
        message,
        people("steward", "regulator"),
        "The text of a statement, held against the ledger.",
    ),
    Route(
        "POST",
        "/v1/statements/{id}/openings",
        open_,
        people("regulator"),
        "Give this agency's part of naming an author, with a reason.",
        body=Body(model=Reason),
        answer=Opening,
        status=201,
        idempotent=True,
    ),
    Route(
        "GET",
        "/v1/peer/statements/{id}/message",
        served_message,
        AGENCIES,
        "The text of a statement, for regulators of its ring and its owner.",
    ),
)
