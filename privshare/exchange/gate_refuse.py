"""Refusing a submission for good: its rule and reason in the log, its receipt.

refuse ─► noted ─► submission.decide ─► receipt ─► Answer
            └─ crash ─► resume, at the next question or tick ──┘
"""

from __future__ import annotations

from privshare.errors import PrivShareError, StepNotAllowed, Unavailable
from privshare.exchange import drawer, gate_room
from privshare.exchange.gate_room import Answer, Kept
from privshare.exchange.gate_say import Said, say
from privshare.exchange.node import Node, one_line
from privshare.wire.canonical import Fields, Json, decode, encode

__all__ = ["decision", "file_decision", "note", "refuse", "resume"]


def decision(
    kept: Kept,
    what: str,
    *,
    gate: str | None = None,
    reason: str = "approved",
    rule: str | None = None,
) -> dict[str, Json]:
    """The body of `submission.decide`; `gate` is of an approval."""
    return {
        "account": kept.account,
        "dataset": kept.dataset or None,
        "decision": what,
        "gate": gate,
        "grantee": kept.grantee,
        "purpose": kept.purpose or None,
        "reason": reason,
        "rule": rule,
        "submission": kept.submission,
    }


def file_decision(node: Node, kept: Kept, said: Said) -> str:
    """File the receipt of a decision of ours; its id."""
    return drawer.file_at(
        node,
        "submission.decide",
        said.id,
        said.index,
        kept.submission,
        evidence=kept.documents,
    )


def refuse(
    node: Node, kept: Kept, rule: str | None, reason: str, *, person: str = ""
) -> Answer:
    """Refuse a submission for good, as its owner. The caller holds its room.

    Args:
        node: This node.
        kept: The submission.
        rule: Which rule refuses it; None: a person does.
        reason: In words.
        person: Who refused it.

    Raises:
        Unavailable: The ledger is away; the next question or the tick goes on.
    """
    note(node, kept, rule, reason, person=person)
    found = resume(node, kept)
    if found is None:
        raise StepNotAllowed("expected a refusal that is under way, found none")
    return found


def note(
    node: Node, kept: Kept, rule: str | None, reason: str, *, person: str = ""
) -> None:
    """Note a refusal that `resume` then goes on with; the first one stands."""
    room = gate_room.room_of(kept.submission)
    noted: dict[str, Json] = {
        "person": person,
        "reason": one_line(reason) or "refused",
        "rule": rule,
    }
    if node.store.blob(room, "refusing") is None:
        node.store.put_blob(room, "refusing", encode(noted))


def resume(node: Node, kept: Kept) -> Answer | None:
    """Go on with a refusal that was begun; None if there is none.

    What the ledger does not take is refused all the same, without a receipt.
    """
    found = gate_room.answer_of(node, kept.submission)
    room = gate_room.room_of(kept.submission)
    data = node.store.blob(room, "refusing")
    if found is not None or data is None:
        return found
    fields = Fields(decode(data), "refusing")
    rule = fields.nullable("rule", fields.str)
    reason = fields.str("reason")
    person = fields.str("person")
    fields.end()
    body = decision(kept, "refuse", reason=reason, rule=rule)
    receipt: str | None = None
    try:
        said = say(node, room, "tx:refuse", "submission.decide", body)
    except Unavailable:
        raise
    except PrivShareError:
        pass
    else:
        receipt = file_decision(node, kept, said)
    node.store.log_use(
        node.clock(),
        kept.grantee or "",
        "submission.refuse",
        person=person,
        dataset=kept.dataset,
        subject=kept.submission,
        outcome=rule or "refused",
    )
    answer = Answer(status="refused", rule=rule, reason=reason, receipt=receipt)
    gate_room.keep_answer(node, kept.submission, answer)
    return answer
