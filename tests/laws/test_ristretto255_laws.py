"""ristretto255 beside libsodium, operation by operation, on the path in use.

libsodium is another implementation by other people. It is used where it is
installed; without it the same operations are held against plain integers
(`audit.second_ristretto`), fewer of them. `PRIVSHARE_LONG=1` makes 10^6
operations; `PRIVSHARE_PORTABLE=1` takes the portable path.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import random
from collections.abc import Callable

import pytest

from privshare.audit import second_ristretto as plain
from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar

BATCH = 64
SHORT, LONG = 20, 1_000_000 // (BATCH * 8)  # rounds; one makes 8 batches
EDGES = (0, 1, 2, 8, (1 << 252) - 1, scalar.ORDER - 1)


def _sodium() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("sodium")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    if not hasattr(library, "crypto_scalarmult_ristretto255"):
        return None
    library.sodium_init()
    return library


SODIUM = _sodium()


def _scalars(rng: random.Random) -> list[int]:
    """So many, one in eight at an edge; none is 0, which libsodium refuses."""
    found = [rng.randrange(1, scalar.ORDER) for _ in range(BATCH)]
    for i in range(0, BATCH, 8):
        found[i] = rng.choice(EDGES[1:])
    return found


def _joined(values: list[int]) -> bytes:
    return b"".join(map(scalar.from_int, values))


def _split(data: bytes) -> list[bytes]:
    return [data[i : i + 32] for i in range(0, len(data), 32)]


def _called(name: str, *arguments: bytes) -> bytes:
    """One call of libsodium that writes 32 bytes."""
    out = ctypes.create_string_buffer(32)
    getattr(SODIUM, name)(out, *arguments)
    return out.raw


@pytest.mark.skipif(SODIUM is None, reason="libsodium is not installed")
@pytest.mark.timeout(1800)
def test_operations_equal_those_of_libsodium() -> None:
    """Hash, add, subtract, multiply, of the generator too; scalars' arithmetic."""
    rng = random.Random(255)
    rounds = LONG if os.environ.get("PRIVSHARE_LONG") == "1" else SHORT
    made = 0
    for _ in range(rounds):
        uniform = rng.randbytes(64 * BATCH)
        elements = group.from_uniform(uniform)
        listed = _split(elements.encode())
        s, t = _scalars(rng), _scalars(rng)
        others = group.mul(_joined(t), elements)
        pairs = list(zip(listed, _split(others.encode()), strict=True))
        for i, (a, b) in enumerate(pairs):
            wide = uniform[64 * i : 64 * i + 64]
            assert a == _called("crypto_core_ristretto255_from_hash", wide)
            k = scalar.from_int(t[i])
            assert b == _called("crypto_scalarmult_ristretto255", k, a)
        sums = group.add(elements, others).encode()
        less = group.sub(elements, others).encode()
        base = group.base_table().mul(_joined(s)).encode()
        public = group.mul_vartime(_joined(s), others).encode()
        found = map(_split, (sums, less, base, public))
        results = zip(*found, strict=True)
        for i, (plus, minus, based, times) in enumerate(results):
            a, b = pairs[i]
            x, y = scalar.from_int(s[i]), scalar.from_int(t[i])
            assert plus == _called("crypto_core_ristretto255_add", a, b)
            assert minus == _called("crypto_core_ristretto255_sub", a, b)
            assert based == _called("crypto_scalarmult_ristretto255_base", x)
            assert times == _called("crypto_scalarmult_ristretto255", x, b)
            name = "crypto_core_ristretto255_scalar_"
            assert scalar.mul(x, y) == _called(f"{name}mul", x, y)
            assert scalar.add(x, y) == _called(f"{name}add", x, y)
        made += 8 * BATCH
    assert made >= (999_000 if rounds == LONG else 10_000)


def _sums(function: Callable[[bytes, group.Elements], group.Elements]) -> None:
    rng = random.Random(9496)
    for count in (0, 1, 2, 7, 8, 9, 33):
        drawn = (*EDGES, rng.randrange(scalar.ORDER))
        values = [rng.choice(drawn) for _ in range(count)]
        elements = group.from_uniform(rng.randbytes(64 * count))
        listed = [plain.decode(one) for one in _split(elements.encode())]
        found = function(_joined(values), elements).encode()
        expected = plain.combine(zip(values, listed, strict=True))
        assert found == plain.encode(expected)


def test_sums_equal_those_of_plain_integers() -> None:
    """Sums of multiples, in both kinds of time."""
    _sums(group.msm)
    _sums(group.msm_vartime)
