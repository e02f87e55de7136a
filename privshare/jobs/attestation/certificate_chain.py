"""Chains of certificates, from the one that signed to a pinned root.

The certificates travel with evidence or endorsements, the root's digest never
does: it comes from the reader. Of RFC 5280 we ask what our makers' chains
need, and refuse the rest instead of skipping it: one signature algorithm and
one curve for a whole chain, names that follow one another, a window of
validity around the time of verification for every certificate, and authority
(CA flag, path length, key usage) for every one that issues.

    nitro     document ─► certificates ─┐
    nvidia    chain ────► read_pem ─────┼─► verify_chain ─► Chain (key, root, window)
    intel     quote ────► read_pem ─────┘

Source: RFC 5280, sections 4.1, 4.2.1.3, 4.2.1.9 and 6.1; RFC 7468, section 3.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.evidence import Root, RootSet

__all__ = [
    "MAX_CHAIN",
    "UNREADABLE",
    "Chain",
    "read_pem",
    "refusal",
    "verify_chain",
    "verify_raw",
]

MAX_CHAIN: Final = 8
MAX_CERTIFICATE: Final = 4096

#: What `cryptography` raises where a certificate or a list is of another form.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)

Suite = Literal["p256-sha256", "p384-sha384"]

_OIDS: Final = {
    "p256-sha256": "1.2.840.10045.4.3.2",
    "p384-sha384": "1.2.840.10045.4.3.3",
}
_CURVES: Final = {"p256-sha256": "secp256r1", "p384-sha384": "secp384r1"}
_HALF: Final = {"p256-sha256": 32, "p384-sha384": 48}

# Basic constraints and key usage, which verify_chain looks at; what else is
# marked critical we would have to understand, and do not.
_UNDERSTOOD: Final = frozenset({"2.5.29.19", "2.5.29.15"})

_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)\n-----END CERTIFICATE-----\n?"
)


@dataclass(frozen=True, slots=True)
class Chain:
    """What a chain was found to say.

    Attributes:
        leaf: The first certificate.
        root: Where the chain ended.
        not_before: Unix seconds; the latest start of any certificate.
        not_after: Unix seconds; the earliest end.
    """

    leaf: x509.Certificate
    root: Root
    not_before: int
    not_after: int


def refusal(scope: str, word: str, message: str) -> EvidenceInvalid:
    """The error that says which rule a machine's evidence broke."""
    return EvidenceInvalid(message, detail={"rule": f"{scope}.{word}"})


def read_pem(data: bytes, scope: str, *, ended: bool = True) -> tuple[bytes, ...]:
    """Split a PEM file of certificates into their DER bytes.

    Only the form that makers write is read: lines of 64 characters, no text
    between, a newline behind each. So one chain has one form, and a changed
    byte of armour is seen.

    Args:
        ended: Whether a newline must stand behind the last certificate, too.

    Raises:
        EvidenceInvalid: Another form (`pem`).
    """
    found: list[bytes] = []
    at = 0
    while at < len(data):
        block = _PEM.match(data, at)
        if block is None or len(found) == MAX_CHAIN:
            raise refusal(
                scope,
                "pem",
                f"expected up to {MAX_CHAIN} certificates in lines of 64 characters, "
                f"found another form at byte {at}",
            )
        found.append(_read_lines(block[1], scope))
        at = block.end()
        if (ended or at < len(data)) and not block[0].endswith(b"\n"):
            raise refusal(scope, "pem", "expected a newline, found none")
    return tuple(found)


def _read_lines(text: bytes, scope: str) -> bytes:
    try:
        der = base64.b64decode(text.replace(b"\n", b""), validate=True)
    except binascii.Error:
        der = b""
    lines = base64.b64encode(der)
    laid = b"\n".join(lines[i : i + 64] for i in range(0, len(lines), 64))
    if not der or laid != text:
        raise refusal(
            scope, "pem", "expected Base64 in lines of 64 characters, found another"
        )
    return der


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
            scope, one of `chain`, `certificate`, `expired`, `not-yet-valid`,
            `authority`, `key-usage`, `critical`, `name`, `algorithm`,
            `signature`.
    """
    if not 2 <= len(certificates) <= MAX_CHAIN:
        raise refusal(
            scope,
            "chain",
            f"expected 2 to {MAX_CHAIN} certificates, found {len(certificates)}",
        )
    root = roots.find(sha256(certificates[-1]).digest(), families)
    chain = [_load(der, scope) for der in certificates]
    # From the root down, signatures first: what nobody signed is not read. The
    # root is known by its digest; its own signature would add nothing.
    for below in reversed(range(len(chain))):
        cert = chain[below]
        if cert is not chain[-1]:
            _check_issued(cert, chain[below + 1], suite, scope)
        _check_time(cert, at, scope)
        _check_extensions(cert, below, scope)
    _check_curve(chain[0], suite, scope)
    return Chain(
        leaf=chain[0],
        root=root,
        not_before=max(int(c.not_valid_before_utc.timestamp()) for c in chain),
        not_after=min(int(c.not_valid_after_utc.timestamp()) for c in chain),
    )


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

    half = _HALF[suite]
    hash_name = hashes.SHA384() if half == 48 else hashes.SHA256()
    try:
        if len(signature) != 2 * half:
            raise InvalidSignature
        der = utils.encode_dss_signature(
            int.from_bytes(signature[:half], "big"),
            int.from_bytes(signature[half:], "big"),
        )
        key.verify(der, message, ec.ECDSA(hash_name))
    except (InvalidSignature, ValueError):
        raise refusal(
            scope,
            "signature",
            f"expected a valid signature over {what}, found another",
        ) from None


def _load(der: bytes, scope: str) -> x509.Certificate:

    if len(der) > MAX_CERTIFICATE:
        raise refusal(
            scope,
            "certificate",
            f"expected a certificate of up to {MAX_CERTIFICATE} bytes, "
            f"found {len(der)}",
        )
    try:
        return x509.load_der_x509_certificate(der)
    except UNREADABLE:
        raise refusal(
            scope, "certificate", "expected an X.509 certificate, found another form"
        ) from None


def _check_time(cert: x509.Certificate, at: int, scope: str) -> None:
    start, end = cert.not_valid_before_utc, cert.not_valid_after_utc
    if at < start.timestamp():
        raise refusal(
            scope,
            "not-yet-valid",
            f"expected a certificate valid at {at}, found one valid from "
            f"{start.isoformat()}",
        )
    if at > end.timestamp():
        raise refusal(
            scope,
            "expired",
            f"expected a certificate valid at {at}, found one valid until "
            f"{end.isoformat()}",
        )


def _check_extensions(cert: x509.Certificate, below: int, scope: str) -> None:
    """What the certificate may do, with so many certificates below it."""

    constraints, usage = None, None
    try:
        extensions = cert.extensions
    except UNREADABLE:
        raise refusal(
            scope, "certificate", "expected readable extensions, found others"
        ) from None
    for extension in extensions:
        if isinstance(extension.value, x509.BasicConstraints):
            constraints = extension.value
        elif isinstance(extension.value, x509.KeyUsage):
            usage = extension.value
        if extension.critical and extension.oid.dotted_string not in _UNDERSTOOD:
            raise refusal(
                scope,
                "critical",
                f"expected no critical extension but two, found "
                f"{extension.oid.dotted_string}",
            )
    if below == 0:
        if constraints is not None and constraints.ca:
            raise refusal(
                scope, "authority", "expected a signer, found an authority in its place"
            )
        if usage is None or not usage.digital_signature:
            raise refusal(
                scope, "key-usage", "expected a key for signatures, found another"
            )
        return
    limit = None if constraints is None else constraints.path_length
    if constraints is None or not constraints.ca:
        raise refusal(
            scope, "authority", "expected an authority, found a certificate of none"
        )
    if limit is not None and below - 1 > limit:
        raise refusal(
            scope,
            "authority",
            f"expected up to {limit} authorities below, found {below - 1}",
        )
    if usage is None or not usage.key_cert_sign:
        raise refusal(
            scope, "key-usage", "expected a key for certificates, found another"
        )


def _check_curve(cert: x509.Certificate, suite: Suite, scope: str) -> None:

    try:
        key: object = cert.public_key()
    except UNREADABLE:
        key = None
    if (
        not isinstance(key, ec.EllipticCurvePublicKey)
        or key.curve.name != _CURVES[suite]
    ):
        raise refusal(
            scope, "algorithm", f"expected a key on {_CURVES[suite]}, found another"
        )


def _check_issued(
    cert: x509.Certificate, issuer: x509.Certificate, suite: Suite, scope: str
) -> None:

    _check_curve(issuer, suite, scope)
    if cert.signature_algorithm_oid.dotted_string != _OIDS[suite]:
        raise refusal(
            scope,
            "algorithm",
            f"expected the signature algorithm of {suite}, found another",
        )
    try:
        cert.verify_directly_issued_by(issuer)
    except InvalidSignature:
        raise refusal(
            scope,
            "signature",
            "expected a certificate signed by the next one, found another",
        ) from None
    except (ValueError, TypeError):
        raise refusal(
            scope, "name", "expected the issuer's name in a certificate, found another"
        ) from None
