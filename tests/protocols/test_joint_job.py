"""Jobs on shares through the exchange: three nodes, sockets, receipts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import permit, taxes
from joint_kit import Asked, JointConsortium, program_of, question

from privshare.audit.report import Verdict
from privshare.audit.trust_root import EvidenceRoots
from privshare.audit.verifier import verify
from privshare.exchange import job as jobs
from privshare.exchange.mpc_question import MpcQuestion
from privshare.jobs.attestation.roots import root_document
from privshare.jobs.lifecycle import Job
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


def prepare(network: JointConsortium, name: str) -> None:
    """A program is listed, and two tables are granted for it."""
    network.prepare(name)
    program = program_of(name)
    rule = permit(id="runs", operations=["run"], programs=[program])
    for owner, first in (("tax", 0), ("title", 100)):
        table = "returns" if owner == "tax" else "deeds"
        network.publish(owner, table, taxes(12, first), rules=[rule])
        network.grant(
            "housing",
            f"{owner}/{table}",
            operations=["run"],
            programs=[program],
            uses=100,
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


def summed(network: JointConsortium) -> MpcQuestion:
    """The question that most of these tests ask."""
    prepare(network, "sum")
    return question(
        "sum",
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
    assert "semi-honest" in found.report()
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
