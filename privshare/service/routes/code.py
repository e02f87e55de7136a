"""Routes of measured programs and of this agency's appraisal policy."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from privshare.errors import NotFound
from privshare.exchange import appraisal
from privshare.exchange import code as programs
from privshare.ledger import query_attested
from privshare.service.route import (
    EVERYBODY,
    JSON,
    Body,
    Call,
    Model,
    Route,
    people,
)
from privshare.wire.canonical import Json, b64u, unb64u

#: A module in base64url, and its closure.
MAX_PROPOSAL = 2 * programs.MAX_MODULE

Line = Annotated[str, Field(min_length=1, max_length=512)]
Digest = Annotated[
    str, Field(min_length=43, max_length=43, pattern="^[A-Za-z0-9_-]{43}$")
]


class Proposal(Model):
    """A program: one of the library by its name, or one's own."""

    module: str = Field(max_length=63, description="what people call it")
    source: Line = Field(
        default="the library of PrivShare", description="where it comes from"
    )
    binary: str | None = Field(
        default=None,
        max_length=2 * programs.MAX_MODULE,
        description="the module in base64url; null: of the library",
    )
    closure: dict[str, Any] | None = Field(
        default=None, description="as `privshare code measure` wrote it"
    )
    provenance: Digest | None = Field(
        default=None, description="digest of a document that says how it was made"
    )
    keep_only: bool = Field(
        default=False, description="keep its bytes here and propose nothing"
    )


class Withdrawal(Model):
    """Why a program is to run no more."""

    reason: Line = Field(description="for the ledger")


def listing(call: Call) -> Json:
    """List the programs, in the order they were proposed."""
    node = call.context.node
    found = query_attested.codes(node.view())
    items: list[Json] = [
        programs.describe(node, code, held) for code, held in found.items()
    ]
    return {"items": items, "next": None}


def show(call: Call) -> Json:
    """Show a program: who approved it, whether it is listed."""
    return programs.describe(call.context.node, call.params["code"])


def propose(call: Call) -> Json:
    """Propose a program to the agencies, and keep its bytes here."""
    wanted: Proposal = call.body
    made = (
        programs.of_library(wanted.module)
        if wanted.binary is None
        else programs.own(unb64u(wanted.binary), wanted.closure)
    )
    node, code = call.context.node, b64u(made.code)
    if wanted.keep_only:
        if code not in query_attested.codes(node.view()):
            raise NotFound(
                "expected a program that was proposed, found none",
                fix="privshare code propose NAME --binary FILE --closure FILE",
            )
        programs.keep(node, made)
        return programs.describe(node, code)
    programs.propose(
        node,
        made,
        module=wanted.module,
        source=wanted.source,
        provenance=None if wanted.provenance is None else unb64u(wanted.provenance),
        person=call.person.kid,
    )
    return programs.describe(node, code)


def approve(call: Call) -> Json:
    """Approve a program; more than half of the agencies list it."""
    node, code = call.context.node, call.params["code"]
    programs.approve(node, code, person=call.person.kid)
    return programs.describe(node, code)


def withdraw(call: Call) -> Json:
    """End a program's listing, for good."""
    node, code = call.context.node, call.params["code"]
    wanted: Withdrawal = call.body
    programs.withdraw(node, code, reason=wanted.reason, person=call.person.kid)
    return programs.describe(node, code)


def policy(call: Call) -> Json:
    """Show the policy by which this agency appraises evidence."""
    node = call.context.node
    head = query_attested.appraisal(node.view(), node.agency)
    if head is None:
        raise NotFound(
            f"expected an appraisal policy of {node.agency}, found none",
            fix="privshare appraisal set FILE",
        )
    return _policy(call)


def set_policy(call: Call) -> Json:
    """Appraise by this policy from now on: its digest goes onto the ledger."""
    appraisal.set_policy(call.context.node, call.body, person=call.person.kid)
    return _policy(call)


def _policy(call: Call) -> Json:
    node = call.context.node
    head = query_attested.appraisal(node.view(), node.agency)
    if head is None:
        raise NotFound("expected our copy of the ledger to have the policy")
    return {
        "at": head.at,
        "digest": head.policy,
        "number": head.number,
        "policy": appraisal.policy_of(node, head.policy).to_json(),
    }


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/code", listing, EVERYBODY, "Measured programs, oldest first."),
    Route(
        "POST",
        "/v1/code",
        propose,
        people("steward", "operator"),
        "Propose a measured program to the agencies.",
        body=Body(model=Proposal, max_bytes=MAX_PROPOSAL),
        status=201,
        refusals=(409,),
    ),
    Route(
        "GET",
        "/v1/code/{code}",
        show,
        EVERYBODY,
        "A measured program, with its approvals.",
    ),
    Route(
        "POST",
        "/v1/code/{code}/approvals",
        approve,
        people("steward", "operator"),
        "Approve a measured program.",
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/code/{code}/withdrawal",
        withdraw,
        people("steward", "operator"),
        "Withdraw a measured program, for good.",
        body=Body(model=Withdrawal),
        refusals=(409,),
    ),
    Route(
        "GET",
        "/v1/appraisal-policy",
        policy,
        EVERYBODY,
        "The policy by which this agency appraises evidence.",
    ),
    Route(
        "PUT",
        "/v1/appraisal-policy",
        set_policy,
        people("steward"),
        "Appraise evidence by this policy from now on.",
        body=Body(JSON, None, 1 << 18),
        refusals=(409,),
    ),
)
