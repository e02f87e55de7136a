"""What AMD's secure processor says of a guest: the attestation report.

1184 bytes with a fixed place for everything. The first 0x2a0 are signed; of
the others all but two numbers of 48 bytes must be zero, and so must whatever
the specification reserves. So a report has one form, but for one thing that
ECDSA allows anybody: (r, n - s) verifies where (r, s) does. Therefore a
report's identity is the digest of its signed part.

    machine   /dev/sev-guest ─► 1184 bytes ─► read_report ─► Report ─► sev_snp

Source: AMD 56860, SEV Secure Nested Paging Firmware ABI: the attestation report,
TCB version, guest policy, platform information and signature formats; revision
1.51 for reports of version 2, 1.55 for 3, 1.58 for 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from privshare.jobs.attestation.der import refuse

__all__ = [
    "REPORT_BYTES",
    "SIGNED_BYTES",
    "TCB_PARTS",
    "Product",
    "Report",
    "Tcb",
    "read_report",
]

Product = Literal["Milan", "Genoa", "Turin"]

REPORT_BYTES: Final = 0x4A0
SIGNED_BYTES: Final = 0x2A0
_ECDSA_P384_SHA384 = 1
_VERSIONS: Final = (2, 3, 5)

#: Where each part of a TCB version stands among its eight bytes.
TCB_PARTS: Final[Mapping[Product, Mapping[str, int]]] = {
    "Milan": {"bl": 0, "tee": 1, "snp": 6, "ucode": 7},
    "Genoa": {"bl": 0, "tee": 1, "snp": 6, "ucode": 7},
    "Turin": {"fmc": 0, "bl": 1, "tee": 2, "snp": 3, "ucode": 7},
}

#: Family and models as CPUID names them, first and last (from version 3 on).
_MODELS: Final[Mapping[Product, tuple[tuple[int, int, int], ...]]] = {
    "Milan": ((0x19, 0x00, 0x0F),),
    "Genoa": ((0x19, 0x10, 0x1F), (0x19, 0xA0, 0xAF)),
    "Turin": ((0x1A, 0x00, 0x1F),),
}

# What must be zero, for each version: inside the signed part, and after it.
_COMMON: Final = ((0x4C, 0x50), (0x18B, 0x1A0), (0x1EB, 0x1EC), (0x1EF, 0x1F0))
_UNSIGNED: Final = ((0x2D0, 0x2E8), (0x318, 0x4A0))
_RESERVED: Final[Mapping[int, tuple[tuple[int, int], ...]]] = {
    2: ((0x188, 0x18B), *_COMMON, (0x1F8, 0x2A0), *_UNSIGNED),
    3: (*_COMMON, (0x1F8, 0x2A0), *_UNSIGNED),
    5: (*_COMMON, (0x208, 0x2A0), *_UNSIGNED),
}
# Bits of words that have a meaning, for each version.
_POLICY_BITS: Final[Mapping[int, int]] = {
    2: 0x01FF_FFFF,
    3: 0x01FF_FFFF,
    5: 0x03FF_FFFF,
}
_PLATFORM_BITS: Final[Mapping[int, int]] = {2: 0x1F, 3: 0x3F, 5: 0xBF}
_KEY_BITS: Final = 0x1F
_POLICY_ONE: Final = 1 << 17
_MIGRATION: Final = 1 << 18
_DEBUG: Final = 1 << 19
_NO_AGENT: Final = b"\xff" * 32
_SIGNERS: Final[Mapping[int, Literal["VCEK", "VLEK"]]] = {0: "VCEK", 1: "VLEK"}


@dataclass(frozen=True, slots=True)
class Tcb:
    """A version of everything that a guest must trust below itself.

    Attributes:
        raw: Eight bytes, as the report has them.
    """

    raw: bytes

    def parts(self, product: Product) -> dict[str, int]:
        """Its parts by name, for a product's layout.

        Raises:
            EvidenceInvalid: A byte that the layout reserves is not zero
                (`snp.reserved`).
        """
        places = TCB_PARTS[product]
        for place, byte in enumerate(self.raw):
            if byte and place not in places.values():
                refuse(
                    "snp",
                    "reserved",
                    f"expected zero in byte {place} of a TCB version of {product}, "
                    f"found 0x{byte:02x}",
                )
        return {name: self.raw[place] for name, place in places.items()}


@dataclass(frozen=True, slots=True)
class Report:
    """A report whose form is right. Nothing is verified yet.

    Attributes:
        signed: The signed part.
        r: Of the signature.
        s: Of the signature.
        version: 2, 3 or 5.
        guest_svn: As the guest's owner counts.
        policy: What the guest's owner asked of the machine, bit by bit.
        family_id: 16 bytes from the owner's identity block.
        image_id: 16 bytes from the same.
        vmpl: The privilege level that asked: 0 is the highest of 4.
        platform_info: What is switched on, bit by bit.
        author_key: Whether an author signed the identity key.
        chip_key_masked: Whether the machine hides the chip's own key.
        signer: Which of its keys signed.
        report_data: 64 bytes that the guest gave.
        measurement: SHA-384 of the guest at its launch.
        host_data: 32 bytes that the host gave at launch.
        id_key_digest: SHA-384 of the key that signed the identity block.
        author_key_digest: SHA-384 of the author's key.
        report_id: Names the guest for as long as it runs.
        report_id_ma: Names its migration agent; all ones without one.
        cpuid: Family, model and stepping, None before version 3.
        chip_id: 64 bytes; zero where the machine hides it.
        current: Firmware that runs.
        reported: Firmware that the signing key stands for.
        committed: Firmware below which the machine cannot go back.
        launch: Firmware when the guest was launched.
        firmware: Major, minor and build of the firmware that runs.
        mitigations: What was mitigated at launch and now, one bit each in 8 bytes,
            None before 5.
    """

    signed: bytes
    r: int
    s: int
    version: int
    guest_svn: int
    policy: int
    family_id: bytes
    image_id: bytes
    vmpl: int
    platform_info: int
    author_key: bool
    chip_key_masked: bool
    signer: Literal["VCEK", "VLEK"]
    report_data: bytes
    measurement: bytes
    host_data: bytes
    id_key_digest: bytes
    author_key_digest: bytes
    report_id: bytes
    report_id_ma: bytes
    cpuid: tuple[int, int, int] | None
    chip_id: bytes
    current: Tcb
    reported: Tcb
    committed: Tcb
    launch: Tcb
    firmware: tuple[int, int, int]
    mitigations: tuple[bytes, bytes] | None

    @property
    def debug(self) -> bool:
        """Whether the host may look inside."""
        return bool(self.policy & _DEBUG)

    @property
    def migration_agent(self) -> bool:
        """Whether another guest may move this one to another machine."""
        return bool(self.policy & _MIGRATION) or self.report_id_ma != _NO_AGENT

    @property
    def chip_masked(self) -> bool:
        """Whether the machine hides which one it is."""
        return not any(self.chip_id)

    def is_made_by(self, product: Product) -> bool:
        """Whether the processor it names, if any, is of this product."""
        if self.cpuid is None:
            return True
        family, model, _ = self.cpuid
        return any(
            family == named and first <= model <= last
            for named, first, last in _MODELS[product]
        )


def read_report(data: bytes) -> Report:
    """Read a report.

    Args:
        data: 1184 bytes, as the machine gives them.

    Raises:
        EvidenceInvalid: Another length (`snp.length`), version (`snp.version`)
            or algorithm (`snp.algorithm`), something where nothing may be
            (`snp.reserved`), an impossible policy (`snp.policy`), level
            (`snp.vmpl`), or no signing key (`snp.signer`).
    """
    if len(data) != REPORT_BYTES:
        refuse(
            "snp",
            "length",
            f"expected a report of {REPORT_BYTES} bytes, found {len(data)}",
        )
    version = _uint(data, 0x00, 4)
    if version not in _VERSIONS:
        refuse("snp", "version", f"expected version 2, 3 or 5, found {version}")
    if _uint(data, 0x34, 4) != _ECDSA_P384_SHA384:
        refuse("snp", "algorithm", "expected ECDSA on P-384, found another")
    _check_reserved(data, version)
    policy = _uint(data, 0x08, 8)
    if not policy & _POLICY_ONE or policy & ~_POLICY_BITS[version]:
        refuse(
            "snp",
            "policy",
            f"expected a guest policy of version {version}, found 0x{policy:x}",
        )
    vmpl = _uint(data, 0x30, 4)
    if vmpl > 3:
        refuse("snp", "vmpl", f"expected a level of 0 to 3, found {vmpl}")
    key_info = _uint(data, 0x48, 4)
    signer = _SIGNERS.get(key_info >> 2 & 7)
    if signer is None:
        refuse(
            "snp",
            "signer",
            f"expected a report signed by VCEK or VLEK, found key {key_info >> 2 & 7}",
        )
    return Report(
        signed=data[:SIGNED_BYTES],
        r=int.from_bytes(data[0x2A0:0x2D0], "little"),
        s=int.from_bytes(data[0x2E8:0x318], "little"),
        version=version,
        guest_svn=_uint(data, 0x04, 4),
        policy=policy,
        family_id=data[0x10:0x20],
        image_id=data[0x20:0x30],
        vmpl=vmpl,
        platform_info=_uint(data, 0x40, 8),
        author_key=bool(key_info & 1),
        chip_key_masked=bool(key_info & 2),
        signer=signer,
        report_data=data[0x50:0x90],
        measurement=data[0x90:0xC0],
        host_data=data[0xC0:0xE0],
        id_key_digest=data[0xE0:0x110],
        author_key_digest=data[0x110:0x140],
        report_id=data[0x140:0x160],
        report_id_ma=data[0x160:0x180],
        cpuid=(data[0x188], data[0x189], data[0x18A]) if version >= 3 else None,
        chip_id=data[0x1A0:0x1E0],
        current=Tcb(data[0x38:0x40]),
        reported=Tcb(data[0x180:0x188]),
        committed=Tcb(data[0x1E0:0x1E8]),
        launch=Tcb(data[0x1F0:0x1F8]),
        firmware=(data[0x1EA], data[0x1E9], data[0x1E8]),
        mitigations=((data[0x1F8:0x200], data[0x200:0x208]) if version >= 5 else None),
    )


def _uint(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(data[start : start + length], "little")


def _check_reserved(data: bytes, version: int) -> None:
    for start, end in _RESERVED[version]:
        if any(data[start:end]):
            refuse(
                "snp",
                "reserved",
                f"expected zeros from 0x{start:03x} to 0x{end:03x}, found others",
            )
    if not data[0x48] & 1 and any(data[0x110:0x140]):
        refuse(
            "snp",
            "reserved",
            "expected no author's digest without an author, found one",
        )
    for name, word, bits in (
        ("key information", _uint(data, 0x48, 4), _KEY_BITS),
        ("platform information", _uint(data, 0x40, 8), _PLATFORM_BITS[version]),
    ):
        if word & ~bits:
            refuse(
                "snp",
                "reserved",
                f"expected {name} within 0x{bits:x}, found 0x{word:x}",
            )
