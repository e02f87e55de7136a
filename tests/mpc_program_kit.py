"""Run a program of the catalogue at three nodes in threads, on plain columns."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from privshare.jobs.mpc.link import run3
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.pieces import expand, split
from privshare.jobs.mpc.programs.inputs import encode
from privshare.jobs.mpc.programs.program import Plan, Program
from privshare.jobs.mpc.ring import Shared

DATASET = "labour/wages"
OTHER = "taxes/returns"
KEYS = [bytes([number]) * 32 for number in range(3)]
APPENDED = {"kind": "appended"}
ALIGNED = {"kind": "aligned", "by": "sorted", "key": "citizen"}


@dataclass
class Ran:
    """What a run gave: the document, and what it took."""

    document: dict[str, Any]
    outputs: list[int]
    rounds: int
    bytes: int
    seconds: float


def number(name: str, low: int, high: int, scale: int = 0, **of: Any) -> dict[str, Any]:
    """A declared column of numbers."""
    return {
        "name": name,
        "from": of.get("of", {DATASET: name}),
        "minimum": low,
        "maximum": high,
        "scale": scale,
    }


def category(name: str, words: list[str], **of: Any) -> dict[str, Any]:
    """A declared column of categories."""
    return {"name": name, "from": of.get("of", {DATASET: name}), "categories": words}


def asked(columns: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A program's parameters."""
    return {"columns": columns, "rows": more.pop("rows", APPENDED), **more}


def elements(shared: list[Shared]) -> list[int]:
    """Ring elements from three nodes' shares, both copies of each compared."""
    ring, total = shared[0].ring, [0] * len(shared[0])
    for index, one in enumerate(shared):
        copy = shared[(index + 2) % 3].next
        assert (one.own == copy).all(), f"copies of piece {index} differ"
        limbs = one.own.reshape(len(total), -1).tolist()
        for place, parts in enumerate(limbs):
            total[place] += sum(part << 64 * i for i, part in enumerate(parts))
    return [one % (1 << ring) for one in total]


def ran(program: Program, plan: Plan, plain: Any, kind: type[Party] = Party) -> Ran:
    """Encode, deal, run at three nodes, put together, decode."""
    dealt: dict[str, list[Any]] = {}
    for dataset, columns in plain.items():
        flat = encode(plan, dataset, columns)
        pieces = split(flat, b"\1" * 32, b"\2" * 32)
        dealt[dataset] = [
            expand(i, piece, len(flat), plan.ring) for i, piece in enumerate(pieces)
        ]

    def work(link: Any) -> Shared:
        i = link.index
        party = kind(link, KEYS[(i + 2) % 3], KEYS[i])
        inputs = {
            dataset: party.input(Shared(three[i], three[(i + 1) % 3], plan.ring))
            for dataset, three in dealt.items()
        }
        out = party.output(program.run(party, plan, inputs))
        sent.append((link.rounds, link.sent_bytes))
        return out

    sent: list[tuple[int, int]] = []
    start = time.process_time()
    shared = run3(work)
    taken = time.process_time() - start
    outputs = elements(shared)
    return Ran(
        program.decode(plan, outputs),
        outputs,
        max(one for one, _ in sent),
        sum(one for _, one in sent),
        taken,
    )


def same(
    program: Program,
    parameters: dict[str, Any],
    plain: Any,
    k: int = 1,
    kind: type[Party] = Party,
) -> Ran:
    """Run it, and check that it says what its reference says."""
    rows = {name: len(next(iter(one.values()))) for name, one in plain.items()}
    plan = program.plan(parameters, rows, k)
    found = ran(program, plan, plain, kind)
    assert program.reference(plan, plain) == found.document
    assert len(found.outputs) == plan.outputs
    return found
