"""The structures of TPM 2.0: what a quote says, and with which key.

Where bytes of a TPM become values, before anything is believed of them:
`tpm` and `azure` read quotes here, the collector reads keys. Each reader takes
its structure and nothing else: a byte too many, a flag that is neither yes nor
no, or a length beyond the specification's is refused.

    TPM   TPMS_ATTEST, TPMT_SIGNATURE, TPM2B_PUBLIC ─► here ─► tpm.verify

Implements the structures of TCG, Trusted Platform Module Library, Part 2,
revision 1.59: TPMS_ATTEST (10.12.12) of type quote, TPMT_PUBLIC (12.2.4),
TPMT_SIGNATURE (11.3.4), TPMS_PCR_SELECTION (10.6.4); and the name of an object
(Part 1, section 16).

>>> parse_attest(b"no quote")
Traceback (most recent call last):
privshare.errors.EvidenceInvalid: expected a structure that starts with ff544347, \
found 6e6f2071
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from privshare.jobs.attestation.tpm_reader import MAX_STRUCTURE, Reader, refuse
from privshare.wire.canonical import INTEGER_LIMIT

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = [
    "ALG_NULL",
    "Attest",
    "Attributes",
    "Public",
    "Signature",
    "name_of",
    "parse_attest",
    "parse_public",
    "parse_signature",
]

ALG_RSA: Final = 0x0001
ALG_SHA1: Final = 0x0004
ALG_AES: Final = 0x0006
ALG_SHA256: Final = 0x000B
ALG_SHA384: Final = 0x000C
ALG_SHA512: Final = 0x000D
ALG_NULL: Final = 0x0010
ALG_RSASSA: Final = 0x0014
ALG_ECDSA: Final = 0x0018
ALG_ECC: Final = 0x0023
ALG_CFB: Final = 0x0043

GENERATED: Final = b"\xffTCG"
ST_ATTEST_QUOTE: Final = 0x8018

#: Hash algorithms by their numbers, as hashlib spells them.
HASHES: Final = {
    ALG_SHA1: "sha1",
    ALG_SHA256: "sha256",
    ALG_SHA384: "sha384",
    ALG_SHA512: "sha512",
}

#: Curves by their numbers: the name and the bytes of a coordinate.
CURVES: Final = {0x0003: ("P-256", 32), 0x0004: ("P-384", 48)}

RSA_BITS: Final = (2048, 3072, 4096)

_MAX_DIGEST = 64
_MAX_BANKS = 4
_MAX_SELECT = 4


@dataclass(frozen=True, slots=True)
class Attest:
    """What a TPM says in a quote (TPMS_ATTEST of type quote).

    Attributes:
        signer: The qualified name of the key that signed. It names the key and
            the hierarchy above it; the key's own name is `Public.name`.
        extra_data: What the TPM was given to say, up to 64 bytes.
        clock: Milliseconds that the TPM was powered, as it counts them.
        reset_count: Resets of the TPM since it was made or cleared.
        restart_count: Restarts since the last reset.
        safe: Whether no greater clock value was ever reported.
        firmware_version: As the maker counts.
        selection: For each bank, its hash algorithm's number and its registers,
            ascending.
        pcr_digest: The digest of the selected registers, in that order.
    """

    signer: bytes
    extra_data: bytes
    clock: int
    reset_count: int
    restart_count: int
    safe: bool
    firmware_version: int
    selection: tuple[tuple[int, tuple[int, ...]], ...]
    pcr_digest: bytes


def parse_attest(data: bytes) -> Attest:
    """Read a quote's TPMS_ATTEST, the bytes that the TPM signed.

    Nothing is verified here but the form. The magic number says that the TPM
    made these bytes itself, if a restricted key signed them.

    Raises:
        EvidenceInvalid: Another magic number (`tpm.magic`), type (`tpm.type`),
            length (`tpm.length`, `tpm.trailing`), or value (`tpm.value`).
    """
    reader = Reader(data, "a quote")
    magic = reader.take(4) if len(data) >= 4 else data
    if magic != GENERATED:
        refuse(
            "tpm.magic",
            f"a structure that starts with {GENERATED.hex()}",
            magic.hex() or "nothing",
        )
    kind = reader.uint(2)
    if kind != ST_ATTEST_QUOTE:
        refuse("tpm.type", f"a quote (0x{ST_ATTEST_QUOTE:04x})", f"0x{kind:04x}")
    found = Attest(
        signer=reader.sized(_MAX_DIGEST + 2),
        extra_data=reader.sized(_MAX_DIGEST),
        clock=_clock(reader),
        reset_count=reader.uint(4),
        restart_count=reader.uint(4),
        safe=_yes_no(reader),
        firmware_version=reader.uint(8),
        selection=_selection(reader),
        pcr_digest=reader.sized(_MAX_DIGEST),
    )
    reader.end()
    return found


def _clock(reader: Reader) -> int:
    value = reader.uint(8)
    if value >= INTEGER_LIMIT:  # of our numbers; no TPM lives so long
        refuse("tpm.value", "a clock below 2^53 ms", value)
    return value


def _yes_no(reader: Reader) -> bool:
    value = reader.uint(1)
    if value > 1:
        refuse("tpm.value", "a flag of 0 or 1", value)
    return value == 1


def _selection(reader: Reader) -> tuple[tuple[int, tuple[int, ...]], ...]:
    banks = reader.uint(4)
    if not banks <= _MAX_BANKS:
        refuse("tpm.value", f"up to {_MAX_BANKS} banks of registers", banks)
    found = []
    for _ in range(banks):
        algorithm = reader.uint(2)
        if algorithm not in HASHES:
            refuse("tpm.value", "a bank of a known hash", f"0x{algorithm:04x}")
        length = reader.uint(1)
        if not 1 <= length <= _MAX_SELECT:
            refuse("tpm.value", f"1 to {_MAX_SELECT} bytes of registers", length)
        bits = int.from_bytes(reader.take(length), "little")
        found.append((algorithm, tuple(i for i in range(8 * length) if bits >> i & 1)))
    if len({algorithm for algorithm, _ in found}) != len(found):
        refuse("tpm.value", "each bank once", "one twice")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a key may do (TPMA_OBJECT).

    Attributes:
        bits: As the TPM writes them, 32 bits.
    """

    bits: int

    def has(self, name: str) -> bool:
        """Whether an attribute of `ATTRIBUTES` is set."""
        return bool(self.bits >> ATTRIBUTES[name] & 1)


#: Bit positions of the attributes (Part 2, section 8.3).
ATTRIBUTES: Final = {
    "fixedTPM": 1,
    "stClear": 2,
    "fixedParent": 4,
    "sensitiveDataOrigin": 5,
    "userWithAuth": 6,
    "adminWithPolicy": 7,
    "noDA": 10,
    "encryptedDuplication": 11,
    "restricted": 16,
    "decrypt": 17,
    "sign": 18,
}

_ATTRIBUTE_MASK = sum(1 << bit for bit in ATTRIBUTES.values())


@dataclass(frozen=True, slots=True)
class Public:
    """The public part of a TPM's key (TPMT_PUBLIC), ECC or RSA.

    Attributes:
        area: The bytes themselves, which the name is made of.
        type: `ALG_ECC` or `ALG_RSA`.
        name_alg: The hash algorithm of the name.
        attributes: What the key may do.
        auth_policy: The digest of its policy, or b"".
        aes_bits: Bits of the symmetric key of a storage key (AES, CFB), or 0.
        scheme: The signature scheme and its hash, `ALG_NULL` twice if none.
        curve: `P-256` or `P-384`; "" for RSA.
        x: First coordinate, or the modulus of RSA, big-endian.
        y: Second coordinate; b"" for RSA.
        exponent: Of RSA; 0 for ECC.
    """

    area: bytes
    type: int
    name_alg: int
    attributes: Attributes
    auth_policy: bytes
    aes_bits: int
    scheme: tuple[int, int]
    curve: str
    x: bytes
    y: bytes
    exponent: int

    @property
    def name(self) -> bytes:
        """The key's name: what the TPM itself calls it."""
        return name_of(self.area)

    @property
    def digest_size(self) -> int:
        """Bytes of a digest of `name_alg`."""
        return hashlib.new(HASHES[self.name_alg]).digest_size

    def ecc_key(self) -> EllipticCurvePublicKey:
        """The key, as `cryptography` holds it.

        Raises:
            EvidenceInvalid: Not on the curve, or no ECC key (`tpm.key`).
        """
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        if not self.curve:
            refuse("tpm.key", "an ECC key", "an RSA key")
        curve = ec.SECP256R1() if self.curve == "P-256" else ec.SECP384R1()
        try:
            return ec.EllipticCurvePublicNumbers(
                int.from_bytes(self.x, "big"), int.from_bytes(self.y, "big"), curve
            ).public_key()
        except ValueError:
            refuse("tpm.key", f"a point of {self.curve}", "another")

    def rsa_key(self) -> RSAPublicKey:
        """The key, as `cryptography` holds it.

        Raises:
            EvidenceInvalid: No RSA key, or one that cannot be (`tpm.key`).
        """
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

        if self.curve:
            refuse("tpm.key", "an RSA key", "an ECC key")
        try:
            return rsa.RSAPublicNumbers(
                self.exponent, int.from_bytes(self.x, "big")
            ).public_key()
        except ValueError:
            refuse("tpm.key", "an RSA key", "another number")


def name_of(area: bytes) -> bytes:
    """The name of an object: its name algorithm, then its digest.

    Args:
        area: TPMT_PUBLIC, checked by `parse_public` before.

    Source:
        TPM 2.0 Part 1, section 16, "Names".
    """
    algorithm = area[2:4]
    digest = hashlib.new(HASHES[int.from_bytes(algorithm, "big")], area).digest()
    return algorithm + digest


def parse_public(data: bytes) -> Public:
    """Read a TPM2B_PUBLIC of an ECC key (P-256, P-384) or an RSA key.

    Raises:
        EvidenceInvalid: Another length (`tpm.length`, `tpm.trailing`), an
            algorithm or a value that we do not read (`tpm.value`).
    """
    outer = Reader(data, "a public key")
    area = outer.sized(MAX_STRUCTURE)
    outer.end()
    reader = Reader(area, "a public key")
    kind, name_alg = reader.uint(2), reader.uint(2)
    if kind not in (ALG_ECC, ALG_RSA):
        refuse("tpm.value", "a key of ECC or RSA", f"0x{kind:04x}")
    if name_alg not in HASHES or name_alg == ALG_SHA1:
        refuse("tpm.value", "a name of SHA-256, 384 or 512", f"0x{name_alg:04x}")
    attributes = Attributes(reader.uint(4))
    if attributes.bits & ~_ATTRIBUTE_MASK:
        refuse("tpm.value", "reserved attributes of zero", f"{attributes.bits:08x}")
    auth_policy = reader.sized(_MAX_DIGEST)
    aes_bits = _symmetric(reader)
    scheme = _scheme(reader)
    curve, x, y, exponent = (_point if kind == ALG_ECC else _modulus)(reader)
    reader.end()
    return Public(
        area=area,
        type=kind,
        name_alg=name_alg,
        attributes=attributes,
        auth_policy=auth_policy,
        aes_bits=aes_bits,
        scheme=scheme,
        curve=curve,
        x=x,
        y=y,
        exponent=exponent,
    )


def _symmetric(reader: Reader) -> int:
    """TPMT_SYM_DEF_OBJECT: AES in CFB mode, or nothing."""
    algorithm = reader.uint(2)
    if algorithm == ALG_NULL:
        return 0
    bits, mode = reader.uint(2), reader.uint(2)
    if algorithm != ALG_AES or bits not in (128, 192, 256) or mode != ALG_CFB:
        refuse("tpm.value", "AES in CFB mode", f"0x{algorithm:04x}")
    return bits


def _scheme(reader: Reader) -> tuple[int, int]:
    """TPMT_ASYM_SCHEME: ECDSA or RSASSA with its hash, or nothing."""
    scheme = reader.uint(2)
    if scheme == ALG_NULL:
        return ALG_NULL, ALG_NULL
    if scheme not in (ALG_ECDSA, ALG_RSASSA):
        refuse("tpm.value", "a scheme of ECDSA or RSASSA", f"0x{scheme:04x}")
    return scheme, reader.uint(2)


def _point(reader: Reader) -> tuple[str, bytes, bytes, int]:
    number = reader.uint(2)
    if number not in CURVES:
        refuse("tpm.value", "the curve P-256 or P-384", f"0x{number:04x}")
    curve, size = CURVES[number]
    kdf = reader.uint(2)
    if kdf != ALG_NULL:
        refuse("tpm.value", "no key derivation", f"0x{kdf:04x}")
    x, y = reader.sized(size), reader.sized(size)
    if (len(x), len(y)) != (size, size):
        refuse("tpm.value", f"coordinates of {size} bytes", (len(x), len(y)))
    return curve, x, y, 0


def _modulus(reader: Reader) -> tuple[str, bytes, bytes, int]:
    bits, exponent = reader.uint(2), reader.uint(4)
    if bits not in RSA_BITS:
        refuse("tpm.value", "an RSA key of 2048, 3072 or 4096 bits", bits)
    modulus = reader.sized(bits // 8)
    if len(modulus) != bits // 8 or not modulus[0] >> 7 or exponent not in (0, 65537):
        refuse("tpm.value", f"a modulus of {bits} bits and exponent 65537", "another")
    return "", modulus, b"", 65537


@dataclass(frozen=True, slots=True)
class Signature:
    """A TPM's signature (TPMT_SIGNATURE).

    Attributes:
        scheme: `ALG_ECDSA` or `ALG_RSASSA`.
        hash: The hash algorithm's number.
        r: First half of ECDSA, or the signature of RSASSA; big-endian.
        s: Second half of ECDSA; b"" for RSASSA.
    """

    scheme: int
    hash: int
    r: bytes
    s: bytes

    def verify(self, key: Public, message: bytes) -> None:
        """Check the signature under the public part of a key.

        Args:
            key: Its scheme and hash must be the signature's.
            message: The bytes of TPMS_ATTEST.

        Raises:
            EvidenceInvalid: Another scheme (`tpm.scheme`), or it does not
                verify (`tpm.signature`).
        """
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import (  # noqa: PLC0415
            ec,
            padding,
            utils,
        )

        if key.scheme != (self.scheme, self.hash) or self.hash != ALG_SHA256:
            refuse("tpm.scheme", "the key's scheme with SHA-256", "another")
        try:
            if self.scheme == ALG_ECDSA:
                r, s = int.from_bytes(self.r, "big"), int.from_bytes(self.s, "big")
                key.ecc_key().verify(
                    utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256())
                )
            else:
                key.rsa_key().verify(
                    self.r, message, padding.PKCS1v15(), hashes.SHA256()
                )
        except InvalidSignature:
            refuse("tpm.signature", "a signature by the attestation key", "another")


def parse_signature(data: bytes) -> Signature:
    """Read a TPMT_SIGNATURE of ECDSA or RSASSA.

    Raises:
        EvidenceInvalid: Another length (`tpm.length`, `tpm.trailing`) or
            algorithm (`tpm.value`).
    """
    reader = Reader(data, "a signature")
    scheme = reader.uint(2)
    if scheme not in (ALG_ECDSA, ALG_RSASSA):
        refuse("tpm.value", "a signature of ECDSA or RSASSA", f"0x{scheme:04x}")
    number = reader.uint(2)
    if number not in HASHES:
        refuse("tpm.value", "a known hash", f"0x{number:04x}")
    if scheme == ALG_ECDSA:
        found = Signature(scheme, number, reader.sized(48), reader.sized(48))
    else:
        found = Signature(scheme, number, reader.sized(max(RSA_BITS) // 8), b"")
    reader.end()
    return found
