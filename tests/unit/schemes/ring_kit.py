"""A ring of members with small secrets, and regulators, for tests."""

from __future__ import annotations

from functools import cache

from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_key import RingKey

MESSAGE = b"the road was paved twice"
SCOPE = b"complaints/2026"
CONTEXT = b"housing/officials"


def key(secret: int) -> RingKey:
    """The key of a small secret."""
    return RingKey.from_bytes(secret.to_bytes(32, "little"))


@cache
def members(count: int) -> tuple[RingKey, ...]:
    """Keys of so many members, in the order of the ring."""
    keys = [key(1000 + i) for i in range(count)]
    return tuple(sorted(keys, key=lambda one: one.public))


@cache
def ring(count: int) -> Ring:
    """Their ring."""
    return Ring([one.public for one in members(count)])


REGULATOR_KEYS = tuple(key(77 + i) for i in range(3))
REGULATORS = Regulators(2, [one.public for one in REGULATOR_KEYS])
