"""Kill the nodes of a real network while they compute on shares, again and again.

    python tests/protocols/crash_shares.py --times 40

Four nodes run as they would at four agencies: `privshare node serve`, each a
process group of its own, HTTP between them and TLS between the processes that
compute. For each job one of the four, or the process of one node that computes,
is killed (SIGKILL) at a moment of its own, and started again. For each job:

    * it ends: with the plain answer, or failed with a rule or a name
    * each grant has spent the uses of the jobs that announced something; at the
      end none is reserved
    * of the killed node's processes none is left

SIGKILL leaves the kernel's page cache alone: what a power cut does is not tried.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx

from privshare.demo.cluster import HOST, Cluster
from privshare.demo.trio import TRUST_CLASS, Trio
from privshare.errors import PrivShareError
from privshare.ledger.transaction import parse

ROWS = 40
PURPOSE = "housing-policy"
COORDINATOR = "housing"
WORKER = "a process that computes"
DEADLINE_S = 25
#: A job that has not ended so long after its deadline is stuck.
PATIENCE_S = 60.0
#: A job takes about so long; kills are spread over it.
USUAL_S = 1.5


@dataclass
class Tally:
    """What came of it.

    Attributes:
        ends: How many jobs ended how, by who was killed.
        faults: What was wrong.
    """

    ends: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Shares(Cluster):
    """A network of four, three of which compute on shares.

    Args:
        folder: Empty or absent.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ["title", COORDINATOR, "tax"])
        self._read, self._announced = 0, set[str]()
        self.trio = Trio((HOST, "tax", "title"))
        people = [(COORDINATOR, "analyst"), ("title", "steward"), ("tax", "steward")]
        self.build([*people, (HOST, "operator")])
        self.trio.equip(self)
        self.start()
        self._grant(self._list())

    def _list(self) -> str:
        operator = self.connect(HOST, "operator")
        listed = operator.programs.propose("mpc.sum")
        code = listed.str("code")
        for name in ("tax", "title"):
            steward: Any = self.connect(name, "steward")
            patiently(steward.programs.approve, code)
            steward.programs.set_policy(self.trio.policy_for(code))
        return listed.str("program")

    def _grant(self, program: str) -> None:
        rule = {
            "automatic": True,
            "columns": ["paid"],
            "confirmations": 0,
            "effect": "permit",
            "grantees": ["*"],
            "group_by": [],
            "id": "sums",
            "max_budget": 0,
            "max_days": 60,
            "max_delegable": 0,
            "max_uses": 10_000,
            "min_k": 5,
            "obligations": [],
            "operations": ["run"],
            "programs": [program],
            "purposes": [PURPOSE],
            "rights": ["process"],
        }
        analyst: Any = self.connect(COORDINATOR, "analyst")
        for number, owner in enumerate(("tax", "title")):
            name = f"{owner}/paid"
            steward: Any = self.connect(owner, "steward")
            policy = {"dataset": name, "default": "prohibit", "rules": [rule], "v": 1}
            data = "person,paid\n" + "".join(
                f"p-{i},{i + 100 * number}\n" for i in range(ROWS)
            )
            steward.publish(
                data.encode(), "paid", title="paid", key="person", policy=policy
            )
            wish = patiently(analyst.dataset, name).request(
                purpose=PURPOSE,
                operations=["run"],
                columns=["paid"],
                k=5,
                uses=10_000,
                programs=[program],
            )
            wish.wait(30)

    def question(self) -> Any:
        """The sum of both tables."""
        net: Any = self.connect(COORDINATOR, "analyst", roots=self.trio.roots)
        return net.mpc.sum(
            "tax/paid.paid",
            "title/paid.paid",
            bounds={"value": (0, 1_000)},
            nodes=self.trio.nodes,
        )

    def announced(self) -> set[str]:
        """The jobs of which something was announced, from the log's own entries."""
        with httpx.Client(trust_env=False, timeout=5) as client:
            while True:
                url = f"{self.members[HOST].url}/v1/ledger/entries/{self._read}"
                answer = client.get(url)
                if answer.status_code != 200:
                    return self._announced
                self._read += 1
                with suppress(PrivShareError):  # a leaf or a block
                    entry = parse(answer.content)
                    if entry.kind == "job.open":
                        self._announced.add(str(entry.body["job"]))

    def kill(self, agency: str) -> list[int]:
        """Kill a node and all that it started; the ids of its processes."""
        process = self.members[agency].process
        assert process is not None
        family = [process.pid, *descendants(process.pid)]
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return family

    def again(self, agency: str) -> None:
        """Start a killed node, and return when it answers."""
        self._spawn(self.members[agency])
        self._await(self.members[agency])

    def kill_worker(self) -> bool:
        """Kill one process that computes, if there is one."""
        for member in self.members.values():
            assert member.process is not None
            for pid in descendants(member.process.pid):
                with suppress(OSError):
                    line = Path(f"/proc/{pid}/cmdline").read_bytes()
                    if b"worker.main" in line:
                        os.kill(pid, signal.SIGKILL)
                        return True
        return False


def patiently(what: Any, *arguments: Any) -> Any:
    """Do what a node may not be ready for yet."""
    for _ in range(200):
        try:
            return what(*arguments)
        except PrivShareError as error:
            last = error
            time.sleep(0.1)
    raise last


def descendants(parent: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    found = []
    with suppress(OSError):
        for task in Path(f"/proc/{parent}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def gone(family: list[int], patience_s: float = 10.0) -> list[int]:
    """Those of some processes that do not end."""
    until = time.monotonic() + patience_s
    alive = family
    while alive and time.monotonic() < until:
        alive = [pid for pid in family if _runs(pid)]
        time.sleep(0.05)
    return alive


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def expected() -> int:
    """The plain answer."""
    return sum(i + 100 * number for number in (0, 1) for i in range(ROWS))


def run(folder: Path, times: int, seed: int = 1) -> Tally:
    """Start a network, and kill somebody in each of so many jobs."""
    rand, tally, spent = random.Random(seed), Tally(), 0
    victims = [HOST, "tax", "title", COORDINATOR, WORKER]
    with Shares(folder) as network:
        for number in range(times):
            victim = victims[number % len(victims)]
            job = patiently(network.question().submit, DEADLINE_S)
            time.sleep(rand.uniform(0, USUAL_S))
            if victim == WORKER:
                until = time.monotonic() + USUAL_S
                while not network.kill_worker() and time.monotonic() < until:
                    time.sleep(0.01)
            else:
                family = network.kill(victim)
                network.again(victim)
                if left := gone(family):
                    tally.faults.append(f"{victim}: {left} are still running")
            ended = _ended(network, job.id, tally)
            name = ended["phase"] if ended else "stuck"
            problem = (ended or {}).get("problem") or {}
            how = problem.get("rule") or problem.get("error") or ""
            tally.ends[f"{victim}: {name} {how}".strip()] += 1
            if ended:
                spent += _judge(network, ended, tally)
            _count(network, spent, tally)
    return tally


def _ended(network: Shares, job: str, tally: Tally) -> Any:
    until = time.monotonic() + DEADLINE_S + PATIENCE_S
    seen: Any = {}
    while time.monotonic() < until:
        with suppress(PrivShareError):
            net: Any = network.connect(COORDINATOR, "analyst", roots=network.trio.roots)
            seen = net.job(job).document
            if seen["phase"] in ("done", "failed"):
                return seen
        time.sleep(0.1)
    tally.faults.append(f"stuck: {seen}")
    return None


def _judge(network: Shares, ended: Any, tally: Tally) -> int:
    """Whether the job ended as it may; the uses that it spent of each grant."""
    if ended["phase"] == "failed":
        problem = ended["problem"] or {}
        if not (problem.get("rule") or problem.get("party")):
            tally.faults.append(f"failed without a name: {problem}")
        if problem.get("error") == "NativeError":
            tally.faults.append(f"failed by an error of ours: {problem}")
    else:
        net: Any = network.connect(COORDINATOR, "analyst", roots=network.trio.roots)
        job = patiently(net.job, ended["id"])
        took = network.question().result_of  # it verifies the receipt, too
        result = patiently(lambda: took(job, accept=(TRUST_CLASS,)))
        if int(result["sum"]) != expected():
            tally.faults.append(f"a wrong result: {result}")
    opened = _opened(network, ended["ledger_id"])
    if ended["phase"] == "done" and not opened:
        tally.faults.append("done, and nothing was announced")
    return int(opened)


def _opened(network: Shares, job: str) -> bool:
    """Whether the ledger says that something of a job was announced."""
    return job in network.announced()


def _count(network: Shares, spent: int, tally: Tally) -> None:
    net: Any = network.connect(COORDINATOR, "analyst", roots=network.trio.roots)
    for grant in patiently(net.grants):
        document = patiently(lambda one=grant: one.refresh()).document
        counted = document["used"], document["reserved"]
        if counted != (spent, 0):
            tally.faults.append(f"grant: expected {(spent, 0)}, found {counted}")


def main() -> None:
    """Run it by hand."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(Path(folder) / "network", args.times, args.seed)
    for name, count in sorted(tally.ends.items()):
        print(f"{count:4} {name}")
    print(f"{args.times} jobs in {time.monotonic() - began:.0f} s, {TRUST_CLASS}")
    for fault in tally.faults:
        print("FAULT", fault)
    sys.exit(bool(tally.faults))


if __name__ == "__main__":
    main()
