"""The algebra of Paillier, and its independent second implementation."""

from __future__ import annotations

from functools import lru_cache

import phe
from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.schemes.fixed_point import FixedPoint
from privshare.schemes.paillier import PaillierPrivateKey


@lru_cache
def private() -> PaillierPrivateKey:
    return PaillierPrivateKey.generate(2048)


def edges() -> list[int]:
    """Plaintexts where carries and signs change."""
    half = private().public.half
    return [0, 1, -1, half - 1, 1 - half, (1 << 2046) - 1, (1 << 53) - 1]


values = st.one_of(
    st.deferred(lambda: st.sampled_from(edges())),
    st.integers(-(1 << 64), 1 << 64),
)
rands = st.one_of(
    st.just(1), st.deferred(lambda: st.integers(1, private().public.n - 1))
)


@settings(max_examples=25)
@given(values, rands)
def test_decryption_undoes_encryption(value: int, r: int) -> None:
    """decrypt(encrypt(v)) = v and open(encrypt(v, r)) = (v, r)."""
    c = private().public.encrypt_batch_with([value], [r])
    assert private().decrypt(c) == value
    assert private().open(c) == (value, r.to_bytes(256, "big"))


@settings(max_examples=15)
@given(st.lists(st.integers(-(1 << 60), 1 << 60), min_size=1, max_size=12))
def test_sums_are_homomorphic(column: list[int]) -> None:
    """sum(encrypt(v_i)) opens to the sum of v_i, in any order and any grouping."""
    key = private().public
    data = key.encrypt_batch(column)
    size = key.ciphertext_size
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    total = key.sum(data)
    m, r = private().open(total)
    assert m == sum(column)
    key.verify_opening(total, m, r)
    assert key.sum(b"".join(reversed(parts))) == total
    folded = parts[0]
    for part in parts[1:]:
        folded = key.add(folded, part)
    assert folded == total


@settings(max_examples=15)
@given(values, rands)
def test_the_second_implementation_agrees(value: int, r: int) -> None:
    """phe computes the same ciphertext from the same m and r."""
    key = private().public
    theirs = phe.PaillierPublicKey(key.n)
    ours = key.encrypt_batch_with([value], [r])
    assert theirs.raw_encrypt(value % key.n, r_value=r) == int.from_bytes(ours, "big")


@given(st.integers(0, 15), st.integers(-(2**53) + 1, 2**53 - 1))
def test_fixed_point_round_trip(scale: int, scaled: int) -> None:
    """Text and scaled integer are two spellings of one number."""
    point = FixedPoint(scale)
    assert point.scale_up(point.text(scaled)) == scaled
