"""Groups and codecs for the tests of the sigma engine.

None of this is constant-time, and nothing of it is for use: P-256 and the
group G1 of BLS12-381 as in the textbook, for the vectors of the CFRG draft, and
integers modulo a small prime, to try everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from privshare.errors import EncodingError
from privshare.schemes.sigma.engine import Statement
from privshare.schemes.sigma.group import Entries
from privshare.schemes.sigma.statement import encode

Point = tuple[int, int] | None


class Scalars:
    """Integers modulo a prime order, encoded in a fixed length."""

    def __init__(
        self, order: int, length: int, byteorder: Literal["big", "little"]
    ) -> None:
        self.order = order
        self.scalar_bytes = length
        self.wide_bytes = length + 16
        self.byteorder = byteorder

    def scalar(self, value: int) -> bytes:
        return (value % self.order).to_bytes(self.scalar_bytes, self.byteorder)

    def number(self, data: bytes) -> int:
        assert len(data) == self.scalar_bytes
        value = int.from_bytes(data, self.byteorder)
        if value >= self.order:
            raise EncodingError("expected a scalar below the order, found another")
        return value

    def numbers(self, data: bytes) -> list[int]:
        size = self.scalar_bytes
        if len(data) % size:
            raise EncodingError(f"expected scalars of {size} bytes, found a rest")
        return [self.number(data[i : i + size]) for i in range(0, len(data), size)]

    def check_scalars(self, data: bytes) -> None:
        self.numbers(data)

    def reduce(self, wide: bytes) -> bytes:
        return self.scalar(int.from_bytes(wide, "little"))

    def map_scalars(self, x: bytes, entries: Entries, rows: int) -> bytes:
        numbers, out = self.numbers(x), [0] * rows
        for row, column, c in zip(
            entries.rows, entries.columns, entries.coefficients, strict=True
        ):
            out[row] += self.number(c) * numbers[column]
        return b"".join(map(self.scalar, out))

    def plus(self, a: bytes, b: bytes) -> bytes:
        return self.scalar(self.number(a) + self.number(b))

    def minus(self, a: bytes, b: bytes) -> bytes:
        return self.scalar(self.number(a) - self.number(b))

    def times(self, a: bytes, b: bytes) -> bytes:
        return self.scalar(self.number(a) * self.number(b))


class TinyGroup(Scalars):
    """The integers modulo a prime under addition; the generator is 1.

    Logarithms are no secret here, so any element can be made to order.
    """

    def __init__(self, order: int, length: int = 1) -> None:
        super().__init__(order, length, "little")
        self.element_bytes = length
        self.name = f"integers modulo {order}"

    def generator(self) -> list[int]:
        return [1]

    def decode(self, data: bytes) -> list[int]:
        return self.numbers(data)

    def encode(self, row: list[int]) -> bytes:
        return b"".join(map(self.scalar, row))

    def identities(self, row: list[int]) -> list[int]:
        return [i for i, element in enumerate(row) if element == 0]

    def take(self, row: list[int], positions: Sequence[int]) -> list[int]:
        return [row[i] for i in positions]

    def join(self, rows: Sequence[list[int]]) -> list[int]:
        return [element for row in rows for element in row]

    def sums(self, row: list[int], counts: Sequence[int]) -> list[int]:
        assert sum(counts) == len(row)
        found, at = [], 0
        for count in counts:
            assert count > 0
            found.append(sum(row[at : at + count]) % self.order)
            at += count
        return found

    def multiply(self, scalars: bytes, row: list[int]) -> list[int]:
        pairs = zip(self.numbers(scalars), row, strict=True)
        return [s * element % self.order for s, element in pairs]

    multiply_vartime = multiply

    def combine_vartime(self, scalars: bytes, row: list[int]) -> list[int]:
        return [sum(self.multiply(scalars, row)) % self.order]


class Curve(Scalars):
    """A prime-order group of points on y² = x³ + a·x + b modulo p.

    Elements have the encodings of the draft's ciphersuites, in which the
    identity has none.
    """

    def __init__(
        self,
        name: str,
        p: int,
        a: int,
        b: int,
        order: int,
        element_bytes: int,
        generator: str,
        *,
        subgroup: bool,
    ) -> None:
        super().__init__(order, 32, "big")
        self.name, self.p, self.a, self.b = name, p, a, b
        self.element_bytes = element_bytes
        self.subgroup = subgroup
        self._generator = self.decode(bytes.fromhex(generator))

    def generator(self) -> list[Point]:
        return self._generator

    def decode(self, data: bytes) -> list[Point]:
        size = self.element_bytes
        if len(data) % size:
            raise EncodingError(f"expected elements of {size} bytes, found a rest")
        return [self._point(data[i : i + size]) for i in range(0, len(data), size)]

    def _point(self, data: bytes) -> Point:
        """SEC 1 compressed, or with flags in the three topmost bits."""
        odd = larger = False
        if self.subgroup:
            flags, head = data[0] >> 5, data[0] & 0x1F
            good, larger = flags in (0b100, 0b101), bool(flags & 1)
        else:
            flags, head = data[0], 0
            good, odd = flags in (2, 3), flags == 3
        x = int.from_bytes(bytes((head,)) + data[1:], "big")
        square = (x**3 + self.a * x + self.b) % self.p
        y = pow(square, (self.p + 1) // 4, self.p)
        if not good or x >= self.p or y * y % self.p != square:
            raise EncodingError("expected an element, found other bytes")
        if (2 * y > self.p) != larger if self.subgroup else (y & 1) != odd:
            y = self.p - y
        if self.subgroup and self._times(self.order, (x, y)) is not None:
            raise EncodingError("expected an element of the group, found a point")
        return x, y

    def encode(self, row: list[Point]) -> bytes:
        out = []
        for point in row:
            assert point is not None, "the identity has no encoding"
            x, y = point
            if self.subgroup:
                flags = 0x80 | (0x20 if 2 * y > self.p else 0)
                body = x.to_bytes(48, "big")
                out.append(bytes((body[0] | flags,)) + body[1:])
            else:
                out.append(bytes((2 | y & 1,)) + x.to_bytes(32, "big"))
        return b"".join(out)

    def identities(self, row: list[Point]) -> list[int]:
        return [i for i, point in enumerate(row) if point is None]

    def take(self, row: list[Point], positions: Sequence[int]) -> list[Point]:
        return [row[i] for i in positions]

    def join(self, rows: Sequence[list[Point]]) -> list[Point]:
        return [point for row in rows for point in row]

    def sums(self, row: list[Point], counts: Sequence[int]) -> list[Point]:
        found: list[Point] = []
        at = 0
        for count in counts:
            total: Point = None
            for point in row[at : at + count]:
                total = self._plus(total, point)
            found.append(total)
            at += count
        return found

    def multiply(self, scalars: bytes, row: list[Point]) -> list[Point]:
        pairs = zip(self.numbers(scalars), row, strict=True)
        return [self._times(s, point) for s, point in pairs]

    multiply_vartime = multiply

    def combine_vartime(self, scalars: bytes, row: list[Point]) -> list[Point]:
        return self.sums(self.multiply(scalars, row), [len(row)])

    def _plus(self, a: Point, b: Point) -> Point:
        if a is None or b is None:
            return a or b
        p = self.p
        if a[0] == b[0]:
            if (a[1] + b[1]) % p == 0:
                return None
            slope = (3 * a[0] ** 2 + self.a) * pow(2 * a[1], -1, p) % p
        else:
            slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, p) % p
        x = (slope * slope - a[0] - b[0]) % p
        return x, (slope * (a[0] - x) - a[1]) % p

    def _times(self, s: int, point: Point) -> Point:
        total: Point = None
        while s:
            if s & 1:
                total = self._plus(total, point)
            point = self._plus(point, point)
            s >>= 1
        return total


# NIST SP 800-186, section 3.2.1.3; SEC 1, section 2.3.3.
P256 = Curve(
    "P-256",
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    -3,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    33,
    "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    subgroup=False,
)


def bls12_381() -> Curve:
    """G1, RFC 9380, section 8.8.1; a function, because it takes a while."""
    return Curve(
        "BLS12-381 G1",
        int(
            "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624"
            "1eabfffeb153ffffb9feffffffffaaab",
            16,
        ),
        0,
        4,
        0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001,
        48,
        "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
        "6c55e83ff97a1aeffb3af00adb22c6bb",
        subgroup=True,
    )


class Scripted:
    """A codec whose challenges the test says beforehand, or chooses itself."""

    def __init__(self, group: Scalars, challenge: int | None = None) -> None:
        self.group = group
        self.fixed = challenge
        self.seen: list[bytes] = []

    def begin(self, statement: Statement, compact: bool) -> None:
        self.seen.append(encode(statement) + bytes((compact,)))

    def nonces(self, packed: bytes, rand: bytes, count: int) -> list[bytes]:
        raise AssertionError("the test brings its nonces")

    def commitments(self, data: bytes) -> None:
        self.seen.append(data)

    def challenge(self) -> bytes:
        if self.fixed is not None:
            return self.group.scalar(self.fixed)
        digest = hashlib.sha256(b"|".join(self.seen)).digest()
        return self.group.scalar(int.from_bytes(digest, "big"))

    def responses(self, data: bytes) -> None:
        self.seen.append(data)
