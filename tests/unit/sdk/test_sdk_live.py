"""Both clients against the real application, in this process.

One node hosts its own network here, so there are no witnesses and no other
agency; whole networks are in tests/journeys and tests/unit/cli.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from privshare.errors import (
    Conflict,
    EncodingError,
    EvidenceInvalid,
    NotFound,
    NotPermitted,
)
from privshare.rights.policy import Permission, Policy
from privshare.sdk import transport
from privshare.sdk.call import Awaiting, Blocking
from privshare.sdk.client import Client
from privshare.sdk.session import Session

KIT = Path(__file__).parents[2] / "service" / "service_kit.py"
CSV = b"parcel_id,district,tax_paid\n" + b"".join(
    b"P%03d,%s,%d.50\n" % (i, (b"Old Wall", b"Tea Terraces")[i % 2], i)
    for i in range(40)
)


def _kit() -> ModuleType:
    """The service's own kit for tests, by its path."""
    spec = importlib.util.spec_from_file_location("service_kit_of_sdk", KIT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Wsgi(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The application as gunicorn would call it, with the raw target."""

    def __init__(self, app: Any) -> None:
        def with_target(environ: dict[str, Any], start: Any) -> Any:
            environ["RAW_URI"] = self.target
            return app(environ, start)

        self._inner = httpx.WSGITransport(with_target)
        self.target = ""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.target = request.url.raw_path.decode()
        answer = self._inner.handle_request(request)
        return httpx.Response(
            answer.status_code, headers=answer.headers, content=answer.read()
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        plain = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
        )
        return self.handle_request(plain)


@pytest.fixture(scope="module")
def kit() -> ModuleType:
    """The service's kit."""
    return _kit()


@pytest.fixture(scope="module")
def world(kit: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One node, shared by the tests of this module."""
    made = kit.make_world(tmp_path_factory.mktemp("node"))
    yield made
    made.context.store.close()
    made.context.node.ledger.close()


def _parts(world: Any, kit: ModuleType, role: str) -> tuple[transport.Signer, Session]:
    trust = httpx.Client(transport=Wsgi(world.app)).get(kit.URL + "/v1/trust").text
    return transport.Signer(kit.URL, world.people[role].key), Session(trust)


def connect(world: Any, kit: ModuleType, role: str) -> Client[Blocking]:
    """A blocking client with one role."""
    signer, session = _parts(world, kit, role)
    driver = transport.blocking(signer, Wsgi(world.app))
    return Client(driver, session, kit.URL).hello()


def connect_async(world: Any, kit: ModuleType, role: str) -> Client[Awaiting]:
    """An awaiting client with one role."""
    signer, session = _parts(world, kit, role)
    return Client(transport.awaiting(signer, Wsgi(world.app)), session, kit.URL)


def policy(dataset: str) -> dict[str, Any]:
    """A policy with one rule."""
    rule = Permission(
        "totals",
        purposes=("housing-policy",),
        grantees=("*",),
        operations=("count", "mean", "sum"),
        columns=("tax_paid",),
        group_by=("district",),
        programs=("he.sum/v2",),
        min_k=10,
        max_days=90,
        max_uses=20,
        max_budget=0,
        confirmations=1,
    )
    return dict(Policy(dataset, (rule,)).to_json())


def test_a_steward_publishes_governs_and_ends(world: Any, kit: ModuleType) -> None:
    """Publish, find, change the policy, erase, retire: each with a true receipt."""
    with connect(world, kit, "steward") as net:
        name = "registrar/deed-tax"
        made = net.publish(
            CSV, "deed-tax", title="Deed tax", key="parcel_id", policy=policy(name)
        )
        assert (name, 40, "registered") == (made.name, made.rows, made.status)
        assert made.receipt is not None
        assert made.receipt.verify().outcome == "valid"
        assert [name] == [one.name for one in net.catalog.search("deed")]
        assert policy(name) == net[name].policy()
        changed = {**policy(name), "rules": []}
        assert net[name].set_policy(changed).operation == "dataset.publish"
        assert changed == net[name].policy()
        assert net[name].erase("P003").operation == "record.erase"
        with pytest.raises(NotFound):
            net[name].erase("P003")
        with pytest.raises(Conflict):
            net.publish(CSV, "deed-tax", title="again", policy=policy(name))
        assert net[name].privacy()["account"] is None
        opened: Any = net[name].set_privacy_budget(7_000)
        assert opened["account"]["left"] == 7_000
        assert net[name].say_apart("A" * 43, "B" * 42 + "A", rows=9) == opened
        assert net[name].privacy() == opened
        assert net[name].retire().operation == "dataset.retire"
        assert len(net.receipts()) == 4
        assert net.receipt(net.receipts()[0].str("id")).operation == "dataset.retire"


def test_a_bad_table_names_its_row(world: Any, kit: ModuleType) -> None:
    """The node's message reaches the caller with row and column."""
    net = connect(world, kit, "steward")
    with pytest.raises(EncodingError) as caught:
        net.publish(b"a,b\n1,2\n3\n", "bad", title="bad")
    assert "row" in str(caught.value.detail) or "row" in caught.value.message


def test_roles_are_heard(world: Any, kit: ModuleType) -> None:
    """An analyst publishes nothing, and is told which role would."""
    net = connect(world, kit, "analyst")
    with pytest.raises(NotPermitted, match="steward"):
        net.publish(CSV, "other", title="other")


def test_a_file_is_anchored_and_proven(
    world: Any, kit: ModuleType, tmp_path: Path
) -> None:
    """The receipt of a file verifies with the file, and with no other."""
    file = tmp_path / "contract.pdf"
    file.write_bytes(b"a contract")
    net = connect(world, kit, "analyst")
    proof = net.anchor(file)
    assert proof.operation == "anchor"
    saved = proof.save(tmp_path / "contract")
    assert tmp_path / "contract.psr" == saved
    forged = type(proof)(bytes(proof), {"file": b"another"}, net.trust)
    with pytest.raises(Exception, match="step"):
        forged.verify()


def test_a_receipt_under_another_trust_is_refused(world: Any, kit: ModuleType) -> None:
    """What the pinned policy does not vouch for is not returned."""
    net = connect(world, kit, "analyst")
    proof = net.anchor(b"something")
    other = kit.SigningKey.generate()
    from privshare.log.checkpoint import LogKey

    foreign = f"log {LogKey('test/log', other.verify_key)}\nquorum none\n"
    with pytest.raises(Exception, match="checkpoint"):
        proof.verify(trust=foreign)
    with pytest.raises(Exception, match="checkpoint"):
        proof.verify(trust="")


def test_another_receipt_in_its_place_is_caught(
    world: Any, kit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that answers with a true receipt of another transaction is told."""
    net = connect(world, kit, "analyst")
    net.anchor(b"one")
    net.anchor(b"two")
    first, second = (one.str("id") for one in net.receipts()[:2])
    store = world.context.store
    swapped = {first: second, second: first}
    found = type(store).receipt
    monkeypatch.setattr(
        type(store), "receipt", lambda self, name: found(self, swapped.get(name, name))
    )
    with pytest.raises(EvidenceInvalid):
        net.receipt(first)


def test_the_awaiting_client_does_the_same(world: Any, kit: ModuleType) -> None:
    """Anchoring, listing and reading, concurrently, on an event loop."""

    async def run() -> list[str]:
        async with connect_async(world, kit, "analyst") as net:
            await net.hello()
            assert net.roles == ("analyst",)
            proofs = await asyncio.gather(*(net.anchor(b"%d" % i) for i in range(3)))
            assert len(await net.receipts()) >= 3
            with pytest.raises(NotFound):
                await net["registrar/none"]
            return [proof.operation for proof in proofs]

    assert asyncio.run(run()) == ["anchor"] * 3


def test_a_bundle_holds_verified_receipts(world: Any, kit: ModuleType) -> None:
    """The bundle opens, and holds what the drawer has."""
    from privshare.audit.bundle import open_bundle

    net = connect(world, kit, "analyst")
    net.anchor(b"bundled")
    opened = open_bundle(net.bundle(limit=3))
    assert len(opened.receipts) == 3
