"""People decide on a submission: who said yes, and who is still missing.

    owner      so many persons confirm ─► submission.decide {approve}
    approvers  each agency that the gate names ─► submission.decide {approve}
    anybody of them   refuse ─► its approval has ended

Every decision is a transaction of its own. All that a status says is drawn from
the ledger and the storage at the time of the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    PrivShareError,
    StepNotAllowed,
)
from privshare.exchange import gate_hand, gate_mock, gate_refuse, gate_room
from privshare.exchange.gate_check import judge
from privshare.exchange.gate_room import Answer, Kept
from privshare.exchange.gate_say import Said, say
from privshare.exchange.node import Node, one_line
from privshare.jobs.submission.rule import GateRule
from privshare.ledger import query_submission
from privshare.ledger.api import View
from privshare.ledger.transaction import parse
from privshare.wire.canonical import Json, b64u, decode, encode

__all__ = [
    "WAIT_S",
    "Standing",
    "approve",
    "listing",
    "refuse",
    "show",
    "standing",
    "tick",
]

#: How long a submission waits for people, in seconds.
WAIT_S: Final = 30 * 86_400
#: How often it is looked at whether it has waited in vain, in seconds.
_LOOK_S: Final = 3_600
#: What a submission that waits is refused by, as no decision would help it.
_IN_VAIN: Final = ("account.ended", "grant.expired", "grant.revoked")
_CONFIRMED: Final = "confirmed:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who has decided on a submission.

    Attributes:
        given: Agencies that approve it.
        missing: Agencies that have not.
        against: The agency whose refusal stands, and its words; or None.
        confirmed: How many persons of the owner have said yes.
        people: How many it takes.
    """

    given: tuple[str, ...]
    missing: tuple[str, ...]
    against: tuple[str, str] | None
    confirmed: int
    people: int

    def to_json(self) -> dict[str, Json]:
        """For people."""
        return {
            "confirmed": self.confirmed,
            "given": list(self.given),
            "missing": list(self.missing),
            "people": self.people,
        }


def standing(node: Node, view: View, kept: Kept, rule: GateRule) -> Standing:
    """Who has decided on a submission under the gate's present rule."""
    asked = tuple(dict.fromkeys((kept.owner, *rule.approvals)))
    given = query_submission.approved_by(
        view,
        kept.submission,
        dataset=kept.dataset,
        grantee=kept.grantee or "",
        purpose=kept.purpose,
    )
    against = None
    for one in _latest(view, kept).values():
        if one.decision == "refuse" and one.agency in asked:
            against = (one.agency, one.reason)
    return Standing(
        given=tuple(one for one in asked if one in given),
        missing=tuple(one for one in asked if one not in given),
        against=against,
        confirmed=len(_confirmed(node, kept, rule)),
        people=rule.people,
    )


def _latest(view: View, kept: Kept) -> dict[str, Any]:
    """Each agency's last word on these bytes."""
    found = query_submission.submission(view, kept.submission)
    return {one.agency: one for one in found.decisions}


def approve(
    node: Node, submission: str, *, person: str, gate: str | None = None
) -> dict[str, Any]:
    """Say yes, as a person of this agency.

    At the owner's node it takes as many persons as the gate says before the
    agency's approval is entered; the same person twice counts once.

    Args:
        node: This node, of the owner or of an approver.
        submission: Which.
        person: Who says so.
        gate: Digest of the gate's rule that this person has read; None: of
            whichever is in force.

    Raises:
        NotFound: No such submission here.
        Conflict: Another rule is in force: submission.gate.
        StepNotAllowed: It has an answer, or runs: submission.status.
        PrivShareError: Its right does not stand any more; `detail["rule"]`.
    """
    room = gate_room.room_of(submission)
    with node.tasks.exclusive(room):
        kept = gate_room.find(node, submission)
        _need_undecided(node, kept)
        rule = _rule(node, kept)
        _need_same(rule, gate)
        view = node.view()
        mine = _latest(view, kept).get(node.agency)
        if kept.owner == node.agency:
            judge(node, view, kept.enrolment, submission, kept.dataset, kept.purpose)
            enough = _confirm(node, kept, rule, person) >= rule.people
        else:
            enough = True
        node.store.log_use(
            node.clock(),
            node.agency,
            "submission.confirm",
            person=person,
            dataset=kept.dataset,
            subject=submission,
        )
        if enough and node.agency not in standing(node, view, kept, rule).given:
            number = 0 if mine is None else mine.at
            say(
                node,
                room,
                f"tx:approve:{number}:",
                "submission.decide",
                gate_refuse.decision(kept, "approve", gate=b64u(rule.digest())),
            )
        _file_own(node, kept)
        if enough and kept.owner != node.agency:
            node.store.drop_blobs(gate_room.wait_of(submission))
    return show(node, submission)


def _need_same(rule: GateRule, gate: str | None) -> None:
    now = b64u(rule.digest())
    if gate not in (None, now):
        raise Conflict(
            f"expected the gate's rule in force, {now}, found an approval under {gate}",
            fix="Its owner has published another: look at the submission again.",
            detail={"rule": "submission.gate"},
        )


def _file_own(node: Node, kept: Kept) -> None:
    """File the receipt of our last word, if a crash came before it was."""
    mine = _latest(node.view(), kept).get(node.agency)
    if mine is None:
        return
    tx_id = parse(node.ledger.entry(mine.at)).id
    if node.store.receipt(tx_id) is None:
        gate_refuse.file_decision(node, kept, Said(tx_id, mine.at, fresh=False))


def refuse(
    node: Node, submission: str, reason: str, *, person: str = ""
) -> dict[str, Any]:
    """Say no, as a person of this agency, also after it said yes.

    Raises:
        NotFound: No such submission here.
        StepNotAllowed: It has an answer: submission.status.
        EncodingError: No reason.
    """
    line = one_line(reason)
    if not line:
        raise EncodingError("reason: expected one line, found none")
    with node.tasks.exclusive(gate_room.room_of(submission)):
        kept = gate_room.find(node, submission)
        if gate_room.answer_of(node, submission) is not None:
            raise _over()
        running = node.store.blob(gate_room.run_of(submission), "spec") is not None
        if kept.owner == node.agency and not running:
            gate_refuse.refuse(node, kept, None, line, person=person)
        else:
            _withdraw(node, kept, line, person)
    return show(node, submission)


def _withdraw(node: Node, kept: Kept, reason: str, person: str) -> None:
    """Enter our no; what that stops is seen by whoever runs it."""
    mine = _latest(node.view(), kept).get(node.agency)
    if mine is not None and mine.decision == "refuse":
        raise _over()
    say(
        node,
        gate_room.room_of(kept.submission),
        f"tx:withdraw:{0 if mine is None else mine.at}:",
        "submission.decide",
        gate_refuse.decision(kept, "refuse", reason=reason),
    )
    _file_own(node, kept)
    node.store.log_use(
        node.clock(),
        node.agency,
        "submission.refuse",
        person=person,
        dataset=kept.dataset,
        subject=kept.submission,
    )
    if kept.owner != node.agency:
        node.store.drop_blobs(gate_room.wait_of(kept.submission))


def _over() -> StepNotAllowed:
    return StepNotAllowed(
        "expected a submission without an answer, found one that has it",
        detail={"rule": "submission.status"},
    )


def _need_undecided(node: Node, kept: Kept) -> None:
    left = (
        node.store.blob(gate_room.room_of(kept.submission), "answer"),
        node.store.blob(gate_room.room_of(kept.submission), "refusing"),
        node.store.blob(gate_room.run_of(kept.submission), "spec"),
    )
    if any(one is not None for one in left):
        raise _over()


def _rule(node: Node, kept: Kept) -> GateRule:
    """The rule of the gate as it is published now, wherever the gate is."""
    return gate_mock.show(node, kept.dataset).gate


# -- persons ------------------------------------------------------------------


def _slot(rule: GateRule) -> str:
    """People say yes to these bytes under this rule, and under no other."""
    return f"{_CONFIRMED}{b64u(rule.digest())}"


def _confirmed(node: Node, kept: Kept, rule: GateRule) -> list[str]:
    room = gate_room.room_of(kept.submission)
    data = node.store.blob(room, _slot(rule))
    return cast("list[str]", decode(data)) if data is not None else []


def _confirm(node: Node, kept: Kept, rule: GateRule, person: str) -> int:
    people = sorted({*_confirmed(node, kept, rule), person})
    room = gate_room.room_of(kept.submission)
    node.store.put_blob(room, _slot(rule), encode(list(people)))
    return len(people)


# -- showing ------------------------------------------------------------------


def show(node: Node, submission: str, *, files: bool = False) -> dict[str, Any]:
    """A submission for people.

    Args:
        node: This node.
        submission: Which.
        files: Whether its files are wanted, too.

    Raises:
        NotFound: This node keeps none by that digest.
    """
    kept = gate_room.find(node, submission)
    found = _described(node, node.view(), kept)
    if files:
        sent = gate_room.files_of(node, submission)
        found["files"] = [] if sent is None else sent.to_json()
    return found


def listing(node: Node) -> list[dict[str, Any]]:
    """All submissions that this node keeps, newest first, without their trees."""
    view, found = node.view(), []
    for name in gate_room.rooms(node):
        try:
            one = _described(node, view, gate_room.find(node, name))
        except NotFound:
            continue  # a crash left it half kept
        del one["tree"]
        found.append(one)
    return sorted(found, key=lambda one: int(one["at"]), reverse=True)


def _described(node: Node, view: View, kept: Kept) -> dict[str, Any]:
    answer = gate_room.answer_of(node, kept.submission)
    now = gate = None
    if kept.dataset:
        try:
            rule = gate_mock.published(node, view, kept.dataset)[1]
            now, gate = standing(node, view, kept, rule), b64u(rule.digest())
        except PrivShareError:
            now = None  # published anew, and not read here yet: nobody waits for it
    return {
        "account": kept.account,
        "agency": kept.grantee,
        "approvals": None if now is None else now.to_json(),
        "at": kept.at,
        "dataset": kept.dataset or None,
        "entry": kept.entry,
        "gate": gate,
        "job": None if answer is None else answer.job,
        "name": kept.name,
        "owner": kept.owner,
        "purpose": kept.purpose or None,
        "reason": _reason(answer, now),
        "receipt": None if answer is None else answer.receipt,
        "rule": None if answer is None else answer.rule,
        "status": _status(node, kept, answer, now),
        "submission": kept.submission,
        "tree": dict(kept.tree),
        "user": None if kept.enrolment is None else kept.enrolment.account,
    }


def _reason(answer: Answer | None, now: Standing | None) -> str | None:
    if answer is not None:
        return answer.reason
    if now is not None and now.against is not None:
        return ": ".join(now.against)
    return None


def _status(node: Node, kept: Kept, answer: Answer | None, now: Standing | None) -> str:
    """`pending`, `approved`, `working`, `done` or `refused`."""
    if answer is not None:
        return answer.status
    if node.store.blob(gate_room.run_of(kept.submission), "spec") is not None:
        return "working"
    if now is not None and now.against is not None:
        return "refused"
    return "approved" if now is not None and not now.missing else "pending"


# -- by itself ----------------------------------------------------------------


def tick(node: Node, *, grown: bool = True) -> list[PrivShareError]:
    """What is due of submissions that wait: handed out, refused, tidied.

    Args:
        node: This node.
        grown: Whether the ledger has, since the last tick; where it has not,
            those alone are looked at with which something is left to do, and
            now and then the others, as rights end by themselves.
    """
    wrong: list[PrivShareError] = []
    for submission in gate_room.waiting(node):
        wait = gate_room.wait_of(submission)
        still = node.store.blob(wait, "still") is not None
        if not grown and still and node.clock() < _look_at(node, wait):
            continue
        try:
            with node.tasks.exclusive(gate_room.room_of(submission)):
                if _due(node, submission):
                    node.store.put_blob(wait, "still", b"1")
        except PrivShareError as error:
            wrong.append(error)
    return wrong


def _look_at(node: Node, wait: str) -> int:
    """When it is looked at whether it waits in vain, which reads all grants."""
    data = node.store.blob(wait, "look")
    return 0 if data is None else int(data)


def _look_later(node: Node, wait: str) -> None:
    node.store.put_blob(wait, "look", b"%d" % (node.clock() + _LOOK_S))


def _due(node: Node, submission: str) -> bool:
    """See to one; whether nothing is left to do until the ledger grows."""
    wait = gate_room.wait_of(submission)
    try:
        kept = gate_room.find(node, submission)
    except NotFound:  # a crash came before it was kept
        node.store.drop_blobs(wait)
        return False
    if gate_refuse.resume(node, kept) is not None:
        node.store.drop_blobs(wait)
        return False
    if kept.owner != node.agency:
        _look_later(node, wait)
        return not _is_over(node, kept)
    if node.store.blob(gate_room.run_of(submission), "spec") is not None:
        return False  # `gate_run.tick` sees to it
    return _due_of_ours(node, kept)


def _due_of_ours(node: Node, kept: Kept) -> bool:
    """As `_due`, of one that waits at its owner's node."""
    view = node.view()
    _file_own(node, kept)
    wait = gate_room.wait_of(kept.submission)
    if node.clock() >= _look_at(node, wait):
        why = _in_vain(node, view, kept)
        if why is not None:
            gate_refuse.refuse(node, kept, *why)
            return False
        _look_later(node, wait)
    rule = gate_mock.published(node, view, kept.dataset)[1]
    now = standing(node, view, kept, rule)
    if now.against is not None and now.against[0] != node.agency:
        reason = f"{now.against[0]} refused: {now.against[1]}"
        gate_refuse.refuse(node, kept, "submission.unapproved", reason)
        return False
    return gate_hand.hand_out(node, kept, rule.approvals)


def _in_vain(node: Node, view: View, kept: Kept) -> tuple[str, str] | None:
    """The rule by which it waits in vain, in words too; None: it does not."""
    if node.clock() >= kept.at + WAIT_S:
        days = WAIT_S // 86_400
        return "submission.expired", f"expected a run within {days} days, found none"
    try:
        judge(node, view, kept.enrolment, kept.submission, kept.dataset, kept.purpose)
    except PrivShareError as error:
        rule = str(error.detail.get("rule"))
        return (rule, error.message) if rule in _IN_VAIN else None
    return None


def _is_over(node: Node, kept: Kept) -> bool:
    """Whether its owner has refused what we were asked to approve."""
    theirs = _latest(node.view(), kept).get(kept.owner)
    over = theirs is not None and theirs.decision == "refuse"
    if over:
        node.store.drop_blobs(gate_room.wait_of(kept.submission))
    return over
