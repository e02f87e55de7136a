"""An attested job among real processes, on a TPM in software where there is one.

The registrar's node runs jobs and hosts the log, the tax office owns, housing
asks. Everything goes over REST, the module comes from the library, and the
receipt is judged by an auditor who brings the roots.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from process_kit import PASSPHRASE, Nodes

from privshare import sdk
from privshare.audit.trust_root import EvidenceRoots
from privshare.audit.verifier import verify
from privshare.demo import software_tpm
from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.evidence import Root, RootSet
from privshare.jobs.attestation.roots import root_document
from privshare.jobs.wasm import library
from privshare.rights import identifier
from privshare.schemes.keys import SigningKey
from privshare.sdk import wallet
from privshare.service import node_process
from privshare.wire.canonical import b64u, decode, encode, unb64u
from privshare.wire.digest import sha256

pytestmark = pytest.mark.server

AGENCIES = ["registrar", "housing", "tax"]
CODE = library.module("group").closure.digest()
PROGRAM = identifier.measured(CODE)
ROWS = 400

RULE: dict[str, Any] = {
    "automatic": True,
    "columns": ["paid"],
    "confirmations": 0,
    "effect": "permit",
    "grantees": ["*"],
    "group_by": ["district"],
    "id": "runs",
    "max_budget": 0,
    "max_days": 60,
    "max_delegable": 0,
    "max_uses": 90,
    "min_k": 5,
    "obligations": [],
    "operations": ["run"],
    "programs": [PROGRAM],
    "purposes": ["planning"],
    "rights": ["process"],
}


def policy(kind: str, entry: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An appraisal policy for one kind of test machine."""
    return {
        "accept_classes": ["simulated", "software"],
        "code": [{"digest": b64u(CODE), "provenance": "the library"}],
        "debug": "forbid",
        "id": "trial",
        "instances": {"allow": None, "deny": []},
        "max_evidence_age_s": 300,
        "max_log_delay_s": 60,
        "not_after": int(time.time()) + 86_400,
        "not_before": int(time.time()) - 3_600,
        "runner": {kind: entry},
        "transparency": {"code_must_be_listed": True, "witnesses": 1},
        "type": "privshare.appraisal-policy",
        "v": 1,
        "version": 1,
        **changes,
    }


class Scene:
    """The network, its roots, and the policy that takes its machine."""

    def __init__(self, nodes: Nodes, roots: bytes, policy: dict[str, Any]) -> None:
        self.nodes, self.roots, self.policy = nodes, roots, policy

    def done(
        self, agency: str, role: str, method: str, path: str, body: Any = None
    ) -> Any:
        answer = self.nodes.call(agency, role, method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def ask(self, **changes: Any) -> dict[str, Any]:
        """Run `group` and return the job as it ended."""
        body = {
            "operation": "run",
            "method": "tee",
            "module": "group",
            "columns": ["paid"],
            "group_by": ["district"],
            "parameters": {"by": ["district"], "columns": ["paid"], "extremes": False},
            "purpose": "planning",
            "inputs": [{"dataset": "tax/deed"}],
            "parties": {"compute": "registrar"},
            **changes,
        }
        job = self.done("housing", "analyst", "POST", "/v1/jobs", body)
        for _ in range(600):
            job = self.done("housing", "analyst", "GET", f"/v1/jobs/{job['id']}")
            if job["phase"] in ("done", "failed"):
                return dict(job)
            time.sleep(0.05)
        raise AssertionError(job)

    def judged(self, receipt: str, trial: bool = True) -> Any:
        """What an auditor says."""
        data = self.nodes.call("housing", "auditor", "GET", f"/v1/receipts/{receipt}")
        trust = self.nodes.client.get(
            self.nodes.urls["registrar"] + "/v1/trust"
        ).content
        roots = EvidenceRoots((self.roots,), trial=True) if trial else None
        return verify(data.content, trust, int(time.time()), roots=roots)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A running network with a TPM in software at the registrar's."""
    if not software_tpm.available():
        pytest.skip("swtpm is not installed")
    folder = tmp_path_factory.mktemp("attested")
    with ExitStack() as closing:
        tpm = closing.enter_context(software_tpm.start(folder / "tpm"))
        nodes = Nodes(folder / "nodes", AGENCIES, ["steward", "analyst", "auditor"])
        closing.callback(nodes.close)
        roots, endorsements = _enrol(tpm)
        for agency in AGENCIES:
            home = nodes.folder / agency
            (home / "attestation" / "roots").mkdir(parents=True)
            (home / "attestation" / "roots" / "swtpm.json").write_bytes(roots)
            settings = 'deployment = "trial"\n'
            if agency == "registrar":
                settings += 'attestation = "tpm2"\n'
                settings += f'attestation_tcti = "{tpm.tcti}"\n'
                (home / "attestation" / "endorsements.json").write_bytes(endorsements)
            with (home / "node.toml").open("a") as file:
                file.write(settings)
        nodes.start()
        entry = {"event_log_pcr": 14, "pcr": {"0": ["00" * 32]}}
        made = Scene(nodes, roots, policy("tpm2", entry))
        _prepare(made)
        yield made


def _enrol(tpm: software_tpm.SoftwareTpm) -> tuple[bytes, bytes]:
    """Enrol the TPM, as its operator does once; the roots, the endorsements."""
    from privshare.jobs.attestation.collect.tpm_device import (
        TpmCollector,
        enrol,
    )

    enroller = SigningKey.generate()
    raw = enroller.verify_key.raw
    known = RootSet(
        (tpm.root, Root("test enroller", "tpm-enroller", sha256(raw), "software"))
    )
    with TpmCollector(tpm.tcti) as collector:
        found = enrol(collector, enroller, tpm.chain, known, int(time.time()))
    root = x509.load_pem_x509_certificates(tpm.chain)[-1].public_bytes(Encoding.DER)
    document = root_document(
        [
            (tpm.root.name, "swtpm", "software", root),
            ("test enroller", "tpm-enroller", "software", raw),
        ]
    )
    return encode(document), encode(found.to_json())


def _prepare(scene: Scene) -> None:
    """List the code, set the policy, publish a table, grant a right."""
    scene.done("registrar", "steward", "POST", "/v1/code", {"module": "group"})
    _until(lambda: scene.done("tax", "steward", "GET", "/v1/code")["items"])
    code = b64u(CODE)
    shown = scene.done("tax", "steward", "POST", f"/v1/code/{code}/approvals")
    assert shown["status"] == "listed"
    scene.done("tax", "steward", "PUT", "/v1/appraisal-policy", scene.policy)
    table = "id,district,paid\n" + "".join(
        f"R-{n},{('east', 'west')[n % 2] if n else 'north'},{n}.50\n"
        for n in range(ROWS)
    )
    draft = scene.nodes.call(
        "tax",
        "steward",
        "POST",
        "/v1/drafts?filename=t.csv",
        table.encode(),
        {"content-type": "text/csv"},
    ).json()
    body = {
        "draft": draft["draft"],
        "key": "id",
        "name": "deed",
        "policy": {"rules": [RULE]},
        "title": "Deed tax",
    }
    scene.done("tax", "steward", "POST", "/v1/datasets", body)
    _until(lambda: scene.done("housing", "steward", "GET", "/v1/datasets")["items"])
    wanted = {
        "columns": ["paid"],
        "dataset": "tax/deed",
        "group_by": ["district"],
        "k": 10,
        "operations": ["run"],
        "programs": ["group"],
        "purpose": "planning",
        "uses": 50,
    }
    grant = scene.done("housing", "analyst", "POST", "/v1/grants", wanted)
    path = f"/v1/grants/{grant['id']}"
    _until(lambda: scene.done("housing", "analyst", "GET", path)["status"] == "active")


def _until(true: Any) -> None:
    for _ in range(200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


def test_on_a_software_tpm(scene: Scene) -> None:
    """A job on a software TPM gives sums by group, and its receipt verifies."""
    job = scene.ask()
    assert job["phase"] == "done", (job, scene.nodes.log("registrar"))
    path = f"/v1/jobs/{job['id']}/result"
    result = scene.done("housing", "analyst", "GET", path)
    output: Any = decode(unb64u(result["output"]))
    assert [one["count"] for one in output["groups"]] == [199, 200], output
    verdict = scene.judged(job["receipt"])
    assert verdict.outcome == "valid", verdict.report()
    assert "software" in verdict.report()
    without = scene.judged(job["receipt"], trial=False)
    assert without.outcome == "invalid", "test roots must be brought by the auditor"


def test_explained_in_words(scene: Scene) -> None:
    """What would happen names the runner, the class, and what it is worth."""
    body = {
        "operation": "run",
        "method": "tee",
        "module": "group",
        "columns": ["paid"],
        "group_by": ["district"],
        "parameters": {"by": ["district"], "columns": ["paid"], "extremes": False},
        "purpose": "planning",
        "inputs": [{"dataset": "tax/deed"}],
        "parties": {"compute": "registrar"},
    }
    shown = scene.done("housing", "analyst", "POST", "/v1/jobs/estimate", body)
    assert shown["method"] == "tee"
    assert "machine of registrar" in shown["technique"]
    assert {one["agency"] for one in shown["parties"]} == set(AGENCIES)


def test_the_sdk_takes_no_test_machine_unasked(scene: Scene, tmp_path: Path) -> None:
    """A result of class software is returned to whoever names the class alone."""
    nodes = scene.nodes
    key = wallet.create_key(tmp_path / "analyst.key", PASSPHRASE)
    node_process.enrol(nodes.folder / "housing", key, roles=["analyst"])
    trust = nodes.client.get(nodes.urls["registrar"] + "/v1/trust").text
    with sdk.connect(
        nodes.urls["housing"],
        key=tmp_path / "analyst.key",
        passphrase=PASSPHRASE,
        trust=trust,
        roots=EvidenceRoots((scene.roots,), trial=True),
    ) as net:
        query = sdk.program(
            "group",
            net.dataset("tax/deed"),
            columns=["paid"],
            by=["district"],
            parameters={"by": ["district"], "columns": ["paid"], "extremes": False},
            runner="registrar",
        )
        assert "registrar" in str(query.explain())
        with pytest.raises(EvidenceInvalid) as refused:
            query.run()
        assert refused.value.detail["rule"] == "accept.class"
        result = query.run(accept=("software",))
        assert (result.trust_class, result.value["suppressed"]) == ("software", 1)
        assert result.receipt.operation == "job.result"
        (listed,) = net.programs.list()
        assert listed.str("status") == "listed"


def test_a_policy_that_says_no(scene: Scene) -> None:
    """The owner's refusal ends the job on the ledger, and its rule is shown."""
    entry = {"event_log_pcr": 14, "pcr": {"0": ["11" * 32]}}
    narrow = policy("tpm2", entry, version=2)
    scene.done("tax", "steward", "PUT", "/v1/appraisal-policy", narrow)
    try:
        job = scene.ask()
    finally:
        wide = {**scene.policy, "version": 3}
        scene.done("tax", "steward", "PUT", "/v1/appraisal-policy", wide)
    assert job["phase"] == "failed"
    assert job["problem"]["rule"] == "appraisal.pcr"
    assert job["problem"]["party"] == "tax"


def test_production_refuses_to_start(scene: Scene, tmp_path: Path) -> None:
    """A node in production does not start with a test root in its folder."""
    from privshare.errors import ConfigError
    from privshare.service.attesting import read_roots

    (tmp_path / "swtpm.json").write_bytes(scene.roots)
    with pytest.raises(ConfigError):
        read_roots(tmp_path, production=True)
