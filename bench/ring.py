"""Ring signatures through the Python API, on one core.

    python bench/ring.py

Milliseconds of processor time, the best of some runs. "ring" is what a list of
keys costs once, before its first signature is verified; "verify" goes with a
ring and a scope that were seen before. A batch counts for one signature.
Portable C runs in a process of its own (PRIVSHARE_PORTABLE=1). What others need
stands in docs/protocols/ring.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from peers.timing import best, pin

from privshare.bindings.hash import backend_name
from privshare.schemes.escrow import combine, partial_opening, verify_partial
from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_key import RingKey
from privshare.schemes.ring_signature import (
    Claim,
    Form,
    RingSignature,
    sign,
    verify,
    verify_many,
)

SHAPES: tuple[tuple[Form, int], ...] = (
    ("lsag", 2),
    ("lsag", 4),
    ("lsag", 8),
    ("lsag", 16),
    ("lsag", 32),
    ("lsag", 64),
    ("one-of-many", 16),
    ("one-of-many", 64),
    ("one-of-many", 128),
    ("one-of-many", 1024),
    ("one-of-many", 4096),
)
REGULATORS = ((2, 3), (3, 5), (8, 16))
BATCH, BATCH_RINGS = 64, (128, 1024)
MESSAGE, SCOPE, CONTEXT = b"message", b"scope", b"context"

_keys = [RingKey.generate() for _ in range(max(n for _, n in SHAPES))]
_members = {key.public: key for key in _keys}


def ring(count: int) -> Ring:
    """A ring of so many members, never seen before."""
    return Ring.of(key.public for key in _keys[:count])


class Made:
    """A ring and a signature."""

    def __init__(
        self, form: Form, count: int, regulators: Regulators | None = None
    ) -> None:
        self.form, self.regulators = form, regulators
        self.ring = ring(count)
        self.key = _members[self.ring.keys[count // 2]]
        self.signature = self.sign()

    def sign(self) -> RingSignature:
        return sign(
            MESSAGE,
            scope=SCOPE,
            context=CONTEXT,
            ring=self.ring,
            key=self.key,
            regulators=self.regulators,
            form=self.form,
        )

    def verify(self) -> None:
        verify(
            self.signature,
            MESSAGE,
            scope=SCOPE,
            context=CONTEXT,
            ring=self.ring,
            regulators=self.regulators,
        )

    def prepare(self) -> None:
        made = ring(len(self.ring))
        _ = made.core if self.form == "lsag" else made.candidates


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """One call, the best of seven series of some."""

    def series() -> None:
        for _ in range(runs):
            work()

    return best(series, runs, 7) / 1e3


def measure() -> None:
    """Print every figure for the backend of this process."""
    print(f"backend: {backend_name()}")
    print(f"{'form':<12} {'n':>5} {'bytes':>6} {'sign':>9} {'verify':>9} {'ring':>9}")
    for form, count in SHAPES:
        made, runs = Made(form, count), max(1, 256 // count)
        print(
            f"{form:<12} {count:>5} {len(made.signature.to_bytes()):>6} "
            f"{milliseconds(made.sign, runs):>9.3f} "
            f"{milliseconds(made.verify, runs):>9.3f} "
            f"{milliseconds(made.prepare, runs):>9.3f}"
        )
    for count in BATCH_RINGS:
        made = Made("one-of-many", count)
        claims = [Claim(made.sign(), MESSAGE, SCOPE, CONTEXT) for _ in range(BATCH)]

        def check(claims: list[Claim] = claims, ring: Ring = made.ring) -> None:
            verify_many(claims, ring)

        one = milliseconds(check, 1) / BATCH
        print(f"batch of {BATCH}, ring of {count}, one signature: {one:.4f}")
    for k, n in REGULATORS:
        measure_escrow(k, n)


def measure_escrow(k: int, n: int) -> None:
    """An escrow on top of a signature for a ring of 16, and its opening."""
    holders = [RingKey.generate() for _ in range(n)]
    regulators = Regulators(k, [key.public for key in holders])
    made = Made("lsag", 16, regulators)
    escrow = made.signature.escrow
    assert escrow is not None
    parts = [partial_opening(escrow, regulators, one, b"why") for one in holders[:k]]
    partials = [verify_partial(part, escrow, regulators, b"why") for part in parts]
    figures: dict[str, Callable[[], object]] = {
        "sign": made.sign,
        "verify": made.verify,
        "part": lambda: partial_opening(escrow, regulators, holders[0], b"why"),
        "its check": lambda: verify_partial(parts[0], escrow, regulators, b"why"),
        "combine": lambda: combine(escrow, regulators, made.ring, partials),
    }
    size = len(made.signature.to_bytes())
    times = (f"{name} {milliseconds(work, 8):.3f}" for name, work in figures.items())
    print(f"16 with escrow for {k} of {n}: {size} bytes,", ", ".join(times))


def main() -> None:
    pin()
    measure()
    if "PRIVSHARE_PORTABLE" not in os.environ:
        environment = {**os.environ, "PRIVSHARE_PORTABLE": "1"}
        subprocess.run([sys.executable, __file__], env=environment, check=True)


if __name__ == "__main__":
    main()
