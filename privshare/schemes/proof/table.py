"""The kinds of proofs: one row each, by name and version.

A row's name never changes its meaning; a new equation gets a new version.

>>> sorted(KINDS)[:3]
['at-least/v1', 'dleq/v1', 'elgamal-decryption/v1']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from privshare.errors import EncodingError
from privshare.schemes.proof.bound import AtLeast, InRange
from privshare.schemes.proof.logarithm import (
    Decrypted,
    Encrypted,
    EqualLogarithms,
    EqualValues,
    KnowsOpening,
    LinearSum,
    OneOfSet,
)
from privshare.schemes.proof.member import MemberOf
from privshare.schemes.proof.statement import Statement
from privshare.wire.canonical import Fields

#: From a kind to the reader of its public values.
KINDS: Mapping[str, Callable[[Fields], Statement]] = MappingProxyType(
    {
        KnowsOpening.kind: KnowsOpening.from_fields,
        EqualValues.kind: EqualValues.from_fields,
        EqualLogarithms.kind: EqualLogarithms.from_fields,
        Encrypted.kind: Encrypted.from_fields,
        Decrypted.kind: Decrypted.from_fields,
        OneOfSet.kind: OneOfSet.from_fields,
        LinearSum.kind: LinearSum.from_fields,
        InRange.kind: InRange.from_fields,
        AtLeast.kind: AtLeast.from_fields,
        MemberOf.kind: MemberOf.from_fields,
    }
)


def statement_of(kind: str, public: object, where: str = "public") -> Statement:
    """Read the public values of a statement.

    Args:
        kind: Of the table.
        public: The object that its `to_json` writes.
        where: What messages call it.

    Raises:
        EncodingError: No such kind; or a field too few, too many, or not of
            its form; an element that is not canonical, or the identity.
        OutOfRange: A number or a count outside its bounds.
    """
    reader = KINDS.get(kind)
    if reader is None:
        raise EncodingError(
            f"kind: expected one of {', '.join(sorted(KINDS))}, found {kind[:40]!a}"
        )
    fields = Fields(public, where)
    statement = reader(fields)
    fields.end()
    return statement
