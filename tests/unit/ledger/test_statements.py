"""Transactions, enrolments, genesis, block entries and the trust policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ledger_kit import (
    LOG_KEY,
    LOG_VKEY,
    NETWORK,
    ORIGIN,
    START,
    Bench,
    Scribe,
    digest,
    enrol,
    genesis,
    key,
    payload,
    terms,
)

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    OutOfRange,
    PrivShareError,
    SignatureInvalid,
    VerificationError,
)
from privshare.ledger import query, transaction
from privshare.ledger.block import BlockEntry, is_block, is_leaf, leaf_entry
from privshare.ledger.enrolment import enrolment, open_enrolment
from privshare.ledger.genesis import Genesis, Params, create_genesis
from privshare.ledger.machine import Machine
from privshare.ledger.trust import trust_policy
from privshare.log.witness import parse_policy
from privshare.schemes.keys import sign_envelope
from privshare.wire.canonical import b64u, decode, encode
from privshare.wire.envelope import encode as encode_envelope


def signed(obj: Any, media: str = transaction.MEDIA_TYPE) -> bytes:
    """An envelope around any JSON."""
    return encode_envelope(sign_envelope(media, encode(obj), [key("taxes/sign")]))


def test_a_transaction_survives_its_bytes() -> None:
    """What was built is what is parsed, and the bytes are kept."""
    data = Scribe().register("taxes/returns")
    parsed = transaction.parse(data)
    assert (parsed.kind, parsed.account, parsed.network) == (
        "dataset.register",
        "taxes",
        NETWORK,
    )
    assert parsed.data == data and parsed.body["dataset"] == "taxes/returns"


def test_the_id_covers_the_payload_and_not_the_signatures() -> None:
    """Signed by another key, the same request has the same id."""
    scribe = Scribe()
    a = scribe.tx("dataset.retire", "taxes", {"dataset": "taxes/x"}, [key("a")])
    scribe.nonces -= 1
    b = scribe.tx("dataset.retire", "taxes", {"dataset": "taxes/x"}, [key("b")])
    assert a != b and transaction.parse(a).id == transaction.parse(b).id


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"account": "Taxes"},
        {"account": "taxes/x"},
        {"kind": "org"},
        {"kind": "org.admit.x"},
        {"network": "x"},
        {"nonce": "AAAA"},
        {"not_after": -1},
        {"not_after": "soon"},
        {"body": []},
        {"more": 1},
    ],
)
def test_a_malformed_transaction_is_refused(change: dict[str, Any]) -> None:
    """Each field has one form, and there is no further field."""
    fields = payload(Scribe().register("taxes/returns"))
    with pytest.raises((EncodingError, OutOfRange)):
        transaction.parse(signed(fields | change))


@pytest.mark.parametrize("name", ["account", "body", "kind", "nonce", "not_after", "v"])
def test_a_missing_field_is_refused(name: str) -> None:
    """No field may be left out."""
    fields = payload(Scribe().register("taxes/returns"))
    del fields[name]
    with pytest.raises(EncodingError):
        transaction.parse(signed(fields))


def test_another_statement_is_no_transaction() -> None:
    """The payload type is covered by the signature and looked at."""
    with pytest.raises(EncodingError, match="payload type"):
        transaction.parse(encode_envelope(enrol("taxes")))


def test_a_transaction_is_bounded() -> None:
    """A log entry has at most 65,535 bytes."""
    body = {"dataset": "x" * 70_000}
    with pytest.raises(EncodingError, match="at most"):
        transaction.parse(Scribe().tx("dataset.retire", "taxes", body))


def test_an_enrolment_is_signed_by_each_of_its_signing_keys() -> None:
    """Two signing keys, two signatures; one of them alone is not enough."""
    a, b = key("a"), key("b")
    keys = [
        ("sign", "ed25519", a.verify_key.raw),
        ("sign", "ed25519", b.verify_key.raw),
    ]
    assert open_enrolment(enrolment("fire", NETWORK, "", keys, [a, b])).agency == "fire"
    with pytest.raises(SignatureInvalid):
        open_enrolment(enrolment("fire", NETWORK, "", keys, [a]))
    with pytest.raises(SignatureInvalid):
        open_enrolment(enrolment("fire", NETWORK, "", keys, [a, b, key("c")]))


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        ("", []),
        ("", [("seal", "x25519", bytes(range(32)))]),
        ("", [("sign", "ed25519", bytes(32))]),
        ("", [("sign", "ed25519", bytes(31))]),
        ("", [("sign", "x25519", bytes(range(32)))]),
        ("", [("other", "ed25519", bytes(range(32)))]),
        ("", [("he", "paillier", b"\x80" + bytes(255))]),
        ("", [("he", "paillier", b"\x01" * 256)]),
        ("", [("he", "paillier", b"\xff" * 100)]),
        ("file:///etc/passwd", None),
        ("http://a b", None),
        ("https://x/?q", None),
    ],
)
def test_keys_and_addresses_of_another_form_are_refused(
    url: str, keys: list[tuple[str, str, bytes]] | None
) -> None:
    """No signing key, no point, small order, wrong algorithm, wrong length."""
    good = ("sign", "ed25519", key("a").verify_key.raw)
    listed = [good] if keys is None else keys
    with pytest.raises(EncodingError):
        if keys and keys[0][0] != "sign" and keys[0][0] != "seal":
            listed = [good, *keys]
        enrolment("fire", NETWORK, url, listed, [key("a")])


def test_a_genesis_survives_its_bytes() -> None:
    """Entry 0 comes back as it was, with the same digest."""
    made = genesis()
    again = Genesis.decode(made.encode())
    assert again == made and again.digest == made.digest
    assert made.operator == "registry"


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"kind": "block"},
        {"operator": "taxes"},
        {"agencies": []},
        {"log_key": "nonsense"},
        {"origin": ""},
        {"origin": "two words"},
        {"time": -1},
        {"more": 1},
    ],
)
def test_a_malformed_genesis_is_refused(change: dict[str, Any]) -> None:
    """Each field has one form; the operator is a member."""
    obj: Any = decode(genesis().encode())
    with pytest.raises((EncodingError, OutOfRange)):
        Genesis.decode(encode(obj | change))


def test_a_genesis_lists_each_member_and_key_once() -> None:
    """The same agency or key twice is refused."""
    obj: Any = decode(genesis().encode())
    obj["agencies"] *= 2
    with pytest.raises(EncodingError):
        Genesis.decode(encode(obj))


def test_an_operator_of_another_network_founds_nothing() -> None:
    """The enrolment names the network."""
    with pytest.raises(EncodingError, match="network"):
        create_genesis("other.net", ORIGIN, LOG_VKEY, enrol("registry"), Params(), 0)


def test_a_block_entry_says_where_it_is() -> None:
    """The genesis block is height 0, entries 0 and 1."""
    bench = Bench()
    entry = BlockEntry.decode(bench.blocks[0][-1])
    assert (entry.height, entry.first, entry.index, entry.size) == (0, 0, 1, 2)
    assert entry.time == START and entry.params == bench.genesis.params.digest
    assert is_block(bench.blocks[0][-1])
    assert not is_block(bench.blocks[0][0]) and not is_leaf(bench.blocks[0][0])


def test_leaf_entries_are_33_bytes() -> None:
    """A digest of another length has no entry."""
    assert is_leaf(leaf_entry(bytes(32)))
    with pytest.raises(EncodingError):
        leaf_entry(bytes(31))


def test_a_block_has_one_time() -> None:
    """Neither going back nor two times within one block."""
    bench = Bench()
    bench.do(bench.scribe.admit("taxes"))
    with pytest.raises(OutOfRange):
        bench.machine.close_block(bench.scribe.now + 1)
    with pytest.raises(OutOfRange):
        bench.machine.close_block(START - 1)
    bench.close()


def test_a_key_retired_in_between_stops_a_checked_transaction() -> None:
    """What was checked before a rotation is looked at again when applied."""
    bench = Bench()
    bench.admit_all()
    late = bench.machine.check(
        bench.scribe.register("taxes/late"), b"", bench.scribe.now
    )
    old, new = key("taxes/sign").verify_key, key("new").verify_key
    body = {
        "add": [{"alg": "ed25519", "pub": b64u(new.raw), "use": "sign"}],
        "retire": [old.kid],
        "url": None,
    }
    keys = [key("taxes/sign"), key("new")]
    bench.do(bench.scribe.tx("key.rotate", "taxes", body, keys))
    with pytest.raises(SignatureInvalid):
        bench.machine.apply(late, bench.scribe.now)


def test_a_machine_goes_on_from_its_rows() -> None:
    """Loaded from rows, a machine has the same root, replays and descendants."""
    bench = Bench()
    bench.admit_all()
    top = bench.granted()
    child = terms(grantee="labour", delegable=1)
    below = bench.do(bench.scribe.delegate(top, child, "housing"))
    last = BlockEntry.decode(bench.close())
    rows = [
        (name, encode(value))
        for family in ("agency/", "key/", "dataset/", "grant/")
        for name, value in bench.machine.state.items(family)
    ]
    again = Machine.load(bench.genesis, rows, last, [])
    assert again.state.root() == bench.machine.state.root()
    assert again._descendants(top) == [below]
    with pytest.raises(VerificationError):
        Machine.load(bench.genesis, rows[:-1], last, [])


def test_queries_name_what_is_missing() -> None:
    """Absent things are NotFound, and lists come back typed."""
    bench = Bench()
    bench.admit_all()
    state = bench.machine.state
    for ask in (
        lambda: query.agency(state, "ghost"),
        lambda: query.dataset(state, "taxes/none"),
        lambda: query.grant(state, "A" * 43),
        lambda: query.use(state, "A" * 43),
        lambda: query.job(state, "A" * 43),
        lambda: query.key(state, "taxes", "A" * 43),
    ):
        with pytest.raises(NotFound):
            ask()
    assert list(query.agencies(state)) == ["registry", "taxes", "housing", "labour"]
    assert list(query.datasets(state, "taxes")) == ["taxes/returns"]
    assert query.datasets(state, "housing") == {}
    assert query.erased(state, "taxes/returns", 0) is None
    assert {item.use for item in query.keys_of(state, "taxes").values()} == {
        "sign",
        "witness",
    }


def test_the_trust_policy_follows_the_ledger() -> None:
    """Witnesses are the members but the operator; a majority unless told."""
    bench = Bench()
    state = bench.machine.state
    assert trust_policy(bench.genesis, state, None).endswith("quorum none\n")
    bench.admit_all()
    text = trust_policy(bench.genesis, state, None)
    policy = parse_policy(text.encode())
    assert [witness.name for witness in policy.witnesses] == [
        f"{ORIGIN}/witness/{agency}" for agency in ("housing", "labour", "taxes")
    ]
    assert policy.groups[0].threshold == 2
    assert str(policy.logs[0].key) == LOG_VKEY
    for quorum in (-1, 4):
        with pytest.raises(OutOfRange):
            trust_policy(bench.genesis, state, quorum)


def test_a_refused_transaction_leaves_the_machine_as_it_was() -> None:
    """Counters, size, replay memory and root are those from before."""
    bench = Bench()
    bench.admit_all()
    machine = bench.machine
    before = (machine.size, machine.transactions, machine.state.root())
    data = bench.scribe.register("taxes/returns")
    for _ in range(2):
        with pytest.raises(Conflict, match="registered"):
            bench.do(data)
    assert before == (machine.size, machine.transactions, machine.state.root())


def test_no_error_shows_a_secret() -> None:
    """Neither keys nor bodies appear in what a refusal says."""
    bench = Bench()
    secret = key("taxes/sign").seed().hex()
    data = bench.scribe.tx("dataset.retire", "ghost", {"dataset": digest("x")})
    with pytest.raises(PrivShareError) as refused:
        bench.do(data)
    assert secret not in repr(refused.value) + repr(LOG_KEY)
    assert replace(transaction.parse(data), nonce=bytes(16)).nonce == bytes(16)
