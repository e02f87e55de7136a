"""Rings on the network of the journeys: register one, say something, name a signer.

`network.Network` calls these; they are here because it is long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statement_kit import joined, members, ring_key

from privshare.ledger import query
from privshare.ledger.api import Committed
from privshare.ledger.ring import keys_of, regulators_of
from privshare.ledger.ring_statement import (
    Place,
    SignedStatement,
    opening_context,
    sign,
    statement_id,
)
from privshare.schemes import escrow as escrows
from privshare.schemes.ring_signature import RingSignature
from privshare.wire.canonical import b64u, unb64u

if TYPE_CHECKING:
    from network import Network

RING = "housing/officials"
SCOPE = "complaints 2026"
REGULATORS = ("housing", "tax", "title")
MESSAGE = b"The survey of parcel p-007 was never made.\n"
REASON = "Ordered by the court, case 41/2026."

#: The keys of the ring; in two pages, so that receipts hold both.
MEMBERS = members(9)


def register(network: Network) -> None:
    """Housing's ring, with two of three regulators; once."""
    if query.ring(network.ledger.view(), RING).newest:
        return
    keys = [
        {"agency": agency, "kid": ring_key(f"{agency}/open").kid}
        for agency in REGULATORS
    ]
    body = {
        "epoch": 1,
        "keys": b64u(joined(MEMBERS[:5])),
        "more": True,
        "regulators": {"keys": keys, "threshold": 2},
        "repeat": "link",
        "ring": RING,
    }
    network.submit("ring.register", "housing", body)
    rest = {"epoch": 1, "keys": b64u(joined(MEMBERS[5:])), "more": False, "ring": RING}
    network.submit("ring.extend", "housing", rest)


def signed(
    network: Network, member: int = 4, message: bytes = MESSAGE, scope: str = SCOPE
) -> SignedStatement:
    """What a member signs."""
    register(network)
    view = network.ledger.view()
    held = query.ring_epoch(view, RING, 1)
    return sign(
        message,
        Place(network.ledger.genesis.network, RING, 1, scope),
        keys_of(view, held),
        MEMBERS[member],
        regulators_of(view, held),
    )


def say(
    network: Network, member: int = 4, message: bytes = MESSAGE, scope: str = SCOPE
) -> tuple[str, SignedStatement, Committed]:
    """Tax hands in what a member signed; the statement's id."""
    made = signed(network, member, message, scope)
    at = network.submit("statement.ring", "tax", made.body())
    tag = RingSignature.from_bytes(made.signature).tag
    return statement_id(made.place, tag, made.digest), made, at


def open_by(network: Network, statement: str, agency: str) -> Committed:
    """A regulator gives its part."""
    view = network.ledger.view()
    made = query.statement(view, statement)
    regulators = regulators_of(view, query.ring_epoch(view, made.ring, made.epoch))
    assert regulators is not None and made.escrow is not None
    part = escrows.partial_opening(
        escrows.Escrow.from_bytes(unb64u(made.escrow)),
        regulators,
        ring_key(f"{agency}/open"),
        opening_context(network.ledger.genesis.network, statement, agency, REASON),
    )
    body = {"opening": b64u(part), "reason": REASON, "statement": statement}
    return network.submit("reg.open", agency, body)
