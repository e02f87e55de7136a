"""A host and three members as real processes: publish, grant, share, compute."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from process_kit import PASSPHRASE, Nodes, free_ports

from privshare.errors import ConfigError
from privshare.log.policy import parse_policy
from privshare.service import node_process

pytestmark = pytest.mark.server

AGENCIES = ["registrar", "title", "housing", "tax"]
ROWS = 60

PERMIT: dict[str, Any] = {
    "automatic": True,
    "columns": ["id", "tax"],
    "confirmations": 0,
    "effect": "permit",
    "grantees": ["*"],
    "group_by": [],
    "id": "reads",
    "max_budget": 0,
    "max_days": 60,
    "max_delegable": 0,
    "max_uses": 9,
    "min_k": 1,
    "obligations": [],
    "operations": ["read"],
    "programs": [],
    "purposes": ["check"],
    "rights": ["process"],
}
SUMS = {
    **PERMIT,
    "columns": ["tax"],
    "group_by": ["district"],
    "id": "sums",
    "min_k": 5,
    "operations": ["count", "mean", "sum"],
    "programs": ["he.sum/v2"],
    "purposes": ["planning"],
}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """A running network."""
    made = Nodes(
        tmp_path_factory.mktemp("network"), AGENCIES, ["steward", "analyst", "auditor"]
    )
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def published(nodes: Nodes) -> dict[str, Any]:
    """A dataset of the tax bureau."""
    table = "id,district,tax\n" + "".join(
        f"R-{n},{'east' if n % 2 else 'west'},{n}\n" for n in range(ROWS)
    )
    draft = nodes.call(
        "tax",
        "steward",
        "POST",
        "/v1/drafts?filename=tax.csv",
        table.encode(),
        {"content-type": "text/csv"},
    )
    assert draft.status_code == 201, draft.text
    body = {
        "draft": draft.json()["draft"],
        "key": "id",
        "name": "deed",
        "policy": {"rules": [PERMIT, SUMS]},
        "title": "Deed tax",
    }
    done = nodes.call("tax", "steward", "POST", "/v1/datasets", body)
    assert done.status_code == 201, done.text
    return dict(done.json())


def _grant(nodes: Nodes, **terms: Any) -> str:
    body = {"dataset": "tax/deed", "k": 10, "uses": 3, **terms}
    asked = nodes.call("housing", "analyst", "POST", "/v1/grants", body)
    assert asked.status_code == 201, asked.text
    path = f"/v1/grants/{asked.json()['id']}"
    for _ in range(200):
        grant = nodes.call("housing", "analyst", "GET", path).json()
        if grant["status"] != "requested":
            assert grant["status"] == "active", grant
            return str(grant["id"])
        time.sleep(0.1)
    raise AssertionError("nobody decided")


def test_receipts_carry_the_quorum(nodes: Nodes, published: dict[str, Any]) -> None:
    """A receipt's checkpoint is cosigned by a majority of the members."""
    path = f"/v1/receipts/{published['receipt']}"
    receipt = nodes.call("tax", "auditor", "GET", path)
    assert receipt.status_code == 200
    trust = nodes.client.get(nodes.urls["registrar"] + "/v1/trust").content
    note = json.loads(receipt.content)["checkpoint"].encode()
    verified = parse_policy(trust).check(note, strict=True)
    assert len(verified.witnesses) >= 2


def test_every_node_shows_one_log(nodes: Nodes, published: dict[str, Any]) -> None:
    """Mirrors serve the host's entries, byte for byte."""
    size = nodes.client.get(nodes.urls["tax"] + "/v1/meta").json()["size"]
    for agency in AGENCIES:
        for _ in range(100):
            found = nodes.client.get(nodes.urls[agency] + "/v1/meta").json()
            if found["size"] >= size:
                break
            time.sleep(0.1)
    for index in range(size):
        served = {
            nodes.client.get(f"{url}/v1/ledger/entries/{index}").content
            for url in nodes.urls.values()
        }
        assert len(served) == 1


def test_a_record_is_shared(nodes: Nodes, published: dict[str, Any]) -> None:
    """An automatic right, one record, and its attachment."""
    _grant(nodes, operations=["read"], columns=["id", "tax"], purpose="check", k=1)
    body = {"dataset": "tax/deed", "key": "R-7", "purpose": "check"}
    shared = nodes.call("housing", "analyst", "POST", "/v1/records", body)
    assert shared.status_code == 201, shared.text
    assert shared.json()["values"] == {"id": "R-7", "tax": 7}
    path = f"/v1/receipts/{shared.json()['receipt']}/attachments/record.json"
    for _ in range(100):
        record = nodes.call("housing", "analyst", "GET", path)
        if record.status_code == 200:
            break
        time.sleep(0.1)
    assert record.json()["type"] == "privshare.record"
    assert nodes.call("housing", "auditor", "GET", path).status_code == 403


def test_a_sum_is_computed(nodes: Nodes, published: dict[str, Any]) -> None:
    """An encrypted sum by groups, watched by its events, equals the true one."""
    grant = _grant(
        nodes,
        operations=["sum"],
        columns=["tax"],
        group_by=["district"],
        purpose="planning",
    )
    question = {
        "column": "tax",
        "group_by": "district",
        "inputs": [{"dataset": "tax/deed", "grant": grant}],
        "operation": "sum",
        "purpose": "planning",
    }
    estimate = nodes.call("housing", "analyst", "POST", "/v1/jobs/estimate", question)
    assert estimate.json()["milliseconds"] > 0
    key = {"idempotency-key": "sum-1"}
    job = nodes.call("housing", "analyst", "POST", "/v1/jobs", question, key)
    assert job.status_code == 202, job.text
    again = nodes.call("housing", "analyst", "POST", "/v1/jobs", question, key)
    assert again.json()["id"] == job.json()["id"]
    path = job.headers["Location"]
    early = nodes.call("housing", "analyst", "GET", path + "/result")
    assert early.status_code in (200, 409)
    events = nodes.call("housing", "analyst", "GET", path + "/events").text
    assert events.count("event: job") >= 1
    done = nodes.call("housing", "analyst", "GET", path).json()
    assert done["phase"] == "done", done
    result = nodes.call("housing", "analyst", "GET", path + "/result").json()
    expected = {"east": 0, "west": 0}
    for n in range(ROWS):
        expected["east" if n % 2 else "west"] += n
    assert {row["group"]: int(row["value"]) for row in result["rows"]} == expected


def test_a_member_restarts(nodes: Nodes, published: dict[str, Any]) -> None:
    """SIGTERM ends a node cleanly; it comes back where it was."""
    folder = nodes.folder / "title"
    assert (folder / node_process.RUN).exists()
    assert json.loads((folder / node_process.RUN).read_text())["url"]
    assert nodes.stop("title") == 0
    assert not (folder / node_process.RUN).exists()
    nodes.spawn("title")
    nodes.await_ready("title")
    found = nodes.call("title", "analyst", "GET", "/v1/datasets/tax/deed")
    assert found.status_code == 200


def test_a_running_node_is_not_started_again(nodes: Nodes) -> None:
    """A second start says so in one sentence."""
    with pytest.raises(ConfigError, match="not running"):
        node_process.serve(nodes.folder / "tax", passphrase=PASSPHRASE)


def test_a_busy_port_is_named(nodes: Nodes, tmp_path: Any) -> None:
    """The port is looked at before anything is opened."""
    (port,) = free_ports(1)
    node_process.init(
        tmp_path / "n",
        agency="other",
        network="other-net",
        url=f"http://127.0.0.1:{port}",
        passphrase="x",
        host=True,
    )
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        with pytest.raises(ConfigError, match=str(port)):
            node_process.serve(tmp_path / "n", passphrase="x")


def test_what_is_not_http_is_a_problem_too(nodes: Nodes) -> None:
    """Even gunicorn's own refusals are problem reports."""
    host, port = nodes.urls["tax"].removeprefix("http://").split(":")
    for line in (
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), 5) as client:
            client.sendall(line)
            client.settimeout(5)
            answer = client.recv(4096)
        assert answer.startswith(b"HTTP/1.1 4"), line
        assert b"application/problem+json" in answer


def test_a_forwarding_header_does_not_move_a_request(nodes: Nodes) -> None:
    """The path that is signed is the path that is served."""
    url = nodes.urls["tax"] + "/v1/me"
    for name in ("SCRIPT_NAME", "PATH_INFO", "X-Forwarded-Proto", "Script-Name"):
        response = nodes.client.get(url, headers={name: "/v1/meta"})
        assert response.status_code in (400, 401)


def test_logs_hold_no_rows_and_no_keys(nodes: Nodes, published: dict[str, Any]) -> None:
    """Neither record keys, nor passphrases, nor query strings are logged."""
    for agency in AGENCIES:
        text = (nodes.folder / agency / "node.log").read_text()
        for secret in ("R-7", PASSPHRASE, "filename="):
            assert secret not in text
        for line in text.splitlines():
            json.loads(line)
