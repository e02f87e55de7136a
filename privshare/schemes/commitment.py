"""Pedersen commitments over ristretto255: a number, hidden and bound.

    C = v·G + r·H      G the generator (RFC 9496), H from hashing G

C says nothing of v as long as r is uniform and secret, whatever its reader can
compute. Whoever made it can open it to one v only, or knows the logarithm of H
to the base G, which nobody does. Commitments add up as their values do, modulo
the group's order l: proofs about sums and bounds start from there.

    owner      v, r ─► commit ─► C ─► published
               Opening(v, r) ─► proof (schemes.proof), or shown to one reader
    everybody  C + C' - C'' ─► combine ─► a commitment to v + v' - v''

v is an integer, read modulo l; integers that stay below l/2 in size keep their
order and their sums. What C commits to is not known to be small: a range proof
says so (schemes.range_proof).

Source: Pedersen, CRYPTO 1991. H = from_uniform(SHA3-512(encode(G))), as the
bulletproofs of dalek have it.

>>> one, two = commit(3, from_int(11)), commit(4, from_int(12))
>>> combine([one, two], [1, 1]) == commit(7, from_int(23))
True
>>> Opening(3, from_int(11)).check(one)
>>> Opening(3, from_int(11))
<Opening (secret)>
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from functools import cache
from typing import Final, TypeAlias

from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.ristretto255 import Elements, Table
from privshare.bindings.scalar import SCALAR_BYTES, from_int
from privshare.errors import EncodingError, OutOfRange, ProofInvalid
from privshare.schemes.secret import Secret
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u, unb64u

COMMITMENT_BYTES = 32

#: G, the generator of RFC 9496.
VALUE_BASE: Final = bytes.fromhex(
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"
)
#: H = from_uniform(SHA3-512(G)); nobody knows its logarithm to the base G.
BLINDING_BASE: Final = bytes.fromhex(
    "8c9240b456a9e6dc65c377a1048d745f94a08cdb7f44cbcd7b46f34048871134"
)

#: What a commitment holds: an integer, or 32 bytes that are a scalar, such as
#: the hash of a text.
Value: TypeAlias = int | bytes


@cache
def blinding_base() -> Elements:
    """H, decoded."""
    return group.decode(BLINDING_BASE)


@cache
def blinding_table() -> Table:
    """Multiples of H."""
    return Table(blinding_base())


def scalar_of(value: Value) -> bytes:
    """The scalar that stands for a value.

    Raises:
        EncodingError: Bytes that are no scalar.

    Leaks:
        An integer's size, by time: Python's arithmetic is not constant-time.
    """
    return from_int(value) if isinstance(value, int) else scalar.check(value, "value")


def draw_blinding() -> bytes:
    """A fresh uniform scalar, 32 bytes: the secret half of an opening."""
    return scalar.reduce_wide(os.urandom(scalar.WIDE_BYTES))


def commit(value: Value, blinding: bytes) -> bytes:
    """Commit to one value.

    C = v·G + r·H

    Args:
        value: An integer of any sign modulo the group's order, or a scalar.
        blinding: r, 32 bytes from `draw_blinding`, used for no other value.

    Raises:
        EncodingError: Not a scalar.

    Source:
        Pedersen, CRYPTO 1991, section 3.

    Leaks:
        Nothing of v by its bytes; of an integer, its size by time.
    """
    return commit_many(scalar_of(value), blinding)


def commit_many(values: bytes, blindings: bytes) -> bytes:
    """Commit to many scalars at once.

    Args:
        values: 32 bytes for each, from `scalar_of`.
        blindings: 32 bytes for each.

    Returns:
        32 bytes for each.

    Raises:
        EncodingError: Not scalars.
        OutOfRange: Not as many of the one as of the other.

    Leaks:
        Nothing: the time depends on how many there are.
    """
    left = group.base_table().mul(values)
    return group.add(left, blinding_table().mul(blindings)).encode()


def decode(commitments: Sequence[bytes], where: str = "commitments") -> Elements:
    """Read commitments.

    Raises:
        EncodingError: One that is no element of the group, or the identity,
            which hides nothing; `detail["index"]` says which.
    """
    for index, one in enumerate(commitments):
        if len(one) != COMMITMENT_BYTES:
            raise EncodingError(
                f"{where}: expected {COMMITMENT_BYTES} bytes, found {len(one)} at "
                f"index {index}",
                detail={"index": index},
            )
        if one == group.IDENTITY:
            raise EncodingError(
                f"{where}: expected elements other than the identity, found it at "
                f"index {index}",
                detail={"index": index},
            )
    return group.decode(b"".join(commitments), where)


def combine(
    commitments: Sequence[bytes], coefficients: Sequence[int], constant: int = 0
) -> bytes:
    """The commitment to a linear combination of what commitments hold.

    Σ aᵢ·Cᵢ + b·G commits to Σ aᵢ·vᵢ + b, with blinding Σ aᵢ·rᵢ.

    Args:
        commitments: Cᵢ, public.
        coefficients: aᵢ, public.
        constant: b, public.

    Raises:
        EncodingError: No element of the group, or the identity.
        OutOfRange: Not as many coefficients as commitments.
    """
    if len(commitments) != len(coefficients):
        raise OutOfRange(
            f"expected {len(commitments)} coefficients, found {len(coefficients)}"
        )
    elements = Elements.join((decode(commitments), group.base()))
    scalars = b"".join(map(from_int, (*coefficients, constant)))
    return group.msm_vartime(scalars, elements).encode()


class Opening(Secret):
    """What opens a commitment: its value and its blinding.

    Attributes:
        value: An integer below 2^53 in size, or 32 bytes: a scalar.
        blinding: 32 bytes: a scalar.

    Raises:
        EncodingError: Bytes that are no scalar.
        OutOfRange: An integer of 2^53 or more in size.
    """

    __slots__ = ("blinding", "value")

    def __init__(self, value: Value, blinding: bytes) -> None:
        if isinstance(value, int) and not -INTEGER_LIMIT < value < INTEGER_LIMIT:
            raise OutOfRange(
                f"opening.value: expected -{INTEGER_LIMIT - 1} to {INTEGER_LIMIT - 1}, "
                "found an integer outside"
            )
        _check_scalar(blinding, "opening.blinding")
        if not isinstance(value, int):
            _check_scalar(value, "opening.value")
        self.value = value
        self.blinding = blinding

    @property
    def scalar(self) -> bytes:
        """The value modulo the group's order, 32 bytes."""
        return scalar_of(self.value)

    def commitment(self) -> bytes:
        """What this opens: 32 bytes."""
        return commit(self.value, self.blinding)

    def check(self, commitment: bytes, where: str = "commitment") -> None:
        """Compare with a commitment.

        Raises:
            ProofInvalid: This opens another one.
        """
        if not hmac.compare_digest(self.commitment(), commitment):
            raise ProofInvalid(f"{where}: expected its opening, found another")

    @classmethod
    def from_json(cls, obj: object, where: str = "opening") -> Opening:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: An integer of 2^53 or more in size.
        """
        fields = Fields(obj, where)
        value = read_value(fields.json("value"), f"{where}.value")
        opening = cls(value, fields.bytes("blinding", SCALAR_BYTES))
        fields.end()
        return opening

    def to_json(self) -> dict[str, Json]:
        """Lay it out, for its owner's own files: it is a secret."""
        return {"blinding": b64u(self.blinding), "value": write_value(self.value)}


def read_value(found: Json, where: str) -> Value:
    """Read a value of a document: an integer, or a scalar in base64url.

    Raises:
        EncodingError: Neither, or no scalar.
    """
    if isinstance(found, int) and not isinstance(found, bool):
        return found
    if not isinstance(found, str):
        raise EncodingError(f"{where}: expected an integer or a scalar, found another")
    try:
        value = unb64u(found, SCALAR_BYTES)
    except EncodingError as error:
        raise EncodingError(f"{where}: {error.message}") from None
    return scalar.check(value, where)


def write_value(value: Value) -> Json:
    """Lay a value out: the other way of `read_value`."""
    return value if isinstance(value, int) else b64u(value)


def _check_scalar(data: bytes, where: str) -> None:
    if len(data) != SCALAR_BYTES:
        raise EncodingError(
            f"{where}: expected {SCALAR_BYTES} bytes, found {len(data)}"
        )
    scalar.check(data, where)
