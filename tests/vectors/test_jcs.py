"""RFC 8785 vectors: those within our values, and the refusal of the others.

Source: the canonical JSON test data of the author of RFC 8785, and numbers in
the ECMAScript form (see the README beside each file).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from privshare.errors import EncodingError, OutOfRange
from privshare.wire.canonical import decode, decode_loose, encode


def is_ours(value: Any) -> bool:
    """Whether a value, as the standard library read it, has only our numbers."""
    if isinstance(value, dict):
        return all(is_ours(item) for item in value.values())
    if isinstance(value, list):
        return all(is_ours(item) for item in value)
    return not isinstance(value, float) and (
        not isinstance(value, int) or abs(value) < 2**53
    )


def test_the_published_form_is_ours(vectors: Path) -> None:
    """Expected outputs are fixed points; those with other numbers are refused."""
    inputs = sorted((vectors / "jcs/input").glob("*.json"))
    if not inputs:
        pytest.skip("no test vectors jcs")
    for file in inputs:
        loose = file.read_bytes()
        expected = (vectors / "jcs/output" / file.name).read_bytes()
        outhex = (vectors / "jcs/outhex" / file.name).with_suffix(".txt")
        assert bytes.fromhex(outhex.read_text()) == expected
        if is_ours(json.loads(expected)):
            assert encode(decode(expected)) == expected
        else:
            with pytest.raises(EncodingError, match="fraction or exponent"):
                decode(expected)
        if is_ours(json.loads(loose)):
            assert encode(decode_loose(loose)) == expected
        else:
            with pytest.raises(EncodingError, match="fraction or exponent"):
                decode_loose(loose)


def test_numbers(vector_json: Callable[[str], Any]) -> None:
    """Integers below 2^53 have the ECMAScript form; every other number is refused."""
    accepted = 0
    for bits, text in vector_json("own-jcs-numbers/numbers.json"):
        number = struct.unpack(">d", bytes.fromhex(bits))[0]
        data = text.encode()
        with pytest.raises(EncodingError):
            encode(number)
        if number.is_integer() and abs(number) < 2**53:
            assert encode(int(number)) == data
            assert decode(data) == decode_loose(data) == int(number)
            accepted += 1
            continue
        for refused in (decode, decode_loose):
            with pytest.raises(EncodingError):
                refused(data)
        if number.is_integer():
            with pytest.raises(OutOfRange):
                encode(int(number))
    assert accepted > 0
