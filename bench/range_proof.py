"""Range proofs through the Python API, on one core.

    python bench/range_proof.py

Milliseconds of processor time, the best of some runs; a batch counts for one
proof. Portable C runs in a process of its own (PRIVSHARE_PORTABLE=1). Figures
of others that are measured the same way stand in docs/performance.md.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable

from peers.timing import best, pin

from privshare.bindings import scalar
from privshare.bindings.hash import backend_name
from privshare.schemes.commitment import commit
from privshare.schemes.range_proof import Claim, prove, verify, verify_batch
from privshare.schemes.transcript import Transcript

SHAPES = ((8, 1), (32, 1), (64, 1), (64, 2), (64, 8), (64, 32))
BATCHES = (8, 64, 512)


def context() -> Transcript:
    return Transcript("bench/v1")


class Made:
    """Numbers, and a proof that they are in range."""

    def __init__(self, bits: int, count: int) -> None:
        self.bits = bits
        self.values = [secrets.randbits(bits) for _ in range(count)]
        draws = [secrets.token_bytes(64) for _ in range(count)]
        self.blindings = [scalar.reduce_wide(draw) for draw in draws]
        pairs = zip(self.values, self.blindings, strict=True)
        self.commitments = [commit(value, blinding) for value, blinding in pairs]
        self.proof = self.prove()

    def prove(self) -> bytes:
        return prove(self.values, self.blindings, self.bits, context())

    def verify(self) -> None:
        verify(self.commitments, self.bits, self.proof, context())

    def claim(self) -> Claim:
        return Claim(self.commitments, self.bits, self.proof, context())


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """One call, the best of five series of some."""

    def series() -> None:
        for _ in range(runs):
            work()

    return best(series, runs, 5) / 1e3


def measure() -> None:
    """Print every figure for the backend of this process."""
    print(f"backend: {backend_name()}")
    print(f"{'bits':>5} {'numbers':>8} {'bytes':>6} {'prove':>9} {'verify':>9}")
    for bits, count in SHAPES:
        made = Made(bits, count)
        runs = max(1, 32 // count)
        proving = milliseconds(made.prove, runs)
        verifying = milliseconds(made.verify, runs)
        print(
            f"{bits:>5} {count:>8} {len(made.proof):>6} "
            f"{proving:>9.3f} {verifying:>9.3f}"
        )
    many = [Made(64, 1) for _ in range(max(BATCHES))]
    for count in BATCHES:
        chosen = many[:count]

        def check(chosen: list[Made] = chosen) -> None:
            verify_batch([made.claim() for made in chosen])

        print(f"batch of {count:>4}, one proof: {milliseconds(check, 1) / count:.4f}")


def main() -> None:
    pin()
    measure()
    if "PRIVSHARE_PORTABLE" not in os.environ:
        environment = {**os.environ, "PRIVSHARE_PORTABLE": "1"}
        subprocess.run([sys.executable, __file__], env=environment, check=True)


if __name__ == "__main__":
    main()
