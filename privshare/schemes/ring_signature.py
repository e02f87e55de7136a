"""Ring signatures: somebody of the ring signed, once in a scope, nobody knows who.

    signer     message, scope, ring, key ─► sign ─► RingSignature
    everybody  the same, without the key ─► verify ─► LinkingTag
               two tags of one scope ─► same_signer
               with regulators: k of n of them name the signer (`escrow`)

A scope is what a member may sign once without being recognised: in it each
member has one tag, T = x·U, and U is hashed from the scope. Tags of different
scopes have nothing to do with each other. Everything else that a signature is
for goes into the context.

Two forms prove the same. "lsag" is a circle of challenges, 32 bytes a member;
"one-of-many" is shorter for long rings and is what `verify_many` is quickest
with.

>>> from privshare.schemes.ring_key import RingKey
>>> keys = [RingKey.generate() for _ in range(4)]
>>> ring = Ring.of(key.public for key in keys)
>>> one = sign(b"yes", scope=b"vote 7", context=b"", ring=ring, key=keys[2])
>>> tag = verify(one, b"yes", scope=b"vote 7", context=b"", ring=ring)
>>> same_signer(tag, tag_of(keys[2], b"vote 7"))
True
>>> same_signer(tag, tag_of(keys[0], b"vote 7"))
False

Implements docs/protocols/ring.md.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from privshare.bindings import ring as native
from privshare.bindings import ristretto255, scalar
from privshare.errors import (
    EncodingError,
    NotFound,
    OutOfRange,
    ProofInvalid,
    SignatureInvalid,
    VerificationError,
)
from privshare.schemes import escrow as escrows
from privshare.schemes import one_of_many, sigma
from privshare.schemes.escrow import Escrow
from privshare.schemes.ring import MAX_CIRCLE, MAX_MEMBERS, Regulators, Ring
from privshare.schemes.ring_key import IDENTITY, KEY_BYTES, RingKey
from privshare.schemes.transcript import Transcript
from privshare.wire import domain
from privshare.wire.digest import tagged

Form = Literal["lsag", "one-of-many"]

RAND_BYTES = 32

#: The longest ring that `sign` makes a circle of when no form is asked for.
SHORT_RING = 32

_CODES: Final[dict[Form, int]] = {"lsag": 1, "one-of-many": 2}
_FORMS: Final[dict[int, Form]] = {code: form for form, code in _CODES.items()}
_HEAD_BYTES = 1 + KEY_BYTES + 2
_MAX_WORDS = MAX_CIRCLE + 1

__all__ = [
    "Claim",
    "Form",
    "LinkingTag",
    "Regulators",
    "Ring",
    "RingSignature",
    "same_signer",
    "sign",
    "tag_of",
    "verify",
    "verify_many",
]


@dataclass(frozen=True, slots=True)
class LinkingTag:
    """Who signed in a scope, without saying who. From `verify` or `tag_of`.

    Attributes:
        value: T, 32 bytes; what a ledger keeps to see the same signer again.
        scope: Digest of the scope.
    """

    value: bytes
    scope: bytes


@dataclass(frozen=True, slots=True)
class RingSignature:
    """A signature as it travels.

    Attributes:
        form: How it is proven.
        tag: T, encoded.
        proof: 32 bytes times a number that form and ring decide.
        escrow: The signer's key for the regulators, or None.

    Raises:
        EncodingError: A part is not canonical or has a length that no
            signature has.
    """

    form: Form
    tag: bytes
    proof: bytes
    escrow: Escrow | None = None

    def __post_init__(self) -> None:
        """Check lengths and encodings."""
        if len(self.tag) != KEY_BYTES or self.tag == IDENTITY:
            raise EncodingError(
                f"expected a tag of {KEY_BYTES} bytes and not the identity, found "
                "another"
            )
        ristretto255.decode(self.tag)
        words, rest = divmod(len(self.proof), KEY_BYTES)
        if rest or not 1 <= words <= _MAX_WORDS:
            raise EncodingError(
                f"expected a proof of 1 to {_MAX_WORDS} times {KEY_BYTES} bytes, found "
                f"{len(self.proof)} bytes"
            )
        if self.form == "lsag":
            scalar.check(self.proof)

    def to_bytes(self) -> bytes:
        """Form, tag, length of the proof, proof, escrow."""
        words = len(self.proof) // KEY_BYTES
        head = bytes((_CODES[self.form],)) + self.tag + words.to_bytes(2, "little")
        return head + self.proof + (self.escrow.to_bytes() if self.escrow else b"")

    @classmethod
    def from_bytes(cls, data: bytes) -> RingSignature:
        """Read what `to_bytes` wrote.

        Raises:
            EncodingError: An unknown form, a length, or not canonical.
            OutOfRange: An escrow for a number of regulators that cannot be.
        """
        if len(data) < _HEAD_BYTES or data[0] not in _FORMS:
            raise EncodingError(
                "expected a ring signature of form 1 or 2, found "
                f"{len(data)} bytes of another"
            )
        words = int.from_bytes(data[_HEAD_BYTES - 2 : _HEAD_BYTES], "little")
        end = _HEAD_BYTES + KEY_BYTES * words
        if len(data) < end:
            raise EncodingError(
                f"expected a ring signature of at least {end} bytes, found {len(data)}"
            )
        return cls(
            _FORMS[data[0]],
            data[1 : 1 + KEY_BYTES],
            data[_HEAD_BYTES:end],
            Escrow.from_bytes(data[end:]) if len(data) > end else None,
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature with everything that a verifier needs but the ring."""

    signature: RingSignature
    message: bytes
    scope: bytes
    context: bytes
    regulators: Regulators | None = None


def sign(
    message: bytes,
    *,
    scope: bytes,
    context: bytes,
    ring: Ring,
    key: RingKey,
    regulators: Regulators | None = None,
    form: Form | None = None,
    rand: bytes | None = None,
) -> RingSignature:
    """Sign as one of the ring.

    Args:
        message: What is signed.
        scope: In which two signatures of one member show the same tag.
        context: What else the signature is bound to.
        ring: Whom the signer hides among.
        key: The signer's.
        regulators: Who may find out together who signed; bound to the
            signature, and nobody otherwise.
        form: "lsag" for rings of up to 64, "one-of-many" for any; by default
            the former up to 32.
        rand: 32 random bytes, used once; drawn when not given. Should they
            repeat, nothing is lost: nonces depend on the secret and on all
            that is signed.

    Returns:
        The signature. Who repeats it gains nothing: it is dealt with by tag.

    Raises:
        NotFound: The key is not in the ring.
        OutOfRange: The ring is too long for the form, or `rand` has another
            length.

    Source:
        docs/protocols/ring.md, sections 3 and 5.

    Leaks:
        The tag. Whoever knows the secret of a member can tell whether that
        member signed. Time and addresses do not depend on the signer's place
        in the ring.
    """
    rand = secrets.token_bytes(RAND_BYTES) if rand is None else rand
    if len(rand) != RAND_BYTES:
        raise OutOfRange(f"expected {RAND_BYTES} random bytes, found {len(rand)}")
    form = form or ("lsag" if len(ring) <= SHORT_RING else "one-of-many")
    if form == "lsag" and len(ring) > MAX_CIRCLE:
        raise OutOfRange(
            f"expected a ring of at most {MAX_CIRCLE} keys for this form, found "
            f"{len(ring)}",
            fix='use the form "one-of-many"',
        )
    index = native.find(ring.encoding, key.public)
    if index is None:
        raise NotFound("expected a key of the ring, found another")
    place = native.scope_of(scope)
    tag = native.tag(key.to_bytes(), place)
    transcript = _transcript(message, scope, context, ring, tag, regulators)
    escrow = None
    if regulators is not None:
        escrow = escrows.make(key, regulators, place.base, tag, transcript.fork(), rand)
    transcript.absorb("escrow", escrow.to_bytes() if escrow else b"")
    if form == "lsag":
        proof = ring.core.sign(key.to_bytes(), place, transcript.core, rand)
    else:
        proof = one_of_many.prove(
            ring.candidates,
            index,
            key.to_bytes(),
            _generator(),
            tag=one_of_many.Tag(place.base, tag),
            transcript=transcript,
            rand=rand,
        )
    return RingSignature(form, tag, proof, escrow)


def verify(
    signature: RingSignature,
    message: bytes,
    *,
    scope: bytes,
    context: bytes,
    ring: Ring,
    regulators: Regulators | None = None,
) -> LinkingTag:
    """Check that a member of the ring signed this.

    Args:
        signature: From `RingSignature.from_bytes`.
        message: As signed.
        scope: As signed.
        context: As signed.
        ring: As signed.
        regulators: As signed; None where there are none.

    Returns:
        The tag, good for comparing with others of this scope. Whether it was
        there before is for the caller to see.

    Raises:
        SignatureInvalid: It is not a signature of this, by this ring, for
            these regulators.
    """
    claim = Claim(signature, message, scope, context, regulators)
    place, transcript = native.scope_of(scope), _claimed(claim, ring)
    try:
        proof = _escrow(claim, ring, place, transcript)
        if proof is not None:
            sigma.verify(proof.statement, proof.proof, proof.transcript)
        _absorb_escrow(signature, transcript)
        if signature.form == "lsag":
            _circle(ring, signature, place, transcript)
        else:
            one_of_many.verify(_out_of_many(claim, place, transcript), ring.candidates)
    except (VerificationError, EncodingError, OutOfRange) as error:
        raise SignatureInvalid(
            f"expected a signature of the ring, found that it does not hold: {error}"
        ) from error
    return LinkingTag(signature.tag, _scope_digest(scope))


def verify_many(
    claims: Sequence[Claim], ring: Ring, rand: bytes | None = None
) -> list[LinkingTag]:
    """Check many signatures by one ring: what is short together, the rest singly.

    Signatures of the form "one-of-many" share one multi-scalar multiplication.

    Args:
        claims: Any number, of either form.
        ring: Of all of them.
        rand: 32 bytes that nobody knew when they were signed; drawn when not
            given.

    Returns:
        The tags, in order.

    Raises:
        SignatureInvalid: One does not hold; `detail` has the `index` of the
            first.
    """
    many = [i for i, one in enumerate(claims) if one.signature.form == "one-of-many"]
    if len(many) > 1:
        try:
            return _verify_together(claims, many, ring, rand)
        except (VerificationError, EncodingError, OutOfRange):
            pass  # one by one, to name it
    return [_verify_at(i, claim, ring) for i, claim in enumerate(claims)]


def _verify_together(
    claims: Sequence[Claim], many: Sequence[int], ring: Ring, rand: bytes | None
) -> list[LinkingTag]:
    parts: list[one_of_many.Claim] = []
    proofs: list[sigma.Claim] = []
    for i in many:
        claim = claims[i]
        place, transcript = native.scope_of(claim.scope), _claimed(claim, ring)
        proof = _escrow(claim, ring, place, transcript)
        if proof is not None:
            proofs.append(proof)
        _absorb_escrow(claim.signature, transcript)
        parts.append(_out_of_many(claim, place, transcript))
    one_of_many.verify_batch(parts, ring.candidates, rand)
    sigma.verify_batch(proofs, rand)
    singly = set(range(len(claims))) - set(many)
    for i in sorted(singly):
        _verify_at(i, claims[i], ring)
    return [
        LinkingTag(claim.signature.tag, _scope_digest(claim.scope)) for claim in claims
    ]


def _verify_at(index: int, claim: Claim, ring: Ring) -> LinkingTag:
    try:
        return verify(
            claim.signature,
            claim.message,
            scope=claim.scope,
            context=claim.context,
            ring=ring,
            regulators=claim.regulators,
        )
    except SignatureInvalid as error:
        raise SignatureInvalid(error.message, detail={"index": index}) from error


def tag_of(key: RingKey, scope: bytes) -> LinkingTag:
    """The tag that a key has in a scope: whether its holder signed already."""
    value = native.tag(key.to_bytes(), native.scope_of(scope))
    return LinkingTag(value, _scope_digest(scope))


def same_signer(a: LinkingTag, b: LinkingTag) -> bool:
    """Whether two verified signatures of one scope have one signer.

    Raises:
        OutOfRange: The scopes differ: there the tags of one signer differ too,
            and tell nothing.
    """
    if a.scope != b.scope:
        raise OutOfRange("expected tags of one scope, found tags of two")
    return hmac.compare_digest(a.value, b.value)


def _scope_digest(scope: bytes) -> bytes:
    return tagged(domain.RING_SCOPE, scope)


@cache
def _generator() -> bytes:
    return ristretto255.base().encode()


def _transcript(
    message: bytes,
    scope: bytes,
    context: bytes,
    ring: Ring,
    tag: bytes,
    regulators: Regulators | None,
) -> Transcript:
    """Everything that is signed but the escrow, which is bound to this much."""
    transcript = Transcript("ring/v1")
    transcript.absorb("context", context)
    transcript.absorb("ring", ring.digest)
    transcript.absorb("scope", scope)
    transcript.absorb("message", message)
    transcript.absorb("tag", tag)
    transcript.absorb("regulators", regulators.digest if regulators else b"")
    return transcript


def _claimed(claim: Claim, ring: Ring) -> Transcript:
    return _transcript(
        claim.message,
        claim.scope,
        claim.context,
        ring,
        claim.signature.tag,
        claim.regulators,
    )


def _absorb_escrow(signature: RingSignature, transcript: Transcript) -> None:
    escrow = signature.escrow
    transcript.absorb("escrow", escrow.to_bytes() if escrow else b"")


def _escrow(
    claim: Claim, ring: Ring, place: native.ScopeCore, transcript: Transcript
) -> sigma.Claim | None:
    """What is to be verified of the escrow; it is there if there are regulators.

    Raises:
        ProofInvalid: It is there and should not be, or the reverse.
    """
    escrow, regulators = claim.signature.escrow, claim.regulators
    if escrow is None and regulators is None:
        return None
    if escrow is None or regulators is None:
        raise ProofInvalid(
            f"expected {'an' if regulators else 'no'} escrow, found "
            f"{'one' if escrow else 'none'}"
        )
    tag, fork = claim.signature.tag, transcript.fork()
    return escrows.claim(escrow, regulators, ring, place.base, tag, fork)


def _circle(
    ring: Ring,
    signature: RingSignature,
    place: native.ScopeCore,
    transcript: Transcript,
) -> None:
    if len(ring) > MAX_CIRCLE:
        raise OutOfRange(
            f"expected a ring of at most {MAX_CIRCLE} keys for this form, found "
            f"{len(ring)} of at most {MAX_MEMBERS}"
        )
    ring.core.verify(signature.proof, signature.tag, place, transcript.core)


def _out_of_many(
    claim: Claim, place: native.ScopeCore, transcript: Transcript
) -> one_of_many.Claim:
    return one_of_many.Claim(
        proof=claim.signature.proof,
        base=_generator(),
        tag=one_of_many.Tag(place.base, claim.signature.tag),
        transcript=transcript,
    )
