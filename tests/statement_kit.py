"""Keys from names, and rings of them, for everybody who tests statements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from privshare.bindings import scalar
from privshare.schemes.ring import Ring
from privshare.schemes.ring_key import RingKey


@lru_cache(maxsize=8192)
def ring_key(name: str) -> RingKey:
    """The key of this name: a member's, or a regulator's."""
    return RingKey.from_bytes(
        scalar.reduce_wide(hashlib.sha512(name.encode()).digest())
    )


def members(count: int, label: str = "member") -> list[RingKey]:
    """Keys of so many people, in the order of their public keys."""
    made = (ring_key(f"{label} {i}") for i in range(count))
    return sorted(made, key=lambda key: key.public)


def ring_of(keys: Iterable[RingKey]) -> Ring:
    """The ring of these people."""
    return Ring.of(key.public for key in keys)


def joined(keys: Iterable[RingKey]) -> bytes:
    """Public keys one after the other, as transactions carry them."""
    return b"".join(key.public for key in keys)
