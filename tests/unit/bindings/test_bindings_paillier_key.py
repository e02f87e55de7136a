"""Generated keys: their primes, their factors, and who finds the same ones."""

from __future__ import annotations

import copy
import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from math import gcd

import pytest

from privshare.bindings.paillier import PROFILES, PrivateCore, PublicCore
from privshare.bindings.paillier_key import Kind, PrimePair, generate, holder_bases
from privshare.bindings.prime import generator, is_prime
from privshare.errors import NativeError, OutOfRange

CASES: list[tuple[int, Kind]] = [(2048, "known"), (3072, "known"), (2048, "safe")]


def seeded(seed: bytes) -> Callable[[int], bytes]:
    """Random bytes that are the same in every run."""
    counter = iter(range(2**32))

    def rand(length: int) -> bytes:
        block = seed + next(counter).to_bytes(4, "big")
        return hashlib.shake_128(block).digest(length)

    return rand


@cache
def pair(bits: int, kind: Kind = "known") -> PrimePair:
    return generate(bits, seeded(b"key"), kind=kind)


def prime_factors(value: int) -> set[int]:
    """Of a small odd number."""
    found, d = set(), 3
    while value > 1:
        if value % d == 0:
            found.add(d)
            value //= d
        else:
            d += 2
    return found


@pytest.mark.parametrize(("bits", "kind"), CASES)
def test_primes_are_what_they_should_be(bits: int, kind: Kind) -> None:
    """Sizes, residues, factors of p - 1, and what they have in common."""
    key = pair(bits, kind)
    p, q = key.p, key.q
    assert (p * q).bit_length() == bits
    for prime, k in zip((p, q), key.factors, strict=True):
        assert prime.bit_length() == bits // 2
        assert prime >> (bits // 2 - 2) == 3
        assert prime % 4 == 3
        assert is_prime(prime)
        u, rest = divmod(prime - 1, 2 * k)
        assert rest == 0
        assert is_prime(u)
        assert k == 1 if kind == "safe" else (k % 2 == 1 and 2**18 < k <= 2**20)
    assert gcd(p - 1, q - 1) == 2
    assert gcd(p * q, (p - 1) * (q - 1)) == 1
    assert abs(p - q) > 2 ** (bits // 2 - 100)


@pytest.mark.parametrize(("bits", "kind"), CASES)
def test_keys_pass_every_check_of_import(bits: int, kind: Kind) -> None:
    """A generated key is one that import takes, and it works."""
    key = pair(bits, kind)
    public = PublicCore(key.p * key.q)
    with PrivateCore(key.p, key.q) as private:
        c = public.encrypt(public.n - 1, public.n - 2)
        assert private.recover(c) == (public.n - 1, public.n - 2)
        assert key.core.recover(c) == (public.n - 1, public.n - 2)


@pytest.mark.parametrize(("bits", "kind"), CASES)
def test_bases_generate(bits: int, kind: Kind) -> None:
    """The smallest prime whose powers are all of Z_p*, and no smaller one."""
    key = pair(bits, kind)
    bases = holder_bases(key.p, key.q, key.factors)
    assert bases is not None
    for prime, k, found in zip((key.p, key.q), key.factors, bases, strict=True):
        factors = {2, (prime - 1) // (2 * k)} | prime_factors(k)
        smaller = [g for g in range(2, found + 1) if is_prime(g)]
        generating = [
            g
            for g in smaller
            if all(pow(g, (prime - 1) // f, prime) != 1 for f in factors)
        ]
        assert generating == [found]


def test_no_bases_without_factors() -> None:
    """A key from elsewhere says that its holder cannot do better."""
    key = pair(2048)
    assert holder_bases(key.p, key.q, None) is None


def test_wrong_factors() -> None:
    """Cofactors of another prime, even ones, and ones that leave a composite."""
    key = pair(2048)
    for k in (1, key.factors[0] + 2, key.factors[1], 3 * key.factors[0]):
        with pytest.raises(OutOfRange):
            generator(key.p, k)
    for k in (0, -1, 2, 2**32 + 1):
        with pytest.raises(OutOfRange):
            generator(key.p, k)
    with pytest.raises(OutOfRange):
        generator(7, 1)
    with pytest.raises(OutOfRange):
        holder_bases(key.q, key.p, key.factors)


@pytest.mark.parametrize("bits", PROFILES)
def test_the_same_feed_gives_the_same_key(bits: int) -> None:
    """And another feed another."""
    again = generate(bits, seeded(b"key"))
    assert (again.p, again.q) == (pair(bits).p, pair(bits).q)
    other = generate(bits, seeded(b"other"))
    assert other.p not in (again.p, again.q)


PROGRAM = """
import hashlib
from privshare.bindings.paillier_key import generate
def random(length):
    return hashlib.shake_128(b"key" + bytes(4)).digest(length)
for kind in ("known", "safe"):
    key = generate(2048, random, kind=kind)
    print(key.p, key.q, *key.factors)
"""


def test_both_paths_find_the_same_primes() -> None:
    """The portable code, in a process of its own, and the one chosen here."""

    def found(portable: str) -> list[int]:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PRIVSHARE_PORTABLE": portable},
            check=True,
            capture_output=True,
            text=True,
        )
        return [int(word) for word in done.stdout.split()]

    expected = [
        number
        for key in (pair(2048), pair(2048, "safe"))
        for number in (key.p, key.q, *key.factors)
    ]
    assert found("0") == expected
    assert found("1") == expected


def test_a_poor_feed_is_drawn_again() -> None:
    """Zeros find no prime; the next bytes do."""
    calls = iter([bytes, seeded(b"key")])
    again = generate(2048, lambda size: next(calls)(size))  # noqa: PLW0108
    assert again.p == pair(2048).p


def test_generate_refuses() -> None:
    """Other sizes and kinds, and random sources that do not deliver."""
    for bits in (512, 1024, 2047, 4096):
        with pytest.raises(OutOfRange):
            generate(bits, seeded(b""))
    with pytest.raises(OutOfRange, match="found 'strong'"):
        generate(2048, seeded(b""), kind="strong")  # type: ignore[arg-type]
    with pytest.raises(NativeError):
        generate(2048, lambda length: bytes(length - 1))


def test_primes_stay_inside() -> None:
    """They are neither shown, copied nor pickled."""
    key = pair(2048)
    assert str(key.p) not in repr(key)
    for escape in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            escape(key)
