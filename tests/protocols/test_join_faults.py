"""Joins that are meddled with: the right answer or a named end, and exact books."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))
sys.path.insert(0, str(Path(__file__).parent))

from join_faults import OWNERS, Fault, Scene, output, rule_of
from join_kit import PARCELS, JoinConsortium, asked

from privshare.errors import Unavailable
from privshare.exchange import job as jobs
from privshare.exchange import join_held, join_party, join_plan, party
from privshare.exchange.node import Node
from privshare.exchange.runner import Runner
from privshare.jobs.lifecycle import Job

PHASES = ("committing", "matching", "finishing")
#: Messages to each owner, in order: COMMIT, rows, and what follows from them.
MESSAGES = {
    "count": {"title": 4, "tax": 3},
    "sum": {"title": 4, "tax": 4},
    "ids": {"title": 4, "tax": 3},
}
FAULTS = ("altered", "cut short", "dropped", "sent twice", "replayed")
LONG = os.environ.get("PRIVSHARE_LONG") == "1"


@pytest.fixture(scope="module", autouse=True)
def impatient() -> Iterator[None]:
    """Nobody waits long for an owner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(join_party, "_SILENCE_S", 0.6)
        patch.setattr(join_party, "_RETRY_S", 0.01)
        yield


def made(folder: Path, program: str) -> Scene:
    network = JoinConsortium(folder)
    network.prepare(program, uses=100)
    if program == "ids":
        network.grant(
            "title",
            PARCELS,
            columns=["citizen"],
            group_by=[],
            k=3,
            operations=["link"],
            programs=["psi.ids/v1"],
            uses=100,
        )
    return Scene(network, "title" if program == "ids" else "housing")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Scene]]:
    """A consortium for each question, made when it is first asked."""

    class Made(dict[str, Scene]):
        def __missing__(self, program: str) -> Scene:
            self[program] = made(tmp_path_factory.mktemp(program), program)
            return self[program]

    found = Made()
    yield found
    for scene in found.values():
        scene.network.close()


@pytest.fixture
def scene(scenes: dict[str, Scene]) -> Iterator[Scene]:
    """The one that counts."""
    yield scenes["count"]
    scenes["count"].tidy()


def right(program: str, job: Job) -> None:
    """The answer that the tables have."""
    total = sum(100 * n + 50 for n in range(20, 40))
    match program:
        case "count":
            assert output(job) == {"count": 20}
        case "sum":
            assert output(job) == {"count": 20, "sum": total}
        case _:
            assert set(output(job)) == {"identifiers"}


@pytest.mark.parametrize("program", MESSAGES)
@pytest.mark.parametrize("owner", OWNERS)
def test_no_message_can_be_meddled_with(
    scenes: dict[str, Scene], program: str, owner: str
) -> None:
    """Every message: the right answer, or an end that names a rule."""
    for number in range(MESSAGES[program][owner]):
        every = program == "count" and number == 1
        for kind in FAULTS if every else FAULTS[:1]:
            meddled(scenes[program], program, owner, number, kind)


@pytest.mark.skipif(not LONG, reason="long form: every message in every way")
@pytest.mark.parametrize("program", MESSAGES)
@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("kind", FAULTS)
def test_no_message_can_be_meddled_with_in_any_way(
    scenes: dict[str, Scene], program: str, owner: str, kind: str
) -> None:
    """As above, all of them."""
    for number in range(MESSAGES[program][owner]):
        meddled(scenes[program], program, owner, number, kind)


def meddled(scene: Scene, program: str, owner: str, number: int, kind: str) -> None:
    """One join with one fault."""
    scene.tidy()
    fault = Fault(scene.network, kind, number)
    scene.network.meddle[(owner, "message")] = fault
    job = scene.run(asked(program))
    scene.tidy()
    assert fault.met, (kind, number)
    if kind == "sent twice":
        right(program, job)
    else:
        assert rule_of(job).startswith("join."), (kind, number, job.problem)


def test_it_has_as_many_messages_as_are_meddled_with(scenes: dict[str, Scene]) -> None:
    """So that the test above leaves none out."""
    for program, expected in MESSAGES.items():
        scene = scenes[program]
        scene.tidy()
        right(program, scene.run(asked(program)))
        sent = [one for one in scene.network.calls if "message" in one.path]
        found = {who: sum(one.agency == who for one in sent) for who in OWNERS}
        assert found == expected, program


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("owner", OWNERS)
def test_an_owner_that_restarts(scene: Scene, phase: str, owner: str) -> None:
    """Before it commits or after it concluded it goes on; between, the join ends."""
    job = scene.run(asked(), {phase: lambda _: scene.restart(owner)})
    if phase == "matching":
        assert rule_of(job) == "join.gone"
        assert job.problem is not None and job.problem.party == owner
    else:
        right("count", job)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("owner", OWNERS)
def test_an_owner_that_is_away_is_named(scene: Scene, phase: str, owner: str) -> None:
    """By the deadline, or once the other owner has waited for it."""

    def leave(_: Job) -> None:
        scene.network.away.add(owner)
        if phase == "committing":
            runner_of(scene.network["housing"]).turn()
            scene.network.clock.now += 2 * 3600

    job = scene.run(asked(), {phase: leave})
    if phase == "finishing":
        right("count", job)
        return
    assert rule_of(job) == ("job.deadline" if phase == "committing" else "join.silent")
    assert job.problem is not None and owner in (job.problem.party, job.problem.reason)


def test_an_owner_that_comes_back_in_time(scene: Scene) -> None:
    """Is asked again; nothing was lost."""
    node = scene.network["housing"]
    scene.network.away.add("tax")
    job = jobs.submit(node, asked())
    runner = runner_of(node)
    for _ in range(3):
        runner.turn()
    assert "tax" in jobs.find(node, job.id).note
    scene.network.away.clear()
    runner.run_until_idle()
    scene.network.sync()
    job = jobs.find(node, job.id)
    scene.check(job)
    right("count", job)


def runner_of(node: Node) -> Runner:
    """A coordinator's runner that does not wait long between turns."""
    return Runner(node, poll_s=0.01)


@pytest.mark.parametrize("phase", PHASES[:2])
def test_a_join_that_is_cancelled(scene: Scene, phase: str) -> None:
    """Costs nothing before it begins."""

    def cancel(job: Job) -> None:
        jobs.cancel(scene.network["housing"], job.id, reason="not needed")

    job = scene.run(asked(), {phase: cancel})
    assert rule_of(job) == "job.cancelled"


@pytest.mark.parametrize("phase", PHASES[:2])
def test_a_join_that_is_late(scene: Scene, phase: str) -> None:
    """Ends; and an owner whose coordinator is gone lets go of it by itself."""
    held: list[int] = []

    def wait(_: Job) -> None:
        scene.network.clock.now += 2 * 3600
        for owner in OWNERS:
            tidied(scene, owner)
            held.append(len(scene.network[owner].matches.jobs))

    job = scene.run(asked(), {phase: wait})
    assert rule_of(job) in ("job.deadline", "")
    assert held == [0, 0]


def tidied(scene: Scene, owner: str) -> None:
    """What an owner's node does by itself, now and then."""
    party.forget(scene.network[owner])


@pytest.mark.parametrize("kind", ["join.commit", "job.open"])
@pytest.mark.parametrize("landed", [False, True])
def test_a_ledger_that_does_not_answer_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, kind: str, landed: bool
) -> None:
    """Whether it took the transaction or not, the join goes on."""
    left = {"title": 1, "tax": 1}
    submit = Node.submit

    def failing(node: Node, what: str, body: Any, leaves: bytes = b"") -> Any:
        if what == kind and left.get(node.agency):
            left[node.agency] -= 1
            if landed:
                submit(node, what, body, leaves)
            raise Unavailable("expected the ledger to answer, found nobody")
        return submit(node, what, body, leaves)

    monkeypatch.setattr(Node, "submit", failing)
    right("count", scene.run(asked()))


def test_the_coordinator_may_be_an_owner(scenes: dict[str, Scene]) -> None:
    """Its own restart ends the join as any owner's does."""
    scene = scenes["ids"]
    scene.tidy()
    for phase in PHASES:
        job = scene.run(asked("ids"), {phase: lambda _: scene.restart("title")})
        if phase == "matching":
            assert rule_of(job) == "join.gone"
        else:
            right("ids", job)


def test_a_node_takes_part_in_few_joins_at_a_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next waits, and is not lost."""
    monkeypatch.setattr(join_held, "MAX_JOINS", 0)

    def room(_: Job) -> None:
        runner_of(scene.network["housing"]).turn()
        monkeypatch.setattr(join_held, "MAX_JOINS", 8)

    right("count", scene.run(asked(), {"committing": room}))


def test_large_sets_wait_in_files(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which go with the join."""
    monkeypatch.setattr(join_party, "_IN_MEMORY", 10)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[list[str]] = []
    job = scene.run(
        asked(),
        {"matching": lambda _: seen.append([one.name for one in tmp_path.iterdir()])},
    )
    right("count", job)
    assert len(seen[0]) == len(OWNERS)
    assert list(tmp_path.iterdir()) == []


def test_bytes_are_estimated_within_a_factor_of_two(scenes: dict[str, Scene]) -> None:
    """Of what both owners really send each other."""
    for program, scene in scenes.items():
        scene.tidy()
        node = scene.network[scene.asker]
        said = join_plan.estimate(node, asked(program))["bytes"]
        right(program, scene.run(asked(program)))
        sent = [one.body for one in scene.network.calls if "message" in one.path]
        assert said / 2 <= sum(map(len, sent)) <= 2 * said, program
