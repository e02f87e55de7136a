"""Proof documents: a statement, what it is proven for, and the proof.

    prover     statement, witness, context ─► make ─► ProofDocument ─► bytes
    anybody    bytes ─► ProofDocument.from_bytes ─► verify: holds, or ProofInvalid

A document is canonical JSON and stands by itself: whoever has it verifies it,
offline and for ever. What its commitments mean is another matter: that they
are cells of an anchored row says `rights.cell_proof`.

Implements docs/formats/proof.md.

>>> from privshare.bindings.scalar import from_int
>>> opening = Opening(42, from_int(7))
>>> statement = InRange((Interval(opening.commitment(), 40, 50),))
>>> context = Context("", "", "an example", bytes(16))
>>> document = make(statement, Witness([opening]), context)
>>> verify(ProofDocument.from_bytes(document.to_bytes()))
>>> make(InRange((Interval(opening.commitment(), 0, 41),)), Witness([opening]), context)
Traceback (most recent call last):
privshare.errors.OutOfRange: intervals[0]: expected a value from 0 to 41, found \
one outside
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from privshare.errors import EncodingError, NativeError, ProofInvalid
from privshare.schemes import one_of_many, range_proof, sigma
from privshare.schemes.commitment import BLINDING_BASE, VALUE_BASE, Opening
from privshare.schemes.proof.bound import InRange, Interval
from privshare.schemes.proof.context import Context
from privshare.schemes.proof.statement import Claim, ListClaim, Statement
from privshare.schemes.proof.table import statement_of
from privshare.schemes.proof.witness import Witness
from privshare.schemes.transcript import Transcript
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import tagged

__all__ = [
    "MAX_BYTES",
    "Context",
    "InRange",
    "Interval",
    "Opening",
    "ProofDocument",
    "Witness",
    "make",
    "verify",
    "verify_many",
]

TYPE = "privshare.proof"
MAX_PROOF = 1 << 15
#: A document of the largest list of candidates.
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ProofDocument:
    """A statement with its proof.

    Attributes:
        context: What it was proven for.
        statement: What is proven.
        proof: The engine's bytes. Unverified until `verify` returns.
    """

    context: Context
    statement: Statement
    proof: bytes

    @property
    def kind(self) -> str:
        """Name and version of what is proven: "range/v1"."""
        return self.statement.kind

    def claim(self) -> Claim:
        """What an engine has to verify, with the whole context absorbed."""
        return self.statement.claim(self.proof, _transcript(self))

    def digest(self) -> bytes:
        """The 32 bytes that name this document on the ledger."""
        return tagged(domain.PROOF_DOCUMENT, self.to_bytes())

    @classmethod
    def from_json(cls, obj: object, where: str = "proof") -> ProofDocument:
        """Read the object that `to_json` writes; the proof is not verified.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: A number or a count outside its bounds.
        """
        fields = Fields(obj, where)
        fields.constant("type", TYPE)
        fields.constant("v", 1)
        document = cls(
            context=Context.from_fields(fields.obj("context")),
            statement=statement_of(
                fields.str("kind", max=64), fields.json("public"), f"{where}.public"
            ),
            proof=fields.bytes("proof", max=MAX_PROOF),
        )
        fields.end()
        return document

    def to_json(self) -> dict[str, Json]:
        """Lay the document out."""
        return {
            "context": self.context.to_json(),
            "kind": self.kind,
            "proof": b64u(self.proof),
            "public": self.statement.to_json(),
            "type": TYPE,
            "v": 1,
        }

    @classmethod
    def from_bytes(cls, data: bytes) -> ProofDocument:
        """Read a document's canonical bytes, at most 1 MiB.

        Raises:
            EncodingError: They are not; or as for `from_json`.
            OutOfRange: As for `from_json`.
        """
        return cls.from_json(decode(data, max_bytes=MAX_BYTES))

    def to_bytes(self) -> bytes:
        """The document's canonical bytes."""
        return encode(self.to_json())


def make(
    statement: Statement,
    witness: Witness,
    context: Context,
    rand: bytes | None = None,
) -> ProofDocument:
    """Prove a statement.

    Args:
        statement: What to prove.
        witness: Of which parts, its kind says.
        context: What for.
        rand: 32 random bytes, used once; drawn unless given. Nonces depend on
            them, the witness and everything public.

    Returns:
        A document that `verify` accepts.

    Raises:
        OutOfRange: A value is not where the statement says, or the witness
            has other parts.
        ProofInvalid: The witness opens something else, or the statement is not
            true of it. Nothing leaves.

    Leaks:
        Nothing but that the statement is true. The checks before the proof
        are on Python integers and take time that depends on their size.
    """
    document = ProofDocument(context, statement, b"")
    proof = statement.prove(witness, _transcript(document), rand)
    return ProofDocument(context, statement, proof)


def verify(document: ProofDocument) -> None:
    """Check a document; everybody gets the same verdict.

    Raises:
        ProofInvalid: The proof does not hold for this statement and context,
            or is malformed.
    """
    try:
        _verify_claim(document.claim())
    except (EncodingError, ProofInvalid) as error:
        raise ProofInvalid(
            f"expected a proof of kind {document.kind} that holds, found one that "
            f"does not: {error.message}"
        ) from None


def verify_many(documents: Sequence[ProofDocument], rand: bytes | None = None) -> None:
    """Check documents together, as many engines' sums as there are engines.

    Args:
        documents: Any number, of any kinds.
        rand: 32 bytes that nobody knew when the proofs were made; drawn unless
            given.

    Raises:
        ProofInvalid: One does not hold; `detail["index"]` is the first.
    """
    rand = secrets.token_bytes(32) if rand is None else rand
    batches = _Batches()
    for index, document in enumerate(documents):
        batches.add(index, document.claim())
    suspects = batches.suspects(rand)
    for index in suspects:
        try:
            verify(documents[index])
        except ProofInvalid as error:
            raise ProofInvalid(
                f"expected {len(documents)} proofs that hold, found that {index} does "
                f"not: {error.message}",
                detail={"index": index},
            ) from None
    if suspects:
        raise NativeError("expected proofs that hold to hold together, found otherwise")


def _verify_claim(claim: Claim) -> None:
    match claim:
        case sigma.Claim():
            sigma.verify(claim.statement, claim.proof, claim.transcript)
        case range_proof.Claim():
            range_proof.verify(
                claim.commitments, claim.bits, claim.proof, claim.transcript
            )
        case ListClaim():
            one_of_many.verify(claim.claim, claim.candidates)


class _Batches:
    """Claims by the engine, and the list, that verifies them together."""

    def __init__(self) -> None:
        self._sigma: list[tuple[int, sigma.Claim]] = []
        self._range: list[tuple[int, range_proof.Claim]] = []
        self._lists: dict[bytes, list[tuple[int, ListClaim]]] = {}

    def add(self, index: int, claim: Claim) -> None:
        match claim:
            case sigma.Claim():
                self._sigma.append((index, claim))
            case range_proof.Claim():
                self._range.append((index, claim))
            case ListClaim():
                digest = claim.candidates.digest
                self._lists.setdefault(digest, []).append((index, claim))

    def suspects(self, rand: bytes) -> list[int]:
        """The documents of sums that do not vanish, in order; none, if all do."""
        found = _suspects(self._sigma, lambda claims: sigma.verify_batch(claims, rand))
        found += _suspects(
            self._range, lambda claims: range_proof.verify_batch(claims, rand)
        )
        for members in self._lists.values():
            for first in range(0, len(members), one_of_many.MAX_BATCH):
                part = members[first : first + one_of_many.MAX_BATCH]
                found += _suspects(part, lambda claims: _verify_lists(claims, rand))
        return sorted(found)


def _verify_lists(claims: Sequence[ListClaim], rand: bytes) -> None:
    one_of_many.verify_batch([one.claim for one in claims], claims[0].candidates, rand)


def _suspects(
    claims: Sequence[tuple[int, Any]], check: Callable[[list[Any]], None]
) -> list[int]:
    """No document when an engine accepts all claims, else that of each."""
    try:
        if claims:
            check([claim for _, claim in claims])
    except (EncodingError, ProofInvalid):
        return [index for index, _ in claims]
    return []


def _transcript(document: ProofDocument) -> Transcript:
    """Context and public values; the engine absorbs its own view besides."""
    transcript = Transcript(f"proof/{document.kind}")
    document.context.absorb(transcript)
    transcript.absorb("bases", VALUE_BASE + BLINDING_BASE)
    transcript.absorb("public", encode(document.statement.to_json()))
    return transcript
