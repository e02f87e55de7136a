"""The proof of partial decryptions: what it is bound to, and what breaks it."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from threshold_scheme_kit import (
    CONTEXT,
    SMALL_P,
    SMALL_Q,
    dealt,
    encrypt,
    naive_base,
    naive_verify,
    partials,
    small,
)

from privshare.bindings.paillier import PublicCore
from privshare.errors import OutOfRange, ProofInvalid
from privshare.schemes import threshold_proof
from privshare.schemes.threshold import (
    KeyShare,
    Partial,
    ThresholdKey,
    combine,
    verify_partial,
)
from privshare.wire.canonical import encode


def refused(
    key: ThresholdKey, cs: list[bytes], partial: Partial, context: bytes = CONTEXT
) -> None:
    with pytest.raises(ProofInvalid) as raised:
        verify_partial(key, cs, partial, context)
    assert raised.value.detail == {"index": partial.index}


def test_each_holder_proves_one_or_many() -> None:
    """One ciphertext, eight, or nine by one proof of fixed length."""
    key, shares = small()
    for count in (1, 8, 9):
        cs = encrypt(key, *range(count))
        for partial in partials(shares, key, cs):
            assert len(partial.proof) == 32 + key.answer_bytes
            verify_partial(key, cs, partial, CONTEXT)


def test_a_second_implementation_verifies_the_same() -> None:
    """hashlib and pow, from the page on the protocol; also at full size."""
    for key, shares in (small(), small(3, 5)):
        cs = encrypt(key, 7, -8)
        for partial in partials(shares[:2], key, cs):
            args = (encode(key.to_json()), key.n, (), key.commitments, cs)
            assert naive_verify(*args, partial, CONTEXT)
            assert not naive_verify(*args, partial, CONTEXT + b".")
            proof = partial.proof[:-1] + bytes((partial.proof[-1] ^ 1,))
            assert not naive_verify(*args, replace(partial, proof=proof), CONTEXT)
    key, shares = dealt()
    cs = encrypt(key, 7)
    partial = shares[0].partial(key, cs, CONTEXT)
    args = (encode(key.to_json()), key.n, (), key.commitments, cs)
    assert naive_verify(*args, partial, CONTEXT)


def test_the_proof_is_for_one_statement() -> None:
    """Other context, order, number, ciphertexts, key, holder: no proof."""
    key, shares = small()
    other, _ = small(2, 3, 1)
    cs = encrypt(key, 7, 8)
    partial = shares[0].partial(key, cs, CONTEXT)
    refused(key, cs, partial, b"")
    refused(key, cs, partial, CONTEXT + b"\0")
    refused(key, cs[::-1], partial)
    refused(key, cs[::-1], replace(partial, values=partial.values[::-1]))
    refused(key, cs[:1], partial)
    refused(key, cs[:1], replace(partial, values=partial.values[:1]))
    refused(key, [*cs, cs[0]], partial)
    refused(key, encrypt(key, 7, 8), partial)
    refused(other, cs, partial)
    for index in (2, 3, 0, 4, -1):
        refused(key, cs, replace(partial, index=index))


def test_every_element_of_the_statement_is_hashed() -> None:
    """A bit changed in any of them gives another transcript, by itself."""
    key, shares = small()
    other, _ = small(2, 3, 1)
    cs = encrypt(key, 7, 8)
    values = shares[0].partial(key, cs, CONTEXT).values
    whole = threshold_proof.Statement(key, 1, cs, values, CONTEXT)
    statements = [
        whole,
        replace(whole, key=other),
        replace(whole, index=2),
        replace(whole, context=b"other"),
        replace(whole, ciphertexts=[cs[0], values[1]]),
        replace(whole, ciphertexts=[values[0], cs[1]]),
        replace(whole, values=[values[0], cs[1]]),
        replace(whole, values=[cs[0], values[1]]),
        replace(whole, ciphertexts=[], values=[*cs, *values]),
    ]
    assert len({one.transcript().challenge("e", 32) for one in statements}) == 9
    assert key.digest != other.digest != small(3, 3)[0].digest
    challenges = {
        threshold_proof._challenge(replace(whole, context=context).transcript(), a, b)
        for context, a, b in (
            (b"s", b"a", b"b"),
            (b"t", b"a", b"b"),
            (b"s", b"c", b"b"),
            (b"s", b"a", b"c"),
            (b"s", b"ab", b""),
        )
    }
    assert len(challenges) == 5


def test_every_part_of_it_counts() -> None:
    """A bit changed in e or z, and it does not hold; nor when cut or longer."""
    key, shares = small()
    cs = encrypt(key, 7)
    partial = shares[0].partial(key, cs, CONTEXT)
    proof = partial.proof
    for place in (0, 15, 31, 32, 40, len(proof) - 1):
        other = bytearray(proof)
        other[place] ^= 1
        refused(key, cs, replace(partial, proof=bytes(other)))
    zeros, ones = bytes(len(proof)), b"\xff" * len(proof)
    for data in (b"", proof[:-1], proof + b"\0", b"\0" + proof, zeros, ones):
        refused(key, cs, replace(partial, proof=data))


def test_the_answer_has_a_bound() -> None:
    """z + the order is another answer to the same challenge, and is too long."""
    key, shares = small()
    order = key.n * (SMALL_P // 2) * (SMALL_Q // 2)
    cs = encrypt(key, 7)
    partial = shares[0].partial(key, cs, CONTEXT)
    z = int.from_bytes(partial.proof[32:], "big")
    bound = 1 << (key.mask_bits + 1)
    assert z < bound
    beyond = z + -(-(bound - z) // order) * order
    proof = partial.proof[:32] + beyond.to_bytes(key.answer_bytes, "big")
    assert naive_verify(
        encode(key.to_json()),
        key.n,
        (),
        key.commitments,
        cs,
        replace(partial, proof=proof),
        CONTEXT,
    )
    refused(key, cs, replace(partial, proof=proof))
    assert key.answer_bytes == (key.mask_bits + 8) // 8


def test_what_is_no_group_element_is_refused() -> None:
    """0, n, multiples of p, n², longer, n² - d, another value, cut."""
    key, shares = small()
    cs = encrypt(key, 7, 8)
    partial = shares[0].partial(key, cs, CONTEXT)
    size, square = len(cs[0]), key.n**2
    first = int.from_bytes(partial.values[0], "big")
    for number in (
        0,
        1,
        key.n,
        SMALL_P,
        3 * SMALL_P,
        square,
        square + 1,
        square - first,
        first * first % square,
        pow(first, -1, square),
    ):
        values = (number.to_bytes(size, "big"), partial.values[1])
        refused(key, cs, replace(partial, values=values))
    for data in (b"", partial.values[0][1:], b"\0" + partial.values[0]):
        refused(key, cs, replace(partial, values=(data, partial.values[1])))
    refused(key, cs, replace(partial, values=()))
    one, two = partial.values
    for values in ((one + two[:1], two[1:]), (one[:-1], one[-1:] + two), (one + two,)):
        refused(key, cs, replace(partial, values=values))


@pytest.mark.parametrize("wrong", [0, 1, 7])
def test_one_wrong_value_among_many_has_no_proof(wrong: int) -> None:
    """A holder that proves honestly, but for one value: by another exponent."""
    key, shares = small()
    cs = encrypt(key, *range(8))
    share = shares[0]
    values = list(share.partial(key, cs, CONTEXT).values)
    for exponent in (0, 1, 2):
        other = pow(
            int.from_bytes(cs[wrong], "big"),
            2 * key.delta * share.value + exponent,
            key.n**2,
        ).to_bytes(len(cs[0]), "big")
        false = [*values[:wrong], other, *values[wrong + 1 :]]
        statement = threshold_proof.Statement(key, 1, cs, false, CONTEXT)
        rand = threshold_proof.draw(key)
        proof = threshold_proof.prove(statement, share.value, rand)
        partial = Partial(1, tuple(false), proof)
        if exponent:
            refused(key, cs, partial)
        else:
            verify_partial(key, cs, partial, CONTEXT)


def test_errors_do_not_cancel() -> None:
    """(1 + n) into one value and out of the next: the product is right, each wrong."""
    key, shares = small()
    cs = encrypt(key, 7, 8)
    share = shares[0]
    one, two = share.partial(key, cs, CONTEXT).values
    values = (key.core.add_plain(one, 1), key.core.add_plain(two, key.n - 1))
    statement = threshold_proof.Statement(key, 1, cs, values, CONTEXT)
    proof = threshold_proof.prove(statement, share.value, threshold_proof.draw(key))
    refused(key, cs, Partial(1, values, proof))


def test_a_turned_sign_is_proven_and_opens_the_same() -> None:
    """A holder may prove n² - d: it squares to the same, and nothing else does."""
    key, shares = small()
    cs = encrypt(key, 7)
    (value,) = shares[0].partial(key, cs, CONTEXT).values
    turned = (key.n**2 - int.from_bytes(value, "big")).to_bytes(len(value), "big")
    statement = threshold_proof.Statement(key, 1, cs, [turned], CONTEXT)
    rand = threshold_proof.draw(key)
    proof = threshold_proof.prove(statement, shares[0].value, rand)
    partial = Partial(1, (turned,), proof)
    verify_partial(key, cs, partial, CONTEXT)
    assert combine(key, cs, [partial, *partials(shares[1:2], key, cs)]) == [7]


def test_another_share_proves_nothing() -> None:
    """Another holder's share, another deal's, or a number next to it."""
    key, shares = small()
    _, others = small(2, 3, 1)
    cs = encrypt(key, 7)
    for value in (shares[1].value, others[0].value, shares[0].value + 1, 0):
        refused(key, cs, KeyShare(1, value, key.digest).partial(key, cs, CONTEXT))


def test_a_mask_is_used_whole() -> None:
    """z is masked by all of the randomness: the largest and the least both prove."""
    key, shares = small()
    cs = encrypt(key, 7)
    length = len(threshold_proof.draw(key))
    assert length == (key.mask_bits + 7) // 8
    for rand in (bytes(length), b"\xff" * length, secrets.token_bytes(length)):
        verify_partial(key, cs, shares[0].partial_with(key, cs, CONTEXT, rand), CONTEXT)
    partial = shares[0].partial_with(key, cs, CONTEXT, bytes(length))
    e, z = partial.proof[:32], partial.proof[32:]
    assert z[0] == 0
    for other in (z[1:], b"\0" + z):
        refused(key, cs, replace(partial, proof=e + other))
    for rand in (b"", bytes(length - 1), bytes(length + 1)):
        with pytest.raises(OutOfRange):
            shares[0].partial_with(key, cs, CONTEXT, rand)


def test_a_dishonest_dealer_moves_totals_beyond_their_bound_or_not_at_all() -> None:
    """A prime of 5 bits in n: with luck, a part may be off by n/π, and is seen."""
    prime = 31
    n, order = SMALL_P * SMALL_Q * prime, (SMALL_P - 1) * (SMALL_Q - 1) * (prime - 1)
    d = order * pow(order, -1, n)
    slope = secrets.randbelow(n * order)
    values = [(d + slope * i) % (n * order) for i in (1, 2, 3)]
    base = naive_base(n, ())
    core = PublicCore.unsafe_any_size(n)
    key = ThresholdKey.unsafe_any_size(
        n,
        2,
        (),
        tuple(
            pow(base, 6 * value, n * n).to_bytes(core.ciphertext_bytes, "big")
            for value in values
        ),
    )
    one, two, _ = (
        KeyShare(i, value, key.digest) for i, value in enumerate(values, start=1)
    )
    cs = encrypt(key, 42)
    honest = two.partial(key, cs, CONTEXT)
    (right,) = one.partial(key, cs, CONTEXT).values
    assert key.sound_below == n // 2**257 > 2**256
    for shift in (n // prime, 1):
        wrong = core.add_plain(right, shift)
        statement = threshold_proof.Statement(key, 1, cs, [wrong], CONTEXT)
        for _ in range(20 * prime):
            rand = threshold_proof.draw(key)
            proof = threshold_proof.prove(statement, one.value, rand)
            if int.from_bytes(proof[:32], "big") % prime == 0:
                break
        partial = Partial(1, (wrong,), proof)
        (total,) = combine(key, cs, [partial, honest])
        assert total != 42
        if shift == 1:
            refused(key, cs, partial)
        else:
            verify_partial(key, cs, partial, CONTEXT)
            assert abs(total) > key.sound_below
