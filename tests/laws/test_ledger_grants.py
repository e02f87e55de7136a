"""Laws of the ledger's state: what holds after every possible step.

Hypothesis drives a network through requests, offers, delegations, uses, jobs
and revocations, right and wrong ones, and after each step looks at everything
the state holds. At the end the whole log is replayed from its entries.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "ledger"))

from ledger_kit import START, Bench, digest, terms

from privshare.errors import PrivShareError
from privshare.ledger import query
from privshare.ledger.machine import Machine
from privshare.rights.grant import LIVING

AGENCIES = ("taxes", "housing", "labour", "registry")
agencies = st.sampled_from(AGENCIES)
charges = st.sampled_from((0, 1, 30, 50, 100, 101))
picks = st.integers(0, 1 << 16)


class LedgerLaws(RuleBasedStateMachine):
    """A network, and any sequence of transactions by any of its members."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.bench.admit_all()
        self.bench.close()
        self.grants: list[str] = []
        self.uses: list[str] = []
        self.jobs: list[str] = []
        self.settled: Counter[str] = Counter()
        self.dead: set[str] = set()

    def do(self, data: bytes) -> str | None:
        """Apply, or be refused and leave no trace."""
        before = self.bench.machine.state.root()
        try:
            return self.bench.do(data)
        except PrivShareError:
            assert self.bench.machine.state.root() == before
            return None

    def pick(self, names: list[str], position: int) -> str:
        """One of the names, whatever the position."""
        return names[position % len(names)]

    @rule(
        grantee=agencies,
        uses=st.integers(1, 3),
        budget=charges,
        delegable=st.integers(0, 2),
        programs=st.sampled_from(((), ("he.sum/v2",))),
    )
    def grant(
        self,
        grantee: str,
        uses: int,
        budget: int,
        delegable: int,
        programs: tuple[str, ...],
    ) -> None:
        """A request met with its own terms."""
        wanted = terms(
            grantee=grantee,
            uses=uses,
            budget=budget,
            delegable=delegable,
            programs=programs,
        )
        name = self.do(self.bench.scribe.request(wanted))
        assert name is not None
        self.grants.append(name)
        self.do(self.bench.scribe.offer(name, wanted))

    @precondition(lambda self: self.grants)
    @rule(
        position=picks,
        who=agencies,
        to=agencies,
        uses=st.integers(1, 3),
        budget=charges,
        delegable=st.integers(0, 2),
    )
    def delegate(
        self, position: int, who: str, to: str, uses: int, budget: int, delegable: int
    ) -> None:
        """Somebody delegates, perhaps more than it has; the child may accept."""
        parent = self.pick(self.grants, position)
        above = query.grant(self.bench.machine.state, parent).terms
        child = terms(
            grantee=to,
            uses=uses,
            budget=budget,
            delegable=delegable,
            programs=above.programs,
        )
        name = self.do(self.bench.scribe.delegate(parent, child, who))
        if name is not None:
            self.grants.append(name)
            self.do(self.bench.scribe.accept(name, child))

    @precondition(lambda self: self.grants)
    @rule(position=picks, who=agencies)
    def revoke(self, position: int, who: str) -> None:
        """Somebody revokes."""
        self.do(self.bench.scribe.revoke(self.pick(self.grants, position), who))

    @precondition(lambda self: self.grants)
    @rule(position=picks, who=agencies, charge=charges)
    def reserve(self, position: int, who: str, charge: int) -> None:
        """Somebody reserves a use."""
        grant = self.pick(self.grants, position)
        name = self.do(self.bench.scribe.reserve(grant, who, charge))
        if name is not None:
            self.uses.append(name)

    @precondition(lambda self: self.uses)
    @rule(position=picks, who=agencies, settle=st.booleans())
    def end_use(self, position: int, who: str, settle: bool) -> None:
        """Somebody settles or releases a use."""
        use = self.pick(self.uses, position)
        write = self.bench.scribe.settle if settle else self.bench.scribe.release
        if self.do(write(use, who)) is not None:
            self.settled[use] += 1

    @precondition(lambda self: self.grants)
    @rule(position=picks, second=picks, who=agencies)
    def admit_job(self, position: int, second: int, who: str) -> None:
        """Somebody admits a job over two grants, perhaps the same one twice."""
        wanted = [self.pick(self.grants, position), self.pick(self.grants, second)]
        name = self.do(self.bench.scribe.job(who, wanted))
        if name is not None:
            self.jobs.append(name)

    @precondition(lambda self: self.jobs)
    @rule(position=picks, who=agencies, result=st.booleans())
    def end_job(self, position: int, who: str, result: bool) -> None:
        """Somebody ends a job."""
        job = self.pick(self.jobs, position)
        if result:
            body = {"evidence": digest("e"), "job": job, "result": digest("r")}
            data = self.bench.scribe.tx("job.result", who, body)
        else:
            body = {"job": job, "reason": "over"}
            data = self.bench.scribe.tx("job.abort", who, body)
        if self.do(data) is not None:
            self.settled[job] += 1

    @rule(seconds=st.sampled_from((1, 100, 1_001, 50_000, 60_000)))
    def wait(self, seconds: int) -> None:
        """A block closes, and time passes."""
        self.bench.wait(seconds)

    @precondition(lambda self: self.bench.scribe.seen)
    @rule(position=picks)
    def replay(self, position: int) -> None:
        """Bytes that were accepted before are never accepted again."""
        seen = self.bench.scribe.seen
        accepted = {entry for block in self.bench.blocks for entry in block}
        data = seen[position % len(seen)]
        if data in accepted | set(self.bench.open):
            assert self.do(data) is None

    @invariant()
    def counters_never_run_over(self) -> None:
        """spent + held <= budget and used + reserved <= uses, at every step."""
        for grant in query.grants(self.bench.machine.state).values():
            assert 0 <= grant.spent + grant.held <= grant.terms.budget
            assert 0 <= grant.used + grant.reserved <= grant.terms.uses

    @invariant()
    def counters_are_the_sum_of_uses(self) -> None:
        """A grant holds and spent what its uses, and those below, say."""
        state = self.bench.machine.state
        grants = query.grants(state)
        held: Counter[str] = Counter()
        spent: Counter[str] = Counter()
        for use in query.uses(state).values():
            name: str | None = use.grant
            while name is not None:
                held[name] += use.charge if use.status == "reserved" else 0
                spent[name] += use.charge if use.status == "settled" else 0
                name = grants[name].parent
        for name, grant in grants.items():
            assert (grant.held, grant.spent) == (held[name], spent[name])

    @invariant()
    def children_are_inside_their_parents(self) -> None:
        """Terms only narrow on the way down, and no child outlives revocation."""
        grants = query.grants(self.bench.machine.state)
        for grant in grants.values():
            if grant.parent is not None:
                parent = grants[grant.parent]
                grant.terms.inside(parent.terms)
                assert grant.depth == parent.depth + 1
                if parent.status == "revoked":
                    assert grant.status not in LIVING

    @invariant()
    def what_is_over_stays_over(self) -> None:
        """No grant leaves an end state, and nothing is settled twice."""
        grants = query.grants(self.bench.machine.state)
        assert all(grants[name].is_over for name in self.dead)
        self.dead = {name for name, grant in grants.items() if grant.is_over}
        assert all(count == 1 for count in self.settled.values())

    def teardown(self) -> None:
        """The log alone gives the same state, block by block."""
        if self.bench.open:
            self.bench.close()
        again = Machine(self.bench.genesis)
        for block in self.bench.blocks:
            assert again.replay_block(block).data == block[-1]
        assert again.state.root() == self.bench.machine.state.root()
        assert again.time >= START


LedgerLaws.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLedgerLaws = LedgerLaws.TestCase
