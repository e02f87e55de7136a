"""What one node sees of a job on shares is random; what two see is everything.

As docs/protocols/mpc.md, section 9, has it. The statistic is the chi-square of
bytes, which must also find a fault that is put in.
"""

from __future__ import annotations

import math
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from fault_network import DEEDS, RETURNS, ROWS, Network, asked, plain_sum
from fault_run import run
from joint_kit import NODES

from privshare.exchange.attester import JointOutcome, JointWork
from privshare.exchange.mpc_host import HostCompute
from privshare.jobs.mpc.checked_party import CheckedParty
from privshare.jobs.mpc.link import MemoryLink, run3
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.pieces import expand, split
from privshare.jobs.mpc.ring import Shared, limbs_of

#: A sound source fails one time in 10^9.
SIGMAS = 6.0
N = 256


def deviation(data: bytes) -> float:
    """How far counts of bytes are from equal, in standard deviations.

    Chi-square with 255 degrees of freedom, by Wilson and Hilferty's cube root.
    """
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    mean = len(data) / 256
    chi = float(((counts - mean) ** 2 / mean).sum())
    spread = 2 / (9 * 255)
    return ((chi / 255) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)


# -- what is dealt ------------------------------------------------------------


@pytest.mark.parametrize("ring", [64, 128])
@pytest.mark.parametrize("value", [0, -1, 12_345])
def test_what_one_node_is_dealt_is_uniform(ring: int, value: int) -> None:
    """Its two pieces, their sum and their difference, of a column that is constant."""
    count = 20_000
    elements = limbs_of([value] * count, ring)
    sealed = split(elements, secrets.token_bytes(32), secrets.token_bytes(32))
    pieces = [expand(i, sealed[i], count, ring) for i in range(3)]
    for node in range(3):
        own, following = pieces[node], pieces[(node + 1) % 3]
        for seen in (own, following, own + following, own - following, own ^ following):
            assert deviation(np.ascontiguousarray(seen).tobytes()) < SIGMAS


def test_the_statistic_finds_a_column_that_is_not_hidden() -> None:
    """Without its masks a column fails, so that the test above says something."""
    column = np.arange(20_000, dtype=np.uint64)
    assert deviation(column.tobytes()) > SIGMAS
    biased = np.frombuffer(secrets.token_bytes(160_000), np.uint8) & 0xFE
    assert deviation(biased.tobytes()) > SIGMAS


# -- what is received ---------------------------------------------------------


class Listening:
    """A link that keeps what comes, but for what is meant to be known."""

    def __init__(self, inner: MemoryLink) -> None:
        self.inner, self.index = inner, inner.index
        self.heard: list[bytes] = []

    def round(
        self, label: str, to_previous: Any, to_next: Any, before: int, after: int
    ) -> tuple[memoryview, memoryview]:
        """Pass on, and listen."""
        came = self.inner.round(label, to_previous, to_next, before, after)
        if not label.startswith(("open", "check", "input")):
            self.heard += [bytes(one) for one in came]
        return came

    def agree(self, label: str, digest: bytes) -> None:
        """As it is."""
        self.inner.agree(label, digest)

    def settle(self) -> bytes:
        """As it is."""
        return self.inner.settle()


def program(party: Party, x: Shared, y: Shared) -> None:
    """Products, a comparison, bits as numbers, a choice, a truncation, a matrix."""
    bit = party.from_bits(party.less_than(x, y), x.ring).reshape(N)
    product = party.multiply(x, y)
    party.truncate(party.select(bit, product, y), 7, 40)
    party.matmul(x.reshape(16, 16), y.reshape(16, 16))


def heard(kind: Callable[..., Party], value: int, times: int) -> list[bytes]:
    """What each node receives in so many runs on columns of one value."""
    column = limbs_of([value] * N, 64)
    found = [bytearray(), bytearray(), bytearray()]
    for _ in range(times):
        pairs = [secrets.token_bytes(32) for _ in range(3)]
        dealt = []
        for _ in range(2):
            sealed = split(column, secrets.token_bytes(32), secrets.token_bytes(32))
            dealt.append([expand(i, sealed[i], N, 64) for i in range(3)])

        def work(link: MemoryLink, pairs: Any = pairs, dealt: Any = dealt) -> bytes:
            ear, me, after = Listening(link), link.index, (link.index + 1) % 3
            party = kind(ear, pairs[me], pairs[after])
            x, y = (party.input(Shared(one[me], one[after], 64)) for one in dealt)
            program(party, x, y)
            return b"".join(ear.heard)

        for node, data in enumerate(run3(work)):
            found[node] += data
    return [bytes(one) for one in found]


@pytest.mark.parametrize("kind", [Party, CheckedParty])
@pytest.mark.parametrize("value", [0, 1, -(2**20)])
def test_what_one_node_receives_is_uniform(kind: Any, value: int) -> None:
    """All messages of products, comparisons, conversions and truncations."""
    for data in heard(kind, value, 4):
        assert len(data) > 50_000
        assert deviation(data) < SIGMAS


class Unmasked(Party):
    """Forgets its part of the sharing of zero."""

    def _zero(self, shape: Any, ring: int) -> Any:
        return np.zeros_like(super()._zero(shape, ring))


def test_the_statistic_finds_products_without_masks() -> None:
    """A node that does not mask what it sends is found."""
    assert max(deviation(one) for one in heard(Unmasked, 0, 4)) > SIGMAS


# -- two nodes together -------------------------------------------------------


@pytest.fixture
def seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[JointWork, JointOutcome]]]:
    """What each node was dealt, and what it had at the end of a whole job."""
    found: list[tuple[JointWork, JointOutcome]] = []
    true = HostCompute.run

    def watched(self: HostCompute, work: JointWork, notary: Any) -> JointOutcome:
        outcome = true(self, work, notary)
        found.append((work, outcome))
        return outcome

    monkeypatch.setattr(HostCompute, "run", watched)
    network = Network(tmp_path)
    network.ready("sum")
    (job,) = run(network, asked(), between=None).ended
    assert job.phase == "done"
    yield sorted(found, key=lambda one: one[0].index)
    network.close()


def opened(pieces: list[Any]) -> list[int]:
    """What three pieces of integers add up to."""
    total = sum(pieces[1:], pieces[0])
    return [int(one) for one in total.astype(np.int64).reshape(-1)]


def test_two_nodes_together_know_the_columns_and_the_result(seen: Any) -> None:
    """Whichever two they are; and no node has a third piece of anything."""
    columns = {
        RETURNS: [i * 1_000 + 25 for i in range(ROWS)],
        DEEDS: [i * 1_000 + 25 for i in range(100, 100 + ROWS)],
    }
    assert [work.index for work, _ in seen] == [0, 1, 2]
    for node in range(3):
        (mine, _), (other, _) = seen[node], seen[(node + 1) % 3]
        for one, two in zip(mine.pieces, other.pieces, strict=True):
            assert one.next == two.own  # the piece that both hold
            numbers = node, (node + 1) % 3, (node + 2) % 3
            held = one.own, one.next, two.next
            pieces = [
                expand(number, piece, ROWS, 64)
                for number, piece in zip(numbers, held, strict=True)
            ]
            assert opened(pieces) == columns[one.dataset]
            assert two.next not in (one.own, one.next)
    total = round(float(plain_sum()["sum"]) * 100)
    for node in range(3):
        (_, first), (_, second) = seen[node], seen[(node + 1) % 3]
        salted = first.own, first.next, second.next
        words = [np.frombuffer(one[32:], np.uint64) for one in salted]
        assert opened(words)[0] == total
    assert len(NODES) == 3
