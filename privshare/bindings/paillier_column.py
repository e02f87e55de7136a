"""Arrays of Paillier ciphertexts (`ps_paillier_column.h`).

What anybody can do with a column: an array is bytes, its ciphertexts one after
the other, and each function is one call to C, during which other Python threads
run. Nothing here is secret but the plaintexts of `add_plain`.

Every function refuses what is no ciphertext under the key, and the error says
where: `error.detail["index"]` counts from 0. Memory beside the arrays is 2 MB a
call, whatever their length.

Arrays of integers are sequences of `int`, or anything that offers its memory as
integers, such as a numpy array. No import of numpy is needed.

>>> from privshare.bindings.paillier import PublicCore
>>> key = PublicCore.unsafe_any_size(126869)
>>> three = key.encrypt(3, 74384)
>>> dot(key, three + three, [10, -8]) == multiply(key, three, [2])
True
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from privshare.bindings._convert import BACKEND, ffi, lib, out
from privshare.errors import EncodingError, NativeError, OutOfRange, VerificationError

if TYPE_CHECKING:
    # Its methods for single ciphertexts call the functions here.
    from privshare.bindings.paillier import PublicCore

__all__ = [
    "MAX_EXPONENT_BYTES",
    "MAX_GROUPS",
    "Bytes",
    "Integers",
    "add",
    "add_plain",
    "check",
    "dot",
    "multiply",
    "negate",
    "power_vartime",
    "sum_groups",
]

Bytes: TypeAlias = bytes | bytearray | memoryview
Integers: TypeAlias = Sequence[int] | Any
"""Python integers, or an object with the buffer protocol such as
`numpy.ndarray` of an integer type."""

MAX_EXPONENT_BYTES = int(lib.PS_PAILLIER_COLUMN_EXPONENT)
MAX_GROUPS = int(lib.PS_PAILLIER_COLUMN_GROUPS)

_WORD = 64
_NONE = (1 << 64) - 1

# The core wants scratch uninitialised and leaves nothing secret there: zeroing
# and wiping 2 MB would cost more than many calls.
_new_scratch = ffi.new_allocator(should_clear_after_alloc=False)


def _view(data: Bytes, size: int, what: str) -> tuple[Any, int]:
    """Memory for C, and how many items of `size` bytes it holds."""
    view = ffi.from_buffer("uint8_t[]", data)
    if len(view) % size:
        raise EncodingError(
            f"expected {what} of {size} bytes each, found {len(view)} bytes"
        )
    return view, len(view) // size


def _expect(found: int, count: int, what: str) -> None:
    if found != count:
        raise EncodingError(
            f"expected {count} {what}, one for each ciphertext, found {found}"
        )


def _call(
    function: Callable[..., int],
    results: int,
    core: PublicCore,
    *arguments: Any,
    wrong: str = "a number in range",
    count: int = 0,
) -> bytes:
    """Run one call with output, position and scratch, and judge its status.

    C writes into the bytes that are returned, before anybody else has them: a
    copy would cost as much as an addition, most of it in page faults.
    """
    result = bytes(results * core.ciphertext_bytes)
    c = ffi.from_buffer("uint8_t[]", result)
    bad = ffi.new("size_t *", _NONE)
    scratch = _new_scratch("ps_limb[]", lib.PS_PAILLIER_COLUMN_LIMBS)
    status = function(c, bad, *arguments, core._native, BACKEND, scratch)
    _judge(status, int(bad[0]), count, wrong)
    return result


def _judge(status: int, bad: int, count: int, wrong: str) -> None:
    """Raise for an element, or return on PS_OK.

    Args:
        status: What C returned.
        bad: The position.
        count: Elements of the first array when there is a second; else 0.
        wrong: What an element out of range was expected to be.
    """
    if status == lib.PS_OK:
        return
    second = 0 < count <= bad
    index = bad - count if second else bad
    where = f"position {index}" + (" of the second array" if second else "")
    detail = {"index": index, "array": 1 if second else 0}
    if status == lib.PS_E_VERIFY:
        raise VerificationError(
            "expected ciphertexts under this key, units below n^2, found another "
            f"at {where}",
            fix="Leave that element out, or ask for it again from whoever sent it.",
            detail=detail,
        )
    if status == lib.PS_E_RANGE and bad != _NONE:
        raise OutOfRange(f"expected {wrong}, found another at {where}", detail=detail)
    raise NativeError(f"expected a call within its contract, found status {status}")


def check(core: PublicCore, cs: Bytes) -> None:
    """Check that bytes are ciphertexts: 0 < c < n² and gcd(c, n) = 1.

    Raises:
        EncodingError: Not a whole number of ciphertexts.
        VerificationError: One is none; its position is in `detail`.
    """
    view, count = _view(cs, core.ciphertext_bytes, "ciphertexts")
    bad = ffi.new("size_t *", _NONE)
    scratch = _new_scratch("ps_limb[]", lib.PS_PAILLIER_COLUMN_LIMBS)
    status = lib.ps_paillier_column_check_vartime(
        bad, view, count, core._native, BACKEND, scratch
    )
    _judge(status, int(bad[0]), 0, "")


def add(core: PublicCore, a: Bytes, b: Bytes) -> bytes:
    """Add two arrays element by element: a[i] · b[i] mod n².

    Raises:
        EncodingError: The lengths differ, or are not whole ciphertexts.
        VerificationError: An element is no ciphertext; `detail` has its
            position, and its array: 0 for a, 1 for b.
    """
    left, count = _view(a, core.ciphertext_bytes, "ciphertexts")
    right, others = _view(b, core.ciphertext_bytes, "ciphertexts")
    _expect(others, count, "ciphertexts to add")
    return _call(
        lib.ps_paillier_column_add_vartime,
        count,
        core,
        left,
        right,
        count,
        count=count,
    )


def add_plain(core: PublicCore, cs: Bytes, ms: Bytes) -> bytes:
    """Add plaintexts: c[i] · (1 + m[i]·n) mod n².

    Args:
        cs: The ciphertexts.
        ms: As many numbers in [0, n), `core.n_bytes` big-endian bytes each.

    Raises:
        EncodingError: A length that does not fit.
        OutOfRange: An m that is n or above; its position is in `detail`.
        VerificationError: An element is no ciphertext.

    Leaks:
        Whoever sees both ciphertexts can compute m; rerandomise to hide it.
        Time and addresses do not depend on m.
    """
    view, count = _view(cs, core.ciphertext_bytes, "ciphertexts")
    numbers, others = _view(ms, core.n_bytes, "numbers")
    _expect(others, count, "numbers to add")
    return _call(
        lib.ps_paillier_column_add_plain,
        count,
        core,
        view,
        numbers,
        count,
        wrong="numbers in [0, n)",
    )


def negate(core: PublicCore, cs: Bytes) -> bytes:
    """Negate an array: c[i]⁻¹ mod n², many elements for one inversion.

    Raises:
        EncodingError: Not a whole number of ciphertexts.
        VerificationError: An element is no ciphertext.
    """
    view, count = _view(cs, core.ciphertext_bytes, "ciphertexts")
    return _call(lib.ps_paillier_column_negate_vartime, count, core, view, count)


def multiply(core: PublicCore, cs: Bytes, ks: Integers) -> bytes:
    """Multiply by public integers element by element: c[i]^k[i] mod n².

    Args:
        cs: The ciphertexts.
        ks: As many integers of either sign with |k| < n. Below 2^64 is much
            faster, and time grows with the bits of the largest.

    Raises:
        EncodingError: A length that does not fit.
        OutOfRange: Something that is no integer, or |k| >= n.
        VerificationError: An element is no ciphertext.

    Leaks:
        Time and addresses depend on the integers. They are public.
    """
    view, count = _view(cs, core.ciphertext_bytes, "ciphertexts")
    scalars = _scalars(ks)
    if scalars is None:
        return _multiply_long(core, cs, count, ks)
    k, negative = scalars
    _expect(len(k), count, "integers")
    return _call(
        lib.ps_paillier_column_multiply_vartime, count, core, view, k, negative, count
    )


def power_vartime(
    core: PublicCore, cs: Bytes, exponents: Bytes, exponent_bytes: int
) -> bytes:
    """Raise to public powers: c[i]^e[i] mod n².

    Args:
        cs: The ciphertexts.
        exponents: As many numbers of `exponent_bytes` big-endian bytes.
        exponent_bytes: 1 to `MAX_EXPONENT_BYTES`.

    Raises:
        EncodingError: A length that does not fit.
        OutOfRange: `exponent_bytes` outside its interval.
        VerificationError: An element is no ciphertext.

    Leaks:
        Time and addresses depend on the exponents. They are public.
    """
    if not 1 <= exponent_bytes <= MAX_EXPONENT_BYTES:
        raise OutOfRange(
            f"expected exponents of 1 to {MAX_EXPONENT_BYTES} bytes, "
            f"found {exponent_bytes}"
        )
    view, count = _view(cs, core.ciphertext_bytes, "ciphertexts")
    e, others = _view(exponents, exponent_bytes, "exponents")
    _expect(others, count, "exponents")
    return _call(
        lib.ps_paillier_column_power_vartime,
        count,
        core,
        view,
        e,
        exponent_bytes,
        count,
    )


def dot(core: PublicCore, cs: Bytes, ks: Integers) -> bytes:
    """The ciphertext of Σ k[i]·m[i]: the product of c[i]^k[i] mod n².

    Pippenger's buckets: far less than multiplying each and adding up.

    Args:
        cs: The ciphertexts; without any, the result is 1, which encrypts 0.
        ks: As for `multiply`.

    Raises:
        EncodingError: A length that does not fit.
        OutOfRange: Something that is no integer, or |k| >= n.
        VerificationError: An element is no ciphertext.

    Leaks:
        Time and addresses depend on the integers. They are public.
    """
    view, count = _view(cs, core.ciphertext_bytes, "ciphertexts")
    scalars = _scalars(ks)
    if scalars is None:
        return _dot_long(core, cs, count, ks)
    k, negative = scalars
    _expect(len(k), count, "integers")
    return _call(lib.ps_paillier_column_dot_vartime, 1, core, view, k, negative, count)


def sum_groups(core: PublicCore, cs: Bytes, groups: Bytes, n_groups: int) -> bytes:
    """Add up by groups.

    Args:
        cs: The ciphertexts.
        groups: The group of each, as 4 bytes, little-endian (`uint32`).
        n_groups: How many groups there are, 1 to `MAX_GROUPS`.

    Returns:
        One ciphertext a group. That of a group without elements is 1, which
        encrypts 0 and shows that it does.

    Raises:
        EncodingError: A length that does not fit.
        OutOfRange: A group that is not below `n_groups`, at the position in
            `detail`; or `n_groups` outside its interval.
        VerificationError: An element is no ciphertext.
    """
    if not 1 <= n_groups <= MAX_GROUPS:
        raise OutOfRange(f"expected 1 to {MAX_GROUPS} groups, found {n_groups}")
    view, count = _view(cs, core.ciphertext_bytes, "ciphertexts")
    group, others = _view(groups, 4, "groups")
    _expect(others, count, "groups")
    return _call(
        lib.ps_paillier_column_sum_groups_vartime,
        n_groups,
        core,
        view,
        group,
        count,
        n_groups,
        wrong=f"groups below {n_groups}",
    )


# Integers, as C wants them


def _scalars(ks: Integers) -> tuple[Any, Any] | None:
    """Magnitudes and signs, NULL for no signs; None when one has > 64 bits."""
    try:
        view = memoryview(cast(bytes, ks))
    except TypeError:
        return _from_integers(ks)
    if view.ndim != 1:
        raise OutOfRange(f"expected one row of integers, found {view.ndim} dimensions")
    kind = view.format.lstrip("@=")
    if view.itemsize == 8 and kind in ("l", "q"):
        return _signed(view)
    if view.itemsize == 8 and kind in ("L", "Q"):
        return _unsigned(view.tobytes()), ffi.NULL
    if kind in ("b", "B", "h", "H", "i", "I", "l", "L", "?"):
        return _from_integers(view.tolist())
    raise OutOfRange(
        f"expected integers, found an array of the type {view.format!r}",
        fix="Give integers of at most 64 bits in the order of this machine.",
    )


def _unsigned(data: bytes) -> Any:
    words = ffi.new("uint64_t[]", len(data) // 8)
    ffi.memmove(words, data, len(data))
    return words


def _signed(view: memoryview | array[int]) -> tuple[Any, Any]:
    data = view.tobytes()
    count = len(data) // 8
    magnitudes, negative = ffi.new("uint64_t[]", count), out(count)
    lib.ps_paillier_column_signs(magnitudes, negative, data, count)
    return magnitudes, negative


def _from_integers(ks: Sequence[int]) -> tuple[Any, Any] | None:
    try:
        return _signed(array("q", ks))
    except OverflowError:
        pass
    except TypeError:
        raise OutOfRange(
            "expected integers, found something else",
            fix="Scale numbers with a fraction first, so that the scale is public.",
        ) from None
    try:
        magnitudes = array("Q", map(abs, ks))
    except OverflowError:
        return None
    return _unsigned(magnitudes.tobytes()), bytes(k < 0 for k in ks)


# Integers above 64 bits


def _long(core: PublicCore, count: int, ks: Sequence[int]) -> list[int]:
    """The magnitudes, each below n."""
    magnitudes = list(map(abs, ks))
    _expect(len(magnitudes), count, "integers")
    for index, magnitude in enumerate(magnitudes):
        if magnitude >= core.n:
            raise OutOfRange(
                f"expected integers with |k| < n, found a larger one at position "
                f"{index}",
                detail={"index": index},
            )
    return magnitudes


def _multiply_long(core: PublicCore, cs: Bytes, count: int, ks: Sequence[int]) -> bytes:
    magnitudes = _long(core, count, ks)
    size = max(magnitude.bit_length() + 7 for magnitude in magnitudes) // 8
    exponents = b"".join(magnitude.to_bytes(size, "big") for magnitude in magnitudes)
    powers = core.split(power_vartime(core, cs, exponents, size))
    where = [index for index, k in enumerate(ks) if k < 0]
    negated = core.split(negate(core, b"".join(powers[index] for index in where)))
    for index, power in zip(where, negated, strict=True):
        powers[index] = power
    return b"".join(powers)


def _dot_long(core: PublicCore, cs: Bytes, count: int, ks: Sequence[int]) -> bytes:
    """Horner's rule over words of 64 bits, highest first."""
    magnitudes = _long(core, count, ks)
    signs = [-1 if k < 0 else 1 for k in ks]
    words = (max(magnitudes).bit_length() + _WORD - 1) // _WORD
    shift = (1 << _WORD).to_bytes(_WORD // 8 + 1, "big")
    total = b""
    for word in reversed(range(words)):
        part = [
            sign * (magnitude >> (_WORD * word) & _NONE)
            for sign, magnitude in zip(signs, magnitudes, strict=True)
        ]
        product = dot(core, cs, part)
        if total:
            product = add(core, power_vartime(core, total, shift, len(shift)), product)
        total = product
    return total
