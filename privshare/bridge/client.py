"""Clients of PySyft on boxes of ours: the logins that a notebook calls.

    ours = login_do("steward@tax.example", folder, FolderStore(place, ...))
    hers = login_ds("ada@labour.example", folder, NodeStore(net, ...), enrolment)

Both give the ordinary `SyftRDSClient`. Its messages are encrypted from end to
end: the switch for that is on, and there is none to turn it off.

Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syft.sync.peers.peer_store import datasite_crypto_keys_path
from syft.sync.syftbox_manager import SyftboxManagerConfig, default_collections_folder
from syft.sync.sync.caches.datasite_owner_cache import DataSiteOwnerEventCacheConfig
from syft.sync.sync.caches.datasite_watcher_cache import DataSiteWatcherCacheConfig
from syft.sync.sync.datasite_owner_syncer import DatasiteOwnerSyncerConfig
from syft.sync.sync.datasite_watcher_syncer import DatasiteWatcherSyncerConfig
from syft.sync.version.peer_manager import PeerManagerConfig
from syft_rds.client import SyftRDSClient
from syft_rds.config import DATASET_COLLECTION_SPECS, SyftRDSClientConfig

from privshare.bridge.connection import BoxConfig, BoxConnection
from privshare.bridge.guard import GuardedPeers, GuardedRouter
from privshare.bridge.key import account_key, key_of
from privshare.bridge.store import Store
from privshare.errors import ConfigError
from privshare.wire.canonical import Encodable, encode

__all__ = ["connection_of", "login_do", "login_ds", "open_do"]

Enrolment = Mapping[str, Encodable]


def login_do(
    email: str, folder: Path, store: Store, enrolment: Enrolment | None = None
) -> SyftRDSClient:
    """A client for an owner of data.

    Args:
        email: The account; that of the store.
        folder: Where it keeps its files.
        store: Where messages wait.
        enrolment: The document by which its agency enrolled the account.
            Nodes ask for it, folders do not.

    Raises:
        ConfigError: The store, or the enrolment, is another account's; or the
            enrolment names other keys than lie in the folder.
        NotPermitted: The node knows no such enrolment, or another person uses
            the account.
        PrivShareError: What else the store reports.
    """
    return _login(email, folder, store, enrolment, owner=True)


def open_do(
    email: str, folder: Path, store: Store, enrolment: Enrolment | None = None
) -> SyftRDSClient:
    """As `login_do`, without a first sync: what waits may be what stops it."""
    return _open(email, folder, store, enrolment, owner=True)


def login_ds(
    email: str, folder: Path, store: Store, enrolment: Enrolment | None = None
) -> SyftRDSClient:
    """A client for a scientist; as `login_do`."""
    return _login(email, folder, store, enrolment, owner=False)


def connection_of(client: SyftRDSClient) -> BoxConnection:
    """The connection of a client that `login_do` or `login_ds` gave."""
    found = client.sync_engine._connection_router.connections[0]
    if not isinstance(found, BoxConnection):
        raise ConfigError("expected a client on boxes, found another")
    return found


def _login(
    email: str,
    folder: Path,
    store: Store,
    enrolment: Enrolment | None,
    *,
    owner: bool,
) -> SyftRDSClient:
    client = _open(email, folder, store, enrolment, owner=owner)
    client.sync_engine.sync()
    client.load_peers()
    return client


def _open(
    email: str,
    folder: Path,
    store: Store,
    enrolment: Enrolment | None,
    *,
    owner: bool,
) -> SyftRDSClient:
    folder = Path(folder)
    document = b"" if enrolment is None else encode(dict(enrolment))
    _expect_own(email, folder, store, enrolment, document)
    config = _config(email, folder, store, document, owner=owner)
    client = SyftRDSClient.from_config(SyftRDSClientConfig._compose(config))
    _guard(client, folder, email)
    connection_of(client).sign_in()
    client.sync_engine.write_local_version()
    return client


def _expect_own(
    email: str,
    folder: Path,
    store: Store,
    enrolment: Enrolment | None,
    document: bytes,
) -> None:
    named = (
        {store.account} if enrolment is None else {store.account, enrolment["account"]}
    )
    if named != {email}:
        raise ConfigError(
            f"expected a store and an enrolment of {email}, found another's",
            fix="Give each account its own.",
        )
    if document and key_of(document) != account_key(folder, email):
        raise ConfigError(
            f"expected the keys that the enrolment of {email} names in {folder}, "
            "found others",
            fix="Use the folder that the account was enrolled from, or enrol again.",
            detail={"rule": "account.key"},
        )


def _guard(client: SyftRDSClient, folder: Path, email: str) -> None:
    """Put our checks where messages come in."""
    engine: Any = client.sync_engine
    peers = GuardedPeers.create(
        email,
        use_encryption=True,
        keys_path=datasite_crypto_keys_path(folder, email),
    )
    engine._set_peer_store(peers)
    syncer = engine.datasite_owner_syncer
    if syncer is None:  # a scientist has no inbox of proposals
        return
    syncer.connection_router = GuardedRouter(
        connections=syncer.connection_router.connections, peer_store=peers
    )


def _config(
    email: str, folder: Path, store: Store, enrolment: bytes, *, owner: bool
) -> SyftboxManagerConfig:
    connections = [BoxConfig(store=store, enrolment=enrolment)]
    specs = DATASET_COLLECTION_SPECS
    collections = default_collections_folder(folder, email, specs)
    return SyftboxManagerConfig(
        email=email,
        syftbox_folder=folder,
        has_do_role=owner,
        has_ds_role=not owner,
        use_in_memory_cache=False,
        datasite_owner_syncer_config=DatasiteOwnerSyncerConfig(
            email=email,
            syftbox_folder=folder,
            collections_folder=collections,
            collection_specs=specs,
            connection_configs=connections,
            cache_config=DataSiteOwnerEventCacheConfig(
                email=email,
                use_in_memory_cache=False,
                syftbox_folder=folder,
                collections_folder=collections,
                connection_configs=connections,
            ),
        ),
        datasite_watcher_syncer_config=DatasiteWatcherSyncerConfig(
            syftbox_folder=folder,
            email=email,
            connection_configs=connections,
            datasite_watcher_cache_config=DataSiteWatcherCacheConfig(
                email=email,
                use_in_memory_cache=False,
                syftbox_folder=folder,
                collection_specs=specs,
                connection_configs=connections,
            ),
        ),
        peer_manager_config=PeerManagerConfig(
            syftbox_folder=folder,
            email=email,
            connection_configs=connections,
            has_do_role=owner,
            has_ds_role=not owner,
            use_encryption=True,
            crypto_keys_path=datasite_crypto_keys_path(folder, email),
        ),
    )
