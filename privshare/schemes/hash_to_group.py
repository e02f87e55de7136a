"""Messages to elements and scalars of ristretto255, as the standards do it.

Two programs that hash one message under one tag get one element, whose
logarithm nobody knows. PrivShare's own protocols draw theirs from a transcript
(`schemes.transcript`); this is for what others have specified: oblivious
pseudorandom functions, threshold signatures, generators agreed upon elsewhere.

    message ─► expand_message ─► 64 uniform bytes ─► hash_to_group: Elements
                                                 └─► hash_to_scalar: 32 bytes

The domain separation tag `dst` names the protocol, its version and the use; one
tag serves one purpose.

Implements RFC 9380: section 5.3.1 with SHA-512, and appendix B for the group;
the scalars are those of RFC 9497, section 4.1.

>>> tag = b"example-v1-ristretto255_XMD:SHA-512_R255MAP_RO_"
>>> hash_to_group(b"message", tag) == hash_to_group(b"message", tag)
True
>>> hash_to_group(b"message", tag) == hash_to_group(b"another", tag)
False
"""

from __future__ import annotations

from privshare.bindings.hash import sha512
from privshare.bindings.ristretto255 import UNIFORM_BYTES, Elements, from_uniform
from privshare.bindings.scalar import WIDE_BYTES, reduce_wide
from privshare.errors import OutOfRange

_BLOCK_BYTES = 128
_DIGEST_BYTES = 64
_MOST_BLOCKS = 255
_LONGEST_TAG = 255
_TOO_LONG = b"H2C-OVERSIZE-DST-"


def expand_message(message: bytes, dst: bytes, length: int) -> bytes:
    """Uniform bytes from a message: expand_message_xmd with SHA-512.

    Args:
        message: Any bytes.
        dst: The domain separation tag, one byte at least. A tag of more than
            255 bytes is hashed, as the standard has it.
        length: How many bytes, from 1 to 16,320.

    Raises:
        OutOfRange: The tag is empty, or `length` is outside the interval.

    Source:
        RFC 9380, sections 5.3.1 and 5.3.3.
    """
    blocks = -(-length // _DIGEST_BYTES)
    if not dst:
        raise OutOfRange("expected a domain separation tag, found none")
    if not 1 <= blocks <= _MOST_BLOCKS:
        most = _MOST_BLOCKS * _DIGEST_BYTES
        raise OutOfRange(f"expected a length from 1 to {most}, found {length}")
    if len(dst) > _LONGEST_TAG:
        dst = sha512(_TOO_LONG + dst)
    tag = dst + bytes([len(dst)])
    seed = sha512(
        bytes(_BLOCK_BYTES) + message + length.to_bytes(2, "big") + b"\0" + tag
    )
    block = bytes(_DIGEST_BYTES)
    out = b""
    for number in range(1, blocks + 1):
        mixed = bytes(a ^ b for a, b in zip(seed, block, strict=True))
        block = sha512(mixed + bytes([number]) + tag)
        out += block
    return out[:length]


def hash_to_group(message: bytes, dst: bytes) -> Elements:
    """One element: hash_to_ristretto255.

    Args:
        message: Any bytes.
        dst: The domain separation tag, one byte at least.

    Returns:
        An array of one. Nobody knows its logarithm.

    Raises:
        OutOfRange: The tag is empty.

    Source:
        RFC 9380, appendix B; RFC 9496, section 4.3.4.

    Leaks:
        Time depends on the lengths alone.
    """
    return from_uniform(expand_message(message, dst, UNIFORM_BYTES))


def hash_to_scalar(message: bytes, dst: bytes) -> bytes:
    """One scalar, 32 bytes: 64 uniform bytes modulo the order.

    Args:
        message: Any bytes.
        dst: The domain separation tag, one byte at least.

    Raises:
        OutOfRange: The tag is empty.

    Source:
        RFC 9497, section 4.1 (ristretto255-SHA512, HashToScalar).
    """
    return reduce_wide(expand_message(message, dst, WIDE_BYTES))
