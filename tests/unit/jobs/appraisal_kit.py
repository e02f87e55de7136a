"""Constructed claims and policies that accept them; tests change one thing."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from privshare.jobs.attestation.appraisal import Appraisal, appraise
from privshare.jobs.attestation.evidence import Claims, Root
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.roots import BUILT_IN
from privshare.wire.digest import digest_text

AT = 1_760_000_000
CODE = bytes(range(32))
REPORT = bytes(range(64))
GPU_NONCE = bytes(range(32, 64))
INSTANCE = b"\x07" * 32

ROOTS = {root.family: root for root in BUILT_IN}
ENROLLED = Root("Infineon OPTIGA", "tpm", b"\x01" * 32, "hardware-tpm")
SWTPM = Root("swtpm-localca", "swtpm", b"\x02" * 32, "software")
SIMULATED = Root("SIMULATED - NO SECURITY", "simulated", b"\x03" * 32, "simulated")


def register(n: int, length: int = 48) -> bytes:
    """A register full of one byte."""
    return bytes((n,)) * length


SNP: dict[str, Any] = {
    "measurement": register(1),
    "host_data": register(2, 32),
    "id_key_digest": register(3),
    "author_key_digest": register(4),
    "guest_svn": 4,
    "vmpl": 0,
    "signer": "VCEK",
    "migration_agent": False,
    "policy": 0x20000,
    "product": "Milan-B0",
    "crl": True,
    **{
        f"tcb.{version}.{name}": number
        for version in ("committed", "current", "launch", "reported")
        for name, number in {"bl": 4, "tee": 0, "snp": 24, "ucode": 219}.items()
    },
}
INTEL: dict[str, Any] = {
    "tcb_status": "UpToDate",
    "advisories": (),
    "tcb_eval": 18,
    "dynamic_platform": False,
    "cached_keys": False,
    "smt": False,
}
VALUES: dict[str, dict[str, Any]] = {
    "aws-nitro": {
        "pcr.0": register(1),
        "pcr.1": register(2),
        "pcr.2": register(3),
        "timestamp": AT * 1000 - 2_500,
    },
    "azure-snp-vtpm": {**SNP, "pcr.0": register(5, 32), "pcr.7": register(6, 32)},
    "sev-snp": SNP,
    "sgx-dcap": {
        **INTEL,
        "mr_enclave": register(1, 32),
        "mr_signer": register(2, 32),
        "isv_prod_id": 1,
        "isv_svn": 2,
    },
    "simulated": {"measurement": register(1, 32)},
    "tdx-dcap": {
        **INTEL,
        "mr_td": register(1),
        "mr_seam": register(2),
        "mr_config_id": register(3),
        "mr_owner": register(4),
        "mr_owner_config": register(5),
        "td_attributes": bytes.fromhex("0000001000000000"),
        **{f"rtmr.{n}": register(10 + n) for n in range(4)},
    },
    "tpm2": {"pcr.0": register(1, 32), "pcr.7": register(2, 32)},
}
KIND_ROOTS = {
    "aws-nitro": ROOTS["aws-nitro"],
    "azure-snp-vtpm": ROOTS["amd-milan"],
    "sev-snp": ROOTS["amd-milan"],
    "sgx-dcap": ROOTS["intel-sgx"],
    "simulated": SIMULATED,
    "tdx-dcap": ROOTS["intel-sgx"],
    "tpm2": ENROLLED,
}
KINDS = tuple(VALUES)

_INTEL_POLICY: dict[str, Any] = {
    "tcb_status": ["UpToDate"],
    "accept_advisories": [],
    "reject_advisories": ["INTEL-SA-00615"],
    "min_tcb_eval": 17,
    "dynamic_platform": "forbid",
    "cached_keys": "forbid",
    "smt": "forbid",
}
_SNP_POLICY: dict[str, Any] = {
    "measurement": [register(1).hex()],
    "host_data": [register(2, 32).hex()],
    "id_key_digest": [register(3).hex()],
    "author_key_digest": [register(4).hex()],
    "guest_svn_min": 3,
    "vmpl_max": 0,
    "signer": ["VCEK"],
    "migration_agent": "forbid",
    "smt": "forbid",
    "tcb_min": {
        "Genoa": {"bl": 10, "snp": 23, "tee": 0, "ucode": 84},
        "Milan": {"bl": 4, "snp": 24, "tee": 0, "ucode": 219},
    },
    "tcb_fields": ["committed", "launch", "reported"],
    "crl": "required",
}
RUNNERS: dict[str, dict[str, Any]] = {
    "aws-nitro": {"pcr": {str(n): [register(n + 1).hex()] for n in range(3)}},
    "azure-snp-vtpm": {
        **_SNP_POLICY,
        "pcr": {"0": [register(5, 32).hex()], "7": [register(6, 32).hex()]},
    },
    "sev-snp": _SNP_POLICY,
    "sgx-dcap": {
        **_INTEL_POLICY,
        "mr_enclave": [register(1, 32).hex()],
        "mr_signer": [register(2, 32).hex()],
        "isv_prod_id": [1, 2],
        "isv_svn_min": 2,
    },
    "simulated": {"measurement": [register(1, 32).hex()]},
    "tdx-dcap": {
        **_INTEL_POLICY,
        "mr_td": [register(1).hex()],
        "mr_seam": [register(2).hex()],
        "mr_config_id": [register(3).hex()],
        "mr_owner": [register(4).hex()],
        "mr_owner_config": [register(5).hex()],
        "td_attributes": ["0000001000000000"],
        "rtmr": {str(n): [register(10 + n).hex()] for n in range(4)},
    },
    "tpm2": {
        "pcr": {"0": [register(1, 32).hex()], "7": [register(2, 32).hex()]},
        "event_log_pcr": 14,
    },
}


def said(kind: str) -> bytes:
    """What a machine of this kind was given to say."""
    return REPORT[:32] if kind in ("tpm2", "azure-snp-vtpm") else REPORT


def document(*kinds: str, classes: tuple[str, ...] = ()) -> dict[str, Any]:
    """A policy for these kinds, as JSON, to be changed."""
    wanted = classes or tuple(sorted({KIND_ROOTS[k].trust_class for k in kinds}))
    return {
        "v": 1,
        "type": "privshare.appraisal-policy",
        "id": "health-stats",
        "version": 7,
        "not_before": AT - 1000,
        "not_after": AT + 1000,
        "accept_classes": list(wanted),
        "debug": "forbid",
        "max_evidence_age_s": 300,
        "max_log_delay_s": 60,
        "code": [{"digest": digest_text(CODE), "provenance": "built here"}],
        "runner": {kind: deepcopy(RUNNERS[kind]) for kind in kinds},
        "instances": {"allow": [INSTANCE.hex()], "deny": [register(9, 32).hex()]},
        "transparency": {"code_must_be_listed": True, "witnesses": 2},
    }


def policy(*kinds: str) -> AppraisalPolicy:
    """That policy, read."""
    return AppraisalPolicy.from_json(document(*kinds))


def claims(kind: str, **changed: Any) -> Claims:
    """Claims that the policy accepts; values by name, None takes one away."""
    values = dict(VALUES[kind])
    for name, value in changed.pop("values", {}).items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
    made = Claims(
        kind=kind,
        root=KIND_ROOTS[kind],
        report_data=said(kind),
        debug=False,
        values=values,
        identity=register(8, 32),
        instance=INSTANCE,
        not_before=AT - 100,
        not_after=AT + 100,
        floors={"intel-tcb-eval/00806F050000": 17},
        events=(("pcr.14", CODE, "job"),) if kind == "tpm2" else (),
    )
    return replace(made, **changed)


def judge(
    found: Claims, by: AppraisalPolicy | dict[str, Any], **changed: Any
) -> Appraisal:
    """Appraise as a production deployment that was told everything."""
    if isinstance(by, dict):
        by = AppraisalPolicy.from_json(by)
    told: dict[str, Any] = {
        "at": AT,
        "production": found.trust_class in ("hardware-tee", "hardware-tpm"),
        "report_data": said(found.kind),
        "code": CODE,
        "age_s": 10,
        "listed": True,
        "witnesses": 2,
        "submodule_data": GPU_NONCE,
        **changed,
    }
    return appraise(found, by, **told)
