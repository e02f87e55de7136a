"""SEV-SNP on machines of our own making: each fault has its rule."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable
from dataclasses import replace

import attestation_kit as kit
import pytest
from attestation_kit import AT, YEAR, Guest
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from snp_cases import CASES, ORDER

from privshare.errors import EncodingError, EvidenceInvalid, OutOfRange
from privshare.jobs.attestation.certificate import read_certificate
from privshare.jobs.attestation.evidence import Claims, Endorsements, Evidence, RootSet
from privshare.jobs.attestation.sev_snp import verify

PRODUCTS = ("Milan", "Genoa", "Turin")


def check(guest: Guest, roots: RootSet | None = None, at: int = AT) -> Claims:
    """Verify a guest as its reader would."""
    return verify(guest.evidence(), guest.endorsements(), roots or kit.roots(), at)


def rule(guest: Guest, roots: RootSet | None = None, at: int = AT) -> str:
    """The rule that the guest broke."""
    with pytest.raises(EvidenceInvalid) as caught:
        check(guest, roots, at)
    return str(caught.value.detail["rule"])


@pytest.mark.parametrize("signer", ["VCEK", "VLEK"])
@pytest.mark.parametrize("product", PRODUCTS)
def test_a_right_report_gives_its_claims(product: str, signer: str) -> None:
    """Every layout and both kinds of key give the same registers."""
    claims = check(Guest(product, signer))
    parts = kit.PLACES[product]
    assert claims.values["measurement"] == hashlib.sha384(b"measurement").digest()
    assert claims.values["host_data"] == hashlib.sha256(b"host data").digest()
    assert claims.report_data == hashlib.sha512(b"report data").digest()
    assert claims.values["signer"] == signer
    assert str(claims.values["product"]).startswith(product)
    for name, ucode in (("current", 221), ("committed", 220), ("reported", 219)):
        expected = {part: kit.TCB[part] for part in parts} | {"ucode": ucode}
        found = {part: claims.values[f"tcb.{name}.{part}"] for part in parts}
        assert expected == found
    assert ("tcb.reported.fmc" in claims.values) == (product == "Turin")
    assert (claims.not_before, claims.not_after) == (AT - YEAR, AT + YEAR)
    assert claims.values["crl"] is False
    assert claims.trust_class == "simulated"
    assert not claims.debug
    assert not claims.values["migration_agent"]


def test_a_turin_report_of_version_5_gives_its_mitigations() -> None:
    """Version 5 says what was mitigated at launch and now."""
    edits = {0x1F8: (5).to_bytes(8, "little"), 0x200: (7).to_bytes(8, "little")}
    claims = check(Guest("Turin", report=kit.report("Turin", version=5, edits=edits)))
    assert claims.values["mitigations.launch"] == edits[0x1F8]
    assert claims.values["mitigations.current"] == edits[0x200]


def test_a_report_of_version_2_names_no_processor() -> None:
    """Before version 3 the bytes of CPUID are reserved."""
    claims = check(Guest(report=kit.report(version=2)))
    assert claims.values["version"] == 2


def test_debug_and_migration_are_claims() -> None:
    """The verifier says that the host may look inside; appraisal refuses it."""
    debug = check(Guest(report=kit.report(edits={0x0A: b"\x0b"})))
    assert debug.debug
    movable = check(Guest(report=kit.report(edits={0x0A: b"\x07"})))
    assert movable.values["migration_agent"] is True
    owned = check(Guest(report=kit.report(edits={0x160: bytes(32)})))
    assert owned.values["migration_agent"] is True


def test_the_level_that_asked_is_a_claim() -> None:
    """VMPL 3 verifies and says so."""
    assert check(Guest(report=kit.report(edits={0x30: b"\3"}))).values["vmpl"] == 3


def test_a_chip_that_hides_its_id_keeps_its_name() -> None:
    """A VCEK's certificate names the chip, so a deny list still finds it."""
    hidden = check(Guest(report=kit.report(edits={0x1A0: bytes(64)})))
    assert check(Guest()).instance == hidden.instance
    assert hidden.values["chip_masked"] is True
    assert check(Guest(signer="VLEK")).instance == b""
    shown = kit.report(signer="VLEK", edits={0x1A0: kit.CHIP})
    assert hidden.instance == check(Guest(signer="VLEK", report=shown)).instance


def test_a_wrapped_chip_id_is_the_same_chip() -> None:
    """AMD writes the id raw or as an OCTET STRING."""
    wrapped = kit.vek(amd={"4": kit.tlv(0x04, kit.CHIP)})
    assert check(Guest()).instance == check(Guest(parts={"vek": wrapped})).instance


def test_forms_that_mean_the_same() -> None:
    """DER or PEM, chain in any order, line ends of either kind, one issuer or two."""
    vek = kit.vek()
    milan = (kit.ask(), kit.chain("Milan"))
    identity = check(Guest()).identity
    ark = kit.usual_ark("Milan")
    for parts in (
        {"vek": kit.pem(vek)},
        {"chain": kit.pem(ark, milan[0])},
        {"chain": milan[1].replace(b"\n", b"\r\n")},
        {"chain": milan[1].removesuffix(b"\n")},
        {"vek": kit.vek(algorithm=kit.PSS_SHA384[1])},
    ):
        assert identity == check(Guest(parts=parts)).identity


@pytest.mark.parametrize("case", sorted(CASES))
def test_each_fault_has_its_rule(case: str) -> None:
    """What is wrong in one place is refused for that."""
    expected, make = CASES[case]
    assert expected == rule(make())


def test_root_that_may_not_sign_lists() -> None:
    """A root for certificates alone has no list."""
    ark = kit.ark(extensions=(kit.usage(4), kit.authority()))
    roots = RootSet((kit.root_of(ark, "amd-milan"),))
    chain = kit.pem(kit.ask(), ark)
    assert not check(Guest(parts={"chain": chain}), roots).values["crl"]
    guest = Guest(parts={"chain": chain, "crl": kit.crl()})
    assert rule(guest, roots) == "snp.crl.key-usage"


def test_root_enrolled_for_another_product() -> None:
    """A root stands for one product, whatever its own name says."""
    milan = kit.usual_ark("Milan")
    roots = RootSet((kit.root_of(milan, "amd-genoa"),))
    assert rule(Guest(), roots) == "snp.product"
    roots = RootSet((kit.root_of(milan, "intel-sgx"),))
    assert rule(Guest(), roots) == "root.unknown"
    assert rule(Guest("Genoa"), kit.roots("Milan")) == "root.unknown"


def test_root_that_allows_no_issuer_below() -> None:
    """A path length of 0 leaves no room for an ASK."""
    ark = kit.ark(extensions=(kit.usage(6), kit.authority(0)))
    roots = RootSet((kit.root_of(ark, "amd-milan"),))
    guest = Guest(parts={"chain": kit.pem(kit.ask(), ark)})
    assert rule(guest, roots) == "snp.path-length"


def test_root_of_another_time() -> None:
    """A pinned root still has its time."""
    ark = kit.ark(not_after=AT - 1)
    roots = RootSet((kit.root_of(ark, "amd-milan"),))
    assert rule(Guest(parts={"chain": kit.pem(kit.ask(), ark)}), roots) == "snp.expired"


def test_the_window_is_inclusive() -> None:
    """Valid at the first and at the last second, and not beyond."""
    assert check(Guest(), at=AT - YEAR)
    assert check(Guest(), at=AT + YEAR)
    assert rule(Guest(), at=AT - YEAR - 1) == "snp.not-yet-valid"
    assert rule(Guest(), at=AT + YEAR + 1) == "snp.expired"


def test_a_list_is_a_claim_and_a_floor() -> None:
    """A list asked narrows the window and must not be older next time."""
    claims = check(Guest(parts={"crl": kit.crl("Milan", 3, number=9)}))
    assert claims.values["crl"] is True
    assert claims.values["crl_number"] == 9
    assert claims.floors == {"amd-crl/Milan": 9}
    assert (claims.not_before, claims.not_after) == (AT - 86_400, AT + 86_400)
    reason = (kit.extension("2.5.29.21", b"\x0a\1\1"),)
    assert check(Guest(parts={"crl": kit.crl("Milan", 3, entry=reason)}))


def test_other_kind_of_evidence() -> None:
    """Relabelled evidence is refused before it is read."""
    evidence = Evidence("tpm2", {"report": kit.report()})
    with pytest.raises(EvidenceInvalid) as caught:
        verify(evidence, Guest().endorsements(), kit.roots(), AT)
    assert caught.value.detail["rule"] == "evidence.kind"


def test_removing_any_endorsement_never_gives_acceptance() -> None:
    """Without a certificate there is no verdict; without a list the claim is no."""
    full = dict(Guest(parts={"crl": kit.crl()}).endorsements().parts)
    evidence = Guest().evidence()
    for name in ("vek", "chain"):
        left = {key: data for key, data in full.items() if key != name}
        with pytest.raises(EvidenceInvalid) as caught:
            verify(evidence, Endorsements(left), kit.roots(), AT)
        assert caught.value.detail["rule"] == "evidence.missing"
    del full["crl"]
    assert verify(evidence, Endorsements(full), kit.roots(), AT).values["crl"] is False


def test_the_other_signature_is_the_same_evidence() -> None:
    """Anybody can turn s into n - s: the identity stays, so a replay is seen."""
    raw = bytearray(kit.report())
    s = int.from_bytes(raw[0x2E8:0x330], "little")
    raw[0x2E8:0x330] = (ORDER - s).to_bytes(72, "little")
    first = check(Guest(report=kit.report(edits={})))
    second = check(Guest(report=bytes(raw)))
    assert first.identity == second.identity


def refused(make: Callable[[], Claims]) -> bool:
    """Whether it is refused as evidence is, and in no other way."""
    try:
        make()
    except (EvidenceInvalid, EncodingError, OutOfRange):
        return True
    return False


def flips(data: bytes, count: int, seed: int) -> list[int]:
    """Bits to flip: `count` of them, or all in the long form."""
    bits = range(8 * len(data))
    if os.environ.get("PRIVSHARE_LONG") == "1" or count >= len(bits):
        return list(bits)
    return random.Random(seed).sample(bits, count)


def flipped(data: bytes, bit: int) -> bytes:
    """The same bytes but one bit."""
    raw = bytearray(data)
    raw[bit // 8] ^= 1 << bit % 8
    return bytes(raw)


@pytest.mark.parametrize(
    ("part", "count"),
    [("report", 2500), ("vek", 2500), ("chain", 2500), ("crl", 2500)],
)
def test_no_flipped_bit_is_accepted(part: str, count: int) -> None:
    """Not one bit of any part is without a meaning: the map of ignorable is empty."""
    guest = Guest(
        report=kit.report(), parts={"vek": kit.vek(), "crl": kit.crl("Milan", 3)}
    )
    whole = {"report": guest.report, **guest.endorsements().parts}
    for bit in flips(whole[part], count, 1):
        changed = flipped(whole[part], bit)
        if part == "report":
            altered = replace(guest, report=changed)
        else:
            altered = replace(guest, parts={**guest.parts, part: changed})
        assert refused(lambda altered=altered: check(altered)), (part, bit)


def test_cut_and_filled_parts_are_refused_in_one_way() -> None:
    """Cutting a part anywhere raises what evidence raises, and nothing else."""
    guest = Guest(parts={"vek": kit.vek(), "crl": kit.crl("Milan", 3)})
    whole = guest.endorsements().parts
    for part, data in whole.items():
        for cut in random.Random(2).sample(range(len(data)), 120):
            if data[cut:] in (b"\n",):
                continue
            altered = replace(guest, parts={**guest.parts, part: data[:cut]})
            assert refused(lambda altered=altered: check(altered)), (part, cut)


def test_certificates_with_serial_0_by_two_readers() -> None:
    """Two readers agree; this fails the day that the other refuses number 0."""
    der = kit.vek()
    own = read_certificate(der, "snp")
    with pytest.warns(CryptographyDeprecationWarning, match="serial number"):
        other = x509.load_der_x509_certificate(der)
        assert other.serial_number == 0
    assert own.serial == 0
    assert own.tbs == other.tbs_certificate_bytes
    assert own.signature == other.signature
    assert own.not_after == int(other.not_valid_after_utc.timestamp())
    assert {e.oid.dotted_string for e in other.extensions} == set(own.extensions)
