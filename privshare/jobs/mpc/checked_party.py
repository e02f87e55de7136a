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
the errors and on r alone: it says nothing of values. r is never opened and
serves until the end; each wrong product has the chance of
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
    VALUE_BITS,
    WIDE,
    Checked,
    reduced,
    ring_soundness_bits,
    widen,
)
from privshare.jobs.mpc.circuit import low_carries, wrapped
from privshare.jobs.mpc.link import Link
from privshare.jobs.mpc.party import Party, _shift
from privshare.jobs.mpc.ring import (
    Bits,
    Limbs,
    Shared,
    concat,
    from_rows,
    limbs_of,
    mul128,
    to_rows,
)
from privshare.jobs.mpc_spec import Model

__all__ = ["MAX_ELEMENTS", "CheckedParty"]

#: Products after which a check is due, whatever the program does.
MAX_ELEMENTS = 1 << 20


class CheckedParty(Party):
    """A node in the model `malicious-abort`. Arguments as `Party`."""

    keeps: ClassVar[Model] = "malicious-abort"

    def __init__(self, link: Link, key_previous: bytes, key_next: bytes) -> None:
        super().__init__(link, key_previous, key_next, "malicious-abort")
        self._proof = BitProof(link, key_previous, key_next)
        self._key = Party.random(self, (), WIDE)
        self._made: list[tuple[Shared, Shared]] = []
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
            each = ring_soundness_bits(64)
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
        """What leaves for a receiver, after a check.

        Of ring 128 the receiver takes `checked.reduced` of the sum: the upper
        48 bits are not covered by the check.
        """
        self.check()
        checked = _checked(x)
        return checked.core if checked.ring == 64 else checked.value

    def public(self, values: Any, ring: int = 64) -> Checked:
        """A public value: its tag is local."""
        limbs = np.asarray(limbs_of(values, ring), dtype=np.uint64)
        full = widen(limbs) if ring == 64 else limbs
        value = Party.public(self, full, WIDE)
        # The key has a piece at every node; public times it stays local.
        own, following = (
            np.broadcast_to(one, full.shape) for one in (self._key.own, self._key.next)
        )
        tag = Shared(mul128(full, own), mul128(full, following), WIDE)
        return Checked(value.own, value.next, ring, tag=tag)

    def add_public(self, x: Shared, values: Any) -> Checked:
        """x plus public numbers."""
        checked = _checked(x)
        limbs = np.asarray(limbs_of(values, checked.ring), dtype=np.uint64)
        shape = checked.shape if checked.ring == 64 else checked.own.shape
        return checked + self.public(np.broadcast_to(limbs, shape), checked.ring)

    def known(self, x: Shared, number: int) -> Checked:
        """Piece `number` of x as a value of its own."""
        checked = _checked(x)
        return _lifted(Party.known(self, checked.core, number), checked.ring)

    def random(self, shape: Sequence[int], ring: int = 64) -> Checked:
        """A random value that nobody knows."""
        return _lifted(Party.random(self, shape, WIDE), ring)

    def _tag(self, x: Checked) -> Shared:
        """Its tag, made now if there is none."""
        if x.tag is not None:
            return x.tag
        tag = Party.multiply(self, x.value, self._key)
        self._log_tagged(x.value, tag, x.ring)
        return tag

    def _log_tagged(self, value: Shared, tag: Shared, ring: int) -> Checked:
        self._made.append((value.reshape(value.size), tag.reshape(tag.size)))
        self._n_made += value.size
        self._unconfirmed = True
        made = Checked(value.own, value.next, ring, tag=tag)
        if self._n_made >= MAX_ELEMENTS:
            self.check()
        return made

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
        factors = a.value, self._tag(a)
        return self._both(a, "multiply", *(_times(one, b.value) for one in factors))

    def dot(self, x: Shared, y: Shared) -> Checked:
        """Products summed along the last axis."""
        a, b = _first_tagged(_checked(x), _checked(y))
        factors = a.value, self._tag(a)
        return self._both(a, "dot", *(_sums(one, b.value) for one in factors))

    def matmul(self, x: Shared, y: Shared) -> Checked:
        """The product of two matrices."""
        a, b = _checked(x), _checked(y)
        left, right = [a.value] * 2, [b.value] * 2
        if _first_tagged(a, b)[0] is a:
            left[1] = self._tag(a)
        else:
            right[1] = self._tag(b)
        pairs = zip(left, right, strict=True)
        return self._both(a, "matmul", *(_matrix(one, two) for one, two in pairs))

    def _both(self, like: Checked, label: str, value: Limbs, tag: Limbs) -> Checked:
        """A product and its tag in one message."""
        made = self._product(label, np.stack([value, tag]), WIDE)
        return self._log_tagged(made[0], made[1], like.ring)

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
        if not isinstance(x, Checked) or x.ring == 64:
            plain = x.core if isinstance(x, Checked) else x
            return Party.terms(self, plain, first, n_bits)
        flat, k = x.reshape(x.size).core, VALUE_BITS[128]
        end = min(first + n_bits, k) if n_bits else k
        own, following = (
            to_rows(one, WIDE)[first:end] for one in (flat.own, flat.next)
        )
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

    def from_bits(self, bits: Bits, ring: int = 64) -> Checked:
        """Each bit as a ring element 0 or 1: (rows, n).

        The pieces a, b and c of a bit are known to two nodes each. From a, its
        tag; from v, the sum of some pieces modulo 2, and its tag t, the next:
        v + (1 - 2v) b and t + (r - 2t) b.
        """
        a, b, c = (_ring_bits(self._piece(bits, number)) for number in range(3))
        one = Party.public(self, np.array([1, 0], np.uint64), WIDE)
        key = self._key
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
        made = self._product(label, parts, WIDE)
        return [made[number] for number in range(len(pairs))]

    def sign(self, x: Shared) -> Bits:
        """The top bit of those that count."""
        return Party.sign(self, _view(x))

    def to_bits(self, x: Shared) -> Bits:
        """All bits that count."""
        return Party.to_bits(self, _view(x))

    # -- numbers ---------------------------------------------------------------

    def truncate(self, x: Shared, n_bits: int, bound_bits: int) -> Checked:
        """As `Party.truncate`, modulo 2^64 or 2^80.

        The shifted pieces are known to two nodes each.

        Raises:
            OutOfRange: bound_bits is above 60, or above 76 of ring 128.
        """
        checked = _checked(x)
        k = VALUE_BITS[checked.ring]
        if not 0 < n_bits <= bound_bits <= k - 4:
            raise OutOfRange(f"bound_bits: expected up to {k - 4}, found {bound_bits}")
        flat = self.add_public(checked.reshape(checked.size), 1 << bound_bits)
        t0, t1, t2 = self.terms(flat)
        low, wraps = self.together(
            low_carries(t0[0:n_bits], t1[0:n_bits], t2[0:n_bits]),
            wrapped(t0[k - 3 :], t1[k - 3 :], t2[k - 3 :]),
        )
        counts = self.from_bits(low.stack(wraps), checked.ring)
        core = flat.core
        shifted = _lifted(
            Shared(
                _shift(core.own, n_bits, core.ring),
                _shift(core.next, n_bits, core.ring),
                core.ring,
            ),
            checked.ring,
        )
        over = counts[low.n_bits] + counts[low.n_bits + 1].scale(2)
        out = shifted + counts[0 : low.n_bits].sum(0)
        out = out - over.scale(1 << (k - n_bits))
        out = self.add_public(out, -(1 << (bound_bits - n_bits)))
        return out.reshape(*checked.shape)

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
        if not isinstance(x, Checked):
            return Party.open(self, x, label)
        if x.ring == 64:
            return Party.open(self, x.core, label)
        return reduced(Party.open(self, x.value, label))

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
            self._check_tags()
            self.link.agree("checked", hashlib.sha256(b"checked").digest())
            self._unconfirmed = False
        finally:
            self._checking = False

    def _check_tags(self) -> None:
        if not self._made:
            return
        values, tags = (concat(column) for column in zip(*self._made, strict=True))
        self._made, self._n_made = [], 0
        self._n_checks += 1
        by = Party.random(self, (values.size,), WIDE)
        sums = np.stack([_sums(by, one) for one in (values, tags)])
        mixed = self._product("check tags", sums, WIDE)
        value, tag = mixed[0:1], mixed[1:2]
        rest = tag - Party.multiply(self, value, self._key)
        if Party.open(self, rest, "check zero").any():
            raise abort(
                "mpc.check",
                "expected products in the ring to be right, found a false one",
            )


def _view(x: Shared) -> Shared:
    """What circuits of `Party` read: the ring is the bits that count."""
    if not isinstance(x, Checked):
        return x
    return Checked(x.own, x.next, VALUE_BITS[x.ring], tag=x.tag)


def _checked(x: Shared) -> Checked:
    if not isinstance(x, Checked):
        raise OutOfRange("expected shares with a tag, found others: see input()")
    return x


def _lifted(x: Shared, ring: int | None = None) -> Checked:
    """Pieces that two nodes hold alike, in the larger ring."""
    own, following = x.own, x.next
    if x.ring == 64:
        own, following = widen(own), widen(following)
    return Checked(own, following, ring or x.ring, tag=None)


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
    return Shared(at(one.own, x.own.shape), at(one.next, x.next.shape), WIDE) - twice


def _ring_bits(bits: Bits) -> Shared:
    """Rows of bits one after the other, each bit a ring element."""

    def made(rows: Limbs) -> Limbs:
        return from_rows(rows, bits.n, WIDE).reshape(-1, 2)

    return Shared(made(bits.own), made(bits.next), WIDE)
