"""Encrypted columns over a Dask cluster, for columns that outgrow one machine.

A column lies in parts, one after the other, as bytes on the cluster's workers.
What is asked of it is done part by part there; only totals travel back. Parts
are `EncryptedColumn`s in their documented format, read strictly wherever they
arrive, so nothing depends on pickle keeping a promise.

    values, in parts ─► encrypt ─► bytes on workers ─► sum, dot, groups ─► totals

Workers see what they encrypt: encrypt on workers of the agency that owns the
values. A column that is encrypted already may be worked on anywhere.

Needs the extra `privshare[dask]`.

>>> from dask.distributed import Client                        # doctest: +SKIP
>>> client = Client("tcp://scheduler:8786")                    # doctest: +SKIP
>>> column = encrypt(client, public, parts, scale=100)         # doctest: +SKIP
>>> private.decrypt(column.sum())                              # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from privshare.errors import OutOfRange
from privshare.schemes.columns import EncryptedColumn, EncryptedGroups, EncryptedNumber
from privshare.schemes.columns import concat as join
from privshare.schemes.columns.operand import factors
from privshare.schemes.columns.source import is_number
from privshare.schemes.paillier import PaillierPublicKey

if TYPE_CHECKING:
    from dask.distributed import Client, Future

__all__ = ["DistributedColumn", "encrypt"]

#: A sum is added up in groups of so many parts, on the workers.
FAN_IN = 16


class DistributedColumn:
    """A column whose parts lie on a cluster.

    Made by `encrypt`, or by `scatter` from columns that exist. Operations
    start at once and return when their answer is a total; parts stay where
    they are.

    Attributes:
        public: The key.
        lengths: Values in each part.
    """

    def __init__(
        self,
        client: Client,
        public: PaillierPublicKey,
        parts: Sequence[Future[bytes]],
        lengths: Sequence[int],
    ) -> None:
        self._client = client
        self.public = public
        self._parts = tuple(parts)
        self.lengths = tuple(lengths)

    @classmethod
    def scatter(
        cls, client: Client, columns: Iterable[EncryptedColumn]
    ) -> DistributedColumn:
        """Lay encrypted columns out over a cluster, as the parts of one.

        Raises:
            OutOfRange: None are given, or their keys differ.
        """
        given = list(columns)
        if not given:
            raise OutOfRange("expected at least one part, found none")
        public = given[0].public
        if any(column.public != public for column in given):
            raise OutOfRange("expected parts under one key, found several")
        parts = _moved(client.scatter, [column.to_bytes() for column in given])
        return cls(client, public, parts, [len(column) for column in given])

    def __len__(self) -> int:
        return sum(self.lengths)

    def __repr__(self) -> str:
        return (
            f"DistributedColumn(length={len(self)}, {len(self._parts)} parts, "
            f"key={self.public.kid[:8]}…)"
        )

    # Column in, column out

    def __add__(self, other: Any) -> DistributedColumn:
        if isinstance(other, DistributedColumn):
            self._meets(other)
            return self._map(_add_part, zip(self._parts, other._parts, strict=True))
        number = _one(other)
        return self._map(_add_plain, ((part, number) for part in self._parts))

    def __neg__(self) -> DistributedColumn:
        return self.__mul__(-1)

    def __sub__(self, other: Any) -> DistributedColumn:
        if isinstance(other, DistributedColumn):
            return self.__add__(-other)
        number = _one(other)
        return self._map(_subtract_plain, ((part, number) for part in self._parts))

    def __mul__(self, k: Any) -> DistributedColumn:
        """Multiply every value by one plain number."""
        number = _one(k)
        return self._map(_times, ((part, number) for part in self._parts))

    __rmul__ = __mul__

    # Totals

    def sum(self) -> EncryptedNumber:
        """The sum of all values; see `EncryptedColumn.sum`."""
        return EncryptedNumber.from_bytes(
            self._total(_sum_part, _add_numbers, ((part,) for part in self._parts)),
            self.public,
        )

    def mean(self) -> EncryptedNumber:
        """The mean: the sum, divided by the length when it is decrypted."""
        return self.sum() / len(self)

    def dot(self, weights: Any) -> EncryptedNumber:
        """Σ weight · value, for plain weights; see `EncryptedColumn.dot`.

        Args:
            weights: A sequence or array as long as the column.

        Raises:
            OutOfRange: Another length; or what `EncryptedColumn.dot` refuses.
        """
        if len(weights) != len(self):
            raise OutOfRange(
                f"expected {len(self)} weights, found {len(weights)}",
                fix="give one weight a value",
            )
        # One scale for all parts, or their totals could not be added up.
        scale = factors(weights).scale
        pairs, start = [], 0
        for part, length in zip(self._parts, self.lengths, strict=True):
            pairs.append((part, weights[start : start + length], scale))
            start += length
        return EncryptedNumber.from_bytes(
            self._total(_dot_part, _add_numbers, pairs), self.public
        )

    def groupby_sum(self) -> EncryptedGroups:
        """The sum of each group; the parts were encrypted with `by`."""
        return EncryptedGroups.from_bytes(
            self._total(_groups_part, _add_groups, ((part,) for part in self._parts)),
            self.public,
        )

    def gather(self) -> EncryptedColumn:
        """Bring all parts here and join them."""
        found = _moved(self._client.gather, list(self._parts))
        return join([EncryptedColumn.from_bytes(data, self.public) for data in found])

    # How

    def _meets(self, other: DistributedColumn) -> None:
        if self.lengths != other.lengths:
            raise OutOfRange(
                f"expected parts of {self.lengths} values, found {other.lengths}",
                fix="cut both columns alike",
            )
        if self.public != other.public:
            raise OutOfRange(
                f"expected a column under key {self.public.kid[:8]}…, found one under "
                f"{other.public.kid[:8]}…",
                fix="encrypt both under one key",
            )

    def _map(
        self, work: Callable[..., bytes], arguments: Iterable[tuple[Any, ...]]
    ) -> DistributedColumn:
        key = self.public.to_bytes()
        parts = [self._client.submit(work, key, *each) for each in arguments]
        return DistributedColumn(self._client, self.public, parts, self.lengths)

    def _total(
        self,
        work: Callable[..., bytes],
        add: Callable[..., bytes],
        arguments: Iterable[tuple[Any, ...]],
    ) -> bytes:
        key = self.public.to_bytes()
        level = [self._client.submit(work, key, *each) for each in arguments]
        while len(level) > 1:
            level = [
                self._client.submit(add, key, *level[i : i + FAN_IN])
                for i in range(0, len(level), FAN_IN)
            ]
        found: bytes = level[0].result()
        return found


def encrypt(
    client: Client,
    public: PaillierPublicKey,
    parts: Iterable[Any],
    *,
    by: Iterable[Any] | None = None,
    **options: Any,
) -> DistributedColumn:
    """Encrypt a column on the workers, part by part.

    Args:
        client: Of the cluster.
        public: The key.
        parts: Arrays or Series, or futures of them, in order; each not empty.
            `dask.dataframe` gives them with `series.to_delayed()`.
        by: Keys of each part, for `groupby_sum`.
        options: For `PaillierPublicKey.encrypt`: scale, bound, packed, rounding,
            headroom, randomness. They must be the same for all parts, since
            they decide the layout; the bound must hold for every part.

    Raises:
        OutOfRange: No parts; or what `PaillierPublicKey.encrypt` refuses.

    Leaks:
        The values, to the workers that encrypt them.
    """
    key = public.to_bytes()
    futures = []
    if by is None:
        futures = [
            client.submit(_encrypt_part, key, part, None, options, pure=False)
            for part in parts
        ]
    else:
        futures = [
            client.submit(_encrypt_part, key, part, keys, options, pure=False)
            for part, keys in zip(parts, by, strict=True)
        ]
    if not futures:
        raise OutOfRange("expected at least one part, found none")
    lengths = _moved(
        client.gather, [client.submit(_length, key, part) for part in futures]
    )
    return DistributedColumn(client, public, futures, lengths)


def _one(number: Any) -> Any:
    """Return a single number: of an array each part would take the whole."""
    if not is_number(number):
        raise OutOfRange(
            f"expected one plain number, found a {type(number).__name__}",
            fix="encrypt it as a distributed column with parts of the same lengths",
        )
    return number


def _moved(how: Callable[..., Any], items: list[Any]) -> list[Any]:
    """Scatter or gather; dask gives the two no types."""
    return list(how(items))


# What runs on a worker: bytes in, bytes out


def _column(key: bytes, data: bytes) -> EncryptedColumn:
    return EncryptedColumn.from_bytes(data, PaillierPublicKey.from_bytes(key))


def _encrypt_part(key: bytes, values: Any, by: Any, options: dict[str, Any]) -> bytes:
    made = PaillierPublicKey.from_bytes(key).encrypt(values, by=by, **options)
    assert isinstance(made, EncryptedColumn)  # a part is a column
    return made.to_bytes()


def _length(key: bytes, data: bytes) -> int:
    return len(_column(key, data))


def _add_part(key: bytes, a: bytes, b: bytes) -> bytes:
    return (_column(key, a) + _column(key, b)).to_bytes()


def _add_plain(key: bytes, data: bytes, number: Any) -> bytes:
    shifted: EncryptedColumn = _column(key, data) + number
    return shifted.to_bytes()


def _subtract_plain(key: bytes, data: bytes, number: Any) -> bytes:
    shifted: EncryptedColumn = _column(key, data) - number
    return shifted.to_bytes()


def _times(key: bytes, data: bytes, k: Any) -> bytes:
    multiple: EncryptedColumn = _column(key, data) * k
    return multiple.to_bytes()


def _sum_part(key: bytes, data: bytes) -> bytes:
    return _column(key, data).sum().to_bytes()


def _dot_part(key: bytes, data: bytes, weights: Any, scale: int) -> bytes:
    return _column(key, data).dot(weights, scale=scale).to_bytes()


def _groups_part(key: bytes, data: bytes) -> bytes:
    return _column(key, data).groupby().sum().to_bytes()


def _add_numbers(key: bytes, *numbers: bytes) -> bytes:
    public = PaillierPublicKey.from_bytes(key)
    total, *others = (EncryptedNumber.from_bytes(data, public) for data in numbers)
    for other in others:
        total = total + other
    return total.to_bytes()


def _add_groups(key: bytes, *groups: bytes) -> bytes:
    public = PaillierPublicKey.from_bytes(key)
    total, *others = (EncryptedGroups.from_bytes(data, public) for data in groups)
    for other in others:
        total = total + other
    return total.to_bytes()
