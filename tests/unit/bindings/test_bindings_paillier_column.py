"""Columns of Paillier ciphertexts against the integers of Python.

Both code paths run in this process: `best` works on eight numbers at a time
where the processor can, `portable` does not.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable
from itertools import product
from math import gcd, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.bindings import paillier_column as column
from privshare.bindings._convert import lib
from privshare.bindings.paillier import PublicCore
from privshare.errors import EncodingError, OutOfRange, VerificationError


def mersenne(*exponents: int) -> int:
    return prod((1 << exponent) - 1 for exponent in exponents)


P = mersenne(607)
SIZES = {
    512: mersenne(127, 107, 89, 61, 31, 19, 17, 13, 7) * (2**41 - 21),
    2048: mersenne(1279, 607, 107, 31, 19, 5),
    3072: mersenne(2203, 607, 127, 107, 19, 7, 2),
}
FACTOR = {512: mersenne(127), 2048: P, 3072: P}
CORES = {bits: PublicCore.unsafe_any_size(n) for bits, n in SIZES.items()}
BACKENDS = {"portable": lib.ps_backend_portable(), "best": lib.ps_backend_best()}
EDGES = [0, 1, -1, 2, 15, 16, -16, 255, 256, 2**31, 2**32 - 1, -(2**53) + 1]
EDGES += [2**62, 2**63 - 1, -(2**63), 2**63, 2**64 - 1, 1 - 2**64]
COUNTS = [*range(0, 18), 23, 24, 25, 31, 32, 33, 40]


@pytest.fixture(params=BACKENDS, autouse=True)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test on both code paths."""
    monkeypatch.setattr(column, "BACKEND", BACKENDS[request.param])


def units(bits: int, count: int, seed: int) -> list[int]:
    """Numbers below n^2 that lean to the edges and have an inverse."""
    n = SIZES[bits]
    source = random.Random(seed)
    edges = [1, n * n - 1, n + 1, n * n - n - 1, n - 1, 2**52 + 1, 2**104 - 3]
    found: list[int] = []
    while len(found) < count:
        unit = source.choice(edges) if source.random() < 0.2 else 0
        unit = unit or source.randrange(n * n)
        if gcd(unit, n) == 1:
            found.append(unit)
    return found


def pack(bits: int, numbers: list[int]) -> bytes:
    size = CORES[bits].ciphertext_bytes
    return b"".join(number.to_bytes(size, "big") for number in numbers)


def unpack(bits: int, data: bytes) -> list[int]:
    return [int.from_bytes(one, "big") for one in CORES[bits].split(data)]


def plain(bits: int, numbers: list[int]) -> bytes:
    size = CORES[bits].n_bytes
    return b"".join(number.to_bytes(size, "big") for number in numbers)


def groups_of(numbers: list[int]) -> bytes:
    return b"".join(number.to_bytes(4, "little") for number in numbers)


def scalars(source: random.Random, count: int, bits: int, signed: bool) -> list[int]:
    def one() -> int:
        k = source.getrandbits(source.randrange(bits + 1))
        return -k if signed and source.random() < 0.5 else k

    return [one() for _ in range(count)]


def powers(numbers: list[int], ks: list[int], square: int) -> list[int]:
    return [pow(c, k, square) for c, k in zip(numbers, ks, strict=True)]


@pytest.mark.parametrize("bits", SIZES)
@pytest.mark.parametrize("count", COUNTS)
def test_every_length(bits: int, count: int) -> None:
    """Part of a group of eight, several, and none at all."""
    core, n = CORES[bits], SIZES[bits]
    square = n * n
    source = random.Random(count)
    a, b = units(bits, count, count), units(bits, count, count + 99)
    ms = [source.choice([0, 1, n - 1, source.randrange(n)]) for _ in range(count)]
    cs = pack(bits, a)
    column.check(core, cs)
    assert [x * y % square for x, y in zip(a, b, strict=True)] == unpack(
        bits, column.add(core, cs, pack(bits, b))
    )
    assert [c * (1 + m * n) % square for c, m in zip(a, ms, strict=True)] == unpack(
        bits, column.add_plain(core, cs, plain(bits, ms))
    )
    assert [pow(c, -1, square) for c in a] == unpack(bits, column.negate(core, cs))
    ks = scalars(source, count, 53, signed=True)
    expected = powers(a, ks, square)
    assert expected == unpack(bits, column.multiply(core, cs, ks))
    assert [prod(expected) % square] == unpack(bits, column.dot(core, cs, ks))
    labels = [source.randrange(5) for _ in range(count)]
    sums = [
        prod(c for c, label in zip(a, labels, strict=True) if label == g) % square
        for g in range(6)
    ]
    assert sums == unpack(bits, column.sum_groups(core, cs, groups_of(labels), 6))


@pytest.mark.parametrize("bits", [512, 2048])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("k_bits", [0, 1, 3, 8, 9, 16, 17, 24, 32, 33, 53, 63, 64])
@pytest.mark.parametrize("count", [5, 40, 200])
def test_scalars_of_every_size(
    bits: int, signed: bool, k_bits: int, count: int
) -> None:
    """Digits of all lengths; full ones among them."""
    core, square = CORES[bits], SIZES[bits] ** 2
    source = random.Random(k_bits)
    numbers = units(bits, count, k_bits)
    ks = scalars(source, count, k_bits, signed)
    ks[0] = (1 << k_bits) - 1
    cs = pack(bits, numbers)
    expected = powers(numbers, ks, square)
    assert [prod(expected) % square] == unpack(bits, column.dot(core, cs, ks))
    if count <= 40:
        assert expected == unpack(bits, column.multiply(core, cs, ks))


@pytest.mark.parametrize("bits", [2048, 3072])
def test_edges_of_scalars(bits: int) -> None:
    """0, +-1, +-2^63, 2^64 - 1 and neighbours, together and alone."""
    core, square = CORES[bits], SIZES[bits] ** 2
    numbers = units(bits, len(EDGES), 5)
    cs = pack(bits, numbers)
    expected = powers(numbers, EDGES, square)
    assert expected == unpack(bits, column.multiply(core, cs, EDGES))
    assert [prod(expected) % square] == unpack(bits, column.dot(core, cs, EDGES))
    for c, k in zip(numbers, EDGES, strict=True):
        one = pack(bits, [c])
        assert [pow(c, k, square)] == unpack(bits, column.dot(core, one, [k]))
        assert [pow(c, k, square)] == unpack(bits, column.multiply(core, one, [k]))


@pytest.mark.parametrize("bits", [512, 2048])
def test_long_scalars(bits: int) -> None:
    """Above 64 bits, up to n - 1, of both signs."""
    core, n = CORES[bits], SIZES[bits]
    source = random.Random(3)
    ks = [2**64, -(2**64), 2**128 - 1, n - 1, 1 - n, 0, 7, -source.randrange(n), 2**200]
    numbers = units(bits, len(ks), 6)
    cs = pack(bits, numbers)
    expected = powers(numbers, ks, n * n)
    assert expected == unpack(bits, column.multiply(core, cs, ks))
    assert [prod(expected) % n**2] == unpack(bits, column.dot(core, cs, ks))
    for too_large in (n, -n):
        for call in (column.multiply, column.dot):
            with pytest.raises(OutOfRange) as caught:
                call(core, cs, [*ks[:-1], too_large])
            assert len(ks) - 1 == caught.value.detail["index"]


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 64, 600, 1200])
def test_powers_of_every_length(size: int) -> None:
    """Exponents of up to 9,600 bits, another for each element."""
    bits = 512 if size > 64 else 2048
    core, square = CORES[bits], SIZES[bits] ** 2
    source = random.Random(size)
    es = [0, 1, 256**size - 1, 256**size // 2]
    es += [source.randrange(256**size) for _ in range(9)]
    numbers = units(bits, len(es), size)
    data = b"".join(e.to_bytes(size, "big") for e in es)
    expected = powers(numbers, es, square)
    got = column.power_vartime(core, pack(bits, numbers), data, size)
    assert expected == unpack(bits, got)


@pytest.mark.parametrize("bits", [512, 2048, 3072])
def test_what_is_no_ciphertext_is_named(bits: int) -> None:
    """0, n^2, above, and multiples of a factor, at every position."""
    core, n = CORES[bits], SIZES[bits]
    top = 256**core.ciphertext_bytes - 1
    p = FACTOR[bits]
    bad = [0, n * n, n * n + 1, top, p, n, n * n - n, p * (n * n // p // 2)]
    calls: list[Callable[[bytes, int], object]] = [
        lambda cs, _: column.check(core, cs),
        lambda cs, count: column.add(core, cs, pack(bits, units(bits, count, 1))),
        lambda cs, count: column.add_plain(core, cs, plain(bits, [1] * count)),
        lambda cs, _: column.negate(core, cs),
        lambda cs, count: column.multiply(core, cs, [0, -1, 2, 3] * (count // 4)),
        lambda cs, count: column.dot(core, cs, [0, -1, 2, 3] * (count // 4)),
        lambda cs, count: column.power_vartime(core, cs, b"\0\7" * count, 2),
        lambda cs, count: column.sum_groups(core, cs, groups_of([1] * count), 2),
    ]
    for count, value in product((4, 24), bad):
        positions = (
            range(count) if value in (0, p) and bits < 3072 else (0, 3, count - 1)
        )
        for position in positions:
            numbers = units(bits, count, position)
            numbers[position] = value
            for call in calls:
                with pytest.raises(VerificationError) as caught:
                    call(pack(bits, numbers), count)
                assert position == caught.value.detail["index"]
                assert caught.value.detail["array"] == 0
            with pytest.raises(VerificationError) as caught:
                column.add(core, pack(bits, units(bits, count, 2)), pack(bits, numbers))
            assert {"index": position, "array": 1} == caught.value.detail


def test_long_columns() -> None:
    """Several blocks of inversions, and buckets that fill; the first bad one
    is found behind thousands of good ones."""
    core, square = CORES[512], SIZES[512] ** 2
    source = random.Random(9)
    numbers = units(512, 2500, 9)
    ks = scalars(source, 2500, 64, signed=True)
    cs = pack(512, numbers)
    assert powers(numbers, ks, square) == unpack(512, column.multiply(core, cs, ks))
    assert [pow(c, -1, square) for c in numbers] == unpack(512, column.negate(core, cs))
    labels = [source.randrange(300) for _ in numbers]
    sums = [1] * 301
    for c, label in zip(numbers, labels, strict=True):
        sums[label] = sums[label] * c % square
    assert sums == unpack(512, column.sum_groups(core, cs, groups_of(labels), 301))
    for ks in ([1] * 2500, [2**64 - 1] * 2500, [-(2**32)] * 2500):
        expected = pow(prod(numbers) % square, ks[0], square)
        assert [expected] == unpack(512, column.dot(core, cs, ks))
    numbers[2111] = numbers[2300] = FACTOR[512]
    for call in (column.check, column.negate):
        with pytest.raises(VerificationError) as caught:
            call(core, pack(512, numbers))
        assert caught.value.detail["index"] == 2111


def test_many_groups() -> None:
    """All 65,536 groups, most of them empty."""
    core, square = CORES[512], SIZES[512] ** 2
    numbers = units(512, 100, 4)
    labels = [(i % 90) * 728 for i in range(99)] + [column.MAX_GROUPS - 1]
    expected = [1] * column.MAX_GROUPS
    for c, label in zip(numbers, labels, strict=True):
        expected[label] = expected[label] * c % square
    got = column.sum_groups(
        core, pack(512, numbers), groups_of(labels), column.MAX_GROUPS
    )
    assert expected == unpack(512, got)


@settings(max_examples=25, deadline=None)
@given(
    k=st.lists(st.integers(1 - 2**64, 2**64 - 1), min_size=30, max_size=30),
    seed=st.integers(0, 2**32),
)
def test_laws(k: list[int], seed: int) -> None:
    """What the operations promise each other, on whole columns."""
    core, n = CORES[512], SIZES[512]
    a, b = (pack(512, units(512, 30, seed + i)) for i in range(2))
    total = core.sum(column.multiply(core, a, k), 30)
    assert total == column.dot(core, a, k)
    assert column.dot(core, a, [-one for one in k]) == column.negate(core, total)
    left = column.multiply(core, column.add(core, a, b), k)
    right = column.add(core, column.multiply(core, a, k), column.multiply(core, b, k))
    assert left == right
    ms = [abs(one) * seed % n for one in k]
    plus = column.add_plain(core, a, plain(512, ms))
    minus = column.add_plain(core, plus, plain(512, [-m % n for m in ms]))
    assert a == minus
    groups = [one % 4 for one in k]
    parts = column.sum_groups(core, a, groups_of(groups), 4)
    assert core.sum(a, 30) == core.sum(parts, 4)
    assert a == column.negate(core, column.negate(core, a))
    half = 15 * core.ciphertext_bytes
    first, second = (
        column.dot(core, a[:half], k[:15]),
        column.dot(core, a[half:], k[15:]),
    )
    assert column.add(core, first, second) == column.dot(core, a, k)


def test_arrays_of_integers() -> None:
    """Lists, tuples, arrays and numpy arrays, views and strides among them."""
    numpy = pytest.importorskip("numpy")
    core = CORES[512]
    ks = [3, 2, 1, 0, 7, 12, 90, 127]
    cs = pack(512, units(512, len(ks), 7))
    expected = column.multiply(core, cs, ks)
    kinds = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
    forms = [tuple(ks), array("q", ks), array("Q", ks), array("i", ks)]
    forms += [numpy.array(ks, dtype=kind) for kind in kinds]
    forms += [numpy.repeat(numpy.array(ks), 2)[::2], list(numpy.array(ks))]
    for form in forms:
        assert expected == column.multiply(core, bytearray(cs), form)
        assert column.dot(core, cs, ks) == column.dot(core, memoryview(cs), form)
    signed = numpy.array([-(2**63), 2**63 - 1, -1, 0, 1, -5, 5, -(2**32)])
    assert column.multiply(core, cs, signed) == column.multiply(
        core, cs, signed.tolist()
    )
    large = numpy.array([2**64 - 1] * 8, dtype="uint64")
    assert column.dot(core, cs, large) == column.dot(core, cs, [2**64 - 1] * 8)
    refused = [[*ks[:7], 1.5], numpy.array(ks) / 2, numpy.array([ks]), ["1"] * 8]
    for form in [*refused, numpy.array(ks, dtype=">i8"), [None] * 8]:
        for call in (column.multiply, column.dot):
            with pytest.raises(OutOfRange):
                call(core, cs, form)


def test_lengths_and_intervals() -> None:
    """What does not fit together is refused, and the message says which."""
    core, n = CORES[512], SIZES[512]
    size = core.ciphertext_bytes
    cs = pack(512, units(512, 3, 8))
    ms = plain(512, [1, 2, 3])
    shapes: list[Callable[[], object]] = [
        lambda: column.check(core, cs[:-1]),
        lambda: column.add(core, cs, cs[size:]),
        lambda: column.add(core, cs + b"\0", cs + b"\0"),
        lambda: column.add_plain(core, cs, ms[1:]),
        lambda: column.add_plain(core, cs, ms + ms),
        lambda: column.negate(core, cs[1:]),
        lambda: column.multiply(core, cs, [1, 2]),
        lambda: column.multiply(core, cs, [2**64, 2]),
        lambda: column.dot(core, cs, []),
        lambda: column.dot(core, cs, [2**64] * 4),
        lambda: column.power_vartime(core, cs, b"\1\2", 1),
        lambda: column.sum_groups(core, cs, groups_of([0, 1]), 2),
    ]
    for shape in shapes:
        with pytest.raises(EncodingError):
            shape()
    intervals: list[Callable[[], object]] = [
        lambda: column.power_vartime(core, cs, b"", 0),
        lambda: column.power_vartime(core, cs, bytes(3 * 1201), 1201),
        lambda: column.sum_groups(core, cs, groups_of([0, 1, 1]), 0),
        lambda: column.sum_groups(core, cs, groups_of([0, 1, 1]), 65537),
    ]
    for interval in intervals:
        with pytest.raises(OutOfRange):
            interval()
    with pytest.raises(OutOfRange, match="position 1") as caught:
        column.add_plain(core, cs, plain(512, [n - 1, n, n + 1]))
    assert caught.value.detail["index"] == 1
    with pytest.raises(OutOfRange, match="groups below 2") as caught:
        column.sum_groups(core, cs, groups_of([0, 1, 2]), 2)
    assert caught.value.detail["index"] == 2


def test_small_published_key() -> None:
    """n = 126869, where a ciphertext has six bytes."""
    n = 126869
    core = PublicCore.unsafe_any_size(n)
    numbers = [c for c in range(2, 60) if gcd(c, n) == 1]
    cs = b"".join(c.to_bytes(6, "big") for c in numbers)
    ks = [(-1) ** c * c**9 for c in numbers]
    expected = prod(pow(c, k, n * n) for c, k in zip(numbers, ks, strict=True))
    assert expected % n**2 == int.from_bytes(column.dot(core, cs, ks), "big")
    assert column.dot(core, cs, ks) == core.sum(column.multiply(core, cs, ks), len(ks))
