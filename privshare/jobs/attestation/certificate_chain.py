"""Chains of ECDSA certificates, from the key that signed to a pinned root.

The certificates travel with evidence or endorsements, the root's digest never
does: it comes from the reader. `certificate` reads them and says what each
may do; here one algorithm on one curve is asked of a whole chain, and its last
certificate must be a root that the reader knows.

    nitro     document ─► certificates ─┐
    nvidia    chain ────► read_pem ─────┼─► verify_chain ─► Chain (key, root, window)
    intel     quote ────► read_pem ─────┘

Source: RFC 5280, section 6.1; RFC 5758, section 3.2; RFC 5480, section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation import certificate
from privshare.jobs.attestation.certificate import Certificate, read_certificate
from privshare.jobs.attestation.certificate_key import Signed
from privshare.jobs.attestation.der import refuse
from privshare.jobs.attestation.evidence import Root, RootSet

__all__ = [
    "P256",
    "P384",
    "Chain",
    "Suite",
    "read_pem",
    "refusal",
    "verify_chain",
    "verify_raw",
]

_DIGITAL_SIGNATURE: Final = 0  # bit of a key's usage


@dataclass(frozen=True, slots=True)
class Suite:
    """One signature algorithm on one curve.

    Attributes:
        curve: The curve's name.
        half: Bytes of r, of s, and of a coordinate.
        algorithm: AlgorithmIdentifier, DER: the identifier alone.
        digest: The hash.
    """

    curve: str
    half: int
    algorithm: bytes
    digest: hashes.HashAlgorithm

    def verify(self, signed: Signed, issuer: Certificate, scope: str) -> None:
        """Verify that an issuer's key signed a certificate or a list.

        Raises:
            EvidenceInvalid: Another algorithm or a key on another curve
                (`algorithm`), or a signature by another key (`signature`).
        """
        if signed.algorithm != self.algorithm:
            refuse(scope, "algorithm", f"expected ECDSA on {self.curve}, found another")
        key = self.key(issuer, scope)
        try:
            key.verify(signed.signature, signed.tbs, ec.ECDSA(self.digest))
        except InvalidSignature:
            refuse(
                scope,
                "signature",
                "expected the issuer's signature, found one by another",
            )

    def key(self, holder: Certificate, scope: str) -> ec.EllipticCurvePublicKey:
        """A certificate's key.

        Raises:
            EvidenceInvalid: On another curve, or none (`algorithm`).
        """
        key = _load(holder.spki)
        if not isinstance(key, ec.EllipticCurvePublicKey) or (
            key.curve.name != self.curve
        ):
            refuse(scope, "algorithm", f"expected a key on {self.curve}, found another")
        return key


P256: Final = Suite(
    "secp256r1", 32, bytes.fromhex("300a06082a8648ce3d040302"), hashes.SHA256()
)
P384: Final = Suite(
    "secp384r1", 48, bytes.fromhex("300a06082a8648ce3d040303"), hashes.SHA384()
)


@lru_cache(maxsize=64)
def _load(spki: bytes) -> object:
    try:
        return serialization.load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


@dataclass(frozen=True, slots=True)
class Chain:
    """What a chain was found to say.

    Attributes:
        leaf: The first certificate.
        key: Its key.
        root: Where the chain ended.
        not_before: Unix seconds; the latest start of any certificate.
        not_after: Unix seconds; the earliest end.
    """

    leaf: Certificate
    key: ec.EllipticCurvePublicKey
    root: Root
    not_before: int
    not_after: int


def refusal(scope: str, word: str, message: str) -> EvidenceInvalid:
    """The error that says which rule a machine's evidence broke."""
    return EvidenceInvalid(message, detail={"rule": f"{scope}.{word}"})


def read_pem(data: bytes, scope: str, *, ended: bool = True) -> tuple[bytes, ...]:
    """Split a file of certificates in PEM into their DER bytes, in one form.

    As `certificate.read_pem`, with newlines alone: one chain has one form, and
    a changed byte of armour is seen.

    Args:
        ended: Whether a newline must stand behind the last certificate, too.

    Raises:
        EvidenceInvalid: Another form (`pem`).
    """
    loose = b"\r" in data or data.endswith(b"\n\n")
    if loose or (ended and not data.endswith(b"\n")):
        raise refusal(scope, "pem", "expected lines that end in newlines, found others")
    return certificate.read_pem(data, scope)


def verify_chain(
    certificates: Sequence[bytes],
    roots: RootSet,
    families: Iterable[str],
    at: int,
    *,
    suite: Suite,
    scope: str,
) -> Chain:
    """Verify a chain up to a pinned root.

    Args:
        certificates: DER bytes: the signer first, the root last.
        roots: The pinned roots.
        families: Those at which this chain may end.
        at: Unix seconds.
        suite: Algorithm and curve of every signature in the chain.
        scope: First word of the rules, such as "nitro".

    Raises:
        EvidenceInvalid: `detail["rule"]` is `root.unknown` or, after the
            scope, a word of `certificate.verify_chain` or
            `certificate.read_certificate`.
    """
    if not certificates:
        raise refusal(scope, "chain", "expected certificates, found none")
    root = roots.find(sha256(certificates[-1]).digest(), families)
    chain = [read_certificate(der, scope) for der in certificates]
    start, end = certificate.verify_chain(chain, at, scope, suite.verify)
    leaf = chain[0]
    if leaf.usage is None or _DIGITAL_SIGNATURE not in leaf.usage:
        raise refusal(
            scope, "key-usage", "expected a key for signatures, found another"
        )
    return Chain(leaf, suite.key(leaf, scope), root, start, end)


def verify_raw(
    key: ec.EllipticCurvePublicKey,
    signature: bytes,
    message: bytes,
    *,
    suite: Suite,
    scope: str,
    what: str,
) -> None:
    """Verify an ECDSA signature written as r and s, each in full length.

    Raises:
        EvidenceInvalid: It does not hold (`signature`).
    """
    half = suite.half
    try:
        if len(signature) != 2 * half:
            raise InvalidSignature
        der = utils.encode_dss_signature(
            int.from_bytes(signature[:half], "big"),
            int.from_bytes(signature[half:], "big"),
        )
        key.verify(der, message, ec.ECDSA(suite.digest))
    except (InvalidSignature, ValueError):
        raise refusal(
            scope,
            "signature",
            f"expected a valid signature over {what}, found another",
        ) from None
