"""Encrypted totals: what sums of columns are made of.

A total is the sum of terms, and a term is one ciphertext of which some slots
count. Usually there is one term. There are more where one would overflow its
slots, or where a slice cuts through a ciphertext: then the terms are added
after decryption, which never overflows.

    term    slots [lo, hi) of one plaintext, each at most `bound` in size
    folded  the value is m modulo 2^w - 1 (see `EncryptedNumber.blind`)
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from privshare.bindings.paillier import PrivateCore, PublicCore
from privshare.errors import OutOfRange, VerificationError
from privshare.schemes.columns import engine
from privshare.schemes.columns.encoding import spoken
from privshare.schemes.columns.packing import Layout, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Row",
    "Term",
    "blinded",
    "fits",
    "merged",
    "multiplied",
    "opened",
    "shifted",
]


class Term(NamedTuple):
    """One ciphertext of a total.

    Attributes:
        ciphertext: Of the layout's modulus.
        lo: First slot that counts.
        hi: Slot after the last one; 1 in a plaintext of one value.
        bound: Largest size of what a slot holds, in units.
        folded: Whether the value is m modulo 2^w - 1.
    """

    ciphertext: bytes
    lo: int
    hi: int
    bound: int
    folded: bool = False

    @property
    def size(self) -> int:
        """Largest size of the term's value."""
        return self.bound if self.folded else self.bound * (self.hi - self.lo)


Row: TypeAlias = tuple[Term, ...]


def fits(bound: int, layout: Layout, what: str) -> int:
    """Return a bound that the layout can hold.

    Raises:
        OutOfRange: It cannot: the result might be wrong, so it is not computed.
    """
    if bound <= layout.capacity:
        return bound
    room = "a slot" if layout.packed else "n/2"
    fix = (
        "encrypt with a smaller bound= or a larger headroom=, or with packed=False"
        if layout.packed
        else "encrypt with a smaller bound= or a coarser scale="
    )
    raise OutOfRange(
        f"expected {what} to stay within {room}, below "
        f"2^{layout.capacity.bit_length()} units, found one that may reach "
        f"{spoken(bound, 1)}",
        fix=fix,
    )


def merged(
    core: PublicCore, layout: Layout, pairs: Sequence[tuple[Row, Row]]
) -> list[Row]:
    """The sums of pairs of totals, terms of the same slots added up."""
    rows: list[list[Term]] = []
    left: list[Term] = []
    right: list[Term] = []
    homes: list[tuple[int, int]] = []
    for index, (a, b) in enumerate(pairs):
        row, taken = list(a), set[int]()
        for term in b:
            place = _mate(row, term, layout, taken)
            if place is None:
                row.append(term)
                taken.add(len(row) - 1)
                continue
            taken.add(place)
            homes.append((index, place))
            left.append(row[place])
            right.append(term)
            row[place] = row[place]._replace(bound=row[place].bound + term.bound)
        rows.append(row)
    sums = engine.add(core, _joined(left), _joined(right))
    size = core.ciphertext_bytes
    for i, (index, place) in enumerate(homes):
        rows[index][place] = rows[index][place]._replace(
            ciphertext=sums[i * size : (i + 1) * size]
        )
    return [tuple(row) for row in rows]


def _mate(row: list[Term], term: Term, layout: Layout, taken: set[int]) -> int | None:
    """The term that another can be added to without overflow.

    A place is taken once, so that all additions can be done in one call.
    """
    for place, mine in enumerate(row):
        if (
            place not in taken
            and (mine.lo, mine.hi) == (term.lo, term.hi)
            and unfolded(mine).bound + unfolded(term).bound <= layout.capacity
        ):
            return place
    return None


def _joined(terms: Iterable[Term]) -> bytes:
    return b"".join(term.ciphertext for term in terms)


def multiplied(
    core: PublicCore, layout: Layout, rows: Sequence[Row], ks: Sequence[int]
) -> list[Row]:
    """Each total times an integer of its own.

    Raises:
        OutOfRange: A product could pass its slot.
    """
    powers: list[int] = []
    bounds: list[int] = []
    for row, k in zip(rows, ks, strict=True):
        for term in row:
            unfolded(term)
            powers.append(k)
            bounds.append(fits(term.bound * abs(k), layout, "the product"))
    flat = [term for row in rows for term in row]
    if set(powers) <= {-1}:
        data = engine.negate(core, _joined(flat))
    else:
        factors = np.array([*powers, None], dtype=object)[:-1]
        data = engine.multiply(core, _joined(flat), factors)
    size = core.ciphertext_bytes
    done = iter(
        term._replace(ciphertext=data[i * size : (i + 1) * size], bound=bounds[i])
        for i, term in enumerate(flat)
    )
    return [tuple(next(done) for _ in row) for row in rows]


def shifted(core: PublicCore, layout: Layout, row: Row, units: int) -> Row:
    """A total plus a plain integer, in the first slot that counts.

    Raises:
        OutOfRange: The slot has no room for it.
    """
    first = row[0]
    unfolded(first)
    bound = fits(first.bound + abs(units), layout, "the sum")
    plain = (units << (layout.slot_bits * first.lo)) % core.n
    data = engine.add_plain(core, first.ciphertext, plain.to_bytes(core.n_bytes, "big"))
    return (first._replace(ciphertext=data, bound=bound), *row[1:])


def unfolded(term: Term) -> Term:
    """Return a term that can be computed with.

    Raises:
        OutOfRange: It was blinded.
    """
    if term.folded:
        raise OutOfRange(
            "expected a number that was not blinded, found a blinded one",
            fix="compute first and call .blind() last",
        )
    return term


def blinded(core: PublicCore, layout: Layout, row: Row) -> Row:
    """One term that shows its total and, to 2^-63, nothing else.

    m ≡ Σ d_i modulo 2^w - 1, so multiples of that can be added:
    m + (2^w - 1)·R with R uniform in [0, 2^(bits-3-w)).

    Raises:
        OutOfRange: The total does not fit a slot, or a slice has cut through
            a ciphertext, whose other slots would be counted.
    """
    if not layout.packed:
        return row
    if any((term.lo, term.hi) != (0, layout.slots) for term in row):
        raise OutOfRange(
            "expected totals of whole ciphertexts, found one of a slice that cuts "
            "through a ciphertext",
            fix=f"slice at multiples of {layout.slots}, or encrypt with packed=False",
        )
    if len(row) == 1 and row[0].folded:
        return row
    bound = fits(sum(unfolded(term).size for term in row), layout, "the total")
    width = layout.slot_bits
    noise = secrets.randbits(layout.bits - 3 - width) * ((1 << width) - 1)
    data = engine.add_plain(
        core,
        engine.total(core, _joined(row)),
        noise.to_bytes(core.n_bytes, "big"),
    )
    return (Term(data, 0, layout.slots, bound, folded=True),)


def opened(core: PrivateCore, layout: Layout, rows: Sequence[Row]) -> list[int]:
    """The totals in units.

    Raises:
        VerificationError: A value past its bound.
    """
    flat = [term for row in rows for term in row]
    plain = [m for part in engine.decrypt(core, _joined(flat)) for m in part]
    values = iter(
        _value(term, m, layout, core.public.n)
        for term, m in zip(flat, plain, strict=True)
    )
    return [sum(next(values) for _ in row) for row in rows]


def _value(term: Term, m: int, layout: Layout, n: int) -> int:
    if not term.folded:
        slots = unpack([m], layout, n, term.bound)
        return sum(int(v) for v in slots[term.lo : term.hi])
    modulus = (1 << layout.slot_bits) - 1
    signed = m if 2 * m < n else m - n
    value = signed % modulus
    value = value if 2 * value < modulus else value - modulus
    if abs(value) > term.bound:
        raise VerificationError(
            "expected a total within its bound, found one past it",
            fix="whoever made it stated a bound that does not hold",
        )
    return value
