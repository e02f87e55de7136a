"""Jobs on shares by commands alone, on real nodes; and the words they are asked in."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from privshare.cli.main import main
from privshare.demo.cluster import HOST, Cluster
from privshare.demo.trio import Trio
from privshare.errors import ConfigError, NotFound
from privshare.exchange.code import of_library
from privshare.jobs.mpc import catalogue
from privshare.rights.identifier import JOINT, measured
from privshare.sdk import wallet
from privshare.sdk.shares_form import FORMS, form, named, question, rows
from privshare.sdk.shares_result import SharesResult
from privshare.wire.canonical import b64u

PASSPHRASE = "commands of a job on shares"
PURPOSE = "housing-policy"
PEOPLE = {
    "ana": ("housing", "analyst"),
    "host": (HOST, "operator"),
    "tax": ("tax", "steward"),
    "title": ("title", "steward"),
}
PROGRAMS = ("linear_regression", "group_mean", "join_group_sum")
ROWS = 60
WORDS = ("north", "south", "west")
AREA = [30 + 7 * i % 170 for i in range(ROWS)]
WAGE = [1_000 + 9 * area + 13 * i % 29 for i, area in enumerate(AREA)]
NODES = tuple(word for name in (HOST, "tax", "title") for word in ("--node", name))
LINREG = (
    *("job", "mpc", "linreg", "title/homes.area", "--y", "tax/wages.wage"),
    *("--aligned-by", "citizen", "--bounds", "area=0..500", "--profile", "ana"),
)


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
    for _ in range(40):
        out = io.TextIOWrapper(io.BytesIO(), "utf-8")
        with redirect_stdout(out), redirect_stderr(io.StringIO()):
            if main([*words, "--json"]) == 0:
                out.seek(0)
                return json.loads(out.read())
    return run(*words)


def policy(dataset: str, columns: tuple[str, ...]) -> dict[str, Any]:
    """Whoever asks for this purpose gets these columns for our programs."""
    programs = [measured(of_library(f"mpc.{one}").code, JOINT) for one in PROGRAMS]
    rule = {
        "automatic": True,
        "columns": sorted(columns),
        "confirmations": 0,
        "effect": "permit",
        "grantees": ["*"],
        "group_by": [],
        "id": "shares",
        "max_budget": 0,
        "max_days": 60,
        "max_delegable": 0,
        "max_uses": 90,
        "min_k": 10,
        "obligations": [],
        "operations": ["run"],
        "programs": sorted(programs),
        "purposes": [PURPOSE],
        "rights": ["process"],
    }
    return {"dataset": dataset, "default": "prohibit", "rules": [rule], "v": 1}


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three nodes that compute, two tables with policies, people with profiles."""
    trio = Trio((HOST, "tax", "title"))
    agencies = ["title", "housing", "tax"]
    with Cluster(tmp_path / "nodes", agencies, PASSPHRASE) as cluster:
        cluster.build(list(PEOPLE.values()))
        trio.equip(cluster)
        cluster.start()
        home = tmp_path / "home"
        for name, (agency, role) in PEOPLE.items():
            member = cluster.members[agency]
            key = member.people[role]
            profile = wallet.Profile(name, member.url, key, cluster.trust)
            wallet.save_profile(profile, home)
        monkeypatch.setenv("PRIVSHARE_HOME", str(home))
        monkeypatch.setenv("PRIVSHARE_PASSPHRASE", PASSPHRASE)
        monkeypatch.chdir(tmp_path)
        homes = "citizen,area,district\n" + "".join(
            f"c-{i:02},{AREA[i]},{WORDS[i % 3]}\n" for i in range(ROWS)
        )
        wages = "citizen,wage\n" + "".join(f"c-{i:02},{WAGE[i]}\n" for i in range(ROWS))
        for owner, name, text, columns in (
            ("title", "homes", homes, ("area", "citizen", "district")),
            ("tax", "wages", wages, ("citizen", "wage")),
        ):
            with cluster.connect(owner, "steward") as net:
                net.publish(
                    text.encode(),
                    name,
                    title=name,
                    key="citizen",
                    policy=policy(f"{owner}/{name}", columns),
                )
        codes = [b64u(of_library(f"mpc.{one}").code) for one in PROGRAMS]
        Path("policy.json").write_text(json.dumps(trio.policy_for(*codes)))
        Path("roots.json").write_bytes(trio.roots.documents[0])
        yield tmp_path


@pytest.mark.server
def test_a_regression_by_commands(town: Path) -> None:
    """From the proposal to the coefficients; each refusal says what to do."""
    refused = run(*LINREG, code=1)
    assert refused["detail"] == {"rule": "run.unlisted"}
    for program in PROGRAMS:
        run("code", "propose", f"mpc.{program}", "--profile", "host")
    for steward in ("tax", "title"):
        for program in PROGRAMS:
            done = soon("code", "approve", f"mpc.{program}", "--profile", steward)
        run("appraisal", "set", "policy.json", "--profile", steward)
    assert done["next"].startswith("privshare job programs join_group_sum")
    ask = ("--purpose", PURPOSE, "-o", "run", "--wait", "20", "--profile", "ana")
    linear, groups, join = (("--program", f"mpc.{program}") for program in PROGRAMS)
    soon("grant", "request", "tax/wages", "-c", "wage", *linear, *ask)
    other = ("-c", "area", "-c", "district")
    soon("grant", "request", "title/homes", *other, *groups, *ask)

    missing = run(*LINREG, code=1)
    assert "mpc.group_mean on area, district" in missing["cause"]
    again = missing["fix"].removeprefix("privshare ").split()
    run(*again, "--wait", "20", "--profile", "ana")
    unbounded = run(*LINREG, code=1)
    assert unbounded["error"] == "EncodingError" and "bounds" in unbounded["fix"]
    bounded = (*LINREG, "--bounds", "y=0..9000", "--trial-roots", "roots.json")
    alone = run(*bounded, code=1)
    assert alone["detail"]["rule"] == "job.nodes"
    asked = (*bounded, *NODES)

    told = run(*asked, "--estimate")
    assert {party[0] for party in told["parties"]} == {"housing", HOST, "tax", "title"}
    assert any("semi-honest" in note for note in told["notes"])
    hard = run(*asked, code=1)
    assert hard["detail"] == {"rule": "accept.class", "trust_class": "simulated"}
    (held,) = run("job", "list", "--profile", "ana")["jobs"]
    assert held["spec"]["module"] == "mpc.linear_regression"

    trial = ("--trial-roots", "roots.json", "--accept", "simulated", "--profile", "ana")
    kept = run("job", "wait", *trial, "--receipt", "r.psr", f"{held['id']}")
    design = np.column_stack([np.ones(ROWS), AREA])
    plain = np.linalg.lstsq(design, np.array(WAGE, float), rcond=None)[0]
    terms = kept["value"]["terms"]
    assert [one["name"] for one in terms] == ["intercept", "area"]
    for one, expected in zip(terms, plain, strict=True):
        assert abs(float(one["coefficient"]) - expected) < 1e-4
    verdict = run("verify", "r.psr", *kept["next"].split()[3:], *trial[:2])
    assert verdict["outcome"] == "valid"

    mean = ("job", "mpc", "group-mean", "title/homes.area", "--by")
    grouped = run(
        *mean, "title/homes.district", "--bounds", "value=0..500", *NODES, *trial
    )
    plainly = {w: Decimal(sum(AREA[i::3])) for i, w in enumerate(WORDS)}
    found = {one["group"]: Decimal(one["sum"]) for one in grouped["value"]["groups"]}
    assert found == plainly
    for table, column in (("tax/wages", "wage"), ("title/homes", "district")):
        run("grant", "request", table, "-c", column, "-c", "citizen", *join, *ask)
    joined = run(
        *("job", "mpc", "join_group_sum", "tax/wages.wage"),
        *("--by", "title/homes.district", "--bounds", "value=0..9000"),
        *("--key", "tax/wages.citizen", "--key", "title/homes.citizen"),
        *(*NODES, *trial),
    )
    sums = {one["group"]: Decimal(one["sum"]) for one in joined["value"]["groups"]}
    assert sums == {w: Decimal(sum(WAGE[i::3])) for i, w in enumerate(WORDS)}
    narrow = ("title/homes.district", "--bounds", "value=0..100", *NODES, *trial)
    outside = run(*mean, *narrow, code=1)
    assert outside["detail"]["party"] == "title"
    assert f"others among {ROWS} rows" in outside["cause"]


def test_the_catalogue_is_listed_offline() -> None:
    """Each program with a form, its columns, what nodes learn and what it costs."""
    listed = run("job", "programs")["programs"]
    assert [one["program"] for one in listed] == [one.program for one in FORMS]
    assert all(one["leaks"] and " MB, " in one["cost"] for one in listed)
    (one,) = run("job", "programs", "linreg")["programs"]
    assert one["program"] == "linear_regression" and "standard" in one["outputs"]
    assert one["name"] == measured(of_library("mpc.linear_regression").code, JOINT)
    assert run("job", "programs", "nothing", code=1)["error"] == "NotFound"
    assert {one.program for one in FORMS} == set(catalogue.names())


def test_a_question_is_put_in_the_programs_words() -> None:
    """Columns by their place and by a word become the program's parameters."""
    asked = question(form("group-sum"), ["a/b.c"], by=["a/b.d"])
    assert asked.columns == {"value": ("a/b.c",), "key": ("a/b.d",)}
    assert asked.parameters == {"key": "key", "value": "value"}
    asked = question(form("linreg"), ["a/b.x", "c/d.x"], y="a/b.y")
    assert asked.parameters == {"X": ["x1", "x2"], "y": "y"}
    steps = {"limit": 8, "rate": 1_000, "steps": 3}
    asked = question(
        form("logreg"), ["a/b.x"], y="a/b.y", settings=steps, units={"x": (1, 2)}
    )
    assert asked.parameters["X"] == [{"center": 1, "column": "x", "unit": 2}]
    asked = question(form("covariance"), ["a/b.x", "a/b.z"])
    assert asked.parameters == {"values": ["x", "z"]}
    assert named(["a/b.y"]) == {"x1": "a/b.y"}


@pytest.mark.parametrize(
    ("program", "options", "said"),
    [
        ("linreg", {}, "a column y, found none"),
        ("mean", {"y": "a/b.y"}, "no y, found one"),
        ("mean", {"by": ["a/b.y"]}, "no column by, found one"),
        ("mean", {"key": ["a/b.y", "c/d.y"]}, "no key, found 2 columns"),
        ("join_group_sum", {"by": ["a/b.y"]}, "two datasets (key), found 0 columns"),
        ("group_mean", {}, "(by), found none"),
        ("histogram", {}, "the setting edges"),
        ("count", {"settings": {"foo": 1}}, "found foo"),
        ("logreg", {"y": "a/b.y"}, "the setting steps"),
    ],
)
def test_what_a_question_lacks_is_named(
    program: str, options: dict[str, Any], said: str
) -> None:
    """The error says what is missing or too much, and shows a question that is not."""
    with pytest.raises(ConfigError) as refused:
        question(form(program), ["a/b.c"], **options)
    assert said in refused.value.message
    assert refused.value.fix.startswith("for example: privshare job mpc")
    with pytest.raises(ConfigError):
        question(form(program), [], **options)


def test_words_that_are_no_option_are_refused() -> None:
    """Mistakes in the command line are told before a node is asked."""
    for words in (
        ("--set", "edges"),
        ("--bounds", "area=0-5"),
        ("--unit", "area=5"),
        ("--noise", "much"),
    ):
        said = run("job", "mpc", "mean", "a/b.c", *words, code=1)
        assert said["error"] == "EncodingError" and said["fix"]
    with pytest.raises(NotFound):
        rows("nothing")


def test_a_result_is_shown_as_tables() -> None:
    """Lists as tables whose rows begin with their names; single values together."""
    result = object.__new__(SharesResult)
    result.program, result.model, result.trust_class = "x", "semi-honest", "simulated"
    result.value = {
        "groups": [{"count": 12, "group": "north", "mean": "1.50"}, {"group": "s"}],
        "covariance": [["1.0", "2"], ["2", "4"]],
        "columns": ["x", "y"],
        "rows": 12,
        "solved": True,
        "word": "nan",
    }
    matrix, groups, rest = result.tables()
    assert matrix.rows == (
        ("x", Decimal("1.0"), Decimal(2)),
        ("y", Decimal(2), Decimal(4)),
    )
    assert groups.columns == ("group", "count", "mean")
    assert groups.rows[0] == ("north", 12, Decimal("1.50"))
    assert dict(rest.rows) == {
        "columns": "x, y",
        "rows": 12,
        "solved": "yes",
        "word": "nan",
    }
    assert "x on shares, semi-honest" in str(result)
    assert "<table>" in result._repr_html_()
