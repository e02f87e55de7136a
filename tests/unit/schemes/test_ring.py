"""Rings, regulators and their keys: what is refused, by its name."""

from __future__ import annotations

import pickle

import pytest
from ring_kit import REGULATOR_KEYS, key, members, ring

from privshare.errors import EncodingError, OutOfRange
from privshare.schemes.key_id import key_id
from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_key import RingKey, check_public

ORDER = 2**252 + 27742317777372353535851937790883648493
IDENTITY = bytes(32)
NOT_CANONICAL = b"\xff" * 32
KEYS = [one.public for one in members(5)]


@pytest.mark.parametrize("count", [0, 1, 4097])
def test_a_ring_has_2_to_4096_keys(count: int) -> None:
    """Nobody hides alone."""
    with pytest.raises(OutOfRange, match=f"found {count}"):
        Ring([KEYS[0]] * count)


def test_the_longest_ring() -> None:
    """4,096 members, and the smallest ring of two."""
    assert len(ring(4096)) == 4096
    assert len(Ring(KEYS[:2])) == 2


@pytest.mark.parametrize(
    ("keys", "index", "words"),
    [
        ([KEYS[1], KEYS[0]], 1, "below the one before"),
        ([KEYS[0], KEYS[0]], 1, "twice"),
        ([IDENTITY, KEYS[0]], 0, "identity"),
        ([KEYS[0], KEYS[1], NOT_CANONICAL], 2, "index 2"),
        ([KEYS[0], KEYS[1][:31]], 1, "31 bytes"),
        ([KEYS[0], KEYS[1] + b"\0"], 1, "33 bytes"),
    ],
)
def test_what_a_ring_refuses(keys: list[bytes], index: int, words: str) -> None:
    """Unsorted, duplicate, the identity, no element, another length."""
    with pytest.raises(EncodingError, match=words) as caught:
        Ring(keys)
    assert index == caught.value.detail["index"]


def test_of_sorts_and_does_not_hide_duplicates() -> None:
    """A set of keys is one ring."""
    assert Ring(KEYS) == Ring.of(reversed(KEYS))
    assert Ring(KEYS).digest == Ring.of(reversed(KEYS)).digest
    with pytest.raises(EncodingError, match="twice"):
        Ring.of([*KEYS, KEYS[3]])


def test_a_ring_answers() -> None:
    """Length, membership, equality."""
    whole, part = Ring(KEYS), Ring(KEYS[:4])
    assert KEYS[4] in whole
    assert KEYS[4] not in part
    assert whole != part
    assert whole.digest != part.digest
    assert len({whole, part, Ring(KEYS)}) == 2
    assert repr(part) == "<Ring of 4>"


@pytest.mark.parametrize(("threshold", "count"), [(1, 3), (0, 3), (4, 3), (2, 17)])
def test_regulators_out_of_range(threshold: int, count: int) -> None:
    """A threshold of 1, above n, or too many of them."""
    keys = [one.public for one in members(17)][:count]
    with pytest.raises(OutOfRange):
        Regulators(threshold, keys)


def test_one_regulator_is_none() -> None:
    """Two are the fewest."""
    with pytest.raises(OutOfRange, match="found 1"):
        Regulators(2, KEYS[:1])


@pytest.mark.parametrize(
    "keys",
    [
        [KEYS[0], KEYS[1], KEYS[0]],
        [KEYS[0], IDENTITY],
        [KEYS[0], NOT_CANONICAL],
        [KEYS[0], b""],
    ],
)
def test_what_regulators_refuse(keys: list[bytes]) -> None:
    """A key twice, the identity, no element, another length."""
    with pytest.raises(EncodingError) as caught:
        Regulators(2, keys)
    assert len(keys) - 1 == caught.value.detail["index"]


def test_regulators_keep_their_order() -> None:
    """Order and threshold are in the digest."""
    keys = [one.public for one in REGULATOR_KEYS]
    digests = {
        Regulators(2, keys).digest,
        Regulators(3, keys).digest,
        Regulators(2, keys[::-1]).digest,
        Regulators(2, keys[:2]).digest,
    }
    assert len(digests) == 4
    assert Regulators(2, keys) == Regulators(2, keys)
    assert Regulators(2, keys) != Regulators(2, keys[::-1])


def test_a_key_travels() -> None:
    """Its bytes give it back; its name is that of its algorithm."""
    one = RingKey.generate()
    assert one.public == RingKey.from_bytes(one.to_bytes()).public
    assert one.kid == key_id("ristretto255", one.public)
    assert RingKey.generate().public != one.public
    check_public(one.public)


@pytest.mark.parametrize(
    "secret",
    [
        b"",
        bytes(31),
        bytes(33),
        bytes(32),
        ORDER.to_bytes(32, "little"),
        (ORDER + 1).to_bytes(32, "little"),
        b"\xff" * 32,
    ],
)
def test_what_a_secret_may_not_be(secret: bytes) -> None:
    """Another length, 0, or not below the order."""
    with pytest.raises(EncodingError):
        RingKey.from_bytes(secret)


def test_the_largest_secret() -> None:
    """The order less 1 gives the negative of the generator."""
    one = RingKey.from_bytes((ORDER - 1).to_bytes(32, "little"))
    assert one.public != key(1).public


@pytest.mark.parametrize("public", [b"", bytes(32), NOT_CANONICAL, bytes(31)])
def test_what_a_public_key_may_not_be(public: bytes) -> None:
    """Another length, the identity, or no element."""
    with pytest.raises(EncodingError, match="expected a member"):
        check_public(public, "a member")


def test_a_key_is_not_shown() -> None:
    """Neither repr nor pickle."""
    one = key(123456789)
    assert repr(one) == "<RingKey (secret)>"
    with pytest.raises(TypeError):
        pickle.dumps(one)
