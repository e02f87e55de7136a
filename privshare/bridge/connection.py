"""The connection that PySyft's clients use: its hook, on boxes of ours.

    SyftRDSClient ─► ConnectionRouter ─► BoxConnection ─► Store

Messages are end-to-end encrypted by the clients (`login` turns that on); what
this carries is bytes. Nothing is unpickled, no account of a cloud is needed.
Ids of files are box and name, and are checked as such when they come back.

Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

import json
import threading
from typing import Any, ClassVar

from pydantic import ConfigDict, PrivateAttr
from syft.sync.checkpoints.checkpoint import (
    CHECKPOINT_FILENAME_PREFIX,
    INCREMENTAL_CHECKPOINT_PREFIX,
    Checkpoint,
    IncrementalCheckpoint,
)
from syft.sync.connections.base_connection import (
    ConnectionConfig,
    FileCollection,
    SyftboxPlatformConnection,
)
from syft.sync.events.file_change_event import FileChangeEventsMessageFileName
from syft.sync.messages.proposed_filechange import MessageFileName
from syft.sync.version.version_info import VersionInfo

from privshare.bridge.store import Box, Kind
from privshare.errors import EncodingError, NotFound

__all__ = ["BoxConfig", "BoxConnection"]

_EVENTS, _STATE, _CHECKPOINTS, _ROLLING = "events", "state", "checkpoints", "rolling"
_COLLECTIONS, _ARCHIVE = "collections", "archive"
_PEERS, _VERSION, _BUNDLE, _OPENED = "peers", "version", "bundle", "opened"
_READERS = "readers"


class BoxConnection(SyftboxPlatformConnection):  # type: ignore[misc]
    """One account's connection, over a `Store`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    store: Any
    _lock: Any = PrivateAttr(default_factory=threading.RLock)

    @classmethod
    def from_config(cls, config: ConnectionConfig) -> BoxConnection:
        """Made by the client from its configuration."""
        if not isinstance(config, BoxConfig):
            raise EncodingError("expected a configuration of boxes, found another")
        return cls(config=config, store=config.store)

    @property
    def email(self) -> str:
        """The account."""
        account: str = self.store.account
        return account

    def get_authenticated_email(self) -> str:
        """The account."""
        return self.email

    # -- boxes -----------------------------------------------------------------

    def _own(self, what: str) -> Box:
        return Box("private", self.email, what)

    def _inbox_of(self, owner: str) -> Box:
        return Box("inbox", owner, self.email)

    def _inbox_from(self, sender: str) -> Box:
        return Box("inbox", self.email, sender)

    def _outbox_to(self, reader: str) -> Box:
        return Box("outbox", self.email, reader)

    def _outbox_of(self, owner: str) -> Box:
        return Box("outbox", owner, self.email)

    def _shown_to(self, reader: str) -> Box:
        return Box("shown", self.email, reader)

    def _shown_by(self, owner: str) -> Box:
        return Box("shown", owner, self.email)

    def _read(self, box: Box, name: str) -> bytes:
        data: bytes | None = self.store.get(box, name)
        if data is None:
            raise NotFound("expected a file that is there, found none")
        return data

    # -- peers -----------------------------------------------------------------

    def add_peer(self, peer_email: str) -> None:
        """Open a way to another account: it sees that somebody asks."""
        self.store.put(self._inbox_of(peer_email), _OPENED, b"")

    def get_peer_requests(self) -> list[str]:
        """Accounts that ask, and were neither accepted nor rejected."""
        known = self._get_peers_json()
        ended = ("accepted", "rejected")
        return [
            one
            for one in self.store.others("inbox")
            if known.get(one, {}).get("state") not in ended
        ]

    def _get_peers_json(self, force_download: bool = False) -> dict[str, Any]:
        with self._lock:
            data = self.store.get(self._own(_STATE), _PEERS)
        return {} if data is None else dict(json.loads(data))

    def _update_peer_state(
        self,
        peer_email: str,
        state: str,
        public_encryption_bundle: dict[str, Any] | None = None,
    ) -> None:
        with self._lock:
            known = self._get_peers_json()
            entry = known.setdefault(peer_email, {})
            entry["state"] = state
            if public_encryption_bundle is not None:
                entry["public_encryption_bundle"] = public_encryption_bundle
            self.store.put(self._own(_STATE), _PEERS, json.dumps(known).encode())

    # -- keys and versions -----------------------------------------------------

    def write_encryption_bundle(self, peer_email: str, bundle_json: str) -> None:
        """Show a peer our public keys."""
        self.store.put(self._shown_to(peer_email), _BUNDLE, bundle_json.encode())

    def share_encryption_bundles_folder(self, peer_email: str) -> None:
        """Nothing to do: what is shown to a peer, it can read."""

    def read_peer_encryption_bundle(self, peer_email: str) -> str | None:
        """A peer's public keys, as it shows them to us."""
        data = self.store.get(self._shown_by(peer_email), _BUNDLE)
        return None if data is None else bytes(data).decode()

    def write_version_file(self, version_info: VersionInfo) -> None:
        """Keep our version, and show it to whom it was shown before."""
        data = version_info.to_json().encode()
        with self._lock:
            self.store.put(self._own(_STATE), _VERSION, data)
            for peer in self._get_peers_json():
                self.store.put(self._shown_to(peer), _VERSION, data)

    def read_own_version_file(self) -> VersionInfo | None:
        """Our version."""
        return _version(self.store.get(self._own(_STATE), _VERSION))

    def read_peer_version_file(self, peer_email: str) -> VersionInfo | None:
        """A peer's version, if it shows it to us."""
        return _version(self.store.get(self._shown_by(peer_email), _VERSION))

    def share_version_file_with_peer(self, peer_email: str) -> None:
        """Show a peer our version."""
        data = self.store.get(self._own(_STATE), _VERSION)
        if data is None:
            data = VersionInfo.current().to_json().encode()
            self.store.put(self._own(_STATE), _VERSION, data)
        self.store.put(self._shown_to(peer_email), _VERSION, data)

    # -- submissions: scientist to owner ---------------------------------------

    def watcher_send_raw_bytes_to_inbox(
        self, recipient: str, filename: str, data: bytes
    ) -> None:
        """Hand a proposal to an owner."""
        self.store.put(self._inbox_of(recipient), filename, data)

    def owner_download_next_raw_proposed_message_from_inbox(
        self, sender_email: str
    ) -> tuple[bytes, str] | None:
        """The oldest proposal of a scientist, and its id."""
        box = self._inbox_from(sender_email)
        names = _parsed(MessageFileName, self.store.names(box))
        if not names:
            return None
        first = min(names, key=lambda one: one.submitted_timestamp).as_string()
        return self._read(box, first), _id(box, first)

    def owner_remove_proposed_filechange_message_from_inbox(
        self, proposed_filechange_message: Any
    ) -> None:
        """Put a proposal away once it was taken in."""
        name = proposed_filechange_message.message_filename.as_string()
        box = self._inbox_from(proposed_filechange_message.sender_email)
        with self._lock:
            self.store.put(self._own(_ARCHIVE), name, self._read(box, name))
            self.store.drop(box, name)

    # -- events: owner to scientist --------------------------------------------

    def owner_write_raw_bytes_to_outbox(
        self, recipient: str, filename: str, data: bytes
    ) -> None:
        """Hand events to a scientist."""
        self.store.put(self._outbox_to(recipient), filename, data)

    def watcher_download_raw_events_from_outbox(
        self, peer_email: str, since_timestamp: float | None
    ) -> list[bytes]:
        """Events of an owner that are newer, the oldest first."""
        box = self._outbox_of(peer_email)
        return [
            self._read(box, one.as_string())
            for one in self._events(box, since_timestamp)
        ]

    def watcher_get_outbox_file_metadatas(
        self, peer_email: str, since_timestamp: float | None
    ) -> list[dict[str, Any]]:
        """The same events, by id."""
        box = self._outbox_of(peer_email)
        return [
            {
                "file_id": _id(box, one.as_string()),
                "file_name": one.as_string(),
                "timestamp": one.timestamp,
            }
            for one in self._events(box, since_timestamp)
        ]

    def _events(self, box: Box, since: float | None) -> list[Any]:
        found = _parsed(FileChangeEventsMessageFileName, self.store.names(box))
        newer = [one for one in found if since is None or one.timestamp > since]
        return sorted(newer, key=lambda one: one.timestamp)

    # -- the owner's own log ---------------------------------------------------

    def owner_write_raw_bytes_to_syftbox(self, filename: str, data: bytes) -> str:
        """Keep events of our own."""
        self.store.put(self._own(_EVENTS), filename, data)
        return _id(self._own(_EVENTS), filename)

    def download_file(self, file_id: str) -> bytes:
        """A file by its id, if we may read it; threads call this at a time."""
        return self._read(*_named(file_id))

    def owner_download_raw_bytes_by_id(self, file_id: str) -> bytes:
        """The same."""
        return self.download_file(file_id)

    def owner_download_all_raw_events_from_syftbox(self) -> list[bytes]:
        """All events of our own."""
        box = self._own(_EVENTS)
        return [self._read(box, one.as_string()) for one in self._events(box, None)]

    def owner_get_all_accepted_event_file_ids(
        self, since_timestamp: float | None = None
    ) -> list[str]:
        """Their ids."""
        box = self._own(_EVENTS)
        return [_id(box, one.as_string()) for one in self._events(box, since_timestamp)]

    def download_raw_events_since_timestamp(
        self, since_timestamp: float
    ) -> list[bytes]:
        """Events of our own that are newer."""
        box = self._own(_EVENTS)
        found = self._events(box, since_timestamp)
        return [self._read(box, one.as_string()) for one in found]

    def get_events_count_since_checkpoint(
        self, checkpoint_timestamp: float | None
    ) -> int:
        """How many events of our own are newer."""
        return len(self._events(self._own(_EVENTS), checkpoint_timestamp))

    # -- checkpoints -----------------------------------------------------------

    def upload_raw_checkpoint(self, filename: str, data: bytes) -> str:
        """Keep a checkpoint; older ones go."""
        box = self._own(_CHECKPOINTS)
        with self._lock:
            older = self._checkpoints(CHECKPOINT_FILENAME_PREFIX)
            self.store.put(box, filename, data)
            for name in older:
                if name != filename:
                    self.store.drop(box, name)
        return _id(box, filename)

    def download_raw_latest_checkpoint(self) -> bytes | None:
        """The newest one, or None."""
        names = self._checkpoints(CHECKPOINT_FILENAME_PREFIX)
        times = {name: Checkpoint.filename_to_timestamp(name) for name in names}
        known = [name for name in names if times[name] is not None]
        if not known:
            return None
        return self._read(self._own(_CHECKPOINTS), max(known, key=lambda n: times[n]))

    def upload_raw_incremental_checkpoint(self, filename: str, data: bytes) -> str:
        """Keep a step between checkpoints."""
        self.store.put(self._own(_CHECKPOINTS), filename, data)
        return _id(self._own(_CHECKPOINTS), filename)

    def download_all_raw_incremental_checkpoints(self) -> list[bytes]:
        """All steps."""
        box = self._own(_CHECKPOINTS)
        names = self._checkpoints(INCREMENTAL_CHECKPOINT_PREFIX)
        return [self._read(box, one) for one in names]

    def get_incremental_checkpoint_count(self) -> int:
        """How many steps."""
        return len(self._checkpoints(INCREMENTAL_CHECKPOINT_PREFIX))

    def get_next_incremental_sequence_number(self) -> int:
        """What the next step is numbered."""
        numbers = (
            IncrementalCheckpoint.filename_to_sequence_number(name)
            for name in self._checkpoints(INCREMENTAL_CHECKPOINT_PREFIX)
        )
        return max((one for one in numbers if one is not None), default=0) + 1

    def delete_all_incremental_checkpoints(self) -> None:
        """Drop all steps."""
        for name in self._checkpoints(INCREMENTAL_CHECKPOINT_PREFIX):
            self.store.drop(self._own(_CHECKPOINTS), name)

    def _checkpoints(self, prefix: str) -> list[str]:
        names = self.store.names(self._own(_CHECKPOINTS))
        return [
            one
            for one in names
            if one.startswith(prefix)
            and (
                prefix == INCREMENTAL_CHECKPOINT_PREFIX
                or not one.startswith(INCREMENTAL_CHECKPOINT_PREFIX)
            )
        ]

    def upload_raw_rolling_state(self, filename: str, data: bytes) -> str:
        """Keep the rolling state in place of the last one."""
        box = self._own(_ROLLING)
        with self._lock:
            self.store.put(box, _ROLLING, data)
        return _id(box, _ROLLING)

    def download_raw_rolling_state(self) -> bytes | None:
        """The rolling state, or None."""
        data: bytes | None = self.store.get(self._own(_ROLLING), _ROLLING)
        return data

    def delete_rolling_state(self) -> None:
        """Drop it."""
        self.store.drop(self._own(_ROLLING), _ROLLING)

    # -- collections: mock data of an owner ------------------------------------

    def owner_create_collection_folder(
        self, prefix: str, tag: str, content_hash: str, owner_email: str
    ) -> str:
        """Begin a collection."""
        with self._lock:
            known = self._collections()
            name = _collection(prefix, tag, content_hash)
            known.setdefault(name, {"any": False, "files": [], "readers": []})
            self._keep_collections(known)
        return _id(self._own(_COLLECTIONS), name)

    def owner_tag_collection_as_any(
        self, prefix: str, tag: str, content_hash: str
    ) -> None:
        """Note that every peer may have it."""
        with self._lock:
            known = self._collections()
            self._entry(known, prefix, tag, content_hash)["any"] = True
            self._keep_collections(known)

    def owner_share_collection(
        self, prefix: str, tag: str, content_hash: str, users: list[str]
    ) -> None:
        """Show it to accounts."""
        with self._lock:
            known = self._collections()
            entry = self._entry(known, prefix, tag, content_hash)
            entry["readers"] = sorted({*entry["readers"], *users})
            self._keep_collections(known)
            name = _collection(prefix, tag, content_hash)
            for user in users:
                self._show(name, entry["files"], user)

    def owner_upload_collection_files(
        self, prefix: str, tag: str, content_hash: str, files: dict[str, bytes]
    ) -> None:
        """Put files into it."""
        with self._lock:
            known = self._collections()
            entry = self._entry(known, prefix, tag, content_hash)
            name = _collection(prefix, tag, content_hash)
            for path, data in files.items():
                short = path.rpartition("/")[2]
                self.store.put(self._own(_COLLECTIONS), f"{name}/{short}", data)
                entry["files"] = sorted({*entry["files"], short})
            self._keep_collections(known)
            for user in entry["readers"]:
                self._show(name, entry["files"], user)

    def _show(self, name: str, files: list[str], user: str) -> None:
        own, shown = self._own(_COLLECTIONS), self._shown_to(user)
        for file in files:
            self.store.put(shown, f"{name}/{file}", self._read(own, f"{name}/{file}"))

    def owner_list_collections(self, prefix: str) -> list[str]:
        """Tags of our collections."""
        return [
            one.tag for one in self.owner_list_all_collections_with_permissions(prefix)
        ]

    def owner_list_all_collections_with_permissions(
        self, prefix: str
    ) -> list[FileCollection]:
        """Our collections."""
        found = []
        for name, entry in self._collections().items():
            kind, tag, content_hash = name.split("/")
            if kind == prefix:
                found.append(
                    FileCollection(
                        folder_id=_id(self._own(_COLLECTIONS), name),
                        tag=tag,
                        content_hash=content_hash,
                        has_any_permission=entry["any"],
                    )
                )
        return found

    def owner_delete_collection(self, prefix: str, tag: str) -> None:
        """Take it back from everybody, and drop it."""
        with self._lock:
            known = self._collections()
            for name in [one for one in known if one.startswith(f"{prefix}/{tag}/")]:
                entry = known.pop(name)
                for file in entry["files"]:
                    for user in entry["readers"]:
                        self.store.drop(self._shown_to(user), f"{name}/{file}")
                    self.store.drop(self._own(_COLLECTIONS), f"{name}/{file}")
            self._keep_collections(known)

    def watcher_list_collections(self, prefix: str) -> list[dict[str, str]]:
        """Collections that owners show to us."""
        found = set()
        for owner in self.store.others("shown"):
            for name in self.store.names(self._shown_by(owner)):
                parts = name.split("/")
                if len(parts) == 4 and parts[0] == prefix:
                    found.add((owner, parts[1], parts[2]))
        return [
            {"content_hash": content_hash, "owner_email": owner, "tag": tag}
            for owner, tag, content_hash in sorted(found)
        ]

    def watcher_download_collection(
        self, prefix: str, tag: str, content_hash: str, owner_email: str
    ) -> dict[str, bytes]:
        """Its files."""
        box = self._shown_by(owner_email)
        return {
            name.rpartition("/")[2]: self._read(box, name)
            for name in self._files_of(box, prefix, tag, content_hash)
        }

    def watcher_get_collection_file_metadatas(
        self, prefix: str, tag: str, content_hash: str, owner_email: str
    ) -> list[dict[str, str]]:
        """Its files, by id."""
        box = self._shown_by(owner_email)
        return [
            {"file_id": _id(box, name), "file_name": name.rpartition("/")[2]}
            for name in self._files_of(box, prefix, tag, content_hash)
        ]

    def watcher_download_collection_file(self, file_id: str) -> bytes:
        """One of its files."""
        return self.download_file(file_id)

    def _files_of(
        self, box: Box, prefix: str, tag: str, content_hash: str
    ) -> list[str]:
        start = f"{_collection(prefix, tag, content_hash)}/"
        found = [one for one in self.store.names(box) if one.startswith(start)]
        if not found:
            raise NotFound("expected a collection that is shown to us, found none")
        return found

    def _collections(self) -> dict[str, Any]:
        data = self.store.get(self._own(_STATE), _COLLECTIONS)
        return {} if data is None else dict(json.loads(data))

    def _keep_collections(self, known: dict[str, Any]) -> None:
        self.store.put(self._own(_STATE), _COLLECTIONS, json.dumps(known).encode())

    def _entry(
        self, known: dict[str, Any], prefix: str, tag: str, content_hash: str
    ) -> dict[str, Any]:
        entry = known.get(_collection(prefix, tag, content_hash))
        if entry is None:
            raise NotFound("expected a collection of ours, found none")
        return dict(entry) if not isinstance(entry, dict) else entry

    # -- cleaning up -----------------------------------------------------------

    def delete_file_by_id(self, file_id: str, **_: Any) -> None:
        """Drop a file of ours."""
        box, name = _named(file_id)
        self.store.drop(box, name)

    def delete_multiple_files_by_ids(self, file_ids: list[str], **_: Any) -> None:
        """Drop files of ours."""
        for one in file_ids:
            self.delete_file_by_id(one)

    def gather_all_file_and_folder_ids(self) -> list[str]:
        """Everything of ours."""
        found = []
        for what in (_EVENTS, _STATE, _CHECKPOINTS, _ROLLING, _COLLECTIONS, _ARCHIVE):
            box = self._own(what)
            found += [_id(box, name) for name in self.store.names(box)]
        return found

    def find_orphaned_message_files(self) -> list[str]:
        """None: a file stands in its box or nowhere."""
        return []

    def reset_caches(self) -> None:
        """Nothing is cached."""


class BoxConfig(ConnectionConfig):  # type: ignore[misc]
    """What a client's configuration says of its connection."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    connection_type: ClassVar[type[SyftboxPlatformConnection]] = BoxConnection
    store: Any


def _collection(prefix: str, tag: str, content_hash: str) -> str:
    parts = (prefix, tag, content_hash)
    if any("/" in one or not one for one in parts):
        raise EncodingError("expected a name without slashes, found another")
    return "/".join(parts)


def _id(box: Box, name: str) -> str:
    return json.dumps([box.kind, box.owner, box.other, name])


def _named(file_id: str) -> tuple[Box, str]:
    try:
        match json.loads(file_id):
            case [str(kind), str(owner), str(other), str(name)]:
                known: Kind = kind  # type: ignore[assignment]
                return Box(known, owner, other), name
    except ValueError:
        pass
    raise EncodingError("expected the id of a file, found something else")


def _version(data: bytes | None) -> VersionInfo | None:
    if data is None:
        return None
    try:
        return VersionInfo.from_json(data.decode())
    except ValueError:
        return None


def _parsed(kind: Any, names: list[str]) -> list[Any]:
    found = []
    for name in names:
        try:
            found.append(kind.from_string(name))
        except Exception:  # noqa: S112 - names of other kinds, which others choose
            continue
    return found
