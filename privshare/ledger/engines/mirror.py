"""The mirror: another agency's node holds the whole log and believes nothing.

A mirror fetches entries as anybody could, checks that they are those the log
signed for, and executes them again with the same state machine. Only what
came out the same, byte for byte, is kept and cosigned. So the host can stop
the ledger, but it can neither show two histories nor bend a rule unseen.

    refresh   checkpoint ─► entries ─► root ─► replay ─► SQLite ─► view
    witness   add-checkpoint ─► the same ─► state persisted ─► cosignature
    submit    forwarded to the host, then waited for and compared

When the host signed what cannot be true, the mirror keeps the evidence and
refuses to go on until somebody looked (`alarm`, `clear_alarm`). What it held
before stays readable.

Implements the witness's side of C2SP tlog-witness.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NoReturn, Self

from privshare.errors import (
    ConfigError,
    ConsistencyInvalid,
    NotFound,
    SplitView,
    Unavailable,
    VerificationError,
)
from privshare.ledger.api import SUBMIT_TIMEOUT_S, Committed
from privshare.ledger.block import Block, is_block
from privshare.ledger.engines.alarm import Alarm, Misconduct
from privshare.ledger.engines.keeper import Keeper, no_quorum
from privshare.ledger.engines.source import LogSource, diagnose, fetch_bundle
from privshare.ledger.genesis import Genesis
from privshare.ledger.machine import Machine
from privshare.ledger.trust import witness_name
from privshare.log import merkle
from privshare.log.checkpoint import Checkpoint, body, open_checkpoint
from privshare.log.tile import WIDTH
from privshare.log.witness import (
    TrustPolicy,
    WitnessState,
    add_checkpoint,
    cosign,
    decode_request,
)
from privshare.schemes.keys import SigningKey
from privshare.wire import note as notes
from privshare.wire.canonical import b64u

#: A block whose time is further ahead of this node's clock is not cosigned.
MAX_AHEAD_S = 300

_ALARM = "alarm"
_WITNESSED = "witnessed"
_FIRST_PAUSE_S = 0.02
_LAST_PAUSE_S = 0.5


class MirrorLedger(Keeper):
    """A member's ledger (`api.Ledger`), and its witness.

    Args:
        directory: Made by `create`.
        source: The host.
        agency: Whose mirror it is.
        witness_key: The agency's key with use `witness`; None mirrors without
            cosigning.
        clock: Gives Unix seconds.

    Raises:
        ConfigError: What `Keeper` refuses.
    """

    def __init__(
        self,
        directory: Path,
        source: LogSource,
        *,
        agency: str,
        witness_key: SigningKey | None = None,
        clock: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        super().__init__(directory)
        self._source = source
        self._clock = clock
        self._witness_key = witness_key
        self._witness_name = witness_name(self.genesis.origin, agency)
        self._turn = threading.Lock()
        self._alarm = self._load_alarm()

    @classmethod
    def create(
        cls,
        directory: Path,
        source: LogSource,
        genesis_digest: bytes,
        *,
        agency: str,
        witness_key: SigningKey | None = None,
        clock: Callable[[], int] = lambda: int(time.time()),
    ) -> Self:
        """Begin a mirror of the network with this genesis.

        Args:
            directory: Where; it must not hold a ledger.
            source: The host.
            genesis_digest: `Genesis.digest`, from the operator by hand.
            agency: As for the class; so the rest.
            witness_key: As for the class.
            clock: As for the class.

        Raises:
            VerificationError: The host serves another network.
            ConfigError: The directory holds a ledger already.
        """
        genesis = Genesis.decode(source.genesis())
        if genesis.digest != genesis_digest:
            raise VerificationError(
                f"expected the network with genesis {b64u(genesis_digest)}, "
                f"found {b64u(genesis.digest)}"
            )
        block = Machine(genesis).close_block(genesis.time)
        cls._found(directory, [genesis.encode(), block.data], block, b"")
        return cls(
            directory, source, agency=agency, witness_key=witness_key, clock=clock
        )

    # Following the host.

    def submit(
        self, tx: bytes, leaves: bytes = b"", timeout_s: float = SUBMIT_TIMEOUT_S
    ) -> Committed:
        """Hand a transaction to the host, and see it in the log.

        Raises:
            VerificationError: The host named a place where something else is.
            Unavailable: The host does not answer, or its log does not come.
            PrivShareError: What the host's ledger raises.
        """
        self._refuse_alarmed()
        committed = self._source.submit(tx, leaves, timeout_s)
        self.sync(committed.index, timeout_s)
        if self.entry(committed.index) != tx:
            raise VerificationError(
                f"expected our transaction at index {committed.index}, found another",
                detail={"id": committed.id, "index": committed.index},
            )
        return committed

    def sync(self, index: int, timeout_s: float = SUBMIT_TIMEOUT_S) -> None:
        """Return when this mirror's state covers a log index.

        Raises:
            Unavailable: It does not in time.
            SplitView: The host showed two histories.
            VerificationError: The host's log breaks a rule.
        """
        self._refuse_alarmed()
        deadline = monotonic() + timeout_s
        pause = _FIRST_PAUSE_S
        while index >= self.size:
            self._refresh_until(index, deadline)
            if index < self.size:
                return
            if monotonic() + pause >= deadline:
                raise Unavailable(
                    f"expected a log beyond index {index} within {timeout_s:g} s, "
                    f"found size {self.size}",
                    fix="See whether the host answers, then try again.",
                )
            time.sleep(pause)
            pause = min(2 * pause, _LAST_PAUSE_S)

    def refresh(self) -> int:
        """Follow the host to its newest checkpoint.

        Returns:
            The size of the log now.

        Raises:
            Unavailable: The host does not answer.
            SignatureInvalid: Its checkpoint is not signed by the log's key.
            ConsistencyInvalid: It offers an older log than we hold, or one
                whose proofs do not fit; nothing is kept, ask again.
            InclusionInvalid: It serves other entries than it signed for.
            SplitView: It showed two histories: alarm.
            VerificationError: Its log breaks a rule: alarm.
        """
        with self._turn:
            self._follow(self._source.checkpoint())
        return self.size

    def observe(self, checkpoint: bytes) -> None:
        """Compare a checkpoint that somebody else was shown with our tree.

        Members who exchange checkpoints find out a host that shows each of
        them another history. A checkpoint larger than ours is followed first.

        Raises:
            SignatureInvalid: Not signed by the log's key.
            SplitView: It contradicts what we hold: alarm.
        """
        with self._turn:
            self._refuse_alarmed()
            claimed, _ = open_checkpoint(checkpoint, self.log_key)
            if claimed.size > self.size:
                self._follow(checkpoint)
            else:
                self._compare(claimed, checkpoint)

    def _refresh_until(self, index: int, deadline: float) -> None:
        """Refresh once, unless somebody else did while we waited for the turn."""
        if not self._turn.acquire(timeout=max(0.0, deadline - monotonic())):
            return
        try:
            if index >= self.size:
                self._follow(self._source.checkpoint())
        finally:
            self._turn.release()

    def _follow(self, note: bytes) -> None:
        """Come up to a checkpoint, in this thread's turn."""
        self._refuse_alarmed()
        target, _ = open_checkpoint(note, self.log_key)
        if target.size <= self.size:
            self._compare(target, note)
            if target.size < self.size:
                raise ConsistencyInvalid(
                    f"expected a log of {self.size} entries or more, "
                    f"found {target.size}: the log shrank",
                    fix="Ask the host whether it was restored from a copy.",
                    detail={"ours": self.size, "theirs": target.size},
                )
            self._take_note(target, note)
        else:
            self._extend(target, note)

    def _compare(self, claimed: Checkpoint, note: bytes) -> None:
        """A checkpoint no larger than ours must be of our own tree."""
        if claimed.size == 0:
            ours = merkle.EMPTY_ROOT
        else:
            ours = merkle.root_at(self._tiles, claimed.size)
        if claimed.root != ours:
            self._raise_alarm(
                SplitView(
                    f"expected root {ours.hex()} at size {claimed.size}, found "
                    f"{claimed.root.hex()}, signed by the log",
                    detail={"size": claimed.size},
                ),
                note,
            )

    def _take_note(self, target: Checkpoint, note: bytes) -> None:
        """Keep a checkpoint of our tree, and the cosignatures under it."""
        with self._changed:
            if not self._notes.get(target.size):
                self._add_note(target.size, self._own_lines(note))
        with suppress(NotFound):  # older than the checkpoints that are kept
            self.add_cosignature(note)

    def _own_lines(self, note: bytes) -> bytes:
        """A checkpoint's note with the log's own signature alone."""
        signed = notes.parse(note)
        own = [s for s in signed.signatures if s.key_id == self.log_key.key_id]
        return notes.format(notes.Note(signed.text, (own[0],)))

    def _extend(self, target: Checkpoint, note: bytes) -> None:
        """Fetch, verify and replay everything up to a larger checkpoint."""
        old = self.size
        last: Block | None = None
        try:
            with self._db.transaction():
                tree = self._fetch(target)
                if tree.root() != target.root:
                    diagnose(self._source, self.size, self._range.root(), target)
                for block in self._replay(old, target.size):
                    self._db.add_block(block)
                    last = block
                if last is None or last.entry.size != target.size:
                    raise VerificationError(
                        f"expected a checkpoint behind a block entry, "
                        f"found one at size {target.size}"
                    )
                self._db.add_checkpoint(target.size, self._own_lines(note))
                self._save_derived()
        except Misconduct as found:
            self._machine = self._load_machine()
            self._raise_alarm(found.error, note)
        except BaseException:
            self._machine = self._load_machine()
            raise
        self._range = tree
        self._tiles.catch_up(target.size)
        self._show(last, self._own_lines(note))
        with suppress(NotFound):
            self.add_cosignature(note)

    def _fetch(self, target: Checkpoint) -> merkle.CompactRange:
        """Add the entries that are missing to the open SQL transaction."""
        tree, position = self._range, self.size
        while position < target.size:
            index, skip = divmod(position, WIDTH)
            end = min((index + 1) * WIDTH, target.size)
            bundle = fetch_bundle(self._source, index, end - index * WIDTH)
            entries = bundle[skip : end - index * WIDTH]
            self._db.add_entries(position, entries)
            tree = tree.append_leaf_hashes(merkle.leaf_hashes(entries))
            position = end
        return tree

    def _replay(self, old: int, new: int) -> Iterator[Block]:
        """Execute the fetched entries, block by block."""
        entries: list[bytes] = []
        for data in self._db.pending_entries(old, new):
            entries.append(data)
            if is_block(data):
                try:
                    block = self._machine.replay_block(entries)
                except VerificationError as error:
                    raise Misconduct(error) from error
                self._check_time(block)
                yield block
                entries = []
        if entries:
            raise Misconduct(
                VerificationError(
                    f"expected a checkpoint right behind a block entry, found "
                    f"{len(entries)} entries after the last one"
                )
            )

    def _check_time(self, block: Block) -> None:
        latest = self._clock() + MAX_AHEAD_S
        if block.entry.time > latest:
            raise VerificationError(
                f"block {block.entry.height}: expected a time up to {latest}, "
                f"found {block.entry.time}",
                fix="Set this node's clock, or ask the host to set its own.",
            )

    # The witness.

    def handle_add_checkpoint(self, request: bytes) -> bytes:
        """Answer C2SP add-checkpoint: verify, replay, persist, then cosign.

        Returns:
            Our signature line.

        Raises:
            EncodingError: Not a request (400).
            OutOfRange: An old size above the checkpoint's (400).
            NotFound: Another log (404).
            SignatureInvalid: Not signed by the log (403).
            Conflict: Another old size than ours; `detail["size"]` (409).
            ConsistencyInvalid: The proof does not hold (422).
            SplitView: Two histories: alarm (422).
            VerificationError: The log breaks a rule: alarm (422).
            ConfigError: This mirror has no witness key.
        """
        if self._witness_key is None:
            raise ConfigError("expected a witness key, found a mirror without")
        asked = decode_request(request)
        with self._turn:
            self._refuse_alarmed()
            target = self._open_for_witness(asked.checkpoint)
            held = self._witnessed()
            try:
                state = add_checkpoint(held, asked.old_size, asked.proof, target)
            except SplitView as error:
                self._raise_alarm(error, asked.checkpoint)
            if target.size > self.size:
                self._follow(asked.checkpoint)
            self._compare(target, asked.checkpoint)
            self._check_block_end(target)
            if state != held:
                with self._db.transaction():
                    self._db.set_meta(
                        _WITNESSED, state.size.to_bytes(8, "big") + state.root
                    )
            line = cosign(
                body(target), self._witness_name, self._witness_key, self._clock()
            )
            lines = notes.format_signatures((line,)).encode()
            self._take_note(target, self._own_lines(asked.checkpoint) + lines)
        return lines

    def _check_block_end(self, target: Checkpoint) -> None:
        """Cosign nothing in the middle of a block: no state root covers it."""
        if not self._db.is_block_end(target.size):
            raise VerificationError(
                f"expected a checkpoint right behind a block entry, found one at "
                f"size {target.size}"
            )

    def _open_for_witness(self, note: bytes) -> Checkpoint:
        origin = notes.parse(note).text.partition("\n")[0]
        if origin != self.genesis.origin:
            raise NotFound(
                f"expected a checkpoint of {self.genesis.origin}, found none"
            )
        return open_checkpoint(note, self.log_key)[0]

    def _witnessed(self) -> WitnessState | None:
        """The largest checkpoint we cosigned."""
        data = self._db.meta(_WITNESSED)
        if data is None:
            return None
        return WitnessState(int.from_bytes(data[:8], "big"), data[8:])

    def cosigned(self, size: int, need: TrustPolicy, timeout_s: float) -> bytes:
        """A checkpoint of at least this size that satisfies a trust policy.

        The host gathers the cosignatures, so it is asked for them.

        Raises:
            Unavailable: The witnesses did not cosign in time.
            PrivShareError: What `refresh` raises.
        """
        deadline = monotonic() + timeout_s
        pause = _FIRST_PAUSE_S
        refused: set[bytes] = set()
        while True:
            found = self._satisfying(size, need, refused)
            if found is not None:
                return found
            if monotonic() + pause >= deadline:
                raise no_quorum(size, timeout_s)
            self._gather(size)
            time.sleep(pause)
            pause = min(2 * pause, _LAST_PAUSE_S)

    def _gather(self, size: int) -> None:
        """Take the host's best cosigned checkpoint from a size on."""
        with self._turn:
            self._refuse_alarmed()
            with suppress(NotFound):
                note = self._source.checkpoint(size)
                target, _ = open_checkpoint(note, self.log_key)
                if target.size > self.size:
                    self._follow(note)
                else:
                    self._compare(target, note)
                    self._take_note(target, note)

    def close(self) -> None:
        """Finish what is under way, and release the directory."""
        with self._turn:
            super().close()

    # Alarms.

    @property
    def alarm(self) -> Alarm | None:
        """Why this mirror stopped, or None."""
        return self._alarm

    def clear_alarm(self) -> None:
        """Go on, by an operator's decision. The evidence is handed over first."""
        with self._turn:
            with self._db.transaction():
                self._db.drop_meta(_ALARM)
            self._alarm = None

    def _load_alarm(self) -> Alarm | None:
        data = self._db.meta(_ALARM)
        return None if data is None else Alarm.decode(data)

    def _refuse_alarmed(self) -> None:
        if self._alarm is not None:
            self._alarm.refuse()

    def _raise_alarm(
        self, error: VerificationError | SplitView, note: bytes
    ) -> NoReturn:
        """Keep the evidence, then raise."""
        ours = self._notes[self.size].decode()
        alarm = Alarm(error.name, error.message, ours, note.decode(), self._clock())
        with self._db.transaction():
            self._db.set_meta(_ALARM, alarm.encode())
        self._alarm = alarm
        raise error
