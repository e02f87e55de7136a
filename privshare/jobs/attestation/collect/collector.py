"""What all collectors have in common: report data in, evidence out.

    runner    binding ─► report_data ─► collect ─► Evidence ─► owners, log

A collector runs beside the code that it reports on. It judges nothing: what it
hands over is verified by whoever receives it. What it must not do is hand over
evidence of something else, so each refuses what a second writer, a short read
or a missing provider would make of it, with an `Unavailable` whose
`detail["rule"]` says which.

>>> detect("/nonexistent") is None
True
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NoReturn

from privshare.errors import EncodingError, Unavailable
from privshare.jobs.attestation.evidence import Evidence

__all__ = ["Collected", "Collector", "absent", "check_over", "collect", "detect"]


def absent(rule: str, expected: str, found: object, fix: str = "") -> NoReturn:
    """Say why there is no evidence.

    Raises:
        Unavailable: Always; `detail["rule"]` is `rule`.
    """
    raise Unavailable(
        f"expected {expected}, found {found}", fix=fix, detail={"rule": rule}
    )


def check_over(report: bytes, at: int, report_data: bytes) -> None:
    """Check that a report is over our report data, which stands in it at `at`.

    Raises:
        Unavailable: It is over another's (`collect.raced`).
    """
    if report[at : at + len(report_data)] != report_data:
        absent("collect.raced", "a report over our data", "one over another's")


@dataclass(frozen=True, slots=True)
class Collected:
    """What a platform handed over.

    Attributes:
        evidence: What it says of itself.
        endorsements: Parts of endorsements that it had at hand, such as the
            certificate of an SNP machine; more may have to be fetched.
    """

    evidence: Evidence
    endorsements: Mapping[str, bytes] = field(default_factory=dict)


class Collector(ABC):
    """One platform's way to evidence.

    Attributes:
        report_bytes: How many bytes of report data it takes, exactly.
    """

    report_bytes: ClassVar[int] = 64

    def gather(self, report_data: bytes) -> Collected:
        """Ask the platform for evidence over report data.

        Args:
            report_data: `report_bytes` bytes, from `binding`.

        Raises:
            EncodingError: Another length.
            Unavailable: The platform gave none, or not for this request.
        """
        if len(report_data) != self.report_bytes:
            raise EncodingError(
                f"expected {self.report_bytes} bytes of report data, "
                f"found {len(report_data)}"
            )
        return self._gather(report_data)

    @abstractmethod
    def _gather(self, report_data: bytes) -> Collected: ...

    def collect(self, report_data: bytes) -> Evidence:
        """As `gather`, the evidence alone."""
        return self.gather(report_data).evidence


def detect(root: str | Path = "/") -> Collector | None:
    """The collector of this machine: the first that has its device.

    A TPM comes last, for machines with a TEE often have one too.

    Args:
        root: Where the machine's files are.

    Returns:
        None where there is none.
    """
    root = Path(root)
    if (root / "sys/kernel/config/tsm/report").is_dir():
        from privshare.jobs.attestation.collect.configfs import (  # noqa: PLC0415
            ConfigfsCollector,
        )

        return ConfigfsCollector(root / "sys/kernel/config/tsm/report")
    if (root / "dev/sev-guest").exists():
        from privshare.jobs.attestation.collect.sev_guest import (  # noqa: PLC0415
            SevGuestCollector,
        )

        return SevGuestCollector(root / "dev/sev-guest")
    if (root / "dev/attestation/quote").exists():
        from privshare.jobs.attestation.collect.gramine import (  # noqa: PLC0415
            GramineCollector,
        )

        return GramineCollector(root / "dev/attestation")
    if (root / "dev/nsm").exists():
        from privshare.jobs.attestation.collect.nsm import (  # noqa: PLC0415
            NsmCollector,
        )

        return NsmCollector(root / "dev/nsm")
    if (root / "dev/tpmrm0").exists():
        from privshare.jobs.attestation.collect.tpm_device import (  # noqa: PLC0415
            TpmCollector,
        )

        return TpmCollector(f"device:{root / 'dev/tpmrm0'}")
    return None


def collect(report_data: bytes) -> Evidence:
    """Evidence of this machine over report data.

    Raises:
        EncodingError: Report data of another length than the platform takes.
        Unavailable: No platform that attests (`collect.platform`), or it gave
            no evidence.
    """
    found = detect()
    if found is None:
        absent(
            "collect.platform",
            "a machine that attests",
            "none of configfs-tsm, sev-guest, Gramine, NSM and TPM",
            "Run the job in a confidential guest or enclave, or on a machine "
            "with a TPM.",
        )
    return found.collect(report_data)
