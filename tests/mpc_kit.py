"""Three seats, streams and keys for tests of the links between nodes."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from privshare.jobs.mpc.frame import Header, Kind, pack
from privshare.jobs.mpc.host import Host
from privshare.jobs.mpc.session import Plan
from privshare.jobs.mpc.stream_link import StreamLink, Times
from privshare.jobs.mpc.timeout import KeyNotary, Notary
from privshare.schemes.keys import SigningKey

JOB = b"j" * 32


def pairs() -> dict[tuple[int, int], socket.socket]:
    """One Unix socket a direction: [i, j] is node i's end towards j."""
    made = {}
    for node in range(3):
        other = (node + 1) % 3
        made[node, other], made[other, node] = socket.socketpair()
    for one in made.values():
        one.setblocking(False)
    return made


def times(silence_s: float = 5.0, deadline_s: float = 20.0) -> Times:
    """How long links wait in tests."""
    return Times(silence_s, time.monotonic() + deadline_s)


def links(
    waits: Times, notaries: Sequence[Notary | None] = (None, None, None)
) -> list[StreamLink]:
    """Three links over Unix sockets; the hello is still to come."""
    ends = pairs()
    return [
        StreamLink(
            JOB,
            node,
            {other: ends[node, other] for other in range(3) if other != node},
            waits,
            notaries[node],
        )
        for node in range(3)
    ]


def notaries() -> list[KeyNotary]:
    """Three agencies that sign for their nodes."""
    keys = [SigningKey.from_seed(bytes([node]) * 32) for node in range(3)]
    known = tuple(key.verify_key for key in keys)
    return [KeyNotary(key, known) for key in keys]


def together(
    functions: Sequence[Callable[[], object]], seconds: float = 60.0
) -> list[object]:
    """Run functions at once; what each returned or raised."""
    made: list[object] = [TimeoutError("it hangs")] * len(functions)

    def run(place: int) -> None:
        try:
            made[place] = functions[place]()
        except Exception as error:
            made[place] = error

    threads = [
        threading.Thread(target=run, args=(place,), daemon=True)
        for place in range(len(functions))
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return made


def converse(
    program: Callable[[StreamLink], object], made: Sequence[StreamLink]
) -> list[object]:
    """Greet, run a program at all three, and close."""

    def one(link: StreamLink) -> object:
        try:
            link.hello(b"", b"")
            return program(link)
        finally:
            link.close()

    return together([lambda link=link: one(link) for link in made])  # type: ignore[misc]


def frame(kind: Kind, sender: int, receiver: int, /, **fields: object) -> bytes:
    """The header of a frame that a test writes itself."""
    base = Header(kind, sender, receiver, JOB, 0, 0, bytes(16), 0, 0)
    return pack(base._replace(**fields))  # type: ignore[arg-type]


@contextmanager
def hosts() -> Iterator[list[Host]]:
    """Three nodes' listeners on this machine."""
    made = [Host("127.0.0.1", 0) for _ in range(3)]
    try:
        yield made
    finally:
        for host in made:
            host.close()


def plans(
    made: Sequence[Host], job: bytes | None = None, program: str = "", **waits: float
) -> list[Plan]:
    """Three nodes' plans of one job, whose keys are made here."""
    job = os.urandom(32) if job is None else job
    channels = tuple(host.channel(job) for host in made)
    return [
        Plan(job=job, index=index, channels=channels, program=program, **waits)  # type: ignore[arg-type]
        for index in range(3)
    ]
