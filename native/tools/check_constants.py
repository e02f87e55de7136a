"""Recompute every constant table of the core from its equation.

    python3 tools/check_constants.py

Nothing is generated: the tables stand in the sources, and this fails when one
of them is not what the equation beside it gives.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import count, islice
from math import isqrt
from pathlib import Path

SRC = Path(__file__).resolve().parent.parent / "src"


def table(path: str, name: str) -> list[int]:
    """The numbers of `name[...] = { ... };` in a source file."""
    text = (SRC / path).read_text(encoding="ascii")
    # An array, or a struct with an array as its one member.
    form = rf"\b{name}(?:\[\d+\])? = \{{+(.*?)\}}+;"
    found = re.search(form, text, re.DOTALL)
    if not found:
        raise ValueError(f"expected a table {name} in {path}, found none")
    return [int(word, 0) for word in re.findall(r"\w+", found[1])]


def primes(number: int) -> list[int]:
    """The first primes."""
    odd = (n for n in count(2) if all(n % d for d in range(2, isqrt(n) + 1)))
    return list(islice(odd, number))


def cube_root(x: int) -> int:
    """floor(x^(1/3)) by bisection."""
    low, high = 0, 1 << (x.bit_length() // 3 + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= x else (low, middle)
    return low


def cube_fractions(number: int, bits: int) -> list[int]:
    """floor(2^bits * frac(p^(1/3))) for the first primes (FIPS 180-4)."""
    mask = (1 << bits) - 1
    return [cube_root(p << (3 * bits)) & mask for p in primes(number)]


def square_fractions(number: int, bits: int) -> list[int]:
    """floor(2^bits * frac(p^(1/2))) for the first primes (FIPS 180-4)."""
    mask = (1 << bits) - 1
    return [isqrt(p << (2 * bits)) & mask for p in primes(number)]


def keccak_bits() -> Iterator[int]:
    """rc(t), t = 0, 1, ...: FIPS 202, algorithm 5."""
    state = 1
    while True:
        yield state & 1
        state <<= 1
        if state & 0x100:
            state ^= 0x171


def keccak_rounds() -> list[int]:
    """Round constants: FIPS 202, algorithm 6."""
    bits = keccak_bits()
    return [sum(next(bits) << ((1 << j) - 1) for j in range(7)) for _ in range(24)]


def keccak_offsets() -> list[int]:
    """Rotations: FIPS 202, algorithm 2."""
    offsets = [0] * 25
    x, y = 1, 0
    for t in range(24):
        offsets[x + 5 * y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return offsets


TABLES = (
    ("hash/sha256.c", "ps_sha256_k", cube_fractions(64, 32)),
    ("hash/sha256.c", "initial", square_fractions(8, 32)),
    ("hash/sha512.c", "ps_sha512_k", cube_fractions(80, 64)),
    ("hash/sha512.c", "initial", square_fractions(8, 64)),
    ("hash/keccak.c", "round_constant", keccak_rounds()),
    ("hash/keccak.c", "offset", keccak_offsets()),
)


P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493


def limbs(x: int, bits: int, count: int) -> list[int]:
    """Little-endian limbs."""
    return [x >> (bits * i) & ((1 << bits) - 1) for i in range(count)]


def root(square: int, odd: int) -> int:
    """The root modulo p = 5 mod 8 that is odd, or even."""
    r = pow(square, (P + 3) // 8, P)
    if r * r % P != square % P:
        r = r * pow(2, (P - 1) // 4, P) % P
    if r * r % P != square % P:
        raise ValueError("expected a square, found none")
    return r if r % 2 == odd else P - r


def group_tables() -> Iterator[tuple[str, str, list[int]]]:
    """RFC 9496, section 4.1, with a = -1; and the order of the scalars."""
    d = -121665 * pow(121666, -1, P) % P
    y = 4 * pow(5, -1, P) % P
    x = root((y * y - 1) * pow(d * y * y + 1, -1, P) % P, 0)
    elements = {
        "fe_d": d,
        "fe_2d": 2 * d % P,
        "fe_sqrt_m1": pow(2, (P - 1) // 4, P),
        "fe_sqrt_ad_minus_one": root(-d - 1, 1),
        "fe_invsqrt_a_minus_d": root(pow(-1 - d, -1, P), 0),
        "fe_one_minus_d_sq": (1 - d * d) % P,
        "fe_d_minus_one_sq": (d - 1) ** 2 % P,
        "fe_base_x": x,
        "fe_base_y": y,
        "fe_base_t": x * y % P,
    }
    for name, value in elements.items():
        yield "ristretto255/constant.h", name, limbs(value, 51, 5)
    scalars = {
        "order": ORDER,
        "twice": 2 * ORDER,
    }
    for name, value in scalars.items():
        yield "ristretto255/scalar.c", name, limbs(value, 64, 4)


def prio3_tables() -> Iterator[tuple[str, str, list[int]]]:
    """draft-irtf-cfrg-vdaf-20, 6.1.2: generators; and R^2 for R = 2^128."""
    narrow, wide = 2**64 - 2**32 + 1, 2**128 - 7 * 2**66 + 1
    power = pow(7, 2**62 - 7, wide)
    yield "prio3/field64.h", "field64_generator", [pow(7, 2**32 - 1, narrow)]
    yield "prio3/field128.h", "field128_generator", limbs((power << 128) % wide, 64, 2)
    yield "prio3/field128.h", "field128_r_squared", limbs((1 << 256) % wide, 64, 2)


def main() -> int:
    """Print the tables that differ; 1 if there are any."""
    tables = [*TABLES, *group_tables(), *prio3_tables()]
    bad = [(path, name) for path, name, want in tables if table(path, name) != want]
    for path, name in bad:
        print(f"expected {name} in {path} to be what its equation gives")
    print(f"constants: {len(tables)} tables checked, {len(bad)} bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
