"""Surveys: what is added up, what is refused and named, what a result shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from survey_kit import BATCH, NOW, VERIFY_KEY, World, keys, survey_of

from privshare.errors import (
    ConfigError,
    EncodingError,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    SignatureInvalid,
    StepNotAllowed,
    VerificationError,
)
from privshare.jobs.survey.aggregator import helper_answer, leader_begin
from privshare.jobs.survey.batch import Keys, deal_key, start, take_in, take_key
from privshare.jobs.survey.keep import pack, unpack
from privshare.jobs.survey.message import REASONS
from privshare.jobs.survey.release import Claim, Release, close
from privshare.jobs.survey.report import Report, make, make_with, report_bytes
from privshare.jobs.survey.result import Result, collect, verify
from privshare.jobs.survey.task import HELPER, LEADER, Survey
from privshare.schemes import prio3
from privshare.schemes.keys import SigningKey, sign_envelope
from privshare.schemes.prio3 import Prio3

CASES = (
    (prio3.count(), [1, 0, 1, 1], (3,)),
    (prio3.total(1000), [0, 1000, 7, 12], (1019,)),
    (prio3.total(2**62), [2**62, 2**62 - 1], None),
    (prio3.totals(3, 9), [1, 2, 3, 9, 9, 9, 0, 0, 0], (10, 11, 12)),
    (prio3.buckets(5), [0, 4, 4, 2], (1, 0, 1, 0, 2)),
    (prio3.choices(4, 2), [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], (1, 1, 0, 1)),
)


def refused(result: Result, role: int) -> dict[str, int]:
    """What one aggregator refused, by reason."""
    table = result.claim.refused[role]
    return {name: n for name, n in zip(REASONS, table, strict=True) if n}


@pytest.mark.parametrize("hybrid", [False, True], ids=["x25519", "hybrid"])
@pytest.mark.parametrize(("vdaf", "answers", "expected"), CASES, ids=str)
def test_sums_come_out(
    vdaf: Prio3, answers: list[int], expected: tuple[int, ...] | None, hybrid: bool
) -> None:
    """Two jobs, one batch: the sums are the answers' and verify offline."""
    if expected is None:
        with pytest.raises(OutOfRange, match="no sum wraps"):
            survey_of(vdaf)
        return
    world = World(survey_of(vdaf, hybrid=hybrid), hybrid)
    uploads = world.uploads(answers)
    world.job(uploads[:1])
    world.job(uploads[1:])
    result = world.result()
    assert result.values == expected
    assert result.count == len(uploads)
    again = verify(Survey.from_bytes(world.survey.to_bytes()), result.to_bytes())
    assert again == result
    assert again.claim.jobs == 2
    assert refused(result, LEADER) == refused(result, HELPER) == {}


def test_report_reads_back() -> None:
    """A report's bytes are as long as the survey says, and read back the same."""
    survey = survey_of(prio3.buckets(5))
    report = make(survey, [3], NOW)[0]
    data = report.to_bytes()
    assert len(data) == report_bytes(survey)
    assert Report.from_bytes(data, survey) == report
    assert report.time == NOW - NOW % 60


def test_uploads_are_looked_at() -> None:
    """Each bad upload is refused for its own reason, and the good ones stay."""
    survey = survey_of(prio3.count())
    other = survey_of(prio3.count(), min_batch=3)
    shares = prio3.shard(survey.vdaf, [1], survey.context)

    def at(time: int) -> bytes:
        return make_with(survey, shares, time)[0].to_bytes()

    good = [report.to_bytes() for report in make(survey, [1, 0], NOW)]
    old = [report.to_bytes() for report in make(survey, [1], NOW)]
    seen = {Report.from_bytes(old[0], survey).id}
    opens, closes = survey.rounded(survey.opens), survey.closes
    late = closes - closes % 60 + 60
    uploads = [
        *good,
        good[0],  # twice
        *old,  # seen before
        b"",
        good[0][:-1],
        good[0] + b"x",
        b"XXXX" + good[0][4:],
        make(other, [1], NOW)[0].to_bytes(),
        at(opens - 60),
        at(late),
        at(NOW + 1),
        at(NOW - NOW % 60 + 360),
    ]
    intake = take_in(survey, uploads, NOW, seen)
    assert [report.to_bytes() for report in intake.reports] == good
    found = {n: c for n, c in zip(REASONS, intake.refused, strict=True) if c}
    assert found == {
        "malformed": 4,
        "other": 1,
        "time": 2,
        "early": 1,
        "late": 1,
        "replayed": 2,
    }


def changed(data: bytes, at: int, bit: int = 0) -> bytes:
    """One bit flipped."""
    found = bytearray(data)
    found[at] ^= 1 << bit
    return bytes(found)


def test_bad_reports_are_counted_by_reason() -> None:
    """Reports that no honest client makes: refused by name, and the sum is right."""
    survey = survey_of(prio3.buckets(4))
    world = World(survey)
    good = [report.to_bytes() for report in make(survey, [0, 1, 1, 3], NOW)]
    time = survey.rounded(NOW)

    def forged(**change: Any) -> bytes:
        shares = prio3.shard(survey.vdaf, [2], survey.context)
        for name, at in change.items():
            size = 16 if at is None else 1
            part = getattr(shares, name)
            new = b"\xff" * 16 + part[size:] if at is None else changed(part, at)
            shares = replace(shares, **{name: new})
        return make_with(survey, shares, time)[0].to_bytes()

    plain = forged()
    head = len(plain) - 2 * 48 - survey.vdaf.sizes.leader_share
    bad = [
        changed(plain, len(plain) - 1),  # the helper's share does not open
        changed(forged(), head - 64 - survey.vdaf.sizes.helper_share),  # public share
        forged(leader=0),  # another measurement
        forged(leader=100),  # another proof
        forged(leader=None),  # no field element
        forged(public=0),  # another hash of the leader's share
        forged(public=63),  # another hash of the helper's share
        forged(helpers=0),
    ]
    world.job(good + bad)
    result = world.result()
    assert result.values == (1, 2, 0, 1)
    assert refused(result, LEADER) == {"sealed": 1, "encoding": 1}
    assert refused(result, HELPER) == {"sealed": 1, "proof": 5}
    assert verify(survey, result.to_bytes()).claim.refused == result.claim.refused


def test_joint_randomness_is_checked_at_the_end() -> None:
    """A wrong verifier message is refused by whoever gets it."""
    survey = survey_of(prio3.buckets(4))
    world = World(survey)
    reports = world.uploads([0, 1, 2])

    def meddle(name: str, data: bytes) -> bytes:
        return changed(data, len(data) - 1) if name == "answer" else data

    world.meddle = meddle
    with pytest.raises(VerificationError, match="continues this job"):
        world.job(reports)
    table = dict(zip(REASONS, world.batches[LEADER].refused[LEADER], strict=True))
    assert table["randomness"] == 1
    assert world.batches[LEADER].count == 2


def test_replays_between_jobs_and_sides() -> None:
    """A report counts once: the leader refuses it, and so does the helper alone."""
    survey = survey_of(prio3.count())
    world = World(survey)
    uploads = world.uploads([1, 1])
    world.job(uploads)
    with pytest.raises(StepNotAllowed, match="in a job"):
        world.job(uploads)
    world.seen[LEADER].clear()  # a leader that forgets, or cheats
    world.job(uploads + world.uploads([0]))
    result = world.result()
    assert result.values == (2,)
    assert result.count == 3
    assert refused(result, HELPER) == {"replayed": 2}


def test_messages_belong_to_one_job() -> None:
    """An old message, or one of another batch, does not continue a batch."""
    survey = survey_of(prio3.count())
    world = World(survey)
    world.job(world.uploads([1, 1]))
    old = dict(world.log)
    party = world.party(HELPER)
    for batch in (world.batches[HELPER], start(survey, b"B" * 16)):
        with pytest.raises(VerificationError, match="continues this job") as caught:
            helper_answer(survey, party, batch, old["begin"], NOW, set())
        assert caught.value.detail["rule"] == "survey.transcript"
    late = World(survey, meddle=lambda n, data: old[n] if n == "commit" else data)
    with pytest.raises(VerificationError, match="continues this job"):
        late.job(late.uploads([1, 0]))
    lost = World(survey, meddle=lambda n, data: b"" if n == "commit" else data)
    with pytest.raises(EncodingError):
        lost.job(lost.uploads([1, 0, 1]))


def test_small_batches_stay_closed() -> None:
    """Fewer reports than agreed: neither aggregator lets go of its share."""
    world = World(survey_of(prio3.count(), min_batch=3))
    world.job(world.uploads([1, 1]))
    for role in (LEADER, HELPER):
        with pytest.raises(NotPermitted) as caught:
            world.release(role)
        assert caught.value.detail == {"rule": "survey.small", "count": 2}


def test_a_batch_is_released_once() -> None:
    """After its release nothing is added, and nothing is released again."""
    world = World(survey_of(prio3.count()))
    world.job(world.uploads([1, 1]))
    world.result()
    with pytest.raises(StepNotAllowed, match="not released yet"):
        world.release(LEADER)
    with pytest.raises(StepNotAllowed, match="open"):
        world.job(world.uploads([1]))
    survey, intake = world.survey, take_in(world.survey, world.uploads([1]), NOW, ())
    with pytest.raises(StepNotAllowed):
        leader_begin(survey, world.party(LEADER), world.batches[LEADER], intake)


def test_a_batch_is_bounded() -> None:
    """More reports than agreed do not enter a batch."""
    world = World(survey_of(prio3.count(), max_batch=3))
    world.job(world.uploads([1, 1]))
    with pytest.raises(StepNotAllowed) as caught:
        world.job(world.uploads([1, 1]))
    assert caught.value.detail["rule"] == "survey.full"
    world.job(world.uploads([1]))
    assert world.result().values == (3,)


def test_nothing_opens() -> None:
    """A job none of whose reports opens is not begun."""
    world = World(survey_of(prio3.count()))
    bad = [changed(data, 70) for data in world.uploads([1, 1])]
    with pytest.raises(StepNotAllowed) as caught:
        world.job(bad)
    assert caught.value.detail["rule"] == "survey.empty"


def test_keys_belong_to_the_survey() -> None:
    """Other keys than the document's are refused before anything is opened."""
    survey = survey_of(prio3.count())
    opening = keys(hybrid=False)
    with pytest.raises(ConfigError, match="sealing key"):
        Keys(survey, LEADER, opening[HELPER], VERIFY_KEY)
    with pytest.raises(ConfigError, match="verification key"):
        Keys(survey, LEADER, opening[LEADER], bytes(32))
    assert "secret" in repr(Keys(survey, LEADER, opening[LEADER], VERIFY_KEY))
    batch = replace(start(survey, BATCH), count=5)
    with pytest.raises(EncodingError):
        close(survey, LEADER, batch, SigningKey.generate(), bytes(32))
    with pytest.raises(EncodingError):
        close(survey, LEADER, batch, SigningKey.from_seed(bytes(32)), bytes(31))


def test_noise_of_both_sides() -> None:
    """Where the document asks for it each side adds noise; sums may be negative."""
    world = World(survey_of(prio3.buckets(3), noise="discrete Laplace, scale 10"))
    world.job(world.uploads([0, 0, 2]))
    result = world.result([[3, -9, 1], [-1, 2, 2**40]])
    assert result.values == (4, -7, 1 + 1 + 2**40)
    assert verify(world.survey, result.to_bytes()).values == result.values
    other = World(survey_of(prio3.buckets(3), noise="yes"))
    other.job(other.uploads([0, 0, 2]))
    with pytest.raises(EncodingError, match="noise"):
        other.release(LEADER)
    with pytest.raises(OutOfRange):
        other.release(LEADER, [1, 2])
    silent = World(survey_of(prio3.buckets(3)))
    silent.job(silent.uploads([0, 0, 2]))
    with pytest.raises(EncodingError, match="noise"):
        silent.release(LEADER, [0, 0, 0])


def dishonest(world: World, role: int, **change: Any) -> Release:
    """What an aggregator would release if it lied about its batch."""
    world.batches[role] = replace(world.batches[role], **change)
    return world.release(role)


@pytest.mark.parametrize("role", [LEADER, HELPER])
@pytest.mark.parametrize(
    "change",
    [
        {"count": 5},
        {"jobs": 7},
        {"reports": bytes(32)},
        {"transcript": bytes(32)},
        {"refused": ((1,) * len(REASONS), (0,) * len(REASONS))},
        {"survey": bytes(32)},
        {"id": b"x" * 16},
    ],
    ids=lambda change: next(iter(change)),
)
def test_claims_that_differ(role: int, change: dict[str, Any]) -> None:
    """An aggregator that says something else of the batch alone is found out."""
    world = World(survey_of(prio3.count()))
    world.job(world.uploads([1, 1, 0]))
    releases = {role: dishonest(world, role, **change)}
    releases[1 - role] = world.release(1 - role)
    with pytest.raises(VerificationError):
        collect(world.survey, world.opening[2], releases[LEADER], releases[HELPER])


def test_impossible_sums() -> None:
    """A share changed at random gives a sum that no answers have."""
    world = World(survey_of(prio3.total(100)))
    world.job(world.uploads([1, 1, 0]))
    share = changed(world.batches[LEADER].share, 5)
    lie = dishonest(world, LEADER, share=share)
    with pytest.raises(VerificationError) as caught:
        collect(world.survey, world.opening[2], lie, world.release(HELPER))
    assert caught.value.detail["rule"] == "survey.range"


def test_claims_are_signed_by_the_aggregators() -> None:
    """A claim signed by anybody else, or by the other aggregator, is refused."""
    world = World(survey_of(prio3.count()))
    world.job(world.uploads([1, 1, 0]))
    leader, helper = world.release(LEADER), world.release(HELPER)
    stranger = sign_envelope(
        leader.claim.payload_type, leader.claim.payload, [SigningKey.generate()]
    )
    for pair in (
        (Release(stranger, leader.sealed), helper),
        (helper, leader),
        (leader, leader),
    ):
        with pytest.raises(SignatureInvalid):
            collect(world.survey, world.opening[2], *pair)
    with pytest.raises(VerificationError):
        collect(world.survey, world.opening[0], leader, helper)
    swapped = Release(leader.claim, helper.sealed)
    with pytest.raises(VerificationError):
        collect(world.survey, world.opening[2], swapped, helper)


def test_result_changed_anywhere() -> None:
    """No byte of a result document can change."""
    world = World(survey_of(prio3.count()))
    world.job(world.uploads([1, 1, 0]))
    result = world.result()
    data = result.to_bytes()
    assert verify(world.survey, data) == result
    for at in range(len(data)):
        with pytest.raises(PrivShareError):
            verify(world.survey, changed(data, at, at % 8))
    with pytest.raises(PrivShareError):
        verify(world.survey, data.replace(b'"values":["2"]', b'"values":["3"]'))
    with pytest.raises(VerificationError):
        verify(survey_of(prio3.count(), max_batch=999), data)


def test_claim_reads_back() -> None:
    """A claim's bytes read back; unknown reasons and roles are refused."""
    world = World(survey_of(prio3.count()))
    world.job([*world.uploads([1, 1, 0]), b"junk"])
    claim = world.result().claim
    payload = claim.to_bytes()
    assert Claim.from_bytes(payload) == claim
    assert b'"refused":{"helper":{},"leader":{"malformed":1}}' in payload
    for bad in (
        payload.replace(b"malformed", b"misshaped"),
        payload.replace(b'"role":"leader"', b'"role":"boss"'),
        payload.replace(b'"v":1', b'"v":2'),
    ):
        with pytest.raises(PrivShareError):
            Claim.from_bytes(bad)


@pytest.mark.parametrize(
    "change",
    [
        {"min_batch": 1},
        {"min_batch": 2000},
        {"closes": NOW - 5000},
        {"precision": 0},
        {"verify_key": b"x"},
        {"vdaf": Prio3("cubic")},
        {"vdaf": Prio3("count", shares=3)},
        {"vdaf": Prio3("histogram", 5000, 0, 70)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_surveys_that_cannot_be(change: dict[str, Any]) -> None:
    """A document with numbers that do not fit together is refused."""
    with pytest.raises(PrivShareError):
        replace(survey_of(prio3.count()), **change)
    survey = survey_of(prio3.count())
    with pytest.raises(EncodingError):
        replace(survey, helper=replace(survey.helper, agency="tax"))
    with pytest.raises(EncodingError):
        replace(survey, helper=replace(survey.helper, key=survey.leader.key))


def test_document_changed_anywhere() -> None:
    """A changed document is refused, or is another survey with another id."""
    survey = survey_of(prio3.totals(3, 2**40))
    data = survey.to_bytes()
    assert Survey.from_bytes(data) == survey
    for at in range(len(data)):
        try:
            assert Survey.from_bytes(changed(data, at)).id != survey.id
        except PrivShareError:
            continue


def test_answers_out_of_range_are_not_sent() -> None:
    """The submitter's client refuses what is no answer, and what is too late."""
    survey = survey_of(prio3.total(100))
    for answers in ([101], [-1], [3.5], [7, 2**64]):
        with pytest.raises(OutOfRange):
            make(survey, answers, NOW)
    for now in (NOW - 5000, NOW + 5000):
        with pytest.raises(VerificationError):
            make(survey, [1], now)


def test_what_is_kept_reads_back() -> None:
    """Batches and jobs come back from their bytes; other bytes do not."""
    survey = survey_of(prio3.buckets(4))
    world = World(survey)
    intake = take_in(survey, world.uploads([0, 1, 2]), NOW, ())
    empty = start(survey, BATCH)
    leader, begin = leader_begin(survey, world.party(LEADER), empty, intake)
    helper, _ = helper_answer(survey, world.party(HELPER), empty, begin, NOW, ())
    other = survey_of(prio3.buckets(4), min_batch=3)
    for thing in (replace(empty, jobs=7, count=2**32, closed=True), leader, helper):
        data = pack(thing)
        again = unpack(data, survey)
        assert pack(again) == data
        assert type(again) is type(thing)
        with pytest.raises(EncodingError):
            unpack(data, other)
        for bad in (
            data[:-1],
            data + b"x",
            data[:3],
            b"XXXX" + data[4:],
            b"",
            data[:40],
        ):
            with pytest.raises(EncodingError):
                unpack(bad, survey)
        for at in range(0, len(data), 7):
            try:
                unpack(changed(data, at), survey)
            except PrivShareError:
                continue


def test_the_shared_key_is_dealt() -> None:
    """Whoever draws the verification key seals it to the helper, for one survey."""
    survey = survey_of(prio3.count())
    sealed = deal_key(survey, VERIFY_KEY)
    opening = keys(hybrid=False)
    assert take_key(survey, sealed, opening[HELPER]) == VERIFY_KEY
    with pytest.raises(VerificationError):
        take_key(survey, sealed, opening[LEADER])
    with pytest.raises(VerificationError):
        take_key(survey_of(prio3.count(), min_batch=5), sealed, opening[HELPER])
    with pytest.raises(ConfigError):
        deal_key(survey, bytes(32))
