"""Jobs on shares: three nodes, evidence of each, one outcome."""

from __future__ import annotations

from typing import Any

import pytest
from attested_kit import (
    CODE_BYTES,
    appraise_by,
    attest,
    attestation,
    conclude,
    granted,
    list_by_all,
    measured_job,
    nonce,
    result,
)
from ledger_kit import Bench, digest, parties

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
)
from privshare.ledger import query
from privshare.rights.identifier import JOINT, is_joint, measured

PROGRAM = measured(CODE_BYTES, JOINT)
NODES = ("housing", "labour", "registry")


def ready() -> tuple[Bench, str]:
    """A network in which the program is listed, and a grant to run it."""
    bench = Bench()
    bench.admit_all()
    list_by_all(bench)
    bench.do(appraise_by(bench.scribe, "taxes"))
    return bench, granted(bench, programs=(PROGRAM,))


def job_of(bench: Bench, grant: str, **changes: Any) -> bytes:
    """The transaction of a job on shares."""
    among = parties(compute=NODES[0], nodes=list(NODES))
    fields: dict[str, Any] = {"parties": among, "program": PROGRAM}
    return measured_job(bench.scribe, "housing", [grant], **(fields | changes))


def admitted() -> tuple[Bench, str]:
    """A job on shares whose nonces are all there."""
    bench, grant = ready()
    job = bench.do(job_of(bench, grant))
    bench.do(nonce(bench.scribe, "taxes", job))
    bench.do(nonce(bench.scribe, "housing", job, None))
    return bench, job


def refused(bench: Bench, data: bytes) -> tuple[type[PrivShareError], str]:
    """With which error and rule a transaction is refused, without a trace."""
    before = bench.machine.state.root()
    with pytest.raises(PrivShareError) as caught:
        bench.do(data)
    assert bench.machine.state.root() == before
    return type(caught.value), caught.value.detail.get("rule", "")


def test_a_job_on_shares_needs_evidence_of_every_node() -> None:
    """Nothing is announced before, and each brings its own once."""
    bench, job = admitted()
    for done, who in enumerate(NODES):
        early = conclude(bench.scribe, "labour", job)
        assert refused(bench, early) == (StepNotAllowed, "job.attested")
        bench.do(attest(bench.scribe, who, job, f"bundle of {who}"))
        assert len(attestation(bench, job).shown) == done + 1
    again = attest(bench.scribe, "labour", job, "another")
    assert refused(bench, again) == (Conflict, "job.attested")
    held = attestation(bench, job)
    assert [one.agency for one in held.shown] == list(NODES)
    assert [one.bundle for one in held.shown] == [
        digest(f"bundle of {who}") for who in NODES
    ]
    assert held.of("taxes") is None


def test_any_node_announces_the_outcome_and_all_the_same() -> None:
    """Said again it changes nothing; another outcome is refused."""
    bench, job = admitted()
    for who in NODES:
        bench.do(attest(bench.scribe, who, job))
    for who in ("labour", "registry"):
        bench.do(conclude(bench.scribe, who, job))
    body = {"aggregation": digest("another"), "job": job}
    other = bench.scribe.tx("job.open", "housing", body)
    assert refused(bench, other) == (StepNotAllowed, "job.opened")
    owner = conclude(bench.scribe, "taxes", job)
    assert refused(bench, owner) == (NotPermitted, "job.opener")
    bench.do(result(bench.scribe, "housing", job))
    held = query.job(bench.machine.state, job)
    assert (held.status, held.aggregation) == ("done", digest("conclusion"))


def test_who_is_no_node_brings_no_evidence() -> None:
    """The owner is not one of the three."""
    bench, job = admitted()
    data = attest(bench.scribe, "taxes", job)
    assert refused(bench, data) == (NotPermitted, "job.runner")


@pytest.mark.parametrize("who", [*NODES, "taxes"])
def test_every_node_may_end_it(who: str) -> None:
    """A node that cannot go on says so; the inputs are free again."""
    bench, job = admitted()
    body = {"job": job, "reason": "a node fell silent"}
    bench.do(bench.scribe.tx("job.abort", who, body))
    assert query.job(bench.machine.state, job).status == "aborted"
    assert query.use(bench.machine.state, f"{job}.0").status == "released"


@pytest.mark.parametrize(
    ("nodes", "error"),
    [
        (["housing", "labour"], NotPermitted),
        (["labour", "housing", "registry"], EncodingError),
        (["housing", "housing", "labour"], EncodingError),
        (["housing", "labour", "registry", "taxes"], EncodingError),
        (["labour", "registry", "taxes"], EncodingError),  # compute is not the first
        (["housing", "labour", "stranger"], NotFound),
        ([], NotPermitted),
    ],
)
def test_other_nodes_are_refused(nodes: list[str], error: type[PrivShareError]) -> None:
    """Three different members in order, the first of them named as compute."""
    bench, grant = ready()
    among = parties(compute="housing", nodes=nodes)
    assert refused(bench, job_of(bench, grant, parties=among))[0] is error


def test_a_program_of_one_machine_has_no_nodes() -> None:
    """And the other way round: the name says how it is run."""
    bench, _ = ready()
    single = measured(CODE_BYTES)
    grant = granted(bench, programs=(single,))
    data = job_of(bench, grant, program=single)
    assert refused(bench, data) == (NotPermitted, "job.program")
    assert is_joint(PROGRAM) and not is_joint(single) and not is_joint("he.sum/v2")
