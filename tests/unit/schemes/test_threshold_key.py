"""The public key: what everybody can check of it, and how it is read."""

from __future__ import annotations

import doctest
import itertools
from math import factorial
from types import ModuleType

import pytest
from threshold_scheme_kit import P, Q, dealt, naive_base, number, small

from privshare.bindings.paillier import PublicCore
from privshare.errors import (
    EncodingError,
    OutOfRange,
    PrivShareError,
    ProofInvalid,
    VerificationError,
)
from privshare.schemes import (
    paillier_modulus,
    threshold,
    threshold_deal,
    threshold_key,
    threshold_reshare,
)
from privshare.schemes.paillier import PaillierPrivateKey
from privshare.schemes.threshold import ThresholdKey
from privshare.schemes.threshold_key import base_of, lagrange
from privshare.wire.canonical import b64u, decode, encode


def test_it_names_the_modulus_that_values_are_encrypted_under() -> None:
    """kid and public are those of n; base, factor and Δ follow from the numbers."""
    key, _ = dealt()
    private = PaillierPrivateKey(P, Q)
    assert key.public == private.public
    assert key.kid == private.public.kid
    assert (key.threshold, key.holders, key.past) == (2, 3, ())
    assert (key.delta, key.factor) == (6, 1)
    assert number(key.base) == naive_base(key.n, ())
    assert key.roots == paillier_modulus.prove(private)
    assert repr(key) == f"ThresholdKey(2 of 3, 2048 bits, kid={key.kid})"


def test_it_travels_as_json() -> None:
    """Out and in again, and equal; two deals are two keys under one kid."""
    key, _ = dealt()
    again = ThresholdKey.from_json(decode(encode(key.to_json())))
    assert again == key and hash(again) == hash(key)
    assert again.to_json() == key.to_json()
    other, _ = dealt(3, 3)
    assert other != key and other.kid == key.kid


def test_it_is_read_strictly() -> None:
    """Another field, type, length, number, modulus or root: refused."""
    key, _ = dealt()
    fields = decode(encode(key.to_json()))
    assert isinstance(fields, dict)
    size = len(key.base)
    commitments = [b64u(one) for one in key.commitments]

    def with_first(data: bytes) -> dict[str, object]:
        return {"commitments": [b64u(data), *commitments[1:]]}

    first = number(key.commitments[0])
    for change in (
        {"more": 1},
        {"v": 1},
        {"v": 3},
        {"v": True},
        {"type": "privshare.paillier"},
        {"threshold": 1},
        {"threshold": 4},
        {"threshold": 17},
        {"past": 3},
        {"past": [1]},
        {"past": [17]},
        {"past": ["3"]},
        {"past": [True]},
        {"past": [3]},
        {"past": [16] * 64},
        {"past": [3] * 65},
        {"roots": b64u(key.roots[1:])},
        {"roots": b64u(bytes(len(key.roots)))},
        {"roots": b64u(key.roots[:-1] + b"\1")},
        {"n": b64u(b"\0" + key.n.to_bytes(256, "big"))},
        {"n": ""},
        {"n": b64u((key.n + 2).to_bytes(256, "big"))},
        {"n": b64u((P * P).to_bytes(256, "big"))},
        {"commitments": []},
        {"commitments": commitments[:1]},
        {"commitments": commitments[:2]},
        {"commitments": commitments[::-1]},
        {"commitments": commitments + commitments[:1]},
        {"commitments": [*commitments[:2], 1]},
        {"commitments": ["A" * 4, *commitments[1:]]},
        with_first(bytes(size)),
        with_first(P.to_bytes(size, "big")),
        with_first(key.n.to_bytes(size, "big")),
        with_first((key.n**2).to_bytes(size, "big")),
        with_first(key.commitments[0] + b"\0"),
        with_first((first * (1 + key.n) % key.n**2).to_bytes(size, "big")),
        with_first(key.base),
    ):
        with pytest.raises(PrivShareError) as raised:
            ThresholdKey.from_json({**fields, **change})
        assert isinstance(
            raised.value, EncodingError | OutOfRange | VerificationError
        ), change
    for name in fields:
        short = {key: value for key, value in fields.items() if key != name}
        with pytest.raises(EncodingError):
            ThresholdKey.from_json(short)
    with pytest.raises(EncodingError):
        ThresholdKey.from_json([])


def test_only_a_sound_modulus_of_a_size_in_use() -> None:
    """576 bits is for tests alone; roots of another modulus do not do."""
    key, _ = small()
    with pytest.raises(OutOfRange):
        ThresholdKey.from_json({**key.to_json(), "roots": b64u(bytes(6 * 72))})
    full, _ = dealt()
    with pytest.raises(ProofInvalid):
        ThresholdKey(full.n, 2, (), full.commitments, full.roots[::-1])


def test_a_modulus_under_which_the_base_generates_little() -> None:
    """Modulo 3 every unit is 1 or -1: r² generates nothing there, and it is seen."""
    with pytest.raises(ProofInvalid, match="two safe primes"):
        base_of(PublicCore.unsafe_any_size(3 * 7), ())


def rebuilt(key: ThresholdKey, *commitments: bytes) -> ThresholdKey:
    return ThresholdKey.unsafe_any_size(
        key.n, key.threshold, key.past, tuple(commitments)
    )


def test_commitments_that_do_not_open_are_seen_by_everybody() -> None:
    """A dealer whose shares disagree, or whose d is another, is found out."""
    key, _ = small(3, 5)
    other, _ = small(3, 5, 1)
    mine, theirs = key.commitments, other.commitments
    assert rebuilt(key, *mine) == key
    for i in range(5):
        with pytest.raises(VerificationError, match="open rightly"):
            rebuilt(key, *mine[:i], theirs[i], *mine[i + 1 :])
    squared = [key.core.mul_plain(one, 2) for one in mine]
    with pytest.raises(VerificationError, match="open rightly"):
        rebuilt(key, *squared)
    moved = [key.core.mul_plain(key.base, factorial(5)) for _ in mine]
    with pytest.raises(VerificationError, match="open rightly"):
        rebuilt(key, *map(key.core.add, mine, moved))
    with pytest.raises(VerificationError, match="open rightly"):
        rebuilt(key, *mine[:4])
    with pytest.raises(VerificationError, match="open rightly"):
        ThresholdKey.unsafe_any_size(key.n, 2, (), mine)
    with pytest.raises(VerificationError, match="open rightly"):
        ThresholdKey.unsafe_any_size(key.n, 3, (5,), mine)


def test_a_dealer_with_another_d_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """d = 1 modulo n is checked: 2d opens every value doubled, and is refused."""

    def doubled(*args: int) -> int:
        return 2 * pow(*args)

    monkeypatch.setattr(threshold_deal, "pow", doubled, raising=False)
    with pytest.raises(VerificationError, match="open rightly"):
        small(2, 3, 2)


def test_interpolation_in_whole_numbers() -> None:
    """Σ λ_i·f(i) = Δ·f(x) for every set of indices, within the set and without."""
    coefficients = [5, -7, 11]
    for indices in itertools.combinations(range(1, 7), 3):
        for at in range(7):
            total = sum(
                lagrange(6, indices, i, at)
                * sum(a * i**t for t, a in enumerate(coefficients))
                for i in indices
            )
            expected = sum(a * at**t for t, a in enumerate(coefficients))
            assert total == 720 * expected


@pytest.mark.parametrize("module", [threshold_key, threshold, threshold_reshare])
def test_the_examples_in_the_modules(module: ModuleType) -> None:
    """They run as printed, dealing included."""
    result = doctest.testmod(module)
    assert result.attempted > 0 and result.failed == 0
