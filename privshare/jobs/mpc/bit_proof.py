"""Proofs that three nodes multiplied bits as they should, checked two by two.

Node i said z_i = x_i y_i ^ x_i y_(i+1) ^ x_(i+1) y_i ^ r_i ^ r_(i+1) to node
i - 1, which knows x_i, y_i and r_i (it is `left`); node i + 1 knows x_(i+1),
y_(i+1) and r_(i+1) (it is `right`). Together they know whether

    x_i y_(i+1) ^ y_i x_(i+1) = (z_i ^ r_i ^ x_i y_i) ^ r_(i+1)

and node i proves it to both at once, for all gates since the last proof. All
three nodes prove in the same rounds.

    1  the verifiers say beta; words of 64 gates weigh beta_b, as elements
    2  the prover shares G at the points of {0,1,inf}^6 that are no corners;
       at corners the verifiers have what it must be: it is their statement
    3  the verifiers say a point; bits become elements, u for left, v for right
    4  3 variables at a time, vectors of 8n become vectors of n: the prover
       shares G on {0,1,inf}^3 but its first corner, which follows from the
       sum; the verifiers say a point
    5  the prover says to left a digest of the challenges that it heard; left
       goes on only if they are those that it has itself
    6  <u, v> = t of length 1 is masked: left says u + ra and its part of
       t + r(ub + va) + r^2 ab to right, which checks the product

Each challenge is the sum of a part from either verifier, drawn from a key that
the prover does not have; the prover hears both parts only when both verifiers
have come to this point, and so after everything it can influence. Nothing is
hashed to make challenges (Fiat and Shamir): one could try hashes offline, which
2^60 do not prevent. A right that told the prover a false part would get u of
one point from left, and a sum that belongs to another: together they say
something of bits that it does not have. Hence step 5. What the prover sends left
is masked with a stream that it shares with right, so that either sees random
elements; u + ra is random, too, for r is not 0.

Source:
    Boneh, Boyle, Corrigan-Gibbs, Gilboa and Ishai, CRYPTO 2019, sections 4.2
    and 5 (inner products by recursion, two verifiers); Boyle, Gilboa, Ishai and
    Nof, CCS 2019, section 4 (the statement for three nodes).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from privshare.bindings import dzk
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.link import Link
from privshare.jobs.mpc.ring import Limbs
from privshare.jobs.mpc.stream import Stream

__all__ = ["MAX_WORDS", "BitProof", "soundness_bits"]

#: Words after which a proof is due, whatever the program does.
MAX_WORDS = 1 << 20
_FIRST, _LATER = 6, 3
_ORDER_BITS = 64


def stages(n_words: int) -> int:
    """How many foldings by eight follow the first one, for words of gates."""
    length = 2 * dzk.BLOCK * max(1, -(-n_words // dzk.BLOCK))
    count = 0
    while length > 1:
        length, count = -(-length // dzk.FAN), count + 1
    return count


def soundness_bits(n_gates: int) -> float:
    """At most 2^-this is the chance that a false product passes one proof.

    (1 + 12 + 6 s + 2) / (2^64 - 1), with s foldings: 1 for the weights of the
    blocks, as a false bit makes an element that is not 0; 2 for each variable
    of a polynomial of degree 2 in each, by the lemma of Schwartz and Zippel;
    and 2 for the last, masked product.
    """
    folds = stages(-(-n_gates // 64))
    return _ORDER_BITS - math.log2(1 + 2 * _FIRST + 2 * _LATER * folds + 2)


def _points(variables: int) -> tuple[Limbs, Limbs]:
    """Which points of {0,1,inf}^k are corners, and which are not."""
    numbers = np.arange(3**variables)
    digits = numbers[:, None] // 3 ** np.arange(variables) % 3
    inner = (digits == 2).any(axis=1)
    corners = numbers[~inner]
    return corners.astype(np.intp), numbers[inner].astype(np.intp)


_CORNERS6, _INNER6 = _points(_FIRST)
_CORNERS3, _INNER3 = _points(_LATER)
#: What is said of a later stage: all but the first corner.
_SAID3 = np.arange(1, 3**_LATER)


def weights(point: Limbs, base: int) -> Limbs:
    """Of corners (base 2) or of points of {0,1,inf} (base 3) at a challenge.

    g(r) = (1 + r) g(0) + r g(1) + (r^2 + r) g(inf), variable by variable.
    """
    made = np.ones(1, np.uint64)
    for one in point:
        r = np.array([one], np.uint64)
        factors = [r ^ np.uint64(1), r, dzk.mul(r, r) ^ r][:base]
        made = np.concatenate(
            [dzk.mul(made, np.broadcast_to(f, made.shape)) for f in factors]
        )
    return made


@dataclass(slots=True)
class _Verifier:
    """One side of somebody else's proof, and what the coins of its pair say."""

    coins: Stream
    shares: Stream | None  # of right: from the key it has with the prover
    mask: Stream
    vector: Limbs = field(default_factory=lambda: np.zeros(0, np.uint64))
    total: int = 0
    beta: Limbs = field(default_factory=lambda: np.zeros(0, np.uint64))


class BitProof:
    """What one node records of its gates, and how it proves and verifies.

    Args:
        link: To the two others.
        key_previous: 32 bytes that the previous node has, too.
        key_next: 32 bytes that the next node has, too.
    """

    def __init__(self, link: Link, key_previous: bytes, key_next: bytes) -> None:
        def stream(key: bytes, use: bytes) -> Stream:
            return Stream(hashlib.sha256(b"privshare bit proof " + use + key).digest())

        self.n_words = 0
        self._link = link
        self._own_shares = stream(key_next, b"share")
        self._own_masks = stream(key_previous, b"left"), stream(key_next, b"right")
        self._left = _Verifier(
            stream(key_previous, b"coin"), None, stream(key_next, b"left")
        )
        self._right = _Verifier(
            stream(key_next, b"coin"),
            stream(key_previous, b"share"),
            stream(key_previous, b"right"),
        )
        self._parts: list[tuple[Limbs, ...]] = []
        # Of all challenges: as we heard them, and as the next node should have.
        self._heard, self._due = hashlib.sha256(), hashlib.sha256()

    def record(
        self,
        x: tuple[Limbs, Limbs],
        y: tuple[Limbs, Limbs],
        came: Limbs,
        masks: tuple[Limbs, Limbs],
    ) -> None:
        """Remember gates.

        Args:
            x: Own and next pieces of one factor, sliced. Secret.
            y: Of the other.
            came: What the next node said: its piece of the product.
            masks: Random words of the gates, from the keys with the previous
                and the next node.
        """
        said = came ^ masks[1] ^ (x[1] & y[1])
        parts = (x[0], x[1], y[0], y[1], said, masks[0])
        self._parts.append(tuple(one.reshape(-1) for one in parts))
        self.n_words += said.size

    def finish(self) -> None:
        """Prove and verify all that was recorded; nothing if that is nothing.

        Raises:
            VerificationError: A product is false: rule `mpc.check`, with the
                node that made it, or one that spoiled the proof.
        """
        if not self.n_words:
            return
        blocks = -(-self.n_words // dzk.BLOCK)
        rest = np.zeros(blocks * dzk.BLOCK - self.n_words, np.uint64)
        x0, x1, y0, y1, said, masks = (
            np.concatenate([*column, rest]) for column in zip(*self._parts, strict=True)
        )
        self._parts, self.n_words = [], 0
        u, v = self._first(blocks, (x0, x1, y0, y1), said, masks)
        while u.size > 1:
            u, v = self._later(u, v)
        self._last(u, v)

    # -- what is said ----------------------------------------------------------

    def _challenge(self, label: str, n: int) -> tuple[Limbs, Limbs, Limbs]:
        """For our own proof, the next node's, and the previous one's."""
        mine, theirs = self._left.coins.words((2, n)), self._right.coins.words((2, n))
        size = 8 * n
        before, after = self._link.round(
            f"check {label}", theirs[1].copy(), mine[0].copy(), size, size
        )
        own = np.frombuffer(before, np.uint64) ^ np.frombuffer(after, np.uint64)
        left, right = mine[0] ^ mine[1], theirs[0] ^ theirs[1]
        self._heard.update(own.tobytes())
        self._due.update(left.tobytes())
        return own, left, right

    def _share(
        self, label: str, values: Limbs, open_bytes: bytes = b""
    ) -> tuple[Limbs, Limbs, bytes]:
        """Shares of our values are given out; those of left and right come.

        Also what the previous node is told openly, and what the next one told us.
        """
        data = (values ^ self._own_shares.words(values.shape)).tobytes() + open_bytes
        _, after = self._link.round(f"check {label}", data, b"", 0, len(data))
        came, told = after[: values.nbytes], bytes(after[values.nbytes :])
        shares = self._right.shares
        assert shares is not None
        return np.frombuffer(came, np.uint64), shares.words(values.shape), told

    # -- the proof -------------------------------------------------------------

    def _first(
        self, blocks: int, words: Sequence[Limbs], said: Limbs, masks: Limbs
    ) -> tuple[Limbs, Limbs]:
        x0, x1, y0, y1 = words
        seeds = self._challenge("weights", 4)
        own, left, right = (Stream(one.tobytes()).words((blocks,)) for one in seeds)
        made = dzk.bits(x0, x1, y0, y1, own)[_INNER6]
        from_next, from_previous, _ = self._share("bits", made)
        point, at_left, at_right = self._challenge("bits at", _FIRST)
        for side, at, beta, words_of, share in (
            (self._left, at_left, left, said, from_next),
            (self._right, at_right, right, masks, from_previous),
        ):
            eq = weights(at, 2)
            side.total = dzk.weigh(words_of, eq, beta)
            side.total ^= dzk.dot(weights(at, 3)[_INNER6], share)
        eq, eq_left, eq_right = (weights(one, 2) for one in (point, at_left, at_right))
        # Of the next node's proof we have its own pieces, our next ones; of the
        # previous node's its next ones, our own.
        self._left.vector = dzk.spread((x1, y1), eq_left, left)
        self._right.vector = dzk.spread((y0, x0), eq_right)
        u, v = dzk.spread((x0, y0), eq, own), dzk.spread((y1, x1), eq)
        return u, v

    def _later(self, u: Limbs, v: Limbs) -> tuple[Limbs, Limbs]:
        u, v = _filled(u), _filled(v)
        *shares, _ = self._share("fold", dzk.products(u, v)[_SAID3])
        point, *others = self._challenge("fold at", _LATER)
        sides = self._left, self._right
        for side, at, share in zip(sides, others, shares, strict=True):
            corners = share[_CORNERS3[1:] - 1]
            first = side.total ^ int(np.bitwise_xor.reduce(corners))
            values = np.concatenate([np.array([first], np.uint64), share])
            side.total = dzk.dot(weights(at, 3), values)
            side.vector = dzk.fold(_filled(side.vector), weights(at, 2))
        eq = weights(point, 2)
        return dzk.fold(u, eq), dzk.fold(v, eq)

    def _last(self, u: Limbs, v: Limbs) -> None:
        a, b = (one.words((1,)) for one in self._own_masks)
        mixed = dzk.mul(u, b) ^ dzk.mul(a, v)
        masked = np.concatenate([mixed, dzk.mul(a, b)])
        *shares, told = self._share("end", masked, self._heard.digest())
        if told != self._due.digest():
            self._false("challenges to be told as they were drawn, found others")
        sums: list[Limbs] = []
        for side, share in zip((self._left, self._right), shares, strict=True):
            # Both verifiers draw it, and the prover never hears it.
            r = side.coins.words((1,)).copy()
            r[r == 0] = 1
            powers = np.concatenate([r, dzk.mul(r, r)])
            side.total ^= dzk.dot(powers, share)
            masked = side.vector ^ dzk.mul(r, side.mask.words((1,)))
            sums.append(np.array([int(masked[0]), side.total], np.uint64))
        mine, other = sums
        _, after = self._link.round("check product", mine, b"", 0, mine.nbytes)
        said = np.frombuffer(after, np.uint64)
        if dzk.dot(said[:1], other[:1]) != int(said[1] ^ other[1]):
            self._false("products of bits to be right, found a false one")

    def _false(self, expected: str) -> NoReturn:
        suspects = [(self._link.index + 1) % 3, (self._link.index + 2) % 3]
        abort("mpc.check", f"expected {expected}", suspects=suspects)


def _filled(vector: Limbs) -> Limbs:
    """Up to a multiple of eight with zeros."""
    rest = -vector.size % dzk.FAN
    return np.concatenate([vector, np.zeros(rest, np.uint64)]) if rest else vector
