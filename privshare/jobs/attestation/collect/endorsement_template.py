"""The standard endorsement keys of a TPM: where they are, how to use them.

A TPM makes the same endorsement key again from the same template; the
certificate covers one template's key and no other. `collect.tpm_device` looks
for the certificates in this order.

Implements TCG, EK Credential Profile for TPM 2.0, version 2.5: section 2.2.1.4
(low range: RSA 2048 and P-256, policy A), 2.2.1.5 (high range: P-384, policy
B), and annex B. The policies' digests are computed here, not copied:

    A = PolicySecret(endorsement hierarchy)
    C = PolicyAuthorizeNV(the index that the profile reserves)
    B = PolicyOR(A, C)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from privshare.jobs.attestation.tpm_reader import write_sized
from privshare.jobs.attestation.tpm_structure import (
    ALG_AES,
    ALG_CFB,
    ALG_ECC,
    ALG_NULL,
    ALG_RSA,
    ALG_SHA256,
    ALG_SHA384,
    ATTRIBUTES,
    HASHES,
)

__all__ = ["TEMPLATES", "Template", "policy_a", "policy_branches"]

_RH_ENDORSEMENT: Final = 0x4000000B
_CC_POLICY_SECRET: Final = 0x00000151
_CC_POLICY_OR: Final = 0x00000171
_CC_POLICY_AUTHORIZE_NV: Final = 0x00000192

# TPMA_NV of the reserved index: writable by its policy, readable by all,
# without dictionary attack protection, written (Part 2, section 13.4).
_NV_ATTRIBUTES: Final = 0x220F1008
_NV_INDEX: Final = {ALG_SHA256: 0x01C07F01, ALG_SHA384: 0x01C07F02}


@dataclass(frozen=True, slots=True)
class Template:
    """One standard endorsement key.

    Attributes:
        certificate: The NV index of its certificate.
        handle: Where makers keep the key itself, if they do.
        name_alg: The hash of its name and of its policy.
        high: Of the high range: policy B, and its owner may use it.
        curve: The number of its curve, or 0 for RSA.
    """

    certificate: int
    handle: int
    name_alg: int
    high: bool
    curve: int

    def area(self) -> bytes:
        """TPMT_PUBLIC to make the key from."""
        names = "fixedTPM fixedParent sensitiveDataOrigin adminWithPolicy"
        attributes = {*names.split(), "restricted", "decrypt"}
        if self.high:
            attributes.add("userWithAuth")
        bits = sum(1 << ATTRIBUTES[name] for name in attributes)
        policy = (policy_b if self.high else policy_a)(self.name_alg)
        aes = 256 if self.name_alg == ALG_SHA384 else 128
        kind = ALG_ECC if self.curve else ALG_RSA
        head = _u16(kind, self.name_alg) + bits.to_bytes(4, "big") + write_sized(policy)
        head += _u16(ALG_AES, aes, ALG_CFB, ALG_NULL)
        if not self.curve:
            return head + _u16(2048) + bytes(4) + write_sized(bytes(256))
        nonce = b"" if self.high else bytes(32)
        return head + _u16(self.curve, ALG_NULL) + 2 * write_sized(nonce)


def _u16(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(2, "big") for number in numbers)


#: P-384 first: swtpm and makers of today have it; then P-256, then RSA.
TEMPLATES: Final = (
    Template(0x01C00016, 0x81010016, ALG_SHA384, True, 0x0004),
    Template(0x01C0000A, 0x81010002, ALG_SHA256, False, 0x0003),
    Template(0x01C00002, 0x81010001, ALG_SHA256, False, 0),
)


def policy_a(name_alg: int) -> bytes:
    """The digest of PolicySecret with the endorsement hierarchy's secret.

    H(H(0 || TPM_CC_PolicySecret || name) || policyRef), policyRef empty.

    Source:
        TPM 2.0 Part 3, section 23.4.
    """
    name = HASHES[name_alg]
    zero = bytes(hashlib.new(name).digest_size)
    command = _CC_POLICY_SECRET.to_bytes(4, "big")
    entity = _RH_ENDORSEMENT.to_bytes(4, "big")
    return hashlib.new(
        name, hashlib.new(name, zero + command + entity).digest()
    ).digest()


def _policy_c(name_alg: int) -> bytes:
    """The digest of PolicyAuthorizeNV with the reserved index.

    H(0 || TPM_CC_PolicyAuthorizeNV || name of the index)

    Source:
        TPM 2.0 Part 3, section 23.22.
    """
    name = HASHES[name_alg]
    size = hashlib.new(name).digest_size
    public = (
        _NV_INDEX[name_alg].to_bytes(4, "big")
        + _u16(name_alg)
        + _NV_ATTRIBUTES.to_bytes(4, "big")
        + write_sized(policy_a(name_alg))
        + _u16(2 + size)
    )
    index = _u16(name_alg) + hashlib.new(name, public).digest()
    command = _CC_POLICY_AUTHORIZE_NV.to_bytes(4, "big")
    return hashlib.new(name, bytes(size) + command + index).digest()


def policy_branches(name_alg: int) -> tuple[bytes, bytes]:
    """The two branches of policy B, in order."""
    return policy_a(name_alg), _policy_c(name_alg)


def policy_b(name_alg: int) -> bytes:
    """The digest of PolicyOR: H(0 || TPM_CC_PolicyOR || A || C).

    Source:
        TPM 2.0 Part 3, section 23.6.
    """
    name = HASHES[name_alg]
    command = _CC_POLICY_OR.to_bytes(4, "big")
    data = bytes(hashlib.new(name).digest_size) + command
    return hashlib.new(name, data + b"".join(policy_branches(name_alg))).digest()
