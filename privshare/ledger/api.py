"""The ledger as everybody above it sees it: one protocol, whatever the engine.

    exchange  Ledger.submit ─► Committed          (durable when it returns)
    service   Ledger.tile, checkpoint, entry      (what mirrors and auditors read)
    receipts  prove_inclusion, prove_state, cosigned

Sizes and indexes are those of the log: an entry's index counts from 0, and a
checkpoint of size n covers the indexes below n.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from privshare.ledger.block import BlockEntry
from privshare.ledger.genesis import Genesis
from privshare.ledger.state_map import MapProof, Snapshot, Value
from privshare.log.witness import TrustPolicy

#: How long `submit` waits unless told otherwise.
SUBMIT_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Committed:
    """Where a transaction stands in the log, for good.

    Attributes:
        id: The transaction's id.
        index: The log index of its entry; its leaves follow.
        height: Its block.
        size: The size of the log right after its block.
    """

    id: str
    index: int
    height: int
    size: int


class View:
    """The ledger after one block: a consistent snapshot.

    Every value read from one view belongs to the same height, however long
    the reader takes and whatever is committed meanwhile. Values are copies.
    """

    __slots__ = ("_snapshot", "block")

    def __init__(self, snapshot: Snapshot, block: BlockEntry) -> None:
        self._snapshot = snapshot
        self.block = block

    @property
    def height(self) -> int:
        """The block."""
        return self.block.height

    @property
    def time(self) -> int:
        """The block's time, Unix seconds."""
        return self.block.time

    @property
    def size(self) -> int:
        """The size of the log that ends with the block."""
        return self.block.size

    @property
    def state_root(self) -> bytes:
        """The root of everything this view holds."""
        return self.block.state_root

    def get(self, key: str) -> Value | None:
        """The value under a key, or None."""
        return self._snapshot.get(key)

    def items(
        self, prefix: str, *, newest_first: bool = False, after: str = ""
    ) -> Iterator[tuple[str, Value]]:
        """Keys with a prefix and their values, in the order they appeared."""
        return self._snapshot.items(prefix, newest_first=newest_first, after=after)

    def prove(self, key: str) -> MapProof:
        """Prove what this view holds under a key, or that it holds nothing."""
        return self._snapshot.prove(key)


@dataclass(frozen=True, slots=True)
class StateProof:
    """One key's value, or its absence, with the proof against a block's root."""

    key: str
    value: Value | None
    proof: MapProof


class Ledger(Protocol):
    """What an engine does. Every method may be called from any thread."""

    @property
    def genesis(self) -> Genesis:
        """The network."""
        ...

    def submit(
        self, tx: bytes, leaves: bytes = b"", timeout_s: float = SUBMIT_TIMEOUT_S
    ) -> Committed:
        """Append a transaction, and return when it is durable.

        Args:
            tx: The canonical bytes of its envelope.
            leaves: Digests beside an `anchor.batch`, 32 bytes each.
            timeout_s: How long to wait.

        Raises:
            Conflict: The ledger holds it already (`detail["index"]`), or its
                rule says that somebody else was first.
            Unavailable: The queue is full, the engine has stopped, or time ran
                out; in the last case `find` tells later whether it was taken.
            PrivShareError: What the checks and its rule say.
        """
        ...

    def view(self) -> View:
        """The state after the newest block."""
        ...

    def entry(self, index: int) -> bytes:
        """An entry's bytes.

        Raises:
            NotFound: The log is not that long.
        """
        ...

    def find(self, tx_id: str) -> int | None:
        """The log index of a transaction, or None."""
        ...

    def prove_inclusion(self, index: int, size: int) -> list[bytes]:
        """The audit path of an entry in the tree of the first `size` entries.

        Raises:
            OutOfRange: Not index < size <= the size of the log.
        """
        ...

    def prove_consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of size `new` extends that of size `old`.

        Raises:
            OutOfRange: Not 0 < old <= new <= the size of the log.
        """
        ...

    def prove_state(self, keys: Iterable[str]) -> tuple[int, list[StateProof]]:
        """Prove what several keys held at one height.

        Returns:
            The log index of the block entry whose state root the proofs are
            for, and one proof a key, in order.
        """
        ...

    def checkpoint(self, size: int | None = None) -> bytes:
        """A checkpoint, as a note, with the cosignatures so far.

        Args:
            size: None for the newest; else, of those of at least this size,
                the one that most witnesses have cosigned.

        Raises:
            NotFound: No checkpoint of that size yet.
        """
        ...

    def cosigned(self, size: int, need: TrustPolicy, timeout_s: float) -> bytes:
        """A checkpoint of at least this size that satisfies a trust policy.

        Raises:
            Unavailable: The witnesses did not cosign in time.
        """
        ...

    def sync(self, index: int, timeout_s: float = SUBMIT_TIMEOUT_S) -> None:
        """Return when this node's state covers a log index.

        Raises:
            Unavailable: It does not in time.
            SplitView: The host showed two histories.
        """
        ...

    def add_cosignature(self, lines: bytes) -> int:
        """Take a witness's signature lines for a checkpoint of ours.

        Returns:
            How many of them were new and by witnesses the ledger knows.
        """
        ...

    def tile(self, path: str) -> bytes:
        """A tile or entry bundle by its C2SP path, such as `tile/0/000`.

        Raises:
            NotFound: No such tile, or none of that width yet.
        """
        ...

    def close(self) -> None:
        """Stop, and let go of the directory. Pending submissions fail."""
        ...
