"""What a host and a mirror have in common: a log on disk, and answers from it.

`Keeper` owns the directory (one process at a time), the database, the tiles
and the state machine, and answers every question of `api.Ledger`. How blocks
come in is the affair of its two children: the host makes them, a mirror takes
them from the host.

    <directory>/lock                 held while a process has the ledger open
    <directory>/ledger.sqlite3       the truth
    <directory>/log/checkpoint       derived; any static server may serve it
    <directory>/log/tile/...         derived
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Self

from privshare.errors import (
    ConfigError,
    NotFound,
    OutOfRange,
    Unavailable,
    VerificationError,
)
from privshare.ledger import trust
from privshare.ledger.api import StateProof, View
from privshare.ledger.block import Block
from privshare.ledger.engines.logdb import LogDb
from privshare.ledger.engines.tiles import TileStore
from privshare.ledger.genesis import Genesis
from privshare.ledger.machine import Machine
from privshare.log import merkle
from privshare.log.checkpoint import Checkpoint, LogKey, body, open_checkpoint
from privshare.log.witness import TrustPolicy, WitnessKey, verify_cosignature
from privshare.wire import note as notes

DATABASE = "ledger.sqlite3"

#: Checkpoints that are kept, and at most twice as many, for witnesses who lag;
#: older ones are of no use, since every entry is covered by the newer ones too.
MAX_CHECKPOINTS = 512


class Keeper:
    """A log on disk. Use a child.

    Args:
        directory: Made by the child's `create`.

    Raises:
        ConfigError: Another process has it open, or it holds no ledger.
        VerificationError: The state on disk does not have the root that the
            newest block names, or the tree not that of its checkpoint.
    """

    def __init__(self, directory: Path) -> None:
        self._lock_file = _lock(directory)
        self._closed = False
        self._saved = (-1, -1)
        opened = ExitStack()
        opened.callback(os.close, self._lock_file)
        try:
            self._db = LogDb(directory / DATABASE)
            opened.callback(self._db.close)
            self.genesis = Genesis.decode(self._db.entry(0))
            self.log_key = LogKey.parse(self.genesis.log_key)
            self._tiles = TileStore(directory / "log", self._db.entries)
            opened.callback(self._tiles.close)
            self._machine = self._load_machine()
            self._view = View(self._machine.state.snapshot(), self._db.last_block())
            self._range = self._restore_tiles()
            self._changed = threading.Condition()
            self._version = 0
            self._notes: dict[int, bytes] = dict(self._db.checkpoints())
            self._cosignatures: dict[int, dict[str, notes.NoteSignature]] = {}
            self._unsaved: list[tuple[int, notes.NoteSignature]] = []
            for size, line in self._db.cosignatures():
                for signature in notes.parse_signatures(line):
                    self._cosignatures.setdefault(size, {})[signature.name] = signature
            self._check_root()
        except BaseException:
            opened.close()
            raise

    @staticmethod
    def _found(
        directory: Path, entries: Sequence[bytes], block: Block, note: bytes
    ) -> None:
        """Write a directory whose log holds the genesis block."""
        directory.mkdir(parents=True, exist_ok=True)
        lock_file = _lock(directory)
        try:
            db = LogDb(directory / DATABASE, create=True)
            with db.transaction():
                db.add_entries(0, entries)
                db.add_block(block)
                db.add_checkpoint(len(entries), note)
            db.close()
        finally:
            os.close(lock_file)

    def _load_machine(self) -> Machine:
        last = self._db.last_block()
        seen = self._db.seen(last.time, self.genesis.params.tx_validity_s)
        return Machine.load(self.genesis, self._db.state(), last, seen)

    def _restore_tiles(self) -> merkle.CompactRange:
        size = self._db.size()
        mark = self._db.meta("tiles") or b""
        try:
            self._tiles.restore(size, int.from_bytes(mark, "big"))
        except NotFound:
            self._tiles.restore(size, 0)
        return merkle.range_at(self._tiles, size)

    def _check_root(self) -> None:
        """The newest checkpoint is of the log on disk, else tiles are made anew."""
        if not self._notes[self.size]:  # a mirror that has not met its host yet
            return
        checkpoint, _ = open_checkpoint(self._notes[self.size], self.log_key)
        if self._range.root() != checkpoint.root:
            self._tiles.restore(self.size, 0)
            self._range = merkle.range_at(self._tiles, self.size)
        if self._range.root() != checkpoint.root:
            raise VerificationError(
                f"expected root {checkpoint.root.hex()} at size {self.size}, "
                f"found {self._range.root().hex()}",
                fix="The database was changed: restore it from a copy or a mirror.",
            )
        self._publish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Flush, close the files and release the directory."""
        if self._closed:
            return
        self._closed = True
        try:
            self._tiles.close()
            with self._db.transaction():
                self._save_derived()
        finally:
            self._db.close()
            os.close(self._lock_file)

    # What blocks do, once: durable first, then visible.

    def _keep(
        self,
        entries: list[bytes],
        block: Block,
        tree: merkle.CompactRange,
        note: bytes,
    ) -> None:
        """Make one block durable. When this returns, it is."""
        with self._db.transaction():
            self._db.add_entries(block.entry.first, entries)
            self._db.add_block(block)
            self._db.add_checkpoint(tree.size, note)
            self._save_derived()
        self._range = tree

    def _show(self, block: Block, note: bytes) -> None:
        """Let readers see a block that is durable and has its tiles."""
        view = View(self._machine.state.snapshot(), block.entry)
        with self._changed:
            self._view = view
            self._add_note(view.size, note)
        self._publish()

    def _add_note(self, size: int, note: bytes) -> None:
        """Keep a checkpoint of ours; from time to time the oldest half goes."""
        newest = max(self._notes) < size  # `_changed` is held
        self._notes[size] = note
        if not newest or len(self._notes) > 2 * MAX_CHECKPOINTS:
            self._notes = dict(sorted(self._notes.items())[-MAX_CHECKPOINTS:])
            oldest = next(iter(self._notes))
            for gone in [held for held in self._cosignatures if held < oldest]:
                del self._cosignatures[gone]
        self._version += 1
        self._changed.notify_all()

    def _publish(self) -> None:
        """Write the file `checkpoint`; a mirror that has none yet writes none."""
        with self._changed:
            size = self.size
            note = self._cosigned_note(size)
        if note:
            self._tiles.publish(note, size)

    def _save_derived(self) -> None:
        """Write what may be lost and made again, along with something else."""
        with self._changed:
            unsaved, self._unsaved = self._unsaved, []
            oldest = next(iter(self._notes))
        for size, signature in unsaved:
            line = notes.format_signatures((signature,))
            self._db.add_cosignature(size, signature.name, line)
        saved = (oldest, self._tiles.flushed)
        if saved != self._saved:
            self._db.drop_checkpoints(oldest)
            self._db.set_meta("tiles", saved[1].to_bytes(8, "big"))
            self._saved = saved

    # Reading.

    @property
    def size(self) -> int:
        """How many entries readers see."""
        return self._view.size

    def view(self) -> View:
        """The state after the newest block."""
        return self._view

    def entry(self, index: int) -> bytes:
        """An entry's bytes.

        Raises:
            NotFound: The log is not that long.
        """
        if not 0 <= index < self.size:
            raise NotFound(f"expected an index below {self.size}, found {index}")
        return self._db.entry(index)

    def find(self, tx_id: str) -> int | None:
        """The log index of a transaction, or None."""
        return self._db.find(tx_id)

    def prove_inclusion(self, index: int, size: int) -> list[bytes]:
        """The audit path of an entry in the tree of the first `size` entries.

        Raises:
            OutOfRange: Not index < size <= the size of the log.
        """
        self._check_size(size)
        return merkle.prove_inclusion(self._tiles, index, size)

    def prove_consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of size `new` extends that of size `old`.

        Raises:
            OutOfRange: Not 0 < old <= new <= the size of the log.
        """
        self._check_size(new)
        return merkle.prove_consistency(self._tiles, old, new)

    def prove_state(self, keys: Iterable[str]) -> tuple[int, list[StateProof]]:
        """Prove what several keys hold at the newest height.

        Returns:
            The log index of the block entry whose state root the proofs are
            for, and one proof a key, in order.
        """
        view = self.view()
        proofs = [StateProof(key, view.get(key), view.prove(key)) for key in keys]
        return view.block.index, proofs

    def tile(self, path: str) -> bytes:
        """A tile or entry bundle by its C2SP path, such as `tile/0/000`.

        Raises:
            NotFound: No such tile, or none of that width yet.
        """
        return self._tiles.read(path)

    def _check_size(self, size: int) -> None:
        if not 0 < size <= self.size:
            raise OutOfRange(f"expected a size of 1 to {self.size}, found {size}")

    # Checkpoints and cosignatures.

    def checkpoint(self, size: int | None = None) -> bytes:
        """A checkpoint, as a note, with the cosignatures so far.

        Args:
            size: None for the newest; else, of those of at least this size,
                the one that most witnesses have cosigned.

        Raises:
            NotFound: No checkpoint of that size yet.
        """
        with self._changed:
            sizes = [self.size] if size is None else self._known_sizes(size)
            most = max(sizes, key=self._count, default=None)
            note = b"" if most is None else self._cosigned_note(most)
        if not note:
            raise NotFound("expected a checkpoint, found none of that size yet")
        return note

    def _known_sizes(self, size: int) -> list[int]:
        """Sizes of checkpoints from `size` on, the newest first."""
        return [held for held in reversed(self._notes) if held >= size]

    def _count(self, size: int) -> int:
        return len(self._cosignatures.get(size, {}))

    def own_checkpoint(self) -> bytes:
        """The newest checkpoint with the log's signature alone, for witnesses."""
        with self._changed:
            return self._notes[self.size]

    def _cosigned_note(self, size: int) -> bytes:
        if not self._notes[size]:
            return b""
        lines = self._cosignatures.get(size, {})
        signatures = tuple(lines[name] for name in sorted(lines))
        return self._notes[size] + notes.format_signatures(signatures).encode()

    def cosigned(self, size: int, need: TrustPolicy, timeout_s: float) -> bytes:
        """A checkpoint of at least this size that satisfies a trust policy.

        Raises:
            Unavailable: The witnesses did not cosign in time.
        """
        deadline = monotonic() + timeout_s
        refused: set[bytes] = set()
        while True:
            with self._changed:
                version = self._version
            found = self._satisfying(size, need, refused)
            if found is not None:
                return found
            if not self._await_change(version, deadline - monotonic()):
                raise no_quorum(size, timeout_s)

    def _await_change(self, version: int, timeout_s: float) -> bool:
        """Wait for a checkpoint or cosignature; False when none came in time."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._version != version, max(0.0, timeout_s)
            )

    def _satisfying(
        self, size: int, need: TrustPolicy, refused: set[bytes]
    ) -> bytes | None:
        """The newest checkpoint that is large enough and cosigned enough.

        Args:
            size: As in `cosigned`; so is `need`.
            need: The policy.
            refused: Notes that were looked at before; grows.
        """
        with self._changed:
            sizes = [
                candidate
                for candidate in self._known_sizes(size)
                if self._count(candidate) or candidate == self.size
            ]
            candidates = [self._cosigned_note(candidate) for candidate in sizes]
        for note in candidates:
            if note and note not in refused:
                try:
                    need.check(note)
                except VerificationError:
                    refused.add(note)
                    continue
                return note
        return None

    def add_cosignature(self, lines: bytes) -> int:
        """Take cosignatures under one of our checkpoints.

        Args:
            lines: A note: the checkpoint's text, and signature lines of which
                those by witnesses that the ledger knows are taken.

        Returns:
            How many of them were new.

        Raises:
            EncodingError: Not a note.
            NotFound: Not one of our newer checkpoints.
            SignatureInvalid: A line by a known witness that does not verify.
        """
        checkpoint, signed = self._our_checkpoint(lines)
        taken = 0
        for witness in trust.witnesses(self.genesis, self.view()):
            key = WitnessKey.parse(str(witness.vkey))
            for signature in signed.signatures:
                if (signature.name, signature.key_id) == (key.name, key.key_id):
                    single = notes.Note(signed.text, (signature,))
                    verify_cosignature(single, key)
                    taken += self._take(checkpoint.size, signature)
        if taken and checkpoint.size == self.size:
            self._publish()
        return taken

    def _our_checkpoint(self, lines: bytes) -> tuple[Checkpoint, notes.Note]:
        signed = notes.parse(lines)
        for size in (self.size, *reversed(self._notes)):
            ours = self._notes.get(size)
            if ours and ours.startswith(f"{signed.text}\n".encode()):
                return open_checkpoint(ours, self.log_key)[0], signed
        raise NotFound("expected one of our newer checkpoints, found another")

    def _take(self, size: int, signature: notes.NoteSignature) -> int:
        with self._changed:
            if size not in self._notes:
                return 0
            held = self._cosignatures.setdefault(size, {})
            if signature.name in held:
                return 0
            held[signature.name] = signature
            self._unsaved.append((size, signature))
            self._version += 1
            self._changed.notify_all()
            return 1


def no_quorum(size: int, timeout_s: float) -> Unavailable:
    """The witnesses did not cosign in time."""
    return Unavailable(
        f"expected a checkpoint of size {size} or more that reaches the quorum within "
        f"{timeout_s:g} s, found none",
        fix="See which witnesses answer, then try again.",
    )


def note_of(checkpoint: Checkpoint, signature: notes.NoteSignature) -> bytes:
    """A checkpoint's note with one signature."""
    return notes.format(notes.Note(body(checkpoint), (signature,)))


def _lock(directory: Path) -> int:
    """Hold a directory against a second process.

    Raises:
        ConfigError: Another process, or another engine in this one, holds it.
    """
    if not directory.is_dir():
        raise ConfigError(f"expected a ledger's directory, found no {directory}")
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise ConfigError(
            f"expected a ledger that nobody has open, found {directory} in use",
            fix="Stop the other process, or give this one its own directory.",
        ) from None
    return descriptor
