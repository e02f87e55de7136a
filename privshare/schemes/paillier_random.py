"""Randomness of ciphertexts: three ways to draw it, one way to encrypt with it.

    textbook   (1 + m·n) · r^n         r uniform in [1, n); no further assumption
    djn        (1 + m·n) · h^(n·x)     x of |n|/2 bits, h of the key: Damgård,
                                       Jurik and Nielsen; from a table
    holder     textbook's distribution, by the key's holder, from a table

A table is megabytes (`size_bytes`), is built when a key first needs it, is
shared by equal public keys, and goes when the key goes. Random bytes come from
the operating system.

>>> from privshare.schemes.paillier import PaillierPrivateKey
>>> key = PaillierPrivateKey.generate(2048)
>>> m = (5).to_bytes(256, "big")
>>> key.decrypt(public_randomness(key.public, "djn").encrypt(m, 1))
5
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from privshare.bindings.paillier import PublicCore
from privshare.bindings.paillier_table import EncryptionTable, HolderTable
from privshare.errors import OutOfRange
from privshare.schemes.paillier_base import djn_base

if TYPE_CHECKING:
    from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey

__all__ = ["DJN", "TEXTBOOK", "Randomness", "holder_randomness", "public_randomness"]

DJN = "djn"
TEXTBOOK = "textbook"


class Randomness(Protocol):
    """Encrypts plaintexts, each with fresh randomness of some distribution."""

    def encrypt(self, ms: bytes, count: int) -> bytes:
        """Encrypt `count` plaintexts of n's length, concatenated.

        Raises:
            OutOfRange: A plaintext that is not below n.
        """


class _Textbook:
    """r^n, with nothing prepared."""

    def __init__(self, core: PublicCore) -> None:
        self._core = core

    def encrypt(self, ms: bytes, count: int) -> bytes:
        core, size = self._core, self._core.n_bytes
        rs = [secrets.randbelow(core.n - 1) + 1 for _ in range(count)]
        plain = [ms[i * size : (i + 1) * size] for i in range(count)]
        return b"".join(core.encrypt_batch(plain, rs))


class _Djn:
    """h^(n·x) from a table."""

    def __init__(self, core: PublicCore) -> None:
        self._table = EncryptionTable(core, djn_base(core.n))

    def encrypt(self, ms: bytes, count: int) -> bytes:
        xs = secrets.token_bytes(count * self._table.exponent_bytes)
        return self._table.encrypt(ms, xs, count)


class _Holder:
    """y^n modulo p² and q² from a table."""

    def __init__(self, table: HolderTable) -> None:
        self._table = table

    def encrypt(self, ms: bytes, count: int) -> bytes:
        seeds = secrets.token_bytes(2 * count * self._table.exponent_bytes)
        return self._table.encrypt(ms, seeds, count)


_public: WeakKeyDictionary[PaillierPublicKey, Randomness] = WeakKeyDictionary()
_holders: WeakKeyDictionary[PaillierPrivateKey, Randomness] = WeakKeyDictionary()
_building = threading.Lock()


def public_randomness(key: PaillierPublicKey, name: str) -> Randomness:
    """What anybody encrypts with.

    Args:
        key: The public key.
        name: "djn" or "textbook".

    Raises:
        OutOfRange: Another name.
    """
    if name == TEXTBOOK:
        return _Textbook(key._core)
    if name != DJN:
        raise OutOfRange(
            f'expected randomness "{DJN}" or "{TEXTBOOK}", found {name!r}',
            fix=f'leave it out, or say "{TEXTBOOK}" for r^n',
        )
    with _building:
        found = _public.get(key)
        if found is None:
            found = _public[key] = _Djn(key._core)
    return found


def holder_randomness(key: PaillierPrivateKey) -> Randomness:
    """What the key's holder encrypts with: textbook's distribution, quicker.

    Keys whose p - 1 and q - 1 we cannot factor have no generators that are
    surely such; for them it is textbook encryption itself.
    """
    with _building:
        found = _holders.get(key)
        if found is None:
            bases = key.holder_bases()
            found = _holders[key] = (
                _Textbook(key.public._core)
                if bases is None
                else _Holder(HolderTable(key._core, *bases))
            )
    return found
