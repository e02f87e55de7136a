"""Rings and regulators: public lists of keys, checked once.

A ring is the set that a signer hides in. It has one form: keys ascending as
bytes, none twice. So a set of keys has one digest, and nobody can be named
by the order of a list.

    ledger     keys ─► Ring ─► ring_signature.sign, verify
               keys ─► Regulators ─► escrow

>>> from privshare.schemes.ring_key import RingKey
>>> keys = [RingKey.from_bytes(bytes([i]) + bytes(31)).public for i in (1, 2, 3)]
>>> len(Ring.of(keys))
3

Implements docs/protocols/ring.md, sections 1 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise

from privshare.bindings import ristretto255
from privshare.bindings.ring import MAX_MEMBERS as MAX_CIRCLE
from privshare.bindings.ring import MIN_MEMBERS, RingCore
from privshare.errors import EncodingError, OutOfRange
from privshare.schemes.one_of_many import Candidates
from privshare.schemes.ring_key import IDENTITY, KEY_BYTES
from privshare.wire import domain
from privshare.wire.digest import tagged

MAX_MEMBERS = 4096
MIN_THRESHOLD = 2
MAX_REGULATORS = 16

__all__ = [
    "MAX_CIRCLE",
    "MAX_MEMBERS",
    "MAX_REGULATORS",
    "MIN_MEMBERS",
    "MIN_THRESHOLD",
    "Regulators",
    "Ring",
]


class Ring:
    """The keys that a signature hides its signer among.

    Keep it: what verifying needs is worked out once.

    Args:
        keys: 2 to 4,096 public keys, ascending as bytes, none twice. `of` sorts.

    Raises:
        OutOfRange: Fewer or more keys.
        EncodingError: A key that is not canonical, the identity, out of order
            or there twice; `detail` has its `index`.

    Attributes:
        keys: As given.
        digest: 32 bytes for all keys.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.keys = tuple(keys)
        if not MIN_MEMBERS <= len(self.keys) <= MAX_MEMBERS:
            raise OutOfRange(
                f"expected a ring of {MIN_MEMBERS} to {MAX_MEMBERS} keys, "
                f"found {len(self.keys)}"
            )
        _check_keys(self.keys, "ring")
        for index, (before, key) in enumerate(pairwise(self.keys), start=1):
            if before >= key:
                found = "it twice" if before == key else "it below the one before it"
                raise EncodingError(
                    f"expected key {index} of a ring above the one before it, "
                    f"found {found}",
                    fix="" if before == key else "sort the keys: Ring.of",
                    detail={"index": index},
                )
        self.encoding = b"".join(self.keys)
        self.digest = tagged(domain.RING, self.encoding)

    @classmethod
    def of(cls, keys: Iterable[bytes]) -> Ring:
        """The ring of keys in any order.

        Raises:
            OutOfRange: As above.
            EncodingError: As above; the index is that of the sorted keys.
        """
        return cls(sorted(keys))

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: object) -> bool:
        return key in self._members

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ring) and self.keys == other.keys

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<Ring of {len(self.keys)}>"

    @cached_property
    def _members(self) -> frozenset[bytes]:
        return frozenset(self.keys)

    @cached_property
    def core(self) -> RingCore:
        """For the circle: at most `MAX_CIRCLE` keys.

        Raises:
            OutOfRange: The ring is longer.
        """
        return RingCore(self.keys)

    @cached_property
    def candidates(self) -> Candidates:
        """For the proof of one out of many."""
        return Candidates.of(self.encoding)


class Regulators:
    """Whose keys open an escrow, and how many of them it takes.

    Args:
        threshold: k, from 2 to the number of keys. One regulator alone opens
            nothing.
        keys: n keys, 2 to 16, none twice. The order counts: regulator i is
            key i - 1.

    Raises:
        OutOfRange: The threshold, or the number of keys.
        EncodingError: A key that is not canonical, the identity, or there
            twice; `detail` has its `index` in the list, from 0.

    Attributes:
        threshold: As given.
        keys: As given.
        digest: 32 bytes for all of it.
    """

    def __init__(self, threshold: int, keys: Sequence[bytes]) -> None:
        self.threshold = threshold
        self.keys = tuple(keys)
        if not MIN_THRESHOLD <= len(self.keys) <= MAX_REGULATORS:
            raise OutOfRange(
                f"expected {MIN_THRESHOLD} to {MAX_REGULATORS} regulators, "
                f"found {len(self.keys)}"
            )
        if not MIN_THRESHOLD <= threshold <= len(self.keys):
            raise OutOfRange(
                f"expected a threshold of {MIN_THRESHOLD} to {len(self.keys)}, "
                f"found {threshold}"
            )
        _check_keys(self.keys, "regulators'")
        for index, key in enumerate(self.keys):
            if key in self.keys[:index]:
                raise EncodingError(
                    f"expected regulators with a key each, found key {index} twice",
                    detail={"index": index},
                )
        self.digest = tagged(
            domain.REGULATORS, bytes((threshold,)), b"".join(self.keys)
        )

    def __len__(self) -> int:
        return len(self.keys)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Regulators)
            and self.threshold == other.threshold
            and self.keys == other.keys
        )

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<Regulators {self.threshold} of {len(self.keys)}>"

    @cached_property
    def elements(self) -> ristretto255.Elements:
        """The keys, decoded."""
        return ristretto255.decode(b"".join(self.keys))


def _check_keys(keys: Sequence[bytes], whose: str) -> None:
    """Check lengths and encodings, and that no key is the identity."""
    for index, key in enumerate(keys):
        if len(key) != KEY_BYTES or key == IDENTITY:
            found = "the identity" if key == IDENTITY else f"{len(key)} bytes"
            raise EncodingError(
                f"expected {whose} key {index} to be {KEY_BYTES} bytes and not the "
                f"identity, found {found}",
                detail={"index": index},
            )
    ristretto255.decode(b"".join(keys))
