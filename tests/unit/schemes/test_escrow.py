"""Escrow: k regulators name the signer, and nothing else opens."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from ring_kit import (
    CONTEXT,
    MESSAGE,
    REGULATOR_KEYS,
    REGULATORS,
    SCOPE,
    key,
    members,
    ring,
)

from privshare.errors import EncodingError, NotFound, OutOfRange, ProofInvalid
from privshare.schemes.escrow import (
    PARTIAL_BYTES,
    Escrow,
    Partial,
    combine,
    escrow_bytes,
    partial_opening,
    verify_partial,
)
from privshare.schemes.ring import Regulators
from privshare.schemes.ring_key import RingKey
from privshare.schemes.ring_signature import sign, verify

WHY = b"court order 12"
RING = ring(5)


def escrow_of(
    member: RingKey, regulators: Regulators = REGULATORS, message: bytes = MESSAGE
) -> Escrow:
    """The escrow of a signature that was verified."""
    signature = sign(
        message,
        scope=SCOPE,
        context=CONTEXT,
        ring=RING,
        key=member,
        regulators=regulators,
    )
    verify(
        signature,
        message,
        scope=SCOPE,
        context=CONTEXT,
        ring=RING,
        regulators=regulators,
    )
    assert signature.escrow is not None
    return signature.escrow


def opened(escrow: Escrow, holder: RingKey) -> Partial:
    """One regulator's verified part."""
    part = partial_opening(escrow, REGULATORS, holder, WHY)
    return verify_partial(part, escrow, REGULATORS, WHY)


def test_any_two_of_three_name_the_signer() -> None:
    """Each member, each pair, in any order; all three as well."""
    for member in members(5):
        escrow = escrow_of(member)
        partials = [opened(escrow, holder) for holder in REGULATOR_KEYS]
        for chosen in [*combinations(partials, 2), partials[::-1], partials]:
            assert member.public == combine(escrow, REGULATORS, RING, chosen)


@pytest.mark.parametrize(("k", "n"), [(2, 2), (3, 5), (5, 5), (2, 16), (16, 16)])
def test_thresholds(k: int, n: int) -> None:
    """From 2 of 2 to 16 of 16, and the length is as said."""
    holders = [key(500 + i) for i in range(n)]
    regulators = Regulators(k, [one.public for one in holders])
    escrow = escrow_of(members(5)[3], regulators)
    assert escrow_bytes(n, k) == len(escrow.to_bytes())
    partials = [
        verify_partial(
            partial_opening(escrow, regulators, one, WHY), escrow, regulators, WHY
        )
        for one in holders[n - k :]
    ]
    assert members(5)[3].public == combine(escrow, regulators, RING, partials)
    with pytest.raises(OutOfRange, match=f"found {k - 1}"):
        combine(escrow, regulators, RING, partials[1:])


def test_one_regulator_twice_is_one() -> None:
    """The same part does not count again."""
    part = opened(escrow := escrow_of(members(5)[0]), REGULATOR_KEYS[0])
    with pytest.raises(OutOfRange, match="found 1"):
        combine(escrow, REGULATORS, RING, [part, part])


def test_parts_of_another_escrow() -> None:
    """Parts that were verified of something else give no member."""
    first, second = escrow_of(members(5)[0]), escrow_of(members(5)[1])
    parts = [opened(first, REGULATOR_KEYS[0]), opened(second, REGULATOR_KEYS[1])]
    with pytest.raises(ProofInvalid, match="member's key"):
        combine(first, REGULATORS, RING, parts)


def test_a_part_is_of_one_opening() -> None:
    """Another context, escrow, regulator or order of regulators is refused."""
    escrow, other = escrow_of(members(5)[0]), escrow_of(members(5)[0], message=b"")
    part = partial_opening(escrow, REGULATORS, REGULATOR_KEYS[0], WHY)
    turned = Regulators(2, REGULATORS.keys[::-1])
    for what in (
        (part, escrow, REGULATORS, b"another reason"),
        (part, other, REGULATORS, WHY),
        (part, escrow, turned, WHY),
        (b"\2" + part[1:], escrow, REGULATORS, WHY),
        (part, escrow, Regulators(2, REGULATORS.keys[:2]), WHY),
    ):
        with pytest.raises(ProofInvalid):
            verify_partial(*what)
    for index in (0, 4, 255):
        with pytest.raises(OutOfRange):
            verify_partial(bytes((index,)) + part[1:], escrow, REGULATORS, WHY)


def test_every_bit_of_a_part_counts() -> None:
    """Flipped anywhere, cut anywhere."""
    escrow = escrow_of(members(5)[2])
    part = partial_opening(escrow, REGULATORS, REGULATOR_KEYS[1], WHY)
    assert len(part) == PARTIAL_BYTES
    for bit in range(8 * len(part)):
        bent = bytearray(part)
        bent[bit // 8] ^= 1 << bit % 8
        with pytest.raises((ProofInvalid, EncodingError, OutOfRange)):
            verify_partial(bytes(bent), escrow, REGULATORS, WHY)
    for bad in (part[:-1], part + b"\0", b""):
        with pytest.raises(EncodingError):
            verify_partial(bad, escrow, REGULATORS, WHY)


def test_who_is_no_regulator() -> None:
    """A stranger opens nothing, nor does a regulator of others."""
    escrow = escrow_of(members(5)[0])
    with pytest.raises(NotFound, match="regulator"):
        partial_opening(escrow, REGULATORS, key(5), WHY)
    others = Regulators(3, [*REGULATORS.keys, key(5).public])
    with pytest.raises(ProofInvalid, match="3 of 4"):
        partial_opening(escrow, others, REGULATOR_KEYS[0], WHY)


def test_the_cover_hides_the_member() -> None:
    """Two escrows of one member have nothing in common; none shows a key."""
    one, two = escrow_of(members(5)[0]), escrow_of(members(5)[0])
    assert {one.cover, *one.shares}.isdisjoint({two.cover, *two.shares})
    assert one.cover not in RING


def test_the_form_of_an_escrow() -> None:
    """Round trip; identities, thresholds and lengths are refused by name."""
    escrow = escrow_of(members(5)[0])
    data = escrow.to_bytes()
    assert escrow == Escrow.from_bytes(data)
    for bad in (b"", data[:1], data[:-1], data + b"\0"):
        with pytest.raises(EncodingError):
            Escrow.from_bytes(bad)
    with pytest.raises(EncodingError, match="identity"):
        replace(escrow, cover=bytes(32))
    with pytest.raises(EncodingError, match="identity"):
        replace(escrow, shares=(escrow.shares[0], bytes(32), escrow.shares[2]))
    with pytest.raises(EncodingError):
        replace(escrow, cover=b"\xff" * 32)
    with pytest.raises(OutOfRange, match="1 of 3"):
        replace(escrow, threshold=1)
    with pytest.raises(OutOfRange, match="4 of 3"):
        replace(escrow, threshold=4)
