"""Recorded AMD and Azure machines before a relying party's policy.

Each case takes a policy that accepts genuine evidence and changes one answer;
the refusal names the rule. `verify` has said that the evidence is genuine;
here it is about whether it will do.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from recorded_kit import SUMMER_2025, Read, instant, reader, snp

from privshare.jobs.attestation import verifier
from privshare.jobs.attestation.appraisal import Appraisal, appraise
from privshare.jobs.attestation.evidence import Claims, Endorsements, Evidence
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.roots import load_roots
from privshare.wire import canonical
from privshare.wire.digest import digest_text

CODE = bytes(range(32))
MAKERS = load_roots((), production=True)

MILAN = "milan_report_v2", "milan_vcek.der", "milan_ask_ark_asvk", "2024-01-01"
DEBUG = "milan_debug_report_v2", "milan_debug_vcek.der", *MILAN[2:3], "2023-01-01"
VLEK = "milan_vlek_report_v3_vmpl1", "milan_vlek.der", MILAN[2], "2025-06-01"
GENOA = "genoa_report_v3", "genoa_vcek.pem", "genoa_ask_ark_asvk", "2025-06-01"
AZURE = ("azure",)

Machine = tuple[str, ...]


@pytest.fixture(scope="module")
def read(vectors: Any) -> Read:
    """Read one recorded file."""
    return reader(vectors)


def verified(read: Read, machine: Machine) -> tuple[Claims, int]:
    """The claims of a recorded machine, under the makers' roots, and its time."""
    if machine != AZURE:
        report, vek, chain, day = machine
        return snp(read, report, vek, chain, instant(day), MAKERS), instant(day)
    listed = json.loads(read("vtpm/azure_genoa_pcrs.json"))["sha256"]
    evidence = Evidence(
        "azure-snp-vtpm",
        {
            "hcl_report": read("vtpm/azure_genoa_hcl_report.bin"),
            "quote": read("vtpm/azure_genoa_quote.msg"),
            "signature": read("vtpm/azure_genoa_quote.sig"),
            "pcrs": canonical.encode({str(n): v for n, v in enumerate(listed)}),
        },
    )
    endorsements = Endorsements(
        {
            "vek": read("snp/genoa_vcek.pem"),
            "chain": read("snp/genoa_ask_ark_asvk.pem"),
        }
    )
    return verifier.verify(evidence, endorsements, MAKERS, SUMMER_2025), SUMMER_2025


def register(claims: Claims, name: str) -> str:
    """One register in hex."""
    value = claims.values[name]
    assert isinstance(value, bytes)
    return value.hex()


def document(claims: Claims, at: int) -> dict[str, Any]:
    """A policy that accepts these claims, as JSON, to be changed."""
    product = str(claims.values["product"]).partition("-")[0]
    parts = ("bl", "tee", "snp", "ucode")
    floor = {part: claims.values[f"tcb.reported.{part}"] for part in parts}
    runner: dict[str, Any] = {
        "measurement": [register(claims, "measurement")],
        "host_data": [register(claims, "host_data")],
        "id_key_digest": None,
        "author_key_digest": None,
        "guest_svn_min": 0,
        "vmpl_max": claims.values["vmpl"],
        "signer": [claims.values["signer"]],
        "migration_agent": "forbid",
        "smt": "allow",
        "tcb_min": {product: floor},
        "tcb_fields": ["committed", "launch", "reported"],
        "crl": "if-present",
    }
    if claims.kind == "azure-snp-vtpm":
        runner["pcr"] = {str(n): [register(claims, f"pcr.{n}")] for n in (0, 4, 7)}
    named = [claims.instance.hex()] if claims.instance else None
    return {
        "v": 1,
        "type": "privshare.appraisal-policy",
        "id": "recorded",
        "version": 1,
        "not_before": at - 100,
        "not_after": at + 100,
        "accept_classes": ["hardware-tee"],
        "debug": "forbid",
        "max_evidence_age_s": 60,
        "max_log_delay_s": 60,
        "code": [{"digest": digest_text(CODE), "provenance": "a test"}],
        "runner": {claims.kind: runner},
        "instances": {"allow": named, "deny": []},
        "transparency": {"code_must_be_listed": True, "witnesses": 1},
    }


def judge(
    claims: Claims, at: int, policy: dict[str, Any], report_data: bytes | None = None
) -> Appraisal:
    """What production makes of it."""
    return appraise(
        claims,
        AppraisalPolicy.from_json(policy),
        at=at,
        production=True,
        report_data=claims.report_data if report_data is None else report_data,
        code=CODE,
        age_s=1,
        listed=True,
        witnesses=1,
    )


def refusals(appraisal: Appraisal) -> set[str]:
    """The rules that were broken."""
    return {one.rule for one in appraisal.findings if one.verdict == "contraindicated"}


@pytest.mark.parametrize("machine", [MILAN, VLEK, GENOA, AZURE], ids=lambda m: m[0])
def test_a_policy_that_describes_it_accepts_it(machine: Machine, read: Read) -> None:
    """Genuine evidence, production, and every question answered."""
    claims, at = verified(read, machine)
    found = judge(claims, at, document(claims, at))
    assert set() == refusals(found)
    assert found.check().trust_class == "hardware-tee"


#: The machine, the question, and the answer that refuses it.
ANSWERS: dict[str, tuple[Machine, str, Any]] = {
    "VMPL 1 where 0 is wanted": (VLEK, "vmpl_max", 0),
    "a provider's key where the chip's is wanted": (VLEK, "signer", ["VCEK"]),
    "the chip's key where no key will do": (MILAN, "signer", []),
    "another measurement": (MILAN, "measurement", ["00" * 48]),
    "no measurement will do": (GENOA, "measurement", []),
    "other host data": (MILAN, "host_data", ["11" * 32]),
    "an owner's key": (MILAN, "id_key_digest", ["11" * 48]),
    "a newer guest": (MILAN, "guest_svn_min", 1),
    "threads shared": (MILAN, "smt", "forbid"),
    "no list of revoked certificates": (GENOA, "crl", "required"),
    "newer microcode": (
        MILAN,
        "tcb_min",
        {"Milan": {"bl": 3, "tee": 0, "snp": 8, "ucode": 116}},
    ),
    "newer SNP firmware": (
        GENOA,
        "tcb_min",
        {"Genoa": {"bl": 10, "tee": 0, "snp": 24, "ucode": 84}},
    ),
    "a newer boot loader": (
        GENOA,
        "tcb_min",
        {"Genoa": {"bl": 11, "tee": 0, "snp": 23, "ucode": 84}},
    ),
    "a product without a floor": (
        GENOA,
        "tcb_min",
        {"Milan": {"bl": 0, "tee": 0, "snp": 0, "ucode": 0}},
    ),
    "Azure: newer SNP firmware": (
        AZURE,
        "tcb_min",
        {"Genoa": {"bl": 10, "tee": 0, "snp": 24, "ucode": 84}},
    ),
    "Azure: another register": (AZURE, "pcr", {"4": ["00" * 32]}),
    "Azure: a register that can be reset": (AZURE, "pcr", {"23": ["00" * 32]}),
    "Azure: other firmware of the provider": (AZURE, "measurement", ["00" * 48]),
}


@pytest.mark.parametrize("case", sorted(ANSWERS))
def test_one_other_answer_refuses(case: str, read: Read) -> None:
    """The rest of the policy accepts the machine."""
    machine, question, answer = ANSWERS[case]
    claims, at = verified(read, machine)
    policy = document(claims, at)
    runner = policy["runner"][claims.kind]
    runner[question] = runner[question] | answer if question == "pcr" else answer
    found = refusals(judge(claims, at, policy))
    assert len(found) == 1
    assert question.partition("_min")[0] in found.pop()


@pytest.mark.parametrize("field", ["committed", "launch", "reported"])
def test_each_firmware_that_is_asked_has_its_floor(field: str, read: Read) -> None:
    """A VLEK's chip: 217 reported, 219 committed and at launch, in one policy each."""
    claims, at = verified(read, VLEK)
    own = claims.values[f"tcb.{field}.ucode"]
    assert own == {"reported": 217, "committed": 219, "launch": 219}[field]
    for ucode, refused in ((own, False), (int(str(own)) + 1, True)):
        policy = document(claims, at)
        runner = policy["runner"]["sev-snp"]
        runner["tcb_fields"] = [field]
        runner["tcb_min"]["Milan"]["ucode"] = ucode
        assert refused == bool(refusals(judge(claims, at, policy)))


def test_debug_is_refused(read: Read) -> None:
    """A genuine report of a guest whose host may look inside."""
    claims, at = verified(read, DEBUG)
    assert "debug" in "".join(refusals(judge(claims, at, document(claims, at))))


@pytest.mark.parametrize("machine", [MILAN, AZURE], ids=lambda m: m[0])
def test_other_report_data_or_machine_is_refused(machine: Machine, read: Read) -> None:
    """Evidence of another job, and of a machine that is denied or not named."""
    claims, at = verified(read, machine)
    policy = document(claims, at)
    other = bytes(len(claims.report_data))
    assert any("report_data" in r for r in refusals(judge(claims, at, policy, other)))
    policy["instances"] = {"allow": None, "deny": [claims.instance.hex()]}
    assert any("instances" in rule for rule in refusals(judge(claims, at, policy)))
    policy["instances"] = {"allow": ["00" * 32], "deny": []}
    assert any("instances" in rule for rule in refusals(judge(claims, at, policy)))


def test_the_time_is_that_of_the_certificates(read: Read) -> None:
    """Beyond the certificates' window nothing is accepted, whatever the policy says."""
    claims, _ = verified(read, VLEK)
    late = claims.not_after + 10
    found = refusals(judge(claims, late, document(claims, late)))
    assert found
