"""Send prepared HTTP requests over keep-alive connections, in a process of its own.

    python bench/load.py URL CONNECTIONS SECONDS REQUESTS ANSWERS

REQUESTS holds whole requests, each behind its length (4 bytes, big-endian), so
that nothing is signed or encoded while the clock runs. Each connection has one
request under way at a time; none is sent after SECONDS. One that is answered
503 is not repeated (its nonce is used up); its connection rests for as long as
Retry-After says, and goes on with the next. ANSWERS gets one JSON line a
request: its number, status, milliseconds, body. What the run took stands on
the last line.

Plain sockets and one thread: the load must not take the core that it measures.
It sends to this computer only.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_S = 60.0


@dataclass
class Connection:
    """One keep-alive connection and the answer that it waits for."""

    socket: socket.socket
    number: int = -1
    sent: float = 0.0
    data: bytearray = field(default_factory=bytearray)

    def answer(self) -> tuple[int, float, bytes] | None:
        """The status, Retry-After and body, once all of it is there."""
        head, end, body = bytes(self.data).partition(b"\r\n\r\n")
        if not end or len(body) < _number(head, b"content-length"):
            return None
        return int(head[9:12]), _number(head, b"retry-after"), body


def _number(head: bytes, name: bytes) -> int:
    """A header that holds a number; 0 without it."""
    found = head.lower().partition(b"\r\n" + name + b":")[2]
    return int(found.split(b"\r\n")[0] or 0)


def read_requests(path: Path) -> list[bytes]:
    """The requests of a file."""
    data, found, position = path.read_bytes(), [], 0
    while position < len(data):
        end = position + 4 + int.from_bytes(data[position : position + 4], "big")
        found.append(data[position + 4 : end])
        position = end
    return found


def write_requests(path: Path, requests: list[bytes]) -> None:
    """The file that `read_requests` reads."""
    path.write_bytes(b"".join(len(r).to_bytes(4, "big") + r for r in requests))


class Load:
    """Requests on their way to one address.

    Args:
        requests: To send, in order.
        seconds: After which none is sent.
    """

    def __init__(self, requests: list[bytes], seconds: float) -> None:
        self.answers: list[tuple[int, int, float, bytes]] = []
        self._waiting = iter(enumerate(requests))
        self._selector = selectors.DefaultSelector()
        self._resting: list[tuple[float, Connection]] = []
        self._started = time.perf_counter()
        self._deadline = self._started + seconds

    def run(self, address: tuple[str, int], connections: int) -> float:
        """Send what fits into the time, and wait for every answer to it.

        Returns:
            Seconds from the first byte sent to the last one received.
        """
        for _ in range(connections):
            opened = socket.create_connection(address, TIMEOUT_S)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(opened)
            self._selector.register(opened, selectors.EVENT_READ, connection)
            self._send(connection)
        last = self._started
        while self._selector.get_map():
            now = time.perf_counter()
            for due in [rest for rest in self._resting if rest[0] <= now]:
                self._resting.remove(due)
                self._send(due[1])
            pause = min((due for due, _ in self._resting), default=now + TIMEOUT_S)
            for key, _ in self._selector.select(max(0.0, pause - now)):
                last = self._receive(key.data)
            if time.perf_counter() > last + TIMEOUT_S:
                raise TimeoutError(f"no answer within {TIMEOUT_S:g} s")
        return last - self._started

    def _send(self, connection: Connection) -> None:
        following = None
        if time.perf_counter() < self._deadline:
            following = next(self._waiting, None)
        if following is None:
            self._selector.unregister(connection.socket)
            connection.socket.close()
            return
        connection.number, request = following
        connection.data.clear()
        connection.sent = time.perf_counter()
        connection.socket.sendall(request)

    def _receive(self, connection: Connection) -> float:
        data = connection.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the node closed a connection")
        connection.data += data
        answer, now = connection.answer(), time.perf_counter()
        if answer is not None:
            status, rest_s, body = answer
            spent_ms = 1000 * (now - connection.sent)
            self.answers.append((connection.number, status, spent_ms, body))
            if status == 503:
                due = min(now + rest_s, self._deadline)
                self._resting.append((due, connection))
            else:
                self._send(connection)
        return now


def main() -> None:
    """The command line."""
    url, connections, seconds, requests, answers = sys.argv[1:]
    host, port = urlsplit(url).hostname, urlsplit(url).port
    if host != "127.0.0.1" or port is None:
        raise SystemExit("expected http://127.0.0.1:PORT")
    load = Load(read_requests(Path(requests)), float(seconds))
    spent = load.run((host, port), int(connections))
    with Path(answers).open("w", encoding="utf-8") as file:
        for number, status, ms, body in load.answers:
            print(json.dumps([number, status, ms, body.decode()]), file=file)
        print(
            json.dumps({"seconds": spent, "cpu_seconds": time.process_time()}),
            file=file,
        )


if __name__ == "__main__":
    main()
