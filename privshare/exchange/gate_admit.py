"""The holder of a right has it exercised: the job of a submission is admitted.

    owner     specification ─► admit ─► checks ─► job.admit, signed by the holder
    holder    tick: a job that nobody ended in time is ended

The holder's node signs for accounts that its steward enrolled, and only once
the ledger says that the owner has approved these bytes.

Implements the admission of method "code"; what follows is `gate_run`.
"""

from __future__ import annotations

from typing import Final

from privshare.errors import (
    EvidenceInvalid,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
)
from privshare.exchange import drawer, gate_mock
from privshare.exchange.gate_check import need_account
from privshare.exchange.gate_say import say
from privshare.exchange.node import Node
from privshare.jobs.submission.account import Enrolment
from privshare.jobs.submission.spec import CodeSpec
from privshare.jobs.tee_spec import OPERATION
from privshare.ledger import query, query_submission
from privshare.wire.canonical import Fields, Json, b64u

__all__ = ["GRACE_S", "MAX_DEADLINE_S", "admit", "tick"]

ROOM: Final = "admission:"
_TX: Final = "tx"
_SYNC_S: Final = 5.0
#: The longest time that a run may be given, its waiting included.
MAX_DEADLINE_S: Final = 2 * 86_400
#: How long after its deadline a job is left to its owner.
GRACE_S: Final = 60


def admit(node: Node, caller: str, submission: str, body: Json) -> dict[str, Json]:
    """Exercise a right of ours for a submission of one of our accounts.

    Asked again about the same specification, it answers the same.

    Args:
        node: This node, of the grantee.
        caller: The agency that signed the HTTP request.
        submission: Digest of all files.
        body: `{"deadline", "enrolment", "index": log index that we must have,
            too, "spec"}`.

    Returns:
        `{"index", "job"}`.

    Raises:
        NotPermitted: The caller does not own the dataset, has not approved, its
            gate is another than was published, or the right says no;
            `detail["rule"]`.
        EvidenceInvalid: A specification of something else.
        OutOfRange: A deadline that is past or far.
        Unavailable: The ledger is away. Ask again.
    """
    fields = Fields(body, "body")
    spec = CodeSpec.from_json(fields.json("spec"))
    enrolment = Enrolment.from_json(fields.json("enrolment"))
    deadline = fields.int("deadline", 0)
    node.ledger.sync(fields.int("index", 0), timeout_s=_SYNC_S)
    fields.end()
    meant = (b64u(spec.submission), spec.owner, spec.coordinator, spec.enrolment)
    if meant != (submission, caller, node.agency, enrolment.id()):
        raise EvidenceInvalid(
            "expected a specification of this submission, by its owner for an "
            "account of ours, found another",
            detail={"party": caller, "rule": "job.spec"},
        )
    room = ROOM + b64u(spec.digest())
    with node.tasks.exclusive(room):
        if node.store.blob(room, _TX) is None:
            _check(node, spec, enrolment, deadline)
        said = say(node, room, _TX, "job.admit", _body(node, spec, deadline))
        if said.fresh:
            node.store.log_use(
                node.clock(),
                node.agency,
                "job.submit",
                dataset=spec.dataset,
                grant=spec.grant,
                subject=said.id,
            )
    return {"index": said.index, "job": said.id}


def _check(node: Node, spec: CodeSpec, enrolment: Enrolment, deadline: int) -> None:
    view, now = node.view(), node.clock()
    if not now < deadline <= now + MAX_DEADLINE_S:
        raise OutOfRange(
            f"body.deadline: expected {now + 1} to {now + MAX_DEADLINE_S}, found "
            f"{deadline}"
        )
    need_account(node, view, enrolment)
    if enrolment.agency != node.agency:
        raise _refused("account.unknown", f"an account of {node.agency}", "another's")
    approved = query_submission.approved_by(
        view,
        b64u(spec.submission),
        dataset=spec.dataset,
        grantee=node.agency,
        purpose=spec.purpose,
    )
    if spec.owner not in approved:
        raise _refused(
            "submission.unapproved", f"a submission that {spec.owner} approves", "none"
        )
    held = query_submission.mock(view, spec.dataset)
    state = query.dataset(view, spec.dataset)
    published = None if held is None else (held.gate, held.version)
    if published != (b64u(spec.gate), spec.version) or state.version != spec.version:
        raise _refused(
            "mock.stale", "the gate and the version that were published", "others"
        )
    grant = query.grant(view, spec.grant)
    if (grant.terms.dataset, grant.terms.grantee) != (spec.dataset, node.agency):
        raise _refused("grant.missing", "a grant of ours on this dataset", "another")
    grant.in_force().covers(
        operation=OPERATION,
        columns=spec.columns,
        group_by=(),
        purpose=spec.purpose,
        program=spec.program,
        time=max(now, grant.terms.not_before),
    )


def _body(node: Node, spec: CodeSpec, deadline: int) -> dict[str, Json]:
    rule = gate_mock.show(node, spec.dataset).gate
    if rule.digest() != spec.gate:
        raise _refused("mock.stale", "the gate that was published", "another")
    return {
        "deadline": deadline,
        "inputs": [
            {
                "charge": rule.charge,
                "columns": list(spec.columns),
                "grant": spec.grant,
                "group_by": [],
            }
        ],
        "operation": OPERATION,
        "parties": spec.parties.roles(),
        "program": spec.program,
        "purpose": spec.purpose,
        "spec": b64u(spec.digest()),
    }


def _refused(rule: str, expected: str, found: str) -> NotPermitted:
    return NotPermitted(f"expected {expected}, found {found}", detail={"rule": rule})


def tick(node: Node) -> list[PrivShareError]:
    """End what an owner left open past its deadline; forget what has ended."""
    from privshare.ledger.transaction import parse  # noqa: PLC0415

    wrong: list[PrivShareError] = []
    for room in node.store.blob_jobs(ROOM):
        data = node.store.blob(room, _TX)
        if data is None:
            continue
        transaction = parse(data)
        try:
            job = query.job(node.view(), transaction.id)
        except NotFound:
            if node.clock() > transaction.not_after + GRACE_S:
                node.store.drop_blobs(room)  # the ledger never took it
            continue
        try:
            if job.status != "admitted":
                node.store.drop_blobs(room)
            elif node.clock() > job.deadline + GRACE_S:
                with node.tasks.exclusive(room):
                    _abort(node, room, transaction.id)
        except PrivShareError as error:
            wrong.append(error)
    return wrong


def _abort(node: Node, room: str, job: str) -> None:
    reason = "job.deadline: expected an end by the deadline, found none"
    said = say(node, room, "abort", "job.abort", {"job": job, "reason": reason})
    drawer.file_at(node, "job.abort", said.id, said.index, job)
