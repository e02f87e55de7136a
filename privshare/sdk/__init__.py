"""The SDK: a typed client of a node, blocking or awaiting, that trusts no node.

    net = sdk.connect("tax")
    result = sdk.sum(net["tax/deed-tax"], "tax_paid", by="district").run()
    result.receipt.save("sum.psr")

    key = sdk.PaillierPrivateKey.generate()
    paid = key.public.encrypt(table["tax_paid"], scale=100)
    key.decrypt(paid.sum())

Names are imported when they are used; see docs/sdk.md, and for encrypted columns
docs/formats/paillier-column.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from privshare.schemes.columns import EncryptedColumn as EncryptedColumn
    from privshare.schemes.columns import EncryptedGroups as EncryptedGroups
    from privshare.schemes.columns import EncryptedNumber as EncryptedNumber
    from privshare.schemes.columns import concat as concat
    from privshare.schemes.columns.phe_json import column_from_phe as column_from_phe
    from privshare.schemes.columns.phe_json import column_to_phe as column_to_phe
    from privshare.schemes.columns.phe_json import (
        number_from_pheutil as number_from_pheutil,
    )
    from privshare.schemes.columns.phe_json import (
        number_to_pheutil as number_to_pheutil,
    )
    from privshare.schemes.paillier import PaillierPrivateKey as PaillierPrivateKey
    from privshare.schemes.paillier import PaillierPublicKey as PaillierPublicKey
    from privshare.schemes.paillier_jwk import private_from_jwk as private_from_jwk
    from privshare.schemes.paillier_jwk import private_to_jwk as private_to_jwk
    from privshare.schemes.paillier_jwk import public_from_jwk as public_from_jwk
    from privshare.schemes.paillier_jwk import public_to_jwk as public_to_jwk
    from privshare.sdk import call, client
    from privshare.sdk.client import connect as connect
    from privshare.sdk.client import connect_async as connect_async
    from privshare.sdk.query import count as count
    from privshare.sdk.query import mean as mean
    from privshare.sdk.query import sum as sum

    Client: TypeAlias = client.Client[call.Blocking]
    AsyncClient: TypeAlias = client.Client[call.Awaiting]

_SDK = __name__
_COLUMNS = "privshare.schemes.columns"
_KEYS = "privshare.schemes.paillier"

_HOME = {
    "AsyncClient": f"{_SDK}.client",
    "Client": f"{_SDK}.client",
    "EncryptedColumn": _COLUMNS,
    "EncryptedGroups": _COLUMNS,
    "EncryptedNumber": _COLUMNS,
    "PaillierPrivateKey": _KEYS,
    "PaillierPublicKey": _KEYS,
    "column_from_phe": f"{_COLUMNS}.phe_json",
    "column_to_phe": f"{_COLUMNS}.phe_json",
    "concat": _COLUMNS,
    "connect": f"{_SDK}.client",
    "connect_async": f"{_SDK}.client",
    "count": f"{_SDK}.query",
    "mean": f"{_SDK}.query",
    "number_from_pheutil": f"{_COLUMNS}.phe_json",
    "number_to_pheutil": f"{_COLUMNS}.phe_json",
    "program": f"{_SDK}.measured",
    "private_from_jwk": f"{_KEYS}_jwk",
    "private_to_jwk": f"{_KEYS}_jwk",
    "public_from_jwk": f"{_KEYS}_jwk",
    "public_to_jwk": f"{_KEYS}_jwk",
    "sum": f"{_SDK}.query",
}

__all__ = [
    "AsyncClient",
    "Client",
    "EncryptedColumn",
    "EncryptedGroups",
    "EncryptedNumber",
    "PaillierPrivateKey",
    "PaillierPublicKey",
    "column_from_phe",
    "column_to_phe",
    "concat",
    "connect",
    "connect_async",
    "count",
    "mean",
    "number_from_pheutil",
    "number_to_pheutil",
    "private_from_jwk",
    "private_to_jwk",
    "program",
    "public_from_jwk",
    "public_to_jwk",
    "sum",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(home)
    if name in ("Client", "AsyncClient"):
        driver = "Blocking" if name == "Client" else "Awaiting"
        return module.Client[
            getattr(importlib.import_module(f"{__name__}.call"), driver)
        ]
    return getattr(module, name)
