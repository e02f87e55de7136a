"""The CFRG drafts' own sponge, codecs and serialisation, for their vectors.

Source: draft-irtf-cfrg-fiat-shamir and draft-irtf-cfrg-sigma-protocols-03. The
engine under test is PrivShare's; here stands only what surrounds it there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from sigma_kit import Curve

from privshare.errors import EncodingError
from privshare.schemes.sigma.relation import Equation, LinearRelation
from privshare.schemes.sigma.statement import Statement

RATE = 168
EXTRA_BYTES = 16
FLAVORS = {"batchable": "DSFS", "compact": "CMPT"}

Xof = Callable[[bytes, int], bytes]


def shake128(data: bytes, n: int) -> bytes:
    return hashlib.shake_128(data).digest(n)


_ROUNDS = (  # the last twelve of FIPS 202, 3.2.5
    0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
)  # fmt: skip


def _permute(lanes: list[int]) -> list[int]:
    """Keccak-p[1600, 12]."""

    def turn(x: int, n: int) -> int:
        return (x << n | x >> (64 - n)) & (1 << 64) - 1 if n else x

    for constant in _ROUNDS:
        c = [0] * 5
        for i, lane in enumerate(lanes):
            c[i % 5] ^= lane
        lanes = [
            lane ^ c[(i + 4) % 5] ^ turn(c[(i + 1) % 5], 1)
            for i, lane in enumerate(lanes)
        ]
        moved = [0] * 25
        x, y = 1, 0
        moved[0] = lanes[0]
        for t in range(24):
            moved[y + 5 * ((2 * x + 3 * y) % 5)] = turn(
                lanes[x + 5 * y], (t + 1) * (t + 2) // 2 % 64
            )
            x, y = y, (2 * x + 3 * y) % 5
        lanes = [
            moved[i]
            ^ (~moved[i // 5 * 5 + (i + 1) % 5] & moved[i // 5 * 5 + (i + 2) % 5])
            for i in range(25)
        ]
        lanes[0] ^= constant
    return lanes


def turboshake128(data: bytes, n: int) -> bytes:
    """RFC 9861, with the domain byte 0x1f."""
    padded = bytearray(data + b"\x1f")
    padded += bytes(-len(padded) % RATE)
    padded[-1] ^= 0x80
    lanes, out = [0] * 25, b""
    for at in range(0, len(padded), RATE):
        for i in range(RATE // 8):
            start = at + 8 * i
            lanes[i] ^= int.from_bytes(padded[start : start + 8], "little")
        lanes = _permute(lanes)
    while len(out) < n:
        out += b"".join(lane.to_bytes(8, "little") for lane in lanes[: RATE // 8])
        lanes = _permute(lanes)
    return out[:n]


XOFS: dict[str, Xof] = {"SHAKE128": shake128, "TurboSHAKE128": turboshake128}


class Sponge:
    """The duplex sponge: output goes on until something is absorbed."""

    def __init__(self, session_id: bytes, xof: Xof = shake128) -> None:
        assert len(session_id) == 32
        self._data = session_id + bytes(RATE - 32)
        self._at = 0
        self._xof = xof

    def absorb(self, data: bytes) -> None:
        if data:
            self._data += data
            self._at = 0

    def squeeze(self, n: int) -> bytes:
        self._at += n
        return self._xof(self._data, self._at)[self._at - n :]


def session_id(tag: bytes, xof: Xof = shake128) -> bytes:
    sponge = Sponge(b"irtf-cfrg-fiat-shamir/session-id", xof)
    sponge.absorb(tag)
    return sponge.squeeze(32)


# Codecs: what does not read back to the same bytes is refused.


def field_bytes(p: int) -> int:
    return ((p - 1).bit_length() + 7) // 8


def write_string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data


def read_string(data: bytes) -> tuple[bytes, bytes]:
    n = int.from_bytes(data[:4], "little")
    if len(data) < 4 or len(data) < 4 + n:
        raise EncodingError(f"expected {4 + n} bytes, found {len(data)}")
    return data[4 : 4 + n], data[4 + n :]


def write_uint(value: int, p: int) -> bytes:
    assert 0 <= value < p
    return value.to_bytes(field_bytes(p), "little")


def read_uint(data: bytes, p: int) -> tuple[int, bytes]:
    n = field_bytes(p)
    value = int.from_bytes(data[:n], "little")
    if len(data) < n or value >= p:
        raise EncodingError(f"expected {n} bytes of a number below p, found others")
    return value, data[n:]


def read_field(data: bytes, p: int, degree: int) -> tuple[list[int], bytes]:
    coordinates = []
    for _ in range(degree):
        value, data = read_uint(data, p)
        coordinates.append(value)
    return coordinates, data


def decode_uint(data: bytes, p: int) -> int:
    assert len(data) == field_bytes(p) + EXTRA_BYTES
    return int.from_bytes(data, "little") % p


# Sigma protocols.


class DraftCodec:
    """Challenges as the draft derives them; nonces from its seeded PRNG."""

    def __init__(self, group: Curve, tag: bytes, nonce_tag: bytes = b"") -> None:
        self._group = group
        self._sponge = Sponge(session_id(tag))
        self._nonces = Sponge(session_id(nonce_tag))

    def begin(self, statement: Statement, compact: bool) -> None:
        assert isinstance(statement, LinearRelation)
        self._sponge.absorb(statement.encode())

    def nonces(self, packed: bytes, rand: bytes, count: int) -> list[bytes]:
        return [self._scalar(self._nonces) for _ in range(count)]

    def commitments(self, data: bytes) -> None:
        self._sponge.absorb(data)

    def challenge(self) -> bytes:
        return self._scalar(self._sponge)

    def responses(self, data: bytes) -> None:
        """The draft's sponge ends with the challenge."""

    def _scalar(self, sponge: Sponge) -> bytes:
        order = self._group.order
        wide = sponge.squeeze(self._group.scalar_bytes + EXTRA_BYTES)
        return self._group.scalar(decode_uint(wide, order))


def read_relation(group: Curve, data: bytes) -> LinearRelation:
    """A relation from `SerializeLinearRelation`."""
    at = 0

    def number() -> int:
        nonlocal at
        at += 4
        if at > len(data):
            raise EncodingError("expected four more bytes, found the end")
        return int.from_bytes(data[at - 4 : at], "little")

    def coefficient() -> bytes:
        nonlocal at
        at += group.scalar_bytes
        if at > len(data):
            raise EncodingError("expected a coefficient, found the end")
        return data[at - group.scalar_bytes : at]

    equations = []
    for _ in range(number()):
        image = tuple((number(), coefficient()) for _ in range(number()))
        terms = tuple((number(), number(), coefficient()) for _ in range(number()))
        equations.append(Equation(image, terms))
    size = group.element_bytes
    return LinearRelation(
        group, [data[i : i + size] for i in range(at, len(data), size)], equations
    )
