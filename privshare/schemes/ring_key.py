"""Keys over ristretto255: of members of a ring, and of regulators.

A member of a ring has a secret x and the public key P = x*G; a regulator who
may open escrows has the same kind of key. Both are registered on the ledger by
their public bytes.

>>> key = RingKey.from_bytes(bytes([7]) + bytes(31))
>>> key.public.hex()[:16]
'44f53520926ec81f'
>>> key
<RingKey (secret)>

Source: RFC 9496.
"""

from __future__ import annotations

import secrets

from privshare.bindings import ristretto255, scalar
from privshare.errors import EncodingError
from privshare.schemes.key_id import key_id
from privshare.schemes.secret import Secret

ALGORITHM = "ristretto255"
KEY_BYTES = 32

IDENTITY = bytes(KEY_BYTES)
"""How the identity is encoded, which is nobody's key."""


class RingKey(Secret):
    """A secret scalar x and its public key. Made by `generate` or `from_bytes`."""

    __slots__ = ("_secret", "public")

    public: bytes
    """x*G, 32 bytes, never the identity."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise EncodingError(
                f"expected a secret of {KEY_BYTES} bytes, found {len(secret)}"
            )
        scalar.check(secret)
        self._secret = secret
        self.public = ristretto255.base_table().mul(secret).encode()
        if self.public == IDENTITY:
            raise EncodingError("expected a secret above 0, found 0")

    @classmethod
    def generate(cls) -> RingKey:
        """Draw a new key."""
        return cls(scalar.reduce_wide(secrets.token_bytes(64)))

    @classmethod
    def from_bytes(cls, secret: bytes) -> RingKey:
        """Read what `to_bytes` wrote.

        Args:
            secret: 32 bytes: x, little-endian, 0 < x < the group's order.

        Raises:
            EncodingError: Another length, 0, or not below the order.
        """
        return cls(secret)

    def to_bytes(self) -> bytes:
        """The secret itself, 32 bytes, for `schemes.keys.protect`."""
        return self._secret

    @property
    def kid(self) -> str:
        """The public key's name on the ledger."""
        return key_id(ALGORITHM, self.public)


def check_public(public: bytes, what: str = "a public key") -> None:
    """Check that these bytes can be somebody's key.

    Raises:
        EncodingError: Another length, no canonical encoding, or the identity.
    """
    if len(public) != KEY_BYTES:
        raise EncodingError(
            f"expected {what} of {KEY_BYTES} bytes, found {len(public)}"
        )
    if public == IDENTITY:
        raise EncodingError(f"expected {what}, found the identity")
    try:
        ristretto255.decode(public)
    except EncodingError:
        raise EncodingError(
            f"expected {what} in canonical encoding, found other bytes"
        ) from None
