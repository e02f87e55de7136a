"""Laws of measured jobs: order holds whatever anybody sends, and whenever.

Hypothesis drives members that propose, approve and withdraw programs, set
policies, and take every step of measured jobs, right and wrong ones. After each
step the state is looked at; at the end the log is replayed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "ledger"))

import attested_kit as kit
from ledger_kit import Bench, digest

from privshare.errors import PrivShareError
from privshare.ledger import query, query_attested
from privshare.ledger.attested import Attestation
from privshare.ledger.machine import Machine

agencies = st.sampled_from(kit.MEMBERS)
policies = st.sampled_from(("policy", "newer"))
picks = st.integers(0, 1 << 8)


class AttestedLaws(RuleBasedStateMachine):
    """Four members, one program, and any sequence of what they send."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.bench.admit_all()
        self.grant = kit.granted(self.bench, uses=50, budget=1_000)
        self.bench.do(kit.list_code(self.bench.scribe, "labour"))
        self.bench.do(kit.appraise_by(self.bench.scribe, "taxes"))
        self.jobs: list[str] = []
        self.seen: dict[str, Attestation] = {}
        self.code = kit.code_of(self.bench)

    def do(self, data: bytes) -> str | None:
        """Apply, or be refused and leave no trace."""
        before = self.bench.machine.state.root()
        try:
            return self.bench.do(data)
        except PrivShareError:
            assert self.bench.machine.state.root() == before
            return None

    @rule(who=agencies, withdraw=st.integers(0, 9))
    def program(self, who: str, withdraw: int) -> None:
        """Somebody approves the program, or seldom withdraws it."""
        write = kit.withdraw if withdraw == 0 else kit.approve
        self.do(write(self.bench.scribe, who))

    @rule(who=agencies, policy=policies)
    def policy(self, who: str, policy: str) -> None:
        """Somebody sets a policy."""
        self.do(kit.appraise_by(self.bench.scribe, who, policy))

    @rule(who=st.sampled_from(("housing", "housing", "taxes")))
    def admit(self, who: str) -> None:
        """Somebody admits a measured job."""
        name = self.do(kit.measured_job(self.bench.scribe, who, [self.grant]))
        if name is not None:
            self.jobs.append(name)

    @precondition(lambda self: self.jobs)
    @rule(
        position=picks,
        who=agencies,
        policy=st.sampled_from(("policy", "newer", None)),
    )
    def nonce(self, position: int, who: str, policy: str | None) -> None:
        """Somebody commits to a nonce."""
        job = self.jobs[-1 - position % min(2, len(self.jobs))]
        self.do(kit.nonce(self.bench.scribe, who, job, policy))

    @precondition(lambda self: self.jobs)
    @rule(
        position=picks,
        who=st.sampled_from(("labour", "labour", "housing", "taxes")),
        step=st.sampled_from(
            (kit.attest, kit.attest, kit.conclude, kit.result, kit.reappraise)
        ),
    )
    def step(self, position: int, who: str, step: Any) -> None:
        """Somebody takes a step of a job, the runner most often."""
        job = self.jobs[-1 - position % min(2, len(self.jobs))]
        self.do(step(self.bench.scribe, who, job))

    @precondition(lambda self: self.jobs)
    @rule(position=picks, who=agencies)
    def refuse(self, position: int, who: str) -> None:
        """Somebody refuses an older job."""
        job = self.jobs[position % len(self.jobs)]
        self.do(kit.refuse(self.bench.scribe, who, job))

    @rule(seconds=st.sampled_from((1, 60, 4_000)))
    def wait(self, seconds: int) -> None:
        """A block closes, and time passes."""
        self.bench.wait(seconds)

    @invariant()
    def order_holds(self) -> None:
        """Job, nonces, evidence, conclusion, result: none before the other."""
        state = self.bench.machine.state
        for name in self.jobs:
            job, held = query.job(state, name), query_attested.attestation(state, name)
            parties = {job.coordinator, *job.parties.owners}
            agencies = [one.agency for one in held.nonces]
            assert len(set(agencies)) == len(agencies) and set(agencies) <= parties
            indexes = [job.at, *(one.at for one in held.nonces)]
            (shown,) = held.shown or (None,)
            if shown is not None:
                assert set(agencies) == parties
                assert held.begun is not None
                assert held.begun <= shown.time
                code = query_attested.code(state, kit.CODE)
                assert code.listed_at(shown.at)
                indexes.append(shown.at)
            if job.opened is not None:
                assert shown is not None and held.opened is not None
                indexes.append(job.opened)
            if job.status == "done":
                assert job.opened is not None and job.ended is not None
                indexes.append(job.ended)
            assert indexes == sorted(set(indexes))
            assert (held.refusal is not None) <= (job.status == "aborted")

    @invariant()
    def what_was_said_stays(self) -> None:
        """Nothing of a job's evidence is rewritten; lists only grow."""
        state = self.bench.machine.state
        for name in self.jobs:
            now = query_attested.attestation(state, name)
            then = self.seen.get(name, Attestation())
            assert now.nonces[: len(then.nonces)] == then.nonces
            assert now.reappraisals[: len(then.reappraisals)] == then.reappraisals
            assert now.shown[: len(then.shown)] == then.shown
            for field in ("opened", "refusal"):
                before = getattr(then, field)
                assert before is None or getattr(now, field) == before
            self.seen[name] = now

    @invariant()
    def listing_is_by_the_majority_and_ends_for_ever(self) -> None:
        """Three of four list; what was withdrawn stays so."""
        code, before = kit.code_of(self.bench), self.code
        assert (code.listed is not None) == (len(code.approvals) > 2)
        assert len(set(code.approvers)) == len(code.approvals)
        assert code.approvals[: len(before.approvals)] == before.approvals
        if before.withdrawn is not None:
            assert code == before
        self.code = code

    @invariant()
    def policies_follow_one_another(self) -> None:
        """Each policy ends where the next begins, and the last is in force."""
        state = self.bench.machine.state
        for agency in kit.MEMBERS:
            head = query_attested.appraisal(state, agency)
            for number in range(1, head.number + 1 if head else 0):
                one = query_attested.appraisal_number(state, agency, number)
                assert head is not None
                if number == head.number:
                    assert (one.at, one.policy, one.until) == (
                        head.at,
                        head.policy,
                        None,
                    )
                else:
                    after = query_attested.appraisal_number(state, agency, number + 1)
                    assert one.until == after.at and one.policy != after.policy

    def teardown(self) -> None:
        """The log alone gives the same state, block by block."""
        if self.bench.open:
            self.bench.close()
        again = Machine(self.bench.genesis)
        for block in self.bench.blocks:
            assert again.replay_block(block).data == block[-1]
        assert again.state.root() == self.bench.machine.state.root()


AttestedLaws.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAttestedLaws = AttestedLaws.TestCase


def test_the_whole_way_can_be_gone() -> None:
    """The machine above would not notice if every step were refused."""
    bench, job = kit.ready()
    kit.to_nonces(bench, job)
    for step, who in (
        (kit.attest, "labour"),
        (kit.conclude, "labour"),
        (kit.result, "housing"),
    ):
        bench.do(step(bench.scribe, who, job))
    assert query.job(bench.machine.state, job).result == digest("r")
