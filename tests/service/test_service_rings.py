"""Rings over HTTP: registered by stewards, spoken through by nobody in particular."""

from __future__ import annotations

import io
import itertools
import json
import secrets
import time
import zipfile
from dataclasses import dataclass
from typing import Any

import pytest
from service_kit import NETWORK, World, problem

from privshare.exchange import drawer, party, ring_view
from privshare.ledger.api import View
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.ring_statement import Place, SignedStatement, sign
from privshare.ledger.transaction import build
from privshare.schemes.ring import Ring
from privshare.schemes.ring_key import RingKey
from privshare.sdk.document import Document
from privshare.sdk.ring import members_of, statement_id
from privshare.service.auth import ROLES
from privshare.service.limits import RateLimit
from privshare.store.store import Store
from privshare.wire import envelope
from privshare.wire.canonical import b64u

KEYS = [RingKey.from_bytes(bytes([n]) + bytes(31)) for n in range(2, 6)]
_numbers = itertools.count(1)


def answer(response: Any, status: int = 200) -> Any:
    """The JSON of an answer with this status."""
    assert response.status_code == status, response.data[:400]
    return json.loads(response.data)


def registration(name: str = "officials", **changes: Any) -> dict[str, Any]:
    """What a steward sends."""
    return {"keys": [b64u(key.public) for key in KEYS], "name": name} | changes


@dataclass
class Stage:
    """A node, and a ring of four that it hosts."""

    world: World
    name: str

    def call(self, *args: Any) -> Any:
        """Call the node."""
        return self.world.call(*args)

    def statement(
        self,
        key: RingKey = KEYS[1],
        message: bytes = b"It happens.",
        scope: str = "misuse",
    ) -> SignedStatement:
        """Somebody's statement."""
        place = Place(NETWORK, self.name, 1, scope)
        return sign(message, place, Ring.of([key.public for key in KEYS]), key)

    def post(self, body: Any) -> Any:
        """Post a statement as nobody."""
        return self.call("nobody", "POST", "/v1/statements/ring", body)


@pytest.fixture
def ring(world: World) -> Stage:
    """A node that hosts a new ring of four."""
    name = f"officials-{next(_numbers)}"
    sent = registration(name)
    done = answer(world.call("steward", "POST", "/v1/rings", sent), 201)
    assert (done["epoch"], done["size"]) == (1, 4)
    return Stage(world, done["ring"])


def test_a_ring_is_public(ring: Stage) -> None:
    """Whoever may have spoken can see where she hides, without a name."""
    found = answer(ring.call("nobody", "GET", f"/v1/rings/{ring.name}"))
    members = members_of(Document(found, "ring"))
    assert members.ring.keys == tuple(sorted(key.public for key in KEYS))
    assert members.place("x").network == NETWORK
    listed = answer(ring.call("nobody", "GET", "/v1/rings"))["items"]
    assert ring.name in [one["ring"] for one in listed]


def test_a_statement_needs_no_name(ring: Stage) -> None:
    """Posted by nobody, linked in its scope, and its text kept for the steward."""
    said = ring.statement()
    done = answer(ring.post(said.to_json()), 201)
    assert done["id"] == statement_id(said)
    assert done["number"] == 1
    again = ring.post(ring.statement(message=b"Again.").to_json())
    assert answer(again, 201)["number"] == 2
    another = ring.post(ring.statement(KEYS[2]).to_json())
    assert answer(another, 201)["number"] == 1

    shown = answer(ring.call("nobody", "GET", f"/v1/statements/{done['id']}"))
    assert shown["ring"] == ring.name and shown["opening"] is None
    query = f"/v1/statements?scope=misuse&ring={ring.name.replace('/', '%2F')}"
    assert len(answer(ring.call("nobody", "GET", query))["items"]) == 3
    path = f"/v1/statements/{done['id']}/message"
    assert answer(ring.call("steward", "GET", path))["message"] == b64u(said.message)
    assert ring.call("nobody", "GET", path).status_code == 401
    assert ring.call("analyst", "GET", path).status_code == 403


def test_a_statement_may_be_sent_twice(ring: Stage) -> None:
    """The answer that got lost is given again."""
    said = ring.statement().to_json()
    first, second = answer(ring.post(said), 201), answer(ring.post(said), 201)
    assert first["id"] == second["id"] and first["index"] == second["index"]


def test_sent_again_when_the_next_list_is_in_force(ring: Stage) -> None:
    """The answer that got lost is given again; nothing new is taken."""
    said = ring.statement().to_json()
    first = answer(ring.post(said), 201)
    sent = registration(ring.name.split("/")[1])
    assert answer(ring.call("steward", "POST", "/v1/rings", sent), 201)["epoch"] == 2
    assert answer(ring.post(said), 201) == first
    assert ring.post(ring.statement(KEYS[2]).to_json()).status_code == 409


@pytest.mark.parametrize(
    ("change", "status", "name"),
    [
        ({"scope": "elsewhere"}, 422, "SignatureInvalid"),
        ({"message": b64u(b"Something else.")}, 422, "SignatureInvalid"),
        ({"salt": b64u(bytes(32))}, 422, "SignatureInvalid"),
        ({"network": "another"}, 422, None),
        ({"epoch": 2}, None, None),
        ({"epoch": -1}, 400, "OutOfRange"),
        ({"ring": "registrar/nobody"}, 404, "NotFound"),
        ({"signature": b64u(bytes(200))}, 400, "EncodingError"),
        ({"signature": "AAAA"}, 400, "EncodingError"),
        ({"scope": "x" * 129}, 400, None),
        ({"scope": "\n"}, 400, None),
        ({"extra": 1}, 400, "EncodingError"),
        ({"salt": b64u(bytes(31))}, 400, "EncodingError"),
    ],
)
def test_what_is_not_signed_is_refused(
    ring: Stage, change: dict[str, Any], status: int | None, name: str | None
) -> None:
    """Each with an error of its own, and none of them ours."""
    found = ring.post(dict(ring.statement().to_json()) | change)
    assert 400 <= found.status_code < 500
    assert status in (None, found.status_code), found.data
    assert name in (None, problem(found)["title"]), found.data


def test_bodies_that_are_no_statement(ring: Stage) -> None:
    """Lists, numbers, nothing, and too much."""
    for body in (b"[]", b"1", b"null", b'"x"', b"{}", b"\xff"):
        assert ring.post(body).status_code == 400, body
    huge = b'{"message":"' + b"A" * (1 << 20) + b'"}'
    assert ring.post(huge).status_code == 413


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": []},
        {"keys": [b64u(KEYS[0].public)]},
        {"keys": [b64u(KEYS[0].public)] * 2},
        {"keys": [b64u(KEYS[0].public), b64u(bytes(32))]},
        {"keys": [b64u(KEYS[0].public), b64u(b"\xff" * 32)]},
        {"keys": [b64u(KEYS[0].public)] * 4097},
        {"name": "Officials"},
        {"repeat": "often"},
        {"threshold": 2},
        {"threshold": 3, "regulators": ["registrar", "title"]},
        {"regulators": ["registrar"], "threshold": 1},
        {"regulators": ["nobody-here", "registrar"], "threshold": 2},
    ],
)
def test_rings_that_are_none(world: World, changes: dict[str, Any]) -> None:
    """Too few, too many, twice, the identity, no element, openers that do not fit."""
    found = world.call("steward", "POST", "/v1/rings", registration(**changes))
    assert 400 <= found.status_code < 500, found.data


def test_who_may_register_and_open(ring: Stage) -> None:
    """Stewards register; a ring without regulators is opened by nobody."""
    for role in ("analyst", "auditor", "operator", "regulator"):
        found = ring.call(role, "POST", "/v1/rings", registration())
        assert found.status_code == 403
    said = answer(ring.post(ring.statement().to_json()), 201)
    path = f"/v1/statements/{said['id']}/openings"
    opened = ring.call("regulator", "POST", path, {"reason": "why not"})
    assert 400 <= opened.status_code < 500
    for reason in ("", "x" * 501):
        found = ring.call("regulator", "POST", path, {"reason": reason})
        assert found.status_code == 400


def receipt_of(ring: Stage, said: SignedStatement) -> str:
    """Post a statement; its receipt's id, once there is a receipt."""
    done = answer(ring.post(said.to_json()), 201)
    listed = answer(ring.call("analyst", "GET", "/v1/receipts"))["items"]
    assert done["tx"] in [one["id"] for one in listed]
    return str(done["tx"])


def test_receipts_do_not_give_the_text_away(ring: Stage) -> None:
    """Analysts read what is attached to receipts, but no statement's text."""
    said = ring.statement(message=b"The analysts sell what they see.")
    path = f"/v1/receipts/{receipt_of(ring, said)}/attachments/message"
    for role in ROLES:
        assert ring.call(role, "GET", path).status_code == 403, role
        bundle = ring.call(role, "GET", "/v1/bundle?limit=200")
        if bundle.status_code == 200:
            with zipfile.ZipFile(io.BytesIO(bundle.data)) as zipped:
                found = [zipped.read(name) for name in zipped.namelist()]
            assert found and said.message not in found, role


def submit_as_title(world: World, kind: str, body: dict[str, Any]) -> None:
    """Put a transaction of another agency on the ledger."""
    nonce, expires = secrets.token_bytes(16), int(time.time()) + 300
    made = build(kind, "title", body, NETWORK, nonce, expires, [world.agency.key])
    world.context.node.ledger.submit(envelope.encode(made))


def test_the_text_is_kept_wherever_it_is_sent(ring: Stage) -> None:
    """Whoever hands a statement in first, and loses its text, does not lose it."""
    said = ring.statement()
    submit_as_title(ring.world, "statement.ring", dict(said.body()))
    done = answer(ring.post(said.to_json()), 201)
    shown = answer(ring.call("nobody", "GET", f"/v1/statements/{done['id']}"))
    assert shown["account"] == "title"
    path = f"/v1/statements/{done['id']}/message"
    assert answer(ring.call("steward", "GET", path))["message"] == b64u(said.message)
    kept = set(ring.world.context.store.blob_jobs())
    assert answer(ring.post(said.to_json()), 201) == done
    assert set(ring.world.context.store.blob_jobs()) == kept


def test_the_text_is_not_for_a_node_that_only_took_it(world: World) -> None:
    """The people of its agency do not read it; those of the ring's owner do."""
    name = f"title/officials-{next(_numbers)}"
    body: dict[str, Any] = {
        "epoch": 1,
        "keys": b64u(b"".join(sorted(key.public for key in KEYS))),
        "more": False,
        "regulators": None,
        "repeat": "link",
        "ring": name,
    }
    submit_as_title(world, "ring.register", body)
    stage = Stage(world, name)
    done = answer(stage.post(stage.statement().to_json()), 201)
    for role in ("steward", "regulator"):
        found = stage.call(role, "GET", f"/v1/statements/{done['id']}/message")
        assert (found.status_code, problem(found)["title"]) == (403, "NotPermitted")
    path = f"/v1/peer/statements/{done['id']}/message"
    assert answer(stage.call("agency", "GET", path))["message"] == b64u(b"It happens.")


def test_the_text_of_a_refused_statement_is_not_kept(world: World) -> None:
    """Else a member whom nobody knows could fill the disk."""
    sent = registration(f"officials-{next(_numbers)}", repeat="refuse")
    name = answer(world.call("steward", "POST", "/v1/rings", sent), 201)["ring"]
    stage = Stage(world, name)
    answer(stage.post(stage.statement().to_json()), 201)
    kept = set(world.context.store.blob_jobs())
    for number in range(3):
        again = stage.statement(message=b"%d" % number).to_json()
        assert stage.post(again).status_code == 403
    assert set(world.context.store.blob_jobs()) == kept


def test_upkeep_does_not_look_at_texts(
    ring: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each second, that would be every statement that the node ever took."""
    node = ring.world.context.node
    answer(ring.post(ring.statement().to_json()), 201)
    seen: list[str] = []
    listed, looked = Store.blob_jobs, View.get

    def jobs(store: Store, *args: str) -> tuple[str, ...]:
        seen.extend(found := listed(store, *args))
        return found

    def get(view: View, key: str) -> Any:
        seen.append(key)
        return looked(view, key)

    monkeypatch.setattr(Store, "blob_jobs", jobs)
    drawer.tidy(node)
    assert not seen
    monkeypatch.setattr(View, "get", get)
    party.forget(node)
    assert not [key for key in seen if key.startswith("job/statement:")]


def test_a_page_of_statements_costs_what_it_shows(
    ring: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask: the price does not grow with the ledger."""
    posted = [
        answer(ring.post(ring.statement(message=b"%d" % n).to_json()), 201)["id"]
        for n in range(5)
    ]
    read: list[int] = []
    entry = EmbeddedLedger.entry

    def counted(ledger: EmbeddedLedger, index: int) -> bytes:
        read.append(index)
        return entry(ledger, index)

    monkeypatch.setattr(EmbeddedLedger, "entry", counted)
    path = f"/v1/statements?ring={ring.name.replace('/', '%2F')}&limit=2"
    shown, cursor = [], ""
    while cursor is not None:
        before = len(read)
        more = f"&cursor={cursor}" if cursor else ""
        found = answer(ring.call("nobody", "GET", path + more))
        assert len(read) - before <= 2
        shown += [one["id"] for one in found["items"]]
        cursor = found["next"]
    assert shown == posted[::-1]
    for other in map(b64u, (b'"nobody"', b"1", b'{"a":[]}', b"\0")):
        found = ring.call("nobody", "GET", f"{path}&cursor={other}")
        assert found.status_code == 400, found.data


def test_a_search_has_an_end(ring: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scope that nobody used is looked for in pages, too."""
    for n in range(5):
        scope = "rare" if n == 1 else "common"
        said = ring.statement(message=b"%d" % n, scope=scope)
        answer(ring.post(said.to_json()), 201)
    monkeypatch.setattr(ring_view, "MAX_LOOKED", 2)
    path = f"/v1/statements?ring={ring.name.replace('/', '%2F')}&scope=rare"
    first = answer(ring.call("nobody", "GET", path))
    assert first["items"] == [] and first["next"]
    second = answer(ring.call("nobody", "GET", f"{path}&cursor={first['next']}"))
    assert [one["scope"] for one in second["items"]] == ["rare"]


def test_posting_takes_more_of_the_rate_than_reading(ring: Stage) -> None:
    """Who posts what nobody signed makes the node multiply for it."""
    slow = ring.world.with_context(public_rate=RateLimit(1e-9, 250))
    stage = Stage(slow, ring.name)
    wrong = dict(ring.statement().to_json()) | {"scope": "elsewhere"}
    assert [stage.post(wrong).status_code for _ in range(3)] == [422, 422, 429]
    assert stage.call("nobody", "GET", "/v1/rings").status_code == 200
    for path in ("/v1/statements", f"/v1/rings/{ring.name}"):
        few = ring.world.with_context(public_rate=RateLimit(1e-9, 25))
        found = [few.call("nobody", "GET", path).status_code for _ in range(3)]
        assert found == [200, 200, 429]
    poor = Stage(slow.with_context(public_rate=RateLimit(1e-9, 5)), ring.name)
    assert [poor.post(wrong).status_code for _ in range(2)] == [422, 429]
