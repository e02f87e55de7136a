"""Whom shares are sealed to: one name for either kind of key.

`mlkem768-x25519` is the default: who records all shares of a report today must
not rebuild the answer when X25519 falls. `x25519` is for submitters whose
`cryptography` has no ML-KEM.

>>> from privshare.schemes.sealing import SealKey
>>> key = SealKey.generate()
>>> to = Recipient("x25519", key.public_key.raw)
>>> key.open(to.seal(b"share", b"info", b"aad"), b"info", b"aad")
b'share'
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from privshare.errors import EncodingError
from privshare.schemes import hybrid_sealing, sealing
from privshare.schemes.hybrid_sealing import HybridKey, HybridPublicKey
from privshare.schemes.sealing import SealKey, SealPublicKey
from privshare.wire.canonical import Fields, Json, b64u

__all__ = ["SUITES", "Opener", "Recipient", "recipient_of"]

HYBRID: Final = "mlkem768-x25519"
PLAIN: Final = "x25519"

#: Suite to the bytes that sealing adds.
SUITES: Final[dict[str, int]] = {
    HYBRID: hybrid_sealing.OVERHEAD_BYTES,
    PLAIN: sealing.OVERHEAD_BYTES,
}

#: What opens: the private half of either kind.
Opener = SealKey | HybridKey


@dataclass(frozen=True, slots=True)
class Recipient:
    """A public key and its suite.

    Args:
        suite: One of `SUITES`.
        raw: The key's bytes.

    Raises:
        EncodingError: Another suite, or no key of it.
    """

    suite: str
    raw: bytes = field(repr=False)
    _key: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.suite == HYBRID:
            key: Any = HybridPublicKey(self.raw)
        elif self.suite == PLAIN:
            key = SealPublicKey(self.raw)
        else:
            raise EncodingError(
                f"seal: expected a suite of {', '.join(SUITES)}, found another"
            )
        object.__setattr__(self, "_key", key)

    @property
    def overhead(self) -> int:
        """Bytes that sealing adds."""
        return SUITES[self.suite]

    def seal(self, plaintext: bytes, info: bytes, aad: bytes) -> bytes:
        """Encrypt for the holder of the key."""
        if isinstance(self._key, HybridPublicKey):
            return hybrid_sealing.seal(self._key, plaintext, info, aad)
        return sealing.seal(self._key, plaintext, info, aad)

    def matches(self, opener: Opener) -> bool:
        """Whether it is the public half of a key."""
        return recipient_of(opener) == self

    def to_json(self) -> dict[str, Json]:
        """Lay it out."""
        return {"key": b64u(self.raw), "suite": self.suite}

    @classmethod
    def read(cls, fields: Fields) -> Recipient:
        """Read one that stands in another document."""
        found = cls(
            fields.str("suite", max=32),
            fields.bytes("key", max=hybrid_sealing.KEY_BYTES),
        )
        fields.end()
        return found


def recipient_of(opener: Opener) -> Recipient:
    """The public half of a key."""
    suite = HYBRID if isinstance(opener, HybridKey) else PLAIN
    return Recipient(suite, opener.public_key.raw)
