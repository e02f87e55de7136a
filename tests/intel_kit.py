"""A platform that Intel never made: quotes and collateral under a test root.

Everything that Intel signs is signed here by keys of our own, so that a test
can make one thing wrong and leave every signature right: a revoked PCK, a
debug enclave, an event log, an authority that is none. Marked as synthetic by
the names in its certificates.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from privshare.jobs.attestation import intel
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    Root,
    RootSet,
)

AT = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
DAY = 24 * 3600
FMSPC = bytes.fromhex("30606a000000")
PPID = bytes(range(16))
QE_VENDOR = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
QE_SIGNER = sha256(b"quoting enclave signer").digest()


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """A key that goes by this name."""
    return ec.generate_private_key(ec.SECP256R1())


def raw_signature(signer: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """r and s, 32 bytes each."""
    der = signer.sign(data, ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def raw_key(private: ec.EllipticCurvePrivateKey) -> bytes:
    """x and y, 32 bytes each."""
    numbers = private.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def when(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def zulu(seconds: int) -> str:
    return when(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER value."""
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def oid(*last: int) -> bytes:
    """An identifier below 1.2.840.113741.1.13.1."""
    return tlv(6, bytes.fromhex("2a864886f84d010d01"), bytes(last))


def pair(number: tuple[int, ...], value: bytes) -> bytes:
    return tlv(0x30, oid(*number), value)


@dataclass(frozen=True)
class Platform:
    """What a machine and its maker say. Every field can be made wrong.

    Attributes:
        tee: "sgx" or "tdx".
        revoked: Which certificate its issuer's list has: "pck", "authority".
        start, end: Seconds from `AT`, of collateral.
        certificates: Seconds from `AT`: of certificates.
    """

    tee: str = "tdx"
    report_data: bytes = bytes(range(64))
    debug: bool = False
    rtmr3: bytes = bytes(48)
    attributes: bytes | None = None
    status: str = "UpToDate"
    advisories: tuple[str, ...] = ()
    number: int = 17
    level_svn: int = 1
    level_fmspc: bytes = FMSPC
    qe_signer: bytes = QE_SIGNER
    qe_svn: int = 5
    revoked: str = ""
    start: int = -DAY
    end: int = 29 * DAY
    crl_start: int = -DAY
    crl_end: int = 29 * DAY
    certificates: tuple[int, int] = (-365 * DAY, 365 * DAY)
    pck_days: tuple[int, int] = (-365 * DAY, 365 * DAY)
    authority_is_ca: bool = True
    authority_usage: bool = True
    authority_length: int | None = 0
    pck_is_ca: bool = False
    pck_critical: bool = False
    pck_fields: bool = True
    root_name: str = "TEST ONLY SGX Root CA"
    signers: dict[str, str] = field(default_factory=dict)

    def signer(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The key that signs as this; another one's, if told so."""
        return key(self.signers.get(name, name))

    # Certificates

    def _name(self, common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    def _certificate(
        self, name: str, common: str, issuer: str, issuer_common: str, **more: Any
    ) -> x509.Certificate:
        days = more.get("days", self.certificates)
        is_ca = more.get("ca", False)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._name(common))
            .issuer_name(self._name(issuer_common))
            .public_key(key(name).public_key())
            .serial_number(1000 + len(common))
            .not_valid_before(when(AT + days[0]))
            .not_valid_after(when(AT + days[1]))
            .add_extension(
                x509.BasicConstraints(is_ca, more.get("length") if is_ca else None),
                True,
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not is_ca,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=is_ca and more.get("usage", True),
                    crl_sign=is_ca,
                    encipher_only=False,
                    decipher_only=False,
                ),
                True,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key(name).public_key()), False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    key(issuer).public_key()
                ),
                False,
            )
            .add_extension(
                x509.CRLDistributionPoints(
                    [
                        x509.DistributionPoint(
                            [
                                x509.UniformResourceIdentifier(
                                    "https://test.invalid/crl"
                                )
                            ],
                            None,
                            None,
                            None,
                        )
                    ]
                ),
                False,
            )
        )
        for extension, critical in more.get("extensions", ()):
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.signer(issuer), hashes.SHA256())

    @cached_property
    def root(self) -> x509.Certificate:
        return self._certificate(
            "root", self.root_name, "root", self.root_name, ca=True, length=1
        )

    @cached_property
    def authority(self) -> x509.Certificate:
        return self._certificate(
            "authority",
            "TEST ONLY PCK Platform CA",
            "root",
            self.root_name,
            ca=self.authority_is_ca,
            length=self.authority_length,
            usage=self.authority_usage,
        )

    @cached_property
    def tcb_signer(self) -> x509.Certificate:
        return self._certificate("tcb", "TEST ONLY TCB Signing", "root", self.root_name)

    @cached_property
    def pck(self) -> x509.Certificate:
        components = [pair((2, n), tlv(2, b"\x02")) for n in range(1, 17)]
        tcb = tlv(
            0x30,
            *components,
            pair((2, 17), tlv(2, b"\x0b")),
            pair((2, 18), tlv(4, bytes([2] * 16))),
        )
        fields = [
            pair((1,), tlv(4, PPID)),
            pair((2,), tcb),
            pair((3,), tlv(4, bytes(2))),
            pair((4,), tlv(4, FMSPC)),
            pair((5,), tlv(10, b"\x01")),
            pair((6,), tlv(4, bytes(16))),
            pair(
                (7,),
                tlv(
                    0x30,
                    pair((7, 1), tlv(1, b"\xff")),
                    pair((7, 2), tlv(1, b"\x00")),
                    pair((7, 3), tlv(1, b"\xff")),
                ),
            ),
        ]
        if not self.pck_fields:
            fields = fields[1:]
        sgx = x509.UnrecognizedExtension(
            x509.ObjectIdentifier("1.2.840.113741.1.13.1"), tlv(0x30, *fields)
        )
        extensions = [(sgx, False)]
        if self.pck_critical:
            unknown = x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"
            )
            extensions.append((unknown, True))
        return self._certificate(
            "pck",
            "TEST ONLY PCK Certificate",
            "authority",
            "TEST ONLY PCK Platform CA",
            days=self.pck_days,
            ca=self.pck_is_ca,
            extensions=extensions,
        )

    def pem(self, *certificates: x509.Certificate) -> str:
        return "".join(c.public_bytes(Encoding.PEM).decode() for c in certificates)

    def crl(self, issuer: str, common: str, revoked: list[int]) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name(common))
            .last_update(when(AT + self.crl_start))
            .next_update(when(AT + self.crl_end))
            .add_extension(x509.CRLNumber(3), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    key(issuer).public_key()
                ),
                False,
            )
        )
        for serial in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(serial)
                .revocation_date(when(AT - DAY))
                .build()
            )
        name = self.signers.get(f"{issuer}-crl", issuer)
        signed = builder.sign(key(name), hashes.SHA256())
        return signed.public_bytes(Encoding.DER)

    # Documents

    def _dates(self) -> dict[str, Any]:
        return {
            "issueDate": zulu(AT + self.start),
            "nextUpdate": zulu(AT + self.end),
        }

    def tcb_info(self) -> str:
        level = {
            "tcb": {
                "sgxtcbcomponents": [{"svn": self.level_svn}] * 16,
                "pcesvn": 11,
            },
            "tcbDate": "2026-01-01T00:00:00Z",
            "tcbStatus": self.status,
            "advisoryIDs": list(self.advisories),
        }
        more: dict[str, Any] = {}
        if self.tee == "tdx":
            level["tcb"]["tdxtcbcomponents"] = [{"svn": 0}] * 16  # type: ignore[index]
            more["tdxModule"] = {
                "mrsigner": "00" * 48,
                "attributes": "00" * 8,
                "attributesMask": "FF" * 8,
            }
        return json.dumps(
            {
                "id": "TDX" if self.tee == "tdx" else "SGX",
                "version": 3,
                **self._dates(),
                "fmspc": self.level_fmspc.hex(),
                "pceId": "0000",
                "tcbType": 0,
                "tcbEvaluationDataNumber": self.number,
                **more,
                "tcbLevels": [level],
            },
            separators=(",", ":"),
        )

    def qe_identity(self) -> str:
        return json.dumps(
            {
                "id": "TD_QE" if self.tee == "tdx" else "QE",
                "version": 2,
                **self._dates(),
                "tcbEvaluationDataNumber": self.number,
                "miscselect": "00000000",
                "miscselectMask": "FFFFFFFF",
                "attributes": "11" + "00" * 15,
                "attributesMask": "FB" + "FF" * 7 + "00" * 8,
                "mrsigner": self.qe_signer.hex().upper(),
                "isvprodid": 2 if self.tee == "tdx" else 1,
                "tcbLevels": [
                    {
                        "tcb": {"isvsvn": 4},
                        "tcbDate": "2026-01-01T00:00:00Z",
                        "tcbStatus": "UpToDate",
                    }
                ],
            },
            separators=(",", ":"),
        )

    def collateral(self) -> dict[str, str]:
        """The nine parts."""
        tcb, identity = self.tcb_info(), self.qe_identity()
        signing = self.pem(self.tcb_signer, self.root)
        revoked = {"pck": self.pck, "authority": self.authority}
        serial = [revoked[self.revoked].serial_number] if self.revoked else []
        return {
            "pck_crl_issuer_chain": self.pem(self.authority, self.root),
            "root_ca_crl": self.crl(
                "root", self.root_name, serial if self.revoked == "authority" else []
            ).hex(),
            "pck_crl": self.crl(
                "authority",
                "TEST ONLY PCK Platform CA",
                serial if self.revoked == "pck" else [],
            ).hex(),
            "tcb_info_issuer_chain": signing,
            "tcb_info": tcb,
            "tcb_info_signature": raw_signature(self.signer("tcb"), tcb.encode()).hex(),
            "qe_identity_issuer_chain": signing,
            "qe_identity": identity,
            "qe_identity_signature": raw_signature(
                self.signer("tcb"), identity.encode()
            ).hex(),
        }

    # Quote

    def enclave_report(
        self, attributes: bytes, report_data: bytes, prod: int, svn: int
    ) -> bytes:
        return (
            bytes([2] * 16)
            + bytes(4 + 28)
            + attributes
            + sha256(b"enclave").digest()
            + bytes(32)
            + QE_SIGNER
            + bytes(96)
            + prod.to_bytes(2, "little")
            + svn.to_bytes(2, "little")
            + bytes(60)
            + report_data
        )

    def body(self) -> bytes:
        if self.tee == "sgx":
            flags = self.attributes or bytes([0x07 if self.debug else 0x05]) + bytes(15)
            return self.enclave_report(flags, self.report_data, 7, 3)
        flags = self.attributes or bytes([1 if self.debug else 0]) + bytes(2) + b"\x10"
        return (
            bytes(16)  # TEE_TCB_SVN
            + sha256(b"seam").digest()
            + bytes(16)
            + bytes(48)
            + bytes(8)
            + flags.ljust(8, b"\0")
            + bytes.fromhex("e702060000000000")
            + b"".join(bytes([n]) * 48 for n in range(1, 5))
            + b"".join(bytes([n]) * 48 for n in range(5, 8))
            + self.rtmr3
            + self.report_data
        )

    def signed(self) -> bytes:
        """Header and body."""
        version, tee_type = (3, 0) if self.tee == "sgx" else (4, 0x81)
        header = (
            version.to_bytes(2, "little")
            + (2).to_bytes(2, "little")
            + tee_type.to_bytes(4, "little")
            + bytes(4)
            + QE_VENDOR
            + bytes(20)
        )
        return header + self.body()

    def quote(self) -> bytes:
        """The whole quote."""
        signed = self.signed()
        signature = raw_signature(self.signer("qe"), signed)
        auth = bytes(range(32))
        named = sha256(raw_key(key("qe")) + auth).digest() + bytes(32)
        report = self.enclave_report(
            b"\x11" + bytes(15), named, 2 if self.tee == "tdx" else 1, self.qe_svn
        )
        chain = self.pem(self.pck, self.authority, self.root).encode() + b"\0"
        inner = (
            report
            + raw_signature(self.signer("pck"), report)
            + len(auth).to_bytes(2, "little")
            + auth
            + (5).to_bytes(2, "little")
            + len(chain).to_bytes(4, "little")
            + chain
        )
        if self.tee == "tdx":
            inner = (6).to_bytes(2, "little") + len(inner).to_bytes(4, "little") + inner
        data = signature + raw_key(key("qe")) + inner
        return signed + len(data).to_bytes(4, "little") + data

    # Ready to verify

    @property
    def kind(self) -> str:
        return f"{self.tee}-dcap"

    @property
    def roots(self) -> RootSet:
        """The test root, as if Intel's."""
        digest = sha256(self.root.public_bytes(Encoding.DER)).digest()
        return RootSet((Root("test", "intel-sgx", digest, "software"),))

    def evidence(self, **parts: bytes) -> Evidence:
        return Evidence(self.kind, {"quote": self.quote(), **parts})

    def endorsements(self, **parts: str) -> Endorsements:
        """Collateral; a part given here replaces the right one."""
        return pack({**self.collateral(), **parts})

    def verify(self, at: int = AT) -> Claims:
        return intel.verify(self.evidence(), self.endorsements(), self.roots, at)


def pack(collateral: dict[str, str]) -> Endorsements:
    """Collateral as endorsements."""
    return Endorsements({"collateral": json.dumps(collateral).encode()})
