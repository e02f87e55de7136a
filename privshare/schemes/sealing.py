"""Sealed messages: encrypted for one recipient, opened by one key.

How a record reaches its reader: no node on the way can open it.

    owner     row ─► seal(recipient, ...) ─► consumer ─► SealKey.open ─► row

Implements HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256),
HKDF-SHA256, ChaCha20-Poly1305, by `cryptography`. Purpose and associated data
are bound as HPKE's info.

>>> key = SealKey.generate()
>>> sealed = seal(key.public_key, b"row 7", info=b"disclosure")
>>> key.open(sealed, info=b"disclosure")
b'row 7'
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from privshare.errors import EncodingError, VerificationError
from privshare.schemes.key_id import key_id
from privshare.schemes.secret import Secret
from privshare.wire import domain
from privshare.wire.digest import tagged

KEY_BYTES = 32
OVERHEAD_BYTES = 48  # encapsulated key and tag

_P = 2**255 - 19
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True)
class SealPublicKey:
    """An X25519 public key: whom a message is sealed for.

    Args:
        raw: 32 bytes, the canonical encoding of u < 2^255 - 19.

    Raises:
        EncodingError: Another length or a larger u.
    """

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != KEY_BYTES or int.from_bytes(self.raw, "little") >= _P:
            raise EncodingError(
                f"expected an X25519 key of {KEY_BYTES} bytes in canonical form, "
                f"found another {len(self.raw)} bytes"
            )

    @property
    def kid(self) -> str:
        """The key's name on the ledger."""
        return key_id("x25519", self.raw)


class SealKey(Secret):
    """An X25519 private key. Made by `generate` or `from_seed`."""

    __slots__ = ("_key", "public_key")

    public_key: SealPublicKey
    """The public half."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            raise EncodingError(
                f"expected a seed of {KEY_BYTES} bytes, found {len(seed)}"
            )
        self._key = X25519PrivateKey.from_private_bytes(seed)
        self.public_key = SealPublicKey(self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> SealKey:
        """Draw a new key."""
        return cls(os.urandom(KEY_BYTES))

    @classmethod
    def from_seed(cls, seed: bytes) -> SealKey:
        """The key of a 32-byte seed (the scalar before clamping, RFC 7748).

        Raises:
            EncodingError: Another length.
        """
        return cls(seed)

    def seed(self) -> bytes:
        """The secret itself, 32 bytes, for `protect`."""
        return self._key.private_bytes_raw()

    def open(self, sealed: bytes, info: bytes, aad: bytes = b"") -> bytes:
        """Open what `seal` made for this key.

        Args:
            sealed: From `seal`.
            info: The same bytes as when sealing.
            aad: The same bytes as when sealing.

        Raises:
            VerificationError: Another key, other info or associated data, or
                altered bytes; which of them is not told.
        """
        try:
            return _SUITE.decrypt(sealed, self._key, _hpke_info(info, aad))
        except (InvalidTag, ValueError):
            raise VerificationError(
                "sealed message does not open with this key for this purpose"
            ) from None


def seal(
    recipient: SealPublicKey, plaintext: bytes, info: bytes, aad: bytes = b""
) -> bytes:
    """Encrypt for one recipient.

    Args:
        recipient: Whose key opens it.
        plaintext: Any bytes.
        info: What the message is for; bound, not sent.
        aad: Further data that must be the same on opening; bound, not sent.

    Returns:
        32 bytes of encapsulated key, then the ciphertext: `OVERHEAD_BYTES`
        more than the plaintext. Differs each time.

    Raises:
        EncodingError: The recipient's key is of small order.

    Source:
        RFC 9180, section 6.1, mode_base, with
        info = tagged(SEAL, info, aad) and an empty aad of its own.

    Leaks:
        The length of the plaintext. The sender is not authenticated: sign
        what must have an author.
    """
    key = X25519PublicKey.from_public_bytes(recipient.raw)
    try:
        return _SUITE.encrypt(plaintext, key, _hpke_info(info, aad))
    except ValueError:  # the shared secret came out as zero
        raise EncodingError(
            "expected an X25519 key that gives a shared secret, found one of small "
            "order"
        ) from None


def _hpke_info(info: bytes, aad: bytes) -> bytes:
    return tagged(domain.SEAL, info, aad)
