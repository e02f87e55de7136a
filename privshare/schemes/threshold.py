"""Threshold decryption: totals that k of L holders open together, and fewer never.

Values are encrypted under an ordinary Paillier modulus. The key that opens
them exists in shares only; each holder gives a partial decryption with a proof
that it is right, and any k of them make the plaintext. A holder that cheats is
named, and cannot keep the others from opening.

    dealer      deal(k, L) ─► ThresholdKey, KeyShare of each holder
    holder      share.check(key)                        once, when it is handed over
    holder      share.partial(key, ciphertexts, context) ─► Partial
    everybody   verify_partial(key, ciphertexts, partial, context)
    everybody   combine(key, ciphertexts, k partials) ─► values

    n = (2p' + 1)(2q' + 1)     m' = p'q'     Δ = L!
    d = 0 mod m', 1 mod n      s_i = f(i) mod n·m', f(0) = d, of degree k - 1
    partial    d_i = c^(2Δ·s_i) mod n²
    combine    Π d_i^(2λ_i) = (1 + n)^(4Δ²·F·m) mod n²

where λ_i and F are those of `threshold_key`. The dealer sees p, q and every
share: it could open everything alone, and `deal` forgets them (docs/limits.md).

Not constant-time: dealing, re-sharing, and what Python's integers do with a
share (the product 2Δ·s, the sum of a proof, reading and writing).

Source: Damgård and Jurik, "A generalisation, a simplification and some
applications of Paillier's probabilistic public-key system", PKC 2001, section
4.1, with s = 1; Shoup, EUROCRYPT 2000, for Δ and the proofs; Fouque, Poupard
and Stern, FC 2000, for threshold Paillier before it.

>>> key, shares = deal(2, 3)
>>> c = key.public.sum(key.public.encrypt_batch([40, 5, -3]))
>>> partials = [share.partial(key, [c], b"a question") for share in shares[1:]]
>>> for partial in partials:
...     verify_partial(key, [c], partial, b"a question")
>>> combine(key, [c], partials)
[42]
"""

from __future__ import annotations

from collections.abc import Sequence

from privshare.errors import OutOfRange, ProofInvalid, VerificationError
from privshare.schemes import threshold_proof as proofs
from privshare.schemes.threshold_deal import deal, deal_with
from privshare.schemes.threshold_key import MAX_HOLDERS, ThresholdKey, lagrange
from privshare.schemes.threshold_share import (
    MAX_CIPHERTEXTS,
    KeyShare,
    Partial,
    check_ciphertexts,
)

__all__ = [
    "MAX_CIPHERTEXTS",
    "MAX_HOLDERS",
    "KeyShare",
    "Partial",
    "ThresholdKey",
    "combine",
    "deal",
    "deal_with",
    "verify_partial",
]


def verify_partial(
    key: ThresholdKey,
    ciphertexts: Sequence[bytes],
    partial: Partial,
    context: bytes,
) -> None:
    """Check that partial decryptions were made with the holder's share.

    Args:
        key: The threshold key.
        ciphertexts: What was to be opened, in the order of the values.
        partial: From `KeyShare.partial`, or anything.
        context: As the holder was told.

    Raises:
        ProofInvalid: They were not; `detail["index"]` names the holder.
        OutOfRange: No ciphertexts, or too many.
        EncodingError: A ciphertext of another length.
        VerificationError: What was to be opened is not a ciphertext under
            this key.

    Source:
        `threshold_proof`. A wrong value passes with probability 2^-128.
    """
    check_ciphertexts(key, ciphertexts)
    statement = proofs.Statement(
        key, partial.index, ciphertexts, partial.values, context
    )
    size = key.core.ciphertext_bytes
    if (
        not 1 <= partial.index <= key.holders
        or len(partial.values) != len(ciphertexts)
        or any(len(value) != size for value in partial.values)
        or not proofs.holds(statement, partial.proof)
    ):
        raise ProofInvalid(
            f"expected partial decryptions by holder {partial.index} with a proof of "
            "them, found others",
            fix="leave this holder out: any others of the threshold's number open",
            detail={"index": partial.index},
        )


def combine(
    key: ThresholdKey, ciphertexts: Sequence[bytes], partials: Sequence[Partial]
) -> list[int]:
    """Open ciphertexts with the partial decryptions of k holders.

    Args:
        key: The threshold key.
        ciphertexts: What is opened.
        partials: Of exactly k different holders, each of which
            `verify_partial` has passed. Without that a holder may have moved
            a plaintext, and nothing here would tell.

    Returns:
        The signed integers, |m| < n/2, in the ciphertexts' order.

    Raises:
        OutOfRange: Too few or too many partials, one holder twice, or a
            holder that the key does not have.
        EncodingError: A value of another length.
        VerificationError: The parts do not belong together: a value is not a
            unit, or what they make is not a power of 1 + n.

    Leaks:
        Nothing is secret here.
    """
    check_ciphertexts(key, ciphertexts)
    indices = [partial.index for partial in partials]
    if len(set(indices)) != len(indices) or len(indices) != key.threshold:
        raise OutOfRange(
            f"expected partial decryptions of {key.threshold} different holders, "
            f"found those of {sorted(indices)}"
        )
    if any(not 1 <= index <= key.holders for index in indices):
        raise OutOfRange(
            f"expected holders from 1 to {key.holders}, found {sorted(indices)}"
        )
    if any(len(partial.values) != len(ciphertexts) for partial in partials):
        raise OutOfRange(
            f"expected {len(ciphertexts)} partial decryptions of each holder, found "
            f"{[len(partial.values) for partial in partials]}"
        )
    doubled = [2 * lagrange(key.holders, indices, index) for index in indices]
    unit = pow(4 * key.delta**2 * key.factor, -1, key.n)
    return [
        _opened(key, [partial.values[j] for partial in partials], doubled, unit)
        for j in range(len(ciphertexts))
    ]


def _opened(
    key: ThresholdKey, values: Sequence[bytes], doubled: Sequence[int], unit: int
) -> int:
    """The plaintext from k partial decryptions of one ciphertext.

    Π d_i^(2λ_i) = 1 + n·(4Δ²·F·m)  mod n²
    """
    core, n = key.core, key.n
    powers = map(core.mul_plain, values, doubled)
    product = int.from_bytes(core.sum(b"".join(powers), len(values)), "big")
    if product % n != 1:
        raise VerificationError(
            "expected partial decryptions that open the ciphertext together, found "
            "some that do not",
            fix="verify each holder's proof, and use shares of one epoch alone",
        )
    m = product // n * unit % n
    return m if 2 * m < n else m - n
