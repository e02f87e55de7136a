"""A maker's list of revoked certificates.

AMD gives every chip's certificate the serial number 0, so a list of serial
numbers cannot single out one chip; it revokes whole generations of issuers.
The list's own number only grows, and a reader who remembers it notices an old
list brought back.

    endorsements ─► read_crl ─► check_crl ─► sev_snp

Source: RFC 5280, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from privshare.jobs.attestation.certificate import (
    CRL_SIGN,
    Certificate,
    Extension,
    check_critical,
    check_issuer,
    check_time,
    open_signed,
    read_extensions,
)
from privshare.jobs.attestation.certificate_key import Signed, verify_signature
from privshare.jobs.attestation.der import (
    ENUMERATED,
    GENERALIZED_TIME,
    SEQUENCE,
    UTC_TIME,
    Reader,
    context,
    refuse,
)

__all__ = ["MAX_CRL", "MAX_REVOKED", "RevocationList", "check_crl", "read_crl"]

MAX_CRL: Final = 1 << 16
MAX_REVOKED: Final = 2048

_CRL_NUMBER: Final = "2.5.29.20"
_REASON: Final = "2.5.29.21"
_VERSION_2: Final = 1
_REMOVED: Final = 8
_MAX_NUMBER: Final = 1 << 53


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list, as it is written. Nothing is verified yet.

    Attributes:
        tbs: The signed part.
        algorithm: The AlgorithmIdentifier's DER, the same inside and outside.
        signature: Over `tbs`.
        issuer: The name's DER.
        this_update: Unix seconds; when it was made.
        next_update: Unix seconds; until when it says what is revoked.
        number: Grows with every list.
        revoked: Serial numbers.
    """

    tbs: bytes
    algorithm: bytes
    signature: bytes
    issuer: bytes
    this_update: int
    next_update: int
    number: int
    revoked: frozenset[int]

    def __str__(self) -> str:
        return f"the list of revoked certificates {self.number}"


def read_crl(der: bytes, scope: str) -> RevocationList:
    """Read a list of version 2.

    Args:
        der: Up to `MAX_CRL` bytes.
        scope: As rules are named, such as "snp.crl".

    Raises:
        EvidenceInvalid: Another form, or no number or no next update
            (`certificate`); a critical extension (`critical`): a list that is
            partial, indirect, or a difference to another says so in one.
    """
    tbs, algorithm, signature = open_signed(der, scope, MAX_CRL)
    body = Reader(tbs, scope).enter(SEQUENCE)
    if body.integer() != _VERSION_2:
        body.fail("a list of version 2", "another")
    if body.raw(SEQUENCE) != algorithm:
        body.fail("one signature algorithm inside and outside", "two")
    issuer = body.raw(SEQUENCE)
    this_update = body.time()
    if body.peek() not in (UTC_TIME, GENERALIZED_TIME):
        body.fail("a time of the next update", "none")
    next_update = body.time()
    revoked: frozenset[int] = frozenset()
    if body.peek() == SEQUENCE:
        revoked = _revoked(body.enter(SEQUENCE), scope)
    extensions = read_extensions(body.enter(context(0)), scope)
    body.end()
    check_critical(extensions, frozenset(), scope)
    return RevocationList(
        tbs=tbs,
        algorithm=algorithm,
        signature=signature,
        issuer=issuer,
        this_update=this_update,
        next_update=next_update,
        number=_number(extensions, scope),
        revoked=revoked,
    )


def _revoked(listed: Reader, scope: str) -> frozenset[int]:
    found: set[int] = set()
    while listed.more:
        one = listed.enter(SEQUENCE)
        serial = one.integer()
        one.time()
        if one.more:
            extensions = read_extensions(one, scope)
            check_critical(extensions, frozenset({_REASON}), scope)
            _check_reason(extensions, scope)
        if serial in found or len(found) == MAX_REVOKED:
            listed.fail(f"up to {MAX_REVOKED} certificates, each once", "others")
        found.add(serial)
    return frozenset(found)


def _check_reason(extensions: Mapping[str, Extension], scope: str) -> None:
    reason = extensions.get(_REASON)
    if reason is None:
        return
    fields = Reader(reason.value, scope)
    if fields.number(ENUMERATED) == _REMOVED:
        fields.fail("a reason to revoke", "one to restore")
    fields.end()


def _number(extensions: Mapping[str, Extension], scope: str) -> int:
    found = extensions.get(_CRL_NUMBER)
    if found is None:
        refuse(scope, "certificate", "expected the list's number, found none")
    fields = Reader(found.value, scope)
    number = fields.integer()
    fields.end()
    if number >= _MAX_NUMBER:
        refuse(
            scope,
            "certificate",
            f"expected a list's number below 2^53, found one of {number.bit_length()} "
            "bits",
        )
    return number


def check_crl(
    crl: RevocationList,
    issuer: Certificate,
    issued: Iterable[Certificate],
    at: int,
    scope: str,
    verify: Callable[[Signed, Certificate, str], None] = verify_signature,
) -> None:
    """Check that a list is the issuer's, current, and names none of these.

    Args:
        crl: From `read_crl`.
        issuer: Of the list and of the certificates.
        issued: Those that must not be on it.
        at: Unix seconds.
        scope: As rules are named.
        verify: Verifies one signature; AMD's algorithm unless told otherwise.

    Raises:
        EvidenceInvalid: By another issuer (`name`, `algorithm`, `signature`,
            `key-usage`), not current (`expired`, `not-yet-valid`), or one is on
            it (`revoked`).
    """
    check_issuer(crl.issuer, issuer, scope)
    if issuer.usage is None or CRL_SIGN not in issuer.usage:
        refuse(
            scope, "key-usage", f"expected {issuer!r} to sign lists, found another use"
        )
    verify(crl, issuer, scope)
    check_time(crl.this_update, crl.next_update, at, crl, scope)
    for certificate in issued:
        if certificate.serial in crl.revoked:
            refuse(
                scope,
                "revoked",
                f"expected {certificate!r} to be in force, found it revoked",
            )
