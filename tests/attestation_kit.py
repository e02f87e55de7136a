"""A maker of machines, as AMD is one: roots, issuers, keys, reports and lists.

Everything is synthetic and chains to a root of its own, which a test enrols by
its digest. Certificates are laid out by hand, because the real ones are odd
(serial number 0, no key identifiers) and the wrong ones must be odder.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from privshare.jobs.attestation.certificate_key import PSS_SHA384
from privshare.jobs.attestation.evidence import Endorsements, Evidence, Root, RootSet

AT = 1_750_000_000
YEAR = 365 * 86_400
AMD = "1.3.6.1.4.1.3704.1."

TCB = {"fmc": 2, "bl": 4, "tee": 1, "snp": 24, "ucode": 219}
PLACES = {
    "Milan": {"bl": 0, "tee": 1, "snp": 6, "ucode": 7},
    "Genoa": {"bl": 0, "tee": 1, "snp": 6, "ucode": 7},
    "Turin": {"fmc": 0, "bl": 1, "tee": 2, "snp": 3, "ucode": 7},
}
OIDS = {"bl": "3.1", "tee": "3.2", "snp": "3.3", "ucode": "3.8", "fmc": "3.9"}
CPUID = {"Milan": (0x19, 1, 1), "Genoa": (0x19, 0x11, 1), "Turin": (0x1A, 2, 1)}
CHIP = bytes(range(1, 65))


def tlv(tag: int, *parts: bytes) -> bytes:
    """A value of DER."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE."""
    return tlv(0x30, *parts)


def integer(value: int) -> bytes:
    """An INTEGER of 0 or more."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def object_id(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *arcs = map(int, dotted.split("."))
    out = bytearray()
    for arc in (40 * first + second, *arcs):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        out += bytes(reversed(groups))
    return tlv(0x06, bytes(out))


def name(common_name: str) -> bytes:
    """A name like AMD's."""
    pairs = (("2.5.4.11", "Engineering"), ("2.5.4.3", common_name))
    return sequence(
        *(
            tlv(0x31, sequence(object_id(oid), tlv(0x0C, text.encode())))
            for oid, text in pairs
        )
    )


def time(at: int) -> bytes:
    """A UTCTime, or a GeneralizedTime from 2050 on."""
    when = datetime.fromtimestamp(at, UTC)
    if when.year >= 2050:
        return tlv(0x18, when.strftime("%Y%m%d%H%M%SZ").encode())
    return tlv(0x17, when.strftime("%y%m%d%H%M%SZ").encode())


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    """One extension."""
    flag = (tlv(0x01, b"\xff"),) if critical else ()
    return sequence(object_id(dotted), *flag, tlv(0x04, value))


def bits(data: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return tlv(0x03, b"\0", data)


def pem(*ders: bytes) -> bytes:
    """Certificates as PEM."""
    out = b""
    for der in ders:
        flat = base64.b64encode(der)
        lines = b"\n".join(flat[i : i + 64] for i in range(0, len(flat), 64))
        out += b"-----BEGIN CERTIFICATE-----\n" + lines
        out += b"\n-----END CERTIFICATE-----\n"
    return out


@lru_cache(maxsize=8)
def rsa_key(label: str, size: int = 4096) -> rsa.RSAPrivateKey:
    """A key of that name, made once a session (seconds)."""
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


@lru_cache(maxsize=8)
def ec_key(label: str, curve: str = "P-384") -> ec.EllipticCurvePrivateKey:
    """A key of that name, made once a session."""
    return ec.generate_private_key(
        ec.SECP384R1() if curve == "P-384" else ec.SECP256R1()
    )


def spki(key: Any) -> bytes:
    """The public key's DER."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def sign(tbs: bytes, key: rsa.RSAPrivateKey, algorithm: bytes) -> bytes:
    """Wrap a signed part with its signature, RSASSA-PSS with SHA-384."""
    scheme = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    return sequence(tbs, algorithm, bits(key.sign(tbs, scheme, hashes.SHA384())))


def authority(path_length: int | None = None) -> bytes:
    """Basic constraints of an issuer."""
    length = () if path_length is None else (integer(path_length),)
    value = sequence(tlv(0x01, b"\xff"), *length)
    return extension("2.5.29.19", value, critical=True)


def usage(byte: int) -> bytes:
    """Key usage: 4 signs certificates, 2 signs lists."""
    return extension("2.5.29.15", bytes([3, 2, 1, byte]), critical=True)


def certificate(
    subject: str,
    issuer: str,
    key: Any,
    issuer_key: rsa.RSAPrivateKey,
    extensions: Iterable[bytes],
    *,
    serial: int = 1,
    not_before: int = AT - YEAR,
    not_after: int = AT + YEAR,
    algorithm: bytes = PSS_SHA384[0],
    inner: bytes | None = None,
    version: int = 2,
) -> bytes:
    """A certificate, right or wrong as the arguments say."""
    tbs = sequence(
        tlv(0xA0, integer(version)),
        integer(serial),
        inner or algorithm,
        name(issuer),
        sequence(time(not_before), time(not_after)),
        name(subject),
        spki(key),
        tlv(0xA3, sequence(*extensions)),
    )
    return sign(tbs, issuer_key, algorithm)


def ark(product: str = "Milan", key: str = "ark", **changed: Any) -> bytes:
    """A root."""
    own = changed.pop("rsa", None) or rsa_key(key)
    extensions = changed.pop("extensions", (usage(6), authority()))
    subject = f"ARK-{product}"
    return certificate(
        subject, subject, own, own, extensions, **{"serial": 0x10000} | changed
    )


def ask(product: str = "Milan", signer: str = "VCEK", **changed: Any) -> bytes:
    """An issuer of VCEKs (an ASK) or of VLEKs (an ASVK)."""
    between = "" if signer == "VCEK" else "VLEK-"
    serial = 0x10001 if signer == "VCEK" else 0x10101
    extensions = changed.pop("extensions", (authority(0), usage(4)))
    return certificate(
        changed.pop("subject", f"SEV-{between}{product}"),
        changed.pop("issuer", f"ARK-{product}"),
        changed.pop("key", rsa_key(signer)),
        changed.pop("issuer_key", rsa_key("ark")),
        extensions,
        **{"serial": serial} | changed,
    )


def amd_extensions(
    product: str, signer: str, chip_id: bytes = CHIP, **tcb: int
) -> dict[str, bytes]:
    """What AMD says of a signing key, by the last part of the identifier."""
    parts = TCB | tcb
    chip_id = chip_id[:8] if product == "Turin" else chip_id
    return {
        "1": integer(int(product == "Turin")),
        "2": tlv(0x16, (product + ("-B0" if product == "Milan" else "")).encode()),
        **{OIDS[part]: integer(parts[part]) for part in PLACES[product]},
        **{f"3.{i}": integer(0) for i in range(4 + (product == "Turin"), 8)},
        **({"4": chip_id} if signer == "VCEK" else {"5": tlv(0x16, b"CN=a.example")}),
    }


def vek(
    product: str = "Milan",
    signer: str = "VCEK",
    *,
    amd: Mapping[str, bytes | None] | None = None,
    more: Iterable[bytes] = (),
    **changed: Any,
) -> bytes:
    """The certificate of a VCEK or a VLEK."""
    between = "" if signer == "VCEK" else "VLEK-"
    said = amd_extensions(product, signer) | dict(amd or {})
    extensions = [
        extension(AMD + oid, value) for oid, value in said.items() if value is not None
    ]
    return certificate(
        changed.pop("subject", f"SEV-{signer}"),
        changed.pop("issuer", f"SEV-{between}{product}"),
        changed.pop("key", ec_key("vek")),
        changed.pop("issuer_key", None) or rsa_key(signer),
        [*extensions, *more],
        **{"serial": 0} | changed,
    )


def crl(
    product: str = "Milan",
    *serials: int,
    key: str = "ark",
    issuer: str = "",
    number: int | None = 7,
    this_update: int = AT - 86_400,
    next_update: int | None = AT + 86_400,
    algorithm: bytes = PSS_SHA384[0],
    extensions: Iterable[bytes] = (),
    entry: Iterable[bytes] = (),
) -> bytes:
    """A list of revoked certificates."""
    entries = [
        sequence(
            integer(serial),
            time(AT - 2 * 86_400),
            *([sequence(*entry)] if tuple(entry) else []),
        )
        for serial in serials
    ]
    own = [extension("2.5.29.20", integer(number))] if number is not None else []
    tbs = sequence(
        integer(1),
        algorithm,
        name(issuer or f"ARK-{product}"),
        time(this_update),
        *([time(next_update)] if next_update is not None else []),
        *([sequence(*entries)] if entries else []),
        *([tlv(0xA0, sequence(*own, *extensions))] if [*own, *extensions] else []),
    )
    return sign(tbs, rsa_key(key), algorithm)


def tcb(product: str, **parts: int) -> bytes:
    """A TCB version, laid out as the product has it."""
    raw = bytearray(8)
    for part, place in PLACES[product].items():
        raw[place] = (TCB | parts)[part]
    return bytes(raw)


def report(
    product: str = "Milan",
    signer: str = "VCEK",
    *,
    version: int = 3,
    edits: Mapping[int, bytes] | None = None,
    after: Mapping[int, bytes] | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """A report, signed.

    Args:
        edits: Bytes by their place, put in before it is signed.
        after: The same, put in afterwards.
    """
    raw = bytearray(0x4A0)
    cpuid = bytes(CPUID[product]) if version >= 3 else bytes(3)
    chip_id = CHIP[:8].ljust(64, b"\0") if product == "Turin" else CHIP
    fields = {
        0x00: version.to_bytes(4, "little"),
        0x04: (5).to_bytes(4, "little"),
        0x08: (0x3001F).to_bytes(8, "little"),
        0x34: b"\1",
        0x38: tcb(product, ucode=221),
        0x40: (0x25 if version >= 3 else 0x05).to_bytes(8, "little"),
        0x48: bytes([0 if signer == "VCEK" else 4]),
        0x50: hashlib.sha512(b"report data").digest(),
        0x90: hashlib.sha384(b"measurement").digest(),
        0xC0: hashlib.sha256(b"host data").digest(),
        0xE0: hashlib.sha384(b"id key").digest(),
        0x140: hashlib.sha256(b"report id").digest(),
        0x160: b"\xff" * 32,
        0x180: tcb(product),
        0x188: cpuid,
        0x1A0: chip_id if signer == "VCEK" else bytes(64),
        0x1E0: tcb(product, ucode=220),
        0x1E8: bytes([29, 55, 1]),
        0x1EC: bytes([29, 55, 1]),
        0x1F0: tcb(product),
    }
    for place, data in (*fields.items(), *(edits or {}).items()):
        raw[place : place + len(data)] = data
    signature = (key or ec_key("vek")).sign(
        bytes(raw[:0x2A0]), ec.ECDSA(hashes.SHA384())
    )
    r, s = utils.decode_dss_signature(signature)
    raw[0x2A0:0x2E8] = r.to_bytes(72, "little")
    raw[0x2E8:0x330] = s.to_bytes(72, "little")
    for place, data in (after or {}).items():
        raw[place : place + len(data)] = data
    return bytes(raw)


@lru_cache(maxsize=16)
def chain(product: str = "Milan", *signers: str) -> bytes:
    """The issuers of these kinds (both, if none is named) and their root."""
    return pem(
        *(ask(product, signer) for signer in signers or ("VCEK", "VLEK")),
        usual_ark(product),
    )


usual_vek = lru_cache(maxsize=16)(vek)
usual_ark = lru_cache(maxsize=16)(ark)


def root_of(der: bytes, family: str) -> Root:
    """An enrolment of a root of ours."""
    return Root(f"test {family}", family, hashlib.sha256(der).digest(), "simulated")


def roots(*products: str) -> RootSet:
    """The test's own roots of these products, of all three if none is named."""
    return RootSet(
        tuple(
            root_of(usual_ark(product), f"amd-{product.lower()}")
            for product in products or ("Milan", "Genoa", "Turin")
        )
    )


@dataclass(frozen=True, slots=True)
class Guest:
    """What a verifier is handed; each part right until a test replaces it."""

    product: str = "Milan"
    signer: str = "VCEK"
    report: bytes = b""
    parts: Mapping[str, bytes] = field(default_factory=dict)

    def evidence(self) -> Evidence:
        """The report."""
        made = self.report or report(self.product, self.signer)
        return Evidence("sev-snp", {"report": made})

    def endorsements(self) -> Endorsements:
        """The certificates, and the list if a test gives one."""
        usual = {
            "vek": usual_vek(self.product, self.signer),
            "chain": chain(self.product),
        }
        return Endorsements(usual | dict(self.parts))
