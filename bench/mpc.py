"""What programs on shares cost: three processes over TLS on this computer.

    python bench/mpc.py [--rows 100000] [--peer /path/to/python-with-mpyc]

Each node is a process as in a job, with its walls, TLS and transcript. CPU seconds
are of all three processes together, from start to end of the program; bytes are what
they sent. Every result is held against the program's reference.
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

from privshare.jobs.mpc import catalogue, joint
from privshare.jobs.mpc.dealt import Dealt
from privshare.jobs.mpc.host import Host
from privshare.jobs.mpc.pieces import split
from privshare.jobs.mpc.programs.inputs import encode
from privshare.jobs.mpc.session import Plan
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
        "comparisons (count)": (
            "count",
            {**rest, "at_least": 500, "columns": [wages], "value": "wage"},
            {"wage": wage},
        ),
        "group sum, 16 secret keys": (
            "group_sum",
            {**rest, "columns": [wages, places], "key": "place", "value": "wage"},
            {"place": place, "wage": wage},
        ),
        f"logistic regression {logit_rows} x 10 x 10": (
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


def main() -> None:
    """Print the table."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--rows", type=int, default=100_000)
    read.add_argument("--runs", type=int, default=3)
    options = read.parse_args()
    print(describe())
    print(f"{'program':34} {'model':16} {'CPU s':>8} {'wall s':>7} {'MB':>8} rounds")
    for title, (name, parameters, plain) in cases(options.rows).items():
        models = ["semi-honest"]
        if catalogue.find(name).checked:
            models.append("malicious-abort")
        for model in models:
            best = min(
                (run(name, parameters, plain, model) for _ in range(options.runs)),
                key=lambda one: one["cpu_s"],
            )
            print(
                f"{title:34} {model:16} {best['cpu_s']:8.4f} {best['wall_s']:7.2f} "
                f"{best['megabytes']:8.2f} {best['rounds']:6.0f}"
            )


if __name__ == "__main__":
    main()
