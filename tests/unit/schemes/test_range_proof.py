"""Range proofs: what holds, what is refused, and what everything depends on."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from hashlib import shake_256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.bindings import range_proof as core
from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.hash import sha3_512
from privshare.bindings.merlin import Merlin
from privshare.bindings.transcript import TranscriptCore
from privshare.errors import EncodingError, OutOfRange, ProofInvalid
from privshare.schemes.range_proof import (
    BITS,
    Claim,
    proof_bytes,
    prove,
    verify,
    verify_batch,
)
from privshare.schemes.transcript import Transcript

ORDER = 2**252 + 27742317777372353535851937790883648493
G = group.base()
H = group.from_uniform(sha3_512(G.encode()))
REFUSED = (ProofInvalid, EncodingError)

# Of the prover by hand: the generators of one bit, and its nonces.
G_0, H_0 = (
    group.from_uniform(shake_256(b"GeneratorsChain" + kind + bytes(4)).digest(64))
    for kind in (b"G", b"H")
)
BASES = group.Elements.join([H, G_0, H_0])
ONE = scalar.from_int(1)
ALPHA, RHO, TAU, S_L, S_R = (scalar.from_int(i) for i in range(11, 16))


def context(text: bytes = b"a loan") -> Transcript:
    transcript = Transcript("range test/v1")
    transcript.absorb("context", text)
    return transcript


def blinding() -> bytes:
    return scalar.reduce_wide(secrets.token_bytes(64))


def commit(value: int, r: bytes) -> bytes:
    """v·G + r·H, by the group's own functions."""
    v = scalar.from_int(value)
    return group.add(group.mul(v, G), group.mul(r, H)).encode()


def made(values: Sequence[int], bits: int) -> Claim:
    """A claim that holds."""
    blindings = [blinding() for _ in values]
    V = [commit(v, r) for v, r in zip(values, blindings, strict=True)]
    return Claim(V, bits, prove(values, blindings, bits, context()), context())


def check(claim: Claim) -> None:
    verify(claim.commitments, claim.bits, claim.proof, claim.transcript)


@settings(max_examples=30)
@given(st.sampled_from(BITS), st.data())
def test_in_range(bits: int, data: st.DataObject) -> None:
    """What is in range is proven, for any count, the edges before all."""
    top = 2**bits - 1
    edges = st.sampled_from([0, 1, top - 1, top, 2 ** (bits - 1)])
    number = edges | st.integers(0, top)
    values = data.draw(st.lists(number, min_size=1, max_size=6))
    claim = made(values, bits)
    assert proof_bytes(bits, len(values)) == len(claim.proof)
    check(claim)


def test_32_numbers() -> None:
    """The largest statement: 32 numbers of 64 bits in 992 bytes."""
    claim = made([2**64 - 1 - i for i in range(32)], 64)
    assert len(claim.proof) == 992
    check(claim)


@pytest.mark.parametrize("bits", BITS)
def test_out_of_range_is_not_proven(bits: int) -> None:
    """A number that has more bits, or is negative, is refused by the prover."""
    for value in (2**bits, 2**bits + 1, 2**64, 2**64 + 1, -1, ORDER, ORDER + 1):
        for values in ([value], [1, value]):
            with pytest.raises(OutOfRange):
                prove(values, [blinding()] * len(values), bits, context())


def test_a_proof_for_another_number() -> None:
    """A commitment to a number out of range has no use for a proof in range."""
    r = blinding()
    proof = prove([255], [r], 8, context())
    verify([commit(255, r)], 8, proof, context())
    for value in (256, -1, 255 + 2**64, 254):
        with pytest.raises(ProofInvalid):
            verify([commit(value, r)], 8, proof, context())


SHAPES = ((8, 1), (8, 2), (16, 3))


@pytest.mark.parametrize(("bits", "count"), SHAPES)
def test_every_bit_of_the_proof(bits: int, count: int) -> None:
    """A proof with any bit changed is refused."""
    claim = made([7] * count, bits)
    for i in range(8 * len(claim.proof)):
        other = bytearray(claim.proof)
        other[i // 8] ^= 1 << i % 8
        with pytest.raises(REFUSED):
            check(replace(claim, proof=bytes(other)))
    check(claim)


def test_every_part_of_the_statement() -> None:
    """Whatever is absorbed counts: context, protocol, bits, count, commitments
    and their order, and the format."""
    claim = made([7, 7], 16)
    first, second = claim.commitments
    zero = bytes(32)
    others = [
        replace(claim, transcript=context(b"another loan")),
        replace(claim, transcript=Transcript("range test/v1")),
        replace(claim, transcript=Transcript("range test/v2")),
        replace(claim, transcript=Merlin(b"range test/v1")),
        replace(claim, commitments=[second, first]),
        replace(claim, commitments=[first, first]),
        replace(claim, commitments=[first, commit(7, blinding())]),
        replace(claim, commitments=[first], bits=32),
        replace(claim, commitments=[first, second, zero, zero], bits=8),
    ]
    for other in others:
        with pytest.raises(ProofInvalid):
            check(other)
    check(claim)


def test_missing_numbers_count() -> None:
    """Three numbers are padded to four; the proof is for three all the same."""
    claim = made([1, 2, 3], 8)
    with pytest.raises(ProofInvalid):
        check(replace(claim, commitments=[*claim.commitments, bytes(32)]))
    four = made([1, 2, 3, 0], 8)
    with pytest.raises(ProofInvalid):
        check(replace(four, commitments=four.commitments[:3]))


def test_identity_commitment() -> None:
    """Zero with blinding zero is a number like any other, though it hides
    nothing: its commitment is the identity."""
    proof = prove([0], [bytes(32)], 8, context())
    verify([bytes(32)], 8, proof, context())


@pytest.mark.parametrize(
    "string",
    [
        ORDER.to_bytes(32, "little"),
        (ORDER + 1).to_bytes(32, "little"),
        b"\xff" * 32,
        (2**255 - 19).to_bytes(32, "little"),
        bytes([1]) + bytes(31),
    ],
    ids=["l", "l + 1", "ones", "p", "1"],
)
def test_not_canonical(string: bytes) -> None:
    """A string that is not canonical is refused wherever it stands. (1 is a
    scalar, but no element.)"""
    claim = made([7], 8)
    for at in range(0, len(claim.proof), 32):
        other = claim.proof[:at] + string + claim.proof[at + 32 :]
        is_scalar = 128 <= at < 224 or at >= len(other) - 64
        small = string[0] == 1 and is_scalar
        with pytest.raises(ProofInvalid if small else EncodingError):
            check(replace(claim, proof=other))
    with pytest.raises(EncodingError):
        check(replace(claim, commitments=[string]))


def test_zero_strings() -> None:
    """Neither an identity nor a zero in the place of anything convinces."""
    claim = made([7], 8)
    for at in range(0, len(claim.proof), 32):
        other = claim.proof[:at] + bytes(32) + claim.proof[at + 32 :]
        with pytest.raises(ProofInvalid):
            check(replace(claim, proof=other))
    with pytest.raises(ProofInvalid):
        check(replace(claim, commitments=[bytes(32)]))
    with pytest.raises(ProofInvalid):
        check(replace(claim, proof=bytes(len(claim.proof))))


def test_lengths() -> None:
    """Truncated, over-long and empty proofs and commitments are refused."""
    claim = made([7, 8], 8)
    for proof in (b"", claim.proof[:-1], claim.proof[:-32], claim.proof + b"\0"):
        with pytest.raises(EncodingError):
            check(replace(claim, proof=proof))
    for V in ([b"", b""], [v[:-1] for v in claim.commitments]):
        with pytest.raises(EncodingError):
            check(replace(claim, commitments=V))


def test_shapes() -> None:
    """Statements have 8, 16, 32 or 64 bits, and 1 to 32 numbers."""
    for bits, count in ((4, 1), (7, 1), (128, 1), (0, 1), (-8, 1), (8, 0), (8, 33)):
        with pytest.raises(OutOfRange):
            proof_bytes(bits, count)
        with pytest.raises(OutOfRange):
            prove([0] * count, [bytes(32)] * count, bits, context())
        with pytest.raises(OutOfRange):
            verify([bytes(32)] * count, bits, b"", context())


def test_blindings() -> None:
    """Blindings are canonical scalars, one for each number."""
    for bad in (ORDER.to_bytes(32, "little"), b"\xff" * 32, b"", bytes(31)):
        with pytest.raises(EncodingError):
            prove([1], [bad], 8, context())
    with pytest.raises(EncodingError):
        prove([1, 2], [bytes(32)], 8, context())


def test_transcript_goes_on() -> None:
    """Afterwards both transcripts depend on statement and proof, and agree; a
    refusal leaves the verifier's as it was."""
    r = blinding()
    ours, theirs = context(), context()
    proof = prove([7], [r], 8, ours)
    with pytest.raises(ProofInvalid):
        verify([commit(8, r)], 8, proof, theirs)
    verify([commit(7, r)], 8, proof, theirs)
    assert ours.challenge("next", 32) == theirs.challenge("next", 32)
    again = context()
    assert prove([7], [r], 8, again) != proof
    assert ours.challenge("next", 32) != again.challenge("next", 32)


def test_nonces() -> None:
    """The same randomness gives the same proof; anything else in it another,
    and no nonce of the first."""
    r, rand = blinding(), bytes(32)
    other = context()
    other.absorb("more", b"")
    proofs = [
        prove([7], [r], 8, context(), rand),
        prove([7], [r], 8, context(), bytes([1]) + bytes(31)),
        prove([8], [r], 8, context(), rand),
        prove([7], [blinding()], 8, context(), rand),
        prove([7], [r], 16, context(), rand),
        prove([7], [r], 8, other, rand),
    ]
    assert proofs[0] == prove([7], [r], 8, context(), rand)
    for field in range(4):
        strings = {proof[32 * field : 32 * field + 32] for proof in proofs}
        assert len(strings) == len(proofs)


def fresh(claim: Claim) -> Claim:
    """The claim with a transcript that has not seen its proof."""
    return replace(claim, transcript=context())


def spoil(claim: Claim) -> Claim:
    """The same claim with t_x_blinding one larger: well formed and false."""
    at = scalar.add(claim.proof[160:192], ONE)
    return replace(claim, proof=claim.proof[:160] + at + claim.proof[192:])


def test_batch() -> None:
    """Any mix holds together; a false one is named at each position."""
    claims = [
        made([5], 8),
        made([2**64 - 1], 64),
        made([1, 2, 3], 16),
        made([2**32 - 1, 0], 32),
        made([0], 8),
    ]
    verify_batch([fresh(claim) for claim in claims])
    verify_batch([])
    for i, claim in enumerate(claims):
        mixed = [fresh(claim) for claim in claims]
        mixed[i] = spoil(claim)
        with pytest.raises(ProofInvalid) as caught:
            verify_batch(mixed)
        assert caught.value.detail == {"index": i}
        mixed[i] = replace(claim, proof=b"\xff" * len(claim.proof))
        with pytest.raises(EncodingError) as malformed:
            verify_batch(mixed)
        assert malformed.value.detail == {"index": i}
        mixed[i] = replace(claim, proof=claim.proof[:-1])
        with pytest.raises(EncodingError) as short:
            verify_batch(mixed)
        assert short.value.detail == {"index": i}


def test_batch_weights() -> None:
    """Errors that cancel without weights do not, for no randomness."""
    r = blinding()
    V, proof = [commit(7, r)], prove([7], [r], 8, context())
    pair = [
        Claim(V, 8, proof[:160] + step(proof[160:192], ONE) + proof[192:], context())
        for step in (scalar.add, scalar.sub)
    ]
    for rand in (None, bytes(32), b"\xff" * 32):
        with pytest.raises(ProofInvalid):
            verify_batch(pair, rand)


def test_weights_depend_on_all_of_the_proofs() -> None:
    """A Merlin transcript ends before a and b. Were the weights drawn without
    them, two wrong a could be chosen so that the errors cancel."""
    r, merlin = blinding(), Merlin(b"weights")
    proof = prove([7], [r], 8, merlin)
    weights = Transcript("range/weights/v1")
    for _ in range(2):
        weights.absorb("proof", merlin.fork().challenge(b"fingerprint", 32))
    weights.absorb("rand", bytes(32))
    second = weights.challenge("weights", 64)[32:48] + bytes(16)
    errors = ONE, scalar.neg(scalar.invert(second))
    at = len(proof) - 64
    claims = [
        Claim(
            [commit(7, r)],
            8,
            proof[:at] + scalar.add(proof[at : at + 32], error) + proof[at + 32 :],
            Merlin(b"weights"),
        )
        for error in errors
    ]
    with pytest.raises(ProofInvalid):
        verify_batch(claims, bytes(32))


class OneBit:
    """A prover for one number of one bit, who takes any vectors for the bit.

    Written from docs/protocols/range.md with the functions of the group alone.
    """

    def __init__(self, absorbed: bytes, a_l: int, a_r: int) -> None:
        self.t = TranscriptCore(b"one bit")
        self.absorb(b"proof", b"range/v1")
        self.absorb(b"bits", (1).to_bytes(8, "little"))
        self.absorb(b"count", (1).to_bytes(8, "little"))
        name = b"SHAKE256 GeneratorsChain"
        self.absorb(b"generators", name + G.encode() + H.encode())
        self.absorb(b"V", absorbed)
        self.a_l, self.a_r = scalar.from_int(a_l), scalar.from_int(a_r)

    def absorb(self, label: bytes, data: bytes) -> bytes:
        self.t.absorb(label, data)
        return data

    def draw(self, label: bytes) -> bytes:
        return scalar.reduce_wide(self.t.challenge(label, 64))

    def vectors(self, x: bytes) -> tuple[bytes, bytes]:
        left = scalar.mul_add(x, S_L, scalar.sub(self.a_l, self.z))
        right = scalar.mul_add(x, S_R, scalar.add(self.a_r, self.z))
        return left, scalar.add(right, scalar.mul(self.z, self.z))

    def product(self, x: bytes) -> bytes:
        return scalar.mul(*self.vectors(x))

    def prove(self, r: bytes) -> bytes:
        """The proof for a commitment whose blinding is r."""
        A = group.msm(ALPHA + self.a_l + self.a_r, BASES).encode()
        S = group.msm(RHO + S_L + S_R, BASES).encode()
        proof = self.absorb(b"A", A) + self.absorb(b"S", S)
        self.draw(b"y")
        self.z = self.draw(b"z")
        t0, t2 = self.product(bytes(32)), scalar.mul(S_L, S_R)
        t1 = scalar.sub(scalar.sub(self.product(ONE), t0), t2)
        for label, value in ((b"T_1", t1), (b"T_2", t2)):
            T = group.msm(TAU + value, group.Elements.join([H, G]))
            proof += self.absorb(label, T.encode())
        self.t1, self.t2 = t1, t2
        self.x = x = self.draw(b"x")
        x2 = scalar.mul(x, x)
        self.tau = scalar.mul(TAU, scalar.add(x, x2))
        z2 = scalar.mul(self.z, self.z)
        proof += self.absorb(b"t_x", self.product(x))
        proof += self.absorb(b"t_x_blinding", scalar.mul_add(z2, r, self.tau))
        proof += self.absorb(b"e_blinding", scalar.mul_add(x, RHO, ALPHA))
        self.draw(b"w")
        a, b = self.vectors(x)
        return proof + self.absorb(b"a", a) + self.absorb(b"b", b)

    def solve(self) -> int:
        """The number whose commitment makes the second equation true."""
        z = scalar.to_int(self.z)
        t0 = scalar.to_int(self.product(bytes(32)))
        return (t0 - (z - z**2 - z**3)) * pow(z, -2, ORDER) % ORDER


def test_one_bit_by_hand() -> None:
    """A prover of our own convinces with a bit and with nothing else. Then both
    transcripts go on alike."""
    r = blinding()
    for value, a_l, a_r in ((0, 0, -1), (1, 1, 0), (2, 2, 1), (1, 0, -1), (0, 0, 0)):
        V = commit(value, r)
        prover = OneBit(V, a_l, a_r)
        item = core.Proof(1, 1, V, prover.prove(r), TranscriptCore(b"one bit"))
        if value < 2 and (a_l, a_r) == (value, value - 1):
            core.verify([item])
            assert prover.draw(b"next") == scalar.reduce_wide(
                item.transcript.challenge(b"next", 64)
            )
        else:
            with pytest.raises(ProofInvalid):
                core.verify([item])


def test_choosing_the_commitment_last() -> None:
    """Who sees the challenges first finds a V for which the equations hold. It
    does not help, for V is absorbed before they are drawn."""
    r, absorbed = blinding(), commit(1, blinding())
    forger = OneBit(absorbed, 77, 5)
    proof = forger.prove(r)
    V = commit(forger.solve(), r)
    for commitment in (V, absorbed):
        with pytest.raises(ProofInvalid):
            core.verify(
                [core.Proof(1, 1, commitment, proof, TranscriptCore(b"one bit"))]
            )


PAGE = Path(__file__).parents[3] / "docs/protocols/range.md"


def test_the_page() -> None:
    """The example of docs/protocols/range.md comes out byte for byte, and each
    of its strings is where section 5 says; the table of sizes is right."""
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^(\w+) +([0-9a-f]{64})$", text, re.MULTILINE)
    names = [name for name, _ in rows]
    (_, V), *fields = [(name, bytes.fromhex(value)) for name, value in rows]
    rounds = [f"{side}_{j}" for j in (1, 2, 3) for side in "LR"]
    head = ["V", "A", "S", "T_1", "T_2", "t_x", "t_x_blinding", "e_blinding"]
    assert [*head, *rounds, "a", "b"] == names
    transcript = Transcript("example/v1")
    transcript.absorb("context", b"a loan")
    seven = scalar.from_int(7)
    assert commit(18, seven) == V
    proof = prove([18], [seven], 8, transcript.fork(), bytes(32))
    assert b"".join(value for _, value in fields) == proof
    verify([V], 8, proof, transcript)
    sizes = re.findall(r"^\| n = (\d+) \| (.*) \|$", text, re.MULTILINE)
    assert tuple(int(bits) for bits, _ in sizes) == BITS
    for bits, cells in sizes:
        found = [proof_bytes(int(bits), 1 << i) for i in range(6)]
        assert [int(cell) for cell in cells.split(" | ")] == found
