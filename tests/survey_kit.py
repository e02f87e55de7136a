"""A survey of two aggregators in one process, for tests that meddle with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from privshare.jobs.survey.aggregator import (
    HelperJob,
    LeaderJob,
    helper_answer,
    helper_finish,
    leader_begin,
    leader_finish,
)
from privshare.jobs.survey.batch import Batch, Keys, start, take_in
from privshare.jobs.survey.keep import Kept, pack, unpack
from privshare.jobs.survey.release import Release, close
from privshare.jobs.survey.report import make
from privshare.jobs.survey.result import Result, collect
from privshare.jobs.survey.task import (
    HELPER,
    LEADER,
    Aggregator,
    Survey,
    key_commitment,
)
from privshare.schemes.hybrid_sealing import HybridKey
from privshare.schemes.keys import SigningKey
from privshare.schemes.prio3 import Prio3
from privshare.schemes.recipient import Opener, recipient_of
from privshare.schemes.sealing import SealKey

NOW = 1_800_000_000
VERIFY_KEY = bytes(range(50, 82))
BATCH = bytes(16)

#: What a meddler does to a message: its name, its bytes.
Meddler = Callable[[str, bytes], bytes]


def honest(_name: str, data: bytes) -> bytes:
    """Passes everything on."""
    return data


def keys(hybrid: bool) -> list[Opener]:
    """Sealing keys of leader, helper and collector."""
    seeds = [bytes([i]) * 32 for i in (1, 2, 3)]
    if hybrid:
        return [HybridKey.from_seed(seed) for seed in seeds]
    return [SealKey.from_seed(seed) for seed in seeds]


def survey_of(
    vdaf: Prio3,
    *,
    hybrid: bool = False,
    min_batch: int = 2,
    max_batch: int = 1000,
    noise: str = "",
) -> Survey:
    """A survey between tax and health."""
    opening = keys(hybrid)
    parties = [
        Aggregator(
            agency,
            SigningKey.from_seed(bytes([i]) * 32).verify_key,
            recipient_of(opening[i]),
        )
        for i, agency in enumerate(("tax", "health"))
    ]
    return Survey(
        network="test.privshare",
        name="wages",
        title="What do you earn?",
        vdaf=vdaf,
        leader=parties[LEADER],
        helper=parties[HELPER],
        collector=recipient_of(opening[2]),
        verify_key=key_commitment(VERIFY_KEY),
        opens=NOW - 1000,
        closes=NOW + 1000,
        precision=60,
        min_batch=min_batch,
        max_batch=max_batch,
        noise=noise,
    )


@dataclass
class World:
    """Both aggregators and the collector, with what they store."""

    survey: Survey
    hybrid: bool = False
    meddle: Meddler = honest
    batches: list[Batch] = field(default_factory=list)
    seen: list[set[bytes]] = field(default_factory=lambda: [set(), set()])
    log: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.opening = keys(self.hybrid)
        self.batches = [start(self.survey, BATCH)] * 2

    def party(self, role: int) -> Keys:
        """An aggregator's keys."""
        return Keys(self.survey, role, self.opening[role], VERIFY_KEY)

    def send(self, name: str, data: bytes) -> bytes:
        """What arrives of a message."""
        self.log[name] = data
        return self.meddle(name, data)

    def job(self, uploads: list[bytes], now: int = NOW) -> None:
        """One job from uploads to both batches."""
        survey = self.survey
        intake = take_in(survey, uploads, now, self.seen[LEADER])
        self.seen[LEADER] |= {report.id for report in intake.reports}
        leader, begin = leader_begin(
            survey, self.party(LEADER), self.batches[LEADER], intake
        )
        leader = cast(LeaderJob, self.kept(leader))
        begin = self.send("begin", begin)
        helper, answer = helper_answer(
            survey,
            self.party(HELPER),
            self.batches[HELPER],
            begin,
            now,
            self.seen[HELPER],
        )
        self.seen[HELPER] |= {
            helper.ids[i : i + 16] for i in range(0, len(helper.ids), 16)
        }
        helper = cast(HelperJob, self.kept(helper))
        answer = self.send("answer", answer)
        done, commit = leader_finish(survey, self.batches[LEADER], leader, answer)
        self.batches[LEADER] = cast(Batch, self.kept(done))
        commit = self.send("commit", commit)
        self.batches[HELPER] = helper_finish(
            survey, self.batches[HELPER], helper, commit
        )

    def kept(self, thing: Kept) -> Kept:
        """Stored and read back, as after a crash."""
        return unpack(pack(thing), self.survey)

    def release(self, role: int, noise: list[int] | None = None) -> Release:
        """Close one side's batch."""
        key = SigningKey.from_seed(bytes([role]) * 32)
        self.batches[role], release = close(
            self.survey, role, self.batches[role], key, bytes([role]) * 32, noise
        )
        name = f"release {role}"
        return Release.from_bytes(self.send(name, release.to_bytes()))

    def result(self, noise: list[list[int]] | None = None) -> Result:
        """Both releases, opened and added up."""
        given = noise or [None, None]
        releases = [self.release(role, given[role]) for role in (LEADER, HELPER)]
        return collect(self.survey, self.opening[2], *releases)

    def uploads(self, answers: list[int], now: int = NOW) -> list[bytes]:
        """Reports as submitters send them."""
        return [report.to_bytes() for report in make(self.survey, answers, now)]
