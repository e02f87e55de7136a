"""A node and a PySyft in memory, which a bridge stands between.

Both outlive a crash of the bridge; what they hold is all that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from privshare.bridge.files import File, Files
from privshare.bridge.gate import Answer, Caller, Handed, Shown
from privshare.errors import OutOfRange

ADA = "ada@labour.example"
JOB = f"{ADA}/v1/total"
RECEIPT = {"receipt.psr": b"receipt"}


class Crash(BaseException):
    """The process was killed: nothing catches it."""


def files(text: str = "print(1)") -> Files:
    """A job of one script."""
    return Files((File("code/main.py", text.encode(), False),))


@dataclass
class FakeNode:
    """An owner's node: decides, runs once, repeats itself.

    Attributes:
        tick: Called around each call; may raise.
    """

    tick: Callable[[str], None] = lambda name: None
    enrolments: set[str] = field(default_factory=lambda: {ADA})
    answers: dict[str, Answer] = field(default_factory=dict)
    approve: bool = True
    refuse: str = ""
    runs: list[str] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)

    def enrolled(self, caller: Caller) -> bool:
        self.tick("enrolled")
        return caller.account in self.enrolments

    def submit(self, handed: Handed) -> Answer:
        self.tick("before submit")
        digest = handed.files.digest
        first = Answer("pending", digest)
        if self.refuse:
            first = Answer("refused", digest, self.refuse, "no", {}, RECEIPT)
        found = self.answers.setdefault(digest, first)
        self.tick("after submit")
        return found

    def state(self, submission: str) -> Answer | None:
        self.tick("state")
        found = self.answers.get(submission)
        if found is not None and found.status == "pending" and self.approve:
            found = self.answers[submission] = Answer("approved", submission)
        return found

    def run(self, submission: str, given: Files) -> Answer:
        self.tick("before run")
        if self.answers[submission].status == "approved":
            if given.digest != submission:
                rule = "submission.changed"
                done = Answer("refused", submission, rule, "other bytes", {}, RECEIPT)
            else:
                self.runs.append(submission)
                out = {"n.csv": b"n\n3\n"}
                done = Answer("done", submission, outputs=out, beside=RECEIPT)
            self.answers[submission] = done
        self.tick("after run")
        return self.answers[submission]

    def published(self) -> Sequence[Shown]:
        self.tick("published")
        return self.shown


@dataclass
class FakeDesk:
    """PySyft: what is laid out reaches its author with the next sync.

    A crash while it sends may swallow what was laid out, as in PySyft itself:
    only what is sent again then comes.
    """

    tick: Callable[[str], None] = lambda name: None
    asking: dict[str, bytes] = field(default_factory=dict)
    let_in: set[str] = field(default_factory=set)
    inbox: dict[str, Files | None] = field(default_factory=dict)
    laid: dict[str, Answer] = field(default_factory=dict)
    unsent: set[str] = field(default_factory=set)
    seen: dict[str, Answer] = field(default_factory=dict)
    datasets: dict[str, bytes] = field(default_factory=dict)

    def sync(self) -> None:
        self.tick("before sync")
        sending, self.unsent = self.unsent, set()
        self.tick("in sync")
        for job in sorted(sending):
            self.seen[job] = self.laid[job]
        self.tick("after sync")

    def callers(self) -> Sequence[Caller]:
        waiting = sorted(set(self.asking) - self.let_in)
        return [Caller(one, self.asking[one], bytes(32)) for one in waiting]

    def welcome(self, account: str) -> None:
        self.tick("before welcome")
        self.let_in.add(account)
        self.tick("after welcome")

    def jobs(self) -> Sequence[str]:
        self.tick("jobs")
        return [one for one in self.inbox if one not in self.laid]

    def open(self, job: str) -> Handed:
        self.tick("open")
        found = self.inbox[job]
        if found is None:
            rule = {"rule": "submission.kind"}
            raise OutOfRange("expected plain files, found a link", detail=rule)
        caller = Caller(ADA, b"{}", bytes(32))
        return Handed(job, "total", caller, "code/main.py", found)

    def answer(self, job: str, answer: Answer, *, again: bool) -> None:
        self.tick("before answer")
        fresh = self.laid.get(job) != answer
        self.laid[job] = answer
        self.tick("in answer")
        if fresh or again:
            self.unsent.add(job)
        self.tick("after answer")

    def show(self, shown: Shown) -> None:
        self.tick("before show")
        self.datasets[shown.dataset] = shown.mock
        self.tick("after show")
