"""Rules for privacy accounts: `privacy.account` and `privacy.apart`.

Both are the owner's: how much may be learnt of a dataset, and which two sets of
its rows are far enough apart for exact answers about both. What uses take of an
account is `privacy_account`, called where uses are reserved and ended.

Implements docs/protocols/privacy.md and docs/formats/entry.md, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from privshare.errors import EncodingError, OutOfRange
from privshare.ledger import privacy_account
from privshare.ledger.privacy_account import Account, apart_key
from privshare.ledger.rule import Context
from privshare.ledger.rules_dataset import need_owner, registered
from privshare.rights import identifier
from privshare.wire.canonical import INTEGER_LIMIT, Fields, b64u

_MOST = INTEGER_LIMIT - 1


def _read_dataset(fields: Fields) -> str:
    return identifier.DATASET.check(fields.str("dataset"), "body.dataset")


@dataclass(frozen=True, slots=True)
class PrivacyAccount:
    """The owner opens an account, or says anew how much it holds."""

    budget: int
    dataset: str

    @classmethod
    def parse(cls, fields: Fields) -> PrivacyAccount:
        """Read the body."""
        return cls(fields.int("budget", 0, _MOST), _read_dataset(fields))

    def apply(self, context: Context) -> None:
        """Set the budget; not below what is spent and held already."""
        need_owner(context, self.dataset)
        registered(context, self.dataset)
        index = context.index
        held = privacy_account.find(context, self.dataset)
        account = held or Account(0, 0, 0, at=index, changed=index)
        least = account.spent + account.held
        if self.budget < least:
            raise OutOfRange(
                f"body.budget: expected {least} micro-rho or more, which is spent or "
                f"held, found {self.budget}"
            )
        changed = replace(account, budget=self.budget, changed=index)
        privacy_account.write(context, self.dataset, changed)


@dataclass(frozen=True, slots=True)
class PrivacyApart:
    """The owner says how many rows lie between two sets of rows.

    Fewer than none lie between a set and itself; the number counts the smaller
    of the two differences that are not empty.
    """

    dataset: str
    first: str
    rows: int
    second: str

    @classmethod
    def parse(cls, fields: Fields) -> PrivacyApart:
        """Read the body."""
        made = cls(
            _read_dataset(fields),
            b64u(fields.digest("first")),
            fields.int("rows", 1, 1 << 40),
            b64u(fields.digest("second")),
        )
        if made.first == made.second:
            raise EncodingError("body.second: expected another set, found the first")
        return made

    def apply(self, context: Context) -> None:
        """Note it; said again, the newest word counts."""
        need_owner(context, self.dataset)
        registered(context, self.dataset)
        key = apart_key(self.dataset, self.first, self.second)
        context.draft.put(key, {"at": context.index, "rows": self.rows})
