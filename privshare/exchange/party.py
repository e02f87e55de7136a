"""What a party of an encrypted sum does when the coordinator asks.

    owner      contribute ─► rows, grouped and encrypted ─► compute: receive
    compute    aggregate  ─► subtotals checked, multiplied, signed

What custodian and openers do is `opening`.

Nobody takes the coordinator's word. Each party finds the job on its own copy
of the ledger, compares the specification's digest, and checks that every
grant is still in force, each time it is asked. Asking again gives the same
answer: a statement is signed once for a job.

Implements docs/protocols/paillier-sum.md, sections 4 to 6.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from privshare.errors import (
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    Unavailable,
)
from privshare.exchange import column
from privshare.exchange import dataset as datasets
from privshare.exchange.admission import (
    Admitted,
    admitted,
    check_inputs,
    check_own_input,
    datasets_of,
    find_job,
    open_contributions,
    seen,
)
from privshare.exchange.node import Node
from privshare.exchange.plan import summed_column
from privshare.exchange.task import Task
from privshare.jobs import aggregate as steps
from privshare.jobs.spec import MAX_INPUTS
from privshare.jobs.statement import (
    AGGREGATION,
    CONTRIBUTION,
    MAX_STATEMENT,
    Contribution,
)
from privshare.ledger import query
from privshare.rights import identifier
from privshare.rights.table import MAX_ROWS
from privshare.schemes.paillier import PaillierPublicKey
from privshare.schemes.paillier_knowledge import prove_short
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Fields, Json
from privshare.wire.envelope import Envelope

__all__ = [
    "MAX_BODY",
    "MAX_PART",
    "aggregate",
    "contribute",
    "forget",
    "kept_envelope",
    "log_job",
    "receive",
]

#: Longest body of `aggregate` and `opening.open_totals`, in bytes.
MAX_BODY = 16 << 20
#: Longest part of a column, in bytes.
MAX_PART = column.PART * 768
_WAIT_S = 5.0
_TRIES = 4


def contribute(
    node: Node, caller: str, job: str, dataset: str, body: Json
) -> dict[str, Json]:
    """Encrypt our column for a job, or say how far we are.

    Args:
        node: This node, of the owner.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        dataset: Which of its inputs.
        body: `{"index": log index of the admission, "spec": ...}`.

    Returns:
        `{"state": "working", "done", "total"}` or
        `{"state": "done", "contribution": envelope}`.

    Raises:
        NotFound: No such job, or not a dataset of ours that goes in.
        StepNotAllowed: The job has ended, or its deadline has passed.
        NotPermitted: The caller does not coordinate it, or a grant is not in
            force any more; `detail["rule"]`.
        EvidenceInvalid: Another specification than the one admitted.
        OutOfRange: The sum could be larger than plaintexts can show.
        Unavailable: The compute node does not take the ciphertexts.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    fields.end()
    check_own_input(node, known, dataset)
    name = f"contribution:{dataset}"
    kept = node.store.blob(job, name)
    if kept is None:
        task = node.tasks.start(
            f"{job}/{dataset}", lambda task: _contribute(node, known, dataset, task)
        )
        if not task.wait(_WAIT_S):
            return {"done": task.done, "state": "working", "total": task.total}
        node.tasks.forget(f"{job}/{dataset}")
        if task.error is not None:
            raise task.error
        kept = node.store.blob(job, name)
    if kept is None:
        raise Unavailable("expected the contribution to be kept, found none")
    return {
        "contribution": envelopes.to_json(kept_envelope(kept)),
        "state": "done",
    }


def receive(
    node: Node, caller: str, job: str, dataset: str, *, part: int, data: bytes
) -> dict[str, Json]:
    """Keep one part of an owner's encrypted column.

    Args:
        node: This node, of the agency that computes.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        dataset: Which of its inputs.
        part: The part's number, from 0.
        data: Whole ciphertexts, at most `MAX_PART` bytes.

    Raises:
        NotFound: No such input.
        Unavailable: Our copy of the ledger does not have the job yet.
        StepNotAllowed: The job has ended.
        NotPermitted: Not our job, or not the caller's dataset.
        OutOfRange: Too large, or a part that no column has.
    """
    identifier.ID.check(job, "job")
    view = seen(node, job)
    held = find_job(node, job, view)
    if held.parties.compute != node.agency:
        raise NotPermitted(
            f"expected {held.parties.compute}, which computes, found {node.agency}",
            detail={"rule": "job.party"},
        )
    if identifier.owner_of(dataset) != caller:
        raise NotPermitted(
            f"expected the owner of {dataset}, found {caller}",
            detail={"rule": "job.party"},
        )
    if dataset not in datasets_of(view, held):
        raise NotFound(f"expected an input of the job, found {dataset}")
    rows = min(query.dataset(view, dataset).rows, MAX_ROWS)  # as many as anybody has
    parts = column.most_parts(rows)
    if not 0 <= part < parts or not 0 < len(data) <= MAX_PART:
        raise OutOfRange(
            f"expected parts below {parts} of at most {MAX_PART} bytes, found "
            f"part {part} of {len(data)}"
        )
    node.store.put_blob(job, f"column:{dataset}:{part}", data)
    return {"bytes": len(data), "part": part}


def aggregate(node: Node, caller: str, job: str, body: Json) -> dict[str, Json]:
    """Check the contributions against the ciphertexts, and add them up.

    Args:
        node: This node, of the agency that computes.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        body: `{"contributions": [envelope], "index", "spec"}`, in the order of
            the inputs.

    Returns:
        `{"aggregation": envelope}`.

    Raises:
        NotFound, StepNotAllowed, NotPermitted: As for `contribute`.
        SignatureInvalid: A contribution that its owner did not sign.
        EvidenceInvalid: A subtotal that is not the product of its
            ciphertexts, a contribution of another job, a key that is not the
            job's, a count below k; `detail["party"]`.
        OutOfRange: The sum could be larger than plaintexts can show.
        Unavailable: Ciphertexts have not arrived yet.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    sent = fields.list("contributions", MAX_INPUTS)
    fields.end()
    if known.spec.compute != node.agency:
        raise NotPermitted(
            f"expected {known.spec.compute}, which computes, found {node.agency}",
            detail={"rule": "job.party"},
        )
    with node.tasks.exclusive(f"{job}/aggregation"):
        kept = node.store.blob(job, "aggregation")
        if kept is None:
            contributions = open_contributions(known.view, known.spec, sent)
            for one in contributions:
                steps.check_contribution(one, known.spec, job, known.key)
                column.verify_column(one, known.key, _parts(node, job, one, known.key))
            made = steps.aggregate(known.spec, job, contributions, known.key)
            kept = envelopes.encode(node.sign(AGGREGATION, made.to_bytes()))
            node.store.put_blob(job, "aggregation", kept)
            node.store.drop_blobs(job, "column:")
            log_job(node, known, "job.aggregate", "")
    return {"aggregation": envelopes.to_json(kept_envelope(kept))}


def forget(node: Node) -> None:
    """Drop what jobs that have ended left here: blobs, keys, and work on them."""
    view = node.view()
    keys = None if node.attester is None else node.attester.keys
    held = {*node.store.blob_jobs(), *node.tasks.subjects, *node.matches.jobs}
    for job in sorted(held.union(keys.jobs if keys else ())):
        if ":" in job or view.get(f"job/{job}") is None:
            continue  # not a job's, or of one that our copy has not seen
        found = query.job(view, job)
        if found.status == "admitted":
            if node.clock() > found.deadline:
                node.matches.drop(job)  # its coordinator is gone
            continue
        coordinated = node.store.job_on_ledger(job)
        if coordinated is None or coordinated.ended:
            node.store.drop_blobs(job)
            node.tasks.end(job)
            node.matches.drop(job)
            if node.attester is not None:
                node.attester.forget(job)


# -- the owner's work ---------------------------------------------------------


def _contribute(node: Node, known: Admitted, dataset: str, task: Task) -> None:
    spec, key = known.spec, known.key
    if node.store.blob(known.id, f"contribution:{dataset}") is not None:
        return  # the same question, asked twice at the same moment
    outcome = "done"
    try:
        schema = datasets.documents(node, dataset).schema
        summed_column(schema, spec.operation, spec.column, spec.group_by)
        groups = column.group(schema, spec, node.store.rows(dataset))
        length = column.column_bytes(map(len, groups.values.values()), key)
        parts = -(-length // (column.PART * key.ciphertext_size))

        def send(part: int, data: bytes) -> None:
            task.tell(part, parts)
            view = node.view()
            check_inputs(node, view, find_job(node, known.id, view), spec)
            _deliver(node, known, dataset, part, data)

        encrypted = column.encrypt(groups, key, send)
        item = spec.input(dataset)
        contribution = Contribution(
            job=known.id,
            dataset=dataset,
            version=item.version if item else 0,
            column=spec.column,
            group_by=spec.group_by,
            key=key.kid,
            ciphertexts=encrypted.digest,
            rows=groups.rows,
            bound=groups.bound,
            scale=groups.scale,
            groups=encrypted.cells,
            suppressed=groups.suppressed,
        )
        proof = prove_short(key.n, encrypted.known, contribution.context())
        payload = replace(contribution, proof=proof).to_bytes()
        if len(payload) > MAX_STATEMENT:
            raise OutOfRange(
                f"expected a contribution of at most {MAX_STATEMENT} bytes, found "
                f"{len(payload)}",
                fix="Group by a column with fewer or shorter values.",
                detail={"rule": "job.groups"},
            )
        signed = node.sign(CONTRIBUTION, payload)
        node.store.put_blob(
            known.id, f"contribution:{dataset}", envelopes.encode(signed)
        )
    except PrivShareError as error:
        outcome = str(error.detail.get("rule", error.name))
        raise
    finally:
        log_job(node, known, "job.contribute", dataset, outcome)


def _deliver(node: Node, known: Admitted, dataset: str, part: int, data: bytes) -> None:
    """Hand a part to the compute node, a few times if it is away."""
    compute = known.spec.compute
    if compute == node.agency:
        receive(node, node.agency, known.id, dataset, part=part, data=data)
        return
    path = f"/v1/peer/jobs/{known.id}/inputs/{dataset}?part={part}"
    for attempt in range(_TRIES):
        try:
            node.peers.call(compute, "PUT", path, data, timeout_s=60.0)
            return
        except Unavailable:
            if attempt + 1 == _TRIES:
                raise
            time.sleep(0.2 * 2**attempt)


# -- the others' parts --------------------------------------------------------


def _parts(
    node: Node, job: str, contribution: Contribution, key: PaillierPublicKey
) -> Iterator[bytes]:
    """The parts of a column that have arrived; all of them, or not yet."""
    left = column.column_bytes((cell.count for cell in contribution.groups), key)
    part = 0
    while left > 0:
        data = node.store.blob(job, f"column:{contribution.dataset}:{part}")
        if data is None:
            raise Unavailable(
                f"expected {left} more bytes of {contribution.dataset}, found none",
                detail={"party": contribution.owner},
            )
        yield data
        left -= len(data)
        part += 1


def log_job(
    node: Node, known: Admitted, action: str, dataset: str, outcome: str = "done"
) -> None:
    """Note what this node did for a job, and for whom."""
    item = known.spec.input(dataset)
    node.store.log_use(
        node.clock(),
        known.spec.coordinator,
        action,
        dataset=dataset,
        grant=item.grant if item else "",
        subject=known.id,
        outcome=outcome,
    )


def kept_envelope(data: bytes) -> Envelope:
    """A statement as this node keeps it.

    Raises:
        EncodingError: Not the bytes of an envelope.
    """
    return envelopes.decode(data, max_bytes=2 * MAX_STATEMENT)
