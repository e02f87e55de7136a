"""The second implementations agree with the core: on what holds, and what does not.

Everything is made by the core and verified by Python's integers; every bit of one
proof of each kind is changed, and both must say the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from privshare.audit import second_range, second_ring, second_sigma
from privshare.audit.second_ristretto import Transcript as SecondTranscript
from privshare.bindings import ristretto255, scalar
from privshare.errors import PrivShareError
from privshare.schemes import escrow as escrows
from privshare.schemes import range_proof, sigma
from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_key import RingKey
from privshare.schemes.ring_signature import Form, RingSignature, sign, verify
from privshare.schemes.transcript import Transcript

MESSAGE, SCOPE, CONTEXT = b"the road", b"complaints/2026", b"housing/officials"
KEYS = sorted(
    (RingKey.from_bytes(scalar.from_int(1000 + i)) for i in range(5)),
    key=lambda key: key.public,
)
RING = Ring([key.public for key in KEYS])
OPENERS = [RingKey.from_bytes(scalar.from_int(70 + i)) for i in range(3)]
REGULATORS = Regulators(2, [key.public for key in OPENERS])
SECOND_REGULATORS = second_ring.Regulators(2, REGULATORS.keys)
FORMS: list[Form] = ["lsag", "one-of-many"]


def signed(form: Form, regulators: Regulators | None = None) -> RingSignature:
    return sign(
        MESSAGE,
        scope=SCOPE,
        context=CONTEXT,
        ring=RING,
        key=KEYS[3],
        regulators=regulators,
        form=form,
        rand=bytes(32),
    )


def what(
    regulators: second_ring.Regulators | None = None, message: bytes = MESSAGE
) -> second_ring.Signed:
    return second_ring.Signed(message, SCOPE, CONTEXT, RING.keys, regulators)


def holds(check: Callable[[], object]) -> bool:
    """Whether the core accepts."""
    try:
        check()
    except PrivShareError:
        return False
    return True


def flipped(data: bytes, step: int = 1) -> list[bytes]:
    """Data with one bit changed, every `step`th."""
    out = []
    for bit in range(0, 8 * len(data), step):
        wrong = bytearray(data)
        wrong[bit // 8] ^= 1 << bit % 8
        out.append(bytes(wrong))
    return out


@pytest.mark.parametrize("form", FORMS)
def test_ring_signatures(form: Form) -> None:
    """Both forms; with another message, ring order or regulators they do not hold."""
    signature = signed(form)
    data = signature.to_bytes()
    assert second_ring.is_ring_signature(data, what())
    assert signature.tag == second_ring.tag_of(data)
    assert not second_ring.is_ring_signature(data, what(message=b"the bridge"))
    assert not second_ring.is_ring_signature(data, what(SECOND_REGULATORS))
    keys = (RING.keys[1], RING.keys[0], *RING.keys[2:])
    turned = second_ring.Signed(MESSAGE, SCOPE, CONTEXT, keys)
    assert not second_ring.is_ring_signature(data, turned)


@pytest.mark.parametrize("form", FORMS)
def test_every_byte_of_a_ring_signature(form: Form) -> None:
    """Both refuse each change; a shorter or a longer one too."""
    data = signed(form).to_bytes()

    def ours(wrong: bytes) -> None:
        signature = RingSignature.from_bytes(wrong)
        verify(signature, MESSAGE, scope=SCOPE, context=CONTEXT, ring=RING)

    assert holds(lambda: ours(data))
    for wrong in [*flipped(data, 41), data[:-1], data + b"\0", b"", data[:40]]:
        assert not second_ring.is_ring_signature(wrong, what())
        assert not holds(lambda wrong=wrong: ours(wrong))


@pytest.mark.parametrize("form", FORMS)
def test_escrows(form: Form) -> None:
    """The escrow is verified, the parts of two regulators, and whom they name."""
    signature = signed(form, REGULATORS)
    data, found = signature.to_bytes(), signature.escrow
    assert found is not None
    assert second_ring.is_ring_signature(data, what(SECOND_REGULATORS))
    assert not second_ring.is_ring_signature(data, what())
    fewer = second_ring.Regulators(2, REGULATORS.keys[:2])
    assert not second_ring.is_ring_signature(data, what(fewer))
    whole, escrow = b"opening", second_ring.escrow_of(data)
    assert found.to_bytes() == escrow
    for wrong in flipped(escrow, 197):
        changed = data[: -len(escrow)] + wrong
        assert not second_ring.is_ring_signature(changed, what(SECOND_REGULATORS))
    parts = [
        escrows.partial_opening(found, REGULATORS, OPENERS[i], whole) for i in (0, 2)
    ]
    for part in parts:
        assert second_ring.is_partial(part, escrow, SECOND_REGULATORS, whole)
        assert not second_ring.is_partial(part, escrow, SECOND_REGULATORS, b"other")
        for wrong in flipped(part, 83):
            assert not second_ring.is_partial(wrong, escrow, SECOND_REGULATORS, whole)
    assert not second_ring.is_partial(b"", escrow, SECOND_REGULATORS, whole)
    assert second_ring.member(escrow, parts) == KEYS[3].public


@pytest.mark.parametrize(("count", "bits"), [(1, 8), (1, 64), (3, 16), (4, 8)])
def test_range_proofs(count: int, bits: int) -> None:
    """Any count, padded or not."""
    blindings = [scalar.from_int(5 + i) for i in range(count)]
    values = [2**bits - 1 - i for i in range(count)]
    commitments = [
        ristretto255.msm(
            scalar.from_int(v) + r,
            ristretto255.Elements.join([ristretto255.base(), range_base()]),
        ).encode()
        for v, r in zip(values, blindings, strict=True)
    ]
    proof = range_proof.prove(values, blindings, bits, Transcript("t"), bytes(32))
    range_proof.verify(commitments, bits, proof, Transcript("t"))
    assert second_range.is_range(commitments, bits, proof, SecondTranscript("t"))
    assert not second_range.is_range(commitments, bits, proof, SecondTranscript("u"))
    turned = [*commitments[1:], commitments[0]]
    if count > 1:
        assert not second_range.is_range(turned, bits, proof, SecondTranscript("t"))
    assert not second_range.is_range(
        commitments, 32 if bits != 32 else 8, proof, SecondTranscript("t")
    )


def range_base() -> ristretto255.Elements:
    uniform = hashlib.sha3_512(ristretto255.base().encode()).digest()
    return ristretto255.from_uniform(uniform)


def test_every_part_of_a_range_proof() -> None:
    """One bit of every number of it."""
    blinding = scalar.from_int(9)
    base = ristretto255.Elements.join([ristretto255.base(), range_base()])
    v = ristretto255.msm(scalar.from_int(200) + blinding, base).encode()
    proof = range_proof.prove([200], [blinding], 8, Transcript("t"), bytes(32))
    assert second_range.is_range([v], 8, proof, SecondTranscript("t"))
    for wrong in [*flipped(proof, 131), proof[:-1], proof + bytes(32), b""]:
        assert not second_range.is_range([v], 8, wrong, SecondTranscript("t"))
        assert not holds(
            lambda wrong=wrong: range_proof.verify([v], 8, wrong, Transcript("t"))
        )


def equal_logarithms(x: int) -> tuple[sigma.LinearRelation, second_sigma.Relation]:
    """P = x·G and Q = x·U, for both."""
    u = range_base().encode()
    p = ristretto255.base_table().mul(scalar.from_int(x)).encode()
    q = ristretto255.mul(scalar.from_int(x), range_base()).encode()
    b, second = sigma.RelationBuilder(), second_sigma.Relation()
    secret = b.scalar()
    b.equation([(b.element(p), 1)], [(secret, b.generator, 1)])
    b.equation([(b.element(q), 1)], [(secret, b.element(u), 1)])
    second.equate(second.element(p), (0, 0, 1))
    second.equate(second.element(q), (0, second.element(u), 1))
    return b.relation(), second


@pytest.mark.parametrize("compact", [False, True])
def test_sigma_proofs(compact: bool) -> None:
    """A relation, And of two, Or of three within And: in both forms."""
    pairs = [equal_logarithms(3 + i) for i in range(4)]
    (r0, s0), (r1, s1), (r2, s2), (r3, s3) = pairs
    one = [scalar.from_int(3)]
    statements: list[tuple[sigma.Statement, second_sigma.Statement, sigma.Witness]] = [
        (r0, s0, one),
        (
            sigma.And([r0, r1]),
            second_sigma.And([s0, s1]),
            [one, [scalar.from_int(4)]],
        ),
        (
            sigma.And([r0, sigma.Or([r1, r2, r3])]),
            second_sigma.And([s0, second_sigma.Or([s1, s2, s3])]),
            [one, sigma.Branch(1, [scalar.from_int(5)])],
        ),
    ]
    for statement, second, witness in statements:
        proof = sigma.prove(
            statement, witness, Transcript("t"), bytes(32), compact=compact
        )
        ours, other = Transcript("t"), SecondTranscript("t")
        sigma.verify(statement, proof, ours, compact=compact)
        assert second_sigma.is_sigma(second, proof, other, compact=compact)
        assert ours.challenge("next", 16) == other.challenge("next", 16)
        for wrong in [*flipped(proof, 149), proof[:-1], b""]:
            assert not second_sigma.is_sigma(
                second, wrong, SecondTranscript("t"), compact=compact
            )
            assert not holds(
                lambda wrong=wrong, statement=statement: sigma.verify(
                    statement, wrong, Transcript("t"), compact=compact
                )
            )
    assert not second_sigma.is_sigma(s1, proof, SecondTranscript("t"), compact=compact)


def test_relations_that_prove_nothing() -> None:
    """An identity in the statement is refused, as the core refuses it."""
    relation = second_sigma.Relation()
    relation.equate(relation.element(bytes(32)), (0, 0, 1))
    with pytest.raises(second_sigma.NotCanonical):
        relation.points()
    relation = second_sigma.Relation()
    relation.equate(relation.element(range_base().encode()), (0, 0, 1), (0, 0, -1))
    with pytest.raises(second_sigma.NotCanonical):
        relation.points()
