"""TLS between two nodes: one key for one job, and no authority.

Each node makes a key for one job. Its evidence binds the SHA-256 of the key's
SubjectPublicKeyInfo, the pin, so a peer is who it claims to be when its key has
that pin. Nothing else counts: no name, no date, no issuer.

    Identity.make(job) ─► pin ─► evidence ─► pins of all three ─► Session

Python's `ssl` asks a peer for its certificate only where it can check a chain.
So every certificate of a job is issued by the same authority, whose private key
follows from the job's digest: everybody can compute it, and that it signed says
nothing. It is there so that the certificate is sent, and its owner proves to
hold the key (RFC 8446, section 4.4.3); then `check_peer` compares the pin.

TLS 1.3 alone, no tickets, no resumption, ALPN `privshare-mpc/1`.

Sources: RFC 8446; pins as in RFC 7469, section 2.4.

>>> Identity.make(bytes(32))
<Identity (secret)>
"""

from __future__ import annotations

import base64
import datetime
import hmac
import os
import ssl
from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from privshare.errors import EncodingError
from privshare.jobs.mpc.abort import abort
from privshare.schemes.secret import Secret
from privshare.wire import domain
from privshare.wire.digest import sha256, tagged

__all__ = [
    "ALPN",
    "PIN_BYTES",
    "Identity",
    "check_peer",
    "client_context",
    "job_of",
    "server_context",
    "server_name",
]

ALPN: Final = "privshare-mpc/1"
PIN_BYTES: Final = 32

_SUFFIX: Final = ".mpc.privshare.invalid"
_NAME: Final = 52
#: No clock decides about a certificate: from before any of them to never.
_FROM: Final = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
_UNTIL: Final = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)


class Identity(Secret):
    """A node's key and certificate for one job. Made by `make`."""

    __slots__ = ("_pem", "job", "pin")

    job: bytes
    """Digest of the job it is for."""
    pin: bytes
    """SHA-256 of its SubjectPublicKeyInfo: what evidence binds."""

    def __init__(self, job: bytes, key: Ed25519PrivateKey) -> None:
        self.job = job
        self.pin = _pin(key)
        self._pem = _private(key) + _certificate(job, key)

    @classmethod
    def make(cls, job: bytes) -> Identity:
        """A new key for a job.

        Raises:
            EncodingError: No digest of 32 bytes.
        """
        return cls(_job(job), Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, job: bytes, seed: bytes) -> Identity:
        """The key of a seed of 32 bytes: how it reaches the process that uses it.

        Raises:
            EncodingError: No digest, or no seed, of 32 bytes.
        """
        if len(seed) != 32:
            raise EncodingError(f"expected a seed of 32 bytes, found {len(seed)}")
        return cls(_job(job), Ed25519PrivateKey.from_private_bytes(seed))

    def load(self, context: ssl.SSLContext) -> None:
        """Give key and certificate to a context.

        `ssl` reads them from a path alone; this one leads to memory, which is
        gone with the descriptor.
        """
        descriptor = os.memfd_create("identity", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, self._pem)
            context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)


def server_context(identity: Identity) -> ssl.SSLContext:
    """For the side that was connected to: its previous neighbour comes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0
    _harden(context, identity)
    return context


def client_context(identity: Identity) -> ssl.SSLContext:
    """For the side that connects: to its next neighbour."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # a pin says who it is, names do not
    _harden(context, identity)
    return context


def _harden(context: ssl.SSLContext, identity: Identity) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols([ALPN])
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=_authority(identity.job)[1])
    identity.load(context)


def check_peer(
    connection: ssl.SSLSocket | ssl.SSLObject, pin: bytes, party: int
) -> None:
    """Hold a finished handshake against the key that was attested.

    Args:
        connection: After its handshake.
        pin: SHA-256 of the SubjectPublicKeyInfo that evidence binds.
        party: Whose it is, to be named.

    Raises:
        VerificationError: `mpc.peer`: another key, no certificate, another
            protocol or version.
    """
    if connection.version() != "TLSv1.3" or connection.selected_alpn_protocol() != ALPN:
        abort(
            "mpc.peer",
            f"expected TLS 1.3 for {ALPN}, found {connection.version()} for "
            f"{connection.selected_alpn_protocol() or 'nothing'}",
            party=party,
        )
    der = connection.getpeercert(binary_form=True)
    found = b"" if der is None else _pin_of(der)
    if not hmac.compare_digest(found, pin):
        abort(
            "mpc.peer",
            "expected the key that its evidence binds, found another",
            party=party,
            fix="Someone else answers at its address, or it restarted: attest anew.",
        )


def server_name(job: bytes) -> str:
    """The name that a client asks for: how a listener finds the job's process.

    >>> len(server_name(bytes(32)))
    74
    """
    return base64.b32encode(_job(job)).decode().rstrip("=").lower() + _SUFFIX


def job_of(name: str) -> bytes | None:
    """The job that a name asks for, or None.

    >>> job_of(server_name(bytes(32))) == bytes(32)
    True
    """
    text = name.removesuffix(_SUFFIX)
    if len(text) != _NAME or name != text + _SUFFIX:
        return None
    try:
        job = base64.b32decode(text.upper() + "====")
    except ValueError:
        return None
    return job if server_name(job) == name else None


def _job(job: bytes) -> bytes:
    if len(job) != 32:
        raise EncodingError(f"job: expected a digest of 32 bytes, found {len(job)}")
    return job


def _pin(key: Ed25519PrivateKey) -> bytes:
    public = key.public_key()
    return sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _pin_of(der: bytes) -> bytes:
    """The pin of a certificate, or b"" of one that has no key we can read."""
    try:
        key = x509.load_der_x509_certificate(der).public_key()
        return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except (ValueError, UnsupportedAlgorithm):
        return b""


def _private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _authority(job: bytes) -> tuple[Ed25519PrivateKey, bytes]:
    """The authority that is nobody: its key and its certificate, in DER."""
    key = Ed25519PrivateKey.from_private_bytes(tagged(domain.MPC_AUTHORITY, job))
    made = _build(key, key, _name("nobody"), True)
    return key, made.public_bytes(Encoding.DER)


def _certificate(job: bytes, key: Ed25519PrivateKey) -> bytes:
    made = _build(key, _authority(job)[0], _name("node"), False)
    return made.public_bytes(Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _build(
    key: Ed25519PrivateKey,
    issuer: Ed25519PrivateKey,
    name: x509.Name,
    is_authority: bool,
) -> x509.Certificate:
    usage = dict.fromkeys(_USAGES, False)
    usage["key_cert_sign" if is_authority else "digital_signature"] = True
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (
        (x509.BasicConstraints(ca=is_authority, path_length=None), True),
        (x509.KeyUsage(**usage), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (_issued_by(issuer.public_key()), False),
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(_name("nobody"))
        .public_key(key.public_key())
        .serial_number(1 + int.from_bytes(_pin(key)[:15], "big"))
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer, None)


_issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key
_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
