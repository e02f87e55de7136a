"""A gate that falls over at every step: nothing runs twice, the budget is exact.

The owner's node, or the one whose right it is, loses its process before or after
each write to its storage and each transaction; it comes back with the storage and
nothing else. Whatever happens: one answer in the end, the code ran at most once,
and the ledger has spent exactly what was opened.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

import contextlib

from gate_kit import APPROVER, GRANTEE, OWNER, SCRIPT, GateConsortium

from privshare.errors import PrivShareError, StepNotAllowed, Unavailable
from privshare.exchange import gate_decide, gate_room
from privshare.ledger import query, query_submission
from privshare.ledger.transaction import parse


class Fell(Exception):
    """The process ends; nothing in the program knows it."""


class Falls:
    """Counts steps, and falls over before or after one of them."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.left, self.after = at, after
        self.fell = ""

    def step(self, name: str, work: Any) -> Any:
        """One step that a process may not survive."""
        if self.fell:
            raise Fell(self.fell)  # a process that is gone does nothing more
        self.left -= 1
        if self.left == 0 and not self.after:
            self.fell = f"before {name}"
            raise Fell(self.fell)
        done = work()
        if self.left == 0:
            self.fell = f"after {name}"
            raise Fell(self.fell)
        return done


class FallingStore:
    """A storage that counts its writes."""

    def __init__(self, store: Any, falls: Falls) -> None:
        self._store, self._falls = store, falls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put_blob(self, job: str, name: str, data: bytes) -> None:
        """Write."""
        kind = f"{job.partition(':')[0]}/{name.partition(':')[0]}"
        self._falls.step(kind, lambda: self._store.put_blob(job, name, data))

    def drop_blobs(self, job: str, prefix: str = "") -> None:
        """Drop."""
        kind = f"drop {job.partition(':')[0]}"
        self._falls.step(kind, lambda: self._store.drop_blobs(job, prefix))


class FallingLedger:
    """A ledger that counts what is sent to it."""

    def __init__(self, ledger: Any, falls: Falls) -> None:
        self._ledger, self._falls = ledger, falls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def submit(self, tx: bytes, leaves: bytes = b"", timeout_s: float = 30.0) -> Any:
        """Send."""
        kind = parse(tx).kind
        return self._falls.step(
            kind, lambda: self._ledger.submit(tx, leaves, timeout_s)
        )


class Course:
    """One submission from its arrival to its answer, with one fall."""

    def __init__(self, network: GateConsortium, number: int) -> None:
        self.network = network
        self.script = f"{SCRIPT}# {number}\n"
        self.account = network.enrol()
        self.right = network.right()
        self.before = network.walls.runs

    def go(self, agency: str, falls: Falls) -> Any:
        """To the end, however often it takes; its answer."""
        node = self.network[agency]
        self.network.nodes[agency] = replace(
            node,
            store=FallingStore(node.store, falls),
            ledger=FallingLedger(node.ledger, falls),
        )
        for _ in range(12):
            try:
                found = self._once()
            except (Fell, Unavailable):
                self.network.restart(agency, node.store, ledger=node.ledger)
                self.network.tick(agency)
                continue
            self.network.restart(agency, node.store, ledger=node.ledger)
            return found
        raise AssertionError(f"no answer: {falls.fell}")

    def _once(self) -> Any:
        found = self.network.submit(self.account, self.script)
        name = found["submission"]
        if found["status"] != "pending":
            return self.network.run(name, self.script)
        for agency, person in ((OWNER, "p1"), (APPROVER, "q1")):
            try:
                self.network.approve(name, agency, person)
            except StepNotAllowed:
                continue  # it runs, or has an answer
        self.network.tick(OWNER)
        return self.network.run(name, self.script)

    def judge(self, found: Any, falls: Falls) -> None:
        """What must hold whatever happened."""
        network, where = self.network, falls.fell
        runs = network.walls.runs - self.before
        assert runs <= 1, where
        network.clock.now += 3_600  # whoever still holds something gives it back
        for agency in (OWNER, GRANTEE):
            network.tick(agency)
        view = network.host.view()
        jobs = [
            one
            for one in query.jobs(view).values()
            if query.use(view, one.inputs[0]).grant == self.right
        ]
        assert all(one.status != "admitted" for one in jobs), where
        opened = [one for one in jobs if one.opened is not None]
        assert len(opened) <= 1, where
        assert network.counts(self.right) == (len(opened), 0), where
        if found["status"] == "done":
            assert runs == 1 and len(opened) == 1, where
            assert found["outputs"], where
        else:
            assert found["rule"] == "run.lost" and len(opened) == 1, (where, found)
        store = network[OWNER].store
        assert store.receipt(found["receipt"]) is not None, where
        held = query_submission.submission(view, found_name(network, self.script))
        for one in held.decisions:
            tx_id = parse(network.host.entry(one.at)).id
            assert network[one.agency].store.receipt(tx_id) is not None, where
        said = Counter((one.agency, one.decision) for one in held.decisions)
        assert max(said.values()) == 1, (where, said)
        assert not store.blob_jobs(gate_room.RUN), where
        assert not store.blob_jobs(gate_room.WAIT), where
        assert network[OWNER].gate is not None
        assert network[OWNER].gate.take() and network[OWNER].gate.take(), where
        network[OWNER].gate.give_back()
        network[OWNER].gate.give_back()


def found_name(network: GateConsortium, script: str) -> str:
    """The digest of a script's submission."""
    (name,) = (
        one["submission"]
        for one in gate_decide.listing(network[OWNER])
        if _script(network, one["submission"]) == script
    )
    return str(name)


def _script(network: GateConsortium, name: str) -> str:
    sent = gate_room.files_of(network[OWNER], name)
    return "" if sent is None else sent.contents["code/main.py"].decode()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateConsortium]:
    """A gate that two agencies must approve at."""
    made = GateConsortium(tmp_path_factory.mktemp("gate"))
    made.open_gate(approvals=[APPROVER])
    yield made
    made.close()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("agency", [OWNER, GRANTEE])
def test_falls_over_at_every_step(
    network: GateConsortium, agency: str, after: bool
) -> None:
    """Each write and each transaction of each node."""
    seen: Counter[str] = Counter()
    for at in range(1, 120):
        course = Course(network, at + 1_000 * after + 10_000 * (agency == OWNER))
        falls = Falls(at, after=after)
        found = course.go(agency, falls)
        course.judge(found, falls)
        seen[falls.fell] += 1
        if not falls.fell:
            break
    assert not falls.fell
    assert seen.total() > (20 if agency == OWNER else 2), seen
    wanted = {"job.admit"} if agency == GRANTEE else {"job.open", "job.result"}
    named = {one.rpartition(" ")[2] for one in seen}
    assert wanted <= named, named


def test_falls_over_while_it_is_refused(network: GateConsortium) -> None:
    """At each step of a refusal: one transaction, one answer."""
    for at in range(1, 40):
        account = network.enrol(bytes(31) + bytes([at]))
        script = f"# privshare: dataset=tax/nothing\n# {at}\n"
        falls, node = Falls(at, after=bool(at % 2)), network[OWNER]
        network.nodes[OWNER] = replace(
            node,
            store=FallingStore(node.store, falls),
            ledger=FallingLedger(node.ledger, falls),
        )
        with contextlib.suppress(Fell):
            network.submit(account, script)
        network.restart(OWNER, node.store, ledger=node.ledger)
        assert network.tick(OWNER) == []
        found = network.submit(account, script)
        assert (found["status"], found["rule"]) == ("refused", "mock.none"), falls.fell
        held = query_submission.submission(network.host.view(), found["submission"])
        assert len(held.decisions) == 1, falls.fell
        assert node.store.receipt(found["receipt"]) is not None
        if not falls.fell:
            assert at > 5
            return
    raise AssertionError("it never went through")


def test_the_process_ends_while_the_code_runs(network: GateConsortium) -> None:
    """The tick at the restart ends the job; the code is not run again."""
    course = Course(network, 99_999)
    falls = Falls(10_000, after=False)

    def die() -> None:
        falls.fell = "in the sandbox"
        raise Fell

    network.walls.before = die
    node = network[OWNER]
    network.nodes[OWNER] = replace(
        node,
        store=FallingStore(node.store, falls),
        ledger=FallingLedger(node.ledger, falls),
    )
    try:
        with pytest.raises((Fell, PrivShareError)):
            course._once()
    finally:
        network.walls.before = lambda: None
    network.restart(OWNER, node.store, ledger=node.ledger)
    assert network.tick(OWNER) == []
    found = network.run(found_name(network, course.script), course.script)
    assert (found["status"], found["rule"]) == ("refused", "run.lost")
    course.judge(found, falls)
    assert network.walls.runs == course.before + 1
