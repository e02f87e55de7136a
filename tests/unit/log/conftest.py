"""A small log with three witnesses, all keys fixed."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from privshare.log import merkle
from privshare.log.checkpoint import Checkpoint, LogKey, body, sign_checkpoint
from privshare.log.cosignature import WitnessKey, cosign
from privshare.schemes.keys import SigningKey
from privshare.wire import note
from privshare.wire.note import Note, NoteSignature

ORIGIN = "log.example/1"


@dataclass(frozen=True)
class SmallLog:
    """Entries, keys, and checkpoints on demand."""

    entries: tuple[bytes, ...] = tuple(b"entry %d" % i for i in range(20))
    key: SigningKey = field(default_factory=lambda: SigningKey.from_seed(b"l" * 32))
    witness_keys: tuple[SigningKey, ...] = tuple(
        SigningKey.from_seed(letter * 32) for letter in (b"x", b"y", b"z")
    )

    @property
    def log_key(self) -> LogKey:
        return LogKey(ORIGIN, self.key.verify_key)

    @property
    def witnesses(self) -> list[WitnessKey]:
        return [
            WitnessKey(f"witness.example/{name}", key.verify_key)
            for name, key in zip("xyz", self.witness_keys, strict=True)
        ]

    def leaf_hashes(self, size: int) -> bytes:
        return merkle.leaf_hashes(self.entries[:size])

    def checkpoint(self, size: int = 20) -> Checkpoint:
        return Checkpoint(ORIGIN, size, merkle.root(self.leaf_hashes(size)))

    def line(self, cp: Checkpoint) -> NoteSignature:
        return sign_checkpoint(cp, ORIGIN, self.key)

    def cosignature(self, cp: Checkpoint, name: str, time: int = 1000) -> NoteSignature:
        key = self.witness_keys["xyz".index(name)]
        return cosign(body(cp), f"witness.example/{name}", key, time)

    def note(self, size: int = 20, *, by: str = "") -> bytes:
        """A signed checkpoint, cosigned by the witnesses whose letters are given."""
        cp = self.checkpoint(size)
        lines = [self.line(cp), *(self.cosignature(cp, name) for name in by)]
        return note.format(Note(body(cp), tuple(lines)))

    def policy_text(self, quorum: str) -> str:
        """The policy of this log, down to its last lines."""
        x, y, z = self.witnesses
        return (
            f"log {self.log_key}\n"
            f"witness X {x}\nwitness Y {y}\nwitness Z {z}\n{quorum}\n"
        )


@pytest.fixture(scope="session")
def small() -> SmallLog:
    """The log that the tests of this folder share."""
    return SmallLog()
