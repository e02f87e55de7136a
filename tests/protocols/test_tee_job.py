"""Attested jobs: data leaves only after its owner has seen good evidence.

Each case that must be refused counts the bytes of data that left any owner, at
the transport: there are none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import Asked, taxes
from tee_kit import (
    DEEDS,
    GROUP,
    PROGRAM,
    RETURNS,
    AttestedConsortium,
    permit_run,
    policy,
    wanted,
)

from privshare.audit.report import Verdict
from privshare.audit.trust_root import EvidenceRoots
from privshare.audit.verifier import verify
from privshare.exchange import code, grant
from privshare.exchange import job as jobs
from privshare.exchange.attester import JobKeys
from privshare.exchange.runner import Runner
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.evidence import RootSet
from privshare.jobs.attestation.roots import root_document
from privshare.jobs.lifecycle import Job
from privshare.jobs.receipt import Receipt
from privshare.ledger import query, query_attested
from privshare.wire.canonical import b64u, decode, encode, unb64u


@pytest.fixture
def network(tmp_path: Path) -> Iterator[AttestedConsortium]:
    made = AttestedConsortium(tmp_path)
    yield made
    made.close()


@pytest.fixture
def scene(network: AttestedConsortium) -> AttestedConsortium:
    """The scene that `prepare` makes, fresh."""
    return prepare(network)


def prepare(network: AttestedConsortium) -> AttestedConsortium:
    """Code is listed, two owners have policies, two tables are granted."""
    network.list_code()
    network.set_policies()
    for owner, first in (("tax", 0), ("title", 100)):
        name = "returns" if owner == "tax" else "deeds"
        network.publish(owner, name, taxes(12, first), rules=[permit_run()])
        network.grant("housing", f"{owner}/{name}", **wanted(), uses=100)
    return network


def judged(network: AttestedConsortium, receipt: bytes) -> Verdict:
    """What an auditor says who lets evidence end at the simulated root."""
    simulator = network.simulator
    document = root_document(
        [(simulator.root.name, "simulated", "simulated", simulator.public_key)]
    )
    roots = EvidenceRoots((encode(document),), trial=True)
    return verify(receipt, network.trust, network.clock(), roots=roots)


def receipt_of(network: AttestedConsortium, job: Job) -> Any:
    """The one receipt about a job in its coordinator's drawer."""
    (found,) = [
        one
        for one in network["housing"].store.receipts(500)
        if one.subject == job.ledger_id
    ]
    return found


def drawn(network: AttestedConsortium, job: Job) -> dict[str, Any]:
    """The evidence in a job's receipt."""
    receipt = receipt_of(network, job)
    evidence: dict[str, Any] = Receipt.from_bytes(receipt.body).evidence or {}
    return evidence


def ended(network: AttestedConsortium, question: Any = GROUP) -> Job:
    """Ask, run to the end, and return the job as it ended."""
    job = jobs.submit(network["housing"], question)
    network.run("housing")
    return jobs.find(network["housing"], job.id)


def test_flow(scene: AttestedConsortium) -> None:
    """An attested job ends with a result, and both owners' tables were sealed."""
    job = ended(scene, replace(GROUP, datasets=(RETURNS, DEEDS)))
    assert (job.problem, job.phase) == (None, "done")
    result: Any = decode(job.result)
    rows = decode(unb64u(result["output"]))
    assert rows == {
        "rows": [  # in hundredths; the two rows of north are withheld
            {"count": 10, "group": "east", "sum": 560_250},
            {"count": 12, "group": "west", "sum": 672_300},
        ]
    }
    assert scene.engine.ran == 1
    assert {one.owner for one in scene.sent} == {"tax", "title"}
    held = query_attested.attestation(scene.host.view(), job.ledger_id)
    assert [one.agency for one in held.nonces] == ["housing", "tax", "title"]
    assert query.job(scene.host.view(), job.ledger_id).status == "done"
    found = judged(scene, receipt_of(scene, job).body)
    assert found.outcome == "valid", found.report()
    attested = [
        one
        for one in scene["registrar"].store.receipts()
        if one.subject == job.ledger_id
    ]
    assert [one.operation for one in attested] == ["job.attest"]
    assert judged(scene, attested[0].body).outcome == "valid"


# -- nothing leaves -------------------------------------------------------------


def _revise(network: AttestedConsortium, **changes: Any) -> None:
    network.set_policies("tax", version=len(network.calls) + 2, **changes)


def _swap_answer(
    what: str, change: Callable[[dict[str, Any]], None]
) -> Callable[[AttestedConsortium], None]:
    """Let the runner answer, and alter the answer on its way."""

    def meddle(network: AttestedConsortium) -> None:
        def between(asked: Asked) -> Any:
            answer = asked.go_on(network)
            change(answer)
            return answer

        network.meddle[("registrar", what)] = between

    return meddle


def _swap_question(
    agency: str, what: str, change: Callable[[dict[str, Any]], None]
) -> Callable[[AttestedConsortium], None]:
    """Alter what the coordinator asks."""

    def meddle(network: AttestedConsortium) -> None:
        def between(asked: Asked) -> Any:
            change(asked.body)
            return asked.go_on(network)

        network.meddle[(agency, what)] = between

    return meddle


def _other(text: str) -> str:
    return ("B" if text[0] == "A" else "A") + text[1:]


def _admission(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["bundle"]["admission"]["document"]
    return found


def _swap_key(body: dict[str, Any]) -> None:
    _admission(body)["hpke_public_key"] = b64u(b"\x09" + bytes(31))


def _swap_job(body: dict[str, Any]) -> None:
    _admission(body)["job"] = "C" * 42 + "A"


def _swap_spec(body: dict[str, Any]) -> None:
    _admission(body)["spec"] = b64u(bytes(32))


def _swap_code(body: dict[str, Any]) -> None:
    _admission(body)["code"] = b64u(bytes(32))


def _swap_closure(body: dict[str, Any]) -> None:
    body["bundle"]["closure"] = {"module": "another", "v": 1}


def _swap_shown_nonce(body: dict[str, Any]) -> None:
    nonces = _admission(body)["nonces"]
    nonces["tax"] = b64u(bytes(32))


def _drop_shown_nonce(body: dict[str, Any]) -> None:
    del _admission(body)["nonces"]["tax"]


def _swap_nonce(body: dict[str, Any]) -> None:
    body["nonces"]["tax"] = b64u(bytes(32))


def _drop_nonce(body: dict[str, Any]) -> None:
    del body["nonces"]["tax"]


def _swap_policy(body: dict[str, Any]) -> None:
    body["policies"]["tax"] = policy(accept_classes=["simulated", "software"])


def _edit_signature(body: dict[str, Any]) -> None:
    parts = body["bundle"]["admission"]["evidence"]["parts"]
    parts["signature"] = _other(parts["signature"])


def _relabel(body: dict[str, Any]) -> None:
    body["bundle"]["admission"]["evidence"]["kind"] = "sev-snp"


def _add_debug_flag(body: dict[str, Any]) -> None:
    body["bundle"]["debug"] = False


def _withdraw(network: AttestedConsortium) -> None:
    def between(asked: Asked) -> Any:
        network.meddle.clear()
        code.withdraw(network["title"], b64u(PROGRAM.code), reason="a fault")
        network.sync()
        return asked.go_on(network)

    network.meddle[("tax", "appraisal")] = between


def _revoke(network: AttestedConsortium) -> None:
    def between(asked: Asked) -> Any:
        network.meddle.clear()
        (held,) = [
            name
            for name, one in query.grants(network.host.view()).items()
            if one.terms.dataset == RETURNS
            and one.active is not None
            and not one.is_over
        ]
        grant.revoke(network["tax"], held, reason="no longer")
        network.sync()
        return asked.go_on(network)

    network.meddle[("tax", "releases")] = between


def _replay(network: AttestedConsortium) -> None:
    """The runner shows the evidence of an earlier job."""
    earlier = ended(network)
    assert earlier.phase == "done"
    network.sent.clear()
    evidence: Any = drawn(network, earlier)["bundle"]
    bundle = AttestedBundle.from_json(evidence).admitted()
    network.meddle[("registrar", "attestation")] = lambda asked: (
        asked.go_on(network) and {"bundle": bundle.to_json()}
    )


REFUSED: dict[str, tuple[Callable[[AttestedConsortium], Any], str]] = {
    "owner in production": (
        lambda n: n.attester("tax", production=True),
        "appraisal.production",
    ),
    "root that the owner does not know": (
        lambda n: n.attester("tax", roots=RootSet(())),
        "root.unknown",
    ),
    "debug mode": (lambda n: n.machine(debug=True), "appraisal.debug"),
    "another runner": (
        lambda n: n.machine(measurement=bytes(48)),
        "appraisal.measurement",
    ),
    "a clock ahead": (
        lambda n: n.machine(clock=lambda: n.clock() + 3_600),
        "simulated.not-yet-valid",
    ),
    "old evidence": (
        lambda n: n.machine(clock=lambda: n.clock() - 3_600),
        "simulated.expired",
    ),
    "a policy without classes": (
        lambda n: _revise(n, accept_classes=[]),
        "appraisal.accept_classes",
    ),
    "a policy without code": (lambda n: _revise(n, code=[]), "appraisal.code"),
    "a policy without this kind": (lambda n: _revise(n, runner={}), "appraisal.kind"),
    "a policy with another runner": (
        lambda n: _revise(n, runner={"simulated": {"measurement": ["00" * 48]}}),
        "appraisal.measurement",
    ),
    "a policy whose machines are none": (
        lambda n: _revise(n, instances={"allow": [], "deny": []}),
        "appraisal.instances",
    ),
    "an expired policy": (
        lambda n: _revise(n, not_after=1_700_000_001),
        "appraisal.policy_period",
    ),
    "a policy not yet in force": (
        lambda n: _revise(n, not_before=1_899_999_999),
        "appraisal.policy_period",
    ),
    "too few witnesses": (
        lambda n: _revise(
            n, transparency={"code_must_be_listed": True, "witnesses": 9}
        ),
        "appraisal.witnesses",
    ),
    "a swapped key": (_swap_answer("attestation", _swap_key), "bundle.digest"),
    "another job": (_swap_answer("attestation", _swap_job), "bundle.digest"),
    "another specification": (_swap_answer("attestation", _swap_spec), "bundle.digest"),
    "other code": (_swap_answer("attestation", _swap_code), "bundle.digest"),
    "another closure": (_swap_answer("attestation", _swap_closure), "bundle.digest"),
    "evidence without our nonce": (
        _swap_answer("attestation", _swap_shown_nonce),
        "bundle.nonces",
    ),
    "evidence with a nonce too few": (
        _swap_answer("attestation", _drop_shown_nonce),
        "bundle.nonces",
    ),
    "an edited signature": (
        _swap_answer("attestation", _edit_signature),
        "bundle.digest",
    ),
    "relabelled evidence": (_swap_answer("attestation", _relabel), "bundle.digest"),
    "a nonce that is swapped": (
        _swap_question("registrar", "attestation", _swap_nonce),
        "job.nonces",
    ),
    "a nonce that is dropped": (
        _swap_question("registrar", "attestation", _drop_nonce),
        "job.nonces",
    ),
    "a policy that is swapped": (
        _swap_question("registrar", "attestation", _swap_policy),
        "job.nonces",
    ),
    "evidence of an earlier job": (_replay, "bundle.nonces"),
    "a runner without a machine": (
        lambda n: n.attester("registrar", machine=None),
        "attest.none",
    ),
    "an owner that takes no part": (
        lambda n: n.leave("tax"),
        "attest.none",
    ),
    "a grant that is revoked": (_revoke, "grant.revoked"),
    "code that is withdrawn": (_withdraw, "run.unlisted"),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttestedConsortium]:
    """One scene for every refusal; each puts back what it changed."""
    made = AttestedConsortium(tmp_path_factory.mktemp("attested"))
    prepare(made)
    yield made
    made.close()


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_leaves(shared: AttestedConsortium, name: str) -> None:
    """What is refused is refused by its rule, logged, and costs no byte of data."""
    change, rule = REFUSED[name]
    nodes, simulator = dict(shared.nodes), shared.simulator
    policies = query_attested.appraisal(shared.host.view(), "tax")
    shared.sent.clear()
    change(shared)
    try:
        job = ended(shared)
    finally:
        shared.nodes, shared.simulator = nodes, simulator
        shared.meddle.clear()
        if query_attested.appraisal(shared.host.view(), "tax") != policies:
            _revise(shared)
        if name == "a grant that is revoked":
            shared.grant("housing", RETURNS, **wanted(), uses=100)
    assert job.phase == "failed"
    assert job.problem is not None
    assert (rule, 0) == (job.problem.rule, shared.released)
    held = query_attested.attestation(shared.host.view(), job.ledger_id)
    assert held.refusal is not None
    assert (held.refusal.rule, held.refusal.released) == (rule, 0)
    receipt = receipt_of(shared, job)
    assert receipt.operation == "job.refuse"
    found = judged(shared, receipt.body)
    assert found.outcome == "valid", found.report()


def test_restarted(scene: AttestedConsortium) -> None:
    """A runner that lost its key refuses, and what had left it is told: sealed."""

    def between(asked: Asked) -> Any:
        scene.meddle.clear()
        scene.attester("registrar", keys=JobKeys())
        return asked.go_on(scene)

    scene.meddle[("tax", "appraisal")] = between
    job = ended(scene)
    assert job.problem is not None
    held = query_attested.attestation(scene.host.view(), job.ledger_id).refusal
    assert held is not None
    assert ("run.key", scene.released) == (held.rule, held.released)


def test_run_refused(scene: AttestedConsortium) -> None:
    """A run that is stopped ends with a receipt of the refusal, and no result."""
    fault = scene.engine.fault = "run.fuel"
    job = ended(scene)
    assert (job.phase, job.result) == ("failed", b"")
    held = query_attested.attestation(scene.host.view(), job.ledger_id).refusal
    assert held is not None
    assert (held.rule, held.released) == (fault, scene.released)
    assert receipt_of(scene, job).operation == "job.refuse"
    uses = query.job(scene.host.view(), job.ledger_id).inputs
    assert query.use(scene.host.view(), uses[0]).status == "released"


@pytest.mark.parametrize(
    ("silent", "phase"), [("tax", "nonces"), ("registrar", "attesting")]
)
def test_a_silent_party_is_named(
    scene: AttestedConsortium, silent: str, phase: str
) -> None:
    """Whoever is away until the deadline ends the job, by name; nothing left."""
    job = jobs.submit(scene["housing"], GROUP)
    scene.away.add(silent)
    runner = Runner(scene["housing"], poll_s=0.01)
    for _ in range(4):
        runner.turn()
    waiting = jobs.find(scene["housing"], job.id)
    assert (waiting.phase, silent in waiting.note) == (phase, True)
    scene.clock.now += 700
    scene.run("housing")
    found = jobs.find(scene["housing"], job.id)
    assert found.problem is not None
    assert (found.problem.party, found.problem.rule) == (silent, "job.deadline")
    assert scene.released == 0
    assert receipt_of(scene, found).operation == "job.abort"


def test_a_party_that_comes_back_goes_on(scene: AttestedConsortium) -> None:
    """Calls that were lost are made again, and change nothing twice."""
    job = jobs.submit(scene["housing"], GROUP)
    runner = Runner(scene["housing"], poll_s=0.01)
    for agency in ("tax", "registrar", "tax", "registrar", "tax"):
        scene.away.add(agency)
        for _ in range(2):
            runner.turn()
        scene.away.clear()
        runner.turn()
    scene.run("housing")
    assert jobs.find(scene["housing"], job.id).phase == "done"
    assert scene.engine.ran == 1
    assert len(scene.sent) == 1


def test_the_runner_keeps_nothing(scene: AttestedConsortium) -> None:
    """After the job neither key nor sealed table is at the runner's."""
    job = ended(scene)
    attester = scene["registrar"].attester
    assert attester is not None
    assert attester.keys.jobs == ()
    assert scene["registrar"].store.blob(job.ledger_id, "sealed:tax/returns:0") is None
