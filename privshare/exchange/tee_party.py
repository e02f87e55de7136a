"""What owners do before anything of theirs leaves: commit a nonce, appraise.

    nonce      drawn, committed on the ledger, then told                 (entry A)
    appraisal  a runner's bundle ─► verified and appraised here, by us
    release    `tee_release`, once every runner's bundle came to a good end here

Every answer is kept, so the same question gets the same answer.

Implements docs/protocols/attested-job.md, sections 3 and 4.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from privshare.errors import (
    EvidenceInvalid,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange.appraisal import (
    appraise_bundle,
    attester_of,
    own_policy,
    policy_of,
)
from privshare.exchange.node import Node
from privshare.exchange.tee_admission import (
    TeeAdmitted,
    admitted,
    check_own_input,
    check_role,
    log_job,
)
from privshare.jobs.attestation.binding import NONCE_BYTES, nonce_commitment
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.mpc_spec import MpcSpec
from privshare.ledger import query_attested
from privshare.rights import identifier
from privshare.schemes.recipient import Recipient
from privshare.wire.canonical import Fields, Json, b64u

__all__ = ["Appraised", "appraise", "appraised", "commit_nonce"]


@dataclass(frozen=True, slots=True)
class Appraised:
    """A runner whose evidence we accepted.

    Attributes:
        admission: Digest of what its evidence is bound to.
        key: To which data may be sealed.
    """

    admission: bytes
    key: Recipient


def commit_nonce(node: Node, caller: str, job: str, body: Json) -> dict[str, Json]:
    """Draw our nonce for a job, commit to it on the ledger, and tell it.

    Args:
        node: This node, of an owner or of the coordinator.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        body: `{"index": log index of the admission, "spec": ...}`.

    Returns:
        `{"nonce": 32 bytes, "policy": our appraisal policy or null}`.

    Raises:
        NotFound, StepNotAllowed, NotPermitted, EvidenceInvalid: As for
            `tee_admission.admitted`; an owner without an appraisal policy is
            refused as `appraisal.missing`.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    fields.end()
    check_role(node, known.spec.relying, "take part")
    for item in known.spec.inputs:
        if node.agency in known.spec.owners and _is_ours(node, item.dataset):
            check_own_input(node, known, item.dataset)
    attester_of(node)
    with node.tasks.exclusive(f"{job}/nonce"):
        held = query_attested.attestation(node.view(), job).nonce(node.agency)
        if held is None:
            policy = own_policy(node)
            if policy is None and node.agency in known.spec.owners:
                raise NotPermitted(
                    f"expected {node.agency} to have an appraisal policy, found none",
                    fix="privshare appraisal set FILE",
                    detail={"party": node.agency, "rule": "appraisal.missing"},
                )
            nonce = node.store.blob(job, "nonce")
            if nonce is None:
                nonce = secrets.token_bytes(NONCE_BYTES)
                node.store.put_blob(job, "nonce", nonce)
            named = None if policy is None else b64u(policy.digest())
            commitment = b64u(nonce_commitment(job, node.agency, nonce))
            node.submit(
                "job.nonce", {"commitment": commitment, "job": job, "policy": named}
            )
            log_job(node, known, "job.nonce", "")
    held = query_attested.attestation(node.view(), job).nonce(node.agency)
    nonce = node.store.blob(job, "nonce")
    if held is None or nonce is None:
        raise Unavailable(
            f"expected the nonce of {node.agency} to be kept, found none",
            detail={"party": node.agency},
        )
    document = None if held.policy is None else policy_of(node, held.policy).to_json()
    return {"nonce": b64u(nonce), "policy": document}


def appraise(node: Node, caller: str, job: str, body: Json) -> dict[str, Json]:
    """Verify a runner's evidence, and appraise it by our own policy.

    Args:
        node: This node, of an owner or of the coordinator.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        body: `{"bundle": ..., "index", "runner": whose machine, "spec"}`.

    Returns:
        `{"appraisal": ...}`, which is not contraindicated.

    Raises:
        EvidenceInvalid: Not proven, not bound to this job and to our nonce, or
            not what our policy accepts; `detail["rule"]`.
        NotFound, StepNotAllowed, NotPermitted: As for `commit_nonce`.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    bundle = AttestedBundle.from_json(fields.json("bundle"))
    runner = _runner(known, fields.str("runner"))
    fields.end()
    check_role(node, known.spec.relying, "appraise")
    outcome = "done"
    try:
        found = query_attested.attestation(known.view, job).nonce(node.agency)
        nonce = node.store.blob(job, "nonce")
        if found is None or nonce is None:
            raise StepNotAllowed(
                "expected our nonce to be committed before, found none",
                detail={"rule": "job.nonces"},
            )
        if dict(bundle.admission.nonces).get(node.agency) != nonce:
            raise EvidenceInvalid(
                "expected evidence with our nonce, found another",
                detail={"party": runner, "rule": "bundle.nonces"},
            )
        _check_channel(known, runner, bundle)
        checked = appraise_bundle(node, job, bundle, runner=runner)
    except PrivShareError as error:
        outcome = str(error.detail.get("rule", error.name))
        error.detail.setdefault("runner", runner)
        raise
    finally:
        log_job(node, known, "job.appraise", "", outcome)
    node.store.put_blob(
        job,
        f"appraised:{runner}",
        bundle.digest() + bundle.admission.digest() + bundle.admission.hpke_public_key,
    )
    mine = checked.appraisals.get(node.agency)
    return {"appraisal": None if mine is None else mine.to_json()}


def _is_ours(node: Node, dataset: str) -> bool:
    return dataset.partition("/")[0] == node.agency


def _runner(known: TeeAdmitted, agency: str) -> str:
    """Whose evidence it is said to be, which must be a runner's."""
    if agency not in known.spec.runners:
        raise EvidenceInvalid(
            f"expected evidence of {' or '.join(known.spec.runners)}, found some of "
            f"{identifier.shown(agency)}",
            detail={"party": known.spec.coordinator, "rule": "job.runner"},
        )
    return agency


def _check_channel(known: TeeAdmitted, runner: str, bundle: AttestedBundle) -> None:
    """Machines that talk to each other are bound to the keys they talk under."""
    wanted = isinstance(known.spec, MpcSpec)
    if wanted != (bundle.admission.channel is not None):
        raise EvidenceInvalid(
            f"expected {'a' if wanted else 'no'} channel in the evidence, found "
            f"{'none' if wanted else 'one'}",
            detail={"party": runner, "rule": "bundle.channel"},
        )


def appraised(node: Node, known: TeeAdmitted, runner: str) -> Appraised:
    """A runner that we appraised, if its evidence is the ledger's still.

    Raises:
        StepNotAllowed: We did not: rule `job.appraised`.
    """
    kept = node.store.blob(known.id, f"appraised:{runner}")
    shown = query_attested.attestation(known.view, known.id).of(runner)
    if kept is None or shown is None or shown.bundle != b64u(kept[:32]):
        raise StepNotAllowed(
            f"expected evidence of {runner} that we have appraised, found none",
            detail={"party": runner, "rule": "job.appraised"},
        )
    return Appraised(kept[32:64], Recipient.of_bytes(kept[64:]))
