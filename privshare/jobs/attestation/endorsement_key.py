"""The certificate of a TPM's endorsement key, up to a known maker's root.

Says of a key that it was made inside a TPM of this maker; `enrolment` then
ties an attestation key to it.

    endorsements ─► read_ek ─► EndorsementKey, the root where its chain ended

Implements the rules of TCG, EK Credential Profile for TPM 2.0, version 2.5,
section 3.2, that a reader can check, and RFC 5280, section 6.1, for chains
without policies and name constraints. Revocation is not looked up: makers
publish few lists, and a reader excludes single TPMs by `Claims.instance`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.evidence import Root, RootSet
from privshare.jobs.attestation.tpm_reader import refuse
from privshare.jobs.attestation.tpm_structure import (
    Public,
)

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["FAMILIES", "EndorsementKey", "read_ek"]

#: Roots where an endorsement key's chain may end.
FAMILIES: Final = ("swtpm", "tpm")

#: "This key is an endorsement key" (tcg-kp-EKCertificate).
EK_USAGE: Final = "2.23.133.8.1"

MAX_CERTIFICATE: Final = 1 << 13
MAX_CHAIN: Final = 6

# basicConstraints, keyUsage, extKeyUsage, subjectAltName, certificatePolicies
_UNDERSTOOD: Final = frozenset(
    ("2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.17", "2.5.29.32")
)
_SOFTWARE: Final = ("swtpm", "simulat")
_HASHES: Final = ("sha256", "sha384", "sha512")


@dataclass(frozen=True, slots=True)
class EndorsementKey:
    """A certified endorsement key.

    Attributes:
        root: Where the chain ended.
        certificate: SHA-256 of the certificate.
        spki: The key, as SubjectPublicKeyInfo (DER).
        not_before: Unix seconds; the latest start of the chain's validity.
        not_after: Unix seconds; its earliest end.
    """

    root: Root
    certificate: bytes
    spki: bytes
    not_before: int
    not_after: int

    def check(self, ek: Public) -> None:
        """Check that a public part is of the certified key.

        Raises:
            EvidenceInvalid: It is of another key (`tpm.ek.key`).
        """
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

        key = ek.ecc_key() if ek.curve else ek.rsa_key()
        spki = key.public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        if spki != self.spki:
            refuse("tpm.ek.key", "the endorsement key of the certificate", "another")


def read_ek(
    certificate: bytes, chain: bytes, roots: RootSet, at: int
) -> EndorsementKey:
    """Verify an endorsement certificate up to a known root.

    Args:
        certificate: DER.
        chain: PEM: the issuers and the root, in any order, none to spare, and
            no text around them.
        roots: Those that the reader knows.
        at: Unix seconds.

    Raises:
        EvidenceInvalid: Malformed (`tpm.ek.encoding`); for another use
            (`tpm.ek.usage`); a chain that does not hold (`tpm.ek.chain`), is
            not valid yet (`tpm.ek.early`) or no more (`tpm.ek.expired`), ends
            at no known root (`root.unknown`), or says that it is software under
            a root of hardware (`tpm.ek.software`).
    """
    try:
        return _read_ek(certificate, chain, roots, at)
    except EvidenceInvalid:
        raise
    except Exception as error:  # the parser of another house: any of its errors
        raise EvidenceInvalid(
            f"expected a certificate of an endorsement key, found one that is "
            f"refused ({type(error).__name__})",
            detail={"rule": "tpm.ek.encoding"},
        ) from None


def _read_ek(
    certificate: bytes, chain: bytes, roots: RootSet, at: int
) -> EndorsementKey:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    if len(certificate) > MAX_CERTIFICATE or len(chain) > MAX_CHAIN * MAX_CERTIFICATE:
        refuse("tpm.ek.encoding", "certificates of a few thousand bytes", "longer")
    leaf = x509.load_der_x509_certificate(certificate)
    issuers = x509.load_pem_x509_certificates(chain)
    pem = b"".join(c.public_bytes(serialization.Encoding.PEM) for c in issuers)
    if pem != chain:
        refuse("tpm.ek.encoding", "certificates in PEM and nothing else", "more")
    path, root = _path(leaf, issuers, roots)
    _check_leaf(leaf)
    for depth, issuer in enumerate(path[1:]):
        _check_issuer(issuer, depth)
    if root.trust_class == "hardware-tpm":
        for found in path:
            _check_maker(found)
    not_before = max(int(c.not_valid_before_utc.timestamp()) for c in path)
    not_after = min(int(c.not_valid_after_utc.timestamp()) for c in path)
    if at < not_before:
        refuse("tpm.ek.early", f"a chain valid at {at}", f"one from {not_before}")
    if at > not_after:
        refuse("tpm.ek.expired", f"a chain valid at {at}", f"one until {not_after}")
    return EndorsementKey(
        root=root,
        certificate=hashlib.sha256(certificate).digest(),
        spki=leaf.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        ),
        not_before=not_before,
        not_after=not_after,
    )


def _path(
    leaf: Certificate, chain: list[Certificate], roots: RootSet
) -> tuple[list[Certificate], Root]:
    """From the leaf to its root, each signed by the next."""
    if len(chain) > MAX_CHAIN or len({leaf, *chain}) != 1 + len(chain):
        refuse("tpm.ek.chain", f"up to {MAX_CHAIN} certificates, none twice", "others")
    path, left = [leaf], list(chain)
    while left:
        issuer = next((c for c in left if _issued(path[-1], c)), None)
        if issuer is None:
            refuse("tpm.ek.chain", "an issuer of each certificate", "none")
        left.remove(issuer)
        path.append(issuer)
    if len(path) < 2:
        refuse("tpm.ek.chain", "a chain with its root", "a certificate alone")
    return path, roots.find(_digest(path[-1]), FAMILIES)


def _issued(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether `issuer` signed `certificate`, with a hash of today."""
    from cryptography.exceptions import (  # noqa: PLC0415
        InvalidSignature,
        UnsupportedAlgorithm,
    )

    try:
        certificate.verify_directly_issued_by(issuer)
        used = certificate.signature_hash_algorithm
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return used is not None and used.name in _HASHES


def _digest(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
    )

    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()


def _check_leaf(leaf: Certificate) -> None:
    from cryptography import x509  # noqa: PLC0415

    _check_critical(leaf)
    named = False
    for extension in leaf.extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            refuse("tpm.ek.usage", "a certificate of a key", "one of an authority")
        if isinstance(value, x509.KeyUsage) and value.key_cert_sign:
            refuse("tpm.ek.usage", "a certificate of a key", "one of an authority")
        if isinstance(value, x509.ExtendedKeyUsage):
            named = EK_USAGE in {usage.dotted_string for usage in value}
    if not named:
        refuse("tpm.ek.usage", "an endorsement key's certificate", "another")


def _check_issuer(issuer: Certificate, depth: int) -> None:
    from cryptography import x509  # noqa: PLC0415

    _check_critical(issuer)
    authority = False
    for extension in issuer.extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints):
            most = value.path_length
            authority = value.ca and (most is None or depth <= most)
        if isinstance(value, x509.KeyUsage) and not value.key_cert_sign:
            refuse("tpm.ek.chain", "an issuer that may sign certificates", "another")
    if not authority:
        refuse("tpm.ek.chain", "an authority that may stand here", "another")


def _check_maker(certificate: Certificate) -> None:
    """Refuse what says of itself that it is software, whatever its root is called.

    A second look, in case somebody enrols the authority of a software TPM among
    the makers. The model stands in the subject's alternative name.
    """
    from cryptography import x509  # noqa: PLC0415

    names = [certificate.subject, certificate.issuer]
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            names += extension.value.get_values_for_type(x509.DirectoryName)
    said = " ".join(str(attribute.value) for name in names for attribute in name)
    if any(word in said.lower() for word in _SOFTWARE):
        refuse("tpm.ek.software", "a TPM of hardware", "one that says otherwise")


def _check_critical(certificate: Certificate) -> None:
    for extension in certificate.extensions:
        if extension.critical and extension.oid.dotted_string not in _UNDERSTOOD:
            refuse(
                "tpm.ek.chain",
                "critical extensions that we understand",
                extension.oid.dotted_string,
            )
