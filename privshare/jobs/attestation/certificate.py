"""X.509 certificates and lists of revoked ones, read by ourselves.

AMD numbers every certificate of a chip's key 0, which RFC 5280 forbids and
strict libraries refuse. So we read certificates with a small strict reader of
our own, and leave to `cryptography` what it is for: keys and signatures. What
this reader accepts has one form only: the algorithm inside the signed part
must be the one outside, no field is skipped, nothing follows the last.

    endorsements ─► read_pem ─► read_certificate ─► verify_chain ─► sev_snp
                    crl ──────► read_crl ─────────► verify_signature ──┘

Source: RFC 5280, sections 4.1, 4.2.1.3, 4.2.1.9, 5.1 and 6.1; RFC 4055, 3.1;
RFC 7468, section 3.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from privshare.jobs.attestation.certificate_key import Signed, verify_signature
from privshare.jobs.attestation.der import (
    BOOLEAN,
    INTEGER,
    OBJECT,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Reader,
    context,
    refuse,
)

__all__ = [
    "MAX_CERTIFICATE",
    "MAX_CHAIN",
    "Certificate",
    "Extension",
    "read_certificate",
    "read_pem",
    "verify_chain",
]

MAX_CHAIN: Final = 8
MAX_CERTIFICATE: Final = 8192
_MAX_EXTENSIONS = 32
_MAX_SERIAL_BITS = 160

BASIC_CONSTRAINTS: Final = "2.5.29.19"
KEY_USAGE: Final = "2.5.29.15"
_COMMON_NAME: Final = "2.5.4.3"
_UNDERSTOOD: Final = frozenset({BASIC_CONSTRAINTS, KEY_USAGE})

KEY_CERT_SIGN: Final = 5
CRL_SIGN: Final = 6

_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----(\r?\n)([A-Za-z0-9+/=\r\n]{1,12288})\1"
    rb"-----END CERTIFICATE-----(?:\1|\Z)"
)
_NAME_TAGS: Final = (0x0C, 0x13)


class Extension(NamedTuple):
    """One extension: whether it must be understood, and its bytes."""

    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Certificate:
    """One certificate, as it is written. Nothing is verified yet.

    Attributes:
        der: The whole certificate.
        tbs: The signed part.
        serial: 0 or more.
        algorithm: The AlgorithmIdentifier's DER, the same inside and outside.
        signature: Over `tbs`.
        issuer: The name's DER.
        subject: The name's DER.
        not_before: Unix seconds.
        not_after: Unix seconds, inclusive.
        spki: The key's DER (SubjectPublicKeyInfo).
        extensions: By object identifier, each once.
        authority: Whether it may issue certificates at all.
        path_length: How many issuers may follow below, None for any number.
        usage: Bits of its key's usage, None where it says nothing.
        scope: As rules about it are named.
    """

    der: bytes
    tbs: bytes
    serial: int
    algorithm: bytes
    signature: bytes
    issuer: bytes
    subject: bytes
    not_before: int
    not_after: int
    spki: bytes
    extensions: Mapping[str, Extension]
    authority: bool
    path_length: int | None
    usage: frozenset[int] | None
    scope: str

    def __repr__(self) -> str:
        return f"Certificate({self.common_name!r}, serial={self.serial})"

    @property
    def common_name(self) -> str:
        """The subject's common name, "" where it has none or several."""
        return _common_name(self.subject, self.scope)

    @property
    def issuer_name(self) -> str:
        """The issuer's common name, "" where it has none or several."""
        return _common_name(self.issuer, self.scope)


def read_pem(data: bytes, scope: str) -> tuple[bytes, ...]:
    """Split a file of certificates in PEM into their DER bytes.

    Lines of 64 characters, nothing between, one kind of line end throughout;
    the very last line may lack it, or an empty one may follow.

    Raises:
        EvidenceInvalid: Another form, or more than `MAX_CHAIN` (`pem`).
    """
    found: list[bytes] = []
    at = 0
    ends = set()
    while at < len(data):
        block = _PEM.match(data, at)
        if block is None or len(found) == MAX_CHAIN:
            refuse(
                scope,
                "pem",
                f"expected up to {MAX_CHAIN} certificates in lines of 64 characters, "
                f"found another form at byte {at}",
            )
        found.append(_read_lines(block[2], block[1], scope))
        ends.add(block[1])
        at = block.end()
        if data[at:] == block[1]:
            break
    if len(ends) != 1:
        refuse(scope, "pem", "expected certificates and one line end, found others")
    return tuple(found)


def _read_lines(text: bytes, line_end: bytes, scope: str) -> bytes:
    try:
        der = base64.b64decode(text.replace(line_end, b""), validate=True)
    except binascii.Error:
        der = b""
    flat = base64.b64encode(der)
    laid = line_end.join(flat[i : i + 64] for i in range(0, len(flat), 64))
    if not der or laid != text:
        refuse(scope, "pem", "expected Base64 in lines of 64 characters, found another")
    return der


@lru_cache(maxsize=64)
def read_certificate(der: bytes, scope: str) -> Certificate:
    """Read one certificate of version 3.

    Args:
        der: Up to `MAX_CERTIFICATE` bytes.
        scope: As rules are named, such as "snp".

    Raises:
        EvidenceInvalid: Another form (`certificate`), or an extension that is
            critical and unknown to us (`critical`).
    """
    tbs, algorithm, signature = open_signed(der, scope, MAX_CERTIFICATE)
    body = Reader(tbs, scope).enter(SEQUENCE)
    version = body.enter(context(0))
    if version.integer() != 2:
        version.fail("a certificate of version 3", "another")
    version.end()
    serial = body.integer()
    if serial.bit_length() > _MAX_SERIAL_BITS:
        body.fail("a serial number of up to 20 bytes", "a longer one")
    if body.raw(SEQUENCE) != algorithm:
        body.fail("one signature algorithm inside and outside", "two")
    issuer = body.raw(SEQUENCE)
    validity = body.enter(SEQUENCE)
    not_before, not_after = validity.time(), validity.time()
    validity.end()
    subject = body.raw(SEQUENCE)
    spki = body.raw(SEQUENCE)
    extensions = read_extensions(body.enter(context(3)), scope)
    body.end()
    authority, path_length = _basic_constraints(extensions, scope)
    check_critical(extensions, _UNDERSTOOD, scope)
    return Certificate(
        der=der,
        tbs=tbs,
        serial=serial,
        algorithm=algorithm,
        signature=signature,
        issuer=issuer,
        subject=subject,
        not_before=not_before,
        not_after=not_after,
        spki=spki,
        extensions=MappingProxyType(extensions),
        authority=authority,
        path_length=path_length,
        usage=_usage(extensions, scope),
        scope=scope,
    )


def open_signed(der: bytes, scope: str, most: int) -> tuple[bytes, bytes, bytes]:
    """Take a signed structure apart: signed part, algorithm, signature.

    Raises:
        EvidenceInvalid: Longer than `most`, or of another form (`certificate`).
    """
    if not 1 <= len(der) <= most:
        refuse(
            scope, "certificate", f"expected 1 to {most} bytes, found {len(der)} bytes"
        )
    outer = Reader(der, scope)
    whole = outer.enter(SEQUENCE)
    outer.end()
    parts = whole.raw(SEQUENCE), whole.raw(SEQUENCE), whole.bits()
    whole.end()
    return parts


def read_extensions(outer: Reader, scope: str) -> dict[str, Extension]:
    """Read a list of extensions, each once, the last value of its structure.

    Raises:
        EvidenceInvalid: Another form, one twice, or too many (`certificate`).
    """
    listed = outer.enter(SEQUENCE)
    outer.end()
    found: dict[str, Extension] = {}
    while listed.more:
        one = listed.enter(SEQUENCE)
        name = one.object_id()
        critical = one.boolean() if one.peek() == BOOLEAN else False
        value = one.take(OCTET_STRING)
        one.end()
        if name in found or len(found) == _MAX_EXTENSIONS:
            one.fail(f"up to {_MAX_EXTENSIONS} extensions, each once", "others")
        found[name] = Extension(critical, value)
    if not found:
        listed.fail("an extension", "none")
    return found


def check_critical(
    extensions: Mapping[str, Extension], understood: frozenset[str], scope: str
) -> None:
    """Check that we understand what must be understood.

    Raises:
        EvidenceInvalid: We do not (`critical`).
    """
    for name, extension in extensions.items():
        if extension.critical and name not in understood:
            refuse(
                scope, "critical", f"expected critical extensions we know, found {name}"
            )


def _basic_constraints(
    extensions: Mapping[str, Extension], scope: str
) -> tuple[bool, int | None]:
    found = extensions.get(BASIC_CONSTRAINTS)
    if found is None:
        return False, None
    outer = Reader(found.value, scope)
    fields = outer.enter(SEQUENCE)
    outer.end()
    authority = fields.boolean() if fields.peek() == BOOLEAN else False
    length = fields.integer() if authority and fields.peek() == INTEGER else None
    fields.end()
    return authority, length


def _usage(extensions: Mapping[str, Extension], scope: str) -> frozenset[int] | None:
    found = extensions.get(KEY_USAGE)
    if found is None:
        return None
    fields = Reader(found.value, scope)
    bits = fields.named_bits()
    fields.end()
    return bits


@lru_cache(maxsize=64)
def _common_name(name: bytes, scope: str) -> str:
    outer = Reader(name, scope)
    sets = outer.enter(SEQUENCE)
    outer.end()
    found = []
    while sets.more:
        one = sets.enter(SET)
        while one.more:
            pair = one.enter(SEQUENCE)
            named = pair.peek() == OBJECT and pair.object_id() == _COMMON_NAME
            tag = pair.peek()
            value = pair.take(tag)
            pair.end()
            if named and tag in _NAME_TAGS:
                found.append(value)
    return found[0].decode("ascii", "replace") if len(found) == 1 else ""


def verify_chain(
    chain: Sequence[Certificate],
    at: int,
    scope: str,
    verify: Callable[[Signed, Certificate, str], None] = verify_signature,
) -> tuple[int, int]:
    """Verify that each certificate is signed by the next, the last by itself.

    Whether the last is a root that the reader knows, the caller asks of the
    `RootSet`.

    Args:
        chain: From the one whose key signed to the root; 2 to `MAX_CHAIN`.
        at: Unix seconds.
        scope: As rules are named.
        verify: Verifies one signature; AMD's algorithm unless told otherwise.

    Returns:
        The window in which the whole chain is valid, in unix seconds: the
        latest start and the earliest end.

    Raises:
        EvidenceInvalid: Too short or too long (`chain`), a certificate not
            valid at that time (`expired`, `not-yet-valid`), signed by another
            (`name`, `algorithm`, `signature`), or by one that may not
            (`authority`, `path-length`, `key-usage`).
    """
    if not 2 <= len(chain) <= MAX_CHAIN:
        refuse(
            scope,
            "chain",
            f"expected 2 to {MAX_CHAIN} certificates, found {len(chain)}",
        )
    if chain[0].authority:
        refuse(scope, "authority", "expected a key that signs, found one that issues")
    for certificate in chain:
        check_time(
            certificate.not_before, certificate.not_after, at, certificate, scope
        )
    for depth, (certificate, issuer) in enumerate(
        zip(chain, (*chain[1:], chain[-1]), strict=True)
    ):
        check_issuer(certificate.issuer, issuer, scope)
        below = max(0, min(depth, len(chain) - 2))
        _check_authority(issuer, below, scope)
        verify(certificate, issuer, scope)
    return max(c.not_before for c in chain), min(c.not_after for c in chain)


def check_time(first: int, last: int, at: int, what: object, scope: str) -> None:
    """Check that a window holds a time.

    Raises:
        EvidenceInvalid: It does not (`expired`, `not-yet-valid`).
    """
    if at < first:
        refuse(
            scope,
            "not-yet-valid",
            f"expected {what} to be valid at {at}, found its start at {first}",
        )
    if at > last:
        refuse(
            scope,
            "expired",
            f"expected {what} to be valid at {at}, found its end at {last}",
        )


def check_issuer(name: bytes, issuer: Certificate, scope: str) -> None:
    """Check that a certificate names its issuer.

    Raises:
        EvidenceInvalid: It names another (`name`).
    """
    if name != issuer.subject:
        refuse(
            scope,
            "name",
            f"expected the issuer {issuer.common_name or 'without a name'}, "
            f"found {_common_name(name, scope) or 'another'}",
        )


def _check_authority(issuer: Certificate, below: int, scope: str) -> None:
    if not issuer.authority or not issuer.extensions[BASIC_CONSTRAINTS].critical:
        refuse(
            scope, "authority", f"expected {issuer!r} to be an authority, found another"
        )
    if issuer.path_length is not None and issuer.path_length < below:
        refuse(
            scope,
            "path-length",
            f"expected up to {issuer.path_length} issuers below {issuer!r}, "
            f"found {below}",
        )
    if issuer.usage is None or KEY_CERT_SIGN not in issuer.usage:
        refuse(
            scope,
            "key-usage",
            f"expected {issuer!r} to sign certificates, found another use",
        )
