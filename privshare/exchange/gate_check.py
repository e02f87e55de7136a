"""What must hold before code runs at an owner's gate, each with its rule.

    enrolment ─► need_account     active on the ledger, of its agency, this key
    header    ─► need_dataset     ours, in use, with a mock of this version
    both      ─► need_right       a grant of that agency that covers a run now
    all three ─► Right, with which a specification is made

The same checks stand at intake, at approval and before a run: rights end while
people think.
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.errors import (
    EncodingError,
    GrantMissing,
    NotFound,
    NotPermitted,
    PrivShareError,
)
from privshare.exchange import gate_mock
from privshare.exchange.grant import check_passed_on
from privshare.exchange.node import Node
from privshare.jobs.submission.account import Enrolment
from privshare.jobs.submission.rule import GateRule
from privshare.jobs.tee_spec import OPERATION
from privshare.ledger import query, query_privacy, query_submission
from privshare.ledger.api import View
from privshare.rights import identifier
from privshare.rights.grant import Grant
from privshare.wire.canonical import b64u, unb64u

__all__ = ["Right", "judge", "need_account", "need_dataset", "need_right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """Under what a submission would run, as everything stands now.

    Attributes:
        dataset: Whose rows.
        version: The dataset's, and the published mock's.
        purpose: What for.
        grant: Id of the grant.
        columns: What the code gets to see.
        rule: What may leave.
        gate: Digest of the rule.
    """

    dataset: str
    version: int
    purpose: str
    grant: str
    columns: tuple[str, ...]
    rule: GateRule
    gate: bytes


def need_account(node: Node, view: View, enrolment: Enrolment | None) -> Enrolment:
    """An account that its agency vouches for now.

    Raises:
        NotPermitted: Rule account.unknown or account.ended.
    """
    if enrolment is None:
        raise _refused("account.unknown", "an enrolled account", "none", fix=_ENROL)
    try:
        held = query_submission.account(view, b64u(enrolment.id()))
    except NotFound:
        held = None
    if held is None or held.agency != enrolment.agency:
        raise _refused(
            "account.unknown",
            f"an account that {enrolment.agency} has enrolled",
            "one that it has not",
            fix=_ENROL,
        )
    if enrolment.network != node.network:
        raise _refused(
            "account.unknown",
            f"an account enrolled in {node.network}",
            f"one of {identifier.shown(enrolment.network)}",
        )
    if held.ended is not None or not query.is_active(view, enrolment.agency):
        raise _refused(
            "account.ended",
            f"an account that {enrolment.agency} vouches for",
            "one whose enrolment has ended",
            fix=_ENROL,
        )
    return enrolment


_ENROL = "The steward of its agency enrols it: POST /v1/accounts."


def need_dataset(node: Node, view: View, named: str | None) -> str:
    """A dataset of this agency whose mock is published and up to date.

    Args:
        node: This node, of the owner.
        view: The ledger.
        named: What the script says; None: the only one there is.

    Raises:
        EncodingError: None is said, and there are several: submission.header.
        NotPermitted: Rule mock.none, mock.stale, dataset.status or, of a
            dataset with a privacy account, privacy.answer.
    """
    if named is None:
        named = _only(node, view)
    state = query.datasets(view, node.agency).get(named)
    held = None if state is None else query_submission.mock(view, named)
    if state is None or held is None:
        raise _refused(
            "mock.none",
            f"a dataset of {node.agency} with a published mock",
            identifier.shown(named),
            fix="Its steward publishes one: POST /v1/mocks.",
        )
    if state.status != "registered":
        raise _refused("dataset.status", "a dataset in use", f"one {state.status}")
    if state.version != held.version:
        raise _refused(
            "mock.stale",
            f"a mock of version {state.version}",
            f"one of version {held.version}",
            fix="Its steward publishes one anew: POST /v1/mocks.",
        )
    if query_privacy.account(view, named) is not None:
        raise _refused(
            "privacy.answer",
            "a dataset without a privacy account",
            f"{named}, which has one: no code of one's own runs on it",
            fix="Ask for a sum, or for a program on shares.",
        )
    return named


def _only(node: Node, view: View) -> str:
    names = [
        name
        for name, state in query.datasets(view, node.agency).items()
        if state.status == "registered"
        and query_submission.mock(view, name) is not None
    ]
    if len(names) == 1:
        return names[0]
    if not names:
        raise _refused(
            "mock.none", f"a dataset of {node.agency} with a published mock", "none"
        )
    raise EncodingError(
        f"header: expected a dataset, one of {len(names)}, found none",
        fix="Write near the top of the script: # privshare: dataset=OWNER/NAME",
        detail={"rule": "submission.header"},
    )


def need_right(
    node: Node,
    view: View,
    enrolment: Enrolment,
    submission: str,
    dataset: str,
    purpose: str | None,
) -> Right:
    """The grant under which this may run now; one for these bytes comes first.

    Raises:
        GrantMissing, GrantExpired, GrantRevoked, PurposeMismatch, NotPermitted:
            The rights say no; `detail["rule"]`.
        EncodingError: No purpose is said, and there are several.
    """
    program = identifier.submitted(unb64u(submission, 32))
    refusal: PrivShareError | None = None
    fits: list[tuple[bool, Right]] = []
    for grant_id, grant in query.grants(view).items():
        terms = grant.terms
        mine = (terms.dataset, terms.grantee) == (dataset, enrolment.agency)
        if not mine or not any(map(_is_submitted, terms.programs)):
            continue
        try:
            found = _covered(node, view, grant_id, grant, program, purpose)
        except PrivShareError as error:
            if refusal is None or error.detail.get("rule") != "grant.not-active":
                refusal = error
        else:
            fits.append((program in terms.programs, found))
    if not fits:
        raise refusal or GrantMissing(
            f"expected a grant to {enrolment.agency} to run submitted code on "
            f"{dataset}, found none",
            fix="Its analyst asks for one: operation run, program code.run/v1.",
            detail={"rule": "grant.missing"},
        )
    if len({one.purpose for _, one in fits}) > 1:
        raise EncodingError(
            "header: expected a purpose, as grants for several are in force, found "
            "none",
            fix="Write near the top of the script: # privshare: purpose=PURPOSE",
            detail={"rule": "submission.header"},
        )
    exact = [one for same, one in fits if same]
    return (exact or [one for _, one in fits])[-1]


def _is_submitted(program: str) -> bool:
    return (
        program == identifier.SUBMITTED or identifier.submission_of(program) is not None
    )


def _covered(
    node: Node,
    view: View,
    grant_id: str,
    grant: Grant,
    program: str,
    purpose: str | None,
) -> Right:
    """What a grant allows, if it covers a run of this program now."""
    terms = grant.in_force()
    wanted = terms.purpose if purpose is None else purpose
    terms.covers(
        operation=OPERATION,
        columns=terms.columns,
        group_by=(),
        purpose=wanted,
        program=program,
        time=max(node.clock(), terms.not_before),
    )
    check_passed_on(node, grant)
    held, rule = gate_mock.published(node, view, terms.dataset)
    if rule.k < terms.k:
        raise _refused(
            "grant.k", f"a gate that asks for k of at least {terms.k}", f"{rule.k}"
        )
    if grant.used + grant.reserved >= terms.uses:
        raise _refused("grant.uses", f"a use left of {terms.uses}", "none")
    left = terms.budget - grant.spent - grant.held
    if rule.charge > left:
        raise _refused(
            "grant.budget",
            f"{rule.charge} micro-epsilon left of the grant's budget",
            f"{left}",
        )
    return Right(
        dataset=terms.dataset,
        version=held.version,
        purpose=wanted,
        grant=grant_id,
        columns=terms.columns,
        rule=rule,
        gate=rule.digest(),
    )


def judge(
    node: Node,
    view: View,
    enrolment: Enrolment | None,
    submission: str,
    dataset: str,
    purpose: str,
) -> Right:
    """All checks again, of a submission that was taken in before.

    Raises:
        PrivShareError: What does not hold any more; `detail["rule"]`.
    """
    known = need_account(node, view, enrolment)
    need_dataset(node, view, dataset)
    return need_right(node, view, known, submission, dataset, purpose)


def _refused(rule: str, expected: str, found: str, *, fix: str = "") -> NotPermitted:
    return NotPermitted(
        f"expected {expected}, found {found}", fix=fix, detail={"rule": rule}
    )
