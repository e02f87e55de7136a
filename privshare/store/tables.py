"""The node's tables, each a SQLModel class.

A column named `*_json` holds canonical JSON as bytes. Digests, ids and kids
are text as the ledger spells them; times are Unix seconds. A change here
needs a migration beside it: a test compares the two.
"""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class DraftTable(SQLModel, table=True):
    """A table that was read and is not published."""

    __tablename__ = "draft"

    id: str = Field(primary_key=True)
    filename: str
    rows: int = 0
    ready: bool = False
    summary_json: bytes = b""
    dataset: str = ""
    leaves: bytes = b""
    staged: int | None = None  # sheet of the typed rows
    created: int = Field(index=True)


class DraftRowTable(SQLModel, table=True):
    """One row of a draft, as it was read."""

    __tablename__ = "draft_row"

    draft: str = Field(primary_key=True, foreign_key="draft.id", ondelete="CASCADE")
    idx: int = Field(primary_key=True)
    fields_json: bytes


class SheetTable(SQLModel, table=True):
    """A set of typed rows: staged under a draft, later a dataset's own."""

    __tablename__ = "sheet"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)


class RowTable(SQLModel, table=True):
    """One typed row with its salt."""

    __tablename__ = "row"
    __table_args__ = (sa.Index("row_by_key", "sheet", "key", unique=True),)

    sheet: int = Field(primary_key=True, foreign_key="sheet.id", ondelete="CASCADE")
    idx: int = Field(primary_key=True)
    key: str | None = None
    values_json: bytes
    salt: bytes


class DatasetTable(SQLModel, table=True):
    """A dataset whose rows lie here."""

    __tablename__ = "dataset"

    dataset: str = Field(primary_key=True)
    sheet: int = Field(foreign_key="sheet.id")
    rows: int
    leaves: bytes
    created: int


class DocumentTable(SQLModel, table=True):
    """A schema, metadata or policy by its digest."""

    __tablename__ = "document"

    digest: str = Field(primary_key=True)
    body: bytes


class PersonTable(SQLModel, table=True):
    """Somebody of this agency."""

    __tablename__ = "person"

    kid: str = Field(primary_key=True)
    public: bytes
    roles: str  # sorted, separated by spaces
    label: str
    added: int


class ReceiptTable(SQLModel, table=True):
    """A receipt."""

    __tablename__ = "receipt"

    id: str = Field(primary_key=True)
    operation: str
    subject: str
    index: int = Field(index=True)
    body: bytes
    made: int


class AttachmentTable(SQLModel, table=True):
    """A file that belongs to a receipt."""

    __tablename__ = "attachment"

    receipt: str = Field(primary_key=True, foreign_key="receipt.id", ondelete="CASCADE")
    name: str = Field(primary_key=True)
    data: bytes


class JobTable(SQLModel, table=True):
    """A job that this node coordinates; the fields of `jobs.lifecycle.Job`."""

    __tablename__ = "job"
    __table_args__ = (sa.Index("job_by_age", "created", "id"),)

    id: str = Field(primary_key=True)
    operation: str
    spec: bytes
    deadline: int
    created: int
    ledger_id: str = Field(default="", index=True)
    phase: str = Field(index=True)
    done: int = 0
    total: int = 0
    note: str = ""
    heartbeat: int = 0
    cancelled: str = ""
    problem_json: bytes = b""
    result: bytes = b""
    receipt: str = ""
    person: str = ""


class BlobTable(SQLModel, table=True):
    """What a job needs between its steps."""

    __tablename__ = "blob"

    job: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    data: bytes


class UseTable(SQLModel, table=True):
    """One line of the log of who used what."""

    __tablename__ = "use"
    __table_args__ = (
        sa.Index("use_by_dataset", "dataset", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    at: int
    agency: str
    person: str
    action: str
    dataset: str
    grant: str
    subject: str
    outcome: str


class SettingTable(SQLModel, table=True):
    """A small value that the node remembers."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True)
    value: str


class RequestTable(SQLModel, table=True):
    """An Idempotency-Key and, once there is one, the answer it stands for."""

    __tablename__ = "request"

    principal: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    digest: bytes  # of method, path and body
    boot: str  # the process that took it
    status: int | None = None  # None while in flight
    headers_json: bytes = b""
    body: bytes = b""
    created: int = Field(index=True)


def table(model: type[SQLModel]) -> sa.Table:
    """Return the Core table of a model, for the hot paths."""
    return cast(sa.Table, model.__table__)  # type: ignore[attr-defined]
