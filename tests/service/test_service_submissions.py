"""Submitted code over HTTP: its whole way, bodies that are none, other agencies."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from service_kit import World, make_world, problem

from privshare.exchange import gate_account, gate_admit, gate_mock, grant
from privshare.exchange.gate_place import Gate
from privshare.exchange.node import Node, NodeKeys
from privshare.jobs.submission.rule import GateRule
from privshare.wire.canonical import b64u

KEY = bytes(range(32))
PURPOSE = "wage-study"
SCRIPT = "# privshare: dataset=registrar/wages purpose=wage-study\nprint(1)\n"
TABLE = "person,wage\n" + "".join(f"p-{n},{1000 + n}\n" for n in range(30))
RULE = GateRule(k=10, count="people").to_json()
PERMIT: dict[str, Any] = {
    "automatic": True,
    "columns": ["wage"],
    "confirmations": 0,
    "effect": "permit",
    "grantees": ["*"],
    "group_by": [],
    "id": "code",
    "max_budget": 0,
    "max_days": 60,
    "max_delegable": 0,
    "max_uses": 9,
    "min_k": 5,
    "obligations": [],
    "operations": ["run"],
    "programs": ["code.run/v1"],
    "purposes": [PURPOSE],
    "rights": ["process"],
}


class Ran:
    """What a run left."""

    walls, python, packages = "none", "3.11.0", ()

    @property
    def outputs(self) -> dict[str, bytes]:
        """One number, and how many it is about."""
        return {"mean.json": b'{"mean":1014.5,"people":30}'}


class TitleAnswers:
    """The other agency's node, as the node under test reaches it."""

    def __init__(self) -> None:
        self.node: Node | None = None

    def call(
        self, agency: str, method: str, path: str, body: Any = None, **_: Any
    ) -> Any:
        """What the other node's routes would do."""
        assert self.node is not None and agency == "title"
        match path.split("/")[3:]:
            case ["submissions", submission, "admit"]:
                return gate_admit.admit(self.node, "registrar", submission, body)
        raise AssertionError(path)


class TitleAsks:
    """The node under test, as the other agency reaches it."""

    def __init__(self) -> None:
        self.world: World | None = None

    def call(
        self, agency: str, method: str, path: str, body: Any = None, **_: Any
    ) -> Any:
        """Sign, send, and read the answer."""
        assert self.world is not None and agency == "registrar" and body is None
        return answer(self.world.call("agency", method, path))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Node]]:
    """The node under test with a gate, and the node of the author's agency."""
    folder: Path = tmp_path_factory.mktemp("gate")
    first = make_world(folder)
    answers, asks = TitleAnswers(), TitleAsks()
    own = first.context.node
    gate = Gate(sandbox=lambda *_: Ran(), ready=lambda: True)  # type: ignore[arg-type]
    node = replace(own, peers=answers, gate=gate)  # type: ignore[arg-type]
    world = first.with_context(node=node)
    asks.world = world
    answers.node = replace(
        own,
        agency="title",
        store=type(own.store).open(folder / "title.db"),
        keys=NodeKeys(first.agency.key, None, ()),
        peers=asks,  # type: ignore[arg-type]
    )
    yield world, answers.node
    first.context.store.close()
    own.ledger.close()


def answer(response: Any, status: int = 200) -> Any:
    """The JSON of an answer with this status."""
    assert response.status_code == status, response.data[:600]
    return json.loads(response.data)


@pytest.fixture(scope="module")
def ann(two: tuple[World, Node]) -> dict[str, Any]:
    """A dataset with a mock, an account, and a right for some uses."""
    world, title = two
    media = {"content-type": "text/csv"}
    path = "/v1/drafts?filename=wages.csv"
    draft = answer(world.call("steward", "POST", path, TABLE.encode(), media), 201)
    body = {
        "draft": draft["draft"],
        "key": "person",
        "name": "wages",
        "policy": {"rules": [PERMIT]},
        "title": "Wages",
    }
    answer(world.call("steward", "POST", "/v1/datasets", body), 201)
    mock = {"dataset": "registrar/wages", "gate": RULE}
    shown = answer(world.call("steward", "POST", "/v1/mocks", mock), 201)
    assert shown["mock"].startswith("person,wage\n") and shown["receipt"]
    made: Any = gate_account.enrol(title, "ann@example.org", KEY)
    asked = gate_mock.show(title, "registrar/wages")
    assert asked.gate.to_json() == RULE
    grant.request(
        title,
        "registrar/wages",
        operations=["run"],
        columns=["wage"],
        programs=["code.run/v1"],
        purpose=PURPOSE,
        uses=9,
        k=5,
    )
    grant.consider_all(world.context.node)
    return dict(made["enrolment"])


def draft(enrolment: Any, script: str = SCRIPT, **changes: Any) -> dict[str, Any]:
    """A submission as the bridge sends it."""
    return {
        "enrolment": enrolment,
        "entry": "code/main.py",
        "files": files(script),
        "key": b64u(KEY),
        "name": "means",
    } | changes


def files(script: str = SCRIPT) -> list[dict[str, Any]]:
    """Its files."""
    return [
        {"bytes": b64u(text.encode()), "executable": False, "path": path}
        for path, text in (("code/main.py", script), ("config.yaml", "name: means\n"))
    ]


def test_a_submission_goes_its_way(
    two: tuple[World, Node], ann: dict[str, Any]
) -> None:
    """Taken in by the bridge, approved by a steward, run, answered, proven."""
    world, _ = two
    found = answer(world.call("operator", "POST", "/v1/submissions", draft(ann)))
    assert found["status"] == "pending"
    path = f"/v1/submissions/{found['submission']}"
    early = world.call("operator", "POST", f"{path}/run", {"files": files()})
    assert early.status_code == 409
    assert problem(early)["rule"] == "submission.unapproved"
    assert problem(early)["missing"] == ["registrar"]
    assert world.call("operator", "POST", f"{path}/approve").status_code == 403
    shown = answer(world.call("steward", "GET", path))
    assert shown["files"] == files() and shown["user"] == "ann@example.org"
    approved = answer(world.call("steward", "POST", f"{path}/approve"))
    assert approved["approvals"]["missing"] == []
    done = answer(world.call("operator", "POST", f"{path}/run", {"files": files()}))
    assert done["status"] == "done", done
    again = answer(world.call("operator", "POST", f"{path}/run", {"files": files()}))
    assert again == done
    receipt = world.call("auditor", "GET", f"/v1/receipts/{done['receipt']}")
    assert json.loads(receipt.data)["operation"] == "job.result"
    (listed,) = answer(world.call("auditor", "GET", "/v1/submissions"))["items"]
    assert (listed["status"], listed["job"]) == ("done", done["job"])
    assert "files" not in listed and "tree" not in listed


def test_refusals_over_http(two: tuple[World, Node], ann: dict[str, Any]) -> None:
    """At intake, by a person, and by files that changed: each with its receipt."""
    world, _ = two
    unknown = answer(
        world.call("operator", "POST", "/v1/submissions", draft(None, "print(2)\n"))
    )
    assert unknown["rule"] == "account.unknown"
    script = SCRIPT + "# changed\n"
    found = answer(
        world.call("operator", "POST", "/v1/submissions", draft(ann, script))
    )
    path = f"/v1/submissions/{found['submission']}"
    answer(world.call("steward", "POST", f"{path}/approve"))
    changed = answer(world.call("operator", "POST", f"{path}/run", {"files": files()}))
    assert (changed["status"], changed["rule"]) == ("refused", "submission.changed")
    script = SCRIPT + "# no\n"
    found = answer(
        world.call("operator", "POST", "/v1/submissions", draft(ann, script))
    )
    path = f"/v1/submissions/{found['submission']}"
    said = answer(world.call("steward", "POST", f"{path}/refuse", {"reason": "no"}))
    assert (said["status"], said["rule"], said["reason"]) == ("refused", None, "no")
    for one in (unknown, changed, said):
        receipt = world.call("auditor", "GET", f"/v1/receipts/{one['receipt']}")
        assert json.loads(receipt.data)["operation"] == "submission.decide"
    late = world.call("steward", "POST", f"{path}/refuse", {"reason": "no"})
    assert late.status_code == 409 and problem(late)["rule"] == "submission.status"


def test_bodies_that_are_none(two: tuple[World, Node], ann: dict[str, Any]) -> None:
    """Never a fault of the node, and nothing kept."""
    world, _ = two
    before = answer(world.call("auditor", "GET", "/v1/submissions"))
    for changes in (
        {"files": [{"bytes": "!", "executable": False, "path": "a"}]},
        {"files": [{"bytes": "", "executable": 1, "path": "a"}]},
        {"files": [{"path": "a"}]},
        {"files": {}},
        {"files": [{"bytes": "", "executable": False, "path": ""}]},
        {"key": "AA"},
        {"key": None},
        {"entry": None},
        {"enrolment": []},
        {"more": 1},
        {
            "files": [
                {"bytes": "", "executable": False, "path": f"{n}"} for n in range(4001)
            ]
        },
    ):
        response = world.call(
            "operator", "POST", "/v1/submissions", draft(ann) | changes
        )
        assert response.status_code == 400, (changes, response.data[:300])
        problem(response)
    rng = random.Random(7)
    for body in (b"{", b"[]", b"\xff" * 50, rng.randbytes(5_000), b"{" * 20_000):
        for path in ("/v1/submissions", f"/v1/submissions/{'A' * 43}/run"):
            response = world.call("operator", "POST", path, body)
            assert response.status_code == 400
    huge = b" " * (25 << 20)
    began = time.monotonic()
    response = world.call("operator", "POST", "/v1/submissions", huge)
    assert response.status_code == 413 and time.monotonic() - began < 20
    assert answer(world.call("auditor", "GET", "/v1/submissions")) == before


def test_strange_submissions(two: tuple[World, Node], ann: dict[str, Any]) -> None:
    """Well formed and odd: refused by a rule, with a receipt."""
    world, _ = two
    odd = [
        ({"files": []}, "submission.count"),
        ({"files": files() * 2}, "submission.path"),
        ({"entry": "../main.py"}, "run.entry"),
        ({"entry": "config.yaml"}, "run.entry"),
        ({"enrolment": {"v": 1, "account": {"a": [1]}}}, "account.unknown"),
        ({"enrolment": {**ann, "salt": b64u(bytes(32))}}, "account.unknown"),
        ({"enrolment": {**ann, "more": 1}}, "account.unknown"),
        ({"key": b64u(bytes(32))}, "account.key"),
    ]
    for name in ("/etc/passwd", "a//b", "a/../../b", "a\u202eb", "\u0041\u030a", "."):
        extra = {"bytes": "", "executable": False, "path": name}
        odd.append(({"files": [*files(), extra]}, "submission.path"))
    for number, (changes, rule) in enumerate(odd):
        wanted = draft(ann, f"{SCRIPT}# odd {number}\n")
        if changes.get("files"):
            changes["files"][0]["bytes"] = wanted["files"][0]["bytes"]
        response = world.call("operator", "POST", "/v1/submissions", wanted | changes)
        found = answer(response)
        assert (found["status"], found["rule"]) == ("refused", rule), (changes, found)
        assert found["receipt"], (changes, found)


def test_other_agencies_ask(two: tuple[World, Node], ann: dict[str, Any]) -> None:
    """An agency hands nothing out that is not its own, and admits nothing here."""
    world, _ = two
    body = {
        "dataset": "registrar/wages",
        "enrolment": ann,
        "entry": "code/main.py",
        "files": files(),
        "name": "means",
        "purpose": PURPOSE,
    }
    response = world.call("agency", "POST", "/v1/peer/submissions", body)
    assert response.status_code == 403
    assert problem(response)["rule"] == "submission.party"
    path = f"/v1/peer/submissions/{'A' * 43}/admit"
    for wrong in ({}, {"spec": {}}, [], {"deadline": 1, "enrolment": ann, "index": 0}):
        response = world.call("agency", "POST", path, wrong)
        assert 400 <= response.status_code < 500, response.data[:300]
    response = world.call("agency", "GET", "/v1/peer/mocks/title/deeds")
    assert response.status_code == 404


def test_accounts_over_http(two: tuple[World, Node]) -> None:
    """Enrolled and ended by a steward; listed for everybody."""
    world, _ = two
    body = {"account": "bob@example.org", "key": b64u(KEY), "system": "syft"}
    made = answer(world.call("steward", "POST", "/v1/accounts", body), 201)
    assert made["enrolment"]["agency"] == "registrar"
    for wrong in ({"account": "a/b"}, {"key": "A"}, {"system": "other"}):
        response = world.call("steward", "POST", "/v1/accounts", body | wrong)
        assert response.status_code == 400
    path = f"/v1/accounts/{made['id']}/end"
    answer(world.call("steward", "POST", path, {"reason": "left"}))
    again = world.call("steward", "POST", path, {"reason": "left"})
    assert again.status_code == 409
    (listed,) = answer(world.call("analyst", "GET", "/v1/accounts"))["items"]
    assert listed["id"] == made["id"] and listed["ended"] is not None
