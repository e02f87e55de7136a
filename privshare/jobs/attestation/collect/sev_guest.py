"""Evidence by /dev/sev-guest: SEV-SNP guests of Linux 5.19 to 6.6.

Newer kernels do the same by configfs-tsm, which `detect` prefers. One call
gives the report and the table of certificates that the host has.

Implements include/uapi/linux/sev-guest.h and Documentation/virt/coco/sev-guest
of Linux, SNP_GET_EXT_REPORT; the response is MSG_REPORT_RSP of AMD, SEV-SNP
Firmware ABI (56860), table 25. Tested with a driver of our own; not run on
hardware by us.
"""

from __future__ import annotations

import errno
import struct
from pathlib import Path
from typing import Final

from privshare.jobs.attestation.collect.collector import (
    Collected,
    Collector,
    absent,
    check_over,
)
from privshare.jobs.attestation.collect.device import Buffer, Ioctl, call
from privshare.jobs.attestation.collect.snp_certificates import (
    SNP_REPORT,
    SNP_REPORT_DATA,
    read_table,
)
from privshare.jobs.attestation.evidence import Evidence

__all__ = ["GET_EXT_REPORT", "SevGuestCollector"]

#: _IOWR('S', 2, struct snp_guest_request_ioctl), a structure of 32 bytes.
GET_EXT_REPORT: Final = (3 << 30) | (32 << 16) | (ord("S") << 8) | 2

_REQUEST: Final = struct.Struct("<B7xQQQ")  # version, request, response, errors
_REPORT_REQUEST: Final = struct.Struct("<64sI28xQI4x")  # data, VMPL, table, length
_RESPONSE_BYTES: Final = 4000
_REPORT_AT: Final = 32
_LENGTH_AT: Final = 104

# The driver takes whole pages, and no more than SEV_FW_BLOB_MAX_SIZE.
_TABLE_BYTES: Final = 0x4000


class SevGuestCollector(Collector):
    """Asks the SNP firmware for a report.

    Args:
        device: The driver's device.
        vmpl: The privilege level to report, 0 to 3.
        ioctl: Answers in the driver's place.
    """

    def __init__(
        self,
        device: Path = Path("/dev/sev-guest"),
        *,
        vmpl: int = 0,
        ioctl: Ioctl | None = None,
    ) -> None:
        self._device = device
        self._vmpl = vmpl
        self._ioctl = ioctl

    def _gather(self, report_data: bytes) -> Collected:
        table = Buffer(bytes(_TABLE_BYTES))
        inner = Buffer(
            _REPORT_REQUEST.pack(report_data, self._vmpl, table.address, _TABLE_BYTES)
        )
        response = Buffer(bytes(_RESPONSE_BYTES))
        outer = Buffer(_REQUEST.pack(1, inner.address, response.address, 0))
        number = call(self._device, GET_EXT_REPORT, outer, self._ioctl)
        if number:
            name = errno.errorcode.get(number, str(number))
            absent(
                "collect.too_big" if number == errno.ENOSPC else "collect.provider",
                "a report by the firmware",
                f"{name}, firmware error {_REQUEST.unpack(outer.read())[3]:#x}",
            )
        status, length = struct.unpack("<II", response.read(0, 8))
        if status:
            absent("collect.provider", "a report by the firmware", f"status {status}")
        if length != SNP_REPORT:
            absent("collect.short", f"a report of {SNP_REPORT} bytes", length)
        certificates = int.from_bytes(inner.read(_LENGTH_AT, 4), "little")
        if certificates > _TABLE_BYTES:
            absent("collect.too_big", f"a table of up to {_TABLE_BYTES} bytes", "more")
        report = response.read(_REPORT_AT, SNP_REPORT)
        check_over(report, SNP_REPORT_DATA, report_data)
        return Collected(
            Evidence("sev-snp", {"report": report}),
            read_table(table.read(0, certificates)),
        )
