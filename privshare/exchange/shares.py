"""Where a node keeps its shares of the consortium's threshold keys.

A share is a key, and lies where the node's other keys lie; but it comes while
the node runs, so it is not one of the `NodeKeys` that are read at the start.

    threshold.import_shares ─► Shares.put ─► file, encrypted
    jobs                    ─► Node.share ─► Shares.get

`service.share_folder` keeps them in files; `HeldShares` for as long as the
process lives.
"""

from __future__ import annotations

import threading
from typing import Protocol

from privshare.errors import Conflict
from privshare.schemes.threshold import KeyShare

__all__ = ["HeldShares", "Shares"]


class Shares(Protocol):
    """Shares by their epoch. Every method may be called from any thread."""

    def get(self, epoch: int) -> KeyShare | None:
        """The share of an epoch, or None."""
        ...

    def put(self, epoch: int, share: KeyShare) -> None:
        """Keep a share, durably where the shares are on disk.

        Raises:
            Conflict: There is another one of this epoch.
        """
        ...


class HeldShares:
    """Shares in memory. Secret: what it holds; `repr` names nothing."""

    def __init__(self) -> None:
        self._shares: dict[int, KeyShare] = {}
        self._lock = threading.Lock()

    def get(self, epoch: int) -> KeyShare | None:
        """The share of an epoch, or None."""
        return self._shares.get(epoch)

    def put(self, epoch: int, share: KeyShare) -> None:
        """Keep a share.

        Raises:
            Conflict: There is one of this epoch; a share is never overwritten.
        """
        with self._lock:
            if epoch in self._shares:
                raise Conflict(f"expected no share of epoch {epoch} here, found one")
            self._shares[epoch] = share
