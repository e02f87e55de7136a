"""Laws of commitments and of ElGamal: what is added below is added above."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.bindings import scalar
from privshare.bindings.scalar import ORDER, from_int
from privshare.schemes import elgamal_threshold as shared
from privshare.schemes.commitment import combine, commit, draw_blinding
from privshare.schemes.elgamal import SecretKey, decrypt, encrypt
from privshare.schemes.elgamal import combine as add_up

EDGES = (0, 1, -1, 2**53 - 1, 1 - 2**53, ORDER - 1, ORDER // 2)
VALUES = st.one_of(st.sampled_from(EDGES), st.integers(-(2**80), 2**80))
COEFFICIENTS = st.one_of(st.sampled_from((0, 1, -1, ORDER - 1)), st.integers(-999, 999))
KEY = SecretKey.generate()


@given(VALUES, VALUES, COEFFICIENTS, COEFFICIENTS, VALUES)
def test_commitments_are_homomorphic(v: int, w: int, a: int, b: int, c: int) -> None:
    """a·C(v, r) + b·C(w, s) + c·G = C(a·v + b·w + c, a·r + b·s)."""
    r, s = draw_blinding(), draw_blinding()
    blinding = scalar.add(scalar.mul(from_int(a), r), scalar.mul(from_int(b), s))
    expected = commit(a * v + b * w + c, blinding)
    assert combine([commit(v, r), commit(w, s)], [a, b], c) == expected


@given(VALUES, VALUES)
def test_a_commitment_binds(v: int, w: int) -> None:
    """Two values under one blinding are two commitments, unless equal mod l."""
    r = draw_blinding()
    assert (commit(v, r) == commit(w, r)) == ((v - w) % ORDER == 0)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(-500, 500), st.integers(1, 20)), min_size=1, max_size=5
    )
)
def test_decryption_undoes_encryption_of_sums(parts: list[tuple[int, int]]) -> None:
    """Σ aᵢ·c(vᵢ) decrypts to Σ aᵢ·vᵢ."""
    ciphertexts = [encrypt(KEY.public, value)[0] for value, _ in parts]
    total = add_up(ciphertexts, [a for _, a in parts])
    expected = sum(value * a for value, a in parts)
    assert decrypt(KEY, total, bound=50_000) == expected


@settings(max_examples=25)
@given(
    st.integers(2, 6).flatmap(lambda n: st.tuples(st.integers(2, n), st.just(n))),
    st.integers(-1000, 1000),
    st.data(),
)
def test_any_k_of_n_decrypt(
    counts: tuple[int, int], value: int, data: st.DataObject
) -> None:
    """Whoever they are, and in whatever order."""
    key, shares = shared.deal(*counts)
    ciphertext, _ = encrypt(key.public, value)
    chosen = data.draw(st.permutations(shares))[: counts[0]]
    partials = [
        shared.verify_partial(
            key, ciphertext, shared.make_partial(key, one, ciphertext, b""), b""
        )
        for one in chosen
    ]
    assert shared.combine(key, ciphertext, partials, bound=1000) == value
