"""The proof that values under Paillier are known, and what it is bound to."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest

from privshare.errors import ProofInvalid
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey
from privshare.schemes.paillier_knowledge import (
    Known,
    KnownShort,
    prove,
    prove_short,
    verify,
)
from privshare.schemes.paillier_short import encrypt_known

CONTEXT = b"one statement"


@lru_cache
def public() -> PaillierPublicKey:
    return PaillierPrivateKey.generate(2048).public


def known(*values: int) -> list[Known]:
    data, rand = public().encrypt_batch_known(values)
    size = public().ciphertext_size
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    return [Known(c, m, r) for c, m, r in zip(parts, values, rand, strict=True)]


def check(claims: list[Known], proof: bytes, context: bytes = CONTEXT) -> None:
    verify(public().n, [one.c for one in claims], context, proof)


@pytest.mark.parametrize("values", [[0], [42, -42], [1 << 60, -1, 0, 7]])
def test_who_knows_can_prove(values: list[int]) -> None:
    """Signed values, one or several, by one proof of fixed length."""
    claims = known(*values)
    proof = prove(public().n, claims, CONTEXT)
    assert len(proof) == 2 * public().ciphertext_size
    check(claims, proof)


def test_the_proof_is_for_one_statement() -> None:
    """Another context, other ciphertexts, another order or number: no proof."""
    claims = known(5, 6)
    proof = prove(public().n, claims, CONTEXT)
    for other in (claims[::-1], claims[:1], [*claims, *claims], known(5, 6)):
        with pytest.raises(ProofInvalid):
            check(other, proof)
    with pytest.raises(ProofInvalid):
        check(claims, proof, b"another statement")


def test_every_part_of_it_counts() -> None:
    """A bit changed in a, w or z, and it does not hold; nor when cut or longer."""
    claims = known(5, 6)
    proof = prove(public().n, claims, CONTEXT)
    size = public().size
    for place in (0, 2 * size - 1, 2 * size, 3 * size - 1, 3 * size, 4 * size - 1):
        other = bytearray(proof)
        other[place] ^= 1
        with pytest.raises(ProofInvalid):
            check(claims, bytes(other))
    top = b"\xff" * size
    for other in (b"", proof[:-1], proof + b"\0", bytes(4 * size)):
        with pytest.raises(ProofInvalid):
            check(claims, other)
    for other in (top * 2 + proof[2 * size :], proof[: 2 * size] + top * 2):
        with pytest.raises(ProofInvalid):
            check(claims, other)


def test_who_knows_a_wrong_value_or_nothing_cannot() -> None:
    """A wrong m, a wrong r, or a ciphertext blinded afresh by somebody else."""
    (mine,) = known(5)
    blinded = public().add(mine.c, public().encrypt_batch([0]))
    for claim in (
        Known(mine.c, 6, mine.r),
        Known(mine.c, 5, mine.r + 1),
        Known(blinded, 5, mine.r),
    ):
        proof = prove(public().n, [claim], CONTEXT)
        with pytest.raises(ProofInvalid):
            check([claim], proof)


def test_what_is_known_is_not_shown() -> None:
    """Neither value nor randomness is in the text of a claim."""
    (one,) = known(5)
    assert repr(one) == repr(Known(one.c, one.m + 1, one.r + 1)) != repr(known(5)[0])


# -- short exponents ----------------------------------------------------------


def known_short(*values: int) -> list[KnownShort]:
    data, xs = encrypt_known(public().n, values)
    size = public().ciphertext_size
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    return [KnownShort(c, m, x) for c, m, x in zip(parts, values, xs, strict=True)]


def test_who_knows_exponents_can_prove() -> None:
    """The proof by exponents is a proof; sums of ciphertexts are known, too."""
    claims = known_short(7, -8, 1 << 100)
    total = KnownShort(
        public().sum(b"".join(one.c for one in claims)),
        sum(one.m for one in claims),
        sum(one.x for one in claims),
    )
    for proven in (claims, [total], [total, *claims]):
        proof = prove_short(public().n, proven, CONTEXT)
        verify(public().n, [one.c for one in proven], CONTEXT, proof)


@pytest.mark.parametrize("change", [{"m": 8}, {"x": 1}, {"x": 0}])
def test_who_knows_wrong_exponents_cannot(change: dict[str, int]) -> None:
    """A wrong m or a wrong x proves nothing."""
    (mine,) = known_short(7)
    proof = prove_short(public().n, [replace(mine, **change)], CONTEXT)
    with pytest.raises(ProofInvalid):
        verify(public().n, [mine.c], CONTEXT, proof)
