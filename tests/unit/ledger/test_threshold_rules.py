"""The threshold key on the ledger: who deals, who accepts, and which one counts."""

from __future__ import annotations

import secrets
from math import factorial, prod
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_kit import Bench, digest, key
from threshold_kit import PRIMES, dealt

from privshare.bindings.paillier import public_core
from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    ProofInvalid,
    SignatureInvalid,
    StepNotAllowed,
    VerificationError,
)
from privshare.ledger import query
from privshare.ledger.block import BlockEntry
from privshare.ledger.machine import Machine
from privshare.ledger.shared_key import SharedKey
from privshare.ledger.state_map import verify_map
from privshare.ledger.transaction import MAX_TRANSACTION
from privshare.schemes.paillier import PaillierPublicKey
from privshare.schemes.threshold import MAX_HOLDERS, ThresholdKey
from privshare.schemes.threshold_key import base_of
from privshare.schemes.threshold_proof import power
from privshare.wire.canonical import b64u

HOLDERS = ["taxes", "housing", "labour"]


@pytest.fixture
def bench() -> Bench:
    """A network of four with one dataset."""
    made = Bench()
    made.admit_all()
    return made


def body(epoch: int = 1, **changes: Any) -> dict[str, Any]:
    """A fresh key of two out of three, dealt to all members but the operator."""
    fresh = {
        "epoch": epoch,
        "evidence": None,
        "holders": HOLDERS,
        "key": dealt(2, 3, (epoch - 1) % 3)[0].to_json(),
        "previous": None,
    }
    return fresh | changes


def deal(
    bench: Bench, epoch: int = 1, account: str = "registry", **changes: Any
) -> str:
    """The operator deals."""
    return bench.do(bench.scribe.tx("threshold.deal", account, body(epoch, **changes)))


def accept(bench: Bench, account: str, epoch: int = 1) -> str:
    """A holder accepts."""
    return bench.do(bench.scribe.tx("threshold.accept", account, {"epoch": epoch}))


def held(bench: Bench, epoch: int = 1) -> SharedKey:
    """What the state holds of an epoch."""
    return query.threshold_epoch(bench.machine.state, epoch)


def active(bench: Bench) -> int | None:
    """The epoch that is in use."""
    found = query.threshold_key(bench.machine.state)
    return None if found is None else found.epoch


def put_in_use(bench: Bench, epoch: int = 1) -> None:
    """Deal, and let two accept."""
    deal(bench, epoch)
    accept(bench, "taxes", epoch)
    accept(bench, "housing", epoch)


def reshared(bench: Bench, **changes: Any) -> dict[str, Any]:
    """A body that re-shares epoch 1 to the same three (its shares do not matter)."""
    fields = body(2, evidence=digest("public parts"), previous=1)
    return fields | {"key": reshared_key()} | changes


def reshared_key(past: tuple[int, ...] = (3,)) -> dict[str, Any]:
    """A key of the first modulus with a past, its commitments made by its dealer."""
    first = dealt(2, 3)[0]
    p, q = PRIMES[:2]
    n, order = p * q, (p // 2) * (q // 2)
    core, base = public_core(n), base_of(public_core(n), past)
    # F·d, shared by a line: what an honest re-sharing comes to, modulo the order.
    later = (*past[1:], 3)
    factor = prod(
        factorial(old) * factorial(new) for old, new in zip(past, later, strict=True)
    )
    secret = order * pow(order, -1, n) * factor
    slope = secrets.randbelow(n * order)
    commitments = tuple(
        power(core, base, 6 * ((secret + slope * i) % (n * order)), 600)
        for i in (1, 2, 3)
    )
    made = ThresholdKey(n, 2, past, commitments, first.roots)
    return dict(made.to_json())


# Dealing


def test_a_deal_is_in_the_state_and_not_in_use(bench: Bench) -> None:
    """The value holds the key, its holders in order and its dealer; nothing uses it."""
    deal(bench)
    found = held(bench)
    assert (found.epoch, found.status, found.dealer) == (1, "dealt", "registry")
    assert found.agencies == tuple(HOLDERS) and found.accepted == ()
    assert found.threshold == 2 and found.index("housing") == 2
    assert found.index("registry") is None and found.since is None
    assert found.opened == dealt(2, 3)[0]
    assert found.at == bench.machine.size - 1
    assert active(bench) is None
    assert bench.state("threshold") == {"active": None, "newest": 1}


def test_nothing_is_known_before_the_first_deal(bench: Bench) -> None:
    """No key, and no epoch 1."""
    assert query.threshold_key(bench.machine.state) is None
    assert query.threshold_epochs(bench.machine.state) == {}
    with pytest.raises(NotFound, match="epoch 1"):
        held(bench)


def test_only_the_operator_deals(bench: Bench) -> None:
    """Another member's deal is refused by rule threshold.operator."""
    with pytest.raises(NotPermitted) as refused:
        deal(bench, account="taxes")
    assert refused.value.detail["rule"] == "threshold.operator"


@pytest.mark.parametrize("epoch", [2, 3])
def test_epochs_have_no_holes(bench: Bench, epoch: int) -> None:
    """The first is 1; the error says which one is next."""
    with pytest.raises(Conflict) as refused:
        deal(bench, epoch)
    assert refused.value.detail["epoch"] == 1


def test_an_epoch_is_dealt_once(bench: Bench) -> None:
    """A second deal of the same number is a conflict."""
    deal(bench)
    with pytest.raises(Conflict):
        deal(bench, 1)


def test_holders_are_members(bench: Bench) -> None:
    """An agency that nobody admitted holds nothing."""
    with pytest.raises(NotPermitted) as refused:
        deal(bench, holders=["taxes", "housing", "fire"])
    assert refused.value.detail["rule"] == "threshold.holder"


@pytest.mark.parametrize(
    "holders",
    [["taxes", "housing"], [*HOLDERS, "registry"], ["taxes", "taxes", "housing"], []],
)
def test_each_share_has_one_holder(bench: Bench, holders: list[str]) -> None:
    """As many agencies as the key has shares, and nobody holds two."""
    with pytest.raises(EncodingError, match="holders"):
        deal(bench, holders=holders)


def test_the_order_of_holders_is_that_of_the_shares(bench: Bench) -> None:
    """Holders are not sorted: the first has share 1."""
    deal(bench, holders=["labour", "taxes", "housing"])
    assert held(bench).index("labour") == 1


def test_the_bounds_of_a_key_hold(bench: Bench) -> None:
    """Two to sixteen holders, a threshold of two or more, and below their number."""
    for change in ({"threshold": 1}, {"threshold": 4}, {"commitments": []}):
        with pytest.raises((OutOfRange, EncodingError)):
            deal(bench, key=body()["key"] | change)
    many = [f"agency-{n}" for n in range(MAX_HOLDERS + 1)]
    with pytest.raises(EncodingError, match="at most 16"):
        deal(bench, holders=many)


def test_the_ledger_checks_the_key(bench: Bench) -> None:
    """Commitments that do not fit one another are refused by everybody."""
    good = body()["key"]
    swapped = [*good["commitments"][1:], good["commitments"][0]]
    with pytest.raises(VerificationError):
        deal(bench, key=good | {"commitments": swapped})
    with pytest.raises(VerificationError):
        deal(bench, key=good | {"commitments": [good["commitments"][0]] * 3})
    with pytest.raises((ProofInvalid, EncodingError)):
        deal(bench, key=good | {"roots": dealt(2, 3, 1)[0].to_json()["roots"]})
    assert query.threshold_epochs(bench.machine.state) == {}


def test_nobody_else_makes_the_ledger_compute(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is looked into once its dealer is known to be the operator."""

    def computed(_: object) -> None:
        raise AssertionError("the key was looked into")

    monkeypatch.setattr(ThresholdKey, "from_json", computed)
    forged = bench.scribe.tx(
        "threshold.deal", "registry", body(), keys=[key("taxes/sign")]
    )
    with pytest.raises(SignatureInvalid):
        bench.do(forged)
    with pytest.raises(NotPermitted):
        deal(bench, account="taxes")
    with pytest.raises(EncodingError, match="key"):
        deal(bench, key=[])


def test_a_modulus_is_dealt_once(bench: Bench) -> None:
    """What was once a key is not dealt again as a fresh one."""
    put_in_use(bench)
    with pytest.raises(NotPermitted) as refused:
        deal(bench, 2, key=dealt(3, 3)[0].to_json())
    assert refused.value.detail["rule"] == "threshold.modulus"


def test_a_modulus_that_an_agency_opens_alone_is_refused(bench: Bench) -> None:
    """A key that stands in the ledger as an agency's own is no consortium's."""
    n = dealt(2, 3)[0].n
    alone = {
        "alg": "paillier",
        "pub": b64u(PaillierPublicKey(n).to_bytes()),
        "use": "he",
    }
    change = {"add": [alone], "retire": [], "url": None}
    bench.do(bench.scribe.tx("key.rotate", "taxes", change))
    with pytest.raises(NotPermitted) as refused:
        deal(bench)
    assert refused.value.detail["rule"] == "threshold.modulus"


def test_a_dealt_modulus_becomes_nobodys_own_key(bench: Bench) -> None:
    """Else a job could name one agency as custodian of what it cannot open alone."""
    deal(bench)
    n = PaillierPublicKey(PRIMES[0] * PRIMES[1])
    add = [{"alg": "paillier", "pub": b64u(n.to_bytes()), "use": "he"}]
    rotate = {"add": add, "retire": [], "url": None}
    with pytest.raises(Conflict, match="which is known"):
        bench.do(bench.scribe.tx("key.rotate", "taxes", rotate))


def test_the_largest_key_fits_an_entry(bench: Bench) -> None:
    """Sixteen holders of a 3072-bit key: commitments, roots and all."""
    n_bytes, count = 384, MAX_HOLDERS
    largest = body(
        holders=[f"a{'x' * 29}{n % 10}" for n in range(count)],
        evidence=digest("parts"),
        previous=2**53 - 1,
        key={
            "commitments": [b64u(bytes(2 * n_bytes))] * count,
            "n": b64u(b"\xff" * n_bytes),
            "past": [count] * 64,
            "roots": b64u(bytes(6 * n_bytes)),
            "threshold": count,
            "type": "privshare.paillier-threshold",
            "v": 1,
        },
    )
    data = bench.scribe.tx("threshold.deal", "registry", largest)
    assert len(data) < MAX_TRANSACTION // 2


# Accepting


def test_a_key_is_in_use_once_enough_have_accepted(bench: Bench) -> None:
    """The second of three acceptances makes it the key; the third is noted."""
    deal(bench)
    accept(bench, "housing")
    assert active(bench) is None and held(bench).accepted == ("housing",)
    accept(bench, "taxes")
    assert active(bench) == 1
    found = held(bench)
    assert (found.status, found.accepted) == ("active", ("taxes", "housing"))
    assert found.since == found.holders[0].accepted
    accept(bench, "labour")
    assert held(bench).accepted == tuple(HOLDERS)
    assert held(bench).since == found.since


def test_only_holders_accept(bench: Bench) -> None:
    """Not even the dealer, by rule threshold.holder."""
    deal(bench)
    with pytest.raises(NotPermitted) as refused:
        accept(bench, "registry")
    assert refused.value.detail["rule"] == "threshold.holder"
    with pytest.raises(NotFound):
        accept(bench, "taxes", 2)


def test_a_share_is_accepted_once(bench: Bench) -> None:
    """Nobody counts twice."""
    deal(bench)
    accept(bench, "taxes")
    with pytest.raises(Conflict):
        accept(bench, "taxes")
    assert active(bench) is None


def test_a_new_key_takes_the_place_of_the_old_one(bench: Bench) -> None:
    """Until enough have accepted it the old one stays; then it is superseded."""
    put_in_use(bench)
    deal(bench, 2)
    accept(bench, "taxes", 2)
    assert active(bench) == 1 and held(bench, 1).status == "active"
    accept(bench, "labour", 2)
    assert active(bench) == 2
    first, second = held(bench, 1), held(bench, 2)
    assert (first.status, second.status) == ("superseded", "active")
    assert first.until == second.since
    with pytest.raises(StepNotAllowed) as refused:
        accept(bench, "labour", 1)
    assert refused.value.detail["rule"] == "threshold.status"


def test_a_value_says_when_its_key_was_in_use(bench: Bench) -> None:
    """Whoever knows a job's log index tells from one value whether it fits."""
    put_in_use(bench)
    begun = held(bench).since
    assert begun is not None
    assert not held(bench).in_use(begun) and held(bench).in_use(begun + 1)
    put_in_use(bench, 2)
    ended = held(bench, 1).until
    assert ended is not None
    assert held(bench, 1).in_use(ended - 1) and not held(bench, 1).in_use(ended)
    assert held(bench, 2).in_use(ended + 1)


def test_a_deal_that_nobody_wants_makes_way(bench: Bench) -> None:
    """Another deal withdraws one that too few accepted, which is never the key."""
    deal(bench, 1)
    accept(bench, "taxes")
    deal(bench, 2)
    assert held(bench, 1).status == "withdrawn"
    with pytest.raises(StepNotAllowed):
        accept(bench, "housing", 1)
    accept(bench, "taxes", 2)
    accept(bench, "housing", 2)
    assert active(bench) == 2 and held(bench, 1).status == "withdrawn"


# Re-sharing


def test_the_active_key_is_reshared(bench: Bench) -> None:
    """The same modulus in other pieces; the old pieces are superseded."""
    put_in_use(bench)
    bench.do(bench.scribe.tx("threshold.deal", "registry", reshared(bench)))
    found = held(bench, 2)
    assert (found.previous, found.evidence) == (1, digest("public parts"))
    assert found.opened.kid == held(bench, 1).opened.kid
    accept(bench, "labour", 2)
    accept(bench, "housing", 2)
    assert active(bench) == 2 and held(bench, 1).status == "superseded"


def test_a_resharing_says_what_it_is_of(bench: Bench) -> None:
    """Epoch, evidence and past go together, and fit the active key."""
    put_in_use(bench)
    good = reshared(bench)
    for change in (
        {"evidence": None},
        {"previous": None},
        {"previous": None, "evidence": None},
    ):
        with pytest.raises(EncodingError, match="re-shared"):
            bench.do(bench.scribe.tx("threshold.deal", "registry", good | change))
    other = bench.scribe.tx("threshold.deal", "registry", good | {"previous": 2})
    with pytest.raises(StepNotAllowed) as refused:
        bench.do(other)
    assert refused.value.detail["rule"] == "threshold.previous"
    for other_key in (reshared_key((3, 3)), dealt(2, 3)[0].to_json()):
        with pytest.raises(NotPermitted) as denied:
            changed = good | {"key": other_key}
            bench.do(bench.scribe.tx("threshold.deal", "registry", changed))
        assert denied.value.detail["rule"] == "threshold.past"


def test_a_resharing_keeps_the_modulus(bench: Bench) -> None:
    """A re-shared key of another modulus would make old ciphertexts unreadable."""
    deal(bench, 1, key=dealt(2, 3, 1)[0].to_json())
    accept(bench, "taxes")
    accept(bench, "housing")
    with pytest.raises(NotPermitted) as refused:
        bench.do(bench.scribe.tx("threshold.deal", "registry", reshared(bench)))
    assert refused.value.detail["rule"] == "threshold.modulus"


def test_what_is_not_in_use_is_not_reshared(bench: Bench) -> None:
    """A dealt key that too few accepted has no holders to re-share it."""
    deal(bench)
    with pytest.raises(StepNotAllowed):
        bench.do(bench.scribe.tx("threshold.deal", "registry", reshared(bench)))


# Who may be asked


def test_openers_are_holders_that_are_members(bench: Bench) -> None:
    """An agency that left keeps its share, and is not asked any more."""
    put_in_use(bench)
    assert query.threshold_openers(bench.machine.state, held(bench)) == (
        "taxes",
        "housing",
    )

    class Later:
        """The state, once housing has left."""

        @staticmethod
        def get(name: str) -> dict[str, Any] | None:
            found = bench.machine.state.get(name)
            if name == "agency/housing" and found is not None:
                return found | {"status": "left"}
            return found

    assert query.threshold_openers(Later(), held(bench)) == ("taxes",)
    assert held(bench).accepted == ("taxes", "housing")


# State, proofs, replay


def test_the_state_proves_the_key(bench: Bench) -> None:
    """A stranger with a state root reads the key in use from two proven values."""
    put_in_use(bench)
    root = BlockEntry.decode(bench.close()).state_root
    proven = {}
    for name in ("threshold", "threshold/1"):
        value = bench.machine.state.get(name)
        verify_map(root, name, value, bench.machine.state.prove(name))
        proven[name] = value

    class Handful:
        """What a receipt holds, and no more."""

        get = staticmethod(proven.get)

    found = query.threshold_key(Handful())
    assert found is not None and found.epoch == 1 and found.accepted[0] == "taxes"


steps = st.lists(
    st.tuples(
        st.sampled_from(["deal", "stale", "accept", "accept", "accept"]),
        st.sampled_from([*HOLDERS, "registry"]),
        st.integers(1, 3),
    ),
    max_size=14,
)


@settings(max_examples=60)
@given(steps)
def test_what_too_few_accepted_is_never_the_key(
    script: list[tuple[str, str, int]],
) -> None:
    """Whatever is tried: the key has k acceptances, and replay comes to the same."""
    bench = Bench()
    bench.admit_all()
    noted: dict[int, set[str]] = {}
    for what, who, epoch in script:
        newest = query.epochs(bench.machine.state).newest
        try:
            if what == "accept":
                accept(bench, who, epoch)
                noted[epoch].add(who)
            else:
                number = newest + 1 if what == "deal" else epoch
                deal(bench, number)
                noted[number] = set()
        except PrivShareError:
            pass
        state = bench.machine.state
        for number, found in query.threshold_epochs(state).items():
            assert set(found.accepted) == noted[number]
            assert (found.since is not None) == (len(noted[number]) >= 2)
            assert (found.status == "active") == (number == active(bench))
        enough = [number for number, names in noted.items() if len(names) >= 2]
        assert active(bench) == max(enough, default=None)
    if bench.open:
        bench.close()
    mirror = Machine(bench.genesis)
    for block in bench.blocks:
        mirror.replay_block(block)
    assert mirror.state.root() == bench.machine.state.root()
    assert list(mirror.state.items("threshold")) == list(
        bench.machine.state.items("threshold")
    )


def test_a_mirror_refuses_a_key_that_the_rules_refuse(bench: Bench) -> None:
    """A host that logs another member's deal is found out by who replays it."""
    put_in_use(bench)
    bench.close()
    mirror = Machine(bench.genesis)
    for block in bench.blocks:
        mirror.replay_block(block)
    forged = bench.scribe.tx("threshold.deal", "taxes", body(2))
    with pytest.raises(VerificationError, match="NotPermitted") as found:
        mirror.replay_block([forged, bench.blocks[-1][-1]])
    assert found.value.detail["error"] == "NotPermitted"
