"""Steps 6 to 8 of a private join: two sets, two owners, one conclusion.

    step 6   both sets were committed to by their owners, before the ledger says
             that the join began, with as many rows as their datasets have while
             the version joined is in force
    step 7   both owners signed the same conclusion, of this job, under these
             terms, about the sets that they had committed to
    step 8   the result enclosed is the one in that conclusion

That the owners' rows are those of their datasets, and that both followed the
protocol, is their word: the protocol is for owners that follow it.

Implements docs/formats/receipt.md, section 5, and docs/protocols/psi.md,
section "Through the nodes".
"""

from __future__ import annotations

from typing import cast

from privshare.audit.case import Case, Found, expect
from privshare.audit.committed import check_committed
from privshare.audit.inputs import check_version
from privshare.audit.sentence import listed, short
from privshare.jobs.join.terms import Conclusion, Operation, Role, Terms
from privshare.jobs.join_spec import JoinSpec
from privshare.jobs.join_statement import (
    CONCLUSION,
    join_result,
    sets_digest,
    verify_conclusion,
)
from privshare.jobs.requirement import signed_parts
from privshare.ledger import query
from privshare.ledger.joined import SetCommitment, joined
from privshare.ledger.rules_job import JobOpen
from privshare.ledger.rules_join import JoinCommit
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.wire.canonical import b64u, unb64u

__all__ = ["check_inputs", "check_joined", "check_result", "told"]


def check_inputs(case: Case) -> Found:
    """Step 6: the sets, as their owners committed to them before they began.

    Raises:
        EvidenceInvalid: Other data, another question or other parties than the
            job on the ledger; or a set that came late, or from somebody else.
        EncodingError, OutOfRange: A document of another form.
    """
    job = query.job(case.state, case.statement.job)
    spec = _spec(case, job)
    expect(len(spec.inputs) == len(job.inputs), "the job's inputs", "others")
    details, amended = [f"specification {job.spec}"], list[str]()
    for use_id, item in zip(job.inputs, spec.inputs, strict=True):
        use = query.use(case.state, use_id)
        expect(use.grant == item.grant, "the grant specified", "another")
        grant = query.grant(case.state, use.grant)
        expect(grant.terms.dataset == item.dataset, item.dataset, grant.terms.dataset)
        expect(
            (use.columns, use.group_by, use.operation, use.purpose)
            == (item.columns, (), spec.operation, spec.purpose),
            "the columns, operation and purpose specified",
            "others",
        )
        least = grant.terms.k
        expect(spec.minimum >= least, f"k of at least {least}", spec.minimum)
        committed = _set(case, item.owner)
        _check_commit(case, job, committed)
        held = query.dataset(case.state, item.dataset)
        if held.version == item.version:
            size = committed.size
            expect(size == held.rows, f"a set of {held.rows} rows", size)
        else:
            amended.append(item.dataset)
        details.append(check_version(case, item.dataset, item.version, job.at))
        details.append(
            f"{item.dataset}: a set of {committed.size} committed to at "
            f"{committed.at}, {committed.commitment}"
        )
    _check_opened(case, job)
    sentences = [
        f"{listed(spec.owners)} each committed to a set, before the ledger says that "
        "the join began."
    ]
    sized = [one.dataset for one in spec.inputs if one.dataset not in amended]
    if sized:
        sentences.append(f"Each set has as many rows as its dataset: {listed(sized)}.")
    if amended:
        sentences.append(
            f"How many rows {listed(amended)} had then is not checked: another version "
            "is in force now."
        )
    return sentences, details


def check_joined(case: Case) -> Found:
    """Step 7: what both owners signed is the same, and of these sets.

    Raises:
        EvidenceInvalid: It is not; rules join.conclusion, join.terms,
            join.result, join.commitment.
    """
    spec, conclusion = _concluded(case)
    receiver = identifier.owner_of(spec.receiver)
    return [
        f"{listed(spec.owners)} signed the same conclusion of this job, about the sets "
        f"that they had committed to; {receiver} counted. Both are trusted to have "
        "followed the protocol (semi-honest).",
        f"Identifiers were written alike by declared steps: {spec.written()}.",
    ], [
        f"conclusion {b64u(conclusion.digest)}",
        f"terms {b64u(conclusion.terms.digest)}",
    ]


def check_result(case: Case) -> Found:
    """Step 8: the result is the one that both owners signed.

    Raises:
        EvidenceInvalid: Result or evidence are not those committed to, or the
            conclusion has another result.
    """
    committed = check_committed(case)
    _, conclusion = _concluded(case)
    again = join_result(case.statement.job, conclusion)
    expect(
        again == case.receipt.result, "the result that both owners signed", "another"
    )
    return [
        "The result enclosed is the one that both owners signed; result and evidence "
        "are the ones committed to."
    ], [committed.detail]


def told(case: Case) -> list[str]:
    """What the receipt says came out, in words."""
    job = query.job(case.state, case.statement.job)
    spec = _spec(case, job)
    (other,) = [one.dataset for one in spec.inputs if one.dataset != spec.receiver]
    output = (case.receipt.result or {}).get("output", {})
    pair = f"{spec.receiver} and {other}"
    if "withheld" in output:
        return [f"  fewer than {spec.minimum} are in both {pair}; how many is not told"]
    if spec.question is Operation.IDS:
        digest = short(str(output["identifiers"]))
        return [f"  the identifiers in both {pair}, {digest}, stayed with the asker"]
    lines = [f"  in both {pair}: {output['count']:,}"]
    if "sum" in output:
        value = next(one.value for one in spec.inputs if one.value is not None)
        summed = f"{output['sum']:,}, in its smallest unit"
        lines.append(f"  sum of {value} over them: {summed}")
    return lines


def _spec(case: Case, job: Job) -> JoinSpec:
    spec = JoinSpec.from_json(case.evidence()["spec"])
    expect(spec.to_json() == case.evidence()["spec"], "the specification", "another")
    expect(b64u(spec.digest()) == job.spec, "the specification admitted", "another")
    expect(
        (spec.coordinator, spec.parties, spec.program)
        == (job.coordinator, job.parties.asked, job.program),
        "the job's parties and program",
        "others",
    )
    return spec


def _set(case: Case, owner: str) -> SetCommitment:
    found = joined(case.state, case.statement.job).of(owner)
    expect(found is not None, f"a set of {owner}", "none")
    return cast(SetCommitment, found)


def _check_commit(case: Case, job: Job, held: SetCommitment) -> None:
    """The transaction by which an owner committed to its set."""
    signed = case.trail.transaction(held.at)
    body = cast(JoinCommit, case.trail.statement(held.at))
    expect(type(body) is JoinCommit, "a join.commit", signed.kind)
    expect(
        (signed.account, body.job, body.commitment, body.size)
        == (held.agency, case.statement.job, held.commitment, held.size),
        f"the set of {held.agency}",
        "another",
    )
    opened = -1 if job.opened is None else job.opened
    expect(job.at < held.at < opened, "a set between job and join", held.at)


def _check_opened(case: Case, job: Job) -> None:
    """The ledger says when it began, and with which sets."""
    expect(job.opened is not None, "a join that began", "none")
    index = job.opened or 0
    body = cast(JobOpen, case.trail.statement(index))
    opener = case.trail.transaction(index).account
    sets = joined(case.state, case.statement.job).sets
    digest = sets_digest({one.agency: unb64u(one.commitment, 32) for one in sets})
    expect(type(body) is JobOpen, "a job.open", type(body).__name__)
    expect(
        (body.job, b64u(body.aggregation), job.aggregation)
        == (case.statement.job, b64u(digest), b64u(digest)),
        "both sets, as they were committed to",
        "others",
    )
    expect(opener in job.parties.nodes, listed(job.parties.nodes), opener)


def _concluded(case: Case) -> tuple[JoinSpec, Conclusion]:
    """What both owners signed, held against the ledger."""
    job = query.job(case.state, case.statement.job)
    spec, evidence = _spec(case, job), case.evidence()
    payloads: list[bytes] = []
    for part in signed_parts(evidence, case.trail, case.statement.job):
        kind = part.envelope.payload_type
        expect(kind == CONCLUSION, "an envelope with a conclusion", "another type")
        payloads.append(part.envelope.payload)
    enclosed = evidence["commits"]
    expect(
        isinstance(enclosed, dict) and set(enclosed) == set(spec.owners),
        "a first message of each owner",
        "others",
    )
    commits: dict[Role, bytes] = {}
    committed: dict[Role, tuple[bytes, int]] = {}
    for owner in spec.owners:
        role, held = spec.role(owner), _set(case, owner)
        commits[role] = unb64u(str(enclosed[owner]))
        committed[role] = (unb64u(held.commitment, 32), held.size)
    terms = _terms(spec, case, committed)
    pair = (payloads[0], payloads[1])
    return spec, verify_conclusion(terms, pair, commits, committed)


def _terms(
    spec: JoinSpec, case: Case, committed: dict[Role, tuple[bytes, int]]
) -> Terms:
    rows = {item.dataset: committed[spec.role(item.owner)][1] for item in spec.inputs}
    return spec.terms(case.statement.job, rows)
