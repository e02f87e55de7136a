"""Jobs at their coordinator: asked for, admitted, watched, cancelled.

    analyst  Question ─► plan ─► job.admit ─► ledger ─► Runner ─► result, receipt

`submit` returns once the ledger has admitted the job, or refuses it with the
rule that says no; everything after that is the runner's. The peers' side is
in `party` and `opening`; their verbs carry their names here, too.
"""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, cast

from privshare.errors import Conflict, NotFound, PrivShareError, Unavailable
from privshare.exchange import join_plan, join_steps, privacy, tee_plan
from privshare.exchange.join_question import JoinQuestion
from privshare.exchange.mpc_question import MpcQuestion
from privshare.exchange.node import Node
from privshare.exchange.opening import open_totals
from privshare.exchange.party import aggregate, contribute, receive
from privshare.exchange.plan import Question, estimate, explain, plan
from privshare.exchange.tee_admission import spec_of as attested_spec_of
from privshare.exchange.tee_plan import TeeQuestion
from privshare.jobs.attested_spec import AttestedSpec
from privshare.jobs.join_spec import JoinSpec
from privshare.jobs.lifecycle import Advance, Cancel, Fail, Job, Problem, step
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.spec import PROGRAM, Spec
from privshare.jobs.tee_spec import OPERATION
from privshare.ledger.transaction import parse
from privshare.rights import identifier
from privshare.wire.canonical import Json, b64u, decode, encode

__all__ = [
    "Question",
    "admission",
    "admit",
    "aggregate",
    "cancel",
    "contribute",
    "describe",
    "estimate",
    "explain",
    "find",
    "is_attested",
    "is_join",
    "keep",
    "open_totals",
    "problem_of",
    "receive",
    "spec_of",
    "submit",
]

ADMISSION = "admission"
AnyQuestion = Question | TeeQuestion | MpcQuestion | JoinQuestion


def submit(node: Node, question: AnyQuestion, *, person: str = "") -> Job:
    """Ask for a computation.

    Args:
        node: This node, of the coordinator.
        question: What is asked.
        person: Who asked.

    Returns:
        The job, `contributing`, `nonces` or `committing`; or `admitting` if the
        ledger is away for the moment, which the runner goes on with.

    Raises:
        GrantMissing, GrantExpired, GrantRevoked, PurposeMismatch, NotPermitted:
            The rights say no; `detail["rule"]` names the rule.
        NotFound, OutOfRange, EncodingError: As for `plan`.
        Unavailable: An owner does not hand out its query key.
    """
    spec: Spec | AttestedSpec | JoinSpec
    operation: str
    if isinstance(question, TeeQuestion):
        attested = tee_plan.plan(node, question)
        deadline_s, spec = attested.deadline_s, attested.spec
        operation, body = OPERATION, _measured(attested.spec)
    elif isinstance(question, MpcQuestion):
        from privshare.exchange import mpc_plan  # noqa: PLC0415 - joint jobs alone

        joint = mpc_plan.plan(node, question)
        deadline_s, spec = joint.deadline_s, joint.spec
        operation, body = OPERATION, _measured(joint.spec)
    elif isinstance(question, JoinQuestion):
        matched = join_plan.plan(node, question)
        deadline_s, spec = matched.deadline_s, matched.spec
        operation, body = matched.spec.operation, _matched(matched.spec)
    else:
        planned = plan(node, question)
        deadline_s, spec = planned.deadline_s, planned.spec
        operation, body = planned.spec.operation, _encrypted(planned.spec)
    now = node.clock()
    job = Job(
        id=secrets.token_urlsafe(16),
        operation=operation,
        spec=encode(spec.to_json()),
        deadline=now + deadline_s,
        created=now,
        heartbeat=now,
        person=person,
    )
    inputs = cast(list[Json], body["inputs"])
    body = {
        **body,
        "inputs": privacy.with_answers(node, spec, inputs),
        "deadline": job.deadline,
        "operation": operation,
        "parties": spec.parties.roles(),
        "purpose": spec.purpose,
        "spec": b64u(spec.digest()),
    }
    with admission(node, job):
        # The signed transaction is kept first: sent again, it is admitted once.
        node.store.put_blob(job.id, ADMISSION, node.prepare("job.admit", body))
        job = step(job, Advance("admitting", now, note="waiting for the ledger"))
        node.store.put_job(job)
        try:
            return admit(node, job)
        except Unavailable:
            return job
        except PrivShareError as error:
            failed = step(job, Fail(node.clock(), problem_of(error), final=True))
            node.store.put_job(failed)
            node.store.drop_blobs(job.id)
            raise


def _encrypted(spec: Spec) -> dict[str, Json]:
    """What `job.admit` says of a job on encrypted columns."""
    inputs: list[Json] = [
        {
            "charge": 0,
            "columns": [spec.column],
            "grant": item.grant,
            "group_by": list(spec.groups),
        }
        for item in spec.inputs
    ]
    return {"inputs": inputs, "program": PROGRAM}


def _matched(spec: JoinSpec) -> dict[str, Json]:
    """What `job.admit` says of a private join."""
    inputs: list[Json] = [
        {
            "charge": 0,
            "columns": list(item.columns),
            "grant": item.grant,
            "group_by": [],
        }
        for item in spec.inputs
    ]
    return {"inputs": inputs, "program": spec.program}


def _measured(spec: AttestedSpec) -> dict[str, Json]:
    """What `job.admit` says of an attested job."""
    charge = spec.charge if isinstance(spec, MpcSpec) else 0
    inputs: list[Json] = [
        {
            "charge": charge,
            "columns": list(item.columns),
            "grant": item.grant,
            "group_by": list(item.group_by),
        }
        for item in spec.inputs
    ]
    return {"inputs": inputs, "program": spec.program}


def admission(node: Node, job: Job) -> AbstractContextManager[None]:
    """Hold while a job is being admitted: its submitter and the runner take turns.

    Whoever comes second reads the job again, for it has moved.
    """
    return node.tasks.exclusive(f"admission:{job.id}")


def admit(node: Node, job: Job) -> Job:
    """Have the ledger admit a job; once, however often it is called.

    The caller holds `admission`.

    Raises:
        PrivShareError: What the ledger's rules refuse, or `Unavailable`.
    """
    transaction = node.store.blob(job.id, ADMISSION)
    if transaction is None:
        raise NotFound("expected the job's signed admission, found none")
    tx_id = parse(transaction).id
    if node.ledger.find(tx_id) is None:
        try:
            node.send(transaction)
        except Conflict as known:
            if "index" not in known.detail:
                raise
            node.ledger.sync(known.detail["index"], timeout_s=node.commit_timeout_s)
    admitted = step(job, _begun(job, node.clock(), tx_id))
    admitted = keep(node, admitted)
    node.store.drop_blobs(job.id)
    node.store.log_use(
        node.clock(), node.agency, "job.submit", person=job.person, subject=tx_id
    )
    return admitted


def _begun(job: Job, now: int, tx_id: str) -> Advance:
    """The first phase after the admission."""
    if is_attested(job):
        parties = attested_spec_of(job).relying
        note = "waiting for nonces of " + ", ".join(parties)
        return Advance("nonces", now, len(parties), note, tx_id)
    if is_join(job):
        owners = join_steps.spec_of(job).owners
        note = f"{' and '.join(owners)} make their sets ready"
        return Advance("committing", now, len(owners), note, tx_id)
    spec = spec_of(job)
    note = "waiting for " + ", ".join(spec.owners)
    return Advance("contributing", now, len(spec.inputs), note, tx_id)


def is_attested(job: Job) -> bool:
    """Whether a job runs a measured program."""
    return job.operation == OPERATION


def is_join(job: Job) -> bool:
    """Whether a job matches two owners' sets."""
    return job.operation in identifier.JOINS.values()


def keep(node: Node, job: Job) -> Job:
    """Store a job that was moved. A cancellation that came meanwhile stays."""
    with node.tasks.exclusive(f"job:{job.id}"):
        kept = node.store.job(job.id)
        if kept is not None and kept.cancelled and not job.cancelled:
            job = replace(job, cancelled=kept.cancelled)
        node.store.put_job(job)
    return job


def cancel(node: Node, job: str, *, reason: str, person: str = "") -> Job:
    """Ask for the end of a job. The runner aborts it on the ledger.

    Raises:
        NotFound: No such job at this node.
        StepNotAllowed: It has ended, or its result is on the way to the ledger.
    """
    found = find(node, job)
    with node.tasks.exclusive(f"job:{found.id}"):  # the runner writes it, too
        found = find(node, job)
        cancelled = step(found, Cancel(node.clock(), reason or "cancelled"))
        node.store.put_job(cancelled)
    node.store.log_use(
        node.clock(),
        node.agency,
        "job.cancel",
        person=person,
        subject=found.ledger_id,
    )
    return cancelled


def find(node: Node, job: str) -> Job:
    """A job of this node, by its own id or the ledger's.

    Raises:
        NotFound: There is none.
    """
    found = node.store.job(job) or node.store.job_on_ledger(job)
    if found is None:
        raise NotFound("expected a job of this node, found none by that id")
    return found


def describe(job: Job) -> dict[str, Any]:
    """A job for people."""
    return {
        "cancelled": job.cancelled,
        "created": job.created,
        "deadline": job.deadline,
        "heartbeat": job.heartbeat,
        "id": job.id,
        "ledger_id": job.ledger_id,
        "note": job.note,
        "operation": job.operation,
        "phase": job.phase,
        "problem": None if job.problem is None else job.problem.to_json(),
        "progress": {"done": job.done, "total": job.total},
        "receipt": job.receipt,
        "result": decode(job.result, max_bytes=8 << 20) if job.result else None,
        "spec": decode(job.spec),
    }


def spec_of(job: Job) -> Spec:
    """The specification a job on encrypted columns was submitted with."""
    return Spec.from_json(decode(job.spec))


def problem_of(error: PrivShareError) -> Problem:
    """Why a job fails, when it fails with this error.

    A peer's error says what the peer likes: what is no rule is none.
    """
    party, rule = error.detail.get("party"), error.detail.get("rule")
    named = isinstance(rule, str) and identifier.RULE.pattern.fullmatch(rule)
    return Problem(
        error=error.name,
        reason=" ".join(error.message.split()),
        party=str(party) if type(party) in (int, str) else "",
        rule=str(rule) if named else "",
    )
