"""Encrypted numbers and encrypted groups: the results of sums.

>>> from privshare.schemes.paillier import PaillierPrivateKey
>>> private = PaillierPrivateKey.generate(2048)
>>> total = private.public.encrypt([1.5, 2.25, -1], scale=100).sum()
>>> private.decrypt(total), private.decrypt(total / 3)
(Decimal('2.75'), Fraction(11, 12))
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from privshare.errors import NotFound, OutOfRange
from privshare.schemes.columns import total
from privshare.schemes.columns.encoding import (
    checked_scale,
    scaled_number,
    spoken,
)
from privshare.schemes.columns.label import Label
from privshare.schemes.columns.operand import factor
from privshare.schemes.columns.packing import Layout
from privshare.schemes.columns.source import is_number
from privshare.schemes.columns.total import Row
from privshare.schemes.columns.values import Exact, exact_value

if TYPE_CHECKING:
    from privshare.bindings.paillier import PrivateCore, PublicCore
    from privshare.schemes.paillier import PaillierPublicKey

__all__ = [
    "EncryptedGroups",
    "EncryptedNumber",
    "Unpicklable",
    "same_key",
    "same_scale",
]

Self = TypeVar("Self", bound="_Totals")


class Unpicklable:
    """What travels in its own format and never by pickle."""

    __slots__ = ()

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError(
            f"expected to_bytes() and from_bytes(), found pickle: a pickle runs what "
            f"its maker likes, so a {type(self).__name__} does not use it"
        )

    def __copy__(self: Any) -> Any:
        return self

    def __deepcopy__(self: Any, _memo: object) -> Any:
        return self


def same_key(mine: PaillierPublicKey, other: PaillierPublicKey) -> None:
    """Refuse to mix keys.

    Raises:
        OutOfRange: Two keys.
    """
    if mine.n != other.n:
        raise OutOfRange(
            f"expected one key, {mine.kid}, found also {other.kid}",
            fix="encrypt both under the key of whoever is to decrypt the result",
        )


def same_scale(mine: int, other: int) -> None:
    """Refuse to mix scales.

    Raises:
        OutOfRange: Two scales.
    """
    if mine != other:
        common = max(mine, other)
        fix = (
            f"call .rescale({common}) on the coarser one"
            if common % min(mine, other) == 0
            else "encrypt both with the same scale="
        )
        raise OutOfRange(f"expected scale {mine}, found {other}", fix=fix)


class _Totals(Unpicklable):
    """One total, or one a group.

    A divisor of 0 stands for a total that was never divided.
    """

    __slots__ = ("_divisors", "_layout", "_rows", "public", "scale")

    public: PaillierPublicKey
    scale: int
    _layout: Layout
    _rows: tuple[Row, ...]
    _divisors: tuple[int, ...]

    # numpy and pandas leave the operators to us.
    __array_ufunc__ = None
    __pandas_priority__ = 5000

    def _set(
        self: Self,
        public: PaillierPublicKey,
        layout: Layout,
        scale: int,
        rows: tuple[Row, ...],
        divisors: tuple[int, ...],
    ) -> Self:
        self.public, self._layout = public, layout
        self.scale = checked_scale(scale)
        self._rows, self._divisors = rows, divisors
        return self

    def _with(
        self: Self,
        rows: list[Row] | tuple[Row, ...],
        scale: int | None = None,
        divisors: tuple[int, ...] | None = None,
    ) -> Self:
        raise NotImplementedError  # both kinds below have theirs

    @property
    def _core(self) -> PublicCore:
        return self.public._core

    @property
    def terms(self) -> int:
        """How many ciphertexts it takes."""
        return sum(len(row) for row in self._rows)

    @property
    def nbytes(self) -> int:
        """Bytes of its ciphertexts."""
        return self.terms * self.public.ciphertext_size

    def _units(self, core: PrivateCore) -> list[Exact]:
        """The values, by the private key."""
        found = total.opened(core, self._layout, self._rows)
        return [
            Fraction(units, self.scale * divisor)
            if divisor
            else exact_value(units, self.scale)
            for units, divisor in zip(found, self._divisors, strict=True)
        ]

    def __neg__(self: Self) -> Self:
        return self._with(
            total.multiplied(
                self._core, self._layout, self._rows, [-1] * len(self._rows)
            )
        )

    def __mul__(self: Self, other: Any) -> Self:
        if isinstance(other, Unpicklable):
            raise OutOfRange(
                "expected a plain number to multiply by, found an encrypted one",
                fix="Paillier adds encrypted numbers and multiplies them by plain ones",
            )
        if not is_number(other):
            return NotImplemented
        k, scale = factor(other)
        scale = checked_scale(self.scale * scale)
        rows = self._rows
        if k != 1:
            rows = tuple(
                total.multiplied(self._core, self._layout, rows, [k] * len(rows))
            )
        return self._with(rows, scale)

    __rmul__ = __mul__

    def __truediv__(self: Self, other: Any) -> Self:
        """Divide by a plain integer: exact, the divisor is remembered."""
        divisor = _divisor(other)
        if divisor < 0:
            return -(self / -divisor)
        return self._with(
            self._rows, divisors=tuple((mine or 1) * divisor for mine in self._divisors)
        )

    def rescale(self: Self, scale: int) -> Self:
        """The same values in finer units.

        Args:
            scale: A multiple of the present scale.

        Raises:
            OutOfRange: Not a multiple, or no room for it.
        """
        k = ratio(self.scale, scale)
        rows = total.multiplied(
            self._core, self._layout, self._rows, [k] * len(self._rows)
        )
        return self._with(rows, scale)

    def blind(self: Self) -> Self:
        """Hide from the key's holder all but the totals themselves.

        A total of a packed column holds a part in each slot, and whoever
        decrypts sees the parts. A blinded one shows their sum alone
        (statistically, to 2^-63). Do it last: nothing can be computed with it.

        Raises:
            OutOfRange: The total does not fit one slot: encrypt with more
                headroom=.
        """
        return self._with(
            [total.blinded(self._core, self._layout, row) for row in self._rows]
        )


def ratio(scale: int, finer: int) -> int:
    """How many finer units make one unit.

    Raises:
        OutOfRange: Not a whole number.
    """
    finer = checked_scale(finer)
    if finer % scale:
        raise OutOfRange(
            f"expected a multiple of scale {scale}, found {finer}",
            fix="values are exact: units can only become finer",
        )
    return finer // scale


def _divisor(value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value == 0:
        raise OutOfRange(
            "expected a whole number other than 0 to divide by, found another",
            fix="multiply by a Fraction or a Decimal instead",
        )
    return int(value)


class EncryptedNumber(_Totals):
    """One number that nobody but the private key's holder can read.

    Made by `EncryptedColumn.sum`, `.mean`, `.dot`, an index of an unpacked
    column, or `PaillierPublicKey.encrypt` of a single number. Supports
    `+` and `-` (numbers of one key and scale, plain numbers), `*` plain
    numbers, `/` plain integers.

    Attributes:
        public: The key it is encrypted under.
        scale: Units that make 1.
    """

    __slots__ = ()

    def __init__(
        self,
        public: PaillierPublicKey,
        layout: Layout,
        scale: int,
        row: Row,
        divisor: int = 0,
    ) -> None:
        self._set(public, layout, scale, (row,), (divisor,))

    def _with(
        self,
        rows: list[Row] | tuple[Row, ...],
        scale: int | None = None,
        divisors: tuple[int, ...] | None = None,
    ) -> EncryptedNumber:
        (row,) = rows
        (divisor,) = divisors or self._divisors
        return EncryptedNumber(
            self.public, self._layout, scale or self.scale, row, divisor
        )

    def __repr__(self) -> str:
        (row,), (divisor,) = self._rows, self._divisors
        bound = spoken(sum(term.size for term in row), self.scale * (divisor or 1))
        over = f", divided by {divisor}" if divisor else ""
        hidden = ", blinded" if row[0].folded else ""
        return (
            f"EncryptedNumber(scale={self.scale}{over}, bound={bound}, "
            f"{self.nbytes} bytes{hidden}, key={self.public.kid[:8]}…)"
        )

    def __add__(self, other: Any) -> EncryptedNumber:
        if isinstance(other, EncryptedNumber):
            self._meets(other)
            rows = total.merged(
                self._core, self._layout, [(self._rows[0], other._rows[0])]
            )
            return self._with(rows)
        if not is_number(other):
            return NotImplemented
        return self._plus(scaled_number(other, self.scale * (self._divisors[0] or 1)))

    def _plus(self, units: int) -> EncryptedNumber:
        """Add a plain number, in units."""
        row = total.shifted(self._core, self._layout, self._rows[0], units)
        return self._with([row])

    __radd__ = __add__

    def __sub__(self, other: Any) -> EncryptedNumber:
        if isinstance(other, EncryptedNumber):
            return self + (-other)
        if not is_number(other):
            return NotImplemented
        return self._plus(-scaled_number(other, self.scale * (self._divisors[0] or 1)))

    def __rsub__(self, other: Any) -> EncryptedNumber:
        return (-self).__add__(other)

    def _meets(self, other: EncryptedNumber) -> None:
        """Check that two numbers can be added."""
        same_key(self.public, other.public)
        same_scale(self.scale, other.scale)
        if self._divisors != other._divisors:
            raise OutOfRange(
                f"expected a number divided by {self._divisors[0] or 1}, found one "
                f"divided by {other._divisors[0] or 1}",
                fix="add the sums first, then divide by the count of both",
            )
        if self._layout != other._layout:
            raise OutOfRange(
                f"expected {self._layout}, found {other._layout}",
                fix="encrypt both with the same bound=, headroom= and packed=",
            )

    def to_bytes(self) -> bytes:
        """Lay it out as docs/formats/paillier-column.md says."""
        from privshare.schemes.columns import binary  # noqa: PLC0415 - it knows numbers

        return binary.write_number(self)

    @classmethod
    def from_bytes(cls, data: bytes, public: PaillierPublicKey) -> EncryptedNumber:
        """Read what `to_bytes` wrote; every ciphertext is checked.

        Raises:
            EncodingError: Not the format, or of another version.
            OutOfRange: A field outside its interval, or another key.
            VerificationError: Damaged, or a number that is no ciphertext.
        """
        from privshare.schemes.columns import binary  # noqa: PLC0415 - it knows numbers

        return binary.read_number(data, public)


class EncryptedGroups(_Totals):
    """Encrypted totals, one a group; the groups' names are public.

    Made by `EncryptedColumn.groupby(keys).sum()` or `.mean()`. Two of them are
    added group by group; a group that one lacks is taken over.

    Attributes:
        public: The key they are encrypted under.
        scale: Units that make 1.
        labels: The names, in order.
        counts: How many values each group has; 0 in a difference.
    """

    __slots__ = ("counts", "labels")

    def __init__(
        self,
        public: PaillierPublicKey,
        layout: Layout,
        scale: int,
        rows: tuple[Row, ...],
        labels: tuple[Label, ...],
        counts: tuple[int, ...],
        divisors: tuple[int, ...] | None = None,
    ) -> None:
        self._set(public, layout, scale, rows, divisors or (0,) * len(rows))
        self.labels = labels
        self.counts = counts

    def _with(
        self,
        rows: list[Row] | tuple[Row, ...],
        scale: int | None = None,
        divisors: tuple[int, ...] | None = None,
    ) -> EncryptedGroups:
        return EncryptedGroups(
            self.public,
            self._layout,
            scale or self.scale,
            tuple(rows),
            self.labels,
            self.counts,
            divisors or self._divisors,
        )

    def __repr__(self) -> str:
        return (
            f"EncryptedGroups({len(self.labels)} groups, scale={self.scale}, "
            f"{self.nbytes} bytes, key={self.public.kid[:8]}…)"
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __getitem__(self, label: Label) -> EncryptedNumber:
        """The total of one group.

        Raises:
            NotFound: No such group.
        """
        for i, mine in enumerate(self.labels):
            if type(mine) is type(label) and mine == label:
                return EncryptedNumber(
                    self.public,
                    self._layout,
                    self.scale,
                    self._rows[i],
                    self._divisors[i],
                )
        raise NotFound(
            f"expected one of {len(self.labels)} groups, found another name",
            fix="list(groups) names them",
        )

    def __add__(self, other: Any) -> EncryptedGroups:
        if not isinstance(other, EncryptedGroups):
            return NotImplemented
        same_key(self.public, other.public)
        same_scale(self.scale, other.scale)
        if self._layout != other._layout:
            raise OutOfRange(
                f"expected {self._layout}, found {other._layout}",
                fix="encrypt both with the same bound=, headroom= and packed=",
            )
        if {*self._divisors, *other._divisors} != {0}:
            raise OutOfRange(
                "expected sums, found means",
                fix="add the sums first, then call .mean()",
            )
        theirs = {
            (type(label), label): (row, count)
            for label, row, count in zip(
                other.labels, other._rows, other.counts, strict=True
            )
        }
        pairs: list[tuple[Row, Row]] = []
        counts: list[int] = []
        for label, row, count in zip(self.labels, self._rows, self.counts, strict=True):
            more, extra = theirs.pop((type(label), label), ((), -1))
            pairs.append((row, more))
            # 0 is a difference: then one cannot say how many.
            counts.append(count + max(extra, 0) if count and extra else 0)
        rows = total.merged(self._core, self._layout, pairs)
        rows += [row for row, _ in theirs.values()]
        return EncryptedGroups(
            self.public,
            self._layout,
            self.scale,
            tuple(rows),
            (*self.labels, *(label for _, label in theirs)),
            (*counts, *(count for _, count in theirs.values())),
        )

    def __sub__(self, other: Any) -> EncryptedGroups:
        if not isinstance(other, EncryptedGroups):
            return NotImplemented
        found = self + (-other)
        both = {(type(label), label) for label in self.labels}
        both &= {(type(label), label) for label in other.labels}
        # What a difference is the sum of cannot be said in a number of values.
        pairs = zip(found.labels, found.counts, strict=True)
        found.counts = tuple(0 if (type(x), x) in both else n for x, n in pairs)
        return found

    def mean(self) -> EncryptedGroups:
        """The mean of each group: the sum divided by its count.

        Raises:
            OutOfRange: A difference of two groups, which has no count.
        """
        if 0 in self.counts:
            raise OutOfRange(
                "expected sums of groups, found a difference, which is the sum of no "
                "number of values",
                fix="subtract the columns first, or divide by the number that you mean",
            )
        divisors = tuple(
            (mine or 1) * count
            for mine, count in zip(self._divisors, self.counts, strict=True)
        )
        return self._with(self._rows, divisors=divisors)

    def to_bytes(self) -> bytes:
        """Lay it out as docs/formats/paillier-column.md says."""
        from privshare.schemes.columns import binary  # noqa: PLC0415 - it knows numbers

        return binary.write_groups(self)

    @classmethod
    def from_bytes(cls, data: bytes, public: PaillierPublicKey) -> EncryptedGroups:
        """Read what `to_bytes` wrote; every ciphertext is checked.

        Raises:
            EncodingError: Not the format, or of another version.
            OutOfRange: A field outside its interval, or another key.
            VerificationError: Damaged, or a number that is no ciphertext.
        """
        from privshare.schemes.columns import binary  # noqa: PLC0415 - it knows numbers

        return binary.read_groups(data, public)
