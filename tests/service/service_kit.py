"""One node in this process, with people of every role and a foreign agency.

The ledger, the store and the verbs are the real ones; requests go through the
application as gunicorn would hand them over. What needs several nodes is in
`test_processes.py`.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from privshare.errors import Unavailable
from privshare.exchange.node import Node, NodeKeys
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.enrolment import enrolment
from privshare.ledger.genesis import Params, create_genesis
from privshare.ledger.transaction import build
from privshare.schemes import http_signature
from privshare.schemes.http_signature import Message
from privshare.schemes.keys import SealKey, SigningKey
from privshare.service.app import create_app
from privshare.service.auth import ROLES, ReplayCache
from privshare.service.config import Settings
from privshare.service.context import Context
from privshare.service.limits import Places, RateLimit
from privshare.service.metrics import Metrics
from privshare.service.running import authenticator
from privshare.service.trust import MembersPolicy
from privshare.store.store import Store
from privshare.wire import envelope, note

URL = "http://127.0.0.1:7101"
NETWORK = "test"


class NoPeers:
    """Every other node is away."""

    def call(self, agency: str, *_: object, **__: object) -> None:
        """Nobody answers."""
        raise Unavailable("expected an answer, found none", detail={"party": agency})


@dataclass(frozen=True)
class Caller:
    """Somebody with a key."""

    key: SigningKey
    keyid: str


@dataclass
class World:
    """One node and those who call it."""

    app: Flask
    context: Context
    people: dict[str, Caller]
    agency: Caller
    own: SigningKey
    now: int = field(default_factory=lambda: int(time.time()))

    def signed(
        self,
        caller: Caller,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        created: int | None = None,
        nonce: bytes | None = None,
        url: str = URL,
    ) -> dict[str, str]:
        """The headers of a signed request."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if body:
            sent.setdefault("content-type", "application/json")
            sent["content-digest"] = http_signature.content_digest(body)
        message = Message.of_url(method, url + path, sent)
        return sent | http_signature.sign(
            message,
            caller.key,
            caller.keyid,
            created=int(time.time()) if created is None else created,
            nonce=secrets.token_bytes(16) if nonce is None else nonce,
        )

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Any = None
    ) -> TestResponse:
        """Send a request as it is."""
        return self.app.test_client().open(
            path, base_url=URL, method=method, data=body, headers=headers or {}
        )

    def call(
        self,
        role: str,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """Call as a person of a role, as `agency`, or as `nobody`."""
        data = _bytes(body)
        if role == "nobody":
            sent = dict(headers or {})
            if data:
                sent.setdefault("content-type", "application/json")
            return self.send(method, path, data, sent)
        caller = self.agency if role == "agency" else self.people[role]
        return self.send(
            method, path, data, self.signed(caller, method, path, data, headers)
        )

    def with_context(self, **changes: Any) -> World:
        """The same node with another part."""
        context = replace(self.context, **changes)
        return replace(self, app=create_app(context), context=context)


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def make_world(folder: Path) -> World:
    """Found a network of one host, admit one agency, let people in."""
    own, log, foreign = (SigningKey.generate() for _ in range(3))
    seal = SealKey.generate()
    keys = [
        ("sign", "ed25519", own.verify_key.raw),
        ("seal", "x25519", seal.public_key.raw),
    ]
    present = enrolment("registrar", NETWORK, URL, keys, [own])
    vkey = note.Vkey("test/log", note.ED25519, log.verify_key.raw)
    genesis = create_genesis(
        NETWORK, "test/log", str(vkey), present, Params(), int(time.time())
    )
    ledger = EmbeddedLedger.create(folder / "ledger", genesis, log)
    other = enrolment(
        "title",
        NETWORK,
        "http://127.0.0.1:7102",
        [("sign", "ed25519", foreign.verify_key.raw)],
        [foreign],
    )
    admission = build(
        "org.admit",
        "registrar",
        {"enrolment": envelope.to_json(other), "roles": []},
        NETWORK,
        secrets.token_bytes(16),
        int(time.time()) + 300,
        [own],
    )
    ledger.submit(envelope.encode(admission))
    store = Store.open(folder / "node.db")
    people = {}
    for role in ROLES:
        key = SigningKey.generate()
        public = key.verify_key
        store.put_person(public.kid, public.raw, [role], role, 1)
        people[role] = Caller(key, public.kid)
    settings = Settings(
        agency="registrar", network=NETWORK, role="host", url=URL, bind="127.0.0.1:7101"
    )
    node = Node(
        agency="registrar",
        network=NETWORK,
        ledger=ledger,
        store=store,
        keys=NodeKeys(own, None, (seal,)),
        peers=NoPeers(),  # type: ignore[arg-type]
        clock=lambda: int(time.time()),
        need=MembersPolicy(ledger).now,
    )
    context = Context(
        node=node,
        store=store,
        settings=settings,
        authenticator=authenticator(node, store, settings, ReplayCache(0)),
        metrics=Metrics(),
        people_rate=RateLimit(1e6, 1e6),
        public_rate=RateLimit(1e6, 1e6),
        streams=Places(4),
        places=Places(8),
        ready=lambda: "",
    )
    caller = Caller(foreign, f"title/{foreign.verify_key.kid}")
    return World(create_app(context), context, people, caller, own)


def problem(response: TestResponse) -> dict[str, Any]:
    """The problem report in an answer; every refusal is one."""
    assert response.headers["Content-Type"] == "application/problem+json", (
        response.status,
        response.data[:300],
    )
    report = json.loads(response.data)
    assert {"type", "title", "status", "detail", "fix", "trace"} <= report.keys()
    assert report["status"] == response.status_code
    return dict(report)


EXAMPLES = {
    "agency": "title",
    "code": "A" * 43,
    "epoch": "1",
    "file": "record.json",
    "id": "A" * 43,
    "index": "0",
    "job": "A" * 43,
    "key": "R-1",
    "name": "deeds",
    "path": "0/000",
    "submission": "A" * 43,
    "survey": "A" * 43,
}


def example_path(template: str) -> str:
    """A path of a route's form."""
    return template.format(**EXAMPLES)
