"""Proofs about committed values, made and verified on this computer.

    price = prove.commit(182_000)                        # keep it: it opens
    proof = prove.range(price, 150_000, 200_000, purpose="price band")
    prove.verify(proof.to_bytes())                       # whoever has the bytes

A commitment says nothing about its value; a proof says one thing. Its context
(purpose, account, network, a nonce) is bound into it, and whoever relies on it
compares that with what was asked for. To prove something about a row of an
anchored dataset there is `Dataset.prove_range`.

Implements docs/formats/proof.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from privshare.errors import OutOfRange
from privshare.schemes.commitment import Opening, draw_blinding
from privshare.schemes.proof import (
    AtLeast,
    Context,
    EqualValues,
    InRange,
    Interval,
    LinearSum,
    OneOfSet,
    ProofDocument,
    Witness,
    make,
)
from privshare.schemes.proof import verify as _verify

__all__ = [
    "Context",
    "Opening",
    "ProofDocument",
    "at_least",
    "commit",
    "equal",
    "make",
    "one_of",
    "range",
    "total",
    "verify",
]


def commit(value: int, blinding: bytes | None = None) -> Opening:
    """Commit to an integer; the opening holds value and blinding, and is secret.

    Args:
        value: Any integer below 2^250 in size; ranges are proven of 64 bits.
        blinding: 32 bytes, a scalar; drawn unless given, used for one value.

    Returns:
        The opening; `.commitment()` is what may be shown.
    """
    return Opening(value, blinding or draw_blinding())


def range(
    opening: Opening,
    low: int,
    high: int,
    *,
    purpose: str,
    context: Context | None = None,
) -> ProofDocument:
    """Prove low <= value <= high.

    Raises:
        OutOfRange: The value is outside, or the interval is wider than 64 bits.
    """
    statement = InRange((Interval(opening.commitment(), low, high),))
    return make(statement, Witness((opening,)), _context(purpose, context))


def at_least(
    x: Opening,
    y: Opening,
    *,
    purpose: str,
    low: int = 0,
    bits: int = 64,
    context: Context | None = None,
) -> ProofDocument:
    """Prove that x is at least y, both from low and of so many bits.

    Raises:
        OutOfRange: It is not, or one is outside.
    """
    statement = AtLeast(x.commitment(), y.commitment(), low, bits)
    return make(statement, Witness((x, y)), _context(purpose, context))


def equal(
    *openings: Opening, purpose: str, context: Context | None = None
) -> ProofDocument:
    """Prove that commitments hold the same value.

    Raises:
        ProofInvalid: They do not.
        OutOfRange: Fewer than two, or more than 64.
    """
    statement = EqualValues(tuple(one.commitment() for one in openings))
    return make(statement, Witness(openings), _context(purpose, context))


def one_of(
    opening: Opening,
    values: Sequence[int],
    *,
    purpose: str,
    context: Context | None = None,
) -> ProofDocument:
    """Prove that a value is one of a public list, without saying which.

    Raises:
        OutOfRange: It is none of them.
    """
    statement = OneOfSet(opening.commitment(), tuple(values))
    return make(statement, Witness((opening,)), _context(purpose, context))


def total(
    summands: Sequence[Opening],
    whole: Opening,
    *,
    purpose: str,
    context: Context | None = None,
) -> ProofDocument:
    """Prove that committed values add up to a committed total.

    Raises:
        ProofInvalid: They do not.
        OutOfRange: No summand, or too many.
    """
    if not summands:
        raise OutOfRange("expected at least one summand, found none")
    openings = (*summands, whole)
    statement = LinearSum(
        tuple(one.commitment() for one in openings), (1,) * len(summands) + (-1,), 0
    )
    return make(statement, Witness(openings), _context(purpose, context))


def verify(data: bytes | ProofDocument) -> ProofDocument:
    """Verify a proof.

    Args:
        data: A proof's file, or the proof itself.

    Returns:
        It; look at its `statement` and `context`: they are what is proven.

    Raises:
        ProofInvalid: It does not hold.
        EncodingError: It is no proof.
    """
    document = (
        data if isinstance(data, ProofDocument) else ProofDocument.from_bytes(data)
    )
    _verify(document)
    return document


def _context(purpose: str, context: Context | None) -> Context:
    return context or Context.fresh(purpose)
