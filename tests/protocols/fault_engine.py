"""What can go wrong between the processes that compute, inside a whole job.

Here a node itself is bad: it lies in a message and notes the lie as said, sends
too little or too much, ends, freezes, or breaks the connection; and a stranger
puts bytes into it. The frames one by one are tried in `mpc_faults`.
"""

from __future__ import annotations

import itertools
import os
import random
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fault_network import SILENCE_S, Network

from privshare.errors import PrivShareError
from privshare.jobs.mpc.stream_link import StreamLink

ENGINE = ("lie", "shorten", "lengthen", "end", "freeze", "error", "cut", "inject")
NODES = 3


@dataclass(frozen=True)
class EngineFault:
    """One thing that a node does in one round.

    Attributes:
        how: Of `ENGINE`.
        node: Which, 0 to 2.
        round: In which round, from 0.
        to: 0 for what goes to the previous node, 1 for the next.
        draw: For what is left to chance.
    """

    how: str
    node: int
    round: int
    to: int
    draw: int = 0


class BadLink:
    """A node's link, with one fault in one round."""

    def __init__(self, link: StreamLink, fault: EngineFault | None) -> None:
        self._link, self._fault = link, fault
        self.rounds = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    def agree(self, label: str, digest: bytes) -> None:
        StreamLink.agree(self, label, digest)  # type: ignore[arg-type]

    def settle(self) -> bytes:
        return StreamLink.settle(self)  # type: ignore[arg-type]

    def round(
        self, label: str, to_previous: Any, to_next: Any, before: int, after: int
    ) -> Any:
        number, self.rounds = self.rounds, self.rounds + 1
        sent = [bytes(memoryview(one).cast("B")) for one in (to_previous, to_next)]
        fault = self._fault
        if fault is not None and number == fault.round:
            self._strike(fault)
            sent[fault.to] = _altered(fault, sent[fault.to])
        return self._link.round(label, sent[0], sent[1], before, after)

    def _strike(self, fault: EngineFault) -> None:
        streams = [one._stream for one in self._link._both]
        match fault.how:
            case "end" | "cut":
                for stream in streams[: 2 if fault.how == "end" else 1]:
                    raw: Any = stream
                    socket.socket.shutdown(raw, socket.SHUT_RDWR)
                if fault.how == "end":
                    raise PrivShareError("ended", detail={"rule": "mpc.stopped"})
            case "freeze":
                self._link._stop.set()
                time.sleep(1.5 * SILENCE_S)
                raise PrivShareError("frozen", detail={"rule": "mpc.stopped"})
            case "error":
                raise ZeroDivisionError
            case "inject":
                os.write(streams[fault.to].fileno(), os.urandom(1 + fault.draw % 99))


def _altered(fault: EngineFault, message: bytes) -> bytes:
    at = fault.draw % max(1, len(message))
    match fault.how:
        case "lie" if message:
            turned = message[at] ^ (1 << fault.draw % 8)
            return message[:at] + bytes([turned]) + message[at + 1 :]
        case "shorten":
            return message[:at]
        case "lengthen":
            return message + bytes(1 + fault.draw % 64)
    return message


class Strike:
    """Puts one fault into one node's part of the next job."""

    def __init__(self, network: Network, fault: EngineFault | None) -> None:
        self._fault = fault
        self.links: list[BadLink] = []
        network.wire = self

    def __call__(self, index: int, keys: Any, link: StreamLink) -> BadLink:
        fault = self._fault
        mine = fault if fault is not None and fault.node == index else None
        made = BadLink(link, mine)
        self.links.append(made)
        return made


def engine_faults(rounds: int, count: int, seed: int) -> Iterator[EngineFault]:
    """Every kind at every node in every round, in a shuffled order, again and again."""
    rng = random.Random(seed)
    places = list(itertools.product(ENGINE, range(NODES), range(rounds), (0, 1)))
    for number in range(count):
        if number % len(places) == 0:
            rng.shuffle(places)
        how, node, at, to = places[number % len(places)]
        yield EngineFault(how, node, at, to, rng.randrange(1 << 30))
