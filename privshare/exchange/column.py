"""An owner's column: from rows to groups of numbers to ciphertexts.

    rows ─► grouped ─► groups with at least k values ─► encrypted, part by part

Groups that are too small are dropped before anything is encrypted. Ciphertexts
leave in parts, each a whole number of them; subtotals and the digest of the
whole column are kept along the way, so no column is held in memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

from privshare.bindings.hash import Sha256
from privshare.errors import EvidenceInvalid, OutOfRange
from privshare.exchange.storage import Row
from privshare.jobs.aggregate import nothing_left
from privshare.jobs.spec import Spec
from privshare.jobs.statement import MAX_GROUP, MAX_GROUPS, Cell, Contribution
from privshare.rights.schema import Schema
from privshare.schemes.paillier import PaillierPublicKey
from privshare.schemes.paillier_knowledge import Known
from privshare.wire import domain
from privshare.wire.canonical import Json, decode

__all__ = ["PART_ROWS", "Encrypted", "Groups", "encrypt", "group", "verify_column"]

#: Ciphertexts in one part: 1.5 MiB under a 3072-bit key.
PART_ROWS = 2_048


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
        known: Values and randomness of the subtotals. Secret.
    """

    cells: tuple[Cell, ...]
    digest: bytes
    known: tuple[Known, ...] = field(repr=False)


def group(schema: Schema, spec: Spec, batches: Iterable[Iterable[Row]]) -> Groups:
    """Sort the values of a column into groups, and drop the small ones.

    Null values are not counted. Rows in which the grouping column is null form
    the group "".

    Raises:
        NotPermitted: No group has k values: rule `job.k`.
        OutOfRange: More groups than a contribution may have, or a group whose
            name is too long.
    """
    column = schema.column(spec.column)
    place = schema.index(spec.column)
    by = None if spec.group_by is None else schema.index(spec.group_by)
    counting = spec.operation == "count"
    found: dict[str, array[int]] = {}
    for batch in batches:
        for _, data, _ in batch:
            row = cast(list[Json], decode(data))
            value = row[place]
            if value is None:
                continue
            name = "" if by is None else _name(row[by])
            numbers = found.setdefault(name, array("q"))
            numbers.append(1 if counting else cast(int, value))
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


def encrypt(
    groups: Groups,
    key: PaillierPublicKey,
    send: Callable[[int, bytes], None],
) -> Encrypted:
    """Encrypt a column and send it on, part by part.

    Args:
        groups: From `group`.
        key: The custodian's.
        send: Called with each part's number and bytes, in order; may raise to
            stop.

    Raises:
        OutOfRange: The sum could pass the plaintext space.
    """
    if groups.bound >= key.half:
        raise OutOfRange(
            f"expected sums below n/2, found a bound of {groups.bound.bit_length()} "
            "bits",
            detail={"rule": "job.bound"},
        )
    totals: dict[str, bytes] = {}
    blinding: dict[str, int] = {}
    size = key.ciphertext_size
    hasher = _hasher(groups.rows * size)
    for part, chunk in enumerate(_chunks(groups)):
        data, rand = key.encrypt_batch_known([v for _, values in chunk for v in values])
        begin = 0
        for name, values in chunk:
            end = begin + len(values) * size
            piece = key.sum(data[begin:end])
            totals[name] = key.add(totals[name], piece) if name in totals else piece
            for r in rand[begin // size : end // size]:
                blinding[name] = blinding.get(name, 1) * r % key.n
            begin = end
        hasher.update(data)
        send(part, data)
    cells = tuple(
        Cell(name, len(values), totals[name]) for name, values in groups.values.items()
    )
    known = tuple(
        Known(totals[name], sum(values), blinding[name])
        for name, values in groups.values.items()
    )
    return Encrypted(cells, hasher.digest(), known)


def _chunks(groups: Groups) -> Iterator[list[tuple[str, array[int]]]]:
    """The values in group order, `PART_ROWS` at a time."""
    chunk: list[tuple[str, array[int]]] = []
    room = PART_ROWS
    for name, values in groups.values.items():
        begin = 0
        while begin < len(values):
            taken = values[begin : begin + room]
            chunk.append((name, taken))
            begin += len(taken)
            room -= len(taken)
            if not room:
                yield chunk
                chunk, room = [], PART_ROWS
    if chunk:
        yield chunk


def verify_column(
    contribution: Contribution, key: PaillierPublicKey, parts: Iterable[bytes]
) -> None:
    """Check that subtotals are the products of the ciphertexts received.

    Args:
        contribution: Its signature was verified.
        key: The custodian's public key.
        parts: The column's parts, in order.

    Raises:
        EvidenceInvalid: Another column than the one signed, or a subtotal that
            is not the product of its ciphertexts.
    """
    size = key.ciphertext_size
    hasher = _hasher(contribution.rows * size)
    cells = iter(contribution.groups)
    cell, left, product = next(cells), 0, b""
    left = cell.count
    seen = 0
    for part in parts:
        hasher.update(part)
        seen += len(part)
        if len(part) % size or seen > contribution.rows * size:
            raise _wrong(contribution, "the ciphertexts that were counted")
        begin = 0
        while begin < len(part):
            end = min(len(part), begin + left * size)
            piece = key.sum(part[begin:end])
            product = key.add(product, piece) if product else piece
            left -= (end - begin) // size
            begin = end
            if not left:
                if product != cell.ciphertext:
                    raise _wrong(contribution, "subtotals that are the products")
                product = b""
                following = next(cells, None)
                if following is not None:
                    cell, left = following, following.count
    if seen != contribution.rows * size or hasher.digest() != contribution.ciphertexts:
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
