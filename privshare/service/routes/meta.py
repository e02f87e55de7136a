"""Routes about the network and this node: who it is, who you are, who is here."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

from pydantic import Field

from privshare.errors import EncodingError, NotFound
from privshare.ledger import query
from privshare.ledger.genesis import genesis_digest_text
from privshare.ledger.trust import trust_policy
from privshare.schemes.keys import VerifyKey
from privshare.service.auth import ROLES
from privshare.service.paging import Page, index_before, page
from privshare.service.route import (
    EVERYBODY,
    PUBLIC,
    Answer,
    Body,
    Call,
    Model,
    Route,
    people,
)
from privshare.store.row import PersonRecord, UseRecord
from privshare.wire.canonical import Json, unb64u

TEXT = "text/plain; charset=utf-8"


class Meta(Model):
    """A node and its network."""

    agency: str = Field(description="whose node this is")
    genesis: str = Field(description="digest of entry 0; compare it once, by hand")
    height: int = Field(description="newest block this node has")
    network: str = Field(description="the network")
    operator: str = Field(description="the agency that hosts the log")
    origin: str = Field(description="first line of checkpoints")
    role: str = Field(description="`host` or `member`")
    size: int = Field(description="size of the log at that block")
    time: int = Field(description="time of that block, Unix seconds")
    url: str = Field(description="where the node answers")
    version: str = Field(description="of PrivShare")


class Me(Model):
    """The caller, as this node knows it."""

    agency: str = Field(description="this node's agency")
    kid: str = Field(description="id of the key that signed")
    label: str = Field(description="what the operator called the person")
    roles: list[str] = Field(description="what the person may be")


RoleName = Annotated[str, Field(json_schema_extra={"enum": list(ROLES)})]


class NewPerson(Model):
    """A person to add, or whose roles change."""

    label: str = Field(default="", max_length=80, description="for people to read")
    public: str = Field(
        min_length=43,
        max_length=43,
        pattern="^[A-Za-z0-9_-]{43}$",
        description="Ed25519 public key, base64url",
    )
    roles: list[RoleName] = Field(min_length=1, max_length=8, description="see /v1/me")


class UsePage(Page):
    """Which lines of the log of uses."""

    dataset: str = Field(default="", max_length=96, description="only of this dataset")


def meta(call: Call) -> Json:
    """Say whose node this is and how far its ledger is."""
    node = call.context.node
    genesis = node.ledger.genesis
    view = node.view()
    return {
        "agency": node.agency,
        "genesis": genesis_digest_text(genesis),
        "height": view.height,
        "network": node.network,
        "operator": genesis.operator,
        "origin": genesis.origin,
        "role": call.context.settings.role,
        "size": view.size,
        "time": view.time,
        "url": call.context.settings.url,
        "version": program_version(),
    }


def trust(call: Call) -> Answer:
    """Give the trust policy as the ledger has it now.

    Whoever verifies receipts keeps the first copy and compares its digest with
    another agency's; a node cannot be asked whom to trust in judging itself.
    """
    node = call.context.node
    text = trust_policy(node.ledger.genesis, node.view(), None)
    return Answer(
        text.encode("utf-8"), headers={"Cache-Control": "no-store"}, media=TEXT
    )


def agencies(call: Call) -> Json:
    """List the members of the network with their active keys."""
    view = call.context.node.view()
    items: list[Json] = []
    for agency, member in query.agencies(view).items():
        keys: list[Json] = [
            {"alg": key.alg, "kid": kid, "pub": key.pub, "use": key.use}
            for kid, key in query.keys_of(view, agency).items()
        ]
        roles: list[Json] = list(member.roles)
        items.append(
            {
                "agency": agency,
                "keys": keys,
                "roles": roles,
                "status": member.status,
                "url": member.url,
            }
        )
    return {"items": items, "next": None}


def me(call: Call) -> Json:
    """Say who the caller is."""
    found = call.context.store.person(call.person.kid)
    if found is None:
        raise NotFound("expected a person of this agency, found none of that key")
    return {"agency": call.context.node.agency, **_shown(found)}


def people_here(call: Call) -> Json:
    """List the people of this agency."""
    items: list[Json] = [_shown(person) for person in call.context.store.people()]
    return {"items": items, "next": None}


def put_person(call: Call) -> Json:
    """Add a person of this agency, or change roles and label."""
    new: NewPerson = call.body
    if not set(new.roles) <= set(ROLES):
        raise EncodingError(f"roles: expected some of {', '.join(ROLES)}, found others")
    key = VerifyKey(unb64u(new.public, 32))
    if key.kid != call.params["id"]:
        raise EncodingError("expected the kid of the public key in the path")
    call.context.store.put_person(key.kid, key.raw, new.roles, new.label, call.now)
    return {
        "kid": key.kid,
        "label": new.label,
        "roles": sorted(set(new.roles)),  # type: ignore[dict-item]
    }


def remove_person(call: Call) -> Answer:
    """Remove a person of this agency; the key signs nothing here any more."""
    call.context.store.remove_person(call.params["id"])
    return Answer(status=204)


def uses(call: Call) -> Answer:
    """List who used what of this agency's data, and was refused."""
    wanted: UsePage = call.query
    found = call.context.store.uses(
        wanted.dataset or None, wanted.limit + 1, index_before(call)
    )
    return page(call, found, _use, lambda use: use.id)


def program_version() -> str:
    """Return the installed version of PrivShare."""
    try:
        return version("privshare")
    except PackageNotFoundError:
        return "0"


def _shown(person: PersonRecord) -> dict[str, Json]:
    roles: list[Json] = list(person.roles)
    return {"kid": person.kid, "label": person.label, "roles": roles}


def _use(use: UseRecord) -> Json:
    return {
        "action": use.action,
        "agency": use.agency,
        "at": use.at,
        "dataset": use.dataset,
        "grant": use.grant,
        "outcome": use.outcome,
        "person": use.person,
        "subject": use.subject,
    }


def openapi(_call: Call) -> Json:
    """Describe every route, as OpenAPI 3.1."""
    # The table needs this module, so the table is looked up when it is whole.
    from privshare.service.openapi import document  # noqa: PLC0415 - lazy
    from privshare.service.routes import ROUTES as table  # noqa: PLC0415 - lazy

    return document(table, program_version())


ROUTES = (
    Route("GET", "/v1/meta", meta, PUBLIC, "The node and its network.", answer=Meta),
    Route(
        "GET",
        "/v1/trust",
        trust,
        PUBLIC,
        "The network's trust policy, C2SP tlog-policy.",
        media=TEXT,
    ),
    Route("GET", "/openapi.json", openapi, PUBLIC, "This description."),
    Route("GET", "/v1/agencies", agencies, EVERYBODY, "The members of the network."),
    Route("GET", "/v1/me", me, EVERYBODY, "Who the caller is.", answer=Me),
    Route(
        "GET", "/v1/people", people_here, people("operator"), "People of this agency."
    ),
    Route(
        "PUT",
        "/v1/people/{id}",
        put_person,
        people("operator"),
        "Add a person, or change roles.",
        body=Body(model=NewPerson),
    ),
    Route(
        "DELETE",
        "/v1/people/{id}",
        remove_person,
        people("operator"),
        "Remove a person.",
        status=204,
    ),
    Route(
        "GET",
        "/v1/uses",
        uses,
        people("steward", "auditor", "regulator"),
        "Who used what of this agency's data.",
        query=UsePage,
    ),
)
