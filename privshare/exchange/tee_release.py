"""What owners hand to machines that they appraised: a table, or shares of one.

    one machine     granted columns ─► table ─► sealed to the bound key ─► runner
    three machines  granted columns ─► three pieces ─► two of them to each node,
                    sealed to its bound key (`mpc_deal`)

Nothing leaves this node before `tee_party.appraise` has come to a good end for
every bundle, and it leaves sealed: the coordinator carries none of it, and
whoever keeps it for a runner cannot read it.

Implements docs/protocols/attested-job.md, section 5.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from privshare.errors import OutOfRange, PrivShareError, Unavailable
from privshare.exchange import dataset as datasets
from privshare.exchange import module
from privshare.exchange.admission import find_job
from privshare.exchange.node import Node
from privshare.exchange.party import kept_envelope
from privshare.exchange.task import Task
from privshare.exchange.tee_admission import (
    TeeAdmitted,
    admitted,
    check_inputs,
    check_listed,
    check_own_input,
    log_job,
    release_info,
)
from privshare.exchange.tee_party import appraised
from privshare.exchange.tee_runner import MAX_TABLE, PART, receive
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.tee_spec import TeeInput
from privshare.jobs.tee_statement import (
    RELEASE,
    SALT_BYTES,
    Release,
    table_commitment,
)
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Fields, Json

__all__ = ["release"]

_WAIT_S = 5.0
_TRIES = 4
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class _Ready:
    """What is ready to leave.

    Attributes:
        sealed: Bytes for each runner, by agency.
        kind: Media type of the statement.
        statement: Its payload, to be signed once everything has arrived.
    """

    sealed: dict[str, bytes]
    kind: str
    statement: bytes


def release(
    node: Node, caller: str, job: str, dataset: str, body: Json
) -> dict[str, Json]:
    """Hand our data to the runners that we appraised, or say how far we are.

    Args:
        node: This node, of the owner.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        dataset: Which of its inputs.
        body: `{"index", "spec"}`.

    Returns:
        `{"state": "working", "done", "total"}` or
        `{"state": "done", "release": envelope, "bytes": how many left}`; the
        envelope holds a `Release`, or a `Deal` of a job on shares.

    Raises:
        StepNotAllowed: We have not appraised a runner: rule `job.appraised`.
        OutOfRange: A table that is too large, or a value outside the bounds
            that the program was told.
        NotFound, NotPermitted, EvidenceInvalid: As for `tee_party.commit_nonce`.
        Unavailable: A runner does not take it.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    fields.end()
    check_own_input(node, known, dataset)
    for runner in known.spec.runners:
        appraised(node, known, runner)
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


def _release(node: Node, known: TeeAdmitted, dataset: str, task: Task) -> None:
    """Lay out, seal, deliver, sign; in a thread of its own."""
    job, outcome, left = known.id, "done", [0]
    if node.store.blob(job, f"release:{dataset}") is not None:
        return  # the same question, asked twice at the same moment
    try:
        item = check_own_input(node, known, dataset)
        ready = _ready(node, known, item)
        _check_still(node, known)
        total = sum(-(-len(one) // PART) for one in ready.sealed.values())
        for runner, sealed in ready.sealed.items():
            _deliver(node, known, runner, dataset, sealed, task, left, total)
        node.store.put_blob(job, f"released:{dataset}", b"%d" % left[0])
        signed = node.sign(ready.kind, ready.statement)
        node.store.put_blob(job, f"release:{dataset}", envelopes.encode(signed))
    except PrivShareError as error:
        outcome = str(error.detail.get("rule", error.name))
        error.detail["released"] = left[0]
        raise
    finally:
        log_job(node, known, "job.release", dataset, outcome)


def _ready(node: Node, known: TeeAdmitted, item: TeeInput) -> _Ready:
    """Everything that will leave, sealed; nothing has left yet."""
    if isinstance(known.spec, MpcSpec):
        from privshare.exchange import mpc_deal  # noqa: PLC0415 - brings numpy

        return _Ready(*mpc_deal.deal(node, known, known.spec, item))
    schema = datasets.documents(node, item.dataset).schema
    names = item.all_columns
    table, rows = module.lay_table(schema, names, node.store.rows(item.dataset))
    if len(table) > MAX_TABLE:
        raise OutOfRange(
            f"expected a table of at most {MAX_TABLE} bytes, found {len(table)}",
            detail={"rule": "job.table"},
        )
    (runner,) = known.spec.runners
    to = appraised(node, known, runner)
    salt = secrets.token_bytes(SALT_BYTES)
    info = release_info(known.id, item.dataset)
    made = Release(
        job=known.id,
        dataset=item.dataset,
        version=item.version,
        columns=names,
        rows=rows,
        commitment=table_commitment(salt, table),
        admission=to.admission,
    )
    sealed = to.key.seal(salt + table, info, to.admission)
    return _Ready({runner: sealed}, RELEASE, made.to_bytes())


def _check_still(node: Node, known: TeeAdmitted) -> None:
    """The last look before data leaves: job, grants and code, as they are now."""
    view = node.view()
    held = find_job(node, known.id, view)
    check_inputs(node, view, held, known.spec)
    check_listed(view, known.spec)


def _deliver(
    node: Node,
    known: TeeAdmitted,
    runner: str,
    dataset: str,
    sealed: bytes,
    task: Task,
    left: list[int],
    total: int,
) -> None:
    """Hand sealed bytes to a runner, part by part; `left` counts bytes."""
    parts = -(-len(sealed) // PART)
    for part in range(parts):
        task.tell(left[0] // PART, total)
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
                time.sleep(_PAUSE_S * 2**attempt)
