"""What an aggregator stores between steps, as bytes.

A job that was begun survives a crash: batch and job are read back, and the
message that was stored is sent again. The bytes hold output shares, which are
secret to the aggregator: they belong where its keys are.

    Batch, LeaderJob, HelperJob ─► pack ─► store ─► unpack, for the same survey

>>> pack(Batch(bytes(32), bytes(16), 0, 0, bytes(8), bytes(32), bytes(32),
...     (NONE_REFUSED, NONE_REFUSED)))[:4]
b'PSKb'
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from privshare.errors import EncodingError
from privshare.jobs.survey.aggregator import HelperJob, LeaderJob
from privshare.jobs.survey.batch import NONE_REFUSED, Batch
from privshare.jobs.survey.message import BATCH_BYTES, REASONS, Header
from privshare.jobs.survey.report import ID_BYTES
from privshare.jobs.survey.task import Survey

__all__ = ["NONE_REFUSED", "Kept", "pack", "unpack"]

#: What is kept.
Kept = Batch | LeaderJob | HelperJob

_KINDS: Final = {Batch: b"PSKb", LeaderJob: b"PSKl", HelperJob: b"PSKh"}
_LENGTH = struct.Struct(">Q")
_HEADER = struct.Struct(">32s16sI32sI")
_TABLE = struct.Struct(f">{len(REASONS)}Q")
_NUMBERS = struct.Struct(">QQ?")


def pack(kept: Kept) -> bytes:
    """Lay it out: four bytes for the kind, then each part after its length."""
    parts = _parts(kept)
    framed = [piece for part in parts for piece in (_LENGTH.pack(len(part)), part)]
    return b"".join((_KINDS[type(kept)], *framed))


def _parts(kept: Kept) -> list[bytes]:
    if isinstance(kept, Batch):
        return [
            kept.survey,
            kept.id,
            _NUMBERS.pack(kept.jobs, kept.count, kept.closed),
            kept.share,
            kept.reports,
            kept.transcript,
            *(_TABLE.pack(*table) for table in kept.refused),
        ]
    parts = [_header(kept.header), kept.ids, kept.states]
    if isinstance(kept, LeaderJob):
        return [*parts, _TABLE.pack(*kept.before), kept.begin]
    return [*parts, kept.codes.tobytes(), kept.begin, kept.answer]


def unpack(data: bytes, survey: Survey) -> Kept:
    """Read what `pack` laid out for a survey.

    Args:
        data: From one's own store.
        survey: The survey that it belongs to.

    Raises:
        EncodingError: Anything that `pack` does not write, or another survey's.
    """
    parts = _split(data[4:])
    try:
        if data[:4] == _KINDS[Batch]:
            found: Kept = _batch(parts, survey)
        elif data[:4] == _KINDS[LeaderJob]:
            found = _leader(parts, survey)
        elif data[:4] == _KINDS[HelperJob]:
            found = _helper(parts, survey)
        else:
            raise _other()
    except (struct.error, ValueError):
        raise _other() from None
    return found


def _split(data: bytes) -> list[bytes]:
    parts, at = [], 0
    while at < len(data):
        if len(data) - at < _LENGTH.size:
            raise _other()
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if length > len(data) - at:
            raise _other()
        parts.append(data[at : at + length])
        at += length
    return parts


def _batch(parts: list[bytes], survey: Survey) -> Batch:
    named, batch, numbers, share, reports, transcript, first, second = parts
    _expect(named, survey)
    jobs, count, closed = _NUMBERS.unpack(numbers)
    sizes = (len(batch), len(share), len(reports), len(transcript))
    if sizes != (BATCH_BYTES, survey.vdaf.sizes.aggregate, 32, 32):
        raise _other()
    refused = (_TABLE.unpack(first), _TABLE.unpack(second))
    return Batch(named, batch, jobs, count, share, reports, transcript, refused, closed)


def _leader(parts: list[bytes], survey: Survey) -> LeaderJob:
    head, ids, states, before, begin = parts
    header = _read_header(head, ids, states, survey)
    return LeaderJob(header, ids, states, _TABLE.unpack(before), begin)


def _helper(parts: list[bytes], survey: Survey) -> HelperJob:
    head, ids, states, codes, begin, answer = parts
    header = _read_header(head, ids, states, survey)
    if len(codes) != header.reports or max(codes) > len(REASONS):
        raise _other()
    found = np.frombuffer(codes, np.uint8)
    return HelperJob(header, ids, states, found, begin, answer)


def _header(header: Header) -> bytes:
    return _HEADER.pack(
        header.survey, header.batch, header.job, header.previous, header.reports
    )


def _read_header(data: bytes, ids: bytes, states: bytes, survey: Survey) -> Header:
    header = Header(*_HEADER.unpack(data))
    _expect(header.survey, survey)
    n = header.reports
    if len(ids) != n * ID_BYTES or len(states) != n * survey.vdaf.sizes.state:
        raise _other()
    return header


def _expect(named: bytes, survey: Survey) -> None:
    if named != survey.id:
        raise _other()


def _other() -> EncodingError:
    return EncodingError("expected what an aggregator keeps, found other bytes")
