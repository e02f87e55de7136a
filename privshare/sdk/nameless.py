"""Speak to a node without a key: for those who must not be known to it by name.

    nameless(node, lambda session: session.get(path)) ─► what the node answers

The node still sees the address that a request comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from privshare.sdk import transport, wallet
from privshare.sdk.call import Call
from privshare.sdk.session import Session

__all__ = ["nameless"]

T = TypeVar("T")


def nameless(node: str | wallet.Profile, ask: Callable[[Session], Call[T]]) -> T:
    """Ask a node, signing nothing.

    Args:
        node: A profile, its name, or a URL. Of a profile the address and the
            certificate authorities are used, and not the key.
        ask: What to ask.

    Raises:
        NotFound: No profile of that name.
        PrivShareError: What the node reports.
    """
    at = wallet.profile_of(node)
    driver = transport.blocking(
        transport.Signer(transport.checked_url(at.url), ca=at.ca)
    )
    try:
        return driver.run(ask(Session("")))
    finally:
        driver.close()
