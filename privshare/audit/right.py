"""Step 5: the right. Granted by the owner, in force then, and it covers this.

The verifier does not believe the ledger's rules: it goes through the signed
transactions again. A grant counts when its grantee asked for it (or a
grantee above it passed a part on), the owner's signature stands under exactly
its terms, and no end of it lies before the use.

    Case ─► check_right ─► sentences, or the rule that was broken

Implements docs/formats/receipt.md, section 5, step 5; the terms are
docs/formats/policy.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import cast

from privshare.audit.case import Case, Found, NotApplicable, expect
from privshare.audit.right_attested import (
    admission,
    check_appraisal,
    check_attest,
    check_code,
    check_measured,
    check_refusal,
    need_account,
)
from privshare.audit.ring import check_may_open, check_said
from privshare.audit.sentence import listed, plain, short, when
from privshare.errors import (
    GrantMissing,
    GrantRevoked,
    VerificationError,
)
from privshare.jobs.requirement import lineage
from privshare.ledger import query
from privshare.ledger.rules_grant import (
    GrantAccept,
    GrantDelegate,
    GrantOffer,
    GrantRequest,
)
from privshare.ledger.rules_use import Draw, UseReserve
from privshare.ledger.values import Use
from privshare.rights import identifier
from privshare.rights.grant import Grant
from privshare.wire import domain
from privshare.wire.canonical import b64u


def check_right(case: Case) -> Found:
    """Check that the account might do what the subject says.

    Returns:
        Sentences and details.

    Raises:
        NotApplicable: Any member may.
        NotPermitted: It might not.
        EvidenceInvalid, VerificationError: The parts do not show it.
    """
    return _CHECKS[case.operation](case)


def _owner(case: Case) -> Found:
    dataset = case.statement.dataset
    owner = identifier.owner_of(dataset)
    need_account(case, {owner}, f"the owner of {dataset}")
    return [f"{owner} owns {dataset}, so the decision was its own."], []


def _request(case: Case) -> Found:
    terms = cast(GrantRequest, case.statement).terms
    need_account(case, {terms.grantee}, "the grantee")
    grant = query.grant(case.state, case.subject.id)
    expect(grant.requested == case.index, "the request itself", grant.requested)
    return [f"{terms.grantee} asked for itself. Asking needs no right."], []


def _issue(case: Case) -> Found:
    from privshare.rights.policy import Policy, decide  # noqa: PLC0415 - seldom

    grant_id = case.statement.grant
    grant = query.grant(case.state, grant_id)
    expect(
        grant.active == case.index,
        "the transaction that put the grant in force",
        f"index {grant.active}",
    )
    details = check_granted(case, grant_id, case.index, case.index)
    document, digest = case.document("policy", domain.POLICY)
    terms = grant.terms
    expect(digest == b64u(terms.policy), "the policy that the terms name", digest)
    decision = decide(Policy.from_json(document), terms, case.time).enforce()
    details.append(f"policy {digest} permits by rule {decision.rule}")
    return [
        f"{terms.owner} signed exactly these terms, and {terms.grantee} asked for or "
        f"accepted them. The owner's policy permits them by its rule "
        f"{decision.rule}."
    ], details


def _refuse(case: Case) -> Found:
    grant = query.grant(case.state, case.statement.grant)
    expect(grant.status == "refused", "a refused grant", grant.status)
    expect(grant.ended == case.index, "the refusal itself", f"index {grant.ended}")
    offered = grant.offered is not None
    party = grant.terms.grantee if offered else grant.terms.owner
    need_account(case, {party}, "the grantee" if offered else "the owner")
    sentences = [f"{party} might refuse this {'offer' if offered else 'request'}."]
    if case.receipt.evidence is None:
        return sentences, []
    return [*sentences, _policy_on_refusal(case, grant)], []


def _policy_on_refusal(case: Case, grant: Grant) -> str:
    from privshare.rights.policy import Policy, decide  # noqa: PLC0415 - seldom

    document, digest = case.document("policy", domain.POLICY)
    wanted = b64u(grant.terms.policy)
    expect(digest == wanted, "the policy that the terms name", digest)
    decision = decide(Policy.from_json(document), grant.terms, case.time)
    if decision.permitted:
        return (
            f"The policy enclosed would have permitted it by its rule {decision.rule}; "
            "whoever refused decided otherwise."
        )
    return f"The policy enclosed refuses it, too: {plain(decision.reason)}"


def _revoke(case: Case) -> Found:
    grant_id = case.statement.grant
    chain = lineage(case.trail, grant_id)
    grant = chain[0][1]
    expect(grant.status == "revoked", "a revoked grant", grant.status)
    expect(grant.ended == case.index, "the revocation itself", f"index {grant.ended}")
    allowed = {grant.terms.owner, grant.terms.grantee}
    if len(chain) > 1:
        allowed.add(chain[1][1].terms.grantee)
    need_account(case, allowed, "a party of the grant")
    return [
        f"{case.subject.account} is a party of the grant and might end it. Every "
        "grant passed on from it ended in the same entry."
    ], []


def _share(case: Case) -> Found:
    use_id = case.statement.use
    use = query.use(case.state, use_id)
    reserved = case.trail.transaction(use.at)
    expect(reserved.id == use_id, f"the reservation of use {use_id}", reserved.id)
    body = cast(UseReserve, case.trail.statement(use.at))
    expect(type(body) is UseReserve, "a use.reserve", reserved.kind)
    _check_draw(use, body.draw, body.operation, body.purpose, body.request)
    details, grant = _check_use(case, use, program=None)
    need_account(case, {grant.terms.owner}, "the owner")
    expect(reserved.account == grant.terms.grantee, "the grantee", reserved.account)
    return [_covered(use, grant)], details


def _job(case: Case) -> Found:
    job = query.job(case.state, case.statement.job)
    expect(job.status == "done", "a job that is done", job.status)
    expect(job.ended == case.index, "the result itself", f"index {job.ended}")
    if job.parties.gated:
        need_account(case, {job.parties.compute}, "the owner")
    else:
        need_account(case, {job.coordinator}, "the coordinator")
    body = admission(case, job, case.statement.job)
    names = tuple(f"{case.statement.job}.{i}" for i in range(len(body.inputs)))
    expect(job.inputs == names, "a use for each input", "others")
    if case.time > job.deadline:
        raise VerificationError(
            f"expected a result up to {when(job.deadline)}, found one of "
            f"{when(case.time)}"
        )
    sentences: list[str] = []
    details: list[str] = []
    if job.parties.attested:
        sentences, details = check_measured(case, case.statement.job)
    for use_id, draw in zip(job.inputs, body.inputs, strict=True):
        use = query.use(case.state, use_id)
        _check_draw(use, draw, body.operation, body.purpose, body.spec)
        more, grant = _check_use(case, use, program=job.program)
        expect(use.at == job.at, "a use of this job", f"index {use.at}")
        expect(job.coordinator == grant.terms.grantee, "the grantee", job.coordinator)
        sentences.append(_covered(use, grant))
        details += more
    if job.parties.gated:
        from privshare.audit.submission import check_approved  # noqa: PLC0415 - other receipts need none of it

        said, more = check_approved(case, job)
        sentences, details = sentences + said, details + more
    return list(dict.fromkeys(sentences)), details


def _abort(case: Case) -> Found:
    job = query.job(case.state, case.statement.job)
    expect(job.status == "aborted", "an aborted job", job.status)
    expect(job.ended == case.index, "the abort itself", f"index {job.ended}")
    expect(job.reason == case.statement.reason, "the reason given", "another")
    admission(case, job, case.statement.job)
    parties = {job.coordinator, job.parties.compute, *job.parties.opened_by}
    need_account(case, parties | set(job.parties.owners), "a party of the job")
    return [f"{case.subject.account} is a party of the job and might end it."], []


def _proof(case: Case) -> Found:
    dataset = case.statement.subject
    if dataset is None:
        raise NotApplicable("Every member may hold a proof; no grant is needed.")
    owner = identifier.owner_of(dataset)
    need_account(case, {owner}, f"the owner of {dataset}")
    return [f"{owner} owns {dataset}, so it may prove what it likes of it."], []


def _anybody(case: Case) -> Found:
    raise NotApplicable("Every member may do this; no grant is needed.")


def _entry(case: Case) -> Found:
    raise NotApplicable(
        "The ledger's members admitted this transaction by the network's rules; this "
        "receipt does not repeat that judgement."
    )


def check_granted(case: Case, grant_id: str, start: int, end: int) -> list[str]:
    """Check that a grant was in force while something happened.

    Args:
        case: The receipt.
        grant_id: The grant.
        start: Log index from which it must have been in force.
        end: Log index up to which it must not have been revoked.

    Returns:
        Details.

    Raises:
        GrantMissing: Not in force yet.
        GrantRevoked: Not in force any more.
        EvidenceInvalid: The transactions do not show the grant.
        NotPermitted: A part that was passed on is wider than the whole.
    """
    details = []
    chain = lineage(case.trail, grant_id)
    for position, (name, grant) in enumerate(chain):
        parent = chain[position + 1] if position + 1 < len(chain) else None
        _check_signed(case, name, grant, parent)
        _check_in_force(name, grant, start, end)
        details.append(
            f"grant {name}: requested at {grant.requested}, offered at "
            f"{grant.offered}, in force from {grant.active}, ended "
            f"{'never' if grant.ended is None else f'at {grant.ended}'}"
        )
    return details


def _check_in_force(name: str, grant: Grant, start: int, end: int) -> None:
    if grant.active is None or grant.active > start:
        raise GrantMissing(
            f"expected grant {short(name)} in force at index {start}, found one in "
            f"force from {grant.active}"
        )
    if grant.ended is None or grant.ended > end:
        return
    if grant.status != "exhausted" or grant.ended < end:
        raise GrantRevoked(
            f"expected grant {short(name)} in force up to index {end}, found one that "
            f"was {grant.status} at {grant.ended}"
        )


def _check_signed(
    case: Case, name: str, grant: Grant, parent: tuple[str, Grant] | None
) -> None:
    """Find the owner's and the grantee's signatures under exactly these terms."""
    terms = grant.terms
    offered, active = cast(int, grant.offered), cast(int, grant.active)
    asked = case.trail.transaction(grant.requested)
    expect(asked.id == name, f"the transaction that made grant {name}", asked.id)
    first = case.trail.statement(grant.requested)
    if parent is None:
        expect(type(first) is GrantRequest, "a grant.request", asked.kind)
        expect(asked.account == terms.grantee, "the grantee's request", asked.account)
        offer_by, offer = terms.owner, case.trail.statement(offered)
        expect(type(offer) is GrantOffer, "a grant.offer", type(offer).__name__)
        expect(offer.grant == name, f"an offer of {name}", offer.grant)
    else:
        expect(type(first) is GrantDelegate, "a grant.delegate", asked.kind)
        expect(cast(GrantDelegate, first).parent == parent[0], "its parent", "another")
        expect(offered == grant.requested, "an offer by delegation", offered)
        offer_by, offer = parent[1].terms.grantee, first
        terms.inside(parent[1].terms)
        _check_in_force(parent[0], parent[1], grant.requested, active)
    by = case.trail.transaction(offered).account
    expect(by == offer_by, f"an offer by {offer_by}", by)
    expect(offer.terms == terms, "the terms that were offered", "others")
    if active == offered:
        expect(
            type(first) is GrantRequest and first.terms == terms,
            "an offer of the terms requested",
            "other terms, not accepted",
        )
        return
    accepted = cast(GrantAccept, case.trail.statement(active))
    expect(type(accepted) is GrantAccept, "a grant.accept", type(accepted).__name__)
    expect(accepted.grant == name, f"an acceptance of {name}", accepted.grant)
    expect(accepted.terms == terms.digest(), "the terms accepted", "others")
    by = case.trail.transaction(active).account
    expect(by == terms.grantee, f"an acceptance by {terms.grantee}", by)


def _check_draw(
    use: Use, draw: Draw, operation: str, purpose: str, request: str
) -> None:
    found = (use.grant, use.columns, use.group_by, use.charge)
    signed = (draw.grant, draw.columns, draw.group_by, draw.charge)
    same = found == signed and (use.operation, use.purpose, use.request) == (
        operation,
        purpose,
        request,
    )
    expect(same, "the use that was signed for", "another")


def _check_use(case: Case, use: Use, program: str | None) -> tuple[list[str], Grant]:
    """One use: settled by the subject, within a grant in force all the while."""
    expect(use.status == "settled", "a settled use", use.status)
    expect(use.ended == case.index, "the settlement itself", f"index {use.ended}")
    expect(use.time <= case.time, "a reservation before the result", when(use.time))
    details = check_granted(case, use.grant, use.at, case.index)
    for _, grant in lineage(case.trail, use.grant):
        grant.terms.covers(
            operation=use.operation,
            columns=use.columns,
            group_by=use.group_by,
            purpose=use.purpose,
            program=program,
            time=use.time,
        )
    return details, query.grant(case.state, use.grant)


def _covered(use: Use, grant: Grant) -> str:
    terms = grant.terms
    split = f" by {listed(use.group_by)}" if use.group_by else ""
    return (
        f"Grant {short(use.grant)} of {terms.owner} to {terms.grantee} covers "
        f"{use.operation} of {listed(use.columns)}{split} in {terms.dataset} for the "
        f"purpose {terms.purpose}. It was valid from {when(terms.not_before)} to "
        f"{when(terms.not_after)}, was used at {when(use.time)}, and was not revoked "
        "before the result."
    )


def _decision(case: Case) -> Found:
    from privshare.audit.submission import check_decided  # noqa: PLC0415 - other receipts need none of it

    return check_decided(case)


def _survey(case: Case) -> Found:
    from privshare.audit.survey import check_right as check  # noqa: PLC0415 - other receipts need none of it

    return check(case)


_CHECKS: Mapping[str, Callable[[Case], Found]] = MappingProxyType(
    {
        "anchor": _anybody,
        "appraisal.set": check_appraisal,
        "code.list": check_code,
        "dataset.publish": _owner,
        "dataset.retire": _owner,
        "grant.issue": _issue,
        "grant.refuse": _refuse,
        "grant.request": _request,
        "grant.revoke": _revoke,
        "job.abort": _abort,
        "job.attest": check_attest,
        "job.refuse": check_refusal,
        "job.result": _job,
        "ledger.entry": _entry,
        "record.erase": _owner,
        "record.share": _share,
        "ring.opening": check_may_open,
        "statement.ring": check_said,
        "statement.zk": _proof,
        "submission.decide": _decision,
        "survey.result": _survey,
    }
)
