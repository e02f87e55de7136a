"""How an attested job ends at its coordinator: with a result, or refused.

    answers of runners ─► evidence whole ─► output opened ─► result, evidence
    evidence, code or run refused ─► job.refuse: rule, bytes that had left

Implements docs/protocols/attested-job.md, section 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from privshare.errors import EvidenceInvalid, PrivShareError, VerificationError
from privshare.exchange import drawer
from privshare.exchange.appraisal import appraise_bundle
from privshare.exchange.node import Node, open_statement
from privshare.exchange.tee_admission import spec_of
from privshare.exchange.tee_run import output_info
from privshare.exchange.tee_steps import Hands, released, releases
from privshare.jobs.attestation.binding import Conclusion
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.evidence import Endorsements, Evidence
from privshare.jobs.lifecycle import Job, Problem
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.tee_statement import (
    RELEASE,
    Release,
    output_commitment,
    result_document,
)
from privshare.ledger import query_attested
from privshare.rights import identifier
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Json, b64u, unb64u

__all__ = ["Told", "conclude", "concluded", "is_refusal", "refuse", "refused"]

#: Rules by which a job ends that nobody refused.
_ENDINGS = frozenset({"job.cancelled", "job.deadline", "job.status"})


def conclude(hands: Hands, job: Job) -> tuple[dict[str, Json], dict[str, Json]]:
    """Check what the runners answered, and draw result and evidence from it.

    Raises:
        EvidenceInvalid, VerificationError: It is not true; `detail["party"]`
            is the runner.
    """
    spec = spec_of(job)
    handed = releases(hands, job)
    if isinstance(spec, MpcSpec):
        from privshare.exchange import mpc_conclusion  # noqa: PLC0415 - brings numpy

        return mpc_conclusion.conclude(hands, job, spec, handed)
    kind, committed = RELEASE, {}
    for item, given in zip(spec.inputs, handed, strict=True):
        envelope = envelopes.from_json(given)
        payload = open_statement(hands.node.view(), item.owner, kind, envelope)
        committed[item.dataset] = Release.from_bytes(payload).commitment
    told = concluded(hands, job, spec.runner, committed)
    if told.conclusion.fuel > spec.limits.fuel:
        raise refused("a run that ended well within its limits", "another", spec.runner)
    if output_commitment(told.output) != told.conclusion.output:
        raise refused("the output that the machine signed", "another", spec.runner)
    if len(told.output) > spec.limits.output:
        most = spec.limits.output
        raise refused(f"an output of up to {most} bytes", "a longer one", spec.runner)
    evidence: dict[str, Json] = {
        "bundle": told.bundle.to_json(),
        "releases": handed,
        "spec": spec.to_json(),
    }
    return result_document(job.ledger_id, told.output), evidence


@dataclass(frozen=True, slots=True)
class Told:
    """What a runner answered, its evidence found whole.

    Attributes:
        bundle: All of its evidence.
        conclusion: What its machine signed at the end.
        output: What it sealed for us.
        outcome: What it says with other nodes together, or None.
    """

    bundle: AttestedBundle
    conclusion: Conclusion
    output: bytes
    outcome: Json


def concluded(
    hands: Hands, job: Job, runner: str, committed: Mapping[str, bytes]
) -> Told:
    """Read what a runner answered, and judge its evidence as a whole.

    Args:
        hands: Of the coordinator.
        job: The job.
        runner: Whose machine.
        committed: What went in, as its owners signed it, by dataset.

    Raises:
        EvidenceInvalid, VerificationError: It is not true.
    """
    try:
        ran = hands.kept(job, f"ran:{runner}")
        conclusion = Conclusion.from_json(ran["conclusion"])
        bundle = AttestedBundle.from_json(hands.kept(job, f"shown:{runner}")).concluded(
            conclusion,
            Evidence.from_json(ran["evidence"]),
            Endorsements.from_json(ran["endorsements"]),
        )
        if dict(conclusion.inputs) != committed:
            raise refused("the data that the owners released", "other data", runner)
        if conclusion.exit != 0:
            raise refused("a run that ended well", "another", runner)
        appraise_bundle(hands.node, job.ledger_id, bundle, runner=runner, whole=True)
        output = _opened(hands.node, job, conclusion, ran["output"], runner)
    except PrivShareError as error:
        error.detail.setdefault("party", runner)
        raise
    return Told(bundle, conclusion, output, ran["outcome"])


def _opened(
    node: Node, job: Job, conclusion: Conclusion, sealed: Json, runner: str
) -> bytes:
    """The output, with whichever of our keys it was sealed to."""
    data = unb64u(sealed if isinstance(sealed, str) else "")
    for key in node.keys.seal:
        try:
            return key.open(data, output_info(job.ledger_id), conclusion.digest())
        except VerificationError:
            continue
    raise refused("an output sealed for us", "one that does not open", runner)


def refused(expected: str, found: str, party: str) -> EvidenceInvalid:
    """Say that what a runner concluded is not taken: rule `job.conclusion`."""
    return EvidenceInvalid(
        f"expected {expected}, found {found}",
        detail={"party": party, "rule": "job.conclusion"},
    )


def is_refusal(problem: Problem) -> bool:
    """Whether somebody said no by a rule, and the job did not just end."""
    known = identifier.RULE.pattern.fullmatch(problem.rule) is not None
    return known and problem.rule not in _ENDINGS


def refuse(hands: Hands, job: Job, body: dict[str, Json], problem: Problem) -> None:
    """Tell the ledger that a job was refused, by which rule, and what had left.

    Args:
        hands: Of the coordinator.
        job: The job.
        body: `{"job", "reason"}`.
        problem: Why.
    """
    full: dict[str, Json] = {
        **body,
        "released": released(hands, job),
        "rule": problem.rule,
    }
    committed = hands.node.submit("job.refuse", full)
    drawer.file_kind(
        hands.node, committed, job.ledger_id, evidence=_refused_bundle(hands, job)
    )


def _refused_bundle(hands: Hands, job: Job) -> dict[str, Json] | None:
    """The evidence that somebody refused, so that an auditor looks at it, too.

    None where it came to that after everybody had accepted it, or before there
    was any.
    """
    held = query_attested.attestation(hands.node.view(), job.ledger_id)
    spec = spec_of(job)
    for runner in spec.runners:
        accepted = [hands.blob(job, f"accepted:{runner}:{one}") for one in spec.relying]
        if hands.blob(job, f"shown:{runner}") is None or None not in accepted:
            continue
        shown = hands.kept(job, f"shown:{runner}")
        named = held.of(runner)
        digest = b64u(AttestedBundle.from_json(shown).digest())
        if named is None or digest != named.bundle:
            return None  # not what the log names: nobody can tell who altered it
        return {"bundle": shown}
    return None
