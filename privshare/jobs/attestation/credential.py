"""Credential activation: that two keys live in one TPM.

An endorsement key (EK) has its maker's certificate but may sign nothing; an
attestation key (AK) signs and has no certificate. The enroller encrypts a
secret to the EK together with the AK's name, and the TPM decrypts it only if
it holds both keys:

    enroller  make(ek, ak_name, secret, rand) ─► Challenge ─► TPM
    TPM       ActivateCredential ─► secret ─► enroller
    auditor   make(ek, ak_name, secret, rand) again, compares byte for byte

The challenge is a function of its randomness, and the randomness is worth
nothing after the answer: so it is published then, and everybody can compute
the challenge again and see for which EK and which AK it was made.

Implements TCG, TPM 2.0 Library, revision 1.59, Part 1: section 24 (credential
protection), 11.4.10 (KDFa, KDFe), annexes B.10.4 and C.6.4 (secret sharing by
RSA-OAEP and by ECDH with the label IDENTITY).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Final

from privshare.errors import EncodingError
from privshare.jobs.attestation.tpm_reader import refuse, write_sized
from privshare.jobs.attestation.tpm_structure import (
    HASHES,
    Public,
)

__all__ = [
    "SECRET_BYTES",
    "Challenge",
    "check_storage_key",
    "draw",
    "kdf_a",
    "kdf_e",
    "make",
]

SECRET_BYTES: Final = 32

IDENTITY: Final = b"IDENTITY\x00"
STORAGE: Final = b"STORAGE\x00"
INTEGRITY: Final = b"INTEGRITY\x00"

_NEEDED = ("fixedTPM", "fixedParent", "sensitiveDataOrigin", "restricted", "decrypt")

# Orders of the groups: a scalar is drawn and checked below them. FIPS 186-5
# and SP 800-186, section 3.2.1.
_ORDER: Final = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
        16,
    ),
}


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the enroller sends to the TPM.

    Attributes:
        blob: TPM2B_ID_OBJECT: the secret, encrypted and tied to the AK's name.
        secret: TPM2B_ENCRYPTED_SECRET: the seed, for the EK alone.
    """

    blob: bytes
    secret: bytes


def check_storage_key(ek: Public) -> None:
    """Check that a public part is that of an endorsement key that decrypts.

    Raises:
        EvidenceInvalid: Other attributes, or no AES key (`tpm.ek.attributes`).
    """
    for name in _NEEDED:
        if not ek.attributes.has(name):
            refuse("tpm.ek.attributes", f"an endorsement key with {name}", "without")
    if ek.attributes.has("sign") or not ek.aes_bits:
        refuse("tpm.ek.attributes", "an endorsement key that decrypts", "another")


def draw(ek: Public) -> bytes:
    """Randomness for `make`, from the system.

    For ECC a scalar as long as a coordinate; for RSA the seed and then the
    padding's, each as long as a digest of the EK's name algorithm.
    """
    if not ek.curve:
        return os.urandom(2 * ek.digest_size)
    while True:  # each try fails with a chance below 2^-32
        found = os.urandom(len(ek.x))
        if 0 < int.from_bytes(found, "big") < _ORDER[ek.curve]:
            return found


def make(ek: Public, ak_name: bytes, secret: bytes, rand: bytes) -> Challenge:
    """Encrypt a secret to a TPM that holds an EK and an AK.

    seed, encrypted_seed = share(EK, rand)
    K_s = KDFa(H, seed, "STORAGE", ak_name, b""),  AES-CFB with a zero IV
    K_i = KDFa(H, seed, "INTEGRITY", b"", b"")
    blob = HMAC(K_i, c || ak_name) || c,  c = AES-CFB(K_s, TPM2B(secret))

    Args:
        ek: The endorsement key, P-256, P-384 or RSA.
        ak_name: The attestation key's name.
        secret: Up to a digest of the EK's name algorithm.
        rand: From `draw`; used once, and revealed only after the answer.

    Raises:
        EncodingError: `secret` or `rand` of another length or range.
        EvidenceInvalid: The EK is no storage key or no key at all.

    Source:
        TPM 2.0 Part 1, section 24.4 to 24.6.
    """
    check_storage_key(ek)
    size = ek.digest_size
    if not 1 <= len(secret) <= size:
        raise EncodingError(
            f"expected a secret of 1 to {size} bytes, found {len(secret)}"
        )
    seed, encrypted_seed = (_share_ecc if ek.curve else _share_rsa)(ek, rand)
    name = HASHES[ek.name_alg]
    storage = kdf_a(name, seed, STORAGE, ak_name, b"", ek.aes_bits)
    integrity = kdf_a(name, seed, INTEGRITY, b"", b"", 8 * size)
    encrypted = _aes_cfb(storage, write_sized(secret))
    mac = hmac.new(integrity, encrypted + ak_name, name).digest()
    return Challenge(
        blob=write_sized(write_sized(mac) + encrypted),
        secret=write_sized(encrypted_seed),
    )


def _share_ecc(ek: Public, rand: bytes) -> tuple[bytes, bytes]:
    """One-pass Diffie-Hellman with the EK (Part 1, annex C.6.4)."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    size = len(ek.x)
    scalar = int.from_bytes(rand, "big")
    if len(rand) != size or not 0 < scalar < _ORDER[ek.curve]:
        raise EncodingError(
            f"expected a scalar of {size} bytes below the order, found another"
        )
    peer = ek.ecc_key()
    ephemeral = ec.derive_private_key(scalar, peer.curve)
    point = ephemeral.public_key().public_numbers()
    x, y = point.x.to_bytes(size, "big"), point.y.to_bytes(size, "big")
    shared = ephemeral.exchange(ec.ECDH(), peer)
    seed = kdf_e(HASHES[ek.name_alg], shared, IDENTITY, x, ek.x, 8 * ek.digest_size)
    return seed, write_sized(x) + write_sized(y)


def _share_rsa(ek: Public, rand: bytes) -> tuple[bytes, bytes]:
    """RSA-OAEP of a seed, its randomness given (Part 1, annex B.4, B.10.4)."""
    size = ek.digest_size
    if len(rand) != 2 * size:
        raise EncodingError(
            f"expected a seed and a mask seed of {2 * size} bytes, found {len(rand)}"
        )
    numbers = ek.rsa_key().public_numbers()
    seed, mask_seed = rand[:size], rand[size:]
    padded = _oaep(HASHES[ek.name_alg], len(ek.x), seed, mask_seed)
    number = pow(int.from_bytes(padded, "big"), numbers.e, numbers.n)
    return seed, number.to_bytes(len(ek.x), "big")


def _oaep(name: str, length: int, message: bytes, mask_seed: bytes) -> bytes:
    """EME-OAEP with the label IDENTITY (RFC 8017, section 7.1.1)."""
    size = len(mask_seed)
    zeros = bytes(length - len(message) - 2 * size - 2)
    block = hashlib.new(name, IDENTITY).digest() + zeros + b"\x01" + message
    masked = _xor(block, _mgf1(name, mask_seed, len(block)))
    return b"\x00" + _xor(mask_seed, _mgf1(name, masked, size)) + masked


def _mgf1(name: str, seed: bytes, length: int) -> bytes:
    """MGF1 (RFC 8017, annex B.2.1)."""
    found = b""
    for counter in range(-(-length // hashlib.new(name).digest_size)):
        found += hashlib.new(name, seed + counter.to_bytes(4, "big")).digest()
    return found[:length]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _aes_cfb(key: bytes, plain: bytes) -> bytes:
    """AES in CFB mode with feedback of 16 bytes and a zero IV.

    Each key is derived for one message, so the IV may be zero (Part 1,
    section 24.4). Encrypted block by block, for the mode is leaving
    `cryptography`.
    """
    from cryptography.hazmat.primitives.ciphers import (  # noqa: PLC0415
        Cipher,
        algorithms,
        modes,
    )

    block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
    found, feedback = b"", bytes(16)
    for at in range(0, len(plain), 16):
        part = plain[at : at + 16]
        feedback = _xor(part, block.update(feedback)[: len(part)])
        found += feedback
    return found


def kdf_a(
    name: str, key: bytes, label: bytes, context_u: bytes, context_v: bytes, bits: int
) -> bytes:
    """KDFa: SP 800-108 in counter mode with HMAC (Part 1, section 11.4.10.2).

    HMAC(key, u32 i || label || context_u || context_v || u32 bits), i = 1, 2, …

    Args:
        name: The hash, as hashlib spells it.
        key: The secret.
        label: With its terminating zero.
        context_u: Of the one party.
        context_v: Of the other.
        bits: How many to return, a multiple of 8.
    """
    tail = label + context_u + context_v + bits.to_bytes(4, "big")
    found, counter = b"", 0
    while len(found) < bits // 8:
        counter += 1
        found += hmac.new(key, counter.to_bytes(4, "big") + tail, name).digest()
    return found[: bits // 8]


def kdf_e(
    name: str, shared: bytes, label: bytes, x_u: bytes, x_v: bytes, bits: int
) -> bytes:
    """KDFe: SP 800-56A with a hash (Part 1, section 11.4.10.3).

    H(u32 i || shared || label || x_u || x_v), i = 1, 2, …

    Args:
        name: The hash, as hashlib spells it.
        shared: The x coordinate of the shared point.
        label: With its terminating zero.
        x_u: The ephemeral key's x coordinate.
        x_v: The static key's x coordinate.
        bits: How many to return, a multiple of 8.
    """
    found, counter = b"", 0
    while len(found) < bits // 8:
        counter += 1
        block = counter.to_bytes(4, "big") + shared + label + x_u + x_v
        found += hashlib.new(name, block).digest()
    return found[: bits // 8]
