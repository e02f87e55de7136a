"""A second opinion on challenges: the transcript with `hashlib` alone.

The layout is written down once more from the page; nothing of the package takes
part. The other second opinions draw their challenges from here.

Implements docs/protocols/transcript.md.

>>> t = Steps("example/v1")
>>> t.absorb("message", b"hello")
>>> t.challenge("e", 8).hex()
'0a3a31ee3a71d7dd'
"""

from __future__ import annotations

import hashlib
from copy import copy
from typing import Self

_BEGIN, _ABSORB, _CHALLENGE = 0, 1, 2


class Steps:
    """All steps so far, as bytes."""

    def __init__(self, protocol: str) -> None:
        name = protocol.encode("ascii")
        self._bytes = _step(_BEGIN, "privshare/transcript/v1", len(name)) + name

    def absorb(self, label: str, data: bytes) -> None:
        """One part."""
        self._bytes += _step(_ABSORB, label, len(data)) + data

    def challenge(self, label: str, n: int) -> bytes:
        """The first n bytes of SHAKE128 of all steps, this one among them."""
        self._bytes += _step(_CHALLENGE, label, n)
        return hashlib.shake_128(self._bytes).digest(n)

    def fork(self) -> Self:
        """Other steps that begin with these."""
        return copy(self)


def _step(op: int, label: str, n: int) -> bytes:
    name = label.encode("ascii")
    return bytes([op, len(name)]) + name + n.to_bytes(8, "little")
