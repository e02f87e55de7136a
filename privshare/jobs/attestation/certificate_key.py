"""The keys of AMD's certificates, and what they signed.

One algorithm for everything that issues, RSASSA-PSS with SHA-384 under keys of
4096 bits, and one for what reports are signed with, ECDSA on P-384. Other
algorithms are refused by name before a key is read.

Source: RFC 4055, section 3.1; RFC 8017, section 8.1; AMD 57230 (VCEK
certificates and the KDS interface), section 3.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from privshare.jobs.attestation.der import refuse

__all__ = ["PSS_SHA384", "Signed", "verify_report", "verify_signature"]

#: The algorithm's DER as AMD writes it: with SHA-384 twice, a salt of 48
#: bytes, and the trailer field left out, or (until 2023) spelt out.
PSS_SHA384: Final = tuple(
    bytes.fromhex(text)
    for text in (
        "304106092a864886f70d01010a3034a00f300d06096086480165030402020500"
        "a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130",
        "304606092a864886f70d01010a3039a00f300d06096086480165030402020500"
        "a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130"
        "a303020101",
    )
)

RSA_BITS: Final = 4096
_EXPONENT = 65537
_COMPONENT = 48


class Signed(Protocol):
    """Anything with a signed part, an algorithm and a signature."""

    @property
    def tbs(self) -> bytes:
        """The signed part."""

    @property
    def algorithm(self) -> bytes:
        """The AlgorithmIdentifier's DER."""

    @property
    def signature(self) -> bytes:
        """Over `tbs`."""


class Issuer(Protocol):
    """Anything with a public key."""

    @property
    def spki(self) -> bytes:
        """The key's DER (SubjectPublicKeyInfo)."""


@lru_cache(maxsize=32)
def _load(spki: bytes) -> object:
    try:
        return serialization.load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def verify_signature(signed: Signed, issuer: Issuer, scope: str) -> None:
    """Verify that an issuer's key signed.

    Raises:
        EvidenceInvalid: Another algorithm or a key of another kind
            (`algorithm`), or a signature by another key (`signature`).
    """
    key = _load(issuer.spki)
    if signed.algorithm not in PSS_SHA384:
        refuse(scope, "algorithm", "expected RSASSA-PSS with SHA-384, found another")
    if (
        not isinstance(key, rsa.RSAPublicKey)
        or key.key_size != RSA_BITS
        or key.public_numbers().e != _EXPONENT
    ):
        refuse(
            scope, "algorithm", f"expected an RSA key of {RSA_BITS} bits, found another"
        )
    try:
        key.verify(
            signed.signature,
            signed.tbs,
            padding.PSS(padding.MGF1(hashes.SHA384()), _COMPONENT),
            hashes.SHA384(),
        )
    except InvalidSignature:
        refuse(
            scope, "signature", "expected the issuer's signature, found one by another"
        )


def verify_report(spki: bytes, r: int, s: int, message: bytes, scope: str) -> None:
    """Verify ECDSA on P-384 with SHA-384.

    Raises:
        EvidenceInvalid: A key of another kind (`algorithm`), or a signature by
            another key (`report-signature`).
    """
    key = _load(spki)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(
        key.curve, ec.SECP384R1
    ):
        refuse(scope, "algorithm", "expected a key on P-384, found another")
    try:
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA384()))
    except InvalidSignature:
        refuse(
            scope,
            "report-signature",
            "expected the report's signature by the certified key, found another",
        )
