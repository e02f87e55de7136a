"""Whatever one message or one node does, nobody ends with a wrong result."""

from __future__ import annotations

import collections
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import mpc_faults
import numpy as np
import pytest
from mpc_faults import (
    IN_A_NODE,
    ON_THE_WIRE,
    Fault,
    Program,
    faults,
    judge,
    traffic,
    trial,
)

from privshare.errors import PrivShareError
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.ring import Shared, concat
from privshare.jobs.mpc.session_key import SessionKeys

#: A node that lies in a product is not found by an engine that trusts it.
HONEST = (*ON_THE_WIRE, *(kind for kind in IN_A_NODE if kind != "lie"))
LONG = os.environ.get("PRIVSHARE_LONG") == "1"
VALUES = [(11, 22, 33), (400, 500, 600), (7, 70, 700)]


def sums(link: object, keys: SessionKeys) -> list[int]:
    """Open three shared values, each piece checked against its second holder."""
    me: int = link.index  # type: ignore[attr-defined]
    opened = []
    link.agree("keys", hashlib.sha256(b"common").digest())  # type: ignore[attr-defined]
    for pieces in VALUES:
        own = pieces[me].to_bytes(64, "little")
        following = pieces[(me + 1) % 3].to_bytes(64, "little")
        # My previous lacks my next's piece; my next lacks mine.
        digest = hashlib.sha256(following).digest()
        told, check = link.round("open", digest, own, 64, 32)  # type: ignore[attr-defined]
        if hashlib.sha256(told).digest() != bytes(check):
            abort("mpc.opening", "expected one value of a piece, found two")
        opened.append(int.from_bytes(told, "little") + sum(map(_int, (own, following))))
    link.settle()  # type: ignore[attr-defined]
    return opened


def _int(data: bytes) -> int:
    return int.from_bytes(data, "little")


EXPECTED = [[sum(pieces) for pieces in VALUES]] * 3


X = [5, -7, 1 << 40, 0, -(1 << 40)]
Y = [6, -8, 1 << 40, 1, 3]


def engine(link: object, keys: SessionKeys) -> list[int]:
    """The engine itself: how many of X are below Y, and the sum of products."""
    party = Party(link, keys.previous, keys.next)  # type: ignore[arg-type]
    x, y = (shared(values, party.index, seed) for seed, values in enumerate((X, Y)))
    below = party.from_bits(party.less_than(x, y)).reshape(len(X))
    opened = party.open(concat([below.sum(0).reshape(1), party.dot(x, y).reshape(1)]))
    link.settle()  # type: ignore[attr-defined]
    return [int(one) for one in opened]


def shared(values: list[int], index: int, seed: int) -> Shared:
    """A node's two pieces of values that somebody dealt."""
    rng = np.random.default_rng(seed)
    pieces = rng.integers(0, 1 << 64, (3, len(values)), dtype=np.uint64)
    wanted = np.array([value % (1 << 64) for value in values], np.uint64)
    pieces[2] = wanted - pieces[0] - pieces[1]
    return Shared(pieces[index], pieces[(index + 1) % 3], 64)


PRODUCTS = sum(x * y for x, y in zip(X, Y, strict=True)) % (1 << 64)
ENGINE = [[sum(x < y for x, y in zip(X, Y, strict=True)), PRODUCTS]] * 3


def sweep(
    program: Program,
    expected: Sequence[object],
    count: int,
    seed: int,
    kinds: Sequence[str] = (*ON_THE_WIRE, *IN_A_NODE),
) -> collections.Counter[str]:
    """Run many faults, some at a time: most of the time is waiting for silence."""
    found: collections.Counter[str] = collections.Counter()
    sizes = traffic(program)

    def one(fault: Fault) -> list[str]:
        made = trial(program, fault)
        for outcome in made.outcomes:
            rule = "right"
            if isinstance(outcome, PrivShareError):
                rule = str(outcome.detail.get("rule"))
            found[rule] += 1
        late = [f"{fault}: took {made.seconds:.1f} s"] if made.seconds > 10 else []
        return judge(made, expected, fault) + late

    with ThreadPoolExecutor(32) as pool:
        told = pool.map(one, faults(sizes, count, seed, kinds))
        wrong = [line for lines in told for line in lines]
    assert not wrong, wrong[:10]
    return found


def test_without_a_fault_all_are_right() -> None:
    """The program itself is right at all three."""
    made = trial(sums, silence_s=10, deadline_s=30)
    assert made.outcomes == EXPECTED
    assert not judge(made, EXPECTED, None)


def test_no_silent_wrong_result() -> None:
    """Faults of each kind at each place end in the right answer or a rule."""
    found = sweep(sums, EXPECTED, 600, seed=6)
    assert {"right", "mpc.frame", "mpc.order", "mpc.silent"} <= set(found)


def test_no_silent_wrong_result_of_the_engine() -> None:
    """Comparisons and products under every fault but a lie, which asks for more."""
    assert trial(engine, silence_s=10, deadline_s=30).outcomes == ENGINE
    sweep(engine, ENGINE, 200, seed=8, kinds=HONEST)


@pytest.mark.skipif(not LONG, reason="long form: 10,000 faults, 2 minutes")
@pytest.mark.parametrize("seed", [7, 9])
def test_no_silent_wrong_result_long(seed: int) -> None:
    """The same, ten thousand times in all."""
    sweep(sums, EXPECTED, 2500, seed=seed)
    sweep(engine, ENGINE, 2500, seed=seed, kinds=HONEST)


@pytest.mark.parametrize("kind", ["flip-body", "lie"])
def test_a_wrong_result_would_be_noticed(kind: str) -> None:
    """The judge is no rubber stamp: without its check the program is caught."""

    def careless(link: object, _keys: SessionKeys) -> int:
        told, _ = link.round("open", b"", b"12345678", 8, 0)  # type: ignore[attr-defined]
        return int.from_bytes(told, "little")

    expected = [int.from_bytes(b"12345678", "little")] * 3
    fault = Fault(kind, 0, 1, 0, 9)
    assert judge(trial(careless, fault), expected, fault)


@pytest.mark.parametrize("node", [0, 1, 2])
def test_a_killed_node_is_named_by_both(node: int) -> None:
    """Both others say which node fell silent, and hold both statements."""
    fault = Fault("kill", node, (node + 1) % 3, 2)
    made = trial(sums, fault, silence_s=5, deadline_s=20)
    for other in {0, 1, 2} - {node}:
        error = made.outcomes[other]
        assert isinstance(error, PrivShareError)
        assert (error.detail["rule"], error.detail["party"]) == ("mpc.silent", node)
        assert error.detail["by"] == sorted({0, 1, 2} - {node})


def test_kinds_are_all_in_the_sweep() -> None:
    """Each kind of fault comes, at each node and in each direction."""
    sizes = ({(a, b): 2 for a in range(3) for b in range(3) if a != b}, 2)
    count = 6 * 2 * (len(ON_THE_WIRE) + len(IN_A_NODE))
    seen = {(one.kind, one.node, one.to, one.nth) for one in faults(sizes, count, 1)}
    assert len(seen) == count
    assert mpc_faults.OTHER_JOB != mpc_faults.JOB
