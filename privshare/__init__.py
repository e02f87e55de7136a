"""PrivShare: agencies compute on records they may not hand over.

    >>> import privshare as ps
    >>> net = ps.connect("tax")                              # doctest: +SKIP
    >>> taxes = net["tax/deed-tax"]                          # doctest: +SKIP
    >>> ps.sum(taxes, "tax_paid", by="district").run()       # doctest: +SKIP

The names below are imported when they are first used, so that `import
privshare` costs nothing. docs/sdk.md describes them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from privshare import errors as errors
    from privshare.sdk import AsyncClient as AsyncClient
    from privshare.sdk import Client as Client
    from privshare.sdk import connect as connect
    from privshare.sdk import connect_async as connect_async
    from privshare.sdk import count as count
    from privshare.sdk import mean as mean
    from privshare.sdk import program as program
    from privshare.sdk import prove as prove
    from privshare.sdk import ring as ring
    from privshare.sdk import sum as sum
    from privshare.sdk import survey as survey

__all__ = [
    "AsyncClient",
    "Client",
    "connect",
    "connect_async",
    "count",
    "errors",
    "mean",
    "program",
    "prove",
    "ring",
    "sum",
    "survey",
]


def __getattr__(name: str) -> object:
    if name == "errors":
        return importlib.import_module("privshare.errors")
    if name in ("prove", "ring", "survey"):
        return importlib.import_module(f"privshare.sdk.{name}")
    if name in __all__:
        return getattr(importlib.import_module("privshare.sdk"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
