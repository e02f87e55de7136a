"""One of three nodes that compute on shares.

    party.multiply(x, y) ─► z with z = x * y, one message to the previous node
    party.and_(x, y), party.to_bits(x), party.less_than(x, y), party.truncate(...)
    party.open(x) ─► the value, at all three, if both copies of each piece agree

Source:
    Araki, Furukawa, Lindell, Nof and Ohara, CCS 2016 (products, pairwise
    randomness); Mohassel and Rindal, CCS 2018 (conversions); the comparison and
    the truncation are carry trees over the pieces, each known to two nodes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from privshare.bindings import rss
from privshare.errors import OutOfRange
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.circuit import Circuit, carries, low_carries, wrapped
from privshare.jobs.mpc.link import Link
from privshare.jobs.mpc.ring import (
    Bits,
    Limbs,
    Shared,
    add_limbs,
    from_rows,
    limbs_of,
    mul_limbs,
    sub_limbs,
    sum_limbs,
    to_rows,
    words_for,
)
from privshare.jobs.mpc.stream import Stream
from privshare.jobs.mpc_spec import Model

__all__ = ["Party", "Stream"]


class Party:
    """A node of three.

    Args:
        link: To the two others.
        key_previous: 32 bytes that the previous node has, too.
        key_next: 32 bytes that the next node has, too.
        model: What the others may do.

    Raises:
        OutOfRange: A model that this engine does not keep.
    """

    #: The model that it is for.
    keeps: ClassVar[Model] = "semi-honest"

    def __init__(
        self,
        link: Link,
        key_previous: bytes,
        key_next: bytes,
        model: Model = "semi-honest",
    ) -> None:
        if model != self.keeps:
            raise OutOfRange(
                f"model: expected {self.keeps}, which is what this engine keeps, found "
                f"{model}"
            )
        self.link = link
        self.index = link.index
        self.model = model
        self._previous = Stream(key_previous)
        self._next = Stream(key_next)

    @property
    def bounds(self) -> dict[str, int]:
        """What is not certain, as negated binary logarithms: nothing here."""
        return {}

    @property
    def streams(self) -> tuple[Stream, Stream]:
        """What this node shares with the previous and with the next one."""
        return self._previous, self._next

    # -- pieces ----------------------------------------------------------------

    def public(self, values: Any, ring: int = 64) -> Shared:
        """A public value as shares: piece 0 is the value."""
        limbs = np.asarray(limbs_of(values, ring), dtype=np.uint64)
        zero = np.zeros_like(limbs)
        return Shared(
            limbs if self.index == 0 else zero,
            limbs if self.index == 2 else zero,
            ring,
        )

    def add_public(self, x: Shared, values: Any) -> Shared:
        """x plus public numbers."""
        said, shape = self.public(values, x.ring), x.own.shape
        own, following = (np.broadcast_to(one, shape) for one in (said.own, said.next))
        return x + Shared(own, following, x.ring)

    def known(self, x: Shared, number: int) -> Shared:
        """Piece `number` of x as a shared value of its own: nobody sends anything."""
        zero = np.zeros_like(x.own)
        return Shared(
            x.own if self.index == number else zero,
            x.next if (self.index + 1) % 3 == number else zero,
            x.ring,
        )

    def random(self, shape: Sequence[int], ring: int = 64) -> Shared:
        """A random value that nobody knows."""
        full = tuple(shape) if ring == 64 else (*shape, ring // 64)
        # Piece i is known to nodes i - 1 and i: the key they share makes it.
        own, following = self._previous.words(full), self._next.words(full)
        return Shared(own, following, ring)

    def _zero(self, shape: Sequence[int], ring: int) -> Limbs:
        """This node's part of a random sharing of zero."""
        own, following = self._previous.words(shape), self._next.words(shape)
        return sub_limbs(following, own, ring)

    def _reshare(self, label: str, piece: Limbs, ring: int) -> Shared:
        data = np.ascontiguousarray(piece)
        _, came = self.link.round(label, data, b"", 0, data.nbytes)
        following = np.frombuffer(came, dtype=np.uint64).reshape(piece.shape)
        return Shared(data, following, ring)

    # -- products --------------------------------------------------------------

    def multiply(self, x: Shared, y: Shared) -> Shared:
        """Element by element."""
        z = rss.multiply((x.own, x.next, y.own, y.next), x.ring // 64)
        return self._product("multiply", z, x.ring)

    def dot(self, x: Shared, y: Shared) -> Shared:
        """Products summed along the last axis."""
        limbs, axis = x.ring // 64, len(x.shape) - 1
        if axis == 0:
            across, down = x.reshape(1, x.size), y.reshape(y.size, 1)
            z = rss.matmul((across.own, across.next, down.own, down.next), limbs)
            return self._product("dot", z.reshape(x.own.shape[1:]), x.ring)
        z = rss.multiply((x.own, x.next, y.own, y.next), limbs)
        return self._product("dot", sum_limbs(z, axis, x.ring), x.ring)

    def matmul(self, x: Shared, y: Shared) -> Shared:
        """The product of two matrices."""
        z = rss.matmul((x.own, x.next, y.own, y.next), x.ring // 64)
        return self._product("matmul", z, x.ring)

    def _product(self, label: str, z: Limbs, ring: int) -> Shared:
        zero = self._zero(z.shape, ring)
        return self._reshare(label, add_limbs(z, zero, ring), ring)

    # -- bits ------------------------------------------------------------------

    def and_(self, x: Bits, y: Bits) -> Bits:
        """Bit by bit."""
        shape = x.own.shape
        masks = self._previous.words(shape), self._next.words(shape)
        z = rss.and_((x.own, x.next, y.own, y.next, *masks))
        data = np.ascontiguousarray(z)
        _, came = self.link.round("and", data, b"", 0, data.nbytes)
        following = np.frombuffer(came, np.uint64).reshape(z.shape)
        self.remember(x, y, following, masks)
        return Bits(data, following, x.n)

    def remember(
        self, x: Bits, y: Bits, came: Limbs, masks: tuple[Limbs, Limbs]
    ) -> None:
        """Keep what a proof of these products needs; here nothing."""

    def ones(self, n_bits: int, n: int) -> Bits:
        """Public ones."""
        full = np.full((n_bits, words_for(n)), ~np.uint64(0))
        zero = np.zeros_like(full)
        return Bits(
            full if self.index == 0 else zero, full if self.index == 2 else zero, n
        )

    def not_(self, x: Bits) -> Bits:
        """Every bit turned."""
        return x ^ self.ones(x.n_bits, x.n)

    def terms(
        self, x: Shared, first: int = 0, n_bits: int = 0
    ) -> tuple[Bits, Bits, Bits]:
        """The three pieces of x as bits, each known to two nodes: no message.

        Args:
            x: The elements.
            first: The lowest bit taken.
            n_bits: How many are taken, or 0: all from there.
        """
        flat = x.reshape(x.size)
        own = to_rows(flat.own, x.ring, first, n_bits)
        following = to_rows(flat.next, x.ring, first, n_bits)
        zero = np.zeros_like(own)
        made = [
            Bits(
                own if self.index == number else zero,
                following if (self.index + 1) % 3 == number else zero,
                x.size,
            )
            for number in range(3)
        ]
        return made[0], made[1], made[2]

    def save_carries(self, a: Bits, b: Bits, c: Bits) -> tuple[Bits, Bits]:
        """a + b + c = s + 2 * carry."""
        ab = a ^ b
        carry = a ^ self.and_(ab, a ^ c)
        return ab ^ c, carry

    def together(self, *circuits: Circuit) -> list[Bits]:
        """Run circuits side by side: what they multiply at a time goes in one round.

        Args:
            *circuits: Each yields two factors, is sent their product, and returns
                bits.
        """
        done: list[Bits | None] = [None] * len(circuits)
        asked = dict(enumerate(circuits))
        factors: dict[int, tuple[Bits, Bits]] = {}
        products: dict[int, Bits] = {}
        while asked:
            for number, circuit in list(asked.items()):
                try:
                    if number in products:
                        factors[number] = circuit.send(products[number])
                    else:
                        factors[number] = next(circuit)
                except StopIteration as ended:
                    done[number] = ended.value
                    del asked[number]
                    factors.pop(number, None)
            if not factors:
                continue
            left, right = zip(*factors.values(), strict=True)
            both = self.and_(left[0].stack(*left[1:]), right[0].stack(*right[1:]))
            at = 0
            for number, (one, _) in factors.items():
                products[number] = both[at : at + one.n_bits]
                at += one.n_bits
        return [one for one in done if one is not None]

    def carry_out(self, g: Bits, p: Bits) -> Bits:
        """The carry out of rows of generate and propagate bits, lowest first."""
        return self.together(carries(g, p))[0]

    def sign(self, x: Shared) -> Bits:
        """The top bit of each element: 1 where it is negative."""
        top = x.ring - 1
        one, two, three = self.terms(x)
        s, carry = self.save_carries(one[0:top], two[0:top], three[0:top])
        a, b = s[1:top], carry[0 : top - 1]
        out = self.carry_out(self.and_(a, b), a ^ b)
        return one[top] ^ two[top] ^ three[top] ^ carry[top - 1] ^ out

    def to_bits(self, x: Shared) -> Bits:
        """All bits of each element: a prefix adder over its pieces."""
        ring = x.ring
        s, carry = self.save_carries(*self.terms(x))
        zero = Bits(np.zeros_like(s.own[:1]), np.zeros_like(s.own[:1]), s.n)
        shifted = zero.stack(carry[0 : ring - 1])
        return self.add_bits(s, shifted)

    def add_bits(self, a: Bits, b: Bits) -> Bits:
        """The sum of two numbers of sliced bits, modulo 2^bits."""
        p = a ^ b
        g = self.and_(a, b)
        span, gg, pp = 1, g, p
        while span < a.n_bits:
            rest = a.n_bits - span
            low_g, low_p = gg[0:rest], pp[0:rest]
            high_p = pp[span:]
            both = self.and_(high_p.stack(high_p), low_g.stack(low_p))
            gg = gg[0:span].stack(gg[span:] ^ both[0:rest])
            pp = pp[0:span].stack(both[rest:])
            span *= 2
        zero = Bits(np.zeros_like(g.own[:1]), np.zeros_like(g.own[:1]), a.n)
        return p ^ zero.stack(gg[0 : a.n_bits - 1])

    def low_bits(self, x: Shared, n_bits: int) -> Bits:
        """The lowest bits of each element: what is above does not matter to them."""
        s, carry = self.save_carries(*self.terms(x, 0, n_bits))
        if n_bits == 1:
            return s
        zero = Bits(np.zeros_like(s.own[:1]), np.zeros_like(s.own[:1]), s.n)
        return self.add_bits(s, zero.stack(carry[0 : n_bits - 1]))

    def from_bits(self, bits: Bits, ring: int = 64) -> Shared:
        """Each bit as a ring element 0 or 1: (rows, n)."""
        ab, c = self._two_terms(bits, ring)
        return ab + c - self.multiply(ab, c).scale(2)

    def add_up_bits(self, bits: Bits, weights: Sequence[int], ring: int) -> Shared:
        """The sum of rows of bits, each times a public weight: (n,).

        As `from_bits`, but what is sent at the end is the sum.
        """
        ab, c = self._two_terms(bits, ring)
        by = limbs_of(weights, ring)[:, None]
        product = rss.multiply((ab.own, ab.next, c.own, c.next), ring // 64)
        z = sum_limbs(mul_limbs(product, by, ring), 0, ring)
        both = self._product("add up bits", z, ring)
        return (ab + c).scale(by).sum(0) - both.scale(2)

    def count_bits(self, bits: Bits, ring: int) -> Shared:
        """How many ones each row has: (rows,), one element sent for each row."""
        ab, c = self._two_terms(bits, ring)
        return (ab + c).sum(1) - self.dot(ab, c).scale(2)

    def _two_terms(self, bits: Bits, ring: int) -> tuple[Shared, Shared]:
        """Rows of bits as the exclusive or of two elements 0 or 1."""
        own = from_rows(bits.own, bits.n, ring)
        following = from_rows(bits.next, bits.n, ring)
        zero = np.zeros_like(own)
        a, b, c = (
            Shared(
                own if self.index == number else zero,
                following if (self.index + 1) % 3 == number else zero,
                ring,
            )
            for number in range(3)
        )
        return a + b - self.multiply(a, b).scale(2), c

    def less_than(self, x: Shared, y: Shared) -> Bits:
        """1 where x < y; the difference must fit the ring."""
        return self.sign(x - y)

    # -- numbers ---------------------------------------------------------------

    def truncate(self, x: Shared, n_bits: int, bound_bits: int) -> Shared:
        """floor(x / 2^n_bits), exactly, of signed |x| < 2^bound_bits.

        The three pieces of x + 2^bound_bits add up to w * 2^ring + x, with w of
        0, 1 or 2. So floor is the sum of the shifted pieces, and the carries of
        their low bits, less w * 2^(ring - n_bits). As x has three free bits at
        its top, the top three bits of the pieces add up to 8w less the carry from
        below, which is at most 2 (`circuit.wrapped`).

        Raises:
            OutOfRange: bound_bits is above ring - 4.
        """
        ring, shape = x.ring, x.shape
        ((x, low, wraps),) = self._carried(((x, n_bits, bound_bits),))
        over = 1 << (ring - n_bits)
        weights = [1] * low.n_bits + [-over, -2 * over]
        out = self._shifted(x, n_bits)
        out = out + self.add_up_bits(low.stack(wraps), weights, ring)
        out = self.add_public(out, -(1 << (bound_bits - n_bits)))
        return out.reshape(*shape)

    def truncate_each(self, *wanted: tuple[Shared, int, int]) -> list[Shared]:
        """Several at a time, in as many rounds as one; of few elements.

        Args:
            *wanted: x, n_bits and bound_bits as of `truncate`; all x have one shape.

        Raises:
            OutOfRange: As `truncate`.
        """
        carried = self._carried(wanted)
        bits = [part for _, low, wraps in carried for part in (low, wraps)]
        rows = self.from_bits(bits[0].stack(*bits[1:]), wanted[0][0].ring)
        made, at = [], 0
        for (x, n_bits, bound_bits), (flat, low, _) in zip(
            wanted, carried, strict=True
        ):
            up = at + low.n_bits
            over = rows[up] + rows[up + 1].scale(2)
            out = self._shifted(flat, n_bits) + rows[at:up].sum(0)
            out = out - over.scale(1 << (x.ring - n_bits))
            out = self.add_public(out, -(1 << (bound_bits - n_bits)))
            made.append(out.reshape(*x.shape))
            at = up + 2
        return made

    def _carried(
        self, wanted: Sequence[tuple[Shared, int, int]]
    ) -> list[tuple[Shared, Bits, Bits]]:
        """Of each raised x: itself, carries out of its low bits, wraps of its top."""
        flats: list[Shared] = []
        circuits: list[Circuit] = []
        for x, n_bits, bound_bits in wanted:
            if not 0 < n_bits <= bound_bits <= x.ring - 4:
                raise OutOfRange(
                    f"bound_bits: expected {n_bits} to {x.ring - 4}, found {bound_bits}"
                )
            flat = self.add_public(x.reshape(x.size), 1 << bound_bits)
            circuits.append(low_carries(*self.terms(flat, 0, n_bits)))
            circuits.append(wrapped(*self.terms(flat, x.ring - 3, 3)))
            flats.append(flat)
        done = self.together(*circuits)
        return list(zip(flats, done[0::2], done[1::2], strict=True))

    def _shifted(self, x: Shared, n_bits: int) -> Shared:
        """The sum of the shifted pieces, each known to two nodes."""
        ring = x.ring
        return Shared(_shift(x.own, n_bits, ring), _shift(x.next, n_bits, ring), ring)

    def select(self, bit: Shared, x: Shared, y: Shared) -> Shared:
        """x where the bit is 1, y where it is 0."""
        return y + self.multiply(bit, x - y)

    # -- opening ---------------------------------------------------------------

    def open(self, x: Shared, label: str = "open") -> Limbs:
        """The value, at all three; a copy that differs is found.

        Raises:
            VerificationError: The two holders of a piece do not agree: rule
                `mpc.opening`.
        """
        self.check()
        own, following = np.ascontiguousarray(x.own), np.ascontiguousarray(x.next)
        seen = hashlib.sha256(following.tobytes()).digest()
        # The next node lacks our own piece; the previous one lacks our next.
        before, after = self.link.round(label, seen, own, own.nbytes, len(seen))
        if hashlib.sha256(before).digest() != bytes(after):
            abort(
                "mpc.opening",
                "expected both holders of a piece to open the same, found otherwise",
            )
        missing = np.frombuffer(before, np.uint64).reshape(own.shape)
        return add_limbs(add_limbs(own, following, x.ring), missing, x.ring)

    def open_bits(self, x: Bits, label: str = "open bits") -> Limbs:
        """The bits, at all three, sliced."""
        self.check()
        own, following = np.ascontiguousarray(x.own), np.ascontiguousarray(x.next)
        seen = hashlib.sha256(following.tobytes()).digest()
        before, after = self.link.round(label, seen, own, own.nbytes, len(seen))
        if hashlib.sha256(before).digest() != bytes(after):
            abort(
                "mpc.opening",
                "expected both holders of a piece to open the same, found otherwise",
            )
        return own ^ following ^ np.frombuffer(before, np.uint64).reshape(own.shape)

    # -- borders ---------------------------------------------------------------

    def input(self, x: Shared) -> Shared:
        """What an owner dealt, made ready for this model."""
        return x

    def output(self, x: Shared) -> Shared:
        """What leaves for a receiver, after a check."""
        self.check()
        return x

    def check(self) -> None:
        """Verify everything multiplied so far; nothing in the semi-honest model."""


def _shift(values: Limbs, n_bits: int, ring: int) -> Limbs:
    """Each piece as an unsigned number, shifted down."""
    if ring == 64:
        return values >> np.uint64(n_bits)
    low, high = values[..., 0], values[..., 1]
    if n_bits >= 64:
        down = high >> np.uint64(n_bits - 64) if n_bits < 128 else high * np.uint64(0)
        return np.stack([down, np.zeros_like(high)], axis=-1)
    up = (high << np.uint64(64 - n_bits)) if n_bits else np.zeros_like(high)
    return np.stack([(low >> np.uint64(n_bits)) | up, high >> np.uint64(n_bits)], -1)
