"""The page's example: what the core signs, a stranger with hashlib verifies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import ring_reference as stranger

from privshare.schemes.ring import Ring
from privshare.schemes.ring_key import RingKey
from privshare.schemes.ring_signature import RingSignature, sign, verify

PAGE = (Path(__file__).parents[2] / "docs/protocols/ring.md").read_text("utf-8")
EXAMPLE = PAGE[PAGE.index("## 8. An example") :]

MESSAGE = b"the road was paved twice"
SCOPE = b"complaints/2026"
CONTEXT = b"housing/officials"


def word(name: str) -> bytes:
    """A line of the example."""
    found = re.search(rf"^{name} +([0-9a-f]+)$", EXAMPLE, re.MULTILINE)
    assert found, name
    return bytes.fromhex(found[1])


KEYS = [word(f"P_{i}") for i in range(3)]
FIELDS = ("form", "T", "w", "c_0", "s_0", "s_1", "s_2")
SIGNATURE = b"".join(word(name) for name in FIELDS)


def secret(value: int) -> RingKey:
    return RingKey.from_bytes(value.to_bytes(32, "little"))


def test_the_core_makes_the_page() -> None:
    """Keys, base and signature, byte by byte."""
    assert sorted(secret(i).public for i in (5, 6, 7)) == KEYS
    signature = sign(
        MESSAGE,
        scope=SCOPE,
        context=CONTEXT,
        ring=Ring(KEYS),
        key=secret(6),
        rand=bytes(32),
    )
    assert signature.to_bytes() == SIGNATURE
    tag = verify(
        RingSignature.from_bytes(SIGNATURE),
        MESSAGE,
        scope=SCOPE,
        context=CONTEXT,
        ring=Ring(KEYS),
    )
    assert tag.value == word("T")


def test_a_stranger_makes_the_page() -> None:
    """The same with integers and hashlib."""
    assert stranger.encode(stranger.scope_base(SCOPE)) == word("U")
    made = stranger.sign(6, MESSAGE, SCOPE, CONTEXT, KEYS, bytes(32))
    assert made == SIGNATURE
    assert stranger.verify(SIGNATURE, MESSAGE, SCOPE, CONTEXT, KEYS)
    assert not stranger.verify(SIGNATURE, MESSAGE, SCOPE, b"", KEYS)


@pytest.mark.parametrize("count", [2, 5, 11])
def test_each_verifies_the_other(count: int) -> None:
    """Rings of several sizes, at random."""
    members = {one.public: one for one in (RingKey.generate() for _ in range(count))}
    ring = Ring.of(members)
    signer = members[ring.keys[count // 2]]
    ours = sign(MESSAGE, scope=SCOPE, context=b"", ring=ring, key=signer)
    assert stranger.verify(ours.to_bytes(), MESSAGE, SCOPE, b"", ring.keys)
    x = int.from_bytes(signer.to_bytes(), "little")
    theirs = stranger.sign(x, MESSAGE, SCOPE, b"", list(ring.keys), bytes(32))
    verify(
        RingSignature.from_bytes(theirs), MESSAGE, scope=SCOPE, context=b"", ring=ring
    )
