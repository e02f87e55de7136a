"""Verify an Azure confidential machine: AMD's report, and the TPM it vouches for.

On Azure a guest cannot ask the processor for a report of its own. Firmware of
the provider (the "HCL") asks once, at the start, and has the report bind the
keys of a TPM that it runs for the guest; from then on that TPM quotes.

    hcl_report   AMD's report ── report_data = SHA-256 ──► runtime data, JSON
                                                              │ HCLAkPub
    quote, signature  what the guest gave to say, registers ◄─┘
    pcrs         the registers' values, event_log  the job's events

So AMD vouches for the firmware, and the firmware for the registers: a reader
trusts the provider's firmware besides AMD. Freshness comes from the quote
alone, which is why `report_data` here is the quote's.

Registers 16 and 23 can be reset by anybody in the guest; they are no claims.

Implements docs/formats/evidence.md, "Azure". Source: Microsoft, "Confidential
VM guest attestation design": attestation report, runtime data; TPM 2.0 Library,
Part 2, section 10.12 (quotes).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.attestation.der import refuse
from privshare.jobs.attestation.event_log import check_log, read_log
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    RootSet,
    Value,
)
from privshare.jobs.attestation.sev_snp import ENDORSEMENTS, raise_kind, verify_guest
from privshare.jobs.attestation.snp_report import REPORT_BYTES, SIGNED_BYTES
from privshare.jobs.attestation.tpm_structure import Attest, parse_attest
from privshare.wire import canonical
from privshare.wire.base64 import unb64u
from privshare.wire.value import Json

__all__ = ["KIND", "verify"]

KIND: Final = "azure-snp-vtpm"

_MAX_REPORT: Final = 1 << 14
_HEADER: Final = 32
_RUNTIME: Final = _HEADER + REPORT_BYTES
_RUNTIME_HEADER: Final = 20
# The header: "HCLA", a version, (size), request 2, status 0, three words of 0.
_SIGNATURE: Final = b"HCLA"
_VERSIONS: Final = (1, 2)
_REQUEST: Final = (2).to_bytes(4, "little") + bytes(16)
# The runtime data: (size), version 1, an SNP report, hashed with SHA-256, (size).
_RUNTIME_FORM: Final = b"".join(word.to_bytes(4, "little") for word in (1, 2, 1))

_AK_NAME: Final = "HCLAkPub"
_RSA_BITS: Final = 2048
_EXPONENT: Final = 65537
_SHA256: Final = 0x000B
_RESETTABLE: Final = (16, 23)
_INDEX: Final = re.compile(r"0|1[0-9]?|2[0-3]?|[3-9]")
_VALUE: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class _Hcl:
    """What the provider's firmware left for the guest.

    Attributes:
        report: AMD's report.
        runtime: The JSON text that it binds.
    """

    report: bytes
    runtime: bytes


def verify(
    evidence: Evidence, endorsements: Endorsements, roots: RootSet, at: int
) -> Claims:
    """Verify the report, what it binds, and the quote by the bound key.

    Args:
        evidence: Parts `hcl_report` (as the TPM's NV index holds it), `quote`
            (TPMS_ATTEST), `signature` (256 bytes), `pcrs` (canonical JSON,
            register to hex), and perhaps `event_log`.
        endorsements: As for `sev_snp`.
        roots: AMD's roots by product.
        at: Unix seconds.

    Returns:
        Claims with the values of `sev_snp` and `pcr.N`, `clock`, `reset_count`,
        `restart_count`, `safe`, `tpm_firmware`, and where the firmware says so
        `secure_boot`, `console` and `vm_id`. Every register that the log names
        is its replay from zero.

    Raises:
        EvidenceInvalid: For each fault a rule of its own: those of `sev_snp`,
            `azure.*`, `tpm.*`, `event_log.*`.
    """
    if evidence.kind != KIND:
        raise_kind(evidence.kind, KIND)
    evidence.only(("hcl_report", "quote", "signature", "pcrs"), ("event_log",))
    endorsements.only(*ENDORSEMENTS)

    hcl = _read_hcl(evidence.part("hcl_report"))
    guest = verify_guest(hcl.report, endorsements, roots, at)
    bound = hashlib.sha256(hcl.runtime).digest() + bytes(32)
    if guest.report_data != bound:
        refuse("azure", "runtime", "expected the runtime data bound, found others")
    runtime = _read_runtime(hcl.runtime)

    message = evidence.part("quote")
    _verify_quote(_attestation_key(runtime), evidence.part("signature"), message)
    attest = parse_attest(message)
    registers = _check_registers(attest, evidence.part("pcrs"))
    values: dict[str, Value] = {
        f"pcr.{n}": value for n, value in registers.items() if n not in _RESETTABLE
    }
    events: tuple[tuple[str, bytes, str], ...] = ()
    if "event_log" in evidence.parts:
        log = read_log(evidence.part("event_log"), "sha256")
        named = {event.register for event in log}
        quoted = {
            name: value
            for name, value in values.items()
            if name in named and isinstance(value, bytes)
        }
        events = check_log("sha256", log, quoted)
    values |= {
        "clock": attest.clock,
        "reset_count": attest.reset_count,
        "restart_count": attest.restart_count,
        "safe": attest.safe,
        "tpm_firmware": attest.firmware_version,
    }
    signed = hcl.report[:SIGNED_BYTES] + message
    return replace(
        guest,
        kind=KIND,
        report_data=attest.extra_data,
        values={**guest.values, **values, **_configuration(runtime)},
        identity=hashlib.sha256(signed).digest(),
        events=events,
    )


def _read_hcl(data: bytes) -> _Hcl:
    """Take apart what the NV index holds; what follows must be zeros."""
    if not _RUNTIME + _RUNTIME_HEADER < len(data) <= _MAX_REPORT:
        refuse(
            "azure",
            "header",
            f"expected {_RUNTIME + _RUNTIME_HEADER} to {_MAX_REPORT} bytes, "
            f"found {len(data)}",
        )
    size = int.from_bytes(data[_RUNTIME : _RUNTIME + 4], "little")
    start = _RUNTIME + _RUNTIME_HEADER
    end = _RUNTIME + size
    if not start < end <= len(data):
        refuse("azure", "header", f"expected runtime data to a byte, found {size}")
    version = int.from_bytes(data[4:8], "little")
    header = _SIGNATURE + data[4:8] + end.to_bytes(4, "little") + _REQUEST
    form = _RUNTIME_FORM + (size - _RUNTIME_HEADER).to_bytes(4, "little")
    fits = data[:_HEADER] == header and data[_RUNTIME + 4 : start] == form
    if version not in _VERSIONS or not fits:
        refuse(
            "azure",
            "header",
            "expected version 1 or 2 of an SNP report with SHA-256, found another",
        )
    if any(data[end:]):
        refuse("azure", "header", f"expected zeros from byte {end}, found others")
    return _Hcl(data[_HEADER:_RUNTIME], data[start:end])


def _read_runtime(text: bytes) -> Mapping[str, Json]:
    try:
        found = canonical.decode_loose(text)
    except (EncodingError, OutOfRange) as error:
        refuse("azure", "json", error.message)
    if not isinstance(found, dict):
        refuse("azure", "json", "expected an object, found another value")
    return found


def _attestation_key(runtime: Mapping[str, Json]) -> rsa.RSAPublicKey:
    """The one key that the firmware names as its TPM's attestation key."""
    listed = runtime.get("keys")
    keys = [
        key
        for key in (listed if isinstance(listed, list) else [])
        if isinstance(key, dict) and key.get("kid") == _AK_NAME
    ]
    if len(keys) != 1:
        refuse("azure", "key", f"expected one key {_AK_NAME}, found {len(keys)}")
    key = keys[0]
    modulus, exponent = key.get("n"), key.get("e")
    if (
        key.get("kty") != "RSA"
        or key.get("key_ops") != ["sign"]
        or not isinstance(modulus, str)
        or not isinstance(exponent, str)
    ):
        refuse("azure", "key", "expected an RSA key that signs, found another")
    try:
        n = int.from_bytes(unb64u(modulus), "big")
        e = int.from_bytes(unb64u(exponent), "big")
    except EncodingError as error:
        refuse("azure", "key", error.message)
    if n.bit_length() != _RSA_BITS or not n & 1 or e != _EXPONENT:
        refuse("azure", "key", f"expected a key of {_RSA_BITS} bits, found another")
    try:
        return rsa.RSAPublicNumbers(e, n).public_key()
    except ValueError:
        refuse("azure", "key", "expected an RSA key, found another number")


def _verify_quote(key: rsa.RSAPublicKey, signature: bytes, message: bytes) -> None:
    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        refuse(
            "azure",
            "signature",
            "expected a quote by the key that the report binds, found one by another",
            fix="Report and quote must come from the same machine and the same start.",
        )


def _check_registers(attest: Attest, pcrs: bytes) -> dict[int, bytes]:
    """The registers' values, if the TPM signed their digest and selection."""
    values = _read_registers(pcrs)
    if attest.selection != ((_SHA256, tuple(values)),):
        refuse(
            "azure",
            "pcr",
            f"expected a quote of the SHA-256 registers {tuple(values)}, "
            f"found {attest.selection}",
        )
    if hashlib.sha256(b"".join(values.values())).digest() != attest.pcr_digest:
        refuse("azure", "pcr-digest", "expected the registers as signed, found others")
    return values


def _read_registers(pcrs: bytes) -> dict[int, bytes]:
    """Read canonical JSON {"0": hex, …}, ascending by number."""
    try:
        found = canonical.decode(pcrs)
    except (EncodingError, OutOfRange) as error:
        refuse("azure", "pcr", error.message)
    if not isinstance(found, dict) or not found:
        refuse("azure", "pcr", "expected registers with their values, found others")
    values = {}
    for name, text in found.items():
        if not _INDEX.fullmatch(name) or not isinstance(text, str):
            refuse("azure", "pcr", "expected a register of 0 to 23, found another")
        if not _VALUE.fullmatch(text):
            refuse("azure", "pcr", "expected 32 bytes in hex, found another form")
        values[int(name)] = bytes.fromhex(text)
    return dict(sorted(values.items()))


def _configuration(runtime: Mapping[str, Json]) -> dict[str, Value]:
    """What the firmware says of the machine, where it says so."""
    found = runtime.get("vm-configuration")
    if not isinstance(found, dict):
        refuse("azure", "json", "expected the machine's configuration, found none")
    values: dict[str, Value] = {}
    for name, claim in (("secure-boot", "secure_boot"), ("console-enabled", "console")):
        value = found.get(name)
        if not isinstance(value, bool):
            refuse("azure", "json", f"expected {name} as yes or no, found another")
        values[claim] = value
    vm_id = found.get("vmUniqueId")
    if isinstance(vm_id, str) and len(vm_id) <= 64:
        values["vm_id"] = vm_id
    return values
