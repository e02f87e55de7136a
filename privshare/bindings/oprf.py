"""Many elements times one secret: what joins and oblivious functions run on.

Bytes go in and bytes come out; elements stay inside the core between decoding
and encoding. A batch of 64 or more is about four times as quick an element as
one alone. Other threads run while the core works.

    messages ─► expand ─► 64 uniform bytes each ─► blind ─► 32 bytes each
    32 bytes each of another ─► evaluate ─► 32 bytes each

Implements native/include/privshare/ps_oprf.h (RFC 9380, 5.3.1; RFC 9496).

>>> from privshare.bindings.scalar import ONE, from_int
>>> uniform = expand([b"one", b"two"], b"an example")
>>> evaluate(blind(uniform, ONE), from_int(3)) == blind(uniform, from_int(3))
True
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from privshare.bindings._convert import BACKEND, ffi, lib, raise_for
from privshare.bindings.ristretto255 import ELEMENT_BYTES, UNIFORM_BYTES, Elements
from privshare.bindings.scalar import decoded, encoded
from privshare.errors import EncodingError

LONGEST_TAG: int = lib.PS_OPRF_TAG


def expand(messages: Sequence[bytes], tag: bytes) -> bytes:
    """64 uniform bytes from each message: expand_message_xmd with SHA-512.

    Args:
        messages: Any bytes.
        tag: What the hash is for, 1 to 255 bytes.

    Raises:
        OutOfRange: A tag of another length.

    Source:
        RFC 9380, section 5.3.1.

    Leaks:
        Time depends on the lengths alone.
    """
    out = bytearray(UNIFORM_BYTES * len(messages))
    ends = ffi.new("uint64_t[]", list(accumulate(map(len, messages))) or [0])
    status = lib.ps_oprf_expand(
        ffi.from_buffer(out),
        ffi.from_buffer(b"".join(messages)),
        ends,
        len(messages),
        ffi.from_buffer(tag),
        len(tag),
        BACKEND,
    )
    raise_for(status, f"expected a tag of 1 to {LONGEST_TAG} bytes, found {len(tag)}")
    return bytes(out)


def blind(uniform: bytes, scalar: bytes) -> bytes:
    """scalar · from_uniform(uniform[i]), encoded.

    Args:
        uniform: 64 bytes for each.
        scalar: One secret for all, 32 bytes.

    Raises:
        EncodingError: Not a multiple of 64 bytes, or not a scalar.

    Leaks:
        Nothing but the count.
    """
    count = _count(uniform, UNIFORM_BYTES, "uniform bytes")
    out = bytearray(ELEMENT_BYTES * count)
    lib.ps_oprf_blind(
        ffi.from_buffer(out), ffi.from_buffer(uniform), count, _one(scalar), BACKEND
    )
    return bytes(out)


def evaluate(elements: bytes, scalar: bytes, where: str = "elements") -> bytes:
    """scalar · decode(elements[i]), encoded.

    Args:
        elements: 32 bytes for each; of others, and public.
        scalar: One secret for all, 32 bytes.
        where: What messages call the elements.

    Raises:
        EncodingError: Another length; or one that is no element of the group, or
            the identity: `detail["index"]` says which.

    Leaks:
        Nothing of the scalar but what Diffie-Hellman values are.
    """
    count = _count(elements, ELEMENT_BYTES, where)
    out, bad = bytearray(ELEMENT_BYTES * count), ffi.new("size_t *")
    if lib.ps_oprf_evaluate(
        ffi.from_buffer(out),
        bad,
        ffi.from_buffer(elements),
        count,
        _one(scalar),
        BACKEND,
    ):
        raise EncodingError(
            f"{where}: expected elements of ristretto255 other than the identity, "
            f"found another 32 bytes at index {bad[0]}",
            detail={"index": int(bad[0])},
        )
    return bytes(out)


def encode_twice(elements: Elements) -> bytes:
    """encode(2 · elements[i]), without a square root for each."""
    out = bytearray(ELEMENT_BYTES * len(elements))
    lib.ps_oprf_encode_twice(
        ffi.from_buffer(out), elements.native, len(elements), BACKEND
    )
    return bytes(out)


def halve(scalars: bytes) -> bytes:
    """scalars[i] / 2: what to multiply by before `encode_twice`.

    Raises:
        EncodingError: Not scalars.
    """
    found = decoded(scalars)
    count = len(scalars) // 32
    for i in range(count):
        lib.ps_oprf_halve(found + i, found + i)
    return encoded(found, count)


def _one(scalar: bytes) -> Any:
    return decoded(scalar, 1, "scalar")


def _count(data: bytes, size: int, where: str) -> int:
    count, odd = divmod(len(data), size)
    if odd:
        raise EncodingError(
            f"{where}: expected a multiple of {size} bytes, found {len(data)}"
        )
    return count
