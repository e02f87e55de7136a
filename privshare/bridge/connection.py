"""The connection that PySyft's clients use: its hook, on boxes of ours.

    SyftRDSClient ─► ConnectionRouter ─► BoxConnection ─► Store

Messages are end-to-end encrypted by the clients (`client` turns that on, and
`guard` keeps it on); what this carries is bytes. Nothing is unpickled, no
account of a cloud is needed.

Two accounts meet so:

    ada      inbox of the steward ◄─ "opened": her enrolment
    ada      shown to the steward ◄─ "bundle": her public keys, "version"
    steward  the same towards her, once he approves

A peer's public keys count only if they are those that its enrolment names.

Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

import json
import logging
from typing import Any, ClassVar

from pydantic import ConfigDict
from syft.sync.connections.base_connection import (
    ConnectionConfig,
    SyftboxPlatformConnection,
)
from syft.sync.messages.proposed_filechange import MessageFileName
from syft.sync.version.version_info import VersionInfo

from privshare.bridge.connection_box import STATE, box_id, box_named, dated
from privshare.bridge.connection_collection import COLLECTIONS, Collections
from privshare.bridge.connection_log import CHECKPOINTS, EVENTS, ROLLING, OwnLog
from privshare.bridge.key import bundle_digest, key_of
from privshare.bridge.store import OPENED
from privshare.errors import EncodingError, PrivShareError

__all__ = ["BoxConfig", "BoxConnection"]

_PEERS, _VERSION, _BUNDLE = "peers", "version", "bundle"

_LOG = logging.getLogger(__name__)


class BoxConnection(OwnLog, Collections):
    """One account's connection, over a `Store`.

    Attributes:
        store: Where messages wait.
        enrolment: The document by which its agency enrolled the account, as
            canonical JSON; b"" where nobody asks, which is in folders.
    """

    enrolment: bytes = b""

    @classmethod
    def from_config(cls, config: ConnectionConfig) -> BoxConnection:
        """Made by the client from its configuration."""
        if not isinstance(config, BoxConfig):
            raise EncodingError("expected a configuration of boxes, found another")
        return cls(config=config, store=config.store, enrolment=config.enrolment)

    def sign_in(self) -> None:
        """Show our enrolment to our own node: before it no box is ours.

        What a crash left half shown is shown whole then, and our version as
        it is now.
        """
        if self.enrolment:
            self.store.put(self._own(STATE), OPENED, self.enrolment)
        self.write_version_file(VersionInfo.current())
        known = self._get_peers_json()
        self.mend_collections(
            [one for one, entry in known.items() if entry.get("state") == "accepted"]
        )

    # -- peers -----------------------------------------------------------------

    def add_peer(self, peer_email: str) -> None:
        """Open a way to another account: it sees that somebody asks, and who."""
        self.store.put(self._inbox_of(peer_email), OPENED, self.enrolment)

    def enrolment_of(self, peer_email: str) -> bytes:
        """The enrolment that a peer has shown us; b"" where it has shown none."""
        data: bytes | None = self.store.get(self._inbox_from(peer_email), OPENED)
        return data or b""

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
            data = self.store.get(self._own(STATE), _PEERS)
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
            self.store.put(self._own(STATE), _PEERS, json.dumps(known).encode())

    # -- keys and versions -----------------------------------------------------

    def write_encryption_bundle(self, peer_email: str, bundle_json: str) -> None:
        """Show a peer our public keys."""
        self.store.put(self._shown_to(peer_email), _BUNDLE, bundle_json.encode())

    def share_encryption_bundles_folder(self, peer_email: str) -> None:
        """Nothing to do: what is shown to a peer, it can read."""

    def read_peer_encryption_bundle(self, peer_email: str) -> str | None:
        """A peer's public keys, as it shows them to us, or None.

        Keys that are not those of the enrolment that the peer has shown are
        none: whoever keeps the boxes could have put its own there.
        """
        data = self.store.get(self._shown_by(peer_email), _BUNDLE)
        if data is None:
            return None
        enrolment = self.enrolment_of(peer_email)
        try:
            shown = json.loads(data)["public_encryption_bundle"]
            if enrolment and bundle_digest(shown) != key_of(enrolment):
                raise EncodingError("expected the keys of its enrolment, found others")
        except (KeyError, TypeError, ValueError, PrivShareError) as error:
            _LOG.warning("keys of %s are not used: %s", peer_email, error)
            return None
        return bytes(data).decode()

    def write_version_file(self, version_info: VersionInfo) -> None:
        """Keep our version, and show it to our peers."""
        data = version_info.to_json().encode()
        with self._lock:
            self.store.put(self._own(STATE), _VERSION, data)
            for peer, entry in self._get_peers_json().items():
                if entry.get("state") != "rejected":
                    self.store.put(self._shown_to(peer), _VERSION, data)

    def read_own_version_file(self) -> VersionInfo | None:
        """Our version."""
        return _version(self.store.get(self._own(STATE), _VERSION))

    def read_peer_version_file(self, peer_email: str) -> VersionInfo | None:
        """A peer's version, if it shows it to us."""
        return _version(self.store.get(self._shown_by(peer_email), _VERSION))

    def share_version_file_with_peer(self, peer_email: str) -> None:
        """Show a peer our version."""
        data = self.store.get(self._own(STATE), _VERSION)
        if data is None:
            data = VersionInfo.current().to_json().encode()
            self.store.put(self._own(STATE), _VERSION, data)
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
        found = dated(
            lambda name: MessageFileName.from_string(name).submitted_timestamp,
            self.store.names(box),
        )
        if not found:
            return None
        first = found[0][1]
        return self._read(box, first), box_id(box, first)

    def owner_remove_proposed_filechange_message_from_inbox(
        self, proposed_filechange_message: Any
    ) -> None:
        """Take a proposal out once it was taken in; what it says is in our log.

        It goes by where it lay: what a message says of its sender and its name
        is the sender's choice.
        """
        self.delete_file_by_id(proposed_filechange_message.platform_id)

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
        return [self._read(box, name) for _, name in self._events(box, since_timestamp)]

    def watcher_get_outbox_file_metadatas(
        self, peer_email: str, since_timestamp: float | None
    ) -> list[dict[str, Any]]:
        """The same events, by id."""
        box = self._outbox_of(peer_email)
        return [
            {"file_id": box_id(box, name), "file_name": name, "timestamp": time}
            for time, name in self._events(box, since_timestamp)
        ]

    # -- cleaning up -----------------------------------------------------------

    def delete_file_by_id(self, file_id: str, **_: Any) -> None:
        """Drop a file of ours."""
        box, name = box_named(file_id)
        self.store.drop(box, name)

    def delete_multiple_files_by_ids(self, file_ids: list[str], **_: Any) -> None:
        """Drop files of ours."""
        for one in file_ids:
            self.delete_file_by_id(one)

    def gather_all_file_and_folder_ids(self) -> list[str]:
        """Everything of ours."""
        boxes = [
            self._own(what)
            for what in (EVENTS, STATE, CHECKPOINTS, ROLLING, COLLECTIONS)
        ]
        for peer in self._get_peers_json():
            boxes += [self._outbox_to(peer), self._shown_to(peer)]
        return [box_id(box, name) for box in boxes for name in self.store.names(box)]

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
    enrolment: bytes = b""


def _version(data: bytes | None) -> VersionInfo | None:
    if data is None:
        return None
    try:
        return VersionInfo.from_json(data.decode())
    except ValueError:
        return None
