"""Verify what an AMD SEV-SNP guest says of itself.

A report is signed by a key that AMD certified: the chip's own (VCEK), or one
that a cloud provider loads into its chips (VLEK). The certificate says which
product and firmware the key stands for, and the report must say the same; the
certificate's chain must end at the root of that very product.

    report       read_report ──────────┐
    vek          read_certificate ─────┼─► signature, product, chip, TCB ─► Claims
    chain        ASK or ASVK, ARK ─────┤
    crl          what AMD took back ───┘   (claim `crl` says whether it was asked)

No byte of the parts is without a meaning: every certificate of the chain is
verified, needed or not, and `snp_report` says what must be zero. Identity is
that of the signed part, because anybody can turn s into n - s.

Implements docs/formats/evidence.md, "SEV-SNP". Source: AMD 56860 (report);
AMD 57230 (VCEK and VLEK certificates, KDS interface).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from privshare.jobs.attestation.certificate import (
    Certificate,
    read_certificate,
    read_pem,
    verify_chain,
)
from privshare.jobs.attestation.certificate_key import verify_report, verify_signature
from privshare.jobs.attestation.der import IA5_STRING, OCTET_STRING, Reader, refuse
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    Root,
    RootSet,
    Value,
)
from privshare.jobs.attestation.revocation_list import check_crl, read_crl
from privshare.jobs.attestation.snp_report import (
    TCB_PARTS,
    Product,
    Report,
    read_report,
)

__all__ = ["ENDORSEMENTS", "FAMILIES", "KIND", "verify", "verify_guest"]

KIND: Final = "sev-snp"
FAMILIES: Final = ("amd-milan", "amd-genoa", "amd-turin")
ENDORSEMENTS: Final = (("vek", "chain"), ("crl",))

_AMD: Final = "1.3.6.1.4.1.3704.1."
_PRODUCT_NAME: Final = _AMD + "2"
_TCB: Final = _AMD + "3."
_CHIP: Final = _AMD + "4"
_PROVIDER: Final = _AMD + "5"
_TCB_PARTS: Final[Mapping[str, str]] = {
    "bl": _TCB + "1",
    "tee": _TCB + "2",
    "snp": _TCB + "3",
    "ucode": _TCB + "8",
    "fmc": _TCB + "9",
}
_TCB_RESERVED: Final = tuple(_TCB + part for part in "4567")

_PRODUCT: Final = re.compile(r"(Milan|Genoa|Turin)(?:-[A-Z][0-9])?")
_PROVIDER_NAME: Final = re.compile(r"[ -~]{1,128}")
_CHIP_BYTES: Final[Mapping[Product, int]] = {"Milan": 64, "Genoa": 64, "Turin": 8}
_CHIP_FIELD: Final = 64


@dataclass(frozen=True, slots=True)
class _Key:
    """What the certificate of a signing key says of it.

    Attributes:
        certificate: As it was read.
        signer: "VCEK" or "VLEK".
        product: Which the layout follows.
        product_name: As the certificate spells it, perhaps with a stepping.
        tcb: The firmware that the key stands for, by part.
        chip_id: 64 bytes for a VCEK, b"" for a VLEK.
        provider: Who loads a VLEK, "" for a VCEK.
    """

    certificate: Certificate
    signer: str
    product: Product
    product_name: str
    tcb: Mapping[str, int]
    chip_id: bytes
    provider: str


def verify(
    evidence: Evidence, endorsements: Endorsements, roots: RootSet, at: int
) -> Claims:
    """Verify a report and everything above it.

    Args:
        evidence: Part `report`, 1184 bytes.
        endorsements: Parts `vek` (certificate of the VCEK or VLEK, DER or
            PEM), `chain` (PEM: ARK with ASK, ASVK or both, in any order) and
            perhaps `crl` (DER, by the ARK).
        roots: AMD's roots by product, families `amd-milan`, `amd-genoa` and
            `amd-turin`.
        at: Unix seconds.

    Returns:
        Claims with the values of docs/formats/evidence.md. `instance` is the
        digest of the chip's id: for a VCEK from its certificate, so that a
        machine that hides its id keeps its name; for a VLEK from the report,
        b"" where it is hidden.

    Raises:
        EvidenceInvalid: For each fault a rule of its own: `evidence.*`,
            `root.unknown`, `snp.*`, `snp.crl.*`.
    """
    if evidence.kind != KIND:
        raise_kind(evidence.kind, KIND)
    evidence.only(("report",))
    endorsements.only(*ENDORSEMENTS)
    return verify_guest(evidence.part("report"), endorsements, roots, at)


def raise_kind(found: str, expected: str) -> None:
    """Refuse evidence of another kind.

    Raises:
        EvidenceInvalid: Always (`evidence.kind`).
    """
    refuse("evidence", "kind", f"expected evidence of kind {expected}, found {found}")


def verify_guest(
    report_bytes: bytes, endorsements: Endorsements, roots: RootSet, at: int
) -> Claims:
    """Verify a report that another kind of evidence carries within.

    Args, returns and raises as for `verify`.
    """
    report = read_report(report_bytes)
    key = _read_key(endorsements.part("vek"))
    issuer, ark, others = _read_chain(endorsements.part("chain"), key.certificate)
    root = roots.find(hashlib.sha256(ark.der).digest(), FAMILIES)
    not_before, not_after = verify_chain((key.certificate, issuer, ark), at, "snp")
    for other in others:
        verify_signature(other, ark, "snp")
    _check_root(key, issuer, ark, root)

    values: dict[str, Value] = {"crl": False}
    floors: dict[str, int] = {}
    if "crl" in endorsements.parts:
        crl = read_crl(endorsements.part("crl"), "snp.crl")
        check_crl(crl, ark, (issuer, ark), at, "snp.crl")
        values |= {"crl": True, "crl_number": crl.number}
        floors[f"amd-crl/{key.product}"] = crl.number
        not_before = max(not_before, crl.this_update)
        not_after = min(not_after, crl.next_update)

    verify_report(key.certificate.spki, report.r, report.s, report.signed, "snp")
    _check_key(report, key)
    tcb = _check_tcb(report, key)
    chip_id = key.chip_id or report.chip_id
    return Claims(
        kind=KIND,
        root=root,
        report_data=report.report_data,
        debug=report.debug,
        values=values | _values(report, key) | tcb,
        identity=hashlib.sha256(report.signed).digest(),
        instance=hashlib.sha256(chip_id).digest() if any(chip_id) else b"",
        not_before=not_before,
        not_after=not_after,
        floors=floors,
    )


def _read_key(data: bytes) -> _Key:
    """Read the certificate of the key that signs reports."""
    if data.startswith(b"-----"):
        found = read_pem(data, "snp")
        if len(found) != 1:
            refuse("snp", "vek", f"expected one certificate, found {len(found)}")
        data = found[0]
    certificate = read_certificate(data, "snp")
    known = {_AMD + "1", _PRODUCT_NAME, _CHIP, _PROVIDER, *_TCB_RESERVED}
    for name in certificate.extensions:
        if name.startswith(_AMD) and name not in known | set(_TCB_PARTS.values()):
            refuse("snp", "vek", f"expected extensions we know, found {name}")
    product_name = _text(certificate, _PRODUCT_NAME, _PRODUCT)
    product = cast("Product", product_name.partition("-")[0])
    signer = {"SEV-VCEK": "VCEK", "SEV-VLEK": "VLEK"}.get(certificate.common_name, "")
    is_chip = _CHIP in certificate.extensions
    is_provider = _PROVIDER in certificate.extensions
    if (is_chip, is_provider) != (signer == "VCEK", signer == "VLEK") or not signer:
        refuse(
            "snp",
            "vek-kind",
            "expected a VCEK with a chip's id or a VLEK with a provider, "
            "found another certificate",
        )
    return _Key(
        certificate=certificate,
        signer=signer,
        product=product,
        product_name=product_name,
        tcb=_read_tcb(certificate, product),
        chip_id=_chip_id(certificate, product) if is_chip else b"",
        provider=_text(certificate, _PROVIDER, _PROVIDER_NAME) if is_provider else "",
    )


def _value(certificate: Certificate, name: str) -> Reader:
    found = certificate.extensions.get(name)
    if found is None:
        refuse("snp", "vek", f"expected the extension {name}, found none")
    return Reader(found.value, "snp")


def _text(certificate: Certificate, name: str, form: re.Pattern[str]) -> str:
    value = _value(certificate, name)
    text = value.take(IA5_STRING).decode("ascii", "replace")
    value.end()
    if not form.fullmatch(text):
        refuse(
            "snp", "vek", f"expected the form {form.pattern} in {name}, found another"
        )
    return text


def _number(certificate: Certificate, name: str) -> int:
    value = _value(certificate, name)
    number = value.integer()
    value.end()
    return number


def _read_tcb(certificate: Certificate, product: Product) -> dict[str, int]:
    parts = TCB_PARTS[product]
    for part, name in _TCB_PARTS.items():
        if part not in parts and name in certificate.extensions:
            refuse("snp", "vek", f"expected no part {part} for {product}, found one")
    for name in _TCB_RESERVED:
        if name in certificate.extensions and _number(certificate, name):
            refuse("snp", "vek", f"expected 0 in the reserved part {name}, found more")
    return {part: _number(certificate, _TCB_PARTS[part]) for part in parts}


def _chip_id(certificate: Certificate, product: Product) -> bytes:
    """The chip's id, padded to the report's field.

    It stands in the extension as it is, or as an OCTET STRING.
    """
    size = _CHIP_BYTES[product]
    data = certificate.extensions[_CHIP].value
    if len(data) == size + 2:
        value = Reader(data, "snp")
        data = value.take(OCTET_STRING)
        value.end()
    if len(data) != size or not any(data):
        refuse("snp", "vek", f"expected a chip's id of {size} bytes, found another")
    return data.ljust(_CHIP_FIELD, b"\0")


def _read_chain(
    data: bytes, vek: Certificate
) -> tuple[Certificate, Certificate, Sequence[Certificate]]:
    """Which certificate issued the key's, the root, and what else is there."""
    chain = [read_certificate(der, "snp") for der in read_pem(data, "snp")]
    roots = [one for one in chain if one.issuer == one.subject]
    issuers = [one for one in chain if one.subject == vek.issuer]
    if (
        len(chain) not in (2, 3)
        or len(roots) != 1
        or len(set(_names(chain))) != len(chain)
    ):
        refuse(
            "snp",
            "chain",
            "expected a root and one or two that it issued, each once, found others",
        )
    if len(issuers) != 1 or issuers[0] in roots:
        refuse(
            "snp",
            "chain",
            f"expected the issuer {vek.issuer_name or 'of the key'}, found none",
            fix="Ask for the chain of the key's kind and product: a VCEK's is not a "
            "VLEK's.",
        )
    others = [one for one in chain if one not in (issuers[0], roots[0])]
    for other in others:
        if other.issuer != roots[0].subject:
            refuse("snp", "chain", "expected certificates by one root, found others")
    return issuers[0], roots[0], others


def _names(chain: Sequence[Certificate]) -> list[bytes]:
    return [one.subject for one in chain]


def _check_root(key: _Key, issuer: Certificate, ark: Certificate, root: Root) -> None:
    """The product of the key, of its issuer and of the root are one."""
    between = "" if key.signer == "VCEK" else "VLEK-"
    if issuer.common_name != f"SEV-{between}{key.product}":
        rule = "vek-kind" if issuer.common_name.endswith(key.product) else "product"
        refuse(
            "snp",
            rule,
            f"expected a {key.signer} by SEV-{between}{key.product}, "
            f"found one by {issuer.common_name or 'another'}",
        )
    family = f"amd-{key.product.lower()}"
    if root.family != family or ark.common_name != f"ARK-{key.product}":
        refuse(
            "snp",
            "product",
            f"expected a root of {family}, found {root.name} of {root.family}",
        )


def _check_key(report: Report, key: _Key) -> None:
    """The report names the key, the product and the chip that signed it."""
    if report.signer != key.signer:
        refuse(
            "snp",
            "vek-kind",
            f"expected the certificate of a {report.signer}, "
            f"found that of a {key.signer}",
        )
    if report.signer == "VCEK" and report.chip_key_masked:
        refuse(
            "snp", "signer", "expected a key in use, found the VCEK said to be hidden"
        )
    if not report.is_made_by(key.product):
        refuse(
            "snp",
            "product",
            f"expected a processor of {key.product}, found another in the report",
        )
    if any(report.chip_id[_CHIP_BYTES[key.product] :]):
        refuse("snp", "chip", "expected zeros after the chip's id, found others")
    if key.chip_id and not report.chip_masked and report.chip_id != key.chip_id:
        refuse(
            "snp",
            "chip",
            f"expected the chip {key.chip_id[:8].hex()} of the certificate, "
            f"found {report.chip_id[:8].hex()}",
        )


def _check_tcb(report: Report, key: _Key) -> dict[str, Value]:
    """The firmware's versions, by name; they fit each other and the key."""
    versions = {
        "current": report.current.parts(key.product),
        "reported": report.reported.parts(key.product),
        "committed": report.committed.parts(key.product),
        "launch": report.launch.parts(key.product),
    }
    for part, certified in key.tcb.items():
        reported = versions["reported"][part]
        if reported != certified:
            refuse(
                "snp",
                "tcb",
                f"expected {part} {certified} as certified, found {reported} reported",
            )
        committed, current = versions["committed"][part], versions["current"][part]
        if not reported <= committed <= current:
            refuse(
                "snp",
                "tcb-order",
                f"expected {part} with reported <= committed <= current, "
                f"found {reported}, {committed}, {current}",
            )
    return {
        f"tcb.{name}.{part}": number
        for name, parts in versions.items()
        for part, number in parts.items()
    }


def _values(report: Report, key: _Key) -> dict[str, Value]:
    major, minor, build = report.firmware
    values: dict[str, Value] = {
        "author_key_digest": report.author_key_digest,
        "chip_masked": report.chip_masked,
        "family_id": report.family_id,
        "firmware": f"{major}.{minor}.{build}",
        "guest_svn": report.guest_svn,
        "host_data": report.host_data,
        "id_key_digest": report.id_key_digest,
        "image_id": report.image_id,
        "measurement": report.measurement,
        "migration_agent": report.migration_agent,
        "platform_info": report.platform_info,
        "policy": report.policy,
        "product": key.product_name,
        "report_id": report.report_id,
        "report_id_ma": report.report_id_ma,
        "signer": report.signer,
        "version": report.version,
        "vmpl": report.vmpl,
    }
    if key.provider:
        values["provider"] = key.provider
    if report.mitigations is not None:
        values["mitigations.launch"], values["mitigations.current"] = report.mitigations
    return values
