"""What programs on shares cost, beside peers in the same run.

    python bench/mpc.py [--rows 100000] [--runs 3] [--alone]

CPU seconds of all three processes together, and what they sent, over TLS on this
computer; every result is held against the plain one. Two ways of ours: "engine" has
shares in hand and opens the result, as peers measure themselves; "job" is a program
of the catalogue in processes with walls and transcript, from dealt pieces to sealed
pieces of the result. mpyc and spu (one gigabyte, Python 3.11) run in environments of
their own (`bench/peers/environments.py`); neither encrypts what it sends here. A peer
that would take minutes runs fewer rows, and says so. --alone leaves peers out.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe
from mpc_engine import COUNT, below, dot, engine, squares, total
from peers.environments import MPYC, SPU, ask

from privshare.jobs.mpc import catalogue, joint
from privshare.jobs.mpc.dealt import Dealt
from privshare.jobs.mpc.host import Host
from privshare.jobs.mpc.pieces import split
from privshare.jobs.mpc.programs.calibration import speed
from privshare.jobs.mpc.programs.estimate import cpu_seconds
from privshare.jobs.mpc.programs.inputs import encode
from privshare.jobs.mpc.session import Plan
from privshare.jobs.mpc.worker import Work
from privshare.jobs.mpc_result import values_of
from privshare.jobs.mpc_statement import Outcome

DATASET = "labour/wages"
PROGRAM = "privshare.jobs.mpc.joint:work"


def column(name: str, low: int, high: int) -> dict[str, Any]:
    """A declared column of numbers."""
    return {
        "from": {DATASET: name},
        "maximum": high,
        "minimum": low,
        "name": name,
        "scale": 0,
    }


def cases(rows: int) -> dict[str, tuple[str, dict[str, Any], dict[str, list[Any]]]]:
    """Program, parameters and plain columns of each line of the table."""
    draw = random.Random(7)
    wage = [draw.randint(0, 999) for _ in range(rows)]
    words = [f"w{i:02}" for i in range(16)]
    place = [draw.choice(words) for _ in range(rows)]
    wages, rest = column("wage", 0, 999), {"rows": {"kind": "appended"}}
    places = {"categories": words, "from": {DATASET: "place"}, "name": "place"}
    logit_rows, width = max(rows // 10, 10), 10
    features = {
        f"x{i}": [draw.randint(-3_000, 3_000) for _ in range(logit_rows)]
        for i in range(width)
    }
    score = [sum(one) for one in zip(*features.values(), strict=True)]
    labels = [int(draw.gauss(0, 5_000) < one) for one in score]
    return {
        "sum": ("sum", {**rest, "columns": [wages], "value": "wage"}, {"wage": wage}),
        "sum and sum of squares": (
            "variance",
            {**rest, "columns": [wages], "value": "wage"},
            {"wage": wage},
        ),
        "comparisons": (
            "count",
            {**rest, "at_least": 500, "columns": [wages], "value": "wage"},
            {"wage": wage},
        ),
        "group sum, 16 secret keys": (
            "group_sum",
            {**rest, "columns": [wages, places], "key": "place", "value": "wage"},
            {"place": place, "wage": wage},
        ),
        "logistic regression, 10 x 10": (
            "logistic_regression",
            {
                **rest,
                "X": [
                    {"center": 0, "column": name, "unit": 1_000} for name in features
                ],
                "columns": [
                    *(column(name, -3_000, 3_000) for name in features),
                    column("y", 0, 1),
                ],
                "limit": 32,
                "rate": 1_000_000,
                "steps": 10,
                "y": "y",
            },
            {**features, "y": labels},
        ),
    }


def run(
    name: str, parameters: Mapping[str, Any], plain: Mapping[str, list[Any]], model: str
) -> dict[str, float]:
    """Deal, run at three nodes, put together, compare; what it took."""
    rows = len(next(iter(plain.values())))
    program = catalogue.find(name)
    plan = program.plan(parameters, {DATASET: rows}, 1)
    pieces = split(encode(plan, DATASET, plain), os.urandom(32), os.urandom(32))
    job = os.urandom(32)
    hosts = [Host("127.0.0.1", 0) for _ in range(3)]
    channels = tuple(host.channel(job) for host in hosts)
    done: list[Any] = [None] * 3

    def one(index: int) -> None:
        dealt = Dealt(
            dataset=DATASET,
            rows=rows,
            own=pieces[index],
            next=pieces[(index + 1) % 3],
        )
        task = joint.Task(
            program=name,
            parameters=parameters,
            k=1,
            model=model,  # type: ignore[arg-type]
            inputs=[dealt],
        )
        seat = Plan(job=job, index=index, channels=channels, program=PROGRAM)
        try:
            done[index] = hosts[index].run(seat, joint.request_of(task))
        except Exception as error:
            done[index] = error

    began = time.monotonic()
    threads = [threading.Thread(target=one, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.monotonic() - began
    for host in hosts:
        host.close()
    for fault in done:
        if isinstance(fault, Exception):
            raise fault
    answers = [joint.read_answer(one.result) for one in done]
    outcome = Outcome(
        job="A" * 43,
        spec=bytes(32),
        inputs=(),
        model=model,  # type: ignore[arg-type]
        transcript=done[0].root,
        pieces=answers[0].pieces,
        elements=answers[0].elements,
        ring=answers[0].ring,
        bounds={},
    )
    found = program.decode(plan, values_of(outcome, [one.own for one in answers]))
    if program.reference(plan, {DATASET: plain}) != found:
        raise SystemExit(f"{name}: another result than the reference")
    return {
        "cpu_s": sum(one.cpu_s for one in done),
        "wall_s": wall,
        "megabytes": sum(one.sent for one in done) / 1e6,
        "rounds": done[0].rounds,
    }


#: Of each line: its name at peers, and the rows that mpyc is asked for.
LINES: dict[str, tuple[str, Work | None, int]] = {
    "inner product": ("inner", dot, 100_000),
    "sum": ("sum", total, 100_000),
    "sum and sum of squares": ("squares", squares, 100_000),
    "comparisons": ("compare", below, 2_000),
    "group sum, 16 secret keys": ("groups", None, 1_000),
    "logistic regression, 10 x 10": ("logistic", None, 200),
}


def show(
    what: str, seconds: float, sent: float | None, least: float, note: str = ""
) -> None:
    """One row; how many times as much as the first of its program."""
    megabytes = "" if sent is None else f"{sent:9.2f} MB"
    print(
        f"  {what:24}{seconds:10.4f} s {seconds / least:8.1f} x {megabytes:12} {note}"
    )


def ours(title: str, work: Work | None, rows: int, runs: int) -> float:
    """Our rows of a program; the first of them to compare with."""
    least = 0.0
    if work is not None and rows == COUNT:
        least, sent = engine(work, runs)
        show("engine, semi-honest", least, sent, least)
    if title not in (known := cases(rows)):
        return least
    name, parameters, plain = known[title]
    models = ["semi-honest"]
    if catalogue.find(name).checked:
        models.append("malicious-abort")
    for model in models:
        best = min(
            (run(name, parameters, plain, model) for _ in range(runs)),
            key=lambda one: one["cpu_s"],
        )
        least = least or best["cpu_s"]
        held = {DATASET: len(next(iter(plain.values())))}
        cost = catalogue.find(name).plan(parameters, held, 1).cost
        guess = cpu_seconds(cost, model, speed())  # type: ignore[arg-type]
        note = (
            f"{best['rounds']:.0f} rounds, {best['wall_s']:.2f} s from start to end, "
            f"estimated at {guess:.3f} s"
        )
        show(f"job, {model}", best["cpu_s"], best["megabytes"], least, note)
    return least


def theirs(short: str, rows: int, mpyc_rows: int, least: float) -> None:
    """The peers' rows of a program."""
    if short == "logistic":
        rows //= 10
    fewer = min(rows, mpyc_rows)
    for what, peer, script, asked in (
        ("mpyc", MPYC, "mpc_mpyc.py", fewer),
        ("spu, ABY3", SPU, "mpc_spu.py", rows),
    ):
        found = ask(peer, script, short, str(asked))
        if isinstance(found, str):
            print(f"  {what:24}{found}")
            continue
        times = rows / asked
        note = "" if asked == rows else f"{asked} rows, times {times:g}"
        if "error" in found:
            note += f" greatest difference of a coefficient {found['error']:.0e}"
        sent = found["bytes"] * times / 1e6 if "bytes" in found else None
        show(what, found["seconds"] * times, sent, least, note.strip())


def main() -> None:
    """Print the table."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--rows", type=int, default=COUNT)
    read.add_argument("--runs", type=int, default=3)
    read.add_argument("--alone", action="store_true")
    options = read.parse_args()
    print(describe())
    for title, (short, work, mpyc_rows) in LINES.items():
        rows = options.rows // 10 if short == "logistic" else options.rows
        print(f"\n{title}, {rows:,} rows")
        least = ours(title, work, options.rows, options.runs)
        if not options.alone:
            theirs(short, options.rows, mpyc_rows, least)


if __name__ == "__main__":
    main()
