"""SHA-256, SHA-512, SHA3-256, SHA3-512, SHAKE128 and SHAKE256 (`ps_hash.h`).

Source: FIPS 180-4, FIPS 202.

>>> sha256(b"abc").hex()[:16]
'ba7816bf8f01cfea'
"""

from __future__ import annotations

from typing import Any, cast

from privshare.bindings._convert import BACKEND, ffi, lib, out, take


def backend_name() -> str:
    """The code that runs here: "avx512-ifma", "sha-ni" or "portable"."""
    return cast(bytes, ffi.string(lib.ps_backend_name(BACKEND))).decode("ascii")


def sha256(data: bytes) -> bytes:
    """SHA-256 of `data`, 32 bytes."""
    digest = out(32)
    lib.ps_sha256_digest(digest, ffi.from_buffer(data), len(data), BACKEND)
    return take(digest)


def sha512(data: bytes) -> bytes:
    """SHA-512 of `data`, 64 bytes."""
    digest = out(64)
    lib.ps_sha512_digest(digest, ffi.from_buffer(data), len(data))
    return take(digest)


def sha3_256(data: bytes) -> bytes:
    """SHA3-256 of `data`, 32 bytes."""
    digest = out(32)
    lib.ps_sha3_256_digest(digest, ffi.from_buffer(data), len(data))
    return take(digest)


def sha3_512(data: bytes) -> bytes:
    """SHA3-512 of `data`, 64 bytes."""
    digest = out(64)
    lib.ps_sha3_512_digest(digest, ffi.from_buffer(data), len(data))
    return take(digest)


def shake128(data: bytes, n: int) -> bytes:
    """The first `n` bytes of the SHAKE128 stream of `data`."""
    stream = out(n)
    lib.ps_shake128_digest(stream, n, ffi.from_buffer(data), len(data))
    return take(stream)


def shake256(data: bytes, n: int) -> bytes:
    """The first `n` bytes of the SHAKE256 stream of `data`."""
    stream = out(n)
    lib.ps_shake256_digest(stream, n, ffi.from_buffer(data), len(data))
    return take(stream)


class Sha256:
    """A SHA-256 stream.

    `digest` answers for what was absorbed so far and leaves the stream open.
    """

    __slots__ = ("_ctx",)

    def __init__(self, data: bytes = b"") -> None:
        self._ctx: Any = ffi.new("ps_sha256 *")
        lib.ps_sha256_init(self._ctx, BACKEND)
        self.update(data)

    def update(self, data: bytes) -> None:
        """Absorb bytes."""
        lib.ps_sha256_update(self._ctx, ffi.from_buffer(data), len(data))

    def copy(self) -> Sha256:
        """A second stream that goes on from here."""
        twin = Sha256()
        twin._ctx[0] = self._ctx[0]
        return twin

    def digest(self) -> bytes:
        """SHA-256 of everything absorbed so far, 32 bytes."""
        digest = out(32)
        lib.ps_sha256_final(digest, self.copy()._ctx)
        return take(digest)
