"""Break so many jobs on shares, one fault each, and count how they ended.

    python tests/protocols/fault_sweep.py --runs 10000 --seed 1

Of the runs 60 in 100 have a fault in a message or a whole node, 10 run in pairs
whose messages are mixed up, and 30 have one in a node's part of the computing.
Every third of the first has noise, which two accounts are charged for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "exchange"))

from fault_engine import Strike, engine_faults
from fault_messages import Meddler, Script, Swap, faults, swaps
from fault_network import RETURNS, Network, asked, near, noisy, plain_sum
from fault_run import Books, judge, left, leftovers, output_of, run

from privshare.exchange import privacy, tee_release

CHECKED = "malicious-abort"
#: Enough of all budgets for all runs: what is counted is that none is lost.
ROOM = 10**15


@dataclass
class Sweep:
    """A consortium that is broken again and again.

    Attributes:
        network: The consortium.
        books: What its ledger must say.
        older: A job as it was spoken.
        script: Another.
        hit: How many faults met a message.
        ran: How many runs there were.
    """

    network: Network
    books: Books = field(default_factory=Books)
    older: Script = field(default_factory=Script)
    script: Script = field(default_factory=Script)
    hit: int = 0
    ran: int = 0

    @classmethod
    def prepared(cls, folder: Path) -> Sweep:
        """A new one, which has seen two jobs that went well."""
        network = Network(folder)
        network.ready("sum", "variance", budget=ROOM)
        privacy.open_account(network["tax"], RETURNS, ROOM)
        made = cls(network)
        for script in (made.older, made.script):
            went = run(network, asked(), between=script)
            complaints = judge(network, went, plain_sum(), made.books)
            if complaints or went.ended[0].phase != "done":
                raise AssertionError(f"the honest job failed: {complaints}")
            network.forget()
        return made

    def messages(self, count: int, seed: int) -> Iterator[str]:
        """Faults in messages and nodes; says what was wrong, or nothing."""
        for number, fault in enumerate(faults(self.script, count, seed)):
            meddler = Meddler(fault, self.older)
            wanted = asked() if number % 3 else noisy()
            expected = near(wanted) if wanted.noise else plain_sum()
            made = run(self.network, wanted, between=meddler)
            meddler.after(self.network)
            self.hit += meddler.hit
            yield from self._judged(fault, made, expected)

    def pairs(self, count: int, seed: int) -> Iterator[str]:
        """Two jobs at once, with messages mixed up; counts as two runs."""
        for place, what in swaps(self.script, count, seed):
            swap = Swap(place, what)
            made = run(self.network, asked(), asked(), between=swap)
            self.hit += swap.hit
            self.ran += 1
            yield from self._judged((place, what), made, plain_sum())

    def computing(self, program: str, count: int, seed: int) -> Iterator[str]:
        """Faults of nodes while they compute."""
        strike = Strike(self.network, None)
        honest = run(self.network, asked(program, model=CHECKED), between=None)
        (job,) = honest.ended
        if job.phase != "done":
            raise AssertionError(f"the honest job failed: {job.problem}")
        expected = output_of(job)
        if expected["sum"] != plain_sum()["sum"]:
            raise AssertionError(f"a wrong result: {expected}")
        yield from self._judged("none", honest, expected)
        for fault in engine_faults(strike.links[0].rounds, count, seed):
            Strike(self.network, fault)
            made = run(self.network, asked(program, model=CHECKED), between=None)
            yield from self._judged(fault, made, expected)
        self.network.wire = None

    def _judged(self, fault: Any, made: Any, expected: Any) -> Iterator[str]:
        self.ran += 1
        for complaint in judge(self.network, made, expected, self.books):
            yield f"{fault}: {complaint}"
        self.network.forget()


def hurry() -> None:
    """An owner's node waits less before it asks a runner again."""
    tee_release._PAUSE_S = 0.01


def main() -> None:
    """Run it by hand."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    hurry()
    began, wrong = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep.prepared(Path(folder))
        before, share = left(), args.runs // 100
        for name, part in (
            ("computing a sum", sweep.computing("sum", 15 * share, args.seed)),
            ("a variance", sweep.computing("variance", 15 * share, args.seed)),
            ("two jobs", sweep.pairs(5 * share, args.seed)),
            ("messages and nodes", sweep.messages(60 * share, args.seed)),
        ):
            for complaint in part:
                wrong += 1
                print("FAULT", complaint, flush=True)
            seconds = time.monotonic() - began
            print(f"{name}: {sweep.ran} runs, {seconds:.0f} s", flush=True)
        for complaint in leftovers(sweep.network, before):
            wrong += 1
            print("FAULT", complaint, flush=True)
        for end, count in sweep.books.ends.most_common():
            print(f"{count:6} {end}")
        sweep.network.close()
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
