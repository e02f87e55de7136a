"""Ring signatures and their escrows, verified again in Python's integers.

Both forms, over `second_ristretto`, `second_sigma` and `second_one_of_many`.

Implements docs/protocols/ring.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from privshare.audit.second_one_of_many import Statement, is_one_of_many
from privshare.audit.second_ristretto import (
    BASE,
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
from privshare.audit.second_sigma import Relation, is_sigma

_LSAG, _ONE_OF_MANY = 1, 2
_IDENTITY = bytes(32)


@dataclass(frozen=True)
class Regulators:
    """Who can name a signer together.

    Attributes:
        threshold: k.
        keys: Y_1 … Y_n, encoded.
    """

    threshold: int
    keys: Sequence[bytes]

    def digest(self) -> bytes:
        """As the transcript takes it in."""
        return _tagged(b"regulators", bytes([self.threshold]), b"".join(self.keys))


@dataclass(frozen=True)
class Signed:
    """What a signature is for.

    Attributes:
        message: What was signed.
        scope: In which a member signs once unseen.
        context: What else it is bound to.
        keys: The ring, ascending.
        regulators: Who can name the signer, if anybody.
    """

    message: bytes
    scope: bytes
    context: bytes
    keys: Sequence[bytes]
    regulators: Regulators | None = None

    def base(self) -> Point:
        """U of the scope."""
        transcript = Transcript("ring/scope/v1")
        transcript.absorb("scope", self.scope)
        return from_uniform(transcript.challenge("base", 64))

    def transcript(self, tag: bytes) -> Transcript:
        """Steps 0 to 6."""
        regulators = self.regulators.digest() if self.regulators else b""
        transcript = Transcript("ring/v1")
        transcript.absorb("context", self.context)
        transcript.absorb("ring", _tagged(b"ring", b"".join(self.keys)))
        transcript.absorb("scope", self.scope)
        transcript.absorb("message", self.message)
        transcript.absorb("tag", tag)
        transcript.absorb("regulators", regulators)
        return transcript


def is_ring_signature(signature: bytes, signed: Signed) -> bool:
    """Whether a signature holds, with its escrow if there are regulators.

    Args:
        signature: Its bytes, or anything.
        signed: What it is for.
    """
    try:
        return _holds(signature, signed)
    except NotCanonical:
        return False


def tag_of(signature: bytes) -> bytes:
    """T of a signature that holds."""
    return signature[1:33]


def escrow_of(signature: bytes) -> bytes:
    """The escrow of a signature that holds; nothing where there is none."""
    return signature[_end(signature) :]


def _end(signature: bytes) -> int:
    """Where the proof ends."""
    return 35 + 32 * int.from_bytes(signature[33:35], "little")


def _holds(signature: bytes, signed: Signed) -> bool:
    form, tag, length = signature[:1], tag_of(signature), signature[33:35]
    end = _end(signature)
    proof, escrow = signature[35:end], escrow_of(signature)
    if len(length) != 2 or len(signature) < end or not _is_ring(signed.keys):
        return False
    base = signed.base()
    if is_identity(decode(tag)) or is_identity(base):
        return False
    if bool(escrow) != (signed.regulators is not None):
        return False
    if not _is_escrow(escrow, signed, tag, encode(base)):
        return False
    transcript = signed.transcript(tag)
    transcript.absorb("escrow", escrow)
    if form == bytes([_LSAG]):
        return len(signed.keys) <= 64 and _closes(proof, tag, base, signed, transcript)
    statement = Statement(
        [b"".join(signed.keys)], encode(BASE), tag=(encode(base), tag)
    )
    return form == bytes([_ONE_OF_MANY]) and is_one_of_many(
        statement, proof, transcript
    )


def _is_ring(keys: Sequence[bytes]) -> bool:
    return (
        2 <= len(keys) <= 4096
        and all(a < b for a, b in pairwise(keys))
        and not any(is_identity(decode(key)) for key in keys)
    )


def _closes(
    proof: bytes, tag: bytes, base: Point, signed: Signed, transcript: Transcript
) -> bool:
    """Whether the circle of challenges closes."""
    c0, *responses = (read_scalar(proof[i : i + 32]) for i in range(0, len(proof), 32))
    if len(responses) != len(signed.keys):
        return False
    transcript.absorb("form", b"lsag/v1")
    transcript.absorb("ring", b"".join(signed.keys))
    transcript.absorb("base", encode(base))
    transcript.absorb("tag", tag)
    c, t = c0, decode(tag)
    for s, key in zip(responses, signed.keys, strict=True):
        left = encode(combine([(s, BASE), (c, decode(key))]))
        right = encode(combine([(s, base), (c, t)]))
        fork = transcript.fork()
        fork.absorb("commitment", left + right)
        c = fork.challenge_scalar("challenge")
    return c == c0


@dataclass(frozen=True)
class Escrow:
    """The parts of an escrow's bytes."""

    threshold: int
    cover: bytes
    shares: list[bytes]
    proof: bytes

    @classmethod
    def read(cls, data: bytes) -> Escrow:
        """Cut it; nothing but its length is checked.

        Raises:
            NotCanonical: It has another length than it says.
        """
        k, n = (data[0], data[1]) if len(data) > 1 else (0, 0)
        if len(data) != 2 + 32 * (2 * n + k + 4) or not 2 <= k <= n <= 16:
            raise NotCanonical("expected an escrow, found other bytes")
        elements = [data[2 + 32 * i : 34 + 32 * i] for i in range(n + 1)]
        return cls(k, elements[0], elements[1:], data[34 + 32 * n :])


def _is_escrow(data: bytes, signed: Signed, tag: bytes, base: bytes) -> bool:
    """Section 5: of the key that made the tag, for these regulators."""
    regulators = signed.regulators
    if regulators is None:
        return True
    escrow = Escrow.read(data)
    keys = regulators.keys
    if (escrow.threshold, len(escrow.shares)) != (regulators.threshold, len(keys)):
        return False
    if _IDENTITY in (escrow.cover, *escrow.shares) or escrow.cover in signed.keys:
        return False
    relation = Relation()
    cover, *shares = map(relation.element, (escrow.cover, *escrow.shares))
    t, u = relation.element(tag), relation.element(base)
    relation.equate(t, (0, u, 1))
    relation.equate(cover, (0, 0, 1), (1, 0, 1))
    for i, (share, key) in enumerate(zip(shares, keys, strict=True), 1):
        y = relation.element(key)
        powers = [(1 + j, y, i**j) for j in range(regulators.threshold)]
        relation.equate(share, *powers)
    return is_sigma(relation, escrow.proof, signed.transcript(tag))


def is_partial(
    part: bytes, escrow: bytes, regulators: Regulators, context: bytes
) -> bool:
    """Whether a regulator's part of an opening is its part of this escrow.

    Args:
        part: Its bytes, or anything.
        escrow: Of a signature that holds.
        regulators: Of that signature.
        context: What the opening is for.
    """
    index, value, proof = part[:1], part[1:33], part[33:]
    i = int.from_bytes(index, "little")
    if len(part) != 129 or not 1 <= i <= len(regulators.keys):
        return False
    transcript = Transcript("ring/opening/v1")
    transcript.absorb("context", context)
    transcript.absorb("regulators", regulators.digest())
    transcript.absorb("escrow", escrow)
    transcript.absorb_int("index", i)
    relation = Relation()
    try:
        share = Escrow.read(escrow).shares[i - 1]
        relation.equate(relation.element(regulators.keys[i - 1]), (0, 0, 1))
        e = relation.element(share)
        relation.equate(e, (0, relation.element(value), 1))
        return is_sigma(relation, proof, transcript)
    except NotCanonical:
        return False


def member(escrow: bytes, parts: Sequence[bytes]) -> bytes:
    """The key that parts, each verified, name together: C - Σ λ_i·D_i.

    Args:
        escrow: Of a signature that holds.
        parts: k of them.

    Raises:
        NotCanonical: A part is none.
    """
    indices = [part[0] for part in parts]
    terms = [(1, decode(Escrow.read(escrow).cover))]
    for i, part in zip(indices, parts, strict=True):
        weight = 1
        for j in indices:
            if j != i:
                weight = weight * j * pow(j - i, -1, ORDER) % ORDER
        terms.append((-weight, decode(part[1:33])))
    return encode(combine(terms))


def _tagged(tag: bytes, *parts: bytes) -> bytes:
    name = b"privshare/v1/" + tag
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(bytes([len(name)]) + name + framed).digest()
