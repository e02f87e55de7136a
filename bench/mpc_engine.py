"""The engine alone, at three processes over TLS: shares in hand, result opened.

What peers measure of themselves: no dealing, no start of processes, no transcript
beside that of the link.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from privshare.jobs.mpc.host import Host
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.ring import Shared, concat
from privshare.jobs.mpc.session import Finished, Plan
from privshare.jobs.mpc.session_key import SessionKeys
from privshare.jobs.mpc.stream_link import StreamLink
from privshare.jobs.mpc.worker import Work

COUNT = 100_000


def shared(index: int, seed: int) -> Shared:
    """A node's two pieces of as many numbers, dealt by nobody."""
    rng = np.random.default_rng(seed)
    pieces = rng.integers(0, 1 << 64, (3, COUNT), dtype=np.uint64)
    pieces[2] = (pieces[2] >> np.uint64(34)) - pieces[0] - pieces[1]
    return Shared(pieces[index], pieces[(index + 1) % 3], 64)


def timed(link: StreamLink, wall: float, cpu: float, sent: int) -> bytes:
    """What a program measured of itself."""
    return json.dumps(
        {
            "cpu": time.process_time() - cpu,
            "wall": time.perf_counter() - wall,
            "sent": link.sent_bytes - sent,
        }
    ).encode()


def measured(compute: Callable[[Party, Shared, Shared], object]) -> Work:
    """A program that runs twice at a node, and says what the second run took."""

    def work(link: StreamLink, keys: SessionKeys, _request: memoryview) -> bytes:
        party = Party(link, keys.previous, keys.next)
        x, y = shared(link.index, 1), shared(link.index, 2)
        for word in ("warm", "start"):
            link.agree(word, bytes(32))
            wall, cpu = time.perf_counter(), time.process_time()
            sent = link.sent_bytes
            compute(party, x, y)
        return timed(link, wall, cpu, sent)

    return work


dot = measured(lambda party, x, y: party.open(party.dot(x, y).reshape(1)))
below = measured(lambda party, x, y: party.open_bits(party.less_than(x, y)))
total = measured(lambda party, x, _: party.open(x.sum().reshape(1)))
squares = measured(
    lambda party, x, _: party.open(
        concat([x.sum().reshape(1), party.dot(x, x).reshape(1)])
    )
)


def three(work: Work, request: bytes) -> list[Finished]:
    """Run a function at three nodes, each a process of its own."""
    job = os.urandom(32)
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe() for _ in range(3)]

    def node(index: int) -> None:
        end = pipes[index][1]
        host = Host("127.0.0.1", 0)
        end.send(host.channel(job))
        plan = Plan(job=job, index=index, channels=end.recv(), silence_s=20.0)
        end.send(host.run(plan, request, work=work))
        host.close()

    nodes = [context.Process(target=node, args=(index,)) for index in range(3)]
    for one in nodes:
        one.start()
    channels = tuple(end.recv() for end, _ in pipes)
    for end, _ in pipes:
        end.send(channels)
    made = [end.recv() for end, _ in pipes]
    for one in nodes:
        one.join()
    return made


def engine(work: Work, runs: int) -> tuple[float, float]:
    """CPU seconds of all three and megabytes that they sent, of the best run."""
    found = []
    for _ in range(runs):
        told: list[dict[str, Any]] = [json.loads(o.result) for o in three(work, b"")]
        cpu = sum(one["cpu"] for one in told)
        found.append((cpu, sum(one["sent"] for one in told) / 1e6))
    return min(found)
