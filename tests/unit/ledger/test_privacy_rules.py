"""Privacy accounts and the log of questions: what is held, spent, refused."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ledger_kit import (
    LOG_KEY,
    Bench,
    Scribe,
    commitments,
    digest,
    genesis,
    terms,
    tx_id,
)

from privshare.errors import (
    EncodingError,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    StepNotAllowed,
)
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.genesis import Params
from privshare.ledger.machine import Machine
from privshare.rights.mechanism import Mechanism
from privshare.rights.privacy import filter_tag, subset_digest
from privshare.wire.canonical import b64u

KEY = hashlib.sha256(b"query key").digest()
PROGRAM = ("he.sum/v2",)


def noisy(level: int = 1_000, **changes: Any) -> Mechanism:
    """A noisy sum of incomes."""
    fields: dict[str, Any] = {
        "statistic": "sum",
        "mech": "dgauss",
        "level": level,
        "delta": 40,
        "low": 0,
        "high": 1_000,
        "cells": 1,
        "rows": 1,
        "honest": 2,
    }
    return Mechanism(**(fields | changes))


def tag(name: str | None) -> bytes:
    """The tag of a filter by district."""
    return filter_tag(KEY, None if name is None else {"district": name})


def answer(noise: Mechanism | None = None, rows: str | None = None) -> dict[str, Any]:
    """What leaves, as an input says it."""
    return {
        "filter": b64u(tag(rows)),
        "noise": None if noise is None else noise.to_json(),
    }


def subset(rows: str | None, version: int = 1, by: tuple[str, ...] = ()) -> str:
    """The digest of a question's rows, as the state spells it."""
    inputs = [("taxes/returns", version)]
    return b64u(subset_digest(row_filter=tag(rows), inputs=inputs, group_by=by))


class Desk(Bench):
    """A network in which taxes has opened an account."""

    def __init__(self, budget: int = 10_000) -> None:
        super().__init__()
        self.admit_all()
        self.account(budget)
        self.grant = self.granted(uses=1_000, budget=10**9, k=10)
        self.shared = self.granted(uses=1_000, budget=10**9, programs=PROGRAM)

    def account(self, budget: int, account: str = "taxes", **changes: Any) -> str:
        """Taxes says what may be learnt."""
        body = {"budget": budget, "dataset": "taxes/returns"} | changes
        return self.do(self.scribe.tx("privacy.account", account, body))

    def ask(
        self, noise: Mechanism | None = None, rows: str | None = None, **changes: Any
    ) -> str:
        """Housing reserves a use."""
        charge = 0 if noise is None else noise.charge_epsilon
        body = {"charge": charge, "answer": answer(noise, rows)} | changes
        return self.do(self.scribe.reserve(self.grant, "housing", **body))

    def job(self, noise: Mechanism, grants: list[str] | None = None) -> str:
        """Housing admits a job."""
        inputs = [
            {
                "charge": noise.charge_epsilon,
                "columns": ["income"],
                "grant": grant,
                "group_by": [],
                "answer": answer(noise),
            }
            for grant in grants or [self.shared]
        ]
        return self.do(self.scribe.job("housing", [], inputs=inputs))

    def tx(self, kind: str, account: str, **body: Any) -> str:
        """Any other transaction."""
        return self.do(self.scribe.tx(kind, account, body))

    def books(self) -> tuple[int, int]:
        """Held and spent."""
        account = self.state("privacy/taxes/returns")
        return account["held"], account["spent"]

    def refused(self, rule: str, *args: Any, **kwargs: Any) -> NotPermitted:
        """The question is refused by this rule and leaves no trace."""
        before = self.machine.state.root()
        with pytest.raises(NotPermitted) as caught:
            self.ask(*args, **kwargs)
        assert caught.value.detail["rule"] == rule
        assert self.machine.state.root() == before
        return caught.value


def test_a_noisy_use_is_held_then_spent() -> None:
    """The account and the grant move together."""
    desk, noise = Desk(), noisy()
    use = desk.ask(noise)
    assert desk.books() == (1_000, 0)
    assert desk.state(f"grant/{desk.grant}")["held"] == noise.charge_epsilon
    desk.do(desk.scribe.settle(use, "taxes"))
    assert desk.books() == (0, 1_000)
    assert desk.state(f"charge/{use}") == {
        "columns": [],
        "dataset": "taxes/returns",
        "mechanism": b64u(noise.digest()),
        "rho": 1_000,
        "status": "spent",
        "subset": None,
    }


def test_what_is_released_comes_back() -> None:
    """A use that did not happen costs nothing, and ends once."""
    desk = Desk()
    use = desk.ask(noisy())
    desk.do(desk.scribe.release(use, "taxes"))
    assert desk.books() == (0, 0)
    with pytest.raises(StepNotAllowed):
        desk.do(desk.scribe.settle(use, "taxes"))
    assert desk.books() == (0, 0)


def test_the_account_is_shared_by_all_grants() -> None:
    """Ten answers fill it, whoever asks; the eleventh is refused."""
    desk = Desk()
    for _ in range(5):
        desk.ask(noisy())
        desk.job(noisy())
    error = desk.refused("privacy.budget", noisy())
    assert error.detail["left"] == 0
    desk.account(11_000)
    desk.ask(noisy())
    assert desk.books() == (11_000, 0)


def test_laplace_is_charged_half_its_square() -> None:
    """ε = 0.1 costs the grant 100,000 micro-ε and the account 5,000 micro-ρ."""
    desk = Desk()
    desk.ask(noisy(100_000, mech="dlaplace", delta=None))
    assert desk.books() == (5_000, 0)
    assert desk.state(f"grant/{desk.grant}")["held"] == 100_000


@pytest.mark.parametrize(
    ("opened", "ending", "books"),
    [
        (False, "abort", (0, 0)),
        (True, "abort", (0, 1_000)),
        (True, "result", (0, 1_000)),
        (False, "result", (0, 1_000)),
    ],
)
def test_a_job_pays_as_soon_as_something_is_opened(
    opened: bool, ending: str, books: tuple[int, int]
) -> None:
    """An abort gives back only what nobody can have seen."""
    desk = Desk()
    job = desk.job(noisy())
    assert desk.books() == (1_000, 0)
    if opened:
        desk.tx("job.open", "registry", aggregation=digest("sum"), job=job)
    if ending == "abort":
        desk.tx("job.abort", "housing", job=job, reason="a node is silent")
    else:
        result = {"evidence": digest("e"), "result": digest("r")}
        desk.tx("job.result", "housing", job=job, **result)
    assert desk.books() == books


def test_a_revoked_grant_does_not_undo_what_was_seen() -> None:
    """Opened, then revoked, then aborted: the account pays all the same."""
    desk = Desk()
    job = desk.job(noisy())
    desk.tx("job.open", "registry", aggregation=digest("sum"), job=job)
    desk.do(desk.scribe.revoke(desk.shared, "taxes"))
    desk.tx("job.abort", "housing", job=job, reason="revoked")
    assert desk.books() == (0, 1_000)


def test_a_job_holds_all_its_inputs_or_none() -> None:
    """One account that is too small refuses the whole job."""
    desk = Desk(budget=1_500)
    with pytest.raises(NotPermitted) as caught:
        desk.job(noisy(), [desk.shared, desk.granted(programs=PROGRAM, budget=10**9)])
    assert caught.value.detail["rule"] == "privacy.budget"
    assert desk.books() == (0, 0)


def test_charges_follow_from_the_mechanism() -> None:
    """Neither less nor more than the noise costs."""
    desk, noise = Desk(), noisy()
    for charge in (0, noise.charge_epsilon - 1, noise.charge_epsilon + 1):
        desk.refused("privacy.charge", noise, charge=charge)


def test_an_account_makes_answers_necessary() -> None:
    """Numbers leave a dataset with an account only where the input says so."""
    desk = Desk()
    with pytest.raises(NotPermitted) as caught:
        desk.do(desk.scribe.reserve(desk.grant, "housing"))
    assert caught.value.detail["rule"] == "privacy.answer"


def test_an_answer_needs_an_account() -> None:
    """Without one there is nothing to charge and no log."""
    bench = Bench()
    bench.admit_all()
    grant = bench.granted()
    with pytest.raises(NotPermitted) as caught:
        bench.do(bench.scribe.reserve(grant, "housing", answer=answer()))
    assert caught.value.detail["rule"] == "privacy.account"
    bench.do(bench.scribe.reserve(grant, "housing"))


def test_the_owner_and_nobody_else_keeps_the_account() -> None:
    """Another agency is refused, and so is a budget below what is taken."""
    desk = Desk()
    with pytest.raises(NotPermitted):
        desk.account(1, account="housing")
    with pytest.raises(NotPermitted):
        apart = {"first": subset("a"), "second": subset("b"), "rows": 50}
        desk.tx("privacy.apart", "housing", dataset="taxes/returns", **apart)
    desk.ask(noisy())
    with pytest.raises(OutOfRange):
        desk.account(999)
    desk.account(1_000)
    desk.refused("privacy.budget", noisy(1))


def test_other_rows_of_the_same_column_are_refused() -> None:
    """All, then all but a district: the difference is about that district."""
    desk = Desk()
    desk.ask()
    desk.ask()  # the same question says nothing new
    error = desk.refused("privacy.differencing", rows="all but harbour")
    assert error.detail["column"] == "income"
    assert "noisy" in str(error.fix)
    desk.ask(noisy(), rows="all but harbour")


def test_other_parts_of_the_same_rows_are_refused() -> None:
    """A total, and groups of which a small one is suppressed, tell that one."""
    desk = Desk()
    desk.ask()
    desk.refused("privacy.differencing", group_by=["district"])


def test_another_version_is_other_rows() -> None:
    """Before and after one row was added: the difference is that row."""
    desk = Desk()
    desk.do(desk.scribe.settle(desk.ask(), "taxes"))
    body = commitments(rows=101) | {"dataset": "taxes/returns", "expected": 1}
    desk.do(desk.scribe.tx("dataset.amend", "taxes", body))
    desk.refused("privacy.differencing")


def test_another_column_is_another_question() -> None:
    """But how many rows there are is a question of its own, asked by a count."""
    desk = Desk()
    desk.ask(rows="harbour", columns=["income"])
    desk.ask(rows="hill", columns=["district"])
    desk.ask(rows="coast", columns=[], operation="count")
    error = desk.refused("privacy.differencing", columns=[], operation="count")
    assert error.detail["column"] == "*"


def test_a_question_that_was_not_answered_is_forgotten() -> None:
    """A released use leaves the log; a settled one stays."""
    desk = Desk()
    use = desk.ask()
    desk.refused("privacy.differencing", rows="harbour")
    desk.do(desk.scribe.release(use, "taxes"))
    use = desk.ask(rows="harbour")
    desk.do(desk.scribe.settle(use, "taxes"))
    desk.refused("privacy.differencing")


def test_the_owner_may_say_that_sets_are_far_apart() -> None:
    """As many rows between them as the grant's k: both are answered."""
    desk = Desk()
    desk.ask(rows="harbour")
    pair = {"first": subset("harbour"), "second": subset("hill")}
    desk.tx("privacy.apart", "taxes", dataset="taxes/returns", rows=9, **pair)
    desk.refused("privacy.differencing", rows="hill")
    desk.tx("privacy.apart", "taxes", dataset="taxes/returns", rows=10, **pair)
    desk.ask(rows="hill")
    desk.refused("privacy.differencing", rows="coast")


@pytest.mark.parametrize(
    "changes",
    [
        {"answer": {}},
        {"answer": {"filter": "short", "noise": None}},
        {"answer": answer() | {"more": 1}},
        {"answer": {"filter": digest("f"), "noise": {"mech": "dgauss"}}},
        {"answer": {"filter": digest("f"), "noise": noisy().to_json() | {"rows": 0}}},
        {"answer": None},
    ],
)
def test_other_forms_are_refused(changes: dict[str, Any]) -> None:
    """An answer is whole or absent."""
    desk = Desk()
    with pytest.raises((EncodingError, OutOfRange)):
        desk.do(desk.scribe.reserve(desk.grant, "housing", **changes))
    for body in ({"budget": -1}, {"budget": "5"}, {"dataset": "Taxes"}, {"x": 1}):
        with pytest.raises(PrivShareError):
            desk.tx(
                "privacy.account",
                "taxes",
                **({"budget": 5, "dataset": "taxes/returns"} | body),
            )


def test_a_replayed_log_has_the_same_books() -> None:
    """A mirror comes to the same state, entry by entry."""
    desk = Desk()
    desk.do(desk.scribe.settle(desk.ask(noisy()), "taxes"))
    desk.ask(rows="harbour")
    desk.close()
    machine = Machine(desk.genesis)
    for block in desk.blocks:
        machine.replay_block(block)
    assert machine.state.root() == desk.machine.state.root()


def test_a_thousand_jobs_at_once_never_overspend(tmp_path: Path) -> None:
    """A thousand threads, an account for a hundred: a hundred, to the unit."""
    desk = Scribe(lifetime_s=3_000)
    noise, results = noisy(), Counter[str]()
    lock = threading.Lock()
    with EmbeddedLedger.create(
        tmp_path, genesis(Params()), LOG_KEY, clock=lambda: desk.now
    ) as ledger:
        wanted = terms(uses=100_000, budget=10**12, programs=PROGRAM)
        requested = desk.request(wanted)
        grant = tx_id(requested)
        for data in (
            *(desk.admit(agency) for agency in ("taxes", "housing")),
            desk.register("taxes/returns"),
            requested,
            desk.offer(grant, wanted),
            desk.tx(
                "privacy.account",
                "taxes",
                {"budget": 100_999, "dataset": "taxes/returns"},
            ),
        ):
            ledger.submit(data)
        asked = {
            "charge": noise.charge_epsilon,
            "columns": ["income"],
            "grant": grant,
            "group_by": [],
            "answer": answer(noise),
        }
        admissions = [desk.job("housing", [], inputs=[asked]) for _ in range(1_000)]
        opens = {
            tx_id(data): desk.tx(
                "job.open",
                "registry",
                {"aggregation": digest("sum"), "job": tx_id(data)},
            )
            for data in admissions[::2]
        }
        aborts = {
            tx_id(data): desk.tx(
                "job.abort", "housing", {"job": tx_id(data), "reason": "a test"}
            )
            for data in admissions
        }
        start = threading.Barrier(len(admissions))

        def run(data: bytes) -> None:
            job = tx_id(data)
            start.wait()
            try:
                ledger.submit(data, timeout_s=60)
            except NotPermitted as refusal:
                with lock:
                    results[str(refusal.detail["rule"])] += 1
                return
            if job in opens:
                ledger.submit(opens[job], timeout_s=60)
            with lock:
                results["opened" if job in opens else "admitted"] += 1

        threads = [threading.Thread(target=run, args=(data,)) for data in admissions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        books = ledger.view().get("privacy/taxes/returns")
        assert books is not None
        assert results["opened"] + results["admitted"] == 100
        assert results["privacy.budget"] == 900
        assert (books["held"], books["spent"]) == (100_000, 0)
        for data in admissions:
            if ledger.view().get(f"job/{tx_id(data)}") is not None:
                ledger.submit(aborts[tx_id(data)])
        books = ledger.view().get("privacy/taxes/returns")
        held = ledger.view().get(f"grant/{grant}")
        assert books is not None and held is not None
        assert (books["held"], books["spent"]) == (0, 1_000 * results["opened"])
        assert held["spent"] == noise.charge_epsilon * results["opened"]
        assert (held["held"], held["reserved"]) == (0, 0)
