"""Hostile bodies on every route that takes one: refused, quickly, with a problem."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from service_kit import World, example_path, problem

from privshare.service.route import JSON, Route
from privshare.service.routes import ROUTES

DEEP = 10_240

#: Bytes that no route can take, whatever its model.
NOT_JSON: dict[str, bytes] = {
    "empty object's half": b"{",
    "nothing but space": b"   ",
    "brackets 10 KB deep": b"[" * DEEP,
    "brackets deep and closed": b"[" * DEEP + b"]" * DEEP,
    "braces deep": b'{"a":' * DEEP,
    "braces deep and closed": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep behind a string": b'{"a":"\\"[[[",' + b'"b":' + b"[" * DEEP,
    "duplicate key": b'{"reason":"a","reason":"b"}',
    "duplicate key nested": b'{"terms":{"uses":1,"uses":2}}',
    "duplicate key by escape": b'{"reason":"a","reas\\u006fn":"b"}',
    "NaN": b'{"k":NaN}',
    "Infinity": b'{"k":Infinity}',
    "minus Infinity": b'{"k":-Infinity}',
    "float": b'{"k":1.5}',
    "exponent": b'{"k":1e3}',
    "minus zero float": b'{"k":-0.0}',
    "huge int": b'{"k":' + b"9" * 400 + b"}",
    "int of 10,000 digits": b'{"k":' + b"9" * 10_000 + b"}",
    "2^53": b'{"k":9007199254740992}',
    "minus 2^53": b'{"k":-9007199254740992}',
    "lone high surrogate": b'{"reason":"\\ud800"}',
    "lone low surrogate": b'{"reason":"\\udc00"}',
    "surrogate as key": b'{"\\ud800":1}',
    "surrogates reversed": b'{"reason":"\\udc00\\ud800"}',
    "raw surrogate": b'{"reason":"\xed\xa0\x80"}',
    "invalid UTF-8": b'{"reason":"\xff"}',
    "overlong UTF-8": b'{"reason":"\xc0\xaf"}',
    "byte order mark": b'\xef\xbb\xbf{"reason":"a"}',
    "UTF-16": '{"reason":"a"}'.encode("utf-16"),
    "UTF-32": '{"reason":"a"}'.encode("utf-32"),
    "NUL": b"\x00",
    "NUL behind": b"{}\x00",
    "trailing value": b"{} {}",
    "trailing comma": b'{"reason":"a",}',
    "comment": b'{"reason":"a"/* b */}',
    "single quotes": b"{'reason':'a'}",
    "control in string": b'{"reason":"\x01"}',
    "newline in string": b'{"reason":"\n"}',
    "bad escape": b'{"reason":"\\x41"}',
    "half escape": b'{"reason":"\\u12"}',
    "unquoted key": b"{reason:1}",
    "leading zero": b'{"k":01}',
    "plus sign": b'{"k":+1}',
    "hexadecimal": b'{"k":0x1}',
    "True": b'{"k":True}',
    "undefined": b"undefined",
    "a form": b"a=1&b=2",
    "XML": b"<a/>",
    "pickle": b"\x80\x04K\x01.",
    "gzip": b"\x1f\x8b\x08\x00\x00",
    "unterminated string": b'{"reason":"' + b"a" * 5_000,
    "many quotes": b'"' * 9_999,
    "many backslashes": b'{"reason":"' + b"\\" * 9_999 + b'"}',
    "many commas": b"[" + b"," * 9_999 + b"]",
    "many colons": b"{" + b":" * 9_999 + b"}",
}

#: Well-formed JSON of the wrong shape.
WRONG: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 0,
    "string": "a",
    "empty list": [],
    "list of lists": [[[]]],
    "list of null": [None] * 100,
    "unknown field": {"\u0000": 1},
    "prototype": {"__proto__": {"admin": True}, "constructor": 1},
    "every field null": {
        "digests": None, "draft": None, "dataset": None, "decision": None,
        "leaves": None, "tx": None, "operation": None, "reason": None, "use": None,
    },
    "every field a list": {
        "digests": [[]], "draft": [], "dataset": [], "decision": [], "leaves": [],
        "tx": [], "operation": [], "reason": [], "use": [], "request": [],
    },
    "every field an object": {
        "digests": {}, "draft": {}, "dataset": {}, "decision": {}, "leaves": {},
        "tx": {}, "operation": {}, "reason": {}, "use": {}, "request": {},
    },
    "booleans for integers": {"index": True, "k": True, "uses": False},
    "strings for integers": {"index": "1", "k": "1", "uses": "1"},
    "negative": {"index": -1, "k": -1, "uses": -1, "deadline_s": -1},
    "2^53-1": {"index": 9007199254740991, "k": 9007199254740991},
    "long string": {"reason": "a" * 100_000, "dataset": "b" * 100_000},
    "odd text": {"reason": "\u202e\u0000\U0010ffff", "dataset": "../../etc/passwd"},
    "formula": {"name": "=cmd|'/c calc'!A1", "dataset": "'; DROP TABLE row; --"},
    "ten thousand fields": {str(n): n for n in range(10_000)},
}  # fmt: skip

BODIES = {
    **NOT_JSON,
    **{name: json.dumps(value).encode() for name, value in WRONG.items()},
    "10 MB string": b'{"reason":"' + b"a" * 10_000_000 + b'"}',
    "10 MB of brackets": b"[" * 10_000_000,
    "10 MB of space": b" " * 10_000_000,
}

TAKING = [route for route in ROUTES if route.body is not None]


def caller_of(route: Route) -> str:
    """Somebody who may call a route."""
    if route.access.kind == "person":
        return sorted(route.access.roles)[0]
    return "agency" if route.access.kind == "agency" else "nobody"


def test_there_are_75_or_more() -> None:
    """The collection is as large as was promised."""
    assert len(BODIES) >= 75


@pytest.mark.parametrize("route", TAKING, ids=lambda route: route.name)
def test_hostile_bodies(world: World, route: Route) -> None:
    """No body makes a route fail, hang, or answer anything but a problem."""
    assert route.body is not None
    path = example_path(route.path)
    if route.path.endswith("inputs/{agency}/{name}"):
        path += "?part=0"
    headers = {"content-type": route.body.media.replace("*/*", "text/plain")}
    if route.if_match:
        headers["if-match"] = '"x"'
    for name, data in BODIES.items():
        before = time.monotonic()
        response = world.call(caller_of(route), route.method, path, data, headers)
        took = time.monotonic() - before
        assert took < 5, (name, took)
        # A part of a column is bytes: the job it names may be unknown for now.
        away = response.status_code == 503 and route.body.media != JSON
        assert response.status_code < 500 or away, (name, response.data[:500])
        if response.status_code >= 400:
            report = problem(response)
            assert len(response.data) < 20_000, name
            assert "Traceback" not in report["detail"], name
        else:  # a table may hold anything that is text
            assert route.path == "/v1/drafts", (name, response.data[:200])


@pytest.mark.parametrize(
    "route",
    [route for route in TAKING if route.body and route.body.media == JSON],
    ids=lambda route: route.name,
)
def test_not_json_is_never_taken(world: World, route: Route) -> None:
    """Where JSON is expected, what is not strict JSON is 400 or earlier."""
    headers = {"if-match": '"x"'} if route.if_match else {}
    path = example_path(route.path)
    for name, data in NOT_JSON.items():
        response = world.call(caller_of(route), route.method, path, data, headers)
        assert response.status_code in (400, 413), (name, response.data[:300])


@pytest.mark.parametrize(
    "route",
    [route for route in TAKING if route.body and route.body.media != "*/*"],
    ids=lambda route: route.name,
)
def test_another_media_type_is_415(world: World, route: Route) -> None:
    """A body of another type is refused before it is read."""
    headers = {"content-type": "application/x-tar"}
    if route.if_match:
        headers["if-match"] = '"x"'
    path = example_path(route.path)
    if route.path.endswith("inputs/{agency}/{name}"):
        path += "?part=0"
    response = world.call(caller_of(route), route.method, path, b"{}", headers)
    assert response.status_code == 415
    problem(response)


def test_a_route_without_a_body_refuses_one(world: World) -> None:
    """What is not expected is not ignored."""
    response = world.call("steward", "GET", "/v1/me", b"{}")
    assert response.status_code == 400
    problem(response)


def test_errors_name_the_field_and_not_the_value(world: World) -> None:
    """A validation report says where, and never what stood there."""
    body = {"digests": ["SECRET-" * 5]}
    response = world.call("steward", "POST", "/v1/anchors", body)
    report = problem(response)
    assert report["errors"][0]["field"] == "digests.0"
    assert "SECRET" not in response.get_data(as_text=True)
