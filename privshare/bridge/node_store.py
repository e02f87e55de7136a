"""Boxes at nodes, as one account sees them: a `Store` over a connection.

    NodeStore ─► net.boxes ─► one's own node ─► the node of the box's owner

What an account is called does not tell whose it is: `agencies` says it of
those one wants to talk to. Of accounts that talk to us first, our own node
knows it from the enrolment that they show.

    net = connect("labour", key="ada.key", ...)
    store = NodeStore(net, "ada@labour.example", {"steward@tax.example": "tax"})

An owner whose node is away makes `others("shown")` fail, and so a whole sync:
a list that silently lacks an owner would make PySyft delete what it had of it.
So only owners are asked that one named or wrote to, not whoever wrote first.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from privshare.errors import EncodingError, NotFound
from privshare.jobs.submission.box import (
    KINDS,
    OPENED,
    Box,
    Kind,
    check_account,
    check_name,
    check_size,
)
from privshare.sdk.call import Blocking
from privshare.sdk.client import Client

__all__ = ["NodeStore"]


class NodeStore:
    """Boxes at nodes; safe to call from several threads.

    Args:
        session: A connection to the node of the account's own agency, with
            the key of the person who uses the account.
        account: Whose store this is.
        agencies: The agency of each account that one wants to talk to; of
            owners each time, of others who talked to us first not at all.
    """

    def __init__(
        self, session: Client[Blocking], account: str, agencies: Mapping[str, str]
    ) -> None:
        self._net = session
        self._account = check_account(account)
        self._agencies = {**agencies, account: session.agency}
        self._watched = set(self._agencies.values())
        self._lock = threading.Lock()

    @property
    def account(self) -> str:
        """Whose store this is."""
        return self._account

    def put(self, box: Box, name: str, data: bytes) -> None:
        """Write a file, in place of an older one of that name.

        Raises:
            PrivShareError: What a node reports; `detail["rule"]` names why.
        """
        box.check(self._account, write=True)
        check_name(name)
        check_size(data)
        agency = self._agency(box.owner)
        self._net.boxes.put(self._account, box, name, data, agency=agency)
        if name == OPENED:
            with self._lock:
                self._watched.add(agency)

    def get(self, box: Box, name: str) -> bytes | None:
        """Its bytes, or None."""
        box.check(self._account, write=False)
        check_name(name)
        agency = self._agency(box.owner)
        try:
            return self._net.boxes.get(self._account, box, name, agency=agency)
        except NotFound as error:
            if error.detail.get("rule") != "box.file":
                raise
            return None

    def names(self, box: Box) -> list[str]:
        """Names of the files in it, in order."""
        box.check(self._account, write=False)
        agency = self._agency(box.owner)
        return list(self._net.boxes.names(self._account, box, agency=agency))

    def drop(self, box: Box, name: str) -> None:
        """Take a file out, if it is there."""
        box.check_drop(self._account)
        check_name(name)
        self._net.boxes.drop(self._account, box, name)

    def others(self, kind: Kind) -> list[str]:
        """Accounts at the other end of this account's boxes of a kind."""
        if kind not in KINDS:
            raise EncodingError(f"expected a kind of {', '.join(KINDS)}, found another")
        if kind in ("shown", "outbox"):
            found: set[str] = set()
            with self._lock:
                agencies = sorted(self._watched)
            for agency in agencies:
                told = self._net.boxes.others(self._account, kind, agency=agency)
                self._learn(dict.fromkeys(told, agency))
                found |= told.keys()
            return sorted(found)
        told = self._net.boxes.others(self._account, kind)
        if kind == "inbox":
            self._learn(told)
        return sorted(told)

    def _learn(self, told: Mapping[str, str]) -> None:
        """Keep what nodes say of accounts that we knew nothing of."""
        with self._lock:
            for account, agency in told.items():
                if agency:
                    self._agencies.setdefault(account, agency)

    def _agency(self, account: str) -> str:
        """Whose an account is.

        Raises:
            NotFound: Nobody has said; rule account.agency.
        """
        with self._lock:
            found = self._agencies.get(account)
        if found is not None:
            return found
        try:
            shown = self._net.boxes.account(self._account, account)
        except NotFound:
            raise NotFound(
                f"expected an account whose agency is known, found {account}",
                fix="Name its agency in `agencies`.",
                detail={"rule": "account.agency"},
            ) from None
        agency = shown.str("agency")
        self._learn({account: agency})
        return agency
