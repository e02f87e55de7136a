"""Private keys as files: encrypted, and readable by their owner alone.

    node init   secret ─► write_key ─► DIR/keys/sign.key (0600)
    node serve  DIR/keys/sign.key ─► read_key ─► secret

The bytes are those of `schemes.keys.protect`; this module adds the file. It
refuses a file that others may read or write, because a passphrase that is
guessed at leisure protects little.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from privshare.errors import ConfigError
from privshare.schemes.key_file import Passphrase, protect, unprotect

_MAX_BYTES = 1 << 18


def write_key(
    path: Path,
    secret: bytes,
    passphrase: str | Passphrase,
    *,
    salt: bytes | None = None,
) -> None:
    """Write a new key file, durably.

    Args:
        path: No such file yet.
        secret: A seed, or a scheme's own bytes.
        passphrase: Not empty.
        salt: 16 bytes that the files of one folder share; drawn when None.

    Raises:
        ConfigError: There is such a file; a key is never overwritten.
    """
    blob = protect(secret, passphrase, salt=salt)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(
            f"expected no key file at {path}, found one",
            fix="Move it away; a key that is lost cannot be made again.",
        ) from None
    with os.fdopen(handle, "wb") as file:
        file.write(blob)
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path, passphrase: str | Passphrase) -> bytes:
    """Read a key file.

    Args:
        path: Written by `write_key`.
        passphrase: What it was written under.

    Returns:
        The secret.

    Raises:
        ConfigError: No such file, a link, or one that others may read or
            write.
        EncodingError: Not a key file.
        VerificationError: Another passphrase, or a file that was changed.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise ConfigError(
            f"expected a key file at {path}, found: {error.strerror}"
        ) from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode) or mode & 0o077:
            raise ConfigError(
                f"expected a key file that only its owner may read, found {path} "
                f"with mode {stat.S_IMODE(mode):04o}",
                fix=f"chmod 600 {path}",
            )
        blob = os.read(handle, _MAX_BYTES)
    finally:
        os.close(handle)
    return unprotect(blob, passphrase)
