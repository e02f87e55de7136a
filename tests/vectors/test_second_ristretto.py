"""The group in Python's integers against vectors that libsodium made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from privshare.audit import second_ristretto as group

unhex = bytes.fromhex


@pytest.fixture(scope="module")
def cases(vectors: Path) -> dict[str, Any]:
    """All cases, by group."""
    text = (vectors / "own-ristretto255" / "cases.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_small_multiples(cases: dict[str, Any]) -> None:
    """RFC 9496, appendix A.1."""
    for case in cases["small_multiples"]:
        found = group.multiply(int(case["k"]), group.BASE)
        assert group.encode(found) == unhex(case["enc"])


def test_hash_to_group(cases: dict[str, Any]) -> None:
    """64 uniform bytes give the element of the vector."""
    for case in cases["from_hash"]:
        found = group.from_uniform(unhex(case["uniform"]))
        assert group.encode(found) == unhex(case["enc"])


def test_products_and_sums(cases: dict[str, Any]) -> None:
    """k * p, a + b, and both by one combination."""
    for case in cases["mul"]:
        k, p = group.read_scalar(unhex(case["k"])), group.decode(unhex(case["p"]))
        assert group.encode(group.multiply(k, p)) == unhex(case["q"])
    for case in cases["add"]:
        a, b = group.decode(unhex(case["a"])), group.decode(unhex(case["b"]))
        total = group.decode(unhex(case["sum"]))
        assert group.is_equal(group.add(a, b), total)
        assert group.is_identity(group.combine([(1, a), (1, b), (-1, total)]))
        assert group.is_identity(group.add(a, group.negate(a)))


def test_what_decodes(cases: dict[str, Any]) -> None:
    """Exactly the canonical encodings; and they come back."""
    for case in cases["decode"]:
        if case["valid"]:
            assert group.encode(group.decode(unhex(case["enc"]))) == unhex(case["enc"])
        else:
            with pytest.raises(group.NotCanonical):
                group.decode(unhex(case["enc"]))
    with pytest.raises(group.NotCanonical):
        group.decode(bytes(33))


def test_scalars(cases: dict[str, Any]) -> None:
    """64 bytes are reduced; 32 must be below the order."""
    for case in cases["scalar"]:
        wide = group.wide_scalar(unhex(case["wide"]))
        assert wide == group.read_scalar(unhex(case["wide_red"]))
    for text in cases["scalar_noncanonical"]:
        with pytest.raises(group.NotCanonical):
            group.read_scalar(unhex(text))
