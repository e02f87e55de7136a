"""Routes of accounts that this agency vouches for, and of published mocks."""

from __future__ import annotations

from typing import Any, cast

from pydantic import Field

from privshare.exchange import gate_account, gate_mock
from privshare.jobs.submission.rule import GateRule
from privshare.service.route import (
    AGENCIES,
    EVERYBODY,
    JSON,
    Answer,
    Body,
    Call,
    Model,
    Route,
    people,
)
from privshare.wire.canonical import Json, unb64u


class AccountDraft(Model):
    """An account of another system, and the key by which that knows it."""

    account: str = Field(min_length=1, max_length=254, description="such as an e-mail")
    key: str = Field(pattern=r"^[A-Za-z0-9_-]{43}$", description="32 bytes, base64url")
    system: str = Field(default="syft", max_length=32, description="which system")


class AccountEnding(Model):
    """Why an agency vouches for an account no more."""

    reason: str = Field(min_length=1, max_length=300, description="for the ledger")


class MockDraft(Model):
    """A dataset whose mock is published, and the rule of its gate."""

    dataset: str = Field(max_length=127, description="one of this agency's")
    gate: dict[str, Any] = Field(description="what may leave; docs/rest.md")


def enrol(call: Call) -> Answer:
    """Vouch for an account: what it submits is this agency's."""
    draft: AccountDraft = call.body
    found = gate_account.enrol(
        call.context.node,
        draft.account,
        unb64u(draft.key, 32),
        system=draft.system,
        person=call.person.kid,
    )
    return Answer(found)


def accounts(call: Call) -> Json:
    """List the accounts that this agency enrolled."""
    return {"items": cast("list[Json]", gate_account.listing(call.context.node))}


def account(call: Call) -> Json:
    """Show what the ledger has of an enrolment."""
    return gate_account.held(call.context.node, call.params["id"])


def end(call: Call) -> Json:
    """Vouch for an account no more."""
    ending: AccountEnding = call.body
    return gate_account.end(
        call.context.node,
        call.params["id"],
        ending.reason,
        person=call.person.kid,
    )


def publish(call: Call) -> Answer:
    """Publish a mock of a dataset, with the rule of its gate."""
    draft: MockDraft = call.body
    found = gate_mock.publish(
        call.context.node,
        draft.dataset,
        GateRule.from_json(draft.gate),
        person=call.person.kid,
    )
    return Answer(found.to_json())


def mocks(call: Call) -> Json:
    """List the published mocks of the network."""
    return {"items": cast("list[Json]", gate_mock.listing(call.context.node))}


def mock(call: Call) -> Json:
    """Show a published mock, held against the ledger."""
    dataset = f"{call.params['agency']}/{call.params['name']}"
    return gate_mock.show(call.context.node, dataset).to_json()


def served(call: Call) -> Json:
    """A published mock of this agency, for another's node."""
    dataset = f"{call.params['agency']}/{call.params['name']}"
    return cast(Json, gate_mock.served(call.context.node, dataset))


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/accounts",
        enrol,
        people("steward"),
        "Vouch for an account of another system.",
        body=Body(JSON, AccountDraft),
        status=201,
        idempotent=True,
    ),
    Route(
        "GET",
        "/v1/accounts",
        accounts,
        EVERYBODY,
        "The accounts that this agency vouches for.",
    ),
    Route(
        "GET",
        "/v1/accounts/{id}",
        account,
        EVERYBODY,
        "What the ledger has of an enrolment: whose it is, and whether it stands.",
    ),
    Route(
        "POST",
        "/v1/accounts/{id}/end",
        end,
        people("steward"),
        "Vouch for an account no more.",
        body=Body(JSON, AccountEnding),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/mocks",
        publish,
        people("steward"),
        "Publish a mock of a dataset, with the rule of its gate.",
        body=Body(JSON, MockDraft),
        status=201,
        idempotent=True,
    ),
    Route("GET", "/v1/mocks", mocks, EVERYBODY, "The published mocks of the network."),
    Route(
        "GET",
        "/v1/mocks/{agency}/{name}",
        mock,
        EVERYBODY,
        "A published mock, with the rule of its gate.",
    ),
    Route(
        "GET",
        "/v1/peer/mocks/{agency}/{name}",
        served,
        AGENCIES,
        "A published mock of this agency.",
    ),
)
