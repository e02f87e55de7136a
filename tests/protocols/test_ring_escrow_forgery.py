"""Members who want to sign without being found: escrows of something else.

Each signs rightly in all but the escrow, over which it binds its own signature,
as a changed program would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from privshare.bindings import ring as native
from privshare.bindings import ristretto255, scalar
from privshare.errors import ProofInvalid, SignatureInvalid
from privshare.schemes import escrow as escrows
from privshare.schemes import sigma
from privshare.schemes.escrow import Escrow
from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_key import RingKey
from privshare.schemes.ring_signature import (
    RingSignature,
    _transcript,
    sign,
    tag_of,
    verify,
)
from privshare.schemes.transcript import Transcript

MESSAGE, SCOPE, CONTEXT = b"message", b"scope", b"context"
KEYS = [RingKey.from_bytes(scalar.from_int(x)) for x in (11, 12, 13)]
RING = Ring.of(key.public for key in KEYS)
ME, OTHER = KEYS[0], KEYS[1]
HOLDERS = [RingKey.from_bytes(scalar.from_int(x)) for x in (21, 22, 23)]
REGULATORS = Regulators(2, [key.public for key in HOLDERS])
PLACE = native.scope_of(SCOPE)
TAG = tag_of(ME, SCOPE).value
RAND = bytes(range(32))
A = [scalar.from_int(101), scalar.from_int(102)]
B = [scalar.from_int(103), scalar.from_int(105)]

Maker = Callable[[Transcript], Escrow]


def times(k: bytes, element: bytes) -> bytes:
    """k·P."""
    return ristretto255.mul(k, ristretto255.decode(element)).encode()


def of_base(k: bytes) -> bytes:
    """k·G."""
    return ristretto255.base_table().mul(k).encode()


def at(a: Sequence[bytes], i: int) -> bytes:
    """f(i)."""
    return scalar.mul_add(a[1], scalar.from_int(i), a[0])


def elements(secret: bytes, a: Sequence[bytes]) -> list[bytes]:
    """C, E_1, E_2, E_3 of a polynomial."""
    shares = [times(at(a, i), y) for i, y in enumerate(REGULATORS.keys, 1)]
    return [of_base(scalar.add(secret, a[0])), *shares]


def proven(parts: Sequence[bytes], witness: Sequence[bytes], t: Transcript) -> Escrow:
    """An escrow of these elements, proven where that is possible."""
    relation = escrows.relation(parts, REGULATORS, PLACE.base, TAG)
    proof = sigma.prove(relation, list(witness), t, RAND)
    return Escrow(2, parts[0], tuple(parts[1:]), proof)


def accepted(make: Maker) -> bool:
    """Whether a signature with the escrow that `make` gives is accepted."""
    t = _transcript(MESSAGE, SCOPE, CONTEXT, RING, TAG, REGULATORS)
    escrow = make(t.fork())
    t.absorb("escrow", escrow.to_bytes())
    proof = RING.core.sign(ME.to_bytes(), PLACE, t.core, RAND)
    try:
        verify(
            RingSignature("lsag", TAG, proof, escrow),
            MESSAGE,
            scope=SCOPE,
            context=CONTEXT,
            ring=RING,
            regulators=REGULATORS,
        )
    except SignatureInvalid:
        return False
    return True


def test_an_honest_escrow_is_accepted() -> None:
    """The tools of the others make one that holds."""
    x = ME.to_bytes()
    assert accepted(lambda t: proven(elements(x, A), [x, *A], t))


def test_a_polynomial_of_0_shows_the_signer() -> None:
    """f(0) = 0: true, proven, and refused, for C is the member's key."""
    x, a = ME.to_bytes(), [scalar.ZERO, A[1]]
    assert elements(x, a)[0] == ME.public
    assert not accepted(lambda t: proven(elements(x, a), [x, *a], t))


@pytest.mark.parametrize("place", range(4))
def test_an_element_of_something_else(place: int) -> None:
    """A cover or a share of another polynomial: no witness, and no old proof."""
    x = ME.to_bytes()
    parts = elements(x, A)
    parts[place] = elements(x, B)[place]

    def from_another_statement(t: Transcript) -> Escrow:
        honest = proven(elements(x, A), [x, *A], t)
        return Escrow(2, parts[0], tuple(parts[1:]), honest.proof)

    assert not accepted(from_another_statement)
    for witness in ([x, *A], [x, *B]):
        t = Transcript("any")
        with pytest.raises(ProofInvalid):
            proven(parts, witness, t)


def test_another_members_name() -> None:
    """A cover over the key of somebody else, with the proof that needs no tag."""
    x, other = ME.to_bytes(), OTHER.to_bytes()
    parts = elements(other, A)
    with pytest.raises(ProofInvalid):
        proven(parts, [x, *A], Transcript("any"))

    def with_the_tag_of_the_other(t: Transcript) -> Escrow:
        base, tag = PLACE.base, tag_of(OTHER, SCOPE).value
        relation = escrows.relation(parts, REGULATORS, base, tag)
        proof = sigma.prove(relation, [other, *A], t, RAND)
        return Escrow(2, parts[0], tuple(parts[1:]), proof)

    assert not accepted(with_the_tag_of_the_other)


@pytest.mark.parametrize(
    ("message", "scope", "context", "count"),
    [
        (b"other", SCOPE, CONTEXT, 3),
        (MESSAGE, b"other", CONTEXT, 3),
        (MESSAGE, SCOPE, b"other", 3),
        (MESSAGE, SCOPE, CONTEXT, 2),
    ],
)
def test_an_escrow_of_another_signature(
    message: bytes, scope: bytes, context: bytes, count: int
) -> None:
    """One's own, made for something else: it is bound to all of it."""
    ring = RING if count == 3 else Ring.of([ME.public, OTHER.public])
    elsewhere = sign(
        message,
        scope=scope,
        context=context,
        ring=ring,
        key=ME,
        regulators=REGULATORS,
    ).escrow
    assert elsewhere is not None
    moved = elsewhere
    assert not accepted(lambda _: moved)


def test_an_escrow_exchanged_afterwards() -> None:
    """Two escrows of one statement: the signature holds with its own alone."""

    def made() -> RingSignature:
        return sign(
            MESSAGE,
            scope=SCOPE,
            context=CONTEXT,
            ring=RING,
            key=ME,
            regulators=REGULATORS,
        )

    one, two = made(), made()
    with pytest.raises(SignatureInvalid):
        verify(
            RingSignature("lsag", one.tag, one.proof, two.escrow),
            MESSAGE,
            scope=SCOPE,
            context=CONTEXT,
            ring=RING,
            regulators=REGULATORS,
        )
