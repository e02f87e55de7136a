"""A node's storage in memory: what `exchange.storage.Storage` asks for."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from privshare.errors import NotFound
from privshare.exchange.storage import RawRow, Row, StagedRow
from privshare.jobs.lifecycle import Job


@dataclass
class _Draft:
    id: str
    filename: str
    created: int
    rows: int = 0
    ready: bool = False
    summary_json: bytes = b""
    dataset: str = ""
    leaves: bytes = b""
    lines: list[RawRow] = field(default_factory=list)
    staged: list[StagedRow] = field(default_factory=list)


@dataclass
class _Dataset:
    dataset: str
    rows: int
    leaves: bytes
    created: int
    kept: dict[int, StagedRow] = field(default_factory=dict)


@dataclass(frozen=True)
class _Person:
    kid: str
    public: bytes
    roles: tuple[str, ...]
    label: str
    added: int


@dataclass(frozen=True)
class _Receipt:
    id: str
    operation: str
    subject: str
    index: int
    body: bytes
    attachments: tuple[str, ...]
    made: int


@dataclass(frozen=True)
class _Use:
    id: int
    at: int
    agency: str
    person: str
    action: str
    dataset: str
    grant: str
    subject: str
    outcome: str


class MemoryStore:
    """Everything in dictionaries; one test, one store."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._drafts: dict[str, _Draft] = {}
        self._datasets: dict[str, _Dataset] = {}
        self._documents: dict[str, bytes] = {}
        self._people: dict[str, _Person] = {}
        self._receipts: dict[str, _Receipt] = {}
        self._files: dict[tuple[str, str], bytes] = {}
        self._jobs: dict[str, Job] = {}
        self._blobs: dict[tuple[str, str], bytes] = {}
        self._uses: list[_Use] = []
        self._settings: dict[str, str] = {}

    # Drafts

    def create_draft(self, filename: str, now: int) -> str:
        draft = f"draft-{next(self._count)}"
        self._drafts[draft] = _Draft(draft, filename, now)
        return draft

    def _draft(self, draft: str) -> _Draft:
        if draft not in self._drafts:
            raise NotFound("expected a draft, found none")
        return self._drafts[draft]

    def add_draft_rows(self, draft: str, rows: Sequence[RawRow]) -> None:
        self._draft(draft).lines.extend(rows)

    def finish_draft(self, draft: str, rows: int, summary_json: bytes) -> None:
        found = self._draft(draft)
        found.rows, found.ready, found.summary_json = rows, True, summary_json

    def draft(self, draft: str) -> _Draft | None:
        return self._drafts.get(draft)

    def drafts(self) -> Sequence[_Draft]:
        return list(self._drafts.values())

    def draft_rows(self, draft: str, batch: int = 2_000) -> Iterator[list[RawRow]]:
        lines = self._draft(draft).lines
        for begin in range(0, len(lines), batch):
            yield lines[begin : begin + batch]

    def drop_draft(self, draft: str) -> None:
        self._drafts.pop(draft, None)

    def stage_rows(self, draft: str, rows: Iterable[Sequence[StagedRow]]) -> None:
        staged = [row for batch in rows for row in batch]
        self._draft(draft).staged = staged

    def stage(self, draft: str, dataset: str, leaves: bytes) -> None:
        found = self._draft(draft)
        found.dataset, found.leaves = dataset, leaves

    def promote(self, draft: str, now: int) -> None:
        found = self._drafts.pop(draft, None)
        if found is not None:
            rows = {row[0]: row for row in found.staged}
            self._datasets[found.dataset] = _Dataset(
                found.dataset, len(rows), found.leaves, now, rows
            )

    # Datasets

    def dataset(self, dataset: str) -> _Dataset | None:
        return self._datasets.get(dataset)

    def datasets(self) -> Sequence[_Dataset]:
        return [self._datasets[name] for name in sorted(self._datasets)]

    def rows(self, dataset: str, batch: int = 2_000) -> Iterator[list[Row]]:
        kept = self._datasets[dataset].kept if dataset in self._datasets else {}
        rows = [(i, data, salt) for i, _, data, salt in kept.values()]
        for begin in range(0, len(rows), batch):
            yield rows[begin : begin + batch]

    def row_by_key(self, dataset: str, key: str) -> Row | None:
        for batch in (
            [self._datasets[dataset].kept] if dataset in self._datasets else []
        ):
            for index, found, data, salt in batch.values():
                if found == key:
                    return index, data, salt
        return None

    def erase_row(self, dataset: str, index: int) -> None:
        self._datasets[dataset].kept.pop(index, None)

    # Documents and people

    def put_documents(self, documents: Mapping[str, bytes]) -> None:
        for digest, body in documents.items():
            self._documents.setdefault(digest, body)

    def document(self, digest: str) -> bytes | None:
        return self._documents.get(digest)

    def put_person(
        self, kid: str, public: bytes, roles: Sequence[str], label: str, now: int
    ) -> None:
        self._people[kid] = _Person(kid, public, tuple(roles), label, now)

    def person(self, kid: str) -> _Person | None:
        return self._people.get(kid)

    def people(self) -> Sequence[_Person]:
        return list(self._people.values())

    def remove_person(self, kid: str) -> None:
        self._people.pop(kid, None)

    # Receipts

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
        names = tuple(sorted(attachments))
        self._receipts[receipt] = _Receipt(
            receipt, operation, subject, index, body, names, now
        )
        for name, data in attachments.items():
            self._files[receipt, name] = data

    def receipt(self, receipt: str) -> _Receipt | None:
        return self._receipts.get(receipt)

    def receipts(
        self, limit: int = 50, before: int | None = None
    ) -> Sequence[_Receipt]:
        found = sorted(self._receipts.values(), key=lambda one: -one.index)
        return [one for one in found if before is None or one.index < before][:limit]

    def attachment(self, receipt: str, name: str) -> bytes | None:
        return self._files.get((receipt, name))

    def drop_attachments(self, receipt: str) -> None:
        self._files = {k: v for k, v in self._files.items() if k[0] != receipt}
        self._receipts[receipt] = replace(self._receipts[receipt], attachments=())

    # Jobs and their blobs

    def put_job(self, job: Job) -> None:
        self._jobs[job.id] = job

    def job(self, job: str) -> Job | None:
        return self._jobs.get(job)

    def job_on_ledger(self, ledger_id: str) -> Job | None:
        found = [one for one in self._jobs.values() if one.ledger_id == ledger_id]
        return found[0] if found and ledger_id else None

    def jobs(
        self, limit: int = 50, before: tuple[int, str] | None = None
    ) -> Sequence[Job]:
        found = sorted(
            self._jobs.values(), key=lambda one: (one.created, one.id), reverse=True
        )
        return [
            one for one in found if before is None or (one.created, one.id) < before
        ][:limit]

    def open_jobs(self) -> Sequence[Job]:
        return [one for one in self._jobs.values() if not one.ended]

    def put_blob(self, job: str, name: str, data: bytes) -> None:
        self._blobs[job, name] = data

    def blob(self, job: str, name: str) -> bytes | None:
        return self._blobs.get((job, name))

    def blob_jobs(self, prefix: str = "") -> Sequence[str]:
        jobs = {job for job, _ in list(self._blobs)}
        return sorted(job for job in jobs if job.startswith(prefix))

    def blob_names(self, job: str, after: str = "", limit: int = 1000) -> Sequence[str]:
        found = sorted(name for one, name in list(self._blobs) if one == job)
        return [name for name in found if name > after][:limit]

    def blob_size(self, job: str, name: str) -> int | None:
        found = self._blobs.get((job, name))
        return None if found is None else len(found)

    def blob_totals(self, prefix: str) -> Sequence[tuple[str, int, int]]:
        sizes: dict[str, list[int]] = {}
        for (job, _), data in sorted(self._blobs.items()):
            if job.startswith(prefix):
                sizes.setdefault(job, []).append(len(data))
        return [(job, len(of), sum(of)) for job, of in sizes.items()]

    def drop_blob(self, job: str, name: str) -> None:
        self._blobs.pop((job, name), None)

    def drop_blobs(self, job: str, prefix: str = "") -> None:
        for key in [k for k in list(self._blobs) if k[0] == job]:
            if key[1].startswith(prefix):
                self._blobs.pop(key, None)

    # Uses and settings

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
    ) -> None:
        number = next(self._count)
        self._uses.append(
            _Use(number, at, agency, person, action, dataset, grant, subject, outcome)
        )

    def uses(
        self, dataset: str | None = None, limit: int = 50, before: int | None = None
    ) -> Sequence[_Use]:
        found = [
            one
            for one in reversed(self._uses)
            if dataset in (None, one.dataset) and (before is None or one.id < before)
        ]
        return found[:limit]

    def setting(self, name: str) -> str | None:
        return self._settings.get(name)

    def put_setting(self, name: str, value: str) -> None:
        self._settings[name] = value

    def everything(self) -> Any:
        """All values, for tests that look for what must not be kept."""
        return vars(self)
