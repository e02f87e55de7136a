"""Approved code at real nodes: four processes, real walls, one of them killed.

tax has the rows and the gate, housing the author and the right, title is asked to
approve. What bubblewrap needs is not everywhere: without it these are skipped.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from process_kit import Nodes

from privshare.audit.verifier import verify
from privshare.jobs.submission import sandbox
from privshare.jobs.submission.rule import GateRule
from privshare.wire.canonical import b64u, unb64u

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not sandbox.available(), reason="needs bubblewrap"),
]

AGENCIES = ["registrar", "tax", "housing", "title"]
KEY = b64u(bytes(range(32)))
PURPOSE = "wage-study"
ROWS = 60
HEADER = "# privshare: dataset=tax/wages purpose=wage-study\n"
MEANS = (
    HEADER
    + """
import csv, syft
groups = {}
with open(syft.resolve_dataset_file_path("wages", owner_email="x@tax")) as file:
    for row in csv.DictReader(file):
        assert sorted(row) == ["district", "wage"], row
        groups.setdefault(row["district"], []).append(float(row["wage"]))
with open("outputs/means.csv", "w", newline="") as file:
    out = csv.writer(file)
    out.writerow(["district", "people", "mean"])
    for name in sorted(groups):
        out.writerow([name, len(groups[name]), sum(groups[name]) / len(groups[name])])
"""
)
SLOW = HEADER + "import time\ntime.sleep(50)\n"
PERMIT: dict[str, Any] = {
    "automatic": True,
    "columns": ["district", "wage"],
    "confirmations": 0,
    "effect": "permit",
    "grantees": ["housing"],
    "group_by": [],
    "id": "code",
    "max_budget": 0,
    "max_days": 60,
    "max_delegable": 0,
    "max_uses": 1,
    "min_k": 5,
    "obligations": [],
    "operations": ["run"],
    "programs": ["code.run/v1"],
    "purposes": [PURPOSE],
    "rights": ["process"],
}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """A running network; the node of tax has a gate."""
    people = ["steward", "analyst", "auditor", "operator"]
    made = Nodes(tmp_path_factory.mktemp("network"), AGENCIES, people)
    with (made.folder / "tax" / "node.toml").open("a") as file:
        file.write('\ngate = "on"\n')
    try:
        made.start()
        yield made
    finally:
        made.close()


def call(
    nodes: Nodes, who: str, method: str, path: str, body: Any = None, status: int = 200
) -> Any:
    """What a node answers to `agency/role`."""
    agency, _, role = who.partition("/")
    answer = nodes.call(agency, role, method, path, body)
    assert answer.status_code == status, (answer.status_code, answer.text)
    return answer.json()


@pytest.fixture(scope="module")
def ann(nodes: Nodes) -> Any:
    """A dataset, its mock and gate, an account; the document it carries."""
    table = "person,district,wage\n" + "".join(
        f"p-{n},{'east' if n % 2 else 'west'},{1000 + n}\n" for n in range(ROWS)
    )
    draft = nodes.call(
        "tax",
        "steward",
        "POST",
        "/v1/drafts?filename=wages.csv",
        table.encode(),
        {"content-type": "text/csv"},
    ).json()
    body = {
        "draft": draft["draft"],
        "key": "person",
        "name": "wages",
        "policy": {"rules": [PERMIT]},
        "title": "Wages",
    }
    call(nodes, "tax/steward", "POST", "/v1/datasets", body, 201)
    rule = GateRule(k=10, count="people", approvals=("title",), memory=1 << 30)
    mock = {"dataset": "tax/wages", "gate": rule.to_json()}
    call(nodes, "tax/steward", "POST", "/v1/mocks", mock, 201)
    account = {"account": "ann@example.org", "key": KEY}
    return call(nodes, "housing/steward", "POST", "/v1/accounts", account, 201)


def right(nodes: Nodes) -> str:
    """A right for one use."""
    terms = {
        "columns": ["district", "wage"],
        "dataset": "tax/wages",
        "k": 5,
        "operations": ["run"],
        "programs": ["code.run/v1"],
        "purpose": PURPOSE,
        "uses": 1,
    }
    asked = call(nodes, "housing/analyst", "POST", "/v1/grants", terms, 201)
    return str(awaited(nodes, "housing", asked["id"], "active")["id"])


def awaited(nodes: Nodes, agency: str, grant: str, status: str) -> Any:
    """A grant, once it is so far."""
    for _ in range(200):
        found = call(nodes, f"{agency}/analyst", "GET", f"/v1/grants/{grant}")
        if found["status"] == status:
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def files(script: str) -> list[dict[str, Any]]:
    """A submission as the bridge reads it."""
    return [
        {"bytes": b64u(text.encode()), "executable": path == "run.sh", "path": path}
        for path, text in (
            ("code/main.py", script),
            ("config.yaml", "name: means\n"),
            ("run.sh", "python main.py\n"),
        )
    ]


def approved(nodes: Nodes, ann: Any, script: str) -> str:
    """Hand it in; both agencies approve."""
    body = {
        "enrolment": ann["enrolment"],
        "entry": "code/main.py",
        "files": files(script),
        "key": KEY,
        "name": "means",
    }
    for _ in range(100):
        found = call(nodes, "tax/operator", "POST", "/v1/submissions", body)
        if found["rule"] != "account.unknown":  # its copy of the ledger is behind
            break
        time.sleep(0.1)
    assert found["status"] == "pending", found
    name = str(found["submission"])
    path = f"/v1/submissions/{name}"
    for _ in range(100):
        if nodes.call("title", "steward", "GET", path).status_code == 200:
            break
        time.sleep(0.1)
    call(nodes, "tax/steward", "POST", f"{path}/approve")
    call(nodes, "title/steward", "POST", f"{path}/approve")
    for _ in range(100):
        if call(nodes, "tax/steward", "GET", path)["status"] == "approved":
            return name
        time.sleep(0.1)
    raise AssertionError("nobody approved")


def answered(nodes: Nodes, name: str, script: str) -> Any:
    """What becomes of it."""
    body = {"files": files(script)}
    for _ in range(200):
        answer = nodes.call(
            "tax", "operator", "POST", f"/v1/submissions/{name}/run", body
        )
        found = answer.json()
        if answer.status_code == 200 and found["status"] != "working":
            return found
        assert answer.status_code in (200, 503), answer.text
        time.sleep(0.2)
    raise AssertionError(found)


def proven(nodes: Nodes, receipt: str) -> str:
    """The receipt, judged offline under the network's trust policy."""
    trust = nodes.client.get(nodes.urls["registrar"] + "/v1/trust").content
    for _ in range(100):
        kept = nodes.call("tax", "auditor", "GET", f"/v1/receipts/{receipt}")
        if kept.status_code == 200:
            break
        time.sleep(0.2)
    verdict = verify(kept.content, trust, int(time.time()))
    assert verdict.outcome == "valid", verdict.report()
    return str(verdict.report(explain=True))


def test_code_runs_at_its_owner(nodes: Nodes, ann: Any) -> None:
    """Handed in, approved by two agencies, run inside walls, proven to anybody."""
    grant = right(nodes)
    name = approved(nodes, ann, MEANS)
    found = answered(nodes, name, MEANS)
    assert found["status"] == "done", found
    (output,) = found["outputs"]
    assert output["name"] == "means.csv"
    assert unb64u(output["bytes"]) == (
        b"district,mean,people\neast,1030,30\nwest,1029,30\n"
    )
    assert "bubblewrap" in proven(nodes, found["receipt"])
    assert awaited(nodes, "housing", grant, "exhausted")["used"] == 1
    assert answered(nodes, name, MEANS) == found


def test_the_node_is_killed_while_the_code_runs(nodes: Nodes, ann: Any) -> None:
    """The job ends as lost, by itself; the use is spent; nothing runs again."""
    grant = right(nodes)
    name = approved(nodes, ann, SLOW)
    path = f"/v1/submissions/{name}"
    body = {"files": files(SLOW)}
    assert (
        call(nodes, "tax/operator", "POST", f"{path}/run", body)["status"] == "working"
    )
    time.sleep(1.5)  # it sleeps inside the walls now
    kill(nodes, "tax")
    nodes.spawn("tax")
    nodes.await_ready("tax")
    nodes.client.close()
    nodes.client = httpx.Client(timeout=60, trust_env=False)
    for _ in range(150):
        shown = nodes.call("tax", "steward", "GET", path)
        if shown.status_code == 200 and shown.json()["status"] == "refused":
            break
        time.sleep(0.2)
    assert shown.json()["rule"] == "run.lost", shown.text
    found = answered(nodes, name, SLOW)
    assert (found["status"], found["rule"]) == ("refused", "run.lost")
    proven(nodes, found["receipt"])
    held = awaited(nodes, "housing", grant, "exhausted")
    assert (held["used"], held["reserved"]) == (1, 0)


def kill(nodes: Nodes, agency: str) -> None:
    """SIGKILL for a node and everything that it started; until it is gone."""
    process = nodes.processes.pop(agency)
    for pid in [process.pid, *children(process.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    port = int(nodes.urls[agency].rpartition(":")[2])
    for _ in range(200):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return
        time.sleep(0.1)
    raise AssertionError("somebody still listens")


def children(pid: int) -> list[int]:
    """All processes below one."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for one in map(int, task.read_text().split()):
                found += [one, *children(one)]
    return found
