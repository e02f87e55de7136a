"""Ciphertexts to a secret power (`ps_paillier_power.h`).

The holder of a share of a threshold key computes c^(2·Δ·s) mod n² for many
ciphertexts and the one secret exponent. Whoever has p and q decrypts faster.

>>> from privshare.bindings.paillier import PublicCore
>>> key = PublicCore.unsafe_any_size(126869)
>>> c = key.encrypt(10100, 74384)
>>> power(key, c, bytes([3])) == key.mul_plain(c, 3)
True
"""

from __future__ import annotations

from privshare.bindings._convert import BACKEND, lib, out, raise_for, take
from privshare.bindings.paillier import NOT_A_CIPHERTEXT, PublicCore, _batch_scratch
from privshare.errors import OutOfRange

MAX_EXPONENT_BYTES = lib.PS_PAILLIER_POWER_MAX_BYTES
"""Length of the longest exponent."""


def power(core: PublicCore, cs: bytes, exponent: bytes) -> bytes:
    """c^e mod n² for each ciphertext and one secret e.

    Args:
        core: The public key.
        cs: Ciphertexts one after the other.
        exponent: e, big-endian, 1 to `MAX_EXPONENT_BYTES` bytes. Its length is
            public: pad it to the longest that an exponent can be.

    Returns:
        As many bytes as `cs`: the powers.

    Raises:
        EncodingError: `cs` has not the length of whole ciphertexts.
        OutOfRange: The exponent is empty or too long.
        VerificationError: One is no ciphertext.

    Leaks:
        Nothing of e: time and addresses depend on the lengths and on n.

    Source:
        Damgård and Jurik, PKC 2001, section 4.1.
    """
    count = core._count(cs)
    if not 1 <= len(exponent) <= MAX_EXPONENT_BYTES:
        raise OutOfRange(
            f"expected an exponent of 1 to {MAX_EXPONENT_BYTES} bytes, "
            f"found {len(exponent)}"
        )
    powers = out(len(cs))
    with _batch_scratch() as scratch:
        status = lib.ps_paillier_power(
            powers, cs, count, exponent, len(exponent), core._native, BACKEND, scratch
        )
    raise_for(status, NOT_A_CIPHERTEXT)
    return take(powers)
