"""Rings and statements as a node shows them, from its own copy of the ledger.

ledger's state ─► rings, ring, statements, statement ─► JSON
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.errors import EncodingError, NotFound
from privshare.exchange.node import Node
from privshare.exchange.ring import tx_id
from privshare.ledger import query
from privshare.ledger.api import View
from privshare.ledger.ring import RingEpoch, Statement, keys_of, regulators_of
from privshare.wire.canonical import Json, b64u

__all__ = ["Looked", "ring", "rings", "shown", "statement", "statements"]

#: Statements that one search reads: anybody may ask.
MAX_LOOKED = 1_000

_STATEMENT = "statement/"


def rings(node: Node) -> list[dict[str, Json]]:
    """All rings, each with the list that is in force."""
    view = node.view()
    return [_ring(node, view, name) for name in query.rings(view)]


def ring(node: Node, name: str) -> dict[str, Json]:
    """A ring with the keys of the list that is in force.

    Raises:
        NotFound: There is none of that name.
    """
    view = node.view()
    if not query.ring(view, name).newest:
        raise NotFound(f"expected a ring, found none of the name {name}")
    found = _ring(node, view, name)
    epoch = found["epoch"]
    keys: list[Json] = []
    if isinstance(epoch, int):
        held = query.ring_epoch(view, name, epoch)
        keys = [b64u(key) for key in keys_of(view, held).keys]
    return found | {"keys": keys}


@dataclass(frozen=True, slots=True)
class Looked:
    """Statements by id, the newest first.

    Attributes:
        found: As many as were asked for and one more, if there is one.
        last: The last that was looked at, where the search was not finished.
    """

    found: list[tuple[str, Statement]]
    last: tuple[str, Statement] | None = None


def statements(
    view: View, most: int, *, ring: str = "", scope: str = "", after: str = ""
) -> Looked:
    """Look for statements, through `MAX_LOOKED` of them at most.

    Args:
        view: The ledger's state.
        most: How many are wanted.
        ring: Of this ring; of any without.
        scope: In this scope; in any without.
        after: Begin behind the statement of this id.

    Raises:
        EncodingError: There is none of that id.
    """
    behind = f"{_STATEMENT}{after}" if after else ""
    if behind and view.get(behind) is None:
        raise EncodingError("expected a cursor of this list, found another")
    found: list[tuple[str, Statement]] = []
    listed = view.items(_STATEMENT, newest_first=True, after=behind)
    for looked, (key, value) in enumerate(listed, start=1):
        one = key.removeprefix(_STATEMENT), Statement.from_json(value)
        if ring in ("", one[1].ring) and scope in ("", one[1].scope):
            found.append(one)
        if len(found) > most:
            break
        if looked == MAX_LOOKED:
            return Looked(found, one)
    return Looked(found)


def statement(node: Node, statement_id: str) -> dict[str, Json]:
    """What the ledger says about a statement.

    Raises:
        NotFound: There is none of that id.
    """
    view = node.view()
    return shown(node, view, statement_id, query.statement(view, statement_id))


def _ring(node: Node, view: View, name: str) -> dict[str, Json]:
    head = query.ring(view, name)
    held = query.ring_epoch(view, name, head.active or head.newest)
    return {
        "digest": held.digest,
        "epoch": head.active,
        "network": node.network,
        "regulators": _openers(view, held),
        "repeat": held.repeat,
        "ring": name,
        "size": held.size,
        "status": held.status,
    }


def _openers(view: View, held: RingEpoch) -> Json:
    regulators = regulators_of(view, held)
    if regulators is None or held.regulators is None:
        return None
    keys: list[Json] = [
        {"agency": one.agency, "kid": one.kid, "pub": b64u(public)}
        for one, public in zip(held.regulators.keys, regulators.keys, strict=True)
    ]
    return {"keys": keys, "threshold": regulators.threshold}


def shown(node: Node, view: View, name: str, made: Statement) -> dict[str, Json]:
    """What the ledger says about a statement of this id."""
    opening = query.opening(view, name)
    named: Json = None
    if opening is not None:
        held = query.ring_epoch(view, made.ring, made.epoch)
        threshold = held.regulators.threshold if held.regulators else 0
        given: list[Json] = [
            {"agency": one.agency, "at": one.at} for one in opening.partials
        ]
        named = {
            "member": opening.member,
            "missing": max(0, threshold - len(given)),
            "opened": opening.opened,
            "partials": given,
        }
    return {
        "account": made.account,
        "at": made.at,
        "digest": made.digest,
        "epoch": made.epoch,
        "id": name,
        "number": made.number,
        "opening": named,
        "ring": made.ring,
        "scope": made.scope,
        "tag": made.tag,
        "tx": tx_id(node, made.at),
    }
