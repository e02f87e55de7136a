"""Routes of rights: ask, decide, accept, end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from privshare.exchange import grant as grants
from privshare.exchange.grant import Decided
from privshare.ledger import query
from privshare.rights.terms import Terms
from privshare.service.paging import Page, page, window
from privshare.service.route import (
    EVERYBODY,
    Answer,
    Body,
    Call,
    Model,
    Route,
    people,
)
from privshare.wire.canonical import Json

Name = Annotated[str, Field(max_length=96)]
Names = Annotated[list[Name], Field(max_length=256)]
Reason = Annotated[str, Field(max_length=512)]


class GrantRequest(Model):
    """A right to ask for."""

    dataset: str = Field(max_length=96, description="what it is about")
    operations: Names = Field(
        min_length=1, description="`read`, or of count mean run sum"
    )
    columns: Names = Field(default=[], description="to read or to compute on")
    group_by: Names = Field(default=[], description="what results may be split by")
    purpose: str = Field(max_length=64, description="the one purpose of every use")
    not_after: int | None = Field(default=None, description="Unix seconds")
    days: int | None = Field(
        default=None, ge=1, le=3660, description="in place of not_after"
    )
    uses: int = Field(default=1, ge=1, le=1_000_000, description="how many")
    k: int = Field(default=1, ge=1, le=1_000_000, description="least records a result")
    budget: int = Field(default=0, ge=0, description="privacy budget, micro-epsilon")
    delegable: int = Field(default=0, ge=0, le=3, description="may be passed on")
    obligations: Names = Field(default=[], description="duties taken on")
    programs: Names = Field(
        default=[], description="measured programs to `run`, by name or digest"
    )
    right: Literal["hold", "operate", "process"] = Field(
        default="process", description="kind of right"
    )


class GrantDecision(Model):
    """A steward's answer."""

    decision: Literal["permit", "refuse"] = Field(description="yes or no")
    reason: Reason = Field(default="", description="one line; a refusal needs one")
    terms: dict[str, Any] | None = Field(
        default=None, description="fields to offer in place of those requested"
    )


class Ending(Model):
    """Why something ends."""

    reason: Reason = Field(default="", description="one line, for the ledger")


class Nothing(Model):
    """An empty object."""


class GrantPage(Page):
    """Which grants."""

    dataset: str = Field(default="", max_length=96, description="only on this dataset")
    status: Literal[
        "",
        "active",
        "exhausted",
        "expired",
        "offered",
        "refused",
        "requested",
        "revoked",
    ] = Field(default="", description="only in this state")
    queue: Literal["", "true"] = Field(
        default="", description="`true`: those that wait for a steward here"
    )


def request(call: Call) -> Answer:
    """Ask an owner for a right, as this agency."""
    wanted: GrantRequest = call.body
    done = grants.request(
        call.context.node,
        wanted.dataset,
        operations=wanted.operations,
        columns=wanted.columns,
        group_by=wanted.group_by,
        purpose=wanted.purpose,
        days=wanted.days,
        not_after=wanted.not_after,
        uses=wanted.uses,
        k=wanted.k,
        budget=wanted.budget,
        delegable=wanted.delegable,
        obligations=wanted.obligations,
        programs=wanted.programs,
        right=wanted.right,
        person=call.person.kid,
    )
    headers = {"Location": f"/v1/grants/{done.id}"}
    return Answer(_decided(call, done), headers=headers)


def listing(call: Call) -> Answer:
    """List grants given by this agency or to it, the newest first."""
    wanted: GrantPage = call.query
    node = call.context.node
    if wanted.queue:
        found = grants.queue(node)
    else:
        found = grants.listing(
            node, dataset=wanted.dataset or None, status=wanted.status or None
        )
    items = window(call, found, _id)
    return page(call, items, lambda grant: cast(Json, dict(grant)), _id)


def show(call: Call) -> Json:
    """Show a grant."""
    return cast(Json, grants.find(call.context.node, call.params["id"]))


def decide(call: Call) -> Json:
    """Answer a request as its owner, or turn an offer down as its grantee."""
    wanted: GrantDecision = call.body
    node, grant = call.context.node, call.params["id"]
    terms = None
    if wanted.terms:
        asked = query.grant(node.view(), grant).terms.to_json()
        terms = Terms.from_json({**asked, **wanted.terms})
    done = grants.decide(
        node,
        grant,
        "offer" if wanted.decision == "permit" else "refuse",
        reason=wanted.reason,
        terms=terms,
        person=call.person.kid,
    )
    return _decided(call, done)


def accept(call: Call) -> Json:
    """Accept the terms that an owner offered."""
    done = grants.accept(call.context.node, call.params["id"], person=call.person.kid)
    return _decided(call, done)


def revoke(call: Call) -> Json:
    """End a grant, and every grant delegated from it."""
    ending: Ending | None = call.body
    done = grants.revoke(
        call.context.node,
        call.params["id"],
        reason=(ending.reason if ending else "") or "ended by a steward",
        person=call.person.kid,
    )
    return _decided(call, done)


def _decided(call: Call, done: Decided) -> Json:
    shown = grants.describe(call.context.node, done.id, done.grant)
    return cast(Json, {**shown, "receipt": done.receipt})


def _id(grant: Mapping[str, Any]) -> Json:
    return cast(Json, grant["id"])


ROUTES = (
    Route(
        "POST",
        "/v1/grants",
        request,
        people("analyst"),
        "Ask for a right.",
        body=Body(model=GrantRequest),
        status=201,
        idempotent=True,
    ),
    Route(
        "GET",
        "/v1/grants",
        listing,
        EVERYBODY,
        "Grants, newest first.",
        query=GrantPage,
    ),
    Route("GET", "/v1/grants/{id}", show, EVERYBODY, "A grant."),
    Route(
        "POST",
        "/v1/grants/{id}/decision",
        decide,
        people("steward"),
        "Permit or refuse what was asked for.",
        body=Body(model=GrantDecision),
        idempotent=True,
    ),
    Route(
        "POST",
        "/v1/grants/{id}/acceptance",
        accept,
        people("analyst", "steward"),
        "Accept what was offered.",
        body=Body(model=Nothing, optional=True),
        idempotent=True,
    ),
    Route(
        "DELETE",
        "/v1/grants/{id}",
        revoke,
        people("steward"),
        "End a grant.",
        body=Body(model=Ending, optional=True),
        idempotent=True,
    ),
)
