"""The conversation with one neighbour: frames over a stream of bytes, both ways.

Nothing here blocks. `send` puts a message in the row and `flush` moves what the
stream takes; `expect` says what must come next and `pump` reads what is there.
So a node can always read while it writes, and three nodes that all send at once
do not wait for one another in a circle.

    StreamLink ─► send, flush ─► Stream ─► pump, expect ─► StreamLink of the other

Every frame that comes is checked against the one frame it may be. Only beats
and notices may come between; how many is bounded.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.frame import (
    CHUNK,
    HEADER_BYTES,
    MAX_MESSAGE,
    Bytes,
    Header,
    Kind,
    pack,
    unpack,
)
from privshare.jobs.mpc.transcript import Views

__all__ = ["Neighbour", "Stream"]

#: Header and body go out as one piece up to here: one record of TLS.
_TOGETHER: Final = (1 << 14) - HEADER_BYTES
#: Notices that a neighbour may send in all.
_MAX_NOTICES: Final = 2
#: Beats that may come at once, beside those that are due.
_BURST: Final = 16

_WOULD_BLOCK: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_NO_LABEL: Final = bytes(16)
_NOTHING: Final = memoryview(b"")


class Stream(Protocol):
    """Bytes in order, both ways, without blocking: a TLS or a Unix socket."""

    def fileno(self) -> int:
        """For `poll`."""

    def send(self, data: Bytes, /) -> int:
        """How many bytes were taken; raises BlockingIOError or an SSL wish."""

    def recv_into(self, buffer: memoryview, /) -> int:
        """How many bytes came, 0 at the end; raises as `send` does."""

    def close(self) -> None:
        """Let go of it."""


class Neighbour:
    """One of the two nodes that this one talks to.

    Args:
        stream: Connected, and the neighbour's identity established.
        me: Index of this node.
        party: Index of the neighbour.
        job: Digest of the job's specification, 32 bytes.
        views: Running digests of this node.
        beat_s: How often beats are due.
    """

    def __init__(
        self,
        stream: Stream,
        me: int,
        party: int,
        job: bytes,
        views: Views,
        beat_s: float,
    ) -> None:
        self.party = party
        #: When bytes last came, by the monotonic clock.
        self.heard = time.monotonic()
        #: The stream ended: nothing more comes, or nothing more goes.
        self.gone = False
        #: The neighbour said that it is done.
        self.bye = False
        #: Notices that came and were not looked at yet.
        self.notices: deque[tuple[Kind, bytes]] = deque()
        self.hello: bytes | None = None
        #: Who the neighbour said it waits for, in its last beat: a bit a party.
        self.waits = 0
        #: Data is read and thrown away: the job is ending.
        self.draining = False
        self._stream = stream
        # TLS may hold bytes that it decrypted and nobody took.
        self._pending: Callable[[], int] | None = getattr(stream, "pending", None)
        self._me = me
        self._job = job
        self._views = views
        self._beat_s = beat_s
        self._born = self.heard
        self._beats = 0
        self._seen = 0
        # Outgoing: messages not begun, and pieces of the frame being written.
        self._row: deque[tuple[Header, memoryview]] = deque()
        self._offset = 0
        self._pieces: deque[Bytes] = deque()
        self._sequence = 0
        # Incoming: the frame being read, and the message that is expected.
        self._head = memoryview(bytearray(HEADER_BYTES))
        self._target = self._head
        self._at = 0
        self._frame: Header | None = None
        self._parked: Header | None = None
        self._next = 0
        self._round = 0
        self._label = _NO_LABEL
        self._message = _NOTHING
        self._got = 0
        self._complete = False

    # ---------------------------------------------------------------- sending

    def send(
        self, kind: Kind, number: int, label: bytes, body: Bytes = b"", waits: int = 0
    ) -> None:
        """Put a message in the row. Its buffer stays as it is until it is gone."""
        view = memoryview(body)
        view = view.cast("B") if view.nbytes else _NOTHING
        if len(view) > MAX_MESSAGE:
            abort("mpc.frame", f"expected at most {MAX_MESSAGE} bytes in a message")
        head = Header(
            kind, self._me, self.party, self._job, number, 0, label, len(view), 0, waits
        )
        self._row.append((head, view))

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be written."""
        return not self._pieces and not self._row

    def flush(self) -> bool:
        """Write what the stream takes; whether everything is written."""
        while not self.gone:
            while self._pieces:
                piece = self._pieces[0]
                try:
                    count = self._stream.send(piece)
                except _WOULD_BLOCK:
                    return False
                except OSError:  # broken; what it still says is read by `pump`
                    self._break()
                    return True
                self._pieces.popleft()
                if count < len(piece):
                    self._pieces.appendleft(memoryview(piece)[count:])
            if not self._row:
                return True
            self._compose()
        return True

    def _break(self) -> None:
        self.gone = True
        self._pieces.clear()
        self._row.clear()

    def _compose(self) -> None:
        """Lay out the next frame of the first message in the row."""
        head, view = self._row[0]
        left = len(view) - self._offset
        part = view[self._offset : self._offset + CHUNK]
        if head.kind is Kind.DATA:
            if not self._offset:
                self._views.begin_sent(self.party, head.round, head.label, left)
            self._views.sent(self.party, part)
        laid = pack(head._replace(sequence=self._sequence, left=left, length=len(part)))
        self._sequence += 1
        if len(part) <= _TOGETHER:
            self._pieces.append(laid + part)
        else:
            self._pieces += (laid, part)
        self._offset += len(part)
        if self._offset == len(view):
            self._row.popleft()
            self._offset = 0

    # -------------------------------------------------------------- receiving

    def expect(self, number: int, label: bytes, size: int) -> None:
        """Say what must come next: a message of `size` bytes, or nothing."""
        if not 0 <= size <= MAX_MESSAGE:
            abort("mpc.frame", f"expected to receive up to {MAX_MESSAGE} bytes")
        self._round, self._label = number, label
        self._message = np.empty(size, np.uint8).data if size else _NOTHING
        self._got = 0
        if size:
            self._views.begin_received(self.party, number, label, size)

    @property
    def waiting(self) -> bool:
        """Whether a part of the expected message has not come yet."""
        return self._got < len(self._message)

    def take(self) -> memoryview:
        """The message that came."""
        made, self._message, self._got = self._message, _NOTHING, 0
        return made

    @property
    def eager(self) -> bool:
        """Whether `pump` has something to read that `poll` does not see."""
        return self._parked is not None or (
            self._pending is not None and self._pending() > 0
        )

    @property
    def readable(self) -> bool:
        """Whether `pump` would look at what comes."""
        return not self.gone and self._parked is None

    def pump(self) -> None:
        """Read what is there, up to a message that is not expected yet.

        Raises:
            VerificationError: `mpc.frame` or `mpc.order`; the neighbour sent
                something that cannot come here.
        """
        if self._parked is not None:
            if not self.waiting and not self.draining:
                return
            self._frame, self._parked = self._parked, None
            self._begin(self._frame)
        self._complete = False
        while self._parked is None:
            try:
                count = self._stream.recv_into(self._target[self._at :])
            except _WOULD_BLOCK:
                return
            except ssl.SSLError as error:
                self._refused(error)
                return
            except OSError:
                count = 0
            if count == 0:
                self._break()
                return
            self.heard = time.monotonic()
            self._at += count
            if self._at == len(self._target):
                self._full()
                if self._complete:
                    return  # what comes next can wait for the next round

    def _refused(self, error: ssl.SSLError) -> None:
        self._break()
        if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return
        rule = "mpc.peer" if "ALERT" in str(error.reason) else "mpc.frame"
        abort(
            rule,
            "expected TLS records of this connection, found "
            f"{str(error.reason).lower().replace('_', ' ')}",
            party=self.party,
        )

    def _full(self) -> None:
        """The header, or the body, that was being read is complete."""
        if self._frame is not None:
            self._finish(self._frame)
            return
        self._frame = frame = unpack(self._head, party=self.party)
        self._check(frame)
        if frame.kind is Kind.DATA and not (self.waiting or self.draining):
            self._parked, self._frame = frame, None
        else:
            self._begin(frame)

    def _check(self, frame: Header) -> None:
        """A header that came: of this job, from this party, next in the row."""
        found = (frame.sender, frame.receiver, frame.job, frame.sequence)
        wanted = (self.party, self._me, self._job, self._next)
        for name, have, want in zip(
            ("sender", "receiver", "job", "sequence"), found, wanted, strict=True
        ):
            if have != want:
                shown = "another" if name == "job" else f"{have} for {want}"
                abort(
                    "mpc.order",
                    f"expected the next frame of this conversation, found "
                    f"{name} {shown}",
                    party=self.party,
                )
        if (frame.kind is Kind.HELLO) != (self._next == 0) or self.bye:
            abort(
                "mpc.order",
                f"expected a frame in its place, found a {frame.kind.name.lower()}",
                party=self.party,
            )
        self._next += 1

    def _begin(self, frame: Header) -> None:
        """Make room for a body."""
        self._at = 0
        if frame.kind is Kind.DATA:
            self._target = self._room(frame)
        elif frame.length:
            self._target = memoryview(bytearray(frame.length))
        else:
            self._finish(frame)

    def _room(self, frame: Header) -> memoryview:
        if self.draining:
            return memoryview(bytearray(frame.length))
        if (frame.round, frame.label) != (self._round, self._label):
            abort(
                "mpc.order",
                f"expected a message of round {self._round} and its step, found one of "
                f"round {frame.round}",
                party=self.party,
            )
        left = len(self._message) - self._got
        if frame.left != left:
            abort(
                "mpc.frame",
                f"expected a message with {left} bytes to come, found {frame.left}",
                party=self.party,
            )
        return self._message[self._got : self._got + frame.length]

    def _finish(self, frame: Header) -> None:
        """A frame came whole."""
        body = self._target
        self._frame, self._target, self._at = None, self._head, 0
        if frame.kind is Kind.DATA:
            if not self.draining:
                self._got += frame.length
                self._views.received(self.party, body)
                self._complete = not self.waiting
            return
        if frame.kind is Kind.BEAT:
            self._count_beat()
            self.waits = frame.waits
        elif frame.kind is Kind.BYE:
            self.bye = True
        elif frame.kind is Kind.HELLO:
            self.hello = bytes(body) if frame.length else b""
        else:
            self._count_notice()
            self.notices.append((frame.kind, bytes(body) if frame.length else b""))

    def _count_beat(self) -> None:
        self._beats += 1
        if self._beats > _BURST + 4 * (self.heard - self._born) / self._beat_s:
            abort("mpc.frame", "expected beats when due, found more", party=self.party)

    def _count_notice(self) -> None:
        self._seen += 1
        if self._seen > _MAX_NOTICES:
            abort("mpc.frame", "expected one last notice, found more", party=self.party)

    # ----------------------------------------------------------------- ending

    def fileno(self) -> int:
        """For `poll`."""
        return self._stream.fileno()

    def close(self) -> None:
        """Let go of the stream."""
        self._break()
        self._stream.close()
