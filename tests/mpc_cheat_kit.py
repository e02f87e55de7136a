"""Three nodes in threads, one of which may cheat in one message."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from privshare.jobs.mpc.link import MemoryLink, memory_links
from privshare.jobs.mpc.pieces import expand, split
from privshare.jobs.mpc.ring import Shared, limbs_of

KEYS = [hashlib.sha256(b"key %d" % number).digest() for number in range(3)]


@dataclass
class Cheat:
    """One error in one message.

    Attributes:
        node: Who makes it.
        message: Which of its messages, counted from 0.
        word: Which word of the message, modulo its words.
        error: What is added to the word, modulo 2^64; or combined by XOR.
        xor: Whether it is.
        label: Of the message that it hit; filled when it happens.
    """

    node: int
    message: int
    word: int = 0
    error: int = 1
    xor: bool = False
    label: str | None = None


@dataclass
class Cheater:
    """A link whose node follows the protocol but for one message."""

    inner: MemoryLink
    cheat: Cheat | None = None
    sent: list[tuple[str, int]] = field(default_factory=list)

    @property
    def index(self) -> int:
        """Of the node."""
        return self.inner.index

    def round(
        self, label: str, to_previous: Any, to_next: Any, before: int, after: int
    ) -> tuple[memoryview, memoryview]:
        """Send, perhaps falsely."""
        said = [self._said(label, one) for one in (to_previous, to_next)]
        return self.inner.round(label, said[0], said[1], before, after)

    def agree(self, label: str, digest: bytes) -> None:
        """As it is; a node that says otherwise is found at once."""
        self.inner.agree(label, digest)

    def settle(self) -> bytes:
        """As it is."""
        return self.inner.settle()

    def _said(self, label: str, data: Any) -> bytes:
        raw = bytes(memoryview(data).cast("B")) if len(data) else b""
        if not raw:
            return raw
        number = len(self.sent)
        self.sent.append((label, len(raw)))
        cheat = self.cheat
        if cheat is None or number != cheat.message:
            return raw
        cheat.label = label
        words = np.frombuffer(raw, np.uint64).copy()
        at = cheat.word % words.size
        old = int(words[at])
        new = old ^ cheat.error if cheat.xor else old + cheat.error
        words[at] = new % 2**64
        return words.tobytes()


def nodes(
    work: Callable[[Cheater], Any], cheat: Cheat | None = None
) -> tuple[list[Any], list[BaseException | None], list[Cheater]]:
    """What three nodes return or raise; one that raises tells the others."""
    links = [
        Cheater(link, cheat if cheat and link.index == cheat.node else None)
        for link in memory_links(20.0)
    ]
    results: list[Any] = [None] * 3
    faults: list[BaseException | None] = [None] * 3

    def one(link: Cheater) -> None:
        try:
            results[link.index] = work(link)
        except BaseException as error:
            faults[link.index] = error
            for other in range(3):
                if other != link.index:
                    link.inner._boxes[link.index, other].put(("ended", b""))

    threads = [threading.Thread(target=one, args=(link,)) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, faults, links


def deal(values: Sequence[int], ring: int = 64, seed: int = 7) -> list[Any]:
    """Three pieces of values."""
    draw = random.Random(seed)
    seeds = draw.randbytes(32), draw.randbytes(32)
    pieces = split(limbs_of(values, ring), *seeds)
    return [expand(i, pieces[i], len(values), ring) for i in range(3)]


def held(pieces: Sequence[Any], node: int, ring: int = 64) -> Shared:
    """What a node gets of them."""
    return Shared(pieces[node], pieces[(node + 1) % 3], ring)


def keys(node: int) -> tuple[bytes, bytes]:
    """Its keys with the previous and with the next node."""
    return KEYS[node], KEYS[(node + 1) % 3]


def signed(found: Any, ring: int) -> list[int]:
    """Opened elements as integers."""
    if ring == 64:
        return [int(one) for one in np.asarray(found).astype(np.int64).reshape(-1)]
    made = [int(h) << 64 | int(low) for low, h in np.asarray(found).reshape(-1, 2)]
    return [one - (1 << 128) if one >> 127 else one for one in made]
