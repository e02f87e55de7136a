"""Receipts of unnamed members and of who named them: true ones and forged ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import rings
from forger import Change, forge
from network import Filed, Network
from statement_kit import joined, members, ring_key

from privshare.audit.report import Verdict
from privshare.audit.verifier import verify
from privshare.jobs.receipt import Receipt
from privshare.schemes.escrow import Partial
from privshare.schemes.ring_signature import RingSignature
from privshare.wire.canonical import b64u, decode, unb64u
from privshare.wire.envelope import decode as decode_envelope


def judge(network: Network, receipt: Receipt, filed: Filed) -> Verdict:
    """The verdict on a receipt with the attachments of a true one."""
    return verify(
        receipt.to_bytes(), network.trust, network.now + 60, filed.attachments.get
    )


def change(**fields: Any) -> Change:
    """Write fields."""
    return lambda value: value.update(fields)


def body(**fields: Any) -> Change:
    """Write fields of a transaction's body."""
    return lambda value: value.update(body=value["body"] | fields)


def regulators(**fields: Any) -> Change:
    """Write fields of a list's regulators."""
    return lambda value: value.update(regulators=value["regulators"] | fields)


def key_of(filed: Filed, prefix: str) -> str:
    """The first state key with a prefix."""
    found = (item.key for item in filed.receipt.state if item.key.startswith(prefix))
    return next(found)


def open_key_of(filed: Filed, agency: str) -> str:
    """Where the state holds the key of a regulator that opens."""
    return f"key/{agency}/{ring_key(f'{agency}/open').kid}"


def index_of(filed: Filed, kind: str, last: bool = False) -> int:
    """Log index of the receipt's first or last transaction of a kind."""
    found = [
        entry.index
        for entry in filed.receipt.entries
        if "payload" in entry.body
        and decode(decode_envelope(entry.data).payload)["kind"] == kind  # type: ignore[call-overload,index]
    ]
    return found[-1 if last else 0]


def parts(change_one: Callable[[dict[str, Any]], None], which: int = 0) -> Change:
    """Change one regulator's part in the state."""

    def lie(value: dict[str, Any]) -> None:
        value["partials"] = [dict(one) for one in value["partials"]]
        change_one(value["partials"][which])

    return lie


def drop_last(value: dict[str, Any]) -> None:
    """Take the last part out of the state, and the name with it."""
    value.update(partials=value["partials"][:-1], member=None, opened=None)


STATE = [
    ("statement.ring", "ring/", change(size=8), 5),
    ("statement.ring", "ring/", change(digest=b64u(bytes(32))), 5),
    ("statement.ring", "ring/", change(since=10_000), 5),
    ("statement.ring", "ring/", change(until=3), 5),
    ("statement.ring", "ring/", change(at=3), 5),
    ("statement.ring", "ring/", change(repeat="refuse"), 5),
    ("statement.ring", "ring/", change(regulators=None), 1),
    ("statement.ring", "ring/", regulators(threshold=3), 5),
    ("statement.ring", "statement/", change(account="title"), 7),
    ("statement.ring", "statement/", change(at=3), 7),
    ("statement.ring", "statement/", change(digest=b64u(bytes(32))), 7),
    ("statement.ring", "statement/", change(epoch=2), 7),
    ("statement.ring", "statement/", change(escrow=None), 7),
    ("statement.ring", "statement/", change(ring="housing/others"), 7),
    ("statement.ring", "statement/", change(scope="others"), 7),
    ("statement.ring", "statement/", change(tag=b64u(bytes(32))), 7),
    ("statement.ring", "statement/", change(number=7), 7),
    ("statement.ring", "statement/", change(number=0), 7),
    ("statement.ring", "tag/", change(first=10_000), 7),
    ("statement.ring", "tag/", change(last=3), 7),
    ("statement.ring", "tag/", change(count=9), 7),
    ("statement.ring", "tag/", change(count=0), 7),
    ("ring.opening", "opening/", change(member=b64u(rings.MEMBERS[0].public)), 7),
    ("ring.opening", "opening/", change(member=None, opened=None), 7),
    ("ring.opening", "opening/", change(opened=3), 7),
    ("ring.opening", "opening/", parts(lambda one: one.update(agency="tax")), 5),
    (
        "ring.opening",
        "opening/",
        parts(lambda one: one.update(opening=b64u(bytes(129)))),
        5,
    ),
    ("ring.opening", "ring/", regulators(threshold=3), 5),
    ("ring.opening", "ring/", change(until=3), 5),
    ("ring.opening", "statement/", change(scope="others"), 7),
]


@pytest.mark.parametrize(("operation", "prefix", "lie", "step"), STATE)
def test_untrue_state_is_found(
    network: Network,
    filed: dict[str, Filed],
    operation: str,
    prefix: str,
    lie: Change,
    step: int,
) -> None:
    """A value that contradicts the signed transactions fails the step it is about."""
    case = filed[operation]
    forged = forge(network, case.receipt, state={key_of(case, prefix): lie})
    verdict = judge(network, forged, case)
    assert verdict.outcome == "invalid"
    assert verdict.step(step).outcome == "failed", verdict.report()


@pytest.mark.parametrize(
    "lie",
    [
        change(use="seal", alg="x25519"),
        change(until=3),
        change(**{"from": 10_000}),
        change(pub=b64u(ring_key("somebody").public)),
    ],
)
@pytest.mark.parametrize("operation", ["statement.ring", "ring.opening"])
def test_another_key_of_a_regulator_is_found(
    network: Network, filed: dict[str, Filed], operation: str, lie: Change
) -> None:
    """What a signer's key is hidden for is the regulator's own, and was in use."""
    case = filed[operation]
    forged = forge(network, case.receipt, state={open_key_of(case, "tax"): lie})
    verdict = judge(network, forged, case)
    assert verdict.step(5).outcome == "failed", verdict.report()


def flipped(field: str, at: int = -1) -> Change:
    """Turn a bit of bytes in a body."""

    def lie(value: dict[str, Any]) -> None:
        data = bytearray(unb64u(value["body"][field]))
        data[at] ^= 1
        value["body"] = value["body"] | {field: b64u(bytes(data))}

    return lie


OTHERS = b64u(joined(sorted(members(5, "other"), key=lambda key: key.public)))


@pytest.mark.parametrize(
    ("operation", "kind", "lie", "step"),
    [
        ("statement.ring", "ring.register", change(account="tax"), 5),
        ("statement.ring", "ring.register", body(repeat="refuse"), 5),
        ("statement.ring", "ring.register", body(more=False), 5),
        ("statement.ring", "ring.register", body(epoch=2), 5),
        ("statement.ring", "ring.register", body(ring="housing/others"), 5),
        ("statement.ring", "ring.register", body(keys=OTHERS), 5),
        ("statement.ring", "ring.extend", change(account="tax"), 5),
        ("statement.ring", "ring.extend", body(more=True), 5),
        ("statement.ring", "ring.extend", body(epoch=2), 5),
        ("statement.ring", "statement.ring", change(account="title"), 7),
        ("statement.ring", "statement.ring", flipped("signature"), 7),
        ("ring.opening", "statement.ring", flipped("signature"), 7),
        ("ring.opening", "reg.open", change(account="registrar"), 5),
        ("ring.opening", "reg.open", change(account="tax"), 5),
        ("ring.opening", "reg.open", body(reason="Another."), 7),
        ("ring.opening", "reg.open", flipped("opening"), 5),
    ],
)
def test_another_account_or_another_body_is_found(
    network: Network,
    filed: dict[str, Filed],
    operation: str,
    kind: str,
    lie: Change,
    step: int,
) -> None:
    """A transaction by somebody else, or that says something else."""
    case = filed[operation]
    index = index_of(case, kind, last=kind == "reg.open")
    forged = forge(network, case.receipt, payloads={index: lie})
    verdict = judge(network, forged, case)
    assert [verdict.step(n).outcome for n in (1, 2, 3, 4)] == ["ok"] * 4
    assert verdict.step(step).outcome == "failed", verdict.report()


@pytest.mark.parametrize("field", ["digest", "scope"])
def test_what_makes_another_statement_is_another_receipt(
    network: Network, filed: dict[str, Filed], field: str
) -> None:
    """Its id follows from digest and scope, so the receipt lacks that statement."""
    case = filed["statement.ring"]
    lie = body(**{field: b64u(bytes(32)) if field == "digest" else "others"})
    index = index_of(case, "statement.ring")
    with pytest.raises(Exception, match="statement"):
        forge(network, case.receipt, payloads={index: lie})


def test_another_message_is_not_what_was_signed(
    network: Network, filed: dict[str, Filed]
) -> None:
    """Without the message the verdict stays open; with another it is no."""
    case = filed["statement.ring"]
    now = network.now + 60
    verdict = verify(case.data, network.trust, now)
    assert verdict.outcome == "incomplete"
    assert verdict.step(8).outcome == "missing"
    verdict = verify(case.data, network.trust, now, {"message": b"Else."}.get)
    assert verdict.step(8).outcome == "failed"
    salt = forge(network, case.receipt, evidence=change(salt=b64u(bytes(32))))
    assert judge(network, salt, case).step(8).outcome == "failed"


def test_the_report_says_it_in_words(network: Network, filed: dict[str, Filed]) -> None:
    """Who handed it in, how many it may be, what it says, and who could be named."""
    text = judge(
        network, filed["statement.ring"].receipt, filed["statement.ring"]
    ).report()
    assert "the agency tax handed in a statement by one of the 9 members" in text
    assert 'It says: "The survey of parcel p-007 was never made."' in text
    assert "any 2 of housing, tax and title together" in text
    assert "What this does not prove:" in text and "network address" in text
    text = judge(network, filed["ring.opening"].receipt, filed["ring.opening"]).report()
    assert rings.REASON in text
    assert f"the member with the key {b64u(rings.MEMBERS[2].public)}" in text


def test_what_came_later_is_told(network: Network) -> None:
    """Said again by the same member, and named: step 9 says so, the verdict stays."""
    name, made, at = rings.say(network, 6, b"First.", "later")

    def again() -> Verdict:
        receipt = network.receipt(
            "statement.ring",
            at,
            evidence={"salt": b64u(made.salt)},
            attachments={"message": b"First."},
        )
        filed = Filed(receipt, {"message": b"First."})
        verdict = judge(network, receipt, filed)
        assert verdict.outcome == "valid", verdict.report()
        return verdict

    assert "more in this scope" not in again().report()
    rings.say(network, 6, b"Second.", "later")
    assert "made 1 statement more in this scope" in again().report()
    part = rings.open_by(network, name, "tax")
    assert "tax asked since that the signer be named" in again().report()
    first = network.receipt("ring.opening", part)
    verdict = judge(network, first, Filed(first))
    assert verdict.outcome == "valid", verdict.report()
    assert "It takes 2 parts, so the signer is not named yet." in verdict.report()
    rings.open_by(network, name, "title")
    member = b64u(rings.MEMBERS[6].public)
    assert f"the member with the key {member}" in again().report()
    later = network.receipt("ring.opening", part)
    verdict = judge(network, later, Filed(later))
    assert verdict.outcome == "valid", verdict.report()
    assert "tax and title named the signer" in " ".join(verdict.step(9).sentences)


def test_a_part_taken_out_of_the_state_is_missed(
    network: Network, filed: dict[str, Filed]
) -> None:
    """A naming is not hidden by leaving out the part that made it enough."""
    case = filed["ring.opening"]
    forged = forge(network, case.receipt, state={key_of(case, "opening/"): drop_last})
    assert judge(network, forged, case).outcome == "invalid"


@pytest.mark.parametrize("operation", ["statement.ring", "ring.opening"])
def test_a_second_opinion_agrees(
    network: Network, filed: dict[str, Filed], operation: str
) -> None:
    """Python's integers come to the same verdict."""
    case = filed[operation]
    now = network.now + 60
    verdict = verify(
        case.data, network.trust, now, case.attachments.get, second_opinion=True
    )
    assert verdict.outcome == "valid", verdict.report()
    assert "A second implementation agrees" in " ".join(verdict.step(7).sentences)


@pytest.mark.parametrize(
    ("operation", "kind", "field", "ours"),
    [
        ("statement.ring", "statement.ring", "signature", "ring.verify"),
        ("ring.opening", "statement.ring", "signature", "ring.verify"),
        ("ring.opening", "reg.open", "opening", "escrow.verify_partial"),
    ],
)
def test_a_second_opinion_notices_what_ours_would_not(
    network: Network,
    filed: dict[str, Filed],
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    kind: str,
    field: str,
    ours: str,
) -> None:
    """Were our own verification asleep, the other one would say so."""
    case = filed[operation]
    index = index_of(case, kind, last=True)
    changed: dict[str, str] = {}

    def lie(value: dict[str, Any]) -> None:
        flipped(field, 40 if field == "signature" else -1)(value)
        changed["opening"] = value["body"].get("opening", "")

    def in_state(value: dict[str, Any]) -> None:
        if field == "opening":
            value["partials"][-1]["opening"] = changed["opening"]

    first = forge(network, case.receipt, payloads={index: lie})
    state = {key_of(case, "opening/"): in_state}
    forged = forge(network, first, state=state)
    now = network.now + 60

    def judged(second: bool) -> Verdict:
        data = forged.to_bytes()
        find = case.attachments.get
        return verify(data, network.trust, now, find, second_opinion=second)

    assert judged(False).step(7).outcome == "failed"
    if ours == "ring.verify":
        monkeypatch.setattr(
            "privshare.audit.ring.verify",
            lambda signature, *_: RingSignature.from_bytes(signature),
        )
    else:
        monkeypatch.setattr(
            "privshare.audit.ring.escrows.verify_partial",
            lambda data, *_: Partial(data[0], data[1:33]),
        )
    assert judged(False).step(7).outcome == "ok", judged(False).report()
    step = judged(True).step(7)
    assert step.outcome == "failed" and "second implementation" in step.sentences[0]
