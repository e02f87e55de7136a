"""Re-sharing: the same key in other hands, and nobody sees it whole.

k holders of a key share what they have among new holders, of another number
and with another threshold. The modulus stays, so what was encrypted before is
opened with the new shares; no old share is of use with a new one.

    old holder   reshare(key, share, participants, k', L') ─► Resharing
                    its statement ─► everybody, its part j ─► new holder j, sealed
    new holder   verify_resharing(key, resharing, j)         each of k
    new holder   assemble(key, k resharings, j) ─► ThresholdKey, KeyShare
    everybody    successor(key, k resharings) ─► ThresholdKey

    a_i  = λ_i·s_i                               so Σ a_i = Δ·F·d
    g_i(x) = Δ'·a_i + Σ b_t·x^t                  of degree k' - 1, over the integers
    s'_j = Σ_i g_i(j)     F' = Δ'·Δ·F     v' = v^Δ
    W_i0 = v_i^(λ_i·Δ')   W_it = v'^b_t          everybody computes W_i0
    v'^(2·g_i(j)) = Π_t W_it^(2·j^t)             what holder j checks
    v'_j = (Π_i Π_t W_it^(j^t))^Δ'               = v'^(Δ'·s'_j)

W_i0 is not sent but follows from v_i, so an old holder can only share the
share that it was dealt. All squares modulo n² are powers of v', so whatever
was sent as W_it, its square commits to one polynomial modulo the group's
order; both sides are squared for that reason, and Δ' is even.

Secrecy. The order of the group is known to nobody, so shares are whole
numbers. The b_t are uniform below 2^(`coefficient_bits`): seen by k' - 1 new
holders, two secrets give views that differ by 2^-128 for all old holders
together. b_1 has one more bit, always set, so that every g_i(j) is positive.
From v_i and these views all W_it can be computed, so they add nothing.

Each re-sharing makes the shares longer, by 150 bits with 3 holders and by 340
with 16; beyond exponents of 1,200 bytes a key is dealt anew.

It does not take away what old holders had: k of them that keep their shares
open what was encrypted under n, then and later. Not constant-time: all of it
runs in Python integers but for the powers.

Source: Frankel, Gemmell, MacKenzie and Yung, "Optimal-resilience proactive
public-key cryptosystems", FOCS 1997; Rabin, "A simplified approach to threshold
and proactive RSA", CRYPTO 1998; Damgård and Koprowski, EUROCRYPT 2001, for
Shamir's sharing over the integers; Feldman, FOCS 1987.

>>> from privshare.schemes.threshold import combine, deal
>>> key, shares = deal(2, 3)
>>> sent = [reshare(key, share, (1, 3), 3, 4) for share in (shares[0], shares[2])]
>>> new = [assemble(key, sent, j) for j in (1, 2, 4)]
>>> c = key.public.encrypt_batch([42])
>>> partials = [share.partial(new_key, [c], b"") for new_key, share in new]
>>> combine(new[0][0], [c], partials)
[42]
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from math import factorial

from privshare.bindings.paillier import PublicCore
from privshare.errors import EncodingError, OutOfRange, ProofInvalid, VerificationError
from privshare.schemes.threshold_key import (
    ThresholdKey,
    base_of,
    check_counts,
    coefficient_bits,
    lagrange,
    share_bits,
    subshare_bits,
)
from privshare.schemes.threshold_proof import power
from privshare.schemes.threshold_resharing import Resharing, SubShare
from privshare.schemes.threshold_share import KeyShare

__all__ = [
    "Resharing",
    "SubShare",
    "assemble",
    "reshare",
    "reshare_with",
    "successor",
    "verify_resharing",
]


def reshare(
    key: ThresholdKey,
    share: KeyShare,
    participants: Sequence[int],
    threshold: int,
    holders: int,
) -> Resharing:
    """Share a share among new holders.

    Args:
        key: The share's.
        share: Of one of the participants.
        participants: The k old holders that take part. All of them must know
            it, because their shares are weighted by it; if one falls silent,
            the others begin again with another set.
        threshold: k', from 2 to L'.
        holders: L', from 2 to 16.

    Returns:
        The statement with all parts. Send the statement to everybody, over
        one record that all of them see, and each part sealed to its holder.

    Raises:
        OutOfRange: Other numbers; or shares that would get too long, and the
            key has to be dealt anew.
        VerificationError: A share of another key.

    Leaks:
        2^-128 of s to fewer than k' new holders. The polynomial is evaluated
        in Python integers, which are not constant-time.
    """
    return reshare_with(key, share, participants, threshold, holders, secrets.randbits)


def reshare_with(
    key: ThresholdKey,
    share: KeyShare,
    participants: Sequence[int],
    threshold: int,
    holders: int,
    bits: Callable[[int], int],
) -> Resharing:
    """As `reshare`, with the randomness given; vectors call this one.

    Args:
        key: The share's.
        share: Of one of the participants.
        participants: The k old holders that take part.
        threshold: k'.
        holders: L'.
        bits: `bits(x)` is uniform below 2^x.
    """
    share.check(key)
    _check_counts(key, share.index, participants, threshold, holders)
    size = coefficient_bits(key.share_bits, key.holders, holders)
    secret = lagrange(key.holders, participants, share.index) * share.value
    coefficients = [bits(size) for _ in range(threshold - 1)]
    coefficients[0] += 1 << size
    base, length = base_of(key.core, (*key.past, key.holders)), (size + 8) // 8
    statement = Resharing(
        key.digest,
        share.index,
        tuple(sorted(participants)),
        threshold,
        holders,
        tuple(power(key.core, base, one, length) for one in coefficients),
    )
    constant, digest = factorial(holders) * secret, statement.digest
    parts = (
        SubShare(
            j,
            constant + sum(b * j**t for t, b in enumerate(coefficients, start=1)),
            digest,
        )
        for j in range(1, holders + 1)
    )
    return Resharing.from_json(statement.to_json(), tuple(parts))


def verify_resharing(
    key: ThresholdKey, resharing: Resharing, index: int | None = None
) -> None:
    """Check an old holder's statement, and a new holder's part of it.

    Args:
        key: The old key.
        resharing: From `reshare`, or anything.
        index: A new holder whose part is at hand; None checks the statement
            alone. Everybody to whom a part is shown can check it.

    Raises:
        ProofInvalid: It does not hold; `detail["index"]` names the old holder.
        OutOfRange: The part is not at hand.

    Leaks:
        Nothing but the part's length by the power; see `reshare`.
    """
    try:
        _check_statement(key, resharing)
    except (EncodingError, OutOfRange, VerificationError) as error:
        raise _wrong(resharing, error.message) from None
    if index is None:
        return
    part = resharing.part(index)
    limit = subshare_bits(key.share_bits, key.holders, resharing.holders)
    if part.resharing != resharing.digest or not 0 <= part.value < 1 << limit:
        raise _wrong(resharing, f"new holder {index} got a part of another")
    base = base_of(key.core, (*key.past, key.holders))
    given = power(key.core, base, 2 * part.value, (limit + 8) // 8)
    committed = _at(key.core, _coefficients(key, resharing), index)
    if given != key.core.mul_plain(committed, 2):
        raise _wrong(resharing, f"new holder {index} got another part")


def successor(key: ThresholdKey, resharings: Sequence[Resharing]) -> ThresholdKey:
    """The key after a re-sharing: everybody can compute it.

    Args:
        key: The old key.
        resharings: Of all k participants, in any order; each statement is
            checked here, the parts are not.

    Raises:
        OutOfRange: Not one of each participant, or not of one re-sharing.
        ProofInvalid: A statement does not hold; `detail["index"]` names it.
    """
    _check_together(key, resharings)
    for resharing in resharings:
        verify_resharing(key, resharing)
    holders, core = resharings[0].holders, key.core
    all_of_them = [_coefficients(key, one) for one in resharings]
    together = [
        core.sum(b"".join(column), len(column))
        for column in zip(*all_of_them, strict=True)
    ]
    commitments = tuple(
        core.mul_plain(_at(core, together, j), factorial(holders))
        for j in range(1, holders + 1)
    )
    return key.successor(resharings[0].threshold, commitments)


def assemble(
    key: ThresholdKey, resharings: Sequence[Resharing], index: int
) -> tuple[ThresholdKey, KeyShare]:
    """A new holder's share, and the key after the re-sharing.

    Args:
        key: The old key.
        resharings: Of all k participants, with this holder's parts at hand.
        index: The new holder, from 1 to L'.

    Raises:
        OutOfRange: Not one of each participant, or a part not at hand.
        ProofInvalid: A statement or a part does not hold; `detail["index"]`
            names the old holder.

    Leaks:
        The sum of the parts is of Python integers, which are not
        constant-time.
    """
    _check_together(key, resharings)
    for resharing in resharings:
        verify_resharing(key, resharing, index)
    new = successor(key, resharings)
    value = sum(resharing.part(index).value for resharing in resharings)
    share = KeyShare(index, value, new.digest)
    share.check(new)
    return new, share


def _check_counts(
    key: ThresholdKey,
    index: int,
    participants: Sequence[int],
    threshold: int,
    holders: int,
) -> None:
    check_counts(threshold, holders)
    if (
        len(set(participants)) != len(participants)
        or len(participants) != key.threshold
        or not all(1 <= one <= key.holders for one in participants)
        or index not in participants
    ):
        raise OutOfRange(
            f"expected holder {index} among {key.threshold} different holders from 1 "
            f"to {key.holders}, found {sorted(participants)}"
        )
    share_bits(key.core, (*key.past, key.holders), holders)


def _check_statement(key: ThresholdKey, resharing: Resharing) -> None:
    if resharing.key != key.digest:
        raise VerificationError("it is about another key")
    _check_counts(
        key,
        resharing.index,
        resharing.participants,
        resharing.threshold,
        resharing.holders,
    )
    if list(resharing.participants) != sorted(resharing.participants):
        raise EncodingError("its participants are out of order")
    size = key.core.ciphertext_bytes
    if len(resharing.commitments) != resharing.threshold - 1 or any(
        len(one) != size for one in resharing.commitments
    ):
        raise EncodingError("it has not one commitment for each coefficient")
    key.core.check(b"".join(resharing.commitments))


def _check_together(key: ThresholdKey, resharings: Sequence[Resharing]) -> None:
    found = {(one.participants, one.threshold, one.holders) for one in resharings}
    indices = sorted(one.index for one in resharings)
    if len(found) != 1 or indices != list(resharings[0].participants):
        raise OutOfRange(
            f"expected the statements of {key.threshold} participants in one "
            f"re-sharing, one of each, found those of {indices}"
        )


def _coefficients(key: ThresholdKey, resharing: Resharing) -> list[bytes]:
    """W_i0, which follows from v_i, and the W_it that were sent."""
    i, holders = resharing.index, resharing.holders
    weight = lagrange(key.holders, resharing.participants, i) * factorial(holders)
    constant = key.core.mul_plain(key.commitments[i - 1], weight)
    return [constant, *resharing.commitments]


def _at(core: PublicCore, coefficients: Sequence[bytes], j: int) -> bytes:
    """Π_t W_t^(j^t): v' to the polynomial at j, up to a sign."""
    powers = [core.mul_plain(one, j**t) for t, one in enumerate(coefficients)]
    return core.sum(b"".join(powers), len(powers))


def _wrong(resharing: Resharing, found: str) -> ProofInvalid:
    return ProofInvalid(
        f"expected a re-sharing by holder {resharing.index} that holds, found that "
        f"{found}",
        fix="begin again without this holder, with others of the old ones",
        detail={"index": resharing.index},
    )
