"""A node that finds out when another one computes falsely, and ends the job.

    party = CheckedParty(link, key_previous, key_next)
    x = party.input(dealt)      the owner gave both holders the same; a tag
    ... as with Party ...       products carry tags; gates are remembered
    party.open(y)               only after a check that all three confirm

Products of ring elements carry tags (`checked`), products of bits are proven
(`bit_proof`); everything else is local, or made of pieces that two nodes have.
Both checks run before every opening and before results leave, and then the
nodes confirm to each other that they found nothing: so no honest node opens a
value that another honest node knows to be false.

The check of tags. With values x_i, tags m_i and random numbers a_i that nobody
knows, it opens T = sum of a_i m_i - r * (sum of a_i x_i), which is 0 if all is
well, and otherwise uniform among the multiples of a power of 2 that depends on
the errors and on r alone: it says nothing of values. A wrong tag (of a value that
is right) may pass, half of the time if only its top bit is wrong; times a secret
y it is wrong by that much or not at all. So a factor whose tag was checked before
enters the next check again, where its own error hides whether y's counts. r is
never opened and serves until the end; each wrong product has the chance of
`checked.ring_soundness_bits` to pass, once.

Source:
    Abspoel, Dalskov, Escudero and Nof, ACNS 2021, section 3 (tags in rings);
    Chida, Genkin, Hamada, Ikarashi, Kikuchi, Lindell and Nof, CRYPTO 2018,
    section 5 (the compiler); sources of `bit_proof`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn

import numpy as np

from privshare.bindings import wide
from privshare.errors import OutOfRange, StepNotAllowed
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.bit_proof import MAX_WORDS, BitProof, soundness_bits
from privshare.jobs.mpc.checked import (
    EXTRA_BITS,
    Checked,
    ring_soundness_bits,
    widen,
)
from privshare.jobs.mpc.link import Link
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.ring import (
    Bits,
    Limbs,
    Shared,
    concat,
    from_rows,
    limbs_of,
    mul_limbs,
)
from privshare.jobs.mpc_spec import Model

__all__ = ["MAX_ELEMENTS", "CheckedParty"]

#: Products after which a check is due, whatever the program does.
MAX_ELEMENTS = 1 << 20
#: Where values and tags live, of programs in rings of 64 and of 128 bits.
WIDE_RINGS = (64 + EXTRA_BITS, 128 + EXTRA_BITS)


class CheckedParty(Party):
    """A node in the model `malicious-abort`. Arguments as `Party`."""

    keeps: ClassVar[Model] = "malicious-abort"

    def __init__(self, link: Link, key_previous: bytes, key_next: bytes) -> None:
        super().__init__(link, key_previous, key_next, "malicious-abort")
        self._proof = BitProof(link, key_previous, key_next)
        self._keys = {ring: Party.random(self, (), ring) for ring in WIDE_RINGS}
        self._made: dict[int, list[tuple[Shared, Shared]]] = {
            ring: [] for ring in WIDE_RINGS
        }
        self._n_made = 0
        self._checking = False
        self._unconfirmed = False
        self._n_checks = 0
        self._n_proofs = 0

    @property
    def bounds(self) -> dict[str, int]:
        """Chances that something false passed, as negated binary logarithms."""
        found = {}
        if self._n_proofs:
            each = soundness_bits(64 * MAX_WORDS)
            found["bits"] = int(each - math.log2(self._n_proofs))
        if self._n_checks:
            each = ring_soundness_bits()
            found["products"] = int(each - math.log2(self._n_checks))
        return found

    def _prove(self) -> None:
        """Have all gates since the last time proven."""
        self._n_proofs += int(self._proof.n_words > 0)
        self._proof.finish()

    # -- values ----------------------------------------------------------------

    def input(self, x: Shared) -> Checked:
        """What an owner dealt.

        Raises:
            VerificationError: It gave the two holders of a piece different
                numbers: rule `mpc.input`.
        """
        self._same_pieces(x)
        return _lifted(x)

    def output(self, x: Shared) -> Shared:
        """What leaves for a receiver, after a check: the bits that count."""
        self.check()
        return _checked(x).core

    def public(self, values: Any, ring: int = 64) -> Checked:
        """A public value: its tag is local."""
        limbs = np.asarray(limbs_of(values, ring), dtype=np.uint64)
        full, wide_ring = widen(limbs, ring), ring + EXTRA_BITS
        value, key = Party.public(self, full, wide_ring), self._keys[wide_ring]
        # The key has a piece at every node; public times it stays local.
        own, following = (
            mul_limbs(full, one, wide_ring) for one in (key.own, key.next)
        )
        tag = Shared(own, following, wide_ring)
        return Checked(value.own, value.next, ring, tag=tag)

    def add_public(self, x: Shared, values: Any) -> Checked:
        """x plus public numbers."""
        checked = _checked(x)
        limbs = np.asarray(limbs_of(values, checked.ring), dtype=np.uint64)
        shape = checked.shape if checked.ring == 64 else (*checked.shape, 2)
        return checked + self.public(np.broadcast_to(limbs, shape), checked.ring)

    def known(self, x: Shared, number: int) -> Checked:
        """Piece `number` of x as a value of its own."""
        checked = _checked(x)
        return _lifted(Party.known(self, checked.core, number))

    def random(self, shape: Sequence[int], ring: int = 64) -> Checked:
        """A random value that nobody knows."""
        made = Party.random(self, shape, ring + EXTRA_BITS)
        return Checked(made.own, made.next, ring, tag=None)

    def _tag(self, x: Checked) -> Shared:
        """Its tag, made now if there is none."""
        if x.tag is not None:
            return x.tag
        tag = self._plain(x.value, self._keys[x.wide_ring])
        self._log_tagged(x.value, tag, x.ring)
        return tag

    def _log_tagged(self, value: Shared, tag: Shared, ring: int) -> Checked:
        self._log(value, tag)
        made = Checked(value.own, value.next, ring, tag=tag)
        if self._n_made >= MAX_ELEMENTS:
            self.check()
        return made

    def _log(self, value: Shared, tag: Shared) -> None:
        pair = value.reshape(value.size), tag.reshape(tag.size)
        self._made[value.ring].append(pair)
        self._n_made += value.size
        self._unconfirmed = True

    def _factor(self, x: Checked) -> Shared:
        """The tag of a factor; one that a check has seen is seen by the next, too."""
        tag = self._tag(x)
        if self._n_checks:
            self._log(x.value, tag)
        return tag

    def _same_pieces(self, x: Shared) -> None:
        own, following = np.ascontiguousarray(x.own), np.ascontiguousarray(x.next)
        seen = hashlib.sha256(following.tobytes()).digest()
        size = len(seen)
        came, _ = self.link.round("input", b"", seen, size, 0)
        if bytes(came) != hashlib.sha256(own.tobytes()).digest():
            raise abort(
                "mpc.input",
                "expected the same piece of an input at both its holders, "
                "found otherwise",
                fix="deal the input again",
            )

    # -- products --------------------------------------------------------------

    def multiply(self, x: Shared, y: Shared) -> Checked:
        """Element by element."""
        a, b = _first_tagged(_checked(x), _checked(y))
        factors = a.value, self._factor(a)
        return self._both(a, "multiply", *(_times(one, b.value) for one in factors))

    def dot(self, x: Shared, y: Shared) -> Checked:
        """Products summed along the last axis."""
        a, b = _first_tagged(_checked(x), _checked(y))
        factors = a.value, self._factor(a)
        return self._both(a, "dot", *(_sums(one, b.value) for one in factors))

    def matmul(self, x: Shared, y: Shared) -> Checked:
        """The product of two matrices."""
        a, b = _checked(x), _checked(y)
        left, right = [a.value] * 2, [b.value] * 2
        if _first_tagged(a, b)[0] is a:
            left[1] = self._factor(a)
        else:
            right[1] = self._factor(b)
        pairs = zip(left, right, strict=True)
        return self._both(a, "matmul", *(_matrix(one, two) for one, two in pairs))

    def _both(self, like: Checked, label: str, value: Limbs, tag: Limbs) -> Checked:
        """A product and its tag in one message."""
        made = self._product(label, np.stack([value, tag]), like.wide_ring)
        return self._log_tagged(made[0], made[1], like.ring)

    def _plain(self, x: Shared, y: Shared) -> Shared:
        """Products without tags."""
        return self._product("multiply", _times(x, y), x.ring)

    # -- bits ------------------------------------------------------------------

    def remember(
        self, x: Bits, y: Bits, came: Limbs, masks: tuple[Limbs, Limbs]
    ) -> None:
        """Keep gates until their proof."""
        self._proof.record((x.own, x.next), (y.own, y.next), came, masks)
        self._unconfirmed = True
        if self._proof.n_words >= MAX_WORDS:
            self._prove()

    def terms(
        self, x: Shared, first: int = 0, n_bits: int = 0
    ) -> tuple[Bits, Bits, Bits]:
        """The three pieces of the bits that count; arguments as `Party.terms`."""
        plain = x.core if isinstance(x, Checked) else x
        return Party.terms(self, plain, first, n_bits)

    def from_bits(self, bits: Bits, ring: int = 64) -> Checked:
        """Each bit as a ring element 0 or 1: (rows, n).

        The pieces a, b and c of a bit are known to two nodes each. From a, its
        tag; from v, the sum of some pieces modulo 2, and its tag t, the next:
        v + (1 - 2v) b and t + (r - 2t) b.
        """
        wide_ring = ring + EXTRA_BITS
        a, b, c = (
            _ring_bits(self._piece(bits, number), wide_ring) for number in range(3)
        )
        one = Party.public(self, limbs_of(1, wide_ring), wide_ring)
        key = self._keys[wide_ring]
        first = self._pairwise("from bits", [(a, key), (_turned(one, a), b)])
        tag, value = first[0], a + first[1]
        self._log_tagged(a, tag, ring)
        second = self._pairwise(
            "from bits", [(_turned(key, tag), b), (_turned(one, value), c)]
        )
        tag2, value2 = tag + second[0], value + second[1]
        self._log_tagged(value, tag2, ring)
        (last,) = self._pairwise("from bits", [(_turned(key, tag2), c)])
        made = self._log_tagged(value2, tag2 + last, ring)
        return made.reshape(bits.n_bits, bits.n)

    def count_bits(self, bits: Bits, ring: int) -> Checked:
        """How many ones each row has."""
        return self.from_bits(bits, ring).sum(1)

    def add_up_bits(self, bits: Bits, weights: Sequence[int], ring: int) -> Checked:
        """The sum of the rows' bits, each times its weight."""
        rows = self.from_bits(bits, ring)
        scaled = [rows[at].scale(weight) for at, weight in enumerate(weights)]
        total = scaled[0]
        for one in scaled[1:]:
            total = total + one
        return total

    def _piece(self, bits: Bits, number: int) -> Bits:
        zero = np.zeros_like(bits.own)
        return Bits(
            bits.own if self.index == number else zero,
            bits.next if (self.index + 1) % 3 == number else zero,
            bits.n,
        )

    def _pairwise(
        self, label: str, pairs: Sequence[tuple[Shared, Shared]]
    ) -> list[Shared]:
        """Products without tags, in one message."""
        parts = np.stack([_times(x, y) for x, y in pairs])
        made = self._product(label, parts, pairs[0][0].ring)
        return [made[number] for number in range(len(pairs))]

    # -- numbers ---------------------------------------------------------------

    def truncate(self, x: Shared, n_bits: int, bound_bits: int) -> Shared:
        """As `Party.truncate`, and its errors."""
        return self.truncate_each((x, n_bits, bound_bits))[0]

    def _shifted(self, x: Shared, n_bits: int) -> Checked:
        checked = _checked(x)
        return _lifted(Party._shifted(self, checked.core, n_bits))

    def shuffle(self, *columns: Any) -> NoReturn:
        """Not in this model: nothing checks that rows were only exchanged.

        Raises:
            StepNotAllowed: Always, rule `mpc.model`.
        """
        raise StepNotAllowed(
            "expected a program without shuffles in the model malicious-abort, "
            "found one that shuffles",
            fix="declare the model semi-honest",
            detail={"rule": "mpc.model"},
        )

    # -- opening ---------------------------------------------------------------

    def open(self, x: Shared, label: str = "open") -> Limbs:
        """The value, at all three, after a check."""
        return Party.open(self, x.core if isinstance(x, Checked) else x, label)

    def check(self) -> None:
        """Verify everything multiplied so far, and confirm it to each other.

        Raises:
            VerificationError: Something is false: rule `mpc.check`.
        """
        if self._checking or not self._unconfirmed:
            return
        self._checking = True
        try:
            self._prove()
            for ring in WIDE_RINGS:
                self._check_tags(ring)
            self.link.agree("checked", hashlib.sha256(b"checked").digest())
            self._unconfirmed = False
        finally:
            self._checking = False

    def _check_tags(self, ring: int) -> None:
        if not self._made[ring]:
            return
        values, tags = (
            concat(column) for column in zip(*self._made[ring], strict=True)
        )
        self._n_made -= values.size
        self._made[ring] = []
        self._n_checks += 1
        by = Party.random(self, (values.size,), ring)
        sums = np.stack([_sums(by, one) for one in (values, tags)])
        mixed = self._product("check tags", sums, ring)
        value, tag = mixed[0:1], mixed[1:2]
        rest = tag - self._plain(value, self._keys[ring])
        if Party.open(self, rest, "check zero").any():
            raise abort(
                "mpc.check",
                "expected products in the ring to be right, found a false one",
            )


def _checked(x: Shared) -> Checked:
    if not isinstance(x, Checked):
        raise OutOfRange("expected shares with a tag, found others: see input()")
    return x


def _lifted(x: Shared) -> Checked:
    """Pieces that two nodes hold alike, in the larger ring."""
    ring = x.ring
    return Checked(widen(x.own, ring), widen(x.next, ring), ring, tag=None)


def _first_tagged(a: Checked, b: Checked) -> tuple[Checked, Checked]:
    """The factor that has a tag first; without any, the smaller one."""
    if a.tag is not None:
        return a, b
    return (b, a) if b.tag is not None or b.size < a.size else (a, b)


def _times(x: Shared, y: Shared) -> Limbs:
    """This node's part of products, not masked yet."""
    return wide.cross((x.own, x.next), (y.own, y.next))


def _sums(x: Shared, y: Shared) -> Limbs:
    """Of products summed along the last axis."""
    return wide.dot((x.own, x.next), (y.own, y.next))


def _matrix(x: Shared, y: Shared) -> Limbs:
    """Of a product of matrices, column by column."""
    columns = y.transpose()
    return np.stack([_sums(x, columns[number]) for number in range(len(columns))], 1)


def _turned(one: Shared, x: Shared) -> Shared:
    """one - 2x."""
    twice = x + x
    at = np.broadcast_to
    return Shared(at(one.own, x.own.shape), at(one.next, x.next.shape), x.ring) - twice


def _ring_bits(bits: Bits, ring: int) -> Shared:
    """Rows of bits one after the other, each bit a ring element."""

    def made(rows: Limbs) -> Limbs:
        return from_rows(rows, bits.n, ring).reshape(-1, ring // 64)

    return Shared(made(bits.own), made(bits.next), ring)
