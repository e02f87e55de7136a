"""Surveys over HTTP: answered by anybody, aggregated by two, hostile bodies."""

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

from privshare.errors import NotPermitted, PrivShareError
from privshare.exchange import survey_close, survey_open, survey_run
from privshare.exchange.node import Node, NodeKeys
from privshare.exchange.survey_open import Draft
from privshare.jobs.survey.report import make
from privshare.jobs.survey.task import Survey
from privshare.wire.canonical import Fields, encode

BYTES = {"content-type": "application/octet-stream"}
HOURS = [38, 40, 0, 61, 20]


class TitleAsks:
    """The other agency's calls, over HTTP to the node under test."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.sent: list[tuple[str, bytes]] = []

    def call(
        self,
        agency: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout_s: float = 30.0,
    ) -> Any:
        """Sign, send, and read the answer."""
        assert self.world is not None and agency == "registrar"
        raw = isinstance(body, bytes)
        data = body if raw else b"" if body is None else encode(body)
        self.sent.append((path, data))
        headers = BYTES if raw else {}
        response = self.world.call("agency", method, path, data, headers)
        if response.status_code >= 400:
            raise NotPermitted(problem(response)["detail"])
        return json.loads(response.data)


class TitleAnswers:
    """The other agency's node, as the node under test reaches it."""

    def __init__(self) -> None:
        self.node: Node | None = None

    def call(
        self,
        agency: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout_s: float = 30.0,
    ) -> Any:
        """What the other node's routes would do."""
        assert self.node is not None and agency == "title"
        match path.split("/")[4:]:
            case []:
                return survey_open.take_document(self.node, "registrar", body)
            case ["offer"]:
                return survey_open.offer(self.node, "registrar", body)
            case [survey, "key"]:
                return survey_open.take_key(self.node, "registrar", survey, body)
            case [survey, "begin"]:
                return survey_run.answer_begin(self.node, "registrar", survey, body)
            case [survey, "commit"]:
                return survey_run.answer_commit(self.node, "registrar", survey, body)
            case [survey, "close"]:
                return survey_close.claim(self.node, "registrar", survey)
            case [survey, "release"]:
                return survey_close.released(self.node, "registrar", survey)
        raise AssertionError(path)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Node]]:
    """The node under test, and another agency's."""
    folder: Path = tmp_path_factory.mktemp("surveys")
    first = make_world(folder)
    answers, asks = TitleAnswers(), TitleAsks()
    own = first.context.node
    node = replace(own, peers=answers)  # type: ignore[arg-type]
    world = first.with_context(node=node)
    asks.world = world
    answers.node = replace(
        own,
        agency="title",
        store=type(own.store).open(folder / "title.db"),
        keys=NodeKeys(first.agency.key, None, ()),
        peers=asks,  # type: ignore[arg-type]
        doors={},
    )
    yield world, answers.node
    first.context.store.close()
    own.ledger.close()


def draft(**changes: Any) -> dict[str, Any]:
    """What a collector asks."""
    now = int(time.time())
    return {
        "closes": now + 3600,
        "helper": "title",
        "leader": "registrar",
        "max_batch": 1000,
        "min_batch": 3,
        "name": "hours",
        "opens": now - 120,
        "precision": 60,
        "title": "How many hours did you work last week?",
        "vdaf": {"bound": "168", "circuit": "sum"},
    } | changes


def answer(response: Any, status: int = 200) -> Any:
    """The JSON of an answer with this status."""
    assert response.status_code == status, response.data[:400]
    return json.loads(response.data)


def opened(world: World, title: Node) -> tuple[str, Survey]:
    """A survey that runs, opened over HTTP; and its document, read by nobody."""
    id_ = answer(world.call("analyst", "POST", "/v1/surveys", draft()), 201)["survey"]
    answer(world.call("steward", "POST", f"/v1/surveys/{id_}/accept"))
    survey_open.accept(title, id_)
    said = answer(world.call("nobody", "GET", f"/v1/surveys/{id_}/document"))
    return id_, Survey.read(Fields(said, "survey"))


def uploads(survey: Survey, answers: list[int]) -> list[bytes]:
    """Reports as submitters make them."""
    return [one.to_bytes() for one in make(survey, answers, int(time.time()))]


def test_a_survey_goes_its_way(two: tuple[World, Node]) -> None:
    """Opened, accepted, answered by anybody, closed by a steward, read by all."""
    world, title = two
    id_, survey = opened(world, title)
    path = f"/v1/surveys/{id_}"
    reports = uploads(survey, HOURS)
    for data in (reports[0], b"".join(reports[1:])):
        said = answer(world.call("nobody", "POST", f"{path}/reports", data, BYTES))
        assert said == {"accepted": len(data) // len(reports[0]), "refused": {}}
    again = answer(world.call("nobody", "POST", f"{path}/reports", reports[0], BYTES))
    assert again == {"accepted": 0, "refused": {"replayed": 1}}
    answer(world.call("steward", "POST", f"{path}/close"))
    assert survey_close.tick(world.context.node) == []
    shown = answer(world.call("auditor", "GET", path))
    assert shown["status"] == "done" and shown["batch"]["count"] == len(HOURS)
    assert shown["result"]["values"] == [str(sum(HOURS))]
    late = uploads(survey, [1])[0]
    refused = world.call("nobody", "POST", f"{path}/reports", late, BYTES)
    assert refused.status_code == 409 and problem(refused)["rule"] == "survey.status"
    listed = answer(world.call("auditor", "GET", "/v1/surveys"))["items"]
    assert id_ in json.dumps(listed)


def test_hostile_uploads_to_a_survey_that_runs(two: tuple[World, Node]) -> None:
    """Whatever is sent, the answer is quick, named, and the sums are those of answers.

    Other than in the tests of all routes there is a survey to reach.
    """
    world, title = two
    id_, survey = opened(world, title)
    path = f"/v1/surveys/{id_}/reports"
    good = uploads(survey, HOURS)
    answer(world.call("nobody", "POST", path, b"".join(good), BYTES))
    size, rng = len(good[0]), random.Random(5)
    bodies = [
        b"",
        b"\0",
        bytes(size),
        b"\xff" * size,
        rng.randbytes(size),
        rng.randbytes(7 * size),
        good[0] * 2,
        good[0] + good[1][:-1],
        b"PSR1" + rng.randbytes(size - 4),
        good[0][:36] + rng.randbytes(size - 36),
        good[0] * 300,
        rng.randbytes((1 << 20) + 1),
        json.dumps({"reports": []}).encode(),
        b"{" * 10_000,
    ]
    for at in range(4, size, 37):  # a new id, another time, sealed shares changed
        made = bytearray(uploads(survey, [168])[0])
        made[at] ^= 1
        bodies.append(bytes(made))
    for data in bodies:
        before = time.monotonic()
        response = world.call("nobody", "POST", path, data, BYTES)
        assert time.monotonic() - before < 5
        assert response.status_code in (200, 400, 413), response.data[:300]
        if response.status_code != 200:
            assert len(response.data) < 20_000 and problem(response)
    counted = 0
    while survey_run.turn(world.context.node, id_):
        counted += 1
    assert counted
    answer(world.call("steward", "POST", f"/v1/surveys/{id_}/close"))
    found = survey_close.collect(world.context.node, id_)
    shown = survey_close.show(world.context.node, id_)
    assert found["values"] == [str(sum(HOURS))]
    assert shown["batch"]["count"] == len(HOURS)


def test_drafts_that_are_refused(two: tuple[World, Node]) -> None:
    """Nothing of them is entered or kept."""
    world, _ = two
    before = answer(world.call("auditor", "GET", "/v1/surveys"))
    now = int(time.time())
    for changes in (
        {"helper": "registrar"},
        {"leader": "nobody-known"},
        {"min_batch": 1},
        {"max_batch": 2},
        {"closes": now - 3600, "opens": now},
        {"closes": now + 900 * 86_400},
        {"precision": 0},
        {"name": "Hours!"},
        {"vdaf": {}},
        {"vdaf": {"circuit": "sum"}},
        {"vdaf": {"circuit": "sum", "bound": "0"}},
        {"vdaf": {"circuit": "sum", "bound": 168}},
        {"vdaf": {"circuit": "sum", "bound": str(2**63 + 1)}},
        {"vdaf": {"circuit": "median"}},
        {"vdaf": {"circuit": "histogram", "chunk": 0, "length": 3}},
        {"vdaf": {"circuit": "histogram", "chunk": 4, "length": 10**9}},
        {"vdaf": {"circuit": "sum", "bound": "168", "more": 1}},
        {
            "vdaf": {
                "bound": "9000000000000000000",
                "chunk": 512,
                "circuit": "sum-vec",
                "length": 4096,
            }
        },
        {"until": now - 1},
    ):
        body = draft(name="refused") | changes
        if changes == {"max_batch": 2}:
            body["min_batch"] = 3
        response = world.call("analyst", "POST", "/v1/surveys", body)
        assert 400 <= response.status_code < 500, (changes, response.data[:300])
        problem(response)
    assert answer(world.call("auditor", "GET", "/v1/surveys")) == before


def test_the_node_as_helper_meets_a_false_leader(two: tuple[World, Node]) -> None:
    """Messages of a leader, altered: refused with a problem, and the true one works."""
    world, title = two
    wanted = draft(leader="title", helper="registrar", name="other")
    id_ = survey_open.open_survey(title, Draft(**wanted))
    answer(world.call("steward", "POST", f"/v1/surveys/{id_}/accept"))
    survey_open.accept(title, id_)
    said = answer(world.call("nobody", "GET", f"/v1/surveys/{id_}/document"))
    survey = Survey.read(Fields(said, "survey"))
    reports = b"".join(uploads(survey, HOURS))
    wrong = world.call("nobody", "POST", f"/v1/surveys/{id_}/reports", reports, BYTES)
    assert wrong.status_code == 403 and problem(wrong)["rule"] == "survey.party"
    survey_run.upload(title, id_, reports)
    survey_run.turn(title, id_)
    true = {path.rsplit("/", 1)[1]: data for path, data in _sent(title)}
    rng = random.Random(6)
    for kind in ("begin", "commit"):
        data = true[kind]
        for false in (
            b"",
            data[:-1],
            data + b"\0",
            bytes(len(data)),
            rng.randbytes(len(data)),
            b"\xff" * 92,
            rng.randbytes(200_000),
            *(_flipped(data, at) for at in range(0, 92, 9)),
        ):
            path = f"/v1/peer/surveys/{id_}/{kind}"
            response = world.call("agency", "POST", path, false, BYTES)
            assert 400 <= response.status_code < 500, (kind, response.data[:300])
            problem(response)
    for kind, body in (("key", {"sealed": "AA"}), ("close", {"x": 1})):
        path = f"/v1/peer/surveys/{id_}/{kind}"
        response = world.call("agency", "POST", path, body)
        assert response.status_code < 500
    with pytest.raises(PrivShareError):
        survey_close.released(world.context.node, "tax", id_)
    if survey_close.show(title, id_)["status"] == "running":
        survey_close.close(title, id_)
    assert survey_close.collect(title, id_)["values"] == [str(sum(HOURS))]


def _sent(title: Node) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = title.peers.sent  # type: ignore[attr-defined]
    return found


def _flipped(data: bytes, place: int) -> bytes:
    found = bytearray(data)
    found[place] ^= 4
    return bytes(found)


def test_nobody_needs_an_account_to_answer(two: tuple[World, Node]) -> None:
    """The document and the reports are open; everything else is not."""
    world, _ = two
    path = "/v1/surveys/" + "A" * 43
    for method, rest in (("GET", "/document"), ("POST", "/reports")):
        body = b"x" if method == "POST" else None
        response = world.call("nobody", method, path + rest, body, BYTES)
        assert response.status_code == 404, response.data
    for method, rest in (("GET", ""), ("POST", "/close"), ("POST", "/accept")):
        assert world.call("nobody", method, path + rest).status_code == 401
    for bad in ("A" * 42, "A" * 44, "..%2f", "%00"):
        response = world.call("nobody", "GET", f"/v1/surveys/{bad}/document")
        assert response.status_code in (400, 404)
