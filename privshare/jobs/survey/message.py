"""What the two aggregators tell each other of one job: three messages.

    leader   begin    ids, public shares, the helper's sealed shares, verifiers
    helper   answer   what it thinks of each report, verifier messages
    leader   commit   what both think of each report; what it refused before

Each names the digest of the one before, the first the transcript of all
earlier jobs: whoever is out of step is found before anything is added up.
Every length follows from the survey and the number of reports.

Implements docs/protocols/vdaf.md, section 4.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from privshare.errors import EncodingError, VerificationError
from privshare.jobs.survey.reason import BATCH_BYTES, REASONS, code
from privshare.jobs.survey.report import ID_BYTES, Report, sealed_bytes
from privshare.jobs.survey.task import HELPER, Survey
from privshare.wire import domain
from privshare.wire.digest import tagged

__all__ = [
    "ACCEPT",
    "BATCH_BYTES",
    "MAX_JOB",
    "REASONS",
    "Answer",
    "Begin",
    "Codes",
    "Commit",
    "Header",
    "code",
    "counts",
    "digest",
]

#: Reports in one job.
MAX_JOB = 1 << 16

ACCEPT: Final = 0
_HEADER = struct.Struct(">4s32s16sI32sI")
_MAGIC = {"begin": b"PSB1", "answer": b"PSA1", "commit": b"PSC1"}

Codes = np.ndarray[tuple[int], np.dtype[np.uint8]]


def counts(codes: Codes) -> tuple[int, ...]:
    """How often each reason occurs."""
    found = np.bincount(codes, minlength=len(REASONS) + 1)
    return tuple(int(x) for x in found[1:])


def digest(message: bytes) -> bytes:
    """What the next message says of this one."""
    return tagged(domain.SURVEY_MESSAGE, message)


@dataclass(frozen=True, slots=True)
class Header:
    """Which step of which job of which batch a message belongs to.

    Attributes:
        survey: The survey's id.
        batch: The batch's id, 16 bytes.
        job: Which job of the batch, from 0.
        previous: Digest of the message before, or the transcript so far.
        reports: How many reports the job has.
    """

    survey: bytes
    batch: bytes
    job: int
    previous: bytes
    reports: int

    def to_bytes(self, kind: str) -> bytes:
        """The first bytes of a message."""
        return _HEADER.pack(
            _MAGIC[kind],
            self.survey,
            self.batch,
            self.job,
            self.previous,
            self.reports,
        )

    def follow(self, message: bytes) -> Header:
        """The header of the next message."""
        return Header(self.survey, self.batch, self.job, digest(message), self.reports)

    @classmethod
    def read(cls, data: bytes, kind: str, item: int, tail: int) -> tuple[Header, bytes]:
        """A header and what comes after it.

        Args:
            data: The message.
            kind: Which of the three it must be.
            item: Bytes that each report takes after the header.
            tail: Bytes that follow those.

        Raises:
            EncodingError: Another kind or length, or too many reports.
        """
        if len(data) < _HEADER.size or data[:4] != _MAGIC[kind]:
            raise EncodingError(f"expected the message {kind!r}, found another")
        header = cls(*_HEADER.unpack_from(data)[1:])
        expected = _HEADER.size + header.reports * item + tail
        if not 1 <= header.reports <= MAX_JOB or len(data) != expected:
            raise EncodingError(
                f"expected {kind!r} of 1 to {MAX_JOB} reports, each of {item} bytes, "
                f"found {len(data)} bytes"
            )
        return header, data[_HEADER.size :]

    def expect(self, other: Header) -> None:
        """Refuse a message that does not follow from what we hold.

        Args:
            other: What it says of itself.

        Raises:
            VerificationError: Another survey, batch, job, history or number of
                reports (rule survey.transcript).
        """
        if self != other:
            raise VerificationError(
                "expected a message that continues this job, found one of another "
                "survey, batch, job or history",
                fix="ask the other aggregator for its last message again",
                detail={"rule": "survey.transcript", "job": other.job},
            )


@dataclass(frozen=True, slots=True)
class Begin:
    """What the leader sends first.

    Attributes:
        header: Where it belongs.
        ids: 16 bytes a report.
        times: Eight bytes a report, big-endian seconds.
        public: Public shares.
        sealed: The helper's sealed shares.
        verifiers: The leader's verifier shares.
    """

    header: Header
    ids: bytes = field(repr=False)
    times: bytes = field(repr=False)
    public: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    verifiers: bytes = field(repr=False)

    def to_bytes(self, survey: Survey) -> bytes:
        """Lay it out, report after report."""
        n = self.header.reports
        parts = (self.ids, self.times, self.public, self.sealed, self.verifiers)
        columns = [
            np.frombuffer(part, np.uint8).reshape(n, size)
            for part, size in zip(parts, _begin_sizes(survey), strict=True)
        ]
        table: bytes = np.concatenate(columns, axis=1).tobytes()
        return self.header.to_bytes("begin") + table

    @classmethod
    def from_bytes(cls, data: bytes, survey: Survey) -> Begin:
        """Read it.

        Raises:
            EncodingError: Another kind or length.
        """
        sizes = _begin_sizes(survey)
        header, body = Header.read(data, "begin", sum(sizes), 0)
        table = np.frombuffer(body, np.uint8).reshape(header.reports, sum(sizes))
        ends = np.cumsum(sizes)
        parts = [
            table[:, end - size : end].tobytes()
            for end, size in zip(ends, sizes, strict=True)
        ]
        return cls(header, *parts)

    def report(self, index: int, survey: Survey) -> Report:
        """One report, as the helper knows it."""
        public, sealed = survey.vdaf.sizes.public_share, sealed_bytes(survey)[HELPER]
        return Report(
            self.header.survey,
            self.ids[index * ID_BYTES : (index + 1) * ID_BYTES],
            int.from_bytes(self.times[index * 8 : index * 8 + 8], "big"),
            self.public[index * public : (index + 1) * public],
            (b"", self.sealed[index * sealed : (index + 1) * sealed]),
        )


def _begin_sizes(survey: Survey) -> tuple[int, ...]:
    sizes = survey.vdaf.sizes
    return (
        ID_BYTES,
        8,
        sizes.public_share,
        sealed_bytes(survey)[HELPER],
        sizes.verifier_share,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the helper replies.

    Attributes:
        header: Where it belongs.
        codes: What it thinks of each report.
        messages: Verifier messages; zero for refused reports.
    """

    header: Header
    codes: Codes = field(repr=False)
    messages: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """Lay it out."""
        return self.header.to_bytes("answer") + self.codes.tobytes() + self.messages

    @classmethod
    def from_bytes(cls, data: bytes, survey: Survey) -> Answer:
        """Read it.

        Raises:
            EncodingError: Another kind or length, or a code without meaning.
        """
        size = survey.vdaf.sizes.message
        header, body = Header.read(data, "answer", 1 + size, 0)
        return cls(header, _codes(body[: header.reports]), body[header.reports :])


@dataclass(frozen=True, slots=True)
class Commit:
    """How the leader ends a job.

    Attributes:
        header: Where it belongs.
        codes: What both think of each report: it is added up where that is 0.
        before: How many reports the leader refused before it began, for each
            of `REASONS`.
    """

    header: Header
    codes: Codes = field(repr=False)
    before: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """Lay it out."""
        tail = struct.pack(f">{len(REASONS)}I", *self.before)
        return self.header.to_bytes("commit") + self.codes.tobytes() + tail

    @classmethod
    def from_bytes(cls, data: bytes) -> Commit:
        """Read it.

        Raises:
            EncodingError: Another kind or length, or a code without meaning.
        """
        header, body = Header.read(data, "commit", 1, 4 * len(REASONS))
        before = struct.unpack(f">{len(REASONS)}I", body[header.reports :])
        return cls(header, _codes(body[: header.reports]), before)


def _codes(data: bytes) -> Codes:
    codes: Any = np.frombuffer(data, np.uint8)
    if len(data) and int(codes.max()) > len(REASONS):
        raise EncodingError(
            f"expected codes of 0 to {len(REASONS)}, found {int(codes.max())}"
        )
    found: Codes = codes
    return found
