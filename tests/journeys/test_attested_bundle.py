"""A whole attested job with real verifiers: a machine that is played, and real ones.

The machine is the simulator, whose evidence is signed and verified like any
other; what it is worth is said by its class. Recorded evidence of real
machines belongs to other jobs, and is refused here for that alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from privshare.errors import EncodingError, EvidenceInvalid, PrivShareError
from privshare.jobs.attestation.binding import Admission, Conclusion, nonce_commitment
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.check import (
    Checked,
    Expected,
    check_admission,
    check_bundle,
    reappraise,
)
from privshare.jobs.attestation.evidence import Endorsements, Evidence, RootSet
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.roots import BUILT_IN, load_roots, root_document
from privshare.log.checkpoint import Checkpoint
from privshare.simulation.simulator import Simulator
from privshare.wire import domain
from privshare.wire.digest import digest_json, digest_text

BEGUN = 1_760_000_000
ATTESTED, OPENED = BEGUN + 20, BEGUN + 90
JOB = "Q" * 42 + "A"
CLOSURE: Any = {"module": "group", "runtime": "wasmtime", "v": 1}
CODE = digest_json(domain.PROGRAM, CLOSURE)
MEASUREMENT = bytes(range(48))
NONCES = {name: bytes((n,)) * 32 for n, name in enumerate(("housing", "tax", "title"))}


def make_policy(**changed: Any) -> AppraisalPolicy:
    """An owner's policy for a trial."""
    document: dict[str, Any] = {
        "v": 1,
        "type": "privshare.appraisal-policy",
        "id": "trial",
        "version": 1,
        "not_before": BEGUN - 1000,
        "not_after": BEGUN + 1000,
        "accept_classes": ["simulated"],
        "debug": "forbid",
        "max_evidence_age_s": 300,
        "max_log_delay_s": 60,
        "code": [{"digest": digest_text(CODE), "provenance": ""}],
        "runner": {"simulated": {"measurement": [MEASUREMENT.hex()]}},
        "instances": {"allow": None, "deny": []},
        "transparency": {"code_must_be_listed": True, "witnesses": 1},
    }
    document.update(changed)
    return AppraisalPolicy.from_json(document)


POLICIES = (("tax", make_policy()), ("title", make_policy(id="trial-2")))
MACHINE = Simulator(
    seed=bytes(range(32)), measurement=MEASUREMENT, clock=lambda: BEGUN + 10
)
ENDING = replace(MACHINE, clock=lambda: BEGUN + 80)
NONE = Endorsements({})
ADMISSION = Admission(
    network="demo.privshare",
    job=JOB,
    nonces=tuple(NONCES.items()),
    spec=bytes(32),
    code=CODE,
    runner=MEASUREMENT,
    policies=tuple((name, one.digest()) for name, one in POLICIES),
    hpke_public_key=bytes(32),
    checkpoint=Checkpoint("demo.privshare/log", 99, bytes(32)),
)


def admit(admission: Admission, machine: Simulator = MACHINE) -> AttestedBundle:
    """What a runner presents before data is released."""
    return AttestedBundle(
        admission=admission,
        evidence=machine.collect(admission.report_data("simulated")),
        endorsements=NONE,
        policies=POLICIES,
        closure=CLOSURE,
    )


def conclude(bundle: AttestedBundle, machine: Simulator = ENDING) -> AttestedBundle:
    """What it presents at the end."""
    conclusion = Conclusion(
        admission=bundle.admission.digest(),
        inputs=(("tax/returns", bytes(32)), ("title/owners", bytes(32))),
        output=bytes(32),
        exit=0,
        fuel=123,
        charge=0,
    )
    evidence = machine.collect(conclusion.report_data("simulated"))
    return bundle.concluded(conclusion, evidence, NONE)


BUNDLE = conclude(admit(ADMISSION))


def expect(bundle: AttestedBundle) -> Expected:
    """What the log says of this bundle, where everybody logged it so."""
    return Expected(
        network="demo.privshare",
        origin="demo.privshare/log",
        job=JOB,
        spec=bytes(32),
        code=CODE,
        commitments={
            party: nonce_commitment(JOB, party, nonce)
            for party, nonce in NONCES.items()
        },
        policies=dict(ADMISSION.policies),
        begun=BEGUN,
        attested=ATTESTED,
        opened=OPENED,
        admitted=bundle.admitted().digest(),
        concluded=bundle.conclusion.digest() if bundle.conclusion else None,
        listed=True,
        witnesses=1,
    )


TRIAL = load_roots(
    [
        root_document(
            [(MACHINE.root.name, "simulated", "simulated", MACHINE.public_key)]
        )
    ],
    production=False,
)


def check(
    bundle: AttestedBundle = BUNDLE, expected: Expected | None = None, **told: Any
) -> Checked:
    """Check a bundle in a trial."""
    words: dict[str, Any] = {"roots": TRIAL, "production": False, **told}
    return check_bundle(bundle, expected or expect(bundle), **words)


def rule(call: Callable[[], object]) -> str:
    """The rule that refuses."""
    with pytest.raises(EvidenceInvalid) as caught:
        call()
    found = caught.value.detail["rule"]
    assert isinstance(found, str)
    return found


def test_a_job_from_admission_to_audit() -> None:
    """Owners accept before, the auditor after, from the archived bytes alone."""
    early = replace(
        expect(BUNDLE), opened=None, concluded=None, admitted=None, attested=BEGUN + 11
    )
    for owner in ("tax", "title"):
        found = check_admission(
            admit(ADMISSION), early, roots=TRIAL, production=False, parties={owner}
        )
        assert set(found.appraisals) == {owner}
        assert found.appraisals[owner].trust_class == "simulated"
    archived = AttestedBundle.from_bytes(BUNDLE.to_bytes())
    first, second = check(archived), check(archived)
    assert first == second
    assert first.appraisals["tax"].status == "warning"
    verdicts = reappraise(
        archived, expect(BUNDLE), roots=TRIAL, production=False, now=BEGUN + 10**8
    )
    assert verdicts == first.appraisals


def test_production_refuses_it_whatever_was_agreed() -> None:
    """No root, no flag, no policy: the class is not for production."""
    assert rule(lambda: check(roots=RootSet(BUILT_IN))) == "root.unknown"
    assert rule(lambda: check(production=True)) == "appraisal.production"
    document = root_document(
        [(MACHINE.root.name, "simulated", "simulated", MACHINE.public_key)]
    )
    assert rule(lambda: load_roots([document], production=True)) == "root.class"


OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("bundle.nonces", {"nonces": (*ADMISSION.nonces[:2], ("title", b"\x09" * 32))}),
    ("bundle.nonces", {"nonces": ADMISSION.nonces[:2]}),
    ("bundle.job", {"job": "R" * 42 + "A"}),
    ("bundle.network", {"network": "other.privshare"}),
    ("bundle.spec", {"spec": b"\x01" * 32}),
    ("bundle.code", {"code": b"\x01" * 32}),
    ("bundle.runner", {"runner": bytes(48)}),
    ("bundle.policy", {"policies": ADMISSION.policies[:1]}),
    ("bundle.log", {"checkpoint": Checkpoint("test.log/x", 99, bytes(32))}),
]


@pytest.mark.parametrize(("name", "changed"), OTHERS, ids=lambda x: str(x)[:40])
def test_evidence_that_is_honest_about_another_job(
    name: str, changed: dict[str, Any]
) -> None:
    """Made and logged for other things than the job's: refused by the log."""
    bundle = conclude(admit(replace(ADMISSION, **changed)))
    assert rule(lambda: check(bundle)) == name


@pytest.mark.parametrize(
    "changed",
    [
        {"hpke_public_key": b"\x01" * 32},
        {"checkpoint": Checkpoint("demo.privshare/log", 98, bytes(32))},
    ],
    ids=str,
)
def test_a_swapped_key_is_refused(changed: dict[str, Any]) -> None:
    """The machine did not say this key, though the log has this bundle."""
    bundle = replace(admit(ADMISSION), admission=replace(ADMISSION, **changed))
    expected = replace(expect(bundle), opened=None)
    assert rule(
        lambda: check_admission(bundle, expected, roots=TRIAL, production=False)
    ) == ("appraisal.report_data")


def test_times_decide() -> None:
    """Before it was made, after it ran out, too long after the nonces."""
    late = replace(expect(BUNDLE), begun=BEGUN - 400)
    assert rule(lambda: check(expected=late)) == "appraisal.max_evidence_age_s"
    early = replace(expect(BUNDLE), attested=BEGUN + 5)
    assert rule(lambda: check(expected=early)) == "simulated.not-yet-valid"
    over = replace(expect(BUNDLE), opened=BEGUN + 10_000)
    assert rule(lambda: check(expected=over)) == "simulated.expired"


def test_another_machine_at_the_end_is_refused() -> None:
    """Admitted by one key, concluded by another that is known, too."""
    other = replace(ENDING, seed=b"\x05" * 32)
    bundle = conclude(admit(ADMISSION), other)
    roots = RootSet((*TRIAL.roots, other.root))
    assert rule(lambda: check(bundle, roots=roots)) == "bundle.machine"


def test_debug_is_refused() -> None:
    """A simulated machine that says that it can be looked into."""
    bundle = conclude(admit(ADMISSION, replace(MACHINE, debug=True)))
    assert rule(lambda: check(bundle)) == "appraisal.debug"


def test_relabelled_evidence_is_refused() -> None:
    """Every other kind has a parser that this is no evidence for."""
    for kind in ("sev-snp", "tdx-dcap", "sgx-dcap", "aws-nitro", "nvidia-gpu", "tpm2"):
        evidence = Evidence(kind, BUNDLE.evidence.parts)
        bundle = replace(BUNDLE, evidence=evidence)
        assert rule(lambda b=bundle: check(b))  # type: ignore[misc]


def test_no_bit_of_a_bundle_can_be_flipped() -> None:
    """A sample of single bits in the document, held against the log's digests."""
    data = BUNDLE.to_bytes()
    expected = expect(BUNDLE)
    for place in range(0, len(data) * 8, 97):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(PrivShareError):
            check(AttestedBundle.from_bytes(bytes(flipped)), expected)


RECORDED = {
    "tdx/quote_v4_td10.bin": 1_751_587_200,
    "tdx/quote_v5_td15.bin": 1_772_668_800,
    "sgx/quote_v3.bin": 1_751_587_200,
    "snp/milan_report_v2.bin": 1_704_067_200,
    "snp/genoa_report_v3.bin": 1_748_736_000,
    "nitro/doc_release_2025.cbor": 1_766_668_537,
}


@pytest.mark.parametrize("name", RECORDED)
def test_genuine_evidence_of_another_job_is_refused(name: str, vectors: Path) -> None:
    """A real machine of a real maker that never answered this job's nonces."""
    folder = vectors.parent / "fixtures" / "attestation"
    if not (folder / name).is_file():
        pytest.skip("no recorded evidence beside the test vectors")
    entry = json.loads((folder / "expected.json").read_bytes())[name]
    evidence, endorsements = _recorded(folder, name, entry)
    at = RECORDED[name]
    measured = entry.get("mr_td") or entry.get("mr_enclave") or entry.get("measurement")
    runner = bytes.fromhex(measured or entry["pcrs"]["0"])
    admission = replace(ADMISSION, runner=runner)
    bundle = replace(
        admit(ADMISSION),
        admission=admission,
        evidence=evidence,
        endorsements=endorsements,
    )
    expected = replace(expect(bundle), begun=at - 5, attested=at, opened=None)
    with pytest.raises(EvidenceInvalid) as caught:
        check_admission(
            bundle, expected, roots=load_roots((), production=True), production=True
        )
    bad = {
        one["rule"]
        for one in caught.value.detail["findings"]
        if one["verdict"] == "contraindicated"
    }
    assert "appraisal.report_data" in bad


def _recorded(
    folder: Path, name: str, entry: dict[str, Any]
) -> tuple[Evidence, Endorsements]:
    data = (folder / name).read_bytes()
    kind = entry["kind"]
    if kind == "aws-nitro":
        return Evidence(kind, {"document": data}), NONE
    if kind == "sev-snp":
        vek = (folder / entry["endorsement"]).read_bytes()
        chain = (folder / entry["chain"]).read_bytes()
        return Evidence(kind, {"report": data}), Endorsements(
            {"vek": vek, "chain": chain}
        )
    collateral = (folder / entry["collateral"]).read_bytes()
    return Evidence(kind, {"quote": data}), Endorsements({"collateral": collateral})


def test_an_archive_elsewhere_gives_the_same_verdict() -> None:
    """Bytes of endorsements may be kept apart; a bundle without them is refused."""
    bundle = replace(BUNDLE, endorsements=Endorsements({"chain": b"x" * 1000}))
    slim = bundle.to_json(archive=False)
    read = AttestedBundle.from_json(slim, bundle.archive().get)
    assert read.digest() == bundle.digest()
    assert rule(lambda: AttestedBundle.from_json(slim)) == "bundle.archive"
    with pytest.raises(EncodingError):
        AttestedBundle.from_json(slim, lambda digest: b"y")
