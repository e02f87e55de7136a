"""Whatever goes wrong between four nodes: the right answer, or an end with a name.

Fifty jobs here, 2,000 in the long form; CI, and who likes, sweeps with
`fault_sweep.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from fault_messages import BYTES, FIELD, NODE, WHOLE, every, faults
from fault_run import left, leftovers
from fault_sweep import Sweep, hurry

from privshare.exchange import tee_release

LONG = os.environ.get("PRIVSHARE_LONG") == "1"
COUNT = 2000 if LONG else 50
MESSAGES, PAIRS, COMPUTING = COUNT * 60 // 100, COUNT // 12, COUNT * 15 // 100

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    """One consortium for all runs; its ledger is judged after each."""
    pause = tee_release._PAUSE_S
    hurry()
    made = Sweep.prepared(tmp_path_factory.mktemp("faults"))
    yield made
    made.network.close()
    tee_release._PAUSE_S = pause


def test_one_fault_in_a_job_is_no_wrong_result(sweep: Sweep) -> None:
    """Every field of every message, and every node at every message, in turn."""
    before, hit = left(), sweep.hit
    assert list(sweep.messages(MESSAGES, seed=COUNT)) == []
    assert leftovers(sweep.network, before) == []
    assert sweep.hit - hit > 0.9 * MESSAGES
    ends = sweep.books.ends
    assert 2 < ends["done"] < sum(ends.values())


def test_messages_of_two_jobs_at_once_are_not_mixed_up(sweep: Sweep) -> None:
    """A body, an answer, a specification or a path of the other job ends one."""
    before, hit = left(), sweep.hit
    assert list(sweep.pairs(PAIRS, seed=COUNT)) == []
    assert leftovers(sweep.network, before) == []
    assert sweep.hit - hit > PAIRS / 2


@pytest.mark.parametrize("program", ["sum", "variance"])
def test_a_node_that_fails_while_it_computes_gives_no_wrong_result(
    sweep: Sweep, program: str
) -> None:
    """Lies, ends, silence and strangers' bytes, at each node, in each round."""
    before = left()
    assert list(sweep.computing(program, COMPUTING, seed=COUNT)) == []
    assert leftovers(sweep.network, before) == []


def test_every_kind_of_fault_comes_at_every_message(sweep: Sweep) -> None:
    """What there is to break is broken: the sweep leaves out nothing."""
    listed = every(sweep.script)
    places = set(sweep.script.spoken)
    assert {place[0] for place in places} >= {
        "appraisal",
        "attestation",
        "datasets",
        "nonce",
        "releases",
        "run",
        "sealed",
    }
    hows = {one.how for kind in listed.values() for one in kind}
    assert hows == {*FIELD, *BYTES, *WHOLE, *NODE}
    for place in places:
        assert any(place == one.place for kind in listed.values() for one in kind)
    drawn = list(faults(sweep.script, 100 * len(listed), 1))
    assert {one.how for one in drawn} == hows
