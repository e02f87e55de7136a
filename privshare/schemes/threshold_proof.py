"""Proof that a holder's partial decryptions come from its share, and no other.

A partial decryption of c is c^(2Δs): whoever combines k of them must know that
none is something else, and who sent the one that is. One proof does for a
whole list of ciphertexts.

    holder      share, c_1 … c_m ─► d_j = c_j^(2Δs) ─► prove ─► proof
    everybody   c_1 … c_m, d_1 … d_m, v_i, proof ─► verify

With weights t_j of 128 bits, drawn from a transcript of the whole statement, the
statements are put into one, and that is proven as by Chaum and Pedersen in a
group of unknown order, the witness being x = Δ·s:

    C = Π c_j^t_j     D = Π d_j^t_j                        mod n²
    D² = (C⁴)^x  and  v_i = v^x

    u uniform below 2^mask_bits      a = (C⁴)^u     b = v^u
    e = challenge(statement, a, b)   z = u + e·x
    the proof is (e, z); it holds when z < 2^(mask_bits + 1) and

    e = challenge(statement, (C⁴)^z·D^(-2e), v^z·v_i^(-e))

Soundness. n is a product of safe primes p = 2p' + 1, q = 2q' + 1, so the
squares modulo n² are a cyclic group of order n·p'·q', of which v is a
generator, and no prime in its order is below 2^256. D² and C⁴ are squares
whatever was sent. Should v_i or what the prover hashes be none, they are one up
to a sign or another root of 1 of order 2: read both equations squared, which 2
being prime to the order loses nothing.

* One statement. If log_{C⁴}(D²) ≠ log_v(v_i), they differ modulo one of those
  primes, and then at most one e < 2^256 can be answered for any (a, b).
* Many in one. Let y_j be the logarithm of d_j²/c_j^(4x) to the base v. If some
  y_j ≠ 0, there is a prime of the order modulo which it is not; then Σ t_j·y_j
  = 0 holds for at most one t_j, all others given: with probability 2^-128.

So d_j² = c_j^(4x) for all j. The sign of d_j, or its product with a root of 1
of order 2, is not proven: combining squares it away.

Whoever dealt. That n is a product of safe primes is the dealer's word. What it
could gain by lying is little. Let n be any modulus whose roots were verified,
so that gcd(n, φ(n)) = 1 and what a unit modulo n² hides is defined, and no
prime of n is below 2^16. By the checks of a `ThresholdKey`, v_i hides 2P·x_i
modulo n for public P and numbers x_i that open rightly; holder i's right part
of c_j hides 2·x_i·m_j. If what d_j hides is off by ε_j, the equations, read as
what their sides hide, leave one e modulo each prime of n that does not divide
E = Σ t_j·ε_j. So a proof holds with probability 1/π, nearly, for each prime π
that does not divide some ε_j, up to about 2^-115 in all: e has 256 bits and
t_j has 128. A total that is off by η ≠ 0 needs ε ≠ 0 modulo all primes of
n / gcd(n, η), which is above n / 2B when right and shown total are below B in
size. One of k holders has the k-th root of that at least, 2^128 for B <=
n / 2^(128k + 1): `ThresholdKey.sound_below`. Below it no wrong total can be
shown, even by the dealer and all holders together. Above it, by multiples of
n / π with a small π in n, they could.

Zero-knowledge. x < 2^(share_bits)·Δ; a mask 128 bits longer than e·x hides it
up to 2^-128, and z has one length.

Source: Shoup, "Practical threshold signatures", EUROCRYPT 2000, section 4.2,
for the proof; Bellare, Garay and Rabin, EUROCRYPT 1998, the small exponents
test, for the weights; Chaum and Pedersen, CRYPTO 1992; Fiat and Shamir, CRYPTO
1986, the whole statement hashed as in Bernhard, Pereira and Warinschi,
ASIACRYPT 2012.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from privshare.bindings import paillier_power
from privshare.bindings.paillier import PublicCore
from privshare.bindings.paillier_column import dot
from privshare.errors import EncodingError, OutOfRange, VerificationError
from privshare.schemes.threshold_key import CHALLENGE_BYTES, ThresholdKey
from privshare.schemes.transcript import Transcript

WEIGHT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Statement:
    """What is proven, and everything that the proof is for.

    Attributes:
        key: The whole key.
        index: The holder, from 1 to L.
        ciphertexts: c_1 … c_m, each a ciphertext under the key.
        values: d_1 … d_m, as the holder claims them.
        context: What the opening is for.
    """

    key: ThresholdKey
    index: int
    ciphertexts: Sequence[bytes]
    values: Sequence[bytes]
    context: bytes

    def transcript(self) -> Transcript:
        """With protocol, context and all of the statement in it."""
        transcript = Transcript("paillier-threshold-share/v2")
        transcript.absorb("context", self.context)
        transcript.absorb("key", self.key.digest)
        transcript.absorb_int("holder", self.index)
        transcript.absorb("ciphertexts", b"".join(self.ciphertexts))
        transcript.absorb("values", b"".join(self.values))
        return transcript


def prove(statement: Statement, share: int, rand: bytes) -> bytes:
    """Prove that all values are the ciphertexts' powers by one share.

    Args:
        statement: As `verify` will be given it.
        share: s of the holder.
        rand: From `draw`, never used again.

    Returns:
        e and z, `proof_bytes` in all.

    Raises:
        OutOfRange: `rand` has another length.

    Leaks:
        Nothing of s by its bytes. The powers take the same time for all
        masks; u, z = u + e·x and x = Δ·s are Python integers, whose sum and
        product are not constant-time.
    """
    key = statement.key
    if len(rand) != _mask_bytes(key):
        raise OutOfRange(f"expected {_mask_bytes(key)} random bytes, found {len(rand)}")
    transcript = statement.transcript()
    c4, _ = _combined(statement, transcript)
    u = int.from_bytes(rand, "big") >> (8 * len(rand) - key.mask_bits)
    a, b = key.core.split(power(key.core, c4 + key.base, u, len(rand)))
    e = _challenge(transcript, a, b)
    z = u + int.from_bytes(e, "big") * key.delta * share
    return e + z.to_bytes(key.answer_bytes, "big")


def draw(key: ThresholdKey) -> bytes:
    """Draw the randomness of one proof."""
    return secrets.token_bytes(_mask_bytes(key))


def _mask_bytes(key: ThresholdKey) -> int:
    return (key.mask_bits + 7) // 8


def proof_bytes(key: ThresholdKey) -> int:
    """Length of a proof."""
    return CHALLENGE_BYTES + key.answer_bytes


def holds(statement: Statement, proof: bytes) -> bool:
    """Whether a proof holds. `threshold.verify_partial` is what others call.

    Args:
        statement: With ciphertexts that were checked; the values are checked
            here.
        proof: From `prove`, or anything.
    """
    key = statement.key
    if len(proof) != proof_bytes(key):
        return False
    e, answer = proof[:CHALLENGE_BYTES], proof[CHALLENGE_BYTES:]
    z = int.from_bytes(answer, "big")
    if z >> (key.mask_bits + 1):
        return False
    core, transcript = key.core, statement.transcript()
    challenge = int.from_bytes(e, "big")
    try:
        core.check(b"".join(statement.values))
        c4, d2 = _combined(statement, transcript)
        powers = core.split(power(core, c4 + key.base, z, key.answer_bytes))
        commitment = key.commitments[statement.index - 1]
        a = core.add(powers[0], core.mul_plain(d2, -challenge))
        b = core.add(powers[1], core.mul_plain(commitment, -challenge))
    except (EncodingError, OutOfRange, VerificationError):
        return False
    return _challenge(transcript, a, b) == e


def _combined(statement: Statement, transcript: Transcript) -> tuple[bytes, bytes]:
    """C⁴ and D², with weights drawn from the transcript."""
    core = statement.key.core
    stream = transcript.challenge("weights", WEIGHT_BYTES * len(statement.values))
    halves = [
        int.from_bytes(stream[i : i + 8], "big") for i in range(0, len(stream), 8)
    ]
    high, low = halves[::2], halves[1::2]

    def weighted(elements: Sequence[bytes]) -> bytes:
        """Π element^weight, both halves of the weights by buckets."""
        cs = b"".join(elements)
        upper = core.mul_plain(dot(core, cs, high), 1 << 64)
        return core.add(upper, dot(core, cs, low))

    c, d = weighted(statement.ciphertexts), weighted(statement.values)
    return core.mul_plain(c, 4), core.mul_plain(d, 2)


def _challenge(transcript: Transcript, a: bytes, b: bytes) -> bytes:
    """e, from the whole statement and the first message."""
    transcript.absorb("a", a)
    transcript.absorb("b", b)
    return transcript.challenge("e", CHALLENGE_BYTES)


def power(core: PublicCore, cs: bytes, exponent: int, length: int) -> bytes:
    """c^exponent mod n² for each c, in a time that depends on `length` alone.

    Args:
        core: The modulus.
        cs: Units below n², one after the other.
        exponent: Below 256^length, the same for all; it may be a secret.
        length: Public.
    """
    return paillier_power.power(core, cs, exponent.to_bytes(length, "big"))
