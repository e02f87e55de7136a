"""The client against a node that says what the test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sdk_kit import Clock, Node, awaiting, blocking, problem

import privshare as ps
from privshare.errors import (
    ConfigError,
    Conflict,
    EncodingError,
    EvidenceInvalid,
    GrantExpired,
    GrantMissing,
    GrantRevoked,
    NotFound,
    NotPermitted,
    OutOfRange,
    Unauthenticated,
    Unavailable,
)
from privshare.sdk import session as sdk_session
from privshare.sdk.dataset import Dataset
from privshare.sdk.document import Document
from privshare.sdk.receipt import Receipt

GRANT = "G" * 42 + "A"
JOB = "J" * 22
LEDGER_JOB = "L" * 42 + "A"
DEED = {
    "dataset": "tax/deed-tax",
    "metadata": {"title": "Deed <b>tax</b>", "description": "all of it"},
    "rows": 400,
    "schema": {
        "columns": [
            {"name": "parcel_id", "type": "string"},
            {"name": "district", "type": "string"},
            {"name": "tax_paid", "type": "decimal", "scale": 2, "nullable": True},
        ],
        "key": "parcel_id",
    },
    "status": "registered",
    "version": 1,
    "something_new": True,
}


def grant(status: str = "active", **terms: Any) -> dict[str, Any]:
    """A grant as a node shows it."""
    return {
        "id": GRANT,
        "status": status,
        "used": 1,
        "reserved": 0,
        "reason": "too much" if status in ("refused", "revoked") else None,
        "rule": "totals" if status == "refused" else None,
        "terms": {
            "dataset": "tax/deed-tax",
            "grantee": "housing",
            "purpose": "housing-policy",
            "operations": ["count", "sum"],
            "columns": ["tax_paid"],
            "group_by": ["district"],
            "k": 10,
            "uses": 5,
            "not_after": 1_800_000_000,
            **terms,
        },
    }


def job(phase: str, **fields: Any) -> dict[str, Any]:
    """A job as a node shows it."""
    return {
        "id": JOB,
        "ledger_id": LEDGER_JOB,
        "phase": phase,
        "operation": "sum",
        "note": "waiting for tax",
        "progress": {"done": 0, "total": 1},
        "deadline": 1_790_000_600,
        "problem": None,
        "receipt": "R1",
        **fields,
    }


def spec(**changes: Any) -> dict[str, Any]:
    """The specification inside a result's receipt."""
    return {
        "operation": "sum",
        "column": "tax_paid",
        "group_by": "district",
        "inputs": [{"dataset": "tax/deed-tax", "grant": GRANT, "version": 1}],
        **changes,
    }


RESULT = {
    "column": "tax_paid",
    "group_by": "district",
    "k": 10,
    "operation": "sum",
    "rows": [{"count": 12, "group": "Old Wall", "value": "1205"}],
    "scale": 2,
    "suppressed": [],
    "v": 1,
}


class FakeReceipt(Receipt):
    """A receipt whose contents a test decides; always true."""

    contents: Mapping[str, Any] = {}

    def __init__(self, data: bytes, *_: Any) -> None:
        self._data = data
        self._attachments = {}
        self.statement = SimpleNamespace(  # type: ignore[assignment]
            operation=self.contents.get("operation", "job.result"),
            subject=7,
            network="demo.test",
            state=[
                SimpleNamespace(key=key)
                for key in self.contents.get("keys", [f"job/{LEDGER_JOB}"])
            ],
            evidence={"spec": self.contents.get("spec", spec())},
            result=RESULT,
        )

    def verify(self, *_: Any) -> Any:
        return None

    def is_of(self, transaction: str) -> Receipt:
        return self


@pytest.fixture
def receipts(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let receipts be what the test says; they verify."""
    monkeypatch.setattr(sdk_session, "Receipt", FakeReceipt)
    monkeypatch.setattr(sdk_session, "held_by_node", lambda data: ())

    def say(**contents: Any) -> None:
        monkeypatch.setattr(FakeReceipt, "contents", contents)

    return say


def node(**answers: Any) -> Node:
    """A node with one dataset, one grant and one job."""
    return Node(
        {
            "GET /v1/datasets/tax/deed-tax": (200, DEED),
            "GET /v1/grants": (200, {"items": [grant()], "next": None}),
            f"GET /v1/grants/{GRANT}": (200, grant()),
            "POST /v1/jobs": (202, job("queued")),
            f"GET /v1/jobs/{JOB}": [(200, job("contributing")), (200, job("done"))],
            "GET /v1/receipts/R1": (200, b"{}"),
            **{key.replace("__", " "): value for key, value in answers.items()},
        }
    )


def test_hello_says_who_one_is() -> None:
    """After hello the client knows the agency, the network and the roles."""
    net = blocking(node(), Clock()).hello()
    assert (net.agency, net.network, net.roles) == (
        "housing",
        "demo.test",
        ("analyst",),
    )
    assert "housing" in repr(net)
    assert "<script" not in net._repr_html_()


def test_another_major_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node of another major version is told apart before anything is asked."""
    answers = {"GET /v1/meta": (200, {"version": "99.0.0"})}
    with pytest.raises(ConfigError, match=r"99\.0\.0"):
        blocking(Node(answers), Clock()).hello()


def test_a_signature_from_the_second_of_the_start_is_made_again() -> None:
    """A stale signature is repeated once, a second later."""
    stale = problem(401, "Unauthenticated", "older than this node", reason="stale")
    clock = Clock()
    asked = node(**{"GET__/v1/me": [stale, (200, {"roles": ["auditor"]})]})
    assert blocking(asked, clock).hello().roles == ("auditor",)
    assert clock.pauses == [1]
    refused = problem(401, "Unauthenticated", "another key", reason="key")
    asked = node(**{"GET__/v1/me": refused})
    with pytest.raises(Unauthenticated):
        blocking(asked, Clock()).hello()
    assert len(asked.asked) == 2


def test_a_dataset_shows_what_its_owner_published() -> None:
    """Columns, key and title; unknown fields are ignored, markup is escaped."""
    net = blocking(node(), Clock())
    deed = net["tax/deed-tax"]
    assert deed.columns == ("parcel_id", "district", "tax_paid")
    assert (deed.owner, deed.key, deed.rows) == ("tax", "parcel_id", 400)
    assert "&lt;b&gt;" in deed._repr_html_()
    assert "<b>tax" not in deed._repr_html_()
    assert deed.name == asyncio.run(awaiting(node(), Clock()).dataset(deed.name)).name


@pytest.mark.parametrize("name", ["", "tax", "/x", "tax/", "a/b/c"])
def test_names_of_datasets_have_two_parts(name: str) -> None:
    """A name of another form is refused before a request is made."""
    asked = node()
    with pytest.raises(EncodingError):
        blocking(asked, Clock()).dataset(name)
    assert asked.asked == []


def test_names_stay_within_their_path() -> None:
    """Dots and question marks in a name do not reach another route."""
    asked = node()
    with pytest.raises(NotFound):
        blocking(asked, Clock()).dataset("../x?y=1")
    assert b"%2F" not in asked.asked[0].url.raw_path
    assert b"y%3D1" in asked.asked[0].url.raw_path


def test_listings_follow_their_pages() -> None:
    """Pages are read to the end, and only pages of the same listing."""

    def page(request: httpx.Request) -> tuple[int, Any, dict[str, str]]:
        if b"cursor=2" in request.url.query:
            link = '<http://evil.test/v1/x?cursor=3>; rel="next"'
            return 200, {"items": [{**DEED, "dataset": "tax/b"}]}, {"link": link}
        link = '</v1/datasets?cursor=2&limit=200>; rel="next"'
        return 200, {"items": [{**DEED, "dataset": "tax/a"}]}, {"link": link}

    asked = node(**{"GET__/v1/datasets": page})
    found = blocking(asked, Clock()).catalog.search("deed", agency="tax")
    assert [one.name for one in found] == ["tax/a", "tax/b"]
    assert len(found[1:]) == 1
    assert len(asked.asked) == 2
    assert "tax/a" in str(found.table())


def test_a_request_says_what_was_meant(receipts: Callable[..., None]) -> None:
    """Names are sorted, a day is meant to its end, and the receipt is checked."""
    receipts(operation="grant.request", keys=[f"grant/{GRANT}"])
    made = {**grant("requested"), "receipt": "R1"}
    asked = node(**{"POST__/v1/grants": (201, made)})
    wish = blocking(asked, Clock())["tax/deed-tax"].request(
        purpose="housing-policy",
        operations=["sum", "count"],
        columns=["tax_paid"],
        by=["district"],
        until="2027-01-31",
        uses=3,
    )
    assert wish.status == "requested"
    assert wish.receipt is not None
    (body,) = asked.bodies("POST /v1/grants")
    assert body["operations"] == ["count", "sum"]
    assert (body["not_after"], body["uses"], body["k"]) == (1_801_439_999, 3, 10)


def test_reading_asks_for_all_columns_and_no_k(receipts: Callable[..., None]) -> None:
    """A right to read names every column unless said, and k is 1."""
    receipts(operation="grant.request", keys=[f"grant/{GRANT}"])
    made = {**grant("requested"), "receipt": "R1"}
    asked = node(**{"POST__/v1/grants": (201, made)})
    blocking(asked, Clock())["tax/deed-tax"].request(purpose="p", operations=["read"])
    (body,) = asked.bodies("POST /v1/grants")
    assert (body["columns"], body["k"]) == (["district", "parcel_id", "tax_paid"], 1)


@pytest.mark.parametrize(
    ("status", "error"),
    [("refused", NotPermitted), ("revoked", GrantRevoked), ("expired", GrantExpired)],
)
def test_waiting_ends_with_the_decision(status: str, error: type[Exception]) -> None:
    """A grant that cannot be used any more is the error that says so."""
    answers = [
        (200, grant("requested")),
        (200, grant("requested")),
        (200, grant(status)),
    ]
    said: list[str] = []
    with pytest.raises(error) as caught:
        wish = blocking(node(**{f"GET__/v1/grants/{GRANT}": answers}), Clock()).grant(
            GRANT
        )
        wish.wait(60, said.append)
    assert said == ["waiting for a steward of tax"]
    assert caught.value.detail["grant"] == GRANT  # type: ignore[attr-defined]


def test_waiting_has_an_end_and_names_who_is_silent() -> None:
    """Nobody decides: Unavailable, naming the owner, in both modes."""
    pending = {f"GET__/v1/grants/{GRANT}": (200, grant("requested"))}
    clock = Clock()
    with pytest.raises(Unavailable) as caught:
        blocking(node(**pending), clock).grant(GRANT).wait(20)
    assert caught.value.detail["party"] == "tax"
    assert 15 < sum(clock.pauses) <= 20

    async def run() -> None:
        wish = await awaiting(node(**pending), Clock()).grant(GRANT)
        await wish.wait(20)

    with pytest.raises(Unavailable):
        asyncio.run(run())


def test_a_sum_runs_in_both_modes(receipts: Callable[..., None]) -> None:
    """The same question, blocking and awaited, gives the same numbers."""
    receipts()
    said: list[str] = []
    asked = node()
    deed = blocking(asked, Clock())["tax/deed-tax"]
    result = ps.sum(deed, "tax_paid", by="district").run("he", progress=said.append)
    assert Decimal("12.05") == result["Old Wall"]
    assert said == ["contributing: waiting for tax"]
    (body,) = asked.bodies("POST /v1/jobs")
    assert body["inputs"] == [{"dataset": "tax/deed-tax", "grant": GRANT}]
    assert (body["method"], body["purpose"]) == ("he", "housing-policy")

    async def run() -> Decimal | int:
        theirs = await awaiting(node(), Clock())["tax/deed-tax"]
        return (await ps.sum(theirs, "tax_paid", by="district").run())["Old Wall"]

    assert Decimal("12.05") == asyncio.run(run())


@pytest.mark.parametrize(
    "contents",
    [
        {"spec": spec(column="rooms")},
        {"spec": spec(operation="mean")},
        {"spec": spec(group_by=None)},
        {"spec": spec(inputs=[{"dataset": "tax/other", "grant": GRANT, "version": 1}])},
        {"keys": ["job/" + "X" * 43]},
        {"operation": "job.abort"},
    ],
)
def test_a_true_receipt_of_something_else_is_caught(
    receipts: Callable[..., None], contents: dict[str, Any]
) -> None:
    """A node cannot answer one question with the proof of another."""
    receipts(**contents)
    deed = blocking(node(), Clock())["tax/deed-tax"]
    with pytest.raises(EvidenceInvalid):
        ps.sum(deed, "tax_paid", by="district").run()


def test_a_failed_job_is_its_error() -> None:
    """The error's class is the job's own, and the silent party is named."""
    why = {"error": "NotPermitted", "reason": "no", "party": "tax", "rule": "job.k"}
    failed = {f"GET__/v1/jobs/{JOB}": (200, job("failed", problem=why))}
    with pytest.raises(NotPermitted, match="tax") as caught:
        blocking(node(**failed), Clock()).job(JOB).result()
    assert (caught.value.detail["party"], caught.value.detail["rule"]) == (
        "tax",
        "job.k",
    )
    odd = {"error": "Path", "reason": "odd", "party": "", "rule": ""}
    failed = {f"GET__/v1/jobs/{JOB}": (200, job("failed", problem=odd))}
    with pytest.raises(Unavailable):
        blocking(node(**failed), Clock()).job(JOB).wait()


def test_a_slow_job_is_left_running() -> None:
    """Waiting gives up in time, and says that the job goes on."""
    slow = {f"GET__/v1/jobs/{JOB}": (200, job("contributing"))}
    with pytest.raises(Unavailable, match="waiting for tax") as caught:
        blocking(node(**slow), Clock()).job(JOB).wait(5)
    assert JOB in caught.value.fix


@pytest.mark.parametrize(
    ("listed", "error"),
    [
        ([], GrantMissing),
        ([grant("revoked")], GrantRevoked),
        ([grant(operations=["count"])], GrantMissing),
        ([grant(dataset="tax/other")], GrantMissing),
        ([grant(not_after=1)], GrantExpired),
        ([grant(uses=1)], GrantMissing),
        ([grant(columns=["rooms"])], NotPermitted),
        ([grant(group_by=[])], NotPermitted),
    ],
)
def test_without_a_fitting_grant_nothing_is_asked(
    listed: list[Any], error: type[Exception]
) -> None:
    """No job is submitted where no grant covers the question."""
    asked = node(**{"GET__/v1/grants": (200, {"items": listed})})
    deed = blocking(asked, Clock())["tax/deed-tax"]
    with pytest.raises(error):
        ps.sum(deed, "tax_paid", by="district").run()
    assert asked.bodies("POST /v1/jobs") == []


def test_who_opens_may_be_said() -> None:
    """Openers or a custodian go to the node as they were named."""
    asked = node(**{"POST__/v1/jobs/estimate": (200, {"milliseconds": 1})})
    deed = blocking(asked, Clock())["tax/deed-tax"]
    ps.sum(deed, "tax_paid", openers=("tax", "title")).estimate()
    ps.count(deed, "tax_paid", custodian="tax").estimate()
    said = [one["parties"] for one in asked.bodies("POST /v1/jobs/estimate")]
    assert said == [
        {"compute": None, "custodian": None, "openers": ["tax", "title"]},
        {"compute": None, "custodian": "tax", "openers": []},
    ]


def test_questions_are_on_datasets_of_a_connection() -> None:
    """A name, no dataset or too many are refused when the query is made."""
    deed = blocking(node(), Clock())["tax/deed-tax"]
    with pytest.raises(ConfigError):
        ps.sum("tax/deed-tax", "tax_paid")  # type: ignore[arg-type]
    with pytest.raises(OutOfRange):
        ps.mean([], "tax_paid")
    with pytest.raises(OutOfRange):
        ps.count([deed] * 9, "tax_paid")
    with pytest.raises(OutOfRange):
        ps.count(deed, "tax_paid", by="district").run("mpc")  # type: ignore[arg-type]


def test_explain_and_estimate_run_nothing() -> None:
    """They ask the estimate's route alone, and show what it said."""
    answer = {
        "technique": "Paillier <i>",
        "parties": [{"agency": "tax", "does": "custodian", "learns": "totals"}],
        "notes": ["No group rests on fewer than 10 records."],
        "milliseconds": 4100,
        "bytes": 1_200_000,
        "uses": 1,
    }
    asked = node(**{"POST__/v1/jobs/estimate": (200, answer)})
    deed = blocking(asked, Clock())["tax/deed-tax"]
    query = ps.sum(deed, "tax_paid", by="district")
    assert query.explain().parties == (("tax", "custodian", "totals"),)
    assert "<i>" not in query.explain()._repr_html_()
    assert str(query.estimate()) == "about 4.1 s, 1.2 MB between nodes, 1 use"
    assert asked.bodies("POST /v1/jobs") == []


def test_ids_may_be_shortened() -> None:
    """Six letters find the one grant that begins so; two such are refused."""
    other = {**grant(), "id": GRANT[:-2] + "BA"}
    assert blocking(node(), Clock()).grant(GRANT[:6]).id == GRANT
    asked = node(**{"GET__/v1/grants": (200, {"items": [grant(), other]})})
    with pytest.raises(NotFound, match="found 2"):
        blocking(asked, Clock()).grant(GRANT[:6])


def test_a_receipt_waits_for_its_witnesses(receipts: Callable[..., None]) -> None:
    """Unavailable means not yet; then it comes."""
    receipts()
    late = problem(503, "Unavailable", "waits for witnesses")
    clock = Clock()
    asked = node(**{"GET__/v1/receipts/R1": [late, late, late, late, (200, b"{}")]})
    assert blocking(asked, clock).receipt("R1").index == 7
    never = node(**{"GET__/v1/receipts/R1": late})
    clock = Clock()
    with pytest.raises(Unavailable):
        blocking(never, clock).receipt("R1")
    assert 50 < sum(clock.pauses) <= 60


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>", {"content-type": "text/html"}),
        (200, b"[]", {"content-type": "application/json"}),
        (200, b'{"a":1,"a":2}', {"content-type": "application/json"}),
        (200, b'{"dataset":3}', {"content-type": "application/json"}),
        (200, b'{"dataset":"x/y","rows":1.5}', {"content-type": "application/json"}),
        (200, b"[" * 100_000, {"content-type": "application/json"}),
    ],
)
def test_what_is_no_answer_of_a_node_is_refused(answer: Any) -> None:
    """HTML, other JSON and wrong types are EncodingErrors, and nothing else."""
    asked = node(**{"GET__/v1/datasets/tax/deed-tax": answer})
    with pytest.raises(EncodingError):
        repr(blocking(asked, Clock())["tax/deed-tax"])


def test_documents_read_with_their_types() -> None:
    """Missing, null and mistyped fields are told apart."""
    answer = Document({"a": 1, "b": True, "n": None, "l": ["x"], "o": {"p": "q"}}, "x")
    assert (answer.int("a"), answer.bool("b"), answer.obj("o").str("p")) == (
        1,
        True,
        "q",
    )
    assert (answer.str("n", "d"), answer.strs("l"), answer.strs("z")) == (
        "d",
        ("x",),
        (),
    )
    for read in (
        lambda: answer.str("a"),
        lambda: answer.int("b"),
        lambda: answer.str("n"),
        lambda: answer.strs("a"),
        lambda: answer.objs("l"),
        lambda: answer.obj("l"),
    ):
        with pytest.raises(EncodingError):
            read()


def test_publishing_takes_files_bytes_and_frames(
    receipts: Callable[..., None], tmp_path: Any
) -> None:
    """The three kinds of table reach the node as the same CSV."""
    pandas = pytest.importorskip("pandas")
    receipts(operation="dataset.publish", keys=["dataset/tax/deed-tax"])
    text = b"parcel_id,tax_paid\nP1,1.5\n"
    file = tmp_path / "deed.csv"
    file.write_bytes(text)
    frame = pandas.DataFrame({"parcel_id": ["P1"], "tax_paid": ["1.5"]})
    for table in (text, file, str(file), frame):
        asked = node(
            **{
                "POST__/v1/drafts": (201, {"draft": "D", "rows": 1, "filename": "x"}),
                "POST__/v1/datasets": (
                    201,
                    {
                        "dataset": "tax/deed-tax",
                        "receipt": "R1",
                        "rows": 1,
                        "version": 1,
                    },
                ),
            }
        )
        made = blocking(asked, Clock()).publish(table, "deed-tax", title="Deed tax")
        assert made.receipt is not None
        sent = [r for r in asked.asked if r.url.path == "/v1/drafts"]
        assert text == sent[0].content
    with pytest.raises(ConfigError):
        blocking(node(), Clock()).publish(tmp_path / "none.csv", "x", title="x")
    with pytest.raises(ConfigError):
        blocking(node(), Clock()).publish(3, "x", title="x")  # type: ignore[arg-type]


def test_a_policy_is_replaced_only_as_it_was_seen(
    receipts: Callable[..., None],
) -> None:
    """The ETag that was read goes back as If-Match."""
    receipts(operation="dataset.publish", keys=["dataset/tax/deed-tax"])
    asked = node(
        **{
            "GET__/v1/datasets/tax/deed-tax/policy": (200, {"v": 1}, {"etag": '"abc"'}),
            "PUT__/v1/datasets/tax/deed-tax/policy": (200, {"receipt": "R1"}),
        }
    )
    blocking(asked, Clock())["tax/deed-tax"].set_policy({"v": 1})
    put = next(request for request in asked.asked if request.method == "PUT")
    assert put.headers["if-match"] == '"abc"'
    assert '"if-match"' in put.headers["signature-input"]


def test_a_policy_that_changed_since_is_not_overwritten() -> None:
    """What was read is what goes back, even when it is old by then."""
    path = "/v1/datasets/tax/deed-tax/policy"
    stale = problem(412, "Conflict", "another ETag")
    asked = node(
        **{
            f"GET__{path}": [
                (200, {"v": 1}, {"etag": '"old"'}),
                (200, {"v": 1}, {"etag": '"new"'}),
            ],
            f"PUT__{path}": stale,
        }
    )
    deed = blocking(asked, Clock())["tax/deed-tax"]
    assert deed.policy() == {"v": 1}
    with pytest.raises(Conflict):
        deed.set_policy({"v": 1})
    put = next(request for request in asked.asked if request.method == "PUT")
    assert put.headers["if-match"] == '"old"'


def test_types_tell_the_modes_apart() -> None:
    """Blocking verbs return values, awaiting ones something to await."""
    sync: Dataset[Any] = blocking(node(), Clock())["tax/deed-tax"]
    assert isinstance(sync, Dataset)
    pending = awaiting(node(), Clock())["tax/deed-tax"]
    assert asyncio.iscoroutine(pending)
    pending.close()
