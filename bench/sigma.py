"""Sigma protocols through the Python API, on one core.

    python bench/sigma.py

Microseconds of processor time, the best of some runs; a batch of 64 counts for
one proof. Portable C runs in a process of its own (PRIVSHARE_PORTABLE=1).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

from peers.timing import best, pin

from privshare.bindings.hash import backend_name
from privshare.schemes.sigma import (
    RISTRETTO255,
    Branch,
    Claim,
    LinearRelation,
    Or,
    RelationBuilder,
    Statement,
    Witness,
    prove,
    verify,
    verify_batch,
)
from privshare.schemes.transcript import Transcript

SECRET = RISTRETTO255.scalar(3**150)
BATCH = 64


def context() -> Transcript:
    return Transcript("bench/v1")


def times(scalar: bytes, base: bytes | None = None) -> bytes:
    row = RISTRETTO255.decode(base) if base else RISTRETTO255.generator()
    return RISTRETTO255.encode(RISTRETTO255.multiply(scalar, row))


BASE = times(RISTRETTO255.scalar(5**100))


def equal_logarithms(count: int) -> LinearRelation:
    """K = x·G and, for 2, L = x·H."""
    b = RelationBuilder()
    x = b.scalar()
    b.equation([(b.element(times(SECRET)), 1)], [(x, b.generator, 1)])
    if count == 2:
        image = b.element(times(SECRET, BASE))
        b.equation([(image, 1)], [(x, b.element(BASE), 1)])
    return b.relation()


def hides(value: int) -> LinearRelation:
    """C - v·G = r·H, true of the value 5."""
    row = RISTRETTO255.join(
        [
            RISTRETTO255.decode(times(SECRET, BASE)),
            RISTRETTO255.decode(times(RISTRETTO255.scalar(5))),
        ]
    )
    commitment = RISTRETTO255.encode(RISTRETTO255.sums(row, [2]))
    b = RelationBuilder()
    image = [(b.element(commitment), 1), (b.generator, -value)]
    b.equation(image, [(b.scalar(), b.element(BASE), 1)])
    return b.relation()


def cases() -> Iterator[tuple[str, Statement, Witness]]:
    yield "a key", equal_logarithms(1), [SECRET]
    yield "equal logarithms", equal_logarithms(2), [SECRET]
    for n in (2, 8, 32):
        statement = Or([hides(value) for value in range(6 - n, 6)])
        yield f"one of {n} values", statement, Branch(n - 1, [SECRET])


def microseconds(work: Callable[[], object], runs: int) -> float:
    """One call, the best of five series of some."""

    def series() -> None:
        for _ in range(runs):
            work()

    return best(series, runs, 5)


def measure() -> None:
    """Print every figure for the backend of this process."""
    print(f"backend: {backend_name()}")
    print(f"{'statement':<18} {'bytes':>6} {'prove':>8} {'verify':>8} {'in 64':>8}")
    for name, statement, witness in cases():
        proof = prove(statement, witness, context())

        def make(s: Statement = statement, w: Witness = witness) -> None:
            prove(s, w, context())

        def check(s: Statement = statement, p: bytes = proof) -> None:
            verify(s, p, context())

        def together(s: Statement = statement, p: bytes = proof) -> None:
            verify_batch([Claim(s, p, context()) for _ in range(BATCH)])

        print(
            f"{name:<18} {len(proof):>6} {microseconds(make, 20):>8.0f} "
            f"{microseconds(check, 20):>8.0f} {microseconds(together, 1) / BATCH:>8.0f}"
        )


def main() -> None:
    pin()
    measure()
    if "PRIVSHARE_PORTABLE" not in os.environ:
        environment = {**os.environ, "PRIVSHARE_PORTABLE": "1"}
        subprocess.run([sys.executable, __file__], env=environment, check=True)


if __name__ == "__main__":
    main()
