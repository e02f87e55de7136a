"""What the engine asks of a prime-order group.

The engine computes with rows of elements and with packed scalars, so that a
group can work on many at once; how an element looks inside is the group's own
business. PrivShare proves over ristretto255 (`privshare.schemes.sigma.ristretto`);
the tests run the same engine over P-256 and over groups small enough to try
everything.

Source: draft-irtf-cfrg-sigma-protocols-03, section 2.3, "Group abstraction".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Row = Any
"""Decoded elements in a row, opaque to everybody but their group."""


class Entries:
    """The entries of a sparse matrix: what stands where."""

    __slots__ = ("coefficients", "columns", "rows")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.columns: list[int] = []
        self.coefficients: list[bytes] = []

    def add(self, row: int, column: int, coefficient: bytes) -> None:
        """One more; entries in one place add up."""
        self.rows.append(row)
        self.columns.append(column)
        self.coefficients.append(coefficient)


class Group(Protocol):
    """A group of prime order, its encodings and its scalars.

    A scalar is its canonical encoding, `scalar_bytes` long. No operation on
    scalars, and none on elements without `_vartime` in its name, takes a time
    that depends on values.
    """

    @property
    def name(self) -> str:
        """What the transcript calls it."""

    @property
    def element_bytes(self) -> int:
        """Length of an encoded element."""

    @property
    def scalar_bytes(self) -> int:
        """Length of an encoded scalar."""

    @property
    def wide_bytes(self) -> int:
        """So many uniform bytes give a scalar that is as good as uniform."""

    def generator(self) -> Row:
        """The generator, alone in its row."""

    def decode(self, data: bytes) -> Row:
        """Elements from their encodings, one after the other.

        Raises:
            EncodingError: One is not the canonical encoding of an element.
        """

    def encode(self, row: Row) -> bytes:
        """The encodings, one after the other."""

    def identities(self, row: Row) -> list[int]:
        """Positions of the identity; public."""

    def take(self, row: Row, positions: Sequence[int]) -> Row:
        """The elements at public positions, in that order."""

    def join(self, rows: Sequence[Row]) -> Row:
        """Several rows as one."""

    def sums(self, row: Row, counts: Sequence[int]) -> Row:
        """Add up so many neighbours each: one element for each count, all >= 1."""

    def multiply(self, scalars: bytes, row: Row) -> Row:
        """Each element times its own scalar."""

    def multiply_vartime(self, scalars: bytes, row: Row) -> Row:
        """As `multiply`, for public values."""

    def combine_vartime(self, scalars: bytes, row: Row) -> Row:
        """The sum of all products, for public values; one element."""

    def scalar(self, value: int) -> bytes:
        """An integer of any sign modulo the order; public."""

    def check_scalars(self, data: bytes) -> None:
        """Accept canonical scalars one after the other.

        Raises:
            EncodingError: One is not canonical.
        """

    def reduce(self, wide: bytes) -> bytes:
        """`wide_bytes` bytes, little-endian, modulo the order."""

    def map_scalars(self, x: bytes, entries: Entries, rows: int) -> bytes:
        """A sparse matrix times scalars, all of them packed."""

    def plus(self, a: bytes, b: bytes) -> bytes:
        """a + b."""

    def minus(self, a: bytes, b: bytes) -> bytes:
        """a - b."""

    def times(self, a: bytes, b: bytes) -> bytes:
        """a · b."""
