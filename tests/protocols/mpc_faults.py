"""A programmable adversary between, and in place of, three nodes.

Three threads run a program over real links (frames, transcripts, silence), on
Unix sockets instead of TLS. One fault is put in: on the wire, after the sender
noted what it sent, or in the node itself, which then lies consistently. What must
come of it: every honest node gets the right answer or an error that names a rule,
within the deadline.

    faults(traffic(program), count, seed) ─► trial(program, fault) ─► judge

`program(link, keys) -> object` is any function; `keys` are `SessionKeys`, the same
in every run. Give `honest` programs that catch lies, or leave lies out.
"""

from __future__ import annotations

import random
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from privshare.errors import PrivShareError
from privshare.jobs.mpc.abort import RULE
from privshare.jobs.mpc.frame import HEADER_BYTES, PARTIES, Kind
from privshare.jobs.mpc.session_key import SessionKeys
from privshare.jobs.mpc.stream_link import StreamLink, Times
from privshare.wire import domain
from privshare.wire.digest import tagged

__all__ = [
    "IN_A_NODE",
    "ON_THE_WIRE",
    "Fault",
    "Trial",
    "faults",
    "judge",
    "traffic",
    "trial",
]

Program = Callable[[object, SessionKeys], object]

#: What happens to one message between two nodes.
ON_THE_WIRE = (
    "flip-header",
    "flip-body",
    "drop",
    "delay",
    "duplicate",
    "replay",
    "swap-order",
    "truncate",
    "extend",
    "swap-job",
    "garbage",
    "cut",
)
#: What a node does: lies go into its own transcript, too.
IN_A_NODE = ("lie", "shorten", "lengthen", "kill", "freeze", "stall", "raise")

JOB = tagged(domain.JOB_SPEC, b"faults")
OTHER_JOB = tagged(domain.JOB_SPEC, b"another")
_JOB_AT = 8


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: Of `ON_THE_WIRE` or `IN_A_NODE`.
        node: Who sends, or who is bad.
        to: To whom; of no meaning for what a node does to both.
        nth: Which message in that direction, or which round, from 0.
        at: Where in it; taken modulo its length.
    """

    kind: str
    node: int
    to: int
    nth: int
    at: int = 0


class Killed(Exception):
    """The node is gone: nothing of it runs any more."""


class TamperedStream:
    """A socket whose outgoing messages one fault applies to."""

    def __init__(
        self, raw: socket.socket, fault: Fault | None, log: list[bytes]
    ) -> None:
        self._raw = raw
        self._fault = fault
        self._log = log
        self._buffer = bytearray()
        self._held: list[bytes] = []
        self._count = 0
        self.muted = False

    def fileno(self) -> int:
        return self._raw.fileno()

    def recv_into(self, buffer: memoryview) -> int:
        return self._raw.recv_into(buffer)

    def close(self) -> None:
        self._raw.close()

    def send(self, data: object) -> int:
        self._buffer += memoryview(data).cast("B")  # type: ignore[call-overload]
        size = len(memoryview(data).cast("B"))  # type: ignore[call-overload]
        while len(self._buffer) >= HEADER_BYTES:
            end = HEADER_BYTES + int.from_bytes(self._buffer[76:80], "big")
            if len(self._buffer) < end:
                break
            frame = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._pass(frame)
        return size

    def _pass(self, frame: bytes) -> None:
        if frame[4] != Kind.DATA:
            self._write(frame)
            return
        number, self._count = self._count, self._count + 1
        self._log.append(frame)
        if self._fault is None or self._fault.nth != number:
            self._write(frame, *self._held)
            self._held.clear()
        else:
            self._strike(self._fault, frame)

    def _strike(self, fault: Fault, frame: bytes) -> None:
        body = len(frame) - HEADER_BYTES
        cut = HEADER_BYTES + fault.at % body
        match fault.kind:
            case "flip-header":
                self._write(flipped(frame, fault.at % HEADER_BYTES, fault.at))
            case "flip-body":
                self._write(flipped(frame, cut, fault.at))
            case "drop":
                pass
            case "delay":
                time.sleep(0.02)
                self._write(frame)
            case "duplicate":
                self._write(frame, frame)
            case "replay":
                self._write(self._log[fault.at % len(self._log)])
            case "swap-order":
                self._held.append(frame)
            case "truncate":
                self._write(frame[:cut])
            case "extend":
                self._write(frame[:cut], bytes([fault.at & 255]), frame[cut:])
            case "swap-job":
                end = _JOB_AT + len(OTHER_JOB)
                self._write(frame[:_JOB_AT] + OTHER_JOB + frame[end:])
            case "garbage":
                self._write(random.Random(fault.at).randbytes(len(frame)))
            case "cut":
                self._write(frame[:cut])
                self._raw.shutdown(socket.SHUT_RDWR)

    def _write(self, *frames: bytes) -> None:
        if self.muted:
            return
        data = memoryview(b"".join(frames))
        until = time.monotonic() + 1.0
        while data:
            try:
                data = data[self._raw.send(data) :]
            except BlockingIOError:
                if time.monotonic() > until:
                    return
                select.select([], [self._raw], [], 0.05)


class BadLink:
    """A node's link that does a fault in one of its rounds."""

    def __init__(
        self, link: StreamLink, fault: Fault, streams: Sequence[TamperedStream]
    ) -> None:
        self._link = link
        self._fault = fault
        self._streams = streams
        self._round = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._link, name)

    def agree(self, label: str, digest: bytes) -> None:
        StreamLink.agree(self, label, digest)  # type: ignore[arg-type]

    def settle(self) -> bytes:
        return StreamLink.settle(self)  # type: ignore[arg-type]

    def round(
        self,
        label: str,
        to_previous: bytes,
        to_next: bytes,
        from_previous: int,
        from_next: int,
    ) -> object:
        number, self._round = self._round, self._round + 1
        sent = [to_previous, to_next]
        if number == self._fault.nth:
            self._strike()
            place = 1 if self._fault.to == (self._fault.node + 1) % PARTIES else 0
            sent[place] = self._altered(bytes(sent[place]))
        return self._link.round(label, *sent, from_previous, from_next)

    def _altered(self, message: bytes) -> bytes:
        at = self._fault.at
        if not message:
            return message
        match self._fault.kind:
            case "lie":
                return flipped(message, at % len(message), at)
            case "shorten":
                return message[: at % len(message)]
            case "lengthen":
                return message + bytes(1 + at % 64)
        return message

    def _strike(self) -> None:
        match self._fault.kind:
            case "kill":
                for stream in self._streams:
                    stream.muted = True
                    stream._raw.shutdown(socket.SHUT_RDWR)
                raise Killed
            case "freeze":
                for stream in self._streams:
                    stream.muted = True
                raise Killed
            case "stall":
                time.sleep(1.8)
                raise Killed
            case "raise":
                raise ZeroDivisionError


def flipped(data: bytes, place: int, at: int) -> bytes:
    """One bit of one byte turned."""
    return data[:place] + bytes([data[place] ^ (1 << at % 8)]) + data[place + 1 :]


@dataclass
class Trial:
    """What came of one run: a result or an error for each node."""

    outcomes: list[object]
    seconds: float
    frames: dict[tuple[int, int], list[bytes]]
    rounds: int


def trial(
    program: Program,
    fault: Fault | None = None,
    *,
    silence_s: float = 0.5,
    deadline_s: float = 1.5,
    notaries: Sequence[object | None] = (None, None, None),
) -> Trial:
    """Run a program once at three nodes, with a fault or without."""
    frames: dict[tuple[int, int], list[bytes]] = {}
    streams: dict[tuple[int, int], TamperedStream] = {}
    for node in range(PARTIES):
        other = (node + 1) % PARTIES
        for ends, raw in zip(
            ((node, other), (other, node)), socket.socketpair(), strict=True
        ):
            raw.setblocking(False)
            here = fault if fault and (fault.node, fault.to) == ends else None
            wire = here if here and here.kind in ON_THE_WIRE else None
            frames[ends] = []
            streams[ends] = TamperedStream(raw, wire, frames[ends])
    started = time.monotonic()
    times = Times(silence_s, started + deadline_s)
    outcomes: list[object] = [None] * PARTIES
    rounds = [0] * PARTIES

    def run(node: int) -> None:
        mine = {
            other: streams[node, other] for other in range(PARTIES) if other != node
        }
        link = StreamLink(JOB, node, mine, times, notaries[node])  # type: ignore[arg-type]
        used: object = link
        if fault and fault.kind in IN_A_NODE and fault.node == node:
            used = BadLink(link, fault, tuple(mine.values()))
        try:
            link.hello(b"", b"")
            outcomes[node] = program(used, keys_of(node))
        except PrivShareError as error:
            outcomes[node] = error
            link.tell(error)
        except Killed as error:
            outcomes[node] = error
            link._failed = PrivShareError("killed")
            if fault and fault.kind == "freeze":
                time.sleep(max(0.0, times.deadline + 0.1 - time.monotonic()))
        except Exception as error:
            outcomes[node] = error
            link.tell(PrivShareError("stopped", detail={"rule": "mpc.stopped"}))
        finally:
            rounds[node] = link.rounds
            link.close()

    threads = [threading.Thread(target=run, args=(node,)) for node in range(PARTIES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        if thread.is_alive():
            outcomes.append(TimeoutError("a node hangs"))
    return Trial(outcomes, time.monotonic() - started, frames, max(rounds))


def keys_of(node: int) -> SessionKeys:
    """The keys of a node: those of its pairs, the same in every run."""
    pairs = [tagged(domain.MPC_KEY, bytes([low])) for low in range(PARTIES)]
    return SessionKeys(previous=pairs[(node + 2) % PARTIES], next=pairs[node])


def traffic(program: Program) -> tuple[dict[tuple[int, int], int], int]:
    """How many messages go each way without a fault, and how many rounds."""
    made = trial(program, deadline_s=30, silence_s=10)
    return {way: len(log) for way, log in made.frames.items()}, made.rounds


def faults(
    sizes: tuple[dict[tuple[int, int], int], int],
    count: int,
    seed: int,
    kinds: Sequence[str] = (*ON_THE_WIRE, *IN_A_NODE),
) -> Iterator[Fault]:
    """Faults of every kind at every place, in turn; where in it, by chance."""
    rng = random.Random(seed)
    messages, rounds = sizes
    places = [
        Fault(kind, node, to, nth)
        for kind in kinds
        for (node, to), many in messages.items()
        for nth in range(many if kind in ON_THE_WIRE else rounds)
    ]
    for number in range(count):
        if number % len(places) == 0:
            rng.shuffle(places)
        one = places[number % len(places)]
        yield Fault(one.kind, one.node, one.to, one.nth, rng.randrange(1 << 16))


def _by_clock(outcome: object) -> bool:
    """Whether a node ended because time went by."""
    if not isinstance(outcome, PrivShareError):
        return False
    rule, reason = outcome.detail.get("rule"), outcome.detail.get("reason")
    return rule == "mpc.deadline" or reason == "nothing heard"


def _by_time(error: PrivShareError, made: Trial) -> bool:
    """Whether blame rests on a clock, or on a claim: a busy machine makes them err.

    Of one that closed, it does where somebody's clock ran out before, or where
    the third did not say in time why it ended. Who is named by time is a matter
    of tests with time enough.
    """
    rule = error.detail.get("rule")
    if rule == "mpc.aborted" or _by_clock(error):
        return True
    alone = len(error.detail.get("by", ())) == 1
    return rule == "mpc.silent" and (alone or any(map(_by_clock, made.outcomes)))


def judge(made: Trial, expected: Sequence[object], fault: Fault | None) -> list[str]:
    """What is wrong with a run: nothing, when each honest node was right or named it.

    Returns:
        Complaints, in words; none is the only good answer.
    """
    complaints = []
    blamed: set[object] = {None}
    if fault:
        blamed |= {fault.node} if fault.kind in IN_A_NODE else {fault.node, fault.to}
    bad = fault.node if fault and fault.kind in IN_A_NODE else None
    for node, outcome in enumerate(made.outcomes):
        if node == bad:
            continue
        if isinstance(outcome, PrivShareError):
            rule = str(outcome.detail.get("rule"))
            if not RULE.fullmatch(rule):
                complaints.append(f"{fault}: node {node} ended without a rule")
            named = outcome.detail.get("party")
            if fault and not _by_time(outcome, made) and named not in blamed:
                complaints.append(f"{fault}: node {node} blames {named} by {rule}")
        elif isinstance(outcome, BaseException):
            complaints.append(f"{fault}: node {node} ended in {outcome!r}")
        elif outcome != expected[node]:
            complaints.append(f"{fault}: node {node} has a wrong result")
    return complaints
