"""Many values in one plaintext, from which the opening shows their total alone.

    owner       values ─► pack ─► plaintexts ─► hide (one of each group) ─► encrypt
    everybody   plaintext of a group's total ─► total

A plaintext has s slots of 96 bits, and slot j holds a signed value v_j:

    P = Σ v_j · 2^(96·j)                      s = 16 under 2048 bits, 27 under 3072

Let M = 2^96 - 1. Then 2^96 = 1 mod M, so P = Σ v_j mod M, and so it is for sums
of plaintexts, whatever carries pass from slot to slot. A group's total T is the
residue of its plaintext that is nearest to 0. Two conditions make that right:

* |T| < M/2. Owners sign a bound of their sums, and the bounds of a job must
  stay below M/2 together (`LIMIT`) before anything is encrypted.
* No plaintext passes n/2, where it would wrap. Values are below 2^53 in size and
  a group has at most 2^32 of them, so that |ΣP| < 2^W with W = 96·(s-1) + 86.

An opening publishes ΣP, and ΣP knows more than T. So each owner adds M·u to one
plaintext of each of its groups, with u uniform in [-2^(U-1), 2^(U-1)) and
U = W + 1. The total stays, and the rest is hidden, statistically:

    ΣP = T + M·q,  |q| < 2^(W-95)             opened:  T + M·(q + u)

q + u and u are uniform on two intervals of length 2^U that are q apart. Their
distance is |q| / 2^U < 2^-96, so what is opened differs by that much from
T + M·u, which anybody can draw who knows T. It holds for every owner whose u
stays secret, whatever the others do, since the plaintexts of several owners are
added.

The mask keeps |ΣP + M·u| below 2^(W+97), and eight owners below 2^(W+100), which
is 2^1626 and 2^2682. s is chosen to keep them that far below n/2: under a
threshold key of up to three openers no plaintext below `ThresholdKey.sound_below`
can be shown wrong, even by the key's dealer. So whoever opens or reads an opening
refuses plaintexts that are larger (`check`); no honest owner makes them.

Source: masking over the integers is in Damgård and Thorbek, "Linear integer
secret sharing and distributed exponentiation", PKC 2006, and, for Paillier
plaintexts, in Schoenmakers and Tuyls, "Efficient binary conversion for Paillier
encrypted values", EUROCRYPT 2006. Packing: Ge and Zdonik, "Answering
aggregation queries in a secure system model", VLDB 2007.

Implements section 4 of docs/protocols/paillier-sum.md.

>>> from array import array
>>> plaintexts = pack(array("q", [5, -7, 44]), 2048)
>>> plaintexts == [5 - (7 << 96) + (44 << 192)]
True
>>> total(plaintexts[0]), total(hide(plaintexts[0], 2048))
(42, 42)
"""

from __future__ import annotations

import secrets
import sys
from array import array

from privshare.errors import EvidenceInvalid, OutOfRange
from privshare.jobs.spec import MAX_INPUTS
from privshare.wire.canonical import INTEGER_LIMIT

__all__ = [
    "LARGEST",
    "LIMIT",
    "MAX_VALUES",
    "check",
    "ciphertexts",
    "hide",
    "limit",
    "pack",
    "slots",
    "total",
]

#: The largest size of one value: integers of statements are below 2^53.
LARGEST = INTEGER_LIMIT - 1

#: Most values a group may have.
MAX_VALUES = 1 << 32

_SLOT_BYTES = 12
_SLOT_BITS = 8 * _SLOT_BYTES
_MODULUS = (1 << _SLOT_BITS) - 1

#: The largest size of a total: below M/2.
LIMIT = _MODULUS // 2

_HIDING_BITS = 96
_OWNERS_BITS = (MAX_INPUTS - 1).bit_length()
#: `ThresholdKey.sound_below` is n / 2^(128·k + 1); this is for k = 3.
_SOUND_BITS = 385
_VALUE_BYTES = 8
_SIGN_BIT = bytes(byte ^ 0x80 for byte in range(256))


def slots(bits: int) -> int:
    """How many values one plaintext holds under a modulus of so many bits.

    The most for which the masked plaintexts of `MAX_INPUTS` owners together stay
    below n / 2^385, and n >= 2^(bits-1).

    >>> slots(2048), slots(3072)
    (16, 27)
    """
    room = bits - 1 - _SOUND_BITS - _OWNERS_BITS - _HIDING_BITS - 1  # for W
    return (room - _reach(1)) // _SLOT_BITS + 1


def ciphertexts(count: int, bits: int) -> int:
    """How many ciphertexts a group of `count` values has."""
    return -(-count // slots(bits))


def pack(values: array[int], bits: int) -> list[int]:
    """Lay values out in plaintexts; the last one is filled up with zeros.

    Args:
        values: Of one group, of type "q", at least one, |v| <= `LARGEST`.
        bits: Of the modulus.

    Returns:
        Signed plaintexts, `ciphertexts(len(values), bits)` of them.

    Raises:
        OutOfRange: A value that is larger, or more values than `MAX_VALUES`.

    Leaks:
        How many values there are, and whether all are in range. Time depends
        on that, and a little, as Python's integers do, on the size of the value
        in the last slot.
    """
    if not 0 < len(values) <= MAX_VALUES:
        raise OutOfRange(f"expected 1 to {MAX_VALUES} values, found {len(values)}")
    if max(values) > LARGEST or min(values) < -LARGEST:
        raise OutOfRange("expected values below 2^53 in size, found one that is not")
    width = slots(bits)
    padded = values + array("q", bytes(_VALUE_BYTES * (-len(values) % width)))
    if sys.byteorder == "big":
        padded.byteswap()
    # v + 2^63 is not negative and fills 8 bytes of its slot; 2^63 a slot is
    # taken off again from the whole.
    raw = padded.tobytes()
    laid = bytearray(_SLOT_BYTES * len(padded))
    for place in range(_VALUE_BYTES):
        column = raw[place::_VALUE_BYTES]
        high = place == _VALUE_BYTES - 1
        laid[place::_SLOT_BYTES] = column.translate(_SIGN_BIT) if high else column
    offset = sum(1 << (_SLOT_BITS * slot + 63) for slot in range(width))
    size = _SLOT_BYTES * width
    return [
        int.from_bytes(laid[begin : begin + size], "little") - offset
        for begin in range(0, len(laid), size)
    ]


def hide(plaintext: int, bits: int) -> int:
    """Add a fresh multiple of M, so that opening the group shows its total alone.

    Args:
        plaintext: One of `pack`'s; the group's others stay as they are.
        bits: Of the modulus.

    Returns:
        A plaintext with the same total.

    Leaks:
        Nothing: the mask is drawn from the system's randomness for this call.
    """
    return hide_with(plaintext, secrets.randbits(_mask_bits(bits)), bits)


def hide_with(plaintext: int, mask: int, bits: int) -> int:
    """`hide` with the mask given, 0 <= mask < 2^U; laws call this one.

    Raises:
        OutOfRange: A mask outside that interval.
    """
    width = _mask_bits(bits)
    if not 0 <= mask < 1 << width:
        raise OutOfRange(f"expected a mask of {width} bits, found another")
    return plaintext + _MODULUS * (mask - (1 << (width - 1)))


def total(m: int) -> int:
    """The sum of all values in a plaintext, or in a sum of plaintexts.

    Args:
        m: Signed, as it was opened.

    Returns:
        The residue modulo M that is nearest to 0: |total| <= `LIMIT`.
    """
    return (m + LIMIT) % _MODULUS - LIMIT


def check(m: int, bits: int) -> None:
    """Refuse an opened plaintext that no owners' plaintexts add up to.

    Args:
        m: Signed, as it was opened.
        bits: Of the modulus.

    Raises:
        EvidenceInvalid: It is larger: rule `job.bound`.
    """
    most_bits = _most_bits(bits)
    if abs(m) >> most_bits:
        raise EvidenceInvalid(
            f"expected plaintexts of at most {most_bits} bits, which is what owners "
            f"make, found one of {m.bit_length()}",
            detail={"rule": "job.bound"},
        )


def limit(bits: int) -> int:
    """No plaintext that `check` lets pass is as large as this.

    >>> limit(2048) == 1 << 1626
    True
    """
    return 1 << _most_bits(bits)


def _most_bits(bits: int) -> int:
    return _reach(slots(bits)) + _HIDING_BITS + 1 + _OWNERS_BITS


def _reach(width: int) -> int:
    """W: no sum of the plaintexts of a group reaches 2^W, before it is masked.

    Values of 53 bits, two of which cannot pass a 54th with all slots below
    them, in the last of so many slots; in at most `MAX_VALUES` plaintexts.
    """
    values_bits = LARGEST.bit_length() + 1
    return _SLOT_BITS * (width - 1) + values_bits + (MAX_VALUES - 1).bit_length()


def _mask_bits(bits: int) -> int:
    """U: |q| < 2^(W-95) for the q that is to be hidden."""
    return _reach(slots(bits)) - (_SLOT_BITS - 1) + _HIDING_BITS
