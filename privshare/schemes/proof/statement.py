"""What every kind of statement offers, and what their readers share.

    prover     Statement.prove(witness, transcript, rand) ─► proof
    verifier   Statement.claim(proof, transcript) ─► Claim ─► the engine's verify

A statement is checked once, when it is made: its elements are canonical and
none is the identity, its numbers are within bounds. A claim is what one of the
three engines verifies, alone or many together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias

from privshare.bindings.ristretto255 import ELEMENT_BYTES, IDENTITY
from privshare.errors import EncodingError, OutOfRange
from privshare.schemes import one_of_many, range_proof, sigma
from privshare.schemes.proof.witness import Witness
from privshare.schemes.transcript import Transcript
from privshare.wire.canonical import Fields, Json, b64u, unb64u


@dataclass(frozen=True, slots=True)
class ListClaim:
    """A one-of-many claim with its list.

    Attributes:
        claim: Proof, statement and transcript.
        candidates: The list.
    """

    claim: one_of_many.Claim
    candidates: one_of_many.Candidates


Claim: TypeAlias = sigma.Claim | range_proof.Claim | ListClaim


class Statement(Protocol):
    """One kind of statement, with its public values."""

    #: Name and version, as documents and receipts spell it: "range/v1".
    kind: ClassVar[str]

    @property
    def commitments(self) -> tuple[bytes, ...]:
        """The commitments that it says something of, in its order."""

    def to_json(self) -> dict[str, Json]:
        """Its public values, as a document holds them."""

    def prove(
        self, witness: Witness, transcript: Transcript, rand: bytes | None
    ) -> bytes:
        """Prove it, or say why not.

        Raises:
            ProofInvalid: The witness is not one of this statement.
            OutOfRange: A value outside what the statement says, or a witness
                of other parts.
        """

    def claim(self, proof: bytes, transcript: Transcript) -> Claim:
        """What an engine has to verify; the context stands in `transcript`."""


def check_elements(elements: Sequence[bytes], where: str) -> None:
    """Refuse what has not the form of an element, and the identity.

    Whether it is the canonical encoding of one is for the decoder to say.

    Raises:
        EncodingError: Another length, or the identity.
    """
    for index, one in enumerate(elements):
        if len(one) != ELEMENT_BYTES or one == IDENTITY:
            raise EncodingError(
                f"{where}: expected {ELEMENT_BYTES} bytes other than the identity, "
                f"found {'the identity' if one == IDENTITY else len(one)} at index "
                f"{index}",
                detail={"index": index},
            )


def check_count(found: int, least: int, most: int, where: str) -> None:
    """Refuse a list that is too short or too long.

    Raises:
        OutOfRange: It is.
    """
    if not least <= found <= most:
        raise OutOfRange(f"{where}: expected {least} to {most}, found {found}")


def read_elements(fields: Fields, name: str, most: int) -> tuple[bytes, ...]:
    """Read a list of 32-byte strings in base64url.

    Raises:
        EncodingError: Another form.
    """
    found = []
    for index, text in enumerate(fields.str_list(name, most)):
        try:
            found.append(unb64u(text, ELEMENT_BYTES))
        except EncodingError as error:
            raise EncodingError(f"{name}[{index}]: {error.message}") from None
    return tuple(found)


def write_elements(elements: Sequence[bytes]) -> list[Json]:
    """Lay elements out: the other way of `read_elements`."""
    return [b64u(one) for one in elements]
