"""AES-128 on shares: pseudonyms under a key that nobody knows.

    draw_key(party) ─► RoundKeys, expanded on shares from 128 shared random bits
    encrypt(party, keys, blocks) ─► the ciphertexts' bits

Sliced: row 16·b + i holds bit b of byte i of every block, so a round on a
thousand blocks is a round on one. AES is a permutation for each key, so equal
pseudonyms are equal identifiers, without exception; and to nodes of whom none
knows the key they say nothing else.

Source:
    FIPS 197. Pseudonyms of shared identifiers: Laur, Talviste and Willemson,
    ACNS 2013; Mohassel, Rindal and Rosulek, CCS 2020 (who take LowMC).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, cast

import numpy as np

from privshare.jobs.mpc.circuits import sbox
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.ring import Bits, Limbs, Shared

__all__ = ["ROUNDS", "RoundKeys", "blocks_of", "draw_key", "encrypt", "expand_key"]

ROUNDS = 10
_BYTES = 16

#: A key for each of the eleven additions: 128 rows of one value each.
RoundKeys: TypeAlias = tuple[Bits, ...]

# Byte i stands in row i % 4, column i // 4; row r is turned by r columns.
_SHIFTED = np.array([(i + 4 * (i % 4)) % 16 for i in range(_BYTES)])
_TURNED = [
    np.array([4 * (i // 4) + (i + by) % 4 for i in range(_BYTES)]) for by in range(4)
]
#: x^8 = x^4 + x^3 + x + 1.
_FOLDED = (0, 1, 3, 4)


def draw_key(party: Party) -> RoundKeys:
    """A key of 128 random bits, shared by the nodes and known to none."""
    drawn = party.random((2,))
    # A random element's pieces, taken as bits, are pieces of random bits.
    one, two, three = party.terms(drawn)
    both = one ^ two ^ three
    rows = [(number % 2, number // 2) for number in range(128)]
    halves = (_value(both, 0), _value(both, 1))
    first = halves[rows[0][0]][rows[0][1]]
    return expand_key(
        party, first.stack(*(halves[half][bit] for half, bit in rows[1:]))
    )


def _value(bits: Bits, number: int) -> Bits:
    """One of up to 64 values."""
    shift, one = np.uint64(number), np.uint64(1)
    return Bits((bits.own >> shift) & one, (bits.next >> shift) & one, 1)


def expand_key(party: Party, key: Bits) -> RoundKeys:
    """The round keys: 128 rows, 16·b + i for bit b of byte i, of one value."""
    keys, constant = [key], 1
    for _ in range(ROUNDS):
        last = keys[-1]
        # RotWord, SubWord, Rcon (FIPS 197, section 5.2).
        turned = [last[16 * b + np.array([13, 14, 15, 12])] for b in range(8)]
        word = sbox(party, turned)
        for b in range(8):
            if constant >> b & 1:
                flipped = party.not_(word[b][0])
                word[b] = flipped.stack(word[b][1:])
        columns: list[list[Bits]] = []
        for column in range(4):
            word = [
                word[b] ^ last[16 * b + 4 * column : 16 * b + 4 * column + 4]
                for b in range(8)
            ]
            columns.append(word)
        rows = [columns[column][b] for b in range(8) for column in range(4)]
        keys.append(rows[0].stack(*rows[1:]))
        constant = (constant << 1) ^ (0x11B if constant & 0x80 else 0)
    return tuple(keys)


def _spread(key: Bits, n: int, n_words: int) -> list[Bits]:
    """A round key for every block: its bits as whole words."""

    def one(piece: Limbs) -> Limbs:
        full = np.uint64(0) - (piece & np.uint64(1))
        return cast(Limbs, np.broadcast_to(full, (piece.shape[0], n_words)))

    own, following = one(key.own), one(key.next)
    return [
        Bits(own[16 * b : 16 * b + 16], following[16 * b : 16 * b + 16], n)
        for b in range(8)
    ]


def blocks_of(party: Party, x: Shared, n_bits: int) -> list[Bits]:
    """Numbers of `n_bits` bits as blocks: bit j in byte j // 8, zeros above.

    Args:
        party: This node.
        x: (1, n) of up to 64 bits, or (2, n) of up to 128, the low half first.
        n_bits: Of each number.
    """
    bits = party.low_bits(x[0], min(n_bits, 64))
    if n_bits > 64:
        bits = bits.stack(party.low_bits(x[1], n_bits - 64))
    none = np.zeros((128 - n_bits, bits.own.shape[1]), np.uint64)
    full = bits.stack(Bits(none, none, bits.n))
    return [full[np.arange(b, 128, 8)] for b in range(8)]


def encrypt(party: Party, keys: RoundKeys, blocks: Sequence[Bits]) -> Bits:
    """Encrypt blocks: 10 rounds of 4 messages, 5,760 bits for each block.

    Args:
        party: This node.
        keys: From `draw_key` or `expand_key`.
        blocks: Eight groups of 16 rows: bit b of each byte.

    Returns:
        128 rows, 16·b + i.
    """
    n, n_words = blocks[0].n, blocks[0].own.shape[1]
    state = _add(blocks, _spread(keys[0], n, n_words))
    for number in range(1, ROUNDS + 1):
        state = [bit[_SHIFTED] for bit in sbox(party, state)]
        if number < ROUNDS:
            state = _mix(state)
        state = _add(state, _spread(keys[number], n, n_words))
    return state[0].stack(*state[1:])


def _add(x: Sequence[Bits], y: Sequence[Bits]) -> list[Bits]:
    return [a ^ b for a, b in zip(x, y, strict=True)]


def _mix(state: Sequence[Bits]) -> list[Bits]:
    """2·a + 3·b + c + d = 2·(a + b) + b + c + d, of a column's bytes from a on."""
    turned = [[bit[_TURNED[by]] for bit in state] for by in (1, 2, 3)]
    pairs = _add(state, turned[0])
    doubled = [
        pairs[b - 1] ^ pairs[7] if b in _FOLDED and b else pairs[b - 1]
        for b in range(8)
    ]
    rest = _add(_add(turned[0], turned[1]), turned[2])
    return _add(doubled, rest)
