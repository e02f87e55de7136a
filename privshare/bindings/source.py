"""What the C core was made from (`ps_config.h`).

>>> len(source_digest())
32
"""

from __future__ import annotations

from typing import cast

from privshare.bindings._convert import ffi, lib
from privshare.errors import NativeError

__all__ = ["source_digest"]


def source_digest() -> bytes:
    """SHA-256 of the sources that the core was built from, 32 bytes.

    The same on every machine and for every compiler, so that parties can
    compare what they run.

    Raises:
        NativeError: It was built by something that did not say.
    """
    said = cast(bytes, ffi.string(lib.ps_source_digest())).decode("ascii")
    try:
        return bytes.fromhex(said)
    except ValueError:
        raise NativeError(
            f"expected a core that says what it was made from, found {said!r}",
            fix="Build it with setup.py or pip.",
        ) from None
