"""Canonical bytes, example by example."""

from __future__ import annotations

import sys
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest
import rfc8785

from privshare.errors import EncodingError, OutOfRange
from privshare.wire.canonical import INTEGER_LIMIT, decode, decode_loose, encode

STATEMENT = {
    "account": "housing",
    "body": {"columns": ["a", "b"], "until": None, "uses": 3},
    "final": True,
    "v": 1,
}


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_a_statement_has_one_byte_string() -> None:
    """Keys are sorted, nothing is padded, tuples are lists."""
    expected = (
        b'{"account":"housing","body":{"columns":["a","b"],"until":null,"uses":3},'
        b'"final":true,"v":1}'
    )
    assert encode(STATEMENT) == expected
    assert encode(
        {**STATEMENT, "body": {**STATEMENT["body"], "columns": ("a", "b")}}
    ) == (  # type: ignore[dict-item]
        expected
    )
    assert decode(expected) == STATEMENT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, b"null"),
        (True, b"true"),
        (False, b"false"),
        (0, b"0"),
        (-1, b"-1"),
        (INTEGER_LIMIT - 1, b"9007199254740991"),
        (1 - INTEGER_LIMIT, b"-9007199254740991"),
        ("", b'""'),
        ('"\\/', b'"\\"\\\\/"'),
        ("\b\t\n\f\r", b'"\\b\\t\\n\\f\\r"'),
        ("\x00\x1f\x7f", b'"\\u0000\\u001f\x7f"'),
        ("\u20ac\u2028", '"\u20ac\u2028"'.encode()),
        ([], b"[]"),
        ({}, b"{}"),
        (MappingProxyType({"b": 1, "a": 2}), b'{"a":2,"b":1}'),
        (StrEnum("Role", {"STEWARD": "steward"}).STEWARD, b'"steward"'),  # type: ignore[attr-defined]
        (IntEnum("Version", {"ONE": 1}).ONE, b"1"),  # type: ignore[attr-defined]
    ],
)
def test_each_value_has_its_spelling(value: Any, expected: bytes) -> None:
    """Literals, integers to the edge, and the escapes that RFC 8785 asks for."""
    assert encode(value) == expected
    assert encode(decode(expected)) == expected
    assert decode_loose(expected) == decode(expected)


def test_keys_sort_by_utf16_code_units() -> None:
    """U+1F600 (0xD83D ...) stands before U+FB33, although its code point is larger."""
    keys = ["\ufb33", "\U0001f600", "\u20ac", "\u0080", "1", "\r", "\u00f6"]
    in_order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    value = dict.fromkeys(keys, 1)
    expected = b"{" + b",".join(encode(key) + b":1" for key in in_order) + b"}"
    assert encode(value) == expected == rfc8785.dumps(value)
    assert encode([{"in": (value,)}]) == b'[{"in":[' + expected + b"]}]"
    assert list(decode(expected)) == in_order  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        0.5,
        float("nan"),
        b"bytes",
        object(),
        {1: 2},
        {None: 2},
        {"a": {2, 3}},
        "\ud800",
        {"\udfff": 1},
        ["\U0001f600", "\ud83d"],
        [[1.5]],
    ],
)
def test_what_is_not_ours_has_no_bytes(value: Any) -> None:
    """Floats, bytes, foreign keys and lone surrogates are refused."""
    with pytest.raises(EncodingError):
        encode(value)


@pytest.mark.parametrize("value", [INTEGER_LIMIT, -INTEGER_LIMIT, 10**400])
def test_integers_stop_below_2_to_the_53(value: int) -> None:
    """An integer that a double could not tell from its neighbour is out of range."""
    with pytest.raises(OutOfRange):
        encode([value])
    for refused in (decode, decode_loose):
        with pytest.raises(EncodingError, match="in size, found one of"):
            refused(str(value).encode())


def test_an_endless_integer_is_refused_before_it_is_computed() -> None:
    """A million digits cost no more than reading them."""
    for refused in (decode, decode_loose):
        with pytest.raises(EncodingError, match="found thousands of digits"):
            refused(b"9" * 1_000_000)


def test_depth_has_a_bound() -> None:
    """32 lists inside one another pass; 33 do not, in either direction."""
    deepest: Any = []
    for _ in range(31):
        deepest = [deepest]
    assert decode(nested(32)) == deepest
    assert encode(deepest) == nested(32)
    for refused in (decode, decode_loose):
        with pytest.raises(EncodingError, match="at most 32"):
            refused(nested(33))
    with pytest.raises(EncodingError, match="at most 32"):
        encode([deepest])
    with pytest.raises(EncodingError, match="at most 2"):
        decode_loose(nested(3), max_depth=2)


def test_a_value_that_holds_itself_ends() -> None:
    """A cycle is refused like any other depth."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(EncodingError, match="at most 32"):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 500_000,
        b'{"a":' * 200_000,
        b'[{"a":' * 100_000 + b"1" + b"}]" * 100_000,
        b'["\\\\",' * 100_000,
        b'["\\"]",' * 100_000,
        b'["]]]]",' * 100_000,
        b'["\\\\\\"]]",' * 90_000,
    ],
)
def test_deep_nesting_never_reaches_the_parser(data: bytes) -> None:
    """Brackets in strings do not hide depth, and no input ends in RecursionError."""
    before = sys.getrecursionlimit()
    for refused in (decode, decode_loose):
        with pytest.raises(EncodingError, match="at most 32"):
            refused(data)
    assert sys.getrecursionlimit() == before


def test_brackets_in_strings_are_no_depth() -> None:
    """A string may be full of brackets, quotes and backslashes."""
    value = ["[" * 100, '\\"[{' * 50, "]" * 100, '\\\\"' + "{" * 40]
    assert decode(encode(value)) == value
    assert decode_loose(encode(value)) == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1}', "byte 5 is 0x31; found 0x20"),
        (b'{"b":1,"a":2}', "byte 2 is 0x61; found 0x62"),
        (b'{"a":1,"a":1}', "byte 6 is 0x7d; found 0x2c"),
        (b'{"a":1}\n', "byte 7 is the end; found 0x0a"),
        (b" 1", "byte 0 is 0x31; found 0x20"),
        (b"-0", "byte 0 is 0x30; found 0x2d"),
        (b'"\\u0041"', "byte 1 is 0x41; found 0x5c"),
        (b'"\\/"', "byte 1 is 0x2f; found 0x5c"),
        (b'"\\u001F"', "byte 6 is 0x66; found 0x46"),
        (b'"\\uD83D\\uDE00"', "byte 1 is 0xf0; found 0x5c"),
        (b"1.0", "fraction or exponent, found another number at offset 0"),
        (b'["1.5",1.5]', "another number at offset 7"),
        (b"[1,1.5x]", "another number at offset 3"),
        (b"[1e2]", "another number at offset 1"),
        (b'["\xc3\xa9",NaN]', "another number at offset 6"),
        (b"-Infinity", "another number at offset 0"),
        (b"9007199254740992", "found one of 54 bits"),
        (b'"\\ud800"', "lone surrogate"),
        (b'"\xed\xa0\x80"', "expected UTF-8, found byte 0xed at offset 1"),
        (b"\xef\xbb\xbf1", "byte order mark at offset 0"),
        (b"\xff", "byte 0xff at offset 0"),
        (b"", "offset 0"),
        (b"1 2", "offset 2"),
        (b'["\xc3\xa9",]', "offset 6"),
        (b"01", "offset 1"),
        (b"'a'", "offset 0"),
        (b'"a\nb"', "offset 2"),
        (b"tru", "offset 0"),
        (b'{"a":1,}', "offset 7"),
    ],
)
def test_a_refusal_says_where(data: bytes, message: str) -> None:
    """What was expected, what was found, and the offset in bytes."""
    with pytest.raises(EncodingError) as refusal:
        decode(data)
    assert message in refusal.value.message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b' {"b" : 1,\r\n\t"a":[2 ]}\n', {"b": 1, "a": [2]}),
        (b'"\\u0041\\uD83D\\uDE00\\/"', "A\U0001f600/"),
        (b"-0", 0),
    ],
)
def test_a_request_may_choose_its_layout(data: bytes, expected: Any) -> None:
    """Whitespace, key order and escapes are free where nothing is signed."""
    assert decode_loose(data) == expected
    with pytest.raises(EncodingError):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'[{"x":{"k":1,"k":2}}]',
        b"NaN",
        b"Infinity",
        b"1.0",
        b"1e3",
        b"9007199254740992",
        b"-9007199254740992",
        b'{"\\ud800":1}',
        b'["\\udc00\\ud800"]',
        b"\xef\xbb\xbf1",
        b"\xff\xfe",
        b"[1] x",
        b"",
    ],
)
def test_a_request_may_not_be_ambiguous(data: bytes) -> None:
    """What two readers could understand in two ways is refused in any layout."""
    with pytest.raises(EncodingError):
        decode_loose(data)


def test_size_is_checked_before_content() -> None:
    """Input beyond the bound is refused whatever it holds."""
    assert decode(b"[1,2]", max_bytes=5) == [1, 2]
    for refused in (decode, decode_loose):
        with pytest.raises(EncodingError, match="at most 4 bytes, found 5"):
            refused(b"[1,2]", max_bytes=4)
        with pytest.raises(EncodingError, match="at most 1048576 bytes"):
            refused(b'"' + b"a" * (1 << 20) + b'"')


def test_messages_do_not_repeat_the_input() -> None:
    """A refused body may hold a secret; the refusal does not."""
    for data in (b'{"p":"hunter2","p":"hunter2"}', b'{"p":"hunter2" ', b"hunter2"):
        for refused in (decode, decode_loose):
            with pytest.raises(EncodingError) as refusal:
                refused(data)
            assert "hunter" not in str(refusal.value)
