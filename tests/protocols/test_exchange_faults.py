"""Whatever goes wrong between four nodes: the right answer, or an end with a name.

The long form is 2,000 jobs; by hand, as many as one likes (PRIVSHARE_FAULTS=10000).
Of these, 60 in 100 have a fault in a message or in a whole node, 10 run in pairs
whose messages are mixed up, and 30 have one in a node's part of the computing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from fault_engine import ENGINE, Strike, engine_faults
from fault_messages import (
    BYTES,
    FIELD,
    NODE,
    WHOLE,
    Fault,
    Meddler,
    Script,
    Swap,
    faults,
    swaps,
)
from fault_network import RETURNS, Network, asked, near, noisy, plain_sum
from fault_run import Books, judge, left, leftovers, output_of, run

from privshare.exchange import privacy, tee_release

CHECKED = "malicious-abort"
LONG = os.environ.get("PRIVSHARE_LONG") == "1"
COUNT = int(os.environ.get("PRIVSHARE_FAULTS", "2000" if LONG else "80"))
#: Enough of all budgets for all runs: what is counted is that none is lost.
ROOM = 10**15
MESSAGES, PAIRS, COMPUTING = COUNT * 60 // 100, COUNT // 20, COUNT * 15 // 100


pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """One consortium for all runs."""
    patch = pytest.MonkeyPatch()
    patch.setattr(tee_release, "_PAUSE_S", 0.01)
    made = Network(tmp_path_factory.mktemp("faults"))
    made.ready("sum", "variance", budget=ROOM)
    privacy.open_account(made["tax"], RETURNS, ROOM)
    yield made
    made.close()
    patch.undo()


@pytest.fixture(scope="module")
def books() -> Books:
    """What the ledger must say, over all runs of this file."""
    return Books()


@pytest.fixture(scope="module")
def scripts(network: Network, books: Books) -> tuple[Script, Script]:
    """Two jobs that went well, as they were spoken."""
    made = Script(), Script()
    for script in made:
        assert not judge(
            network, run(network, asked(), between=script), plain_sum(), books
        )
    return made


def test_one_fault_in_a_job_is_no_wrong_result(
    network: Network, books: Books, scripts: tuple[Script, Script]
) -> None:
    """Every field of every message, and every node at every message, in turn."""
    older, script = scripts
    before, hit, seen = left(), 0, Counter[str]()
    complaints: list[tuple[Fault, list[str]]] = []
    for number, fault in enumerate(faults(script, MESSAGES, seed=COUNT)):
        meddler = Meddler(fault, older)
        wanted = asked() if number % 3 else noisy()
        expected = near(wanted) if wanted.noise else plain_sum()
        made = run(network, wanted, between=meddler)
        meddler.after(network)
        if wrong := judge(network, made, expected, books):
            complaints.append((fault, wrong))
        hit += meddler.hit
        seen[fault.how] += 1
        network.forget()
    assert not complaints
    assert leftovers(network, before) == []
    assert hit > 0.9 * MESSAGES
    assert books.ends["done"] > 2 and sum(books.ends.values()) > books.ends["done"]
    if COUNT >= 1000:
        assert set(seen) >= {*FIELD, *BYTES, *WHOLE, *NODE}


def test_messages_of_two_jobs_at_once_are_not_mixed_up(
    network: Network, books: Books, scripts: tuple[Script, Script]
) -> None:
    """A body, an answer, a specification or a path of the other job ends one."""
    before, hit = left(), 0
    for place, what in swaps(scripts[1], PAIRS, seed=COUNT):
        swap = Swap(place, what)
        made = run(network, asked(), asked(), between=swap)
        assert not judge(network, made, plain_sum(), books), (place, what)
        hit += swap.hit
        network.forget()
    assert leftovers(network, before) == []
    assert hit > PAIRS / 2


@pytest.mark.parametrize("program", ["sum", "variance"])
def test_a_node_that_fails_while_it_computes_gives_no_wrong_result(
    network: Network, books: Books, program: str
) -> None:
    """Lies, ends, silence and strangers' bytes, at each node, in each round."""
    strike = Strike(network, None)
    honest = run(network, asked(program, model=CHECKED), between=None)
    (job,) = honest.ended
    assert job.phase == "done"
    expected = output_of(job)
    assert expected["sum"] == plain_sum()["sum"]
    assert not judge(network, honest, expected, books)
    rounds, before, seen = strike.links[0].rounds, left(), Counter[str]()
    for fault in engine_faults(rounds, COMPUTING, seed=COUNT):
        Strike(network, fault)
        made = run(network, asked(program, model=CHECKED), between=None)
        assert not judge(network, made, expected, books), fault
        seen[fault.how] += made.ended[0].phase == "failed"
        network.forget()
    network.wire = None
    assert leftovers(network, before) == []
    if COUNT >= 1000:
        assert all(seen[how] for how in ENGINE)
