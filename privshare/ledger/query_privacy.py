"""Reading privacy accounts and the log of what was asked, by name.

As `query`, of which it is the part for `privacy_account`.

    exchange ─► query_privacy.account(view, dataset) ─► Account

>>> from privshare.ledger.state_map import StateMap
>>> account(StateMap(), "tax/returns") is None
True
"""

from __future__ import annotations

from privshare.ledger.privacy_account import Account, Charge
from privshare.ledger.query import Lister, Reader

__all__ = ["account", "asked", "charge", "charges"]


def account(reader: Reader, dataset: str) -> Account | None:
    """The privacy account of a dataset, or None: its owner opened none."""
    found = reader.get(f"privacy/{dataset}")
    return None if found is None else Account.from_json(found)


def charge(reader: Reader, use_id: str) -> Charge | None:
    """What one use takes of an account, or None: it was in none."""
    found = reader.get(f"charge/{use_id}")
    return None if found is None else Charge.from_json(found)


def charges(reader: Lister, dataset: str) -> dict[str, Charge]:
    """What all uses of a dataset take, by the use, in the order they appeared."""
    found = (
        (name.removeprefix("charge/"), Charge.from_json(value))
        for name, value in reader.items("charge/")
    )
    return {name: one for name, one in found if one.dataset == dataset}


def asked(reader: Lister, dataset: str) -> dict[str, dict[str, int]]:
    """By column, of which sets of rows exact answers stand in the log, how often."""
    prefix = f"asked/{dataset}/"
    return {
        name.removeprefix(prefix): dict(value["subsets"])
        for name, value in reader.items(prefix)
        if value["subsets"]
    }
