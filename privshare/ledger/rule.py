"""What every rule is, and what it may touch.

A rule turns the body of one kind of transaction into a statement (`parse`) and
says what the statement does to the state (`apply`). It sees the state through
a `Draft`, which keeps its writes aside: a rule that raises leaves no trace.

    machine.check   body ─► Rule.parse ─► statement
    machine.apply   statement.apply(context) ─► Draft ─► StateMap

A rule knows the transaction's account and place in the log and the block's
time, and nothing else: no clock, no randomness, no float, no set order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

from privshare.errors import NotPermitted
from privshare.ledger.genesis import Genesis
from privshare.ledger.state_map import StateMap, Value
from privshare.wire.canonical import Fields, encode


class Draft:
    """Writes of one transaction, on top of the state and not yet in it."""

    __slots__ = ("_base", "_writes")

    def __init__(self, base: StateMap) -> None:
        self._base = base
        self._writes: dict[str, Value] = {}

    def get(self, key: str) -> Value | None:
        """What the state will hold if this draft is kept."""
        if key in self._writes:
            return self._writes[key]
        return self._base.get(key)

    def items(self, prefix: str) -> list[tuple[str, Value]]:
        """Everything under a prefix, as this draft would leave it."""
        found = {key: self._writes.get(key, v) for key, v in self._base.items(prefix)}
        new = {k: v for k, v in self._writes.items() if k.startswith(prefix)}
        return list((found | new).items())

    def put(self, key: str, value: Value) -> None:
        """Write a value; the state itself stays as it is."""
        self._writes[key] = value

    def keep(self) -> dict[str, Value]:
        """Move the writes into the state, and say what they were."""
        encoded = {key: encode(value) for key, value in self._writes.items()}
        for key, data in encoded.items():  # from here on nothing can fail
            self._base.put_data(key, data)
        return self._writes


class Family(Protocol):
    """Looks up the grants below a grant."""

    def __call__(self, grant: str) -> list[str]:
        """Ids of all descendants of a grant, parents before children."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Where a transaction stands while its rule is applied.

    Attributes:
        genesis: The network.
        draft: The state with this transaction's writes.
        account: The agency that signed.
        signers: Ids of the keys whose signatures were verified.
        tx_id: The transaction's id.
        index: Its log index.
        time: Its block's time, Unix seconds.
        descendants: Looks up the grants below a grant.
    """

    genesis: Genesis
    draft: Draft
    account: str
    signers: frozenset[str]
    tx_id: str
    index: int
    time: int
    descendants: Family


class Rule(Protocol):
    """The statement that one kind of transaction carries."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read the body; the caller closes the fields.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        ...

    def apply(self, context: Context) -> None:
        """Write what the statement does into the draft, or raise.

        Raises:
            NotPermitted: The account may not do this.
            Conflict: Somebody else was first.
            StepNotAllowed: The state has no such transition.
            NotFound: What the statement names does not exist.
        """
        ...


def need(holds: bool, rule: str, message: str) -> None:
    """Refuse what the account may not do.

    Raises:
        NotPermitted: `holds` is false; `detail["rule"]` is `rule`.
    """
    if not holds:
        raise NotPermitted(message, detail={"rule": rule})
