"""Scalars of ristretto255 from Python."""

from __future__ import annotations

import pytest

from privshare.bindings import scalar
from privshare.bindings.scalar import ONE, ORDER, ZERO, from_int, to_int
from privshare.errors import EncodingError, OutOfRange

EDGES = [0, 1, 2, ORDER - 1, ORDER - 2, 1 << 252, (1 << 252) - 1, (1 << 128) - 1]


def test_integers_in_and_out() -> None:
    """Any integer is taken modulo the order."""
    for value in (*EDGES, -1, -ORDER, ORDER, 1 << 300, -(1 << 255)):
        assert to_int(from_int(value)) == value % ORDER
    assert from_int(1) == ONE
    assert from_int(0) == ZERO


def test_the_ring_is_that_of_integers() -> None:
    """Sums, differences, products and inverses modulo the order."""
    for a in EDGES:
        x = from_int(a)
        assert to_int(scalar.neg(x)) == -a % ORDER
        if a:
            assert to_int(scalar.invert(x)) == pow(a, -1, ORDER)
        for b in EDGES:
            y = from_int(b)
            assert to_int(scalar.add(x, y)) == (a + b) % ORDER
            assert to_int(scalar.sub(x, y)) == (a - b) % ORDER
            assert to_int(scalar.mul(x, y)) == a * b % ORDER
            assert to_int(scalar.mul_add(x, y, x)) == (a * b + a) % ORDER


def test_zero_has_no_inverse() -> None:
    """It is refused, where the core would give 0."""
    with pytest.raises(OutOfRange, match="other than 0"):
        scalar.invert(ZERO)


def test_wide_numbers() -> None:
    """64 bytes each are reduced, whatever they are."""
    wide = [0, ORDER, (1 << 512) - 1, ORDER**2 - 1]
    data = b"".join(x.to_bytes(64, "little") for x in wide)
    found = scalar.reduce_wide(data)
    assert found == b"".join(from_int(x) for x in wide)
    assert scalar.reduce_wide(b"") == b""
    with pytest.raises(EncodingError, match="multiple of 64 bytes, found 65"):
        scalar.reduce_wide(bytes(65))


def test_checking() -> None:
    """Canonical scalars come back; the first other one is named."""
    good = b"".join(map(from_int, EDGES))
    assert scalar.check(good) == good
    for bad in (ORDER, ORDER + 1, (1 << 256) - 1):
        with pytest.raises(EncodingError, match="nonces: expected scalars") as found:
            scalar.check(ONE + bad.to_bytes(32, "little") + ONE, "nonces")
        assert found.value.detail == {"index": 1}
    with pytest.raises(EncodingError, match="multiple of 32 bytes, found 31"):
        scalar.check(bytes(31))


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(64), b"\xff" * 32])
def test_operations_take_one_scalar(data: bytes) -> None:
    """Neither fewer bytes nor more, nor a number that is none."""
    for function in (scalar.add, scalar.sub, scalar.mul):
        with pytest.raises(EncodingError):
            function(ONE, data)
        with pytest.raises(EncodingError):
            function(data, ONE)
    for single in (scalar.neg, scalar.invert, to_int):
        with pytest.raises(EncodingError):
            single(data)
