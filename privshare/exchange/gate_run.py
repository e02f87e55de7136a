"""An approved submission runs, once, and what may leave of it is entered.

    run ─► same bytes, approved, a right ─► specification ─► job.admit (its holder)
        ─► job.open ─► sandbox ─► output rule ─► job.result ─► receipt ─► Answer
                          └─ a fault ─► job.abort "rule: words" ─► receipt ─► Answer

`job.open` is the marker. From then on the use is spent, whatever happens: code
that dies on purpose tells something, too. Who finds it in the log, and no
outcome here, ends the job; nothing runs twice.

    kept in gate-run:   spec   job   tx-open   began   outcome   tx-result | tx-abort

Each is kept before the step that follows from it.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from privshare.errors import (
    EvidenceInvalid,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import gate_mock, gate_outcome, gate_refuse, gate_room
from privshare.exchange.gate_admit import admit
from privshare.exchange.gate_check import judge, need_account
from privshare.exchange.gate_decide import standing
from privshare.exchange.gate_outcome import Running
from privshare.exchange.gate_place import Gate
from privshare.exchange.gate_room import Answer, Kept, Sent
from privshare.exchange.gate_say import say
from privshare.exchange.gate_take import need_gate
from privshare.exchange.node import Node
from privshare.exchange.task import Task
from privshare.jobs.spec import NONCE_BYTES
from privshare.jobs.submission.spec import CodeSpec
from privshare.jobs.submission.tree import Submission
from privshare.ledger import query
from privshare.rights import identifier
from privshare.wire.canonical import Fields, Json, b64u, decode, encode, unb64u

__all__ = ["run", "tick"]

WAIT_S: Final = 2.0
#: Seconds beside those of the gate's rule until a job is over.
_SLACK_S: Final = 600
_ADMIT_S: Final = 60.0
_TRIES: Final = 3


def run(
    node: Node, submission: str, files: list[Json], *, person: str = ""
) -> dict[str, Json]:
    """Run a submission that was approved, or say how far it is.

    Args:
        node: This node, of the owner.
        submission: Digest of all files, as they were approved.
        files: All files as they are now.
        person: Who asked.

    Returns:
        `{"job", "outputs", "reason", "receipt", "rule", "status"}`; the status
        is `working`, `done` or `refused`, and the last two are for good.

    Raises:
        NotFound: No such submission.
        StepNotAllowed: Approvals are missing: submission.unapproved; or this
            node runs no code.
        EvidenceInvalid: Other files than those that ran: submission.changed.
        Unavailable: A party or the ledger is away; nothing is lost by asking
            again.
    """
    gate = need_gate(node)
    sent = Sent.read(files)
    name = _task_name(submission)
    with node.tasks.exclusive(gate_room.room_of(submission)):
        kept = gate_room.find(node, submission)
        if kept.owner != node.agency:
            raise NotPermitted(
                f"expected {kept.owner}, whose gate it is, found {node.agency}",
                detail={"rule": "submission.party"},
            )
        answer = gate_refuse.resume(node, kept)
        task = None
        if answer is not None:
            _check_same(answer, kept, sent)
        else:
            task = node.tasks.find(name) or _begun(node, gate, kept, sent, person)
    if task is not None and not task.wait(WAIT_S):
        return _working()
    if task is not None:
        node.tasks.forget(name)
        if task.error is not None:
            raise task.error
    answer = gate_room.answer_of(node, submission, outputs=True)
    return _working() if answer is None else answer.to_json()


def _task_name(submission: str) -> str:
    return f"{gate_room.room_of(submission)}/run"


def _working() -> dict[str, Json]:
    return {**Answer(status="working").to_json()}


def _check_same(answer: Answer, kept: Kept, sent: Sent) -> None:
    """What is asked for now is what was answered then.

    Raises:
        EvidenceInvalid: It is done, and these are other files.
    """
    if answer.status == "done" and sent.digest != kept.submission:
        raise EvidenceInvalid(
            f"expected the submission {kept.submission} that ran, found {sent.digest}",
            fix="Submit it again: an approval holds for the bytes that were read.",
            detail={"rule": "submission.changed"},
        )


# -- before anything is spent -------------------------------------------------


def _begun(node: Node, gate: Gate, kept: Kept, sent: Sent, person: str) -> Task | None:
    """Start the run, if it may run now; None where it was refused or must wait."""
    room = gate_room.run_of(kept.submission)
    if sent.digest != kept.submission:
        _stop(
            node,
            kept,
            "submission.changed",
            f"expected the submission {kept.submission}, found {sent.digest}",
        )
        return None
    if node.store.blob(room, "spec") is None and not _specified(node, kept):
        return None
    if not gate.ready():
        raise Unavailable(
            "expected walls to run submitted code in, found none on this machine",
            fix="apt install bubblewrap, on a kernel that allows user namespaces.",
            detail={"rule": "run.sandbox"},
        )
    if not gate.take():
        return None
    submission = sent.checked()

    def work(task: Task) -> None:
        try:
            _attempt(node, gate, kept, submission)
        finally:
            gate.give_back()

    try:
        task = node.tasks.start(_task_name(kept.submission), work)
    except BaseException:
        gate.give_back()
        raise
    node.store.log_use(
        node.clock(),
        kept.grantee or "",
        "submission.run",
        person=person,
        dataset=kept.dataset,
        subject=kept.submission,
    )
    return task


def _specified(node: Node, kept: Kept) -> bool:
    """Check everything, and keep what will be asked of the right's holder.

    Raises:
        StepNotAllowed: Approvals are missing: submission.unapproved.
    """
    view = node.view()
    try:
        right = judge(
            node, view, kept.enrolment, kept.submission, kept.dataset, kept.purpose
        )
        now = standing(node, view, kept, right.rule)
        if now.against is not None:
            raise NotPermitted(
                f"expected every approval to stand, found that {now.against[0]} "
                f"refused: {now.against[1]}",
                detail={"rule": "submission.unapproved"},
            )
    except PrivShareError as error:
        if "rule" not in error.detail or isinstance(error, Unavailable):
            raise
        gate_refuse.refuse(node, kept, str(error.detail["rule"]), error.message)
        return False
    if now.missing:
        raise StepNotAllowed(
            f"expected the approval of {', '.join(now.missing)}, found none yet",
            fix="Its stewards look at it: GET /v1/submissions.",
            detail={"rule": "submission.unapproved", "missing": list(now.missing)},
        )
    spec = CodeSpec(
        submission=unb64u(kept.submission, 32),
        dataset=right.dataset,
        grant=right.grant,
        version=right.version,
        columns=right.columns,
        gate=right.gate,
        enrolment=kept.enrolment.id() if kept.enrolment else b"",
        purpose=right.purpose,
        coordinator=kept.grantee or "",
        nonce=secrets.token_bytes(NONCE_BYTES),
    )
    room = gate_room.run_of(kept.submission)
    node.store.put_blob(room, "spec", encode(spec.to_json()))
    return True


def _stop(node: Node, kept: Kept, rule: str, reason: str) -> None:
    """Refuse for good; a job that was admitted meanwhile is ended with it."""
    running = _running(node, kept)
    if running is None or running.job is None:
        gate_refuse.refuse(node, kept, rule, reason)
        return
    if gate_outcome.kept(node, running) is None:
        gate_outcome.keep_fault(node, running, rule, reason)
    gate_outcome.settle(node, running)


def _running(node: Node, kept: Kept) -> Running | None:
    """How far a run is, or None: it was not begun."""
    room = gate_room.run_of(kept.submission)
    data = node.store.blob(room, "spec")
    if data is None:
        return None
    job = node.store.blob(room, "job")
    return Running(
        kept=kept,
        room=room,
        spec=CodeSpec.from_json(decode(data)),
        job=None if job is None else job.decode(),
    )


# -- the run ------------------------------------------------------------------


def _attempt(node: Node, gate: Gate, kept: Kept, submission: Submission) -> None:
    """From wherever it stands to an answer; in a thread of its own."""
    running = _running(node, kept)
    if running is None:
        raise StepNotAllowed("expected a run that was begun, found none")
    if running.job is None:
        admitted = _admitted(node, running)
        if admitted is None:
            return
        running = admitted
    if gate_outcome.kept(node, running) is None:
        _go(node, gate, running, submission)
    gate_outcome.settle(node, running)


def _admitted(node: Node, running: Running) -> Running | None:
    """Have the right's holder admit the job; None where it refuses."""
    kept, spec = running.kept, running.spec
    rule = gate_outcome.rule_of(node, spec)
    body: dict[str, Json] = {
        "deadline": node.clock() + rule.seconds + _SLACK_S,
        "enrolment": None if kept.enrolment is None else kept.enrolment.to_json(),
        "index": node.view().block.index,
        "spec": spec.to_json(),
    }
    try:
        job = _asked(node, spec, body)
    except Unavailable:
        raise
    except PrivShareError as error:
        named = error.detail.get("rule")
        if not isinstance(named, str) or not identifier.RULE.pattern.fullmatch(named):
            raise
        gate_refuse.refuse(node, kept, named, error.message)
        return None
    node.store.put_blob(running.room, "job", job.encode())
    return Running(kept=kept, room=running.room, spec=spec, job=job)


def _asked(node: Node, spec: CodeSpec, body: dict[str, Json]) -> str:
    """Ask the right's holder, and look at the ledger for what it says."""
    submission = b64u(spec.submission)
    if spec.coordinator == node.agency:
        answer: Any = admit(node, node.agency, submission, body)
    else:
        answer = node.peers.call(
            spec.coordinator,
            "POST",
            f"/v1/peer/submissions/{submission}/admit",
            body,
            timeout_s=_ADMIT_S,
        )
    fields = Fields(answer, "answer")
    job = identifier.ID.check(fields.str("job"), "answer.job")
    node.ledger.sync(fields.int("index", 0), timeout_s=node.commit_timeout_s)
    fields.end()
    held = query.job(node.view(), job)
    if (held.spec, held.coordinator) != (b64u(spec.digest()), spec.coordinator):
        raise EvidenceInvalid(
            "expected a job of this specification, found another",
            detail={"party": spec.coordinator, "rule": "job.spec"},
        )
    return job


def _go(node: Node, gate: Gate, running: Running, submission: Submission) -> None:
    """Open, run, keep the outcome. Nothing here happens twice."""
    held = query.job(node.view(), running.ledger_id)
    if held.status != "admitted":
        return  # `settle` reads why
    if gate_outcome.was_opened(node, running, held):
        gate_outcome.keep_lost(node, running)
        return
    try:
        _check_still(node, running)
        rows = gate_outcome.rows_of(node, running.spec)
        fresh = _opened(node, running)
    except Unavailable:
        raise
    except PrivShareError as error:
        gate_outcome.keep_error(node, running, error)
        return
    if not fresh:  # an earlier attempt opened it, and may have run it
        gate_outcome.keep_lost(node, running)
        return
    node.store.put_blob(running.room, "began", b"1")
    gate_outcome.execute(node, gate, running, submission, rows)


def _check_still(node: Node, running: Running) -> None:
    """The last look before a use is spent: account, gate, approvals as they are.

    Raises:
        NotPermitted: Rules account.*, mock.stale, submission.unapproved.
    """
    view, kept, spec = node.view(), running.kept, running.spec
    need_account(node, view, kept.enrolment)
    rule = gate_mock.published(node, view, spec.dataset)[1]
    if rule.digest() != spec.gate:
        raise NotPermitted(
            "expected the gate that was published when it was asked for, found another",
            detail={"rule": "mock.stale"},
        )
    now = standing(node, view, kept, rule)
    if now.missing:
        raise NotPermitted(
            f"expected the approval of {', '.join(now.missing)} to stand, found it "
            "withdrawn",
            detail={"rule": "submission.unapproved"},
        )


def _opened(node: Node, running: Running) -> bool:
    """Enter `job.open`; whether it is this attempt that did."""
    body: dict[str, Json] = {
        "aggregation": b64u(running.spec.digest()),
        "job": running.ledger_id,
    }
    first = node.store.blob(running.room, "tx-open") is None
    for attempt in range(_TRIES):
        try:
            said = say(node, running.room, "tx-open", "job.open", body)
        except Unavailable:
            if attempt + 1 == _TRIES:
                raise
        else:
            return said.fresh or first
    raise Unavailable("expected the ledger to take the opening, found no answer")


# -- by itself ----------------------------------------------------------------


def tick(node: Node) -> list[PrivShareError]:
    """Bring to an end what an earlier process, or a thread that died, left."""
    wrong: list[PrivShareError] = []
    for submission in gate_room.runs(node):
        try:
            with node.tasks.exclusive(gate_room.room_of(submission)):
                _mend(node, submission)
        except PrivShareError as error:
            wrong.append(error)
    return wrong


def _mend(node: Node, submission: str) -> None:
    name = _task_name(submission)
    task = node.tasks.find(name)
    if task is not None and not task.wait(0):
        return
    if gate_room.answer_of(node, submission) is not None:
        node.store.drop_blobs(gate_room.run_of(submission))
        return
    running = _running(node, gate_room.find(node, submission))
    if running is None or running.job is None:
        return  # nothing was reserved that its holder does not give back
    held = query.job(node.view(), running.ledger_id)
    if gate_outcome.kept(node, running) is None and held.status == "admitted":
        if gate_outcome.was_opened(node, running, held):
            gate_outcome.keep_lost(node, running)
        elif node.clock() > held.deadline:
            gate_outcome.give_up(node, running)
            return
        else:
            return  # the next question goes on with it
    gate_outcome.settle(node, running)
