"""The whole way with PySyft's own client: over a folder, and over two nodes."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("syft_rds", reason="needs the extra privshare[syft]")

from agencies_kit import (
    ADA,
    DATASET,
    RESULT,
    ROWS,
    STEWARD,
    Agencies,
    agencies,
    quiet,
    until,
)

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.fixture(params=["folder", "nodes"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Agencies]:
    """Two agencies, everything set up but the scientist."""
    with agencies(tmp_path, at_nodes=request.param == "nodes") as made:
        made.prepare()
        made.start()
        yield made


def test_from_the_mock_to_the_receipt(both: Agencies) -> None:
    """Publish, submit, approve, run, result, a receipt that verifies offline."""
    both.grant(uses=1)
    ada = both.ada()
    until(lambda: _asked(ada), both.log)  # at nodes: once the bridge has signed in
    (dataset,) = until(lambda: _datasets(ada), both.log)
    mock = dataset.mock_files[0].read_text()
    assert mock.startswith("district,wage\n")
    private = {str(wage) for _, wage in ROWS}
    shown = {line.partition(",")[2] for line in mock.splitlines()[1:]}
    assert len(shown & private) < len(private) / 2

    both.submit(ada, "mean")
    digest = both.pending("mean")
    until(lambda: _synced(ada, "mean") == "pending", both.log)
    seen = both.command("syft", "show", "--", digest, profile="tax-steward")
    assert seen["user"] == ADA
    assert {one["path"] for one in seen["files"]} == {
        "code/main.py",
        "config.yaml",
        "run.sh",
    }
    both.approve(digest)
    job = both.ended(ada, "mean")
    assert job.status == "done", (job.review_reason, both.log())
    outputs = {path.name: path for path in job.output_paths}
    assert outputs["mean.csv"].read_text() == RESULT
    assert "receipt.psr" in outputs
    said = both.verified(job)
    assert "VALID" in said and DATASET in said

    # The right had one use: the same question again is refused, with its receipt.
    both.submit(ada, "again")
    job = both.ended(ada, "again")
    assert job.status == "rejected"
    assert job.review_reason.startswith("grant.uses")
    assert "VALID" in both.verified(job)

    assert both.stop(signal.SIGTERM) == 0
    for member in both.cluster.members.values():
        assert not _imports_syft(member.process)


def _asked(client) -> bool:  # type: ignore[no-untyped-def]
    with quiet():
        client.add_peer(STEWARD)
    return True


def _datasets(client):  # type: ignore[no-untyped-def]
    with quiet():
        client.sync()
    return list(client.dataset_manager.get_all())


def _imports_syft(process) -> bool:  # type: ignore[no-untyped-def]
    """Whether a node, or a process that it started, has PySyft's code in memory."""
    found = False
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            line = (maps.parent / "stat").read_text().rpartition(")")[2].split()
            if process.pid in (int(maps.parent.name), int(line[1])):
                found = found or "syft_crypto" in maps.read_text()
        except OSError:
            continue
    return found


def _synced(ada, name: str) -> str:  # type: ignore[no-untyped-def]
    """How far her client says that a job is, once it has looked."""
    with quiet():
        ada.sync()
    return str(ada.job_client.jobs[name].status)


def _approve(both: Agencies, approved: set[str]) -> set[str]:
    """A steward says yes to what waits; the names of all it said so of."""
    with both.connect("tax", "steward") as net:
        for one in net.submissions.list():
            if one.str("status") == "pending" and one.str("name") not in approved:
                net.submissions.approve(one.str("submission"))
                approved.add(one.str("name"))
    return approved


@pytest.mark.once
def test_killed_again_and_again(tmp_path: Path) -> None:
    """`kill -9` every second or so: each job runs once, each use is one job."""
    with agencies(tmp_path, at_nodes=False) as both:
        both.prepare()
        both.start()
        grant = both.grant(uses=5)
        ada = both.ada()
        with quiet():
            ada.add_peer(STEWARD)
        until(lambda: _datasets(ada), both.log)
        names = ("one", "two", "three")
        for name in names:
            both.submit(ada, name)
        waiting, approved = set(names), set[str]()
        for turn in range(12):
            time.sleep(0.4 + turn % 5 * 0.9)
            both.stop(signal.SIGKILL)
            both.start()
            _approve(both, approved)
            with quiet():
                ada.sync()
            jobs = {job.name: job for job in ada.job_client.jobs}
            waiting = {name for name in names if jobs[name].status != "done"}
            if not waiting:
                break
        # On a slow machine it was killed before it came so far: now it may.
        until(lambda: _approve(both, approved) == set(names), both.log)
        for name in sorted(waiting):
            assert both.ended(ada, name).status == "done", both.log()
        for name in names:
            job = both.ended(ada, name)
            outputs = {path.name: path for path in job.output_paths}
            assert outputs["mean.csv"].read_text() == RESULT
            assert "VALID" in both.verified(job)
        with both.connect("tax", "steward") as net:
            found = net.submissions.list()
        assert len({one.str("job") for one in found}) == len(found) == len(names)
        with both.connect("labour", "analyst") as net:
            assert net.grant(grant).uses_left == 5 - len(names)
