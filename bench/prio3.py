"""Prio3 and surveys on one core: microseconds of processor time a report.

    python bench/prio3.py

Each line is the best of three runs over a batch. `both` is what leader and
helper together spend from input shares to aggregate shares; `leader` and
`helper` are their shares of it in the first step, `rest` what comes after. A
survey adds opening sealed shares, which costs more than all proofs; its lines
are for a whole job, from uploads to the batch.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from peers.timing import pin

from privshare.jobs.survey.aggregator import (
    helper_answer,
    helper_finish,
    leader_begin,
    leader_finish,
)
from privshare.jobs.survey.batch import Keys, start, take_in
from privshare.jobs.survey.report import make, report_bytes
from privshare.jobs.survey.task import (
    HELPER,
    LEADER,
    Aggregator,
    Survey,
    key_commitment,
)
from privshare.schemes import prio3
from privshare.schemes.hybrid_sealing import HybridKey
from privshare.schemes.keys import SigningKey
from privshare.schemes.prio3 import Prio3
from privshare.schemes.recipient import Opener, recipient_of
from privshare.schemes.sealing import SealKey

RUNS = 3
CTX = b"bench/prio3"
KEY = secrets.token_bytes(32)
NOW = 1_800_000_000


def spent(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds, and what came out."""
    begun = time.process_time()
    found = work()
    return time.process_time() - begun, found


def once(vdaf: Prio3, answers: Any, reports: int) -> list[float]:
    """Seconds: sharing, leader, helper, rest."""
    t_shard, shares = spent(lambda: prio3.shard(vdaf, answers, CTX))
    t_leader, leader = spent(
        lambda: prio3.verify_init(vdaf, 0, KEY, CTX, shares, shares.leader)
    )
    t_helper, helper = spent(
        lambda: prio3.verify_init(vdaf, 1, KEY, CTX, shares, shares.helpers)
    )

    def rest() -> list[int]:
        statuses = prio3.merged(leader.statuses, helper.statuses)
        verifiers = [leader.verifiers, helper.verifiers]
        messages = prio3.combine(vdaf, verifiers, statuses, CTX)
        for side in (leader, helper):
            prio3.verify_next(vdaf, side.states, messages, statuses)
        parts = [prio3.aggregate(vdaf, s.states, statuses) for s in (leader, helper)]
        if any(statuses):
            raise SystemExit("expected that all reports are accepted, found others")
        return prio3.unshard(vdaf, parts)

    t_rest, _ = spent(rest)
    return [t / reports * 1e6 for t in (t_shard, t_leader, t_helper, t_rest)]


def line(name: str, vdaf: Prio3, draw: Callable[[int], Any], reports: int) -> None:
    """Measure and print one kind of report."""
    runs = [once(vdaf, draw(reports), reports) for _ in range(RUNS)]
    best = [min(column) for column in zip(*runs, strict=True)]
    both = min(sum(run[1:]) for run in runs)
    sizes = vdaf.sizes
    print(
        f"{name:32}{best[0]:9.2f}{best[1]:9.2f}{best[2]:9.2f}{best[3]:9.2f}"
        f"{both:9.2f}{sizes.public_share + sizes.leader_share:9d}"
        f"{sizes.public_share + sizes.helper_share:7d}{2 * sizes.verifier_share:7d}"
    )


def world(vdaf: Prio3, hybrid: bool) -> tuple[Survey, list[Opener]]:
    """A survey and the three sealing keys."""
    opening: list[Opener] = [
        HybridKey.generate() if hybrid else SealKey.generate() for _ in range(3)
    ]
    parties = [
        Aggregator(name, SigningKey.generate().verify_key, recipient_of(opening[i]))
        for i, name in enumerate(("tax", "health"))
    ]
    survey = Survey(
        network="bench",
        name="bench",
        title="",
        vdaf=vdaf,
        leader=parties[0],
        helper=parties[1],
        collector=recipient_of(opening[2]),
        verify_key=key_commitment(KEY),
        opens=NOW - 10,
        closes=NOW + 10,
        precision=1,
        min_batch=2,
        max_batch=1 << 20,
    )
    return survey, opening


def job(name: str, vdaf: Prio3, answers: Any, reports: int, hybrid: bool) -> None:
    """Measure and print one job of a survey."""
    survey, opening = world(vdaf, hybrid)
    keys = [Keys(survey, role, opening[role], KEY) for role in (LEADER, HELPER)]
    t_make, made = spent(lambda: make(survey, answers, NOW))
    uploads, empty = [report.to_bytes() for report in made], start(survey, bytes(16))
    t_take, intake = spent(lambda: take_in(survey, uploads, NOW, ()))
    t_begin, (leader, begin) = spent(
        lambda: leader_begin(survey, keys[LEADER], empty, intake)
    )
    t_answer, (helper, answer) = spent(
        lambda: helper_answer(survey, keys[HELPER], empty, begin, NOW, ())
    )
    t_end, (_, commit) = spent(lambda: leader_finish(survey, empty, leader, answer))
    t_last, batch = spent(lambda: helper_finish(survey, empty, helper, commit))
    if batch.count != reports:
        raise SystemExit("expected that all reports are accepted, found others")
    us = [
        t / reports * 1e6 for t in (t_make, t_take, t_begin, t_answer, t_end + t_last)
    ]
    wire = (len(begin) + len(answer) + len(commit)) / reports
    print(
        f"{name:32}{us[0]:9.1f}{us[1]:9.1f}{us[2]:9.1f}{us[3]:9.1f}{us[4]:9.1f}"
        f"{sum(us[1:]):9.1f}{report_bytes(survey):9d}{wire:9.0f}"
    )


def main() -> int:
    """Print both tables."""
    pin()
    rng = np.random.default_rng(1)
    print(
        f"{'prio3':32}{'shard':>9}{'leader':>9}{'helper':>9}{'rest':>9}{'both':>9}"
        f"{'upload':>9}{'(B)':>7}{'verify':>7}"
    )
    top, size = 2**20 - 1, (1000, 100)
    line("Count", prio3.count(), lambda n: rng.integers(0, 2, n), 20_000)
    line("Sum, 20 bits", prio3.total(top), lambda n: rng.integers(0, top, n), 20_000)
    line(
        "Sum, 63 bits", prio3.total(2**63 - 1), lambda n: rng.integers(0, top, n), 5000
    )
    line("Histogram, 16", prio3.buckets(16), lambda n: rng.integers(0, 16, n), 10_000)
    line("Histogram, 256", prio3.buckets(256), lambda n: rng.integers(0, 256, n), 1000)
    line(
        "SumVec, 10 of 8 bits",
        prio3.totals(10, 255),
        lambda n: rng.integers(0, 256, (n, 10)),
        5000,
    )
    line(
        "SumVec, 100 of 16 bits",
        prio3.totals(100, 65535),
        lambda n: rng.integers(0, 65536, size),
        1000,
    )
    line(
        "Multihot, 64, at most 8",
        prio3.choices(64, 8),
        lambda n: np.eye(64, dtype=np.uint64)[rng.integers(0, 64, n)],
        5000,
    )
    print()
    print(
        f"{'survey, 1,000 a job':32}{'client':>9}{'intake':>9}{'begin':>9}{'answer':>9}"
        f"{'end':>9}{'both':>9}{'upload B':>9}{'wire B':>9}"
    )
    for hybrid in (False, True):
        seal = "hybrid" if hybrid else "x25519"
        job(
            f"Sum, 20 bits, {seal}",
            prio3.total(top),
            rng.integers(0, top, 1000),
            1000,
            hybrid,
        )
        job(
            f"Histogram, 16, {seal}",
            prio3.buckets(16),
            rng.integers(0, 16, 1000),
            1000,
            hybrid,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
