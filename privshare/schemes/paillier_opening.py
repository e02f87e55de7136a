"""Verifying many Paillier openings at once.

A custodian publishes, for every total it decrypts, the plaintext m and the
randomness r of the ciphertext c; whoever holds c can then check that m is
what c hides, without a secret. One check costs a full power modulo n². A
result with many groups has many totals, so this module checks them together.

    custodian   (m, r) = private.open(c) for every group ─► Opening statement
    auditor     verify_openings(n, openings) ─► nothing, or the wrong ones

The claim of one opening is c = (1 + m·n) · r^n mod n². For all of them, with
weights w_i drawn at random from [0, 2^16):

    Π c_i^{w_i} = (1 + n·Σ w_i·m_i) · (Π r_i^{w_i})^n   mod n²

so that n-th powers, the dear part, are taken once, and once more for each of
eight rounds with weights of their own. If an equation fails, it is tried for
each half, down to single openings, and the first wrong ones are named.

Why that is enough. Let D be decryption, a homomorphism onto Z_n (for gcd(n,
φ(n)) = 1), and δ_i = D(c_i) - m_i. Applying D to the equation gives
Σ w_i·δ_i = 0 mod n. If some δ_j ≠ 0, fix all weights but w_j: the equation
has at most one solution w_j modulo n / gcd(n, δ_j), which is a product of prime
factors of n. None of them is below 2^16, as import makes sure for every n
that may be used, so at most one w_j in [0, 2^16) serves. A wrong m passes a
round with probability at most 2^-16, and all eight with 2^-128, whoever made n
and however large the plaintexts are. The weights come from a transcript of all
openings and of fresh randomness, so nobody can prepare openings for weights
known before. (Weights of 128 bits in one round would cost as much and would
need that no prime factor of n is below 2^128, which nobody shows.)

What is shown is what c_i decrypts to, and not that r_i is the very r_i that
was drawn: r_i may be off by a root of unity, such as -1, in a way that the
weights cancel. Such an r_i is as good a witness for the same m_i.

Source: Bellare, Garay and Rabin, "Fast batch verification for modular
exponentiation and digital signatures", EUROCRYPT 1998, the small exponents
test; Paillier, EUROCRYPT 1999, section 4, for the claim.

>>> n = 3 * 11
>>> c = ((1 + 5 * n) * 2**n % n**2).to_bytes(2, "big")
>>> verify_openings(n, [Opening(c, 5, 2)])
>>> verify_openings(n, [Opening(c, 6, 2)])
Traceback (most recent call last):
privshare.errors.ProofInvalid: expected 1 openings that hold, found 1 that do not: 0
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from privshare.bindings.paillier import PublicCore
from privshare.bindings.paillier_column import dot
from privshare.errors import OutOfRange, ProofInvalid
from privshare.schemes.transcript import Transcript

#: Length of the weights of an opening, in all rounds together: its security.
WEIGHT_BYTES = 16

_ROUNDS = 8
_ROUND_BYTES = WEIGHT_BYTES // _ROUNDS

#: Below this many openings, one by one is no dearer.
MIN_BATCH = 3

#: At most so many wrong openings are named.
MAX_NAMED = 8

_WINDOW = 4  # bits of a weight that one multiplication takes in


@dataclass(frozen=True, slots=True)
class Opening:
    """The claim that ciphertext c hides m, with r as witness.

    Attributes:
        c: The ciphertext, big-endian, twice as long as n: 0 < c < n², prime
            to n.
        m: Signed plaintext with |m| < n/2.
        r: The randomness, 0 < r < n, prime to n.
    """

    c: bytes
    m: int
    r: int


def verify_openings(n: int, openings: Sequence[Opening]) -> None:
    """Check that every ciphertext hides the plaintext claimed for it.

    Args:
        n: The Paillier modulus, odd, at most 3072 bits.
        openings: Any number of claims.

    Raises:
        OutOfRange: A number outside its interval, or with a factor of n;
            `detail["positions"]` says of which openings.
        ProofInvalid: A claim is false; `detail["positions"]` says which.

    Source:
        The module's equations. A false claim passes with probability 2^-128.
    """
    verify_openings_with(n, openings, secrets.token_bytes(32))


def verify_openings_with(n: int, openings: Sequence[Opening], rand: bytes) -> None:
    """As `verify_openings`, with the randomness as an argument.

    Args:
        n: The Paillier modulus, odd, at most 3072 bits, without a prime factor
            below 2^16.
        openings: Any number of claims.
        rand: 32 bytes that nobody knew when the openings were made.
    """
    if n < 3 or n % 2 == 0:
        raise OutOfRange("expected an odd modulus above 2, found another")
    core = PublicCore.unsafe_any_size(n)
    _check_ranges(core, openings)
    wrong = _wrong(core, openings, rand)
    if wrong:
        raise ProofInvalid(
            f"expected {len(openings)} openings that hold, found {len(wrong)} that "
            f"do not: {_listed(wrong)}",
            detail={"positions": wrong},
        )


def _wrong(core: PublicCore, openings: Sequence[Opening], rand: bytes) -> list[int]:
    """Positions of wrong claims: halves that hold together are not looked into.

    Stops after `MAX_NAMED`, so that a hostile list costs little more than a
    true one.
    """
    found: list[int] = []
    spans = [(0, len(openings))]
    while spans and len(found) < MAX_NAMED:
        start, end = spans.pop()
        if end - start < MIN_BATCH:
            found += [i for i in range(start, end) if not _holds(core, openings[i])]
        elif not _holds_together(core, openings[start:end], rand):
            middle = (start + end) // 2
            spans += [(middle, end), (start, middle)]
    return found[:MAX_NAMED]


def _check_ranges(core: PublicCore, openings: Sequence[Opening]) -> None:
    n, square = core.n, core.n**2
    outside = []
    for i, one in enumerate(openings):
        c = int.from_bytes(one.c, "big")
        fits = (
            len(one.c) == core.ciphertext_bytes
            and 0 < c < square
            and 0 < one.r < n
            and 2 * abs(one.m) < n
        )
        if not fits or gcd(c % n * one.r % n, n) != 1:
            outside.append(i)
    if outside:
        raise OutOfRange(
            "expected 0 < c < n², 0 < r < n, both prime to n, and |m| < n/2, found "
            f"{len(outside)} openings outside: {_listed(outside)}",
            detail={"positions": outside},
        )


def _holds(core: PublicCore, one: Opening) -> bool:
    try:
        core.verify_opening(one.c, one.m % core.n, one.r)
    except ProofInvalid:
        return False
    return True


def _holds_together(core: PublicCore, openings: Sequence[Opening], rand: bytes) -> bool:
    cs = b"".join(one.c for one in openings)
    tables = [_multiples(one.r, core.n) for one in openings]
    ms, roots, products = [], [], []
    for weights in _weights(core, openings, rand):
        products.append(dot(core, cs, weights))
        roots.append(_straus(tables, weights, core.n, _ROUND_BYTES))
        pairs = zip(weights, openings, strict=True)
        ms.append(sum(weight * one.m for weight, one in pairs) % core.n)
    return products == core.encrypt_batch(ms, roots)


def _weights(
    core: PublicCore, openings: Sequence[Opening], rand: bytes
) -> list[list[int]]:
    """Draw the weights of each round from all openings and fresh randomness."""
    n, size = core.n, core.n_bytes
    values = b"".join((one.m % n).to_bytes(size, "big") for one in openings)
    transcript = Transcript("paillier-openings/v2")
    transcript.absorb_all(
        [
            ("rand", rand),
            ("n", n.to_bytes(size, "big")),
            ("ciphertexts", b"".join(one.c for one in openings)),
            ("values", values),
            ("roots", b"".join(one.r.to_bytes(size, "big") for one in openings)),
        ]
    )
    stream = transcript.challenge("weights", WEIGHT_BYTES * len(openings))
    drawn = [
        int.from_bytes(stream[i : i + _ROUND_BYTES], "big")
        for i in range(0, len(stream), _ROUND_BYTES)
    ]
    return [drawn[i::_ROUNDS] for i in range(_ROUNDS)]


def product_of_powers(bases: list[int], weights: list[int], modulus: int) -> int:
    """Π bases[i]^weights[i] mod modulus, the squarings shared.

    Weights have at most `WEIGHT_BYTES` bytes.

    Source: Straus, "Addition chains of vectors", 1964.
    """
    tables = [_multiples(base, modulus) for base in bases]
    return _straus(tables, weights, modulus, WEIGHT_BYTES)


def _straus(
    tables: list[list[int]], weights: list[int], modulus: int, weight_bytes: int
) -> int:
    result = 1
    for shift in range(8 * weight_bytes - _WINDOW, -1, -_WINDOW):
        for _ in range(_WINDOW):
            result = result * result % modulus
        for table, weight in zip(tables, weights, strict=True):
            digit = weight >> shift & (1 << _WINDOW) - 1
            if digit:
                result = result * table[digit] % modulus
    return result


def _multiples(base: int, modulus: int) -> list[int]:
    table = [1, base % modulus]
    for _ in range((1 << _WINDOW) - 2):
        table.append(table[-1] * base % modulus)
    return table


def _listed(positions: list[int]) -> str:
    rest = " and more" if len(positions) >= MAX_NAMED else ""
    return ", ".join(map(str, positions[:MAX_NAMED])) + rest
