"""Twisted ElGamal: ciphertexts that are commitments, and add up.

    secret s,  public pk = s⁻¹·H
    C = v·G + r·H       a Pedersen commitment to v (schemes.commitment)
    D = r·pk            what s takes the blinding away with: s·D = r·H
    v·G = C - s·D       and v by a search within a declared bound

The first half is an ordinary commitment, so every proof about commitments is
one about the ciphertext: bounds, sums, equality, without a bridge between two
groups. Decryption is linear in s, so a key can be dealt to n holders of whom
any k decrypt together (schemes.elgamal_threshold).

    sender      encrypt(pk, v) ─► Ciphertext, Opening ─► proofs about v
    anybody     combine(ciphertexts, coefficients) ─► Ciphertext of the sum
    holder of s decrypt ─► v;  a proof of kind "elgamal-decryption/v1"

A ciphertext is well formed when its halves have the same r; a proof of kind
"elgamal-encryption/v1" says so, and nothing else does. Whoever adds up
ciphertexts of others asks for it, and for a range proof of each summand: a
sum that leaves the bound is not found.

Source: Chen, Ma, Tang and Au, "PGC", ESORICS 2020, section 5.1; ElGamal,
CRYPTO 1984; Shanks' baby steps and giant steps for the search.

>>> key = SecretKey.from_bytes(from_int(7))
>>> one, _ = encrypt(key.public, 20, blinding=from_int(5))
>>> two, _ = encrypt(key.public, 22, blinding=from_int(6))
>>> decrypt(key, combine([one, two], [1, 1]), bound=1 << 16)
42
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt

from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.ristretto255 import ELEMENT_BYTES, Elements
from privshare.bindings.scalar import SCALAR_BYTES, from_int
from privshare.errors import EncodingError, OutOfRange
from privshare.schemes import commitment as pedersen
from privshare.schemes.commitment import Opening, draw_blinding
from privshare.schemes.key_id import key_id
from privshare.schemes.secret import Secret

CIPHERTEXT_BYTES = 2 * ELEMENT_BYTES

#: Largest bound within which `decrypt` searches.
MAX_BOUND = 1 << 40

_MAX_BABY = 1 << 18  # steps to either side: 4 MiB, and giant steps of 2^19
_BLOCK = 1 << 11  # giant steps made at once


class SecretKey(Secret):
    """s, never 0.

    Attributes:
        public: pk = s⁻¹·H, 32 bytes.
    """

    __slots__ = ("_secret", "public")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SCALAR_BYTES:
            raise EncodingError(f"expected a key of 32 bytes, found {len(secret)}")
        self._secret = secret
        inverse = scalar.invert(secret)
        self.public = pedersen.blinding_table().mul(inverse).encode()

    @classmethod
    def generate(cls) -> SecretKey:
        """Draw a key; 0 comes up with probability 2^-252."""
        return cls(draw_blinding())

    @classmethod
    def from_bytes(cls, secret: bytes) -> SecretKey:
        """The key that `to_bytes` laid out.

        Raises:
            EncodingError: Not a scalar.
            OutOfRange: Zero.
        """
        return cls(secret)

    def to_bytes(self) -> bytes:
        """s, 32 bytes, for a key file."""
        return self._secret

    @property
    def kid(self) -> str:
        """The public key's name."""
        return key_id("elgamal-ristretto255", self.public)


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """C and D, 32 bytes each.

    C may be used as a commitment wherever one is asked for.

    Raises:
        EncodingError: Not elements of the group, or the identity: r = 0 hides
            nothing.
    """

    c: bytes
    d: bytes

    def __post_init__(self) -> None:
        pedersen.decode((self.c, self.d), "ciphertext")

    @classmethod
    def from_bytes(cls, data: bytes) -> Ciphertext:
        """Read C || D.

        Raises:
            EncodingError: Another length, or as for the class.
        """
        if len(data) != CIPHERTEXT_BYTES:
            raise EncodingError(
                f"expected a ciphertext of {CIPHERTEXT_BYTES} bytes, found {len(data)}"
            )
        return cls(data[:ELEMENT_BYTES], data[ELEMENT_BYTES:])

    def to_bytes(self) -> bytes:
        """C || D, 64 bytes."""
        return self.c + self.d


def check_public(public: bytes, where: str = "key") -> None:
    """Check a public key.

    Raises:
        EncodingError: Another length, no element of the group, or the identity.
    """
    pedersen.decode((public,), where)


def encrypt(
    public: bytes, value: int, *, blinding: bytes | None = None
) -> tuple[Ciphertext, Opening]:
    """Encrypt an integer.

    C = v·G + r·H,  D = r·pk

    Args:
        public: pk.
        value: |v| below the bound that its reader searches within.
        blinding: r, uniform and used once; drawn unless given.

    Returns:
        The ciphertext, and the opening of its first half: the witness for
        proofs about v. It is a secret like v.

    Raises:
        EncodingError: Not a public key, or not a scalar.
        OutOfRange: r is zero; or |v| is 2^53 or more.

    Source:
        Chen, Ma, Tang and Au, ESORICS 2020, section 5.1.

    Leaks:
        Nothing of v by its bytes, under decisional Diffie-Hellman; of v, its
        size by time.
    """
    opening = Opening(value, draw_blinding() if blinding is None else blinding)
    if opening.blinding == scalar.ZERO:
        raise OutOfRange("expected a blinding other than 0, found 0")
    keys = pedersen.decode((public,), "key")
    d = group.mul(opening.blinding, keys).encode()
    return Ciphertext(opening.commitment(), d), opening


def combine(
    ciphertexts: Sequence[Ciphertext], coefficients: Sequence[int]
) -> Ciphertext:
    """Σ aᵢ·cᵢ: it decrypts to Σ aᵢ·vᵢ.

    Args:
        ciphertexts: Under one key.
        coefficients: aᵢ, public integers of any sign.

    Raises:
        OutOfRange: Not as many of the one as of the other, or none.
        EncodingError: The combination is the identity: the ciphertexts cancel.
    """
    if not ciphertexts:
        raise OutOfRange("expected at least one ciphertext, found none")
    return Ciphertext(
        pedersen.combine([one.c for one in ciphertexts], coefficients),
        pedersen.combine([one.d for one in ciphertexts], coefficients),
    )


def decrypt(key: SecretKey, ciphertext: Ciphertext, *, bound: int) -> int:
    """Decrypt.

    Args:
        key: s.
        ciphertext: C, D.
        bound: What |v| is at most; up to 2^40.

    Returns:
        v with |v| <= bound.

    Raises:
        OutOfRange: A bound of another size; or no such v: the ciphertext is of
            another key, malformed, or of a larger number. The search does not
            tell which.

    Leaks:
        The search takes time that depends on v.
    """
    d = group.decode(ciphertext.d)
    return search(ciphertext, group.mul(key.to_bytes(), d), bound)


def search(ciphertext: Ciphertext, mask: Elements, bound: int) -> int:
    """Find v with v·G = C - mask.

    Args:
        ciphertext: Of which only C matters.
        mask: s·D.
        bound: What |v| is at most; up to 2^40.

    Raises:
        OutOfRange: A bound of another size, or there is no such v.
    """
    if not 1 <= bound <= MAX_BOUND:
        raise OutOfRange(f"expected a bound from 1 to 2^40, found {bound}")
    found = logarithm(group.sub(group.decode(ciphertext.c), mask), bound)
    if found is None:
        raise OutOfRange(
            f"expected a number of at most {bound} in size, found none: the "
            "ciphertext is of another key, or of a larger number"
        )
    return found


def search_steps(bound: int) -> tuple[int, int]:
    """How many baby steps are kept, and how many giant steps are taken at most.

    >>> search_steps(1 << 16), search_steps(MAX_BOUND)
    ((257, 256), (262144, 4194297))
    """
    baby = min(_MAX_BABY, isqrt(bound) + 1)
    return baby, (2 * bound + baby) // (2 * baby + 1) + 1


def logarithm(element: Elements, bound: int) -> int | None:
    """v with |v| <= bound and v·G = element, or None.

    The element plus bound·G is (v + bound)·G with 0 <= v + bound <= 2·bound;
    from it, giant steps of 2m + 1 are taken until one lies within m of 0.

    Leaks:
        v, by time.
    """
    count, steps = search_steps(bound)
    baby = _baby_steps(count)
    stride = 2 * baby.count + 1
    start = group.add(element, group.base_table().mul(from_int(bound)))
    at, step = start, group.base_table().mul(from_int(-stride))
    ladder = _ladder(step, min(_BLOCK, steps))
    jump = group.mul_vartime(from_int(len(ladder)), step)
    for first in range(0, steps, len(ladder)):
        block = group.add(ladder, at.take([0] * len(ladder)))
        for place, key in enumerate(_keys(block)):
            for offset in baby.find(key):
                value = (first + place) * stride + offset - bound
                if abs(value) <= bound and _is_log(element, value):
                    return value
        at = group.add(at, jump)
    return None


def _is_log(element: Elements, value: int) -> bool:
    return group.base_table().mul(from_int(value)) == element


class _BabySteps:
    """j·G for -m <= j <= m, by 40 bits of its encoding."""

    __slots__ = ("_rows", "count")

    def __init__(self, count: int) -> None:
        self.count = count
        points = _ladder(group.base(), count + 1)
        below = _ladder(group.neg(group.base()), count + 1)
        rows = [key << _SHIFT | j + count for j, key in enumerate(_keys(points))]
        rows += [key << _SHIFT | count - j for j, key in enumerate(_keys(below)) if j]
        self._rows = array("Q", sorted(rows))

    def find(self, key: int) -> list[int]:
        """Every j whose encoding begins so: nearly always none."""
        found = []
        place = bisect_left(self._rows, key << _SHIFT)
        while place < len(self._rows) and self._rows[place] >> _SHIFT == key:
            found.append((self._rows[place] & (1 << _SHIFT) - 1) - self.count)
            place += 1
        return found


_KEY_BYTES = 5
_SHIFT = 20  # bits for -m <= j <= m


@lru_cache(maxsize=4)
def _baby_steps(count: int) -> _BabySteps:
    return _BabySteps(count)


def _ladder(step: Elements, count: int) -> Elements:
    """0, step, 2·step … by doubling the row: count of them."""
    row = group.sub(step, step)
    jump = step
    while len(row) < count:
        row = Elements.join((row, group.add(row, jump.take([0] * len(row)))))
        jump = group.add(jump, jump)
    return row[:count]


def _keys(row: Elements) -> list[int]:
    data = row.encode()
    return [
        int.from_bytes(data[i : i + _KEY_BYTES], "big")
        for i in range(0, len(data), ELEMENT_BYTES)
    ]
