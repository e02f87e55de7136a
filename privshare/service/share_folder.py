"""A node's shares of threshold keys: in its key folder, encrypted like the rest.

    DIR/keys/share.<epoch>.key     one share (docs/formats/threshold.md)

`node_keys.load` opens the folder; a share that is imported later is written
and known at once. No file is overwritten, and none is removed: a share of a
former epoch opens what was encrypted then.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

from privshare.errors import ConfigError, Conflict
from privshare.schemes.key_file import Passphrase
from privshare.schemes.secret import Secret
from privshare.schemes.threshold import KeyShare
from privshare.store.keyfile import read_key, write_key

_NEW = "new."
_NAME = re.compile(r"share\.([1-9][0-9]{0,14})\.key")


class ShareFolder(Secret):
    """The shares in a key folder.

    Args:
        folder: The node's `keys`.
        passphrase: That of its other keys; it is kept, to write further files.

    Raises:
        ConfigError: A file that others may read or write.
        VerificationError: A file under another passphrase.
    """

    __slots__ = ("_folder", "_lock", "_passphrase", "_shares")

    def __init__(self, folder: Path, passphrase: Passphrase) -> None:
        self._folder, self._passphrase = folder, passphrase
        self._lock = threading.Lock()
        self._shares = {
            int(match[1]): KeyShare.from_bytes(read_key(path, passphrase))
            for path in sorted(folder.glob("share.*.key"))
            if (match := _NAME.fullmatch(path.name))
        }

    def get(self, epoch: int) -> KeyShare | None:
        """The share of an epoch, or None."""
        return self._shares.get(epoch)

    def put(self, epoch: int, share: KeyShare) -> None:
        """Keep a share: on disk first, and then in memory.

        Raises:
            Conflict: There is one of this epoch.
            ConfigError: There is a file of that name, which was not read.
        """
        with self._lock:
            if epoch in self._shares:
                raise Conflict(f"expected no share of epoch {epoch} here, found one")
            path = self._folder / f"share.{epoch}.key"
            if os.path.lexists(path):
                raise ConfigError(
                    f"expected no key file at {path}, found one",
                    fix="Move it away; a key that is lost cannot be made again.",
                )
            # Whole or not at all: half a file would keep the node from starting.
            new = self._folder / f"{_NEW}{path.name}"
            new.unlink(missing_ok=True)
            write_key(
                new, share.to_bytes(), self._passphrase, salt=self._passphrase.salt
            )
            new.rename(path)
            _sync(self._folder)
            self._shares[epoch] = share


def _sync(folder: Path) -> None:
    """Make the new name in a folder last."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
