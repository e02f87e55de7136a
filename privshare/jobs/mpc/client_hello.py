"""Which job a connection is for, read before anybody answers it.

A node has one address for all its jobs. The first record of TLS names the job
(`tls.server_name`), in clear; the listener looks at it without taking it, and
hands the connection to the process of that job, which alone has the key. A false
name leads to a handshake that fails.

    bytes peeked ─► record_size ─► server_name_of ─► tls.job_of ─► the job's process

Sources: RFC 8446, section 4.1.2 (ClientHello); RFC 6066, section 3 (server_name).

>>> record_size(bytes([22, 3, 1, 0, 200]))
205
>>> record_size(b"GET /")
"""

from __future__ import annotations

from typing import Final

__all__ = ["HEADER_BYTES", "MAX_RECORD", "record_size", "server_name_of"]

#: Of a record of TLS.
HEADER_BYTES: Final = 5
MAX_RECORD: Final = HEADER_BYTES + (1 << 14)

_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_SERVER_NAME: Final = 0
_HOST: Final = 0
_MAX_NAME: Final = 253


def record_size(head: bytes) -> int | None:
    """How long the first record is, or None when it is none of a handshake."""
    if len(head) < HEADER_BYTES or head[0] != _HANDSHAKE or head[1] != 3:
        return None
    size = HEADER_BYTES + int.from_bytes(head[3:5], "big")
    return size if HEADER_BYTES + 4 < size <= MAX_RECORD else None


def server_name_of(record: bytes) -> str | None:
    """The host name that a client asks for, or None.

    Args:
        record: The whole first record. A hello that goes on in a second one is
            not read: none of ours does.
    """
    try:
        return _name(_extensions(_Reader(record[HEADER_BYTES:])))
    except _Short:
        return None


class _Short(Exception):
    """The bytes end before what they announce."""


class _Reader:
    """Takes pieces off the front, never more than there are."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise _Short
        piece, self._at = self._data[self._at : end], end
        return piece

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """A piece that has its length in front, in `size` bytes."""
        return self.take(self.number(size))

    def __bool__(self) -> bool:
        return self._at < len(self._data)


def _extensions(record: _Reader) -> _Reader:
    if record.number(1) != _CLIENT_HELLO:
        raise _Short
    hello = _Reader(record.vector(3))
    hello.take(2 + 32)  # version, random
    hello.vector(1)  # session id
    hello.vector(2)  # cipher suites
    hello.vector(1)  # compression methods
    return _Reader(hello.vector(2))


def _name(extensions: _Reader) -> str | None:
    while extensions:
        kind, body = extensions.number(2), extensions.vector(2)
        if kind != _SERVER_NAME:
            continue
        names = _Reader(_Reader(body).vector(2))
        if names.number(1) != _HOST:
            return None
        name = names.vector(2)
        return name.decode() if name.isascii() and len(name) <= _MAX_NAME else None
    return None
