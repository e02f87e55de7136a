"""SEV-SNP evidence with one fault each, and the rule that must refuse it."""

from __future__ import annotations

from collections.abc import Callable

import attestation_kit as kit
from attestation_kit import AT, Guest
from cryptography.hazmat.primitives.asymmetric import ec

# The order of the P-384 group.
ORDER = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffff"
    "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    16,
)

PRODUCTS = ("Milan", "Genoa", "Turin")

Made = Callable[[], Guest]


def report(product: str = "Milan", signer: str = "VCEK", **changed: object) -> Made:
    """A case whose report is wrong."""
    return lambda: Guest(
        product,
        signer,
        kit.report(product, signer, **changed),  # type: ignore[arg-type]
    )


def parts(
    product: str = "Milan", signer: str = "VCEK", **made: Callable[[], bytes]
) -> Made:
    """A case whose endorsements are wrong."""
    return lambda: Guest(
        product, signer, parts={name: make() for name, make in made.items()}
    )


def edit(place: int, data: bytes, **changed: object) -> Made:
    """A case of a report with other bytes, signed after they were put in."""
    return report(edits={place: data}, **changed)


REPORT_CASES: dict[str, tuple[str, Made]] = {
    "one byte short": ("snp.length", lambda: Guest(report=kit.report()[:-1])),
    "one byte long": ("snp.length", lambda: Guest(report=kit.report() + b"\0")),
    "version 1": ("snp.version", edit(0, b"\1")),
    "version 4": ("snp.version", edit(0, b"\4")),
    "version 2 + 2^24": ("snp.version", edit(3, b"\1")),
    "no algorithm": ("snp.algorithm", edit(0x34, b"\0")),
    "other algorithm": ("snp.algorithm", edit(0x34, b"\2")),
    "policy without its one": ("snp.policy", edit(0x0A, b"\1")),
    "policy bit 26": ("snp.policy", edit(0x0B, b"\4")),
    "policy bit 25 before version 5": ("snp.policy", edit(0x0B, b"\2")),
    "policy bit 63": ("snp.policy", edit(0x0F, b"\x80")),
    "vmpl 4": ("snp.vmpl", edit(0x30, b"\4")),
    "vmpl 2^24": ("snp.vmpl", edit(0x33, b"\1")),
    "signed by nobody": ("snp.signer", edit(0x48, bytes([7 << 2]))),
    "signed by key 2": ("snp.signer", edit(0x48, bytes([2 << 2]))),
    "VCEK said to be hidden": ("snp.signer", edit(0x48, b"\2")),
    "VCEK's report says VLEK": ("snp.vek-kind", edit(0x48, bytes([1 << 2]))),
    "VLEK's report says VCEK": ("snp.vek-kind", edit(0x48, b"\0", signer="VLEK")),
    "reserved bits of key information": ("snp.reserved", edit(0x48, b"\x20")),
    "reserved bit 6 of the platform": ("snp.reserved", edit(0x40, b"\x40")),
    "reserved bit 5 before version 3": (
        "snp.reserved",
        edit(0x40, b"\x20", version=2),
    ),
    "reserved high word of the platform": ("snp.reserved", edit(0x47, b"\1")),
    "author's digest without an author": ("snp.reserved", edit(0x110, b"\1")),
    "CPUID before version 3": ("snp.reserved", edit(0x188, b"\x19", version=2)),
    "other processor": ("snp.product", edit(0x188, b"\x19\x11")),
    "chip of another id": ("snp.chip", edit(0x1A0, b"\xee")),
    "bytes after a Turin's id": ("snp.chip", edit(0x1C0, b"\1", product="Turin")),
    "reported above committed": (
        "snp.tcb-order",
        edit(0x1E0, kit.tcb("Milan", ucode=218)),
    ),
    "committed above current": ("snp.tcb-order", edit(0x38, kit.tcb("Milan"))),
    "signed by another key": (
        "snp.report-signature",
        report(key=kit.ec_key("stranger")),
    ),
    "signature of zero": ("snp.report-signature", report(after={0x2A0: bytes(144)})),
    "r of zero": ("snp.report-signature", report(after={0x2A0: bytes(72)})),
    "s of the order": (
        "snp.report-signature",
        report(after={0x2E8: ORDER.to_bytes(72, "little")}),
    ),
    "measurement altered": ("snp.report-signature", report(after={0x90: b"forged"})),
    "report data altered": ("snp.report-signature", report(after={0x50: bytes(64)})),
}
for product in PRODUCTS:
    for part in kit.PLACES[product]:
        REPORT_CASES[f"{product}: other {part}"] = (
            "snp.tcb",
            edit(0x180, kit.tcb(product, **{part: kit.TCB[part] - 1}), product=product),
        )
    for word in (0x38, 0x180, 0x1E0, 0x1F0):
        for place in set(range(8)) - set(kit.PLACES[product].values()):
            REPORT_CASES[f"{product}: TCB byte 0x{word:x}+{place}"] = (
                "snp.reserved",
                edit(word + place, b"\1", product=product),
            )
for version, first in ((2, 0x1F8), (3, 0x1F8), (5, 0x208)):
    for place in (0x4C, 0x4F, 0x18B, 0x19F, 0x1EB, 0x1EF, first, 0x29F):
        REPORT_CASES[f"version {version}: reserved 0x{place:x}"] = (
            "snp.reserved",
            edit(place, b"\1", version=version),
        )
for place in (0x2D0, 0x2E7, 0x318, 0x32F, 0x330, 0x49F):
    REPORT_CASES[f"unsigned 0x{place:x}"] = (
        "snp.reserved",
        report(after={place: b"\1"}),
    )


def _stranger() -> ec.EllipticCurvePrivateKey:
    return kit.ec_key("on P-256", "P-256")


def _three(**changed: object) -> bytes:
    """The usual chain with another ASK."""
    return kit.pem(kit.ask(**changed), kit.usual_ark("Milan"))  # type: ignore[arg-type]


def _root(**changed: object) -> bytes:
    """The usual chain with another ARK."""
    return kit.pem(kit.ask(), kit.ark(**changed))  # type: ignore[arg-type]


CHAIN_CASES: dict[str, tuple[str, Made]] = {
    # Which key, which issuer, which product.
    "VLEK under ASK": (
        "snp.vek-kind",
        parts(
            signer="VLEK",
            vek=lambda: kit.vek(
                signer="VLEK", issuer="SEV-Milan", issuer_key=kit.rsa_key("VCEK")
            ),
        ),
    ),
    "VCEK under ASVK": (
        "snp.vek-kind",
        parts(
            vek=lambda: kit.vek(issuer="SEV-VLEK-Milan", issuer_key=kit.rsa_key("VLEK"))
        ),
    ),
    "VLEK with the VCEK's chain": (
        "snp.chain",
        parts(signer="VLEK", chain=lambda: kit.chain("Milan", "VCEK")),
    ),
    "VCEK with the VLEK's chain": (
        "snp.chain",
        parts(chain=lambda: kit.chain("Milan", "VLEK")),
    ),
    "VLEK for a VCEK's report": (
        "snp.vek-kind",
        parts(vek=lambda: kit.vek(signer="VLEK")),
    ),
    "VCEK for a VLEK's report": (
        "snp.vek-kind",
        parts(signer="VLEK", vek=kit.vek),
    ),
    "a VCEK with a provider": (
        "snp.vek-kind",
        parts(vek=lambda: kit.vek(amd={"5": kit.tlv(0x16, b"CN=a.example")})),
    ),
    "a VCEK without a chip": (
        "snp.vek-kind",
        parts(vek=lambda: kit.vek(amd={"4": None})),
    ),
    "another subject": ("snp.vek-kind", parts(vek=lambda: kit.vek(subject="SEV-XCEK"))),
    "another chip's VCEK": (
        "snp.report-signature",
        parts(
            vek=lambda: kit.vek(key=kit.ec_key("other"), amd={"4": bytes(63) + b"\1"})
        ),
    ),
    "another chip's id, this one's key": (
        "snp.chip",
        parts(vek=lambda: kit.vek(amd={"4": bytes(63) + b"\1"})),
    ),
    "Genoa's VCEK with Milan's chain": (
        "snp.chain",
        parts("Genoa", chain=lambda: kit.chain("Milan")),
    ),
    "a VCEK for Genoa by SEV-Milan": (
        "snp.product",
        parts(vek=lambda: kit.vek(amd={"2": kit.tlv(0x16, b"Genoa")})),
    ),
    "SEV-Genoa under ARK-Milan": (
        "snp.product",
        parts(
            "Genoa",
            chain=lambda: kit.pem(
                kit.ask("Genoa", issuer="ARK-Milan"), kit.usual_ark("Milan")
            ),
        ),
    ),
    "an unknown product": (
        "snp.vek",
        parts(vek=lambda: kit.vek(amd={"2": kit.tlv(0x16, b"Naples")})),
    ),
    "no product": ("snp.vek", parts(vek=lambda: kit.vek(amd={"2": None}))),
    # The firmware that the key stands for.
    "no TCB part": ("snp.vek", parts(vek=lambda: kit.vek(amd={"3.8": None}))),
    "a TCB part too many": (
        "snp.vek",
        parts(vek=lambda: kit.vek(amd={"3.9": kit.integer(0)})),
    ),
    "a TCB part unknown": (
        "snp.vek",
        parts(vek=lambda: kit.vek(amd={"3.10": kit.integer(0)})),
    ),
    "a reserved TCB part": (
        "snp.vek",
        parts(vek=lambda: kit.vek(amd={"3.5": kit.integer(1)})),
    ),
    "a TCB part of another type": (
        "snp.certificate",
        parts(vek=lambda: kit.vek(amd={"3.1": kit.tlv(0x04, b"\4")})),
    ),
    "a chip's id of zeros": (
        "snp.vek",
        parts(vek=lambda: kit.vek(amd={"4": bytes(64)})),
    ),
    "a short chip's id": ("snp.vek", parts(vek=lambda: kit.vek(amd={"4": b"\1" * 8}))),
    "a provider without a name": (
        "snp.vek",
        parts(signer="VLEK", vek=lambda: kit.vek(signer="VLEK", amd={"5": b"\x16\0"})),
    ),
    # Time.
    "key expired": ("snp.expired", parts(vek=lambda: kit.vek(not_after=AT - 1))),
    "key not yet valid": (
        "snp.not-yet-valid",
        parts(vek=lambda: kit.vek(not_before=AT + 1)),
    ),
    "issuer expired": ("snp.expired", parts(chain=lambda: _three(not_after=AT - 1))),
    "issuer not yet valid": (
        "snp.not-yet-valid",
        parts(chain=lambda: _three(not_before=AT + 1)),
    ),
    # Who may issue.
    "issuer is no authority": (
        "snp.authority",
        parts(chain=lambda: _three(extensions=(kit.usage(4),))),
    ),
    "authority not critical": (
        "snp.authority",
        parts(
            chain=lambda: _three(
                extensions=(
                    kit.extension("2.5.29.19", kit.sequence(kit.tlv(1, b"\xff"))),
                    kit.usage(4),
                )
            )
        ),
    ),
    "issuer may not sign certificates": (
        "snp.key-usage",
        parts(chain=lambda: _three(extensions=(kit.authority(0), kit.usage(2)))),
    ),
    "issuer without a usage": (
        "snp.key-usage",
        parts(chain=lambda: _three(extensions=(kit.authority(0),))),
    ),
    "key is an authority": (
        "snp.authority",
        parts(vek=lambda: kit.vek(more=(kit.authority(), kit.usage(4)))),
    ),
    # Signatures.
    "key by a stranger": (
        "snp.signature",
        parts(vek=lambda: kit.vek(issuer_key=kit.rsa_key("VLEK"))),
    ),
    "issuer by a stranger": (
        "snp.signature",
        parts(chain=lambda: _three(issuer_key=kit.rsa_key("VLEK"))),
    ),
    "unneeded issuer by a stranger": (
        "snp.signature",
        parts(
            chain=lambda: kit.pem(
                kit.ask(),
                kit.ask(signer="VLEK", issuer_key=kit.rsa_key("VLEK")),
                kit.usual_ark("Milan"),
            )
        ),
    ),
    "other algorithm": (
        "snp.algorithm",
        parts(
            vek=lambda: kit.vek(
                algorithm=kit.sequence(kit.object_id("1.2.840.113549.1.1.12"), b"\5\0")
            )
        ),
    ),
    "other salt": (
        "snp.algorithm",
        parts(
            vek=lambda: kit.vek(
                algorithm=kit.PSS_SHA384[0].replace(b"\x02\x01\x30", b"\x02\x01\x20")
            )
        ),
    ),
    "two algorithms": (
        "snp.certificate",
        parts(vek=lambda: kit.vek(inner=kit.PSS_SHA384[1])),
    ),
    "key on another curve": (
        "snp.algorithm",
        lambda: Guest(
            report=kit.report(key=_stranger()), parts={"vek": kit.vek(key=_stranger())}
        ),
    ),
    "issuer with an elliptic key": (
        "snp.algorithm",
        parts(chain=lambda: _three(key=kit.ec_key("vek"))),
    ),
    "issuer with 2048 bits": (
        "snp.algorithm",
        parts(
            vek=lambda: kit.vek(issuer_key=kit.rsa_key("short", 2048)),
            chain=lambda: _three(key=kit.rsa_key("short", 2048)),
        ),
    ),
    # Roots.
    "root not enrolled": ("root.unknown", parts(chain=_root)),
    "root of a stranger with the same name": (
        "root.unknown",
        parts(chain=lambda: _root(rsa=kit.rsa_key("VLEK"))),
    ),
    # Form.
    "no root": (
        "snp.chain",
        parts(chain=lambda: kit.pem(kit.ask(), kit.ask(signer="VLEK"))),
    ),
    "root alone": ("snp.chain", parts(chain=lambda: kit.pem(kit.usual_ark("Milan")))),
    "issuer twice": (
        "snp.chain",
        parts(chain=lambda: kit.pem(kit.ask(), kit.ask(), kit.usual_ark("Milan"))),
    ),
    "a stranger's certificate besides": (
        "snp.chain",
        parts(
            chain=lambda: kit.pem(kit.ask(), kit.ask("Genoa"), kit.usual_ark("Milan"))
        ),
    ),
    "text before a certificate": (
        "snp.pem",
        parts(chain=lambda: b"# \n" + kit.chain()),
    ),
    "no certificate": ("snp.pem", parts(chain=lambda: b"")),
    "mixed line ends": (
        "snp.pem",
        parts(
            chain=lambda: (
                kit.pem(kit.ask())
                + kit.pem(kit.usual_ark("Milan")).replace(b"\n", b"\r\n")
            )
        ),
    ),
    "nine certificates": (
        "snp.pem",
        parts(chain=lambda: kit.pem(kit.usual_ark("Milan")) * 9),
    ),
    "two keys' certificates": (
        "snp.vek",
        parts(vek=lambda: kit.pem(kit.vek(), kit.vek())),
    ),
    "byte after the certificate": (
        "snp.certificate",
        parts(vek=lambda: kit.vek() + b"\0"),
    ),
    "empty certificate": ("snp.certificate", parts(vek=lambda: b"")),
    "certificate of 9000 bytes": ("snp.certificate", parts(vek=lambda: bytes(9000))),
    "version 1 of certificates": (
        "snp.certificate",
        parts(vek=lambda: kit.vek(version=0)),
    ),
    "unknown critical extension": (
        "snp.critical",
        parts(vek=lambda: kit.vek(more=(kit.extension("1.2.3", b"", critical=True),))),
    ),
    "extension twice": (
        "snp.certificate",
        parts(
            vek=lambda: kit.vek(more=(kit.extension("1.2.3", b""),) * 2),
        ),
    ),
    "serial number of 21 bytes": (
        "snp.certificate",
        parts(vek=lambda: kit.vek(serial=1 << 161)),
    ),
    # Lists of revoked certificates.
    "issuer revoked": (
        "snp.crl.revoked",
        parts(crl=lambda: kit.crl("Milan", 3, 0x10001)),
    ),
    "root revoked": ("snp.crl.revoked", parts(crl=lambda: kit.crl("Milan", 0x10000))),
    "VLEK's issuer revoked": (
        "snp.crl.revoked",
        parts(signer="VLEK", crl=lambda: kit.crl("Milan", 0x10101)),
    ),
    "list of another product": ("snp.crl.name", parts(crl=lambda: kit.crl("Genoa"))),
    "list by another key": (
        "snp.crl.signature",
        parts(crl=lambda: kit.crl(key="VLEK")),
    ),
    "list by the issuer": (
        "snp.crl.name",
        parts(crl=lambda: kit.crl(key="VCEK", issuer="SEV-Milan")),
    ),
    "list expired": (
        "snp.crl.expired",
        parts(crl=lambda: kit.crl(next_update=AT - 1)),
    ),
    "list not yet valid": (
        "snp.crl.not-yet-valid",
        parts(crl=lambda: kit.crl(this_update=AT + 1)),
    ),
    "list without an end": (
        "snp.crl.certificate",
        parts(crl=lambda: kit.crl(next_update=None)),
    ),
    "list without a number": (
        "snp.crl.certificate",
        parts(crl=lambda: kit.crl(number=None)),
    ),
    "list numbered 2^53": (
        "snp.crl.certificate",
        parts(crl=lambda: kit.crl(number=1 << 53)),
    ),
    "list of another algorithm": (
        "snp.crl.algorithm",
        parts(
            crl=lambda: kit.crl(
                algorithm=kit.sequence(kit.object_id("1.2.840.113549.1.1.12"), b"\5\0")
            )
        ),
    ),
    "list of differences": (
        "snp.crl.critical",
        parts(
            crl=lambda: kit.crl(
                extensions=(kit.extension("2.5.29.27", kit.integer(1), critical=True),)
            )
        ),
    ),
    "partial list": (
        "snp.crl.critical",
        parts(
            crl=lambda: kit.crl(
                extensions=(kit.extension("2.5.29.28", b"0\0", critical=True),)
            )
        ),
    ),
    "entry that restores": (
        "snp.crl.certificate",
        parts(
            crl=lambda: kit.crl(
                "Milan", 3, entry=(kit.extension("2.5.29.21", b"\x0a\1\x08"),)
            )
        ),
    ),
    "entry of another issuer": (
        "snp.crl.critical",
        parts(
            crl=lambda: kit.crl(
                "Milan",
                3,
                entry=(kit.extension("2.5.29.29", b"0\0", critical=True),),
            )
        ),
    ),
    "entry twice": ("snp.crl.certificate", parts(crl=lambda: kit.crl("Milan", 3, 3))),
    "empty list": ("snp.crl.certificate", parts(crl=lambda: b"")),
    "a certificate for a list": ("snp.crl.certificate", parts(crl=kit.vek)),
    # Parts.
    "a part too many": ("evidence.parts", parts(extra=lambda: b"")),
}


CASES = REPORT_CASES | CHAIN_CASES
