"""The bridge's loop: what it carries, what it does not believe, and crashes."""

from __future__ import annotations

from pathlib import Path

import pytest
from bridge_kit import ADA, JOB, RECEIPT, Crash, FakeDesk, FakeNode, files

from privshare.bridge.gate import (
    JOBS_A_ROUND,
    SHOW_EVERY_S,
    Answer,
    Gate,
    Shown,
    plain_reason,
)
from privshare.bridge.journal import Journal, Line
from privshare.errors import NotPermitted, Unavailable

BO = "bo@labour.example"


@pytest.fixture
def desk() -> FakeDesk:
    """With a job of an account that was let in."""
    return FakeDesk(inbox={JOB: files()}, let_in={ADA})


def gate(desk: FakeDesk, node: FakeNode, folder: Path) -> Gate:
    """A bridge as it starts."""
    return Gate(desk, node, Journal(folder / "journal"))


def test_a_job_comes_back_with_its_receipt(desk: FakeDesk, tmp_path: Path) -> None:
    """Handed in, approved by people at the node, run there, answered here."""
    node = FakeNode(approve=False)
    bridge = gate(desk, node, tmp_path)
    assert [bridge.round() for _ in range(3)] == [0, 0, 0]
    assert desk.seen == {}
    node.approve = True
    assert bridge.round() == 1
    assert desk.seen[JOB].outputs == {"n.csv": b"n\n3\n"}
    assert desk.seen[JOB].beside == RECEIPT
    assert node.runs == [files().digest]
    assert bridge.round() == 0


def test_files_that_changed_since_are_held_to_their_digest(
    desk: FakeDesk, tmp_path: Path
) -> None:
    """What is run is what lies there then, under the digest from before."""
    node = FakeNode(approve=False)
    bridge = gate(desk, node, tmp_path)
    bridge.round()
    desk.inbox[JOB] = files("print(2)")
    bridge.round()
    node.approve = True
    bridge.round()
    assert desk.seen[JOB].rule == "submission.changed"
    assert not node.runs


def test_files_that_cannot_be_read_any_more_are_changed_ones(
    desk: FakeDesk, tmp_path: Path
) -> None:
    """The node refuses, so there is a receipt."""
    node = FakeNode(approve=False)
    bridge = gate(desk, node, tmp_path)
    bridge.round()
    desk.inbox[JOB] = None
    node.approve = True
    bridge.round()
    assert desk.seen[JOB].rule == "submission.changed"
    assert desk.seen[JOB].beside == RECEIPT


def test_what_cannot_be_named_is_refused_here(tmp_path: Path) -> None:
    """A link has no digest: refused at once, and the node is not asked."""
    desk, node = FakeDesk(inbox={JOB: None}), FakeNode()
    gate(desk, node, tmp_path).round()
    assert desk.seen[JOB].status == "refused"
    assert desk.seen[JOB].rule == "submission.kind"
    assert not node.answers


def test_a_refusal_at_once_comes_with_its_receipt(
    desk: FakeDesk, tmp_path: Path
) -> None:
    """No right: nobody has to look at it."""
    node = FakeNode(refuse="grant.missing")
    assert gate(desk, node, tmp_path).round() == 1
    assert desk.seen[JOB].rule == "grant.missing"
    assert desk.seen[JOB].beside == RECEIPT


def test_only_an_enrolled_account_is_let_in(tmp_path: Path) -> None:
    """The other goes on waiting; its steward may enrol it later."""
    desk, node = FakeDesk(asking={ADA: b"{}", BO: b""}), FakeNode()
    bridge = gate(desk, node, tmp_path)
    bridge.round()
    assert desk.let_in == {ADA}
    node.enrolments.add(BO)
    bridge.round()
    assert desk.let_in == {ADA, BO}


def test_a_published_dataset_is_shown_once_and_when_it_changes(tmp_path: Path) -> None:
    """Looked for now and then, remembered by its digest."""
    now = 0.0
    desk, node = FakeDesk(), FakeNode(shown=[Shown("tax/wages", b"wage\n1\n")])
    bridge = Gate(desk, node, Journal(tmp_path), clock=lambda: now)
    bridge.round()
    assert desk.datasets == {"tax/wages": b"wage\n1\n"}
    desk.datasets.clear()
    node.shown = [Shown("tax/wages", b"wage\n2\n")]
    bridge.round()
    assert not desk.datasets
    now = SHOW_EVERY_S
    bridge.round()
    assert desk.datasets == {"tax/wages": b"wage\n2\n"}
    desk.datasets.clear()
    Gate(desk, node, Journal(tmp_path)).round()
    assert not desk.datasets


def test_many_jobs_stop_nobody(tmp_path: Path) -> None:
    """Each round takes some, in a circle: the last one is reached."""
    names = [f"{ADA}/v1/{number:04}" for number in range(3 * JOBS_A_ROUND)]
    desk = FakeDesk(inbox={one: files(one) for one in names})
    node = FakeNode(approve=False)
    bridge = gate(desk, node, tmp_path)
    for _ in range(3):
        bridge.round()
    assert set(node.answers) == {files(one).digest for one in names}
    node.approve = True
    for _ in range(3):
        assert bridge.round() == JOBS_A_ROUND
    assert set(desk.seen) == set(names)


def test_a_job_that_fails_stops_no_other(desk: FakeDesk, tmp_path: Path) -> None:
    """What the node says of one job is that job's."""
    desk.inbox = {f"{ADA}/v1/a": files("bad"), JOB: files()}
    bad = files("bad").digest

    class Choosy(FakeNode):
        def submit(self, handed):  # type: ignore[no-untyped-def]
            if handed.files.digest == bad:
                raise NotPermitted("expected another role, found this one")
            return super().submit(handed)

    bridge = gate(desk, Choosy(), tmp_path)
    bridge.round()
    bridge.round()
    assert set(desk.seen) == {JOB}


def test_a_node_that_is_away_ends_the_round(desk: FakeDesk, tmp_path: Path) -> None:
    """And the next one begins where this one was."""

    def away(name: str) -> None:
        if name == "before submit":
            raise Unavailable("expected the node, found it away")

    node = FakeNode(tick=away)
    bridge = gate(desk, node, tmp_path)
    with pytest.raises(Unavailable):
        bridge.round()
    node.tick = lambda name: None
    bridge.round()
    bridge.round()
    assert JOB in desk.seen


def test_killed_at_any_step_it_goes_on() -> None:
    """For each call that is made, and each write to the journal: the end is the same.

    The submission runs once, its author sees the result, nobody sees half of it.
    """
    steps = 0
    while _survives(steps):
        steps += 1
    assert steps > 20


def _survives(at: int) -> bool:
    """Kill the bridge at a step, start it again; false if it never came so far."""
    import tempfile

    count = -1

    def tick(name: str) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise Crash(name)

    class Fragile(Journal):
        def keep(self, line: Line) -> None:
            tick("before keep")
            super().keep(line)
            tick("after keep")

    with tempfile.TemporaryDirectory() as place:
        desk = FakeDesk(tick, asking={ADA: b"{}"}, inbox={JOB: files()})
        node = FakeNode(tick, shown=[Shown("tax/wages", b"wage\n1\n")])
        try:
            first = Gate(desk, node, Fragile(Path(place)))
            for _ in range(4):
                first.round()
        except Crash:
            crashed = True
        else:
            crashed = False
        desk.tick = node.tick = lambda name: None
        second = Gate(desk, node, Journal(Path(place)))
        for _ in range(4):
            second.round()
        assert node.runs == [files().digest]
        assert desk.let_in == {ADA}
        assert desk.datasets == {"tax/wages": b"wage\n1\n"}
        assert desk.seen[JOB].status == "done", at
        assert desk.seen[JOB].beside == RECEIPT
        assert Journal(Path(place)).open_jobs() == []
        return crashed


def test_a_reason_is_one_plain_line() -> None:
    """Whoever wrote it: no terminal is steered by it."""
    answer = Answer("refused", rule="run.exit", reason="found\x1b[2J\nValueError")
    assert plain_reason(answer) == "run.exit: found [2J ValueError"
    assert len(plain_reason(Answer("refused", reason="x" * 9_000))) == 400
    assert plain_reason(Answer("refused")) == "refused"
