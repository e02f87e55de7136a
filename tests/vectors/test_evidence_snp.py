"""Recorded evidence of AMD and Azure machines: exact registers, and refusals.

The files and what a verifier must answer are those of
`fixtures/attestation/expected.json`; its README says where each comes from.
"""

from __future__ import annotations

import itertools
import json
import random
import warnings
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from recorded_kit import (
    ROOTS,
    SUMMER_2025,
    Read,
    accepted,
    flip_all,
    folder,
    instant,
    reader,
    snp,
)

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation import sev_snp
from privshare.jobs.attestation.certificate import (
    read_certificate,
    read_pem,
    verify_chain,
)
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
)
from privshare.jobs.attestation.snp_report import SIGNED_BYTES


@pytest.fixture(scope="module")
def read(vectors: Path) -> Read:
    """Read one recorded file."""
    return reader(vectors)


@pytest.fixture(scope="module")
def expected(read: Read) -> dict[str, Any]:
    """What a verifier must answer."""
    return json.loads(read("expected.json"))


def only(read: Read, chain: str, *names: str) -> bytes:
    """Those certificates of a chain that have these names."""
    blocks = read(f"snp/{chain}.pem").split(b"-----END CERTIFICATE-----\n")[:-1]
    whole = [block + b"-----END CERTIFICATE-----\n" for block in blocks]
    return b"".join(
        block
        for block in whole
        if read_certificate(read_pem(block, "snp")[0], "snp").common_name in names
    )


POSITIVES = (
    "milan_report_v2",
    "milan_report2_v2",
    "milan_debug_report_v2",
    "milan_vlek_report_v3_vmpl1",
    "genoa_report_v3",
)


@pytest.mark.parametrize("name", POSITIVES)
def test_recorded_reports_give_their_registers(
    name: str, read: Read, expected: dict[str, Any]
) -> None:
    """Every positive is accepted at its time, with the exact registers."""
    entry = expected[f"snp/{name}.bin"]
    claims = sev_snp.verify(
        Evidence("sev-snp", {"report": read(f"snp/{name}.bin")}),
        Endorsements(
            {"vek": read(entry["endorsement"]), "chain": read(entry["chain"])}
        ),
        ROOTS,
        instant(entry["verify_at"]),
    )
    values = claims.values
    assert entry["result"] == "verified"
    for word in ("version", "signer", "product", "vmpl"):
        assert entry[word] == values[word]
    assert entry["policy"] == hex(int(values["policy"]))  # type: ignore[call-overload]
    assert entry["debug"] == claims.debug
    assert entry["report_data"] == claims.report_data.hex()
    for register in ("measurement", "host_data"):
        assert bytes.fromhex(entry[register]) == values[register]
    tcb = bytes.fromhex(entry["reported_tcb"])
    assert list(tcb[:2] + tcb[6:]) == [
        values[f"tcb.reported.{part}"] for part in ("bl", "tee", "snp", "ucode")
    ]
    assert entry["chip_id_matches_endorsement"] == (claims.instance != b"")
    days = [
        datetime.fromtimestamp(second, UTC).date().isoformat()
        for second in (claims.not_before, claims.not_after)
    ]
    assert entry["endorsement_valid"] == days
    assert claims.root.family == f"amd-{name.split('_', maxsplit=1)[0]}"
    assert claims.trust_class == "hardware-tee"


def test_recorded_chain_of_turin(read: Read) -> None:
    """No Turin report is recorded; its VCEK's chain verifies."""
    vcek = read_certificate(read("snp/turin_vcek_chain_only.der"), "snp")
    chain = only(read, "turin_ask_ark_asvk", "SEV-Turin", "ARK-Turin")
    ask, ark = (read_certificate(der, "snp") for der in read_pem(chain, "snp"))
    assert verify_chain((vcek, ask, ark), SUMMER_2025, "snp")
    assert ROOTS.find(sha256(ark.der).digest(), ("amd-turin",))


NEGATIVES = {
    "tampered VCEK": (
        "snp.signature",
        "milan_report2_v2",
        "milan_report2_vcek_tampered.der",
        "milan_ask_ark_asvk",
    ),
    "swapped VCEK": (
        "snp.report-signature",
        "milan_report_v2",
        "milan_report2_vcek.der",
        "milan_ask_ark_asvk",
    ),
    "Genoa under Milan's roots": (
        "snp.chain",
        "genoa_report_v3",
        "genoa_vcek.pem",
        "milan_ask_ark_asvk",
    ),
    "VLEK's report with a VCEK": (
        "snp.report-signature",
        "milan_vlek_report_v3_vmpl1",
        "milan_vcek.der",
        "milan_ask_ark_asvk",
    ),
    "Turin's VCEK with Milan's report": (
        "snp.report-signature",
        "milan_report_v2",
        "turin_vcek_chain_only.der",
        "turin_ask_ark_asvk",
    ),
}


@pytest.mark.parametrize("case", sorted(NEGATIVES))
def test_recorded_negatives_are_refused(case: str, read: Read) -> None:
    """Each for its own reason."""
    rule, report, vek, chain = NEGATIVES[case]
    with pytest.raises(EvidenceInvalid) as caught:
        snp(read, report, vek, chain, SUMMER_2025)
    assert rule == caught.value.detail["rule"]


def test_vlek_under_the_chain_of_vceks(read: Read) -> None:
    """A VLEK needs the ASVK: ASK and ARK are not enough."""
    chain = only(read, "milan_ask_ark_asvk", "SEV-Milan", "ARK-Milan")
    endorsements = Endorsements({"vek": read("snp/milan_vlek.der"), "chain": chain})
    evidence = Evidence(
        "sev-snp", {"report": read("snp/milan_vlek_report_v3_vmpl1.bin")}
    )
    with pytest.raises(EvidenceInvalid) as caught:
        sev_snp.verify(evidence, endorsements, ROOTS, SUMMER_2025)
    assert caught.value.detail["rule"] == "snp.chain"


@pytest.mark.parametrize(
    ("day", "rule"),
    [("2026-01-01", "snp.expired"), ("2024-12-01", "snp.not-yet-valid")],
)
def test_vlek_outside_its_year(day: str, rule: str, read: Read) -> None:
    """A VLEK lives for a year, and the time is an argument."""
    with pytest.raises(EvidenceInvalid) as caught:
        snp(
            read,
            "milan_vlek_report_v3_vmpl1",
            "milan_vlek.der",
            "milan_ask_ark_asvk",
            instant(day),
        )
    assert rule == caught.value.detail["rule"]


def test_two_readers_of_amds_certificates(vectors: Path) -> None:
    """Serial number 0 is read by both; this fails when the other stops."""
    for path in sorted((folder(vectors) / "snp").iterdir()):
        if path.suffix == ".bin":
            continue
        data = path.read_bytes()
        ders = read_pem(data, "snp") if path.suffix == ".pem" else (data,)
        for der in ders:
            own = read_certificate(der, "snp")
            if own.serial == 0:
                with pytest.warns(CryptographyDeprecationWarning, match="serial"):
                    other = x509.load_der_x509_certificate(der)
                    assert other.serial_number == 0
            else:
                other = x509.load_der_x509_certificate(der)
                assert own.serial == other.serial_number
            assert own.tbs == other.tbs_certificate_bytes
            assert own.signature == other.signature
            assert own.subject == other.subject.public_bytes()
            assert own.issuer == other.issuer.public_bytes()
            assert own.not_before == int(other.not_valid_before_utc.timestamp())
            assert own.not_after == int(other.not_valid_after_utc.timestamp())
            assert {e.oid.dotted_string for e in other.extensions} == set(
                own.extensions
            )


@pytest.mark.parametrize(
    "chain", ["milan", "milan_vlek", "genoa", "genoa_vlek", "turin_vcek", "turin_vlek"]
)
def test_recorded_roots_are_pinned(chain: str, vectors: Path) -> None:
    """AMD's published chains end at the pinned roots, in LF and in CRLF."""
    path = vectors / "attestation-evidence" / "amd-roots" / f"ask_ark_{chain}.pem"
    if not path.is_file():
        pytest.skip("no test vectors attestation-evidence/amd-roots")
    ask, ark = (read_certificate(d, "snp") for d in read_pem(path.read_bytes(), "snp"))
    assert ark.common_name == f"ARK-{chain.split('_', maxsplit=1)[0].capitalize()}"
    assert ROOTS.find(sha256(ark.der).digest(), sev_snp.FAMILIES)
    assert ask.issuer == ark.subject


def test_no_flipped_bit_of_a_recorded_report_is_accepted(read: Read) -> None:
    """Flips over report, certificate and chain: none is ignorable."""

    def verify(parts: dict[str, bytes]) -> Claims:
        rest = {name: data for name, data in parts.items() if name != "report"}
        return sev_snp.verify(
            Evidence("sev-snp", {"report": parts["report"]}),
            Endorsements(rest),
            ROOTS,
            instant("2024-01-01"),
        )

    parts = {
        "report": read("snp/milan_report_v2.bin"),
        "vek": read("snp/milan_vcek.der"),
        "chain": read("snp/milan_ask_ark_asvk.pem"),
    }
    assert accepted(lambda: verify(parts))
    assert (
        flip_all({"report": parts["report"]}, 3000, lambda p: verify(parts | p)) == {}
    )
    assert flip_all(parts, 3000, verify) == {}


def test_agrees_with_another_verifier(read: Read) -> None:
    """omne-attest gives the same verdict where it can: VCEKs of Milan."""
    oracle = pytest.importorskip("omne_attest", reason="omne-attest is not installed")
    chain = read("snp/milan_ask_ark_asvk.pem")
    named = {read_certificate(d, "snp").common_name: d for d in read_pem(chain, "snp")}
    ask, ark = named["SEV-Milan"], named["ARK-Milan"]
    policy = oracle.Policy(max_vmpl=3, reject_debug=False)
    reports = ("milan_report_v2", "milan_report2_v2", "milan_debug_report_v2")
    veks = ("milan_vcek", "milan_report2_vcek", "milan_debug_vcek")
    veks = (*veks, "milan_report2_vcek_tampered")
    rng = random.Random(3)
    at = instant("2024-01-01")

    def other(report: bytes, vek: bytes) -> bool:
        try:
            oracle.verify(report, vek, ask, ark, sha256(ark).digest(), policy)
        except oracle.Fail:
            return False
        return True

    def ours(report: bytes, vek: bytes) -> bool:
        evidence = Evidence("sev-snp", {"report": report})
        endorsements = Endorsements({"vek": vek, "chain": chain})
        return accepted(lambda: sev_snp.verify(evidence, endorsements, ROOTS, at))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        agreed = 0
        for name, vek_name in itertools.product(reports, veks):
            report, vek = read(f"snp/{name}.bin"), read(f"snp/{vek_name}.der")
            verdict = ours(report, vek)
            assert verdict == other(report, vek), (name, vek_name)
            agreed += verdict
            for bit in rng.sample(range(8 * SIGNED_BYTES), 20):
                altered = bytearray(report)
                altered[bit // 8] ^= 1 << bit % 8
                assert ours(bytes(altered), vek) == other(bytes(altered), vek)
        assert agreed == 3
