"""Private joins, asked of a node that says what the test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sdk_kit import Clock, Node, awaiting, blocking

from privshare.cli import join as commands
from privshare.errors import (
    ConfigError,
    EncodingError,
    EvidenceInvalid,
    GrantMissing,
    NotPermitted,
    PrivShareError,
)
from privshare.sdk import session as sdk_session
from privshare.sdk.receipt import Receipt

LEFT, RIGHT = "title/parcels", "tax/deeds"
JOB, LEDGER_JOB = "J" * 22, "L" * 42 + "A"
IDS = {LEFT: "G" * 42 + "A", RIGHT: "H" * 42 + "A"}
COLUMNS = {LEFT: ["born", "citizen"], RIGHT: ["day", "owed", "owner"]}
PROGRAMS = ["psi.count/v1", "psi.ids/v1", "psi.sum/v1"]
PLAIN = ["nfkc", "case"]


def grant(dataset: str, **terms: Any) -> dict[str, Any]:
    """A grant as a node shows it."""
    held = {
        "dataset": dataset,
        "grantee": "housing",
        "purpose": "planning",
        "operations": ["link", "match"],
        "programs": PROGRAMS,
        "columns": COLUMNS[dataset],
        "group_by": [],
        "k": 5,
        "uses": 5,
        "not_after": 1_800_000_000,
    }
    return {
        "id": IDS[dataset],
        "status": "active",
        "used": 1,
        "reserved": 0,
        "terms": held | terms,
    }


def spec(program: str = "count", **changes: Any) -> dict[str, Any]:
    """The specification inside a result's receipt."""
    value = "owed" if program == "sum" else None
    return {
        "bound": 100 if program == "sum" else 0,
        "inputs": [
            {"dataset": LEFT, "grant": IDS[LEFT], "on": ["citizen"], "value": None},
            {"dataset": RIGHT, "grant": IDS[RIGHT], "on": ["owner"], "value": value},
        ],
        "minimum": 5,
        "program": f"psi.{program}/v1",
        "purpose": "planning",
        "receiver": LEFT,
        "recipe": [PLAIN],
        **changes,
    }


class Told(Receipt):
    """A receipt whose contents a test decides; always true."""

    said: dict[str, Any]
    output: dict[str, Any]

    def __init__(self, data: bytes, *_: Any) -> None:
        self._data, self._attachments = data, {}
        self.statement = SimpleNamespace(  # type: ignore[assignment]
            operation="job.result",
            subject=7,
            network="demo.test",
            state=[SimpleNamespace(key=f"job/{LEDGER_JOB}")],
            evidence={"spec": self.said},
            result={"job": LEDGER_JOB, "output": self.output, "v": 1},
        )

    def verify(self, *_: Any) -> Any:
        return None

    def is_of(self, transaction: str) -> Receipt:
        return self


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the receipt be what the test says; it verifies."""
    monkeypatch.setattr(sdk_session, "Receipt", Told)
    monkeypatch.setattr(sdk_session, "held_by_node", lambda data: ())

    def say(said: dict[str, Any], output: dict[str, Any]) -> None:
        monkeypatch.setattr(Told, "said", said, raising=False)
        monkeypatch.setattr(Told, "output", output, raising=False)

    return say


def node(found: Any = None, **terms: Any) -> Node:
    """A node with a grant on each table, and one job that is done."""
    job = {
        "id": JOB,
        "ledger_id": LEDGER_JOB,
        "phase": "done",
        "operation": "match",
        "progress": {"done": 1, "total": 1},
        "deadline": 1_790_000_600,
        "problem": None,
        "receipt": "R1",
    }
    owed = {"name": "owed", "type": "decimal", "scale": 2}
    described = {"dataset": RIGHT, "rows": 50, "schema": {"columns": [owed]}}

    def grants(request: Any) -> Any:
        dataset = request.url.params["dataset"]
        return 200, {"items": [grant(dataset, **terms)], "next": None}

    return Node(
        {
            "GET /v1/grants": grants,
            f"GET /v1/datasets/{RIGHT}": (200, described),
            "POST /v1/jobs": (202, job | {"phase": "committing"}),
            "POST /v1/jobs/estimate": (200, {"milliseconds": 900, "bytes": 4_800}),
            f"GET /v1/jobs/{JOB}": (200, job),
            f"GET /v1/jobs/{JOB}/result": (200, {"found": found}),
            "GET /v1/receipts/R1": (200, b"{}"),
        }
    )


@pytest.mark.parametrize(
    ("on", "left", "right"),
    [
        ("citizen", ["citizen"], ["citizen"]),
        (["citizen", "born"], ["citizen", "born"], ["citizen", "born"]),
        ([("citizen", "owner")], ["citizen"], ["owner"]),
        ([["citizen", "owner"], "born"], ["citizen", "born"], ["owner", "born"]),
        ({"citizen": "owner", "born": "day"}, ["citizen", "born"], ["owner", "day"]),
    ],
)
def test_columns_are_named_alike_or_in_pairs(on: Any, left: Any, right: Any) -> None:
    """One name, several, pairs, or a mapping from left to right."""
    asked = node(columns=["born", "citizen", "day", "owner"])
    net = blocking(asked, Clock())
    cost = net.join(LEFT, RIGHT, on=on).count().estimate()
    assert (cost.milliseconds, cost.sent_bytes) == (900, 4_800)
    (body,) = asked.bodies("POST /v1/jobs/estimate")
    assert [one["on"] for one in body["inputs"]] == [left, right]
    assert (body["operation"], body["module"], body["method"]) == (
        *("match", "count"),
        "psi",
    )


@pytest.mark.parametrize(
    "on",
    [
        *([], {}, "", None, 5, [5], [()], [("a",)], [("a", "b", "c")], [("a", 5)]),
        *(["a", "a"], [("a", "b"), ("c", "b")], ["A b"], [f"c{n}" for n in range(17)]),
    ],
)
def test_columns_of_another_form_are_refused_first(on: Any) -> None:
    """With an error that says what was expected; no node is asked."""
    asked = node()
    with pytest.raises(PrivShareError, match="expected"):
        blocking(asked, Clock()).join(LEFT, RIGHT, on=on)
    assert not asked.asked


@pytest.mark.parametrize(
    "tables",
    [(LEFT, LEFT), (LEFT, "title/others"), (LEFT, "deeds"), ("title/../x", RIGHT)],
)
def test_tables_are_two_and_of_two_owners(tables: Any) -> None:
    """Found before any node is asked."""
    asked = node()
    with pytest.raises(EncodingError):
        blocking(asked, Clock()).join(*tables, on="citizen")
    assert not asked.asked


def test_a_column_of_a_third_table_is_not_summed_up() -> None:
    """It must be on one of both sides; with its table's name it may be the left."""
    both = blocking(node(), Clock()).join(LEFT, RIGHT, on="citizen")
    assert both.sum("title/parcels.size").value == (LEFT, "size")
    with pytest.raises(ConfigError, match="column of"):
        both.sum("edu/persons.fees")


def test_a_grant_must_cover_columns_and_program() -> None:
    """What is missing is said before a job begins."""
    asked = node(columns=["citizen"])
    net = blocking(asked, Clock())
    with pytest.raises(NotPermitted, match="owner"):
        net.join(LEFT, RIGHT, on=[("citizen", "owner")]).count().run()
    asked = node(programs=["psi.count/v1"])
    both = blocking(asked, Clock()).join(LEFT, RIGHT, on=[("citizen", "owner")])
    with pytest.raises(NotPermitted, match=r"psi\.sum"):
        both.sum("owed").run()
    net = blocking(node(operations=["match"]), Clock())
    with pytest.raises(GrantMissing):
        net.join(LEFT, RIGHT, on=[("citizen", "owner")]).ids().run()
    assert not asked.bodies("POST /v1/jobs")


def test_a_sum_is_in_the_column_s_unit(tell: Callable[..., None]) -> None:
    """For both kinds of client, and as tables and in words."""
    tell(spec("sum"), {"count": 7, "sum": 1_205})
    on = {"citizen": "owner"}
    both = blocking(node(), Clock()).join(LEFT, RIGHT, on=on, recipe=[PLAIN])
    result = both.sum("owed", bound=100).run()
    assert (result.count, result.sum, result.k) == (7, Decimal("12.05"), 5)
    assert repr(result) == "<JoinResult in both: 7 · sum over them: 12.05>"
    assert "12.05" in str(result) and "12.05" in result._repr_html_()

    async def later() -> Any:
        net = awaiting(node(), Clock())
        return await net.join(LEFT, RIGHT, on=on).sum("owed").run()

    assert asyncio.run(later()).sum == Decimal("12.05")


def test_fewer_than_k_are_said_so(tell: Callable[..., None]) -> None:
    """The result has no number then, and does not look like none."""
    tell(spec(), {"withheld": "minimum"})
    net = blocking(node(), Clock())
    result = net.join(LEFT, RIGHT, on={"citizen": "owner"}).count().run()
    assert result.withheld and result.count is None
    assert "fewer than 5" in repr(result)


ASKED: dict[str, Any] = {"k": 5, "purpose": "planning", "receiver": LEFT}
OTHERS: dict[str, dict[str, Any]] = {
    "program": {"program": "psi.ids/v1"},
    "k": {"minimum": 4},
    "purpose": {"purpose": "marketing"},
    "receiver": {"receiver": RIGHT},
    "recipe": {"recipe": [["nfkc"]]},
    "bound": {"bound": 99},
    "table": {"inputs": spec("sum")["inputs"][::-1]},
    "column": {"inputs": spec("count")["inputs"]},
}


@pytest.mark.parametrize("name", list(OTHERS))
def test_an_answer_to_another_question_is_refused(
    tell: Callable[..., None], name: str
) -> None:
    """However true its receipt is: its specification must be the one asked."""
    tell(spec("sum") | OTHERS[name], {"count": 7, "sum": 1_205})
    net = blocking(node(), Clock())
    on = [("citizen", "owner")]
    query = net.join(LEFT, RIGHT, on=on, recipe=[PLAIN], **ASKED).sum("owed", bound=100)
    with pytest.raises(EvidenceInvalid, match=f"another .*{name}"):
        query.result_of(net.job(JOB))


def test_who_is_in_both(tell: Callable[..., None]) -> None:
    """Lists of texts, which one's own node has; anything else is refused."""
    tell(spec("ids"), {"identifiers": "sha-256:" + "A" * 43})
    on = {"citizen": "owner"}
    query = blocking(node([["c1"], ["c2"]]), Clock()).join(LEFT, RIGHT, on=on).ids()
    assert query.run().found == (("c1",), ("c2",))
    for found in ("c1", ["c1"], [[1]], [None], {"a": []}):
        query = blocking(node(found), Clock()).join(LEFT, RIGHT, on=on).ids()
        with pytest.raises(EncodingError, match="lists of texts"):
            query.run()


def test_words_of_the_command_are_checked_first() -> None:
    """A bound without a sum says nothing, so it is refused."""
    words: dict[str, Any] = {"left": LEFT, "right": RIGHT, "on": ["citizen"]}
    for wrong in (
        {"bound": 5},
        {"bound": 5, "ids": True},
        {"ids": True, "summed": "x"},
    ):
        with pytest.raises(ConfigError):
            commands.join(**words, **wrong)
    assert commands._pair("citizen=owner") == ("citizen", "owner")
    assert commands._pair("citizen") == ("citizen", "citizen")
    assert json.dumps(commands._pair("=")) == '["", ""]'
