"""The storage of one node: what `exchange.storage.Storage` asks for.

    node_process ─► Store.open(DIR/node.db) ─► exchange.Node

Safe to call from several threads. A method that writes has returned only when
SQLite has synchronised the file. Core statements throughout: a column of a
million rows passes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from privshare.jobs.lifecycle import ENDED, Job, Phase, Problem
from privshare.store.engine import open_engine, reading, scrub, writing
from privshare.store.migrate import migrate
from privshare.store.request import Requests
from privshare.store.row import PersonRecord, ReceiptRecord, UseRecord
from privshare.store.sheet import Sheets
from privshare.store.tables import (
    AttachmentTable,
    BlobTable,
    DocumentTable,
    JobTable,
    PersonTable,
    ReceiptTable,
    SettingTable,
    UseTable,
    table,
)
from privshare.wire.canonical import decode, encode

_DOCUMENT = table(DocumentTable)
_PERSON = table(PersonTable)
_RECEIPT = table(ReceiptTable)
_ATTACHMENT = table(AttachmentTable)
_JOB = table(JobTable)
_BLOB = table(BlobTable)
_USE = table(UseTable)
_SETTING = table(SettingTable)

#: Behind every character of an id.
_LAST = "\x7f"


class Store(Sheets, Requests):
    """One node's rows, documents, people, receipts, jobs and settings.

    The methods are those of `exchange.storage.Storage`, where each of them is
    described, and those of `Requests`.

    Args:
        engine: From `open_engine`, migrated.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open a node's database, bringing its tables up to date.

        Raises:
            ConfigError: No database that can be kept safely, or one that a
                newer version of PrivShare wrote.
        """
        engine = open_engine(path)
        migrate(engine)
        return cls(engine)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    # Documents

    def put_documents(self, documents: Mapping[str, bytes]) -> None:
        """Keep canonical bytes under their digest."""
        if not documents:
            return
        rows = [{"digest": d, "body": body} for d, body in documents.items()]
        with writing(self._engine) as db:
            db.execute(insert(_DOCUMENT).on_conflict_do_nothing(), rows)

    def document(self, digest: str) -> bytes | None:
        """Find a document by its digest."""
        return self._bytes(
            sa.select(_DOCUMENT.c.body).where(_DOCUMENT.c.digest == digest)
        )

    # People

    def put_person(
        self, kid: str, public: bytes, roles: Sequence[str], label: str, now: int
    ) -> None:
        """Add somebody, or change roles and label."""
        changed = {"roles": " ".join(sorted(set(roles))), "label": label}
        with writing(self._engine) as db:
            db.execute(
                insert(_PERSON)
                .values(kid=kid, public=public, added=now, **changed)
                .on_conflict_do_update(index_elements=["kid"], set_=changed)
            )

    def person(self, kid: str) -> PersonRecord | None:
        """Find somebody by key id."""
        with reading(self._engine) as db:
            found = db.execute(sa.select(_PERSON).where(_PERSON.c.kid == kid)).first()
        return _person(found) if found else None

    def people(self) -> tuple[PersonRecord, ...]:
        """List everybody, by time of entry."""
        with reading(self._engine) as db:
            found = db.execute(
                sa.select(_PERSON).order_by(_PERSON.c.added, _PERSON.c.kid)
            ).all()
        return tuple(map(_person, found))

    def remove_person(self, kid: str) -> None:
        """Forget somebody."""
        with writing(self._engine) as db:
            db.execute(_PERSON.delete().where(_PERSON.c.kid == kid))

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
        """Keep a receipt with its attachments; the same id replaces it."""
        with writing(self._engine) as db:
            db.execute(_ATTACHMENT.delete().where(_ATTACHMENT.c.receipt == receipt))
            db.execute(_RECEIPT.delete().where(_RECEIPT.c.id == receipt))
            db.execute(
                _RECEIPT.insert().values(
                    id=receipt,
                    operation=operation,
                    subject=subject,
                    index=index,
                    body=body,
                    made=now,
                )
            )
            for name, data in attachments.items():
                db.execute(
                    _ATTACHMENT.insert().values(receipt=receipt, name=name, data=data)
                )

    def receipt(self, receipt: str) -> ReceiptRecord | None:
        """Find a receipt by its id."""
        found = self._receipts(_RECEIPT.c.id == receipt, 1)
        return found[0] if found else None

    def receipts(
        self, limit: int = 50, before: int | None = None
    ) -> tuple[ReceiptRecord, ...]:
        """List receipts, the newest first."""
        older = _RECEIPT.c.index < before if before is not None else sa.true()
        return self._receipts(older, limit)

    def attachment(self, receipt: str, name: str) -> bytes | None:
        """Read a file that belongs to a receipt."""
        return self._bytes(
            sa.select(_ATTACHMENT.c.data).where(
                _ATTACHMENT.c.receipt == receipt, _ATTACHMENT.c.name == name
            )
        )

    def drop_attachments(self, receipt: str) -> None:
        """Forget for good what is attached to a receipt."""
        with writing(self._engine) as db:
            db.execute(_ATTACHMENT.delete().where(_ATTACHMENT.c.receipt == receipt))
        scrub(self._engine)

    def _receipts(
        self, where: sa.ColumnElement[bool], limit: int
    ) -> tuple[ReceiptRecord, ...]:
        with reading(self._engine) as db:
            found = db.execute(
                sa.select(_RECEIPT)
                .where(where)
                .order_by(_RECEIPT.c.index.desc(), _RECEIPT.c.id)
                .limit(limit)
            ).all()
            ids = [row.id for row in found]
            names: dict[str, list[str]] = {}
            pairs = sa.select(_ATTACHMENT.c.receipt, _ATTACHMENT.c.name).where(
                _ATTACHMENT.c.receipt.in_(ids)
            )
            for receipt, name in db.execute(pairs).all() if ids else ():
                names.setdefault(receipt, []).append(name)
        return tuple(
            ReceiptRecord(
                id=row.id,
                operation=row.operation,
                subject=row.subject,
                index=row._mapping["index"],
                body=row.body,
                attachments=tuple(sorted(names.get(row.id, ()))),
                made=row.made,
            )
            for row in found
        )

    # Jobs

    def put_job(self, job: Job) -> None:
        """Insert or replace a job."""
        values = {
            column.name: getattr(job, column.name)
            for column in _JOB.c
            if column.name != "problem_json"
        }
        values["problem_json"] = encode(job.problem.to_json()) if job.problem else b""
        with writing(self._engine) as db:
            db.execute(
                insert(_JOB)
                .values(**values)
                .on_conflict_do_update(index_elements=["id"], set_=values)
            )

    def job(self, job: str) -> Job | None:
        """Find a job by the node's own id."""
        return self._first_job(_JOB.c.id == job)

    def job_on_ledger(self, ledger_id: str) -> Job | None:
        """Find a job by its id on the ledger."""
        if not ledger_id:
            return None
        return self._first_job(_JOB.c.ledger_id == ledger_id)

    def jobs(
        self, limit: int = 50, before: tuple[int, str] | None = None
    ) -> tuple[Job, ...]:
        """List jobs, the newest first."""
        query = sa.select(_JOB).order_by(_JOB.c.created.desc(), _JOB.c.id.desc())
        if before is not None:
            query = query.where(sa.tuple_(_JOB.c.created, _JOB.c.id) < before)
        with reading(self._engine) as db:
            return tuple(map(_job, db.execute(query.limit(limit)).all()))

    def open_jobs(self) -> tuple[Job, ...]:
        """List jobs that have not ended, the oldest first."""
        query = (
            sa.select(_JOB)
            .where(_JOB.c.phase.not_in(sorted(ENDED)))
            .order_by(_JOB.c.created, _JOB.c.id)
        )
        with reading(self._engine) as db:
            return tuple(map(_job, db.execute(query).all()))

    def _first_job(self, where: sa.ColumnElement[bool]) -> Job | None:
        with reading(self._engine) as db:
            found = db.execute(sa.select(_JOB).where(where)).first()
        return _job(found) if found else None

    # Blobs

    def put_blob(self, job: str, name: str, data: bytes) -> None:
        """Keep bytes for a job under a name."""
        with writing(self._engine) as db:
            db.execute(
                insert(_BLOB)
                .values(job=job, name=name, data=data)
                .on_conflict_do_update(
                    index_elements=["job", "name"], set_={"data": data}
                )
            )

    def blob(self, job: str, name: str) -> bytes | None:
        """Read what was kept for a job under a name."""
        return self._bytes(
            sa.select(_BLOB.c.data).where(_BLOB.c.job == job, _BLOB.c.name == name)
        )

    def blob_jobs(self, prefix: str = "") -> tuple[str, ...]:
        """List the jobs, of ids that begin so, that still have blobs here."""
        within = (_BLOB.c.job >= prefix, _BLOB.c.job < prefix + _LAST)
        jobs = sa.select(_BLOB.c.job).distinct().order_by(_BLOB.c.job)
        with reading(self._engine) as db:
            return tuple(row[0] for row in db.execute(jobs.where(*within)))

    def blob_names(
        self, job: str, after: str = "", limit: int = 1000
    ) -> tuple[str, ...]:
        """Names of a job's blobs behind another name, in order."""
        query = (
            sa.select(_BLOB.c.name)
            .where(_BLOB.c.job == job, _BLOB.c.name > after)
            .order_by(_BLOB.c.name)
            .limit(limit)
        )
        with reading(self._engine) as db:
            return tuple(row[0] for row in db.execute(query))

    def blob_size(self, job: str, name: str) -> int | None:
        """Bytes of what was kept for a job under a name."""
        query = sa.select(sa.func.length(_BLOB.c.data)).where(
            _BLOB.c.job == job, _BLOB.c.name == name
        )
        with reading(self._engine) as db:
            return cast("int | None", db.execute(query).scalar())

    def blob_totals(self, prefix: str) -> tuple[tuple[str, int, int], ...]:
        """Count the blobs, and their bytes, of jobs whose ids begin so."""
        query = (
            sa.select(
                _BLOB.c.job, sa.func.count(), sa.func.sum(sa.func.length(_BLOB.c.data))
            )
            .where(_BLOB.c.job >= prefix)
            .where(sa.func.substr(_BLOB.c.job, 1, len(prefix)) == prefix)
            .group_by(_BLOB.c.job)
            .order_by(_BLOB.c.job)
        )
        with reading(self._engine) as db:
            return tuple((row[0], row[1], row[2]) for row in db.execute(query))

    def drop_blob(self, job: str, name: str) -> None:
        """Delete what was kept for a job under a name."""
        with writing(self._engine) as db:
            db.execute(_BLOB.delete().where(_BLOB.c.job == job, _BLOB.c.name == name))

    def drop_blobs(self, job: str, prefix: str = "") -> None:
        """Delete a job's blobs whose names start with `prefix`."""
        with writing(self._engine) as db:
            starts = sa.func.substr(_BLOB.c.name, 1, len(prefix)) == prefix
            db.execute(_BLOB.delete().where(_BLOB.c.job == job, starts))

    # Who used what

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
        """Write one line of the log of who used what."""
        with writing(self._engine) as db:
            db.execute(
                _USE.insert().values(
                    at=at,
                    agency=agency,
                    person=person,
                    action=action,
                    dataset=dataset,
                    grant=grant,
                    subject=subject,
                    outcome=outcome,
                )
            )

    def uses(
        self, dataset: str | None = None, limit: int = 50, before: int | None = None
    ) -> tuple[UseRecord, ...]:
        """List lines of that log, the newest first."""
        query = sa.select(_USE).order_by(_USE.c.id.desc()).limit(limit)
        if dataset is not None:
            query = query.where(_USE.c.dataset == dataset)
        if before is not None:
            query = query.where(_USE.c.id < before)
        with reading(self._engine) as db:
            return tuple(UseRecord(**row) for row in db.execute(query).mappings().all())

    # Settings

    def setting(self, name: str) -> str | None:
        """Read a small value."""
        query = sa.select(_SETTING.c.value).where(_SETTING.c.name == name)
        with reading(self._engine) as db:
            return cast("str | None", db.execute(query).scalar())

    def put_setting(self, name: str, value: str) -> None:
        """Remember a small value."""
        with writing(self._engine) as db:
            db.execute(
                insert(_SETTING)
                .values(name=name, value=value)
                .on_conflict_do_update(index_elements=["name"], set_={"value": value})
            )

    def _bytes(self, query: sa.Select[Any]) -> bytes | None:
        with reading(self._engine) as db:
            return cast("bytes | None", db.execute(query).scalar())


def _person(row: sa.Row[Any]) -> PersonRecord:
    return PersonRecord(
        row.kid, row.public, tuple(row.roles.split()), row.label, row.added
    )


def _job(row: sa.Row[Any]) -> Job:
    problem = row.problem_json
    return Job(
        id=row.id,
        operation=row.operation,
        spec=row.spec,
        deadline=row.deadline,
        created=row.created,
        ledger_id=row.ledger_id,
        phase=cast(Phase, row.phase),
        done=row.done,
        total=row.total,
        note=row.note,
        heartbeat=row.heartbeat,
        cancelled=row.cancelled,
        problem=(
            Problem.from_json(cast(dict[str, str], decode(problem)))
            if problem
            else None
        ),
        result=row.result,
        receipt=row.receipt,
        person=row.person,
    )
