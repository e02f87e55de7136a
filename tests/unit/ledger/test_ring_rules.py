"""Rings on the ledger: who lists the keys, what is said, and who names a signer."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_kit import NETWORK, Bench, key
from statement_bench import REGULATORS, RING, RingBench, name_of
from statement_kit import joined, members, ring_key, ring_of

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    SignatureInvalid,
)
from privshare.ledger import query, ring_statement
from privshare.ledger.machine import Machine
from privshare.ledger.ring import Opening, TagUse, keys_of
from privshare.ledger.ring_statement import MAX_SIGNATURE, Place, tag_key
from privshare.ledger.transaction import MAX_TRANSACTION
from privshare.schemes.ring_signature import RingSignature
from privshare.wire.canonical import b64u, unb64u


@pytest.fixture
def bench() -> RingBench:
    """A network of four, three of which have a key that opens."""
    return RingBench()


def refusal(bench: Bench, kind: str, account: str, body: Any) -> PrivShareError:
    """What the rules say to a transaction that they refuse; nothing changed."""
    before = bench.machine.state.root()
    with pytest.raises(PrivShareError) as refused:
        bench.do(bench.scribe.tx(kind, account, body))
    assert bench.machine.state.root() == before
    return refused.value


# Keys


def test_a_key_that_opens_is_entered_and_rotated(bench: RingBench) -> None:
    """Use `open` takes an element of the group, once, and ends like any key."""
    kid = ring_key("taxes/open").kid
    held = query.key(bench.machine.state, "taxes", kid)
    assert (held.alg, held.use, held.until) == ("ristretto255", "open", None)
    bench.give_key("taxes", "second")
    bench.rotate("taxes", retire=[kid])
    assert query.key(bench.machine.state, "taxes", kid).until is not None
    with pytest.raises(Conflict):
        bench.give_key("labour", "open")


@pytest.mark.parametrize(
    "public", [bytes(32), b"\xff" * 32, bytes(31), bytes([1] + [0] * 31), b""]
)
def test_what_is_no_key_does_not_open(bench: RingBench, public: bytes) -> None:
    """The identity, other bytes and other lengths are refused."""
    add = [{"alg": "ristretto255", "pub": b64u(public), "use": "open"}]
    body = {"add": add, "retire": [], "url": None}
    assert refusal(bench, "key.rotate", "taxes", body).name == "EncodingError"


# Lists of keys


def test_a_list_of_one_page_is_in_force_at_once(bench: RingBench) -> None:
    """The state has head, epoch and page, and the ring comes out of them."""
    keys = bench.register(5, regulators=bench.regulators(), repeat="refuse")
    index = bench.machine.size - 1
    head, held = query.ring(bench.machine.state, RING), bench.epoch()
    assert (head.newest, head.active) == (1, 1)
    assert query.rings(bench.machine.state) == {RING: head}
    assert (held.at, held.since, held.until) == (index, index, None)
    assert (held.size, held.pages, held.repeat) == (5, (index,), "refuse")
    assert held.regulators is not None and held.regulators.agencies == REGULATORS
    ring = keys_of(bench.machine.state, held)
    assert ring.keys == tuple(one.public for one in keys)
    assert held.digest == b64u(ring.digest)
    assert bench.state(f"ring-page/{RING}/1/0") == {"keys": b64u(joined(keys))}


def test_a_list_of_several_pages_is_in_force_with_the_last(bench: RingBench) -> None:
    """Pages continue in order; until the last there is no ring to sign in."""
    keys = members(9)
    bench.do(
        bench.scribe.tx("ring.register", "housing", bench.body(keys[:4], more=True))
    )
    held = bench.epoch()
    assert (held.status, held.digest, held.size) == ("open", None, 4)
    assert query.ring(bench.machine.state, RING).active is None
    with pytest.raises(NotFound):
        keys_of(bench.machine.state, held)
    bench.extend(keys[4:8], more=True)
    bench.extend(keys[8:])
    held = bench.epoch()
    assert (held.status, held.size, len(held.pages)) == ("active", 9, 3)
    assert held.since == held.pages[-1] == bench.machine.size - 1
    assert len(keys_of(bench.machine.state, held)) == 9


def test_the_next_list_takes_the_place_of_the_former(bench: RingBench) -> None:
    """One epoch is in force; a list that nobody completed is withdrawn."""
    bench.register(3)
    bench.register(4, epoch=2, more=True)
    assert query.ring(bench.machine.state, RING).active == 1
    bench.register(5, epoch=3)
    statuses = [bench.epoch(number).status for number in (1, 2, 3)]
    assert statuses == ["superseded", "withdrawn", "active"]
    index = bench.machine.size - 1
    assert bench.epoch(1).until == bench.epoch(2).until == index
    assert bench.epoch(1).in_use(index - 1) and not bench.epoch(1).in_use(index)
    error = refusal(
        bench,
        "ring.extend",
        "housing",
        {"epoch": 2, "keys": b64u(joined(members(9)[8:])), "more": False, "ring": RING},
    )
    assert (error.name, error.detail["rule"]) == ("StepNotAllowed", "ring.status")


def _registrations() -> list[tuple[dict[str, Any], type[PrivShareError], str]]:
    """Changes of a body that make the rules refuse it."""
    four = members(4)
    elements = [one.public for one in four]
    swapped = b64u(b"".join([elements[1], elements[0], *elements[2:]]))
    twice = b64u(b"".join([elements[0], elements[0], *elements[1:]]))
    identity = b64u(bytes(32) + b"".join(elements))
    other = b64u(b"".join(elements) + b"\xff" * 32)
    keys = RingBench.regulators()["keys"]
    return [
        ({"ring": "taxes/officials"}, NotPermitted, "ring.owner"),
        ({"epoch": 2}, Conflict, ""),
        ({"epoch": 0}, OutOfRange, ""),
        ({"ring": "housing"}, EncodingError, ""),
        ({"keys": swapped}, EncodingError, ""),
        ({"keys": twice}, EncodingError, ""),
        ({"keys": identity}, EncodingError, ""),
        ({"keys": other}, EncodingError, ""),
        ({"keys": b64u(elements[0])}, EncodingError, ""),
        ({"keys": b64u(elements[0] + b"\0")}, EncodingError, ""),
        ({"keys": ""}, EncodingError, ""),
        ({"repeat": "forget"}, EncodingError, ""),
        ({"more": 1}, EncodingError, ""),
        ({"regulators": {"keys": keys[:1], "threshold": 2}}, EncodingError, ""),
        ({"regulators": {"keys": keys[::-1], "threshold": 2}}, EncodingError, ""),
        ({"regulators": {"keys": keys, "threshold": 1}}, OutOfRange, ""),
        ({"regulators": {"keys": keys, "threshold": 4}}, OutOfRange, ""),
        ({"regulators": {"keys": [*keys, keys[2]], "threshold": 2}}, EncodingError, ""),
        (
            {"regulators": {"keys": [keys[0] | {"agency": "fire"}, *keys[1:]]}}
            | {"threshold": 2},
            EncodingError,
            "",
        ),
        (
            {
                "regulators": {
                    "keys": [{"agency": "fire", "kid": keys[0]["kid"]}, *keys[1:]],
                    "threshold": 2,
                }
            },
            NotPermitted,
            "ring.regulator",
        ),
        (
            {
                "regulators": {
                    "keys": [keys[0] | {"kid": keys[1]["kid"]}, *keys[1:]],
                    "threshold": 2,
                }
            },
            NotPermitted,
            "ring.regulator",
        ),
        (
            {
                "regulators": {
                    "keys": [
                        keys[0] | {"kid": key("housing/sign").verify_key.kid},
                        *keys[1:],
                    ],
                    "threshold": 2,
                }
            },
            NotPermitted,
            "ring.regulator",
        ),
    ]


@pytest.mark.parametrize(("change", "error", "rule"), _registrations())
def test_other_lists_are_refused(
    bench: RingBench, change: dict[str, Any], error: type[PrivShareError], rule: str
) -> None:
    """Strangers, wrong order, no keys, regulators without a key in use."""
    refused = refusal(
        bench, "ring.register", "housing", bench.body(members(4), **change)
    )
    assert type(refused) is error and refused.detail.get("rule", "") == rule


def test_a_retired_key_makes_no_regulator(bench: RingBench) -> None:
    """Whom a ring names must be able to open when it is named."""
    bench.rotate("labour", retire=[ring_key("labour/open").kid])
    body = bench.body(members(4), regulators=bench.regulators())
    error = refusal(bench, "ring.register", "housing", body)
    assert error.detail["rule"] == "ring.regulator"


@pytest.mark.parametrize(
    ("account", "change", "error"),
    [
        ("taxes", {}, NotPermitted),
        ("housing", {"epoch": 2}, NotFound),
        ("housing", {"keys": b64u(joined(members(8)[:1]))}, EncodingError),
        ("housing", {"keys": b64u(joined(members(8)[3:5]))}, EncodingError),
        ("housing", {"keys": ""}, EncodingError),
    ],
)
def test_other_pages_are_refused(
    bench: RingBench, account: str, change: Any, error: type[PrivShareError]
) -> None:
    """Strangers, other epochs, and keys that do not go on where the last ended."""
    keys = members(8)
    bench.do(
        bench.scribe.tx("ring.register", "housing", bench.body(keys[:4], more=True))
    )
    fields = {"epoch": 1, "keys": b64u(joined(keys[4:])), "more": False, "ring": RING}
    assert type(refusal(bench, "ring.extend", account, fields | change)) is error


def test_a_list_is_bounded(bench: RingBench) -> None:
    """4,096 keys in eight pages; a full page fits into a transaction."""
    keys = members(4_097)
    pages = [keys[i : i + 1_024] for i in range(0, 4_097, 1_024)]
    first = bench.scribe.tx(
        "ring.register",
        "housing",
        bench.body(pages[0], more=True, regulators=bench.regulators()),
    )
    assert len(first) < MAX_TRANSACTION
    bench.do(first)
    for page in pages[1:4]:
        bench.extend(page, more=True)
    with pytest.raises(OutOfRange):
        bench.extend(pages[4])
    assert bench.epoch().size == 4_096
    body = bench.body(keys[:2], epoch=2, more=True)
    bench.do(bench.scribe.tx("ring.register", "housing", body))
    for one in keys[2:9]:
        bench.extend([one], more=True, epoch=2)
    with pytest.raises(OutOfRange):
        bench.extend(keys[9:10], epoch=2)


# Statements


def test_a_statement_is_entered_without_its_author(bench: RingBench) -> None:
    """The state holds digest, scope and tag; nothing depends on who relays it."""
    keys = bench.register(regulators=bench.regulators())
    statement = bench.signed(keys[2])
    name = bench.hand_in(statement, "labour")
    held = query.statement(bench.machine.state, name)
    index = bench.machine.size - 1
    assert (held.account, held.at, held.number) == ("labour", index, 1)
    assert held.digest == b64u(statement.digest)
    assert (held.ring, held.epoch, held.scope) == (RING, 1, "reports 2026")
    signature = RingSignature.from_bytes(statement.signature)
    assert held.tag == b64u(signature.tag)
    assert signature.escrow is not None
    assert held.escrow == b64u(signature.escrow.to_bytes())
    assert query.opening(bench.machine.state, name) == Opening()
    place = tag_key(statement.place, signature.tag)
    assert query.tag_use(bench.machine.state, place) == TagUse(1, index, index)
    listed = dict(bench.machine.state.items("statement/"))
    assert list(listed) == [f"statement/{name}"]


def test_what_one_member_says_in_a_scope_is_linked(bench: RingBench) -> None:
    """Through lists of keys, not through scopes; others have other tags."""
    keys = bench.register()
    first = bench.say(keys[0])
    bench.register(5, epoch=2)
    second = bench.say(keys[0], b"Another.", epoch=2)
    elsewhere = bench.say(keys[0], b"Another.", epoch=2, scope="votes")
    other = bench.say(keys[1], b"Another.", epoch=2)
    found = {
        name: query.statement(bench.machine.state, name)
        for name in (first, second, elsewhere, other)
    }
    assert [found[one].number for one in found] == [1, 2, 1, 1]
    assert found[first].tag == found[second].tag
    assert len({found[one].tag for one in found}) == 3
    place = tag_key(Place(NETWORK, RING, 2, "reports 2026"), unb64u(found[first].tag))
    use = query.tag_use(bench.machine.state, place)
    assert use == TagUse(2, found[first].at, found[second].at)


def test_who_spoke_may_be_refused(bench: RingBench) -> None:
    """A ring that says so takes one statement of a member in a scope."""
    keys = bench.register(repeat="refuse")
    bench.say(keys[0])
    again = bench.signed(keys[0], b"Another.")
    error = refusal(bench, "statement.ring", "taxes", again.body())
    assert (error.name, error.detail["rule"]) == ("NotPermitted", "statement.repeat")
    bench.say(keys[1])
    bench.say(keys[0], scope="votes")
    bench.register(5, epoch=2, repeat="refuse")
    later = bench.signed(keys[0], epoch=2)
    error = refusal(bench, "statement.ring", "taxes", later.body())
    assert error.detail["rule"] == "statement.repeat"


@pytest.mark.parametrize("repeat", ["link", "refuse"])
def test_a_statement_is_entered_once(bench: RingBench, repeat: str) -> None:
    """Handed in again, by anybody and signed anew, it is the same statement."""
    keys = bench.register(repeat=repeat)
    statement = bench.signed(keys[0])
    name = bench.hand_in(statement, "taxes")
    index = bench.machine.size - 1
    for again in (statement, bench.signed(keys[0])):
        assert name_of(again) == name
        error = refusal(bench, "statement.ring", "labour", again.body())
        assert error.name == "Conflict"
        assert error.detail == {
            "id": name,
            "index": index,
            "rule": "statement.repeated",
        }


def test_a_list_must_be_in_force(bench: RingBench) -> None:
    """Not before its last page, and not after the next list's."""
    keys = bench.register(4, more=True)
    with pytest.raises(NotFound):
        bench.signed(keys[0])
    place = Place(NETWORK, RING, 1, "reports 2026")
    early = ring_statement.sign(b"A report.", place, ring_of(keys), keys[0])
    error = refusal(bench, "statement.ring", "taxes", early.body())
    assert (error.name, error.detail["rule"]) == ("StepNotAllowed", "ring.status")
    missing = early.body() | {"epoch": 7}
    assert refusal(bench, "statement.ring", "taxes", missing).name == "NotFound"
    rest = [one for one in members(20) if one.public > keys[-1].public][:1]
    bench.extend(rest)
    late = bench.signed(keys[0])
    bench.register(6, epoch=2)
    error = refusal(bench, "statement.ring", "taxes", late.body())
    assert (error.name, error.detail["rule"]) == ("StepNotAllowed", "ring.status")


def _other_bodies(bench: RingBench, body: dict[str, Any]) -> dict[str, Any]:
    signature = unb64u(body["signature"])
    flipped = signature[:-1] + bytes([signature[-1] ^ 1])
    return {
        "digest": b64u(bytes(32)),
        "scope": "reports 2027",
        "signature": b64u(flipped),
    }


@pytest.mark.parametrize("regulated", [False, True])
def test_a_signature_for_anything_else_is_refused(
    bench: RingBench, regulated: bool
) -> None:
    """Another digest, scope, epoch or ring, another network, other regulators."""
    regulators = bench.regulators() if regulated else None
    keys = bench.register(regulators=regulators)
    body = bench.signed(keys[0]).body()
    for field, value in _other_bodies(bench, body).items():
        error = refusal(bench, "statement.ring", "taxes", body | {field: value})
        assert type(error) in (SignatureInvalid, EncodingError), field
    state = bench.machine.state
    ring = keys_of(state, bench.epoch())
    for place in (
        Place("other.net", RING, 1, "reports 2026"),
        Place(NETWORK, "housing/others", 1, "reports 2026"),
        Place(NETWORK, RING, 2, "reports 2026"),
    ):
        other = ring_statement.sign(b"A report.", place, ring, keys[0])
        misplaced = other.body() | {"ring": RING, "epoch": 1}
        error = refusal(bench, "statement.ring", "taxes", misplaced)
        assert type(error) is SignatureInvalid
    bench.register(epoch=2, regulators=None if regulated else bench.regulators())
    moved = body | {"epoch": 2}
    assert type(refusal(bench, "statement.ring", "taxes", moved)) is SignatureInvalid


def test_an_escrow_comes_exactly_with_regulators(bench: RingBench) -> None:
    """A member cannot leave the regulators out, and cannot bring others."""
    keys = bench.register(regulators=bench.regulators())
    ring = keys_of(bench.machine.state, bench.epoch())
    place = Place(NETWORK, RING, 1, "reports 2026")
    bare = ring_statement.sign(b"A report.", place, ring, keys[0])
    error = refusal(bench, "statement.ring", "taxes", bare.body())
    assert type(error) is SignatureInvalid
    signed = bench.signed(keys[0])
    bench.register(epoch=2)
    body = signed.body() | {"epoch": 2}
    assert type(refusal(bench, "statement.ring", "taxes", body)) is SignatureInvalid


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"signature": ""}, EncodingError),
        ({"signature": b64u(bytes(64))}, EncodingError),
        ({"signature": b64u(bytes(MAX_SIGNATURE + 1))}, EncodingError),
        ({"signature": 1}, EncodingError),
        ({"scope": ""}, EncodingError),
        ({"scope": " x"}, EncodingError),
        ({"scope": "x" * 129}, EncodingError),
        ({"scope": "caf\u00e9"}, EncodingError),
        ({"scope": "a\nb"}, EncodingError),
        ({"digest": b64u(bytes(31))}, EncodingError),
        ({"epoch": 0}, OutOfRange),
        ({"ring": "nobody"}, EncodingError),
        ({"ring": "housing/nobody"}, NotFound),
        ({"more": 1}, EncodingError),
    ],
)
def test_statements_of_another_form_are_refused(
    bench: RingBench, change: dict[str, Any], error: type[PrivShareError]
) -> None:
    """Every field has its bounds."""
    keys = bench.register()
    body = bench.signed(keys[0]).body() | change
    assert type(refusal(bench, "statement.ring", "taxes", body)) is error


# Openings


def test_two_of_three_name_the_signer(bench: RingBench) -> None:
    """One part names nobody; the second does, whoever gives it."""
    keys = bench.register(regulators=bench.regulators())
    name = bench.say(keys[3])
    bench.open_by(name, "taxes")
    opening = query.opening(bench.machine.state, name)
    assert opening is not None
    assert (opening.member, opening.opened) == (None, None)
    assert [one.agency for one in opening.partials] == ["taxes"]
    bench.open_by(name, "housing")
    opening = query.opening(bench.machine.state, name)
    assert opening is not None
    assert opening.member == b64u(keys[3].public)
    assert opening.opened == bench.machine.size - 1
    assert [one.agency for one in opening.partials] == ["taxes", "housing"]


def test_a_regulator_opens_once_and_nobody_after_the_naming(bench: RingBench) -> None:
    """A part given twice is refused, and so is one that changes nothing."""
    keys = bench.register(regulators=bench.regulators())
    name = bench.say(keys[0])
    bench.open_by(name, "taxes")
    error = refusal(bench, "reg.open", "taxes", bench.part(name, "taxes"))
    assert (error.name, error.detail["rule"]) == ("Conflict", "opening.repeated")
    bench.open_by(name, "labour")
    error = refusal(bench, "reg.open", "housing", bench.part(name, "housing"))
    assert (error.name, error.detail["rule"]) == ("StepNotAllowed", "opening.opened")


def test_only_regulators_open_and_with_their_own_part(bench: RingBench) -> None:
    """Strangers, another's part, another statement's, another reason's."""
    keys = bench.register(regulators=bench.regulators())
    name, other = bench.say(keys[0]), bench.say(keys[1])
    part = bench.part(name, "taxes")
    error = refusal(bench, "reg.open", "registry", part)
    assert error.detail["rule"] == "opening.regulator"
    for body, account in (
        (part, "housing"),
        (part | {"reason": "Another."}, "taxes"),
        (bench.part(other, "taxes") | {"statement": name}, "taxes"),
        (part | {"opening": b64u(bytes(129))}, "taxes"),
        (part | {"opening": b64u(bytes([9]) + bytes(128))}, "taxes"),
    ):
        error = refusal(bench, "reg.open", account, body)
        assert error.name in ("ProofInvalid", "EncodingError", "OutOfRange")
    nobody = part | {"statement": b64u(bytes(32))}
    assert refusal(bench, "reg.open", "taxes", nobody).name == "NotFound"
    for reason in ("", "x" * 513, "a\nb"):
        error = refusal(bench, "reg.open", "taxes", part | {"reason": reason})
        assert error.name == "EncodingError"


def test_nobody_opens_in_a_ring_without_regulators(bench: RingBench) -> None:
    """There is nothing to open, for anybody."""
    keys = bench.register()
    name = bench.say(keys[0])
    assert query.opening(bench.machine.state, name) is None
    body = {"opening": b64u(bytes(129)), "reason": "why", "statement": name}
    for account in REGULATORS:
        error = refusal(bench, "reg.open", account, body)
        assert error.detail["rule"] == "opening.regulator"


def test_a_statement_is_opened_with_the_keys_of_its_epoch(bench: RingBench) -> None:
    """A regulator that rotated its key since still opens with the former one."""
    keys = bench.register(regulators=bench.regulators())
    name = bench.say(keys[0])
    bench.give_key("taxes", "second")
    bench.rotate("taxes", retire=[ring_key("taxes/open").kid])
    bench.register(5, epoch=2)
    bench.open_by(name, "taxes")
    bench.open_by(name, "labour")
    opening = query.opening(bench.machine.state, name)
    assert opening is not None and opening.member == b64u(keys[0].public)


# Proofs


def test_a_proof_is_a_digest_and_changes_no_state(bench: RingBench) -> None:
    """Anybody may hold one; about a dataset, its owner alone."""
    body = {"kind": "range/v1", "proof": b64u(bytes(32)), "subject": None}
    before = bench.machine.state.root()
    bench.do(bench.scribe.tx("statement.zk", "labour", body))
    about = body | {"subject": "taxes/returns"}
    bench.do(bench.scribe.tx("statement.zk", "taxes", about))
    assert bench.machine.state.root() == before
    error = refusal(bench, "statement.zk", "labour", about)
    assert error.detail["rule"] == "dataset.owner"
    for change, name in (
        ({"kind": "range"}, "EncodingError"),
        ({"kind": "Range/v1"}, "EncodingError"),
        ({"proof": b64u(bytes(31))}, "EncodingError"),
        ({"subject": "taxes"}, "EncodingError"),
        ({"document": {}}, "EncodingError"),
    ):
        assert refusal(bench, "statement.zk", "taxes", about | change).name == name
    missing = body | {"subject": "taxes/others"}
    assert refusal(bench, "statement.zk", "taxes", missing).name == "NotFound"
    bench.do(bench.scribe.tx("dataset.retire", "taxes", {"dataset": "taxes/returns"}))
    assert refusal(bench, "statement.zk", "taxes", about).name == "StepNotAllowed"


# Replay


def test_a_replay_gives_the_same_state(bench: RingBench) -> None:
    """A mirror that sees the log alone comes to every root."""
    keys = bench.register(regulators=bench.regulators())
    bench.close()
    name = bench.say(keys[1])
    bench.say(keys[1], b"Another.")
    bench.close()
    bench.open_by(name, "taxes")
    bench.register(3, epoch=2, more=True)
    bench.close()
    bench.open_by(name, "labour")
    bench.close()
    mirror = Machine(bench.genesis)
    for entries in bench.blocks:
        mirror.replay_block(entries)
    assert mirror.state.root() == bench.machine.state.root()
