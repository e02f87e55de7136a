"""Many small integers in one plaintext: balanced digits with room to grow.

A packed plaintext is m = Σ d_i · 2^(w·i) with signed digits d_i, one value
each. A slot of w bits holds |d| < 2^(w-1); the column's bound b leaves
`headroom` bits of that free, so that 2^headroom columns can be added, or the
column multiplied by numbers of that size, before a digit could reach its
neighbour. Since every digit is below half of 2^w there is one way only to
read m.

    w     = bits(b · 2^headroom) + 1
    slots = (bits(n) - 1 - SPARE) / w, rounded down

The highest SPARE bits stay free: `EncryptedNumber.blind` uses them to hide
from the key's holder what the single slots add up to. Without packing there
is one value in a plaintext and its limit is n/2.

>>> layout = packed_layout(2048, bound=2**53 - 1, headroom=14)
>>> layout.slots, layout.slot_bits
(29, 68)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from privshare.errors import OutOfRange, VerificationError
from privshare.schemes.columns.encoding import Ints, spoken

__all__ = [
    "HEADROOM",
    "SPARE",
    "Layout",
    "pack",
    "packed_layout",
    "single_layout",
    "unpack",
]

HEADROOM = 14
"""Bits of a slot that are free at first: sums of 2^14 columns."""

SPARE = 65
"""Bits above the slots that are never used by values."""

_WORD = 64
_LOW = (1 << _WORD) - 1


@dataclass(frozen=True, slots=True)
class Layout:
    """How values stand in plaintexts.

    Attributes:
        bits: Bits of the modulus.
        slots: Values in a plaintext; 1 where `slot_bits` is 0.
        slot_bits: Bits of a slot, or 0 for a plaintext of one value.
    """

    bits: int
    slots: int
    slot_bits: int

    @property
    def packed(self) -> bool:
        """Whether plaintexts have slots."""
        return self.slot_bits > 0

    @property
    def capacity(self) -> int:
        """Largest size that a value may reach, in units.

        Unpacked it is 2^(bits-2) - 1, which is below n/2 for every n of so
        many bits.
        """
        width = self.slot_bits or self.bits - 1
        return (1 << (width - 1)) - 1

    def ciphertexts(self, count: int) -> int:
        """How many ciphertexts so many values take."""
        return -(-count // self.slots)

    def __str__(self) -> str:
        if not self.packed:
            return "one value a ciphertext"
        return f"{self.slots} values a ciphertext, slots of {self.slot_bits} bits"


def single_layout(bits: int, bound: int) -> Layout:
    """One value a ciphertext.

    Raises:
        OutOfRange: A bound of n/2 or more.
    """
    layout = Layout(bits, 1, 0)
    if bound > layout.capacity:
        raise OutOfRange(
            f"expected a bound below n/2, 2^{bits - 2}, found {spoken(bound, 1)} units",
            fix="give a smaller bound= or a coarser scale=",
        )
    return layout


def packed_layout(bits: int, bound: int, headroom: int = HEADROOM) -> Layout:
    """As many values a ciphertext as the bound allows.

    Raises:
        OutOfRange: Not even one slot fits, or a headroom below 0.
    """
    if isinstance(headroom, bool) or not 0 <= headroom < bits:
        raise OutOfRange(f"expected a headroom of 0 to {bits - 1} bits")
    width = (bound << headroom).bit_length() + 1
    slots = (bits - 1 - SPARE) // width
    if slots < 1:
        raise OutOfRange(
            f"expected slots of at most {bits - 1 - SPARE} bits, found a bound that "
            f"needs {width}",
            fix="give a smaller bound= or headroom=, or packed=False",
        )
    return Layout(bits, slots, width)


# Values to plaintexts


def pack(values: Ints, layout: Layout, n: int, lo: int = 0) -> bytes:
    """Plaintexts in [0, n), as the core takes them.

    Args:
        values: Scaled integers within the layout's capacity.
        layout: How they are to stand.
        n: The modulus.
        lo: Slots of the first plaintext that stay 0 before the first value.

    Returns:
        One number of n's length after the other, big-endian.
    """
    size = (n.bit_length() + 7) // 8
    if not layout.packed:
        return _singles(values, n, size)
    rows = layout.ciphertexts(lo + len(values))
    if values.dtype == object or layout.slot_bits < 2:
        sums = _sums_of_objects(values, layout, rows, lo)
    else:
        sums = _sums(values, layout, rows, lo)
    return b"".join((m % n).to_bytes(size, "big") for m in sums)


def _singles(values: Ints, n: int, size: int) -> bytes:
    """One value a plaintext: v, or n - |v|."""
    if values.dtype == object:
        return b"".join((int(v) % n).to_bytes(size, "big") for v in values)
    low, high, rest = n & _LOW, n >> _WORD, size - 8
    # Uninteresting upper bytes: of v, of n - |v|, and of that with a borrow.
    upper = np.zeros((3, size), np.uint8)
    for row, top in ((1, high), (2, high - 1)):
        upper[row, :rest] = np.frombuffer(top.to_bytes(rest, "big"), np.uint8)
    negative = values < 0
    # 64-bit wrap-around is meant: it is n + v in the lowest word.
    words = values.astype(np.uint64)
    magnitude = np.where(negative, (~words) + np.uint64(1), words)
    borrow = negative & (magnitude > np.uint64(low))
    out = upper[negative.astype(np.intp) + borrow]
    words = np.where(negative, np.uint64(low) - magnitude, words)
    out[:, rest:] = words.astype(">u8").view(np.uint8).reshape(-1, 8)
    return out.tobytes()


def _offset(layout: Layout) -> int:
    """Half of 2^w in every slot: added, it makes all digits non-negative."""
    width = layout.slot_bits
    return (1 << (width - 1)) * (
        ((1 << (width * layout.slots)) - 1) // ((1 << width) - 1)
    )


def _sums(values: Ints, layout: Layout, rows: int, lo: int) -> list[int]:
    """Σ d_i · 2^(w·i) of each row, from the bits of all digits at once."""
    width, slots = layout.slot_bits, layout.slots
    digits = np.zeros(rows * slots, np.int64)
    digits[lo : lo + len(values)] = values
    bits = np.empty((rows * slots, width), np.uint8)
    words = digits.astype("<i8").view(np.uint8).reshape(-1, 8)
    known = min(width, _WORD)
    bits[:, :known] = np.unpackbits(words, axis=1, bitorder="little")[:, :known]
    if width > _WORD:
        bits[:, _WORD:] = (digits < 0)[:, None]
    bits[:, width - 1] ^= 1  # two's complement of w bits plus 2^(w-1)
    packed = np.packbits(bits.reshape(rows, -1), axis=1, bitorder="little")
    length, data, offset = packed.shape[1], packed.tobytes(), _offset(layout)
    return [
        int.from_bytes(data[i : i + length], "little") - offset
        for i in range(0, rows * length, length)
    ]


def _sums_of_objects(values: Ints, layout: Layout, rows: int, lo: int) -> list[int]:
    digits = [0] * lo + [int(v) for v in values]
    width, slots = layout.slot_bits, layout.slots
    return [
        sum(d << (width * i) for i, d in enumerate(digits[r * slots : (r + 1) * slots]))
        for r in range(rows)
    ]


# Plaintexts to values


def unpack(plaintexts: Sequence[int], layout: Layout, n: int, bound: int) -> Ints:
    """All slots of plaintexts in [0, n), as scaled integers.

    Args:
        plaintexts: What the private key found.
        layout: How values stand in them.
        n: The modulus.
        bound: What no value may exceed.

    Raises:
        VerificationError: A value past the bound. Whoever encrypted it broke
            the column's promise; no number is returned, because none is sure.
    """
    signed = [m if 2 * m < n else m - n for m in plaintexts]
    if not layout.packed:
        values = _objects(signed)
    else:
        values = _digits(signed, layout)
    if len(values) and max(int(values.max()), -int(values.min())) > bound:
        raise _broken()
    return values


def _broken() -> VerificationError:
    return VerificationError(
        "expected values within the column's bound, found one past it",
        fix="whoever encrypted the column stated a bound that does not hold: "
        "ask for a new one",
    )


def _objects(values: list[int]) -> Ints:
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return np.array([*values, None], dtype=object)[:-1]


def _digits(signed: list[int], layout: Layout) -> Ints:
    width, slots = layout.slot_bits, layout.slots
    offset, length = _offset(layout), -(-(width * slots) // 8)
    above = 1 << (width * slots)
    shifted = [m + offset for m in signed]
    if not all(0 <= m < above for m in shifted):
        raise _broken()
    if not shifted:
        return np.zeros(0, np.int64)
    data = b"".join(m.to_bytes(length, "little") for m in shifted)
    rows = np.frombuffer(data, np.uint8).reshape(-1, length)
    bits = np.unpackbits(rows, axis=1, bitorder="little", count=width * slots)
    bits = bits.reshape(-1, width)
    bits[:, width - 1] ^= 1
    if width > _WORD and (bits[:, _WORD:] != bits[:, _WORD - 1 : _WORD]).any():
        return _wide(bits)
    words = np.empty((len(bits), _WORD), np.uint8)
    known = min(width, _WORD)
    words[:, :known] = bits[:, :known]
    words[:, known:] = bits[:, known - 1 : known]
    packed = np.packbits(words, axis=1, bitorder="little")
    found: Ints = packed.reshape(-1).view("<i8").astype(np.int64)
    return found


def _wide(bits: npt.NDArray[np.uint8]) -> Ints:
    """Digits of more than 64 bits, one by one."""
    packed = np.packbits(bits, axis=1, bitorder="little")
    width, length, data = bits.shape[1], packed.shape[1], packed.tobytes()
    full, half = 1 << width, 1 << (width - 1)
    raw = (
        int.from_bytes(data[i : i + length], "little")
        for i in range(0, len(data), length)
    )
    return _objects([d - full if d >= half else d for d in raw])
