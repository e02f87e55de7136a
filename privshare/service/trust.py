"""The quorum that a node's receipts must carry, as the ledger has it now.

Members come and go; a node that was started before the first of them was
admitted must ask for their cosignatures all the same.
"""

from __future__ import annotations

from privshare.ledger.api import Ledger
from privshare.ledger.trust import trust_policy
from privshare.log.policy import TrustPolicy, Verified, parse_policy


class LivePolicy(TrustPolicy):
    """A majority of the present members; see `ledger.trust.trust_policy`.

    Args:
        ledger: Whose members.
    """

    _ledger: Ledger
    _cached: tuple[str, TrustPolicy]

    def __init__(self, ledger: Ledger) -> None:
        text, policy = _now(ledger)
        super().__init__(policy.logs, policy.witnesses, policy.groups, policy.quorum)
        object.__setattr__(self, "_ledger", ledger)
        object.__setattr__(self, "_cached", (text, policy))

    def check(self, data: bytes, *, strict: bool = False) -> Verified:
        """Check a checkpoint against the members of this moment."""
        text = trust_policy(self._ledger.genesis, self._ledger.view(), None)
        if text != self._cached[0]:
            policy = parse_policy(text.encode("utf-8"))
            object.__setattr__(self, "_cached", (text, policy))
        return self._cached[1].check(data, strict=strict)


def _now(ledger: Ledger) -> tuple[str, TrustPolicy]:
    text = trust_policy(ledger.genesis, ledger.view(), None)
    return text, parse_policy(text.encode("utf-8"))
