"""Primality, and generators, for numbers that may be secret (`ps_prime.h`)."""

from __future__ import annotations

from privshare.bindings._convert import BACKEND, ffi, lib, raise_for, wiped_scratch
from privshare.errors import OutOfRange

MAX_BITS = 8 * lib.PS_PRIME_MAX_BYTES


def is_prime(value: int, rounds: int = lib.PS_PRIME_ROUNDS) -> bool:
    """Whether a number is prime, up to an error of 4^-rounds.

    Source: FIPS 186-5, B.3.1 (Miller-Rabin), bases from SHAKE128 of `value`.

    Args:
        value: Not negative.
        rounds: How many bases, rounded up to a multiple of 8.

    Raises:
        OutOfRange: `value` is negative or has more than 1536 bits.
    """
    if value < 0 or value.bit_length() > MAX_BITS:
        raise OutOfRange(f"expected a number of at most {MAX_BITS} bits")
    if value == 2:
        return True
    data = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    with wiped_scratch(lib.PS_PRIME_SCRATCH_LIMBS) as scratch:
        status = lib.ps_prime_check(
            ffi.from_buffer(data), len(data), rounds, BACKEND, scratch
        )
    return bool(status == lib.PS_OK)


def generator(p: int, cofactor: int) -> int:
    """The smallest prime number that generates Z_p*, for p = 2·u·k + 1.

    g generates when g^((p-1)/f) is not 1 for any prime factor f of p - 1,
    which are 2, u and those of k.

    Args:
        p: A prime of 256 to 1536 bits, in whole limbs of 64.
        cofactor: k, odd and below 2^32, such that u = (p - 1)/(2·k) is prime.

    Raises:
        OutOfRange: Another length, or a cofactor that leaves no prime.
        VerificationError: No prime up to 251 generates: p is not prime.

    Leaks:
        The cofactor and the result are treated as public.

    Source:
        Menezes, van Oorschot and Vanstone, "Handbook of Applied
        Cryptography", algorithm 4.80.
    """
    if p.bit_length() > MAX_BITS or not 0 < cofactor < 2**32:
        raise OutOfRange(
            f"expected a prime of at most {MAX_BITS} bits and a cofactor below 2^32,"
            f" found {p.bit_length()} bits"
        )
    data = p.to_bytes((p.bit_length() + 7) // 8, "big")
    g = ffi.new("uint64_t *")
    with wiped_scratch(lib.PS_PRIME_SEARCH_LIMBS) as scratch:
        status = lib.ps_prime_generator(g, data, len(data), cofactor, BACKEND, scratch)
    raise_for(status, "expected a prime p with (p - 1)/(2·k) prime, found another")
    return int(g[0])
