"""Forgers who choose something after the challenge: they must not get through.

The simulator of docs/protocols/one-of-many.md, section 6, makes proofs without a
secret for any challenge it is given. Here a forger gives it the challenge that a
transcript would draw if it left something out, solves the equations for that
part, and hands the proof in. The equations hold for the forger's challenge, so
what refuses the proof is that everything is absorbed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from privshare.audit import second_one_of_many as second
from privshare.audit.second_ristretto import (
    BASE,
    IDENTITY,
    ORDER,
    Point,
    Transcript,
    combine,
    decode,
    encode,
    from_uniform,
    multiply,
)
from privshare.errors import ProofInvalid
from privshare.schemes import one_of_many as ours
from privshare.schemes import transcript as our_transcript

PROTOCOL = "test/one-of-many/v1"
COUNT, DIGITS = 6, 2


class Given(Transcript):
    """A transcript whose challenge somebody chose."""

    def __init__(self, xi: int) -> None:
        super().__init__(PROTOCOL)
        self.xi = xi

    def challenge_scalar(self, label: str) -> int:
        """What was given."""
        assert label == "xi"
        return self.xi


def number(what: str) -> int:
    return int.from_bytes(hashlib.sha512(what.encode()).digest(), "little") % ORDER


def point(what: str) -> Point:
    return from_uniform(hashlib.sha512(what.encode()).digest())


@dataclass
class Forgery:
    """A statement without a witness, and the free parts of a simulated proof."""

    elements: list[Point]
    offset: Point
    tag_base: Point
    tag: Point
    b0: Point
    xs: list[Point]
    ys: list[Point]
    a: Point = IDENTITY

    @classmethod
    def start(cls) -> Forgery:
        return cls(
            elements=[point(f"p{i}") for i in range(COUNT)],
            offset=point("q"),
            tag_base=point("u"),
            tag=point("t"),
            b0=point("b0"),
            xs=[point(f"x{k}") for k in range(DIGITS)],
            ys=[point(f"y{k}") for k in range(DIGITS)],
        )

    def statement(self) -> second.Statement:
        return second.Statement(
            [b"".join(map(encode, self.elements))],
            encode(BASE),
            encode(self.offset),
            (encode(self.tag_base), encode(self.tag)),
        )

    def commitments(self) -> bytes:
        return b"".join(map(encode, [self.a, self.b0, *self.xs, *self.ys]))

    def drawn(self) -> int:
        """The challenge of the parts as they stand now."""
        transcript = Transcript(PROTOCOL)
        second._absorb(self.statement(), transcript)
        transcript.absorb("commitments", self.commitments())
        return transcript.challenge_scalar("xi")


FREE = [number(f"f{i}") for i in range(3 * DIGITS)]
Z_A, Z = number("za"), number("z")
RESPONSES = b"".join(v.to_bytes(32, "little") for v in [*FREE, Z_A, Z])


def rows(xi: int) -> list[list[int]]:
    parts = [FREE[3 * j : 3 * j + 3] for j in range(DIGITS)]
    return [[(xi - sum(part)) % ORDER, *part] for part in parts]


def difference(forgery: Forgery, xi: int) -> Point:
    """What equation (2) is off by."""
    in_list = second._in_list(forgery.statement(), rows(xi))
    line = [(-(xi**k), x) for k, x in enumerate(forgery.xs)]
    stated = [(-pow(xi, DIGITS, ORDER), forgery.offset), (-Z, BASE)]
    return combine([*in_list, *line, *stated])


def tag_difference(forgery: Forgery, xi: int) -> Point:
    """What equation (3) is off by."""
    line = [(-(xi**k), y) for k, y in enumerate(forgery.ys)]
    whole = pow(xi, DIGITS, ORDER)
    return combine([(whole, forgery.tag), *line, (-Z, forgery.tag_base)])


def solve(forgery: Forgery, xi: int, parts: Sequence[str]) -> None:
    """Make all equations true for xi by changing `parts` alone."""
    inverse = pow(xi, -DIGITS, ORDER)
    if "a" in parts:
        digits = [(-c, p) for c, p in second._digits(rows(xi), xi, Z_A)]
        forgery.a = combine([*digits, (-xi, forgery.b0)])
    if "x" in parts:
        forgery.xs[0] = combine([(1, forgery.xs[0]), (1, difference(forgery, xi))])
    if "y" in parts:
        forgery.ys[0] = combine([(1, forgery.ys[0]), (1, tag_difference(forgery, xi))])
    if "offset" in parts:
        off = multiply(inverse, difference(forgery, xi))
        forgery.offset = combine([(1, forgery.offset), (1, off)])
    if "element" in parts:
        (f0, *_), (g0, *_) = rows(xi)
        off = multiply(-pow(f0 * g0, -1, ORDER), difference(forgery, xi))
        forgery.elements[0] = combine([(1, forgery.elements[0]), (1, off)])
    if "tag" in parts:
        off = multiply(-inverse, tag_difference(forgery, xi))
        forgery.tag = combine([(1, forgery.tag), (1, off)])
    if "scope" in parts:
        off = multiply(pow(Z, -1, ORDER), tag_difference(forgery, xi))
        forgery.tag_base = combine([(1, forgery.tag_base), (1, off)])


# What is chosen last. The first alone is what a simulator may do.
LAST = [
    ("a", "x", "y"),
    ("a", "x", "tag"),
    ("a", "x", "scope"),
    ("a", "offset", "y"),
    ("a", "element", "y"),
    ("a", "element", "tag"),
]


@pytest.mark.parametrize("parts", LAST, ids="+".join)
def test_what_is_chosen_after_the_challenge_is_refused(parts: tuple[str, ...]) -> None:
    """The forged equations hold for the forger's challenge, and for no other."""
    forgery = Forgery.start()
    solve(forgery, number("any"), LAST[0])
    xi = forgery.drawn()
    solve(forgery, xi, parts)
    proof = forgery.commitments() + RESPONSES
    statement = forgery.statement()
    assert second.is_one_of_many(statement, proof, Given(xi))

    assert not second.is_one_of_many(statement, proof, Transcript(PROTOCOL))
    assert statement.tag is not None
    claim = ours.Claim(
        proof,
        statement.base,
        our_transcript.Transcript(PROTOCOL),
        offset=statement.offset,
        tag=ours.Tag(*statement.tag),
    )
    candidates = ours.Candidates.of(statement.columns[0])
    with pytest.raises(ProofInvalid):
        ours.verify(claim, candidates)
    with pytest.raises(ProofInvalid):
        ours.verify_batch([claim, replace(claim)], candidates)


class Altered(Transcript):
    """A transcript in which one absorbed part has another last byte."""

    def __init__(self, place: int) -> None:
        super().__init__(PROTOCOL)
        self.place, self.absorbed = place, 0

    def absorb(self, label: str, data: bytes) -> None:
        """All as it should be, but one."""
        if self.absorbed == self.place:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self.absorbed += 1
        super().absorb(label, data)


def right_proof() -> tuple[second.Statement, bytes]:
    """By the holder of the first of some keys."""
    secret = 7
    elements = [multiply(secret + i, BASE) for i in range(COUNT)]
    keys = b"".join(map(encode, elements))
    scope = encode(point("u"))
    tag = encode(multiply(secret, decode(scope)))
    proof = ours.prove(
        ours.Candidates.of(keys),
        0,
        secret.to_bytes(32, "little"),
        encode(BASE),
        tag=ours.Tag(scope, tag),
        transcript=our_transcript.Transcript(PROTOCOL),
    )
    return second.Statement([keys], encode(BASE), tag=(scope, tag)), proof


def test_a_right_proof_satisfies_no_other_challenge() -> None:
    """The equations hold for its own challenge only: each is really checked."""
    statement, proof = right_proof()
    assert second.is_one_of_many(statement, proof, Transcript(PROTOCOL))
    assert not second.is_one_of_many(statement, proof, Given(number("any")))


def test_every_absorbed_part_matters() -> None:
    """Version, counts, list, weights, bases, offset, tag, commitments: eleven."""
    statement, proof = right_proof()
    for place in range(11):
        altered = Altered(place)
        assert not second.is_one_of_many(statement, proof, altered), place
    # The twelfth are the responses, after the challenge.
    assert second.is_one_of_many(statement, proof, Altered(11))
    assert second.is_one_of_many(statement, proof, altered := Altered(12))
    assert altered.absorbed == 12
