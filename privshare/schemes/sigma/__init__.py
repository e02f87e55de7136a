"""Proofs about linear relations between group elements, and their AND and OR.

    declare   RelationBuilder ─► LinearRelation ─► And, Or
    prover    prove(statement, witness, transcript) ─► proof
    verifier  verify(statement, proof, transcript), verify_batch(claims)

`docs/protocols/sigma.md` has the equations.
"""

from privshare.schemes.sigma.batch import Claim, verify_batch
from privshare.schemes.sigma.engine import proof_bytes
from privshare.schemes.sigma.proof import prove, verify
from privshare.schemes.sigma.relation import LinearRelation, RelationBuilder
from privshare.schemes.sigma.ristretto import RISTRETTO255
from privshare.schemes.sigma.statement import And, Branch, Or, Statement, Witness

__all__ = [
    "RISTRETTO255",
    "And",
    "Branch",
    "Claim",
    "LinearRelation",
    "Or",
    "RelationBuilder",
    "Statement",
    "Witness",
    "proof_bytes",
    "prove",
    "verify",
    "verify_batch",
]
