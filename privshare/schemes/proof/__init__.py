"""Proofs about committed values: statements, documents, verification.

    prover     make(statement, witness, context) ─► ProofDocument
    anybody    verify(document), verify_many(documents)

docs/formats/proof.md has the document and the table of kinds.
"""

from privshare.schemes.proof.bound import AtLeast, InRange, Interval
from privshare.schemes.proof.context import Context
from privshare.schemes.proof.document import ProofDocument, make, verify, verify_many
from privshare.schemes.proof.logarithm import (
    Decrypted,
    Encrypted,
    EqualLogarithms,
    EqualValues,
    KnowsOpening,
    LinearSum,
    OneOfSet,
)
from privshare.schemes.proof.member import MemberColumn, MemberOf
from privshare.schemes.proof.statement import Statement
from privshare.schemes.proof.table import KINDS, statement_of
from privshare.schemes.proof.witness import Witness

__all__ = [
    "KINDS",
    "AtLeast",
    "Context",
    "Decrypted",
    "Encrypted",
    "EqualLogarithms",
    "EqualValues",
    "InRange",
    "Interval",
    "KnowsOpening",
    "LinearSum",
    "MemberColumn",
    "MemberOf",
    "OneOfSet",
    "ProofDocument",
    "Statement",
    "Witness",
    "make",
    "statement_of",
    "verify",
    "verify_many",
]
