"""An owner's column: from rows to groups of numbers to ciphertexts.

    rows ─► grouped ─► groups with at least k values ─► packed ─► encrypted, in parts

Groups that are too small are dropped before anything is encrypted. A group
begins with a ciphertext of its own, whose plaintext is masked (`jobs.packing`).
Ciphertexts leave in parts, each a whole number of them; subtotals and the digest
of the whole column are kept along the way, so the encrypted column is never held
in memory.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from privshare.bindings.hash import Sha256
from privshare.errors import EncodingError, EvidenceInvalid, OutOfRange
from privshare.exchange.storage import Row
from privshare.jobs import packing
from privshare.jobs.aggregate import nothing_left
from privshare.jobs.spec import Spec
from privshare.jobs.statement import MAX_GROUP, MAX_GROUPS, Cell, Contribution
from privshare.rights.schema import Schema
from privshare.schemes.paillier import SIZES, PaillierPublicKey
from privshare.schemes.paillier_knowledge import KnownShort
from privshare.schemes.paillier_short import encrypt_known
from privshare.wire import domain
from privshare.wire.canonical import Json

__all__ = [
    "PART",
    "Encrypted",
    "Groups",
    "column_bytes",
    "encrypt",
    "group",
    "most_parts",
    "verify_column",
]

#: Ciphertexts in one part: 1.5 MiB under a 3072-bit key.
PART = 2_048

#: Plaintexts of a part, group by group. Secret.
_Chunk: TypeAlias = list[tuple[str, list[int]]]


@dataclass(frozen=True, slots=True)
class Groups:
    """The values that will be encrypted.

    Attributes:
        values: By group, sorted by name.
        suppressed: Names of groups with fewer than k values, sorted.
        bound: No sum of these values is larger in size.
        scale: Digits after the point.
    """

    values: dict[str, array[int]]
    suppressed: tuple[str, ...]
    bound: int
    scale: int

    @property
    def rows(self) -> int:
        """How many values."""
        return sum(map(len, self.values.values()))


@dataclass(frozen=True, slots=True)
class Encrypted:
    """What is known of a column once its last part has left.

    Attributes:
        cells: The groups with their subtotals.
        digest: Of the whole column.
        known: Values and exponents of the subtotals. Secret.
    """

    cells: tuple[Cell, ...]
    digest: bytes
    known: tuple[KnownShort, ...] = field(repr=False)


def group(schema: Schema, spec: Spec, batches: Iterable[Iterable[Row]]) -> Groups:
    """Sort the values of a column into groups, and drop the small ones.

    Null values are not counted. Rows in which the grouping column is null form
    the group "".

    Raises:
        NotPermitted: No group has k values: rule `job.k`.
        EncodingError: A row that is none of this schema.
        OutOfRange: More groups than a contribution may have, or a group whose
            name is too long.
    """
    column = schema.column(spec.column)
    place = schema.index(spec.column)
    by = None if spec.group_by is None else schema.index(spec.group_by)
    counting = spec.operation == "count"
    cells: dict[Json, array[int]] = {}
    try:
        for row in _decoded(batches):
            value = row[place]
            if value is not None:
                cell = None if by is None else row[by]
                if cell not in cells:
                    cells[cell] = array("q")
                cells[cell].append(1 if counting else cast(int, value))
    except (IndexError, OverflowError, TypeError, ValueError):
        raise EncodingError(
            f"expected rows as they were published, with a number as {spec.column}, "
            "found another"
        ) from None
    found: dict[str, array[int]] = {}
    for cell, values in cells.items():
        found.setdefault(_name(cell), array("q")).extend(values)
    kept = {name: found[name] for name in sorted(found) if len(found[name]) >= spec.k}
    if not kept:
        raise nothing_left(spec.k)
    if len(kept) > MAX_GROUPS:
        raise OutOfRange(
            f"expected at most {MAX_GROUPS} groups, found {len(kept)}",
            detail={"rule": "job.groups"},
        )
    most = 1 if counting else max(map(abs, column.interval))
    return Groups(
        values=kept,
        suppressed=tuple(sorted(set(found) - set(kept))),
        bound=most * sum(map(len, kept.values())),
        scale=0 if counting else column.scale or 0,
    )


def _decoded(batches: Iterable[Iterable[Row]]) -> Iterator[list[Json]]:
    """The rows of this node, which it wrote in canonical form: a batch at once."""
    for batch in batches:
        written = [data for _, data, _ in batch]
        rows = json.loads(f"[{b','.join(written).decode()}]")
        if len(rows) != len(written):
            raise ValueError("more or fewer rows than were read")
        yield from rows


def _name(value: Json) -> str:
    """A grouping value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    name = str(value)
    if len(name) > MAX_GROUP:
        raise OutOfRange(
            f"expected groups of at most {MAX_GROUP} characters, found {len(name)}",
            detail={"rule": "job.groups"},
        )
    return name


def column_bytes(counts: Iterable[int], key: PaillierPublicKey) -> int:
    """Length of an encrypted column with groups of so many values."""
    ciphertexts = sum(packing.ciphertexts(count, key.bits) for count in counts)
    return ciphertexts * key.ciphertext_size


def most_parts(rows: int) -> int:
    """How many parts a column of so many rows may have, under any key."""
    groups = min(rows, MAX_GROUPS)
    ciphertexts = groups + (rows - groups) // min(map(packing.slots, SIZES))
    return -(-ciphertexts // PART)


def encrypt(
    groups: Groups,
    key: PaillierPublicKey,
    send: Callable[[int, bytes], None],
) -> Encrypted:
    """Encrypt a column and send it on, part by part.

    Args:
        groups: From `group`.
        key: The job's.
        send: Called with each part's number and bytes, in order; may raise to
            stop.

    Raises:
        OutOfRange: The sum could be larger than plaintexts can show, or a value
            is larger than any column's.
    """
    if groups.bound > packing.LIMIT:
        raise OutOfRange(
            f"expected sums of at most {packing.LIMIT.bit_length()} bits, found a "
            f"bound of {groups.bound.bit_length()} bits",
            detail={"rule": "job.bound"},
        )
    subtotals = {name: _Subtotal() for name in groups.values}
    size = key.ciphertext_size
    hasher = _hasher(column_bytes(map(len, groups.values.values()), key))
    for part, (chunk, data, exponents) in enumerate(_encrypted(groups, key)):
        begin = 0
        for name, plaintexts in chunk:
            end = begin + len(plaintexts)
            subtotals[name].take(
                key, data[begin * size : end * size], plaintexts, exponents[begin:end]
            )
            begin = end
        hasher.update(data)
        send(part, data)
    return Encrypted(
        cells=tuple(
            Cell(name, len(values), subtotals[name].ciphertext)
            for name, values in groups.values.items()
        ),
        digest=hasher.digest(),
        known=tuple(one.known() for one in subtotals.values()),
    )


@dataclass(slots=True)
class _Subtotal:
    """A group's subtotal, and what its owner knows of it, so far. Secret."""

    ciphertext: bytes = b""
    m: int = 0
    x: int = 0

    def take(
        self,
        key: PaillierPublicKey,
        ciphertexts: bytes,
        plaintexts: Sequence[int],
        exponents: Sequence[int],
    ) -> None:
        """Add ciphertexts, whose plaintexts and exponents are known."""
        self.ciphertext = key.sum(self.ciphertext + ciphertexts)
        self.m += sum(plaintexts)
        self.x += sum(exponents)

    def known(self) -> KnownShort:
        return KnownShort(self.ciphertext, self.m, self.x)


def _encrypted(
    groups: Groups, key: PaillierPublicKey
) -> Iterator[tuple[_Chunk, bytes, list[int]]]:
    """The column part by part; the next one is encrypted while one is sent."""

    def work(chunk: _Chunk) -> tuple[_Chunk, bytes, list[int]]:
        return chunk, *encrypt_known(key.n, [m for _, ms in chunk for m in ms])

    with ThreadPoolExecutor(1) as ahead:
        following: Future[tuple[_Chunk, bytes, list[int]]] | None = None
        for chunk in _chunks(groups, key.bits):
            done, following = following, ahead.submit(work, chunk)
            if done is not None:
                yield done.result()
        if following is not None:
            yield following.result()


def _chunks(groups: Groups, bits: int) -> Iterator[_Chunk]:
    """The plaintexts in group order, `PART` at a time."""
    chunk: _Chunk = []
    room = PART
    width = packing.slots(bits)
    for name, values in groups.values.items():
        begin = 0
        while begin < len(values):
            taken = packing.pack(values[begin : begin + room * width], bits)
            if not begin:
                taken[0] = packing.hide(taken[0], bits)
            chunk.append((name, taken))
            begin += len(taken) * width
            room -= len(taken)
            if not room:
                yield chunk
                chunk, room = [], PART
    if chunk:
        yield chunk


def verify_column(
    contribution: Contribution, key: PaillierPublicKey, parts: Iterable[bytes]
) -> None:
    """Check that subtotals are the products of the ciphertexts received.

    Args:
        contribution: Its signature was verified.
        key: The job's public key.
        parts: The column's parts, in order.

    Raises:
        EvidenceInvalid: Another column than the one signed, or a subtotal that
            is not the product of its ciphertexts.
    """
    size = key.ciphertext_size
    length = column_bytes((cell.count for cell in contribution.groups), key)
    hasher = _hasher(length)
    cells = iter(contribution.groups)
    cell, product = next(cells), b""
    left = packing.ciphertexts(cell.count, key.bits)
    seen = 0
    for part in parts:
        hasher.update(part)
        seen += len(part)
        if len(part) % size or seen > length:
            raise _wrong(contribution, "the ciphertexts that were counted")
        begin = 0
        while begin < len(part):
            end = min(len(part), begin + left * size)
            product = key.sum(product + part[begin:end])
            left -= (end - begin) // size
            begin = end
            if not left:
                if product != cell.ciphertext:
                    raise _wrong(contribution, "subtotals that are the products")
                product = b""
                following = next(cells, None)
                if following is not None:
                    cell = following
                    left = packing.ciphertexts(cell.count, key.bits)
    if seen != length or hasher.digest() != contribution.ciphertexts:
        raise _wrong(contribution, "the ciphertexts whose digest was signed")


def _hasher(length: int) -> Sha256:
    """`ciphertexts_digest` as a stream, for a column of a known length."""
    tag = domain.INPUT
    return Sha256(bytes((len(tag),)) + tag + length.to_bytes(8, "big"))


def _wrong(contribution: Contribution, expected: str) -> EvidenceInvalid:
    return EvidenceInvalid(
        f"the contribution of {contribution.dataset}, signed by "
        f"{contribution.owner}: expected {expected}, found others",
        detail={"party": contribution.owner, "rule": "job.column"},
    )
