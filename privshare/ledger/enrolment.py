"""Enrolment: an agency presents its keys, each signing key vouching for all.

The one statement that a key can make before the ledger knows it. The operator
wraps it in `org.admit`, or, for itself, in the genesis.

    agency    keys ─► enrolment ─► Envelope ─► by hand to the operator
    operator  open_enrolment ─► Enrolment ─► org.admit ─► ledger

Implements docs/formats/entry.md, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, cast

from privshare.errors import EncodingError, SignatureInvalid
from privshare.rights import identifier
from privshare.schemes.keys import (
    SealPublicKey,
    SigningKey,
    VerifyKey,
    key_id,
    sign_envelope,
    verify_envelope,
)
from privshare.schemes.ring_key import check_public
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.envelope import Envelope, media_type

MEDIA_TYPE = media_type("enrolment")

Use = Literal["sign", "witness", "seal", "he", "open"]

#: Each use of a key has one algorithm.
ALGORITHMS: Mapping[str, str] = MappingProxyType(
    {
        "he": "paillier",
        "open": "ristretto255",
        "seal": "x25519",
        "sign": "ed25519",
        "witness": "ed25519",
    }
)

#: Most keys in one list.
MAX_KEYS = 16

_URL = r"https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~\-/]*)?|"
_PAILLIER_BYTES = (256, 384)


@dataclass(frozen=True, slots=True)
class AgencyKey:
    """A public key and what it is for.

    Attributes:
        use: `sign` (transactions), `witness` (cosignatures), `seal` (messages
            to the agency), `he` (Paillier) or `open` (names the signer of a
            statement, with other regulators).
        public: 32 bytes; for Paillier the modulus, big-endian.
    """

    use: Use
    public: bytes

    @property
    def alg(self) -> str:
        """The algorithm's name in the ledger."""
        return ALGORITHMS[self.use]

    @property
    def kid(self) -> str:
        """The key's id: a digest of algorithm and key, 43 characters."""
        return key_id(self.alg, self.public)

    def to_json(self) -> Json:
        """Lay the key out as enrolments and the genesis carry it."""
        return {"alg": self.alg, "pub": b64u(self.public), "use": self.use}

    @classmethod
    def read(cls, fields: Fields) -> AgencyKey:
        """Read one key of a list.

        Raises:
            EncodingError: Another form, an unknown use, or bytes that are no
                key of the algorithm.
        """
        use = fields.str("use", max=16)
        if use not in ALGORITHMS:
            raise EncodingError(
                f"key.use: expected one of {', '.join(ALGORITHMS)}, "
                f"found {identifier.shown(use)}"
            )
        fields.constant("alg", ALGORITHMS[use])
        key = cls(cast(Use, use), fields.bytes("pub", max=_PAILLIER_BYTES[-1]))
        fields.end()
        key.check()
        return key

    def check(self) -> None:
        """Refuse bytes that cannot be a key of this algorithm.

        Raises:
            EncodingError: Wrong length, not a point, a point of small order,
                the identity, or a Paillier modulus that is even or not of full
                length.
        """
        if self.alg == "paillier":
            full = len(self.public) in _PAILLIER_BYTES and self.public[0] >> 7
            if not full or not self.public[-1] & 1:
                raise EncodingError(
                    "key.pub: expected an odd Paillier modulus of 2048 or 3072 "
                    f"bits, found {len(self.public)} other bytes"
                )
        elif self.alg == "x25519":
            SealPublicKey(self.public)
        elif self.alg == "ristretto255":
            check_public(self.public, "key.pub")
        else:
            VerifyKey(self.public)


def read_keys(fields: Fields, name: str) -> tuple[AgencyKey, ...]:
    """Read a list of keys, each once and in the order of their ids.

    Raises:
        EncodingError: Another form, a key twice, or another order.
    """
    keys = tuple(AgencyKey.read(item) for item in fields.objs(name, MAX_KEYS))
    kids = [key.kid for key in keys]
    if kids != sorted(set(kids)):
        raise EncodingError(
            f"{name}: expected keys in the order of their ids, each once, "
            "found another order"
        )
    return keys


def in_order(keys: Sequence[AgencyKey]) -> tuple[AgencyKey, ...]:
    """Sort keys as `read_keys` expects them."""
    return tuple(sorted(keys, key=lambda key: key.kid))


def read_url(fields: Fields, name: str) -> str:
    """Read where an agency's node answers: http(s), or "" for nowhere.

    Raises:
        EncodingError: Another form.
    """
    return fields.str(name, max=256, pattern=_URL)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An agency's own statement about its keys and address."""

    agency: str
    network: str
    url: str
    keys: tuple[AgencyKey, ...]

    def to_json(self) -> Json:
        """Lay the statement out for signing."""
        return {
            "agency": self.agency,
            "keys": [key.to_json() for key in self.keys],
            "network": self.network,
            "url": self.url,
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: Json) -> Enrolment:
        """Read the statement.

        Raises:
            EncodingError: Another form, or no key with use `sign`.
        """
        fields = Fields(obj, where="enrolment")
        fields.constant("v", 1)
        enrolled = cls(
            identifier.AGENCY.check(fields.str("agency"), "enrolment.agency"),
            identifier.NETWORK.check(fields.str("network"), "enrolment.network"),
            read_url(fields, "url"),
            read_keys(fields, "keys"),
        )
        fields.end()
        check_uses(enrolled.keys)
        return enrolled


def check_uses(keys: Sequence[AgencyKey]) -> None:
    """Refuse a set of active keys that no agency may have.

    Raises:
        EncodingError: No key with use `sign`, or two with use `witness`.
    """
    uses = [key.use for key in keys]
    if "sign" not in uses:
        raise EncodingError("keys: expected at least one with use sign, found none")
    if uses.count("witness") > 1:
        raise EncodingError("keys: expected at most one with use witness, found more")


def enrolment(
    agency: str,
    network: str,
    url: str,
    keys: Sequence[tuple[str, str, bytes]],
    signing: Sequence[SigningKey],
) -> Envelope:
    """Present an agency's keys.

    Args:
        agency: The name it asks for.
        network: The network it wants to join.
        url: Where its node answers, or "".
        keys: (use, algorithm, public key) of every key.
        signing: The private keys of all those with use `sign`.

    Returns:
        An envelope signed by each of them, for `org.admit`.

    Raises:
        EncodingError: A key that `open_enrolment` would refuse.
    """
    listed = []
    for use, alg, public in keys:
        if ALGORITHMS.get(use) != alg:
            raise EncodingError(
                f"key: expected algorithm {ALGORITHMS.get(use)} for use {use}, "
                f"found {alg}"
            )
        listed.append(AgencyKey(cast(Use, use), public))
    statement = Enrolment(agency, network, url, in_order(listed))
    Enrolment.from_json(statement.to_json())
    return sign_envelope(MEDIA_TYPE, encode(statement.to_json()), signing)


def open_enrolment(envelope: Envelope) -> Enrolment:
    """Verify an enrolment: each of its signing keys has signed, nobody else.

    Raises:
        EncodingError: Not an enrolment.
        SignatureInvalid: A signature is missing, foreign or wrong.
    """
    if envelope.payload_type != MEDIA_TYPE:
        raise EncodingError(
            f"expected payload type {MEDIA_TYPE}, "
            f"found {identifier.shown(envelope.payload_type)}"
        )
    statement = Enrolment.from_json(decode(envelope.payload))
    signing = {k.kid: VerifyKey(k.public) for k in statement.keys if k.use == "sign"}
    if {s.keyid for s in envelope.signatures} != set(signing):
        raise SignatureInvalid(
            f"expected signatures by all {len(signing)} signing keys of the "
            f"enrolment, found {len(envelope.signatures)} of other keys"
        )
    verify_envelope(envelope, signing.__getitem__)
    return statement
