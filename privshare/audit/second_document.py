"""Proof documents, verified again in Python's integers from their JSON.

What each kind claims is written down here once more: relations for
`second_sigma`, shifted commitments for `second_range`, a list for
`second_one_of_many`. No reader of the package takes part. Whether numbers are
within the bounds of a format, and bytes canonical JSON, is not looked at again.

Implements docs/formats/proof.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from privshare.audit.second_one_of_many import Statement as ListStatement
from privshare.audit.second_one_of_many import is_one_of_many
from privshare.audit.second_range import is_range
from privshare.audit.second_ristretto import (
    BASE,
    IDENTITY,
    NotCanonical,
    Transcript,
    combine,
    decode,
    encode,
    from_uniform,
    read_scalar,
)
from privshare.audit.second_sigma import Or, Relation, Statement, is_sigma

_BITS = (8, 16, 32, 64)
_GENERATOR = encode(BASE)
_BLINDING = encode(from_uniform(hashlib.sha3_512(_GENERATOR).digest()))


def is_document(document: Any) -> bool:
    """Whether the proof of a document holds for all that the document says.

    Args:
        document: The parsed JSON of one, or anything.
    """
    try:
        return _holds(document)
    except (NotCanonical, KeyError, TypeError, ValueError, AttributeError):
        return False


def _holds(document: Any) -> bool:
    public, proof = document["public"], _bytes(document["proof"])
    kind, transcript = document["kind"], _transcript(document)
    if kind in _RELATIONS:
        return is_sigma(_RELATIONS[kind](public), proof, transcript)
    if kind == "range/v1":
        return is_range(*_intervals(public), proof, transcript)
    if kind == "at-least/v1":
        return is_range(*_difference(public), proof, transcript)
    return kind == "member/v1" and _is_member(public, proof, transcript)


def _transcript(document: Any) -> Transcript:
    context, public = document["context"], document["public"]
    transcript = Transcript(f"proof/{document['kind']}")
    for name in ("account", "network", "purpose"):
        transcript.absorb(name, context[name].encode("ascii"))
    transcript.absorb("nonce", _bytes(context["nonce"]))
    transcript.absorb("bases", _GENERATOR + _BLINDING)
    canonical = json.dumps(public, sort_keys=True, separators=(",", ":"))
    transcript.absorb("public", canonical.encode("ascii"))
    return transcript


def _opening(public: Any) -> Statement:
    relation = Relation()
    _opened(relation, _bytes(public["commitment"]), 0, 1)
    return relation


def _equal(public: Any) -> Statement:
    relation = Relation()
    for i, commitment in enumerate(_distinct(public["commitments"]), 1):
        _opened(relation, commitment, 0, i)
    return relation


def _logarithms(public: Any) -> Statement:
    relation = Relation()
    for base, value in zip(public["bases"], public["values"], strict=True):
        x = relation.element(_bytes(value))
        relation.equate(x, (0, relation.element(_bytes(base)), 1))
    return relation


def _encryption(public: Any) -> Statement:
    relation = Relation()
    _opened(relation, _bytes(public["c"]), 0, 1)
    d = relation.element(_bytes(public["d"]))
    relation.equate(d, (1, relation.element(_bytes(public["key"])), 1))
    return relation


def _decryption(public: Any) -> Statement:
    relation = Relation()
    h = relation.element(_BLINDING)
    relation.equate(h, (0, relation.element(_bytes(public["key"])), 1))
    c, d = relation.element(_bytes(public["c"])), relation.element(_bytes(public["d"]))
    relation.equate(((c, 1), *_constant(public["value"])), (0, d, 1))
    return relation


def _one_of_set(public: Any) -> Statement:
    branches = []
    for value in map(_value, public["values"]):
        relation = Relation()
        c = relation.element(_bytes(public["commitment"]))
        h = relation.element(_BLINDING)
        relation.equate(((c, 1), *_constant(value)), (0, h, 1))
        branches.append(relation)
    return Or(branches)


def _linear(public: Any) -> Statement:
    relation = Relation()
    pairs = list(
        zip(_distinct(public["commitments"]), public["coefficients"], strict=True)
    )
    for i, (commitment, _) in enumerate(pairs):
        _opened(relation, commitment, 2 * i, 2 * i + 1)
    image = [(relation.element(commitment), a) for commitment, a in pairs]
    h = relation.element(_BLINDING)
    relation.equate(
        (*image, *_constant(public["constant"])),
        *((2 * i + 1, h, a) for i, (_, a) in enumerate(pairs)),
    )
    return relation


_RELATIONS: Mapping[str, Callable[[Any], Statement]] = {
    "opening/v1": _opening,
    "equal/v1": _equal,
    "dleq/v1": _logarithms,
    "elgamal-encryption/v1": _encryption,
    "elgamal-decryption/v1": _decryption,
    "one-of-set/v1": _one_of_set,
    "linear/v1": _linear,
}


def _opened(relation: Relation, commitment: bytes, v: int, r: int) -> None:
    """C = v·G + r·H."""
    c, h = relation.element(commitment), relation.element(_BLINDING)
    relation.equate(c, (v, 0, 1), (r, h, 1))


def _constant(value: int) -> list[tuple[int, int]]:
    """Minus value·G as a part of an image."""
    return [(0, -value)] if value else []


def _intervals(public: Any) -> tuple[list[bytes], int]:
    """C - low·G and high·G - C of each, and the bits of the widest."""
    shifted, widest = [], 0
    for one in public["intervals"]:
        c, low, high = _bytes(one["commitment"]), one["low"], one["high"]
        shifted += [_sum((1, c), (-low, _GENERATOR)), _sum((high, _GENERATOR), (-1, c))]
        widest = max(widest, high - low)
        if low > high:
            raise NotCanonical("expected low <= high, found the reverse")
    return shifted, next(bits for bits in _BITS if widest < 1 << bits)


def _difference(public: Any) -> tuple[list[bytes], int]:
    """X - low·G, Y - low·G and X - Y."""
    x, y, low = _bytes(public["x"]), _bytes(public["y"]), public["low"]
    shifts = [_sum((1, one), (-low, _GENERATOR)) for one in (x, y)]
    if x == y:
        raise NotCanonical("expected two commitments, found one")
    return [*shifts, _sum((1, x), (-1, y))], public["bits"]


def _is_member(public: Any, proof: bytes, transcript: Transcript) -> bool:
    """One row's commitments less the revealed ones are multiples of H."""
    columns = [
        b"".join(map(_bytes, column["candidates"])) for column in public["columns"]
    ]
    revealed = [_bytes(column["revealed"]) for column in public["columns"]]
    statement = ListStatement(columns, _BLINDING)
    transcript.absorb("candidates", statement.digest())
    transcript.absorb("revealed", b"".join(revealed))
    weights = [1]
    if len(columns) > 1:
        weights = [transcript.challenge_scalar("weight") for _ in columns]
    offset = _sum(*zip(weights, revealed, strict=True))
    packed = b"".join(weight.to_bytes(32, "little") for weight in weights)
    whole = ListStatement(columns, _BLINDING, offset, weights=packed)
    return is_one_of_many(whole, proof, transcript)


def _sum(*terms: tuple[int, bytes]) -> bytes:
    """An encoded combination; its elements are not the identity."""
    points = [(scalar, decode(element)) for scalar, element in terms]
    if any(point == IDENTITY for _, point in points):
        raise NotCanonical("expected elements other than the identity, found it")
    return encode(combine(points))


def _distinct(texts: Sequence[str]) -> list[bytes]:
    found = [_bytes(text) for text in texts]
    if len(set(found)) != len(found):
        raise NotCanonical("expected each commitment once, found one twice")
    return found


def _value(found: Any) -> int:
    """An integer, or a scalar in base64url."""
    return found if isinstance(found, int) else read_scalar(_bytes(found))


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise NotCanonical("expected base64url, found other text") from error
