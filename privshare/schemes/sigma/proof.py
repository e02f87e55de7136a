"""Make and verify proofs of statements, with the challenge from a transcript.

    prover     transcript with the context in it ─► prove ─► proof
    verifier   the same context ─► verify
               many of them ─► verify_batch: one multi-scalar multiplication

The engine absorbs group, form, statement, commitments and responses; what the
proof is for is the caller's to absorb, before. Afterwards the transcript goes
on, so that what follows can be bound to the proof.

A proof is, all parts of fixed length and canonical,

    batchable  commitments || challenges || responses
    compact    challenge   || challenges || responses

commitments one an equation, challenges one less than the branches of each Or,
responses one a secret, all in the order of the statement; a compact proof has
the one challenge of the whole statement in place of the commitments.

Implements docs/protocols/sigma.md.

>>> from privshare.schemes.sigma import RelationBuilder
>>> from privshare.schemes.sigma.ristretto import RISTRETTO255
>>> x = RISTRETTO255.scalar(7)
>>> key = RISTRETTO255.encode(RISTRETTO255.multiply(x, RISTRETTO255.generator()))
>>> b = RelationBuilder()
>>> b.equation([(b.element(key), 1)], [(b.scalar(), b.generator, 1)])
>>> relation = b.relation()
>>> proof = prove(relation, [x], Transcript("example/v1"))
>>> verify(relation, proof, Transcript("example/v1"))
>>> verify(relation, proof, Transcript("another/v1"))
Traceback (most recent call last):
privshare.errors.ProofInvalid: expected a proof that holds, found one that does not
"""

from __future__ import annotations

import secrets

from privshare.errors import OutOfRange, ProofInvalid
from privshare.schemes.sigma.engine import prove_with, verify_with
from privshare.schemes.sigma.group import Group
from privshare.schemes.sigma.statement import Statement, Witness, encode, group_of
from privshare.schemes.transcript import Transcript

RAND_BYTES = 32


class TranscriptCodec:
    """Challenges from a transcript of PrivShare's."""

    __slots__ = ("_group", "_transcript")

    def __init__(self, group: Group, transcript: Transcript) -> None:
        self._group = group
        self._transcript = transcript

    def begin(self, statement: Statement, compact: bool) -> None:
        """Absorb group, form and statement."""
        self._transcript.absorb_all(
            [
                ("sigma/v1", self._group.name.encode("ascii")),
                ("form", b"compact" if compact else b"batchable"),
                ("statement", encode(statement)),
            ]
        )

    def nonces(self, packed: bytes, rand: bytes, count: int) -> list[bytes]:
        """From witness, statement and randomness: no one of them gives a nonce away."""
        size = self._group.wide_bytes
        fork = self._transcript.fork()
        fork.absorb("witness", packed)
        fork.absorb("rand", rand)
        wide = fork.challenge("nonces", size * count)
        return [
            self._group.reduce(wide[i : i + size]) for i in range(0, len(wide), size)
        ]

    def commitments(self, data: bytes) -> None:
        """Absorb the prover's first message."""
        self._transcript.absorb("commitments", data)

    def challenge(self) -> bytes:
        """Draw the challenge."""
        wide = self._transcript.challenge("challenge", self._group.wide_bytes)
        return self._group.reduce(wide)

    def responses(self, data: bytes) -> None:
        """Absorb the rest of the proof."""
        self._transcript.absorb("responses", data)


def prove(
    statement: Statement,
    witness: Witness,
    transcript: Transcript,
    rand: bytes | None = None,
    *,
    compact: bool = False,
) -> bytes:
    """Prove a statement.

    Args:
        statement: Of which the prover knows a witness.
        witness: The secrets: a list of scalars for a relation, of witnesses
            for And, a `Branch` for Or.
        transcript: With the context in it; it goes on after the proof.
        rand: 32 random bytes, used once; drawn when not given. Nonces come
            from witness, statement and these, so that equal bytes do no harm
            unless all of them are equal.
        compact: Send the challenge and not the commitments: shorter, and not
            for `verify_batch`.

    Returns:
        The proof, `proof_bytes` long. It was verified.

    Raises:
        EncodingError: A scalar of the witness is not canonical.
        OutOfRange: The witness has not the statement's shape, or `rand` another
            length.
        ProofInvalid: The witness is none.

    Source:
        docs/protocols/sigma.md. Hedged nonces as in RFC 6979, section 3.6.

    Leaks:
        Nothing of secrets or of which branch is true by its bytes. All branches
        take the same operations, and the arithmetic is constant-time; Python
        itself, which moves the scalars, is not built to be.
    """
    if rand is None:
        rand = secrets.token_bytes(RAND_BYTES)
    if len(rand) != RAND_BYTES:
        raise OutOfRange(f"expected {RAND_BYTES} random bytes, found {len(rand)}")
    before, group = transcript.fork(), group_of(statement)
    codec = TranscriptCodec(group, transcript)
    proof = prove_with(statement, witness, codec, rand, compact=compact)
    try:
        verify(statement, proof, before, compact=compact)
    except ProofInvalid:
        raise ProofInvalid("expected a witness of the statement, found none") from None
    return proof


def verify(
    statement: Statement,
    proof: bytes,
    transcript: Transcript,
    *,
    compact: bool = False,
) -> None:
    """Check a proof, equation by equation.

    Args:
        statement: What it is a proof of.
        proof: From `prove`, or anything.
        transcript: With the same context in it as the prover's; it goes on
            after the proof.
        compact: The form that the proof must have.

    Raises:
        ProofInvalid: It does not hold, or is malformed.
    """
    codec = TranscriptCodec(group_of(statement), transcript)
    verify_with(statement, proof, codec, compact=compact)
