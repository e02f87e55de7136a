"""A join that is meddled with, and what must hold however it ends; a helper."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import Asked
from join_kit import JoinConsortium

from privshare.exchange import job as jobs
from privshare.exchange import party
from privshare.exchange.join_held import Matches
from privshare.exchange.join_question import JoinQuestion
from privshare.exchange.runner import Runner
from privshare.exchange.task import Tasks
from privshare.jobs.lifecycle import Job
from privshare.ledger import query
from privshare.wire.canonical import decode

OWNERS = ("title", "tax")


@dataclass
class Scene:
    """One consortium that asks many questions, and keeps count of the books."""

    network: JoinConsortium
    asker: str = "housing"
    asked: list[Job] = field(default_factory=list)

    def tidy(self) -> None:
        """Nobody meddles, nobody is away."""
        self.network.meddle.clear()
        self.network.away.clear()
        self.network.calls.clear()

    def run(
        self,
        question: JoinQuestion,
        at: dict[str, Callable[[Job], Any]] | None = None,
        turns: int = 60,
    ) -> Job:
        """Run to the end, each turn by a coordinator that just started again.

        Args:
            question: What is asked.
            at: What happens before the first turn of a phase.
            turns: How often the coordinator may start again.
        """
        node, todo = self.network[self.asker], dict(at or {})
        job = jobs.submit(node, question)
        for _ in range(turns):
            job = jobs.find(node, job.id)
            if job.ended:
                break
            todo.pop(job.phase, lambda _: None)(job)
            Runner(self.network[self.asker], poll_s=0.01).turn()
            self.network.sync()
        assert job.ended, (job.phase, job.note)
        self.check(job)
        return job

    def restart(self, agency: str) -> None:
        """What a node had in memory alone is gone."""
        was = self.network[agency]
        self.network.nodes[agency] = replace(was, tasks=Tasks(), matches=Matches())

    def check(self, job: Job) -> None:
        """The books are exact, and nobody holds anything of a join that ended."""
        self.asked.append(job)
        view = self.network.host.view()
        for one in self.asked:
            held = query.job(view, one.ledger_id)
            free = held.status == "aborted" and held.opened is None
            for use_id in held.inputs:
                status = query.use(view, use_id).status
                assert status == ("released" if free else "settled")
            assert (one.phase == "done") == (held.status == "done")
        spent: dict[str, int] = {}
        for use in query.uses(view).values():
            spent[use.grant] = spent.get(use.grant, 0) + (use.status == "settled")
        for grant_id, grant in query.grants(view).items():
            assert (grant.used, grant.reserved) == (spent.get(grant_id, 0), 0)
        for node in self.network.nodes.values():
            party.forget(node)
            assert node.matches.jobs == ()
            assert not [one for one in node.store.blob_jobs() if ":" not in one]


def output(job: Job) -> Any:
    """What a join gave out."""
    assert (job.problem, job.phase) == (None, "done"), (job.problem, job.note)
    found: Any = decode(job.result, max_bytes=8 << 20)
    return found["output"]


def rule_of(job: Job) -> str:
    """Which rule ended a job that went wrong; it has no result."""
    assert job.problem is not None and (job.phase, job.result) == ("failed", b""), (
        job.phase
    )
    return job.problem.rule


def number_of(asked: Asked) -> int:
    """The number of a message."""
    return int(parse_qs(urlsplit(asked.path).query)["number"][0])


class Fault:
    """Meddles with one message on its way to one owner."""

    def __init__(self, network: JoinConsortium, kind: str, number: int) -> None:
        self.network, self.kind, self.number = network, kind, number
        self.met = False
        self._before: Asked | None = None

    def __call__(self, asked: Asked) -> Any:
        """What becomes of a message."""
        before, self._before = self._before, asked
        if number_of(asked) != self.number or self.met:
            return asked.go_on(self.network)
        self.met = True
        match self.kind:
            case "altered":
                place = len(asked.body) * 2 // 3
                flipped = bytes([asked.body[place] ^ 1])
                body = asked.body[:place] + flipped + asked.body[place + 1 :]
                return replace(asked, body=body).go_on(self.network)
            case "cut short":
                return replace(asked, body=asked.body[:-1]).go_on(self.network)
            case "dropped":
                return {"taken": True}
            case "sent twice":
                asked.go_on(self.network)
                return asked.go_on(self.network)
            case _:  # the one before takes its place
                body = before.body if before else bytes(len(asked.body))
                return replace(asked, body=body).go_on(self.network)
