"""A node that lies in one message of a job on shares is found, or hits nothing.

Every kind of message, errors in the field and in the ring, at each node.
"""

import os
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from mpc_cheat_kit import Cheat, Cheater, deal, held, keys, nodes, signed

from privshare.errors import PrivShareError
from privshare.jobs.mpc.checked import ring_soundness_bits
from privshare.jobs.mpc.checked_party import CheckedParty
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.ring import Shared, concat

LONG = os.environ.get("PRIVSHARE_LONG") == "1"
N = 6
LEFT = [5, -7, 100, 0, 2**29, -(2**29)]
RIGHT = [6, -7, -3, 1, 12345, 2**28]


def expected(ring: int) -> dict[str, list[int]]:
    """What the program below finds."""
    pairs = list(zip(LEFT, RIGHT, strict=True))
    return {
        "smaller": [min(x, y) for x, y in pairs],
        "shifted": [x * y >> 9 for x, y in pairs],
        "total": [sum(x * y for x, y in pairs) + 7],
        "matrix": [sum(LEFT[3 * i + k] * RIGHT[2 * k + j] for k in range(3))
                   for i in range(2) for j in range(2)],
    }  # fmt: skip


def program(party: Party, x: Shared, y: Shared) -> dict[str, list[int]]:
    """A comparison, a choice, a truncation, sums and matrices of products."""
    ring = x.ring
    bit = party.from_bits(party.less_than(x, y), ring).reshape(N)
    smaller = party.select(bit, x, y)
    shifted = party.truncate(party.multiply(x, y), 9, 60 if ring == 64 else 70)
    total = party.add_public(party.dot(x, y), 7).reshape(1)
    matrix = party.matmul(x.reshape(2, 3), y.reshape(3, 2)).reshape(4)
    found = signed(party.open(concat([smaller, shifted, total, matrix])), ring)
    return {
        "smaller": found[:N],
        "shifted": found[N : 2 * N],
        "total": found[2 * N : 2 * N + 1],
        "matrix": found[2 * N + 1 :],
    }


def job(kind: type, ring: int) -> Any:
    """What a node does."""
    dealt = deal(LEFT, ring, 1), deal(RIGHT, ring, 2)

    def work(link: Cheater) -> dict[str, list[int]]:
        party = kind(link, *keys(link.index))
        x, y = (party.input(held(one, link.index, ring)) for one in dealt)
        return program(party, x, y)

    return work


@pytest.mark.parametrize("ring", [64, 128])
@pytest.mark.parametrize("kind", [Party, CheckedParty])
def test_honest_nodes_find_what_is_right(kind: type, ring: int) -> None:
    """Both models and both rings give the plain result."""
    results, faults, _ = nodes(job(kind, ring))
    assert faults == [None] * 3
    assert results == [expected(ring)] * 3


def one_lie(kind: type, ring: int, draw: random.Random, sent: Any) -> tuple[Cheat, str]:
    """A run with one error: 'found', 'right' or 'wrong'."""
    labels = sorted({label for label, _ in sent})
    label = draw.choice(labels)
    number = draw.choice([i for i, (one, _) in enumerate(sent) if one == label])
    xor = label in ("and", "input", "open", "check zero") or label.startswith("check ")
    cheat = Cheat(
        node=draw.randrange(3),
        message=number,
        word=draw.randrange(sent[number][1] // 8),
        error=draw.choice([1, 2, 2**31, 2**63, draw.getrandbits(64) | 1]),
        xor=xor,
    )
    results, faults, _ = nodes(job(kind, ring), cheat)
    honest = [node for node in range(3) if node != cheat.node]
    assert cheat.label == label
    for fault in faults:
        assert fault is None or isinstance(fault, PrivShareError), repr(fault)
    if any(results[node] not in (None, expected(ring)) for node in honest):
        return cheat, "wrong"
    return cheat, "found" if any(faults[node] for node in honest) else "right"


@pytest.mark.parametrize("ring", [64, 128])
def test_every_lie_is_found(ring: int) -> None:
    """One error in one message, of every kind: never a wrong result.

    An error that is not found hit the upper bits of a value, which mean
    nothing.
    """
    draw, limbs = random.Random(ring), ring // 64 + 1
    _, _, links = nodes(job(CheckedParty, ring))
    ends: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    for _ in range(2000 if LONG else 40):
        cheat, end = one_lie(CheckedParty, ring, draw, links[0].sent)
        assert end != "wrong", cheat
        if end == "right":
            assert cheat.word % limbs == limbs - 1 and cheat.error >= 2**20, cheat
        ends[end] += 1
        labels[cheat.label or ""] += 1
    assert ends["found"] > 0.9 * sum(ends.values())
    assert labels.keys() >= {"and", "multiply", "dot", "matmul", "from bits", "open"}


def test_without_checks_lies_pass() -> None:
    """The same lies against the semi-honest model: wrong results, unseen."""
    draw = random.Random(4)
    _, _, links = nodes(job(Party, 64))
    ends = Counter(one_lie(Party, 64, draw, links[0].sent)[1] for _ in range(25))
    assert ends["wrong"] > 5


def test_an_error_of_r_times_is_as_good_as_any_other() -> None:
    """A lie in a product and another in its tag, of all ratios tried, fails."""

    class Twice(Cheater):
        ratio = 0

        def _said(self, label: str, data: Any) -> bytes:
            raw = super()._said(label, data)
            if label != "dot":
                return raw
            words = np.frombuffer(raw, np.uint64).copy()
            words[0] += np.uint64(1)  # the product
            words[2] += np.uint64(self.ratio)  # its tag
            return words.tobytes()

    dealt = deal(LEFT), deal(RIGHT)

    def work(link: Cheater) -> list[int]:
        used = Twice(link.inner) if link.index == 1 else link
        party = CheckedParty(used, *keys(link.index))
        x, y = (party.input(held(one, link.index)) for one in dealt)
        return signed(party.open(party.dot(x, y)), 64)

    for ratio in range(8):
        Twice.ratio = ratio
        _, faults, _ = nodes(work)
        found = faults[0] or faults[2]
        assert isinstance(found, PrivShareError)


@pytest.mark.parametrize("y", [8, 9])
def test_a_wrong_tag_that_passed_says_nothing_of_what_it_meets_later(y: int) -> None:
    """Its top bit is wrong: the next check fails half of the time, whatever y is."""

    class Top(Cheater):
        done = False

        def _said(self, label: str, data: Any) -> bytes:
            if label == "multiply" and not self.done:
                self.done = True
                # In place: it goes on with the piece that it told. The tag is of
                # a ring of 128 bits.
                data.reshape(-1)[1] ^= np.uint64(1 << 63)
            return super()._said(label, data)

    ends: Counter[str] = Counter()
    for run in range(48):

        def work(link: Cheater, run: int = run) -> str:
            used = Top(link.inner) if link.index == 1 else link
            party = CheckedParty(used, *keys(link.index))
            Party.random(party, (run,))  # other coins in each run
            x, z = (party.input(held(deal([n]), link.index)) for n in (3, y))
            square = party.multiply(x, x)
            try:
                party.check()
            except PrivShareError:
                return "first"
            try:
                party.open(party.multiply(square, z))
            except PrivShareError:
                return "second"
            return "never"

        results, _, _ = nodes(work)
        ends[results[0]] += 1
    # Half of all, and a quarter, within four standard deviations.
    assert abs(ends["first"] - 24) < 14
    assert 2 < ends["second"] < 24


def test_an_owner_that_deals_two_different_pieces_is_found() -> None:
    """The holders of a piece compare before anything is computed."""
    dealt = deal(LEFT)

    def work(link: Cheater) -> None:
        share = held(dealt, link.index)
        if link.index == 1:
            own = share.own.copy()
            own[3] += np.uint64(1)
            share = Shared(own, share.next, 64)
        CheckedParty(link, *keys(link.index)).input(share)

    _, faults, _ = nodes(work)
    assert isinstance(faults[1], PrivShareError)
    assert faults[1].detail["rule"] == "mpc.input"


def test_results_leave_only_after_a_check() -> None:
    """A false product is found when shares leave, not only at openings."""
    dealt = deal(LEFT), deal(RIGHT)

    def work(link: Cheater) -> Shared:
        party = CheckedParty(link, *keys(link.index))
        x, y = (party.input(held(one, link.index)) for one in dealt)
        return party.output(party.multiply(x, y))

    results, faults, _ = nodes(work)
    assert faults == [None] * 3
    total = sum((one.own for one in results), np.zeros(N, np.uint64))
    products = [x * y for x, y in zip(LEFT, RIGHT, strict=True)]
    assert signed(total, 64) == products
    _, faults, links = nodes(work, Cheat(2, 3, 1))
    assert links[2].sent[3][0] == "multiply"
    assert faults[0] is not None and faults[1] is not None


def test_the_bounds_of_the_ring() -> None:
    """About 60 bits, whatever the program's ring."""
    assert ring_soundness_bits() == pytest.approx(66 - np.log2(67))
