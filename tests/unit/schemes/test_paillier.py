"""Paillier keys: what they take, what they refuse, what they do not show."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from functools import lru_cache

import pytest

from privshare.errors import (
    EncodingError,
    OutOfRange,
    ProofInvalid,
    VerificationError,
)
from privshare.schemes.fixed_point import LIMIT, FixedPoint
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey


@lru_cache
def private(bits: int = 2048) -> PaillierPrivateKey:
    return PaillierPrivateKey.generate(bits)


@pytest.mark.parametrize("bits", [2048, 3072])
def test_both_sizes(bits: int) -> None:
    """A total of a batch opens to the sum, and the opening verifies."""
    key = private(bits).public
    assert (key.bits, key.size, key.ciphertext_size) == (bits, bits // 8, bits // 4)
    values = [*range(-40, 40), key.half - 1, 1 - key.half]
    column = key.encrypt_batch(values)
    assert len(column) == len(values) * key.ciphertext_size
    total = key.sum(column)
    m, r = private(bits).open(total)
    assert m == sum(values) == private(bits).decrypt(total)
    key.verify_opening(total, m, r)


def test_other_sizes_are_no_keys() -> None:
    """There are two profiles and no others."""
    for bits in (0, 1024, 2047, 4096):
        with pytest.raises(OutOfRange):
            PaillierPrivateKey.generate(bits)
    n = private().public.n
    for wrong in (0, 15, n + 1, n >> 1, n << 1):
        with pytest.raises(OutOfRange):
            PaillierPublicKey(wrong)


def test_values_that_do_not_fit() -> None:
    """|v| < n/2, and nothing wraps in silence."""
    key = private().public
    for value in (key.half, -key.half, key.n, 1 << 4096):
        with pytest.raises(OutOfRange):
            key.encrypt_batch([0, value])
    with pytest.raises(OutOfRange):
        key.encrypt_batch_with([1, 2], [3])
    for r in (0, key.n):
        with pytest.raises(OutOfRange):
            key.encrypt_batch_with([1], [r])


def test_what_is_no_ciphertext() -> None:
    """0, multiples of n's factors and numbers past n² are refused everywhere."""
    key = private().public
    size = key.ciphertext_size
    for number in (0, key.n, key.n**2, key.n**2 + 1):
        data = number.to_bytes(size, "big")
        for call in (key.check, key.sum, private().decrypt, private().open):
            with pytest.raises(VerificationError):
                call(data)
    for data in (b"", bytes(size - 1), bytes(size + 1)):
        for call in (key.check, key.sum, private().decrypt, private().open):
            with pytest.raises(EncodingError):
                call(data)


def test_openings_of_something_else() -> None:
    """Another m, another r, another ciphertext and another length are refused."""
    key = private().public
    first, second = key.encrypt_batch([5]), key.encrypt_batch([5])
    m, r = private().open(first)
    for c, wrong_m, wrong_r in (
        (first, m + 1, r),
        (second, m, r),
        (first, m, bytes(key.size)),
        (first, m, b"\xff" * key.size),
        (first, m, r[1:]),
        (first, m, r + b"\0"),
        (b"", m, r),
    ):
        with pytest.raises(ProofInvalid):
            key.verify_opening(c, wrong_m, wrong_r)
    with pytest.raises(OutOfRange):
        key.verify_opening(first, key.half, r)


def test_the_key_names_itself_as_the_ledger_does() -> None:
    """The kid is that of the modulus, whichever way the key came."""
    key = private().public
    assert PaillierPublicKey.from_bytes(key.to_bytes()) == key
    assert len(key.kid) == 43 and key.kid in repr(key)
    assert hash(PaillierPublicKey(key.n)) == hash(key)
    assert key != private(3072).public


def test_the_secret_stays_inside() -> None:
    """A private key is neither shown, copied nor pickled; at rest it is bytes."""
    key = private()
    assert "secret" in repr(key) and str(key.public.n) not in repr(key)
    for escape in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            escape(key)
    again = PaillierPrivateKey.from_bytes(key.to_bytes())
    assert again.public == key.public
    assert again.decrypt(key.public.encrypt_batch([-7])) == -7
    with pytest.raises(EncodingError):
        PaillierPrivateKey.from_bytes(key.to_bytes().replace(b'"v":1', b'"v":2'))


def test_the_factors_travel_with_the_key() -> None:
    """A key that was generated knows generators; one from elsewhere does not."""
    key = PaillierPrivateKey.generate(2048)
    data = key.to_bytes()
    again = PaillierPrivateKey.from_bytes(data)
    assert again.to_bytes() == data
    assert again.holder_bases() == key.holder_bases() is not None
    foreign = PaillierPrivateKey(key._p, key._q)
    assert b'"factors":null' in foreign.to_bytes()
    assert PaillierPrivateKey.from_bytes(foreign.to_bytes()).holder_bases() is None
    assert key._factors is not None
    wrong = data.replace(b'"p":%d' % key._factors[0], b'"p":1')
    assert wrong != data
    with pytest.raises(OutOfRange):
        PaillierPrivateKey.from_bytes(wrong).holder_bases()
    with pytest.raises(EncodingError):
        PaillierPrivateKey.from_bytes(data.replace(b'"factors"', b'"factor"'))


def test_decimals_are_scaled_exactly() -> None:
    """A decimal becomes an integer without rounding, and comes back."""
    money = FixedPoint(2)
    for text, scaled in (("12.50", 1250), ("-0.01", -1), ("7", 700), ("+1.5", 150)):
        assert money.scale_up(text) == scaled
    assert money.scale_up(Decimal("1.250")) == 125
    assert money.scale_up(3) == 300
    assert [money.text(n) for n in (1250, -1, 0)] == ["12.50", "-0.01", "0.00"]
    assert FixedPoint(0).text(-12) == "-12"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1.005", OutOfRange),
        (str(LIMIT), OutOfRange),
        ("1e3", EncodingError),
        ("", EncodingError),
        ("1,5", EncodingError),
        ("NaN", EncodingError),
        (" 1", EncodingError),
    ],
)
def test_decimals_that_are_refused(text: str, error: type[Exception]) -> None:
    """More digits than the scale has, and what is no decimal, are refused."""
    with pytest.raises(error):
        FixedPoint(2).scale_up(text)
    for scale in (-1, 16):
        with pytest.raises(OutOfRange):
            FixedPoint(scale)
