"""Opening together: any k holders, never fewer, and whoever cheats is named."""

from __future__ import annotations

import copy
import itertools
import pickle
import secrets
from dataclasses import replace
from typing import Any

import pytest
from threshold_scheme_kit import CONTEXT, dealt, encrypt, naive_open, partials, small

from privshare.bindings.prime import is_prime
from privshare.errors import (
    EncodingError,
    OutOfRange,
    ProofInvalid,
    VerificationError,
)
from privshare.schemes import threshold_deal
from privshare.schemes.threshold import (
    MAX_CIPHERTEXTS,
    KeyShare,
    Partial,
    combine,
    deal,
    deal_with,
    verify_partial,
)
from privshare.wire.canonical import decode, encode

#: From one safe prime to the next prime of 3 modulo 4, which is not safe.
NOT_SAFE = 1164

EDGES = [0, 1, -1, 1 << 60]


def test_any_two_of_three_open_at_full_size() -> None:
    """2048 bits: signed values and a sum, the same from every two holders."""
    key, shares = dealt()
    half = key.public.half
    data = key.public.encrypt_batch([5, -7, half - 1, 1 - half])
    cs = key.core.split(data)
    cs.append(key.public.sum(data[: 2 * len(cs[0])]))
    sent = partials(shares, key, cs)
    for partial in sent:
        verify_partial(key, cs, partial, CONTEXT)
    for pair in itertools.permutations(sent, 2):
        assert combine(key, cs, pair) == [5, -7, half - 1, 1 - half, -2]


@pytest.mark.parametrize(("threshold", "holders"), [(2, 2), (3, 5), (16, 16), (2, 16)])
def test_any_k_of_l_open(threshold: int, holders: int) -> None:
    """The first, the last and other holders open the same."""
    key, shares = small(threshold, holders)
    cs = encrypt(key, *EDGES)
    random = secrets.SystemRandom().sample(shares, threshold)
    for some in (shares[:threshold], shares[-threshold:], random):
        assert combine(key, cs, partials(some, key, cs)) == EDGES


def test_a_second_implementation_opens_the_same() -> None:
    """Plain powers and fractions: for every two of three, and three of five."""
    for threshold, holders in ((2, 3), (3, 5)):
        key, shares = small(threshold, holders)
        cs = encrypt(key, -12345)
        sent = partials(shares, key, cs)
        for some in itertools.combinations(sent, threshold):
            values = {one.index: one.values[0] for one in some}
            assert naive_open(key.n, [holders], values) == -12345
            assert combine(key, cs, some) == [-12345]


def test_it_is_ordinary_paillier() -> None:
    """Whoever knew p and q would decrypt the same: the scheme is the same."""
    from threshold_scheme_kit import P, Q

    from privshare.schemes.paillier import PaillierPrivateKey

    key, shares = dealt()
    c = key.public.encrypt_batch([-42])
    assert PaillierPrivateKey(P, Q).decrypt(c) == -42
    assert combine(key, [c], partials(shares[:2], key, [c])) == [-42]


def test_fewer_than_k_do_not_open() -> None:
    """Too few are refused; as holders of a lower threshold they open nothing."""
    key, shares = small(3, 5)
    cs = encrypt(key, 7)
    sent = partials(shares, key, cs)
    for count in (0, 1, 2, 4, 5):
        with pytest.raises(OutOfRange, match="3 different holders"):
            combine(key, cs, sent[:count])
    low = copy.copy(key)
    low.threshold = 2
    with pytest.raises(VerificationError, match="do not"):
        combine(low, cs, sent[:2])


def test_a_holder_counts_once() -> None:
    """The same holder twice, or one that does not exist, is refused."""
    key, shares = small()
    cs = encrypt(key, 7)
    one, two, _ = partials(shares, key, cs)
    for some in ([one, one], [one, replace(one)], [one, replace(two, index=4)]):
        with pytest.raises(OutOfRange):
            combine(key, cs, some)
    with pytest.raises(OutOfRange):
        combine(key, cs, [one, replace(two, index=0)])


def test_parts_that_do_not_belong_together() -> None:
    """Swapped numbers, another ciphertext's, another deal's: no opening."""
    key, shares = small()
    _, others = small(2, 3, 1)
    cs, more = encrypt(key, 7), encrypt(key, 7)
    one, two, _ = partials(shares, key, cs)
    foreign = others[1].value
    mixed = KeyShare(2, foreign, key.digest).partial(key, cs, CONTEXT)
    for some in (
        [replace(one, index=2), replace(two, index=1)],
        [one, replace(two, index=3)],
        [one, partials(shares[1:2], key, more)[0]],
        [one, mixed],
        [one, replace(two, values=one.values)],
    ):
        with pytest.raises(VerificationError):
            combine(key, cs, some)
    with pytest.raises(OutOfRange, match="1 partial decryptions of each"):
        combine(key, cs, [one, replace(two, values=two.values * 2)])
    with pytest.raises(EncodingError):
        combine(key, cs, [one, replace(two, values=(two.values[0][1:],))])
    with pytest.raises(VerificationError):
        combine(key, cs, [one, replace(two, values=(bytes(len(cs[0])),))])


def test_the_sign_of_a_part_does_not_matter() -> None:
    """n² - d squares to what d squares to, so a holder gains nothing by it."""
    key, shares = small()
    cs = encrypt(key, 7)
    one, two, _ = partials(shares, key, cs)
    turned = (key.n**2 - int.from_bytes(two.values[0], "big")).to_bytes(
        len(cs[0]), "big"
    )
    assert combine(key, cs, [one, replace(two, values=(turned,))]) == [7]


def test_who_moves_a_plaintext_is_named() -> None:
    """A part times (1 + n): it would open to another value, so it has no proof."""
    key, shares = small()
    cs = encrypt(key, 7)
    one, two, _ = partials(shares, key, cs)
    moved = replace(two, values=(key.core.add_plain(two.values[0], 1),))
    assert combine(key, cs, [one, moved]) != [7]
    with pytest.raises(ProofInvalid) as raised:
        verify_partial(key, cs, moved, CONTEXT)
    assert raised.value.detail == {"index": 2}


def test_only_ciphertexts_are_opened() -> None:
    """0, a multiple of p, n, n², longer, another length: at every entrance."""
    from threshold_scheme_kit import SMALL_P

    key, shares = small()
    n, size = key.n, key.core.ciphertext_bytes
    (good,) = encrypt(key, 7)
    sent = partials(shares, key, [good])
    for wrong in (0, n, SMALL_P, SMALL_P * 5, n * n, n * n + 1):
        bad = wrong.to_bytes(size, "big")
        for cs in ([bad], [good, bad]):
            with pytest.raises(VerificationError):
                shares[0].partial(key, cs, CONTEXT)
            with pytest.raises(VerificationError):
                verify_partial(key, cs, sent[0], CONTEXT)
            with pytest.raises(VerificationError):
                combine(key, cs, sent[:2])
    for bad in (b"", good[1:], b"\0" + good, good * 2):
        with pytest.raises(EncodingError):
            shares[0].partial(key, [bad], CONTEXT)
        with pytest.raises(EncodingError):
            combine(key, [bad], sent[:2])
    for cs in ([], [good] * (MAX_CIPHERTEXTS + 1)):
        with pytest.raises(OutOfRange):
            shares[0].partial(key, cs, CONTEXT)
        with pytest.raises(OutOfRange):
            combine(key, cs, sent[:2])


def test_a_share_is_checked_when_it_is_handed_over() -> None:
    """The dealt one passes; another value, number or key does not."""
    key, shares = small()
    other, others = small(2, 3, 1)
    for share in shares:
        share.check(key)
    one = shares[0]
    for wrong in (
        KeyShare(1, one.value + 1, key.digest),
        KeyShare(2, one.value, key.digest),
        KeyShare(1, shares[1].value, key.digest),
        KeyShare(0, one.value, key.digest),
        KeyShare(4, one.value, key.digest),
        KeyShare(1, one.value + (1 << key.share_bits), key.digest),
        KeyShare(1, -one.value, key.digest),
        KeyShare(1, others[0].value, key.digest),
    ):
        with pytest.raises(VerificationError, match="found another"):
            wrong.check(key)
        if not 1 <= wrong.index <= 3 or wrong.value >> key.share_bits:
            with pytest.raises(VerificationError, match="of holders 1 to 3"):
                wrong.partial(key, encrypt(key, 1), CONTEXT)
    with pytest.raises(VerificationError, match="one of another"):
        others[0].check(key)
    with pytest.raises(VerificationError, match="one of another"):
        one.partial(other, encrypt(key, 1), CONTEXT)


def test_a_share_is_neither_shown_nor_pickled() -> None:
    """repr, copy and pickle tell nothing of it; its file says all."""
    _, (share, *_) = small()
    assert repr(share) == "<KeyShare (secret)>"
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leave(share)
    again = KeyShare.from_bytes(share.to_bytes())
    assert (again.index, again.value, again.key) == (
        share.index,
        share.value,
        share.key,
    )
    assert len(share.to_bytes()) == len(KeyShare(1, 0, share.key).to_bytes())


def test_a_share_is_read_strictly() -> None:
    """A field more or fewer, another type, length, number or layout: refused."""
    data = small()[1][0].to_bytes()
    fields = decode(data)
    assert isinstance(fields, dict)
    for change in (
        {"more": 1},
        {"index": 0},
        {"index": 17},
        {"index": True},
        {"v": 2},
        {"type": "privshare.paillier"},
        {"share": str(fields["share"])[:-4]},
        {"share": 5},
        {"key": "AA"},
    ):
        with pytest.raises((EncodingError, OutOfRange)):
            KeyShare.from_bytes(encode({**fields, **change}))
    for name in fields:
        short = {key: value for key, value in fields.items() if key != name}
        with pytest.raises(EncodingError):
            KeyShare.from_bytes(encode(short))
    with pytest.raises(EncodingError):
        KeyShare.from_bytes(data + b"\n")


def test_a_partial_travels_as_json() -> None:
    """Out and in again; a field more or fewer, or another form, is refused."""
    key, shares = small()
    cs = encrypt(key, 7, 8)
    partial = shares[0].partial(key, cs, CONTEXT)
    fields = decode(encode(partial.to_json()))
    assert isinstance(fields, dict)
    assert Partial.from_json(fields) == partial
    for change in (
        {"more": 1},
        {"index": 0},
        {"index": 17},
        {"v": 1},
        {"type": "x"},
        {"values": 1},
        {"values": [1]},
        {"values": ["A" * 1025]},
        {"values": ["A="]},
        {"values": ["AA"] * (MAX_CIPHERTEXTS + 1)},
        {"proof": "A" * 1644},
    ):
        with pytest.raises((EncodingError, OutOfRange)):
            Partial.from_json({**fields, **change})
    for name in fields:
        short = {key: value for key, value in fields.items() if key != name}
        with pytest.raises(EncodingError):
            Partial.from_json(short)


@pytest.mark.parametrize(
    ("threshold", "holders"), [(1, 1), (1, 3), (0, 3), (4, 3), (2, 17), (17, 17)]
)
def test_numbers_of_holders(threshold: int, holders: int) -> None:
    """2 <= k <= L <= 16; with k = 1 everybody opens alone."""
    with pytest.raises(OutOfRange):
        deal(threshold, holders)


def test_dealing_takes_two_sizes_and_safe_primes() -> None:
    """Neither 1024 bits, nor primes that are not safe, nor one prime twice."""
    from threshold_scheme_kit import P, Q

    with pytest.raises(OutOfRange, match="expected 2048 or 3072 bits, found 1024"):
        deal(2, 3, bits=1024)
    assert is_prime(P + NOT_SAFE)
    for p, q in ((P, Q // 2), (P, P), (P - 2, Q), (P + NOT_SAFE, Q)):
        with pytest.raises(OutOfRange):
            deal_with(2, 3, p, q, secrets.randbelow)


def test_dealing_draws_its_own_primes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two safe primes of 1024 bits, others each time; the key opens."""
    drawn = []

    def watched(threshold: int, holders: int, p: int, q: int, below: Any) -> Any:
        drawn.append((p, q))
        return deal_with(threshold, holders, p, q, below)

    monkeypatch.setattr(threshold_deal, "deal_with", watched)
    key, shares = deal(2, 3)
    other, _ = deal(2, 2)
    assert key.n != other.n
    for p, q in drawn:
        assert p.bit_length() == q.bit_length() == 1024
        assert all(is_prime(x) and is_prime(x // 2) for x in (p, q))
    c = key.public.encrypt_batch([-42])
    assert combine(key, [c], partials(shares[1:], key, [c])) == [-42]


def test_the_shares_are_those_of_the_paper() -> None:
    """d = 0 mod m', 1 mod n; s_i on a polynomial of degree k - 1; v_i = v^(Δ s_i)."""
    from fractions import Fraction

    from threshold_scheme_kit import SMALL_P, SMALL_Q, naive_base

    key, shares = small(3, 5)
    order = (SMALL_P // 2) * (SMALL_Q // 2)
    modulus = key.n * order
    total = Fraction(0)
    for i in (1, 3, 4):
        part = Fraction(120 * shares[i - 1].value)
        for j in (1, 3, 4):
            if j != i:
                part *= Fraction(j, j - i)
        total += part
    d = total.numerator * pow(120, -1, modulus) % modulus
    assert (d % order, d % key.n) == (0, 1)
    v = naive_base(key.n, [])
    assert pow(v, modulus, key.n**2) == 1
    for prime in (SMALL_P, SMALL_Q, SMALL_P // 2, SMALL_Q // 2):
        assert pow(v, modulus // prime, key.n**2) != 1
    for share, commitment in zip(shares, key.commitments, strict=True):
        expected = pow(v, 120 * share.value, key.n**2)
        assert expected == int.from_bytes(commitment, "big")
