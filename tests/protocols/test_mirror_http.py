"""The mirror's source and the host's witnesses over HTTP, with a scripted server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "ledger"))

from ledger_kit import LOG_KEY, START, Scribe, genesis, key, tx_id

from privshare import errors
from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    PrivShareError,
    Unavailable,
)
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.engines.mirror import MirrorLedger
from privshare.ledger.engines.remote import HttpLogSource, http_witness, problem
from privshare.ledger.trust import Witness, trust_policy, witness_vkey
from privshare.log.witness import (
    SIZE_TYPE,
    AddCheckpoint,
    encode_request,
    encode_size,
    parse_policy,
)
from privshare.wire import envelope
from privshare.wire.canonical import Fields, decode, unb64u

Handler = Callable[[httpx.Request], httpx.Response]


def problem_of(error: PrivShareError, status: int) -> httpx.Response:
    """A problem report as a node writes it."""
    report = {
        **error.detail,
        "detail": error.message,
        "fix": error.fix,
        "status": status,
        "title": error.name,
        "type": f"urn:privshare:problem:{error.name}",
    }
    return httpx.Response(status, json=report)


def serve(ledger: EmbeddedLedger) -> Handler:
    """The routes of a host that a mirror needs."""

    def handle(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        try:
            if path == "/log/checkpoint":
                if request.url.query:
                    raise EncodingError("expected no query, found one")
                return httpx.Response(200, content=ledger.checkpoint())
            if path.startswith("/log/tile/"):
                data = ledger.tile(path.removeprefix("/log/"))
                return httpx.Response(200, content=data)
            if path == "/v1/ledger/genesis":
                return httpx.Response(200, content=ledger.genesis.encode())
            fields = Fields(decode(request.content), "submission")
            leaves = unb64u(fields.str("leaves", max=1 << 16))
            tx = envelope.encode(envelope.from_json(fields.json("tx")))
            fields.end()
            done = ledger.submit(tx, leaves)
            answer = {"height": done.height, "id": done.id, "index": done.index}
            return httpx.Response(201, json=answer | {"size": done.size})
        except NotFound as error:
            return problem_of(error, 404)
        except Conflict as error:
            return problem_of(error, 409)
        except PrivShareError as error:
            return problem_of(error, 400)

    return handle


def client_of(handler: Handler, base_url: str = "http://host") -> httpx.Client:
    """A client whose requests a function answers."""
    return httpx.Client(transport=httpx.MockTransport(handler), base_url=base_url)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[EmbeddedLedger]:
    """A host with one member."""
    with EmbeddedLedger.create(
        tmp_path / "host", genesis(), LOG_KEY, clock=lambda: START + 1
    ) as made:
        made.submit(Scribe(nonces=100).admit("taxes", "http://taxes"))
        yield made


@pytest.fixture
def mirror(ledger: EmbeddedLedger, tmp_path: Path) -> Iterator[MirrorLedger]:
    """A mirror of it over HTTP."""
    with MirrorLedger.create(
        tmp_path / "mirror",
        HttpLogSource(client_of(serve(ledger))),
        genesis().digest,
        agency="taxes",
        witness_key=key("taxes/witness"),
        clock=lambda: START + 1,
    ) as made:
        yield made


def test_a_mirror_follows_and_submits_over_http(
    ledger: EmbeddedLedger, mirror: MirrorLedger
) -> None:
    """Transactions and leaves go up, entries and the same state come down."""
    scribe = Scribe()
    data, leaves = scribe.anchor("taxes", 300)
    done = mirror.submit(data, leaves)
    assert done.id == tx_id(data)
    assert mirror.entry(done.index + 300) == b"\x01" + leaves[-32:]
    mirror.submit(scribe.register("taxes/returns"))
    assert mirror.view().block == ledger.view().block
    with pytest.raises(Conflict) as again:
        mirror.submit(data, leaves)
    assert again.value.detail["index"] == done.index


def test_cosignatures_come_back_over_http(
    ledger: EmbeddedLedger, mirror: MirrorLedger
) -> None:
    """A pushed checkpoint is cosigned, and the mirror can show the quorum."""
    mirror.sync(ledger.size - 1)

    def witness(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/witness/add-checkpoint"
        try:
            lines = mirror.handle_add_checkpoint(request.content)
        except Conflict as error:
            size = encode_size(error.detail["size"])
            return httpx.Response(
                409, content=size, headers={"Content-Type": SIZE_TYPE}
            )
        return httpx.Response(200, content=lines)

    public = key("taxes/witness").verify_key.raw
    target = Witness(
        "taxes", witness_vkey(genesis().origin, "taxes", public), "http://taxes"
    )
    push = http_witness(client_of(witness, ""))(target)
    assert push is not None
    body = encode_request(AddCheckpoint(0, (), ledger.own_checkpoint()))
    lines = push(body)
    assert ledger.add_cosignature(ledger.own_checkpoint() + lines) == 1
    assert ledger.add_cosignature(ledger.own_checkpoint() + lines) == 0
    need = parse_policy(trust_policy(ledger.genesis, ledger.view(), 1).encode())
    need.check(mirror.cosigned(ledger.size, need, 5), strict=True)
    with pytest.raises(Conflict) as stale:
        push(body)
    assert stale.value.detail["size"] == ledger.size


def test_a_witness_without_address_has_no_client() -> None:
    """Who said no URL is not pushed to."""
    public = key("taxes/witness").verify_key.raw
    target = Witness("taxes", witness_vkey("o", "taxes", public), "")
    assert http_witness(httpx.Client())(target) is None


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, found in vars(errors).items()
        if isinstance(found, type)
        and issubclass(found, PrivShareError)
        and name != "PrivShareError"
    ),
)
def test_every_error_comes_back_by_its_name(name: str) -> None:
    """What the host raised is what the caller of a mirror sees."""
    kind = getattr(errors, name)
    sent = kind("expected x, found y", fix="Mend it.", detail={"rule": "a.b"})
    found = problem(418, problem_of(sent, 418).content)
    assert type(found) is kind
    assert (found.message, found.fix) == (sent.message, sent.fix)
    assert found.detail["rule"] == "a.b"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, b"", NotFound),
        (409, b"[]", Conflict),
        (400, b"<html>", EncodingError),
        (500, json.dumps({"title": "Internal Server Error"}).encode(), Unavailable),
        (502, b"\xff", Unavailable),
        (503, b'{"title":5,"detail":[]}', Unavailable),
    ],
)
def test_an_answer_that_is_no_problem_report(
    status: int, body: bytes, kind: type[PrivShareError]
) -> None:
    """Proxies and strangers answer otherwise: the status decides, or Unavailable."""
    assert type(problem(status, body)) is kind


def test_a_silent_host_is_unavailable() -> None:
    """A connection that fails is Unavailable, not a stack of httpx."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    source = HttpLogSource(client_of(refuse))
    for step in (source.checkpoint, source.genesis, lambda: source.tile("tile/0/000")):
        with pytest.raises(Unavailable):
            step()


def test_an_answer_about_another_transaction_is_refused() -> None:
    """A host that answers for somebody else's transaction is not believed."""

    def lie(request: httpx.Request) -> httpx.Response:
        answer = {"height": 1, "id": "A" * 43, "index": 2, "size": 4}
        return httpx.Response(201, json=answer)

    with pytest.raises(EncodingError, match="another"):
        HttpLogSource(client_of(lie)).submit(Scribe().admit("taxes"), b"", 5)
