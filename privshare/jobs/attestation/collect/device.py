"""One ioctl on one device, and buffers whose addresses it can be told.

The way of collectors that talk to a driver. The call itself is an argument,
so that tests answer in the driver's place.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from privshare.jobs.attestation.collect.collector import absent

__all__ = ["Buffer", "Ioctl", "call"]

#: File descriptor, request number, address of the argument; 0 or an OSError.
Ioctl: TypeAlias = Callable[[int, int, int], int]


class Buffer:
    """Bytes at a fixed address, for as long as this object lives.

    Args:
        data: What it holds at first.
    """

    __slots__ = ("_bytes",)

    def __init__(self, data: bytes) -> None:
        self._bytes = ctypes.create_string_buffer(data, len(data))

    @property
    def address(self) -> int:
        """Where the bytes are."""
        return ctypes.addressof(self._bytes)

    def read(self, start: int = 0, length: int | None = None) -> bytes:
        """What the bytes are now."""
        end = None if length is None else start + length
        return self._bytes.raw[start:end]


def _system(handle: int, request: int, address: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    found: int = libc.ioctl(
        ctypes.c_int(handle), ctypes.c_ulong(request), ctypes.c_void_p(address)
    )
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return found


def call(
    device: Path, request: int, argument: Buffer, ioctl: Ioctl | None = None
) -> int:
    """Open a device, make one call, close it.

    Args:
        device: Its path.
        request: The number of the call.
        argument: Read and written by the driver.
        ioctl: Answers in the system's place.

    Returns:
        0, or the error number that the driver gave.

    Raises:
        Unavailable: No such device, or not for us (`collect.provider`).
    """
    try:
        handle = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "an error")
        absent("collect.provider", f"the device {device.name}", name)
    try:
        (ioctl or _system)(handle, request, argument.address)
    except OSError as error:
        return error.errno or errno.EIO
    finally:
        os.close(handle)
    return 0
