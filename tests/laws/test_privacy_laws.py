"""Laws of privacy accounts: what holds after every possible step.

Hypothesis reserves, opens, settles, releases, aborts, revokes and amends in any
order; after each step the account is compared with what the uses amount to, and
the log of questions with the exact answers that were given or are under way. At
the end a mirror replays the log.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "ledger"))

from ledger_kit import START, Bench, commitments, digest

from privshare.errors import PrivShareError
from privshare.ledger.machine import Machine
from privshare.rights.mechanism import Mechanism

LONG = os.environ.get("PRIVSHARE_LONG") == "1"
DATASETS = ("taxes/returns", "taxes/homes")
PROGRAM = ("he.sum/v2",)
picks = st.integers(0, 1 << 16)
filters = st.sampled_from(("all", "harbour", "hill"))
columns = st.sampled_from(((), ("district",), ("income",), ("district", "income")))
operations = st.sampled_from(("count", "sum"))


def mechanism(level: int, mech: str) -> dict[str, Any]:
    """A noisy count."""
    return Mechanism(
        statistic="count",
        mech="dgauss" if mech == "dgauss" else "dlaplace",
        level=level,
        delta=40 if mech == "dgauss" else None,
        low=0,
        high=1,
        cells=1,
        rows=1,
        honest=2,
    ).to_json()


levels = st.builds(
    mechanism,
    st.sampled_from((1_000, 30_000, 70_000)),
    st.sampled_from(("dgauss", "dlaplace")),
)
noises = st.one_of(st.none(), levels)


def price(noise: dict[str, Any] | None) -> tuple[int, int]:
    """Micro-ε and micro-ρ of an answer."""
    if noise is None:
        return 0, 0
    made = Mechanism.from_json(noise)
    return made.charge_epsilon, made.charge_rho


class PrivacyLaws(RuleBasedStateMachine):
    """Two datasets with accounts, and any sequence of uses and jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.bench.admit_all()
        self.bench.do(self.bench.scribe.register(DATASETS[1]))
        self.grants = [
            self.bench.granted(dataset=name, programs=programs, uses=50, budget=10**8)
            for name in DATASETS
            for programs in ((), PROGRAM)
        ]
        for name in DATASETS:
            self.send("privacy.account", "taxes", budget=100_000, dataset=name)
        self.bench.close()
        self.uses: list[str] = []
        self.jobs: list[str] = []

    def send(self, kind: str, account: str, **body: Any) -> str | None:
        """Apply, or be refused and leave no trace."""
        return self.do(self.bench.scribe.tx(kind, account, body))

    def do(self, data: bytes) -> str | None:
        if len(self.bench.open) > 40:
            self.bench.close()
        before = self.bench.machine.state.root()
        try:
            return self.bench.do(data)
        except PrivShareError:
            assert self.bench.machine.state.root() == before
            return None

    def draw(
        self, grant: int, noise: dict[str, Any] | None, rows: str, read: tuple[str, ...]
    ) -> dict[str, Any]:
        return {
            "charge": price(noise)[0],
            "columns": list(read),
            "grant": self.grants[grant],
            "group_by": [],
            "answer": {"filter": digest(rows), "noise": noise},
        }

    @rule(
        which=st.sampled_from((0, 2)),
        noise=noises,
        rows=filters,
        read=columns,
        operation=operations,
    )
    def reserve(
        self,
        which: int,
        noise: dict[str, Any] | None,
        rows: str,
        read: tuple[str, ...],
        operation: str,
    ) -> None:
        """One use that its owner answers."""
        body = self.draw(which, noise, rows, read) | {"operation": operation}
        grant = body.pop("grant")
        use = self.do(self.bench.scribe.reserve(grant, "housing", **body))
        self.uses += [use] if use else []

    @rule(
        which=st.sampled_from(((1,), (3,), (1, 3), (3, 3))),
        noise=noises,
        rows=filters,
        read=columns,
        operation=operations,
    )
    def admit(
        self,
        which: tuple[int, ...],
        noise: dict[str, Any] | None,
        rows: str,
        read: tuple[str, ...],
        operation: str,
    ) -> None:
        """A job over one or both datasets."""
        inputs = [self.draw(i, noise, rows, read) for i in which]
        data = self.bench.scribe.job("housing", [], inputs=inputs, operation=operation)
        job = self.do(data)
        self.jobs += [job] if job else []

    @rule(pick=picks, settles=st.booleans())
    def end_use(self, pick: int, settles: bool) -> None:
        """Settle or release a use, right or wrong."""
        if self.uses:
            use, scribe = self.uses[pick % len(self.uses)], self.bench.scribe
            self.do(
                scribe.settle(use, "taxes") if settles else scribe.release(use, "taxes")
            )

    @rule(pick=picks, how=st.sampled_from(("open", "abort", "result")))
    def end_job(self, pick: int, how: str) -> None:
        """Open, abort or finish a job, right or wrong."""
        if not self.jobs:
            return
        job = self.jobs[pick % len(self.jobs)]
        if how == "open":
            self.send("job.open", "registry", aggregation=digest("a"), job=job)
        elif how == "abort":
            self.send("job.abort", "housing", job=job, reason="enough")
        else:
            said = {"evidence": digest("e"), "result": digest("r")}
            self.send("job.result", "housing", job=job, **said)

    @rule(which=st.integers(0, 3))
    def revoke(self, which: int) -> None:
        """End a grant while uses of it are under way; a new one follows."""
        self.do(self.bench.scribe.revoke(self.grants[which], "taxes"))
        programs = PROGRAM if which % 2 else ()
        name = DATASETS[which // 2]
        self.grants[which] = self.bench.granted(
            dataset=name, programs=programs, uses=50, budget=10**8
        )

    @rule(which=st.integers(0, 1), budget=st.sampled_from((0, 50_000, 200_000)))
    def account(self, which: int, budget: int) -> None:
        """The owner says anew what may be learnt."""
        self.send("privacy.account", "taxes", budget=budget, dataset=DATASETS[which])

    @rule(which=st.integers(0, 1), expected=st.integers(1, 3))
    def amend(self, which: int, expected: int) -> None:
        """Rows are added."""
        body = {"dataset": DATASETS[which], "expected": expected}
        self.send("dataset.amend", "taxes", **commitments(rows=101), **body)

    def charges(self, dataset: str) -> list[dict[str, Any]]:
        """Of all uses of a dataset, with the status of the use itself."""
        state, found = self.bench.machine.state, []
        for key, charge in state.items("charge/"):
            use = self.bench.state(f"use/{key.removeprefix('charge/')}")
            ends = {"reserved": "held", "settled": "spent", "released": "released"}
            if charge["dataset"] == dataset:
                found.append(charge | {"use": use, "means": ends[use["status"]]})
        return found

    @invariant()
    def the_account_is_what_uses_amount_to(self) -> None:
        """Held and spent are sums, to the unit, and never above the budget."""
        for name in DATASETS:
            account = self.bench.state(f"privacy/{name}")
            sums: dict[str, int] = defaultdict(int)
            for charge in self.charges(name):
                sums[charge["means"]] += charge["rho"]
                assert charge["status"] == charge["means"]
            assert account["held"] == sums["held"]
            assert account["spent"] == sums["spent"]
            assert account["spent"] + account["held"] <= account["budget"]

    @invariant()
    def no_two_exact_answers_differ_in_their_rows(self) -> None:
        """For each column one set of rows at most, given or under way."""
        for name in DATASETS:
            sets: dict[str, set[str]] = defaultdict(set)
            for charge in self.charges(name):
                if charge["subset"] is not None and charge["status"] != "released":
                    for column in charge["columns"]:
                        sets[column].add(charge["subset"])
            assert all(len(found) == 1 for found in sets.values())
            for key, asked in self.bench.machine.state.items(f"asked/{name}/"):
                column = key.rpartition("/")[2]
                assert set(asked["subsets"]) == sets.get(column, set())

    def teardown(self) -> None:
        """A mirror comes to the same state."""
        if self.bench.open:
            self.bench.close()
        mirror = Machine(self.bench.genesis)
        for block in self.bench.blocks:
            mirror.replay_block(block)
        assert mirror.state.root() == self.bench.machine.state.root()
        assert self.bench.scribe.now >= START


PrivacyLaws.TestCase.settings = settings(
    max_examples=400 if LONG else 25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestPrivacyLaws = PrivacyLaws.TestCase
