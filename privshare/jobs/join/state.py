"""Where one side of a join stands, and what it keeps between two messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from privshare.jobs.join.message import Stream
from privshare.jobs.join.owner import Prepared
from privshare.jobs.join.rows import RowStore
from privshare.jobs.join.terms import Operation, Role, Terms
from privshare.wire.canonical import Json

#: Messages to send, made as they are taken.
Sent: TypeAlias = Iterator[bytes]


class Phase(Enum):
    """What is waited for."""

    COMMIT = 1
    ROWS = 2
    SUM = 3
    CLOSE = 4
    DONE = 5


@dataclass(frozen=True, slots=True, repr=False)
class State:
    """Where one side stands.

    Attributes:
        own: Its rows and secrets.
        phase: What it waits for.
        session: What messages carry from now on.
        peer_root: What the other side committed to.
        peer_public: The helper's key.
        first, second: The streams from the other side.
        second_sent: What the helper sent back.
        waiting: The other side's rows, multiplied by the own key.
        answer: The own rows, multiplied by the other's key.
        sum_body: The SUM message.
        result: None until it is known; told only in `conclusion`.
        matched: The identifiers that are in both, in psi.ids.
    """

    own: Prepared
    phase: Phase
    session: bytes
    first: Stream
    second: Stream
    waiting: RowStore
    answer: RowStore
    peer_root: bytes = b""
    peer_public: bytes = b""
    second_sent: Stream | None = None
    sum_body: bytes = b""
    result: Mapping[str, Json] | None = None
    matched: tuple[bytes, ...] = ()

    @property
    def terms(self) -> Terms:
        return self.own.terms

    @property
    def operation(self) -> Operation:
        return self.own.terms.operation

    @property
    def is_receiver(self) -> bool:
        return self.own.role is Role.RECEIVER
