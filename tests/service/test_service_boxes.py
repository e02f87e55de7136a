"""Boxes over HTTP: who is let in, and how everybody else is refused."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from box_kit import ADA, BO, STEWARD, TITLE_URL, Two, make_two
from service_kit import Caller, problem

from privshare.bridge.store import OPENED, Box
from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    Unavailable,
)
from privshare.exchange import box as boxes
from privshare.exchange import box_account
from privshare.exchange.box_account import Caller as Reached
from privshare.exchange.box_room import Bounds, Boxes
from privshare.schemes.keys import SigningKey
from privshare.wire.canonical import Json, encode

BYTES = {"content-type": "application/octet-stream"}
INBOX = Box("inbox", STEWARD, ADA)
SHOWN = Box("shown", STEWARD, ADA)


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two nodes; the steward's account has signed in, Ada's is enrolled."""
    made = make_two(tmp_path_factory.mktemp("boxes"))
    made.enrol(STEWARD, "registrar")
    made.enrol(ADA, "title")
    made.store(STEWARD, "steward").put(
        Box("private", STEWARD, "state"), OPENED, made.document(STEWARD)
    )
    yield made
    made.close()


def rule(error: pytest.ExceptionInfo[PrivShareError]) -> str:
    """The rule that an error names."""
    return str(error.value.detail.get("rule"))


def sign_in(two: Two, account: str = ADA) -> None:
    """An account shows its enrolment to both nodes."""
    store = two.store(account)
    store.put(Box("private", account, "state"), OPENED, two.document(account))
    store.put(Box("inbox", STEWARD, account), OPENED, two.document(account))


def target(path: str, **fields: str) -> str:
    """A path with a query."""
    return f"{path}?{urlencode(fields)}"


def peer_put(two: Two, account: str, name: str, data: bytes, **box: str) -> Any:
    """What the title agency's node itself puts at the registrar's."""
    place = {"kind": "inbox", "owner": STEWARD, "other": account, **box}
    path = target("/v1/peer/boxes/file", account=account, name=name, **place)
    return two.registrar.call("agency", "PUT", path, data, BYTES)


def test_the_first_file_is_the_enrolment_and_no_other(two: Two) -> None:
    """Until then there is nothing to be had at either node."""
    store = two.store(ADA)
    for act in (
        lambda: store.put(INBOX, "message", b"?"),
        lambda: store.get(SHOWN, "bundle"),
        lambda: store.names(SHOWN),
        lambda: store.others("shown"),
        lambda: store.put(Box("private", ADA, "state"), "version", b"1"),
    ):
        with pytest.raises(NotPermitted) as error:
            act()
        assert rule(error) == "account.unknown"
    # Her own node would let her; the owner's does not yet know her.
    store.put(Box("private", ADA, "state"), OPENED, two.document(ADA))
    with pytest.raises(NotPermitted) as error:
        store.put(INBOX, "message", b"?")
    assert rule(error) == "account.unknown"
    store.put(INBOX, OPENED, two.document(ADA))
    store.put(INBOX, "message", b"!")
    owner = two.store(STEWARD, "steward")
    assert owner.names(INBOX) == ["message", OPENED]
    assert owner.others("inbox") == [ADA]
    assert owner._agency(ADA) == "title"


@pytest.mark.parametrize(
    "changes",
    [
        {"account": BO},
        {"agency": "registrar"},
        {"network": "another"},
        {"salt": b"s" * 32},
        {"key": b"?" * 32},
    ],
    ids=lambda one: next(iter(one)),
)
def test_an_enrolment_that_is_not_the_ledgers(
    two: Two, changes: dict[str, Any]
) -> None:
    """Each changed field is refused, at the owner's node, too."""
    other = encode(replace(two.enrolled[ADA], **changes).to_json())
    with pytest.raises(NotPermitted) as error:
        two.store(ADA).put(INBOX, OPENED, other)
    assert rule(error).startswith("account.")
    answer = peer_put(two, ADA, OPENED, other)
    assert answer.status_code == 403
    assert problem(answer)["rule"].startswith("account.")


@pytest.mark.parametrize(
    "document", [b"", b"{}", b"null", b"\xff", b"[" * 4000, b"{}" * 9000, b'{"v":1}']
)
def test_what_is_no_enrolment(two: Two, document: bytes) -> None:
    """`opened` carries a document or is refused."""
    answer = peer_put(two, ADA, OPENED, document)
    assert (answer.status_code, problem(answer)["rule"]) == (400, "account.document")


def test_an_agency_speaks_for_its_own_accounts_alone(two: Two) -> None:
    """Not for the owner's, not for a third one's."""
    sign_in(two)
    for kind in ("private", "shown", "outbox"):
        answer = peer_put(two, STEWARD, "bundle", b"", kind=kind, other=ADA)
        assert problem(answer)["rule"] == "account.agency"
    answer = peer_put(two, STEWARD, OPENED, two.document(STEWARD), kind="private")
    assert problem(answer)["rule"] == "account.agency"
    two.enrol("eve@registrar.example", "registrar")
    eve = two.document("eve@registrar.example")
    answer = peer_put(two, "eve@registrar.example", OPENED, eve)
    assert problem(answer)["rule"] == "account.agency"


def test_boxes_of_others_stay_shut(two: Two) -> None:
    """Bo sees nothing of Ada's, and writes to nothing that is the owner's."""
    two.enrol(BO, "title")
    sign_in(two)
    bo = two.store(BO)
    bo.put(Box("private", BO, "state"), OPENED, two.document(BO))
    bo.put(Box("inbox", STEWARD, BO), OPENED, two.document(BO))
    two.store(STEWARD, "steward").put(SHOWN, "bundle", b"keys")
    for method, path in (("GET", "/v1/peer/boxes/file"), ("GET", "/v1/peer/boxes")):
        for box in (INBOX, SHOWN, Box("private", STEWARD, "state")):
            fields = {"kind": box.kind, "owner": box.owner, "other": box.other}
            if path.endswith("file"):
                fields["name"] = "bundle"
            answer = two.registrar.call(
                "agency", method, target(path, account=BO, **fields)
            )
            assert problem(answer)["rule"] == "box.account", (path, box)
    for box in (SHOWN, INBOX, Box("outbox", STEWARD, ADA)):
        answer = peer_put(two, BO, "x", b"", kind=box.kind, other=box.other)
        assert problem(answer)["rule"] == "box.account"
    assert bo.others("shown") == []
    assert two.store(ADA).others("shown") == [STEWARD]


def test_an_owner_that_is_no_account(two: Two) -> None:
    """Nobody's boxes are kept for somebody who was never enrolled."""
    sign_in(two)
    for owner in ("nobody@registrar.example", ADA):
        answer = peer_put(two, ADA, "x", b"", owner=owner)
        assert (answer.status_code, problem(answer)["rule"]) == (404, "account.owner")
    store = two.store(ADA)
    with pytest.raises(NotFound) as error:
        store.get(Box("shown", "nobody@registrar.example", ADA), "x")
    assert rule(error) == "account.agency"
    store._agencies["nobody@registrar.example"] = "registrar"
    with pytest.raises(NotFound) as error:
        store.get(Box("shown", "nobody@registrar.example", ADA), "x")
    assert rule(error) == "account.owner"


def test_an_ended_account_has_nothing(two: Two) -> None:
    """From the next request on; the owner's boxes are shut, too."""
    sign_in(two)
    two.end(ADA)
    for call in (
        lambda: two.store(ADA).put(INBOX, "x", b""),
        lambda: two.store(ADA).put(INBOX, OPENED, two.document(ADA)),
    ):
        with pytest.raises(NotPermitted) as error:
            call()
        assert rule(error) == "account.ended"
    assert problem(peer_put(two, ADA, "x", b""))["rule"] == "account.ended"
    two.enrol(ADA, "title")
    sign_in(two)
    two.end(STEWARD)
    with pytest.raises(NotFound) as missing:
        two.store(ADA).put(INBOX, "x", b"")
    assert rule(missing) == "account.owner"


def test_an_account_is_one_agencys(two: Two) -> None:
    """The first that shows an enrolment has it, until it ends or is let go."""
    sign_in(two)
    two.enrol(ADA, "registrar")
    clerk = two.store(STEWARD, "analyst")
    clerk._account = ADA
    with pytest.raises(Conflict) as error:
        clerk.put(Box("inbox", STEWARD, ADA), OPENED, two.document(ADA))
    assert rule(error) == "account.taken"
    two.store(STEWARD, "steward").drop(INBOX, OPENED)
    clerk.put(Box("inbox", STEWARD, ADA), OPENED, two.document(ADA))
    assert problem(peer_put(two, ADA, "x", b""))["rule"] == "account.agency"


def test_an_account_is_one_persons(two: Two) -> None:
    """A colleague cannot read or speak for her, unless her key is gone."""
    sign_in(two)
    colleague = two.store(ADA, "steward")
    for call in (
        lambda: colleague.put(INBOX, "x", b""),
        lambda: colleague.put(INBOX, OPENED, two.document(ADA)),
        lambda: colleague.names(Box("private", ADA, "state")),
    ):
        with pytest.raises(NotPermitted) as error:
            call()
        assert rule(error) == "account.person"
    node = two.title.context.node
    node.store.remove_person(two.title.people["analyst"].key.verify_key.kid)
    colleague.put(Box("private", ADA, "state"), OPENED, two.document(ADA))
    colleague.put(INBOX, "x", b"")
    assert box_account.find(node, ADA).person == (  # type: ignore[union-attr]
        two.title.people["steward"].key.verify_key.kid
    )


@pytest.mark.parametrize("role", ["auditor", "operator", "regulator", "nobody"])
def test_who_has_no_account(two: Two, role: str) -> None:
    """Roles that compute nothing have no boxes."""
    path = target("/v1/boxes/others", account=ADA, kind="inbox")
    answer = two.registrar.call(role, "GET", path)
    assert answer.status_code == (401 if role == "nobody" else 403)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"kind": "public"}, "box.kind"),
        ({"owner": "a/b"}, "box.account"),
        ({"owner": ".."}, "box.account"),
        ({"other": "é" * 61}, "box.account"),
        ({"account": "\x00"}, "box.account"),
        ({"name": ""}, "box.name"),
        ({"name": "é" * 101}, "box.name"),
    ],
)
def test_hostile_places(two: Two, fields: dict[str, str], found: str) -> None:
    """Forms are held to before anything is looked up."""
    sign_in(two)
    place = {"kind": "inbox", "owner": STEWARD, "other": ADA, "name": "x"}
    place = {**place, "account": ADA, **fields}
    for method, data in (("PUT", b"data"), ("GET", b"")):
        answer = two.registrar.call(
            "agency", method, target("/v1/peer/boxes/file", **place), data, BYTES
        )
        assert answer.status_code in (400, 403)
        assert problem(answer)["rule"] in (found, "box.account")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "account=a",
        "account=a&kind=inbox&owner=b&other=c&name=d&name=e",
        "account=a&kind=inbox&owner=b&other=c&name=d&more=e",
        "account=a&kind=inbox&owner=b&other=c&name=%ff",
        "account=" + "a" * 121 + "&kind=inbox&owner=b&other=c&name=d",
        "account=a&kind=inbox&owner=b&other=c&name=" + "d" * 5000,
    ],
)
def test_hostile_queries(two: Two, query: str) -> None:
    """What is no query of the route is a bad request."""
    answer = two.registrar.call("agency", "GET", f"/v1/peer/boxes/file?{query}")
    assert answer.status_code == 400
    problem(answer)


def test_hostile_bodies(two: Two) -> None:
    """Too long, another type, another body than was signed."""
    sign_in(two)
    assert peer_put(two, ADA, "x", bytes((16 << 20) + 1)).status_code == 413
    place = {"kind": "inbox", "owner": STEWARD, "other": ADA, "name": "x"}
    path = target("/v1/peer/boxes/file", account=ADA, **place)
    assert two.registrar.call("agency", "PUT", path, b"{}").status_code == 415
    world = two.registrar
    headers = world.signed(world.agency, "PUT", path, b"signed", BYTES)
    assert world.send("PUT", path, b"sent!!", headers).status_code == 401
    assert two.store(STEWARD, "steward").names(INBOX) == [OPENED]


def test_replays(two: Two) -> None:
    """What was recorded on its way cannot be sent again, or elsewhere."""
    sign_in(two)
    place = {"kind": "inbox", "owner": STEWARD, "other": ADA, "name": "x"}
    path = target("/v1/peer/boxes/file", account=ADA, **place)
    world = two.registrar
    headers = world.signed(world.agency, "PUT", path, b"one", BYTES)
    assert world.send("PUT", path, b"one", headers).status_code == 204
    again = world.send("PUT", path, b"one", headers)
    assert (again.status_code, problem(again)["reason"]) == (401, "replay")
    other = path.replace("name=x", "name=y")
    headers = world.signed(world.agency, "PUT", path, b"one", BYTES)
    assert world.send("PUT", other, b"one", headers).status_code == 401
    elsewhere = "http://127.0.0.1:7199"
    headers = world.signed(world.agency, "PUT", path, b"one", BYTES, url=elsewhere)
    assert world.send("PUT", path, b"one", headers).status_code == 401
    stranger = Caller(SigningKey.generate(), f"title/{secrets.token_urlsafe(8)}")
    headers = world.signed(stranger, "PUT", path, b"one", BYTES)
    assert world.send("PUT", path, b"one", headers).status_code == 401


def bounded(two: Two, **bounds: int) -> None:
    """Let the registrar's node keep little."""
    two.registrar.context.node.boxes.bounds = Bounds(**bounds)


def test_bounds_of_an_inbox(two: Two) -> None:
    """Files, bytes, and senders of one agency; replacing counts once."""
    bounded(two, inbox_files=3, inbox_bytes=2000, senders=2)
    sign_in(two)
    store = two.store(ADA)
    store.put(INBOX, "a", bytes(500))
    store.put(INBOX, "b", bytes(500))
    store.put(INBOX, "b", bytes(600))
    with pytest.raises(OutOfRange) as error:
        store.put(INBOX, "c", b"")
    assert rule(error) == "box.files"
    with pytest.raises(OutOfRange) as error:
        store.put(INBOX, "b", bytes(2000))
    assert rule(error) == "box.bytes"
    owner = two.store(STEWARD, "steward")
    assert owner.get(INBOX, "b") == bytes(600)
    owner.drop(INBOX, "a")
    store.put(INBOX, "c", b"")
    for account, found in (("1@title.example", ""), ("2@title.example", "box.boxes")):
        two.enrol(account, "title")
        answer = peer_put(two, account, OPENED, two.document(account))
        assert answer.status_code == (400 if found else 204)
        if found:
            assert problem(answer)["rule"] == found
    # Another agency's senders have places of their own.
    two.enrol(BO.replace("title", "registrar"), "registrar")
    clerk = two.store(BO.replace("title", "registrar"), "analyst")
    document = two.document(clerk.account)
    clerk.put(Box("inbox", STEWARD, clerk.account), OPENED, document)


def test_bounds_of_an_owner(two: Two) -> None:
    """Its own boxes together; what was dropped is free again."""
    owner = two.store(STEWARD, "steward")
    kept = len(two.document(STEWARD))
    bounded(two, files=3, total=kept + 1000, boxes=2)
    owner.put(SHOWN, "a", bytes(400))
    with pytest.raises(OutOfRange) as error:
        owner.put(Box("outbox", STEWARD, ADA), "a", b"")
    assert rule(error) == "box.boxes"
    with pytest.raises(OutOfRange) as error:
        owner.put(SHOWN, "b", bytes(601))
    assert rule(error) == "box.bytes"
    owner.put(SHOWN, "b", bytes(600))
    owner.put(SHOWN, "c", b"")
    with pytest.raises(OutOfRange) as error:
        owner.put(SHOWN, "d", b"")
    assert rule(error) == "box.files"
    for name in "abc":
        owner.drop(SHOWN, name)
    owner.put(Box("outbox", STEWARD, ADA), "a", bytes(1000))


def test_what_is_kept_is_counted_again_after_a_start(two: Two) -> None:
    """A restart neither forgets a file nor its size."""
    sign_in(two)
    two.store(ADA).put(INBOX, "a", bytes(500))
    node = two.registrar.context.node
    before = node.boxes._all(node.store)
    again = Boxes()
    assert {k: v for k, v in again._all(node.store).items() if v} == {
        k: v for k, v in before.items() if v
    }


def test_a_node_that_sees_the_enrolment_later(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other node's copy of the ledger may be a moment behind."""
    asked: list[str] = []

    class Behind:
        def call(self, *args: Any, **kwargs: Any) -> Json:
            asked.append(args[1])
            if len(asked) < 3:
                raise NotPermitted("not yet", detail={"rule": "account.unknown"})
            return None

    monkeypatch.setattr(boxes, "_PAUSE_S", 0.0)
    node = replace(two.title.context.node, peers=Behind())  # type: ignore[arg-type]
    me = Reached(ADA, "title")
    boxes.put(node, me, INBOX, OPENED, two.document(ADA), "registrar")
    assert asked == ["PUT"] * 3


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {"bytes": 1, "items": 1, "next": None},
        {"bytes": "?", "items": [1], "next": None},
        {"bytes": "A" * 5, "items": [{"name": ""}], "next": None},
        {"bytes": None, "items": [{"account": "../x"}], "next": None},
        {"items": [{"name": "x"}] * 2000, "next": None},
        {"items": [], "next": 7},
        {"items": [], "next": "x" * 300},
    ],
)
def test_a_node_that_answers_anything(two: Two, answer: Json) -> None:
    """What another node answers is held to its form."""

    class Odd:
        def call(self, *_: Any, **__: Any) -> Json:
            return answer

    sign_in(two)
    node = replace(two.title.context.node, peers=Odd())  # type: ignore[arg-type]
    me = Reached(ADA, "title")
    for act in (
        lambda: boxes.get(node, me, SHOWN, "x", "registrar"),
        lambda: boxes.names(node, me, SHOWN, agency="registrar"),
        lambda: boxes.others(node, me, "shown", agency="registrar"),
    ):
        with pytest.raises(Unavailable) as error:
            act()
        assert error.value.detail["party"] == "registrar"


def test_a_list_that_never_ends(two: Two) -> None:
    """A client does not follow an answer that leads backwards."""
    sign_in(two)
    store = two.store(ADA)

    class Endless:
        def call(self, *_: Any, **__: Any) -> Json:
            return {"items": [{"name": "b"}], "next": "b"}

    node = replace(two.title.context.node, peers=Endless())  # type: ignore[arg-type]
    two.wires.apps[TITLE_URL] = two.title.with_context(node=node).app
    with pytest.raises(EncodingError):
        store.names(SHOWN)


def test_whoever_writes_first_cannot_stop_a_sync(two: Two) -> None:
    """The node of an agency that only knocked is not asked for what it shows."""
    sign_in(two)
    owner = two.store(STEWARD, "steward")
    owner._agencies.pop(ADA)
    owner._watched = {"registrar"}
    assert owner.others("inbox") == [ADA]
    away = two.wires.apps.pop(TITLE_URL)
    assert owner.others("shown") == []
    two.wires.apps[TITLE_URL] = away
    owner.put(Box("inbox", ADA, STEWARD), OPENED, two.document(STEWARD))
    assert owner._watched == {"registrar", "title"}


def test_only_the_owner_takes_out(two: Two) -> None:
    """Over the wire there is no such route; in person it is refused."""
    sign_in(two)
    place = {"kind": "inbox", "owner": STEWARD, "other": ADA, "name": OPENED}
    path = target("/v1/peer/boxes/file", account=ADA, **place)
    assert two.registrar.call("agency", "DELETE", path).status_code == 405
    with pytest.raises(NotPermitted) as error:
        two.store(ADA)._net.boxes.drop(ADA, INBOX, OPENED)
    assert rule(error) == "box.account"
    with pytest.raises(NotPermitted) as error:
        boxes.drop(
            two.registrar.context.node,
            Reached(STEWARD, "registrar"),
            INBOX,
            OPENED,
            "title",
        )
    assert rule(error) == "box.account"


def test_agencies_that_are_none(two: Two) -> None:
    """An agency that the ledger does not hold has no node."""
    sign_in(two)
    place = {"kind": "shown", "owner": STEWARD, "other": ADA, "name": "x"}
    for agency in ("Not one", "../x", "x" * 300):
        path = target("/v1/boxes/file", account=STEWARD, agency=agency, **place)
        assert two.registrar.call("steward", "GET", path).status_code == 400


def test_what_the_wire_carries(two: Two) -> None:
    """A person's request goes to her node alone, which signs for its agency."""
    sign_in(two)
    two.wires.sent.clear()
    two.store(ADA).put(INBOX, "x", b"data")
    paths = [path.partition("?")[0] for _, path, _ in two.wires.sent]
    assert paths[-2:] == ["/v1/boxes/file", "/v1/peer/boxes/file"]
    answer = two.registrar.call(
        "analyst", "GET", "/v1/peer/boxes/others?account=a&kind=shown"
    )
    assert problem(answer)["rule"] == "route.agency"
