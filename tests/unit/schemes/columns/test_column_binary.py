"""The bytes of columns: read back, read by a stranger, and refused when wrong."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest

from privshare.errors import (
    EncodingError,
    OutOfRange,
    PrivShareError,
    VerificationError,
)
from privshare.schemes.columns import (
    EncryptedColumn,
    EncryptedGroups,
    EncryptedNumber,
    concat,
)
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey
from privshare.wire.base64 import unb64u

Thing = EncryptedColumn | EncryptedNumber | EncryptedGroups


def things(public: PaillierPublicKey) -> list[Thing]:
    """Columns, numbers and groups of every form."""
    a = public.encrypt(range(-50, 50), scale=100)
    b = public.encrypt([5, 6, 7, 8], by=["b", "a", "b", "ü"])
    c = public.encrypt([1, 2, 3], packed=False)
    d = public.encrypt([1, 2, 3], by=[True, 1, -1], packed=False)
    e = public.encrypt([2**70], bound=2**71, scale=3)
    assert isinstance(a, EncryptedColumn) and isinstance(b, EncryptedColumn)
    assert isinstance(c, EncryptedColumn) and isinstance(d, EncryptedColumn)
    assert isinstance(e, EncryptedColumn)
    return [
        *(a, b, c, d, e, a[3:60], b[1:3], a[:0], c[::-1], concat([a[:29], a])),
        *(a.sum(), a.mean(), a[3:60].sum(), a.sum().blind(), c[1], c.dot([1, 2, 3])),
        *(b.groupby().sum(), b.groupby().mean(), c.groupby([1, 2, 1]).sum()),
        *(b.groupby().sum().blind(), d.groupby().sum()),
    ]


def sealed(body: bytes) -> bytes:
    """A body with the digest that belongs to it."""
    tag = b"privshare/v1/column"
    data = bytes([len(tag)]) + tag + struct.pack(">Q", len(body)) + body
    return body + hashlib.sha256(data).digest()


def header(thing: Thing) -> int:
    """Where the ciphertexts begin."""
    return len(thing.to_bytes()) - 32 - thing.nbytes


def test_round_trip(private: PaillierPrivateKey) -> None:
    """Every thing comes back as it was, and its bytes are the same again."""
    for thing in things(private.public):
        data = thing.to_bytes()
        again = type(thing).from_bytes(data, private.public)
        assert again.to_bytes() == data and repr(again) == repr(thing)
        one, two = private.decrypt(thing), private.decrypt(again)
        assert (one == two) if isinstance(one, dict) else (str(one) == str(two))


class Stranger:
    """A second reader, from docs/formats/paillier-column.md and Python alone."""

    def __init__(self, data: bytes, p: int, q: int) -> None:
        assert sealed(data[:-32]) == data
        self.data, self.place, self.p, self.q = data[:-32], 0, p, q
        assert self.take(8) == b"PSCOLUMN" and self.number(2) == 1
        self.kind = self.number(1)
        self.key = self.take(32)
        self.bits, self.slots, self.width = (self.number(2) for _ in range(3))
        self.scale = self.integer()

    def take(self, size: int) -> bytes:
        self.place += size
        return self.data[self.place - size : self.place]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def integer(self) -> int:
        return self.number(self.number(2))

    def column(self) -> list[int]:
        """The units of a column."""
        assert self.kind == 1
        bound, count = self.integer(), self.number(8)
        for _ in range(self.number(4)):
            self.take(1)
            self.take(self.number(2))
        runs = []
        for _ in range(self.number(4)):
            runs.append((self.number(2), self.number(1), self.number(8)))
            self.take(4)
        values: list[int] = []
        for lo, _, length in runs:
            digits: list[int] = []
            while len(digits) < lo + length:
                digits += self.digits(self.decrypt(self.number(self.bits // 4)))
            values += digits[lo : lo + length]
        assert self.place == len(self.data) and len(values) == count
        assert all(abs(v) <= bound for v in values)
        return values

    def decrypt(self, c: int) -> int:
        """L(c^(p-1) mod p²) / L((1 + n)^(p-1)), and so for q; then CRT."""
        n, halves = self.p * self.q, []
        for f in (self.p, self.q):
            x, g = pow(c, f - 1, f * f), pow(1 + n, f - 1, f * f)
            halves.append((x - 1) // f * pow((g - 1) // f, -1, f) % f)
        m = halves[0] + self.p * ((halves[1] - halves[0]) * pow(self.p, -1, self.q))
        m %= n
        return m if 2 * m < n else m - n

    def digits(self, m: int) -> list[int]:
        if not self.width:
            return [m]
        found = []
        for _ in range(self.slots):
            d = (m + (1 << (self.width - 1))) % (1 << self.width)
            found.append(d - (1 << (self.width - 1)))
            m = (m - found[-1]) >> self.width
        assert m == 0
        return found


def test_a_stranger_reads_our_columns(private: PaillierPrivateKey) -> None:
    """The page says enough to write a reader that uses none of our code."""
    for thing in things(private.public):
        if not isinstance(thing, EncryptedColumn):
            continue
        other = Stranger(thing.to_bytes(), private._p, private._q)
        found = private.decrypt(thing)
        units = found.tolist() if thing.scale == 1 else found.units.tolist()
        assert other.column() == units
        assert other.scale == thing.scale and other.key == unb64u(private.public.kid)


def test_every_flipped_bit_of_a_header_is_noticed(public: PaillierPublicKey) -> None:
    """The digest at the end finds each of them, and damage to ciphertexts."""
    for thing in things(public)[:2]:
        data = thing.to_bytes()
        end = header(thing)
        places = [*range(8 * end), *random.sample(range(8 * end, 8 * len(data)), 50)]
        for place in places:
            changed = bytearray(data)
            changed[place // 8] ^= 1 << place % 8
            with pytest.raises(PrivShareError):
                type(thing).from_bytes(bytes(changed), public)


def test_flips_behind_a_new_digest_mean_something(private: PaillierPrivateKey) -> None:
    """With the digest made anew a flip is refused, or is another column's header."""
    public = private.public
    for thing in things(public):
        body = thing.to_bytes()[:-32]
        for place in range(8 * header(thing)):
            changed = bytearray(body)
            changed[place // 8] ^= 1 << place % 8
            data = sealed(bytes(changed))
            try:
                other = type(thing).from_bytes(data, public)
            except PrivShareError:
                continue
            assert other.to_bytes() == data
            if place % 7 == 0:
                try:
                    private.decrypt(other)
                except VerificationError:
                    continue


def test_other_lengths_are_refused(public: PaillierPublicKey) -> None:
    """Every shortening, and anything that follows."""
    for thing in things(public):
        data, end = thing.to_bytes(), header(thing)
        for size in (
            *range(min(end + 4, len(data) - 32)),
            len(data) - 33,
            len(data) - 1,
        ):
            for short in (data[:size], sealed(data[:size])):
                with pytest.raises(PrivShareError):
                    type(thing).from_bytes(short, public)
        for long in (data + b"\0", sealed(data[:-32] + b"\0"), data + data):
            with pytest.raises(PrivShareError):
                type(thing).from_bytes(long, public)
        more = sealed(data[:-32] + (1).to_bytes(512, "big"))
        with pytest.raises(EncodingError, match="expected"):
            type(thing).from_bytes(more, public)


def test_what_is_no_ciphertext_is_refused(private: PaillierPrivateKey) -> None:
    """0, n, multiples of p, n² and above, in any place; the place is told."""
    public, n = private.public, private.public.n
    for thing in things(public)[:14:2]:
        data, end = thing.to_bytes(), header(thing)
        count = thing.nbytes // 512
        for bad in (0, n, 7 * n, private._p, 5 * private._q, n * n, n * n + 1):
            for place in {0, count - 1} - {-1}:
                body = bytearray(data[:-32])
                spot = end + 512 * place
                body[spot : spot + 512] = bad.to_bytes(512, "big")
                with pytest.raises(VerificationError) as caught:
                    type(thing).from_bytes(sealed(bytes(body)), public)
                assert caught.value.detail["index"] == place


def test_other_keys_kinds_and_versions(
    public: PaillierPublicKey, other: PaillierPrivateKey
) -> None:
    """Another key's bytes, another thing's, and a later version's are named."""
    column, number = things(public)[0], things(public)[10]
    groups = things(public)[16]
    with pytest.raises(OutOfRange, match="another key"):
        EncryptedColumn.from_bytes(column.to_bytes(), other.public)
    with pytest.raises(EncodingError, match="found a number"):
        EncryptedColumn.from_bytes(number.to_bytes(), public)
    with pytest.raises(EncodingError, match="found a column"):
        EncryptedGroups.from_bytes(column.to_bytes(), public)
    with pytest.raises(EncodingError, match="found a groups"):
        EncryptedNumber.from_bytes(groups.to_bytes(), public)
    body = column.to_bytes()[:-32]
    with pytest.raises(EncodingError, match="version"):
        EncryptedColumn.from_bytes(sealed(body[:8] + b"\0\2" + body[10:]), public)
    for data in (b"", b"PSCOLUMN", bytes(200), b"\x80\x04."):
        with pytest.raises(EncodingError):
            EncryptedColumn.from_bytes(data, public)


def changed(body: bytes, place: int, new: bytes) -> bytes:
    return sealed(body[:place] + new + body[place + len(new) :])


@pytest.mark.parametrize(
    ("place", "new"),
    [
        (43, b"\x0c\x00"),  # bits of another modulus
        (45, b"\0\0"),  # no slots
        (45, b"\xff\xff"),
        (47, b"\0\0"),  # many slots of no bits
        (47, b"\0\1"),
        (47, b"\7\xff"),  # slots that do not fit
        (49, b"\0\0"),  # no scale
        (49, b"\xff\xff"),
        (49, b"\0\1\0"),  # a leading zero
    ],
)
def test_headers_that_are_refused(
    public: PaillierPublicKey, place: int, new: bytes
) -> None:
    """Fields outside their intervals, behind a right digest."""
    body = things(public)[0].to_bytes()[:-32]
    with pytest.raises((EncodingError, OutOfRange)):
        EncryptedColumn.from_bytes(changed(body, place, new), public)


Change = Callable[[dict[str, Any]], Any]


def rebuilt(public: PaillierPublicKey, change: Change) -> bytes:
    """A column of two groups, written by hand."""
    good = public.encrypt([5, 6, 7], by=["b", "a", "b"])
    assert isinstance(good, EncryptedColumn)
    fields: dict[str, Any] = {
        "bound": struct.pack(">H", 7) + (2**53 - 1).to_bytes(7, "big"),
        "count": 3,
        "labels": [(1, b"a"), (1, b"b")],
        "runs": [(0, 0, 1, 0), (0, 0, 2, 1)],
        "data": good._data,
    }
    change(fields)
    head = good.to_bytes()[: 8 + 3 + 32 + 6 + 3]
    body = head + fields["bound"] + struct.pack(">Q", fields["count"])
    body += struct.pack(">I", len(fields["labels"]))
    for kind, name in fields["labels"]:
        body += struct.pack(">BH", kind, len(name)) + name
    body += struct.pack(">I", len(fields["runs"]))
    for run in fields["runs"]:
        body += struct.pack(">HBQI", *run)
    return sealed(body + fields["data"])


BROKEN: list[Change] = [
    lambda f: f.update(bound=b"\0\x20" + b"\xff" * 32),
    lambda f: f.update(count=4),
    lambda f: f.update(count=1 << 63),
    lambda f: f.update(labels=[(1, b"a"), (1, b"a")]),
    lambda f: f.update(labels=[(1, b"a"), (1, b"b"), (1, b"c")]),
    lambda f: f.update(labels=[(1, b"a"), (1, b"\xff")]),
    lambda f: f.update(labels=[(1, b"a"), (0, b"b")]),
    lambda f: f.update(labels=[(1, b"a"), (2, b"\2")]),
    lambda f: f.update(labels=[(1, b"a"), (3, b"b")]),
    lambda f: f.update(labels=[(1, b"a"), (1, b"b" * 1025)]),
    lambda f: f.update(runs=[(0, 0, 1, 0), (0, 0, 2, 2)]),
    lambda f: f.update(runs=[(0, 0, 1, 0), (0, 0, 2, 0xFFFFFFFF)]),
    lambda f: f.update(runs=[(0, 0, 1, 0), (0, 0, 2, 0)]),
    lambda f: f.update(runs=[(0, 0, 1, 0), (29, 1, 2, 1)]),
    lambda f: f.update(runs=[(0, 0, 1, 0), (3, 0, 2, 1)]),
    lambda f: f.update(runs=[(0, 1, 1, 0), (0, 0, 2, 1)]),
    lambda f: f.update(runs=[(0, 4, 1, 0), (0, 0, 2, 1)]),
    lambda f: f.update(runs=[(0, 0, 0, 0), (0, 0, 3, 1)]),
    lambda f: f.update(runs=[(0, 0, 3, 0)]),
    lambda f: f.update(data=f["data"] + f["data"][:512]),
    lambda f: f.update(data=f["data"][:512]),
]


@pytest.mark.parametrize("which", range(len(BROKEN)))
def test_parts_that_do_not_fit_together(public: PaillierPublicKey, which: int) -> None:
    """Runs, groups and ciphertexts must agree."""
    EncryptedColumn.from_bytes(rebuilt(public, lambda _: None), public)
    with pytest.raises((EncodingError, OutOfRange)):
        EncryptedColumn.from_bytes(rebuilt(public, BROKEN[which]), public)
