"""Receipts whose proofs all hold, and which are untrue: each step finds its own."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from forger import Change, checkpoint, forge
from network import DATASET, Filed, Network, signing_key

from privshare.audit.report import Verdict
from privshare.audit.verifier import Newer, verify
from privshare.jobs.receipt import Receipt
from privshare.jobs.statement import evidence_digest, result_digest
from privshare.ledger.enrolment import AgencyKey
from privshare.log.checkpoint import Checkpoint, parse_checkpoint
from privshare.schemes.keys import sign_envelope
from privshare.wire import canonical, note
from privshare.wire.base64 import b64
from privshare.wire.canonical import b64u, unb64u
from privshare.wire.envelope import decode, from_json, to_json

# Length of n, and of an opened plaintext.
N_BYTES = 256


def judge(network: Network, receipt: Receipt, filed: Filed) -> Verdict:
    """The verdict on a forged receipt with true attachments."""
    return verify(
        receipt.to_bytes(),
        network.trust,
        network.now + 60,
        filed.attachments.get,
        roots=network.roots,
    )


def key_of(filed: Filed, family: str) -> str:
    """The first state key of a family."""
    return next(
        item.key for item in filed.receipt.state if item.key.startswith(family + "/")
    )


def index_of(network: Network, filed: Filed, kind: str) -> int:
    """Log index of the receipt's transaction of a kind."""
    for entry in filed.receipt.entries:
        if "payload" in entry.body and kind.encode() in _payload(entry.data):
            return entry.index
    raise AssertionError(kind)


def _payload(data: bytes) -> bytes:
    return decode(data).payload


def change(**fields: Any) -> Change:
    """Write fields."""
    return lambda value: value.update(fields)


def change_terms(**fields: Any) -> Change:
    """Write fields of a grant's terms."""
    return lambda value: value.update(terms=value["terms"] | fields)


def change_body(**fields: Any) -> Change:
    """Write fields of a transaction's body."""
    return lambda value: value.update(body=value["body"] | fields)


def test_the_forger_can_prove_what_is_true(
    network: Network, filed: dict[str, Filed]
) -> None:
    """A receipt that is only proven anew stays valid, so the forger's tools work."""
    for case in filed.values():
        verdict = judge(network, forge(network, case.receipt), case)
        assert verdict.outcome == "valid", verdict.report()


STATE = [
    ("record.share", "key", change(until=0), 2),
    ("record.share", "key", change(use="witness"), 2),
    ("record.share", "key", change(**{"from": 10_000}), 2),
    ("record.share", "agency", change(at=10_000), 2),
    ("record.share", "grant", change(active=None), 1),
    ("record.share", "grant", change_terms(purpose="marketing"), 5),
    ("record.share", "grant", change_terms(columns=["district", "parcel"]), 5),
    ("record.share", "grant", change_terms(not_after=1_795_341_601), 5),
    ("record.share", "grant", change_terms(not_before=1_797_000_000), 5),
    ("record.share", "grant", change_terms(k=5), 5),
    ("record.share", "use", change(status="released"), 5),
    ("record.share", "use", change(ended=1), 5),
    ("record.share", "use", change(purpose="marketing"), 5),
    ("record.share", "use", change(charge=1), 5),
    ("record.share", "use", change(time=1_899_000_000), 5),
    ("record.share", "use", change(request=b64u(bytes(32))), 5),
    ("record.share", "use", change(result=b64u(bytes(32))), 8),
    ("record.share", "dataset", change(version=2), 6),
    ("record.share", "dataset", change(root=b64u(bytes(32))), 6),
    ("job.result", "job", change(status="admitted"), 5),
    ("job.result", "job", change(ended=None), 5),
    ("job.result", "job", change(deadline=1), 5),
    ("job.result", "job", change(program="he.sum/v3"), 5),
    ("job.result", "job", change(spec=b64u(bytes(32))), 5),
    ("job.result", "job", change(coordinator="tax"), 5),
    ("job.result", "job", change(result=b64u(bytes(32))), 8),
    ("job.result", "job", change(evidence=b64u(bytes(32))), 8),
    ("job.result", "use", change(result=b64u(bytes(32))), 8),
    ("job.result", "use", change(group_by=[]), 5),
    ("job.result", "use", change(operation="mean"), 5),
    ("job.result", "grant", change_terms(programs=["he.sum/v3"]), 5),
    ("job.result", "grant", change_terms(k=4), 5),
    ("job.abort", "job", change(status="done"), 5),
    ("job.abort", "job", change(reason="Another reason."), 5),
    ("grant.issue", "grant", change(active=None, status="offered"), 5),
    ("grant.issue", "grant", change_terms(uses=99), 5),
    ("grant.issue", "dataset", change(at=10_000), 6),
    ("grant.refuse", "grant", change(ended=10_000), 5),
    ("grant.revoke", "grant", change(status="active", ended=None), 5),
    ("grant.request", "grant", change(requested=3), 5),
    ("record.erase", "dataset", change(rows=3), 6),
    ("record.erase", "erased", change(at=3), 6),
    ("dataset.publish", "dataset", change(rows=23), 6),
    ("dataset.publish", "dataset", change(changed=3), 6),
    ("dataset.retire", "dataset", change(status="registered"), 6),
    ("dataset.retire", "dataset", change(changed=3), 6),
]


@pytest.mark.parametrize(
    ("operation", "family", "lie", "step"),
    STATE,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_untrue_state_is_found(
    network: Network,
    filed: dict[str, Filed],
    operation: str,
    family: str,
    lie: Change,
    step: int,
) -> None:
    """A value that contradicts the signed transactions fails the step it is about."""
    case = filed[operation]
    forged = forge(network, case.receipt, state={key_of(case, family): lie})
    verdict = judge(network, forged, case)
    assert verdict.outcome == "invalid"
    assert verdict.step(step).outcome == "failed", verdict.report()


def test_a_grant_revoked_before_the_result_does_not_cover_it(
    network: Network, filed: dict[str, Filed]
) -> None:
    """The end of a grant counts from its own index on, not from when it is noticed."""
    case = filed["record.share"]
    use = next(i.value for i in case.receipt.state if i.key.startswith("use/"))
    assert use is not None
    for ended in (use["at"], case.receipt.subject):
        lie = change(status="revoked", ended=ended, reason="Over.", reserved=0)
        forged = forge(network, case.receipt, state={key_of(case, "grant"): lie})
        verdict = judge(network, forged, case)
        assert verdict.step(5).outcome == "failed"
        assert "GrantRevoked" in verdict.step(5).sentences[0]


def test_a_revocation_after_the_result_is_told_and_changes_nothing(
    network: Network,
) -> None:
    """What was right stays right; the reader is told that it ended since."""
    grant = network.granted(network.reading())
    first = network.record_share(grant)
    body = {"grant": grant, "reason": "The project is over."}
    network.submit("grant.revoke", "tax", body)
    evidence = {"schema": first.receipt.evidence["schema"]}  # type: ignore[index]
    again = network.receipt(
        "record.share",
        network.shared,
        evidence=evidence,
        attachments=first.attachments,
    )
    verdict = judge(network, again, first)
    assert verdict.outcome == "valid", verdict.report()
    assert "was revoked later (The project is over.)" in " ".join(
        verdict.step(9).sentences
    )


@pytest.mark.parametrize(
    ("operation", "kind", "lie", "step"),
    [
        ("grant.revoke", "grant.revoke", change(account="title"), 5),
        ("grant.refuse", "grant.refuse", change(account="title"), 5),
        ("record.share", "use.settle", change(account="housing"), 5),
        ("record.share", "use.reserve", change(account="title"), 5),
        ("record.share", "grant.offer", change(account="housing"), 5),
        ("record.share", "grant.request", change(account="title"), 5),
        ("job.result", "job.result", change(account="title"), 5),
        ("job.result", "job.admit", change_body(purpose="other"), 5),
        ("job.result", "job.result", change_body(result=b64u(bytes(32))), 8),
        ("record.share", "use.settle", change_body(result=b64u(bytes(32))), 8),
        ("dataset.retire", "dataset.retire", change(account="title"), 5),
        ("record.erase", "record.erase", change(account="title"), 5),
        ("dataset.publish", "dataset.register", change_body(rows=25), 6),
        ("record.share", "dataset.register", change_body(rows=25), 6),
        ("anchor", "anchor.batch", change_body(root=b64u(bytes(32))), 6),
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
    """A transaction by somebody else, or about something else, is not the one meant."""
    case = filed[operation]
    index = index_of(network, case, f'"kind":"{kind}"')
    forged = forge(network, case.receipt, payloads={index: lie})
    verdict = judge(network, forged, case)
    assert [verdict.step(n).outcome for n in (1, 2, 3, 4)] == ["ok"] * 4
    assert verdict.step(step).outcome == "failed", verdict.report()


def test_a_witness_too_few_is_no_quorum(
    network: Network, filed: dict[str, Filed]
) -> None:
    """Two of three cosignatures do not reach a quorum of three."""
    case = filed["ledger.entry"]
    claimed = parse_checkpoint(note.parse(case.receipt.checkpoint.encode()))
    text = checkpoint(claimed, network, ("tax", "title"))
    verdict = judge(network, replace(case.receipt, checkpoint=text), case)
    assert verdict.step(4).outcome == "failed"


def test_an_unknown_witness_makes_the_verdict_incomplete(
    network: Network, filed: dict[str, Filed]
) -> None:
    """A policy from before a witness joined cannot account for every byte."""
    case = filed["ledger.entry"]
    lines = network.trust.decode().splitlines()
    older = "\n".join(
        [
            line
            for line in lines
            if "witness/title" not in line and "members" not in line
        ]
    )
    older += "\ngroup members 2 "
    older += " ".join(f"demo.privshare/log/witness/{a}" for a in ("housing", "tax"))
    older += "\nquorum members\n"
    verdict = verify(case.data, older, network.now, case.attachments.get)
    assert verdict.outcome == "incomplete"
    assert verdict.step(4).outcome == "missing"


def test_trust_decides(network: Network, filed: dict[str, Filed]) -> None:
    """No policy or a broken one leaves a receipt incomplete, a foreign log invalid."""
    case = filed["ledger.entry"]
    assert verify(case.data, None, network.now).outcome == "incomplete"
    assert verify(case.data, b"\xff nonsense", network.now).outcome == "incomplete"
    other = note.Vkey("other/log", note.ED25519, signing_key("x").verify_key.raw)
    foreign = f"log {other}\nquorum none\n".encode()
    assert verify(case.data, foreign, network.now).outcome == "invalid"
    early = verify(case.data, network.trust, 1_700_000_000)
    assert early.step(4).outcome == "missing"


def test_a_newer_checkpoint_is_compared(
    network: Network, filed: dict[str, Filed]
) -> None:
    """A consistent one is told; a wrong proof is no verdict; a fork is invalid."""
    case = filed["anchor"]
    network.record_erase(row=3)
    mine = parse_checkpoint(note.parse(case.receipt.checkpoint.encode()))
    size = network.ledger.view().size
    newest = network.ledger.cosigned(size, network.need, 30.0)
    theirs = parse_checkpoint(note.parse(newest))
    proof = "\n".join(
        map(b64, network.ledger.prove_consistency(mine.size, theirs.size))
    )

    def judged(newer: Newer) -> Verdict:
        return verify(
            case.data, network.trust, network.now, case.attachments.get, newer=newer
        )

    good = judged(Newer(newest, proof.encode()))
    assert good.outcome == "valid"
    assert "continues the same history" in good.step(9).sentences[-1]
    assert judged(Newer(newest, b"")).step(9).outcome == "missing"
    fork = checkpoint(Checkpoint(mine.origin, mine.size, bytes(32)), network)
    assert judged(Newer(fork.encode(), b"")).outcome == "invalid"


def test_a_delegated_grant_is_followed_to_its_owner(network: Network) -> None:
    """The reader's right rests on the grant above it, and the receipt holds both."""
    parent = network.granted(network.reading())
    child = network.delegated(
        parent, network.reading(grantee="title", uses=2, delegable=0)
    )
    case = network.record_share(child, reader="title")
    verdict = judge(network, case.receipt, case)
    assert verdict.outcome == "valid", verdict.report()
    wider = change_terms(uses=99)
    forged = forge(network, case.receipt, state={f"grant/{child}": wider})
    assert judge(network, forged, case).step(5).outcome == "failed"
    ended = change(status="revoked", ended=case.receipt.subject - 1, reserved=0)
    forged = forge(network, case.receipt, state={f"grant/{parent}": ended})
    assert judge(network, forged, case).step(5).outcome == "failed"
    issued = network.issue_receipt()
    assert judge(network, issued.receipt, issued).outcome == "valid"


def test_a_dataset_amended_since_keeps_older_receipts_valid(tmp_path: Path) -> None:
    """A record of version 1 is proven under version 1 although 2 is the newest."""
    network = Network(tmp_path)
    case = network.record_share()
    amended = {"dataset": DATASET, "expected": 1, **network.commitments()}
    network.submit("dataset.amend", "tax", amended)
    evidence = {"schema": case.receipt.evidence["schema"]}  # type: ignore[index]
    again = network.receipt(
        "record.share", network.shared, evidence=evidence, attachments=case.attachments
    )
    assert again.evidence is not None and again.evidence["replaced"] is not None
    verdict = judge(network, again, case)
    assert verdict.outcome == "valid", verdict.report()
    assert "amended to version 2 later" in " ".join(verdict.step(9).sentences)
    network.close()


def test_a_key_retired_later_still_counts_for_older_entries(tmp_path: Path) -> None:
    """A signature is judged at the index it stands at, by keys old and new."""
    network = Network(tmp_path)
    old, new = signing_key("title/sign"), signing_key("title/sign/2")
    body = {"dataset": "title/a", **network.commitments()}
    network.submit("dataset.register", "title", body)
    rotation = network.submit(
        "key.rotate",
        "title",
        {
            "add": [AgencyKey("sign", new.verify_key.raw).to_json()],
            "retire": [old.verify_key.kid],
            "url": None,
        },
        keys=[old, new],
    )
    retired = network.submit(
        "dataset.retire", "title", {"dataset": "title/a"}, keys=[new]
    )
    for operation, at in (("ledger.entry", rotation), ("dataset.retire", retired)):
        receipt = network.receipt(operation, at)
        verdict = judge(network, receipt, Filed(receipt))
        assert verdict.outcome == "valid", verdict.report()
    told = " ".join(verdict.step(9).sentences)
    assert f"{old.verify_key.kid[:10]}... of title was retired later" not in told
    only_new = network.receipt("ledger.entry", rotation)
    lie = change(**{"from": rotation.index})
    kid = f"key/title/{old.verify_key.kid}"
    forged = forge(network, only_new, state={kid: lie})
    assert judge(network, forged, Filed(forged)).step(2).outcome == "failed"
    early = forge(network, receipt, state={kid: change(until=rotation.index - 3)})
    assert judge(network, early, Filed(early)).step(2).outcome == "failed"
    network.close()


def forge_job(
    network: Network,
    case: Filed,
    lies: dict[str, Change],
    result: Change | None = None,
) -> Receipt:
    """A job whose parties lie in chorus: statements, digests and state all fit.

    Args:
        network: Whose keys are abused.
        case: A true job.
        lies: What to do to the payload of a contribution, the aggregation or
            the opening; each is signed again by its party.
        result: What to do to the result.
    """
    evidence = deepcopy(case.receipt.evidence)
    outcome = deepcopy(case.receipt.result)
    assert evidence is not None and outcome is not None
    parties = {"contribution": "tax", "aggregation": "registrar", "opening": "title"}
    for name, lie in lies.items():
        place = evidence["contributions"] if name == "contribution" else evidence
        slot: Any = 0 if name == "contribution" else name
        held = from_json(place[slot])
        payload: Any = canonical.decode(held.payload)
        lie(payload)
        key = signing_key(f"{parties[name]}/sign")
        place[slot] = to_json(
            sign_envelope(held.payload_type, canonical.encode(payload), [key])
        )
    if result is not None:
        result(outcome)
    digests = {
        "evidence": b64u(evidence_digest(evidence)),
        "result": b64u(result_digest(outcome)),
    }
    forged = replace(case.receipt, evidence=evidence, result=outcome)
    return forge(
        network,
        forged,
        state={
            key_of(case, "job"): change(**digests),
            key_of(case, "use"): change(result=digests["result"]),
        },
        payloads={case.receipt.subject: change_body(**digests)},
    )


def _first(groups: str, **fields: Any) -> Change:
    """Write fields of a statement's first group."""
    return lambda payload: payload[groups][0].update(fields)


def _opened(m: int) -> Change:
    """Write another plaintext in an opening."""
    return _first("groups", m=b64u(m.to_bytes(N_BYTES, "big", signed=True)))


def _another_mask(payload: dict[str, Any]) -> None:
    """Another plaintext with the same total."""
    one = payload["groups"][0]
    m = int.from_bytes(unb64u(one["m"]), "big", signed=True) + (1 << 96) - 1
    one["m"] = b64u(m.to_bytes(N_BYTES, "big", signed=True))


def _swap_totals(payload: dict[str, Any]) -> None:
    one, two = payload["groups"][:2]
    one["m"], two["m"] = two["m"], one["m"]


def test_the_chorus_can_sing_what_is_true(
    network: Network, filed: dict[str, Filed]
) -> None:
    """A job that is signed and proven anew without a lie stays valid."""
    case = filed["job.result"]
    verdict = judge(network, forge_job(network, case, {}), case)
    assert verdict.outcome == "valid", verdict.report()


@pytest.mark.parametrize(
    ("lies", "result", "step"),
    [
        ({"opening": _opened(31414)}, _first("rows", value="31414"), 7),
        ({"opening": _opened(-1)}, None, 7),
        ({"opening": _another_mask}, None, 7),
        ({"opening": _swap_totals}, None, 7),
        ({"opening": change(aggregation=b64u(bytes(32)))}, None, 7),
        ({"opening": change(job="A" * 43)}, None, 7),
        ({"opening": lambda p: p["groups"].pop()}, None, 7),
        ({"aggregation": _first("groups", count=12)}, None, 7),
        ({"aggregation": change(contributions=[])}, None, 7),
        ({"contribution": change(version=2)}, None, 7),
        ({"contribution": change(column="parcel")}, None, 7),
        ({"contribution": change(rows=25)}, None, 7),
        ({"contribution": change(bound=str(2**95))}, None, 7),
        ({"contribution": _first("groups", count=2)}, None, 7),
        ({}, _first("rows", value="1"), 8),
        ({}, _first("rows", count=99), 8),
        ({}, change(suppressed=["south"]), 8),
        ({}, change(k=1), 8),
    ],
)
def test_parties_that_lie_in_chorus_are_found(
    network: Network,
    filed: dict[str, Filed],
    lies: dict[str, Change],
    result: Change | None,
    step: int,
) -> None:
    """Signatures, digests and ledger all agree; the arithmetic does not."""
    case = filed["job.result"]
    verdict = judge(network, forge_job(network, case, lies, result), case)
    assert [verdict.step(n).outcome for n in range(1, 6)] == ["ok"] * 5
    assert verdict.step(step).outcome == "failed", verdict.report()
