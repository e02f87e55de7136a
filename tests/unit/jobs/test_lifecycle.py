"""The life of a job: what may follow what, and what may not."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, get_args

import pytest

from privshare.errors import OutOfRange, StepNotAllowed
from privshare.jobs.lifecycle import (
    ENDED,
    PHASES,
    WAYS,
    Advance,
    Beat,
    Cancel,
    End,
    Event,
    Fail,
    Job,
    Phase,
    Problem,
    step,
)

PROBLEM = Problem("Unavailable", "no answer", "tax", "job.deadline")


def job(phase: Phase = "queued", **changes: object) -> Job:
    fields: dict[str, object] = {"phase": phase, "total": 3, **changes}
    return Job("j", "sum", b"{}", 2_000, 1_000, **fields)  # type: ignore[arg-type]


def test_the_way_that_goes_well() -> None:
    """A job passes the phases in order and ends with result and receipt."""
    now = job()
    for phase in PHASES[1:-1]:
        now = step(now, Advance(phase, 1_001, 2, "next", "L"))
        now = step(now, Beat(1_002, 1, "half"))
        assert (now.phase, now.done, now.ledger_id) == (phase, 1, "L")
    now = step(now, End(1_003, b"result", "R"))
    assert (now.phase, now.result, now.receipt, now.ended) == (
        "done",
        b"result",
        "R",
        True,
    )


def test_a_phase_may_begin_again() -> None:
    """After a restart a phase begins again, with its progress at zero."""
    now = step(job("opening", done=2), Advance("opening", 1_001, 1))
    assert (now.phase, now.done) == ("opening", 0)


@pytest.mark.parametrize(("early", "late"), list(pairwise(PHASES[:-1])))
def test_no_step_back_and_no_leap(early: Phase, late: Phase) -> None:
    """A phase is not left backwards, and none is left out."""
    with pytest.raises(StepNotAllowed):
        step(job(late), Advance(early, 1_001))
    if late != "finishing":
        leap = PHASES[PHASES.index(late) + 1]
        with pytest.raises(StepNotAllowed):
            step(job(early), Advance(leap, 1_001))


@pytest.mark.parametrize("phase", sorted(ENDED))
@pytest.mark.parametrize(
    "event",
    [
        Advance("aggregating", 1),
        Beat(1, 1),
        Cancel(1, "why"),
        Fail(1, PROBLEM),
        End(1, b"", ""),
    ],
)
def test_nothing_follows_the_end(phase: Phase, event: Event) -> None:
    """A late answer cannot change how a job ended."""
    with pytest.raises(StepNotAllowed):
        step(job(phase), event)


def test_only_finishing_ends_well() -> None:
    """A job is not done before its result is on its way."""
    for phase in get_args(Phase):
        if phase != "finishing":
            with pytest.raises(StepNotAllowed):
                step(job(phase), End(1, b"", ""))
    with pytest.raises(StepNotAllowed):
        step(job("aborting"), Advance("finishing", 1))
    with pytest.raises(StepNotAllowed):
        step(job("finishing"), Advance("done", 1))


def test_the_first_problem_is_kept() -> None:
    """What went wrong first is what the job failed with."""
    now = step(job("opening"), Fail(1, PROBLEM))
    assert (now.phase, now.problem) == ("aborting", PROBLEM)
    now = step(now, Fail(2, Problem("Conflict", "later"), final=True))
    assert (now.phase, now.problem) == ("failed", PROBLEM)
    assert Problem.from_json(PROBLEM.to_json()) == PROBLEM


def test_cancelling_in_time() -> None:
    """A job can be cancelled until its result is on its way."""
    assert step(job("opening"), Cancel(1, "why")).cancelled == "why"
    for phase in ("finishing", "aborting"):
        with pytest.raises(StepNotAllowed):
            step(job(phase), Cancel(1, "why"))


def test_progress_does_not_run_backwards() -> None:
    """Progress grows and stays within the total."""
    with pytest.raises(OutOfRange):
        step(job("opening", done=2), Beat(1, 1))
    with pytest.raises(OutOfRange):
        step(job("opening"), Beat(1, 4))


def test_results_stay_out_of_logs() -> None:
    """A job's repr does not show its result."""
    assert "12345" not in repr(job("done", result=b"12345"))


def test_an_attested_job_goes_its_own_way() -> None:
    """Nonces, evidence, release and run lie between admission and the end."""
    now = job()
    for phase in WAYS["tee"][1:-1]:
        now = step(now, Advance(phase, now=1_001, total=1))
    assert step(now, End(1_002, b"{}", "r")).phase == "done"


@pytest.mark.parametrize(
    ("at", "to"),
    [
        ("nonces", "releasing"),
        ("attesting", "running"),
        ("admitting", "attesting"),
        ("contributing", "nonces"),
        ("releasing", "opening"),
        ("running", "nonces"),
    ],
)
def test_no_way_leads_around_the_evidence(at: Any, to: Any) -> None:
    """No phase is skipped, and no job changes its way."""
    with pytest.raises(StepNotAllowed):
        step(job(at), Advance(to, now=1_001))
