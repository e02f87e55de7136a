"""One node's part in a job on shares, from its seat to its result.

The node keeps the plumbing: it connects to the next neighbour, takes what its
listener got from the previous one, and signs. A process of its own does TLS and
computes (`worker`); it gets sockets, and can open none.

    Listener, Plan, request ─► run ─► process ─► Finished, or an end with a rule

Implements section 3 of docs/protocols/mpc-channel.md.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from privshare import errors
from privshare.errors import EncodingError, OutOfRange, PrivShareError, Unavailable
from privshare.jobs.attestation.binding import Channel
from privshare.jobs.mpc.abort import RULE, abort
from privshare.jobs.mpc.control import MAX_PACKET, Control, seal_file
from privshare.jobs.mpc.listener import Arrivals, Listener
from privshare.jobs.mpc.meeting import Seat
from privshare.jobs.mpc.timeout import Notary
from privshare.jobs.mpc.worker import Work, attend
from privshare.wire.canonical import b64u, unb64u

__all__ = ["Finished", "Plan", "run"]

#: Pauses between tries to connect.
_FIRST_S: Final = 0.05
_LONGEST_S: Final = 1.0
#: What a process may take beyond the deadline to say why it ended.
_GRACE_S: Final = 5.0
_PACKAGE: Final = Path(__file__).resolve().parents[2]
_NEEDED: Final = ("numpy", "cryptography", "cffi")
_START: Final = (
    "import sys; sys.path += sys.argv[3:]; "
    "from privshare.jobs.mpc import worker; "
    "worker.main(int(sys.argv[1]), int(sys.argv[2]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a node needs to know to take part.

    Attributes:
        job: The 32 bytes that name the job.
        index: Which of the nodes this is.
        channels: Address and key of each node, as evidence binds them, in order.
        program: "module:function" of this package, a `worker.Work`.
        deadline_s: How long the job may take, from now.
        meet_s: How long to look for the neighbours.
        silence_s: Without a byte of a party that we wait for, it is silent.
        memory: Bytes that the process may use.
        output: Most bytes of its result.

    Raises:
        OutOfRange: A number outside its interval.
    """

    job: bytes
    index: int
    channels: tuple[Channel, ...]
    program: str = ""
    deadline_s: float = 600.0
    meet_s: float = 60.0
    silence_s: float = 30.0
    memory: int = 4 << 30
    output: int = 64 << 20

    def __post_init__(self) -> None:
        if not 0 < self.deadline_s <= 7 * 86_400 or not self.meet_s > 0:
            raise OutOfRange("expected a deadline within a week, found another")
        if not 1 << 26 <= self.memory <= 1 << 40 or not 0 < self.output <= 1 << 32:
            raise OutOfRange("expected 64 MiB to 1 TiB of memory and some output")
        _ = self.seat

    @property
    def seat(self) -> Seat:
        """The place, as the process takes it."""
        return Seat(self.job, self.index, tuple(one.key for one in self.channels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A computation that ended well, at this node.

    Attributes:
        result: What the program gave. Secret: shares, as a rule.
        root: Of the transcript; the same at all three nodes.
        rounds: How many there were.
        sent: Bytes of messages to both neighbours.
        received: Bytes from both.
        cpu_s: Processor time of the program, from the first round to the last.
        walls: What confined it, as "landlock+seccomp", or "none".
    """

    result: bytes = field(repr=False)
    root: bytes
    rounds: int
    sent: int
    received: int
    cpu_s: float
    walls: str


def run(
    plan: Plan,
    seed: bytes,
    request: bytes | memoryview,
    listener: Listener,
    notary: Notary | None = None,
    *,
    work: Work | None = None,
) -> Finished:
    """Take part in a job until it ends.

    Args:
        plan: Who, where, how long.
        seed: Of `Identity.from_seed`: the key whose pin stands in the plan.
        request: What the program is given at this node. Secret.
        listener: Where the previous neighbour connects to.
        notary: Signs and verifies statements about silent parties.
        work: Compute this in a thread of this process, for tests; None: what the
            plan names, in a process of its own.

    Raises:
        VerificationError: A node cheated or is another; `detail["rule"]`.
        Unavailable: A node fell silent, or our own process died.
        Conflict: The job runs here already.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, listener.expect(plan.job) as arrivals:
        try:
            descriptor = seal_file(seed, request)
            try:
                setup = b"S" + json.dumps(_setup(plan, notary is not None)).encode()
                socket.send_fds(ours, [setup], [descriptor])
            finally:
                os.close(descriptor)
            end = _thread(theirs, work) if work else _process(theirs)
        finally:
            if work is None:
                theirs.close()
        try:
            return _Porter(plan, ours, arrivals, notary).run()
        finally:
            ours.close()
            end()


def _setup(plan: Plan, notary: bool) -> dict[str, object]:
    return {
        "cpu_s": 2 * plan.deadline_s + 10,
        "index": plan.index,
        "job": b64u(plan.job),
        "left_s": plan.deadline_s,
        "meet_s": plan.meet_s,
        "memory": plan.memory,
        "notary": notary,
        "pins": [b64u(one.key) for one in plan.channels],
        "program": plan.program,
        "silence_s": plan.silence_s,
    }


class _Porter:
    """Brings sockets to the process, and takes what it says."""

    def __init__(
        self,
        plan: Plan,
        control: socket.socket,
        arrivals: Arrivals,
        notary: Notary | None,
    ) -> None:
        self._control = control
        self._arrivals = arrivals
        self._notary = notary
        self._plan = plan
        self._next = plan.channels[(plan.index + 1) % 3]
        self._result = bytearray()
        self._connecting: socket.socket | None = None
        self._connect_at: float | None = time.monotonic()
        self._pause = _FIRST_S
        self._until = time.monotonic() + plan.deadline_s + plan.silence_s + _GRACE_S

    def run(self) -> Finished:
        """Until the process is done."""
        try:
            while True:
                now = time.monotonic()
                if now > self._until:
                    abort("mpc.worker", "expected an end within the time, found none")
                if self._connect_at is not None and now >= self._connect_at:
                    self._connect()
                done = self._wait(now)
                if done is not None:
                    return done
        finally:
            if self._connecting is not None:
                self._connecting.close()

    def _wait(self, now: float) -> Finished | None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._arrivals, select.POLLIN)
        if self._connecting is not None:
            poll.register(self._connecting, select.POLLOUT)
        until = min(self._until, self._connect_at or self._until)
        ready = [fd for fd, _ in poll.poll(max(0.0, until - now) * 1000 + 1)]
        if self._connecting is not None and self._connecting.fileno() in ready:
            self._connected(self._connecting)
        if self._arrivals.fileno() in ready:
            while (came := self._arrivals.take()) is not None:
                self._hand(b"P", came)
        return self._hear() if self._control.fileno() in ready else None

    # ------------------------------------------------------------- connections

    def _connect(self) -> None:
        """Begin to connect to the next neighbour."""
        self._connect_at = None
        try:
            found = socket.getaddrinfo(
                self._next.host, self._next.port, type=socket.SOCK_STREAM
            )
            family, kind, protocol, _, address = found[0]
            self._connecting = socket.socket(family, kind, protocol)
            self._connecting.setblocking(False)
            code = self._connecting.connect_ex(address)
        except (OSError, UnicodeError):
            self._later()
            return
        if code not in (0, errno.EINPROGRESS):
            self._later()

    def _connected(self, connecting: socket.socket) -> None:
        if connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._later()
            return
        self._connecting = None
        self._hand(b"N", connecting)

    def _later(self) -> None:
        """Try again after a pause, each longer than the last."""
        if self._connecting is not None:
            self._connecting.close()
            self._connecting = None
        self._connect_at = time.monotonic() + self._pause
        self._pause = min(_LONGEST_S, 2 * self._pause)

    def _hand(self, role: bytes, connection: socket.socket) -> None:
        try:
            socket.send_fds(self._control, [role], [connection.fileno()])
        except OSError:  # the process is gone; `_hear` says so
            pass
        finally:
            connection.close()

    # ------------------------------------------------------------ the process

    def _hear(self) -> Finished | None:
        try:
            data = self._control.recv(MAX_PACKET)
        except OSError:
            data = b""
        kind, body = data[:1], data[1:]
        if not data:
            abort(
                "mpc.worker",
                "expected a result of the process that computes, found that it died",
                fix="It may have needed more memory than the job allows.",
            )
        if kind == b"e":
            _raise(body)
        if kind == b"d":
            return _finished(bytes(self._result), body)
        if kind == b"r":
            self._result += body
            if len(self._result) > self._plan.output:
                abort("mpc.worker", f"expected at most {self._plan.output} bytes")
        elif kind == b"A":
            self._later()
        elif kind in (b"t", b"v"):
            self._attest(kind, body)
        else:
            abort("mpc.worker", "expected a message of the process, found another")
        return None

    def _attest(self, kind: bytes, body: bytes) -> None:
        """Sign or verify for the process; an empty answer is a refusal."""
        answer = b""
        try:
            if self._notary is not None and kind == b"t":
                answer = self._notary.sign(body)
            elif self._notary is not None and body[:1] in (b"\0", b"\1", b"\2"):
                answer = self._notary.verify(body[0], body[1:])
        except PrivShareError:
            answer = b""
        self._control.send((b"T" if kind == b"t" else b"V") + answer)


def _finished(result: bytes, report: bytes) -> Finished:
    try:
        told = json.loads(report)
        return Finished(
            result=result,
            root=unb64u(told["root"], 32),
            rounds=int(told["rounds"]),
            sent=int(told["sent"]),
            received=int(told["received"]),
            cpu_s=float(told["cpu_s"]),
            walls="+".join(w for w in _WALLS if w in told["walls"]) or "none",
        )
    except (ValueError, KeyError, TypeError, RecursionError, EncodingError):
        abort("mpc.worker", "expected a report of the process, found none")


_WALLS: Final = ("landlock", "seccomp")
_TEXT: Final = 2000


def _raise(report: bytes) -> None:
    """Raise what ended the process, as far as it can be believed."""
    try:
        told: dict[str, Any] = json.loads(report)
        kind = getattr(errors, str(told["name"]), Unavailable)
        detail = dict(told["detail"])
        message, fix = str(told["message"])[:_TEXT], str(told["fix"])[:_TEXT]
    except (ValueError, KeyError, TypeError, RecursionError):
        abort("mpc.worker", "expected a report of the process, found none")
    if not (isinstance(kind, type) and issubclass(kind, PrivShareError)):
        kind = Unavailable
    if not RULE.fullmatch(str(detail.get("rule"))):
        detail["rule"] = "mpc.worker"
    raise kind(message, fix=fix, detail=detail)


def _thread(end: socket.socket, work: Work) -> _End:
    """Compute in a thread of this process."""

    def target() -> None:
        with end:
            attend(Control(end), walls=False, work=work)

    made = threading.Thread(target=target, daemon=True)
    made.start()
    return _End(made)


def _process(end: socket.socket) -> _End:
    """Compute in a process of its own, which dies with this thread."""
    made = subprocess.Popen(  # noqa: S603 - our own interpreter
        [
            os.path.realpath(sys.executable),
            "-I",
            "-S",
            "-B",
            "-c",
            _START,
            str(end.fileno()),
            str(os.getpid()),
            *_paths(),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"OPENBLAS_NUM_THREADS": "1"},
        cwd="/",
        pass_fds=(end.fileno(),),
        start_new_session=True,
    )
    return _End(made)


class _End:
    """Wait for what computes, for a moment, and then make it stop."""

    def __init__(self, what: threading.Thread | subprocess.Popen[bytes]) -> None:
        self._what = what

    def __call__(self) -> None:
        if isinstance(self._what, threading.Thread):
            self._what.join(timeout=_GRACE_S)
            return
        try:
            self._what.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            os.killpg(self._what.pid, signal.SIGKILL)
            self._what.wait()


@cache
def _paths() -> tuple[str, ...]:
    """Where this package and what it needs stand."""
    found = [str(_PACKAGE.parent)]
    for name in _NEEDED:
        spec = find_spec(name)
        if spec is not None and spec.origin:
            found.append(str(Path(spec.origin).parents[1]))
    return tuple(dict.fromkeys(found))
