"""How a node reaches the nodes of other agencies.

`Peers` is a seam: `exchange.transport` signs HTTP requests and sends them to
the address that the ledger holds; tests call the other node's verbs directly.
Whatever comes back was written by somebody else: verbs check it as they check
everything foreign.

Errors that the other node raised arrive as the same named error, with its
detail and fix; a node that does not answer is `Unavailable`, whose
`detail["party"]` names it.
"""

from __future__ import annotations

from typing import Protocol

from privshare.wire.canonical import Json

__all__ = ["Peers"]


class Peers(Protocol):
    """Calls to other agencies' nodes."""

    def call(
        self,
        agency: str,
        method: str,
        path: str,
        body: Json | bytes = None,
        *,
        timeout_s: float = 30.0,
    ) -> Json:
        """Make one call and wait for its answer.

        Args:
            agency: Whom to ask; its address is on the ledger.
            method: `GET`, `POST` or `PUT`.
            path: `/v1/peer/...`, a query string included.
            body: Nothing, a JSON value, or bytes as they are (ciphertexts).
            timeout_s: How long to wait for the whole answer.

        Returns:
            The JSON value that was answered; null when there was none.

        Raises:
            Unavailable: No connection or no answer in time; detail `party`.
            PrivShareError: The error that the other node named.
        """
        ...
