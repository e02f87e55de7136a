"""What every binding needs: the library, its backend, and the two conversions.

Result codes and their meaning stand in `ps_status.h`; this is the one place
where Python turns them into exceptions.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from privshare._core import ffi, lib
from privshare.errors import (
    EncodingError,
    NativeError,
    OutOfRange,
    PrivShareError,
    VerificationError,
)

__all__ = [
    "BACKEND",
    "concat",
    "expect_len",
    "ffi",
    "lib",
    "out",
    "raise_for",
    "take",
    "wiped",
    "wiped_scratch",
]

PORTABLE = "PRIVSHARE_PORTABLE"
"""Environment variable, read at the import: "1" forces the portable C code,
"scalar" leaves out the vector code alone."""


def _choose() -> Any:
    wish = os.environ.get(PORTABLE)
    lib.ps_mpn_plain(int(wish == "1"))
    if wish in ("1", "scalar"):
        return lib.ps_backend_portable()
    return lib.ps_backend_best()


BACKEND: Any = _choose()
"""The code paths this process runs, chosen once when it starts."""

ERRORS: dict[int, type[PrivShareError]] = {
    lib.PS_E_RANGE: OutOfRange,
    lib.PS_E_ENCODING: EncodingError,
    lib.PS_E_VERIFY: VerificationError,
    lib.PS_E_KEY: OutOfRange,
}


def raise_for(
    status: int,
    message: str,
    **faces: type[PrivShareError],
) -> None:
    """Raise the error that a status stands for; return on PS_OK.

    Args:
        status: What a C call returned.
        message: What was expected, then what was found.
        **faces: A more telling error for one code: `verify`, `range`,
            `encoding` or `key`.

    Raises:
        PrivShareError: The one that `faces` or the common table names.
        NativeError: The code should not have come from this call.
    """
    if status == lib.PS_OK:
        return
    name = ffi.string(ffi.cast("ps_status", status)).removeprefix("PS_E_").lower()
    error = faces.get(name, ERRORS.get(status, NativeError))
    raise error(message)


def out(length: int) -> Any:
    """A zeroed buffer of `length` bytes for C to write into."""
    return ffi.new("uint8_t[]", length)


def take(buffer: Any, length: int | None = None) -> bytes:
    """The bytes that C wrote: the first `length`, or all."""
    return cast(bytes, ffi.buffer(buffer)[:length])


def expect_len(data: bytes, length: int, what: str) -> None:
    """Refuse bytes of another length.

    Raises:
        EncodingError: `data` is not `length` bytes long.
    """
    if len(data) != length:
        raise EncodingError(f"expected {what} of {length} bytes, found {len(data)}")


def concat(items: Iterable[bytes], length: int, what: str) -> bytes:
    """Join byte strings that all have the same length.

    Raises:
        EncodingError: One of them is not `length` bytes long.
    """
    parts = list(items)
    for part in parts:
        expect_len(part, length, what)
    return b"".join(parts)


@contextmanager
def wiped(length: int) -> Iterator[Any]:
    """A zeroed buffer of `length` bytes that is wiped at the end."""
    buffer = out(length)
    try:
        yield buffer
    finally:
        lib.ps_wipe(buffer, length)


@contextmanager
def wiped_scratch(limbs: int) -> Iterator[Any]:
    """Scratch of so many limbs for C, wiped at the end.

    The core wipes its scratch itself; this covers a call that never came back
    and costs a microsecond.
    """
    scratch = ffi.new("ps_limb[]", limbs)
    try:
        yield scratch
    finally:
        lib.ps_wipe(scratch, ffi.sizeof("ps_limb") * limbs)
