"""Rings, statements and openings, as the state holds them.

An agency registers the keys of a group of people; any of them may then say
something without being recognised (`ring_statement`). Each list of keys is an
epoch, counted from 1, and comes in pages, since a transaction holds 1,024 keys:

    open ── the last page ─► active ── the next one is active ─► superseded
      └───── another one is begun before that ─► withdrawn

Who said it is hidden from everybody; of a ring with regulators, k of them
name the signer together, each with a transaction of its own.

    state map  dict ─► RingEpoch.from_json ─► keys_of, regulators_of ─► schemes

Implements docs/formats/entry.md, section 5. What stands under "at", "since",
"until", "opened", "first" and "last" is a log index.

>>> regulators = RegulatorSet((RegulatorKey("tax", "k1"), RegulatorKey("title", "k2")),
...     2)
>>> regulators.index("title"), regulators.index("housing")
(2, None)
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from privshare.errors import EncodingError, NotFound
from privshare.ledger.state_map import Value
from privshare.ledger.values import Key
from privshare.schemes.ring import Regulators, Ring
from privshare.wire.canonical import b64u, unb64u

__all__ = [
    "KEY_BYTES",
    "Opening",
    "PartialOpening",
    "RegulatorKey",
    "RegulatorSet",
    "RingEpoch",
    "RingHead",
    "Statement",
    "TagUse",
    "kept_ring",
    "keys_of",
    "made_ring",
    "page_key",
    "pages_of",
    "regulators_of",
    "split_keys",
]

KEY_BYTES = 32

Repeat = Literal["link", "refuse"]
Status = Literal["open", "active", "superseded", "withdrawn"]

#: Rings that stay decoded; the longest takes a megabyte.
_KEPT = 8


class _Reader(Protocol):
    def get(self, key: str) -> Value | None: ...


@dataclass(frozen=True, slots=True)
class RingHead:
    """`ring/<agency>/<name>`: which epoch is in use.

    Attributes:
        newest: Of the list begun last; 0 before the first.
        active: Of the list that statements are made in, or None.
    """

    newest: int = 0
    active: int | None = None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"active": self.active, "newest": self.newest}

    @classmethod
    def from_json(cls, obj: Value | None) -> RingHead:
        """Read the object back; None before the first list."""
        return cls() if obj is None else cls(obj["newest"], obj["active"])


@dataclass(frozen=True, slots=True)
class RegulatorKey:
    """One regulator of a ring, and the key that its shares are for."""

    agency: str
    kid: str

    def to_json(self) -> Value:
        """The object as bodies and the state map hold it."""
        return {"agency": self.agency, "kid": self.kid}


@dataclass(frozen=True, slots=True)
class RegulatorSet:
    """Who opens statements of a ring, and how many of them it takes.

    Attributes:
        keys: In the order of the agencies, each once: the first is number 1.
        threshold: How many, from 2.
    """

    keys: tuple[RegulatorKey, ...]
    threshold: int

    @property
    def agencies(self) -> tuple[str, ...]:
        """Who they are, in order."""
        return tuple(one.agency for one in self.keys)

    def index(self, agency: str) -> int | None:
        """The number of an agency, from 1; None if it is no regulator."""
        names = self.agencies
        return names.index(agency) + 1 if agency in names else None

    def to_json(self) -> Value:
        """The object as bodies and the state map hold it."""
        return {
            "keys": [one.to_json() for one in self.keys],
            "threshold": self.threshold,
        }

    @classmethod
    def from_json(cls, obj: Value) -> RegulatorSet:
        """Read the object back."""
        keys = tuple(RegulatorKey(one["agency"], one["kid"]) for one in obj["keys"])
        return cls(keys, obj["threshold"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RingEpoch:
    """`ring/<agency>/<name>/<epoch>`: one list of keys.

    Attributes:
        ring: Whose list, `<agency>/<name>`.
        epoch: Which one, counted from 1.
        at: Log index of the registration.
        pages: Log indexes of the transactions with its keys, in order.
        size: How many keys so far.
        digest: Of all keys, base64url, once they are there.
        regulators: Who opens, or None: then nobody ever can.
        repeat: Whether who spoke in a scope may do so again, linked; or is
            refused.
        status: Whether statements may be made in it.
        since: Log index of the page that completed it, or None.
        until: Log index at which another took its place, or None.
    """

    ring: str
    epoch: int
    at: int
    pages: tuple[int, ...]
    size: int
    regulators: RegulatorSet | None
    repeat: Repeat
    status: Status = "open"
    digest: str | None = None
    since: int | None = None
    until: int | None = None

    @property
    def key(self) -> str:
        """Where it stands in the state."""
        return f"ring/{self.ring}/{self.epoch}"

    def in_use(self, at: int) -> bool:
        """Whether statements might be made in it at this log index."""
        begun = self.since is not None and self.since < at
        return begun and (self.until is None or at < self.until)

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        regulators = self.regulators
        return {
            "at": self.at,
            "digest": self.digest,
            "pages": list(self.pages),
            "regulators": None if regulators is None else regulators.to_json(),
            "repeat": self.repeat,
            "since": self.since,
            "size": self.size,
            "status": self.status,
            "until": self.until,
        }

    @classmethod
    def from_json(cls, ring: str, epoch: int, obj: Value) -> RingEpoch:
        """Read the object back; name and epoch are its place in the map."""
        held = obj["regulators"]
        regulators = None if held is None else RegulatorSet.from_json(held)
        fields = {"pages": tuple(obj["pages"]), "regulators": regulators}
        return cls(ring=ring, epoch=epoch, **{**obj, **fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`statement/<id>`: something that a member of a ring said.

    Attributes:
        account: The agency that handed it in; it does not know for whom.
        at: Log index.
        digest: What was signed, base64url: of a salted message.
        ring: The ring.
        epoch: The list of keys that it was signed in.
        scope: In which its tag links.
        tag: base64url of the tag.
        number: The how-manieth of this tag in this scope, from 1.
        escrow: The signer's key for the regulators, base64url, or None.
    """

    account: str
    at: int
    digest: str
    ring: str
    epoch: int
    scope: str
    tag: str
    number: int
    escrow: str | None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {name: getattr(self, name) for name in type(self).__slots__}

    @classmethod
    def from_json(cls, obj: Value) -> Statement:
        """Read the object back."""
        return cls(**obj)


@dataclass(frozen=True, slots=True)
class TagUse:
    """`tag/<ring>/<scope digest>/<tag>`: one signer in one scope, unnamed.

    Attributes:
        count: How many statements.
        first: Log index of the first.
        last: Log index of the newest.
    """

    count: int
    first: int
    last: int

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"count": self.count, "first": self.first, "last": self.last}

    @classmethod
    def from_json(cls, obj: Value) -> TagUse:
        """Read the object back."""
        return cls(obj["count"], obj["first"], obj["last"])


@dataclass(frozen=True, slots=True)
class PartialOpening:
    """One regulator's part of naming a signer.

    Attributes:
        agency: The regulator.
        at: Log index of its transaction.
        opening: base64url of `schemes.escrow.partial_opening`.
    """

    agency: str
    at: int
    opening: str

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"agency": self.agency, "at": self.at, "opening": self.opening}


@dataclass(frozen=True, slots=True)
class Opening:
    """`opening/<statement>`: how far regulators have named a signer.

    It is there from the statement on, and only of rings with regulators.

    Attributes:
        partials: Of each regulator that opened, in the order of the log.
        opened: Log index of the part that made it enough, or None.
        member: The signer's key, base64url, or None.
    """

    partials: tuple[PartialOpening, ...] = ()
    opened: int | None = None
    member: str | None = None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "member": self.member,
            "opened": self.opened,
            "partials": [one.to_json() for one in self.partials],
        }

    @classmethod
    def from_json(cls, obj: Value) -> Opening:
        """Read the object back."""
        partials = tuple(PartialOpening(**one) for one in obj["partials"])
        return cls(partials, obj["opened"], obj["member"])


def page_key(ring: str, epoch: int, page: int) -> str:
    """Where a page of keys stands in the state, pages counted from 0."""
    return f"ring-page/{ring}/{epoch}/{page}"


def split_keys(keys: bytes) -> list[bytes]:
    """Concatenated keys as a list."""
    return [keys[i : i + KEY_BYTES] for i in range(0, len(keys), KEY_BYTES)]


def pages_of(reader: _Reader, held: RingEpoch) -> list[bytes]:
    """The pages of keys of an epoch, each concatenated.

    Raises:
        NotFound: The reader does not have them.
    """
    pages = []
    for page in range(len(held.pages)):
        key = page_key(held.ring, held.epoch, page)
        found = reader.get(key)
        if found is None:
            raise NotFound("expected keys of the ring, found none", detail={"key": key})
        pages.append(unb64u(found["keys"]))
    return pages


def keys_of(reader: _Reader, held: RingEpoch) -> Ring:
    """The ring of a complete epoch, decoded once for all who ask.

    Raises:
        NotFound: The list is not complete, or the reader does not have it.
    """
    if held.digest is None:
        raise NotFound(
            f"expected a complete ring, found epoch {held.epoch} of {held.ring} with "
            "more keys to come"
        )
    return kept_ring(held.digest, lambda: pages_of(reader, held))


def kept_ring(digest: str, pages: Callable[[], Iterable[bytes]]) -> Ring:
    """The ring with a digest: the one that is kept, or made of its pages.

    Raises:
        EncodingError: The pages make another ring, or none.
        OutOfRange: Too few or too many keys.
    """
    found = _RINGS.get(digest)
    if found is None:
        found = made_ring(pages())
    if b64u(found.digest) != digest:
        raise EncodingError(f"expected the ring {digest}, found {b64u(found.digest)}")
    return found


def made_ring(pages: Iterable[bytes]) -> Ring:
    """The ring that pages of keys make; it is kept.

    Raises:
        EncodingError: Keys that are no keys, or in another order.
        OutOfRange: Too few or too many keys.
    """
    made = Ring(split_keys(b"".join(pages)))
    _RINGS.put(made)
    return made


def regulators_of(reader: _Reader, held: RingEpoch) -> Regulators | None:
    """The regulators of an epoch with their keys; None if it has none.

    Raises:
        NotFound: The reader does not hold a key of them.
    """
    if held.regulators is None:
        return None
    keys = []
    for one in held.regulators.keys:
        found = reader.get(f"key/{one.agency}/{one.kid}")
        if found is None:
            raise NotFound(
                f"expected key {one.kid} of {one.agency} in the ledger, found none"
            )
        keys.append(unb64u(Key.from_json(found).pub, KEY_BYTES))
    return Regulators(held.regulators.threshold, keys)


class _Rings:
    """The rings used last, by digest. A digest has one ring, so none is stale."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Ring] = OrderedDict()

    def get(self, digest: str) -> Ring | None:
        with self._lock:
            found = self._held.get(digest)
            if found is not None:
                self._held.move_to_end(digest)
            return found

    def put(self, ring: Ring) -> None:
        with self._lock:
            self._held[b64u(ring.digest)] = ring
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)


_RINGS = _Rings()
