"""Asking for rights, deciding on them, and ending them.

    grantee  request ─► ledger ─► owner's mirror ─► consider ─► refused, by rule
                                                            ├─► offered or active
                                                            └─► the steward's queue
    steward  decide ─► offer | refuse          grantee  accept | refuse
    either   revoke ─► ledger ─► own mirror has it ─► returns

A policy's no is final at the owner's node: nobody offers what the policy does
not permit, since no auditor would find the offer right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from privshare.errors import (
    EncodingError,
    NotFound,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
)
from privshare.exchange import code, drawer
from privshare.exchange import dataset as datasets
from privshare.exchange.node import Node, one_line
from privshare.ledger import query
from privshare.ledger.api import Committed
from privshare.rights import identifier
from privshare.rights.grant import Grant
from privshare.rights.policy import Decision, Policy
from privshare.rights.policy import decide as judge
from privshare.rights.rule import Prohibition
from privshare.rights.terms import Right, Terms
from privshare.wire.canonical import Json, b64u, decode, encode
from privshare.wire.digest import parse_digest

__all__ = [
    "Decided",
    "accept",
    "check_passed_on",
    "consider",
    "consider_all",
    "decide",
    "describe",
    "find",
    "listing",
    "queue",
    "request",
    "revoke",
]

DAY_S = 86_400
_CONFIRMED = "confirmed:"
_CLOCK_SKEW_S = 300


@dataclass(frozen=True, slots=True)
class Decided:
    """A grant after a step.

    Attributes:
        id: The grant's id.
        grant: As our copy of the ledger holds it now.
        receipt: Id of the receipt of this step, "" where nothing went on the
            ledger (a confirmation that waits for a second person).
    """

    id: str
    grant: Grant
    receipt: str


def request(
    node: Node,
    dataset: str,
    *,
    operations: Sequence[str],
    columns: Sequence[str],
    group_by: Sequence[str] = (),
    purpose: str,
    days: int | None = None,
    not_after: int | None = None,
    uses: int = 1,
    k: int = 1,
    budget: int = 0,
    delegable: int = 0,
    obligations: Sequence[str] = (),
    programs: Sequence[str] = (),
    right: Right = "process",
    person: str = "",
) -> Decided:
    """Ask an owner for a right, as this agency.

    Args:
        node: This node.
        dataset: What it is about.
        operations: `read` or `link`, or some of `count`, `match`, `mean`, `run`,
            `sum`; what is given out (records or aggregates) follows from them.
        columns: What is to be read or computed on.
        group_by: Columns that may split results.
        purpose: The one purpose of every use.
        days: How long, from now; or `not_after`. 30 days if neither is given.
        not_after: Unix seconds.
        uses: How many.
        k: No result may rest on fewer records.
        budget: Privacy budget, micro-epsilon.
        delegable: How often it may be passed on.
        obligations: Duties taken on.
        programs: Measured programs to `run`, by name, by the digest of their
            closures, or as grants hold them.
        right: Kind of right.
        person: Who asked.

    Returns:
        The grant, `requested`. The owner's answer comes later: `find`.

    Raises:
        NotFound: No such dataset.
        EncodingError: A field of another form, or operations that do not go
            together.
        OutOfRange: A number outside its bounds.
        NotPermitted: The dataset is retired.
    """
    view = node.view()
    state = datasets.need_registered(query.dataset(view, dataset), dataset)
    now = node.clock()
    known = [identifier.OPERATIONS.get(one) for one in operations]
    outputs = {one.output for one in known if one is not None}
    if not_after is None:
        not_after = now + (30 if days is None else days) * DAY_S
    terms = Terms(
        dataset=dataset,
        grantee=node.agency,
        right=right,
        purpose=purpose,
        operations=tuple(sorted(set(operations))),
        programs=()
        if tuple(operations) == ("read",)
        else code.programs(node, operations, programs),
        columns=tuple(sorted(set(columns))),
        group_by=tuple(sorted(set(group_by))),
        not_before=min(now, max(view.time, now - _CLOCK_SKEW_S)),
        not_after=not_after,
        uses=uses,
        budget=budget,
        output="record" if outputs == {"record"} else "aggregate",
        k=k,
        delegable=delegable,
        obligations=tuple(sorted(set(obligations))),
        policy=parse_digest(state.policy),
    )
    committed = node.submit("grant.request", {"terms": terms.to_json()})
    _log(node, "grant.request", person, dataset, committed.id)
    receipt = drawer.file(node, "grant.request", committed, committed.id)
    return _decided(node, committed.id, receipt)


def consider_all(node: Node) -> int:
    """Let the policies answer every request for data of ours.

    Returns:
        How many requests were answered; the others wait for a steward.

    Raises:
        PrivShareError: The first thing that went wrong, after all requests
            were looked at; the next call tries again.
    """
    answered, wrong = 0, None
    for grant_id, grant in query.grants(node.view()).items():
        if grant.status != "requested" or grant.terms.owner != node.agency:
            continue
        try:
            answered += consider(node, grant_id) is not None
        except PrivShareError as error:
            wrong = wrong or error
    if wrong is not None:
        raise wrong
    return answered


def consider(node: Node, grant_id: str) -> Decided | None:
    """Let the policy answer one request, if it can without a person.

    Returns:
        The grant after a refusal or an automatic offer; None when a steward
        has to decide, or when there is nothing to decide any more.
    """
    grant = query.grant(node.view(), grant_id)
    if grant.status != "requested" or grant.terms.owner != node.agency:
        return None
    terms, decision = _judged(node, grant.terms)
    if not decision.permitted:
        return _refuse(node, grant_id, decision.reason, decision.rule)
    if decision.automatic:
        return _offer(node, grant_id, terms)
    return None


def queue(node: Node) -> list[dict[str, Any]]:
    """Requests that wait for a steward, each with what the policy says."""
    found = []
    for grant_id, grant in query.grants(node.view()).items():
        if grant.status == "requested" and grant.terms.owner == node.agency:
            terms, decision = _judged(node, grant.terms)
            found.append(
                describe(node, grant_id, grant)
                | {
                    "decision": {
                        "permitted": decision.permitted,
                        "reason": decision.reason,
                        "rule": decision.rule,
                    },
                    "confirmations": len(_confirmed(node, grant_id, terms)),
                    "confirmations_needed": decision.confirmations,
                }
            )
    return found


def decide(
    node: Node,
    grant_id: str,
    decision: Literal["offer", "refuse"],
    *,
    reason: str = "",
    terms: Terms | None = None,
    person: str = "",
) -> Decided:
    """Answer a request (as its owner), or turn an offer down (as its grantee).

    Args:
        node: This node.
        grant_id: The grant.
        decision: `offer` or `refuse`.
        reason: One line; a refusal needs one.
        terms: Other terms than those requested; the grantee then accepts or
            refuses them.
        person: Who decided. A policy may ask for several persons.

    Raises:
        NotFound: No such grant.
        StepNotAllowed: It is not requested any more.
        NotPermitted: The policy does not permit these terms (`detail["rule"]`),
            or the grant is another agency's.
        EncodingError: A refusal without a reason.
    """
    grant = query.grant(node.view(), grant_id)
    if decision == "refuse":
        if not reason.strip():
            raise EncodingError("reason: expected one line, found none")
        done = _refuse(node, grant_id, reason.strip(), None)
        _log(node, "grant.refuse", person, grant.terms.dataset, grant_id)
        return done
    if decision != "offer":
        raise EncodingError(f"decision: expected offer or refuse, found {decision}")
    if grant.terms.owner != node.agency:
        raise NotPermitted(
            f"expected a grant on data of {node.agency}, found one of "
            f"{grant.terms.owner}",
            detail={"rule": "grant.owner"},
        )
    if grant.status != "requested":
        raise StepNotAllowed(
            f"expected a grant that is requested, found one that is {grant.status}"
        )
    offered, judged = _judged(node, terms or grant.terms)
    judged.enforce()
    confirmed = _confirm(node, grant_id, offered, person)
    _log(node, "grant.confirm", person, grant.terms.dataset, grant_id)
    if len(confirmed) < judged.confirmations:
        return Decided(grant_id, grant, "")
    done = _offer(node, grant_id, offered)
    _log(node, "grant.offer", person, grant.terms.dataset, grant_id)
    return done


def accept(node: Node, grant_id: str, *, person: str = "") -> Decided:
    """Accept the terms that an owner offered.

    Raises:
        NotFound: No such grant.
        StepNotAllowed: It is not offered.
        NotPermitted: It is another agency's, or the terms changed.
    """
    grant = query.grant(node.view(), grant_id)
    committed = node.submit(
        "grant.accept", {"grant": grant_id, "terms": b64u(grant.terms.digest())}
    )
    _log(node, "grant.accept", person, grant.terms.dataset, grant_id)
    return _decided(node, grant_id, _file_issue(node, grant_id, committed))


def revoke(node: Node, grant_id: str, *, reason: str, person: str = "") -> Decided:
    """End a grant before its time, and every grant delegated from it.

    Returns once this node's own copy of the ledger has the revocation: from
    then on no verb of this node serves it.

    Raises:
        NotFound: No such grant.
        StepNotAllowed: It is over already.
        NotPermitted: Neither its owner's nor its grantee's node.
    """
    grant = query.grant(node.view(), grant_id)
    committed = node.submit(
        "grant.revoke", {"grant": grant_id, "reason": _line(reason)}
    )
    _log(node, "grant.revoke", person, grant.terms.dataset, grant_id)
    receipt = drawer.file(node, "grant.revoke", committed, grant_id)
    return _decided(node, grant_id, receipt)


def find(node: Node, grant_id: str) -> dict[str, Any]:
    """One grant as `describe` lays it out.

    Raises:
        NotFound: No such grant.
    """
    return describe(node, grant_id, query.grant(node.view(), grant_id))


def listing(
    node: Node,
    *,
    dataset: str | None = None,
    status: str | None = None,
    everybody: bool = False,
) -> list[dict[str, Any]]:
    """Grants, newest first: given by this agency or to it, or of everybody."""
    found = [
        describe(node, grant_id, grant)
        for grant_id, grant in query.grants(node.view()).items()
        if (everybody or node.agency in (grant.terms.owner, grant.terms.grantee))
        and dataset in (None, grant.terms.dataset)
    ]
    return [one for one in reversed(found) if status in (None, one["status"])]


def describe(node: Node, grant_id: str, grant: Grant) -> dict[str, Any]:
    """A grant for people: `status` is `expired` where time has ended it."""
    return {
        **grant.to_json(),
        "id": grant_id,
        "owner": grant.terms.owner,
        "status": effective_status(grant, node.clock()),
    }


def check_passed_on(node: Node, grant: Grant) -> None:
    """Refuse a right of ours that was passed on to whom its policy prohibits.

    The ledger sees that a part is inside the whole; it reads no policies. So
    the owner looks, before it serves.

    Raises:
        NotPermitted: A rule of the policy prohibits these terms.
        NotFound: The policy is not kept here.
    """
    if grant.parent is None:
        return
    kept = node.store.document(b64u(grant.terms.policy))
    if kept is None:
        raise NotFound("expected the policy that the grant names, found none here")
    for rule in Policy.from_json(decode(kept)).rules:
        if isinstance(rule, Prohibition) and rule.touches(grant.terms):
            raise NotPermitted(
                "expected a right that the policy lets pass on, found one that "
                f'"{rule.id}" prohibits',
                detail={"rule": rule.id},
            )


def effective_status(grant: Grant, now: int) -> str:
    """The grant's status, or `expired` for a living one past its period."""
    if grant.status in ("active", "offered", "requested") and (
        now > grant.terms.not_after
    ):
        return "expired"
    return grant.status


# -- parts --------------------------------------------------------------------


def _judged(node: Node, terms: Terms) -> tuple[Terms, Decision]:
    """Terms under the policy in force, and what that policy says of them."""
    current = query.dataset(node.view(), terms.dataset).policy
    terms = replace(terms, policy=parse_digest(current))
    policy = datasets.documents(node, terms.dataset).policy
    return terms, judge(policy, terms, node.clock())


def _offer(node: Node, grant_id: str, terms: Terms) -> Decided:
    committed = node.submit(
        "grant.offer", {"grant": grant_id, "terms": terms.to_json()}
    )
    grant = query.grant(node.view(), grant_id)
    if grant.active == committed.index:
        receipt = _file_issue(node, grant_id, committed)
    else:
        receipt = drawer.file(node, "ledger.entry", committed, grant_id)
    return _decided(node, grant_id, receipt)


def _file_issue(node: Node, grant_id: str, committed: Committed) -> str:
    """The receipt of a grant in force holds the policy it was given under."""
    terms = query.grant(node.view(), grant_id).terms
    kept = node.store.document(b64u(terms.policy))
    if kept is None:  # the grantee has not seen the documents yet
        datasets.documents(node, terms.dataset)
        kept = node.store.document(b64u(terms.policy))
    if kept is None:
        raise NotFound(
            f"expected the policy of {terms.dataset} that the grant names, found "
            "a newer one",
            detail={"party": terms.owner},
        )
    evidence: dict[str, Json] = {"policy": decode(kept)}
    return drawer.file(node, "grant.issue", committed, grant_id, evidence=evidence)


def _refuse(node: Node, grant_id: str, reason: str, rule: str | None) -> Decided:
    grant = query.grant(node.view(), grant_id)
    committed = node.submit(
        "grant.refuse", {"grant": grant_id, "reason": _line(reason), "rule": rule}
    )
    evidence: dict[str, Json] | None = None
    if rule is not None:
        kept = datasets.documents(node, grant.terms.dataset).policy
        if kept.digest() == grant.terms.policy:  # else amended since the request
            evidence = {"policy": kept.to_json()}
    receipt = drawer.file(node, "grant.refuse", committed, grant_id, evidence=evidence)
    return _decided(node, grant_id, receipt)


def _confirmed(node: Node, grant_id: str, terms: Terms) -> list[str]:
    """Who said yes to exactly these terms, under the policy they name."""
    kept = node.store.setting(_confirmations(grant_id, terms))
    return cast(list[str], decode(kept.encode())) if kept else []


def _confirm(node: Node, grant_id: str, terms: Terms, person: str) -> list[str]:
    """Note that one person said yes; the same person twice counts once."""
    name = _confirmations(grant_id, terms)
    with node.tasks.exclusive(name):
        people = sorted({*_confirmed(node, grant_id, terms), person})
        node.store.put_setting(name, encode(list(people)).decode())
    return people


def _confirmations(grant_id: str, terms: Terms) -> str:
    return f"{_CONFIRMED}{grant_id}:{b64u(terms.digest())}"


def _line(reason: str) -> str:
    line = one_line(reason)
    if not line:
        raise EncodingError("reason: expected one line, found none")
    return line


def _decided(node: Node, grant_id: str, receipt: str) -> Decided:
    return Decided(grant_id, query.grant(node.view(), grant_id), receipt)


def _log(node: Node, action: str, person: str, dataset: str, grant: str) -> None:
    node.store.log_use(
        node.clock(),
        node.agency,
        action,
        person=person,
        dataset=dataset,
        grant=grant,
    )
