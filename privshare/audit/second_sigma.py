"""Sigma proofs, verified again in Python's integers.

Linear relations with their And and Or, over `second_ristretto`: each commitment
of a proof is computed from its responses and compared, bytes with bytes.

Implements docs/protocols/sigma.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from privshare.audit.second_ristretto import (
    BASE,
    ORDER,
    NotCanonical,
    Point,
    Transcript,
    combine,
    decode,
    encode,
    is_identity,
    read_scalar,
)

Image: TypeAlias = tuple[tuple[int, int], ...]
Terms: TypeAlias = tuple[tuple[int, int, int], ...]


@dataclass
class Relation:
    """Equations over elements, linear in secrets; element 0 is the generator.

    Attributes:
        encodings: Element 1 and the following, in the order of their first use.
        equations: (element, coefficient) of the image; (secret, element,
            coefficient) of the terms.
    """

    encodings: list[bytes] = field(default_factory=list)
    equations: list[tuple[Image, Terms]] = field(default_factory=list)

    def element(self, encoding: bytes) -> int:
        """The index of an element; equal bytes have one."""
        if encoding not in self.encodings:
            self.encodings.append(encoding)
        return self.encodings.index(encoding) + 1

    def equate(self, image: int | Image, *terms: tuple[int, int, int]) -> None:
        """Declare one equation.

        Args:
            image: An element, or pairs of element and coefficient.
            *terms: Secret, element and coefficient.
        """
        whole = ((image, 1),) if isinstance(image, int) else image
        self.equations.append((whole, terms))

    @property
    def secrets(self) -> int:
        """How many secrets there are."""
        return 1 + max(s for _, terms in self.equations for s, _, _ in terms)

    def points(self) -> list[Point]:
        """All elements.

        Raises:
            NotCanonical: One is none, or the identity; so is an image, or all
                that a secret is multiplied by.
        """
        points = [BASE, *map(decode, self.encodings)]
        sums = [
            combine((c, points[e]) for e, c in image) for image, _ in self.equations
        ]
        if any(map(is_identity, points + sums)):
            raise NotCanonical("expected elements other than the identity, found it")
        for secret in range(self.secrets):
            columns = (
                combine((c, points[e]) for s, e, c in terms if s == secret)
                for _, terms in self.equations
            )
            if all(map(is_identity, columns)):
                raise NotCanonical(
                    "expected secrets that matter, found one that does not"
                )
        return points


@dataclass(frozen=True)
class And:
    """All parts hold."""

    parts: Sequence[Statement]


@dataclass(frozen=True)
class Or:
    """At least one part holds."""

    parts: Sequence[Statement]


Statement: TypeAlias = Relation | And | Or


def is_sigma(
    statement: Statement, proof: bytes, transcript: Transcript, *, compact: bool = False
) -> bool:
    """Whether a proof holds.

    Args:
        statement: What it is of.
        proof: Its bytes, or anything.
        transcript: With the context of the caller.
        compact: Its form.
    """
    try:
        return _holds(statement, proof, transcript, compact)
    except NotCanonical:
        return False


def _holds(
    statement: Statement, proof: bytes, transcript: Transcript, compact: bool
) -> bool:
    relations = list(_relations(statement))
    first = 32 if compact else 32 * sum(len(one.equations) for one in relations)
    answers = _splits(statement) + sum(one.secrets for one in relations)
    if len(proof) != first + 32 * answers:
        return False
    rest = iter([read_scalar(proof[i : i + 32]) for i in range(first, len(proof), 32)])

    transcript.absorb("sigma/v1", b"ristretto255")
    transcript.absorb("form", b"compact" if compact else b"batchable")
    transcript.absorb("statement", _bytes(statement))
    if compact:
        challenge = read_scalar(proof[:32])
    else:
        transcript.absorb("commitments", proof[:first])
        challenge = transcript.challenge_scalar("challenge")
    parted = iter([next(rest) for _ in range(_splits(statement))])
    commitments = b"".join(_commitments(statement, challenge, parted, rest))
    if compact:
        transcript.absorb("commitments", commitments)
        found = transcript.challenge_scalar("challenge")
    transcript.absorb("responses", proof[first:])
    return found == challenge if compact else commitments == proof[:first]


def _commitments(
    statement: Statement, challenge: int, parted: Iterator[int], answers: Iterator[int]
) -> Iterator[bytes]:
    """What the responses say that the commitments were."""
    if isinstance(statement, Relation):
        z = [next(answers) for _ in range(statement.secrets)]
        points = statement.points()
        for image, terms in statement.equations:
            sums = [(c * z[s], points[e]) for s, e, c in terms]
            sums += [(-c * challenge, points[e]) for e, c in image]
            commitment = combine(sums)
            if is_identity(commitment):
                raise NotCanonical("expected a commitment, found the identity")
            yield encode(commitment)
        return
    challenges = [challenge] * len(statement.parts)
    if isinstance(statement, Or):
        challenges = [next(parted) for _ in statement.parts[1:]]
        challenges.append((challenge - sum(challenges)) % ORDER)
    for part, one in zip(statement.parts, challenges, strict=True):
        yield from _commitments(part, one, parted, answers)


def _relations(statement: Statement) -> Iterator[Relation]:
    if isinstance(statement, Relation):
        yield statement
    else:
        for part in statement.parts:
            yield from _relations(part)


def _splits(statement: Statement) -> int:
    """Challenges in a proof: one less than parts for each Or."""
    if isinstance(statement, Relation):
        return 0
    own = len(statement.parts) - 1 if isinstance(statement, Or) else 0
    return own + sum(map(_splits, statement.parts))


def _bytes(statement: Statement) -> bytes:
    """The statement, as the challenge takes it in."""
    if not isinstance(statement, Relation):
        kind = b"\2" if isinstance(statement, Or) else b"\1"
        return kind + _count(statement.parts) + b"".join(map(_bytes, statement.parts))
    parts = [b"\0", _count(statement.equations)]
    for image, terms in statement.equations:
        parts += [_count(image), *(_u32(e) + _scalar(c) for e, c in image)]
        parts += [_count(terms)]
        parts += [_u32(s) + _u32(e) + _scalar(c) for s, e, c in terms]
    return b"".join([*parts, *statement.encodings])


def _count(items: Sequence[object]) -> bytes:
    return _u32(len(items))


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _scalar(value: int) -> bytes:
    return (value % ORDER).to_bytes(32, "little")
