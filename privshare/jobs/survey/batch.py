"""An aggregator's keys, the batch that grows, and the first look at uploads.

    leader   uploads ─► take_in ─► Intake ─► aggregator.leader_begin
    both     start ─► Batch ─► steps of `aggregator` ─► Batch ─► release.close

Implements docs/protocols/vdaf.md, sections 3 and 5.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from privshare.errors import (
    ConfigError,
    PrivShareError,
    StepNotAllowed,
    VerificationError,
)
from privshare.jobs.survey.message import BATCH_BYTES, REASONS, code
from privshare.jobs.survey.report import Report, check_time
from privshare.jobs.survey.task import Survey, key_commitment
from privshare.schemes.recipient import Opener
from privshare.schemes.secret import Secret
from privshare.wire import domain
from privshare.wire.digest import tagged

__all__ = [
    "MAX_AHEAD",
    "NONE_REFUSED",
    "Batch",
    "Intake",
    "Keys",
    "check_now",
    "deal_key",
    "plus",
    "start",
    "take_in",
    "take_key",
]

NONE_REFUSED = (0,) * len(REASONS)
#: Seconds that a submitter's clock may be ahead.
MAX_AHEAD = 300


class Keys(Secret):
    """What an aggregator holds for one survey.

    Args:
        survey: The survey.
        role: `LEADER` or `HELPER`.
        seal: Opens what is sealed to it.
        verify_key: 32 bytes that the two share and nobody else has.

    Raises:
        ConfigError: A key that is not the one the survey's document names.
    """

    __slots__ = ("role", "seal", "verify_key")

    def __init__(
        self, survey: Survey, role: int, seal: Opener, verify_key: bytes
    ) -> None:
        if not survey.aggregators[role].seal.matches(seal):
            raise ConfigError("expected the sealing key of the survey, found another")
        _check_key(survey, verify_key)
        self.role = role
        self.seal = seal
        self.verify_key = verify_key


def deal_key(survey: Survey, verify_key: bytes) -> bytes:
    """Seal the verification key for the helper, from whoever drew it.

    Raises:
        ConfigError: It is not the key that the survey's document names.
    """
    _check_key(survey, verify_key)
    return survey.helper.seal.seal(verify_key, domain.SURVEY_KEY, survey.id)


def take_key(survey: Survey, sealed: bytes, key: Opener) -> bytes:
    """Open what `deal_key` sealed.

    Raises:
        VerificationError: It was not sealed to this key for this survey.
        ConfigError: It is not the key that the survey's document names.
    """
    verify_key = key.open(sealed, domain.SURVEY_KEY, survey.id)
    _check_key(survey, verify_key)
    return verify_key


def _check_key(survey: Survey, verify_key: bytes) -> None:
    if key_commitment(verify_key) != survey.verify_key:
        raise ConfigError("expected the verification key of the survey, found another")


@dataclass(frozen=True, slots=True)
class Batch:
    """What an aggregator holds of a batch.

    Attributes:
        survey: The survey's id.
        id: 16 bytes.
        jobs: How many jobs are in it.
        count: How many reports.
        share: The aggregate share so far: secret to the aggregator.
        reports: Digest of the ids of all accepted reports, in order.
        transcript: Digest of all messages, in order.
        refused: For each of `REASONS`, what the leader refused and what the
            helper refused.
        closed: Whether its share was released; then nothing more is added.
    """

    survey: bytes
    id: bytes
    jobs: int
    count: int
    share: bytes = field(repr=False)
    reports: bytes
    transcript: bytes
    refused: tuple[tuple[int, ...], tuple[int, ...]]
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Intake:
    """Uploads, looked at.

    Attributes:
        reports: Those that may go into a job.
        refused: How many were refused, for each of `REASONS`.
    """

    reports: tuple[Report, ...]
    refused: tuple[int, ...] = NONE_REFUSED


def start(survey: Survey, batch: bytes) -> Batch:
    """An empty batch.

    Args:
        survey: The survey.
        batch: 16 bytes that name it.

    Raises:
        StepNotAllowed: A name of another length.
    """
    if len(batch) != BATCH_BYTES:
        raise StepNotAllowed(
            f"expected a batch id of {BATCH_BYTES} bytes, found {len(batch)}"
        )
    empty = bytes(survey.vdaf.sizes.aggregate)
    first = tagged(domain.SURVEY_TRANSCRIPT, survey.id, batch)
    reports = tagged(domain.SURVEY_REPORTS, survey.id, batch)
    return Batch(
        survey.id, batch, 0, 0, empty, reports, first, (NONE_REFUSED, NONE_REFUSED)
    )


def take_in(
    survey: Survey, uploads: Iterable[bytes], now: int, seen: Container[bytes]
) -> Intake:
    """Look at uploads: form, survey, time, and whether they were here before.

    Args:
        survey: The survey.
        uploads: What submitters sent; any bytes.
        now: Seconds since 1970.
        seen: Ids of all reports that were taken in before, for this survey.

    Returns:
        The reports that may go into a job. Their ids must be in `seen` before
        the next call.
    """
    good: dict[bytes, Report] = {}
    refused = [0] * len(REASONS)
    for data in uploads:
        try:
            report = Report.from_bytes(data, survey)
            check_now(survey, report.time, now)
        except PrivShareError as error:
            rule = str(error.detail.get("rule", "survey.malformed"))
            refused[code(rule.removeprefix("survey.")) - 1] += 1
            continue
        if report.id in good or report.id in seen:
            refused[code("replayed") - 1] += 1
        else:
            good[report.id] = report
    return Intake(tuple(good.values()), tuple(refused))


def check_now(survey: Survey, time: int, now: int) -> None:
    """Refuse a report's time: outside the survey, not rounded, in the future.

    Raises:
        VerificationError: Rule survey.early, survey.late or survey.time.
    """
    check_time(survey, time)
    if time > now + MAX_AHEAD:
        raise VerificationError(
            "expected a report's time in the past, found one in the future",
            detail={"rule": "survey.time"},
        )


def plus(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Two tables of counts in one."""
    return tuple(x + y for x, y in zip(a, b, strict=True))
