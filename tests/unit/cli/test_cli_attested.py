"""Measured programs by commands alone, on real nodes: list, accept, run, withdraw."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from wasm_kit import program

from privshare.cli.main import main
from privshare.demo.attested import ROOTS_FILE, Machine, policy_for
from privshare.demo.cluster import HOST, Cluster
from privshare.demo.scene import PURPOSE, made_up
from privshare.sdk import wallet

pytestmark = pytest.mark.server

PASSPHRASE = "commands of an attested job"
PEOPLE = {
    "ana": ("housing", "analyst"),
    "host": (HOST, "operator"),
    "tax": ("tax", "steward"),
    "title": ("title", "steward"),
}
PARAMETERS = '{"by": ["district"], "columns": ["tax_paid"], "extremes": false}'


class Desk:
    """Where commands are given."""

    def __init__(self, folder: Path, trust: str) -> None:
        self.folder, self.trust = folder, trust

    def run(self, *words: str, code: int = 0) -> Any:
        """Run a command; what it says as JSON, or its error."""
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            found = main([*words, "--json"])
        out.seek(0)
        said = out.read()
        assert found == code, (words, said, err.getvalue())
        return json.loads(said or err.getvalue())

    def soon(self, *words: str) -> Any:
        """Run a command that another node's copy of the ledger may be too old for."""
        for _ in range(40):
            out = io.TextIOWrapper(io.BytesIO(), "utf-8")
            with redirect_stdout(out), redirect_stderr(io.StringIO()):
                if main([*words, "--json"]) == 0:
                    out.seek(0)
                    return json.loads(out.read())
        return self.run(*words)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Three agencies, a host with a test machine, a table, people with profiles."""
    scene, machine = made_up(200), Machine()
    deeds = scene.total.bureau
    agencies = ["title", "housing", "tax"]
    with (
        closing(machine),
        Cluster(tmp_path / "nodes", agencies, PASSPHRASE) as cluster,
    ):
        cluster.build(list(PEOPLE.values()))
        machine.equip(cluster)
        cluster.start()
        home = tmp_path / "home"
        for name, (agency, role) in PEOPLE.items():
            member = cluster.members[agency]
            profile = wallet.Profile(
                name, member.url, member.people[role], cluster.trust
            )
            wallet.save_profile(profile, home)
        monkeypatch.setenv("PRIVSHARE_HOME", str(home))
        monkeypatch.setenv("PRIVSHARE_PASSPHRASE", PASSPHRASE)
        with cluster.connect("tax", "steward") as net:
            net.publish(
                deeds.data,
                deeds.dataset,
                title=deeds.title,
                key=deeds.key,
                policy=scene.policy(deeds),
            )
        (tmp_path / "policy.json").write_text(json.dumps(policy_for(machine)))
        (tmp_path / ROOTS_FILE).write_bytes(machine.roots.documents[0])
        monkeypatch.chdir(tmp_path)
        made = Desk(tmp_path, cluster.trust)
        made.machine = machine  # type: ignore[attr-defined]
        yield made


def test_a_program_by_commands(desk: Desk) -> None:
    """From the proposal to the withdrawal."""
    code = desk.run("code", "propose", "group", "--profile", "host")["program"]["code"]
    for steward in ("tax", "title"):
        desk.soon("code", "approve", code[:12], "--profile", steward)
    (listed,) = desk.run("code", "list", "--profile", "tax")["programs"]
    assert (listed["code"], listed["status"]) == (code, "listed")
    desk.run("appraisal", "set", "policy.json", "--profile", "tax")
    assert desk.run("appraisal", "show", "--profile", "tax")

    wish = desk.soon(
        *("grant", "request", "tax/deed-tax", "--purpose", PURPOSE, "-c", "tax_paid"),
        *("--operation", "run", "--program", "group", "--by", "district", "--k", "10"),
        *("--profile", "ana"),
    )
    name = wish["grant"]["id"] if "grant" in wish else wish["id"]
    desk.soon("grant", "approve", name, "--profile", "tax")

    run = (
        *("job", "run-module", "group", "tax/deed-tax", "-c", "tax_paid"),
        *("--by", "district", "--parameters", PARAMETERS, "--runner", HOST),
        *("--profile", "ana", "--trial-roots", ROOTS_FILE),
    )
    missing = desk.run(*run[:-1], "nowhere.json", code=2)
    assert missing["error"] == "ConfigError"
    refused = desk.run(*run, code=1)
    assert "class" in json.dumps(refused)
    done = desk.run(*run, "--accept", desk.machine.trust_class)  # type: ignore[attr-defined]
    assert desk.machine.trust_class in json.dumps(done)  # type: ignore[attr-defined]

    withdraw = ("code", "withdraw", "group", "--reason", "a fault was found")
    desk.run(*withdraw, "--profile", "title")
    (listed,) = desk.soon("code", "list", "--profile", "title")["programs"]
    assert listed["status"] == "withdrawn"


def test_a_program_of_ones_own_by_commands(desk: Desk) -> None:
    """Measured, proposed, and kept where it is to run; another module is refused."""
    Path("mine.wasm").write_bytes(program())
    Path("other.wasm").write_bytes(program(size="i32.const 1"))
    measured = desk.run("code", "measure", "mine.wasm", "--out", "mine.json")
    files = ("--binary", "mine.wasm", "--closure", "mine.json")
    kept = ("code", "keep", *files, "--profile", "host")
    assert desk.run(*kept, code=1)["error"] == "NotFound"
    made = desk.run("code", "propose", "mine", *files, "--profile", "title")
    assert made["program"]["code"] == measured["code"]
    assert desk.soon(*kept)["program"]["code"] == measured["code"]
    other = ("--binary", "other.wasm", "--closure", "mine.json")
    said = desk.run("code", "propose", "other", *other, "--profile", "title", code=1)
    assert said["error"] == "RunRefused"
    Path("bad.json").write_text('{"abi":1}')
    bad = ("--binary", "mine.wasm", "--closure", "bad.json")
    said = desk.run("code", "propose", "bad", *bad, "--profile", "title", code=1)
    assert said["error"] == "EncodingError"
    desk.run("code", "measure", "nowhere.wasm", "--out", "x.json", code=2)
    said = desk.run(
        "code", "measure", "mine.wasm", "-o", "x.json", "--abi", "native", code=1
    )
    assert said["error"] == "EncodingError"
