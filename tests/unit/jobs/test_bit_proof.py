"""Proofs about bits: true ones pass, false gates and changed words do not."""

import random
from typing import Any

import numpy as np
import pytest
from mpc_cheat_kit import Cheat, Cheater, keys, nodes

from privshare.errors import PrivShareError
from privshare.jobs.mpc.bit_proof import BitProof, soundness_bits
from privshare.jobs.mpc.stream import Stream


def gates(n_words: int, seed: int, wrong: dict[int, int] | None = None) -> list[Any]:
    """For each node what it records; `wrong` adds errors to what a node says."""
    draw = np.random.default_rng(seed)
    x, y, r = (draw.integers(0, 2**64, (3, n_words), np.uint64) for _ in range(3))
    z = []
    for i in range(3):
        j = (i + 1) % 3
        z.append((x[i] & (y[i] ^ y[j])) ^ (x[j] & y[i]) ^ r[i] ^ r[j])
    for node, error in (wrong or {}).items():
        at = draw.integers(0, n_words)
        z[node][at] ^= np.uint64(error)
    made = []
    for i in range(3):
        j = (i + 1) % 3
        made.append(((x[i], x[j]), (y[i], y[j]), z[j], (r[i], r[j])))
    return made


def prove(
    recorded: list[Any], cheat: Cheat | None = None
) -> tuple[list[BaseException | None], list[Cheater]]:
    """All three prove."""

    def work(link: Cheater) -> None:
        proof = BitProof(link, *keys(link.index))
        proof.record(*recorded[link.index])
        proof.finish()

    _, faults, links = nodes(work, cheat)
    return faults, links


@pytest.mark.parametrize("n_words", [1, 2, 63, 64, 65, 200, 1000, 4097])
def test_true_gates_pass(n_words: int) -> None:
    """An honest proof is accepted, whatever the number of words."""
    faults, _ = prove(gates(n_words, n_words))
    assert faults == [None, None, None]


def test_one_false_bit_is_found() -> None:
    """One false bit among many gates, at each node, at random places."""
    draw = random.Random(3)
    for run in range(60):
        node = run % 3
        recorded = gates(draw.choice([1, 70, 300]), run, {node: 1 << run})
        faults, _ = prove(recorded)
        found = faults[(node + 1) % 3]
        assert isinstance(found, PrivShareError)
        assert found.detail["rule"] == "mpc.check"
        assert node in found.detail["suspects"]


def test_many_false_bits_are_found() -> None:
    """Errors that cancel in a sum of bits are found all the same."""
    for run in range(10):
        faults, _ = prove(gates(130, run, {run % 3: 3}))
        assert faults[(run + 1) % 3] is not None


def test_every_word_of_a_proof_counts() -> None:
    """Any word of any message of the proof, changed, ends it with an error.

    Node 1 changes it and otherwise follows the protocol. Where it spoils a
    proof that it verifies itself, it is the one that says so.
    """
    recorded = gates(70, 5)
    faults, links = prove(recorded)
    assert faults == [None, None, None]
    sent = links[1].sent
    draw = random.Random(11)
    tried = 0
    for number, (label, size) in enumerate(sent):
        n = size // 8
        places = range(n) if n < 30 else draw.sample(range(n), 25)
        for word in places:
            cheat = Cheat(1, number, word, 1 << draw.randrange(64), xor=True)
            faults, _ = prove(recorded, cheat)
            assert cheat.label == label
            assert any(faults), (label, word)
            tried += 1
    assert tried > 100


def test_a_verifier_that_tells_false_challenges_learns_nothing() -> None:
    """Node 1, right of node 0's proof, does not complain itself; node 2 stops.

    Otherwise node 2 would tell it a sum over bits of which it knows no piece.
    """
    recorded = gates(70, 5)
    _, links = prove(recorded)
    challenges = [
        number
        for number, (label, _) in enumerate(links[1].sent)
        if label in ("check weights", "check bits at", "check fold at")
    ]
    assert len(challenges) >= 6
    # Each is said to the previous node first, and then to the next one.
    for number in challenges[::2]:
        for word in range(links[1].sent[number][1] // 8):
            faults, liars = prove(recorded, Cheat(1, number, word, 1, xor=True))
            found = faults[2]
            assert isinstance(found, PrivShareError)
            assert found.detail["rule"] == "mpc.check"
            assert 1 in found.detail["suspects"]
            assert "check product" not in dict(liars[2].sent)


def test_what_is_sent_looks_random() -> None:
    """Of gates that are all 0, no message of the proof shows it."""
    zero = np.zeros(64, np.uint64)
    seen: list[np.ndarray] = []

    class Tap:
        def __init__(self, link: Cheater) -> None:
            self.inner, self.index = link, link.index

        def round(self, label: str, first: Any, second: Any, *sizes: int) -> Any:
            for data in (first, second):
                if len(data):
                    seen.append(np.frombuffer(bytes(data), np.uint8))
            return self.inner.round(label, first, second, *sizes)

    def work(link: Cheater) -> None:
        masks = tuple(Stream(key).words((64,)) for key in keys(link.index))
        proof = BitProof(Tap(link), *keys(link.index))  # type: ignore[arg-type]
        came = Stream(keys((link.index + 1) % 3)[1]).words((64,)) ^ masks[1]
        proof.record((zero, zero), (zero, zero), came, masks)  # type: ignore[arg-type]
        proof.finish()

    _, faults, _ = nodes(work)
    assert faults == [None, None, None]
    bits = np.unpackbits(np.concatenate(seen))
    assert bits.size > 100_000
    # Five standard deviations of a fair coin.
    assert abs(int(bits.sum()) - bits.size / 2) < 2.5 * bits.size**0.5


def test_the_bound_is_the_sum_of_its_parts() -> None:
    """59 bits or more, up to 2^26 gates."""
    assert soundness_bits(64) == pytest.approx(64 - np.log2(15 + 18))
    assert soundness_bits(2**26) == pytest.approx(64 - np.log2(15 + 42))
