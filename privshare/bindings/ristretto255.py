"""Elements of ristretto255, decoded once and kept decoded.

An `Elements` is an immutable array of group elements. It comes from the strict
decoder, from uniform bytes or from the group's operations; encoding costs a
root each, so what is computed on stays in this form. The identity is an element
like any other: protocols refuse it where they must.

    bytes ─► decode ─► Elements ─► mul, msm, add ... ─► Elements ─► encode

Scalars are bytes (`bindings.scalar`). Functions whose names end in `_vartime`
are for public values alone; all others take the same time for all values.

Implements native/include/privshare/ps_ristretto255.h (RFC 9496).

>>> from privshare.bindings.scalar import from_int
>>> two = mul(from_int(2), base())
>>> two == add(base(), base())
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from privshare.bindings._convert import BACKEND, ffi, lib
from privshare.bindings.scalar import decoded
from privshare.errors import EncodingError, OutOfRange

ELEMENT_BYTES = 32
UNIFORM_BYTES = 64

#: The encoding of the identity.
IDENTITY = bytes(ELEMENT_BYTES)

_SIZE = ffi.sizeof("ps_ristretto255")


class Elements:
    """An immutable array of elements.

    Made by the functions of this module. `native` is the `ps_ristretto255 *`
    for other bindings, `len` says how many there are.
    """

    __slots__ = ("_count", "native")

    def __init__(self, native: Any, count: int) -> None:
        self.native = native
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int | slice) -> Elements:
        """One element, or some, as an array of their own.

        Raises:
            IndexError: There is no such element.
        """
        if isinstance(place, slice):
            positions = range(*place.indices(self._count))
            if positions.step != 1:
                return self.take(positions)
            result = _new(len(positions))
            start = self.native + positions.start
            ffi.memmove(result.native, start, _SIZE * len(positions))
            return result
        return self.take((range(self._count)[place],))

    def take(self, positions: Sequence[int]) -> Elements:
        """The elements at public positions, in that order.

        Raises:
            IndexError: There is no such element.
        """
        result = _new(len(positions))
        for to, place in enumerate(positions):
            if not 0 <= place < self._count:
                raise IndexError(place)
            result.native[to] = self.native[place]
        return result

    @staticmethod
    def join(parts: Iterable[Elements]) -> Elements:
        """Several arrays, one after the other."""
        listed = list(parts)
        result = _new(sum(map(len, listed)))
        place = 0
        for part in listed:
            ffi.memmove(result.native + place, part.native, _SIZE * len(part))
            place += len(part)
        return result

    def encode(self) -> bytes:
        """32 bytes for each, one after the other."""
        buffer = bytearray(ELEMENT_BYTES * self._count)
        lib.ps_ristretto255_encode(
            ffi.from_buffer(buffer), self.native, self._count, BACKEND
        )
        return bytes(buffer)

    def is_identity(self, place: int = 0) -> bool:
        """Whether the element at a position is the identity."""
        at = range(self._count)[place]
        return bool(lib.ps_ristretto255_is_identity(self.native + at))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Elements):
            return NotImplemented
        return self._count == other._count and all(
            lib.ps_ristretto255_is_equal(self.native + i, other.native + i)
            for i in range(self._count)
        )

    __hash__ = None  # type: ignore[assignment]  # two forms of one element are equal

    def __repr__(self) -> str:
        return f"<{self._count} elements of ristretto255>"


def decode(data: bytes, where: str = "elements") -> Elements:
    """Read elements; nothing but their canonical encodings is taken.

    Args:
        data: 32 bytes for each.
        where: What messages call them.

    Raises:
        EncodingError: Another length; or one that is no element,
            `detail["index"]` says which.
    """
    count, odd = divmod(len(data), ELEMENT_BYTES)
    if odd:
        raise EncodingError(
            f"{where}: expected a multiple of {ELEMENT_BYTES} bytes, found {len(data)}"
        )
    result, bad = _new(count), ffi.new("size_t *")
    if lib.ps_ristretto255_decode(
        result.native, bad, ffi.from_buffer(data), count, BACKEND
    ):
        raise EncodingError(
            f"{where}: expected elements of ristretto255, found another 32 bytes at "
            f"index {bad[0]}",
            detail={"index": int(bad[0])},
        )
    return result


def from_uniform(data: bytes) -> Elements:
    """Elements from uniform bytes, 64 for each (RFC 9496, section 4.3.4).

    Raises:
        EncodingError: Not a multiple of 64 bytes.
    """
    count, odd = divmod(len(data), UNIFORM_BYTES)
    if odd:
        raise EncodingError(
            f"expected a multiple of {UNIFORM_BYTES} bytes, found {len(data)}"
        )
    result = _new(count)
    lib.ps_ristretto255_from_uniform(
        result.native, ffi.from_buffer(data), count, BACKEND
    )
    return result


@cache
def base() -> Elements:
    """The generator of RFC 9496."""
    result = _new(1)
    lib.ps_ristretto255_base(result.native)
    return result


def add(a: Elements, b: Elements) -> Elements:
    """a[i] + b[i].

    Raises:
        OutOfRange: Arrays of different lengths; as in all of these.
    """
    return _each(lib.ps_ristretto255_add, a, b)


def sub(a: Elements, b: Elements) -> Elements:
    """a[i] - b[i]."""
    return _each(lib.ps_ristretto255_sub, a, b)


def neg(a: Elements) -> Elements:
    """-a[i]."""
    result = _new(len(a))
    for i in range(len(a)):
        lib.ps_ristretto255_neg(result.native + i, a.native + i)
    return result


def mul(scalars: bytes, a: Elements) -> Elements:
    """scalars[i] · a[i].

    Raises:
        EncodingError: Not one scalar for each element.
    """
    result = _new(len(a))
    lib.ps_ristretto255_mul(
        result.native, decoded(scalars, len(a)), a.native, len(a), BACKEND
    )
    return result


def mul_vartime(scalars: bytes, a: Elements) -> Elements:
    """scalars[i] · a[i], for public values."""
    result = _new(len(a))
    lib.ps_ristretto255_mul_vartime(
        result.native, decoded(scalars, len(a)), a.native, len(a), BACKEND
    )
    return result


def mul_two_vartime(s: bytes, a: Elements, t: bytes, b: Elements) -> Elements:
    """s[i] · a[i] + t[i] · b[i], for public values."""
    _same(a, b)
    result = _new(len(a))
    lib.ps_ristretto255_mul_two_vartime(
        result.native,
        decoded(s, len(a)),
        a.native,
        decoded(t, len(a)),
        b.native,
        len(a),
        BACKEND,
    )
    return result


def msm(scalars: bytes, a: Elements) -> Elements:
    """The sum of scalars[i] · a[i]; the elements are public, the scalars secret.

    Raises:
        EncodingError: Not one scalar for each element.
    """
    return _msm(lib.ps_ristretto255_msm, scalars, a)


def msm_vartime(scalars: bytes, a: Elements) -> Elements:
    """The sum of scalars[i] · a[i], for public values."""
    return _msm(lib.ps_ristretto255_msm_vartime, scalars, a)


class Table:
    """Multiples of one base, for many multiplications of it.

    Args:
        element: An array of one.

    Raises:
        OutOfRange: More or fewer.
    """

    __slots__ = ("native",)

    def __init__(self, element: Elements) -> None:
        if len(element) != 1:
            raise OutOfRange(f"expected one element, found {len(element)}")
        self.native: Any = ffi.new("ps_ristretto255_table *")
        lib.ps_ristretto255_table_init(self.native, element.native, BACKEND)

    def mul(self, scalars: bytes) -> Elements:
        """scalars[i] · base.

        Raises:
            EncodingError: Not scalars.
        """
        found = decoded(scalars)
        result = _new(len(scalars) // 32)
        lib.ps_ristretto255_table_mul(
            result.native, found, len(result), self.native, BACKEND
        )
        return result


@cache
def base_table() -> Table:
    """Multiples of the generator."""
    return Table(base())


def _new(count: int) -> Elements:
    return Elements(ffi.new("ps_ristretto255[]", max(count, 1)), count)


def _same(a: Elements, b: Elements) -> None:
    if len(a) != len(b):
        raise OutOfRange(f"expected as many elements, found {len(a)} and {len(b)}")


def _each(function: Any, a: Elements, b: Elements) -> Elements:
    _same(a, b)
    result = _new(len(a))
    for i in range(len(a)):
        function(result.native + i, a.native + i, b.native + i)
    return result


def _msm(function: Any, scalars: bytes, a: Elements) -> Elements:
    result = _new(1)
    scratch = ffi.new("ps_limb[]", lib.ps_ristretto255_msm_limbs(len(a)))
    function(
        result.native, decoded(scalars, len(a)), a.native, len(a), BACKEND, scratch
    )
    return result
