"""The group and its scalars against implementations that share nothing.

libsodium, where the machine has it, answers each operation again; elsewhere
Python's integers do (audit.second_ristretto), far slower and so fewer. Both
backends are asked. PRIVSHARE_LONG=1 asks a million operations of each.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from privshare.audit import second_ristretto as integers
from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings._convert import lib
from privshare.errors import EncodingError

LONG = os.environ.get("PRIVSHARE_LONG") == "1"
BATCH = 200

Pieces = list[bytes]


class Sodium:
    """libsodium's group, by encodings."""

    name = "libsodium"
    operations = 1_000_000 if LONG else 20_000

    def __init__(self, library: Any) -> None:
        self._lib = library
        library.sodium_init()

    def _call(self, function: str, size: int, *inputs: bytes) -> bytes:
        out = ctypes.create_string_buffer(size)
        getattr(self._lib, f"crypto_{function}")(out, *inputs)
        return out.raw

    def valid(self, p: bytes) -> bool:
        # This check takes a set top bit, which RFC 9496 does not.
        found = self._lib.crypto_core_ristretto255_is_valid_point(p) == 1
        return found and p[31] < 0x80

    def from_uniform(self, data: bytes) -> bytes:
        return self._call("core_ristretto255_from_hash", 32, data)

    def add(self, p: bytes, q: bytes) -> bytes:
        return self._call("core_ristretto255_add", 32, p, q)

    def sub(self, p: bytes, q: bytes) -> bytes:
        return self._call("core_ristretto255_sub", 32, p, q)

    def mul(self, s: bytes, p: bytes) -> bytes:
        return self._call("scalarmult_ristretto255", 32, s, p)

    def base(self, s: bytes) -> bytes:
        return self._call("scalarmult_ristretto255_base", 32, s)

    def reduce(self, data: bytes) -> bytes:
        return self._call("core_ristretto255_scalar_reduce", 32, data)

    def invert(self, s: bytes) -> bytes:
        return self._call("core_ristretto255_scalar_invert", 32, s)

    def scalar(self, what: str, s: bytes, t: bytes) -> bytes:
        return self._call(f"core_ristretto255_scalar_{what}", 32, s, t)


class Integers:
    """The same with Python's integers."""

    name = "integers"
    operations = 100_000 if LONG else 2_000

    def valid(self, p: bytes) -> bool:
        try:
            integers.decode(p)
        except integers.NotCanonical:
            return False
        return True

    def from_uniform(self, data: bytes) -> bytes:
        return integers.encode(integers.from_uniform(data))

    def add(self, p: bytes, q: bytes) -> bytes:
        return integers.encode(integers.add(integers.decode(p), integers.decode(q)))

    def sub(self, p: bytes, q: bytes) -> bytes:
        minus = integers.negate(integers.decode(q))
        return integers.encode(integers.add(integers.decode(p), minus))

    def mul(self, s: bytes, p: bytes) -> bytes:
        k = integers.read_scalar(s)
        return integers.encode(integers.multiply(k, integers.decode(p)))

    def base(self, s: bytes) -> bytes:
        return integers.encode(
            integers.multiply(integers.read_scalar(s), integers.BASE)
        )

    def reduce(self, data: bytes) -> bytes:
        return scalar.from_int(int.from_bytes(data, "little"))

    def invert(self, s: bytes) -> bytes:
        return scalar.from_int(pow(integers.read_scalar(s), -1, integers.ORDER))

    def scalar(self, what: str, s: bytes, t: bytes) -> bytes:
        a, b = integers.read_scalar(s), integers.read_scalar(t)
        return scalar.from_int({"add": a + b, "sub": a - b, "mul": a * b}[what])


Oracle = Sodium | Integers


def find_oracle() -> Oracle:
    """libsodium if it is here and has the group."""
    name = ctypes.util.find_library("sodium")
    if name:
        library = ctypes.CDLL(name)
        if hasattr(library, "crypto_core_ristretto255_from_hash"):
            return Sodium(library)
    return Integers()


def pieces(data: bytes, size: int = 32) -> Pieces:
    return [data[i : i + size] for i in range(0, len(data), size)]


class Round:
    """One batch of everything; `operations` says how much that was."""

    def __init__(self, oracle: Oracle, rng: random.Random, count: int) -> None:
        self.oracle = oracle
        self.rng = rng
        self.count = count
        self.operations = 0
        wide = rng.randbytes(64 * count)
        self.p = group.from_uniform(wide)
        self.same(oracle.from_uniform, self.p.encode(), pieces(wide, 64))
        self.s, self.t = self.scalars(), self.scalars()
        self.q = group.base_table().mul(self.t)

    def same(
        self, expected: Callable[..., bytes], found: bytes, *inputs: Pieces
    ) -> None:
        """What was found in one call is what the oracle finds one by one."""
        assert [expected(*i) for i in zip(*inputs, strict=True)] == pieces(found)
        self.operations += len(inputs[0])

    def scalars(self) -> bytes:
        """Scalars, of which some are edges."""
        edges = [1, 2, 8, 15, 16, -1, -2, -8, 1 << 252, int("8" * 63, 16)]
        return b"".join(
            scalar.from_int(
                self.rng.choice(edges)
                if self.rng.random() < 0.1
                else self.rng.randrange(1, scalar.ORDER)
            )
            for _ in range(self.count)
        )

    def products(self) -> None:
        s, p = pieces(self.s), pieces(self.p.encode())
        self.same(self.oracle.mul, group.mul(self.s, self.p).encode(), s, p)
        self.same(self.oracle.mul, group.mul_vartime(self.s, self.p).encode(), s, p)
        table = group.base_table().mul(self.s).encode()
        self.same(self.oracle.base, table, s)

    def sums(self) -> None:
        p, q = pieces(self.p.encode()), pieces(self.q.encode())
        self.same(self.oracle.add, group.add(self.p, self.q).encode(), p, q)
        self.same(self.oracle.sub, group.sub(self.p, self.q).encode(), p, q)
        self.same(self.oracle.sub, group.sub(self.p, self.p).encode(), p, p)

    def sums_of_products(self) -> None:
        left = group.mul(self.s, self.p).encode()
        right = group.base_table().mul(scalar.mul(self.s[:32], self.t[:32])).encode()
        total = self.oracle.add(left[:32], right)
        two = group.mul_two_vartime(self.s[:32], self.p[:1], self.s[:32], self.q[:1])
        assert two.encode() == total
        count = self.rng.randrange(1, self.count + 1)
        total = bytes(32)
        for part in pieces(left[: 32 * count]):
            total = self.oracle.add(total, part)
        s, p = self.s[: 32 * count], self.p[:count]
        assert group.msm(s, p).encode() == total
        assert group.msm_vartime(s, p).encode() == total
        self.operations += count + 1

    def encodings(self) -> None:
        """Bytes that are often nearly an element."""
        for good in pieces(self.p.encode()):
            data = bytearray(good)
            for _ in range(self.rng.randrange(3)):
                data[self.rng.randrange(32)] ^= 1 << self.rng.randrange(8)
            data[0] &= self.rng.choice([0xFE, 0xFF])
            data[31] &= self.rng.choice([0x7F, 0x7F, 0xFF])
            try:
                found = group.decode(bytes(data)).encode() == bytes(data)
            except EncodingError:
                found = False
            assert found == self.oracle.valid(bytes(data))
        self.operations += self.count

    def arithmetic(self) -> None:
        s, t = pieces(self.s), pieces(self.t)
        for what, function in (
            ("add", scalar.add),
            ("sub", scalar.sub),
            ("mul", scalar.mul),
        ):
            found = b"".join(map(function, s, t))
            self.same(self.oracle.scalar, found, [what] * len(s), s, t)  # type: ignore[list-item]
        self.same(self.oracle.invert, b"".join(map(scalar.invert, s)), s)
        wide = self.rng.randbytes(64 * self.count)
        self.same(self.oracle.reduce, scalar.reduce_wide(wide), pieces(wide, 64))

    def run(self) -> int:
        self.products()
        self.sums()
        self.sums_of_products()
        self.encodings()
        self.arithmetic()
        return self.operations


@pytest.mark.parametrize("backend", ["portable", "best"])
def test_all_operations(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    """Each answer is the oracle's, byte for byte, on either backend."""
    monkeypatch.setattr(group, "BACKEND", getattr(lib, f"ps_backend_{backend}")())
    oracle = find_oracle()
    rng = random.Random(f"{backend} {oracle.name}")
    done = 0
    while done < oracle.operations:
        count = rng.choice([1, 2, 3, 7, 8, 9, 17, BATCH])
        done += Round(oracle, rng, count).run()
    print(f"{oracle.name}: {done} operations on {backend}")


def test_the_oracles_agree() -> None:
    """Python's integers are held to the other oracle, if there is one."""
    rng = random.Random(1)
    Round(Integers(), rng, 3).run()
