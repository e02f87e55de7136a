"""One-of-many proofs, verified again in Python's integers.

The equations of docs/protocols/one-of-many.md, sections 2 and 3, each checked
by itself, over `second_ristretto`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from privshare.audit.second_ristretto import (
    ORDER,
    NotCanonical,
    Point,
    Transcript,
    combine,
    decode,
    from_uniform,
    is_identity,
    read_scalar,
)

_SEED = b"privshare/one-of-many/bases/v1"
_ONE = (1).to_bytes(32, "little")


@dataclass(frozen=True)
class Statement:
    """What is claimed of a list, in encodings.

    Attributes:
        columns: The list: each column's elements, one after the other.
        base: B.
        offset: Q.
        tag: U and T, or nothing.
        weights: A scalar for each column.
    """

    columns: Sequence[bytes]
    base: bytes
    offset: bytes = bytes(32)
    tag: tuple[bytes, bytes] | None = None
    weights: bytes = _ONE

    @property
    def count(self) -> int:
        """N."""
        return len(self.columns[0]) // 32

    @property
    def digits(self) -> int:
        """m."""
        return next(m for m in range(1, 7) if 4**m >= self.count)

    def digest(self) -> bytes:
        """Of the list: docs/formats/envelope.md, "Digests"."""
        tag = b"privshare/v1/candidates"
        framed = b"".join(len(c).to_bytes(8, "big") + c for c in self.columns)
        return hashlib.sha256(bytes([len(tag)]) + tag + framed).digest()


def is_one_of_many(statement: Statement, proof: bytes, transcript: Transcript) -> bool:
    """Whether a proof holds.

    Args:
        statement: What it is of.
        proof: Its bytes, or anything.
        transcript: With the context of the caller.
    """
    try:
        return _holds(statement, proof, transcript)
    except NotCanonical:
        return False


@cache
def _bases() -> tuple[Point, ...]:
    stream = hashlib.shake_128(_SEED).digest(64 * 49)
    return tuple(from_uniform(stream[i : i + 64]) for i in range(0, len(stream), 64))


def _holds(s: Statement, proof: bytes, transcript: Transcript) -> bool:
    m, tagged = s.digits, s.tag is not None
    parts = [proof[i : i + 32] for i in range(0, len(proof), 32)]
    n_elements = 2 + m * (1 + tagged)
    if len(proof) != 32 * (n_elements + 3 * m + 2):
        return False
    a, b, *rest = map(decode, parts[:n_elements])
    xs, ys = rest[:m], rest[m:]
    *free, z_a, z = map(read_scalar, parts[n_elements:])
    base, offset = decode(s.base), decode(s.offset)
    stated = [decode(part) for part in s.tag or ()]
    if any(map(is_identity, [base, *stated])):
        return False

    _absorb(s, transcript)
    transcript.absorb("commitments", b"".join(parts[:n_elements]))
    xi = transcript.challenge_scalar("xi")
    transcript.absorb("responses", b"".join(parts[n_elements:]))

    rows = [free[3 * j : 3 * j + 3] for j in range(m)]
    f = [[(xi - sum(row)) % ORDER, *row] for row in rows]
    line = [(-(xi**k), x) for k, x in enumerate(xs)]
    whole = pow(xi, m, ORDER)
    in_list = [*_in_list(s, f), (-whole, offset), *line, (-z, base)]
    return (
        is_identity(combine([(1, a), (xi, b), *_digits(f, xi, z_a)]))
        and is_identity(combine(in_list))
        and (not stated or _is_tag(stated, whole, ys, xi, z))
    )


def _absorb(s: Statement, transcript: Transcript) -> None:
    transcript.absorb("proof", b"one-of-many/v1")
    transcript.absorb_int("count", s.count)
    transcript.absorb_int("columns", len(s.columns))
    transcript.absorb("list", s.digest())
    transcript.absorb("weights", s.weights)
    transcript.absorb("base", s.base)
    transcript.absorb("offset", s.offset)
    transcript.absorb_int("tagged", int(s.tag is not None))
    if s.tag is not None:
        transcript.absorb("tag-base", s.tag[0])
        transcript.absorb("tag", s.tag[1])


def _digits(f: list[list[int]], xi: int, z_a: int) -> list[tuple[int, Point]]:
    """Minus the commitment to all f and all f·(ξ - f), blinded by z_A."""
    bases = _bases()
    terms = [(-z_a, bases[0])]
    for j, row in enumerate(f):
        for d, value in enumerate(row):
            terms.append((-value, bases[1 + 4 * j + d]))
            terms.append((-value * (xi - value), bases[25 + 4 * j + d]))
    return terms


def _in_list(s: Statement, f: list[list[int]]) -> list[tuple[int, Point]]:
    """Σ f_i · P_i, with the last element for all that the list lacks."""
    weights = [read_scalar(s.weights[i : i + 32]) for i in range(0, len(s.weights), 32)]
    products = [1]
    for row in reversed(f):
        products = [p * value % ORDER for p in products for value in row]
    last = s.count - 1
    coefficients = [*products[:last], sum(products[last:])]
    return [
        (weight * coefficient, decode(column[32 * i : 32 * i + 32]))
        for weight, column in zip(weights, s.columns, strict=True)
        for i, coefficient in enumerate(coefficients)
    ]


def _is_tag(
    stated: Sequence[Point], whole: int, ys: Sequence[Point], xi: int, z: int
) -> bool:
    """ξ^m·T = Σ ξ^k·Y_k + z·U."""
    tag_base, tag = stated
    line = [(-(xi**k), y) for k, y in enumerate(ys)]
    return is_identity(combine([(whole, tag), *line, (-z, tag_base)]))
