"""Reading state and log entries, and remembering what was read.

Whoever assembles a receipt and whoever verifies it walk the same way from the
subject to everything it rests on (`requirement`). What lay on that way is what
the receipt must hold.

    node      Trail(ledger's view and entries) ─► walk ─► keys, indices: to prove
    auditor   Trail(the receipt's own parts)   ─► walk ─► must be all of them
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from privshare.ledger import query
from privshare.ledger.query import Reader
from privshare.ledger.rules import parse_body
from privshare.ledger.state_map import Value
from privshare.ledger.transaction import Transaction, parse
from privshare.wire.envelope import Envelope

__all__ = ["Trail"]


class Trail:
    """Reads state and log entries, and remembers what was read.

    Args:
        state: Where values come from.
        entry: The bytes of a log entry; raises where there is none.

    Attributes:
        keys: State keys read so far.
        indices: Log indexes of transactions read so far.
    """

    def __init__(self, state: Reader, entry: Callable[[int], bytes]) -> None:
        self._state = state
        self._entry = entry
        self._parsed: dict[int, Transaction] = {}
        self.keys: set[str] = set()
        self.indices: set[int] = set()

    def get(self, key: str) -> Value | None:
        """The value under a key, or None."""
        self.keys.add(key)
        return self._state.get(key)

    def transaction(self, index: int) -> Transaction:
        """The transaction at an index; its signers come onto the trail, too.

        Raises:
            EncodingError: The entry is no transaction.
            NotFound: No such entry, or a signer that the state does not hold.
        """
        found = self._parsed.get(index)
        if found is None:
            found = parse(self._entry(index))
            self._parsed[index] = found
            self.indices.add(index)
            self.signers(found.account, found.envelope)
        return found

    def statement(self, index: int) -> Any:
        """What the transaction at an index says, by the rule of its kind."""
        return parse_body(self.transaction(index))

    def signers(self, agency: str, envelope: Envelope) -> None:
        """Put an agency, and its keys under an envelope, onto the trail.

        Raises:
            NotFound: The state holds no such agency or key.
        """
        query.agency(self, agency)
        for signature in envelope.signatures:
            query.key(self, agency, signature.keyid)
