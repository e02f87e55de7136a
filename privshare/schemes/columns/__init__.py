"""Encrypted columns: numbers that are computed with and not seen.

Reached from `privshare.schemes.paillier`; names are imported when they are
used, because numpy comes with them and a verifier must not need it.

>>> from privshare.schemes.columns import EncryptedColumn
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from privshare.schemes.columns.column import EncryptedColumn as EncryptedColumn
    from privshare.schemes.columns.number import EncryptedGroups as EncryptedGroups
    from privshare.schemes.columns.number import EncryptedNumber as EncryptedNumber
    from privshare.schemes.columns.selection import concat as concat
    from privshare.schemes.columns.values import ScaledValues as ScaledValues

_HOME = {
    "EncryptedColumn": "column",
    "EncryptedGroups": "number",
    "EncryptedNumber": "number",
    "ScaledValues": "values",
    "concat": "selection",
}

__all__ = [
    "EncryptedColumn",
    "EncryptedGroups",
    "EncryptedNumber",
    "ScaledValues",
    "concat",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
