"""Receipts of zero-knowledge proofs: true ones, and forged ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import proofs
import pytest
from forger import Change, forge
from network import NETWORK, Filed, Network

from privshare.audit.report import Verdict
from privshare.audit.verifier import verify
from privshare.jobs.receipt import Receipt
from privshare.schemes.commitment import Opening
from privshare.schemes.proof import (
    Context,
    InRange,
    Interval,
    KnowsOpening,
    ProofDocument,
    Witness,
    make,
)
from privshare.wire.canonical import b64u, unb64u

OPENING = Opening(41, (7).to_bytes(32, "little"))


def judge(network: Network, receipt: Receipt, *, second: bool = False) -> Verdict:
    """The verdict on a receipt."""
    now = network.now + 60
    return verify(receipt.to_bytes(), network.trust, now, second_opinion=second)


def change(**fields: Any) -> Change:
    """Write fields."""
    return lambda value: value.update(fields)


def document(edit: Callable[[dict[str, Any]], None]) -> Change:
    """Change the proof document in the evidence."""

    def lie(evidence: dict[str, Any]) -> None:
        made = dict(evidence["document"])
        edit(made)
        evidence["document"] = made

    return lie


def flipped(made: dict[str, Any]) -> None:
    """Turn a bit of the proof."""
    data = bytearray(unb64u(made["proof"]))
    data[0] ^= 1
    made["proof"] = b64u(bytes(data))


def wider(made: dict[str, Any]) -> None:
    """Other bounds."""
    bounds = [dict(one, high=one["high"] + 1) for one in made["public"]["intervals"]]
    made["public"] = made["public"] | {"intervals": bounds}


def handed_in(network: Network, made: ProofDocument, account: str = "title") -> Receipt:
    """The receipt of a proof about no dataset."""
    at = network.submit("statement.zk", account, proofs.body(made, None))
    evidence = {"document": made.to_json()}
    return network.receipt("statement.zk", at, evidence=evidence)


def known(account: str = "title", network: str = NETWORK) -> ProofDocument:
    """A proof that somebody knows what a commitment hides."""
    statement = KnowsOpening(OPENING.commitment())
    context = Context.fresh("an example", account=account, network=network)
    return make(statement, Witness([OPENING]), context)


def test_a_price_band_is_told_in_words(
    network: Network, filed: dict[str, Filed]
) -> None:
    """Of which row, between what, for what; and the price stands nowhere."""
    verdict = judge(network, filed["statement.zk"].receipt, second=True)
    assert verdict.outcome == "valid", verdict.report()
    text = verdict.report()
    assert "price is from 300000.00 to 400000.00" in text
    assert "for the purpose loan application" in text
    assert "Shown beside is deed d-4." in text
    assert "A second implementation agrees that the proof holds." in text
    price = str(proofs.ROWS[proofs.ROW][1])
    assert price.encode() not in filed["statement.zk"].data


def test_a_proof_about_no_dataset_is_valid(network: Network) -> None:
    """It says what it says about a commitment, and no data went in."""
    verdict = judge(network, handed_in(network, known()), second=True)
    assert verdict.outcome == "valid", verdict.report()
    assert verdict.step(6).outcome == "not applicable"
    assert "knows what the commitment hides" in verdict.headline[1]


@pytest.mark.parametrize(
    ("lie", "steps"),
    [
        (document(flipped), (6, 7, 8)),
        (document(wider), (6, 7, 8)),
        (document(lambda made: made.update(kind="opening/v1")), (7, 8)),
        (change(disclosure=None), (6,)),
        (change(schema={"columns": [], "v": 1}), (6,)),
    ],
)
def test_another_document_is_found(
    network: Network, filed: dict[str, Filed], lie: Change, steps: tuple[int, ...]
) -> None:
    """A proof, a bound, a disclosure or a schema that is not the one."""
    forged = forge(network, filed["statement.zk"].receipt, evidence=lie)
    verdict = judge(network, forged)
    assert verdict.outcome == "invalid"
    for step in steps:
        assert verdict.step(step).outcome == "failed", verdict.report()


@pytest.mark.parametrize(
    ("lie", "step"),
    [
        (change(root=b64u(bytes(32))), 6),
        (change(version=2), 6),
        (change(schema=b64u(bytes(32))), 6),
    ],
)
def test_another_dataset_is_found(
    network: Network, filed: dict[str, Filed], lie: Change, step: int
) -> None:
    """What the state holds of the dataset contradicts the publication."""
    key = f"dataset/{proofs.DATASET}"
    forged = forge(network, filed["statement.zk"].receipt, state={key: lie})
    assert judge(network, forged).step(step).outcome == "failed"


def test_a_proof_for_another_account_or_network_is_none(network: Network) -> None:
    """Whoever hands in another's proof has not proven anything."""
    for made in (known(account="tax"), known(network="other.net")):
        verdict = judge(network, handed_in(network, made))
        assert verdict.step(7).outcome == "failed", verdict.report()


def test_a_stranger_owns_no_dataset(network: Network, filed: dict[str, Filed]) -> None:
    """About a dataset its owner alone may speak."""
    case = filed["statement.zk"]
    index = case.receipt.subject
    lie = change(account="tax")
    forged = forge(network, case.receipt, payloads={index: lie})
    assert judge(network, forged).step(5).outcome == "failed"


def test_a_proof_of_what_is_no_cell_is_not_about_the_dataset(network: Network) -> None:
    """A commitment from elsewhere, beside a true disclosure of a row."""
    anchored = proofs.register(network).index
    statement = InRange((Interval(OPENING.commitment(), 0, 100),))
    context = Context.fresh("loan application", account="title", network=NETWORK)
    made = make(statement, Witness([OPENING]), context)
    at = network.submit("statement.zk", "title", proofs.body(made, proofs.DATASET))
    evidence = proofs.evidence(proofs.price_band(NETWORK), anchored, None)
    evidence["document"] = made.to_json()
    verdict = judge(network, network.receipt("statement.zk", at, evidence=evidence))
    assert verdict.step(6).outcome == "failed", verdict.report()
    assert verdict.step(7).outcome == "ok"


def test_a_second_opinion_notices_what_ours_would_not(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were our own verification asleep, the other one would say so."""
    made = known()
    fields = dict(made.to_json())
    flipped(fields)
    receipt = handed_in(network, ProofDocument.from_json(fields))
    assert judge(network, receipt).step(7).outcome == "failed"
    monkeypatch.setattr("privshare.audit.proof.verify", lambda _: None)
    assert judge(network, receipt).step(7).outcome == "ok"
    step = judge(network, receipt, second=True).step(7)
    assert step.outcome == "failed" and "second implementation" in step.sentences[0]
