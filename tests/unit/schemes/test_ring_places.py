"""Nothing tells a signer's place in the ring: neither bytes, nor structure, nor time.

That the numbers of a signature are uniform whoever signs is counted in full in
a small group (native/tests/exhaustive_ring.c), and that no branch and no address
depends on the place is Valgrind's finding (native/tests). Here the same is asked
of what Python calls, with statistics.

Bytes. So many signatures from each place, of the same statement, with fixed
randomness, so that the test always finds the same. For every bit and place the
ones are counted; under the claim each count is binomial, and the largest of all
deviations stays below what a million draws would show. The same for every
byte's values (chi-square).

Time (PRIVSHARE_LONG=1). Places take turns, in an order that is shuffled anew in
each round. After the slowest tenth is cut off, places are compared pairwise by
Welch's t, as in dudect (Reparaz, Balasch and Verbauwhede, DATE 2017), whose
limit is 4.5; ours is generous because machines are shared.
"""

from __future__ import annotations

import os
import random
import time
from itertools import combinations

import numpy as np
import pytest
from ring_kit import CONTEXT, MESSAGE, SCOPE, members, ring

from privshare.schemes.ring_signature import RingSignature, sign

PLACES = 4
SIGNATURES = 400
FIELD_BITS = 252

# One of 4 * 5 * 252 counts beyond 6 standard deviations: once in 10^5 tests.
LARGEST_Z = 6.0


def made(place: int, number: int, count: int = PLACES) -> RingSignature:
    """One signature; the randomness is its number."""
    return sign(
        MESSAGE,
        scope=SCOPE,
        context=CONTEXT,
        ring=ring(count),
        key=members(count)[place],
        form="lsag",
        rand=number.to_bytes(32, "big"),
    )


def test_structure() -> None:
    """One length from all places, no number twice, and no number of the ring's."""
    for count in (2, 5, 16):
        signatures = [made(place, 1, count) for place in range(count)]
        assert {len(one.to_bytes()) for one in signatures} == {35 + 32 * (count + 1)}
        words = [
            one.proof[i : i + 32]
            for one in signatures
            for i in range(0, len(one.proof), 32)
        ]
        assert len(set(words)) == len(words)
        assert set(words).isdisjoint(ring(count).keys)


def test_bytes() -> None:
    """Bits and bytes of c_0, s_0 … are the same coin from every place."""
    proofs = np.array(
        [
            [
                np.frombuffer(made(place, number).proof, np.uint8)
                for number in range(place * SIGNATURES, (place + 1) * SIGNATURES)
            ]
            for place in range(PLACES)
        ]
    )
    shape = (PLACES, SIGNATURES, PLACES + 1, 32)
    words = proofs.reshape(shape)
    bits = np.unpackbits(words, axis=-1, bitorder="little")[..., :FIELD_BITS]
    z = (bits.sum(axis=1) - SIGNATURES / 2) / np.sqrt(SIGNATURES / 4)
    assert np.abs(z).max() < LARGEST_Z
    # Sixteen values of the low half byte, each word and place on its own.
    nibbles = words[..., 0] % 16
    expected = SIGNATURES / 16
    for place in range(PLACES):
        for word in range(PLACES + 1):
            counts = np.bincount(nibbles[place, :, word], minlength=16)
            # Chi-square with 15 degrees of freedom exceeds 56 once in 10^6.
            assert ((counts - expected) ** 2 / expected).sum() < 56


def welch(a: np.ndarray, b: np.ndarray) -> float:
    """How many standard errors two means are apart."""
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return float(abs(a.mean() - b.mean()) / error)


@pytest.mark.skipif(
    os.environ.get("PRIVSHARE_LONG") != "1",
    reason="long form: statistics of time, set PRIVSHARE_LONG=1",
)
def test_time() -> None:
    """Signing takes as long from the first place as from the last."""
    count, rounds = 8, 1500
    times: list[list[int]] = [[] for _ in range(count)]
    order = list(range(count))
    for number in range(rounds):
        random.shuffle(order)
        for place in order:
            start = time.process_time_ns()
            made(place, number, count)
            times[place].append(time.process_time_ns() - start)
    kept = [np.sort(np.array(one[100:]))[: (rounds - 100) * 9 // 10] for one in times]
    worst = max(welch(a, b) for a, b in combinations(kept, 2))
    assert worst < 10, f"expected times without a place in them, found t = {worst:.1f}"
