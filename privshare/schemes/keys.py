"""Keys: who signed, and for whom something is sealed.

Where envelopes and notes get their truth: `wire` lays bytes out, this module
says whether a key signed them. Sealed messages (`sealing`) and keys at rest
(`key_file`) have modules of their own; their names stand here too, so that a
caller asks one place for keys.

    owner     statement ─► sign_envelope ─► Envelope ─► node
    node      Envelope ─► verify_envelope(env, resolve) ─► payload ─► statement

Signatures are Ed25519 (RFC 8032), by `cryptography`, under one rule held
everywhere: the key is a canonical encoding and not of small order, S is below
the group order, and the equation without cofactor, [S]B = R + [k]A, holds
with R compared as bytes.

>>> key = SigningKey.from_seed(bytes(32))
>>> envelope = sign_envelope("text/plain", b"hello", [key])
>>> verify_envelope(envelope, {key.verify_key.kid: key.verify_key}.__getitem__)
b'hello'
>>> key
<SigningKey (secret)>
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from privshare.errors import EncodingError, SignatureInvalid
from privshare.schemes.key_file import protect, unprotect
from privshare.schemes.key_id import key_id, paillier_kid
from privshare.schemes.sealing import SealKey, SealPublicKey, seal
from privshare.schemes.secret import Secret
from privshare.wire.envelope import Envelope, Signature, pae

__all__ = [
    "KEY_BYTES",
    "SIGNATURE_BYTES",
    "SealKey",
    "SealPublicKey",
    "SigningKey",
    "VerifyKey",
    "key_id",
    "paillier_kid",
    "protect",
    "seal",
    "sign_envelope",
    "unprotect",
    "verify_envelope",
]

KEY_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19

# The y coordinates of the eight points whose order divides 8. On the curve
# -x^2 + y^2 = 1 + d x^2 y^2, order 1 and 2 have x = 0, so y = 1, -1; order 4
# has y = 0; a point of order 8 doubles to y = 0, so x^2 = -y^2 and
# d y^4 + 2 y^2 = 1, whose roots are these two. Recomputed in
# tests/unit/schemes/test_keys.py.
_Y8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER_Y = frozenset((0, 1, _P - 1, _Y8, _P - _Y8))


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """An Ed25519 public key.

    Args:
        raw: 32 bytes, the canonical encoding of a point not of small order.
            An encoding that is no point at all is accepted and verifies
            nothing.

    Raises:
        EncodingError: Another length, y >= 2^255 - 19, or small order.

    Source:
        RFC 8032, section 5.1.3.
    """

    raw: bytes
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.raw) != KEY_BYTES:
            raise EncodingError(
                f"expected an Ed25519 key of {KEY_BYTES} bytes, found {len(self.raw)}"
            )
        y = int.from_bytes(self.raw, "little") & ((1 << 255) - 1)
        if y >= _P or y in _SMALL_ORDER_Y:
            raise EncodingError(
                "expected an Ed25519 key in canonical form and not of small order, "
                "found another"
            )
        object.__setattr__(self, "_key", Ed25519PublicKey.from_public_bytes(self.raw))

    @property
    def kid(self) -> str:
        """The key's name in envelopes and on the ledger."""
        return key_id("ed25519", self.raw)

    def verify(self, sig: bytes, data: bytes) -> None:
        """Check a signature over `data`.

        Args:
            sig: 64 bytes, R || S.
            data: The exact bytes that were signed.

        Raises:
            SignatureInvalid: It does not verify under this key.

        Source:
            RFC 8032, section 5.1.7, in the variant without cofactor.
        """
        try:
            self._key.verify(sig, data)
        except InvalidSignature:
            raise SignatureInvalid(
                f"expected a signature by key {self.kid}, found one that does not "
                "verify"
            ) from None


class SigningKey(Secret):
    """An Ed25519 private key. Made by `generate` or `from_seed`."""

    __slots__ = ("_key", "verify_key")

    verify_key: VerifyKey
    """The public half."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            raise EncodingError(
                f"expected a seed of {KEY_BYTES} bytes, found {len(seed)}"
            )
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verify_key = VerifyKey(self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> SigningKey:
        """Draw a new key."""
        return cls(os.urandom(KEY_BYTES))

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """The key of a 32-byte seed (RFC 8032's private key).

        Raises:
            EncodingError: Another length.
        """
        return cls(seed)

    def seed(self) -> bytes:
        """The secret itself, 32 bytes, for `protect`."""
        return self._key.private_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """Sign bytes: 64 bytes R || S, always the same for the same data."""
        return self._key.sign(data)


def sign_envelope(
    payload_type: str, payload: bytes, keys: Sequence[SigningKey]
) -> Envelope:
    """Sign a payload with each of the keys.

    Args:
        payload_type: What the bytes are: `wire.envelope.media_type(name)`.
        payload: The exact bytes, canonical for statements.
        keys: One to eight different keys, in any order.

    Raises:
        EncodingError: No key, more than eight, or one key twice.
    """
    message = pae(payload_type, payload)
    signatures = [Signature(key.verify_key.kid, key.sign(message)) for key in keys]
    signatures.sort(key=lambda signature: signature.keyid)
    return Envelope(payload_type, payload, tuple(signatures))


def verify_envelope(env: Envelope, resolve: Callable[[str], VerifyKey]) -> bytes:
    """Check every signature of an envelope.

    Args:
        env: From `wire.envelope.decode`.
        resolve: Finds the key of a kid, and raises where it does not know or
            not trust it; what it raises is passed on.

    Returns:
        The payload, signed by every key that the envelope names.

    Raises:
        SignatureInvalid: A signature does not verify, or the key found has
            another kid than the one asked for.
    """
    message = pae(env.payload_type, env.payload)
    for signature in env.signatures:
        key = resolve(signature.keyid)
        if key.kid != signature.keyid:
            raise SignatureInvalid(
                f"expected key {signature.keyid}, found key {key.kid}"
            )
        key.verify(signature.sig, message)
    return env.payload
