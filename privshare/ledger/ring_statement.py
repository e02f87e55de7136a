"""Statements of an unnamed member of a ring: what is signed, and for what.

The ledger never sees the message: a signature is over a salted digest of it.
A member's tag depends on network, ring and scope alone, so it links what one
member says in a scope through all lists of that ring, and nothing else; the
signature is good for one list of keys.

    member    message, Place ─► sign ─► SignedStatement ─► any agency's node
    node      ─► statement.ring ─► ledger: verify, for everybody
    auditor   message, salt ─► message_digest; verify

Everybody builds these bytes here: signer, rules, auditor.

Implements docs/formats/entry.md, section 8, and docs/protocols/ring.md.

>>> place = Place("demo.privshare", "housing/officials", 1, "complaints 2026")
>>> len(place.scope_bytes), len(place.context)
(32, 32)
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from privshare.errors import EncodingError, PrivShareError, SignatureInvalid
from privshare.rights import identifier
from privshare.schemes import ring_signature
from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_key import RingKey
from privshare.schemes.ring_signature import Form, RingSignature
from privshare.wire import domain
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u
from privshare.wire.digest import sha256, tagged

__all__ = [
    "MAX_EPOCH",
    "MAX_MESSAGE",
    "MAX_SIGNATURE",
    "SALT_BYTES",
    "Place",
    "SignedStatement",
    "message_digest",
    "opening_context",
    "sign",
    "statement_id",
    "tag_key",
    "verify",
]

TYPE = "privshare.statement"

#: Longest message; it lies with the agency that handed it in.
MAX_MESSAGE = 65_536

#: Longest signature in the ledger.
MAX_SIGNATURE = 8_192

SALT_BYTES = 32
DIGEST_BYTES = 32
MAX_EPOCH = INTEGER_LIMIT - 1

#: Verified signatures that are remembered, so that a node that checked one
#: before its turn in the block does not check it twice.
_REMEMBERED = 1_024


@dataclass(frozen=True, slots=True)
class Place:
    """What a statement is signed for, apart from the message.

    Attributes:
        network: The network's id.
        ring: `<agency>/<name>`.
        epoch: Which list of its keys.
        scope: In which the signer's statements are linked.
    """

    network: str
    ring: str
    epoch: int
    scope: str

    @property
    def scope_bytes(self) -> bytes:
        """What the tag depends on besides the signer's key."""
        return tagged(
            domain.STATEMENT_SCOPE,
            self.network.encode(),
            self.ring.encode(),
            self.scope.encode(),
        )

    @property
    def context(self) -> bytes:
        """What else the signature is bound to."""
        return tagged(
            domain.STATEMENT_CONTEXT,
            self.network.encode(),
            self.ring.encode(),
            str(self.epoch).encode(),
        )


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A message and the signature of an unnamed member, as they are handed in.

    Attributes:
        place: What it was signed for.
        message: Anything, at most `MAX_MESSAGE` bytes.
        salt: 32 bytes that keep the message from being guessed.
        signature: `RingSignature.to_bytes`.
    """

    place: Place
    message: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What was signed, and what the ledger gets."""
        return message_digest(self.salt, self.message)

    def body(self) -> dict[str, Json]:
        """The body of `statement.ring`."""
        return {
            "digest": b64u(self.digest),
            "epoch": self.place.epoch,
            "ring": self.place.ring,
            "scope": self.place.scope,
            "signature": b64u(self.signature),
        }

    def to_json(self) -> dict[str, Json]:
        """Lay the statement out as files and requests carry it."""
        return {
            "epoch": self.place.epoch,
            "message": b64u(self.message),
            "network": self.place.network,
            "ring": self.place.ring,
            "salt": b64u(self.salt),
            "scope": self.place.scope,
            "signature": b64u(self.signature),
            "type": TYPE,
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> SignedStatement:
        """Read a file or a request. Nothing about it is verified yet.

        Raises:
            EncodingError: Another form.
            OutOfRange: An epoch below 1.
        """
        fields = Fields(obj, where="statement")
        fields.constant("type", TYPE)
        fields.constant("v", 1)
        network = identifier.NETWORK.check(fields.str("network"), "statement.network")
        place = Place(
            network,
            identifier.RING.check(fields.str("ring"), "statement.ring"),
            fields.int("epoch", 1, MAX_EPOCH),
            identifier.SCOPE.check(fields.str("scope"), "statement.scope"),
        )
        made = cls(
            place,
            fields.bytes("message", max=MAX_MESSAGE),
            fields.bytes("salt", SALT_BYTES),
            fields.bytes("signature", max=MAX_SIGNATURE),
        )
        fields.end()
        return made


def message_digest(salt: bytes, message: bytes) -> bytes:
    """What a ring signs: H(STATEMENT_MESSAGE, salt, SHA-256(message)).

    Raises:
        EncodingError: A salt of another length than 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise EncodingError(f"expected a salt of {SALT_BYTES} bytes, found {len(salt)}")
    return tagged(domain.STATEMENT_MESSAGE, salt, sha256(message))


def statement_id(place: Place, tag: bytes, digest: bytes) -> str:
    """The id of a statement: the signer can tell it before anybody has it.

    Neither who hands it in nor how the signature came out changes it.
    """
    parts = (place.network, place.ring, str(place.epoch), place.scope)
    encoded = [part.encode() for part in parts]
    return b64u(tagged(domain.STATEMENT, *encoded, tag, digest))


def tag_key(place: Place, tag: bytes) -> str:
    """Where the state counts what one signer said in a scope."""
    return f"tag/{place.ring}/{b64u(place.scope_bytes)}/{b64u(tag)}"


def opening_context(network: str, statement: str, agency: str, reason: str) -> bytes:
    """What a regulator's part of an opening is bound to."""
    parts = (network, statement, agency, reason)
    return tagged(domain.OPENING, *(part.encode() for part in parts))


def sign(
    message: bytes,
    place: Place,
    ring: Ring,
    key: RingKey,
    regulators: Regulators | None = None,
    *,
    form: Form | None = None,
    salt: bytes | None = None,
    rand: bytes | None = None,
) -> SignedStatement:
    """Say something as an unnamed member of a ring.

    Args:
        message: At most `MAX_MESSAGE` bytes. What it says may give its author
            away; nothing here hides that.
        place: Network, ring, epoch and scope.
        ring: The keys of that epoch.
        key: The signer's.
        regulators: Of that epoch; None exactly if it has none.
        form: As for `ring_signature.sign`.
        salt: 32 bytes; drawn when not given.
        rand: As for `ring_signature.sign`.

    Raises:
        EncodingError: The message is too long, the scope of another form, or the
            salt not 32 bytes.
        NotFound: The key is not in the ring.
        OutOfRange: A form that the ring is too large for.
    """
    if len(message) > MAX_MESSAGE:
        raise EncodingError(
            f"expected a message of at most {MAX_MESSAGE} bytes, found {len(message)}"
        )
    identifier.SCOPE.check(place.scope, "scope")
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    made = ring_signature.sign(
        message_digest(salt, message),
        scope=place.scope_bytes,
        context=place.context,
        ring=ring,
        key=key,
        regulators=regulators,
        form=form,
        rand=rand,
    )
    return SignedStatement(place, message, salt, made.to_bytes())


def verify(
    signature: bytes,
    digest: bytes,
    place: Place,
    ring: Ring,
    regulators: Regulators | None = None,
) -> RingSignature:
    """Check that a member of the ring signed this, and with which tag.

    Args:
        signature: Bytes from anybody.
        digest: From `message_digest`.
        place: Network, ring, epoch and scope.
        ring: The keys of that epoch.
        regulators: Of that epoch, or None.

    Returns:
        The signature, read: its tag, and its escrow exactly if there are
        regulators.

    Raises:
        EncodingError: Not the canonical bytes of a signature.
        SignatureInvalid: No member signed this for this place, or its key was
            not given to exactly these regulators.
    """
    if len(signature) > MAX_SIGNATURE or len(digest) != DIGEST_BYTES:
        raise EncodingError(
            f"expected a signature of at most {MAX_SIGNATURE} bytes under a digest of "
            f"{DIGEST_BYTES}, found {len(signature)} and {len(digest)}"
        )
    scope, context = place.scope_bytes, place.context
    whose = b"" if regulators is None else regulators.digest
    claim = b"".join((ring.digest, scope, context, digest, whose.ljust(32, b"\0")))
    claim += signature
    found = _SEEN.get(claim)
    if found is not None:
        return found
    try:
        read = RingSignature.from_bytes(signature)
    except PrivShareError as error:  # numbers that cannot be are another form, too
        raise EncodingError(f"signature: {error.message}") from None
    ring_signature.verify(
        read, digest, scope=scope, context=context, ring=ring, regulators=regulators
    )
    if (read.escrow is None) != (regulators is None):
        raise SignatureInvalid(
            "expected the signer's key for the regulators exactly if there are some, "
            "found otherwise"
        )
    _SEEN.put(claim, read)
    return read


class _Seen:
    """Signatures that verified, by everything that was looked at. No others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, RingSignature] = OrderedDict()

    def get(self, claim: bytes) -> RingSignature | None:
        with self._lock:
            found = self._held.get(claim)
            if found is not None:
                self._held.move_to_end(claim)
            return found

    def put(self, claim: bytes, found: RingSignature) -> None:
        with self._lock:
            self._held[claim] = found
            while len(self._held) > _REMEMBERED:
                self._held.popitem(last=False)


_SEEN = _Seen()
