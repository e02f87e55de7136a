"""Attacks that a review found, each by parties who follow no rule.

Every test here is an attack that once went through, with the keys and powers
that its attackers would have. The sentence says what they were after.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))
sys.path.insert(0, str(Path(__file__).parents[1] / "journeys"))

import network as journeys
from exchange_kit import Consortium, keys_of, permit, permit_read, taxes

from privshare.audit.verifier import verify
from privshare.bindings import merkle
from privshare.errors import (
    EvidenceInvalid,
    NotPermitted,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import dataset as datasets
from privshare.exchange import grant
from privshare.exchange import job as jobs
from privshare.exchange import record as records
from privshare.exchange.node import he_key
from privshare.exchange.opening import open_totals
from privshare.exchange.plan import Question
from privshare.exchange.runner import Runner
from privshare.jobs.lifecycle import Job
from privshare.jobs.statement import (
    AGGREGATION,
    CONTRIBUTION,
    OPENING,
    Aggregation,
    Cell,
    Contribution,
    Opening,
)
from privshare.ledger import query
from privshare.rights.dataset import disclose
from privshare.schemes.keys import sign_envelope
from privshare.schemes.paillier_knowledge import Known, prove
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import b64u

RETURNS = "tax/returns"

SUM = Question(
    operation="sum",
    column="tax_paid",
    datasets=(RETURNS,),
    purpose="housing-policy",
    group_by="district",
)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Consortium]:
    """The tax office with a table that housing may sum once."""
    consortium = Consortium(tmp_path)
    consortium.publish("tax", "returns", taxes(), key="parcel")
    consortium.grant("housing", RETURNS, uses=1)
    yield consortium
    consortium.close()


def up_to(network: Consortium, phase: str) -> Job:
    """A job that housing takes to a phase and no further."""
    job = jobs.submit(network["housing"], SUM)
    runner = Runner(network["housing"], poll_s=0.01)
    for _ in range(100):
        if jobs.find(network["housing"], job.id).phase == phase:
            return jobs.find(network["housing"], job.id)
        runner.turn()
    raise AssertionError(f"the job never came to {phase}")


def test_taking_the_totals_and_giving_the_job_back(network: Consortium) -> None:
    """A coordinator that saw the totals and aborts has spent its use all the same."""
    job = up_to(network, "finishing")
    assert network["housing"].store.blob(job.ledger_id, "opening:tax") is not None
    network["housing"].submit(
        "job.abort", {"job": job.ledger_id, "reason": "we saw nothing"}
    )
    (held,) = query.grants(network.host.view()).values()
    assert (held.status, held.used, held.reserved) == ("exhausted", 1, 0)
    with pytest.raises(NotPermitted):
        jobs.submit(network["housing"], SUM)


def test_an_abort_before_the_opening_costs_nothing(network: Consortium) -> None:
    """As long as the custodian has not opened, the use is given back."""
    job = up_to(network, "opening")
    network["housing"].submit("job.abort", {"job": job.ledger_id, "reason": "late"})
    (held,) = query.grants(network.host.view()).values()
    assert (held.status, held.used, held.reserved) == ("active", 0, 0)


def test_only_the_custodian_says_that_it_opens(network: Consortium) -> None:
    """Nobody else spends a coordinator's uses, and there is one aggregation."""
    job = up_to(network, "opening")
    body = {"aggregation": "A" * 43, "job": job.ledger_id}
    with pytest.raises(NotPermitted):
        network["registrar"].submit("job.open", body)
    at = network["tax"].submit("job.open", body).index
    network["tax"].submit("job.open", body)  # said again, it changes nothing
    assert query.job(network.host.view(), job.ledger_id).opened == at
    with pytest.raises(StepNotAllowed):
        network["tax"].submit("job.open", {**body, "aggregation": "B" * 42 + "A"})


def test_an_abort_of_an_opened_job_whose_grant_has_ended(network: Consortium) -> None:
    """The job ends although there is nothing left to spend in the grant."""
    job = up_to(network, "finishing")
    (grant_id,) = query.grants(network.host.view())
    grant.revoke(network["tax"], grant_id, reason="enough")
    network.run("housing")
    held = query.grant(network.host.view(), grant_id)
    assert (held.status, held.used, held.reserved) == ("revoked", 0, 0)
    assert query.job(network.host.view(), job.ledger_id).status == "aborted"


# -- ciphertexts of others ----------------------------------------------------


def signed(kind: str, payload: bytes) -> Any:
    """A statement that housing signs."""
    return envelopes.to_json(sign_envelope(kind, payload, [keys_of("housing").sign]))


def stolen_rows(network: Consortium) -> list[bytes]:
    """The single ciphertexts that an honest job left with housing, which computed."""
    asked = replace(SUM, compute="housing", custodian="tax")
    job = jobs.submit(network["housing"], asked)
    runner = Runner(network["housing"], poll_s=0.01)
    while jobs.find(network["housing"], job.id).phase != "aggregating":
        runner.turn()
    column = network["housing"].store.blob(job.ledger_id, f"column:{RETURNS}:0")
    assert column is not None
    network.run("housing")
    return [column[i : i + 512] for i in range(0, len(column), 512)]


@pytest.mark.parametrize("claim", ["no proof", "proof of another", "made-up proof"])
def test_having_the_custodian_open_copied_ciphertexts(
    network: Consortium, claim: str
) -> None:
    """One agency alone wants single values: it shows ciphertexts of another's rows,
    blinded afresh, as sums of its own table, and asks the custodian to open."""
    rows = stolen_rows(network)
    network.publish("housing", "mine", taxes(6), key="parcel")
    network.grant("housing", "housing/mine")
    own = replace(SUM, datasets=("housing/mine",), compute="housing", custodian="tax")
    job = jobs.submit(network["housing"], own)
    network.sync()
    key = he_key(network.host.view(), "tax")
    cells = tuple(
        Cell(f"row {i:02}", 5, key.add(row, key.encrypt_batch([0])))
        for i, row in enumerate(rows)
    )
    told = Contribution(
        job=job.ledger_id,
        dataset="housing/mine",
        version=1,
        column="tax_paid",
        group_by="district",
        key=key.kid,
        ciphertexts=bytes(32),
        rows=5 * len(rows),
        bound=5 * len(rows) * 2**50,
        scale=2,
        groups=cells,
        suppressed=(),
    )
    if claim == "proof of another":
        (mine,) = [Known(key.encrypt_batch_with([7], [9]), 7, 9)]
        told = replace(told, proof=prove(key.n, [mine], told.context()))
    elif claim == "made-up proof":
        guessed = [Known(cell.ciphertext, 1, 1) for cell in cells]
        told = replace(told, proof=prove(key.n, guessed, told.context()))
    total = Aggregation(
        job=job.ledger_id,
        key=key.kid,
        contributions=(told.digest(),),
        groups=cells,
    )
    asked = {
        "aggregation": signed(AGGREGATION, total.to_bytes()),
        "contributions": [signed(CONTRIBUTION, told.to_bytes())],
        "index": query.job(network.host.view(), job.ledger_id).at,
        "spec": jobs.spec_of(job).to_json(),
    }
    with pytest.raises(EvidenceInvalid) as refused:
        open_totals(network["tax"], "housing", job.ledger_id, asked)
    assert refused.value.detail == {"party": "housing", "rule": "job.knowledge"}
    assert network["tax"].store.blob(job.ledger_id, "opened") is None


def test_a_key_that_may_open_to_anything(network: Consortium) -> None:
    """A custodian whose key is not shown to open each total to one value only."""
    job = up_to(network, "finishing")
    store = network["housing"].store
    kept = store.blob(job.ledger_id, "opening:tax")
    assert kept is not None
    true = Opening.from_bytes(envelopes.decode(kept, max_bytes=1 << 20).payload)
    told = replace(true, roots=true.roots[::-1])
    lie = sign_envelope(OPENING, told.to_bytes(), [keys_of("tax").sign])
    store.put_blob(job.ledger_id, "opening:tax", envelopes.encode(lie))
    network.run("housing")
    problem = jobs.find(network["housing"], job.id).problem
    assert problem is not None
    assert (problem.party, problem.rule) == ("tax", "job.modulus")


# -- stewards and erasure -----------------------------------------------------


def test_one_steward_adds_to_what_another_confirmed(network: Consortium) -> None:
    """A second yes is to the terms that the first person saw, and to no others."""
    rule = permit(automatic=False, confirmations=2, min_k=3)
    network.publish("title", "deeds", taxes(), key="parcel", rules=[rule])
    grant_id = network.grant("housing", "title/deeds", uses=1)
    title = network["title"]
    asked = query.grant(title.view(), grant_id).terms
    wider = replace(asked, uses=100)
    assert not grant.decide(title, grant_id, "offer", person="anne").receipt
    assert not grant.decide(
        title, grant_id, "offer", terms=wider, person="bert"
    ).receipt
    assert query.grant(title.view(), grant_id).status == "requested"
    assert grant.decide(title, grant_id, "offer", person="bert").receipt
    assert query.grant(title.view(), grant_id).terms.uses == 1


def test_an_erasure_whose_answer_was_lost(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row goes at the next try, though the ledger has the erasure already."""
    tax = network["tax"]
    true_submit = type(tax).submit

    def lost(self: Any, *told: Any) -> Any:
        true_submit(self, *told)
        raise Unavailable("expected an answer, found none")

    monkeypatch.setattr(type(tax), "submit", lost)
    with pytest.raises(Unavailable):
        datasets.erase(tax, RETURNS, "p-7")
    assert tax.store.row_by_key(RETURNS, "p-7") is not None
    monkeypatch.undo()
    assert datasets.erase(tax, RETURNS, "p-7").receipt
    assert tax.store.row_by_key(RETURNS, "p-7") is None


# -- records ------------------------------------------------------------------


def test_a_record_without_its_key_column(network: Consortium) -> None:
    """A right that leaves the key column out can be used, and is proven."""
    network.publish("title", "deeds", taxes(), key="parcel", rules=[permit_read()])
    network.grant(
        "housing",
        "title/deeds",
        operations=["read"],
        columns=["district", "tax_paid"],
        group_by=[],
        k=1,
        uses=1,
    )
    shared = records.fetch(network["housing"], "title/deeds", "p-3")
    assert shared.values == {"district": "west", "tax_paid": 3025}


def test_an_owner_that_answers_with_another_record(network: Consortium) -> None:
    """Owner and receiver file a receipt for one person's record over another's."""
    network.publish("title", "deeds", taxes(), key="parcel", rules=[permit_read()])
    network.grant(
        "housing",
        "title/deeds",
        operations=["read"],
        columns=["district", "parcel", "tax_paid"],
        group_by=[],
        k=1,
        uses=1,
    )
    title, housing = network["title"], network["housing"]
    true_row = title.store.row_by_key

    def anothers(dataset: str, key: str) -> Any:
        return true_row(dataset, "p-4")

    title.store.row_by_key = anothers  # type: ignore[method-assign]
    with pytest.raises(EvidenceInvalid):
        records.fetch(housing, "title/deeds", "p-3")


def test_a_receipt_for_another_persons_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Owner and receiver, together, file one record as the answer about another."""
    filing = journeys.Network(tmp_path)

    def anothers(schema: Any, row: Any, salt: Any, columns: Any, **place: Any) -> Any:
        path = merkle.inclusion_proof(filing.rows.leaf_hashes, 8)
        cells, salt = journeys.ROWS[8], filing.salts[8]
        return disclose(schema, cells, salt, columns, index=8, path=path)

    filing.dataset_publish()
    true = filing.record_share()
    monkeypatch.setattr(journeys, "disclose", anothers)
    false = filing.record_share()
    verdicts = [
        verify(filed.data, filing.trust, filing.now + 60, filed.attachments.get)
        for filed in (true, false)
    ]
    filing.close()
    assert verdicts[0].outcome == "valid"
    assert verdicts[1].outcome == "invalid"
    assert verdicts[1].step(6).outcome == "failed"


def test_passing_a_right_on_to_whom_the_policy_prohibits(network: Consortium) -> None:
    """A right that may be passed on still reaches nobody whom a rule names."""
    nobody = {
        "columns": ["*"],
        "effect": "prohibit",
        "grantees": ["registrar"],
        "id": "not-them",
        "operations": ["*"],
        "purposes": ["*"],
    }
    rules = [permit_read(max_delegable=1), nobody]
    network.publish("title", "deeds", taxes(), key="parcel", rules=rules)
    parent = network.grant(
        "housing",
        "title/deeds",
        operations=["read"],
        columns=["district"],
        group_by=[],
        k=1,
        delegable=1,
    )
    whole = query.grant(network.host.view(), parent).terms
    for grantee in ("tax", "registrar"):
        part = replace(whole, grantee=grantee, delegable=0, uses=1)
        body = {"parent": parent, "terms": part.to_json()}
        child = network["housing"].submit("grant.delegate", body).id
        network.sync()
        body = {"grant": child, "terms": b64u(part.digest())}
        network[grantee].submit("grant.accept", body)
        network.sync()
    shared = records.fetch(network["tax"], "title/deeds", "p-3")
    assert shared.values == {"district": "west"}
    with pytest.raises(NotPermitted) as refused:
        records.fetch(network["registrar"], "title/deeds", "p-3")
    assert refused.value.detail["rule"] == "not-them"
