"""One address of a node for the connections of all its jobs.

    neighbour ─► accept ─► peek at the first record ─► job ─► Arrivals of that job

The listener reads nothing off a connection and answers nothing: it looks at the
name that the first record asks for (`client_hello`), and hands the socket over.
Connections for a job that is not expected, that say nothing in time, or that are
too many, are closed; a neighbour that came too early tries again.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections import deque
from types import TracebackType
from typing import Final

from privshare.errors import ConfigError, Conflict
from privshare.jobs.mpc.client_hello import HEADER_BYTES, record_size, server_name_of
from privshare.jobs.mpc.tls import job_of

__all__ = ["Arrivals", "Listener"]

#: Connections that have not said yet what they are for.
MAX_PENDING: Final = 128
#: And how long they may take to say it.
HELLO_S: Final = 5.0
#: Connections of one job that nobody has taken yet.
MAX_WAITING: Final = 8

_ENDED: Final = select.POLLRDHUP | select.POLLHUP | select.POLLERR


class Arrivals:
    """The connections that came for one job. Made by `Listener.expect`."""

    def __init__(self, listener: Listener, job: bytes) -> None:
        self.job = job
        self._listener = listener
        self._sockets: deque[socket.socket] = deque()
        self._signal = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """Readable when a connection came."""
        return self._signal

    def take(self) -> socket.socket | None:
        """The next connection, or None; its first record is still to be read."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._signal)
        try:
            made = self._sockets.popleft()
        except IndexError:
            return None
        if self._sockets:
            os.eventfd_write(self._signal, 1)
        return made

    def put(self, arrived: socket.socket) -> None:
        """A connection came; the oldest goes when there are too many."""
        self._sockets.append(arrived)
        if len(self._sockets) > MAX_WAITING:
            self._sockets.popleft().close()
        os.eventfd_write(self._signal, 1)

    def close(self) -> None:
        """Expect no more."""
        if self._listener.forget(self):
            while self._sockets:
                self._sockets.popleft().close()
            os.close(self._signal)

    def __enter__(self) -> Arrivals:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Pending:
    """A connection that has not said yet what it is for."""

    def __init__(self, accepted: socket.socket) -> None:
        self.socket = accepted
        self.until = time.monotonic() + HELLO_S
        self._await(HEADER_BYTES)

    def _await(self, size: int) -> None:
        """Be readable when so many bytes are there, and not at each."""
        self._wants = size
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)

    def look(self) -> tuple[bool, bytes | None]:
        """Whether it has said enough, and the job that it is for."""
        try:
            seen = self.socket.recv(self._wants, socket.MSG_PEEK)
        except BlockingIOError:
            return False, None
        except OSError:
            return True, None
        if len(seen) < self._wants:
            return not seen, None
        if self._wants > HEADER_BYTES:
            name = server_name_of(seen)
            self._await(1)
            return True, None if name is None else job_of(name)
        size = record_size(seen)
        if size is None:
            return True, None
        self._await(size)
        return self.look()


class Listener:
    """Takes connections at one address, in a thread of its own.

    Args:
        host: Where to listen; "" is every interface.
        port: 0 takes a free one, see `port`.

    Raises:
        ConfigError: The address cannot be listened at.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._server = socket.create_server((host, port), family=family, backlog=64)
        except OSError as error:
            raise ConfigError(
                f"expected to listen at {host or '*'}:{port}, found {error.strerror}",
                fix="Choose another address for `compute`, or free this one.",
            ) from None
        self._server.setblocking(False)
        self.port: int = self._server.getsockname()[1]
        self._jobs: dict[bytes, Arrivals] = {}
        self._lock = threading.Lock()
        self._pending: dict[int, _Pending] = {}
        self._poll = select.poll()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def expect(self, job: bytes) -> Arrivals:
        """Take connections for a job from now on.

        Raises:
            Conflict: They are taken already.
        """
        with self._lock:
            if job in self._jobs:
                raise Conflict("expected a job that does not run yet, found it running")
            made = self._jobs[job] = Arrivals(self, job)
        return made

    def forget(self, arrivals: Arrivals) -> bool:
        """Take none any more; whether any were taken."""
        with self._lock:
            return self._jobs.pop(arrivals.job, None) is not None

    def close(self) -> None:
        """Stop listening. Connections handed over stay."""
        if self._closing:
            return
        self._closing = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        os.close(self._wake)

    def _run(self) -> None:
        self._poll.register(self._server, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        while not self._closing:
            soon = min((one.until for one in self._pending.values()), default=None)
            left = (
                None if soon is None else max(0.0, soon - time.monotonic()) * 1000 + 1
            )
            for descriptor, event in self._poll.poll(left):
                if descriptor == self._server.fileno():
                    self._accept()
                elif descriptor in self._pending and event & _ENDED:
                    self._drop(descriptor).close()
                elif descriptor in self._pending:
                    self._look(descriptor)
            now = time.monotonic()
            for late in [fd for fd, one in self._pending.items() if one.until < now]:
                self._drop(late).close()
        for descriptor in list(self._pending):
            self._drop(descriptor).close()
        self._server.close()

    def _accept(self) -> None:
        try:
            accepted, _ = self._server.accept()
        except OSError:  # it left again, or we have no descriptor to spare
            time.sleep(0.01)
            return
        accepted.setblocking(False)
        if len(self._pending) >= MAX_PENDING:
            self._drop(next(iter(self._pending))).close()
        self._pending[accepted.fileno()] = _Pending(accepted)
        self._poll.register(accepted, select.POLLIN | select.POLLRDHUP)

    def _look(self, descriptor: int) -> None:
        enough, job = self._pending[descriptor].look()
        if not enough:
            return
        accepted = self._drop(descriptor)
        with self._lock:
            arrivals = None if job is None else self._jobs.get(job)
            if arrivals is not None:
                arrivals.put(accepted)
                return
        accepted.close()

    def _drop(self, descriptor: int) -> socket.socket:
        self._poll.unregister(descriptor)
        return self._pending.pop(descriptor).socket
