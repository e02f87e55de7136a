"""A policy's owner judges claims: accepted whole, refused for any one reason."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from appraisal_kit import (
    AT,
    CODE,
    ENROLLED,
    GPU_NONCE,
    INSTANCE,
    KINDS,
    REPORT,
    ROOTS,
    SIMULATED,
    SWTPM,
    VALUES,
    claims,
    document,
    judge,
    policy,
    register,
)
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.evidence import Claims
from privshare.jobs.attestation.verifier import beside

TEE = ("aws-nitro", "azure-snp-vtpm", "sev-snp", "sgx-dcap", "tdx-dcap")


@pytest.mark.parametrize("kind", KINDS)
def test_claims_that_a_policy_describes_are_accepted(kind: str) -> None:
    """Every kind has a positive; hardware alone is affirming throughout."""
    found = judge(claims(kind), policy(kind)).check()
    assert found.status == ("affirming" if kind in TEE else "warning")
    assert not [one for one in found.findings if one.verdict == "contraindicated"]


def refused(found: Claims, by: Any, **told: Any) -> tuple[str, str]:
    """The rule that refuses, and its sentence."""
    with pytest.raises(EvidenceInvalid) as caught:
        judge(found, by, **told).check()
    return caught.value.detail["rule"], caught.value.message


# kind, changed claims, rule, part of the sentence.
CLAIMS: list[tuple[str, dict[str, Any], str, str]] = [
    ("sev-snp", {"debug": True}, "debug", "look inside"),
    ("sgx-dcap", {"debug": True}, "debug", "look inside"),
    ("tdx-dcap", {"debug": True}, "debug", "look inside"),
    ("aws-nitro", {"debug": True}, "debug", "look inside"),
    ("simulated", {"debug": True}, "debug", "look inside"),
    ("sev-snp", {"report_data": bytes(64)}, "report_data", "expected 00010203"),
    ("sev-snp", {"report_data": REPORT[:63]}, "report_data", "report data is"),
    ("sev-snp", {"report_data": REPORT + b"\0"}, "report_data", "report data is"),
    ("tpm2", {"report_data": REPORT}, "report_data", "report data is"),
    ("sev-snp", {"report_data": b""}, "report_data", "report data is empty"),
    ("sev-snp", {"instance": b""}, "instances", "hides which machine"),
    ("sev-snp", {"instance": register(1, 32)}, "instances", "policy names 1 others"),
    ("sev-snp", {"instance": register(9, 32)}, "instances", "is denied"),
    ("sev-snp", {"not_after": AT - 1}, "period", "asked at"),
    ("sev-snp", {"not_before": AT + 1}, "period", "asked at"),
    ("sev-snp", {"root": SWTPM}, "accept_classes", "software, policy wants hard"),
    ("sev-snp", {"root": SIMULATED}, "accept_classes", "simulated, policy wants"),
    ("sev-snp", {"root": ENROLLED}, "accept_classes", "hardware-tpm, policy wants"),
    ("tpm2", {"events": ()}, "event_log_pcr", "found none"),
    ("tpm2", {"events": (("pcr.14", bytes(32), "x"),)}, "event", "expected the code"),
    ("tpm2", {"events": (("pcr.13", CODE, "x"),)}, "event_log_pcr", "pcr.14"),
    (
        "tpm2",
        {"events": (("pcr.14", CODE, "job"), ("pcr.14", bytes(32), "later"))},
        "event",
        "expected the code",
    ),
]

# kind, changed values, rule, part of the sentence.
VALUE_CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("sev-snp", {"vmpl": 1}, "vmpl_max", "vmpl is 1, policy allows 0: 1 above"),
    ("sev-snp", {"vmpl": -1}, "vmpl_max", "no such claim"),
    ("sev-snp", {"measurement": register(9)}, "measurement", "policy names 1"),
    ("sev-snp", {"measurement": "01" * 48}, "measurement", "no such claim"),
    ("sev-snp", {"host_data": register(9, 32)}, "host_data", "policy names 1"),
    ("sev-snp", {"id_key_digest": register(9)}, "id_key_digest", "policy names"),
    ("sev-snp", {"author_key_digest": bytes(48)}, "author_key_digest", "policy"),
    ("sev-snp", {"guest_svn": 2}, "guest_svn_min", "policy wants 3: 1 behind"),
    ("sev-snp", {"guest_svn": True}, "guest_svn_min", "no such claim"),
    ("sev-snp", {"signer": "VLEK"}, "signer", "is VLEK, policy wants VCEK"),
    ("sev-snp", {"signer": "none"}, "signer", "policy wants VCEK"),
    ("sev-snp", {"migration_agent": True}, "migration_agent", "is on"),
    ("sev-snp", {"policy": 0x30000}, "smt", "smt is on, policy forbids it"),
    ("sev-snp", {"product": "Turin"}, "tcb_min", "minima for Genoa or Milan"),
    ("sev-snp", {"product": "Milano"}, "tcb_min", "minima for Genoa or Milan"),
    ("sev-snp", {"product": "Genoa"}, "tcb_min", "boot loader 4 (committed), policy"),
    (
        "sev-snp",
        {"tcb.reported.snp": 23},
        "tcb_min",
        "SNP firmware 23 (reported), policy wants 24: 1 behind",
    ),
    ("sev-snp", {"tcb.committed.ucode": 115}, "tcb_min", "microcode 115 (committed)"),
    ("sev-snp", {"tcb.launch.bl": 3}, "tcb_min", "boot loader 3 (launch)"),
    ("sev-snp", {"tcb.launch.tee": None}, "tcb_min", "expected tcb.launch.tee"),
    ("sev-snp", {"crl": False}, "crl", "revocation list, found none"),
    ("sev-snp", {"crl": None}, "crl", "revocation list, found none"),
    ("azure-snp-vtpm", {"pcr.7": register(9, 32)}, "pcr", "pcr.7 is 0909"),
    ("azure-snp-vtpm", {"vmpl": 2}, "vmpl_max", "2 above"),
    ("azure-snp-vtpm", {"tcb.reported.snp": 8}, "tcb_min", "16 behind"),
    ("aws-nitro", {"pcr.0": register(9)}, "pcr", "pcr.0 is 0909"),
    ("aws-nitro", {"pcr.1": None}, "pcr", "expected pcr.1"),
    ("aws-nitro", {"timestamp": AT * 1000 + 1000}, "max_log_delay_s", "1 s after"),
    ("aws-nitro", {"timestamp": AT * 1000 - 61_000}, "max_log_delay_s", "1 too many"),
    ("aws-nitro", {"timestamp": None}, "max_log_delay_s", "expected timestamp"),
    ("tdx-dcap", {"mr_td": register(9)}, "mr_td", "policy names 1"),
    ("tdx-dcap", {"mr_seam": register(9)}, "mr_seam", "policy names 1"),
    ("tdx-dcap", {"mr_config_id": register(9)}, "mr_config_id", "policy names 1"),
    ("tdx-dcap", {"mr_owner": register(9)}, "mr_owner", "policy names 1"),
    ("tdx-dcap", {"mr_owner_config": register(9)}, "mr_owner_config", "policy"),
    ("tdx-dcap", {"td_attributes": bytes(8)}, "td_attributes", "policy names 1"),
    ("tdx-dcap", {"rtmr.0": register(9)}, "rtmr", "rtmr.0 is 0909"),
    ("tdx-dcap", {"rtmr.3": register(9)}, "rtmr", "rtmr.3 is 0909"),
    ("tdx-dcap", {"tcb_status": "OutOfDate"}, "tcb_status", "wants UpToDate"),
    ("tdx-dcap", {"tcb_status": "Revoked"}, "tcb_status", "wants UpToDate"),
    ("tdx-dcap", {"advisories": ("INTEL-SA-1",)}, "accept_advisories", "INTEL-SA-1"),
    ("tdx-dcap", {"advisories": "none"}, "accept_advisories", "no such claim"),
    ("tdx-dcap", {"tcb_eval": 16}, "min_tcb_eval", "policy wants 17: 1 behind"),
    ("tdx-dcap", {"dynamic_platform": True}, "dynamic_platform", "is on"),
    ("tdx-dcap", {"dynamic_platform": None}, "dynamic_platform", "no such claim"),
    ("tdx-dcap", {"cached_keys": True}, "cached_keys", "is on"),
    ("tdx-dcap", {"smt": True}, "smt", "is on"),
    ("sgx-dcap", {"mr_enclave": bytes(32)}, "mr_enclave", "policy names 1"),
    ("sgx-dcap", {"mr_signer": bytes(32)}, "mr_signer", "policy names 1"),
    ("sgx-dcap", {"isv_prod_id": 3}, "isv_prod_id", "is 3, policy wants 1 or 2"),
    ("sgx-dcap", {"isv_svn": 1}, "isv_svn_min", "policy wants 2: 1 behind"),
    ("sgx-dcap", {"tcb_status": "SWHardeningNeeded"}, "tcb_status", "wants UpTo"),
    ("simulated", {"measurement": bytes(32)}, "measurement", "policy names 1"),
    ("tpm2", {"pcr.0": bytes(32)}, "pcr", "pcr.0 is 0000"),
    ("tpm2", {"pcr.7": None}, "pcr", "expected pcr.7"),
    ("tpm2", {"ek_model": "swtpm"}, "production", "a test root (swtpm)"),
    ("tpm2", {"ek_issuer": "CN=swtpm-localca"}, "production", "a test root (swtpm)"),
]

# what the caller tells, rule, part of the sentence.
TOLD: list[tuple[dict[str, Any], str, str]] = [
    ({"code": bytes(32)}, "code", "policy names 1 other"),
    ({"code": None}, "code", "nobody said which code runs"),
    ({"report_data": None}, "report_data", "nobody said"),
    ({"report_data": bytes(64)}, "report_data", "report data is 0001"),
    ({"age_s": 301}, "max_evidence_age_s", "301 s old, policy allows 300: 1 too many"),
    ({"age_s": -1}, "max_evidence_age_s", "1 s older than its nonces"),
    ({"age_s": None}, "max_evidence_age_s", "nobody said"),
    ({"listed": False}, "listed", "not listed on the log"),
    ({"listed": None}, "listed", "nobody said"),
    ({"witnesses": 1}, "witnesses", "policy wants 2: 1 missing"),
    ({"witnesses": None}, "witnesses", "nobody said"),
    ({"at": AT + 1001}, "policy_period", "in force from"),
    ({"at": AT - 1001}, "policy_period", "in force from"),
]


@pytest.mark.parametrize(
    ("kind", "changed", "rule", "part"), CLAIMS, ids=lambda x: str(x)[:40]
)
def test_a_changed_claim_is_refused(
    kind: str, changed: dict[str, Any], rule: str, part: str
) -> None:
    """One claim that the policy does not accept, and the reason for it."""
    found, message = refused(
        claims(kind, **changed), policy(kind), production=kind != "simulated"
    )
    assert found == f"appraisal.{rule}"
    assert part in message


@pytest.mark.parametrize(
    ("kind", "values", "rule", "part"), VALUE_CASES, ids=lambda x: str(x)[:40]
)
def test_a_changed_value_is_refused(
    kind: str, values: dict[str, Any], rule: str, part: str
) -> None:
    """One value that the policy does not accept, and the distance."""
    found, message = refused(claims(kind, values=values), policy(kind))
    assert found == f"appraisal.{rule}"
    assert part in message


@pytest.mark.parametrize(("told", "rule", "part"), TOLD, ids=lambda x: str(x)[:40])
def test_what_the_log_says_can_refuse(
    told: dict[str, Any], rule: str, part: str
) -> None:
    """Time, code, age, listing, witnesses; what is not told is refused too."""
    found, message = refused(claims("sev-snp"), policy("sev-snp"), **told)
    assert found == f"appraisal.{rule}"
    assert part in message


# path in the policy's runner entry, new value, kind, rule.
POLICY_CASES: list[tuple[str, str, Any, str]] = [
    ("sev-snp", "measurement", [], "measurement"),
    ("sev-snp", "host_data", [], "host_data"),
    ("sev-snp", "id_key_digest", [], "id_key_digest"),
    ("sev-snp", "author_key_digest", [], "author_key_digest"),
    ("sev-snp", "guest_svn_min", 5, "guest_svn_min"),
    ("sev-snp", "signer", [], "signer"),
    ("sev-snp", "tcb_min", {}, "tcb_min"),
    ("sev-snp", "tcb_fields", [], "tcb_min"),
    ("tdx-dcap", "mr_td", [], "mr_td"),
    ("tdx-dcap", "tcb_status", [], "tcb_status"),
    ("tdx-dcap", "min_tcb_eval", 19, "min_tcb_eval"),
    ("tdx-dcap", "rtmr", {"0": [], "1": [], "2": []}, "rtmr"),
    ("sgx-dcap", "mr_enclave", [], "mr_enclave"),
    ("sgx-dcap", "mr_signer", [], "mr_signer"),
    ("sgx-dcap", "isv_prod_id", [], "isv_prod_id"),
    ("sgx-dcap", "isv_svn_min", 3, "isv_svn_min"),
    ("aws-nitro", "pcr", {"0": [], "1": [], "2": []}, "pcr"),
    ("tpm2", "pcr", {"0": []}, "pcr"),
    ("tpm2", "event_log_pcr", 13, "event_log_pcr"),
    ("simulated", "measurement", [], "measurement"),
]


@pytest.mark.parametrize(("kind", "field", "value", "rule"), POLICY_CASES)
def test_an_empty_or_stricter_field_refuses(
    kind: str, field: str, value: Any, rule: str
) -> None:
    """An empty list accepts nothing, a higher minimum accepts less."""
    by = document(kind)
    by["runner"][kind][field] = value
    assert refused(claims(kind), by)[0] == f"appraisal.{rule}"


# kind, field, value that does not ask or allows, the claims that it lets pass.
LENIENT: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("sev-snp", "host_data", None, {"host_data": bytes(32)}),
    ("sev-snp", "id_key_digest", None, {"id_key_digest": None}),
    ("sev-snp", "author_key_digest", None, {"author_key_digest": None}),
    ("sev-snp", "vmpl_max", 1, {"vmpl": 1}),
    ("sev-snp", "guest_svn_min", 0, {"guest_svn": 0}),
    ("sev-snp", "signer", ["VCEK", "VLEK"], {"signer": "VLEK"}),
    ("sev-snp", "migration_agent", "allow", {"migration_agent": True}),
    ("sev-snp", "smt", "allow", {"policy": 0x30000}),
    ("sev-snp", "crl", "if-present", {"crl": False}),
    ("sev-snp", "tcb_fields", ["reported"], {"tcb.committed.snp": 0}),
    ("tdx-dcap", "mr_seam", None, {"mr_seam": bytes(48)}),
    ("tdx-dcap", "mr_config_id", None, {"mr_config_id": bytes(48)}),
    ("tdx-dcap", "mr_owner", None, {"mr_owner": bytes(48)}),
    ("tdx-dcap", "mr_owner_config", None, {"mr_owner_config": bytes(48)}),
    ("tdx-dcap", "td_attributes", None, {"td_attributes": bytes(8)}),
    ("tdx-dcap", "tcb_status", ["OutOfDate", "UpToDate"], {"tcb_status": "OutOfDate"}),
    ("tdx-dcap", "accept_advisories", None, {"advisories": ("INTEL-SA-1",)}),
    (
        "tdx-dcap",
        "accept_advisories",
        ["INTEL-SA-1"],
        {"advisories": ("INTEL-SA-1",)},
    ),
    ("tdx-dcap", "dynamic_platform", "allow", {"dynamic_platform": True}),
    ("tdx-dcap", "cached_keys", "allow", {"cached_keys": None}),
    ("tdx-dcap", "smt", "allow", {"smt": True}),
    ("tdx-dcap", "min_tcb_eval", 0, {"tcb_eval": 1}),
    ("sgx-dcap", "mr_enclave", None, {"mr_enclave": bytes(32)}),
    ("sgx-dcap", "isv_svn_min", 0, {"isv_svn": 0}),
]


@pytest.mark.parametrize(("kind", "field", "value", "values"), LENIENT)
def test_what_a_policy_does_not_ask_passes(
    kind: str, field: str, value: Any, values: dict[str, Any]
) -> None:
    """Each lenient answer is written down, and changes one verdict."""
    assert not judge(claims(kind, values=values), policy(kind)).accepted
    by = document(kind)
    by["runner"][kind][field] = value
    assert judge(claims(kind, values=values), by).accepted


def test_a_denied_advisory_is_refused_where_others_are_accepted() -> None:
    """The deny list stands beside the accept list."""
    by = document("tdx-dcap")
    by["runner"]["tdx-dcap"]["accept_advisories"] = None
    values = {"advisories": ("INTEL-SA-00289", "INTEL-SA-00615")}
    rule, message = refused(claims("tdx-dcap", values=values), by)
    assert rule == "appraisal.reject_advisories"
    assert "INTEL-SA-00615" in message
    assert "00289" not in message


def test_instances_may_be_any() -> None:
    """With null for the allowed ones and nothing denied, a hidden machine passes."""
    by = document("sev-snp")
    by["instances"] = {"allow": None, "deny": []}
    assert judge(claims("sev-snp", instance=b""), by).accepted
    by["instances"] = {"allow": [], "deny": []}
    assert refused(claims("sev-snp"), by)[0] == "appraisal.instances"


def test_empty_lists_of_classes_and_code_accept_nothing() -> None:
    """Silence never means yes."""
    for name, rule in (("accept_classes", "accept_classes"), ("code", "code")):
        by = document("sev-snp")
        by[name] = []
        assert refused(claims("sev-snp"), by)[0] == f"appraisal.{rule}"


def test_a_kind_without_an_entry_is_refused() -> None:
    """A policy for TDX accepts no report of another kind."""
    rule, message = refused(claims("sev-snp"), policy("tdx-dcap"))
    assert rule == "appraisal.kind"
    assert "sev-snp, policy accepts tdx-dcap" in message


def test_no_witness_may_be_asked_for() -> None:
    """Where the policy does not ask, nobody has to tell."""
    by = document("sev-snp")
    by["transparency"] = {"code_must_be_listed": False, "witnesses": 0}
    assert judge(claims("sev-snp"), by, listed=None, witnesses=None).accepted


def test_what_is_not_told_is_a_warning_where_things_are_tried_out() -> None:
    """Outside production the command answers, and says what it did not judge."""
    found = judge(
        claims("sev-snp"),
        policy("sev-snp"),
        production=False,
        report_data=None,
        code=None,
        age_s=None,
        listed=None,
        witnesses=None,
    ).check()
    warned = {one.rule for one in found.findings if one.verdict == "warning"}
    assert len(warned) == 5
    assert found.status == "warning"


def test_a_gpu_alone_never_suffices() -> None:
    """Whatever the policy says of it."""
    gpu = replace(claims("sev-snp"), kind="nvidia-gpu", root=ROOTS["nvidia"])
    by = document("sev-snp")
    by["runner"]["nvidia-gpu"] = {"driver_version": None, "vbios_version": None}
    assert refused(gpu, by)[0] == "appraisal.kind"


def test_a_gpu_beside_a_processor() -> None:
    """It is asked for, accepted, or refused, by rules of its own."""
    gpu = replace(
        claims("sev-snp"),
        kind="nvidia-gpu",
        root=ROOTS["nvidia"],
        report_data=GPU_NONCE,
        values={"driver_version": "535.86", "vbios_version": b"\x96\x00"},
    )
    both = beside(claims("sev-snp"), "gpu0", gpu)
    for again in (("gpu0", gpu), ("gpu1", claims("sev-snp"))):
        with pytest.raises(EvidenceInvalid):
            beside(both, *again)
    assert refused(both, policy("sev-snp"))[0] == "appraisal.submodule"
    by = document("sev-snp")
    by["runner"]["nvidia-gpu"] = {
        "driver_version": ["535.86"],
        "vbios_version": None,
    }
    assert judge(both, by).accepted
    stale = beside(claims("sev-snp"), "gpu0", replace(gpu, report_data=bytes(32)))
    assert refused(stale, by)[0] == "appraisal.submodule_data"
    assert refused(both, by, submodule_data=None)[0] == "appraisal.submodule_data"
    assert judge(both, by, submodule_data=None, production=False).accepted
    rule, message = refused(claims("sev-snp"), by)
    assert (rule, "found none" in message) == ("appraisal.submodule", True)
    by["runner"]["nvidia-gpu"]["driver_version"] = ["550.1"]
    assert refused(both, by)[0] == "appraisal.driver_version"


@pytest.mark.parametrize(
    "smuggled",
    [
        replace(SWTPM, trust_class="hardware-tpm", name="swtpm-localca"),
        replace(SIMULATED, trust_class="hardware-tee"),
        SIMULATED,
        SWTPM,
    ],
)
def test_production_refuses_test_roots_whatever_the_policy_says(smuggled: Any) -> None:
    """By class and by name, though the policy accepts all classes."""
    by = document(
        "sev-snp",
        classes=("hardware-tee", "hardware-tpm", "simulated", "software"),
    )
    rule, message = refused(claims("sev-snp", root=smuggled), by, production=True)
    assert rule == "appraisal.production"
    assert "test root" in message


def test_relabelled_evidence_keeps_its_class() -> None:
    """The kind grants nothing: a simulated root stays one under another label."""
    rule, message = refused(
        claims("sev-snp", root=SIMULATED), policy("sev-snp"), production=False
    )
    assert rule == "appraisal.accept_classes"
    assert "simulated" in message


def test_an_appraisal_has_the_shape_of_an_ear() -> None:
    """Profile, time, submodule, status, vector, policy; findings beside them."""
    found = judge(claims("sev-snp"), policy("sev-snp"))
    laid: Any = found.to_json()
    sub = laid["submods"]["sev-snp"]
    assert laid["eat_profile"] == "tag:github.com,2023:veraison/ear"
    assert laid["iat"] == AT
    assert sub["ear.status"] == "affirming"
    assert set(sub["ear.trustworthiness-vector"].values()) == {2}
    assert sub["privshare.trust-class"] == "hardware-tee"
    assert all(one["sentence"] for one in sub["privshare.findings"])


def test_nothing_found_is_contraindicated() -> None:
    """An appraisal without findings refuses in every aspect."""
    found = replace(judge(claims("sev-snp"), policy("sev-snp")), findings=())
    assert set(found.vector.values()) == {96}
    with pytest.raises(EvidenceInvalid) as caught:
        found.check()
    assert caught.value.detail["rule"] == "appraisal.default"


def test_all_findings_travel_with_the_refusal() -> None:
    """A reader learns everything that is wrong, not only the first."""
    values = {"vmpl": 3, "tcb.reported.snp": 1}
    with pytest.raises(EvidenceInvalid) as caught:
        judge(claims("sev-snp", values=values, debug=True), policy("sev-snp")).check()
    bad = [
        one["rule"]
        for one in caught.value.detail["findings"]
        if one["verdict"] == "contraindicated"
    ]
    assert bad == ["appraisal.debug", "appraisal.vmpl_max", "appraisal.tcb_min"]


ODD = st.one_of(
    st.binary(max_size=64),
    st.integers(-(2**70), 2**70),
    st.text(max_size=8),
    st.booleans(),
    st.just(("INTEL-SA-1",)),
    st.none(),
)


@given(st.data())
def test_no_second_change_mends_a_refusal(data: st.DataObject) -> None:
    """Claims refused for one value stay refused when another changes or goes."""
    kind, bad, _, _ = data.draw(st.sampled_from(VALUE_CASES))
    others = {*VALUES[kind], "another"} - set(bad)
    values = {**bad, data.draw(st.sampled_from(sorted(others))): data.draw(ODD)}
    assert not judge(claims(kind, values=values), policy(kind)).accepted


@given(st.data())
def test_taking_a_claim_away_never_helps(data: st.DataObject) -> None:
    """With any set of values gone, what was refused stays refused."""
    kind, bad, _, _ = data.draw(st.sampled_from(VALUE_CASES))
    gone = data.draw(st.sets(st.sampled_from(sorted(VALUES[kind]))))
    values = {**bad, **dict.fromkeys(gone)}
    assert not judge(claims(kind, values=values), policy(kind)).accepted


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_that_the_policy_asks_for_is_needed(kind: str) -> None:
    """Each value gone, or of another type, refuses; those not asked for do not."""
    unasked = {f"tcb.current.{name}" for name in ("bl", "tee", "snp", "ucode")}
    for name in VALUES[kind]:
        for other in (None, 1.5, [], "zz"):
            found = judge(claims(kind, values={name: other}), policy(kind))
            assert found.accepted == (name in unasked), (name, other)


@given(st.integers(0, 511))
def test_any_flipped_bit_of_the_report_data_is_refused(bit: int) -> None:
    """Nothing but the expected bytes is bound to this job."""
    flipped = bytearray(REPORT)
    flipped[bit // 8] ^= 1 << bit % 8
    rule, _ = refused(claims("sev-snp", report_data=bytes(flipped)), policy("sev-snp"))
    assert rule == "appraisal.report_data"


def test_the_kit_is_not_changed_by_its_tests() -> None:
    """Documents are copies."""
    one = document("sev-snp")
    one["runner"]["sev-snp"]["tcb_min"]["Milan"]["bl"] = 200
    assert document("sev-snp") == document("sev-snp") != one
    assert deepcopy(one) == one
    assert claims("sev-snp").instance == INSTANCE
