"""Statements about logarithms and openings: each is a linear relation.

What stands in a `_declare` below is the whole protocol; the engine
(schemes.sigma) proves it, and docs/formats/proof.md shows it as an equation.
Secrets are v, r, s, x; everything else is public.

    opening/v1              C = v·G + r·H
    equal/v1                Cᵢ = v·G + rᵢ·H                        for every i
    dleq/v1                 Xᵢ = x·Aᵢ                              for every i
    elgamal-encryption/v1   C = v·G + r·H,  D = r·pk
    elgamal-decryption/v1   H = s·pk,  C - v·G = s·D               v public
    one-of-set/v1           C - v₀·G = r·H  or  C - v₁·G = r·H  or …
    linear/v1               Cᵢ = vᵢ·G + rᵢ·H,  Σ aᵢ·Cᵢ - b·G = Σ aᵢ·rᵢ·H
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from privshare.bindings import ristretto255 as group
from privshare.bindings.scalar import ZERO
from privshare.errors import EncodingError, OutOfRange, ProofInvalid
from privshare.schemes import sigma
from privshare.schemes.commitment import (
    BLINDING_BASE,
    Opening,
    Value,
    read_value,
    scalar_of,
    write_value,
)
from privshare.schemes.elgamal import Ciphertext
from privshare.schemes.proof.statement import (
    check_count,
    check_elements,
    read_elements,
    write_elements,
)
from privshare.schemes.proof.witness import Witness
from privshare.schemes.sigma import RelationBuilder
from privshare.schemes.transcript import Transcript
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u

MAX_ELEMENTS = 64
MAX_VALUES = 64
MAX_TERMS = 256

_G = RelationBuilder.generator


class _Linear:
    """A statement that the sigma engine proves; declared once, when it is made."""

    __slots__ = ("_sigma",)

    _sigma: sigma.Statement

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sigma", self._declare())

    def _declare(self) -> sigma.Statement:
        raise NotImplementedError

    def _secrets(self, witness: Witness) -> sigma.Witness:
        raise NotImplementedError

    def prove(
        self, witness: Witness, transcript: Transcript, rand: bytes | None
    ) -> bytes:
        """Check the witness, then prove."""
        return sigma.prove(self._sigma, self._secrets(witness), transcript, rand)

    def claim(self, proof: bytes, transcript: Transcript) -> sigma.Claim:
        """What the sigma engine has to verify."""
        return sigma.Claim(self._sigma, proof, transcript)


@dataclass(frozen=True, slots=True)
class KnowsOpening(_Linear):
    """The prover can open C: C = v·G + r·H.

    Attributes:
        commitment: C.
    """

    kind: ClassVar[str] = "opening/v1"
    commitment: bytes

    def _declare(self) -> sigma.Statement:
        check_elements((self.commitment,), "commitment")
        b = RelationBuilder()
        _opened(b, self.commitment)
        return b.relation()

    def _secrets(self, witness: Witness) -> sigma.Witness:
        witness.need(self.kind, openings=1)
        return _checked(witness.openings, self.commitments)

    @property
    def commitments(self) -> tuple[bytes, ...]:
        """C."""
        return (self.commitment,)

    @classmethod
    def from_fields(cls, fields: Fields) -> KnowsOpening:
        """Read the public values."""
        return cls(fields.digest("commitment"))

    def to_json(self) -> dict[str, Json]:
        """The public values."""
        return {"commitment": b64u(self.commitment)}


@dataclass(frozen=True, slots=True)
class EqualValues(_Linear):
    """Commitments hold one and the same value: Cᵢ = v·G + rᵢ·H.

    Attributes:
        commitments: Cᵢ, 2 to 64, each once.
    """

    kind: ClassVar[str] = "equal/v1"
    commitments: tuple[bytes, ...]

    def _declare(self) -> sigma.Statement:
        check_count(len(self.commitments), 2, MAX_ELEMENTS, "commitments")
        _check_once(self.commitments)
        b = RelationBuilder()
        v = b.scalar()
        for commitment in self.commitments:
            _opened(b, commitment, v)
        return b.relation()

    def _secrets(self, witness: Witness) -> sigma.Witness:
        witness.need(self.kind, openings=len(self.commitments))
        opened = _checked(witness.openings, self.commitments)
        if not all(hmac.compare_digest(opened[0], v) for v in opened[::2]):
            raise ProofInvalid("equal/v1: expected one value, found different ones")
        return [opened[0], *opened[1::2]]

    @classmethod
    def from_fields(cls, fields: Fields) -> EqualValues:
        """Read the public values."""
        return cls(read_elements(fields, "commitments", MAX_ELEMENTS))

    def to_json(self) -> dict[str, Json]:
        """The public values."""
        return {"commitments": write_elements(self.commitments)}


@dataclass(frozen=True, slots=True)
class EqualLogarithms(_Linear):
    """One secret takes each base to its value: Xᵢ = x·Aᵢ.

    Attributes:
        bases: Aᵢ, 1 to 64.
        values: Xᵢ, as many.
    """

    kind: ClassVar[str] = "dleq/v1"
    bases: tuple[bytes, ...]
    values: tuple[bytes, ...]

    def _declare(self) -> sigma.Statement:
        check_count(len(self.bases), 1, MAX_ELEMENTS, "bases")
        check_count(len(self.values), len(self.bases), len(self.bases), "values")
        check_elements(self.bases, "bases")
        check_elements(self.values, "values")
        b = RelationBuilder()
        x = b.scalar()
        for base, value in zip(self.bases, self.values, strict=True):
            b.equation([(b.element(value), 1)], [(x, b.element(base), 1)])
        return b.relation()

    def _secrets(self, witness: Witness) -> sigma.Witness:
        witness.need(self.kind, secret=True)
        row = group.decode(b"".join(self.bases))
        if group.mul(witness.secret * len(row), row).encode() != b"".join(self.values):
            raise ProofInvalid(
                "dleq/v1: expected the secret of all values, found that it is not"
            )
        return [witness.secret]

    @property
    def commitments(self) -> tuple[bytes, ...]:
        """None: bases and values are not commitments."""
        return ()

    @classmethod
    def from_fields(cls, fields: Fields) -> EqualLogarithms:
        """Read the public values."""
        return cls(
            read_elements(fields, "bases", MAX_ELEMENTS),
            read_elements(fields, "values", MAX_ELEMENTS),
        )

    def to_json(self) -> dict[str, Json]:
        """The public values."""
        return {
            "bases": write_elements(self.bases),
            "values": write_elements(self.values),
        }


@dataclass(frozen=True, slots=True)
class Encrypted(_Linear):
    """A ciphertext is well formed: C = v·G + r·H, D = r·pk.

    Attributes:
        key: pk.
        ciphertext: C and D. C is the commitment that it is about.
    """

    kind: ClassVar[str] = "elgamal-encryption/v1"
    key: bytes
    ciphertext: Ciphertext

    def _declare(self) -> sigma.Statement:
        check_elements((self.key,), "key")
        b = RelationBuilder()
        _, r = _opened(b, self.ciphertext.c)
        b.equation([(b.element(self.ciphertext.d), 1)], [(r, b.element(self.key), 1)])
        return b.relation()

    def _secrets(self, witness: Witness) -> sigma.Witness:
        witness.need(self.kind, openings=1)
        opened = _checked(witness.openings, self.commitments)
        if group.mul(opened[1], group.decode(self.key)).encode() != self.ciphertext.d:
            raise ProofInvalid(
                "elgamal-encryption/v1: expected halves of one ciphertext under the "
                "key, found others"
            )
        return opened

    @property
    def commitments(self) -> tuple[bytes, ...]:
        """C."""
        return (self.ciphertext.c,)

    @classmethod
    def from_fields(cls, fields: Fields) -> Encrypted:
        """Read the public values."""
        return cls(fields.digest("key"), _read_ciphertext(fields))

    def to_json(self) -> dict[str, Json]:
        """The public values."""
        return {
            "c": b64u(self.ciphertext.c),
            "d": b64u(self.ciphertext.d),
            "key": b64u(self.key),
        }


@dataclass(frozen=True, slots=True)
class Decrypted(_Linear):
    """A ciphertext decrypts to a number: H = s·pk, C - v·G = s·D.

    Attributes:
        key: pk.
        ciphertext: C and D.
        value: v, below 2^53 in size.
    """

    kind: ClassVar[str] = "elgamal-decryption/v1"
    key: bytes
    ciphertext: Ciphertext
    value: int

    def _declare(self) -> sigma.Statement:
        check_elements((self.key,), "key")
        _check_integers((self.value,), "value")
        b = RelationBuilder()
        s, h = b.scalar(), b.element(BLINDING_BASE)
        b.equation([(h, 1)], [(s, b.element(self.key), 1)])
        c, d = b.element(self.ciphertext.c), b.element(self.ciphertext.d)
        b.equation([(c, 1), *_constant(-self.value)], [(s, d, 1)])
        return b.relation()

    def _secrets(self, witness: Witness) -> sigma.Witness:
        witness.need(self.kind, secret=True)
        row = group.decode(self.key + self.ciphertext.d)
        base, mask = (group.mul(witness.secret * 2, row)[i] for i in (0, 1))
        if base.encode() != BLINDING_BASE:
            raise ProofInvalid("elgamal-decryption/v1: expected the key, found another")
        value = group.base_table().mul(scalar_of(self.value))
        if group.add(value, mask).encode() != self.ciphertext.c:
            raise ProofInvalid(
                "elgamal-decryption/v1: expected the number that the ciphertext "
                "holds, found another"
            )
        return [witness.secret]

    @property
    def commitments(self) -> tuple[bytes, ...]:
        """C."""
        return (self.ciphertext.c,)

    @classmethod
    def from_fields(cls, fields: Fields) -> Decrypted:
        """Read the public values."""
        return cls(fields.digest("key"), _read_ciphertext(fields), fields.int("value"))

    def to_json(self) -> dict[str, Json]:
        """The public values."""
        return {
            "c": b64u(self.ciphertext.c),
            "d": b64u(self.ciphertext.d),
            "key": b64u(self.key),
            "value": self.value,
        }


@dataclass(frozen=True, slots=True)
class OneOfSet(_Linear):
    """C holds one of a few public values; which one stays hidden.

    Attributes:
        commitment: C.
        values: 2 to 64 integers or scalars, each once.
    """

    kind: ClassVar[str] = "one-of-set/v1"
    commitment: bytes
    values: tuple[Value, ...]

    def _declare(self) -> sigma.Statement:
        check_elements((self.commitment,), "commitment")
        check_count(len(self.values), 2, MAX_VALUES, "values")
        _check_integers([v for v in self.values if isinstance(v, int)], "values")
        scalars = [scalar_of(value) for value in self.values]
        if len(set(scalars)) != len(scalars):
            raise EncodingError("values: expected each value once, found one twice")
        return sigma.Or([self._branch(value) for value in scalars])

    def _branch(self, value: bytes) -> sigma.Statement:
        b = RelationBuilder()
        r, c, h = b.scalar(), b.element(self.commitment), b.element(BLINDING_BASE)
        b.equation([(c, 1), *_constant(-int.from_bytes(value, "little"))], [(r, h, 1)])
        return b.relation()

    def _secrets(self, witness: Witness) -> sigma.Witness:
        witness.need(self.kind, openings=1)
        value, blinding = _checked(witness.openings, self.commitments)
        same = [hmac.compare_digest(value, scalar_of(v)) for v in self.values]
        if not any(same):
            raise OutOfRange(
                f"one-of-set/v1: expected one of {len(same)} values, found another"
            )
        return sigma.Branch(same.index(True), [blinding])

    @property
    def commitments(self) -> tuple[bytes, ...]:
        """C."""
        return (self.commitment,)

    @classmethod
    def from_fields(cls, fields: Fields) -> OneOfSet:
        """Read the public values."""
        commitment = fields.digest("commitment")
        found = fields.list("values", MAX_VALUES)
        return cls(
            commitment,
            tuple(read_value(one, f"values[{i}]") for i, one in enumerate(found)),
        )

    def to_json(self) -> dict[str, Json]:
        """The public values."""
        return {
            "commitment": b64u(self.commitment),
            "values": [write_value(value) for value in self.values],
        }


@dataclass(frozen=True, slots=True)
class LinearSum(_Linear):
    """Committed values satisfy a linear equation: Σ aᵢ·vᵢ = b.

    It holds modulo the group's order. As an equation of integers it holds when
    all values are known to be small: a range proof says so.

    Attributes:
        commitments: Cᵢ, 1 to 256, each once.
        coefficients: aᵢ, below 2^53 in size and not 0.
        constant: b.
    """

    kind: ClassVar[str] = "linear/v1"
    commitments: tuple[bytes, ...]
    coefficients: tuple[int, ...]
    constant: int

    def _declare(self) -> sigma.Statement:
        count = len(self.commitments)
        check_count(count, 1, MAX_TERMS, "commitments")
        check_count(len(self.coefficients), count, count, "coefficients")
        _check_once(self.commitments)
        _check_integers((*self.coefficients, self.constant), "coefficients")
        if 0 in self.coefficients:
            raise OutOfRange("coefficients: expected none that is 0, found one")
        b = RelationBuilder()
        blindings = [_opened(b, commitment)[1] for commitment in self.commitments]
        image = [
            (b.element(c), a)
            for c, a in zip(self.commitments, self.coefficients, strict=True)
        ]
        h = b.element(BLINDING_BASE)
        b.equation(
            [*image, *_constant(-self.constant)],
            [(r, h, a) for r, a in zip(blindings, self.coefficients, strict=True)],
        )
        return b.relation()

    def _secrets(self, witness: Witness) -> sigma.Witness:
        witness.need(self.kind, openings=len(self.commitments))
        opened = _checked(witness.openings, self.commitments)
        total = -self.constant + sum(
            a * int.from_bytes(v, "little")
            for a, v in zip(self.coefficients, opened[::2], strict=True)
        )
        if not hmac.compare_digest(scalar_of(total), ZERO):
            raise ProofInvalid(
                "linear/v1: expected values that satisfy the equation, found others"
            )
        return opened

    @classmethod
    def from_fields(cls, fields: Fields) -> LinearSum:
        """Read the public values."""
        commitments = read_elements(fields, "commitments", MAX_TERMS)
        found = fields.list("coefficients", MAX_TERMS)
        coefficients = [one for one in found if type(one) is int]
        if len(coefficients) != len(found):
            raise EncodingError("coefficients: expected integers, found another")
        return cls(commitments, tuple(coefficients), fields.int("constant"))

    def to_json(self) -> dict[str, Json]:
        """The public values."""
        return {
            "coefficients": list(self.coefficients),
            "commitments": write_elements(self.commitments),
            "constant": self.constant,
        }


def _opened(
    b: RelationBuilder, commitment: bytes, value: int | None = None
) -> tuple[int, int]:
    """Declare C = v·G + r·H; returns the indices of v and r."""
    v = b.scalar() if value is None else value
    r = b.scalar()
    c, h = b.element(commitment), b.element(BLINDING_BASE)
    b.equation([(c, 1)], [(v, _G, 1), (r, h, 1)])
    return v, r


def _constant(value: int) -> list[tuple[int, int]]:
    """value·G as a part of an image: nothing when it is 0."""
    return [(_G, value)] if value else []


def _checked(openings: Sequence[Opening], commitments: Sequence[bytes]) -> list[bytes]:
    """v₀, r₀, v₁, r₁ …, once they are known to open these commitments."""
    found: list[bytes] = []
    for i, (opening, commitment) in enumerate(zip(openings, commitments, strict=True)):
        opening.check(commitment, f"commitments[{i}]")
        found += [opening.scalar, opening.blinding]
    return found


def _check_once(commitments: Sequence[bytes]) -> None:
    check_elements(commitments, "commitments")
    if len(set(commitments)) != len(commitments):
        raise EncodingError("commitments: expected each once, found one twice")


def _check_integers(values: Sequence[int], where: str) -> None:
    if not all(-INTEGER_LIMIT < value < INTEGER_LIMIT for value in values):
        raise OutOfRange(f"{where}: expected integers below 2^53 in size, found others")


def _read_ciphertext(fields: Fields) -> Ciphertext:
    return Ciphertext(fields.digest("c"), fields.digest("d"))
