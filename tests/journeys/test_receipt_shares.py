"""Receipts of jobs on shares: every lie about one is found, and by its step.

The ledger holds digests and would take any; nodes, owners and coordinator lie in
chorus here, each with its own keys, so that only the meaning is wrong.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import measured
import pytest
import shares
from network import Filed, Network
from shares import HOMES, NODES, TAXES, Job

from privshare.audit.report import Verdict
from privshare.audit.verifier import verify
from privshare.jobs.mpc_statement import piece_commitment
from privshare.simulation.simulator import Simulator
from privshare.wire.canonical import b64u, unb64u

Documents = tuple[dict[str, Any], dict[str, Any]]
Lie = Callable[[Job], Any]


def judge(network: Network, filed: Filed, **changes: Any) -> Verdict:
    """The verdict a minute later, with the network's test roots."""
    fields: dict[str, Any] = {"roots": network.roots} | changes
    return verify(filed.data, network.trust, network.now + 60, lambda _: None, **fields)


def failed(verdict: Verdict) -> list[int]:
    """The steps that failed."""
    return [step.number for step in verdict.steps if step.outcome == "failed"]


def filed(job: Job, documents: Documents | None = None) -> Filed:
    """The receipt of a job that has concluded, whatever it says."""
    at, evidence, result = job.finish(documents)
    return Filed(
        job.network.receipt("job.result", at, evidence=evidence, result=result)
    )


def attested(network: Network, **options: Any) -> Job:
    """A job whose nodes have shown their evidence."""
    job = shares.begin(network, **options)
    for node in NODES:
        job.attest(node)
    return job


def concluded(job: Job) -> Job:
    """A job that was dealt, computed, concluded and announced."""
    for dataset in (TAXES, HOMES):
        if dataset not in job.deals:
            job.deal(dataset)
    if job.outcome is None:
        job.compute()
    for node in NODES:
        if job.bundles[node].conclusion is None:
            job.conclude(node)
    job.announce()
    return job


@pytest.mark.parametrize("model", ["semi-honest", "malicious-abort"])
def test_both_models_are_told(network: Network, model: Any) -> None:
    """A true receipt is valid, and says against whom it was computed."""
    verdict = judge(network, filed(concluded(attested(network, model=model))))
    assert verdict.outcome == "valid", verdict.report()
    said = verdict.step(7).line()
    if model == "semi-honest":
        assert "trusted each other to multiply rightly (semi-honest)" in said
    else:
        assert "checked every product among them" in said
        assert "at most one in 2^" in said
    assert "  name area, coefficient 0.44688" in "\n".join(verdict.headline)
    assert "simulated" in verdict.facts["trust_class"]
    assert "two of them know everything" in " ".join(verdict.not_proven)
    assert failed(judge(network, filed(concluded(attested(network))), roots=None))


def _other_key(job: Job) -> None:
    """Another machine than the one whose root is known signs for a node."""
    bundle = job.bundles["tax"]
    other = Simulator(
        seed=bytes(32), measurement=measured.RUNNER, clock=lambda: job.network.now
    )
    data = bundle.admission.report_data(other.kind)
    job.bundles["tax"] = replace(bundle, evidence=other.collect(data))


#: What a node's evidence may be bound to instead.
ADMISSIONS: dict[str, dict[str, Any]] = {
    "another job": {"job": "A" * 43},
    "another specification": {"spec": bytes(32)},
    "another program": {"code": bytes(32)},
    "another runner": {"runner": bytes(48)},
    "another network": {"network": "other.net"},
    "a nonce too few": {"nonces": (("tax", shares.seed("nonce", "tax")),)},
    "another nonce": {
        "nonces": tuple((one, bytes(32)) for one in ("housing", "tax", "title"))
    },
    "another policy": {"policies": (("tax", bytes(32)), ("title", bytes(32)))},
}


@pytest.mark.parametrize("case", list(ADMISSIONS))
@pytest.mark.parametrize("node", ["registrar", "title"])
def test_wrong_evidence_of_one_node_fails_the_seventh_step(
    network: Network, case: str, node: str
) -> None:
    """Two good machines do not make up for the third, wherever it stands."""
    job = shares.begin(network)
    for one in NODES:
        job.attest(one, **(ADMISSIONS[case] if one == node else {}))
    verdict = judge(network, filed(concluded(job)))
    assert 7 in failed(verdict), verdict.report()


CONCLUSIONS: dict[str, dict[str, Any]] = {
    "another outcome": {"output": bytes(32)},
    "other inputs": {"inputs": ((TAXES, bytes(32)), (HOMES, bytes(32)))},
    "a bad end": {"exit": 1},
    "another admission": {"admission": bytes(32)},
}


@pytest.mark.parametrize("case", list(CONCLUSIONS))
def test_one_node_that_concluded_otherwise_is_found(
    network: Network, case: str
) -> None:
    """Each of the three must have signed the one outcome, of these inputs."""
    job = attested(network)
    for dataset in (TAXES, HOMES):
        job.deal(dataset)
    job.compute()
    job.conclude("title", **CONCLUSIONS[case])
    verdict = judge(network, filed(concluded(job)))
    assert failed(verdict) == [7], verdict.report()


def _deal(**changes: Any) -> Lie:
    return lambda job: job.deal(HOMES, **changes)


def _outcome(**changes: Any) -> Lie:
    def lie(job: Job) -> None:
        for dataset in (TAXES, HOMES):
            job.deal(dataset)
        job.compute(**changes)

    return lie


LIES: dict[str, tuple[Lie, int]] = {
    "a deal of another job": (_deal(job="A" * 43), 6),
    "a deal of another version": (_deal(version=2), 6),
    "a deal of other columns": (_deal(columns=("area", "parcel")), 6),
    "a deal to other machines": (_deal(admissions=(bytes(32),) * 3), 6),
    "an outcome of another job": (_outcome(job="A" * 43), 7),
    "an outcome of another question": (_outcome(spec=bytes(32)), 7),
    "an outcome of other inputs": (_outcome(inputs=((TAXES, bytes(32)),)), 7),
    "an outcome in another model": (_outcome(model="semi-honest"), 7),
    "a charge nobody admitted": (_outcome(charge=1), 8),
}


@pytest.mark.parametrize("case", list(LIES))
def test_a_false_statement_fails_its_step(network: Network, case: str) -> None:
    """What owners and nodes signed together is not what was specified."""
    lie, step = LIES[case]
    job = attested(network)
    lie(job)
    verdict = judge(network, filed(concluded(job)))
    assert step in failed(verdict), verdict.report()


def test_a_machine_that_nobody_vouches_for(network: Network) -> None:
    """One of three evidences by a key that is no known root's."""
    job = shares.begin(network)
    for node in NODES:
        job.attest(node)
    _other_key(job)
    verdict = judge(network, filed(concluded(job)))
    assert 7 in failed(verdict)


def _changed(job: Job, place: int) -> None:
    """A piece of the result is larger by one, and nobody committed to it."""
    pieces = list(job.pieces)
    pieces[place] = pieces[place][:-1] + bytes([pieces[place][-1] ^ 1])
    job.pieces = tuple(pieces)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_another_piece_is_not_the_one_committed_to(
    network: Network, place: int
) -> None:
    """The coordinator swaps a piece for one that gives another result."""
    job = concluded(attested(network))
    evidence, result = job.documents()
    _changed(job, place)
    evidence["pieces"] = [b64u(piece) for piece in job.pieces]
    verdict = judge(network, filed(job, (evidence, result)))
    assert failed(verdict) == [8], verdict.report()
    assert "as it was committed to" in verdict.step(8).line()


RESULTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another coefficient": lambda out: out["terms"][1].update(coefficient="1"),
    "another error": lambda out: out["terms"][1].update(standard_error="0.001"),
    "terms in another order": lambda out: out["terms"].reverse(),
    "a term too few": lambda out: out["terms"].pop(),
    "more rows": lambda out: out.update(rows=25),
    "a better fit": lambda out: out.update(r_squared="0.9999999999"),
    "another word": lambda out: out.update(status="solved."),
}


@pytest.mark.parametrize("case", list(RESULTS))
def test_a_result_that_the_pieces_do_not_say(network: Network, case: str) -> None:
    """The coordinator writes down what it would have liked."""
    job = concluded(attested(network))
    evidence, result = job.documents()
    RESULTS[case](result["output"])
    verdict = judge(network, filed(job, (evidence, result)))
    assert failed(verdict) == [8], verdict.report()


def _swap(evidence: dict[str, Any]) -> None:
    bundles = evidence["bundles"]
    bundles["tax"], bundles["title"] = bundles["title"], bundles["tax"]


EVIDENCE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a bundle too few": lambda one: one["bundles"].pop("title"),
    "a bundle too many": lambda one: one["bundles"].update(x=one["bundles"]["tax"]),
    "bundles swapped": _swap,
    "a piece too few": lambda one: one["pieces"].pop(),
    "pieces in another order": lambda one: one["pieces"].reverse(),
    "a deal too few": lambda one: one["releases"].pop(),
    "deals in another order": lambda one: one["releases"].reverse(),
    "another transcript": lambda one: one["outcome"].update(transcript="A" * 43),
    "a bound left out": lambda one: one["outcome"].update(bounds={}),
    "another program": lambda one: one["spec"].update(module="mpc.covariance"),
    "another k": lambda one: one["spec"].update(k=1),
    "other bounds": lambda one: one["spec"]["parameters"]["columns"][0].update(
        maximum=501
    ),
    "another closure": lambda one: one["bundles"]["tax"]["closure"].update(version=2),
}


@pytest.mark.parametrize("case", list(EVIDENCE))
def test_evidence_that_is_not_whole_is_refused(network: Network, case: str) -> None:
    """The coordinator commits to evidence of which a part is gone or another."""
    job = concluded(attested(network))
    evidence, result = deepcopy(job.documents())
    EVIDENCE[case](evidence)
    try:
        receipt = filed(job, (evidence, result))
    except Exception as error:  # our own assembling refuses what is no evidence
        assert type(error).__module__ == "privshare.errors", error
        return
    verdict = judge(network, receipt)
    assert verdict.outcome == "invalid" and failed(verdict), verdict.report()


def test_a_program_is_the_one_of_its_closure(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A digest that was listed and granted for one program, beside another's name."""
    monkeypatch.setattr(shares, "MODULE", "mpc.covariance")
    job = attested(network)
    verdict = judge(network, filed(_concluded_blindly(job)))
    assert 7 in failed(verdict)
    assert "closure of covariance" in verdict.step(7).line()


def _concluded_blindly(job: Job) -> Job:
    """As `concluded`; what is computed does not matter."""
    for dataset in (TAXES, HOMES):
        job.deal(dataset)
    job.compute()
    for node in NODES:
        job.conclude(node)
    job.announce()
    evidence, result = _documents_of_regression(job)
    job.documents = lambda: (evidence, result)  # type: ignore[method-assign]
    return job


def _documents_of_regression(job: Job) -> Documents:
    named = job.spec
    job.spec = replace(named, module=f"mpc.{shares.PROGRAM}")
    evidence, result = job.documents()
    job.spec = named
    return {**evidence, "spec": named.to_json()}, result


def test_pieces_are_committed_to_by_their_number(network: Network) -> None:
    """The salt and the number of a piece are part of what was committed to."""
    job = concluded(attested(network))
    assert job.outcome is not None
    for number, piece in enumerate(job.pieces):
        salt, data = piece[:32], piece[32:]
        held = job.outcome.pieces[number]
        assert piece_commitment(salt, number, data) == held
        assert piece_commitment(salt, (number + 1) % 3, data) != held


def test_a_receipt_holds_no_input(filed: dict[str, Filed]) -> None:
    """No piece of an input, no cell and no key of a node is in the file."""
    case = filed["job.result.shares"]
    evidence: Any = case.receipt.evidence
    held = json.loads(base64.b64decode(evidence["releases"][0]["payload"]))
    assert set(held) == {
        *("admissions", "columns", "dataset", "job", "pieces", "rows", "v", "version")
    }
    hidden = [shares.seed(*words) for words in (("one", TAXES), ("two", HOMES))]
    pieces = [unb64u(piece) for piece in evidence["pieces"]]
    for secret in (*hidden, shares.seed("salt", TAXES, 0), shares.seed("pair", "tax")):
        assert b64u(secret).encode() not in case.data
        assert all(secret not in piece for piece in pieces)
