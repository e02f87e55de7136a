"""Recorded evidence of real machines through `privshare evidence`, file by file.

Each entry of the fixtures' `expected.json` is packed, verified at its own time
and appraised by a policy that names exactly the registers expected.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from privshare.cli.main import main
from privshare.wire.base64 import b64u, unb64u

REPOSITORY = Path(__file__).parents[2]

#: The entries of expected.json, so that a test stands for each.
ENTRIES = (
    "sgx/quote_v3.bin",
    "tdx/quote_v4_td10.bin",
    "tdx/quote_v4_rtmr3.bin",
    "tdx/quote_v5_td15.bin",
    "tdx/quote_v5_td15_no_tcb_level.bin",
    "tdx/quote_v4_debug_td.bin",
    "tdx/quote_v4_2023_no_tcb_level.bin",
    "snp/milan_report_v2.bin",
    "snp/milan_report2_v2.bin",
    "snp/milan_report2_v2.bin#tampered_vcek",
    "snp/milan_debug_report_v2.bin",
    "snp/milan_vlek_report_v3_vmpl1.bin",
    "snp/genoa_report_v3.bin",
    "nitro/doc_release_nonce_2022.cbor",
    "nitro/doc_release_2025.cbor",
    "nitro/doc_debug_2022.cbor",
    "nitro/doc_bad_signature.cbor",
    "vtpm/azure_genoa_hcl_report.bin",
    "vtpm/azure_milan_hcl_report.bin",
)

#: Why each of the others is refused: the rule that says so.
REFUSED = {
    "tdx/quote_v5_td15_no_tcb_level.bin": "intel.tcb-level",
    "tdx/quote_v4_debug_td.bin": "intel.debug",
    "tdx/quote_v4_2023_no_tcb_level.bin": "intel.tcb-level",
    "snp/milan_report2_v2.bin#tampered_vcek": "snp.signature",
    "snp/milan_debug_report_v2.bin": "appraisal.debug",
    "nitro/doc_debug_2022.cbor": "appraisal.debug",
    "nitro/doc_bad_signature.cbor": "nitro.signature",
    "vtpm/azure_milan_hcl_report.bin": "azure.signature",
}

#: Times that expected.json leaves out.
TIMES = {
    "nitro/doc_bad_signature.cbor": "2022-11-09T22:52:00",
    "vtpm/azure_genoa_hcl_report.bin": "2025-06-01",
    "vtpm/azure_milan_hcl_report.bin": "2024-01-01",
}

_NOTHING_ASKED_OF_INTEL = {
    "tcb_status": [
        "ConfigurationAndSWHardeningNeeded",
        "SWHardeningNeeded",
        "UpToDate",
    ],
    "accept_advisories": ["INTEL-SA-00289", "INTEL-SA-00615"],
    "reject_advisories": [],
    "min_tcb_eval": 1,
    "dynamic_platform": "allow",
    "cached_keys": "allow",
    "smt": "allow",
}
_TCB_0 = {"bl": 0, "snp": 0, "tee": 0, "ucode": 0}


@pytest.fixture(scope="session")
def fixtures(vectors: Path) -> Path:
    """The folder of recorded evidence."""
    folder = vectors.parent / "fixtures" / "attestation"
    if not (folder / "expected.json").is_file():
        pytest.skip("no recorded evidence beside the test vectors")
    return folder


@pytest.fixture(scope="session")
def expected(fixtures: Path) -> dict[str, dict[str, Any]]:
    """What must come out of each file."""
    read: dict[str, dict[str, Any]] = json.loads(
        (fixtures / "expected.json").read_bytes()
    )
    return read


def test_every_entry_has_a_test(expected: dict[str, Any]) -> None:
    """The list above is the file's."""
    assert sorted(ENTRIES) == sorted(expected)


class Desk:
    """A folder in which evidence is packed and verified by the command."""

    def __init__(
        self, fixtures: Path, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.fixtures = fixtures
        self.folder = folder
        self.capsys = capsys

    def run(self, *words: object) -> tuple[int, dict[str, Any]]:
        """Exit code and what was printed."""
        code = main([*map(str, words), "--json"])
        read: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return code, read

    def pack(self, name: str, entry: dict[str, Any]) -> list[str]:
        """Pack the files of an entry; the words that `verify` needs for them."""
        file = str(self.fixtures / name.partition("#")[0])
        parts, endorsed = self._parts(entry, file)
        words: list[object] = ["evidence", "pack", entry["kind"]]
        for part, path in parts.items():
            words += ["--part", f"{part}={path}"]
        for part, path in endorsed.items():
            words += ["--endorsement", f"{part}={path}"]
        target = self.folder / "x.evidence"
        code, packed = self.run(*words, "--out", target)
        assert code == 0, packed
        found = [str(target)]
        if endorsed:
            found += ["--endorsements", packed["files"][1]]
        return found

    def _parts(
        self, entry: dict[str, Any], file: str
    ) -> tuple[dict[str, str], dict[str, str]]:
        kind = entry["kind"]
        if kind in ("sgx-dcap", "tdx-dcap"):
            return {"quote": file}, {
                "collateral": str(self.fixtures / entry["collateral"])
            }
        if kind == "aws-nitro":
            return {"document": file}, {}
        if kind == "sev-snp":
            return {"report": file}, {
                "vek": str(self.fixtures / entry["endorsement"]),
                "chain": str(self.fixtures / entry["chain"]),
            }
        product = "genoa" if "genoa" in file else "milan"
        return {
            "hcl_report": file,
            "quote": str(self.fixtures / entry["quote"]),
            "signature": str(self.fixtures / entry["signature"]),
            "pcrs": str(self._pcrs()),
        }, {
            "vek": str(self._vek(product)),
            "chain": str(self.fixtures / f"snp/{product}_ask_ark_asvk.pem"),
        }

    def _vek(self, product: str) -> Path:
        """The chip's certificate; one file holds its makers' behind it."""
        if product == "genoa":
            return self.fixtures / "snp/genoa_vcek.pem"
        data = (self.fixtures / "vtpm/azure_milan_vcek.pem").read_bytes()
        end = b"-----END CERTIFICATE-----\n"
        path = self.folder / "vek.pem"
        path.write_bytes(data.split(end)[0] + end)
        return path

    def _pcrs(self) -> Path:
        """The recorded registers, laid out as our part is."""
        read = json.loads((self.fixtures / "vtpm/azure_genoa_pcrs.json").read_bytes())
        laid = {str(n): value for n, value in enumerate(read["sha256"])}
        path = self.folder / "pcrs.json"
        path.write_text(json.dumps(laid, sort_keys=True, separators=(",", ":")))
        return path

    def policy(self, entry: dict[str, Any], at: str, **changed: Any) -> Path:
        """A policy that names the expected registers and nothing else."""
        seconds = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp())
        made = {
            "v": 1,
            "type": "privshare.appraisal-policy",
            "id": "recorded",
            "version": 1,
            "not_before": seconds - 1,
            "not_after": seconds + 1,
            "accept_classes": ["hardware-tee"],
            "debug": "forbid",
            "max_evidence_age_s": 300,
            "max_log_delay_s": 60,
            "code": [],
            "runner": {entry["kind"]: {**_runner(entry), **changed}},
            "instances": {"allow": None, "deny": []},
            "transparency": {"code_must_be_listed": False, "witnesses": 0},
        }
        path = self.folder / "policy.json"
        path.write_text(json.dumps(made))
        return path

    def verify(
        self, name: str, entry: dict[str, Any], *words: object, **changed: Any
    ) -> tuple[int, dict[str, Any]]:
        """Pack and verify an entry."""
        at = entry.get("verify_at") or TIMES[name]
        return self.run(
            "evidence",
            "verify",
            *self.pack(name, entry),
            "--policy",
            self.policy(entry, at, **changed),
            "--at",
            at,
            *words,
        )


def _runner(entry: dict[str, Any]) -> dict[str, Any]:
    kind = entry["kind"]
    zero = "00" * 48
    if kind == "sgx-dcap":
        return {
            **_NOTHING_ASKED_OF_INTEL,
            "mr_enclave": [entry["mr_enclave"]],
            "mr_signer": [entry["mr_signer"]],
            "isv_prod_id": list(range(16)),
            "isv_svn_min": 0,
        }
    if kind == "tdx-dcap":
        return {
            **_NOTHING_ASKED_OF_INTEL,
            "mr_td": [entry["mr_td"]],
            "rtmr": {str(n): [entry[f"rtmr{n}"]] for n in range(4)},
            "mr_seam": [entry["mr_seam"]],
            "mr_config_id": [entry["mr_config_id"]],
            "mr_owner": None,
            "mr_owner_config": None,
            "td_attributes": [entry["td_attributes"]],
        }
    if kind == "aws-nitro":
        pcrs = {"0": zero, "1": zero, "2": zero, **entry.get("pcrs", {})}
        return {"pcr": {n: [value] for n, value in pcrs.items()}}
    snp = {
        "measurement": [entry.get("measurement", zero)],
        "host_data": [entry.get("host_data", "00" * 32)],
        "id_key_digest": None,
        "author_key_digest": None,
        "guest_svn_min": 0,
        "vmpl_max": entry.get("vmpl", 0),
        "signer": [entry.get("signer", "VCEK")],
        "migration_agent": "forbid",
        "smt": "allow",
        "tcb_min": dict.fromkeys(("Genoa", "Milan"), _TCB_0),
        "tcb_fields": ["committed", "current", "launch", "reported"],
        "crl": "if-present",
    }
    if kind == "sev-snp":
        return snp
    return {
        **snp,
        "measurement": [GENOA],
        "pcr": {"0": [PCR_0]},
    }


GENOA = (
    "f57dc09a507c6ecd82369bffb600f0003792f4d99bc26e985ec0c266fc34faf3"
    "706faf814c9e61065768a6ff917c89ae"
)
PCR_0 = "afd689d0bb1c5f36f023fbaf574135f555a28a10c1f6b938d2a25e70c7783338"


@pytest.fixture
def desk(fixtures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A folder and the command."""
    return Desk(fixtures, tmp_path, capsys)


@pytest.mark.parametrize("name", [n for n in ENTRIES if n not in REFUSED])
def test_a_genuine_file_is_accepted(
    name: str, desk: Desk, expected: dict[str, Any]
) -> None:
    """At its own time, with exactly the registers expected."""
    entry = expected[name]
    code, read = desk.verify(name, entry)
    assert code == 0, read
    claims = read["claims"]
    assert claims["trust_class"] == "hardware-tee"
    assert claims["debug"] is False
    same: dict[str, Callable[[Any], Any]] = {
        "mr_enclave": str,
        "mr_signer": str,
        "mr_td": str,
        "mr_seam": str,
        "mr_config_id": str,
        "td_attributes": str,
        "report_data": str,
        "measurement": str,
        "host_data": str,
        "vmpl": int,
        "signer": str,
        "tcb_status": str,
        "advisories": list,
        "module_id": str,
    }
    for field, form in same.items():
        if field in entry and field in claims:
            assert form(claims[field]) == entry[field], field
    for n in range(4):
        if f"rtmr{n}" in entry:
            assert claims[f"rtmr.{n}"] == entry[f"rtmr{n}"]
    for n, value in entry.get("pcrs", {}).items():
        assert claims[f"pcr.{n}"] == value
    if "user_data" in entry:
        assert claims["report_data"] == entry["user_data"]
    if "quote_nonce" in entry:
        assert claims["report_data"] == entry["quote_nonce"]
    told = "report_data" in entry
    if told:
        data = entry["report_data"]
        assert desk.verify(name, entry, "--report-data", data)[0] == 0
        other = ("1" if data[0] == "0" else "0") + data[1:]
        code, read = desk.verify(name, entry, "--report-data", other)
        assert code == 1
        assert _bad(read) == ["appraisal.report_data"]


def _bad(read: dict[str, Any]) -> list[str]:
    (sub,) = read["appraisal"]["submods"].values()
    return [
        one["rule"]
        for one in sub["privshare.findings"]
        if one["verdict"] == "contraindicated"
    ]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_recorded_negative_is_refused(
    name: str, desk: Desk, expected: dict[str, Any]
) -> None:
    """For the right reason, whether not proven or not accepted."""
    code, read = desk.verify(name, expected[name])
    assert code == 1
    assert not read["ok"]
    if REFUSED[name].startswith("appraisal."):
        assert REFUSED[name] in _bad(read)
    else:
        assert read["error"] == "EvidenceInvalid"
        assert read["detail"]["rule"] == REFUSED[name]


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("sgx/quote_v3.bin", "2025-01-01"),
        ("sgx/quote_v3.bin", "2026-11-01"),
        ("tdx/quote_v4_td10.bin", "2026-11-01"),
        ("snp/milan_vlek_report_v3_vmpl1.bin", "2026-01-01"),
        ("snp/milan_report_v2.bin", "2023-01-01"),
        ("nitro/doc_release_2025.cbor", "2025-12-25T16:15:38"),
        ("nitro/doc_release_2025.cbor", "2025-12-25T13:15:33"),
    ],
)
def test_another_time_is_refused(
    name: str, at: str, desk: Desk, expected: dict[str, Any]
) -> None:
    """Before it was made, or after what endorses it ran out."""
    code, read = desk.verify(name, {**expected[name], "verify_at": at})
    assert code == 1
    assert read["error"] == "EvidenceInvalid"


# An entry, the runner's field that is made stricter, the rule, its sentence.
STRICTER: list[tuple[str, dict[str, Any], str, str]] = [
    ("sgx/quote_v3.bin", {"tcb_status": ["UpToDate"]}, "tcb_status", "wants UpToDate"),
    ("sgx/quote_v3.bin", {"accept_advisories": []}, "accept_advisories", "00289"),
    (
        "sgx/quote_v3.bin",
        {"reject_advisories": ["INTEL-SA-00615"]},
        "reject_advisories",
        "INTEL-SA-00615",
    ),
    ("tdx/quote_v4_td10.bin", {"min_tcb_eval": 2000}, "min_tcb_eval", "behind"),
    (
        "tdx/quote_v4_rtmr3.bin",
        {"mr_config_id": ["00" * 48]},
        "mr_config_id",
        "policy names 1",
    ),
    (
        "snp/genoa_report_v3.bin",
        {"tcb_min": {"Genoa": {"bl": 10, "snp": 24, "tee": 0, "ucode": 84}}},
        "tcb_min",
        "SNP firmware 23 (committed), policy wants 24: 1 behind",
    ),
    (
        "snp/milan_report_v2.bin",
        {"tcb_min": {"Milan": {"bl": 4, "snp": 8, "tee": 0, "ucode": 115}}},
        "tcb_min",
        "boot loader 3",
    ),
    ("snp/milan_vlek_report_v3_vmpl1.bin", {"vmpl_max": 0}, "vmpl_max", "1 above"),
    ("snp/milan_vlek_report_v3_vmpl1.bin", {"signer": ["VCEK"]}, "signer", "VLEK"),
    ("snp/milan_report_v2.bin", {"crl": "required"}, "crl", "found none"),
    ("snp/milan_report_v2.bin", {"measurement": []}, "measurement", "names 0"),
    ("nitro/doc_release_2025.cbor", {"pcr": {"0": [], "1": [], "2": []}}, "pcr", "0"),
]


@pytest.mark.parametrize(
    ("name", "changed", "rule", "part"), STRICTER, ids=lambda x: str(x)[:45]
)
def test_a_stricter_policy_refuses_a_genuine_file(
    name: str,
    changed: dict[str, Any],
    rule: str,
    part: str,
    desk: Desk,
    expected: dict[str, Any],
) -> None:
    """With the reason, and how far behind the machine is."""
    code, read = desk.verify(name, expected[name], **changed)
    assert code == 1
    assert set(_bad(read)) == {f"appraisal.{rule}"}
    (sub,) = read["appraisal"]["submods"].values()
    sentences = [
        one["sentence"]
        for one in sub["privshare.findings"]
        if one["verdict"] == "contraindicated"
    ]
    assert any(part in sentence for sentence in sentences), sentences


def test_production_leaves_nothing_unsaid(desk: Desk, expected: dict[str, Any]) -> None:
    """Report data, code and age must be told; then genuine evidence passes."""
    name = "snp/genoa_report_v3.bin"
    code, read = desk.verify(name, expected[name], "--production")
    assert code == 1
    assert _bad(read) == [
        "appraisal.report_data",
        "appraisal.code",
        "appraisal.max_evidence_age_s",
    ]


def test_another_machines_certificate_is_refused(
    desk: Desk, expected: dict[str, Any]
) -> None:
    """Swapped VCEK, the wrong product's roots, a VLEK under the wrong chain."""
    swaps = [
        ("snp/milan_report_v2.bin", {"endorsement": "snp/milan_report2_vcek.der"}),
        ("snp/milan_report_v2.bin", {"chain": "snp/genoa_ask_ark_asvk.pem"}),
        ("snp/genoa_report_v3.bin", {"chain": "snp/milan_ask_ark_asvk.pem"}),
        (
            "snp/milan_report_v2.bin",
            {"endorsement": "snp/turin_vcek_chain_only.der"},
        ),
        ("snp/milan_report_v2.bin", {"endorsement": "snp/milan_vlek.der"}),
        (
            "tdx/quote_v4_td10.bin",
            {"collateral": "tdx/quote_v4_rtmr3.collateral.json"},
        ),
    ]
    for name, swapped in swaps:
        code, read = desk.verify(name, {**expected[name], **swapped})
        assert (code, read.get("error")) == (1, "EvidenceInvalid"), (name, read)


@pytest.mark.parametrize(
    "name", [n for n in ENTRIES if n not in REFUSED and not n.startswith("nitro/")]
)
def test_without_any_one_endorsement_nothing_is_accepted(
    name: str, desk: Desk, expected: dict[str, Any]
) -> None:
    """Gone, empty, cut or altered: refused, or it says exactly the same."""
    entry = expected[name]
    words = desk.pack(name, entry)
    file = Path(words[2])
    whole = json.loads(file.read_bytes())
    at = entry.get("verify_at") or TIMES[name]
    line = [*words, "--policy", desk.policy(entry, at), "--at", at]
    code, genuine = desk.run("evidence", "verify", *line)
    assert code == 0
    draw = random.Random(name)

    def asked(part: str, data: bytes | None) -> tuple[int, dict[str, Any]]:
        parts = dict(whole["parts"])
        del parts[part]
        if data is not None:
            parts[part] = b64u(data)
        file.write_text(json.dumps({**whole, "parts": parts}))
        return desk.run("evidence", "verify", *line)

    for part, text in whole["parts"].items():
        data = unb64u(text)
        for other in (None, b"", data[: len(data) // 2], data[:-30], b"\0" * len(data)):
            assert asked(part, other)[0] == 1, (part, other and len(other))
        for _ in range(12):
            flipped = bytearray(data)
            flipped[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
            code, read = asked(part, bytes(flipped))
            assert code == 1 or read == genuine


def test_relabelled_evidence_is_refused(desk: Desk, expected: dict[str, Any]) -> None:
    """The kind picks a parser, and that one refuses what is not its own."""
    name = "tdx/quote_v4_td10.bin"
    words = desk.pack(name, expected[name])
    file = Path(words[0])
    policy = desk.policy(expected[name], expected[name]["verify_at"])
    for kind in (
        "sgx-dcap",
        "sev-snp",
        "aws-nitro",
        "simulated",
        "tpm2",
        "azure-snp-vtpm",
    ):
        laid = json.loads(file.read_bytes())
        laid["kind"] = kind
        other = desk.folder / f"{kind}.evidence"
        other.write_text(json.dumps(laid))
        code, read = desk.run(
            "evidence",
            "verify",
            other,
            *words[1:],
            "--policy",
            policy,
            "--at",
            expected[name]["verify_at"],
        )
        assert (code, read["error"]) == (1, "EvidenceInvalid"), kind


def test_a_gpu_stands_beside_a_processor_and_never_alone(
    desk: Desk, expected: dict[str, Any]
) -> None:
    """Its report is genuine, and needs a processor, a rule, and the right nonce."""
    report = desk.folder / "report"
    text = (desk.fixtures / "gpu/hopper_report.txt").read_text().strip()
    report.write_bytes(bytes.fromhex(text))
    chain = desk.fixtures / "gpu/hopper_cert_chain.txt"
    gpu = desk.folder / "gpu.evidence"
    code, _ = desk.run(
        *("evidence", "pack", "nvidia-gpu", "--part", f"report={report}"),
        *("--part", f"chain={chain}", "--out", gpu),
    )
    assert code == 0
    name, at = (
        "snp/genoa_report_v3.bin",
        expected["snp/genoa_report_v3.bin"]["verify_at"],
    )
    code, shown = desk.run("evidence", "show", gpu, "--at", at)
    assert code == 0
    nonce = shown["claims"]["report_data"]
    policy = desk.policy(expected[name], at)
    line = ("--policy", policy, "--at", at)
    code, read = desk.run("evidence", "verify", gpu, *line)
    assert (code, _bad(read)) == (1, ["appraisal.kind"])
    words = (*desk.pack(name, expected[name]), *line, "--gpu", gpu)
    code, read = desk.run("evidence", "verify", *words, "--gpu-nonce", nonce)
    assert (code, _bad(read)) == (1, ["appraisal.submodule"])
    made = json.loads(policy.read_bytes())
    made["runner"]["nvidia-gpu"] = {"driver_version": None, "vbios_version": None}
    policy.write_text(json.dumps(made))
    assert desk.run("evidence", "verify", *words, "--gpu-nonce", nonce)[0] == 0
    code, read = desk.run("evidence", "verify", *words, "--gpu-nonce", "00" * 32)
    assert (code, _bad(read)) == (1, ["appraisal.submodule_data"])
    code, read = desk.run("evidence", "verify", *words[:-2])
    assert (code, _bad(read)) == (1, ["appraisal.submodule"])


def test_show_says_what_was_not_verified(desk: Desk, expected: dict[str, Any]) -> None:
    """Without a time nothing is verified; with one the claims are shown."""
    name = "sgx/quote_v3.bin"
    words = desk.pack(name, expected[name])
    code, read = desk.run("evidence", "show", words[0])
    assert code == 0
    assert read["done"] == "sgx-dcap, nothing of it verified"
    assert "claims" not in read
    code, read = desk.run("evidence", "show", *words, "--at", "2025-07-04")
    assert code == 0
    assert read["claims"]["mr_enclave"] == expected[name]["mr_enclave"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"v":1}',
        b"[" * 100_000,
        b'{"v":1,"type":"privshare.evidence","kind":"sev-snp","parts":{}}',
        b'{"v":1,"type":"privshare.evidence","kind":"tdx-dcap","parts":{"quote":"AA"}}',
        b'{"v":1,"type":"privshare.evidence","kind":"aws-nitro","parts":'
        b'{"document":"hEQ"}}',
        b'{"v":1,"type":"privshare.evidence","kind":"other","parts":{}}',
        b'{"v":1,"type":"privshare.evidence","kind":"tpm2","parts":{"quote":3}}',
        b'{"v":' + b"9" * 6000 + b"}",
    ],
    ids=lambda data: str(data)[:30],
)
def test_garbage_is_an_error_of_ours(
    data: bytes, desk: Desk, expected: dict[str, Any]
) -> None:
    """In any of the files: exit code 1, an error with a name, no traceback."""
    name = "sgx/quote_v3.bin"
    words = desk.pack(name, expected[name])
    policy = desk.policy(expected[name], "2025-07-04")
    bad = desk.folder / "bad"
    bad.write_bytes(data)
    for line in (
        [bad, *words[1:], "--policy", policy],
        [words[0], "--endorsements", bad, "--policy", policy],
        [*words, "--policy", bad],
        [*words, "--policy", policy, "--roots", bad],
    ):
        code, read = desk.run("evidence", "verify", *line, "--at", "2025-07-04")
        assert code == 1, read
        assert read["error"] in ("EncodingError", "EvidenceInvalid", "OutOfRange")


def test_wrong_use_is_told(desk: Desk, expected: dict[str, Any]) -> None:
    """Exit code 2: a file that is not there, a time that is none."""
    name = "sgx/quote_v3.bin"
    words = desk.pack(name, expected[name])
    policy = desk.policy(expected[name], "2025-07-04")
    for line in (
        ["nowhere", "--policy", policy, "--at", "2025-07-04"],
        [words[0], "--policy", "nowhere", "--at", "2025-07-04"],
        [words[0], "--policy", policy, "--at", "yesterday"],
        [words[0], "--policy", policy, "--at", "-5"],
        [words[0], "--policy", policy, "--at", "9" * 30],
        [words[0], "--policy", policy, "--at", "2025-07-04", "--report-data", "zz"],
        [desk.folder, "--policy", policy, "--at", "2025-07-04"],
    ):
        code, read = desk.run("evidence", "verify", *line)
        assert (code, read["error"]) == (2, "ConfigError")
    code, read = desk.run("evidence", "pack", "sev-snp", "--part", "x", "--out", "y")
    assert (code, read["error"]) == (2, "ConfigError")


PROGRAM = """
import sys

import socket

def refuse(*args, **kwargs):
    raise RuntimeError("no network here")

socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from privshare.cli.main import main
code = main(sys.argv[1:])
print(sorted(n for n in sys.modules if n.split(".")[0] in
      ("wasmtime", "dcap_qvl", "cbor2", "flask", "httpx", "sqlmodel")))
sys.exit(code)
"""


def test_the_command_needs_no_network_and_loads_what_it_uses(
    desk: Desk, expected: dict[str, Any]
) -> None:
    """No socket can be made; a Nitro document loads no parser of quotes."""
    for name, loaded in (
        ("nitro/doc_release_2025.cbor", "[]"),
        ("sgx/quote_v3.bin", "['dcap_qvl"),
    ):
        entry = expected[name]
        words = desk.pack(name, entry)
        at = entry["verify_at"]
        policy = desk.policy(entry, at)
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                PROGRAM,
                "evidence",
                "verify",
                *words,
                "--policy",
                str(policy),
                "--at",
                at,
            ],
            capture_output=True,
            text=True,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(REPOSITORY)},
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1].startswith(loaded), done.stdout
