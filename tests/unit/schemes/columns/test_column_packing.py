"""Slots of a plaintext: what goes in comes out, and what is not ours is seen."""

from __future__ import annotations

import random

import numpy as np
import pytest

from privshare.errors import OutOfRange, VerificationError
from privshare.schemes.columns.packing import (
    SPARE,
    Layout,
    pack,
    packed_layout,
    single_layout,
    unpack,
)

N = (1 << 2047) + 981  # any odd number of 2048 bits


def objects(values: list[int]) -> np.ndarray:
    return np.array([*values, None], dtype=object)[:-1]


def plaintexts(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 256], "big") for i in range(0, len(data), 256)]


@pytest.mark.parametrize("bits", [1, 2, 20, 31, 50, 53, 63, 64, 100, 400])
@pytest.mark.parametrize("headroom", [0, 1, 14])
def test_round_trip(bits: int, headroom: int) -> None:
    """Edges and random values survive, in both layouts and both kinds of array."""
    bound = (1 << bits) - 1
    rng = random.Random(bits)
    values = [0, 1, -1, bound, -bound, bound - 1, 1 - bound]
    values += [rng.randint(-bound, bound) for _ in range(90)]
    for layout in (packed_layout(2048, bound, headroom), single_layout(2048, bound)):
        columns = [objects(values)]
        if bits <= 63:
            columns.append(np.array(values, np.int64))
        packed = [pack(column, layout, N) for column in columns]
        assert len(set(packed)) == 1
        back = unpack(plaintexts(packed[0]), layout, N, bound).tolist()
        assert back[: len(values)] == values and not any(back[len(values) :])


def test_plaintexts_are_the_sums_of_the_page() -> None:
    """m = Σ d_i · 2^(w·i) modulo n, from slot `lo` on."""
    layout = packed_layout(2048, 1000, 3)
    values = np.array([5, -7, 999, -1000], np.int64)
    (m,) = plaintexts(pack(values, layout, N, lo=2))
    w = layout.slot_bits
    assert m == sum(int(v) << (w * (i + 2)) for i, v in enumerate(values)) % N


def test_a_slot_takes_what_the_headroom_promises() -> None:
    """2^headroom values at the bound add up without touching a neighbour."""
    for bound in (1, 1000, 2**53 - 1):
        layout = packed_layout(2048, bound, 14)
        assert bound << 14 <= layout.capacity < bound << 15
        values = np.array([bound, -bound] * 20, np.int64)[: layout.slots]
        (m,) = plaintexts(pack(values, layout, N))
        signed = m if 2 * m < N else m - N
        total = unpack([(signed << 14) % N], layout, N, layout.capacity)
        assert total.tolist() == [int(v) << 14 for v in values] + [0] * (
            layout.slots - len(values)
        )


def test_the_default_packs_doubles_below_18_bytes() -> None:
    """10,000 values of 53 bits, with 14 bits of headroom."""
    for bits in (2048, 3072):
        layout = packed_layout(bits, 2**53 - 1)
        assert layout.ciphertexts(10_000) * bits // 4 <= 18 * 10_000
        assert layout.slots * layout.slot_bits + SPARE <= bits - 1


def test_values_past_the_bound_are_seen() -> None:
    """A plaintext that breaks the promise gives no numbers at all."""
    layout = packed_layout(2048, 100, 2)
    data = plaintexts(pack(np.array([101], np.int64), layout, N))
    with pytest.raises(VerificationError):
        unpack(data, layout, N, 100)
    for m in (N // 2, N // 2 + 1, 1 << 2040, N - (1 << 2040)):
        with pytest.raises(VerificationError):
            unpack([m], layout, N, 100)
    with pytest.raises(VerificationError):
        unpack([2**80], single_layout(2048, 100), N, 100)


def test_layouts_that_do_not_fit() -> None:
    """A bound or headroom without room is refused before anything is packed."""
    for call in (
        lambda: packed_layout(2048, 1 << 1990, 14),
        lambda: packed_layout(2048, 1, 1982),
        lambda: packed_layout(2048, 1, -1),
        lambda: single_layout(2048, 1 << 2046),
    ):
        with pytest.raises(OutOfRange):
            call()
    assert single_layout(2048, (1 << 2046) - 1) == Layout(2048, 1, 0)
    assert packed_layout(2048, 1, 1980).slots == 1
