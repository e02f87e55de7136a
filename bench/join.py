"""Private joins of two owners, beside peers in the same run.

    python bench/join.py [rows] [--large] [--alone]

CPU seconds of both sides together, in one process here; bytes that both sent.
`rows` is 100,000 unless told otherwise; --large adds psi.count of a million,
in memory and with files; --alone leaves the peers out. Peers run in environments
of their own (`bench/peers/environments.py`): openmined-psi tells the size of an
intersection, spu (one gigabyte, Python 3.11) only the identifiers themselves.
Both halves of the sets match. A figure is printed after its answer was found right.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from peers.environments import OPENMINED, SPU, Peer, ask

from privshare.bindings import oprf as native
from privshare.bindings.hash import backend_name
from privshare.bindings.scalar import from_int
from privshare.jobs.join.local import run
from privshare.jobs.join.terms import Operation, Role, Terms
from privshare.schemes import oprf

SEEDS = (b"r" * 32, b"h" * 32)
BATCH = 4096


def main() -> None:
    """Print the table."""
    numbers = [int(a) for a in sys.argv[1:] if not a.startswith("--")]
    rows = numbers[0] if numbers else 100_000
    print(f"backend {backend_name()}, {rows} x {rows}, CPU s of both sides, MB sent\n")
    for operation in Operation:
        report(operation.value, *ours(operation, rows))
    if "--large" in sys.argv:
        report("psi.count 1,000,000", *ours(Operation.COUNT, 1_000_000))
        with tempfile.TemporaryDirectory() as folder:
            found = ours(Operation.COUNT, 1_000_000, Path(folder))
            report("the same with files", *found)
    if "--alone" not in sys.argv:
        theirs("openmined-psi, count", OPENMINED, "join_openmined.py", str(rows))
        for protocol in ("ecdh", "rr22"):
            name = f"spu {protocol}, identifiers"
            theirs(name, SPU, "join_spu.py", str(rows), protocol)
    print("\nmicroseconds an element, batches of 4096, one core")
    for name, cost in kernels().items():
        print(f"  {name:<44}{cost:6.2f}")


def report(name: str, seconds: float, sent: float) -> None:
    """One line, with the most memory so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<32}{seconds:8.2f} s {sent:8.1f} MB   peak {peak:6.0f} MB")


def ours(
    operation: Operation, rows: int, folder: Path | None = None
) -> tuple[float, float]:
    """CPU seconds and megabytes of one join."""
    a = [b"%011d" % i for i in range(rows)]
    b = [b"%011d" % i for i in range(rows // 2, rows // 2 + rows)]
    summed = operation is Operation.SUM
    values = [i % 1000 for i in range(rows)] if summed else None
    terms = Terms(
        operation, bytes(32), bytes(32), rows, rows, 0, 1000 * rows if summed else 0
    )
    sent = 0

    def wire(_role: Role, _number: int, message: bytes) -> list[bytes]:
        nonlocal sent
        sent += len(message)
        return [message]

    started = time.process_time()
    result, receiver, _ = run(
        terms, a, b, values, seeds=SEEDS, folder=folder, wire=wire
    )
    seconds = time.process_time() - started
    matched = rows - rows // 2
    if operation is Operation.IDS:
        assert len(receiver.matched) == matched
    else:
        assert result["count"] == matched
    if summed:
        assert result["sum"] == sum(i % 1000 for i in range(matched))
    return seconds, sent / 1e6


def theirs(name: str, peer: Peer, script: str, *arguments: str) -> None:
    """A peer's line, or why there is none."""
    found = ask(peer, script, *arguments)
    if isinstance(found, str):
        print(f"{name:<32}   {found}")
        return
    sent = f"{found['bytes'] / 1e6:8.1f} MB" if "bytes" in found else ""
    print(f"{name:<32}{found['seconds']:8.2f} s {sent}")


def kernels() -> dict[str, float]:
    """What each step of an element costs."""
    inputs = [b"%011d" % i for i in range(BATCH)]
    key = from_int(1 << 251)
    uniform = oprf.uniform(inputs)
    points = native.blind(uniform, key)
    steps = {
        "hash to 64 bytes (SHA-512, twice)": lambda: oprf.uniform(inputs),
        "map to the group, multiply, encode": lambda: native.blind(uniform, key),
        "decode, multiply, encode": lambda: native.evaluate(points, key),
    }
    costs = {}
    for name, work in steps.items():
        best = 1e9
        for _ in range(5):
            started = time.process_time()
            work()
            best = min(best, time.process_time() - started)
        costs[name] = 1e6 * best / BATCH
    return costs


if __name__ == "__main__":
    main()
