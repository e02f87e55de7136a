"""What came of a run: kept first, then entered, then answered.

    execute ─► outputs, judged by the gate's rule ─► outcome ┐
    fault, or lost in a crash ─────────────────────► outcome ┴► settle ─► Answer

`settle` reads the ledger and what is kept, and does what is left to do; called
again, it does nothing twice. Outputs leave once `job.result` is in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from privshare.errors import (
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import dataset as datasets
from privshare.exchange import drawer, gate_room
from privshare.exchange.gate_place import Gate
from privshare.exchange.gate_room import Answer, Kept
from privshare.exchange.gate_rows import lay_csv
from privshare.exchange.gate_say import say
from privshare.exchange.node import Node, one_line
from privshare.jobs.statement import evidence_digest, result_digest
from privshare.jobs.submission import statement as statements
from privshare.jobs.submission.rule import GateRule
from privshare.jobs.submission.spec import CodeSpec
from privshare.jobs.submission.tree import Submission
from privshare.ledger import query
from privshare.ledger.transaction import parse
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Fields, Json, b64u, decode, encode

__all__ = [
    "Outcome",
    "Running",
    "execute",
    "give_up",
    "keep_error",
    "keep_fault",
    "keep_lost",
    "kept",
    "rows_of",
    "rule_of",
    "settle",
    "was_opened",
]

_OUTCOME: Final = "outcome"
_MAX_OUTCOME: Final = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A run that was begun.

    Attributes:
        kept: The submission.
        room: Where its steps are kept.
        spec: What was asked of the right's holder.
        job: The job's id on the ledger; None: not known to be admitted.
    """

    kept: Kept
    room: str
    spec: CodeSpec
    job: str | None

    @property
    def ledger_id(self) -> str:
        """The job's id on the ledger."""
        if self.job is None:
            raise StepNotAllowed("expected a job that was admitted, found none")
        return self.job


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run.

    Attributes:
        outputs: What may leave, by name, as the gate's rule released it.
        run: The owner's signed statement, an envelope; None after a fault.
        rule: Which rule stopped it; "" where nothing did.
        reason: In words.
    """

    outputs: tuple[tuple[str, bytes], ...] = ()
    run: Json = None
    rule: str = ""
    reason: str = ""

    def to_bytes(self) -> bytes:
        """For one's own storage."""
        listed: list[Json] = [
            {"bytes": b64u(data), "name": name} for name, data in self.outputs
        ]
        return encode(
            {
                "outputs": listed,
                "reason": self.reason,
                "rule": self.rule,
                "run": self.run,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Outcome:
        """Read what `to_bytes` wrote."""
        fields = Fields(decode(data, max_bytes=_MAX_OUTCOME), "outcome")
        outputs = [
            (one.str("name"), one.bytes("bytes", max=_MAX_OUTCOME))
            for one in fields.objs("outputs")
        ]
        return cls(
            outputs=tuple(outputs),
            reason=fields.str("reason"),
            rule=fields.str("rule"),
            run=fields.json("run"),
        )


def kept(node: Node, running: Running) -> Outcome | None:
    """The outcome of a run, or None: there is none yet."""
    data = node.store.blob(running.room, _OUTCOME)
    return None if data is None else Outcome.from_bytes(data)


def keep_fault(node: Node, running: Running, rule: str, reason: str) -> None:
    """Keep that a run came to nothing."""
    made = Outcome(rule=rule, reason=reason)
    node.store.put_blob(running.room, _OUTCOME, made.to_bytes())


def keep_error(node: Node, running: Running, error: PrivShareError) -> None:
    """Keep that a run came to nothing, by the rule that an error names."""
    named = error.detail.get("rule")
    known = isinstance(named, str) and identifier.RULE.pattern.fullmatch(named)
    keep_fault(node, running, str(named) if known else "run.fault", error.message)


def keep_lost(node: Node, running: Running) -> None:
    """Keep that a run was opened, and that nobody knows what came of it."""
    keep_fault(
        node,
        running,
        "run.lost",
        "expected what came of the run, found that its process ended before; the "
        "use is spent, and the run is not repeated",
    )


def was_opened(node: Node, running: Running, held: Job) -> bool:
    """Whether the code may have run already."""
    return held.opened is not None or (
        node.store.blob(running.room, "began") is not None
    )


# -- running ------------------------------------------------------------------


def rule_of(node: Node, spec: CodeSpec) -> GateRule:
    """The gate's rule that a specification names.

    Raises:
        NotPermitted: It is not kept here: rule mock.none.
    """
    data = node.store.document(b64u(spec.gate))
    if data is None:
        raise NotPermitted(
            "expected the rule of the gate here, found none",
            detail={"rule": "mock.none"},
        )
    return GateRule.from_json(decode(data))


def rows_of(node: Node, spec: CodeSpec) -> tuple[bytes, int]:
    """The granted columns as the code reads them, and how many rows.

    Raises:
        NotPermitted: The dataset was amended or retired: rule job.version.
    """
    state = datasets.need_registered(
        query.dataset(node.view(), spec.dataset), spec.dataset
    )
    if state.version != spec.version:
        raise NotPermitted(
            f"expected version {spec.version} of {spec.dataset}, found {state.version}",
            fix="Publish its mock anew, and submit again.",
            detail={"rule": "job.version"},
        )
    schema = datasets.documents(node, spec.dataset).schema
    return lay_csv(schema, spec.columns, node.store.rows(spec.dataset))


def execute(
    node: Node,
    gate: Gate,
    running: Running,
    submission: Submission,
    rows: tuple[bytes, int],
) -> None:
    """Run it inside the walls, judge its outputs, keep the outcome.

    Whatever goes wrong here is an outcome, too: the use is spent.
    """
    try:
        made = _executed(node, gate, running, submission, rows)
    except PrivShareError as error:
        keep_error(node, running, error)
        _log(node, running, str(error.detail.get("rule", error.name)))
    except Exception as error:  # a fault of ours must not leave the job open
        keep_fault(
            node,
            running,
            "run.fault",
            f"expected the run to end, found {type(error).__name__}",
        )
        _log(node, running, "run.fault")
    else:
        node.store.put_blob(running.room, _OUTCOME, made.to_bytes())
        _log(node, running, "done")


def _executed(
    node: Node,
    gate: Gate,
    running: Running,
    submission: Submission,
    rows: tuple[bytes, int],
) -> Outcome:
    from privshare.jobs.submission.gate import release  # noqa: PLC0415 - runs alone

    spec = running.spec
    rule, (table, count) = rule_of(node, spec), rows
    name = spec.dataset.partition("/")[2]
    ran = gate.sandbox(submission, running.kept.entry, table, name, rule, gate.site)
    outputs = release(ran.outputs, rule)
    made = statements.Run(
        job=running.ledger_id,
        spec=spec.digest(),
        submission=submission.tree.digest,
        gate=spec.gate,
        rows=count,
        outputs=statements.outputs_digest(outputs),
        walls=ran.walls,
        python=ran.python,
        packages=ran.packages,
        noise=None if rule.noise is None else "discrete-laplace",
    )
    signed = node.sign(statements.RUN, made.to_bytes())
    return Outcome(
        outputs=tuple(sorted(outputs.items())), run=envelopes.to_json(signed)
    )


def _log(node: Node, running: Running, outcome: str) -> None:
    node.store.log_use(
        node.clock(),
        running.spec.coordinator,
        "job.run",
        dataset=running.spec.dataset,
        grant=running.spec.grant,
        subject=running.ledger_id,
        outcome=outcome,
    )


# -- ending -------------------------------------------------------------------


def settle(node: Node, running: Running) -> Answer:
    """Enter what came of a run, file its receipt, keep the answer.

    Raises:
        Unavailable: The ledger is away, or the job ended before it began:
            ask again.
    """
    outcome = kept(node, running)
    held = query.job(node.view(), running.ledger_id)
    if held.status == "aborted":
        return _ended(node, running, held, outcome)
    if outcome is None:
        raise Unavailable("expected what came of the run, found nothing yet")
    if outcome.rule:
        return _aborted(node, running, outcome)
    job, outputs = running.ledger_id, dict(outcome.outputs)
    result = statements.result_document(job, outputs)
    evidence: dict[str, Json] = {
        **running.kept.documents,
        "gate": rule_of(node, running.spec).to_json(),
        "run": outcome.run,
        "spec": running.spec.to_json(),
    }
    body: dict[str, Json] = {
        "evidence": b64u(evidence_digest(evidence)),
        "job": job,
        "result": b64u(result_digest(result)),
    }
    try:
        said = say(node, running.room, "tx-result", "job.result", body)
    except Unavailable:
        raise
    except PrivShareError as error:  # the right was revoked meanwhile, say
        keep_error(node, running, error)
        return settle(node, running)
    receipt = drawer.file_at(
        node,
        "job.result",
        said.id,
        said.index,
        job,
        evidence=evidence,
        result=result,
    )
    answer = Answer(status="done", receipt=receipt, job=job, outputs=outputs)
    gate_room.keep_answer(node, running.kept.submission, answer)
    return answer


def _aborted(node: Node, running: Running, outcome: Outcome) -> Answer:
    body: dict[str, Json] = {
        "job": running.ledger_id,
        "reason": one_line(f"{outcome.rule}: {outcome.reason}"),
    }
    try:
        said = say(node, running.room, "tx-abort", "job.abort", body)
    except StepNotAllowed:
        held = query.job(node.view(), running.ledger_id)
        if held.status != "aborted":
            raise
        return _ended(node, running, held, outcome)
    return _refused(node, running, said.id, said.index, outcome)


def _ended(node: Node, running: Running, held: Job, outcome: Outcome | None) -> Answer:
    """Somebody ended the job; or we did, and fell over before we said so.

    Raises:
        Unavailable: It had not begun: nothing is spent, and it may be asked
            for again.
    """
    if held.ended is None:
        raise Unavailable("expected our copy of the ledger to have the job's end")
    if outcome is None and held.opened is None:
        node.store.drop_blobs(running.room)
        raise Unavailable(
            f"expected a job that goes on, found that it was ended: {held.reason}",
            fix="Nothing is spent: ask again.",
        )
    if outcome is None or not outcome.rule:
        rule, _, words = (held.reason or "").partition(": ")
        named = identifier.RULE.pattern.fullmatch(rule) is not None
        outcome = Outcome(
            rule=rule if named and words else "job.aborted",
            reason=words if named and words else held.reason or "ended",
        )
    tx_id = parse(node.ledger.entry(held.ended)).id
    return _refused(node, running, tx_id, held.ended, outcome)


def _refused(
    node: Node, running: Running, tx_id: str, index: int, outcome: Outcome
) -> Answer:
    job = running.ledger_id
    receipt = drawer.file_at(node, "job.abort", tx_id, index, job)
    answer = Answer(
        status="refused",
        rule=outcome.rule,
        reason=one_line(outcome.reason),
        receipt=receipt,
        job=job,
    )
    gate_room.keep_answer(node, running.kept.submission, answer)
    return answer


def give_up(node: Node, running: Running) -> None:
    """End a job whose time is over and that never began; its use is given back."""
    reason = "job.deadline: expected an opening by the deadline, found none"
    body: dict[str, Json] = {"job": running.ledger_id, "reason": reason}
    said = say(node, running.room, "tx-abort", "job.abort", body)
    drawer.file_at(node, "job.abort", said.id, said.index, running.ledger_id)
    node.store.drop_blobs(running.room)
