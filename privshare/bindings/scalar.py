"""Scalars of ristretto255: 32 bytes, little-endian, below the group's order.

    l = 2^252 + 27742317777372353535851937790883648493

A scalar travels as bytes and may be a secret: every function here takes the
same time for all values, `from_int` and `to_int` excepted. Several scalars are
their bytes one after the other.

Implements native/include/privshare/ps_scalar.h (RFC 9496, section 4.4).

>>> to_int(mul(from_int(-2), from_int(3))) == ORDER - 6
True
"""

from __future__ import annotations

from typing import Any

from privshare.bindings._convert import ffi, lib
from privshare.errors import EncodingError, OutOfRange

SCALAR_BYTES = 32
WIDE_BYTES = 64
ORDER = (1 << 252) + 27742317777372353535851937790883648493
ZERO = bytes(SCALAR_BYTES)
ONE = b"\x01" + bytes(SCALAR_BYTES - 1)


def decoded(data: bytes, count: int | None = None, where: str = "scalars") -> Any:
    """Scalars as the core takes them, checked.

    Args:
        data: Any number of scalars one after the other.
        count: How many they must be; any number unless given.
        where: What messages call them.

    Raises:
        EncodingError: Another length; or one that is not below the order,
            `detail["index"]` says which.
    """
    found, odd = divmod(len(data), SCALAR_BYTES)
    if odd or (count is not None and found != count):
        wanted = "a multiple of 32" if count is None else f"{SCALAR_BYTES * count}"
        raise EncodingError(f"{where}: expected {wanted} bytes, found {len(data)}")
    scalars = ffi.new("ps_scalar[]", max(found, 1))
    bad = ffi.new("size_t *")
    if lib.ps_scalar_decode(scalars, bad, ffi.from_buffer(data), found):
        raise EncodingError(
            f"{where}: expected scalars below the group's order, found another at "
            f"index {bad[0]}",
            detail={"index": int(bad[0])},
        )
    return scalars


def encoded(scalars: Any, count: int) -> bytes:
    """The bytes of scalars that the core holds."""
    out = bytearray(SCALAR_BYTES * count)
    lib.ps_scalar_encode(ffi.from_buffer(out), scalars, count)
    return bytes(out)


def check(data: bytes, where: str = "scalars") -> bytes:
    """Return `data` if it is canonical scalars one after the other.

    Raises:
        EncodingError: It is not.
    """
    decoded(data, None, where)
    return data


def reduce_wide(data: bytes) -> bytes:
    """64 bytes, little-endian, modulo the order; many, if there are more.

    Raises:
        EncodingError: Not a multiple of 64 bytes.
    """
    count, odd = divmod(len(data), WIDE_BYTES)
    if odd:
        raise EncodingError(f"expected a multiple of 64 bytes, found {len(data)}")
    scalars = ffi.new("ps_scalar[]", max(count, 1))
    source = ffi.from_buffer(data)
    for i in range(count):
        lib.ps_scalar_from_wide(scalars + i, source + WIDE_BYTES * i)
    return encoded(scalars, count)


def add(a: bytes, b: bytes) -> bytes:
    """a + b modulo the order.

    Raises:
        EncodingError: Not two scalars; as in all of these.
    """
    return _binary(lib.ps_scalar_add, a, b)


def sub(a: bytes, b: bytes) -> bytes:
    """a - b modulo the order."""
    return _binary(lib.ps_scalar_sub, a, b)


def mul(a: bytes, b: bytes) -> bytes:
    """a · b modulo the order."""
    return _binary(lib.ps_scalar_mul, a, b)


def neg(a: bytes) -> bytes:
    """-a modulo the order."""
    r = ffi.new("ps_scalar *")
    lib.ps_scalar_neg(r, decoded(a, 1))
    return encoded(r, 1)


def mul_add(a: bytes, b: bytes, c: bytes) -> bytes:
    """a · b + c modulo the order."""
    r = ffi.new("ps_scalar *")
    lib.ps_scalar_mul_add(r, decoded(a, 1), decoded(b, 1), decoded(c, 1))
    return encoded(r, 1)


def invert(a: bytes) -> bytes:
    """1/a modulo the order.

    Raises:
        EncodingError: Not a scalar.
        OutOfRange: a is zero.
    """
    found = decoded(a, 1)
    if lib.ps_scalar_is_zero(found):
        raise OutOfRange("expected a scalar other than 0, found 0")
    lib.ps_scalar_invert(found, found)
    return encoded(found, 1)


def invert_many(data: bytes) -> bytes:
    """1/a modulo the order for each; 0 for 0. One inversion for all.

    Raises:
        EncodingError: Not scalars.
    """
    found, count = decoded(data), len(data) // SCALAR_BYTES
    result = ffi.new("ps_scalar[]", max(count, 1))
    lib.ps_scalar_invert_batch(result, found, count)
    return encoded(result, count)


def from_int(value: int) -> bytes:
    """An integer of any sign modulo the order; for public numbers."""
    return (value % ORDER).to_bytes(SCALAR_BYTES, "little")


def to_int(data: bytes) -> int:
    """The integer that a scalar stands for; for public numbers.

    Raises:
        EncodingError: Not a scalar.
    """
    decoded(data, 1)
    return int.from_bytes(data, "little")


def _binary(function: Any, a: bytes, b: bytes) -> bytes:
    r = ffi.new("ps_scalar *")
    function(r, decoded(a, 1), decoded(b, 1))
    return encoded(r, 1)
