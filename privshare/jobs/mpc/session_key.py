"""The randomness that two neighbours share: a key for each pair, for one job.

Both ends draw 32 bytes and tell them in their first frame, over TLS. The key is

    HKDF-SHA256(secret = low's || high's, salt = job, info = MPC_KEY, pair, pins)

with the pair's indices and certificate pins in the order of the indices. So a
key belongs to one job, one pair and the two attested keys, and is uniform when
either end drew well.

Source: RFC 5869.

>>> ours, theirs = bytes(32), bytes([1]) * 32
>>> pins = (b"a" * 32, b"b" * 32, b"c" * 32)
>>> derive(bytes(32), pins, 0, ours, 1, theirs) == derive(
...     bytes(32), pins, 1, theirs, 0, ours)
True
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from privshare.errors import EncodingError
from privshare.schemes.secret import Secret
from privshare.wire import domain
from privshare.wire.digest import tagged

__all__ = ["KEY_BYTES", "SessionKeys", "derive"]

KEY_BYTES: Final = 32


class SessionKeys(Secret):
    """The keys that this node shares with its neighbours, 32 bytes each.

    Args:
        previous: With node index - 1.
        next: With node index + 1.
    """

    __slots__ = ("next", "previous")

    def __init__(self, previous: bytes, next: bytes) -> None:
        self.previous = previous
        self.next = next


def derive(
    job: bytes,
    pins: tuple[bytes, ...],
    index: int,
    ours: bytes,
    other: int,
    theirs: bytes,
) -> bytes:
    """The key of a pair.

    Args:
        job: Digest of the job's specification.
        pins: Of the three nodes' certificate keys.
        index: This node.
        ours: The 32 bytes that it drew.
        other: The neighbour.
        theirs: And what it drew.

    Raises:
        EncodingError: A part of another length.
    """
    if len(ours) != KEY_BYTES or len(theirs) != KEY_BYTES:
        raise EncodingError(f"expected two parts of {KEY_BYTES} bytes of a key")
    low, high = (ours, theirs) if index < other else (theirs, ours)
    pair = sorted((index, other))
    info = tagged(domain.MPC_KEY, bytes(pair), *(pins[party] for party in pair))
    return HKDF(SHA256(), KEY_BYTES, job, info).derive(low + high)
