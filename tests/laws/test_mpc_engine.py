"""The engine on shares: its operations equal those on plain integers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.errors import OutOfRange, VerificationError
from privshare.jobs.mpc.circuit import low_carries, wrapped
from privshare.jobs.mpc.link import MemoryLink, run3
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.pieces import expand, split
from privshare.jobs.mpc.ring import Bits, Shared, limbs_of, to_rows, words_for

KEYS = [hashlib.sha256(b"pair %d" % number).digest() for number in range(3)]
SEEDS = (b"\1" * 32, b"\2" * 32)
RINGS = [64, 128]


def party(link: MemoryLink) -> Party:
    """A node of three."""
    return Party(link, KEYS[(link.index + 2) % 3], KEYS[link.index])


def dealt(values: Sequence[int], ring: int) -> Callable[[int], Shared]:
    """Shares of integers, by node."""
    pieces = split(limbs_of(list(values), ring), *SEEDS)
    three = [expand(i, piece, len(values), ring) for i, piece in enumerate(pieces)]
    return lambda index: Shared(three[index], three[(index + 1) % 3], ring)


def signed(limbs: Any, ring: int) -> list[int]:
    """Opened elements as signed integers."""
    flat = np.asarray(limbs).reshape(-1, ring // 64).tolist()
    whole = [sum(part << 64 * i for i, part in enumerate(parts)) for parts in flat]
    return [one - (1 << ring) if one >> (ring - 1) else one for one in whole]


def wrap(value: int, ring: int) -> int:
    """An integer as the ring has it, signed."""
    value %= 1 << ring
    return value - (1 << ring) if value >> (ring - 1) else value


def opened(
    work: Callable[[Party, Callable[[Any], list[int]]], list[int]], ring: int
) -> list[int]:
    """What all three nodes open, which is the same."""

    def one(link: MemoryLink) -> list[int]:
        node = party(link)
        return work(node, lambda shared: signed(node.open(shared), ring))

    results = run3(one)
    assert results[0] == results[1] == results[2]
    return results[0]


def numbers(ring: int, room: int = 0) -> st.SearchStrategy[list[int]]:
    """Lists of integers that lean to the edges."""
    top = 1 << (ring - 1 - room)
    edges = [0, 1, -1, 2, -2, top - 1, -top, top >> 1, -(top >> 1), (1 << 32) - 1]
    one = st.one_of(st.sampled_from(edges), st.integers(-top, top - 1))
    return st.lists(one, min_size=1, max_size=70)


@pytest.mark.parametrize("ring", RINGS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_products_are_those_of_the_ring(ring: int, data: st.DataObject) -> None:
    """Element by element, summed, and of matrices."""
    x = data.draw(numbers(ring))
    y = data.draw(st.permutations(x))
    a, b, n = dealt(x, ring), dealt(y, ring), len(x)

    def work(node: Party, show: Callable[[Any], list[int]]) -> list[int]:
        one, other = a(node.index), b(node.index)
        inner = node.matmul(one.reshape(1, n), other.reshape(n, 1)).reshape(1)
        return [
            *show(node.multiply(one, other)),
            *show(node.dot(one, other).reshape(1)),
            *show(inner),
            *show(node.add_public(one.scale(-3), 7).sum().reshape(1)),
        ]

    total = sum(p * q for p, q in zip(x, y, strict=True))
    expected = [p * q for p, q in zip(x, y, strict=True)]
    expected += [total, total, sum(7 - 3 * p for p in x)]
    assert opened(work, ring) == [wrap(one, ring) for one in expected]


@pytest.mark.parametrize("ring", RINGS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_bits_are_those_of_the_number(ring: int, data: st.DataObject) -> None:
    """Signs, comparisons, all bits, and bits as numbers."""
    x = data.draw(numbers(ring))
    y = data.draw(st.lists(st.sampled_from(x), min_size=len(x), max_size=len(x)))
    x, y = [one >> 1 for one in x], [one >> 1 for one in y]  # the difference fits
    a, b = dealt(x, ring), dealt(y, ring)

    def work(node: Party, show: Callable[[Any], list[int]]) -> list[int]:
        one, other = a(node.index), b(node.index)
        rows = node.from_bits(node.to_bits(one), ring)
        signs = node.from_bits(node.sign(one), ring)
        less = node.from_bits(node.less_than(one, other), ring)
        ones = node.count_bits(node.less_than(one, other), ring)
        return [*show(rows), *show(signs), *show(less), *show(ones)]

    unsigned = [one % (1 << ring) for one in x]
    expected = [one >> bit & 1 for bit in range(ring) for one in unsigned]
    expected += [int(one < 0) for one in x]
    less = [int(p < q) for p, q in zip(x, y, strict=True)]
    assert opened(work, ring) == [*expected, *less, sum(less)]


@pytest.mark.parametrize("ring", RINGS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_truncation_is_the_floor(ring: int, data: st.DataObject) -> None:
    """Of any size within the bound, by any number of bits."""
    bound = data.draw(st.integers(1, ring - 4))
    cut = data.draw(st.integers(1, bound))
    top = (1 << bound) - 1
    edges = st.sampled_from([0, 1, -1, top, -top, top >> 1, 1 - (1 << cut), -1 << cut])
    clipped = edges.map(lambda one: max(-top, min(top, one)))
    x = data.draw(st.lists(clipped | st.integers(-top, top), min_size=1, max_size=40))
    a = dealt(x, ring)
    found = opened(
        lambda node, show: show(node.truncate(a(node.index), cut, bound)), ring
    )
    assert found == [one >> cut for one in x]


@pytest.mark.parametrize("ring", RINGS)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_several_truncations_are_floors(ring: int, data: st.DataObject) -> None:
    """Each by its own number of bits."""
    bound = ring - 4
    cuts = data.draw(st.lists(st.integers(1, bound), min_size=1, max_size=3))
    top = (1 << bound) - 1
    x = data.draw(st.lists(st.integers(-top, top), min_size=1, max_size=8))
    a = dealt(x, ring)
    found = opened(
        lambda node, show: [
            value
            for one in node.truncate_each(
                *((a(node.index), cut, bound) for cut in cuts)
            )
            for value in show(one)
        ],
        ring,
    )
    assert found == [one >> cut for cut in cuts for one in x]


def test_several_truncations_wait_as_often_as_one() -> None:
    """Their circuits and their bits go side by side."""
    a = dealt([5, -7], 128)

    def rounds(link: MemoryLink) -> tuple[int, int]:
        node, x = party(link), a(link.index)
        node.truncate(x, 90, 100)
        one = link.rounds
        node.truncate_each((x, 90, 100), (x, 20, 30), (x, 5, 90))
        return one, link.rounds - one

    ((one, three), *_) = run3(rounds)
    assert three <= one


def test_bounds_without_room_are_refused() -> None:
    """The top bits must be free, and something must be cut."""
    a = dealt([1], 64)
    for cut, bound in ((1, 61), (0, 10), (11, 10)):
        with pytest.raises(OutOfRange):
            run3(lambda link, at=(cut, bound): party(link).truncate(a(link.index), *at))


def _bits_of(values: Sequence[int], n_bits: int, node: Party, number: int) -> Bits:
    """Numbers that two nodes know, as the piece of that number is."""
    rows = to_rows(limbs_of(list(values), 64), 64)[:n_bits]
    zero = np.zeros_like(rows)
    return Bits(
        rows if node.index == number else zero,
        rows if (node.index + 1) % 3 == number else zero,
        len(values),
    )


def _rows(node: Party, bits: Bits) -> list[list[int]]:
    found = node.open_bits(bits)
    unpacked = np.unpackbits(found.view(np.uint8), axis=1, bitorder="little")
    return [[int(bit) for bit in row[: bits.n]] for row in unpacked]


def test_carries_of_all_small_numbers() -> None:
    """Three numbers of three bits carry out of them 0, 1 or 2 times: all 512."""
    triples = list(product(range(8), repeat=3))

    def work(link: MemoryLink) -> list[list[int]]:
        node = party(link)
        terms = [_bits_of([one[i] for one in triples], 3, node, i) for i in range(3)]
        return _rows(node, node.together(low_carries(*terms))[0])

    first, second = run3(work)[0]
    for triple, one, two in zip(triples, first, second, strict=True):
        assert one + two == sum(triple) >> 3


def test_wraps_of_all_pieces_that_can_be() -> None:
    """Top bits of pieces of a number with room: all that add up to 8w or less 2."""
    triples = [
        triple
        for triple in product(range(8), repeat=3)
        if sum(triple) in (0, 6, 7, 8, 14, 15, 16)
    ]
    assert len(triples) > 100

    def work(link: MemoryLink) -> list[list[int]]:
        node = party(link)
        terms = [_bits_of([one[i] for one in triples], 3, node, i) for i in range(3)]
        return _rows(node, node.together(wrapped(*terms))[0])

    low, high = run3(work)[0]
    for triple, one, two in zip(triples, low, high, strict=True):
        assert one + 2 * two == (sum(triple) + 2) >> 3


@pytest.mark.parametrize("node", range(3))
@pytest.mark.parametrize("which", ["own", "next"])
def test_an_opening_with_a_changed_piece_is_found(node: int, which: str) -> None:
    """An honest receiver sees that the two holders of a piece do not agree."""
    a = dealt([5, 6, 7], 64)
    faults: list[BaseException | None] = [None] * 3

    def work(link: MemoryLink) -> None:
        shared = a(link.index)
        if link.index == node:
            piece = getattr(shared, which).copy()
            piece[1] += np.uint64(1)
            changed = {"own": shared.own, "next": shared.next} | {which: piece}
            shared = Shared(changed["own"], changed["next"], 64)
        try:
            party(link).open(shared)
        except VerificationError as error:
            faults[link.index] = error

    run3(work)
    honest = [faults[other] for other in range(3) if other != node]
    assert any(one is not None for one in honest)


def test_what_one_node_holds_is_uniform() -> None:
    """Pieces of one value, over and over: each bit is set about half the time."""
    trials = 4_000
    for node in range(3):
        ones = np.zeros(128)
        for number in range(trials):
            seeds = [
                hashlib.sha256(b"%d %d" % (number, which)).digest()
                for which in range(2)
            ]
            pieces = split(limbs_of([42], 64), *seeds)
            held = [expand(i, pieces[i], 1, 64) for i in (node, (node + 1) % 3)]
            ones += np.unpackbits(np.concatenate(held).view(np.uint8))
        # Four standard deviations of a fair coin, and a bit for 384 looks.
        assert np.abs(ones - trials / 2).max() < 5 * np.sqrt(trials / 4)


def test_messages_of_a_product_are_uniform() -> None:
    """What a node gets in a product of zeros says nothing: it is masked."""
    zeros = dealt([0] * 4_096, 64)
    seen: list[Any] = [None] * 3

    def work(link: MemoryLink) -> None:
        node = party(link)
        shared = zeros(link.index)
        seen[link.index] = node.multiply(shared, shared).next

    run3(work)
    for got in seen:
        bits = np.unpackbits(np.ascontiguousarray(got).view(np.uint8))
        assert abs(bits.mean() - 0.5) < 5 * 0.5 / np.sqrt(len(bits))


def test_words_hold_64_values() -> None:
    """The last word is filled with zeros."""
    assert [words_for(n) for n in (1, 64, 65)] == [1, 1, 2]
