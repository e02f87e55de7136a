"""Receipts of sums that several opened: every lie about it is found, by its step."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from forger import Change, forge
from network import HOLDERS, Filed, Network, signing_key
from threshold_kit import dealt

from privshare.audit.report import Verdict
from privshare.audit.verifier import verify
from privshare.jobs import packing, threshold
from privshare.jobs.receipt import Receipt
from privshare.jobs.statement import Aggregation, evidence_digest, result_digest
from privshare.jobs.threshold_statement import PARTIAL_OPENING, PartialOpening
from privshare.schemes.keys import sign_envelope
from privshare.wire.canonical import b64u
from privshare.wire.envelope import from_json, to_json

OPENERS = ("tax", "title")
Lie = Callable[[PartialOpening], PartialOpening]


@pytest.fixture
def case(filed: dict[str, Filed]) -> Filed:
    """A sum that tax and title opened."""
    return filed["job.result.together"]


def judge(network: Network, receipt: Receipt, **options: Any) -> Verdict:
    """The verdict on a forged receipt."""
    return verify(
        receipt.to_bytes(), network.trust, network.now + 60, lambda _: None, **options
    )


def key_of(case: Filed, family: str) -> str:
    """The first state key of a family."""
    return next(
        item.key for item in case.receipt.state if item.key.startswith(family + "/")
    )


def change(**fields: Any) -> Change:
    """Write fields."""
    return lambda value: value.update(fields)


def change_key(**fields: Any) -> Change:
    """Write fields of the threshold key."""
    return lambda value: value.update(key=value["key"] | fields)


def change_holder(place: int, **fields: Any) -> Change:
    """Write fields of a holder."""

    def lie(value: Any) -> None:
        holders = deepcopy(value["holders"])
        holders[place].update(fields)
        value["holders"] = holders

    return lie


def change_parties(**fields: Any) -> Change:
    """Write fields of a job's parties."""
    return lambda value: value.update(parties=value["parties"] | fields)


def _swap_holders(value: Any) -> None:
    value["holders"] = value["holders"][::-1]


def _swap_commitments(value: Any) -> None:
    commitments = value["key"]["commitments"][::-1]
    value["key"] = value["key"] | {"commitments": commitments}


def test_both_opinions_hold_it_true(network: Network, case: Filed) -> None:
    """The true receipt is valid, by our arithmetic and by Python's."""
    verdict = judge(network, case.receipt, second_opinion=True)
    assert verdict.outcome == "valid", verdict.report()
    said = " ".join(verdict.step(7).sentences)
    assert "opened by tax and title together, none of whom can alone" in said
    assert "agrees on the key, on 2 proofs and on 3 totals" in said


@pytest.mark.parametrize(
    ("family", "lie", "step"),
    [
        ("threshold", change(since=10_000), 7),
        ("threshold", change(since=None), 7),
        ("threshold", change(until=1), 7),
        ("threshold", change_holder(0, accepted=None), 7),
        ("threshold", change_holder(2, accepted=10_000), 7),
        ("threshold", change_holder(0, agency="registrar"), 7),
        ("threshold", _swap_holders, 7),
        ("threshold", _swap_commitments, 7),
        ("threshold", change_key(threshold=3), 7),
        ("threshold", change_key(roots=b64u(bytes(6 * 256))), 7),
        ("threshold", change_key(n=b64u(b"\xff" * 256)), 7),
        ("job", change(aggregation=b64u(bytes(32))), 7),
        ("job", change(aggregation=None), 7),
        ("job", change_parties(openers=["housing", "tax"]), 1),
        ("job", change_parties(key={"epoch": 2}), 1),
        ("job", change_parties(custodian="tax", key=None, openers=[]), 1),
    ],
)
def test_untrue_state_is_found(
    network: Network, case: Filed, family: str, lie: Change, step: int
) -> None:
    """A key that was not in use, not theirs or no key; another aggregation or job."""
    forged = forge(network, case.receipt, state={key_of(case, family): lie})
    verdict = judge(network, forged)
    assert verdict.outcome == "invalid"
    assert verdict.step(step).outcome == "failed", verdict.report()


def chorus(
    network: Network,
    case: Filed,
    lies: dict[str, Lie] | None = None,
    evidence: Change | None = None,
    result: Change | None = None,
) -> Receipt:
    """Openers and coordinator lie together: signatures, digests and state all fit."""
    documents, outcome = deepcopy(case.receipt.evidence), deepcopy(case.receipt.result)
    assert documents is not None and outcome is not None
    for opener, lie in (lies or {}).items():
        place = OPENERS.index(opener)
        held = from_json(documents["partials"][place])
        told = lie(PartialOpening.from_bytes(held.payload))
        made = sign_envelope(
            PARTIAL_OPENING, told.to_bytes(), [signing_key(f"{opener}/sign")]
        )
        documents["partials"][place] = to_json(made)
    if evidence is not None:
        evidence(documents)
    if result is not None:
        result(outcome)
    digests = {
        "evidence": b64u(evidence_digest(documents)),
        "result": b64u(result_digest(outcome)),
    }
    return forge(
        network,
        replace(case.receipt, evidence=documents, result=outcome),
        state={
            key_of(case, "job"): change(**digests),
            key_of(case, "use"): change(result=digests["result"]),
        },
        payloads={
            case.receipt.subject: lambda value: value.update(
                body=value["body"] | digests
            )
        },
    )


def test_the_chorus_can_sing_what_is_true(network: Network, case: Filed) -> None:
    """Signed and proven anew without a lie, the receipt stays valid."""
    verdict = judge(network, chorus(network, case))
    assert verdict.outcome == "valid", verdict.report()


def _moved(true: PartialOpening) -> PartialOpening:
    """Its first total is larger by 4Δ²/2Δ·λ, whatever: it is another total."""
    key = dealt(2, 3)[0].public
    one = key.encrypt_batch_with([1], [1])
    return replace(true, values=(key.add(true.values[0], one), *true.values[1:]))


def _swapped(true: PartialOpening) -> PartialOpening:
    one, two, *rest = true.values
    return replace(true, values=(two, one, *rest))


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize(
    "lie",
    [
        _moved,
        _swapped,
        lambda true: replace(true, proof=true.proof[::-1]),
        lambda true: replace(true, values=true.values[:2]),
        lambda true: replace(true, epoch=2),
        lambda true: replace(true, index=2),
        lambda true: replace(true, key="A" * 43),
        lambda true: replace(true, job="A" * 43),
        lambda true: replace(true, aggregation=bytes(32)),
    ],
)
def test_a_part_that_is_not_true_is_found(
    network: Network, case: Filed, opener: str, lie: Lie
) -> None:
    """Whatever an opener did not make with its share fails the technique's step."""
    verdict = judge(network, chorus(network, case, {opener: lie}))
    assert [verdict.step(n).outcome for n in range(1, 6)] == ["ok"] * 5
    assert verdict.step(7).outcome == "failed", verdict.report()


def test_a_true_part_of_something_else_is_found(network: Network, case: Filed) -> None:
    """A part that was made with the share, of another job's aggregation."""
    other = network.job_result_together().receipt.evidence
    assert other is not None
    payload = from_json(other["aggregation"]).payload
    aggregation = Aggregation.from_bytes(payload)
    share = dealt(2, 3)[1][HOLDERS.index("tax")]
    made = threshold.open_part(aggregation, network.shared_key(), share)
    for lie in (
        lambda true: made,
        lambda true: replace(made, job=true.job, aggregation=true.aggregation),
    ):
        verdict = judge(network, chorus(network, case, {"tax": lie}))
        assert verdict.step(7).outcome == "failed", verdict.report()


def _one_part(documents: Any) -> None:
    documents["partials"].pop()


def _one_twice(documents: Any) -> None:
    documents["partials"][1] = documents["partials"][0]


def _other_order(documents: Any) -> None:
    documents["partials"].reverse()


def _an_opening(documents: Any) -> None:
    documents["opening"] = documents.pop("partials")[0]


@pytest.mark.parametrize("lie", [_one_part, _one_twice, _other_order, _an_opening])
def test_too_few_parts_are_no_opening(
    network: Network, case: Filed, lie: Change
) -> None:
    """One part, one opener twice, the parts in another order, another form."""
    forged = dict(deepcopy(case.receipt.evidence or {}))
    lie(forged)
    verdict = judge(network, replace(case.receipt, evidence=forged))
    assert verdict.step(1).outcome == "failed", verdict.report()


def test_a_result_that_the_parts_do_not_make(network: Network, case: Filed) -> None:
    """A total that is written down and not opened."""

    def raised(outcome: Any) -> None:
        outcome["rows"][0]["value"] = "1"

    forged = chorus(network, case, result=raised)
    verdict = judge(network, forged)
    assert verdict.step(7).outcome == "ok"
    assert verdict.step(8).outcome == "failed", verdict.report()
    verdict = judge(network, forged, second_opinion=True)
    assert verdict.step(7).outcome == "failed"


def test_the_second_opinion_finds_it_alone(
    network: Network, case: Filed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where our own arithmetic is blind, Python's is not."""
    monkeypatch.setattr(threshold, "check_part", lambda *_: None)
    monkeypatch.setattr("privshare.audit.together.check_totals", lambda *_: None)
    monkeypatch.setattr(packing, "check", lambda *_: None)
    forged = chorus(network, case, {"tax": _moved})
    verdict = judge(network, forged, second_opinion=True)
    assert verdict.step(7).outcome == "failed"
    assert "every opener's proof" in verdict.step(7).sentences[0]
