"""Routes of privacy accounts: what may be learnt of a dataset, and what was asked."""

from __future__ import annotations

from typing import cast

from pydantic import Field

from privshare.exchange import privacy
from privshare.service.route import EVERYBODY, JSON, Body, Call, Model, Route, people
from privshare.wire.canonical import INTEGER_LIMIT, Json

MAX_BODY = 4096
_DIGEST = "^[A-Za-z0-9_-]{43}$"


class Budget(Model):
    """What all grantees of a dataset together may learn."""

    budget: int = Field(ge=0, le=INTEGER_LIMIT - 1, description="in micro-rho")


class Apart(Model):
    """How far two sets of rows are apart, by the word of their owner."""

    first: str = Field(pattern=_DIGEST, description="a set, as the log names it")
    rows: int = Field(ge=1, le=1 << 40, description="in one and not in the other")
    second: str = Field(pattern=_DIGEST, description="another")


def show(call: Call) -> Json:
    """Show a dataset's account and its log of questions."""
    return cast(Json, privacy.show(call.context.node, _dataset(call)))


def open_account(call: Call) -> Json:
    """Open a dataset's account, or say anew what it holds."""
    node, dataset = call.context.node, _dataset(call)
    wanted: Budget = call.body
    privacy.open_account(node, dataset, wanted.budget, person=call.person.kid)
    return cast(Json, privacy.show(node, dataset))


def say_apart(call: Call) -> Json:
    """Say that two sets of rows are far apart."""
    node, dataset = call.context.node, _dataset(call)
    wanted: Apart = call.body
    privacy.say_apart(
        node,
        dataset,
        wanted.first,
        wanted.second,
        wanted.rows,
        person=call.person.kid,
    )
    return cast(Json, privacy.show(node, dataset))


def _dataset(call: Call) -> str:
    return f"{call.params['agency']}/{call.params['name']}"


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/v1/datasets/{agency}/{name}/privacy",
        show,
        EVERYBODY,
        "A dataset's privacy account, and what was asked of it.",
    ),
    Route(
        "PUT",
        "/v1/datasets/{agency}/{name}/privacy",
        open_account,
        people("steward"),
        "Open a privacy account, or change its budget.",
        body=Body(JSON, Budget, MAX_BODY),
        idempotent=True,
    ),
    Route(
        "POST",
        "/v1/datasets/{agency}/{name}/privacy/apart",
        say_apart,
        people("steward"),
        "Say how many rows lie between two sets of rows.",
        body=Body(JSON, Apart, MAX_BODY),
        idempotent=True,
    ),
)
