"""Encryption from tables: the bytes are those of integers, on every backend."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from privshare.bindings.paillier import PrivateCore, PublicCore
from privshare.bindings.paillier_table import EncryptionTable, HolderTable
from privshare.errors import EncodingError, NativeError, OutOfRange
from privshare.schemes.paillier_base import djn_base


def next_prime(value: int) -> int:
    while pow(2, value - 1, value) != 1:
        value += 2
    return value


P, Q = next_prime(2**255 + 2**77 + 1), next_prime(2**255 + 2**200 + 1)
N = P * Q
KEY = PrivateCore.unsafe_any_size(P, Q)
PUBLIC = KEY.public
BASE = djn_base(N)
TABLE = EncryptionTable(PUBLIC, BASE)
HOLDER = HolderTable(KEY, 3, 5)
X, Y = TABLE.exponent_bytes, HOLDER.exponent_bytes
MESSAGES = [0, 1, 2, N // 2, N - 2, N - 1, 2**52, P, Q, 2**256 - 1]


def messages(count: int, source: random.Random) -> list[int]:
    """Numbers below n that lean to the edges; the first is 0, the last n - 1."""
    found = [source.choice([*MESSAGES, source.randrange(N)]) for _ in range(count)]
    return [0, *found[2:], N - 1][-count:] if count else []


def exponents(count: int, bits: int, source: random.Random) -> list[int]:
    """Exponents of so many bits; nought and all ones are common."""
    edges = [0, 1, 63, 64, 2**bits - 1, 2 ** (bits - 1)]
    return [source.choice([*edges, source.getrandbits(bits)]) for _ in range(count)]


def joined(numbers: list[int], size: int) -> bytes:
    return b"".join(number.to_bytes(size, "big") for number in numbers)


def public_ciphertext(n: int, base: int, m: int, x: int) -> int:
    return (1 + m * n) * pow(base, n * x, n * n) % (n * n)


def holder_ciphertext(p: int, q: int, m: int, z_p: int, z_q: int) -> int:
    """(1 + m·n)·y for the y that is z_p^p modulo p² and z_q^q modulo q²."""
    n, n2, p2, q2 = p * q, (p * q) ** 2, p * p, q * q
    y_p, y_q = pow(z_p, p, p2), pow(z_q, q, q2)
    y = y_p + p2 * ((y_q - y_p) * pow(p2, -1, q2) % q2)
    return (1 + m * n) * y % n2


@pytest.mark.parametrize("count", [*range(18), 31, 32, 33, 65])
def test_public_ciphertexts_are_those_of_integers(count: int) -> None:
    """Whole blocks, parts of one, and none."""
    source = random.Random(count)
    ms, xs = messages(count, source), exponents(count, 8 * X, source)
    expected = [public_ciphertext(N, BASE, m, x) for m, x in zip(ms, xs, strict=True)]
    cs = TABLE.encrypt(joined(ms, 64), joined(xs, X), count)
    assert joined(expected, 128) == cs
    assert ms == KEY.decrypt_batch(cs)


@pytest.mark.parametrize("count", [*range(18), 31, 32, 33, 65])
def test_holder_ciphertexts_are_those_of_integers(count: int) -> None:
    """The same for the key holder; the two exponents stand side by side."""
    source = random.Random(-count)
    ms, xs = messages(count, source), exponents(2 * count, 8 * Y, source)
    expected = [
        holder_ciphertext(P, Q, m, pow(3, xs[2 * i], P), pow(5, xs[2 * i + 1], Q))
        for i, m in enumerate(ms)
    ]
    cs = HOLDER.encrypt(joined(ms, 64), joined(xs, Y), count)
    assert joined(expected, 128) == cs
    assert ms == KEY.decrypt_batch(cs)


def test_the_holder_knows_an_nth_root() -> None:
    """What the holder's table makes is textbook Paillier: an r exists."""
    c = HOLDER.encrypt(joined([77], 64), random.Random(1).randbytes(2 * Y), 1)
    m, r = KEY.recover(c)
    assert m == 77
    PUBLIC.verify_opening(c, m, r)


def test_sums_of_what_both_tables_made() -> None:
    """Ciphertexts of either table add up, beside those of the textbook."""
    source = random.Random(9)
    a = TABLE.encrypt(joined([10, 20], 64), source.randbytes(2 * X), 2)
    b = HOLDER.encrypt(joined([N - 5, 400], 64), source.randbytes(4 * Y), 2)
    c = PUBLIC.encrypt(3000, source.randrange(1, N))
    assert KEY.decrypt(PUBLIC.sum(a + b + c, 5)) == 3425


@pytest.mark.parametrize("m", [N, N + 1, 2**512 - 1])
@pytest.mark.parametrize("place", [0, 8, 16])
def test_messages_that_are_not_below_n(m: int, place: int) -> None:
    """Wherever they stand, nothing is encrypted."""
    ms = [1] * 17
    ms[place] = m
    with pytest.raises(OutOfRange, match=r"\[0, n\)"):
        TABLE.encrypt(joined(ms, 64), bytes(17 * X), 17)
    with pytest.raises(OutOfRange, match=r"\[0, n\)"):
        HOLDER.encrypt(joined(ms, 64), bytes(17 * 2 * Y), 17)


@pytest.mark.parametrize("more", [-1, 1])
def test_arrays_of_another_length(more: int) -> None:
    """The message says what was expected and what was found."""
    with pytest.raises(EncodingError, match=f"2 messages .* found {128 + more} bytes"):
        TABLE.encrypt(bytes(128 + more), bytes(2 * X), 2)
    with pytest.raises(EncodingError, match=f"2 exponents of {X} bytes"):
        TABLE.encrypt(bytes(128), bytes(2 * X + more), 2)
    with pytest.raises(EncodingError, match="2 messages of 64 bytes"):
        HOLDER.encrypt(bytes(128 + more), bytes(4 * Y), 2)
    with pytest.raises(EncodingError, match="2 pairs"):
        HOLDER.encrypt(bytes(128), bytes(4 * Y + more), 2)
    with pytest.raises(EncodingError):
        TABLE.encrypt(b"", b"", -1)


@pytest.mark.parametrize("base", [-1, 0, 1, P, 2 * Q, N - 1, N, N + 2])
def test_bases_that_are_no_units(base: int) -> None:
    """Outside [2, n - 1), or with a factor in common."""
    with pytest.raises(OutOfRange, match="base"):
        EncryptionTable(PUBLIC, base)


@pytest.mark.parametrize(
    ("p_base", "q_base"),
    [(1, 2), (2, 1), (0, 2), (P, 2), (2, Q - 1), (-3, 2), (2, 2**256), (2, 2**300)],
)
def test_holder_bases_outside(p_base: int, q_base: int) -> None:
    """Outside [2, p - 1) or [2, q - 1)."""
    with pytest.raises(OutOfRange, match="bases"):
        HolderTable(KEY, p_base, q_base)


def test_a_closed_table() -> None:
    """It is gone, and so is a table whose key has been closed."""
    key = PrivateCore.unsafe_any_size(P, Q)
    with HolderTable(key, 3, 5) as table:
        assert len(table.encrypt(bytes(64), bytes(2 * Y), 1)) == 128
    with pytest.raises(NativeError, match="closed"):
        table.encrypt(bytes(64), bytes(2 * Y), 1)
    other = HolderTable(key, 3, 5)
    key.close()
    with pytest.raises(NativeError, match="closed"):
        other.encrypt(bytes(64), bytes(2 * Y), 1)


def test_a_holder_table_stays_here() -> None:
    """No pickle, and nothing secret in its name."""
    with pytest.raises(TypeError):
        pickle.dumps(HOLDER)
    assert repr(HOLDER).endswith("secret)")


def test_threads_read_one_table() -> None:
    """Eight at once give what one gives."""
    source = random.Random(8)
    ms = joined(messages(40, source), 64)
    works = [source.randbytes(40 * X) for _ in range(8)]
    seeds = [source.randbytes(80 * Y) for _ in range(8)]
    one = [
        TABLE.encrypt(ms, xs, 40) + HOLDER.encrypt(ms, s, 40)
        for xs, s in zip(works, seeds, strict=True)
    ]
    with ThreadPoolExecutor(8) as pool:
        public = pool.map(lambda xs: TABLE.encrypt(ms, xs, 40), works)
        holder = pool.map(lambda s: HOLDER.encrypt(ms, s, 40), seeds)
        assert one == [a + b for a, b in zip(public, holder, strict=True)]


def test_a_small_published_modulus() -> None:
    """Odd lengths: n of three bytes, p and q of two."""
    key = PrivateCore.unsafe_any_size(293, 433)
    n = 293 * 433
    with HolderTable(key, 2, 5) as holder:
        size = holder.exponent_bytes
        seeds = bytes([7] * (2 * size))
        x = int.from_bytes(seeds[:size], "big")
        expected = holder_ciphertext(293, 433, 10100, pow(2, x, 293), pow(5, x, 433))
        c = holder.encrypt(joined([10100], 3), seeds, 1)
        assert expected == int.from_bytes(c, "big")
    table = EncryptionTable(key.public, 5)
    assert table.exponent_bytes == 2
    c = table.encrypt(joined([n - 1], 3), b"\xff\xff", 1)
    assert public_ciphertext(n, 5, n - 1, 65535) == int.from_bytes(c, "big")


PROGRAM = """
import hashlib, random
from privshare.bindings.paillier import PrivateCore
from privshare.bindings.paillier_table import EncryptionTable, HolderTable
source = random.Random(2048)

def numbers(size, count, below=None):
    edges = [0, 1, (below or 256**size) - 1]
    free = [source.randrange(below or 256**size) for _ in range(count)]
    return b"".join(x.to_bytes(size, "big") for x in (edges + free)[:count])

# The next primes after three and seven quarters of a power of two.
primes = {2048: (3 * 2**1022 + 1037, 7 * 2**1021 + 309),
          3072: (3 * 2**1534 + 1837, 7 * 2**1533 + 3069)}
digest = hashlib.sha256()
for bits, (p, q) in primes.items():
    n, key = p * q, PrivateCore.unsafe_any_size(p, q)
    table = EncryptionTable(key.public, 2)
    holder = HolderTable(key, 2, 3)
    assert table.exponent_bytes == bits // 16
    assert holder.exponent_bytes == bits // 16 + 8
    for count in (1, 9):
        ms = numbers(bits // 8, count, n)
        xs = numbers(bits // 16, count)
        cs = table.encrypt(ms, xs, count)
        m = int.from_bytes(ms[-bits // 8:], "big")
        x = int.from_bytes(xs[-bits // 16:], "big")
        c = int.from_bytes(cs[-bits // 4:], "big")
        assert c == (1 + m * n) * pow(2, n * x, n * n) % (n * n)
        seeds = numbers(holder.exponent_bytes, 2 * count)
        ds = holder.encrypt(ms, seeds, count)
        assert key.decrypt_batch(ds)[-1] == m
        digest.update(cs + ds)
print(digest.hexdigest())
"""


def test_both_paths_give_the_same_bytes() -> None:
    """Keys of both sizes: portable code, vectors, and Python's integers."""

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

    first = digest("0")
    assert len(first) == 64
    assert first == digest("1") == digest("scalar")


def test_profiles_state_their_sizes() -> None:
    """Megabytes, not gigabytes, and the exponents that the contract names."""
    core = PublicCore.unsafe_any_size(2**2047 + 1)
    table = EncryptionTable(core, 2)
    assert table.exponent_bytes == 128
    assert 1_000_000 < table.size_bytes < 16_000_000
    assert str(table.size_bytes) in repr(table)
