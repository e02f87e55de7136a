"""Frames: what two nodes of a job on shares send each other.

    0   4  "PSM1"      magic and version
    4   1  kind        1 hello, 2 data, 3 beat, 4 abort, 5 timeout, 6 bye
    5   1  sender      0 to 2
    6   1  receiver    0 to 2
    7   1  waits       a beat's: bit p set, the sender waits for party p; else 0
    8  32  job         digest of the job's specification
    40  4  round       counted from 1, the same at all three
    44  8  sequence    frames so far in this direction
    52 16  label       first half of the digest of the step's name
    68  8  left        bytes of the message from here on, this frame's included
    76  4  length      bytes that follow, at most `CHUNK`
    80     body

Big-endian. A message longer than `CHUNK` is cut into frames of that size and a
last one. Who receives knows beforehand how long the message is, so nothing here
makes it hold more than it asked for.

Implements section 4 of docs/protocols/mpc-channel.md.

>>> head = Header(Kind.DATA, 0, 1, bytes(32), 1, 7, label_digest("sum"), 5, 5)
>>> unpack(pack(head), party=0) == head
True
"""

from __future__ import annotations

import enum
import functools
import struct
from typing import Final, NamedTuple

from privshare.jobs.mpc.abort import abort
from privshare.wire import domain
from privshare.wire.digest import tagged

__all__ = [
    "CHUNK",
    "HEADER_BYTES",
    "MAX_MESSAGE",
    "MAX_NOTICE",
    "PARTIES",
    "Bytes",
    "Header",
    "Kind",
    "label_digest",
    "pack",
    "unpack",
]

#: Whatever a message may be kept in; views are of single bytes.
Bytes = bytes | bytearray | memoryview

PARTIES: Final = 3
#: Most bytes of one frame's body.
CHUNK: Final = 1 << 20
#: Most bytes of one message: a round of 4 GiB is a program without a plan.
MAX_MESSAGE: Final = 1 << 32
#: Most bytes of an abort, a timeout or a hello.
MAX_NOTICE: Final = 4096

_MAGIC: Final = b"PSM1"
_LAYOUT: Final = struct.Struct(">4sBBBB32sIQ16sQI")
HEADER_BYTES: Final = _LAYOUT.size


class Kind(enum.IntEnum):
    """What a frame is for."""

    HELLO = 1
    DATA = 2
    BEAT = 3
    ABORT = 4
    TIMEOUT = 5
    BYE = 6


_NOTICES: Final = frozenset({Kind.HELLO, Kind.ABORT, Kind.TIMEOUT})
_KINDS: Final = {int(kind): kind for kind in Kind}


class Header(NamedTuple):
    """The first 80 bytes of a frame; fields as in the table above."""

    kind: Kind
    sender: int
    receiver: int
    job: bytes
    round: int
    sequence: int
    label: bytes
    left: int
    length: int
    waits: int = 0


@functools.lru_cache(maxsize=1024)
def label_digest(label: str) -> bytes:
    """Sixteen bytes that name a step."""
    return tagged(domain.MPC_LABEL, label.encode())[:16]


def pack(header: Header) -> bytes:
    """Lay a header out; its values are ours."""
    kind, sender, receiver, job, number, sequence, label, left, length, waits = header
    return _LAYOUT.pack(
        _MAGIC,
        kind,
        sender,
        receiver,
        waits,
        job,
        number,
        sequence,
        label,
        left,
        length,
    )


def unpack(data: Bytes, *, party: int) -> Header:
    """Read a header that a neighbour sent.

    Args:
        data: `HEADER_BYTES` bytes.
        party: Who sent it, to be named.

    Raises:
        VerificationError: `mpc.frame`: no frame of this version, a kind that
            does not exist, or a length beyond its kind's bounds.
    """
    (
        magic,
        code,
        sender,
        receiver,
        waits,
        job,
        number,
        sequence,
        label,
        left,
        length,
    ) = _LAYOUT.unpack(data)
    if magic != _MAGIC:
        abort("mpc.frame", f"expected a frame of {_MAGIC!r}, found none", party=party)
    kind = _KINDS.get(code)
    if kind is None:
        abort("mpc.frame", f"expected a kind of frame, found {code}", party=party)
    if not _sized(kind, left, length):
        abort(
            "mpc.frame",
            f"expected a length that a {kind.name.lower()} may have, found {length} "
            f"of {left}",
            party=party,
        )
    if waits >> PARTIES or (waits and kind is not Kind.BEAT):
        abort("mpc.frame", f"expected parties to wait for, found {waits}", party=party)
    return Header(
        kind, sender, receiver, job, number, sequence, label, left, length, waits
    )


def _sized(kind: Kind, left: int, length: int) -> bool:
    if kind is Kind.DATA:
        return 0 < left <= MAX_MESSAGE and length == min(left, CHUNK)
    most = MAX_NOTICE if kind in _NOTICES else 0
    return left == length <= most
