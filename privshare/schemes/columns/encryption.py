"""Encrypting and decrypting whole columns, chunk by chunk.

    column ─► Plan.blocks ─► pack ─► Randomness.encrypt ─► EncryptedColumn
              one chunk at a time, on all cores, in bounded memory

The public face is `PaillierPublicKey.encrypt`, `PaillierPrivateKey.encrypt`
and `PaillierPrivateKey.decrypt`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from privshare.bindings.paillier import PrivateCore
from privshare.errors import EncodingError, OutOfRange
from privshare.schemes.columns import engine
from privshare.schemes.columns.column import EncryptedColumn
from privshare.schemes.columns.encoding import Ints, Plan, plan
from privshare.schemes.columns.label import factorise
from privshare.schemes.columns.number import (
    EncryptedGroups,
    EncryptedNumber,
    same_key,
)
from privshare.schemes.columns.packing import (
    HEADROOM,
    Layout,
    pack,
    packed_layout,
    single_layout,
    unpack,
)
from privshare.schemes.columns.run import Run
from privshare.schemes.columns.source import is_number
from privshare.schemes.columns.total import Term
from privshare.schemes.columns.values import Exact, ScaledValues
from privshare.schemes.paillier_random import Randomness

if TYPE_CHECKING:
    from privshare.schemes.columns.label import Label
    from privshare.schemes.paillier import PaillierPublicKey

__all__ = ["Encrypted", "Progress", "decrypt", "encrypt"]

Progress: TypeAlias = Callable[[int, int | None], object]
Encrypted: TypeAlias = EncryptedColumn | EncryptedNumber | EncryptedGroups


def encrypt(
    public: PaillierPublicKey,
    source: Randomness,
    column: Any,
    *,
    scale: int | None = None,
    bound: Any = None,
    packed: bool = True,
    by: Any = None,
    rounding: str = "exact",
    headroom: int = HEADROOM,
    progress: Progress | None = None,
) -> EncryptedColumn | EncryptedNumber:
    """Encrypt a column, or a single number; see `PaillierPublicKey.encrypt`."""
    if is_number(column):
        return _number(public, source, column, scale, bound, rounding)
    reading = plan(column, scale, bound, rounding)
    if packed:
        layout = packed_layout(public.bits, reading.bound, headroom)
    else:
        layout = single_layout(public.bits, reading.bound)
    if by is not None:
        return _by_group(public, source, reading, layout, by, progress)
    total = reading.source.length
    parts: list[bytes] = []
    length = 0
    for data, count in _encrypted(public, source, layout, reading.blocks, total):
        parts.append(data)
        length += count
        if progress:
            progress(length, total)
    return EncryptedColumn(
        public,
        layout,
        reading.scale,
        reading.bound,
        (Run(0, length),) if length else (),
        parts[0] if len(parts) == 1 else b"".join(parts),
    )


def _number(
    public: PaillierPublicKey,
    source: Randomness,
    value: Any,
    scale: int | None,
    bound: Any,
    rounding: str,
) -> EncryptedNumber:
    """A single number: one ciphertext of one value."""
    array = np.asarray(value) if getattr(value, "ndim", None) == 0 else None
    reading = plan(
        [value] if array is None else array.reshape(1), scale, bound, rounding
    )
    layout = single_layout(public.bits, reading.bound)
    plain = pack(reading.all(), layout, public.n)
    term = Term(source.encrypt(plain, 1), 0, 1, reading.bound)
    return EncryptedNumber(public, layout, reading.scale, (term,))


def _encrypted(
    public: PaillierPublicKey,
    source: Randomness,
    layout: Layout,
    values: Callable[[int], Iterator[Ints]],
    total: int | None,
) -> Iterator[tuple[bytes, int]]:
    """Ciphertexts of each chunk, and how many values they hold."""
    chunk = engine.CHUNK
    if total is not None:
        spans = engine.pieces(layout.ciphertexts(total))
        chunk = spans[0][1] if spans else 1

    def work(values: Ints) -> tuple[bytes, int]:
        plain = pack(values, layout, public.n)
        count = layout.ciphertexts(len(values))
        return source.encrypt(plain, count), len(values)

    blocks = values(chunk * layout.slots)
    if total is not None and total <= chunk * layout.slots:
        yield from map(work, blocks)
    else:
        yield from engine.ordered(work, blocks)


def _by_group(
    public: PaillierPublicKey,
    source: Randomness,
    reading: Plan,
    layout: Layout,
    by: Any,
    progress: Progress | None,
) -> EncryptedColumn:
    """Sort by group and give each group ciphertexts of its own."""
    labels, codes = factorise(by)
    values = reading.all()
    if len(values) != len(codes):
        raise OutOfRange(
            f"expected a key for each of {len(values)} values, found {len(codes)}",
            fix="give by= as many keys as the column has values",
        )
    if not len(values):
        return EncryptedColumn(public, layout, reading.scale, reading.bound, (), b"")
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes, minlength=len(labels))
    slots = layout.slots
    takes = -(-counts // slots)
    starts = np.concatenate(([0], np.cumsum(takes)[:-1])) * slots
    firsts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    places = np.repeat(starts - firsts, counts) + np.arange(len(values))
    padded = np.zeros(int(takes.sum()) * slots, values.dtype)
    padded[places] = values[order]

    def blocks(size: int) -> Iterator[Ints]:
        for start in range(0, len(padded), size):
            yield padded[start : start + size]

    total, done = len(values), 0
    parts: list[bytes] = []
    for data, count in _encrypted(public, source, layout, blocks, len(padded)):
        parts.append(data)
        done += count
        if progress:
            progress(total * done // len(padded), total)
    runs = tuple(
        Run(0, int(count), label)
        for count, label in zip(counts, labels, strict=True)
        if count
    )
    return EncryptedColumn(
        public, layout, reading.scale, reading.bound, runs, b"".join(parts)
    )


def decrypt(
    core: PrivateCore,
    public: PaillierPublicKey,
    encrypted: Encrypted,
    progress: Progress | None = None,
) -> Any:
    """Decrypt a column, a number or groups; see `PaillierPrivateKey.decrypt`."""
    if not isinstance(encrypted, (EncryptedColumn, EncryptedNumber, EncryptedGroups)):
        raise EncodingError(
            f"expected an encrypted column, number or groups, found a "
            f"{type(encrypted).__name__}",
            fix="read bytes with EncryptedColumn.from_bytes(data, public)",
        )
    same_key(public, encrypted.public)
    if isinstance(encrypted, EncryptedColumn):
        return _column(core, encrypted, progress)
    values = encrypted._units(core)
    if isinstance(encrypted, EncryptedNumber):
        return values[0]
    found: dict[Label, Exact] = dict(zip(encrypted.labels, values, strict=True))
    return found


def _column(
    core: PrivateCore, column: EncryptedColumn, progress: Progress | None
) -> Ints | ScaledValues:
    layout, n, total = column._layout, column.public.n, len(column)
    parts: list[Ints] = []
    done = 0
    for plain in engine.decrypt(core, column._data):
        parts.append(unpack(plain, layout, n, column._bound))
        done += len(parts[-1])
        if progress:
            progress(min(done, total), total)
    units = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    chosen: list[Ints] = []
    place = 0
    for run in column._runs:
        chosen.append(units[place + run.lo : place + run.lo + run.length])
        place += run.ciphertexts(layout.slots) * layout.slots
    if len(chosen) != 1:
        chosen = [np.concatenate(chosen)] if chosen else [units]
    return chosen[0] if column.scale == 1 else ScaledValues(chosen[0], column.scale)
