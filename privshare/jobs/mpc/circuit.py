"""Small circuits over shared bits, in steps that several can take together.

A circuit is a generator: it yields two factors, is sent their product, and returns
its bits. `Party.together` runs any number side by side, and multiplies what they
ask for at a time in one round.

    carries      the carry out of generate and propagate bits, by a tree
    low_carries  how often three numbers of n bits carry out of them: 0 to 2
    wrapped      how often three pieces wrap around the ring: 0 to 2
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

from privshare.jobs.mpc.ring import Bits

__all__ = ["Circuit", "carries", "low_carries", "wrapped"]

Circuit: TypeAlias = Generator[tuple[Bits, Bits], Bits, Bits]


def carries(g: Bits, p: Bits) -> Circuit:
    """The carry out of rows of generate and propagate bits, lowest first."""
    while g.n_bits > 1:
        odd = g.n_bits % 2
        tail_g, tail_p = g[g.n_bits - 1], p[g.n_bits - 1]
        top = g.n_bits - odd
        low_g, high_g = g[0:top:2], g[1:top:2]
        low_p, high_p = p[0:top:2], p[1:top:2]
        # Nobody asks what the lowest group passes on: nothing comes in there.
        both = yield high_p.stack(high_p[1:]), low_g.stack(low_p[1:])
        half = high_p.n_bits
        g, p = high_g ^ both[0:half], both[half - 1 :]
        if odd:
            g, p = g.stack(tail_g), p.stack(tail_p)
    return g


def low_carries(a: Bits, b: Bits, c: Bits) -> Circuit:
    """Bits that add up to how often a + b + c carries out of its n bits.

    One row if n is 1, else two.
    """
    n = a.n_bits
    ab = a ^ b
    carry = a ^ (yield ab, a ^ c)
    if n == 1:
        return carry
    s = ab ^ c
    left, right = s[1:n], carry[0 : n - 1]
    g = yield left, right
    low = yield from carries(g, left ^ right)
    return low.stack(carry[n - 1])


def wrapped(a: Bits, b: Bits, c: Bits) -> Circuit:
    """Bits 0 and 1 of w, from the top three bits of three pieces.

    t = a + b + c is 8w less a carry of at most 2, so it is one of 0, 6, 7, 8, 14,
    15 and 16. Of its bits, w = 1 where t3 ^ t2, and w = 2 where t4, or t3 and t2.
    """
    ab = a ^ b
    carry = a ^ (yield ab, a ^ c)
    s = ab ^ c
    c1 = yield s[1], carry[0]
    t2 = s[2] ^ carry[1] ^ c1
    c2 = s[2] ^ (yield s[2] ^ carry[1], s[2] ^ c1)
    t3 = carry[2] ^ c2
    both = yield carry[2].stack(t3), c2.stack(t2)
    return (t3 ^ t2).stack(both[0] ^ both[1])
