"""ristretto255 against the project's own vectors, made with libsodium."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.errors import EncodingError

unhex = bytes.fromhex


@pytest.fixture(scope="module")
def cases(vectors: Path) -> dict[str, Any]:
    """All cases, by group."""
    text = (vectors / "own-ristretto255" / "cases.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_small_multiples(cases: dict[str, Any]) -> None:
    """k G for small k, from the formula and from the table."""
    for case in cases["small_multiples"]:
        k = scalar.from_int(int(case["k"]))
        assert group.mul(k, group.base()).encode() == unhex(case["enc"])
        assert group.base_table().mul(k).encode() == unhex(case["enc"])


def test_hash_to_group(cases: dict[str, Any]) -> None:
    """64 uniform bytes give the element of the vector."""
    for case in cases["from_hash"]:
        found = group.from_uniform(unhex(case["uniform"]))
        assert found.encode() == unhex(case["enc"])


def test_multiplication(cases: dict[str, Any]) -> None:
    """k P, in both kinds of time."""
    for case in cases["mul"]:
        p, k = group.decode(unhex(case["p"])), unhex(case["k"])
        assert group.mul(k, p).encode() == unhex(case["q"])
        assert group.mul_vartime(k, p).encode() == unhex(case["q"])


def test_addition(cases: dict[str, Any]) -> None:
    """a + b."""
    for case in cases["add"]:
        a, b = group.decode(unhex(case["a"])), group.decode(unhex(case["b"]))
        assert group.add(a, b).encode() == unhex(case["sum"])


def test_decoding_is_strict(cases: dict[str, Any]) -> None:
    """What is no canonical encoding is refused, and all else comes back."""
    for case in cases["decode"]:
        data = unhex(case["enc"])
        if case["valid"]:
            assert group.decode(data).encode() == data
        else:
            with pytest.raises(EncodingError):
                group.decode(data)


def test_scalars(cases: dict[str, Any]) -> None:
    """Arithmetic modulo the order; what is not below it is refused."""
    for case in cases["scalar"]:
        a, b = unhex(case["a"]), unhex(case["b"])
        assert scalar.mul(a, b) == unhex(case["mul"])
        assert scalar.add(a, b) == unhex(case["add"])
        assert scalar.invert(a) == unhex(case["inv_a"])
        assert scalar.reduce_wide(unhex(case["wide"])) == unhex(case["wide_red"])
    for text in cases["scalar_noncanonical"]:
        with pytest.raises(EncodingError):
            scalar.check(unhex(text))


@pytest.mark.parametrize("count", [0, 1, 2, 9, 64, 65, 199, 200, 700])
def test_sums_of_multiples(count: int) -> None:
    """A sum of multiples of known multiples is one known multiple."""
    rng = random.Random(count)
    edges = (0, 1, 2, scalar.ORDER - 1)
    s = [rng.choice([*edges, rng.randrange(scalar.ORDER)]) for _ in range(count)]
    e = [rng.randrange(scalar.ORDER) for _ in range(count)]
    scalars = b"".join(map(scalar.from_int, s))
    elements = group.base_table().mul(b"".join(map(scalar.from_int, e)))
    total = sum(x * y for x, y in zip(s, e, strict=True))
    expected = group.mul(scalar.from_int(total), group.base())
    assert group.msm(scalars, elements) == expected
    assert group.msm_vartime(scalars, elements) == expected
