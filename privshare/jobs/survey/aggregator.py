"""The steps of the two aggregators.

    leader                                helper
    batch.take_in: uploads ─► Intake
    leader_begin ──────── begin ────────► helper_answer
    leader_finish ◄────── answer ────────
          │ ─────────────  commit ──────► helper_finish
        Batch                               Batch       the same but for shares

Every step is a function of what it is given and changes nothing: the caller
stores what it returns. Two things must be stored before a message leaves: the
ids of a job's reports (`seen` must know them: a helper that answers twice for
one report leaks of its share), and the message itself, so that it can be sent
again instead of made again.

Implements docs/protocols/vdaf.md, sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from privshare.errors import StepNotAllowed, VerificationError
from privshare.jobs.survey.batch import Batch, Intake, Keys, check_now, plus
from privshare.jobs.survey.message import (
    ACCEPT,
    MAX_JOB,
    Answer,
    Begin,
    Codes,
    Commit,
    Header,
    code,
    counts,
    digest,
)
from privshare.jobs.survey.report import (
    ID_BYTES,
    Report,
    open_share,
    rows,
    shares_of,
)
from privshare.jobs.survey.task import HELPER, LEADER, Survey
from privshare.schemes import prio3
from privshare.wire import domain
from privshare.wire.digest import tagged

__all__ = [
    "HelperJob",
    "LeaderJob",
    "helper_answer",
    "helper_finish",
    "leader_begin",
    "leader_finish",
]

_BY_STATUS = {
    prio3.NOT_CANONICAL: code("encoding"),
    prio3.FALSE: code("proof"),
    prio3.BAD_POINT: code("point"),
}


@dataclass(frozen=True, slots=True)
class LeaderJob:
    """What the leader keeps until the helper's answer is there."""

    header: Header
    ids: bytes = field(repr=False)
    states: bytes = field(repr=False)
    before: tuple[int, ...]
    begin: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HelperJob:
    """What the helper keeps until the leader's commit is there."""

    header: Header
    ids: bytes = field(repr=False)
    states: bytes = field(repr=False)
    codes: Codes = field(repr=False)
    begin: bytes = field(repr=False)
    answer: bytes = field(repr=False)


def leader_begin(
    survey: Survey, keys: Keys, batch: Batch, intake: Intake
) -> tuple[LeaderJob, bytes]:
    """Begin a job: open the leader's shares and query the proofs.

    Args:
        survey: The survey.
        keys: The leader's.
        batch: Where the reports will be added.
        intake: From `take_in`.

    Returns:
        What to keep, and the message `begin` for the helper.

    Raises:
        StepNotAllowed: The batch is closed or full, the job too large, or none
            of its reports opens (rules survey.closed, full, job, empty).
    """
    _check_open(survey, batch, len(intake.reports))
    opened, codes = _open_all(intake.reports, keys)
    codes, prepared = _query(survey, keys, intake.reports, opened, codes)
    keep = codes == ACCEPT
    kept = [report for report, good in zip(intake.reports, keep, strict=True) if good]
    if not kept:
        raise StepNotAllowed(
            "expected a report that can be verified, found none",
            detail={"rule": "survey.empty", "refused": list(counts(codes))},
        )
    header = Header(survey.id, batch.id, batch.jobs, batch.transcript, len(kept))
    sizes = survey.vdaf.sizes
    begin = Begin(
        header,
        b"".join(report.id for report in kept),
        b"".join(report.time.to_bytes(8, "big") for report in kept),
        b"".join(report.public for report in kept),
        b"".join(report.sealed[HELPER] for report in kept),
        rows(prepared.verifiers, sizes.verifier_share, keep),
    )
    message = begin.to_bytes(survey)
    states = rows(prepared.states, sizes.state, keep)
    before = plus(intake.refused, counts(codes))
    return LeaderJob(header, begin.ids, states, before, message), message


def helper_answer(
    survey: Survey,
    keys: Keys,
    batch: Batch,
    message: bytes,
    now: int,
    seen: Container[bytes],
) -> tuple[HelperJob, bytes]:
    """Answer the leader's `begin`: verify each report and decide.

    Args:
        survey: The survey.
        keys: The helper's.
        batch: The helper's view of the batch.
        message: From the leader.
        now: Seconds since 1970.
        seen: Ids of all reports that the helper has answered for before.

    Returns:
        What to keep, and the message `answer`. Store the ids first: a report
        is never answered for twice.

    Raises:
        EncodingError: Not a `begin` of this survey.
        VerificationError: It does not continue this batch (survey.transcript).
        StepNotAllowed: The batch is closed or full.
    """
    begin = Begin.from_bytes(message, survey)
    _expect(batch, begin.header)
    _check_open(survey, batch, begin.header.reports)
    reports = [begin.report(i, survey) for i in range(begin.header.reports)]
    codes = _known(survey, reports, now, seen)
    opened, sealed = _open_all(reports, keys)
    codes = np.where(codes == ACCEPT, sealed, codes).astype(np.uint8)
    codes, prepared = _query(survey, keys, reports, opened, codes)
    statuses = bytearray(codes.tobytes())
    messages = prio3.combine(
        survey.vdaf, [begin.verifiers, prepared.verifiers], statuses, survey.context
    )
    codes = _translated(codes, statuses, _BY_STATUS)
    statuses = bytearray(codes.tobytes())
    prio3.verify_next(survey.vdaf, prepared.states, messages, statuses)
    codes = _translated(codes, statuses, {prio3.FALSE: code("randomness")})
    answer = Answer(
        begin.header.follow(message),
        codes,
        _zeroed(messages, codes, survey.vdaf.sizes.message),
    ).to_bytes()
    job = HelperJob(begin.header, begin.ids, prepared.states, codes, message, answer)
    return job, answer


def leader_finish(
    survey: Survey, batch: Batch, job: LeaderJob, message: bytes
) -> tuple[Batch, bytes]:
    """End a job: check the helper's verifier messages and add up.

    Args:
        survey: The survey.
        batch: As `leader_begin` had it.
        job: From `leader_begin`.
        message: From the helper.

    Returns:
        The batch with the job in it, and the message `commit`.

    Raises:
        EncodingError: Not an `answer`.
        VerificationError: It answers another message (survey.transcript).
    """
    answer = Answer.from_bytes(message, survey)
    _expect(batch, job.header)
    job.header.follow(job.begin).expect(answer.header)
    statuses = bytearray(answer.codes.tobytes())
    prio3.verify_next(survey.vdaf, job.states, answer.messages, statuses)
    codes = _translated(answer.codes, statuses, {prio3.FALSE: code("randomness")})
    commit = Commit(job.header.follow(message), codes, job.before)
    data = commit.to_bytes()
    added = _added(survey, batch, job, commit, answer.codes, (job.begin, message, data))
    return added, data


def helper_finish(
    survey: Survey, batch: Batch, job: HelperJob, message: bytes
) -> Batch:
    """End a job: add up what both accept.

    Args:
        survey: The survey.
        batch: As `helper_answer` had it.
        job: From `helper_answer`.
        message: The leader's `commit`.

    Raises:
        EncodingError: Not a `commit`.
        VerificationError: It ends another job (survey.transcript), or takes a
            report that the helper refused (survey.codes).
    """
    commit = Commit.from_bytes(message)
    _expect(batch, job.header)
    job.header.follow(job.answer).expect(commit.header)
    refused = job.codes != ACCEPT
    ours = code("randomness")
    if (commit.codes[refused] != job.codes[refused]).any() or not np.isin(
        commit.codes[~refused], (ACCEPT, ours)
    ).all():
        raise VerificationError(
            "expected a commit that refuses what the helper refused, found another",
            detail={"rule": "survey.codes"},
        )
    messages = (job.begin, job.answer, message)
    return _added(survey, batch, job, commit, job.codes, messages)


def _added(
    survey: Survey,
    batch: Batch,
    job: LeaderJob | HelperJob,
    commit: Commit,
    helpers: Codes,
    messages: tuple[bytes, bytes, bytes],
) -> Batch:
    """A batch with one job more."""
    keep = commit.codes == ACCEPT
    share = prio3.aggregate(
        survey.vdaf, job.states, commit.codes.tobytes(), batch.share
    )
    leaders = np.where(helpers == ACCEPT, commit.codes, ACCEPT).astype(np.uint8)
    ids = rows(job.ids, ID_BYTES, keep)
    return replace(
        batch,
        jobs=batch.jobs + 1,
        count=batch.count + int(keep.sum()),
        share=share,
        reports=tagged(domain.SURVEY_REPORTS, batch.reports, ids),
        transcript=tagged(
            domain.SURVEY_TRANSCRIPT, batch.transcript, *map(digest, messages)
        ),
        refused=(
            plus(batch.refused[LEADER], plus(commit.before, counts(leaders))),
            plus(batch.refused[HELPER], counts(helpers)),
        ),
    )


def _expect(batch: Batch, header: Header) -> None:
    ours = Header(batch.survey, batch.id, batch.jobs, batch.transcript, header.reports)
    ours.expect(header)


def _check_open(survey: Survey, batch: Batch, more: int) -> None:
    if batch.closed:
        raise _not_now("closed", "a batch that is open", "one that was released")
    if not 1 <= more <= MAX_JOB:
        raise _not_now("job", f"1 to {MAX_JOB} reports in a job", f"{more}")
    if batch.count + more > survey.max_batch:
        found = f"{batch.count + more}"
        raise _not_now("full", f"at most {survey.max_batch} reports in a batch", found)


def _not_now(rule: str, expected: str, found: str) -> StepNotAllowed:
    return StepNotAllowed(
        f"expected {expected}, found {found}", detail={"rule": f"survey.{rule}"}
    )


def _known(
    survey: Survey, reports: list[Report], now: int, seen: Container[bytes]
) -> Codes:
    """What the helper refuses before it opens anything."""
    codes, here = np.zeros(len(reports), np.uint8), set[bytes]()
    for i, report in enumerate(reports):
        try:
            check_now(survey, report.time, now)
        except VerificationError as error:
            rule = str(error.detail["rule"])
            codes[i] = code(rule.removeprefix("survey."))
            continue
        if report.id in here or report.id in seen:
            codes[i] = code("replayed")
        here.add(report.id)
    return codes


def _open_all(
    reports: Iterable[Report], keys: Keys
) -> tuple[list[bytes | None], Codes]:
    """Each report's share, or None where it does not open."""
    opened: list[bytes | None] = []
    for report in reports:
        try:
            opened.append(open_share(report, keys.role, keys.seal))
        except VerificationError:
            opened.append(None)
    codes = [ACCEPT if share is not None else code("sealed") for share in opened]
    return opened, np.array(codes, np.uint8)


def _query(
    survey: Survey,
    keys: Keys,
    reports: Iterable[Report],
    opened: list[bytes | None],
    codes: Codes,
) -> tuple[Codes, prio3.Prepared]:
    """Verify what is still good, all at once."""
    sizes = survey.vdaf.sizes
    size = sizes.helper_share if keys.role == HELPER else sizes.leader_share
    blank = bytes(size)
    inputs = b"".join(blank if share is None else share for share in opened)
    prepared = prio3.verify_init(
        survey.vdaf,
        keys.role,
        keys.verify_key,
        survey.context,
        shares_of(survey, list(reports)),
        inputs,
        bytearray(codes.tobytes()),
    )
    return _translated(codes, prepared.statuses, _BY_STATUS), prepared


def _translated(codes: Codes, statuses: bytearray, table: dict[int, int]) -> Codes:
    """Codes, and where there was none what a new status means."""
    lookup = np.zeros(256, np.uint8)
    for status, reason in table.items():
        lookup[status] = reason
    found = lookup[np.frombuffer(bytes(statuses), np.uint8)]
    return np.where(codes == ACCEPT, found, codes).astype(np.uint8)


def _zeroed(messages: bytes, codes: Codes, size: int) -> bytes:
    """Verifier messages without those of refused reports."""
    if size == 0:
        return b""
    table = np.frombuffer(messages, np.uint8).reshape(len(codes), size).copy()
    table[codes != ACCEPT] = 0
    data: bytes = table.tobytes()
    return data
