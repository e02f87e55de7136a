"""Entering a transaction once, whatever happens to the process meanwhile.

    say ─► signed and kept ─► sent ─► Said, fresh
             └─ crash ─► say again ─► the same bytes ─► Said, not fresh

What is kept is the signed transaction itself. Sent a second time it is the same
entry, and the ledger says where that stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from privshare.errors import Conflict, OutOfRange, PrivShareError, Unavailable
from privshare.exchange.node import Node
from privshare.ledger.transaction import parse
from privshare.wire.canonical import Json

__all__ = ["Said", "say"]

_LOOK_S = 2.0


@dataclass(frozen=True, slots=True)
class Said:
    """A transaction that is in the log.

    Attributes:
        id: Its id.
        index: Its log index.
        fresh: Whether it was this call that entered it. False where an
            earlier one did, or where nobody can tell.
    """

    id: str
    index: int
    fresh: bool


def say(node: Node, room: str, name: str, kind: str, body: Mapping[str, Json]) -> Said:
    """Enter a transaction, once for a room and a name.

    The caller lets one thread at a time in.

    Args:
        node: This node.
        room: Where the signed transaction is kept.
        name: Under which name; no other name begins with it.
        kind: A row of the ledger's rules.
        body: Its fields; those of the first call count.

    Raises:
        Unavailable: The ledger is away; it may have taken it. Call again.
        PrivShareError: What its rules refuse; the next call signs anew.
    """
    data = node.store.blob(room, name)
    if data is None:
        data = _prepared(node, room, name, kind, body)
    known = _known(node, data)
    if known is not None:
        return known
    try:
        return _sent(node, data)
    except OutOfRange as error:
        if error.detail.get("field") != "tx.not_after":
            node.store.drop_blobs(room, name)
            raise
    except Unavailable:
        raise
    except PrivShareError:
        node.store.drop_blobs(room, name)
        raise
    # It waited too long. No block can hold it any more, so once our copy has
    # caught up it is there or it never will be.
    _look(node)
    known = _known(node, data)
    if known is not None:
        return known
    return _sent(node, _prepared(node, room, name, kind, body))


def _prepared(
    node: Node, room: str, name: str, kind: str, body: Mapping[str, Json]
) -> bytes:
    data = node.prepare(kind, body)
    node.store.put_blob(room, name, data)
    return data


def _known(node: Node, data: bytes) -> Said | None:
    tx_id = parse(data).id
    index = node.ledger.find(tx_id)
    return None if index is None else Said(tx_id, index, fresh=False)


def _sent(node: Node, data: bytes) -> Said:
    try:
        done = node.send(data)
    except Conflict as known:
        index = known.detail.get("index")
        if known.detail.get("id") != parse(data).id or not isinstance(index, int):
            raise
        node.ledger.sync(index, timeout_s=node.commit_timeout_s)
        return Said(parse(data).id, index, fresh=False)
    return Said(done.id, done.index, fresh=True)


def _look(node: Node) -> None:
    """Let our copy of the ledger catch up with the host's."""
    try:
        node.ledger.sync(node.view().size, timeout_s=_LOOK_S)
    except (OutOfRange, Unavailable):
        return  # nothing newer
