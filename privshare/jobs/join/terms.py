"""What two owners agree on before a join, and what they both sign after it.

The terms say who joins what for which question, how large each side declares
its set to be, and how identifiers are written. Each side pads its set to
exactly the declared number of rows, so the true sizes stay its own. The
conclusion names the terms, every stream of messages by its Merkle root, and
the result; two owners who saw the same have the same bytes to sign.

    Terms ─► digest ─► in the job's specification, before the run
    Conclusion ─► digest ─► signed by both, in the receipt
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from privshare.errors import OutOfRange
from privshare.schemes.elgamal import MAX_BOUND
from privshare.wire import domain
from privshare.wire.canonical import Json
from privshare.wire.digest import DIGEST_BYTES, digest_json, digest_text

MAX_ROWS = 1 << 30
PART_ROWS = 1 << 14


class Operation(StrEnum):
    """The question. `IDS` discloses people and needs a right of its own."""

    COUNT = "psi.count"
    SUM = "psi.sum"
    IDS = "psi.ids"


class Role(StrEnum):
    """Who is who. The receiver computes the count, or gets the identifiers;
    the helper answers it, and in a sum holds the values."""

    RECEIVER = "receiver"
    HELPER = "helper"

    @property
    def other(self) -> Role:
        return Role.HELPER if self is Role.RECEIVER else Role.RECEIVER


@dataclass(frozen=True, slots=True)
class Terms:
    """What both sides signed before the run.

    Attributes:
        operation: The question.
        job: Digest of the job, 32 bytes: one job, one run.
        recipe: Digest of how identifiers are written.
        receiver_rows: Rows that the receiver pads its set to.
        helper_rows: Rows that the helper pads its set to.
        minimum: Fewer matches than these are not told, nor is their sum opened.
        bound: For a sum: what it is at most in size, up to 2^40.

    Raises:
        OutOfRange: Anything outside its interval.
    """

    operation: Operation
    job: bytes
    recipe: bytes
    receiver_rows: int
    helper_rows: int
    minimum: int = 0
    bound: int = 0

    def __post_init__(self) -> None:
        for name, size in (("job", self.job), ("recipe", self.recipe)):
            if len(size) != DIGEST_BYTES:
                raise OutOfRange(f"{name}: expected 32 bytes, found {len(size)}")
        for name, low, found, high in (
            ("receiver_rows", 1, self.receiver_rows, MAX_ROWS),
            ("helper_rows", 1, self.helper_rows, MAX_ROWS),
            ("minimum", 0, self.minimum, MAX_ROWS),
            ("bound", int(self.operation is Operation.SUM), self.bound, MAX_BOUND),
        ):
            if not low <= found <= high:
                raise OutOfRange(
                    f"{name}: expected {low} to {high}, found {found}",
                    detail={"rule": "join.terms"},
                )

    def rows(self, role: Role) -> int:
        """Declared rows of a side."""
        return self.receiver_rows if role is Role.RECEIVER else self.helper_rows

    def to_json(self) -> Json:
        """The document that is signed."""
        return {
            "v": 1,
            "operation": self.operation.value,
            "job": digest_text(self.job),
            "recipe": digest_text(self.recipe),
            "rows": {role.value: self.rows(role) for role in Role},
            "minimum": self.minimum,
            "bound": self.bound,
        }

    @property
    def digest(self) -> bytes:
        """32 bytes."""
        return digest_json(domain.JOIN_TERMS, self.to_json())


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What happened, in words that both sides can sign.

    Attributes:
        terms: What was agreed.
        streams: For each role and each kind of message, the Merkle root over its
            parts; that of "first" is what the side committed to.
        result: {"count": n}, {"count": n, "sum": s}, {"identifiers": digest},
            or {"withheld": "minimum"}.
    """

    terms: Terms
    streams: Mapping[str, Mapping[str, bytes]]
    result: Mapping[str, Json]

    def to_json(self) -> Json:
        """The document that is signed."""
        return {
            "v": 1,
            "model": "semi-honest",
            "terms": self.terms.to_json(),
            "streams": {
                role: {kind: digest_text(root) for kind, root in found.items()}
                for role, found in self.streams.items()
            },
            "result": dict(self.result),
        }

    @property
    def digest(self) -> bytes:
        """32 bytes."""
        return digest_json(domain.JOIN_CONCLUSION, self.to_json())
