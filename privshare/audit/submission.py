"""Receipts of submitted code: a decision about it, and what came of its run.

    step 5   who decided, and of a run: that the owner and everybody whom its rule
             names had approved these bytes, and had not taken it back by then
    step 6   the specification admitted is for this grant, these columns, this
             account and the rule that the owner published
    step 7   the owner signed that it ran these bytes, under this rule
    step 8   the outputs enclosed are the ones it signed, and keep the rule

That these bytes ran, and on the rows of the dataset, is the owner's word: the
class of such a run is `software`.

Implements docs/formats/receipt.md, section 5.
"""

from __future__ import annotations

from typing import cast

from privshare.audit.case import Case, Found, expect
from privshare.audit.committed import check_committed
from privshare.audit.inputs import check_version
from privshare.audit.sentence import counted, listed, plain, short
from privshare.errors import EncodingError, NotPermitted, OutOfRange
from privshare.jobs.requirement import signed_parts
from privshare.jobs.submission.account import Enrolment
from privshare.jobs.submission.gate import check_released
from privshare.jobs.submission.rule import GateRule
from privshare.jobs.submission.spec import CodeSpec
from privshare.jobs.submission.statement import RUN, Run, outputs_digest, outputs_of
from privshare.jobs.submission.tree import Tree
from privshare.ledger import query, query_submission
from privshare.ledger.rules_job import JobOpen
from privshare.ledger.rules_submission import (
    AccountEnrol,
    MockPublish,
    SubmissionDecide,
)
from privshare.ledger.submission import About, Decision
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.wire import domain
from privshare.wire.canonical import b64u

__all__ = [
    "check_approved",
    "check_decided",
    "check_decision_documents",
    "check_inputs",
    "check_result",
    "check_run",
    "told",
    "told_decision",
]


# -- a decision ----------------------------------------------------------------


def check_decided(case: Case) -> Found:
    """Step 5: the decision is in the state as it was signed.

    Raises:
        EvidenceInvalid: The state holds another.
    """
    body = cast(SubmissionDecide, case.statement)
    held = query_submission.submission(case.state, body.submission)
    mine = [one for one in held.decisions if one.at == case.index]
    expect(mine == [_signed(case, case.index)], "the decision itself", "another")
    account = case.subject.account
    if body.decision == "approve":
        known = query_submission.account(case.state, body.account or "")
        _check_enrolled(case, body.account or "", known.at, body.grantee or "")
        mock = query_submission.mock(case.state, body.dataset or "")
        expect(mock is not None, "a mock of the dataset", "none")
    owner = identifier.owner_of(body.dataset or "")
    if account == owner:
        return [f"{account} owns {body.dataset}, so the decision was its own."], []
    return [f"{account} is a member and might say what it thinks of it."], []


def check_decision_documents(case: Case) -> Found:
    """Step 8: the files listed, and the account named, are those decided about.

    Raises:
        EvidenceInvalid: Others.
        EncodingError, OutOfRange: Documents of another form.
    """
    body = cast(SubmissionDecide, case.statement)
    tree = _decided_tree(case, body)
    document = case.evidence()["enrolment"]
    sentences = [_OUTSIDE if tree is None else _told_tree(tree)]
    if document is not None:
        enrolment = _enrolment(case, body.account or "")
        if body.grantee is not None:
            expect(enrolment.agency == body.grantee, body.grantee, enrolment.agency)
        sentences.append(
            f"They came from the account {plain(enrolment.account)}, which "
            f"{enrolment.agency} enrolled."
        )
    details = [
        f"{one.path}: {one.digest.hex()}, {one.size} bytes"
        for one in (() if tree is None else tree.files)
    ]
    return sentences, details


def told_decision(case: Case) -> list[str]:
    """What was decided, in words."""
    body = cast(SubmissionDecide, case.statement)
    verb = {"approve": "approved", "refuse": "refused"}[body.decision]
    about = "" if body.dataset is None else f" on {body.dataset}"
    whom = "" if body.grantee is None else f" by {body.grantee}"
    what = "" if body.purpose is None else f" for the purpose {body.purpose}"
    rule = f" by the rule {body.rule}" if body.rule else ""
    return [
        f"{verb} the submitted code {short(body.submission)} for a run{whom}{about}"
        f"{what}{rule}: {plain(body.reason)}"
    ]


# -- a run -----------------------------------------------------------------------


def check_approved(case: Case, job: Job) -> Found:
    """Part of step 5: these bytes were approved when they began to run.

    Raises:
        NotPermitted: By somebody who had to, they were not; rule
            `submission.unapproved`.
        EvidenceInvalid: The state shows other decisions than were signed.
    """
    spec, rule = _spec(case, job), _rule(case)
    digest = b64u(spec.submission)
    held = query_submission.submission(case.state, digest)
    for one in held.decisions:
        expect(one == _signed(case, one.at), "the decisions signed", "others")
        body = cast(SubmissionDecide, case.trail.statement(one.at))
        expect(body.submission == digest, "decisions about it", "another's")
    opened = _check_opened(case, job)
    about = About(spec.dataset, spec.coordinator, spec.purpose, b64u(spec.gate))
    wanted = {spec.owner, *rule.approvals}
    for index in (job.at, opened):
        missing = wanted - held.approved_by(about, index)
        if missing:
            raise NotPermitted(
                f"expected an approval of {listed(sorted(missing))} under the rule "
                f"specified, at index {index}, found none",
                detail={"rule": "submission.unapproved"},
            )
    return [
        f"{listed(sorted(wanted))} had approved exactly these bytes for "
        f"{spec.dataset}, {spec.coordinator}, this purpose and the rule enclosed, "
        "and had not taken it back when they began to run."
    ], [f"submission {digest}, begun at index {opened}"]


def check_inputs(case: Case) -> Found:
    """Step 6: what was specified is what was granted, enrolled and published.

    Raises:
        EvidenceInvalid: Other data, another account, or another rule.
        EncodingError, OutOfRange: A document of another form.
    """
    job = query.job(case.state, case.statement.job)
    spec, rule = _spec(case, job), _rule(case)
    (use_id,) = job.inputs
    use = query.use(case.state, use_id)
    grant = query.grant(case.state, use.grant)
    expect(use.grant == spec.grant, "the grant specified", "another")
    expect(grant.terms.dataset == spec.dataset, spec.dataset, grant.terms.dataset)
    expect(
        (use.columns, use.group_by, use.operation, use.purpose)
        == (spec.columns, (), "run", spec.purpose),
        "the columns, operation and purpose specified",
        "others",
    )
    expect(rule.k >= grant.terms.k, f"k of at least {grant.terms.k}", rule.k)
    expect(use.charge == rule.charge, f"a charge of {rule.charge}", use.charge)
    account = b64u(spec.enrolment)
    enrolment = _enrolment(case, account)
    known = query_submission.account(case.state, account)
    _check_enrolled(case, account, known.at, spec.coordinator)
    expect(enrolment.agency == spec.coordinator, spec.coordinator, enrolment.agency)
    expect(known.at < job.at, "an account enrolled before", known.at)
    late = known.ended is not None and known.ended < job.at
    expect(not late, "an account still enrolled", f"one ended at {known.ended}")
    details = [
        f"specification {job.spec}",
        check_version(case, spec.dataset, spec.version, job.at),
        _check_published(case, job, spec),
    ]
    return [
        f"The job was specified and admitted for version {spec.version} of "
        f"{spec.dataset} and the account {plain(enrolment.account)}, which "
        f"{enrolment.agency} had enrolled as its own."
    ], details


def check_run(case: Case) -> Found:
    """Step 7: what the owner says of the run.

    Raises:
        EvidenceInvalid: It is about other bytes, another job or another rule.
        EncodingError, OutOfRange: Another form.
    """
    job_id = case.statement.job
    job = query.job(case.state, job_id)
    spec, rule = _spec(case, job), _rule(case)
    _tree(case, b64u(spec.submission))
    (part,) = signed_parts(case.evidence(), case.trail, job_id)
    expect(part.envelope.payload_type == RUN, "a statement of a run", "another")
    run = Run.from_bytes(part.envelope.payload)
    expect(
        (run.job, run.spec, run.submission, run.gate)
        == (job_id, spec.digest(), spec.submission, spec.gate),
        "a run of this job, of these bytes, under this rule",
        "another",
    )
    expect((run.noise is None) == (rule.noise is None), "the noise asked", run.noise)
    held = query.dataset(case.state, spec.dataset)
    if held.version == spec.version:
        expect(run.rows <= held.rows, f"at most {held.rows} rows", run.rows)
    return [
        f"{spec.owner} signed that it hashed these bytes again and ran them once, on "
        f"{counted(run.rows, 'row', 'rows')}, without a network, behind {run.walls}. "
        "Class software: no machine vouches for it."
    ], [
        f"Python {run.python}",
        *(f"{name} {version}" for name, version in run.packages),
        *([] if run.noise is None else [f"noise: {plain(run.noise)}"]),
    ]


def check_result(case: Case) -> Found:
    """Step 8: the outputs are those signed, and keep the rule.

    Raises:
        EvidenceInvalid: Result or evidence are not those committed to, or others
            than the run's.
        RunRefused: They break the owner's rule.
    """
    committed, job_id = check_committed(case), case.statement.job
    (part,) = signed_parts(case.evidence(), case.trail, job_id)
    run = Run.from_bytes(part.envelope.payload)
    outputs = outputs_of(case.receipt.result or {}, job_id)
    expect(outputs_digest(outputs) == run.outputs, "the outputs signed", "others")
    rule = _rule(case)
    check_released(outputs, rule)
    return [
        f"The outputs enclosed ({listed(outputs)}) are the ones that the owner signed, "
        "and keep the rule that it had published; result and evidence are the ones "
        "committed to."
    ], [committed.detail]


def told(case: Case) -> list[str]:
    """What ran and what came out, in words."""
    job = query.job(case.state, case.statement.job)
    spec = _spec(case, job)
    enrolment = Enrolment.from_json(case.evidence()["enrolment"])
    outputs = outputs_of(case.receipt.result or {}, case.statement.job)
    sizes = [f"{name} ({len(data):,} bytes)" for name, data in outputs.items()]
    return [
        f"ran code submitted by {plain(enrolment.account)} of {spec.coordinator} on "
        f"{spec.dataset}, for the purpose {spec.purpose}: submission "
        f"{short(b64u(spec.submission))}.",
        f"It released {listed(sizes)}.",
    ]


# -- parts ---------------------------------------------------------------------


def _signed(case: Case, index: int) -> Decision:
    """A decision, as its transaction says it."""
    transaction = case.trail.transaction(index)
    body = case.trail.statement(index)
    expect(type(body) is SubmissionDecide, "a submission.decide", transaction.kind)
    return Decision(
        account=body.account,
        agency=transaction.account,
        at=index,
        dataset=body.dataset,
        decision=body.decision,
        gate=body.gate,
        grantee=body.grantee,
        purpose=body.purpose,
        reason=body.reason,
        rule=body.rule,
    )


def _spec(case: Case, job: Job) -> CodeSpec:
    spec = CodeSpec.from_json(case.evidence()["spec"])
    expect(b64u(spec.digest()) == job.spec, "the specification admitted", "another")
    expect(
        (spec.coordinator, spec.parties, spec.program)
        == (job.coordinator, job.parties.asked, job.program),
        "the job's parties and program",
        "others",
    )
    return spec


def _rule(case: Case) -> GateRule:
    """The rule enclosed; its digest is the specification's."""
    document, digest = case.document("gate", domain.GATE)
    spec = CodeSpec.from_json(case.evidence()["spec"])
    expect(digest == b64u(spec.gate), "the rule specified", digest)
    return GateRule.from_json(document)


def _listed(case: Case, submission: str) -> object:
    """What is listed, whatever it is; its digest is the submission's."""
    document, digest = case.document("tree", domain.SUBMISSION)
    expect(digest == submission, f"files with digest {submission}", digest)
    return document


def _tree(case: Case, submission: str) -> Tree:
    return Tree.from_json(_listed(case, submission))


_OUTSIDE = "What is listed is no submission, which is why it was refused."
_BOUNDS = ("submission.count", "submission.path", "submission.size")


def _decided_tree(case: Case, body: SubmissionDecide) -> Tree | None:
    """The files decided about; None where they were refused for being none."""
    listed_files = _listed(case, body.submission)
    try:
        return Tree.from_json(listed_files)
    except (EncodingError, OutOfRange):
        if body.decision == "refuse" and body.rule in _BOUNDS:
            return None
        raise


def _told_tree(tree: Tree) -> str:
    total = sum(one.size for one in tree.files)
    files = counted(len(tree.files), "file is", "files are")
    return f"{files} listed, {total:,} bytes in all: those that were decided about."


def _enrolment(case: Case, account: str) -> Enrolment:
    document, digest = case.document("enrolment", domain.ACCOUNT)
    expect(digest == account, f"the enrolment {account}", digest)
    enrolment = Enrolment.from_json(document)
    network = case.receipt.network
    expect(enrolment.network == network, network, enrolment.network)
    return enrolment


def _check_enrolled(case: Case, account: str, at: int, agency: str) -> None:
    body = case.trail.statement(at)
    expect(type(body) is AccountEnrol, "an account.enrol", type(body).__name__)
    expect(body.account == account, f"the enrolment {account}", body.account)
    need = case.trail.transaction(at).account
    expect(need == agency, f"an account of {agency}", f"one of {need}")


def _check_opened(case: Case, job: Job) -> int:
    """The owner said, before it ran anything, that this specification runs now."""
    expect(job.opened is not None, "a job that was begun", "one that was not")
    index = cast(int, job.opened)
    body = case.trail.statement(index)
    expect(type(body) is JobOpen, "a job.open", type(body).__name__)
    expect(
        (case.trail.transaction(index).account, body.job, b64u(body.aggregation))
        == (job.parties.compute, case.statement.job, job.spec),
        "the owner's word that this job begins",
        "another",
    )
    expect(job.at < index < case.index, "a beginning before the result", index)
    return index


def _check_published(case: Case, job: Job, spec: CodeSpec) -> str:
    """The rule is the one published, if none was published since."""
    mock = query_submission.mock(case.state, spec.dataset)
    if mock is None:
        raise NotPermitted("expected a mock of the dataset, found none")
    if mock.at > job.at:
        return f"another mock was published since, at index {mock.at}"
    body = case.trail.statement(mock.at)
    expect(type(body) is MockPublish, "a mock.publish", type(body).__name__)
    found = (body.dataset, body.gate, body.version)
    wanted = (spec.dataset, b64u(spec.gate), spec.version)
    expect(found == wanted, "the rule that the owner published", "another")
    return f"mock {mock.mock}, of version {mock.version}, published at index {mock.at}"
