"""A submission comes in: judged at once, kept for people, or refused for good.

    bridge   files, enrolment ─► take ─► checks ─► waits for people ─► gate_hand
                                           └► refuse ─► submission.decide ─► receipt

A refusal is an entry in the log, so a stranger may not cause many: see
`MAX_REFUSALS`. Over the bound the answer is an error, and nothing is entered
or kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from privshare.errors import (
    Conflict,
    EncodingError,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
)
from privshare.exchange import gate_hand, gate_refuse, gate_room
from privshare.exchange.gate_check import need_account, need_dataset, need_right
from privshare.exchange.gate_place import Gate
from privshare.exchange.gate_room import Kept, Sent
from privshare.exchange.node import Node
from privshare.jobs.submission import header
from privshare.jobs.submission.account import Enrolment
from privshare.rights import identifier
from privshare.wire.canonical import Json, decode, encode

__all__ = ["MAX_REFUSALS", "MAX_WAITING", "need_gate", "take"]

#: Refusals at intake that are entered in a day: of one account, and of all
#: those together whom no agency vouches for.
MAX_REFUSALS: Final = 32
#: Submissions that wait for people: of one account, and at this node.
MAX_WAITING: Final = 16
_MAX_ROOMS: Final = 256

_DAY_S: Final = 86_400
_COUNT: Final = "gate-refused:"
_NOBODY: Final = "nobody"


def need_gate(node: Node) -> Gate:
    """What this node runs approved code with.

    Raises:
        StepNotAllowed: It runs none: rule gate.off.
    """
    if node.gate is None:
        raise StepNotAllowed(
            "expected a node that runs approved code, found one that runs none",
            fix='Set gate = "on" in node.toml: services/node/settings.md.',
            detail={"rule": "gate.off"},
        )
    return node.gate


def take(
    node: Node,
    *,
    enrolment: Json,
    entry: str,
    files: Sequence[Json],
    key: bytes,
    name: str,
    person: str = "",
) -> dict[str, Json]:
    """Take a submission in.

    Asked again with the same bytes, it answers as before and enters nothing.

    Args:
        node: This node, of the owner.
        enrolment: The document that the author carries, or null.
        entry: The file that runs.
        files: All files: `[{"bytes", "executable", "path"}]`.
        key: The key by which the other system knows the author, 32 bytes.
        name: What the author calls it.
        person: Who handed it in.

    Returns:
        `{"reason", "receipt", "rule", "status", "submission"}`; the status is
        `pending` or `refused`, later what became of it.

    Raises:
        StepNotAllowed: This node runs no such code.
        EncodingError: A body of another form.
        Conflict: The same bytes came from somebody else (submission.known), or
            too many wait for people (submission.waiting).
        NotPermitted: Too many refusals in a day: submission.rate.
        Unavailable: The ledger is away. Ask again.
    """
    need_gate(node)
    sent = Sent.read(files)
    submission = sent.digest
    kept = Kept(
        submission=submission,
        owner=node.agency,
        enrolment=_read(enrolment),
        key=key,
        entry=entry,
        name=gate_room.plain_name(name),
        at=node.clock(),
        tree=sent.tree,
    )
    with node.tasks.exclusive(gate_room.room_of(submission)):
        before = _before(node, kept)
        if before is None:
            _take(node, kept, sent, key)
            node.store.log_use(
                node.clock(),
                kept.grantee or "",
                "submission.take",
                person=person,
                dataset=kept.dataset,
                subject=submission,
            )
        else:
            gate_refuse.resume(node, before)
        answer = gate_room.answer_of(node, submission)
    return {
        "reason": None if answer is None else answer.reason,
        "receipt": None if answer is None else answer.receipt,
        "rule": None if answer is None else answer.rule,
        "status": "pending" if answer is None else answer.status,
        "submission": submission,
    }


def _read(enrolment: Json) -> Enrolment | None:
    """The document that an author carries; what is none names nobody."""
    try:
        return None if enrolment is None else Enrolment.from_json(enrolment)
    except PrivShareError:
        return None


def _before(node: Node, kept: Kept) -> Kept | None:
    """The same bytes, if they came before from the same author.

    Raises:
        Conflict: They came from another, or to be run otherwise.
    """
    if node.store.blob(gate_room.room_of(kept.submission), "kept") is None:
        return None
    found = gate_room.find(node, kept.submission)
    same = (kept.owner, kept.enrolment, kept.key, kept.entry)
    if (found.owner, found.enrolment, found.key, found.entry) != same:
        raise Conflict(
            "expected files of one's own, found those of another submission",
            fix="Change a file, such as by a comment, and submit again.",
            detail={"rule": "submission.known"},
        )
    return found


def _take(node: Node, kept: Kept, sent: Sent, key: bytes) -> None:
    """Judge it; keep it for people, or refuse it."""
    view = node.view()
    vouched = False
    named = header.Header()
    try:
        known = need_account(node, view, kept.enrolment)
        _need_key(known, key)
        vouched = True
        named = header.read(_entry(sent, kept.entry))
        named = replace(named, dataset=need_dataset(node, view, named.dataset))
        right = need_right(
            node, view, known, kept.submission, named.dataset or "", named.purpose
        )
    except PrivShareError as error:
        if "rule" not in error.detail:
            raise
        kept = _meant(kept, vouched, named.dataset, named.purpose)
        _count_refusal(node, kept.account or _NOBODY)
        gate_refuse.note(node, kept, str(error.detail["rule"]), error.message)
        _open_room(node, kept, None)
        gate_refuse.resume(node, kept)
        return
    kept = _meant(kept, vouched, right.dataset, right.purpose)
    _need_room(node, kept.account or "")
    node.store.drop_blobs(gate_room.room_of(kept.submission))  # a crash left it
    _open_room(node, kept, sent)
    gate_hand.hand_out(node, kept, right.rule.approvals)


def _meant(kept: Kept, vouched: bool, dataset: str | None, purpose: str | None) -> Kept:
    return replace(kept, vouched=vouched, dataset=dataset or "", purpose=purpose or "")


def _need_key(known: Enrolment, key: bytes) -> None:
    if known.key != key:
        raise NotPermitted(
            "expected the key that was enrolled for the account, found another",
            fix="The account's agency enrols it anew with its present key.",
            detail={"rule": "account.key"},
        )


def _entry(sent: Sent, entry: str) -> bytes:
    """The file that runs, once the whole submission is within the bounds."""
    found = sent.checked().contents.get(entry)
    if found is None or not entry.endswith(".py"):
        raise EncodingError(
            f"entry: expected a Python file of the submission, found "
            f"{identifier.shown(entry)}",
            fix="Submit a Python job: a file, or a folder with main.py.",
            detail={"rule": "run.entry"},
        )
    return found


def _open_room(node: Node, kept: Kept, sent: Sent | None) -> None:
    """Keep it; that it waits is noted first, so that nothing is forgotten."""
    wait = gate_room.wait_of(kept.submission)
    node.store.put_blob(wait, "account", (kept.account or _NOBODY).encode())
    gate_room.keep(node, kept, sent)


def _need_room(node: Node, account: str) -> None:
    found = [
        node.store.blob(gate_room.wait_of(one), "account")
        for one in gate_room.waiting(node)
    ]
    if len(found) >= _MAX_ROOMS or found.count(account.encode()) >= MAX_WAITING:
        raise Conflict(
            f"expected at most {MAX_WAITING} submissions of an account, and "
            f"{_MAX_ROOMS} in all, that wait, found more",
            fix="Wait until people have decided on the others.",
            detail={"rule": "submission.waiting"},
        )


def _count_refusal(node: Node, bucket: str) -> None:
    """Note that a refusal is about to be entered.

    Raises:
        NotPermitted: There were as many in a day as may be: submission.rate.
    """
    room = _COUNT + bucket
    with node.tasks.exclusive(room):
        now = node.clock()
        data = node.store.blob(room, "times")
        times = [] if data is None else decode(data)
        recent: list[Json] = [
            one
            for one in (times if isinstance(times, list) else [])
            if isinstance(one, int) and one > now - _DAY_S
        ]
        if len(recent) >= MAX_REFUSALS:
            raise NotPermitted(
                f"expected at most {MAX_REFUSALS} refusals a day, found more",
                fix="Put right what was refused, and submit again tomorrow.",
                detail={"rule": "submission.rate"},
            )
        node.store.put_blob(room, "times", encode([*recent, now]))
