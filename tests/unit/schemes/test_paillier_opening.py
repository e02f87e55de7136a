"""Batched openings: what one by one would refuse, the batch refuses, by name."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from privshare.bindings.paillier import PrivateCore, PublicCore
from privshare.errors import OutOfRange, ProofInvalid
from privshare.schemes.paillier_opening import (
    MIN_BATCH,
    Opening,
    verify_openings,
    verify_openings_with,
)

# Two primes of 256 bits: small enough to be quick, with no small factor.
P = 2**256 - 189
Q = 2**255 - 31
N = P * Q
RAND = bytes(range(32))


@pytest.fixture(scope="module")
def openings() -> list[Opening]:
    """Twenty true openings, of numbers near every edge."""
    core = PrivateCore.unsafe_any_size(P, Q).public
    rng = random.Random(7)
    edges = [0, 1, -1, (N - 1) // 2, -(N - 1) // 2 + 1]
    numbers = edges + [rng.randrange(-(10**9), 10**9) for _ in range(15)]
    made = []
    for m in numbers:
        r = rng.randrange(1, N)
        made.append(Opening(core.encrypt(m % N, r), m, r))
    return made


@pytest.mark.parametrize("count", [0, 1, MIN_BATCH - 1, MIN_BATCH, 20])
def test_true_openings_hold(openings: list[Opening], count: int) -> None:
    """Any number of true openings passes, with fresh randomness and with given."""
    verify_openings(N, openings[:count])
    verify_openings_with(N, openings[:count], RAND)


@pytest.mark.parametrize("position", [0, 4, 19])
@pytest.mark.parametrize(
    "lie",
    [
        lambda one: replace(one, m=one.m + 1 if one.m <= 0 else one.m - 1),
        lambda one: replace(one, r=one.r + 1),
        lambda one: replace(one, c=one.c[:-1] + bytes([one.c[-1] ^ 1])),
    ],
)
def test_one_lie_among_twenty_is_named(
    openings: list[Opening], position: int, lie: object
) -> None:
    """The batch fails, and the one that is wrong is said."""
    changed = list(openings)
    changed[position] = lie(openings[position])  # type: ignore[operator]
    with pytest.raises(ProofInvalid) as caught:
        verify_openings(N, changed)
    assert caught.value.detail["positions"] == [position]


def test_lies_that_cancel_out_are_found(openings: list[Opening]) -> None:
    """Two errors that a plain sum would hide do not cancel under random weights."""
    changed = list(openings)
    changed[6] = replace(openings[6], m=openings[6].m + 5)
    changed[7] = replace(openings[7], m=openings[7].m - 5)
    for _ in range(20):
        with pytest.raises(ProofInvalid) as caught:
            verify_openings(N, changed)
        assert caught.value.detail["positions"] == [6, 7]


def test_swapped_openings_are_found(openings: list[Opening]) -> None:
    """True openings of each other's ciphertexts are lies."""
    changed = list(openings)
    changed[8] = replace(openings[8], m=openings[9].m, r=openings[9].r)
    changed[9] = replace(openings[9], m=openings[8].m, r=openings[8].r)
    with pytest.raises(ProofInvalid) as caught:
        verify_openings(N, changed)
    assert caught.value.detail["positions"] == [8, 9]


@pytest.mark.parametrize(
    "outside",
    [
        {"r": 0},
        {"r": N},
        {"r": P},
        {"m": (N + 1) // 2},
        {"m": -N},
        {"c": bytes(128)},
        {"c": (N * N).to_bytes(129, "big")[-128:]},
        {"c": P.to_bytes(128, "big")},
        {"c": b"\1"},
    ],
)
def test_numbers_outside_are_refused(
    openings: list[Opening], outside: dict[str, object]
) -> None:
    """Zero, too large, or with a factor of n: none reaches the equation."""
    changed = list(openings)
    changed[3] = replace(openings[3], **outside)  # type: ignore[arg-type]
    with pytest.raises((OutOfRange, ProofInvalid)) as caught:
        verify_openings(N, changed)
    assert caught.value.detail["positions"] == [3]


@pytest.mark.parametrize("n", [0, 1, 2, -15, 2**512])
def test_an_even_or_tiny_modulus_is_refused(n: int) -> None:
    """What cannot be a modulus is said to be none."""
    with pytest.raises(OutOfRange):
        verify_openings(n, [])


def test_many_lies_cost_little_and_a_few_are_named(openings: list[Opening]) -> None:
    """Of twenty wrong claims the first eight are named."""
    changed = [replace(one, r=one.r + 1) for one in openings]
    with pytest.raises(ProofInvalid, match="and more") as caught:
        verify_openings(N, changed)
    assert caught.value.detail["positions"] == list(range(8))


def test_a_factor_that_divides_weights_does_not_help() -> None:
    """A lie of n / f passes a round when f divides its weight; no round may be
    failed, so that even f = 5 helps nobody."""
    n = 5 * Q
    core = PublicCore.unsafe_any_size(n)
    size = core.n_bytes
    honest = [Opening(core.encrypt(m, r), m, r) for m, r in ((1, 2), (3, 4), (6, 7))]
    lie = replace(honest[1], m=honest[1].m + Q)
    for seed in range(60):
        rand = seed.to_bytes(32, "big")
        verify_openings_with(n, honest, rand)
        with pytest.raises(ProofInvalid) as caught:
            verify_openings_with(n, [honest[0], lie, honest[2]], rand)
        assert caught.value.detail["positions"] == [1]
    assert core.encrypt(lie.m, lie.r) != lie.c and len(lie.c) == 2 * size
