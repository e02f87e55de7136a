"""CryptoNote's own tests, through the field and the formulas of the core.

Monero's keys, derivations, signatures and rings stand on edwards25519, the
curve under ristretto255. What they are built of is written out here; every point
is worked on by the core (edwards_kit). Both backends answer everything.

The generators of keys and signatures draw from Monero's test generator, one
permutation a draw. The file is a part of Monero's, so draws are missing between
two lines: each number must be one of the stream, and later than the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from edwards_kit import BASE, IDENTITY, Curve, make_program

from privshare.bindings import scalar
from privshare.bindings._convert import ffi, lib
from privshare.errors import EncodingError

RATE = 136
DRAWS = 200_000
LIMIT = 15 * scalar.ORDER

unhex = bytes.fromhex


def permute(state: bytes) -> bytes:
    """Keccak-f[1600] on 200 bytes."""
    lanes = ffi.new("uint64_t[25]")
    ffi.memmove(lanes, state, 200)
    lib.ps_keccak_f1600(lanes)
    return bytes(ffi.buffer(lanes))


def keccak(data: bytes) -> bytes:
    """Keccak-256 with the padding from before SHA-3."""
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % RATE))
    padded[-1] |= 0x80
    state = bytes(200)
    for place in range(0, len(padded), RATE):
        block = padded[place : place + RATE] + bytes(200 - RATE)
        state = permute(bytes(a ^ b for a, b in zip(state, block, strict=True)))
    return state[:32]


def reduce(data: bytes) -> str:
    """32 bytes modulo the order."""
    return scalar.reduce_wide(data + bytes(32)).hex()


def to_scalar(*parts: str | bytes) -> str:
    """The hash of parts as a scalar."""
    return reduce(
        keccak(b"".join(p if isinstance(p, bytes) else unhex(p) for p in parts))
    )


def is_scalar(word: str) -> bool:
    try:
        scalar.check(unhex(word))
    except EncodingError:
        return False
    return True


def varint(number: str) -> bytes:
    rest, out = int(number), b""
    while rest >= 0x80:
        out += bytes([rest & 0x7F | 0x80])
        rest >>= 7
    return out + bytes([rest])


def halves(words: str) -> Iterator[tuple[str, str]]:
    """The pairs (c, r) of one signature or of many in a row."""
    for place in range(0, len(words), 128):
        yield words[place : place + 64], words[place + 64 : place + 128]


class Stream:
    """Monero's test generator: scalars in the order of their draws."""

    def __init__(self) -> None:
        self._draws = self._all()
        self._seen: dict[str, int] = {}
        self._count = 0
        self._at = -1

    @staticmethod
    def _all() -> Iterator[str]:
        state = bytes([42]) * 200
        while True:
            state = permute(state)
            number = int.from_bytes(state[:32], "little")
            if number < LIMIT and number % scalar.ORDER:
                yield reduce(state[:32])

    def expect(self, word: str) -> None:
        """The scalar comes later than the one before."""
        while word not in self._seen and self._count < DRAWS:
            for draw in islice(self._draws, 1000):
                self._seen[draw] = self._count
                self._count += 1
        assert self._seen.get(word, -1) > self._at, f"{word} was not drawn here"
        self._at = self._seen[word]


class Monero:
    """What the lines of the file ask for; a method for each word."""

    def __init__(self, curve: Curve, stream: Stream) -> None:
        self.curve = curve
        self.stream = stream

    def check_scalar(self, word: str, expected: str) -> bool:
        return is_scalar(word) == (expected == "true")

    def random_scalar(self, expected: str) -> bool:
        self.stream.expect(expected)
        return True

    def hash_to_scalar(self, data: str, expected: str = "") -> bool:
        data, expected = ("", data) if not expected else (data, expected)
        return to_scalar("" if data == "x" else data) == expected

    def generate_keys(self, public: str, secret: str) -> bool:
        self.stream.expect(secret)
        return self.curve.ask("mul", secret, BASE) == public

    def check_key(self, key: str, expected: str) -> bool:
        return self.curve.is_point(key) == (expected == "true")

    def secret_key_to_public_key(self, secret: str, ok: str, public: str = "") -> bool:
        if not is_scalar(secret):
            return ok == "false"
        return ok == "true" and self.curve.ask("mul", secret, BASE) == public

    def generate_key_derivation(
        self, public: str, secret: str, ok: str, expected: str = ""
    ) -> bool:
        point = self.curve.ask("mul", secret, public)
        if point is None:
            return ok == "false"
        return ok == "true" and self.curve.ask("eight", point) == expected

    def derive_public_key(
        self, derivation: str, index: str, base: str, ok: str, expected: str = ""
    ) -> bool:
        s = to_scalar(derivation, varint(index))
        step = self.curve.sure("mul", s, BASE)
        found = self.curve.ask("add", base, step)
        return ok == "false" if found is None else (ok, expected) == ("true", found)

    def derive_secret_key(
        self, derivation: str, index: str, base: str, expected: str
    ) -> bool:
        s = to_scalar(derivation, varint(index))
        return scalar.add(unhex(base), unhex(s)).hex() == expected

    def derive_view_tag(self, derivation: str, index: str, expected: str) -> bool:
        data = b"view_tag" + unhex(derivation) + varint(index)
        return keccak(data)[:1].hex() == expected

    def check_signature(self, prefix: str, public: str, pair: str, ok: str) -> bool:
        c, r = pair[:64], pair[64:]
        return self._signed(prefix, public, c, r) == (ok == "true")

    def _signed(self, prefix: str, public: str, c: str, r: str) -> bool:
        if not (is_scalar(c) and is_scalar(r)) or int(c, 16) == 0:
            return False
        point = self.curve.ask("two", c, public, r, BASE)
        if point is None or point == IDENTITY:
            return False
        return to_scalar(prefix, public, point) == c

    def generate_signature(
        self, prefix: str, public: str, secret: str, pair: str
    ) -> bool:
        c, r = pair[:64], pair[64:]
        k = scalar.mul_add(unhex(c), unhex(secret), unhex(r)).hex()
        self.stream.expect(k)
        return to_scalar(prefix, public, self.curve.sure("mul", k, BASE)) == c

    def hash_to_point(self, data: str, expected: str) -> bool:
        return self.curve.ask("map", data) == expected

    def _to_ec(self, key: str) -> str:
        point = self.curve.sure("map", keccak(unhex(key)).hex())
        return self.curve.sure("eight", point)

    def hash_to_ec(self, key: str, expected: str) -> bool:
        return self._to_ec(key) == expected

    def generate_key_image(self, public: str, secret: str, expected: str) -> bool:
        return self.curve.ask("mul", secret, self._to_ec(public)) == expected

    def _ring(self, prefix: str, image: str, keys: list[str], pairs: str) -> bool:
        if not self.curve.is_point(image):
            return False
        data, total = unhex(prefix), scalar.ZERO
        for key, (c, r) in zip(keys, halves(pairs), strict=True):
            if not (is_scalar(c) and is_scalar(r)) or not self.curve.is_point(key):
                return False
            data += unhex(self.curve.sure("two", c, key, r, BASE))
            data += unhex(self.curve.sure("two", r, self._to_ec(key), c, image))
            total = scalar.add(total, unhex(c))
        return to_scalar(data) == total.hex()

    def check_ring_signature(self, prefix: str, image: str, *rest: str) -> bool:
        count = int(rest[0])
        keys, pairs, ok = list(rest[1 : 1 + count]), rest[1 + count], rest[-1]
        return self._ring(prefix, image, keys, pairs) == (ok == "true")

    def generate_ring_signature(self, prefix: str, image: str, *rest: str) -> bool:
        count = int(rest[0])
        keys = list(rest[1 : 1 + count])
        secret, index, pairs = rest[1 + count], int(rest[2 + count]), rest[-1]
        for place, (c, r) in enumerate(halves(pairs)):
            if place == index:
                k = scalar.mul_add(unhex(c), unhex(secret), unhex(r))
                self.stream.expect(k.hex())
            else:
                self.stream.expect(c)
                self.stream.expect(r)
        own = self.curve.ask("mul", secret, self._to_ec(keys[index]))
        return own == image and self._ring(prefix, image, keys, pairs)

    def check_ge_p3_identity(self, point: str, _: str, expected: str) -> bool:
        """P - P is the identity, whatever the form; the second word is about a
        check that Monero had before."""
        return (self.curve.ask("sub", point, point) == IDENTITY) == (expected == "true")


@pytest.mark.parametrize("backend", ["portable", "best"])
def test_every_line(vectors: Path, backend: str) -> None:
    """All lines of the file hold."""
    files = sorted((vectors / "monero-crypto").glob("tests*.txt"))
    if not files:
        pytest.skip("no test vectors monero-crypto")
    held: Counter[str] = Counter()
    failed: list[str] = []
    for file in files:
        with Curve(make_program(), backend) as curve:
            monero = Monero(curve, Stream())
            for line in file.read_text(encoding="ascii").splitlines():
                word, *arguments = line.split()
                question: Callable[..., bool] = getattr(monero, word)
                if question(*arguments):
                    held[word] += 1
                else:
                    failed.append(line[:200])
    assert failed == []
    assert held.total() > 0
    print(f"{backend}: {held.total()} lines, {dict(held)}")
