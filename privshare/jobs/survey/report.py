"""What a submitter uploads: two sealed shares, and a proof in them.

    submitter   answer ─► make ─► Report ─► to_bytes ─► leader
    leader      bytes ─► Report.from_bytes ─► opened: its own share

A report's id is the nonce of its sharing, drawn by the submitter; no report
with the same id is taken twice. Nothing in it names the submitter.

Implements docs/protocols/vdaf.md, section 3; the fields are those of DAP
(draft-ietf-ppm-dap), the bytes our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from privshare.errors import EncodingError, VerificationError
from privshare.jobs.survey.task import LEADER, ROLES, Survey
from privshare.schemes import prio3
from privshare.schemes.prio3 import NONCE_BYTES, Numbers, Shares
from privshare.schemes.recipient import Opener
from privshare.wire import domain

__all__ = ["ID_BYTES", "Report", "make", "make_with", "open_share", "report_bytes"]

ID_BYTES = NONCE_BYTES
MAGIC = b"PSR1"
TIME_BYTES = 8
_HEAD = len(MAGIC) + 32 + ID_BYTES + TIME_BYTES


@dataclass(frozen=True, slots=True)
class Report:
    """One report.

    Attributes:
        survey: The survey's id.
        id: 16 bytes, drawn by the submitter.
        time: When, rounded as the survey says.
        public: The public share.
        sealed: Input shares, sealed to leader and helper.
    """

    survey: bytes
    id: bytes
    time: int
    public: bytes = field(repr=False)
    sealed: tuple[bytes, bytes] = field(repr=False)

    @property
    def bound(self) -> bytes:
        """What a sealed share is bound to."""
        return self.survey + self.id + self.time.to_bytes(8, "big") + self.public

    def to_bytes(self) -> bytes:
        """What is uploaded."""
        return MAGIC + self.bound + self.sealed[0] + self.sealed[1]

    @classmethod
    def from_bytes(cls, data: bytes, survey: Survey) -> Report:
        """Read what was uploaded for a survey.

        Raises:
            EncodingError: Another length, another format.
            VerificationError: For another survey (rule survey.other).
        """
        if len(data) != report_bytes(survey) or not data.startswith(MAGIC):
            raise EncodingError(
                f"expected a report of {report_bytes(survey)} bytes, found another "
                f"{len(data)}",
                detail={"rule": "survey.malformed"},
            )
        if data[len(MAGIC) : len(MAGIC) + 32] != survey.id:
            raise VerificationError(
                "expected a report for this survey, found one for another",
                detail={"rule": "survey.other"},
            )
        public = _HEAD + survey.vdaf.sizes.public_share
        leader = public + sealed_bytes(survey)[LEADER]
        return cls(
            survey.id,
            data[_HEAD - TIME_BYTES - ID_BYTES : _HEAD - TIME_BYTES],
            int.from_bytes(data[_HEAD - TIME_BYTES : _HEAD], "big"),
            data[_HEAD:public],
            (data[public:leader], data[leader:]),
        )


def sealed_bytes(survey: Survey) -> tuple[int, int]:
    """How long the two sealed shares are."""
    sizes = survey.vdaf.sizes
    return (
        survey.leader.seal.overhead + sizes.leader_share,
        survey.helper.seal.overhead + sizes.helper_share,
    )


def report_bytes(survey: Survey) -> int:
    """How long every report of a survey is."""
    return _HEAD + survey.vdaf.sizes.public_share + sum(sealed_bytes(survey))


def make(survey: Survey, answers: Numbers, now: int) -> list[Report]:
    """Make reports: one for each answer.

    Args:
        survey: The survey.
        answers: Numbers as the survey's kind of report has them.
        now: Seconds since 1970.

    Raises:
        OutOfRange: An answer outside its interval; nothing is sent then.
        VerificationError: The survey is not open (rule survey.early,
            survey.late).

    Leaks:
        That there are so many reports, and their rounded time.
    """
    check_time(survey, survey.rounded(now))
    shares = prio3.shard(survey.vdaf, answers, survey.context)
    return make_with(survey, shares, survey.rounded(now))


def make_with(survey: Survey, shares: Shares, time: int) -> list[Report]:
    """Seal shares that were made for a survey."""
    sizes = survey.vdaf.sizes
    reports = []
    for i in range(len(shares)):
        bare = Report(
            survey.id,
            _part(shares.nonces, i, ID_BYTES),
            time,
            _part(shares.public, i, sizes.public_share),
            (b"", b""),
        )
        parts = (
            _part(shares.leader, i, sizes.leader_share),
            _part(shares.helpers, i, sizes.helper_share),
        )
        sealed = [
            to.seal.seal(part, input_info(role), bare.bound)
            for role, (to, part) in enumerate(
                zip(survey.aggregators, parts, strict=True)
            )
        ]
        reports.append(
            Report(bare.survey, bare.id, time, bare.public, (sealed[0], sealed[1]))
        )
    return reports


def input_info(role: int) -> bytes:
    """What a sealed share is for."""
    return domain.SURVEY_INPUT + b"/" + ROLES[role].encode()


def open_share(report: Report, role: int, key: Opener) -> bytes:
    """An aggregator's own share of a report.

    Raises:
        VerificationError: It was not sealed to this key for this report.
    """
    return key.open(report.sealed[role], input_info(role), report.bound)


def check_time(survey: Survey, time: int) -> None:
    """Refuse what was made before a survey opens or after it closes.

    Raises:
        VerificationError: Rule survey.early or survey.late; or a time that is
            not rounded, rule survey.time.
    """
    if time < survey.rounded(survey.opens):
        raise _untimely("early", "after the survey opens", time)
    if time >= survey.closes:
        raise _untimely("late", "before the survey closes", time)
    if time % survey.precision:
        raise _untimely("time", f"a multiple of {survey.precision}", time)


def _untimely(rule: str, expected: str, found: int) -> VerificationError:
    return VerificationError(
        f"expected a report's time {expected}, found {found}",
        detail={"rule": f"survey.{rule}"},
    )


def _part(data: bytes, index: int, size: int) -> bytes:
    return data[index * size : (index + 1) * size]


def shares_of(survey: Survey, reports: Sequence[Report]) -> Shares:
    """Ids and public shares of many reports, as Prio3 wants them."""
    return Shares(
        b"".join(report.id for report in reports),
        b"".join(report.public for report in reports),
        b"",
        b"",
    )


def rows(
    data: bytes, size: int, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> bytes:
    """Those of equally long items that are kept."""
    if size == 0:
        return b""
    found: bytes = (
        np.frombuffer(data, np.uint8).reshape(len(keep), size)[keep].tobytes()
    )
    return found
