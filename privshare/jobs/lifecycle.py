"""The life of a job at its coordinator: phases, progress, deadline, end.

A job moves through the phases below, one event at a time. The machine is
pure: `step` takes the job as it was and what happened, and returns the job as
it is; `store` keeps it and `exchange.runner` makes things happen. A job that
ended never moves again, so a late answer cannot change a verdict.

    he     queued -> admitting -> contributing -> aggregating -> opening
                  -> finishing -> done
    tee    queued -> admitting -> nonces -> attesting -> releasing -> running
                  -> finishing -> done
    psi    queued -> admitting -> committing -> matching -> finishing -> done
    any of them -> aborting -> failed

Every phase may be entered again after a restart: what a phase does is
idempotent at the party that does it.

>>> job = Job("j", "sum", b"{}", deadline=2_000, created=1_000)
>>> step(job, Advance("admitting", now=1_001)).phase
'admitting'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, Literal

from privshare.errors import OutOfRange, StepNotAllowed

__all__ = [
    "ENDED",
    "PHASES",
    "WAYS",
    "Advance",
    "Beat",
    "Cancel",
    "End",
    "Event",
    "Fail",
    "Job",
    "Phase",
    "Problem",
    "step",
]

Phase = Literal[
    "queued",
    "admitting",
    "contributing",
    "aggregating",
    "opening",
    "nonces",
    "attesting",
    "releasing",
    "running",
    "committing",
    "matching",
    "finishing",
    "done",
    "aborting",
    "failed",
]

PHASES: tuple[Phase, ...] = (
    "queued",
    "admitting",
    "contributing",
    "aggregating",
    "opening",
    "finishing",
    "done",
)
"""The way of a job on encrypted columns that goes well, in order."""

WAYS: Final[Mapping[str, tuple[Phase, ...]]] = {
    "he": PHASES,
    "tee": (
        "queued",
        "admitting",
        "nonces",
        "attesting",
        "releasing",
        "running",
        "finishing",
        "done",
    ),
    "psi": (
        "queued",
        "admitting",
        "committing",
        "matching",
        "finishing",
        "done",
    ),
}
"""Method to the way of a job that goes well. Ways share their ends alone, so a
phase between them says which way a job is on."""

_FORWARD = frozenset(pair for way in WAYS.values() for pair in pairwise(way[:-1]))

ENDED: frozenset[str] = frozenset({"done", "failed"})
"""Phases that nothing leaves."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a job failed.

    Args:
        error: Name of the error class, as problem reports spell it.
        reason: One sentence.
        party: The agency that was silent or dishonest, or "".
        rule: The rule that said no, or "".
    """

    error: str
    reason: str
    party: str = ""
    rule: str = ""

    def to_json(self) -> dict[str, str]:
        """As stored and as the API shows it."""
        return {
            "error": self.error,
            "party": self.party,
            "reason": self.reason,
            "rule": self.rule,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> Problem:
        """What `to_json` made."""
        return cls(value["error"], value["reason"], value["party"], value["rule"])


@dataclass(frozen=True, slots=True)
class Job:
    """One job as its coordinator's node knows it.

    Args:
        id: The node's own name for it; given before the ledger admits it.
        operation: `sum`, `mean`, `count`, `run` of an attested job, `match` or
            `link` of a private join.
        spec: Canonical bytes of the specification.
        deadline: Unix seconds; a job that is not done by then fails.
        created: Unix seconds.
        ledger_id: The job's id on the ledger (the transaction that admitted
            it), or "" before.
        phase: Where it stands.
        done: Steps finished within the phase.
        total: Steps the phase has.
        note: What is being done, in words that name the party waited for.
        heartbeat: Unix seconds of the last sign of life.
        cancelled: Who asked for the end: "" nobody, else a reason.
        problem: Why it failed.
        result: Canonical bytes of the result, b"" before.
        receipt: Id of the receipt, "" before.
        person: Key id of the person who asked, "" when the agency itself did.
    """

    id: str
    operation: str
    spec: bytes
    deadline: int
    created: int
    ledger_id: str = ""
    phase: Phase = "queued"
    done: int = 0
    total: int = 0
    note: str = ""
    heartbeat: int = 0
    cancelled: str = ""
    problem: Problem | None = None
    result: bytes = field(default=b"", repr=False)
    receipt: str = ""
    person: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing will happen any more."""
        return self.phase in ENDED


@dataclass(frozen=True, slots=True)
class Advance:
    """The phase before is finished; this one begins (or begins again)."""

    phase: Phase
    now: int
    total: int = 0
    note: str = ""
    ledger_id: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life, with progress within the phase."""

    now: int
    done: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Somebody with the right asked for the end."""

    now: int
    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """It cannot go well any more. `final` once the ledger knows, too."""

    now: int
    problem: Problem
    final: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """It went well."""

    now: int
    result: bytes
    receipt: str


Event = Advance | Beat | Cancel | Fail | End


def step(job: Job, event: Event) -> Job:
    """The job after `event`.

    Args:
        job: The job as it was.
        event: What happened.

    Returns:
        The job as it is; `job` itself is untouched.

    Raises:
        StepNotAllowed: No such transition from this phase.
        OutOfRange: Progress that goes backwards or past the total.
    """
    if job.ended:
        raise StepNotAllowed(f"expected a job under way, found one that is {job.phase}")
    match event:
        case Advance():
            return _advance(job, event)
        case Beat():
            return _beat(job, event)
        case Cancel():
            if job.phase in ("finishing", "aborting"):
                raise StepNotAllowed(
                    f"expected a job that can still be cancelled, found {job.phase}"
                )
            return replace(job, cancelled=event.reason, heartbeat=event.now)
        case Fail():
            return replace(
                job,
                phase="failed" if event.final else "aborting",
                problem=job.problem or event.problem,
                heartbeat=event.now,
                note="",
            )
        case End():
            if job.phase != "finishing":
                raise StepNotAllowed(f"expected the phase finishing, found {job.phase}")
            return replace(
                job,
                phase="done",
                result=event.result,
                receipt=event.receipt,
                heartbeat=event.now,
                note="",
            )


def _advance(job: Job, event: Advance) -> Job:
    again = event.phase == job.phase != "aborting"
    if not again and (job.phase, event.phase) not in _FORWARD:
        raise StepNotAllowed(
            f"expected a step forward from {job.phase}, found {event.phase}"
        )
    return replace(
        job,
        phase=event.phase,
        done=0,
        total=event.total,
        note=event.note,
        heartbeat=event.now,
        ledger_id=event.ledger_id or job.ledger_id,
    )


def _beat(job: Job, event: Beat) -> Job:
    if not job.done <= event.done <= job.total:
        raise OutOfRange(
            f"expected progress within {job.done}..{job.total}, found {event.done}"
        )
    return replace(job, done=event.done, note=event.note, heartbeat=event.now)
