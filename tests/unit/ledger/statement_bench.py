"""A bench with rings: short verbs to register one, to say something, to open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger_kit import NETWORK, Bench
from statement_kit import joined, members, ring_key

from privshare.ledger import query
from privshare.ledger.ring import RingEpoch, keys_of, regulators_of
from privshare.ledger.ring_statement import (
    Place,
    SignedStatement,
    opening_context,
    sign,
    statement_id,
)
from privshare.schemes import escrow as escrows
from privshare.schemes.ring_key import RingKey
from privshare.schemes.ring_signature import RingSignature
from privshare.wire.canonical import b64u, unb64u

RING = "housing/officials"
REGULATORS = ("housing", "labour", "taxes")


class RingBench(Bench):
    """Taxes, housing and labour, each with a key that opens; rings of housing."""

    def __init__(self) -> None:
        super().__init__()
        self.admit_all()
        for agency in REGULATORS:
            self.give_key(agency)

    def give_key(self, agency: str, name: str = "open") -> str:
        """An agency gets a key with use `open`; its id."""
        public = ring_key(f"{agency}/{name}").public
        add = [{"alg": "ristretto255", "pub": b64u(public), "use": "open"}]
        self.rotate(agency, add=add)
        return ring_key(f"{agency}/{name}").kid

    def rotate(self, agency: str, **changes: Any) -> str:
        """Add or retire keys."""
        body = {"add": [], "retire": [], "url": None} | changes
        return self.do(self.scribe.tx("key.rotate", agency, body))

    @staticmethod
    def regulators(*agencies: str, threshold: int = 2) -> dict[str, Any]:
        """Who opens, as bodies have it."""
        keys = [
            {"agency": one, "kid": ring_key(f"{one}/open").kid}
            for one in agencies or REGULATORS
        ]
        return {"keys": keys, "threshold": threshold}

    @staticmethod
    def body(
        keys: Sequence[RingKey], /, epoch: int = 1, **changes: Any
    ) -> dict[str, Any]:
        """A body of `ring.register`."""
        fields = {
            "epoch": epoch,
            "keys": b64u(joined(keys)),
            "more": False,
            "regulators": None,
            "repeat": "link",
            "ring": RING,
        }
        return fields | changes

    def register(self, count: int = 4, **changes: Any) -> list[RingKey]:
        """Housing registers so many keys; the keys."""
        keys = members(count)
        self.do(self.scribe.tx("ring.register", "housing", self.body(keys, **changes)))
        return keys

    def extend(
        self, keys: Sequence[RingKey], account: str = "housing", **changes: Any
    ) -> None:
        """The next page."""
        fields = {"epoch": 1, "keys": b64u(joined(keys)), "more": False, "ring": RING}
        self.do(self.scribe.tx("ring.extend", account, fields | changes))

    def epoch(self, epoch: int = 1) -> RingEpoch:
        """What the state holds of an epoch."""
        return query.ring_epoch(self.machine.state, RING, epoch)

    def signed(
        self,
        key: RingKey,
        message: bytes = b"A report.",
        *,
        epoch: int = 1,
        scope: str = "reports 2026",
        salt: bytes = bytes(32),
    ) -> SignedStatement:
        """What a member signs for an epoch as the state has it."""
        held = self.epoch(epoch)
        state = self.machine.state
        return sign(
            message,
            Place(NETWORK, RING, epoch, scope),
            keys_of(state, held),
            key,
            regulators_of(state, held),
            salt=salt,
        )

    def hand_in(self, statement: SignedStatement, account: str = "taxes") -> str:
        """An agency relays it; the statement's id."""
        self.do(self.scribe.tx("statement.ring", account, statement.body()))
        return name_of(statement)

    def say(self, key: RingKey, message: bytes = b"A report.", **changes: Any) -> str:
        """A member says something; the statement's id."""
        return self.hand_in(self.signed(key, message, **changes))

    def part(
        self, statement: str, agency: str, reason: str = "A court asked."
    ) -> dict[str, Any]:
        """A regulator's part, as a body of `reg.open`."""
        state = self.machine.state
        made = query.statement(state, statement)
        assert made.escrow is not None
        regulators = regulators_of(state, self.epoch(made.epoch))
        assert regulators is not None
        part = escrows.partial_opening(
            escrows.Escrow.from_bytes(unb64u(made.escrow)),
            regulators,
            ring_key(f"{agency}/open"),
            opening_context(NETWORK, statement, agency, reason),
        )
        return {"opening": b64u(part), "reason": reason, "statement": statement}

    def open_by(self, statement: str, agency: str) -> None:
        """A regulator opens."""
        self.do(self.scribe.tx("reg.open", agency, self.part(statement, agency)))


def name_of(statement: SignedStatement) -> str:
    """A statement's id."""
    tag = RingSignature.from_bytes(statement.signature).tag
    return statement_id(statement.place, tag, statement.digest)


__all__ = ["REGULATORS", "RING", "RingBench", "name_of"]
