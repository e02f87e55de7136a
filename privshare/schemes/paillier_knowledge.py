"""Proof that whoever shows Paillier ciphertexts knows what they hide.

Ciphertexts can be copied. Without this proof, somebody who was given another
agency's ciphertexts could show one of them, blinded afresh, as a sum of its
own, and have the custodian open it. So every subtotal comes with a proof that
its owner knows value and randomness, and the proof is of use for nothing else:
its context is the whole statement.

    owner      (c_i, m_i, r_i), context ─► prove ─► proof
    everybody  c_i, context, proof ─► verify

The proof is Schnorr's, for all ciphertexts at once. With x uniform in Z_n, u
uniform in Z*_n and a = (1 + x·n)·u^n, challenges e_i of 128 bits come from a
transcript of context, n, all c_i and a, and

    z = x + Σ e_i·m_i  mod n        w = u · Π r_i^{e_i}  mod n

    holds when  (1 + z·n) · w^n = a · Π c_i^{e_i}  mod n²

Knowledge: k + 1 answers to the same a give k linear equations; their
determinant is prime to n, so the m_i follow, and as n-th powers of known
numbers are no obstacle, so do the r_i. z and w are uniform whatever the m_i
and r_i are, so the proof tells nothing of them.

Source: Cramer, Damgård and Nielsen, "Multiparty computation from threshold
homomorphic encryption", EUROCRYPT 2001, section 8.1 (knowledge of a Paillier
plaintext); Fiat and Shamir, CRYPTO 1986; ciphertexts that are copied, as a
danger to sums: Cortier and Smyth, "Attacking and fixing Helios", CSF 2011.

>>> from privshare.schemes.paillier import PaillierPrivateKey
>>> key = PaillierPrivateKey.generate(2048).public
>>> c = key.encrypt_batch_with([42], [7])
>>> proof = prove(key.n, [Known(c, 42, 7)], b"a question")
>>> verify(key.n, [c], b"a question", proof)
>>> verify(key.n, [c], b"another question", proof)
Traceback (most recent call last):
privshare.errors.ProofInvalid: expected a proof that the values are known, found one \
that does not hold
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from privshare.bindings.paillier import PublicCore, public_core
from privshare.errors import (
    EncodingError,
    OutOfRange,
    ProofInvalid,
    VerificationError,
)
from privshare.schemes.paillier_opening import WEIGHT_BYTES, product_of_powers
from privshare.schemes.paillier_short import randomness
from privshare.schemes.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Known:
    """A ciphertext with the value and the randomness that its maker knows.

    Attributes:
        c: The ciphertext.
        m: Signed value.
        r: 0 < r < n, prime to n.
    """

    c: bytes
    m: int = field(repr=False)
    r: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownShort:
    """A ciphertext that was encrypted with short exponents (`paillier_short`).

    Attributes:
        c: The ciphertext, or a product of such.
        m: Signed value.
        x: The exponent, or the sum of the exponents.
    """

    c: bytes
    m: int = field(repr=False)
    x: int = field(repr=False)


def prove(n: int, known: Sequence[Known], context: bytes) -> bytes:
    """Prove that the values in ciphertexts are known.

    Args:
        n: The modulus.
        known: What is known, at least one.
        context: Everything that the proof is for.

    Returns:
        a, w and z one after the other: four times the length of n.

    Leaks:
        Nothing of m and r by its bytes; the time depends on r (Python's
        integers), which is used for nothing else.
    """
    claims = [(one.c, one.m) for one in known]
    rs = [one.r for one in known]
    return _prove(n, claims, context, lambda es: product_of_powers(rs, es, n))


def prove_short(n: int, known: Sequence[KnownShort], context: bytes) -> bytes:
    """`prove` for ciphertexts whose r are powers of the base: r = h^x mod n.

    The product Π r_i^{e_i} is h^(Σ e_i·x_i), which takes one power in all.

    Args:
        n: The modulus.
        known: What is known, at least one.
        context: Everything that the proof is for.

    Returns:
        A proof that `verify` takes; nothing in it tells how r was drawn.

    Raises:
        OutOfRange: Sums of more exponents than anybody has.

    Leaks:
        Nothing of m and x by its bytes; the power takes a time that depends on
        n alone.
    """

    def product(es: Sequence[int]) -> int:
        x = sum(e * one.x for e, one in zip(es, known, strict=True))
        return randomness(n, x)

    return _prove(n, [(one.c, one.m) for one in known], context, product)


def _prove(
    n: int,
    claims: Sequence[tuple[bytes, int]],
    context: bytes,
    product: Callable[[list[int]], int],
) -> bytes:
    """The proof for (c_i, m_i); `product` gives Π r_i^{e_i} mod n."""
    core = public_core(n)
    x, u = secrets.randbelow(n), secrets.randbelow(n - 1) + 1
    a = core.encrypt(x, u)
    weights = _challenges(core, [c for c, _ in claims], a, context)
    z = (x + sum(e * m for e, (_, m) in zip(weights, claims, strict=True))) % n
    w = u * product(weights) % n
    size = core.n_bytes
    return a + w.to_bytes(size, "big") + z.to_bytes(size, "big")


def verify(n: int, ciphertexts: Sequence[bytes], context: bytes, proof: bytes) -> None:
    """Check a proof that the values in ciphertexts are known to its maker.

    Args:
        n: The modulus.
        ciphertexts: Each checked to be one under this key.
        context: Everything that the proof is for.
        proof: From `prove`.

    Raises:
        ProofInvalid: It does not hold.
    """
    core = public_core(n)
    size = core.n_bytes
    wrong = ProofInvalid(
        "expected a proof that the values are known, found one that does not hold"
    )
    if len(proof) != 4 * size:
        raise wrong
    a, w, z = proof[: 2 * size], proof[2 * size : 3 * size], proof[3 * size :]
    weights = _challenges(core, ciphertexts, a, context)
    try:
        core.check(a)
        left = core.encrypt(int.from_bytes(z, "big"), int.from_bytes(w, "big"))
        powers = map(core.mul_plain, ciphertexts, weights)
        right = core.sum(a + b"".join(powers), len(ciphertexts) + 1)
    except (EncodingError, OutOfRange, VerificationError):
        raise wrong from None
    if left != right:
        raise wrong


def _challenges(
    core: PublicCore, ciphertexts: Sequence[bytes], a: bytes, context: bytes
) -> list[int]:
    transcript = Transcript("paillier-knowledge/v2")
    transcript.absorb_all(
        [
            ("context", context),
            ("n", core.n.to_bytes(core.n_bytes, "big")),
            ("ciphertexts", b"".join(ciphertexts)),
            ("a", a),
        ]
    )
    stream = transcript.challenge("e", WEIGHT_BYTES * len(ciphertexts))
    return [
        int.from_bytes(stream[i : i + WEIGHT_BYTES], "big")
        for i in range(0, len(stream), WEIGHT_BYTES)
    ]
