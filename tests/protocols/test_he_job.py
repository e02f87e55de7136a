"""Encrypted sums among parties that lie, forget, fall silent or come back.

Each dishonest party is an honest one with a hand in between: it lets the true
verb answer, changes what comes out, and signs it with its own key. The tests
say who notices, what the error is called, and that the liar is named.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import (
    Asked,
    Consortium,
    he_private,
    keys_of,
    permit,
    proven,
    taxes,
)

from privshare.audit.verifier import verify
from privshare.errors import (
    EvidenceInvalid,
    GrantMissing,
    GrantRevoked,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    ProofInvalid,
    PurposeMismatch,
    SignatureInvalid,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import column, grant, party
from privshare.exchange import job as jobs
from privshare.exchange.node import he_key
from privshare.exchange.opening import open_totals
from privshare.exchange.plan import Question
from privshare.exchange.runner import Runner
from privshare.jobs import packing
from privshare.jobs.lifecycle import Job
from privshare.jobs.statement import (
    AGGREGATION,
    CONTRIBUTION,
    OPENING,
    Aggregation,
    Cell,
    Contribution,
    Opening,
    ciphertexts_digest,
)
from privshare.ledger import query
from privshare.schemes.keys import sign_envelope
from privshare.schemes.paillier import PaillierPrivateKey
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import decode

RETURNS, DEEDS = "tax/returns", "title/deeds"

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
    """Two owners with a table each, and housing's right to sum both."""
    consortium = Consortium(tmp_path)
    consortium.publish("tax", "returns", taxes(), key="parcel")
    consortium.publish("title", "deeds", taxes(16, first=100), key="parcel")
    consortium.grant("housing", RETURNS)
    consortium.grant("housing", DEEDS)
    yield consortium
    consortium.close()


def finished(network: Consortium, job: Job, agency: str = "housing") -> Job:
    """The job after its runner had its way."""
    network.run(agency)
    return jobs.find(network[agency], job.id)


def held(network: Consortium, job: Job) -> Any:
    """The job as the ledger holds it."""
    return query.job(network.host.view(), job.ledger_id)


def uses(network: Consortium) -> list[tuple[int, int]]:
    """(used, reserved) of every grant."""
    grants = query.grants(network.host.view()).values()
    return [(one.used, one.reserved) for one in grants]


def resigned(agency: str, kind: str, payload: bytes) -> Any:
    """A statement signed by the agency that lies."""
    return envelopes.to_json(sign_envelope(kind, payload, [keys_of(agency).sign]))


def lying_owner(
    network: Consortium, owner: str, lie: Callable[[Contribution], Contribution]
) -> None:
    """The owner contributes honestly and then signs something else."""

    def answer(asked: Asked) -> Any:
        said = asked.go_on(network)
        if said["state"] == "done":
            true = envelopes.from_json(said["contribution"])
            told = proven(lie(Contribution.from_bytes(true.payload)))
            said["contribution"] = resigned(owner, CONTRIBUTION, told.to_bytes())
        return said

    network.meddle[owner, "contributions"] = answer


def lying_compute(
    network: Consortium, agency: str, lie: Callable[[Aggregation], Aggregation]
) -> None:
    """The compute node adds up honestly and then signs something else."""

    def answer(asked: Asked) -> Any:
        true = envelopes.from_json(asked.go_on(network)["aggregation"])
        told = lie(Aggregation.from_bytes(true.payload))
        return {"aggregation": resigned(agency, AGGREGATION, told.to_bytes())}

    network.meddle[agency, "aggregation"] = answer


def lying_custodian(
    network: Consortium, agency: str, lie: Callable[[Opening], Opening]
) -> None:
    """The custodian opens honestly and then signs something else."""

    def answer(asked: Asked) -> Any:
        true = envelopes.from_json(asked.go_on(network)["opening"])
        told = lie(Opening.from_bytes(true.payload))
        return {"opening": resigned(agency, OPENING, told.to_bytes())}

    network.meddle[agency, "opening"] = answer


def must_fail(
    network: Consortium, job: Job, error: type[PrivShareError], liar: str = ""
) -> Job:
    """The job fails with this error, names the liar, is aborted on the ledger,
    and nothing was charged unless the custodian had opened it."""
    done = finished(network, job)
    assert done.phase == "failed" and done.problem is not None
    assert (done.problem.error, done.problem.party) == (error.__name__, liar), (
        done.problem
    )
    assert held(network, done).status == "aborted"
    if held(network, done).opened is None:
        assert all(one == (0, 0) for one in uses(network))
    assert all(reserved == 0 for _, reserved in uses(network))
    return done


# -- it goes well -------------------------------------------------------------


def test_two_owners_sum_and_audit(network: Consortium) -> None:
    """Two owners' columns are summed; the custodian owns neither; a group that
    one of them suppressed is left out; the receipt verifies."""
    job = jobs.submit(network["housing"], BOTH)
    done = finished(network, job)
    assert done.phase == "done", done.problem
    spec = jobs.spec_of(done)
    assert spec.custodian == "registrar" and spec.compute not in (
        "housing",
        "registrar",
    )
    result: Any = decode(done.result)
    numbers = [*range(1, 20), *range(101, 116)]
    east = sum(i * 1000 + 25 for i in numbers if i % 2 == 0)
    west = sum(i * 1000 + 25 for i in numbers if i % 2)
    values = [(row["group"], row["value"]) for row in result["rows"]]
    assert values == [("east", str(east)), ("west", str(west))]
    assert result["suppressed"] == ["north"]
    kept = network["housing"].store.receipt(done.receipt)
    assert kept is not None
    verdict = verify(kept.body, network.trust, network.clock(), lambda _: None)
    assert verdict.outcome == "valid", verdict.report()
    assert uses(network) == [(1, 0), (1, 0)]


@pytest.mark.parametrize(
    ("operation", "group_by", "rows"),
    [
        ("count", None, [("", 20, "20")]),
        ("mean", None, [("", 20, str(sum(i * 1000 + 25 for i in range(20))))]),
        ("count", "district", [("east", 9, "9"), ("west", 10, "10")]),
    ],
)
def test_counts_and_means(
    network: Consortium, operation: Any, group_by: str | None, rows: Any
) -> None:
    """A count is its own sum; a mean carries sum and count."""
    asked = replace(SUM, operation=operation, group_by=group_by)
    done = finished(network, jobs.submit(network["housing"], asked))
    assert done.phase == "done", done.problem
    result: Any = decode(done.result)
    assert [(r["group"], r["count"], r["value"]) for r in result["rows"]] == rows


def test_nulls_are_not_counted(network: Consortium) -> None:
    """Empty cells enter neither sum nor count; a column of several parts works."""
    csv = "parcel,district,tax_paid\n" + "".join(
        f"q-{i},east,{'' if i % 3 == 0 else i}\n" for i in range(30)
    )
    network.publish("title", "gaps", csv, key="parcel")
    network.grant("housing", "title/gaps")
    asked = replace(SUM, datasets=("title/gaps",), group_by=None)
    done = finished(network, jobs.submit(network["housing"], asked))
    assert done.phase == "done", done.problem
    (row,) = decode(done.result)["rows"]  # type: ignore[index, call-overload]
    assert row == {
        "count": 20,
        "group": "",
        "value": str(sum(i for i in range(30) if i % 3)),
    }


def test_a_column_in_several_parts(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups may begin and end anywhere in the parts of a column."""
    monkeypatch.setattr(column, "PART", 2)
    monkeypatch.setattr(packing, "slots", lambda bits: 3)
    done = finished(network, jobs.submit(network["housing"], SUM))
    assert done.phase == "done", done.problem
    parts = [one for one in network.calls if one.method == "PUT"]
    assert len(parts) == 4  # 9 and 10 values in 3 and 4 ciphertexts
    result: Any = decode(done.result)
    values = [row["value"] for row in result["rows"]]
    assert values == [
        str(sum(i * 1000 + 25 for i in range(2, 20, 2))),
        str(sum(i * 1000 + 25 for i in range(1, 20, 2))),
    ]


def test_an_opening_shows_totals_alone(network: Consortium) -> None:
    """What is opened is the total and a mask, and never what an owner packed."""
    opened = []
    for _ in range(2):
        jobs_seen: list[Any] = []

        def remember(asked: Asked, seen: list[Any] = jobs_seen) -> Any:
            seen.append(asked.go_on(network))
            return seen[-1]

        network.meddle["tax", "opening"] = remember
        done = finished(network, jobs.submit(network["housing"], SUM))
        assert done.phase == "done", done.problem
        payload = envelopes.from_json(jobs_seen[-1]["opening"]).payload
        opened.append(Opening.from_bytes(payload).groups)
    for one, other in zip(*opened, strict=True):
        assert one.total == other.total and one.m != other.m
        assert min(one.m.bit_length(), other.m.bit_length()) > 1_500
        assert (one.m - other.m) % ((1 << 96) - 1) == 0


def test_the_runner_read_the_job_before_it_was_admitted(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runner that comes after the submitter takes the job as it is now."""
    store, admit = network["housing"].store, jobs.admit
    read: list[tuple[Job, ...]] = []

    def admit_later(node: Any, job: Job) -> Job:
        read.append(store.open_jobs())
        return admit(node, job)

    monkeypatch.setattr(jobs, "admit", admit_later)
    job = jobs.submit(network["housing"], SUM)
    ((stale,),) = read
    assert (stale.phase, job.phase) == ("admitting", "contributing")
    monkeypatch.setattr(store, "open_jobs", lambda: (stale,))
    Runner(network["housing"]).turn()
    monkeypatch.undo()
    done = finished(network, job)
    assert done.phase == "done", done.problem


def test_the_compute_node_sees_no_value(network: Consortium) -> None:
    """What reaches the compute node holds no plaintext and no key to one."""
    done = finished(network, jobs.submit(network["housing"], SUM))
    compute = jobs.spec_of(done).compute
    sent = [one for one in network.calls if one.agency == compute]
    text = repr([one.body for one in sent])
    assert sent and "19025" not in text and "p-19" not in text


def test_blobs_are_gone_afterwards(network: Consortium) -> None:
    """When a job has ended, no ciphertext and no statement stays with a party."""
    from privshare.exchange.tick import node_tick

    finished(network, jobs.submit(network["housing"], SUM))
    for agency in ("title", "tax", "registrar", "housing"):
        assert node_tick(network[agency]) == []
        assert not network[agency].store.blob_jobs()


# -- the rights ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "rule"),
    [
        ({"datasets": (RETURNS,), "column": "parcel"}, PurposeMismatch, "grant.column"),
        ({"purpose": "marketing"}, PurposeMismatch, "grant.purpose"),
        ({"group_by": "parcel"}, PurposeMismatch, "grant.group-by"),
    ],
)
def test_a_question_outside_the_grant(
    network: Consortium, changes: Any, error: type[PrivShareError], rule: str
) -> None:
    """A question that no grant covers is refused at once, by the rule's name."""
    with pytest.raises(error) as refused:
        jobs.submit(network["housing"], replace(SUM, **changes))
    assert refused.value.detail["rule"] == rule
    assert network["housing"].store.open_jobs() == []


def test_without_a_grant(network: Consortium) -> None:
    """An agency without a grant asks in vain."""
    with pytest.raises(GrantMissing) as refused:
        jobs.submit(network["registrar"], SUM)
    assert refused.value.detail["rule"] == "grant.missing"


def test_parties_in_conflict(network: Consortium) -> None:
    """Who asks or computes cannot hold the key."""
    for custodian, compute in (("housing", None), ("title", "title")):
        asked = replace(SUM, custodian=custodian, compute=compute)
        with pytest.raises(NotPermitted) as refused:
            jobs.submit(network["housing"], asked)
        assert refused.value.detail["rule"] == "job.parties"


def first_grant(network: Consortium) -> str:
    return next(iter(query.grants(network.host.view())))


def test_grant_revoked_before_the_owner_is_asked(network: Consortium) -> None:
    """A revocation after admission stops the owner, and the job."""
    job = jobs.submit(network["housing"], SUM)
    grant.revoke(network["tax"], first_grant(network), reason="stop")
    network.sync()
    done = must_fail(network, job, GrantRevoked, "tax")
    assert done.problem is not None and done.problem.rule == "grant.revoked"


def test_grant_revoked_before_the_opening(network: Consortium) -> None:
    """A revocation after the contribution stops the custodian."""
    job = jobs.submit(network["housing"], BOTH)

    def revoked_meanwhile(asked: Asked) -> Any:
        if not network.meddle.pop(("registrar", "opening"), None):
            return asked.go_on(network)
        grant.revoke(network["tax"], first_grant(network), reason="stop")
        return asked.go_on(network)

    network.meddle["registrar", "opening"] = revoked_meanwhile
    done = must_fail(network, job, GrantRevoked, "registrar")
    assert network["registrar"].store.blob(done.ledger_id, "opening") is None


def test_nothing_left_above_k(network: Consortium) -> None:
    """When every group is too small the owner refuses before it encrypts."""
    network.publish("title", "few", "parcel,district,tax_paid\nx,east,1\ny,east,2\n")
    network.grant("housing", "title/few")
    asked = replace(SUM, datasets=("title/few",))
    job = jobs.submit(network["housing"], asked)
    done = must_fail(network, job, NotPermitted, "title")
    assert done.problem is not None and done.problem.rule == "job.k"
    assert not [one for one in network.calls if one.method == "PUT"]


# -- a dishonest coordinator --------------------------------------------------


def asked_body(network: Consortium, job: Job, **changes: Any) -> dict[str, Any]:
    """What the coordinator sends an owner, with a lie."""
    spec = {**jobs.spec_of(job).to_json(), **changes}
    return {"index": held(network, job).at, "spec": spec}


@pytest.mark.parametrize(
    "changes",
    [{"k": 1}, {"column": "rooms"}, {"operation": "count"}, {"nonce": "A" * 22}],
)
def test_owner_compares_the_specification(
    network: Consortium, changes: dict[str, Any]
) -> None:
    """Another specification than the admitted one is refused by everybody."""
    job = jobs.submit(network["housing"], SUM)
    body = asked_body(network, job, **changes)
    with pytest.raises(EvidenceInvalid) as refused:
        party.contribute(network["tax"], "housing", job.ledger_id, RETURNS, body)
    assert refused.value.detail["rule"] == "job.spec"


def test_owner_knows_no_such_job(network: Consortium) -> None:
    """A job that the ledger did not admit is not worked on."""
    job = jobs.submit(network["housing"], SUM)
    with pytest.raises(NotFound):
        party.contribute(
            network["tax"], "housing", "A" * 43, RETURNS, asked_body(network, job)
        )


def test_owner_serves_no_ended_job(network: Consortium) -> None:
    """A job that is done is not contributed to again."""
    job = jobs.submit(network["housing"], SUM)
    body = asked_body(network, job)
    finished(network, job)
    with pytest.raises(StepNotAllowed) as refused:
        party.contribute(network["tax"], "housing", job.ledger_id, RETURNS, body)
    assert refused.value.detail["rule"] == "job.status"


def test_only_the_coordinator_asks(network: Consortium) -> None:
    """Another agency cannot set a party to work on somebody's job."""
    job = jobs.submit(network["housing"], SUM)
    with pytest.raises(NotPermitted) as refused:
        party.contribute(
            network["tax"], "title", job.ledger_id, RETURNS, asked_body(network, job)
        )
    assert refused.value.detail["rule"] == "job.coordinator"


def test_owner_contributes_only_what_goes_in(network: Consortium) -> None:
    """A dataset that is no input of the job is not contributed."""
    job = jobs.submit(network["housing"], SUM)
    with pytest.raises(NotFound):
        party.contribute(
            network["title"], "housing", job.ledger_id, DEEDS, asked_body(network, job)
        )


def test_the_custodian_opens_one_aggregation_a_job(network: Consortium) -> None:
    """A second aggregation, true in itself, is not opened for the same job.

    Coordinator, owner and compute node work together: the owner contributes a
    second time with fresh ciphertexts of other values.
    """
    job = jobs.submit(network["housing"], BOTH)
    seen: list[Asked] = []

    def opens_and_remembers(asked: Asked) -> Any:
        seen.append(asked)
        return asked.go_on(network)

    network.meddle["registrar", "opening"] = opens_and_remembers
    runner = Runner(network["housing"], poll_s=0.01)
    while not seen:
        runner.turn()
    body = dict(seen[0].body)
    key = he_key(network.host.view(), "registrar")
    told, statements = [], []
    for one in body["contributions"]:
        true = Contribution.from_bytes(envelopes.from_json(one).payload)
        cells = tuple(
            replace(cell, ciphertext=key.add(cell.ciphertext, key.encrypt_batch([1])))
            for cell in true.groups
        )
        again = proven(replace(true, groups=cells))
        told.append(again)
        statements.append(resigned(again.owner, CONTRIBUTION, again.to_bytes()))
    from privshare.jobs.aggregate import aggregate

    spec = jobs.spec_of(job)
    second = aggregate(spec, job.ledger_id, told, key)
    body["contributions"] = statements
    body["aggregation"] = resigned(spec.compute, AGGREGATION, second.to_bytes())
    with pytest.raises(EvidenceInvalid) as refused:
        open_totals(network["registrar"], "housing", job.ledger_id, body)
    assert refused.value.detail["rule"] == "job.opened"


# -- a dishonest owner --------------------------------------------------------


def _first(contribution: Contribution, **changes: Any) -> Contribution:
    cell, *rest = contribution.groups
    return replace(contribution, groups=(replace(cell, **changes), *rest))


def test_subtotal_that_is_not_the_product(network: Consortium) -> None:
    """A subtotal that is not the product of the rows is found by the compute
    node, which names its owner."""
    key = he_key(network.host.view(), "tax")
    job = jobs.submit(network["housing"], SUM)
    lying_owner(
        network, "tax", lambda true: _first(true, ciphertext=key.encrypt_batch([10**6]))
    )
    done = must_fail(network, job, EvidenceInvalid, "tax")
    assert done.problem is not None and done.problem.rule == "job.column"


def test_ciphertexts_changed_on_the_way(network: Consortium) -> None:
    """A column that is not the one signed is refused."""
    key = he_key(network.host.view(), "tax")
    job = jobs.submit(network["housing"], SUM)
    compute = jobs.spec_of(job).compute

    def exchange_first(asked: Asked) -> Any:
        size = key.ciphertext_size
        asked.body = key.encrypt_batch([7]) + asked.body[size:]
        return asked.go_on(network)

    network.meddle[compute, "inputs"] = exchange_first
    must_fail(network, job, EvidenceInvalid, "tax")


def test_count_below_k(network: Consortium) -> None:
    """A group that is smaller than k is refused, whoever signed it."""
    job = jobs.submit(network["housing"], SUM)

    def tiny(true: Contribution) -> Contribution:
        less = true.groups[0].count - 2
        return replace(_first(true, count=2), rows=true.rows - less)

    lying_owner(network, "tax", tiny)
    done = must_fail(network, job, EvidenceInvalid, "tax")
    assert done.problem is not None and done.problem.rule == "job.k"


def test_contribution_of_another_job(network: Consortium) -> None:
    """A contribution that was signed for another job does not enter this one."""
    earlier = jobs.submit(network["housing"], SUM)
    kept: list[Any] = []

    def remember(asked: Asked) -> Any:
        said = asked.go_on(network)
        kept.append(said)
        return said

    network.meddle["tax", "contributions"] = remember
    finished(network, earlier)
    later = jobs.submit(network["housing"], SUM)
    network.meddle["tax", "contributions"] = lambda _: kept[-1]
    done = finished(network, later)
    assert done.problem is not None
    assert (done.problem.error, done.problem.party) == ("EvidenceInvalid", "tax")


def test_ciphertexts_of_a_foreign_key(network: Consortium) -> None:
    """Ciphertexts under another key are refused where the key is named, and
    opened into nothing where it is not."""
    foreign = PaillierPrivateKey.generate(2048).public
    job = jobs.submit(network["housing"], SUM)
    lying_owner(network, "tax", lambda true: replace(true, key=foreign.kid))
    must_fail(network, job, EvidenceInvalid, "tax")


def test_numbers_that_are_no_ciphertexts(network: Consortium) -> None:
    """Zero, n and numbers past n² are no ciphertexts of the key."""
    key = he_key(network.host.view(), "tax")
    for number in (0, key.n, key.n**2, (1 << (4 * key.bits // 2)) - 1):
        data = number.to_bytes(key.ciphertext_size, "big")
        job = jobs.submit(network["housing"], SUM)
        lying_owner(
            network, "tax", lambda true, data=data: _first(true, ciphertext=data)
        )
        must_fail(network, job, EvidenceInvalid, "tax")


def test_values_past_the_bound(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values that no column holds are not opened: the sum is past the bound that
    the owner signed, as it is under a foreign key."""
    true_pack = packing.pack

    def huge(values: Any, bits: int) -> list[int]:
        return [m + (1 << 90) for m in true_pack(values, bits)]

    monkeypatch.setattr(packing, "pack", huge)
    job = jobs.submit(network["housing"], SUM)
    done = must_fail(network, job, EvidenceInvalid, "tax")
    assert done.problem is not None and done.problem.rule == "job.bound"


def test_sum_that_could_wrap(network: Consortium) -> None:
    """A bound that no sum of so many values reaches is refused."""
    job = jobs.submit(network["housing"], SUM)
    lying_owner(network, "tax", lambda true: replace(true, bound=packing.LIMIT))
    must_fail(network, job, EvidenceInvalid, "tax")


def test_owner_refuses_a_sum_that_could_wrap(network: Consortium) -> None:
    """The owner itself does not encrypt what plaintexts could not show."""
    key = he_key(network.host.view(), "tax")
    from array import array

    groups = column.Groups({"": array("q", [1])}, (), packing.LIMIT + 1, 0)
    with pytest.raises(OutOfRange) as refused:
        column.encrypt(groups, key, lambda *_: None)
    assert refused.value.detail["rule"] == "job.bound"


def test_contribution_signed_by_another(network: Consortium) -> None:
    """A contribution that its owner did not sign is refused."""
    job = jobs.submit(network["housing"], SUM)

    def forged(asked: Asked) -> Any:
        said = asked.go_on(network)
        if said["state"] == "done":
            payload = envelopes.from_json(said["contribution"]).payload
            said["contribution"] = resigned("title", CONTRIBUTION, payload)
        return said

    network.meddle["tax", "contributions"] = forged
    must_fail(network, job, SignatureInvalid, "tax")


def test_a_compute_node_that_lags_behind(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ciphertexts may come before the compute node's mirror has the job: it looks
    again, and says so if the job does not come."""
    job = jobs.submit(network["housing"], SUM)
    spec = jobs.spec_of(job)
    compute = network[spec.compute]
    assert compute.view().get(f"job/{job.ledger_id}") is None or (
        spec.compute == "registrar"
    )
    got = party.receive(compute, "tax", job.ledger_id, RETURNS, part=0, data=b"x")
    assert got == {"bytes": 1, "part": 0}
    monkeypatch.setattr("privshare.exchange.admission._BLOCK_S", 0.01)
    with pytest.raises(Unavailable) as lagging:
        party.receive(compute, "tax", "A" * 43, RETURNS, part=0, data=b"x")
    assert lagging.value.detail["party"] == spec.compute


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"state": "done"}, {"state": "done", "contribution": 7}]
)
def test_answers_of_another_form(network: Consortium, answer: Any) -> None:
    """An answer that is none ends the job, and names who gave it."""
    job = jobs.submit(network["housing"], replace(SUM, deadline_s=60))

    def other(asked: Asked) -> Any:
        network.clock.now += 40
        return answer

    network.meddle["tax", "contributions"] = other
    done = finished(network, job)
    assert done.phase == "failed" and done.problem is not None
    assert done.problem.party == "tax"
    assert held(network, done).status == "aborted"


def test_a_refusal_with_control_characters(network: Consortium) -> None:
    """Whatever a peer writes as its reason, the job is aborted on the ledger."""
    job = jobs.submit(network["housing"], SUM)

    def rude(asked: Asked) -> Any:
        raise NotPermitted("no\x00\x1b[2J\u2028" + "x" * 2_000)

    network.meddle["tax", "contributions"] = rude
    must_fail(network, job, NotPermitted, "tax")


def test_only_the_owner_sends_its_column(network: Consortium) -> None:
    """Another agency cannot put ciphertexts under an owner's name."""
    job = jobs.submit(network["housing"], SUM)
    network.sync()
    compute = network[jobs.spec_of(job).compute]
    with pytest.raises(NotPermitted):
        party.receive(compute, "housing", job.ledger_id, RETURNS, part=0, data=b"x")
    with pytest.raises(NotFound):
        party.receive(compute, "title", job.ledger_id, DEEDS, part=0, data=b"x")
    with pytest.raises(NotPermitted):
        party.receive(network["tax"], "tax", job.ledger_id, RETURNS, part=0, data=b"x")
    for part, data in ((-1, b"x"), (1 << 20, b"x"), (0, b"")):
        with pytest.raises(OutOfRange):
            party.receive(compute, "tax", job.ledger_id, RETURNS, part=part, data=data)


# -- a dishonest compute node -------------------------------------------------


def test_total_that_is_not_the_product(network: Consortium) -> None:
    """The custodian multiplies again, and opens nothing else."""
    job = jobs.submit(network["housing"], BOTH)
    spec = jobs.spec_of(job)
    key = he_key(network.host.view(), spec.custodian)

    def more(true: Aggregation) -> Aggregation:
        cell, *rest = true.groups
        other = Cell(cell.group, cell.count, key.encrypt_batch([1]))
        return replace(true, groups=(other, *rest))

    lying_compute(network, spec.compute, more)
    done = must_fail(network, job, EvidenceInvalid, spec.compute)
    assert network[spec.custodian].store.blob(done.ledger_id, "opening") is None


def test_one_owners_subtotal_instead_of_the_total(network: Consortium) -> None:
    """A compute node cannot have one owner's subtotal opened."""
    job = jobs.submit(network["housing"], BOTH)
    spec = jobs.spec_of(job)
    subtotals: list[Cell] = []

    def remember(true: Contribution) -> Contribution:
        subtotals.extend(true.groups)
        return true

    lying_owner(network, "tax", remember)
    lying_compute(
        network,
        spec.compute,
        lambda true: replace(
            true, groups=tuple(sorted(subtotals, key=lambda c: c.group))
        ),
    )
    must_fail(network, job, EvidenceInvalid, spec.compute)


def test_aggregation_of_another_job(network: Consortium) -> None:
    """An aggregation that names another job or other contributions is refused."""
    job = jobs.submit(network["housing"], BOTH)
    spec = jobs.spec_of(job)
    lying_compute(network, spec.compute, lambda true: replace(true, job="A" * 43))
    must_fail(network, job, EvidenceInvalid, spec.compute)
    job = jobs.submit(network["housing"], BOTH)
    spec = jobs.spec_of(job)
    lying_compute(
        network,
        spec.compute,
        lambda true: replace(true, contributions=(bytes(32), *true.contributions[1:])),
    )
    must_fail(network, job, EvidenceInvalid, spec.compute)


# -- a dishonest custodian ----------------------------------------------------


def test_total_that_is_not_what_the_ciphertext_hides(network: Consortium) -> None:
    """The coordinator encrypts m again with r, and finds another total."""
    job = jobs.submit(network["housing"], SUM)

    def one_more(true: Opening) -> Opening:
        first, *rest = true.groups
        return replace(true, groups=(replace(first, m=first.m + 1), *rest))

    lying_custodian(network, "tax", one_more)
    must_fail(network, job, ProofInvalid, "tax")


def test_opening_of_another_ciphertext(network: Consortium) -> None:
    """A true opening of something else is not an opening of the total."""
    job = jobs.submit(network["housing"], SUM)
    private = he_private("tax")
    m, r = private.open(private.public.encrypt_batch([12345]))

    def something_else(true: Opening) -> Opening:
        first, *rest = true.groups
        return replace(true, groups=(replace(first, m=m, r=r), *rest))

    lying_custodian(network, "tax", something_else)
    must_fail(network, job, ProofInvalid, "tax")


def test_opening_that_names_another_aggregation(network: Consortium) -> None:
    """The opening must be of this job's aggregation, all its groups, in order."""
    lies: list[Callable[[Opening], Opening]] = [
        lambda true: replace(true, aggregation=bytes(32)),
        lambda true: replace(true, job="A" * 43),
        lambda true: replace(true, groups=true.groups[:1]),
        lambda true: replace(true, groups=true.groups[::-1]),
    ]
    for lie in lies:
        job = jobs.submit(network["housing"], SUM)
        lying_custodian(network, "tax", lie)
        must_fail(network, job, EvidenceInvalid, "tax")


def test_the_custodian_opens_nothing_unasked(network: Consortium) -> None:
    """Without a true aggregation of an admitted job there is no opening."""
    job = jobs.submit(network["housing"], SUM)
    key = he_key(network.host.view(), "tax")
    spec = jobs.spec_of(job)
    wanted = Aggregation(
        job=job.ledger_id,
        key=key.kid,
        contributions=(bytes(32),),
        groups=(Cell("east", 5, key.encrypt_batch([1])),),
    )
    made_up = Contribution(
        job=job.ledger_id,
        dataset=RETURNS,
        version=1,
        column="tax_paid",
        group_by="district",
        key=key.kid,
        ciphertexts=ciphertexts_digest(b""),
        rows=5,
        bound=5,
        scale=2,
        groups=wanted.groups,
        suppressed=(),
    )
    body = asked_body(network, job) | {
        "aggregation": resigned(spec.compute, AGGREGATION, wanted.to_bytes()),
        "contributions": [resigned("housing", CONTRIBUTION, made_up.to_bytes())],
    }
    with pytest.raises(SignatureInvalid):
        open_totals(network["tax"], "housing", job.ledger_id, body)
    with pytest.raises(NotPermitted):
        open_totals(network["title"], "housing", job.ledger_id, body)


# -- silence, restarts, the end -----------------------------------------------


@pytest.mark.parametrize("role", ["owner", "compute", "custodian"])
def test_a_silent_party_is_named(network: Consortium, role: str) -> None:
    """Who does not answer by the deadline is named, and the uses are given back."""
    job = jobs.submit(network["housing"], replace(BOTH, deadline_s=60))
    spec = jobs.spec_of(job)
    silent = {"owner": "title", "compute": spec.compute, "custodian": spec.custodian}
    party_away = silent[role]
    kinds = {"owner": "contributions", "compute": "aggregation", "custodian": "opening"}

    def nobody(asked: Asked) -> Any:
        network.clock.now += 100
        raise Unavailable(f"expected {asked.agency} to answer, found nobody")

    network.meddle[party_away, kinds[role]] = nobody
    done = must_fail(network, job, Unavailable, party_away)
    assert done.problem is not None and done.problem.rule == "job.deadline"


def test_a_party_that_works_for_ever(network: Consortium) -> None:
    """A party that always says it is working is named at the deadline, too."""
    job = jobs.submit(network["housing"], replace(SUM, deadline_s=60))

    def busy(asked: Asked) -> Any:
        network.clock.now += 20
        return {"done": 0, "state": "working", "total": 9}

    network.meddle["tax", "contributions"] = busy
    must_fail(network, job, Unavailable, "tax")


def test_a_party_that_comes_back(network: Consortium) -> None:
    """A party that was away for a while holds the job up and does not end it."""
    job = jobs.submit(network["housing"], SUM)
    network.away.add("tax")
    runner = Runner(network["housing"], poll_s=0.01)
    for _ in range(3):
        assert not runner.turn()
    waiting = jobs.find(network["housing"], job.id)
    assert waiting.phase == "contributing" and "waiting for tax" in waiting.note
    network.away.clear()
    assert finished(network, job).phase == "done"


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


def test_restart_after_the_result_was_committed(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the ledger's yes and our note of it makes no second result."""
    from privshare.exchange import drawer

    job = jobs.submit(network["housing"], SUM)
    true_file = drawer.file_at

    def crash(*_: Any, **__: Any) -> str:
        raise Unavailable("the machine stops here")

    monkeypatch.setattr(drawer, "file_at", crash)
    runner = Runner(network["housing"], poll_s=0.01)
    while held(network, job).status == "admitted":
        runner.turn()
    assert jobs.find(network["housing"], job.id).phase == "finishing"
    monkeypatch.setattr(drawer, "file_at", true_file)
    done = finished(network, job)
    assert done.phase == "done" and done.receipt
    assert uses(network)[0] == (1, 0)


def test_admission_that_was_lost_on_the_way(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job whose admission got no answer is admitted once, not twice."""
    housing = network["housing"]
    true_send = type(housing).send

    def answer_lost(self: Any, transaction: bytes, leaves: bytes = b"") -> Any:
        true_send(self, transaction, leaves)
        raise Unavailable("the answer is lost")

    monkeypatch.setattr(type(housing), "send", answer_lost)
    job = jobs.submit(housing, SUM)
    assert job.phase == "admitting"
    monkeypatch.setattr(type(housing), "send", true_send)
    done = finished(network, job)
    assert done.phase == "done", done.problem
    assert len(query.jobs(network.host.view())) == 1


def test_what_was_lost_on_the_way_is_cancelled_on_the_ledger(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows yet that the ledger admitted it: its uses come back all the same."""
    housing = network["housing"]
    true_send = type(housing).send

    def answer_lost(self: Any, transaction: bytes, leaves: bytes = b"") -> Any:
        true_send(self, transaction, leaves)
        raise Unavailable("the answer is lost")

    monkeypatch.setattr(type(housing), "send", answer_lost)
    job = jobs.submit(housing, SUM)
    monkeypatch.setattr(type(housing), "send", true_send)
    assert (job.phase, uses(network)[0]) == ("admitting", (0, 1))
    jobs.cancel(housing, job.id, reason="asked too soon")
    failed = must_fail(network, job, StepNotAllowed)
    assert failed.problem is not None and failed.problem.rule == "job.cancelled"
    assert uses(network)[0] == (0, 0)


def test_cancelling_while_the_ledger_admits(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancellation that was accepted is not forgotten when the answer comes."""
    housing = network["housing"]
    true_send = type(housing).send

    def cancelled_meanwhile(self: Any, transaction: bytes, leaves: bytes = b"") -> Any:
        (under_way,) = housing.store.open_jobs()
        jobs.cancel(housing, under_way.id, reason="asked too soon")
        return true_send(self, transaction, leaves)

    monkeypatch.setattr(type(housing), "send", cancelled_meanwhile)
    job = jobs.submit(housing, SUM)
    monkeypatch.setattr(type(housing), "send", true_send)
    assert job.cancelled == "asked too soon"
    failed = must_fail(network, job, StepNotAllowed)
    assert failed.problem is not None and failed.problem.rule == "job.cancelled"
    assert uses(network)[0] == (0, 0)


def test_cancelling(network: Consortium) -> None:
    """A cancelled job is aborted on the ledger and has a receipt of that."""
    job = jobs.submit(network["housing"], SUM)
    jobs.cancel(network["housing"], job.id, reason="asked too soon")
    done = must_fail(network, job, StepNotAllowed)
    assert done.problem is not None and done.problem.rule == "job.cancelled"
    kept = network["housing"].store.receipts()[0]
    assert kept.operation == "job.abort"
    verdict = verify(kept.body, network.trust, network.clock(), lambda _: None)
    assert verdict.outcome == "valid", verdict.report()
    with pytest.raises(StepNotAllowed):
        jobs.cancel(network["housing"], job.id, reason="again")


def test_a_party_aborts(network: Consortium) -> None:
    """When a party aborts the job on the ledger, the coordinator's ends, too."""
    job = jobs.submit(network["housing"], SUM)
    network["tax"].submit(
        "job.abort", {"job": job.ledger_id, "reason": "we will not take part"}
    )
    network.sync()
    done = must_fail(network, job, StepNotAllowed)
    assert done.problem is not None and "we will not" in done.problem.reason


def test_manual_permission_first(network: Consortium) -> None:
    """A grant that waits for a steward does not run yet."""
    network.publish(
        "title",
        "manual",
        taxes(12),
        rules=[permit(automatic=False, confirmations=1)],
    )
    grant_id = network.grant("housing", "title/manual")
    asked = replace(SUM, datasets=("title/manual",))
    with pytest.raises(GrantMissing) as refused:
        jobs.submit(network["housing"], asked)
    assert refused.value.detail["rule"] == "grant.not-active"
    grant.decide(network["title"], grant_id, "offer", person="steward")
    network.sync()
    done = finished(network, jobs.submit(network["housing"], asked))
    assert done.phase == "done", done.problem
