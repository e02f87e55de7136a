"""The keys of an account: what an enrolment names of them.

    syft's key file ─► public bundle ─► bundle_digest ─► Enrolment.key
    a peer's bundle ─► bundle_digest ─► the same, or it is not the peer's

A public bundle is the JSON that PySyft's clients show each other: the account,
its identity key, its two keys for messages and the signatures over them.

`account_key` needs the extra: `pip install privshare[syft]`; the rest does not.

>>> bundle_digest({"identity": "ada@labour"}).hex()[:16]
'4e2d7a9531015d92'
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from privshare.errors import ConfigError
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, decode, unb64u
from privshare.wire.digest import digest_json

__all__ = ["account_key", "bundle_digest", "key_of"]


def bundle_digest(bundle: Mapping[str, Any]) -> bytes:
    """Digest the public bundle of an account, 32 bytes.

    Raises:
        EncodingError: Not JSON that has canonical bytes.
    """
    return digest_json(domain.ACCOUNT_KEY, cast(Json, bundle))


def key_of(enrolment: bytes) -> bytes:
    """The digest that the document of an enrolment names.

    Raises:
        EncodingError: No such document.
    """
    document = decode(enrolment, max_bytes=4096)
    return unb64u(Fields(document, "enrolment").str("key"), 32)


def account_key(folder: Path, account: str) -> bytes:
    """Digest the public bundle of an account of ours.

    Reads PySyft's key file in its folder; makes the keys if there are none,
    which needs no connection. So an account can be enrolled before it first
    signs in.

    Args:
        folder: Where the client keeps its files, as given to `login_ds`.
        account: Its e-mail address.

    Raises:
        ConfigError: The extra is missing, or the file is another account's.
    """
    try:
        from syft.sync.peers.peer_store import (  # noqa: PLC0415 - the extra
            PeerStore,
            datasite_crypto_keys_path,
        )
    except ImportError:
        raise ConfigError(
            "expected PySyft, found that it is not installed",
            fix="pip install privshare[syft]",
        ) from None
    try:
        path = datasite_crypto_keys_path(folder, account)
        store = PeerStore.create(account, use_encryption=True, keys_path=path)
        return bundle_digest(store.get_public_bundle())
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"expected the keys of {account} in {folder}, found another file: {error}",
            fix="Give each account a folder of its own.",
        ) from None
