"""Recorded evidence before a relying party's policy: accepted as it describes.

Each case takes a policy that accepts genuine evidence and changes one answer,
or what the job expects; the refusal names the rule. `verify` has said that the
evidence is genuine; here it is about whether it will do.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from machine_kit import expected, folder, moment

from privshare.jobs.attestation import verifier
from privshare.jobs.attestation.appraisal import Appraisal, appraise
from privshare.jobs.attestation.evidence import Claims, Endorsements, Evidence
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.roots import load_roots
from privshare.wire.digest import digest_text

CODE = bytes(range(32))
ROOTS = load_roots((), production=True)

SGX = "sgx/quote_v3.bin"
TDX = "tdx/quote_v4_rtmr3.bin"
TDX5 = "tdx/quote_v5_td15.bin"
NITRO = "nitro/doc_release_nonce_2022.cbor"
DEBUG = "nitro/doc_debug_2022.cbor"

_INTEL: dict[str, Any] = {
    "tcb_status": ["UpToDate"],
    "accept_advisories": None,
    "reject_advisories": [],
    "min_tcb_eval": 17,
    "dynamic_platform": "allow",
    "cached_keys": "allow",
    "smt": "allow",
}


@pytest.fixture(scope="module")
def place(vectors: Path) -> Path:
    return folder(vectors)


def verified(place: Path, name: str) -> tuple[Claims, int]:
    """The claims of a recorded piece of evidence, and its time."""
    entry = expected(place, "sgx-dcap", "tdx-dcap", "aws-nitro")[name]
    at = moment(entry["verify_at"])
    data = (place / name).read_bytes()
    if entry["kind"] == "aws-nitro":
        evidence, endorsements = {"document": data}, Endorsements({})
        at += 1  # the document's own time has a fraction
    else:
        collateral = (place / entry["collateral"]).read_bytes()
        evidence = {"quote": data}
        endorsements = Endorsements({"collateral": collateral})
    claims = verifier.verify(Evidence(entry["kind"], evidence), endorsements, ROOTS, at)
    return claims, at


def hexes(claims: Claims, *names: str) -> dict[str, list[str]]:
    return {name: [claims.values[name].hex()] for name in names}  # type: ignore[union-attr]


def runner(claims: Claims) -> dict[str, Any]:
    """Answers that describe these claims."""
    match claims.kind:
        case "sgx-dcap":
            return {
                **_INTEL,
                **hexes(claims, "mr_enclave", "mr_signer"),
                "tcb_status": ["ConfigurationAndSWHardeningNeeded"],
                "isv_prod_id": [0],
                "isv_svn_min": 0,
            }
        case "tdx-dcap":
            registers = hexes(claims, *(f"rtmr.{n}" for n in range(4)))
            return {
                **_INTEL,
                **hexes(claims, "mr_td", "mr_seam", "mr_config_id", "td_attributes"),
                "mr_owner": None,
                "mr_owner_config": None,
                "rtmr": {name[-1]: value for name, value in registers.items()},
            }
        case "nvidia-gpu":
            return {"driver_version": None, "vbios_version": None}
    registers = hexes(claims, *(f"pcr.{n}" for n in (0, 1, 2, 4)))
    return {"pcr": {name[4:]: value for name, value in registers.items()}}


def document(claims: Claims, at: int) -> dict[str, Any]:
    """A policy that accepts these claims, as JSON, to be changed."""
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
        "runner": {claims.kind: runner(claims)},
        "instances": {"allow": [claims.instance.hex()], "deny": []},
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


@pytest.mark.parametrize("name", [SGX, TDX, TDX5, NITRO])
def test_a_policy_that_describes_it_accepts_it(place: Path, name: str) -> None:
    """Genuine evidence, production, and every question answered."""
    claims, at = verified(place, name)
    found = judge(claims, at, document(claims, at))
    assert set() == refusals(found)
    assert found.check().trust_class == "hardware-tee"


#: Evidence, the question, the answer that refuses it.
ANSWERS: dict[str, tuple[str, str, Any]] = {
    "SGX, strict about the rating": (SGX, "tcb_status", ["UpToDate"]),
    "SGX, no rating will do": (SGX, "tcb_status", []),
    "SGX, an advisory denied": (SGX, "reject_advisories", ["INTEL-SA-00615"]),
    "SGX, one advisory accepted of two": (
        SGX,
        "accept_advisories",
        ["INTEL-SA-00289"],
    ),
    "SGX, no advisory accepted": (SGX, "accept_advisories", []),
    "SGX, evaluation number": (SGX, "min_tcb_eval", 18),
    "SGX, another enclave": (SGX, "mr_enclave", ["00" * 32]),
    "SGX, another signer": (SGX, "mr_signer", ["00" * 32]),
    "SGX, another product": (SGX, "isv_prod_id", [1]),
    "SGX, a newer version": (SGX, "isv_svn_min", 1),
    "SGX, threads of unknown number": (SGX, "smt", "forbid"),
    "SGX, a platform of unknown form": (SGX, "dynamic_platform", "forbid"),
    "TDX, another domain": (TDX, "mr_td", ["00" * 48]),
    "TDX, another configuration": (TDX, "mr_config_id", ["00" * 48]),
    "TDX, another module": (TDX, "mr_seam", ["00" * 48]),
    "TDX, other attributes": (TDX, "td_attributes", ["00" * 8]),
    "TDX, evaluation number": (TDX, "min_tcb_eval", 18),
    "TDX, dynamic platform": (TDX, "dynamic_platform", "forbid"),
    "TDX, cached keys": (TDX, "cached_keys", "forbid"),
    "TDX, threads": (TDX, "smt", "forbid"),
    "TDX v5, evaluation number": (TDX5, "min_tcb_eval", 19),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_one_other_answer_refuses_it(place: Path, case: str) -> None:
    """The rule that is broken is the question that was changed, alone."""
    name, question, answer = ANSWERS[case]
    claims, at = verified(place, name)
    policy = document(claims, at)
    policy["runner"][claims.kind][question] = answer
    assert {f"appraisal.{question}"} == refusals(judge(claims, at, policy))


@pytest.mark.parametrize("number", ["0", "1", "2", "3"])
def test_each_register_of_a_domain_counts(place: Path, number: str) -> None:
    """RTMR 3 too, where the policy lists it."""
    claims, at = verified(place, TDX)
    policy = document(claims, at)
    policy["runner"]["tdx-dcap"]["rtmr"][number] = ["11" * 48]
    assert {"appraisal.rtmr"} == refusals(judge(claims, at, policy))


@pytest.mark.parametrize("number", ["0", "1", "2", "4"])
def test_each_register_of_an_enclave_counts(place: Path, number: str) -> None:
    """PCR 4 too, which names the parent instance."""
    claims, at = verified(place, NITRO)
    policy = document(claims, at)
    policy["runner"]["aws-nitro"]["pcr"][number] = ["11" * 48]
    assert {"appraisal.pcr"} == refusals(judge(claims, at, policy))


@pytest.mark.parametrize("name", [SGX, TDX, NITRO])
def test_another_nonce_is_refused(place: Path, name: str) -> None:
    """One bit of what the job expects."""
    claims, at = verified(place, name)
    other = bytes([claims.report_data[0] ^ 1]) + claims.report_data[1:]
    found = judge(claims, at, document(claims, at), other)
    assert {"appraisal.report_data"} == refusals(found)


@pytest.mark.parametrize("name", [SGX, TDX, NITRO])
def test_a_denied_machine_is_refused(place: Path, name: str) -> None:
    """By its PPID or its instance; and where another one is allowed."""
    claims, at = verified(place, name)
    for instances in (
        {"allow": None, "deny": [claims.instance.hex()]},
        {"allow": ["00" * 32], "deny": []},
        {"allow": [], "deny": []},
    ):
        policy = {**document(claims, at), "instances": instances}
        assert {"appraisal.instances"} == refusals(judge(claims, at, policy))


def test_an_enclave_in_debug_mode_is_refused(place: Path) -> None:
    """Genuine, and its owner can look inside."""
    claims, at = verified(place, DEBUG)
    found = judge(claims, at, document(claims, at))
    assert "appraisal.debug" in refusals(found)


def test_a_document_of_another_time_is_refused(place: Path) -> None:
    """Logged before it was made, or long after."""
    claims, at = verified(place, NITRO)
    for other in (at - 2, at + 61):
        policy = document(claims, other)
        found = judge(claims, other, policy)
        assert {"appraisal.max_log_delay_s"} == refusals(found)


def test_a_gpu_alone_never_suffices(place: Path) -> None:
    """Although its report is genuine, and the policy names nothing else."""
    at = moment("2025-06-01")
    parts = {
        "report": bytes.fromhex((place / "gpu/hopper_report.txt").read_text()),
        "chain": (place / "gpu/hopper_cert_chain.txt").read_bytes(),
    }
    evidence = Evidence("nvidia-gpu", parts)
    claims = verifier.verify(evidence, Endorsements({}), ROOTS, at)
    found = judge(claims, at, document(claims, at))
    assert not found.accepted


def test_relabelled_claims_keep_their_class(place: Path) -> None:
    """The policy of another kind finds nothing that it asks for."""
    claims, at = verified(place, TDX)
    policy = deepcopy(document(claims, at))
    relabelled = replace(claims, kind="sgx-dcap")
    assert not judge(relabelled, at, policy).accepted
    assert relabelled.trust_class == "hardware-tee"
