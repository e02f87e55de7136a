"""From a file to a dataset: import, publish, recover.

    file ─► import_csv ─► draft ─► publish ─► rows here, commitments on the ledger

A draft that fails leaves nothing. Publishing writes the typed rows beside the
draft, then asks the ledger, then promotes them in one transaction; `recover`
finishes what a crash interrupted in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from privshare.bindings import merkle
from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import drawer
from privshare.exchange.node import Node
from privshare.exchange.storage import StagedRow, Storage
from privshare.ledger import query
from privshare.ledger.values import Dataset
from privshare.rights import identifier
from privshare.rights.dataset import commit_rows, draw_salts, metadata_digest
from privshare.rights.inference import infer_schema
from privshare.rights.policy import Permission, Policy
from privshare.rights.schema import Cell, Column, Schema
from privshare.rights.table import MAX_BYTES, MAX_ROWS, read_csv
from privshare.wire.canonical import Json, b64u, decode, encode

__all__ = [
    "Draft",
    "Published",
    "import_csv",
    "publish",
    "read_policy",
    "recover",
]

_BATCH = 4_096
_LINES = 20_000
_TITLE = 256
_DESCRIPTION = 4_096


@dataclass(frozen=True, slots=True)
class Draft:
    """A table that was read: what `publish` starts from.

    Attributes:
        id: The draft's id.
        filename: What its owner called it.
        rows: How many.
        schema: As inferred; the owner corrects it when publishing.
    """

    id: str
    filename: str
    rows: int
    schema: Schema


@dataclass(frozen=True, slots=True)
class Published:
    """A dataset after a change.

    Attributes:
        dataset: Its id.
        version: The dataset's version on the ledger.
        rows: How many.
        receipt: Id of the receipt.
    """

    dataset: str
    version: int
    rows: int
    receipt: str


# -- import -------------------------------------------------------------------


def import_csv(
    node: Node,
    stream: BinaryIO,
    *,
    filename: str = "",
    max_bytes: int = MAX_BYTES,
    max_rows: int = MAX_ROWS,
) -> Draft:
    """Read a CSV file into a draft, and propose a schema.

    Args:
        node: This node.
        stream: A binary file, read once and to its end.
        filename: For people.
        max_bytes: More is refused.
        max_rows: More is refused.

    Returns:
        A draft that `publish` takes.

    Raises:
        EncodingError: Not such a table; `detail` has row, column, expected
            and found. Nothing of it is kept.
        OutOfRange: Too large.
    """
    store = node.store
    draft = store.create_draft(filename[:_TITLE], node.clock())
    try:
        recorder = _Recorder(stream, store, draft)
        schema = infer_schema(
            cast(BinaryIO, recorder), max_bytes=max_bytes, max_rows=max_rows
        )
        recorder.flush()
        rows = sum(1 for _ in read_csv(_replay(store, draft), schema))
        store.finish_draft(draft, rows, encode(schema.to_json()))
    except BaseException:
        store.drop_draft(draft)
        raise
    return Draft(draft, filename[:_TITLE], rows, schema)


class _Recorder:
    """Passes a file's lines on and keeps them in the draft."""

    def __init__(self, stream: BinaryIO, store: Storage, draft: str) -> None:
        self._stream, self._store, self._draft = stream, store, draft
        self._lines: list[tuple[int, bytes]] = []
        self._count = 0

    def readline(self, limit: int = -1) -> bytes:
        line = self._stream.readline(limit)
        if line:
            self._lines.append((self._count, line))
            self._count += 1
            if len(self._lines) >= _LINES:
                self.flush()
        return line

    def flush(self) -> None:
        self._store.add_draft_rows(self._draft, self._lines)
        self._lines = []


class _Replay:
    """A draft's lines as a file."""

    def __init__(self, store: Storage, draft: str) -> None:
        self._lines = (
            line for batch in store.draft_rows(draft, _BATCH) for _, line in batch
        )

    def readline(self, limit: int = -1) -> bytes:
        return next(self._lines, b"")


def _replay(store: Storage, draft: str) -> BinaryIO:
    return cast(BinaryIO, _Replay(store, draft))


# -- publish ------------------------------------------------------------------


def publish(
    node: Node,
    draft: str,
    *,
    name: str,
    title: str,
    description: str = "",
    columns: Sequence[Mapping[str, Json]] = (),
    key: str | None = None,
    policy: Mapping[str, Json] | None = None,
    provable: Sequence[str] = (),
    person: str = "",
) -> Published:
    """Publish a draft: its rows stay here, their commitments go on the ledger.

    Args:
        node: This node.
        draft: From `import_csv`.
        name: The dataset's name behind the slash.
        title: One line for the catalogue.
        description: More of it.
        columns: The columns to publish, in order, each an object with `name`
            and whatever shall differ from the proposal (`type`, `nullable`,
            `scale`, `categories`, `minimum`, `maximum`, `provable`). None: all
            of them. The others are not kept.
        key: The column that identifies a record, or None.
        policy: The owner's rules; without any, every request is refused.
        provable: Columns of which things can be proven later without showing
            a cell. None of their cells may be empty.
        person: Who asked.

    Raises:
        NotFound: No such draft, or no such column.
        StepNotAllowed: The draft is not ready.
        Conflict: The dataset exists.
        EncodingError: A cell that is not of its column's type, with row and
            column; a policy or a schema of another form.
        Unavailable: The ledger did not answer; `recover` finishes or undoes.
    """
    dataset = f"{node.agency}/{name}"
    identifier.DATASET.check(dataset, "name")
    inferred = _ready(node, draft)
    if _held(node, dataset) is not None:
        raise Conflict(
            f"expected a name that is free, found the dataset {dataset}",
            fix="Choose another name; a name is never used twice.",
        )
    schema, reading = _schemas(inferred, columns, key, provable)
    rules = read_policy(dataset, policy or {}, schema)
    metadata = _metadata(title, description)
    leaves = _stage(node, draft, schema, reading)
    body: dict[str, Json] = {
        "dataset": dataset,
        "metadata": b64u(metadata_digest(metadata)),
        "policy": b64u(rules.digest()),
        "root": b64u(merkle.root(leaves)),
        "rows": len(leaves) // 32,
        "schema": b64u(schema.digest()),
    }
    node.store.put_documents(
        {
            b64u(schema.digest()): encode(schema.to_json()),
            b64u(metadata_digest(metadata)): encode(metadata),
            b64u(rules.digest()): encode(rules.to_json()),
        }
    )
    node.store.stage(draft, dataset, leaves)
    try:
        committed = node.submit("dataset.register", body)
    except Unavailable:
        raise  # it may be on the ledger: recover will see
    except PrivShareError:
        node.store.stage(draft, "", b"")
        raise
    node.store.promote(draft, node.clock())
    node.store.log_use(
        node.clock(), node.agency, "dataset.publish", person=person, dataset=dataset
    )
    receipt = drawer.file(
        node,
        "dataset.publish",
        committed,
        dataset,
        evidence={
            "metadata": metadata,
            "policy": rules.to_json(),
            "schema": schema.to_json(),
        },
    )
    return Published(dataset, 1, len(leaves) // 32, receipt)


def recover(node: Node) -> None:
    """Finish what a crash interrupted. Run once when the node starts.

    Drafts that were never ready are dropped; a dataset that reached the ledger
    gets its rows; one that did not is a draft again; rows whose erasure is on
    the ledger are erased.
    """
    view = node.view()
    for draft in node.store.drafts():
        if not draft.ready:
            node.store.drop_draft(draft.id)
        elif draft.dataset:
            if view.get(f"dataset/{draft.dataset}") is not None:
                node.store.promote(draft.id, node.clock())
            else:
                node.store.stage(draft.id, "", b"")
    for own in node.store.datasets():
        prefix = f"erased/{own.dataset}/"
        for name, _ in view.items(prefix):
            node.store.erase_row(own.dataset, int(name.removeprefix(prefix)))


def _ready(node: Node, draft: str) -> Schema:
    found = node.store.draft(draft)
    if found is None:
        raise NotFound("expected a draft of this node, found none by that id")
    if not found.ready:
        raise StepNotAllowed("expected a draft that was read to its end")
    return Schema.from_json(decode(found.summary_json))


def _schemas(
    inferred: Schema,
    columns: Sequence[Mapping[str, Json]],
    key: str | None,
    provable: Sequence[str],
) -> tuple[Schema, Schema]:
    """The schema to publish, and one that reads the whole file.

    Columns that are not published are read as text and dropped.
    """
    chosen = (
        tuple(_corrected(inferred, item) for item in columns)
        if columns
        else inferred.columns
    )
    if key is not None:
        chosen = tuple(_as_key(c) if c.name == key else c for c in chosen)
    for name in provable:
        place = Schema(chosen).index(name)
        named = replace(chosen[place], provable=True)
        chosen = (*chosen[:place], named, *chosen[place + 1 :])
    schema = Schema(chosen, key)
    by_name = {column.name: column for column in chosen}
    reading = tuple(
        by_name.get(column.name, Column(column.name, "string", nullable=True))
        for column in inferred.columns
    )
    return schema, Schema(reading, key)


def _corrected(inferred: Schema, item: Mapping[str, Json]) -> Column:
    name = item.get("name")
    if not isinstance(name, str):
        raise EncodingError("columns: expected an object with a name, found none")
    proposed = inferred.column(name).to_json()
    unknown = sorted(set(item) - set(proposed))
    if unknown:
        raise EncodingError(
            f"column {name}: expected fields among {', '.join(sorted(proposed))}, "
            f"found {identifier.shown(unknown[0])}"
        )
    if item.get("type", proposed["type"]) != proposed["type"]:
        proposed |= {"categories": None, "scale": None}
    return Column.from_json({**proposed, **item}, f"columns, {name}")


def _as_key(column: Column) -> Column:
    """A key is text or an integer and never null, whatever was proposed."""
    if column.type in ("int", "string"):
        return replace(column, nullable=False)
    return Column(column.name, "string")


def read_policy(dataset: str, rules: Mapping[str, Json], schema: Schema) -> Policy:
    policy = Policy.from_json(
        {"dataset": dataset, "default": "prohibit", "rules": [], "v": 1, **rules}
    )
    if policy.dataset != dataset:
        raise EncodingError(
            f"policy.dataset: expected {dataset}, found {policy.dataset}"
        )
    for rule in policy.rules:
        named = rule.columns + (rule.group_by if isinstance(rule, Permission) else ())
        for column in named:
            if column != "*":
                schema.index(column)
    return policy


def _metadata(title: str, description: str) -> dict[str, Json]:
    for name, text, most in (
        ("title", title, _TITLE),
        ("description", description, _DESCRIPTION),
    ):
        if len(text) > most:
            raise EncodingError(
                f"{name}: expected at most {most} characters, found {len(text)}"
            )
    if not title.strip():
        raise EncodingError("title: expected some text, found none")
    return {"description": description, "title": title, "v": 1}


def _stage(node: Node, draft: str, schema: Schema, reading: Schema) -> bytes:
    """Write the typed rows beside the draft; returns the leaf hashes."""
    leaves: list[bytes] = []
    places = [reading.index(name) for name in schema.names]
    rows = read_csv(_replay(node.store, draft), reading)
    node.store.stage_rows(draft, _staged(schema, places, rows, leaves))
    return b"".join(leaves)


def _staged(
    schema: Schema,
    places: Sequence[int],
    rows: Iterator[list[Cell]],
    leaves: list[bytes],
) -> Iterator[list[StagedRow]]:
    first = 0
    key = None if schema.key is None else schema.index(schema.key)
    while batch := _take(rows, places):
        salts = draw_salts(len(batch))
        leaves.append(commit_rows(schema, batch, salts).leaf_hashes)
        yield [
            (first + i, None if key is None else str(row[key]), encode(row), salt)
            for i, (row, salt) in enumerate(zip(batch, salts, strict=True))
        ]
        first += len(batch)


def _take(rows: Iterator[list[Cell]], places: Sequence[int]) -> list[list[Json]]:
    batch: list[list[Json]] = []
    for row in rows:
        batch.append([row[place] for place in places])
        if len(batch) == _BATCH:
            break
    return batch


def _held(node: Node, dataset: str) -> Dataset | None:
    """What the ledger holds of a dataset, or None."""
    try:
        return query.dataset(node.view(), dataset)
    except NotFound:
        return None
