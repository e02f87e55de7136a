"""Rules for computing with others: `job.admit`, `job.open`, `.result`, `.abort`.

A job reserves all its inputs in one transaction, or none (`rules_use`).

    job   admitted ─► done | aborted

Before anything is opened, whoever opens says so (`job.open`), and says of which
aggregation: there is one for a job. From then on the coordinator may know the
result, so an abort gives nothing back any more. Submitted code is opened before
it runs, by the owner whose data it sees, and the result is the owner's to say:
code that ends badly on purpose tells something, too. A measured job is opened by
the agency whose machine ran it, after evidence of the machine is in the log
(`rules_attest`).

Implements docs/formats/entry.md, section 4.8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from privshare.errors import OutOfRange, StepNotAllowed
from privshare.ledger import query, query_attested
from privshare.ledger.attested import Attestation
from privshare.ledger.joined import Joined, need_committed
from privshare.ledger.opener import check_openers
from privshare.ledger.parties import ALONE, NODES, PAIR, Parties
from privshare.ledger.rule import Context, need
from privshare.ledger.rules_grant import read_id, read_reason
from privshare.ledger.rules_submission import need_approved
from privshare.ledger.rules_use import (
    Draw,
    Ended,
    end,
    hold_answers,
    lineage,
    read_operation,
    read_purpose,
    reserve,
)
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.rights.identifier import JOINS
from privshare.wire.canonical import Fields, b64u

MAX_INPUTS = 64
MAX_DEADLINE_S = 366 * 86_400


@dataclass(frozen=True, slots=True)
class JobAdmit:
    """A coordinator admits a job over one or more grants."""

    deadline: int
    inputs: tuple[Draw, ...]
    operation: str
    parties: Parties
    program: str
    purpose: str
    spec: str

    @classmethod
    def parse(cls, fields: Fields) -> JobAdmit:
        """Read the body."""
        inputs = []
        for item in fields.objs("inputs", MAX_INPUTS):
            inputs.append(Draw.read(item))
            item.end()
        if not inputs:
            raise OutOfRange(f"body.inputs: expected 1 to {MAX_INPUTS}, found none")
        return cls(
            fields.int("deadline", 0),
            tuple(inputs),
            read_operation(fields),
            Parties.read(fields.obj("parties")),
            identifier.PROGRAM.check(fields.str("program"), "body.program"),
            read_purpose(fields),
            b64u(fields.digest("spec")),
        )

    def apply(self, context: Context) -> None:
        """Reserve every input and enter the job, whose id is the transaction's."""
        self._check_deadline(context)
        self._check_program()
        self._check_join()
        self._check_parties(context)
        names = tuple(f"{context.tx_id}.{i}" for i in range(len(self.inputs)))
        owners = {
            reserve(
                context,
                name,
                draw,
                operation=self.operation,
                purpose=self.purpose,
                program=self.program,
                request=self.spec,
            )
            for name, draw in zip(names, self.inputs, strict=True)
        }
        if self.parties.joins or self.parties.gated:
            need(
                sorted(owners) == list(self.parties.nodes),
                "job.parties",
                f"expected the inputs' owners, {', '.join(sorted(owners))}, found "
                f"{', '.join(self.parties.nodes)}",
            )
        hold_answers(context, names, self.inputs, self.operation)
        job = Job(
            coordinator=context.account,
            program=self.program,
            spec=self.spec,
            inputs=names,
            parties=replace(self.parties, owners=tuple(sorted(owners))),
            deadline=self.deadline,
            status="admitted",
            at=context.index,
        )
        if job.parties.gated:
            need_approved(context, job, identifier.submission_of(self.program) or "")
        context.draft.put(f"job/{context.tx_id}", job.to_json())
        if job.parties.attested:
            context.draft.put(f"attested/{context.tx_id}", Attestation().to_json())
        if job.parties.joins:
            context.draft.put(f"joined/{context.tx_id}", Joined().to_json())

    def _check_deadline(self, context: Context) -> None:
        latest = context.time + MAX_DEADLINE_S
        if not context.time < self.deadline <= latest:
            raise OutOfRange(
                f"body.deadline: expected {context.time + 1} to {latest}, "
                f"found {self.deadline}"
            )

    def _check_program(self) -> None:
        """A measured program runs in an attested machine, and nothing else does."""
        measured = identifier.code_of(self.program) is not None
        submitted = identifier.submission_of(self.program) is not None
        need(
            measured == self.parties.attested
            and (measured or submitted) == (self.operation == "run"),
            "job.program",
            "expected a measured program, run by an attested machine, or another and "
            "somebody who opens, found otherwise",
        )
        need(
            submitted == self.parties.gated
            and (not submitted or len(self.inputs) == ALONE),
            "job.program",
            "expected one owner and one input for submitted code, and for no other "
            "program, found otherwise",
        )
        need(
            not (submitted and any(one.answer for one in self.inputs)),
            "submission.answer",
            "expected submitted code without an answer announced, as nobody can say "
            "what it tells, found one",
        )
        need(
            identifier.is_joint(self.program) == (len(self.parties.nodes) == NODES),
            "job.program",
            "expected three nodes for a program on shares, and for no other, found "
            "otherwise",
        )

    def _check_join(self) -> None:
        """A join is between the owners of two inputs, and says how much it tells."""
        operation = JOINS.get(self.program)
        need(
            (operation is not None) == self.parties.joins
            and operation in (None, self.operation)
            and (operation is None or len(self.inputs) == PAIR),
            "job.program",
            "expected two owners and two inputs for a join, for the operation it is "
            "for, and for no other program, found otherwise",
        )

    def _check_parties(self, context: Context) -> None:
        parties = self.parties
        query.agency(context.draft, parties.compute)
        if parties.nodes:
            for node in parties.nodes:
                query.agency(context.draft, node)
        if parties.attested or parties.joins or parties.gated:
            return
        if parties.custodian is None:
            check_openers(context.draft, parties)
            return
        query.agency(context.draft, parties.custodian)
        need(
            parties.custodian not in (parties.compute, context.account),
            "job.parties",
            "expected a custodian that neither computes nor coordinates, "
            f"found {parties.custodian}",
        )


def admitted(context: Context, job_id: str) -> Job:
    """A job that is under way.

    Raises:
        NotFound: No such job.
        StepNotAllowed: It has ended.
    """
    job = query.job(context.draft, job_id)
    if job.status != "admitted":
        raise StepNotAllowed(
            f"expected an admitted job, found one that is {job.status}"
        )
    return job


def check_deadline(context: Context, job: Job) -> None:
    """Check that a job's deadline has not passed.

    Raises:
        StepNotAllowed: It has.
    """
    if context.time > job.deadline:
        raise StepNotAllowed(
            f"expected a time up to {job.deadline}, the deadline, found {context.time}"
        )


def abort(context: Context, job_id: str, reason: str) -> None:
    """End a job without a result, on behalf of one of its parties.

    Raises:
        NotFound, StepNotAllowed: As `admitted`.
        NotPermitted: The account is no party.
    """
    job = admitted(context, job_id)
    parties = job.parties
    allowed = {
        job.coordinator,
        parties.compute,
        *parties.opened_by,
        *parties.owners,
    }
    need(
        context.account in allowed,
        "job.party",
        f"expected one of {', '.join(sorted(allowed))}, found {context.account}",
    )
    status: Ended = "released" if job.opened is None else "settled"
    for use_id in job.inputs:
        end(context, use_id, status, None, late=True)
    aborted = replace(job, status="aborted", ended=context.index, reason=reason)
    context.draft.put(f"job/{job_id}", aborted.to_json())


def need_listed(context: Context, job: Job) -> None:
    """Check that a job's program is listed now.

    Raises:
        NotPermitted: It is not; rule `run.unlisted`.
    """
    code = identifier.code_of(job.program) or ""
    need(
        query_attested.is_listed(context.draft, code),
        "run.unlisted",
        "expected a program that is listed, found one that is not",
    )


def _check_ready(context: Context, job_id: str, job: Job) -> None:
    """A measured job opens and ends after its evidence, a join after both sets."""
    if job.parties.joins:
        need_committed(context, job_id, job)
    if not job.parties.attested:
        return
    held = query_attested.attestation(context.draft, job_id)
    missing = [one for one in job.parties.runners if held.of(one) is None]
    if missing:
        raise StepNotAllowed(
            f"expected evidence of the machine of {', '.join(missing)} before, found "
            "none",
            fix="Let each runner commit to its evidence first (job.attest).",
            detail={"rule": "job.attested", "missing": missing},
        )


@dataclass(frozen=True, slots=True)
class JobResult:
    """The coordinator commits to the result: every input is spent."""

    evidence: str
    job: str
    result: str

    @classmethod
    def parse(cls, fields: Fields) -> JobResult:
        """Read the body."""
        return cls(
            b64u(fields.digest("evidence")),
            read_id(fields, "job"),
            b64u(fields.digest("result")),
        )

    def apply(self, context: Context) -> None:
        """Settle all inputs, each of whose grants must still be in force."""
        job = admitted(context, self.job)
        says = job.parties.compute if job.parties.gated else job.coordinator
        need(
            context.account == says,
            "job.owner" if job.parties.gated else "job.coordinator",
            f"expected {says}, found {context.account}",
        )
        check_deadline(context, job)
        _check_ready(context, self.job, job)
        runs = job.parties.attested or job.parties.joins or job.parties.gated
        if runs and job.opened is None:
            raise StepNotAllowed(
                "expected what was concluded, or begun, before, found nothing",
                fix="Let a runner or owner say so first (job.open).",
                detail={"rule": "job.opened"},
            )
        for use_id in job.inputs:
            end(context, use_id, "settled", self.result)
        done = replace(
            job,
            status="done",
            ended=context.index,
            result=self.result,
            evidence=self.evidence,
        )
        context.draft.put(f"job/{self.job}", done.to_json())


@dataclass(frozen=True, slots=True)
class JobOpen:
    """Somebody is about to open totals: from now on the inputs are spent."""

    aggregation: bytes
    job: str

    @classmethod
    def parse(cls, fields: Fields) -> JobOpen:
        """Read the body."""
        return cls(fields.digest("aggregation"), read_id(fields, "job"))

    def apply(self, context: Context) -> None:
        """Note the aggregation, one for a job, while every grant is in force.

        Said again, it changes nothing: openers may say it at the same moment.
        """
        job = admitted(context, self.job)
        opened_by = job.parties.opened_by
        need(
            context.account in opened_by,
            "job.opener",
            f"expected {' or '.join(opened_by)}, who may open, found {context.account}",
        )
        check_deadline(context, job)
        _check_ready(context, self.job, job)
        if job.parties.gated:
            self._check_gate(context, job)
        for use_id in job.inputs:
            use = query.use(context.draft, use_id)
            for _, grant in lineage(context, use.grant):
                grant.in_force()
        aggregation = b64u(self.aggregation)
        if job.opened is None:
            if job.parties.attested:
                need_listed(context, job)
            opened = replace(job, opened=context.index, aggregation=aggregation)
            context.draft.put(f"job/{self.job}", opened.to_json())
            if job.parties.attested:
                held = query_attested.attestation(context.draft, self.job)
                announced = replace(held, opened=context.time)
                context.draft.put(f"attested/{self.job}", announced.to_json())
        elif job.aggregation != aggregation:
            raise StepNotAllowed(
                f"expected the aggregation that was opened at {job.opened}, found "
                "another",
                detail={"rule": "job.opened"},
            )

    def _check_gate(self, context: Context, job: Job) -> None:
        """The code that is about to run is still approved, and is what was asked."""
        if job.opened is None:
            need_approved(context, job, identifier.submission_of(job.program) or "")
        if b64u(self.aggregation) != job.spec:
            raise StepNotAllowed(
                "expected the specification that was admitted, found another",
                detail={"rule": "job.spec"},
            )


@dataclass(frozen=True, slots=True)
class JobAbort:
    """A party ends the job without a result; unopened, it cost nothing."""

    job: str
    reason: str

    @classmethod
    def parse(cls, fields: Fields) -> JobAbort:
        """Read the body."""
        return cls(read_id(fields, "job"), read_reason(fields))

    def apply(self, context: Context) -> None:
        """Answer all inputs; those of a job that was opened are spent."""
        abort(context, self.job, self.reason)
