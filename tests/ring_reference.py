"""A stranger's verifier of ring signatures: docs/protocols/ring.md, hashlib, integers.

Nothing of the package is imported. Slow, and not for secrets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # of -1

Point = tuple[int, int, int, int]
ZERO: Point = (0, 1, 1, 0)


def negative(x: int) -> bool:
    return bool(x & 1)


def magnitude(x: int) -> int:
    return P - x if negative(x) else x


def root_of_ratio(u: int, v: int) -> tuple[bool, int]:
    """SQRT_RATIO_M1: RFC 9496, section 4.2."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    if check == -u % P or check == -u * ROOT % P:
        r = r * ROOT % P
    return check in (u % P, -u % P), magnitude(r)


INVROOT_A_MINUS_D = root_of_ratio(1, (-1 - D) % P)[1]
ROOT_AD_MINUS_ONE = P - root_of_ratio((-1 - D) % P, 1)[1]  # RFC 9496: the odd one


def decode(data: bytes) -> Point:
    """RFC 9496, section 4.3.1."""
    s = int.from_bytes(data, "little")
    if len(data) != 32 or s >= P or negative(s):
        raise ValueError("expected a canonical encoding, found another")
    ss = s * s % P
    u1, u2 = (1 - ss) % P, (1 + ss) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, inverse = root_of_ratio(1, v * u2 * u2 % P)
    dx = inverse * u2 % P
    dy = inverse * dx * v % P
    x, y = magnitude(2 * s * dx % P), u1 * dy % P
    if not square or negative(x * y % P) or y == 0:
        raise ValueError("expected a canonical encoding, found another")
    return x, y, 1, x * y % P


def encode(p: Point) -> bytes:
    """RFC 9496, section 4.3.2."""
    x, y, z, t = p
    u1, u2 = (z + y) * (z - y) % P, x * y % P
    inverse = root_of_ratio(1, u1 * u2 * u2 % P)[1]
    d1, d2 = inverse * u1 % P, inverse * u2 % P
    z_inverse = d1 * d2 * t % P
    if negative(t * z_inverse % P):
        x, y, d = y * ROOT % P, x * ROOT % P, d1 * INVROOT_A_MINUS_D % P
    else:
        d = d2
    if negative(x * z_inverse % P):
        y = -y % P
    return magnitude(d * (z - y) % P).to_bytes(32, "little")


def elligator(t: int) -> Point:
    """MAP: RFC 9496, section 4.3.4."""
    r = ROOT * t * t % P
    u = (r + 1) * (1 - D * D) % P
    v = (-1 - r * D) * (r + D) % P
    square, s = root_of_ratio(u, v)
    c = (P - 1) if square else r
    if not square:
        s = -magnitude(s * t % P) % P
    n = (c * (r - 1) * (D - 1) ** 2 - v) % P
    w0, w1 = 2 * s * v % P, n * ROOT_AD_MINUS_ONE % P
    w2, w3 = (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def derive(uniform: bytes) -> Point:
    """Element derivation: RFC 9496, section 4.3.4."""
    halves = (uniform[:32], uniform[32:])
    t = [int.from_bytes(h, "little") % 2**255 % P for h in halves]
    return add(elligator(t[0]), elligator(t[1]))


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(k: int, p: Point) -> Point:
    total = ZERO
    for bit in bin(k)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, p)
    return total


GENERATOR = decode(
    bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
)


class Transcript:
    """docs/protocols/transcript.md."""

    def __init__(self, protocol: bytes) -> None:
        self.steps = b""
        self._step(0, b"privshare/transcript/v1", len(protocol), protocol)

    def _step(self, op: int, label: bytes, n: int, data: bytes = b"") -> None:
        self.steps += bytes((op, len(label))) + label + n.to_bytes(8, "little") + data

    def absorb(self, label: bytes, data: bytes) -> None:
        self._step(1, label, len(data), data)

    def challenge(self, label: bytes, n: int) -> bytes:
        self._step(2, label, n)
        return hashlib.shake_128(self.steps).digest(n)

    def scalar(self, label: bytes) -> int:
        return int.from_bytes(self.challenge(label, 64), "little") % L

    def fork(self) -> Transcript:
        twin = Transcript(b"")
        twin.steps = self.steps
        return twin


def tagged(tag: bytes, *parts: bytes) -> bytes:
    """docs/formats/envelope.md."""
    tag = b"privshare/v1/" + tag
    data = bytes((len(tag),)) + tag
    for part in parts:
        data += len(part).to_bytes(8, "big") + part
    return hashlib.sha256(data).digest()


def scope_base(scope: bytes) -> Point:
    t = Transcript(b"ring/scope/v1")
    t.absorb(b"scope", scope)
    return derive(t.challenge(b"base", 64))


def scalar(data: bytes) -> int:
    value = int.from_bytes(data, "little")
    if value >= L:
        raise ValueError("expected a canonical scalar, found another")
    return value


def begin(
    message: bytes,
    scope: bytes,
    context: bytes,
    keys: Sequence[bytes],
    tag: bytes,
) -> Transcript:
    """Of a signature without escrow, up to the circle."""
    t = Transcript(b"ring/v1")
    for label, data in (
        (b"context", context),
        (b"ring", tagged(b"ring", b"".join(keys))),
        (b"scope", scope),
        (b"message", message),
        (b"tag", tag),
        (b"regulators", b""),
        (b"escrow", b""),
        (b"form", b"lsag/v1"),
        (b"ring", b"".join(keys)),
        (b"base", encode(scope_base(scope))),
        (b"tag", tag),
    ):
        t.absorb(label, data)
    return t


def step(t: Transcript, left: Point, right: Point) -> int:
    fork = t.fork()
    fork.absorb(b"commitment", encode(left) + encode(right))
    return fork.scalar(b"challenge")


def verify(
    signature: bytes,
    message: bytes,
    scope: bytes,
    context: bytes,
    keys: Sequence[bytes],
) -> bool:
    """Whether a circle of challenges closes; ValueError for other bytes."""
    n = len(keys)
    head, proof = signature[:35], signature[35:]
    if (
        list(keys) != sorted(set(keys))
        or not 2 <= n <= 64
        or bytes(32) in keys
        or head[0] != 1
        or int.from_bytes(head[33:], "little") != n + 1
        or len(proof) != 32 * (n + 1)
        or head[1:33] == bytes(32)
    ):
        raise ValueError("expected a signature of a ring, found another")
    points, tag, base = [decode(k) for k in keys], decode(head[1:33]), scope_base(scope)
    first, *s = (scalar(proof[i : i + 32]) for i in range(0, len(proof), 32))
    t = begin(message, scope, context, keys, head[1:33])
    c = first
    for s_i, p in zip(s, points, strict=True):
        left = add(times(s_i, GENERATOR), times(c, p))
        right = add(times(s_i, base), times(c, tag))
        c = step(t, left, right)
    return c == first


def nonces(t: Transcript, secret: int, rand: bytes, n: int) -> list[int]:
    fork = t.fork()
    fork.absorb(b"secret", secret.to_bytes(32, "little"))
    fork.absorb(b"random", rand)
    return [fork.scalar(b"nonce") for _ in range(n)]


def sign(
    secret: int,
    message: bytes,
    scope: bytes,
    context: bytes,
    keys: Sequence[bytes],
    rand: bytes,
) -> bytes:
    """The bytes that the page's signer makes of `rand`."""
    n, base = len(keys), scope_base(scope)
    mine = keys.index(encode(times(secret, GENERATOR)))
    point_t = times(secret, base)
    tag = encode(point_t)
    t = begin(message, scope, context, keys, tag)
    s, c = nonces(t, secret, rand, n), [0] * n
    for k in range(n):
        i = (mine + k) % n
        left = add(times(s[i], GENERATOR), times(c[i], decode(keys[i])))
        right = add(times(s[i], base), times(c[i], point_t))
        c[(i + 1) % n] = step(t, left, right)
    s[mine] = (s[mine] - c[mine] * secret) % L
    words = [c[0], *s]
    head = bytes((1,)) + tag + (n + 1).to_bytes(2, "little")
    return head + b"".join(w.to_bytes(32, "little") for w in words)
