"""One-of-many proofs through the Python API, on one core.

    python bench/one_of_many.py

Milliseconds of processor time, the best of some runs; a batch counts for one
proof. All have a linking tag. Portable C runs in a process of its own
(PRIVSHARE_PORTABLE=1). Figures of others that are measured the same way stand
in docs/performance.md.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

from peers.timing import best, pin

from privshare.bindings import ristretto255, scalar
from privshare.bindings.hash import backend_name
from privshare.schemes.one_of_many import (
    Candidates,
    Claim,
    Tag,
    prove,
    verify,
    verify_batch,
)
from privshare.schemes.transcript import Transcript

COUNTS = (16, 64, 128, 1024, 4096)
BATCH = 64


class Made:
    """A list of keys, and claims about it."""

    def __init__(self, count: int) -> None:
        draws = secrets.token_bytes(64 * count)
        self.secrets = scalar.reduce_wide(draws)
        self.encodings = ristretto255.base_table().mul(self.secrets).encode()
        self.candidates = Candidates.of(self.encodings)
        self.scope = ristretto255.from_uniform(secrets.token_bytes(64))
        self.base = ristretto255.base().encode()
        self.index = count // 3
        self.secret = self.secrets[32 * self.index : 32 * self.index + 32]
        value = ristretto255.mul(self.secret, self.scope).encode()
        self.tag = Tag(self.scope.encode(), value)
        self.proof = self.prove()

    def read(self) -> Candidates:
        return Candidates.of(self.encodings)

    def prove(self) -> bytes:
        return prove(
            self.candidates,
            self.index,
            self.secret,
            self.base,
            tag=self.tag,
            transcript=Transcript("bench/v1"),
        )

    def claim(self) -> Claim:
        return Claim(self.proof, self.base, Transcript("bench/v1"), tag=self.tag)

    def verify(self) -> None:
        verify(self.claim(), self.candidates)

    def batch(self) -> Callable[[], None]:
        claims = [replace(self.claim(), proof=self.prove()) for _ in range(BATCH)]

        def check() -> None:
            fresh = [replace(c, transcript=Transcript("bench/v1")) for c in claims]
            verify_batch(fresh, self.candidates)

        return check


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """One call, the best of five series of some."""

    def series() -> None:
        for _ in range(runs):
            work()

    return best(series, runs, 5) / 1e3


def measure() -> None:
    """Print every figure for the backend of this process."""
    print(f"backend: {backend_name()}")
    print(
        f"{'list':>5} {'bytes':>6} {'read list':>10} {'prove':>9} {'verify':>9} "
        f"{f'one of {BATCH}':>10}"
    )
    for count in COUNTS:
        made = Made(count)
        runs = max(1, 256 // count)
        print(
            f"{count:>5} {len(made.proof):>6} {milliseconds(made.read, runs):>10.3f} "
            f"{milliseconds(made.prove, runs):>9.3f} "
            f"{milliseconds(made.verify, runs):>9.3f} "
            f"{milliseconds(made.batch(), 1) / BATCH:>10.4f}"
        )


def main() -> None:
    """Measure the best backend, then portable C in a process of its own."""
    pin()
    measure()
    if "PRIVSHARE_PORTABLE" not in os.environ:
        environment = os.environ | {"PRIVSHARE_PORTABLE": "1"}
        subprocess.run([sys.executable, __file__], env=environment, check=True)


if __name__ == "__main__":
    main()
