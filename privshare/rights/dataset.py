"""A dataset as the ledger knows it: six fields, and none of its data.

    owner     CSV ─► table.read_csv ─► commit_rows ─► Dataset ─► dataset.register
    reader    Disclosure.verify(dataset.root, dataset.rows, schema)

The schema, the policy and the description are documents that travel beside
the ledger and are shown to whoever may look for data; the ledger holds their
digests. The rows stay with the owner; the ledger holds the root of their
commitments and how many they are.

The parts stand in `schema` (columns and values), `row` (commitments) and
`disclosure`; their names are here for whoever works with datasets.

Implements docs/formats/dataset.md.

>>> dataset = Dataset(
...     dataset="taxes/returns-2025", root=bytes(32), rows=2, schema=bytes(32),
...     policy=bytes(32), metadata=metadata_digest({"title": "Returns, 2025"}))
>>> dataset.owner
'taxes'
>>> Dataset.from_json(dataset.to_json()) == dataset
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from privshare.errors import EncodingError, OutOfRange
from privshare.rights import identifier
from privshare.rights.disclosure import Disclosure, Hidden, Opened, disclose
from privshare.rights.row import (
    Committed,
    cell_salt,
    commit_cell,
    commit_row,
    commit_rows,
    draw_salts,
    unique_keys,
)
from privshare.rights.schema import Cell, Column, ColumnType, Schema
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u
from privshare.wire.digest import digest_json
from privshare.wire.domain import METADATA
from privshare.wire.value import Encodable

__all__ = [
    "Cell",
    "Column",
    "ColumnType",
    "Committed",
    "Dataset",
    "Disclosure",
    "Hidden",
    "Opened",
    "Schema",
    "cell_salt",
    "commit_cell",
    "commit_row",
    "commit_rows",
    "disclose",
    "draw_salts",
    "metadata_digest",
    "unique_keys",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What an owner registers.

    Attributes:
        dataset: Its name, `<owner>/<name>`.
        root: Root of the row commitments, 32 bytes.
        rows: How many rows, 1 and more.
        schema: Digest of the schema.
        policy: Digest of the owner's policy.
        metadata: Digest of the description.

    Raises:
        EncodingError: A name of another form, or a digest of another length.
        OutOfRange: Fewer than one row.
    """

    dataset: str
    root: bytes
    rows: int
    schema: bytes
    policy: bytes
    metadata: bytes

    def __post_init__(self) -> None:
        identifier.DATASET.check(self.dataset, "dataset.dataset")
        for name in ("root", "schema", "policy", "metadata"):
            length = len(getattr(self, name))
            if length != 32:
                raise EncodingError(
                    f"dataset.{name}: expected 32 bytes, found {length}"
                )
        if not 1 <= self.rows < INTEGER_LIMIT:
            raise OutOfRange(
                f"dataset.rows: expected 1 to {INTEGER_LIMIT - 1}, found {self.rows}"
            )

    @property
    def owner(self) -> str:
        """The agency that owns it."""
        return identifier.owner_of(self.dataset)

    @classmethod
    def from_json(cls, obj: object, where: str = "dataset") -> Dataset:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: Fewer than one row.
        """
        fields = Fields(obj, where)
        dataset = cls(
            dataset=fields.str("dataset"),
            root=fields.digest("root"),
            rows=fields.int("rows"),
            schema=fields.digest("schema"),
            policy=fields.digest("policy"),
            metadata=fields.digest("metadata"),
        )
        fields.end()
        return dataset

    def to_json(self) -> dict[str, Json]:
        """Lay it out as the body of `dataset.register`."""
        return {
            "dataset": self.dataset,
            "metadata": b64u(self.metadata),
            "policy": b64u(self.policy),
            "root": b64u(self.root),
            "rows": self.rows,
            "schema": b64u(self.schema),
        }


def metadata_digest(document: Mapping[str, Encodable]) -> bytes:
    """The 32 bytes that name a dataset's description on the ledger.

    Args:
        document: Any JSON object: title, description, contact. It is written
            for everyone in the network; nothing about persons belongs in it.

    Raises:
        EncodingError: It has no canonical bytes.
        OutOfRange: An integer of 2^53 or more in size.
    """
    return digest_json(METADATA, document)
