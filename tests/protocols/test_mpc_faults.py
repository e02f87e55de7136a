"""Whatever one message or one node does, nobody ends with a wrong result."""

from __future__ import annotations

import collections
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import mpc_faults
import pytest
from mpc_faults import IN_A_NODE, ON_THE_WIRE, Fault, faults, judge, traffic, trial

from privshare.errors import PrivShareError
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.session_key import SessionKeys

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


def sweep(count: int, seed: int) -> collections.Counter[str]:
    """Run many faults, some at a time: most of the time is waiting for silence."""
    found: collections.Counter[str] = collections.Counter()
    sizes = traffic(sums)

    def one(fault: Fault) -> list[str]:
        made = trial(sums, fault)
        for outcome in made.outcomes:
            rule = "right"
            if isinstance(outcome, PrivShareError):
                rule = str(outcome.detail.get("rule"))
            found[rule] += 1
        late = [f"{fault}: took {made.seconds:.1f} s"] if made.seconds > 10 else []
        return judge(made, EXPECTED, fault) + late

    with ThreadPoolExecutor(32) as pool:
        wrong = [
            line
            for lines in pool.map(one, faults(sizes, count, seed))
            for line in lines
        ]
    assert not wrong, wrong[:10]
    return found


def test_without_a_fault_all_are_right() -> None:
    """The program itself is right at all three."""
    made = trial(sums)
    assert made.outcomes == EXPECTED
    assert not judge(made, EXPECTED, None)


def test_no_silent_wrong_result() -> None:
    """Faults of each kind at each place end in the right answer or a rule."""
    found = sweep(800, seed=6)
    assert {"right", "mpc.frame", "mpc.order", "mpc.silent"} <= set(found)


@pytest.mark.skipif(not LONG, reason="long form: 10,000 faults, 2 minutes")
def test_no_silent_wrong_result_long() -> None:
    """The same, ten thousand times."""
    sweep(10_000, seed=7)


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
    made = trial(sums, Fault("kill", node, (node + 1) % 3, 2))
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
