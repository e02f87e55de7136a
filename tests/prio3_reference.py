"""Prio3's verifier once more, in plain Python and from the draft's text alone.

It opens a report: adds all shares up and judges the sum, which no aggregator
can. Polynomials are evaluated by Lagrange's formula with divisions, from as
many points as their degree asks for; there are no transforms, no Montgomery
form and no shared code with the core.

Source: draft-irtf-cfrg-vdaf-20; RFC 9861; FIPS 202.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

MASK = 2**64 - 1
RATE = 168
CODEPOINTS = {"count": 1, "sum": 2, "sum-vec": 3, "histogram": 4, "multihot": 5}


def _turn(x: int, n: int) -> int:
    n %= 64
    return (x << n | x >> (64 - n)) & MASK


def _constants() -> list[int]:
    """All 24 round constants, FIPS 202, 3.2.5."""
    found, register = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            constant |= (register & 1) << (2**j - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        found.append(constant)
    return found


CONSTANTS = _constants()


def permute(a: list[int]) -> list[int]:
    """Keccak-p[1600, 12]; lane x + 5y."""
    for constant in CONSTANTS[12:]:
        column = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        a = [
            a[i] ^ column[(i - 1) % 5] ^ _turn(column[(i + 1) % 5], 1)
            for i in range(25)
        ]
        b, x, y = [a[0]] + [0] * 24, 1, 0
        for t in range(24):
            b[y + 5 * ((2 * x + 3 * y) % 5)] = _turn(
                a[x + 5 * y], (t + 1) * (t + 2) // 2
            )
            x, y = y, (2 * x + 3 * y) % 5
        a = [
            b[5 * y + x] ^ (b[5 * y + (x + 1) % 5] ^ MASK) & b[5 * y + (x + 2) % 5]
            for y in range(5)
            for x in range(5)
        ]
        a[0] ^= constant
    return a


def stream(seed: bytes, dst: bytes, binder: bytes) -> Iterator[bytes]:
    """XofTurboShake128, eight bytes at a time."""
    data = len(dst).to_bytes(2, "little") + dst + bytes([len(seed)]) + seed + binder
    data += b"\x01"
    data += bytes(-len(data) % RATE)
    data = data[:-1] + bytes([data[-1] ^ 0x80])
    lanes = [0] * 25
    for at in range(0, len(data), RATE):
        for i in range(RATE // 8):
            word = data[at + 8 * i : at + 8 * i + 8]
            lanes[i] ^= int.from_bytes(word, "little")
        lanes = permute(lanes)
    while True:
        for lane in lanes[: RATE // 8]:
            yield lane.to_bytes(8, "little")
        lanes = permute(lanes)


@dataclass(frozen=True)
class Opened:
    """A report with all its shares, and what aggregators know."""

    circuit: str
    length: int
    bound: int
    chunk: int
    shares: int
    ctx: bytes
    key: bytes
    nonce: bytes
    public: bytes
    inputs: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes of an element."""
        return 8 if self.circuit in ("count", "sum") else 16

    @property
    def prime(self) -> int:
        """The field."""
        wide = 2**66 * 4611686018427387897 + 1
        return 2**32 * 4294967295 + 1 if self.size == 8 else wide

    @property
    def bits(self) -> int:
        """Bits of the bound."""
        return self.bound.bit_length()

    @property
    def elements(self) -> int:
        """Of an encoded measurement."""
        if self.circuit == "multihot":
            return self.length + self.bits
        return self.length * max(1, self.bits)

    @property
    def joint(self) -> bool:
        """Whether there is joint randomness."""
        return self.size == 16

    @property
    def calls(self) -> int:
        """Of the gadget."""
        return -(-self.elements // self.chunk) if self.joint else self.elements

    @property
    def arity(self) -> int:
        """Wires of the gadget."""
        if self.joint:
            return 2 * self.chunk
        return 2 if self.circuit == "count" else 1

    @property
    def points(self) -> int:
        """The least power of two above the number of calls."""
        return 1 << self.calls.bit_length()

    def root(self, order: int) -> int:
        """A root of unity."""
        odd = 4294967295 if self.size == 8 else 4611686018427387897
        power = (self.prime - 1) // odd // order
        return pow(pow(7, odd, self.prime), power, self.prime)

    def seeded(self, usage: int, seed: bytes, binder: bytes) -> Iterator[bytes]:
        """A stream of one usage."""
        dst = b"\x12\x00" + CODEPOINTS[self.circuit].to_bytes(4, "big")
        return stream(seed, dst + usage.to_bytes(2, "big") + self.ctx, binder)

    def drawn(self, usage: int, seed: bytes, binder: bytes, n: int) -> list[int]:
        """Field elements of a stream."""
        words, found = self.seeded(usage, seed, binder), []
        while len(found) < n:
            data = b"".join(next(words) for _ in range(self.size // 8))
            if (x := int.from_bytes(data, "little")) < self.prime:
                found.append(x)
        return found

    def seed(self, usage: int, seed: bytes, binder: bytes) -> bytes:
        """32 bytes of a stream."""
        words = self.seeded(usage, seed, binder)
        return b"".join(next(words) for _ in range(4))

    def decode(self, data: bytes) -> list[int]:
        """Elements; refuses what is not canonical."""
        step = self.size
        found = [
            int.from_bytes(data[i : i + step], "little")
            for i in range(0, len(data), step)
        ]
        if any(x >= self.prime for x in found):
            raise ValueError("not canonical")
        return found

    @property
    def proof_len(self) -> int:
        """Elements of a proof."""
        return self.arity + 2 * self.points - 1

    def share(self, index: int) -> tuple[list[int], list[int], bytes]:
        """Measurement share, proof share and blind of one aggregator."""
        data = self.inputs[index]
        blind = data[-32:] if self.joint else b""
        if index == 0:
            all_of_it = self.decode(data[: len(data) - len(blind)])
            return all_of_it[: self.elements], all_of_it[self.elements :], blind
        one = bytes([index])
        return (
            self.drawn(1, data[:32], one, self.elements),
            self.drawn(2, data[:32], b"\x01" + one, self.proof_len),
            blind,
        )

    @cached_property
    def summed(self) -> tuple[list[int], list[int]]:
        """The measurement and the proof."""
        parts = [self.share(i) for i in range(self.shares)]
        return (
            [sum(x) % self.prime for x in zip(*(p[0] for p in parts), strict=True)],
            [sum(x) % self.prime for x in zip(*(p[1] for p in parts), strict=True)],
        )

    @cached_property
    def joint_parts(self) -> list[bytes]:
        """What each aggregator computes from its share."""
        parts = []
        for i in range(self.shares):
            values, _, blind = self.share(i)
            data = b"".join(x.to_bytes(self.size, "little") for x in values)
            parts.append(self.seed(7, blind, bytes([i]) + self.nonce + data))
        return parts

    def joint_rand(self) -> list[int]:
        """The challenges that the submitter's hash gives."""
        seed = self.seed(6, bytes(32), b"".join(self.joint_parts))
        return self.drawn(3, seed, b"\x01", self.calls)

    def wires(self) -> list[list[int]]:
        """The gadget's inputs: seeds, then those of each call."""
        m, proof = self.summed
        p = self.prime
        rows = [proof[: self.arity]]
        if not self.joint:
            return rows + [[x] * self.arity for x in m]
        padded = m + [0] * (self.calls * self.chunk - len(m))
        for k, r in enumerate(self.joint_rand()):
            row = []
            for j in range(self.chunk):
                x = padded[k * self.chunk + j]
                row += [pow(r, j + 1, p) * x % p, (x - 1) % p]
            rows.append(row)
        return rows

    def at(self, values: list[int], order: int, t: int) -> int:
        """A polynomial of degree below len(values), from values at roots."""
        p, root = self.prime, self.root(order)
        xs = [pow(root, k, p) for k in range(len(values))]
        total = 0
        for k, y in enumerate(values):
            top = bottom = 1
            for j, x in enumerate(xs):
                if j != k:
                    top, bottom = top * (t - x) % p, bottom * (xs[k] - x) % p
            total += y * top * pow(bottom, -1, p)
        return total % p

    def number(self, m: list[int]) -> int:
        """What so many elements stand for."""
        last = self.bound - (2 ** (self.bits - 1) - 1)
        weights = [2**i for i in range(self.bits - 1)] + [last]
        return sum(w * x for w, x in zip(weights, m, strict=True)) % self.prime

    def gadget(self, x: list[int]) -> int:
        """The gadget's value."""
        if self.circuit == "sum":
            return (x[0] ** 2 - x[0]) % self.prime
        return sum(a * b for a, b in zip(x[::2], x[1::2], strict=True)) % self.prime

    def verifier(self) -> list[int]:
        """What all verifier shares add up to."""
        m, proof = self.summed
        p, poly = self.prime, proof[self.arity :]
        given = [poly[2 * k] for k in range(1, self.calls + 1)]
        checks = {"sum": self.bits, "histogram": 2, "multihot": 2}.get(self.circuit, 1)
        rand = self.drawn(5, self.key, b"\x01" + self.nonce, checks + 1)
        if checks == 1:
            rand = rand[:1]
        outputs = given if self.circuit == "sum" else [sum(given)]
        if self.circuit == "count":
            outputs = [given[0] - m[0]]
        elif self.circuit == "histogram":
            outputs.append(sum(m) - 1)
        elif self.circuit == "multihot":
            ones, told = m[: self.length], m[self.length :]
            outputs.append(sum(ones) - self.number(told))
        first = outputs[0]
        if checks > 1:
            first = sum(r * x for r, x in zip(rand, outputs, strict=False))
        t, rows = rand[-1], self.wires()
        columns = [
            [row[j] for row in rows] + [0] * (self.points - len(rows))
            for j in range(self.arity)
        ]
        checked = [self.at(column, self.points, t) for column in columns]
        return [first % p, *checked, self.at(poly, 2 * self.points, t)]

    def accepts(self) -> bool:
        """Whether aggregators that do their duty accept the report."""
        if self.joint and self.public != b"".join(self.joint_parts):
            return False
        first, *wires, claimed = self.verifier()
        return first == 0 and self.gadget(wires) == claimed

    def output(self) -> list[int]:
        """What is aggregated."""
        m = self.summed[0]
        if self.circuit in ("sum", "sum-vec"):
            step = self.bits
            return [self.number(m[i : i + step]) for i in range(0, len(m), step)]
        return m[: self.length]
