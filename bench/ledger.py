"""Measure the embedded ledger beside what it is made of, in one run.

    python bench/ledger.py [seconds a row]

Rows in the first table write durably to the same folder: a bare fsync loop,
plain SQLite (one row a commit and 1,000 rows a commit), and the ledger with
single transactions and with batches of 1,000 leaves. Anchors and signed
transactions are two columns and never mixed. The second table takes the same
work apart, without a disk: what a core verifies, checks and applies.

Read ratios, not absolutes: on a shared disk an fsync costs 0.1 to 4 ms.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/unit/ledger"))

from ledger_kit import LOG_KEY, START, Bench, Scribe, genesis, key

from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.engines.mirror import MirrorLedger
from privshare.ledger.genesis import Params

Work = tuple[bytes, bytes]


def clock() -> int:
    """Time stands still while we measure."""
    return START + 1


def rate(step: Callable[[], int], seconds: float) -> float:
    """Units a second, where a step says how many units it did."""
    done, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds:
        done += step()
    return done / spent


def fsync_loop(folder: Path, seconds: float) -> float:
    """Append 32 bytes and force them to disk, one at a time."""
    with open(folder / "raw", "ab", buffering=0) as file:

        def step() -> int:
            file.write(bytes(32))
            os.fsync(file.fileno())
            return 1

        return rate(step, seconds)


def plain_sqlite(folder: Path, seconds: float, rows: int) -> float:
    """Rows a second into one table, so many a commit, WAL and FULL."""
    db = sqlite3.connect(folder / f"plain{rows}.sqlite3", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE t (i INTEGER PRIMARY KEY, d BLOB)")

    def step() -> int:
        db.execute("BEGIN")
        db.executemany("INSERT INTO t (d) VALUES (?)", [(bytes(33),)] * rows)
        db.execute("COMMIT")
        return rows

    try:
        return rate(step, seconds)
    finally:
        db.close()


def drive(
    ledger: EmbeddedLedger,
    work: Callable[[Scribe, int], Work],
    total: int,
    threads: int,
) -> float:
    """Submissions a second by so many threads; signing is done beforehand."""
    scribe = Scribe(nonces=int.from_bytes(os.urandom(8), "big"))
    jobs = [work(scribe, i) for i in range(total)]

    def go(part: list[Work]) -> None:
        for data, leaves in part:
            ledger.submit(data, leaves, timeout_s=60)

    running = [
        threading.Thread(target=go, args=(jobs[i::threads],)) for i in range(threads)
    ]
    started = time.perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return total / (time.perf_counter() - started)


_names = count()


def register(scribe: Scribe, _: int) -> Work:
    """A single rights transaction."""
    return scribe.register(f"taxes/d{next(_names)}"), b""


def anchor(leaves: int) -> Callable[[Scribe, int], Work]:
    """A batch of so many leaves."""
    return lambda scribe, i: scribe.anchor("taxes", leaves, f"{next(_names)}/{i}")


def row(name: str, transactions: float | None, anchors: float | None) -> None:
    """Print one row; a dash where a column does not apply."""
    cells = [
        f"{x:12,.0f}" if x is not None else f"{'-':>12}"
        for x in (transactions, anchors)
    ]
    print(f"{name:44}{cells[0]}{cells[1]}", flush=True)


def durable(folder: Path, seconds: float) -> None:
    """The first table."""
    print(f"{'durable, a second':44}{'tx or rows':>12}{'anchors':>12}")
    row("raw: write and fsync 32 bytes", fsync_loop(folder, seconds), None)
    row("plain SQLite, 1 row a commit", plain_sqlite(folder, seconds, 1), None)
    row("plain SQLite, 1,000 rows a commit", plain_sqlite(folder, seconds, 1000), None)
    with EmbeddedLedger.create(
        folder / "ledger", genesis(Params()), LOG_KEY, clock=clock
    ) as ledger:
        ledger.submit(Scribe().admit("taxes"))
        for threads in (1, 8, 64):
            total = int(60 * seconds * min(threads, 12))
            single = drive(ledger, register, total, threads)
            row(f"ledger, single transactions, {threads} writers", single, None)
        for threads, leaves in ((1, 1000), (8, 1000), (8, 1)):
            total = int((40 if leaves > 1 else 300) * seconds)
            batches = drive(ledger, anchor(leaves), total, threads)
            name = f"ledger, batches of {leaves:,}, {threads} writers"
            row(name, batches, batches * leaves)
        size = ledger.size
        mirror = MirrorLedger.create(
            folder / "mirror",
            Direct(ledger),  # type: ignore[arg-type]
            ledger.genesis.digest,
            agency="taxes",
            witness_key=key("taxes/witness"),
            clock=clock,
        )
        started = time.perf_counter()
        mirror.refresh()
        spent = time.perf_counter() - started
        mirror.close()
    speed = f"{size:,} entries, {size / spent:,.0f} a second"
    print(f"\nmirror: fetched, verified and replayed {speed}")
    started = time.perf_counter()
    EmbeddedLedger(folder / "ledger", LOG_KEY, clock=clock).close()
    spent = time.perf_counter() - started
    print(f"restart: opened and closed {size:,} entries in {spent:.2f} s")


class Direct:
    """The ledger as a mirror's source in the same process."""

    def __init__(self, ledger: EmbeddedLedger) -> None:
        self.genesis = ledger.genesis.encode
        self.checkpoint = ledger.checkpoint
        self.tile = ledger.tile


def parts(seconds: float) -> None:
    """The second table: one core, no disk."""
    bench = Bench(Params())
    bench.admit_all()
    bench.close()
    scribe = bench.scribe
    signed = hashlib.sha256(b"x").digest() * 20
    signature = key("taxes/sign").sign(signed)
    public = key("taxes/sign").verify_key

    def verify() -> int:
        public.verify(signature, signed)
        return 1

    written: Iterator[Work] = iter(
        [register(scribe, i) for i in range(int(3000 * seconds))]
    )
    checked = []

    def check() -> int:
        found = next(written, None)
        if found is None:
            raise StopIteration
        checked.append(bench.machine.check(*found, clock()))
        return 1

    print(f"\n{'one core, no disk':44}{'us each':>12}")
    print(f"{'Ed25519 verify alone':44}{1e6 / rate(verify, seconds):12.1f}")
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        try:
            done += check()
        except StopIteration:
            break
    print(
        f"{'check a transaction, signature included':44}"
        f"{1e6 * (time.perf_counter() - started) / done:12.1f}"
    )
    started = time.perf_counter()
    for item in checked:
        bench.machine.apply(item, clock())
    print(f"{'apply it':44}{1e6 * (time.perf_counter() - started) / done:12.1f}")
    started = time.perf_counter()
    bench.machine.close_block(clock())
    print(
        f"{'hash the state, a transaction':44}"
        f"{1e6 * (time.perf_counter() - started) / done:12.1f}"
    )
    batches = [anchor(1000)(scribe, i) for i in range(50)]
    started = time.perf_counter()
    for data, leaves in batches:
        bench.machine.check(data, leaves, clock())
    spent = time.perf_counter() - started
    print(f"{'check a batch of 1,000 leaves':44}{1e6 * spent / len(batches):12.1f}")


def main() -> None:
    """Print the machine, its load, and both tables."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}\n"
    )
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        durable(Path(folder), seconds)
    parts(seconds)


if __name__ == "__main__":
    main()
