"""What a node does by itself, now and then: answer, file, tidy.

    services/node  start ─► recover(node) once, then node_tick(node) each second

A tick looks at the ledger again only when it has grown. Nothing here is lost
by a missed tick: what it does follows from the ledger and the storage, not
from what was seen going by.
"""

from __future__ import annotations

from privshare.errors import PrivShareError
from privshare.exchange import (
    dataset,
    drawer,
    gate_admit,
    gate_decide,
    gate_run,
    grant,
    party,
    survey_close,
)
from privshare.exchange.node import Node
from privshare.ledger import query

__all__ = ["node_tick", "recover"]

_SEEN = "tick.size"

#: A use that its owner has left alone for this long is given back.
_USE_TIMEOUT_S = 86_400


def recover(node: Node) -> None:
    """Finish what a crash interrupted; once, before anything else runs."""
    dataset.recover(node)
    node.store.put_setting(_SEEN, "")


def node_tick(node: Node) -> list[PrivShareError]:
    """One round of upkeep.

    * Requests for data of ours are answered where a policy can.
    * Receipts whose witnesses were late are filed.
    * Uses of ours that nobody settled in time are released.
    * What ended jobs have left here is dropped.
    * Surveys go on: handed out, aggregated, closed and collected when it is time.
    * Submissions go on: handed to approvers; runs that a crash ended are answered.

    Returns:
        What went wrong; the next tick tries it again.
    """
    wrong: list[PrivShareError] = []
    size = str(node.view().size)
    grown = _grown(node, size)
    for work in (_answer, _release, _forget) if grown else ():
        try:
            work(node)
        except PrivShareError as error:
            wrong.append(error)
    if not wrong:
        node.store.put_setting(_SEEN, size)
    drawer.tidy(node)
    wrong += survey_close.tick(node)
    wrong += gate_decide.tick(node, grown=grown)
    return wrong + gate_run.tick(node) + gate_admit.tick(node)


def _grown(node: Node, size: str) -> bool:
    return node.store.setting(_SEEN) != size


def _answer(node: Node) -> None:
    grant.consider_all(node)


def _forget(node: Node) -> None:
    party.forget(node)


def _release(node: Node) -> None:
    """Give back uses of ours whose owner never answered."""
    view = node.view()
    for use_id, use in query.uses(view).items():
        late = node.clock() > use.time + _USE_TIMEOUT_S
        if use.status != "reserved" or "." in use_id or not late:
            continue
        if query.grant(view, use.grant).terms.grantee == node.agency:
            node.submit(
                "use.release", {"reason": "the owner did not answer", "use": use_id}
            )
