"""Columns over a Dask cluster; the cluster is real, its workers are threads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from dask.distributed import Client, LocalCluster

from privshare.errors import OutOfRange
from privshare.schemes.paillier import PaillierPrivateKey
from privshare.sdk.distributed import DistributedColumn, encrypt

VALUES = np.arange(-40, 80)
PARTS = [VALUES[:50], VALUES[50:51], VALUES[51:]]


@pytest.fixture(scope="module")
def private() -> PaillierPrivateKey:
    """A key for this file."""
    return PaillierPrivateKey.generate(2048)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A scheduler and two workers in this process."""
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        Client(cluster) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def column(client: Client, private: PaillierPrivateKey) -> DistributedColumn:
    """Three parts, one value to a ciphertext."""
    return encrypt(client, private.public, PARTS, bound=1_000, packed=False)


def test_totals(column: DistributedColumn, private: PaillierPrivateKey) -> None:
    """Sum, mean and dot product are those of the whole column."""
    assert len(column) == len(VALUES) and column.lengths == (50, 1, 69)
    assert private.decrypt(column.sum()) == VALUES.sum()
    assert private.decrypt(column.mean()) == VALUES.mean()
    weights = np.arange(len(VALUES)) - 30
    assert private.decrypt(column.dot(weights)) == (VALUES * weights).sum()


def test_columns(column: DistributedColumn, private: PaillierPrivateKey) -> None:
    """What is done to a column is done to every value."""
    changed = (column + column) * 3 - 5
    assert list(private.decrypt(changed.gather())) == list(6 * VALUES - 5)
    assert not np.any(private.decrypt((column - column).gather()))


def test_groups(client: Client, private: PaillierPrivateKey) -> None:
    """Groups are added across parts; one may be missing in a part."""
    keys = [np.where(part % 2 == 0, "even", "odd") for part in PARTS]
    column = encrypt(client, private.public, PARTS, by=keys, bound=1_000)
    totals = private.decrypt(column.groupby_sum())
    even = VALUES % 2 == 0
    assert totals == {"even": VALUES[even].sum(), "odd": VALUES[~even].sum()}


def test_scatter(client: Client, private: PaillierPrivateKey) -> None:
    """Columns encrypted elsewhere become the parts of one."""
    made = [private.public.encrypt(part, bound=1_000) for part in PARTS]
    column = DistributedColumn.scatter(client, made)
    assert private.decrypt(column.sum()) == VALUES.sum()


def test_what_does_not_fit(
    client: Client, column: DistributedColumn, private: PaillierPrivateKey
) -> None:
    """Other lengths, other keys, nothing at all, a value that is too large."""
    public = private.public
    with pytest.raises(OutOfRange, match="120 weights, found 3"):
        column.dot([1, 2, 3])
    with pytest.raises(OutOfRange, match="parts of"):
        column + encrypt(client, public, [VALUES], bound=1_000, packed=False)
    other = PaillierPrivateKey.generate(2048).public
    with pytest.raises(OutOfRange, match="under key"):
        column + encrypt(client, other, PARTS, bound=1_000, packed=False)
    with pytest.raises(OutOfRange, match="at least one part"):
        encrypt(client, public, [])
    with pytest.raises(OutOfRange, match="at least one part"):
        DistributedColumn.scatter(client, [])
    with pytest.raises(OutOfRange, match="one key"):
        DistributedColumn.scatter(client, [public.encrypt([1]), other.encrypt([1])])
    with pytest.raises(OutOfRange):
        encrypt(client, public, [np.array([1_001])], bound=1_000)


def test_parts_do_not_take_arrays(client: Client, private: PaillierPrivateKey) -> None:
    """An array as long as each part is not added to every part."""
    column = encrypt(client, private.public, [[1, 2], [3, 4]], packed=False)
    for work in (column.__add__, column.__sub__, column.__mul__):
        with pytest.raises(OutOfRange, match="one plain number"):
            work([10, 20])
    assert list(private.decrypt((column - np.uint64(5)).gather())) == [-4, -3, -2, -1]


def test_weights_of_one_scale(client: Client, private: PaillierPrivateKey) -> None:
    """Parts whose weights need different scales still add up."""
    column = encrypt(client, private.public, [[1, 2], [3, 4]], packed=False)
    assert private.decrypt(column.dot([1, 2, 0.5, 0.25])) == 7.5
