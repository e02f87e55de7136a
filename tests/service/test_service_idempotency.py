"""An Idempotency-Key: one request, one effect, one answer."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from service_kit import World, problem

from privshare.service.app import create_app
from privshare.service.routes import ROUTES

PATH = "/v1/anchors"


def _digests(letter: str) -> dict[str, list[str]]:
    return {"digests": [letter + "A" * 42]}


def test_the_same_request_has_one_effect(world: World) -> None:
    """Sent twice it is done once, and answered alike."""
    key = {"idempotency-key": "one"}
    first = world.call("steward", "POST", PATH, _digests("A"), key)
    size = world.context.node.view().size
    again = world.call("steward", "POST", PATH, _digests("A"), key)
    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert world.context.node.view().size == size


def test_without_a_key_it_is_done_twice(world: World) -> None:
    """The key makes the difference."""
    first = world.call("steward", "POST", PATH, _digests("B"))
    again = world.call("steward", "POST", PATH, _digests("B"))
    assert json.loads(first.data)["index"] != json.loads(again.data)["index"]


def test_another_body_is_422(world: World) -> None:
    """A key stands for one body."""
    key = {"idempotency-key": "two"}
    assert world.call("steward", "POST", PATH, _digests("A"), key).status_code == 201
    response = world.call("steward", "POST", PATH, _digests("B"), key)
    assert response.status_code == 422
    assert "new key" in problem(response)["fix"]


def test_another_route_is_422(world: World) -> None:
    """A key stands for one path."""
    key = {"idempotency-key": "three"}
    assert world.call("steward", "POST", PATH, _digests("A"), key).status_code == 201
    other = world.call("steward", "POST", "/v1/datasets", _digests("A"), key)
    assert other.status_code == 422


def test_keys_of_two_people_never_meet(world: World) -> None:
    """The same key of another person is another key."""
    key = {"idempotency-key": "four"}
    first = world.call("steward", "POST", PATH, _digests("A"), key)
    other = world.call("analyst", "POST", PATH, _digests("B"), key)
    assert first.status_code == other.status_code == 201
    assert first.data != other.data


def test_a_refusal_frees_the_key(world: World) -> None:
    """What had no effect may be tried again with the same key."""
    key = {"idempotency-key": "five"}
    assert world.call("steward", "POST", PATH, {}, key).status_code == 400
    assert world.call("steward", "POST", PATH, _digests("A"), key).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "\u00e9"])
def test_a_malformed_key_is_refused(world: World, key: str) -> None:
    """A key is 1 to 128 visible ASCII characters."""
    caller = world.people["steward"]
    body = json.dumps(_digests("A")).encode()
    if not key.isascii():
        headers = world.signed(caller, "POST", PATH, body)
        headers["idempotency-key"] = key
        assert world.send("POST", PATH, body, headers).status_code == 401
        return
    headers = world.signed(caller, "POST", PATH, body, {"idempotency-key": key})
    assert world.send("POST", PATH, body, headers).status_code == 400


def test_in_flight_is_409(world: World) -> None:
    """While the first is served the second is told to wait."""
    entered, leave = threading.Event(), threading.Event()
    route = next(route for route in ROUTES if route.name == "POST /v1/anchors")

    def slow(_call: object) -> dict[str, str]:
        entered.set()
        assert leave.wait(20)
        return {"done": "yes"}

    held = replace(world, app=create_app(world.context, [replace(route, handler=slow)]))
    key = {"idempotency-key": "six"}
    answers: list[int] = []

    def first() -> None:
        response = held.call("steward", "POST", PATH, _digests("A"), key)
        answers.append(response.status_code)

    thread = threading.Thread(target=first)
    thread.start()
    assert entered.wait(20)
    second = held.call("steward", "POST", PATH, _digests("A"), key)
    leave.set()
    thread.join()
    assert second.status_code == 409
    assert second.headers["Retry-After"] == "1"
    assert problem(second)["title"] == "Conflict"
    assert answers == [201]


def test_a_key_of_a_process_that_died_is_not_taken_again(world: World) -> None:
    """After a crash nobody knows: the caller is told to look."""
    route = next(route for route in ROUTES if route.name == "POST /v1/anchors")

    def dies(_call: object) -> None:
        raise SystemExit

    doomed = replace(
        world, app=create_app(world.context, [replace(route, handler=dies)])
    )
    key = {"idempotency-key": "seven"}
    with pytest.raises(SystemExit):
        doomed.call("steward", "POST", PATH, _digests("A"), key)
    restarted = world.with_context(boot="another")
    response = restarted.call("steward", "POST", PATH, _digests("A"), key)
    assert response.status_code == 409
    assert "took effect" in problem(response)["fix"]


def test_uploads_are_idempotent_too(world: World) -> None:
    """A table that was uploaded twice under one key is one draft."""
    headers = {"idempotency-key": "eight", "content-type": "text/csv"}
    body = b"id,tax\n1,2\n"
    first = world.call("steward", "POST", "/v1/drafts?filename=a.csv", body, headers)
    again = world.call("steward", "POST", "/v1/drafts?filename=a.csv", body, headers)
    assert first.status_code == 201
    assert first.data == again.data
