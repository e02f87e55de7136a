"""Elements of ristretto255 from Python."""

from __future__ import annotations

import pickle

import pytest

from privshare.bindings import ristretto255 as group
from privshare.bindings.ristretto255 import IDENTITY, Elements, Table
from privshare.bindings.scalar import ONE, ORDER, ZERO, from_int
from privshare.errors import EncodingError, OutOfRange


def elements(count: int, seed: int = 0) -> Elements:
    """Different elements."""
    return group.from_uniform(bytes((7 * i + seed) % 251 for i in range(64 * count)))


def test_an_array_is_a_sequence() -> None:
    """Length, positions from either end, slices of any step, joining."""
    five = elements(5)
    assert len(five) == 5
    assert [len(one) for one in five] == [1] * 5
    assert five[-1] == five[4]
    assert five[1:3] == five.take([1, 2])
    assert five[::-2] == five.take([4, 2, 0])
    assert len(five[3:3]) == 0
    assert Elements.join([five[:2], five[2:2], five[2:]]) == five
    assert len(Elements.join([])) == 0


@pytest.mark.parametrize("place", [5, -6])
def test_positions_outside(place: int) -> None:
    """There is nothing beyond either end."""
    with pytest.raises(IndexError):
        elements(5)[place]
    with pytest.raises(IndexError):
        elements(5).take([place])


def test_equality_is_of_elements() -> None:
    """Two forms of an element are equal, and it has no hash."""
    a = elements(2)
    again = group.decode(a.encode())
    assert a == again
    assert a != elements(2, seed=1)
    assert a != a[:1]
    assert a != a.encode()
    with pytest.raises(TypeError, match="unhashable"):
        hash(a)
    assert repr(a) == "<2 elements of ristretto255>"
    with pytest.raises((TypeError, AttributeError)):
        pickle.dumps(a)


def test_encoding_and_decoding() -> None:
    """32 bytes each; none make an empty array."""
    data = elements(3).encode()
    assert len(data) == 96
    assert group.decode(data).encode() == data
    assert group.decode(b"").encode() == b""
    assert group.decode(IDENTITY).is_identity()
    assert not elements(1).is_identity()


def test_bad_encodings_name_their_place() -> None:
    """The first that is no element is named, and the message says what it is of."""
    data = elements(2).encode() + bytes([1]) + bytes(31) + b"\xff" * 32
    with pytest.raises(EncodingError, match="ring: expected elements") as found:
        group.decode(data, "ring")
    assert found.value.detail == {"index": 2}
    with pytest.raises(EncodingError, match="multiple of 32 bytes, found 33"):
        group.decode(bytes(33))
    with pytest.raises(EncodingError, match="multiple of 64 bytes, found 63"):
        group.from_uniform(bytes(63))


def test_the_group_law() -> None:
    """a - a = 0, a + 0 = a, -(-a) = a, element by element."""
    a, b = elements(4), elements(4, seed=3)
    nothing = group.sub(a, a)
    assert all(nothing.is_identity(i) for i in range(4))
    assert group.add(a, nothing) == a
    assert group.neg(group.neg(a)) == a
    assert group.sub(a, b) == group.add(a, group.neg(b))
    assert group.add(a, b) == group.add(b, a)


def test_multiplications_agree() -> None:
    """One at a time, two at a time, summed, and from a table."""
    a, b = elements(3), elements(3, seed=5)
    s = from_int(-5) + from_int(2**200 + 1) + ZERO
    t = from_int(ORDER - 1) + ONE + from_int(1 << 252)
    left, right = group.mul(s, a), group.mul(t, b)
    assert group.mul_vartime(s, a) == left
    assert group.mul_two_vartime(s, a, t, b) == group.add(left, right)
    total = group.add(group.add(left[0], left[1]), left[2])
    assert group.msm(s, a) == total
    assert group.msm_vartime(s, a) == total
    assert Table(a[1]).mul(s) == group.mul(s, Elements.join([a[1]] * 3))
    assert group.base_table().mul(ONE) == group.base()
    assert group.msm(b"", a[:0]).is_identity()


def test_arrays_of_different_lengths() -> None:
    """Nothing is repeated or left out in silence."""
    a = elements(2)
    with pytest.raises(OutOfRange, match="found 2 and 1"):
        group.add(a, a[:1])
    with pytest.raises(OutOfRange, match="found 2 and 1"):
        group.mul_two_vartime(ONE * 2, a, ONE, a[:1])
    for function in (group.mul, group.mul_vartime, group.msm, group.msm_vartime):
        with pytest.raises(EncodingError, match="expected 64 bytes, found 32"):
            function(ONE, a)
    with pytest.raises(OutOfRange, match="expected one element, found 2"):
        Table(a)
    with pytest.raises(EncodingError, match="multiple of 32 bytes"):
        group.base_table().mul(bytes(31))


def test_scalars_that_are_none() -> None:
    """A number of the order or more is refused by each multiplication."""
    a = elements(2)
    bad = ONE + ORDER.to_bytes(32, "little")
    for function in (group.mul, group.mul_vartime, group.msm, group.msm_vartime):
        with pytest.raises(EncodingError, match="at index 1"):
            function(bad, a)
    with pytest.raises(EncodingError, match="at index 1"):
        group.base_table().mul(bad)
