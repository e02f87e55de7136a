"""What receipts about rings and proofs must hold: the ways that `requirement` walks.

    statement.ring  the statement, its tag and opening, the list of keys and the
                    transactions that made it, the regulators' keys
    reg.open        the statement with its transaction, the list as above, and
                    every regulator's part
    statement.zk    about a dataset: the dataset, and the publication in force

Implements docs/formats/receipt.md, section 3.
"""

from __future__ import annotations

from typing import cast

from privshare.errors import EncodingError
from privshare.jobs.receipt import Document
from privshare.jobs.trail import Trail
from privshare.ledger import query
from privshare.ledger.ring import RingEpoch
from privshare.ledger.ring_statement import statement_id, tag_key
from privshare.ledger.rules import parse_body
from privshare.ledger.rules_statement import RegOpen, StatementRing, StatementZk
from privshare.ledger.transaction import Transaction
from privshare.schemes.ring_signature import RingSignature

__all__ = [
    "CELL_DOCUMENT",
    "DOCUMENT",
    "SALT",
    "follow_opening",
    "follow_proof",
    "follow_publication",
    "follow_statement",
    "subject_of",
]

SALT = frozenset(("salt",))
DOCUMENT = frozenset(("document",))
CELL_DOCUMENT = frozenset(("anchored", "disclosure", "document", "replaced", "schema"))


def subject_of(subject: Transaction) -> tuple[str, str]:
    """Of a `statement.ring`: the statement's id, and the state key of its tag.

    Raises:
        EncodingError, OutOfRange: The signature has another form.
    """
    body = cast(StatementRing, parse_body(subject))
    place = body.place(subject.network)
    tag = RingSignature.from_bytes(body.signature).tag
    return statement_id(place, tag, body.digest), tag_key(place, tag)


def follow_statement(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    """Walk from what an unnamed member said."""
    body = cast(StatementRing, parse_body(subject))
    name, tag = subject_of(subject)
    query.statement(trail, name)
    query.tag_use(trail, tag)
    if _ring(trail, body.ring, body.epoch).regulators is not None:
        query.opening(trail, name)


def follow_opening(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    """Walk from a regulator's part of naming a signer."""
    body = cast(RegOpen, parse_body(subject))
    made = query.statement(trail, body.statement)
    trail.transaction(made.at)
    _ring(trail, made.ring, made.epoch)
    opening = query.opening(trail, body.statement)
    for one in () if opening is None else opening.partials:
        trail.transaction(one.at)


def follow_proof(trail: Trail, subject: Transaction, evidence: Document | None) -> None:
    """Walk from the digest of a proof."""
    body = cast(StatementZk, parse_body(subject))
    documents = evidence or {}
    if (body.subject is not None) != ("disclosure" in documents):
        raise EncodingError(
            "receipt.evidence: expected a disclosure exactly when the proof is about a "
            "dataset, found otherwise"
        )
    if body.subject is not None:
        query.dataset(trail, body.subject)
        follow_publication(trail, documents)


def follow_publication(trail: Trail, evidence: Document) -> None:
    """Walk to the publication of a dataset that was in force, and to the next."""
    for name in ("anchored", "replaced"):
        index = evidence[name]
        if type(index) is int:
            trail.transaction(index)
        elif name == "anchored" or index is not None:
            raise EncodingError(f"evidence.{name}: expected a log index")


def _ring(trail: Trail, ring: str, epoch: int) -> RingEpoch:
    """A list of keys, the transactions that made it, and its regulators' keys."""
    held = query.ring_epoch(trail, ring, epoch)
    for index in held.pages:
        trail.transaction(index)
    for one in held.regulators.keys if held.regulators is not None else ():
        query.key(trail, one.agency, one.kid)
    return held
