"""Sealed messages that stay sealed when quantum computers come.

As `sealing`, with a hybrid key: ML-KEM-768 and X25519 together. Who records a
message today and breaks one of the two later still cannot open it. For what
must stay secret for decades, such as shares of which all pieces pass through
one network.

    submitter    share ─► seal(recipient, ...) ─► aggregator ─► HybridKey.open

Implements HPKE (RFC 9180) in base mode with the KEM MLKEM768-X25519
(draft-ietf-hpke-pq; the combiner is that of X-Wing), HKDF-SHA256 and
ChaCha20-Poly1305, by `cryptography`. Purpose and associated data are bound as
HPKE's info.

>>> key = HybridKey.generate()
>>> sealed = seal(key.public_key, b"share 7", info=b"survey")
>>> key.open(sealed, info=b"survey")
b'share 7'
>>> len(sealed) - len(b"share 7") == OVERHEAD_BYTES
True
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)

try:
    from cryptography.hazmat.primitives.asymmetric import mlkem as _mlkem
except ImportError:  # an older package
    mlkem: Any = None
else:
    mlkem = _mlkem

from privshare.errors import ConfigError, EncodingError, VerificationError
from privshare.schemes.key_id import key_id
from privshare.schemes.secret import Secret
from privshare.wire import domain
from privshare.wire.digest import tagged

SEED_BYTES = 32
KEY_BYTES = 1184 + 32  # ML-KEM-768 encapsulation key, X25519 key
OVERHEAD_BYTES = 1088 + 32 + 16  # both encapsulations, tag

_MLKEM_BYTES = 1184
_P = 2**255 - 19


def available() -> bool:
    """Whether the installed `cryptography` has the hybrid KEM."""
    try:
        _suite()
        HybridKey(bytes(SEED_BYTES))
    except ConfigError:
        return False
    return True


def _suite() -> Any:
    try:
        return hpke.Suite(
            hpke.KEM.MLKEM768_X25519,
            hpke.KDF.HKDF_SHA256,
            hpke.AEAD.CHACHA20_POLY1305,
        )
    except (AttributeError, UnsupportedAlgorithm):
        raise _missing() from None


def _missing() -> ConfigError:
    return ConfigError(
        "expected a cryptography package with MLKEM768-X25519, found one without",
        fix="pip install --upgrade cryptography",
    )


@dataclass(frozen=True, slots=True)
class HybridPublicKey:
    """Whom a message is sealed for.

    Args:
        raw: `KEY_BYTES` bytes: the ML-KEM-768 key, then the X25519 key, both
            in canonical form.

    Raises:
        EncodingError: Another length or form.
        ConfigError: The installed `cryptography` has no ML-KEM.
    """

    raw: bytes = field(repr=False)
    _key: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = len(self.raw)
        if found != KEY_BYTES:
            raise EncodingError(
                f"expected a hybrid key of {KEY_BYTES} bytes, found {found}"
            )
        if int.from_bytes(self.raw[_MLKEM_BYTES:], "little") >= _P:
            raise EncodingError(
                "expected an X25519 key in canonical form, found another"
            )
        object.__setattr__(self, "_key", _public_key(self.raw))

    @property
    def kid(self) -> str:
        """The key's name."""
        return key_id("mlkem768-x25519", self.raw)


def _public_key(raw: bytes) -> Any:
    try:
        return hpke.MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_BYTES]),
            X25519PublicKey.from_public_bytes(raw[_MLKEM_BYTES:]),
        )
    except ValueError:
        raise EncodingError(
            "expected an ML-KEM-768 key in canonical form, found another"
        ) from None
    except (AttributeError, UnsupportedAlgorithm):
        raise _missing() from None


class HybridKey(Secret):
    """A hybrid private key. Made by `generate` or `from_seed`."""

    __slots__ = ("_key", "_seed", "public_key")

    public_key: HybridPublicKey
    """The public half."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise EncodingError(
                f"expected a seed of {SEED_BYTES} bytes, found {len(seed)}"
            )
        try:
            wide = hashlib.shake_256(seed).digest(96)
            lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(wide[:64])
            curve = X25519PrivateKey.from_private_bytes(wide[64:])
            self._key = hpke.MLKEM768X25519PrivateKey(lattice, curve)
        except (AttributeError, UnsupportedAlgorithm):
            raise _missing() from None
        self._seed = seed
        self.public_key = HybridPublicKey(
            lattice.public_key().public_bytes_raw()
            + curve.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls) -> HybridKey:
        """Draw a new key."""
        return cls(os.urandom(SEED_BYTES))

    @classmethod
    def from_seed(cls, seed: bytes) -> HybridKey:
        """The key of a 32-byte seed, expanded by SHAKE256 as X-Wing does.

        Raises:
            EncodingError: Another length.
        """
        return cls(seed)

    def seed(self) -> bytes:
        """The secret itself, 32 bytes, for `protect`."""
        return self._seed

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
            opened: bytes = _suite().decrypt(sealed, self._key, _info(info, aad))
        except (InvalidTag, ValueError):
            raise VerificationError(
                "sealed message does not open with this key for this purpose"
            ) from None
        return opened


def seal(
    recipient: HybridPublicKey, plaintext: bytes, info: bytes, aad: bytes = b""
) -> bytes:
    """Encrypt for one recipient.

    Args:
        recipient: Whose key opens it.
        plaintext: Any bytes.
        info: What the message is for; bound, not sent.
        aad: Further data that must be the same on opening; bound, not sent.

    Returns:
        Encapsulations and ciphertext: `OVERHEAD_BYTES` more than the
        plaintext. Differs each time.

    Raises:
        EncodingError: The recipient's X25519 key is of small order.

    Leaks:
        The length of the plaintext. The sender is not authenticated.
    """
    try:
        sealed: bytes = _suite().encrypt(plaintext, recipient._key, _info(info, aad))
    except ValueError:
        raise EncodingError(
            "expected an X25519 key that gives a shared secret, found one of small "
            "order"
        ) from None
    return sealed


def _info(info: bytes, aad: bytes) -> bytes:
    return tagged(domain.SEAL_HYBRID, info, aad)
