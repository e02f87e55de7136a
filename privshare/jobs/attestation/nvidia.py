"""NVIDIA GPUs: verify an attestation report. It never suffices alone.

The report says which firmware a GPU in confidential mode runs, and repeats a
nonce. It says nothing of the processor that feeds the GPU: data passes
through the guest first, so the report counts only beside evidence of that
guest, as a submodule of its claims.

    GPU       request + response = report, chain ─► verify ─► Claims (submodule)

The report is an SPDM exchange, GET_MEASUREMENTS and MEASUREMENTS, that the
GPU's firmware signs with a key whose certificate names the firmware's digest.
Measurements are not compared here: reference values change with each driver,
and belong in a policy.

Implements DMTF DSP0274 1.1.0, sections 10.11 and 15, with NVIDIA's opaque data;
ECDSA on P-384 with SHA-384.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from privshare.jobs.attestation.certificate import Certificate, read_certificate
from privshare.jobs.attestation.certificate_chain import (
    P384,
    read_pem,
    refusal,
    verify_chain,
    verify_raw,
)
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    RootSet,
    Value,
)

__all__ = ["FAMILY", "verify"]

FAMILY: Final = "nvidia"
MAX_REPORT: Final = 16 * 1024
CHAIN: Final = 5  # firmware, device, provisioner, product, root

_NONCE: Final = 32
_SIGNATURE: Final = 96
_VERSION: Final = 0x11
# Version, code, "sign it", "all of them"; then the nonce and the slot.
_REQUEST: Final = bytes((_VERSION, 0xE0, 0x01, 0xFF))
_RESPONSE: Final = bytes((_VERSION, 0x60))
_DMTF: Final = 1  # specification of a measurement block
_DIGEST_SIZE: Final = 48

# Opaque data, by NVIDIA's numbers.
_DRIVER, _VBIOS, _FIRMWARE = 3, 6, 20
_TCB_INFO: Final = "2.23.133.5.4.1"


@dataclass(frozen=True, slots=True)
class _Report:
    """A report, read."""

    nonce: bytes
    measurements: Mapping[int, bytes]
    opaque: Mapping[int, bytes]
    signed: bytes
    signature: bytes


def verify(
    evidence: Evidence, endorsements: Endorsements, roots: RootSet, at: int
) -> Claims:
    """Verify a GPU's report.

    Args:
        evidence: Kind `nvidia-gpu`; parts `report` and `chain` (PEM: firmware
            first, root last).
        endorsements: None: the chain is in the evidence.
        roots: Family `nvidia`.
        at: Unix seconds; inside the window of every certificate.

    Returns:
        `report_data` is the nonce, 32 bytes. Values: `measurement.N` for each
        block, `driver_version`, `vbios_version`, `firmware_id`,
        `submodule_only` (always true).

    Raises:
        EvidenceInvalid: `detail["rule"]` is `root.unknown` or begins with
            `nvidia.`: `report`, `firmware`, and the words of `read_pem` and
            `verify_chain`.
    """
    evidence.only(["report", "chain"])
    endorsements.only([])
    report = _read(evidence.part("report"))
    certificates = read_pem(evidence.part("chain"), "nvidia", ended=False)
    if len(certificates) != CHAIN:
        raise refusal(
            "nvidia",
            "chain",
            f"expected {CHAIN} certificates, found {len(certificates)}",
        )
    chain = verify_chain(certificates, roots, [FAMILY], at, suite=P384, scope="nvidia")
    verify_raw(
        chain.key,
        report.signature,
        report.signed,
        suite=P384,
        scope="nvidia",
        what="the report",
    )
    _check_firmware(chain.leaf, report.opaque.get(_FIRMWARE, b""))
    values: dict[str, Value] = {
        f"measurement.{index}": value for index, value in report.measurements.items()
    }
    values["driver_version"] = _text(report.opaque.get(_DRIVER, b""))
    values["vbios_version"] = report.opaque.get(_VBIOS, b"")
    values["firmware_id"] = report.opaque[_FIRMWARE]
    values["submodule_only"] = True
    return Claims(
        kind=evidence.kind,
        root=chain.root,
        report_data=report.nonce,
        # The report has no word of a debug mode: one more reason why it does
        # not suffice.
        debug=False,
        values=values,
        identity=sha256(report.signed).digest(),
        instance=_device(certificates[1]),
        not_before=chain.not_before,
        not_after=chain.not_after,
    )


class _Cursor:
    """Where we are in a report."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size > len(self.data) - self.at:
            raise refusal(
                "nvidia",
                "report",
                f"expected {size} bytes at byte {self.at}, found "
                f"{len(self.data) - self.at}",
            )
        start = self.at
        self.at += size
        return self.data[start : self.at]

    def number(self, size: int) -> int:
        """The next bytes as a number, the lowest first."""
        return int.from_bytes(self.take(size), "little")

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self.at == len(self.data)


def _read(data: bytes) -> _Report:
    """Read request and response, to the last byte."""
    if len(data) > MAX_REPORT:
        raise refusal(
            "nvidia",
            "report",
            f"expected a report of up to {MAX_REPORT} bytes, found {len(data)}",
        )
    cursor = _Cursor(data)
    _expect(cursor.take(4) == _REQUEST, "a request for all measurements, signed")
    nonce = cursor.take(_NONCE)
    _expect(cursor.number(1) < 8, "a slot of a chain")
    _expect(cursor.take(2) == _RESPONSE, "a response with measurements")
    cursor.take(2)
    count, size = cursor.number(1), cursor.number(3)
    measurements = _read_blocks(_Cursor(cursor.take(size)))
    _expect(len(measurements) == count > 0, "as many measurements as announced")
    cursor.take(_NONCE)  # the GPU's own
    opaque = _read_opaque(_Cursor(cursor.take(cursor.number(2))))
    signature = cursor.take(_SIGNATURE)
    _expect(cursor.done, "nothing behind the signature")
    return _Report(nonce, measurements, opaque, data[:-_SIGNATURE], signature)


def _read_blocks(cursor: _Cursor) -> dict[int, bytes]:
    """Blocks of one digest each, numbered upwards."""
    found: dict[int, bytes] = {}
    while not cursor.done:
        index, specification, size = (
            cursor.number(1),
            cursor.number(1),
            cursor.number(2),
        )
        inner = _Cursor(cursor.take(size))
        inner.number(1)  # what the digest is of
        value = inner.take(inner.number(2))
        _expect(
            specification == _DMTF and inner.done and len(value) == _DIGEST_SIZE,
            "blocks of one SHA-384 digest",
        )
        _expect(index > max(found, default=0), "blocks numbered upwards")
        found[index] = value
    return found


def _read_opaque(cursor: _Cursor) -> dict[int, bytes]:
    """NVIDIA's own data: type, size, value; each type once."""
    found: dict[int, bytes] = {}
    while not cursor.done:
        kind = cursor.number(2)
        _expect(kind not in found, "each type of opaque data once")
        found[kind] = cursor.take(cursor.number(2))
    return found


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise refusal("nvidia", "report", f"expected {what}, found another form")


def _check_firmware(leaf: Certificate, firmware: bytes) -> None:
    """The certificate names the firmware that the report names."""
    extension = leaf.extensions.get(_TCB_INFO)
    named = b"" if extension is None else extension.value
    if len(firmware) != _DIGEST_SIZE or not named.endswith(firmware):
        raise refusal(
            "nvidia",
            "firmware",
            "expected a certificate of the firmware in the report, found another's",
        )


def _text(data: bytes) -> str:
    """Printable text up to its zero byte, or ""."""
    text = data.rstrip(b"\0").decode("ascii", "replace")
    return text if text.isprintable() and len(text) <= 64 else ""


def _device(der: bytes) -> bytes:
    """Names the GPU: a digest of its device key."""
    return sha256(read_certificate(der, "nvidia").spki).digest()
