"""The strict reader of CBOR: one form for each value, and no bombs."""

from __future__ import annotations

import random

import cbor2
import pytest

from privshare.errors import EncodingError
from privshare.jobs.attestation import cbor

VALUES = (
    0,
    23,
    24,
    255,
    256,
    65535,
    65536,
    2**32 - 1,
    2**32,
    2**64 - 1,
    -1,
    -24,
    -25,
    -(2**64),
    b"",
    b"x" * 300,
    "",
    "ä" * 30,
    True,
    False,
    None,
    [],
    [1, [2, [3]]],
    {},
    {"a": 1, 2: b"b", -3: {"c": None}},
)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_is_written_is_read(value: cbor.Cbor) -> None:
    """Both agree with another implementation, byte for byte."""
    data = cbor.write(value)
    assert cbor2.dumps(value) == data
    assert cbor.read(data) == value
    assert type(cbor.read(data)) is type(value)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "nothing"),
        ("0000", "two items"),
        ("1800", "a longer form than needed"),
        ("190018", "a longer form than needed"),
        ("1a00000100", "a longer form than needed"),
        ("1b0000000000000001", "a longer form than needed"),
        ("3800", "a longer form than needed"),
        ("5800", "a longer form than needed"),
        ("1c", "a reserved length"),
        ("1f", "a length left open"),
        ("5f4101ff", "bytes left open"),
        ("7f6161ff", "text left open"),
        ("9f01ff", "an array left open"),
        ("bf0102ff", "a map left open"),
        ("ff", "a break"),
        ("c000", "a tag"),
        ("d28440a04040", "a tag"),
        ("f5f5", "two items"),
        ("f7", "undefined"),
        ("e0", "another simple value"),
        ("f818", "another simple value"),
        ("f97e00", "a fraction"),
        ("fa7fc00000", "a fraction"),
        ("fb7ff8000000000000", "a fraction"),
        ("61ff", "text that is not UTF-8"),
        ("62c080", "text that is not UTF-8"),
        ("41", "bytes cut short"),
        ("5bffffffffffffffff00", "bytes that never come"),
        ("9bffffffffffffffff00", "items that never come"),
        ("bbffffffffffffffff00", "pairs that never come"),
        ("9a0fffffff" + "00" * 20, "items that never come"),
        ("a201020103", "a key twice"),
        ("a14001", "bytes as a key"),
        ("a18001", "an array as a key"),
        ("a1f501", "true as a key"),
        ("a101", "a key without a value"),
        ("81" * 40 + "00", "too many levels"),
        ("a101" * 40 + "00", "too many levels"),
    ],
)
def test_another_form_is_refused(data: str, why: str) -> None:
    """Each for a reason that the error names."""
    with pytest.raises(EncodingError):
        cbor.read(bytes.fromhex(data))


def test_open_maps_are_read_where_allowed() -> None:
    """Maps alone, closed by a break, and still without a key twice."""
    assert cbor.read(bytes.fromhex("bf0102ff"), open_maps=True) == {1: 2}
    assert cbor.read(bytes.fromhex("bf01bfffff"), open_maps=True) == {1: {}}
    for data in ("bf0102", "bf01ff", "bf01020103ff", "9f01ff", "bf0102ffff"):
        with pytest.raises(EncodingError):
            cbor.read(bytes.fromhex(data), open_maps=True)


def test_any_bytes_are_read_or_refused() -> None:
    """No other error, and what is read is written the same again."""
    chance = random.Random(5)
    for _ in range(20_000):
        data = chance.randbytes(chance.randrange(1, 24))
        try:
            value = cbor.read(data)
        except EncodingError:
            continue
        assert cbor.write(value) == data


def test_a_number_that_does_not_fit_is_refused() -> None:
    """2^64 has no short form here."""
    with pytest.raises(EncodingError):
        cbor.write(2**64)
