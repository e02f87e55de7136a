"""Range proofs of our own format, verified again in Python's integers.

Both sums of docs/protocols/range.md, section 4, each by itself, over
`second_ristretto`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from privshare.audit.second_ristretto import (
    BASE,
    IDENTITY,
    ORDER,
    NotCanonical,
    Point,
    Transcript,
    combine,
    decode,
    encode,
    from_uniform,
    is_identity,
    read_scalar,
)


def is_range(
    commitments: Sequence[bytes], bits: int, proof: bytes, transcript: Transcript
) -> bool:
    """Whether a proof holds.

    Args:
        commitments: V_j, encoded.
        bits: n.
        proof: Its bytes, or anything.
        transcript: With the context of the caller.
    """
    try:
        return _holds(commitments, bits, proof, transcript)
    except NotCanonical:
        return False


@dataclass(frozen=True)
class _Proof:
    """A proof that was read, and its challenges."""

    first: list[Point]  # A, S, T_1, T_2
    t_x: int
    t_x_blinding: int
    e_blinding: int
    rounds: list[tuple[Point, Point]]
    a: int
    b: int
    y: int
    z: int
    x: int
    w: int
    u: list[int]


def _holds(
    commitments: Sequence[bytes], bits: int, proof: bytes, transcript: Transcript
) -> bool:
    count = len(commitments)
    if bits not in (8, 16, 32, 64) or not 1 <= count <= 32:
        return False
    padded = 1 << (count - 1).bit_length()
    depth = (bits * padded).bit_length() - 1
    if len(proof) != 32 * (9 + 2 * depth):
        return False
    values = [*map(decode, commitments), *[IDENTITY] * (padded - count)]
    p = _read(commitments, bits, proof, transcript)
    challenges = (p.y, p.z, p.x, p.w, *p.u)
    elements = [*p.first, *(side for pair in p.rounds for side in pair)]
    if 0 in challenges or any(map(is_identity, elements)):
        return False
    return is_identity(_polynomial(p, values, bits)) and is_identity(
        _inner_product(p, bits, padded)
    )


def _read(
    commitments: Sequence[bytes], bits: int, proof: bytes, transcript: Transcript
) -> _Proof:
    """Section 2: absorb and draw, step by step."""
    parts = [proof[i : i + 32] for i in range(0, len(proof), 32)]
    first, scalars, halves, last = parts[:4], parts[4:7], parts[7:-2], parts[-2:]
    t_x, t_x_blinding, e_blinding = map(read_scalar, scalars)
    a, b = map(read_scalar, last)
    named = b"SHAKE256 GeneratorsChain" + encode(BASE) + encode(_blinding())
    transcript.absorb("proof", b"range/v1")
    transcript.absorb_int("bits", bits)
    transcript.absorb_int("count", len(commitments))
    transcript.absorb("generators", named)
    transcript.absorb("V", b"".join(commitments))
    _absorb(transcript, ["A", "S"], first[:2])
    y, z = transcript.challenge_scalar("y"), transcript.challenge_scalar("z")
    _absorb(transcript, ["T_1", "T_2"], first[2:])
    x = transcript.challenge_scalar("x")
    _absorb(transcript, ["t_x", "t_x_blinding", "e_blinding"], scalars)
    w, u, rounds = transcript.challenge_scalar("w"), [], []
    for left, right in zip(halves[::2], halves[1::2], strict=True):
        _absorb(transcript, ["L", "R"], [left, right])
        u.append(transcript.challenge_scalar("u"))
        rounds.append((decode(left), decode(right)))
    _absorb(transcript, ["a", "b"], last)
    return _Proof(
        [*map(decode, first)],
        t_x,
        t_x_blinding,
        e_blinding,
        rounds,
        a,
        b,
        y,
        z,
        x,
        w,
        u,
    )


def _absorb(
    transcript: Transcript, labels: Sequence[str], parts: Sequence[bytes]
) -> None:
    for label, part in zip(labels, parts, strict=True):
        transcript.absorb(label, part)


def _polynomial(p: _Proof, values: Sequence[Point], bits: int) -> Point:
    """E_2: t(x) is what the commitments say."""
    powers = [pow(p.z, 2 + j, ORDER) for j in range(len(values))]
    ys = sum(pow(p.y, k, ORDER) for k in range(bits * len(values)))
    delta = (p.z - p.z**2) * ys - (2**bits - 1) * p.z * sum(powers)
    return combine(
        [
            *zip(powers, values, strict=True),
            (p.x, p.first[2]),
            (p.x**2, p.first[3]),
            (delta - p.t_x, BASE),
            (-p.t_x_blinding, _blinding()),
        ]
    )


def _inner_product(p: _Proof, bits: int, padded: int) -> Point:
    """E_1: t(x) is the product of the vectors that A and S hold."""
    n = bits * padded
    inverses = [pow(u, -1, ORDER) for u in p.u]
    inverse_y = pow(p.y, -1, ORDER)
    terms = [
        (1, p.first[0]),
        (p.x, p.first[1]),
        (-p.e_blinding, _blinding()),
        (p.w * (p.t_x - p.a * p.b), BASE),
    ]
    for u, inverse, (left, right) in zip(p.u, inverses, p.rounds, strict=True):
        terms += [(u * u, left), (inverse * inverse, right)]
    for k in range(n):
        j, i = divmod(k, bits)
        s = _sign_product(p.u, inverses, k)
        one_over_s = _sign_product(inverses, p.u, k)
        h = pow(p.z, 2 + j, ORDER) * 2**i - p.b * one_over_s
        terms.append((-p.z - p.a * s, _chain("G", j)[i]))
        terms.append((p.z + pow(inverse_y, k, ORDER) * h, _chain("H", j)[i]))
    return combine(terms)


def _sign_product(plus: Sequence[int], minus: Sequence[int], k: int) -> int:
    """Π over the rounds: plus where k has the round's bit, minus where not."""
    product, top = 1, len(plus) - 1
    for j, (up, down) in enumerate(zip(plus, minus, strict=True)):
        product = product * (up if k >> (top - j) & 1 else down) % ORDER
    return product


@cache
def _blinding() -> Point:
    """H, hashed from G."""
    return from_uniform(hashlib.sha3_512(encode(BASE)).digest())


@cache
def _chain(name: str, party: int) -> tuple[Point, ...]:
    """The 64 generators of one number."""
    seed = b"GeneratorsChain" + name.encode() + party.to_bytes(4, "little")
    stream = hashlib.shake_256(seed).digest(64 * 64)
    return tuple(from_uniform(stream[i : i + 64]) for i in range(0, 64 * 64, 64))
