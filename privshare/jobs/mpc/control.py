"""What a node and its process that computes say to each other.

Over a Unix socket that keeps messages apart; the first byte says what one is:

    node to process     S  setup: JSON, with the secret request in a memory file
                        N  a socket that was connected to the next neighbour
                        P  a socket that the previous neighbour opened
                        T  a signed statement, or nothing: it was not signed
                        V  the payload of a statement that verified, or nothing
    process to node     A  the connection to the next neighbour failed
                        t  sign this statement
                        v  party, statement: verify it
                        r  a piece of the result
                        d  done: JSON with the root of the transcript
                        e  ended without a result: JSON

Both sides bound what they read. The node trusts nothing that the process says
beyond what stands here: it talks to strangers, the node does not.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections import deque
from typing import Final

from privshare.errors import PrivShareError
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.meeting import Role

__all__ = ["MAX_PACKET", "PIECE", "Control", "read_file", "seal_file"]

MAX_PACKET: Final = 1 << 16
#: Bytes of a result in one message.
PIECE: Final = 1 << 15

_INT: Final = struct.Struct("i")
_ROLES: Final[dict[int, Role]] = {ord("N"): "next", ord("P"): "previous"}


class Control:
    """The process's end: where sockets come from, and who signs for it.

    Args:
        end: A connected Unix socket of kind SOCK_SEQPACKET.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._came: deque[tuple[Role, socket.socket]] = deque()
        self._answers: deque[bytes] = deque()
        self._lock = threading.Lock()

    def fileno(self) -> int:
        """Readable when the node says something."""
        return self._end.fileno()

    def setup(self) -> tuple[bytes, int]:
        """The first message: its JSON, and the descriptor of the request."""
        data, descriptors = self._receive(0)
        if data[:1] != b"S" or len(descriptors) != 1:
            abort("mpc.worker", "expected a setup, found another message")
        return data[1:], descriptors[0]

    def take(self) -> tuple[Role, socket.socket] | None:
        """A socket that came, not blocking."""
        while not self._came:
            if not self._read(socket.MSG_DONTWAIT):
                return None
        return self._came.popleft()

    def again(self) -> None:
        """Ask for another connection to the next neighbour."""
        self.say(b"A")

    def sign(self, payload: bytes) -> bytes:
        """Have the node sign a statement.

        Raises:
            Unavailable: `mpc.worker`; it does not.
        """
        return self._ask(b"t" + payload)

    def verify(self, party: int, data: bytes) -> bytes:
        """Have the node verify one.

        Raises:
            Unavailable: `mpc.worker`; it does not verify.
        """
        return self._ask(b"v" + bytes([party]) + data)

    def _ask(self, question: bytes) -> bytes:
        with self._lock:
            self.say(question)
            while not self._answers:
                self._read(0)
            answer = self._answers.popleft()
        if not answer:
            abort("mpc.worker", "expected a statement, found none or one not valid")
        return answer

    def _read(self, flags: int) -> bool:
        try:
            data, descriptors = self._receive(flags)
        except BlockingIOError:
            return False
        if not data:
            abort("mpc.worker", "expected the node at the other end, found it gone")
        role = _ROLES.get(data[0])
        if role is not None and descriptors:
            self._came.append((role, socket.socket(fileno=descriptors[0])))
        elif data[:1] in (b"T", b"V"):
            self._answers.append(data[1:])
        return True

    def _receive(self, flags: int) -> tuple[bytes, list[int]]:
        """One message, and the descriptor that came with it, if any."""
        # `socket.recv_fds` of Python 3.11 takes flags and forgets them.
        data, more, _, _ = self._end.recvmsg(
            MAX_PACKET, socket.CMSG_LEN(_INT.size), flags | socket.MSG_CMSG_CLOEXEC
        )
        found = [
            _INT.unpack(content)[0]
            for level, kind, content in more
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
            and len(content) == _INT.size
        ]
        return data, found

    def say(self, data: bytes) -> None:
        """Tell the node something."""
        self._end.sendall(data)

    def result(self, data: bytes | memoryview, report: bytes) -> None:
        """Hand over a result, and what is to be said of it."""
        view = memoryview(data).cast("B")
        for at in range(0, len(view), PIECE):
            self.say(b"r" + view[at : at + PIECE])
        self.say(b"d" + report)


def seal_file(*parts: bytes | memoryview) -> int:
    """A memory file of these parts; its descriptor stands at the beginning."""
    descriptor = os.memfd_create("request", os.MFD_CLOEXEC)
    try:
        for part in parts:
            view = memoryview(part).cast("B")
            while view:
                view = view[os.write(descriptor, view) :]
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_file(descriptor: int) -> bytearray:
    """All of a memory file, which is closed."""
    try:
        data = bytearray(os.fstat(descriptor).st_size)
        view, at = memoryview(data), 0
        while at < len(data):
            count = os.preadv(descriptor, [view[at:]], at)
            if not count:
                abort("mpc.worker", "expected a whole request, found its end")
            at += count
    finally:
        os.close(descriptor)
    return data


def report_of(error: BaseException) -> dict[str, object]:
    """What the node may know of an error; of one that is not ours, its kind."""
    if not isinstance(error, PrivShareError):
        return {
            "detail": {"rule": "mpc.worker"},
            "fix": "",
            "message": f"expected a result, found {type(error).__name__}",
            "name": "Unavailable",
        }
    return {
        "detail": error.detail,
        "fix": error.fix,
        "message": error.message,
        "name": error.name,
    }
