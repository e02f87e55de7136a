"""A modulus that opens one ciphertext to two values, and the proof that none is."""

from __future__ import annotations

from functools import lru_cache

import pytest

from privshare.errors import ProofInvalid
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey
from privshare.schemes.paillier_modulus import ROOTS, prove, verify
from privshare.schemes.paillier_opening import Opening, verify_openings

#: Small primes, far from one another, many times: n has the right length, no
#: factor below 2^16, is no perfect power and no prime.
P, A, Q, B = 2025131, 50, 1388467, 49


@lru_cache
def private() -> PaillierPrivateKey:
    return PaillierPrivateKey.generate(2048)


def test_an_honest_key_shows_its_roots() -> None:
    """The same roots each time, and they hold for this modulus alone."""
    roots = prove(private())
    assert roots == prove(private()) and len(roots) == ROOTS * private().public.size
    verify(private().public.n, roots)
    with pytest.raises(ProofInvalid):
        verify(PaillierPrivateKey.generate(2048).public.n, roots)


def test_every_root_counts() -> None:
    """One bit of any root, one root less or more, or zeros: no proof."""
    n, roots = private().public.n, prove(private())
    size = private().public.size
    for i in range(ROOTS):
        other = bytearray(roots)
        other[(i + 1) * size - 1] ^= 1
        with pytest.raises(ProofInvalid):
            verify(n, bytes(other))
    for other in (b"", roots[size:], roots + roots[:size], bytes(len(roots))):
        with pytest.raises(ProofInvalid):
            verify(n, bytes(other))


def test_a_modulus_under_which_totals_can_be_changed() -> None:
    """(1 + n)^(pq) is an n-th power when p and q divide n many times: whoever knows
    p and q opens 0 as pq, and the opening itself cannot tell."""
    n = P**A * Q**B
    key = PaillierPublicKey(n)
    r = int(
        "57df6a3c7eac8ab248f96aec32ce0f6f19a089985f531ac2c6227702104c55ea"
        "30b7f177e9332ea8c5f8459ef6577b75f31ca80707423200f23586eb45755687"
        "b4a2ade2dcb55773bbc75638c6b7119bed5895cab3cb3b5c647b481e2c994430"
        "35a58d511b4c18fe0f8e06d755b198d9cab376981a4f7f96ce476b87e861bbcf"
        "14735be584ecc65bff0977e9b98102f83596b9870e7b1e1523a07ce8cb54c7e2"
        "1e3abf3dc5f5a9d938e900c7ddbee90e3c4c6830eaeb13fbde3d99bf5f13b4a5"
        "df5ca6717831848013bb7a0389f90c1261abfdcd2e4e1c05201fad96a1c0dba6"
        "7b4d897126ce7201d722d4e7854a48430e6a3a8218a7ece6bae56930aa113d3a",
        16,
    )
    nothing = key.encrypt_batch_with([0], [1])
    key.verify_opening(nothing, P * Q, r.to_bytes(key.size, "big"))
    verify_openings(n, [Opening(nothing, P * Q, r)])
    for roots in (prove(private()), bytes(ROOTS * key.size)):
        with pytest.raises(ProofInvalid):
            verify(n, roots)
    # No roots exist to be shown: most of the numbers have none.
    with pytest.raises(ProofInvalid):
        verify(n, b"".join(pow(r, i, n).to_bytes(key.size, "big") for i in range(6)))
