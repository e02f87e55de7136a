"""Jobs on shares through the exchange: three nodes, sockets, receipts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import Asked as Call
from exchange_kit import permit, taxes
from joint_kit import NODES, Asked, JointConsortium, program_of, question
from tee_kit import SimulatedMachine

from privshare.audit.report import Verdict
from privshare.audit.trust_root import EvidenceRoots
from privshare.audit.verifier import verify
from privshare.errors import NotPermitted, PrivShareError
from privshare.exchange import job as jobs
from privshare.exchange import mpc_plan
from privshare.exchange.attester import Compute, JointOutcome, JointWork
from privshare.exchange.mpc_question import MpcQuestion
from privshare.jobs.attestation.evidence import RootSet
from privshare.jobs.attestation.roots import root_document
from privshare.jobs.lifecycle import Job
from privshare.jobs.mpc.timeout import Notary
from privshare.ledger import query, query_attested
from privshare.rights.mechanism import Mechanism
from privshare.wire.canonical import decode, encode

RETURNS, DEEDS = "tax/returns", "title/deeds"
COLUMNS = [
    {
        "name": "paid",
        "from": {RETURNS: "tax_paid", DEEDS: "tax_paid"},
        "minimum": 0,
        "maximum": 10_000_000,
        "scale": 2,
    }
]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[JointConsortium]:
    made = JointConsortium(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def prepared(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[JointConsortium, MpcQuestion]]:
    """One consortium with a question, for all tests that meddle with its run."""
    made = JointConsortium(tmp_path_factory.mktemp("joint"))
    yield made, summed(made)
    made.close()


@pytest.fixture
def scene(
    prepared: tuple[JointConsortium, MpcQuestion],
) -> Iterator[tuple[JointConsortium, MpcQuestion]]:
    """The prepared one, as it was before the last test meddled with it."""
    network, _ = prepared
    nodes = dict(network.nodes)
    network.sent.clear()
    yield prepared
    network.nodes.update(nodes)
    network.meddle.clear()


def prepare(network: JointConsortium, name: str, budget: int = 0) -> None:
    """A program is listed, and two tables are granted for it."""
    network.prepare(name)
    program = program_of(name)
    rule = permit(id="runs", operations=["run"], programs=[program], max_budget=budget)
    for owner, first in (("tax", 0), ("title", 100)):
        table = "returns" if owner == "tax" else "deeds"
        network.publish(owner, table, taxes(12, first), rules=[rule])
        network.grant(
            "housing",
            f"{owner}/{table}",
            operations=["run"],
            programs=[program],
            uses=100,
            budget=budget,
        )


def ended(network: JointConsortium, asked: Any) -> Job:
    """Ask, run to the end, and return the job as it ended."""
    job = jobs.submit(network["housing"], asked)
    network.run("housing")
    return jobs.find(network["housing"], job.id)


def judged(network: JointConsortium, receipt: bytes) -> Verdict:
    """What an auditor says who lets evidence end at the simulated roots."""
    document = root_document(
        [
            (one.root.name, "simulated", "simulated", one.public_key)
            for one in network.simulators.values()
        ]
    )
    roots = EvidenceRoots((encode(document),), trial=True)
    return verify(receipt, network.trust, network.clock(), roots=roots)


def receipt_of(network: JointConsortium, job: Job) -> Any:
    """The one receipt about a job in its coordinator's drawer."""
    (found,) = [
        one
        for one in network["housing"].store.receipts(500)
        if one.subject == job.ledger_id
    ]
    return found


def summed(network: JointConsortium, program: str = "sum") -> MpcQuestion:
    """The question that most of these tests ask."""
    prepare(network, program)
    return question(
        program,
        Asked(RETURNS, ("tax_paid",)),
        Asked(DEEDS, ("tax_paid",)),
        parameters={
            "columns": COLUMNS,
            "rows": {"kind": "appended"},
            "value": "paid",
        },
    )


def test_a_sum_on_shares(network: JointConsortium) -> None:
    """Two owners' columns summed by three nodes; the receipt verifies offline."""
    job = ended(network, summed(network))
    assert (job.problem, job.phase) == (None, "done")
    result: Any = decode(job.result)
    assert result["output"] == {"rows": 24, "sum": "13326.00"}
    found = judged(network, receipt_of(network, job).body)
    assert found.outcome == "valid", found.report()
    (step,) = [one for one in found.steps if one.number == 7]
    assert "two of the three worked together" in " ".join(step.sentences)
    for node in ("registrar", "tax", "title"):
        (attested,) = [
            one
            for one in network[node].store.receipts(100)
            if (one.subject, one.operation) == (job.ledger_id, "job.attest")
        ]
        assert judged(network, attested.body).outcome == "valid"


def test_each_node_computes_in_a_process_of_its_own(tmp_path: Path) -> None:
    """As a node does it: sockets handed over, walls, TLS by attested keys."""
    network = JointConsortium(tmp_path, process=True)
    try:
        job = ended(network, summed(network))
        assert (job.problem, job.phase) == (None, "done")
        assert decode(job.result)["output"]["sum"] == "13326.00"  # type: ignore[index]
    finally:
        network.close()


def test_a_grant_on_one_program_runs_no_other(
    network: JointConsortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator that names another program beside the digest it has a grant on."""
    asked = summed(network)
    found = mpc_plan.find_code
    monkeypatch.setattr(
        mpc_plan, "find_code", lambda *words: (found(*words)[0], "mpc.mean")
    )
    job = ended(network, asked)
    assert job.problem is not None and job.problem.rule == "run.module"
    assert job.phase == "failed"


# -- attest before share ------------------------------------------------------


def _machine(node: str, **changes: Any) -> Callable[[JointConsortium], Any]:
    """One node's machine says something else."""

    def change(network: JointConsortium) -> None:
        made = replace(network.simulators[node], **changes)
        network.attester(node, machine=SimulatedMachine(made))

    return change


def _shown(node: str, change: Callable[[dict[str, Any]], Any]) -> Any:
    """One node's evidence is altered on its way to the coordinator."""

    def meddle(network: JointConsortium) -> None:
        def between(asked: Call) -> Any:
            answer = asked.go_on(network)
            change(answer["bundle"]["admission"]["document"])
            return answer

        network.meddle[(node, "attestation")] = between

    return meddle


def _other_channel(document: dict[str, Any]) -> None:
    document["channel"]["key"] = "A" * 43


def _no_channel(document: dict[str, Any]) -> None:
    document["channel"] = None


def _unknown(node: str) -> Callable[[JointConsortium], Any]:
    """An owner does not know the root of one node's machine."""

    def change(network: JointConsortium) -> None:
        known = [one.root for name, one in network.simulators.items() if name != node]
        network.attester("tax", roots=RootSet(tuple(known)))

    return change


BAD: dict[str, Callable[[str], Callable[[JointConsortium], Any]]] = {
    "debug mode": lambda node: _machine(node, debug=True),
    "another machine": lambda node: _machine(node, measurement=bytes(48)),
    "an unknown root": _unknown,
    "another channel": lambda node: _shown(node, _other_channel),
    "no channel": lambda node: _shown(node, _no_channel),
}


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("name", BAD)
def test_not_a_byte_leaves_for_one_bad_machine_of_three(
    scene: tuple[JointConsortium, MpcQuestion], name: str, node: str
) -> None:
    """Whichever of the three it is: no owner sends a piece to any of them."""
    network, asked = scene
    BAD[name](node)(network)
    job = ended(network, asked)
    assert job.phase == "failed" and job.problem is not None
    assert job.problem.rule.startswith(("appraisal.", "bundle.", "root."))
    assert network.released == 0
    held = query_attested.attestation(network.host.view(), job.ledger_id)
    assert held.refusal is not None and held.refusal.released == 0
    use = query.use(network.host.view(), f"{job.ledger_id}.0")
    assert use.status == "released"
    assert judged(network, receipt_of(network, job).body).outcome == "valid"


# -- nodes that lie -----------------------------------------------------------


class Liar:
    """A node's part, whose answer is altered before its agency sees it."""

    def __init__(
        self, true: Compute, lie: Callable[[JointOutcome], JointOutcome]
    ) -> None:
        self._true, self._lie = true, lie

    def channel(self, job: str) -> Any:
        return self._true.channel(job)

    def forget(self, job: str) -> None:
        self._true.forget(job)

    def run(self, work: JointWork, notary: Notary) -> JointOutcome:
        return self._lie(self._true.run(work, notary))


def _flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


LIES: dict[str, Callable[[JointOutcome], JointOutcome]] = {
    "own piece": lambda one: replace(one, own=_flip(one.own)),
    "next piece": lambda one: replace(one, next=_flip(one.next)),
    "commitments": lambda one: replace(
        one, pieces=(_flip(one.pieces[0]), *one.pieces[1:])
    ),
    "transcript": lambda one: replace(one, transcript=_flip(one.transcript)),
    "bounds": lambda one: replace(one, bounds={"luck": 4096}),
}


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("name", LIES)
def test_a_node_that_lies_at_the_end_ends_the_job(
    scene: tuple[JointConsortium, MpcQuestion], name: str, node: str
) -> None:
    """Its answer is not what the other two said, and there is no result."""
    network, asked = scene
    attester = network[node].attester
    assert attester is not None and attester.compute is not None
    network.attester(node, compute=Liar(attester.compute, LIES[name]))
    job = ended(network, asked)
    assert (job.phase, job.result) == ("failed", b"")
    assert job.problem is not None
    assert job.problem.rule in ("mpc.piece", "job.opened", "job.conclusion")
    if job.problem.rule == "mpc.piece":
        assert job.problem.party == node


def test_a_node_that_is_gone_ends_the_job_and_is_named(
    network: JointConsortium,
) -> None:
    """It was attested and does not come: the two others say so."""
    asked = summed(network)
    network.hosts["title"].close()
    job = ended(network, asked)
    assert job.phase == "failed" and job.problem is not None
    assert job.problem.rule.startswith("mpc.")
    use = query.use(network.host.view(), f"{job.ledger_id}.0")
    assert use.status == "released"


def test_every_product_can_be_checked(network: JointConsortium) -> None:
    """Against nodes that lie; the receipt says so, and what is left to chance."""
    asked = replace(summed(network, "variance"), model="malicious-abort")
    job = ended(network, asked)
    assert (job.problem, job.phase) == (None, "done")
    found = judged(network, receipt_of(network, job).body)
    assert found.outcome == "valid", found.report()
    (step,) = [one for one in found.steps if one.number == 7]
    said = " ".join(step.sentences)
    assert "two of the three worked together" in said
    assert "products at most one in 2^59" in said


def test_a_model_that_a_program_does_not_keep_is_refused(
    network: JointConsortium,
) -> None:
    """Nothing is promised that is not done."""
    prepare(network, "join_group_sum")
    words = ["east", "north", "west"]
    parameters = {
        "columns": [
            {**COLUMNS[0], "name": "id"},
            {**COLUMNS[0], "from": {RETURNS: "tax_paid"}},
            {"categories": words, "from": {DEEDS: "district"}, "name": "place"},
        ],
        "group": "place",
        "key": "id",
        "rows": {"kind": "joined"},
        "value": "paid",
    }
    asked = question(
        "join_group_sum",
        Asked(RETURNS, ("tax_paid",)),
        Asked(DEEDS, ("tax_paid",), ("district",)),
        parameters=parameters,
    )
    asked = replace(asked, model="malicious-abort")
    with pytest.raises(NotPermitted) as refused:
        jobs.submit(network["housing"], asked)
    assert refused.value.detail["rule"] == "job.model"


# -- noise --------------------------------------------------------------------

NOISE = {
    "cells": 1,
    "delta": 40,
    "high": 10_000_000,
    "honest": 2,
    "level": 100_000,
    "low": 0,
    "mech": "dgauss",
    "rows": 1,
    "statistic": "sum",
}


def noisy(network: JointConsortium, budget: int) -> MpcQuestion:
    """The sum, with noise that each of the nodes adds to."""
    prepare(network, "sum", budget)
    return question(
        "sum",
        Asked(RETURNS, ("tax_paid",)),
        Asked(DEEDS, ("tax_paid",)),
        parameters={
            "columns": COLUMNS,
            "noisy": True,
            "rows": {"kind": "appended"},
            "value": "paid",
        },
        noise=Mechanism(**NOISE),
    )


def test_noise_is_added_and_charged(network: JointConsortium) -> None:
    """The grants' budgets pay for it, and the receipt says what was added."""
    asked = noisy(network, budget=100_000_000)
    job = ended(network, asked)
    assert (job.problem, job.phase) == (None, "done")
    assert asked.noise is not None
    found: Any = decode(job.result)
    error = asked.noise.error95() * 4
    assert abs(float(found["output"]["sum"]) * 100 - 1_332_600) < error
    for number in (0, 1):
        use = query.use(network.host.view(), f"{job.ledger_id}.{number}")
        assert (use.status, use.charge) == ("settled", asked.noise.charge_epsilon)
    assert judged(network, receipt_of(network, job).body).outcome == "valid"


def test_noise_is_not_added_without_a_budget(network: JointConsortium) -> None:
    """The ledger refuses to admit it, and nothing is spent."""
    with pytest.raises(PrivShareError):
        jobs.submit(network["housing"], noisy(network, budget=0))


def test_a_noisy_program_has_its_noise(network: JointConsortium) -> None:
    """Without it, or with that of another statistic, it is not planned."""
    asked = noisy(network, budget=100_000_000)
    for other in (None, Mechanism(**{**NOISE, "high": 99})):
        with pytest.raises(PrivShareError) as refused:
            jobs.submit(network["housing"], replace(asked, noise=other))
        assert refused.value.detail["rule"] == "privacy.noise"
