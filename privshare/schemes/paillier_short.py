"""Encryption with short exponents, of which the owner can prove what it knows.

    owner   encrypt_known(n, values) ─► ciphertexts, and the exponent of each
            sums of values and exponents ─► paillier_knowledge.prove_short

    c = (1 + m·n) · h^(n·x)  mod n²,  x uniform, half as long as n

h follows from n (`paillier_base`). So c is a ciphertext with randomness
r = h^x mod n, and a product of ciphertexts has the randomness h^(sum of the x):
whoever encrypted a column proves that it knows its sums without one power a
ciphertext. Encryption goes through a table of powers, built once a key.

Source: Damgård, Jurik and Nielsen, "A generalization of Paillier's public-key
system with applications to electronic voting", Int. J. Inf. Secur. 9 (2010),
section 4.2.

>>> from privshare.schemes.paillier import PaillierPrivateKey
>>> private = PaillierPrivateKey.generate(2048)
>>> n = private.public.n
>>> ciphertexts, exponents = encrypt_known(n, [40, 5, -3])
>>> total = private.public.sum(ciphertexts)
>>> private.decrypt(total)
42
>>> r = randomness(n, sum(exponents))
>>> private.open(total) == (42, r.to_bytes(256, "big"))
True
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from privshare.bindings.paillier import PublicCore, public_core
from privshare.bindings.paillier_power import power
from privshare.bindings.paillier_table import EncryptionTable
from privshare.errors import OutOfRange
from privshare.schemes.paillier_base import djn_base

__all__ = ["MAX_SUM_BITS", "encrypt_known", "encrypt_known_with", "randomness", "table"]

#: Keys whose tables are kept: 7 MB each under 2048 bits, 16 under 3072.
_TABLES = 4

#: How much longer than an exponent a sum of them may be.
MAX_SUM_BITS = 192

_LANES = 8
_WORTH_A_THREAD = 32


@lru_cache(maxsize=_TABLES)
def table(n: int) -> EncryptionTable:
    """The table of a public key, built when it is asked for first.

    Raises:
        OutOfRange: n cannot be a public key.
    """
    core = public_core(n)
    return EncryptionTable(core, djn_base(n))


def encrypt_known(n: int, values: Sequence[int]) -> tuple[bytes, list[int]]:
    """Encrypt signed integers; the second is the exponent of each.

    Args:
        n: The modulus.
        values: |v| < n/2.

    Returns:
        The ciphertexts one after the other, and as many exponents. Secret:
        whoever knows an exponent opens its ciphertext.

    Raises:
        OutOfRange: A value with |v| >= n/2.

    Leaks:
        How many values there are. Time depends on that and on n alone, but for
        what Python's integers show of a value's length.
    """
    size = table(n).exponent_bytes
    drawn = secrets.token_bytes(size * len(values))
    exponents = [
        int.from_bytes(drawn[begin : begin + size], "big")
        for begin in range(0, len(drawn), size)
    ]
    return encrypt_known_with(n, values, drawn), exponents


def encrypt_known_with(n: int, values: Sequence[int], exponents: bytes) -> bytes:
    """Encrypt with the exponents given; vectors and laws call this one.

    Args:
        n: The modulus.
        values: |v| < n/2.
        exponents: One a value, uniform, never used again, half of n's length
            each.

    Raises:
        OutOfRange: A value with |v| >= n/2.
        EncodingError: Exponents of another length.
    """
    powers = table(n)
    size, length = powers.core.n_bytes, powers.exponent_bytes
    half = (n + 1) // 2
    for value in values:
        if not -half < value < half:
            raise OutOfRange(
                "expected a value that fits the plaintext space with its sign, found "
                f"one of {value.bit_length()} bits"
            )
    plaintexts = b"".join((value % n).to_bytes(size, "big") for value in values)

    def part(begin: int, end: int) -> bytes:
        return powers.encrypt(
            plaintexts[begin * size : end * size],
            exponents[begin * length : end * length],
            end - begin,
        )

    threads = os.cpu_count() or 1
    if threads == 1 or len(values) < _WORTH_A_THREAD:
        return powers.encrypt(plaintexts, exponents, len(values))
    step = -(-len(values) // threads)
    step += -step % _LANES
    begins = range(0, len(values), step)
    with ThreadPoolExecutor(threads) as pool:
        done = pool.map(
            lambda begin: part(begin, min(begin + step, len(values))), begins
        )
        return b"".join(done)


def randomness(n: int, exponent: int) -> int:
    """h^x mod n: the randomness of a ciphertext or of a product of ciphertexts.

    Args:
        n: The modulus.
        exponent: x, or a sum of such. Secret.

    Raises:
        OutOfRange: Longer than a sum of 2^`MAX_SUM_BITS` exponents.

    Leaks:
        Nothing of x: time depends on n alone.
    """
    core: PublicCore = public_core(n)
    length = core.n_bytes // 2 + MAX_SUM_BITS // 8
    if not 0 <= exponent < 1 << 8 * length:
        raise OutOfRange(
            f"expected an exponent of at most {8 * length} bits, found another"
        )
    base = djn_base(n).to_bytes(core.ciphertext_bytes, "big")
    return (
        int.from_bytes(power(core, base, exponent.to_bytes(length, "big")), "big") % n
    )
