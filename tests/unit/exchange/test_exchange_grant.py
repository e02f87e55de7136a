"""Rights: asked for, answered by policies and stewards, accepted, ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from exchange_kit import QUESTION, Consortium, permit, taxes

from privshare.audit.verifier import verify
from privshare.errors import (
    EncodingError,
    NotFound,
    NotPermitted,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import dataset, drawer, grant
from privshare.exchange.node import Node
from privshare.exchange.tick import node_tick, recover
from privshare.ledger import query

RETURNS = "tax/returns"


@pytest.fixture
def asked(network: Consortium) -> Consortium:
    """The tax agency's returns: totals at once, means after two confirmations."""
    network.publish(
        "tax",
        "returns",
        taxes(),
        rules=[
            permit(operations=["count", "sum"]),
            permit(id="means", automatic=False, confirmations=2),
        ],
    )
    return network


def request(network: Consortium, **changes: Any) -> str:
    done = grant.request(network["housing"], RETURNS, **{**QUESTION, **changes})
    network.sync()
    return done.id


def valid(network: Consortium, node: Node, receipt: str) -> bool:
    kept = node.store.receipt(receipt)
    assert kept is not None
    verdict = verify(kept.body, network.trust, network.clock(), lambda _: None)
    assert verdict.outcome == "valid", verdict.report()
    return True


def test_a_policy_offers_at_once(asked: Consortium) -> None:
    """What a policy permits without a person is active after a tick."""
    grant_id = request(asked, operations=["sum"])
    recover(asked["tax"])
    assert node_tick(asked["tax"]) == []
    assert grant.find(asked["tax"], grant_id)["status"] == "active"
    receipt = asked["tax"].store.receipts()[0]
    assert receipt.operation == "grant.issue" and receipt.subject == grant_id
    assert valid(asked, asked["tax"], receipt.id)
    assert valid(asked, asked["housing"], grant_id)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"purpose": "marketing"}, "purpose"),
        ({"k": 1}, "k"),
        ({"columns": ["parcel"]}, "columns"),
        ({"days": 1000}, "period"),
    ],
)
def test_a_policy_refuses_at_once(asked: Consortium, changes: Any, word: str) -> None:
    """What no rule permits is refused with the rule and a reason, and a receipt
    shows the policy."""
    grant_id = request(asked, **changes)
    done = grant.consider(asked["tax"], grant_id)
    assert done is not None and done.grant.status == "refused"
    assert done.grant.rule == "policy.default"
    assert word in (done.grant.reason or "")
    assert valid(asked, asked["tax"], done.receipt)


def test_a_steward_decides(asked: Consortium) -> None:
    """A request that needs two people waits for both; one person counts once."""
    tax, grant_id = asked["tax"], request(asked, operations=["mean"])
    assert grant.consider_all(tax) == 0
    (waiting,) = grant.queue(tax)
    assert (waiting["id"], waiting["confirmations_needed"]) == (grant_id, 2)
    assert waiting["decision"]["permitted"] is True
    for person in ("ann", "ann"):
        done = grant.decide(tax, grant_id, "offer", person=person)
        assert (done.grant.status, done.receipt) == ("requested", "")
    done = grant.decide(tax, grant_id, "offer", person="bob")
    assert done.grant.status == "active"
    assert valid(asked, tax, done.receipt)
    assert grant.queue(tax) == []


def test_a_steward_refuses(asked: Consortium) -> None:
    """A refusal needs a reason and is final."""
    tax, grant_id = asked["tax"], request(asked, operations=["mean"])
    with pytest.raises(EncodingError):
        grant.decide(tax, grant_id, "refuse", reason=" ")
    done = grant.decide(tax, grant_id, "refuse", reason="not\nthis  year")
    assert (done.grant.status, done.grant.reason) == ("refused", "not this year")
    assert valid(asked, tax, done.receipt)
    with pytest.raises(StepNotAllowed):
        grant.decide(tax, grant_id, "offer", person="ann")


def test_nobody_offers_what_the_policy_refuses(asked: Consortium) -> None:
    """A steward cannot offer past the policy; the rule is named."""
    grant_id = request(asked, purpose="marketing")
    with pytest.raises(NotPermitted) as refused:
        grant.decide(asked["tax"], grant_id, "offer", person="ann")
    assert refused.value.detail["rule"] == "policy.default"


def test_only_the_owner_offers(asked: Consortium) -> None:
    """Another agency's steward cannot decide."""
    grant_id = request(asked, operations=["mean"])
    with pytest.raises(NotPermitted) as refused:
        grant.decide(asked["title"], grant_id, "offer", person="eve")
    assert refused.value.detail["rule"] == "grant.owner"
    with pytest.raises(NotFound):
        grant.find(asked["title"], "A" * 43)


def test_other_terms_are_accepted_by_the_grantee(asked: Consortium) -> None:
    """An offer of other terms waits for the grantee, who accepts or refuses."""
    tax, housing = asked["tax"], asked["housing"]
    for answer in ("accept", "refuse"):
        grant_id = request(asked, operations=["mean"], uses=50)
        terms = replace(query.grant(tax.view(), grant_id).terms, uses=5)
        for person in ("ann", "bob"):
            done = grant.decide(tax, grant_id, "offer", terms=terms, person=person)
        assert done.grant.status == "offered"
        assert valid(asked, tax, done.receipt)
        asked.sync()
        if answer == "accept":
            done = grant.accept(housing, grant_id)
            assert (done.grant.status, done.grant.terms.uses) == ("active", 5)
        else:
            done = grant.decide(housing, grant_id, "refuse", reason="too few")
            assert done.grant.status == "refused"
        assert valid(asked, housing, done.receipt)


def test_a_policy_amended_after_the_request(asked: Consortium) -> None:
    """A request under an older policy is judged by the present one, and what is
    offered then names it."""
    tax, grant_id = asked["tax"], request(asked, operations=["sum"])
    dataset.amend_policy(tax, RETURNS, {"rules": [permit()]}, expected_version=1)
    done = grant.consider(tax, grant_id)
    assert done is not None and done.grant.status == "offered"
    asked.sync()
    accepted = grant.accept(asked["housing"], grant_id)
    assert accepted.grant.status == "active"
    assert valid(asked, asked["housing"], accepted.receipt)


def test_revoking_is_seen_when_it_returns(asked: Consortium) -> None:
    """When revoke returns, this node's copy has it; both sides may revoke."""
    for agency in ("tax", "housing"):
        grant_id = asked.grant("housing", RETURNS, operations=["sum"])
        done = grant.revoke(asked[agency], grant_id, reason="enough")
        assert done.grant.status == "revoked"
        assert grant.find(asked[agency], grant_id)["status"] == "revoked"
        assert valid(asked, asked[agency], done.receipt)
        asked.sync()
        with pytest.raises(StepNotAllowed):
            grant.revoke(asked[agency], grant_id, reason="again")
    with pytest.raises(NotPermitted):
        other = asked.grant("housing", RETURNS, operations=["sum"])
        grant.revoke(asked["title"], other, reason="mine?")


def test_listing_shows_what_time_has_ended(asked: Consortium) -> None:
    """A grant past its period is shown as expired; others see nothing of it."""
    grant_id = asked.grant("housing", RETURNS, operations=["sum"], days=1)
    assert [one["status"] for one in grant.listing(asked["housing"])] == ["active"]
    asked.clock.now += 2 * 86_400
    (shown,) = grant.listing(asked["tax"], dataset=RETURNS, status="expired")
    assert shown["id"] == grant_id and shown["owner"] == "tax"
    assert grant.listing(asked["title"]) == []
    assert len(grant.listing(asked["title"], everybody=True)) == 1


def test_requests_for_a_retired_dataset(asked: Consortium) -> None:
    """A retired dataset cannot be asked for."""
    dataset.retire(asked["tax"], RETURNS)
    asked.sync()
    with pytest.raises(NotPermitted) as refused:
        request(asked)
    assert refused.value.detail["rule"] == "dataset.status"


def test_receipts_whose_witnesses_are_late(
    asked: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation stands without its witnesses; its receipt comes when they do."""
    true = type(asked["housing"].ledger).cosigned

    def away(*_: Any) -> bytes:
        raise Unavailable("no quorum")

    monkeypatch.setattr(type(asked["housing"].ledger), "cosigned", away)
    grant_id = request(asked, operations=["sum"])
    housing = asked["housing"]
    assert housing.store.receipt(grant_id) is None
    assert drawer.tidy(housing) == 1
    monkeypatch.setattr(type(asked["housing"].ledger), "cosigned", true)
    assert drawer.tidy(housing) == 0
    assert valid(asked, housing, grant_id)
    assert not housing.store.blob_jobs()
