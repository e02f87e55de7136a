"""Rules for using rights: the `use.*` kinds, and what jobs take of grants.

A use is reserved before anything runs and settled or released afterwards, so
that two requests at the same moment cannot spend one budget twice.

    use   reserved ─► settled | released

What a use takes from a delegated grant it takes from every grant above it. A
job reserves its inputs with the same functions (`rules_job`).

Implements docs/formats/entry.md, section 4.7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from privshare.errors import StepNotAllowed
from privshare.ledger import privacy_account, query
from privshare.ledger.rule import Context, need
from privshare.ledger.rules_dataset import need_owner, registered
from privshare.ledger.rules_grant import need_grantee, read_id, read_reason, write_grant
from privshare.ledger.values import Use
from privshare.rights import grant as steps
from privshare.rights import identifier
from privshare.rights.answer import Answer
from privshare.rights.grant import Grant
from privshare.rights.privacy import subset_digest
from privshare.rights.terms import MAX_COLUMNS, Terms
from privshare.wire.canonical import INTEGER_LIMIT, Fields, b64u

_MOST = INTEGER_LIMIT - 1

Ended = Literal["settled", "released"]


@dataclass(frozen=True, slots=True)
class Draw:
    """What one use takes: which columns of which grant, and at what charge.

    A dataset with a privacy account is answered only where the input says what
    leaves (`answer`); without one the field is absent.
    """

    charge: int
    columns: tuple[str, ...]
    grant: str
    group_by: tuple[str, ...]
    answer: Answer | None = None

    @classmethod
    def read(cls, fields: Fields) -> Draw:
        """Read the four fields, or five, out of a body or an input."""
        column = identifier.COLUMN.pattern
        says = "answer" in fields.names()
        return cls(
            fields.int("charge", 0, _MOST),
            fields.str_list("columns", MAX_COLUMNS, column, sorted_unique=True),
            read_id(fields, "grant"),
            fields.str_list("group_by", MAX_COLUMNS, column, sorted_unique=True),
            Answer.read(fields.obj("answer")) if says else None,
        )


def lineage(context: Context, grant_id: str) -> list[tuple[str, Grant]]:
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
    for name, grant in lineage(context, grant_id):
        write_grant(context, name, step(grant))


def reserve(
    context: Context,
    use_id: str,
    draw: Draw,
    *,
    operation: str,
    purpose: str,
    program: str | None,
    request: str,
) -> str:
    """Check one use against its grant, hold it, and name the data's owner.

    Raises:
        NotFound: No such grant or dataset.
        NotPermitted: The grant does not cover it, or is another's.
    """
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


def hold_answers(
    context: Context, use_ids: Sequence[str], draws: Sequence[Draw], operation: str
) -> None:
    """Charge the privacy accounts of all inputs, and look at what was asked.

    Called once for a use or a job, after all its inputs are reserved: which rows
    an answer is of depends on all of them.

    Raises:
        NotPermitted: Rule `privacy.answer`, `privacy.account`,
            `privacy.charge`, `privacy.budget` or `privacy.differencing`.
    """
    grants = [query.grant(context.draft, draw.grant) for draw in draws]
    names = {grant.terms.dataset for grant in grants}
    inputs = [(name, registered(context, name).version) for name in sorted(names)]
    for use_id, draw, grant in zip(use_ids, draws, grants, strict=True):
        if draw.answer is not None:
            _hold_answer(
                context, use_id, draw, draw.answer, grant.terms, operation, inputs
            )
        elif grant.terms.output == "aggregate":
            need(
                privacy_account.find(context, grant.terms.dataset) is None,
                "privacy.answer",
                f"expected what leaves of {grant.terms.dataset}, which has a privacy "
                "account, found nothing",
            )


def _hold_answer(
    context: Context,
    use_id: str,
    draw: Draw,
    answer: Answer,
    terms: Terms,
    operation: str,
    inputs: list[tuple[str, int]],
) -> None:
    noise = answer.noise
    if noise is None:
        subset = subset_digest(
            row_filter=answer.row_filter, inputs=inputs, group_by=draw.group_by
        )
        privacy_account.hold_exact(
            context,
            use_id,
            terms.dataset,
            operation=operation,
            columns=draw.columns,
            subset=subset,
            k=terms.k,
        )
        return
    need(
        draw.charge == noise.charge_epsilon,
        "privacy.charge",
        f"expected a charge of {noise.charge_epsilon} micro-epsilon for this noise, "
        f"found {draw.charge}",
    )
    privacy_account.hold_noisy(
        context, use_id, terms.dataset, rho=noise.charge_rho, mechanism=noise.digest()
    )


def _reserved(context: Context, use_id: str) -> Use:
    use = query.use(context.draft, use_id)
    if use.status != "reserved":
        raise StepNotAllowed(f"expected a reserved use, found one that is {use.status}")
    return use


def end(
    context: Context,
    use_id: str,
    status: Ended,
    result: str | None,
    *,
    late: bool = False,
) -> None:
    """Settle or release a use that is reserved, in its grant and all above.

    A late settlement passes over grants that have ended: there is nothing left
    to spend in them.
    """
    use = _reserved(context, use_id)

    def step(held: Grant) -> Grant:
        settles = status == "settled" and not (late and held.is_over)
        move = steps.settle if settles else steps.release
        return move(held, charge=use.charge, at=context.index)

    _move(context, use.grant, step)
    privacy_account.end(context, use_id, spent=status == "settled")
    ended = replace(use, status=status, ended=context.index, result=result)
    context.draft.put(f"use/{use_id}", ended.to_json())


def read_operation(fields: Fields) -> str:
    return identifier.check_operation(fields.str("operation"), "body.operation")


def read_purpose(fields: Fields) -> str:
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
            read_operation(fields),
            read_purpose(fields),
            b64u(fields.digest("request")),
        )

    def apply(self, context: Context) -> None:
        """Reserve; the transaction's id becomes the use's."""
        reserve(
            context,
            context.tx_id,
            self.draw,
            operation=self.operation,
            purpose=self.purpose,
            program=None,
            request=self.request,
        )
        hold_answers(context, [context.tx_id], [self.draw], self.operation)


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
        end(context, self.use, "settled", self.result)


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
        """Answer; the grantee only when the owner let the time pass."""
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
        end(context, self.use, "released", None)
