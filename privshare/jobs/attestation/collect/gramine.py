"""Evidence by Gramine: a quote of the SGX enclave that we run in.

Gramine shows the enclave's attestation as files of this process alone, so no
other writer comes between: write the report data, read the quote.

Implements Gramine's documentation, "Attestation and Secret Provisioning",
low-level interface `/dev/attestation`. Tested on faked trees; not run on
hardware by us.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from privshare.jobs.attestation.collect.collector import (
    Collected,
    Collector,
    absent,
    check_over,
)
from privshare.jobs.attestation.evidence import Evidence

__all__ = ["GramineCollector"]

_MAX_QUOTE: Final = 1 << 15
_REPORT_END: Final = 432
_REPORT_DATA: Final = 368


class GramineCollector(Collector):
    """Asks the enclave for a quote.

    Args:
        folder: Where Gramine shows its files.
    """

    def __init__(self, folder: Path = Path("/dev/attestation")) -> None:
        self._folder = folder

    def _gather(self, report_data: bytes) -> Collected:
        try:
            kind = (self._folder / "attestation_type").read_bytes()[:64].strip()
            if kind != b"dcap":
                absent(
                    "collect.provider",
                    "an enclave that attests by DCAP",
                    "another or none",
                    'Set sgx.remote_attestation = "dcap" in the manifest.',
                )
            with (self._folder / "user_report_data").open("r+b", buffering=0) as file:
                written = file.write(report_data)
            if written != len(report_data):
                absent("collect.short", f"{len(report_data)} bytes written", written)
            with (self._folder / "quote").open("rb") as file:
                quote = file.read(_MAX_QUOTE + 1)
        except OSError as error:
            absent("collect.provider", "Gramine's files", type(error).__name__)
        if len(quote) > _MAX_QUOTE:
            absent("collect.too_big", f"a quote of up to {_MAX_QUOTE} bytes", "more")
        if len(quote) <= _REPORT_END:
            absent("collect.short", "an SGX quote", f"{len(quote)} bytes")
        check_over(quote, _REPORT_DATA, report_data)
        return Collected(Evidence("sgx-dcap", {"quote": quote}))
