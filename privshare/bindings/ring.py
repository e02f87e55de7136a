"""Linkable ring signatures (`ps_ring.h`).

Bytes in, bytes out; what a signature is bound to, `schemes.ring_signature`
absorbs into the transcript before it calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from privshare.bindings._convert import (
    BACKEND,
    concat,
    expect_len,
    ffi,
    lib,
    out,
    raise_for,
    take,
)
from privshare.bindings.ristretto255 import base, base_table
from privshare.bindings.transcript import TranscriptCore
from privshare.errors import EncodingError, NotFound, SignatureInvalid

MIN_MEMBERS = int(lib.PS_RING_MIN)
MAX_MEMBERS = int(lib.PS_RING_MAX)

# Signer and verifier write it before they read it, and the signer wipes it.
_new_scratch = ffi.new_allocator(should_clear_after_alloc=False)


@cache
def _generator() -> Any:
    """The comb of the group's generator."""
    comb = ffi.new("ps_ristretto255_comb *")
    made = ffi.new("ps_ristretto255_comb *[1]", [comb])
    lib.ps_ristretto255_comb_init_vartime(made, base().native, 1, BACKEND)
    return comb


class ScopeCore:
    """A scope, by its base: an element that is derived by hashing.

    Args:
        name: Any bytes.

    Raises:
        OutOfRange: It hashes to the identity, which no known bytes do.

    Attributes:
        base: U, encoded, 32 bytes.
    """

    __slots__ = ("base", "native")

    def __init__(self, name: bytes) -> None:
        self.native: Any = ffi.new("ps_ring_scope *")
        raise_for(
            lib.ps_ring_scope_init(
                self.native, ffi.from_buffer(name), len(name), BACKEND
            ),
            "expected a scope that hashes to a base, found one that does not",
        )
        self.base = take(self.native.encoding)


@lru_cache(maxsize=64)
def scope_of(name: bytes) -> ScopeCore:
    """A scope, which many signatures may share."""
    return ScopeCore(name)


class RingCore:
    """Keys that were checked and decoded.

    Args:
        keys: `MIN_MEMBERS` to `MAX_MEMBERS`, ascending.

    Raises:
        OutOfRange: Fewer or more.
        EncodingError: A key is not canonical, or is the identity, or does not
            stand above the one before it; `detail` has the index.
    """

    __slots__ = ("count", "native")

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.count = len(keys)
        self.native: Any = ffi.new("ps_ring_member[]", max(1, self.count))
        bad = ffi.new("size_t *")
        status = lib.ps_ring_init(
            self.native, bad, concat(keys, 32, "a ring key"), self.count, BACKEND
        )
        if status == lib.PS_E_RANGE:
            raise_for(
                status,
                f"expected {MIN_MEMBERS} to {MAX_MEMBERS} keys, found {self.count}",
            )
        if status != lib.PS_OK:
            raise EncodingError(
                f"expected ascending keys of a ring, found key {bad[0]} to be none",
                detail={"index": int(bad[0])},
            )

    def sign(
        self,
        secret: bytes,
        scope: ScopeCore,
        transcript: TranscriptCore,
        rand: bytes,
    ) -> bytes:
        """Sign for the ring.

        Args:
            secret: 32 bytes, a canonical scalar.
            scope: Of the signature.
            transcript: With everything that is signed; it goes on.
            rand: 32 random bytes.

        Raises:
            NotFound: No key of the ring belongs to the secret.
            EncodingError: A length, or a secret that is not canonical.
        """
        expect_len(secret, 32, "a secret")
        expect_len(rand, 32, "randomness")
        length = lib.ps_ring_bytes(self.count)
        signature = out(length)
        status = lib.ps_ring_sign(
            signature,
            transcript.native,
            secret,
            rand,
            self.native,
            self.count,
            scope.native,
            base_table().native,
            BACKEND,
            _new_scratch("ps_ring_scratch *"),
        )
        raise_for(
            status,
            "expected the secret of a key in the ring, found another",
            verify=NotFound,
        )
        return take(signature)

    def verify(
        self,
        signature: bytes,
        tag: bytes,
        scope: ScopeCore,
        transcript: TranscriptCore,
    ) -> None:
        """Verify a signature and its tag.

        Args:
            signature: 32 bytes more than the ring's keys have.
            tag: 32 bytes.
            scope: Of the signature.
            transcript: With everything that was signed; it goes on.

        Raises:
            EncodingError: A length, a scalar or the tag.
            SignatureInvalid: It does not hold.
        """
        expect_len(signature, lib.ps_ring_bytes(self.count), "a ring signature")
        expect_len(tag, 32, "a tag")
        status = lib.ps_ring_verify(
            transcript.native,
            signature,
            tag,
            self.native,
            self.count,
            scope.native,
            _generator(),
            BACKEND,
            _new_scratch("ps_ring_scratch *"),
        )
        raise_for(
            status,
            "expected a signature by a member of the ring, found one that does not "
            "hold",
            verify=SignatureInvalid,
        )


def find(keys: bytes, key: bytes) -> int | None:
    """The place of a key among keys, comparing all of them, or None.

    Args:
        keys: 32 bytes each, one after the other; public.
        key: 32 bytes; a secret.
    """
    expect_len(key, 32, "a key")
    index = ffi.new("size_t *")
    found = lib.ps_ring_find(index, ffi.from_buffer(keys), len(keys) // 32, key)
    return int(index[0]) if found else None


def tag(secret: bytes, scope: ScopeCore) -> bytes:
    """The tag of a secret in a scope, 32 bytes.

    Raises:
        EncodingError: A length, or a secret that is not canonical.
        OutOfRange: The secret is 0.
    """
    expect_len(secret, 32, "a secret")
    encoding = out(32)
    raise_for(
        lib.ps_ring_tag(encoding, secret, scope.native, BACKEND),
        "expected a canonical secret above 0, found another",
    )
    return take(encoding)
