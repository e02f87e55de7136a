"""Evidence by configfs-tsm: TDX and SEV-SNP guests of Linux 6.7 and later.

One folder is one request: write the report data, read the report, remove the
folder. The kernel counts the writes, and that is how we notice that somebody
else wrote into our folder between.

    mkdir ─► inblob ─► outblob, auxblob, provider ─► generation + 1? ─► rmdir

Implements Documentation/ABI/testing/configfs-tsm of Linux. Tested on recorded
and faked trees; not run on hardware by us.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final, Protocol

from privshare.jobs.attestation.collect.collector import (
    Collected,
    Collector,
    absent,
    check_over,
)
from privshare.jobs.attestation.collect.snp_certificates import (
    MAX_TABLE,
    SNP_REPORT,
    SNP_REPORT_DATA,
    read_table,
)
from privshare.jobs.attestation.evidence import Evidence

__all__ = ["REPORTS", "ConfigfsCollector", "Files"]

REPORTS: Final = Path("/sys/kernel/config/tsm/report")

MAX_REPORT: Final = 1 << 15

# Where the report data stand in a quote: behind the header of 48 bytes, the
# body's type and length in version 5, and 520 bytes of body (Intel TDX DCAP
# Quoting Library, annexes A.3.1 and A.3.2).
_TDX_REPORT_DATA: Final = {b"\x04\x00": 568, b"\x05\x00": 574}
_ATTRIBUTE: Final = 256


class Files(Protocol):
    """The few calls on the kernel's tree; tests bring a kernel of their own."""

    def make(self, folder: Path) -> None:
        """Make a folder: the kernel fills it with attributes."""

    def write(self, path: Path, data: bytes) -> int:
        """Write an attribute in one call; how many bytes were taken."""

    def read(self, path: Path, most: int) -> bytes:
        """Read an attribute, up to `most` bytes."""

    def remove(self, folder: Path) -> None:
        """Remove a folder with its attributes."""


class _Kernel:
    """The tree as the kernel gives it."""

    def make(self, folder: Path) -> None:
        os.mkdir(folder, 0o700)

    def write(self, path: Path, data: bytes) -> int:
        handle = os.open(path, os.O_WRONLY)
        try:
            return os.write(handle, data)
        finally:
            os.close(handle)

    def read(self, path: Path, most: int) -> bytes:
        handle = os.open(path, os.O_RDONLY)
        try:
            found = b""
            while len(found) <= most:
                part = os.read(handle, most + 1 - len(found))
                if not part:
                    break
                found += part
            return found
        finally:
            os.close(handle)

    def remove(self, folder: Path) -> None:
        os.rmdir(folder)


class ConfigfsCollector(Collector):
    """Asks the kernel's TSM for a report.

    Args:
        reports: The folder in which requests are made.
        files: How it is reached.
    """

    def __init__(self, reports: Path = REPORTS, files: Files | None = None) -> None:
        self._reports = reports
        self._files = files or _Kernel()

    def _gather(self, report_data: bytes) -> Collected:
        folder = self._reports / f"privshare-{os.getpid()}-{os.urandom(8).hex()}"
        try:
            self._files.make(folder)
        except OSError as error:
            absent(
                "collect.provider",
                "a kernel with a provider of reports",
                errno.errorcode.get(error.errno or 0, "an error"),
                "Load tdx_guest or sev-guest, and mount configfs.",
            )
        try:
            return self._ask(folder, report_data)
        except OSError as error:
            absent(*_explain(error))
        finally:
            self._remove(folder)

    def _remove(self, folder: Path) -> None:
        try:
            self._files.remove(folder)
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, "an error")
            absent("collect.remove", "that the request can be removed", name)

    def _ask(self, folder: Path, report_data: bytes) -> Collected:
        before = self._generation(folder)
        written = self._files.write(folder / "inblob", report_data)
        if written != len(report_data):
            absent(
                "collect.short", f"{len(report_data)} bytes written", f"{written} bytes"
            )
        report = self._read(folder / "outblob", MAX_REPORT)
        provider = self._text(folder / "provider")
        table = b""
        if provider == "sev_guest":
            table = self._read(folder / "auxblob", MAX_TABLE)
        after = self._generation(folder)
        if after != before + 1:
            absent(
                "collect.raced",
                f"generation {before + 1} of the request",
                f"generation {after}: somebody else wrote into it",
                "Ask again; nothing was handed over.",
            )
        return _evidence(provider, report, table, report_data)

    def _generation(self, folder: Path) -> int:
        text = self._text(folder / "generation")
        if not (text.isascii() and text.isdigit()):
            absent("collect.generation", "a number of writes", "another form")
        return int(text)

    def _text(self, path: Path) -> str:
        data = self._read(path, _ATTRIBUTE)
        return data.decode("ascii", "replace").strip()

    def _read(self, path: Path, most: int) -> bytes:
        data = self._files.read(path, most)
        if len(data) > most:
            absent("collect.too_big", f"up to {most} bytes of {path.name}", "more")
        return data


def _explain(error: OSError) -> tuple[str, str, str]:
    name = errno.errorcode.get(error.errno or 0, "an error")
    if error.errno == errno.EFBIG:
        return "collect.too_big", "a report that the kernel can hold", name
    if error.errno in (errno.EWOULDBLOCK, errno.EBUSY):
        return "collect.raced", "a report of this request", name
    if error.errno == errno.EINTR:
        return "collect.interrupted", "an answer of the provider", name
    return "collect.provider", "an answer of the provider", name


def _evidence(
    provider: str, report: bytes, table: bytes, report_data: bytes
) -> Collected:
    if provider == "tdx_guest":
        at = _TDX_REPORT_DATA.get(report[:2])
        if at is None or len(report) < at + len(report_data):
            absent("collect.short", "a TDX quote of version 4 or 5", "another form")
        check_over(report, at, report_data)
        return Collected(Evidence("tdx-dcap", {"quote": report}))
    if provider == "sev_guest":
        if len(report) != SNP_REPORT:
            absent("collect.short", f"an SNP report of {SNP_REPORT} bytes", len(report))
        check_over(report, SNP_REPORT_DATA, report_data)
        return Collected(Evidence("sev-snp", {"report": report}), read_table(table))
    absent("collect.provider", "a provider tdx_guest or sev_guest", "another")
