"""Measured jobs at the auditor: what holds is said, and each lie has its step.

Every case is a real job on the ledger, which holds digests and would take any;
only somebody who looks at the evidence finds out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import measured
import pytest
from measured import Job
from network import START, Filed, Network

from privshare.audit.report import Verdict
from privshare.audit.trust_root import EvidenceRoots
from privshare.audit.verifier import verify
from privshare.errors import NotPermitted
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.log.checkpoint import Checkpoint
from privshare.simulation.simulator import Simulator
from privshare.wire.canonical import b64u, encode

Change = Callable[[Job], Any]


def judge(network: Network, filed: Filed, **changes: Any) -> Verdict:
    """The verdict a minute later, with the network's test root."""
    fields: dict[str, Any] = {"roots": network.roots} | changes
    trust = fields.pop("trust", network.trust)
    now = fields.pop("now", network.now + 60)
    return verify(filed.data, trust, now, filed.attachments.get, **fields)


def failed(verdict: Verdict) -> list[int]:
    """The steps that failed."""
    return [step.number for step in verdict.steps if step.outcome == "failed"]


def finish(job: Job, release: Any = None, **conclusion: Any) -> Filed:
    """A whole job, whatever is wrong with it."""
    if job.bundle is None:
        job.collect()
    if job.attested is None:
        job.attest(job.bundle)
    release = release or job.release()
    job.conclude(release, **conclusion)
    return filed(job, release)


def filed(job: Job, release: Any) -> Filed:
    """The receipt of a job that has concluded."""
    at, result = job.finish(release)
    receipt = job.network.receipt(
        "job.result", at, evidence=job.evidence, result=result
    )
    return Filed(receipt)


def other_evidence(job: Job, **machine: Any) -> None:
    """The evidence is of a machine that differs."""
    bundle = job.collect()
    fields: dict[str, Any] = {
        "seed": bytes(31) + b"m",
        "measurement": measured.RUNNER,
        "clock": lambda: job.network.now,
    }
    runner = Simulator(**(fields | machine))
    evidence = runner.collect(bundle.admission.report_data("simulated"))
    job.bundle = replace(bundle, evidence=evidence)


def _checkpoint(job: Job) -> Checkpoint:
    return replace(measured.checkpoint(job.network), origin="other/log")


ADMISSIONS: dict[str, tuple[Change, str]] = {
    "another nonce": (
        lambda job: job.collect(nonces=(("housing", bytes(32)), ("tax", bytes(32)))),
        "nonce that housing committed to",
    ),
    "a nonce too few": (
        lambda job: job.collect(nonces=(("tax", job.nonces["tax"]),)),
        "nonce of every party",
    ),
    "another specification": (
        lambda job: job.collect(spec=bytes(32)),
        "expected the spec of the log",
    ),
    "another program": (
        lambda job: job.collect(code=bytes(32)),
        "expected the code of the log",
    ),
    "another network": (
        lambda job: job.collect(network="other.net"),
        "expected the network of the log",
    ),
    "another job": (
        lambda job: job.collect(job="A" * 43),
        "expected the job of the log",
    ),
    "another policy": (
        lambda job: job.collect(policies=(("tax", bytes(32)),)),
        "policies that the log names",
    ),
    "another log": (
        lambda job: job.collect(checkpoint=_checkpoint(job)),
        "checkpoint of this log",
    ),
    "another runner": (
        lambda job: job.collect(runner=bytes(48)),
        "runner that was announced",
    ),
    "another closure": (
        lambda job: setattr(job, "bundle", replace(job.collect(), closure={"x": 1})),
        "closure that the code's digest names",
    ),
    "a machine that can be looked into": (
        lambda job: other_evidence(job, debug=True),
        "debug is on",
    ),
    "a machine nobody knows": (
        lambda job: other_evidence(job, seed=bytes(32)),
        "a known root of simulated",
    ),
    "a machine that measured another runner": (
        lambda job: other_evidence(job, measurement=bytes(48)),
        "runner that was announced",
    ),
    "evidence from before": (
        lambda job: other_evidence(job, clock=lambda: job.network.now - 10_000),
        "found",
    ),
    "evidence from later": (
        lambda job: other_evidence(job, clock=lambda: job.network.now + 10_000),
        "found",
    ),
}


@pytest.mark.parametrize("case", list(ADMISSIONS))
def test_wrong_evidence_fails_the_seventh_step(network: Network, case: str) -> None:
    """The log took its digest; whoever reads it refuses, whenever."""
    change, said = ADMISSIONS[case]
    job = measured.begin(network)
    change(job)
    assert job.bundle is not None
    at = job.attest(job.bundle)
    evidence = {"bundle": job.bundle.to_json(), "spec": job.spec.to_json()}
    receipt = Filed(network.receipt("job.attest", at, evidence=evidence))
    verdict = judge(network, receipt)
    assert failed(verdict) == [7], verdict.report()
    assert said in verdict.step(7).line()
    assert "Trust class: none." in verdict.headline[-1]
    assert "trust_class" not in verdict.facts


def test_evidence_for_another_job_is_no_evidence(network: Network) -> None:
    """A replay: bound to the nonces of the job before, announced for the next."""
    first, second = measured.begin(network), measured.begin(network)
    bundle = first.collect()
    second.bundle = replace(second.collect(), evidence=bundle.evidence)
    at = second.attest(second.bundle)
    evidence = {"bundle": second.bundle.to_json(), "spec": second.spec.to_json()}
    verdict = judge(
        network, Filed(network.receipt("job.attest", at, evidence=evidence))
    )
    assert failed(verdict) == [7] and "report data" in verdict.step(7).line()


CONCLUSIONS: dict[str, tuple[dict[str, Any], int, str]] = {
    "another output": ({"output": bytes(32)}, 8, "output that the machine"),
    "a program that failed": ({"exit": 1}, 8, "ended well"),
    "more work than allowed": ({"fuel": 10_000_000_001}, 8, "fuel up to"),
    "a charge": ({"charge": 1}, 8, "a charge up to 0"),
    "another table": (
        {"inputs": (("tax/deed-tax-2025", bytes(32)),)},
        6,
        "tables that were released",
    ),
    "another admission": ({"admission": bytes(32)}, 7, "expected this admission's"),
}


@pytest.mark.parametrize("case", list(CONCLUSIONS))
def test_a_wrong_conclusion_fails_its_step(network: Network, case: str) -> None:
    """What the machine signed at the end is not what the receipt claims."""
    changes, step, said = CONCLUSIONS[case]
    verdict = judge(network, finish(measured.begin(network), **changes))
    assert step in failed(verdict), verdict.report()
    assert said in verdict.step(step).line()


RELEASES: dict[str, dict[str, Any]] = {
    "to another machine": {"admission": bytes(32)},
    "of another job": {"job": "A" * 43},
    "of another version": {"version": 2},
    "of fewer columns": {"columns": ("tax_paid",)},
    "of more columns": {"columns": ("district", "parcel", "tax_paid")},
    "of more rows than there are": {"rows": 25},
}


@pytest.mark.parametrize("case", list(RELEASES))
def test_a_wrong_release_fails_the_sixth_step(network: Network, case: str) -> None:
    """The owner signed something else."""
    job = measured.begin(network)
    job.attest()
    verdict = judge(network, finish(job, job.release(**RELEASES[case])))
    assert failed(verdict) == [6], verdict.report()


def test_the_conclusion_is_the_one_announced(network: Network) -> None:
    """A run is not repeated until its result pleases."""
    job = measured.begin(network)
    job.attest()
    release, first = job.release(), job.bundle
    job.conclude(release)
    runner, bundle = measured.machine(network), job.bundle
    assert first is not None and bundle is not None and bundle.conclusion is not None
    other = replace(bundle.conclusion, fuel=2_000)
    job.bundle = first.concluded(
        other, runner.collect(other.report_data("simulated")), runner.endorsements
    )
    verdict = judge(network, filed(job, release))
    assert failed(verdict) == [7]
    assert "the one on the log" in verdict.step(7).line()


def test_the_first_evidence_is_not_the_second(network: Network) -> None:
    """The conclusion must be signed by the machine, too."""
    job = measured.begin(network)
    job.attest()
    release = job.release()
    job.conclude(release)
    bundle = job.bundle
    assert isinstance(bundle, AttestedBundle)
    job.bundle = replace(bundle, conclusion_evidence=bundle.evidence)
    verdict = judge(network, filed(job, release))
    assert failed(verdict) == [7]


def test_the_policy_that_was_anchored_decides(network: Network) -> None:
    """Evidence that its owner's policy would refuse is refused by the auditor."""
    strict = measured.policy(START, code=[])
    job = measured.begin(network, strict)
    verdict = judge(network, finish(job))
    assert failed(verdict) == [7] and "policy names no" in verdict.step(7).line()
    measured.anchored(network, measured.policy(START))


def test_test_roots_are_for_trials_alone(network: Network) -> None:
    """The makers' roots refuse it, and test roots cannot be called production's."""
    receipt = finish(measured.begin(network))
    good = judge(network, receipt)
    assert good.outcome == "valid" and good.facts["trust_class"] == "simulated"
    assert "proves nothing" in good.headline[-1] and "trial" in good.headline[-1]
    assert "this is a trial" in good.step(7).line()
    assert "anything about the machine: the evidence is simulated" in good.not_proven
    makers = judge(network, receipt, roots=None)
    assert failed(makers) == [7]
    disguised = EvidenceRoots(network.roots.documents, trial=False)
    refused = judge(network, receipt, roots=disguised)
    assert (refused.outcome, refused.step(7).outcome) == ("incomplete", "missing")
    assert "cannot be used" in refused.step(7).line()
    for junk in (b"", b"{}", encode({"roots": [], "type": "x", "v": 1})):
        broken = judge(network, receipt, roots=EvidenceRoots((junk,), trial=True))
        assert broken.step(7).outcome == "missing"


def test_witnesses_are_counted_by_the_trust_policy(network: Network) -> None:
    """A policy that asks for two needs somebody who knows them."""
    receipt = finish(measured.begin(network))
    verdict = judge(network, receipt, trust=None)
    assert verdict.step(7).outcome == "missing"
    assert "witnesses" in verdict.step(7).line()


def test_the_verdict_does_not_depend_on_the_day(network: Network) -> None:
    """Long after everything ran out it is what it was; the last step says more."""
    receipt = finish(measured.begin(network))
    soon, late = judge(network, receipt), judge(network, receipt, now=2_500_000_000)
    assert soon.outcome == late.outcome == "valid"
    assert soon.steps[4:8] == late.steps[4:8]
    assert "ran out on" not in soon.step(9).line()
    assert "ran out on" in late.step(9).line()


def test_later_verdicts_are_told_and_change_nothing(network: Network) -> None:
    """A withdrawn program and a second appraisal stand in the ninth step."""
    job = measured.begin(network)
    job.attest()
    release = job.release()
    job.conclude(release)
    at, result = job.finish(release)
    said = {
        "appraisal": b64u(bytes(32)),
        "job": job.id,
        "policy": b64u(job.policy.digest()),
        "reason": "The maker revoked the machine's key.",
        "status": "contraindicated",
    }
    network.submit("job.reappraise", "tax", said)
    receipt = network.receipt("job.result", at, evidence=job.evidence, result=result)
    verdict = judge(network, Filed(receipt))
    assert verdict.outcome == "valid"
    assert "calls it contraindicated" in verdict.step(9).line()
    assert "revoked the machine's key" in verdict.step(9).line()


def test_a_withdrawn_program_is_told(tmp_path: Any) -> None:
    """It ran while it was listed; from then on no evidence is admitted."""
    network = Network(tmp_path)
    try:
        job, waiting = measured.begin(network), measured.begin(network)
        job.attest()
        release = job.release()
        job.conclude(release)
        at, result = job.finish(release)
        body = {"code": b64u(measured.CODE), "reason": "It counts twice."}
        network.submit("code.withdraw", "tax", body)
        with pytest.raises(NotPermitted):
            waiting.attest()
        receipt = network.receipt(
            "job.result", at, evidence=job.evidence, result=result
        )
        verdict = judge(network, Filed(receipt))
        assert verdict.outcome == "valid"
        assert "withdrawn later by tax (It counts twice.)" in verdict.step(9).line()
    finally:
        network.close()


def test_a_refusal_tells_rule_and_bytes(network: Network) -> None:
    """What a party refused, by which rule, and that nothing had left."""
    plain = network.receipt("job.refuse", measured.refuse(measured.begin(network)))
    verdict = judge(network, Filed(plain))
    assert verdict.outcome == "valid"
    assert "by the rule bundle.runner" in verdict.headline[0]
    assert "bytes released: 0" in verdict.headline[1]
    assert verdict.step(7).outcome == "not applicable"
    job = measured.begin(network)
    job.attest()
    assert job.bundle is not None
    unjust = network.receipt(
        "job.refuse",
        measured.refuse(job, "policy.taste"),
        evidence={"bundle": job.bundle.to_json()},
    )
    verdict = judge(network, Filed(unjust))
    assert verdict.outcome == "valid"
    assert "would be accepted here" in verdict.step(7).line()


def test_the_output_is_shown_as_a_table(network: Network) -> None:
    """Rows with their columns and decimals; what is no table says so."""
    job = measured.begin(network)
    verdict = judge(network, finish(job))
    assert "  district east, rows 11, tax_paid 32160.50" in verdict.headline
    assert "  district west, rows 6, tax_paid -0.05" in verdict.headline
