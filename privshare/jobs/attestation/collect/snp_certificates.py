"""The table of certificates that a host hands to an SNP guest.

    kernel    auxblob or extended report ─► read_table ─► endorsement parts

Each entry names a certificate by its GUID. What the host leaves out, somebody
fetches from AMD; what it puts in, the verifier checks like anything else.
Implements AMD, Guest-Hypervisor Communication Block Standardization (56421),
section 4.1.8.1, "SNP Extended Guest Request".
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from privshare.jobs.attestation.collect.collector import absent

__all__ = ["MAX_TABLE", "SNP_REPORT", "SNP_REPORT_DATA", "read_table"]

MAX_TABLE: Final = 1 << 17

#: The bytes of a report, and where its report data stand (SEV-SNP Firmware
#: ABI, table 23).
SNP_REPORT: Final = 1184
SNP_REPORT_DATA: Final = 0x50

_ENTRY: Final = 24
_MAX_ENTRIES: Final = 16

_VCEK: Final = UUID("63da758d-e664-4564-adc5-f4b93be8accd")
_VLEK: Final = UUID("a8074bc2-a25a-483e-aae6-39c045a0b8a1")
_ASK: Final = UUID("4ab7b379-bbac-4fe4-a02f-05aef327c782")
_ARK: Final = UUID("c0b406a4-a803-4952-9743-3fb6014cd0ae")
_CRL: Final = UUID("92f81bc3-5811-4d3d-97ff-d19f88dc67ea")
_PARTS: Final = {_VCEK: "vek", _VLEK: "vek", _CRL: "crl"}


def read_table(table: bytes) -> dict[str, bytes]:
    """Turn the table into parts of endorsements.

    Args:
        table: As the kernel hands it over; b"" where the host gave none.

    Returns:
        `vek` (DER), `chain` (PEM) and `crl` (DER), those that are there.

    Raises:
        Unavailable: No such table (`collect.certificates`).
    """
    found: dict[str, bytes] = {}
    chain = b""
    for guid, der in _entries(table):
        part = _PARTS.get(guid)
        if part in found:
            absent("collect.certificates", f"one {part}", "two")
        if part:
            found[part] = der
        elif guid in (_ASK, _ARK):
            chain += _pem(der)
    if chain:
        found["chain"] = chain
    return found


def _entries(table: bytes) -> list[tuple[UUID, bytes]]:
    if not table:
        return []
    found: list[tuple[UUID, bytes]] = []
    for index in range(_MAX_ENTRIES + 1):
        entry = table[index * _ENTRY : (index + 1) * _ENTRY]
        if len(entry) != _ENTRY:
            break
        if entry == bytes(_ENTRY):
            return found
        start = int.from_bytes(entry[16:20], "little")
        length = int.from_bytes(entry[20:24], "little")
        der = table[start : start + length]
        if not der or len(der) != length:
            break
        found.append((UUID(bytes_le=entry[:16]), der))
    absent("collect.certificates", "a table of certificates", "another form")


def _pem(der: bytes) -> bytes:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
    )

    try:
        return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    except ValueError:
        absent("collect.certificates", "a certificate", "something else")
