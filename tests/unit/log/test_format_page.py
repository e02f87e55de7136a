"""The example in docs/formats/checkpoint.md holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from privshare.errors import InclusionInvalid
from privshare.log import merkle
from privshare.log.policy import format_policy, parse_policy
from privshare.log.proof import decode, encode, verify

PAGE = Path(__file__).parents[3] / "docs/formats/checkpoint.md"


def test_the_proof_holds_under_the_policy() -> None:
    """Entry `two` at index 1, with both witnesses; no other entry."""
    page = PAGE.read_text(encoding="utf-8")
    proof_text, policy_text = (
        block.encode()
        for block in re.findall(r"```text\n(.*?\n)```", page, re.DOTALL)[:2]
    )
    proof, policy = decode(proof_text), parse_policy(policy_text)
    assert encode(proof) == proof_text
    assert format_policy(policy) == policy_text
    verified = verify(proof, merkle.leaf_hash(b"two"), policy, strict=True)
    assert verified.checkpoint.size == 3
    assert verified.witnesses == {"housing": 1700000000, "health": 1700000001}
    with pytest.raises(InclusionInvalid):
        verify(proof, merkle.leaf_hash(b"three"), policy)
