"""Circuits on sliced bits: counting, and the S-box of AES.

    broadcast   one shared bit as a whole row
    popcount    how many ones a row has, as a ring element
    sbox        the S-box of AES, 36 ANDs in four rounds

The S-box is the inverse in GF(2^8) and an affine map. The inverse is taken in
GF(((2^2)^2)^2), where it needs products in smaller fields alone; the maps to that
tower and back are matrices over GF(2) that this module derives when imported:
there is no table to copy wrongly. A product in GF(2^4) takes 9 ANDs, one in
GF(2^2) takes 3, and an inverse in GF(2^2) is a square, so linear:

    d = N·h^2 + h·l + l^2          9 ANDs     for h·Y + l,  Y^2 = Y + N
    1/d in GF(2^4), alike          3 + 6
    h/d, (h + l)/d                 18

Source:
    Tower fields: Satoh, Morioka, Takano and Munetoh, ASIACRYPT 2001; Canright,
    CHES 2005. Boyar and Peralta, SEC 2012, get 34 ANDs of the same depth by
    sharing more. Carry-save counting: Wallace, 1964.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.ring import Bits, Limbs, Shared, words_for

__all__ = [
    "broadcast",
    "popcount",
    "public_row",
    "sbox",
    "words",
]

#: Counting stops on so many words: what is left is turned into ring elements.
_FEW_WORDS = 192

# -- the tower -------------------------------------------------------------------


def _mul4(a: int, b: int) -> int:
    """In GF(2)[W] / (W^2 + W + 1)."""
    high = (a >> 1) & (b >> 1)
    low = (a & 1) & (b & 1)
    both = ((a >> 1) ^ (a & 1)) & ((b >> 1) ^ (b & 1))
    return ((both ^ low) << 1) | (low ^ high)


#: X^2 = X + W in GF(2^4) over GF(2^2).
_W = 2


def _mul16(a: int, b: int) -> int:
    a1, a0, b1, b0 = a >> 2, a & 3, b >> 2, b & 3
    high, low = _mul4(a1, b1), _mul4(a0, b0)
    both = _mul4(a1 ^ a0, b1 ^ b0)
    return ((both ^ low) << 2) | (low ^ _mul4(high, _W))


#: Y^2 = Y + N is irreducible over GF(2^4): no element is a root of it.
_N = next(n for n in range(1, 16) if all(_mul16(y, y) ^ y ^ n for y in range(16)))


def _mul256(a: int, b: int) -> int:
    a1, a0, b1, b0 = a >> 4, a & 15, b >> 4, b & 15
    high, low = _mul16(a1, b1), _mul16(a0, b0)
    both = _mul16(a1 ^ a0, b1 ^ b0)
    return ((both ^ low) << 4) | (low ^ _mul16(high, _N))


def _powers(root: int) -> list[int]:
    made = [1]
    for _ in range(8):
        made.append(_mul256(made[-1], root))
    return made


def _is_root(root: int) -> bool:
    # x^8 + x^4 + x^3 + x + 1, FIPS 197, section 4.2.
    p = _powers(root)
    return root > 1 and not p[8] ^ p[4] ^ p[3] ^ p[1] ^ p[0]


_Matrix = tuple[tuple[int, ...], ...]


def _rows(columns: Sequence[int], n_bits: int) -> _Matrix:
    """Which input bits each output bit is the sum of."""
    return tuple(
        tuple(j for j, column in enumerate(columns) if column >> i & 1)
        for i in range(n_bits)
    )


#: The powers of a root of AES's polynomial are where its basis goes.
_IN_COLUMNS = _powers(next(r for r in range(256) if _is_root(r)))[:8]


def _apply(columns: Sequence[int], value: int) -> int:
    made = 0
    for j, column in enumerate(columns):
        made ^= column if value >> j & 1 else 0
    return made


_BACK = {_apply(_IN_COLUMNS, value): value for value in range(256)}


def _affine(value: int) -> int:
    """The linear part of FIPS 197, section 5.1.1."""
    made = 0
    for turn in range(5):
        made ^= (value << turn | value >> (8 - turn)) & 0xFF
    return made


_IN = _rows(_IN_COLUMNS, 8)
_OUT = _rows([_affine(_BACK[1 << j]) for j in range(8)], 8)
_SQUARE16_N = _rows([_mul16(_mul16(1 << j, 1 << j), _N) for j in range(4)], 4)
_SQUARE16 = _rows([_mul16(1 << j, 1 << j) for j in range(4)], 4)
_SQUARE4_W = _rows([_mul4(_mul4(1 << j, 1 << j), _W) for j in range(2)], 2)
_SQUARE4 = _rows([_mul4(1 << j, 1 << j) for j in range(2)], 2)
_TIMES_W = _rows([_mul4(1 << j, _W) for j in range(2)], 2)
_CONSTANT = 0x63

# -- on shares -------------------------------------------------------------------


def _linear(matrix: _Matrix, x: Sequence[Bits]) -> list[Bits]:
    made = []
    for row in matrix:
        total = x[row[0]]
        for j in row[1:]:
            total = total ^ x[j]
        made.append(total)
    return made


def _add(x: Sequence[Bits], y: Sequence[Bits]) -> list[Bits]:
    return [a ^ b for a, b in zip(x, y, strict=True)]


def _and_all(party: Party, x: Sequence[Bits], y: Sequence[Bits]) -> list[Bits]:
    """Several of one shape in one round."""
    rows = x[0].n_bits
    out = party.and_(x[0].stack(*x[1:]), y[0].stack(*y[1:]))
    return [out[i * rows : (i + 1) * rows] for i in range(len(x))]


def _spread4(x: Sequence[Bits]) -> list[Bits]:
    """What a product in GF(2^2) multiplies: low, high, both."""
    return [x[0], x[1], x[0] ^ x[1]]


def _join4(z: Sequence[Bits]) -> list[Bits]:
    low, high, both = z
    return [low ^ high, both ^ low]


def _spread16(x: Sequence[Bits]) -> list[Bits]:
    low, high = x[:2], x[2:]
    return [*_spread4(low), *_spread4(high), *_spread4(_add(low, high))]


def _join16(z: Sequence[Bits]) -> list[Bits]:
    low, high, both = _join4(z[:3]), _join4(z[3:6]), _join4(z[6:])
    return [*_add(low, _linear(_TIMES_W, high)), *_add(both, low)]


def _inverse16(party: Party, x: Sequence[Bits]) -> list[Bits]:
    """1/x in GF(2^4), and 0 of 0: two rounds, 9 ANDs."""
    low, high = x[:2], x[2:]
    cross = _join4(_and_all(party, _spread4(high), _spread4(low)))
    d = _add(_add(_linear(_SQUARE4_W, high), cross), _linear(_SQUARE4, low))
    # In GF(2^2) the inverse is the square.
    e = _spread4(_linear(_SQUARE4, d))
    z = _and_all(party, [*e, *e], [*_spread4(_add(high, low)), *_spread4(high)])
    return [*_join4(z[:3]), *_join4(z[3:])]


def sbox(party: Party, x: Sequence[Bits]) -> list[Bits]:
    """The S-box of AES on eight groups of rows, bit 0 first.

    Four rounds; 36 bits to the previous node for each byte.
    """
    y = _linear(_IN, x)
    low, high = y[:4], y[4:]
    spread_low, spread_high = _spread16(low), _spread16(high)
    cross = _join16(_and_all(party, spread_high, spread_low))
    d = _add(_add(_linear(_SQUARE16_N, high), cross), _linear(_SQUARE16, low))
    e = _spread16(_inverse16(party, d))
    spread_sum = [a ^ b for a, b in zip(spread_high, spread_low, strict=True)]
    z = _and_all(party, [*e, *e], [*spread_sum, *spread_high])
    out = _linear(_OUT, [*_join16(z[:9]), *_join16(z[9:])])
    return [party.not_(bit) if _CONSTANT >> i & 1 else bit for i, bit in enumerate(out)]


def words(x: Bits, start: int, stop: int) -> Bits:
    """Some words of each row."""
    return Bits(x.own[:, start:stop], x.next[:, start:stop], 64 * (stop - start))


def public_row(party: Party, n: int) -> Bits:
    """One row of n ones: unlike `Party.ones`, none beyond the last value."""
    row = np.zeros(words_for(n) * 8, np.uint8)
    row[: n // 8] = 0xFF
    if n % 8:
        row[n // 8] = (1 << n % 8) - 1
    ones = row.view(np.uint64)[None]
    zero = np.zeros_like(ones)
    return Bits(
        ones if party.index == 0 else zero, ones if party.index == 2 else zero, n
    )


def broadcast(bits: Bits, n: int) -> Bits:
    """Values 0, 1, ... of the first row as rows of n equal bits each."""

    def one(piece: Limbs) -> Limbs:
        each = np.unpackbits(piece[0].view(np.uint8), bitorder="little")[: bits.n]
        column = np.zeros(bits.n, np.uint64) - each.astype(np.uint64)
        return np.repeat(column[:, None], words_for(n), axis=1)

    return Bits(one(bits.own), one(bits.next), n)


def popcount(party: Party, x: Bits, ring: int = 64) -> Shared:
    """How many ones each row has: (rows,).

    Words are added three to two, those of all rows and weights in one round, until
    few are left; these become ring elements. About one AND a bit, where turning
    every bit into a ring element would send 128.
    """
    rows = x.n_bits
    planes = [x]
    while max(plane.own.shape[1] for plane in planes) > 2 and (
        sum(plane.own.shape[1] for plane in planes) * rows > _FEW_WORDS
    ):
        planes = _add_thirds(party, planes)
    lanes = Bits(
        np.concatenate([plane.own.reshape(1, -1) for plane in planes], 1),
        np.concatenate([plane.next.reshape(1, -1) for plane in planes], 1),
        64 * rows * sum(plane.own.shape[1] for plane in planes),
    )
    ones = party.from_bits(lanes, ring).reshape(lanes.n)
    total, start = party.public([0] * rows, ring), 0
    for weight, plane in enumerate(planes):
        size = 64 * plane.own.shape[1]
        part = ones[start : start + rows * size].reshape(rows, size).sum(1)
        total = total + part.scale(1 << weight)
        start += rows * size
    return total


def _add_thirds(party: Party, planes: Sequence[Bits]) -> list[Bits]:
    thirds = [plane.own.shape[1] // 3 for plane in planes]
    parts = [
        [
            words(plane, i * third, (i + 1) * third)
            for plane, third in _pair(planes, thirds)
        ]
        for i in range(3)
    ]
    a, b, c = (_side_by_side(part) for part in parts)
    s, carry = party.save_carries(a, b, c)
    made: list[list[Bits]] = [[] for _ in range(len(planes) + 1)]
    start = 0
    for weight, (plane, third) in enumerate(_pair(planes, thirds)):
        made[weight].append(words(s, start, start + third))
        made[weight].append(words(plane, 3 * third, plane.own.shape[1]))
        made[weight + 1].append(words(carry, start, start + third))
        start += third
    joined = [_side_by_side(parts) for parts in made]
    return [plane for plane in joined if plane.own.shape[1]]


def _pair(planes: Sequence[Bits], thirds: Sequence[int]) -> list[tuple[Bits, int]]:
    return list(zip(planes, thirds, strict=True))


def _side_by_side(parts: Sequence[Bits]) -> Bits:
    own = np.concatenate([part.own for part in parts], 1)
    return Bits(
        own, np.concatenate([part.next for part in parts], 1), 64 * own.shape[1]
    )
