"""Signed requests: every part that is changed is noticed, and none is replayed."""

from __future__ import annotations

import json
import secrets
import time

import pytest
from service_kit import URL, Caller, World, problem

from privshare.ledger.transaction import build
from privshare.schemes import http_signature
from privshare.schemes.keys import SigningKey
from privshare.service.auth import ReplayCache
from privshare.service.running import authenticator
from privshare.wire import envelope

PATH = "/v1/anchors"
BODY = b'{"digests":["' + b"A" * 43 + b'"]}'


def _reason(world: World, path: str, body: bytes, headers: dict[str, str]) -> str:
    response = world.send("POST", path, body, headers)
    assert response.status_code == 401
    report = problem(response)
    assert report["title"] == "Unauthenticated"
    assert report["fix"]
    return str(report["reason"])


def test_a_signed_request_passes_once(world: World) -> None:
    """The same request again is a replay."""
    headers = world.signed(world.people["steward"], "POST", PATH, BODY)
    assert world.send("POST", PATH, BODY, headers).status_code == 201
    assert _reason(world, PATH, BODY, headers) == "replay"


@pytest.mark.parametrize("name", ["host", "content-type", "if-match"])
def test_a_changed_header_is_noticed(world: World, name: str) -> None:
    """What is covered cannot be changed, nor added."""
    headers = world.signed(world.people["steward"], "POST", PATH, BODY)
    changed = {"host": "127.0.0.1:9", "content-type": "text/plain", "if-match": '"x"'}
    expected = "authority" if name == "host" else "signature"
    # A foreign authority is told before the signature is looked at.
    found = _reason(world, PATH, BODY, {**headers, name: changed[name]})
    assert found == expected


def test_an_idempotency_key_cannot_be_added(world: World) -> None:
    """An Idempotency-Key that was not signed is refused."""
    headers = world.signed(world.people["steward"], "POST", PATH, BODY)
    added = {**headers, "idempotency-key": "x"}
    assert _reason(world, PATH, BODY, added) == "signature"


def test_a_changed_body_is_noticed(world: World) -> None:
    """The body is held to the digest that was signed."""
    headers = world.signed(world.people["steward"], "POST", PATH, BODY)
    assert _reason(world, PATH, BODY.replace(b"AA", b"BA", 1), headers) == "digest"


def test_a_changed_digest_is_noticed(world: World) -> None:
    """A digest that fits another body is not the one that was signed."""
    headers = world.signed(world.people["steward"], "POST", PATH, BODY)
    other = BODY.replace(b"AA", b"BA", 1)
    headers["content-digest"] = http_signature.content_digest(other)
    assert _reason(world, PATH, other, headers) == "signature"


def test_a_body_without_a_digest_is_refused(world: World) -> None:
    """A signature over a bodiless request vouches for no body."""
    headers = world.signed(world.people["steward"], "POST", PATH)
    headers["content-type"] = "application/json"
    assert _reason(world, PATH, BODY, headers) == "signature"


@pytest.mark.parametrize("path", ["/v1/drafts", "/v1/anchors?x=1", "/v1/anchor%73"])
def test_another_target_is_noticed(world: World, path: str) -> None:
    """Path and query are signed as they are on the wire."""
    headers = world.signed(world.people["steward"], "POST", PATH, BODY)
    response = world.send("POST", path, BODY, headers)
    assert response.status_code == 401


def test_another_method_is_noticed(world: World) -> None:
    """A signed DELETE cannot be made of a signed GET."""
    path = "/v1/grants/" + "A" * 43
    headers = world.signed(world.people["steward"], "GET", path)
    assert world.send("DELETE", path, b"", headers).status_code == 401


def test_a_request_for_another_node_is_refused(world: World) -> None:
    """A node cannot hand on to us what was signed for it."""
    steward = world.people["steward"]
    headers = world.signed(steward, "POST", PATH, BODY, url="http://127.0.0.1:7102")
    headers["host"] = "127.0.0.1:7102"
    assert _reason(world, PATH, BODY, headers) == "authority"


@pytest.mark.parametrize(
    ("offset", "reason"), [(-70, "stale"), (-3600, "stale"), (60, "early")]
)
def test_times_are_held_to_the_clock(world: World, offset: int, reason: str) -> None:
    """Too old and too new are refused, with what to do."""
    created = int(time.time()) + offset
    steward = world.people["steward"]
    headers = world.signed(steward, "POST", PATH, BODY, created=created)
    assert _reason(world, PATH, BODY, headers) == reason


def test_what_was_signed_before_the_start_is_stale(world: World) -> None:
    """After a restart the nonces are forgotten, so nothing older is taken."""
    context = world.context
    restarted = world.with_context(
        authenticator=authenticator(
            context.node, context.store, context.settings, ReplayCache(int(time.time()))
        )
    )
    headers = world.signed(
        world.people["steward"], "POST", PATH, BODY, created=int(time.time()) - 2
    )
    assert _reason(restarted, PATH, BODY, headers) == "stale"


def test_too_many_nonces_are_not_forgotten(world: World) -> None:
    """A full memory refuses; it never lets a nonce be used again."""
    context = world.context
    full = world.with_context(
        authenticator=authenticator(
            context.node, context.store, context.settings, ReplayCache(0, most=2)
        )
    )
    seen = [full.call("steward", "GET", "/v1/me").status_code for _ in range(3)]
    assert seen == [200, 200, 503]


def test_an_unknown_key_is_refused(world: World) -> None:
    """A key that nobody enrolled is nobody."""
    key = SigningKey.generate()
    stranger = Caller(key, key.verify_key.kid)
    headers = world.signed(stranger, "POST", PATH, BODY)
    assert _reason(world, PATH, BODY, headers) == "key"


def test_a_key_under_another_name_is_refused(world: World) -> None:
    """A signature must be by the key that keyid names."""
    steward, analyst = world.people["steward"], world.people["analyst"]
    headers = world.signed(Caller(analyst.key, steward.keyid), "POST", PATH, BODY)
    assert _reason(world, PATH, BODY, headers) == "signature"


def test_an_agency_is_not_a_person(world: World) -> None:
    """An agency's key opens peer routes and no others."""
    assert world.call("agency", "GET", "/v1/me").status_code == 403
    own = Caller(world.own, world.own.verify_key.kid)
    headers = world.signed(own, "GET", "/v1/me")
    assert world.send("GET", "/v1/me", b"", headers).status_code == 401


def test_somebody_removed_is_nobody(world: World) -> None:
    """A person whose key was removed is refused at once."""
    key = SigningKey.generate()
    kid = key.verify_key.kid
    path = f"/v1/people/{kid}"
    from privshare.wire.canonical import b64u

    body = {"public": b64u(key.verify_key.raw), "roles": ["auditor"], "label": "new"}
    assert world.call("operator", "PUT", path, body).status_code == 200
    caller = Caller(key, kid)
    headers = world.signed(caller, "GET", "/v1/me")
    assert json.loads(world.send("GET", "/v1/me", b"", headers).data)["label"] == "new"
    assert world.call("operator", "DELETE", path).status_code == 204
    headers = world.signed(caller, "GET", "/v1/me")
    assert world.send("GET", "/v1/me", b"", headers).status_code == 401


def test_a_retired_key_of_an_agency_is_refused(world: World) -> None:
    """An agency's key counts until the ledger says otherwise."""
    path = "/v1/peer/datasets/registrar/none"
    assert world.call("agency", "GET", path).status_code == 404
    fresh = SigningKey.generate()
    from privshare.wire.canonical import b64u

    key = {"alg": "ed25519", "pub": b64u(fresh.verify_key.raw), "use": "sign"}
    rotation = build(
        "key.rotate",
        "title",
        {"add": [key], "retire": [world.agency.key.verify_key.kid], "url": None},
        "test",
        secrets.token_bytes(16),
        int(time.time()) + 60,
        [world.agency.key, fresh],
    )
    world.context.node.ledger.submit(envelope.encode(rotation))
    assert world.call("agency", "GET", path).status_code == 401
    world.agency = Caller(fresh, f"title/{fresh.verify_key.kid}")
    assert world.call("agency", "GET", path).status_code == 404


@pytest.mark.parametrize(
    "header",
    ["", "sig=()", "sig=();created=1", 'sig=("@method");alg="ed25519"', "x" * 3000,
     "sig=1, sig=2", 'sig=("@method" "@method")', "\u00e9"],
)  # fmt: skip
def test_malformed_signatures_are_401(world: World, header: str) -> None:
    """Whatever stands in Signature-Input, the answer is 401 and a reason."""
    headers = world.signed(world.people["steward"], "GET", "/v1/me")
    headers["signature-input"] = header
    assert world.send("GET", "/v1/me", b"", headers).status_code == 401


def test_both_ways_to_address_the_node_count(world: World) -> None:
    """The URL on the ledger and the address it listens on are both ours."""
    assert world.context.settings.authorities == {URL.removeprefix("http://")}
