"""What `Store` hands out: frozen values, cut loose from the database.

They have the attributes that `exchange.storage` asks for; the exchange stands
above this floor and never sees a table.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DraftRecord:
    """A draft without its rows."""

    id: str
    filename: str
    rows: int
    ready: bool
    summary_json: bytes
    dataset: str
    created: int


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """A dataset whose rows lie here, without them."""

    dataset: str
    rows: int
    leaves: bytes = field(repr=False)
    created: int


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """Somebody of this agency."""

    kid: str
    public: bytes
    roles: tuple[str, ...]
    label: str
    added: int


@dataclass(frozen=True, slots=True)
class ReceiptRecord:
    """A receipt and the names of what is attached."""

    id: str
    operation: str
    subject: str
    index: int
    body: bytes = field(repr=False)
    attachments: tuple[str, ...]
    made: int


@dataclass(frozen=True, slots=True)
class UseRecord:
    """One line of the log of who used what."""

    id: int
    at: int
    agency: str
    person: str
    action: str
    dataset: str
    grant: str
    subject: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer that an Idempotency-Key stands for."""

    status: int
    headers_json: bytes = field(repr=False)
    body: bytes = field(repr=False)
