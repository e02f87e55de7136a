"""Enrolment of a TPM's attestation key: what an enroller did, for auditors.

The enroller challenges the TPM (`credential`), waits for the answer, and signs
a transcript of both:

    enroller  challenge(ek, ak) ─► Pending ─► blob, encrypted seed ─► TPM
    TPM       ActivateCredential ─► secret ─► Pending.conclude ─► envelope
    auditor   open_enrolment(envelope) ─► Enrolment, the challenge made again

What the transcript proves to a reader who was not there: the challenge was
made for this EK and this AK, so that only a TPM with both could answer; and
the enroller says, under its key, that the answer came from outside, before
anything of the challenge's randomness was known. The last part is the
enroller's word alone: who makes a challenge knows its answer, so a transcript
without a known enroller's signature is worth nothing. Enrollers are therefore
roots (family `tpm-enroller`), and an enroller's class must be the TPM's.

Where the enroller puts `Pending.commitment` into the log before it sends the
challenge, a reader sees the order too: an answer cannot have been chosen after
the fact.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from typing import Final

from privshare.errors import (
    EncodingError,
    EvidenceInvalid,
    OutOfRange,
    SignatureInvalid,
)
from privshare.jobs.attestation.credential import SECRET_BYTES, Challenge, draw, make
from privshare.jobs.attestation.tpm_reader import refuse
from privshare.jobs.attestation.tpm_structure import (
    Public,
    parse_public,
)
from privshare.schemes.keys import SigningKey, VerifyKey, sign_envelope, verify_envelope
from privshare.schemes.secret import Secret
from privshare.wire import canonical, domain, envelope
from privshare.wire.canonical import Fields, b64u
from privshare.wire.digest import tagged
from privshare.wire.envelope import media_type

__all__ = ["MEDIA_TYPE", "Enrolment", "Pending", "challenge", "open_enrolment"]

MEDIA_TYPE: Final = media_type("tpm-enrolment")

MAX_ENROLMENT: Final = 1 << 14
_MAX_NAME: Final = 66


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A transcript that holds, signed by the enroller that it names.

    Attributes:
        ek: The endorsement key.
        ek_certificate: SHA-256 of its certificate, as the enroller saw it.
        ak_name: The attestation key's name.
        commitment: To the secret, made before the challenge was sent.
        enroller: The enroller's Ed25519 key, 32 bytes.
    """

    ek: Public
    ek_certificate: bytes
    ak_name: bytes
    commitment: bytes
    enroller: bytes


def _commit(secret: bytes, ek: Public, ek_certificate: bytes, ak_name: bytes) -> bytes:
    return tagged(domain.TPM_CHALLENGE, secret, ek.name, ek_certificate, ak_name)


class Pending(Secret):
    """A challenge whose answer the enroller waits for. Made by `challenge`.

    Attributes:
        challenge: To send to the TPM.
        commitment: To the secret: 32 bytes for the log, before sending.
    """

    __slots__ = (
        "_ak_name",
        "_ek_certificate",
        "_ek_public",
        "_rand",
        "_secret",
        "challenge",
        "commitment",
    )

    challenge: Challenge
    commitment: bytes

    def __init__(
        self,
        ek_public: bytes,
        ek_certificate: bytes,
        ak_name: bytes,
        secret: bytes,
        rand: bytes,
    ) -> None:
        ek = parse_public(ek_public)
        self._ek_public = ek_public
        self._ek_certificate = ek_certificate
        self._ak_name = ak_name
        self._secret = secret
        self._rand = rand
        self.challenge = make(ek, ak_name, secret, rand)
        self.commitment = _commit(secret, ek, ek_certificate, ak_name)

    def conclude(self, answer: bytes, key: SigningKey) -> bytes:
        """Check the TPM's answer and sign the transcript.

        Reveals the challenge's randomness: it is of no use after the answer.

        Args:
            answer: What the TPM returned from ActivateCredential.
            key: The enroller's.

        Returns:
            The part `enrolment` of endorsements: an envelope, canonical.

        Raises:
            EvidenceInvalid: Another answer (`tpm.enrolment.answer`).
        """
        if not hmac.compare_digest(answer, self._secret):
            refuse("tpm.enrolment.answer", "the secret of the challenge", "another")
        payload = canonical.encode(
            {
                "ak_name": b64u(self._ak_name),
                "answer": b64u(answer),
                "blob": b64u(self.challenge.blob),
                "commitment": b64u(self.commitment),
                "ek_certificate": b64u(self._ek_certificate),
                "ek_public": b64u(self._ek_public),
                "encrypted_seed": b64u(self.challenge.secret),
                "enroller": b64u(key.verify_key.raw),
                "rand": b64u(self._rand),
                "type": "privshare.tpm-enrolment",
                "v": 1,
            }
        )
        return envelope.encode(sign_envelope(MEDIA_TYPE, payload, [key]))


def challenge(ek_public: bytes, ek_certificate: bytes, ak_name: bytes) -> Pending:
    """Challenge a TPM that says it holds an EK and an AK.

    The enroller checks the EK's certificate itself, before: `tpm.read_ek`.

    Args:
        ek_public: TPM2B_PUBLIC of the endorsement key.
        ek_certificate: SHA-256 of the EK's certificate (DER).
        ak_name: The attestation key's name.

    Raises:
        EvidenceInvalid: The EK is malformed, or no key to encrypt to.
    """
    rand = draw(parse_public(ek_public))
    return Pending(ek_public, ek_certificate, ak_name, os.urandom(SECRET_BYTES), rand)


def open_enrolment(data: bytes) -> Enrolment:
    """Verify a transcript: its signature, and the challenge made again.

    Whether the enroller is known is the caller's question.

    Args:
        data: The part `enrolment` of endorsements.

    Raises:
        EvidenceInvalid: Another form (`tpm.enrolment.encoding`); not signed by
            the enroller that it names (`tpm.enrolment.signature`); a challenge
            for another EK or AK (`tpm.enrolment.challenge`), or another
            commitment (`tpm.enrolment.commitment`).
    """
    try:
        signed = envelope.decode(data, max_bytes=MAX_ENROLMENT)
        if signed.payload_type != MEDIA_TYPE:
            raise EncodingError(f"expected {MEDIA_TYPE}, found another type")
        fields = Fields(canonical.decode(signed.payload), "tpm-enrolment")
        fields.constant("v", 1)
        fields.constant("type", "privshare.tpm-enrolment")
        enroller = VerifyKey(fields.bytes("enroller", 32))
        if [signature.keyid for signature in signed.signatures] != [enroller.kid]:
            raise EncodingError("expected one signature, by the enroller")
        verify_envelope(signed, {enroller.kid: enroller}.__getitem__)
        ek = parse_public(fields.bytes("ek_public", max=1024))
        ek_certificate = fields.digest("ek_certificate")
        ak_name = fields.bytes("ak_name", max=_MAX_NAME)
        answer = fields.bytes("answer", max=64)
        made = make(ek, ak_name, answer, fields.bytes("rand", max=128))
        sent = Challenge(
            fields.bytes("blob", max=1024), fields.bytes("encrypted_seed", max=1024)
        )
        commitment = fields.digest("commitment")
        fields.end()
    except (EncodingError, OutOfRange) as error:
        raise EvidenceInvalid(
            error.message, detail={"rule": "tpm.enrolment.encoding"}
        ) from None
    except SignatureInvalid as error:
        raise EvidenceInvalid(
            error.message, detail={"rule": "tpm.enrolment.signature"}
        ) from None
    if made != sent:
        refuse(
            "tpm.enrolment.challenge",
            "the challenge that these keys and this randomness give",
            "another",
        )
    if commitment != _commit(answer, ek, ek_certificate, ak_name):
        refuse("tpm.enrolment.commitment", "the commitment to the answer", "another")
    return Enrolment(ek, ek_certificate, ak_name, commitment, enroller.raw)
