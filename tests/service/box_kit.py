"""Two nodes on one ledger in this process, and accounts of their people.

Calls between the nodes are the real ones, signed and read; what is left out is
the socket.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from flask import Flask
from service_kit import NETWORK, URL, Caller, World, make_world

from privshare.bridge.node_store import NodeStore
from privshare.exchange.box_room import Boxes
from privshare.exchange.node import NodeKeys
from privshare.exchange.transport import HttpPeers
from privshare.jobs.submission.account import Enrolment
from privshare.schemes.keys import SigningKey
from privshare.sdk.call import Blocking
from privshare.sdk.client import Client
from privshare.sdk.session import Session
from privshare.sdk.transport import Signer, blocking
from privshare.service.app import create_app
from privshare.service.auth import ROLES, ReplayCache
from privshare.service.config import Settings
from privshare.service.context import Context
from privshare.service.running import authenticator
from privshare.wire.canonical import b64u, encode

TITLE_URL = "http://127.0.0.1:7102"

#: Accounts: of the registrar, which owns data, and of the title agency.
STEWARD = "steward@registrar.example"
ADA = "ada@title.example"
BO = "bo@title.example"


class Wires(httpx.BaseTransport):
    """Every node of the network, without a socket."""

    def __init__(self) -> None:
        self.apps: dict[str, Flask] = {}
        self.sent: list[tuple[str, str, bytes]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the application that listens at the request's address."""
        url = request.url
        target = url.raw_path.decode()
        body = request.read()
        self.sent.append((request.method, target, body))
        answer = (
            self.apps[f"{url.scheme}://{url.netloc.decode()}"]
            .test_client()
            .open(
                target,
                base_url=f"{url.scheme}://{url.netloc.decode()}",
                method=request.method,
                data=body,
                headers=[(k, v) for k, v in request.headers.items()],
            )
        )
        return httpx.Response(
            answer.status_code, headers=list(answer.headers), content=answer.data
        )


@dataclass
class Two:
    """The registrar's node and the title agency's."""

    registrar: World
    title: World
    wires: Wires
    enrolled: dict[str, Enrolment] = field(default_factory=dict)

    def world(self, agency: str) -> World:
        """A node by its agency."""
        return self.title if agency == "title" else self.registrar

    def enrol(
        self, account: str, agency: str, key: bytes = b"k" * 32, **changes: Any
    ) -> Enrolment:
        """Enter an account in the ledger."""
        made = Enrolment(
            account=account,
            agency=agency,
            key=key,
            network=NETWORK,
            salt=secrets.token_bytes(32),
            system="syft",
        )
        made = replace(made, **changes)
        node = self.world(agency).context.node
        node.submit("account.enrol", {"account": b64u(made.id())})
        self.enrolled[account] = made
        return made

    def end(self, account: str) -> None:
        """End an account."""
        made = self.enrolled[account]
        self.world(made.agency).context.node.submit(
            "account.end", {"account": b64u(made.id()), "reason": "left"}
        )

    def client(self, agency: str, person: Caller) -> Client[Blocking]:
        """A connection of a person to the node of an agency."""
        url = TITLE_URL if agency == "title" else URL
        driver = blocking(Signer(url, person.key), self.wires)
        client: Client[Blocking] = Client(driver, Session(""), url)
        return driver.run(client._hello(named=True))

    def store(self, account: str, role: str = "analyst") -> NodeStore:
        """A store of an account, not signed in."""
        agency = "title" if account.endswith("title.example") else "registrar"
        person = self.world(agency).people[role]
        agencies = {STEWARD: "registrar", ADA: "title", BO: "title"}
        return NodeStore(self.client(agency, person), account, agencies)

    def document(self, account: str) -> bytes:
        """An account's enrolment, as `opened` carries it."""
        return encode(self.enrolled[account].to_json())

    def close(self) -> None:
        """Close both nodes."""
        self.title.context.store.close()
        self.registrar.context.store.close()
        self.registrar.context.node.ledger.close()


def make_two(folder: Path) -> Two:
    """Two nodes that reach each other."""
    wires = Wires()
    first = make_world(folder)
    registrar = _world(first, wires, "registrar", URL, first.own, first.people)
    store = type(first.context.store).open(folder / "title.db")
    people = {}
    for role in ROLES:
        key = SigningKey.generate()
        store.put_person(key.verify_key.kid, key.verify_key.raw, [role], role, 1)
        people[role] = Caller(key, key.verify_key.kid)
    title = _world(
        replace(first, context=replace(first.context, store=store)),
        wires,
        "title",
        TITLE_URL,
        first.agency.key,
        people,
    )
    wires.apps = {URL: registrar.app, TITLE_URL: title.app}
    return Two(registrar, title, wires)


def _world(
    base: World,
    wires: Wires,
    agency: str,
    url: str,
    key: SigningKey,
    people: dict[str, Caller],
) -> World:
    context: Context = base.context
    urls = {"registrar": URL, "title": TITLE_URL}
    node = replace(
        context.node,
        agency=agency,
        store=context.store,
        keys=NodeKeys(key, None, context.node.keys.seal),
        peers=HttpPeers(
            agency,
            key,
            urls.__getitem__,
            context.node.clock,
            httpx.Client(transport=wires),
        ),
        boxes=Boxes(),
        doors={},
    )
    settings = Settings(
        agency=agency,
        network=NETWORK,
        role="host",
        url=url,
        bind=urlsplit(url).netloc,
    )
    made = replace(
        context,
        node=node,
        settings=settings,
        authenticator=authenticator(node, context.store, settings, ReplayCache(0)),
    )
    return replace(base, app=create_app(made), context=made, people=people)
