"""What a proof about commitments says, in words.

A committed value has no name; a reader tells commitments apart by how they
begin, and compares them in full with those that were asked about.

    statement ─► in_words ─► report, headline
"""

from __future__ import annotations

from privshare.audit.sentence import counted, listed
from privshare.schemes.proof import AtLeast, InRange, LinearSum, OneOfSet, Statement
from privshare.wire.canonical import b64u

__all__ = ["in_words"]

_SHOWN = 8

#: Of kinds whose public values say little more than the kind does.
_WORDS = {
    "dleq/v1": "the same secret is behind several elements",
    "elgamal-decryption/v1": "an encrypted number was decrypted rightly",
    "elgamal-encryption/v1": "its maker knows the number encrypted under a given key",
    "equal/v1": "several commitments hide one value",
    "member/v1": "what is hidden is one of a given list",
    "opening/v1": "its maker knows what the commitment hides",
}


def in_words(statement: Statement) -> str:
    """Say what is proven when a proof of the statement holds.

    Returns:
        A clause that follows on "proven is that", such as "the number in
        SrE8b6rg… is from 975,000 to 1,000,000".
    """
    match statement:
        case InRange():
            return listed(
                f"the number in {_name(one.commitment)} is from {one.low:,} to "
                f"{one.high:,}"
                for one in statement.intervals
            )
        case AtLeast():
            return (
                f"the number in {_name(statement.x)} is at least that in "
                f"{_name(statement.y)}"
            )
        case OneOfSet():
            count = len(statement.values)
            return (
                f"the value in {_name(statement.commitment)} is one of "
                f"{counted(count, 'stated value', 'stated values')}"
            )
        case LinearSum():
            terms = [
                f"{factor:,} · {_name(one)}"
                for factor, one in zip(
                    statement.coefficients, statement.commitments, strict=True
                )
            ]
            return f"{listed(terms)}, added up, give {statement.constant:,}"
        case _:
            what = _WORDS.get(statement.kind, f"a statement of kind {statement.kind}")
            count = len(statement.commitments)
            return f"{what} ({counted(count, 'commitment', 'commitments')})"


def _name(commitment: bytes) -> str:
    return f"{b64u(commitment)[:_SHOWN]}…"
