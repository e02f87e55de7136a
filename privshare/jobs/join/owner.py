"""What one owner brings to a join: its rows, blinded, padded and committed.

Everything random comes out of one seed of 32 bytes, used for one run and kept
until it is over: a party that crashed makes the same rows again.

    identifiers, values, seed ─► prepare ─► Prepared: first rows in order, root

    psi.count   both        k·H(x)                       32 bytes
    psi.sum     receiver    k·H(x)
                helper      k·H(y), C, D                 96, twisted ElGamal of v
    psi.ids     receiver    r·H(x), an r for each        32
                helper      F(k, y), first 32 bytes      32, VOPRF

Rows are sent in the order of their bytes, which says nothing of the order in
which they were held. Padding is rows that match nothing: random elements.

Source: Meadows, S&P 1986; Huberman, Franklin and Hogg, EC 1999, for the first
rows; Ion et al., EuroS&P 2020, section 4, for the sum; RFC 9497.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from privshare.bindings import oprf as native
from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.merkle import leaf_hash, root
from privshare.bindings.ristretto255 import Elements, Table
from privshare.bindings.scalar import from_int
from privshare.errors import OutOfRange
from privshare.jobs.join.rows import RowStore, as_rows
from privshare.jobs.join.terms import PART_ROWS, Operation, Role, Terms
from privshare.schemes import commitment as pedersen
from privshare.schemes import elgamal, oprf
from privshare.schemes.hash_to_group import hash_to_scalar
from privshare.wire import domain

SEED_BYTES = 32
POINT_BYTES = 32
VALUED_BYTES = 96
PLACED_BYTES = 36  # a point and the row that it came from

_NO_ROW = (1 << 32) - 1


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """One side's rows, ready to be sent.

    Attributes:
        terms: What was agreed.
        role: Whose rows.
        seed: What everything random came out of. Secret.
        key: k. Secret.
        identifiers: Distinct, as the rows number them.
        store: The first rows; with places for psi.ids.
        root: The Merkle root over the parts, which is committed to.
        public: The helper's key: of ElGamal in a sum, of the VOPRF for
            identifiers; empty otherwise.
    """

    terms: Terms
    role: Role
    seed: bytes
    key: bytes
    identifiers: Sequence[bytes]
    store: RowStore
    root: bytes
    public: bytes

    @property
    def width(self) -> int:
        """Bytes of a row as it is sent."""
        return first_width(self.terms.operation, self.role)

    def body(self, index: int) -> bytes:
        """One part of the first message."""
        part = self.store.part(index, PART_ROWS)
        if self.store.width == self.width:
            return part
        return as_rows(part, self.store.width)[:, : self.width].tobytes()

    def bodies(self) -> Iterator[bytes]:
        """The parts of the first message."""
        for index in range(-(-self.store.count // PART_ROWS)):
            yield self.body(index)

    def elgamal(self) -> elgamal.SecretKey:
        """The key that opens the sum."""
        return elgamal.SecretKey.from_bytes(_scalar(self.seed, b"elgamal"))

    def blinds(self, places: Sequence[int]) -> bytes:
        """The blinds of rows in psi.ids."""
        return _scalars(self.seed, b"blind", places)


def first_width(operation: Operation, role: Role) -> int:
    """Bytes of a row of the first message."""
    valued = operation is Operation.SUM and role is Role.HELPER
    return VALUED_BYTES if valued else POINT_BYTES


def prepare(
    terms: Terms,
    role: Role,
    identifiers: Sequence[bytes],
    values: Sequence[int] | None = None,
    *,
    seed: bytes,
    folder: Path | None = None,
) -> Prepared:
    """Blind, pad, sort and commit.

    Args:
        terms: What was agreed.
        role: This side's.
        identifiers: Normalised; one that comes twice counts once.
        values: The helper's in a sum, one for each identifier, of any sign;
            those of one identifier are added.
        seed: 32 bytes, uniform, secret, for this run alone.
        folder: Where rows go that memory should not hold.

    Raises:
        OutOfRange: More distinct identifiers than declared; values missing,
            given where none belong, or so large that the sum of some of them
            could leave the declared bound. Rules join.size, join.values.
    """
    if len(seed) != SEED_BYTES:
        raise OutOfRange(f"expected a seed of {SEED_BYTES} bytes, found {len(seed)}")
    distinct, added = _distinct(terms, role, identifiers, values)
    declared = terms.rows(role)
    if len(distinct) > declared:
        raise OutOfRange(
            f"expected at most {declared} identifiers, as the terms declare, "
            f"found {len(distinct)}",
            fix="Declare a larger set in new terms.",
            detail={"rule": "join.size"},
        )
    mode = oprf.Mode.VOPRF if terms.operation is Operation.IDS else oprf.Mode.OPRF
    key = oprf.derive_key(_expand(seed, b"key", [0])[:32], domain.JOIN_KEY, mode)
    maker = _Maker(terms, role, seed, key)
    store = RowStore(maker.width, declared, folder)
    for at in range(0, declared, PART_ROWS):
        rows = range(at, min(at + PART_ROWS, declared))
        store.add(maker.rows(rows, distinct, added))
    prepared = Prepared(terms, role, seed, key, distinct, store, b"", maker.public)
    leaves = [leaf_hash(body) for body in prepared.bodies()]
    return Prepared(terms, role, seed, key, distinct, store, root(leaves), maker.public)


def _distinct(
    terms: Terms,
    role: Role,
    identifiers: Sequence[bytes],
    values: Sequence[int] | None,
) -> tuple[Sequence[bytes], Sequence[int]]:
    valued = terms.operation is Operation.SUM and role is Role.HELPER
    if valued != (values is not None):
        raise OutOfRange(
            "expected values from the helper of a sum and from nobody else",
            detail={"rule": "join.values"},
        )
    if values is None:
        return list(dict.fromkeys(identifiers)), ()
    if len(values) != len(identifiers):
        raise OutOfRange(
            f"expected a value for each of {len(identifiers)} rows, "
            f"found {len(values)}",
            detail={"rule": "join.values"},
        )
    sums: dict[bytes, int] = {}
    for identifier, value in zip(identifiers, values, strict=True):
        sums[identifier] = sums.get(identifier, 0) + value
    most = max(
        sum(v for v in sums.values() if v > 0), -sum(v for v in sums.values() if v < 0)
    )
    if most > terms.bound:
        raise OutOfRange(
            f"values: expected that no sum leaves the declared bound {terms.bound}, "
            "found values that could",
            fix="Declare a larger bound, up to 2^40, or a coarser unit.",
            detail={"rule": "join.values"},
        )
    return list(sums), list(sums.values())


class _Maker:
    """Rows of one side, some at a time."""

    def __init__(self, terms: Terms, role: Role, seed: bytes, key: bytes) -> None:
        self._seed, self._key = seed, key
        self._ids = terms.operation is Operation.IDS
        self._receiver = role is Role.RECEIVER
        self._valued = first_width(terms.operation, role) == VALUED_BYTES
        self.public = b""
        if self._valued:
            self.public = elgamal.SecretKey.from_bytes(_scalar(seed, b"elgamal")).public
            self._table = Table(group.decode(self.public))
        elif self._ids and not self._receiver:
            self.public = oprf.public_key(key)
        placed = self._ids and self._receiver
        self.width = PLACED_BYTES if placed else first_width(terms.operation, role)

    def rows(
        self, places: range, identifiers: Sequence[bytes], values: Sequence[int]
    ) -> bytes:
        real = identifiers[places.start : places.stop]
        padding = range(places.start + len(real), places.stop)
        if self._ids and not self._receiver:
            return self._tags(real, padding)
        mode = oprf.Mode.VOPRF if self._ids else oprf.Mode.OPRF
        uniform = oprf.uniform(real, mode) + _expand(self._seed, b"padding", padding)
        if self._ids:
            return self._placed(places, len(real), uniform)
        points = native.blind(uniform, self._key)
        if not self._valued:
            return points
        own = [*values[places.start : places.stop], *[0] * len(padding)]
        return _beside(points, self._encrypt(own, places))

    def _tags(self, real: Sequence[bytes], padding: range) -> bytes:
        outputs = oprf.evaluate_inputs(self._key, real, oprf.Mode.VOPRF)
        random = _expand(self._seed, b"padding", padding)
        tags = [output[:POINT_BYTES] for output in outputs]
        tags += [random[64 * i : 64 * i + POINT_BYTES] for i in range(len(padding))]
        return b"".join(tags)

    def _placed(self, places: range, real: int, uniform: bytes) -> bytes:
        blinds = native.halve(_scalars(self._seed, b"blind", places))
        blinded = group.mul(blinds, group.from_uniform(uniform))
        marks = [place if i < real else _NO_ROW for i, place in enumerate(places)]
        return _beside(native.encode_twice(blinded), np.array(marks, ">u4").tobytes())

    def _encrypt(self, values: Sequence[int], places: range) -> bytes:
        """C = v·G + r·H and D = r·pk, of half of v and r and written doubled."""
        r = native.halve(_scalars(self._seed, b"encryption", places))
        v = native.halve(b"".join(map(from_int, values)))
        c = group.add(group.base_table().mul(v), pedersen.blinding_table().mul(r))
        d = self._table.mul(r)
        return _beside(native.encode_twice(c), native.encode_twice(d))


def row_places(rows: bytes) -> list[int | None]:
    """The identifiers that placed rows came from; None for padding."""
    marks = as_rows(rows, PLACED_BYTES)[:, POINT_BYTES:].copy().view(">u4")
    return [None if mark == _NO_ROW else int(mark) for mark in marks.reshape(-1)]


def rerandomised(
    c: Elements, d: Elements, public: bytes, r: bytes
) -> elgamal.Ciphertext:
    """A ciphertext of the same number that nobody knows again."""
    c = group.add(c, pedersen.blinding_table().mul(r))
    d = group.add(d, group.mul(r, group.decode(public)))
    return elgamal.Ciphertext(c.encode(), d.encode())


def _beside(left: bytes, right: bytes) -> bytes:
    """Two columns as rows."""
    count = len(left) // POINT_BYTES
    if count == 0:
        return b""
    columns = [as_rows(x, len(x) // count) for x in (left, right)]
    return np.hstack(columns).tobytes()


def _expand(seed: bytes, use: bytes, places: Sequence[int]) -> bytes:
    """64 bytes for each place, out of the seed."""
    messages = [seed + use + b"\0" + place.to_bytes(8, "big") for place in places]
    return native.expand(messages, domain.JOIN_ROW)


def _scalars(seed: bytes, use: bytes, places: Sequence[int]) -> bytes:
    return scalar.reduce_wide(_expand(seed, use, places))


def _scalar(seed: bytes, use: bytes) -> bytes:
    return hash_to_scalar(seed + use, domain.JOIN_KEY)
