"""Keys at rest: a secret under a passphrase.

Bytes in, bytes out; who keeps the file is not known here. The file is
canonical JSON (docs/formats/envelope.md, "Key files") whose every header field
is authenticated.

Implements scrypt (RFC 7914) with r = 8, p = 1 and ChaCha20-Poly1305
(RFC 8439), by `cryptography`.

>>> blob = protect(b"seed", "correct horse", n_log2=14)
>>> unprotect(blob, "correct horse")
b'seed'
"""

from __future__ import annotations

import os
import unicodedata
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from privshare.errors import EncodingError, OutOfRange, VerificationError
from privshare.schemes.secret import Secret
from privshare.wire import canonical, domain
from privshare.wire.base64 import b64u
from privshare.wire.digest import tagged
from privshare.wire.fields import Fields
from privshare.wire.value import Json

KEY_BYTES: Final = 32
KEY_FILE_TYPE: Final = "privshare.key"
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
N_LOG2_MIN: Final = 14  # 16 MiB
N_LOG2_MAX: Final = 20  # 1 GiB: what a stranger's file may cost us
_R: Final = 8
_PARALLEL: Final = 1
_MAX_SECRET = 65536


class Passphrase(Secret):
    """A passphrase, and the keys that scrypt made of it.

    Files under one salt share their key, so a folder of them costs one scrypt
    and not one for each. Secret like what it opens.

    Args:
        text: 1 to 1024 characters, brought to Unicode form NFC.

    Raises:
        OutOfRange: Another length.
        EncodingError: Not Unicode characters.
    """

    __slots__ = ("_keys", "_text")

    def __init__(self, text: str) -> None:
        if not 1 <= len(text) <= 1024:
            raise OutOfRange("expected a passphrase of 1 to 1024 characters")
        try:
            self._text = unicodedata.normalize("NFC", text).encode("utf-8")
        except UnicodeEncodeError:
            raise EncodingError("expected a passphrase of Unicode characters") from None
        self._keys: dict[tuple[bytes, int], bytes] = {}

    @property
    def salt(self) -> bytes | None:
        """A salt whose key is known: for further files beside those read, or None."""
        return next((salt for salt, _ in self._keys), None)

    def key(self, salt: bytes, n_log2: int) -> bytes:
        """The 32 bytes that scrypt derives; remembered."""
        made = self._keys.get((salt, n_log2))
        if made is None:
            scrypt = Scrypt(salt, KEY_BYTES, 1 << n_log2, _R, _PARALLEL)
            made = self._keys[salt, n_log2] = scrypt.derive(self._text)
        return made


def protect(
    secret: bytes,
    passphrase: str | Passphrase,
    *,
    salt: bytes | None = None,
    nonce: bytes | None = None,
    n_log2: int = 15,
) -> bytes:
    """Encrypt a secret under a passphrase, to be kept in a file.

    Args:
        secret: A key's seed or another secret of at most 64 KiB.
        passphrase: As text, or opened for several files.
        salt: 16 bytes; drawn when None. Files of one folder may share it: the
            nonce is drawn for each.
        nonce: 12 bytes; drawn when None. Only vectors pass their own.
        n_log2: scrypt's cost N as a power of two, 14 to 20. Memory is
            2^n_log2 KiB, so 32 MiB unless told otherwise.

    Returns:
        Canonical JSON; its fields are in docs/formats/envelope.md.

    Raises:
        OutOfRange: A passphrase, cost or secret outside these bounds.
        EncodingError: A salt or nonce of another length.

    Source:
        RFC 7914 (r = 8, p = 1) and RFC 8439. Every header field is
        associated data.

    Leaks:
        The secret's length.
    """
    if len(secret) > _MAX_SECRET:
        raise OutOfRange(f"expected at most {_MAX_SECRET} bytes, found {len(secret)}")
    if not N_LOG2_MIN <= n_log2 <= N_LOG2_MAX:
        raise OutOfRange(
            f"expected n_log2 from {N_LOG2_MIN} to {N_LOG2_MAX}, found {n_log2}"
        )
    salt = os.urandom(SALT_BYTES) if salt is None else salt
    nonce = os.urandom(NONCE_BYTES) if nonce is None else nonce
    if len(salt) != SALT_BYTES or len(nonce) != NONCE_BYTES:
        raise EncodingError(
            f"expected salt and nonce of {SALT_BYTES} and {NONCE_BYTES} bytes, "
            f"found {len(salt)} and {len(nonce)}"
        )
    header = _key_file_header(salt, nonce, n_log2)
    cipher = ChaCha20Poly1305(opened_passphrase(passphrase).key(salt, n_log2))
    ciphertext = cipher.encrypt(nonce, secret, _key_file_aad(header))
    return canonical.encode({**header, "ciphertext": b64u(ciphertext)})


def unprotect(blob: bytes, passphrase: str | Passphrase) -> bytes:
    """Decrypt what `protect` made.

    Raises:
        EncodingError: Not a key file.
        OutOfRange: A cost outside the bounds of `protect`; nothing was
            computed.
        VerificationError: The passphrase does not open it, or it was altered.
    """
    fields = Fields(canonical.decode(blob), "key file")
    fields.constant("type", KEY_FILE_TYPE)
    fields.constant("v", 1)
    fields.constant("aead", "chacha20-poly1305")
    kdf = fields.obj("kdf")
    kdf.constant("name", "scrypt")
    kdf.constant("r", _R)
    kdf.constant("p", _PARALLEL)
    n_log2 = kdf.int("n_log2", N_LOG2_MIN, N_LOG2_MAX)
    salt = kdf.bytes("salt", SALT_BYTES)
    kdf.end()
    nonce = fields.bytes("nonce", NONCE_BYTES)
    ciphertext = fields.bytes("ciphertext", max=_MAX_SECRET + 16)
    fields.end()
    header = _key_file_header(salt, nonce, n_log2)
    cipher = ChaCha20Poly1305(opened_passphrase(passphrase).key(salt, n_log2))
    try:
        return cipher.decrypt(nonce, ciphertext, _key_file_aad(header))
    except InvalidTag:
        raise VerificationError("passphrase does not open this key file") from None


def _key_file_header(salt: bytes, nonce: bytes, n_log2: int) -> dict[str, Json]:
    return {
        "aead": "chacha20-poly1305",
        "kdf": {
            "n_log2": n_log2,
            "name": "scrypt",
            "p": _PARALLEL,
            "r": _R,
            "salt": b64u(salt),
        },
        "nonce": b64u(nonce),
        "type": KEY_FILE_TYPE,
        "v": 1,
    }


def _key_file_aad(header: dict[str, Json]) -> bytes:
    return tagged(domain.KEY_FILE, canonical.encode(header))


def opened_passphrase(passphrase: str | Passphrase) -> Passphrase:
    """The passphrase as an object that remembers what scrypt made of it."""
    return Passphrase(passphrase) if isinstance(passphrase, str) else passphrase
