"""Paillier through the Python API, beside every peer that can be installed.

    python bench/paillier.py [bits ...]     2048 and 3072 unless told otherwise

Microseconds for one number. On one core it is CPU time, the best of some runs;
for all cores it is the clock on the wall. Peers run in environments of their
own (`bench/peers/environments.py`), in the same run, so that ratios compare:
a shared machine moves absolute figures. A library without arrays runs a loop.
Every row is measured in a process of its own, and only after its answers were
found right.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from peers.environments import HERE, PEERS, python_of, set_up
from peers.timing import best, mean_ms, numbers, right

Row = dict[str, float]
VECTORS = (1_024, 16_384)
FEW = 128
"""Numbers in a vector where one costs milliseconds."""
PACKED = 10_000
SLOW = 512
"""Textbook encryption costs as much in a short vector as in a long one."""

OPERATIONS = (
    "key pair, ms",
    "encrypt, DJN",
    "encrypt, textbook",
    "encrypt, key holder",
    "decrypt",
    "sum, a term",
    "+ plaintext",
    "x u32",
    "x float64",
    "dot u32, an element",
    "dot float64, an element",
    "10,000 doubles packed, ms",
    "two packed columns added, ms",
    "bytes a packed value",
)


def processor() -> str:
    """Its name, and whether it has the instructions that matter."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    fields = dict(
        (part.strip() for part in line.split(":", 1))
        for line in text.splitlines()
        if ":" in line
    )
    family = f"family {fields.get('cpu family')} model {fields.get('model')}"
    ifma = "IFMA" if "avx512ifma" in fields.get("flags", "") else "no IFMA"
    return f"{fields.get('model name')} ({family}, {ifma})"


def wall(work: Callable[[], object], units: int, runs: int = 3) -> float:
    """As `best`, by the clock on the wall."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return 1e6 * min(times) / units


def ours(bits: int, count: int, all_cores: bool) -> Row:
    """Columns, on the code path and the cores that this process has."""
    import numpy as np

    from privshare.schemes.paillier import PaillierPrivateKey

    timed = wall if all_cores else best
    private = PaillierPrivateKey.generate(bits)
    public = private.public
    values = np.array(numbers(52, count, signed=True), dtype=np.int64)
    small = np.array(numbers(32, count), dtype=np.uint32)
    wide = np.array(numbers(53, count, signed=True), dtype=np.int64)
    doubles = np.array(numbers(52, PACKED, signed=True)) / 1024
    slow = values[: min(count, SLOW)]
    bound = 1 << 52
    column = public.encrypt(values, packed=False, bound=bound)
    right(list(private.decrypt(column)), list(values))
    expected = sum(int(v) * int(k) for v, k in zip(values, wide, strict=True))
    right(private.decrypt(column.dot(wide)), expected)
    packed = public.encrypt(doubles, scale=1024, bound=1 << 42)
    holder = private.encrypt(values[:8], packed=False, bound=bound)
    right(list(private.decrypt(holder)), list(values[:8]))
    row = {
        "encrypt, DJN": timed(lambda: public.encrypt(values, packed=False), count),
        "encrypt, textbook": timed(
            lambda: public.encrypt(slow, packed=False, randomness="textbook"),
            len(slow),
            2,
        ),
        "encrypt, key holder": timed(
            lambda: private.encrypt(values, packed=False), count
        ),
        "decrypt": timed(lambda: private.decrypt(column), count, 2),
        "sum, a term": timed(column.sum, count, 10),
        "+ plaintext": timed(lambda: column + values, count, 10),
        "x u32": timed(lambda: column * small, count),
        "x float64": timed(lambda: column * wide, count),
        "dot u32, an element": timed(lambda: column.dot(small), count),
        "dot float64, an element": timed(lambda: column.dot(wide), count),
        "10,000 doubles packed, ms": timed(
            lambda: public.encrypt(doubles, scale=1024, bound=1 << 42), 1_000
        ),
        "two packed columns added, ms": timed(lambda: packed + packed, 1_000, 10),
        "bytes a packed value": packed.nbytes / PACKED,
    }
    if not all_cores:
        row["key pair, ms"] = mean_ms(lambda: PaillierPrivateKey.generate(bits), 20)
    return row


def row(bits: int, count: int, all_cores: bool) -> None:
    """What `measured` starts."""
    from privshare.bindings.hash import backend_name

    cores = sorted(os.sched_getaffinity(0))
    if not all_cores:
        os.sched_setaffinity(0, {cores[-1]})
    kind = {"1": "plain C", "scalar": "scalar"}.get(
        os.environ.get("PRIVSHARE_PORTABLE", ""), backend_name()
    )
    where = f"{len(cores)} cores" if all_cores else "1 core"
    print(json.dumps([f"{kind}, {count:,}, {where}", ours(bits, count, all_cores)]))


def measured(bits: int, count: int, all_cores: bool, path: str = "") -> tuple[str, Row]:
    """A row of ours."""
    name, figures = json.loads(
        subprocess.run(
            [sys.executable, __file__, "--row", *map(str, (bits, count, all_cores))],
            env={**os.environ, "PRIVSHARE_PORTABLE": path},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
    )
    return name, figures


def beside(bits: int) -> list[tuple[str, Row]]:
    """A row of every peer that is there; why the others are not is printed."""
    rows = []
    for peer in PEERS:
        reason = set_up(peer)
        if not reason:
            done = subprocess.run(
                [python_of(peer), HERE / f"with_{peer.name}.py", str(bits)],
                capture_output=True,
                text=True,
                check=False,
            )
            answers = [x for x in done.stdout.splitlines() if x.startswith('["')]
            if answers and not done.returncode:
                rows.append(tuple(json.loads(answers[-1])))
                continue
            reason = (done.stderr.strip().splitlines() or ["gave no figures"])[-1]
        print(f"absent: {peer.name} ({reason})", flush=True)
    return rows


def table(bits: int) -> None:
    """Ours, each peer, and our vector path against the best of them."""
    mine = [measured(bits, count, False) for count in VECTORS]
    mine.append(measured(bits, VECTORS[-1], True))
    mine += [measured(bits, FEW, False, path) for path in ("scalar", "1")]
    peers = beside(bits)
    print(f"\n{bits} bits, us for one number unless said otherwise")
    names = "".join(f"\n  {chr(65 + i)}  {name}" for i, (name, _) in enumerate(mine))
    names += "".join(f"\n  {chr(97 + i)}  {name}" for i, (name, _) in enumerate(peers))
    print(names)
    letters = [chr(65 + i) for i in range(len(mine))]
    letters += [chr(97 + i) for i in range(len(peers))]
    print(
        f"\n{'':29}"
        + "".join(f"{letter:>10}" for letter in letters)
        + f"{'best/B':>10}{'B/C':>8}"
    )
    for operation in OPERATIONS:
        cells = [figures.get(operation) for _, figures in (*mine, *peers)]
        others = [cell for cell in cells[len(mine) :] if cell is not None]
        text = "".join("         -" if c is None else f"{c:10.2f}" for c in cells)
        ours_, cores = mine[1][1].get(operation), mine[2][1].get(operation)
        ratio = f"{min(others) / ours_:8.1f} x" if others and ours_ else f"{'':10}"
        scaling = f"{ours_ / cores:6.2f} x" if ours_ and cores else ""
        print(f"{operation:29}{text}{ratio}{scaling}", flush=True)


def main() -> None:
    """Print the machine, then a table for each size."""
    if sys.argv[1:2] == ["--row"]:
        bits, count, all_cores = sys.argv[2:5]
        row(int(bits), int(count), all_cores == "True")
        return
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    print(f"{processor()}, load {load}, Python {platform.python_version()}")
    for bits in [int(x) for x in sys.argv[1:]] or [2048, 3072]:
        table(bits)


if __name__ == "__main__":
    main()
