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

Drawing the primes and the commitments' powers are the core's. The rest runs in
Python integers, which are not constant-time: a dealer works alone, once, on a
machine of its own.

Source: Damgård and Jurik, PKC 2001, section 4.1; Shamir, CACM 1979.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import reduce
from math import factorial

from privshare.bindings import paillier_key
from privshare.bindings.paillier import PublicCore, public_core
from privshare.bindings.prime import is_prime
from privshare.errors import OutOfRange
from privshare.schemes import paillier_modulus
from privshare.schemes.paillier import SIZES, PaillierPrivateKey
from privshare.schemes.threshold_key import ThresholdKey, base_of, check_counts
from privshare.schemes.threshold_proof import power
from privshare.schemes.threshold_share import KeyShare


def deal(
    threshold: int, holders: int, bits: int = 2048
) -> tuple[ThresholdKey, tuple[KeyShare, ...]]:
    """Make a key that any `threshold` of `holders` open, and fewer never.

    Args:
        threshold: k, from 2 to L. With k = 1 every holder could open alone:
            that is an ordinary key with copies.
        holders: L, from 2 to 16.
        bits: 2048 or 3072. Takes seconds.

    Returns:
        The public key, and the shares of holders 1 to L.

    Raises:
        OutOfRange: Another number.

    Leaks:
        How many candidates were tested for the primes. Whoever calls this sees
        all shares.
    """
    check_counts(threshold, holders)
    if bits not in SIZES:
        raise OutOfRange(f"expected {SIZES[0]} or {SIZES[1]} bits, found {bits}")
    pair = paillier_key.generate(bits, secrets.token_bytes, kind="safe")
    return deal_with(threshold, holders, pair.p, pair.q, secrets.randbelow)


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
