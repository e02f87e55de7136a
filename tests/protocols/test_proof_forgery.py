"""Forgers: statements chosen after the proof, commitments after the challenge.

Each attempt would succeed against a verifier that leaves one thing out of its
transcript: the equations hold by themselves. The statement is bound, so they
do not help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from proof_kit import CASES, CONTEXT, KEY, moved, opened

from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.scalar import from_int
from privshare.errors import ProofInvalid
from privshare.schemes import range_proof, sigma
from privshare.schemes.commitment import BLINDING_BASE, VALUE_BASE, combine
from privshare.schemes.elgamal import Ciphertext
from privshare.schemes.proof import (
    AtLeast,
    Decrypted,
    EqualValues,
    InRange,
    Interval,
    KnowsOpening,
    LinearSum,
    MemberColumn,
    MemberOf,
    ProofDocument,
    Statement,
    Witness,
    make,
    verify,
)
from privshare.schemes.transcript import Transcript
from privshare.wire.canonical import encode


def test_a_proof_does_not_move_with_its_statement() -> None:
    """A shift leaves every equation true, and yet the proof does not hold."""
    made = {n: make(c.statement, c.witness, CONTEXT) for n, c in CASES.items()}
    shifts: dict[str, Statement] = {}
    one = made["range"].statement
    assert isinstance(one, InRange)
    shifts["range"] = InRange(
        tuple(
            Interval(moved(i.commitment, 5), i.low + 5, i.high + 5)
            for i in one.intervals
        )
    )
    assert shifts["range"]._shifted == one._shifted  # the same range proof
    two = made["at-least"].statement
    assert isinstance(two, AtLeast)
    shifts["at-least"] = AtLeast(moved(two.x, 3), moved(two.y, 3), two.low + 3, 16)
    assert shifts["at-least"]._shifted == two._shifted
    three = made["elgamal-decryption"].statement
    assert isinstance(three, Decrypted)
    shifts["elgamal-decryption"] = Decrypted(
        three.key,
        Ciphertext(moved(three.ciphertext.c, 9), three.ciphertext.d),
        three.value + 9,
    )
    four = made["linear"].statement
    assert isinstance(four, LinearSum)
    shifts["linear"] = LinearSum(
        four.commitments, tuple(2 * a for a in four.coefficients), 2 * four.constant
    )
    five = made["member"].statement
    assert isinstance(five, MemberOf)
    shifts["member"] = MemberOf(
        tuple(
            MemberColumn(tuple(map(moved, c.candidates)), moved(c.revealed))
            for c in five.columns
        )
    )
    for name, statement in shifts.items():
        verify(made[name])
        with pytest.raises(ProofInvalid):
            verify(replace(made[name], statement=statement))


def transcript_of(document: ProofDocument) -> Transcript:
    """As docs/formats/proof.md has it, written a second time."""
    t = Transcript(f"proof/{document.kind}")
    t.absorb("account", document.context.account.encode())
    t.absorb("network", document.context.network.encode())
    t.absorb("purpose", document.context.purpose.encode())
    t.absorb("nonce", document.context.nonce)
    t.absorb("bases", VALUE_BASE + BLINDING_BASE)
    t.absorb("public", encode(document.statement.to_json()))
    return t


def split(data: bytes) -> list[bytes]:
    return [data[i : i + 32] for i in range(0, len(data), 32)]


def linear(scalars: Sequence[bytes], elements: Sequence[bytes]) -> bytes:
    return group.msm(b"".join(scalars), group.decode(b"".join(elements))).encode()


def test_the_transcript_is_the_one_of_the_page() -> None:
    """An honest proof holds with the transcript as written above."""
    case = CASES["opening"]
    document = make(case.statement, case.witness, CONTEXT)
    claim: Any = document.claim()
    sigma.verify(claim.statement, document.proof, transcript_of(document))
    case = CASES["range"]
    document = make(case.statement, case.witness, CONTEXT)
    claim = document.claim()
    range_proof.verify(
        claim.commitments, claim.bits, document.proof, transcript_of(document)
    )


def challenge_of(document: ProofDocument) -> bytes:
    """The challenge that a verifier draws for a proof of an opening."""
    claim: Any = document.claim()
    t = transcript_of(document)
    codec = sigma.proof.TranscriptCodec(sigma.RISTRETTO255, t)
    codec.begin(claim.statement, compact=False)
    codec.commitments(document.proof[:32])
    return codec.challenge()


def test_a_commitment_chosen_after_the_challenge() -> None:
    """C = c⁻¹·(z·G + z'·H - T) answers the challenge c of another C alone."""
    case = CASES["opening"]
    honest = make(case.statement, case.witness, CONTEXT)
    t, z, z2 = honest.proof[:32], from_int(123), from_int(456)
    c = challenge_of(replace(honest, proof=t + z + z2))
    difference = combine([linear([z, z2], [VALUE_BASE, BLINDING_BASE]), t], [1, -1])
    forged = linear([scalar.invert(c)], [difference])
    sides = [linear([z, z2], [VALUE_BASE, BLINDING_BASE]), linear([c], [forged])]
    assert combine(sides, [1, -1]) == t  # the equation holds for c
    document = ProofDocument(CONTEXT, KnowsOpening(forged), t + z + z2)
    with pytest.raises(ProofInvalid):
        verify(document)


def test_a_first_message_chosen_after_the_challenge() -> None:
    """T = M(z) - c·C answers c, and gives another challenge."""
    case = CASES["opening"]
    honest = make(case.statement, case.witness, CONTEXT)
    assert isinstance(case.statement, KnowsOpening)
    z, z2 = from_int(123), from_int(456)
    guess = honest.proof[:32]
    for _ in range(4):
        c = challenge_of(replace(honest, proof=guess + z + z2))
        sides = [
            linear([z, z2], [VALUE_BASE, BLINDING_BASE]),
            linear([c], [case.statement.commitment]),
        ]
        guess = combine(sides, [1, -1])
        with pytest.raises(ProofInvalid):
            verify(replace(honest, proof=guess + z + z2))


def test_what_is_not_in_the_interval_cannot_be_proven_by_wrapping() -> None:
    """A value of l + low - 1, that is low - 1, finds no proof in the engine."""
    (one,), (c,) = opened(39)
    statement = InRange((Interval(c, 40, 50),))
    document = ProofDocument(CONTEXT, statement, b"")
    claim: Any = document.claim()
    for values in ([255, 11], [0, 11], [1, 11]):
        proof = range_proof.prove(
            values,
            [one.blinding, scalar.neg(one.blinding)],
            statement.bits,
            transcript_of(document),
        )
        with pytest.raises(ProofInvalid):
            verify(ProofDocument(CONTEXT, statement, proof))
    assert claim.bits == 8


def test_a_proof_of_parts_is_not_one_of_the_whole() -> None:
    """Two commitments proven equal to a third one by one, and not together."""
    openings, commitments = opened(7, 7, 7, first=10)
    pair = make(EqualValues(tuple(commitments[:2])), Witness(openings[:2]), CONTEXT)
    whole = EqualValues(tuple(commitments))
    for proof in (pair.proof, pair.proof + pair.proof[-32:], pair.proof * 2):
        with pytest.raises(ProofInvalid):
            verify(ProofDocument(CONTEXT, whole, proof))


def test_a_decryption_of_another_key() -> None:
    """The same secret, the same ciphertext, and a key that is not its own."""
    case = CASES["elgamal-decryption"]
    document = make(case.statement, case.witness, CONTEXT)
    assert isinstance(document.statement, Decrypted)
    other = replace(document.statement, key=moved(KEY.public))
    with pytest.raises(ProofInvalid):
        verify(replace(document, statement=other))


@pytest.mark.parametrize("name", CASES)
def test_zeros_prove_nothing(name: str) -> None:
    """A proof of zeros, of identities, or of the honest first message and zeros."""
    case = CASES[name]
    document = make(case.statement, case.witness, CONTEXT)
    size = len(document.proof)
    zeros = bytes(size)
    for proof in (
        zeros,
        document.proof[:32] + zeros[32:],
        zeros[:32] + document.proof[32:],
        document.proof[:-32] + zeros[-32:],
    ):
        with pytest.raises(ProofInvalid):
            verify(replace(document, proof=proof))
