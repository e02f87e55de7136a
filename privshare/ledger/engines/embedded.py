"""The embedded engine: one node hosts the log for the whole network.

Submissions queue up; one thread, the committer, takes what is there, applies
it in order, and makes one block of it in one SQLite transaction. So the cost
of a disk flush is shared by everybody who waited for it, and nobody is
answered before the flush returned.

    submit   bytes ─► check (caller's thread) ─► queue ─┐
    committer   apply ─► block ─► sign ─► SQLite ─► tiles ─► answers

When the committer cannot go on (disk full, our bug), it stops for good: what
is pending and whatever comes later fails with `Unavailable`, and a restart
goes on from the last durable block. Decision: docs/adr/0003-ledger-engine.md.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from privshare.errors import ConfigError, OutOfRange, Unavailable
from privshare.ledger.api import SUBMIT_TIMEOUT_S, Committed
from privshare.ledger.block import Block
from privshare.ledger.engines.keeper import Keeper, note_of
from privshare.ledger.engines.pusher import Connect, WitnessPusher, WitnessStatus
from privshare.ledger.genesis import Genesis
from privshare.ledger.machine import Checked, Machine, check
from privshare.log import merkle
from privshare.log.checkpoint import Checkpoint, LogKey, sign_checkpoint
from privshare.schemes.keys import SigningKey

#: Submissions that may wait; more are refused, to be sent again.
MAX_QUEUE = 16_384

#: A block is closed when it holds this many entries, so that one disk flush
#: does not wait for megabytes of leaves. Not a rule: other hosts may differ.
MAX_BLOCK_ENTRIES = 65_536


def _now() -> int:
    return int(time.time())


@dataclass(slots=True)
class _Pending:
    """A submission on its way to the committer."""

    checked: Checked
    done: Future[Committed] = field(default_factory=Future)


class EmbeddedLedger(Keeper):
    """The host's ledger (`api.Ledger`).

    Args:
        directory: Made by `create`.
        log_key: The private half of the genesis' log key.
        clock: Gives Unix seconds.
        connect: Makes a client for a member's witness; None pushes nothing.

    Raises:
        ConfigError: Another log key, or what `Keeper` refuses.
        VerificationError: The files on disk contradict one another.
    """

    def __init__(
        self,
        directory: Path,
        log_key: SigningKey,
        *,
        clock: Callable[[], int] = _now,
        connect: Connect | None = None,
    ) -> None:
        super().__init__(directory)
        if LogKey.parse(self.genesis.log_key).key != log_key.verify_key:
            super().close()
            raise ConfigError("expected the genesis' log key, found another")
        self._signing_key = log_key
        self._clock = clock
        self._queue: queue.Queue[_Pending | None] = queue.Queue(MAX_QUEUE)
        self._gate = threading.Lock()
        self._stopped: str | None = None
        self._pusher = WitnessPusher(self, connect) if connect else None
        self._committer = threading.Thread(
            target=self._run, name="ledger-committer", daemon=True
        )
        self._committer.start()

    @classmethod
    def create(
        cls,
        directory: Path,
        genesis: Genesis,
        log_key: SigningKey,
        *,
        clock: Callable[[], int] = _now,
        connect: Connect | None = None,
    ) -> Self:
        """Found a log: write its genesis block, and open it.

        Raises:
            ConfigError: The directory holds a ledger already, or the key is
                not the genesis' log key.
        """
        if LogKey.parse(genesis.log_key).key != log_key.verify_key:
            raise ConfigError("expected the genesis' log key, found another")
        block = Machine(genesis).close_block(genesis.time)
        entries = [genesis.encode(), block.data]
        root = merkle.root(merkle.leaf_hashes(entries))
        note = _sign(Checkpoint(genesis.origin, len(entries), root), log_key)
        cls._found(directory, entries, block, note)
        return cls(directory, log_key, clock=clock, connect=connect)

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
            Unavailable: The queue is full, the engine has stopped, or time
                ran out; in the last case `find` tells whether it was taken.
            PrivShareError: What the checks and its rule say.
        """
        present = max(self._clock(), self.view().time)
        pending = _Pending(check(self.genesis, self.view(), tx, leaves, present))
        self._enqueue(pending)
        try:
            return pending.done.result(timeout_s)
        except TimeoutError:
            withdrawn = pending.done.cancel()
            raise Unavailable(
                f"expected a block within {timeout_s:g} s, found none",
                fix="Nothing was written: send it again."
                if withdrawn
                else "Look the transaction up by its id before sending it again.",
                detail={"id": pending.checked.transaction.id},
            ) from None

    def sync(self, index: int, timeout_s: float = SUBMIT_TIMEOUT_S) -> None:
        """Return when the state covers a log index; the host's always does.

        Raises:
            OutOfRange: The log is not that long.
        """
        if index >= self.size:
            raise OutOfRange(f"expected an index below {self.size}, found {index}")

    def witness_status(self) -> dict[str, WitnessStatus]:
        """How things stand with each witness, by agency."""
        return {} if self._pusher is None else self._pusher.status()

    def close(self) -> None:
        """Commit what is queued, stop, and release the directory."""
        with self._gate:
            if self._stopped is None:
                self._stopped = "it was closed"
                self._queue.put(None)
        self._committer.join()
        if self._pusher is not None:
            self._pusher.close()
        super().close()

    def _enqueue(self, pending: _Pending) -> None:
        with self._gate:
            if self._stopped is not None:
                raise _stopped(self._stopped)
            try:
                self._queue.put_nowait(pending)
            except queue.Full:
                raise Unavailable(
                    f"expected fewer than {MAX_QUEUE} waiting submissions, found more",
                    fix="Send it again in a few seconds.",
                ) from None

    # The committer's thread.

    def _run(self) -> None:
        reason = "it was closed"
        try:
            while (batch := self._next_batch()) is not None:
                self._commit(batch)
        except BaseException as error:
            reason = f"its committer failed ({type(error).__name__}: {error})"
        finally:
            self._fail_pending(reason)

    def _next_batch(self) -> list[_Pending] | None:
        """Wait for one submission, then take what is there; None to stop."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        entries = 1 + len(first.checked.leaves)
        limit = self.genesis.params.max_block_tx
        while len(batch) < limit and entries < MAX_BLOCK_ENTRIES:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
            entries += 1 + len(following.checked.leaves)
        return batch

    def _commit(self, batch: list[_Pending]) -> None:
        present = max(self._clock(), self._machine.time)
        applied: list[tuple[_Pending, int]] = []
        entries: list[bytes] = []
        try:
            for pending in batch:
                index = self._apply(pending, present)
                if index is not None:
                    applied.append((pending, index))
                    entries += pending.checked.entries()
            if not applied:
                return
            block = self._machine.close_block(present)
            entries.append(block.data)
            leaf_hashes = merkle.leaf_hashes(entries)
            tree = self._range.append_leaf_hashes(leaf_hashes)
            checkpoint = Checkpoint(self.genesis.origin, tree.size, tree.root())
            note = _sign(checkpoint, self._signing_key)
            self._keep(entries, block, tree, note)
        except BaseException as error:
            _fail([pending for pending, _ in applied], _stopped(str(error)))
            _fail(batch, _stopped(str(error)))
            raise
        try:
            self._tiles.grow(leaf_hashes, entries)
            self._show(block, note)
        finally:  # durable, whatever became of the tiles
            _answer(applied, block)
        if self._pusher is not None:
            self._pusher.wake()

    def _apply(self, pending: _Pending, present: int) -> int | None:
        """Apply one submission, or answer it with why not."""
        if not pending.done.set_running_or_notify_cancel():
            return None
        try:
            return self._machine.apply(pending.checked, present)
        except Exception as error:
            pending.done.set_exception(error)
        return None

    def _fail_pending(self, reason: str) -> None:
        with self._gate:
            self._stopped = reason
        while True:
            try:
                pending = self._queue.get_nowait()
            except queue.Empty:
                return
            if pending is not None:
                _fail([pending], _stopped(reason))


def _sign(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    return note_of(checkpoint, sign_checkpoint(checkpoint, checkpoint.origin, key))


def _stopped(reason: str) -> Unavailable:
    return Unavailable(
        f"expected a running ledger, found one that stopped: {reason}",
        fix="See the node's log, then start it again.",
    )


def _answer(applied: list[tuple[_Pending, int]], block: Block) -> None:
    for pending, index in applied:
        transaction = pending.checked.transaction
        pending.done.set_result(
            Committed(transaction.id, index, block.entry.height, block.entry.size)
        )


def _fail(batch: list[_Pending], error: Unavailable) -> None:
    for pending in batch:
        with suppress(Exception):  # answered or withdrawn before
            pending.done.set_exception(error)
