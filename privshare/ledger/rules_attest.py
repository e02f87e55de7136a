"""Rules for the evidence of measured jobs: `job.nonce`, `job.attest` and after.

    job.nonce      coordinator, owners   commits to a nonce, and to the policy by
                                         which the party will appraise   (entry A)
    job.attest     each runner           digest of its evidence          (entry B)
    job.refuse     any party             would not go on: rule, bytes that left
    job.reappraise coordinator, owners   what they think of the evidence now

Evidence that contains every nonce was made after A, and it was made before B,
whose entry contains it. So time comes from the log, and from nobody's clock.
The result follows as in any job: `job.open` with the digest of what the
machine concluded, then `job.result` (`rules_job`).

Implements docs/formats/entry.md, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast, get_args

from privshare.errors import Conflict, StepNotAllowed
from privshare.ledger import query, query_attested
from privshare.ledger.attested import (
    MAX_REAPPRAISALS,
    Attestation,
    Nonce,
    Reappraisal,
    Refusal,
    Shown,
    Status,
)
from privshare.ledger.rule import Context, need
from privshare.ledger.rules_grant import read_id, read_reason
from privshare.ledger.rules_job import abort, admitted, check_deadline, need_listed
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.wire.canonical import INTEGER_LIMIT, Fields, b64u

__all__ = ["JobAttest", "JobNonce", "JobReappraise", "JobRefuse"]


def _need_one_of(context: Context, allowed: set[str], rule: str) -> None:
    need(
        context.account in allowed,
        rule,
        f"expected one of {', '.join(sorted(allowed))}, found {context.account}",
    )


def _relying(job: Job) -> set[str]:
    """Who must be convinced by the evidence."""
    return {job.coordinator, *job.parties.owners}


def _write(context: Context, job_id: str, value: Attestation) -> None:
    context.draft.put(f"attested/{job_id}", value.to_json())


@dataclass(frozen=True, slots=True)
class JobNonce:
    """A party commits to its nonce and to its appraisal policy."""

    commitment: str
    job: str
    policy: str | None

    @classmethod
    def parse(cls, fields: Fields) -> JobNonce:
        """Read the body."""
        policy = fields.nullable("policy", fields.digest)
        return cls(
            b64u(fields.digest("commitment")),
            read_id(fields, "job"),
            None if policy is None else b64u(policy),
        )

    def apply(self, context: Context) -> None:
        """Enter the commitment, once a party."""
        job = admitted(context, self.job)
        held = query_attested.attestation(context.draft, self.job)
        _need_one_of(context, _relying(job), "job.party")
        check_deadline(context, job)
        if held.nonce(context.account) is not None:
            raise Conflict(
                f"expected a nonce that {context.account} has not committed to yet, "
                "found one that it has",
                detail={"rule": "job.nonce"},
            )
        self._check_policy(context, job)
        mine = Nonce(
            context.account, context.index, self.commitment, self.policy, context.time
        )
        _write(context, self.job, replace(held, nonces=(*held.nonces, mine)))

    def _check_policy(self, context: Context, job: Job) -> None:
        head = query_attested.appraisal(context.draft, context.account)
        if self.policy is None:
            need(
                context.account not in job.parties.owners,
                "appraisal.missing",
                "expected the appraisal policy of an owner, found none",
            )
            return
        need(
            head is not None and head.policy == self.policy,
            "appraisal.policy",
            f"expected the appraisal policy that {context.account} has in force, "
            "found another",
        )


@dataclass(frozen=True, slots=True)
class JobAttest:
    """A runner commits to the evidence that it shows the owners."""

    bundle: str
    job: str

    @classmethod
    def parse(cls, fields: Fields) -> JobAttest:
        """Read the body."""
        return cls(b64u(fields.digest("bundle")), read_id(fields, "job"))

    def apply(self, context: Context) -> None:
        """Enter it, once a runner, after every nonce; the program is listed."""
        job = admitted(context, self.job)
        held = query_attested.attestation(context.draft, self.job)
        _need_one_of(context, set(job.parties.runners), "job.runner")
        check_deadline(context, job)
        before = held.of(context.account)
        if before is not None:
            raise Conflict(
                f"expected a job without evidence of {context.account}, found some of "
                f"index {before.at}",
                detail={"rule": "job.attested"},
            )
        missing = _relying(job) - {one.agency for one in held.nonces}
        if missing:
            raise StepNotAllowed(
                f"expected a nonce of {', '.join(sorted(missing))} before, found none",
                fix="Wait for the nonces of all parties.",
                detail={"rule": "job.nonces", "missing": sorted(missing)},
            )
        need_listed(context, job)
        mine = Shown(context.account, context.index, self.bundle, context.time)
        _write(context, self.job, replace(held, shown=(*held.shown, mine)))


@dataclass(frozen=True, slots=True)
class JobRefuse:
    """A party would not go on, and says by which rule."""

    job: str
    reason: str
    released: int
    rule: str

    @classmethod
    def parse(cls, fields: Fields) -> JobRefuse:
        """Read the body."""
        return cls(
            read_id(fields, "job"),
            read_reason(fields),
            fields.int("released", 0, INTEGER_LIMIT - 1),
            identifier.RULE.check(fields.str("rule"), "body.rule"),
        )

    def apply(self, context: Context) -> None:
        """End the job as `job.abort` does, and remember the refusal."""
        held = query_attested.attestation(context.draft, self.job)
        abort(context, self.job, self.reason)
        refusal = Refusal(context.account, context.index, self.released, self.rule)
        _write(context, self.job, replace(held, refusal=refusal))


@dataclass(frozen=True, slots=True)
class JobReappraise:
    """A party says what it thinks of the evidence now; nothing is rewritten."""

    appraisal: str
    job: str
    policy: str
    reason: str
    status: Status

    @classmethod
    def parse(cls, fields: Fields) -> JobReappraise:
        """Read the body."""
        return cls(
            b64u(fields.digest("appraisal")),
            read_id(fields, "job"),
            b64u(fields.digest("policy")),
            read_reason(fields),
            cast(Status, fields.str("status", pattern="|".join(get_args(Status)))),
        )

    def apply(self, context: Context) -> None:
        """Append it to what was said before."""
        held = query_attested.attestation(context.draft, self.job)
        job = query.job(context.draft, self.job)
        _need_one_of(context, _relying(job), "job.party")
        if not held.shown:
            raise StepNotAllowed(
                "expected a job with evidence, found one without",
                detail={"rule": "job.attested"},
            )
        if len(held.reappraisals) >= MAX_REAPPRAISALS:
            raise StepNotAllowed(
                f"expected at most {MAX_REAPPRAISALS} later verdicts, found one more",
                detail={"rule": "job.reappraisals"},
            )
        mine = Reappraisal(
            agency=context.account,
            appraisal=self.appraisal,
            at=context.index,
            policy=self.policy,
            reason=self.reason,
            status=self.status,
        )
        _write(
            context, self.job, replace(held, reappraisals=(*held.reappraisals, mine))
        )
