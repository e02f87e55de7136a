"""The bridge's loop: from PySyft's inbox to the node, and back with an answer.

    inbox ─► Desk ─► every file ─► Node: enrolled? a right? ─► pending ─► approved
                                                   │                        │
      PySyft's outbox ◄─ outputs, receipt ◄────────┴──── the files as they are now

The node decides, by the ledger; it holds the rows and the sandbox. This carries
bytes. It executes nothing that was submitted, it never asks PySyft to, and what
somebody approves in PySyft alone counts for nothing here.

Each step may be the last before a crash: handed in twice the node knows a
submission by its digest, run twice it gives the first answer again, and an
answer is laid out again until PySyft has taken it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal, Protocol

from privshare.bridge.files import Files
from privshare.bridge.journal import Journal, Line
from privshare.errors import OutOfRange, PrivShareError, Unavailable
from privshare.wire.canonical import b64u

__all__ = [
    "Answer",
    "Caller",
    "Desk",
    "Gate",
    "Handed",
    "Node",
    "Shown",
    "Status",
    "plain_reason",
]

Status = Literal["pending", "approved", "working", "done", "refused"]

#: Jobs, and accounts that ask to be let in, that one round looks at.
JOBS_A_ROUND: Final = 32
CALLERS_A_ROUND: Final = 16
#: Seconds from one look for newly published datasets to the next.
SHOW_EVERY_S: Final = 10.0
#: Seconds until a run that goes on, or a job that went wrong, is asked about again.
ASK_EVERY_S: Final = 1.0
AGAIN_S: Final = 30.0
_MAX_REASON: Final = 400

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the node says of a submission.

    Attributes:
        status: How far it is; `done` and `refused` are the end.
        submission: Its digest, a text; "" where it has none.
        rule: Of a refusal, what refused: "submission.changed".
        reason: Of a refusal, in words.
        outputs: Of a run that was released: name to bytes.
        beside: Files that go with an end: the receipt, and what verifying it
            needs.
    """

    status: Status
    submission: str = ""
    rule: str = ""
    reason: str = ""
    outputs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    beside: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """An account that asks to be let in.

    Attributes:
        account: Its name.
        enrolment: The document it shows; b"" for none.
        key: Digest of the keys it shows, or None.
    """

    account: str
    enrolment: bytes
    key: bytes | None


@dataclass(frozen=True, slots=True)
class Handed:
    """A job as PySyft holds it now.

    Attributes:
        job: Where it lies below PySyft's inbox.
        name: What its author calls it.
        caller: Whose it is.
        entry: The file that starts it, from the job's folder; "" for none.
        files: Everything that was handed in.
    """

    job: str
    name: str
    caller: Caller
    entry: str
    files: Files


@dataclass(frozen=True, slots=True)
class Shown:
    """A dataset as scientists see it: invented rows.

    Attributes:
        dataset: Its full name, tax/wages.
        mock: CSV.
        summary: One line.
    """

    dataset: str
    mock: bytes = field(repr=False)
    summary: str = ""

    @property
    def digest(self) -> str:
        """Of what is shown."""
        return b64u(sha256(self.summary.encode() + b"\0" + self.mock).digest())


class Node(Protocol):
    """The owner's node, as the bridge asks it. Every call may be repeated."""

    def enrolled(self, caller: Caller) -> bool:
        """Whether an enrolment that stands covers this account and these keys."""
        ...

    def submit(self, handed: Handed) -> Answer:
        """Hand a submission in."""
        ...

    def state(self, submission: str) -> Answer | None:
        """How far it is; None for one that was never handed in."""
        ...

    def run(self, submission: str, files: Files) -> Answer:
        """Run it, if these are still the files; the first answer stands."""
        ...

    def published(self) -> Sequence[Shown]:
        """Datasets of this agency that take submissions."""
        ...


class Desk(Protocol):
    """PySyft, as the bridge uses it. Every call may be repeated."""

    def sync(self) -> None:
        """Take in what came, send out what was laid out."""
        ...

    def callers(self) -> Sequence[Caller]:
        """Accounts that ask to be let in."""
        ...

    def welcome(self, account: str) -> None:
        """Let one in."""
        ...

    def jobs(self) -> Sequence[str]:
        """Jobs that have no answer in PySyft yet."""
        ...

    def open(self, job: str) -> Handed:
        """Read a job, whatever has become of it.

        Raises:
            OutOfRange: Files that no submission can have.
        """
        ...

    def answer(self, job: str, answer: Answer, *, again: bool) -> None:
        """Lay out an end for its author; `again` sends what may have been sent."""
        ...

    def show(self, shown: Shown) -> None:
        """Show a dataset to whoever was let in."""
        ...


class Gate:
    """One bridge.

    Args:
        desk: PySyft.
        node: The owner's node.
        journal: What this bridge remembers.
        clock: Seconds.
    """

    def __init__(
        self,
        desk: Desk,
        node: Node,
        journal: Journal,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._node = node
        self._journal = journal
        self._clock = clock
        self._looked = -SHOW_EVERY_S
        self._last = ""
        self._not_before = dict[str, float]()
        self._answering = set[str]()
        self._told = set[tuple[str, str]]()

    def round(self) -> int:
        """Do what can be done now.

        Returns:
            How many jobs got their answer.

        Raises:
            Unavailable: The node, or where messages wait, is away.
        """
        self._desk.sync()
        self._let_in()
        self._show()
        for job in self._turn():
            try:
                self._carry(job)
            except PrivShareError as error:
                # What is away for this job alone, its rule says: run.sandbox.
                if isinstance(error, Unavailable) and "rule" not in error.detail:
                    raise
                self._not_before[job] = self._clock() + AGAIN_S
                self._tell_once(job, f"{error.name}: {error.message}")
        return self._deliver()

    # -- accounts and datasets -------------------------------------------------

    def _let_in(self) -> None:
        for caller in self._desk.callers()[:CALLERS_A_ROUND]:
            if self._node.enrolled(caller):
                self._desk.welcome(caller.account)
                _LOG.info("let %s in", ascii(caller.account))
            else:
                self._tell_once(caller.account, "no enrolment that stands covers it")

    def _show(self) -> None:
        now = self._clock()
        if now - self._looked < SHOW_EVERY_S:
            return
        for shown in self._node.published():
            name = f"dataset {shown.dataset}"
            line = self._journal.line(name)
            if line is None or line.submission != shown.digest:
                self._desk.show(shown)
                self._journal.keep(Line(name, shown.digest, "delivered"))
                _LOG.info("showed %s", shown.dataset)
        self._looked = now

    # -- jobs ------------------------------------------------------------------

    def _turn(self) -> list[str]:
        """Whose turn it is: in a circle, so that many pending jobs stop nobody."""
        now, rests = self._clock(), self._not_before
        for job in [one for one, until in rests.items() if until <= now]:
            del rests[job]
        found = {*self._desk.jobs(), *self._journal.open_jobs()}
        waiting = sorted(found - rests.keys())
        later = [one for one in waiting if one > self._last]
        turn = (later + waiting[: len(waiting) - len(later)])[:JOBS_A_ROUND]
        self._last = turn[-1] if turn else ""
        return turn

    def _carry(self, job: str) -> None:
        """Bring one job a step further."""
        line = self._journal.line(job)
        answer = self._node.state(line.submission) if line and line.submission else None
        if line is None or answer is None:
            answer = self._hand_in(job)
        elif answer.status in ("approved", "working", "done"):
            answer = self._node.run(line.submission, self._as_it_is(job))
        if answer.status in ("done", "refused"):
            self._answer(job, answer)
        elif answer.status == "working":
            self._not_before[job] = self._clock() + ASK_EVERY_S

    def _hand_in(self, job: str) -> Answer:
        try:
            handed = self._desk.open(job)
        except OutOfRange as error:
            # It has no digest, so nothing of it can stand on the ledger.
            rule = str(error.detail.get("rule", ""))
            return Answer("refused", rule=rule, reason=error.message)
        digest = handed.files.digest
        self._journal.keep(Line(job, digest, "sent"))
        answer = self._node.submit(handed)
        _LOG.info("handed in %s of %s: %s", digest, ascii(job), answer.status)
        return answer

    def _as_it_is(self, job: str) -> Files:
        """The files as they are now, or such as cannot be what was approved."""
        try:
            return self._desk.open(job).files
        except OutOfRange as error:
            return Files.unreadable(error.message)

    def _answer(self, job: str, answer: Answer) -> None:
        line = self._journal.line(job)
        again = line is not None and line.state == "answering"
        digest = answer.submission if line is None else line.submission
        self._journal.keep(Line(job, digest, "answering"))
        self._desk.answer(job, answer, again=again)
        self._answering.add(job)
        _LOG.info("answered %s: %s %s", ascii(job), answer.status, answer.rule)

    def _deliver(self) -> int:
        """Send out what this round answered; only then is it delivered."""
        answered, self._answering = self._answering, set()
        if not answered:
            return 0
        self._desk.sync()
        for job in sorted(answered):
            line = self._journal.line(job)
            digest = "" if line is None else line.submission
            self._journal.keep(Line(job, digest, "delivered"))
        return len(answered)

    def _tell_once(self, about: str, what: str) -> None:
        if (about, what) not in self._told:
            if len(self._told) > 10_000:
                self._told.clear()
            self._told.add((about, what))
            _LOG.warning("%s: %s", ascii(about), ascii(what))


def plain_reason(answer: Answer) -> str:
    """One line that says why something was refused."""
    text = f"{answer.rule}: {answer.reason}" if answer.rule else answer.reason
    seen = "".join(one if one.isprintable() else " " for one in text)
    return seen[:_MAX_REASON] or "refused"
