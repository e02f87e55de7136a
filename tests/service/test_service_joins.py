"""Private joins between real processes: over HTTP, with signed requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from process_kit import Nodes

pytestmark = pytest.mark.server

PARCELS, DEEDS = "title/parcels", "tax/deeds"
PROGRAMS = {"match": ["psi.count/v1", "psi.sum/v1"], "link": ["psi.ids/v1"]}


def _rule(operation: str, columns: list[str]) -> dict[str, Any]:
    return {
        "automatic": True,
        "columns": columns,
        "confirmations": 0,
        "effect": "permit",
        "grantees": ["*"],
        "group_by": [],
        "id": operation,
        "max_budget": 0,
        "max_days": 60,
        "max_delegable": 0,
        "max_uses": 9,
        "min_k": 1,
        "obligations": [],
        "operations": [operation],
        "programs": PROGRAMS[operation],
        "purposes": ["planning"],
        "rights": ["process"],
    }


def _publish(nodes: Nodes, owner: str, name: str, table: str, columns: Any) -> None:
    draft = nodes.call(
        owner,
        "steward",
        "POST",
        "/v1/drafts?filename=table.csv",
        table.encode(),
        {"content-type": "text/csv"},
    )
    assert draft.status_code == 201, draft.text
    body = {
        "draft": draft.json()["draft"],
        "key": None,
        "name": name,
        "policy": {"rules": [_rule(one, columns) for one in PROGRAMS]},
        "title": name,
    }
    done = nodes.call(owner, "steward", "POST", "/v1/datasets", body)
    assert done.status_code == 201, done.text


def _grant(nodes: Nodes, dataset: str, operation: str, columns: list[str]) -> None:
    body = {
        "columns": columns,
        "dataset": dataset,
        "group_by": [],
        "k": 5,
        "operations": [operation],
        "programs": PROGRAMS[operation],
        "purpose": "planning",
        "uses": 5,
    }
    asked = nodes.call("title", "analyst", "POST", "/v1/grants", body)
    assert asked.status_code == 201, asked.text
    path = f"/v1/grants/{asked.json()['id']}"
    for _ in range(200):
        grant = nodes.call("title", "analyst", "GET", path).json()
        if grant["status"] != "requested":
            assert grant["status"] == "active", grant
            return
        time.sleep(0.1)
    raise AssertionError("nobody decided")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Three agencies; title may ask about both tables."""
    folder = tmp_path_factory.mktemp("joins")
    made = Nodes(folder, ["registrar", "title", "tax"], ["steward", "analyst"])
    try:
        made.start()
        people = "citizen\n" + "".join(f"C-{n:05}\n" for n in range(60))
        owed = "owner,owed\n" + "".join(f"c {n:05},{n}\n" for n in range(40, 120))
        _publish(made, "title", "parcels", people, ["citizen"])
        _publish(made, "tax", "deeds", owed, ["owed", "owner"])
        for operation in PROGRAMS:
            _grant(made, PARCELS, operation, ["citizen"])
            _grant(made, DEEDS, operation, ["owed", "owner"])
            _grant(made, DEEDS, operation, ["owner"])
        yield made
    finally:
        made.close()


def _asked(nodes: Nodes, **changes: Any) -> Any:
    """Ask, wait, and return the result."""
    question = {
        "inputs": [
            {"dataset": PARCELS, "on": ["citizen"]},
            {"dataset": DEEDS, "on": ["owner"]},
        ],
        "method": "psi",
        "operation": "match",
        "purpose": "planning",
        **changes,
    }
    estimate = nodes.call("title", "analyst", "POST", "/v1/jobs/estimate", question)
    assert estimate.status_code == 200, estimate.text
    assert estimate.json()["bytes"] > 0
    assert "citizen and owner by " in estimate.json()["notes"][1]
    job = nodes.call("title", "analyst", "POST", "/v1/jobs", question)
    assert job.status_code == 202, job.text
    path = job.headers["Location"]
    for _ in range(300):
        found = nodes.call("title", "analyst", "GET", path).json()
        if found["phase"] in ("done", "failed"):
            break
        time.sleep(0.1)
    assert found["phase"] == "done", found
    return nodes.call("title", "analyst", "GET", path + "/result").json()


def test_two_nodes_join_their_sets(nodes: Nodes) -> None:
    """Count, sum and identifiers, each as the tables have it."""
    assert _asked(nodes, module="count")["output"] == {"count": 20}
    inputs = [
        {"dataset": PARCELS, "on": ["citizen"]},
        {"dataset": DEEDS, "on": ["owner"], "value": "owed"},
    ]
    found = _asked(nodes, module="sum", inputs=inputs, bound=1 << 20)
    assert found["output"] == {"count": 20, "sum": sum(range(40, 60))}
    found = _asked(nodes, operation="link")
    assert sorted(one[0] for one in found["found"]) == [
        f"c{n:05}" for n in range(40, 60)
    ]
    assert _asked(nodes, module="count", k=21)["output"] == {"withheld": "minimum"}


def test_messages_of_joins_are_bounded(nodes: Nodes) -> None:
    """And nobody sends any but an agency's node."""
    path = f"/v1/peer/jobs/{'A' * 43}/message?number=0"
    headers = {"content-type": "application/octet-stream"}
    for data in (b"x", bytes((2 << 20) + 1)):
        found = nodes.call("tax", "analyst", "PUT", path, data, headers)
        assert 400 <= found.status_code < 500
