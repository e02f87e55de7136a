"""Many values in a plaintext: the total is linear, and nothing else is shown."""

from __future__ import annotations

import secrets
from array import array
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import EvidenceInvalid, OutOfRange
from privshare.jobs import packing
from privshare.jobs.spec import MAX_INPUTS
from privshare.schemes.paillier import SIZES
from privshare.schemes.threshold_key import SOUND_BITS

M = (1 << 96) - 1
LARGEST = packing.LARGEST

values_st = st.one_of(
    st.sampled_from([0, 1, -1, LARGEST, -LARGEST, LARGEST - 1, 1 - LARGEST]),
    st.integers(-LARGEST, LARGEST),
)
columns_st = st.lists(values_st, min_size=1, max_size=70)
bits_st = st.sampled_from(SIZES)


def packed(values: Sequence[int], bits: int) -> list[int]:
    return packing.pack(array("q", values), bits)


def test_slots_of_both_profiles() -> None:
    """The figures of docs/protocols/paillier-sum.md."""
    assert [packing.slots(bits) for bits in SIZES] == [16, 27]
    counts = [packing.ciphertexts(n, 2048) for n in (1, 16, 17, 32, 33)]
    assert counts == [1, 1, 2, 2, 3]


@given(columns_st, bits_st)
def test_slots_hold_the_values_in_order(values: list[int], bits: int) -> None:
    """Plaintexts are the sums that the equation says."""
    width = packing.slots(bits)
    assert packed(values, bits) == [
        sum(v << (96 * j) for j, v in enumerate(values[begin : begin + width]))
        for begin in range(0, len(values), width)
    ]


@given(st.lists(columns_st, min_size=1, max_size=8), bits_st)
def test_the_total_is_linear(columns: list[list[int]], bits: int) -> None:
    """Sums of plaintexts of several owners show the sum of all values."""
    plaintexts = [m for values in columns for m in packed(values, bits)]
    assert packing.total(sum(plaintexts)) == sum(map(sum, columns))
    assert sum(map(packing.total, plaintexts)) == sum(map(sum, columns))


@given(columns_st, bits_st)
def test_masks_never_change_totals(values: list[int], bits: int) -> None:
    """Whatever is drawn, the masked group has its total."""
    first, *rest = packed(values, bits)
    width = packing._mask_bits(bits)
    for mask in (0, 1, (1 << width) - 1, 1 << (width - 1), secrets.randbits(width)):
        masked = packing.hide_with(first, mask, bits)
        assert packing.total(masked + sum(rest)) == sum(values)
        assert (masked - first) % M == 0
    assert packing.total(packing.hide(first, bits) + sum(rest)) == sum(values)


@pytest.mark.parametrize("m", [0, 1, -1, packing.LIMIT, -packing.LIMIT, M, -M, 7 * M])
def test_the_nearest_residue(m: int) -> None:
    """Totals reach from -LIMIT to LIMIT, and every one of them is shown."""
    shown = packing.total(m)
    assert (shown - m) % M == 0 and -packing.LIMIT <= shown <= packing.LIMIT
    if abs(m) <= packing.LIMIT:
        assert shown == m


def test_just_past_the_largest_total_is_another() -> None:
    """Why bounds are checked: one more than LIMIT shows as a negative total."""
    assert packing.total(packing.LIMIT + 1) == -packing.LIMIT


@pytest.mark.parametrize("bits", SIZES)
@pytest.mark.parametrize("sign", [1, -1])
def test_plaintexts_are_as_small_as_is_said(bits: int, sign: int) -> None:
    """Eight owners with the largest groups of the largest values and the largest
    masks, under the smallest n of its length: sound for up to three openers."""
    plaintexts = packing.ciphertexts(packing.MAX_VALUES, bits)
    full = packed([sign * LARGEST] * packing.slots(bits), bits)[0]
    mask = (1 << packing._mask_bits(bits)) - 1 if sign > 0 else 0
    masked = packing.hide_with(full, mask, bits)
    most = MAX_INPUTS * (masked + (plaintexts - 1) * full)
    smallest_n = 1 << (bits - 1)
    assert abs(most) < smallest_n >> (SOUND_BITS * 3 + 1)
    assert abs(full) * plaintexts < 1 << packing._reach(packing.slots(bits))
    packing.check(most, bits)


@pytest.mark.parametrize(("bits", "most"), [(2048, 1626), (3072, 2682)])
def test_larger_plaintexts_are_refused(bits: int, most: int) -> None:
    """What no owners' plaintexts add up to is refused before it is read."""
    for m in (0, (1 << most) - 1, 1 - (1 << most)):
        packing.check(m, bits)
    for m in (1 << most, -(1 << most), (1 << (bits - 2)) - 1):
        with pytest.raises(EvidenceInvalid) as refused:
            packing.check(m, bits)
        assert refused.value.detail["rule"] == "job.bound"


@pytest.mark.parametrize("bits", SIZES)
def test_masks_drown_what_they_hide(bits: int) -> None:
    """The largest quotient by M is below 2^-96 of the interval of masks."""
    full = packed([LARGEST] * packing.slots(bits), bits)[0]
    largest = full * packing.ciphertexts(packing.MAX_VALUES, bits)
    quotient = (largest - packing.total(largest)) // M
    assert Fraction(quotient, 1 << packing._mask_bits(bits)) < Fraction(1, 1 << 96)


@pytest.mark.parametrize("bits", SIZES)
def test_one_slot_more_would_not_fit(bits: int) -> None:
    """Slots are as many as the condition allows."""
    width = packing.slots(bits) + 1
    assert packing._reach(width) + 97 + 3 > bits - 1 - (SOUND_BITS * 3 + 1)


def test_masks_are_drawn_anew() -> None:
    """The same plaintext twice is masked in two ways, over the whole width."""
    (plaintext,) = packed([5], 2048)
    drawn = {packing.hide(plaintext, 2048) for _ in range(32)}
    assert len(drawn) == 32
    width = packing._mask_bits(2048) + 96 - 1
    assert width - 8 < max(one.bit_length() for one in drawn) <= width
    assert {one > 0 for one in drawn} == {True, False}


@pytest.mark.parametrize(
    "values", [[], [LARGEST + 1], [-LARGEST - 1], [-(1 << 63)], [(1 << 63) - 1]]
)
def test_values_that_no_column_has(values: list[int]) -> None:
    """Nothing and numbers past 53 bits are refused before they are packed."""
    with pytest.raises(OutOfRange):
        packed(values, 2048)


@pytest.mark.parametrize("mask", [-1, 1 << packing._mask_bits(2048)])
def test_masks_outside_their_interval(mask: int) -> None:
    """A mask that would not be uniform over the interval is refused."""
    with pytest.raises(OutOfRange):
        packing.hide_with(0, mask, 2048)
