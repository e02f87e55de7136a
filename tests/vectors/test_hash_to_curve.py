"""RFC 9380: uniform bytes of a message, and points of the curve.

`expand_message_xmd` with SHA-512 is the product's (schemes.hash_to_group). The
suites of edwards25519 and curve25519 meet the core's field and formulas through
edwards_kit; their map to the curve, Elligator 2, is not the one of ristretto255.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from edwards_kit import Curve, make_program

from privshare.schemes.hash_to_group import expand_message

P = 2**255 - 19
BYTES = 48


def number(text: str) -> int:
    return int(text, 16)


def little(value: int) -> str:
    return value.to_bytes(32, "little").hex()


def test_expand_message(vector_json: Callable[[str], Any]) -> None:
    """Every case of the file, with the long tag if there is one."""
    file = vector_json("rfc9380/expand_message_xmd_SHA512_38.json")
    tests = file["tests"]
    assert tests
    for test in tests:
        length = number(test["len_in_bytes"])
        found = expand_message(test["msg"].encode(), file["DST"].encode(), length)
        assert found.hex() == test["uniform_bytes"]


@pytest.mark.parametrize("backend", ["portable", "best"])
@pytest.mark.parametrize("suite", ["edwards25519", "curve25519"])
def test_points(vector_json: Callable[[str], Any], suite: str, backend: str) -> None:
    """u, both points before they are added, and the point."""
    file = vector_json(f"rfc9380/{suite}_XMD-SHA-512_ELL2_RO_.json")
    mont = suite == "curve25519"
    assert file["vectors"]
    with Curve(make_program(), backend) as curve:
        for vector in file["vectors"]:
            data = expand_message(
                vector["msg"].encode(), file["dst"].encode(), 2 * BYTES
            )
            points = []
            for i in range(2):
                u = int.from_bytes(data[BYTES * i : BYTES * (i + 1)], "big") % P
                assert u == number(vector["u"][i])
                words = curve.sure("ell2", little(u)).split()
                s, t, x, y = (int.from_bytes(bytes.fromhex(w), "little") for w in words)
                expected = vector[f"Q{i}"]
                found = (s, t) if mont else (x, y)
                assert found == (number(expected["x"]), number(expected["y"]))
                points.append(little(y | (x & 1) << 255))
            whole = curve.sure("eight", curve.sure("add", *points))
            found = curve.numbers("mont" if mont else "affine", whole)
            expected = vector["P"]
            assert found == (number(expected["x"]), number(expected["y"]))
