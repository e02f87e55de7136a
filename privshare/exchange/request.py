"""A request for a record, and the digests that bind request and answer.

    Request ─► digest ─► use.reserve        record document ─► digest ─► use.settle

Implements docs/protocols/record.md, sections 1 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from privshare.rights import identifier
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, unb64u
from privshare.wire.digest import digest_json

__all__ = ["MAX_RECORD", "Request", "binding", "record_digest"]

MAX_KEY = 4_096
#: Longest record document, sealed or not.
MAX_RECORD = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a use was reserved for: which cells of which record.

    Attributes:
        dataset: The dataset.
        grant: The grant that allows it.
        columns: Sorted.
        key: Value of the key column, as text.
        salt: 32 bytes that keep the request's digest from being guessed: the
            ledger must not tell who was looked up.
    """

    dataset: str
    grant: str
    columns: tuple[str, ...]
    key: str
    salt: bytes

    def to_json(self) -> dict[str, Json]:
        """Lay the request out."""
        return {
            "columns": list(self.columns),
            "dataset": self.dataset,
            "grant": self.grant,
            "key": self.key,
            "salt": b64u(self.salt),
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> Request:
        """Read a request.

        Raises:
            EncodingError: Another form.
        """
        fields = Fields(obj, "request")
        fields.constant("v", 1)
        made = cls(
            dataset=identifier.DATASET.check(fields.str("dataset"), "request.dataset"),
            grant=identifier.ID.check(fields.str("grant"), "request.grant"),
            columns=fields.str_list(
                "columns", 256, identifier.COLUMN.pattern, sorted_unique=True
            ),
            key=fields.str("key", max=MAX_KEY),
            salt=fields.bytes("salt", 32),
        )
        fields.end()
        return made

    def digest(self) -> bytes:
        """What the ledger holds of it."""
        return digest_json(domain.JOB_REQUEST, self.to_json())


def record_digest(document: bytes) -> bytes:
    value = cast(dict[str, Any], decode(document, max_bytes=MAX_RECORD))
    return digest_json(domain.RESULT, value)


def binding(use_id: str) -> bytes:
    """Binds a sealed record to its use, so that it opens for nothing else."""
    return domain.DISCLOSURE + b"/" + unb64u(use_id, 32)
