"""A TPM of paper: makes what a TPM would sign, and what none would.

Tests need quotes that no TPM gives: by unrestricted keys, over resettable
registers, with a byte too many. So the keys are ours here, and only the live
tests (`swtpm_kit`) have a TPM that refuses.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from privshare.jobs.attestation.credential import Challenge
from privshare.jobs.attestation.enrolment import challenge
from privshare.jobs.attestation.event_log import Event, replay, write_log
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    Root,
    RootSet,
)
from privshare.jobs.attestation.tpm import verify
from privshare.jobs.attestation.tpm_structure import ATTRIBUTES, parse_public
from privshare.schemes.keys import SigningKey
from privshare.wire import canonical

AT = 1_800_000_000
START = datetime.fromtimestamp(AT - 86_400, UTC)
END = datetime.fromtimestamp(AT + 86_400, UTC)

EK_ATTRIBUTES = "fixedTPM fixedParent sensitiveDataOrigin restricted decrypt"
AK_ATTRIBUTES = "fixedTPM fixedParent sensitiveDataOrigin restricted sign userWithAuth"
EK_USAGE = "2.23.133.8.1"
REPORT = bytes(range(32))


def u16(*numbers: int) -> bytes:
    return b"".join(n.to_bytes(2, "big") for n in numbers)


def sized(data: bytes) -> bytes:
    return u16(len(data)) + data


def bits(names: str) -> bytes:
    return sum(1 << ATTRIBUTES[name] for name in names.split()).to_bytes(4, "big")


@cache
def rsa_key(_index: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def new_key(kind: str, index: int = 0) -> Any:
    if kind == "RSA":
        return rsa_key(index)
    return ec.generate_private_key(
        ec.SECP256R1() if kind == "P-256" else ec.SECP384R1()
    )


def public_area(key: Any, attributes: str, *, scheme: bytes, aes: int = 0) -> bytes:
    """TPM2B_PUBLIC of a key; a storage key where `aes` is set."""
    numbers = key.public_key().public_numbers()
    symmetric = u16(0x0006, aes, 0x0043) if aes else u16(0x0010)
    if isinstance(key, rsa.RSAPrivateKey):
        head = u16(0x0001, 0x000B)
        modulus = numbers.n.to_bytes(256, "big")
        tail = u16(2048) + bytes(4) + sized(modulus)
    else:
        size = key.curve.key_size // 8
        head = u16(0x0023, 0x000C if size == 48 and aes else 0x000B)
        point = sized(numbers.x.to_bytes(size, "big"))
        point += sized(numbers.y.to_bytes(size, "big"))
        tail = u16(0x0003 if size == 32 else 0x0004, 0x0010) + point
    area = head + bits(attributes) + sized(b"") + symmetric + scheme + tail
    return sized(area)


def certificate(
    subject: str,
    key: Any,
    issuer: str,
    issuer_key: Any,
    *,
    authority: int | None = None,
    usage: str | None = None,
    start: datetime = START,
    end: datetime = END,
    critical: bool = False,
    model: str | None = None,
) -> x509.Certificate:
    """A certificate; `authority` is its path length, `usage` its extended use."""

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    made = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(
            x509.BasicConstraints(ca=authority is not None, path_length=authority),
            critical=True,
        )
    )
    if usage:
        oid = x509.ObjectIdentifier(usage)
        made = made.add_extension(x509.ExtendedKeyUsage([oid]), critical=False)
    if model:
        oid = x509.ObjectIdentifier("2.23.133.2.2")
        inside = x509.DirectoryName(x509.Name([x509.NameAttribute(oid, model)]))
        made = made.add_extension(x509.SubjectAlternativeName([inside]), critical=True)
    if critical:
        oid = x509.ObjectIdentifier("1.2.3.4.5")
        made = made.add_extension(x509.UnrecognizedExtension(oid, b"\x05\x00"), True)
    return made.sign(issuer_key, hashes.SHA256())


def der(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(Encoding.DER)


def pem(*certs: x509.Certificate) -> bytes:
    return b"".join(cert.public_bytes(Encoding.PEM) for cert in certs)


class Maker:
    """A maker of TPMs: a root and an issuer."""

    def __init__(self, name: str = "maker") -> None:
        self.name = name
        self.root_key, self.key = new_key("P-256"), new_key("P-256")
        self.root = certificate(name, self.root_key, name, self.root_key, authority=1)
        self.issuer = certificate(
            f"{name} issuer", self.key, name, self.root_key, authority=0
        )

    def certify(self, key: Any, **changes: Any) -> x509.Certificate:
        options = {"usage": EK_USAGE} | changes
        return certificate("a TPM", key, f"{self.name} issuer", self.key, **options)

    @property
    def chain(self) -> bytes:
        return pem(self.issuer, self.root)


@dataclass(frozen=True)
class Scene:
    """All that a verifier is given."""

    evidence: dict[str, bytes]
    endorsements: dict[str, bytes]
    roots: tuple[Root, ...]
    at: int = AT
    kind: str = "tpm2"

    def verify(self) -> Claims:
        return verify(
            Evidence(self.kind, self.evidence),
            Endorsements(self.endorsements),
            RootSet(self.roots),
            self.at,
        )

    def evidence_with(self, **parts: bytes) -> Scene:
        return replace(self, evidence={**self.evidence, **parts})

    def endorsed_with(self, **parts: bytes) -> Scene:
        return replace(self, endorsements={**self.endorsements, **parts})


def key_root(key: SigningKey, trust_class: Any = "hardware-tpm") -> Root:
    digest = hashlib.sha256(key.verify_key.raw).digest()
    return Root("an enroller", "tpm-enroller", digest, trust_class)


def cert_root(
    cert: x509.Certificate, family: str = "tpm", trust_class: Any = "hardware-tpm"
) -> Root:
    digest = hashlib.sha256(der(cert)).digest()
    return Root("a maker", family, digest, trust_class)


EVENTS = (
    Event("pcr.14", hashlib.sha256(b"runner").digest(), "runner"),
    Event("pcr.14", hashlib.sha256(b"module").digest(), "module"),
    Event("pcr.14", hashlib.sha256(b"input").digest(), "input"),
)


def log_value(events: Iterable[Event] = EVENTS) -> bytes:
    return replay("sha256", bytes(32), events)


def registers() -> dict[int, bytes]:
    return {0: b"\x11" * 32, 7: b"\x77" * 32, 14: log_value()}


def selection(numbers: Iterable[int], algorithm: int = 0x000B) -> bytes:
    mask = sum(1 << n for n in numbers)
    return u16(algorithm) + b"\x03" + mask.to_bytes(3, "little")


def attest(
    values: dict[int, bytes] | None = None,
    *,
    magic: bytes = b"\xffTCG",
    kind: int = 0x8018,
    safe: int = 1,
    banks: tuple[bytes, ...] | None = None,
    report: bytes = REPORT,
    tail: bytes = b"",
) -> bytes:
    """TPMS_ATTEST of a quote."""
    values = registers() if values is None else values
    banks = (selection(values),) if banks is None else banks
    digest = hashlib.sha256(b"".join(v for _, v in sorted(values.items()))).digest()
    return (
        magic
        + u16(kind)
        + sized(b"\x00\x0b" + bytes(32))
        + sized(report)
        + (1234).to_bytes(8, "big")
        + (2).to_bytes(4, "big")
        + (3).to_bytes(4, "big")
        + bytes((safe,))
        + (2**61 + 1).to_bytes(8, "big")
        + len(banks).to_bytes(4, "big")
        + b"".join(banks)
        + sized(digest)
        + tail
    )


def write_registers(values: dict[int, bytes]) -> bytes:
    return canonical.encode({str(n): v.hex() for n, v in values.items()})


@dataclass
class PaperTpm:
    """Keys of a TPM, its maker and its enroller."""

    ek_kind: str = "P-384"
    ak_kind: str = "P-256"
    ak_attributes: str = AK_ATTRIBUTES
    ak_scheme: bytes | None = None
    ak_aes: int = 0
    maker: Maker = field(default_factory=Maker)
    enroller: SigningKey = field(default_factory=SigningKey.generate)

    def __post_init__(self) -> None:
        self.ek = new_key(self.ek_kind, 0)
        self.ak = new_key(self.ak_kind, 1)
        self.ek_public = public_area(
            self.ek,
            EK_ATTRIBUTES,
            scheme=u16(0x0010),
            aes=256 if self.ek_kind == "P-384" else 128,
        )
        default = u16(0x0014 if self.ak_kind == "RSA" else 0x0018, 0x000B)
        self.ak_public = public_area(
            self.ak,
            self.ak_attributes,
            scheme=default if self.ak_scheme is None else self.ak_scheme,
            aes=self.ak_aes,
        )
        self.ek_certificate = self.maker.certify(self.ek)

    @property
    def ak_name(self) -> bytes:
        return parse_public(self.ak_public).name

    def sign(self, message: bytes) -> bytes:
        """TPMT_SIGNATURE by the attestation key."""
        if self.ak_kind == "RSA":
            made = self.ak.sign(message, padding.PKCS1v15(), hashes.SHA256())
            return u16(0x0014, 0x000B) + sized(made)
        made = self.ak.sign(message, ec.ECDSA(hashes.SHA256()))
        size = self.ak.curve.key_size // 8
        r, s = (n.to_bytes(size, "big") for n in utils.decode_dss_signature(made))
        return u16(0x0018, 0x000B) + sized(r) + sized(s)

    def activate(self, sent: Challenge) -> bytes:
        """TPM2_ActivateCredential, written anew after Part 1, section 24."""
        name = "sha384" if self.ek_kind == "P-384" else "sha256"
        size = hashlib.new(name).digest_size
        seed = self._open_seed(sent.secret[2:], name, size)
        blob = sent.blob[2:]
        mac, encrypted = blob[2 : 2 + size], blob[2 + size :]
        key = _kdf_a(name, seed, b"INTEGRITY\0", b"", size)
        expected = hmac.new(key, encrypted + self.ak_name, name).digest()
        assert hmac.compare_digest(mac, expected), "TPM_RC_INTEGRITY"
        aes = 32 if self.ek_kind == "P-384" else 16
        plain = _cfb(_kdf_a(name, seed, b"STORAGE\0", self.ak_name, aes), encrypted)
        return plain[2 : 2 + int.from_bytes(plain[:2], "big")]

    def _open_seed(self, data: bytes, name: str, size: int) -> bytes:
        if self.ek_kind == "RSA":
            hash_ = hashes.SHA256()
            label = padding.OAEP(padding.MGF1(hash_), hash_, b"IDENTITY\0")
            return bytes(self.ek.decrypt(data, label))
        width = self.ek.curve.key_size // 8
        x, y = data[2 : 2 + width], data[4 + width :]
        point = ec.EllipticCurvePublicNumbers(
            int.from_bytes(x, "big"), int.from_bytes(y, "big"), self.ek.curve
        ).public_key()
        shared = self.ek.exchange(ec.ECDH(), point)
        own = self.ek.public_key().public_numbers().x.to_bytes(width, "big")
        start = (1).to_bytes(4, "big")
        whole = hashlib.new(name, start + shared + b"IDENTITY\0" + x + own)
        return whole.digest()[:size]

    def enrol(self) -> bytes:
        cert = hashlib.sha256(der(self.ek_certificate)).digest()
        pending = challenge(self.ek_public, cert, self.ak_name)
        return pending.conclude(self.activate(pending.challenge), self.enroller)

    def scene(
        self,
        message: bytes | None = None,
        values: dict[int, bytes] | None = None,
        events: Iterable[Event] = EVENTS,
    ) -> Scene:
        """Evidence that is accepted, unless the arguments spoil it."""
        values = registers() if values is None else values
        message = attest(values) if message is None else message
        return Scene(
            evidence={
                "ak_public": self.ak_public,
                "attest": message,
                "event_log": write_log(events),
                "pcrs": write_registers(values),
                "signature": self.sign(message),
            },
            endorsements={
                "ek_certificate": der(self.ek_certificate),
                "ek_chain": self.maker.chain,
                "enrolment": self.enrol(),
            },
            roots=(cert_root(self.maker.root), key_root(self.enroller)),
        )


def _kdf_a(name: str, key: bytes, label: bytes, context: bytes, size: int) -> bytes:
    data = (1).to_bytes(4, "big") + label + context + (8 * size).to_bytes(4, "big")
    return hmac.new(key, data, name).digest()[:size]


def _cfb(key: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

    opener = Cipher(algorithms.AES(key), CFB(bytes(16))).decryptor()
    return opener.update(data) + opener.finalize()


def later(days: int) -> datetime:
    return START + timedelta(days=days)
