"""Secret powers: the bytes are those of Python's pow, on every backend."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from math import gcd

import pytest

from privshare.bindings.paillier import PublicCore
from privshare.bindings.paillier_power import MAX_EXPONENT_BYTES, power
from privshare.errors import EncodingError, OutOfRange, VerificationError

# The arithmetic asks for an odd n alone; 3 is the factor for refusals.
N = 3 * (2**510 + 951)
SQUARE = N * N
KEY = PublicCore.unsafe_any_size(N)
SIZE = KEY.ciphertext_bytes


def units(count: int, seed: int) -> list[int]:
    source = random.Random(seed)
    edges = [1, N - 1, N + 1, SQUARE - 1, 2**52, 2**1023 + 1]
    found: list[int] = []
    while len(found) < count:
        c = source.choice([*edges, source.randrange(SQUARE)])
        if gcd(c, N) == 1:
            found.append(c)
    return found


def joined(numbers: list[int]) -> bytes:
    return b"".join(number.to_bytes(SIZE, "big") for number in numbers)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, 17])
def test_powers_are_those_of_integers(count: int) -> None:
    """Groups of eight, parts of one, and none."""
    cs = units(count, count)
    e = random.Random(-count).getrandbits(777)
    expected = joined([pow(c, e, SQUARE) for c in cs])
    assert expected == power(KEY, joined(cs), e.to_bytes(100, "big"))


@pytest.mark.parametrize("e", [0, 1, 2, 3, N, SQUARE, 2**9600 - 1, 2**9599])
def test_exponents_at_the_edges(e: int) -> None:
    """0, 1, all ones, a single one at the top."""
    cs = units(3, 7)
    expected = joined([pow(c, e, SQUARE) for c in cs])
    assert expected == power(KEY, joined(cs), e.to_bytes(MAX_EXPONENT_BYTES, "big"))


def test_leading_zeros_change_nothing() -> None:
    """The length of an exponent is no part of its value."""
    cs = joined(units(2, 3))
    assert power(KEY, cs, b"\x05") == power(KEY, cs, bytes(9) + b"\x05")


@pytest.mark.parametrize("length", [0, MAX_EXPONENT_BYTES + 1])
def test_exponents_that_are_too_long_or_empty(length: int) -> None:
    """The message says which lengths there are."""
    with pytest.raises(OutOfRange, match=f"1 to 1200 bytes, found {length}"):
        power(KEY, joined([1]), bytes(length))


@pytest.mark.parametrize("bad", [0, 3, N, SQUARE, 2**1024 - 1])
@pytest.mark.parametrize("place", [0, 5, 11])
def test_no_ciphertext(bad: int, place: int) -> None:
    """Zero, factors in common, not below n²: refused wherever it stands."""
    cs = units(12, 1)
    cs[place] = bad
    with pytest.raises(VerificationError):
        power(KEY, joined(cs), b"\x02")


def test_half_a_ciphertext() -> None:
    """Bytes that are no whole number of ciphertexts."""
    with pytest.raises(EncodingError):
        power(KEY, bytes(SIZE + 1), b"\x02")


PROGRAM = """
import hashlib, random
from privshare.bindings.paillier import PublicCore
from privshare.bindings.paillier_power import power
source = random.Random(2048)
n = source.getrandbits(2048) | 1 | 1 << 2047
key = PublicCore.unsafe_any_size(n)
cs = b"".join((source.getrandbits(4000) | 1).to_bytes(512, "big") for _ in range(9))
try:
    key.check(cs)
except Exception:
    raise SystemExit("expected units: choose another seed")
print(hashlib.sha256(power(key, cs, source.randbytes(16))).hexdigest())
"""


def test_both_paths_give_the_same_bytes() -> None:
    """The portable code, in a process of its own, and the one chosen here."""

    def digest(portable: str) -> str:
        environment = {**os.environ, "PRIVSHARE_PORTABLE": portable}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    assert digest("0") == digest("1")
    assert len(digest("1")) == 2 * hashlib.sha256().digest_size
