"""The algebra of opening together."""

from __future__ import annotations

from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st
from test_threshold_reshare import reshared
from threshold_scheme_kit import CONTEXT, encrypt, naive_open, small

from privshare.schemes.threshold import KeyShare, ThresholdKey, combine, verify_partial

Dealt = tuple[ThresholdKey, tuple[KeyShare, ...]]


@lru_cache
def once() -> Dealt:
    """3 of 5 shared anew as 2 of 4."""
    return reshared(*small(3, 5), (1, 2, 5), 2, 4)


@lru_cache
def twice() -> Dealt:
    """And once more, as 4 of 4."""
    return reshared(*once(), (2, 4), 4, 4)


def edges() -> list[int]:
    """Plaintexts where signs and carries change."""
    half = (small()[0].n + 1) // 2
    return [0, 1, -1, half - 1, 1 - half, half - 2, 2 - half]


values = st.one_of(
    st.deferred(lambda: st.sampled_from(edges())), st.integers(-(1 << 64), 1 << 64)
)
keys = st.sampled_from([lambda: small(3, 5), lambda: small(2, 2), once, twice])


@st.composite
def some_holders(draw: st.DrawFn) -> tuple[ThresholdKey, list[KeyShare]]:
    """k holders of one of the keys, in any order."""
    key, shares = draw(keys)()
    return key, draw(st.permutations(shares))[: key.threshold]


@settings(max_examples=15)
@given(some_holders(), st.lists(values, min_size=1, max_size=9), st.binary())
def test_any_k_of_l_open_the_same(
    some: tuple[ThresholdKey, list[KeyShare]], plain: list[int], context: bytes
) -> None:
    """combine(partials of any k) = the values, each with a proof that holds."""
    key, shares = some
    cs = encrypt(key, *plain)
    sent = [share.partial(key, cs, context) for share in shares]
    for partial in sent:
        verify_partial(key, cs, partial, context)
    assert combine(key, cs, sent) == plain


@settings(max_examples=15)
@given(some_holders(), st.lists(st.integers(-(1 << 64), 1 << 64), min_size=1))
def test_sums_open_to_sums(
    some: tuple[ThresholdKey, list[KeyShare]], plain: list[int]
) -> None:
    """The product of ciphertexts opens to the sum of their values."""
    key, shares = some
    total = key.core.sum(b"".join(encrypt(key, *plain)), len(plain))
    sent = [share.partial(key, [total], CONTEXT) for share in shares]
    assert combine(key, [total], sent) == [sum(plain)]


@settings(max_examples=15)
@given(some_holders(), values)
def test_a_naive_implementation_opens_the_same(
    some: tuple[ThresholdKey, list[KeyShare]], value: int
) -> None:
    """Fractions and plain powers agree, for dealt and re-shared keys."""
    key, shares = some
    cs = encrypt(key, value)
    sent = [share.partial(key, cs, CONTEXT) for share in shares]
    parts = {one.index: one.values[0] for one in sent}
    assert naive_open(key.n, [*key.past, key.holders], parts) == value
    for share, one in zip(shares, sent, strict=True):
        power = pow(int.from_bytes(cs[0], "big"), 2 * key.delta * share.value, key.n**2)
        assert power == int.from_bytes(one.values[0], "big")
