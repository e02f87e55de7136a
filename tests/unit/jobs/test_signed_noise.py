"""Noise with a good signature: refused by a rule, or read; never another error.

An edited byte usually dies at a signature. Here it is signed again, so that it
reaches what lies behind: fields, extensions, lists, dcap-qvl.
"""

from __future__ import annotations

import base64
import random
from typing import Any

import chain_kit
import intel_kit
import pytest
from chain_kit import NITRO, Document
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from intel_kit import AT, Platform, tlv

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation import cbor, intel

PLATFORM = Platform()
COLLATERAL = PLATFORM.collateral()
ROUNDS = 150

pytestmark = pytest.mark.filterwarnings("ignore")  # of serial numbers and names


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A few bytes flipped, set, dropped or put in."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(made))
        match chance.randrange(4):
            case 0:
                made[at] ^= 1 << chance.randrange(8)
            case 1:
                made[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                del made[at]
            case _:
                made.insert(at, chance.randrange(256))
    return bytes(made)


def pieces(der: bytes) -> list[bytes]:
    """The items of a DER sequence, heads and all."""

    def head(at: int) -> tuple[int, int]:
        size = der[at + 1]
        if size < 128:
            return 2, size
        n = size & 0x7F
        return 2 + n, int.from_bytes(der[at + 2 : at + 2 + n], "big")

    at, found = head(0)[0], []
    while at < len(der):
        start, size = head(at)
        found.append(der[at : at + start + size])
        at += start + size
    return found


def signed_again(der: bytes, key: Any, algorithm: Any, chance: random.Random) -> bytes:
    """A certificate or a list with noise inside, under a good signature."""
    inner, name, _ = pieces(der)
    inner = mutate(inner, chance)
    signature = key.sign(inner, ec.ECDSA(algorithm))
    return tlv(0x30, inner, name, tlv(3, b"\0" + signature))


def pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def attempt(verify: Any) -> None:
    """Read or refused; anything else fails the test."""
    try:
        verify()
    except EvidenceInvalid as error:
        assert error.detail["rule"]
        assert len(error.message) < 400


def ask(**parts: str) -> None:
    """A sound quote with these parts of collateral."""
    collateral = intel_kit.pack({**COLLATERAL, **parts})
    attempt(lambda: intel.verify(PLATFORM.evidence(), collateral, PLATFORM.roots, AT))


def test_noise_in_a_payload() -> None:
    """Fields of a Nitro document."""
    chance = random.Random(1)
    for _ in range(ROUNDS):
        attempt(Document(payload=lambda p: mutate(p, chance)).verify)


def test_noise_in_certificates() -> None:
    """Names, dates, keys and extensions of a Nitro chain."""
    chance = random.Random(2)
    sound = chain_kit.chain(NITRO)
    roots = chain_kit.root_of(sound, "aws-nitro")
    protected = cbor.write({1: -35})
    for turn in range(ROUNDS):
        made, at = list(sound), turn % 4
        issuer = chain_kit.key(NITRO[at + 1].name)
        made[at] = signed_again(made[at], issuer, hashes.SHA384(), chance)
        payload = cbor.write(chain_kit.fields_of(made))
        signed = cbor.write(["Signature1", protected, b"", payload])
        signature = chain_kit.raw_signature(chain_kit.key("enclave"), signed)
        document = cbor.write([protected, {}, payload, signature])
        attempt(lambda d=document: chain_kit.verify_document(d, roots))


@pytest.mark.parametrize("name", ["tcb_info", "qe_identity"])
def test_noise_in_documents(name: str) -> None:
    """What dcap-qvl reads of Intel's documents."""
    chance = random.Random(name)
    for _ in range(ROUNDS):
        noisy = mutate(COLLATERAL[name].encode(), chance).decode("latin-1")
        signature = intel_kit.raw_signature(intel_kit.key("tcb"), noisy.encode())
        ask(**{name: noisy, f"{name}_signature": signature.hex()})


@pytest.mark.parametrize(
    ("name", "issuer"), [("root_ca_crl", "root"), ("pck_crl", "authority")]
)
def test_noise_in_lists(name: str, issuer: str) -> None:
    """What both readers read of revocation lists."""
    chance = random.Random(name)
    for _ in range(ROUNDS):
        der = bytes.fromhex(COLLATERAL[name])
        noisy = signed_again(der, intel_kit.key(issuer), hashes.SHA256(), chance)
        ask(**{name: noisy.hex()})


def test_noise_in_a_signer() -> None:
    """What both readers read of the certificate that signs documents."""
    chance = random.Random(3)
    der = PLATFORM.tcb_signer.public_bytes(Encoding.DER)
    for _ in range(ROUNDS):
        noisy = signed_again(der, intel_kit.key("root"), hashes.SHA256(), chance)
        chain = pem(noisy) + PLATFORM.pem(PLATFORM.root)
        ask(tcb_info_issuer_chain=chain)


class Noisy(Platform):
    """A platform whose PCK certificate is given as bytes."""

    def pem(self, *certificates: Any) -> str:
        return "".join(
            c if isinstance(c, str) else super(Noisy, self).pem(c) for c in certificates
        )


def test_noise_in_a_pck_certificate() -> None:
    """What both readers read of the platform's own certificate."""
    chance = random.Random(4)
    der = PLATFORM.pck.public_bytes(Encoding.DER)
    for _ in range(ROUNDS):
        noisy = signed_again(der, intel_kit.key("authority"), hashes.SHA256(), chance)
        made = Noisy()
        vars(made).update(
            root=PLATFORM.root, authority=PLATFORM.authority, pck=pem(noisy)
        )
        attempt(
            lambda m=made: intel.verify(
                m.evidence(), PLATFORM.endorsements(), PLATFORM.roots, AT
            )
        )
