"""Three agencies, three node processes, and commands alone."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from privshare.cli.main import main
from privshare.rights.policy import Permission, Policy

pytestmark = pytest.mark.server

AGENCIES = ("registrar", "title", "tax")
PEOPLE = (("tax", "steward"), ("tax", "analyst"), ("title", "analyst"))
DATASET = "tax/deed-tax"
ROWS = [
    (f"P{i:03}", ("Old Wall", "Tea Terraces", "Hamlet")[2 if i > 57 else i % 2], i * 7)
    for i in range(60)
]


class Town:
    """A folder with nodes, keys and profiles, and the commands to use them."""

    def __init__(
        self, folder: Path, people: tuple[tuple[str, str], ...] = PEOPLE
    ) -> None:
        self.folder = folder
        self.people = people
        self.processes: list[subprocess.Popen[bytes]] = []
        self.ports = _free_ports(len(AGENCIES))
        self.urls = {
            agency: f"http://127.0.0.1:{port}"
            for agency, port in zip(AGENCIES, self.ports, strict=True)
        }

    def run(self, *words: str, code: int = 0, json_out: bool = True) -> Any:
        """Run a command, expect its exit code, and read what it says."""
        extra = ("--json",) if json_out and "--" not in words else ()
        if json_out and "--" in words:
            at = words.index("--")
            words = (*words[:at], "--json", *words[at:])
        # In this process: the nodes are real ones, and start-up is tried elsewhere.
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            found = main([*words, *extra])
        out.seek(0)
        said = out.read()
        assert code == found, (words, said, err.getvalue())
        return json.loads(said) if json_out else said

    def found(self) -> None:
        """Make the nodes, admit and join them, and let people in."""
        host, *members = AGENCIES
        common = ["--network", "cli.test"]
        made = self.run(
            "node",
            "init",
            host,
            "--agency",
            host,
            "--url",
            self.urls[host],
            "--role",
            "host",
            *common,
        )
        for agency in members:
            self.run(
                "node",
                "init",
                agency,
                "--agency",
                agency,
                "--url",
                self.urls[agency],
                *common,
            )
            self.run("node", "admit", host, f"{agency}/enrolment.json")
            self.run(
                "node",
                "join",
                agency,
                "--host",
                self.urls[host],
                f"--genesis={made['genesis']}",
            )
        for agency, role in self.people:
            key = f"{agency}-{role}.key"
            self.run("key", "new", key, "--role", role)
            self.run("node", "enrol", agency, "--key", f"{key}.pub", "--role", role)

    def serve(self) -> None:
        """Start every node, the host first, and wait until each is ready."""
        for agency in AGENCIES:
            log = (self.folder / f"{agency}.log").open("wb")
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "privshare", "node", "serve", agency],
                    cwd=self.folder,
                    env={**os.environ},
                    stdout=log,
                    stderr=log,
                )
            )
            self._ready(agency)

    def pin(self) -> None:
        """Make a profile for each person, by the policy's fingerprint."""
        url = self.urls["registrar"]
        asked = self.run("profile", "add", "x", "--url", url, code=2)
        fingerprint = asked["fix"].removeprefix("the node says ").split(";")[0]
        for agency, role in self.people:
            self.run(
                "profile",
                "add",
                f"{agency}-{role}",
                "--url",
                self.urls[agency],
                "--key",
                f"{agency}-{role}.key",
                "--fingerprint",
                fingerprint,
            )

    def _ready(self, agency: str) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(AssertionError):
                self.run("node", "status", agency)
                return
            time.sleep(0.3)
        raise AssertionError((self.folder / f"{agency}.log").read_text())

    def close(self) -> None:
        """Stop the nodes, by their ids, and wait for each."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _policy() -> dict[str, Any]:
    totals = Permission(
        "totals",
        purposes=("housing-policy",),
        grantees=("*",),
        operations=("count", "mean", "sum"),
        columns=("tax_paid",),
        group_by=("district",),
        programs=("he.sum/v2",),
        min_k=10,
        max_days=90,
        max_uses=20,
        max_budget=0,
        confirmations=1,
    )
    one = Permission(
        "one",
        purposes=("transfer-check",),
        grantees=("*",),
        operations=("read",),
        columns=("parcel_id", "tax_paid"),
        group_by=(),
        programs=(),
        min_k=1,
        max_days=31,
        max_uses=10,
        max_budget=0,
        confirmations=0,
        automatic=True,
    )
    return dict(Policy(DATASET, (totals, one)).to_json())


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A network of three, running."""
    made = Town(tmp_path_factory.mktemp("town"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRIVSHARE_HOME", str(made.folder / "home"))
        patch.setenv("PRIVSHARE_PASSPHRASE", "correct horse")
        patch.setattr(sys, "stdin", io.StringIO())
        try:
            made.found()
            made.serve()
            made.pin()
            yield made
        finally:
            made.close()


def test_a_network_is_used_by_commands_alone(town: Town) -> None:
    """Publish, ask, decide, compute, share, revoke, audit: every receipt valid."""
    with (town.folder / "deed.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("parcel_id", "district", "tax_paid"))
        writer.writerows((p, d, f"{t}.25") for p, d, t in ROWS)
    (town.folder / "policy.json").write_text(json.dumps(_policy()))
    steward, analyst = ("-p", "tax-steward"), ("-p", "title-analyst")

    made = town.run(
        "dataset",
        "publish",
        "deed.csv",
        "--name",
        "deed-tax",
        "--title",
        "Deed tax",
        "--key",
        "parcel_id",
        "--policy",
        "policy.json",
        "--receipt",
        "publish.psr",
        *steward,
    )
    assert (made["dataset"]["dataset"], made["dataset"]["rows"]) == (DATASET, 60)
    found = town.run("dataset", "list", "deed", *analyst)["datasets"]
    assert [one["dataset"] for one in found] == [DATASET]

    refused = town.run(
        "grant",
        "request",
        DATASET,
        "--purpose",
        "curiosity",
        "-c",
        "tax_paid",
        "--wait",
        "30",
        *analyst,
        code=1,
    )
    assert refused["error"] == "NotPermitted"
    asked = town.run(
        "grant",
        "request",
        DATASET,
        "--purpose",
        "housing-policy",
        "-c",
        "tax_paid",
        "--by",
        "district",
        "--receipt",
        "request.psr",
        *analyst,
    )
    grant = asked["grant"]["id"]
    decided = _when_seen(
        town, "grant", "approve", *steward, "--receipt", "issue.psr", "--", grant
    )
    assert decided["grant"]["status"] == "active"
    _when_seen(
        town, "job", "estimate", DATASET, "tax_paid", "--by", "district", *analyst
    )

    result = town.run(
        "job",
        "sum",
        DATASET,
        "tax_paid",
        "--by",
        "district",
        "--receipt",
        "sum.psr",
        "--out",
        "sum.csv",
        *analyst,
    )
    expected = {
        name: sum((Decimal(t) + Decimal("0.25") for _, d, t in ROWS if d == name))
        for name in ("Old Wall", "Tea Terraces")
    }
    assert expected == {r["district"]: Decimal(r["sum"]) for r in result["rows"]}
    assert result["suppressed"] == ["Hamlet"]

    town.run(
        "grant",
        "request",
        DATASET,
        "--purpose",
        "transfer-check",
        "-o",
        "read",
        "-c",
        "parcel_id",
        "-c",
        "tax_paid",
        "--uses",
        "5",
        "--wait",
        "30",
        *analyst,
    )
    record = town.run(
        "record", "get", DATASET, "P002", "--receipt", "record.psr", *analyst
    )
    assert record["record"] == {"parcel_id": "P002", "tax_paid": "14.25"}

    town.run("ledger", "anchor", "sum.csv", "--receipt", "anchor.psr", *analyst)
    town.run(
        "grant",
        "revoke",
        "--reason",
        "done",
        "--receipt",
        "revoke.psr",
        *steward,
        "--",
        grant,
    )
    _until(
        lambda: (
            town.run("grant", "show", *analyst, "--", grant)["grant"]["status"]
            == "revoked"
        )
    )
    late = town.run("job", "sum", DATASET, "tax_paid", *analyst, code=1)
    assert late["error"] == "GrantRevoked"

    policy = town.folder / "home" / "profiles" / "title-analyst.policy"
    receipts = ("publish", "request", "issue", "sum", "record", "anchor", "revoke")
    names = [f"{name}.psr" for name in receipts]
    verdict = town.run("verify", *names, "--trust", str(policy), json_out=False)
    assert len(receipts) == verdict.count("VALID") and "NOT VALID" not in verdict

    whole = town.run("ledger", "audit", *analyst)
    copy = town.run("ledger", "audit", "title", *analyst)
    assert whole["state_root"] == copy["state_root"]
    assert whole["transactions"] >= 10

    town.run("receipt", "bundle", "all.zip", *analyst)
    verdict = town.run("verify", "all.zip", "--trust", str(policy), json_out=False)
    assert "NOT VALID" not in verdict


def test_a_changed_log_is_found(town: Town) -> None:
    """One byte of a copied log, and the audit names what does not fit."""
    import shutil

    copy = town.folder / "copy"
    shutil.copytree(town.folder / "title" / "ledger" / "log", copy)
    bundle = next((copy / "tile" / "entries").rglob("*.p/*"))
    newest = max(bundle.parent.iterdir(), key=lambda path: int(path.name))
    data = bytearray(newest.read_bytes())
    place = data.index(b'"network":"cli.test"') + 12
    data[place] ^= 1
    newest.write_bytes(bytes(data))
    found = town.run("ledger", "audit", "copy", "-p", "title-analyst", code=1)
    assert found["error"] in ("EncodingError", "InclusionInvalid", "VerificationError")


def test_the_doctor_reaches_the_node(town: Town) -> None:
    """With a profile, key, trust and node are looked at too."""
    found = town.run("doctor", "-p", "tax-analyst")
    node = next(check for check in found["checks"] if check["name"] == "node")
    assert "clocks agree" in node["found"]


def test_a_job_can_be_left_and_found_again(town: Town) -> None:
    """No grant is left, so nothing starts; the list still shows the old job."""
    listed = town.run("job", "list", "-p", "title-analyst")["jobs"]
    assert [job["phase"] for job in listed] == ["done"]
    job = listed[0]["id"]
    again = town.run("job", "wait", "-p", "title-analyst", "--", job[:8])
    assert len(again["rows"]) == 2


def _until(holds: Any, timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def _when_seen(town: Town, *words: str) -> Any:
    """Run a command once the other node has seen what it is about."""
    _until(lambda: _succeeds(town, *words))
    return town.last


def _succeeds(town: Any, *words: str) -> bool:
    try:
        town.last = town.run(*words)
    except AssertionError as error:
        if "NotFound" in str(error) or "GrantMissing" in str(error):
            return False
        raise
    return True
