"""Range proofs: committed numbers lie in [0, 2^bits), and nothing else is told.

A commitment V = v·G + r·H hides a number; a range proof says that it is small
and not negative, so that sums of commitments are sums of numbers and one
committed number can be shown to be at least another. Proofs are short (672
bytes for one number of 64 bits), and many of them are checked in one sum.

    prover     V = v·G + r·H, transcript with the context ─► prove ─► proof
    verifier   the same transcript, V, proof ─► verify, or verify_batch
    auditor    the same, years later: no secret is needed

The commitments hide perfectly: what is hidden stays hidden whatever computers
come. That they bind, and that proofs are sound, rests on discrete logarithms
in ristretto255 and on the transcript's hash.

Source: Bünz, Bootle, Boneh, Poelstra, Wuille and Maxwell, "Bulletproofs", IEEE
S&P 2018; docs/protocols/range.md has the equations.

>>> from privshare.schemes.commitment import commit, draw_blinding
>>> values, blindings = [18, 40], [draw_blinding(), draw_blinding()]
>>> V = [commit(v, r) for v, r in zip(values, blindings)]
>>> proof = prove(values, blindings, 8, Transcript("example/v1"))
>>> verify(V, 8, proof, Transcript("example/v1"))
>>> verify(V[::-1], 8, proof, Transcript("example/v1"))
Traceback (most recent call last):
privshare.errors.ProofInvalid: expected numbers in range, found that proof 0 is false
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from privshare.bindings import range_proof as core
from privshare.bindings._convert import concat
from privshare.bindings.merlin import Merlin
from privshare.bindings.range_proof import MAX_COUNT, RAND_BYTES
from privshare.bindings.transcript import TranscriptCore
from privshare.errors import OutOfRange
from privshare.schemes.transcript import Transcript

#: Bits that a statement may name.
BITS = (8, 16, 32, 64)

ELEMENT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Claim:
    """One proof of a batch, and what it has to hold for.

    Attributes:
        commitments: 1 to 32 elements V, 32 bytes each.
        bits: The range is [0, 2^bits); one of `BITS`.
        proof: What `prove` gave.
        transcript: The context absorbed, as before `prove`; one for each claim.
            A `Merlin` stands for a proof in the dalek library's format.
    """

    commitments: Sequence[bytes]
    bits: int
    proof: bytes
    transcript: Transcript | Merlin


def proof_bytes(bits: int, count: int) -> int:
    """How long a proof for `count` numbers is.

    32·(9 + 2·log2(bits·m)), where m is the least power of two >= count.

    Raises:
        OutOfRange: `bits` is not one of `BITS`, or count not from 1 to 32.
    """
    _expect_shape(bits, count)
    return core.proof_bytes(bits, count)


def prove(
    values: Sequence[int],
    blindings: Sequence[bytes],
    bits: int,
    transcript: Transcript | Merlin,
    rand: bytes | None = None,
) -> bytes:
    """Prove that committed numbers are below 2^bits.

    The statement is about V_j = v_j·G + r_j·H; commitments that the caller has
    already are these very elements. Any count from 1 to 32 will do; a count
    that is not a power of two costs as much as the next one.

    Args:
        values: The numbers v_j.
        blindings: The scalars r_j, 32 bytes each, canonical, uniform.
        bits: One of `BITS`.
        transcript: The context absorbed; statement and proof are added to it.
        rand: 32 bytes; drawn here unless given. Nonces depend on them and on
            the witness, the statement and the context.

    Returns:
        `proof_bytes(bits, len(values))` bytes.

    Raises:
        OutOfRange: A value is not in [0, 2^bits), or the shape is not allowed.
        EncodingError: A blinding is not a canonical scalar.

    Source:
        Bulletproofs, sections 4.1, 4.2 and 4.4.

    Leaks:
        Nothing of the numbers but that they are in range.
    """
    _expect_shape(bits, len(values))
    return core.prove(
        values,
        concat(blindings, ELEMENT_BYTES, "a blinding"),
        bits,
        _core(transcript),
        secrets.token_bytes(RAND_BYTES) if rand is None else rand,
    )[0]


def verify(
    commitments: Sequence[bytes],
    bits: int,
    proof: bytes,
    transcript: Transcript | Merlin,
) -> None:
    """Check one proof; the same inputs give the same answer.

    Args:
        commitments: The elements V_j, in the prover's order.
        bits: One of `BITS`.
        proof: What `prove` gave.
        transcript: The context absorbed, as before `prove`; statement and proof
            are added to it when the proof holds.

    Raises:
        ProofInvalid: The proof does not hold for these commitments, bits and
            context.
        EncodingError: An element or a scalar is not canonical, or the length is
            another.
        OutOfRange: The shape is not allowed.

    Source:
        Bulletproofs, section 6.1 and 6.2.
    """
    core.verify([_proof(Claim(commitments, bits, proof, transcript))])


def verify_batch(claims: Sequence[Claim], rand: bytes | None = None) -> None:
    """Check many proofs in one multi-scalar multiplication.

    Claims may differ in bits, in count and in format. Each equation is weighed
    with 128 bits of its own, from a transcript of all claims and `rand`: false
    claims do not cancel.

    Args:
        claims: Any number of them.
        rand: 32 bytes that nobody knew when the proofs were made; drawn here
            unless given.

    Raises:
        ProofInvalid: A claim does not hold; `detail["index"]` is the first.
        EncodingError: A claim is malformed; `detail["index"]` says which.
        OutOfRange: A shape is not allowed.

    Source:
        Bulletproofs, section 6.2; Bellare, Garay and Rabin, EUROCRYPT 1998.
    """
    core.verify(
        [_proof(claim) for claim in claims],
        secrets.token_bytes(RAND_BYTES) if rand is None else rand,
    )


def _expect_shape(bits: int, count: int) -> None:
    """Refuse bits and counts that no statement has."""
    if bits not in BITS:
        raise OutOfRange(f"expected bits of {BITS}, found {bits}")
    if not 1 <= count <= MAX_COUNT:
        raise OutOfRange(f"expected 1 to {MAX_COUNT} numbers, found {count}")


def _core(transcript: Transcript | Merlin) -> TranscriptCore | Merlin:
    return transcript if isinstance(transcript, Merlin) else transcript.core


def _proof(claim: Claim) -> core.Proof:
    """A claim as the core takes it."""
    count = len(claim.commitments)
    _expect_shape(claim.bits, count)
    return core.Proof(
        claim.bits,
        count,
        concat(claim.commitments, ELEMENT_BYTES, "a commitment"),
        claim.proof,
        _core(claim.transcript),
    )
