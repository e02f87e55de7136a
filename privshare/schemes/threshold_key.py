"""The public side of a threshold key: a modulus, and what every share was made from.

A Paillier key whose secret d (0 modulo the order of the squares, 1 modulo n)
lies in shares s_1 … s_L, of which any k open and fewer than k tell nothing:

    Σ_{i in S} λ_i·s_i = Δ·F·d      for every S of k holders

with Δ = L! and λ_i = Δ·Π_{j in S, j≠i} j/(j-i), a whole number. F is 1 after
dealing and grows with every re-sharing (`threshold_reshare`). For each share
the key holds a commitment, against which its holder proves what it does:

    v_i = v^(Δ·s_i) mod n²          v = w^(Π Δ of the former keys)
    w   = ((1 + n)·r^n)² mod n²     r a number that follows from n

Nobody chooses r, and w hides the known number 2. So everybody can check, from
the commitments alone, that any k shares open, and open rightly: v_1 … v_L
must lie on one polynomial of degree k - 1 in the exponent, and that polynomial
at 0 must take v to (1 + n)^(2·ΠΔ·Δ²·F). `ThresholdKey` refuses a key for which
that does not hold. (v^d is no secret: whoever has the commitments can compute
it. So nothing is given away by making its plaintext known.)

Source: Damgård and Jurik, PKC 2001, section 4, with s = 1; Shoup, "Practical
threshold signatures", EUROCRYPT 2000, for v, v_i and Δ. That v hides a known
number, and the check that follows from it, are ours; in the proof of security
of both papers the simulator knows what v hides anyway.

>>> lagrange(3, (1, 3), 1), lagrange(3, (1, 3), 3)
(9, -3)
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from math import factorial, gcd, prod
from typing import final

from privshare.bindings.paillier import PublicCore, public_core
from privshare.bindings.paillier_power import MAX_EXPONENT_BYTES
from privshare.errors import EncodingError, OutOfRange, ProofInvalid, VerificationError
from privshare.schemes import paillier_modulus
from privshare.schemes.key_id import paillier_kid
from privshare.schemes.paillier import PaillierPublicKey
from privshare.schemes.transcript import Transcript
from privshare.wire import domain
from privshare.wire.canonical import Encodable, Fields, b64u, encode
from privshare.wire.digest import tagged

#: Holders of one key, at most: L! and with it every exponent stays short.
MAX_HOLDERS = 16

#: Statistical distance from nothing: 2^-128.
HIDING_BITS = 128

#: Of a proof.
CHALLENGE_BYTES = 32
CHALLENGE_BITS = 8 * CHALLENGE_BYTES

#: What it takes to show a wrong total, below `ThresholdKey.sound_below`.
SOUND_BITS = 128

_MORE_BYTES = 16  # so that the remainder modulo n is as good as uniform
_MAX_PAST = 64  # more re-sharings than any exponent has room for
_TYPE = "privshare.paillier-threshold"


def lagrange(holders: int, indices: Sequence[int], i: int, at: int = 0) -> int:
    """Δ·Π_{j in indices, j≠i} (at - j)/(i - j): a whole number, of either sign.

    Args:
        holders: L, with Δ = L!.
        indices: Different numbers from 1 to L.
        i: One of them.
        at: Where the polynomial is wanted.
    """
    others = [j for j in indices if j != i]
    above = factorial(holders) * prod(at - j for j in others)
    return above // prod(i - j for j in others)


@final
class ThresholdKey:
    """A modulus, and the commitments to the shares that open what is under it.

    Args:
        n: Of exactly 2048 or 3072 bits, a product of two safe primes.
        threshold: k, from 2 to L. With k = 1 every holder could open alone:
            that is an ordinary key with copies.
        past: How many holders each former key had, oldest first: () for a key
            that was dealt.
        commitments: v_1 … v_L; their number is L, from 2 to 16.
        roots: From `paillier_modulus.prove`: an opening is unique.

    Attributes:
        holders: L.
        delta: L!.
        factor: F of the module's equations.
        base: v, big-endian, of a ciphertext's length.
        share_bits: Every share is below 2^share_bits.
        digest: Names the whole key: n and all commitments.

    Raises:
        OutOfRange: A number outside its interval, or exponents beyond 1,200
            bytes, after too many re-sharings.
        EncodingError: A commitment of another length.
        VerificationError: A commitment that is no ciphertext, or commitments
            under which shares would not open, or not rightly.
        ProofInvalid: The roots do not show that openings are unique.
    """

    __slots__ = (
        "_core",
        "base",
        "commitments",
        "delta",
        "digest",
        "factor",
        "holders",
        "n",
        "past",
        "roots",
        "share_bits",
        "threshold",
    )

    def __init__(
        self,
        n: int,
        threshold: int,
        past: tuple[int, ...],
        commitments: tuple[bytes, ...],
        roots: bytes,
    ) -> None:
        self._load(public_core(n), threshold, past, commitments, roots)
        paillier_modulus.verify(n, roots)

    @classmethod
    def unsafe_any_size(
        cls,
        n: int,
        threshold: int,
        past: tuple[int, ...],
        commitments: tuple[bytes, ...],
    ) -> ThresholdKey:
        """A key of any size, without the checks of the modulus: for examples."""
        key = cls.__new__(cls)
        core = PublicCore.unsafe_any_size(n)
        key._load(core, threshold, past, commitments, b"")
        return key

    def successor(self, threshold: int, commitments: tuple[bytes, ...]) -> ThresholdKey:
        """The key of this modulus after a re-sharing (`threshold_reshare`).

        Raises:
            OutOfRange, EncodingError, VerificationError: As the constructor.
        """
        key = ThresholdKey.__new__(ThresholdKey)
        past = (*self.past, self.holders)
        key._load(self._core, threshold, past, commitments, self.roots)
        return key

    def _load(
        self,
        core: PublicCore,
        threshold: int,
        past: tuple[int, ...],
        commitments: tuple[bytes, ...],
        roots: bytes,
    ) -> None:
        self._core, self.n = core, core.n
        self.threshold, self.holders = threshold, len(commitments)
        self.past, self.commitments, self.roots = past, commitments, roots
        check_counts(threshold, self.holders, past)
        self.delta = factorial(self.holders)
        counts = (*past, self.holders)
        self.factor = prod(map(factorial, (*past, *counts[1:])))
        self.share_bits = share_bits(core, past, self.holders)
        self.base = base_of(core, past)
        for commitment in commitments:
            if len(commitment) != core.ciphertext_bytes:
                raise EncodingError(
                    f"expected commitments of {core.ciphertext_bytes} bytes, "
                    f"found one of {len(commitment)}"
                )
        core.check(b"".join(commitments))
        self._check_polynomial()
        self.digest = tagged(
            domain.KEY_ID, b"paillier-threshold", encode(self.to_json())
        )

    def _check_polynomial(self) -> None:
        """Any k shares open, and open rightly: the module's check."""
        n, square, first = self.n, self.n**2, range(1, self.threshold + 1)
        hidden = 2 * prod(map(factorial, self.past)) * self.delta**2 * self.factor
        found = [self._at(first, 0)]
        expected = [(1 + hidden * n) % square]
        for i in range(self.threshold + 1, self.holders + 1):
            found.append(self._at(first, i))
            power = self._core.mul_plain(self.commitments[i - 1], self.delta)
            expected.append(int.from_bytes(power, "big"))
        if found != expected:
            raise VerificationError(
                f"expected commitments to shares of which any {self.threshold} open "
                "rightly, found others",
                fix="deal anew: this key's dealer was wrong or dishonest",
            )

    def _at(self, indices: Sequence[int], at: int) -> int:
        """Π v_i^(Lagrange at `at`)."""
        powers = [
            self._core.mul_plain(
                self.commitments[i - 1], lagrange(self.holders, indices, i, at)
            )
            for i in indices
        ]
        return int.from_bytes(self._core.sum(b"".join(powers), len(powers)), "big")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ThresholdKey) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return (
            f"ThresholdKey({self.threshold} of {self.holders}, "
            f"{self.n.bit_length()} bits, kid={self.kid})"
        )

    @property
    def core(self) -> PublicCore:
        """The core's side of the modulus."""
        return self._core

    @property
    def kid(self) -> str:
        """The id of the key that values are encrypted under; re-sharing keeps it."""
        return paillier_kid(self.n)

    @property
    def public(self) -> PaillierPublicKey:
        """The key that values are encrypted under."""
        return PaillierPublicKey(self.n)

    @property
    def sound_below(self) -> int:
        """Totals below this in size are right, whoever dealt (`threshold_proof`).

        n / 2^(128k + 1). For larger ones it takes a dealer that was honest
        about n, as it takes one for secrecy. Check totals against their bound.
        """
        return self.n >> (SOUND_BITS * self.threshold + 1)

    @property
    def exponent_bytes(self) -> int:
        """Bytes of 2·Δ·s: the power of a partial decryption."""
        return (self.share_bits + (2 * self.delta).bit_length() + 7) // 8

    @property
    def mask_bits(self) -> int:
        """Bits of a proof's mask: the size of e·Δ·s, and 128 more."""
        return mask_bits(self.share_bits, self.holders)

    @property
    def answer_bytes(self) -> int:
        """Bytes of a proof's z < 2^(mask_bits + 1)."""
        return (self.mask_bits + 1 + 7) // 8

    def to_json(self) -> dict[str, Encodable]:
        """The key as a statement's field; base and factor follow from it."""
        size = self._core.n_bytes
        return {
            "commitments": [b64u(one) for one in self.commitments],
            "n": b64u(self.n.to_bytes(size, "big")),
            "past": list(self.past),
            "roots": b64u(self.roots),
            "threshold": self.threshold,
            "type": _TYPE,
            "v": 2,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Encodable] | object) -> ThresholdKey:
        """Read what `to_json` wrote, and check it as the constructor does.

        Raises:
            EncodingError: Another form.
            OutOfRange, VerificationError, ProofInvalid: As the constructor.
        """
        fields = Fields(value, "threshold key")
        fields.constant("v", 2)
        fields.constant("type", _TYPE)
        data = fields.bytes("n", max=384)
        n = int.from_bytes(data, "big")
        threshold = fields.int("threshold", 2, MAX_HOLDERS)
        past = tuple(
            Fields({"past": one}, f"threshold key[{i}]").int("past", 2, MAX_HOLDERS)
            for i, one in enumerate(fields.list("past", _MAX_PAST))
        )
        roots = fields.bytes("roots", paillier_modulus.ROOTS * len(data))
        commitments = tuple(
            Fields({"commitments": one}, f"threshold key[{i}]").bytes(
                "commitments", 2 * len(data)
            )
            for i, one in enumerate(fields.list("commitments", MAX_HOLDERS))
        )
        fields.end()
        return cls(n, threshold, past, commitments, roots)


def check_counts(threshold: int, holders: int, past: tuple[int, ...] = ()) -> None:
    """Refuse numbers of holders that no key has.

    Raises:
        OutOfRange: Not 2 <= threshold <= holders <= 16.
    """
    if any(not 2 <= count <= MAX_HOLDERS for count in (holders, *past)):
        raise OutOfRange(
            f"expected 2 to {MAX_HOLDERS} holders, found {holders}"
            + (f" after {list(past)}" if past else "")
        )
    if not 2 <= threshold <= holders:
        raise OutOfRange(
            f"expected a threshold of 2 to {holders}, the number of holders, found "
            f"{threshold}",
            fix="with a threshold of 1 every holder opens alone: use an ordinary key",
        )


def coefficient_bits(before: int, old: int, new: int) -> int:
    """Bits of a re-sharing polynomial's coefficients.

    The secret Δ'·λ_i·s_i is below Δ'·Δ²·2^before in size; what k' - 1 new
    holders see of it differs by at most L' + 1 times that in all coefficients
    together. 128 bits more hide it, and 4 more are for up to 16 old holders.
    """
    scale = (new + 1) * factorial(new) * factorial(old) ** 2
    return before + scale.bit_length() + HIDING_BITS + 4


def subshare_bits(before: int, old: int, new: int) -> int:
    """A part is below two to this: its coefficients have one bit more, x <= L'."""
    largest: int = new**new
    return coefficient_bits(before, old, new) + 1 + largest.bit_length()


def share_bits(core: PublicCore, past: tuple[int, ...], holders: int) -> int:
    """Every share is below two to this, whoever made it.

    Dealt shares are below n². Each re-sharing adds up the parts of at most L
    old holders.

    Raises:
        OutOfRange: The exponents would be longer than the core takes.
    """
    bits = 2 * core.n.bit_length()
    counts = (*past, holders)
    for old, new in itertools.pairwise(counts):
        bits = subshare_bits(bits, old, new) + old.bit_length()
    if mask_bits(bits, holders) + 1 > 8 * MAX_EXPONENT_BYTES:
        raise OutOfRange(
            f"expected exponents of at most {MAX_EXPONENT_BYTES} bytes, found longer "
            f"ones after {len(past)} re-sharings",
            fix="deal a new key: each re-sharing makes the shares longer",
        )
    return bits


def mask_bits(share: int, holders: int) -> int:
    """Bits of a proof's mask for shares of so many bits."""
    witness = share + factorial(holders).bit_length()
    return witness + CHALLENGE_BITS + HIDING_BITS


@functools.lru_cache(maxsize=64)
def base_of(core: PublicCore, past: tuple[int, ...]) -> bytes:
    """v: a number that follows from n, which hides 2·ΠΔ.

    r² ≠ 1 modulo both primes makes r² a generator of the squares modulo n
    when the primes are safe, and 2 is a unit: w generates the squares mod n².
    """
    n, size = core.n, core.n_bytes
    transcript = Transcript("paillier-threshold-base/v2")
    transcript.absorb("n", n.to_bytes(size, "big"))
    r = int.from_bytes(transcript.challenge("r", size + _MORE_BYTES), "big") % n
    if gcd(r * (r * r - 1), n) != 1:
        raise ProofInvalid("expected a modulus of two safe primes, found another")
    v = core.mul_plain(core.encrypt(1, r), 2)
    for holders in past:
        v = core.mul_plain(v, factorial(holders))
    return v
