"""Primality, for numbers that may be secret (`ps_prime.h`)."""

from __future__ import annotations

from privshare.bindings._convert import ffi, lib, wiped_scratch
from privshare.errors import OutOfRange

MAX_BITS = 8 * lib.PS_PRIME_MAX_BYTES


def is_prime(value: int, rounds: int = lib.PS_PRIME_ROUNDS) -> bool:
    """Whether a number is prime, up to an error of 4^-rounds.

    Source: FIPS 186-5, B.3.1 (Miller-Rabin), bases from SHAKE128 of `value`.

    Raises:
        OutOfRange: `value` is negative or has more than 1536 bits.
    """
    if value < 0 or value.bit_length() > MAX_BITS:
        raise OutOfRange(f"expected a number of at most {MAX_BITS} bits")
    if value == 2:
        return True
    data = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    with wiped_scratch(lib.PS_PRIME_SCRATCH_LIMBS) as scratch:
        status = lib.ps_prime_check(ffi.from_buffer(data), len(data), rounds, scratch)
    return bool(status == lib.PS_OK)
