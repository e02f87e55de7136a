"""Credential activation: our challenges open in a TPM written anew, and no other."""

from __future__ import annotations

import hashlib

import pytest
import tpm_kit as kit
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode
from tpm_kit import PaperTpm

from privshare.errors import EncodingError, EvidenceInvalid
from privshare.jobs.attestation.credential import draw, kdf_a, kdf_e, make
from privshare.jobs.attestation.enrolment import Pending, challenge, open_enrolment
from privshare.jobs.attestation.tpm_structure import parse_public
from privshare.schemes.keys import SigningKey

KINDS = ("P-256", "P-384", "RSA")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [1, 15, 16, 17, 32])
def test_the_tpm_finds_the_secret(kind: str, length: int) -> None:
    """Of any length, by an implementation that shares no line with ours."""
    tpm = PaperTpm(kind)
    ek, secret = parse_public(tpm.ek_public), bytes(range(length))
    assert tpm.activate(make(ek, tpm.ak_name, secret, draw(ek))) == secret


@pytest.mark.parametrize("kind", KINDS)
def test_a_challenge_is_its_randomness(kind: str) -> None:
    """So that an auditor makes it again; other randomness, another challenge."""
    tpm = PaperTpm(kind)
    ek = parse_public(tpm.ek_public)
    rand, other = draw(ek), draw(ek)
    first = make(ek, tpm.ak_name, b"secret", rand)
    assert first == make(ek, tpm.ak_name, b"secret", rand)
    assert first != make(ek, tpm.ak_name, b"secret", other)


@pytest.mark.parametrize("kind", KINDS)
def test_another_key_s_name_breaks_it(kind: str) -> None:
    """A TPM that has the EK but another AK finds a wrong HMAC."""
    tpm = PaperTpm(kind)
    ek = parse_public(tpm.ek_public)
    sent = make(ek, b"\x00\x0b" + bytes(32), b"secret", draw(ek))
    with pytest.raises(AssertionError, match="TPM_RC_INTEGRITY"):
        tpm.activate(sent)


@pytest.mark.parametrize(
    ("name", "kind"), [("sha256", hashes.SHA256()), ("sha384", hashes.SHA384())]
)
@pytest.mark.parametrize("bits", [128, 256, 384, 512])
def test_key_derivations_agree(
    name: str, kind: hashes.HashAlgorithm, bits: int
) -> None:
    """With the SP 800-108 and SP 800-56A of `cryptography`."""
    expected = KBKDFHMAC(
        kind,
        Mode.CounterMode,
        bits // 8,
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=None,
        context=None,
        fixed=b"LABEL\0" + b"u" + b"v" + bits.to_bytes(4, "big"),
    ).derive(b"key")
    assert kdf_a(name, b"key", b"LABEL\0", b"u", b"v", bits) == expected
    expected = ConcatKDFHash(kind, bits // 8, b"LABEL\0xy").derive(b"shared")
    assert kdf_e(name, b"shared", b"LABEL\0", b"x", b"y", bits) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [0, 65])
def test_secrets_have_bounds(kind: str, length: int) -> None:
    """One byte to a digest of the EK's."""
    ek = parse_public(PaperTpm(kind).ek_public)
    with pytest.raises(EncodingError):
        make(ek, b"name", bytes(length), draw(ek))


@pytest.mark.parametrize("rand", [b"", bytes(48), b"\xff" * 48, bytes(47), b"\1" * 49])
def test_scalars_have_bounds(rand: bytes) -> None:
    """Above zero, below the order, as long as a coordinate."""
    ek = parse_public(PaperTpm("P-384").ek_public)
    with pytest.raises(EncodingError):
        make(ek, b"name", b"secret", rand)


def test_seeds_have_a_length() -> None:
    """Seed and mask seed, 32 bytes each."""
    ek = parse_public(PaperTpm("RSA").ek_public)
    with pytest.raises(EncodingError):
        make(ek, b"name", b"secret", bytes(63))


def test_an_attestation_key_takes_no_secret() -> None:
    """It decrypts nothing, so nobody may encrypt to it."""
    with pytest.raises(EvidenceInvalid) as refused:
        make(parse_public(PaperTpm().ak_public), b"name", b"secret", b"\1" * 32)
    assert refused.value.detail["rule"] == "tpm.ek.attributes"


def test_the_transcript_opens() -> None:
    """Keys, commitment and enroller as they were."""
    tpm = PaperTpm()
    found = open_enrolment(tpm.enrol())
    assert found.ak_name == tpm.ak_name
    assert found.ek.name == parse_public(tpm.ek_public).name
    assert found.enroller == tpm.enroller.verify_key.raw
    assert found.ek_certificate == hashlib.sha256(kit.der(tpm.ek_certificate)).digest()


def test_the_commitment_was_there_before() -> None:
    """The same in the challenge and in the transcript, for the log."""
    tpm = PaperTpm()
    pending = challenge(tpm.ek_public, bytes(32), tpm.ak_name)
    made = pending.conclude(tpm.activate(pending.challenge), tpm.enroller)
    assert open_enrolment(made).commitment == pending.commitment


def test_a_wrong_answer_ends_the_enrolment() -> None:
    """And nothing is signed."""
    tpm = PaperTpm()
    pending = challenge(tpm.ek_public, bytes(32), tpm.ak_name)
    with pytest.raises(EvidenceInvalid) as refused:
        pending.conclude(bytes(32), SigningKey.generate())
    assert refused.value.detail["rule"] == "tpm.enrolment.answer"


def test_what_is_pending_stays_secret() -> None:
    """The secret is not shown."""
    tpm = PaperTpm()
    secret = b"0123456789abcdef0123456789abcdef"
    pending = Pending(tpm.ek_public, bytes(32), tpm.ak_name, secret, b"\1" * 48)
    assert repr(pending) == "<Pending (secret)>"
    assert secret not in pending.challenge.blob
