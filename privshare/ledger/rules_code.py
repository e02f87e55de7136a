"""Rules for measured programs and appraisal policies: `code.*`, `appraisal.set`.

    code.list      any member           proposes a program by its closure's digest
    code.approve   any member           more than half of them: listed
    code.withdraw  approver, operator   from then on it runs no more, for ever
    appraisal.set  any member           which evidence it accepts, by digest

A runner runs what is listed and nothing else, and `job.attest` asks again. So
nobody's data meets a program that the consortium has not looked at, and what
one approver has found to be wrong needs no majority to be stopped.

Implements docs/formats/entry.md, sections 4 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from privshare.errors import Conflict, StepNotAllowed
from privshare.ledger import query, query_attested
from privshare.ledger.attested import (
    MAX_APPROVALS,
    AppraisalHead,
    AppraisalPolicy,
    Approval,
    Code,
    Withdrawal,
)
from privshare.ledger.rule import Context, need
from privshare.ledger.rules_grant import read_reason
from privshare.rights.standing import REASON
from privshare.wire.canonical import Fields, b64u

__all__ = ["AppraisalSet", "CodeApprove", "CodeList", "CodeWithdraw"]

_MODULE = r"[a-z][a-z0-9._-]{0,62}"
_ABI = r"[a-z][a-z0-9.]{0,62}/v[1-9][0-9]{0,3}"
MAX_SOURCE = 512


def _write(context: Context, digest: str, code: Code) -> None:
    """Put a program back, listed if the approvals so far are enough."""
    if code.listed is None and _enough(context, code):
        code = replace(code, listed=context.index)
    context.draft.put(f"code/{digest}", code.to_json())


def _enough(context: Context, code: Code) -> bool:
    """Whether more than half of the members approve."""
    members = {
        name.removeprefix("agency/")
        for name, value in context.draft.items("agency/")
        if value["status"] == "active"
    }
    return 2 * len(members & set(code.approvers)) > len(members)


@dataclass(frozen=True, slots=True)
class CodeList:
    """A member proposes a program, and approves it."""

    abi: str
    code: str
    module: str
    provenance: str | None
    source: str

    @classmethod
    def parse(cls, fields: Fields) -> CodeList:
        """Read the body."""
        origin = fields.obj("provenance")
        digest = origin.nullable("digest", origin.digest)
        source = origin.str("text", max=MAX_SOURCE, pattern=REASON)
        origin.end()
        return cls(
            fields.str("abi", max=80, pattern=_ABI),
            b64u(fields.digest("code")),
            fields.str("module", max=63, pattern=_MODULE),
            None if digest is None else b64u(digest),
            source,
        )

    def apply(self, context: Context) -> None:
        """Enter the proposal; in a network of one it is listed at once."""
        known = context.draft.get(f"code/{self.code}")
        if known is not None:
            status = Code.from_json(known).status
            raise Conflict(
                f"expected a program that nobody proposed, found one that is {status}",
                fix="Approve it; or build another, if it was withdrawn.",
                detail={"rule": "code.known", "status": status},
            )
        made = Code(
            abi=self.abi,
            module=self.module,
            provenance=self.provenance,
            source=self.source,
            approvals=(Approval(context.account, context.index),),
        )
        _write(context, self.code, made)


@dataclass(frozen=True, slots=True)
class CodeApprove:
    """A member wants a program listed."""

    code: str

    @classmethod
    def parse(cls, fields: Fields) -> CodeApprove:
        """Read the body."""
        return cls(b64u(fields.digest("code")))

    def apply(self, context: Context) -> None:
        """Count it; the one that makes more than half lists the program."""
        held = query_attested.code(context.draft, self.code)
        if held.status == "withdrawn":
            raise StepNotAllowed(
                "expected a program that was not withdrawn, found one that was",
                fix="Build another, and propose that.",
                detail={"rule": "code.withdrawn"},
            )
        if context.account in held.approvers:
            raise Conflict(
                f"expected a program that {context.account} has not approved yet, "
                "found one that it has",
                detail={"rule": "code.approved"},
            )
        if len(held.approvals) >= MAX_APPROVALS:
            raise StepNotAllowed(
                f"expected at most {MAX_APPROVALS} approvals, found one more",
                detail={"rule": "code.approvals"},
            )
        mine = Approval(context.account, context.index)
        _write(context, self.code, replace(held, approvals=(*held.approvals, mine)))


@dataclass(frozen=True, slots=True)
class CodeWithdraw:
    """An approver, or the operator, wants a program to run no more."""

    code: str
    reason: str

    @classmethod
    def parse(cls, fields: Fields) -> CodeWithdraw:
        """Read the body."""
        return cls(b64u(fields.digest("code")), read_reason(fields))

    def apply(self, context: Context) -> None:
        """End the listing, or what would have become one."""
        held = query_attested.code(context.draft, self.code)
        allowed = {*held.approvers, context.genesis.operator}
        need(
            context.account in allowed,
            "code.withdraw",
            f"expected one of {', '.join(sorted(allowed))}, found {context.account}",
        )
        if held.withdrawn is not None:
            raise StepNotAllowed(
                "expected a program that was not withdrawn, found one that was at "
                f"index {held.withdrawn.at}",
                detail={"rule": "code.withdrawn"},
            )
        gone = Withdrawal(context.account, context.index, self.reason)
        put = replace(held, withdrawn=gone).to_json()
        context.draft.put(f"code/{self.code}", put)


@dataclass(frozen=True, slots=True)
class AppraisalSet:
    """A member says by which policy it appraises evidence from now on."""

    policy: str

    @classmethod
    def parse(cls, fields: Fields) -> AppraisalSet:
        """Read the body."""
        return cls(b64u(fields.digest("policy")))

    def apply(self, context: Context) -> None:
        """Put it in force; the former one keeps its place and its time."""
        query.agency(context.draft, context.account)
        name = f"appraisal/{context.account}"
        head = query_attested.appraisal(context.draft, context.account)
        number = 1
        if head is not None:
            if head.policy == self.policy:
                raise Conflict(
                    "expected another policy, found the one in force",
                    detail={"rule": "appraisal.same"},
                )
            number = head.number + 1
            former = query_attested.appraisal_number(
                context.draft, context.account, head.number
            )
            ended = replace(former, until=context.index)
            context.draft.put(f"{name}/{head.number}", ended.to_json())
        now = AppraisalPolicy(context.index, self.policy)
        context.draft.put(f"{name}/{number}", now.to_json())
        new = AppraisalHead(context.index, number, self.policy)
        context.draft.put(name, new.to_json())
