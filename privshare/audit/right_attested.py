"""Step 5 of what measured jobs consist of: programs, evidence, refusals.

    code.*         each approval by who signed it; a withdrawal by who might
    appraisal.set  everybody for itself
    job.attest     by the runner, after every nonce, for a program then listed
    job.refuse     by a party

Implements docs/formats/receipt.md, section 5, step 5.
"""

from __future__ import annotations

from typing import cast

from privshare.audit.case import Case, Found, expect
from privshare.audit.sentence import listed, plain
from privshare.errors import NotPermitted
from privshare.ledger import query, query_attested
from privshare.ledger.attested import Refusal
from privshare.ledger.rule import need
from privshare.ledger.rules_attest import JobAttest, JobNonce
from privshare.ledger.rules_code import CodeApprove, CodeList
from privshare.ledger.rules_job import JobAdmit, JobOpen
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.wire.canonical import b64u


def need_account(case: Case, allowed: set[str], what: str) -> None:
    """Check who signed the subject.

    Raises:
        NotPermitted: None of those who might.
    """
    account = case.subject.account
    if account not in allowed:
        raise NotPermitted(
            f"expected {what} ({listed(sorted(allowed))}) to sign, found {account}"
        )


def check_attest(case: Case) -> Found:
    """Check that the runner might commit to evidence."""
    job_id = case.statement.job
    held = query_attested.attestation(case.state, job_id)
    mine = held.of(case.subject.account)
    at = None if mine is None else mine.at
    expect(at == case.index, "the evidence itself", f"index {at}")
    return check_measured(case, job_id)


def check_refusal(case: Case) -> Found:
    """Check that a party might refuse to go on."""
    job_id = case.statement.job
    job = query.job(case.state, job_id)
    expect(job.status == "aborted", "an aborted job", job.status)
    expect(job.ended == case.index, "the refusal itself", f"index {job.ended}")
    expect(job.reason == case.statement.reason, "the reason given", "another")
    body, account = case.statement, case.subject.account
    signed = Refusal(account, case.index, body.released, body.rule)
    held = query_attested.attestation(case.state, job_id).refusal
    expect(held == signed, "the refusal itself", "another")
    admission(case, job, job_id)
    parties = {job.coordinator, *job.parties.runners, *job.parties.owners}
    need_account(case, parties, "a party of the job")
    return [f"{account} is a party of the job and might refuse to go on."], []


def check_code(case: Case) -> Found:
    """Check who proposed and approved a program, and who withdrew it."""
    code = query_attested.code(case.state, case.statement.code)
    account = case.subject.account
    for position, one in enumerate(code.approvals):
        signed = case.trail.transaction(one.at)
        body = case.trail.statement(one.at)
        wanted = CodeApprove if position else CodeList
        expect(type(body) is wanted, "an approval", signed.kind)
        expect(body.code == case.statement.code, "an approval of it", "another")
        expect(signed.account == one.agency, one.agency, signed.account)
    if case.subject.kind == "code.withdraw":
        gone = code.withdrawn
        found = None if gone is None else (gone.at, gone.agency, gone.reason)
        signed_so = (case.index, account, case.statement.reason)
        expect(found == signed_so, "the withdrawal itself", "another")
        if account in code.approvers:
            return [f"{account} had approved the program and might withdraw it."], []
        return [f"{account} might withdraw it as the operator of the network."], []
    mine = [one.at for one in code.approvals if one.agency == account]
    expect(mine == [case.index], "the approval itself", "another")
    return [f"{account} is a member and might say so, once."], []


def check_measured(case: Case, job_id: str) -> Found:
    """Check that a job's evidence came in order, and that its program was listed.

    Raises:
        EvidenceInvalid: The transactions do not show it.
        NotPermitted: The program was not listed; rule `run.unlisted`.
    """
    job = query.job(case.state, job_id)
    held = query_attested.attestation(case.state, job_id)
    admission(case, job, job_id)
    runners = job.parties.runners
    at = min((one.at for one in held.shown), default=0)
    for shown in held.shown:
        signed = case.trail.transaction(shown.at)
        body = case.trail.statement(shown.at)
        expect(type(body) is JobAttest, "a job.attest", signed.kind)
        expect(
            (signed.account, body.job, body.bundle)
            == (shown.agency, job_id, shown.bundle),
            f"the evidence of {shown.agency}",
            "another",
        )
        expect(shown.agency in runners, f"one of {listed(runners)}", shown.agency)
    wanted = {job.coordinator, *job.parties.owners}
    expect({one.agency for one in held.nonces} == wanted, "everybody's nonce", "others")
    for one in held.nonces:
        nonce = cast(JobNonce, case.trail.statement(one.at))
        expect(type(nonce) is JobNonce, "a job.nonce", type(nonce).__name__)
        expect(
            (
                case.trail.transaction(one.at).account,
                nonce.job,
                nonce.commitment,
                nonce.policy,
            )
            == (one.agency, job_id, one.commitment, one.policy),
            f"the nonce of {one.agency}",
            "another",
        )
        expect(job.at < one.at < at, "a nonce between job and evidence", one.at)
    if job.opened is not None:
        opening = cast(JobOpen, case.trail.statement(job.opened))
        expect(type(opening) is JobOpen, "a job.open", type(opening).__name__)
        opener = case.trail.transaction(job.opened).account
        expect(
            (opening.job, b64u(opening.aggregation)) == (job_id, job.aggregation),
            f"the conclusion of {opener}",
            "another",
        )
        expect(opener in runners, f"one of {listed(runners)}", opener)
        shown_by = {one.agency for one in held.shown if one.at < job.opened}
        expect(shown_by == set(runners), "evidence of every runner before", "less")
    code = query_attested.code(case.state, identifier.code_of(job.program) or "")
    need(
        code.listed_at(at),
        "run.unlisted",
        f"expected a program that was listed at index {at}, found one that was not",
    )
    approved = listed(code.approvers)
    return [
        f"The program {plain(code.module)} was listed when the evidence came, approved "
        f"by {approved}; every nonce came before."
    ], [
        f"program {job.program}, listed at {code.listed}",
        *(f"nonce of {one.agency} at {one.at}" for one in held.nonces),
        *(f"evidence {one.bundle} of {one.agency} at {one.at}" for one in held.shown),
    ]


def admission(case: Case, job: Job, job_id: str) -> JobAdmit:
    """The transaction that admitted a job, which is the one in the state.

    Raises:
        EvidenceInvalid: The state holds another job than was signed for.
    """
    admitted = case.trail.transaction(job.at)
    expect(admitted.id == job_id, f"the admission of job {job_id}", admitted.id)
    expect(admitted.account == job.coordinator, job.coordinator, admitted.account)
    body = cast(JobAdmit, case.trail.statement(job.at))
    expect(type(body) is JobAdmit, "a job.admit", admitted.kind)
    expect(
        (body.parties, body.program, body.spec, body.deadline)
        == (job.parties.asked, job.program, job.spec, job.deadline),
        "the job that was admitted",
        "another",
    )
    return body


def check_appraisal(case: Case) -> Found:
    """Check that an agency set its own policy."""
    account = case.subject.account
    head = query_attested.appraisal(case.state, account)
    late = head is not None and head.at > case.index
    same = head is not None and (head.at, head.policy) == (
        case.index,
        case.statement.policy,
    )
    expect(late or same, "the policy in force, or a later one", "another")
    return [f"{account} says by what it judges evidence itself."], []
