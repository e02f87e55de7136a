"""A private join and a survey by commands alone, on real nodes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from privshare.cli.main import main
from privshare.demo.cluster import Cluster
from privshare.errors import ConfigError, EncodingError, NotFound
from privshare.sdk import survey as answers
from privshare.sdk import wallet
from privshare.sdk.surveys import kind_of

PASSPHRASE = "commands of joins and surveys"
PURPOSE = "cohort-size"
PEOPLE = {
    "ana": ("bureau", "analyst"),
    "tax": ("tax", "steward"),
    "title": ("title", "steward"),
}
ON = ("--on", "citizen=owner")
JOIN = ("job", "join", "title/parcels", "tax/deeds", *ON, "--profile", "ana")
SHARED = 25


def run(*words: str, code: int = 0) -> Any:
    """Run a command; what it says as JSON."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        found = main([*words, "--json"])
    out.seek(0)
    said = out.read()
    assert found == code, (words, said, err.getvalue())
    return json.loads(said)


def soon(*words: str) -> Any:
    """Run a command that another node's copy of the ledger may be too old for."""
    for _ in range(80):
        out = io.TextIOWrapper(io.BytesIO(), "utf-8")
        with redirect_stdout(out), redirect_stderr(io.StringIO()):
            if main([*words, "--json"]) == 0:
                out.seek(0)
                return json.loads(out.read())
    return run(*words)


def policy(dataset: str, columns: list[str]) -> dict[str, Any]:
    """Whoever asks for this purpose may match these columns."""
    rule = {
        "automatic": True,
        "columns": columns,
        "confirmations": 0,
        "effect": "permit",
        "grantees": ["*"],
        "group_by": [],
        "id": "cohorts",
        "max_budget": 0,
        "max_days": 60,
        "max_delegable": 0,
        "max_uses": 90,
        "min_k": 10,
        "obligations": [],
        "operations": ["match"],
        "programs": ["psi.count/v1", "psi.sum/v1"],
        "purposes": [PURPOSE],
        "rights": ["process"],
    }
    return {"dataset": dataset, "default": "prohibit", "rules": [rule], "v": 1}


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Two tables with 25 people in both, and people with profiles."""
    with Cluster(tmp_path / "nodes", ["title", "tax", "bureau"], PASSPHRASE) as cluster:
        cluster.build(list(PEOPLE.values()))
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
        monkeypatch.chdir(tmp_path)
        parcels = "citizen\n" + "".join(f"c-{i:03}\n" for i in range(60))
        deeds = "owner,owed\n" + "".join(
            f"C-{i + 60 - SHARED:03},{i}.50\n" for i in range(50)
        )
        text = {"name": "citizen", "type": "string"}
        owed = {"maximum": 100_000, "minimum": 0, "name": "owed"}
        for owner, name, table, columns, described in (
            ("title", "parcels", parcels, ["citizen"], [text]),
            (
                *("tax", "deeds", deeds, ["owed", "owner"]),
                [text | {"name": "owner"}, owed],
            ),
        ):
            with cluster.connect(owner, "steward") as net:
                net.publish(
                    table.encode(),
                    name,
                    title=name,
                    policy=policy(f"{owner}/{name}", columns),
                    columns=described,
                )
        yield cluster


@pytest.mark.server
def test_a_join_by_commands(town: Cluster) -> None:
    """How many are in both, what they owe; what cannot be asked is refused."""
    ask = ("--purpose", PURPOSE, "-o", "match", "--wait", "20", "--profile", "ana")
    soon("grant", "request", "title/parcels", "-c", "citizen", *ask)
    soon("grant", "request", "tax/deeds", "-c", "owner", "-c", "owed", *ask)

    told = run(*JOIN, "--estimate")
    assert {party[0] for party in told["parties"]} >= {"tax", "title"}
    done = run(*JOIN, "--receipt", "join.psr")
    assert done["count"] == SHARED and not done["withheld"] and done["sum"] is None
    verdict = run("verify", "join.psr", "--trust", str(_trust(town)))
    assert verdict["outcome"] == "valid"

    summed = run(*JOIN, "--sum", "owed")
    assert (summed["count"], summed["sum"]) == (SHARED, "312.50")
    both = run(*JOIN, "--sum", "owed", "--ids", code=2)
    assert both["error"] == ConfigError.__name__
    unlinked = run(*JOIN, "--ids", code=1)
    assert unlinked["error"] == "GrantMissing"


@pytest.mark.server
def test_a_survey_by_commands(town: Cluster) -> None:
    """From the question to the sums; answers come without an account."""
    asked = run(
        *("survey", "open", "hours", "--title", "Hours last week?", "--hours", "2"),
        *("--bound", "168", "--leader", "tax", "--helper", "title", "--min", "3"),
        *("--profile", "ana"),
    )
    survey = asked["survey"]
    for steward in ("tax", "title"):
        soon("survey", "accept", survey, "--profile", steward)
    early = run("survey", "result", survey, "--profile", "ana", code=1)
    assert early["error"] == "StepNotAllowed"
    leader = town.members["tax"].url
    for hours in (38, 40, 0, 61):
        soon("survey", "submit", survey, str(hours), "--profile", leader)
    wide = run("survey", "submit", survey, "169", "--profile", leader, code=1)
    assert "0 to 168, found 169" in wide["cause"]
    word = run("survey", "submit", survey, "many", "--profile", leader, code=1)
    assert word["error"] == "EncodingError"

    (listed,) = run("survey", "list", "--profile", "tax")["surveys"]
    assert listed["survey"] == survey
    assert run("survey", "show", survey, "--profile", "tax")["status"] == "running"
    run("survey", "close", survey, "--profile", "tax")
    done = soon("survey", "result", survey, "--receipt", "s.psr", "--profile", "ana")
    assert (done["values"], done["count"], done["refused"]) == (["139"], 4, 0)
    verdict = run("verify", "s.psr", "--trust", str(_trust(town)))
    assert verdict["outcome"] == "valid"

    with pytest.raises(NotFound):
        answers.submit("A" * 43, 1, leader)


@pytest.mark.parametrize(
    ("kind", "bound", "length"),
    [("sum", None, None), ("count", 3, None), ("histogram", 2, 4), ("mean", 1, 1)],
)
def test_a_kind_of_answer_needs_its_numbers(
    kind: str, bound: int | None, length: int | None
) -> None:
    """No number too many, none too few, and no other kind."""
    with pytest.raises(EncodingError):
        kind_of(kind, bound, length)


def _trust(town: Cluster) -> Path:
    path = Path("trust.policy")
    path.write_text(town.trust)
    return path
