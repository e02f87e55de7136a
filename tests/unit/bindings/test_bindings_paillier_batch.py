"""Paillier in batches: whatever the backend, the bytes are those of integers.

Batches of eight and more run on all lanes of a vector where the processor can;
the portable code runs beside them in a process of its own.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from math import gcd

import pytest

from privshare.bindings.paillier import PrivateCore
from privshare.errors import OutOfRange, VerificationError


def next_prime(value: int) -> int:
    while pow(2, value - 1, value) != 1:
        value += 2
    return value


P, Q = next_prime(2**255 + 2**77 + 1), next_prime(2**255 + 2**200 + 1)
N = P * Q
KEY = PrivateCore.unsafe_any_size(P, Q)
PUBLIC = KEY.public
EDGES = [1, 2, N // 2, N - 2, N - 1, 2**52 - 1, 2**52, 2**104 - 1, 2**256 - 1, P, Q]

Pair = tuple[int, int]


def pairs(count: int, seed: int) -> list[Pair]:
    """Messages and randomness that lean to the edges; r is a unit."""
    source = random.Random(seed)

    def number() -> int:
        if source.random() < 0.25:
            return source.choice(EDGES)
        return source.getrandbits(source.randrange(1, 512)) or 1

    found: list[Pair] = []
    while len(found) < count:
        m, r = number() % N, number() % N
        if gcd(r, N) == 1:
            found.append((m if len(found) % 7 else 0, r))
    return found


def expected(m: int, r: int) -> int:
    return (1 + m * N) * pow(r, N, N * N) % (N * N)


@pytest.mark.parametrize("count", range(1, 18))
def test_batches_of_every_length(count: int) -> None:
    """Full groups of eight, part of one, and both."""
    work = pairs(count, count)
    cs = PUBLIC.encrypt_batch([m for m, _ in work], [r for _, r in work])
    assert [expected(*pair) for pair in work] == [int.from_bytes(c, "big") for c in cs]
    assert KEY.recover_batch(cs) == work
    assert KEY.decrypt_batch(cs) == [m for m, _ in work]


@pytest.mark.slow
def test_ten_thousand_against_integers() -> None:
    """10,000 random numbers, encrypted, added and opened as Python would."""
    work = pairs(10_000, 0)
    cs = PUBLIC.encrypt_batch([m for m, _ in work], [r for _, r in work])
    product = 1
    for c, pair in zip(cs, work, strict=True):
        assert expected(*pair) == int.from_bytes(c, "big")
        product = product * expected(*pair) % (N * N)
    assert product == int.from_bytes(PUBLIC.sum(b"".join(cs), len(cs)), "big")
    assert KEY.recover_batch(cs) == work


@pytest.mark.parametrize("count", [2, 7, 8, 9, 23, 24, 25, 31, 32, 33, 100, 1000])
def test_sums_of_every_shape(count: int) -> None:
    """One term, less than the lanes hold, and one lane short."""
    source = random.Random(count)
    terms = [expected(0, 1 + source.getrandbits(500)) for _ in range(count)]
    product = 1
    for term in terms:
        product = product * term % (N * N)
    data = b"".join(term.to_bytes(PUBLIC.ciphertext_bytes, "big") for term in terms)
    assert product == int.from_bytes(PUBLIC.sum(data, count), "big")


@pytest.mark.parametrize("place", [0, 7, 8, 15, 16])
@pytest.mark.parametrize("bad", [0, P, Q * 3, N, N * N, 2**1024 - 1])
def test_one_bad_ciphertext_spoils_the_batch(place: int, bad: int) -> None:
    """Wherever it stands: in a full group or in the last, shorter one."""
    work = pairs(17, 5)
    cs = PUBLIC.encrypt_batch([m for m, _ in work], [r for _, r in work])
    cs[place] = bad.to_bytes(PUBLIC.ciphertext_bytes, "big")
    for attempt in (
        lambda: KEY.decrypt_batch(cs),
        lambda: KEY.recover_batch(cs),
        lambda: PUBLIC.sum(b"".join(cs), len(cs)),
        lambda: PUBLIC.sum(b"".join(cs * 2), 2 * len(cs)),
    ):
        with pytest.raises(VerificationError):
            attempt()


@pytest.mark.parametrize("place", [0, 7, 8, 16])
def test_one_zero_randomness_spoils_the_batch(place: int) -> None:
    """r == 0 is refused wherever it stands."""
    rs = [1] * 17
    rs[place] = 0
    with pytest.raises(OutOfRange):
        PUBLIC.encrypt_batch([1] * 17, rs)


REPORT = """
import hashlib
from privshare.bindings import paillier
from privshare.bindings.hash import backend_name
p, q, r = {p}, {q}, {r}
key = paillier.PrivateCore.unsafe_any_size(p, q)
ms = [i**40 % key.public.n for i in range(40)]
cs = key.public.encrypt_batch(ms, [r + i for i in range(40)])
total = key.public.sum(b"".join(cs), 40)
opened = key.recover_batch(cs)
assert [m for m, _ in opened] == ms
print(backend_name())
print(hashlib.sha256(b"".join(cs) + total + repr(opened).encode()).hexdigest())
"""


def some_prime(bits: int, seed: bytes) -> int:
    digits = hashlib.shake_256(seed).digest(bits // 8)
    return next_prime(int.from_bytes(digits, "big") | 3 << (bits - 2) | 1)


@pytest.mark.parametrize("bits", [512, 1024, 1536, 2048, 3072])
def test_portable_backend_agrees(bits: int) -> None:
    """PRIVSHARE_PORTABLE=1 gives the same ciphertexts, sums and openings."""
    p, q = some_prime(bits // 2, b"p"), some_prime(bits // 2, b"q")
    reports = []
    for setting in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", REPORT.format(p=p, q=q, r=2**200 + 1)],
            env={**os.environ, "PRIVSHARE_PORTABLE": setting},
            check=True,
            capture_output=True,
            text=True,
        )
        reports.append(done.stdout.splitlines())
    best, portable = reports
    assert portable[0] == "portable"
    assert portable[1] == best[1]
