"""The link of one node to its two neighbours, over streams of bytes.

    engine ─► round(label, what to send, how much to receive) ─► what came

Both directions to both neighbours move together in one loop, so nobody waits in
a circle, however much is sent. While a node computes, a second thread sends
beats for it; while it waits, the loop does. What ends a job is named
(`abort`), told to the neighbours, and final.

Silence: when nothing was heard of a party for `Times.silence_s`, this node signs
a `Timeout` and asks the third party for its own. A third party that has heard
something says so instead.

Implements section 5 of docs/protocols/mpc.md.
"""

from __future__ import annotations

import hmac
import select
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from privshare.errors import OutOfRange, PrivShareError
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.frame import PARTIES, Kind, label_digest
from privshare.jobs.mpc.neighbour import Neighbour, Stream
from privshare.jobs.mpc.notice import notice_of, read_notice
from privshare.jobs.mpc.timeout import Notary, Statements
from privshare.jobs.mpc.transcript import VIEW_BYTES, Views
from privshare.wire.canonical import b64u

__all__ = ["StreamLink", "Times"]

_NO_LABEL: Final = bytes(16)
#: How long a last word may take to leave.
_PARTING_S: Final = 0.3
#: And how long a goodbye is waited for, when all went well.
_BYE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Times:
    """How long a link waits.

    Attributes:
        silence_s: Without a byte of a party that we wait for, it is silent.
        deadline: When the job's time is over, by the monotonic clock.

    Raises:
        OutOfRange: No time at all, or more than an hour of silence.
    """

    silence_s: float
    deadline: float

    def __post_init__(self) -> None:
        if not 0.01 <= self.silence_s <= 3600:
            raise OutOfRange(
                f"silence_s: expected 0.01 to 3600 seconds, found {self.silence_s}"
            )

    @property
    def beat_s(self) -> float:
        """How often a node says that it lives: five times in a silence."""
        return self.silence_s / 5


class StreamLink:
    """`Link` over two streams.

    Args:
        job: Digest of the job's specification, 32 bytes.
        index: This node.
        streams: By index of the neighbour: both others.
        times: How long to wait.
        notary: Signs `Timeout`s; None: they go unsigned, and prove nothing.
    """

    def __init__(
        self,
        job: bytes,
        index: int,
        streams: Mapping[int, Stream],
        times: Times,
        notary: Notary | None = None,
    ) -> None:
        self.index = index
        #: Rounds so far.
        self.rounds = 0
        self.sent_bytes = 0
        self.received_bytes = 0
        self._job = job
        self._times = times
        self._statements = Statements(job, index, notary)
        self._views = Views(job, index)
        made = {
            party: Neighbour(
                streams[party], index, party, job, self._views, times.beat_s
            )
            for party in ((index + 2) % PARTIES, (index + 1) % PARTIES)
        }
        self._previous, self._next = made.values()
        self._both = (self._previous, self._next)
        self._label = _NO_LABEL
        self._failed: PrivShareError | None = None
        self._closed = False
        self._poll = select.poll()
        self._masks: dict[Neighbour, int] = {}
        self._lock = threading.Lock()
        self._beat_at = time.monotonic() + times.beat_s
        self._stop = threading.Event()
        self._pulse = threading.Thread(target=self._beat_on, daemon=True)
        self._pulse.start()

    # ------------------------------------------------------------------ rounds

    def hello(self, to_previous: bytes, to_next: bytes) -> tuple[bytes, bytes]:
        """Exchange the first frames; at most `MAX_NOTICE` bytes each.

        Raises:
            PrivShareError: As `round`.
        """
        with self._lock:
            self._ready()
            self._previous.send(Kind.HELLO, 0, _NO_LABEL, to_previous)
            self._next.send(Kind.HELLO, 0, _NO_LABEL, to_next)
            self._exchange()
        return self._previous.hello or b"", self._next.hello or b""

    def round(
        self,
        label: str,
        to_previous: Any,
        to_next: Any,
        from_previous: int,
        from_next: int,
    ) -> tuple[memoryview, memoryview]:
        """One round: send to both, receive what was announced from both.

        Args:
            label: The step's name, the same at all three.
            to_previous: To node index - 1: bytes or an array; may be empty.
            to_next: To node index + 1.
            from_previous: How many bytes come from there.
            from_next: And from there.

        Returns:
            What came from previous and from next.

        Raises:
            VerificationError: `mpc.frame`, `mpc.order`, `mpc.peer`: what a
                neighbour sent cannot be; `detail["party"]` is its index.
            Unavailable: `mpc.silent`, `mpc.deadline`, `mpc.aborted`.

        Leaks:
            To the network: lengths and times. To a neighbour: its message.
        """
        with self._lock:
            self._ready()
            self.rounds += 1
            self._label = label_digest(label)
            previous, following = self._previous, self._next
            for other, data in ((previous, to_previous), (following, to_next)):
                view = memoryview(data)
                if view.nbytes:
                    other.send(Kind.DATA, self.rounds, self._label, view)
                    self.sent_bytes += view.nbytes
            previous.expect(self.rounds, self._label, from_previous)
            following.expect(self.rounds, self._label, from_next)
            self._exchange()
            self.received_bytes += from_previous + from_next
            return previous.take(), following.take()

    def agree(self, label: str, digest: bytes) -> None:
        """Hold the same 32 bytes as both neighbours, or end.

        Raises:
            VerificationError: `mpc.transcript`; `detail["parties"]` are those
                that hold others, `party` the first.
        """
        told = self.round(label, digest, digest, len(digest), len(digest))
        others = [
            other.party
            for other, theirs in zip(self._both, told, strict=True)
            if not hmac.compare_digest(theirs, digest)
        ]
        if others:
            with self._ending():
                abort(
                    "mpc.transcript",
                    "expected all three to hold the same digest, found another",
                    party=others[0],
                    parties=others,
                )

    def transcript(self) -> bytes:
        """Digest of everything that this node sent and received: its own view."""
        return self._views.digest()

    def settle(self) -> bytes:
        """Agree on the transcript of all three: the root, equal at each.

        One round. To be done before any output leaves a node.

        Raises:
            VerificationError: `mpc.transcript`, with `detail["pair"]`.
        """
        views = self._views.snapshot()
        before, after = self._previous.party, self._next.party
        told = self.round(
            "transcript",
            views.view(before, after),
            views.view(after, before),
            VIEW_BYTES,
            VIEW_BYTES,
        )
        with self._ending():
            return views.settle(dict(zip((before, after), told, strict=True)))

    # -------------------------------------------------------------------- loop

    def _ready(self) -> None:
        if self._failed is not None:
            raise self._failed
        if self._closed:
            abort("mpc.stopped", "expected an open link, found that it was closed")

    def _ending(self) -> _Ending:
        return _Ending(self)

    def _exchange(self) -> None:
        """Move everything in the row, and what is expected, to its end."""
        with _Ending(self, locked=True):
            started = time.monotonic()
            busy = self._move(self._eager())
            while busy:
                now = time.monotonic()
                self._check_times(busy, started, now)
                if now >= self._beat_at:
                    self._beat(sum(1 << other.party for other in busy))
                self._wait(self._next_event(busy, started) - now)
                busy = self._move(self._both)

    def _eager(self) -> list[Neighbour]:
        return [other for other in self._both if other.eager]

    def _move(self, readable: Sequence[Neighbour]) -> list[Neighbour]:
        """Write what goes, read what came; those that are not done yet."""
        busy = []
        for other in self._both:
            flushed = other.flush()
            if other in readable or other.gone:  # it may have said why
                other.pump()
            if other.notices:
                self._noticed(other)
            if other.hello is None or other.waiting or not flushed:
                busy.append(other)
        return busy

    def _check_times(self, busy: list[Neighbour], started: float, now: float) -> None:
        for other in busy:
            if other.gone or other.bye:
                self._silent(other, "closed")
            if now - max(other.heard, started) > self._times.silence_s:
                self._silent(other, "nothing heard")
        if now > self._times.deadline:
            self._late(busy)

    def _next_event(self, busy: list[Neighbour], started: float) -> float:
        heard = min(max(other.heard, started) for other in busy)
        silent = heard + self._times.silence_s
        return min(silent, self._beat_at, self._times.deadline) + 0.001

    def _wait(self, seconds: float) -> None:
        """Until a stream has something, takes something, or time is over."""
        for other in self._both:
            mask = select.POLLIN if other.readable else 0
            if not other.idle:
                mask |= select.POLLOUT
            if mask == self._masks.get(other, 0):
                continue
            if mask:
                self._poll.register(other.fileno(), mask)
            else:  # a mask of nothing would still report the end
                self._poll.unregister(other.fileno())
            self._masks[other] = mask
        self._poll.poll(max(0.0, seconds) * 1000)

    # ------------------------------------------------------------------- beats

    def _beat(self, waits: int) -> None:
        self._beat_at = time.monotonic() + self._times.beat_s
        for other in self._both:
            if other.idle and not other.gone and other.hello is not None:
                other.send(Kind.BEAT, self.rounds, self._label, b"", waits)
                other.flush()

    def _beat_on(self) -> None:
        """The second thread: beats while the first one computes."""
        while not self._stop.wait(self._times.beat_s):
            if self._lock.acquire(blocking=False):
                try:
                    if self._failed is None and not self._closed:
                        self._beat(0)
                finally:
                    self._lock.release()

    # ------------------------------------------------------------------ ending

    def _late(self, busy: list[Neighbour]) -> NoReturn:
        """Name who is missing: not who waits for it, if that one says so."""
        other = busy[0]
        third = self._other(other)
        told_by = None
        if other.waits >> third.party & 1 and not third.waits >> other.party & 1:
            told_by, other = other.party, third
        says = "" if told_by is None else f", party {told_by} says"
        abort(
            "mpc.deadline",
            f"expected its message before the job's time was over, found none{says}",
            party=other.party,
            told_by=told_by,
            round=self.rounds,
        )

    def _silent(self, other: Neighbour, why: str) -> NoReturn:
        """Sign that a party is silent, and gather what the third one says."""
        third = self._other(other)
        mine = self._state(other.party)
        third.send(Kind.TIMEOUT, self.rounds, self._label, mine)
        self._drain(third, self._times.silence_s, lambda: bool(third.notices))
        statements = {self.index: mine}
        while third.notices:
            kind, body = third.notices.popleft()
            if kind is Kind.ABORT:
                said = read_notice(body, third.party)
                if said != ("mpc.silent", other.party):  # so both of them ended
                    self._aborted(third, *said)
            elif self._statements.open(third.party, body) == other.party:
                statements[third.party] = body
        self._end_silent(other, why, statements)

    def _end_silent(
        self, other: Neighbour, why: str, statements: Mapping[int, bytes]
    ) -> NoReturn:
        abort(
            "mpc.silent",
            f"expected a message in round {self.rounds}, found none ({why})",
            party=other.party,
            fix="Start the job again when its node answers.",
            round=self.rounds,
            reason=why,
            by=sorted(statements),
            statements=[b64u(statements[party]) for party in sorted(statements)],
        )

    def _state(self, silent: int) -> bytes:
        return self._statements.make(self.rounds, silent, self.transcript())

    def _noticed(self, other: Neighbour) -> NoReturn:
        """A neighbour ended the job, or says that the third party is silent."""
        kind, body = other.notices.popleft()
        if kind is Kind.ABORT:
            rule, about = read_notice(body, other.party)
            self._aborted(other, rule, about)
        silent = self._statements.open(other.party, body)
        third = self._other(other)
        if silent == third.party:
            since = third.heard
            left = since + self._times.silence_s - time.monotonic()
            self._drain(third, left, lambda: third.heard > since)
            if third.heard == since:
                mine = self._state(silent)
                other.send(Kind.TIMEOUT, self.rounds, self._label, mine)
                self._part((other,))
                why = "closed" if third.gone else "nothing heard"
                self._end_silent(third, why, {self.index: mine, other.party: body})
        self._aborted(other, "mpc.silent", silent)

    def _aborted(self, other: Neighbour, rule: str, about: int | None) -> NoReturn:
        of = "" if about is None else f" of party {about}"
        abort(
            "mpc.aborted",
            f"expected a message, found that it ended the job and says {rule}{of}",
            party=other.party,
            says=rule,
            about=about,
            round=self.rounds,
        )

    def _drain(
        self, other: Neighbour, seconds: float, done: Callable[[], bool]
    ) -> None:
        """Read one other, whatever it sends, until done or the time is over."""
        other.draining = True
        until = time.monotonic() + seconds
        poll = select.poll()
        poll.register(other.fileno(), select.POLLIN)
        while True:
            for one in self._both:
                one.flush()
            other.pump()
            left = until - time.monotonic()
            if other.gone or done() or left <= 0:
                return
            poll.poll(min(left, 0.05) * 1000 + 1)

    def _part(self, others: tuple[Neighbour, ...]) -> None:
        """Let last words leave, for a short time."""
        until = time.monotonic() + _PARTING_S
        while time.monotonic() < until:
            left = [one for one in others if not one.flush() and not one.gone]
            if not left:
                return
            time.sleep(0.005)

    def _other(self, other: Neighbour) -> Neighbour:
        return self._next if other is self._previous else self._previous

    def tell(self, error: PrivShareError) -> None:
        """Tell the neighbours that, and why, this node ends the job.

        Whatever ends a computation outside of the link goes through here: they
        would else wait until they call this node silent.
        """
        with self._lock:
            self._tell(error)

    def _tell(self, error: PrivShareError) -> None:
        if self._failed is not None:
            return
        self._failed = error
        body = notice_of(error)
        for other in self._both:
            other.send(Kind.ABORT, self.rounds, self._label, body)
        self._part(self._both)

    def close(self) -> None:
        """End: say goodbye, hear it, and let go. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._stop.set()
            self._say_bye(_BYE_S if self._failed is None else _PARTING_S)
            for other in self._both:
                other.close()
        if threading.current_thread() is not self._pulse:
            self._pulse.join()

    def _say_bye(self, seconds: float) -> None:
        # Whoever closes with something unread resets the connection, and what
        # it had sent last may be lost: so both wait for the other's goodbye.
        for other in self._both:
            if not other.gone:
                other.send(Kind.BYE, self.rounds, self._label)
        until = time.monotonic() + seconds
        try:
            for other in self._both:
                left = until - time.monotonic()
                self._drain(other, left, _said_bye(other))
        except PrivShareError:  # all results are in; what comes now is void
            return


class _Ending:
    """Whatever is raised inside ends the link, and the neighbours hear of it."""

    def __init__(self, link: StreamLink, *, locked: bool = False) -> None:
        self._link = link
        self._locked = locked

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, _trace: object) -> None:
        if isinstance(error, PrivShareError):
            if self._locked:
                self._link._tell(error)
            else:
                self._link.tell(error)


def _said_bye(other: Neighbour) -> Callable[[], bool]:
    return lambda: other.bye
