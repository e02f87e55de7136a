"""How an attested job ends at its coordinator: with a result, or refused.

    answer of the runner ─► evidence whole ─► output opened ─► result, evidence
    evidence, code or run refused ─► job.refuse: rule, bytes that had left

Implements docs/protocols/attested-job.md, section 7.
"""

from __future__ import annotations

from privshare.errors import EvidenceInvalid, PrivShareError, VerificationError
from privshare.exchange import drawer
from privshare.exchange.appraisal import appraise_bundle
from privshare.exchange.node import Node, open_statement
from privshare.exchange.tee_plan import spec_of
from privshare.exchange.tee_runner import output_info
from privshare.exchange.tee_steps import Hands, released, releases
from privshare.jobs.attestation.binding import Conclusion
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.evidence import Endorsements, Evidence
from privshare.jobs.lifecycle import Job, Problem
from privshare.jobs.tee_spec import TeeSpec
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

__all__ = ["conclude", "is_refusal", "refuse"]

#: Rules by which a job ends that nobody refused.
_ENDINGS = frozenset({"job.cancelled", "job.deadline", "job.status"})


def conclude(hands: Hands, job: Job) -> tuple[dict[str, Json], dict[str, Json]]:
    """Check what the runner answered, and draw result and evidence from it.

    Raises:
        EvidenceInvalid, VerificationError: It is not true; `detail["party"]`
            is the runner.
    """
    spec = spec_of(job)
    try:
        return _conclude(hands, job, spec)
    except PrivShareError as error:
        error.detail.setdefault("party", spec.runner)
        raise


def _conclude(
    hands: Hands, job: Job, spec: TeeSpec
) -> tuple[dict[str, Json], dict[str, Json]]:
    ran, node = hands.kept(job, "ran"), hands.node
    conclusion = Conclusion.from_json(ran["conclusion"])
    bundle = AttestedBundle.from_json(hands.kept(job, "shown")).concluded(
        conclusion,
        Evidence.from_json(ran["evidence"]),
        Endorsements.from_json(ran["endorsements"]),
    )
    handed = releases(hands, job)
    _check_inputs(node, spec, conclusion, handed)
    if conclusion.exit != 0 or conclusion.fuel > spec.limits.fuel:
        raise _refused("a run that ended well within its limits", "another")
    appraise_bundle(node, job.ledger_id, bundle, whole=True)
    output = _opened(node, job, conclusion, ran["output"])
    if len(output) > spec.limits.output:
        raise _refused(f"an output of up to {spec.limits.output} bytes", "a longer one")
    evidence: dict[str, Json] = {
        "bundle": bundle.to_json(),
        "releases": handed,
        "spec": spec.to_json(),
    }
    return result_document(job.ledger_id, output), evidence


def _check_inputs(
    node: Node, spec: TeeSpec, conclusion: Conclusion, handed: list[Json]
) -> None:
    """What went in is what the owners signed for."""
    committed = {}
    for item, given in zip(spec.inputs, handed, strict=True):
        envelope = envelopes.from_json(given)
        payload = open_statement(node.view(), item.owner, RELEASE, envelope)
        committed[item.dataset] = Release.from_bytes(payload).commitment
    if dict(conclusion.inputs) != committed:
        raise _refused("the tables that the owners released", "others")


def _opened(node: Node, job: Job, conclusion: Conclusion, sealed: Json) -> bytes:
    """The output, with whichever of our keys it was sealed to."""
    data = unb64u(sealed if isinstance(sealed, str) else "")
    for key in node.keys.seal:
        try:
            output = key.open(data, output_info(job.ledger_id), conclusion.digest())
        except VerificationError:
            continue
        if output_commitment(output) != conclusion.output:
            raise _refused("the output that the machine signed", "another")
        return output
    raise _refused("an output sealed for us", "one that does not open")


def _refused(expected: str, found: str) -> EvidenceInvalid:
    return EvidenceInvalid(
        f"expected {expected}, found {found}", detail={"rule": "job.conclusion"}
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
    spec = spec_of(job)
    accepted = [hands.blob(job, f"accepted:{one}") for one in spec.relying]
    if hands.blob(job, "shown") is None or None not in accepted:
        return None
    shown = hands.kept(job, "shown")
    named = query_attested.attestation(hands.node.view(), job.ledger_id).bundle
    if b64u(AttestedBundle.from_json(shown).digest()) != named:
        return None  # not what the log names: nobody can tell who altered it
    return {"bundle": shown}
