"""Rules for data: `dataset.*`, `record.erase` and `anchor.batch`.

The ledger holds commitments to a dataset (tree root over its rows, digests of
schema, policy and metadata), never a value of it.

    registered ── amend ─► registered (version + 1)
         └────── retire ─► retired

Implements docs/formats/entry.md, sections 4.3 to 4.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from privshare.bindings import merkle
from privshare.errors import (
    Conflict,
    EncodingError,
    OutOfRange,
    StepNotAllowed,
    VerificationError,
)
from privshare.ledger import query
from privshare.ledger.rule import Context, need
from privshare.ledger.values import Dataset
from privshare.rights import identifier
from privshare.wire.canonical import Fields, b64u

#: Most leaf digests in one `anchor.batch`.
MAX_LEAVES = 1_024
LEAF_BYTES = 32

MAX_ROWS = 1 << 40


def read_dataset(fields: Fields) -> str:
    """Read the field `dataset`."""
    return identifier.DATASET.check(fields.str("dataset"), "body.dataset")


def need_owner(context: Context, dataset_id: str) -> None:
    """Refuse anybody but the dataset's owner.

    Raises:
        NotPermitted: The account does not own it.
    """
    owner = identifier.owner_of(dataset_id)
    need(
        context.account == owner,
        "dataset.owner",
        f"expected {owner}, the owner, found {context.account}",
    )


def registered(context: Context, dataset_id: str) -> Dataset:
    """A dataset that is not retired.

    Raises:
        NotFound: The ledger has no such dataset.
        StepNotAllowed: It is retired.
    """
    held = query.dataset(context.draft, dataset_id)
    if held.status != "registered":
        raise StepNotAllowed(f"expected a registered dataset, found one {held.status}")
    return held


@dataclass(frozen=True, slots=True)
class Commitments:
    """What the ledger holds about a dataset's content, as base64url digests."""

    metadata: str
    policy: str
    root: str
    rows: int
    schema: str

    @classmethod
    def read(cls, fields: Fields) -> Commitments:
        """Read the five fields out of a body."""
        return cls(
            b64u(fields.digest("metadata")),
            b64u(fields.digest("policy")),
            b64u(fields.digest("root")),
            fields.int("rows", 1, MAX_ROWS),
            b64u(fields.digest("schema")),
        )

    def at(self, index: int, version: int, changed: int) -> Dataset:
        """The dataset's value with these commitments."""
        return Dataset(
            status="registered",
            version=version,
            root=self.root,
            rows=self.rows,
            schema=self.schema,
            policy=self.policy,
            metadata=self.metadata,
            at=index,
            changed=changed,
        )


@dataclass(frozen=True, slots=True)
class DatasetRegister:
    """An owner publishes commitments to a dataset."""

    dataset: str
    commitments: Commitments

    @classmethod
    def parse(cls, fields: Fields) -> DatasetRegister:
        """Read the body."""
        return cls(read_dataset(fields), Commitments.read(fields))

    def apply(self, context: Context) -> None:
        """Enter the dataset."""
        need_owner(context, self.dataset)
        key = f"dataset/{self.dataset}"
        if context.draft.get(key) is not None:
            raise Conflict(
                f"expected a new dataset, found {self.dataset} registered",
                fix="Amend it, or choose another name.",
            )
        held = self.commitments.at(context.index, 1, context.index)
        context.draft.put(key, held.to_json())


@dataclass(frozen=True, slots=True)
class DatasetAmend:
    """An owner replaces the commitments; the version counts up."""

    dataset: str
    expected: int
    commitments: Commitments

    @classmethod
    def parse(cls, fields: Fields) -> DatasetAmend:
        """Read the body."""
        expected = fields.int("expected", 1)
        return cls(read_dataset(fields), expected, Commitments.read(fields))

    def apply(self, context: Context) -> None:
        """Write the new commitments."""
        need_owner(context, self.dataset)
        held = registered(context, self.dataset)
        if held.version != self.expected:
            raise Conflict(
                f"expected version {held.version} of {self.dataset}, "
                f"found {self.expected}",
                fix="Read the dataset again and amend its newest version.",
                detail={"version": held.version},
            )
        amended = self.commitments.at(held.at, held.version + 1, context.index)
        context.draft.put(f"dataset/{self.dataset}", amended.to_json())


@dataclass(frozen=True, slots=True)
class DatasetRetire:
    """An owner takes a dataset out of use. No new use of it is admitted."""

    dataset: str

    @classmethod
    def parse(cls, fields: Fields) -> DatasetRetire:
        """Read the body."""
        return cls(read_dataset(fields))

    def apply(self, context: Context) -> None:
        """Close the dataset."""
        need_owner(context, self.dataset)
        held = registered(context, self.dataset)
        retired = replace(held, status="retired", changed=context.index)
        context.draft.put(f"dataset/{self.dataset}", retired.to_json())


@dataclass(frozen=True, slots=True)
class RecordErase:
    """An owner declares that a record's value, salt and key are destroyed."""

    dataset: str
    row: int

    @classmethod
    def parse(cls, fields: Fields) -> RecordErase:
        """Read the body."""
        return cls(read_dataset(fields), fields.int("row", 0, MAX_ROWS))

    def apply(self, context: Context) -> None:
        """Note the erasure, once."""
        need_owner(context, self.dataset)
        held = query.dataset(context.draft, self.dataset)
        if self.row >= held.rows:
            raise OutOfRange(f"expected a row below {held.rows}, found {self.row}")
        key = f"erased/{self.dataset}/{self.row}"
        if context.draft.get(key) is not None:
            raise Conflict(f"expected a record, found row {self.row} erased already")
        context.draft.put(key, {"at": context.index})


@dataclass(frozen=True, slots=True)
class AnchorBatch:
    """An agency anchors up to 1,024 digests, each its own log entry."""

    count: int
    root: bytes

    @classmethod
    def parse(cls, fields: Fields) -> AnchorBatch:
        """Read the body."""
        return cls(fields.int("count", 1, MAX_LEAVES), fields.digest("root"))

    def apply(self, context: Context) -> None:
        """Change nothing: the leaves beside the transaction are the effect."""

    def check_leaves(self, leaves: bytes) -> None:
        """Check the digests that came beside the transaction.

        Args:
            leaves: `count` digests of 32 bytes, concatenated.

        Raises:
            EncodingError: Another number of bytes.
            VerificationError: Not the leaves that were signed: the RFC 9162
                root over them, each digest being one leaf's data, differs.
        """
        if len(leaves) != LEAF_BYTES * self.count:
            raise EncodingError(
                f"expected {self.count} leaves of {LEAF_BYTES} bytes, "
                f"found {len(leaves)} bytes"
            )
        root = batch_root(leaves)
        if root != self.root:
            raise VerificationError(
                f"expected leaves with root {b64u(self.root)}, found {b64u(root)}"
            )


def split_leaves(leaves: bytes) -> list[bytes]:
    """Concatenated digests as a list."""
    return [leaves[i : i + LEAF_BYTES] for i in range(0, len(leaves), LEAF_BYTES)]


def batch_root(leaves: bytes) -> bytes:
    """The root that an `anchor.batch` body carries for these leaves."""
    return merkle.root(merkle.leaf_hashes(split_leaves(leaves)))
