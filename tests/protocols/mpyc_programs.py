"""The same questions in mpyc, as a program of its own: `python mpyc_programs.py -M3`.

Prints one line of JSON at party 0. Values come from its arguments' last, a file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mpyc.runtime import mpc


async def answers(asked: dict[str, Any]) -> dict[str, Any]:
    """Every question on the shared columns of party 0."""
    secint = mpc.SecInt(64)
    x = mpc.input([secint(v) for v in asked["x"]], senders=0)
    y = mpc.input([secint(v) for v in asked["y"]], senders=0)
    keys = mpc.input([secint(v) for v in asked["key"]], senders=0)
    total = mpc.sum(x)
    marks = [[key == g for key in keys] for g in range(asked["groups"])]
    counts = [mpc.sum(mark) for mark in marks]
    told = [count >= asked["k"] for count in counts]
    sums = [mpc.in_prod(mark, x) for mark in marks]
    inside = mpc.sum(
        [(v >= asked["low"]) * (v <= asked["high"]) for v in x],
    )
    found = [
        total,
        mpc.in_prod(x, x),
        mpc.sum(y),
        mpc.in_prod(y, y),
        mpc.in_prod(x, y),
        total >= asked["t"],
        inside,
        *told,
        *mpc.schur_prod(told, counts),
        *mpc.schur_prod(told, sums),
    ]
    opened = [int(one) for one in await mpc.output(found)]
    groups = asked["groups"]
    return {
        "moments": opened[:5],
        "threshold": opened[5],
        "inside": opened[6],
        "group_sum": opened[7 : 7 + 3 * groups],
    }


async def main(path: str) -> None:
    """Read, ask, print."""
    asked = json.loads(Path(path).read_text(encoding="utf-8"))
    async with mpc:
        found = await answers(asked)
    if mpc.pid == 0:
        sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    mpc.run(main(sys.argv[-1]))
