"""Laws of submitted code: whatever anybody does, unapproved bytes do not run.

Hypothesis drives a network through enrolments, published rules, decisions, runs
and withdrawals by any of its members, beside a model that knows nothing of the
rules but who said what last. At the end the log is replayed from its entries.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "ledger"))

from ledger_kit import digest
from submission_kit import ACCOUNT, CODE, DATASET, GATE, PURPOSE, Gate

from privshare.errors import PrivShareError
from privshare.ledger import query, query_submission
from privshare.ledger.machine import Machine
from privshare.ledger.submission import MAX_DECISIONS
from privshare.rights.identifier import submitted
from privshare.wire.canonical import unb64u

AGENCIES = ("taxes", "housing", "labour")
OTHER = digest("code, one byte changed")
agencies = st.sampled_from(AGENCIES)
#: Who may, three times in four: so that sequences go on.
owners = st.sampled_from(("taxes", "taxes", "taxes", "housing"))
grantees = st.sampled_from(("housing", "housing", "housing", "taxes"))
codes = st.sampled_from((CODE, CODE, OTHER))
rules = st.sampled_from((GATE, digest("looser")))
picks = st.integers(0, 1 << 16)


class GateLaws(RuleBasedStateMachine):
    """A gate, and any sequence of transactions by any member."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate(uses=2)
        self.rule = GATE
        #: Code, agency: the rules of the gate that it approves under.
        self.said: dict[tuple[str, str], set[str]] = {}
        self.made: dict[tuple[str, str], int] = {}
        self.ended = False
        self.jobs: list[tuple[str, str]] = []
        self.begun: set[str] = set()

    def do(self, data: bytes) -> str | None:
        """Apply, or be refused and leave no trace."""
        before = self.gate.machine.state.root()
        try:
            return self.gate.do(data)
        except PrivShareError:
            assert self.gate.machine.state.root() == before
            return None

    def approves(self, who: str, code: str) -> bool:
        """What the model knows."""
        return self.rule in self.said.get((code, who), set())

    @rule(who=owners, digest=rules)
    def publish(self, who: str, digest: str) -> None:
        """The owner publishes a rule, and nobody else can."""
        done = self.do(self.gate.publish(who, gate=digest)) is not None
        assert done == (who == "taxes")
        if done:
            self.rule = digest

    @rule(who=st.one_of(owners, agencies), code=codes)
    def approve(self, who: str, code: str) -> None:
        """Somebody approves: once, of an account that has not ended."""
        room = self.made.get((code, who), 0) < MAX_DECISIONS - 1
        may = not self.ended and not self.approves(who, code) and room
        done = (
            self.do(self.gate.approve(who, submission=code, gate=self.rule)) is not None
        )
        assert done == may
        if done:
            self.said.setdefault((code, who), set()).add(self.rule)
            self.made[code, who] = self.made.get((code, who), 0) + 1

    @rule(
        who=st.one_of(owners, agencies),
        code=codes,
        about=st.sampled_from(("this", "everything", "another purpose")),
    )
    def refuse(self, who: str, code: str, about: str) -> None:
        """Somebody refuses: what was asked for, all, or something else."""
        changes: dict[str, Any] = {"submission": code}
        if about == "everything":
            changes |= {"account": None, "grantee": None, "purpose": None}
        if about == "another purpose":
            changes |= {"purpose": "another"}
        if self.do(self.gate.refuse(who, **changes)) is None:
            assert self.made[code, who] == MAX_DECISIONS
            return
        self.made[code, who] = self.made.get((code, who), 0) + 1
        if about != "another purpose":
            self.said[code, who] = set()

    @precondition(lambda self: self.jobs)
    @rule(who=agencies)
    def end(self, who: str) -> None:
        """The account ends, once, by its agency."""
        done = self.do(self.gate.end(who)) is not None
        assert done == (who == "housing" and not self.ended)
        self.ended = self.ended or done

    @rule(code=codes)
    def approve_and_admit(self, code: str) -> None:
        """What leads on: the owner approves, the grantee has it run."""
        self.approve("taxes", code)
        self.admit("housing", code)

    @rule(who=grantees, code=codes)
    def admit(self, who: str, code: str) -> None:
        """A run is admitted by the grantee, approved by the owner, for one use."""
        data = self.gate.admit(who, program=submitted(unb64u(code, 32)))
        job = self.do(data)
        if job is None:
            return
        assert who == "housing" and self.approves("taxes", code)
        self.jobs.append((job, code))

    @precondition(lambda self: self.jobs)
    @rule(position=picks, who=owners)
    def begin(self, position: int, who: str) -> None:
        """Whoever begins a run is the owner, and approves of it still."""
        job, code = self.jobs[position % len(self.jobs)]
        if self.do(self.gate.begin(job, who)) is not None:
            assert who == "taxes"
            assert job in self.begun or self.approves("taxes", code)
            self.begun.add(job)

    @precondition(lambda self: self.jobs)
    @rule(position=picks, who=owners, result=st.booleans())
    def conclude(self, position: int, who: str, result: bool) -> None:
        """A run ends with a result of the owner's, or without."""
        job, _ = self.jobs[position % len(self.jobs)]
        end = self.gate.result if result else self.gate.abort
        done = self.do(end(job, who)) is not None
        if done and result:
            assert who == "taxes" and job in self.begun
        if done:
            assert who in ("taxes", "housing")

    @invariant()
    def what_has_begun_is_spent_and_nothing_else(self) -> None:
        """The counters are those of the runs that began, or are under way."""
        state = self.gate.machine.state
        jobs = [query.job(state, job) for job, _ in self.jobs]
        grant = query.grant(state, self.gate.grant)
        over = [one for one in jobs if one.status != "admitted"]
        assert grant.used == sum(one.opened is not None for one in over)
        assert grant.reserved == len(jobs) - len(over)
        assert grant.used + grant.reserved <= grant.terms.uses == 2

    @invariant()
    def approvals_are_the_last_words(self) -> None:
        """As the model has them."""
        for code in (CODE, OTHER):
            found = query_submission.approved_by(
                self.gate.machine.state,
                code,
                dataset=DATASET,
                grantee="housing",
                purpose=PURPOSE,
            )
            assert found == {who for who in AGENCIES if self.approves(who, code)}

    def teardown(self) -> None:
        """The log alone gives the same state."""
        if self.gate.open:
            self.gate.close()
        again = Machine(self.gate.genesis)
        for block in self.gate.blocks:
            assert again.replay_block(block).data == block[-1]
        assert again.state.root() == self.gate.machine.state.root()
        account = query_submission.account(again.state, ACCOUNT)
        assert (account.ended is not None) == self.ended


GateLaws.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestGateLaws = GateLaws.TestCase
