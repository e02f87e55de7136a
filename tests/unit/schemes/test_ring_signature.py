"""Ring signatures: they hold for what was signed, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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

from privshare.bindings import ristretto255, scalar
from privshare.bindings.ring import scope_of
from privshare.errors import (
    EncodingError,
    NotFound,
    OutOfRange,
    SignatureInvalid,
)
from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_signature import (
    Claim,
    Form,
    LinkingTag,
    RingSignature,
    same_signer,
    sign,
    tag_of,
    verify,
    verify_many,
)

FORMS: list[Form] = ["lsag", "one-of-many"]
ORDER = 2**252 + 27742317777372353535851937790883648493


def signed(count: int = 4, place: int = 1, **changes: Any) -> RingSignature:
    """A signature of the standard statement."""
    wanted = {
        "scope": SCOPE,
        "context": CONTEXT,
        "ring": ring(count),
        "key": members(count)[place],
        "form": "lsag",
    } | changes
    message = wanted.pop("message", MESSAGE)
    return sign(message, **wanted)


def check(signature: RingSignature, count: int = 4, **changes: Any) -> LinkingTag:
    """Verify against the standard statement, or another."""
    wanted = {"scope": SCOPE, "context": CONTEXT, "ring": ring(count)} | changes
    message = wanted.pop("message", MESSAGE)
    return verify(signature, message, **wanted)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [2, 3, 5, 16, 64])
def test_every_member_signs(count: int, form: Form) -> None:
    """Each place, and the tag is that member's."""
    for place in range(0, count, 1 + count // 8):
        signature = signed(count, place, form=form)
        again = RingSignature.from_bytes(signature.to_bytes())
        assert again == signature
        assert tag_of(members(count)[place], SCOPE) == check(again, count)


def test_forms_by_length() -> None:
    """A circle up to 32 members; the other form beyond, and up to 4,096."""
    assert signed(32, form=None).form == "lsag"
    assert signed(33, form=None).form == "one-of-many"
    assert len(signed(16).to_bytes()) == 35 + 32 * 17
    check(signed(4096, 2000, form=None), 4096)
    with pytest.raises(OutOfRange, match="65"):
        signed(65)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_member_is_seen(form: Form) -> None:
    """In one scope, across messages, contexts and rings; and in no other."""
    mine = members(4)[1]
    one = check(signed(form=form))
    other = check(signed(form=form, message=b"other", context=b"x"), message=b"other",
                  context=b"x")  # fmt: skip
    assert same_signer(one, other)
    wider = Ring.of([*ring(4).keys, key(5).public])
    assert same_signer(one, check(signed(ring=wider, form=form, key=mine), ring=wider))
    assert not same_signer(one, check(signed(form=form, place=2)))
    elsewhere = check(signed(form=form, scope=b"2027"), scope=b"2027")
    assert elsewhere.value != one.value
    with pytest.raises(OutOfRange, match="one scope"):
        same_signer(one, elsewhere)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("escrowed", [False, True])
def test_every_part_of_the_statement_counts(form: Form, escrowed: bool) -> None:
    """Message, scope, context, ring and regulators: any other, and it is refused."""
    regulators = REGULATORS if escrowed else None
    signature = signed(form=form, regulators=regulators)
    check(signature, regulators=regulators)
    keys = [one.public for one in REGULATOR_KEYS]
    others: list[dict[str, Any]] = [
        {"message": MESSAGE + b"\0"},
        {"message": b""},
        {"scope": b"complaints/2027"},
        {"context": b"housing/clerks"},
        {"message": CONTEXT, "context": MESSAGE},
        {"ring": Ring(ring(4).keys[:3])},
        {"ring": ring(5)},
        {"ring": Ring.of([*ring(4).keys[1:], key(5).public])},
        {"regulators": None if escrowed else REGULATORS},
        {"regulators": Regulators(3, keys)},
        {"regulators": Regulators(2, keys[::-1])},
        {"regulators": Regulators(2, keys[:2])},
        {"regulators": Regulators(2, [*keys[:2], key(80).public])},
    ]
    for other in others:
        with pytest.raises(SignatureInvalid):
            check(signature, **({"regulators": regulators} | other))


def refused(data: bytes, **changes: Any) -> bool:
    """Whether bytes are no signature, or none of this."""
    try:
        signature = RingSignature.from_bytes(data)
    except (EncodingError, OutOfRange):
        return True
    try:
        check(signature, **changes)
    except SignatureInvalid:
        return True
    return False


@pytest.mark.parametrize(
    ("form", "regulators"), [("lsag", REGULATORS), ("one-of-many", None)]
)
def test_every_bit_counts(form: Form, regulators: Regulators | None) -> None:
    """Each bit of a signature, with an escrow and without, flipped."""
    data = signed(form=form, regulators=regulators).to_bytes()
    assert not refused(data, regulators=regulators)
    for bit in range(8 * len(data)):
        bent = bytearray(data)
        bent[bit // 8] ^= 1 << bit % 8
        assert refused(bytes(bent), regulators=regulators), bit


@pytest.mark.parametrize("form", FORMS)
def test_every_length_counts(form: Form) -> None:
    """Cut anywhere, or with something behind."""
    data = signed(form=form, regulators=REGULATORS).to_bytes()
    for end in range(len(data)):
        assert refused(data[:end], regulators=REGULATORS)
    assert refused(data + b"\0", regulators=REGULATORS)


def test_scalars_have_one_encoding() -> None:
    """s + l, where it fits, is refused."""
    signature = signed()
    for word in range(5):
        at = slice(32 * word, 32 * word + 32)
        value = int.from_bytes(signature.proof[at], "little") + ORDER
        bent = bytearray(signature.proof)
        bent[at] = value.to_bytes(32, "little")
        with pytest.raises(EncodingError):
            replace(signature, proof=bytes(bent))


def test_words_of_other_places() -> None:
    """Answers swapped or turned round, or another signature's tag."""
    signature = signed()
    words = [signature.proof[i : i + 32] for i in range(0, 160, 32)]
    for mixed in (
        [words[0], words[2], words[1], *words[3:]],
        [words[0], *words[2:], words[1]],
        words[::-1],
        [*words[:4], words[0]],
        [bytes(32)] * 5,
    ):
        with pytest.raises(SignatureInvalid):
            check(replace(signature, proof=b"".join(mixed)))
    with pytest.raises(SignatureInvalid):
        check(replace(signature, tag=signed(place=2).tag))


def test_forms_are_not_each_other() -> None:
    """A proof under another form's name."""
    circle, other = signed(), signed(form="one-of-many")
    with pytest.raises(SignatureInvalid):
        check(replace(circle, form="one-of-many"))
    with pytest.raises((SignatureInvalid, EncodingError)):
        check(replace(other, form="lsag"))
    with pytest.raises(SignatureInvalid, match="64"):
        check(circle, ring=ring(65))


@pytest.mark.parametrize("form", FORMS)
def test_who_is_not_in_the_ring(form: Form) -> None:
    """A stranger cannot sign."""
    with pytest.raises(NotFound, match="key of the ring"):
        signed(key=key(5), form=form)


def test_no_public_number_makes_a_tag_of_a_key() -> None:
    """T is no multiple of a member's key by anything that everybody knows.

    Were the base a known multiple of the generator, u·P would be the tag.
    """
    signature = signed()
    base = scope_of(SCOPE).base
    keys = ristretto255.decode(b"".join(ring(4).keys))
    public = [
        scalar.reduce_wide(data.ljust(64, b"\0")[:64])
        for data in (SCOPE, CONTEXT, MESSAGE, base, signature.tag, ring(4).digest)
    ] + [scalar.from_int(i) for i in range(-50, 50)]
    for number in public:
        products = ristretto255.mul(number * 4, keys).encode()
        assert signature.tag not in [products[i : i + 32] for i in range(0, 128, 32)]


def test_a_commitment_cannot_be_made_to_measure() -> None:
    """A forger who chooses commitments when the challenge is known needs it first.

    Without a secret one can close a circle for any challenges by choosing the
    answers and computing L and R; then the hash gives other challenges. We take
    a signature of one message and solve for every part that could make it one
    of another.
    """
    signature = signed()
    words = [signature.proof[i : i + 32] for i in range(0, 160, 32)]
    for word in range(5):
        for delta in (1, -1, 2, 2**64):
            moved = list(words)
            moved[word] = scalar.add(moved[word], scalar.from_int(delta))
            with pytest.raises(SignatureInvalid):
                check(replace(signature, proof=b"".join(moved)), message=b"other")
    # A tag of nobody's, with answers shifted to fit one equation but not both.
    stranger = tag_of(key(5), SCOPE).value
    with pytest.raises(SignatureInvalid):
        check(replace(signature, tag=stranger))


@pytest.mark.parametrize("form", FORMS)
def test_randomness(form: Form) -> None:
    """Fresh by default; the same bytes are the same signature, of this alone."""
    rand = bytes(range(32))
    assert signed(form=form) != signed(form=form)
    first = signed(form=form, rand=rand)
    assert first == signed(form=form, rand=rand)
    other = signed(form=form, rand=rand, message=b"other")
    assert first.tag == other.tag
    assert set(words_of(first)).isdisjoint(words_of(other))
    for length in (0, 31, 33):
        with pytest.raises(OutOfRange, match="32 random"):
            signed(form=form, rand=bytes(length))


def words_of(signature: RingSignature) -> list[bytes]:
    """The numbers of a proof."""
    proof = signature.proof
    return [proof[i : i + 32] for i in range(0, len(proof), 32)]


def test_many_at_once() -> None:
    """Both forms, escrows and all; a bad one is named wherever it stands."""
    claims = [
        Claim(
            signed(
                16, place, form=form, regulators=regulators, message=bytes((place,))
            ),
            bytes((place,)),
            SCOPE,
            CONTEXT,
            regulators,
        )
        for place, form, regulators in (
            (0, "one-of-many", None),
            (1, "lsag", REGULATORS),
            (2, "one-of-many", REGULATORS),
            (3, "one-of-many", None),
            (4, "lsag", None),
        )
    ]
    tags = verify_many(claims, ring(16))
    assert [tag_of(members(16)[i], SCOPE) for i in range(5)] == tags
    assert verify_many([], ring(16)) == []
    for index, claim in enumerate(claims):
        bad = list(claims)
        bad[index] = replace(claim, message=b"other")
        with pytest.raises(SignatureInvalid) as caught:
            verify_many(bad, ring(16))
        assert index == caught.value.detail["index"]
