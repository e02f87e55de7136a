"""Dealing a threshold key: the one moment at which somebody knows it whole.

    dealer      deal(k, L) ─► ThresholdKey ─► everybody
                          └─► KeyShare s_i ─► holder i, sealed

    p = 2p' + 1, q = 2q' + 1     safe primes; n = pq, m' = p'q'
    d = 0 mod m', 1 mod n        by the Chinese remainder theorem
    f(x) = d + Σ a_t·x^t         of degree k - 1, a_t uniform below n·m'
    s_i = f(i) mod n·m'          v_i = v^(Δ·s_i) mod n²

Safe primes make the squares modulo n² a cyclic group without small orders;
the proofs of partial decryptions stand on that. Nothing outside shows that a
dealer took such primes, or that it forgot them: docs/limits.md.

Everything here runs in Python integers, which are not constant-time: a dealer
works alone, once, on a machine of its own.

Source: Damgård and Jurik, PKC 2001, section 4.1; Shamir, CACM 1979.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Iterator
from functools import reduce
from math import factorial

from privshare.bindings.paillier import PublicCore, public_core
from privshare.bindings.prime import is_prime
from privshare.errors import OutOfRange
from privshare.schemes import paillier_modulus
from privshare.schemes.paillier import SIZES, PaillierPrivateKey
from privshare.schemes.threshold_key import ThresholdKey, base_of, check_counts
from privshare.schemes.threshold_proof import power
from privshare.schemes.threshold_share import KeyShare

_WINDOW = 1 << 13  # numbers of one start that are looked through
_SIEVE = 1 << 13  # no prime below divides p or p'


def deal(
    threshold: int, holders: int, bits: int = 2048
) -> tuple[ThresholdKey, tuple[KeyShare, ...]]:
    """Make a key that any `threshold` of `holders` open, and fewer never.

    Args:
        threshold: k, from 2 to L. With k = 1 every holder could open alone:
            that is an ordinary key with copies.
        holders: L, from 2 to 16.
        bits: 2048 or 3072. Takes seconds to a minute.

    Returns:
        The public key, and the shares of holders 1 to L.

    Raises:
        OutOfRange: Another number.

    Leaks:
        Its time depends on the primes. Whoever calls this sees all shares.
    """
    check_counts(threshold, holders)
    if bits not in SIZES:
        raise OutOfRange(f"expected {SIZES[0]} or {SIZES[1]} bits, found {bits}")
    p, q = _safe_prime(bits // 2), _safe_prime(bits // 2)
    return deal_with(threshold, holders, p, q, secrets.randbelow)


def deal_with(
    threshold: int, holders: int, p: int, q: int, below: Callable[[int], int]
) -> tuple[ThresholdKey, tuple[KeyShare, ...]]:
    """As `deal`, with the primes given; vectors call this one.

    Args:
        threshold: k.
        holders: L.
        p: A safe prime of half the modulus's bits.
        q: Another.
        below: `below(x)` is uniform in [0, x).

    Raises:
        OutOfRange: The primes are not safe, or cannot be a key's.
    """
    check_counts(threshold, holders)
    if not all(is_prime(x) and is_prime(x // 2) for x in (p, q)):
        raise OutOfRange("expected two safe primes, found others")
    private = PaillierPrivateKey(p, q)
    values, commitments = _share(public_core(p * q), threshold, holders, p, q, below)
    roots = paillier_modulus.prove(private)
    return _handed_out(ThresholdKey(p * q, threshold, (), commitments, roots), values)


def unsafe_deal_any_size(
    threshold: int, holders: int, p: int, q: int, below: Callable[[int], int]
) -> tuple[ThresholdKey, tuple[KeyShare, ...]]:
    """As `deal_with`, for primes of any size and without their checks: examples."""
    check_counts(threshold, holders)
    core = PublicCore.unsafe_any_size(p * q)
    values, commitments = _share(core, threshold, holders, p, q, below)
    key = ThresholdKey.unsafe_any_size(p * q, threshold, (), commitments)
    return _handed_out(key, values)


def _handed_out(
    key: ThresholdKey, values: list[int]
) -> tuple[ThresholdKey, tuple[KeyShare, ...]]:
    return key, tuple(KeyShare(i, s, key.digest) for i, s in enumerate(values, start=1))


def _share(
    core: PublicCore,
    threshold: int,
    holders: int,
    p: int,
    q: int,
    below: Callable[[int], int],
) -> tuple[list[int], tuple[bytes, ...]]:
    """Shamir's shares of d modulo n·m', and the commitments to them."""
    n, order = p * q, (p // 2) * (q // 2)
    modulus = n * order
    d = order * pow(order, -1, n)
    coefficients = [d, *(below(modulus) for _ in range(threshold - 1))]
    values = [_evaluate(coefficients, i) % modulus for i in range(1, holders + 1)]
    base, delta = base_of(core, ()), factorial(holders)
    length = (modulus.bit_length() + delta.bit_length() + 7) // 8
    return values, tuple(power(core, base, delta * value, length) for value in values)


def _evaluate(coefficients: list[int], x: int) -> int:
    """a_0 + a_1·x + a_2·x² …, by Horner."""
    return reduce(lambda total, a: total * x + a, reversed(coefficients), 0)


def _safe_prime(bits: int) -> int:
    """Draw a safe prime of exactly `bits` bits, its two highest set.

    From each random start a short stretch is looked through, in which most
    numbers fall to a sieve. A stretch is far shorter than the distance of two
    safe primes, so all are about as likely.
    """
    while True:
        start = secrets.randbits(bits - 1) | 3 << (bits - 3) | 1
        for half in _sieved(start):
            if (
                is_prime(half, 1)
                and is_prime(2 * half + 1, 1)
                and is_prime(half)
                and is_prime(2 * half + 1)
                and half.bit_length() == bits - 1
            ):
                return 2 * half + 1


def _sieved(start: int) -> Iterator[int]:
    """Odd x from an odd start on, where no small prime divides x or 2x + 1."""
    composite = bytearray(_WINDOW)
    for r in _small_primes():
        for root in (0, (r - 1) // 2):  # x = root mod r, with x = start + 2j
            first = (root - start) * ((r + 1) // 2) % r
            composite[first::r] = b"\1" * len(range(first, _WINDOW, r))
    return (start + 2 * j for j in range(_WINDOW) if not composite[j])


@functools.cache
def _small_primes() -> tuple[int, ...]:
    """The odd primes below `_SIEVE`."""
    return tuple(r for r in range(3, _SIEVE, 2) if is_prime(r))
