"""Linear relations: the statements that the engine proves.

A relation is a list of equations over public elements, linear in secret
scalars x_0, x_1, …

    Σ coefficient · element  =  Σ coefficient · x_s · element        (for each)
    image, public               terms, secret

kept sparse, as lists of indices. Element 0 is the group's generator. Every
element that the statement is about stands in it by itself: a sum computed
beforehand would leave its summands open to whoever makes the proof.

    declare ─► RelationBuilder ─► LinearRelation, checked once ─► prove, verify

Source: draft-irtf-cfrg-sigma-protocols-03, sections 3.2 (representation), 3.5
(instance validation) and 3.6 (serialization); Maurer, "Unifying zero-knowledge
proofs of knowledge", AFRICACRYPT 2009.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from privshare.errors import OutOfRange
from privshare.schemes.sigma.group import Group, Row
from privshare.schemes.sigma.ristretto import RISTRETTO255

_U32 = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Equation:
    """One row: image = sum of terms. Coefficients are canonical scalars.

    Attributes:
        image: (element, coefficient), at least one.
        terms: (scalar, element, coefficient), at least one.
    """

    image: tuple[tuple[int, bytes], ...]
    terms: tuple[tuple[int, int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How M(x) - c·Y is computed: each equation multiplies each of its elements
    once, by a linear combination of the secrets and, last, of c.

    Attributes:
        elements: Of each product.
        counts: How many products each equation has.
        entries: (product, secret or, last, c, coefficient).
    """

    elements: tuple[int, ...]
    counts: tuple[int, ...]
    entries: tuple[tuple[int, int, bytes], ...]


class LinearRelation:
    """A relation that was checked; it does not change.

    Attributes:
        group: Where the elements live.
        encodings: Element 1 and the following, encoded.
        elements: All elements, the generator first.
        equations: As declared.
        scalars: How many secret scalars there are.
        secret_plan: How M(x) is computed.
        plan: How M(x) - c·Y is.
    """

    __slots__ = (
        "elements",
        "encodings",
        "equations",
        "group",
        "plan",
        "scalars",
        "secret_plan",
    )

    def __init__(
        self, group: Group, encodings: Sequence[bytes], equations: Iterable[Equation]
    ) -> None:
        """Check a relation.

        Args:
            group: Where the elements live.
            encodings: Element 1 and the following.
            equations: At least one.

        Raises:
            EncodingError: An element or a coefficient is not canonical.
            OutOfRange: An index names nothing; an element, an image or a
                secret's column is the identity; an element or a secret is
                never used; an equation has no image or no terms.
        """
        self.group = group
        self.encodings = tuple(encodings)
        self.equations = tuple(equations)
        self.scalars = _scalars(self.equations)
        _check_shape(self.equations, len(self.encodings) + 1)
        for equation in self.equations:
            coefficients = [c for _, c in equation.image]
            coefficients += [c for _, _, c in equation.terms]
            group.check_scalars(b"".join(coefficients))
        self.elements: Row = group.join(
            [group.generator(), group.decode(b"".join(self.encodings))]
        )
        self.secret_plan = _plan(self, with_image=False)
        self.plan = _plan(self, with_image=True)
        _check_identities(self)

    def encode(self) -> bytes:
        """The whole relation: no two have the same bytes."""
        out = [_U32.pack(len(self.equations))]
        for equation in self.equations:
            out.append(_U32.pack(len(equation.image)))
            out += [_U32.pack(e) + c for e, c in equation.image]
            out.append(_U32.pack(len(equation.terms)))
            out += [_U32.pack(s) + _U32.pack(e) + c for s, e, c in equation.terms]
        return b"".join(out + list(self.encodings))


class RelationBuilder:
    """Declare a relation piece by piece.

    >>> b = RelationBuilder()
    >>> key = bytes.fromhex(
    ...     "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919")
    >>> x, K = b.scalar(), b.element(key)
    >>> b.equation([(K, 1)], [(x, b.generator, 1)])        # K = x·G
    >>> b.relation().scalars
    1
    """

    generator = 0
    """The index of the group's generator."""

    def __init__(self, group: Group = RISTRETTO255) -> None:
        self._group = group
        self._scalars = 0
        self._elements: dict[bytes, int] = {}
        self._equations: list[Equation] = []

    def scalar(self) -> int:
        """The index of one more secret."""
        self._scalars += 1
        return self._scalars - 1

    def element(self, encoding: bytes) -> int:
        """The index of an element; the same bytes have the same index."""
        return self._elements.setdefault(bytes(encoding), len(self._elements) + 1)

    def equation(
        self,
        image: Iterable[tuple[int, int | bytes]],
        terms: Iterable[tuple[int, int, int | bytes]],
    ) -> None:
        """Declare that the image is the sum of the terms.

        Args:
            image: (element, coefficient).
            terms: (scalar, element, coefficient). Coefficients are public:
                integers of any sign, or canonical scalars.
        """
        self._equations.append(
            Equation(
                tuple((e, self._coefficient(c)) for e, c in image),
                tuple((s, e, self._coefficient(c)) for s, e, c in terms),
            )
        )

    def relation(self) -> LinearRelation:
        """The whole, checked.

        Raises:
            EncodingError: An element or a coefficient is not canonical.
            OutOfRange: As `LinearRelation`; or a secret is in no equation.
        """
        relation = LinearRelation(self._group, tuple(self._elements), self._equations)
        if relation.scalars != self._scalars:
            raise OutOfRange(
                f"expected {self._scalars} secrets in the equations, "
                f"found {relation.scalars}"
            )
        return relation

    def _coefficient(self, value: int | bytes) -> bytes:
        return value if isinstance(value, bytes) else self._group.scalar(value)


def _scalars(equations: Sequence[Equation]) -> int:
    return 1 + max((s for one in equations for s, _, _ in one.terms), default=-1)


def _check_shape(equations: Sequence[Equation], elements: int) -> None:
    """Checks 1 to 6 of the draft's instance validation: what indices tell."""
    if not equations or not all(one.image and one.terms for one in equations):
        raise OutOfRange(
            "expected at least one equation, each with an image and a term, found none"
        )
    used = {e for one in equations for e, _ in one.image}
    used |= {e for one in equations for _, e, _ in one.terms}
    if not used | {0} == set(range(elements)):
        raise OutOfRange(
            f"expected each of {elements} elements to be used, and no other, "
            f"found the indices {sorted(used)}"
        )
    scalars = {s for one in equations for s, _, _ in one.terms}
    if scalars != set(range(len(scalars))):
        raise OutOfRange(
            f"expected secrets numbered from 0 without a gap, found {sorted(scalars)}"
        )


def _check_identities(relation: LinearRelation) -> None:
    """Checks 8 to 10: elements, images and columns are not the identity.

    An image that is the identity is true of zeros, and a column that is leaves
    its secret free: a proof of either would mean nothing.
    """
    group = relation.group
    found = group.identities(relation.elements)
    if found:
        raise OutOfRange(
            f"expected elements other than the identity, found it at {found[0]}"
        )
    zero = group.scalar(0)
    for i, equation in enumerate(relation.equations):
        if _is_identity(relation, equation.image, zero):
            raise OutOfRange(
                f"expected images other than the identity, found it in equation {i}"
            )
    columns: dict[int, list[list[tuple[int, bytes]]]] = {}
    for equation in relation.equations:
        parts: dict[int, list[tuple[int, bytes]]] = {}
        for s, e, c in equation.terms:
            parts.setdefault(s, []).append((e, c))
        for s, part in parts.items():
            columns.setdefault(s, []).append(part)
    for s, column in columns.items():
        if all(_is_identity(relation, part, zero) for part in column):
            raise OutOfRange(f"expected secrets that matter, found that {s} does not")


def _is_identity(
    relation: LinearRelation, part: Sequence[tuple[int, bytes]], zero: bytes
) -> bool:
    """Whether a public combination of elements is the identity."""
    sums: dict[int, bytes] = {}
    for e, c in part:
        sums[e] = relation.group.plus(sums.get(e, zero), c)
    left = {e: c for e, c in sums.items() if c != zero}
    if len(left) < 2:
        return not left
    row = relation.group.take(relation.elements, list(left))
    total = relation.group.combine_vartime(b"".join(left.values()), row)
    return bool(relation.group.identities(total))


def _plan(relation: LinearRelation, *, with_image: bool) -> Plan:
    """For each equation, each of its elements once."""
    group, challenge = relation.group, relation.scalars
    zero = group.scalar(0)
    elements: list[int] = []
    counts: list[int] = []
    entries: list[tuple[int, int, bytes]] = []
    for equation in relation.equations:
        parts = list(equation.terms)
        if with_image:
            parts += [(challenge, e, group.minus(zero, c)) for e, c in equation.image]
        first = len(elements)
        elements += dict.fromkeys(e for _, e, _ in parts)
        place = {e: i for i, e in enumerate(elements[first:], first)}
        entries += [(place[e], s, c) for s, e, c in parts]
        counts.append(len(place))
    return Plan(tuple(elements), tuple(counts), tuple(entries))
