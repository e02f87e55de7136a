"""Canonical bytes: one JSON value, one byte string.

Everything that is signed, hashed or logged passes here first. `encode` lays a
value out in the form of RFC 8785; `decode` accepts nothing but such bytes, so
that two different files can never mean the same statement. `decode_loose`
reads what people and programs send us in requests: any order and whitespace,
and still nothing ambiguous.

    owner     statement ─► wire.canonical.encode ─► wire.envelope ─► node
    node      bytes ─► wire.canonical.decode ─► Fields ─► statement

Implements RFC 8785 (JSON Canonicalization Scheme) for the values of
`wire.value`: there are no fractions and no integers of 2^53 or more, hence
nothing of the number formatting of section 3.2.2.3 but plain integers.

>>> encode({"b": [1, True, None], "a": "é"})
b'{"a":"\\xc3\\xa9","b":[1,true,null]}'
>>> decode(b'{"a":1}')
{'a': 1}
>>> decode(b'{"a": 1}')
Traceback (most recent call last):
privshare.errors.EncodingError: expected canonical JSON, where byte 5 is 0x31; \
found 0x20
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, cast

from privshare.errors import EncodingError, OutOfRange
from privshare.wire.base64 import b64, b64u, unb64, unb64u
from privshare.wire.fields import Fields
from privshare.wire.value import (
    INTEGER_LIMIT,
    MAX_BYTES,
    MAX_DEPTH,
    Encodable,
    Json,
    kind,
)

__all__ = [
    "INTEGER_LIMIT",
    "MAX_BYTES",
    "MAX_DEPTH",
    "Encodable",
    "Fields",
    "Json",
    "b64",
    "b64u",
    "decode",
    "decode_loose",
    "encode",
    "unb64",
    "unb64u",
]


def encode(value: Encodable) -> bytes:
    """Lay a value out in its canonical bytes.

    Args:
        value: null, booleans, integers with |n| < 2^53, strings, lists or
            tuples, objects with string keys; at most `MAX_DEPTH` deep.

    Returns:
        UTF-8 without whitespace, object keys in the order of their UTF-16
        code units.

    Raises:
        OutOfRange: An integer of 2^53 or more in size.
        EncodingError: A float or another foreign type, a key that is not a
            string, a lone surrogate, or nesting beyond `MAX_DEPTH`.

    Source:
        RFC 8785, section 3.2.
    """
    _check(value)
    return _encode_checked(value)


def decode(data: bytes, *, max_bytes: int = MAX_BYTES) -> Json:
    """Read canonical bytes, and only those.

    Args:
        data: What `encode` wrote.
        max_bytes: Longer input is refused before it is looked at.

    Raises:
        EncodingError: Anything else, including duplicate keys, fractions,
            exponents, integers of 2^53 or more, a byte order mark, and bytes
            before or after the value. Says the offset of the first byte that
            differs.
    """
    value = _parse(data, _STRICT, max_bytes, MAX_DEPTH)
    canonical = _encode_checked(value)
    if canonical != data:
        raise _differs(canonical, data)
    return value


def decode_loose(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> Json:
    """Read a request body: JSON in any layout, without ambiguity.

    Args:
        data: UTF-8 JSON; key order and whitespace are free.
        max_bytes: Longer input is refused before it is looked at.
        max_depth: Lists and objects inside one another, 1 to `MAX_DEPTH`.

    Returns:
        A value that `encode` accepts.

    Raises:
        EncodingError: Not JSON, duplicate keys, NaN or Infinity, numbers
            with a fraction or an exponent, integers of 2^53 or more, lone
            surrogates, a byte order mark, or nesting beyond `max_depth`.
    """
    value = _parse(data, _LOOSE, max_bytes, max_depth)
    if b"\\u" in data:  # the only way in for a lone surrogate
        _encode_checked(value)
    return value


def _encode_checked(value: Encodable) -> bytes:
    text = _SORTING.encode(value)
    # The encoder sorts by code point. That is the order of UTF-16 code units
    # too, unless characters beyond U+FFFF meet those from U+E000 to U+FFFF.
    if not text.isascii() and _ASTRAL.search(text):
        text = _KEEPING_ORDER.encode(_in_utf16_order(value))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise EncodingError(
            "expected Unicode text, found a lone surrogate in a string"
        ) from None


def _check(value: object) -> None:
    """Refuse what has no canonical bytes; level by level, without recursion."""
    level: list[object] = [value]
    for depth in range(MAX_DEPTH + 1):
        below: list[object] = []
        nested = False
        for item in level:
            # The exact types first: they are nearly all, and quick to tell.
            t = type(item)
            if t is str or t is bool or item is None:
                continue
            if t is int:
                _check_integer(cast(int, item))
            elif t is dict or isinstance(item, Mapping):
                nested = True
                below.extend(_checked_values(cast(Mapping[object, object], item)))
            elif isinstance(item, list | tuple):
                nested = True
                below.extend(item)
            elif isinstance(item, int):
                _check_integer(item)
            elif not isinstance(item, str):
                raise EncodingError(
                    "expected null, a boolean, an integer, a string, a list or an "
                    f"object, found {kind(item)}"
                )
        if nested and depth == MAX_DEPTH:
            raise _too_deep(MAX_DEPTH)
        if not below:
            return
        level = below


def _check_integer(value: int) -> None:
    if not -INTEGER_LIMIT < value < INTEGER_LIMIT:
        raise OutOfRange(
            "expected an integer below 2^53 in size, found one of "
            f"{value.bit_length()} bits"
        )


def _checked_values(item: Mapping[object, object]) -> Iterable[object]:
    for key in item:
        if type(key) is not str and not isinstance(key, str):
            raise EncodingError(f"expected a string as key, found {kind(key)}")
    return item.values()


def _in_utf16_order(value: Encodable) -> Encodable:
    """Rebuild a checked value with its keys as RFC 8785 section 3.2.3 sorts them."""
    if isinstance(value, Mapping):
        # Big-endian code units compare as bytes in the order wanted.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _in_utf16_order(value[key]) for key in keys}
    if isinstance(value, list | tuple):
        return [_in_utf16_order(item) for item in value]
    return value


def _parse(
    data: bytes, decoder: json.JSONDecoder, max_bytes: int, max_depth: int
) -> Json:
    """Turn bytes into a value that needs no `_check` any more."""
    if len(data) > max_bytes:
        raise EncodingError(f"expected at most {max_bytes} bytes, found {len(data)}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"expected UTF-8, found byte 0x{data[error.start]:02x} at offset "
            f"{error.start}"
        ) from None
    if text.startswith("\ufeff"):
        raise EncodingError("expected JSON, found a byte order mark at offset 0")
    _check_nesting(data, max_depth)
    try:
        value = cast(Json, decoder.decode(text))
    except json.JSONDecodeError as error:
        raise EncodingError(
            f"expected JSON, found something else at offset "
            f"{_offset(text, error.pos)} ({error.msg})"
        ) from None
    except _Fraction as error:
        raise EncodingError(
            "expected an integer without fraction or exponent, found another "
            f"number at offset {_offset_of_token(text, error.token)}"
        ) from None
    except ValueError:  # the interpreter's own limit on digits
        raise EncodingError(
            "expected an integer below 2^53 in size, found thousands of digits"
        ) from None
    if _MANY_DIGITS.search(text):  # 2^53 has sixteen
        try:
            _check(value)
        except OutOfRange as error:
            raise EncodingError(error.message) from None
    return value


def _check_nesting(data: bytes, max_depth: int) -> None:
    """Refuse deep nesting before a recursive parser sees it.

    Where the bytes are not JSON, strings may be told apart wrongly, but only
    behind the place where the parser stops.
    """
    if data.count(b"[") + data.count(b"{") <= max_depth:
        return
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_strings = b"".join(data.split(b'"')[::2])
    depth = 0
    for bracket in outside_strings.translate(None, delete=_NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            if depth > max_depth:
                raise _too_deep(max_depth)
        else:
            depth -= 1


def _too_deep(max_depth: int) -> EncodingError:
    return EncodingError(
        f"expected at most {max_depth} lists and objects inside one another, found more"
    )


def _differs(canonical: bytes, data: bytes) -> EncodingError:
    """Say where bytes leave the canonical form; both decode to one value."""
    low, high = 0, min(len(canonical), len(data))
    while low < high:  # the longest common prefix, by halves
        middle = (low + high + 1) // 2
        if canonical.startswith(data[:middle]):
            low = middle
        else:
            high = middle - 1
    return EncodingError(
        f"expected canonical JSON, where byte {low} is {_byte(canonical, low)}; "
        f"found {_byte(data, low)}"
    )


def _byte(data: bytes, offset: int) -> str:
    return f"0x{data[offset]:02x}" if offset < len(data) else "the end"


def _offset(text: str, position: int) -> int:
    """Turn a position in the text into an offset in its UTF-8 bytes."""
    return len(text[:position].encode("utf-8"))


def _offset_of_token(text: str, token: str) -> int:
    tokens = _TOKEN_OR_STRING.finditer(text)
    return _offset(text, next(t.start() for t in tokens if t[0].startswith(token)))


class _Fraction(ValueError):
    """Met by the parser: a number that is not written as an integer."""

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self.token = token


def _refuse_number(token: str) -> NoReturn:
    raise _Fraction(token)


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise EncodingError(
            f"expected each key once in an object, found {len(pairs)} entries "
            f"under {len(result)} keys"
        )
    return result


# An unterminated string runs to the end, so that no input is scanned twice.
_TOKEN_OR_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[^"\s,:\[\]{}]+', re.DOTALL)
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_MANY_DIGITS = re.compile("[0-9]{16}")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _plain(value: object) -> object:
    """Hand the encoder a dict for a mapping; `_check` let nothing else pass."""
    return dict(cast(Mapping[str, object], value))


def _encoder(*, sort_keys: bool) -> json.JSONEncoder:
    return json.JSONEncoder(
        ensure_ascii=False,
        check_circular=False,  # `_check` bounds the depth
        allow_nan=False,
        sort_keys=sort_keys,
        separators=(",", ":"),
        default=_plain,
    )


_SORTING = _encoder(sort_keys=True)
_KEEPING_ORDER = _encoder(sort_keys=False)
# Duplicate keys need no hook in the strict form: they do not survive encoding.
_STRICT = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number)
_LOOSE = json.JSONDecoder(
    parse_float=_refuse_number,
    parse_constant=_refuse_number,
    object_pairs_hook=_object_without_duplicates,
)
