"""ristretto255 as the engine sees it, over the core.

Source: RFC 9496.
"""

from __future__ import annotations

from collections.abc import Sequence

from privshare.bindings import ristretto255, scalar, sigma
from privshare.bindings.ristretto255 import Elements
from privshare.schemes.sigma.group import Entries


class Ristretto255:
    """The group of all of PrivShare's own proofs (`Group`)."""

    __slots__ = ()

    name = "ristretto255"
    element_bytes = 32
    scalar_bytes = 32
    wide_bytes = 64

    def generator(self) -> Elements:
        """The generator of RFC 9496."""
        return ristretto255.base()

    def decode(self, data: bytes) -> Elements:
        """Elements, strictly."""
        return ristretto255.decode(data)

    def encode(self, row: Elements) -> bytes:
        """Their encodings."""
        return row.encode()

    def identities(self, row: Elements) -> list[int]:
        """Positions of the identity."""
        return [i for i in range(len(row)) if row.is_identity(i)]

    def take(self, row: Elements, positions: Sequence[int]) -> Elements:
        """The elements at public positions."""
        return row.take(positions)

    def join(self, rows: Sequence[Elements]) -> Elements:
        """Several rows as one."""
        return Elements.join(rows)

    def sums(self, row: Elements, counts: Sequence[int]) -> Elements:
        """Add up neighbours."""
        return sigma.sums(row, counts)

    def multiply(self, scalars: bytes, row: Elements) -> Elements:
        """Constant-time."""
        return ristretto255.mul(scalars, row)

    def multiply_vartime(self, scalars: bytes, row: Elements) -> Elements:
        """For public values."""
        return ristretto255.mul_vartime(scalars, row)

    def combine_vartime(self, scalars: bytes, row: Elements) -> Elements:
        """For public values; one element."""
        return ristretto255.msm_vartime(scalars, row)

    def scalar(self, value: int) -> bytes:
        """Modulo the order."""
        return scalar.from_int(value)

    def check_scalars(self, data: bytes) -> None:
        """Canonical, each of them."""
        scalar.check(data)

    def reduce(self, wide: bytes) -> bytes:
        """64 bytes modulo the order."""
        return scalar.reduce_wide(wide)

    def map_scalars(self, x: bytes, entries: Entries, rows: int) -> bytes:
        """A sparse matrix times scalars."""
        coefficients = b"".join(entries.coefficients)
        return sigma.map_scalars(x, entries.rows, entries.columns, coefficients, rows)

    def plus(self, a: bytes, b: bytes) -> bytes:
        """a + b."""
        return scalar.add(a, b)

    def minus(self, a: bytes, b: bytes) -> bytes:
        """a - b."""
        return scalar.sub(a, b)

    def times(self, a: bytes, b: bytes) -> bytes:
        """a · b."""
        return scalar.mul(a, b)


RISTRETTO255 = Ristretto255()
