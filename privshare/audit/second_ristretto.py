"""ristretto255 once more, in Python's integers, with nothing of the core.

The second opinion on signatures and proofs over the group (`second_one_of_many`
and others) needs the group and its scalars. They are written down here again
from the document, with `int` alone: another field, other formulas for the sums.
Nothing here is secret, nothing is constant-time, and nothing is fast: a sum of
a thousand products takes a tenth of a second or more.

Implements RFC 9496.

>>> encode(double(BASE)).hex()[:16]
'6a493210f7499cd1'
>>> decode(encode(BASE)) is not None
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from privshare.audit.second_transcript import Steps

Point: TypeAlias = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with T = XY/Z on -x² + y² = 1 + d·x²·y²."""

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493

_D = -121665 * pow(121666, -1, P) % P
_ROOT = pow(2, (P - 1) // 4, P)


class NotCanonical(ValueError):
    """Bytes that are no element, or no scalar."""


def _absolute(x: int) -> int:
    """The even one of x and -x: RFC 9496 calls it nonnegative."""
    x %= P
    return P - x if x & 1 else x


def _root_of_ratio(u: int, v: int) -> tuple[bool, int]:
    """SQRT_RATIO_M1, RFC 9496, 4.2."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    if check in (-u % P, -u * _ROOT % P):
        r = r * _ROOT % P
    return check in (u % P, -u % P), _absolute(r)


# RFC 9496, 4.1, with a = -1; the second is the odd root.
_INVERSE_ROOT_A_MINUS_D = _root_of_ratio(1, -1 - _D)[1]
_ROOT_AD_MINUS_ONE = P - _root_of_ratio(-_D - 1, 1)[1]
_ONE_MINUS_D_SQUARED = (1 - _D**2) % P
_D_MINUS_ONE_SQUARED = (_D - 1) ** 2 % P

IDENTITY: Point = (0, 1, 1, 0)


def decode(data: bytes) -> Point:
    """RFC 9496, 4.3.1.

    Raises:
        NotCanonical: The bytes are no element's.
    """
    s = int.from_bytes(data, "little")
    if len(data) != 32 or s >= P or s & 1:
        raise NotCanonical("expected an element of ristretto255, found other bytes")
    ss = s * s % P
    u1, u2 = 1 - ss, 1 + ss
    u2_squared = u2 * u2 % P
    v = (-_D * u1 * u1 - u2_squared) % P
    square, invsqrt = _root_of_ratio(1, v * u2_squared)
    den_x = invsqrt * u2 % P
    x = _absolute(2 * s * den_x)
    y = u1 * invsqrt * den_x * v % P
    t = x * y % P
    if not square or t & 1 or y == 0:
        raise NotCanonical("expected an element of ristretto255, found other bytes")
    return x, y, 1, t


def encode(p: Point) -> bytes:
    """RFC 9496, 4.3.2."""
    x, y, z, t = p
    u1, u2 = (z + y) * (z - y) % P, x * y % P
    _, invsqrt = _root_of_ratio(1, u1 * u2 * u2)
    den1, den2 = invsqrt * u1 % P, invsqrt * u2 % P
    z_inverse = den1 * den2 * t % P
    den_inverse = den2
    if t * z_inverse % P & 1:
        x, y = y * _ROOT % P, x * _ROOT % P
        den_inverse = den1 * _INVERSE_ROOT_A_MINUS_D % P
    if x * z_inverse % P & 1:
        y = -y
    return _absolute(den_inverse * (z - y)).to_bytes(32, "little")


def from_uniform(data: bytes) -> Point:
    """The element of 64 uniform bytes: RFC 9496, 4.3.4."""
    first, second = (
        _mapped(int.from_bytes(half, "little") % 2**255 % P)
        for half in (data[:32], data[32:])
    )
    return add(first, second)


def _mapped(t: int) -> Point:
    """MAP of RFC 9496, 4.3.4."""
    r = _ROOT * t * t % P
    u = (r + 1) * _ONE_MINUS_D_SQUARED % P
    v = (-1 - r * _D) * (r + _D) % P
    square, s = _root_of_ratio(u, v)
    c = -1
    if not square:
        s, c = -_absolute(s * t) % P, r
    n = (c * (r - 1) * _D_MINUS_ONE_SQUARED - v) % P
    w0, w1 = 2 * s * v, n * _ROOT_AD_MINUS_ONE
    w2, w3 = 1 - s * s, 1 + s * s
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def add(p: Point, q: Point) -> Point:
    """The complete addition of Hisil, Wong, Carter and Dawson, 2008, 3.1."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = p, q
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * _D * t1 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def double(p: Point) -> Point:
    """p + p."""
    return add(p, p)


def negate(p: Point) -> Point:
    """-p."""
    x, y, z, t = p
    return -x % P, y, z, -t % P


def is_equal(p: Point, q: Point) -> bool:
    """Whether two points are one element: RFC 9496, 4.3.3."""
    (x1, y1, _, _), (x2, y2, _, _) = p, q
    return (x1 * y2 - y1 * x2) % P == 0 or (y1 * y2 - x1 * x2) % P == 0


def is_identity(p: Point) -> bool:
    """Whether p is the neutral element."""
    return is_equal(p, IDENTITY)


def multiply(scalar: int, p: Point) -> Point:
    """scalar · p."""
    return combine([(scalar, p)])


def combine(terms: Iterable[tuple[int, Point]]) -> Point:
    """Σ scalar · point, by buckets (Pippenger 1980)."""
    pairs = [(scalar % ORDER, point) for scalar, point in terms]
    width = 4 if len(pairs) < 32 else 7
    total = IDENTITY
    for shift in reversed(range(0, ORDER.bit_length(), width)):
        for _ in range(width):
            total = double(total)
        buckets: list[Point | None] = [None] * (1 << width)
        for scalar, point in pairs:
            digit = scalar >> shift & (1 << width) - 1
            if digit:
                held = buckets[digit]
                buckets[digit] = point if held is None else add(held, point)
        total = add(total, _weighted(buckets))
    return total


def _weighted(buckets: Sequence[Point | None]) -> Point:
    """Σ i · bucket i."""
    running, total = IDENTITY, IDENTITY
    for held in reversed(buckets[1:]):
        if held is not None:
            running = add(running, held)
        total = add(total, running)
    return total


def read_scalar(data: bytes) -> int:
    """A scalar of 32 little-endian bytes.

    Raises:
        NotCanonical: It is not below the order.
    """
    scalar = int.from_bytes(data, "little")
    if len(data) != 32 or scalar >= ORDER:
        raise NotCanonical("expected a scalar below the order, found other bytes")
    return scalar


def wide_scalar(data: bytes) -> int:
    """64 uniform bytes modulo the order."""
    return int.from_bytes(data, "little") % ORDER


class Transcript(Steps):
    """The transcript, with challenges that are scalars."""

    def absorb_int(self, label: str, value: int) -> None:
        """A count: eight bytes, little-endian."""
        self.absorb(label, value.to_bytes(8, "little"))

    def challenge_scalar(self, label: str) -> int:
        """64 bytes of challenge modulo the order."""
        return wide_scalar(self.challenge(label, 64))


BASE = decode(
    bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
)
"""The generator: RFC 9496, appendix A.1."""
