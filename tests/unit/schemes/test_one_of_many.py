"""One-of-many proofs: what they prove, and everything that must not pass."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from privshare.audit import second_one_of_many as second
from privshare.audit.second_ristretto import Transcript as SecondTranscript
from privshare.bindings import ristretto255, scalar
from privshare.errors import (
    EncodingError,
    OutOfRange,
    ProofInvalid,
    VerificationError,
)
from privshare.schemes.one_of_many import (
    IDENTITY,
    Candidates,
    Claim,
    Tag,
    proof_bytes,
    prove,
    verify,
    verify_batch,
)
from privshare.schemes.transcript import Transcript

PROTOCOL = "test/one-of-many/v1"
BASE = ristretto255.base().encode()
REFUSED = (EncodingError, ProofInvalid)


def number(i: int) -> bytes:
    """A scalar for tests that looks random and is the same in every run."""
    return scalar.reduce_wide(hashlib.sha512(b"%d" % i).digest())


def element(i: int) -> bytes:
    """An element whose logarithm nobody knows."""
    return ristretto255.from_uniform(hashlib.sha512(b"e%d" % i).digest()).encode()


def times(secret: bytes, point: bytes) -> bytes:
    return ristretto255.mul(secret, ristretto255.decode(point)).encode()


def context(message: bytes = b"message") -> Transcript:
    transcript = Transcript(PROTOCOL)
    transcript.absorb("message", message)
    return transcript


@dataclass(frozen=True)
class Ring:
    """Keys whose secrets the test knows, and a scope's base."""

    count: int
    encodings: bytes
    candidates: Candidates
    scope: bytes

    @classmethod
    def of(cls, count: int) -> Ring:
        secrets = b"".join(number(i) for i in range(count))
        keys = ristretto255.Table(ristretto255.base()).mul(secrets).encode()
        return cls(count, keys, Candidates.of(keys), element(1))

    def tag(self, index: int) -> Tag:
        return Tag(self.scope, times(number(index), self.scope))

    def claim(self, index: int, *, linked: bool = True, message: bytes = b"m") -> Claim:
        tag = self.tag(index) if linked else None
        proof = prove(
            self.candidates,
            index,
            number(index),
            BASE,
            tag=tag,
            transcript=context(message),
            rand=bytes(32),
        )
        return Claim(proof, BASE, context(message), tag=tag)


RING = Ring.of(7)


def again(claim: Claim, message: bytes = b"m") -> Claim:
    """The same claim, before it was verified."""
    return replace(claim, transcript=context(message))


@pytest.mark.parametrize("count", [2, 3, 4, 5, 15, 16, 17, 64, 65])
@pytest.mark.parametrize("linked", [False, True])
def test_every_member_can_prove(count: int, linked: bool) -> None:
    """Every position, also the last, which stands for the padding too."""
    ring = Ring.of(count)
    for index in {0, 1, count // 2, count - 2, count - 1}:
        claim = ring.claim(index, linked=linked)
        assert len(claim.proof) == proof_bytes(count, tagged=linked)
        verify(claim, ring.candidates)


@pytest.mark.parametrize(
    ("count", "plain", "tagged"),
    [(2, 256, 288), (32, 512, 608), (1024, 768, 928), (4096, 896, 1088)],
)
def test_lengths(count: int, plain: int, tagged: int) -> None:
    """As docs/protocols/one-of-many.md, section 3, has them."""
    assert (plain, tagged) == (
        proof_bytes(count, tagged=False),
        proof_bytes(count, tagged=True),
    )


@pytest.mark.parametrize("count", [1024, 4095, 4096])
def test_long_lists(count: int) -> None:
    """The longest list works, padded and full, by both implementations."""
    ring = Ring.of(count)
    claim = ring.claim(count - 1)
    verify(claim, ring.candidates)
    assert claim.tag is not None
    transcript = SecondTranscript(PROTOCOL)
    transcript.absorb("message", b"m")
    pair = (claim.tag.base, claim.tag.value)
    statement = second.Statement([ring.encodings], BASE, tag=pair)
    assert second.is_one_of_many(statement, claim.proof, transcript)
    assert transcript.challenge("next", 32) == claim.transcript.challenge("next", 32)


def test_the_nonces_are_hedged() -> None:
    """The same randomness gives the same proof, but never for two statements."""
    one, same = RING.claim(3), RING.claim(3)
    other = RING.claim(3, message=b"another")
    assert one.proof == same.proof
    assert one.proof[:32] != other.proof[:32]
    assert one.proof[-32:] != other.proof[-32:]


def test_fresh_proofs_differ() -> None:
    """Without `rand`, two proofs of one statement have nothing in common."""
    a, b = (
        prove(RING.candidates, 2, number(2), BASE, transcript=context())
        for _ in range(2)
    )
    pieces = [{p[i : i + 32] for i in range(0, len(p), 32)} for p in (a, b)]
    assert not pieces[0] & pieces[1]


def test_the_transcript_goes_on() -> None:
    """Prover and verifier share it afterwards; it depends on every byte."""
    transcript = context(b"m")
    proof = prove(RING.candidates, 1, number(1), BASE, transcript=transcript)
    claim = Claim(proof, BASE, context(b"m"))
    verify(claim, RING.candidates)
    after = transcript.challenge("next", 32)
    assert after == claim.transcript.challenge("next", 32)
    assert after != context(b"m").challenge("next", 32)


def test_an_offset_and_another_base() -> None:
    """Two commitments to one value differ by a multiple of the blinding base."""
    blinding = element(2)
    c = [element(10 + i) for i in range(5)]
    offset = ristretto255.sub(
        ristretto255.decode(c[3]), ristretto255.decode(times(number(9), blinding))
    ).encode()
    candidates = Candidates.of(c)
    proof = prove(
        candidates, 3, number(9), blinding, offset=offset, transcript=context()
    )
    verify(Claim(proof, blinding, context(), offset=offset), candidates)
    for wrong in (IDENTITY, element(3)):
        with pytest.raises(ProofInvalid):
            verify(Claim(proof, blinding, context(), offset=wrong), candidates)


def rows(columns: int, count: int = 6) -> tuple[list[list[bytes]], bytes, bytes]:
    """A table of elements, weights, and the blinding base."""
    table = [[element(100 * j + i) for i in range(count)] for j in range(columns)]
    return table, b"".join(number(50 + j) for j in range(columns)), element(2)


def weighed(weights: bytes, elements: list[bytes]) -> ristretto255.Elements:
    return ristretto255.msm_vartime(weights, ristretto255.decode(b"".join(elements)))


@pytest.mark.parametrize("columns", [2, 3, 16])
def test_several_columns(columns: int) -> None:
    """A row's weighted sum is the element; every weight and column counts."""
    table, weights, base = rows(columns)
    shifted = [
        ristretto255.sub(
            ristretto255.decode(column[4]), ristretto255.decode(times(number(j), base))
        ).encode()
        for j, column in enumerate(table)
    ]
    offset = weighed(weights, shifted).encode()
    secret = bytes(32)
    for j in range(columns):
        weight = weights[32 * j : 32 * j + 32]
        secret = scalar.add(secret, scalar.mul(weight, number(j)))
    candidates = Candidates.of([e for column in table for e in column], columns=columns)
    proof = prove(
        candidates,
        4,
        secret,
        base,
        offset=offset,
        weights=weights,
        transcript=context(),
    )
    claim = Claim(proof, base, context(), offset=offset, weights=weights)
    verify(claim, candidates)
    statement = second.Statement(
        [b"".join(column) for column in table], base, offset, None, weights
    )
    transcript = SecondTranscript(PROTOCOL)
    transcript.absorb("message", b"message")
    assert second.is_one_of_many(statement, proof, transcript)
    others = weights[32:] + weights[:32]
    with pytest.raises(ProofInvalid):
        verify(replace(claim, transcript=context(), weights=others), candidates)
    for j in range(columns):
        changed = [list(column) for column in table]
        changed[j][1] = element(7)
        flat = [e for column in changed for e in column]
        with pytest.raises(ProofInvalid):
            verify(
                replace(claim, transcript=context()),
                Candidates.of(flat, columns=columns),
            )


Change = Callable[[Claim, Ring], tuple[Claim, Candidates]]


def with_list(encodings: bytes) -> Change:
    return lambda claim, _: (claim, Candidates.of(encodings))


def with_claim(**fields: object) -> Change:
    return lambda claim, ring: (
        replace(claim, **fields),  # type: ignore[arg-type]
        ring.candidates,
    )


KEYS = RING.encodings
CHANGES: dict[str, Change] = {
    "another element in the list": with_list(KEYS[:32] + element(5) + KEYS[64:]),
    "the signer's element gone": with_list(KEYS[:64] + element(5) + KEYS[96:]),
    "two elements exchanged": with_list(KEYS[32:64] + KEYS[:32] + KEYS[64:]),
    "one element more": with_list(KEYS + element(5)),
    "one element less": with_list(KEYS[:-32]),
    "the padding written out": with_list(KEYS + KEYS[-32:]),
    "another base": with_claim(base=element(5)),
    "an offset": with_claim(offset=element(5)),
    "another tag": with_claim(tag=RING.tag(4)),
    "another scope": with_claim(tag=Tag(element(5), RING.tag(2).value)),
    "tag and scope exchanged": with_claim(tag=Tag(RING.tag(2).value, RING.scope)),
    "no tag": with_claim(tag=None),
    "another message": with_claim(transcript=context(b"n")),
    "no message": with_claim(transcript=Transcript(PROTOCOL)),
    "another protocol": with_claim(transcript=Transcript(PROTOCOL + "2")),
}


@pytest.mark.parametrize("what", CHANGES)
def test_everything_is_in_the_challenge(what: str) -> None:
    """A proof holds for its own list, statement and context alone."""
    claim = RING.claim(2)
    verify(again(claim), RING.candidates)
    changed, candidates = CHANGES[what](again(claim), RING)
    with pytest.raises(REFUSED):
        verify(changed, candidates)


@pytest.mark.parametrize("linked", [False, True])
def test_every_bit_of_a_proof_matters(linked: bool) -> None:
    """No bit of a proof can be changed; nor can it be longer or shorter."""
    ring = Ring.of(3)
    claim = ring.claim(1, linked=linked)
    for bit in range(8 * len(claim.proof)):
        wrong = bytearray(claim.proof)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(REFUSED):
            verify(replace(again(claim), proof=bytes(wrong)), ring.candidates)
    for wrong in (claim.proof + b"\0", claim.proof[:-1], claim.proof[32:], b""):
        with pytest.raises(EncodingError):
            verify(replace(again(claim), proof=bytes(wrong)), ring.candidates)


def test_scalars_must_be_canonical() -> None:
    """A response plus the group's order is refused, though it is the same."""
    order = 2**252 + 27742317777372353535851937790883648493
    claim = RING.claim(0)
    for at in range(32 * (2 + 4), len(claim.proof), 32):
        value = int.from_bytes(claim.proof[at : at + 32], "little") + order
        if value >> 256:
            continue
        wrong = claim.proof[:at] + value.to_bytes(32, "little") + claim.proof[at + 32 :]
        with pytest.raises(EncodingError) as caught:
            verify(replace(again(claim), proof=wrong), RING.candidates)
        assert caught.value.detail == {"index": 0}


@pytest.mark.parametrize("position", range(6))
def test_a_bad_proof_anywhere_in_a_batch(position: int) -> None:
    """It is found, and named."""
    claims = [RING.claim(i, message=b"%d" % i) for i in range(6)]
    fresh = [again(claim, b"%d" % i) for i, claim in enumerate(claims)]
    verify_batch(fresh, RING.candidates)
    fresh = [again(claim, b"%d" % i) for i, claim in enumerate(claims)]
    fresh[position] = again(claims[position], b"another")
    with pytest.raises(ProofInvalid) as caught:
        verify_batch(fresh, RING.candidates)
    assert caught.value.detail == {"index": position}
    fresh[position] = replace(fresh[position], proof=b"\xff" * len(claims[0].proof))
    with pytest.raises(EncodingError) as refused:
        verify_batch(fresh, RING.candidates)
    assert refused.value.detail == {"index": position}


def test_errors_that_cancel_do_not_pass_in_a_batch() -> None:
    """What one response has too much, another has too little: each has its weight."""
    claims = [again(RING.claim(1)), again(RING.claim(1))]
    one = number(77)
    for sign, i in ((one, 0), (scalar.neg(one), 1)):
        proof = claims[i].proof
        z = scalar.add(proof[-32:], sign)
        claims[i] = replace(claims[i], proof=proof[:-32] + z)
    for rand in (bytes(32), None):
        with pytest.raises(ProofInvalid):
            verify_batch(
                [replace(c, transcript=context(b"m")) for c in claims],
                RING.candidates,
                rand,
            )


def test_batches_of_one_kind() -> None:
    """With and without a tag do not mix; none and too many are refused."""
    linked, plain = RING.claim(1), RING.claim(1, linked=False)
    verify_batch([again(plain), again(plain)], RING.candidates)
    with pytest.raises(OutOfRange):
        verify_batch([again(linked), again(plain)], RING.candidates)
    with pytest.raises(OutOfRange):
        verify_batch([], RING.candidates)
    with pytest.raises(OutOfRange):
        verify_batch([linked] * 1025, RING.candidates)


def test_the_prover_refuses_what_is_not_true() -> None:
    """Not in the list, another's secret, another's tag, an index outside."""

    def attempt(index: int, secret: bytes, **fields: object) -> None:
        prove(
            RING.candidates,
            index,
            secret,
            BASE,
            transcript=context(),
            **fields,  # type: ignore[arg-type]
        )

    for index, secret in ((1, number(2)), (1, number(99)), (1, bytes(32))):
        with pytest.raises(ProofInvalid):
            attempt(index, secret)
    with pytest.raises(ProofInvalid):
        attempt(1, number(1), tag=RING.tag(2))
    with pytest.raises(ProofInvalid):
        attempt(1, number(1), offset=element(4))
    for index in (7, 8, -1, 1 << 70):
        with pytest.raises(OutOfRange):
            attempt(index, number(1))
    with pytest.raises(EncodingError):
        attempt(1, b"\xff" * 32)
    with pytest.raises(EncodingError):
        attempt(1, number(1), weights=number(1) * 2)
    with pytest.raises(OutOfRange):
        attempt(1, number(1), weights=number(1))


def test_identities() -> None:
    """A base or a tag is never the identity; an element may be, by its list."""
    claim = RING.claim(1)
    for fields in (
        {"base": IDENTITY},
        {"tag": Tag(IDENTITY, RING.tag(1).value)},
        {"tag": Tag(RING.scope, IDENTITY)},
    ):
        with pytest.raises(ProofInvalid):
            verify(replace(again(claim), **fields), RING.candidates)  # type: ignore[arg-type]
    everybody = Candidates.of(KEYS[:64] + IDENTITY)
    zero = bytes(32)
    proof = prove(everybody, 2, zero, BASE, transcript=context())
    verify(Claim(proof, BASE, context()), everybody)
    with pytest.raises(ProofInvalid):
        prove(
            everybody,
            2,
            zero,
            BASE,
            tag=Tag(RING.scope, IDENTITY),
            transcript=context(),
        )


def test_equal_elements() -> None:
    """They are accepted, prove the same, and make one tag."""
    doubled = Candidates.of(KEYS[:32] * 2 + KEYS[32:64])
    tag = RING.tag(0)
    for index in (0, 1):
        proof = prove(doubled, index, number(0), BASE, tag=tag, transcript=context())
        verify(Claim(proof, BASE, context(), tag=tag), doubled)


def test_a_tag_is_no_public_function_of_the_list() -> None:
    """No element raised to the hash that made the base is a tag."""
    hashed = scalar.reduce_wide(hashlib.sha512(b"e1").digest())
    tags = {RING.tag(i).value for i in range(RING.count)}
    publicly = ristretto255.mul(hashed * RING.count, ristretto255.decode(KEYS)).encode()
    found = {publicly[i : i + 32] for i in range(0, len(publicly), 32)}
    assert not tags & found
    assert len(tags) == RING.count


def test_lists_that_are_none() -> None:
    """Too short, too long, not canonical, columns that do not fit."""
    with pytest.raises(OutOfRange):
        Candidates.of(element(1))
    with pytest.raises(OutOfRange):
        Candidates.of(element(1) * 4097)
    with pytest.raises(OutOfRange):
        Candidates.of(element(1) * 34, columns=17)
    with pytest.raises(OutOfRange):
        Candidates.of(element(1) * 4, columns=0)
    with pytest.raises(EncodingError):
        Candidates.of(element(1) * 5, columns=2)
    with pytest.raises(EncodingError):
        Candidates.of(element(1) + b"\0")
    with pytest.raises(EncodingError) as caught:
        Candidates.of([element(1), element(2), b"\xff" * 32])
    assert caught.value.detail["index"] == 2
    with pytest.raises(OutOfRange):
        proof_bytes(1, tagged=True)


def test_the_shape_is_in_the_digest() -> None:
    """The same elements as one column, two or three are different lists."""
    flat = b"".join(element(i) for i in range(12))
    shapes = {Candidates.of(flat, columns=c).digest for c in (1, 2, 3, 4)}
    assert len(shapes) == 4


def test_the_list_is_not_printed_whole() -> None:
    """A verdict is an error with a sentence, not a dump."""
    claim = RING.claim(1)
    with pytest.raises(VerificationError) as caught:
        verify(again(claim, b"another"), RING.candidates)
    assert str(caught.value).startswith("expected")
