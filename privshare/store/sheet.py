"""Drafts and datasets: tables of rows, before and after they are published.

Typed rows lie in a *sheet*. A sheet is staged under a draft and later belongs
to a dataset; publishing moves the sheet's number and not a single row, so it
is one short transaction whatever the size.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from privshare.errors import Conflict, NotFound
from privshare.store.engine import reading, scrub, writing
from privshare.store.row import DatasetRecord, DraftRecord
from privshare.store.tables import (
    DatasetTable,
    DraftRowTable,
    DraftTable,
    RowTable,
    SheetTable,
    table,
)

_DRAFT = table(DraftTable)
_DRAFT_ROW = table(DraftRowTable)
_SHEET = table(SheetTable)
_ROW = table(RowTable)
_DATASET = table(DatasetTable)

_DRAFT_COLUMNS = (
    _DRAFT.c.id,
    _DRAFT.c.filename,
    _DRAFT.c.rows,
    _DRAFT.c.ready,
    _DRAFT.c.summary_json,
    _DRAFT.c.dataset,
    _DRAFT.c.created,
)
_DATASET_COLUMNS = (
    _DATASET.c.dataset,
    _DATASET.c.rows,
    _DATASET.c.leaves,
    _DATASET.c.created,
)

RawRow = tuple[int, bytes]
StagedRow = tuple[int, str | None, bytes, bytes]
Row = tuple[int, bytes, bytes]


class Sheets:
    """The part of `Store` that keeps drafts and datasets.

    The methods are those of `exchange.storage.Storage`, where each of them is
    described.
    """

    _engine: sa.Engine

    def create_draft(self, filename: str, now: int) -> str:
        """Make an empty draft and return its id."""
        draft = secrets.token_urlsafe(16)
        with writing(self._engine) as db:
            db.execute(
                _DRAFT.insert().values(
                    id=draft,
                    filename=filename,
                    rows=0,
                    ready=False,
                    summary_json=b"",
                    dataset="",
                    leaves=b"",
                    created=now,
                )
            )
        return draft

    def add_draft_rows(self, draft: str, rows: Sequence[RawRow]) -> None:
        """Append a batch of rows as read."""
        with writing(self._engine) as db:
            _require(db, draft)
            if rows:
                db.execute(
                    _DRAFT_ROW.insert(),
                    [
                        {"draft": draft, "idx": index, "fields_json": fields}
                        for index, fields in rows
                    ],
                )

    def finish_draft(self, draft: str, rows: int, summary_json: bytes) -> None:
        """Mark the draft ready."""
        with writing(self._engine) as db:
            _require(db, draft)
            db.execute(
                _DRAFT.update()
                .where(_DRAFT.c.id == draft)
                .values(rows=rows, summary_json=summary_json, ready=True)
            )

    def draft(self, draft: str) -> DraftRecord | None:
        """Find a draft."""
        with reading(self._engine) as db:
            found = db.execute(
                sa.select(*_DRAFT_COLUMNS).where(_DRAFT.c.id == draft)
            ).first()
        return DraftRecord(*found) if found else None

    def drafts(self) -> tuple[DraftRecord, ...]:
        """List all drafts, oldest first."""
        with reading(self._engine) as db:
            found = db.execute(
                sa.select(*_DRAFT_COLUMNS).order_by(_DRAFT.c.created, _DRAFT.c.id)
            ).all()
        return tuple(DraftRecord(*row) for row in found)

    def draft_rows(self, draft: str, batch: int = 2_000) -> Iterator[list[RawRow]]:
        """Yield the rows as read, `batch` at a time."""
        columns = (_DRAFT_ROW.c.idx, _DRAFT_ROW.c.fields_json)
        for rows in self._pages(columns, _DRAFT_ROW.c.draft == draft, batch):
            yield [(row[0], row[1]) for row in rows]

    def drop_draft(self, draft: str) -> None:
        """Delete a draft with its rows and staged rows."""
        with writing(self._engine) as db:
            _drop_sheet(db, _staged(db, draft))
            db.execute(_DRAFT_ROW.delete().where(_DRAFT_ROW.c.draft == draft))
            db.execute(_DRAFT.delete().where(_DRAFT.c.id == draft))
        scrub(self._engine)

    def stage_rows(self, draft: str, rows: Iterable[Sequence[StagedRow]]) -> None:
        """Keep the typed rows beside the draft, all or none."""
        with writing(self._engine) as db:
            _require(db, draft)
            _drop_sheet(db, _staged(db, draft))
            sheet = _new_sheet(db)
            for batch in rows:
                if batch:
                    _insert_rows(db, sheet, batch)
            db.execute(_DRAFT.update().where(_DRAFT.c.id == draft).values(staged=sheet))

    def stage(self, draft: str, dataset: str, leaves: bytes) -> None:
        """Remember which dataset the staged rows will be."""
        with writing(self._engine) as db:
            _require(db, draft)
            db.execute(
                _DRAFT.update()
                .where(_DRAFT.c.id == draft)
                .values(dataset=dataset, leaves=leaves)
            )

    def promote(self, draft: str, now: int) -> None:
        """Turn the staged rows into the dataset's rows; the draft is gone."""
        with writing(self._engine) as db:
            found = db.execute(sa.select(_DRAFT).where(_DRAFT.c.id == draft)).first()
            if found is None:
                return
            if not found.dataset or found.staged is None:
                raise Conflict(f"expected a staged draft, found {draft} without rows")
            old = db.execute(
                sa.select(_DATASET.c.sheet).where(_DATASET.c.dataset == found.dataset)
            ).scalar()
            db.execute(_DATASET.delete().where(_DATASET.c.dataset == found.dataset))
            rows = len(found.leaves) // 32
            db.execute(
                _DATASET.insert().values(
                    dataset=found.dataset,
                    sheet=found.staged,
                    rows=rows,
                    leaves=found.leaves,
                    created=now,
                )
            )
            _drop_sheet(db, old)
            db.execute(_DRAFT_ROW.delete().where(_DRAFT_ROW.c.draft == draft))
            db.execute(_DRAFT.delete().where(_DRAFT.c.id == draft))
        scrub(self._engine)

    def dataset(self, dataset: str) -> DatasetRecord | None:
        """Find a dataset whose rows are here."""
        with reading(self._engine) as db:
            found = db.execute(
                sa.select(*_DATASET_COLUMNS).where(_DATASET.c.dataset == dataset)
            ).first()
        return DatasetRecord(*found) if found else None

    def datasets(self) -> tuple[DatasetRecord, ...]:
        """List the datasets whose rows are here, by id."""
        with reading(self._engine) as db:
            found = db.execute(
                sa.select(*_DATASET_COLUMNS).order_by(_DATASET.c.dataset)
            ).all()
        return tuple(DatasetRecord(*row) for row in found)

    def rows(self, dataset: str, batch: int = 2_000) -> Iterator[list[Row]]:
        """Yield a dataset's rows in order, `batch` at a time."""
        sheet = self._sheet(dataset)
        if sheet is None:
            return
        columns = (_ROW.c.idx, _ROW.c.values_json, _ROW.c.salt)
        for rows in self._pages(columns, _ROW.c.sheet == sheet, batch):
            yield [(row[0], row[1], row[2]) for row in rows]

    def row_by_key(self, dataset: str, key: str) -> Row | None:
        """Find the row whose key column holds `key`."""
        sheet = self._sheet(dataset)
        with reading(self._engine) as db:
            found = db.execute(
                sa.select(_ROW.c.idx, _ROW.c.values_json, _ROW.c.salt).where(
                    _ROW.c.sheet == sheet, _ROW.c.key == key
                )
            ).first()
        return (found[0], found[1], found[2]) if found else None

    def erase_row(self, dataset: str, index: int) -> None:
        """Delete key, values and salt of a row for good."""
        with writing(self._engine) as db:
            db.execute(
                _ROW.delete().where(
                    _ROW.c.sheet
                    == sa.select(_DATASET.c.sheet)
                    .where(_DATASET.c.dataset == dataset)
                    .scalar_subquery(),
                    _ROW.c.idx == index,
                )
            )
        scrub(self._engine)

    def _sheet(self, dataset: str) -> int | None:
        with reading(self._engine) as db:
            return db.execute(
                sa.select(_DATASET.c.sheet).where(_DATASET.c.dataset == dataset)
            ).scalar()

    def _pages(
        self,
        columns: Sequence[sa.Column[Any]],
        where: sa.ColumnElement[bool],
        batch: int,
    ) -> Iterator[Sequence[Any]]:
        """Read rows in order of the first column; no transaction stays open."""
        index = columns[0]
        last = -1
        while True:
            with reading(self._engine) as db:
                page = db.execute(
                    sa.select(*columns)
                    .where(where, index > last)
                    .order_by(index)
                    .limit(batch)
                ).all()
            if page:
                yield page
                last = page[-1][0]
            if len(page) < batch:
                return


def _require(db: sa.Connection, draft: str) -> None:
    known = sa.select(_DRAFT.c.id).where(_DRAFT.c.id == draft)
    if db.execute(known).first() is None:
        raise NotFound("expected a draft, found none of that id")


def _staged(db: sa.Connection, draft: str) -> int | None:
    return db.execute(sa.select(_DRAFT.c.staged).where(_DRAFT.c.id == draft)).scalar()


def _drop_sheet(db: sa.Connection, sheet: int | None) -> None:
    if sheet is not None:
        db.execute(_ROW.delete().where(_ROW.c.sheet == sheet))
        db.execute(_SHEET.delete().where(_SHEET.c.id == sheet))


def _new_sheet(db: sa.Connection) -> int:
    made = db.execute(_SHEET.insert().returning(_SHEET.c.id))
    return int(made.scalar_one())


def _insert_rows(db: sa.Connection, sheet: int, rows: Sequence[StagedRow]) -> None:
    try:
        db.execute(
            _ROW.insert(),
            [
                {"sheet": sheet, "idx": i, "key": key, "values_json": v, "salt": salt}
                for i, key, v, salt in rows
            ],
        )
    except sa.exc.IntegrityError:
        raise Conflict(
            "expected each key once in the key column, found one twice",
            fix="Choose another key column, or mend the file.",
        ) from None
