"""The pages on evidence and policies say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from appraisal_kit import REPORT, SWTPM, claims, register

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.appraisal import WORDS, Appraisal, appraise
from privshare.jobs.attestation.evidence import KINDS, Endorsements, Evidence
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.roots import BUILT_IN, FAMILIES, load_roots
from privshare.jobs.attestation.rules import RULES
from privshare.jobs.attestation.verifier import verify
from privshare.wire.digest import digest_text

DOCS = Path(__file__).parents[3] / "docs"
POLICY_PAGE = (DOCS / "formats/appraisal-policy.md").read_text("utf-8")
EVIDENCE_PAGE = (DOCS / "formats/evidence.md").read_text("utf-8")
PROTOCOL_PAGE = (DOCS / "protocols/attestation.md").read_text("utf-8")

POLICIES: list[Any] = [
    json.loads(block) for block in re.findall(r"(?ms)^```json\n(.*?)^```", POLICY_PAGE)
]
TDX_AT = 1_751_587_200  # 2025-07-04
SNP_AT = 1_748_736_000  # 2025-06-01


@pytest.fixture(scope="module")
def recorded(vectors: Path) -> Path:
    """The folder of recorded evidence."""
    folder = vectors.parent / "fixtures" / "attestation"
    if not folder.is_dir():
        pytest.skip("no recorded evidence beside the test vectors")
    return folder


def judged(
    document: Any, evidence: Evidence, endorsements: Endorsements, at: int
) -> Appraisal:
    """Appraise recorded evidence as production does, by a worked policy."""
    made = AppraisalPolicy.from_json(document)
    found = verify(evidence, endorsements, load_roots((), production=True), at)
    return appraise(
        found,
        made,
        at=at,
        production=True,
        report_data=found.report_data,
        code=made.code[0].digest,
        age_s=10,
        listed=True,
        witnesses=2,
    )


def test_the_digests_are_those_of_the_page() -> None:
    """Three policies, three digests."""
    assert len(POLICIES) == 3
    for document in POLICIES:
        digest = digest_text(AppraisalPolicy.from_json(document).digest())
        assert f"`{digest}`" in POLICY_PAGE


def test_the_strict_policy_accepts_its_machine(recorded: Path) -> None:
    """And refuses it with a higher number, in the words of the page."""
    evidence = Evidence(
        "tdx-dcap", {"quote": (recorded / "tdx/quote_v4_td10.bin").read_bytes()}
    )
    collateral = (recorded / "tdx/quote_v4_td10.collateral.json").read_bytes()
    endorsements = Endorsements({"collateral": collateral})
    found = judged(POLICIES[0], evidence, endorsements, TDX_AT).check()
    assert found.status == "affirming"
    stricter = json.loads(json.dumps(POLICIES[0]))
    stricter["runner"]["tdx-dcap"]["min_tcb_eval"] = 18
    with pytest.raises(EvidenceInvalid) as caught:
        judged(stricter, evidence, endorsements, TDX_AT).check()
    sentence = "tcb_eval is 17, policy wants 18: 1 behind"
    assert sentence in caught.value.message
    assert sentence in POLICY_PAGE


@pytest.mark.parametrize("product", ["genoa", "milan"])
def test_the_policy_for_two_products(product: str, recorded: Path) -> None:
    """Genoa passes, Milan is behind, in the words of the page."""
    report, vek = {
        "genoa": ("genoa_report_v3.bin", "genoa_vcek.pem"),
        "milan": ("milan_report_v2.bin", "milan_vcek.der"),
    }[product]
    folder = recorded / "snp"
    evidence = Evidence("sev-snp", {"report": (folder / report).read_bytes()})
    chain = (folder / f"{product}_ask_ark_asvk.pem").read_bytes()
    endorsements = Endorsements({"vek": (folder / vek).read_bytes(), "chain": chain})
    found = judged(POLICIES[1], evidence, endorsements, SNP_AT)
    assert found.accepted == (product == "genoa")
    if not found.accepted:
        sentence = "SNP firmware 8 (reported), policy wants 24: 16 behind"
        assert sentence in [one.sentence for one in found.findings]
        assert sentence in POLICY_PAGE


def test_the_policy_for_a_trial() -> None:
    """It accepts a program that plays a TPM, and never in production."""
    made = AppraisalPolicy.from_json(POLICIES[2])
    code = made.code[0].digest
    found = claims(
        "tpm2",
        root=SWTPM,
        values={"pcr.0": bytes(32), "pcr.7": bytes(32)},
        events=(("pcr.14", code, "job"),),
        not_before=0,
        not_after=2**40,
    )
    for production in (False, True):
        verdict = appraise(
            found,
            made,
            at=TDX_AT,
            production=production,
            report_data=REPORT[:32],
            code=code,
            age_s=10,
            listed=True,
        )
        assert verdict.accepted != production
        assert verdict.status == ("contraindicated" if production else "warning")
    assert found.values["pcr.0"] != register(1, 32)


def test_every_field_of_a_policy_is_on_its_page() -> None:
    """Top-level fields and all rules of all kinds."""
    names = {rule.name for rules in RULES.values() for rule in rules}
    names |= set(POLICIES[0])
    assert not {name for name in names if f"`{name}`" not in POLICY_PAGE}
    assert not {kind for kind in RULES if f"`{kind}`" not in POLICY_PAGE}


def test_every_claim_that_is_judged_is_on_the_page() -> None:
    """Kinds, claims, families, roots."""
    claimed = {rule.claim for rules in RULES.values() for rule in rules}  # type: ignore[attr-defined]
    claimed -= {"pcr", "rtmr", "tcb"}  # with numbers or components behind them
    assert not {name for name in claimed if f"`{name}`" not in EVIDENCE_PAGE}
    assert not {kind for kind in KINDS if f"`{kind}`" not in EVIDENCE_PAGE}
    assert not {name for name in FAMILIES if f"`{name}`" not in EVIDENCE_PAGE}
    for root in BUILT_IN:
        line = f"| {root.name} | `{root.family}` | `{root.sha256.hex()}` |"
        assert line in EVIDENCE_PAGE


def test_every_recorded_value_is_on_the_page(recorded: Path) -> None:
    """What verifiers find in real evidence, by name or by the family's name."""
    snp = {
        "vek": (recorded / "snp/genoa_vcek.pem").read_bytes(),
        "chain": (recorded / "snp/genoa_ask_ark_asvk.pem").read_bytes(),
    }
    cases: list[tuple[str, str, str, dict[str, bytes], int]] = [
        ("sev-snp", "report", "snp/genoa_report_v3.bin", snp, SNP_AT),
        ("aws-nitro", "document", "nitro/doc_release_2025.cbor", {}, 1_766_668_537),
    ]
    for kind, name, at in (
        ("tdx-dcap", "tdx/quote_v4_td10", TDX_AT),
        ("sgx-dcap", "sgx/quote_v3", TDX_AT),
    ):
        collateral = (recorded / f"{name}.collateral.json").read_bytes()
        cases.append((kind, "quote", f"{name}.bin", {"collateral": collateral}, at))
    for kind, part, file, endorsements, at in cases:
        found = verify(
            Evidence(kind, {part: (recorded / file).read_bytes()}),
            Endorsements(endorsements),
            load_roots((), production=True),
            at,
        )
        for name in found.values:
            spelled = re.sub(r"^(pcr|rtmr)\.\d+$", r"\1.0", name)
            if not spelled.startswith("tcb."):
                assert f"`{spelled}`" in EVIDENCE_PAGE, (kind, name)


def test_trust_classes_are_said_in_the_same_words() -> None:
    """The protocol's page and the reports."""
    for trust_class, words in WORDS.items():
        assert f"| `{trust_class}` | {words} |" in PROTOCOL_PAGE


def test_the_negatives_are_tests_that_exist() -> None:
    """Each row names a file of tests and rules; the count is at least 70."""
    rows = re.findall(
        r"(?m)^\| (.+?) \| (\d+) \| `(tests/[\w/]+\.py)` \|$", PROTOCOL_PAGE
    )
    assert sum(int(count) for _, count, _ in rows) >= 70
    for _, _, file in rows:
        assert (DOCS.parent / file).is_file(), file
