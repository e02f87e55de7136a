"""Whom something is sealed to: one name for either kind of key.

`mlkem768-x25519` is the default: who records today what is sealed, such as all
pieces of a secret, must not read it when X25519 falls. `x25519` is for those
whose `cryptography` has no ML-KEM.

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

__all__ = [
    "LENGTHS",
    "MAX_OVERHEAD",
    "SUITES",
    "Opener",
    "Recipient",
    "new_key",
    "recipient_of",
    "suite_of",
]

HYBRID: Final = "mlkem768-x25519"
PLAIN: Final = "x25519"

#: Suite to the bytes that sealing adds.
SUITES: Final[dict[str, int]] = {
    HYBRID: hybrid_sealing.OVERHEAD_BYTES,
    PLAIN: sealing.OVERHEAD_BYTES,
}

#: Suite to the bytes of a public key; no two have as many.
LENGTHS: Final[dict[str, int]] = {
    HYBRID: hybrid_sealing.KEY_BYTES,
    PLAIN: sealing.KEY_BYTES,
}
#: The most that sealing adds.
MAX_OVERHEAD: Final = max(SUITES.values())

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

    @classmethod
    def of_bytes(cls, raw: bytes) -> Recipient:
        """The key of so many bytes: the length tells its suite.

        Raises:
            EncodingError: No key of any suite.
            ConfigError: A hybrid key, and the installed `cryptography` has no
                ML-KEM.
        """
        return cls(suite_of(raw), raw)

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


def suite_of(raw: bytes) -> str:
    """The suite of a public key, which its length tells; the key is not looked at.

    Raises:
        EncodingError: No key of any suite has as many bytes.
    """
    for suite, length in LENGTHS.items():
        if len(raw) == length:
            return suite
    wanted = " or ".join(str(length) for length in LENGTHS.values())
    raise EncodingError(f"expected a sealing key of {wanted} bytes, found {len(raw)}")


def recipient_of(opener: Opener) -> Recipient:
    """The public half of a key."""
    suite = HYBRID if isinstance(opener, HybridKey) else PLAIN
    return Recipient(suite, opener.public_key.raw)


def new_key() -> Opener:
    """Draw a key: a hybrid one where the installed `cryptography` has it."""
    return HybridKey.generate() if hybrid_sealing.available() else SealKey.generate()
