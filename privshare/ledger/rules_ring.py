"""Rules for lists of keys to hide among: `ring.register`, `ring.extend`.

An agency says who belongs to a group: officials, surveyors, notaries. It
vouches for the list, and for nothing that is said; the keys are people's own,
and the ledger holds no name.

    ring.register  owner   epoch = newest + 1 ─► open, or at once active
    ring.extend    owner   the next page; the last one ─► active, and the
                           former list superseded

Implements docs/formats/entry.md, sections 4 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import cast

from privshare.bindings import ristretto255
from privshare.errors import Conflict, EncodingError, OutOfRange, StepNotAllowed
from privshare.ledger import query
from privshare.ledger.ring import (
    KEY_BYTES,
    RegulatorKey,
    RegulatorSet,
    Repeat,
    RingEpoch,
    RingHead,
    made_ring,
    page_key,
    pages_of,
    split_keys,
)
from privshare.ledger.ring_statement import MAX_EPOCH
from privshare.ledger.rule import Context, need
from privshare.rights import identifier
from privshare.schemes.ring import (
    MAX_MEMBERS,
    MAX_REGULATORS,
    MIN_MEMBERS,
    MIN_THRESHOLD,
)
from privshare.wire.canonical import Fields, b64u, unb64u

__all__ = ["MAX_PAGE", "MAX_PAGES", "RingExtend", "RingRegister", "read_ring"]

#: Most keys in one transaction.
MAX_PAGE = 1_024

#: Most transactions that make one list.
MAX_PAGES = 8

_REPEATS = ("link", "refuse")


def read_ring(fields: Fields) -> str:
    """Read the field `ring`."""
    return identifier.RING.check(fields.str("ring"), "body.ring")


def _read_keys(fields: Fields, least: int) -> bytes:
    """Read a page of keys: elements, none the identity, ascending, none twice.

    They are decoded here, before the transaction has its place, since that
    takes time.
    """
    keys = fields.bytes("keys", max=MAX_PAGE * KEY_BYTES)
    count, odd = divmod(len(keys), KEY_BYTES)
    if odd or count < least:
        raise EncodingError(
            f"body.keys: expected {least} to {MAX_PAGE} keys of {KEY_BYTES} bytes, "
            f"found {len(keys)} bytes"
        )
    listed = split_keys(keys)
    if listed[0] == ristretto255.IDENTITY:
        raise EncodingError("body.keys: expected keys, found the identity at index 0")
    for index, (before, key) in enumerate(pairwise(listed), start=1):
        if before >= key:
            raise EncodingError(
                "body.keys: expected keys in ascending order, each once, found "
                f"another order at index {index}",
                detail={"index": index},
            )
    ristretto255.decode(keys, "body.keys")
    return keys


def _read_regulators(name: str, fields: Fields) -> RegulatorSet:
    inner = fields.obj(name)
    keys = []
    for item in inner.objs("keys", MAX_REGULATORS):
        agency = identifier.AGENCY.check(item.str("agency"), "regulators.agency")
        kid = identifier.ID.check(item.str("kid"), "regulators.kid")
        keys.append(RegulatorKey(agency, kid))
        item.end()
    names = [one.agency for one in keys]
    if names != sorted(set(names)) or len(names) < MIN_THRESHOLD:
        raise EncodingError(
            f"body.regulators: expected {MIN_THRESHOLD} to {MAX_REGULATORS} agencies "
            "in order, each once, found otherwise"
        )
    threshold = inner.int("threshold", MIN_THRESHOLD, len(keys))
    inner.end()
    return RegulatorSet(tuple(keys), threshold)


def _need_owner(context: Context, ring: str) -> None:
    owner = identifier.owner_of(ring)
    need(
        context.account == owner,
        "ring.owner",
        f"expected {owner}, the owner, found {context.account}",
    )


def _need_regulators(context: Context, regulators: RegulatorSet) -> None:
    """Each is a member and names a key of its own that is in use."""
    for one in regulators.keys:
        member = query.is_active(context.draft, one.agency)
        held = query.keys_of(context.draft, one.agency, "open") if member else {}
        need(
            one.kid in held,
            "ring.regulator",
            f"expected a key of {one.agency} with use open, found {one.kid} to be none",
        )


def _write(context: Context, held: RingEpoch, head: RingHead) -> None:
    context.draft.put(held.key, held.to_json())
    context.draft.put(f"ring/{held.ring}", head.to_json())


def _completed(context: Context, held: RingEpoch, head: RingHead) -> None:
    """Put a complete list in force, in the place of the former one."""
    digest = b64u(made_ring(pages_of(context.draft, held)).digest)
    if head.active is not None:
        former = query.ring_epoch(context.draft, held.ring, head.active)
        ended = replace(former, status="superseded", until=context.index)
        context.draft.put(former.key, ended.to_json())
    held = replace(held, status="active", since=context.index, digest=digest)
    _write(context, held, replace(head, active=held.epoch))


@dataclass(frozen=True, slots=True)
class RingRegister:
    """An agency begins a list of keys."""

    ring: str
    epoch: int
    keys: bytes
    more: bool
    regulators: RegulatorSet | None
    repeat: Repeat

    @classmethod
    def parse(cls, fields: Fields) -> RingRegister:
        """Read the body."""
        ring = read_ring(fields)
        epoch = fields.int("epoch", 1, MAX_EPOCH)
        more = fields.bool("more")
        repeat = fields.str("repeat", max=16)
        if repeat not in _REPEATS:
            raise EncodingError(
                f"body.repeat: expected {' or '.join(_REPEATS)}, found "
                f"{identifier.shown(repeat)}"
            )
        regulators = fields.nullable("regulators", _read_regulators, fields)
        keys = _read_keys(fields, MIN_MEMBERS)
        return cls(ring, epoch, keys, more, regulators, cast(Repeat, repeat))

    def apply(self, context: Context) -> None:
        """Enter the list; one that nobody completed makes way for it."""
        _need_owner(context, self.ring)
        head = query.ring(context.draft, self.ring)
        if self.epoch != head.newest + 1:
            raise Conflict(
                f"expected epoch {head.newest + 1} of {self.ring}, found {self.epoch}",
                fix="Look at the ring's newest epoch, and register the next one.",
                detail={"epoch": head.newest + 1},
            )
        if self.regulators is not None:
            _need_regulators(context, self.regulators)
        if head.newest not in (0, head.active):
            left = query.ring_epoch(context.draft, self.ring, head.newest)
            ended = replace(left, status="withdrawn", until=context.index)
            context.draft.put(left.key, ended.to_json())
        held = RingEpoch(
            ring=self.ring,
            epoch=self.epoch,
            at=context.index,
            pages=(context.index,),
            size=len(self.keys) // KEY_BYTES,
            regulators=self.regulators,
            repeat=self.repeat,
        )
        place = page_key(self.ring, self.epoch, 0)
        context.draft.put(place, {"keys": b64u(self.keys)})
        head = replace(head, newest=self.epoch)
        if self.more:
            _write(context, held, head)
        else:
            _completed(context, held, head)


@dataclass(frozen=True, slots=True)
class RingExtend:
    """An agency goes on with a list."""

    ring: str
    epoch: int
    keys: bytes
    more: bool

    @classmethod
    def parse(cls, fields: Fields) -> RingExtend:
        """Read the body."""
        ring = read_ring(fields)
        epoch = fields.int("epoch", 1, MAX_EPOCH)
        return cls(ring, epoch, _read_keys(fields, 1), fields.bool("more"))

    def apply(self, context: Context) -> None:
        """Enter the page; the last one puts the list in force."""
        _need_owner(context, self.ring)
        held = query.ring_epoch(context.draft, self.ring, self.epoch)
        if held.status != "open":
            raise StepNotAllowed(
                f"expected a ring with more keys to come, found epoch {self.epoch} "
                f"{held.status}",
                detail={"rule": "ring.status"},
            )
        self._check_follows(context, held)
        place = page_key(self.ring, self.epoch, len(held.pages))
        context.draft.put(place, {"keys": b64u(self.keys)})
        held = replace(
            held,
            pages=(*held.pages, context.index),
            size=held.size + len(self.keys) // KEY_BYTES,
        )
        head = query.ring(context.draft, self.ring)
        if self.more:
            _write(context, held, head)
        else:
            _completed(context, held, head)

    def _check_follows(self, context: Context, held: RingEpoch) -> None:
        added = len(self.keys) // KEY_BYTES
        if held.size + added > MAX_MEMBERS or len(held.pages) >= MAX_PAGES:
            raise OutOfRange(
                f"expected a ring of at most {MAX_MEMBERS} keys in {MAX_PAGES} pages, "
                f"found {held.size + added} in {len(held.pages) + 1}"
            )
        last = page_key(self.ring, self.epoch, len(held.pages) - 1)
        before = unb64u((context.draft.get(last) or {})["keys"])
        if before[-KEY_BYTES:] >= self.keys[:KEY_BYTES]:
            raise EncodingError(
                "body.keys: expected keys above those of the page before, found one "
                "that is not"
            )
