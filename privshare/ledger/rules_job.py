"""Rules for using rights: the `use.*` and `job.*` kinds.

A use is reserved before anything runs and settled or released afterwards, so
that two requests at the same moment cannot spend one budget twice. A job
reserves all its inputs in one transaction, or none.

    use   reserved ─► settled | released        job   admitted ─► done | aborted

Before anything is opened, whoever opens says so (`job.open`), and says of which
aggregation: there is one for a job. From then on the coordinator may know the
result, so an abort gives nothing back any more.

What a use takes from a delegated grant it takes from every grant above it.

Implements docs/formats/entry.md, sections 4.7 and 4.8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from privshare.errors import OutOfRange, StepNotAllowed
from privshare.ledger import query
from privshare.ledger.opener import check_openers
from privshare.ledger.parties import Parties
from privshare.ledger.rule import Context, need
from privshare.ledger.rules_dataset import need_owner, registered
from privshare.ledger.rules_grant import need_grantee, read_id, read_reason, write_grant
from privshare.ledger.values import Job, Use
from privshare.rights import grant as steps
from privshare.rights import identifier
from privshare.rights.grant import Grant
from privshare.rights.terms import MAX_COLUMNS
from privshare.wire.canonical import INTEGER_LIMIT, Fields, b64u

MAX_INPUTS = 64
MAX_DEADLINE_S = 366 * 86_400

_MOST = INTEGER_LIMIT - 1

Ended = Literal["settled", "released"]


@dataclass(frozen=True, slots=True)
class Draw:
    """What one use takes: which columns of which grant, and at what charge."""

    charge: int
    columns: tuple[str, ...]
    grant: str
    group_by: tuple[str, ...]

    @classmethod
    def read(cls, fields: Fields) -> Draw:
        """Read the four fields out of a body or an input."""
        column = identifier.COLUMN.pattern
        return cls(
            fields.int("charge", 0, _MOST),
            fields.str_list("columns", MAX_COLUMNS, column, sorted_unique=True),
            read_id(fields, "grant"),
            fields.str_list("group_by", MAX_COLUMNS, column, sorted_unique=True),
        )


def _lineage(context: Context, grant_id: str) -> list[tuple[str, Grant]]:
    """A grant and all above it, the grant itself first."""
    found = []
    following: str | None = grant_id
    while following is not None:
        grant = query.grant(context.draft, following)
        found.append((following, grant))
        following = grant.parent
    return found


def _move(context: Context, grant_id: str, step: Callable[[Grant], Grant]) -> None:
    """Take one step with a grant and with every grant above it."""
    for name, grant in _lineage(context, grant_id):
        write_grant(context, name, step(grant))


def _reserve(
    context: Context,
    use_id: str,
    draw: Draw,
    *,
    operation: str,
    purpose: str,
    program: str | None,
    request: str,
) -> str:
    """Check one use against its grant, hold it, and name the data's owner."""
    grant = query.grant(context.draft, draw.grant)
    need_grantee(context, grant)
    registered(context, grant.terms.dataset)
    grant.in_force().covers(
        operation=operation,
        columns=draw.columns,
        group_by=draw.group_by,
        purpose=purpose,
        program=program,
        time=context.time,
    )
    _move(
        context,
        draw.grant,
        lambda held: steps.reserve(held, charge=draw.charge, at=context.index),
    )
    use = Use(
        grant=draw.grant,
        request=request,
        operation=operation,
        columns=draw.columns,
        group_by=draw.group_by,
        purpose=purpose,
        charge=draw.charge,
        status="reserved",
        at=context.index,
        ended=None,
        result=None,
        time=context.time,
    )
    context.draft.put(f"use/{use_id}", use.to_json())
    return grant.terms.owner


def _reserved(context: Context, use_id: str) -> Use:
    use = query.use(context.draft, use_id)
    if use.status != "reserved":
        raise StepNotAllowed(f"expected a reserved use, found one that is {use.status}")
    return use


def _end(
    context: Context,
    use_id: str,
    status: Ended,
    result: str | None,
    *,
    late: bool = False,
) -> None:
    """Settle or release a use that is reserved.

    A late settlement passes over grants that have ended: there is nothing left
    to spend in them.
    """
    use = _reserved(context, use_id)

    def step(held: Grant) -> Grant:
        settles = status == "settled" and not (late and held.is_over)
        move = steps.settle if settles else steps.release
        return move(held, charge=use.charge, at=context.index)

    _move(context, use.grant, step)
    ended = replace(use, status=status, ended=context.index, result=result)
    context.draft.put(f"use/{use_id}", ended.to_json())


def _read_operation(fields: Fields) -> str:
    return identifier.check_operation(fields.str("operation"), "body.operation")


def _read_purpose(fields: Fields) -> str:
    return identifier.PURPOSE.check(fields.str("purpose"), "body.purpose")


@dataclass(frozen=True, slots=True)
class UseReserve:
    """A grantee reserves one use that the owner answers by itself."""

    draw: Draw
    operation: str
    purpose: str
    request: str

    @classmethod
    def parse(cls, fields: Fields) -> UseReserve:
        """Read the body."""
        return cls(
            Draw.read(fields),
            _read_operation(fields),
            _read_purpose(fields),
            b64u(fields.digest("request")),
        )

    def apply(self, context: Context) -> None:
        """Reserve; the transaction's id becomes the use's."""
        _reserve(
            context,
            context.tx_id,
            self.draw,
            operation=self.operation,
            purpose=self.purpose,
            program=None,
            request=self.request,
        )


@dataclass(frozen=True, slots=True)
class UseSettle:
    """The owner answered: the use is spent."""

    use: str
    result: str

    @classmethod
    def parse(cls, fields: Fields) -> UseSettle:
        """Read the body."""
        return cls(read_id(fields, "use"), b64u(fields.digest("result")))

    def apply(self, context: Context) -> None:
        """Settle the use in its grant and in all above it."""
        use = query.use(context.draft, self.use)
        need_owner(context, query.grant(context.draft, use.grant).terms.dataset)
        _end(context, self.use, "settled", self.result)


@dataclass(frozen=True, slots=True)
class UseRelease:
    """The use did not happen: what it held is given back."""

    use: str
    reason: str

    @classmethod
    def parse(cls, fields: Fields) -> UseRelease:
        """Read the body."""
        return cls(read_id(fields, "use"), read_reason(fields))

    def apply(self, context: Context) -> None:
        """Release; the grantee only when the owner let the time pass."""
        use = query.use(context.draft, self.use)
        grant = query.grant(context.draft, use.grant)
        if context.account != grant.terms.owner:
            need_grantee(context, grant)
            free = use.time + context.genesis.params.use_timeout_s
            if context.time < free:
                raise StepNotAllowed(
                    f"expected a time from {free} on, found {context.time}",
                    fix="Ask the owner to release it, or wait.",
                    detail={"time": free},
                )
        _end(context, self.use, "released", None)


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
            _read_operation(fields),
            Parties.read(fields.obj("parties")),
            identifier.PROGRAM.check(fields.str("program"), "body.program"),
            _read_purpose(fields),
            b64u(fields.digest("spec")),
        )

    def apply(self, context: Context) -> None:
        """Reserve every input and enter the job, whose id is the transaction's."""
        self._check_deadline(context)
        self._check_parties(context)
        names = tuple(f"{context.tx_id}.{i}" for i in range(len(self.inputs)))
        owners = {
            _reserve(
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
        context.draft.put(f"job/{context.tx_id}", job.to_json())

    def _check_deadline(self, context: Context) -> None:
        latest = context.time + MAX_DEADLINE_S
        if not context.time < self.deadline <= latest:
            raise OutOfRange(
                f"body.deadline: expected {context.time + 1} to {latest}, "
                f"found {self.deadline}"
            )

    def _check_parties(self, context: Context) -> None:
        parties = self.parties
        query.agency(context.draft, parties.compute)
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


def _admitted(context: Context, job_id: str) -> Job:
    job = query.job(context.draft, job_id)
    if job.status != "admitted":
        raise StepNotAllowed(
            f"expected an admitted job, found one that is {job.status}"
        )
    return job


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
        job = _admitted(context, self.job)
        need(
            context.account == job.coordinator,
            "job.coordinator",
            f"expected {job.coordinator}, the coordinator, found {context.account}",
        )
        if context.time > job.deadline:
            raise StepNotAllowed(
                f"expected a time up to {job.deadline}, the deadline, "
                f"found {context.time}"
            )
        for use_id in job.inputs:
            _end(context, use_id, "settled", self.result)
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
        job = _admitted(context, self.job)
        opened_by = job.parties.opened_by
        need(
            context.account in opened_by,
            "job.opener",
            f"expected {' or '.join(opened_by)}, who may open, found {context.account}",
        )
        if context.time > job.deadline:
            raise StepNotAllowed(
                f"expected a time up to {job.deadline}, the deadline, "
                f"found {context.time}"
            )
        for use_id in job.inputs:
            use = query.use(context.draft, use_id)
            for _, grant in _lineage(context, use.grant):
                grant.in_force()
        aggregation = b64u(self.aggregation)
        if job.opened is None:
            opened = replace(job, opened=context.index, aggregation=aggregation)
            context.draft.put(f"job/{self.job}", opened.to_json())
        elif job.aggregation != aggregation:
            raise StepNotAllowed(
                f"expected the aggregation that was opened at {job.opened}, found "
                "another",
                detail={"rule": "job.opened"},
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
        """Release all inputs; those of a job that was opened are spent."""
        job = _admitted(context, self.job)
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
            _end(context, use_id, status, None, late=True)
        aborted = replace(
            job, status="aborted", ended=context.index, reason=self.reason
        )
        context.draft.put(f"job/{self.job}", aborted.to_json())
