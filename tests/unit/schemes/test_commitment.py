"""Pedersen commitments: the bases, the equation, openings and their errors."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from privshare.bindings import hash as digest
from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.scalar import ORDER, from_int
from privshare.errors import EncodingError, OutOfRange, ProofInvalid
from privshare.schemes import commitment as pedersen
from privshare.schemes.commitment import (
    BLINDING_BASE,
    VALUE_BASE,
    Opening,
    combine,
    commit,
    commit_many,
    decode,
    draw_blinding,
    scalar_of,
)

R = from_int(12345)


def test_the_bases_are_what_the_page_says() -> None:
    """G is the generator; H comes from hashing it, so nobody knows a logarithm."""
    assert group.base().encode() == VALUE_BASE
    assert group.from_uniform(digest.sha3_512(VALUE_BASE)).encode() == BLINDING_BASE
    assert pedersen.blinding_base().encode() == BLINDING_BASE


@pytest.mark.parametrize("value", [0, 1, -1, 2**53 - 1, 1 - 2**53, from_int(ORDER - 2)])
def test_the_equation(value: Any) -> None:
    """C = v·G + r·H, computed the long way."""
    row = group.decode(VALUE_BASE + BLINDING_BASE)
    assert commit(value, R) == group.msm(scalar_of(value) + R, row).encode()


def test_many_are_one_by_one() -> None:
    """A batch gives what single calls give; of nothing it gives nothing."""
    values = [from_int(v) for v in (0, 5, -5, 2**200)]
    blindings = [draw_blinding() for _ in values]
    expected = [commit(v, r) for v, r in zip(values, blindings, strict=True)]
    assert commit_many(b"".join(values), b"".join(blindings)) == b"".join(expected)
    assert commit_many(b"", b"") == b""


def test_blindings_are_fresh_scalars() -> None:
    """Each is canonical, and no two are equal."""
    drawn = {draw_blinding() for _ in range(50)}
    assert len(drawn) == 50
    scalar.check(b"".join(drawn))


@pytest.mark.parametrize(
    ("values", "blindings", "error"),
    [
        (from_int(1), b"\xff" * 32, EncodingError),
        (b"\xff" * 32, R, EncodingError),
        (from_int(1), R[:31], EncodingError),
        (from_int(1) * 2, R, OutOfRange),
    ],
)
def test_what_is_no_scalar_is_refused(
    values: bytes, blindings: bytes, error: type[Exception]
) -> None:
    """Not canonical, too short, or not as many of the one as of the other."""
    with pytest.raises(error):
        commit_many(values, blindings)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (bytes(32), "found it at index 1"),
        (b"\xff" * 32, "found another 32 bytes at index 1"),
        (bytes(31), "expected 32 bytes, found 31 at index 1"),
        (b"\x01" + bytes(31), "at index 1"),  # negative
    ],
)
def test_decoding_names_the_bad_commitment(bad: bytes, message: str) -> None:
    """The identity, which hides nothing, is none either."""
    with pytest.raises(EncodingError, match=message) as caught:
        decode([VALUE_BASE, bad])
    assert caught.value.detail["index"] == 1


def test_combinations_need_a_coefficient_each() -> None:
    """As many numbers as commitments."""
    with pytest.raises(OutOfRange, match="expected 2 coefficients, found 1"):
        combine([VALUE_BASE, BLINDING_BASE], [1])


def test_an_opening_knows_its_commitment() -> None:
    """It says so, and refuses every other."""
    opening = Opening(7, R)
    assert opening.commitment() == commit(7, R)
    opening.check(commit(7, R))
    for other in (commit(8, R), commit(7, from_int(1)), bytes(32), b""):
        with pytest.raises(ProofInvalid, match="cell: expected its opening, found an"):
            opening.check(other, "cell")


@pytest.mark.parametrize("value", [0, -5, 2**53 - 1, from_int(2**100)])
def test_an_opening_comes_back_from_its_json(value: Any) -> None:
    """Integers stay integers, scalars stay scalars."""
    opening = Opening(value, R)
    again = Opening.from_json(opening.to_json())
    assert (again.value, again.blinding) == (value, R)


@pytest.mark.parametrize(
    ("obj", "error"),
    [
        ({"blinding": "AA", "value": 1}, EncodingError),
        ({"blinding": None, "value": 1}, EncodingError),
        ({"value": 1}, EncodingError),
        ({"blinding": "A" * 43, "value": True}, EncodingError),
        ({"blinding": "A" * 43, "value": None}, EncodingError),
        ({"blinding": "A" * 43, "value": "AA"}, EncodingError),
        ({"blinding": "A" * 43, "value": "_" * 42 + "8"}, EncodingError),
        ({"blinding": "_" * 42 + "8", "value": 1}, EncodingError),
        ({"blinding": "A" * 43, "value": 2**53}, OutOfRange),
        ({"blinding": "A" * 43, "value": 1, "x": 1}, EncodingError),
    ],
)
def test_a_malformed_opening_is_refused(obj: Any, error: type[Exception]) -> None:
    """Each field has one form."""
    with pytest.raises(error):
        Opening.from_json(obj)


def test_an_opening_is_not_shown_or_pickled() -> None:
    """It is a secret."""
    opening = Opening(7, R)
    assert "7" not in repr(opening)
    with pytest.raises(TypeError):
        pickle.dumps(opening)
