"""What the exchange asks of a node's storage.

`Storage` is the list of methods; `privshare.store.store.Store` has them, and
so has the in-memory store of the tests. Storage knows rows and blobs and no
rule: every check stands in the verbs above it or in the ledger.

Conventions. Identifiers, digests and key ids are text as the ledger spells
them. `*_json` bytes are canonical JSON, kept and returned byte for byte. Time
is Unix seconds. A method that writes has returned only when the write is
durable; each call is one transaction unless said otherwise. Reading what is
not there gives `None` (or nothing from an iterator), never an error; writing
to what is not there raises `NotFound`.

Rows travel as plain tuples: a column of a million rows passes here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from privshare.jobs.lifecycle import Job

__all__ = [
    "DatasetInfo",
    "DraftInfo",
    "PersonInfo",
    "RawRow",
    "ReceiptInfo",
    "Row",
    "StagedRow",
    "Storage",
    "UseInfo",
]

RawRow = tuple[int, bytes]
"""(index, bytes): the file's lines as they were read, the header first. A
record may span several of them."""

StagedRow = tuple[int, str | None, bytes, bytes]
"""(index, key value or None, canonical JSON list of typed values in schema
order, 32-byte row salt)."""

Row = tuple[int, bytes, bytes]
"""(index, values JSON as staged, row salt) of a published row."""


class DraftInfo(Protocol):
    """A file that was read and is not published."""

    @property
    def id(self) -> str: ...
    @property
    def filename(self) -> str: ...
    @property
    def rows(self) -> int:
        """Rows of the table, which may be fewer than lines; 0 until ready."""

    @property
    def ready(self) -> bool:
        """Whether `finish_draft` was called."""

    @property
    def summary_json(self) -> bytes:
        """The inferred schema and what the reader noticed; b"" until ready."""

    @property
    def dataset(self) -> str:
        """The dataset it is being published as, "" unless staged."""

    @property
    def created(self) -> int: ...


class DatasetInfo(Protocol):
    """A dataset whose rows lie in this node."""

    @property
    def dataset(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def leaves(self) -> bytes:
        """The RFC 9162 leaf hash of every row, 32 bytes each, in row order."""

    @property
    def created(self) -> int: ...


class PersonInfo(Protocol):
    """Somebody of this node's agency."""

    @property
    def kid(self) -> str: ...
    @property
    def public(self) -> bytes:
        """The Ed25519 verification key, 32 bytes."""

    @property
    def roles(self) -> Sequence[str]: ...
    @property
    def label(self) -> str: ...
    @property
    def added(self) -> int: ...


class ReceiptInfo(Protocol):
    """A receipt in this node's drawer."""

    @property
    def id(self) -> str:
        """The id of the transaction it is about."""

    @property
    def operation(self) -> str: ...
    @property
    def subject(self) -> str:
        """The dataset, grant or job it concerns."""

    @property
    def index(self) -> int:
        """Log index of that transaction."""

    @property
    def body(self) -> bytes: ...
    @property
    def attachments(self) -> Sequence[str]:
        """Names, sorted."""

    @property
    def made(self) -> int: ...


class UseInfo(Protocol):
    """One line of the log of who used what."""

    @property
    def id(self) -> int:
        """Rises with every line."""

    @property
    def at(self) -> int: ...
    @property
    def agency(self) -> str:
        """Whose request it was."""

    @property
    def person(self) -> str:
        """Key id of a person of this node, or ""."""

    @property
    def action(self) -> str:
        """What was done, e.g. `record.serve` or `job.contribute`."""

    @property
    def dataset(self) -> str: ...
    @property
    def grant(self) -> str: ...
    @property
    def subject(self) -> str:
        """The use, job or transaction id."""

    @property
    def outcome(self) -> str:
        """`done`, or the rule or error that refused."""


class Storage(Protocol):
    """The storage of one node. Safe to call from several threads."""

    # Drafts: create, add rows, finish; then stage and promote, or drop.

    def create_draft(self, filename: str, now: int) -> str:
        """A new empty draft that is not ready; returns its id (random, 22
        URL-safe characters)."""

    def add_draft_rows(self, draft: str, rows: Sequence[RawRow]) -> None:
        """Append a batch of lines. Indices rise from 0 without gaps."""

    def finish_draft(self, draft: str, rows: int, summary_json: bytes) -> None:
        """Mark the draft ready."""

    def draft(self, draft: str) -> DraftInfo | None: ...

    def drafts(self) -> Sequence[DraftInfo]:
        """All drafts, oldest first; those not ready, too."""

    def draft_rows(self, draft: str, batch: int = 2_000) -> Iterator[list[RawRow]]:
        """The lines as read, in order, `batch` at a time."""

    def drop_draft(self, draft: str) -> None:
        """Delete a draft, its rows and staged rows; nothing if there is none."""

    def stage_rows(self, draft: str, rows: Iterable[Sequence[StagedRow]]) -> None:
        """Keep the typed rows beside the draft, ready to be promoted.

        Replaces what was staged before. All batches in one transaction: if
        the iterable raises, nothing is staged.
        """

    def stage(self, draft: str, dataset: str, leaves: bytes) -> None:
        """Remember which dataset the staged rows will be, and their leaves.

        Done before the ledger is asked, so that a crash in between can be
        finished: see `exchange.dataset.recover`.
        """

    def promote(self, draft: str, now: int) -> None:
        """The staged rows become the dataset's rows; the draft is gone.

        One transaction. Calling it for a draft that is gone does nothing.
        """

    # Datasets whose rows are here.

    def dataset(self, dataset: str) -> DatasetInfo | None: ...

    def datasets(self) -> Sequence[DatasetInfo]:
        """Sorted by dataset id."""

    def rows(self, dataset: str, batch: int = 2_000) -> Iterator[list[Row]]:
        """Rows in order, `batch` at a time; erased rows are not there."""

    def row_by_key(self, dataset: str, key: str) -> Row | None:
        """The row whose key column holds `key`."""

    def erase_row(self, dataset: str, index: int) -> None:
        """Delete key, values and salt for good (secure_delete); the leaf
        stays. Nothing if it is erased already."""

    # Documents by digest: schemas, metadata, policies, own and others'.

    def put_documents(self, documents: Mapping[str, bytes]) -> None:
        """Keep canonical bytes under their digest text. The caller has
        checked the digests. A digest that is there already stays."""

    def document(self, digest: str) -> bytes | None: ...

    # People.

    def put_person(
        self, kid: str, public: bytes, roles: Sequence[str], label: str, now: int
    ) -> None:
        """Add somebody, or change roles and label."""

    def person(self, kid: str) -> PersonInfo | None: ...

    def people(self) -> Sequence[PersonInfo]: ...

    def remove_person(self, kid: str) -> None: ...

    # Receipts.

    def put_receipt(
        self,
        receipt: str,
        *,
        operation: str,
        subject: str,
        index: int,
        body: bytes,
        attachments: Mapping[str, bytes],
        now: int,
    ) -> None:
        """Keep a receipt. The same id again replaces it."""

    def receipt(self, receipt: str) -> ReceiptInfo | None: ...

    def receipts(
        self, limit: int = 50, before: int | None = None
    ) -> Sequence[ReceiptInfo]:
        """Newest (highest log index) first, those with index < `before`."""

    def attachment(self, receipt: str, name: str) -> bytes | None: ...

    def drop_attachments(self, receipt: str) -> None:
        """Forget what is attached (a shared record that was erased)."""

    # Jobs that this node coordinates.

    def put_job(self, job: Job) -> None:
        """Insert or replace by `job.id`."""

    def job(self, job: str) -> Job | None: ...

    def job_on_ledger(self, ledger_id: str) -> Job | None: ...

    def jobs(
        self, limit: int = 50, before: tuple[int, str] | None = None
    ) -> Sequence[Job]:
        """Newest first by (created, id); those below `before`."""

    def open_jobs(self) -> Sequence[Job]:
        """Jobs whose phase is neither done nor failed, oldest first."""

    # Blobs of jobs: contributions, ciphertexts, aggregations, openings, at
    # every party. `job` is the id on the ledger.

    def put_blob(self, job: str, name: str, data: bytes) -> None:
        """Keep bytes (up to 1 GiB) under (job, name); replaces."""

    def blob(self, job: str, name: str) -> bytes | None: ...

    def blob_jobs(self, prefix: str = "") -> Sequence[str]:
        """Ids, of those that begin so, of the jobs that still have blobs here."""

    def blob_names(self, job: str, after: str = "", limit: int = 1000) -> Sequence[str]:
        """Names of the job's blobs behind `after`, in order of code points."""

    def blob_size(self, job: str, name: str) -> int | None:
        """Bytes of a blob."""

    def blob_totals(self, prefix: str) -> Sequence[tuple[str, int, int]]:
        """(id, blobs, bytes together) of the jobs whose ids begin so."""

    def drop_blob(self, job: str, name: str) -> None:
        """Delete one blob; nothing if there is none."""

    def drop_blobs(self, job: str, prefix: str = "") -> None:
        """Delete the job's blobs whose name starts with `prefix`."""

    # Who used what.

    def log_use(
        self,
        at: int,
        agency: str,
        action: str,
        *,
        person: str = "",
        dataset: str = "",
        grant: str = "",
        subject: str = "",
        outcome: str = "done",
    ) -> None: ...

    def uses(
        self, dataset: str | None = None, limit: int = 50, before: int | None = None
    ) -> Sequence[UseInfo]:
        """Newest first, of one dataset or of all, those with id < `before`."""

    # Settings: small values the node remembers.

    def setting(self, name: str) -> str | None: ...

    def put_setting(self, name: str, value: str) -> None: ...
