"""Noise of three nodes under shares: it adds up, and nobody sees the others'."""

from __future__ import annotations

import doctest
import math
import sys
import threading
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2]))

import noise_kit as kit

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.mpc import noise
from privshare.rights.mechanism import Mechanism


class Wire:
    """A link between three threads, which remembers what it carried."""

    def __init__(self, index: int, queues: dict[tuple[int, int], Queue[bytes]]) -> None:
        self.index, self._queues = index, queues
        self.seen: list[bytes] = []

    def round(
        self,
        label: str,
        to_previous: bytes,
        to_next: bytes,
        from_previous: int,
        from_next: int,
    ) -> tuple[bytes, bytes]:
        """Send both, receive both."""
        before, after = (self.index - 1) % 3, (self.index + 1) % 3
        self._queues[self.index, before].put(to_previous)
        self._queues[self.index, after].put(to_next)
        got = (
            self._queues[before, self.index].get(timeout=10),
            self._queues[after, self.index].get(timeout=10),
        )
        self.seen += got
        return got


def run(drawn: list[list[int]], ring: int) -> tuple[list[Any], list[Wire]]:
    """Three nodes share what each drew."""
    queues: dict[tuple[int, int], Queue[bytes]] = {
        (i, j): Queue() for i in range(3) for j in range(3)
    }
    wires, held = [Wire(i, queues) for i in range(3)], [None] * 3

    def node(i: int) -> None:
        rand = kit.Stream(f"pieces {i}")
        held[i] = noise.share(wires[i], drawn[i], ring, rand)  # type: ignore[call-overload]

    threads = [threading.Thread(target=node, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return held, wires


def mechanism(**changes: Any) -> Mechanism:
    """A noisy histogram of counts."""
    fields: dict[str, Any] = {
        "statistic": "histogram",
        "mech": "dgauss",
        "level": 10_000,
        "delta": 40,
        "low": 0,
        "high": 1,
        "cells": 4_000,
        "rows": 1,
        "honest": 2,
    }
    return Mechanism(**(fields | changes))


@pytest.mark.parametrize("ring", [64, 128])
def test_the_noise_of_three_nodes_adds_up(ring: int) -> None:
    """Each pair of nodes holds equal pieces, and their sum is everybody's noise."""
    drawn = [[5, -3, 1 << 50, 0], [-(1 << 61), 2, -9, 0], [1, 1, 1, 0]]
    held, _ = run(drawn, ring)
    for i in range(3):
        assert (held[i].next == held[(i + 1) % 3].own).all()
    total = noise.reconstruct((held[0].own, held[1].own, held[2].own), ring)
    assert total == [sum(numbers) for numbers in zip(*drawn, strict=True)]


@given(
    st.sampled_from((64, 128)),
    st.lists(st.integers(-(1 << 62), 1 << 62), max_size=5),
)
def test_pieces_add_up_to_the_numbers(ring: int, numbers: list[int]) -> None:
    """Also with carries between limbs, and negative numbers."""
    assert noise.reconstruct(noise.deal(numbers, ring), ring) == numbers


def test_what_a_node_sees_of_the_others_is_uniform() -> None:
    """Bits of what came over the wire, for noise that is all zero."""
    _, wires = run([[0] * 4_000 for _ in range(3)], 64)
    for wire in wires:
        bits = np.unpackbits(np.frombuffer(b"".join(wire.seen), np.uint8))
        miss = abs(int(bits.sum()) - len(bits) / 2)
        assert miss <= 4 * math.sqrt(len(bits)) / 2


@pytest.mark.parametrize("mech", ["dgauss", "dlaplace"])
def test_the_result_has_the_declared_noise(mech: str) -> None:
    """4,000 cells of three nodes: variance and interval as `explain` says."""
    laplace = {"mech": mech, "delta": None, "level": 200_000}
    asked = mechanism(**(laplace if mech == "dlaplace" else {}))
    drawn = [noise.prepare(asked, kit.Stream(f"node {i}")) for i in range(3)]
    held, _ = run(drawn, 64)
    total = noise.reconstruct((held[0].own, held[1].own, held[2].own), 64)
    variance = sum(x * x for x in total) / len(total)
    assert abs(variance / float(asked.noise.variance(3)) - 1) < 0.15
    within = sum(abs(x) <= asked.error95() for x in total) / len(total)
    assert 0.94 < within < 0.965
    assert max(map(abs, total)) < noise.headroom(asked)


def test_refusals() -> None:
    """Noise for one party, another ring, bytes of another length."""
    with pytest.raises(OutOfRange):
        noise.prepare(mechanism(honest=1))
    with pytest.raises(OutOfRange):
        noise.deal([1], 32)

    class Short(Wire):
        def round(self, *_: Any) -> tuple[bytes, bytes]:
            return b"", b""

    with pytest.raises(EncodingError, match="expected 16 bytes of noise, found 0"):
        noise.share(Short(0, {}), [1], 64)


def test_the_examples_of_the_module_run() -> None:
    """What its head shows is so."""
    result = doctest.testmod(noise)
    assert result.attempted > 0 and result.failed == 0
