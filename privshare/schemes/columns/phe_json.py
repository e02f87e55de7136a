"""Ciphertexts as `phe` and its tool `pheutil` write them.

    phe      {"public_key":{"n":int},"values":[["<ciphertext>",exponent],…]}
    pheutil  {"v":"<ciphertext>","e":exponent}

There a number is mantissa · 16^exponent, each with an exponent of its own that
everybody sees. Importing brings all to the smallest exponent, which becomes the
column's scale; exporting writes one exponent for all, so the scale must be a
power of 16. Sizes do not travel in these formats: whoever imports states a
bound, or the column has phe's own limit of n/3 and little can be done with it.

Format: phe 1.5.0, docs "Serialisation", and `phe/command_line.py`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from privshare.errors import EncodingError, OutOfRange
from privshare.schemes.columns import engine
from privshare.schemes.columns.column import EncryptedColumn
from privshare.schemes.columns.encoding import scaled_bound
from privshare.schemes.columns.number import EncryptedNumber
from privshare.schemes.columns.packing import Layout
from privshare.schemes.columns.run import Run
from privshare.schemes.columns.total import Term, fits
from privshare.schemes.paillier import PaillierPublicKey
from privshare.schemes.paillier_jwk import object_of

__all__ = [
    "column_from_phe",
    "column_to_phe",
    "number_from_pheutil",
    "number_to_pheutil",
]

_BASE = 16
_MAX_EXPONENT = 255
"""In size: 16^255 is the largest power below the limit of a scale."""

_MAX_TEXT = 1 << 34
_DECIMAL = re.compile(r"[1-9][0-9]{0,1999}")


def column_from_phe(text: str, bound: Any = None) -> EncryptedColumn:
    """Read a public key and its ciphertexts, phe's "basic JSON".

    Args:
        text: The JSON.
        bound: Largest size of a value, in the caller's terms: what those say
            who encrypted. Checked when the column is decrypted. By default
            phe's own limit.

    Returns:
        A column of single values (as `packed=False`).

    Raises:
        EncodingError: Not such JSON.
        OutOfRange: A modulus that may not be used, an exponent of more than 255
            in size, or different exponents without a bound.
        VerificationError: A number that is no ciphertext.
    """
    fields = object_of(text, _MAX_TEXT)
    public = _key(fields.get("public_key"))
    values = fields.get("values")
    if set(fields) != {"public_key", "values"} or not isinstance(values, list):
        raise EncodingError(
            "expected a public_key and values, found other fields",
            fix='write {"public_key": {"n": n}, "values": [["ciphertext", exponent]]}',
        )
    pairs = [_pair(value, i) for i, value in enumerate(values)]
    return _aligned(public, pairs, bound)


def column_to_phe(column: EncryptedColumn) -> str:
    """Write a column as phe's "basic JSON".

    Raises:
        OutOfRange: A packed column, a scale that is no power of 16, or a bound
            past phe's limit of n/3.
    """
    exponent = _exponent(column.scale)
    if column.packed:
        raise OutOfRange(
            "expected single values for phe, found a packed column",
            fix="encrypt with packed=False",
        )
    _below_a_third(column._bound, column.public)
    size, data = column.public.ciphertext_size, column._data
    values = [
        [str(int.from_bytes(data[i : i + size], "big")), exponent]
        for i in range(0, len(data), size)
    ]
    return json.dumps({"public_key": {"n": column.public.n}, "values": values})


def number_from_pheutil(
    text: str, public: PaillierPublicKey, bound: Any = None
) -> EncryptedNumber:
    """Read one ciphertext that `pheutil` wrote.

    Args:
        text: The JSON.
        public: The key it is encrypted under.
        bound: As for `column_from_phe`.

    Raises:
        EncodingError: Not such JSON.
        OutOfRange: An exponent of more than 255 in size.
        VerificationError: A number that is no ciphertext.
    """
    fields = object_of(text, 1 << 14)
    if set(fields) != {"v", "e"}:
        raise EncodingError("expected the fields v and e, found others")
    column = _aligned(public, [_pair([fields["v"], fields["e"]], 0)], bound)
    found: EncryptedNumber = column[0]
    return found


def number_to_pheutil(number: EncryptedNumber) -> str:
    """Write one number as `pheutil` does.

    Raises:
        OutOfRange: A total of a packed column, a quotient, a scale that is no
            power of 16, or a bound past phe's limit of n/3.
    """
    exponent = _exponent(number.scale)
    (row,), (divisor,) = number._rows, number._divisors
    if number._layout.packed or len(row) != 1 or divisor:
        raise OutOfRange(
            "expected a number of one value for phe, found a packed total or a "
            "quotient",
            fix="encrypt with packed=False, and divide after decryption",
        )
    term: Term = row[0]
    _below_a_third(term.bound, number.public)
    return json.dumps({"v": str(int.from_bytes(term.ciphertext, "big")), "e": exponent})


def _key(found: Any) -> PaillierPublicKey:
    """{"n": int}, and g = n + 1 if it is there."""
    if not isinstance(found, dict) or not set(found) <= {"n", "g"}:
        raise EncodingError("expected a public_key with n, found another")
    n, g = _whole(found.get("n")), found.get("g")
    if g is not None and _whole(g) != n + 1:
        raise OutOfRange("expected g = n + 1, found another g")
    return PaillierPublicKey(n)


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return int(value)
    raise EncodingError("expected a positive integer, found another value")


def _pair(value: Any, position: int) -> tuple[int, int]:
    """One ciphertext and its exponent."""
    if (
        not isinstance(value, list)
        or len(value) != 2
        or isinstance(value[1], bool)
        or not isinstance(value[1], int)
    ):
        raise EncodingError(
            f"expected a ciphertext and an exponent, found another at {position}"
        )
    if abs(value[1]) > _MAX_EXPONENT:
        raise OutOfRange(
            f"expected exponents of at most {_MAX_EXPONENT} in size, found a larger "
            f"one at position {position}"
        )
    return _whole(value[0]), value[1]


def _aligned(
    public: PaillierPublicKey, pairs: list[tuple[int, int]], bound: Any
) -> EncryptedColumn:
    """All at the smallest exponent, which is the scale."""
    size = public.ciphertext_size
    for i, (c, _) in enumerate(pairs):
        if c.bit_length() > 8 * size:
            raise EncodingError(
                f"expected ciphertexts of {size} bytes, found a longer one at {i}"
            )
    data = b"".join(c.to_bytes(size, "big") for c, _ in pairs)
    engine.check(public._core, data)
    smallest = min((e for _, e in pairs), default=0)
    scale = _BASE ** max(0, -smallest)
    shifts = [e - min(smallest, 0) for _, e in pairs]
    layout = Layout(public.bits, 1, 0)
    third = min(public.n // 3 - 1, layout.capacity)
    if bound is not None:
        limit = fits(scaled_bound(bound, scale), layout, "the bound")
    elif any(shifts):
        raise OutOfRange(
            "expected values of one exponent, found several, and no bound that says "
            "how large the values may be",
            fix="give bound=, the largest size of a value",
        )
    else:
        limit = third
    if any(shifts):
        powers = np.array([*(_BASE**shift for shift in shifts), None], object)[:-1]
        data = engine.multiply(public._core, data, powers)
    runs = (Run(0, len(pairs)),) if pairs else ()
    return EncryptedColumn(public, layout, scale, limit, runs, data)


def _exponent(scale: int) -> int:
    """-log16 of a scale."""
    power = (scale.bit_length() - 1) // 4
    if _BASE**power != scale:
        raise OutOfRange(
            f"expected a scale that is a power of 16, or 1, found {scale}",
            fix="encrypt with scale=16**k, or call .rescale() where it divides",
        )
    return -power


def _below_a_third(bound: int, public: PaillierPublicKey) -> None:
    if bound >= public.n // 3:
        raise OutOfRange(
            "expected a bound below n/3, which is phe's limit, found a larger one",
            fix="encrypt with a smaller bound=",
        )
