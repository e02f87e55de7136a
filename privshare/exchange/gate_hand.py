"""Handing a submission to the agencies whose approval its gate asks for.

    owner     hand_out ─► whole submission ─► take_handed     at each approver
    approver  looks at the files, decides ─► submission.decide in the log

An approver compares with its own copy of the ledger: who enrolled the account,
and that the published gate asks for it. It believes nobody about the digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from privshare.errors import (
    Conflict,
    NotFound,
    NotPermitted,
    PrivShareError,
)
from privshare.exchange import gate_mock, gate_room
from privshare.exchange.gate_check import need_account
from privshare.exchange.gate_room import Kept, Sent
from privshare.exchange.node import Node
from privshare.jobs.submission.account import Enrolment
from privshare.rights import identifier
from privshare.wire.canonical import Fields, Json

__all__ = ["MAX_ASKED", "hand_out", "take_handed"]

#: Submissions of one owner that wait for this agency's decision.
MAX_ASKED: Final = 64
_HAND_S: Final = 10.0
_AGAIN_S: Final = 60
_ASKED: Final = "asked:"


def hand_out(node: Node, kept: Kept, approvals: Sequence[str]) -> bool:
    """Hand a submission to approvers that have not got it; whether all have.

    One that does not take it is asked again a minute later.
    """
    wait, done = gate_room.wait_of(kept.submission), True
    for agency in approvals:
        if agency == node.agency or _is_handed(node, wait, agency):
            continue
        if not _due(node, wait, agency):
            done = False
            continue
        sent = gate_room.files_of(node, kept.submission)
        if sent is None or kept.enrolment is None:
            return False
        body: dict[str, Json] = {
            "dataset": kept.dataset,
            "enrolment": kept.enrolment.to_json(),
            "entry": kept.entry,
            "files": sent.to_json(),
            "name": kept.name,
            "purpose": kept.purpose,
        }
        try:
            node.peers.call(
                agency, "POST", "/v1/peer/submissions", body, timeout_s=_HAND_S
            )
        except PrivShareError:
            node.store.put_blob(wait, f"tried:{agency}", b"%d" % node.clock())
            done = False
            continue
        node.store.put_blob(wait, f"handed:{agency}", b"1")
    return done


def _is_handed(node: Node, wait: str, agency: str) -> bool:
    return node.store.blob(wait, f"handed:{agency}") is not None


def _due(node: Node, wait: str, agency: str) -> bool:
    tried = node.store.blob(wait, f"tried:{agency}")
    return tried is None or node.clock() >= int(tried) + _AGAIN_S


def take_handed(node: Node, caller: str, body: Json) -> dict[str, Json]:
    """Keep a submission that an owner asks this agency to approve.

    Args:
        node: This node, of an approver.
        caller: The agency that signed the HTTP request.
        body: `{"dataset", "enrolment", "entry", "files", "name", "purpose"}`.

    Raises:
        NotPermitted: Not the caller's dataset, or its gate does not ask for us:
            rule submission.party; or an account that nobody vouches for.
        OutOfRange: No submission: rules submission.*.
        Conflict: Too many of this owner wait for us.
    """
    fields = Fields(body, "body")
    dataset = identifier.DATASET.check(fields.str("dataset"), "body.dataset")
    purpose = identifier.PURPOSE.check(fields.str("purpose"), "body.purpose")
    enrolment = Enrolment.from_json(fields.json("enrolment"))
    entry, name = fields.str("entry"), fields.str("name")
    sent = Sent.read(fields.list("files"))
    fields.end()
    _need_asked(node, caller, dataset)
    need_account(node, node.view(), enrolment)
    if entry not in sent.checked().contents:
        raise NotFound("expected an entry among the files, found none")
    submission = sent.digest
    room = gate_room.room_of(submission)
    with node.tasks.exclusive(room):
        if node.store.blob(room, "kept") is None:
            wait = gate_room.wait_of(submission)
            _need_place(node, caller)
            node.store.put_blob(wait, "account", (_ASKED + caller).encode())
            kept = Kept(
                submission=submission,
                owner=caller,
                enrolment=enrolment,
                key=enrolment.key,
                entry=entry,
                name=gate_room.plain_name(name),
                dataset=dataset,
                purpose=purpose,
                at=node.clock(),
                tree=sent.tree,
                vouched=True,
            )
            gate_room.keep(node, kept, sent)
        elif gate_room.find(node, submission).owner != caller:
            raise Conflict(
                "expected a submission that nobody else hands out, found one of "
                "another owner",
                detail={"rule": "submission.known"},
            )
    return {"submission": submission}


def _need_asked(node: Node, caller: str, dataset: str) -> None:
    """Whether the gate of a dataset asks for this agency's approval."""
    if identifier.owner_of(dataset) != caller:
        raise NotPermitted(
            f"expected a dataset of {caller}, found {dataset}",
            detail={"rule": "submission.party"},
        )
    if node.agency not in gate_mock.show(node, dataset).gate.approvals:
        raise NotPermitted(
            f"expected a gate that asks {node.agency} to approve, found one that "
            "does not",
            detail={"rule": "submission.party"},
        )


def _need_place(node: Node, caller: str) -> None:
    asked = (_ASKED + caller).encode()
    found = [
        node.store.blob(gate_room.wait_of(one), "account")
        for one in gate_room.waiting(node)
    ]
    if found.count(asked) >= MAX_ASKED:
        raise Conflict(
            f"expected at most {MAX_ASKED} submissions of {caller} that wait here, "
            "found more",
            detail={"rule": "submission.waiting"},
        )
