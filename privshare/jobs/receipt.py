"""A receipt: one file that proves one operation, without asking anybody.

The last thing an operation leaves behind, and the only thing an auditor
needs beside a trust policy: signed log entries with their paths, proven
values of the ledger's state, the cosigned checkpoint, and the technique's
own evidence.

    node      exchange.receipts.assemble ─► Receipt ─► to_bytes ─► `.psr` file
    auditor   `.psr` file ─► Receipt.from_bytes ─► audit.verifier ─► Verdict

This module knows how a receipt looks. What each operation's receipt must
hold, and that it holds nothing else, is `requirement`; whether it is true is
for `audit`. Every byte counts: a receipt has one canonical form, and no field
of it may vary without some check failing.

Implements docs/formats/receipt.md, sections 1 and 2.

>>> receipt = Receipt(network="demo.privshare", operation="anchor", subject=3,
...     block=4, checkpoint="x", entries=(), state=(), evidence=None, result=None,
...     attachments=())
>>> Receipt.from_bytes(receipt.to_bytes()) == receipt
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

from privshare.errors import EncodingError, NotFound
from privshare.ledger.state_map import MapProof
from privshare.log.proof import TlogProof
from privshare.log.proof import encode as encode_tlog_proof
from privshare.rights import identifier
from privshare.wire.canonical import Fields, Json, b64u, decode, encode, unb64u

TYPE = "privshare.receipt"
VERSION = 1

#: Longer files are refused before they are looked at.
MAX_BYTES = 8 << 20
MAX_ENTRIES = 512
MAX_STATE = 1024
MAX_ATTACHMENTS = 4
MAX_ATTACHMENT = 64 << 20
MAX_PATH = 63
MAX_KEY = 256
MAX_CHECKPOINT = 65_536

#: A JSON object as it stands in the file.
Document: TypeAlias = dict[str, Any]

_OPERATION = r"[a-z]+(\.[a-z]+)?"
_ATTACHMENT = r"[a-z][a-z0-9.-]{0,63}"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels beside the receipt.

    Attributes:
        name: What the operation calls it: `record.json`, or `file` for a
            file that keeps whatever name it has.
        digest: Its SHA-256.
        size: Its length in bytes; None for `file`, of which the node that
            made the receipt saw the digest alone.
    """

    name: str
    digest: bytes
    size: int | None

    def to_json(self) -> Json:
        """Lay it out."""
        return {"digest": b64u(self.digest), "name": self.name, "size": self.size}

    @classmethod
    def read(cls, fields: Fields) -> Attachment:
        """Read one of the list."""
        item = cls(
            fields.str("name", max=64, pattern=_ATTACHMENT),
            fields.digest("digest"),
            fields.nullable("size", fields.int, 0, MAX_ATTACHMENT),
        )
        fields.end()
        return item


@dataclass(frozen=True, slots=True)
class Entry:
    """A log entry and its way to the root.

    Attributes:
        index: Its place in the log.
        body: A transaction's envelope or a block entry, as JSON.
        path: Inclusion path for the checkpoint's size, its sibling first.
    """

    index: int
    body: Document = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)

    @property
    def data(self) -> bytes:
        """The entry's exact bytes, as the log hashes them."""
        return encode(self.body)

    def to_json(self) -> Json:
        """Lay it out."""
        return {
            "entry": self.body,
            "index": self.index,
            "path": [b64u(step) for step in self.path],
        }

    @classmethod
    def read(cls, fields: Fields) -> Entry:
        """Read one of the list."""
        item = cls(
            fields.int("index", 0),
            _document(fields.json("entry"), "receipt.entries.entry"),
            tuple(unb64u(step, 32) for step in fields.str_list("path", MAX_PATH)),
        )
        fields.end()
        return item


@dataclass(frozen=True, slots=True)
class StateItem:
    """What the ledger's state holds under one key, with proof.

    Attributes:
        key: Such as `grant/<id>`.
        value: The value, or None where the proof shows absence.
        proof: Against the state root of the receipt's block entry.
    """

    key: str
    value: Document | None = field(repr=False)
    proof: MapProof = field(repr=False)

    def to_json(self) -> Json:
        """Lay it out."""
        return {"key": self.key, "proof": self.proof.to_json(), "value": self.value}

    @classmethod
    def read(cls, fields: Fields) -> StateItem:
        """Read one of the list."""
        value = fields.json("value")
        item = cls(
            fields.str("key", max=MAX_KEY),
            None if value is None else _document(value, "receipt.state.value"),
            MapProof.from_json(fields.json("proof")),
        )
        fields.end()
        return item


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A well-formed receipt. Nothing about it is verified yet.

    Attributes:
        network: The network's id.
        operation: A row of `requirement.OPERATIONS`.
        subject: Log index of the transaction the receipt is about.
        block: Log index of the block entry whose state root `state` is under.
        checkpoint: A signed note, as text.
        entries: In the order of their indexes, each once.
        state: In the order of their keys, each once.
        evidence: The operation's documents or the technique's own proof.
        result: The result of a computation.
        attachments: In the order of their names, each once.
    """

    network: str
    operation: str
    subject: int
    block: int
    checkpoint: str = field(repr=False)
    entries: tuple[Entry, ...] = field(repr=False)
    state: tuple[StateItem, ...] = field(repr=False)
    evidence: Document | None = field(repr=False)
    result: Document | None = field(repr=False)
    attachments: tuple[Attachment, ...]

    def to_json(self) -> Json:
        """Lay the receipt out."""
        return {
            "attachments": [item.to_json() for item in self.attachments],
            "block": self.block,
            "checkpoint": self.checkpoint,
            "entries": [item.to_json() for item in self.entries],
            "evidence": self.evidence,
            "network": self.network,
            "operation": self.operation,
            "result": self.result,
            "state": [item.to_json() for item in self.state],
            "subject": self.subject,
            "type": TYPE,
            "v": VERSION,
        }

    def to_bytes(self) -> bytes:
        """The bytes of the file.

        Raises:
            EncodingError: More than `MAX_BYTES`.
        """
        data = encode(self.to_json())
        if len(data) > MAX_BYTES:
            raise EncodingError(
                f"expected a receipt of at most {MAX_BYTES} bytes, found {len(data)}"
            )
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> Receipt:
        """Read a file.

        Raises:
            EncodingError: Not what `to_bytes` writes for any receipt.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(decode(data, max_bytes=MAX_BYTES), where="receipt")
        fields.constant("type", TYPE)
        fields.constant("v", VERSION)
        receipt = cls(
            network=identifier.NETWORK.check(fields.str("network"), "receipt.network"),
            operation=fields.str("operation", max=32, pattern=_OPERATION),
            subject=fields.int("subject", 0),
            block=fields.int("block", 0),
            checkpoint=fields.str("checkpoint", max=MAX_CHECKPOINT),
            entries=_in_order(
                (Entry.read(item) for item in fields.objs("entries", MAX_ENTRIES)),
                lambda item: item.index,
                "entries",
            ),
            state=_in_order(
                (StateItem.read(item) for item in fields.objs("state", MAX_STATE)),
                lambda item: item.key,
                "state",
            ),
            evidence=_nullable(fields.json("evidence"), "receipt.evidence"),
            result=_nullable(fields.json("result"), "receipt.result"),
            attachments=_in_order(
                map(Attachment.read, fields.objs("attachments", MAX_ATTACHMENTS)),
                lambda item: item.name,
                "attachments",
            ),
        )
        fields.end()
        return receipt


def tlog_proof(receipt: Receipt, index: int) -> bytes:
    """Export one entry's proof for other verifiers (C2SP tlog-proof).

    Raises:
        NotFound: The receipt has no entry of this index.
    """
    for entry in receipt.entries:
        if entry.index == index:
            checkpoint = receipt.checkpoint.encode()
            return encode_tlog_proof(TlogProof(index, entry.path, checkpoint))
    raise NotFound(f"expected entry {index} in the receipt, found none")


def _in_order(
    items: Iterable[T], key: Callable[[T], int | str], name: str
) -> tuple[T, ...]:
    found = tuple(items)
    keys: list[Any] = [key(item) for item in found]
    if any(a >= b for a, b in pairwise(keys)):
        raise EncodingError(
            f"receipt.{name}: expected elements in order, each once; found another "
            "order"
        )
    return found


def _document(value: Json, where: str) -> Document:
    if not isinstance(value, dict):
        raise EncodingError(f"{where}: expected an object, found another value")
    return value


def _nullable(value: Json, where: str) -> Document | None:
    return None if value is None else _document(value, where)
