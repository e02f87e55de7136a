"""A column's whole way: encrypted, shipped, summed by groups, opened.

    python bench/column.py [--rows 1000000] [--groups 20] [bits ...]

Amounts of money are encrypted with the public key, their groups open; the bytes
of the column cross a loopback socket and pass the strict reader; another owner
of the column's bytes sums it by groups, sends the sums back, and the private
key opens them. Every phase is timed on the wall and in CPU seconds of all cores
(others may use the machine, too). numpy and pandas sum the plain column beside
it, and every total must be equal.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import socket
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import version
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from machine import processor

from privshare.bindings.hash import backend_name
from privshare.schemes.columns import EncryptedColumn, EncryptedGroups
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey

BOUND_CENTS = 100_000_000_00
"""No amount is larger: the column's bound."""

Done = TypeVar("Done")


class Phases:
    """Times phases and prints each as it ends."""

    def __init__(self) -> None:
        self.wall_s = 0.0
        self.cpu_s = 0.0

    def time(self, name: str, work: Callable[[], Done], note: str = "") -> Done:
        """Do a phase and print what it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        done = work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        self.wall_s += wall
        self.cpu_s += cpu
        line(name, wall, cpu, note)
        return done


def line(name: str, wall_s: float, cpu_s: float, note: str = "") -> None:
    """One row of the table."""
    print(f"  {name:34} {wall_s:8.3f} s  {cpu_s:8.3f} s CPU  {note}", flush=True)


def shipped(data: bytes) -> bytes:
    """The bytes after they crossed a loopback socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def send() -> None:
            with socket.create_connection(server.getsockname()) as out:
                out.sendall(data)

        sender = threading.Thread(target=send)
        sender.start()
        with server.accept()[0] as connection:
            parts = []
            while part := connection.recv(1 << 20):
                parts.append(part)
        sender.join()
    return b"".join(parts)


def plain(
    cents: npt.NDArray[np.int64], names: npt.NDArray[np.str_], phases: Phases
) -> dict[str, Decimal]:
    """The sums that numpy and pandas give, which must agree."""

    def by_numpy() -> dict[str, int]:
        labels, codes = np.unique(names, return_inverse=True)
        sums = np.zeros(len(labels), dtype=np.int64)
        np.add.at(sums, codes, cents)
        return {str(k): int(v) for k, v in zip(labels, sums, strict=True)}

    def by_pandas() -> dict[str, int]:
        sums = pd.Series(cents).groupby(names).sum()
        return {str(k): int(v) for k, v in sums.items()}

    first = phases.time("numpy, group by and sum", by_numpy)
    second = phases.time("pandas, group by and sum", by_pandas)
    if first != second:
        raise SystemExit("numpy and pandas do not agree")
    return {name: Decimal(value) / 100 for name, value in first.items()}


def run(bits: int, rows: int, groups: int) -> None:
    """The whole way under a key of so many bits."""
    private = PaillierPrivateKey.generate(bits)
    public = PaillierPublicKey.from_bytes(private.public.to_bytes())
    rng = np.random.default_rng(2026)
    cents = rng.integers(-BOUND_CENTS, BOUND_CENTS, rows, dtype=np.int64, endpoint=True)
    named = np.array([f"district {i:02d}" for i in range(groups)])
    names = named[rng.integers(0, groups, rows)]
    print(f"\n{bits} bits, {rows:,} amounts such as {Decimal(int(cents[0])) / 100}")
    whole = Phases()

    column = cast(
        EncryptedColumn,
        whole.time(
            "encrypt", lambda: public.encrypt(cents, bound=BOUND_CENTS, by=names)
        ),
    )
    data = whole.time("write", column.to_bytes, f"{len(column):,} values")
    note = f"{len(data) / 1e6:.1f} MB, {len(data) / rows:.1f} bytes a value"
    arrived = whole.time("ship over loopback", lambda: shipped(data), note)
    received = whole.time(
        "read, checking each ciphertext",
        lambda: EncryptedColumn.from_bytes(arrived, public),
        f"{column.slots} values a ciphertext",
    )
    sums = whole.time(
        "sum by group",
        lambda: received.groupby().sum(),
        f"{groups} groups",
    )
    reply = whole.time(
        "ship the sums back",
        lambda: EncryptedGroups.from_bytes(shipped(sums.to_bytes()), public),
    )
    opened = whole.time("open", lambda: private.decrypt(reply))
    line("all of it", whole.wall_s, whole.cpu_s)
    expected = plain(cents, names, Phases())
    found = {str(name): Decimal(int(total)) / 100 for name, total in opened.items()}
    if found != expected:
        raise SystemExit("the totals opened are not the plain sums")
    print(f"  all {len(found)} totals equal the plain sums")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=20)
    parser.add_argument("bits", type=int, nargs="*", default=[2048, 3072])
    asked = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    print(f"{processor()}, {cores} cores ({backend_name()}), load {load:.1f}")
    print(
        f"{platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, numpy {np.__version__}, "
        f"pandas {version('pandas')}"
    )
    for bits in asked.bits:
        run(bits, asked.rows, asked.groups)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nmemory at its peak: {peak:,.0f} MB")


if __name__ == "__main__":
    main()
