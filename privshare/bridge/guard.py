"""What PySyft's client takes from a peer, checked before the client acts on it.

    box ─► GuardedPeers: of the peer, encrypted, small ─► says that it is the
           peer, stays in its folders ─► the client

A message is signed by the peer that sent it; who it is from and which files
it changes stand inside, and PySyft 0.10 acts on what stands there. So a peer
could write in the name of another, or leave its folder by a path with `..`.
Here that is held to the peer whose keys the message verified under. What an
owner cannot accept is taken out of its inbox: else one message would stop the
inbox for good.

Nothing leaves in clear: a message to a peer without keys is refused.

Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

import json
import logging
import zlib
from pathlib import PurePosixPath
from typing import Any, Final

from syft.sync.connections.connection_router import ConnectionRouter
from syft.sync.messages.proposed_filechange import ProposedFileChangesMessage
from syft.sync.peers.peer_store import PeerStore
from syft.sync.utils.syftbox_utils import uncompress_data

from privshare.errors import EncodingError, NotPermitted, OutOfRange, PrivShareError

__all__ = ["MAX_CLEAR", "GuardedPeers", "GuardedRouter"]

#: Bytes of a message when it is unpacked.
MAX_CLEAR: Final = 128 << 20

_LOG = logging.getLogger(__name__)


class GuardedPeers(PeerStore):  # type: ignore[misc]
    """Peers and keys of an account; what comes from a peer is the peer's."""

    def encrypt_if_needed(self, email: str, data: bytes) -> bytes:
        """Encrypt for a peer, always.

        Raises:
            NotPermitted: A peer whose keys are not known; rule box.clear.
        """
        if not self.has_peer_bundle(email):
            raise NotPermitted(
                f"expected a peer whose keys are known, found {email}",
                fix="Add the peer, wait until it accepts, and load the peers.",
                detail={"rule": "box.clear"},
            )
        sealed: bytes = self.encrypt(email, data)
        return sealed

    def decrypt_and_verify_if_needed(self, email: str, data: bytes) -> bytes:
        """Open what a peer sent, and hold it to that peer.

        Raises:
            EncodingError: Not encrypted by that peer for us, or not a message.
            NotPermitted: Of somebody else, or beyond its folders.
            OutOfRange: Too long.
        """
        try:
            self.verify_message(email, data)
            clear: bytes = self.decrypt(email, data)
        except Exception as error:
            raise EncodingError(
                f"expected a message that {email} encrypted for us, found another"
            ) from error
        _expect_of(email, self.email, _unpacked(clear))
        return clear


class GuardedRouter(ConnectionRouter):  # type: ignore[misc]
    """An owner's way to its inboxes; what cannot be accepted is taken out."""

    def owner_get_next_proposed_filechange_message(
        self, sender_email: str
    ) -> ProposedFileChangesMessage | None:
        """The oldest proposal that is acceptable, or None."""
        connection = self.connection_for_receive_message()
        while True:
            found = connection.owner_download_next_raw_proposed_message_from_inbox(
                sender_email
            )
            if found is None:
                return None
            data, file_id = found
            try:
                clear = self.peer_store.decrypt_and_verify_if_needed(sender_email, data)
                message = ProposedFileChangesMessage.from_compressed_data(clear)
            except (PrivShareError, ValueError) as error:
                _LOG.warning("a message of %s is refused: %s", sender_email, error)
                connection.delete_file_by_id(file_id)
                continue
            message.platform_id = file_id
            return message


def _unpacked(clear: bytes) -> dict[str, Any]:
    """Read a message, of which no more is unpacked than is allowed."""
    try:
        _expect_bounded(clear)
        found = json.loads(uncompress_data(clear))
    except OutOfRange:
        raise
    except Exception as error:
        raise EncodingError("expected a message of PySyft, found another") from error
    if not isinstance(found, dict):
        raise EncodingError("expected a message of PySyft, found another")
    return found


def _expect_bounded(clear: bytes) -> None:
    opened, left, size = zlib.decompressobj(wbits=31), clear, 0
    while left and not opened.eof:
        size += len(opened.decompress(left, 1 << 20))
        left = opened.unconsumed_tail
        if size > MAX_CLEAR:
            raise OutOfRange(
                f"expected a message of at most {MAX_CLEAR} bytes, found a longer one",
                detail={"rule": "box.size"},
            )
    if left or opened.unused_data:
        raise EncodingError("expected one message, found something behind it")


def _expect_of(peer: str, own: str, message: dict[str, Any]) -> None:
    """Hold a message to its sender: a proposal for us, or events of its own."""
    if "events" in message:
        changes, owner = message["events"], peer
    else:
        changes, owner = message.get("proposed_file_changes"), own
        if message.get("sender_email") != peer:
            raise NotPermitted(
                f"expected a proposal of {peer}, found one in another's name",
                detail={"rule": "account.sender"},
            )
    if not isinstance(changes, list):
        raise EncodingError("expected a message of PySyft, found another")
    for change in changes:
        match change:
            case {"datasite_email": str(found), "path_in_datasite": str(path)}:
                _expect_within(owner, found, path)
            case _:
                raise EncodingError("expected a change of a file, found another")


def _expect_within(owner: str, found: str, path: str) -> None:
    if found != owner:
        raise NotPermitted(
            f"expected changes of the files of {owner}, found some of another's",
            detail={"rule": "account.sender"},
        )
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise NotPermitted(
            "expected a path within the account's folder, found another",
            detail={"rule": "box.path"},
        )
