"""Sharing one record: the way it goes well, and every way it must not go."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_kit import Asked, Consortium, permit, permit_read, taxes

from privshare.audit.verifier import verify
from privshare.errors import (
    EvidenceInvalid,
    GrantExpired,
    GrantMissing,
    GrantRevoked,
    InclusionInvalid,
    NotFound,
    NotPermitted,
    PrivShareError,
    PurposeMismatch,
    Unavailable,
    VerificationError,
)
from privshare.exchange import dataset, grant, record
from privshare.exchange.node import Node
from privshare.exchange.request import binding
from privshare.exchange.tick import node_tick
from privshare.ledger import query
from privshare.schemes.keys import seal
from privshare.wire.canonical import b64u, decode, encode, unb64u

RETURNS = "tax/returns"


@pytest.fixture
def shared(network: Consortium) -> Consortium:
    """The tax agency's returns, and housing's right to read them."""
    network.publish(
        "tax", "returns", taxes(), key="parcel", rules=[permit_read(), permit()]
    )
    network.grant(
        "housing",
        RETURNS,
        operations=["read"],
        columns=["parcel", "tax_paid"],
        group_by=[],
        k=1,
    )
    return network


def grant_id(network: Consortium) -> str:
    return record.find_grant(network["housing"], RETURNS)


def reserve(network: Consortium, **changes: Any) -> dict[str, Any]:
    """A reserved use and the body that asks for it, as the grantee's node makes
    them."""
    asked = record.Request(
        dataset=RETURNS,
        grant=grant_id(network),
        columns=("parcel", "tax_paid"),
        key="p-4",
        salt=bytes(32),
    )
    committed = network["housing"].submit(
        "use.reserve",
        {
            "charge": 0,
            "columns": list(asked.columns),
            "grant": asked.grant,
            "group_by": [],
            "operation": "read",
            "purpose": "housing-policy",
            "request": b64u(asked.digest()),
        },
    )
    request = {**asked.to_json(), **changes}
    return {"index": committed.index, "request": request, "use": committed.id}


def test_shares_one_record(shared: Consortium) -> None:
    """The grantee gets the cells its grant names, and the receipt verifies."""
    got = record.fetch(shared["housing"], RETURNS, "p-4")
    assert got.values == {"parcel": "p-4", "tax_paid": 4025}
    kept = shared["housing"].store.receipt(got.receipt)
    assert kept is not None and kept.attachments == ("record.json",)
    verdict = verify(
        kept.body,
        shared.trust,
        shared.clock(),
        lambda name: shared["housing"].store.attachment(got.receipt, name),
    )
    assert verdict.outcome == "valid", verdict.report()


def test_owner_logs_who_read(shared: Consortium) -> None:
    """The owner can see who asked for what, refusals too."""
    record.fetch(shared["housing"], RETURNS, "p-4")
    with pytest.raises(NotFound):
        record.fetch(shared["housing"], RETURNS, "p-404")
    served = [u for u in shared["tax"].store.uses() if u.action == "record.serve"]
    assert [(u.agency, u.outcome) for u in served] == [
        ("housing", "record.key"),
        ("housing", "done"),
    ]


def test_unknown_key_costs_nothing(shared: Consortium) -> None:
    """A record that is not there leaves the grant's uses as they were."""
    before = query.grant(shared.host.view(), grant_id(shared))
    with pytest.raises(NotFound):
        record.fetch(shared["housing"], RETURNS, "p-404")
    after = query.grant(shared.host.view(), grant_id(shared))
    assert (after.used, after.reserved) == (before.used, before.reserved) == (0, 0)


def test_asking_again_gives_the_same_record(shared: Consortium) -> None:
    """An answer that was lost on the way is given again, and settled once."""
    body = reserve(shared)
    first = record.serve(shared["tax"], "housing", body)
    again = record.serve(shared["tax"], "housing", body)
    key = shared["housing"].keys.seal[0]
    info = binding(body["use"])
    assert key.open(unb64u(str(first["sealed"])), info) == key.open(
        unb64u(str(again["sealed"])), info
    )
    assert query.grant(shared.host.view(), grant_id(shared)).used == 1


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"key": "p-5"}, "use.request"),
        ({"columns": ["parcel"]}, "use.request"),
        ({"salt": b64u(b"\1" * 32)}, "use.request"),
        ({"dataset": "tax/other"}, "use.grant"),
    ],
)
def test_serves_only_what_was_reserved(
    shared: Consortium, changes: dict[str, Any], rule: str
) -> None:
    """Another record, column, salt or dataset than the one reserved is refused."""
    with pytest.raises(NotPermitted) as refused:
        record.serve(shared["tax"], "housing", reserve(shared, **changes))
    assert refused.value.detail["rule"] == rule


def test_serves_only_the_grantee(shared: Consortium) -> None:
    """Another agency cannot use a reservation that it saw on the ledger."""
    with pytest.raises(NotPermitted) as refused:
        record.serve(shared["tax"], "title", reserve(shared))
    assert refused.value.detail["rule"] == "use.grantee"


def test_serves_nothing_after_a_revocation(shared: Consortium) -> None:
    """A use reserved before a revocation is not served after it."""
    body = reserve(shared)
    grant.revoke(shared["tax"], grant_id(shared), reason="enough")
    with pytest.raises(GrantRevoked):
        record.serve(shared["tax"], "housing", body)
    with pytest.raises(GrantRevoked):
        record.fetch(shared["housing"], RETURNS, "p-4")


def test_asks_for_nothing_without_a_right(shared: Consortium) -> None:
    """Without a grant nothing is sent to the owner."""
    shared.calls.clear()
    with pytest.raises(GrantMissing) as refused:
        record.fetch(shared["title"], RETURNS, "p-4")
    assert refused.value.detail["rule"] == "grant.missing"
    assert shared.calls == []


def test_names_the_rule_that_says_no(shared: Consortium) -> None:
    """A column, a purpose and a time outside the grant are refused by name."""
    housing = shared["housing"]
    with pytest.raises(PurposeMismatch) as column:
        record.fetch(housing, RETURNS, "p-4", columns=["district"])
    with pytest.raises(PurposeMismatch) as purpose:
        record.fetch(housing, RETURNS, "p-4", purpose="marketing")
    shared.clock.now += 31 * 86_400
    with pytest.raises(GrantExpired) as time:
        record.fetch(housing, RETURNS, "p-4")
    assert [e.value.detail["rule"] for e in (column, purpose, time)] == [
        "grant.column",
        "grant.purpose",
        "grant.expired",
    ]


def test_owner_that_is_away(shared: Consortium) -> None:
    """A silent owner is named; after its time the use is given back."""
    dataset.documents(shared["housing"], RETURNS)
    shared.away.add("tax")
    with pytest.raises(Unavailable) as silent:
        record.fetch(shared["housing"], RETURNS, "p-4")
    assert silent.value.detail["party"] == "tax"
    assert query.grant(shared.host.view(), grant_id(shared)).reserved == 1
    shared.clock.now += 86_402
    grant.request(
        shared["title"], RETURNS, operations=["read"], columns=["parcel"], purpose="x"
    )  # a block with the new time
    assert node_tick(shared["housing"]) == []
    assert query.grant(shared.host.view(), grant_id(shared)).reserved == 0


def resealed(network: Consortium, asked: Asked, change: Any) -> Any:
    """What the owner answers, opened, changed, and sealed again."""
    answer = asked.go_on(network)
    key, info = network["housing"].keys.seal[0], binding(asked.body["use"])
    document = decode(key.open(unb64u(answer["sealed"]), info))
    change(document)
    sealed = seal(key.public_key, encode(document), info)
    return {"sealed": b64u(sealed)}


def _other_value(document: Any) -> None:
    for cell in document["disclosure"]["cells"]:
        if isinstance(cell, dict) and isinstance(cell["value"], int):
            cell["value"] += 1


def _other_row(document: Any) -> None:
    document["disclosure"]["row"] += 1


def _other_request(document: Any) -> None:
    document["request"]["salt"] = b64u(bytes(32))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (_other_value, InclusionInvalid),
        (_other_row, InclusionInvalid),
        (_other_request, EvidenceInvalid),
    ],
)
def test_refuses_an_answer_that_is_not_the_anchored_record(
    shared: Consortium, change: Any, error: type[PrivShareError]
) -> None:
    """A changed value, another row, an answer to another request are refused."""
    shared.meddle["tax", "records"] = lambda asked: resealed(shared, asked, change)
    with pytest.raises(error):
        record.fetch(shared["housing"], RETURNS, "p-4")
    assert all(
        one.operation != "record.share" for one in shared["housing"].store.receipts()
    )


def test_refuses_a_record_settled_as_another(
    shared: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A true record whose digest is not the one on the ledger is refused."""

    def settles_another(asked: Asked) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(record, "record_digest", lambda _: bytes(32))
            return asked.go_on(shared)

    shared.meddle["tax", "records"] = settles_another
    with pytest.raises(EvidenceInvalid) as refused:
        record.fetch(shared["housing"], RETURNS, "p-4")
    assert refused.value.detail["party"] == "tax"


def test_refuses_a_record_that_was_not_settled(
    shared: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A true record that the owner never put on the ledger is refused."""

    def settles_nothing(asked: Asked) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(Node, "submit", lambda *_: None)
            return asked.go_on(shared)

    monkeypatch.setattr(record, "_SETTLE_TRIES", 2)
    shared.meddle["tax", "records"] = settles_nothing
    with pytest.raises(EvidenceInvalid) as refused:
        record.fetch(shared["housing"], RETURNS, "p-4")
    assert refused.value.detail["party"] == "tax"


def test_refuses_what_is_sealed_to_somebody_else(shared: Consortium) -> None:
    """A message that does not open is refused, with one face."""
    shared.meddle["tax", "records"] = lambda asked: {"sealed": b64u(bytes(200))}
    with pytest.raises(VerificationError):
        record.fetch(shared["housing"], RETURNS, "p-4")


def test_record_travels_sealed(shared: Consortium) -> None:
    """What passes between the nodes shows neither values nor columns' salts."""
    seen: list[bytes] = []

    def watch(asked: Asked) -> Any:
        answer = asked.go_on(shared)
        seen.append(encode(answer))
        return answer

    shared.meddle["tax", "records"] = watch
    record.fetch(shared["housing"], RETURNS, "p-4")
    (answer,) = seen
    assert set(decode(answer)) == {"sealed"}
    assert b"p-4" not in answer and b"4025" not in answer


def test_erasing_keeps_other_records_provable(shared: Consortium) -> None:
    """An erased record is gone; its neighbours still verify against the root."""
    erased = dataset.erase(shared["tax"], RETURNS, "p-5")
    shared.sync()
    assert shared["tax"].store.row_by_key(RETURNS, "p-5") is None
    kept = shared["tax"].store.receipt(erased.receipt)
    assert kept is not None
    verdict = verify(kept.body, shared.trust, shared.clock(), lambda _: None)
    assert verdict.outcome == "valid", verdict.report()
    with pytest.raises(NotFound):
        record.fetch(shared["housing"], RETURNS, "p-5")
    assert record.fetch(shared["housing"], RETURNS, "p-4").values["tax_paid"] == 4025
    with pytest.raises(NotFound):
        dataset.erase(shared["tax"], RETURNS, "p-5")
