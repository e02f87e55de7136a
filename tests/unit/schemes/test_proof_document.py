"""Proof documents: what holds is accepted, whatever else is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from proof_kit import CASES, CONTEXT, RAND, Case, opened, variants

from privshare.errors import EncodingError, OutOfRange, PrivShareError, ProofInvalid
from privshare.schemes.proof import (
    KINDS,
    Context,
    InRange,
    Interval,
    KnowsOpening,
    ProofDocument,
    Witness,
    make,
    statement_of,
    verify,
    verify_many,
)
from privshare.wire import domain
from privshare.wire.canonical import b64u, decode, encode
from privshare.wire.digest import tagged

DOCUMENTS = {name: make(c.statement, c.witness, CONTEXT) for name, c in CASES.items()}


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def document(name: str) -> ProofDocument:
    return DOCUMENTS[name]


def test_every_kind_has_a_case() -> None:
    """What is in the table is tried here."""
    assert {case.statement.kind for case in CASES.values()} == set(KINDS)


def test_what_was_made_holds(document: ProofDocument) -> None:
    """The verdict is the same each time, from the object and from its bytes."""
    verify(document)
    again = ProofDocument.from_bytes(document.to_bytes())
    assert again == document
    assert again.kind == document.kind
    verify(again)
    verify(again)
    assert again.digest() == tagged(domain.PROOF_DOCUMENT, document.to_bytes())


def test_proofs_are_made_from_rand_alone(name: str) -> None:
    """With randomness given the proof is determined; without, it is fresh."""
    case = CASES[name]
    first, again = (make(case.statement, case.witness, CONTEXT, RAND) for _ in range(2))
    assert first == again
    assert make(case.statement, case.witness, CONTEXT) != first


def test_a_statement_comes_back_from_its_json(name: str) -> None:
    """Public values are read as they were written."""
    statement = CASES[name].statement
    assert statement_of(statement.kind, statement.to_json()) == statement


def test_any_change_of_the_statement_is_refused(document: ProofDocument) -> None:
    """Every public value, one after the other, is bound by the proof."""
    laid: Any = document.to_json()
    tried = 0
    for public in variants(laid["public"]):
        if public == laid["public"]:
            continue
        try:
            changed = ProofDocument.from_json({**laid, "public": public})
        except (EncodingError, OutOfRange):
            continue
        tried += 1
        with pytest.raises(ProofInvalid):
            verify(changed)
    assert tried


@pytest.mark.parametrize(
    "changed",
    [
        replace(CONTEXT, account="housing"),
        replace(CONTEXT, account=""),
        replace(CONTEXT, network="test.privshare"),
        replace(CONTEXT, network=""),
        replace(CONTEXT, purpose="price bans"),
        replace(CONTEXT, nonce=bytes(16)),
        replace(CONTEXT, nonce=CONTEXT.nonce + b"\0"),
        replace(CONTEXT, account="demo.privshare", network="taxes"),
    ],
)
def test_a_proof_holds_in_its_context_alone(
    document: ProofDocument, changed: Context
) -> None:
    """Another agency, network, purpose or request: refused."""
    with pytest.raises(ProofInvalid):
        verify(replace(document, context=changed))


def test_any_flipped_bit_of_the_proof_is_refused(document: ProofDocument) -> None:
    """One bit of every byte; all bits of each in the slow test."""
    for place in range(len(document.proof)):
        _refuse_flip(document, 8 * place + place % 8)


@pytest.mark.slow
def test_every_flipped_bit_of_the_proof_is_refused(document: ProofDocument) -> None:
    """Every single one."""
    for bit in range(8 * len(document.proof)):
        _refuse_flip(document, bit)


def _refuse_flip(document: ProofDocument, bit: int) -> None:
    proof = bytearray(document.proof)
    proof[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProofInvalid):
        verify(replace(document, proof=bytes(proof)))


def test_a_proof_of_another_length_is_refused(document: ProofDocument) -> None:
    """Cut, lengthened, or none at all."""
    proof = document.proof
    for other in (b"", proof[:-1], proof[1:], proof[:-32], proof + proof[-32:]):
        with pytest.raises(ProofInvalid):
            verify(replace(document, proof=other))


def test_proofs_are_not_exchanged() -> None:
    """The proof of no case is one of another, be the kind the same or not."""
    for name, document in DOCUMENTS.items():
        for other, second in DOCUMENTS.items():
            if other != name:
                with pytest.raises(ProofInvalid):
                    verify(replace(document, proof=second.proof))


def test_a_malformed_document_is_refused(document: ProofDocument) -> None:
    """A field too few, one too many, another type or version: not read at all."""
    laid: Any = document.to_json()
    for field in laid:
        with pytest.raises(EncodingError):
            ProofDocument.from_json({k: v for k, v in laid.items() if k != field})
    for changed in (
        {"type": "privshare.receipt"},
        {"v": 2},
        {"v": "1"},
        {"kind": "range/v2"},
        {"kind": ""},
        {"kind": None},
        {"proof": "A"},
        {"proof": None},
        {"public": None},
        {"public": []},
        {"public": {**laid["public"], "more": 1}},
        {"context": None},
        {"context": {**laid["context"], "more": 1}},
        {"context": {**laid["context"], "nonce": b64u(bytes(15))}},
        {"context": {**laid["context"], "nonce": b64u(bytes(33))}},
        {"context": {**laid["context"], "purpose": ""}},
        {"context": {**laid["context"], "purpose": "x" * 129}},
        {"context": {**laid["context"], "purpose": "é"}},
        {"context": {**laid["context"], "account": "\n"}},
        {"more": 1},
    ):
        with pytest.raises((EncodingError, OutOfRange)):
            ProofDocument.from_json({**laid, **changed})


def test_every_field_of_the_statement_is_needed(document: ProofDocument) -> None:
    """None may be missing, null or of another type."""
    laid: Any = document.to_json()
    for name in laid["public"]:
        missing = {k: v for k, v in laid["public"].items() if k != name}
        for public in (missing, *({**laid["public"], name: x} for x in (None, "", {}))):
            with pytest.raises((EncodingError, OutOfRange)):
                ProofDocument.from_json({**laid, "public": public})


def test_bytes_have_one_form(document: ProofDocument) -> None:
    """Not canonical JSON, or more than there may be."""
    data = document.to_bytes()
    for other in (b" " + data, data + b"\n", data.replace(b":1}", b": 1}"), b""):
        with pytest.raises(EncodingError):
            ProofDocument.from_bytes(other)
    with pytest.raises(EncodingError):
        ProofDocument.from_bytes(encode({"x": "A" * (1 << 20)}))
    assert encode(decode(data)) == data


# -- many at once -------------------------------------------------------------


def test_all_kinds_are_verified_together() -> None:
    """Documents of every kind, several times over, in one call."""
    verify_many([])
    verify_many([*DOCUMENTS.values()] * 2)
    verify_many([*DOCUMENTS.values()], RAND)


def test_a_bad_document_is_found_at_each_position() -> None:
    """The first that does not hold is named, wherever it stands."""
    good = list(DOCUMENTS.values())
    for place, document in enumerate(good):
        bad = replace(document, context=replace(CONTEXT, purpose="another"))
        with pytest.raises(ProofInvalid) as caught:
            verify_many([*good[:place], bad, *good[place + 1 :]])
        assert caught.value.detail["index"] == place
        for later in (place + 1, len(good) - 1):
            if place < later < len(good):
                both = list(good)
                both[place] = bad
                both[later] = replace(good[later], proof=good[later].proof[:-1])
                with pytest.raises(ProofInvalid) as caught:
                    verify_many(both)
                assert caught.value.detail["index"] == place


def test_a_malformed_proof_is_found_among_many() -> None:
    """Malformed is as bad as false: the document is named."""
    good = list(DOCUMENTS.values())
    for place, document in enumerate(good):
        for proof in (b"", b"\xff" * len(document.proof), document.proof[:-1]):
            many = [*good[:place], replace(document, proof=proof), *good[place + 1 :]]
            with pytest.raises(ProofInvalid) as caught:
                verify_many(many)
            assert caught.value.detail["index"] == place


def test_false_proofs_do_not_cancel() -> None:
    """Two that are wrong by the same amount, in opposite directions."""
    case = CASES["opening"]
    documents = [make(case.statement, case.witness, CONTEXT) for _ in range(2)]
    for number in (1, -1):
        z = int.from_bytes(documents[0].proof[-32:], "little") + number
        proof = documents[0].proof[:-32] + z.to_bytes(32, "little")
        documents.append(replace(documents[0], proof=proof))
    with pytest.raises(ProofInvalid) as caught:
        verify_many(documents)
    assert caught.value.detail["index"] == 2


# -- what a prover refuses ----------------------------------------------------


def test_a_wrong_opening_is_refused(name: str) -> None:
    """Each opening exchanged for another: the prover says which, and proves
    nothing."""
    case = CASES[name]
    (other,), _ = opened(123_456, first=90)
    for i in range(len(case.witness.openings)):
        openings = list(case.witness.openings)
        openings[i] = other
        with pytest.raises(PrivShareError) as caught:
            make(case.statement, _like(case, openings), CONTEXT)
        assert isinstance(caught.value, OutOfRange | ProofInvalid)


def test_a_witness_has_the_parts_of_its_kind(name: str) -> None:
    """Too many, too few, none."""
    case = CASES[name]
    openings = list(case.witness.openings)
    (other,), _ = opened(1, first=91)
    for wrong in (
        _like(case, [*openings, other]),
        _like(case, openings[:-1]) if openings else Witness([other]),
        Witness(),
    ):
        with pytest.raises(OutOfRange):
            make(case.statement, wrong, CONTEXT)


def _like(case: Case, openings: list[Any]) -> Witness:
    return Witness(openings, secret=case.witness.secret, index=case.witness.index)


def test_a_witness_comes_back_from_its_json(name: str) -> None:
    """Files hold witnesses; what is read proves the same."""
    case = CASES[name]
    again = Witness.from_json(decode(encode(case.witness.to_json())))
    verify(make(case.statement, again, CONTEXT))
    assert repr(again) == "<Witness (secret)>"


@pytest.mark.parametrize(
    "changed",
    [
        {"index": -1},
        {"index": "0"},
        {"openings": None},
        {"openings": [None]},
        {"secret": "AA"},
        {"secret": b64u(b"\xff" * 32)},
        {"more": 1},
    ],
)
def test_a_malformed_witness_is_refused(changed: dict[str, Any]) -> None:
    """Each part has one form."""
    laid = Witness().to_json()
    with pytest.raises((EncodingError, OutOfRange)):
        Witness.from_json({**laid, **changed})


def test_a_witness_has_bounds() -> None:
    """At most 256 openings."""
    (one,), _ = opened(1)
    with pytest.raises(OutOfRange):
        Witness([one] * 257)


def test_contexts_are_fresh() -> None:
    """A prover that nobody sent a nonce draws one."""
    first, second = (Context.fresh("audit", account="taxes") for _ in range(2))
    assert first.nonce != second.nonce
    assert (first.account, first.network, first.purpose) == ("taxes", "", "audit")


def test_a_version_is_part_of_the_challenge(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof of another version of the same kind does not hold."""
    case = CASES["range"]
    monkeypatch.setattr(InRange, "kind", "range/v0")
    old = make(case.statement, case.witness, CONTEXT)
    verify(old)
    monkeypatch.undo()
    with pytest.raises(ProofInvalid):
        verify(old)


def test_messages_do_not_tell_values() -> None:
    """What a prover refuses is said without the secret."""
    (one,), (c,) = opened(987_654)
    with pytest.raises(OutOfRange) as caught:
        make(InRange((Interval(c, 0, 10),)), Witness([one]), CONTEXT)
    assert "987" not in caught.value.message
    with pytest.raises(ProofInvalid) as wrong:
        make(KnowsOpening(c), Witness(opened(5)[0]), CONTEXT)
    assert "expected its opening, found another" in wrong.value.message
