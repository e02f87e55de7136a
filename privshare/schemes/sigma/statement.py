"""Statements: relations, and how AND and OR put them together.

    relation                 its equations hold for secrets that the prover knows
    And((s, t, …))           all of them; secrets are not shared between them
    Or((s, t, …))            at least one of them, and nobody sees which

Secrets that several equations share belong into one relation. Parts nest.

A witness has the statement's shape: scalars for a relation, a sequence of
witnesses for And, a `Branch` for Or. `pack` lays it out so that the layout does
not tell which branch is the true one: for each Or one scalar a branch, 1 for
the true one and 0 for the others, then room for the longest branch.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from privshare.bindings._convert import expect_len
from privshare.errors import OutOfRange
from privshare.schemes.sigma.group import Group
from privshare.schemes.sigma.relation import LinearRelation

_COUNT = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: tuple[Statement, ...]

    def __init__(self, parts: Sequence[Statement]) -> None:
        """Put statements over one group together.

        Raises:
            OutOfRange: There is none, or their groups differ.
        """
        object.__setattr__(self, "parts", _checked(parts, 1))


@dataclass(frozen=True, slots=True)
class Or:
    """At least one branch holds."""

    branches: tuple[Statement, ...]

    def __init__(self, branches: Sequence[Statement]) -> None:
        """Put alternatives over one group together.

        Raises:
            OutOfRange: There are fewer than two, or their groups differ.
        """
        object.__setattr__(self, "branches", _checked(branches, 2))


Statement: TypeAlias = LinearRelation | And | Or


@dataclass(frozen=True, slots=True)
class Branch:
    """The branch of an Or that is true, and its witness. Both are secret."""

    index: int = field(repr=False)
    witness: Witness = field(repr=False)


Witness: TypeAlias = "Sequence[bytes | Witness] | Branch"


def _checked(parts: Sequence[Statement], least: int) -> tuple[Statement, ...]:
    if len(parts) < least:
        raise OutOfRange(f"expected at least {least} statements, found {len(parts)}")
    names = {group_of(part).name for part in parts}
    if len(names) > 1:
        raise OutOfRange(f"expected statements over one group, found {sorted(names)}")
    return tuple(parts)


def group_of(statement: Statement) -> Group:
    """The group that all of a statement is over."""
    return next(leaves(statement)).group


def leaves(statement: Statement) -> Iterator[LinearRelation]:
    """The relations, in order."""
    match statement:
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case relation:
            yield relation


def splits(statement: Statement) -> int:
    """How many challenges a proof carries: one less than branches for each Or."""
    match statement:
        case Or(parts):
            return len(parts) - 1 + sum(map(splits, parts))
        case And(parts):
            return sum(map(splits, parts))
    return 0


def draws(statement: Statement) -> int:
    """How many random scalars a prover needs."""
    match statement:
        case Or(parts):
            return len(parts) + sum(map(draws, parts))
        case And(parts):
            return sum(map(draws, parts))
        case relation:
            return relation.scalars


def encode(statement: Statement) -> bytes:
    """The whole statement: no two over one group have the same bytes."""
    match statement:
        case And(parts):
            head = b"\x01" + _COUNT.pack(len(parts))
        case Or(parts):
            head = b"\x02" + _COUNT.pack(len(parts))
        case relation:
            return b"\x00" + relation.encode()
    return head + b"".join(map(encode, parts))


def room(statement: Statement) -> int:
    """How many scalars a packed witness has."""
    match statement:
        case Or(parts):
            return len(parts) + max(map(room, parts))
        case And(parts):
            return sum(map(room, parts))
        case relation:
            return relation.scalars


def pack(statement: Statement, witness: Witness) -> bytes:
    """Lay a witness out in a way that depends on the statement alone.

    Raises:
        EncodingError: A scalar is not canonical.
        OutOfRange: The witness has not the statement's shape.
    """
    match statement:
        case Or(parts):
            if not isinstance(witness, Branch):
                raise OutOfRange("expected a branch for each Or, found another witness")
            return _pack_branch(parts, witness)
        case And(parts):
            return b"".join(
                pack(part, one)
                for part, one in zip(parts, _many(witness, len(parts)), strict=True)
            )
        case relation:
            scalars = _many(witness, relation.scalars)
            for one in scalars:
                expect_len(one, relation.group.scalar_bytes, "a scalar")
            packed = b"".join(scalars)
            relation.group.check_scalars(packed)
            return packed


def _pack_branch(parts: Sequence[Statement], witness: Branch) -> bytes:
    """One scalar a branch, then the true branch's witness and zeros."""
    if not 0 <= witness.index < len(parts):
        raise OutOfRange(f"expected a branch from 0 to {len(parts) - 1}, found another")
    group = group_of(parts[0])
    index = witness.index.to_bytes(4, "big")
    chosen = [
        group.scalar(hmac.compare_digest(index, i.to_bytes(4, "big")))
        for i in range(len(parts))
    ]
    length = group.scalar_bytes * max(map(room, parts))
    inner = pack(parts[witness.index], witness.witness)
    return b"".join(chosen) + (inner + bytes(length))[:length]


def _many(witness: Witness, count: int) -> Sequence[Any]:
    if isinstance(witness, Branch) or len(witness) != count:
        raise OutOfRange(f"expected a witness of {count} parts, found another")
    return witness
