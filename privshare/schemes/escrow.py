"""Escrow: who signed a ring signature, for k of n regulators together.

The signer shares its own key among the regulators, verifiably for everybody
and without a dealer: with the public keys Y_i = y_i·G of n regulators it draws
a polynomial f of degree k - 1 with coefficients a_0 … a_(k-1) and gives

    C = P + f(0)·G       E_i = f(i)·Y_i      i = 1 … n

with a proof that it knows x and the a_j for which, T being its tag,

    T = x·U       C = x·G + a_0·G       E_i = Σ i^j·a_j·Y_i

The ring signature proves that log_U T is the secret of a member, so P = x·G is
that member's key. Each regulator can compute D_i = y_i^-1·E_i = f(i)·G, and
prove it; k of them give f(0)·G and so P. Fewer give nothing.

    signer       make ─► Escrow, in the signature
    everybody    verify
    regulator    signature verified ─► partial_opening
    everybody    verify_partial ─► Partial … combine ─► the member's key

The signature comes first: a regulator that opened what was not verified would
compute y_i^-1·E for whoever asks.

Source: Schoenmakers, "A simple publicly verifiable secret sharing scheme",
CRYPTO 1999; docs/protocols/ring.md, section 5.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from privshare.bindings import ristretto255, scalar
from privshare.errors import EncodingError, NotFound, OutOfRange, ProofInvalid
from privshare.schemes import sigma
from privshare.schemes.ring import (
    MAX_REGULATORS,
    MIN_THRESHOLD,
    Regulators,
    Ring,
)
from privshare.schemes.ring_key import IDENTITY, KEY_BYTES, RingKey
from privshare.schemes.transcript import Transcript

RAND_BYTES = 32
PARTIAL_BYTES = 1 + KEY_BYTES + 3 * KEY_BYTES

_PROTOCOL = "ring/opening/v1"


@dataclass(frozen=True, slots=True)
class Escrow:
    """A signer's key, shared among regulators.

    Attributes:
        threshold: k.
        cover: C, encoded.
        shares: E_1 … E_n, encoded.
        proof: That the shares are of the key that signed.
    """

    threshold: int
    cover: bytes
    shares: tuple[bytes, ...]
    proof: bytes

    def __post_init__(self) -> None:
        """Check lengths and encodings.

        Raises:
            EncodingError: Something is not canonical, or is the identity.
            OutOfRange: The threshold or the number of shares.
        """
        n, k = len(self.shares), self.threshold
        if not MIN_THRESHOLD <= k <= n <= MAX_REGULATORS:
            raise OutOfRange(
                f"expected an escrow for {MIN_THRESHOLD} to {MAX_REGULATORS} "
                f"regulators and no higher threshold, found {k} of {n}"
            )
        elements = (self.cover, *self.shares)
        if IDENTITY in elements or any(len(one) != KEY_BYTES for one in elements):
            raise EncodingError(
                "expected the elements of an escrow to be none of them the identity, "
                "found one that is, or another length"
            )
        ristretto255.decode(b"".join(elements))
        if len(self.proof) != _proof_bytes(n, k):
            raise EncodingError(
                f"expected an escrow's proof of {_proof_bytes(n, k)} bytes, found "
                f"{len(self.proof)}"
            )

    def to_bytes(self) -> bytes:
        """k, n, cover, shares, proof: `escrow_bytes` in all."""
        head = bytes((self.threshold, len(self.shares)))
        return b"".join((head, self.cover, *self.shares, self.proof))

    @classmethod
    def from_bytes(cls, data: bytes) -> Escrow:
        """Read what `to_bytes` wrote.

        Raises:
            EncodingError: Another length, or not canonical.
            OutOfRange: The threshold or the number of shares.
        """
        if len(data) < 2 or len(data) != escrow_bytes(data[1], data[0]):
            raise EncodingError(
                f"expected an escrow of the length that it says, found {len(data)} "
                "bytes"
            )
        k, n = data[0], data[1]
        at = range(2, 2 + KEY_BYTES * (n + 1), KEY_BYTES)
        cover, *shares = (data[i : i + KEY_BYTES] for i in at)
        return cls(k, cover, tuple(shares), data[2 + KEY_BYTES * (n + 1) :])


def _proof_bytes(n: int, k: int) -> int:
    """Commitments for n + 2 equations, responses for k + 1 secrets."""
    return KEY_BYTES * (n + k + 3)


def escrow_bytes(n: int, k: int) -> int:
    """Length of an escrow for k of n regulators."""
    return 2 + KEY_BYTES * (n + 1) + _proof_bytes(n, k)


def relation(
    escrow_elements: Sequence[bytes],
    regulators: Regulators,
    base: bytes,
    tag: bytes,
) -> sigma.LinearRelation:
    """What the proof in an escrow says, with x, a_0 … a_(k-1) for secrets.

    Args:
        escrow_elements: C, E_1 … E_n.
        regulators: Whose keys they are for.
        base: U, encoded.
        tag: T.
    """
    b = sigma.RelationBuilder()
    x = b.scalar()
    a = [b.scalar() for _ in range(regulators.threshold)]
    cover, *shares = map(b.element, escrow_elements)
    b.equation([(b.element(tag), 1)], [(x, b.element(base), 1)])
    b.equation([(cover, 1)], [(x, b.generator, 1), (a[0], b.generator, 1)])
    for i, (share, key) in enumerate(zip(shares, regulators.keys, strict=True), 1):
        y = b.element(key)
        b.equation([(share, 1)], [(a_j, y, i**j) for j, a_j in enumerate(a)])
    return b.relation()


def make(
    key: RingKey,
    regulators: Regulators,
    base: bytes,
    tag: bytes,
    transcript: Transcript,
    rand: bytes,
) -> Escrow:
    """Share the signer's key. `ring_signature.sign` is who calls this.

    Args:
        key: The signer's.
        regulators: Whom to share it among.
        base: U, encoded.
        tag: T = x·U.
        transcript: With everything else that is signed; it goes on.
        rand: 32 fresh random bytes. The polynomial follows from them, the
            secret and the transcript.

    Leaks:
        As `sigma.prove`.
    """
    secret, k = key.to_bytes(), regulators.threshold
    fork = transcript.fork()
    fork.absorb("secret", secret)
    fork.absorb("random", rand)
    # A coefficient, a share or C that is 0 comes once in 2^252.
    a = [scalar.reduce_wide(fork.challenge("coefficient", 64)) for _ in range(k)]
    values = b"".join(_evaluate(a, i) for i in range(1, len(regulators) + 1))
    cover = ristretto255.base_table().mul(scalar.add(secret, a[0])).encode()
    shares = ristretto255.mul(values, regulators.elements).encode()
    elements = (cover, *_split(shares))
    proof = sigma.prove(
        relation(elements, regulators, base, tag),
        [secret, *a],
        transcript,
        fork.challenge("proof", RAND_BYTES),
    )
    return Escrow(k, cover, elements[1:], proof)


def claim(
    escrow: Escrow,
    regulators: Regulators,
    ring: Ring,
    base: bytes,
    tag: bytes,
    transcript: Transcript,
) -> sigma.Claim:
    """What is to be verified of an escrow, once its form has been checked.

    Raises:
        ProofInvalid: It is for another threshold or number of regulators, or it
            shows the signer to everybody.
    """
    n, k = len(regulators), regulators.threshold
    if (len(escrow.shares), escrow.threshold) != (n, k):
        raise ProofInvalid(
            f"expected an escrow for {k} of {n} regulators, found one for "
            f"{escrow.threshold} of {len(escrow.shares)}"
        )
    if escrow.cover in ring:
        raise ProofInvalid("expected an escrow that hides the signer, found a key")
    elements = (escrow.cover, *escrow.shares)
    try:
        statement = relation(elements, regulators, base, tag)
    except OutOfRange as error:
        raise ProofInvalid("expected an escrow of the tag, found another") from error
    return sigma.Claim(statement, escrow.proof, transcript)


@dataclass(frozen=True, slots=True)
class Partial:
    """One regulator's part of an opening, verified.

    Attributes:
        index: The regulator, from 1.
        value: D_i = f(i)·G, encoded.
    """

    index: int
    value: bytes


def partial_opening(
    escrow: Escrow,
    regulators: Regulators,
    key: RingKey,
    context: bytes,
    rand: bytes | None = None,
) -> bytes:
    """Give one regulator's part of opening an escrow.

        D_i = y_i^-1·E_i,   with a proof of y_i:   Y_i = y_i·G,  E_i = y_i·D_i

    k of them name the signer: decide first whether it may be named.

    Args:
        escrow: Of a signature that was verified.
        regulators: Of that signature.
        key: A regulator's.
        context: What the opening is for.
        rand: 32 random bytes, used once; drawn when not given.

    Returns:
        i, D_i and the proof, `PARTIAL_BYTES` in all.

    Raises:
        NotFound: The key is no regulator's.
        ProofInvalid: The escrow is for others.

    Leaks:
        D_i, which is what it is for; nothing else of y_i.
    """
    if key.public not in regulators.keys:
        raise NotFound("expected the key of a regulator, found another")
    index = regulators.keys.index(key.public) + 1
    _check_same(escrow, regulators)
    secret = key.to_bytes()
    share = ristretto255.decode(escrow.shares[index - 1])
    value = ristretto255.mul(scalar.invert(secret), share).encode()
    proof = sigma.prove(
        _partial_relation(escrow, regulators, index, value),
        [secret],
        _partial_transcript(escrow, regulators, index, context),
        secrets.token_bytes(RAND_BYTES) if rand is None else rand,
    )
    return bytes((index,)) + value + proof


def verify_partial(
    data: bytes, escrow: Escrow, regulators: Regulators, context: bytes
) -> Partial:
    """Check a regulator's part of an opening.

    Args:
        data: From `partial_opening`, or anything.
        escrow: Of a signature that was verified.
        regulators: Of that signature.
        context: What the opening is for.

    Raises:
        EncodingError: Another length, or not canonical.
        OutOfRange: A number of no regulator.
        ProofInvalid: It is not this regulator's part of this opening.
    """
    if len(data) != PARTIAL_BYTES:
        raise EncodingError(
            f"expected a partial opening of {PARTIAL_BYTES} bytes, found {len(data)}"
        )
    index, value, proof = data[0], data[1 : 1 + KEY_BYTES], data[1 + KEY_BYTES :]
    if not 1 <= index <= len(regulators):
        raise OutOfRange(
            f"expected a regulator from 1 to {len(regulators)}, found {index}"
        )
    _check_same(escrow, regulators)
    try:
        statement = _partial_relation(escrow, regulators, index, value)
    except OutOfRange as error:
        raise ProofInvalid("expected a part of an opening, found none") from error
    transcript = _partial_transcript(escrow, regulators, index, context)
    sigma.verify(statement, proof, transcript)
    return Partial(index, value)


def combine(
    escrow: Escrow, regulators: Regulators, ring: Ring, partials: Sequence[Partial]
) -> bytes:
    """Name the signer.

        P = C - Σ λ_i·D_i,   λ_i = Π m / (m - i) over the other regulators m

    Args:
        escrow: Of a signature that was verified.
        regulators: Of that signature.
        ring: Of that signature.
        partials: At least `threshold`, verified; the first so many are used.

    Returns:
        The member's key, 32 bytes.

    Raises:
        OutOfRange: Fewer, or two of one regulator.
        ProofInvalid: No member has that key: not all of this was verified.
    """
    _check_same(escrow, regulators)
    used = partials[: regulators.threshold]
    indices = [partial.index for partial in used]
    if len(set(indices)) < regulators.threshold:
        raise OutOfRange(
            f"expected parts of {regulators.threshold} regulators, "
            f"found {len(set(indices))}"
        )
    weights = b"".join(scalar.neg(_weight(i, indices)) for i in indices)
    elements = escrow.cover + b"".join(partial.value for partial in used)
    member = ristretto255.msm_vartime(
        scalar.from_int(1) + weights, ristretto255.decode(elements)
    ).encode()
    if member not in ring:
        raise ProofInvalid("expected an escrow of a member's key, found another")
    return member


def _weight(i: int, indices: Sequence[int]) -> bytes:
    """λ_i: Lagrange's coefficient at 0."""
    above = below = 1
    for m in indices:
        if m != i:
            above, below = above * m, below * (m - i)
    return scalar.mul(scalar.from_int(above), scalar.invert(scalar.from_int(below)))


def _evaluate(a: Sequence[bytes], i: int) -> bytes:
    """f(i), by Horner's rule."""
    point, value = scalar.from_int(i), a[-1]
    for coefficient in reversed(a[:-1]):
        value = scalar.mul_add(value, point, coefficient)
    return value


def _split(data: bytes) -> list[bytes]:
    return [data[i : i + KEY_BYTES] for i in range(0, len(data), KEY_BYTES)]


def _check_same(escrow: Escrow, regulators: Regulators) -> None:
    n, k = len(regulators), regulators.threshold
    if (len(escrow.shares), escrow.threshold) != (n, k):
        raise ProofInvalid(
            f"expected an escrow for {k} of {n} regulators, found one for "
            f"{escrow.threshold} of {len(escrow.shares)}"
        )


def _partial_relation(
    escrow: Escrow, regulators: Regulators, index: int, value: bytes
) -> sigma.LinearRelation:
    """Y_i = y·G and E_i = y·D_i."""
    b = sigma.RelationBuilder()
    y = b.scalar()
    b.equation([(b.element(regulators.keys[index - 1]), 1)], [(y, b.generator, 1)])
    b.equation([(b.element(escrow.shares[index - 1]), 1)], [(y, b.element(value), 1)])
    return b.relation()


def _partial_transcript(
    escrow: Escrow, regulators: Regulators, index: int, context: bytes
) -> Transcript:
    transcript = Transcript(_PROTOCOL)
    transcript.absorb("context", context)
    transcript.absorb("regulators", regulators.digest)
    transcript.absorb("escrow", escrow.to_bytes())
    transcript.absorb_int("index", index)
    return transcript
