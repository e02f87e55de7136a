"""Measure the runner of measured programs: warm, cold, walls, sameness.

    python bench/wasm.py [--rows 100000] [--runs 100]

Columns: the ready module · its wall-clock time from frames to checked output,
compiled code in the cache, walls included (median and worst of 11) · the same
with an empty cache · fuel · bytes of output. Below: what the walls and the two
processes cost by themselves, and how many different outputs and fuels so many
runs gave: one, or the runner is broken.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import machine

from privshare.jobs.wasm import frame, library, run, sandbox
from privshare.jobs.wasm.engine import Cache
from privshare.jobs.wasm.frame import Series

SEED = bytes(range(32))
ASKED: dict[str, dict[str, Any]] = {
    "group": {
        "by": ["district", "year"],
        "columns": ["area", "tax"],
        "extremes": False,
    },
    "describe": {"columns": ["area", "district", "tax", "year"], "extremes": True},
    "histogram": {"column": "tax", "edges": ["1000", "2500", "5000", "7500"]},
    "regression": {"x": ["area", "year"], "y": "tax"},
}


def made_up(rows: int) -> bytes:
    """A table of four columns, a twentieth of the taxes missing."""
    chance = random.Random(7)
    districts = [f"district {number:02}" for number in range(40)]
    return frame.encode(
        [
            Series("area", "float", [chance.lognormvariate(5, 1) for _ in range(rows)]),
            Series(
                "district", "category", [chance.choice(districts) for _ in range(rows)]
            ),
            Series(
                "tax",
                "decimal",
                [
                    None if chance.random() < 0.05 else chance.randrange(10**6)
                    for _ in range(rows)
                ],
                2,
            ),
            Series("year", "int", [chance.randrange(2015, 2026) for _ in range(rows)]),
        ]
    )


def timed(action: Callable[[], Any], times: int) -> tuple[float, float, Any]:
    """Median and worst of so many calls, and what the last gave."""
    taken = []
    result = None
    for _ in range(times):
        started = time.perf_counter()
        result = action()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken), max(taken), result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=100)
    options = parser.parse_args()
    print(machine.describe())
    table = made_up(options.rows)
    print(f"{options.rows} rows in {len(table) / 1e6:.1f} MB\n")
    print("| module | warm | worst | cold | fuel | output |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder) / "code", bytes(32))
        for name, parameters in ASKED.items():
            one = library.module(name)

            def ask(
                kept: Cache | None = cache, one: Any = one, asked: Any = parameters
            ) -> run.Outcome:
                return run.run(
                    one.binary, one.closure, [table], asked, k=5, seed=SEED, cache=kept
                )

            cold, _, _ = timed(lambda ask=ask: ask(None), 3)
            ask()
            warm, worst, outcome = timed(ask, 11)
            print(
                f"| {name} | {warm * 1e3:.0f} ms | {worst * 1e3:.0f} ms | "
                f"{cold * 1e3:.0f} ms | {outcome.fuel:,} | {len(outcome.output):,} |"
            )
        walls(cache)
        same(cache, options.runs)


def walls(cache: Cache) -> None:
    """What the processes and the walls cost, on a table of three rows."""
    table = frame.encode([Series("v", "int", (1, 2, 3))])
    one = library.module("describe")

    def ask() -> run.Outcome:
        asked = {"columns": ["v"], "extremes": False}
        return run.run(
            one.binary, one.closure, [table], asked, k=1, seed=SEED, cache=cache
        )

    print("\n| three rows, warm | median |\n|---|---|")
    ask()
    with_all, _, outcome = timed(ask, 21)
    print(f"| {outcome.sandbox} | {with_all * 1e3:.0f} ms |")
    wrapper = sandbox._wrapper
    sandbox._wrapper = tuple  # type: ignore[assignment]
    try:
        without, _, outcome = timed(ask, 21)
    finally:
        sandbox._wrapper = wrapper
    print(f"| {outcome.sandbox} | {without * 1e3:.0f} ms |")


def same(cache: Cache, runs: int) -> None:
    """Run one module many times and count what differs."""
    table = made_up(2_000)
    for name, parameters in ASKED.items():
        one = library.module(name)
        seen = set()
        for _ in range(runs):
            outcome = run.run(
                one.binary,
                one.closure,
                [table],
                parameters,
                k=5,
                seed=SEED,
                cache=cache,
            )
            seen.add((hashlib.sha256(outcome.output).hexdigest(), outcome.fuel))
        print(f"{name}: {runs} runs, {len(seen)} different (output, fuel)")
        if len(seen) != 1:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
