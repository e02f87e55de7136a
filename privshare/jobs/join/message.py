"""Messages of a join: bounded parts of rows, each in its place.

    session 32 | kind 1 | index 4 | parts 4 | rows 4 | rows · width bytes | tail

Big-endian. `session` names the terms, and from the second message on both
commitments, so a message of another run is none of this one. How many parts
there are and how many rows each has follows from the terms: anything else is
refused, as are parts out of turn. Every refusal is a `VerificationError` or an
`EncodingError` with a rule:

    join.frame     not such bytes        join.session   of another run
    join.order     not its turn          join.count     other sizes
    join.element   no element, or a row that is not above the one before
    join.root      not what was committed to
    join.proof     evaluated with another key
    join.result    not what both saw
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NoReturn

from privshare.bindings.merkle import EMPTY_ROOT, leaf_hash, root
from privshare.errors import EncodingError, VerificationError
from privshare.jobs.join.rows import KEY_BYTES, as_rows, is_ascending
from privshare.jobs.join.terms import PART_ROWS

_HEAD = struct.Struct(">32sBIII")
#: Widest row and tail: a tag with a ciphertext, a proof.
MAX_MESSAGE = _HEAD.size + PART_ROWS * 96 + 64


class Kind(IntEnum):
    """What a message is."""

    COMMIT = 1
    FIRST = 2
    SECOND = 3
    SUM = 4
    CLOSE = 5


def refuse(rule: str, expected: str, found: str) -> NoReturn:
    """Refuse a message.

    Raises:
        VerificationError: Always.
    """
    raise VerificationError(
        f"join: expected {expected}, found {found}",
        fix="Start again with a new job; if it happens twice, ask the other side.",
        detail={"rule": f"join.{rule}"},
    )


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was read."""

    session: bytes
    kind: Kind
    index: int
    parts: int
    rows: int
    body: bytes

    def to_bytes(self) -> bytes:
        """Head and body."""
        head = _HEAD.pack(self.session, self.kind, self.index, self.parts, self.rows)
        return head + self.body

    @classmethod
    def from_bytes(cls, data: bytes) -> Message:
        """Read a message.

        Raises:
            EncodingError: Not such bytes, rule join.frame.
        """
        if not _HEAD.size <= len(data) <= MAX_MESSAGE:
            _bad_frame(f"{_HEAD.size} to {MAX_MESSAGE} bytes", f"{len(data)}")
        session, kind, index, parts, rows = _HEAD.unpack_from(data)
        if kind not in Kind.__members__.values():
            _bad_frame("a kind from 1 to 5", f"{kind}")
        return cls(session, Kind(kind), index, parts, rows, bytes(data[_HEAD.size :]))


def _bad_frame(expected: str, found: str) -> NoReturn:
    raise EncodingError(
        f"join: expected {expected}, found {found}", detail={"rule": "join.frame"}
    )


@dataclass(frozen=True, slots=True)
class Stream:
    """The parts of one kind from one side, as far as they have come.

    Attributes:
        kind: Of all parts.
        total: Rows in all, from the terms.
        width: Bytes of a row.
        tail: Bytes after the rows of each part.
        rising: Keys of rows must rise strictly.
        seen: Parts so far.
        last: Key of the last row.
        leaves: Leaf hashes of the bodies so far.
    """

    kind: Kind
    total: int
    width: int
    tail: int = 0
    rising: bool = True
    seen: int = 0
    last: bytes = b""
    leaves: tuple[bytes, ...] = ()

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return -(-self.total // PART_ROWS)

    @property
    def is_complete(self) -> bool:
        """All parts have come."""
        return self.seen == self.parts

    @property
    def root(self) -> bytes:
        """The Merkle root over the bodies so far."""
        return root(self.leaves) if self.leaves else EMPTY_ROOT

    def rows_of(self, index: int) -> int:
        """Rows of a part."""
        return min(PART_ROWS, self.total - index * PART_ROWS)

    def take(self, message: Message) -> Stream:
        """The stream with one part more.

        Raises:
            VerificationError: Rules join.order, join.count, join.element.
        """
        if message.index != self.seen or self.is_complete:
            refuse("order", f"part {self.seen} of {self.parts}", f"{message.index}")
        rows = self.rows_of(self.seen)
        if (message.parts, message.rows) != (self.parts, rows):
            refuse(
                "count",
                f"{rows} rows in one of {self.parts} parts",
                f"{message.rows} in one of {message.parts}",
            )
        size = rows * self.width + self.tail
        if len(message.body) != size:
            refuse("count", f"{size} bytes", f"{len(message.body)}")
        return self.add(message.body)

    def add(self, body: bytes) -> Stream:
        """The stream with one body more.

        Raises:
            VerificationError: Rows that do not rise, rule join.element.
        """
        rows = as_rows(body[: len(body) - self.tail], self.width)
        if self.rising and not is_ascending(rows, self.last):
            refuse("element", "rows each above the one before", "another order")
        return replace(
            self,
            seen=self.seen + 1,
            last=rows[-1, :KEY_BYTES].tobytes(),
            leaves=(*self.leaves, leaf_hash(body)),
        )

    def message(self, session: bytes, index: int, body: bytes) -> bytes:
        """One part, as it is sent."""
        rows = self.rows_of(index)
        return Message(session, self.kind, index, self.parts, rows, body).to_bytes()

    def messages(self, session: bytes, bodies: Iterator[bytes]) -> Iterator[bytes]:
        """All parts, as they are sent."""
        for index, body in enumerate(bodies):
            yield self.message(session, index, body)


def single(session: bytes, kind: Kind, body: bytes) -> bytes:
    """A message that is not one of many."""
    return Message(session, kind, 0, 1, 0, body).to_bytes()


def read_single(message: Message, size: int | None = None) -> bytes:
    """The body of such a message.

    Raises:
        VerificationError: One of many, or another length.
    """
    if (message.index, message.parts, message.rows) != (0, 1, 0):
        refuse("count", "one message", f"part {message.index} of {message.parts}")
    if size is not None and len(message.body) != size:
        refuse("count", f"{size} bytes", f"{len(message.body)}")
    return message.body
