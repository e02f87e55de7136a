"""Sigma protocols: what the prover and the verifier compute.

For a relation with the map M (the terms) and the image Y, secrets x and nonces r

    commitment  T = M(r)      challenge  c      response  z = r + c·x
    it holds when  T = M(z) - c·Y                              (for each equation)

And: one challenge for all parts. Or: challenges c_i of the branches with
Σ c_i = c. The prover draws those of the branches it cannot prove beforehand,
with their responses, and takes T = M(z) - c_i·Y; the true branch gets what is
left of c. So that nothing tells which branch that is, all are computed by the
same equations: with a bit b_i, 1 for the true branch and 0 for the others,
drawn challenges e_i and nonces r

    T_i = M(r) - (1 - b_i)·e_i·Y
    c_i = (1 - b_i)·e_i + b_i·(c - Σ (1 - b_j)·e_j)
    z_i = r + c_i·(b_i·x)

Two answers to the same T with different c give the witness of a relation, and
of at least one branch of an Or, some c_i being different. Whoever knows c
beforehand can answer for any statement without a witness, with what an honest
prover's answers look like; so do the branches of an Or.

Source: Schnorr, CRYPTO 1989; Maurer, AFRICACRYPT 2009 (any linear map);
Cramer, Damgård and Schoenmakers, CRYPTO 1994 (Or);
draft-irtf-cfrg-sigma-protocols-03, sections 4 and 5.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from privshare.errors import EncodingError, OutOfRange, ProofInvalid
from privshare.schemes.sigma.group import Entries, Group, Row
from privshare.schemes.sigma.relation import LinearRelation, Plan
from privshare.schemes.sigma.statement import (
    And,
    Or,
    Statement,
    Witness,
    draws,
    group_of,
    leaves,
    pack,
    room,
    splits,
)


class Codec(Protocol):
    """Where the challenge comes from: our transcript, or somebody else's."""

    def begin(self, statement: Statement, compact: bool) -> None:
        """Take in the statement and the form of the proof."""

    def nonces(self, packed: bytes, rand: bytes, count: int) -> list[bytes]:
        """Secret scalars from a packed witness and fresh randomness."""

    def commitments(self, data: bytes) -> None:
        """Take in the prover's first message."""

    def challenge(self) -> bytes:
        """Draw the challenge, a scalar."""

    def responses(self, data: bytes) -> None:
        """Take in the rest of the proof."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a relation's commitments are computed from.

    Attributes:
        relation: The relation.
        scalars: Nonces or responses.
        challenge: Its challenge; None stands for 0 where everybody knows it.
    """

    relation: LinearRelation
    scalars: Sequence[bytes] = field(repr=False)
    challenge: bytes | None = field(repr=False)


def factors(claims: Sequence[Claimed]) -> bytes:
    """What each product of each relation is multiplied by, in order."""
    entries = Entries()
    scalars: list[bytes] = []
    products = 0
    for claim in claims:
        plan, column = _plan_of(claim), len(scalars)
        for product, s, coefficient in plan.entries:
            entries.add(products + product, column + s, coefficient)
        products += len(plan.elements)
        scalars += claim.scalars
        if claim.challenge is not None:
            scalars.append(claim.challenge)
    group = claims[0].relation.group
    return group.map_scalars(b"".join(scalars), entries, products)


def commitments(claims: Sequence[Claimed], *, secret: bool) -> Row:
    """M(scalars) - challenge·Y for each equation of each relation.

    Args:
        claims: At least one, over one group.
        secret: Scalars and challenges are secrets.
    """
    group = claims[0].relation.group
    plans = [_plan_of(claim) for claim in claims]
    row = group.join(
        [
            group.take(claim.relation.elements, plan.elements)
            for claim, plan in zip(claims, plans, strict=True)
        ]
    )
    multiply = group.multiply if secret else group.multiply_vartime
    counts = [count for plan in plans for count in plan.counts]
    return group.sums(multiply(factors(claims), row), counts)


def _plan_of(claim: Claimed) -> Plan:
    relation = claim.relation
    return relation.secret_plan if claim.challenge is None else relation.plan


@dataclass(slots=True)
class _Node:
    """A statement while it is being proven."""

    statement: Statement
    claims: list[Claimed] = field(repr=False)
    parts: list[_Node] = field(repr=False)
    bits: list[bytes] = field(repr=False)
    planned: list[bytes] = field(repr=False)
    witness: list[bytes] = field(repr=False)


def _plan(
    statement: Statement,
    witness: list[bytes],
    nonces: Iterator[bytes],
    planned: bytes | None,
) -> _Node:
    """Draw what a statement needs before the challenge.

    Args:
        statement: What is proven, or pretended.
        witness: Packed; all zero where it is pretended.
        nonces: Random scalars.
        planned: Its challenge where it is pretended, 0 where it is not; None
            outside of every Or.
    """
    node = _Node(statement, [], [], [], [], witness)
    match statement:
        case And(parts):
            at = 0
            for part in parts:
                inner = witness[at : at + room(part)]
                node.parts.append(_plan(part, inner, nonces, planned))
                at += room(part)
        case Or(parts):
            _plan_or(node, parts, nonces, planned)
        case relation:
            scalars = [next(nonces) for _ in range(relation.scalars)]
            node.claims.append(Claimed(relation, scalars, planned))
    for part_node in node.parts:
        node.claims += part_node.claims
    return node


def _plan_or(
    node: _Node,
    parts: Sequence[Statement],
    nonces: Iterator[bytes],
    planned: bytes | None,
) -> None:
    """Challenges for all branches but the true one; pretended, they add up."""
    group = group_of(parts[0])
    node.bits, inner = node.witness[: len(parts)], node.witness[len(parts) :]
    drawn = [next(nonces) for _ in parts]
    if planned is not None:
        # Where the Or itself is pretended no bit is 1: the last is what is left.
        live = _total(group, node.bits)
        rest = group.minus(planned, _total(group, drawn[:-1]))
        gap = group.minus(drawn[-1], rest)
        drawn[-1] = group.plus(rest, group.times(live, gap))
    one = group.scalar(1)
    for part, bit, challenge in zip(parts, node.bits, drawn, strict=True):
        node.planned.append(group.times(group.minus(one, bit), challenge))
        masked = _scaled(group, bit, inner[: room(part)])
        node.parts.append(_plan(part, masked, nonces, node.planned[-1]))


def _answer(node: _Node, challenge: bytes) -> tuple[list[bytes], list[bytes]]:
    """The challenges of branches, and the responses."""
    group = group_of(node.statement)
    match node.statement:
        case And(parts):
            found, challenges = [], [challenge] * len(parts)
        case Or(_):
            left = group.minus(challenge, _total(group, node.planned))
            challenges = [
                group.plus(planned, group.times(bit, left))
                for planned, bit in zip(node.planned, node.bits, strict=True)
            ]
            found = challenges[:-1]
        case _:
            scaled = _scaled(group, challenge, node.witness)
            pairs = zip(node.claims[0].scalars, scaled, strict=True)
            return [], [group.plus(r, x) for r, x in pairs]
    answers: list[bytes] = []
    for part, one in zip(node.parts, challenges, strict=True):
        inner, responses = _answer(part, one)
        found += inner
        answers += responses
    return found, answers


def prove_with(
    statement: Statement,
    witness: Witness,
    codec: Codec,
    nonces: Sequence[bytes] | bytes,
    *,
    compact: bool,
) -> bytes:
    """Make a proof, with the randomness as an argument.

    Args:
        statement: What is proven.
        witness: Of its shape.
        codec: Where the challenge comes from.
        nonces: Random scalars, as many as `draws` says, never used again; or
            random bytes that the codec makes them from.
        compact: The form of the proof.

    Returns:
        The proof. It does not hold when the witness is none.

    Raises:
        EncodingError: A scalar of the witness is not canonical.
        OutOfRange: The witness has not the statement's shape, or a commitment
            is the identity, as happens to nobody.
    """
    group = group_of(statement)
    packed = pack(statement, witness)
    codec.begin(statement, compact)
    if isinstance(nonces, bytes):
        nonces = codec.nonces(packed, nonces, draws(statement))
    node = _plan(statement, _split(group, packed), iter(nonces), None)
    first = commitments(node.claims, secret=True)
    if group.identities(first):
        raise OutOfRange("expected commitments other than the identity, found one")
    encoded = group.encode(first)
    codec.commitments(encoded)
    challenge = codec.challenge()
    rest = b"".join(b"".join(part) for part in _answer(node, challenge))
    codec.responses(rest)
    return (challenge if compact else encoded) + rest


@dataclass(frozen=True, slots=True)
class Read:
    """A proof whose parts were read.

    Attributes:
        encoded: Commitments as they came; none in a compact proof.
        challenge: Drawn from them; in a compact proof, as it came.
        claims: What the commitments must be computed from.
    """

    encoded: bytes
    challenge: bytes
    claims: tuple[Claimed, ...]


def read(statement: Statement, proof: bytes, codec: Codec, *, compact: bool) -> Read:
    """Read a proof and draw its challenge; nothing is computed yet.

    Raises:
        ProofInvalid: Another length, or a scalar that is not canonical.
    """
    group = group_of(statement)
    expected = proof_bytes(statement, compact=compact)
    if len(proof) != expected:
        raise ProofInvalid(f"expected a proof of {expected} bytes, found {len(proof)}")
    codec.begin(statement, compact)
    first = _first_bytes(statement, compact)
    encoded, rest = proof[:first], proof[first:]
    try:
        group.check_scalars(encoded + rest if compact else rest)
    except EncodingError as error:
        raise ProofInvalid(str(error)) from None
    if not compact:
        codec.commitments(encoded)
    challenge = encoded if compact else codec.challenge()
    scalars = _split(group, rest)
    count = splits(statement)
    parted, responses = iter(scalars[:count]), iter(scalars[count:])
    claims = tuple(_claims(statement, challenge, parted, responses))
    if not compact:
        codec.responses(rest)
    return Read(encoded, challenge, claims)


def _claims(
    statement: Statement,
    challenge: bytes,
    parted: Iterator[bytes],
    responses: Iterator[bytes],
) -> Iterator[Claimed]:
    """Each relation with its challenge and its responses."""
    match statement:
        case And(parts):
            challenges = [challenge] * len(parts)
        case Or(parts):
            group = group_of(statement)
            challenges = [next(parted) for _ in parts[1:]]
            challenges.append(group.minus(challenge, _total(group, challenges)))
        case relation:
            scalars = [next(responses) for _ in range(relation.scalars)]
            yield Claimed(relation, scalars, challenge)
            return
    for part, one in zip(parts, challenges, strict=True):
        yield from _claims(part, one, parted, responses)


def verify_with(
    statement: Statement, proof: bytes, codec: Codec, *, compact: bool
) -> None:
    """Check a proof by its equations, one by one.

    Raises:
        ProofInvalid: It does not hold.
    """
    group = group_of(statement)
    found = read(statement, proof, codec, compact=compact)
    first = commitments(found.claims, secret=False)
    wrong = ProofInvalid("expected a proof that holds, found one that does not")
    if group.identities(first):
        raise wrong
    encoded = group.encode(first)
    if compact:
        codec.commitments(encoded)
        drawn = codec.challenge()
        codec.responses(proof[group.scalar_bytes :])
        if drawn != found.challenge:
            raise wrong
    elif encoded != found.encoded:
        raise wrong


def proof_bytes(statement: Statement, *, compact: bool = False) -> int:
    """Length of a proof."""
    answers = sum(leaf.scalars for leaf in leaves(statement))
    size = group_of(statement).scalar_bytes
    return _first_bytes(statement, compact) + size * (splits(statement) + answers)


def _first_bytes(statement: Statement, compact: bool) -> int:
    group = group_of(statement)
    if compact:
        return group.scalar_bytes
    return group.element_bytes * sum(len(one.equations) for one in leaves(statement))


def _scaled(group: Group, factor: bytes, scalars: Sequence[bytes]) -> list[bytes]:
    """The factor times each scalar."""
    entries = Entries()
    for i in range(len(scalars)):
        entries.add(i, i, factor)
    return _split(group, group.map_scalars(b"".join(scalars), entries, len(scalars)))


def _split(group: Group, scalars: bytes) -> list[bytes]:
    size = group.scalar_bytes
    return [scalars[i : i + size] for i in range(0, len(scalars), size)]


def _total(group: Group, scalars: Sequence[bytes]) -> bytes:
    total = group.scalar(0)
    for one in scalars:
        total = group.plus(total, one)
    return total
