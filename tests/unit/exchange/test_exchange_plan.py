"""Plans, estimates, anchors, tasks, and the storage they rest on."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import Consortium, permit, permit_read, taxes
from memory_store import MemoryStore

from privshare.audit.verifier import verify
from privshare.bindings import merkle
from privshare.bindings.hash import sha256
from privshare.errors import (
    EncodingError,
    GrantExpired,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    Unavailable,
)
from privshare.exchange import job as jobs
from privshare.exchange import record
from privshare.exchange.anchor import anchor
from privshare.exchange.plan import Question, estimate, explain, plan
from privshare.exchange.storage import Storage
from privshare.exchange.task import Task, Tasks
from privshare.jobs.anchor import leaf_of, receipt_of
from privshare.jobs.receipt import Receipt
from privshare.store.store import Store

QUESTION: dict[str, Any] = {
    "operation": "sum",
    "column": "tax_paid",
    "datasets": ["tax/returns"],
    "purpose": "housing-policy",
}
SUM = Question.from_json({**QUESTION, "group_by": "district"})


@pytest.fixture
def granted(network: Consortium) -> Consortium:
    """The tax agency's returns, and housing's right to sum them."""
    rules = [permit(columns=["district", "parcel", "tax_paid"])]
    network.publish("tax", "returns", taxes(), key="parcel", rules=rules)
    network.grant("housing", "tax/returns", columns=["district", "parcel", "tax_paid"])
    return network


def test_questions_are_read_strictly() -> None:
    """A question has its fields and no others."""
    assert SUM.group_by == "district" and SUM.deadline_s == 3600
    named = Question.from_json({**QUESTION, "parties": {"openers": ["tax", "title"]}})
    assert (named.openers, named.custodian) == (("tax", "title"), None)
    for wrong in (
        [],
        {**QUESTION, "colour": "red"},
        {**QUESTION, "method": "mpc"},
        {**QUESTION, "parties": {"oracle": "tax"}},
        {key: value for key, value in QUESTION.items() if key != "purpose"},
    ):
        with pytest.raises(EncodingError):
            Question.from_json(wrong)
    with pytest.raises(OutOfRange):
        Question.from_json({**QUESTION, "deadline_s": 1})


def test_one_owner_keeps_its_own_key(granted: Consortium) -> None:
    """With one input its owner is custodian, and computes nothing."""
    spec = plan(granted["housing"], SUM).spec
    assert spec.custodian == "tax"
    assert spec.compute in ("registrar", "title")
    assert spec.k == 3


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"column": "parcel"}, OutOfRange),
        ({"column": "district"}, OutOfRange),
        ({"datasets": ("tax/nothing",)}, NotFound),
        ({"datasets": ("nothing",)}, EncodingError),
        ({"datasets": ()}, PrivShareError),
        ({"grants": ("A" * 43, "B" * 43)}, EncodingError),
        ({"grants": ("A" * 43,)}, NotPermitted),
        ({"custodian": "nobody"}, NotFound),
    ],
)
def test_questions_that_cannot_be_planned(
    granted: Consortium, changes: Any, error: type[PrivShareError]
) -> None:
    """What is no number, not there or not permitted is refused beforehand."""
    with pytest.raises(error):
        plan(granted["housing"], replace(SUM, **changes))


def test_expired_grants(granted: Consortium) -> None:
    """A grant past its period allows nothing, though the ledger's time stood
    still."""
    granted.clock.now += 31 * 86_400
    with pytest.raises(GrantExpired):
        jobs.submit(granted["housing"], SUM)


def test_scales_that_differ(granted: Consortium) -> None:
    """Cents and whole numbers are not summed together."""
    csv = "parcel,district,tax_paid\n" + "".join(f"x{i},east,{i}\n" for i in range(9))
    granted.publish("title", "whole", csv)
    granted.grant("housing", "title/whole")
    with pytest.raises(OutOfRange) as refused:
        plan(granted["housing"], replace(SUM, datasets=("tax/returns", "title/whole")))
    assert refused.value.detail["rule"] == "job.scale"


def test_estimate_and_explain(granted: Consortium) -> None:
    """Before anything runs one can read who learns what, how long and how much."""
    said = explain(granted["housing"], SUM)
    assert said["rows"] == 20 and said["bytes"] == 2 * 512
    assert float(estimate(granted["housing"], SUM)["seconds"]) > 0
    assert set(said["learns"]) == {"housing", "tax", said["parties"]["compute"]}
    assert "no value" in said["learns"][said["parties"]["compute"]]
    assert not [one for one in granted.calls if "jobs" in one.path]


def test_the_last_use_is_the_last(granted: Consortium) -> None:
    """A grant for one use answers one question."""
    granted.publish("title", "deeds", taxes(), key="parcel")
    granted.grant("housing", "title/deeds", uses=1)
    asked = replace(SUM, datasets=("title/deeds",))
    jobs.submit(granted["housing"], asked)
    with pytest.raises(NotPermitted) as refused:
        jobs.submit(granted["housing"], asked)
    assert refused.value.detail["rule"] == "grant.uses"


def test_anchoring_files(network: Consortium) -> None:
    """Each file of a batch has its own receipt, made from the batch's."""
    files = [b"one", b"two", b"three"]
    salts = [bytes([i]) * 32 for i in range(3)]
    leaves = [leaf_of(s, sha256(f)) for s, f in zip(salts, files, strict=True)]
    done = anchor(network["title"], leaves)
    kept = network["title"].store.receipt(done.id)
    assert kept is not None
    for i, content in enumerate(files):
        merkle.verify_inclusion(
            merkle.leaf_hash(leaves[i]), i, 3, done.paths[i], done.root
        )
        made = receipt_of(
            Receipt.from_bytes(kept.body),
            file_digest=sha256(content),
            salt=salts[i],
            position=i,
            path=done.paths[i],
        )
        verdict = verify(
            made.to_bytes(),
            network.trust,
            network.clock(),
            lambda _, content=content: content,
        )
        assert verdict.outcome == "valid", verdict.report()
    with pytest.raises(OutOfRange):
        anchor(network["title"], [])
    with pytest.raises(OutOfRange):
        anchor(network["title"], leaves * 400)
    with pytest.raises(EncodingError):
        anchor(network["title"], [b"short"])


def test_tasks_run_once_under_a_name() -> None:
    """The same name starts one task; progress shows; a stop is heeded."""
    tasks, gate = Tasks(), threading.Event()

    def work(task: Task) -> None:
        task.tell(1, 2)
        gate.wait(5)
        task.tell(2, 2)

    first = tasks.start("a", work)
    assert tasks.start("a", work) is first and tasks.find("a") is first
    assert not first.wait(0.01)
    tasks.forget("a")
    gate.set()
    assert first.wait(5) and isinstance(first.error, Unavailable)
    assert tasks.find("a") is None
    broken = tasks.start("b", lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
    assert broken.wait(5) and isinstance(broken.error, Unavailable)


def test_both_storages_are_storages(tmp_path: Path) -> None:
    """The node's database and the one of these tests have the same methods."""

    def takes(storage: Storage) -> Storage:
        return storage

    store = Store.open(tmp_path / "node.db")
    names = {name for name in dir(Storage) if not name.startswith("_")}
    for storage in (takes(store), takes(MemoryStore())):
        assert names <= set(dir(storage))
    store.close()


def test_everything_over_the_real_storage(network: Consortium, tmp_path: Path) -> None:
    """Publishing, a sum and a record work over SQLite as they do in memory."""
    stores = {name: Store.open(tmp_path / f"{name}.db") for name in network.nodes}
    for name, node in network.nodes.items():
        network.nodes[name] = replace(node, store=stores[name])
    network.publish(
        "tax", "returns", taxes(), key="parcel", rules=[permit_read(), permit()]
    )
    network.grant("housing", "tax/returns")
    network.grant(
        "housing",
        "tax/returns",
        operations=["read"],
        columns=["parcel", "tax_paid"],
        group_by=[],
        k=1,
    )
    job = jobs.submit(network["housing"], SUM)
    network.run("housing")
    done = jobs.find(network["housing"], job.id)
    assert done.phase == "done", done.problem
    assert jobs.find(network["housing"], done.ledger_id) == done
    shown = jobs.describe(done)
    assert shown["result"]["rows"][0]["group"] == "east" and shown["problem"] is None
    got = record.fetch(network["housing"], "tax/returns", "p-7")
    assert got.values["tax_paid"] == 7025
    for store in stores.values():
        store.close()
