"""The quorum that a node's receipts must carry, as the ledger has it now.

Members come and go; a node that was started before the first of them was
admitted must ask for their cosignatures all the same.
"""

from __future__ import annotations

from privshare.ledger.api import Ledger
from privshare.ledger.trust import trust_policy
from privshare.log.policy import TrustPolicy, parse_policy


class MembersPolicy:
    """A majority of the present members; see `ledger.trust.trust_policy`.

    Args:
        ledger: Whose members.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._made: tuple[str, TrustPolicy] | None = None

    def now(self) -> TrustPolicy:
        """The policy at this moment; parsed again only when members changed."""
        text = trust_policy(self._ledger.genesis, self._ledger.view(), None)
        made = self._made
        if made is None or made[0] != text:
            made = (text, parse_policy(text.encode("utf-8")))
            self._made = made
        return made[1]
