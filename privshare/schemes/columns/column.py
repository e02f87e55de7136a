"""Encrypted columns: numbers that are computed with and not seen.

    column ─► PaillierPublicKey.encrypt ─► EncryptedColumn ─► + - * sum mean dot
                                                           │  groupby slices
                PaillierPrivateKey.decrypt ◄───────────────┘

A column has one key, one public scale, one layout and one bound. The bound
travels with it: an operation whose result could pass the room that there is
raises `OutOfRange` and computes nothing. Results are exact.

Packed columns (the default) hold many values in a ciphertext; what needs
single values (`dot`, `* array`, single elements, `groupby` by new keys) works
on columns that were encrypted with `packed=False`.

>>> from privshare.schemes.paillier import PaillierPrivateKey
>>> private = PaillierPrivateKey.generate(2048)
>>> paid = private.public.encrypt([12.5, 0.25, -3], scale=100)
>>> private.decrypt(paid + paid * 2).tolist()
[Decimal('37.50'), Decimal('0.75'), Decimal('-9.00')]
>>> private.decrypt(paid[:2].sum())
Decimal('12.75')
"""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from privshare.errors import OutOfRange
from privshare.schemes.columns import engine
from privshare.schemes.columns.encoding import (
    EXACT,
    Ints,
    Plan,
    checked_scale,
    negated,
    scaled_bound,
    scaled_number,
    spoken,
)
from privshare.schemes.columns.label import Label, factorise
from privshare.schemes.columns.number import (
    EncryptedNumber,
    Unpicklable,
    ratio,
    same_key,
    same_scale,
)
from privshare.schemes.columns.operand import factor, factors, largest, repeated, weight
from privshare.schemes.columns.packing import Layout
from privshare.schemes.columns.placing import plaintexts
from privshare.schemes.columns.run import Run
from privshare.schemes.columns.selection import cut, places, take
from privshare.schemes.columns.source import is_number, open_source
from privshare.schemes.columns.summation import GroupBy, grouped_rows, sum_rows
from privshare.schemes.columns.total import Term, fits
from privshare.schemes.columns.values import Exact, exact_value
from privshare.schemes.paillier_random import public_randomness

if TYPE_CHECKING:
    from privshare.bindings.paillier import PublicCore
    from privshare.schemes.paillier import PaillierPublicKey

__all__ = ["EncryptedColumn"]


class EncryptedColumn(Unpicklable):
    """A column that nobody but the private key's holder can read.

    Immutable. Made by `PaillierPublicKey.encrypt` and `from_bytes`.

    Attributes:
        public: The key it is encrypted under.
        scale: Units that make 1; every value is a multiple of 1/scale.
    """

    __slots__ = ("_bound", "_data", "_layout", "_runs", "public", "scale")

    # numpy and pandas leave the operators to us.
    __array_ufunc__ = None
    __pandas_priority__ = 5000

    def __init__(
        self,
        public: PaillierPublicKey,
        layout: Layout,
        scale: int,
        bound: int,
        runs: tuple[Run, ...],
        data: bytes,
    ) -> None:
        self.public = public
        self.scale = checked_scale(scale)
        self._layout = layout
        self._bound = bound
        self._runs = runs
        self._data = data

    # What everybody may know

    def __len__(self) -> int:
        return sum(run.length for run in self._runs)

    @property
    def packed(self) -> bool:
        """Whether a ciphertext holds many values."""
        return self._layout.packed

    @property
    def slots(self) -> int:
        """Values a ciphertext."""
        return self._layout.slots

    @property
    def bound(self) -> Exact:
        """Largest size that a value may have."""
        return exact_value(self._bound, self.scale)

    @property
    def headroom(self) -> int:
        """Free bits: the column can be multiplied by 2^headroom."""
        return (self._layout.capacity // max(self._bound, 1)).bit_length() - 1

    @property
    def groups(self) -> tuple[Label, ...] | None:
        """The group of each value, if the column was encrypted with `by=`."""
        if not self.grouped:
            return None
        return tuple(
            run.label  # type: ignore[misc]
            for run in self._runs
            for _ in range(run.length)
        )

    @property
    def grouped(self) -> bool:
        """Whether each ciphertext holds values of one named group only."""
        return bool(self._runs) and all(run.label is not None for run in self._runs)

    @property
    def nbytes(self) -> int:
        """Bytes of its ciphertexts."""
        return len(self._data)

    def __repr__(self) -> str:
        length = len(self)
        each = self.nbytes / length if length else 0.0
        groups = len({(type(r.label), r.label) for r in self._runs})
        by = f", {groups} groups" if self.grouped else ""
        return (
            f"EncryptedColumn(length={length}, scale={self.scale}, "
            f"bound={spoken(self._bound, self.scale)}, headroom={self.headroom} bits, "
            f"{self._layout}, "
            f"{each:.1f} bytes a value{by}, key={self.public.kid[:8]}…)"
        )

    # Rebuilding

    @property
    def _core(self) -> PublicCore:
        return self.public._core

    def _of(self, runs: tuple[Run, ...], data: bytes) -> EncryptedColumn:
        """Other ciphertexts of the same kind."""
        return EncryptedColumn(
            self.public, self._layout, self.scale, self._bound, runs, data
        )

    def _with(
        self, data: bytes, bound: int | None = None, scale: int | None = None
    ) -> EncryptedColumn:
        return EncryptedColumn(
            self.public,
            self._layout,
            self.scale if scale is None else scale,
            self._bound if bound is None else bound,
            self._runs,
            data,
        )

    def _fits(self, bound: int, what: str) -> int:
        return fits(bound, self._layout, what)

    def _single(self, operation: str) -> None:
        """Refuse what needs single values, where values are packed."""
        if self.packed:
            raise OutOfRange(
                f"expected single values for {operation}, found a packed column",
                fix="encrypt with packed=False"
                + (", or with by=keys" if operation == "groupby" else ""),
            )

    # Arithmetic

    def __add__(self, other: Any) -> EncryptedColumn:
        if isinstance(other, EncryptedColumn):
            runs = self._meets(other)
            bound = self._fits(self._bound + other._bound, "the sum")
            data = engine.add(self._core, self._data, other._data)
            return EncryptedColumn(
                self.public, self._layout, self.scale, bound, runs, data
            )
        if isinstance(other, EncryptedNumber):
            return NotImplemented
        if is_number(other):
            return self._plus(scaled_number(other, self.scale))
        return self.add(other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> EncryptedColumn:
        if isinstance(other, EncryptedColumn):
            self._meets(other)
            self._fits(self._bound + other._bound, "the difference")
            return self + (-other)
        if isinstance(other, EncryptedNumber):
            return NotImplemented
        if is_number(other):
            return self._plus(-scaled_number(other, self.scale))
        return self._add_array(other, None, -1)

    def __rsub__(self, other: Any) -> EncryptedColumn:
        return (-self).__add__(other)

    def __neg__(self) -> EncryptedColumn:
        return self._with(engine.negate(self._core, self._data))

    def __mul__(self, other: Any) -> EncryptedColumn:
        if isinstance(other, (EncryptedColumn, EncryptedNumber)):
            raise OutOfRange(
                "expected plain numbers to multiply by, found encrypted ones",
                fix="Paillier adds encrypted numbers and multiplies them by plain ones",
            )
        if not is_number(other):
            return self._times(other)
        k, units = factor(other)
        scale = checked_scale(self.scale * units)
        bound = self._fits(self._bound * abs(k), "the product")
        data = self._data
        if k == -1:
            data = engine.negate(self._core, data)
        elif k != 1:
            count = len(data) // self.public.ciphertext_size
            data = engine.multiply(self._core, data, repeated(k, count))
        return self._with(data, bound, scale)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> EncryptedColumn:
        """Divide by a plain number: its reciprocal must have a finite scale."""
        if not is_number(other) or other == 0:
            raise OutOfRange(
                "expected a plain number other than 0 to divide by, found another"
            )
        k, scale = factor(other)
        return self * Fraction(scale, k)

    def _times(self, values: Any) -> EncryptedColumn:
        """Element by element."""
        self._single("* array")
        found = factors(values)
        self._as_long(len(found.units))
        scale = checked_scale(self.scale * found.scale)
        bound = self._fits(self._bound * largest(found.units), "the product")
        data = engine.multiply(self._core, self._data, found.units)
        return self._with(data, bound, scale)

    def _plus(self, units: int) -> EncryptedColumn:
        """Add one plain number, in units, to every value."""
        bound = self._fits(self._bound + abs(units), "the sum")
        return self._shift(np.array([units, None], dtype=object)[:-1], bound)

    def add(self, values: Any, bound: Any = None) -> EncryptedColumn:
        """Add plain values, one to each.

        Whoever sees the column before and after can compute them; encrypt
        them first where they are to be hidden.

        Args:
            values: As many numbers as the column has, multiples of 1/scale.
            bound: Their largest size; by default the column's own bound (the
                type's range for narrow integer arrays), whatever they are.

        Raises:
            OutOfRange: Another length, a value past the bound or no multiple
                of 1/scale, or no room.
        """
        return self._add_array(values, bound, 1)

    def _add_array(self, values: Any, bound: Any, sign: int) -> EncryptedColumn:
        source = open_source(values)
        if bound is not None:
            limit = scaled_bound(bound, self.scale)
        elif source.limit is not None:
            limit = source.limit * self.scale
        else:
            limit = self._bound
        total = self._fits(self._bound + limit, "the sum")
        units = Plan(source, self.scale, limit, EXACT).all()
        self._as_long(len(units))
        return self._shift(units if sign > 0 else negated(units), total)

    def _shift(self, units: Ints, bound: int) -> EncryptedColumn:
        """Add scaled integers: one for all, or one each."""
        plain = plaintexts(self, units)
        return self._with(engine.add_plain(self._core, self._data, plain), bound)

    def _as_long(self, length: int) -> None:
        if length != len(self):
            raise OutOfRange(
                f"expected {len(self)} values, found {length}",
                fix="give one value for each of the column's",
            )

    def _meets(self, other: EncryptedColumn) -> tuple[Run, ...]:
        """Check that two columns can be computed with element by element.

        Returns:
            The runs of the result: outside of them slots are 0 where they are
            0 in both.
        """
        same_key(self.public, other.public)
        same_scale(self.scale, other.scale)
        if len(self) != len(other):
            raise OutOfRange(
                f"expected {len(self)} values, found {len(other)}",
                fix="slice or concatenate to equal lengths",
            )
        if self._layout != other._layout:
            raise OutOfRange(
                f"expected {self._layout}, found {other._layout}",
                fix="encrypt both with the same bound=, headroom= and packed=",
            )
        if [run.place for run in self._runs] != [run.place for run in other._runs]:
            raise OutOfRange(
                "expected values in the same slots and groups, found others",
                fix="slice packed columns at the same places and group by the same "
                "keys, or encrypt with packed=False",
            )
        return tuple(
            mine._replace(
                clean_head=mine.clean_head and theirs.clean_head,
                clean_tail=mine.clean_tail and theirs.clean_tail,
            )
            for mine, theirs in zip(self._runs, other._runs, strict=True)
        )

    # Results

    def sum(self) -> EncryptedNumber:
        """The total of the column.

        Returns:
            A number. If the column is packed, whoever decrypts it sees also
            what each slot adds up to; `EncryptedNumber.blind` hides that.

        Raises:
            OutOfRange: An empty column, or a total that could pass n/2.
        """
        self._not_empty("sum")
        (row,) = sum_rows(self)
        return EncryptedNumber(self.public, self._layout, self.scale, row)

    def mean(self) -> EncryptedNumber:
        """The sum divided by the public count; decrypts to a Fraction.

        Raises:
            OutOfRange: As `sum`.
        """
        return self.sum() / len(self)

    def dot(
        self, weights: Any, scale: int | None = None, rounding: str = EXACT
    ) -> EncryptedNumber:
        """Σ weight · value, for public weights.

        Args:
            weights: As many numbers as the column has.
            scale: Units of the weights that make 1. By default 1 for
                integers, and otherwise what the weights need to be exact:
                weights below 2^64 units are quick.
            rounding: "nearest" rounds the weights to the scale that was given.

        Raises:
            OutOfRange: A packed column, another length, or a result that could
                pass n/2.
        """
        self._single("dot")
        self._not_empty("dot")
        found = factors(weights, scale, rounding)
        self._as_long(len(found.units))
        bound = self._fits(self._bound * weight(found.units), "the dot product")
        data = engine.dot(self._core, self._data, found.units)
        return EncryptedNumber(
            self.public,
            self._layout,
            checked_scale(self.scale * found.scale),
            (Term(data, 0, 1, bound),),
        )

    __matmul__ = dot

    def groupby(self, keys: Any = None) -> GroupBy:
        """Group by public keys: `.sum()`, `.mean()`, `.count()`.

        Args:
            keys: A key for each value. None: the keys that the column was
                encrypted with (`by=`), which is what packed columns need.

        Raises:
            OutOfRange: New keys for a packed column; no keys at all; another
                length.
            EncodingError: A key that is no text, integer or boolean.
        """
        if keys is None:
            if not self.grouped:
                raise OutOfRange(
                    "expected keys to group by, found none",
                    fix="give keys, or encrypt with by=keys",
                )
            return grouped_rows(self)
        self._single("groupby")
        labels, codes = factorise(keys)
        self._as_long(len(codes))
        return GroupBy(self, labels, codes)

    def _not_empty(self, what: str) -> None:
        if not len(self):
            raise OutOfRange(f"expected at least one value to {what}, found none")

    # Parts

    def __getitem__(self, index: Any) -> Any:
        """A slice (a column), one value (a number), or chosen values.

        Slices of step 1 work on every column. If a packed one is cut through
        a ciphertext, the neighbours in it stay there, encrypted: whoever has
        the private key can read them.
        """
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                return cut(self, start, max(start, stop))
            return take(self, np.arange(len(self))[index])
        if hasattr(index, "__index__") and not isinstance(index, (bool, np.ndarray)):
            self._single("single elements")
            place = operator.index(index)
            if not -len(self) <= place < len(self):
                raise IndexError(f"expected an index below {len(self)}, found {place}")
            place %= len(self)
            size = self.public.ciphertext_size
            data = self._data[place * size : (place + 1) * size]
            return EncryptedNumber(
                self.public, self._layout, self.scale, (Term(data, 0, 1, self._bound),)
            )
        return take(self, places(index, len(self)))

    def rescale(self, scale: int) -> EncryptedColumn:
        """The same values in finer units.

        Args:
            scale: A multiple of the present scale.

        Raises:
            OutOfRange: Not a multiple, or no room for it.
        """
        finer = self * ratio(self.scale, scale)
        return finer._with(finer._data, scale=scale)

    def rerandomise(self, randomness: str = "djn") -> EncryptedColumn:
        """The same values behind fresh randomness, so that nobody can tell.

        Args:
            randomness: "djn" or "textbook"; see `PaillierPublicKey.encrypt`.
        """
        count = len(self._data) // self.public.ciphertext_size
        source = public_randomness(self.public, randomness)
        zero = bytes(self._core.n_bytes)

        def work(part: tuple[int, int]) -> bytes:
            return source.encrypt(zero * (part[1] - part[0]), part[1] - part[0])

        zeros = b"".join(engine.ordered(work, iter(engine.pieces(count))))
        return self._with(engine.add(self._core, self._data, zeros))

    # Bytes

    def to_bytes(self) -> bytes:
        """Lay it out as docs/formats/paillier-column.md says."""
        from privshare.schemes.columns import binary  # noqa: PLC0415 - it knows columns

        return binary.write_column(self)

    @classmethod
    def from_bytes(cls, data: bytes, public: PaillierPublicKey) -> EncryptedColumn:
        """Read what `to_bytes` wrote; every ciphertext is checked.

        Raises:
            EncodingError: Not the format, or of another version.
            OutOfRange: A field outside its interval, or another key.
            VerificationError: Damaged, or a number that is no ciphertext.
        """
        from privshare.schemes.columns import binary  # noqa: PLC0415 - it knows columns

        return binary.read_column(data, public)
