"""Columns, numbers and groups as bytes (docs/formats/paillier-column.md).

    magic, version, kind, key digest, layout, scale, bound, count
    groups' names, runs or totals
    ciphertexts, one after the other
    SHA-256 of all of it under the tag `column`

The reader takes exactly what the writer writes: every length is bounded before
anything is read, nothing may follow, and each number is checked to be a
ciphertext under the key. The digest finds damage, not malice: whoever must know
who made a column signs it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from privshare.errors import EncodingError, OutOfRange, VerificationError
from privshare.schemes.columns import engine
from privshare.schemes.columns.column import EncryptedColumn
from privshare.schemes.columns.label import MAX_GROUPS, MAX_TEXT, Label
from privshare.schemes.columns.number import EncryptedGroups, EncryptedNumber
from privshare.schemes.columns.packing import SPARE, Layout
from privshare.schemes.columns.run import Run
from privshare.schemes.columns.total import Row, Term
from privshare.wire import domain
from privshare.wire.base64 import unb64u
from privshare.wire.digest import tagged

if TYPE_CHECKING:
    from privshare.schemes.paillier import PaillierPublicKey

__all__ = [
    "read_column",
    "read_groups",
    "read_number",
    "write_column",
    "write_groups",
    "write_number",
]

MAGIC = b"PSCOLUMN"
VERSION = 1
COLUMN, NUMBER, GROUPS = 1, 2, 3
_KINDS = {COLUMN: "column", NUMBER: "number", GROUPS: "groups"}

_DIGEST = 32
_MAX_INTEGER = 1024
_MAX_TERMS = 1 << 32
_MAX_COUNT = 1 << 48
_INT, _TEXT, _BOOL = 0, 1, 2
_HEAD, _TAIL = 1, 2
_NO_LABEL = 0xFFFFFFFF


# Writing


def write_column(column: EncryptedColumn) -> bytes:
    """The bytes of a column."""
    labels = list(
        {(type(r.label), r.label): r.label for r in column._runs if r.label is not None}
    )
    numbers = {label: i for i, label in enumerate(labels)}
    runs = [
        struct.pack(
            ">HBQI",
            run.lo,
            (0 if run.clean_head else _HEAD) | (0 if run.clean_tail else _TAIL),
            run.length,
            _NO_LABEL if run.label is None else numbers[type(run.label), run.label],
        )
        for run in column._runs
    ]
    return _sealed(
        [
            _header(COLUMN, column.public, column._layout, column.scale),
            _integer(column._bound),
            struct.pack(">Q", len(column)),
            _labels([label for _, label in labels if label is not None]),
            struct.pack(">I", len(runs)),
            *runs,
            column._data,
        ]
    )


def write_number(number: EncryptedNumber) -> bytes:
    """The bytes of a number."""
    return _totals(NUMBER, number, [], [0])


def write_groups(groups: EncryptedGroups) -> bytes:
    """The bytes of groups."""
    return _totals(GROUPS, groups, list(groups.labels), list(groups.counts))


def _totals(kind: int, totals: Any, labels: list[Label], counts: list[int]) -> bytes:
    rows: list[bytes] = []
    data: list[bytes] = []
    for row, divisor, count in zip(totals._rows, totals._divisors, counts, strict=True):
        rows.append(struct.pack(">QI", count, len(row)) + _integer(divisor))
        for term in row:
            rows.append(
                struct.pack(">BHH", int(term.folded), term.lo, term.hi)
                + _integer(term.bound)
            )
            data.append(term.ciphertext)
    return _sealed(
        [
            _header(kind, totals.public, totals._layout, totals.scale),
            _labels(labels),
            struct.pack(">I", len(totals._rows)),
            *rows,
            *data,
        ]
    )


def _header(kind: int, public: PaillierPublicKey, layout: Layout, scale: int) -> bytes:
    return b"".join(
        (
            MAGIC,
            struct.pack(">HB", VERSION, kind),
            unb64u(public.kid, _DIGEST),
            struct.pack(">HHH", layout.bits, layout.slots, layout.slot_bits),
            _integer(scale),
        )
    )


def _integer(value: int) -> bytes:
    """A number that is not negative: u16 length, then its bytes."""
    size = (value.bit_length() + 7) // 8
    return struct.pack(">H", size) + value.to_bytes(size, "big")


def _labels(labels: Sequence[Label]) -> bytes:
    parts = [struct.pack(">I", len(labels))]
    for label in labels:
        if isinstance(label, bool):
            kind, text = _BOOL, bytes((label,))
        elif isinstance(label, int):
            kind, text = _INT, label.to_bytes(8, "big", signed=True)
        else:
            kind, text = _TEXT, label.encode("utf-8")
        parts.append(struct.pack(">BH", kind, len(text)) + text)
    return b"".join(parts)


def _sealed(parts: list[bytes]) -> bytes:
    body = b"".join(parts)
    return body + tagged(domain.COLUMN, body)


# Reading


def read_column(data: bytes, public: PaillierPublicKey) -> EncryptedColumn:
    """Read a column; see `EncryptedColumn.from_bytes`."""
    fields = _Fields(data, COLUMN)
    layout, scale = fields.header(public)
    bound = _bound(fields.integer("bound"), layout)
    count = fields.number(">Q", "count", 0, _MAX_COUNT)
    labels = fields.labels()
    n_runs = fields.number(">I", "runs", 0, _MAX_TERMS)
    fields.room(n_runs, 15, "runs")
    runs = tuple(_run(fields, layout, labels) for _ in range(n_runs))
    if sum(run.length for run in runs) != count:
        raise EncodingError(f"expected runs of {count} values, found another number")
    if len({run.label is None for run in runs}) > 1:
        raise EncodingError("expected groups for all runs or none, found both")
    if len({(type(r.label), r.label) for r in runs if r.label is not None}) != len(
        labels
    ):
        raise EncodingError("expected groups that have values, found an empty one")
    ciphertexts = fields.ciphertexts(
        sum(run.ciphertexts(layout.slots) for run in runs), public
    )
    return EncryptedColumn(public, layout, scale, bound, runs, ciphertexts)


def read_number(data: bytes, public: PaillierPublicKey) -> EncryptedNumber:
    """Read a number; see `EncryptedNumber.from_bytes`."""
    fields = _Fields(data, NUMBER)
    layout, scale = fields.header(public)
    labels, rows, counts, divisors = _rows(fields, layout, public)
    if labels or counts != (0,):
        raise EncodingError("expected one total without name and count, found others")
    return EncryptedNumber(public, layout, scale, rows[0], divisors[0])


def read_groups(data: bytes, public: PaillierPublicKey) -> EncryptedGroups:
    """Read groups; see `EncryptedGroups.from_bytes`."""
    fields = _Fields(data, GROUPS)
    layout, scale = fields.header(public)
    labels, rows, counts, divisors = _rows(fields, layout, public)
    if len(labels) != len(rows):
        raise EncodingError(f"expected {len(rows)} groups, found {len(labels)} names")
    return EncryptedGroups(public, layout, scale, rows, labels, counts, divisors)


def _rows(
    fields: _Fields, layout: Layout, public: PaillierPublicKey
) -> tuple[tuple[Label, ...], tuple[Row, ...], tuple[int, ...], tuple[int, ...]]:
    labels = fields.labels()
    n_rows = fields.number(">I", "totals", 1, MAX_GROUPS + 1)
    fields.room(n_rows, 14, "totals")
    shapes: list[list[Term]] = []
    counts: list[int] = []
    divisors: list[int] = []
    for _ in range(n_rows):
        counts.append(fields.number(">Q", "count", 0, _MAX_COUNT))
        n_terms = fields.number(">I", "terms", 1, _MAX_TERMS)
        fields.room(n_terms, 7, "terms")
        divisors.append(fields.integer("divisor"))
        shapes.append([_term(fields, layout) for _ in range(n_terms)])
    size = public.ciphertext_size
    data = fields.ciphertexts(sum(map(len, shapes)), public)
    rows: list[Row] = []
    place = 0
    for shape in shapes:
        row: list[Term] = []
        for term in shape:
            row.append(term._replace(ciphertext=data[place : place + size]))
            place += size
        rows.append(tuple(row))
    return labels, tuple(rows), tuple(counts), tuple(divisors)


def _term(fields: _Fields, layout: Layout) -> Term:
    folded = fields.number(">B", "form", 0, 2)
    lo = fields.number(">H", "slot", 0, layout.slots)
    hi = fields.number(">H", "slot", lo + 1, layout.slots + 1)
    bound = _bound(fields.integer("bound"), layout)
    if folded and (not layout.packed or (lo, hi) != (0, layout.slots)):
        raise EncodingError("expected a blinded total of a whole packed plaintext")
    return Term(b"", lo, hi, bound, bool(folded))


def _bound(bound: int, layout: Layout) -> int:
    if bound > layout.capacity:
        raise OutOfRange(
            f"expected a bound of at most {layout.capacity.bit_length()} bits, found "
            f"one of {bound.bit_length()}"
        )
    return bound


def _run(fields: _Fields, layout: Layout, labels: tuple[Label, ...]) -> Run:
    lo = fields.number(">H", "slot", 0, layout.slots)
    cut = fields.number(">B", "cut", 0, 4)
    length = fields.number(">Q", "length", 1, _MAX_COUNT)
    label = fields.number(">I", "group", 0, _NO_LABEL + 1)
    if label != _NO_LABEL and label >= len(labels):
        raise EncodingError(f"expected a group below {len(labels)}, found {label}")
    inside = (lo + length) % layout.slots != 0
    if bool(cut & _HEAD) != (lo > 0) or (cut & _TAIL and not inside):
        raise EncodingError("expected cuts where a run ends inside a ciphertext")
    return Run(
        lo,
        length,
        None if label == _NO_LABEL else labels[label],
        not cut & _HEAD,
        not cut & _TAIL,
    )


class _Fields:
    """Reads bytes from the front; knows how much is left."""

    def __init__(self, data: bytes, kind: int) -> None:
        if len(data) < len(MAGIC) + 3 + _DIGEST or data[: len(MAGIC)] != MAGIC:
            raise EncodingError(
                f"expected an encrypted {_KINDS[kind]}, found other bytes",
                fix="give what to_bytes() wrote",
            )
        self._data = data
        self._place = len(MAGIC)
        self._end = len(data) - _DIGEST
        version = self.number(">H", "version", 0, 1 << 16)
        if version != VERSION:
            raise EncodingError(
                f"expected version {VERSION}, found {version}",
                fix="update privshare, or ask for a file of version 1",
            )
        found = self.number(">B", "kind", 0, 256)
        if found != kind:
            raise EncodingError(
                f"expected a {_KINDS[kind]}, found a {_KINDS.get(found, 'thing')}",
                fix="EncryptedColumn, EncryptedNumber and EncryptedGroups each read "
                "their own",
            )
        if tagged(domain.COLUMN, data[: self._end]) != data[self._end :]:
            raise VerificationError(
                "expected the digest at the end to match, found another",
                fix="the bytes were damaged on the way: fetch them again",
            )

    def take(self, length: int, what: str) -> bytes:
        """The next bytes."""
        if length > self._end - self._place:
            raise EncodingError(
                f"expected {length} bytes of {what}, found {self._end - self._place}"
            )
        self._place += length
        return self._data[self._place - length : self._place]

    def room(self, count: int, size: int, what: str) -> None:
        """Refuse a count that the bytes cannot hold, before counting."""
        if count * size > self._end - self._place:
            raise EncodingError(f"expected {count} {what}, found fewer bytes")

    def number(self, form: str, what: str, low: int, high: int) -> int:
        """A number of fixed length in [low, high)."""
        (value,) = struct.unpack(form, self.take(struct.calcsize(form), what))
        if not low <= value < high:
            raise OutOfRange(f"expected {what} in [{low}, {high}), found {value}")
        return int(value)

    def integer(self, what: str) -> int:
        """A number of its own length, without leading zeros."""
        size = self.number(">H", what, 0, _MAX_INTEGER + 1)
        data = self.take(size, what)
        if data[:1] == b"\0":
            raise EncodingError(f"expected {what} without leading zeros, found one")
        return int.from_bytes(data, "big")

    def header(self, public: PaillierPublicKey) -> tuple[Layout, int]:
        """Key, layout and scale."""
        if self.take(_DIGEST, "key digest") != unb64u(public.kid, _DIGEST):
            raise OutOfRange(
                f"expected ciphertexts under key {public.kid}, found another key's",
                fix="read it with the key it was encrypted under",
            )
        bits = self.number(">H", "bits of the modulus", public.bits, public.bits + 1)
        slots = self.number(">H", "slots", 1, bits)
        width = self.number(">H", "bits of a slot", 0, bits)
        if (width == 0 and slots != 1) or width == 1:
            raise EncodingError("expected slots of 2 bits and more, found less")
        if width * slots > bits - 1 - SPARE:
            raise OutOfRange(
                f"expected slots of {bits - 1 - SPARE} bits together, found "
                f"{width * slots}"
            )
        scale = self.integer("scale")
        if not 0 < scale < 1 << 1024:
            raise OutOfRange("expected a scale of 1 to 1024 bits, found another")
        return Layout(bits, slots, width), scale

    def labels(self) -> tuple[Label, ...]:
        """Names of groups, each once."""
        count = self.number(">I", "groups", 0, MAX_GROUPS + 1)
        self.room(count, 4, "groups")
        found: dict[tuple[type, Label], None] = {}
        for _ in range(count):
            label = self._label()
            if (type(label), label) in found:
                raise EncodingError("expected each group once, found one twice")
            found[type(label), label] = None
        return tuple(label for _, label in found)

    def _label(self) -> Label:
        kind = self.number(">B", "kind of a name", 0, 3)
        data = self.take(self.number(">H", "name", 0, MAX_TEXT + 1), "name")
        if kind == _BOOL and data in (b"\0", b"\1"):
            return data == b"\1"
        if kind == _INT and len(data) == 8:
            return int.from_bytes(data, "big", signed=True)
        try:
            if kind == _TEXT:
                return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        raise EncodingError("expected a name of its kind, found other bytes")

    def ciphertexts(self, count: int, public: PaillierPublicKey) -> bytes:
        """All that is left: so many ciphertexts, each one checked."""
        size = public.ciphertext_size
        left = self._end - self._place
        if left != count * size:
            raise EncodingError(
                f"expected {count} ciphertexts, {count * size} bytes, found {left}"
            )
        data = self.take(left, "ciphertexts")
        engine.check(public._core, data)
        return data
