"""Paillier: laws against Python's integers and phe, refusals, and secrets."""

from __future__ import annotations

import copy
import hashlib
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phe import paillier as phe

from privshare.bindings.paillier import PrivateCore, PublicCore
from privshare.bindings.paillier_key import generate
from privshare.errors import (
    EncodingError,
    NativeError,
    OutOfRange,
    VerificationError,
)


def seeded(seed: bytes) -> Callable[[int], bytes]:
    """Random bytes that are the same in every run."""
    counter = iter(range(2**32))

    def rand(length: int) -> bytes:
        block = seed + next(counter).to_bytes(4, "big")
        return hashlib.shake_128(block).digest(length)

    return rand


def next_prime(value: int) -> int:
    while pow(2, value - 1, value) != 1:
        value += 2
    return value


# A short key keeps the laws quick; the profiles have their own tests.
P, Q = next_prime(2**255 + 1), next_prime(2**255 + 2**200 + 1)
KEY = PrivateCore.unsafe_any_size(P, Q)
PUBLIC = KEY.public
N = P * Q
EDGES = [0, 1, 2, N // 2, N // 2 + 1, N - 2, N - 1, 2**64 - 1, 2**64, 2**256 - 1]

plain = st.one_of(st.sampled_from(EDGES), st.integers(0, N - 1))
rand = st.one_of(st.sampled_from(EDGES[1:]), st.integers(1, N - 1))


def number(c: bytes) -> int:
    return int.from_bytes(c, "big")


@given(plain, rand)
def test_encrypt_is_the_equation(m: int, r: int) -> None:
    """c = (1 + m n) r^n mod n^2, as Python's integers say."""
    expected = (1 + m * N) * pow(r, N, N * N) % (N * N)
    assert expected == number(PUBLIC.encrypt(m, r))


@given(plain, rand)
def test_round_trip(m: int, r: int) -> None:
    """Decryption finds m, opening finds r, and the opening verifies."""
    c = PUBLIC.encrypt(m, r)
    assert m == KEY.decrypt(c)
    assert (m, r) == KEY.recover(c)
    PUBLIC.verify_opening(c, m, r)


@given(st.lists(st.tuples(plain, rand), min_size=1, max_size=8))
def test_sum(pairs: list[tuple[int, int]]) -> None:
    """The sum of an array is what adding one by one gives."""
    cs = PUBLIC.encrypt_batch([m for m, _ in pairs], [r for _, r in pairs])
    total = PUBLIC.sum(b"".join(cs), len(cs))
    one_by_one = cs[0]
    for c in cs[1:]:
        one_by_one = PUBLIC.add(one_by_one, c)
    assert one_by_one == total
    assert sum(m for m, _ in pairs) % N == KEY.decrypt(total)


@given(plain, plain, rand, rand)
def test_homomorphism(a: int, b: int, r: int, s: int) -> None:
    """Adding, negating and adding a plain number do what they say."""
    c, d = PUBLIC.encrypt(a, r), PUBLIC.encrypt(b, s)
    assert (a + b) % N == KEY.decrypt(PUBLIC.add(c, d))
    assert -a % N == KEY.decrypt(PUBLIC.negate(c))
    assert pow(number(c), -1, N * N) == number(PUBLIC.negate(c))
    plus = PUBLIC.add_plain(c, b)
    assert number(c) * (1 + b * N) % (N * N) == number(plus)
    assert PUBLIC.add(PUBLIC.add(c, PUBLIC.negate(c)), d) == d


@given(plain, rand, st.integers(-N + 1, N - 1) | st.integers(-300, 300))
def test_mul_plain(m: int, r: int, k: int) -> None:
    """c^k mod n^2 for k of either sign."""
    c = PUBLIC.encrypt(m, r)
    product = PUBLIC.mul_plain(c, k)
    assert pow(number(c), k, N * N) == number(product)
    assert m * k % N == KEY.decrypt(product)


@given(plain, rand, rand)
def test_rerandomise(m: int, r: int, s: int) -> None:
    """Fresh randomness multiplies in, and the number stays."""
    fresh = PUBLIC.rerandomise(PUBLIC.encrypt(m, r), s)
    assert PUBLIC.encrypt(m, r * s % N) == fresh
    assert [fresh, fresh] == PUBLIC.split(
        PUBLIC.rerandomise_batch(PUBLIC.encrypt(m, r) * 2, [s, s])
    )


@settings(max_examples=5)
@given(st.integers(0, 2**2000), st.integers(1, 2**2000))
def test_agrees_with_phe(m: int, r: int) -> None:
    """phe's raw functions give the same ciphertexts and plaintexts."""
    private, theirs = profile_key(2048)
    ours = private.public
    key = theirs.public_key
    c = ours.encrypt(m, r)
    assert key.raw_encrypt(m, r) == number(c)
    assert theirs.raw_decrypt(number(c)) == private.decrypt(c)
    number_there = phe.EncryptedNumber(key, number(c), 0)
    assert (number_there * 12345).ciphertext(be_secure=False) == number(
        ours.mul_plain(c, 12345)
    )


KEYS: dict[int, tuple[PrivateCore, phe.PaillierPrivateKey]] = {}


def profile_key(bits: int) -> tuple[PrivateCore, phe.PaillierPrivateKey]:
    """A generated key of a profile, ours and phe's view of it."""
    if bits not in KEYS:
        pair = generate(bits, seeded(b"profile"))
        p, q = pair.p, pair.q
        theirs = phe.PaillierPrivateKey(phe.PaillierPublicKey(p * q), p, q)
        KEYS[bits] = PrivateCore(p, q), theirs
    return KEYS[bits]


def test_import_refuses_private_keys() -> None:
    """Composite, equal, close, short or negative factors are no private key."""
    pair = generate(2048, seeded(b"profile"))
    p, q = pair.p, pair.q
    close = next_prime(p + 2)
    for bad in ((p, p), (p, close), (p, q + 2), (p + 2, q), (-p, -q), (p * q, 1)):
        with pytest.raises(OutOfRange):
            PrivateCore(*bad)
    with pytest.raises(OutOfRange):
        PrivateCore(P, Q)
    with pytest.raises(OutOfRange):
        PrivateCore.unsafe_any_size(P, P)
    with pytest.raises(OutOfRange):
        PrivateCore.unsafe_any_size(P, 2)


def test_import_refuses_public_keys() -> None:
    """Perfect powers, primes, small factors and other sizes are no public key."""
    base = next_prime(2**682 + 2**681 + 1)
    small = 65521 * ((2**2047 + 2**2046) // 65521 | 1)
    near = next_prime(2**1024 - 2**1000 + 1)
    close = near * next_prime(near + 2)
    even = 2 * (2**2046 + 2**1000 + 1)
    prime = 2**2048 - 1942289
    for bad in (base**3, near**2, close, small, even, prime):
        assert bad.bit_length() == 2048
        with pytest.raises(OutOfRange, match="odd product of large primes"):
            PublicCore(bad)
    for bad in (0, -5, 2**2047, N, PUBLIC.n**4 * 3):
        with pytest.raises(OutOfRange):
            PublicCore(bad)
    with pytest.raises(OutOfRange):
        PublicCore.unsafe_any_size(4)
    with pytest.raises(OutOfRange):
        PublicCore.unsafe_any_size(2**3072 + 1)


def test_numbers_out_of_range() -> None:
    """Messages, randomness and multipliers outside their interval are refused."""
    c = PUBLIC.encrypt(5, 7)
    for call in (
        lambda: PUBLIC.encrypt(N, 7),
        lambda: PUBLIC.encrypt(-1, 7),
        lambda: PUBLIC.encrypt(5, 0),
        lambda: PUBLIC.encrypt(5, N),
        lambda: PUBLIC.encrypt_batch([5, 6], [7]),
        lambda: PUBLIC.encrypt_batch([5, 6], [7, 0]),
        lambda: PUBLIC.add_plain(c, N),
        lambda: PUBLIC.mul_plain(c, N),
        lambda: PUBLIC.mul_plain(c, -N),
        lambda: PUBLIC.rerandomise(c, 0),
        lambda: PUBLIC.sum(b"", 0),
    ):
        with pytest.raises(OutOfRange):
            call()


def test_batches_of_nothing() -> None:
    """Empty batches give empty lists."""
    assert PUBLIC.encrypt_batch([], []) == []
    assert KEY.decrypt_batch([]) == []
    assert KEY.recover_batch(b"") == []
    assert PUBLIC.add(b"", b"") == b""
    PUBLIC.check(b"")


def test_lengths_are_checked() -> None:
    """Arrays must be whole ciphertexts, and as many as was said."""
    c = PUBLIC.encrypt(5, 7)
    for call in (
        lambda: PUBLIC.sum(c, 2),
        lambda: PUBLIC.add(c, c + c),
        lambda: PUBLIC.negate(c + c),
        lambda: PUBLIC.split(c[:-1]),
        lambda: KEY.decrypt(c + c),
        lambda: KEY.decrypt(b""),
        lambda: KEY.decrypt_batch([c, c[1:]]),
    ):
        with pytest.raises(EncodingError):
            call()


def test_a_failed_batch_gives_nothing() -> None:
    """One bad ciphertext fails the whole batch."""
    good = PUBLIC.encrypt(5, 7)
    factor = P.to_bytes(PUBLIC.ciphertext_bytes, "big")
    for bad in (bytes(len(good)), factor, b"\xff" * len(good)):
        with pytest.raises(VerificationError):
            KEY.decrypt_batch([good, bad, good])
        with pytest.raises(VerificationError):
            PUBLIC.check(good + bad)


def test_secrets_stay_inside() -> None:
    """A private key shows nothing of itself and cannot be copied out."""
    assert str(N.bit_length()) in repr(KEY)
    for text in (repr(KEY), str(KEY), repr(PUBLIC)):
        assert str(P) not in text
        assert str(Q) not in text
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
    with pytest.raises(TypeError):
        copy.copy(KEY)


def test_closing_wipes() -> None:
    """A closed key does nothing more; its public key goes on."""
    with PrivateCore.unsafe_any_size(P, Q) as key:
        before = key.public
        c = before.encrypt(5, 7)
        assert key.decrypt(c) == 5
    for call in (lambda: key.decrypt(c), lambda: key.recover(c)):
        with pytest.raises(NativeError):
            call()
    assert c == key.public.encrypt(5, 7)
    key.close()


def test_a_public_key_outlives_its_private_key() -> None:
    """A public key taken from a private one works when that is closed."""
    key = PrivateCore.unsafe_any_size(P, Q)
    public = key.public
    key.close()
    assert PUBLIC.encrypt(5, 7) == public.encrypt(5, 7)
    assert public == PUBLIC
    assert hash(public) == hash(PUBLIC)


def test_threads_share_a_key() -> None:
    """Calls in several threads do not disturb one another."""
    messages = list(range(100, 140))

    def round_trip(m: int) -> int:
        return KEY.decrypt(PUBLIC.encrypt(m, m + 1))

    with ThreadPoolExecutor(4) as pool:
        assert messages == list(pool.map(round_trip, messages))


def test_closing_waits_for_calls() -> None:
    """A key that is closed while a thread decrypts still gives right answers."""
    key = PrivateCore.unsafe_any_size(P, Q)
    cs = PUBLIC.encrypt(5, 7) * 200
    with ThreadPoolExecutor(1) as pool:
        numbers = pool.submit(key.decrypt_batch, cs)
        while not numbers.running() and not numbers.done():
            pass
        key.close()
        with suppress(NativeError):  # closed before the call began
            assert numbers.result() == [5] * 200
