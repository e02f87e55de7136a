"""One job with a fault, to its end; and what an independent eye finds of it.

What must hold of every run, whatever went wrong:

    end       the answer is the plain one, or the job failed and says why
    ledger    every use of the job is settled if something was announced, else
              released; each grant has exactly the uses and the budget that add up
    nothing   is left: no open job, no thread, no descriptor, no key, no table
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fault_network import COORDINATOR, DEADLINE_S, Between, Killed, Network

from privshare.errors import PrivShareError
from privshare.exchange import job as jobs
from privshare.exchange import party
from privshare.exchange.mpc_question import MpcQuestion
from privshare.exchange.runner import Runner
from privshare.exchange.tee_admission import spec_of
from privshare.jobs.lifecycle import Job
from privshare.jobs.mpc_spec import MpcSpec
from privshare.ledger import query, query_privacy
from privshare.wire.canonical import decode

#: Real seconds without a step after which a node's clock passes the deadline.
QUIET_S = 0.05
#: Real seconds after which a run counts as stuck.
STUCK_S = 60.0


@dataclass
class Run:
    """What came of one job.

    Attributes:
        ended: The jobs as their coordinator has them.
        seconds: How long it took.
    """

    ended: list[Job]
    seconds: float


@dataclass
class Books:
    """What the ledger must say, counted from how jobs ended and from nothing else.

    Attributes:
        used: Uses that were spent, by grant.
        spent: Micro-epsilon that were spent, by grant.
        rho: Micro-rho that were spent, by dataset.
        ends: How many jobs ended how.
    """

    used: Counter[str] = field(default_factory=Counter)
    spent: Counter[str] = field(default_factory=Counter)
    rho: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)


def run(network: Network, *questions: MpcQuestion, between: Between | None) -> Run:
    """Ask, and drive all jobs to their ends, with somebody between the nodes."""
    began = time.monotonic()
    network.between = between
    before = {one.id for one in network[COORDINATOR].store.jobs()}
    for question in questions:
        try:
            jobs.submit(network[COORDINATOR], question)
        except PrivShareError:
            continue  # refused before it began, and the analyst knows
        except Killed:  # before it began; nobody knows of it
            network.restart(COORDINATOR)
    drive(network, began + STUCK_S)
    network.between = None
    network.away.clear()
    found = [one for one in network[COORDINATOR].store.jobs() if one.id not in before]
    return Run(found[::-1], time.monotonic() - began)


def drive(network: Network, until: float) -> None:
    """Move all jobs of the coordinator to their ends."""
    runner = Runner(network[COORDINATOR], poll_s=0.001)
    moved_at = time.monotonic()
    while network[COORDINATOR].store.open_jobs():
        now = time.monotonic()
        if now > until:
            return
        try:
            moved = runner.turn()
        except Killed:  # the coordinator itself: another process takes over
            network.restart(COORDINATOR)
            runner = Runner(network[COORDINATOR], poll_s=0.001)
            moved = True
        if moved:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > QUIET_S:
            network.clock.now += DEADLINE_S + 1
            moved_at = time.monotonic()
        else:
            time.sleep(0.002)


def judge(network: Network, made: Run, expected: Any, books: Books) -> list[str]:
    """What is wrong with a run; nothing is the only good answer."""
    found: list[str] = []
    view = network.host.view()
    for job in made.ended:
        found += _end(job, expected)
        held = query.job(view, job.ledger_id) if job.ledger_id else None
        opened = held is not None and held.opened is not None
        books.ends[_name(job)] += 1
        if held is None:
            continue
        if held.status == "admitted":
            found.append(f"{job.phase}, but still admitted on the ledger")
        if (held.status == "done") != (job.phase == "done"):
            found.append(f"{job.phase} here, {held.status} on the ledger")
        spec = spec_of(job)
        noise = spec.noise if isinstance(spec, MpcSpec) else None
        for name, item in zip(held.inputs, spec.inputs, strict=True):
            use = query.use(view, name)
            if use.status != ("settled" if opened else "released"):
                found.append(f"opened: {opened}, but its use is {use.status}")
            if opened:
                books.used[use.grant] += 1
                books.spent[use.grant] += noise.charge_epsilon if noise else 0
                books.rho[item.dataset] += noise.charge_rho if noise else 0
    for name, grant in query.grants(view).items():
        counters = (grant.used, grant.reserved, grant.spent, grant.held)
        meant = (books.used[name], 0, books.spent[name], 0)
        if counters != meant:
            found.append(f"grant: expected {meant}, found {counters}")
    for dataset in query.datasets(view):
        account = query_privacy.account(view, dataset)
        if account and (account.held, account.spent) != (0, books.rho[dataset]):
            found.append(f"{account}: expected {books.rho[dataset]} to be spent")
    return found


def _end(job: Job, expected: Any) -> list[str]:
    if job.phase == "done":
        if not right(output_of(job), expected):
            return [f"a wrong result: {output_of(job)}"]
        return []
    if job.phase != "failed":
        return [f"stuck in {job.phase}: {job.note}"]
    problem = job.problem
    if problem is None or not (problem.rule or (problem.error and problem.party)):
        return [f"failed without a rule or a name: {problem}"]
    if problem.error == "NativeError":
        return [f"failed by an error of ours: {problem}"]
    if job.result:
        return ["failed with a result"]
    return []


def output_of(job: Job) -> Any:
    """What a job found."""
    result: Any = decode(job.result)
    return result["output"]


def right(output: Any, expected: Any) -> bool:
    """Whether an output is the expected one, or within what noise may do."""
    if callable(expected):
        return bool(expected(output))
    return bool(output == expected)


def _name(job: Job) -> str:
    if job.phase == "done" or job.problem is None:
        return job.phase
    return job.problem.rule or f"{job.problem.error} of {job.problem.party}"


# -- what is left -------------------------------------------------------------


@dataclass(frozen=True)
class Left:
    """What a process holds."""

    threads: int
    descriptors: int


def left() -> Left:
    """What this process holds now."""
    return Left(threading.active_count(), len(os.listdir("/proc/self/fd")))


def leftovers(network: Network, before: Left, patience_s: float = 8.0) -> list[str]:
    """What runs have left behind; threads that are about to end may end first."""
    for node in network.nodes.values():
        party.forget(node)
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        now = left()
        if now.threads <= before.threads and now.descriptors <= before.descriptors:
            break
        time.sleep(0.02)
    found = []
    if (now := left()) != before and (
        now.threads > before.threads or now.descriptors > before.descriptors
    ):
        names = sorted(one.name for one in threading.enumerate())
        found.append(f"{before} before, {now} after: {names}")
    for agency, node in network.nodes.items():
        store: Any = node.store
        if blobs := {job for job, _ in store._blobs if not job.startswith("receipt")}:
            found.append(f"{agency} keeps something of {len(blobs)} jobs")
        if node.attester is not None and node.attester.keys.jobs:
            found.append(f"{agency} keeps {len(node.attester.keys.jobs)} keys")
        if tasks := list(node.tasks._tasks):
            found.append(f"{agency} keeps {len(tasks)} tasks")
        if (host := network.hosts.get(agency)) is not None and host._seeds:
            found.append(f"{agency} keeps {len(host._seeds)} channels")
    return found
