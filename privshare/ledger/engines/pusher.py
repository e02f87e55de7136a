"""The pusher: shows each new checkpoint to the witnesses and brings back their word.

The host's side of C2SP tlog-witness. Checkpoints go out in rounds: everybody is
shown the same one, so that a quorum forms under a single size even while the
log grows; blocks that come meanwhile are covered by the next round.

    committer ─► wake ─► round: own_checkpoint ─► add-checkpoint at each witness
                                 cosignatures ─► Ledger.add_cosignature

A witness that does not answer is left alone for a while, longer each time, and
holds up nobody. What went wrong last stands in `status`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from privshare.errors import Conflict, PrivShareError
from privshare.ledger.api import View
from privshare.ledger.genesis import Genesis
from privshare.ledger.trust import Witness, witnesses
from privshare.log.checkpoint import parse_checkpoint
from privshare.log.witness import AddCheckpoint, encode_request
from privshare.wire import note as notes

#: Sends the body of add-checkpoint and returns the signature lines. Raises
#: Conflict with `detail["size"]` where the witness is at another size.
Client = Callable[[bytes], bytes]

#: Makes the client for a member's witness; None when it cannot be reached.
Connect = Callable[[Witness], Client | None]

GRACE_S = 2.0
_FIRST_PAUSE_S = 0.5
_LAST_PAUSE_S = 60.0
_WORKERS = 8


class Pushed(Protocol):
    """What the pusher needs of the host's ledger."""

    @property
    def genesis(self) -> Genesis:
        """The network."""
        ...

    def view(self) -> View:
        """The newest state, which names the witnesses."""
        ...

    def own_checkpoint(self) -> bytes:
        """The newest checkpoint with the log's signature alone."""
        ...

    def prove_consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the log only grew."""
        ...

    def add_cosignature(self, lines: bytes) -> int:
        """Take what a witness answered."""
        ...


@dataclass(slots=True)
class WitnessStatus:
    """How things stand with one witness.

    Attributes:
        size: The largest checkpoint it is known to have cosigned.
        error: What went wrong last, or "".
        pause_s: How long it is left alone after the next failure.
        not_before: Monotonic time before which it is left alone.
    """

    size: int = 0
    error: str = ""
    pause_s: float = _FIRST_PAUSE_S
    not_before: float = 0.0


class WitnessPusher:
    """Runs in a thread of its own from construction to `close`."""

    def __init__(self, ledger: Pushed, connect: Connect) -> None:
        self._ledger = ledger
        self._connect = connect
        self._clients: dict[tuple[str, str, str], Client | None] = {}
        self._status: dict[str, WitnessStatus] = {}
        self._running: dict[str, Future[None]] = {}
        self._wake = threading.Event()
        self._closing = False
        self._pool = ThreadPoolExecutor(_WORKERS, "ledger-witness")
        self._thread = threading.Thread(
            target=self._run, name="ledger-pusher", daemon=True
        )
        self._wake.set()
        self._thread.start()

    def wake(self) -> None:
        """There is a new checkpoint."""
        self._wake.set()

    def status(self) -> dict[str, WitnessStatus]:
        """How things stand, by agency."""
        return dict(self._status)

    def close(self) -> None:
        """Stop after the round that is under way."""
        self._closing = True
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(self._pause())
            self._wake.clear()
            if not self._closing:
                self._round()

    def _pause(self) -> float | None:
        """Until the first witness that is behind may be tried again."""
        size = self._ledger.view().size
        behind = [s.not_before for s in self._status.values() if s.size < size]
        return max(0.05, min(behind) - monotonic()) if behind else None

    def _round(self) -> None:
        note = self._ledger.own_checkpoint()
        size = parse_checkpoint(notes.parse(note)).size
        started = []
        for witness in witnesses(self._ledger.genesis, self._ledger.view()):
            status = self._status.setdefault(witness.agency, WitnessStatus())
            running = self._running.get(witness.agency)
            idle = running is None or running.done()
            if idle and status.size < size and monotonic() >= status.not_before:
                future = self._pool.submit(self._push, witness, status, note, size)
                self._running[witness.agency] = future
                started.append(future)
        wait(started, GRACE_S)

    def _client(self, witness: Witness) -> Client | None:
        key = (witness.agency, witness.url, str(witness.vkey))
        if key not in self._clients:
            self._clients[key] = self._connect(witness)
        return self._clients[key]

    def _push(
        self, witness: Witness, status: WitnessStatus, note: bytes, size: int
    ) -> None:
        try:
            client = self._client(witness)
            if client is None:
                raise Conflict("expected an address to push to, found none")
            lines = self._offer(client, status, note, size)
            self._ledger.add_cosignature(note + lines)
            status.size, status.error = size, ""
            status.pause_s, status.not_before = _FIRST_PAUSE_S, 0.0
        except Exception as error:
            found = error.message if isinstance(error, PrivShareError) else str(error)
            status.error = f"{type(error).__name__}: {found}"
            status.not_before = monotonic() + status.pause_s
            status.pause_s = min(2 * status.pause_s, _LAST_PAUSE_S)

    def _offer(
        self, client: Client, status: WitnessStatus, note: bytes, size: int
    ) -> bytes:
        """Show a checkpoint; once more, from the size the witness names."""
        try:
            return client(self._request(status.size, size, note))
        except Conflict as conflict:
            theirs = conflict.detail.get("size")
            if not isinstance(theirs, int) or not 0 <= theirs <= size:
                raise
            status.size = theirs
            return client(self._request(theirs, size, note))

    def _request(self, old: int, size: int, note: bytes) -> bytes:
        proof = self._ledger.prove_consistency(old, size) if old else []
        return encode_request(AddCheckpoint(old, tuple(proof), note))
