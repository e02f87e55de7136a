"""TPM 2.0: a quote by a certified TPM, with the log of what it measured.

A TPM proves what was measured into its registers, and since when; it keeps no
data secret from whoever runs the machine. Hence a class of its own,
`hardware-tpm`; or `software`, where the chain ends at a test root.

    endorsements  EK certificate ─► maker's root       (endorsement_key)
                  EK and AK in one TPM, says a known enroller   (enrolment)
    evidence      AK ─► attest ─► registers ─► events   (here, event_log)

Each link is verified before the next is read. Implements
docs/formats/evidence.md, "tpm2"; structures and names after TCG, TPM 2.0
Library, revision 1.59.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from privshare.errors import EncodingError, EvidenceInvalid
from privshare.jobs.attestation.endorsement_key import read_ek
from privshare.jobs.attestation.enrolment import open_enrolment
from privshare.jobs.attestation.event_log import check_log, read_log
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    Root,
    RootSet,
    Value,
)
from privshare.jobs.attestation.tpm_reader import refuse
from privshare.jobs.attestation.tpm_structure import (
    ALG_ECDSA,
    ALG_RSASSA,
    ALG_SHA256,
    Attest,
    Public,
    parse_attest,
    parse_public,
    parse_signature,
)
from privshare.wire import canonical

__all__ = ["ENROLLERS", "KIND", "RESETTABLE", "check_attestation_key", "verify"]

KIND: Final = "tpm2"

#: The family of roots that enrollers belong to.
ENROLLERS: Final = ("tpm-enroller",)

#: Anybody resets these two (PC Client Profile, "PCR attributes").
RESETTABLE: Final = (16, 23)

#: The operating system's and ours: they owe an event log when quoted.
LOGGED: Final = range(8, 16)

REGISTERS: Final = 24

_NEEDED: Final = (
    "fixedTPM",
    "fixedParent",
    "sensitiveDataOrigin",
    "restricted",
    "sign",
)
_INDEX: Final = re.compile(r"0|1[0-9]?|2[0-3]?|[3-9]")
_VALUE: Final = re.compile(r"[0-9a-f]{64}")


def verify(
    evidence: Evidence, endorsements: Endorsements, roots: RootSet, at: int
) -> Claims:
    """Verify a quote and everything above and below it.

    Args:
        evidence: Parts `attest` (TPMS_ATTEST), `signature` (TPMT_SIGNATURE),
            `ak_public` (TPM2B_PUBLIC), `pcrs` (canonical JSON, register to hex)
            and `event_log`.
        endorsements: Parts `ek_certificate` (DER), `ek_chain` (PEM) and
            `enrolment` (envelope).
        roots: Makers' roots (families `tpm` and `swtpm`) and enrollers (family
            `tpm-enroller`; the digest is of the Ed25519 key).
        at: Unix seconds.

    Returns:
        Claims with `pcr.N`, `clock` (ms), `reset_count`, `restart_count`,
        `safe`, `firmware_version` (8 bytes, as the maker counts), `ak_name`,
        `ek_certificate`, `enroller` and `enrolment` (its commitment).

    Raises:
        EvidenceInvalid: For each fault a rule of its own: `evidence.*`,
            `root.unknown`, `tpm.*`, `event_log.*`.
    """
    if evidence.kind != KIND:
        refuse("evidence.kind", f"evidence of kind {KIND}", evidence.kind)
    evidence.only(("attest", "signature", "ak_public", "pcrs", "event_log"))
    endorsements.only(("ek_certificate", "ek_chain", "enrolment"))

    ek = read_ek(
        endorsements.part("ek_certificate"), endorsements.part("ek_chain"), roots, at
    )
    enrolment = open_enrolment(endorsements.part("enrolment"))
    _check_enroller(enrolment.enroller, ek.root, roots)
    if enrolment.ek_certificate != ek.certificate:
        refuse("tpm.enrolment.ek", "an enrolment of the certified TPM", "of another")
    ek.check(enrolment.ek)

    ak = parse_public(evidence.part("ak_public"))
    check_attestation_key(ak)
    if ak.name != enrolment.ak_name:
        refuse("tpm.enrolment.ak", "an enrolment of this attestation key", "of another")

    message = evidence.part("attest")
    parse_signature(evidence.part("signature")).verify(ak, message)
    attest = parse_attest(message)
    registers = _check_registers(attest, evidence.part("pcrs"))
    owed = {f"pcr.{n}": value for n, value in registers.items() if n in LOGGED}
    events = check_log("sha256", read_log(evidence.part("event_log"), "sha256"), owed)

    values: dict[str, Value] = {f"pcr.{n}": v for n, v in registers.items()}
    values |= {
        "ak_name": ak.name,
        "clock": attest.clock,
        "ek_certificate": ek.certificate,
        "enroller": enrolment.enroller,
        "enrolment": enrolment.commitment,
        "firmware_version": attest.firmware_version.to_bytes(8, "big"),
        "reset_count": attest.reset_count,
        "restart_count": attest.restart_count,
        "safe": attest.safe,
    }
    return Claims(
        kind=KIND,
        root=ek.root,
        report_data=attest.extra_data,
        debug=False,
        values=values,
        identity=hashlib.sha256(message).digest(),
        instance=hashlib.sha256(ek.spki).digest(),
        not_before=ek.not_before,
        not_after=ek.not_after,
        events=events,
    )


def _check_enroller(enroller: bytes, root: Root, roots: RootSet) -> None:
    known = roots.find(hashlib.sha256(enroller).digest(), ENROLLERS)
    if known.trust_class != root.trust_class:
        refuse(
            "tpm.enroller.class",
            f"an enroller of TPMs of class {root.trust_class}",
            f"one of class {known.trust_class}",
        )


def check_attestation_key(ak: Public) -> None:
    """Check that a key signs nothing but what its TPM made itself.

    Raises:
        EvidenceInvalid: It may do other things, or leave the TPM
            (`tpm.ak.attributes`), or signs otherwise (`tpm.ak.scheme`).
    """
    for name in _NEEDED:
        if not ak.attributes.has(name):
            refuse("tpm.ak.attributes", f"an attestation key with {name}", "without")
    if ak.attributes.has("decrypt"):
        refuse("tpm.ak.attributes", "an attestation key that only signs", "decrypts")
    scheme = ALG_ECDSA if ak.curve else ALG_RSASSA
    if ak.scheme != (scheme, ALG_SHA256) or ak.aes_bits or ak.curve == "P-384":
        refuse("tpm.ak.scheme", "ECDSA on P-256 or RSASSA, with SHA-256", "another")


def _check_registers(attest: Attest, pcrs: bytes) -> dict[int, bytes]:
    """The registers' values, if the TPM signed their digest and selection."""
    values = _read_registers(pcrs)
    for number in RESETTABLE:
        if number in values:
            refuse(
                "tpm.resettable",
                "registers that nobody can reset",
                f"pcr.{number}, which proves nothing",
            )
    if attest.selection != ((ALG_SHA256, tuple(values)),):
        refuse(
            "tpm.selection",
            f"a quote of the SHA-256 registers {tuple(values)}",
            attest.selection,
        )
    digest = hashlib.sha256(b"".join(values.values())).digest()
    if digest != attest.pcr_digest:
        refuse("tpm.pcr_digest", "the registers' values as signed", "others")
    return values


def _read_registers(pcrs: bytes) -> dict[int, bytes]:
    """Read canonical JSON {"0": hex, …}, ascending by number."""
    try:
        found = canonical.decode(pcrs)
    except EncodingError as error:
        raise EvidenceInvalid(error.message, detail={"rule": "tpm.pcrs"}) from None
    if not isinstance(found, dict) or not found:
        refuse("tpm.pcrs", "registers with their values", "another form")
    values = {}
    for name, text in found.items():
        if not _INDEX.fullmatch(name):
            refuse("tpm.pcrs", f"a register below {REGISTERS}", "another name")
        if not isinstance(text, str) or not _VALUE.fullmatch(text):
            refuse("tpm.pcrs", "a value of 32 bytes in hex", "another form")
        values[int(name)] = bytes.fromhex(text)
    return dict(sorted(values.items()))
