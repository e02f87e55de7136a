"""Measure the links of three nodes: three processes, TLS 1.3 over loopback.

    python bench/mpc_link.py [--megabytes 64] [--rounds 2000]

Each line is one job of three processes that hold keys of their own, with their
walls up. Columns: wall-clock seconds at the slowest node · processor seconds of
all three processes, inside the program · bytes of messages that all three sent.

* rounds: eight bytes to both neighbours and from both, every round
* bytes: one message to both neighbours at once, from all three; GB/s counts every
  byte once, and s/GB is processor time for sending, receiving, encryption and two
  digests of each
* dot, comparisons: an inner product of 100,000 numbers, and 100,000 comparisons of 64
  bits, by the engine, semi-honest, opened at the end

`whole` is a job from its start to its result: three interpreters, handshakes, walls.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import machine
from mpc_engine import below, dot, three

from privshare.jobs.mpc.host import Host
from privshare.jobs.mpc.probe import probe
from privshare.jobs.mpc.session import Plan


def line(name: str, told: list[dict[str, Any]], note: str = "") -> None:
    """One row of the table."""
    wall = max(one["wall"] for one in told)
    cpu = sum(one["cpu"] for one in told)
    sent = sum(one["sent"] for one in told)
    print(f"{name:28}{wall:9.4f} s{cpu:9.4f} s{sent:13,} B  {note}")


def whole(request: bytes) -> float:
    """Seconds of a job in three walled processes, from nothing to its result."""
    hosts = [Host("127.0.0.1", 0) for _ in range(3)]
    job = os.urandom(32)
    channels = tuple(host.channel(job) for host in hosts)
    walls = []

    def node(index: int) -> None:
        plan = Plan(
            job=job,
            index=index,
            channels=channels,
            program="privshare.jobs.mpc.probe:probe",
        )
        walls.append(hosts[index].run(plan, request).walls)

    started = time.perf_counter()
    threads = [threading.Thread(target=node, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - started
    for host in hosts:
        host.close()
    print(f"{'whole job, walls':28}{spent:9.4f} s   {walls[0]}")
    return spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2000)
    asked = parser.parse_args()
    print(machine.describe())
    size = asked.megabytes * 1_000_000
    request = {"rounds": asked.rounds, "size": 8, "bytes": size}
    told = [
        json.loads(one.result) for one in three(probe, json.dumps(request).encode())
    ]
    for kind, sent in (("rounds", 16 * asked.rounds), ("bytes", 2 * size)):
        rows = [
            {"wall": one[f"{kind}_s"], "cpu": one[f"{kind}_cpu_s"], "sent": sent}
            for one in told
        ]
        wall = max(row["wall"] for row in rows)
        cpu = sum(row["cpu"] for row in rows)
        each = 1e6 * cpu / 3 / max(1, asked.rounds)
        note = f"{asked.rounds / wall:,.0f} rounds/s, {each:.0f} us a node and round"
        if kind == "bytes":
            note = f"{3 * sent / wall / 1e9:.2f} GB/s, {1e9 * cpu / 3 / sent:.1f} s/GB"
        line(kind, rows, note)
    for name, work in (("dot of 100,000", dot), ("100,000 comparisons", below)):
        runs = [[json.loads(o.result) for o in three(work, b"")] for _ in range(3)]
        line(name, min(runs, key=lambda run: sum(one["cpu"] for one in run)))
    whole(json.dumps({"rounds": 1, "size": 1, "bytes": 1}).encode())


if __name__ == "__main__":
    main()
