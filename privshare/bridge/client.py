"""Clients of PySyft on boxes of ours: the logins that a notebook calls.

    ours = login_do("steward@tax.example", folder, FolderStore(place, ...))
    hers = login_ds("ada@labour.example", folder, FolderStore(place, ...))

Both give the ordinary `SyftRDSClient`. Its messages are encrypted from end to
end: the switch for that is on, and there is none to turn it off.

Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

from pathlib import Path

from syft.sync.peers.peer_store import datasite_crypto_keys_path
from syft.sync.syftbox_manager import SyftboxManagerConfig, default_collections_folder
from syft.sync.sync.caches.datasite_owner_cache import DataSiteOwnerEventCacheConfig
from syft.sync.sync.caches.datasite_watcher_cache import DataSiteWatcherCacheConfig
from syft.sync.sync.datasite_owner_syncer import DatasiteOwnerSyncerConfig
from syft.sync.sync.datasite_watcher_syncer import DatasiteWatcherSyncerConfig
from syft.sync.version.peer_manager import PeerManagerConfig
from syft_rds.client import SyftRDSClient
from syft_rds.config import DATASET_COLLECTION_SPECS, SyftRDSClientConfig

from privshare.bridge.connection import BoxConfig
from privshare.bridge.store import Store

__all__ = ["login_do", "login_ds"]


def login_do(email: str, folder: Path, store: Store) -> SyftRDSClient:
    """A client for an owner of data.

    Args:
        email: The account; that of the store.
        folder: Where it keeps its files.
        store: Where messages wait.
    """
    return _login(email, folder, store, owner=True)


def login_ds(email: str, folder: Path, store: Store) -> SyftRDSClient:
    """A client for a scientist; arguments as `login_do`."""
    return _login(email, folder, store, owner=False)


def _login(email: str, folder: Path, store: Store, *, owner: bool) -> SyftRDSClient:
    config = SyftRDSClientConfig._compose(_config(email, folder, store, owner=owner))
    client = SyftRDSClient.from_config(config)
    client.sync_engine.write_local_version()
    client.sync_engine.sync()
    client.load_peers()
    return client


def _config(
    email: str, folder: Path, store: Store, *, owner: bool
) -> SyftboxManagerConfig:
    connections = [BoxConfig(store=store)]
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
