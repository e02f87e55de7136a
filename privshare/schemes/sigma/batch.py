"""Verify many proofs with one multi-scalar multiplication.

Each equation of each proof says that M(z) - c·Y - T is the identity. The batch
adds them all up, each with a weight of 128 bits, and asks whether the sum is:

    Σ w·(M(z) - c·Y - T) = 0

An element that many proofs have in common is multiplied once. If one equation
is false, then, for all other weights given, at most one value of its weight
makes the sum right: a false proof passes with probability 2^-128. Weights come
from all proofs, with their statements and contexts, and from randomness drawn
after they were there.

Source: Bellare, Garay and Rabin, EUROCRYPT 1998, the small exponents test;
draft-irtf-cfrg-sigma-protocols-03, section 5.4.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from privshare.errors import EncodingError, NativeError, OutOfRange, ProofInvalid
from privshare.schemes.sigma.engine import Read, factors, read
from privshare.schemes.sigma.group import Entries, Group, Row
from privshare.schemes.sigma.proof import RAND_BYTES, TranscriptCodec, verify
from privshare.schemes.sigma.statement import Statement, group_of
from privshare.schemes.transcript import Transcript

WEIGHT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Claim:
    """A proof with what a verifier needs to judge it.

    Attributes:
        statement: What it is a proof of.
        proof: In the batchable form.
        transcript: With the context in it; it goes on after the proof.
    """

    statement: Statement
    proof: bytes
    transcript: Transcript


def verify_batch(claims: Sequence[Claim], rand: bytes | None = None) -> None:
    """Check proofs over one group together.

    Args:
        claims: Any number.
        rand: 32 bytes that nobody knew when the proofs were made; drawn when
            not given.

    Raises:
        OutOfRange: The groups differ, or `rand` has another length.
        ProofInvalid: A proof does not hold; `detail["index"]` names the first.
    """
    if rand is None:
        rand = secrets.token_bytes(RAND_BYTES)
    if len(rand) != RAND_BYTES:
        raise OutOfRange(f"expected {RAND_BYTES} random bytes, found {len(rand)}")
    if not claims:
        return
    group = group_of(claims[0].statement)
    if any(group_of(claim.statement).name != group.name for claim in claims):
        raise OutOfRange("expected proofs over one group, found several")
    before: list[Transcript] = []
    if not _hold_together(group, claims, rand, before):
        _name_the_first(claims, before)


def _hold_together(
    group: Group, claims: Sequence[Claim], rand: bytes, before: list[Transcript]
) -> bool:
    """Whether the sum is right; `before` gets each transcript as it was found."""
    weigher = Transcript("sigma/batch/v1")
    proofs: list[Read] = []
    for claim in claims:
        before.append(claim.transcript.fork())
        codec = TranscriptCodec(group, claim.transcript)
        try:
            proofs.append(read(claim.statement, claim.proof, codec, compact=False))
        except ProofInvalid:
            return False
        weigher.absorb("proof", claim.transcript.fork().challenge("batch", 32))
    weigher.absorb("rand", rand)
    return sum_vanishes(group, proofs, lambda n: weigher.challenge("weights", n))


def sum_vanishes(
    group: Group, proofs: Sequence[Read], draw: Callable[[int], bytes]
) -> bool:
    """Whether Σ w·(M(z) - c·Y - T) is the identity.

    Args:
        group: Of all proofs.
        proofs: In the batchable form.
        draw: Gives so many bytes that nobody knew when the proofs were made.
    """
    try:
        first = group.decode(b"".join(proof.encoded for proof in proofs))
    except EncodingError:
        return False
    if group.identities(first):
        return False
    stream = draw(WEIGHT_BYTES * len(first))
    numbers = [
        int.from_bytes(stream[i : i + WEIGHT_BYTES], "little")
        for i in range(0, len(stream), WEIGHT_BYTES)
    ]
    scalars, row = _combined(group, proofs, [group.scalar(w) for w in numbers])
    minus = b"".join(group.scalar(-w) for w in numbers)
    total = group.combine_vartime(scalars + minus, group.join([row, first]))
    return bool(group.identities(total))


def _combined(
    group: Group, proofs: Sequence[Read], weights: Sequence[bytes]
) -> tuple[bytes, Row]:
    """Every element once, and what it is multiplied by: Σ w·(M(z) - c·Y)."""
    claims = [claim for proof in proofs for claim in proof.claims]
    names: dict[bytes, int] = {}
    rows: list[Row] = []
    entries = Entries()
    product = equation = 0
    for claim in claims:
        relation, plan = claim.relation, claim.relation.plan
        known = (b"", *relation.encodings)
        new = [e for e in dict.fromkeys(plan.elements) if known[e] not in names]
        rows.append(group.take(relation.elements, new))
        for e in new:
            names[known[e]] = len(names)
        elements = iter(plan.elements)
        for count in plan.counts:
            for e in islice(elements, count):
                entries.add(names[known[e]], product, weights[equation])
                product += 1
            equation += 1
    return group.map_scalars(factors(claims), entries, len(names)), group.join(rows)


def _name_the_first(claims: Sequence[Claim], before: Sequence[Transcript]) -> None:
    """Of those that were read; if not all were, the last of them is wrong."""
    for index, (claim, transcript) in enumerate(zip(claims, before, strict=False)):
        try:
            verify(claim.statement, claim.proof, transcript)
        except ProofInvalid as error:
            raise ProofInvalid(
                f"expected {len(claims)} proofs that hold, found that {index} "
                f"does not: {error}",
                detail={"index": index},
            ) from None
    raise NativeError("expected proofs that hold to hold together, found otherwise")
