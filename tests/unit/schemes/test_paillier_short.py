"""Short exponents: ciphertexts like others, whose randomness can be told."""

from __future__ import annotations

import secrets
from functools import lru_cache

import pytest

from privshare.errors import EncodingError, OutOfRange
from privshare.schemes import paillier_short
from privshare.schemes.paillier import SIZES, PaillierPrivateKey
from privshare.schemes.paillier_base import djn_base
from privshare.schemes.paillier_short import (
    MAX_SUM_BITS,
    encrypt_known,
    encrypt_known_with,
    randomness,
    table,
)


@lru_cache
def private(bits: int) -> PaillierPrivateKey:
    return PaillierPrivateKey.generate(bits)


def split(data: bytes, size: int) -> list[bytes]:
    return [data[begin : begin + size] for begin in range(0, len(data), size)]


@pytest.mark.parametrize("bits", SIZES)
def test_ciphertexts_are_what_the_equation_says(bits: int) -> None:
    """c = (1 + m·n)·h^(n·x), at the edges of both; in one thread and in several."""
    key = private(bits).public
    n, half = key.n, key.half
    top = (1 << (bits // 2)) - 1
    values = [0, 1, -1, half - 1, 1 - half, 12345] + [7] * 40
    drawn = [0, 1, top, top - 1, 1 << (bits // 2 - 1)]
    drawn += [secrets.randbits(bits // 2) for _ in values[len(drawn) :]]
    exponents = b"".join(x.to_bytes(bits // 16, "big") for x in drawn)
    made = split(encrypt_known_with(n, values, exponents), key.ciphertext_size)
    for c, m, x in list(zip(made, values, drawn, strict=True))[:8]:
        right = (1 + m * n) * pow(djn_base(n), n * x, n * n) % (n * n)
        assert int.from_bytes(c, "big") == right
    few = encrypt_known_with(n, values[:6], exponents[: 6 * bits // 16])
    assert few == b"".join(made[:6])


@pytest.mark.parametrize("count", [1, 7, 8, 31, 32, 33, 70])
def test_every_count_of_values(count: int) -> None:
    """Values come back in their order, and each opens with the r told."""
    key = private(2048)
    values = list(range(-count // 2, count - count // 2))[:count]
    data, exponents = encrypt_known(key.public.n, values)
    assert len(exponents) == count
    parts = split(data, key.public.ciphertext_size)
    assert [key.decrypt(c) for c in parts] == values
    r = randomness(key.public.n, exponents[-1])
    assert key.open(parts[-1]) == (values[-1], r.to_bytes(256, "big"))


def test_nothing_is_drawn_twice() -> None:
    """Equal values are different ciphertexts, with exponents of full length."""
    data, exponents = encrypt_known(private(2048).public.n, [5] * 64)
    assert len(set(split(data, 512))) == 64
    assert len(set(exponents)) == 64
    assert 1_000 < max(x.bit_length() for x in exponents) <= 1_024


def test_randomness_of_sums() -> None:
    """h^x mod n as Python has it, also for the longest sum."""
    n = private(2048).public.n
    h = djn_base(n)
    longest = (1 << (1024 + MAX_SUM_BITS)) - 1
    for x in (0, 1, 2, longest, secrets.randbits(1_100)):
        assert randomness(n, x) == pow(h, x, n)
    for x in (-1, longest + 1):
        with pytest.raises(OutOfRange):
            randomness(n, x)


def test_values_that_do_not_fit() -> None:
    """n/2 and more is refused, and exponents of another number."""
    key = private(2048).public
    for value in (key.half, -key.half, key.n):
        with pytest.raises(OutOfRange):
            encrypt_known(key.n, [0, value])
    with pytest.raises(EncodingError):
        encrypt_known_with(key.n, [1, 2], bytes(128))


def test_tables_are_kept_and_few() -> None:
    """The table of a key is built once; of many keys, the last ones are kept."""
    moduli = [private(2048).public.n, private(3072).public.n]
    for n in moduli:
        assert table(n) is table(n)
    assert paillier_short.table.cache_info().maxsize == 4
