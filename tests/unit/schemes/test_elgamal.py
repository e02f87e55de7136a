"""Twisted ElGamal: encryption, sums, the search, and a key of many holders."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import combinations, permutations

import pytest

from privshare.bindings import ristretto255 as group
from privshare.bindings.scalar import from_int, invert
from privshare.errors import EncodingError, OutOfRange, ProofInvalid
from privshare.schemes import elgamal_threshold as shared
from privshare.schemes.commitment import BLINDING_BASE, VALUE_BASE, commit
from privshare.schemes.elgamal import (
    MAX_BOUND,
    Ciphertext,
    SecretKey,
    combine,
    decrypt,
    encrypt,
    logarithm,
)

S = from_int(987654321)
KEY = SecretKey.from_bytes(S)


def times(k: bytes, element: bytes) -> bytes:
    return group.mul(k, group.decode(element)).encode()


def test_the_equations() -> None:
    """pk = s⁻¹·H, C = v·G + r·H, D = r·pk."""
    assert times(invert(S), BLINDING_BASE) == KEY.public
    r = from_int(55)
    ciphertext, opening = encrypt(KEY.public, 9, blinding=r)
    assert ciphertext == Ciphertext(commit(9, r), times(r, KEY.public))
    assert (opening.value, opening.blinding) == (9, r)
    opening.check(ciphertext.c)


@pytest.mark.parametrize("bound", [1, 2, 3, 7, 100, 1 << 16, 12345])
def test_every_edge_of_the_bound_is_found(bound: int) -> None:
    """From -bound to bound, and nothing beyond."""
    for value in {0, 1, -1, bound, -bound, bound - 1, 1 - bound, bound // 3}:
        ciphertext, _ = encrypt(KEY.public, value)
        assert value == decrypt(KEY, ciphertext, bound=bound)
    for value in (bound + 1, -bound - 1, 3 * bound + 1):
        ciphertext, _ = encrypt(KEY.public, value)
        with pytest.raises(OutOfRange, match="found none: the ciphertext is of"):
            decrypt(KEY, ciphertext, bound=bound)


def test_all_small_numbers_are_found() -> None:
    """The search leaves no gap between two steps."""
    step = group.base()
    element = group.mul(from_int(-60), step)
    for value in range(-60, 61):
        assert logarithm(element, 60) == value
        assert logarithm(element, 59) == (value if abs(value) <= 59 else None)
        element = group.add(element, step)


def test_a_large_number() -> None:
    """Hundreds of millions, in a moment."""
    ciphertext, _ = encrypt(KEY.public, -987_654_321)
    assert decrypt(KEY, ciphertext, bound=1 << 30) == -987_654_321


@pytest.mark.parametrize("bound", [0, -1, MAX_BOUND + 1])
def test_a_bound_is_declared(bound: int) -> None:
    """Nobody searches without end."""
    ciphertext, _ = encrypt(KEY.public, 1)
    with pytest.raises(OutOfRange, match="expected a bound from 1 to 2\\^40"):
        decrypt(KEY, ciphertext, bound=bound)


def test_another_key_decrypts_nothing() -> None:
    """The number is not found, and the error does not say why."""
    ciphertext, _ = encrypt(KEY.public, 5)
    with pytest.raises(OutOfRange, match="of another key, or of a larger number"):
        decrypt(SecretKey.generate(), ciphertext, bound=1000)


def test_sums() -> None:
    """Coefficients of any sign; a sum is a ciphertext like any other."""
    parts = [encrypt(KEY.public, value)[0] for value in (10, 20, -3)]
    total = combine(parts, [1, 2, -5])
    assert decrypt(KEY, total, bound=100) == 65
    with pytest.raises(EncodingError, match="other than the identity"):
        combine([parts[0], parts[0]], [1, -1])
    with pytest.raises(OutOfRange):
        combine([], [])
    with pytest.raises(OutOfRange):
        combine(parts, [1])


def test_ciphertexts_have_one_form() -> None:
    """64 bytes, both halves canonical, neither the identity."""
    ciphertext, _ = encrypt(KEY.public, 5)
    data = ciphertext.to_bytes()
    assert Ciphertext.from_bytes(data) == ciphertext
    for bad in (data[:63], data + b"\0", bytes(32) + data[32:], data[:32] + bytes(32)):
        with pytest.raises(EncodingError):
            Ciphertext.from_bytes(bad)
    with pytest.raises(EncodingError):
        Ciphertext.from_bytes(data[:32] + b"\xff" * 32)


@pytest.mark.parametrize("public", [bytes(32), b"\xff" * 32, VALUE_BASE[:31], b""])
def test_a_public_key_is_checked(public: bytes) -> None:
    """The identity would make D say nothing of r."""
    with pytest.raises(EncodingError):
        encrypt(public, 1)


def test_zero_is_neither_key_nor_blinding() -> None:
    """0 has no inverse, and hides nothing."""
    with pytest.raises(OutOfRange):
        SecretKey.from_bytes(bytes(32))
    with pytest.raises(EncodingError):
        SecretKey.from_bytes(b"\xff" * 32)
    with pytest.raises(EncodingError):
        SecretKey.from_bytes(S[:31])
    with pytest.raises(OutOfRange, match="blinding other than 0"):
        encrypt(KEY.public, 1, blinding=bytes(32))


def test_a_key_is_a_secret() -> None:
    """Not shown, not pickled; named by its public half."""
    assert repr(KEY) == "<SecretKey (secret)>"
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
    assert SecretKey.from_bytes(KEY.to_bytes()).kid == KEY.kid


# -- a key of many holders ----------------------------------------------------

CONTEXT = b"opening 7"


@pytest.fixture(scope="module")
def dealt() -> tuple[shared.SharedKey, tuple[shared.KeyShare, ...]]:
    return shared.deal(3, 5)


Dealt = tuple[shared.SharedKey, tuple[shared.KeyShare, ...]]


def test_any_k_holders_decrypt(dealt: Dealt) -> None:
    """Every set of three of five, in any order; more than three do no harm."""
    key, shares = dealt
    ciphertext, _ = encrypt(key.public, -41)
    partials = [
        shared.verify_partial(
            key, ciphertext, shared.make_partial(key, s, ciphertext, CONTEXT), CONTEXT
        )
        for s in shares
    ]
    for chosen in combinations(partials, 3):
        assert shared.combine(key, ciphertext, chosen, bound=100) == -41
    for order in list(permutations(partials[:3])):
        assert shared.combine(key, ciphertext, order, bound=100) == -41
    assert shared.combine(key, ciphertext, partials, bound=100) == -41
    for few in (partials[:2], [partials[0]] * 3, []):
        with pytest.raises(OutOfRange, match="expected parts of 3 different holders"):
            shared.combine(key, ciphertext, few, bound=100)


def test_fewer_than_k_know_nothing(dealt: Dealt) -> None:
    """Two shares with a wrong third do not open."""
    key, _ = dealt
    ciphertext, _ = encrypt(key.public, 7)
    wrong = [shared.Partial(i, VALUE_BASE, ciphertext) for i in (1, 2, 3)]
    with pytest.raises(OutOfRange, match="found none"):
        shared.combine(key, ciphertext, wrong, bound=1000)


def test_a_wrong_partial_names_its_holder(dealt: Dealt) -> None:
    """Each bit changed, another context, ciphertext or holder: refused."""
    key, shares = dealt
    ciphertext, _ = encrypt(key.public, 7)
    other, _ = encrypt(key.public, 7)
    good = shared.make_partial(key, shares[1], ciphertext, CONTEXT)
    assert len(good) == shared.PARTIAL_BYTES == 97
    assert shared.verify_partial(key, ciphertext, good, CONTEXT).index == 2
    for bit in range(8, 8 * len(good)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        with pytest.raises((ProofInvalid, EncodingError)) as caught:
            shared.verify_partial(key, ciphertext, bytes(bad), CONTEXT)
        if isinstance(caught.value, ProofInvalid):
            assert caught.value.detail["index"] == 2
            assert "holder 2's part" in caught.value.message
    for data, about, context in (
        (good, other, CONTEXT),
        (good, ciphertext, b"opening 8"),
        (b"\3" + good[1:], ciphertext, CONTEXT),
    ):
        with pytest.raises(ProofInvalid):
            shared.verify_partial(key, about, data, context)
    for data in (b"\0" + good[1:], b"\6" + good[1:]):
        with pytest.raises(OutOfRange, match="expected a holder from 1 to 5"):
            shared.verify_partial(key, ciphertext, data, CONTEXT)
    with pytest.raises(EncodingError):
        shared.verify_partial(key, ciphertext, good[:-1], CONTEXT)


def test_a_partial_of_another_ciphertext_is_not_combined(dealt: Dealt) -> None:
    """Partials carry what they are of."""
    key, shares = dealt
    one, two = (encrypt(key.public, 7)[0] for _ in range(2))
    partials = [
        shared.verify_partial(key, c, shared.make_partial(key, s, c, CONTEXT), CONTEXT)
        for s, c in zip(shares, (one, one, two), strict=False)
    ]
    with pytest.raises(ProofInvalid, match="found one of another"):
        shared.combine(key, one, partials, bound=100)


def test_a_share_is_checked_against_the_key(dealt: Dealt) -> None:
    """A holder finds out that it was sent something else."""
    key, shares = dealt
    shares[2].check(key)
    wrong = shared.KeyShare(3, shares[1].to_bytes())
    with pytest.raises(ProofInvalid, match="the share of holder 3"):
        wrong.check(key)
    ciphertext, _ = encrypt(key.public, 7)
    with pytest.raises(ProofInvalid):
        shared.make_partial(key, wrong, ciphertext, CONTEXT)
    with pytest.raises(OutOfRange):
        shared.KeyShare(6, S).check(key)
    with pytest.raises(OutOfRange):
        shared.KeyShare(0, S)
    with pytest.raises(EncodingError):
        shared.KeyShare(1, b"\xff" * 32)
    with pytest.raises(EncodingError):
        shared.KeyShare(1, S[:31])


@pytest.mark.parametrize("place", range(5))
def test_a_dealer_cannot_hand_out_shares_that_do_not_fit(
    dealt: Dealt, place: int
) -> None:
    """Verification keys are those of one polynomial, or the key is refused."""
    key, shares = dealt
    moved = list(key.verifications)
    moved[place] = VALUE_BASE
    with pytest.raises(ProofInvalid, match="expected verification keys of one dealt"):
        replace(key, verifications=tuple(moved))
    with pytest.raises(ProofInvalid):
        replace(key, threshold=2)
    with pytest.raises(ProofInvalid):
        shares[place].check(replace(key, public=VALUE_BASE))


def test_the_polynomial_is_the_one_drawn() -> None:
    """With randomness given, shares are f(1), f(2), … of it."""
    rand = b"".join(n.to_bytes(64, "little") for n in (5, 7))
    key, shares = shared.deal(2, 3, rand)
    assert [from_int(n) for n in (12, 19, 26)] == [one.to_bytes() for one in shares]
    assert key.public == SecretKey.from_bytes(from_int(5)).public
    with pytest.raises(OutOfRange, match="expected 128 random bytes"):
        shared.deal(2, 3, bytes(64))


@pytest.mark.parametrize(("k", "n"), [(1, 3), (4, 3), (2, 17), (0, 0)])
def test_counts_have_bounds(k: int, n: int) -> None:
    """2 <= k <= n <= 16."""
    with pytest.raises(OutOfRange, match="expected 2 <= threshold"):
        shared.deal(k, n)
