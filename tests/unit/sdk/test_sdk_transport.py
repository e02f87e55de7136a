"""Requests on the wire: signed, bounded, and errors by their names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from sdk_kit import URL, Clock, Node, awaiting, blocking, problem, signer

from privshare.errors import (
    ConfigError,
    GrantExpired,
    NotFound,
    NotPermitted,
    OutOfRange,
    Unauthenticated,
    Unavailable,
)
from privshare.schemes import http_signature
from privshare.schemes.keys import SigningKey
from privshare.sdk import transport
from privshare.sdk.call import Request

KEY = SigningKey.from_seed(bytes(32))


def claim_of(request: httpx.Request) -> http_signature.Claim:
    """Verify a request as a node would."""
    message = http_signature.Message.of_url(
        request.method, str(request.url), dict(request.headers)
    )
    claim = http_signature.parse(message)
    return http_signature.verify(claim, KEY.verify_key, int(Clock().now))


def test_every_request_is_signed_over_its_body() -> None:
    """A node can verify the signature, and the digest is that of the body."""
    node = Node({"POST /v1/x": (200, {})})
    net = blocking(node, Clock())
    net._driver.run(net._session.send("POST", "/v1/x", {"a": 1}))
    (request,) = node.asked
    assert KEY.verify_key.kid == claim_of(request).keyid
    expected = http_signature.content_digest(b'{"a":1}')
    assert expected == request.headers["content-digest"]
    assert request.headers["idempotency-key"]


def test_nonces_are_fresh() -> None:
    """Two equal requests carry different nonces."""
    node = Node({})
    net = blocking(node, Clock())
    net.hello()
    net.hello()
    nonces = {claim_of(request).nonce for request in node.asked}
    assert len(node.asked) == len(nonces)


def test_a_file_is_sent_whole(tmp_path: Path) -> None:
    """A file travels in pieces, under the digest and length of the whole."""
    data = bytes(range(256)) * 20_000
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    node = Node({"POST /v1/drafts": (201, {"draft": "d"})})
    clock = Clock()
    net, later = blocking(node, clock), awaiting(node, clock)
    net._driver.run(net._session.upload("/v1/drafts", path, "text/csv", "table.csv"))
    asyncio.run(
        later._driver.run(
            later._session.upload("/v1/drafts", path, "text/csv", "table.csv")
        )
    )
    for request in node.asked:
        assert data == request.content
        expected = http_signature.content_digest(data)
        assert expected == request.headers["content-digest"]
        assert str(len(data)) == request.headers["content-length"]
        assert "transfer-encoding" not in request.headers
        claim_of(request)


def test_problems_become_the_errors_they_were() -> None:
    """A title of our tree raises that class, with rule, fix and trace."""
    node = Node(
        {
            "GET /v1/me": problem(
                403, "GrantExpired", "too late", fix="ask", rule="grant.expired"
            )
        }
    )
    with pytest.raises(GrantExpired, match="too late") as caught:
        blocking(node, Clock()).hello()
    assert caught.value.fix == "ask"
    assert caught.value.detail["rule"] == "grant.expired"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(404, text="<html>"), NotFound),
        (problem(403, "Forbidden", "by a proxy"), NotPermitted),
        (problem(401, "__class__", "odd title"), Unauthenticated),
        (problem(500, "Internal Server Error", "a fault"), Unavailable),
        (problem(502, "errors", "a module's name"), Unavailable),
        (httpx.Response(302, headers={"location": "http://x/"}), Unavailable),
    ],
)
def test_foreign_answers_get_the_error_of_their_status(
    answer: httpx.Response, error: type[Exception]
) -> None:
    """What is not ours is judged by its status, and never followed."""
    node = Node({"GET /v1/me": lambda _: answer})
    with pytest.raises(error):
        blocking(node, Clock()).hello()
    assert all(request.url.host == "127.0.0.1" for request in node.asked)


def test_a_node_that_is_away_is_unavailable() -> None:
    """A refused connection is asked again, and then names the node."""
    clock = Clock()

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    node = Node({"GET /v1/meta": away})
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:7101"):
        blocking(node, clock).hello()
    assert len(node.asked) == 3
    assert clock.pauses == [0.25, 1.0]


def test_a_repeated_write_keeps_its_idempotency_key() -> None:
    """The node sees the same key again, so that nothing is done twice."""
    busy = problem(503, "Unavailable", "busy")
    busy.headers["retry-after"] = "2"
    node = Node({"POST /v1/x": [busy, (201, {"id": "1"})]})
    clock = Clock()
    net = blocking(node, clock)
    net._driver.run(net._session.send("POST", "/v1/x", {}))
    first, second = node.asked
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["signature"] != second.headers["signature"]
    assert clock.pauses == [2]


def test_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that sends without end is stopped."""
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1000)
    node = Node({"GET /v1/meta": (200, b"x" * 1001)})
    with pytest.raises(OutOfRange):
        blocking(node, Clock()).hello()
    with pytest.raises(OutOfRange):
        asyncio.run(awaiting(node, Clock()).hello())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:7101",
        "ftp://x",
        "http://",
        "http://a:b@c",
        "http://x/?a",
        "file:///x",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    """Only http and https with a host, and no password in the address."""
    with pytest.raises(ConfigError):
        transport.checked_url(url)


def test_without_a_key_nothing_is_signed() -> None:
    """The public routes need no signature."""
    bare = transport.Signer(URL)
    assert "signature" not in bare.headers(Request("GET", "/v1/meta"))


def test_no_secret_in_reprs() -> None:
    """Neither the signer nor a request's repr shows key or body."""
    shown = repr(signer(Clock())) + repr(Request("POST", "/", body=b"hush"))
    assert "hush" not in shown
    assert bytes(32).hex() not in shown
