"""Proof documents, provable columns and twisted ElGamal, on one core.

    python bench/proof.py

Processor time, the best of some runs. "Batch" is `verify_many` of 64 documents
of one kind, for one of them. Documents are read from their bytes beforehand.
Portable C runs in a process of its own (PRIVSHARE_PORTABLE=1).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from peers.timing import best, pin

from privshare.bindings.hash import backend_name
from privshare.rights.row import commit_rows, draw_salts
from privshare.rights.schema import Column, Schema
from privshare.schemes import elgamal_threshold
from privshare.schemes.commitment import Opening, draw_blinding
from privshare.schemes.elgamal import SecretKey, decrypt, encrypt
from privshare.schemes.proof import (
    AtLeast,
    Context,
    Decrypted,
    Encrypted,
    EqualValues,
    InRange,
    Interval,
    KnowsOpening,
    LinearSum,
    MemberColumn,
    MemberOf,
    OneOfSet,
    Statement,
    Witness,
    make,
    verify,
    verify_many,
)

BATCH = 64
ROWS = 20_000
CONTEXT = Context("bench", "bench.privshare", "bench", bytes(16))


def opening(value: int) -> Opening:
    return Opening(value, draw_blinding())


def cases() -> dict[str, tuple[Statement, Witness]]:
    """A statement of each kind, of a usual size."""
    x, y = opening(412_000), opening(95_000)
    c, d = x.commitment(), y.commitment()
    key = SecretKey.generate()
    ciphertext, inside = encrypt(key.public, 412_000)
    terms = [opening(i) for i in range(16)]
    list_of = [opening(i) for i in range(1024)]
    row = tuple(one.commitment() for one in list_of)
    fresh = opening(700)
    return {
        "opening": (KnowsOpening(c), Witness([x])),
        "equal, 2": (
            EqualValues((c, (same := opening(412_000)).commitment())),
            Witness([x, same]),
        ),
        "ElGamal encryption": (Encrypted(key.public, ciphertext), Witness([inside])),
        "ElGamal decryption": (
            Decrypted(key.public, ciphertext, 412_000),
            Witness(secret=key.to_bytes()),
        ),
        "one of 8": (OneOfSet(c, (1, 2, 3, 4, 5, 6, 7, 412_000)), Witness([x])),
        "sum of 16": (
            LinearSum(tuple(t.commitment() for t in terms), (1,) * 16, 120),
            Witness(terms),
        ),
        "interval, 16 bits": (
            InRange((Interval(c, 400_000, 450_000),)),
            Witness([x]),
        ),
        "interval, 64 bits": (InRange((Interval(c, 0, 1 << 52),)), Witness([x])),
        "at least, 32 bits": (AtLeast(c, d, 0, 32), Witness([x, y])),
        "row of 1,024": (
            MemberOf((MemberColumn(row, fresh.commitment()),)),
            Witness([list_of[700], fresh], index=700),
        ),
    }


def each(work: Callable[[], object], runs: int) -> float:
    """Milliseconds of one call, the best of five series of some."""

    def series() -> None:
        for _ in range(runs):
            work()

    return best(series, runs, 5) / 1e3


def proofs() -> None:
    print(f"{'kind':<20} {'bytes':>6} {'make':>8} {'verify':>8} {'batch':>8}  ms")
    for name, (statement, witness) in cases().items():
        document = make(statement, witness, CONTEXT)
        many = [make(statement, witness, CONTEXT) for _ in range(BATCH)]
        making = each(lambda s=statement, w=witness: make(s, w, CONTEXT), 4)
        checking = each(lambda d=document: verify(d), 8)
        together = each(lambda m=many: verify_many(m), 1) / BATCH
        print(
            f"{name:<20} {len(document.proof):>6} {making:>8.2f} {checking:>8.2f} "
            f"{together:>8.2f}"
        )


def columns() -> None:
    """A table of four columns, two of them provable or none."""
    rows = [[f"a-{i}", 1000 * i, "2026-03-01", i] for i in range(ROWS)]
    salts = draw_salts(ROWS)
    for provable in (False, True):
        schema = Schema(
            (
                Column("parcel", "string"),
                Column("price", "int", provable=provable),
                Column("sold", "date"),
                Column("paid", "decimal", scale=2, provable=provable),
            )
        )
        took = each(lambda s=schema: commit_rows(s, rows, salts), 1) / 1e3
        print(
            f"200,000 rows of 4 columns, {2 * provable} provable: "
            f"{took * 200_000 / ROWS:.1f} s"
        )


def elgamal() -> None:
    key = SecretKey.generate()
    ciphertext, _ = encrypt(key.public, 123_456)
    took = each(lambda: encrypt(key.public, 123_456), 20)
    print(f"ElGamal: encrypt {took:.2f} ms")
    for bits in (16, 24, 32):
        ciphertext, _ = encrypt(key.public, (1 << bits) - 1)
        first = time.process_time()
        decrypt(key, ciphertext, bound=1 << bits)
        first = (time.process_time() - first) * 1e3
        again = each(lambda c=ciphertext, b=bits: decrypt(key, c, bound=1 << b), 1)
        print(f"decrypt 2^{bits} - 1: {again:.1f} ms ({first:.1f} the first time)")
    shared, shares = elgamal_threshold.deal(2, 3)
    ciphertext, _ = encrypt(shared.public, 7)
    part = elgamal_threshold.make_partial(shared, shares[0], ciphertext, b"")
    making = each(
        lambda: elgamal_threshold.make_partial(shared, shares[0], ciphertext, b""), 8
    )
    checking = each(
        lambda: elgamal_threshold.verify_partial(shared, ciphertext, part, b""), 8
    )
    print(f"partial decryption: make {making:.2f} ms, verify {checking:.2f} ms")


def main() -> None:
    pin()
    print(f"backend: {backend_name()}")
    proofs()
    columns()
    elgamal()
    if os.environ.get("PRIVSHARE_PORTABLE") is None:
        print()
        environ = {**os.environ, "PRIVSHARE_PORTABLE": "1"}
        subprocess.run([sys.executable, __file__], env=environ, check=True)


if __name__ == "__main__":
    main()
