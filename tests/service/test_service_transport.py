"""Calls to peers: signed, bounded, and honest about who did not answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx
import pytest

from privshare import errors
from privshare.errors import GrantExpired, NotFound, Unauthenticated, Unavailable
from privshare.exchange import transport
from privshare.exchange.peers import Peers
from privshare.exchange.transport import HttpPeers
from privshare.schemes import http_signature
from privshare.schemes.http_signature import Message
from privshare.schemes.keys import SigningKey

KEY = SigningKey.from_seed(bytes(32))
URL = "http://127.0.0.1:7102"


def _peers(answer: Callable[[httpx.Request], httpx.Response]) -> HttpPeers:
    def url(agency: str) -> str:
        if agency == "nobody":
            raise NotFound("expected an agency, found none")
        return "" if agency == "mute" else URL

    client = httpx.Client(transport=httpx.MockTransport(answer))
    made: Peers = HttpPeers("tax", KEY, url, lambda: 1000, client)
    assert isinstance(made, HttpPeers)
    return made


def _problem(status: int, **members: object) -> httpx.Response:
    headers = {"content-type": "application/problem+json"}
    return httpx.Response(status, headers=headers, content=json.dumps(members))


@pytest.mark.parametrize("body", [None, {"a": [1, None]}, b"\x00\x01" * 99])
def test_a_call_is_signed(body: object) -> None:
    """The peer can verify who called, and what was sent."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b'{"done":true}')

    path = "/v1/peer/jobs/x/inputs/tax/deed?part=3"
    assert _peers(answer).call("title", "PUT", path, body) == {"done": True}  # type: ignore[arg-type]
    request = seen[0]
    headers = dict(request.headers)
    claim = http_signature.parse(Message.of_url("PUT", URL + path, headers))
    http_signature.verify(claim, KEY.verify_key, 1000)
    assert claim.keyid == f"tax/{KEY.verify_key.kid}"
    if body is not None:
        assert headers["content-digest"] == http_signature.content_digest(
            request.content
        )


def test_a_named_error_comes_back() -> None:
    """What the peer raised is raised here, with its detail and its name."""
    peers = _peers(
        lambda _: _problem(
            403,
            title="GrantExpired",
            detail="expected a, found b",
            fix="do c",
            rule="grant.expired",
            party="somebody else",
        )
    )
    with pytest.raises(GrantExpired) as error:
        peers.call("title", "GET", "/v1/peer/x")
    assert error.value.message == "expected a, found b"
    assert error.value.fix == "do c"
    assert error.value.detail["rule"] == "grant.expired"
    assert error.value.detail["party"] == "title"


@pytest.mark.parametrize("title", ["Exception", "__class__", "annotations", "", "x y"])
def test_a_name_that_is_none_of_ours(title: str) -> None:
    """A peer cannot make us raise anything but our own errors."""
    peers = _peers(lambda _: _problem(404, title=title, detail="d"))
    with pytest.raises(errors.PrivShareError) as error:
        peers.call("title", "GET", "/v1/peer/x")
    assert error.value.detail["party"] == "title"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b'{"a":1,"a":2}'),
        httpx.Response(302, headers={"location": "http://127.0.0.1:1/"}),
        httpx.Response(502, content=b"bad gateway"),
        httpx.Response(500, content=b""),
    ],
    ids=["html", "duplicate keys", "redirect", "gateway", "nothing"],
)
def test_other_answers_are_unavailable(answer: httpx.Response) -> None:
    """What no node of ours answers is as good as no answer, and names the party."""
    with pytest.raises(Unavailable) as error:
        _peers(lambda _: answer).call("title", "GET", "/v1/peer/x")
    assert error.value.detail["party"] == "title"


def test_nobody_there() -> None:
    """A connection that fails is Unavailable with the agency's name."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(Unavailable) as error:
        _peers(refuse).call("title", "GET", "/v1/peer/x")
    assert error.value.detail["party"] == "title"


def test_too_long_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer has a bound, whatever its headers say."""
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1000)
    answer = httpx.Response(200, content=b'"' + b"a" * 2000 + b'"')
    with pytest.raises(Unavailable):
        _peers(lambda _: answer).call("title", "GET", "/v1/peer/x")


def test_agencies_without_an_address() -> None:
    """No address and no agency are told apart."""
    peers = _peers(lambda _: httpx.Response(200))
    with pytest.raises(Unavailable):
        peers.call("mute", "GET", "/v1/peer/x")
    with pytest.raises(NotFound):
        peers.call("nobody", "GET", "/v1/peer/x")


def test_a_node_that_just_started_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stale request is signed anew, once; other refusals are not repeated."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    signatures: list[str] = []

    def stale_first(request: httpx.Request) -> httpx.Response:
        signatures.append(request.headers["signature"])
        if len(signatures) == 1:
            return _problem(401, title="Unauthenticated", detail="d", reason="stale")
        return httpx.Response(200, content=b"null")

    assert _peers(stale_first).call("title", "GET", "/v1/peer/x") is None
    assert len(set(signatures)) == 2
    calls: list[int] = []

    def refuse(_: httpx.Request) -> httpx.Response:
        calls.append(1)
        return _problem(401, title="Unauthenticated", detail="d", reason="key")

    with pytest.raises(Unauthenticated):
        _peers(refuse).call("title", "GET", "/v1/peer/x")
    assert len(calls) == 1
