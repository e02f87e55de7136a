"""Chains on P-384 under a test root, and what machines sign with them.

As AWS and NVIDIA build theirs, with one thing wrong where a test wants it. The
names in the certificates say that nobody should believe them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from privshare.jobs.attestation import cbor, nitro, nvidia
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    Root,
    RootSet,
)

AT = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
HOUR = 3600
FIRMWARE = bytes(range(48))


def key(name: str, curve: type[ec.EllipticCurve] = ec.SECP384R1) -> Any:
    """A key that goes by this name."""
    return _key(name, curve)


@cache
def _key(name: str, curve: type[ec.EllipticCurve]) -> Any:
    return ec.generate_private_key(curve())


def raw_signature(signer: Any, data: bytes) -> bytes:
    """r and s, 48 bytes each."""
    r, s = utils.decode_dss_signature(signer.sign(data, ec.ECDSA(hashes.SHA384())))
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")


@dataclass(frozen=True)
class Link:
    """One certificate of a chain, and what may be wrong with it.

    Attributes:
        window: Seconds from `AT`.
        length: Of the path below; None: no limit.
        issuer_name: Written in as issuer; "" is the right one.
        signer: Whose key signs; "" is the issuer's.
    """

    name: str
    ca: bool = True
    constraints: bool = True
    usage: str = "sign"
    length: int | None = None
    window: tuple[int, int] = (-HOUR, HOUR)
    issuer_name: str = ""
    signer: str = ""
    hash_name: Any = hashes.SHA384
    curve: type[ec.EllipticCurve] = ec.SECP384R1
    critical: bool = False
    extensions: tuple[Any, ...] = ()


def certificate(link: Link, issuer: Link) -> bytes:
    """The DER bytes of a link."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(link.name))
        .issuer_name(_name(link.issuer_name or issuer.name))
        .public_key(key(link.name, link.curve).public_key())
        .serial_number(1 + len(link.name))
        .not_valid_before(datetime.fromtimestamp(AT + link.window[0], UTC))
        .not_valid_after(datetime.fromtimestamp(AT + link.window[1], UTC))
    )
    if link.constraints:
        length = link.length if link.ca else None
        builder = builder.add_extension(x509.BasicConstraints(link.ca, length), True)
    if link.usage:
        names = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        certify = link.ca and link.usage == "sign"
        builder = builder.add_extension(
            x509.KeyUsage(
                digital_signature=not link.ca and link.usage == "sign",
                key_cert_sign=certify,
                **{**names, "key_agreement": link.usage == "other"},
            ),
            True,
        )
    for extension in link.extensions:
        builder = builder.add_extension(extension, False)
    if link.critical:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")
        builder = builder.add_extension(unknown, True)
    signer = key(link.signer or issuer.name, issuer.curve)
    return builder.sign(signer, link.hash_name()).public_bytes(Encoding.DER)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"TEST ONLY {common}")])


#: Leaf first, root last, as in Nitro's documents.
NITRO = (
    Link("enclave", ca=False),
    Link("instance", length=0),
    Link("zone", length=1),
    Link("region", length=2),
    Link("root"),
)

_TCB_INFO = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("2.23.133.5.4.1"), b"\x04\x30" + FIRMWARE
)
NVIDIA = (
    Link("firmware", ca=False, extensions=(_TCB_INFO,)),
    Link("device"),
    Link("provisioner"),
    Link("product"),
    Link("root"),
)


def chain(links: tuple[Link, ...]) -> list[bytes]:
    """DER bytes of each link, issued by the next."""
    return [
        certificate(link, issuer)
        for link, issuer in zip(links, (*links[1:], links[-1]), strict=True)
    ]


def change(links: tuple[Link, ...], at: int, **fields: Any) -> tuple[Link, ...]:
    """The same chain with something else in one link."""
    made = Link(**{**links[at].__dict__, **fields})
    return (*links[:at], made, *links[at + 1 :])


def root_of(certificates: list[bytes], family: str) -> RootSet:
    digest = sha256(certificates[-1]).digest()
    return RootSet((Root("test", family, digest, "software"),))


def fields_of(certificates: list[bytes]) -> dict[str, Any]:
    """The payload of a sound Nitro document."""
    return {
        "module_id": "i-0123-enc4567",
        "digest": "SHA384",
        "timestamp": AT * 1000 + 5,
        "pcrs": {n: bytes([n + 1]) * 48 for n in range(16)},
        "certificate": certificates[0],
        "cabundle": certificates[:0:-1],
        "public_key": b"key",
        "user_data": bytes(range(64)),
        "nonce": b"nonce",
    }


@dataclass(frozen=True)
class Document:
    """A Nitro document. What is given here replaces what is right."""

    links: tuple[Link, ...] = NITRO
    fields: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    protected: bytes = cbor.write({1: -35})
    unprotected: Any = field(default_factory=dict)
    signer: str = "enclave"
    context: str = "Signature1"
    payload: Callable[[bytes], bytes] = lambda payload: payload

    def build(self) -> tuple[bytes, RootSet]:
        """The document, and its root."""
        certificates = chain(self.links)
        fields = {**fields_of(certificates), **self.fields}
        for name in self.without:
            del fields[name]
        payload = self.payload(cbor.write(fields))
        signed = cbor.write([self.context, self.protected, b"", payload])
        signature = raw_signature(key(self.signer), signed)
        document = cbor.write([self.protected, self.unprotected, payload, signature])
        return document, root_of(certificates, "aws-nitro")

    def verify(self, at: int = AT) -> Claims:
        return verify_document(*self.build(), at)


def verify_document(document: bytes, roots: RootSet, at: int = AT) -> Claims:
    evidence = Evidence("aws-nitro", {"document": document})
    return nitro.verify(evidence, Endorsements({}), roots, at)


def blocks(count: int = 3) -> bytes:
    """Measurement blocks of one digest each."""
    return b"".join(
        bytes([n, 1]) + (51).to_bytes(2, "little") + b"\x01\x30\x00" + bytes([n]) * 48
        for n in range(1, count + 1)
    )


def opaque(*more: tuple[int, bytes]) -> bytes:
    """NVIDIA's own data."""
    return b"".join(
        kind.to_bytes(2, "little") + len(value).to_bytes(2, "little") + value
        for kind, value in ((3, b"1.2.3\0"), (6, b"bios"), (20, FIRMWARE), *more)
    )


@dataclass(frozen=True)
class Report:
    """A GPU's report. What is given here replaces what is right."""

    links: tuple[Link, ...] = NVIDIA
    nonce: bytes = bytes(range(32))
    request: bytes = b"\x11\xe0\x01\xff"
    slot: int = 0
    response: bytes = b"\x11\x60\x00\x00"
    count: int = 3
    record: bytes = blocks()
    opaque: bytes = opaque()
    signer: str = "firmware"
    tail: bytes = b""
    drop: int = 0

    def build(self) -> tuple[bytes, bytes, RootSet]:
        """Report, chain and root."""
        signed = (
            self.request
            + self.nonce
            + bytes([self.slot])
            + self.response
            + bytes([self.count])
            + len(self.record).to_bytes(3, "little")
            + self.record
            + bytes(32)
            + len(self.opaque).to_bytes(2, "little")
            + self.opaque
        )
        report = signed + raw_signature(key(self.signer), signed) + self.tail
        certificates = chain(self.links)
        pem = b"".join(
            x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
            for der in certificates[self.drop :]
        )
        return report, pem, root_of(certificates, "nvidia")

    def verify(self, at: int = AT) -> Claims:
        return verify_report(*self.build(), at)


def verify_report(report: bytes, pem: bytes, roots: RootSet, at: int = AT) -> Claims:
    evidence = Evidence("nvidia-gpu", {"report": report, "chain": pem})
    return nvidia.verify(evidence, Endorsements({}), roots, at)
