"""The SDK: a typed client of a node, blocking or awaiting, that trusts no node.

    net = sdk.connect("tax")
    result = sdk.sum(net["tax/deed-tax"], "tax_paid", by="district").run()
    result.receipt.save("sum.psr")

Names are imported when they are used; see docs/sdk.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from privshare.sdk import call, client
    from privshare.sdk.client import connect as connect
    from privshare.sdk.client import connect_async as connect_async
    from privshare.sdk.query import count as count
    from privshare.sdk.query import mean as mean
    from privshare.sdk.query import sum as sum

    Client: TypeAlias = client.Client[call.Blocking]
    AsyncClient: TypeAlias = client.Client[call.Awaiting]

_HOME = {
    "Client": "client",
    "AsyncClient": "client",
    "connect": "client",
    "connect_async": "client",
    "count": "query",
    "mean": "query",
    "sum": "query",
}

__all__ = [
    "AsyncClient",
    "Client",
    "connect",
    "connect_async",
    "count",
    "mean",
    "sum",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{home}")
    if name in ("Client", "AsyncClient"):
        driver = "Blocking" if name == "Client" else "Awaiting"
        return module.Client[
            getattr(importlib.import_module(f"{__name__}.call"), driver)
        ]
    return getattr(module, name)
