"""The same key in other hands: what opens afterwards, and what does not."""

from __future__ import annotations

import copy
import itertools
import pickle
import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import factorial, prod

import pytest
from threshold_scheme_kit import (
    CONTEXT,
    SMALL_P,
    SMALL_Q,
    dealt,
    encrypt,
    naive_base,
    naive_open,
    naive_verify,
    number,
    partials,
    small,
)

from privshare.errors import (
    EncodingError,
    OutOfRange,
    ProofInvalid,
    VerificationError,
)
from privshare.schemes import threshold_key
from privshare.schemes.threshold import (
    KeyShare,
    Partial,
    ThresholdKey,
    combine,
    verify_partial,
)
from privshare.schemes.threshold_key import coefficient_bits, share_bits, subshare_bits
from privshare.schemes.threshold_reshare import (
    Resharing,
    SubShare,
    assemble,
    reshare,
    reshare_with,
    successor,
    verify_resharing,
)
from privshare.wire.canonical import decode, encode


def reshared(
    key: ThresholdKey,
    shares: Sequence[KeyShare],
    participants: tuple[int, ...],
    threshold: int,
    holders: int,
) -> tuple[ThresholdKey, tuple[KeyShare, ...]]:
    """All of a re-sharing, each message by way of its bytes."""
    sent = [
        reshare(key, share, participants, threshold, holders)
        for share in shares
        if share.index in participants
    ]
    results = []
    for j in range(1, holders + 1):
        received = [
            Resharing.from_json(
                decode(encode(one.to_json())),
                [SubShare.from_bytes(one.part(j).to_bytes())],
            )
            for one in sent
        ]
        results.append(assemble(key, received, j))
    (new,) = {made for made, _ in results}
    return new, tuple(share for _, share in results)


@lru_cache
def first() -> tuple[ThresholdKey, tuple[KeyShare, ...]]:
    """2 of 3 shared anew as 3 of 4, by holders 1 and 3."""
    return reshared(*small(), (1, 3), 3, 4)


@lru_cache
def sent() -> tuple[Resharing, Resharing]:
    """The two messages of one re-sharing, with all parts."""
    key, shares = small()
    one, three = (reshare(key, shares[i], (1, 3), 3, 4) for i in (0, 2))
    return one, three


def test_what_was_encrypted_before_is_opened_after() -> None:
    """Every three of the four new holders, each with a proof that holds."""
    old, _ = small()
    cs = encrypt(old, 0, -5, 1 << 100)
    new, shares = first()
    assert (new.n, new.kid) == (old.n, old.kid)
    assert (new.threshold, new.holders, new.past) == (3, 4, (3,))
    assert new.factor == 6 * 24
    sent = partials(shares, new, cs)
    for partial in sent:
        verify_partial(new, cs, partial, CONTEXT)
        args = (encode(new.to_json()), new.n, (3,), new.commitments, cs)
        assert naive_verify(*args, partial, CONTEXT)
    for some in itertools.combinations(sent, 3):
        assert combine(new, cs, some) == [0, -5, 1 << 100]
        values = {one.index: one.values[1] for one in some}
        assert naive_open(new.n, [3, 4], values) == -5


def test_again_and_again() -> None:
    """To fewer, to more, to 16, back to two: the same values are opened."""
    key, shares = first()
    cs = encrypt(key, 77)
    for participants, threshold, holders in (
        ((1, 2, 4), 2, 2),
        ((1, 2), 2, 16),
        ((9, 16), 5, 5),
    ):
        key, shares = reshared(key, shares, participants, threshold, holders)
        assert number(key.base) == naive_base(key.n, key.past)
        assert all(0 <= share.value < 1 << key.share_bits for share in shares)
        assert combine(key, cs, partials(shares[-threshold:], key, cs)) == [77]
    assert key.past == (3, 4, 2, 16)
    assert key.factor == prod(map(factorial, (3, 4, 4, 2, 2, 16, 16, 5)))


def test_at_full_size() -> None:
    """2048 bits: read back from JSON with all checks, and opened."""
    key, shares = dealt()
    c = key.public.encrypt_batch([42])
    new, others = reshared(key, shares, (2, 3), 2, 3)
    again = ThresholdKey.from_json(decode(encode(new.to_json())))
    assert again == new
    assert combine(again, [c], partials(others[1:], again, [c])) == [42]


def test_the_new_shares_lie_on_one_polynomial() -> None:
    """Σ λ_j·s'_j = Δ'·F'·d, with d = 0 mod m', 1 mod n."""
    key, shares = first()
    order = (SMALL_P // 2) * (SMALL_Q // 2)
    total = sum(
        24
        * prod(j for j in (1, 2, 4) if j != i)
        * shares[i - 1].value
        // prod(j - i for j in (1, 2, 4) if j != i)
        for i in (1, 2, 4)
    )
    assert total % order == 0
    assert total % key.n == 24 * key.factor


def test_old_and_new_shares_do_not_mix() -> None:
    """An old share does not fit the new key, has no proof under it, opens nothing."""
    old, old_shares = small()
    new, new_shares = first()
    cs = encrypt(old, 5)
    with pytest.raises(VerificationError, match="of another"):
        old_shares[0].partial(new, cs, CONTEXT)
    pretending = KeyShare(1, old_shares[0].value, new.digest)
    with pytest.raises(VerificationError):
        pretending.check(new)
    stale = pretending.partial(new, cs, CONTEXT)
    with pytest.raises(ProofInvalid):
        verify_partial(new, cs, stale, CONTEXT)
    fresh = partials(new_shares[1:3], new, cs)
    with pytest.raises(VerificationError):
        combine(new, cs, [stale, *fresh])
    power = pow(number(cs[0]), 2 * old.delta * new_shares[1].value, old.n**2)
    one_new = Partial(2, (power.to_bytes(len(cs[0]), "big"),), b"")
    with pytest.raises(VerificationError):
        combine(old, cs, [*partials(old_shares[:1], old, cs), one_new])


def test_two_resharings_of_one_key_do_not_mix() -> None:
    """Shares of one and of the other, though both are of the same k' and L'."""
    key, shares = first()
    other, others = reshared(*small(), (1, 3), 3, 4)
    assert key != other
    cs = encrypt(key, 5)
    alien = KeyShare(1, others[0].value, key.digest).partial(key, cs, CONTEXT)
    with pytest.raises(VerificationError):
        combine(key, cs, [alien, *partials(shares[1:3], key, cs)])


def test_everybody_computes_the_same_key() -> None:
    """From the statements alone, in any order; nobody needs a part."""
    key, _ = small()
    public = [Resharing.from_json(one.to_json()) for one in sent()]
    assert all(one.parts == () for one in public)
    new, _ = assemble(key, sent(), 2)
    assert successor(key, public) == successor(key, public[::-1]) == new
    verify_resharing(key, public[0])
    with pytest.raises(OutOfRange, match="new holder 2"):
        verify_resharing(key, public[0], 2)
    with pytest.raises(OutOfRange, match="new holder 1"):
        assemble(key, public, 1)


def test_each_part_is_checked() -> None:
    """Another value, a bit more, another holder's, another statement's: named."""
    key, _ = small()
    one, three = sent()
    limit = subshare_bits(key.share_bits, 3, 4)
    good = one.part(2)
    for part in (
        SubShare(2, good.value + 1, good.resharing),
        SubShare(2, good.value + (1 << limit), good.resharing),
        SubShare(2, -good.value, good.resharing),
        SubShare(2, 0, good.resharing),
        SubShare(2, one.part(1).value, good.resharing),
        SubShare(2, three.part(2).value, good.resharing),
        SubShare(2, good.value, three.digest),
    ):
        bad = replace(one, parts=(part,))
        for check in (
            lambda bad=bad: verify_resharing(key, bad, 2),
            lambda bad=bad: assemble(key, [bad, three], 2),
        ):
            with pytest.raises(ProofInvalid) as raised:
                check()
            assert raised.value.detail == {"index": 1}
    verify_resharing(key, one, 2)
    assert 0 < good.value < 1 << limit


def test_every_part_of_a_statement_counts() -> None:
    """Commitments that are no units, too few, swapped; other numbers, another key."""
    key, _ = small()
    other, _ = small(2, 3, 1)
    one, _ = sent()
    size, w = len(key.base), one.commitments
    for wrong in (0, SMALL_P, key.n, key.n**2):
        data = wrong.to_bytes(size, "big")
        refused(key, replace(one, commitments=(data, w[1])))
    for commitments in ((), w[:1], (*w, w[0]), (w[0], w[1][1:]), (w[0], b"")):
        refused(key, replace(one, commitments=commitments))
    refused(other, one)
    for change in (
        {"key": bytes(32)},
        {"index": 2},
        {"participants": (1,)},
        {"participants": (3, 1)},
        {"participants": (1, 1)},
        {"participants": (1, 4)},
        {"participants": (1, 2, 3)},
        {"threshold": 2},
        {"threshold": 5},
        {"holders": 2},
        {"holders": 17},
    ):
        refused(key, replace(one, **change))
    moved = (key.core.add_plain(w[0], 1), w[1])
    for change in (
        {"commitments": w[::-1]},
        {"commitments": moved},
        {"participants": (1, 2)},
        {"index": 3},
        {"holders": 5},
    ):
        changed = replace(one, **change)
        parts = tuple(SubShare(p.index, p.value, changed.digest) for p in one.parts)
        refused(key, replace(changed, parts=parts), 2)


def refused(key: ThresholdKey, wrong: Resharing, index: int | None = None) -> None:
    with pytest.raises(ProofInvalid) as raised:
        verify_resharing(key, wrong, index)
    assert raised.value.detail == {"index": wrong.index}


def test_an_old_holder_can_only_share_its_share() -> None:
    """The constant term follows from v_i: another secret has no statement."""
    key, shares = small()
    honest = reshare(key, shares[0], (1, 3), 2, 3)
    false = KeyShare(1, shares[0].value + 1, key.digest)
    with pytest.raises(VerificationError, match="commits holder"):
        reshare(key, false, (1, 3), 2, 3)
    shifted = tuple(
        SubShare(part.index, part.value + 6, part.resharing) for part in honest.parts
    )
    for j in (1, 2, 3):
        refused(key, replace(honest, parts=shifted), j)


def test_a_turned_commitment_changes_nothing() -> None:
    """-W_it for W_it: accepted by all or none, and the new key is the same."""
    key, _ = small()
    one, three = sent()
    size = len(key.base)
    turned = replace(
        one,
        commitments=(
            (key.n**2 - number(one.commitments[0])).to_bytes(size, "big"),
            one.commitments[1],
        ),
    )
    parts = tuple(SubShare(p.index, p.value, turned.digest) for p in one.parts)
    turned = replace(turned, parts=parts)
    for j in range(1, 5):
        verify_resharing(key, turned, j)
    assert successor(key, [turned, three]) == successor(key, [one, three])


def test_all_participants_and_one_resharing() -> None:
    """One missing, one twice, others than agreed, other numbers: refused."""
    key, shares = small()
    one, three = sent()
    two = reshare(key, shares[1], (1, 2), 3, 4)
    fewer = reshare(key, shares[2], (1, 3), 2, 4)
    for some in ([], [one], [one, one], [one, two], [one, fewer], [one, three, three]):
        with pytest.raises(OutOfRange):
            assemble(key, some, 1)
        with pytest.raises(OutOfRange):
            successor(key, some)


@pytest.mark.parametrize(
    ("participants", "threshold", "holders"),
    [
        ((1,), 2, 3),
        ((1, 2, 3), 2, 3),
        ((1, 1), 2, 3),
        ((2, 3), 2, 3),
        ((0, 1), 2, 3),
        ((1, 4), 2, 3),
        ((1, 2), 1, 3),
        ((1, 2), 4, 3),
        ((1, 2), 2, 17),
    ],
)
def test_numbers(participants: tuple[int, ...], threshold: int, holders: int) -> None:
    """k different participants that exist, the holder among them; 2 <= k' <= L'."""
    key, shares = small()
    with pytest.raises(OutOfRange):
        reshare(key, shares[0], participants, threshold, holders)


def test_exponents_do_not_grow_for_ever() -> None:
    """After so many re-sharings a key has to be dealt anew, and says so."""
    key, _ = dealt()
    past: tuple[int, ...] = ()
    with pytest.raises(OutOfRange, match="1200 bytes") as raised:
        while True:
            bits = share_bits(key.core, past, 3)
            past = (*past, 3)
    assert len(past) == 35 and bits < 9600
    assert raised.value.fix.startswith("deal a new key")
    with pytest.raises(OutOfRange):
        share_bits(key.core, (16,) * 15, 16)


def test_nobody_shares_what_would_get_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither the old holder nor the one who checks its statement."""
    key, shares = small()
    one, three = sent()
    monkeypatch.setattr(threshold_key, "MAX_EXPONENT_BYTES", key.answer_bytes)
    with pytest.raises(OutOfRange, match="after 1 re-sharings"):
        reshare(key, shares[0], (1, 3), 2, 3)
    refused(key, one)
    with pytest.raises(ProofInvalid):
        assemble(key, [one, three], 1)


def test_randomness_at_its_edges() -> None:
    """The least and the largest coefficients: parts are positive and in bounds."""
    key, shares = small(2, 16)
    limit = subshare_bits(key.share_bits, 16, 16)
    for bits in (lambda _: 0, lambda count: (1 << count) - 1):
        for participants in ((1, 2), (15, 16)):
            some = [
                reshare_with(key, shares[i - 1], participants, 16, 16, bits)
                for i in participants
            ]
            for one in some:
                assert all(0 < part.value < 1 << limit for part in one.parts)
            new, share = assemble(key, some, 16)
            assert share.value < 1 << new.share_bits


def test_coefficients_hide_what_they_are_added_to() -> None:
    """The width is 128 bits and more beyond what a view can differ by."""
    for old, new in ((2, 2), (3, 5), (16, 16)):
        secret = factorial(new) * factorial(old) ** 2 << 4096
        assert 1 << coefficient_bits(4096, old, new) >= secret * (new + 1) << 132


def test_it_is_read_strictly() -> None:
    """A field more or fewer, another type, length or number: refused."""
    one, _ = sent()
    fields = decode(encode(one.to_json()))
    assert isinstance(fields, dict)
    assert Resharing.from_json(fields, one.parts) == one
    for change in (
        {"more": 1},
        {"v": 2},
        {"type": "x"},
        {"key": "AA"},
        {"index": 0},
        {"index": 17},
        {"participants": 1},
        {"participants": [0]},
        {"participants": [True]},
        {"participants": [1] * 17},
        {"threshold": 1},
        {"threshold": 17},
        {"holders": 1},
        {"commitments": 1},
        {"commitments": [1]},
        {"commitments": ["A" * 1025]},
        {"commitments": ["AAAA"] * 16},
    ):
        with pytest.raises((EncodingError, OutOfRange)):
            Resharing.from_json({**fields, **change})
    for name in fields:
        short = {key: value for key, value in fields.items() if key != name}
        with pytest.raises(EncodingError):
            Resharing.from_json(short)


def test_a_part_is_a_secret_and_read_strictly() -> None:
    """repr, copy and pickle tell nothing; a file of another form is refused."""
    one, _ = sent()
    part = one.part(1)
    assert repr(part) == "<SubShare (secret)>" and str(part.value) not in repr(one)
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leave(part)
    data = part.to_bytes()
    assert len(data) == len(SubShare(1, 0, one.digest).to_bytes())
    again = SubShare.from_bytes(data)
    assert (again.index, again.value, again.resharing) == (1, part.value, one.digest)
    fields = decode(data)
    assert isinstance(fields, dict)
    for change in (
        {"more": 1},
        {"v": 2},
        {"type": "x"},
        {"index": 0},
        {"index": 17},
        {"resharing": "AA"},
        {"value": "AA"},
    ):
        with pytest.raises((EncodingError, OutOfRange)):
            SubShare.from_bytes(encode({**fields, **change}))
    for name in fields:
        short = {key: value for key, value in fields.items() if key != name}
        with pytest.raises(EncodingError):
            SubShare.from_bytes(encode(short))


def test_fewer_than_k_new_parts_are_as_good_as_random() -> None:
    """Two shares far apart give parts whose difference drowns in their width."""
    key, shares = small()
    size = coefficient_bits(key.share_bits, 3, 3)
    fixed = [secrets.randbits(size)]
    one = reshare_with(key, shares[0], (1, 3), 2, 3, lambda _: fixed[0])
    for part in one.parts:
        noise = (fixed[0] + (1 << size)) * part.index
        assert abs(part.value - noise) >> (size - 128) == 0
