"""What a private join refuses, before it begins and while it runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))
sys.path.insert(0, str(Path(__file__).parent))

from exchange_kit import permit
from join_faults import Scene, output, rule_of
from join_kit import DEEDS, PARCELS, JoinConsortium, asked

from privshare.errors import PrivShareError, StepNotAllowed
from privshare.exchange import dataset, grant, join_party, join_plan
from privshare.exchange import job as jobs
from privshare.exchange.join_held import MAX_MESSAGE, Matches
from privshare.exchange.join_question import JoinAsked
from privshare.jobs.join_statement import CONCLUSION
from privshare.jobs.lifecycle import Job
from privshare.ledger import query
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import decode


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One consortium for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(join_party, "_SILENCE_S", 0.6)
        patch.setattr(join_party, "_RETRY_S", 0.01)
        network = JoinConsortium(tmp_path_factory.mktemp("joins"))
        network.prepare(uses=100)
        yield Scene(network)
        network.close()


@pytest.fixture
def scene(kept: Scene) -> Scene:
    """It, as if nobody had meddled."""
    kept.tidy()
    return kept


# -- what owners answer -------------------------------------------------------


def _unsigned(answer: dict[str, Any], _: Scene) -> None:
    answer["conclusion"]["signatures"][0]["sig"] = "A" * 86


def _by_another(answer: dict[str, Any], scene: Scene) -> None:
    old = envelopes.from_json(answer["conclusion"])
    new = scene.network["registrar"].sign(CONCLUSION, old.payload)
    answer["conclusion"] = envelopes.to_json(new)


def _another_kind(answer: dict[str, Any], scene: Scene) -> None:
    old = envelopes.from_json(answer["conclusion"])
    new = scene.network["tax"].sign("application/json", old.payload)
    answer["conclusion"] = envelopes.to_json(new)


def _another_count(answer: dict[str, Any], scene: Scene) -> None:
    old = envelopes.from_json(answer["conclusion"])
    payload = old.payload.replace(b'"count":20', b'"count":21')
    assert payload != old.payload
    new = scene.network["tax"].sign(CONCLUSION, payload)
    answer["conclusion"] = envelopes.to_json(new)


def _another_commit(answer: dict[str, Any], _: Scene) -> None:
    answer["commit"] = "AAAA" + answer["commit"][4:]


def _too_long(answer: dict[str, Any], _: Scene) -> None:
    answer["commit"] = "A" * 100_000


def _other_things(answer: dict[str, Any], _: Scene) -> None:
    del answer["conclusion"]


LIES: dict[str, Callable[[dict[str, Any], Scene], None]] = {
    "unsigned": _unsigned,
    "signed by another": _by_another,
    "a statement of another kind": _another_kind,
    "another count": _another_count,
    "another set": _another_commit,
    "too long": _too_long,
    "other things": _other_things,
}


@pytest.mark.parametrize("lie", LIES)
def test_an_owner_that_lies_at_the_end(scene: Scene, lie: str) -> None:
    """There is no result without the word of both; the use is spent."""

    def lying(one: Any) -> Any:
        answer = one.go_on(scene.network)
        if answer.get("state") == "done":
            LIES[lie](answer, scene)
        return answer

    scene.network.meddle[("tax", "match")] = lying
    job = scene.run(asked())
    rule_of(job)
    assert job.problem is not None and job.problem.error in (
        "EncodingError",
        "EvidenceInvalid",
        "SignatureInvalid",
    )


# -- what a coordinator asks --------------------------------------------------


def body_of(scene: Scene, job: Job, **changes: Any) -> Any:
    """What the coordinator sends an owner."""
    spec: Any = decode(job.spec)
    return {"index": 0, "spec": {**spec, **changes}}


def test_owners_check_who_asks_and_for_what(scene: Scene) -> None:
    """Against their own copies of the ledger: nobody's word counts."""
    node, tax = scene.network["housing"], scene.network["tax"]
    job = jobs.submit(node, asked())
    scene.network.sync()
    whole = body_of(scene, job)
    cases: list[tuple[str, str, str, Any]] = [
        ("title", job.ledger_id, DEEDS, whole),
        ("registrar", job.ledger_id, DEEDS, whole),
        ("housing", "A" * 43, DEEDS, whole),
        ("housing", "?", DEEDS, whole),
        ("housing", job.ledger_id, "tax/returns", whole),
        ("housing", job.ledger_id, PARCELS, whole),
        ("housing", job.ledger_id, DEEDS, {}),
        ("housing", job.ledger_id, DEEDS, None),
        ("housing", job.ledger_id, DEEDS, {**whole, "more": 1}),
        ("housing", job.ledger_id, DEEDS, body_of(scene, job, minimum=1)),
        ("housing", job.ledger_id, DEEDS, body_of(scene, job, receiver=DEEDS)),
        ("housing", job.ledger_id, DEEDS, body_of(scene, job, recipe=[["digits"]])),
        ("housing", job.ledger_id, DEEDS, body_of(scene, job, program="psi.ids/v1")),
    ]
    for caller, ledger_id, name, body in cases:
        with pytest.raises(PrivShareError):
            join_party.commit_set(tax, caller, ledger_id, name, body)
        if name == DEEDS:
            with pytest.raises(PrivShareError):
                join_party.match(tax, caller, ledger_id, body)
    with pytest.raises(StepNotAllowed) as refused:
        join_party.match(tax, "housing", job.ledger_id, whole)
    assert refused.value.detail["rule"] == "join.gone"
    assert tax.matches.jobs == ()
    jobs.cancel(node, job.id, reason="asked enough")
    scene.network.run("housing")
    scene.check(jobs.find(node, job.id))


def test_messages_are_taken_in_turn_and_of_a_size(scene: Scene) -> None:
    """And from the other owner alone, once both sets are on the ledger."""
    tax = scene.network["tax"]
    found: list[str] = []

    def push(caller: str, number: int, data: bytes, job: Job) -> None:
        with pytest.raises(PrivShareError) as refused:
            join_party.message(tax, caller, job.ledger_id, number, data)
        found.append(refused.value.detail["rule"])

    def before(job: Job) -> None:
        push("title", 0, b"too early", job)  # a set is held, nothing is expected
        push("housing", 0, b"not an owner", job)
        push("tax", 0, b"its own", job)

    def first(one: Any) -> Any:
        job = Job("j", "match", b"", 1, 1, ledger_id=one.path.split("/")[4])
        if not found[3:]:
            push("title", 7, b"out of turn", job)
            push("title", 0, bytes(MAX_MESSAGE + 1), job)
            push("title", 0, b"another set", job)
        return one.go_on(scene.network)

    scene.network.meddle[("tax", "message")] = first
    assert output(scene.run(asked(), {"matching": before})) == {"count": 20}
    assert found[:3] == ["join.order", "job.party", "job.party"]
    assert set(found[3:]) <= {"join.order", "join.frame", "join.commitment"}


def test_a_right_that_is_withdrawn_ends_the_join(scene: Scene) -> None:
    """Before anything was sent, though both sets are ready."""
    network = scene.network
    name = network.grant(
        "housing",
        DEEDS,
        columns=["owed", "owner"],
        group_by=[],
        k=3,
        operations=["match"],
        programs=["psi.count/v1"],
    )
    sides = (JoinAsked(PARCELS, ("citizen",)), JoinAsked(DEEDS, ("owner",), None, name))

    def withdraw(_: Job) -> None:
        grant.revoke(network["tax"], name, reason="it is over")
        network.sync()

    job = scene.run(asked(inputs=sides), {"matching": withdraw})
    assert rule_of(job) == "grant.revoked"
    assert query.job(network.host.view(), job.ledger_id).opened is None
    assert not [one for one in network.calls if one.path.endswith("number=1")]


# -- what cannot be asked -----------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"recipe": (("no such step",),)}, None),
        ({"recipe": (("nfkc",), ("nfkc",))}, "join.recipe"),
        ({"receiver": "tax/returns"}, None),
        ({"receiver": "housing/all"}, None),
        ({"purpose": "curiosity"}, None),
    ],
)
def test_a_question_that_makes_no_sense(
    scene: Scene, changes: dict[str, Any], rule: str | None
) -> None:
    """Is refused by the asker's own node; nothing is reserved."""
    seen = len(scene.network.calls)
    with pytest.raises(PrivShareError) as refused:
        join_plan.explain(scene.network["housing"], asked(**changes))
        jobs.submit(scene.network["housing"], asked(**changes))
    if rule is not None:
        assert refused.value.detail["rule"] == rule
    asked_for = [one.path for one in scene.network.calls[seen:]]
    assert not [path for path in asked_for if "/jobs/" in path]


def test_columns_that_are_not_there(scene: Scene) -> None:
    """Or that name nobody, or of another number on both sides."""
    node = scene.network["housing"]
    left, right = JoinAsked(PARCELS, ("citizen",)), JoinAsked(DEEDS, ("owner",))
    for inputs in (
        (JoinAsked(PARCELS, ("colour",)), right),
        (left, JoinAsked(DEEDS, ("owner", "owed"))),
        (left, JoinAsked(DEEDS, ("owed",))),
        (left, JoinAsked(DEEDS, ("owner",), "owed")),
        (left, JoinAsked(DEEDS, ("owner", "owner"))),
    ):
        with pytest.raises(PrivShareError):
            join_plan.plan(node, asked(inputs=inputs))


# -- rows that do not fit -----------------------------------------------------

MORE = {"group_by": [], "min_k": 1, "operations": ["match"], "programs": []}


def table(scene: Scene, name: str, csv: str, columns: list[str], **more: Any) -> str:
    """A table of tax's, with a right on it for every join that counts or sums."""
    programs = ["psi.count/v1", "psi.sum/v1"]
    rule = permit(**{**MORE, "columns": columns, "programs": programs})
    found = scene.network.publish("tax", name, csv, rules=[rule], **more)
    scene.network.grant(
        "housing",
        found,
        columns=columns,
        group_by=[],
        k=3,
        operations=["match"],
        programs=programs,
    )
    return found


def counted(scene: Scene, name: str, **changes: Any) -> Job:
    """Join title's parcels with a table of tax's."""
    sides = (JoinAsked(PARCELS, ("citizen",)), JoinAsked(name, ("owner",)))
    return scene.run(asked(inputs=sides, **changes))


def test_missing_identifiers_are_refused(scene: Scene) -> None:
    """By column; how many there are, the owner's log says and the asker does not."""
    lines = [f"c{n:05},x" if n % 5 else ",x" for n in range(30)]
    name = table(scene, "holes", "owner,note\n" + "\n".join(lines) + "\n", ["owner"])
    job = counted(scene, name)
    assert rule_of(job) == "join.identifier"
    assert job.problem is not None and "column owner of tax/holes" in job.problem.reason
    outcomes = [one.outcome for one in scene.network["tax"].store.uses(name)]
    assert "join.identifier: 6 in owner" in outcomes


def test_erased_rows_are_refused(scene: Scene) -> None:
    """The set on the ledger has as many rows as the dataset was registered with."""
    lines = [f"c{n:05},{n}" for n in range(30)]
    csv = "owner,id\n" + "\n".join(lines) + "\n"
    name = table(scene, "erased", csv, ["owner"], key="id")
    dataset.erase(scene.network["tax"], name, "7")
    scene.network.sync()
    job = counted(scene, name)
    assert job.problem is not None and job.phase == "failed"


def test_the_same_person_twice_counts_once(scene: Scene) -> None:
    """In one set; and one of a single row is a set."""
    lines = [f"c{n % 10:05},x" for n in range(30)]
    csv = "owner,note\n" + "\n".join(lines) + "\n"
    assert output(counted(scene, table(scene, "twice", csv, ["owner"]))) == {
        "count": 10
    }
    name = table(scene, "one", "owner,note\nc00001,x\n", ["owner"])
    assert output(counted(scene, name)) == {"withheld": "minimum"}


def test_no_rows_are_no_set(scene: Scene) -> None:
    """A join needs one row on each side; there is nothing to learn from none."""
    with pytest.raises(PrivShareError):
        counted(scene, table(scene, "none", "owner,note\n", ["owner"]))


# -- held joins ---------------------------------------------------------------


def test_making_a_set_holds_no_other_join_up() -> None:
    """However long it takes; dropped meanwhile, it is not kept."""
    held, go, closed = Matches(), threading.Event(), []

    class Made:
        def close(self) -> None:
            closed.append(self)

    def slow() -> Any:
        assert go.wait(5.0)
        return Made()

    refused: list[PrivShareError] = []

    def add() -> None:
        try:
            held.add("slow", slow)
        except PrivShareError as error:
            refused.append(error)

    thread = threading.Thread(target=add)
    thread.start()
    while "slow" not in held.jobs:
        pass
    quick: Any = Made()
    assert held.add("quick", lambda: quick) is quick and held.find("quick") is quick
    with pytest.raises(PrivShareError) as busy:
        held.add("slow", lambda: quick)
    assert busy.value.detail["rule"] == "join.busy"
    held.drop("slow")
    go.set()
    thread.join(5.0)
    assert [one.detail["rule"] for one in refused] == ["join.gone"]
    assert len(closed) == 1 and held.jobs == ("quick",)
