"""The dataset statement."""

from __future__ import annotations

from typing import Any

import pytest

from privshare.errors import EncodingError, OutOfRange
from privshare.rights.dataset import Dataset, metadata_digest
from privshare.wire.canonical import decode, encode


@pytest.fixture
def dataset() -> Dataset:
    return Dataset(
        dataset="taxes/returns-2025",
        root=b"r" * 32,
        rows=7,
        schema=b"s" * 32,
        policy=b"p" * 32,
        metadata=metadata_digest({"title": "Returns, 2025"}),
    )


def test_a_dataset_comes_back_from_its_json(dataset: Dataset) -> None:
    """Six fields, and they are the body of `dataset.register`."""
    laid = dataset.to_json()
    assert dataset == Dataset.from_json(decode(encode(laid)))
    assert sorted(laid) == ["dataset", "metadata", "policy", "root", "rows", "schema"]
    assert dataset.owner == "taxes"


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "taxes"},
        {"root": "AA"},
        {"rows": 0},
        {"rows": 2**53},
        {"schema": None},
        {"policy": ""},
        {"version": 1},
    ],
)
def test_a_bad_dataset_is_refused(dataset: Dataset, change: dict[str, Any]) -> None:
    """A dataset has a name, at least one row, and four digests."""
    with pytest.raises((EncodingError, OutOfRange)):
        Dataset.from_json({**dataset.to_json(), **change})


def test_a_digest_is_32_bytes_in_python_too() -> None:
    """No unchecked value exists, wherever it comes from."""
    with pytest.raises(EncodingError, match=r"dataset\.root: expected 32 bytes"):
        Dataset(
            dataset="taxes/a",
            root=b"",
            rows=1,
            schema=bytes(32),
            policy=bytes(32),
            metadata=bytes(32),
        )


def test_a_description_is_named_by_its_bytes() -> None:
    """Key order does not matter, everything else does."""
    digest = metadata_digest({"title": "A", "contact": "taxes@example.org"})
    assert digest == metadata_digest({"contact": "taxes@example.org", "title": "A"})
    assert digest != metadata_digest({"title": "A"})
