"""Encrypted sums that holders of the threshold key open together, and liars among them.

The consortium's key has three holders, of whom two open. The parties are those
of `test_he_job`, and so is the way in which they lie: an honest answer is
changed on its way out and signed again. What comes before the opening is
checked there; here it is the openers' turn.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from threshold_kit import dealt

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import AGENCIES, Asked, Consortium, keys_of, taxes

from privshare.audit.verifier import verify
from privshare.errors import (
    EncodingError,
    EvidenceInvalid,
    GrantRevoked,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    ProofInvalid,
    SignatureInvalid,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import grant, party
from privshare.exchange import job as jobs
from privshare.exchange import threshold as shares
from privshare.exchange.node import Node
from privshare.exchange.opening import open_totals
from privshare.exchange.plan import Question, explain, plan
from privshare.exchange.runner import Runner
from privshare.jobs import aggregate as steps
from privshare.jobs import packing
from privshare.jobs.lifecycle import Job
from privshare.jobs.statement import (
    AGGREGATION,
    CONTRIBUTION,
    Aggregation,
    Cell,
    Contribution,
)
from privshare.jobs.threshold_statement import PARTIAL_OPENING, PartialOpening
from privshare.ledger import query
from privshare.ledger.sealed_share import PublicPart, evidence
from privshare.schemes.keys import sign_envelope
from privshare.schemes.paillier_knowledge import Known, prove
from privshare.schemes.threshold_reshare import successor
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import b64u, decode

RETURNS, DEEDS = "tax/returns", "title/deeds"
HOLDERS = ("title", "housing", "tax")

SUM = Question(
    operation="sum",
    column="tax_paid",
    datasets=(RETURNS,),
    purpose="housing-policy",
    group_by="district",
)
BOTH = replace(SUM, datasets=(RETURNS, DEEDS))


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Consortium]:
    """Two owners, housing's right to sum both, and a key that any two open with."""
    consortium = Consortium(tmp_path)
    consortium.publish("tax", "returns", taxes(), key="parcel")
    consortium.publish("title", "deeds", taxes(16, first=100), key="parcel")
    consortium.grant("housing", RETURNS)
    consortium.grant("housing", DEEDS)
    consortium.share_key(2, HOLDERS)
    yield consortium
    consortium.close()


def finished(network: Consortium, job: Job) -> Job:
    """The job after its runner had its way."""
    network.run("housing")
    return jobs.find(network["housing"], job.id)


def done(network: Consortium, job: Job) -> Job:
    """The job, which went well."""
    found = finished(network, job)
    assert found.phase == "done", found.problem
    return found


def held(network: Consortium, job: Job) -> Any:
    """The job as the ledger holds it."""
    return query.job(network.host.view(), job.ledger_id)


def uses(network: Consortium) -> list[tuple[int, int]]:
    """(used, reserved) of every grant."""
    grants = query.grants(network.host.view()).values()
    return [(one.used, one.reserved) for one in grants]


def judged(network: Consortium, job: Job, **options: Any) -> Any:
    """What an auditor says of the job's receipt."""
    kept = network["housing"].store.receipt(job.receipt)
    assert kept is not None
    return verify(kept.body, network.trust, network.clock(), lambda _: None, **options)


def failed(
    network: Consortium, job: Job, error: type[PrivShareError], party: str = ""
) -> Job:
    """The job failed with this error, and named this party."""
    found = finished(network, job)
    assert found.phase == "failed" and found.problem is not None
    assert (found.problem.error, found.problem.party) == (error.__name__, party), (
        found.problem
    )
    assert held(network, found).status == "aborted"
    return found


def up_to(network: Consortium, phase: str, asked: Question = SUM) -> Job:
    """A job that housing takes to a phase and no further."""
    job = jobs.submit(network["housing"], asked)
    runner = Runner(network["housing"], poll_s=0.01)
    for _ in range(100):
        found = jobs.find(network["housing"], job.id)
        if found.phase == phase:
            return found
        runner.turn()
    raise AssertionError(f"the job never came to {phase}")


def asked_to_open(network: Consortium, job: Job) -> dict[str, Any]:
    """What the coordinator of a job that waits for openers sends to each."""
    store, spec = network["housing"].store, jobs.spec_of(job)

    def statement(name: str) -> Any:
        data = store.blob(job.ledger_id, name)
        assert data is not None
        return envelopes.to_json(party.kept_envelope(data))

    return {
        "aggregation": statement("aggregation"),
        "contributions": [
            statement(f"contribution:{item.dataset}") for item in spec.inputs
        ],
        "index": held(network, job).at,
        "spec": spec.to_json(),
    }


def signed(agency: str, kind: str, payload: bytes) -> Any:
    """A statement signed by the agency that lies."""
    return envelopes.to_json(sign_envelope(kind, payload, [keys_of(agency).sign]))


def part_of(answer: Any) -> PartialOpening:
    """The part in an opener's answer."""
    return PartialOpening.from_bytes(envelopes.from_json(answer["opening"]).payload)


def lying_opener(
    network: Consortium, agency: str, lie: Callable[[PartialOpening], PartialOpening]
) -> None:
    """The opener opens honestly and then signs something else."""

    def answer(asked: Asked) -> Any:
        told = lie(part_of(asked.go_on(network)))
        return {"opening": signed(agency, PARTIAL_OPENING, told.to_bytes())}

    network.meddle[agency, "opening"] = answer


# -- it goes well -------------------------------------------------------------


def test_two_of_three_open_the_sum_of_two_owners(network: Consortium) -> None:
    """The totals are right, their receipt is valid, and it says who opened them."""
    job = done(network, jobs.submit(network["housing"], BOTH))
    spec = jobs.spec_of(job)
    assert (spec.compute, spec.custodian) == ("registrar", None)
    assert (spec.epoch, spec.openers) == (1, ("tax", "title"))
    result: Any = decode(job.result)
    numbers = [*range(1, 20), *range(101, 116)]
    east = sum(i * 1000 + 25 for i in numbers if i % 2 == 0)
    west = sum(i * 1000 + 25 for i in numbers if i % 2)
    assert [(row["group"], row["value"]) for row in result["rows"]] == [
        ("east", str(east)),
        ("west", str(west)),
    ]
    verdict = judged(network, job, second_opinion=True)
    assert verdict.outcome == "valid", verdict.report()
    assert "opened by tax and title together; none of them can alone" in " ".join(
        verdict.headline
    )
    assert "Python's integers" in " ".join(verdict.step(7).sentences)
    assert not any("custodian" in line for line in verdict.not_proven)
    assert any("holders of the threshold key" in line for line in verdict.not_proven)
    assert uses(network) == [(1, 0), (1, 0)]


@pytest.mark.parametrize("operation", ["count", "mean"])
@pytest.mark.parametrize(
    "openers", [("housing", "tax"), ("title", "housing"), ("tax", "title")]
)
def test_any_two_holders_open(
    network: Consortium, openers: tuple[str, ...], operation: Any
) -> None:
    """The coordinator and the owner may be among them."""
    asked = replace(SUM, openers=openers, operation=operation, group_by=None)
    job = done(network, jobs.submit(network["housing"], asked))
    assert jobs.spec_of(job).openers == tuple(sorted(openers))
    found: Any = decode(job.result)
    (row,) = found["rows"]
    total = sum(i * 1000 + 25 for i in range(20))
    assert row["value"] == (str(total) if operation == "mean" else "20")
    assert judged(network, job).outcome == "valid"


def test_without_a_key_or_on_request_there_is_a_custodian(
    network: Consortium, tmp_path: Path
) -> None:
    """One agency opens with its own key where it is asked for."""
    asked = replace(SUM, custodian="tax")
    job = done(network, jobs.submit(network["housing"], asked))
    assert (jobs.spec_of(job).custodian, jobs.spec_of(job).openers) == ("tax", ())
    assert judged(network, job).outcome == "valid"


def test_a_key_that_too_few_accepted_is_not_used(tmp_path: Path) -> None:
    """Until enough holders accepted a key, a custodian opens."""
    network = Consortium(tmp_path)
    network.publish("tax", "returns", taxes(), key="parcel")
    network.grant("housing", RETURNS)
    network.share_key(2, HOLDERS, accepting=("tax",))
    assert plan(network["housing"], SUM).spec.custodian == "tax"
    with pytest.raises(NotPermitted) as refused:
        plan(network["housing"], replace(SUM, openers=("tax", "title")))
    assert refused.value.detail["rule"] == "job.key"
    network.close()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"openers": ("tax",)}, "job.openers"),
        ({"openers": ("tax", "title", "housing")}, "job.openers"),
        ({"openers": ("registrar", "tax")}, "job.openers"),
        ({"openers": ("tax", "title"), "compute": "title"}, "job.openers"),
        ({"openers": ("tax", "title"), "custodian": "title"}, "job.parties"),
    ],
)
def test_openers_that_may_not_open(
    network: Consortium, changes: Any, rule: str
) -> None:
    """Too few, too many, strangers, and the one who computes are refused at once."""
    with pytest.raises(NotPermitted) as refused:
        jobs.submit(network["housing"], replace(SUM, **changes))
    assert refused.value.detail["rule"] == rule


def test_who_computes_holds_no_share_if_it_can_be(network: Consortium) -> None:
    """The choice: no holder computes; if one must, it does not open."""
    spec = plan(network["housing"], SUM).spec
    assert (spec.compute, spec.openers) == ("registrar", ("tax", "title"))
    spec = plan(network["housing"], replace(SUM, compute="title")).spec
    assert (spec.compute, spec.openers) == ("title", ("housing", "tax"))
    spec = plan(network["housing"], replace(SUM, openers=("title", "tax"))).spec
    assert (spec.compute, spec.openers) == ("registrar", ("tax", "title"))


def test_what_is_said_beforehand(network: Consortium) -> None:
    """Before anything runs: who opens, and who would have to conspire."""
    said = explain(network["housing"], SUM)
    assert said["parties"]["openers"] == ["tax", "title"]
    assert "tax and title open the totals together" in said["technique"]
    assert "registrar and 2 of the key's holders" in said["adversary"]
    assert "alone it opens nothing" in said["learns"]["title"]
    said = explain(network["housing"], replace(SUM, compute="title"))
    assert "title and 1 of the key's holders housing and tax" in said["adversary"]
    assert "so nobody can present a wrong one" in said["adversary"]
    assert "dealer of the threshold key" in said["not_proven"]
    said = explain(network["housing"], replace(SUM, custodian="tax"))
    assert "so nobody can present a wrong one" in said["adversary"]
    assert "dealer" not in said["not_proven"]


@pytest.mark.parametrize(("count", "who"), [(3, "nobody"), (4, "nobody but the key's")])
def test_who_could_show_a_wrong_total(tmp_path: Path, count: int, who: str) -> None:
    """With more than three openers the key's dealer could, and that is said."""
    made = Consortium(tmp_path)
    made.publish("tax", "returns", taxes(), key="parcel")
    made.grant("housing", RETURNS)
    made.share_key(count, AGENCIES)
    said = explain(made["housing"], SUM)["adversary"]
    assert f"so {who}" in said and ("dealer" in said) == (count > 3)
    made.close()


# -- what an opener refuses ---------------------------------------------------


def test_a_grant_revoked_between_two_openers(network: Consortium) -> None:
    """The first has opened when the right is revoked; the second does not."""
    job = jobs.submit(network["housing"], SUM)
    (grant_id, *_) = query.grants(network.host.view())

    def revoked_meanwhile(asked: Asked) -> Any:
        grant.revoke(network["tax"], grant_id, reason="stop")
        return asked.go_on(network)

    network.meddle["title", "opening"] = revoked_meanwhile
    found = failed(network, job, GrantRevoked, "title")
    assert network["title"].store.blob(found.ledger_id, "opened") is None


def test_only_openers_open(network: Consortium) -> None:
    """A holder that the job does not name gives nothing, and nobody asks for others."""
    job = up_to(network, "opening")
    body = asked_to_open(network, job)
    with pytest.raises(NotPermitted) as refused:
        open_totals(network["housing"], "housing", job.ledger_id, body)
    assert refused.value.detail["rule"] == "job.party"
    with pytest.raises(NotPermitted) as refused:
        open_totals(network["tax"], "title", job.ledger_id, body)
    assert refused.value.detail["rule"] == "job.coordinator"


def test_an_opener_that_lost_its_share(network: Consortium) -> None:
    """Without its share it says so, and the job names it."""
    from privshare.exchange.shares import HeldShares

    network.nodes["title"] = replace(network["title"], shares=HeldShares())
    job = jobs.submit(network["housing"], SUM)
    failed(network, job, NotFound, "title")


def test_an_opener_opens_one_aggregation_a_job(network: Consortium) -> None:
    """A second aggregation, true in itself, is opened by nobody: neither by whoever
    opened the first, nor by an opener that was not asked before.

    Coordinator, owner and compute node work together: the owner contributes a
    second time with fresh ciphertexts of other values.
    """
    job = up_to(network, "opening")
    body = asked_to_open(network, job)
    first = open_totals(network["tax"], "housing", job.ledger_id, body)
    network.sync()
    other = second_aggregation(network, job, body)
    for opener in ("tax", "title"):
        with pytest.raises(EvidenceInvalid) as refused:
            open_totals(network[opener], "housing", job.ledger_id, other)
        assert refused.value.detail["rule"] == "job.opened"
    assert network["title"].store.blob(job.ledger_id, "opened") is None
    assert open_totals(network["tax"], "housing", job.ledger_id, body) == first


@pytest.mark.parametrize("then", ["silent", "answers"])
def test_an_opener_that_announces_what_nobody_computed(
    network: Consortium, then: str
) -> None:
    """Nothing is opened any more, and it is named, not the agency that computed."""
    job = up_to(network, "opening")

    def announce(asked: Asked) -> Any:
        body = {"aggregation": b64u(bytes(32)), "job": job.ledger_id}
        network["tax"].submit("job.open", body)
        network.sync()
        if then == "silent":
            raise Unavailable("expected tax to answer, found nobody")
        return asked.go_on(network)

    network.meddle["tax", "opening"] = announce
    found = failed(network, job, EvidenceInvalid, "tax")
    assert found.problem is not None and found.problem.rule == "job.opened"
    assert network["title"].store.blob(found.ledger_id, "opened") is None
    assert uses(network)[0] == (1, 0)  # an opener that announces, spends


def test_an_opener_whose_ledger_lags_behind(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its copy does not show what another opener announced: the host's rules do."""
    job = up_to(network, "opening")
    body = asked_to_open(network, job)
    before = network["title"].view()
    open_totals(network["tax"], "housing", job.ledger_id, body)
    monkeypatch.setattr(Node, "view", lambda self: before)
    other = second_aggregation(network, job, body)
    with pytest.raises(Unavailable):
        open_totals(network["title"], "housing", job.ledger_id, other)
    assert network["title"].store.blob(job.ledger_id, "opening") is None


def second_aggregation(network: Consortium, job: Job, body: Any) -> Any:
    """What openers would be asked with other ciphertexts by the same owner."""
    spec, key = jobs.spec_of(job), dealt(2, 3)[0].public
    true = Contribution.from_bytes(
        envelopes.from_json(body["contributions"][0]).payload
    )
    cells, known = [], []
    for cell in true.groups:
        m, r = packing.hide(7, key.bits), 12345
        made = key.encrypt_batch_with([m], [r])
        cells.append(replace(cell, ciphertext=made))
        known.append(Known(made, m, r))
    told = replace(true, groups=tuple(cells))
    told = replace(told, proof=prove(key.n, known, told.context()))
    total = steps.aggregate(spec, job.ledger_id, [told], key)
    return {
        **body,
        "aggregation": signed(spec.compute, AGGREGATION, total.to_bytes()),
        "contributions": [signed("tax", CONTRIBUTION, told.to_bytes())],
    }


def test_an_opener_counts_the_values(network: Consortium) -> None:
    """A group below k is not opened, whoever signed for it."""
    job = up_to(network, "opening")
    body = asked_to_open(network, job)
    spec, key = jobs.spec_of(job), dealt(2, 3)[0].public
    true = Contribution.from_bytes(
        envelopes.from_json(body["contributions"][0]).payload
    )
    few = replace(true, groups=(replace(true.groups[0], count=2),), rows=2)
    total = Aggregation(
        job=job.ledger_id,
        key=key.kid,
        contributions=(few.digest(),),
        groups=few.groups,
    )
    body |= {
        "aggregation": signed(spec.compute, AGGREGATION, total.to_bytes()),
        "contributions": [signed("tax", CONTRIBUTION, few.to_bytes())],
    }
    with pytest.raises(EvidenceInvalid) as refused:
        open_totals(network["title"], "housing", job.ledger_id, body)
    assert refused.value.detail == {"party": "tax", "rule": "job.k"}


def stolen_rows(network: Consortium) -> list[bytes]:
    """The single ciphertexts that an honest job left with housing, which computed."""
    asked = replace(SUM, compute="housing", openers=("tax", "title"))
    job = up_to(network, "aggregating", asked)
    column = network["housing"].store.blob(job.ledger_id, f"column:{RETURNS}:0")
    assert column is not None
    network.run("housing")
    return [column[i : i + 512] for i in range(0, len(column), 512)]


@pytest.mark.parametrize("claim", ["no proof", "proof of another", "made-up proof"])
def test_having_openers_open_copied_ciphertexts(
    network: Consortium, claim: str
) -> None:
    """Housing asks, computes and holds a share, and wants single values: it shows
    ciphertexts of another's rows, blinded and shifted, as sums of its own table."""
    rows = stolen_rows(network)
    network.publish("housing", "mine", taxes(6), key="parcel")
    network.grant("housing", "housing/mine")
    own = replace(
        SUM,
        datasets=("housing/mine",),
        compute="housing",
        openers=("tax", "title"),
    )
    job = jobs.submit(network["housing"], own)
    network.sync()
    key = dealt(2, 3)[0].public
    cells = tuple(
        Cell(f"row {i:02}", 5, key.add(row, key.encrypt_batch([1000])))
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
        mine = Known(key.encrypt_batch_with([7], [9]), 7, 9)
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
        "aggregation": signed("housing", AGGREGATION, total.to_bytes()),
        "contributions": [signed("housing", CONTRIBUTION, told.to_bytes())],
        "index": held(network, job).at,
        "spec": jobs.spec_of(job).to_json(),
    }
    for opener in ("tax", "title"):
        with pytest.raises(EvidenceInvalid) as refused:
            open_totals(network[opener], "housing", job.ledger_id, asked)
        assert refused.value.detail == {"party": "housing", "rule": "job.knowledge"}
        assert network[opener].store.blob(job.ledger_id, "opened") is None


def test_a_result_that_no_receipt_can_hold(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before anybody opens, so nothing is spent."""
    monkeypatch.setattr("privshare.exchange.conclusion.MAX_EVIDENCE", 10_000)
    found = failed(network, jobs.submit(network["housing"], SUM), OutOfRange)
    assert found.problem is not None and found.problem.rule == "job.groups"
    assert held(network, found).opened is None
    assert uses(network)[0] == (0, 0)


# -- a dishonest opener -------------------------------------------------------


def _other_value(true: PartialOpening) -> PartialOpening:
    key = dealt(2, 3)[0].public
    moved = key.add(true.values[0], key.encrypt_batch([1]))
    return replace(true, values=(moved, *true.values[1:]))


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (_other_value, ProofInvalid),
        (lambda true: replace(true, proof=true.proof[::-1]), ProofInvalid),
        (lambda true: replace(true, values=true.values[::-1]), ProofInvalid),
        (lambda true: replace(true, values=true.values[:1]), EvidenceInvalid),
        (lambda true: replace(true, aggregation=bytes(32)), EvidenceInvalid),
        (lambda true: replace(true, epoch=2), EvidenceInvalid),
        (lambda true: replace(true, job="A" * 43), EvidenceInvalid),
        (lambda true: replace(true, index=2), EvidenceInvalid),
    ],
)
def test_a_wrong_part_is_found_at_once(
    network: Consortium,
    lie: Callable[[PartialOpening], PartialOpening],
    error: type[PrivShareError],
) -> None:
    """A part that is not what the share makes ends the job, and names its opener."""
    job = jobs.submit(network["housing"], SUM)
    lying_opener(network, "tax", lie)
    found = failed(network, job, error, "tax")
    assert network["title"].store.blob(found.ledger_id, "opening") is None
    assert not [
        one for one in network.calls if one.agency == "title" and "open" in one.path
    ]


def test_a_part_of_an_earlier_job(network: Consortium) -> None:
    """A part that was given for one job is worth nothing for another."""
    earlier: list[Any] = []

    def remember(asked: Asked) -> Any:
        earlier.append(asked.go_on(network))
        return earlier[-1]

    network.meddle["tax", "opening"] = remember
    done(network, jobs.submit(network["housing"], SUM))
    network.meddle["tax", "opening"] = lambda _: earlier[0]
    failed(network, jobs.submit(network["housing"], SUM), EvidenceInvalid, "tax")


def test_a_part_signed_by_another(network: Consortium) -> None:
    """A part that its opener did not sign is refused."""

    def forged(asked: Asked) -> Any:
        payload = envelopes.from_json(asked.go_on(network)["opening"]).payload
        return {"opening": signed("title", PARTIAL_OPENING, payload)}

    network.meddle["tax", "opening"] = forged
    failed(network, jobs.submit(network["housing"], SUM), SignatureInvalid, "tax")


@pytest.mark.parametrize("answer", [None, [], {}, {"opening": 7}])
def test_answers_of_another_form(network: Consortium, answer: Any) -> None:
    """An answer that is none ends the job, and names who gave it."""
    network.meddle["tax", "opening"] = lambda _: answer
    failed(network, jobs.submit(network["housing"], SUM), EncodingError, "tax")


# -- totals past the bounds ---------------------------------------------------


def huge(network: Consortium, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tax encrypts values that its column cannot hold, and proves to know them."""
    true_pack = packing.pack

    def pack(values: Any, bits: int) -> list[int]:
        first, *others = true_pack(values, bits)
        return [first + (1 << 90), *others]

    monkeypatch.setattr(packing, "pack", pack)


def test_totals_past_the_bound_are_not_a_result(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Openers cannot see it; the coordinator does, and the uses are spent."""
    huge(network, monkeypatch)
    found = failed(network, jobs.submit(network["housing"], SUM), EvidenceInvalid)
    assert found.problem is not None and found.problem.rule == "job.bound"
    assert uses(network)[0] == (1, 0)


def test_an_auditor_sees_totals_past_the_bound(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator that files them all the same has a receipt that is not valid."""
    huge(network, monkeypatch)
    monkeypatch.setattr(steps, "check_totals", lambda *_: None)
    job = done(network, jobs.submit(network["housing"], SUM))
    monkeypatch.undo()
    verdict = judged(network, job)
    assert verdict.outcome == "invalid"
    assert [step.number for step in verdict.steps if step.outcome == "failed"] == [7]
    assert "bounds that the owners signed" in verdict.step(7).sentences[0]


# -- silence, restarts, the end -----------------------------------------------


def test_a_silent_opener_is_named(network: Consortium) -> None:
    """Who does not answer by the deadline is named; the other's part is kept."""
    job = jobs.submit(network["housing"], replace(SUM, deadline_s=60))

    def nobody(asked: Asked) -> Any:
        network.clock.now += 20
        raise Unavailable(f"expected {asked.agency} to answer, found nobody")

    network.meddle["tax", "opening"] = nobody
    found = failed(network, job, Unavailable, "tax")
    assert found.problem is not None and found.problem.rule == "job.deadline"
    assert network["title"].store.blob(found.ledger_id, "opening") is not None
    assert uses(network)[0] == (1, 0)  # title had announced its part


def test_an_opener_that_comes_back(network: Consortium) -> None:
    """An opener that was away holds the job up, and the other is asked once."""
    job = up_to(network, "opening")
    network.away.add("tax")
    runner = Runner(network["housing"], poll_s=0.01)
    assert runner.turn() and not runner.turn() and not runner.turn()
    waiting = jobs.find(network["housing"], job.id)
    assert waiting.phase == "opening" and "waiting for tax" in waiting.note
    assert (waiting.done, waiting.total) == (1, 2)
    network.away.clear()
    done(network, job)
    assert (
        len(
            [
                one
                for one in network.calls
                if one.agency == "title" and "open" in one.path
            ]
        )
        == 1
    )


def test_an_answer_that_was_lost(network: Consortium) -> None:
    """Asked again, an opener gives the same signed answer."""
    answers: list[Any] = []

    def lost_once(asked: Asked) -> Any:
        answers.append(asked.go_on(network))
        if len(answers) == 1:
            raise Unavailable("the answer is lost", detail={"party": "tax"})
        return answers[-1]

    network.meddle["tax", "opening"] = lost_once
    job = done(network, jobs.submit(network["housing"], SUM))
    assert len(answers) == 2 and answers[0] == answers[1]
    assert judged(network, job).outcome == "valid"


def test_restart_at_every_step(network: Consortium) -> None:
    """A new runner, as after a restart, goes on from wherever the last one was."""
    job = jobs.submit(network["housing"], BOTH)
    phases = set()
    for _ in range(200):
        now = jobs.find(network["housing"], job.id)
        phases.add(now.phase)
        if now.ended:
            break
        Runner(network["housing"], poll_s=0.01).turn()
    assert now.phase == "done", now.problem
    assert phases >= {"contributing", "aggregating", "opening", "finishing", "done"}


def test_an_opener_that_crashed_before_it_answered(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had noted and announced the aggregation: it opens that one, and no other."""
    from privshare.jobs import threshold

    job = up_to(network, "opening")
    body = asked_to_open(network, job)
    true_open = threshold.open_part

    def crash(*_: Any) -> Any:
        raise Unavailable("the machine stops here")

    monkeypatch.setattr(threshold, "open_part", crash)
    with pytest.raises(Unavailable):
        open_totals(network["tax"], "housing", job.ledger_id, body)
    monkeypatch.setattr(threshold, "open_part", true_open)
    assert held(network, job).opened is not None
    with pytest.raises(EvidenceInvalid):
        open_totals(
            network["tax"],
            "housing",
            job.ledger_id,
            second_aggregation(network, job, body),
        )
    done(network, job)


def test_one_announcement_is_enough(network: Consortium) -> None:
    """The first opener says on the ledger which aggregation is opened; the second
    finds it there."""
    job = done(network, jobs.submit(network["housing"], SUM))
    said = held(network, job)
    assert said.aggregation is not None and said.opened is not None
    entries = [
        network.host.entry(i)
        for i in range(network.host.view().size)
        if b"job.open" in _payload(network.host.entry(i))
    ]
    assert len(entries) == 1


def _payload(entry: bytes) -> bytes:
    try:
        return envelopes.decode(entry, max_bytes=1 << 20).payload
    except EncodingError:
        return b""


def test_an_abort_after_the_announcement_spends(network: Consortium) -> None:
    """From the first announcement on, ending the job gives nothing back."""
    job = up_to(network, "opening")
    body = asked_to_open(network, job)
    open_totals(network["tax"], "housing", job.ledger_id, body)
    jobs.cancel(network["housing"], job.id, reason="we saw enough")
    failed(network, job, StepNotAllowed)
    assert uses(network)[0] == (1, 0)


def test_a_key_that_was_reshared(network: Consortium) -> None:
    """New holders open for the old ones, and both arithmetics agree on it."""
    to = ("housing", "registrar", "tax")
    files = [shares.reshare(network[name], to, 2) for name in ("title", "housing")]
    publics = [
        PublicPart.from_json(decode(data))
        for one in files
        for name, data in one.items()
        if name.startswith("resharing-")
    ]
    before = query.threshold_epoch(network.host.view(), 1)
    key = successor(before.opened, [public.statement for public in publics])
    body: Any = {
        "epoch": 2,
        "evidence": b64u(evidence(publics)),
        "holders": list(to),
        "key": key.to_json(),
        "previous": 1,
    }
    shares.deal(network["registrar"], body)
    network.sync()
    for agency in to:
        parts = [
            data
            for one in files
            for name, data in one.items()
            if name.endswith(f"-to-{agency}.json")
        ]
        shares.import_shares(network[agency], parts)
        network.sync()
    job = done(network, jobs.submit(network["housing"], SUM))
    spec = jobs.spec_of(job)
    assert (spec.epoch, spec.compute, spec.openers) == (
        2,
        "title",
        ("registrar", "tax"),
    )
    verdict = judged(network, job, second_opinion=True)
    assert verdict.outcome == "valid", verdict.report()


def test_a_key_that_changes_under_way(network: Consortium) -> None:
    """A job is opened with the key it was admitted with; the next one is not."""
    job = up_to(network, "opening")
    network.share_key(2, HOLDERS, which=1)
    assert judged(network, done(network, job)).outcome == "valid"
    later = done(network, jobs.submit(network["housing"], SUM))
    assert jobs.spec_of(later).epoch == 2
    assert judged(network, later).outcome == "valid"
