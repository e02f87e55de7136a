"""What owners do in an attested job: commit a nonce, appraise, release.

    nonce      drawn, committed on the ledger, then told                 (entry A)
    appraisal  the runner's bundle ─► verified and appraised here, by us
    release    granted columns ─► table ─► sealed to the bound key ─► runner

A table leaves this node only after `appraise` has come to a good end for this
very bundle, and it leaves sealed: the coordinator carries none of it, and
whoever keeps it for the runner cannot read it. Every answer is kept, so the
same question gets the same answer.

Implements docs/protocols/attested-job.md, sections 3 to 5.
"""

from __future__ import annotations

import secrets
import time

from privshare.errors import (
    EvidenceInvalid,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import dataset as datasets
from privshare.exchange import module
from privshare.exchange.admission import find_job
from privshare.exchange.appraisal import (
    appraise_bundle,
    attester_of,
    own_policy,
    policy_of,
)
from privshare.exchange.node import Node
from privshare.exchange.party import kept_envelope
from privshare.exchange.task import Task
from privshare.exchange.tee_admission import (
    TeeAdmitted,
    admitted,
    check_inputs,
    check_listed,
    check_own_input,
    check_role,
    log_job,
    release_info,
)
from privshare.exchange.tee_runner import MAX_TABLE, PART, receive
from privshare.jobs.attestation.binding import NONCE_BYTES, nonce_commitment
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.tee_statement import (
    RELEASE,
    SALT_BYTES,
    Release,
    table_commitment,
)
from privshare.ledger import query_attested
from privshare.schemes.sealing import SealPublicKey, seal
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Fields, Json, b64u

__all__ = ["appraise", "commit_nonce", "release"]

_WAIT_S = 5.0
_TRIES = 4


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
    """Verify the runner's evidence, and appraise it by our own policy.

    Args:
        node: This node, of an owner or of the coordinator.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        body: `{"bundle": ..., "index", "spec"}`.

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
                detail={"party": known.spec.runner, "rule": "bundle.nonces"},
            )
        checked = appraise_bundle(node, job, bundle)
    except PrivShareError as error:
        outcome = str(error.detail.get("rule", error.name))
        raise
    finally:
        log_job(node, known, "job.appraise", "", outcome)
    node.store.put_blob(
        job, "appraised", bundle.digest() + bundle.admission.hpke_public_key
    )
    node.store.put_blob(job, "admission", bundle.admission.digest())
    mine = checked.appraisals.get(node.agency)
    return {"appraisal": None if mine is None else mine.to_json()}


def release(
    node: Node, caller: str, job: str, dataset: str, body: Json
) -> dict[str, Json]:
    """Hand our table to the runner that we appraised, or say how far we are.

    Args:
        node: This node, of the owner.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        dataset: Which of its inputs.
        body: `{"index", "spec"}`.

    Returns:
        `{"state": "working", "done", "total"}` or
        `{"state": "done", "release": envelope, "bytes": how many left}`.

    Raises:
        StepNotAllowed: We have not appraised this runner: rule `job.appraised`.
        OutOfRange: A table that is too large.
        NotFound, NotPermitted, EvidenceInvalid: As for `commit_nonce`.
        Unavailable: The runner does not take the table.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    fields.end()
    check_own_input(node, known, dataset)
    _appraised(node, known)
    name = f"release:{dataset}"
    kept = node.store.blob(job, name)
    if kept is None:
        task = node.tasks.start(
            f"{job}/{dataset}", lambda task: _release(node, known, dataset, task)
        )
        if not task.wait(_WAIT_S):
            return {"done": task.done, "state": "working", "total": task.total}
        node.tasks.forget(f"{job}/{dataset}")
        if task.error is not None:
            raise task.error
        kept = node.store.blob(job, name)
    if kept is None:
        raise Unavailable("expected the release to be kept, found none")
    sent = node.store.blob(job, f"released:{dataset}") or b"0"
    return {
        "bytes": int(sent),
        "release": envelopes.to_json(kept_envelope(kept)),
        "state": "done",
    }


def _is_ours(node: Node, dataset: str) -> bool:
    return dataset.partition("/")[0] == node.agency


def _appraised(node: Node, known: TeeAdmitted) -> SealPublicKey:
    """The key of the runner that we appraised, if it is the ledger's still."""
    kept = node.store.blob(known.id, "appraised")
    held = query_attested.attestation(known.view, known.id)
    if kept is None or held.bundle != b64u(kept[:32]):
        raise StepNotAllowed(
            "expected evidence of the runner that we have appraised, found none",
            detail={"party": known.spec.runner, "rule": "job.appraised"},
        )
    return SealPublicKey(kept[32:])


def _release(node: Node, known: TeeAdmitted, dataset: str, task: Task) -> None:
    """Lay out, seal, deliver, sign; in a thread of its own."""
    job, outcome, left = known.id, "done", [0]
    if node.store.blob(job, f"release:{dataset}") is not None:
        return  # the same question, asked twice at the same moment
    try:
        item = check_own_input(node, known, dataset)
        schema = datasets.documents(node, dataset).schema
        names = item.all_columns
        table, rows = module.lay_table(schema, names, node.store.rows(dataset))
        if len(table) > MAX_TABLE:
            raise OutOfRange(
                f"expected a table of at most {MAX_TABLE} bytes, found {len(table)}",
                detail={"rule": "job.table"},
            )
        salt = secrets.token_bytes(SALT_BYTES)
        admission = node.store.blob(job, "admission") or b""
        key = _appraised(node, known)
        sealed = seal(key, salt + table, release_info(job, dataset), admission)
        _check_still(node, known)
        _deliver(node, known, dataset, sealed, task, left)
        made = Release(
            job=job,
            dataset=dataset,
            version=item.version,
            columns=names,
            rows=rows,
            commitment=table_commitment(salt, table),
            admission=admission,
        )
        node.store.put_blob(job, f"released:{dataset}", b"%d" % len(sealed))
        signed = node.sign(RELEASE, made.to_bytes())
        node.store.put_blob(job, f"release:{dataset}", envelopes.encode(signed))
    except PrivShareError as error:
        outcome = str(error.detail.get("rule", error.name))
        error.detail["released"] = left[0]
        raise
    finally:
        log_job(node, known, "job.release", dataset, outcome)


def _check_still(node: Node, known: TeeAdmitted) -> None:
    """The last look before data leaves: job, grants and code, as they are now."""
    view = node.view()
    held = find_job(node, known.id, view)
    check_inputs(node, view, held, known.spec)
    check_listed(view, known.spec)


def _deliver(
    node: Node,
    known: TeeAdmitted,
    dataset: str,
    sealed: bytes,
    task: Task,
    left: list[int],
) -> None:
    """Hand the sealed table to the runner, part by part; `left` counts bytes."""
    runner, parts = known.spec.runner, -(-len(sealed) // PART)
    for part in range(parts):
        task.tell(part, parts)
        data = sealed[part * PART : (part + 1) * PART]
        left[0] += len(data)
        if runner == node.agency:
            receive(
                node, node.agency, known.id, dataset, part=part, parts=parts, data=data
            )
            continue
        path = f"/v1/peer/jobs/{known.id}/sealed/{dataset}?part={part}&parts={parts}"
        for attempt in range(_TRIES):
            try:
                node.peers.call(runner, "PUT", path, data, timeout_s=60.0)
                break
            except Unavailable:
                if attempt + 1 == _TRIES:
                    raise
                time.sleep(0.2 * 2**attempt)
