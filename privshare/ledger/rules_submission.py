"""Rules for submitted code: `account.*`, `mock.publish`, `submission.decide`.

    account.enrol      an agency    an account of another system is one of its own
    account.end        the same     from now on it is not
    mock.publish       the owner    made-up rows, their schema, and the rule that
                                    outputs of code about the dataset must keep
    submission.decide  any agency   approves these bytes, or refuses them, and why

A decision is about the digest of everything submitted, and an approval also about
the rule that outputs must keep: under another one it does not hold. `job.admit`
and `job.open` ask for the owner's (`rules_job`); that others approved whom the
owner's rule names, the owner's node and every auditor check.

Implements docs/formats/entry.md, sections 4 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast, get_args

from privshare.errors import Conflict, EncodingError, StepNotAllowed
from privshare.ledger import query, query_submission
from privshare.ledger.rule import Context, need
from privshare.ledger.rules_dataset import need_owner, registered
from privshare.ledger.rules_grant import read_reason
from privshare.ledger.submission import (
    MAX_DECISIONS,
    About,
    Account,
    Decision,
    Mock,
    Submission,
    Verdict,
)
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.wire.canonical import INTEGER_LIMIT, Fields, b64u

__all__ = [
    "AccountEnd",
    "AccountEnrol",
    "MockPublish",
    "SubmissionDecide",
    "need_approved",
]


def need_approved(context: Context, job: Job, digest: str) -> None:
    """Check that the owner approves what a job is to run, at this moment.

    Args:
        context: The transaction.
        job: Of submitted code, its inputs reserved.
        digest: Of the submission, base64url.

    Raises:
        NotPermitted: It does not; rule `submission.unapproved`.
    """
    held = query_submission.submission(context.draft, digest)
    for use_id in job.inputs:
        use = query.use(context.draft, use_id)
        terms = query.grant(context.draft, use.grant).terms
        mock = query_submission.mock(context.draft, terms.dataset)
        gate = None if mock is None else mock.gate
        about = About(terms.dataset, job.coordinator, use.purpose, gate)
        need(
            terms.owner in held.approved_by(about),
            "submission.unapproved",
            f"expected a submission that {terms.owner} approves for "
            f"{job.coordinator} and the gate's rule in force, found one that it "
            "does not",
        )


@dataclass(frozen=True, slots=True)
class AccountEnrol:
    """An agency says that an account is one of its own."""

    account: str

    @classmethod
    def parse(cls, fields: Fields) -> AccountEnrol:
        """Read the body."""
        return cls(b64u(fields.digest("account")))

    def apply(self, context: Context) -> None:
        """Enter it, once and for ever: an id is never given again."""
        query.agency(context.draft, context.account)
        if query_submission.find_account(context.draft, self.account) is not None:
            raise Conflict(
                "expected an account that nobody has enrolled, found one that "
                "somebody has",
                fix="Enrol it with a new salt.",
                detail={"rule": "account.enrolled"},
            )
        made = Account(context.account, context.index)
        context.draft.put(f"account/{self.account}", made.to_json())


@dataclass(frozen=True, slots=True)
class AccountEnd:
    """An agency says that an account is not its own any more."""

    account: str
    reason: str

    @classmethod
    def parse(cls, fields: Fields) -> AccountEnd:
        """Read the body."""
        return cls(b64u(fields.digest("account")), read_reason(fields))

    def apply(self, context: Context) -> None:
        """End it; what it handed in before stays as it was decided."""
        held = query_submission.account(context.draft, self.account)
        need(
            context.account == held.agency,
            "account.agency",
            f"expected {held.agency}, which enrolled it, found {context.account}",
        )
        if held.ended is not None:
            raise StepNotAllowed(
                f"expected an account that is enrolled, found one that ended at index "
                f"{held.ended}",
                detail={"rule": "account.ended"},
            )
        ended = replace(held, ended=context.index)
        context.draft.put(f"account/{self.account}", ended.to_json())


@dataclass(frozen=True, slots=True)
class MockPublish:
    """An owner shows made-up rows of a dataset to write code against."""

    dataset: str
    gate: str
    mock: str
    schema: str
    version: int

    @classmethod
    def parse(cls, fields: Fields) -> MockPublish:
        """Read the body."""
        return cls(
            identifier.DATASET.check(fields.str("dataset"), "body.dataset"),
            b64u(fields.digest("gate")),
            b64u(fields.digest("mock")),
            b64u(fields.digest("schema")),
            fields.int("version", 1, INTEGER_LIMIT - 1),
        )

    def apply(self, context: Context) -> None:
        """Put it in force, in place of an older one."""
        held = registered(context, self.dataset)
        need_owner(context, self.dataset)
        for name, mine, theirs in (
            ("version", self.version, held.version),
            ("schema", self.schema, held.schema),
        ):
            if mine != theirs:
                raise Conflict(
                    f"expected {name} {theirs} of the dataset, found {mine}",
                    fix="Publish a mock of the dataset as it is now.",
                    detail={"rule": f"mock.{name}"},
                )
        made = Mock(context.index, self.gate, self.mock, self.schema, self.version)
        context.draft.put(f"mock/{self.dataset}", made.to_json())


@dataclass(frozen=True, slots=True)
class SubmissionDecide:
    """An agency approves a submission, or refuses it."""

    account: str | None
    dataset: str | None
    decision: Verdict
    gate: str | None
    grantee: str | None
    purpose: str | None
    reason: str
    rule: str | None
    submission: str

    @classmethod
    def parse(cls, fields: Fields) -> SubmissionDecide:
        """Read the body."""
        made = cls(
            _nullable_digest(fields, "account"),
            _nullable(fields, "dataset", identifier.DATASET),
            cast(Verdict, fields.str("decision", pattern="|".join(get_args(Verdict)))),
            _nullable_digest(fields, "gate"),
            _nullable(fields, "grantee", identifier.AGENCY),
            _nullable(fields, "purpose", identifier.PURPOSE),
            read_reason(fields),
            _nullable(fields, "rule", identifier.RULE),
            b64u(fields.digest("submission")),
        )
        made._check_form()
        return made

    def _check_form(self) -> None:
        """An approval says of whom, for what and under which rule of the gate."""
        known = (self.account, self.dataset, self.gate, self.grantee, self.purpose)
        if self.decision == "approve" and (None in known or self.rule is not None):
            raise EncodingError(
                "body: expected account, dataset, gate, grantee, purpose and no rule "
                "in an approval, found otherwise",
                detail={"rule": "submission.form"},
            )
        if self.decision == "refuse" and self.gate is not None:
            raise EncodingError(
                "body.gate: expected null in a refusal, which holds under any rule, "
                "found one",
                detail={"rule": "submission.form"},
            )

    def apply(self, context: Context) -> None:
        """Append it to what was decided before."""
        query.agency(context.draft, context.account)
        held = query_submission.submission(context.draft, self.submission)
        if self.decision == "approve":
            self._check_approval(context, held)
        most = MAX_DECISIONS - (self.decision == "approve")
        if len(held.by(context.account)) >= most:
            raise StepNotAllowed(
                f"expected at most {MAX_DECISIONS} decisions of {context.account} "
                "about a submission, the last of them a refusal, found one more",
                detail={"rule": "submission.decisions"},
            )
        mine = Decision(
            account=self.account,
            agency=context.account,
            at=context.index,
            dataset=self.dataset,
            decision=self.decision,
            gate=self.gate,
            grantee=self.grantee,
            purpose=self.purpose,
            reason=self.reason,
            rule=self.rule,
        )
        put = Submission((*held.decisions, mine)).to_json()
        context.draft.put(f"submission/{self.submission}", put)

    def _check_approval(self, context: Context, held: Submission) -> None:
        dataset = self.dataset or ""
        registered(context, dataset)
        account = query_submission.account(context.draft, self.account or "")
        need(
            account.ended is None and account.agency == self.grantee,
            "account.agency",
            f"expected an account of {self.grantee} that is enrolled, found another",
        )
        mock = query_submission.mock(context.draft, dataset)
        need(
            mock is not None,
            "mock.none",
            f"expected a mock of {dataset} on the ledger, found none",
        )
        if mock is not None and mock.gate != self.gate:
            raise Conflict(
                f"expected an approval under the gate's rule in force, {mock.gate}, "
                f"found one under {self.gate}",
                fix="Read the rule as it is published now, and decide again.",
                detail={"rule": "submission.gate"},
            )
        about = About(dataset, self.grantee or "", self.purpose or "", self.gate)
        if context.account in held.approved_by(about):
            raise Conflict(
                f"expected a submission that {context.account} has not approved yet, "
                "found one that it has",
                detail={"rule": "submission.approved"},
            )


def _nullable_digest(fields: Fields, name: str) -> str | None:
    found = fields.nullable(name, fields.digest)
    return None if found is None else b64u(found)


def _nullable(fields: Fields, name: str, form: identifier.Form) -> str | None:
    found = fields.nullable(name, fields.str)
    return None if found is None else form.check(found, f"body.{name}")
